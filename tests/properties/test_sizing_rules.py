"""What must hold for the sizes of every tree."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from networks import WATER
from random_networks import bounded, tables, trees

import gisheat
from gisheat import sizing
from gisheat.catalogue import pipe_series, sizing_rules

SERIES = pipe_series("cn-steel")
RULES = sizing_rules("cn-primary", SERIES)
SOLVE = partial(gisheat.solve, **WATER)
RESERVE = 2.0


def unsized(network, **columns):
    return network._replace(pipes=network.pipes.assign(**{"inner_diameter_mm": np.nan, "status": "planned", **columns}))


def sized(network):
    return sizing.size(network.network(), SOLVE, SERIES, RULES, valve_reserve=RESERVE)


def feeders(found):
    """Pairs (pipe, the pipe that brings it its water) of a tree."""
    pipes, flow = found.network.pipes, np.nan_to_num(SOLVE(found.network).supply.flow)
    carrying = np.flatnonzero(np.abs(flow) > 1e-6)
    towards = {int((pipes.end if flow[i] > 0.0 else pipes.start)[i]): i for i in carrying}
    behind = {i: int((pipes.start if flow[i] > 0.0 else pipes.end)[i]) for i in carrying}
    return [(i, towards[behind[i]]) for i in carrying if behind[i] in towards]


@bounded
@given(trees())
def test_no_pipe_of_a_tree_is_narrower_than_one_it_feeds(network):
    found = sized(unsized(network))
    for fed, feeding in feeders(found):
        assert found.row[feeding] >= found.row[fed]


@bounded
@given(trees(), st.data())
def test_existing_pipes_keep_their_bore_and_narrow_ones_are_listed(network, data):
    count = len(network.pipes)
    existing = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    bores = np.where(existing, network.pipes["inner_diameter_mm"], np.nan)
    found = sized(unsized(network, inner_diameter_mm=bores))
    bore = found.network.pipes.inner_diameter
    assert np.allclose(bore[existing], bores[existing] / 1e3)
    narrower = {feeding for fed, feeding in feeders(found) if bore[feeding] < bore[fed] * (1.0 - 1e-9)}
    assert narrower <= set(found.narrow.tolist()) <= set(np.flatnonzero(existing).tolist())


@bounded
@given(tables())
def test_sizes_keep_the_limits_or_say_that_the_catalogue_ends(network):
    """On loops too: flows are those of the final sizes."""
    found = sized(unsized(network))
    results = SOLVE(found.network)
    fits = found.governed_by != sizing.LARGEST
    assert (np.abs(results.supply.velocity[fits]) <= 3.5 + 1e-9).all()
    assert (results.supply.friction[fits] <= 300.0 * (1.0 + 1e-9)).all()
    assert found.passes < 2 * sizing.MAX_PASSES


@bounded
@given(trees(), st.floats(1.0, 3.0))
def test_a_higher_load_never_gives_a_smaller_pipe(network, factor):
    trunk = unsized(network, role="trunk")
    more = trunk._replace(stations=trunk.stations.assign(flow_t_h=factor * trunk.stations["flow_t_h"]))
    assert (sized(more).row >= sized(trunk).row).all()


@bounded
@given(trees(), st.floats(5.0, 80.0))
def test_with_a_given_head_stations_keep_their_reserve_where_that_is_feasible(network, head):
    """Feasible: with the sizes of the critical path as they came out, and the largest pipes everywhere else."""
    given_head = network._replace(sources=network.sources.assign(supply_head_m=30.0 + 10.0 + head))
    flat = given_head._replace(nodes=given_head.nodes.assign(ground_m=0.0))
    found = sized(unsized(flat, role="branch", zeta=0.0))
    results = SOLVE(found.network)
    critical = np.zeros(len(found.row), bool)
    critical[results.critical.pipes] = True
    largest = np.where(critical, found.network.pipes.inner_diameter, SERIES.inner_diameter[-1])
    best = SOLVE(found.network.with_bores(largest)).station.surplus_head
    feasible = best >= RESERVE + 1.0
    assert (results.station.surplus_head[feasible] >= RESERVE - 1e-6).all()
