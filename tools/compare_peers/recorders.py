"""The recorders that are compared: how each is started at its best, and how its output is read.

A recorder turns its output into Seen events. What it cannot tell by design (fatrace the name of a deleted file,
inotify the process) stays None there, and counts as "n/a" in the tables, not as a loss.
"""
import collections
import glob
import json
import os
import re
import shutil
import signal
import time

from processes import cpu_seconds, read_text, run

# kind: "open" or "delete". who: executable or comm, "" when the recorder should have known but did not, None when it
# never says. pid: as text, None when it never says. path: absolute, or relative when the recorder did not resolve it.
# Opens and deletes of directories may be left out.
Seen = collections.namedtuple("Seen", "kind who pid path")

# What is recorded: `mounts` are the private mounts of the load, `roots` the folders that it reads and writes,
# `machine` says that the load reaches beyond the mounts, so that everything has to be recorded.
Scope = collections.namedtuple("Scope", "mounts roots machine")


class Recorder:
    name = ""
    programs = ()  # what has to be installed; also the names of its processes
    settings = ""  # what was chosen and why, for the reader of the results
    stop_signal = signal.SIGINT
    environment = {}
    holds = False  # an opener waits for it
    tells_process = True

    def absent(self):
        """Why it cannot run here, or None."""
        missing = [program for program in self.programs if shutil.which(program) is None]
        return f"not installed: {' '.join(missing)}" if missing else None

    def argv(self, scope, output):
        raise NotImplementedError

    def starts_load(self, scope):
        """The load's command follows the recorder's."""
        return False

    def prepare(self, scope):
        """Before it starts."""

    def ready(self, recording, files):
        """True once nothing that happens from now on is missed."""
        return True

    def finish(self):
        """Before it is stopped."""

    def files(self, output):
        """What it leaves: the size of these is compared."""
        return [output]

    def seen(self, output):
        raise NotImplementedError

    def kernel_cpu_seconds(self):
        """Of kernel threads that work for it."""
        return 0

    def said(self, output, errors, status):
        """What it says was lost, in words."""
        return "nothing" if status in (0, -self.stop_signal) else f"exit status {status}"

    def standard_output(self, output):
        """Where its stdout goes."""
        return output + ".stdout"


class Unrecorded(Recorder):
    name = "unrecorded"


class Floor(Recorder):
    name = "floor"
    holds = True
    settings = "`answer_loop MOUNT`: marks as rfanrec does, reads and answers, keeps nothing"

    def __init__(self, build):
        self.programs = (f"{build}/bench/answer_loop",)

    def argv(self, scope, output):
        return [*self.programs, *scope.mounts, *(["/"] if scope.machine else [])]

    def ready(self, recording, files):
        return os.path.exists(files.stdout) and os.path.getsize(files.stdout) > 0


class Rfanrec(Recorder):
    def __init__(self, build, hold):
        self._hold = hold
        self._replay = f"{build}/replay/rfanreplay"
        self.name = f"rfanrec --hold {hold}"
        self.programs = (f"{build}/recorder/rfanrec",)
        self.holds = hold != "none"
        self.settings = f"`rfanrec --hold {hold} -o FILE MOUNT`; the compile: `rfanrec -o FILE -- COMMAND`"

    def argv(self, scope, output):
        return [*self.programs, "--hold", self._hold, "-o", output, *(["--"] if scope.machine else scope.mounts)]

    def starts_load(self, scope):
        return scope.machine  # the whole machine, but only what the command does: no peer but strace can

    def ready(self, recording, files):
        return "recording" in read_text(files.stderr)

    def seen(self, output):
        lines = run([self._replay, output, "--format", "jsonl", "--kind", "open,delete"], 120).stdout
        for line in lines.splitlines():
            event = json.loads(line)
            if not event.get("dir"):
                yield Seen(event["kind"], event.get("exe", ""), str(event["pid"]), event.get("path"))

    def info(self, output):
        return json.loads(run([self._replay, "info", "--format", "json", output], 60).stdout or "{}")

    def said(self, output, errors, status):
        info = self.info(output)
        counts = [loss.get("count") for loss in info.get("losses", [])]
        lost = "an unknown number" if None in counts else f"{sum(counts):,}" if counts else "nothing"
        merged = "" if self._hold == "open" else "; it says that opens may be merged"
        unfinished = "" if info.get("complete") else "; the trace is not finished"
        return lost + merged + unfinished + ("" if status == 0 else f"; exit status {status}")


