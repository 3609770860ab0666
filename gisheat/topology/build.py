"""The topology stage: snap, cut, connect, number; every input feature is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gisheat.catalogue import PipeSeries
from gisheat.errors import TopologyError
from gisheat.findings import Finding, points_of
from gisheat.layers import Layers
from gisheat.network import Array, Index, Mask, Network, Text, nodes_of
from gisheat.phases import standing
from gisheat.topology import heights
from gisheat.topology.accounts import degenerate, lineage_of, near_misses, snap_findings
from gisheat.topology.attributes import (
    able_pumps,
    able_valves,
    known_bores,
    numbers,
    pipes_of,
    pumps_of,
    sources_of,
    stations_of,
    valves_of,
    words,
)
from gisheat.topology.connections import (
    Feet,
    Joining,
    Reached,
    connect,
    find_feet,
    free_name,
    joining,
    sides_to_connect,
    with_connection_lengths,
)
from gisheat.topology.devices import Devices, place, read_devices
from gisheat.topology.links import Opened, link_rows, open_nodes
from gisheat.topology.noding import (
    EXACT,
    PAIR,
    RETURN,
    SUPPLY,
    Pieces,
    cut_lines,
    end_coordinates,
    end_points,
    find_passing,
    find_touching,
    snap,
)
from gisheat.topology.settled import settled_ends, split_nodes

NEAR_MISS = 5.0
"""A loose end within this many tolerances of another line is reported."""


@dataclass(frozen=True)
class Drawing:
    """The network with the layers it was drawn as.

    Row i of `pipes`, `nodes`, `stations`, `sources`, `valves`, `pumps` belongs to element i of the network's
    arrays; `unused` holds pipes that are no part of the network (abandoned, left out), `unused_valves` and
    `unused_pumps` those that sit in no pipe or lack what they need, so that nothing is lost.
    """

    network: Network
    pipes: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    sources: gpd.GeoDataFrame
    valves: gpd.GeoDataFrame
    pumps: gpd.GeoDataFrame
    valve_pipes: Index
    """Pipe that each valve sits in, shape (valves,)."""
    pump_pipes: Index
    unused: gpd.GeoDataFrame
    unused_valves: gpd.GeoDataFrame
    unused_pumps: gpd.GeoDataFrame
    layers: Layers
    lineage: pd.DataFrame
    findings: tuple[Finding, ...]
    crs: CRS | None


def build_network(
    raw: Layers, layers: Layers, series: PipeSeries, *,
    snap_tolerance: float = 0.5, max_connection: float = 200.0, connect_to: str = "nearest", roughness: float = 0.5e-3,
    local_loss_fraction: float | None = None, required_head: float = 10.0,
) -> Drawing:  # fmt: skip
    """Build a network from clean layers.

    Parameters
    ----------
    raw, layers : Layers
        As read (for the lineage), and as cleaned by `checks.clean`.
    series : PipeSeries
        Catalogue that nominal diameters are looked up in.
    snap_tolerance : float
        Ends that are no farther apart become one node [m].
    max_connection : float
        Longest connection of a station or source [m].
    connect_to : {"nearest", "vertex"}
        Where on a pipe a new connection may end.
    roughness, local_loss_fraction, required_head : float
        For features that state none [m], [-], [m]; the fraction by role when None.

    Raises
    ------
    TopologyError
        If no pipe can be used.
    """
    pipes = _explode(layers["pipes"])
    abandoned = words(pipes, "status", "existing") == "abandoned"
    unused, pipes = pipes[abandoned], pipes[~abandoned].reset_index(drop=True)
    if not len(pipes):
        raise TopologyError("the layer pipes holds no pipe that can be used: look at its geometry and status.")
    stations, sources = _point_rows(layers, "stations"), _point_rows(layers, "sources")
    drawn = {layer: _points(layers, layer) for layer in ("valves", "pumps")}
    devices, lacking = _able_devices(drawn)
    own_nodes, second_nodes = split_nodes(layers.get("nodes"), devices)
    lines, bits = pipes.geometry.to_numpy(), _bits(words(pipes, "line", "pair"))
    rules = joining(layers.get("areas"), snap_tolerance, max_connection, connect_to)

    settled = settled_ends(pipes, end_points(lines), bits, own_nodes, devices)
    noded = _node(lines, bits, own_nodes, settled, snap_tolerance)
    stops = [_feet(_xy(points), pipes, bits, noded, rules) for points in (stations, sources)]
    pieces, xy, reached = _cut(lines, bits, noded, stops, (_xy(stations), _xy(sources)), snap_tolerance)
    pieces, xy, placed = place(devices, pieces, bits, xy, snap_tolerance)
    table = _pieces_table(pipes, pieces)
    findings = snap_findings(table, noded.moved[pieces.line], pieces, snap_tolerance)
    taken = set(table["pipe_id"])
    at_station = connect("stations", stations, reached[0], xy, rules, taken)
    at_source = connect("sources", sources, reached[1], at_station.xy, rules, taken)
    table = pd.concat([table, *(c.pipes for c in (at_station, at_source) if len(c.pipes))], ignore_index=True)
    start = np.concatenate([pieces.start, at_station.start, at_source.start])
    end = np.concatenate([pieces.end, at_station.end, at_source.end])
    keep, left_out = degenerate(table, start, end, snap_tolerance)
    table, start, end = table[keep].reset_index(drop=True), start[keep], end[keep]

    xy, start, end, number = _renumber(at_source.xy, start, end)
    station_nodes = number[at_station.supply_node], number[at_station.return_node]
    source_nodes = number[at_source.supply_node], number[at_source.return_node]
    stations = with_connection_lengths(stations, table, start, end, station_nodes[0])
    given, closed = number[noded.fixed_node], start == end
    node_table = _nodes_table(own_nodes, given, xy, layers.crs)
    bore, bore_findings = known_bores(table, series)
    ground = _known_ground(own_nodes, layers, table, xy, start, end, given,
                           [(stations, station_nodes), (sources, source_nodes)])  # fmt: skip
    ground, ground_findings = _filled_ground(ground, node_table, start, end, table["length_m"].to_numpy(float))
    findings += [*at_station.findings, *at_source.findings, *left_out, *bore_findings, *ground_findings]
    findings += near_misses(table, start, end, xy, station_nodes, source_nodes, snap_tolerance)
    placed = placed._replace(node=number[placed.node])
    opened = open_nodes(
        devices, placed, table, start, end, node_table["node_id"].to_numpy(object), xy,
        np.concatenate([*station_nodes, *source_nodes]), set(second_nodes), snap_tolerance,
    )  # fmt: skip
    node_table = _with_second_nodes(node_table, opened, second_nodes, layers.get("nodes"))
    ground = np.concatenate([ground, ground[opened.twin_of]])
    source_rows, curves_missing = sources_of(sources, *source_nodes)
    valves, pumps = (
        link_rows(layer, drawn[layer], devices, placed, opened, xy, node_table["node_id"].to_numpy(object))
        for layer in drawn
    )
    valve_rows, settings_missing = valves_of(valves.table, *valves.ends)
    network = Network(
        nodes_of(node_table["node_id"], ground),
        pipes_of(table, opened.start, opened.end, bore, roughness=roughness, local_loss_fraction=local_loss_fraction),
        stations_of(stations, *station_nodes, required_head),
        source_rows,
        valves=valve_rows,
        pumps=pumps_of(pumps.table, *pumps.ends),
    )
    network = replace(network, pipes=replace(network.pipes, in_service=network.pipes.in_service & ~closed))
    findings += [*lacking, *opened.findings, *curves_missing, *settings_missing]
    kept = {
        "stations": stations, "sources": sources, "nodes": node_table[node_table["source_fid"] >= 0],
        "valves": valves.table, "pumps": pumps.table,
    }  # fmt: skip
    lineage = lineage_of(raw, layers, table, kept, {"pipes": unused, "valves": valves.unused, "pumps": pumps.unused})
    return Drawing(
        network, table, node_table, stations, sources, valves.table, pumps.table, valves.pipe, pumps.pipe, unused,
        valves.unused, pumps.unused, layers, lineage, tuple(findings), layers.crs,
    )  # fmt: skip


# reading the layers --------------------------------------------------------------------------------------


def _able_devices(drawn: Mapping[str, gpd.GeoDataFrame]) -> tuple[Devices, list[Finding]]:
    """Valves and pumps that have what they need, and findings about the others."""
    valves, missing = able_valves(drawn["valves"])
    pumps, lacking = able_pumps(drawn["pumps"])
    return read_devices(drawn["valves"][valves], drawn["pumps"][pumps]), [*missing, *lacking]


def _explode(pipes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row for each line; parts of a multi-line X are called X.1, X.2; the layer and fid are kept."""
    geometry, row = shapely.get_parts(pipes.geometry.to_numpy(), return_index=True)
    table = pipes.iloc[row].copy()
    table.geometry = geometry
    if "source_layer" in table:
        table = table.drop(columns=["source_layer"])
    table["source_layer"] = pd.Series("pipes", index=table.index, dtype=object)
    table["source_fid"] = table.index.to_numpy()
    parts = np.bincount(row, minlength=len(pipes))[row]
    if (parts > 1).any():
        ids = table["pipe_id"].to_numpy(object, copy=True)
        part = np.arange(len(row)) - np.searchsorted(row, row)
        share = shapely.length(geometry) / np.bincount(row, shapely.length(geometry))[row]
        parent = words(table, "parent_id")
        taken = set(ids)
        for i in np.flatnonzero(parts > 1).tolist():
            parent[i] = ids[i]
            ids[i] = free_name(f"{ids[i]}.{part[i] + 1}", taken)
        table["pipe_id"], table["parent_id"] = ids, parent
        for column in ("length_m", "zeta"):
            if column in table:
                table[column] = table[column].to_numpy(float) * np.where(parts > 1, share, 1.0)
    keep = shapely.length(geometry) > 0.0
    return table[keep].reset_index(drop=True)


