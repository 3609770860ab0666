"""Operation of random networks: a solution that keeps its balances and every element's law, or a named reason."""

from __future__ import annotations

import numpy as np
import pytest
from effort import THOROUGH
from random_operation import random_operation, redrawn

import gisheat
from gisheat.errors import ConvergenceError, GisheatError
from gisheat.network.arrays import (
    BYPASS_VALVE,
    CHECK,
    CONTROL,
    CONTROLLING,
    CURVE,
    DIFFERENTIAL,
    ISOLATION,
    LIMITER,
    REDUCING,
    SUSTAINING,
    UNREGULATED,
    VALVE_HELD,
)

SEEDS = 1000 if THOROUGH else 50
RANGE = 1e-6


@pytest.fixture(scope="module")
def solved():
    """All networks with their results, or the reason why there is none."""
    outcomes = []
    for seed in range(SEEDS):
        network = random_operation(seed)
        try:
            outcomes.append((seed, network, gisheat.solve(network)))
        except GisheatError as error:
            outcomes.append((seed, network, error))
    return outcomes


def results(solved):
    return [(seed, network, found) for seed, network, found in solved if not isinstance(found, GisheatError)]


def test_at_most_one_in_two_hundred_ends_without_a_solution_and_says_why(solved):
    failed = [(seed, error) for seed, _, error in solved if isinstance(error, GisheatError)]
    assert len(failed) <= SEEDS / 200, failed
    for _, error in failed:
        assert isinstance(error, ConvergenceError)
        assert "valve" in str(error) or "source" in str(error) or "pump" in str(error)


def test_balances_are_kept_to_rounding(solved):
    for seed, _, found in results(solved):
        balance = found.check()
        assert balance.mass_relative < 1e-8, seed
        assert balance.head_relative < 1e-8, seed


def test_stations_take_no_more_than_they_ask_and_no_less_than_their_open_valve_passes(solved):
    for seed, network, found in results(solved):
        stations = found.stations
        flow, asked = stations["flow_t_h"].to_numpy(), stations["design_flow_t_h"].to_numpy()
        ratio = stations["available_head_m"].to_numpy() / stations["required_head_m"].to_numpy()
        passed = asked * np.sqrt(np.maximum(ratio, 0.0))
        held, free = network.stations.control == VALVE_HELD, network.stations.control == UNREGULATED
        assert (flow[held] <= asked[held] * (1.0 + RANGE)).all(), seed
        forwards = ratio > RANGE
        least = np.minimum(asked, passed) * (1.0 - 1e-4) - 1e-6 * asked
        assert (flow[held & forwards] >= least[held & forwards]).all(), seed
        # the law of a fixed valve, with its straight line below a ten-thousandth of the design flow
        loss = np.sqrt(np.maximum(flow, 0.0) * np.hypot(flow, 1e-4 * asked))
        np.testing.assert_allclose(loss[free & forwards], passed[free & forwards], rtol=1e-6, err_msg=str(seed))


def test_sources_follow_their_curves_and_give_nothing_back(solved):
    """H = A - B V^C through the three points of the curve, moved in return water."""
    for seed, network, found in results(solved):
        sources, at = network.sources, found.conditions
        assert (found.source.flow > -1e-6 * np.nanmax(np.abs(found.supply.flow))).all(), seed
        for i in np.flatnonzero((sources.pump_control == CURVE) & (found.source.flow > 1e-3)).tolist():
            (_, rest), (v, first), (_, second) = sources.curve[i]
            power = np.log2((rest - second) / (rest - first))  # the third flow is twice the second one
            head = rest - (rest - first) * (found.source.flow[i] / at.back.density / v) ** power
            expected = head * at.back.density / at.mean.density
            assert found.source.pump_head[i] == pytest.approx(expected, rel=1e-6, abs=1e-4), (seed, i)


def test_pumps_follow_their_curves(solved):
    """Two points: a straight line, which goes on."""
    for seed, network, found in results(solved):
        table = found.pumps
        for i in np.flatnonzero(table["state_found"] == "running").tolist():
            (_, rest), (v, second) = network.pumps.curve[i]
            water = found.conditions.supply if network.pumps.in_supply[i] else found.conditions.back
            volume = table["flow_t_h"][i] / 3.6 / water.density
            expected = rest + (second - rest) * volume / v
            assert table["head_m"][i] == pytest.approx(expected, rel=1e-6, abs=1e-4), (seed, i)


