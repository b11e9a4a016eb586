"""What tools/compare-peers runs: measures, and writes RESULTS.md, results.svg and results.json."""
import argparse
import datetime
import json
import os
import signal
import sys

import faults
import queries
import recordings
import report
from context import Context, machine, versions
from recorders import CANNOT, all_recorders, reset_audit
from workloads import SIZE_NAMES, all_workloads


def parse(words):
    parser = argparse.ArgumentParser(prog="tools/compare-peers", add_help=False)
    for name in ("root", "build", "work", "command"):
        parser.add_argument("--" + name)
    parser.add_argument("--out", required=True)
    parser.add_argument("--size", choices=SIZE_NAMES, default="default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", default=[])
    return parser.parse_args(words)


class Choice:
    """--only: names of loads and tables restrict these, names of recorders restrict those."""

    def __init__(self, only, loads, recorders):
        tables = {"queries", "faults"}
        self._tables = {name for name in only if name in tables or name in {load.name for load in loads}}
        self._recorders = [name for name in only if name not in self._tables]
        unknown = [name for name in self._recorders if not any(name in one.name for one in recorders)]
        if unknown:
            sys.exit(f"compare-peers: --only {unknown[0]}: no load, table or recorder; there are: "
                     + ", ".join([load.name for load in loads] + sorted(tables) + [one.name for one in recorders]))

    def table(self, name):
        return not self._tables or name in self._tables

    def recorder(self, recorder):
        return not self._recorders or recorder.name == "unrecorded" or any(
            name in recorder.name for name in self._recorders)


def taking_part(context, recorders, choice):
    absent = dict(CANNOT)
    present = []
    for recorder in filter(choice.recorder, recorders):
        why = recorder.absent()
        if why is None:
            present.append(recorder)
        else:
            absent[recorder.name] = why
    for name, why in absent.items():
        context.say(f"NOT COMPARED: {name}: {why}")
    return present, absent


def in_turn(recorders, number):
    """Of a quick run: each load with the default mode and two others, so that each recorder has its turn."""
    always = [one for one in recorders if one.name in ("unrecorded", "rfanrec --hold open")]
    others = [one for one in recorders if one not in always]
    return always + [others[(number * 2 + i) % len(others)] for i in range(min(2, len(others)))]


def measure_loads(context, choice, recorders, options):
    """The figures of one load after the other."""
    loads = [load for load in all_workloads(context, options.size) if choice.table(load.name)]
    for number, load in enumerate(loads):
        context.say(f"preparing {load.name}")
        load.prepare()
        chosen = in_turn(recorders, number) if options.size == "quick" else recorders
        measured, broken = recordings.compare(context, load, chosen, options.rounds)
        same = recordings.same_events(context, load, recorders)
        context.unmount(load.mount)
        yield {"name": load.name, "title": load.title, "events": sum(load.happened().values()),
               "recorders": {name: [one._asdict() for one in ones] for name, ones in measured.items()},
               "broken": broken, "same_events": same}


def measure_queries(context, options):
    answers, stores, remarks = queries.compare(context, options.size, options.rounds)
    return {
        "questions": queries.QUESTIONS, "ways": queries.WAYS, "events": queries.EVENTS[options.size],
        "seconds_at_most": queries.QUESTION_SECONDS, "remarks": remarks,
        "answers": [{"events": events, "question": question, "way": way, **answer._asdict()}
                    for (events, question, way), found in answers.items() for answer in found],
        "stores": [{"events": events, "way": way, "seconds": store.seconds, "bytes": store.bytes}
                   for (events, way), store in stores.items()],
    }


def measure_faults(context, recorders, options):
    outcomes = {}
    plan = faults.PLANS[options.size]
    chosen = [one for one in recorders if one.name != "unrecorded"]
    if options.size == "quick":
        chosen = [one for one in chosen if one.name in ("rfanrec --hold open",)] or chosen[:1]
    for (fault, recorder), outcome in faults.compare(context, chosen, options.size).items():
        outcomes.setdefault(fault, {})[recorder] = outcome if isinstance(outcome, str) else outcome._asdict()
    return {"titles": {fault.name: fault.title.format(seconds=plan.fault_seconds) for fault in faults.FAULTS},
            "outcomes": outcomes}


def save(results, folder):
    name = folder + "/results.json"
    with open(name + ".new", "w") as out:
        json.dump(results, out, indent=1)
    os.replace(name + ".new", name)
    report.write(results, folder)


def main(words):
    options = parse(words)
    context = Context(options.root, options.build, options.work)
    recorders = all_recorders(options.build)
    choice = Choice(options.only, all_workloads(context, options.size), recorders)
    context.mount_tmpfs(context.mounts)
    context.mount_tmpfs(context.output, "size=8g")
    recorders, absent = taking_part(context, recorders, choice)
    results = {
        "command": options.command, "date": datetime.date.today().isoformat(), "size": options.size,
        "rounds": options.rounds, "slow_seconds": recordings.SLOW_SECONDS,
        "machine": machine(), "versions": versions(options.build), "absent": absent,
        "recorders": [one.name for one in recorders], "settings": {one.name: one.settings for one in recorders},
        "tell_process": [one.name for one in recorders if one.tells_process],
        "loads": [], "faults": None, "queries": None,
    }
    try:
        # Saved as far as it is: a run takes up to hours.
        for load in measure_loads(context, choice, recorders, options):
            results["loads"].append(load)
            save(results, options.out)
        if choice.table("faults"):
            results["faults"] = measure_faults(context, recorders, options)
            save(results, options.out)
        if choice.table("queries"):
            results["queries"] = measure_queries(context, options)
            save(results, options.out)
    finally:
        if "auditd" in results["recorders"]:
            reset_audit()
    context.say(f"wrote {options.out}/RESULTS.md, results.svg and results.json")
    own = {one.name for one in recorders if one.name.startswith("rfanrec") or one.name in report.REFERENCES}
    return 1 if any(own & set(load["broken"]) for load in results["loads"]) else 0


if __name__ == "__main__":
    # Recorders are ended by it, and stay deaf to it when a shell in the background taught us to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
