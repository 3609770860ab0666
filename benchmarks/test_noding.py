"""Noding against its limits: drawings read from a GeoPackage, noded to the fixpoint and written."""

from __future__ import annotations

from pathlib import Path

from benchmarks import scaling_plot
from benchmarks.child import ROOT
from benchmarks.noding_child import run
from benchmarks.streets import drawing, write


def test_1e5_lines_against_reading_and_writing_alone(record_run, tmp_path: Path) -> None:
    source = write(drawing(100_000), tmp_path / "streets.gpkg")
    rounds = []
    for _ in range(3):
        rounds.append(run(source))
        for path in tmp_path.glob("*.*.gpkg"):
            path.unlink()
    record_run("1e5 lines noded", "s", [steps.noded for steps in rounds])
    record_run("1e5 lines read, noded, written / bare", "ratio", [steps.ratio for steps in rounds], limit=3.0)
    assert all(steps.pieces > 100_000 for steps in rounds)


def test_drawings_from_1e4_to_1e6_lines(record_run, tmp_path: Path) -> None:
    figures = scaling_plot.scaling(tmp_path)
    for count, steps in figures.items():
        record_run(f"{count} lines noded, for each 1e5", "s", [steps.noded * 1e5 / count])
    scaling_plot.draw(figures, ROOT / "out" / "noding-scaling.svg", "seconds")
    million = figures[1_000_000]
    record_run("1e6 lines read, noded, written", "s", [million.seconds], limit=30.0)
    record_run("1e6 lines, memory", "MB", [million.megabytes], limit=3000.0)
    assert million.passes < 20
