"""Trees priced by the load they carry, and rings, on a city: time, and how far below the best Steiner tree."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from exact_trees import loaded_grid

from gisheat.graphs.graph import Graph
from gisheat.graphs.load_tree import TrenchCost, carried, load_tree
from gisheat.graphs.rings import close_rings
from gisheat.graphs.steiner import steiner_tree

Record = Callable[..., None]
PRICE = TrenchCost()
MOST_W = 1e6
"""Load that the loss of a single trench may cut off."""


def price_of(graph: Graph, cost: np.ndarray, root: int, load: np.ndarray, edges: np.ndarray) -> float:
    """Cost of a tree with what it carries."""
    flow = carried(graph, root, load, edges)[edges]
    return float((cost[edges] * (PRICE.fixed + PRICE.per_load * flow**PRICE.exponent)).sum())


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """What numba compiles is compiled before the clock starts."""
    graph, cost, root, load = loaded_grid(40, 60, 0)  # smaller ones run uncompiled
    tree = load_tree(graph, cost, root, load, **asdict(PRICE))
    close_rings(graph, cost, tree.edges, root, load, 0.1 * MOST_W)
    steiner_tree(graph, cost, np.append(np.flatnonzero(load), root))


def test_2000_stations_on_1e5_edges(record_run: Record) -> None:
    trees, rings, ratio = [], [], []
    for seed in range(2):
        graph, cost, root, load = loaded_grid(260, 2000, seed)
        begin = time.perf_counter()
        tree = load_tree(graph, cost, root, load, **asdict(PRICE))
        trees.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        close_rings(graph, cost, tree.edges, root, load, MOST_W)
        rings.append(time.perf_counter() - begin)
        plain = steiner_tree(graph, cost, np.append(np.flatnonzero(load), root), seconds=4.0)
        ratio.append(tree.cost / price_of(graph, cost, root, load, plain.edges))
    record_run("tree by load, 1e5 edges, 2000 stations", "s", trees, 10)
    record_run("cost / Steiner tree", "ratio", ratio, 0.95)
    record_run("rings, 1 MW, 1e5 edges, 2000 stations", "s", rings, 1)
