"""What goes on the planner's desk: tables, diagrams and figures of one network, each a file."""

from __future__ import annotations

from typing import Unpack

from gisheat import outputs
from gisheat.equipment import add_equipment, write_equipment
from gisheat.operations.running import TO_LOADS, TO_SOLUTION, Report, product_of
from gisheat.option_sets import EquipOptions, ProfileOptions, RegulateOptions
from gisheat.quantities import CurveOutput, DiagramOutput, EquipmentOutput, InputFile
from gisheat.regulation_table import write_regulation
from gisheat.state import Progress
from gisheat.workbooks import SUFFIXES


def profile(
    project: InputFile, output: DiagramOutput, *, progress: Progress | None = None, **options: Unpack[ProfileOptions]
) -> Report:
    """Draw the pressure diagram of a way: to a station, along pipes, or between nodes.

    Ground, supply, return, static line, boiling limit, pipe class, direct users, pump and plant, with a strip of
    figures; to the worst station when nothing is named.
    """
    return product_of(profile, project, output, options, progress, TO_SOLUTION, outputs.DIAGRAMS, outputs.write_diagram)


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
