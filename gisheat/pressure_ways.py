"""Ways through a solved network that a pressure diagram is drawn along: to a station, along pipes, between nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gisheat.errors import InputError
from gisheat.hydraulics.heads import path_upstream
from gisheat.network import Array, Index, Text
from gisheat.project import did_you_mean
from gisheat.results import Results


@dataclass(frozen=True)
class Way:
    """Nodes and pipes of a way of the supply, from where the water comes."""

    nodes: Index
    pipes: Index
    """Between the nodes, -1 where a valve or a pump is passed."""
    station: int = -1
    """Station at its end, -1 where there is none."""


@dataclass(frozen=True)
class Links:
    """Pipes, valves and pumps of one side; arrays of shape (links,)."""

    start: Index
    end: Index
    flow: Array
    """From start to end [kg/s]."""
    pipe: Index
    """-1 for valves and pumps."""


def links_of(results: Results, *, supply: bool) -> Links:
    """Links that carry water on the supply or on the return, pipes first."""
    side, number = (results.supply, 0) if supply else (results.back, 1)
    assert side is not None
    pipes, devices = results.network.pipes, results.links
    used = np.flatnonzero(pipes.in_service & ~np.isnan(side.flow))
    found = Links(pipes.start[used], pipes.end[used], side.flow[used], used)
    if devices is None:
        return found
    here = np.flatnonzero(devices.side == number)
    return Links(
        np.concatenate([found.start, devices.start[here]]), np.concatenate([found.end, devices.end[here]]),
        np.concatenate([found.flow, devices.flow[here]]), np.concatenate([used, np.full(len(here), -1)]),
    )  # fmt: skip


def find_way(results: Results, *, station: str = "", pipes: str = "", nodes: str = "") -> Way:
    """Way to a station, along pipes or between nodes, whichever is named; else to the station with the least surplus.

    Parameters
    ----------
    station : str
        Identifier.
    pipes, nodes : str
        Identifiers separated by semicolons: pipes in any order, nodes in the order of the way.

    Raises
    ------
    InputError
        If more than one is named, something is not there, or nothing flows there.
    """
    given = [name for name, value in (("station", station), ("way_pipes", pipes), ("way_nodes", nodes)) if value]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} both name the way of the diagram; give one of them.")
    if results.station is None or results.back is None or results.critical is None or results.source is None:
        raise InputError("a one-pipe network has no pressure diagram of supply and return.")
    if pipes:
        return way_along(results, _listed(pipes))
    if nodes:
        return way_between(results, _listed(nodes))
    return way_to_station(results, station)


def _listed(names: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.strip() for name in names.split(";")))))


def way_to_station(results: Results, station: str = "") -> Way:
    """Way of the larger flow from a source to a station, to the one with the least surplus head when none is named."""
    stations = results.network.stations
    assert results.critical is not None
    row = _row("station", stations.id, station) if station else results.critical.station
    links = links_of(results, supply=True)
    node, count = int(stations.supply_node[row]), len(results.network.nodes)
    nodes, pipes = path_upstream(count, links.start, links.end, links.flow, links.pipe, node)
    if not _sources_at(results, int(nodes[0])).size:
        raise InputError(f"station {stations.id[row]!r}: nothing flows to it from a source; there is no diagram.")
    return Way(nodes, pipes, row)


def way_along(results: Results, names: Sequence[str]) -> Way:
    """Way that pipes form together, in whatever order they are named.

    Valves and pumps between them belong to it.

    Raises
    ------
    InputError
        If they form none: they are apart, branch, or close a ring.
    """
    if not names:
        raise InputError("way_pipes names no pipe: there is no way to draw.")
    links, table = links_of(results, supply=True), results.network.pipes
    rows = [_row("pipe", table.id, name) for name in names]
    carried = np.isin(rows, links.pipe)
    if not carried.all():
        raise InputError(f"pipe {names[int(np.argmin(carried))]!r} carries no supply; there is no diagram along it.")
    touched = np.unique(np.concatenate([table.start[rows], table.end[rows]]))
    between = (links.pipe < 0) & np.isin(links.start, touched) & np.isin(links.end, touched)
    chosen = np.flatnonzero(np.isin(links.pipe, rows) | between)
    meeting: dict[int, list[int]] = defaultdict(list)
    for k in chosen.tolist():
        meeting[int(links.start[k])].append(k)
        meeting[int(links.end[k])].append(k)
    ends = sorted(node for node, at in meeting.items() if len(at) == 1)
    branching = sorted(node for node, at in meeting.items() if len(at) > 2)
    if branching:
        where = results.network.nodes.id[branching[0]]
        raise InputError(f"way_pipes: the pipes branch at node {where!r}; name those of one way.")
    if not ends:
        raise InputError("way_pipes: the pipes close a ring; leave one of them out.")
    nodes, order = [ends[0]], list[int]()
    while (following := [k for k in meeting[nodes[-1]] if k not in order[-1:]]) and len(order) < len(chosen):
        order.append(following[0])
        nodes.append(int(links.end[order[-1]] if links.start[order[-1]] == nodes[-1] else links.start[order[-1]]))
    passed = {int(links.pipe[k]) for k in order}
    apart = [name for name, row in zip(names, rows, strict=True) if row not in passed]
    if apart:
        raise InputError(f"way_pipes: pipe {apart[0]!r} hangs together with {names[0]!r} by no pipe that is named.")
    return _from_the_source(results, np.array(nodes, np.int64), links.pipe[order])


def way_between(results: Results, names: Sequence[str]) -> Way:
    """Shortest way of the supply from a node to others in turn.

    Raises
    ------
    InputError
        If fewer than two nodes are named, or no way leads from one to the next.
    """
    if len(names) < 2:
        raise InputError("way_nodes needs two nodes or more, as in A1;A20: there is no way to draw.")
    network, links = results.network, links_of(results, supply=True)
    stops = [_row("node", network.nodes.id, name) for name in names]
    count = len(network.nodes)
    length = np.where(links.pipe >= 0, network.pipes.length[links.pipe], 0.0) + 1e-9  # a valve has none
    shortest = np.lexsort((np.arange(len(length)), length))
    ends = np.sort(np.stack([links.start, links.end], 1), axis=1)[shortest]
    _, first = np.unique(ends, axis=0, return_index=True)  # of parallel links the shortest
    kept = shortest[first]
    graph = coo_array((length[kept], (links.start[kept], links.end[kept])), (count, count)).tocsr()
    at = {
        (int(a), int(b)): int(p) for a, b, p in zip(links.start[kept], links.end[kept], links.pipe[kept], strict=True)
    }
    nodes, pipes = [stops[0]], list[int]()
    for k, (start, end) in enumerate(pairwise(stops)):
        before = dijkstra(graph, directed=False, indices=np.array([start]), return_predecessors=True)[1][0]
        if before[end] < 0:
            raise InputError(f"no way of the supply leads from node {names[k]!r} to node {names[k + 1]!r}.")
        piece = [end]
        while piece[-1] != start:
            piece.append(int(before[piece[-1]]))
        for a, b in zip(piece[:0:-1], piece[-2::-1], strict=True):
            nodes.append(b)
            pipes.append(at.get((a, b), at.get((b, a), -1)))
    return _ended(results, np.array(nodes, np.int64), np.array(pipes, np.int64))


def return_way(results: Results, way: Way) -> Index:
    """Pipes of the return from the end of a way to its beginning, by the larger flow, in the order of the way."""
    links = links_of(results, supply=False)
    node = int(results.network.stations.return_node[way.station] if way.station >= 0 else way.nodes[-1])
    nodes, pipes = path_upstream(len(results.network.nodes), links.start, links.end, -links.flow, links.pipe, node)
    begun = np.flatnonzero(nodes == way.nodes[0])
    pipes = pipes[begun[0] :] if len(begun) else pipes
    return pipes[pipes >= 0]


def _from_the_source(results: Results, nodes: Index, pipes: Index) -> Way:
    """The way in the sense in which the supply loses head."""
    ends = results.supply.head[nodes[[0, -1]]]
    at_end = _sources_at(results, int(nodes[-1])).size and not _sources_at(results, int(nodes[0])).size
    if at_end or (ends[1] > ends[0] and not _sources_at(results, int(nodes[0])).size):
        nodes, pipes = nodes[::-1], pipes[::-1]
    return _ended(results, nodes, pipes)


def _ended(results: Results, nodes: Index, pipes: Index) -> Way:
    stations = results.network.stations
    here = np.flatnonzero((stations.supply_node == nodes[-1]) & stations.in_service)
    return Way(nodes, pipes, int(here[0]) if len(here) else -1)


def _sources_at(results: Results, node: int) -> Index:
    """Sources in service at a node."""
    sources = results.network.sources
    return np.flatnonzero((sources.supply_node == node) & sources.in_service)


def source_at(results: Results, node: int) -> int:
    """Source in service at a node, -1 where there is none."""
    found = _sources_at(results, node)
    return int(found[0]) if len(found) else -1


def _row(noun: str, ids: Text, name: str) -> int:
    known = ids.astype(str)
    at = np.flatnonzero(known == name)
    if not len(at):
        raise InputError(f"there is no {noun} {name!r}{did_you_mean(name, tuple(known.tolist()))}.")
    return int(at[0])
