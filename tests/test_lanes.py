"""Many states side by side: friction, elimination and Newton's method in lanes against single states."""

from dataclasses import dataclass

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from gisheat.numerics.incidence import reachable
from gisheat.numerics.lane_elimination import eliminate, prepare_pattern
from gisheat.numerics.lanes import WIDTH, chain_flow, edge_flow, prepare_lanes, reached, solve_lanes
from gisheat.numerics.reduced import solve_reduced
from gisheat.physics.friction import LAWS, pipe_resistance
from gisheat.physics.lane_friction import extremes, lane_resistance, lane_water

GRAVITY = 9.80665


@dataclass
class Bound:
    """A resistance with the waters of the lanes."""

    resistance: object
    water: object

    def series(self, *arrays):
        self.resistance.series(self.water, *arrays)


def waters(random, law):
    density, viscosity = random.uniform(950, 1000, WIDTH), random.uniform(2e-4, 1e-3, WIDTH)
    return density, viscosity, lane_water(density, viscosity, law)


def roughness_of(random, law, count):
    return np.full(count, 120.0) if law == "hazen-williams" else 10 ** random.uniform(-6, -3, count)


# friction ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_friction_in_lanes_is_that_of_the_formulas(law):
    random = np.random.default_rng(3)
    count = 600
    length, bore = random.uniform(0.01, 1e3, count), 10 ** random.uniform(-2, 0.2, count)
    roughness, zeta = roughness_of(random, law, count), random.choice([0.0, 3.0], count)
    density, viscosity, water = waters(random, law)
    flow = 10 ** random.uniform(-9, 4, (count, WIDTH)) * random.choice([-1, 1], (count, WIDTH))
    conductance, drop, pipe_drop = np.empty((3, count, WIDTH))
    resistance = lane_resistance(length, bore, roughness, zeta, law=law, gravity=GRAVITY)
    each = np.arange(count + 1, dtype=np.int32)
    resistance.series(water, flow, np.zeros(flow.shape), each, conductance, drop, pipe_drop)
    for lane in range(WIDTH):
        single = pipe_resistance(
            length, bore, roughness, zeta, density=density[lane], viscosity=viscosity[lane], law=law, gravity=GRAVITY
        )
        loss, slope = single.loss(flow[:, lane])
        np.testing.assert_allclose(drop[:, lane], loss, rtol=1e-10)
        np.testing.assert_allclose(conductance[:, lane], 1.0 / slope, rtol=1e-10)
    np.testing.assert_array_equal(pipe_drop, drop)


def test_pipes_in_series_add_up():
    random = np.random.default_rng(4)
    water = waters(random, "colebrook")[2]
    resistance = lane_resistance(
        np.full(5, 100.0), np.full(5, 0.2), np.full(5, 5e-4), np.zeros(5), law="colebrook", gravity=GRAVITY
    )
    flow, offset = random.uniform(5, 50, (2, WIDTH)), random.uniform(0, 5, (5, WIDTH))
    conductance, drop = np.empty((2, 2, WIDTH))
    pipe_drop = np.empty((5, WIDTH))
    resistance.series(water, flow, offset, np.array([0, 2, 5], np.int32), conductance, drop, pipe_drop)
    np.testing.assert_allclose(drop, [pipe_drop[:2].sum(axis=0), pipe_drop[2:].sum(axis=0)], rtol=1e-14)
    step = 1e-5
    more, more_drop = flow + step, np.empty((2, WIDTH))
    resistance.series(water, more, offset, np.array([0, 2, 5], np.int32), np.empty((2, WIDTH)), more_drop, pipe_drop)
    np.testing.assert_allclose(1.0 / conductance, (more_drop - drop) / step, rtol=1e-4)


def test_extremes_are_the_largest_velocity_and_friction_and_where():
    # water of 1000 kg/m3; friction is what is left of the drop when the local loss z q2/rho is off: 300 - 200 = 100 Pa
    flow, drop = np.full((3, WIDTH), 10.0), np.full((3, WIDTH), 300.0)
    flow[1] = -20.0
    area, length, local = np.array([0.01, 0.04, 0.02]), np.array([50.0, 0.0, 2.0]), np.array([0.0, 0.0, 2000.0])
    speed, fastest, friction, steepest = extremes(flow, drop, area, length, local, np.full(WIDTH, 1e-3))
    np.testing.assert_allclose(speed, 1.0)
    np.testing.assert_allclose(friction, 50.0)
    assert (fastest == 0).all()
    assert (steepest == 2).all()


# elimination ---------------------------------------------------------------------------------------------


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(2, 25), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_elimination_solves_what_a_dense_solver_solves(size, count, seed):
    random = np.random.default_rng(seed)
    start, end = random.integers(-1, size, (2, count)).astype(np.int32)
    start, end = start[start != end], end[start != end]
    p = random.uniform(0.1, 10.0, (len(start), WIDTH)) * (random.random((len(start), WIDTH)) < 0.8)
    beyond, rhs = random.uniform(0.01, 1.0, (size, WIDTH)), random.normal(size=(size, WIDTH))
    pattern = prepare_pattern(start, end, size)
    value = np.zeros((len(pattern.row), WIDTH))
    inner = pattern.entry >= 0
    np.add.at(value, pattern.entry[inner], p[inner])
    x = rhs[pattern.order].copy()
    eliminate(pattern.pointer, pattern.row, value, beyond[pattern.order].copy(), x)
    for lane in (0, WIDTH - 1):
        dense = np.diag(beyond[:, lane])
        for a, b, conductance in zip(start, end, p[:, lane], strict=True):
            if a >= 0 and b >= 0:
                dense[[a, b], [a, b]] += conductance
                dense[[a, b], [b, a]] -= conductance
        expected = np.linalg.solve(dense, rhs[:, lane])
        np.testing.assert_allclose(x[:, lane], expected[pattern.order], rtol=1e-9, atol=1e-12)


