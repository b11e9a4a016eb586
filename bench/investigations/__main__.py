"""Records the scenarios, compares the runs and prints how often diff names the cause. See bench/record_investigations."""

import argparse
import sys
import tempfile
from pathlib import Path

from recording import RunFailed, missing_programs, record_all
from scenarios import SCENARIOS
from scoring import FIRST_LINES, TAGS, Score, score

GOOD_RUNS = 6
BAD_RUNS = 3
COMPLETE = "complete"  # a file beside the recordings of a scenario, made last


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/record_investigations")
    parser.add_argument("build", type=Path, help="the build directory with rfanrec and rfanreplay")
    parser.add_argument("--only", action="append", metavar="NAME", help="this scenario; may be repeated")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the recordings here, and use those that are here")
    parser.add_argument("--quick", action="store_true",
                        help="record two good runs and one bad one, and fail unless each cause is named in the first lines, and clear")
    parser.add_argument("--list", action="store_true", help="list the scenarios and what each plants")
    return parser.parse_args()


def percent(part: int, of: int) -> str:
    return f"{part} of {of} ({100 * part / of:.0f} %)" if of else "none"


def print_score(result: Score, runs: int) -> None:
    tags = ", ".join(f"{tag} {result.tags[tag]}" for tag in TAGS)
    print(f"{runs} run{'s' if runs > 1 else ''} a side: cause in the first {FIRST_LINES} lines in "
          f"{percent(result.first(), result.comparisons)}, first of all {result.rank[1]}; {tags}; "
          f"lines {sum(result.lines) / max(1, len(result.lines)):.1f} on average, {max(result.lines, default=0)} at most")
    false = ", ".join(f"{tag} {percent(result.false_pairs[tag], result.identical)}" for tag in TAGS)
    print(f"  identical sides with a line: {false}")
    for line in result.missed + result.false_lines:
        print(f"  {line}")


def main() -> int:
    options = arguments()
    options.build = options.build.resolve()
    chosen = tuple(s for s in SCENARIOS if not options.only or s.name in options.only)
    if options.list:
        for scenario in chosen:
            print(f"{scenario.name:22} {scenario.story}")
        return 0
    unknown = set(options.only or ()) - {s.name for s in SCENARIOS}
    if unknown:
        print(f"record_investigations: no scenario {', '.join(sorted(unknown))}; --list shows them", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        return investigate(options, chosen, options.keep or Path(scratch))


def investigate(options: argparse.Namespace, chosen: tuple, directory: Path) -> int:
    recorded = {}
    for number, scenario in enumerate(chosen, 1):
        out = directory / scenario.name
        if missing := missing_programs(scenario):
            print(f"SKIPPED {scenario.name}: no {', '.join(missing)}", file=sys.stderr)
            continue
        print(f"[{number}/{len(chosen)}] {scenario.name}", file=sys.stderr)
        try:
            if not (out / COMPLETE).exists():
                good, bad = (2, 1) if options.quick else (GOOD_RUNS, BAD_RUNS)
                record_all(options.build / "recorder/rfanrec", scenario, good, bad, number % 2 == 0, out)
                (out / COMPLETE).touch()
        except RunFailed as failure:
            print(f"record_investigations: {scenario.name}: {failure}", file=sys.stderr)
            return 1
        recorded[scenario.name] = out
    print(f"{len(recorded)} scenarios recorded")
    rfanreplay = options.build / "replay/rfanreplay"
    if options.quick:
        result = score(rfanreplay, recorded, chosen, 1)
        print_score(result, 1)
        return int(not recorded or result.first() < result.comparisons or result.tags["clear"] < result.comparisons
                   or result.false_pairs["clear"] > 0)
    for runs in (1, 2, 3):
        print_score(score(rfanreplay, recorded, chosen, runs), runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
