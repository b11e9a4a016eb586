"""The measures of a load under a recorder, a value a round, from the results of a run."""
import statistics


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def figures(load, recorder, field):
    return [one[field] for one in load["recorders"].get(recorder, []) if one.get(field) is not None]


def ratios(load, recorder):
    """The load's time by that of the same round unrecorded; none of an idle load, which takes its time anyway."""
    if not load["events"]:
        return []
    pairs = zip(load["recorders"].get(recorder, []), load["recorders"].get("unrecorded", []))
    return [one["seconds"] / bare["seconds"] for one, bare in pairs]


def cpu_per_event(load, recorder):
    """Microseconds; of an idle load, microseconds a second."""
    events = load["events"] or load["recorders"]["unrecorded"][0]["seconds"]
    return [seconds * 1e6 / events for seconds in figures(load, recorder, "recorder_cpu_seconds")]


def megabytes(load, recorder):
    return [peak / 1024 for peak in figures(load, recorder, "peak_kilobytes") if peak]


def shares_recorded(load, recorder, with_path=False):
    """Per cent of what happened, of the rounds in which the recorder tells it by design."""
    rounds = [one for one in load["recorders"].get(recorder, []) if one["recorded"] is not None and one["happened"]]
    return [100 * min(1, (one["recorded"] - with_path * one["unnamed"]) / one["happened"]) for one in rounds]


def shares_missing(load, recorder):
    return [100 - share for share in shares_recorded(load, recorder)]
