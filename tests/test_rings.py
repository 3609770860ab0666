"""Rings against exact ones (integer programming), and what they leave open against networkx's bridges."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from exact_trees import loaded_grid, street_grid
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, coo_array, csr_array, eye_array, hstack, vstack

from gisheat.graphs.graph import graph_of
from gisheat.graphs.kernels.contraction import find
from gisheat.graphs.kernels.ring import bridges, join, survey, tops
from gisheat.graphs.load_tree import carried, load_tree
from gisheat.graphs.rings import close_rings


def mask_of(graph, *edges):
    mask = np.zeros(len(graph.start), bool)
    mask[list(edges)] = True
    return mask


def bridges_of(graph, mask):
    """Edges without which a part falls off, by networkx; parallel edges are told apart by a point on each."""
    found = nx.Graph()
    for e in np.flatnonzero(mask):
        found.add_edge(int(graph.start[e]), ("edge", int(e)))
        found.add_edge(("edge", int(e)), int(graph.end[e]))
    return {node[1] for pair in nx.bridges(found) for node in pair if isinstance(node, tuple)}


def side(graph, mask, edge, root):
    """Nodes that the loss of the edge cuts off from the root."""
    rest = nx.MultiGraph()
    rest.add_nodes_from(range(graph.count))
    rest.add_edges_from((int(graph.start[e]), int(graph.end[e])) for e in np.flatnonzero(mask) if e != edge)
    reached = nx.node_connected_component(rest, root)
    return np.array([node not in reached for node in range(graph.count)])


def least_cost(graph, cost, tree, need):
    """Least cost of edges with which nothing needed is a bridge, as an integer program.

    For each needed edge a flow of one runs between its ends without it, over the tree and over edges that are paid.
    """
    if not need:
        return 0.0
    edges = len(cost)
    tail, head = np.append(graph.start, graph.end), np.append(graph.end, graph.start)
    arcs = np.arange(2 * edges)
    balance = coo_array(
        (np.append(np.ones(2 * edges), -np.ones(2 * edges)), (np.append(tail, head), np.append(arcs, arcs)))
    )
    both = hstack([eye_array(edges), eye_array(edges)])
    runs = []
    for edge in need:
        run = np.zeros(graph.count)
        run[graph.start[edge]], run[graph.end[edge]] = 1.0, -1.0
        runs.append(run)
    flows = LinearConstraint(
        hstack([csr_array((len(need) * graph.count, edges)), block_diag([balance] * len(need))]),
        np.concatenate(runs),
        np.concatenate(runs),
    )
    paid = LinearConstraint(hstack([vstack([-eye_array(edges)] * len(need)), block_diag([both] * len(need))]), ub=0.0)
    without = np.ones((len(need), 2 * edges))
    for i, edge in enumerate(need):
        without[i, [edge, edge + edges]] = 0.0
    found = milp(
        np.concatenate([np.where(tree, 0.0, cost), np.zeros(without.size)]),
        constraints=[flows, paid],
        integrality=np.append(np.ones(edges), np.zeros(without.size)),
        bounds=Bounds(0.0, np.append(np.ones(edges), without.ravel())),
        options={"mip_rel_gap": 0.0, "time_limit": 60.0},
    )
    assert found.status == 0
    return float(found.fun)


def case(seed, size=6, terminals=9):
    graph, length, root, load = loaded_grid(size, terminals, seed, missing=(0.1, 0.2)[seed % 2])
    tree = load_tree(graph, length, root, load, fixed=350.0, per_load=2.2, exponent=0.38, moves=20).edges
    most = (0.05, 0.15, 0.3)[seed % 3] * load.sum()
    return graph, length, tree, root, load, most


def critical(graph, tree, root, load, most):
    return set(np.flatnonzero(tree & (carried(graph, root, load, tree) > most)).tolist())


@pytest.fixture(scope="module")
def gaps():
    found = []
    for seed in range(20):
        graph, length, tree, root, load, most = case(seed)
        rings = close_rings(graph, length, tree, root, load, most)
        need = critical(graph, tree, root, load, most) - set(rings.open.tolist())
        least = least_cost(graph, length, tree, need)
        found.append(rings.cost / least - 1.0 if least > 0.0 else rings.cost)
    return np.array(found)


def test_rings_are_never_cheaper_than_exact_ones(gaps):
    assert gaps.min() > -1e-9


def test_rings_are_nearly_as_cheap_as_exact_ones(gaps):
    assert gaps.mean() < 0.005
    assert gaps.max() < 0.05


def test_most_rings_are_exact(gaps):
    assert np.mean(gaps < 1e-9) > 0.85


@pytest.mark.parametrize("seed", range(12))
def test_no_trench_has_too_much_behind_it_but_those_named(seed):
    graph, length, tree, root, load, most = case(seed, 16, 50)
    rings = close_rings(graph, length, tree, root, load, most)
    too_heavy = critical(graph, tree, root, load, most)
    assert too_heavy & bridges_of(graph, tree | rings.edges) == set(rings.open.tolist())
    assert not (tree & rings.edges).any()


@pytest.mark.parametrize("seed", range(12))
def test_open_trenches_are_those_no_street_goes_around(seed):
    graph, length, root, load = loaded_grid(10, 12, seed, missing=0.42)
    tree = load_tree(graph, length, root, load, fixed=1.0, per_load=0.0, exponent=1.0, moves=0).edges
    most = 0.02 * load.sum()
    rings = close_rings(graph, length, tree, root, load, most)
    street_bridges = bridges_of(graph, np.ones(len(length), bool))
    open_ = critical(graph, tree, root, load, most) & street_bridges
    assert set(rings.open.tolist()) == open_
    assert open_
    behind = [load[side(graph, tree, edge, root)].sum() for edge in rings.open]
    assert rings.behind == pytest.approx(behind, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_no_added_edge_can_be_spared(seed):
    graph, length, tree, root, load, most = case(seed)
    rings = close_rings(graph, length, tree, root, load, most)
    left = critical(graph, tree, root, load, most) & bridges_of(graph, tree | rings.edges)
    for edge in np.flatnonzero(rings.edges):
        fewer = tree | rings.edges
        fewer[edge] = False
        assert critical(graph, tree, root, load, most) & bridges_of(graph, fewer) > left


@pytest.mark.parametrize("seed", range(15))
def test_the_second_path_of_one_pair_is_the_cheapest(seed):
    """Exactly: by integer programming; and networkx finds two paths without a common edge."""
    count, start, end, length, _ = street_grid(6, 6, seed, missing=0.15)
    graph = graph_of(count, start, end)
    rng = np.random.default_rng(seed)
    load = np.zeros(count)
    load[rng.choice(count, 9, replace=False)] = 1.0
    a, b = np.flatnonzero(load)[[0, 5]]
    tree = load_tree(graph, length, int(a), load, fixed=1.0, per_load=0.1, exponent=0.5, moves=0).edges
    root = int(np.flatnonzero(load)[3])
    rings = close_rings(graph, length, tree, root, load, np.inf, pairs=np.array([[a, b]]))
    on_path = nx.Graph((int(start[e]), int(end[e])) for e in np.flatnonzero(tree))
    path = nx.shortest_path(on_path, int(a), int(b))
    steps = {frozenset(step) for step in itertools.pairwise(path)}
    between = {int(e) for e in np.flatnonzero(tree) if frozenset((int(start[e]), int(end[e]))) in steps}
    street_bridges = bridges_of(graph, np.ones(len(length), bool))
    assert set(rings.open.tolist()) == between & street_bridges
    assert rings.open_pairs.tolist() == [bool(between & street_bridges)]
    assert rings.cost == pytest.approx(least_cost(graph, length, tree, between - street_bridges))
    if not rings.open_pairs[0]:
        both = nx.Graph((int(start[e]), int(end[e])) for e in np.flatnonzero(tree | rings.edges))
        assert len(list(nx.edge_disjoint_paths(both, int(a), int(b)))) >= 2


def test_pairs_and_loads_together():
    graph, length, tree, root, load, most = case(4)
    pair = np.flatnonzero(load)[[0, -1]]
    alone = close_rings(graph, length, tree, root, load, most)
    both = close_rings(graph, length, tree, root, load, most, pairs=pair[None])
    assert critical(graph, tree, root, load, most) & bridges_of(graph, tree | both.edges) == set(alone.open.tolist())
    assert both.open_pairs.tolist() == [False]
    assert both.cost >= alone.cost - 1e-9


def test_a_pair_that_the_tree_does_not_join_stays_open():
    """0 - 1 - 2: node 2 is not in the tree"""
    graph = graph_of(3, np.array([0, 1]), np.array([1, 2]))
    rings = close_rings(graph, np.ones(2), mask_of(graph, 0), 0, np.zeros(3), np.inf, pairs=np.array([[0, 2], [1, 1]]))
    assert rings.open_pairs.tolist() == [True, False]
    assert rings.open.tolist() == []


def test_a_parallel_street_closes_a_ring():
    graph = graph_of(2, np.array([0, 1]), np.array([1, 0]))
    rings = close_rings(graph, np.array([1.0, 7.0]), mask_of(graph, 0), 0, np.array([0.0, 5.0]), 4.0)
    assert (rings.cost, rings.ring.tolist(), rings.open.tolist()) == (7.0, [-1, 0], [])


def test_just_as_much_as_allowed_needs_no_ring():
    graph = graph_of(2, np.array([0, 1]), np.array([1, 0]))
    assert not close_rings(graph, np.ones(2), mask_of(graph, 0), 0, np.array([0.0, 5.0]), 5.0).edges.any()


def test_two_rings_have_two_numbers():
    """Two squares that meet in the root 0: 0 1 2 3 and 0 4 5 6; one side of each is no part of the tree."""
    graph = graph_of(7, np.array([0, 1, 2, 3, 0, 4, 5, 6]), np.array([1, 2, 3, 0, 4, 5, 6, 0]))
    load = np.array([0.0, 1, 1, 1, 1, 1, 1])
    rings = close_rings(graph, np.ones(8), mask_of(graph, 0, 1, 2, 4, 5, 6), 0, load, 0.5)
    assert rings.ring.tolist() == [-1, -1, -1, 0, -1, -1, -1, 1]


def test_existing_pipes_close_rings_for_nothing():
    """A square of which one side is no street to dig: 0 1 2 3; the shorter way from 2 back costs."""
    graph = graph_of(4, np.array([0, 1, 2, 3, 2]), np.array([1, 2, 3, 0, 0]))
    rings = close_rings(graph, np.array([1.0, 1, 0, 0, 0.5]), mask_of(graph, 0, 1), 0, np.array([0.0, 0, 5, 0]), 1.0)
    assert rings.ring.tolist() == [-1, -1, 0, 0, -1]
    assert rings.cost == 0.0


def test_an_edge_that_cannot_fail_needs_no_ring():
    """Node 4 is joined to the sources 0 and 3 by no trenches: 0 - 1 - 2 - 3 with 1 - 2 not in the tree."""
    graph = graph_of(5, np.array([0, 1, 2, 4, 4, 0]), np.array([1, 2, 3, 0, 3, 4]))
    load = np.array([0.0, 5, 5, 0, 0])
    tree, safe = mask_of(graph, 0, 2, 3, 4), mask_of(graph, 3, 4)
    cost = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 9.0])
    rings = close_rings(graph, cost, tree, 4, load, 6.0, safe=safe)
    assert not rings.edges.any()
    assert close_rings(graph, cost, tree, 4, load, 4.0, safe=safe).edges.tolist() == [False, True] + 4 * [False]


def test_the_same_call_gives_the_same_rings():
    one, two = (close_rings(*case(5, 16, 50)) for _ in range(2))
    assert (one.ring == two.ring).all()
    assert one.cost == two.cost


def test_closing_anew_makes_rings_cheaper():
    costs = [[close_rings(*case(seed, 20, 90), moves=moves).cost for moves in (0, 100)] for seed in (0, 3, 6)]
    assert all(late <= early for early, late in costs)
    assert any(late < 0.99 * early for early, late in costs)


@pytest.mark.parametrize("seed", range(60))
def test_bridges_are_those_of_networkx(seed):
    rng = np.random.default_rng(seed)
    graph = graph_of(12, *rng.integers(0, 12, (2, int(rng.integers(1, 22)))))
    mask = (graph.start != graph.end) & (rng.random(len(graph.start)) < 0.9)
    joined = nx.MultiGraph(zip(graph.start[mask].tolist(), graph.end[mask].tolist(), strict=True))
    joined.add_node(0)
    near = nx.node_connected_component(joined, 0)
    expected = {e for e in bridges_of(graph, mask) if int(graph.start[e]) in near}
    found = bridges(graph.first, graph.neighbour, graph.edge, mask, 0)
    assert set(np.flatnonzero(found).tolist()) == expected


@pytest.mark.parametrize("seed", range(30))
def test_ways_added_one_by_one_leave_the_bridges_of_networkx(seed):
    """A tree of 12 nodes, then ways over up to two new nodes between any two that stand."""
    rng = np.random.default_rng(seed)
    start, end, count = list(range(1, 12)), [int(rng.integers(0, i)) for i in range(1, 12)], 12
    ways = []
    for _ in range(6):
        inner = list(range(count, count + int(rng.integers(0, 3))))
        stops = [int(rng.integers(0, count)), *inner, int(rng.integers(0, count))]
        ways.append(range(len(start), len(start) + len(stops) - 1))
        start, end, count = start + stops[:-1], end + stops[1:], count + len(inner)
    graph = graph_of(count, np.array(start), np.array(end))
    streets = (graph.first, graph.neighbour, graph.edge)
    tree = standing = np.arange(len(start)) < 11
    parent, way, depth, *_ = survey(*streets, tree, 0, np.zeros(count))
    up = tops(graph.start, graph.end, parent, way, depth, standing, bridges(*streets, standing, 0))
    for edges in ways:
        standing = standing | mask_of(graph, *edges)
        for e in edges:
            join(up, parent, depth, graph.start[e], graph.end[e])
        left = {int(way[v]) for v in range(1, 12) if find(up, v) == v}
        assert left == bridges_of(graph, standing) & set(range(11))
        anew = tops(graph.start, graph.end, parent, way, depth, standing, bridges(*streets, standing, 0))
        assert [find(anew, v) for v in range(count)] == [find(up, v) for v in range(count)]
