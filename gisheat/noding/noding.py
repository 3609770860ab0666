"""Noding to the fixpoint: what comes out has nothing left to be joined, so a second run changes no bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gisheat.kernels import plain_where
from gisheat.noding.joining import Apart, drop_doubles, join_crossings, join_sides
from gisheat.noding.model import PAIR, Array, Events, Index, Lines, Noded, Rules, order_by
from gisheat.noding.remarks import all_events, line_lengths
from gisheat.noding.state import State, begin, drop_unused, merge_near, rebuild

SMALL = 2000
"""Up to so many vertices loops need not be compiled: they take about a second as they stand."""


def _is_small(lines: Lines, *_: Any, **__: Any) -> bool:
    return len(lines.xy) <= SMALL


@plain_where(_is_small)
def node_lines(
    lines: Lines, rules: Rules, *, bits: ArrayLike | None = None, level: ArrayLike | None = None,
    fixed: ArrayLike | None = None, fixed_bits: ArrayLike | None = None, known: ArrayLike | None = None,
    fixed_known: ArrayLike | None = None,
) -> Noded:  # fmt: skip
    """Cut lines where they meet, with ends within the tolerance at one place.

    Ends within the tolerance of a leader move there; leaders are farther apart than the tolerance, so no chains grow.
    An end beside another line moves to its foot on it, and the line gets a node there; an end that other ends have
    moved to, or a fixed point, stays, and the line goes through it. Lines that cross or share a vertex meet if the
    rules and their levels allow it, at a node that is there already if one is within the tolerance. Of what runs along
    each other between two nodes one piece is kept. This is repeated until nothing changes. The order and the direction
    of the lines play no role, and vertices that nothing touches keep their coordinates bit for bit.

    Parameters
    ----------
    lines : Lines
        At least as many vertices as needed: a line with fewer than two places is gone afterwards, as an event says.
    rules : Rules
        Tolerance [m], and which lines meet where they cross.
    bits : array of int, shape (lines,), optional
        What a line carries: SUPPLY, RETURN or PAIR (the default). Lines that share no bit never meet.
    level : array of int, shape (lines,), optional
        Lines that cross meet only on the same level (0 by default); so do an end and the middle of a line,
        unless the end lies on the line.
    fixed : array, shape (k, 2), optional
        Points that lead: ends and lines within the tolerance go through them, they never move [m].
    fixed_bits : array of int, shape (k,), optional
        What may meet there, PAIR by default.
    known : array of bool, shape (lines,), optional
        Lines that come from an earlier noding: they get no node where they cross one another, and stay where one of
        them lies along another that carries more or less; nor do they get a node where
    fixed_known : array of bool, shape (k,), optional
        one of these fixed points lies beside them (the stations of a network, say, joined after that noding).

    Returns
    -------
    Noded
        Pieces, nodes and events. No end is moved by more than the tolerance as long as all lines carry the same
        (where supply and return lie side by side, two moves can add up). A line is bent by no more than that at a time;
        in a tangle, where it is as near to several nodes that are near each other, bends can add up.

    Raises
    ------
    ValueError
        If a coordinate is not finite, or so large that it can't be in metres.
    """
    state = begin(lines, rules, bits, level, fixed, fixed_bits, known, fixed_known)
    merge_near(state)
    _clean(state)
    drop_doubles(state, everything=True)
    mixed = bool((state.bits != PAIR).any())
    everything, settled, number = True, False, 0
    apart: list[Apart] = []
    while number < rules.passes and not settled:
        number += 1
        changed, beside = join_sides(state, everything)
        if changed:
            _tidy(state, mixed)
        crossed, crossing = join_crossings(state, everything)
        if crossed:
            _tidy(state, mixed)
        if not (changed or crossed) and everything:
            settled = not drop_doubles(state, everything=True)
            apart = [beside, crossing]
        everything = not (changed or crossed)
    events = all_events(state, apart)
    return _result(state, events, number, settled)


def _clean(state: State) -> None:
    """Leave out vertices at the place of the one before, and lines that lie within the tolerance of one node."""
    pieces, none = state.pieces, np.empty(0, np.int32)
    rebuild(state, np.ones(len(pieces), bool), pieces.start, pieces.end, (none, np.empty(0), none))
    drop_unused(state)


def _tidy(state: State, mixed: bool) -> None:
    """Drop what runs along each other now; where a node carries more now, others near it may have to follow."""
    drop_doubles(state, everything=False)
    if mixed and merge_near(state):
        drop_doubles(state, everything=False)


def _result(state: State, events: Events, passes: int, settled: bool) -> Noded:
    """Pieces with nodes numbered in the order of their coordinates."""
    pieces, nodes = state.pieces, state.nodes
    used = np.flatnonzero(nodes.degree > 0)
    used = used[order_by(nodes.xy[used, 0], nodes.xy[used, 1], nodes.bits[used])]
    number = np.full(len(nodes.xy), -1, np.int64)
    number[used] = np.arange(len(used))
    line = pieces.line.astype(np.int64)
    part = np.arange(len(line)) - np.searchsorted(line, line) + 1
    first, last = pieces.along[pieces.offset[:-1]], pieces.along[pieces.offset[1:] - 1]
    length, way = line_lengths(state)
    drawn = _way_to(state, way, line, last) - _way_to(state, way, line, first)
    share = np.divide(drawn, length[line], out=np.ones(len(line)), where=length[line] > 0.0)
    fixed = number[: int(nodes.fixed.sum())]
    return Noded(
        Lines(pieces.xy, pieces.offset), line, part, number[pieces.start], number[pieces.end], nodes.xy[used],
        pieces.along, share, fixed, events, passes, settled,
    )  # fmt: skip


def _way_to(state: State, way: Array, line: Index, along: Array) -> Array:
    """Way along all lines as drawn up to a place on each of some lines."""
    vertex = along.astype(np.int64)
    at = state.lines.offset[line] + vertex
    return way[at] + (along - vertex) * (way[np.minimum(at + 1, len(way) - 1)] - way[at])
