"""Stations held first: the same solution as with all of them let go at once, and as in design where head suffices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from random_operation import random_operation

import gisheat
from gisheat.equations import solving
from gisheat.errors import GisheatError
from gisheat.hydraulics import holding
from gisheat.network.arrays import CONTROLLING, HELD, VALVE_HELD, WORST_PUMPED

WATER = {"density_kg_m3": 970.0, "viscosity_pa_s": 3.5e-4, "heat_capacity_j_kg_k": 4190.0}


def row(head, *, valve=None):
    """S -- A -- B -- C with a station at each but the source, whose pump gives a head of 0.9 to 1.2 of `head`."""
    ids = ["S", "A", "B", "C"]
    nodes = pd.DataFrame({"node_id": [*ids, "V"], "ground_m": 0.0})
    last = "C" if valve is None else "V"
    pipes = pd.DataFrame({"pipe_id": ["P1", "P2", "P3"], "from_node": ids[:3], "to_node": ["A", "B", last],
                          "length_m": 400.0, "inner_diameter_mm": 150.0, "roughness_mm": 0.5})  # fmt: skip
    stations = pd.DataFrame({"station_id": ids[1:], "node_id": ids[1:], "flow_t_h": 30.0, "required_head_m": 8.0,
                             "control": "valve"})  # fmt: skip
    curve = f"0:{1.2 * head};90:{head};120:{0.9 * head}"
    sources = pd.DataFrame({"source_id": ["Q"], "node_id": ["S"], "static_head_m": 30.0, "pump_control": "curve",
                            "pump_curve": curve})  # fmt: skip
    valves = None if valve is None else pd.DataFrame([{"valve_id": "V1", "from_node": "V", "to_node": "C", **valve}])
    return gisheat.Network.from_tables(
        nodes if valve else nodes[:4], pipes, stations=stations, sources=sources, valves=valves
    )


@pytest.fixture
def prepared(monkeypatch):
    """Numbers of links that problems were prepared with."""
    sizes = []
    prepare = solving.Problem.__init__

    def counted(self, *given, **named):
        prepare(self, *given, **named)
        sizes.append(int(self.joins.sum()))

    monkeypatch.setattr(solving.Problem, "__init__", counted)
    return sizes


def test_with_head_enough_it_is_the_design_with_the_pump_of_the_source(prepared):
    network = row(60.0)
    found = gisheat.solve(network, **WATER)
    assert prepared == [7]  # 3 pipes on both sides and the source: no station
    assert (found.station.flow == network.stations.flow).all()
    held = replace(network, stations=replace(network.stations, control=np.full(3, HELD, np.int8)))
    expected = gisheat.solve(held, **WATER)
    assert not expected.operation
    np.testing.assert_allclose(found.supply.head, expected.supply.head, atol=1e-6)
    np.testing.assert_allclose(found.back.head, expected.back.head, atol=1e-6)
    np.testing.assert_allclose(found.source.pump_head, expected.source.pump_head, atol=1e-6)


def test_only_stations_that_lack_head_are_let_go(prepared):
    found = gisheat.solve(row(32.0), **WATER)
    assert prepared == [7, 8]
    assert found.station.served.tolist() == [True, True, False]
    assert found.iterations == len(found.residuals["network"])


def test_flows_that_can_t_be_held_are_not_insisted_on():
    # C lies behind a check valve that points away from it: held, its flow would have to be forced through
    against = {"kind": "check", "line": "supply"}
    network = row(60.0, valve=against)
    turned = replace(network, valves=replace(network.valves, start=network.valves.end, end=network.valves.start))
    assert gisheat.solve(network, **WATER).station.served.all()
    found = gisheat.solve(turned, **WATER)
    assert found.station.served.tolist() == [True, True, False]
    assert abs(found.station.flow[2]) < 1e-5


def test_the_same_solution_as_with_all_stations_let_go_at_once(monkeypatch):
    compared = starving = 0
    for seed in range(240):
        network = random_operation(seed)
        guarded = (
            np.isin(network.valves.kind, CONTROLLING).any() or (network.sources.pump_control == WORST_PUMPED).any()
        )
        if guarded or not (network.stations.control == VALVE_HELD).any():
            continue
        try:
            found = gisheat.solve(network)
        except GisheatError:
            continue
        with monkeypatch.context() as patch:
            patch.setattr(holding, "ROUNDS", 0)
            expected = gisheat.solve(network)
        span = np.ptp(np.nan_to_num(expected.supply.head))
        np.testing.assert_allclose(found.supply.head, expected.supply.head, rtol=0.0, atol=1e-5 * span, err_msg=seed)
        np.testing.assert_allclose(found.back.head, expected.back.head, rtol=0.0, atol=1e-5 * span, err_msg=seed)
        assert (found.station.served == expected.station.served).all(), seed
        assert found.residuals != expected.residuals
        compared += 1
        starving += not found.station.served.all()
    assert compared > 40
    assert starving > 10
