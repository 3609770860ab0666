"""Classes, colours and widths of the map, chosen to be told apart with a colour-vision deficiency."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRICTION_BREAKS_PA_M = (30.0, 70.0, 100.0, 200.0, 300.0)
FRICTION_COLOURS = ("#8cc0ea", "#128277", "#eec021", "#ea7317", "#b5172b", "#3f0a2e")
DESIGN_BAND = 1
SURPLUS_BREAKS_M = (0.0, 2.0, 5.0, 10.0, 20.0)
SURPLUS_COLOURS = ("#e3123f", "#ffffff", "#d9cdec", "#ac92d6", "#7648b0", "#3a1668")

PAPER = "#ffffff"
GROUND = "#f4f2ec"
STREET = "#ffffff"
STREET_EDGE = "#d3cfc4"
STREET_NAME = "#8f8b80"
INK = "#23262b"
PALE_INK = "#6b6f76"
RULE = "#c9c5bb"
NO_VALUE = "#9a9a98"
UNKNOWN_FILL = "#d8d8d6"
HALO = "#ffe27a"
CROSS = "#d0021b"
ERROR, WARNING = "#d0021b", "#e8890c"

STREET_WIDTHS_PT = (1.6, 2.6, 4.0)
_WIDE_STREETS = frozenset({"motorway", "trunk", "primary", "arterial", "主干路", "主干道", "快速路", "国道", "省道"})
_MIDDLE_STREETS = frozenset({"secondary", "tertiary", "collector", "次干路", "次干道", "县道"})


def classify(values: NDArray[np.float64], breaks: tuple[float, ...]) -> NDArray[np.int64]:
    """Class number of every value, -1 where there is none; a value on a break is of the higher class."""
    rounded = np.round(values, 6)  # a surplus of -1e-12 m is no deficit
    return np.where(np.isnan(values), -1, np.digitize(rounded, breaks))


def class_names(breaks: tuple[float, ...], below: str = "0 – {:g}") -> list[str]:
    """Names of the classes between `breaks`."""
    middle = [f"{low:g} – {high:g}" for low, high in itertools.pairwise(breaks)]
    return [below.format(breaks[0]), *middle, f"> {breaks[-1]:g}"]


def pipe_widths(diameter_mm: NDArray[np.float64], largest_mm: float, density: float) -> NDArray[np.float64]:
    """Line width [pt] of every diameter; `density` <= 1 makes all lines of a crowded map thinner."""
    share = np.nan_to_num(diameter_mm, nan=0.0) / max(largest_mm, 400.0)
    return np.asarray(density * (0.9 + 5.3 * np.clip(share, 0.0, 1.0)))


def street_widths(classes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Line width [pt] of every street by its class."""
    known = np.array([str(name).lower() for name in classes], dtype=str)
    names, position = np.unique(known, return_inverse=True)
    rank = [2 if name in _WIDE_STREETS else int(name in _MIDDLE_STREETS) for name in names]
    return np.asarray(np.array(STREET_WIDTHS_PT)[np.array(rank, dtype=int)][position])


def station_diameters(load: NDArray[np.float64], largest: float, density: float) -> NDArray[np.float64]:
    """Diameter [mm] of every station symbol, its area growing with the load."""
    share = np.clip(np.nan_to_num(load, nan=0.0) / largest, 0.0, 1.0) if largest > 0 else np.zeros_like(load)
    return np.asarray(density * (2.1 + 2.9 * np.sqrt(share)))
