"""A map of what is built against the limits: a survey merged into it, a result written back to it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.as_built_child import run
from benchmarks.child import CHILDREN
from benchmarks.states import write_states
from benchmarks.synthetic import town, write_layers

PIPES, CHANGES = 100_000, 1_000
ROUNDS = 3
SECONDS = 10.0


def test_a_survey_merged_into_a_base(record_run, tmp_path: Path) -> None:
    old, new, edits = write_states(PIPES, tmp_path, named=True, step=6 * PIPES // CHANGES)
    seconds: dict[str, list[float]] = {"dry run": [], "apply": []}
    memory = []
    for k in range(ROUNDS):
        folder = tmp_path / str(k)
        folder.mkdir()
        cost, megabytes, found = run("merge", old, new, folder)
        assert found["dry run"] == {f"pipes {action}": count for action, count in edits._asdict().items()}
        for name, row in seconds.items():
            row.append(cost[name])
        memory.append(megabytes)
    for name, row in seconds.items():
        record_run(f"1e3 changes into 1e5 pipes, {name}", "s", row, limit=SECONDS)
    record_run("1e3 changes into 1e5 pipes, memory", "MB", memory)


def test_a_result_written_back(record_run, tmp_path: Path) -> None:
    base = write_layers(town(PIPES), tmp_path / "town.gpkg")
    CHILDREN.run(base, tmp_path / "solved.gpkg")
    seconds, memory = [], []
    for k in range(ROUNDS):
        folder = tmp_path / str(k)
        folder.mkdir()
        cost, megabytes, found = run("write-back", base, tmp_path / "solved.gpkg", folder)
        assert found["write back"]["pipes: features without"] == 0
        seconds.append(cost["write back"])
        memory.append(megabytes)
    record_run("1e5 pipes written back", "s", seconds, limit=SECONDS)
    record_run("1e5 pipes written back, memory", "MB", memory)
