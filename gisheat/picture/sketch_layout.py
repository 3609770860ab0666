"""Where everything of a hydraulic sketch stands: trunks level, in bands, branches up and down from them.

A tree is drawn as paths. The path of a source (the critical one, else the one with the largest flow) is a level line,
broken into bands where the sheet ends, to and fro. What branches off hangs from it, up or down: a stem to a station, or
a stem to a path of its own that runs level, and so on. What is too wide or too deep to hang becomes a part with bands
of its own, and a number stands in its place. Places are counted in columns and in levels, downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gisheat.sections import SectionTree

Mark = Literal["station", "ring", "rest", "part"]
DEEPEST = 3
"""Levels that may hang from a path."""
WIDEST = 0.7
"""Share of a band that may hang from one node."""
LEAF = 0.56
"""Length of a stem to a station, in levels; the rest is for its name."""
NAMED = 2
"""Columns that the last station of a path takes with its name."""
BETWEEN = 0.3
LEAST = 0.35
SHORTER = 0.18
"""The last level needs no room for a line below its names."""
"""Room between bands, in levels."""


@dataclass(frozen=True)
class Leaf:
    """What stands at an end: a station (its row), a ring (the node it leads to), the rest behind a node, a part."""

    mark: Mark
    number: int


@dataclass
class Path:
    """Nodes in a row with the sections between them, and what leaves each node."""

    nodes: list[int]
    along: list[int]
    sides: list[list[Branch]]
    leaf: Leaf | None
    """What stands at its last node."""


@dataclass
class Branch:
    """A section off a path (none for what stands at the node itself) and what is behind it."""

    section: int | None
    behind: Path | Leaf
    widths: list[int] = field(default_factory=lambda: [1])
    """Columns that it takes on each level."""
    columns: list[tuple[int, list[int]]] = field(default_factory=list)
    """Column of each node of the path behind it, and of what leaves the node, counted from the stem."""


@dataclass(frozen=True)
class Line:
    """A section as drawn: corners in columns and levels, and where its label stands."""

    section: int | None
    """None for the line to what stands at the node itself."""
    corners: tuple[tuple[float, float], ...]
    label: Literal["level", "stem"]


@dataclass(frozen=True)
class Node:
    """A node: first and last column, level."""

    node: int
    first: float
    last: float
    level: float


@dataclass(frozen=True)
class End:
    """A leaf: column, level, and where its name stands: below (0, 1), above (0, -1), to the right (1, 0) or left."""

    leaf: Leaf
    column: float
    level: float
    towards: tuple[int, int]


@dataclass
class Sketch:
    """Everything placed."""

    columns: int
    lines: list[Line] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    parts: list[tuple[int, Node]] = field(default_factory=list)
    """Number of each part that hangs elsewhere, and its first node."""
    levels: float = 0.0


def arrange(tree: SectionTree, stations: Mapping[int, list[int]], rest: Mapping[int, object], columns: int) -> Sketch:
    """Arrange a tree in bands of at most `columns`.

    Parameters
    ----------
    tree
        Sections.
    stations
        Rows of the stations at each node.
    rest
        Nodes behind which something is left out.
    columns
        Most columns of a band.
    """
    sketch = Sketch(columns)
    parts: list[tuple[int, int | None]] = [(root, None) for root in tree.roots]
    number = 0
    while number < len(parts):
        start, section = parts[number]
        path = _path(tree, stations, rest, start if section is None else tree.sections[section].end)
        if section is not None:
            path = Path([start, *path.nodes], [section, *path.along], [[], *path.sides], path.leaf)
        for side in path.sides:
            for branch in side:
                _measure(branch, columns, parts, tree)
        first = _place(path, sketch)
        if number >= len(tree.roots):
            sketch.parts.append((number - len(tree.roots) + 1, first))
        number += 1
    return sketch


def _path(tree: SectionTree, stations: Mapping[int, list[int]], rest: Mapping[int, object], node: int) -> Path:
    along = tree.way(node)
    nodes = [node, *(tree.sections[s].end for s in along)]
    sides: list[list[Branch]] = []
    leaf: Leaf | None = None
    for place in nodes:
        here = [Leaf("station", row) for row in stations.get(place, ())]
        if place in rest:
            here.append(Leaf("rest", place))
        if place == nodes[-1] and here and (along or len(here) == 1):
            leaf = here.pop(0)
        branches = [Branch(s, _path(tree, stations, rest, tree.sections[s].end)) for s in tree.below.get(place, ())[1:]]
        branches += [Branch(s, Leaf("ring", tree.sections[s].end)) for s in tree.rings.get(place, ())]
        sides.append([*branches, *(Branch(None, one) for one in here)])
    return Path(nodes, along, sides, leaf)


def _measure(branch: Branch, columns: int, parts: list[tuple[int, int | None]], tree: SectionTree) -> None:
    """Columns on each level of a branch and of all within it; what is too large becomes a part."""
    path = branch.behind
    if isinstance(path, Leaf) or (len(path.nodes) == 1 and not path.sides[0]):
        return
    inner = len(parts)
    for side in path.sides:
        for one in side:
            _measure(one, columns, parts, tree)
    free: list[int] = []
    branch.columns = []
    after = 0
    for i in range(len(path.nodes)):
        starts = _starts(path.sides[i], free, after)
        first = starts[0] if starts else after
        if i == len(path.nodes) - 1 and path.leaf is not None:
            first = max(first, free[0] if free else 0)
            _take(free, first, [NAMED])
        branch.columns.append((first, starts))
        after = max([first, *starts]) + 1
    free = free or [0]
    free[0] = max(free[0], after)
    branch.widths = [1, *free]
    if len(branch.widths) > DEEPEST or max(free) > WIDEST * columns:
        assert branch.section is not None
        del parts[inner:]
        parts.append((tree.sections[branch.section].start, branch.section))
        branch.behind, branch.widths = Leaf("part", len(parts) - len(tree.roots)), [1]


def _starts(side: list[Branch], free: list[int], after: int) -> list[int]:
    """Column of each branch of a node, the first not before `after`, clear of what is there already."""
    starts: list[int] = []
    for branch in side:
        column = max(after, *(free[: len(branch.widths)] or [0]), starts[-1] + 1 if starts else 0)
        _take(free, column, branch.widths)
        starts.append(column)
    return starts


def _take(free: list[int], column: int, widths: list[int]) -> None:
    free.extend([0] * (len(widths) - len(free)))
    for level, width in enumerate(widths):
        free[level] = max(free[level], column + width)


@dataclass
class _Band:
    """A band being filled: its nodes with what hangs from them, the first free column of each level of both sides."""

    free: dict[int, list[int]] = field(default_factory=lambda: {-1: [], 1: []})
    items: list[tuple[int, int, int, list[tuple[Branch, int, int]]]] = field(default_factory=list)


def _place(path: Path, sketch: Sketch) -> Node:
    """Place a path in bands below what is there; returns its first node."""
    bands = [_Band()]
    for i in range(len(path.nodes)):
        if not _add(bands[-1], path, i, sketch.columns, force=not bands[-1].items):
            bands.append(_Band())
            _add(bands[-1], path, i, sketch.columns, force=True)
    first: Node | None = None
    before: tuple[float, float] | None = None
    count = 0
    for number, band in enumerate(bands):
        level = sketch.levels + max(len(band.free[-1]) - SHORTER, LEAST)
        last_column = sketch.columns - 1 if number % 2 else 0

        def x(column: float, last: int = last_column) -> float:
            return last - column if last else column

        for item in band.items:
            if before is not None:
                turn = x(-1.0) if before[1] != level else None
                sketch.lines.append(Line(path.along[count - 1], _corners(before, (x(item[1]), level), turn), "level"))
            placed = _place_item(path, item, sketch, x, level, last=count == len(path.nodes) - 1)
            first = first or placed
            before = (x(item[2]), level)
            count += 1
        sketch.levels = level + max(len(band.free[1]) - SHORTER, LEAST) + BETWEEN
    assert first is not None
    return first


def _corners(
    start: tuple[float, float], end: tuple[float, float], turn: float | None
) -> tuple[tuple[float, float], ...]:
    """Corners of a level line, by way of the column at which it turns to the next band."""
    return (start, end) if turn is None else (start, (turn, start[1]), (turn, end[1]), end)


def _place_item(
    path: Path, item: tuple[int, int, int, list[tuple[Branch, int, int]]], sketch: Sketch, x: Callable[[float], float],
    level: float, *, last: bool,
) -> Node:  # fmt: skip
    """Place a node of a band, what hangs from it, and what stands at it where it is the last one."""
    node, start, end, hanging = item
    left, right = sorted((x(start), x(end)))
    placed = Node(node, left, right, level)
    leaf = path.leaf if last else None
    if leaf is None or hanging or len(path.nodes) == 1:
        sketch.nodes.append(placed)
    for branch, column, side in hanging:
        _hang(branch, sketch, x, column, level, side)
    if leaf is not None:
        sketch.ends.append(End(leaf, x(start), level, (1 if x(1.0) > x(0.0) else -1, 0)))
    return placed


def _add(band: _Band, path: Path, i: int, columns: int, *, force: bool) -> bool:
    """Add a node to a band, where it has room for all that hangs from it."""
    after = band.items[-1][2] + 1 if band.items else 0
    free = {side: list(taken) for side, taken in band.free.items()}
    hanging: list[tuple[Branch, int, int]] = []
    last = {-1: after - 1, 1: after - 1}
    if i == len(path.nodes) - 1 and path.leaf is not None:
        after = max(after, *(taken[0] for taken in free.values() if taken), 0)
        for taken in free.values():
            _take(taken, after, [NAMED])
        last = {-1: after, 1: after}
    for branch in sorted(path.sides[i], key=lambda b: -sum(b.widths)):
        choices = {side: max(after, last[side] + 1, *(free[side][: len(branch.widths)] or [0])) for side in (-1, 1)}
        deep = len(branch.widths) > 1
        side = min(choices, key=lambda s: (choices[s], s if not deep else -s))
        _take(free[side], choices[side], branch.widths)
        last[side] = choices[side]
        hanging.append((branch, choices[side], side))
    first = min([c for _, c, _ in hanging], default=after)
    final = max([c for _, c, _ in hanging], default=after)
    if i == len(path.nodes) - 1 and path.leaf is not None:
        first = after
        final = max(final, after)
    width = max([final + 1, *free[-1], *free[1]])
    if width > columns and not force:
        return False
    band.free = free
    band.items.append((path.nodes[i], first, final, hanging))
    return True


def _hang(branch: Branch, sketch: Sketch, x: Callable[[float], float], column: int, level: float, side: int) -> None:
    """Draw a branch at a column of a level line, up (-1) or down (+1)."""
    path = branch.behind
    if isinstance(path, Leaf) or not branch.columns:
        leaf = path if isinstance(path, Leaf) else path.leaf
        foot = level + side * LEAF
        apart = leaf is not None and leaf.mark == "part"
        section = None if apart else branch.section
        sketch.lines.append(Line(section, ((x(column), level), (x(column), foot)), "stem"))
        if leaf is not None:
            sketch.ends.append(End(leaf, x(column), foot, (0, side)))
        elif not isinstance(path, Leaf):
            sketch.nodes.append(Node(path.nodes[0], x(column), x(column), foot))
        return
    foot = level + side
    assert branch.section is not None
    sketch.lines.append(Line(branch.section, ((x(column), level), (x(column), foot)), "stem"))
    before, right_of = x(column), 1 if x(1.0) > x(0.0) else -1
    for i, (first, starts) in enumerate(branch.columns):
        last = max([first, *starts])
        left, right = sorted((x(column + first), x(column + last)))
        if i < len(path.nodes) - 1 or path.leaf is None or starts:
            sketch.nodes.append(Node(path.nodes[i], left, right, foot))
        if i:
            sketch.lines.append(Line(path.along[i - 1], ((before, foot), (x(column + first), foot)), "level"))
        for one, start in zip(path.sides[i], starts, strict=True):
            _hang(one, sketch, x, column + start, foot, side)
        before = x(column + last)
    if path.leaf is not None:
        sketch.ends.append(End(path.leaf, x(column + branch.columns[-1][0]), foot, (right_of, 0)))
