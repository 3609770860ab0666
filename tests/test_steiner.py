"""Steiner trees against brute force, SciPy and networkx, and on graphs that are odd."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from street_graphs import assert_joins, cheapest_by_trial, quality_graph, street_graph

from gisheat.graphs.contraction import contract
from gisheat.graphs.graph import graph_of
from gisheat.graphs.kernels.construction import shortest_paths, shortest_tree
from gisheat.graphs.steiner import steiner_tree


def matrix(graph, cost):
    return coo_array((cost, (graph.start, graph.end)), shape=(graph.count, graph.count)).tocsr()


def small_graph(seed):
    """Up to nine nodes in one piece, with parallel edges, loops and edges without cost."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 10))
    more = int(random.integers(0, 12))
    start = np.concatenate([np.arange(1, count), random.integers(0, count, more)])
    end = np.concatenate(
        [(random.random(count - 1) * np.arange(1, count)).astype(int), random.integers(0, count, more)]
    )
    cost = random.integers(0, 6, len(start)) + 0.5 * random.integers(0, 2, len(start))
    terminals = random.permutation(count)[: random.integers(1, count + 1)]
    return graph_of(count, start, end), cost, np.sort(terminals)


@pytest.mark.parametrize("seeds", [range(100), range(100, 200), range(200, 300)], ids=str)
def test_small_graphs_get_the_tree_that_brute_force_finds(seeds):
    for seed in seeds:
        graph, cost, terminals = small_graph(seed)
        found = steiner_tree(graph, cost, terminals)
        assert_joins(graph, found.edges, terminals)
        assert found.cost == pytest.approx(cheapest_by_trial(graph, cost, terminals), abs=1e-9)
        assert found.cost == cost[found.edges].sum()
        assert found.bound <= found.cost + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_two_terminals_get_the_shortest_path(seed):
    graph, cost, terminals = street_graph(30, 30, 2, seed)
    found = steiner_tree(graph, cost, terminals)
    assert_joins(graph, found.edges, terminals)
    assert found.cost == pytest.approx(
        dijkstra(matrix(graph, cost), directed=False, indices=terminals[0])[terminals[1]]
    )


@pytest.mark.parametrize("seed", range(5))
def test_all_nodes_as_terminals_get_the_shortest_tree(seed):
    graph, cost, _ = street_graph(20, 20, 2, seed)
    found = steiner_tree(graph, cost, np.arange(graph.count))
    assert found.cost == pytest.approx(minimum_spanning_tree(matrix(graph, cost)).sum())
    assert found.bound == pytest.approx(found.cost)


@pytest.mark.parametrize("seed", range(40))
def test_never_above_networkx(seed):
    graph, cost, terminals = quality_graph(seed) if seed else street_graph(60, 60, 150, seed)
    other = nx.Graph()
    other.add_weighted_edges_from(zip(graph.start.tolist(), graph.end.tolist(), cost.tolist(), strict=True))
    theirs = nx.algorithms.approximation.steiner_tree(other, terminals.tolist(), method="mehlhorn")
    assert steiner_tree(graph, cost, terminals).cost <= theirs.size("weight") * (1 + 1e-12)


def test_on_a_large_graph_well_below_the_shortest_path_heuristic_and_within_the_gap():
    graph, cost, terminals = street_graph(80, 80, 250, 7)
    terminal = np.zeros(graph.count, np.bool_)
    terminal[terminals] = True
    nodes = shortest_paths(graph.first, graph.neighbour, graph.edge, cost, terminal, terminals[0])
    plain = shortest_tree(graph.start, graph.end, np.argsort(cost), nodes, terminal)
    assert_joins(graph, plain, terminals)
    found = steiner_tree(graph, cost, terminals)
    assert_joins(graph, found.edges, terminals)
    assert found.cost < 0.985 * cost[plain].sum()
    assert 0.0 < found.gap < 0.03


def test_one_terminal_needs_no_edge():
    graph, cost, terminals = street_graph(5, 5, 1, 0)
    found = steiner_tree(graph, cost, terminals)
    assert not found.edges.any()
    assert (found.cost, found.bound, found.gap) == (0.0, 0.0, 0.0)


def test_no_terminal_needs_no_edge():
    graph, cost, _ = street_graph(5, 5, 1, 0)
    assert not steiner_tree(graph, cost, np.array([], np.int64)).edges.any()


def test_a_graph_without_edges_joins_nothing():
    none = np.array([], np.int64)
    found = steiner_tree(graph_of(3, none, none), none, np.array([0, 2, 2]))
    assert (found.cost, found.unreached.tolist(), len(found.edges)) == (0.0, [2], 0)


def test_costs_may_be_whole_numbers_and_read_only():
    graph, cost, terminals = street_graph(8, 8, 9, 1)
    cost = np.ceil(cost)
    whole = cost.astype(np.int64)
    whole.setflags(write=False)
    assert np.array_equal(steiner_tree(graph, whole, terminals).edges, steiner_tree(graph, cost, terminals).edges)