class Fatrace(Recorder):
    name = "fatrace"
    programs = ("fatrace",)
    settings = "`fatrace -tt -c`, in the mount; without `-c` where the whole machine is recorded"
    _line = re.compile(r"\S+ (.*)\((\d+)\)(?: \[[^]]*\])?: ([A-Z+<>]+) +(.*)")

    def argv(self, scope, output):
        # -c records the filesystem of the current directory, which env sets.
        here = [] if scope.machine else ["-c"]
        return ["env", "-C", scope.mounts[0], *self.programs, "-tt", *here]

    def standard_output(self, output):
        return output

    def ready(self, recording, files):
        infos = [f"/proc/{pid}/fdinfo/{fd}" for pid in recording.pids() for fd in range(3, 12)]
        if not any("fanotify ino" in text or "fanotify sdev" in text or "fanotify mnt_id" in text
                   for text in map(read_text, infos)):
            return False
        time.sleep(0.3)  # the marks of further mounts; nothing tells when they are all there
        return True

    def seen(self, output):
        with open(output, errors="surrogateescape") as lines:
            for line in lines:
                found = self._line.match(line)
                if not found:
                    continue
                comm, pid, kinds, path = found.groups()
                who = "" if comm == "unknown" else comm
                path = path.removesuffix(" (deleted)")
                if "O" in kinds:
                    yield Seen("open", who, pid, path)
                if "D" in kinds:
                    yield Seen("delete", who, pid, path)

    def said(self, output, errors, status):
        invented = "; lists an unknown(0)" if "unknown(0)" in read_text(output) else ""
        return super().said(output, errors, status) + invented


class Strace(Recorder):
    name = "strace"
    programs = ("strace",)
    holds = True
    settings = ("`strace -f --seccomp-bpf -qq -ttt -y -s 4096 -e status=successful "
                "-e trace=open,openat,openat2,creat,execve,unlink,unlinkat -o FILE COMMAND`")
    _line = re.compile(r'(\d+) +[\d.]+ (?:<\.\.\. )?(\w+)(.*)')
    _opened = re.compile(r"= \d+<(.*?)>(?:\(deleted\))?$")
    _unlinked = re.compile(r'\((?:[^<]*<(.*)>, )?"(.*?)"')
    _executed = re.compile(r'\("(.*?)"')

    def starts_load(self, scope):
        return True

    def argv(self, scope, output):
        calls = "open,openat,openat2,creat,execve,unlink,unlinkat"
        return [*self.programs, *"-f --seccomp-bpf -qq -ttt -y -s 4096 -e status=successful".split(), "-e",
                f"trace={calls}", "-o", output]

    def seen(self, output):
        names = collections.defaultdict(lambda: "strace's own child")  # by pid: known from its execve
        with open(output, errors="surrogateescape") as lines:
            for line in lines:
                found = self._line.match(line)
                if not found:
                    continue
                pid, call, rest = found.groups()
                if call == "execve" and (program := self._executed.match(rest)):
                    names[pid] = program[1]
                elif call.startswith(("open", "creat")) and (opened := self._opened.search(rest.rstrip())):
                    yield Seen("open", names[pid], pid, opened[1])
                elif call.startswith("unlink") and "AT_REMOVEDIR" not in rest:
                    unlinked = self._unlinked.match(rest)
                    yield Seen("delete", names[pid], pid, os.path.join(unlinked[1] or "", unlinked[2]))


