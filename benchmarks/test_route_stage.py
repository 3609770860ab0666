"""The stage that routes: streets of a city, 2000 stations, from layers to rows of pipes."""

from __future__ import annotations

import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gisheat.graphs import rings
from gisheat.layers import Layers
from gisheat.routing import RouteRules, choice, route

CRS, WEST, SOUTH = "EPSG:4552", 425_000.0, 5_090_000.0
STEP = 80.0
"""Length of a block [m]."""


def city(across: int, stations: int, seed: int = 0) -> tuple[Layers, np.ndarray]:
    """A crooked grid of streets with gaps, stations anywhere in its blocks, a source in a corner; their loads [W]."""
    random = np.random.default_rng(seed)
    xy = np.stack(np.meshgrid(np.arange(across), np.arange(across), indexing="ij"), -1) * STEP
    xy = xy + random.uniform(-20.0, 20.0, xy.shape) + np.array((WEST, SOUTH))
    a = np.concatenate([xy[:-1].reshape(-1, 2), xy[:, :-1].reshape(-1, 2)])
    b = np.concatenate([xy[1:].reshape(-1, 2), xy[:, 1:].reshape(-1, 2)])
    bent = (a + b) / 2.0 + random.uniform(-5.0, 5.0, a.shape)
    lines = shapely.linestrings(np.stack([a, bent, b], axis=1)[random.random(len(a)) > 0.05])
    places = random.uniform(2.0 * STEP, (across - 3) * STEP, (stations, 2)) + np.array((WEST, SOUTH))
    tables = {
        "streets": gpd.GeoDataFrame({"street_id": [f"W{i}" for i in range(len(lines))]}, geometry=lines, crs=CRS),
        "stations": gpd.GeoDataFrame(
            {"station_id": [f"H{i}" for i in range(stations)]}, geometry=shapely.points(places), crs=CRS
        ),
        "sources": gpd.GeoDataFrame(
            {"source_id": ["S1"]}, geometry=shapely.points([[WEST + 500.0, SOUTH + 500.0]]), crs=CRS
        ),
    }
    return Layers(tables, {}, tables["streets"].crs), random.lognormal(13.0, 0.8, stations)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """What numba compiles is compiled before the clock starts."""
    layers, load = city(40, 50)  # smaller ones run uncompiled
    for rules in (RouteRules(trench=None), RouteRules(ring_load=5e6)):
        route(layers, rules, load)


@pytest.mark.parametrize(("name", "rules"), [("length", RouteRules(trench=None)), ("load", RouteRules())])
def test_routing_2000_stations_over_1e5_streets(name: str, rules: RouteRules, record_run: Callable[..., None]) -> None:
    seconds = []
    for seed in range(3):
        layers, load = city(232, 2000, seed)
        begin = time.perf_counter()
        routed = route(layers, rules, load)
        seconds.append(time.perf_counter() - begin)
        assert routed.figures["stations not reached"][0] == 0
    record_run(f"route 2000 stations, 1e5 streets, {name}", "s", seconds, 10)


def test_rings_of_2000_stations_over_1e5_streets(
    record_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = []

    def timed(*given: object, **named: object) -> rings.Rings:
        begin = time.perf_counter()
        found = rings.close_rings(*given, **named)
        seconds.append(time.perf_counter() - begin)
        return found

    monkeypatch.setattr(choice, "close_rings", timed)
    layers, load = city(232, 2000)
    routed = route(layers, RouteRules(ring_load=0.02 * float(load.sum())), load)
    assert routed.figures["rings closed"][0] > 0
    record_run(f"rings, {routed.figures['rings closed'][0]} on 1e5 streets", "s", seconds, 1)
