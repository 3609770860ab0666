"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from typing import Unpack

from gisheat import outputs
from gisheat.comparison import add_comparison
from gisheat.operations.running import TO_SOLUTION, Report, as_far_as_possible, product_of, write_page
from gisheat.option_sets import ProfileOptions, SolveOptions
from gisheat.quantities import DiagramOutput, InputFile, ReportOutput
from gisheat.state import Progress


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of the way to a station.

    Ground, supply, return, static line, boiling limit, pump and plant, with a strip of figures; to the worst station
    when none is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.PICTURES, outputs.write_diagram)


def report(
    project: InputFile, output: ReportOutput, *, progress: Progress | None = None, **options: Unpack[SolveOptions]
) -> Report:
    """Write a report of the network: one HTML file that opens in any browser, offline.

    First a verdict in plain words, then a map to move and point at, the pressure diagram, tables, findings and
    inputs. What can't be solved gets a report on its findings.
    """
    steps = as_far_as_possible((*TO_SOLUTION, add_comparison))
    return product_of(report, project, output, options, progress, steps, (".html",), write_page)
