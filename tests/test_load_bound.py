"""Lower bounds of trees priced by load: never above exact trees, and equal to what is known otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from exact_trees import distances, dreyfus_wagner, loaded_grid

from gisheat.graphs import load_bound
from gisheat.graphs.graph import graph_of
from gisheat.graphs.load_tree import load_tree
from gisheat.graphs.steiner import steiner_tree

PRICES = {
    "default": (350.0, 31.0 / 1000.0**0.38, 0.38),
    "pipes only": (0.0, 2.0, 0.38),
    "steeper": (350.0, 31.0 / 1000.0**0.6, 0.6),
    "linear": (350.0, 0.005, 1.0),
    "load plays no role": (350.0, 20.0, 0.0),
    "fixed only": (350.0, 0.0, 0.38),
}


def find(case, price, **options):
    fixed, per_load, exponent = price
    return load_tree(*case, fixed=fixed, per_load=per_load, exponent=exponent, **options)


def exact(case, price, **options):
    graph, cost, root, load = case
    fixed, per_load, exponent = price
    law = lambda carried: fixed + per_load * carried**exponent  # noqa: E731
    return dreyfus_wagner(graph.count, graph.start, graph.end, cost, root, load, law, **options)


@pytest.fixture
def pieces(monkeypatch):
    """Bounds as large problems have them."""
    monkeypatch.setattr(load_bound, "SHARES", 0)


def cases(price, count=12):
    """Graphs with 3 to 8 terminals and their exact costs."""
    for seed in range(count):
        case = loaded_grid((7, 10)[seed % 2], 3 + seed % 6, seed, missing=(0.05, 0.25, 0.35)[seed % 3])
        yield case, exact(case, price)


@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_no_tree_is_cheaper_than_the_bound(price):
    found = np.array([find(case, price).bound / least for case, least in cases(price)])
    assert found.max() < 1.0 + 1e-9
    assert found.mean() > 0.99


@pytest.mark.parametrize(("name", "near"), [*zip(PRICES, (0.8, 0.7, 0.8, 0.8, 0.98, 0.98), strict=True)])
def test_no_tree_is_cheaper_than_the_bound_of_pieces(pieces, name, near):
    found = np.array([find(case, PRICES[name]).bound / least for case, least in cases(PRICES[name])])
    assert found.max() < 1.0 + 1e-9
    assert found.mean() > near


@pytest.mark.parametrize("way", ["shares", "pieces"])
def test_a_poor_tree_does_not_raise_the_bound(way, monkeypatch):
    """Shares begin with the tree that is known: the first one grown, without a move."""
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    for case, least in cases(PRICES["steeper"]):
        found = find(case, PRICES["steeper"], seconds=0.0)
        assert 0.0 < found.bound <= min(found.cost, least * (1.0 + 1e-9))


@pytest.mark.parametrize("way", ["shares", "pieces"])
@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_what_takes_nothing_must_be_joined_too(way, price, monkeypatch):
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    for seed in range(6):
        case = loaded_grid(8, 4, seed)
        further = np.flatnonzero(case[3] == 0.0)[[7, 20, 33]]
        further = further[further != case[2]]
        least = exact(case, price, joined=further)
        found = find(case, price, terminals=further)
        assert found.bound <= least * (1.0 + 1e-9)
        assert found.bound > (0.6 if way == "pieces" else 0.95) * least


@pytest.mark.parametrize("way", ["shares", "pieces"])
def test_without_any_load_it_is_that_of_the_steiner_tree(way, monkeypatch):
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    graph, length, root, load = loaded_grid(9, 7, 3)
    terminals = np.flatnonzero(load)
    found = find((graph, length, root, 0.0 * load), PRICES["default"], terminals=terminals)
    least = exact((graph, length, root, 0.0 * load), PRICES["default"], joined=terminals)
    assert 0.97 * least < found.bound <= least * (1.0 + 1e-9)


@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_on_a_tree_it_is_the_cost(price):
    rng = np.random.default_rng(1)
    graph = graph_of(60, np.arange(1, 60), (np.arange(1, 60) * rng.random(59)).astype(int))
    load = np.where(rng.random(60) < 0.3, 1e5 * rng.random(60), 0.0)
    found = find((graph, rng.uniform(10.0, 90.0, 59), 17, load), price)
    assert found.cost > 0.0
    assert found.bound == pytest.approx(found.cost, rel=1e-12)


@pytest.mark.parametrize("way", ["shares", "pieces"])
@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_for_a_single_load_it_is_the_cost_of_the_shortest_path(way, price, monkeypatch):
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    graph, length, root, load = loaded_grid(9, 1, 5, missing=0.0)
    at = int(np.flatnonzero(load)[0])
    way_length = distances(graph.count, graph.start, graph.end, length)[root, at]
    fixed, per_load, exponent = price
    found = find((graph, length, root, load), price)
    assert found.bound == pytest.approx(way_length * (fixed + per_load * load[at] ** exponent), rel=1e-5)


@pytest.mark.parametrize("way", ["shares", "pieces"])
def test_linear_prices_have_the_bound_of_shortest_paths(way, monkeypatch):
    """Without a fixed part and with exponent 1 each load pays for its own way: SciPy's distances."""
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    graph, length, root, load = loaded_grid(15, 40, 3)
    ways = distances(graph.count, graph.start, graph.end, length)[root]
    found = find((graph, length, root, load), (0.0, 2.0, 1.0))
    assert found.bound == pytest.approx(2.0 * (ways * load).sum(), rel=1e-4)


