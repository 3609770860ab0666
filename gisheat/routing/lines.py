"""Lines in an order and direction of their own, cut at places along them.

Streets are drawn in any order and either way. Everything after this module sees them sorted by place and turned
from their lower end to their upper one, so that the drawing's order and directions play no role in what is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.graphs.graph import Array, Index, Mask
from gisheat.noding import EXACT

Lines = NDArray[np.object_]
LINE = int(shapely.GeometryType.LINESTRING)


@dataclass(frozen=True, slots=True)
class Paths:
    """Lines as shapes and as vertices: those of line i are `xyz[offset[i] : offset[i + 1]]`."""

    line: Lines
    row: Index
    """Row of the table that each line comes from."""
    turned: Mask
    """Whether it is drawn the other way."""
    xyz: Array
    """Vertices, shape (vertices, 3) [m]; the third column is NaN where no height is drawn."""
    along: Array
    """Distance of each vertex from the start of its line [m]."""
    offset: Index

    def __len__(self) -> int:
        return len(self.line)

    @property
    def length(self) -> Array:
        """Length of each line [m]."""
        return self.along[self.offset[1:] - 1]

    @property
    def ends(self) -> Array:
        """First points, then last points, shape (2 lines, 3)."""
        return self.xyz[np.concatenate([self.offset[:-1], self.offset[1:] - 1])]


def paths_of(geometry: Lines, names: NDArray[Any]) -> Paths:
    """Lines sorted by place and turned upwards; parts of multi-lines become lines of their own.

    Parameters
    ----------
    geometry : array of lines, shape (rows,)
    names : array, shape (rows,)
        What decides the order of lines at one place.
    """
    if (shapely.get_type_id(geometry) == LINE).all():
        parts, row = geometry.copy(), np.arange(len(geometry))
    else:
        parts, row = shapely.get_parts(geometry, return_index=True)
    length = shapely.length(parts)
    parts, row, length = parts[length > 0.0], row[length > 0.0], length[length > 0.0]
    count = shapely.get_num_coordinates(parts)
    xy, begin = shapely.get_coordinates(parts), np.cumsum(count) - count
    first, second, before, last = (xy[i] for i in (begin, begin + 1, begin + count - 2, begin + count - 1))
    closed = (first == last).all(axis=1)[:, None]
    low, high = np.where(closed, second, first), np.where(closed, before, last)
    turned = (low[:, 0] > high[:, 0]) | ((low[:, 0] == high[:, 0]) & (low[:, 1] > high[:, 1]))
    parts[turned] = shapely.reverse(parts[turned])
    low, high = np.where(turned[:, None], last, first), np.where(turned[:, None], first, last)
    word = np.asarray(names, dtype=str)[row]
    order = np.lexsort((word, count, length, *high.T[::-1], *low.T[::-1]))
    parts, row, count, turned = parts[order], row[order], count[order], turned[order]
    xyz = shapely.get_coordinates(parts, include_z=True)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    step = np.zeros(len(xyz))
    step[1:] = np.hypot(*np.diff(xyz[:, :2], axis=0).T)
    step[offset[:-1]] = 0.0
    total = np.cumsum(step)
    along = total - np.repeat(total[offset[:-1]], count)
    return Paths(parts, row.astype(np.int64), turned, xyz, along, offset)


def point_at(paths: Paths, line: Index, along: Array) -> Array:
    """Points on lines at a distance from their start [m], shape (n, 3)."""
    before = _vertices_below(paths, line, along)
    before = np.clip(before, paths.offset[line], paths.offset[line + 1] - 2)
    a, b = paths.xyz[before], paths.xyz[before + 1]
    step = paths.along[before + 1] - paths.along[before]
    share = np.clip((along - paths.along[before]) / np.where(step > 0.0, step, 1.0), 0.0, 1.0)
    return np.where(share[:, None] == 1.0, b, a + share[:, None] * (b - a))


def _vertices_below(paths: Paths, line: Index, along: Array) -> Index:
    """Last vertex of each line that lies at or below a place along it."""
    # one rising row of numbers for all lines: each begins where the one before has ended, a metre apart
    begin = np.cumsum(paths.length + 1.0) - (paths.length + 1.0)
    rising = paths.along + np.repeat(begin, np.diff(paths.offset))
    return np.searchsorted(rising, begin[line] + along, side="right") - 1


def stretches(paths: Paths, line: Index, low: Array, high: Array, first: Array, last: Array) -> Lines:
    """Parts of lines between two places along them, with given end points.

    Parameters
    ----------
    line : array, shape (n,)
    low, high : array, shape (n,)
        Distances from the start of the line [m], low < high.
    first, last : array, shape (n, 3)
        Points there, which become the ends bit for bit.
    """
    if not len(line):
        return np.empty(0, dtype=object)
    begin = np.maximum(_vertices_below(paths, line, low + EXACT) + 1, paths.offset[line] + 1)
    stop = np.minimum(_vertices_below(paths, line, high - EXACT) + 1, paths.offset[line + 1] - 1)
    inner = np.maximum(stop - begin, 0)
    owner = np.repeat(np.arange(len(line)), inner)
    vertex = np.arange(inner.sum()) - np.repeat(np.cumsum(inner) - inner, inner) + begin[owner]
    which = np.concatenate([np.arange(len(line)), owner, np.arange(len(line))])
    order = np.argsort(which, kind="stable")
    xyz = np.concatenate([first, paths.xyz[vertex], last])[order]
    return lines_of(xyz, which[order])


def lines_of(xyz: Array, owner: Index) -> Lines:
    """Lines of vertices (n, 3) by the line that owns them, with heights where every vertex of a line has one."""
    flat = np.asarray(shapely.linestrings(xyz[:, :2], indices=owner), object)
    high = np.bincount(owner, np.isnan(xyz[:, 2])) == 0
    if high.any():
        some = high[owner]
        flat[high] = shapely.linestrings(xyz[some], indices=np.unique(owner[some], return_inverse=True)[1])
    return flat


@dataclass(frozen=True, slots=True)
class Pieces:
    """Lines cut at places: piece i is line `line[i]` from `low[i]` to `high[i]` [m] between two nodes."""

    line: Index
    low: Array
    high: Array
    start: Index
    end: Index


@dataclass(frozen=True, slots=True)
class Cut:
    """Pieces, the points of all nodes, shape (nodes, 3), and the node at each place that was asked for."""

    pieces: Pieces
    xyz: Array
    node: Index
    along: Array
    """Where the node of each place really lies [m]: places within the tolerance of one another are one node."""


def cut(paths: Paths, line: Index, along: Array, tolerance: float) -> Cut:
    """Cut lines at places along them.

    Ends at one point are one node. A place within the tolerance of an end is that end; of places on one line that
    are closer than the tolerance, the lower one stands for all (never farther than the tolerance).
    """
    ends, number = _same_points(paths.ends)
    count = len(paths)
    length = paths.length
    near = max(tolerance, EXACT)
    place, leader = _leaders(line, along, length, near)
    new_line, new_along = line[leader], along[leader]
    nodes = len(ends) + np.arange(len(leader))
    known = np.concatenate([number[:count], number[count:], nodes])  # starts, ends, leaders
    chosen = np.where(
        place >= 0, len(ends) + place, np.where(along <= length[line] - along, number[line], number[count + line])
    )
    all_line = np.concatenate([np.arange(count), np.arange(count), new_line])
    all_along = np.concatenate([np.zeros(count), length, new_along])
    order = np.lexsort((all_along, all_line))
    a, b = order[:-1], order[1:]
    same = all_line[a] == all_line[b]
    a, b = a[same], b[same]
    pieces = Pieces(all_line[a], all_along[a], all_along[b], known[a], known[b])
    xyz = np.concatenate([ends, point_at(paths, new_line, new_along)])
    at = np.where(
        place >= 0, new_along[place] if len(leader) else 0.0, np.where(along <= length[line] - along, 0.0, length[line])
    )
    return Cut(pieces, xyz, chosen, at)


def _leaders(line: Index, along: Array, length: Array, near: float) -> tuple[Index, Index]:
    """For each place the leader it belongs to (-1: an end of its line), and the place that each leader is."""
    belongs = np.full(len(line), -1, np.int64)
    leader: list[int] = []
    at_end = (along <= near) | (along >= length[line] - near)
    for i in np.lexsort((along, line)).tolist():
        if at_end[i]:
            continue
        if not leader or line[leader[-1]] != line[i] or along[i] - along[leader[-1]] > near:
            leader.append(i)
        belongs[i] = len(leader) - 1
    return belongs, np.array(leader, np.int64)


def _same_points(points: Array) -> tuple[Array, Index]:
    """Points that differ in plan, sorted, and for each point the one that it is."""
    order = np.lexsort((points[:, 2], points[:, 1], points[:, 0]))
    sorted_ = points[order]
    fresh = np.ones(len(points), bool)
    fresh[1:] = (np.diff(sorted_[:, :2], axis=0) != 0.0).any(axis=1)
    number = np.empty(len(points), np.int64)
    number[order] = np.cumsum(fresh) - 1
    return sorted_[fresh], number
