"""usage: timed.py REPORT COMMAND...   Runs the command and writes what it took as JSON to REPORT.

Apart from the recorder's own process, so that a recorder that starts its load itself (strace) is timed alike, and
so that the load's CPU time can be told from the recorder's.
"""
import json
import os
import resource
import sys
import time


def main(report, command):
    begin = time.monotonic()
    status = os.spawnvp(os.P_WAIT, command[0], command)
    seconds = time.monotonic() - begin
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    cpu = sum((load.ru_utime, load.ru_stime, own.ru_utime, own.ru_stime))
    with open(report, "w") as out:
        json.dump({"seconds": seconds, "cpu_seconds": cpu, "status": status}, out)
    return min(abs(status), 125)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
