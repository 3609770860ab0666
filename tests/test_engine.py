"""The fast engine: reduction, factorisation, compiled friction, and the solution against SciPy's."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gisheat.numerics.ldl import LDL
from gisheat.numerics.newton import solve_nodal
from gisheat.numerics.reduced import solve_reduced
from gisheat.numerics.reduction import reduce_graph
from gisheat.physics import compiled
from gisheat.physics.friction import LAWS, pipe_resistance


def edges(*pairs):
    return tuple(np.array(column, np.int32) for column in zip(*pairs, strict=True))


LADDER = ((0, 1), (1, 2), (2, 3), (3, 8), (1, 5), (2, 6), (4, 5), (5, 6), (6, 7), (7, 8))


def fixed_at(count, *nodes):
    return np.isin(np.arange(count), nodes)


# reduction -----------------------------------------------------------------------------------------------


def test_a_tree_is_all_leaves():
    #  0 -- 1 -- 2
    #       |
    #       3
    graph = reduce_graph(*edges((0, 1), (1, 2), (1, 3)), fixed_at(4, 0))
    assert graph.whole
    assert sorted(graph.leaf_node.tolist()) == [1, 2, 3]
    assert len(graph.chain_start) == 0


def test_a_ring_on_one_fixed_node_becomes_two_chains():
    #  0 -- 1
    #  |    |
    #  3 -- 2
    graph = reduce_graph(*edges((0, 1), (1, 2), (2, 3), (3, 0)), fixed_at(4, 0))
    assert graph.whole
    assert len(graph.chain_start) == 2
    assert sorted(graph.edge.tolist()) == [0, 1, 2, 3]


def test_a_ladder_keeps_only_the_nodes_where_three_edges_meet():
    #  0 -- 1 -- 2 -- 3 -- 8 (fixed)    rungs 1-5 and 2-6
    #       |    |         |
    #  4 -- 5 -- 6 -- 7 ----+
    graph = reduce_graph(*edges(*LADDER), fixed_at(9, 8))
    # 1 and 5 have two edges when the leaves 0 and 4 are gone
    assert np.flatnonzero(graph.stays).tolist() == [2, 6, 8]
    assert sorted(graph.leaf_node.tolist()) == [0, 4]


def test_a_tree_without_a_fixed_node_is_told():
    assert not reduce_graph(*edges((0, 1), (2, 3)), fixed_at(4, 0)).whole


def test_a_lone_ring_is_told():
    assert not reduce_graph(*edges((0, 1), (2, 3), (3, 4), (4, 2)), fixed_at(5, 0)).whole


def test_two_rings_that_hang_together_but_with_no_fixed_node_give_no_solution():
    start, end = edges((0, 1), (2, 3), (3, 4), (4, 2), (4, 5), (5, 6), (6, 4))
    law = resistances(len(start))
    assert solved(solve_reduced, start, end, law, np.zeros(7), [0]) is None


# factorisation -------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 25), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_factorisation_solves_what_a_dense_one_solves(size, count, seed):
    random = np.random.default_rng(seed)
    start, end = random.integers(0, size + 2, (2, count)).astype(np.int32)
    start, end = start[start != end], end[start != end]
    p = random.uniform(0.1, 10.0, len(start))
    beyond = random.uniform(0.01, 1.0, size)
    dense = np.diag(beyond)
    excess = beyond.copy()
    for a, b, conductance in zip(start, end, p, strict=True):
        if a < size and b < size:
            dense[a, a] += conductance
            dense[b, b] += conductance
            dense[a, b] -= conductance
            dense[b, a] -= conductance
    factor = LDL(start, end, size)
    values = np.zeros(factor.entries)
    inner = factor.entry >= 0
    np.add.at(values, factor.entry[inner], p[inner])
    rhs = random.normal(size=size)
    x = rhs[factor.order].copy()
    factor.factorise(values, excess[factor.order])
    factor.solve(x)
    expected = np.linalg.solve(dense, rhs)
    np.testing.assert_allclose(x[factor.place], expected, rtol=1e-9, atol=1e-12)


def test_conductances_thirty_orders_apart_lose_nothing():
    # 0 ==(1e15)== 1 --(1e-15)-- ground: all that enters at 0 leaves over the small one
    factor = LDL(*edges((0, 1)), 2)
    excess = np.zeros(2)
    excess[factor.place[1]] = 1e-15
    x = np.zeros(2)
    x[factor.place[0]] = 1.0
    factor.factorise(np.array([1e15]), excess)
    factor.solve(x)
    np.testing.assert_allclose(x, 1e15, rtol=1e-12)


# compiled friction ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_compiled_friction_is_that_of_the_formulas(law):
    random = np.random.default_rng(7)
    count = 5000
    bore, flow = (
        10 ** random.uniform(-2, 0.2, count),
        10 ** random.uniform(-9, 4, count) * random.choice([-1, 1], count),
    )
    roughness = np.full(count, 120.0) if law == "hazen-williams" else 10 ** random.uniform(-6, -3, count)
    resistance = pipe_resistance(
        random.uniform(0.01, 1e3, count),
        bore,
        roughness,
        random.choice([0.0, 3.0], count),
        density=970.0,
        viscosity=3.5e-4,
        law=law,
    )
    drop, slope = np.empty((2, count))
    compiled.loss(
        law, flow, resistance.viscous, resistance.local, resistance.reynolds_scale, resistance.roughness, drop, slope
    )
    expected_drop, expected_slope = resistance.loss(flow)
    np.testing.assert_allclose(drop, expected_drop, rtol=1e-10)
    np.testing.assert_allclose(slope, expected_slope, rtol=1e-10)


# solution ------------------------------------------------------------------------------------------------


def resistances(count, seed=0, spread=1.0):
    random = np.random.default_rng(seed)
    return pipe_resistance(
        10 ** random.uniform(2 - spread, 2 + spread, count),
        10 ** random.uniform(-1 - spread / 2, -1 + spread / 2, count),
        np.full(count, 5e-4), np.zeros(count), density=970.0, viscosity=3.5e-4, law="colebrook",
    )  # fmt: skip


def solved(solve, start, end, law, demand, fixed):
    fixed = np.array(fixed, np.int32)
    return solve(
        start,
        end,
        law,
        demand=demand,
        fixed=fixed,
        fixed_potential=np.linspace(5e5, 6e5, len(fixed)),
        first_flow=np.full(len(start), 3.0),
    )


def random_network(random, nodes, chords):
    """A random tree with chords, so that everything hangs together."""
    tree = [(int(random.integers(0, i)), i) for i in range(1, nodes)]
    extra = [tuple(random.choice(nodes, 2, replace=False).tolist()) for _ in range(chords)]
    return edges(*tree, *extra)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 40), st.integers(0, 30), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_fast_engine_finds_what_scipy_finds(nodes, chords, fixed, seed):
    random = np.random.default_rng(seed)
    start, end = random_network(random, nodes, chords)
    demand = np.where(random.random(nodes) < 0.4, 0.0, random.uniform(-2, 20, nodes))
    at = random.choice(nodes, min(fixed, nodes), replace=False)
    law = resistances(len(start), seed)
    fast, slow = (solved(s, start, end, law, demand, at) for s in (solve_reduced, solve_nodal))
    assert fast.converged
    assume(slow.converged)  # SciPy's factorisation gives up where potentials are absurd
    scale = np.abs(slow.flow).max(initial=1e-5)  # at rest: potentials of 5e5 Pa are rounded to 1e-10 Pa
    np.testing.assert_allclose(fast.flow, slow.flow, atol=1e-7 * scale)
    np.testing.assert_allclose(fast.potential, slow.potential, atol=1e-3 + 1e-9 * np.ptp(slow.potential))


@settings(max_examples=120, deadline=None)
@given(st.integers(2, 30), st.integers(1, 40), st.floats(-6, 3), st.integers(0, 2**32 - 1))
def test_extreme_networks_balance_to_rounding(nodes, chords, magnitude, seed):
    """Lengths from 0.1 m to 100 km, bores from 3 mm to 3 m, flows from 1e-6 to 1e3 kg/s, zero loads."""
    random = np.random.default_rng(seed)
    start, end = random_network(random, nodes, chords)
    demand = np.where(random.random(nodes) < 0.5, 0.0, random.uniform(0, 1, nodes)) * 10.0**magnitude
    law = resistances(len(start), seed, spread=3.0)
    found = solved(solve_reduced, start, end, law, demand, [0])
    assert found.converged
    balance = demand.copy()
    np.add.at(balance, start, found.flow)
    np.subtract.at(balance, end, found.flow)
    assert np.abs(balance[1:]).max(initial=0.0) <= 1e-8 * max(np.abs(found.flow).max(), 1e-12)
    drop = law.loss(found.flow)[0]
    apart = np.abs(found.potential[start] - found.potential[end] - drop)
    assert apart.max() <= 1e-8 * max(np.ptp(found.potential), 1.0)  # 1 Pa: potentials are near 5e5 Pa


def test_chains_are_summed_as_their_pipes_are():
    random = np.random.default_rng(11)
    count, chains = 3000, 700
    law = resistances(count, seed=4, spread=2.0)
    chain = np.sort(random.integers(0, chains, count)).astype(np.int32)
    flow, offset = random.normal(size=chains) * 10.0 ** random.uniform(-6, 2, chains), random.uniform(-1, 1, count)
    sums = np.empty((3, chains))
    law.along(flow, chain, offset, sums)
    drop, slope = law.loss(flow[chain] - offset)
    np.testing.assert_allclose(sums[0], np.bincount(chain, drop, chains), rtol=1e-9, atol=1e-9 * np.abs(drop).max())
    np.testing.assert_allclose(sums[1], np.bincount(chain, slope, chains), rtol=1e-9)


def test_the_curvature_of_a_rough_pipe_is_that_of_a_parabola():
    # h = k q^2 in fully rough flow: h'' = 2 h / q^2
    law = pipe_resistance(
        np.full(1, 100.0), np.full(1, 0.1), np.full(1, 5e-4), np.zeros(1), density=970.0, viscosity=3.5e-4, law="rough"
    )
    sums = np.empty((3, 1))
    law.along(np.full(1, 20.0), np.zeros(1, np.int32), np.zeros(1), sums)
    assert sums[2, 0] == pytest.approx(2.0 * law.loss(np.full(1, 20.0))[0][0] / 400.0)


def test_where_little_flows_in_the_end_few_iterations_do():
    # 0 -- 1     two equal ways from 0 to 3, so nothing flows along 1-2; Newton's tangents halve it each time
    # |    |     from the 20 kg/s it starts with: 1e-10 would take more than 25
    # 2 -- 3
    start, end = edges((0, 1), (0, 2), (1, 2), (1, 3), (2, 3))
    law = pipe_resistance(
        np.full(5, 100.0), np.full(5, 0.2), np.full(5, 5e-4), np.zeros(5), density=970.0, viscosity=3.5e-4, law="rough"
    )
    found = solved(solve_reduced, start, end, law, np.array([0.0, 0.0, 0.0, 40.0]), [0])
    assert found.flow[2] == pytest.approx(0.0, abs=1e-9)
    assert len(found.history) < 12


def test_a_ring_at_rest_behind_all_that_flows_is_no_end_before_the_law_has_been_looked_at():
    # 0 -- 1 == 2    2 kg/s taken at 1: flows are right at once, drops are not
    start, end = edges((0, 1), (1, 2), (1, 2))
    law = resistances(3)
    found = solved(solve_reduced, start, end, law, np.array([0.0, 2.0, 0.0]), [0])
    drop = law.loss(np.array([2.0, 0.0, 0.0]))[0]
    assert found.potential[0] - found.potential[1] == pytest.approx(drop[0])
