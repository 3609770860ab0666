"""Operation: pumps, valves and stations as they are. Expected numbers are closed formulas on tiny networks.

With the law `rough` a pipe loses r m |m|; r is taken from a solve of the pipe alone in the one place where it is
needed, everything else is worked out by hand.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gisheat
from gisheat.errors import ConvergenceError, InputError, TopologyError
from gisheat.network import Network

RHO, G = 970.0, 9.80665
WATER = {"density_kg_m3": RHO, "viscosity_pa_s": 3.5e-4, "heat_capacity_j_kg_k": 4190.0, "friction": "rough"}
KV = 50.0


def line(*, stations=None, source=None, valves=None, pumps=None, more_nodes=(), pipes=None):
    """S --P1-- A --P2-- B, stations HA at A and HB at B."""
    nodes = pd.DataFrame({"node_id": ["S", "A", "B", *more_nodes], "ground_m": 0.0})
    default = [("P1", "S", "A", 500.0), ("P2", "A", "B", 800.0)]
    table = pd.DataFrame(pipes or default, columns=["pipe_id", "from_node", "to_node", "length_m"])
    table["inner_diameter_mm"] = 150.0
    station = pd.DataFrame({"station_id": ["HA", "HB"], "node_id": ["A", "B"], "flow_t_h": [36.0, 36.0],
                            "required_head_m": 8.0})  # fmt: skip
    heat = pd.DataFrame({"source_id": ["Q"], "node_id": ["S"], "supply_temp_c": 110.0, "return_temp_c": 60.0,
                         "static_head_m": 30.0})  # fmt: skip
    return Network.from_tables(
        nodes, table, station.assign(**(stations or {})), heat.assign(**(source or {})),
        valves=None if valves is None else pd.DataFrame(valves), pumps=None if pumps is None else pd.DataFrame(pumps),
    )  # fmt: skip


def solve(network, **options):
    found = gisheat.solve(network, **{**WATER, **options})
    balance = found.check()
    assert balance.mass_relative < 1e-8
    assert balance.head_relative < 1e-8
    return found


def pascal(head):
    return RHO * G * head


def pipe_resistance(length):
    """R of R m^2 for one pipe, by the formula of the plan: 0.11 (K/d)^0.25."""
    d, k = 0.15, 0.5e-3
    return 0.11 * (k / d) ** 0.25 * length / d / (2.0 * RHO * (np.pi / 4.0 * d**2) ** 2)


# stations ------------------------------------------------------------------------------------------------


def test_an_unregulated_station_takes_what_its_resistance_lets_through():
    network = line(stations={"control": ["none", "none"], "flow_t_h": [36.0, 1e-9]},
                   source={"pump_control": "terminal_difference", "terminal_difference_m": 20.0})  # fmt: skip
    found = solve(network)
    r_station = pascal(8.0) / 10.0**2
    expected = np.sqrt(pascal(20.0) / (2.0 * pipe_resistance(500.0) + r_station))
    assert found.stations["flow_t_h"][0] / 3.6 == pytest.approx(expected, rel=1e-6)
    assert found.operation


def test_the_near_station_takes_too_much_and_the_far_one_too_little_with_open_valves():
    found = solve(line(stations={"control": "none"}))
    near, far = found.stations["imbalance"]
    assert near > 1.1
    assert far < 0.95
    assert found.stations["served"].tolist() == [True, False]


def test_a_station_with_a_valve_takes_its_flow_while_its_head_suffices():
    found = solve(line(stations={"control": "valve"}))
    np.testing.assert_allclose(found.stations["imbalance"], 1.0, rtol=1e-6)
    assert found.stations["served"].all()


def test_a_starving_station_takes_what_its_open_valve_passes():
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 6.0}
    found = solve(line(stations={"control": "valve"}, source=source))
    stations = found.stations
    open_flow = np.sqrt(stations["available_head_m"] / 8.0)  # of design
    np.testing.assert_allclose(stations["imbalance"], np.minimum(open_flow, 1.0), rtol=1e-6)
    assert not stations["served"][1]


def test_kvs_and_exchanger_are_in_series():
    stations = {"control": "none", "kvs_m3_h": KV, "hx_loss_kpa": 40.0}
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 25.0}
    found = solve(line(stations=stations, source=source))
    m = found.stations["flow_t_h"].to_numpy() / 3.6
    dp_valve = (m / RHO * 3600.0 / KV) ** 2 * RHO / 1000.0 * 1e5
    dp_exchanger = 40e3 * (m / 10.0) ** 2
    np.testing.assert_allclose(pascal(found.stations["available_head_m"]), dp_valve + dp_exchanger, rtol=1e-6)
    np.testing.assert_allclose(found.stations["valve_kv_m3_h"], KV, rtol=1e-6)


def test_a_closed_station_valve_takes_nothing():
    found = solve(line(stations={"control": "none", "valve_kv_m3_h": [np.nan, 0.0]}))
    assert found.stations["flow_t_h"][1] == 0.0


def test_pumps_at_stations_give_what_is_missing():
    found = solve(line(stations={"control": "pump"}))
    stations = found.stations
    assert found.sources["pump_head_m"][0] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(stations["pump_head_m"], 8.0 - stations["available_head_m"], rtol=1e-12)
    power = stations["pump_head_m"] * G * 10.0 / 0.6 / 1e3
    np.testing.assert_allclose(stations["pump_power_kw"], power, rtol=1e-9)
    assert stations["served"].all()


# sources -------------------------------------------------------------------------------------------------


def test_a_pump_curve_meets_the_curve_of_the_network():
    """H = 40 - 500 V^2 against (2 R + r) m^2, one station."""
    network = line(stations={"control": "none", "flow_t_h": [36.0, 1e-9]},
                   source={"pump_control": "curve", "pump_curve": "0:40; 360:35; 720:20"})  # fmt: skip
    found = solve(network)
    resistance = 2.0 * pipe_resistance(500.0) + pascal(8.0) / 100.0
    m = np.sqrt(pascal(40.0) / (resistance + pascal(500.0) / RHO**2))
    assert found.stations["flow_t_h"][0] / 3.6 == pytest.approx(m, rel=1e-6)


def test_the_curve_of_a_held_network_gives_the_head_at_its_flow():
    found = solve(line(source={"pump_control": "curve", "pump_curve": "0:60;100:50"}))
    volume = 72.0 * 1000.0 / RHO
    assert found.sources["pump_head_m"][0] == pytest.approx(60.0 - 0.1 * volume)
    assert found.pump_head_given


def test_a_pump_that_regulates_gives_the_worst_station_what_it_requires():
    source = {"pump_control": "worst_station", "pump_curve": "0:80;100:60;200:20"}
    found = solve(line(stations={"control": "valve"}, source=source))
    assert found.stations["surplus_head_m"].min() == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(found.stations["imbalance"], 1.0, rtol=1e-6)


def test_a_pump_that_is_too_small_runs_at_full_speed():
    source = {"pump_control": "worst_station", "pump_curve": "0:12;100:9;200:1"}
    found = solve(line(stations={"control": "valve"}, source=source))
    volume = found.sources["flow_t_h"][0] * 1000.0 / RHO
    (v1, h1), (v2, h2), top = (100.0, 9.0), (200.0, 1.0), 12.0
    exponent = np.log((top - h2) / (top - h1)) / np.log(v2 / v1)
    head = top - (top - h1) * (volume / v1) ** exponent
    assert found.sources["pump_head_m"][0] == pytest.approx(head, rel=1e-6)
    assert found.stations["imbalance"].min() < 0.99


TWO = [("P1", "S", "A", 500.0), ("P2", "A", "B", 800.0), ("P3", "B", "T", 300.0)]


def two_sources(**columns):
    heat = {"source_id": ["Q", "R"], "node_id": ["S", "T"], "supply_temp_c": 110.0, "return_temp_c": 60.0,
            "static_head_m": [30.0, np.nan], **columns}  # fmt: skip
    nodes = pd.DataFrame({"node_id": ["S", "A", "B", "T"], "ground_m": 0.0})
    pipes = pd.DataFrame(TWO, columns=["pipe_id", "from_node", "to_node", "length_m"]).assign(inner_diameter_mm=200.0)
    stations = pd.DataFrame({"station_id": ["HA", "HB"], "node_id": ["A", "B"], "flow_t_h": 36.0,
                             "required_head_m": 8.0, "control": "valve"})  # fmt: skip
    return Network.from_tables(nodes, pipes, stations, pd.DataFrame(heat))


def test_two_pumps_share_the_flow_by_their_curves():
    found = solve(two_sources(pump_control="curve", pump_curve=["0:40;100:30;200:0", "0:38;100:28;200:0"]))
    sources = found.sources
    assert sources["flow_t_h"].sum() == pytest.approx(72.0)
    assert (sources["flow_t_h"] > 0.0).all()
    for source, curve in zip(range(2), ((40.0, 30.0, 100.0), (38.0, 28.0, 100.0)), strict=True):
        top, middle, v1 = curve
        exponent = np.log(top / (top - middle)) / np.log(2.0)
        volume = sources["flow_t_h"][source] * 1000.0 / RHO
        assert sources["pump_head_m"][source] == pytest.approx(top - (top - middle) * (volume / v1) ** exponent)


def test_a_source_that_holds_its_supply_head_does():
    found = solve(two_sources(pump_control=["worst_station", "constant_head"], supply_head_m=[np.nan, 52.0],
                              pump_curve=["0:60;100:50;200:0", None]))  # fmt: skip
    assert found.sources["sup_head_m"][1] == pytest.approx(52.0, abs=1e-4)


def test_given_shares_are_delivered():
    found = solve(two_sources(pump_control=["terminal_difference", None], terminal_difference_m=[30.0, np.nan],
                              flow_share=[np.nan, 0.25]))  # fmt: skip
    assert found.sources["flow_t_h"].tolist() == pytest.approx([54.0, 18.0])


def test_a_weak_source_is_shut_by_its_check_valve():
    found = solve(two_sources(pump_control="curve", pump_curve=["0:60;100:50;200:0", "0:3;10:2;20:1"]))
    assert found.sources["flow_t_h"][1] == pytest.approx(0.0, abs=1e-5)


def test_stations_drink_from_both_sources_by_the_mixture_at_their_node():
    from gisheat.results.origins import meeting_nodes, station_shares

    found = solve(two_sources(pump_control="curve", pump_curve=["0:40;100:30;200:0", "0:38;100:28;200:0"]))
    flow = found.sources["flow_t_h"]
    shares = station_shares(found).set_index(["station_id", "source_id"])["share"]
    assert shares["HA", "Q"] == pytest.approx(1.0)
    assert shares["HB", "R"] == pytest.approx(flow[1] / 36.0)
    assert shares["HB", "Q"] == pytest.approx(1.0 - flow[1] / 36.0)
    assert found.network.nodes.id[meeting_nodes(found)].tolist() == ["B"]


# valves and pumps on the way -----------------------------------------------------------------------------

PIPES = [("P1", "S", "A", 500.0), ("P2", "V", "B", 800.0)]


def with_valve(**valve):
    return [{"valve_id": "V1", "from_node": "A", "to_node": "V", **valve}]


def behind_valve(valves, **options):
    return line(valves=valves, more_nodes=("V",), pipes=PIPES, **options)


def test_an_open_valve_without_kvs_is_no_more_than_a_joint():
    found, plain = solve(behind_valve(with_valve(kind="isolation"))), solve(line())
    np.testing.assert_allclose(found.stations["available_head_m"], plain.stations["available_head_m"], atol=1e-6)
    assert found.valves["flow_t_h"][0] == pytest.approx(36.0)
    assert found.valves["state_found"][0] == "open"


@pytest.mark.parametrize(("characteristic", "share"), [("linear", 1 / 30 + 29 / 60), ("equal_percentage", 30**-0.5)])
def test_a_control_valve_loses_by_its_kv(characteristic, share):
    valve = with_valve(kind="control", kvs_m3_h=80.0, opening=0.5, characteristic=characteristic, line="supply")
    found = solve(behind_valve(valve))
    volume = 36.0 * 1000.0 / RHO
    assert found.valves["loss_kpa"][0] == pytest.approx((volume / (80.0 * share)) ** 2 * RHO / 1000.0 * 100.0, rel=1e-6)


def test_demand_behind_a_closed_valve_is_told():
    with pytest.raises(TopologyError, match="closed valves"):
        solve(behind_valve(with_valve(kind="isolation", state="closed")))


def test_unregulated_stations_behind_a_closed_valve_are_told_too():
    with pytest.raises(TopologyError, match="hang together with no source"):
        solve(behind_valve(with_valve(kind="isolation", state="closed"), stations={"control": "none"}))


def test_a_check_valve_against_the_flow_stops_it():
    valve = [{"valve_id": "V1", "from_node": "V", "to_node": "A", "kind": "check"}]
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 40.0}
    found = solve(behind_valve(valve, source=source, stations={"control": "valve"}))
    assert found.stations["flow_t_h"].tolist() == pytest.approx([36.0, 0.0], abs=1e-6)
    assert found.valves["state_found"][0] == "closed"


def test_design_flows_against_a_check_valve_are_told():
    valve = [{"valve_id": "V1", "from_node": "V", "to_node": "A", "kind": "check"}]
    with pytest.raises(TopologyError, match=r"'V1'.* does not let through"):
        solve(behind_valve(valve))


def test_a_pressure_reducing_valve_holds_the_pressure_behind_it():
    valve = with_valve(kind="pressure_reducing", setting_kpa=450.0, kvs_m3_h=100.0, line="supply")
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 40.0}
    found = solve(behind_valve(valve, source=source, stations={"control": "valve"}))
    nodes = found.nodes.set_index("node_id")
    assert nodes["sup_pressure_kpa"]["V"] == pytest.approx(450.0, abs=2e-3)
    assert nodes["sup_pressure_kpa"]["A"] > 460.0
    assert found.valves["state_found"][0] == "controlling"


def test_a_pressure_reducing_valve_that_has_nothing_to_reduce_is_open():
    valve = with_valve(kind="pressure_reducing", setting_kpa=2000.0, kvs_m3_h=100.0, line="supply")
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 40.0}
    found = solve(behind_valve(valve, source=source, stations={"control": "valve"}))
    volume = 36.0 * 1000.0 / RHO
    assert found.valves["loss_kpa"][0] == pytest.approx((volume / 100.0) ** 2 * RHO / 1000.0 * 100.0, rel=1e-6)
    assert found.valves["state_found"][0] == "open"


def test_a_pressure_sustaining_valve_holds_the_pressure_before_it():
    valve = with_valve(kind="pressure_sustaining", setting_kpa=590.0, kvs_m3_h=100.0, line="supply")
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 40.0}
    found = solve(behind_valve(valve, source=source, stations={"control": "none"}))
    assert found.nodes.set_index("node_id")["sup_pressure_kpa"]["A"] == pytest.approx(590.0, abs=2e-3)


@pytest.mark.parametrize("side", ["supply", "return"])
def test_a_differential_pressure_valve_holds_the_difference_behind_it(side):
    valve = with_valve(kind="differential_pressure", setting_kpa=150.0, kvs_m3_h=100.0, line=side)
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 40.0}
    found = solve(behind_valve(valve, source=source, stations={"control": "none"}))
    nodes = found.nodes.set_index("node_id")
    assert nodes["sup_pressure_kpa"]["V"] - nodes["ret_pressure_kpa"]["V"] == pytest.approx(150.0, abs=2e-3)


def test_a_flow_limiter_lets_no_more_through():
    valve = with_valve(kind="flow_limiter", setting_t_h=20.0, line="supply")
    found = solve(behind_valve(valve, stations={"control": "none"}))
    assert found.valves["flow_t_h"][0] == pytest.approx(20.0, rel=1e-6)
    assert found.valves["state_found"][0] == "controlling"


def test_a_bypass_opens_where_the_difference_passes_its_setting():
    valve = [{"valve_id": "Y", "from_node": "B", "to_node": "B", "kind": "bypass", "setting_kpa": 100.0}]
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 30.0}
    found = solve(line(valves=valve, source=source, stations={"control": "valve"}))
    nodes = found.nodes.set_index("node_id")
    assert nodes["sup_pressure_kpa"]["B"] - nodes["ret_pressure_kpa"]["B"] == pytest.approx(100.0, abs=1e-3)
    assert found.valves["flow_t_h"][0] > 1.0


def test_a_closed_bypass_lets_nothing_through():
    valve = [{"valve_id": "Y", "from_node": "B", "to_node": "B", "kind": "bypass", "setting_kpa": 900.0}]
    found = solve(line(valves=valve, stations={"control": "valve"}))
    assert found.valves["flow_t_h"][0] == pytest.approx(0.0, abs=1e-5)
    assert found.valves["state_found"][0] == "closed"


@pytest.mark.parametrize("side", ["supply", "return"])
def test_a_booster_pump_lifts_the_head_of_what_is_behind_it(side):
    pump = [{"pump_id": "U", "from_node": "A", "to_node": "V", "line": side, "control": "constant_difference",
             "setpoint_kpa": 10.0}]  # fmt: skip
    found, plain = solve(line(pumps=pump, more_nodes=("V",), pipes=PIPES)), solve(line())
    # the booster takes 10 kPa of the far station's way off the pump of the source
    spared = plain.sources["pump_head_m"][0] - found.sources["pump_head_m"][0]
    assert spared == pytest.approx(10e3 / pascal(1.0), abs=1e-5)
    assert found.pumps["head_m"][0] == pytest.approx(10e3 / pascal(1.0), rel=1e-5)
    assert found.pumps["pump_power_kw"][0] == pytest.approx(10.0 * 10.0 / RHO / 0.75, rel=1e-5)


def test_a_stopped_pump_lets_nothing_through():
    pump = [{"pump_id": "U", "from_node": "A", "to_node": "V", "curve": "0:10;50:5", "status": "stopped"}]
    with pytest.raises(TopologyError, match="stopped pumps"):
        solve(line(pumps=pump, more_nodes=("V",), pipes=PIPES))


def test_a_pump_in_proportional_control_gives_half_its_setpoint_at_rest_and_all_of_it_at_its_curve():
    pump = [{"pump_id": "U", "from_node": "A", "to_node": "V", "curve": "0:20;60:12;120:0",
             "control": "proportional_difference", "setpoint_kpa": 80.0}]  # fmt: skip
    found = solve(line(pumps=pump, more_nodes=("V",), pipes=PIPES))
    exponent = np.log(20.0 / 8.0) / np.log(2.0)
    full = 60.0 * ((20.0 - 80e3 / pascal(1.0)) / 8.0) ** (1.0 / exponent)
    share = found.pumps["flow_t_h"][0] * 1000.0 / RHO / full
    assert found.pumps["head_m"][0] == pytest.approx(80e3 / pascal(1.0) * 0.5 * (1.0 + share), rel=1e-3)


def test_a_booster_that_regulates_looks_at_the_stations_behind_it():
    """HA lies before the pump and has less than it wants; the pump can't help it, and gives HB what it requires."""
    pump = [{"pump_id": "U", "from_node": "A", "to_node": "V", "curve": "0:40;60:30;120:0", "control": "worst_station"}]
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 18.0}
    found = solve(line(pumps=pump, more_nodes=("V",), pipes=PIPES, source=source, stations={"control": "valve"}))
    stations = found.stations
    assert stations["surplus_head_m"][0] < -0.5
    assert stations["surplus_head_m"][1] == pytest.approx(0.0, abs=1e-3)
    assert 0.0 < found.pumps["head_m"][0] < 30.0


