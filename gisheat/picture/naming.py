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

    from gisheat.picture.sheet import Box

Ints = NDArray[np.int64]
LONGEST_NAME_MM = 42.0
FIRST_STATIONS, MOST_STATIONS, MOST_RUNS, MOST_PINS = 60, 300, 150, 300
SHORTEST_BRANCH_RUN_MM, SHORTEST_STREET_MM, REPEAT_MM = 24.0, 45.0, 120.0
NODE_ROOM_MM = 1.7
CLEAR_OF_PIPES_MM = 2.2
_ALONG = np.array([0.0, -0.15, 0.15, -0.3, 0.3, -0.42, 0.42])
_SHORT_TEXT_PENALTY = 6.0
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
    order = _by_importance(stations)
    near, later = order[1:FIRST_STATIONS], order[FIRST_STATIONS:MOST_STATIONS]
    trunk = _trunk(content, pipes)
    batches = [
        _source_names(content, face),
        _station_names(content, stations, order[:1], WORST if stations.worst >= 0 else STATION, face),
        _station_names(content, stations, near, STATION, face),
        _node_names(content, nodes, face),
        _pipe_sizes(content, pipes, trunk, TRUNK_SIZE, face),
        _station_names(content, stations, later, STATION, face),
        _pipe_sizes(content, pipes, ~trunk, BRANCH_SIZE, face),
        _street_names(content, face),
    ]
    symbols = [
        discs(content.stations.xy, stations.diameter + 0.7),
        squares(content.sources.xy, SOURCE_MM),
        discs(content.nodes.xy[nodes], np.full(len(nodes), pipes.node_size)),
        discs(pins(content.findings.xy[:MOST_PINS]), np.full(len(content.findings.xy[:MOST_PINS]), PIN_MM)),
        _outside(frame),
    ]
    _write(axes, batches, np.concatenate(symbols), content.pipes.line, pipes, face)


def _write(
    axes: Axes, batches: list[Batch], symbols: Geometries, line: Geometries, look: PipeLook, face: Typeface
) -> None:
    """Choose places for all labels and write the chosen ones."""
    every = join([b.candidates for b in batches])
    batch = np.repeat(np.arange(len(batches)), [len(b.candidates.owner) for b in batches])
    first = np.cumsum([0] + [int(b.candidates.owner.max(initial=-1)) + 1 for b in batches])
    box = boxes(every)
    possible = np.flatnonzero(np.isfinite(every.penalty) & ~blocked(box, symbols))
    kind = np.array([b.kind for b in batches])[batch[possible]]
    penalty = every.penalty[possible] + _penalties(box[possible], kind, line, look)
    text = np.concatenate([b.text for b in batches])
    for place in possible[place_labels((every.owner + first[batch])[possible], box[possible], penalty)]:
        style = batches[batch[place]].style
        written = axes.text(
            float(every.origin[place, 0]),
            float(every.origin[place, 1]),
            text[place],
            fontproperties=font(face, style.size, bold=style.bold, italic=style.italic),
            color=style.colour,
            rotation=np.degrees(every.angle[place]),
            rotation_mode="anchor",
            ha="left",
            va="baseline",
            parse_math=False,
            zorder=30,
        )
        bold = thickened(face, text[place], style.size, style.colour, bold=style.bold)
        written.set_path_effects([Stroke(linewidth=2.4, foreground=classes.GROUND), *(bold or [Normal()])])


def _penalties(box: Geometries, kind: Texts, line: Geometries, look: PipeLook) -> Floats:
    """Penalty of each box for the pipes and the halo under it, infinite where it hides too much."""
    penalty = np.zeros(len(box))
    street, point = kind == "street", np.flatnonzero(kind == "point")
    penalty[street] = np.where(_near(box[street], line), np.inf, 0.0)
    covered = covered_length(box[~street], line, np.clip(look.width / 2, 0.5, 2.0))
    most = np.array([_MOST_COVERED_MM[one] for one in kind[~street]])
    penalty[~street] = np.where(covered > most, np.inf, _PENALTY_PER_MM * covered)
    path = line[look.critical]
    wider = shapely.buffer(box[point], look.halo * MM_PER_POINT / 2, join_style="mitre")
    penalty[point] += _HALO_PENALTY_PER_MM * covered_length(wider, path, np.ones(len(path)))
    return penalty


def _near(box: Geometries, line: Geometries) -> Bools:
    """Whether a pipe comes near the box: a street name stands clear of pipes and of their halo."""
    near = np.zeros(len(box), dtype=bool)
    if len(box) and len(line):
        near[shapely.STRtree(line).query(box, predicate="dwithin", distance=CLEAR_OF_PIPES_MM)[0]] = True
    return near


def _by_importance(look: StationLook) -> Ints:
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


def _source_names(content: Content, face: Typeface) -> Batch:
    sources = content.sources
    radius = np.full(len(sources), SOURCE_MM / 2)
    names = _alternatives(sources.table, "source_id", SOURCE, face)
    return _point_names(sources.xy, radius, names, SOURCE, face)


