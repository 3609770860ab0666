"""Components, spanning trees and bridges of small graphs, against taking every edge away by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gisheat.numerics.incidence import bridges, components, reachable, spanning_tree


def graph(*edges):
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def random_graph(seed):
    """Up to 12 nodes and 16 edges, with parallel ones, loops at one node, and nodes on their own."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 13))
    return *rng.integers(0, count, (2, int(rng.integers(0, 17)))), count


def labels_by_hand(start, end, count):
    """The smallest node that each node hangs together with, by passing it on along the edges."""
    label = np.arange(count)
    for _ in range(count):
        for a, b in zip(start, end, strict=True):
            label[[a, b]] = label[[a, b]].min()
    return label


def bridges_by_hand(start, end, count):
    whole = len(set(labels_by_hand(start, end, count)))
    keep = [np.arange(len(start)) != i for i in range(len(start))]
    return [len(set(labels_by_hand(start[k], end[k], count))) > whole for k in keep]


def test_in_a_tree_all_edges_are_bridges():
    assert bridges(*graph((0, 1), (2, 1), (1, 3), (3, 4)), 5).all()


def test_a_ring_has_no_bridge_but_its_tails_are():
    """0 - 1 - 2 - 3 - 1, 3 - 4"""
    edges = graph((0, 1), (1, 2), (2, 3), (3, 1), (3, 4))
    assert bridges(*edges, 5).tolist() == [True, False, False, False, True]


def test_two_rings_on_one_bridge():
    edges = graph((0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3))
    assert bridges(*edges, 6).tolist() == [False, False, False, True, False, False, False]


def test_parallel_edges_and_closed_ones_are_no_bridges():
    edges = graph((0, 1), (1, 0), (1, 2), (2, 2))
    assert bridges(*edges, 3).tolist() == [False, False, True, False]


@pytest.mark.parametrize("seed", range(200))
def test_bridges_are_the_edges_without_which_the_graph_falls_apart(seed):
    start, end, count = random_graph(seed)
    assert bridges(start, end, count).tolist() == bridges_by_hand(start, end, count)


@pytest.mark.parametrize("seed", range(50))
def test_components_are_what_hangs_together(seed):
    start, end, count = random_graph(seed)
    label, by_hand = components(start, end, count), labels_by_hand(start, end, count)
    assert ((label[:, None] == label[None, :]) == (by_hand[:, None] == by_hand[None, :])).all()


def test_reachable_is_what_hangs_together_with_a_root():
    """0 - 1   2 - 3   4"""
    start, end = graph((0, 1), (3, 2))
    assert reachable(start, end, 5, np.array([2, 4])).tolist() == [False, False, True, True, True]
    assert reachable(start, end, 5, np.array([], dtype=int)).tolist() == [False] * 5


@pytest.mark.parametrize("seed", range(50))
def test_a_spanning_tree_reaches_the_component_of_its_root_over_its_edges(seed):
    start, end, count = random_graph(seed)
    tree = spanning_tree(start, end, count, 0)
    assert sorted(tree.order) == np.flatnonzero(reachable(start, end, count, np.array([0]))).tolist()
    place = {node: i for i, node in enumerate(tree.order.tolist())}
    for node in tree.order.tolist()[1:]:
        parent, edge = int(tree.parent[node]), int(tree.edge[node])
        assert {parent, node} == {start[edge], end[edge]}
        assert place[parent] < place[node]
    outside = np.setdiff1d(np.arange(count), tree.order[1:])
    assert (tree.edge[outside] == -1).all()


def test_of_parallel_edges_the_tree_takes_the_first():
    start, end = graph((1, 0), (0, 1), (1, 2))
    assert spanning_tree(start, end, 3, 0).edge.tolist() == [-1, 0, 2]
