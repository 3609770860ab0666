"""The map of loads: stations as circles whose area is proportional to their load, the network pale below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import PolyCollection

from gisheat.picture import classes, layers, legend
from gisheat.picture.features import Bools, Content, Floats, Texts, numbers, texts
from gisheat.picture.fonts import can_show
from gisheat.picture.naming import (
    SOURCE,
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
    from matplotlib.axes import Axes

    from gisheat.picture.page import Page
    from gisheat.picture.plan import Plan

COVERED = 0.045
"""Share of the map that the circles of all stations may cover."""
LARGEST_MM, SMALLEST_MM = 24.0, 1.3
PIPE, PIPE_WIDTHS = "#6b7280", (0.5, 2.0)
BUILDING, BUILDING_EDGE = "#e2dccf", "#c4bba8"
COLOURS = {False: "#f0a04b", True: "#4a8fd0"}
"""Of existing and planned stations; planned ones are hatched too."""
EDGES = {False: "#8a4a0a", True: "#123f6d"}
MOST_DEPTHS = 24
"""Steps in which smaller circles lie on larger ones."""
MOST_LABELS = 150
_LABEL, _SIZE = Style(6.6), Style(5.8, "#4a4e55", italic=True)
_SHORTEST_RUN_MM = 24.0


@dataclass(frozen=True)
class LoadLook:
    """How each station looks."""

    load: Floats
    """[kW], NaN where unknown."""
    diameter: Floats
    """[mm]"""
    planned: Bools
    served: Bools
    """It stands and takes heat: neither closed nor abandoned nor without load."""


def draw_loads(plan: Plan) -> None:
    """Draw the map and its panel."""
    axes, content, page = plan.axes, plan.content, plan.page
    frame = page.sheet.map_frame
    stations = load_look(content, (frame[2] - frame[0]) * (frame[3] - frame[1]))
    bore = layers.diameters(content.pipes.table)
    width = _pipe_widths(bore)
    planned = texts(content.pipes.table, "status") == "planned"
    carries = np.isfinite(numbers(content.pipes.table, "length_m"))
    layers.draw_streets(axes, content, plan.density)
    _draw_buildings(axes, content)
    for rows, dashes in ((~planned & carries, None), (planned & carries, layers.PLANNED)):
        layers.draw_lines(axes, content.pipes.line[rows], width[rows], PIPE, 4, dashes)
    _draw_stations(axes, content.stations.xy, stations)
    layers.draw_sources(axes, content.sources.xy)
    _write_labels(plan, stations, width)
    _draw_panel(plan, stations, planned=bool(planned.any()), carried=bool((~planned).any()))


def load_look(content: Content, room: float) -> LoadLook:
    """Circles whose area is proportional to the load; together they cover a given part of `room` [mm2]."""
    table = content.stations.table
    load, status = numbers(table, "load_kw"), texts(table, "status")
    served = ~np.isin(status, ["abandoned", "closed"]) & (load > 0.0)
    share = np.where(served, load, 0.0) / max(float(load[served].sum()), 1e-9)
    diameter = np.sqrt(share * COVERED * room * 4.0 / np.pi)
    diameter *= min(1.0, LARGEST_MM / max(layers.largest(diameter), 1e-9))
    return LoadLook(load, np.where(served, diameter, SMALLEST_MM), status == "planned", served)


def _pipe_widths(bore: Floats) -> Floats:
    share = np.clip(np.nan_to_num(bore, nan=0.0) / max(layers.largest(bore), 400.0), 0.0, 1.0)
    return np.asarray(PIPE_WIDTHS[0] + (PIPE_WIDTHS[1] - PIPE_WIDTHS[0]) * share)


def _draw_buildings(axes: Axes, content: Content) -> None:
    rings = [shapely.get_coordinates(polygon.exterior) for polygon in content.buildings]
    shapes = PolyCollection(rings, facecolors=BUILDING, edgecolors=BUILDING_EDGE, linewidths=0.3)
    shapes.set_zorder(3)
    axes.add_collection(shapes, autolim=False)


def _draw_stations(axes: Axes, xy: Floats, look: LoadLook) -> None:
    """Circles, the large ones below, and the place of each station as a dot."""
    order = np.argsort(-look.diameter, kind="stable")
    for depth, rows in enumerate(np.array_split(order, MOST_DEPTHS)):
        for planned in (False, True):
            shown = rows[look.served[rows] & (look.planned[rows] == planned)]
            _draw_circles(axes, xy[shown], look.diameter[shown], 10 + depth / MOST_DEPTHS, planned=planned)
    layers.draw_marks(axes, xy, np.full(len(xy), 0.9), "o", [classes.INK], 0.0, 12)
    shut = ~look.served
    layers.draw_crosses(axes, xy[shut], np.full(int(shut.sum()), 2.4))


def _draw_circles(axes: Axes, xy: Floats, diameter: Floats, zorder: float, *, planned: bool) -> None:
    marks = axes.scatter(xy[:, 0], xy[:, 1], s=layers.marker_area(diameter), marker="o")
    marks.set(facecolors=[(*_rgb(COLOURS[planned]), 0.78)], edgecolors=EDGES[planned], linewidths=0.8, zorder=zorder)
    if planned:
        marks.set_hatch("//////")
        marks.set_hatch_linewidth(0.5)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _write_labels(plan: Plan, look: LoadLook, width: Floats) -> None:
    content, face, frame = plan.content, plan.page.face, plan.page.sheet.map_frame
    order = np.argsort(-np.nan_to_num(look.load, nan=-1.0), kind="stable")[:MOST_LABELS]
    stations, line = content.stations, content.pipes.line
    labels = _labels(plan, look)
    sizes = size_texts(content.pipes.table, layers.diameters(content.pipes.table))
    named = np.flatnonzero(sizes != "")
    batches = [
        source_names(content, face),
        point_names(stations.xy[order], look.diameter[order] / 2, [text[order] for text in labels], _LABEL, face),
        along(line[named], sizes[named], width[named], _SHORTEST_RUN_MM, _SIZE, face, "line"),
        street_names(content, face),
    ]
    symbols = [
        layers.discs(stations.xy, look.diameter),
        layers.squares(content.sources.xy, layers.SOURCE_MM),
        outside(frame),
    ]
    under = Under(line, width, np.zeros(len(line), dtype=bool))
    write_labels(plan.axes, batches, np.concatenate(symbols), under, face)


def _labels(plan: Plan, look: LoadLook) -> list[Texts]:
    """Name over area and load, and where that finds no room the load alone."""
    table, face, words = plan.content.stations.table, plan.page.face, plan.page.words
    names, ids = alternatives(table, "station_id", SOURCE, face)
    area = numbers(table, "heated_area_m2") / 1e4
    full, short = [], []
    for row in range(len(table)):
        figures = [f"{look.load[row] / 1e3:.2f} MW"] if look.served[row] else []
        if figures and np.isfinite(area[row]) and can_show(face, words["served_area"]):
            figures.insert(0, words["served_area"].format(area[row]))
        name = names[row] or ids[row]
        full.append("\n".join(filter(None, (name, "  ".join(figures)))))
        short.append("\n".join(filter(None, (ids[row], *figures[-1:]))))
    return [np.array(full, dtype=object), np.array(short, dtype=object)]


def _draw_panel(plan: Plan, look: LoadLook, *, planned: bool, carried: bool) -> None:
    page, top = plan.page, plan.page.sheet.panel[3]
    top = _draw_sizes(page, top, look)
    top = _draw_kinds(plan, top, look, planned=planned, carried=carried)
    top = _draw_totals(plan, top)
    legend.draw_notes(page, top, page.sheet.panel[1] + FOOT_MM, plan.notes)
    draw_scale(page)


def _draw_sizes(page: Page, top: float, look: LoadLook) -> float:
    """Circles of round loads at the size they have on the map, standing on one line."""
    steps = legend.load_steps(np.where(look.served, look.load, np.nan))
    if not len(steps):
        return top
    sizes = layers.largest(look.diameter) * np.sqrt(steps / float(look.load[look.served].max()))
    y = legend.head(page, top, "load", "MW")
    foot, x = y + legend.ROW_MM / 2 - sizes[0] - 1.0, page.sheet.panel[0] + 0.8
    for load, size in zip(steps, sizes, strict=True):
        middle = np.array([[x + size / 2, foot + size / 2]])
        _draw_circles(page.axes, middle, np.array([size]), 10, planned=False)
        write(page, x + size + 1.2, foot + size / 2 - 1.1, f"{load / 1000:g}", legend.TEXT_PT)
        x += size + 11.0
    return float(foot - 2.5)


def _draw_kinds(plan: Plan, top: float, look: LoadLook, *, planned: bool, carried: bool) -> float:
    """Keys of stations with the load of each kind, and of what lies below them."""
    page, words = plan.page, plan.page.words
    y = legend.head(page, top, "symbols")
    for is_planned, name in ((False, "existing_station"), (True, "planned_station")):
        rows = look.served & (look.planned == is_planned)
        if rows.any():
            _draw_circles(page.axes, legend.key_place(page, y), np.array([3.8]), 10, planned=is_planned)
            legend.row(page, y, words[name], f"{int(rows.sum())} · {look.load[rows].sum() / 1e3:.2f} MW")
            y -= legend.ROW_MM
    keys = (
        ("unserved", bool((~look.served).any())), ("source", bool(len(plan.content.sources))),
        ("existing", carried), ("planned", planned), ("building", bool(len(plan.content.buildings))),
        ("street", bool(len(plan.content.streets))),
    )  # fmt: skip
    for name, present in keys:
        if present:
            _draw_key(page, name, y)
            legend.row(page, y, words[name if name != "unserved" else "without_load"])
            y -= legend.ROW_MM
    return legend.below(y)


def _draw_key(page: Page, name: str, y: float) -> None:
    if name == "unserved":
        layers.draw_crosses(page.axes, legend.key_place(page, y), np.array([2.4]))
    elif name == "source":
        legend.source_key(page, y)
    elif name == "building":
        legend.swatch(page, y, 6.0, BUILDING)
    elif name == "street":
        legend.street_key(page, y)
    else:
        legend.swatch(page, y, PIPE_WIDTHS[1], PIPE, dashes=layers.PLANNED if name == "planned" else None)


def _draw_totals(plan: Plan, top: float) -> float:
    """A row for each phase: stations, heated area, load."""
    if not plan.totals:
        return top
    page, words = plan.page, plan.page.words
    left, _, right, _ = page.sheet.panel
    columns = (right - 33.0, right - 14.0, right)
    y = legend.head(page, top, "by_phase")
    for x, name in zip(columns, ("station_count", "area_unit", "megawatt"), strict=True):
        write(page, x, y - 1.1, words[name], legend.FIGURE_PT, colour=classes.PALE_INK, ha="right")
    for total in plan.totals:
        y -= legend.ROW_MM
        name = plan.phase_name(total.phase)
        write(page, left, y - 1.1, name if can_show(page.face, name) else total.phase, legend.TEXT_PT)
        area = f"{total.area / 1e4:.1f}" if np.isfinite(total.area) else "–"
        for x, text in zip(columns, (str(total.stations), area, f"{total.load / 1e6:.2f}"), strict=True):
            write(page, x, y - 1.1, text, legend.TEXT_PT, ha="right")
    return legend.below(y - legend.ROW_MM)
