"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from typing import Unpack

from gisheat import outputs
from gisheat.hydraulic_table import write_table
from gisheat.operations.running import TO_SOLUTION, Report, product_of
from gisheat.option_sets import ProfileOptions, TableOptions
from gisheat.quantities import DiagramOutput, InputFile, TableOutput
from gisheat.state import Progress
from gisheat.workbooks import SUFFIXES


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