class Bpftrace(Recorder):
    name = "bpftrace"
    programs = ("bpftrace",)
    environment = {"BPFTRACE_STRLEN": "200", "BPFTRACE_PERF_RB_PAGES": "4096"}
    settings = ("opensnoop's probes and unlink, each printing one line; BPFTRACE_STRLEN=200 (its limit), "
                "BPFTRACE_PERF_RB_PAGES=4096 (default 64); comm and the path as the program wrote it, by design")
    _program = """
        tracepoint:syscalls:sys_enter_open, tracepoint:syscalls:sys_enter_openat,
        tracepoint:syscalls:sys_enter_openat2 { @path[tid] = args->filename; }
        tracepoint:syscalls:sys_exit_open, tracepoint:syscalls:sys_exit_openat,
        tracepoint:syscalls:sys_exit_openat2 /@path[tid]/ {
          if (args->ret >= 0) { printf("%llu O %d %s\\t%s\\n", nsecs, pid, comm, str(@path[tid])); }
          delete(@path[tid]);
        }
        tracepoint:syscalls:sys_enter_unlink {
          printf("%llu D %d %s\\t%s\\n", nsecs, pid, comm, str(args->pathname));
        }
        tracepoint:syscalls:sys_enter_unlinkat /args->flag == 0/ {
          printf("%llu D %d %s\\t%s\\n", nsecs, pid, comm, str(args->pathname));
        }
        END { clear(@path); }"""

    def absent(self):
        if not os.path.exists("/sys/kernel/tracing/events/syscalls"):
            return "the kernel has no syscall tracepoints (CONFIG_FTRACE_SYSCALLS)"
        return super().absent()

    def argv(self, scope, output):
        return [*self.programs, "-o", output, "-e", self._program]

    def ready(self, recording, files):
        # Every open of the machine is traced, also this one.
        return os.path.exists(files.output) and os.path.getsize(files.output) > 100

    def seen(self, output):
        with open(output, errors="surrogateescape") as lines:
            for line in lines:
                head, tab, path = line.rstrip("\n").partition("\t")
                words = head.split(" ", 3)
                if tab and len(words) == 4:
                    yield Seen("open" if words[1] == "O" else "delete", words[3], words[2], path)

    def said(self, output, errors, status):
        lost = sum(map(int, re.findall(r"Lost (\d+) events", read_text(errors) + read_text(output))))
        return f"{lost:,}" if lost else super().said(output, errors, status)


class Inotifywait(Recorder):
    name = "inotifywait"
    programs = ("inotifywait",)
    tells_process = False
    settings = "`stdbuf -oL inotifywait -m -r -e open,close,create,delete,move FOLDER`"
    _format = "%T %e %w%f"
    _watch = ("-r",)

    def argv(self, scope, output):
        events = [word for kind in ("open", "close", "create", "delete", "move") for word in ("-e", kind)]
        return ["stdbuf", "-oL", *self.programs, "-m", *self._watch, *events, "--timefmt", "%s", "--format",
                self._format, *self._watched(scope)]

    def _watched(self, scope):
        return scope.roots

    def ready(self, recording, files):
        return "Watches established" in read_text(files.stderr)

    def standard_output(self, output):
        return output

    def seen(self, output):
        with open(output, errors="surrogateescape") as lines:
            for line in lines:
                words = line.rstrip("\n").split(" ", 2)
                if len(words) < 3 or not words[0].isdigit() or "ISDIR" in words[1]:
                    continue
                if "OPEN" in words[1]:
                    yield Seen("open", None, None, words[2])
                if "DELETE" in words[1]:
                    yield Seen("delete", None, None, words[2])

    def said(self, output, errors, status):
        overflows = read_text(output).count("Q_OVERFLOW")
        return f"{overflows} overflow(s)" if overflows else super().said(output, errors, status)


class Fsnotifywait(Inotifywait):
    name = "fsnotifywait"
    programs = ("fsnotifywait",)
    settings = "`stdbuf -oL fsnotifywait -m --filesystem -e open,close,create,delete,move MOUNT`"
    _watch = ("--filesystem",)

    def _watched(self, scope):
        return [*scope.mounts, *(["/"] if scope.machine else [])]


