"""Networks that nobody can mean: a named reason, before the solve or after it, and never a wrong number.

Warnings are errors in all tests, so that a number that runs over is one as well.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from networks import TREE, TWO_SOURCES, draw, one_pipe

import gisheat
from gisheat.errors import ConvergenceError, GisheatError, InputError, TopologyError
from gisheat.network import Network
from gisheat.numerics.incidence import accumulate

WATER = {"density_kg_m3": 970.0, "viscosity_pa_s": 3.5e-4, "heat_capacity_j_kg_k": 4190.0}
CURVE = "0:50;60:40;120:20"


def devices(*, valves=None, pumps=None, stations=None, sources=None, pipes=None):
    """S --P1-- A --P2-- B, and from V, which a device joins to A, --P3-- C; stations at B and C."""
    nodes = pd.DataFrame({"node_id": ["S", "A", "B", "C", "V"], "ground_m": 0.0})
    table = pd.DataFrame(
        [("P1", "S", "A"), ("P2", "A", "B"), ("P3", "V", "C")], columns=["pipe_id", "from_node", "to_node"]
    ).assign(length_m=300.0, inner_diameter_mm=150.0, **(pipes or {}))
    heat = pd.DataFrame({"station_id": ["HB", "HC"], "node_id": ["B", "C"], "flow_t_h": 20.0, "required_head_m": 8.0})
    source = pd.DataFrame({"source_id": ["Q"], "node_id": ["S"], "static_head_m": 30.0, "supply_temp_c": 110.0,
                           "return_temp_c": 60.0})  # fmt: skip
    ends = {"from_node": "A", "to_node": "V"}
    return Network.from_tables(
        nodes, table, heat.assign(**(stations or {})), source.assign(**(sources or {})),
        valves=None if valves is None else pd.DataFrame([{"valve_id": "V1", **ends, **valves}]),
        pumps=None if pumps is None else pd.DataFrame([{"pump_id": "U1", **ends, "curve": CURVE, **pumps}]),
    )  # fmt: skip


# what is in the tables -----------------------------------------------------------------------------------

NUMBERS = {
    "nodes": ("ground_m", "demand_kg_s", "fixed_head_m"),
    "pipes": ("length_m", "inner_diameter_mm", "roughness_mm", "zeta", "local_loss_fraction"),
    "stations": ("flow_t_h", "load_kw", "heated_area_m2", "required_head_m", "supply_temp_c", "kvs_m3_h",
                 "valve_kv_m3_h", "hx_loss_kpa"),
    "sources": ("static_head_m", "supply_head_m", "plant_loss_m", "head_reserve_m", "pump_efficiency", "capacity_mw",
                "terminal_difference_m", "pump_speed", "pump_count", "flow_share"),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "column"), [(layer, c) for layer, cs in NUMBERS.items() for c in cs])
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 10**400, "much", b"x", [1.0], {}, 1j, pd.Timestamp(0)])
def test_what_is_no_number_of_a_network_is_refused_with_its_column(layer, column, value):
    tables = draw(TREE)
    table = getattr(tables, layer).copy()
    values = pd.Series([None] * len(table), dtype=object)
    values.iloc[-1] = value
    table[column] = values if column not in table else [*table[column][:-1].astype(object), value]
    with pytest.raises(InputError, match=column) as error:
        tables._replace(**{layer: table}).network()
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("value", [pd.NA, pd.NaT, None, np.nan])
def test_empty_is_unknown_in_whatever_way_it_is_written(value):
    tables = draw(TREE)
    words = {"status": [value] * 5, "role": [value] * 5, "zeta": [value] * 5}
    pipes = tables.pipes.assign(**{name: pd.Series(v, dtype=object) for name, v in words.items()})
    network = tables._replace(pipes=pipes).network()
    assert network.pipes.in_service.all()
    assert network.pipes.zeta.tolist() == [0.0] * 5


@pytest.mark.parametrize("value", [pd.NA, np.nan, None])
def test_a_row_without_an_identifier_is_refused(value):
    tables = draw(TREE)
    pipes = tables.pipes.assign(pipe_id=pd.Series(["a", "b", value, "d", "e"], dtype=object))
    with pytest.raises(InputError, match="pipe_id is empty in row 3"):
        tables._replace(pipes=pipes).network()


def test_columns_of_unequal_length_are_refused():
    nodes = {"node_id": ["A", "B"], "ground_m": [0.0]}
    with pytest.raises(InputError, match="ground_m has 1 values for 2 rows"):
        Network.from_tables(nodes, None, two_pipe=False)


@pytest.mark.parametrize(("word", "holds"), [("true", True), ("No", False), (0, False), (1.0, True), (None, False)])
def test_truth_is_read_from_words(word, holds):
    tables = draw(TREE)
    sources = tables.sources.assign(pressure_holding=pd.Series([word], dtype=object))
    assert tables._replace(sources=sources).network().sources.pressure_holding.tolist() == [holds]


def test_a_word_that_is_neither_true_nor_false_is_refused():
    tables = draw(TREE)
    with pytest.raises(InputError, match=r"'S1'.*'perhaps' is neither true nor false"):
        tables._replace(sources=tables.sources.assign(pressure_holding="perhaps")).network()


def test_a_pipe_on_an_unknown_line_is_refused():
    with pytest.raises(InputError, match=r"'A-B': line 'suply' is unknown"):
        draw(TREE, pipes={"A-B": {"line": "suply"}}).network()


@pytest.mark.parametrize("curve", ["0:5", "1e300:1e300", "0:10;1e-300:5", "0:10;50:1e12", "0:0", "-1:5", "5:1;5:2"])
def test_a_curve_that_is_none_is_refused_with_its_pump(curve):
    with pytest.raises(InputError, match="'U1': curve"):
        devices(pumps={"curve": curve})


# what has no solution ------------------------------------------------------------------------------------


def test_a_node_that_is_unknown_is_named_with_the_element():
    with pytest.raises(InputError, match=r"'Z9', which is not in the nodes \(pipe 'A-B'\)"):
        draw(TREE, pipes={"A-B": {"to_node": "Z9"}}).network()


@pytest.mark.parametrize("control", ["none", "valve"])
@pytest.mark.parametrize(
    "source",
    [{"pump_control": "curve", "pump_curve": CURVE}, {"supply_head_m": 60.0},
     {"pump_control": "terminal_difference", "terminal_difference_m": 30.0}],
)  # fmt: skip
def test_a_station_that_nothing_reaches_is_told_whatever_drives_the_rest(control, source):
    shut = {"kind": "isolation", "state": "closed"}
    with pytest.raises(TopologyError, match="hang together with no source"):
        gisheat.solve(devices(valves=shut, stations={"control": control}, sources=source), **WATER)


@pytest.mark.parametrize("device", [{"valves": {"kind": "control", "opening": 0.0}}, {"pumps": {"speed": 0.0}}])
def test_a_held_flow_behind_something_shut_is_told_when_a_pump_looks_at_it(device):
    """The vertices that a pump guards stay in the reduced graph: an island of one of them was not seen."""
    source = {"pump_control": "worst_station", "pump_curve": CURVE}
    if "valves" in device:
        device["valves"]["kvs_m3_h"] = 50.0
    with pytest.raises(TopologyError, match="hang together with no source"):
        gisheat.solve(devices(**device, sources=source, stations={"control": ["valve", "flow"]}), **WATER)


def test_two_supply_heads_of_one_node_are_refused():
    held = {"S1": {"supply_head_m": 60.0}, "S2": {"supply_head_m": 60.0, "node_id": "S1"}}
    with pytest.raises(TopologyError, match="'S1' and 'S2' both hold the supply head of one node"):
        gisheat.solve(draw(TWO_SOURCES, sources=held).network(), **WATER)


def test_a_source_on_an_island_is_told_in_operation():
    tables = draw("""
        S1---A---H1      C---S2     nothing joins C to A
    """, sources={s: {"pump_control": "curve", "pump_curve": CURVE} for s in ("S1", "S2")},
        stations={"H1": {"control": "none"}})  # fmt: skip
    with pytest.raises(TopologyError, match="source 'S2' hangs together with no source"):
        gisheat.solve(tables.network(), **WATER)


@pytest.mark.parametrize("kind", ["check", "flow_limiter", "isolation"])
def test_heads_that_nothing_keeps_apart_are_told(kind):
    """Through a limiter, turned, and a check valve without a Kv, 5e11 kg/s passed."""
    nodes = pd.DataFrame({"node_id": ["R1", "R2", "C"], "ground_m": 0.0, "demand_kg_s": [0.0, 0.0, 5.0],
                          "fixed_head_m": [50.0, 90.0, np.nan]})  # fmt: skip
    pipes = pd.DataFrame({"pipe_id": ["P1"], "from_node": ["R2"], "to_node": ["C"], "length_m": 100.0,
                          "inner_diameter_mm": 100.0})  # fmt: skip
    turned = ("R1", "R2") if kind == "flow_limiter" else ("R2", "R1")
    valve = pd.DataFrame({"valve_id": ["V1"], "from_node": turned[0], "to_node": turned[1], "kind": kind,
                          "setting_t_h": 10.0})  # fmt: skip
    with pytest.raises(TopologyError, match=r"'V1' would carry|joined without any resistance"):
        gisheat.solve(Network.from_tables(nodes, pipes, valves=valve, two_pipe=False), **WATER)


def test_a_check_valve_between_given_heads_keeps_them_apart():
    """From a wall of 1e13 to a slope of 1e-6 Pa s/kg: the iteration jumped between them for ever."""
    nodes = pd.DataFrame({"node_id": ["R1", "R2"], "ground_m": 0.0, "fixed_head_m": [50.0, 90.0]})
    valve = pd.DataFrame({"valve_id": ["V1"], "from_node": ["R1"], "to_node": ["R2"], "kind": "check"})
    pipes = pd.DataFrame({"pipe_id": ["P"], "from_node": ["R1"], "to_node": ["R2"], "length_m": 1e4,
                          "inner_diameter_mm": 50.0})  # fmt: skip
    found = gisheat.solve(Network.from_tables(nodes, pipes, valves=valve, two_pipe=False), **WATER)
    assert found.valves["flow_t_h"][0] == pytest.approx(0.0, abs=1e-6)
    assert found.check().head_relative < 1e-8


def test_a_pump_against_flows_that_are_held_is_named():
    ends = {"from_node": "V", "to_node": "A"}
    with pytest.raises(TopologyError, match="'U1' does not let through"):
        gisheat.solve(devices(pumps=ends), **WATER)


def test_water_that_goes_round_and_nowhere_else_is_no_more_than_there_is():
    """Nodes 0 and 1 hand all they have to each other (a ring without resistance), node 2 stands apart."""
    ring = np.array([0, 1]), np.array([1, 0]), np.ones(2)
    assert accumulate(*ring, np.array([0.0, 0.0, 5.0])).tolist() == [0.0, 0.0, 5.0]
    assert accumulate(*ring, np.array([1.0, 0.0, 5.0])).max() <= 6.0


def test_a_pipe_that_no_flow_passes_is_named():
    with pytest.raises(TopologyError, match=r"'A-B' .*would lose .* kPa at 72 t/h: no pipe stands that"):
        gisheat.solve(draw(TREE, pipes={"A-B": {"inner_diameter_mm": 0.5, "length_m": 1e5}}).network(), **WATER)


@pytest.mark.parametrize("demand", [1e-6, 1e3])
def test_a_pipe_at_rest_beside_a_guarded_node_is_solved(demand):
    """The engine starts from straight lines, and must not end there when no flow changes."""
    nodes = pd.DataFrame({"node_id": ["R", "A", "V", "W"], "ground_m": 0.0, "demand_kg_s": [0.0, demand, 0.0, 0.0],
                          "fixed_head_m": [50.0, np.nan, np.nan, np.nan]})  # fmt: skip
    pipes = pd.DataFrame({"pipe_id": ["P1", "P2"], "from_node": ["R", "V"], "to_node": ["A", "A"], "length_m": 800.0,
                          "inner_diameter_mm": [800.0, 50.0]})  # fmt: skip
    valve = pd.DataFrame({"valve_id": ["V1"], "from_node": ["W"], "to_node": ["V"], "kind": "pressure_reducing",
                          "setting_kpa": 300.0})  # fmt: skip
    found = gisheat.solve(Network.from_tables(nodes, pipes, valves=valve, two_pipe=False), **WATER)
    assert found.supply.flow == pytest.approx([demand, 0.0], rel=1e-9, abs=1e-12 * demand)
    assert min(found.check().head, found.check().head_relative) < 1e-8


# odd, but with a solution --------------------------------------------------------------------------------


@pytest.mark.parametrize("control", ["flow", "valve", "none", "pump"])
@pytest.mark.parametrize(
    "change",
    [{"flow_t_h": 0.0}, {"flow_t_h": 1e-300}, {"required_head_m": 0.0}, {"kvs_m3_h": 0.0}, {"kvs_m3_h": 1e-9},
     {"valve_kv_m3_h": 0.0}, {"hx_loss_kpa": 0.0}, {"flow_t_h": 3.6e-3}],
    ids=str,
)  # fmt: skip
def test_stations_with_nothing_of_something_take_what_they_can(control, change):
    tables = draw(TREE, stations={h: {"control": control, **change} for h in ("H1", "H2")})
    found = gisheat.solve(tables.network(), **WATER)
    flow = found.stations["flow_t_h"]
    assert (flow >= 0.0).all()
    assert (found.stations["available_head_m"].abs() < 1e3).all()
    assert min(found.check().mass, found.check().mass_relative) < 1e-8


@pytest.mark.parametrize("verb", [gisheat.balance, gisheat.compare_pumping])
@pytest.mark.parametrize("change", [{"kvs_m3_h": 0.0}, {"flow_t_h": 0.0}, {"required_head_m": 0.0}], ids=str)
def test_balancing_and_pumping_bear_stations_with_nothing(verb, change):
    for names in (("H1",), ("H1", "H2", "H3")):
        try:
            found = verb(draw(TREE, stations=dict.fromkeys(names, change)).network(), **WATER)
        except TopologyError as error:
            assert "not let through" in str(error)  # noqa: PT017
        else:
            table = found.stations if verb is gisheat.balance else found.designs
            assert len(table) > 1


@pytest.mark.parametrize("control", ["curve", "worst_station"])
def test_pumps_of_a_source_that_stand_still_move_nothing(control):
    source = {"pump_control": control, "pump_curve": CURVE, "pump_speed": 0.0}
    tables = draw(TREE, sources={"S1": source}, stations={h: {"control": "none"} for h in ("H1", "H2", "H3")})
    found = gisheat.solve(tables.network(), **WATER)
    assert found.stations["flow_t_h"].abs().max() < 1e-3
    assert not found.stations["served"].any()


@pytest.mark.parametrize("roughness", [0.0, 400.0, 1e6])
def test_any_roughness_gives_a_loss_or_a_reason(roughness):
    network = one_pipe({"A-B": {"roughness_mm": roughness}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 10.0}})
    for law in ("colebrook", "swamee-jain", "altshul", "rough"):
        try:
            found = gisheat.solve(network, friction=law, **WATER)
        except GisheatError as error:
            assert re.search(r"'A-B'", str(error))  # noqa: PT017
        else:
            assert 0.0 < found.supply.loss[0] < 1e12


def test_reasons_are_of_the_kinds_that_have_exit_codes():
    assert {InputError.exit_code, TopologyError.exit_code, ConvergenceError.exit_code} == {2, 3}
