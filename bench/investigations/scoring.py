"""Compares recorded runs and counts what `rfanreplay diff` names, and what it names wrongly."""

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from scenarios import Scenario

TAGS = ("clear", "likely", "weak")
FIRST_LINES = 3
PARTIAL = 3  # exit status: compared, but a trace lacks events, such as those of a filesystem mounted meanwhile


def findings(rfanreplay: Path, base: list[Path], new: list[Path]) -> list[dict]:
    """Returns the findings of a comparison in the order in which diff prints them."""
    command = [rfanreplay, "diff", "--format", "jsonl", *base, "--", *new]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1, PARTIAL):
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def said(finding: dict) -> str:
    """Returns what a finding names, without the programs by which it was done: these do not tell the cause."""
    shown = [finding.get(name, "") for name in ("change", "what", "instead", "detail")]
    return " ".join(map(str, shown + finding.get("paths", [])))


@dataclass
class Score:
    """What one number of runs a side gives, over all scenarios."""

    comparisons: int = 0
    rank: Counter = field(default_factory=Counter)  # of the cause, from 1; 0: not named
    tags: Counter = field(default_factory=Counter)  # of the finding that names the cause
    lines: list[int] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    identical: int = 0
    false_pairs: Counter = field(default_factory=Counter)  # identical pairs with such a line
    false_lines: list[str] = field(default_factory=list)

    def add(self, name: str, cause: str, found: list[dict]) -> None:
        self.comparisons += 1
        self.lines.append(len(found))
        ranks = [i for i, finding in enumerate(found, 1) if re.search(cause, said(finding))]
        rank = ranks[0] if ranks else 0
        self.rank[rank] += 1
        if rank:
            self.tags[found[rank - 1]["tag"]] += 1
        if not 1 <= rank <= FIRST_LINES:
            self.missed.append(f"{name}: rank {rank or 'none'} of {len(found)}")

    def add_identical(self, name: str, found: list[dict]) -> None:
        self.identical += 1
        for tag in {finding["tag"] for finding in found}:
            self.false_pairs[tag] += 1
        self.false_lines += [f"{name}: {finding['tag']}: {said(finding)[:150]}" for finding in found
                             if finding["tag"] != "weak"]

    def first(self) -> int:
        return sum(count for rank, count in self.rank.items() if 1 <= rank <= FIRST_LINES)


def traces(directory: Path, side: str) -> list[Path]:
    return sorted(directory.glob(f"{side}[0-9]*.fbz"))


def score(rfanreplay: Path, recorded: dict[str, Path], scenarios: tuple[Scenario, ...], runs: int) -> Score:
    """Compares `runs` good runs with as many bad ones, and all good runs among themselves."""
    result = Score()
    for scenario in scenarios:
        if scenario.name not in recorded:
            continue
        good, bad = (traces(recorded[scenario.name], side) for side in ("good", "bad"))
        for begin in range(0, len(bad) - runs + 1, runs):
            part = slice(begin, begin + runs)
            result.add(scenario.name, scenario.cause, findings(rfanreplay, good[part], bad[part]))
        for base, new in combinations(list(combinations(good, runs)), 2):
            if set(base).isdisjoint(new):
                result.add_identical(scenario.name, findings(rfanreplay, list(base), list(new)))
    return result