class Auditd(Recorder):
    name = "auditd"
    programs = ("auditd",)
    stop_signal = signal.SIGTERM
    settings = ("own instance, flush = NONE, backlog 65536; `auditctl -a always,exit -F arch=b64 -S open,openat,"
                "openat2,creat,unlink,unlinkat -F success=1 -F dir=MOUNT` (without dir where the whole machine is "
                "recorded). Between its turns the rule `task,never`: once on, "
                "audit slows every later process until the next boot")
    _config = """log_file = {folder}/audit.log
log_format = RAW
flush = NONE
max_log_file = 100000
max_log_file_action = ignore
num_logs = 0
space_left = 2
space_left_action = ignore
admin_space_left = 1
admin_space_left_action = ignore
disk_full_action = ignore
disk_error_action = ignore
name_format = none
priority_boost = 4
"""
    _field = re.compile(r' (syscall|a2|pid|exe|cwd|name|nametype)=("[^"]*"|\S+)')
    _unused = ("No rules", "-a never,task")  # the second is what reset_audit() leaves
    _unlink, _unlinkat, _removedir = "87", "263", "200"  # on x86-64; the other calls of the rule open

    def absent(self):
        absent = super().absent()
        if absent:
            return absent
        if os.uname().machine != "x86_64":
            return "its records are read for x86-64 only"
        status = run(["auditctl", "-s"], 10)
        if status.returncode != 0:
            return "the kernel refuses: " + (status.stderr.strip() or "no audit")
        rules = run(["auditctl", "-l"], 10).stdout.strip()
        if "enabled 0" not in status.stdout or "pid 0" not in status.stdout or rules not in self._unused:
            return "this machine's audit is in use, and would be disturbed"
        return None

    def prepare(self, scope):
        self._scope = scope

    def argv(self, scope, output):
        folder = output + ".d"
        os.makedirs(folder + "/etc", exist_ok=True)
        os.makedirs(folder + "/etc/plugins.d", exist_ok=True)
        with open(folder + "/etc/auditd.conf", "w") as config:
            config.write(self._config.format(folder=folder))
        self._log = folder + "/audit.log"
        return [*self.programs, "-n", "-c", folder + "/etc"]

    def ready(self, recording, files):
        if f"pid {(recording.pids() or [-1])[0]}\n" not in run(["auditctl", "-s"], 10).stdout:
            return False
        run(["auditctl", "-D"], 10)
        run(["auditctl", "-b", "65536", "-e", "1"], 10)
        places = [[]] if self._scope.machine else [["-F", f"dir={mount}"] for mount in self._scope.mounts]
        for place in places:
            calls = "open,openat,openat2,creat,unlink,unlinkat"
            run(["auditctl", "-a", "always,exit", "-F", "arch=b64", "-S", calls, "-F", "success=1", *place], 10)
        return True

    def finish(self):
        self._status = run(["auditctl", "-s"], 10).stdout
        reset_audit()

    def files(self, output):
        return [output + ".d/audit.log"]

    def seen(self, output):
        with open(self.files(output)[0], errors="surrogateescape") as lines:
            yield from self._seen(lines)

    def _seen(self, lines):
        events = collections.defaultdict(dict)  # by serial number: the records of two events may be mixed
        for line in lines:
            kind, serial = line.split(" ", 2)[:2]
            fields = {key: value.strip('"') for key, value in self._field.findall(line)}
            if kind in ("type=SYSCALL", "type=CWD") or (kind == "type=PATH" and fields.get("nametype") != "PARENT"):
                events[serial].update(fields)
            elif kind == "type=PROCTITLE":
                event = events.pop(serial, {})
                if "syscall" in event and "name" in event and not self._is_of_folder(event):
                    kind = "delete" if event["syscall"] in (self._unlink, self._unlinkat) else "open"
                    yield Seen(kind, event.get("exe", ""), event["pid"], self._path(event))

    def _is_of_folder(self, event):
        return event["syscall"] == self._unlinkat and event["a2"] == self._removedir

    @staticmethod
    def _path(event):
        # A name relative to a directory descriptor looks like one relative to the working directory.
        return os.path.join(event.get("cwd", ""), event["name"])

    def kernel_cpu_seconds(self):
        pids = [name.split("/")[2] for name in glob.glob("/proc/[0-9]*/comm") if read_text(name) == "kauditd\n"]
        return sum(map(cpu_seconds, pids))

    def said(self, output, errors, status):
        lost = re.search(r"^lost (\d+)", self._status, re.M)
        return "nothing" if lost is None or lost[1] == "0" else f"{int(lost[1]):,}"


def reset_audit():
    """Once the kernel's audit was on, every new process pays for it at every system call until the next boot, unless
    a rule says never: that rule stays behind, so that the recorders measured after auditd do not pay for it."""
    if shutil.which("auditctl"):
        for words in (["-D"], ["-e", "0", "-b", "64", "--reset-lost"], ["-a", "task,never"]):
            run(["auditctl", *words], 10)


# Debian's tools that cannot take part at all, said in the results.
CANNOT = {
    "perf trace": "6.1 prints the address of a file name instead of the name, so that no event has a path",
    "sysdig, Falco": "needs a kernel module built for this kernel; not attempted",
}


def all_recorders(build):
    return [Unrecorded(), Floor(build), *(Rfanrec(build, hold) for hold in ("open", "exec", "none")), Fatrace(),
            Strace(), Bpftrace(), Inotifywait(), Fsnotifywait(), Auditd()]
