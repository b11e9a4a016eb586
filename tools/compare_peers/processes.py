"""Processes under a time limit, and what they used.

Nothing outlives a run: each command is killed by timeout(1) at its limit, and by the kernel (parent death signal)
when the process above it is gone.
"""
import os
import signal
import subprocess
import threading
import time

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def limited(argv, seconds):
    die_with_parent = ["setpriv", "--pdeathsig", "KILL", "--"]
    return [*die_with_parent, "timeout", "-s", "KILL", str(seconds), *die_with_parent, *map(str, argv)]


def run(argv, seconds=60, **options):
    """Runs to the end; returns the CompletedProcess with text output."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run(limited(argv, seconds), text=True, stdin=subprocess.DEVNULL, **options)


def read_text(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def descendants(pid):
    found = []
    for child in read_text(f"/proc/{pid}/task/{pid}/children").split():
        found += [int(child), *descendants(child)]
    return found


def cpu_seconds(pid):
    fields = read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS if fields else 0.0


def precise_cpu_seconds(pid):
    """Of the threads that still run."""
    return sum(int((read_text(f"/proc/{pid}/task/{task}/schedstat").split() or [0])[0])
               for task in os.listdir(f"/proc/{pid}/task")) / 1e9 if os.path.exists(f"/proc/{pid}/task") else 0.0


def peak_kilobytes(pid):
    for line in read_text(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


class Recording:
    """A recorder that runs: its processes, their peak memory, and at the end its CPU time.

    Only processes whose name is in `names` count: below a recorder that starts its load itself is the load, too.
    The peak (VmHWM, added up over the processes of the recorder) is looked at twenty times a second.
    """

    def __init__(self, argv, names, seconds, **options):
        self._process = subprocess.Popen(limited(argv, seconds), stdin=subprocess.DEVNULL, **options)
        self._names = {name[:15] for name in names}
        self._peaks = {}
        self._cpu = {}
        self._over = threading.Event()
        self.usage = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def pids(self):
        """The recorder's own processes, the first started first."""
        return [pid for pid in descendants(self._process.pid)
                if read_text(f"/proc/{pid}/comm").strip() in self._names]

    def sample(self):
        for pid in self.pids():
            self._peaks[pid] = max(self._peaks.get(pid, 0), peak_kilobytes(pid))
            self._cpu[pid] = max(self._cpu.get(pid, 0), cpu_seconds(pid))

    def _watch(self):
        while not self._over.wait(0.05):
            self.sample()

    def running(self):
        if self.usage is not None:
            return False
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def send(self, number, pids=None):
        for pid in self.pids() if pids is None else pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self, number=signal.SIGINT, patience=20):
        """Ends it as Ctrl-C would, killed when it does not end; returns its exit status."""
        self.sample()
        self.send(number, self.pids()[:1])
        return self.wait(patience)

    def wait(self, patience):
        deadline = time.monotonic() + patience
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.005)
        if self.running():
            self.send(signal.SIGKILL)
            self._process.kill()
        self._over.set()
        self._watcher.join()
        if self.usage is None:
            _, status, self.usage = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode

    def cpu_seconds_so_far(self):
        return sum(map(precise_cpu_seconds, self.pids()))

    def sampled_cpu_seconds(self):
        return sum(self._cpu.values())

    def total_cpu_seconds(self):
        """With everything it waited for, the load included where the recorder started it."""
        return self.usage.ru_utime + self.usage.ru_stime

    def peak_kilobytes(self):
        return sum(self._peaks.values())
