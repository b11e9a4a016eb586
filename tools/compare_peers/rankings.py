"""Do two runs agree? usage: rankings.py A.json B.json

Prints each pair of recorders, or of ways to query, that stand in another order in B than in A, and says whether their
rounds overlap in either run: if they do, the two are equal within the noise. Exit status 1 when a pair changed places
beyond that.
"""
import itertools
import json
import sys

from measures import cpu_per_event, megabytes, median, ratios, shares_missing

MEASURES = {"missing": shares_missing, "time of the load": ratios, "CPU per event": cpu_per_event,
            "peak memory": megabytes}


def rankings(results):
    """{what is ranked: {who: its figures, less is better}}"""
    found = {f"{title}, {load['name']}": {name: measure(load, name) for name in results["recorders"]}
             for (title, measure), load in itertools.product(MEASURES.items(), results["loads"])}
    for answer in results["queries"]["answers"] if results["queries"] else []:
        for title, field in (("time", "seconds"), ("peak memory", "peak_kilobytes")):
            ranked = f"{title} of query {answer['question']}, {answer['events']:,} events"
            found.setdefault(ranked, {}).setdefault(answer["way"], []).append(answer[field])
    return found


def _overlap(one, other):
    return min(one) <= max(other) and min(other) <= max(one)


def changes(first, second):
    """(what is ranked, better in the first, better in the second, whether the rounds overlap) per changed pair."""
    again = rankings(second)
    for ranked, figures in rankings(first).items():
        runs = [{who: known for who, known in values.items() if known and None not in known}
                for values in (figures, again.get(ranked, {}))]
        for one, other in itertools.combinations([who for who in runs[0] if who in runs[1]], 2):
            before, after = (median(run[one]) - median(run[other]) for run in runs)
            if before * after < 0:
                close = any(_overlap(run[one], run[other]) for run in runs)
                yield ranked, *((one, other) if before < 0 else (other, one)), close


def main(first, second):
    with open(first) as one, open(second) as other:
        found = list(changes(json.load(one), json.load(other)))
    for ranked, before, after, close in found:
        print(f"{ranked}: first {before}, then {after} is ahead"
              + (" (equal within the noise: their rounds overlap)" if close else ""))
    beyond = sum(not close for *_, close in found)
    print(f"{len(found)} pairs changed places, {beyond} of them beyond the noise")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
