"""One load under one recorder, measured; and all of them, interleaved."""
import collections
import json
import os
import shutil
import subprocess
import sys
import time

from processes import Recording, read_text, run

Files = collections.namedtuple("Files", "output stdout stderr report")
Measured = collections.namedtuple(
    "Measured", "seconds recorder_cpu_seconds peak_kilobytes happened recorded unnamed unknown said sizes")

READY_WITHIN_SECONDS = 20
DRAIN_SECONDS = 5
SLOW_SECONDS = 300  # a recorder under which a round takes longer has no further one


class NotReady(Exception):
    pass


class LoadFailed(Exception):
    pass


def timed(load, files):
    script = os.path.join(os.path.dirname(__file__), "timed.py")
    return [sys.executable, "-I", "-S", script, files.report, *map(str, load)]


def begin(recorder, scope, folder, load, seconds, destination=None):
    """Starts a recorder and waits until it records; a recorder that starts its load itself has started it then.

    It writes to `destination`, by default the file that is read afterwards.
    """
    is_pipe = destination and os.path.exists(destination)  # made, and copied to where it is read, by the caller
    output = destination if destination and not is_pipe else folder + "/out"
    files = Files(output, recorder.standard_output(destination or output), folder + "/stderr", folder + "/load.json")
    recorder.prepare(scope)
    argv = recorder.argv(scope, destination or output)
    if recorder.starts_load(scope):
        argv += timed(load, files)
    names = [os.path.basename(program) for program in recorder.programs]
    with open(files.stderr, "wb") as errors, open(files.stdout, "wb") as standard_output:
        recording = Recording(argv, names, seconds, stdout=standard_output, stderr=errors,
                              env={**os.environ, **recorder.environment})
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not recorder.ready(recording, files):
        if not recording.running() or time.monotonic() > deadline:
            recorder.finish()
            recording.stop(recorder.stop_signal)
            raise NotReady(f"{recorder.name} did not start: {read_text(files.stderr).strip()[-300:]}")
        time.sleep(0.02)
    return recording, files


def drain(recorder, files):
    """Gives the recorder time to write what it has: until its output has not grown for 0.3 s."""
    size, since, deadline = -1, time.monotonic(), time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline and time.monotonic() - since < 0.3:
        now = sum(os.path.getsize(name) for name in recorder.files(files.output) if os.path.exists(name))
        if now != size:
            size, since = now, time.monotonic()
        time.sleep(0.05)


def load_report(files):
    text = read_text(files.report)
    if not text:
        raise LoadFailed("the load did not end in time")
    report = json.loads(text)
    if report["status"] != 0:
        raise LoadFailed(f"the load failed with status {report['status']}")
    return report


def measure(recorder, workload, folder, with_sizes):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    workload.before_round()
    if recorder.name == "unrecorded":
        files = Files("", "", "", folder + "/load.json")
        run(timed(workload.command(), files), workload.seconds)
        return _measured(load_report(files), sizes={})
    recording, files = begin(recorder, workload.scope(), folder, workload.command(), workload.seconds)
    started_by_recorder = recorder.starts_load(workload.scope())
    before = 0 if started_by_recorder else recording.cpu_seconds_so_far() + recorder.kernel_cpu_seconds()
    try:
        if not started_by_recorder:
            run(timed(workload.command(), files), workload.seconds)
            drain(recorder, files)
    finally:
        recorder.finish()
        status = recording.wait(workload.seconds) if started_by_recorder else recording.stop(recorder.stop_signal)
    return _result(recorder, workload, recording, files, started_by_recorder, status,
                   recorder.kernel_cpu_seconds() - before, with_sizes)


def _measured(load, **figures):
    empty = dict.fromkeys(Measured._fields)
    return Measured(**{**empty, "seconds": load["seconds"], **figures})


def _result(recorder, workload, recording, files, started_by_recorder, status, other_cpu, with_sizes):
    load = load_report(files)
    cpu = recording.total_cpu_seconds() - (load["cpu_seconds"] if started_by_recorder else 0)
    cpu = max(0, max(cpu, recording.sampled_cpu_seconds()) + other_cpu)
    figures = {"recorder_cpu_seconds": cpu, "peak_kilobytes": recording.peak_kilobytes(), "sizes": {}}
    if recorder.name != "floor":
        seen = list(recorder.seen(files.output))
        figures.update(workload.count(recorder, seen)._asdict())
        figures["said"] = recorder.said(files.output, files.stderr, 0 if started_by_recorder else status)
        if with_sizes:
            figures["sizes"] = sizes(recorder.files(files.output), len(seen))
    return _measured(load, **figures)


def sizes(names, events):
    """Bytes of the recorder's files, as they are and compressed."""
    names = [name for name in names if os.path.exists(name)]
    figures = {"events": events, "raw": sum(map(os.path.getsize, names))}
    for level in (3, 19):
        command = " ".join(["cat", *names, "|", "zstd", "-q", "-c", "-T0", f"-{level}", "|", "wc", "-c"])
        figures[f"zstd -{level}"] = int(run(["sh", "-c", command], 900).stdout)
    return figures


def same_events(context, workload, recorders):
    """The size of one recording of ours, and of its events as text and JSON lines."""
    ours = next((recorder for recorder in recorders if recorder.name == "rfanrec --hold open"), None)
    if ours is None or not sum(workload.happened().values()):
        return {}
    folder = context.output + "/run"
    measure(ours, workload, folder, False)
    trace = folder + "/out"
    events = ours.info(trace)["events"]
    forms = {".fbz": trace, "text lines": folder + "/text", "JSON lines": folder + "/jsonl"}
    for form, options in (("text lines", []), ("JSON lines", ["--format", "jsonl"])):
        with open(forms[form], "wb") as out:
            run([context.build + "/replay/rfanreplay", trace, *options], 120, stdout=out)
    return {form: sizes([name], events) for form, name in forms.items()}


def compare(context, workload, recorders, rounds):
    """All recorders under one load: A B C A B C ...; returns lists of Measured by recorder name."""
    results = collections.OrderedDict((recorder.name, []) for recorder in recorders)
    broken = {}
    for number in range(rounds):
        for recorder in recorders:
            if recorder.name in broken or any(one.seconds > SLOW_SECONDS for one in results[recorder.name]):
                continue
            context.say(f"{workload.name}, round {number + 1}: {recorder.name}")
            try:
                results[recorder.name].append(measure(recorder, workload, context.output + "/run", number == 0))
            except (NotReady, LoadFailed, OSError, subprocess.SubprocessError, ValueError) as error:
                context.say(f"{recorder.name} cannot take part in {workload.name}: {error}")
                broken[recorder.name] = str(error)
    return results, broken
