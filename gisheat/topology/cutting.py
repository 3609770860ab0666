"""Cutting lines that are noded already: ends at one place become one node, lines are cut where something joins them.

A line carries the supply, the return, or both (bits 1 and 2); only what shares a bit can meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.layers.measures import has_m, lines_of_vertices, vertices
from gisheat.noding import EXACT, PAIR

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Lines = NDArray[np.object_]


def join_places(points: Array, bits: Index, fixed: int = 0) -> tuple[Array, Index]:
    """Nodes of points: those at exactly one place are one node where they share a side.

    A point that carries both sides joins all at its place; without one, supply and return stay apart there. Of the
    first `fixed` points each is a node of its own; others go to the first of these at their place.

    Returns
    -------
    tuple
        Places of the nodes (k, 2), and the node of each point (n,).
    """
    points = points + 0.0  # no place is at -0.0
    count = len(points)
    order = np.lexsort((bits != PAIR, np.arange(count) >= fixed, points[:, 1], points[:, 0]))
    new = np.ones(count, bool)
    new[1:] = (points[order[1:]] != points[order[:-1]]).any(axis=1)
    place = np.empty(count, np.int64)
    place[order] = np.cumsum(new) - 1
    leads_all = np.zeros(int(new.sum()), bool)
    leads_all[place[(bits == PAIR)]] = True
    key = place * 4 + np.where(leads_all[place], 0, bits)
    key[:fixed] = np.arange(fixed) - fixed  # each its own, before all others
    first = np.full(len(leads_all), -1, np.int64)
    first[place[:fixed][::-1]] = np.arange(fixed)[::-1]
    led = np.flatnonzero(first[place[fixed:]] >= 0) + fixed
    key[led] = first[place[led]] - fixed
    _, one, node = np.unique(key, return_index=True, return_inverse=True)
    return points[one], node.astype(np.int64)


class Touching(NamedTuple):
    """Nodes on the middle of lines: node, line, distance along the line [m], gap [m]; equal lengths."""

    node: Index
    line: Index
    along: Array
    gap: Array


def find_passing(lines: Lines, usable: NDArray[np.bool_], xy: Array, own: Index) -> Touching:
    """Usable lines other than a point's own one that pass through it; `node` counts the points."""
    points = np.asarray(shapely.points(xy), object)
    node, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=EXACT)
    keep = usable[line] & (line != own[node])
    node, line = node[keep].astype(np.int64), line[keep].astype(np.int64)
    along = np.asarray(shapely.line_locate_point(lines[line], points[node]))
    inside = (along > EXACT) & (along < shapely.length(lines[line]) - EXACT)
    node, line, along = node[inside], line[inside], along[inside]
    return Touching(node, line, along, np.zeros(len(node)))


class Pieces(NamedTuple):
    """Lines after cutting: geometry, the line each is a part of, its number within it (from 1), and its two nodes."""

    geometry: Lines
    line: Index
    part: Index
    start: Index
    end: Index
    share: Array
    """Length of the piece divided by the length of the line."""