# what is wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pump", "what"),
    [({"control": "constant_speed"}, "no curve"), ({"control": "constant_difference"}, "neither setpoint_kpa")],
)  # fmt: skip
def test_a_pump_without_what_it_needs_is_named(pump, what):
    pumps = [{"pump_id": "U", "from_node": "A", "to_node": "V", **pump}]
    with pytest.raises(TopologyError, match=what):
        solve(line(pumps=pumps, more_nodes=("V",), pipes=PIPES))


def test_a_valve_without_a_setting_is_named():
    with pytest.raises(TopologyError, match=r"'V1'.*setting_kpa"):
        solve(behind_valve(with_valve(kind="pressure_reducing")))


def test_a_source_without_its_curve_is_named():
    with pytest.raises(TopologyError, match=r"'Q'.*pump_curve"):
        solve(line(source={"pump_control": "curve"}))


def test_valves_that_can_t_both_be_right_are_named():
    nodes = pd.DataFrame({"node_id": ["R", "A", "B", "C"], "ground_m": 0.0, "demand_kg_s": [0, 0, 0, 5.0],
                          "fixed_head_m": [60.0, np.nan, np.nan, np.nan]})  # fmt: skip
    pipes = pd.DataFrame({"pipe_id": ["P1", "P2"], "from_node": ["R", "B"], "to_node": ["A", "C"],
                          "length_m": 100.0, "inner_diameter_mm": 100.0})  # fmt: skip
    valves = pd.DataFrame({"valve_id": ["V1"], "from_node": ["A"], "to_node": ["B"], "kind": ["pressure_sustaining"],
                           "setting_kpa": [900.0]})  # fmt: skip
    network = Network.from_tables(nodes, pipes, valves=valves, two_pipe=False)
    # it can only shut, and the demand behind it can't be met
    with pytest.raises(ConvergenceError, match="V1"):
        gisheat.solve(network, **WATER)


