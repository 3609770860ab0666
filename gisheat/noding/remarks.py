"""What is told of lines when noding has ended."""

from __future__ import annotations

from typing import Any

import numpy as np

from gisheat.noding.joining import Apart, crossings_in, line_at
from gisheat.noding.kernels.cells import list_places, list_segments, mark_cells, segments_in
from gisheat.noding.kernels.places import moved_ends, pairs_apart
from gisheat.noding.kernels.touching import find_misses
from gisheat.noding.model import NEAR_MISS, Array, Events, Index, events_of
from gisheat.noding.state import CROSSINGS, State, power_of_two, region_of

Rows = list[tuple[str, dict[str, Any]]]


def all_events(state: State, apart: list[Apart]) -> Events:
    """Events of noding and what is left to be remarked."""
    there = np.zeros(len(state.lines), bool)
    there[state.pieces.line] = True
    rows: Rows = [row for row in state.events if row[0] != "overlap"]
    rows += _dropped([row for row in state.events if row[0] == "overlap"], there)
    gone = ~there
    for kind, columns in rows:
        if kind == "doubled":
            gone[columns["line"]] = False
    rows += [_collapsed(state, np.flatnonzero(gone)), _snapped(state, there), _ends_apart(state)]
    rows += [
        ("left-apart", {"line": a, "other": b, "x": at[:, 0], "y": at[:, 1], "distance": d}) for a, b, at, d in apart
    ]
    rows += [_misses(state), *_kept_crossings(state)]
    return events_of(rows)


def _dropped(rows: Rows, there: Any) -> Rows:
    """Stretches that ran along others: of lines that are still there, and of those that are gone, told once each."""
    if not rows:
        return []
    joined = {name: np.concatenate([columns[name] for _, columns in rows]) for name in rows[0][1]}
    partly = there[joined["line"]]
    whole = np.flatnonzero(~partly)
    whole = whole[np.unique(joined["line"][whole], return_index=True)[1]]
    return [
        ("overlap", {name: column[partly] for name, column in joined.items()}),
        ("doubled", {name: column[whole] for name, column in joined.items()}),
    ]


def _collapsed(state: State, lines: Index) -> tuple[str, dict[str, Any]]:
    """Lines that are gone because all of them lay at one node; the distance is their length."""
    lengths = line_lengths(state)[0]
    first = state.lines.offset[lines]
    xy = np.full((len(lines), 2), np.nan)
    filled = state.lines.offset[lines + 1] > first
    xy[filled] = state.lines.xy[first[filled]]
    return "collapsed", {"line": lines, "x": xy[:, 0], "y": xy[:, 1], "distance": lengths[lines]}


def line_lengths(state: State) -> tuple[Array, Array]:
    """Length of each line as drawn, and the way along all of them up to each vertex."""
    if state.lengths is not None:
        return state.lengths
    xy, offset = state.lines.xy, state.lines.offset
    step = np.hypot(*np.diff(xy, axis=0).T) if len(xy) else np.empty(0)
    border = offset[1:-1]
    step[border[(border > 0) & (border < len(xy))] - 1] = 0.0
    way = np.zeros(len(xy) + 1)
    np.cumsum(step, out=way[1 : len(step) + 1])
    length = np.where(
        np.diff(offset) > 0, way[np.maximum(offset[1:] - 1, 0)] - way[np.minimum(offset[:-1], len(xy))], 0.0
    )
    state.lengths = length, way
    return state.lengths


def _snapped(state: State, there: Any) -> tuple[str, dict[str, Any]]:
    """Ends of lines that are somewhere else than they were drawn."""
    lines = np.flatnonzero(there)
    offset = state.lines.offset
    nodes = state.nodes
    line, node, vertex = moved_ends(lines, state.ends, state.lines.xy, offset, nodes.xy, nodes.used)
    at = nodes.xy[node]
    gap = np.hypot(*(at - state.lines.xy[vertex]).T)
    return "end-snapped", {"line": line, "other": nodes.onto[node], "x": at[:, 0], "y": at[:, 1], "distance": gap}


