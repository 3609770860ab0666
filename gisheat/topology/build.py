"""The topology stage: cut, connect, number what the repair has noded; every input feature is accounted for."""

from __future__ import annotations

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
from gisheat.network import Array, Index, Mask, Network, nodes_of
from gisheat.noding import EXACT, PAIR
from gisheat.phases import standing
from gisheat.topology import heights
from gisheat.topology.accounts import degenerate, lineage_of, loose_ends
from gisheat.topology.attributes import (
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
    joining,
    sides_to_connect,
    with_connection_lengths,
)
from gisheat.topology.cutting import Pieces, cut_lines, end_coordinates, end_points, find_passing, join_places
from gisheat.topology.devices import place
from gisheat.topology.drawn import bases_of, divided, name_pieces, side_bits
from gisheat.topology.events import split_findings
from gisheat.topology.links import Opened, link_rows, open_nodes
from gisheat.topology.points import able_devices, places_of, points, points_in_use
from gisheat.topology.repair import Repaired, RepairRules, repair
from gisheat.topology.settled import settled_ends, split_nodes


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
    stations_joined: Mask
    """Which stations have a node, shape (stations,)."""
    sources_joined: Mask
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
    mended: Repaired | None = None, repairs: RepairRules | None = None, snap_tolerance: float = 0.5,
    max_connection: float = 200.0, connect_to: str = "nearest", roughness: float = 0.5e-3,
    local_loss_fraction: float | None = None, required_head: float = 10.0,
) -> Drawing:  # fmt: skip
    """Build a network from clean layers.

    Parameters
    ----------
    raw, layers : Layers
        As read (for the lineage), and as repaired; as cleaned by `checks.clean`, where nothing is `mended` yet.
    series : PipeSeries
        Catalogue that nominal diameters are looked up in.
    mended, repairs : Repaired, RepairRules, optional
        What the repair did; without it, the layers are repaired here by `repairs`.
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
    findings: list[Finding] = []
    if mended is None:
        mended = repair(layers, repairs or RepairRules(snap_tolerance))
        layers, findings = mended.layers, [*mended.findings]
    pipes, unused = _pipes_in_use(layers)
    stations, sources = points_in_use(layers, "stations"), points_in_use(layers, "sources")
    drawn = {layer: points(layers, layer) for layer in ("valves", "pumps")}
    devices, lacking = able_devices(drawn)
    own_nodes, second_nodes = split_nodes(layers.get("nodes"), devices)
    lines, bits = pipes.geometry.to_numpy(), side_bits(pipes)
    rules = joining(layers.get("areas"), snap_tolerance, max_connection, connect_to)

    settled = settled_ends(pipes, end_points(lines), bits, own_nodes, devices)
    noded = _join_ends(lines, bits, own_nodes, settled)
    stops = [_feet(places_of(at), pipes, bits, noded, rules) for at in (stations, sources)]
    pieces, xy, reached = _cut(lines, bits, noded, stops, (places_of(stations), places_of(sources)), snap_tolerance)
    pieces, xy, placed = place(devices, pieces, bits, xy, snap_tolerance)
    table = _pieces_table(pipes, pieces)
    findings += split_findings("pipes", "pipe-split", table)
    taken = set(table["pipe_id"])
    at_source = connect("sources", sources, reached[1], xy, rules, taken)
    at_station = connect("stations", stations, reached[0], at_source.xy, rules, taken, at_source)
    table = pd.concat([table, *(c.pipes for c in (at_station, at_source) if len(c.pipes))], ignore_index=True)
    start = np.concatenate([pieces.start, at_station.start, at_source.start])
    end = np.concatenate([pieces.end, at_station.end, at_source.end])
    keep, left_out = degenerate(table, start, end, snap_tolerance)
    table, start, end = table[keep].reset_index(drop=True), start[keep], end[keep]

    xy, start, end, number = _renumber(at_station.xy, start, end)
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
    findings += loose_ends(table, start, end, xy, station_nodes, source_nodes, snap_tolerance)
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
    idle = {"pipes": unused, "valves": valves.unused, "pumps": pumps.unused}
    return Drawing(
        network, table, node_table, stations, sources, station_nodes[0] >= 0, source_nodes[0] >= 0,
        valves.table, pumps.table, valves.pipe, pumps.pipe, unused,
        valves.unused, pumps.unused, layers, lineage_of(raw, layers, mended.absorbed, table, kept, idle),
        tuple(findings), layers.crs,
    )  # fmt: skip


# noding --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ends:
    """Nodes that lines end at."""

    xy: Array
    start: Index
    end: Index
    fixed_node: Index
    """Node of each row of the nodes layer."""


def _join_ends(lines: NDArray[np.object_], bits: Index, nodes: gpd.GeoDataFrame, settled: Index) -> _Ends:
    """Ends at exactly one place that share a side become one node: the repair has brought together what is near.

    Ends that are `settled` (row of the nodes layer, -1: not) are at their node whatever else is there.
    """
    fixed, count = places_of(nodes), len(lines)
    points = np.concatenate([fixed, end_points(lines)])
    point_bits = np.concatenate([np.full(len(fixed), PAIR), bits, bits])
    xy, node = join_places(points, point_bits, len(fixed))
    ends, known = node[len(fixed) :], settled >= 0
    ends[known] = node[settled[known]]
    return _Ends(xy, ends[:count], ends[count:], node[: len(fixed)])


def _pipes_in_use(layers: Layers) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Pipes of the network, and those that are abandoned."""
    pipes = layers["pipes"]
    abandoned = words(pipes, "status", "existing") == "abandoned"
    if abandoned.all():
        raise TopologyError("the layer pipes holds no pipe that can be used: look at its geometry and status.")
    return pipes[~abandoned].reset_index(drop=True), pipes[abandoned]


