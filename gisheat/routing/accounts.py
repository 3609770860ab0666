"""What is to be said of a routing: who is not reached, what was connected, which rings no street closes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from gisheat.findings import Finding
from gisheat.graphs.graph import Array
from gisheat.layers import Layers
from gisheat.routing.choice import Choice
from gisheat.routing.graph import CONNECTION, PIPE, StreetGraph, Terminals, connections_of, origins
from gisheat.routing.rules import RouteRules
from gisheat.topology.attributes import words
from gisheat.topology.connections import connection_lengths


def _place(xy: Array) -> tuple[float, float]:
    return float(xy[0]), float(xy[1])


def _feature(layers: Layers, layer: str, row: int) -> tuple[str, int]:
    """Input layer and feature id of a row of a layer."""
    names, fids = origins(layers[layer].iloc[[row]], layer)
    return str(names[0]), int(fids[0])


def _noun(terminals: Terminals, i: int) -> str:
    return "source" if terminals.layer[i] else "station"


def _fid(terminals: Terminals, i: int) -> tuple[str, int]:
    return str(terminals.origin[i]), int(terminals.fid[i])


def unreached(
    layers: Layers, town: StreetGraph, choice: Choice, terminals: Terminals, rules: RouteRules
) -> list[Finding]:
    """Stations that no source reaches, and sources that reach no station, with the reason."""
    findings, apart = [], np.flatnonzero(~choice.joined)
    distances = _distances(layers, terminals.xy[apart])
    for i, far in zip(apart.tolist(), distances.tolist(), strict=True):
        layer, fid = _fid(terminals, i)
        noun, gap = _noun(terminals, i), float(town.nearest[i])
        if np.isinf(gap):
            why = f"lies {far:.0f} m from the nearest street or pipe, more than the {rules.max_connection:g} m allowed"
            repair, distance = "draw a street or connection to it, or raise max_connection_m", far
        elif town.barred[i]:
            why = "can be joined to no street but through a forbidden area"
            repair, distance = "draw a connection, or correct the layer areas", gap
        else:
            other = "source" if noun == "station" else "station"
            outside = (
                " outside the forbidden areas" if (words(layers.get("areas"), "kind") == "forbidden").any() else ""
            )
            why = f"stands at streets or pipes that no street{outside} joins with a {other}"
            also = ", correct the layer areas" if outside else ""
            repair, distance = f"draw the missing street{also}, or raise snap_tolerance_m", gap
        message = f"{noun} {terminals.name[i]} {why}; it is not reached."
        findings.append(
            Finding("unreachable", "error", layer, message, fid, None, _place(terminals.xy[i]), distance, repair)
        )
    return findings


def _distances(layers: Layers, xy: Array) -> Array:
    """Distance of each place from the nearest street or pipe [m], shape (n,)."""
    lines = np.concatenate([t.geometry.to_numpy() for t in (layers["streets"], layers.get("pipes"))])
    places = np.asarray(shapely.points(xy), object)
    nearest = shapely.STRtree(lines).query_nearest(places, return_distance=True, all_matches=False)[1]
    return np.asarray(nearest) if len(nearest) else np.full(len(xy), np.nan)


def connected(town: StreetGraph, choice: Choice, terminals: Terminals) -> list[Finding]:
    """The straight connections that were chosen, with their length, and that of what is dug for one station alone."""
    edges = town.edges
    findings, alone = [], _dug_alone(town, choice, terminals)
    for e in np.flatnonzero(choice.used & (edges.kind == CONNECTION) & (edges.length > 0.0)).tolist():
        i = int(edges.line[e])
        layer, fid = _fid(terminals, i)
        to = "street" if edges.end[e] < town.first_pipe_node else "pipe"
        message = f"{_noun(terminals, i)} {terminals.name[i]} was connected to a {to} over {edges.length[e]:.1f} m."
        if alone[i] > edges.length[e] + 0.05:
            message += f" With the trench in the street that serves it alone, its connection is {alone[i]:.1f} m long."
        findings.append(
            Finding("connected", "info", layer, message, fid, None, _place(terminals.xy[i]), float(edges.length[e]),
                    "connection drawn", applied=True)
        )  # fmt: skip
    return findings


def _dug_alone(town: StreetGraph, choice: Choice, terminals: Terminals) -> Array:
    """Length of the new trenches that serve each station alone [m], shape (terminals,); 0 for sources."""
    edges, used = town.edges, np.flatnonzero(choice.used)
    single = (edges.kind != PIPE) & (choice.stations == 1) & (choice.ring == 0) & ~connections_of(edges, terminals, 1)
    node = np.where(terminals.layer == 0, town.terminal, -1)
    length = connection_lengths(single[used], edges.start[used], edges.end[used], edges.length[used], node)
    return np.nan_to_num(length)


def unclosed(
    layers: Layers, town: StreetGraph, choice: Choice, terminals: Terminals, rules: RouteRules
) -> list[Finding]:
    """Trenches that should lie in a ring, and pairs that two ways should join, but no street closes one."""
    most = np.inf if rules.ring_load is None else rules.ring_load
    repair = "add a street, allow a larger ring_load_mw, or give the stations behind a source of their own"
    edges, worst = town.edges, dict[tuple[str, int], tuple[float, int, str]]()
    for e in np.unique(choice.unclosed[choice.load[choice.unclosed] > most]).tolist():
        layer, fid, name = _edge_feature(layers, town, terminals, e)
        known = worst.get((layer, fid))
        if known is None or choice.load[e] > known[0]:
            worst[layer, fid] = float(choice.load[e]), e, name
    findings = []
    for (layer, fid), (load, e, name) in worst.items():
        message = f"{name}: {load / 1e6:.2f} MW lie behind a single trench here, and no street closes a ring around it."
        place = _place((town.xyz[edges.start[e], :2] + town.xyz[edges.end[e], :2]) / 2.0)
        findings.append(Finding("ring-impossible", "warning", layer, message, fid, None, place, None, repair))
    findings += [
        _parted(terminals, *pair)
        for pair, parted in zip(rules.ring_pairs, choice.parted.tolist(), strict=True)
        if parted
    ]
    return findings


def _parted(terminals: Terminals, a: str, b: str) -> Finding:
    """A pair that one trench parts, said of the station or source in it."""
    message = f"{a} and {b} should be joined by two ways, but no street leads around the trenches between them."
    named = np.flatnonzero(np.isin(terminals.name.astype(str), (a, b)))
    if not len(named):
        return Finding("ring-impossible", "warning", "nodes", message, repair="add a street")
    i = int(named[0])
    layer, fid = _fid(terminals, i)
    return Finding(
        "ring-impossible", "warning", layer, message, fid, None, _place(terminals.xy[i]), None, "add a street"
    )


def _edge_feature(layers: Layers, town: StreetGraph, terminals: Terminals, e: int) -> tuple[str, int, str]:
    """Layer, feature id and name of what an edge is a piece of."""
    edges = town.edges
    kind, line = int(edges.kind[e]), int(edges.line[e])
    if kind == CONNECTION:
        return *_fid(terminals, line), f"{_noun(terminals, line)} {terminals.name[line]}"
    layer, row = ("pipes", town.pipes.row) if kind == PIPE else ("streets", town.streets.row)
    name = layers[layer][f"{layer[:-1]}_id"].iloc[int(row[line])]
    return *_feature(layers, layer, int(row[line])), f"{layer[:-1]} {name}"


def late_pipes(layers: Layers, town: StreetGraph, choice: Choice, order: Sequence[str]) -> list[Finding]:
    """Drawn pipes that come later than what they are needed for."""
    edges = town.edges
    used = np.flatnonzero(choice.used & (edges.kind == PIPE))
    if not len(used):
        return []
    pipes = layers["pipes"]
    number = {name: i for i, name in enumerate(order, 1)}
    own = np.array([number.get(p, 0) for p in words(pipes, "phase")], np.int64)
    row = town.pipes.row[edges.line[used]]
    late = own[row] > choice.phase[used]
    findings = []
    for i in np.unique(row[late]).tolist():
        first = int(choice.phase[used[late & (row == i)]].min())
        when = f"phase {order[first - 1]}" if first else "the beginning"
        name, (layer, fid) = pipes["pipe_id"].iloc[i], _feature(layers, "pipes", i)
        message = f"pipe {name} comes in phase {order[own[i] - 1]}, but what lies behind it is there from {when} on."
        point = shapely.get_coordinates(shapely.line_interpolate_point(pipes.geometry.iloc[i], 0.5, normalized=True))
        findings.append(
            Finding("pipe-late", "warning", layer, message, fid, None, _place(point[0]), None,
                    "give the pipe an earlier phase")
        )  # fmt: skip
    return findings
