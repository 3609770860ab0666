"""Whether the figures of a printed table, made by others, agree."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from gisheat import tables
from gisheat.catalogue import pipe_series
from gisheat.desk_quantities import FindingsOutput, PrintedTable
from gisheat.errors import InputError
from gisheat.geopackage import check_output
from gisheat.hydraulic_table import Made, agreement_rows, agreement_text, compare_figures, read_printed
from gisheat.operations.running import Report
from gisheat.option_sets import CheckTableOptions
from gisheat.physics.water import water
from gisheat.places import split_source
from gisheat.signature import checked, defaults
from gisheat.state import Progress, report
from gisheat.summary import Rows
from gisheat.workbooks import check_suffix, write_tables


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
    named = (printed, chosen["schedule"], chosen["catalogue"])
    files = [split_source(str(name))[0] for name in named if name]
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
    return Report(figures, findings, notes, written, text, time.perf_counter() - started, language=chosen["language"])


def made_with(options: Mapping[str, Any]) -> Made:
    """Water, law and roughness that a printed table was made with."""
    known = water(options["water_temp_c"] + 273.15)
    law = options["friction"]
    return Made(
        options["density_kg_m3"] or known.density, options["viscosity_pa_s"] or known.viscosity,
        options["roughness_mm"] / (1.0 if law == "hazen-williams" else 1e3), law, options["tolerance_percent"] / 100.0,
    )  # fmt: skip
