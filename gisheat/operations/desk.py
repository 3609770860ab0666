"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from gisheat import outputs, tables
from gisheat.catalogue import pipe_series
from gisheat.equipment import add_equipment, write_equipment
from gisheat.errors import InputError
from gisheat.geopackage import check_output
from gisheat.hydraulic_table import Made, agreement_rows, agreement_text, compare_figures, read_printed, write_table
from gisheat.operations.running import TO_LOADS, TO_SOLUTION, Report, product_of
from gisheat.option_sets import CheckTableOptions, EquipOptions, ProfileOptions, RegulateOptions, TableOptions
from gisheat.physics.water import water
from gisheat.quantities import (
    CurveOutput,
    DiagramOutput,
    EquipmentOutput,
    FindingsOutput,
    InputFile,
    PrintedTable,
    TableOutput,
)
from gisheat.regulation_table import write_regulation
from gisheat.signature import checked, defaults
from gisheat.state import Progress, report
from gisheat.summary import Rows
from gisheat.workbooks import SUFFIXES, check_suffix, write_tables


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of the way to a station.

    Ground, supply, return, static line, boiling limit, pump and plant, with a strip of figures; to the worst station
    when none is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.PICTURES, outputs.write_diagram)


def table(
    project: InputFile, output: TableOutput, *, progress: Progress | None = None, **options: Unpack[TableOptions]
) -> Report:
    """Write the hydraulic calculation table: critical path, whole network, notes.

    A workbook with live formulas for all that follows from flow, length, bore and roughness, or a CSV file.
    """
    return product_of(table, project, output, options, progress, TO_SOLUTION, SUFFIXES, write_table)


def check_table(
    printed: PrintedTable, output: FindingsOutput | None = None, *, progress: Progress | None = None,
    **options: Unpack[CheckTableOptions],
) -> Report:  # fmt: skip
    """Compare the figures of a printed hydraulic table with each other, and with the schedule of its pipes.

    Names each figure that disagrees by more than its printed digits allow, and what would agree. With an output, writes
    the findings as a table.
    """
    started = time.perf_counter()
    chosen = {**defaults(check_table), **checked(check_table, options)}
    files = [Path(str(name).partition("|")[0]) for name in (printed, chosen["schedule"]) if name]
    target = None if output is None else Path(output)
    if target is not None:
        check_suffix(target)
        check_output(target, files)
    report(progress, 0.1, "reading the table")
    table_read = read_printed(Path(printed))
    schedule = read_printed(Path(chosen["schedule"]), "schedule") if chosen["schedule"] else None
    checks = compare_figures(table_read, made_with(chosen), pipe_series(chosen["catalogue"]), schedule)
    if not any(check.rows for check in checks):
        raise InputError(
            f"table {printed}: no two of its columns can be compared (columns: {', '.join(table_read.table.columns)});"
            " a workbook whose formulas were never calculated holds no numbers: save it in a spreadsheet first."
        )
    read = [one for one in (table_read, schedule) if one is not None]
    findings = tuple(f for one in read for f in one.findings) + tuple(f for check in checks for f in check.findings)
    if target is not None:
        listed = pd.DataFrame(tables.findings_layer(findings, None).drop(columns="geometry"))
        write_tables(target, {"findings": listed}, language=chosen["language"], title=files[0].stem)
    figures: Rows = {"sections": (len(table_read.table), ""), **agreement_rows(checks)}
    text = agreement_text(table_read, checks, findings, target)
    notes = tuple(note for one in read for note in one.notes)
    written = () if target is None else (target,)
    return Report(figures, findings, notes, written, text, time.perf_counter() - started)


def made_with(options: Mapping[str, Any]) -> Made:
    """Water, law and roughness that a printed table was made with."""
    known = water(options["water_temp_c"] + 273.15)
    law = options["friction"]
    return Made(
        options["density_kg_m3"] or known.density, options["viscosity_pa_s"] or known.viscosity,
        options["roughness_mm"] / (1.0 if law == "hazen-williams" else 1e3), law, options["tolerance_percent"] / 100.0,
    )  # fmt: skip


def regulate(
    project: InputFile, output: CurveOutput, *, progress: Progress | None = None, **options: Unpack[RegulateOptions]
) -> Report:
    """Draw or list supply, return and flow against the outdoor temperature.

    For the network and for each kind of station: radiators or floor heating, by their secondary design temperatures.
    """
    suffixes = (*outputs.PICTURES, *SUFFIXES)
    return product_of(regulate, project, output, options, progress, TO_LOADS, suffixes, write_regulation)


def equip(
    project: InputFile, output: EquipmentOutput, *, progress: Progress | None = None, **options: Unpack[EquipOptions]
) -> Report:
    """List heat exchangers, circulation and make-up pumps of every station.

    By its size, from a catalogue; checked against its load, its secondary flow and its temperatures.
    """
    return product_of(
        equip, project, output, options, progress, (*TO_LOADS, add_equipment), SUFFIXES, write_equipment
    )  # fmt: skip
