"""What happens to the openers, and to what was recorded, when a recorder fails during a storm of opens."""
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from processes import limited, read_text, run
from recorders import Scope
from recordings import NotReady, begin, drain

# longest_seconds: what the canary waited; refused: how many of its opens failed; readable of happened: events from
# before the fault.
Outcome = collections.namedtuple("Outcome", "longest_seconds refused happened readable said")

Plan = collections.namedtuple("Plan", "known_files storm_seconds fault_seconds")
PLANS = {"quick": Plan(1_000, 1.5, 0.5), "default": Plan(20_000, 4.5, 3), "full": Plan(20_000, 12, 10)}
FULL_DISK_KILOBYTES = 128


class Fault:
    name = ""
    title = ""

    def applies(self, recorder):
        return True

    def destination(self, context, folder):
        """Where the recorder writes to."""
        return folder + "/out"

    def begin(self, recording):
        pass

    def end(self, recording):
        pass

    def output(self, folder):
        """Where its output is found, once it has ended."""
        return folder + "/out"

    def close(self):
        pass


class Stopped(Fault):
    name = "stopped"
    title = "SIGSTOP to the process that records, SIGCONT after {seconds} s"

    def begin(self, recording):
        # The last: in front of rfanrec's stands its guardian, which is another process.
        recording.send(signal.SIGSTOP, recording.pids()[-1:])

    def end(self, recording):
        recording.send(signal.SIGCONT)


class Killed(Fault):
    name = "killed"
    title = "SIGKILL to all its processes"

    def begin(self, recording):
        recording.send(signal.SIGKILL)


class DiskFull(Fault):
    name = "disk full"
    title = f"its output on a filesystem of {FULL_DISK_KILOBYTES} KB"

    def applies(self, recorder):
        return recorder.name != "floor"

    def destination(self, context, folder):
        self._context, self._folder = context, folder + "/small"
        context.mount_tmpfs(self._folder, f"size={FULL_DISK_KILOBYTES}k")
        return self.output(folder)

    def output(self, folder):
        return folder + "/small/out"

    def close(self):
        self._context.unmount(self._folder)


class Blocked(Fault):
    """Its output is a pipe; a thread of ours copies it into the file that is read afterwards, and pauses."""

    name = "output blocked"
    title = "its output is a pipe that is not read for {seconds} s"

    def applies(self, recorder):
        return recorder.name not in ("floor", "auditd")  # auditd wants a regular file

    def destination(self, context, folder):
        pipe = folder + "/pipe"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # writing, too: never at its end before close()
        self._flows, self._over = threading.Event(), threading.Event()
        self._flows.set()
        self._copier = threading.Thread(target=self._copy, args=(folder + "/out",), daemon=True)
        self._copier.start()
        return pipe

    def _copy(self, path):
        with open(path, "wb", buffering=0) as copy:
            while True:
                self._flows.wait()
                try:
                    copy.write(os.read(self._pipe, 1 << 16))
                except BlockingIOError:
                    if self._over.is_set():
                        return
                    time.sleep(0.001)

    def begin(self, recording):
        self._flows.clear()

    def end(self, recording):
        self._flows.set()

    def output(self, folder):
        self._over.set()
        self._copier.join()
        return folder + "/out"

    def close(self):
        self._flows.set()
        self._over.set()
        self._copier.join()
        os.close(self._pipe)


FAULTS = (Stopped, Killed, DiskFull, Blocked)


class Ground:
    """The mount of the storm, made once."""

    def __init__(self, context, plan):
        self.context = context
        self.plan = plan
        self.mount = context.mounts + "/faults"
        context.mount_tmpfs(self.mount)
        self.program = shutil.copy(context.build + "/bench/open_storm", self.mount)
        for folder, count in (("known", plan.known_files), ("storm", 1000)):
            os.mkdir(f"{self.mount}/{folder}")
            run([self.program, "prepare", count, f"{self.mount}/{folder}"], 60).check_returncode()
        with open(self.mount + "/canary", "w"):
            pass

    def known(self):
        return {f"{self.mount}/known/{number // 1000}/{number}" for number in range(self.plan.known_files)}

    def load(self, folder):
        script = os.path.join(os.path.dirname(__file__), "storm.py")
        return [sys.executable, "-I", "-S", script, self.program, self.mount, str(self.plan.known_files),
                str(self.plan.storm_seconds), folder + "/mark", folder + "/canary.json"]


def _wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def _ended(folder):
    return bool(read_text(folder + "/canary.json"))


def _storm(ground, recorder, fault, recording, folder):
    """Lets the fault happen in the middle of the storm."""
    if not _wait_until(lambda: bool(read_text(folder + "/mark")), 30):
        raise NotReady("the storm did not begin")
    time.sleep(0.5)
    fault.begin(recording)
    time.sleep(ground.plan.fault_seconds)
    fault.end(recording)
    if not _wait_until(lambda: _ended(folder), 20):
        recording.send(signal.SIGKILL)  # the canary hangs: only this lets it go
        _wait_until(lambda: _ended(folder), 10)


def suffer(ground, recorder, fault, folder):
    """One recorder, one fault."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    scope = Scope([ground.mount], [ground.mount], False)
    destination = fault.destination(ground.context, folder)
    load = None
    try:
        recording, files = begin(recorder, scope, folder, ground.load(folder), 60, destination)
        try:
            if not recorder.starts_load(scope):
                load = subprocess.Popen(limited(ground.load(folder), 60), stdin=subprocess.DEVNULL)
            _storm(ground, recorder, fault, recording, folder)
            drain(recorder, files)
        finally:
            recorder.finish()
            status = recording.stop(recorder.stop_signal)
            if load is not None:
                load.wait()
        status = 0 if isinstance(fault, Killed) else status  # it cannot help that
        return _outcome(ground, recorder, files._replace(output=fault.output(folder)), status, folder)
    finally:
        fault.close()


def _outcome(ground, recorder, files, status, folder):
    canary = json.loads(read_text(folder + "/canary.json") or "{}")
    openers = canary.get("longest_seconds"), canary.get("refused")
    if recorder.name == "floor":
        return Outcome(*openers, None, None, None)
    known = ground.known()
    try:
        readable = sum(event.kind == "open" and event.path in known for event in recorder.seen(files.output))
        said = recorder.said(files.output, files.stderr, status)
    except (OSError, ValueError) as error:
        readable, said = 0, f"unreadable: {error}"
    return Outcome(*openers, len(known), readable, said)


def compare(context, recorders, size):
    """Outcomes by (fault, recorder); None where the fault cannot happen to it."""
    ground = Ground(context, PLANS[size])
    outcomes = {}
    for fault in (kind() for kind in FAULTS):
        for recorder in recorders:
            if not fault.applies(recorder):
                continue
            context.say(f"faults, {fault.name}: {recorder.name}")
            try:
                outcomes[fault.name, recorder.name] = suffer(ground, recorder, fault, context.output + "/run")
            except (NotReady, OSError, subprocess.SubprocessError) as error:
                context.say(f"{recorder.name} cannot take part: {error}")
                outcomes[fault.name, recorder.name] = str(error)
    context.unmount(ground.mount)
    return outcomes