def test_prices_without_load_have_the_bound_of_steiner_trees():
    """`steiner_tree` solves this one and proves it."""
    graph, length, root, load = loaded_grid(9, 8, 5)
    plain = steiner_tree(graph, length, np.append(np.flatnonzero(load), root))
    assert plain.gap == 0.0
    found = find((graph, length, root, load), (3.0, 0.0, 1.0))
    assert found.bound == pytest.approx(3.0 * plain.cost, rel=1e-3)
    assert found.bound <= 3.0 * plain.cost * (1.0 + 1e-9)


@pytest.mark.parametrize("way", ["shares", "pieces"])
def test_numbers_of_nodes_and_edges_play_next_to_no_role(way, monkeypatch):
    if way == "pieces":
        monkeypatch.setattr(load_bound, "SHARES", 0)
    graph, length, root, load = loaded_grid(10, 8, 9)
    rng = np.random.default_rng(2)
    number, order = rng.permutation(graph.count), rng.permutation(len(length))
    other = graph_of(graph.count, number[graph.end[order]], number[graph.start[order]])
    moved = np.zeros(graph.count)
    moved[number] = load
    one = find((graph, length, root, load), PRICES["default"])
    two = find((other, length[order], int(number[root]), moved), PRICES["default"])
    assert two.bound == pytest.approx(one.bound, rel=0.01)


def test_pieces_of_a_price_lie_below_it_and_meet_it():
    load = np.array([3.0, 50.0, 7.0, 1.0, 400.0])
    tops, slopes = load_bound._pieces(load, 0.38)
    carried = np.linspace(0.0, load.sum(), 1000)
    below = (slopes * np.minimum(carried[:, None], tops)).sum(axis=1)
    assert (slopes > 0.0).all()
    assert (below <= carried**0.38 + 1e-12).all()
    assert (slopes * np.minimum(tops[:, None], tops)).sum(axis=1) == pytest.approx(tops**0.38)


def test_large_problems_have_bounds_too():
    """1200 terminals are too many for shares."""
    case = loaded_grid(60, 1200, 1, missing=0.1)
    found = find(case, PRICES["default"], moves=0)
    assert 0.6 * found.cost < found.bound < found.cost
    assert find(case, PRICES["default"], moves=0).bound == found.bound
