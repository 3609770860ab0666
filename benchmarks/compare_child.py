"""Two states compared in a process of their own: `python -m benchmarks.compare_child OLD NEW OUTPUT` says the cost.

After a small comparison, which imports everything. With the word `processor` after OUTPUT the seconds are those that
the processor worked for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.child import ROOT, peak_memory
from benchmarks.states import write_states


class Steps(NamedTuple):
    """Seconds of the comparison alone and of the whole verb, and the most memory [MB] the process ever held."""

    compared: float
    whole: float
    megabytes: float


def run(old: Path, new: Path, output: Path, *, processor: bool = False) -> tuple[Steps, dict[str, int]]:
    """Compare two states in a fresh process; what it cost, and how many features each action has."""
    words = [sys.executable, "-m", "benchmarks.compare_child", *map(str, (old, new, output))]
    done = subprocess.run(words + ["processor"] * processor, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    steps, found = json.loads(done.stdout)
    return Steps(*steps), found


def main() -> None:
    from gisheat.as_built import changes
    from gisheat.operations import as_built, compare

    old, new, output = map(Path, sys.argv[1:4])
    now = time.process_time if "processor" in sys.argv[4:] else time.perf_counter
    small = output.parent / "small"
    small.mkdir()
    compare(*write_states(500, small, named=True)[:2], small / "changes.gpkg", effects=False)
    spent: list[float] = []

    def timed(*states, **options):
        started = now()
        found = changes.find_changes(*states, **options)
        spent.append(now() - started)
        return found

    as_built.find_changes = timed
    started = now()
    figures = compare(old, new, output, effects=False).figures
    whole = now() - started
    found = {key.removeprefix("pipes "): value for key, (value, _) in figures.items() if key.startswith("pipes ")}
    print(json.dumps([[*spent, whole, peak_memory()], found]))


if __name__ == "__main__":
    main()
