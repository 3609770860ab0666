"""Two states of a town against the limits: compared, by identifier and by place, and the whole verb without solving."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.compare_child import run
from benchmarks.states import write_states


@pytest.mark.parametrize("named", [True, False], ids=["by identifier", "by place"])
@pytest.mark.parametrize(
    ("pipes", "rounds", "seconds", "megabytes"), [(100_000, 3, 5.0, None), (1_000_000, 1, 60.0, 4000.0)]
)
def test_two_states(record_run, tmp_path: Path, named, pipes, rounds, seconds, megabytes) -> None:
    old, new, edits = write_states(pipes, tmp_path, named=named)
    steps = []
    for k in range(rounds):
        folder = tmp_path / str(k)
        folder.mkdir()
        cost, found = run(old, new, folder / "changes.gpkg")
        assert found == {action: count for action, count in edits._asdict().items() if count}
        steps.append(cost)
    name = f"{pipes:.0e} pipes compared ".replace("e+0", "e") + ("by id" if named else "by place")
    record_run(name, "s", [step.compared for step in steps], limit=seconds)
    record_run(f"{name}, read, written", "s", [step.whole for step in steps], limit=seconds)
    record_run(f"{name}, memory", "MB", [step.megabytes for step in steps], limit=megabytes)
