"""Steiner trees on graphs like streets: time, and how far below other methods."""

from __future__ import annotations

import time
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from street_graphs import quality_graph, street_graph

from gisheat.graphs.graph import PLAIN, Graph
from gisheat.graphs.kernels.construction import shortest_paths, shortest_tree
from gisheat.graphs.steiner import steiner_tree

Record = Callable[..., None]
SMALL = 100
"""Small graphs that are timed."""


def shortest_path_heuristic(graph: Graph, cost: np.ndarray, terminals: np.ndarray) -> float:
    """Cost of the tree that most programs stop at."""
    terminal = np.zeros(graph.count, np.bool_)
    terminal[terminals] = True
    nodes = shortest_paths(graph.first, graph.neighbour, graph.edge, cost, terminal, terminals[0])
    return float(cost[shortest_tree(graph.start, graph.end, np.argsort(cost), nodes, terminal)].sum())


def mehlhorn(graph: Graph, cost: np.ndarray, terminals: np.ndarray) -> float:
    """Cost of networkx's tree."""
    other = nx.Graph()
    other.add_weighted_edges_from(zip(graph.start.tolist(), graph.end.tolist(), cost.tolist(), strict=True))
    tree = nx.algorithms.approximation.steiner_tree(other, terminals.tolist(), method="mehlhorn")
    return tree.size("weight")


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """What numba compiles is compiled before the clock starts; the first small graphs of a process run uncompiled."""
    while PLAIN.covers(1):
        pass
    steiner_tree(*street_graph(40, 40, 120, 0))


def test_steiner_trees_of_small_graphs(record_run: Record) -> None:
    seconds, ratio = [], []
    for seed in range(SMALL):
        problem = quality_graph(seed)
        begin = time.perf_counter()
        found = steiner_tree(*problem)
        seconds.append(time.perf_counter() - begin)
        ratio.append(found.cost / mehlhorn(*problem))
    record_run("steiner, 50 to 190 nodes", "ms", [1e3 * t for t in seconds], 20)
    record_run("the slowest of them", "ms", [1e3 * max(seconds)], 20)
    record_run("cost / networkx mehlhorn, the worst", "ratio", [round(max(ratio), 9)], 1)


def test_the_steiner_tree_of_2000_stations_on_1e5_edges(record_run: Record) -> None:
    seconds, plain, theirs, gap = [], [], [], []
    for seed in range(3):
        problem = street_graph(260, 260, 2000, seed)
        begin = time.perf_counter()
        found = steiner_tree(*problem, seconds=4.0)
        seconds.append(time.perf_counter() - begin)
        plain.append(found.cost / shortest_path_heuristic(*problem))
        theirs.append(found.cost / mehlhorn(*problem))
        gap.append(found.gap)
    record_run("steiner, 1e5 edges, 2000 terminals", "s", seconds, 4.5)
    record_run("cost / shortest-path heuristic", "ratio", plain, 0.985)
    record_run("cost / networkx mehlhorn", "ratio", theirs, 1)
    record_run("gap to its own bound", "ratio", gap, 0.05)


def test_the_steiner_tree_of_20_000_stations_on_1e6_edges(record_run: Record) -> None:
    problem = street_graph(820, 820, 20_000, 0)
    begin = time.perf_counter()
    found = steiner_tree(*problem, seconds=40.0)
    record_run("steiner, 1e6 edges, 20000 terminals", "s", [time.perf_counter() - begin], 50)
    record_run("gap to its own bound, 1e6 edges", "ratio", [found.gap], 0.06)
