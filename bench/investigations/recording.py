"""Records the runs of a scenario, each in the same directory, made anew."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from scenarios import Scenario

SECONDS_PER_RUN = 120
# A scenario sees the system's programs and nothing of the caller's settings, so that it does the same everywhere.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class RunFailed(Exception):
    """A scenario's script or the recorder failed; says which and shows its messages."""


def missing_programs(scenario: Scenario) -> list[str]:
    return [program for program in scenario.needs.split() if shutil.which(program, path=SYSTEM_PATH) is None]


class Workplace:
    """A directory in which scenarios run. Lies below /tmp for every second one, since names are folded there."""

    def __init__(self, below_tmp: bool):
        parent = "/tmp" if below_tmp else "/var/lib"
        self.directory = Path(tempfile.mkdtemp(prefix="rfan-investigations-", dir=parent))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def record(self, rfanrec: Path, scenario: Scenario, bad: bool, trace: Path) -> None:
        place = self.directory / scenario.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        environment = {"PATH": SYSTEM_PATH, "HOME": str(self.directory), "LC_ALL": "C",
                       "BAD": "1" if bad else "", "X": scenario.bad if bad else scenario.good}
        self._run(["bash", "-e", "-c", scenario.prepare], place, environment)
        script = self.directory / "run.sh"
        script.write_text(scenario.run + "\n")
        self._run([str(rfanrec), "-q", "-o", str(trace), "--", "bash", "-e", str(script)], place, environment)

    @staticmethod
    def _run(command: list[str], place: Path, environment: dict[str, str]) -> None:
        done = subprocess.run(["timeout", "-s", "KILL", str(SECONDS_PER_RUN), *command], cwd=place, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise RunFailed(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-500:]}{done.stderr[-2000:]}")


def record_all(rfanrec: Path, scenario: Scenario, good: int, bad: int, below_tmp: bool, out: Path) -> None:
    """Writes out/good1.fbz ... and out/bad1.fbz ...; records once before, to warm what the machine caches."""
    out.mkdir(parents=True, exist_ok=True)
    with Workplace(below_tmp) as workplace:
        for is_bad in (False, True):
            workplace.record(rfanrec, scenario, is_bad, out / "warm.fbz")
        for run in range(1, max(good, bad) + 1):  # in turn: what changes with time changes both
            if run <= good:
                workplace.record(rfanrec, scenario, False, out / f"good{run}.fbz")
            if run <= bad:
                workplace.record(rfanrec, scenario, True, out / f"bad{run}.fbz")
    (out / "warm.fbz").unlink()
