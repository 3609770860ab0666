"""What noding works on: pieces and nodes as they are at the moment, and what has changed since it was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisheat.noding.kernels.cells import FEWEST, list_places, list_segments, mark_cells, places_in, segments_in
from gisheat.noding.kernels.cutting import cut_pieces, keep_vertices, owners_of
from gisheat.noding.kernels.places import crowded_places, equal_places, follow_ends, follow_leaders, node_state
from gisheat.noding.model import EXACT, PAIR, TOUCH, Array, Index, Lines, Mask, Rules

SIDES, CROSSINGS = 1, 2
"""Flags of what has to be looked at again: nodes beside lines, and crossings."""
SEVERAL = np.int32(np.iinfo(np.int32).max)
"""Level of a node where ends of different levels meet: it meets lines of any level."""
REGION = 4.0
"""What is within so many tolerances of a change is looked at again."""

GROWN = 1.2
"""Once there are so many times more vertices the size of the cells is chosen anew."""
SAMPLE = 100_000
"""Segments that are enough to know what is long."""

Small = NDArray[np.int32]


@dataclass(slots=True)
class Pieces:
    """Pieces of lines: vertices with their places along the line, line, end nodes, flags of what is to be looked at."""

    xy: Array
    along: Array
    offset: Index
    line: Small
    start: Small
    end: Small
    flags: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.line)


@dataclass(slots=True)
class Nodes:
    """Nodes by number; numbers are kept while noding, those that no piece ends at are out of use."""

    xy: Array
    bits: NDArray[np.int8]
    level: Small
    degree: Small
    given_bits: NDArray[np.int8]
    """Bits that a fixed point has of itself."""
    fixed: Mask
    free: Mask
    """Only ends make it: it can go to the foot on a line."""
    reach: Array
    """How far the farthest of its ends was moved [m]."""
    onto: Small
    """Line that it was moved onto, or -1."""
    known: Mask
    """An earlier noding has looked at it."""

    @property
    def used(self) -> Mask:
        """Whether a piece ends there or it is fixed."""
        return (self.degree > 0) | self.fixed

    def grow(self, more: int) -> None:
        """Make room for more nodes."""
        self.xy = np.concatenate([self.xy, np.zeros((more, 2))])
        for name, value in (("bits", 0), ("level", 0), ("degree", 0), ("given_bits", 0), ("fixed", False),
                            ("free", False), ("reach", 0.0), ("onto", -1), ("known", False)):  # fmt: skip
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.full(more, value, array.dtype)]))

    def shrink(self, count: int) -> None:
        """Forget the room after the first nodes."""
        for name in ("xy", "bits", "level", "degree", "given_bits", "fixed", "free", "reach", "onto", "known"):
            setattr(self, name, getattr(self, name)[:count])


@dataclass(frozen=True, slots=True)
class Region:
    """What is looked at: segments by bucket, nodes, and the piece of each vertex."""

    owner: Small
    first: Index
    items: Small
    nodes: Small


@dataclass(slots=True)
class State:
    """All of it."""

    lines: Lines
    bits: NDArray[np.int8]
    level: Small
    join: Mask
    known: Mask
    tolerance: float
    touch: float
    radius: float
    """A little more than the tolerance: how far cells are searched."""
    cell: float
    pieces: Pieces
    nodes: Nodes
    ends: Small
    """Node of the first and the last vertex of each line, shape (2, lines)."""
    distinct: Small
    """The first of all ends at each place, of lines that have any: first the starts, then the ends."""
    places: dict[int, list[Array]]
    """Places where nodes came, went or moved, by flag."""
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    measured: int = -1
    """Vertices there were when the size of the cells was chosen."""
    whole: Region | None = None
    """Everything, as long as no piece has changed since it was listed."""
    lengths: tuple[Array, Array] | None = None
    """Length of each line as drawn, and the way along all of them up to each vertex, once they are asked for."""
    carried: tuple[NDArray[np.int8], Small, Small] | None = None
    """Bits and level of each piece and piece of each vertex, as long as no piece has changed."""

    @property
    def node_size(self) -> float:
        """Size of the cells that nodes are kept in."""
        return 2.0 * self.radius

    def of_pieces(self) -> tuple[NDArray[np.int8], Small, Small]:
        """Bits and level of each piece, and the piece of each vertex."""
        if self.carried is None:
            pieces = self.pieces
            self.carried = self.bits[pieces.line], self.level[pieces.line], owners_of(pieces.offset)
        return self.carried

    def replace(self, pieces: Pieces) -> None:
        """Go on with other pieces."""
        self.pieces, self.whole, self.carried = pieces, None, None


def power_of_two(count: float) -> int:
    """Number of buckets for so many things."""
    return max(FEWEST, 1 << int(np.ceil(np.log2(max(count, 1.0)))))


def begin(
    lines: Lines, rules: Rules, bits: Any, level: Any, fixed: Any, fixed_bits: Any, known: Any, fixed_known: Any
) -> State:
    """Lines as one piece each, their ends at one place as one node."""
    offset = np.asarray(lines.offset, np.int64)
    xy = np.asarray(lines.xy, np.float64).reshape(-1, 2) + 0.0  # there is no -0
    count = len(offset) - 1
    points = np.asarray(fixed if fixed is not None else np.empty((0, 2)), np.float64).reshape(-1, 2) + 0.0
    largest = max((float(np.abs(a).max()) for a in (xy, points) if len(a)), default=0.0)
    if not largest <= 1e9:  # also NaN
        raise ValueError("coordinates must be finite, in metres, below 1e9.")
    line_bits = np.asarray(np.full(count, PAIR) if bits is None else bits).astype(np.int8)
    tolerance = max(float(rules.tolerance), EXACT)
    filled = np.flatnonzero(np.diff(offset) > 0).astype(np.int32)
    ends = np.concatenate([xy[offset[filled]], xy[offset[filled + 1] - 1]])
    place, first = equal_places(
        np.ascontiguousarray(ends).view(np.int64), np.tile(line_bits[filled], 2), power_of_two(2 * len(ends))
    )
    node = (place + len(points)).astype(np.int32)
    of_lines = np.full((2, count), -1, np.int32)
    of_lines[:, filled] = node.reshape(2, -1)
    given = np.full(len(points), PAIR) if fixed_bits is None else np.asarray(fixed_bits)
    pieces = Pieces(
        xy, _numbers_within(offset), np.concatenate([[0], offset[filled + 1]]).astype(np.int64), filled,
        of_lines[0, filled], of_lines[1, filled], np.full(len(filled), SIDES | CROSSINGS, np.int8),
    )  # fmt: skip
    state = State(
        Lines(xy, offset), line_bits, np.asarray(np.zeros(count) if level is None else level).astype(np.int32),
        np.broadcast_to(np.asarray(rules.crossings, bool), count).copy(),
        np.zeros(count, bool) if known is None else np.asarray(known, bool), tolerance, min(TOUCH, tolerance),
        1.001 * tolerance + 4.0 * float(np.spacing(largest)), 0.0, pieces,
        _nodes(points, given, ends[first], fixed_known), of_lines, first, {SIDES: [], CROSSINGS: []},
    )  # fmt: skip
    count_ends(state)
    return state


def _numbers_within(offset: Index) -> Array:
    """Number of each vertex within its line."""
    return (np.arange(offset[-1]) - np.repeat(offset[:-1], np.diff(offset))).astype(np.float64)


def _nodes(fixed: Array, given_bits: Any, ends: Array, fixed_known: Any) -> Nodes:
    xy = np.concatenate([fixed, ends])
    count, own = len(xy), np.zeros(len(xy), np.int8)
    own[: len(fixed)] = given_bits
    is_fixed = np.arange(count) < len(fixed)
    known = np.zeros(count, bool)
    known[: len(fixed)] = False if fixed_known is None else fixed_known
    return Nodes(
        xy, own.copy(), np.zeros(count, np.int32), np.zeros(count, np.int32), own, is_fixed, ~is_fixed,
        np.zeros(count), np.full(count, -1, np.int32), known,
    )  # fmt: skip


def _cell(xy: Array, offset: Index, tolerance: float) -> float:
    """Size of the cells of segments: about their length, but not so small that long ones fill the memory."""
    length = np.abs(xy[1:, 0] - xy[:-1, 0])
    length += np.abs(xy[1:, 1] - xy[:-1, 1])
    borders = offset[1:-1]
    length[borders[(borders > 0) & (borders < len(xy))] - 1] = 0.0
    some = length[:: len(length) // SAMPLE + 1]
    some = some[some > 0.0]
    middle = float(np.median(some)) if len(some) else 0.0
    return max(1.5 * middle, 0.25 * float(length.sum()) / max(len(length), 1), 2.0 * tolerance)


def count_ends(state: State) -> None:
    """Bring bits, level and degree of the nodes up to date with the pieces."""
    nodes, pieces = state.nodes, state.pieces
    nodes.bits = nodes.given_bits.copy()
    bits, level, _ = state.of_pieces()
    nodes.level, nodes.degree = node_state(
        pieces.start, pieces.end, bits, level, nodes.bits, nodes.fixed, SEVERAL
    )  # fmt: skip


def merge_near(state: State) -> bool:
    """Let nodes within the tolerance of a leader become that leader; returns whether any did.

    The order of leading: fixed points, what carries both sides, where most ends are, then by coordinates.
    """
    nodes = state.nodes
    used = nodes.used
    head, following = list_places(nodes.xy, used, len(used), state.node_size, power_of_two(2 * used.sum()))
    crowded = np.flatnonzero(
        crowded_places(
            nodes.xy, nodes.bits, used, head, following, state.node_size, state.tolerance, state.radius
        )
    )  # fmt: skip
    x, y = nodes.xy[crowded].T
    order = crowded[
        np.lexsort((nodes.bits[crowded], y, x, -nodes.degree[crowded], nodes.bits[crowded] != PAIR,
                    ~nodes.fixed[crowded]))
    ].astype(np.int32)  # fmt: skip
    leader = follow_leaders(
        order, nodes.xy, nodes.bits, nodes.fixed, state.node_size, state.tolerance, state.radius,
        power_of_two(2 * len(order)),
    )  # fmt: skip
    follows = leader != order
    if not follows.any():
        return False
    one, other = order[follows], leader[follows]
    away = np.hypot(*(nodes.xy[one] - nodes.xy[other]).T)
    np.maximum.at(nodes.reach, other, nodes.reach[one] + away)
    np.logical_and.at(nodes.free, other, nodes.free[one])
    into = np.arange(len(nodes.xy), dtype=np.int32)
    into[one] = other
    follow(state, into)
    return True


def follow(state: State, into: Small, cuts: tuple[Small, Array, Small] | None = None) -> None:
    """Move ends to the nodes that theirs went into, and cut segments (sorted) at shares at nodes."""
    pieces, nodes = state.pieces, state.nodes
    gone = np.flatnonzero(into != np.arange(len(into)))
    segment, share, node = cuts or (np.empty(0, np.int32), np.empty(0), np.empty(0, np.int32))
    start, end, moved = follow_ends(into, state.ends, pieces.start, pieces.end)
    changed = np.zeros(len(into), bool)
    for some in (gone, into[gone], node):
        changed[some] = True
    rebuild(state, moved, start, end, (segment, share, node))
    note(state, nodes.xy[changed])
    drop_unused(state)


def rebuild(state: State, moved: Mask, start: Small, end: Small, cuts: tuple[Small, Array, Small]) -> None:
    """Make the pieces anew where ends have moved or segments are cut."""
    old = state.pieces
    state.replace(Pieces(
        *cut_pieces(
            old.xy, old.along, old.offset, old.line, start, end, old.flags, moved, *cuts, state.nodes.xy,
            state.tolerance,
        )
    ))  # fmt: skip


def keep(state: State, kept: Mask) -> None:
    """Forget pieces."""
    old = state.pieces
    xy, along, offset = keep_vertices(kept, old.xy, old.along, old.offset)
    state.replace(Pieces(xy, along, offset, old.line[kept], old.start[kept], old.end[kept], old.flags[kept]))
    drop_unused(state)


def drop_unused(state: State) -> None:
    """Count ends again and note where nodes went out of use."""
    before = state.nodes.used
    count_ends(state)
    note(state, state.nodes.xy[before & ~state.nodes.used])


def note(state: State, places: Array) -> None:
    """Remember places to be looked at again."""
    if len(places):
        for flag in (SIDES, CROSSINGS):
            state.places[flag].append(places)


def region_of(state: State, flag: int, everything: bool) -> Region | None:
    """Everything, or the surroundings of what has changed; None if nothing has. What is given is no longer new."""
    pieces, nodes = state.pieces, state.nodes
    if len(pieces.xy) > GROWN * state.measured:  # cutting makes segments shorter
        state.cell, state.measured = _cell(pieces.xy, pieces.offset, state.tolerance), len(pieces.xy)
    new = (pieces.flags & flag) != 0
    places = np.concatenate([np.empty((0, 2)), *state.places[flag]])
    pieces.flags &= np.int8(~flag)
    state.places[flag] = []
    if everything and state.whole is not None:
        return state.whole
    _, _, owner = state.of_pieces()
    inside = owner[1:] == owner[:-1]
    if everything:
        segments = np.flatnonzero(inside).astype(np.int32)
        chosen = np.flatnonzero(nodes.used).astype(np.int32)
    elif not new.any() and not len(places):
        return None
    else:
        changed = np.flatnonzero(inside & new[owner[:-1]]).astype(np.int32)
        marked = mark_cells(
            pieces.xy, changed, places, state.cell, REGION * state.tolerance,
            min(power_of_two(16 * (len(changed) + len(places))), 1 << 24),
        )  # fmt: skip
        segments = segments_in(pieces.xy, owner, marked, state.cell)
        chosen = places_in(nodes.xy, nodes.used, marked, state.cell)
    first, items = list_segments(
        pieces.xy, segments, state.cell, 2.0 * state.touch, power_of_two(len(segments))
    )  # fmt: skip
    region = Region(owner, first, items, chosen)
    state.whole = region if everything else None
    return region
