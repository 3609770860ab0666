"""What the benchmarks found, as plain tables on the terminal and in out/bench.json; a missed limit is a failure.

The tests of this folder measure and put rows here; limits are looked at when all have run.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from benchmarks.child import CHILDREN, ROOT, Children

REPORT = ROOT / "out" / "bench.json"


@dataclass(frozen=True)
class Row:
    """Least, middle and largest figure of something that was measured `rounds` times."""

    name: str
    unit: str
    minimum: float
    median: float
    maximum: float
    rounds: int
    limit: float | None = None

    @property
    def missed(self) -> bool:
        """The limit is for the middle of all rounds: other work on the machine disturbs single ones."""
        return self.limit is not None and self.median > self.limit


@dataclass(frozen=True)
class PartRow(Row):
    """The same for one part of a run on a network of so many pipes."""

    pipes: int = 0


class Figures:
    """All rows, as far as they have been measured."""

    def __init__(self) -> None:
        self.runs: list[Row] = []
        self.parts: list[PartRow] = []

    @property
    def missed(self) -> list[Row]:
        """Rows over their limit."""
        return [row for row in self.runs if row.missed]


FIGURES = pytest.StashKey[Figures]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()
    config.option.benchmark_quiet = True  # the tables below say it shorter


@pytest.fixture
def record_run(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Function that keeps figures of a whole run: name, unit, measured values, limit if there is one."""

    def record(name: str, unit: str, values: Sequence[float], limit: float | None = None) -> None:
        figures = min(values), statistics.median(values), max(values)
        request.config.stash[FIGURES].runs.append(Row(name, unit, *figures, len(values), limit))

    return record


@pytest.fixture
def record_part(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Function that keeps figures of one part: name, number of pipes, measured seconds."""

    def record(name: str, pipes: int, values: Sequence[float]) -> None:
        figures = min(values), statistics.median(values), max(values)
        row = PartRow(name, "s", *figures, len(values), pipes=pipes)
        request.config.stash[FIGURES].parts.append(row)

    return record


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    for line in (*run_lines(figures.runs), *part_lines(figures.parts)):
        terminalreporter.write_line(line)
    for row in figures.missed:
        terminalreporter.write_line(
            f"MISSED: {row.name}: {row.median:.4g} {row.unit}, the limit is {row.limit:g} {row.unit}",
            red=True,
            bold=True,
        )
    if figures.runs or figures.parts:
        terminalreporter.write_line(machine_line())
        write_report(figures)
        terminalreporter.write_line(f"written to {REPORT.relative_to(ROOT).as_posix()}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.stash[FIGURES].missed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def run_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Table of whole runs and of the solver."""
    if not rows:
        return
    yield ""
    yield "Whole runs (each in a fresh process: time without imports, peak memory with them) and the solver"
    yield f"{'':<42}{'unit':>5}{'minimum':>10}{'median':>10}{'maximum':>10}{'rounds':>8}{'limit':>8}  (for the median)"
    for row in rows:
        values = "".join(f"{value:>10.4g}" for value in (row.minimum, row.median, row.maximum))
        limit = f"{'-':>8}" if row.limit is None else f"{row.limit:>8g}  {'MISSED' if row.missed else 'met'}"
        yield f"{row.name:<42}{row.unit:>5}{values}{row.rounds:>8}{limit}"


def part_lines(rows: Sequence[PartRow]) -> Iterator[str]:
    """Table of parts by number of pipes, with the factor that ten times the pipes take."""
    if not rows:
        return
    sizes = sorted({row.pipes for row in rows})
    by_place = {(row.name, row.pipes): row for row in rows}
    names = list(dict.fromkeys(row.name for row in rows))
    yield ""
    yield "Parts by number of pipes: minimum, median, maximum in seconds; growth of the median, 10 is linear"
    growths = [f"x{large // small}" for small, large in itertools.pairwise(sizes)]
    yield f"{'':<10}" + "".join(f"{size:>24,}" for size in sizes) + "".join(f"{'growth ' + g:>12}" for g in growths)
    totals = {size: sum(by_place[n, size].median for n in names if (n, size) in by_place) for size in sizes}
    for name in names:
        cells = [by_place.get((name, size)) for size in sizes]
        medians = [None if cell is None else cell.median for cell in cells]
        yield f"{name:<10}" + "".join(f"{_three(cell):>24}" for cell in cells) + _growth(medians)
    yield f"{'sum':<10}" + "".join(f"{total:>15.3f}{'':>9}" for total in totals.values()) + _growth([*totals.values()])


def _three(row: Row | None) -> str:
    return "-" if row is None else "".join(f"{value:>8.3f}" for value in (row.minimum, row.median, row.maximum))


def _growth(values: Sequence[float | None]) -> str:
    pairs = itertools.pairwise(values)
    return "".join(f"{b / a:>12.1f}" if a and b else f"{'-':>12}" for a, b in pairs)


def machine_line() -> str:
    """What it ran on; with more to do than processors, other programs have made it slower."""
    load = f", load {os.getloadavg()[1]:.1f} in the last five minutes" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors{load}"


def write_report(figures: Figures) -> None:
    """Write all figures and what they were measured on."""
    import gisheat

    REPORT.parent.mkdir(exist_ok=True)
    content = {
        "gisheat": gisheat.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "runs": [asdict(row) | {"missed": row.missed} for row in figures.runs],
        "parts": [{k: v for k, v in asdict(row).items() if k != "limit"} for row in figures.parts],
    }
    REPORT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@pytest.fixture
def children() -> Children:
    """Child processes of this test alone, on the clock of all."""
    CHILDREN.megabytes.clear()
    return CHILDREN
