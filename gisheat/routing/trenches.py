"""Chosen edges to rows of the pipes layer: one trench for each stretch of a street between junctions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as numbers_from

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.graphs.graph import Array, Index, Mask
from gisheat.routing.choice import Choice
from gisheat.routing.graph import CONNECTION, LINK, PIPE, STREET, StreetGraph, Terminals, connections_of, origins
from gisheat.routing.lines import Lines, lines_of, stretches
from gisheat.topology.attributes import words
from gisheat.topology.drawn import divided, name_pieces


@dataclass(frozen=True, slots=True)
class _Runs:
    """Edges in rows: run i has the edges `edge[first[i] : last[i] + 1]`, one after the other along a street."""

    edge: Index
    first: Index
    last: Index


def trench_rows(
    town: StreetGraph, choice: Choice, terminals: Terminals, tables: dict[str, gpd.GeoDataFrame],
    phases: Sequence[str | None], trunk_share: float, taken: set[str],
) -> gpd.GeoDataFrame:  # fmt: skip
    """Rows of the pipes layer for what has to be dug.

    Parameters
    ----------
    tables : mapping
        Layers streets, stations and sources, which edges come from.
    phases : sequence
        Name of each phase number.
    trunk_share : float
        Trenches that carry this share of all load or more are trunks, unless they serve a single station.
    taken : set
        Pipe identifiers in use.
    """
    runs = _one_way_each(_runs(town, choice), town, choice)
    edge = runs.edge[runs.first]
    geometry = _shapes(town, choice, runs)
    away = choice.forward[edge]
    geometry = np.where(away, geometry, shapely.reverse(geometry))
    names = _names(geometry, taken)
    ring = choice.ring[edge]
    layer, fid, street = _origins(town, edge, terminals, tables)
    rows = gpd.GeoDataFrame(
        {
            "pipe_id": names,
            "street_id": street,
            "source_layer": layer,
            "status": "planned",
            "phase": np.array(phases, dtype=object)[choice.phase[edge]],
            "level": "primary",
            "role": _roles(town, choice, terminals, edge, trunk_share),
            "line": "pair",
            "parent_id": None,
            "repaired": "kept",
        },
        dtype=object,
        geometry=geometry,
        crs=tables["streets"].crs,
    )
    rows["source_fid"], rows["ring"] = fid, np.where(ring > 0, ring, np.nan)  # numbers stay numbers
    number = np.array([int(name.lstrip("T").rstrip("_")) for name in names], np.int64)
    return rows.iloc[np.argsort(number)].reset_index(drop=True)


def with_taps(pipes: gpd.GeoDataFrame, town: StreetGraph, choice: Choice) -> gpd.GeoDataFrame:
    """The pipes layer with pipes cut where new trenches tap them; parts of X are X.1, X.2, their parent X."""
    edges, laid = town.edges, town.pipes
    leaves = choice.used & ((edges.kind == LINK) | (edges.kind == CONNECTION))
    tapped = np.zeros(town.graph.count, bool)
    tapped[edges.start[leaves]] = tapped[edges.end[leaves]] = True
    piece = np.flatnonzero(edges.kind == PIPE)
    piece = piece[np.lexsort((edges.low[piece], edges.line[piece]))]
    line, high = edges.line[piece], edges.high[piece]
    here = np.flatnonzero(tapped[edges.end[piece]] & (high < laid.length[line]))
    if not len(here):
        return pipes
    cut = np.unique(line[here])
    all_line = np.concatenate([cut, line[here], cut])
    along = np.concatenate([np.zeros(len(cut)), high[here], laid.length[cut]])
    node = np.concatenate([np.full(len(cut), -1), edges.end[piece[here]], np.full(len(cut), -1)])
    point = np.concatenate([laid.ends[cut], town.xyz[edges.end[piece[here]]], laid.ends[len(laid) + cut]])
    order = np.lexsort((along, all_line))
    a, b = order[:-1], order[1:]
    a, b = a[same := all_line[a] == all_line[b]], b[same]
    shape = stretches(laid, all_line[a], along[a], along[b], point[a], point[b])
    turned = laid.turned[all_line[a]]
    shape = np.where(turned, shapely.reverse(shape), shape)
    at_start, at_end = np.where(turned, node[b], node[a]) < 0, np.where(turned, node[a], node[b]) < 0
    order = np.lexsort((np.where(turned, -along[a], along[a]), laid.row[all_line[a]]))
    row = laid.row[all_line[a]]
    return _cut_rows(pipes, row[order], shape[order], at_start[order], at_end[order])


def _cut_rows(pipes: gpd.GeoDataFrame, row: Index, shape: Lines, at_start: Mask, at_end: Mask) -> gpd.GeoDataFrame:
    """Rows of the layer with some replaced by their parts, in the order of the lines."""
    rest = np.setdiff1d(np.arange(len(pipes)), row)
    parts = pipes.iloc[row].set_geometry(shape, crs=pipes.crs)
    length = shapely.length(shape)
    parts = divided(parts, length / np.bincount(row, length, len(pipes))[row])
    names = parts["pipe_id"].to_numpy(object)
    parts = name_pieces(parts, "pipes", names, words(parts, "parent_id")).assign(repaired="split")
    for column, own in (("from_node", at_start), ("to_node", at_end)):
        if column in parts:
            parts[column] = parts[column].where(own, None)
    together = pd.concat([pipes.iloc[rest], parts])
    return together.iloc[np.argsort(np.concatenate([rest, row]), kind="stable")].reset_index(drop=True)


def _dug(town: StreetGraph, choice: Choice) -> Mask:
    """Edges that are new trenches with a length."""
    return choice.used & (town.edges.kind != PIPE) & (town.edges.length > 0.0)


def _runs(town: StreetGraph, choice: Choice) -> _Runs:
    """New trenches in rows: pieces of one street that follow on one another, and nothing leaves between them."""
    edges = town.edges
    dug = np.flatnonzero(_dug(town, choice))
    meeting = np.bincount(
        np.concatenate([edges.start[choice.used], edges.end[choice.used]]), minlength=town.graph.count
    )
    meeting[town.terminal] += 2  # something stands there
    order = dug[np.lexsort((edges.low[dug], edges.line[dug], edges.kind[dug]))]
    a, b = order[:-1], order[1:]
    follows = (
        (edges.kind[a] == STREET) & (edges.kind[b] == STREET) & (edges.line[a] == edges.line[b])
        & (edges.end[a] == edges.start[b]) & (meeting[edges.end[a]] == 2)
        & (choice.phase[a] == choice.phase[b]) & (choice.ring[a] == choice.ring[b])
        & (choice.forward[a] == choice.forward[b])
    )  # fmt: skip
    begins = np.concatenate([[True], ~follows]) if len(order) else np.zeros(0, bool)
    first = np.flatnonzero(begins)
    last = np.append(first[1:] - 1, len(order) - 1) if len(first) else first
    return _Runs(order, first, last)


def _one_way_each(runs: _Runs, town: StreetGraph, choice: Choice) -> _Runs:
    """Runs without the connections that lie exactly on another one: several stations, or a source, at one place.

    The one of the most load stays; what is there first is built first, so it gets the earliest phase.
    """
    edges = town.edges
    head = runs.edge[runs.first]
    straight = np.flatnonzero(edges.kind[head] == CONNECTION)
    edge = head[straight]
    foot = edges.end[edge]
    place = np.column_stack([town.xyz[edges.start[edge], :2], foot])
    _, same = np.unique(place, axis=0, return_inverse=True)
    earliest = np.full(len(straight), np.iinfo(np.int64).max)
    np.minimum.at(earliest, same, choice.phase[edge])
    choice.phase[edge] = earliest[same]
    order = np.lexsort((edge, -choice.load[edge], same))
    again = order[1:][same[order[1:]] == same[order[:-1]]]
    keep = np.ones(len(head), bool)
    keep[straight[again]] = False
    return _Runs(runs.edge, runs.first[keep], runs.last[keep])


def _shapes(town: StreetGraph, choice: Choice, runs: _Runs) -> Lines:
    """Geometry of every run, in the direction of its street (or of its link)."""
    edges = town.edges
    head, tail = runs.edge[runs.first], runs.edge[runs.last]
    xyz = _places(town, choice)
    start, end = xyz[edges.start[head]], xyz[edges.end[tail]]
    shapes = np.empty(len(head), dtype=object)
    along = edges.kind[head] == STREET
    shapes[along] = stretches(
        town.streets, edges.line[head[along]], edges.low[head[along]], edges.high[tail[along]], start[along],
        end[along],
    )  # fmt: skip
    straight = ~along
    pairs = np.stack([start[straight], end[straight]], axis=1).reshape(-1, 3)
    if straight.any():
        shapes[straight] = lines_of(pairs, np.repeat(np.arange(int(straight.sum())), 2))
    return shapes


def _places(town: StreetGraph, choice: Choice) -> Array:
    """Points of the nodes; where a street meets a pipe within the tolerance, that of the pipe."""
    edges, xyz = town.edges, town.xyz.copy()
    one = np.flatnonzero(choice.used & (edges.kind == LINK) & (edges.length == 0.0))
    xyz[edges.end[one], :2] = xyz[edges.start[one], :2]
    return xyz


def _names(geometry: Lines, taken: set[str]) -> list[str]:
    """T1, T2 ... in the order of the places of the trenches, leaving out names that are taken."""
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True)).reshape(-1, 2)
    order = np.lexsort((*shapely.bounds(geometry).T.reshape(4, -1), middle[:, 1], middle[:, 0]))
    names = np.empty(len(geometry), dtype=object)
    free = (name for i in numbers_from(1) if (name := f"T{i}") not in taken)
    for i in order.tolist():
        names[i] = next(free)
    return names.tolist()


def _roles(town: StreetGraph, choice: Choice, terminals: Terminals, edge: Index, trunk_share: float) -> Lines:
    """Connection of one station; trunk with a large share of the load, and what closes rings; else branch."""
    total = float(terminals.load[choice.joined].sum())
    large = choice.load[edge] >= trunk_share * total
    ring = choice.ring[edge] > 0
    to_source = connections_of(town.edges, terminals, 1)[edge]
    single = (choice.stations[edge] == 1) & ~ring & ~to_source
    return np.where(single, "connection", np.where(large | ring | to_source, "trunk", "branch")).astype(object)


def _origins(
    town: StreetGraph, edge: Index, terminals: Terminals, tables: dict[str, gpd.GeoDataFrame]
) -> tuple[Lines, Index, Lines]:
    """Layer and feature that each trench comes from, and the street that it lies in (None for straight ways)."""
    edges = town.edges
    kind, line = edges.kind[edge], edges.line[edge]
    layer = np.full(len(edge), "pipes", dtype=object)
    fid = np.full(len(edge), -1, np.int64)
    street = np.full(len(edge), None, dtype=object)
    on = (kind == STREET) | (kind == LINK)
    row = town.streets.row[line[on]]
    layer[on], fid[on] = (v[row] for v in origins(tables["streets"], "streets"))
    street[on] = tables["streets"]["street_id"].to_numpy(object)[row]
    street[kind == LINK] = None
    for number in (0, 1):
        of = connections_of(edges, terminals, number)[edge]
        layer[of], fid[of] = terminals.origin[line[of]], terminals.fid[line[of]]
    return layer, fid, street
