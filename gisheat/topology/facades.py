"""Facades of buildings: the place of a building that is nearest to the pipes or streets around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from gisheat.network import Array, Index
from gisheat.noding import EXACT
from gisheat.topology.cutting import Lines
from gisheat.topology.feet import candidate_feet
from gisheat.topology.visibility import barrier_of, blocked

PARALLEL = 1e-3
"""Stretches of a facade that are as near as its nearest point up to this [m] count as equally near."""


class _Edges(NamedTuple):
    """Segments of lines: whose, first and last point."""

    owner: Index
    start: Array
    end: Array


def facade_points(buildings: Lines, lines: Lines, *, farthest: float = np.inf, forbidden: Lines | None = None) -> Array:
    """Place on the outline of each building that is nearest to any line, shape (n, 2) [m].

    Where a whole stretch of facade is equally near (it runs along the street), its middle is taken; walls of
    courtyards are facades too, and where a line passes through a building, the place where it enters is the
    nearest. When a forbidden area hides that place from the line, the best of the corners and wall middles of the
    building is taken instead.

    Parameters
    ----------
    buildings : array of Polygon or MultiPolygon
        Valid ones with an area.
    lines : array of LineString
        What buildings may be connected to. Without any, a point inside each building is returned.
    farthest : float
        Longest connection [m].
    forbidden : array of Polygon or MultiPolygon, optional
        Areas that no connection passes through.
    """
    if not len(lines) or not len(buildings):
        return shapely.get_coordinates(shapely.point_on_surface(buildings))
    outline = shapely.boundary(shapely.force_2d(buildings))
    walls, targets = _edges(outline), _edges(lines)
    facade, foot = _nearest(walls, targets, outline)
    if forbidden is None or not len(forbidden):
        return facade
    hidden = np.flatnonzero(blocked(facade, foot, barrier_of(shapely.make_valid(forbidden))))
    if len(hidden):
        facade[hidden] = _in_sight(walls, hidden, facade[hidden], lines, farthest, forbidden)
    return facade


def _edges(lines: Lines) -> _Edges:
    """Segments of lines and multi-lines, in their order."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    return _Edges(owner[part[first]], xy[first], xy[first + 1])


def _nearest(walls: _Edges, targets: _Edges, outline: Lines) -> tuple[Array, Array]:
    """Nearest place on each outline, and its foot on the nearest segment of a line."""
    segments = np.asarray(shapely.linestrings(np.stack([targets.start, targets.end], axis=1)), object)
    owner, target = shapely.STRtree(segments).query_nearest(outline, all_matches=True)
    corners = shapely.bounds(segments[target])  # of equally near segments the first one by place
    order = np.lexsort((targets.start[target, 0], *corners.T, owner))
    target = target[order[np.unique(owner[order], return_index=True)[1]]]
    start, end = targets.start[target], targets.end[target]
    a, b = start[walls.owner], end[walls.owner]  # what each wall looks at
    shares = np.column_stack(
        [np.zeros(len(a)), np.ones(len(a)), _share(a, walls.start, walls.end), _share(b, walls.start, walls.end),
         _crossing(walls, a, b)]
    )  # fmt: skip
    places = walls.start[:, None] + shares[..., None] * (walls.end - walls.start)[:, None]
    gap = _distance(places, a[:, None], b[:, None])
    least = np.full(len(outline), np.inf)
    np.minimum.at(least, walls.owner, gap.min(axis=1))
    near = gap <= least[walls.owner][:, None] + PARALLEL
    rows = np.flatnonzero(near.any(axis=1))
    low = np.where(near, shares, np.inf)[rows].min(axis=1)
    high = np.where(near, shares, -np.inf)[rows].max(axis=1)
    step = (walls.end - walls.start)[rows]
    middle = walls.start[rows] + ((low + high) / 2.0)[:, None] * step
    stretch = (high - low) * np.linalg.norm(step, axis=1)
    order = np.lexsort((*middle.T, -np.round(stretch / PARALLEL), walls.owner[rows]))
    best = order[np.unique(walls.owner[rows][order], return_index=True)[1]]
    facade = middle[best]
    return facade, start + _share(facade, start, end)[:, None] * (end - start)


def _share(points: Array, start: Array, end: Array) -> Array:
    """Share of a segment at which it is nearest to a point, 0 to 1."""
    step = end - start
    square = (step**2).sum(axis=-1)
    found = ((points - start) * step).sum(axis=-1) / np.where(square > 0.0, square, 1.0)
    return np.asarray(np.clip(found, 0.0, 1.0))


def _distance(points: Array, start: Array, end: Array) -> Array:
    """Distance of points from segments [m]."""
    return np.asarray(np.linalg.norm(start + _share(points, start, end)[..., None] * (end - start) - points, axis=-1))


def _crossing(walls: _Edges, start: Array, end: Array) -> Array:
    """Share of each wall at which a segment crosses it, 0 where none does."""
    wall, line, offset = walls.end - walls.start, end - start, start - walls.start
    determinant = wall[:, 0] * line[:, 1] - wall[:, 1] * line[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        on_wall = (offset[:, 0] * line[:, 1] - offset[:, 1] * line[:, 0]) / determinant
        on_line = (offset[:, 0] * wall[:, 1] - offset[:, 1] * wall[:, 0]) / determinant
    crosses = (on_wall >= 0.0) & (on_wall <= 1.0) & (on_line >= 0.0) & (on_line <= 1.0)
    return np.where(crosses, on_wall, 0.0)


def _in_sight(walls: _Edges, rows: Index, facade: Array, lines: Lines, farthest: float, forbidden: Lines) -> Array:
    """Of corners and wall middles the one with the shortest admissible connection; the given place without any."""
    mine = np.flatnonzero(np.isin(walls.owner, rows))
    number = np.searchsorted(rows, np.tile(walls.owner[mine], 2))
    places = np.concatenate([walls.start[mine], (walls.start[mine] + walls.end[mine]) / 2.0])
    feet = candidate_feet(places, lines, np.ones(len(lines), bool), farthest=farthest, forbidden=forbidden)
    xy, building = places[feet.point], number[feet.point]
    corner = feet.point < len(mine)  # of equally near places rather the middle of a wall
    order = np.lexsort((*xy.T, corner, np.round(feet.gap / EXACT), building))
    found, first = np.unique(building[order], return_index=True)
    result = facade.copy()
    result[found] = xy[order[first]]
    return result