def _point_rows(layers: Layers, layer: str) -> gpd.GeoDataFrame:
    """Rows of a point layer that are not abandoned."""
    table = _points(layers, layer)
    return table[words(table, "status", "existing") != "abandoned"].reset_index(drop=True)


def _points(layers: Layers, layer: str) -> gpd.GeoDataFrame:
    """Rows of a point layer; multi-points become their first point."""
    table = layers.get(layer)
    if not len(table):
        columns = {f"{layer[:-1]}_id": np.empty(0, object), "source_fid": np.empty(0, int)}
        return gpd.GeoDataFrame(columns, geometry=[], crs=layers.crs)
    if "source_fid" not in table:  # stations that were buildings have those of their buildings
        table = table.assign(source_fid=table.index.to_numpy())
    parts, owner = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
    table.geometry = parts[np.unique(owner, return_index=True)[1]]
    return table.reset_index(drop=True)


def _xy(table: gpd.GeoDataFrame) -> Array:
    return shapely.get_coordinates(table.geometry.to_numpy()) if len(table) else np.empty((0, 2))


def _bits(line: Text) -> Index:
    return np.where(line == "supply", SUPPLY, np.where(line == "return", RETURN, PAIR)).astype(np.int64)


# noding --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Noded:
    """Ends on nodes, and which nodes lie on the middle of which lines."""

    xy: Array
    bits: Index
    start: Index
    end: Index
    moved: Array
    fixed_node: Index
    """Node of each row of the nodes layer."""
    cut_line: Index
    cut_along: Array
    cut_node: Index
    gap: Array


