"""Joining stations and sources to the network: the node they stand at, or a connection to the nearest pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gisheat.findings import Finding
from gisheat.topology.drawn import free_name
from gisheat.topology.noding import EXACT, PAIR, RETURN, SUPPLY, Array, Index, Lines

LINE_WORD = {PAIR: "pair", SUPPLY: "supply", RETURN: "return"}


@dataclass(frozen=True, slots=True)
class Feet:
    """Where points reach the lines of one side: equal-length arrays, one row for each point.

    Exactly one of `node` and `line` is given (the other is -1); both are -1 where nothing is near enough.
    """

    node: Index
    line: Index
    along: Array
    """Distance along the line [m]."""
    gap: Array
    """Distance from the point [m], infinite where nothing was found at all."""


def find_feet(
    points: Array,
    side: int,
    lines: Lines,
    line_bits: Index,
    start: Index,
    end: Index,
    xy: Array,
    tolerance: float,
) -> Feet:
    """Nearest node within the tolerance, else foot on the nearest line, of the lines that carry a side.

    A foot within the tolerance of a line's end is that end. Of equally near lines the first one by its corners
    is taken.

    Parameters
    ----------
    points : array, shape (n, 2)
        Stations or sources [m].
    side : int
        SUPPLY or RETURN (or PAIR, when all lines carry both).
    """
    count = len(points)
    node, line = np.full((2, count), -1, np.int64)
    along, gap = np.zeros(count), np.full(count, np.inf)
    usable = np.flatnonzero((line_bits & side) == side)
    if not len(usable) or not count:
        return Feet(node, line, along, gap)
    places = shapely.points(points)
    tree = shapely.STRtree(lines[usable])
    (point, found), distance = tree.query_nearest(places, return_distance=True, all_matches=True)
    corners = shapely.bounds(lines[usable])  # of equally near lines the first one by place, not by feature
    order = np.lexsort((*corners[found].T, np.round(distance / EXACT), point))
    first = order[np.unique(point[order], return_index=True)[1]]
    line[point[first]] = usable[found[first]]
    gap[point[first]] = distance[first]
    along = shapely.line_locate_point(lines[line], places)
    length = shapely.length(lines[line])
    at_start, at_end = along <= max(tolerance, EXACT), along >= length - max(tolerance, EXACT)
    ends_near = np.where(at_start & (along <= length - along), start[line], np.where(at_end, end[line], -1))
    ends = np.unique(np.concatenate([start[usable], end[usable]]))
    nearest = shapely.STRtree(shapely.points(xy[ends])).query_nearest(places, all_matches=False)
    candidate = ends[nearest[1]]
    near = np.linalg.norm(xy[candidate] - points[nearest[0]], axis=1)
    at_node = near <= max(tolerance, EXACT)
    node[ends_near >= 0] = ends_near[ends_near >= 0]
    gap[ends_near >= 0] = np.linalg.norm(xy[node[ends_near >= 0]] - points[ends_near >= 0], axis=1)
    node[nearest[0][at_node]] = candidate[at_node]
    gap[nearest[0][at_node]] = near[at_node]
    line[node >= 0] = -1
    return Feet(node, line, along, gap)


def sides_to_connect(line_bits: Index) -> tuple[int, ...]:
    """Both at once when all lines are pairs, else supply and return one after the other."""
    return (SUPPLY | RETURN,) if (line_bits == SUPPLY | RETURN).all() else (SUPPLY, RETURN)


@dataclass(frozen=True, slots=True)
class Reached:
    """Nodes at the feet of points on one side (or both at once), -1 where none is near enough, and gaps [m]."""

    side: int
    node: Index
    gap: Array


@dataclass(frozen=True, slots=True)
class Connected:
    """Connections that were drawn, with their nodes, and the supply and return node of every point (-1: none)."""

    pipes: gpd.GeoDataFrame
    start: Index
    end: Index
    xy: Array
    supply_node: Index
    return_node: Index
    findings: list[Finding]


def connect(
    layer: str, points: gpd.GeoDataFrame, reached: list[Reached], xy: Array, tolerance: float, farthest: float,
    taken: set[Any],
) -> Connected:  # fmt: skip
    """Give stations or sources their nodes; where one stands beside the pipe, draw a connection to it.

    Parameters
    ----------
    layer : str
        stations or sources.
    reached : list
        One item for each side that is connected on its own.
    xy : array, shape (nodes, 2)
        Nodes so far; those of new connections are added.
    taken : set
        Pipe identifiers in use; those of new connections are added.
    """
    places = shapely.get_coordinates(points.geometry.to_numpy()) if len(points) else np.empty((0, 2))
    nodes = {SUPPLY: np.full(len(points), -1, np.int64), RETURN: np.full(len(points), -1, np.int64)}
    connected = np.ones(len(points), bool)
    for item in reached:
        connected &= item.node >= 0
    findings = [
        _not_connected(layer, points, i, places[i], reached, farthest) for i in np.flatnonzero(~connected).tolist()
    ]
    rows: list[dict[str, Any]] = []
    start, end, added = list[int](), list[int](), list[Array]()
    for item in reached:
        own = np.where(connected, item.node, -1)
        beside = np.flatnonzero(connected & (item.gap > max(tolerance, EXACT)))
        for i in beside.tolist():
            own[i] = len(xy) + len(added)
            added.append(places[i])
            start.append(item.node[i])
            end.append(own[i])
            line = shapely.LineString([xy[item.node[i]], places[i]])
            rows.append(_connection_row(layer, points, i, item.side, line, taken))
            findings.append(_connected_finding(layer, points, i, places[i], float(item.gap[i])))
        for side in (SUPPLY, RETURN):
            if item.side & side:
                nodes[side] = own
    made = gpd.GeoDataFrame(rows, geometry="geometry", crs=points.crs) if rows else gpd.GeoDataFrame()
    return Connected(
        made, np.array(start, np.int64), np.array(end, np.int64), np.vstack([xy, *added]), nodes[SUPPLY], nodes[RETURN],
        findings,
    )  # fmt: skip


def _connection_row(
    layer: str, points: gpd.GeoDataFrame, i: int, side: int, line: shapely.LineString, taken: set[Any]
) -> dict[str, Any]:
    name = points[f"{layer[:-1]}_id"].iloc[i]
    return {
        "pipe_id": free_name(f"{name}.{'connection' if layer == 'stations' else 'feed'}", taken),
        "parent_id": None,
        "source_layer": layer,
        "source_fid": int(points["source_fid"].iloc[i]),
        "status": "planned",
        "phase": points["phase"].iloc[i] if "phase" in points else None,
        "role": "connection" if layer == "stations" else "trunk",
        "line": LINE_WORD[side],
        "length_m": line.length,
        "geometry": line,
    }


def _not_connected(
    layer: str, points: gpd.GeoDataFrame, i: int, place: Array, reached: list[Reached], farthest: float
) -> Finding:
    worst = max(reached, key=lambda item: float(item.gap[i]))
    gap, side = float(worst.gap[i]), "" if worst.side == PAIR else f"{LINE_WORD[worst.side]} "
    name, fid = points[f"{layer[:-1]}_id"].iloc[i], int(points["source_fid"].iloc[i])
    where = (
        f"has no {side}pipe to connect to"
        if np.isinf(gap)
        else f"lies {gap:.0f} m from the nearest {side}pipe, more than the {farthest:g} m allowed"
    )
    message = f"{layer[:-1]} {name} {where}; it is not connected."
    distance = None if np.isinf(gap) else gap
    repair = "draw a connection, or raise max_connection_m"
    return Finding(
        "not-connected",
        "error",
        layer,
        message,
        fid,
        None,
        (float(place[0]), float(place[1])),
        distance,
        repair,
    )


def _connected_finding(layer: str, points: gpd.GeoDataFrame, i: int, place: Array, gap: float) -> Finding:
    name, fid = points[f"{layer[:-1]}_id"].iloc[i], int(points["source_fid"].iloc[i])
    message = f"{layer[:-1]} {name} was connected to the nearest pipe over {gap:.1f} m."
    point = float(place[0]), float(place[1])
    return Finding("connected", "info", layer, message, fid, None, point, gap, "connection drawn", applied=True)
