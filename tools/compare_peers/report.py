"""RESULTS.md from the results of a run (a plain dictionary, as in results.json)."""
from measures import cpu_per_event, median, megabytes, ratios, shares_recorded
from picture import draw

REFERENCES = ("unrecorded", "floor")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows] + [""]


def spread(values, digits):
    if not values:
        return "-"
    text = f"{median(values):,.{digits}f}"
    low, high = min(values), max(values)
    return text if len(values) < 2 else f"{text} ({low:,.{digits}f}-{high:,.{digits}f})"


def matrix(results, measure, digits, without=()):
    """Recorders down, loads with figures across; the best recorder of a column is bold."""
    names = [name for name in results["recorders"] if name not in without]
    values = {(name, load["name"]): measure(load, name) for name in names for load in results["loads"]}
    loads = [load for load in results["loads"] if any(values[name, load["name"]] for name in names)]
    rows = []
    for name in names:
        row = [name]
        for load in loads:
            own = values[name, load["name"]]
            best = min((median(values[other, load["name"]]) for other in names
                        if other not in REFERENCES and values[other, load["name"]]), default=None)
            text = spread(own, digits)
            row.append(f"**{text}**" if own and name not in REFERENCES and median(own) == best else text)
        rows.append(row)
    return table(["recorder", *(load["name"] for load in loads)], rows)


def completeness(results):
    lines = []
    for load in results["loads"]:
        if not load["events"]:
            continue
        lines += [f"**{load['name']}**: {load['title']}", ""]
        rows = []
        for name in results["recorders"]:
            rounds = [one for one in load["recorders"].get(name, []) if one["recorded"] is not None]
            if rounds:
                rows.append([name, *_completeness_row(results, name, rounds)])
        for name, why in load["broken"].items():
            rows.append([name, "did not run: " + why.replace("|", "/").replace("\n", " "), "", "", "", "", ""])
        lines += table(["recorder", "happened", "recorded", "no executable", "no full path", "missing",
                        "missing, it says"], rows)
    return lines


def _completeness_row(results, name, rounds):
    worst = min(rounds, key=lambda one: one["recorded"])
    happened, recorded = worst["happened"], worst["recorded"]
    share = 100 * min(recorded, happened) / happened
    share = "100 %" if recorded >= happened else f"{min(share, 99.99):.2f} %"
    unknown = f"{worst['unknown']:,}" if name in results["tell_process"] else "n/a"
    missing = f"{happened - recorded:,}" if recorded <= happened else f"0 ({recorded - happened:,} too many)"
    return [f"{happened:,}", f"{recorded:,} ({share})", unknown, f"{worst['unnamed']:,}", missing, worst["said"]]


def glance(results):
    """One row a recorder, for PEERS.md; without the columns whose load was not run."""
    loads = {load["name"]: load for load in results["loads"]}
    columns = [(title, loads[name], cell) for name, title, cell in (
        ("files", "distinct files seen", _share_recorded),
        ("loop-16", "opens of 16 threads seen", _share_recorded),
        ("loop-1", "open loop takes", _times_unrecorded),
        ("compile", "compile takes", _times_unrecorded),
        ("grep", "grep -r: opens with full path", _share_with_path),
        ("grep", "bytes an open", _bytes_per_open)) if name in loads]
    rows = [[name, *(cell(load, name) for _, load, cell in columns)]
            for name in results["recorders"] if name not in REFERENCES]
    return table(["recorder", *(title for title, *_ in columns)], rows)


def _share_recorded(load, name, with_path=False):
    shares = shares_recorded(load, name, with_path)
    return "-" if not shares else "100 %" if min(shares) == 100 else f"{min(median(shares), 99.99):.2f} %"


def _share_with_path(load, name):
    return _share_recorded(load, name, with_path=True)


def _times_unrecorded(load, name):
    times = ratios(load, name)
    return f"{median(times):.2f} x" if times else "-"


def _bytes_per_open(load, name):
    size = next((one["sizes"] for one in load["recorders"].get(name, []) if one.get("sizes")), None)
    return f"{size['raw'] / size['events']:.1f}" if size and size["events"] else "-"


def sizes(results):
    rows = []
    for load in results["loads"]:
        for name in results["recorders"]:
            size = next((one["sizes"] for one in load["recorders"].get(name, []) if one.get("sizes")), None)
            if load["events"] and size and size["events"]:
                rows.append([load["name"], name, f"{size['events']:,}", *_bytes_per_event(size)])
    lines = table(["load", "recorder", "opens and deletes in it", "raw", "zstd -3", "zstd -19"], rows)
    same = [[load["name"], form, f"{size['events']:,}", *_bytes_per_event(size)] for load in results["loads"]
            for form, size in load.get("same_events", {}).items()]
    if same:
        lines += ["The same events, all of one `--hold open` recording, in three forms:", ""]
        lines += table(["load", "form", "events", "raw", "zstd -3", "zstd -19"], same)
    return lines


def _bytes_per_event(size):
    return [f"{size[form] / size['events']:,.2f}" for form in ("raw", "zstd -3", "zstd -19")]


def queries(results):
    asked = results["queries"]
    lines = []
    for question, title in asked["questions"].items():
        rows = []
        for way, name in asked["ways"].items():
            row = [name]
            for events in asked["events"]:
                answers = [one for one in asked["answers"] if (one["events"], one["question"], one["way"]) ==
                           (events, question, way)]
                row.append(_query_cell(answers, asked["seconds_at_most"]))
            rows.append(row)
        lines += [f"**{title[0].upper()}{title[1:]}**", ""]
        lines += table(["way", *(f"{events:,} events" for events in asked["events"])], rows)
    rows = [[asked["ways"][one["way"]], f"{one['events']:,}", f"{one['seconds']:.1f} s",
             f"{one['bytes'] / one['events']:.2f}"] for one in asked["stores"]]
    lines += ["What each way reads (from generated events: no recording; time to make it):", ""]
    lines += table(["way", "events", "made in", "bytes per event"], rows) if rows else []
    return lines + [f"- {remark}" for remark in asked["remarks"]] + [""]


