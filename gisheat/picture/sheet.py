"""The sheet of paper: A3, its map frame and side panel, the map scale and the scale bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN_MM = 12.0
PANEL_MM = 74.0
GUTTER_MM = 6.0
PADDING_MM = 13.0
SMALLEST_EXTENT_M = 60.0
_A3_MM = (420.0, 297.0)
_SCALES = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 9.0)
_BAR_PIECES = {1: 4, 2: 4, 5: 5}

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sheet:
    """A page in millimetres from its lower left corner; boxes are (left, bottom, right, top)."""

    width: float
    height: float
    map_frame: Box
    panel: Box
    title_top: float
    denominator: float
    centre: tuple[float, float]


def choose_sheet(bounds: Box, title_height: float) -> Sheet:
    """Choose A3 landscape or portrait, whichever shows `bounds` [m] larger, and a round map scale.

    Parameters
    ----------
    bounds
        West, south, east, north of what must be seen [m].
    title_height
        Height of the title band above the map [mm].
    """
    west, south, east, north = bounds
    extent = np.maximum([east - west, north - south], SMALLEST_EXTENT_M)
    sheets = []
    for width, height in (_A3_MM, _A3_MM[::-1]):
        top = height - MARGIN_MM - title_height
        panel_left = width - MARGIN_MM - PANEL_MM
        frame = (MARGIN_MM, MARGIN_MM, panel_left - GUTTER_MM, top)
        room = np.array([frame[2] - frame[0], frame[3] - frame[1]]) - 2 * PADDING_MM
        denominator = round_scale(float((extent / room).max()) * 1000)
        panel = (panel_left, MARGIN_MM, width - MARGIN_MM, top)
        centre = ((west + east) / 2, (south + north) / 2)
        sheets.append(Sheet(width, height, frame, panel, height - MARGIN_MM, denominator, centre))
    return min(sheets, key=lambda sheet: sheet.denominator)


def round_scale(denominator: float) -> float:
    """Next round scale denominator (1 : 12 500 ...) that is not smaller."""
    power = 10.0 ** np.floor(np.log10(denominator))
    steps = np.array([*_SCALES, 10.0])
    return float(steps[np.searchsorted(steps, denominator / power - 1e-9)] * power)


def to_page(sheet: Sheet, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Move geometries from map coordinates [m] to the page [mm]."""
    left, bottom, right, top = sheet.map_frame
    middle = np.array([left + right, bottom + top]) / 2
    moved = shapely.transform(geometry, lambda xy: middle + (xy - np.asarray(sheet.centre)) * 1000 / sheet.denominator)
    return np.asarray(moved, dtype=object)


def round_below(value: float) -> float:
    """Largest of 1, 2, 5, 10, 20 ... that is not larger than `value` > 0."""
    power = 10.0 ** np.floor(np.log10(value) + 1e-12)
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power)


def scale_bar(denominator: float, longest_mm: float) -> tuple[float, int]:
    """Round length of the scale bar [m], not longer than `longest_mm` on paper, and its number of pieces."""
    length = round_below(longest_mm * denominator / 1000)
    leading = round(length / 10.0 ** np.floor(np.log10(length) + 1e-12))
    return length, _BAR_PIECES[leading]