def test_two_given_heads_joined_without_resistance_are_named():
    nodes = pd.DataFrame({"node_id": ["R1", "R2", "C"], "ground_m": 0.0, "demand_kg_s": [0.0, 0.0, 5.0],
                          "fixed_head_m": [60.0, 50.0, np.nan]})  # fmt: skip
    pipes = pd.DataFrame({"pipe_id": ["P1", "P2"], "from_node": ["R1", "R2"], "to_node": ["R2", "C"],
                          "length_m": [0.0, 100.0], "inner_diameter_mm": 100.0})  # fmt: skip
    with pytest.raises(TopologyError, match="R1 and R2"):
        gisheat.solve(Network.from_tables(nodes, pipes, two_pipe=False), **WATER)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("valves", "kind", "gate"), ("valves", "state", "ajar"), ("valves", "opening", 1.5), ("pumps", "curve", "0:5;9:7"),
     ("pumps", "line", "both"), ("pumps", "control", "magic"), ("pumps", "status", "asleep")],
)  # fmt: skip
def test_words_and_numbers_that_are_not_understood_are_refused(table, column, value):
    valve = {"valve_id": "V1", "from_node": "A", "to_node": "V", "kind": "isolation"}
    pump = {"pump_id": "U", "from_node": "A", "to_node": "V", "curve": "0:5"}
    row = {**(valve if table == "valves" else pump), column: value}
    with pytest.raises(InputError, match=column):
        line(more_nodes=("V",), pipes=PIPES, **{table: [row]})


