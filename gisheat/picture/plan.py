"""A map in the making: the sheet with its axes, what is to be drawn, and how crowded it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gisheat.picture.features import Content
    from gisheat.picture.page import Page


class PhaseTotal(NamedTuple):
    """What stands in a phase: stations, heated area [m2], load [W]; NaN where unknown."""

    phase: str
    stations: int
    area: float
    load: float


@dataclass(frozen=True)
class Plan:
    """What each kind of map draws on.

    `axes` is the map, `page` the sheet around it; coordinates of both are millimetres of paper.
    """

    page: Page
    axes: Axes
    content: Content
    density: float
    notes: Sequence[str]
    phases: Sequence[str]
    """Phases in their order."""
    totals: Sequence[PhaseTotal]

    def phase_name(self, phase: str) -> str:
        """Name of a phase in the language of the map."""
        return self.page.words.get(f"phase {phase}", phase)