def test_a_dear_edge_does_not_hide_cheap_ones():
    # 1e9 across a bridge that cannot be avoided, metres on both sides
    (one, cost, terminals), count = street_graph(9, 9, 8, 2), street_graph(9, 9, 8, 2)[0].count
    start = np.concatenate([one.start, one.start + count, [0]])
    end = np.concatenate([one.end, one.end + count, [count]])
    both = graph_of(2 * count, start, end)
    ends = np.union1d(terminals, [0])
    found = steiner_tree(both, np.concatenate([cost, cost, [1e9]]), np.concatenate([ends, ends + count]))
    assert found.cost - 1e9 == pytest.approx(2 * steiner_tree(one, cost, ends).cost, rel=1e-6)


def test_terminals_in_another_piece_are_named():
    graph = graph_of(7, np.array([0, 1, 3, 4]), np.array([1, 2, 4, 5]))
    found = steiner_tree(graph, np.ones(4), np.array([5, 0, 6, 2, 3]))
    assert np.flatnonzero(found.edges).tolist() == [0, 1]
    assert found.unreached.tolist() == [3, 5, 6]


def test_what_costs_nothing_is_taken_only_where_it_is_of_use():
    # a free trunk 0-1-2-3 beside a dear way 0-4-3; its free side branch 1-5 leads nowhere
    graph = graph_of(6, np.array([0, 1, 2, 0, 4, 1]), np.array([1, 2, 3, 4, 3, 5]))
    found = steiner_tree(graph, np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0]), np.array([0, 3]))
    assert np.flatnonzero(found.edges).tolist() == [0, 1, 2]
    assert (found.cost, found.gap) == (0.0, 0.0)


def test_of_parallel_edges_the_cheapest_is_taken():
    graph = graph_of(3, np.array([0, 1, 0, 1, 2]), np.array([1, 0, 1, 2, 1]))
    found = steiner_tree(graph, np.array([3.0, 2.0, 4.0, 1.0, 1.0]), np.array([0, 2]))
    assert np.flatnonzero(found.edges).tolist() == [1, 3]


@pytest.mark.parametrize("seed", range(10))
def test_renumbering_gives_a_tree_within_the_stated_gaps(seed):
    graph, cost, terminals = quality_graph(1000 + seed)
    random = np.random.default_rng(seed)
    number, order = random.permutation(graph.count), random.permutation(len(cost))
    turned = random.random(len(cost)) < 0.5
    start, end = np.where(turned, graph.end, graph.start), np.where(turned, graph.start, graph.end)
    other = graph_of(graph.count, number[start][order], number[end][order])
    one, two = steiner_tree(graph, cost, terminals), steiner_tree(other, cost[order], number[terminals])
    assert_joins(other, two.edges, np.sort(number[terminals]))
    assert max(one.bound, two.bound) <= min(one.cost, two.cost) * (1 + 1e-9)


def test_the_same_input_gives_the_same_tree_whatever_the_clock_shows():
    graph, cost, terminals = street_graph(40, 40, 120, 3)
    one, two = (steiner_tree(graph, cost, terminals, seconds=seconds) for seconds in (None, 1e9))
    assert np.array_equal(one.edges, two.edges)
    assert (one.cost, one.bound, one.moves, one.stopped) == (two.cost, two.bound, two.moves, two.stopped)


def test_a_search_without_time_says_so_and_still_has_a_tree_and_a_bound():
    graph, cost, terminals = street_graph(40, 40, 120, 3)
    found = steiner_tree(graph, cost, terminals, seconds=0.0)
    assert_joins(graph, found.edges, terminals)
    assert found.stopped
    assert found.moves == 0
    assert 0.9 * found.cost < found.bound < found.cost
    assert not steiner_tree(graph, cost, terminals, moves=0).stopped


def test_more_moves_gain():
    graph, cost, terminals = street_graph(60, 60, 200, 5)
    costs = [steiner_tree(graph, cost, terminals, moves=moves).cost for moves in (0, 1000, 6000)]
    assert costs[2] < costs[1] < costs[0]


def test_a_known_tree_is_not_lost():
    graph, cost, terminals = street_graph(60, 60, 200, 5)
    known = steiner_tree(graph, cost, terminals)
    again = steiner_tree(graph, cost, terminals, moves=0, start=known.edges)
    assert again.cost <= known.cost < steiner_tree(graph, cost, terminals, moves=0).cost


@pytest.mark.parametrize("seed", range(60))
def test_a_contracted_graph_has_the_same_best_tree(seed):
    graph, cost, terminals = small_graph(500 + seed)
    small = contract(graph, cost, terminals)
    left = cheapest_by_trial(small.graph, small.cost, small.terminals) if len(small.terminals) else 0.0
    assert small.taken + left == pytest.approx(cheapest_by_trial(graph, cost, terminals), abs=1e-9)


def test_a_contracted_graph_has_no_chains_ends_or_parallel_edges():
    graph, cost, terminals = street_graph(50, 50, 30, 1, missing=0.4)
    small = contract(graph, cost, terminals)
    degree = np.diff(small.graph.first)
    others = np.setdiff1d(np.arange(small.graph.count), small.terminals)
    assert degree[others].min() >= 3
    assert degree[small.terminals].min() >= 2
    pairs = np.sort(np.stack([small.graph.start, small.graph.end]), axis=0)
    assert np.unique(pairs, axis=1).shape == pairs.shape
    assert len(small.cost) < 0.5 * len(cost)
