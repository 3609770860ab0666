"""The parts of a run by themselves, on towns of three sizes: ten times the pipes, about ten times the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import gisheat.picture
from benchmarks.synthetic import town, write_layers
from gisheat import geopackage, stages, styles
from gisheat.checks import clean
from gisheat.layers import find_sources, read_layers
from gisheat.operations import run
from gisheat.operations.running import resolve_options
from gisheat.schema import labels
from gisheat.state import State, open_project

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 3
TITLE = "Town"


@dataclass(frozen=True)
class Case:
    """A town on its way: what the parts so far have made of it."""

    source: Path
    output: Path
    state: State
    tables: dict[str, Any] | None = None


def read(case: Case) -> Case:
    return replace(case, state=replace(case.state, raw=read_layers(find_sources(case.source, None, {}))))


def check(case: Case) -> Case:
    return replace(case, state=replace(case.state, layers=clean(case.state.raw)))


def topology(case: Case) -> Case:
    return replace(case, state=stages.add_topology(case.state))


def loads(case: Case) -> Case:
    return replace(case, state=stages.add_loads(case.state))


def size(case: Case) -> Case:
    return replace(case, state=stages.add_sizes(case.state))


def solve(case: Case) -> Case:
    return replace(case, state=stages.add_solution(case.state))


def tables(case: Case) -> Case:
    return replace(case, tables=stages.result_tables(case.state))


def write(case: Case) -> Case:
    with mock.patch.object(styles, "embed"):
        geopackage.write_result(case.output, case.tables, title=TITLE)
    return case


def style(case: Case) -> Case:
    styles.embed(case.output, title=TITLE, aliases=labels("en"))
    return case


def picture(case: Case) -> Case:
    gisheat.picture.draw_map(case.tables, case.output.with_suffix(".png"), title=TITLE)
    return case


PARTS: tuple[Callable[[Case], Case], ...] = (
    read, check, topology, loads, size, solve, tables, write, style, picture,
)  # fmt: skip


@pytest.fixture(scope="module", params=SIZES)
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Any]:
    """Town of one size after each of the parts; filled while the tests run, in their order."""
    folder = tmp_path_factory.mktemp("town")
    source = write_layers(town(request.param), folder / "town.gpkg")
    project = open_project(source)
    state = stages.read(source, project, resolve_options(run, project, {}))
    return {"pipes": request.param, None: Case(source, folder / "solved.gpkg", state)}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_part(benchmark, record_part, cases, part) -> None:
    number = PARTS.index(part)
    before = PARTS[number - 1] if number else None
    if before not in cases:
        pytest.fail(f"{before.__name__} comes first: run the tests of all parts")
    cases[part] = benchmark.pedantic(part, (cases.pop(before),), rounds=ROUNDS)
    record_part(part.__name__, cases["pipes"], benchmark.stats.stats.data)