def _node(lines: NDArray[np.object_], bits: Index, nodes: gpd.GeoDataFrame, settled: Index, tolerance: float) -> _Noded:
    """Join ends and named nodes, and find nodes on the middle of lines.

    Ends that are `settled` (row of the nodes layer, -1: not) are at their node whatever else is near, and where
    such ends meet, no settled line is cut: an earlier run has looked at them.
    """
    fixed = _xy(nodes)
    count = len(lines)
    points = np.concatenate([fixed, end_points(lines)])
    point_bits = np.concatenate([np.full(len(fixed), PAIR), bits, bits])
    snapped = snap(points, point_bits, tolerance, len(fixed))
    ends, known = snapped.node[len(fixed) :].copy(), settled >= 0
    ends[known] = snapped.node[settled[known]]
    point_bits[settled[known]] = 0  # it carries what its pipes do
    node = np.concatenate([snapped.node[: len(fixed)], ends])
    node_bits = np.zeros(len(snapped.xy), np.int64)
    np.bitwise_or.at(node_bits, node, point_bits)
    start, end = ends[:count], ends[count:]
    touching = find_touching(lines, bits, start, end, snapped.xy, node_bits, tolerance)
    meeting = np.bincount(ends[known], minlength=len(snapped.xy)) > 1
    fresh = ~(meeting[touching.node] & (known[:count] & known[count:])[touching.line])
    moved = np.where(known, 0.0, snapped.moved[len(fixed) :])
    return _Noded(
        snapped.xy, node_bits, start, end, moved.reshape(2, count).max(axis=0), snapped.node[: len(fixed)],
        touching.line[fresh], touching.along[fresh], touching.node[fresh], touching.gap[fresh],
    )  # fmt: skip


