"""Which texts the map gets, in which order of importance, and where they end up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from gisheat.picture import classes
from gisheat.picture.features import Bools, Content, Floats, Geometries, Texts, numbers, texts
from gisheat.picture.fonts import MM_PER_POINT, Typeface, can_show, font, shorten, text_size, thickened
from gisheat.picture.labels import (
    Candidates,
    along_lines,
    around_points,
    blocked,
    boxes,
    covered_length,
    join,
    place_labels,
)
from gisheat.picture.layers import PIN_MM, SOURCE_MM, PipeLook, StationLook, discs, pins, squares

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

    from gisheat.picture.sheet import Box

Ints = NDArray[np.int64]
LONGEST_NAME_MM = 42.0
FIRST_STATIONS, MOST_STATIONS, MOST_RUNS, MOST_PINS = 60, 300, 150, 300
SHORTEST_BRANCH_RUN_MM, SHORTEST_STREET_MM, REPEAT_MM = 24.0, 45.0, 120.0
NODE_ROOM_MM = 1.7
LINE_STEP = 1.3
STRAIGHT_MM = 0.3
HINTED = 1.02
"""How much wider a text may come out in a picture of few dots."""
CLEAR_OF_PIPES_MM = 2.2
_ALONG = np.array([0.0, -0.15, 0.15, -0.3, 0.3, -0.42, 0.42])
_SHORT_TEXT_PENALTY = 6.0
_LEVEL_PENALTY = 3.0
_PENALTY_PER_MM, _HALO_PENALTY_PER_MM = 0.6, 0.15
_MOST_COVERED_MM = {"point": 9.0, "line": 2.5}


@dataclass(frozen=True)
class Style:
    """Look of a kind of label."""

    size: float
    colour: str = classes.INK
    bold: bool = False
    italic: bool = False


SOURCE = Style(10.5, bold=True)
WORST = Style(8.5, "#a80d31", bold=True)
STATION = Style(7.2)
NODE = Style(6.8, "#4a4e55", bold=True)
TRUNK_SIZE = Style(7.4, "#4a4e55", italic=True)
BRANCH_SIZE = Style(6.2, "#4a4e55", italic=True)
STREET_NAME = Style(6.4, classes.STREET_NAME)


@dataclass(frozen=True)
class Under:
    """Lines under the labels: their drawn width [pt], which have a halo, and how wide it is [pt]."""

    line: Geometries
    width: Floats
    haloed: Bools
    halo: float = 0.0


@dataclass(frozen=True)
class Batch:
    """Labels of one kind and importance: the text and style of each candidate, and the candidates."""

    text: Texts
    style: Style
    candidates: Candidates
    kind: str


def show_names(
    axes: Axes,
    content: Content,
    pipes: PipeLook,
    stations: StationLook,
    nodes: Ints,
    face: Typeface,
    frame: Box,
) -> None:
    """Place the labels of sources, stations, trunk nodes and pipes, and write them."""
    order = by_importance(stations)
    near, later = order[1:FIRST_STATIONS], order[FIRST_STATIONS:MOST_STATIONS]
    trunk = _trunk(content, pipes)
    large = _sizes_shown(pipes, trunk)
    small = _sizes_shown(pipes, ~trunk)
    line, width = content.pipes.line, pipes.width + np.where(pipes.critical, pipes.halo, 0.0)
    sizes = size_texts(content.pipes.table, pipes.diameter)
    batches = [
        source_names(content, face),
        _station_names(content, stations, order[:1], WORST if stations.worst >= 0 else STATION, face),
        _station_names(content, stations, near, STATION, face),
        _node_names(content, nodes, face),
        along(line[large], sizes[large], width[large], 0.0, TRUNK_SIZE, face, "line"),
        _station_names(content, stations, later, STATION, face),
        along(line[small], sizes[small], width[small], SHORTEST_BRANCH_RUN_MM, BRANCH_SIZE, face, "line"),
        street_names(content, face),
    ]
    symbols = [
        discs(content.stations.xy, stations.diameter + 0.7),
        squares(content.sources.xy, SOURCE_MM),
        discs(content.nodes.xy[nodes], np.full(len(nodes), pipes.node_size)),
        discs(pins(content.findings.xy[:MOST_PINS]), np.full(len(content.findings.xy[:MOST_PINS]), PIN_MM)),
        outside(frame),
    ]
    under = Under(content.pipes.line, pipes.width, pipes.critical, pipes.halo)
    write_labels(axes, batches, np.concatenate(symbols), under, face)


def write_labels(axes: Axes, batches: list[Batch], symbols: Geometries, under: Under, face: Typeface) -> None:
    """Choose places for all labels, the first batch first, and write the chosen ones.

    Parameters
    ----------
    symbols
        Shapes that no label may touch.
    under
        Lines that a label should rather not cover.
    """
    every = join([b.candidates for b in batches])
    batch = np.repeat(np.arange(len(batches)), [len(b.candidates.owner) for b in batches])
    first = np.cumsum([0] + [int(b.candidates.owner.max(initial=-1)) + 1 for b in batches])
    box = boxes(every)
    possible = np.flatnonzero(np.isfinite(every.penalty) & ~blocked(box, symbols))
    kind = np.array([b.kind for b in batches])[batch[possible]]
    penalty = every.penalty[possible] + _penalties(box[possible], kind, under)
    text = np.concatenate([b.text for b in batches])
    for place in possible[place_labels((every.owner + first[batch])[possible], box[possible], penalty)]:
        _write(axes, every.origin[place], float(every.angle[place]), text[place], batches[batch[place]].style, face)


def _write(axes: Axes, origin: Floats, angle: float, text: str, style: Style, face: Typeface) -> None:
    """Write a label, its last line on `origin`."""
    upwards = np.array([-np.sin(angle), np.cos(angle)]) * style.size * MM_PER_POINT * LINE_STEP
    for number, line in enumerate(reversed(text.split("\n"))):
        x, y = origin + number * upwards
        written = axes.text(
            float(x),
            float(y),
            line,
            fontproperties=font(face, style.size, bold=style.bold, italic=style.italic),
            color=style.colour,
            rotation=np.degrees(angle),
            rotation_mode="anchor",
            ha="left",
            va="baseline",
            parse_math=False,
            zorder=30,
        )
        bold = thickened(face, line, style.size, style.colour, bold=style.bold)
        written.set_path_effects([Stroke(linewidth=2.4, foreground=classes.GROUND), *(bold or [Normal()])])


def _penalties(box: Geometries, kind: Texts, under: Under) -> Floats:
    """Penalty of each box for the pipes and the halo under it, infinite where it hides too much."""
    line, penalty = under.line, np.zeros(len(box))
    street, point = kind == "street", np.flatnonzero(kind == "point")
    penalty[street] = np.where(_near(box[street], line), np.inf, 0.0)
    covered = covered_length(box[~street], line, np.clip(under.width / 2, 0.5, 2.0))
    most = np.array([_MOST_COVERED_MM[one] for one in kind[~street]])
    penalty[~street] = np.where(covered > most, np.inf, _PENALTY_PER_MM * covered)
    path = line[under.haloed]
    wider = shapely.buffer(box[point], under.halo * MM_PER_POINT / 2, join_style="mitre")
    penalty[point] += _HALO_PENALTY_PER_MM * covered_length(wider, path, np.ones(len(path)))
    return penalty


def _near(box: Geometries, line: Geometries) -> Bools:
    """Whether a pipe comes near the box: a street name stands clear of pipes and of their halo."""
    near = np.zeros(len(box), dtype=bool)
    if len(box) and len(line):
        near[shapely.STRtree(line).query(box, predicate="dwithin", distance=CLEAR_OF_PIPES_MM)[0]] = True
    return near


def by_importance(look: StationLook) -> Ints:
    """Rows of the stations: the worst one, then by load."""
    order = np.argsort(-np.nan_to_num(look.load, nan=-1.0), kind="stable")
    if look.worst < 0:
        return order
    return np.concatenate([[look.worst], order[order != look.worst]]).astype(np.int64)


def _trunk(content: Content, look: PipeLook) -> Bools:
    """Trunk pipes: by role and on the critical path; without roles those from half the largest diameter."""
    trunk = texts(content.pipes.table, "role") == "trunk"
    if not trunk.any() and len(trunk):
        trunk = look.diameter >= np.nanmax(look.diameter, initial=0.0) / 2
    return np.asarray(trunk | look.critical, dtype=bool)


def source_names(content: Content, face: Typeface) -> Batch:
    """Names of the sources."""
    sources = content.sources
    radius = np.full(len(sources), SOURCE_MM / 2)
    names = alternatives(sources.table, "source_id", SOURCE, face)
    return point_names(sources.xy, radius, names, SOURCE, face)


def _station_names(content: Content, look: StationLook, rows: Ints, style: Style, face: Typeface) -> Batch:
    stations = content.stations
    names = alternatives(stations.table.iloc[rows], "station_id", style, face)
    extra = np.where(rows == look.worst, 1.4, 0.0)
    return point_names(stations.xy[rows], look.diameter[rows] / 2 + extra, names, style, face)


def _node_names(content: Content, rows: Ints, face: Typeface) -> Batch:
    nodes = content.nodes
    names = alternatives(nodes.table.iloc[rows], "node_id", NODE, face)
    return point_names(nodes.xy[rows], np.full(len(rows), NODE_ROOM_MM), names, NODE, face)


def alternatives(table: pd.DataFrame, id_column: str, style: Style, face: Typeface) -> list[Texts]:
    """Names where the font can show them, and ids; empty texts are no labels."""
    properties = font(face, style.size, bold=style.bold)
    found = []
    for column in ("name", id_column):
        shown = [text if can_show(face, text) else "" for text in texts(table, column)]
        short = [shorten(text, properties, LONGEST_NAME_MM) if text else "" for text in shown]
        found.append(np.array(short, dtype=object))
    return found


def point_names(xy: Floats, radius: Floats, names: list[Texts], style: Style, face: Typeface) -> Batch:
    """Labels around points; a text of a later list stands in where the one before it finds no room."""
    parts, written = [], []
    for rank, text in enumerate(names):
        rows = np.flatnonzero(text != "")
        part = around_points(rows, xy[rows], radius[rows], _sizes(text[rows], style, face))
        extra = rank * _SHORT_TEXT_PENALTY
        parts.append(Candidates(part.owner, part.origin, part.angle, part.size, part.penalty + extra))
        written.append(text[part.owner])
    return Batch(np.concatenate(written), style, join(parts), "point")


def _sizes_shown(look: PipeLook, mask: Bools) -> Ints:
    """Rows of pipes whose size is written along them: it is known, and the pipe has a result."""
    return np.flatnonzero(mask & (look.friction_class >= 0) & np.isfinite(look.diameter))


def size_texts(table: pd.DataFrame, diameter: Floats) -> Texts:
    """Sizes of pipes in writing, as DN300, or as the bore where no nominal diameter is stated; empty where unknown."""
    sign = np.where(np.isfinite(numbers(table, "dn_mm")), "DN", "Ø")
    return np.array([f"{s}{d:g}" if np.isfinite(d) else "" for s, d in zip(sign, diameter, strict=True)], dtype=object)


def street_names(content: Content, face: Typeface) -> Batch:
    """Names of the longer streets, for finding one's way."""
    name, streets = texts(content.streets.table, "name"), content.streets
    shown = np.array([bool(text) and can_show(face, text) for text in name], dtype=bool)
    width = classes.street_widths(texts(streets.table, "class"))
    line = streets.line[shown]
    return along(line, name[shown], width[shown], SHORTEST_STREET_MM, STREET_NAME, face, "street")


