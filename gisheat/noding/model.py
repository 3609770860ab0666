"""Lines, rules and what noding makes of them, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

SUPPLY, RETURN, PAIR = 1, 2, 3
"""Bits of a line: what it carries. Only lines that share a bit can meet."""
EXACT = 1e-6
"""Coordinates closer than this [m] are the same place: the smallest tolerance."""
TOUCH = 1e-3
"""Lines that run along each other this closely [m], or as closely as the tolerance if that is less, are one."""
NEAR_MISS = 5.0
"""A loose end within so many tolerances of a line it is not joined with is reported."""

KINDS = (
    "end-snapped", "split", "crossing-joined", "self-crossing", "doubled", "overlap", "collapsed", "left-apart",
    "near-miss", "crossing-kept",
)  # fmt: skip
"""Kinds of events. The first seven are applied, the others are remarks."""
APPLIED = frozenset(KINDS[:7])


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines as vertices one after the other.

    Attributes
    ----------
    xy : array, shape (vertices, 2)
        Coordinates [m].
    offset : array of int, shape (lines + 1,)
        Line i has the vertices xy[offset[i] : offset[i + 1]].
    """

    xy: Array
    offset: Index

    def __len__(self) -> int:
        return len(self.offset) - 1


@dataclass(frozen=True, slots=True)
class Rules:
    """How lines are joined.

    Attributes
    ----------
    tolerance : float
        Ends that are no farther apart, and ends no farther from a line, meet [m]; 0 joins what is at one place.
    crossings : bool or array of bool, shape (lines,)
        Whether lines that cross without a node get one there; both have to allow it.
    passes : int
        Most passes before noding ends even if something could still change.
    """

    tolerance: float
    crossings: bool | Mask = True
    passes: int = 100


@dataclass(frozen=True, slots=True)
class Events:
    """What was done to lines and what was seen, one row each; all arrays have the shape (events,).

    Attributes
    ----------
    kind : array of str
        One of KINDS. `end-snapped`: the end of a line was moved; `other` is the line it was moved onto, or -1 when
        it met other ends. `split`: a line got a node where another line ends (`other`). `crossing-joined`: two lines
        got a node where they cross or touch; `self-crossing`: one line did. `doubled`: the line runs along `other`
        from end to end and is gone; `overlap`: a stretch of it does, and is gone. `collapsed`: the line lay within
        the tolerance of one node and is gone. `left-apart`: an end within the tolerance of an end or of a line that
        it could not be joined with without joining places farther apart. `near-miss`: a loose end a little farther from
        a line than the tolerance. `crossing-kept`: lines cross or touch without a node.
    line, other : array of int
        Lines as they were given; -1 if there is none.
    x, y : array
        Place [m].
    distance : array
        How far the end was moved, the line was bent, or the gap is; the length of what is gone [m].
    applied : array of bool
        Whether it changed the drawing.
    """

    kind: NDArray[np.object_]
    line: Index
    other: Index
    x: Array
    y: Array
    distance: Array
    applied: Mask

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True, slots=True)
class Noded:
    """Pieces that meet at nodes.

    Attributes
    ----------
    lines : Lines
        The pieces, in the order of the lines they come from.
    line : array of int, shape (pieces,)
        Line that each is a part of.
    part : array of int, shape (pieces,)
        Its number within the line, from 1.
    start, end : array of int, shape (pieces,)
        Nodes.
    xy : array, shape (nodes, 2)
        Places of the nodes [m], in the order of their coordinates; ends of pieces lie exactly there.
    along : array, shape (vertices,)
        Where each vertex of a piece is on its line: number of a vertex of the line plus the share of the segment
        after it. Z and M are interpolated with it.
    share : array, shape (pieces,)
        Length of the stretch of the line divided by the length of the line, as drawn.
    fixed : array of int, shape (fixed points,)
        Node of each fixed point, -1 where no line ends.
    events : Events
        What was done and seen.
    passes : int
        Passes it took.
    settled : bool
        Whether noding ended because nothing could change any more.
    """

    lines: Lines
    line: Index
    part: Index
    start: Index
    end: Index
    xy: Array
    along: Array
    share: Array
    fixed: Index
    events: Events
    passes: int
    settled: bool


def order_by(first: NDArray[Any], *others: NDArray[Any]) -> Index:
    """Order of rows by one key, where that is equal by the others, and last by their number.

    The same as `numpy.lexsort` with the keys in reverse, but sooner where few rows are equal in the first.
    """
    order = np.argsort(first)
    key = first[order]
    equal = key[1:] == key[:-1]
    if equal.any():
        tied = np.zeros(len(order), bool)
        tied[1:] = equal
        tied[:-1] |= equal
        rows = np.sort(order[tied])
        order[tied] = rows[np.lexsort((*(other[rows] for other in others[::-1]), first[rows]))]
    return order


def events_of(rows: list[tuple[str, dict[str, Any]]]) -> Events:
    """Events of several kinds given as columns; `other` is -1 unless given. Sorted by kind, line and place."""
    sizes = [len(columns["line"]) for _, columns in rows]

    def column(name: str, kind: type) -> NDArray[Any]:
        parts: list[NDArray[Any]] = [
            np.asarray(c.get(name, np.full(n, -1)), kind) for (_, c), n in zip(rows, sizes, strict=True)
        ]
        return np.concatenate(parts) if parts else np.empty(0, kind)

    number = np.repeat([KINDS.index(kind) for kind, _ in rows], sizes).astype(np.int64)
    line, other = column("line", np.int64), column("other", np.int64)
    x, y, distance = (column(name, np.float64) for name in ("x", "y", "distance"))
    order = order_by((number << 32) + line, x, y, other)
    kinds = np.array(KINDS, object)[number[order]]
    applied = np.array([kind in APPLIED for kind in KINDS])[number[order]]
    return Events(kinds, line[order], other[order], x[order], y[order], distance[order], applied)
