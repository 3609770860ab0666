"""Small problems run as plain Python: nothing is compiled, and the results are those of the compiled loops."""

from __future__ import annotations

from dataclasses import asdict, astuple

import numpy as np
import pytest
from exact_trees import loaded_grid
from numba.core.event import Listener, install_listener

from gisheat import kernels
from gisheat.graphs.load_tree import TrenchCost, load_tree
from gisheat.graphs.rings import close_rings
from gisheat.graphs.steiner import steiner_tree
from gisheat.noding import Lines, Rules, node_lines
from gisheat.numerics.reduced import solve_reduced
from gisheat.physics.friction import pipe_resistance

PRICE = asdict(TrenchCost())


class Counted(Listener):
    """How often numba compiled something."""

    def __init__(self):
        self.times = 0

    def on_start(self, event):  # noqa: ARG002
        self.times += 1

    def on_end(self, event):
        pass


def tangle(random):
    """Lines that cross, end near one another, and run along each other."""
    xy = np.round(random.uniform(0.0, 60.0, (40, 3, 2)), 1)
    xy = np.concatenate([xy, xy[:4], xy[4:8, ::-1] + 0.05])
    return Lines(xy.reshape(-1, 2), np.arange(0, 3 * len(xy) + 1, 3))


def noded(seed):
    random = np.random.default_rng(seed)
    found = node_lines(tangle(random), Rules(0.5), bits=random.integers(1, 4, 48))
    return [found.lines.xy, found.lines.offset, found.start, found.end, found.xy, found.along, *astuple(found.events)]


def routed(seed):
    graph, cost, root, load = loaded_grid(8, 12, seed)
    tree = load_tree(graph, cost, root, load, **PRICE, moves=40)
    rings = close_rings(graph, cost, tree.edges, root, load, 0.1 * load.sum(), moves=5)
    plain = steiner_tree(graph, cost, np.append(np.flatnonzero(load), root), moves=60)
    return [tree.edges, tree.cost, rings.edges, rings.ring, plain.edges, plain.bound]


class WithoutAlong:
    """A law that can't sum along chains, and does not begin at rest."""

    def __init__(self, law):
        self.law, self.evaluate = law, law.evaluate

    def take(self, *pipes):
        return WithoutAlong(self.law.take(*pipes))


def solved(seed):
    """Rings, chains and leaves between two nodes of given potential."""
    random = np.random.default_rng(seed)
    inner = np.arange(1, 80)
    start = np.append((inner * random.random(79)).astype(np.int32), random.integers(0, 80, 20).astype(np.int32))
    end = np.append(inner.astype(np.int32), (start[79:] + 1 + random.integers(0, 79, 20).astype(np.int32)) % 80)
    pipes = pipe_resistance(
        random.uniform(10.0, 500.0, 99), random.uniform(0.05, 0.4, 99), np.full(99, 5e-4), np.zeros(99),
        density=970.0, viscosity=3.5e-4, law="colebrook",
    )  # fmt: skip
    found = []
    for law in (pipes, WithoutAlong(pipes)):
        answer = solve_reduced(
            start, end.astype(np.int32), law, demand=random.uniform(0.0, 2.0, 80), fixed=np.array([0, 60], np.int32),
            fixed_potential=np.array([6e5, 5.9e5]), first_flow=np.full(99, 3.0),
        )  # fmt: skip
        assert answer is not None
        assert answer.converged
        found += [answer.potential, answer.flow, answer.residual, answer.history]
    return found


def test_credit_covers_small_work_until_it_is_used_up():
    credit = kernels.Credit(70, 100)
    assert [credit.covers(size) for size in (71, 60, 50, 40, 1, 0)] == [False, True, False, True, False, True]


@pytest.mark.parametrize("work", [noded, routed, solved])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_plain_python_gives_the_same_bits_and_compiles_nothing(work, seed, monkeypatch):
    compiled = work(seed)
    monkeypatch.setattr(kernels, "ALWAYS_COMPILED", False)
    counted = Counted()
    with install_listener("numba:compile", counted):
        plain = work(seed)
    assert counted.times == 0
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)