@pytest.mark.parametrize(
    ("kind", "column"),
    [({"kind": "flow_limiter"}, "setting_t_h"), ({"kind": "bypass"}, "setting_kpa"),
     ({"kind": "control", "opening": 0.5}, "kvs_m3_h")],
)  # fmt: skip
def test_a_valve_without_what_its_kind_needs_is_refused_and_does_not_stand_open_in_silence(kind, column):
    valve = {"valve_id": "V1", "from_node": "A", "to_node": "V", **kind}
    with pytest.raises(InputError, match=f"V1.*{column}"):
        line(more_nodes=("V",), pipes=PIPES, valves=[valve])


def test_a_pipe_or_station_with_an_unknown_status_is_refused():
    with pytest.raises(InputError, match="stations 'HA': status 'Closed' is unknown"):
        line(stations={"status": ["Closed", None]})
    nodes = pd.DataFrame({"node_id": ["R", "C"], "fixed_head_m": [60.0, None]})
    pipe = {"pipe_id": ["P"], "from_node": ["R"], "to_node": ["C"], "length_m": [9.0], "inner_diameter_mm": [100.0]}
    with pytest.raises(InputError, match="pipes 'P': status 'Closed' is unknown"):
        Network.from_tables(nodes, pd.DataFrame({**pipe, "status": ["Closed"]}), two_pipe=False)
    station = pd.DataFrame({"station_id": ["H"], "node_id": ["C"], "flow_t_h": [3.0]})
    with pytest.raises(InputError, match="station 'H' needs a supply and a return"):
        Network.from_tables(nodes, pd.DataFrame(pipe), station, two_pipe=False)


