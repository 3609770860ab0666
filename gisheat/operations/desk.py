"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from typing import Unpack

from gisheat import outputs
from gisheat.duration import add_duration_findings, write_duration
from gisheat.operations.running import TO_LOADS, TO_SOLUTION, Report, product_of
from gisheat.option_sets import DurationOptions, ProfileOptions
from gisheat.quantities import DiagramOutput, DurationOutput, InputFile
from gisheat.state import Progress


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of the way to a station.

    Ground, supply, return, static line, boiling limit, pump and plant, with a strip of figures; to the worst station
    when none is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.PICTURES, outputs.write_diagram)


def duration(
    project: InputFile, output: DurationOutput, *, progress: Progress | None = None, **options: Unpack[DurationOptions]
) -> Report:
    """Draw the load duration curve with the sources that carry it.

    Largest, mean and least load and the heat of a year, from the design climate or the weather of a year; sources
    loaded base to peak; security of supply with the largest unit out. Needs no solved network.
    """
    steps = (*TO_LOADS, add_duration_findings)
    return product_of(
        duration, project, output, options, progress, steps, (*outputs.PICTURES, ".xlsx", ".csv"), write_duration
    )