def cut_lines(
    lines: Lines, start: Index, end: Index, xy: Array, cut_line: Index, cut_along: Array, cut_node: Index
) -> Pieces:
    """Cut lines at nodes and put all ends on their nodes.

    Parameters
    ----------
    lines, start, end : arrays, shape (n,)
        Lines and the nodes of their ends.
    xy : array, shape (nodes, 2)
        Place of the nodes [m].
    cut_line, cut_along, cut_node : arrays, shape (cuts,)
        Which line is cut how far along it [m] at which node.
    """
    order = np.lexsort((cut_node, cut_along, cut_line))
    cut_line, cut_along, cut_node = cut_line[order], cut_along[order], cut_node[order]
    again = np.zeros(len(order), bool)  # the same node twice in a row cuts once
    again[1:] = (cut_line[1:] == cut_line[:-1]) & (cut_node[1:] == cut_node[:-1])
    cut_line, cut_along, cut_node = cut_line[~again], cut_along[~again], cut_node[~again]
    cuts = np.bincount(cut_line, minlength=len(lines))
    whole = cuts == 0
    owner, part = np.repeat(np.arange(len(lines)), cuts + 1), np.concatenate([[0], np.cumsum(cuts + 1)])[:-1]
    number = np.arange(len(owner)) - part[owner]
    first = np.full(len(owner), -1, np.int64)
    last = first.copy()
    first[part], last[part + cuts] = start, end
    inner = np.flatnonzero(number > 0)
    first[inner], last[inner - 1] = cut_node, cut_node
    share = np.ones(len(owner))
    pieces = np.empty(len(owner), object)
    pieces[part[whole]] = _moved_ends(lines[whole], xy[start[whole]], xy[end[whole]])
    offset = np.concatenate([[0], np.cumsum(cuts)])
    for i in np.flatnonzero(~whole).tolist():
        along = cut_along[offset[i] : offset[i + 1]]
        rows = slice(part[i], part[i] + cuts[i] + 1)
        pieces[rows] = _cut(lines[i], along, [(xy[a], xy[b]) for a, b in zip(first[rows], last[rows], strict=True)])
        share[rows] = np.diff([0.0, *along, lines[i].length]) / lines[i].length
    return Pieces(pieces, owner, number + 1, first, last, share)


def _moved_ends(lines: Lines, first: Array, last: Array) -> Lines:
    """Lines whose first and last vertex lie at given places; Z and M are kept."""
    begin, finish = end_coordinates(lines)
    moved = (begin != first).any(axis=1) | (finish != last).any(axis=1)
    if not moved.any():
        return lines
    with_z, with_m = shapely.has_z(lines), has_m(lines)
    result = lines.copy()
    for z, m in product((False, True), repeat=2):
        chosen = np.flatnonzero(moved & (with_z == z) & (with_m == m))
        if len(chosen):
            coordinates, line = vertices(lines[chosen], z=z, m=m)
            bounds = np.searchsorted(line, np.arange(len(chosen) + 1))
            coordinates[bounds[:-1], :2] = first[chosen]
            coordinates[bounds[1:] - 1, :2] = last[chosen]
            result[chosen] = lines_of_vertices(coordinates, np.diff(bounds), z=z, m=m)
    return result


def _cut(line: shapely.LineString, along: Array, ends: Sequence[tuple[Array, Array]]) -> Lines:
    """Pieces of a line between distances along it, with the first and last vertex of each at its nodes."""
    own = np.array([line], object)
    z, m = bool(shapely.has_z(line)), bool(has_m(own)[0])
    coordinates, _ = vertices(own, z=z, m=m)
    measure = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(coordinates[:, :2], axis=0), axis=1))])
    stops = np.concatenate([[0.0], along, [measure[-1]]])
    at = np.column_stack([np.interp(stops, measure, coordinates[:, k]) for k in range(coordinates.shape[1])])
    pieces = []
    for i, (first, last) in enumerate(ends):
        between = (measure > stops[i] + EXACT) & (measure < stops[i + 1] - EXACT)
        piece = np.vstack([at[i], coordinates[between], at[i + 1]])
        piece[0, :2], piece[-1, :2] = first, last
        pieces.append(piece)
    count = np.array([len(piece) for piece in pieces])
    return lines_of_vertices(np.vstack(pieces), count, z=z, m=m)


def end_coordinates(lines: Lines, *, z: bool = False) -> tuple[Array, Array]:
    """Coordinates of the first and of the last vertex of each line, none of them empty; shape (n, 2) or (n, 3)."""
    coordinates, line = shapely.get_coordinates(lines, include_z=z, return_index=True)
    bounds = np.searchsorted(line, np.arange(len(lines) + 1))
    return coordinates[bounds[:-1]], coordinates[bounds[1:] - 1]


def end_points(lines: Lines) -> Array:
    """First and then last points of lines, shape (2 n, 2)."""
    return np.concatenate(end_coordinates(lines)) if len(lines) else np.empty((0, 2))