def _feet(points: Array, pipes: gpd.GeoDataFrame, bits: Index, noded: _Noded, rules: Joining) -> list[tuple[int, Feet]]:
    """Feet of points on each side that has lines of its own; too far ones are unreached."""
    lines, is_open = pipes.geometry.to_numpy(), words(pipes, "status") != "closed"
    return [
        (side, find_feet(points, lines, bits & side == side, is_open, noded.start, noded.end, noded.xy, rules))
        for side in sides_to_connect(bits)
    ]


def _cut(
    lines: NDArray[np.object_], bits: Index, noded: _Noded, stops: list[list[tuple[int, Feet]]],
    points: tuple[Array, Array], tolerance: float,
) -> tuple[Pieces, Array, list[list[Reached]]]:  # fmt: skip
    """Cut lines at touching nodes and at the feet of stations and sources; the latter become nodes.

    Other lines that pass through a foot are cut there too: a line that was drawn twice stays one pipe.
    """
    xy = [noded.xy]
    cut = [(noded.cut_line, noded.cut_along, noded.cut_node)]
    count = len(noded.xy)
    reached: list[list[Reached]] = []
    for feet, places in zip(stops, points, strict=True):
        sides = []
        for side, foot in feet:
            node = foot.node.copy()
            new = np.flatnonzero(foot.line >= 0)
            on_line = shapely.get_coordinates(shapely.line_interpolate_point(lines[foot.line[new]], foot.along[new]))
            at = np.where((foot.gap[new] <= max(tolerance, EXACT))[:, None], places[new], on_line)
            # feet at one place are one node
            key = np.column_stack([foot.line[new], np.round(foot.along[new] / EXACT)])
            _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
            node[new] = count + same
            xy.append(at[first])
            cut.append((foot.line[new][first], foot.along[new][first], count + np.arange(len(first))))
            others = find_passing(lines, bits & side == side, on_line[first], foot.line[new][first])
            cut.append((others.line, others.along, count + others.node))
            count += len(first)
            sides.append(Reached(side, node, foot))
        reached.append(sides)
    pieces = cut_lines(
        lines,
        noded.start,
        noded.end,
        np.concatenate(xy),
        *(np.concatenate([c[k] for c in cut]) for k in range(3)),
    )
    return pieces, np.concatenate(xy), reached


