"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Unpack

from gisheat import bill, maps, outputs
from gisheat.comparison import add_comparison
from gisheat.desk_quantities import CostOutput, CurveOutput, EquipmentOutput, MapOutput, TableOutput
from gisheat.duration import add_duration_findings, write_duration
from gisheat.equipment import add_equipment, write_equipment
from gisheat.hydraulic_table import write_table
from gisheat.operations.running import (
    TO_LOADS,
    TO_SIZES,
    TO_SOLUTION,
    Report,
    Steps,
    as_far_as_possible,
    product_of,
    resolve_options,
    state_of,
    write_page,
)
from gisheat.option_sets import (
    CostOptions,
    DrawOptions,
    DurationOptions,
    EquipOptions,
    ProfileOptions,
    RegulateOptions,
    SolveOptions,
    TableOptions,
)
from gisheat.places import place
from gisheat.quantities import DiagramOutput, InputFile, ReportOutput
from gisheat.regulation_table import write_regulation
from gisheat.state import Progress, State, open_project
from gisheat.summary import Rows
from gisheat.workbooks import SUFFIXES


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of a way: to a station, along pipes, or between nodes.

    Ground, supply, return, static line, boiling limit, pipe class, direct users, pump and plant, with a strip of
    figures; to the worst station when nothing is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.DIAGRAMS, outputs.write_diagram)


def table(
    project: InputFile, output: TableOutput, *, progress: Progress | None = None, **options: Unpack[TableOptions]
) -> Report:
    """Write the hydraulic calculation table: critical path, whole network, notes.

    A workbook with live formulas for all that follows from flow, length, bore and roughness, or a CSV file.
    """
    return product_of(table, project, output, options, progress, TO_SOLUTION, SUFFIXES, write_table)


def regulate(
    project: InputFile, output: CurveOutput, *, progress: Progress | None = None, **options: Unpack[RegulateOptions]
) -> Report:
    """Draw or list supply, return and flow against the outdoor temperature.

    For the network and for each kind of station: radiators or floor heating, by their secondary design temperatures.
    """
    suffixes = (*outputs.PICTURES, *SUFFIXES)
    return product_of(regulate, project, output, options, progress, TO_LOADS, suffixes, write_regulation)


def duration(
    project: InputFile, output: CurveOutput, *, progress: Progress | None = None, **options: Unpack[DurationOptions]
) -> Report:
    """Draw the load duration curve with the sources that carry it.

    Largest, mean and least load and the heat of a year, from the design climate or the weather of a year; sources
    loaded base to peak; security of supply with the largest unit out. Needs no solved network.
    """
    steps = (*TO_LOADS, add_duration_findings)
    return product_of(
        duration, project, output, options, progress, steps, (*outputs.PICTURES, *SUFFIXES), write_duration
    )


def equip(
    project: InputFile, output: EquipmentOutput, *, progress: Progress | None = None, **options: Unpack[EquipOptions]
) -> Report:
    """List heat exchangers, circulation and make-up pumps of every station.

    By its size, from a catalogue; checked against its load, its secondary flow and its temperatures.
    """
    return product_of(
        equip, project, output, options, progress, (*TO_LOADS, add_equipment), SUFFIXES, write_equipment
    )  # fmt: skip


def draw(
    project: InputFile, output: MapOutput, *, progress: Progress | None = None, **options: Unpack[DrawOptions]
) -> Report:
    """Draw a map as in a heating plan.

    The result of the solution, the loads of the stations, what is built in which phase, or a hydraulic sketch with the
    figures of every section.
    """
    opened = open_project(place(project))
    kind = resolve_options(draw, opened, dict(options))["map"]
    return product_of(draw, project, output, options, progress, MAP_STEPS[kind], outputs.PICTURES, write_map)


def write_map(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the map that the option `map` names."""
    return maps.write_map(state, target, state.options["map"])


MAP_STEPS: Mapping[str, Steps] = {"loads": TO_LOADS, "phases": TO_SIZES, "result": TO_SOLUTION, "sketch": TO_SOLUTION}
"""How far the stages must come for each kind of map."""


def cost(
    project: InputFile, output: CostOutput, *, progress: Progress | None = None, **options: Unpack[CostOptions]
) -> Report:
    """Count pipes, water, steel, valves, stations and sources by phase, and cost the trenches.

    Beside another project or result, the differences by phase, status and diameter as well.
    """
    chosen = resolve_options(cost, open_project(place(project)), dict(options))
    against = chosen["against"]
    other = None
    if against is not None:
        theirs = {n: chosen[n] for n in ("prices", "price_factor", "cost_of", "replacement_factor")}
        other = state_of(cost, against, theirs, progress, TO_SIZES)
    steps = (*TO_SIZES, bill.add_cost_findings)
    return product_of(cost, project, output, options, progress, steps, SUFFIXES, partial(bill.write_bill, other=other))


def report(
    project: InputFile, output: ReportOutput, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Write a report of the network: one HTML file that opens in any browser, offline.

    First a verdict in plain words, then a map to move and point at, the pressure diagram, tables, findings and
    inputs. What can't be solved gets a report on its findings.
    """
    steps = as_far_as_possible((*TO_SOLUTION, add_comparison))
    return product_of(report, project, output, options, progress, steps, (".html",), write_page)
