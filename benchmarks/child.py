"""One run in a process of its own: `python -m benchmarks.child INPUT OUTPUT [PICTURE]` prints seconds and megabytes.

The imports come before the clock starts; the peak of the memory includes them.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LATE = ("gisheat.numerics.reduced", "gisheat.physics.compiled", "chemicals.iapws", "chemicals.viscosity")
"""Modules that gisheat imports when it first needs them."""


class Cost(NamedTuple):
    """Seconds of a run without the imports, and the most memory [MB] its process ever held."""

    seconds: float
    megabytes: float


class Children:
    """Runs in child processes, and a clock that stands still except for what they report.

    pytest-benchmark reads the clock before and after a run, so what it records are the children's own
    seconds, without start and imports.
    """

    def __init__(self) -> None:
        self.megabytes: list[float] = []
        self._seconds = 0.0

    def clock(self) -> float:
        """Seconds of all runs so far."""
        return self._seconds

    def run(self, source: Path, output: Path, *picture: Path) -> None:
        """Run gisheat once in a fresh process."""
        words = [sys.executable, "-m", "benchmarks.child", str(source), str(output), *map(str, picture)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        cost = Cost(*json.loads(done.stdout))
        self._seconds += cost.seconds
        self.megabytes.append(cost.megabytes)


CHILDREN = Children()


def measure(work: Callable[[], object]) -> Cost:
    """Do some work and say what it cost; the memory is that of the whole process so far."""
    started = time.perf_counter()
    work()
    return Cost(time.perf_counter() - started, peak_memory())


def peak_memory() -> float:
    """Most memory [MB] this process has held.

    On Linux not from `getrusage`: there a new process starts with the peak of the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def main() -> None:
    source, output, *picture = map(Path, sys.argv[1:])
    for module in (*LATE, *(["gisheat.picture"] if picture else [])):
        importlib.import_module(module)
    from gisheat.operations import run

    options = {"picture": picture[0]} if picture else {}
    print(json.dumps(measure(lambda: run(source, output, **options))))


if __name__ == "__main__":
    main()