def _query_cell(answers, limit):
    if not answers:
        return "not asked"
    seconds = [answer["seconds"] for answer in answers]
    if None in seconds:
        return f"> {limit} s"
    return f"{spread(seconds, 3)} s, {median([answer['peak_kilobytes'] for answer in answers]) / 1024:,.0f} MB"


def faults(results):
    suffered = results["faults"]
    lines = []
    for fault, title in suffered["titles"].items():
        rows = []
        for name in results["recorders"]:
            outcome = suffered["outcomes"].get(fault, {}).get(name)
            if outcome is None:
                continue
            if isinstance(outcome, str):
                rows.append([name, "did not run", outcome.replace("|", "/").replace("\n", " "), ""])
            else:
                rows.append([name, *_fault_row(outcome)])
        lines += [f"**{fault}**: {title}", ""]
        lines += table(["recorder", "longest wait of an open", "readable afterwards", "missing, it says"], rows)
    return lines


def _fault_row(outcome):
    longest = outcome["longest_seconds"]
    wait = "the openers did not end" if longest is None else f"{longest * 1000:,.0f} ms"
    if outcome["refused"]:
        wait += f"; {outcome['refused']:,} opens of the canary FAILED"
    if outcome["happened"] is None:
        return [wait, "n/a", "n/a"]
    return [wait, f"{outcome['readable']:,} of {outcome['happened']:,}", outcome["said"]]


def ahead(results):
    """Every load and figure where a peer is better than each mode of rfanrec."""
    ours = [name for name in results["recorders"] if name.startswith("rfanrec")]
    peers = [name for name in results["recorders"] if name not in (*ours, *REFERENCES)]
    measures = (("time of the load", ratios, "x", 3), ("CPU per event", cpu_per_event, " us", 1),
                ("peak memory", megabytes, " MB", 1))
    lines = []
    for title, measure, unit, digits in measures:
        for load in results["loads"]:
            own = [(median(measure(load, name)), name) for name in ours if measure(load, name)]
            if not own:
                continue
            best_own = min(own)
            better = [(median(measure(load, name)), name) for name in peers
                      if measure(load, name) and median(measure(load, name)) < best_own[0]]
            if better:
                named = [f"{name} {value:,.{digits}f}{unit}" for value, name in (*sorted(better), best_own)]
                lines.append(f"- {title}, {load['name']}: {', '.join(named[:-1])} against {named[-1]}")
    return (lines or ["- nowhere in this run"]) + [""]


def markdown(results):
    lines = ["# rfanrec beside its peers", "",
             f"Written by `{results['command']}` on {results['date']}; do not edit. Sizes: {results['size']}, "
             f"{results['rounds']} rounds, interleaved (every recorder once, then again). Figures are medians, with the "
             "lowest and highest round in brackets; a recorder under which a round takes longer than "
             f"{results['slow_seconds']} s has no further one. Compare ratios of one run, not seconds. Bold is "
             "the best recorder of a column, whatever it missed.", "", "![](results.svg)", ""]
    lines += ["## At a glance", "", *glance(results)] if results["loads"] else []
    lines += ["## Machine", ""]
    lines += [f"- {key}: {value}" for key, value in {**results["machine"], **results["versions"]}.items()]
    lines += ["", "## Who takes part, and how", ""]
    lines += [f"- {name}: {text}" for name, text in results["settings"].items() if text]
    lines += [f"- **not here: {name}**: {why}" for name, why in results["absent"].items()] + [""]
    if results["loads"]:
        lines += ["## 1. Completeness", "", EXPLAIN_COMPLETENESS, "", *completeness(results)]
        lines += ["## 2. Overhead", "", "Time of the load, as a ratio to the same round unrecorded:", ""]
        lines += matrix(results, ratios, 3)
        lines += ["CPU time of the recorder in microseconds, per event that happened (idle: per second), from when it "
                  "was ready; without what "
                  "it costs the load itself, which is in the ratio:", ""]
        lines += matrix(results, cpu_per_event, 1, without=("unrecorded",))
        lines += ["Peak memory of the recorder (VmHWM of its processes) in MB:", ""]
        lines += matrix(results, megabytes, 1, without=("unrecorded",))
        lines += ["Where a peer is ahead of every mode of rfanrec:", "", *ahead(results)]
        lines += ["## 3. Size", "", "Bytes of a recorder's output per open or delete that is in it (closes and whatever "
                  "else it keeps are in the bytes):", "", *sizes(results)]
    if results["queries"]:
        lines += ["## 4. Query", "", "Time, and the peak memory of all processes of the pipeline. All ways must find the "
                  "same, or the run says so below.", "", *queries(results)]
    if results["faults"]:
        lines += ["## 5. Faults", "", EXPLAIN_FAULTS, "", *faults(results)]
    return "\n".join(lines)


EXPLAIN_COMPLETENESS = (
    "What happened is known by construction of the load (opens, and for untar deletes); the round with the fewest "
    "recorded is shown. A recorder that merges equal events has them missing here as well. n/a: not told by design.")
EXPLAIN_FAULTS = (
    "Known files are opened once each; then four threads storm, and in the middle the fault happens. A canary opens a "
    "file all the time. Readable are the known opens, all from before the fault.")


def write(results, folder):
    with open(folder + "/RESULTS.md", "w") as out:
        out.write(markdown(results))
    with open(folder + "/results.svg", "w") as out:
        out.write(draw(results))
