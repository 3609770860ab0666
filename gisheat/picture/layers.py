"""Drawing the layers of the map: streets, pipes, symbols, in the order in which they lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from gisheat.picture import classes
from gisheat.picture.features import Bools, Content, Floats, Geometries, Points, flags, numbered, numbers, texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Ints = NDArray[np.int64]
Dashes = tuple[float, Sequence[float]]
SOURCE_MM = 6.4
NODE_MM = 1.7
HALO_PT = 7.5
PIN_MM = 2.5
MOST_NODES = 60
DASHES: Dashes = (0, (3.2, 2.2))
PLANNED: Dashes = (0, (2.6, 0.75))
"""Of planned pipes, in widths of the line."""


@dataclass(frozen=True)
class PipeLook:
    """How each drawn pipe looks; class -1 is a pipe without a value."""

    friction_class: Ints
    width: Floats
    diameter: Floats
    critical: Bools
    length: Floats
    halo: float
    node_size: float
    planned: Bools


@dataclass(frozen=True)
class StationLook:
    """How each station looks; class -1 is a station without a result."""

    surplus_class: Ints
    diameter: Floats
    load: Floats
    unserved: Bools
    worst: int
    density: float
    planned: Bools


def pipe_look(content: Content, density: float) -> PipeLook:
    """Class, width [pt], diameter [mm] and drawn length [mm on the page] of every pipe."""
    table, line = content.pipes.table, content.pipes.line
    friction = numbers(table, "sup_friction_pa_m")
    friction = np.where(np.isnan(friction), numbers(table, "ret_friction_pa_m"), friction)
    diameter = diameters(table)
    critical = flags(table, "on_critical_path")
    return PipeLook(
        friction_class=classes.classify(friction, classes.FRICTION_BREAKS_PA_M),
        width=classes.pipe_widths(diameter, largest(diameter), density),
        diameter=diameter,
        critical=critical,
        length=shapely.length(line),
        halo=HALO_PT * density**0.5,
        node_size=NODE_MM * density**0.5,
        planned=texts(table, "status") == "planned",
    )


def diameters(table: pd.DataFrame) -> Floats:
    """Nominal diameter of every pipe, or its bore where none is stated [mm], NaN where neither is."""
    nominal = numbers(table, "dn_mm")
    diameter = np.where(np.isnan(nominal), np.round(numbers(table, "inner_diameter_mm")), nominal)
    return np.where(diameter > 0, diameter, np.nan)


def station_look(content: Content, density: float) -> StationLook:
    """Class, symbol diameter [mm] and load [kW] of every station."""
    table = content.stations.table
    load, surplus = numbers(table, "load_kw"), numbers(table, "surplus_head_m")
    unserved = flags(table, "served", value=False)
    served = np.where(unserved, np.inf, np.where(np.isnan(surplus), np.inf, surplus))
    return StationLook(
        surplus_class=classes.classify(surplus, classes.SURPLUS_BREAKS_M),
        diameter=classes.station_diameters(load, largest(load), density),
        load=load,
        unserved=unserved,
        worst=int(served.argmin()) if np.isfinite(served).any() else -1,
        density=density,
        planned=texts(table, "status") == "planned",
    )


def draw_streets(axes: Axes, content: Content, density: float) -> None:
    """Streets as white bands with a pale edge."""
    streets = content.streets
    width = np.sqrt(density) * classes.street_widths(texts(streets.table, "class"))
    draw_lines(axes, streets.line, width + 0.9, classes.STREET_EDGE, 1)
    draw_lines(axes, streets.line, width, classes.STREET, 2)


def draw_pipes(axes: Axes, content: Content, look: PipeLook) -> None:
    """Halo of the critical path, pipes without a value, then the pipes, the widest on top, planned ones dashed."""
    line, valued = content.pipes.line, look.friction_class >= 0
    path = look.critical & valued
    draw_lines(axes, line[path], look.width[path] + look.halo, classes.HALO, 3)
    draw_lines(axes, line[~valued], np.full(int((~valued).sum()), 1.0), classes.NO_VALUE, 4, DASHES)
    order = np.flatnonzero(valued)[np.argsort(look.width[valued], kind="stable")]
    draw_lines(axes, line[order], look.width[order] + 1.3, classes.PAPER, 5)
    for planned, dashes in ((False, None), (True, PLANNED)):
        rows = order[look.planned[order] == planned]
        colours = np.array(classes.FRICTION_COLOURS)[look.friction_class[rows]]
        draw_lines(axes, line[rows], look.width[rows], colours.tolist(), 6, dashes)


def draw_stations(axes: Axes, stations: Points, look: StationLook) -> None:
    """Circles by surplus head (rhombs where planned), crosses for those not served, a ring for the worst."""
    for planned, marker in ((False, "o"), (True, "D")):
        known = ~look.unserved & (look.planned == planned)
        draw_circles(axes, stations.xy[known], look.diameter[known], look.surplus_class[known], marker)
    draw_crosses(axes, stations.xy[look.unserved], look.diameter[look.unserved])
    if look.worst >= 0:
        draw_ring(axes, stations.xy[look.worst], float(look.diameter[look.worst]))


def draw_circles(axes: Axes, xy: Floats, diameter: Floats, surplus_class: Ints, marker: str = "o") -> None:
    """Station symbols, circles unless another marker is asked for; `xy` and `diameter` in mm, large ones first."""
    order = np.argsort(-diameter, kind="stable")
    colours = np.array([*classes.SURPLUS_COLOURS, classes.UNKNOWN_FILL])[surplus_class[order]]
    size, edge = diameter[order] * (1.0 if marker == "o" else 0.82), np.clip(diameter[order] * 0.28, 0.35, 0.85)
    draw_marks(axes, xy[order], size + 0.65 * edge, marker, [classes.PAPER], 0.0, 10)
    draw_marks(axes, xy[order], size, marker, colours.tolist(), edge, 11)


def draw_crosses(axes: Axes, xy: Floats, diameter: Floats) -> None:
    """Red crosses on white, for stations that are not served."""
    for width, colour in ((4.2, classes.PAPER), (2.0, classes.CROSS)):
        marks = axes.scatter(xy[:, 0], xy[:, 1], s=marker_area(diameter * 0.85), marker="x", color=colour)
        marks.set(linewidths=width, zorder=13)


def draw_ring(axes: Axes, xy: Floats, diameter: float) -> None:
    """Ring around the worst station."""
    for width, colour in ((2.8, classes.PAPER), (1.3, classes.SURPLUS_COLOURS[0])):
        marks = axes.scatter(xy[:1], xy[1:], s=marker_area(np.array([diameter + 2.2])), marker="o")
        marks.set(linewidths=width, zorder=12, facecolors="none", edgecolors=colour)


def draw_sources(axes: Axes, xy: Floats, side: float = SOURCE_MM) -> None:
    """Black squares of `side` [mm] with a star."""
    size = np.full(len(xy), side)
    draw_marks(axes, xy, size + 0.8, "s", [classes.PAPER], 0.0, 14)
    draw_marks(axes, xy, size, "s", [classes.INK], 0.0, 15)
    draw_marks(axes, xy, size * 0.72, "*", [classes.HALO], 0.0, 16)


def draw_nodes(axes: Axes, xy: Floats, size: float = NODE_MM) -> None:
    """Small white dots of `size` [mm], for the named nodes of the critical path."""
    draw_marks(axes, xy, np.full(len(xy), size), "o", [classes.PAPER], 0.8 * size / NODE_MM, 9)


def draw_findings(axes: Axes, findings: Points) -> None:
    """Errors and warnings."""
    severity = texts(findings.table, "severity")
    for name, colour in (("warning", classes.WARNING), ("error", classes.ERROR)):
        draw_triangles(axes, findings.xy[severity == name], colour)


def draw_triangles(axes: Axes, xy: Floats, colour: str) -> None:
    """Draw triangles that point down at their places."""
    middle = pins(xy)
    marks = axes.scatter(middle[:, 0], middle[:, 1], s=marker_area(np.full(len(xy), PIN_MM)), marker="v")
    marks.set(linewidths=0.6, facecolors=colour, edgecolors=classes.PAPER, zorder=17)


def pins(xy: Floats) -> Floats:
    """Middles of the triangles that point at `xy`."""
    return np.asarray(xy + np.array([0.0, PIN_MM / 2 + 0.4]))


def critical_nodes(content: Content, look: PipeLook) -> Ints:
    """Rows of named nodes, at most 60, at the ends of trunk pipes of the critical path."""
    role = texts(content.pipes.table, "role")
    path = look.critical & ((role == "trunk") | ~(look.critical & (role == "trunk")).any())
    return named_nodes(content, path)


def named_nodes(content: Content, pipes: Bools) -> Ints:
    """Rows of nodes with a name of their own, at most 60, at the ends of some pipes."""
    table = content.pipes.table
    ends = np.concatenate([texts(table, "from_node")[pipes], texts(table, "to_node")[pipes]]).astype(str)
    names = texts(content.nodes.table, "node_id").astype(str)
    rows = np.flatnonzero(np.isin(names, ends) & (names != "") & ~numbered(names))
    return rows[:: max(1, -(-len(rows) // MOST_NODES))]


def discs(xy: Floats, diameter: Floats) -> Geometries:
    """Round symbols as shapes that no label may touch."""
    return np.asarray(shapely.buffer(shapely.points(xy), diameter / 2, quad_segs=3), dtype=object)


def squares(xy: Floats, side: float) -> Geometries:
    """Square symbols as shapes that no label may touch."""
    left, bottom = xy[:, 0] - side / 2, xy[:, 1] - side / 2
    return np.asarray(shapely.box(left, bottom, left + side, bottom + side), dtype=object)


def draw_lines(
    axes: Axes,
    line: Geometries,
    width: Floats,
    colour: str | Sequence[str],
    zorder: float,
    dashes: Dashes | None = None,
) -> None:
    """Lines of one colour or each of its own; `width` in pt, dashes in widths."""
    if not len(line):
        return
    xy, which = shapely.get_coordinates(line, return_index=True)
    segments = np.split(xy, np.flatnonzero(np.diff(which)) + 1)
    cap = "butt" if dashes else "round"
    collection = LineCollection(segments, linewidths=width, colors=colour, capstyle=cap, joinstyle="round")
    collection.set_zorder(zorder)
    if dashes:
        collection.set_linestyle(dashes)
    axes.add_collection(collection, autolim=False)


def draw_marks(
    axes: Axes,
    xy: Floats,
    size: Floats,
    marker: str,
    colours: Sequence[str],
    edge: float | Floats,
    zorder: float,
) -> None:
    """Markers of `size` [mm] with an edge [pt]."""
    marks = axes.scatter(xy[:, 0], xy[:, 1], s=marker_area(size), marker=marker)
    marks.set(linewidths=edge, facecolors=colours, edgecolors=classes.INK, zorder=zorder)


def marker_area(diameter_mm: Floats) -> Floats:
    """Marker area in matplotlib's square points."""
    return np.asarray((diameter_mm * 72 / 25.4) ** 2)


def largest(values: Floats) -> float:
    """Largest of the known values, 0 where none is."""
    return float(np.nanmax(values, initial=0.0))
