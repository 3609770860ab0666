"""Routing of random little towns: what must hold whatever is drawn, and in whatever order and direction."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely
from drawings import CRS, ORIGIN
from effort import examples
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from gisheat.layers import Layers
from gisheat.routing import RouteRules, TrenchCost, route

ORDER = ("near", "mid", "far")
COST = TrenchCost(350.0, 31.0 / 1e3**0.38, 0.38)


def town(seed: int, *, size: int = 5, count: int = 7) -> dict[str, GeoDataFrame]:
    """A crooked grid with gaps, stations beside its streets, two sources; all of it in one piece."""
    random = np.random.default_rng(seed)
    xy = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1) * 90.0
    xy = (xy + random.uniform(-25, 25, xy.shape)).reshape(-1, 2) + ORIGIN
    number = np.arange(size * size).reshape(size, size)
    pairs = [
        *zip(number[:-1].ravel(), number[1:].ravel(), strict=True),
        *zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True),
    ]
    grid = nx.Graph(pairs)
    for edge in random.permutation(pairs)[: size * 2].tolist():  # gaps that leave it in one piece
        grid.remove_edge(*edge)
        if not nx.is_connected(grid):
            grid.add_edge(*edge)
    ends = np.array([tuple(sorted(e)) for e in grid.edges])
    middle = (xy[ends[:, 0]] + xy[ends[:, 1]]) / 2 + random.uniform(-8, 8, (len(ends), 2))
    lines = shapely.linestrings(np.stack([xy[ends[:, 0]], middle, xy[ends[:, 1]]], axis=1))
    some, share = lines[random.integers(0, len(lines), count + 2)], random.uniform(0, 1, count + 2)
    on = shapely.get_coordinates(shapely.line_interpolate_point(some, share, normalized=True))
    on += random.uniform(-15, 15, on.shape)
    factor = random.choice([1.0, 1.0, 2.0], len(lines))
    return {
        "streets": GeoDataFrame(
            {"street_id": [f"W{i}" for i in range(len(lines))], "cost_factor": factor}, geometry=lines, crs=CRS
        ),
        "stations": GeoDataFrame(
            {
                "station_id": [f"H{i}" for i in range(count)],
                "load_kw": random.lognormal(6, 1, count),
                "phase": random.choice([*ORDER, None], count),
            },
            geometry=shapely.points(on[:count]), crs=CRS,
        ),
        "sources": GeoDataFrame(
            {"source_id": ["S1", "S2"], "capacity_mw": [20.0, 10.0], "phase": ["near", "far"]},
            geometry=shapely.points(on[count:]), crs=CRS,
        ),
    }  # fmt: skip


def routed(layers, rules):
    load = layers["stations"]["load_kw"].to_numpy(float) * 1e3
    return route(Layers(layers, {}, layers["streets"].crs), rules, load, ORDER)


def network(result, layers):
    """Graph of the new trenches, ends by coordinates, and the node of every station and source by name."""
    rows = result.trenches
    graph = nx.MultiGraph()
    for i, line in enumerate(rows.geometry):
        graph.add_edge(line.coords[0][:2], line.coords[-1][:2], row=i)
    place = {}
    for layer, name in (("stations", "station_id"), ("sources", "source_id")):
        for n, point in zip(layers[layer][name], layers[layer].geometry, strict=True):
            near = min(graph.nodes, key=lambda p: np.hypot(p[0] - point.x, p[1] - point.y))
            assert np.hypot(near[0] - point.x, near[1] - point.y) <= 0.5
            place[n] = near
    return graph, place


@given(st.integers(0, 10**6), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=examples(25), deadline=None)
def test_order_and_direction_of_features_play_no_role(seed, random, by_load):
    rules = RouteRules(trench=COST if by_load else None, ring_load=1.5e6)
    layers = town(seed)
    first = routed(layers, rules)
    other = {}
    for name, table in layers.items():
        order = random.sample(range(len(table)), len(table))
        other[name] = table.iloc[order].reset_index(drop=True)
    turned, shapes = [random.random() < 0.5 for _ in other["streets"].index], other["streets"].geometry.to_numpy()
    other["streets"] = other["streets"].set_geometry(np.where(turned, shapely.reverse(shapes), shapes), crs=CRS)
    again = routed(other, rules)
    columns = ["pipe_id", "street_id", "status", "phase", "role", "ring"]
    assert first.trenches[columns].equals(again.trenches[columns])
    assert (
        shapely.to_wkb(first.trenches.geometry.to_numpy()) == shapely.to_wkb(again.trenches.geometry.to_numpy())
    ).all()
    assert first.figures == again.figures


def with_pipes(layers, seed):
    """The town with pipes along some of its streets, 3 m beside their axis."""
    some = np.flatnonzero(np.random.default_rng(seed).random(len(layers["streets"])) < 0.3)
    lines = shapely.transform(layers["streets"].geometry.to_numpy()[some], lambda xy: xy + 3.0)
    return {**layers, "pipes": GeoDataFrame({"pipe_id": [f"P{i}" for i in some]}, geometry=lines, crs=CRS)}


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=examples(20), deadline=None)
def test_order_and_direction_of_pipes_play_no_role(seed, random):
    layers = with_pipes(town(seed), seed)
    first = routed(layers, RouteRules())
    order = random.sample(range(len(layers["pipes"])), len(layers["pipes"]))
    pipes = layers["pipes"].iloc[order].reset_index(drop=True)
    turned, shapes = [random.random() < 0.5 for _ in order], pipes.geometry.to_numpy()
    pipes = pipes.set_geometry(np.where(turned, shapely.reverse(shapes), shapes), crs=CRS)
    again = routed({**layers, "pipes": pipes}, RouteRules())
    columns = ["pipe_id", "street_id", "phase", "role"]
    assert first.trenches[columns].equals(again.trenches[columns])
    tapped, other = ({shapely.to_wkb(shapely.normalize(g)) for g in r.layers["pipes"].geometry} for r in (first, again))
    assert tapped == other
    length = sum(g.length for g in first.layers["pipes"].geometry) - sum(g.length for g in first.trenches.geometry)
    assert length == pytest.approx(sum(g.length for g in shapes), rel=1e-9)  # what is cut stays as long as it was


@given(st.integers(0, 10**6), st.booleans())
@settings(max_examples=examples(25), deadline=None)
def test_trenches_lie_in_their_streets_and_cost_what_is_said(seed, by_load):
    layers = town(seed)
    result = routed(layers, RouteRules(trench=COST if by_load else None, connection_cost=1.5))
    rows = result.trenches
    street = layers["streets"].set_index("street_id")
    in_street = rows["street_id"].notna().to_numpy()
    own = street.geometry.loc[rows["street_id"][in_street]].to_numpy()
    shapes = rows.geometry.to_numpy()
    covered = shapely.length(shapely.intersection(shapes[in_street], shapely.buffer(own, 1e-6)))
    assert covered == pytest.approx(shapely.length(shapes[in_street]), abs=1e-5)
    assert set(rows["source_layer"][~in_street]) <= {"stations", "sources"}

    graph, place = network(result, layers)
    assert nx.is_tree(nx.Graph(graph))
    assert set(place.values()) <= set(graph.nodes)
    load = dict(zip(layers["stations"]["station_id"], layers["stations"]["load_kw"] * 1e3, strict=True))
    factor = np.where(in_street, street["cost_factor"].reindex(rows["street_id"]).to_numpy(), 1.5)
    cost = 0.0
    for a, b, i in list(graph.edges(data="row")):
        graph.remove_edge(a, b)
        behind = sum(w for n, w in load.items() if not nx.has_path(graph, place[n], place["S1"]))
        graph.add_edge(a, b, row=i)
        price = COST.fixed + COST.per_load * behind**COST.exponent if by_load else 1.0
        cost += shapes[i].length * factor[i] * price
    assert result.figures["routing cost"][0] == pytest.approx(cost, rel=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=examples(25), deadline=None)
def test_every_phase_hangs_together_and_is_part_of_the_next(seed):
    layers = town(seed)
    result = routed(layers, RouteRules())
    graph, place = network(result, layers)
    rank = {None: 0, **{name: i for i, name in enumerate(ORDER, 1)}}
    own = {
        n: rank[p if isinstance(p, str) else None]
        for layer, name in (("stations", "station_id"), ("sources", "source_id"))
        for n, p in zip(layers[layer][name], layers[layer]["phase"], strict=True)
    }
    phase = [rank[p if isinstance(p, str) else None] for p in result.trenches["phase"]]
    for now in range(len(rank)):
        built = nx.Graph((a, b) for a, b, i in graph.edges(data="row") if phase[i] <= now)
        there = [place[n] for n, p in own.items() if p <= now]
        if len(there) < 2:
            continue
        assert all(nx.has_path(built, there[0], node) for node in there)
        ends = [node for node in built if built.degree[node] == 1]
        assert set(ends) <= set(there)  # nothing is built before it is needed


@given(st.integers(0, 10**6))
@settings(max_examples=examples(15), deadline=None)
def test_rings_leave_no_more_than_asked_for_behind_a_single_trench(seed):
    layers = town(seed)
    result = routed(layers, RouteRules(ring_load=1.0e6))
    graph, place = network(result, layers)
    load = dict(zip(layers["stations"]["station_id"], layers["stations"]["load_kw"] * 1e3, strict=True))
    weak = {f.source_fid: f for f in result.findings if f.rule == "ring-impossible" and f.layer == "streets"}
    fid = layers["streets"].reset_index().set_index("street_id")["index"]
    for a, b, i in list(graph.edges(data="row")):
        graph.remove_edge(a, b, key=next(k for k, d in graph[a][b].items() if d["row"] == i))
        behind = sum(w for n, w in load.items() if not nx.has_path(graph, place[n], place["S1"]))
        graph.add_edge(a, b, row=i)
        street = result.trenches["street_id"].iloc[i]
        if behind > 1.0e6 * (1 + 1e-9) and street is not None:
            assert int(fid[street]) in weak
