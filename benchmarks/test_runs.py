"""Whole runs against their limits: the sample, and a synthetic town of 10 000 pipes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.child import CHILDREN, ROOT
from benchmarks.synthetic import town, write_layers

MULAN = ROOT / "sample_gis" / "mulan" / "project.toml"


@pytest.mark.benchmark(timer=CHILDREN.clock)
def test_mulan_with_picture(benchmark, children, record_run, tmp_path: Path) -> None:
    outputs = tmp_path / "mulan.gpkg", tmp_path / "mulan.png"
    benchmark.pedantic(children.run, (MULAN, *outputs), rounds=5)
    record_run("Mulan, end to end with picture", "s", benchmark.stats.stats.data, limit=3.0)
    assert all(output.stat().st_size > 100_000 for output in outputs)


@pytest.mark.parametrize(
    ("pipes", "rounds", "seconds", "megabytes"),
    [(1_000, 3, None, None), (10_000, 5, 5.0, 500.0), (100_000, 1, None, None)],
)
@pytest.mark.benchmark(timer=CHILDREN.clock)
def test_town(benchmark, children, record_run, tmp_path: Path, pipes, rounds, seconds, megabytes) -> None:
    source, output = write_layers(town(pipes), tmp_path / "town.gpkg"), tmp_path / "solved.gpkg"
    benchmark.pedantic(children.run, (source, output), rounds=rounds)
    name = f"Town of {pipes} pipes, to styled GeoPackage"
    record_run(name, "s", benchmark.stats.stats.data, limit=seconds)
    record_run(f"{name.partition(',')[0]}, memory", "MB", children.megabytes, limit=megabytes)
    assert output.stat().st_size > source.stat().st_size