def test_valves_that_hold_nothing_lose_by_their_kv(solved):
    """dp [bar] = rho / 1000 (V / Kv)^2, V in m3/h; half the opening is (1 + R / 2 - 1 / 2) / R of Kvs, R = 30."""
    passing = (CHECK, CONTROL, ISOLATION, LIMITER, *CONTROLLING)
    for seed, network, found in results(solved):
        valves, table = network.valves, found.valves
        total = float(np.nansum(found.stations["design_flow_t_h"]))
        for i in np.flatnonzero(np.isin(valves.kind, passing) & (table["state_found"] == "open")).tolist():
            flow, opening = table["flow_t_h"][i], valves.opening[i]
            if abs(flow) < 1e-2 * total or (valves.kind[i] == CONTROL and opening < 1.0 / 30.0):
                continue
            share = (1.0 + 29.0 * opening) / 30.0 if valves.kind[i] == CONTROL else 1.0
            water = found.conditions.supply if valves.in_supply[i] else found.conditions.back
            volume, kv = flow * 1e3 / water.density, share * valves.kvs[i] * 3600.0
            expected = 100.0 * water.density / 1000.0 * volume * abs(volume) / kv**2
            assert table["loss_kpa"][i] == pytest.approx(expected, rel=1e-4, abs=2e-3), (seed, i)


def test_what_is_guarded_is_right_or_there_is_nothing_more_to_do(solved):
    for seed, network, found in results(solved):
        valves, table = network.valves, found.valves
        nodes = found.nodes
        supply, back = nodes["sup_pressure_kpa"].to_numpy(), nodes["ret_pressure_kpa"].to_numpy()
        for i in np.flatnonzero(np.isin(valves.kind, CONTROLLING)).tolist():
            setting = valves.pressure_setting[i] / 1e3
            on_supply = bool(valves.in_supply[i])
            behind = valves.end[i] if on_supply else valves.start[i]
            if valves.kind[i] == REDUCING:
                excess = setting - supply[behind]
            elif valves.kind[i] == SUSTAINING:
                before = valves.start[i] if on_supply else valves.end[i]
                excess = (supply if on_supply else back)[before] - setting
            else:
                assert valves.kind[i] == DIFFERENTIAL
                node = valves.end[i]
                excess = setting - (supply[node] - back[node])
            state = table["state_found"][i]
            if state == "controlling":
                assert abs(excess) < 5e-3, (seed, i)
            elif state == "open":
                assert excess > -5e-3, (seed, i)


def test_nothing_passes_check_valves_and_limiters_that_they_stop(solved):
    for seed, network, found in results(solved):
        valves, flow = network.valves, found.valves["flow_t_h"].to_numpy()
        most = 1e-5 * float(np.nanmax(np.abs(found.supply.flow))) * 3.6
        one_way = np.isin(valves.kind, (CHECK, *CONTROLLING, BYPASS_VALVE))
        assert (flow[one_way] >= -most).all(), seed
        limited = valves.kind == LIMITER
        assert (flow[limited] <= valves.flow_setting[limited] * 3.6 * (1.0 + RANGE)).all(), seed


@pytest.mark.parametrize("way", ["renumbered", "turned", "with a closed pipe", "with a pipe in two parts"])
def test_what_is_drawn_otherwise_is_operated_the_same(solved, way):
    for seed, network, found in results(solved)[:25]:
        other = gisheat.solve(redrawn(network, way, seed))
        for layer in ("stations", "sources", "valves", "pumps"):
            first, second = (
                getattr(r, layer).pipe(lambda t: t.set_index(t.columns[0])).select_dtypes("number")
                for r in (found, other)
            )
            columns = [c for c in ("flow_t_h", "available_head_m", "heat_kw", "load_mw") if c in first]
            expected, got = first[columns], second[columns].reindex(first.index)
            assert np.allclose(expected, got, rtol=1e-5, atol=1e-4, equal_nan=True), (seed, layer)
