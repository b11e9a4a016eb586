"""Where a comparison works: its folders and mounts, in a mount namespace of its own that ends with it."""
import os
import platform
import re
import sys
import time

from processes import read_text, run


class Context:
    def __init__(self, root, build, work):
        self._begin = time.monotonic()
        self.root = root
        self.build = build
        self.work = work
        self.mounts = work + "/mnt"
        self.output = work + "/output"  # of the recorders: a filesystem that is not recorded

    def say(self, text):
        print(f"compare-peers: {time.monotonic() - self._begin:5.0f} s  {text}", file=sys.stderr, flush=True)

    def mount_tmpfs(self, folder, options="size=4g"):
        os.makedirs(folder, exist_ok=True)
        run(["mount", "-t", "tmpfs", "-o", options, "none", folder], 20).check_returncode()

    def mount_ext4(self, folder, megabytes):
        image = folder + ".ext4"
        os.makedirs(folder, exist_ok=True)
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        run(["mkfs.ext4", "-q", "-F", "-N", "200000", image], 60).check_returncode()
        run(["mount", "-o", "loop", image, folder], 20).check_returncode()

    def unmount(self, folder):
        run(["umount", folder], 60)
        if os.path.exists(folder + ".ext4"):
            os.unlink(folder + ".ext4")


def machine():
    cpu = re.search(r"model name\s*: (.*)", read_text("/proc/cpuinfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', read_text("/etc/os-release"))
    memory = re.search(r"MemTotal: +(\d+)", read_text("/proc/meminfo"))
    virtual = run(["systemd-detect-virt"], 10).stdout.strip() if os.path.exists("/usr/bin/systemd-detect-virt") else ""
    return {
        "cpu": f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}",
        "virtual machine or container": virtual or "not known",
        "memory": f"{int(memory[1]) / (1 << 20):.1f} GiB",
        "kernel": platform.release(),
        "system": system[1] if system else platform.platform(),
        "load average at the start": read_text("/proc/loadavg").split()[0],
    }


PACKAGES = ("fatrace", "strace", "bpftrace", "inotify-tools", "auditd", "linux-perf", "zstd", "ripgrep", "jq",
            "sqlite3", "gawk", "mawk")


def versions(build):
    found = {"rfanrec": run([f"{build}/recorder/rfanrec", "--version"], 10).stdout.strip()}
    asked = run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *PACKAGES], 20).stdout
    for line in asked.splitlines():
        package, version, status = (line.split(" ") + ["", ""])[:3]
        if status == "installed":
            found[package] = version
    return found
