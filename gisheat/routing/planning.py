"""The routing stage: streets, stations, sources and pipes that are there to new rows of the pipes layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.errors import InputError, TopologyError
from gisheat.findings import Finding
from gisheat.graphs.graph import Array, Index
from gisheat.graphs.load_tree import TrenchCost
from gisheat.layers import Layers
from gisheat.project import did_you_mean
from gisheat.routing.accounts import connected, late_pipes, unclosed, unreached
from gisheat.routing.choice import Choice, choose
from gisheat.routing.costs import class_factors
from gisheat.routing.graph import StreetGraph, Terminals, origins, street_graph
from gisheat.routing.rules import RouteRules
from gisheat.routing.trenches import trench_rows, with_taps
from gisheat.topology.attributes import filled, numbers, words

SOURCE_RANK = {"base": 0, "peak": 1, "reserve": 2}


@dataclass(frozen=True)
class Routed:
    """New trenches as rows of the pipes layer, the layer with them, and what is to be said."""

    trenches: gpd.GeoDataFrame
    layers: Layers
    findings: tuple[Finding, ...]
    figures: Mapping[str, tuple[object, str]]
    """What was found, by name, with units."""
    reached: int
    """Stations that a source reaches."""
    notes: tuple[str, ...] = ()
    """What was assumed, in words."""


def rules_of_options(options: Mapping[str, Any]) -> RouteRules:
    """Rules from the options of an operation, in their units.

    Raises
    ------
    InputError
        If class_factors or ring_pairs can't be read.
    """
    ring_load, exponent = options["ring_load_mw"], options["route_load_exponent"]
    trench = TrenchCost(options["route_fixed_cost"], options["route_load_cost"] / 1e3**exponent, exponent)
    return RouteRules(
        tolerance=options["snap_tolerance_m"],
        max_connection=options["max_connection_m"],
        at_vertex=options.get("connect_to") == "vertex",
        connection_cost=options["connection_cost_factor"],
        class_factor=class_factors(options["class_factors"]),
        pipe_to_street=options["pipe_to_street_m"],
        join_anywhere=options["join_pipes"] == "anywhere",
        trench=trench if options["route_cost"] == "load" else None,
        ring_load=None if ring_load is None else ring_load * 1e6,
        ring_pairs=read_pairs(options["ring_pairs"]),
        trunk_share=options["trunk_share"],
        seconds=options["route_seconds"],
    )


def route(layers: Layers, rules: RouteRules, load: Array | None = None, order: Sequence[str] = ()) -> Routed:
    """Choose the trenches that join all stations with the sources along the streets.

    Parameters
    ----------
    layers : Layers
        Clean layers; the streets are noded. Pipes that are there cost nothing.
    rules : RouteRules
        Limits, prices and wishes.
    load : array, shape (stations,), optional
        Load of each row of the stations layer [W], NaN where it is not known. Where none is known at all, all
        stations count the same and the cost of a trench does not depend on the load.
    order : sequence
        Names of the phases in their order.

    Raises
    ------
    InputError
        If there are no streets, stations or sources, or a pair of the rings names something unknown.
    TopologyError
        If there is no street, station or source in use.
    """
    streets = layers["streets"]
    for needed in ("stations", "sources"):
        layers[needed]  # says which one is missing
    if not len(streets):
        raise TopologyError("the layer streets holds no street that can be used: look at its geometry.")
    phases = [None, *order]
    terminals = _terminals(layers, load, phases)
    for number, name in enumerate(("stations", "sources")):
        if not (terminals.layer == number).any():
            raise TopologyError(f"the layer {name} holds none that is in use: look at its geometry and status.")
    known = load is not None and bool(np.isfinite(load).any())
    if not known:
        if rules.ring_load is not None:
            raise InputError(
                "ring_load_mw needs to know what stations take: give them load_kw, or heated_area_m2 and a heat index."
            )
        rules = replace(rules, trench=None)
    town = street_graph(streets, layers.get("pipes"), layers.get("areas"), terminals, rules)
    pairs = _pairs(rules.ring_pairs, layers, town, terminals)
    choice = choose(town, terminals, rules, pairs)
    missed = unreached(layers, town, choice, terminals, rules)
    used_names = set(words(layers.get("pipes"), "pipe_id", "")) if "pipes" in layers else set()
    tables = {name: layers[name] for name in ("streets", "stations", "sources")}
    trenches = trench_rows(town, choice, terminals, tables, phases, rules.trunk_share, used_names)
    findings = [
        *missed,
        *connected(town, choice, terminals),
        *unclosed(layers, town, choice, terminals, rules),
        *late_pipes(layers, town, choice, order),
    ]
    figures = _figures(choice, terminals, trenches, rules)
    together = {**layers.tables, "pipes": _with_trenches(layers, town, choice, trenches)}
    return Routed(
        trenches, replace(layers, tables=together), tuple(findings), figures,
        int(choice.joined[terminals.layer == 0].sum()), _notes(layers, rules, load, terminals),
    )  # fmt: skip


def _with_trenches(layers: Layers, town: StreetGraph, choice: Choice, trenches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The pipes layer, cut where it is tapped, with the new trenches behind its own."""
    pipes = layers.get("pipes")
    if not len(pipes):
        return trenches
    pipes = with_taps(pipes, town, choice)
    return pd.concat([_with_columns(pipes, trenches), _with_columns(trenches, pipes)], ignore_index=True)


