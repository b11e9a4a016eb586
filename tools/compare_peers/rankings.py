"""Do two runs agree? usage: rankings.py A.json B.json

Prints each pair of recorders that stand in another order in B than in A, and says whether their rounds overlap in
either run: if they do, the two are equal within the noise. Exit status 1 when a pair changed places beyond that.
"""
import itertools
import json
import sys

from measures import cpu_per_event, median, megabytes, ratios

MEASURES = {"time of the load": ratios, "CPU per event": cpu_per_event, "peak memory": megabytes}


def _overlap(one, other):
    return min(one) <= max(other) and min(other) <= max(one)


def changes(first, second):
    """(measure, load, better in the first, better in the second, whether the rounds overlap) per changed pair."""
    loads = {load["name"]: load for load in second["loads"]}
    for (title, measure), load in itertools.product(MEASURES.items(), first["loads"]):
        again = loads.get(load["name"])
        if again is None or (measure is ratios and not load["events"]):
            continue  # to sleep takes as long as it takes
        values = {name: (measure(load, name), measure(again, name)) for name in first["recorders"]}
        known = [name for name, both in values.items() if all(both)]
        for one, other in itertools.combinations(known, 2):
            before, after = (median(values[one][run]) - median(values[other][run]) for run in (0, 1))
            if before * after < 0:
                close = any(_overlap(values[one][run], values[other][run]) for run in (0, 1))
                better = (one, other) if before < 0 else (other, one)
                yield title, load["name"], *better, close


def main(first, second):
    with open(first) as one, open(second) as other:
        found = list(changes(json.load(one), json.load(other)))
    for title, load, before, after, close in found:
        print(f"{title}, {load}: first {before}, then {after} is ahead"
              + (" (equal within the noise: their rounds overlap)" if close else ""))
    beyond = sum(not close for *_, close in found)
    print(f"{len(found)} pairs changed places, {beyond} of them beyond the noise")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