def _pieces_table(pipes: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """Rows of the pieces: ids X.1, X.2 with parent X where X was cut; lengths from the drawing unless given."""
    table = pipes.iloc[pieces.line].reset_index(drop=True)
    table.geometry = pieces.geometry
    parts = np.bincount(pieces.line, minlength=len(pipes))[pieces.line]
    ids, parent = table["pipe_id"].to_numpy(object, copy=True), words(table, "parent_id")
    taken = set(ids)
    for i in np.flatnonzero(parts > 1).tolist():
        parent[i] = ids[i]
        ids[i] = free_name(f"{ids[i]}.{pieces.part[i]}", taken)
    table["pipe_id"], table["parent_id"] = ids, parent
    for column, inner in (("from_node", pieces.part > 1), ("to_node", pieces.part < parts)):
        if column in table:
            table.loc[inner, column] = None
    drawn = shapely.length(pieces.geometry)
    given = numbers(table, "length_m") * pieces.share
    table["length_m"] = np.where(np.isnan(given), drawn, given)
    if "zeta" in table:
        table["zeta"] = table["zeta"].to_numpy(float) * pieces.share
    return table


# nodes ---------------------------------------------------------------------------------------------------


def _renumber(xy: Array, start: Index, end: Index) -> tuple[Array, Index, Index, Index]:
    """Only nodes that pipes end at, in the order of their coordinates; the last item is old -> new (-1: gone).

    The map has one more item, -1 -> -1, so that "no node" stays no node.
    """
    used = np.unique(np.concatenate([start, end]))
    order = used[np.lexsort((used, xy[used, 1], xy[used, 0]))]
    number = np.full(len(xy) + 1, -1, np.int64)
    number[order] = np.arange(len(order))
    return xy[order], number[start], number[end], number


def _nodes_table(layer: gpd.GeoDataFrame, given: Index, xy: Array, crs: CRS | None) -> gpd.GeoDataFrame:
    """Nodes with the identifiers of the nodes layer, the others numbered in the order of their coordinates."""
    ids = np.full(len(xy), None, dtype=object)
    source = np.full(len(xy), -1, np.int64)
    if len(layer):
        lies = np.flatnonzero(given >= 0)
        ids[given[lies]] = layer["node_id"].to_numpy(object)[lies]
        source[given[lies]] = layer.index.to_numpy()[lies]
    taken = set(ids)
    unnamed = np.flatnonzero([v is None for v in ids])
    names = (name for i in range(1, len(xy) + len(taken) + 1) if (name := f"N{i}") not in taken)
    ids[unnamed] = [next(names) for _ in unnamed]
    table = gpd.GeoDataFrame({"node_id": ids, "source_fid": source}, geometry=shapely.points(xy), crs=crs)
    return _with_own_columns(table, layer)


def _with_own_columns(table: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Nodes with the user's own columns of the nodes layer."""
    own = (
        [c for c in layer.columns if c not in ("node_id", "ground_m", "kind", "source_fid", layer.geometry.name)]
        if len(layer)
        else []
    )
    return table.join(layer[own], on="source_fid") if own else table


def _with_second_nodes(
    nodes: gpd.GeoDataFrame, opened: Opened, known: dict[str, int], layer: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Nodes, and after them the second ones of valves and pumps, with what the nodes layer says of them."""
    if not len(opened.twin_id):
        return nodes
    columns = {"node_id": opened.twin_id, "source_fid": [known.get(name, -1) for name in opened.twin_id]}
    places = nodes.geometry.to_numpy()[opened.twin_of]
    second = _with_own_columns(gpd.GeoDataFrame(columns, geometry=places, crs=nodes.crs), layer)
    return pd.concat([nodes, second], ignore_index=True)


def _known_ground(
    nodes: gpd.GeoDataFrame, layers: Layers, pipes: gpd.GeoDataFrame, xy: Array, start: Index, end: Index, given: Index,
    points: list[tuple[gpd.GeoDataFrame, tuple[Index, Index]]],
) -> Array:  # fmt: skip
    """Ground [m] of each node: nodes layer, else station or source, else Z of a line, else terrain; else NaN."""
    ground = np.full(len(xy), np.nan)
    if layers.terrain is not None:
        ground = heights.from_raster(layers.terrain, xy, layers.crs)
    lines = pipes.geometry.to_numpy()
    for node, vertex in zip((start, end), end_coordinates(lines, z=True), strict=True):
        z = vertex[:, 2]
        ground[node[~np.isnan(z)]] = z[~np.isnan(z)]
    for table, at in points:
        own = numbers(table, "ground_m")
        for node in at:
            usable = ~np.isnan(own) & (node >= 0)
            ground[node[usable]] = own[usable]
    own = numbers(nodes, "ground_m")
    usable = ~np.isnan(own) & (given >= 0) if len(nodes) else np.zeros(0, bool)
    ground[given[usable]] = own[usable]
    return ground


def _filled_ground(
    ground: Array, nodes: gpd.GeoDataFrame, start: Index, end: Index, length: Array
) -> tuple[Array, list[Finding]]:
    """Ground without gaps: interpolated along the network, flat at 0 m where nothing is known; both are findings."""
    filled = heights.interpolate(ground, start, end, length)
    findings = []
    for mask, rule, severity, what in (
        (
            np.isnan(ground) & ~np.isnan(filled),
            "ground-interpolated",
            "info",
            "was interpolated between known neighbours",
        ),
        (np.isnan(filled), "ground-unknown", "warning", "is unknown and was taken as 0 m"),
    ):
        if mask.any():
            names = ", ".join(nodes["node_id"][mask][:5])
            message = (
                f"The ground of {int(mask.sum())} node(s) {what} (first: {names});"
                " give ground_m, Z or a terrain raster."
            )
            findings.append(Finding(rule, severity, "nodes", message, point=points_of(nodes[mask][:1])[0]))  # type: ignore[arg-type]
    return np.nan_to_num(filled), findings


def in_phase(drawing: Drawing, phase: str | None, order: tuple[str, ...]) -> Network:
    """The network of a phase: what comes later, and valves and pumps of pipes that come later, is out of service."""
    network = drawing.network

    def stand(table: gpd.GeoDataFrame) -> Mask:
        return standing(words(table, "phase"), phase, order)

    piped = stand(drawing.pipes)
    pipes = replace(network.pipes, in_service=network.pipes.in_service & piped)
    return replace(
        network,
        pipes=pipes,
        stations=replace(network.stations, in_service=network.stations.in_service & stand(drawing.stations)),
        sources=replace(network.sources, in_service=network.sources.in_service & stand(drawing.sources)),
        valves=replace(network.valves, in_service=stand(drawing.valves) & piped[drawing.valve_pipes]),
        pumps=replace(network.pumps, in_service=stand(drawing.pumps) & piped[drawing.pump_pipes]),
    )
