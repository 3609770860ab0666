"""Quality of Steiner trees on graphs whose best tree is known."""

from __future__ import annotations

import numpy as np
import pytest
from effort import THOROUGH
from oracle import steiner_optima
from street_graphs import assert_joins, quality_graph

from gisheat.graphs.steiner import steiner_tree

AGAIN = 300 if THOROUGH else 8
"""How many optima are computed again."""


@pytest.fixture(scope="module")
def optima():
    return steiner_optima.stored()


def test_the_stored_optima_are_those_of_the_program(optima):
    for seed in np.linspace(0, len(optima) - 1, AGAIN).astype(int):
        assert steiner_optima.compute(seed) == pytest.approx(optima[seed], rel=1e-6)


def test_trees_are_near_the_optimum_and_bounds_below_it(optima):
    assert len(optima) >= 300
    gap, below = [], []
    for row in optima:
        graph, cost, terminals = quality_graph(row.seed)
        assert (graph.count, len(cost), len(terminals)) == row[1:4]
        assert cost.sum() == pytest.approx(row.total)
        found = steiner_tree(graph, cost, terminals)
        assert_joins(graph, found.edges, terminals)
        gap.append(100 * (found.cost / row.optimum - 1))
        below.append(100 * (1 - found.bound / row.optimum))
    assert min(gap) > -1e-4
    assert min(below) > -1e-4
    # the issue asks for 0.3, 1.5 and 5; measured 0.01, 0.00 and 1.4, bounds 0.09 and 3.1
    assert np.mean(gap) <= 0.1
    assert np.percentile(gap, 95) <= 0.5
    assert max(gap) <= 3.0
    assert np.mean(below) <= 0.3
    assert max(below) <= 5.0
