"""What must hold for trees and rings on every graph, with parallel edges, loops, loose parts and edges without cost."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import networkx as nx
import numpy as np
import pytest
from exact_trees import best_by_trying_all, forest_cost
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import bounded

from gisheat.graphs.graph import graph_of
from gisheat.graphs.kernels.ring import bridges
from gisheat.graphs.load_tree import carried, load_tree
from gisheat.graphs.rings import close_rings

MOST_EDGES = 7  # all trees are tried
few = settings(bounded, max_examples=40)


@st.composite
def problems(draw, most_edges=40):
    """Graph of 8 nodes, costs and loads of which many are zero."""
    ends = draw(arrays.arrays(np.int64, (2, draw(st.integers(1, most_edges))), elements=st.integers(0, 7)))
    cost = draw(arrays.arrays(float, ends.shape[1], elements=st.sampled_from([0.0, 1.0, 2.0, 2.5, 7.0])))
    load = draw(arrays.arrays(float, 8, elements=st.sampled_from([0.0, 0.0, 1.0, 3.0, 20.0])))
    return graph_of(8, *ends), cost, draw(st.integers(0, 7)), load


def price(load):
    return 1.0 + 2.0 * load**0.5


def find(graph, cost, root, load):
    return load_tree(graph, cost, root, load, fixed=1.0, per_load=2.0, exponent=0.5, moves=40)


def reached_load(graph, root, load):
    joined = nx.Graph(zip(graph.start.tolist(), graph.end.tolist(), strict=True))
    joined.add_node(root)
    inside = nx.node_connected_component(joined, root)
    return np.where(np.isin(np.arange(graph.count), list(inside)), load, 0.0)


@given(problems())
@bounded
def test_a_tree_joins_all_that_hangs_together_with_its_root(problem):
    graph, cost, root, load = problem
    found = find(*problem)
    near = reached_load(graph, root, load)
    assert found.unreached.tolist() == np.flatnonzero(load - near).tolist()
    assert found.cost == pytest.approx(
        forest_cost(graph.count, graph.start, graph.end, cost, root, near, price, found.edges)
    )


@given(problems(MOST_EDGES))
@few
def test_small_trees_are_the_best_of_all(problem):
    graph, cost, root, load = problem
    near = reached_load(graph, root, load)
    best = best_by_trying_all(graph.count, graph.start, graph.end, cost, root, near, price)
    assert find(*problem).cost == pytest.approx(best)


@given(problems(), st.sampled_from([0.0, 1.0, 5.0]))
@bounded
def test_nothing_but_bridges_of_all_streets_has_too_much_behind_it(problem, most):
    graph, cost, root, load = problem
    tree = find(*problem).edges
    near = reached_load(graph, root, load)
    rings = close_rings(graph, cost, tree, root, near, most)
    streets = graph.first, graph.neighbour, graph.edge
    heavy = tree & (carried(graph, root, near, tree) > most)
    left = np.flatnonzero(heavy & bridges(*streets, tree | rings.edges, root))
    assert left.tolist() == rings.open.tolist()
    assert left.tolist() == np.flatnonzero(heavy & bridges(*streets, graph.start != graph.end, root)).tolist()
    assert not (tree & rings.edges).any()
    assert ((rings.ring >= 0) == rings.edges).all()
