"""Shapes of the map as whole numbers: decimetres from the corner of the network, each point from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

STEP = 0.1
"""Metres of one unit of the map."""
FINENESS = 20_000.0
"""Shapes are simplified to the size of the network divided by this; nobody sees it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle that the map shows [m], in the coordinates of the result."""

    west: float
    south: float
    east: float
    north: float

    @property
    def size(self) -> float:
        """The longer side [m]."""
        return max(self.east - self.west, self.north - self.south)

    def units(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Points [m] of shape (n, 2) in units of the map, from the south-west corner."""
        return np.rint((points - [self.west, self.south]) / STEP).astype(np.int64)


def frame_of(tables: Mapping[str, Any], names: Iterable[str]) -> Frame | None:
    """Rectangle around the finite shapes of the first layers that have any; None where nothing has a place."""
    for group in names:
        shapes = [t.geometry.to_numpy() for n in group.split() if (t := tables.get(n)) is not None and "geometry" in t]
        bounds = np.concatenate([shapely.bounds(s) for s in shapes] or [np.zeros((0, 4))])
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if len(bounds):
            low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
            return Frame(*(float(v) for v in (*low, *high)))
    return None


def lines_of(table: Any, frame: Frame) -> list[list[list[int]]]:
    """Parts of every line of a layer: x, y of its first point, then steps from point to point."""
    shapes = table.geometry.to_numpy().copy()
    shapes[~_is_finite(shapes)] = None
    shapes = np.where(shapely.get_dimensions(shapes) == 1, shapes, None)
    parts, row = shapely.get_parts(shapely.simplify(shapes, max(STEP, frame.size / FINENESS)), return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    units = frame.units(points)
    first = np.concatenate([[True], part[1:] != part[:-1]]) if len(part) else np.zeros(0, bool)
    steps = np.diff(units, axis=0, prepend=units[:1])
    steps[first] = units[first]
    found: list[list[list[int]]] = [[] for _ in range(len(table))]
    cut = np.flatnonzero(first)
    for at, piece in zip(row[part[cut]].tolist(), np.split(steps.ravel(), 2 * cut[1:]), strict=True):
        found[at].append(piece.tolist())
    return found


def points_of(table: Any, frame: Frame) -> list[list[int] | None]:
    """A place for every feature of a layer, None where it has none."""
    shapes = table.geometry.to_numpy().copy()
    shapes[~_is_finite(shapes)] = None
    places = shapely.centroid(shapes)
    points = np.column_stack([shapely.get_x(places), shapely.get_y(places)])
    known = np.isfinite(points).all(axis=1)
    units = frame.units(np.nan_to_num(points))
    return [units[i].tolist() if known[i] else None for i in range(len(points))]


def _is_finite(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(shapely.bounds(shapes)).all(axis=1))