def _with_columns(table: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with the columns of another one, empty in the way of their kind."""
    missing = [c for c in other.columns if c not in table]
    number = {c: other[c].dtype.kind in "iuf" for c in missing}
    empty = {c: np.full(len(table), np.nan if number[c] else None, float if number[c] else object) for c in missing}
    return table.assign(**empty)


# stations and sources ------------------------------------------------------------------------------------


def _terminals(layers: Layers, load: Array | None, phases: Sequence[str | None]) -> Terminals:
    """Stations and sources that take part, each layer in the order of its places."""
    stations, sources = layers["stations"], layers["sources"]
    number = {name: i for i, name in enumerate(phases)}
    weight = np.ones(len(stations))
    if load is not None and np.isfinite(load).any():
        usual = float(np.nanmean(load))
        weight = filled(load, usual)
    parts = []
    for k, (table, name) in enumerate(((stations, "station_id"), (sources, "source_id"))):
        shut = np.isin(words(table, "status", "existing").astype(str), ("abandoned", "closed"))
        row = np.flatnonzero(~shut)
        xy = shapely.get_coordinates(shapely.get_geometry(table.geometry.to_numpy()[row], 0)).reshape(-1, 2)
        names = table[name].to_numpy(object)[row]
        order = np.lexsort((names.astype(str), xy[:, 1], xy[:, 0]))
        row = row[order]
        phase = np.array([number.get(p, 0) for p in words(table, "phase")], np.int64)[row]
        own = weight[row] if k == 0 else np.zeros(len(row))
        rank = _source_rank(table)[row] if k == 1 else np.zeros(len(row), np.int64)
        origin = (v[row] for v in origins(table, ("stations", "sources")[k]))
        parts.append((np.full(len(row), k), row, names[order], xy[order], own, phase, rank, *origin))
    return Terminals(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _source_rank(sources: gpd.GeoDataFrame) -> Index:
    """Base sources first, of those the largest, of equal ones the first by place."""
    role = np.array([SOURCE_RANK.get(str(r), 0) for r in words(sources, "role", "base")], np.int64)
    capacity = filled(numbers(sources, "capacity_mw"), 0.0)
    x, y = shapely.get_coordinates(shapely.get_geometry(sources.geometry.to_numpy(), 0)).reshape(-1, 2).T
    order = np.lexsort((words(sources, "source_id").astype(str), y, x, -capacity, role))
    rank = np.empty(len(sources), np.int64)
    rank[order] = np.arange(len(sources))
    return rank


def read_pairs(text: str | None) -> tuple[tuple[str, str], ...]:
    """Pairs of names a:b separated by semicolons.

    >>> read_pairs("S1:H05; S1:H07")
    (('S1', 'H05'), ('S1', 'H07'))

    Raises
    ------
    InputError
        If something is no pair.
    """
    pairs = []
    for word in filter(None, (w.strip() for w in (text or "").split(";"))):
        a, colon, b = (part.strip() for part in word.partition(":"))
        if not colon or not a or not b or a == b:
            raise InputError(f"ring_pairs: {word!r} is no pair of names: write a:b, as in S1:H05; S1:H07.")
        pairs.append((a, b))
    return tuple(pairs)


def _pairs(wanted: tuple[tuple[str, str], ...], layers: Layers, town: StreetGraph, terminals: Terminals) -> Index:
    """Nodes of the pairs that must stay joined, shape (n, 2)."""
    if not wanted:
        return np.empty((0, 2), np.int64)
    node = dict(zip(terminals.name.tolist(), town.terminal.tolist(), strict=True))
    named = layers.get("nodes")
    if len(named):
        inner = np.delete(np.arange(town.graph.count), town.terminal)
        tree = shapely.STRtree(np.asarray(shapely.points(town.xyz[inner, :2]), object))
        near = tree.query_nearest(named.geometry.to_numpy(), all_matches=False)[1]
        node = dict(zip(named["node_id"].tolist(), inner[near].tolist(), strict=True)) | node
    known = tuple(map(str, node))
    for name in (n for pair in wanted for n in pair):
        if name not in node:
            raise InputError(f"ring_pairs: there is no station, source or node {name!r}{did_you_mean(name, known)}.")
    return np.array([[node[a], node[b]] for a, b in wanted], np.int64)


# figures -------------------------------------------------------------------------------------------------


def _figures(
    choice: Choice, terminals: Terminals, trenches: gpd.GeoDataFrame, rules: RouteRules
) -> dict[str, tuple[object, str]]:
    """What the summary says of the routing."""
    length = shapely.length(trenches.geometry.to_numpy())
    beside, ring = trenches["street_id"].isna().to_numpy(), trenches["ring"].notna().to_numpy()
    stations = terminals.layer == 0
    figures: dict[str, tuple[object, str]] = {
        "new trenches": (len(trenches), ""),
        "new trench length": (float(length.sum()), "m"),
        "new trench length: beside the streets": (float(length[beside].sum()), "m"),
        "stations reached": (int(choice.joined[stations].sum()), ""),
        "stations not reached": (int((~choice.joined[stations]).sum()), ""),
        "rings closed": (len(np.unique(choice.ring[choice.ring > 0])), ""),
        "rings: length": (float(length[ring].sum()), "m"),
        "routing cost": (choice.cost, "m of ordinary street" if rules.trench is None else "by load"),
        "routing: moves tried": (choice.moves, ""),
    }
    if choice.bound > 0.0:
        figures["routing: no tree costs less than"] = (choice.bound, figures["routing cost"][1])
        figures["routing: gap at most"] = (100.0 * (choice.cost / choice.bound - 1.0), "%")
    if choice.stopped:
        figures["routing: stopped"] = ("the time ended before the moves did", "")
    return figures


def _notes(layers: Layers, rules: RouteRules, load: Array | None, terminals: Terminals) -> tuple[str, ...]:
    """What was assumed."""
    apart = int((words(layers.get("pipes"), "line", "pair") != "pair").sum())
    said = [f"routing: {apart} pipes are drawn for supply or return alone; no trench taps them"] if apart else []
    classes = set(words(layers["streets"], "class", "").astype(str))
    said += [
        f"routing: no street is of the class {name!r} of class_factors"
        for name in sorted(set(rules.class_factor) - classes)
    ]
    return (*said, *_load_notes(load, terminals))


def _load_notes(load: Array | None, terminals: Terminals) -> tuple[str, ...]:
    count = int((terminals.layer == 0).sum())
    known = np.zeros(0) if load is None else load[terminals.row[terminals.layer == 0]]
    missing = count - int(np.isfinite(known).sum())
    if not missing:
        return ()
    if missing == count:
        return ("routing: no station states what it takes; all count the same, and the shortest trenches are chosen",)
    return (f"routing: {missing} of {count} stations do not state what they take; the mean of the others counts",)
