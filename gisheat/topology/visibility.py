"""What a point sees of a line past areas that a connection must not cross."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gisheat.network import Array, Index, Mask
from gisheat.noding import EXACT
from gisheat.topology.cutting import Lines

GRAZE = 1e-3
"""Connections may touch an area; rounding at its corners and edges is forgiven up to this depth [m]."""


class Barrier(NamedTuple):
    """Areas as one obstacle."""

    solid: shapely.STRtree
    """Polygons, a hair smaller than drawn."""
    corners: Array
    """Corners of the areas as drawn, shape (corners, 2) [m]."""
    edges: shapely.STRtree
    """Edges of the areas as drawn."""


class Visible(NamedTuple):
    """Nearest visible place of a pair of point and line; equal-length arrays, pairs that see nothing have no row."""

    pair: Index
    along: Array
    xy: Array
    gap: Array


def barrier_of(areas: Lines) -> Barrier:
    """One obstacle from areas that may overlap and touch: nothing slips through between neighbours."""
    whole = shapely.get_parts(shapely.union_all(areas))
    whole = whole[shapely.get_dimensions(whole) == 2]
    inner = shapely.get_parts(shapely.buffer(whole, -GRAZE, join_style="mitre"))
    corners, ring = shapely.get_coordinates(shapely.get_rings(whole), return_index=True)
    along = np.flatnonzero(ring[1:] == ring[:-1])
    edges = _segments(corners[along], corners[along + 1])
    return Barrier(shapely.STRtree(inner[~shapely.is_empty(inner)]), corners[along], shapely.STRtree(edges))


def blocked(start: Array, end: Array, barrier: Barrier) -> Mask:
    """Which straight lines pass through the obstacle; shapes (n, 2) and (n, 2) to (n,)."""
    result = np.zeros(len(start), bool)
    result[barrier.solid.query(_segments(start, end), predicate="intersects")[0]] = True
    return result


def crossed_areas(start: Array, end: Array, areas: Lines) -> tuple[Index, Index]:
    """Which straight lines pass through which areas: rows of the lines and of the areas."""
    inner = shapely.buffer(shapely.make_valid(areas), -GRAZE, join_style="mitre")
    row, area = shapely.STRtree(inner).query(_segments(start, end), predicate="intersects")
    order = np.lexsort((area, row))
    return row[order], area[order]


def nearest_visible(points: Array, lines: Lines, radius: Array, barrier: Barrier) -> Visible:
    """Nearest place within a radius that each point sees on its line.

    What a point sees of a segment are stretches of it. Their ends are ends of the segment, places where a ray
    that grazes a corner of an area meets it, and places where the segment itself enters an area; the nearest
    place of a stretch is one of its ends or the foot of the perpendicular. So these are all there is to try.

    Parameters
    ----------
    points : array, shape (pairs, 2)
    lines : array of LineString, shape (pairs,)
    radius : array, shape (pairs,)
        [m]
    """
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(owner[1:] == owner[:-1])
    pair, start, step = owner[first], xy[first], xy[first + 1] - xy[first]
    length = np.linalg.norm(step, axis=1)
    before = np.cumsum(length) - length
    before -= before[np.searchsorted(pair, pair)]
    square = np.where(length > 0.0, length, 1.0) ** 2
    foot = np.clip(((points[pair] - start) * step).sum(axis=1) / square, 0.0, 1.0)
    near = np.linalg.norm(start + foot[:, None] * step - points[pair], axis=1) <= radius[pair]
    pair, start, step, length, before, foot = (a[near] for a in (pair, start, step, length, before, foot))
    count = len(pair)
    rows = [np.tile(np.arange(count), 3)]
    shares = [np.concatenate([np.zeros(count), np.ones(count), foot])]
    for row, share in (
        _past_corners(points[pair], radius[pair], start, step, barrier),
        _at_edges(start, step, barrier),
    ):
        rows.append(row)
        shares.append(share)
    row, share = np.concatenate(rows), np.concatenate(shares)
    place = start[row] + share[:, None] * step[row]
    gap = np.linalg.norm(place - points[pair[row]], axis=1)
    keep = np.flatnonzero(gap <= radius[pair[row]])
    keep = keep[~blocked(points[pair[row[keep]]], place[keep], barrier)]
    order = keep[np.lexsort((*place[keep].T, np.round(gap[keep] / EXACT), pair[row[keep]]))]
    best = order[np.unique(pair[row[order]], return_index=True)[1]]
    return Visible(pair[row[best]], before[row[best]] + share[best] * length[row[best]], place[best], gap[best])


def _past_corners(points: Array, radius: Array, start: Array, step: Array, barrier: Barrier) -> tuple[Index, Array]:
    """Where rays from points past corners meet the segment of the same row: row, share of the segment."""
    if not len(points) or not len(barrier.corners):
        return np.empty(0, np.int64), np.empty(0)
    seen = cKDTree(barrier.corners).query_ball_point(points, radius)
    counts = np.array([len(s) for s in seen], np.int64)
    row = np.repeat(np.arange(len(points)), counts)
    corner = barrier.corners[np.concatenate([np.asarray(s, np.int64) for s in seen])] - points[row]
    offset, along = start[row] - points[row], step[row]
    # corner * a = offset + along * share
    determinant = corner[:, 0] * along[:, 1] - corner[:, 1] * along[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (corner[:, 1] * offset[:, 0] - corner[:, 0] * offset[:, 1]) / determinant
        reach = (offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0]) / determinant
    meets = (share >= 0.0) & (share <= 1.0) & (reach > 0.0)
    return row[meets], share[meets]


def _at_edges(start: Array, step: Array, barrier: Barrier) -> tuple[Index, Array]:
    """Where segments meet edges of the obstacle: row, share of the segment."""
    segments = _segments(start, start + step)
    row, edge = barrier.edges.query(segments, predicate="intersects")
    meeting = shapely.intersection(segments[row], barrier.edges.geometries[edge])
    xy, which = shapely.get_coordinates(meeting, return_index=True)
    row = row[which]
    square = (step[row] ** 2).sum(axis=1)
    share = ((xy - start[row]) * step[row]).sum(axis=1) / np.where(square > 0.0, square, 1.0)
    return row, np.clip(share, 0.0, 1.0)


def _segments(start: Array, end: Array) -> Lines:
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), object)
