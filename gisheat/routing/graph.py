"""The graph that trenches are chosen in: streets, pipes that are there, links between them, connections."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.graphs.graph import Array, Graph, Index, Mask, graph_of
from gisheat.noding import EXACT
from gisheat.routing.costs import Areas, areas_of, street_factors
from gisheat.routing.feet import Feet, crossing, joined, links_of, nearest_of, seen_feet, through_station
from gisheat.routing.lines import Cut, Paths, cut, paths_of, stretches
from gisheat.routing.rules import RouteRules
from gisheat.topology.attributes import words
from gisheat.topology.feet import At

STREET, PIPE, LINK, CONNECTION = range(4)
NEAREST = 4
"""Streets that a station may be joined to, the nearest ones."""
REACH = 2.0
"""How many times farther than the nearest street those others may be."""


@dataclass(frozen=True, slots=True)
class Terminals:
    """Stations, then sources, each by place: equal-length arrays."""

    layer: Index
    """0 station, 1 source."""
    row: Index
    """Row of its table."""
    name: NDArray[np.object_]
    xy: Array
    load: Array
    """Load [W] or any other measure of size, 0 for sources."""
    phase: Index
    """Number of the phase from which on it is there."""
    rank: Index
    """Which source a network is reckoned from: the one of lowest rank."""
    origin: NDArray[np.object_]
    """Input layer that each comes from."""
    fid: Index
    """Feature id in its input layer."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of the graph, equal-length arrays."""

    kind: Index
    line: Index
    """Street or pipe that the edge is a piece of, street of a link, terminal of a connection."""
    low: Array
    high: Array
    """From where to where along its line [m]."""
    start: Index
    end: Index
    length: Array
    """Length of new trench [m], 0 for pipes that are there."""
    cost: Array
    """Cost of new trench in metres of an ordinary street, infinite where none may be dug."""


@dataclass(frozen=True, slots=True)
class StreetGraph:
    """What can be chosen, and what it stands for."""

    graph: Graph
    edges: Edges
    xyz: Array
    """Points of the nodes, shape (nodes, 3) [m]."""
    streets: Paths
    pipes: Paths
    terminal: Index
    """Node of each terminal."""
    first_pipe_node: int
    """Nodes from this one on are ends of pipes that are there, then stations and sources."""
    nearest: Array
    """Distance of each terminal from the nearest street or pipe [m], infinite beyond the limit."""
    barred: Mask
    """Whether every connection of a terminal within the limit passes a forbidden area."""


def origins(table: gpd.GeoDataFrame, layer: str) -> tuple[NDArray[np.object_], Index]:
    """Input layer and feature id of each row of a layer, as the stages before have noted them."""
    names = table["source_layer"] if "source_layer" in table else pd.Series(layer, index=table.index)
    fids = table.get("source_fid", table.index)
    return names.to_numpy(object), np.asarray(fids, np.int64)


def connections_of(edges: Edges, terminals: Terminals, layer: int) -> Mask:
    """Which edges are connections of stations (layer 0) or sources (layer 1)."""
    found = edges.kind == CONNECTION
    found[found] = terminals.layer[edges.line[found]] == layer
    return found