# balancing and pumping -----------------------------------------------------------------------------------


def test_balanced_valves_make_the_flows_right():
    found = gisheat.balance(line(), **WATER)
    np.testing.assert_allclose(found.after.stations["imbalance"], 1.0, rtol=1e-6)
    assert found.before.stations["imbalance"][0] > 1.05
    # the valve at HA destroys what HB needs more
    kv = found.stations["valve_kv_m3_h"].to_numpy()
    available = found.design.stations["available_head_m"].to_numpy()
    left = pascal(available - 0.7 * 8.0) / 1e5
    np.testing.assert_allclose(kv, 36.0 * 1000.0 / RHO / np.sqrt(left * 1000.0 / RHO), rtol=1e-9)


def test_a_station_without_enough_head_is_left_open_and_named():
    source = {"pump_control": "terminal_difference", "terminal_difference_m": 22.5}
    found = gisheat.balance(line(source=source), **WATER)
    assert found.unbalanced.tolist() == [False, True]


def test_one_central_pump_against_pumps_at_stations():
    both = gisheat.compare_pumping(line(source={"pump_efficiency": 0.75}), **WATER)
    designs = both.designs.set_index("design")
    central = both.central.sources["pump_head_m"][0]
    assert designs["source_pump_power_kw"]["central"] == pytest.approx(central * G * 20.0 / 0.75 / 1e3)
    lifts = both.distributed.stations["pump_head_m"]
    assert designs["station_pump_power_kw"]["distributed"] == pytest.approx((lifts * G * 10.0 / 0.6 / 1e3).sum())
    # what the valves destroy is the useful power the pumps at the stations do without
    useful = central * G * 20.0 - (lifts * G * 10.0).sum()
    assert designs["throttled_kw"]["central"] == pytest.approx(useful / 1e3, rel=1e-9)
