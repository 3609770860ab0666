"""Solving: pump head and critical path, sources together, signs and columns of the results, one-pipe networks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from networks import (
    DRAWN_SEPARATELY,
    ISLAND,
    RING,
    SYMMETRIC_RING,
    TREE,
    TWO_RINGS,
    TWO_SOURCES,
    WATER,
    draw,
    one_pipe,
)

import gisheat
from gisheat.physics.friction import LAWS
from gisheat.physics.water import water
from gisheat.results import carried_to
from gisheat.schema import result_columns

G = 9.80665
PICTURES = {
    "tree": TREE, "ring": RING, "symmetric ring": SYMMETRIC_RING, "two rings": TWO_RINGS,
    "drawn separately": DRAWN_SEPARATELY, "two sources": TWO_SOURCES,
}  # fmt: skip
PLANT = {"plant_loss_m": 20.0, "head_reserve_m": 5.0}


def solved(picture, *, options=None, **changes):
    return gisheat.solve(draw(picture, **changes).network(), **{**WATER, **(options or {})})


def rows(table):
    """A result table by the identifiers in its first column."""
    return table.set_index(table.columns[0])


# balances ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("law", LAWS)
def test_mass_and_heads_balance(picture, law):
    bent = {"S1": {"ground_m": 12.0}, "H1": {"ground_m": 30.0}}
    tables = draw(picture, nodes=bent)
    if law == "hazen-williams":
        tables.pipes["roughness_mm"] = 120.0  # the coefficient C
    balance = gisheat.solve(tables.network(), friction=law, supply_temp_c=110.0, return_temp_c=60.0).check()
    assert balance.mass_relative < 1e-8
    assert balance.head_relative < 1e-8


def test_the_check_finds_a_flow_that_was_tampered_with():
    results = solved(RING)
    wrong = dataclasses.replace(results, supply=dataclasses.replace(results.supply, flow=results.supply.flow * 1.01))
    assert wrong.check().mass > 0.05
    assert wrong.check().head_relative > 1e-3


def test_a_ring_has_the_same_head_both_ways_round():
    loss = rows(solved(RING).pipes)["sup_loss_kpa"]
    assert loss["A-B"] + loss["B-C"] == pytest.approx(loss["A-D"] + loss["D-C"])


# pump head and critical path -----------------------------------------------------------------------------


def test_the_parts_of_the_pump_head_add_up():
    """Supply and return loss along the critical path, station, plant and reserve; each found on its own too."""
    results = solved(TREE, sources={"S1": PLANT})
    head, path = results.pump_head(), results.path()
    assert head.total == pytest.approx(results.sources["pump_head_m"][0])
    assert head.total == pytest.approx(head.supply_loss + head.return_loss + head.station + head.plant + head.reserve)
    assert head.supply_loss == pytest.approx(path["sup_loss_kpa"].sum() * 1e3 / (1000.0 * G))
    assert head.return_loss == pytest.approx(path["ret_loss_kpa"].sum() * 1e3 / (1000.0 * G))
    assert (head.station, head.plant, head.natural_circulation) == (10.0, 20.0, 0.0)
    assert head.reserve == pytest.approx(5.0)


def test_the_pump_head_leaves_the_worst_station_the_reserve():
    stations = solved(TREE, sources={"S1": PLANT}).stations
    assert stations["surplus_head_m"].min() == pytest.approx(5.0)
    assert stations["served"].all()


def test_the_pump_lifts_the_return_head_over_the_plant_to_the_supply_head():
    source = rows(solved(TREE, sources={"S1": PLANT}).sources).loc["S1"]
    assert source["sup_head_m"] - source["ret_head_m"] + 20.0 == pytest.approx(source["pump_head_m"])
    assert source["ret_head_m"] == pytest.approx(30.0)


def test_pump_power_is_flow_times_head_over_the_efficiency():
    """P = m g H / eta."""
    source = rows(solved(TREE, sources={"S1": {**PLANT, "pump_efficiency": 0.8}}).sources).loc["S1"]
    assert source["pump_power_kw"] == pytest.approx(30.0 * G * source["pump_head_m"] / 0.8 / 1e3)


def test_the_pump_moves_the_colder_water_of_the_return():
    """P = dp V / eta with V = m / rho of the return; heads are metres of water of the mean temperature."""
    hot = {"S1": {"supply_temp_c": 130.0, "return_temp_c": 50.0, "pump_efficiency": 0.7}}
    results = gisheat.solve(draw(TREE, sources=hot).network())
    source = rows(results.sources).loc["S1"]
    rise = source["pump_head_m"] * water(363.15).density * G
    assert source["pump_power_kw"] == pytest.approx(rise * 30.0 / water(323.15).density / 0.7 / 1e3)


def test_the_critical_path_leads_to_the_farthest_of_equal_stations():
    path = solved(TREE, pipes={"B-H3": {"length_m": 300.0}}).path()
    assert path["pipe_id"].tolist() == ["S1-A", "A-B", "B-H3"]
    assert path["order"].tolist() == [1, 2, 3]
    assert path["cumulated_length_m"].tolist() == [100.0, 200.0, 500.0]
    assert (path["from_node"].tolist(), path["to_node"].tolist()) == (["S1", "A", "B"], ["A", "B", "H3"])


def test_the_critical_path_leads_to_a_near_station_that_needs_more():
    """Least surplus decides, not the longest way and not the largest loss."""
    results = solved(TREE, stations={"H1": {"required_head_m": 40.0}})
    assert results.path()["pipe_id"].tolist() == ["S1-A", "A-H1"]
    assert rows(results.stations)["surplus_head_m"].idxmin() == "H1"


def test_of_equally_bad_stations_the_first_name_is_critical():
    assert solved(TREE).path()["pipe_id"].tolist() == ["S1-A", "A-B", "B-H2"]


@pytest.mark.parametrize("way", [["A-B", "B-C"], ["A-D", "D-C"]])
def test_on_a_ring_the_critical_path_follows_the_larger_flow(way):
    wide = {name: {"inner_diameter_mm": 300.0} for name in way}
    results = solved(RING, pipes=wide, stations={"H2": {"required_head_m": 12.0}})
    assert results.path()["pipe_id"].tolist() == ["S1-A", *way, "C-H2"]
    assert rows(results.pipes)["on_critical_path"].sum() == 4


def test_losses_on_the_path_are_positive_however_its_pipes_are_drawn():
    tables = draw(TREE)
    turned = tables.pipes.rename(columns={"from_node": "to_node", "to_node": "from_node"})
    path = gisheat.solve(tables._replace(pipes=turned).network(), **WATER).path()
    assert (path[["sup_loss_kpa", "ret_loss_kpa"]] > 0.0).all(axis=None)
    assert path["from_node"].tolist() == ["S1", "A", "B"]


def test_a_given_supply_head_that_is_too_low_leaves_stations_unserved():
    """10 m between supply and return at the source, 10 m needed at the stations: the losses are missing."""
    results = solved(TREE, sources={"S1": {"supply_head_m": 40.0}}, stations={"H1": {"required_head_m": 1.0}})
    stations = rows(results.stations)
    assert stations["served"].to_dict() == {"H1": True, "H2": False, "H3": False}
    assert (stations["surplus_head_m"][["H2", "H3"]] < 0.0).all()
    assert results.pump_head_given
    assert results.pump_head().reserve == pytest.approx(stations["surplus_head_m"].min())


def test_the_static_line_lies_5_m_over_the_highest_node_when_none_is_given():
    results = solved(TREE, sources={"S1": {"static_head_m": np.nan}}, nodes={"H2": {"ground_m": 17.3}})
    assert results.static_line == 23.0  # 17.3 + 5, to the next metre above the source


def test_the_static_line_keeps_water_of_130_degc_liquid():
    """p_sat(130 degC) - p_atm = 169 kPa, 40 kPa more for safety, in metres of water of 100 degC: 22.2 m."""
    hot = {"static_head_m": np.nan, "supply_temp_c": 130.0, "return_temp_c": 70.0}
    results = gisheat.solve(draw(TREE, sources={"S1": hot}).network())
    assert results.static_line == np.ceil((169.0 + 40.0) * 1e3 / (958.8 * G))


# flows and loads -----------------------------------------------------------------------------------------


def test_a_load_needs_a_flow_of_load_over_heat_capacity_and_cooling():
    """4.2 MW over 20 K with c = 4200 J/(kg K): 50 kg/s."""
    results = solved(TREE, stations={"H1": {"flow_t_h": np.nan, "load_kw": 4200.0}})
    assert rows(results.stations)["flow_t_h"]["H1"] == pytest.approx(180.0)
    assert rows(results.pipes)["sup_flow_t_h"]["A-H1"] == pytest.approx(180.0)


def test_a_given_flow_wins_over_the_load_and_tells_it():
    station = rows(solved(TREE, stations={"H1": {"flow_t_h": 72.0, "load_kw": 1.0}}).stations).loc["H1"]
    assert station["flow_t_h"] == pytest.approx(72.0)
    assert station["load_kw"] == pytest.approx(20.0 * 4200.0 * 20.0 / 1e3)


def test_area_times_index_is_a_load():
    area = {"flow_t_h": np.nan, "heated_area_m2": 50_000.0, "heat_index_w_m2": 42.0}
    assert rows(solved(TREE, stations={"H1": area}).stations)["load_kw"]["H1"] == pytest.approx(2100.0)


def test_the_temperatures_of_a_station_win_over_those_of_the_source():
    own = {"flow_t_h": np.nan, "load_kw": 4200.0, "supply_temp_c": 85.0, "return_temp_c": 45.0}
    assert rows(solved(TREE, stations={"H1": own}).stations)["flow_t_h"]["H1"] == pytest.approx(90.0)


def test_load_and_area_behind_a_pipe_are_sums_of_the_stations_behind():
    areas = {name: {"heated_area_m2": area} for name, area in {"H1": 1e4, "H2": 2e4, "H3": 3e4}.items()}
    pipes = rows(solved(TREE, stations=areas).pipes)
    assert pipes["heated_area_m2"].to_dict() == pytest.approx(
        {"S1-A": 6e4, "A-B": 5e4, "B-H3": 3e4, "A-H1": 1e4, "B-H2": 2e4}
    )
    assert pipes["load_kw"]["A-B"] == pytest.approx(2 * 10.0 * 4200.0 * 20.0 / 1e3)


def test_an_unknown_area_makes_what_carries_to_it_unknown():
    areas = {"H1": {"heated_area_m2": 1e4}, "H3": {"heated_area_m2": 3e4}}
    area = rows(solved(TREE, stations=areas).pipes)["heated_area_m2"]
    assert area[["A-H1", "B-H3"]].tolist() == pytest.approx([1e4, 3e4])
    assert area[["S1-A", "A-B", "B-H2"]].isna().all()


def test_on_a_ring_the_load_behind_is_shared_like_the_flow():
    pipes = rows(solved(SYMMETRIC_RING).pipes)
    assert pipes["load_kw"][["A-B", "A-D"]].tolist() == pytest.approx([420.0, 420.0])


def test_rounding_that_circulates_in_a_ring_at_rest_is_no_flow():
    """A solver leaves 1e-34 kg/s or so in a ring that feeds nobody; nothing lies behind its pipes."""
    network = draw("""
    S1---A---H1
         |
         C---D
         |   |
         E---F
    """).network()
    noise = 5e-34
    flow = np.array([10.0, 10.0, 0.0, noise, -noise, noise, -noise])  # C-D-F-E-C
    load = carried_to(network, flow, np.array([840.0]))
    assert load.tolist() == pytest.approx([840.0, 840.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_a_station_that_takes_nothing_leaves_its_pipe_at_rest():
    pipe = rows(solved(TREE, stations={"H1": {"flow_t_h": 0.0}}).pipes).loc["A-H1"]
    assert pipe["sup_flow_t_h"] == pytest.approx(0.0, abs=1e-9)
    assert pipe["sup_friction_pa_m"] == pytest.approx(0.0, abs=1e-9)


def test_a_closed_station_takes_nothing_and_has_no_head():
    results = solved(TREE, stations={"H3": {"status": "closed"}})
    station = rows(results.stations).loc["H3"]
    assert not station["served"]
    assert station[["flow_t_h", "available_head_m", "surplus_head_m"]].isna().all()
    assert results.sources["flow_t_h"][0] == pytest.approx(72.0)


# several sources -----------------------------------------------------------------------------------------


def test_two_sources_share_by_capacity():
    results = solved(TWO_SOURCES, sources={"S1": {"capacity_mw": 30.0}, "S2": {"capacity_mw": 10.0}})
    assert rows(results.sources)["flow_t_h"].to_dict() == pytest.approx({"S1": 54.0, "S2": 18.0})
    assert results.sources["load_mw"].sum() == pytest.approx(results.stations["load_kw"].sum() / 1e3)


def test_two_sources_of_unknown_capacity_share_equally():
    assert solved(TWO_SOURCES).sources["flow_t_h"].tolist() == pytest.approx([36.0, 36.0])


def test_two_sources_with_given_heads_deliver_what_their_heads_allow():
    """Equal ways from both ends: equal heads share equally, the higher head delivers more."""
    heads = {"S1": {"supply_head_m": 60.0}, "S2": {"supply_head_m": 60.0}}
    assert solved(TWO_SOURCES, sources=heads).sources["flow_t_h"].tolist() == pytest.approx([36.0, 36.0])
    heads["S1"] = {"supply_head_m": 60.2}
    results = solved(TWO_SOURCES, sources=heads)
    assert results.sources["sup_head_m"].tolist() == pytest.approx([60.2, 60.0])
    flow = rows(results.sources)["flow_t_h"]
    assert flow["S1"] > 40.0
    assert flow.sum() == pytest.approx(72.0)
    loss = rows(results.pipes)["sup_loss_kpa"]
    apart = loss["S1-A"] + loss["A-H1"] + loss["H1-B"] + loss["B-S2"]
    assert apart == pytest.approx(0.2 * 1000.0 * G / 1e3)


def test_the_water_of_sources_with_different_temperatures_has_their_mean():
    """95 and 85 degC supply, 65 and 45 degC return: 90 and 55 degC, and heads are metres of water of 72.5 degC."""
    sources = {"S1": {"supply_temp_c": 95.0}, "S2": {"return_temp_c": 45.0}}
    at = gisheat.solve(draw(TWO_SOURCES, sources=sources).network()).conditions
    assert (at.supply_temp_c, at.return_temp_c) == pytest.approx((90.0, 55.0))
    assert at.supply == water(363.15)
    assert at.back == water(328.15)
    assert at.mean.density == pytest.approx(water(345.65).density)


def test_the_source_that_holds_the_pressure_has_the_static_head_in_its_return():
    holding = {"S1": {"static_head_m": 20.0}, "S2": {"static_head_m": 35.0, "pressure_holding": True}}
    results = solved(TWO_SOURCES, sources=holding)
    assert rows(results.sources)["ret_head_m"]["S2"] == pytest.approx(35.0)
    assert results.static_line == pytest.approx(35.0)


def test_a_reserve_source_stands_still():
    results = solved(TWO_SOURCES, sources={"S2": {"role": "reserve"}})
    sources = rows(results.sources)
    assert sources["flow_t_h"]["S1"] == pytest.approx(72.0)
    assert sources.loc["S2", ["flow_t_h", "pump_head_m", "sup_head_m"]].isna().all()


# tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["nodes", "pipes", "stations", "sources"])
def test_result_tables_have_columns_of_the_contract_and_all_that_are_computed(layer):
    table, contract = getattr(solved(TREE), layer), list(result_columns(layer))
    assert set(table.columns) <= set(contract)
    assert {name for name in contract if name.startswith(("sup_", "ret_"))} <= set(table.columns)
    assert table.columns[0] == contract[0]


def test_in_an_ordinary_pair_both_flows_are_positive():
    pipes = solved(TREE).pipes
    columns = ["flow_t_h", "velocity_m_s", "friction_pa_m", "loss_kpa"]
    assert (pipes[[f"{side}_{c}" for side in ("sup", "ret") for c in columns]] > 0.0).all(axis=None)


def test_a_pipe_drawn_the_other_way_has_all_signs_turned_but_that_of_friction():
    tables = draw(RING)
    turned = tables.pipes.copy()
    row = turned["pipe_id"] == "A-B"
    turned.loc[row, ["from_node", "to_node"]] = ["B", "A"]
    before = rows(gisheat.solve(tables.network(), **WATER).pipes).loc["A-B"]
    after = rows(gisheat.solve(tables._replace(pipes=turned).network(), **WATER).pipes).loc["A-B"]
    for side in ("sup", "ret"):
        for name in ("flow_t_h", "velocity_m_s", "loss_kpa"):
            assert after[f"{side}_{name}"] == pytest.approx(-before[f"{side}_{name}"])
        assert after[f"{side}_friction_pa_m"] == pytest.approx(before[f"{side}_friction_pa_m"])


def test_the_loss_includes_equivalent_length_and_zeta_and_friction_does_not():
    plain, fitted = (
        rows(solved(TREE, pipes={"A-B": fittings}).pipes).loc["A-B"]
        for fittings in ({}, {"local_loss_fraction": 0.3, "zeta": 8.0})
    )
    dynamic = 1000.0 * plain["sup_velocity_m_s"] ** 2 / 2.0
    assert fitted["sup_friction_pa_m"] == pytest.approx(plain["sup_friction_pa_m"])
    assert fitted["equivalent_length_m"] == pytest.approx(30.0)
    assert fitted["sup_loss_kpa"] - plain["sup_loss_kpa"] == pytest.approx(
        (30.0 * plain["sup_friction_pa_m"] + 8.0 * dynamic) / 1e3
    )


def test_pipes_drawn_for_one_side_carry_that_side_only():
    results = solved(DRAWN_SEPARATELY)
    pipes = rows(results.pipes)
    assert pipes.loc[["S1~A", "A~H1", "H1~H2"], "sup_flow_t_h"].tolist() == pytest.approx([72.0, 72.0, 36.0])
    assert pipes.loc[["S1=B", "B=H1", "H1=H2"], "ret_flow_t_h"].tolist() == pytest.approx([72.0, 72.0, 36.0])
    assert pipes.loc[["S1~A", "A~H1", "H1~H2"], "ret_flow_t_h"].isna().all()
    nodes = rows(results.nodes)
    assert np.isnan(nodes["sup_head_m"]["B"])
    assert np.isnan(nodes["ret_head_m"]["A"])


def test_available_and_surplus_head_are_differences():
    results = solved(TREE)
    stations, nodes = results.stations, results.nodes
    assert stations["available_head_m"].tolist() == pytest.approx(
        (stations["sup_head_m"] - stations["ret_head_m"]).tolist()
    )
    assert stations["surplus_head_m"].tolist() == pytest.approx(
        (stations["available_head_m"] - stations["required_head_m"]).tolist()
    )
    assert nodes["available_head_m"].tolist() == pytest.approx((nodes["sup_head_m"] - nodes["ret_head_m"]).tolist())


def test_nodes_say_what_stands_at_them():
    kinds = rows(solved(TREE + "    B---E").nodes)["kind"]
    assert kinds.to_dict() == {
        "S1": "source", "A": "junction", "B": "junction", "E": "end",
        "H1": "station", "H2": "station", "H3": "station",
    }  # fmt: skip


def test_the_iterations_and_their_history_are_told():
    results = solved(TWO_RINGS)
    assert set(results.residuals) == {"supply", "return"}
    assert results.iterations == max(len(history) for history in results.residuals.values())
    assert all(history[-1] <= 1e-10 for history in results.residuals.values())


def test_progress_is_reported_and_rises():
    told = []
    solved(RING, options={"progress": lambda share, what: told.append((share, what))})
    shares = [share for share, what in told if what.startswith("supply")]
    assert shares == sorted(shares)
    assert 0.0 < shares[0] <= shares[-1] < 1.0


def test_solving_twice_gives_the_same_numbers_and_leaves_the_network_alone():
    network = draw(TWO_RINGS).network()
    first, second = (gisheat.solve(network, **WATER) for _ in range(2))
    pd.testing.assert_frame_equal(first.pipes, second.pipes, check_exact=True)
    pd.testing.assert_frame_equal(first.nodes, second.nodes, check_exact=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        network.two_pipe = False


# one-pipe networks ---------------------------------------------------------------------------------------


def test_a_one_pipe_network_has_its_own_columns():
    network = one_pipe({"A-B": {}, "B-C": {}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 5.0}, "C": {}})
    results = gisheat.solve(network)
    assert results.nodes.columns.tolist() == ["node_id", "ground_m", "head_m", "pressure_kpa"]
    assert {"flow_kg_s", "velocity_m_s", "friction_pa_m", "loss_kpa"} <= set(results.pipes.columns)
    assert results.pipes["flow_kg_s"].tolist() == pytest.approx([5.0, 0.0], abs=1e-9)
    assert results.stations.empty
    assert results.check().mass_relative < 1e-8


def test_a_negative_demand_feeds_the_network():
    network = one_pipe({"A-B": {}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": -5.0}})
    results = gisheat.solve(network)
    assert results.pipes["flow_kg_s"][0] == pytest.approx(-5.0)
    assert results.nodes["head_m"][1] > 50.0


def test_a_closed_pipe_of_a_one_pipe_network_carries_nothing():
    edges = {"A-B": {}, "A-B'": {"status": "closed"}}
    network = one_pipe(edges, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 5.0}})
    flow = gisheat.solve(network).pipes["flow_kg_s"]
    assert flow[0] == pytest.approx(5.0)
    assert np.isnan(flow[1])


def test_a_one_pipe_network_without_a_fixed_head_is_refused():
    with pytest.raises(gisheat.TopologyError, match="fixed_head_m"):
        gisheat.solve(one_pipe({"A-B": {}}, {"A": {}, "B": {"demand_kg_s": 5.0}}))


# refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "change", "message"),
    [
        ("nodes", lambda t: t.drop(columns="node_id"), "nodes: the column node_id is missing"),
        ("pipes", lambda t: t.drop(columns="length_m"), "pipes: the column length_m is missing"),
        ("pipes", lambda t: t.assign(to_node="Z9"), "'Z9', which is not in the nodes"),
        ("pipes", lambda t: t.assign(pipe_id="P"), "pipe_id 'P' occurs more than once"),
        ("pipes", lambda t: t.assign(length_m=-1.0), "length_m is -1; a finite number not below 0 is needed"),
        ("pipes", lambda t: t.assign(length_m=np.nan), "length_m is nan"),
        ("pipes", lambda t: t.assign(inner_diameter_mm=np.inf), "inner_diameter_mm is inf"),
        ("pipes", lambda t: t.assign(roughness_mm="smooth"), "roughness_mm holds something that is no number"),
        ("stations", lambda t: t.drop(columns="flow_t_h"), "neither flow_t_h nor load_kw nor heated_area_m2"),
        ("stations", lambda t: t.drop(columns="node_id"), "stations: the column node_id is missing"),
        ("sources", lambda t: t.assign(node_id="Z9"), "sources: node_id names the node 'Z9'"),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_network_is_refused(layer, change, message):
    tables = draw(TREE)
    wrong = tables._replace(**{layer: change(getattr(tables, layer))})
    with pytest.raises(gisheat.InputError, match=message.replace("(", r"\(")):
        wrong.network()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": {"S1": {"role": "reserve"}}}, "no source is in service"),
        ({"stations": {h: {"status": "closed"} for h in ("H1", "H2", "H3")}}, "no station is in service"),
        ({"pipes": {"A-B": {"inner_diameter_mm": np.nan}}}, "pipe 'A-B' has no valid inner_diameter_mm"),
        ({"pipes": {"A-B": {"status": "abandoned"}}}, "hang together with no source on the supply side"),
    ],
)
def test_a_network_that_has_no_solution_is_refused(changes, message):
    with pytest.raises(gisheat.TopologyError, match=message):
        solved(TREE, **changes)


def test_a_station_on_an_island_is_refused_by_name():
    with pytest.raises(gisheat.TopologyError, match=r"first: H2\)"):
        solved(ISLAND)


def test_two_sources_cannot_both_hold_the_pressure():
    both = {s: {"pressure_holding": True} for s in ("S1", "S2")}
    with pytest.raises(gisheat.TopologyError, match="sources S1, S2 all hold the pressure"):
        solved(TWO_SOURCES, sources=both)


def test_an_unknown_law_is_refused():
    with pytest.raises(gisheat.InputError, match="friction 'manning' is unknown"):
        solved(TREE, options={"friction": "manning"})


def test_without_temperatures_and_water_nothing_can_be_solved():
    unknown = {"S1": {"supply_temp_c": np.nan, "return_temp_c": np.nan}}
    with pytest.raises(gisheat.InputError, match="no supply and return temperature is known"):
        gisheat.solve(draw(TREE, sources=unknown).network())


def test_a_load_without_a_temperature_difference_has_no_flow():
    load = {"flow_t_h": np.nan, "load_kw": 500.0, "supply_temp_c": 60.0, "return_temp_c": 60.0}
    with pytest.raises(gisheat.TopologyError, match="station 'H1' has no flow"):
        solved(TREE, stations={"H1": load})


def test_a_result_that_did_not_converge_is_not_returned():
    with pytest.raises(gisheat.ConvergenceError, match="did not converge in 1 iterations"):
        solved(TWO_RINGS, options={"max_iterations": 1})


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers may grow beyond all bounds before it is refused
@pytest.mark.parametrize("demand", [0.2, 0.4, 0.5, 0.6, 1.0, 1.2])
def test_what_the_rough_law_makes_of_smooth_pipes_is_right_or_refused(demand):
    """At K/d 3e-6 the rough law loses less at Re 4000 than laminar flow at 2000: the loss falls in between."""
    smooth = {"inner_diameter_mm": 300.0, "roughness_mm": 0.001}
    edges = {"A-B": smooth, "A-B'": {**smooth, "length_m": 150.0}}
    network = one_pipe(edges, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": demand}})
    try:
        results = gisheat.solve(network, friction="rough", **WATER)
    except gisheat.ConvergenceError:
        return
    assert results.check().mass < 1e-8
    assert results.check().head < 1e-8
    assert results.pipes["flow_kg_s"].between(0.0, demand).all()
