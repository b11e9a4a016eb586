"""usage: storm.py OPEN_STORM MOUNT COUNT SECONDS MARK REPORT

The load of the fault tables. Opens COUNT files of MOUNT/known once each; then writes to MARK, and for SECONDS lets four
threads open and close files of MOUNT/storm while a canary, this process, opens one file again and again. Writes to
REPORT, as JSON, the longest time that the canary waited and how many of its opens were refused.
"""
import json
import os
import subprocess
import sys
import time


def main(program, mount, count, seconds, mark, report):
    # Opened first: a recorder that fails may take every later open with it.
    with open(mark, "w") as marked, open(report, "w") as reported:
        subprocess.run([program, "files", count, mount + "/known"], stdout=subprocess.DEVNULL, check=True)
        marked.write("now")
        marked.flush()
        storm = subprocess.Popen([program, "threads", "4", "1000000000", "1000", mount + "/storm"])
        json.dump(canary(mount + "/canary", float(seconds)), reported)
    storm.kill()
    storm.wait()


def canary(path, seconds):
    longest = opens = refused = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.monotonic()
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            refused += 1
        longest = max(longest, time.monotonic() - before)
        opens += 1
        time.sleep(0.001)
    return {"longest_seconds": longest, "opens": opens, "refused": refused}


if __name__ == "__main__":
    main(*sys.argv[1:])
