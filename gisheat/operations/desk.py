"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from typing import Unpack

from gisheat import outputs
from gisheat.operations.running import TO_SOLUTION, Report, product_of
from gisheat.option_sets import ProfileOptions
from gisheat.quantities import DiagramOutput, InputFile
from gisheat.state import Progress


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of the way to a station.

    Ground, supply, return, static line, boiling limit, pump and plant, with a strip of figures; to the worst station
    when none is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.PICTURES, outputs.write_diagram)
