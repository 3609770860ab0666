"""Newton's method on graphs whose solution can be written down, by both engines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gisheat.numerics.newton import solve_nodal
from gisheat.numerics.reduced import solve_reduced

ENGINES = {"nodal": solve_nodal, "reduced": solve_reduced}


@dataclass(frozen=True)
class PowerLaw:
    """h = r q |q|^(n-1), the law of the textbooks."""

    resistance: np.ndarray
    exponent: float

    def evaluate(self, flow, drop, slope):
        power = self.resistance * np.abs(flow) ** (self.exponent - 1.0)
        drop[:], slope[:] = power * flow, self.exponent * power

    def take(self, edges, forward=None):  # noqa: ARG002
        return PowerLaw(self.resistance[edges], self.exponent)


def power_law(resistance, exponent=2.0):
    return PowerLaw(np.asarray(resistance, float), exponent)


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]


@pytest.fixture
def solved(engine):
    """Solve a graph with flows of 1 to begin with; `fixed` is node -> potential."""

    def solve(edges, law, demand, fixed, *, converges=True, **options):
        pairs = np.array(edges, np.int32)
        solution = engine(
            pairs[:, 0].copy(), pairs[:, 1].copy(), law,
            demand=np.array(demand, float), fixed=np.array(list(fixed), np.int32),
            fixed_potential=np.array([*fixed.values()], float), first_flow=np.ones(len(pairs)), **options,
        )  # fmt: skip
        assert solution.converged == converges
        return solution

    return solve


def test_a_tree_carries_what_is_taken_behind_it(solved):
    """0 -> 1 -> 2, 1 -> 3 with 2, 3 and 4 taken: the flows are sums, the drops follow."""
    found = solved([(0, 1), (1, 2), (3, 1)], power_law([1.0, 2.0, 3.0]), [0, 2, 3, 4], {0: 100.0})
    assert found.flow == pytest.approx([9.0, 3.0, -4.0])
    assert found.potential == pytest.approx([100.0, 19.0, 1.0, -29.0])


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (1.0, 4.0), (1.0, 1e6)])
def test_two_parallel_pipes_share_the_flow_by_the_roots_of_their_resistances(solved, first, second):
    """r1 q1^2 = r2 q2^2, so q1 : q2 = sqrt(r2) : sqrt(r1)."""
    found = solved([(0, 1), (0, 1)], power_law([first, second]), [0, 10], {0: 0.0})
    share = np.sqrt(second) / (np.sqrt(first) + np.sqrt(second))
    assert found.flow == pytest.approx([10.0 * share, 10.0 * (1.0 - share)])


def test_the_ring_of_the_hardy_cross_article(solved):
    """The worked example of Wikipedia's article on Hardy Cross: 10 flow in at 0 and out at 3.

    0 --5-- 1       by symmetry the loop law is 5 x^2 = (10 - 2x)^2 + (10 - x)^2 with x in 0-1,
    |     / |       which is 60 x = 200
    1   1   1
    | /     |
    2 --5-- 3
    """
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    found = solved(edges, power_law([5.0, 1.0, 1.0, 1.0, 5.0]), [0, 0, 0, 10], {0: 0.0})
    assert found.flow == pytest.approx([10 / 3, 20 / 3, -10 / 3, 20 / 3, 10 / 3], rel=1e-9)


def test_a_bridge_of_linear_resistances_is_that_of_wheatstone(solved):
    """1 : 2 = 3 : 6 balances the bridge between nodes 1 and 2: nothing flows in it."""
    edges = [(0, 1), (1, 3), (0, 2), (2, 3), (1, 2)]
    found = solved(edges, power_law([1.0, 2.0, 3.0, 6.0, 5.0], 1.0), [0, 0, 0, 4], {0: 9.0})
    assert found.flow == pytest.approx([3.0, 3.0, 1.0, 1.0, 0.0], abs=1e-9)
    assert found.potential == pytest.approx([9.0, 6.0, 6.0, 0.0])


def test_a_hazen_williams_ring_with_the_exponent_of_the_law(solved):
    """Three equal pipes in a triangle, 3 out at one corner: one pipe against two in a row, 2^(1/n) : 1."""
    n = 1.852
    found = solved([(0, 1), (1, 2), (0, 2)], power_law([1.0, 1.0, 1.0], n), [0, 0, 3], {0: 0.0})
    short = 3.0 * 2 ** (1 / n) / (1.0 + 2 ** (1 / n))
    assert found.flow == pytest.approx([3.0 - short, 3.0 - short, short])


def test_between_two_fixed_potentials_the_flow_is_found(solved):
    found = solved([(0, 1), (1, 2)], power_law([1.0, 3.0]), [0, 0, 0], {0: 100.0, 2: 0.0})
    assert found.flow == pytest.approx([5.0, 5.0])
    assert found.potential[1] == pytest.approx(75.0)


def test_with_all_potentials_fixed_each_edge_is_on_its_own(solved):
    found = solved([(0, 1), (1, 2)], power_law([4.0, 1.0]), [0, 0, 0], {0: 16.0, 1: 0.0, 2: 9.0})
    assert found.flow == pytest.approx([2.0, -3.0])


def test_a_start_in_the_wrong_direction_does_no_harm(solved):
    edges, law = [(1, 0), (2, 1), (2, 0)], power_law([1.0, 2.0, 1.0])
    found = solved(edges, law, [0, 0, 10], {0: 0.0})
    assert (found.flow < 0.0).all()


def test_resistances_of_very_different_size_are_solved(solved):
    """A valve of 1e9 beside a pipe of 1e-6 with a long one behind: drops still fit to rounding."""
    resistance = np.array([1e-6, 1e9, 1.0, 1e3])
    found = solved([(0, 1), (0, 1), (1, 2), (0, 2)], power_law(resistance), [0, 1, 5], {0: 0.0})
    assert np.abs(found.residual).max() < 1e-6
    assert found.flow[0] + found.flow[1] - found.flow[2] == pytest.approx(1.0)


def test_the_history_falls_to_the_tolerance_and_quadratically_at_the_end(solved):
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    history = solved(edges, power_law([5.0, 1.0, 1.0, 1.0, 5.0]), [0, 0, 0, 10], {0: 0.0}, tolerance=1e-12).history
    assert history[-1] <= 1e-12
    assert history[-2] < 10.0 * history[-3] ** 1.8


def test_too_few_iterations_are_no_convergence(solved):
    found = solved([(0, 1), (0, 1)], power_law([1.0, 9.0]), [0, 8], {0: 0.0}, converges=False, max_iterations=2)
    assert len(found.history) == 2


def test_every_iteration_is_reported(solved):
    told = []
    found = solved(
        [(0, 1), (0, 1)], power_law([1.0, 3.0]), [0, 8], {0: 0.0}, on_iteration=lambda *said: told.append(said)
    )
    assert [i for i, _ in told] == list(range(1, len(found.history) + 1))
    assert tuple(change for _, change in told) == found.history