def street_graph(
    streets: gpd.GeoDataFrame, pipes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, terminals: Terminals, rules: RouteRules
) -> StreetGraph:
    """Graph of streets, pipes, stations and sources.

    Parameters
    ----------
    streets, pipes, areas : GeoDataFrame
        Streets that are noded; the pipes layer; areas to be avoided. All but the streets may be empty.
    """
    road = paths_of(streets.geometry.to_numpy(), streets["street_id"].to_numpy(object))
    laid = _pipes_in_use(pipes)
    polygons = areas_of(areas)
    ways = _ways(terminals, road, laid, polygons, rules)
    to_street, to_pipe = ways.to_street, ways.to_pipe
    junctions = _junctions(road) if len(laid) else np.empty((0, 4))  # links are from and to pipes
    links, link_factor = links_of(
        laid, road, junctions, rules.pipe_to_street, polygons, rules.tolerance, anywhere=rules.join_anywhere
    )
    tolerance = rules.tolerance
    single = (words(pipes, "role") == "connection")[laid.row]
    stays = ~through_station(links, laid, road, single, terminals.xy[terminals.layer == 0], tolerance)
    links, link_factor = links.take(stays), link_factor[stays]
    on_street = cut(
        road, np.concatenate([to_street.line, links.street]), np.concatenate([to_street.along, links.street_along]),
        tolerance,
    )  # fmt: skip
    on_pipe = cut(
        laid, np.concatenate([to_pipe.line, links.pipe]), np.concatenate([to_pipe.along, links.pipe_along]), tolerance
    )
    base = len(on_street.xyz)
    terminal = base + len(on_pipe.xyz) + np.arange(len(terminals.row))
    place = np.column_stack([terminals.xy, np.full(len(terminals.row), np.nan)])
    xyz = np.concatenate([on_street.xyz, on_pipe.xyz, place])
    pieces = _street_edges(road, on_street, street_factors(streets, rules.class_factor)[road.row], polygons)
    existing = _pipe_edges(on_pipe, base)
    count = len(to_street.point), len(to_pipe.point)
    connected = _straight(
        CONNECTION, np.concatenate([to_street.point, to_pipe.point]),
        terminal[np.concatenate([to_street.point, to_pipe.point])],
        np.concatenate([on_street.node[: count[0]], base + on_pipe.node[: count[1]]]),
        xyz, rules.connection_cost * np.concatenate([ways.street_factor, ways.pipe_factor]), tolerance,
    )  # fmt: skip
    linked = _straight(
        LINK, links.street, base + on_pipe.node[count[1] :], on_street.node[count[0] :], xyz,
        link_factor, tolerance,
    )  # fmt: skip
    edges = _together(pieces, existing, linked, connected)
    edges = _usable(edges)
    graph = graph_of(len(xyz), edges.start, edges.end)
    return StreetGraph(graph, edges, xyz, road, laid, terminal, base, ways.nearest, ways.barred)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Connections that may be dug, with their factors by area, and how near lines lie to the terminals."""

    to_street: Feet
    street_factor: Array
    to_pipe: Feet
    pipe_factor: Array
    nearest: Array
    barred: Mask


def _ways(terminals: Terminals, road: Paths, laid: Paths, areas: Areas, rules: RouteRules) -> _Ways:
    """Connections of stations and sources to the nearest streets and the nearest pipe.

    Not through forbidden areas, not across a street, and no farther than `REACH` times the nearest one: through
    blocks and gardens nothing is dug that a street could take. What stands on a pipe needs no street.
    """
    xy, count, touching = terminals.xy, len(terminals.row), max(rules.tolerance, EXACT)
    where: At = "anywhere" if rules.join_anywhere else "ends"
    farthest = rules.max_connection
    nearest = np.minimum(_distance(xy, road, farthest), _distance(xy, laid, farthest))
    streets = seen_feet(xy, road, 2 * NEAREST, farthest, areas, "vertices" if rules.at_vertex else "anywhere")
    if rules.at_vertex:  # what stands in a street needs no way along it
        in_street = _distance(xy, road, touching) <= touching
        on_street = seen_feet(xy[in_street], road, 2 * NEAREST, touching, areas, "anywhere")
        streets = joined(streets.take(~in_street[streets.point]), on_street.at(np.flatnonzero(in_street)))
    pipes = seen_feet(xy, laid, 1, farthest, areas, where)
    stands = _distance(xy, laid, touching) <= touching
    if not rules.join_anywhere:
        on_pipe = seen_feet(xy[stands], laid, 1, touching, areas, "anywhere")
        pipes = joined(pipes.take(~stands[pipes.point]), on_pipe.at(np.flatnonzero(stands)))
    barred = np.isfinite(nearest)
    barred[streets.point] = barred[pipes.point] = False
    streets = streets.take(~stands[streets.point] & ~crossing(streets, xy, road))
    reach = REACH * _least(count, (streets, pipes)) + touching
    streets = streets.take(streets.length <= reach[streets.point])
    streets = nearest_of(streets, NEAREST)
    pipes = pipes.take(pipes.length <= reach[pipes.point])
    factor = areas.cost_factors(streets.ways(xy, road)), areas.cost_factors(pipes.ways(xy, laid))
    return _Ways(streets, factor[0], pipes, factor[1], nearest, barred)


def _distance(xy: Array, paths: Paths, farthest: float) -> Array:
    """Distance of each point from the nearest line [m], infinite beyond a limit."""
    distance = np.full(len(xy), np.inf)
    if len(xy) and len(paths):
        (point, _), near = shapely.STRtree(paths.line).query_nearest(
            shapely.points(xy), max_distance=farthest + EXACT, return_distance=True, all_matches=False
        )
        distance[point] = np.where(near <= farthest, near, np.inf)
    return distance


def _least(count: int, feet: tuple[Feet, ...]) -> Array:
    """Length of the shortest way of each point, infinite without one."""
    least = np.full(count, np.inf)
    for some in feet:
        np.minimum.at(least, some.point, some.length)
    return least


def _junctions(road: Paths) -> Array:
    """Ends of streets, one of those at one place: x, y, street, place along it."""
    ends = road.ends
    line = np.tile(np.arange(len(road)), 2)
    along = np.concatenate([np.zeros(len(road)), road.length])
    first = np.unique(ends[:, :2], axis=0, return_index=True)[1] if len(ends) else np.empty(0, np.int64)
    return np.column_stack([ends[first, :2], line[first], along[first]])


def _street_edges(road: Paths, on: Cut, factor: Array, areas: Areas) -> Edges:
    pieces = on.pieces
    length = pieces.high - pieces.low
    by_area = np.ones(len(length))
    near = np.flatnonzero(areas.touched(road.line)[pieces.line])
    shapes = stretches(
        road, pieces.line[near], pieces.low[near], pieces.high[near], on.xyz[pieces.start[near]],
        on.xyz[pieces.end[near]],
    )  # fmt: skip
    by_area[near] = areas.factors(shapes)
    cost = length * factor[pieces.line] * by_area
    kind = np.full(len(length), STREET)
    return Edges(kind, pieces.line, pieces.low, pieces.high, pieces.start, pieces.end, length, cost)


def _pipe_edges(on: Cut, base: int) -> Edges:
    pieces = on.pieces
    nothing = np.zeros(len(pieces.line))
    kind = np.full(len(pieces.line), PIPE)
    return Edges(
        kind, pieces.line, pieces.low, pieces.high, base + pieces.start, base + pieces.end, nothing, nothing
    )  # fmt: skip


def _straight(kind: int, line: Index, start: Index, end: Index, xyz: Array, factor: Array, tolerance: float) -> Edges:
    """Straight ways between nodes; those within the tolerance cost nothing: the ends are one node."""
    length = np.hypot(*(xyz[start, :2] - xyz[end, :2]).T)
    length = np.where(length <= max(tolerance, EXACT), 0.0, length)
    nothing = np.zeros(len(line))
    return Edges(np.full(len(line), kind), line, nothing, length, start, end, length, length * factor)


_NAMES = tuple(f.name for f in fields(Edges))


def _together(*parts: Edges) -> Edges:
    return Edges(*(np.concatenate([getattr(p, name) for p in parts]) for name in _NAMES))


def _usable(edges: Edges) -> Edges:
    """Edges that may be used and lead anywhere."""
    keep = np.isfinite(edges.cost) & (edges.start != edges.end)
    return Edges(*(getattr(edges, name)[keep] for name in _NAMES))


def _pipes_in_use(pipes: gpd.GeoDataFrame) -> Paths:
    """Pipes that new trenches may join: one line for supply and return, neither closed nor abandoned."""
    if not len(pipes):
        return paths_of(np.empty(0, dtype=object), np.empty(0, dtype=object))
    shut = np.isin(words(pipes, "status", "existing").astype(str), ("closed", "abandoned"))
    usable = np.flatnonzero(~shut & (words(pipes, "line", "pair") == "pair"))
    laid = paths_of(pipes.geometry.to_numpy()[usable], pipes["pipe_id"].to_numpy(object)[usable])
    return replace(laid, row=usable[laid.row])
