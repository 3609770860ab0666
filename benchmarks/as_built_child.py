"""A merge or a write-back in a process of its own: `python -m benchmarks.as_built_child VERB BASE OTHER FOLDER`.

It says the seconds of each step, the most memory [MB] and what was done, after the same on little, which imports
everything. With the word `processor` behind, the seconds are those that the processor worked for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.child import ROOT, peak_memory
from benchmarks.states import write_states
from benchmarks.synthetic import town, write_layers

Steps = dict[str, Callable[[], dict[str, int]]]
"""Work by name; each gives how many features it did what with."""


def run(
    verb: str, base: Path, other: Path, folder: Path, *, processor: bool = False
) -> tuple[dict[str, float], float, dict[str, dict[str, int]]]:
    """Run the steps of a verb in a fresh process: seconds of each, most memory [MB], what each did."""
    words = [sys.executable, "-m", "benchmarks.as_built_child", verb, *map(str, (base, other, folder))]
    done = subprocess.run(words + ["processor"] * processor, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    seconds, megabytes, counted = json.loads(done.stdout)
    return seconds, megabytes, counted


def merging(base: Path, changes: Path, folder: Path) -> Steps:
    """A dry run, and its change set merged into a copy of the base."""
    from gisheat.operations import merge

    proposed, merged = folder / "proposed.gpkg", folder / "merged.gpkg"
    return {
        "dry run": lambda: _pipes(merge(base, changes, proposed, dry_run=True, missing="remove").figures),
        "apply": lambda: _pipes(merge(base, proposed, merged).figures),
    }


def writing_back(base: Path, result: Path, folder: Path) -> Steps:
    """The figures of a result as columns of a copy of the base."""
    from gisheat.operations import write_back

    return {"write back": lambda: _pipes(write_back(base, result, folder / "written.gpkg").figures)}


def _pipes(figures: dict[str, tuple[object, str]]) -> dict[str, int]:
    return {key: value for key, (value, _) in figures.items() if key.startswith("pipes") and isinstance(value, int)}


def _little(verb: str, folder: Path) -> tuple[Path, Path]:
    if verb == "merge":
        return write_states(500, folder, named=True)[:2]
    from gisheat.operations import run as solve

    source = write_layers(town(100), folder / "town.gpkg")
    solve(source, folder / "solved.gpkg")
    return source, folder / "solved.gpkg"


def main() -> None:
    verb, *paths = sys.argv[1:5]
    base, other, folder = map(Path, paths)
    now = time.process_time if "processor" in sys.argv[5:] else time.perf_counter
    steps = {"merge": merging, "write-back": writing_back}[verb]
    small = folder / "small"
    small.mkdir()
    for work in steps(*_little(verb, small), small).values():
        work()
    seconds, counted = {}, {}
    for name, work in steps(base, other, folder).items():
        started = now()
        counted[name] = work()
        seconds[name] = now() - started
    print(json.dumps([seconds, peak_memory(), counted]))


if __name__ == "__main__":
    main()