def _ends_apart(state: State) -> tuple[str, dict[str, Any]]:
    """Pairs of ends within the tolerance that are different nodes now."""
    lines = np.flatnonzero(np.diff(state.lines.offset) > 0)
    offset = state.lines.offset
    first = state.distinct
    xy = state.lines.xy[np.concatenate([offset[lines], offset[lines + 1] - 1])[first]]
    number = np.tile(lines, 2)[first]
    node, bits = state.ends[:, lines].ravel()[first], state.bits[number]
    node = np.where(state.nodes.used[node], node, -1).astype(np.int32)
    moved = (state.nodes.xy[node] != xy).any(axis=1)
    head, following = list_places(
        xy, np.ones(len(xy), bool), len(xy), state.node_size, power_of_two(2 * len(xy))
    )  # fmt: skip
    one, other = pairs_apart(xy, moved, bits, node, head, following, state.node_size, state.tolerance, state.radius)
    at = 0.5 * (xy[one] + xy[other])
    return "left-apart", {
        "line": np.minimum(number[one], number[other]), "other": np.maximum(number[one], number[other]),
        "x": at[:, 0], "y": at[:, 1], "distance": np.hypot(*(xy[one] - xy[other]).T),
    }  # fmt: skip


def _misses(state: State) -> tuple[str, dict[str, Any]]:
    """Loose ends beside lines they are not joined with."""
    nodes, pieces = state.nodes, state.pieces
    loose = np.flatnonzero(nodes.degree == 1).astype(np.int32)
    distance = NEAR_MISS * state.tolerance
    radius = distance + (state.radius - state.tolerance)
    bits, _, owner = state.of_pieces()
    size = max(state.cell, 2.0 * distance)
    none = np.empty(0, np.int32)
    marked = mark_cells(pieces.xy, none, nodes.xy[loose], size, 1.01 * radius, power_of_two(16 * len(loose)))
    segments = segments_in(pieces.xy, owner, marked, size)
    first, items = list_segments(pieces.xy, segments, size, 2.0 * state.touch, power_of_two(len(segments)))
    own = np.full(len(nodes.xy), -1, np.int32)
    own[pieces.start] = own[pieces.end] = np.arange(len(pieces))
    segment, foot = find_misses(
        loose, own[loose], nodes.xy, nodes.bits, first, items, size, pieces.xy, owner, pieces.offset, pieces.start,
        pieces.end, bits, distance, radius,
    )  # fmt: skip
    missed = (segment >= 0) & (foot[:, 2] > state.tolerance**2)
    at = nodes.xy[loose[missed]]
    return "near-miss", {
        "line": line_at(state)[loose[missed]], "other": pieces.line[owner[segment[missed]]],
        "x": at[:, 0], "y": at[:, 1], "distance": np.sqrt(foot[missed, 2]),
    }  # fmt: skip


def _kept_crossings(state: State) -> Rows:
    """Crossings without a node, each pair of lines once at a place."""
    if state.join.all() and len(np.unique(state.level)) <= 1 and not state.known.any():
        return []
    region = region_of(state, CROSSINGS, everything=True)
    assert region is not None
    segments, _, place = crossings_in(state, region, kept=True)
    lines = np.sort(state.pieces.line[region.owner[segments]], axis=1)
    order = np.lexsort((place[:, 1], place[:, 0], lines[:, 1], lines[:, 0]))
    lines, place = lines[order], place[order]
    again = np.zeros(len(order), bool)
    again[1:] = (lines[1:] == lines[:-1]).all(axis=1) & (place[1:] == place[:-1]).all(axis=1)
    lines, place = lines[~again], place[~again]
    return [("crossing-kept", {
        "line": lines[:, 0], "other": lines[:, 1], "x": place[:, 0], "y": place[:, 1], "distance": np.zeros(len(place)),
    })]  # fmt: skip
