"""Feet of points on lines: the nearest places that a straight connection can reach without crossing an area.

Stations are joined to pipes, and to streets, by the same search. All of it works on arrays; what stands behind
a forbidden area is looked at again by `visibility`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely

from gisheat.network import Array, Index, Mask
from gisheat.noding import EXACT
from gisheat.topology.cutting import Lines
from gisheat.topology.visibility import Barrier, barrier_of, blocked, nearest_visible

At = Literal["anywhere", "vertices", "ends"]
GROWTH = 2.0
"""Factor by which the circle around a point grows until enough lines are found in it."""


class Candidates(NamedTuple):
    """Feet that connections may lead to, equal-length arrays ordered by point and distance."""

    point: Index
    line: Index
    along: Array
    """Distance of the foot along its line [m]."""
    xy: Array
    """Place of the foot, shape (feet, 2) [m]."""
    gap: Array
    """Distance from the point [m]."""


def candidate_feet(
    points: Array, lines: Lines, usable: Mask, *,
    count: int = 1, farthest: float = np.inf, forbidden: Lines | None = None, at: At = "anywhere",
) -> Candidates:  # fmt: skip
    """Nearest feet of every point on different lines, at most `count` of them, nearest first.

    On each line the nearest place counts that the point sees past the forbidden areas: mostly the
    perpendicular foot or an end, else a place where the line comes out of the shadow of an area. Feet of
    several lines at one place count once. An area that a point stands in does not block its connections: they
    have to leave it. Of equally near feet the first one by the corners of its line is taken, so that the order
    of lines plays no role.

    Parameters
    ----------
    points : array, shape (n, 2)
        Places to connect [m].
    lines : array of LineString, shape (m,)
        None of them empty.
    usable : array of bool, shape (m,)
        Lines that may be connected to.
    count : int
        Most feet of one point.
    farthest : float
        Longest connection [m].
    forbidden : array of Polygon or MultiPolygon, optional
        Areas that no connection passes through; touching them is allowed.
    at : {"anywhere", "vertices", "ends"}
        Where on a line a foot may be.

    Returns
    -------
    Candidates
        A point without any foot has no row.
    """
    targets = _targets(lines, np.flatnonzero(usable), at)
    if not len(points) or not len(targets.line):
        return _nothing()
    farthest = min(farthest, _span(points, lines))
    found = []
    for rows, barrier in _groups(points, forbidden, farthest):
        feet = _around(points[rows], lines, targets, barrier, count, farthest)
        found.append(feet._replace(point=rows[feet.point]))
    together = Candidates._make(np.concatenate(columns) for columns in zip(*found, strict=True))
    return _rows(together, np.argsort(together.point, kind="stable"))


class _Targets(NamedTuple):
    """What is searched: lines, or their vertices with the distance along the line."""

    tree: shapely.STRtree
    line: Index
    along: Array | None


def _targets(lines: Lines, chosen: Index, at: At) -> _Targets:
    if at == "anywhere":
        return _Targets(shapely.STRtree(lines[chosen]), chosen, None)
    xy, owner = shapely.get_coordinates(lines[chosen], return_index=True)
    step = np.linalg.norm(np.diff(xy, axis=0, prepend=xy[:1]), axis=1)
    first = np.searchsorted(owner, np.arange(len(chosen)))
    along = np.cumsum(step)
    along = along - along[first][owner]
    if at == "ends":
        last = np.append(first[1:], len(owner)) - 1
        keep = np.unique(np.concatenate([first, last]))
        xy, owner, along = xy[keep], owner[keep], along[keep]
    return _Targets(shapely.STRtree(np.asarray(shapely.points(xy), object)), chosen[owner], along)


def _groups(points: Array, forbidden: Lines | None, farthest: float) -> Iterator[tuple[Index, Barrier | None]]:
    """Points with the areas that block them: all areas within reach, without those that a point stands in."""
    everyone = np.arange(len(points))
    if forbidden is None or not len(forbidden):
        yield everyone, None
        return
    areas, places = shapely.make_valid(forbidden), np.asarray(shapely.points(points), object)
    tree = shapely.STRtree(areas)
    point, area = tree.query(places, predicate="within")
    outside = np.setdiff1d(everyone, point)
    if len(outside):
        yield outside, barrier_of(areas)
    if not len(point):
        return
    order = np.lexsort((area, point))
    inside, first = np.unique(point[order], return_index=True)
    own: dict[tuple[int, ...], list[int]] = {}
    for p, areas_of_p in zip(inside.tolist(), np.split(area[order], first[1:]), strict=True):
        own.setdefault(tuple(areas_of_p.tolist()), []).append(p)
    for left, rows in own.items():
        near = np.unique(tree.query(places[rows], predicate="dwithin", distance=farthest)[1])
        rest = np.setdiff1d(near, left)
        yield np.array(rows, np.int64), barrier_of(areas[rest]) if len(rest) else None


def _around(
    points: Array, lines: Lines, targets: _Targets, barrier: Barrier | None, count: int, farthest: float
) -> Candidates:
    """Feet of points, found in circles that grow until each holds enough of them or is as large as may be."""
    # without a largest distance: with one, GEOS first lists everything within it
    places = np.asarray(shapely.points(points), object)
    (rows, _), near = targets.tree.query_nearest(places, return_distance=True, all_matches=False)
    rows, near = rows[near <= farthest], near[near <= farthest]
    radius = near + EXACT if count == 1 else GROWTH * near + 1.0
    found = [_nothing()]
    while len(rows):
        radius = np.minimum(radius, farthest)
        feet = _within(points, rows, radius, lines, targets, barrier)
        feet = _rows(feet, _first(feet, lines, count))
        enough = np.bincount(feet.point, minlength=len(points))[rows] >= count
        done = enough | (radius >= farthest)
        of_done = np.zeros(len(points), bool)
        of_done[rows[done]] = True
        found.append(_rows(feet, np.flatnonzero(of_done[feet.point])))
        rows, radius = rows[~done], np.maximum(GROWTH * radius[~done], 1.0)
    return Candidates._make(np.concatenate(columns) for columns in zip(*found, strict=True))


def _within(
    points: Array, rows: Index, radius: Array, lines: Lines, targets: _Targets, barrier: Barrier | None
) -> Candidates:
    """Feet of points within a radius each, as far as the barrier lets them be seen."""
    places = np.asarray(shapely.points(points[rows]), object)
    row, target = targets.tree.query(places, predicate="dwithin", distance=radius)
    line = targets.line[target]
    if targets.along is None:
        along = np.asarray(shapely.line_locate_point(lines[line], places[row]))
        xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], along))
        gap = np.asarray(shapely.distance(lines[line], places[row]))
    else:
        along = targets.along[target]
        xy = shapely.get_coordinates(targets.tree.geometries[target])
        gap = np.linalg.norm(xy - points[rows[row]], axis=1)
    feet = Candidates(rows[row], line, along, xy, gap)
    if barrier is None:
        return feet
    hidden = blocked(points[feet.point], feet.xy, barrier)
    seen = _rows(feet, np.flatnonzero(~hidden))
    if targets.along is not None or not hidden.any():
        return seen
    pair = np.flatnonzero(hidden)
    visible = nearest_visible(points[feet.point[pair]], lines[line[pair]], radius[row[pair]], barrier)
    behind = pair[visible.pair]
    others = Candidates(feet.point[behind], line[behind], visible.along, visible.xy, visible.gap)
    return Candidates._make(np.concatenate(columns) for columns in zip(seen, others, strict=True))


def _first(feet: Candidates, lines: Lines, count: int) -> Index:
    """Rows of the nearest `count` feet of each point, one for each line and each place, in their order."""
    corners = shapely.bounds(lines[feet.line])
    place = np.round(feet.xy / EXACT) + 0.0
    order = np.lexsort((feet.along, *feet.xy.T, *corners.T, np.round(feet.gap / EXACT), feet.point))
    for key in ((feet.line,), place.T):
        again = pd.DataFrame({k: column[order] for k, column in enumerate((feet.point, *key))}).duplicated()
        order = order[~again.to_numpy()]
    point = feet.point[order]
    return order[np.arange(len(point)) - np.searchsorted(point, point) < count]


def _span(points: Array, lines: Lines) -> float:
    """Length that is longer than any connection [m]."""
    xy = np.vstack([points, shapely.get_coordinates(lines)])
    return float(np.linalg.norm(np.ptp(xy, axis=0))) + 1.0


def _rows(feet: Candidates, rows: Index) -> Candidates:
    return Candidates._make(column[rows] for column in feet)


def _nothing() -> Candidates:
    none = np.empty(0, np.int64)
    return Candidates(none, none, np.empty(0), np.empty((0, 2)), np.empty(0))
