"""The network plan: what exists, what is planned in which phase, what is given up; diameters along the pipes.

Kinds of pipes differ in colour and in dashes, so that a copy without colours is read as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gisheat.picture import classes, layers, legend
from gisheat.picture.features import Bools, Content, Floats, Geometries, Texts, numbers, texts
from gisheat.picture.fonts import can_show
from gisheat.picture.naming import (
    NODE,
    STATION,
    Style,
    Under,
    along,
    alternatives,
    outside,
    point_names,
    size_texts,
    source_names,
    street_names,
    write_labels,
)
from gisheat.picture.page import FOOT_MM, draw_scale, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from gisheat.picture.page import Page
    from gisheat.picture.plan import Plan

STANDING = "#3a3f47"
GIVEN_UP = "#8d9096"
PHASE_COLOURS = ("#c8102e", "#1f6fb5", "#1a8a4b", "#8a3fa0", "#b3690a")
PHASE_DASHES: tuple[layers.Dashes, ...] = (
    (0, (3.4, 0.9)), (0, (1.1, 0.8)), (0, (4.5, 0.8, 0.9, 0.8)), (0, (2.0, 1.6)), (0, (4.0, 0.8, 0.9, 0.8, 0.9, 0.8)),
)  # fmt: skip
"""In widths of the line."""
STATION_MM = 3.0
MOST_LABELS = 300
_TRUNK, _SMALL = Style(7.4, "#2d3138", italic=True), Style(5.9, "#2d3138", italic=True)
_SHORTEST_RUN_MM = 4.0
_CROSS_EVERY_MM = 7.0


@dataclass(frozen=True)
class Kind:
    """A kind of pipe or station: of a status, planned ones of a phase."""

    status: str
    phase: str
    colour: str
    dashes: layers.Dashes | None


def draw_phases(plan: Plan) -> None:
    """Draw the map and its panel."""
    axes, content = plan.axes, plan.content
    kinds = kinds_of(content, plan.phases)
    pipe_kind, station_kind = _kind(content.pipes.table, kinds), _kind(content.stations.table, kinds)
    bore = layers.diameters(content.pipes.table)
    width = _widths(plan, bore)
    layers.draw_streets(axes, content, plan.density)
    for number, kind in enumerate(kinds):
        _draw_pipes(axes, content, pipe_kind == number, width, kind)
        _draw_stations(axes, content.stations.xy[station_kind == number], kind, STATION_MM * plan.density**0.5)
    layers.draw_sources(axes, content.sources.xy)
    _write_labels(plan, bore, width)
    _draw_panel(plan, kinds, pipe_kind, station_kind, bore)


def _widths(plan: Plan, bore: Floats) -> Floats:
    return np.maximum(classes.pipe_widths(bore, layers.largest(bore), plan.density) * 0.8, 1.0)


def kinds_of(content: Content, phases: Sequence[str]) -> list[Kind]:
    """Kinds of pipes and stations that are there, existing ones first, planned ones in the order of the phases."""
    tables = (content.pipes.table, content.stations.table)
    present = {pair for table in tables for pair in zip(*_status_and_phase(table), strict=True)}
    planned = sorted((p for s, p in present if s == "planned"), key=lambda p: _place(p, phases))
    later = [p for p in planned if not phases or p != phases[0]]
    kinds = [Kind("existing", "", STANDING, None)] if any(s == "existing" for s, _ in present) else []
    for phase in planned:
        if phase in later:
            number = later.index(phase) % len(PHASE_COLOURS)
            kinds.append(Kind("planned", phase, PHASE_COLOURS[number], PHASE_DASHES[number]))
        else:  # planned, and yet there from the beginning: gisheat drew it, or its size is open
            kinds.append(Kind("planned", phase, STANDING, (0, (6.0, 0.7))))
    kinds += [
        Kind(s, "", GIVEN_UP, (0, (1.0, 1.2))) for s in ("closed", "abandoned") if any(s == t for t, _ in present)
    ]
    return kinds


def _status_and_phase(table: pd.DataFrame) -> tuple[Texts, Texts]:
    status, phase = texts(table, "status"), texts(table, "phase")
    status = np.where(status == "", "existing", status).astype(object)
    return status, np.where(status == "planned", phase, "").astype(object)


def _place(phase: str, phases: Sequence[str]) -> tuple[int, str]:
    return (phases.index(phase) if phase in phases else len(phases), phase)


def _kind(table: pd.DataFrame, kinds: Sequence[Kind]) -> layers.Ints:
    """Number of the kind of every row."""
    number = {(kind.status, kind.phase): n for n, kind in enumerate(kinds)}
    return np.array([number[pair] for pair in zip(*_status_and_phase(table), strict=True)], dtype=np.int64)


def _draw_pipes(axes: Axes, content: Content, rows: Bools, width: Floats, kind: Kind) -> None:
    line, given_up = content.pipes.line[rows], kind.status in ("abandoned", "closed")
    layers.draw_lines(axes, line, width[rows] + 1.3, classes.PAPER, 5)
    layers.draw_lines(
        axes, line, np.minimum(width[rows], 1.4) if given_up else width[rows], kind.colour, 6, kind.dashes
    )
    if kind.status == "abandoned":
        _cross_out(axes, line)


def _cross_out(axes: Axes, line: Geometries) -> None:
    """Crosses along abandoned pipes, at least one on each."""
    for one in line:
        count = max(1, int(one.length // _CROSS_EVERY_MM))
        places = shapely.line_interpolate_point(one, (np.arange(count) + 0.5) / count, normalized=True)
        xy = shapely.get_coordinates(places)
        marks = axes.scatter(xy[:, 0], xy[:, 1], s=layers.marker_area(np.full(count, 1.6)), marker="x", color=GIVEN_UP)
        marks.set(linewidths=0.9, zorder=7)


def _draw_stations(axes: Axes, xy: Floats, kind: Kind, diameter: float = STATION_MM) -> None:
    """Full circles for existing stations, rings of the colour of the phase for planned ones, crosses for the rest."""
    size = np.full(len(xy), diameter)
    layers.draw_marks(axes, xy, size + 0.7, "o", [classes.PAPER], 0.0, 10)
    if kind.status in ("abandoned", "closed"):
        layers.draw_crosses(axes, xy, size)
        return
    planned = kind.status == "planned"
    marks = axes.scatter(xy[:, 0], xy[:, 1], s=layers.marker_area(size * (0.8 if planned else 1.0)), marker="o")
    marks.set(facecolors=classes.PAPER if planned else kind.colour, edgecolors=kind.colour, zorder=11)
    marks.set_linewidth(1.8 * diameter / STATION_MM if planned else 0.0)


def _write_labels(plan: Plan, bore: Floats, width: Floats) -> None:
    content, face, frame = plan.content, plan.page.face, plan.page.sheet.map_frame
    stations, table, line = content.stations, content.pipes.table, content.pipes.line
    nodes = layers.named_nodes(content, texts(table, "role") == "trunk")
    sizes = size_texts(table, bore)
    large = bore >= layers.largest(bore) / 2
    big, small = np.flatnonzero(large & (sizes != "")), np.flatnonzero(~large & (sizes != ""))
    layers.draw_nodes(plan.axes, content.nodes.xy[nodes], layers.NODE_MM * plan.density**0.5)
    order = np.argsort(-np.nan_to_num(numbers(stations.table, "load_kw"), nan=-1.0), kind="stable")[:MOST_LABELS]
    diameter = STATION_MM * plan.density**0.5
    radius = np.full(len(order), diameter / 2)
    names = [text[order] for text in alternatives(stations.table, "station_id", STATION, face)]
    node_names = alternatives(content.nodes.table.iloc[nodes], "node_id", NODE, face)
    batches = [
        source_names(content, face),
        along(line[big], sizes[big], width[big], 0.0, _TRUNK, face, "line"),
        point_names(stations.xy[order], radius, names, STATION, face),
        point_names(content.nodes.xy[nodes], np.full(len(nodes), 1.7), node_names, NODE, face),
        along(line[small], sizes[small], width[small], _SHORTEST_RUN_MM, _SMALL, face, "line", beside=True),
        street_names(content, face),
    ]
    symbols = [
        layers.discs(stations.xy, np.full(len(stations), diameter + 0.7)),
        layers.squares(content.sources.xy, layers.SOURCE_MM),
        layers.discs(content.nodes.xy[nodes], np.full(len(nodes), layers.NODE_MM)),
        outside(frame),
    ]
    under = Under(line, width, np.zeros(len(line), dtype=bool))
    write_labels(plan.axes, batches, np.concatenate(symbols), under, face)


def _draw_panel(
    plan: Plan, kinds: Sequence[Kind], pipe_kind: layers.Ints, station_kind: layers.Ints, bore: Floats
) -> None:
    page, table = plan.page, plan.content.pipes.table
    length = _lengths(plan)
    y = legend.head(page, page.sheet.panel[3], "pipes_by_phase")
    for number, kind in enumerate(kinds):
        if (pipe_kind == number).any():
            _pipe_key(page, y, kind)
            legend.row(page, y, kind_name(plan, kind), legend.kilometres(float(length[pipe_kind == number].sum())))
            y -= legend.ROW_MM
    top = _draw_station_keys(plan, legend.below(y), kinds, station_kind)
    top = legend.draw_widths(page, top, bore, _widths(plan, bore))
    top = _draw_symbols(plan, top)
    top = _draw_schedule(plan, top, kinds, pipe_kind, numbers(table, "dn_mm"), length)
    legend.draw_notes(page, top, page.sheet.panel[1] + FOOT_MM, plan.notes)
    draw_scale(page)


def _lengths(plan: Plan) -> Floats:
    """Length of every drawn line [m]: the stated one, shared among the parts of a pipe, else as drawn."""
    table, line = plan.content.pipes.table, plan.content.pipes.line
    drawn = shapely.length(line) * plan.page.sheet.denominator / 1000
    stated, parts = numbers(table, "length_m"), texts(table, "pipe_id")
    _, whole = np.unique(parts.astype(str), return_inverse=True)
    total = np.bincount(whole, weights=drawn)[whole] if len(whole) else drawn
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = stated * np.where(total > 0.0, drawn / total, 1.0)
    return np.where(np.isfinite(shared) & (parts != ""), shared, drawn)


def kind_name(plan: Plan, kind: Kind) -> str:
    """A kind in the language of the map."""
    words = plan.page.words
    if kind.status != "planned":
        return words["existing_stations" if kind.status == "existing" else kind.status]
    name = plan.phase_name(kind.phase)
    name = name if can_show(plan.page.face, name) else "?"
    if not kind.phase:
        return words["planned_some_time"]
    return words["planned_here" if kind.colour == STANDING else "planned_in"].format(name)


def _pipe_key(page: Page, y: float, kind: Kind) -> None:
    given_up = kind.status in ("abandoned", "closed")
    legend.swatch(page, y, 1.4 if given_up else 2.6, kind.colour, dashes=kind.dashes)
    if kind.status == "abandoned":
        x = page.sheet.panel[0]
        _cross_out(page.axes, np.array([shapely.LineString([(x + 0.8, y), (x + legend.KEY_MM, y)])], dtype=object))


def _draw_station_keys(plan: Plan, top: float, kinds: Sequence[Kind], station_kind: layers.Ints) -> float:
    if not len(station_kind):
        return top
    y = legend.head(plan.page, top, "all_stations")
    for number, kind in enumerate(kinds):
        count = int((station_kind == number).sum())
        if count:
            _draw_stations(plan.page.axes, legend.key_place(plan.page, y), kind)
            legend.row(plan.page, y, kind_name(plan, kind), str(count))
            y -= legend.ROW_MM
    return legend.below(y)


def _draw_symbols(plan: Plan, top: float) -> float:
    page, y = plan.page, legend.head(plan.page, top, "symbols")
    if len(plan.content.sources):
        legend.source_key(page, y)
        legend.row(page, y, page.words["source"])
        y -= legend.ROW_MM
    if len(plan.content.streets):
        legend.street_key(page, y)
        legend.row(page, y, page.words["street"])
        y -= legend.ROW_MM
    return legend.below(y)


def _draw_schedule(
    plan: Plan, top: float, kinds: Sequence[Kind], pipe_kind: layers.Ints, dn: Floats, length: Floats
) -> float:
    """Trench metres of each diameter and phase that is planned, where there is room for it."""
    page, bottom = plan.page, plan.page.sheet.panel[1] + FOOT_MM
    planned = [n for n, kind in enumerate(kinds) if kind.status == "planned" and kind.colour != STANDING]
    sizes = np.unique(dn[np.isin(pipe_kind, planned) & np.isfinite(dn)])[::-1]
    if not len(sizes) or top - legend.HEAD_MM - (len(sizes) + 2) * legend.ROW_MM < bottom:
        return top
    left, _, right, _ = page.sheet.panel
    y, step = legend.head(page, top, "schedule", page.words["trench"]), legend.ROW_MM * 0.86
    columns = right - 21.0 * np.arange(len(planned))[::-1]
    for x, number in zip(columns.tolist(), planned, strict=True):
        name = plan.phase_name(kinds[number].phase) or page.words["planned_some_time"]
        write(page, x, y - 1.1, name, legend.FIGURE_PT, colour=kinds[number].colour, bold=True, ha="right")
    for size in sizes:
        y -= step
        write(page, left, y - 1.1, f"DN{size:g}", legend.TEXT_PT)
        for x, number in zip(columns.tolist(), planned, strict=True):
            metres = float(length[(pipe_kind == number) & (dn == size)].sum())
            write(page, x, y - 1.1, f"{metres:.0f}" if metres else "–", legend.TEXT_PT, ha="right")
    return legend.below(y - legend.ROW_MM)
