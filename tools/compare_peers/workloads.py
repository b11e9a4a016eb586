"""The loads, and what happens in each by construction.

A load lives on private mounts of its own. It knows which files it opens and deletes and how often, so that what a
recorder has can be held against what happened; nothing is taken from a recorder's own count.
"""
import collections
import os
import random
import shutil
import tarfile
import io

from processes import run
from recorders import Scope

# How one recording compares with what happened. `recorded` counts events of the load; of these `unnamed` have no full
# path and `unknown` should have an executable but do not.
Counted = collections.namedtuple("Counted", "happened recorded unnamed unknown")


class Workload:
    name = ""
    title = ""
    comms = ()  # who does it: comm, or base name of the executable
    machine = False  # reaches beyond its mounts
    seconds = 1800  # at most, recorded or not

    def __init__(self, context, size):
        self.context = context
        self.size = size
        self.mount = context.mounts + "/load"

    def prepare(self):
        """Makes what the load needs, once."""

    def before_round(self):
        """Puts things back."""

    def command(self):
        raise NotImplementedError

    def happened(self):
        """Events by kind, by construction."""
        raise NotImplementedError

    def paths(self):
        """The files that are opened and deleted."""
        raise NotImplementedError

    def scope(self):
        return Scope([self.mount], [self.mount], self.machine)

    def count(self, recorder, seen):
        paths = self.paths()
        names = {os.path.basename(path) for path in paths}
        folders = {os.path.dirname(path) for path in paths}
        happened = self.happened()
        recorded = unnamed = unknown = 0
        for event in seen:
            if event.kind not in happened:
                continue
            if event.path in paths:
                pass
            elif self._could_be(event, names, folders):
                unnamed += 1
            else:
                continue
            recorded += 1
            unknown += event.who == ""
        return Counted(sum(happened.values()), recorded, unnamed, unknown)

    def _could_be(self, event, names, folders):
        """Recorded, but under no or half a path: told by who did it and what is left of the name."""
        if event.who and os.path.basename(event.who) not in self.comms:
            return False
        if event.path is None:
            return True
        if event.kind == "delete" and event.path in folders:
            return True
        return bool(event.who) and os.path.basename(event.path) in names


class Storm(Workload):
    """Loads of the generator open_storm, on a tmpfs; the program lies there as well."""

    comms = ("open_storm", "exe")  # a process of `spawn` is called what it was started as: /proc/self/exe
    files = 1000

    def prepare(self):
        self.context.mount_tmpfs(self.mount)
        self.program = shutil.copy(self.context.build + "/bench/open_storm", self.mount)
        run([self.program, "prepare", self.files, self.mount], 120).check_returncode()

    def paths(self):
        return {f"{self.mount}/{number // 1000}/{number}" for number in range(self.files)}

    def happened(self):
        return {"open": self.size}


class Loop(Storm):
    threads = 1

    def command(self):
        return [self.program, "threads", self.threads, self.size, self.files, self.mount]


class Loop1(Loop):
    name = "loop-1"

    @property
    def title(self):
        return f"{self.size:,} opens and closes of 1,000 files by 1 thread, tmpfs"


class Loop16(Loop):
    name = "loop-16"
    threads = 16

    @property
    def title(self):
        return f"{self.size:,} opens and closes of 1,000 files by 16 threads, tmpfs"


class Files(Storm):
    name = "files"

    def __init__(self, context, size):
        super().__init__(context, size)
        self.files = size

    @property
    def title(self):
        return f"{self.size:,} distinct files, each opened once, tmpfs"

    def command(self):
        return [self.program, "files", self.size, self.mount]


class Processes(Files):
    name = "processes"

    @property
    def title(self):
        return f"{self.size:,} short processes, 8 at a time, each opens a file of its own, tmpfs"

    def command(self):
        return [self.program, "spawn", 8, self.size, self.mount]