def _station_names(content: Content, look: StationLook, rows: Ints, style: Style, face: Typeface) -> Batch:
    stations = content.stations
    names = _alternatives(stations.table.iloc[rows], "station_id", style, face)
    extra = np.where(rows == look.worst, 1.4, 0.0)
    return _point_names(stations.xy[rows], look.diameter[rows] / 2 + extra, names, style, face)


def _node_names(content: Content, rows: Ints, face: Typeface) -> Batch:
    nodes = content.nodes
    names = _alternatives(nodes.table.iloc[rows], "node_id", NODE, face)
    return _point_names(nodes.xy[rows], np.full(len(rows), NODE_ROOM_MM), names, NODE, face)


def _alternatives(table: pd.DataFrame, id_column: str, style: Style, face: Typeface) -> list[Texts]:
    """Names where the font can show them, and ids; empty texts are no labels."""
    properties = font(face, style.size, bold=style.bold)
    found = []
    for column in ("name", id_column):
        shown = [text if can_show(face, text) else "" for text in texts(table, column)]
        short = [shorten(text, properties, LONGEST_NAME_MM) if text else "" for text in shown]
        found.append(np.array(short, dtype=object))
    return found


def _point_names(xy: Floats, radius: Floats, alternatives: list[Texts], style: Style, face: Typeface) -> Batch:
    parts, written = [], []
    for rank, text in enumerate(alternatives):
        rows = np.flatnonzero(text != "")
        part = around_points(rows, xy[rows], radius[rows], _sizes(text[rows], style, face))
        extra = rank * _SHORT_TEXT_PENALTY
        parts.append(Candidates(part.owner, part.origin, part.angle, part.size, part.penalty + extra))
        written.append(text[part.owner])
    return Batch(np.concatenate(written), style, join(parts), "point")


def _pipe_sizes(content: Content, look: PipeLook, mask: Bools, style: Style, face: Typeface) -> Batch:
    """Diameters along the runs of pipes of one size, the largest and longest first."""
    named = np.flatnonzero(mask & (look.friction_class >= 0) & np.isfinite(look.diameter))
    nominal = np.isfinite(numbers(content.pipes.table, "dn_mm"))
    text = np.array([f"{'DN' if nominal[n] else 'Ø'}{look.diameter[n]:g}" for n in named], dtype=object)
    width = look.width[named] + np.where(look.critical[named], look.halo, 0.0)
    shortest = 0.0 if style is TRUNK_SIZE else SHORTEST_BRANCH_RUN_MM
    return _along(content.pipes.line[named], text, width, shortest, style, face, "line")


def _street_names(content: Content, face: Typeface) -> Batch:
    """Names of the longer streets, for finding one's way."""
    name, streets = texts(content.streets.table, "name"), content.streets
    shown = np.array([bool(text) and can_show(face, text) for text in name], dtype=bool)
    width = classes.street_widths(texts(streets.table, "class"))
    line = streets.line[shown]
    return _along(line, name[shown], width[shown], SHORTEST_STREET_MM, STREET_NAME, face, "street")


def _along(
    line: Geometries, text: Texts, width: Floats, shortest: float, style: Style, face: Typeface, kind: str
) -> Batch:
    """Labels along runs of lines of one text and drawn width [pt], from `shortest` [mm], the widest first."""
    run, text, width = _runs(line, text, width)
    length = shapely.length(run)
    kept = np.flatnonzero(length >= shortest)
    kept = kept[np.lexsort((-length[kept], -width[kept]))][:MOST_RUNS]
    repeats = 1 + (length[kept] // REPEAT_MM).astype(int)
    rows = np.repeat(kept, repeats)
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    share = np.repeat(repeats, repeats)[:, None]
    fractions = (turn[:, None] + 0.5 + _ALONG) / share
    owner = np.arange(len(rows))
    candidates = along_lines(
        owner, run[rows], width[rows] * MM_PER_POINT / 2, _sizes(text[rows], style, face), fractions
    )
    return Batch(text[rows][candidates.owner], style, candidates, kind)


def _runs(line: Geometries, text: Texts, width: Floats) -> tuple[Geometries, Texts, Floats]:
    """Join lines of one text and width that follow each other."""
    key = np.array([f"{w:.3f} {t}" for w, t in zip(width, text, strict=True)], dtype=str)
    unique, first, group = np.unique(key, return_index=True, return_inverse=True)
    merged = [shapely.line_merge(shapely.multilinestrings(line[group == g])) for g in range(len(unique))]
    parts, which = shapely.get_parts(np.array(merged, dtype=object), return_index=True)
    return parts, text[first][which], width[first][which]


def _sizes(text: Texts, style: Style, face: Typeface) -> Floats:
    properties = font(face, style.size, bold=style.bold, italic=style.italic)
    unique, position = np.unique(text.astype(str), return_inverse=True)
    sizes = np.array([text_size(one, properties) for one in unique]).reshape(-1, 3)
    return np.asarray(sizes[position])


def _outside(frame: Box) -> Geometries:
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
