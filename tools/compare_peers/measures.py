"""The measures of a load under a recorder, a value a round, from the results of a run."""
import statistics


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def figures(load, recorder, field):
    return [one[field] for one in load["recorders"].get(recorder, []) if one.get(field) is not None]


def ratios(load, recorder):
    """The load's time by that of the same round unrecorded."""
    pairs = zip(load["recorders"].get(recorder, []), load["recorders"].get("unrecorded", []))
    return [one["seconds"] / bare["seconds"] for one, bare in pairs]


def cpu_per_event(load, recorder):
    """Microseconds; of an idle load, microseconds a second."""
    events = load["events"] or load["recorders"]["unrecorded"][0]["seconds"]
    return [seconds * 1e6 / events for seconds in figures(load, recorder, "recorder_cpu_seconds")]


def megabytes(load, recorder):
    return [peak / 1024 for peak in figures(load, recorder, "peak_kilobytes") if peak]