# solution ------------------------------------------------------------------------------------------------


def random_graph(random):
    """A random tree with chords and parallel edges, drawn either way."""
    nodes = int(random.integers(2, 40))
    pairs = [(int(random.integers(0, i)), i) for i in range(1, nodes)]
    pairs += [tuple(random.choice(nodes, 2, replace=False).tolist()) for _ in range(int(random.integers(0, 25)))]
    ends = np.array([pair if random.random() < 0.5 else pair[::-1] for pair in pairs], np.int32)
    return nodes, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LAWS))
def test_each_lane_finds_what_a_single_solve_finds_on_the_graph_without_its_closed_edges(seed, law):
    random = np.random.default_rng(seed)
    nodes, start, end = random_graph(random)
    edges = len(start)
    length, bore = random.uniform(1, 1000, edges), random.choice([0.05, 0.1, 0.2, 0.3, 0.5], edges)
    roughness, zeta = roughness_of(random, law, edges), random.choice([0.0, 3.0], edges)
    fixed = np.sort(random.choice(nodes, min(nodes, int(random.integers(1, 4))), replace=False)).astype(np.int32)
    density, viscosity, water = waters(random, law)
    closed = [
        (int(edge), lane)
        for lane in range(0, WIDTH, 2)
        for edge in random.choice(edges, min(edges, int(random.integers(0, 4))), replace=False)
    ]
    closed_edge, closed_lane = (np.array(column, np.int32) for column in zip(*closed, (0, -1), strict=True))
    closed_edge, closed_lane = closed_edge[:-1], closed_lane[:-1]
    lanes = prepare_lanes(start, end, nodes, fixed)
    inside = reached(lanes, (closed_edge, closed_lane), WIDTH)
    demand = np.where(random.random((nodes, WIDTH)) < 0.4, 0.0, random.uniform(-1, 20, (nodes, WIDTH)))
    demand = np.where(inside, demand * 10.0 ** random.uniform(-3, 0, WIDTH), 0.0)
    potential = random.uniform(5e5, 6e5, (len(fixed), WIDTH))
    resistance = lane_resistance(length, bore, roughness, zeta, law=law, gravity=GRAVITY)
    laws = (Bound(resistance.take(part), water) for part in (lanes.graph.edge, lanes.graph.leaf_edge))
    found = solve_lanes(
        lanes, *laws, demand=demand.copy(), fixed_potential=potential,
        first_flow=np.tile(chain_flow(lanes, np.full(edges, 3.0))[:, None], WIDTH),
        closed=(closed_edge, closed_lane), inside=inside,
    )  # fmt: skip
    flow = edge_flow(lanes, found, np.arange(edges))
    assert found.converged.mean() > 0.5
    for lane in np.flatnonzero(found.converged).tolist():
        is_open = np.ones(edges, bool)
        is_open[closed_edge[closed_lane == lane]] = False
        wet = reachable(start[is_open], end[is_open], nodes, fixed)
        np.testing.assert_array_equal(inside[:, lane], wet)
        assert np.isnan(found.potential[~wet, lane]).all()
        used = is_open & wet[start]
        if not used.any():
            continue
        single = pipe_resistance(
            length[used], bore[used], roughness[used], zeta[used], density=density[lane], viscosity=viscosity[lane],
            law=law, gravity=GRAVITY,
        )  # fmt: skip
        expected = solve_reduced(
            start[used], end[used], single, demand=demand[:, lane], fixed=fixed, fixed_potential=potential[:, lane],
            first_flow=np.full(int(used.sum()), 3.0),
        )  # fmt: skip
        span = max(float(np.ptp(expected.potential[wet])), 1.0)
        np.testing.assert_allclose(found.potential[wet, lane], expected.potential[wet], rtol=0, atol=1e-9 * span)
        largest = max(float(np.abs(expected.flow).max()), 1e-6)  # 1e-13 kg/s is rest
        np.testing.assert_allclose(flow[used, lane], expected.flow, rtol=0, atol=1e-7 * largest)
        np.testing.assert_allclose(flow[~used, lane], 0.0, atol=1e-12 * largest)


def test_lanes_are_a_multiple_of_the_width():
    lanes = prepare_lanes(np.array([0], np.int32), np.array([1], np.int32), 2, np.array([0], np.int32))
    none = np.zeros(0, np.int32)
    with pytest.raises(ValueError, match="multiple of 32"):
        solve_lanes(
            lanes, None, None, demand=np.zeros((2, 5)), fixed_potential=np.zeros((1, 5)), first_flow=np.zeros((0, 5)),
            closed=(none, none),
        )  # fmt: skip