def _feet(points: Array, pipes: gpd.GeoDataFrame, bits: Index, noded: _Ends, rules: Joining) -> list[tuple[int, Feet]]:
    """Feet of points on each side that has lines of its own; too far ones are unreached."""
    lines, is_open = pipes.geometry.to_numpy(), words(pipes, "status") != "closed"
    return [
        (side, find_feet(points, lines, bits & side == side, is_open, noded.start, noded.end, noded.xy, rules))
        for side in sides_to_connect(bits)
    ]


def _cut(
    lines: NDArray[np.object_], bits: Index, noded: _Ends, stops: list[list[tuple[int, Feet]]],
    points: tuple[Array, Array], tolerance: float,
) -> tuple[Pieces, Array, list[list[Reached]]]:  # fmt: skip
    """Cut lines at the feet of stations and sources, which become nodes; feet at one place are one node.

    Other lines that pass through a foot are cut there too: a line that was drawn twice stays one pipe.
    """
    count = len(noded.xy)
    items = [(side, foot, places) for feet, places in zip(stops, points, strict=True) for side, foot in feet]
    new = [np.flatnonzero(foot.line >= 0) for _, foot, _ in items]
    line = np.concatenate([foot.line[rows] for (_, foot, _), rows in zip(items, new, strict=True)])
    along = np.concatenate([foot.along[rows] for (_, foot, _), rows in zip(items, new, strict=True)])
    gap = np.concatenate([foot.gap[rows] for (_, foot, _), rows in zip(items, new, strict=True)])
    own = np.concatenate([places[rows] for (_, _, places), rows in zip(items, new, strict=True)])
    sides = np.repeat([side for side, _, _ in items], [len(rows) for rows in new])
    on_line = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], along))
    at = np.where((gap <= max(tolerance, EXACT))[:, None], own, on_line)
    key = np.column_stack([line, np.round(along / EXACT)])
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    cut = [(line[first], along[first], count + np.arange(len(first)))]
    for side in np.unique(sides).tolist():
        mine = np.flatnonzero(np.isin(np.arange(len(first)), same[sides == side]))
        others = find_passing(lines, bits & side == side, on_line[first[mine]], line[first[mine]])
        cut.append((others.line, others.along, count + mine[others.node]))
    xy = np.concatenate([noded.xy, at[first]])
    pieces = cut_lines(lines, noded.start, noded.end, xy, *(np.concatenate([c[k] for c in cut]) for k in range(3)))
    found = np.split(count + same, np.cumsum([len(rows) for rows in new])[:-1])
    reached = []
    for (side, foot, _), rows, nodes in zip(items, new, found, strict=True):
        node = foot.node.copy()
        node[rows] = nodes
        reached.append(Reached(side, node, foot))
    return pieces, xy, [reached[: len(stops[0])], reached[len(stops[0]) :]]


def _pieces_table(pipes: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """Rows of the pieces: ids X.1, X.2 with parent X where X was cut; lengths from the drawing unless given."""
    table = divided(pipes.iloc[pieces.line].reset_index(drop=True), pieces.share)
    table.geometry = pieces.geometry
    parts = np.bincount(pieces.line, minlength=len(pipes))[pieces.line]
    if (parts > 1).any():
        base, whole = bases_of(pipes, "pipes")[pieces.line], words(pipes, "parent_id")[pieces.line]
        table = name_pieces(table, "pipes", base, whole)
        table["repaired"] = np.where(pd.Series(base).duplicated(keep=False), "split", words(table, "repaired"))
        for column, inner in (("from_node", pieces.part > 1), ("to_node", pieces.part < parts)):
            if column in table:
                table.loc[inner, column] = None
    given, drawn = numbers(table, "length_m"), shapely.length(pieces.geometry)
    table["length_m"] = np.where(np.isnan(given), drawn, given)
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
