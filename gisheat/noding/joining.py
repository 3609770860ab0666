"""One pass of noding: nodes beside lines, crossings, and what runs along each other after that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gisheat.noding.kernels.cells import list_places
from gisheat.noding.kernels.crossing import find_crossing
from gisheat.noding.kernels.places import first_lines
from gisheat.noding.kernels.same import find_doubles, find_parallel, measure_pieces
from gisheat.noding.kernels.touching import APART, find_touching, join_crossing, join_touching
from gisheat.noding.model import PAIR, Array, Index, Mask, order_by
from gisheat.noding.state import (
    CROSSINGS,
    SEVERAL,
    SIDES,
    Region,
    Small,
    State,
    follow,
    keep,
    power_of_two,
    region_of,
)

Apart = tuple[Small, Small, Array, Array]
"""Lines left apart: line, other line, place, distance."""


def join_sides(state: State, everything: bool) -> tuple[bool, Apart]:
    """Join nodes and the lines they lie beside; returns whether anything changed, and what was left apart."""
    region = region_of(state, SIDES, everything)
    if region is None:
        return False, _none()
    pieces, nodes = state.pieces, state.nodes
    bits, level, _ = state.of_pieces()
    node, segment, foot, what = find_touching(
        region.nodes, nodes.xy, nodes.bits, nodes.level, SEVERAL, region.first, region.items, state.cell, pieces.xy,
        region.owner, pieces.offset, pieces.start, pieces.end, bits, level, state.tolerance, state.radius, state.touch,
        nodes.known, state.known[pieces.line],
    )  # fmt: skip
    apart = what == APART
    at = line_at(state)
    left = (
        at[node[apart]], pieces.line[region.owner[segment[apart]]], nodes.xy[node[apart]], np.sqrt(foot[apart, 3]),
    )  # fmt: skip
    node, segment, foot = node[~apart], segment[~apart], foot[~apart]
    if not len(node):
        return False, left
    line = pieces.line[region.owner[segment]]
    order = _side_order(state, node, segment, line, foot)
    count = len(nodes.xy)
    moving = int((foot[:, 3] > state.touch**2).sum())
    head, following = list_places(
        nodes.xy, nodes.used, count + moving, state.node_size, power_of_two(2 * (count + moving))
    )  # fmt: skip
    nodes.grow(moving)
    into = np.arange(len(nodes.xy), dtype=np.int32)
    cut, count = join_touching(
        order, node, segment, foot, region.owner, pieces.start, pieces.end, bits, nodes.xy, nodes.bits, nodes.free,
        nodes.reach, into, nodes.onto, pieces.line, head, following, state.node_size, state.tolerance, state.radius,
        state.touch, count,
    )  # fmt: skip
    nodes.shrink(count)
    done = cut >= 0
    bent = np.where(into[node] == node, np.sqrt(foot[:, 3]), 0.0)
    state.events.append(("split", {
        "line": line[done], "other": at[node[done]], "x": nodes.xy[cut[done], 0], "y": nodes.xy[cut[done], 1],
        "distance": bent[done],
    }))  # fmt: skip
    follow(state, into[:count], sorted_cuts(state, region, segment[done], foot[done, 0], cut[done]))
    return True, left


def _side_order(state: State, node: Small, segment: Small, line: Small, foot: Array) -> Index:
    """Order of joining nodes and lines: what touches, then by distance and coordinates, whatever the direction."""
    touches = foot[:, 3] <= state.touch**2
    rest = np.flatnonzero(~touches)
    xy, at = state.pieces.xy, state.nodes.xy[node[rest]]
    middle = xy[segment[rest]] + xy[segment[rest] + 1]
    carried = -state.bits[line[rest]] - 4 * state.nodes.bits[node[rest]]
    keys = (foot[rest, 3], at[:, 0], at[:, 1], foot[rest, 1], foot[rest, 2], middle[:, 0], middle[:, 1], carried)
    return np.concatenate([np.flatnonzero(touches), rest[order_by(*keys)]])


def join_crossings(state: State, everything: bool) -> tuple[bool, Apart]:
    """Give lines that cross or touch a node; returns whether anything changed, and what was left apart."""
    if not state.join.any():
        return False, _none()
    region = region_of(state, CROSSINGS, everything)
    if region is None:
        return False, _none()
    segments, shares, place = crossings_in(state, region, kept=False)
    if not len(segments):
        return False, _none()
    pieces, nodes = state.pieces, state.nodes
    bits, _, _ = state.of_pieces()
    count, room = len(nodes.xy), len(segments)
    head, following = list_places(
        nodes.xy, nodes.used, count + room, state.node_size, power_of_two(2 * (count + room))
    )  # fmt: skip
    nodes.grow(room)
    into = np.arange(len(nodes.xy), dtype=np.int32)
    middle = pieces.xy[segments].sum(axis=1) + pieces.xy[segments + 1].sum(axis=1)
    lines = pieces.line[region.owner[segments]]
    carried = -state.bits[lines].astype(np.int64).sum(axis=1)
    order = order_by(place[:, 0], place[:, 1], middle[:, 0], middle[:, 1], carried)
    cut, left, count = join_crossing(
        order, segments[:, 0].copy(), segments[:, 1].copy(), place, region.owner, pieces.start, pieces.end, bits,
        nodes.xy, nodes.bits, nodes.free, nodes.reach, into, nodes.onto, head, following, state.node_size,
        state.tolerance, state.radius, count,
    )  # fmt: skip
    nodes.shrink(count)
    pairs = np.unique(np.column_stack([np.sort(lines[left], axis=1), place[left]]), axis=0)
    apart = (pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), pairs[:, 2:], np.zeros(len(pairs)))
    done = (cut >= 0).any(axis=1)
    if not done.any():
        return False, apart
    _tell_crossings(state, lines[done], cut[done].max(axis=1), place[done])
    both = cut.ravel() >= 0
    follow(
        state, into[:count],
        sorted_cuts(state, region, segments.ravel()[both], shares.ravel()[both], cut.ravel()[both]),
    )  # fmt: skip
    return True, apart


def crossings_in(state: State, region: Region, *, kept: bool) -> tuple[NDArray[np.int32], Array, Array]:
    """Crossings, each pair of segments once at a place: segments (n, 2), shares (n, 2), places (n, 2)."""
    pieces = state.pieces
    bits, level, _ = state.of_pieces()
    segments, values, _ = find_crossing(
        region.first, region.items, pieces.xy, region.owner, pieces.offset, bits, level, state.join[pieces.line],
        state.known[pieces.line], state.touch, kept,
    )  # fmt: skip
    lower, upper = np.minimum(*segments.T).astype(np.int64), np.maximum(*segments.T)
    pair = (lower << 32) + upper
    order = order_by(pair, values[:, 2], values[:, 3])
    pair, x, y = pair[order], values[order, 2], values[order, 3]
    again = np.zeros(len(order), bool)
    again[1:] = (pair[1:] == pair[:-1]) & (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    order = order[~again]
    return segments[order], values[order, :2], np.ascontiguousarray(values[order, 2:])


def _tell_crossings(state: State, lines: Small, node: Small, place: Array) -> None:
    """Events of crossings that got a node, each pair of lines once at a node."""
    lines = np.sort(lines, axis=1)
    at = state.nodes.xy[node]
    _, first = np.unique(np.column_stack([lines, node]), axis=0, return_index=True)
    away = np.hypot(*(at - place).T)
    for kind, chosen in (
        ("self-crossing", lines[:, 0] == lines[:, 1]),
        ("crossing-joined", lines[:, 0] != lines[:, 1]),
    ):
        rows = first[chosen[first]]
        state.events.append((kind, {
            "line": lines[rows, 0], "other": lines[rows, 1], "x": at[rows, 0], "y": at[rows, 1],
            "distance": away[rows],
        }))  # fmt: skip


def sorted_cuts(
    state: State, region: Region, segment: Small, lower_share: Array, node: Small
) -> tuple[Small, Array, Small]:
    """Cuts in the order they have along the pieces, each once; shares count from the first vertex of the segment."""
    xy, offset = state.pieces.xy, state.pieces.offset
    a, b = xy[segment], xy[segment + 1]
    upper = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    share = np.where(upper, 1.0 - lower_share, lower_share)
    piece = region.owner[segment]
    segment = (segment + (share == 1.0)).astype(np.int32)
    share = np.where(share == 1.0, 0.0, share)
    inside = (segment < offset[piece + 1] - 1) & ((segment > offset[piece]) | (share > 0.0))
    sign = np.where(upper, -1.0, 1.0)
    order = order_by(segment, share, sign * state.nodes.xy[node, 0], sign * state.nodes.xy[node, 1])
    order = order[inside[order]]
    segment, share, node = segment[order], share[order], node[order]
    again = np.zeros(len(order), bool)
    again[1:] = (segment[1:] == segment[:-1]) & (share[1:] == share[:-1]) & (node[1:] == node[:-1])
    return segment[~again], share[~again], node[~again].astype(np.int32)


def drop_doubles(state: State, everything: bool) -> bool:
    """Drop pieces that run along another one between the same nodes; returns whether there were any."""
    pieces = state.pieces
    looked = np.ones(len(pieces), bool)
    if not everything:
        near = np.zeros(len(state.nodes.xy), bool)
        new = pieces.flags != 0
        near[pieces.start[new]] = near[pieces.end[new]] = True
        looked = near[pieces.start] & near[pieces.end]
    chosen, key = find_parallel(pieces.start, pieces.end, state.nodes.degree, looked)
    if not len(chosen):
        return False
    bits, level, _ = state.of_pieces()
    length, number = measure_pieces(chosen, pieces.xy, pieces.xy.view(np.int64), pieces.offset)
    vertices = pieces.offset[chosen + 1] - pieces.offset[chosen]
    alike = _may_be_doubles(key, np.searchsorted(chosen, key), length, vertices, state.touch)
    chosen, key, length, number, vertices = (a[alike] for a in (chosen, key, length, number, vertices))
    keeps = ~state.join[pieces.line[chosen]]
    order = np.lexsort((pieces.line[chosen], number, vertices, length, keeps, bits[chosen] != PAIR, key))
    beside = find_doubles(
        order, key, chosen, length, pieces.xy, pieces.offset, bits, level, state.known[pieces.line], state.touch
    )  # fmt: skip
    gone = beside >= 0
    if not gone.any():
        return False
    first, last = pieces.offset[chosen[gone]], pieces.offset[chosen[gone] + 1] - 1
    left = (first + last) // 2
    right = np.where((last - first) % 2 == 1, left + 1, left)
    at = 0.5 * (pieces.xy[left] + pieces.xy[right])
    state.events.append(("overlap", {
        "line": pieces.line[chosen[gone]], "other": pieces.line[beside[gone]], "x": at[:, 0], "y": at[:, 1],
        "distance": length[gone],
    }))  # fmt: skip
    kept = np.ones(len(pieces), bool)
    kept[chosen[gone]] = False
    keep(state, kept)
    return True


def _may_be_doubles(key: Index, one: Index, length: Array, vertices: Index, touch: float) -> Mask:
    """Whether pieces can run along each other: not if they are two between their nodes and differ much in length.

    `one` is the row of one of each group, the same for all of it.
    """
    several = np.bincount(key)[key] > 2
    differs = np.abs(length - length[one]) > 2.0 * touch * (vertices + vertices[one] + 1)
    apart = np.zeros(len(key), bool)
    apart[one[differs]] = apart[differs] = True
    return several | ~apart


def line_at(state: State) -> Small:
    """A line that ends at each node: the first one; -1 if there is none."""
    pieces = state.pieces
    first: Small = first_lines(pieces.start, pieces.end, pieces.line, len(state.nodes.xy))
    return first


def _none() -> Apart:
    empty = np.empty(0, np.int32)
    return empty, empty, np.empty((0, 2)), np.empty(0)
