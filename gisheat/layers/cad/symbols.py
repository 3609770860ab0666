"""Lines that end at the edge of a block symbol: they are drawn to the point that the symbol stands for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding

Array = NDArray[np.float64]

LARGEST = 60.0
"""Largest symbol [m]; what is larger is a frame or a part of the plan."""
ROOM = 0.1
"""Share of a symbol's size by which a line may end before its edge."""
LEAST = 0.01
"""Gap below which an end lies on the point [m]."""
MEETS = 0.5
"""Distance within which an end lies at another line [m]."""
STRAIGHT = np.cos(np.deg2rad(30.0))
"""A line that ends at a symbol points to its middle by no more than 30 degrees off."""


def reach_symbols(
    layer: str, lines: NDArray[np.object_], fids: Sequence[int], points: Array, outlines: Sequence[Array | None],
    names: Sequence[str],
) -> tuple[NDArray[np.object_], list[Finding]]:  # fmt: skip
    """Lengthen lines that end in, or at the edge of, a symbol, straight to its point; one finding for each end.

    Parameters
    ----------
    lines : array of LineString, shape (lines,)
    points : array, shape (points, 2 or 3)
        Where the symbols stand [m].
    outlines : sequence of arrays, shape (corners, 2)
        Corners of each symbol [m]; None for a point without one.
    """
    boxes, row = _boxes(points, outlines)
    if not len(row) or not len(lines):
        return lines, []
    tree = shapely.STRtree(boxes)
    met = [_meeting(lines, shapely.get_point(lines, end)) for end in (0, -1)]
    changed, findings = lines.copy(), []
    for last in (False, True):
        ends = shapely.get_point(lines, -1 if last else 0)
        end, box = tree.query(ends, predicate="intersects")
        gap = np.linalg.norm(shapely.get_coordinates(ends)[end] - points[row[box], :2], axis=1)
        order = np.argsort(gap, kind="stable")
        end, at, gap = end[order], row[box[order]], gap[order]
        _, first = np.unique(end, return_index=True)  # the nearest point of each end
        for index in first.tolist():
            line, point = int(end[index]), points[at[index]]
            if (
                gap[index] <= LEAST
                or line in met[last]
                or not _points_at(shapely.get_coordinates(lines[line]), point[:2], last=last)
            ):
                continue
            changed[line] = _longer(changed[line], point, last=last)
            message = (
                f"The line ends {gap[index]:.2f} m before the point of the symbol {names[at[index]] or 'circle'};"
                " it was drawn on to it."
            )
            findings.append(
                Finding(
                    "end-in-symbol", "info", layer, message, int(fids[line]),
                    point=(float(point[0]), float(point[1])), distance=float(gap[index]), repair="extended",
                    applied=True,
                )
            )  # fmt: skip
    return changed, findings


def _meeting(lines: NDArray[np.object_], ends: NDArray[np.object_]) -> set[int]:
    """Lines whose end lies at another line: it goes on there, not to a symbol."""
    end, other = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=MEETS)
    return set(end[end != other].tolist())


def _boxes(points: Array, outlines: Sequence[Array | None]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Boxes around symbols of a fitting size, a little larger than they are, and the row of each."""
    found, rows = [], []
    for row, outline in enumerate(outlines):
        if outline is None:
            continue
        low, high = outline.min(axis=0), outline.max(axis=0)
        size = float(max(high - low))
        x, y = points[row, :2]
        around = low[0] - size <= x <= high[0] + size and low[1] - size <= y <= high[1] + size
        if LEAST < size <= LARGEST and around:
            room = ROOM * size + LEAST
            found.append(shapely.box(*(low - room), *(high + room)))
            rows.append(row)
    return np.array(found, object), np.array(rows, np.int64)


def _points_at(line: Array, point: Array, *, last: bool) -> bool:
    """Whether the end of a line, shape (vertices, 2), points to a place."""
    end, before = (line[-1], line[-2]) if last else (line[0], line[1])
    way, left = end - before, point - end
    size = float(np.linalg.norm(way) * np.linalg.norm(left))
    return size > 0.0 and float(way @ left) / size >= STRAIGHT


def _longer(line: shapely.LineString, point: Array, *, last: bool) -> shapely.LineString:
    z = bool(shapely.has_z(line))
    place = shapely.get_coordinates(line, include_z=z)
    added = np.zeros((1, place.shape[1]))
    added[0, : min(len(point), place.shape[1])] = point[: place.shape[1]]
    return shapely.LineString(np.vstack([place, added] if last else [added, place]))