def along(
    line: Geometries, text: Texts, width: Floats, shortest: float, style: Style, face: Typeface, kind: str,
    *, beside: bool = False,
) -> Batch:  # fmt: skip
    """Labels along runs of lines of one text and drawn width [pt], from `shortest` [mm], the widest first.

    Where `beside`, a label that finds no room along its run may stand level beside the middle of it.
    """
    run, text, width = _runs(line, text, width)
    length = shapely.length(run)
    kept = np.flatnonzero(length >= shortest)
    kept = kept[np.lexsort((-length[kept], -width[kept]))][:MOST_RUNS]
    repeats = 1 + (length[kept] // REPEAT_MM).astype(int)
    rows = np.repeat(kept, repeats)
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    share = np.repeat(repeats, repeats)[:, None]
    straight = np.repeat(_middles(run[kept]), repeats, axis=0)
    fractions = np.hstack([(turn[:, None] + 0.5 + _ALONG) / share, straight])
    owner = np.arange(len(rows))
    size, half = _sizes(text[rows], style, face), width[rows] * MM_PER_POINT / 2
    candidates = along_lines(owner, run[rows], half, size, fractions)
    if beside:
        middle = shapely.get_coordinates(shapely.line_interpolate_point(run[rows], fractions[:, 0], normalized=True))
        level = around_points(owner, middle, half, size)
        far = Candidates(level.owner, level.origin, level.angle, level.size, level.penalty + _LEVEL_PENALTY)
        candidates = join([candidates, far])
    return Batch(text[rows][candidates.owner], style, candidates, kind)


def _middles(run: Geometries) -> Floats:
    """Middles of the two longest straight pieces of every run, as fractions of the run."""
    found = np.full((len(run), 2), 0.5)
    for row, line in enumerate(shapely.simplify(run, STRAIGHT_MM)):
        piece = np.hypot(*np.diff(shapely.get_coordinates(line), axis=0).T)
        longest = np.argsort(-piece, kind="stable")[:2]
        found[row, : len(longest)] = (np.cumsum(piece) - piece / 2)[longest] / max(float(piece.sum()), 1e-9)
    return found


def _runs(line: Geometries, text: Texts, width: Floats) -> tuple[Geometries, Texts, Floats]:
    """Join lines of one text and width that follow each other."""
    key = np.array([f"{w:.3f} {t}" for w, t in zip(width, text, strict=True)], dtype=str)
    unique, first, group = np.unique(key, return_index=True, return_inverse=True)
    merged = [shapely.line_merge(shapely.multilinestrings(line[group == g])) for g in range(len(unique))]
    parts, which = shapely.get_parts(np.array(merged, dtype=object), return_index=True)
    return parts, text[first][which], width[first][which]


def _sizes(text: Texts, style: Style, face: Typeface) -> Floats:
    """Width, reach above and below the last base line [mm] of every text; its lines stand on each other."""
    properties = font(face, style.size, bold=style.bold, italic=style.italic)
    unique, position = np.unique(text.astype(str), return_inverse=True)
    sizes = np.array([_block_size(one.split("\n"), properties) for one in unique]).reshape(-1, 3)
    return np.asarray(sizes[position])


def _block_size(lines: list[str], properties: FontProperties) -> tuple[float, float, float]:
    each = [text_size(line, properties) for line in lines]
    step = properties.get_size_in_points() * MM_PER_POINT * LINE_STEP
    return HINTED * max(width for width, _, _ in each), each[0][1] + step * (len(lines) - 1), each[-1][2]


def outside(frame: Box) -> Geometries:
    """Surroundings of the map frame, as obstacles."""
    left, bottom, right, top = frame
    beyond = 1000.0
    return np.asarray(
        shapely.box(
            [left - beyond, right - 1, left - beyond, left - beyond],
            [bottom - beyond, bottom - beyond, bottom - beyond, top - 1],
            [left + 1, right + beyond, right + beyond, right + beyond],
            [top + beyond, top + beyond, bottom + 1, top + beyond],
        ),
        dtype=object,
    )