class Compile(Workload):
    """Units of this project's format library, the smallest first, two jobs, recorded on every filesystem.

    What happened is the compiler's own dependency list (ninja -t deps): each unit opens each of these files, some of
    them more than once. So pairs of process and file are counted; by recorders without processes, files. The processes
    are those that open one of the units: others on the machine may compile with the same headers.
    """

    name = "compile"
    comms = ("cc1plus",)
    machine = True
    seconds = 60  # some recorders hold the opens of the whole machine: never longer than this

    @property
    def title(self):
        return f"a compile of {self.size} units with 2 jobs"

    def prepare(self):
        self.context.mount_tmpfs(self.mount)
        self.build = self.mount + "/build"
        plain = {**os.environ, "CMAKE_CXX_COMPILER_LAUNCHER": ""}
        run(["cmake", "-S", self.context.root, "-B", self.build, "-G", "Ninja", "-DBUILD_TESTING=OFF"], 600,
            env=plain).check_returncode()
        targets = run(["ninja", "-C", self.build, "-t", "targets", "all"], 60).stdout.splitlines()
        objects = [line.split(":")[0] for line in targets if "/rfan_format.dir/" in line and ".cc.o:" in line]
        objects.sort(key=self._source_bytes)
        self.objects = objects[: self.size]
        self.size = len(self.objects)
        run(self.command(), 1200).check_returncode()
        self._read_dependencies()

    def _source_bytes(self, name):
        below_format = name.split("/rfan_format.dir/")[1].removesuffix(".o")
        return os.path.getsize(f"{self.context.root}/format/{below_format}")

    def _read_dependencies(self):
        self.opened = []
        for line in run(["ninja", "-C", self.build, "-t", "deps", *self.objects], 60).stdout.splitlines():
            if line.startswith("    "):
                self.opened.append(os.path.realpath(os.path.join(self.build, line.strip())))
        self.units = {path for path in self.opened if path.endswith(".cc")}

    def before_round(self):
        for name in self.objects:
            os.unlink(f"{self.build}/{name}")

    def command(self):
        return ["ninja", "-C", self.build, "-j2", *self.objects]

    def happened(self):
        return {"open": len(self.opened)}

    def paths(self):
        return set(self.opened)

    def count(self, recorder, seen):
        real = {}

        def resolve(path):  # what a program wrote may go over links and ..
            if path not in real:
                real[path] = os.path.realpath(os.path.join(self.build, path))
            return real[path]

        paths = self.paths()
        opens = {(event.pid, resolve(event.path)): event for event in seen if event.kind == "open" and event.path}
        processes = {pid for pid, path in opens if path in self.units}
        own = [event for (pid, path), event in opens.items() if pid in processes and path in paths]
        happened = len(self.opened) if recorder.tells_process else len(paths)
        return Counted(happened, len(own), 0, sum(event.who == "" for event in own))

    def scope(self):
        roots = [self.build, self.context.root + "/format", "/usr/include", "/usr/lib/gcc"]
        return Scope([self.mount], [root for root in roots if os.path.isdir(root)], True)


class Grep(Workload):
    name = "grep"
    comms = ("grep",)

    @property
    def title(self):
        return f"grep -r over a copy of /usr/include ({self.happened()['open']:,} files), ext4"

    def prepare(self):
        self.context.mount_ext4(self.mount, 1024)
        folders = [entry.path for entry in os.scandir("/usr/include")]
        if self.size is not None:
            folders = sorted(folders)[: self.size]
        run(["cp", "-a", *folders, self.mount], 300).check_returncode()
        self.opened = {os.path.join(folder, name) for folder, _, names in os.walk(self.mount) for name in names
                       if not os.path.islink(os.path.join(folder, name))}

    def command(self):
        return ["sh", "-c", f"! grep -r 'no such text, as it is cut ''in two' {self.mount}"]

    def happened(self):
        return {"open": len(self.opened)}

    def paths(self):
        return self.opened


class Untar(Workload):
    """A seeded tree is unpacked and removed: each file is opened (created) once and deleted once."""

    name = "untar"
    comms = ("tar", "rm")

    @property
    def title(self):
        return f"untar and remove a tree of {self.size:,} files, ext4"

    def prepare(self):
        self.context.mount_ext4(self.mount, 2048)
        self.archive = self.context.work + "/tree.tar"
        seeded = random.Random(1)
        self.files = [f"tree/d{seeded.randrange(20)}/d{seeded.randrange(20)}/f{number}" for number in range(self.size)]
        with tarfile.open(self.archive, "w") as tar:
            for name in self.files:
                member = tarfile.TarInfo(name)
                member.size = seeded.randrange(200)
                tar.addfile(member, io.BytesIO(bytes(member.size)))

    def before_round(self):
        shutil.rmtree(self.mount + "/tree", ignore_errors=True)

    def command(self):
        return ["sh", "-c", f"tar -xf {self.archive} -C {self.mount} && rm -r {self.mount}/tree"]

    def happened(self):
        return {"open": self.size, "delete": self.size}

    def paths(self):
        return {f"{self.mount}/{name}" for name in self.files}


class Idle(Workload):
    name = "idle"

    @property
    def title(self):
        return f"{self.size} idle seconds a round"

    def prepare(self):
        self.context.mount_tmpfs(self.mount)

    def command(self):
        return ["sleep", self.size]

    def happened(self):
        return {"open": 0}

    def paths(self):
        return set()


#                       quick   default    full
SIZES = {
    Loop1: (3_000, 30_000, 100_000),
    Loop16: (3_000, 50_000, 1_000_000),
    Files: (3_000, 100_000, 100_000),
    Processes: (300, 2_000, 100_000),
    Compile: (1, 3, 12),
    Grep: (5, None, None),
    Untar: (1_000, 50_000, 50_000),
    Idle: (1, 4, 12),  # seconds a round: with five rounds an idle minute
}
SIZE_NAMES = ("quick", "default", "full")


def all_workloads(context, size):
    column = SIZE_NAMES.index(size)
    return [kind(context, sizes[column]) for kind, sizes in SIZES.items()]
