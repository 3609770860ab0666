"""Valves and pumps: drawn as points on pipes, in the network between two nodes at one place.

Sketches are in metres; the tolerance is 0.5 m. `between` says which pipes hang on either side of a valve or pump.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from drawings import CRS, layer, line, point, town
from effort import examples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_topology import SERIES, ends, lineage, pipes, points, rules

from gisheat import tables
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.network import PUMP_CONTROLS, SOURCE_CONTROLS, VALVE_KINDS
from gisheat.numerics.incidence import components
from gisheat.topology import build_network, in_phase

STREET = {"a": [(0, 0), (100, 0)]}
TEE = {"a": [(0, 0), (40, 0)], "b": [(40, 0), (100, 0)], "c": [(40, 0), (40, 30)]}
CURVE = "0:60; 100:30"
SIDES = (None, "supply", "return", "both")


def build(lines, **given):
    """Network of pipes with other layers; places by name, or whole layers."""
    drawn = {"pipes": lines if isinstance(lines, gpd.GeoDataFrame) else pipes(lines)}
    for name, features in given.items():
        drawn[name] = features if isinstance(features, gpd.GeoDataFrame) else points(name, features)
    if "pumps" in drawn and "curve" not in drawn["pumps"]:
        drawn["pumps"]["curve"] = CURVE
    return from_layers(drawn)


def from_layers(drawn):
    raw = Layers(drawn, {}, pyproj.CRS(CRS))
    return build_network(raw, clean(raw), SERIES)


def between(drawing):
    """Valve or pump -> what hangs on its first and on its second node: pipes, other valves and pumps."""
    network = drawing.network
    tables = (network.pipes, network.valves, network.pumps)
    at = {}
    for table in tables:
        for name, start, end in zip(table.id, table.start, table.end, strict=True):
            for node in {start, end}:
                at.setdefault(node, []).append(name)
    return {
        name: tuple(" ".join(sorted(n for n in at[node] if n != name)) for node in (start, end))
        for table in tables[1:]
        for name, start, end in zip(table.id, table.start, table.end, strict=True)
    }


def found(drawing, rule):
    return [(f.layer, f.source_fid, f.severity) for f in drawing.findings if f.rule == rule]


def as_input(drawing):
    """The layers of a result, as a second run reads them."""
    return {
        "pipes": tables.pipe_layer(drawing, None, SERIES, None),
        "nodes": tables.node_layer(drawing, None),
        "stations": tables.station_layer(drawing, None, None),
        **tables.device_layers(drawing, None),
    }


def same_again(drawing):
    """A second run makes the same layers as the first one."""
    first = as_input(drawing)
    again = as_input(from_layers(first))
    assert list(again) == list(first)
    for name, table in first.items():
        one, other = (
            t.drop(columns=["source_fid", "source_layer", "repaired"], errors="ignore") for t in (table, again[name])
        )
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


# a valve on a pipe ---------------------------------------------------------------------------------------


def test_a_valve_cuts_its_pipe_and_stands_between_two_nodes_at_one_place():
    """a----V------a"""
    drawing = build(STREET, valves={"V": (40, 0)})
    assert ends(drawing) == {"a.1": ((0, 0), (40, 0)), "a.2": ((40, 0), (100, 0))}
    assert between(drawing) == {"V": ("a.1", "a.2")}
    assert drawing.nodes["node_id"].tolist() == ["N1", "N2", "N3", "N2.V"]
    assert drawing.valves[["from_node", "to_node"]].to_numpy().tolist() == [["N2", "N2.V"]]
    assert drawing.pipes["parent_id"].tolist() == ["a", "a"]
    assert drawing.pipes["length_m"].tolist() == pytest.approx([40.0, 60.0])
    assert lineage(drawing) == [(0, "a.1", "split"), (0, "a.2", "split")]
    assert lineage(drawing, "valves") == [(0, "V", "kept")]
    assert rules(drawing) == ["pipe-split"]


def test_a_valve_leads_as_its_pipe_is_drawn():
    drawing = build({"a": [(100, 0), (0, 0)]}, valves={"V": (40, 0)})
    assert between(drawing) == {"V": ("a.1", "a.2")}
    assert ends(drawing)["a.1"] == ((100, 0), (40, 0))


def test_a_pump_pushes_as_the_two_nodes_that_it_names_lie():
    """Drawn from right to left; the pump is to push from K to L."""
    drawing = build(
        {"a": [(100, 0), (0, 0)]},
        nodes={"K": (0, 0), "L": (100, 0)},
        pumps=points("pumps", {"U": (40, 0)}, from_node=["K"], to_node=["L"]),
    )
    assert between(drawing) == {"U": ("a.2", "a.1")}
    same_again(drawing)


def test_both_nodes_have_the_height_of_the_place():
    drawing = build(
        STREET, valves={"V": (40, 0)}, nodes=points("nodes", {"K": (0, 0), "L": (100, 0)}, ground_m=[0, 10])
    )
    assert drawing.network.nodes.ground.tolist() == pytest.approx([0.0, 4.0, 10.0, 4.0])


def test_valves_and_pumps_on_one_pipe_stand_in_its_order():
    drawing = build(STREET, valves={"W": (70, 0), "V": (20, 0)}, pumps={"U": (50, 0)})
    assert between(drawing) == {"V": ("a.1", "a.2"), "U": ("a.2", "a.3"), "W": ("a.3", "a.4")}


def test_valves_closer_than_the_tolerance_share_a_place_in_their_order():
    """a--WUV--a with 0.2 m between them: no pipe of 0.2 m comes of it."""
    drawing = build(STREET, valves={"V": (40.4, 0), "W": (40, 0)}, pumps={"U": (40.2, 0)})
    assert between(drawing) == {"W": ("a.1", "U"), "U": ("W", "V"), "V": ("U", "a.2")}
    assert len(drawing.pipes) == 2
    assert lineage(drawing, "valves") == [(0, "V", "moved"), (1, "W", "kept")]
    same_again(drawing)


def test_two_at_exactly_one_place_are_sorted_by_name_valves_first():
    drawing = build(STREET, valves={"W": (40, 0), "V": (40, 0)}, pumps={"A": (40, 0)})
    assert between(drawing) == {"V": ("a.1", "W"), "W": ("V", "A"), "A": ("W", "a.2")}
    same_again(drawing)


@pytest.mark.parametrize(("gap", "severity"), [(0.3, "info"), (3.0, "warning")])
def test_a_valve_beside_its_pipe_is_moved_onto_it(gap, severity):
    drawing = build(STREET, valves={"V": (40, gap)})
    assert found(drawing, "moved-to-pipe") == [("valves", 0, severity)]
    assert drawing.valves.geometry.iloc[0].equals(point(40, 0))
    assert drawing.pipes["length_m"].sum() == pytest.approx(100.0)  # the pipe is not bent to the valve
    assert lineage(drawing, "valves") == [(0, "V", "moved")]


def test_a_valve_more_than_ten_tolerances_from_any_pipe_is_kept_but_no_part_of_the_network():
    drawing = build(STREET, valves={"V": (40, 5.1), "W": (50, 0)})
    (finding,) = [f for f in drawing.findings if f.rule == "off-pipe"]
    assert (finding.severity, finding.layer, finding.source_fid) == ("error", "valves", 0)
    assert finding.distance == pytest.approx(5.1)
    assert drawing.network.valves.id.tolist() == ["W"]
    result = tables.device_layers(drawing, None)["valves"]
    assert result["valve_id"].tolist() == ["V", "W"]
    assert result["from_node"].isna().tolist() == [True, False]
    assert result.geometry.iloc[0].equals(point(40, 5.1))
    assert lineage(drawing, "valves") == [(0, "V", "unused"), (1, "W", "kept")]


def test_without_a_pipe_of_its_line_a_pump_has_nothing_to_sit_in():
    drawn = pipes(STREET, line=["supply"])
    drawing = build(drawn, pumps=points("pumps", {"U": (40, 0)}, line=["return"]))
    assert [f.distance for f in drawing.findings if f.rule == "off-pipe"] == [None]


def test_z_of_a_valve_is_kept_where_it_is_moved():
    valves = layer([shapely.Point(*point(40, 0.3).coords[0], 120.0)], valve_id=["V"])
    moved = build(STREET, valves=valves).valves.geometry.iloc[0]
    assert (moved.y, moved.z) == (point(0, 0).y, 120.0)


def test_a_pipe_drawn_twice_is_cut_twice_and_stays_one():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100, 0), (0, 0)]}, valves={"V": (40, 0)})
    assert len(drawing.network.pipes) == 2
    assert [len(side.split()) for side in between(drawing)["V"]] == [1, 1]


def test_pipes_that_cross_under_a_valve_stay_apart():
    drawing = build({"a": [(0, 0), (80, 80)], "b": [(0, 80), (80, 0)]}, valves={"V": (40, 40)})
    assert len(drawing.network.pipes) == 3


# where pipes meet ----------------------------------------------------------------------------------------


def test_a_valve_between_two_pipes_drawn_in_one_sense_needs_no_choice():
    """a---V---b"""
    drawing = build(
        {"a": [(0, 0), (40, 0)], "b": [(40, 0), (100, 0)]}, valves=points("valves", {"V": (40, 0)}, kind=["check"])
    )
    assert between(drawing) == {"V": ("a", "b")}
    assert found(drawing, "at-junction") == []


@pytest.mark.parametrize(("kind", "severities"), [("check", ["warning"]), ("isolation", [])])
def test_between_pipes_drawn_against_each_other_the_sense_is_a_guess_where_it_matters(kind, severities):
    drawn = {"a": [(0, 0), (40, 0)], "b": [(100, 0), (40, 0)]}
    drawing = build(drawn, valves=points("valves", {"V": (40, 0)}, kind=[kind]))
    assert between(drawing) == {"V": ("a", "b")}
    assert [severity for *_, severity in found(drawing, "at-junction")] == severities


def test_a_valve_exactly_at_a_junction_goes_into_a_named_pipe_with_a_finding():
    """
    a---V---b      into b: of the pipes that leave, the first by name
        |
        c
    """
    drawing = build(TEE, valves={"V": (40, 0)})
    assert between(drawing) == {"V": ("a c", "b")}
    (finding,) = [f for f in drawing.findings if f.rule == "at-junction"]
    assert finding.message == "valve V stands where the pipes a, b, c meet; it was put into b."
    same_again(drawing)


def test_a_valve_beside_a_junction_belongs_to_the_pipe_that_it_lies_on():
    """0.3 m up the branch: at the junction, but in the branch."""
    drawing = build(TEE, valves={"V": (40, 0.3)})
    assert between(drawing) == {"V": ("a b", "c")}
    assert found(drawing, "at-junction") == []
    same_again(drawing)


def test_a_valve_that_is_reached_before_the_junction_leads_to_it():
    drawing = build(TEE, valves={"V": (39.7, 0), "W": (39.8, 0)})
    assert between(drawing) == {"V": ("a", "W"), "W": ("V", "b c")}
    same_again(drawing)


def test_each_branch_of_a_junction_may_have_its_valve():
    drawing = build(TEE, valves={"A": (39.7, 0), "B": (40.3, 0), "C": (40, 0.3)})
    assert between(drawing) == {"A": ("a", "B C"), "B": ("A C", "b"), "C": ("A B", "c")}
    same_again(drawing)


def test_a_valve_where_a_station_stands_is_in_front_of_it():
    drawing = build(STREET, valves={"V": (100, 0)}, stations={"H": (100, 0)})
    network = drawing.network
    assert network.valves.end.tolist() == network.stations.supply_node.tolist()
    assert network.pipes.end.tolist() == network.valves.start.tolist()
    same_again(drawing)


def test_a_station_beside_the_valve_in_the_middle_of_a_pipe_makes_a_junction():
    drawing = build(STREET, valves={"V": (40, 0)}, stations={"H": (40, 20)})
    assert found(drawing, "at-junction") == [("valves", 0, "warning")]
    assert between(drawing) == {"V": ("H.connection a.1", "a.2")}
    same_again(drawing)


def test_a_closed_line_with_a_valve_is_closed_no_longer():
    ring = {"a": [(0, 0), (100, 0)], "b": [(100, 0), (150, 0), (150, 50), (100, 0)]}
    drawing = build(ring, valves={"V": (150, 25)})
    assert between(drawing) == {"V": ("b.1", "b.2")}
    assert drawing.network.pipes.in_service.all()


def test_the_tee_of_a_closed_line_alone_gives_a_valve_no_pipe():
    drawing = build({"b": [(100, 0), (150, 0), (150, 50), (100, 0)]}, valves={"V": (100, 0)})
    assert found(drawing, "off-pipe") == [("valves", 0, "error")]


# supply and return ---------------------------------------------------------------------------------------


def sides(drawing):
    network = drawing.network
    return {
        name: (bool(s), bool(r))
        for table in (network.valves, network.pumps)
        for name, s, r in zip(table.id, table.in_supply, table.in_return, strict=True)
    }


def test_on_a_pair_valves_act_on_both_and_pumps_on_the_supply_unless_they_say_so():
    valves = points("valves", {"V": (20, 0), "W": (40, 0), "X": (60, 0)}, line=[None, "return", "supply"])
    pumps = points("pumps", {"U": (70, 0), "T": (80, 0)}, line=[None, "return"])
    assert sides(build(STREET, valves=valves, pumps=pumps)) == {
        "V": (True, True), "W": (False, True), "X": (True, False), "U": (True, False), "T": (False, True),
    }  # fmt: skip


@pytest.fixture
def apart():
    """s----s   supply and return drawn 1 m apart
    r----r"""
    return pipes({"s": [(0, 0), (100, 0)], "r": [(0, 1), (100, 1)]}, line=["supply", "return"])


def test_where_the_lines_are_drawn_apart_each_acts_on_the_one_it_lies_on(apart):
    drawing = build(apart, valves={"V": (40, 0.1), "W": (60, 0.9)}, pumps={"U": (80, 1)})
    assert sides(drawing) == {"V": (True, False), "W": (False, True), "U": (False, True)}
    assert between(drawing) == {"V": ("s.1", "s.2"), "W": ("r.1", "r.2"), "U": ("r.2", "r.3")}
    assert found(drawing, "line-apart") == []


def test_the_stated_line_wins_over_the_nearest(apart):
    drawing = build(apart, valves=points("valves", {"V": (40, 0)}, line=["return"]))
    assert between(drawing) == {"V": ("r.1", "r.2")}
    assert sides(drawing) == {"V": (False, True)}


def test_one_valve_cannot_act_on_two_lines_that_are_drawn_apart(apart):
    drawing = build(apart, valves=points("valves", {"V": (40, 0.2)}, line=["both"]))
    assert found(drawing, "line-apart") == [("valves", 0, "warning")]
    assert sides(drawing) == {"V": (True, False)}


def test_a_bypass_leads_from_supply_to_return_at_one_node():
    valves = points("valves", {"Y": (100, 0), "Z": (40, 0)}, kind=["bypass"] * 2, setting_kpa=[50.0, 60.0])
    drawing = build(STREET, valves=valves)
    network = drawing.network
    assert list(ends(drawing)) == ["a.1", "a.2"]
    assert network.valves.start.tolist() == network.valves.end.tolist() == [2, 1]
    assert len(network.nodes) == 3
    assert drawing.valves["from_node"].tolist() == drawing.valves["to_node"].tolist() == ["N3", "N2"]
    same_again(drawing)


def test_a_bypass_on_one_line_alone_leads_nowhere(apart):
    valves = points("valves", {"Y": (40, 0)}, kind=["bypass"], kvs_m3_h=[10.0])
    drawing = build(apart, valves=valves)
    assert found(drawing, "line-apart") == [("valves", 0, "error")]
    assert len(drawing.network.valves) == 0
    assert lineage(drawing, "valves") == [(0, "Y", "unused")]


# columns -------------------------------------------------------------------------------------------------


def test_columns_become_arrays_in_si():
    valves = points(
        "valves", {"V": (20, 0), "W": (40, 0)}, kind=["pressure_reducing", None], dn_mm=[200, None],
        kvs_m3_h=[36.0, None], opening=[0.5, None], characteristic=["equal_percentage", None],
        state=[None, "closed"], setting_kpa=[300.0, None], setting_t_h=[3.6, None],
    )  # fmt: skip
    pumps = points(
        "pumps", {"U": (60, 0), "T": (80, 0)}, control=[None, "constant_difference"], setpoint_kpa=[None, 50.0],
        curve=["0:60; 360:45", None], speed=[0.9, None], count=[2, None], efficiency=[0.6, None],
        status=["stopped", None],
    )  # fmt: skip
    network = build(STREET, valves=valves, pumps=pumps).network
    valve, pump = network.valves, network.pumps
    assert [VALVE_KINDS[k] for k in valve.kind] == ["pressure_reducing", "isolation"]
    np.testing.assert_allclose(valve.bore, [0.2, np.nan])
    np.testing.assert_allclose(valve.kvs, [0.01, np.nan])
    assert valve.opening.tolist() == [0.5, 1.0]
    assert valve.characteristic.tolist() == [1, 0]
    assert valve.is_open.tolist() == [True, False]
    np.testing.assert_allclose(valve.pressure_setting, [3e5, np.nan])
    np.testing.assert_allclose(valve.flow_setting, [1.0, np.nan])
    assert [PUMP_CONTROLS[k] for k in pump.control] == ["constant_speed", "constant_difference"]
    np.testing.assert_allclose(pump.setpoint, [np.nan, 5e4])
    np.testing.assert_allclose(pump.curve[0], [[0.0, 60.0], [0.1, 45.0]])
    assert pump.curve[1] is None
    assert (pump.speed.tolist(), pump.count.tolist(), pump.efficiency.tolist()) == ([0.9, 1.0], [2.0, 1.0], [0.6, 0.75])
    assert pump.running.tolist() == [False, True]


@pytest.mark.parametrize(
    ("kind", "column"),
    [("pressure_reducing", "setting_kpa"), ("pressure_sustaining", "setting_kpa"),
     ("differential_pressure", "setting_kpa"), ("flow_limiter", "setting_t_h")],
)  # fmt: skip
def test_a_valve_without_the_setting_of_its_kind_passes_freely_and_says_so(kind, column):
    drawing = build(STREET, valves=points("valves", {"V": (40, 0)}, kind=[kind]))
    (finding,) = [f for f in drawing.findings if f.rule == "setting-missing"]
    assert column in finding.message
    assert VALVE_KINDS[drawing.network.valves.kind[0]] == "isolation"
    assert drawing.valves["kind"].tolist() == [kind]
    complete = points("valves", {"V": (40, 0)}, kind=[kind], **{column: [100.0]})
    assert found(build(STREET, valves=complete), "setting-missing") == []


@pytest.mark.parametrize(("opening", "count"), [(None, 0), (1.0, 0), (0.0, 0), (0.4, 1)])
def test_a_control_valve_that_throttles_needs_its_kvs(opening, count):
    valves = points("valves", {"V": (40, 0)}, kind=["control"], opening=[opening])
    assert len(found(build(STREET, valves=valves), "setting-missing")) == count


def test_a_bypass_of_which_nothing_is_known_would_join_supply_and_return():
    drawing = build(STREET, valves=points("valves", {"Y": (40, 0)}, kind=["bypass"]))
    assert found(drawing, "setting-missing") == [("valves", 0, "error")]
    assert list(ends(drawing)) == ["a"]


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        ({"control": [None], "curve": [None]}, "curve"),
        ({"control": ["worst_station"], "curve": [None]}, "curve"),
        ({"control": ["constant_difference"], "curve": [None]}, "setpoint_kpa"),
        ({"control": ["proportional_difference"], "curve": [CURVE]}, "setpoint_kpa"),
        ({"control": ["constant_difference"], "curve": [CURVE]}, None),
        ({"control": ["constant_difference"], "curve": [None], "setpoint_kpa": [50.0]}, None),
    ],
)
def test_a_pump_without_what_its_control_needs_is_left_out(columns, missing):
    drawing = build(STREET, pumps=points("pumps", {"U": (40, 0)}, **columns))
    messages = [f.message for f in drawing.findings if f.rule == "setting-missing"]
    assert [m.split(" without ")[1].split(";")[0] for m in messages] == ([missing] if missing else [])
    assert len(drawing.network.pumps) == (0 if missing else 1)
    assert lineage(drawing, "pumps") == [(0, "U", "unused" if missing else "kept")]


def test_a_curve_that_rises_is_a_finding_and_unknown():
    pumps = points("pumps", {"U": (40, 0)}, control=["constant_difference"], setpoint_kpa=[50.0], curve=["0:5; 10:9"])
    drawing = build(STREET, pumps=pumps)
    (finding,) = [f for f in drawing.findings if f.rule == "curve-bad"]
    assert finding.message.startswith("pump U: curve '0:5; 10:9' rises")
    assert drawing.network.pumps.curve.tolist() == [None]


@pytest.mark.parametrize(
    ("curve", "expected"), [("what", ["curve-bad", "setting-missing"]), (None, ["setting-missing"]), (CURVE, [])]
)
def test_a_source_without_a_curve_that_is_understood_has_the_head_that_is_needed(curve, expected):
    sources = points("sources", {"S": (0, 0)}, pump_control=["curve"], pump_curve=[curve])
    drawing = build(STREET, sources=sources)
    assert [f.rule for f in drawing.findings if f.layer == "sources"] == expected
    assert SOURCE_CONTROLS[drawing.network.sources.pump_control[0]] == ("" if expected else "curve")


# phases --------------------------------------------------------------------------------------------------


def test_a_valve_is_there_from_its_phase_on_else_from_that_of_its_pipe():
    drawn = pipes({"a": [(0, 0), (100, 0)], "b": [(100, 0), (200, 0)]}, phase=[None, "far"])
    valves = points("valves", {"V": (40, 0), "W": (60, 0), "X": (150, 0)}, phase=["near", "far", None])
    pumps = points("pumps", {"U": (80, 0), "T": (170, 0)}, phase=["far", "near"])
    drawing = build(drawn, valves=valves, pumps=pumps)
    order = ("existing", "near", "far")
    near, everything = in_phase(drawing, "near", order), in_phase(drawing, None, order)
    assert near.valves.in_service.tolist() == [True, False, False]
    assert near.pumps.in_service.tolist() == [False, False]
    assert everything.valves.in_service.all()
    assert everything.pumps.in_service.all()


# the result as an input ----------------------------------------------------------------------------------


def test_a_valve_where_pipes_cross_does_not_join_them_in_a_second_run():
    drawing = build({"a": [(0, 0), (80, 80)], "b": [(0, 80), (80, 0)]}, valves={"V": (40, 40.2)})
    again = from_layers(as_input(drawing))
    assert len(again.network.pipes) == 3
    same_again(drawing)


def test_supply_and_return_that_end_at_one_place_stay_two_nodes():
    drawn = pipes({"s": [(0, 0), (40, 0)], "r": [(80, 0), (40, 0)]}, line=["supply", "return"])
    drawing = build(drawn)
    assert len(drawing.nodes) == 4
    same_again(drawing)


def test_a_loose_end_of_a_result_is_joined_when_the_tolerance_grows():
    first = as_input(build({"a": [(0, 0), (100, 0)], "b": [(40, 0.7), (40, 30)]}))
    raw = Layers(first, {}, pyproj.CRS(CRS))
    assert list(ends(build_network(raw, clean(raw), SERIES, snap_tolerance=0.8))) == ["a.1", "a.2", "b"]


def test_a_second_run_changes_nothing_in_the_layers():
    drawn = {**TEE, "d": [(100, 0), (100, 80)], "e": [(40, 30), (100, 80)]}
    drawing = build(
        drawn,
        valves=points(
            "valves", {"V": (40, 0), "W": (40, 0), "X": (20, 1), "Y": (100, 0), "Z": (100, 40), "O": (900, 0)},
            kind=["check", None, "flow_limiter", "bypass", None, None], kvs_m3_h=[None, None, None, 3.0, None, None],
            colour=list("rgbcmy"),
        ),
        pumps={"V": (40, 0), "U": (70, 40)},
        stations={"H": (100, 0), "I": (100, 80)},
        nodes=points("nodes", {"K": (40, 0), "N5": (70, 0)}, ground_m=[100.0, 99.0], note=["here", "there"]),
    )  # fmt: skip
    same_again(drawing)
    without_nodes = {name: table for name, table in as_input(drawing).items() if name != "nodes"}
    assert between(from_layers(without_nodes)) == between(drawing)


def test_a_column_of_a_second_node_stays_with_it():
    first = as_input(build(STREET, valves={"V": (40, 0)}))
    first["nodes"]["note"] = [f"note of {name}" for name in first["nodes"]["node_id"]]
    again = from_layers(first)
    assert again.nodes["note"].tolist() == [f"note of {name}" for name in again.nodes["node_id"]]
    assert lineage(again, "nodes") == [(i, name, "kept") for i, name in enumerate(again.nodes["node_id"])]


def test_a_valve_that_was_moved_on_in_a_result_is_where_it_is_now():
    first = as_input(build(STREET, valves={"V": (40, 0)}))
    first["valves"].geometry = [point(70, 0)]
    again = from_layers(first)
    assert between(again) == {"V": ("a.2.1", "a.2.2")}
    assert again.nodes["node_id"].tolist() == ["N1", "N2", "N4", "N3", "N4.V"]


def test_a_valve_that_was_deleted_from_a_result_leaves_the_pipe_whole():
    first = as_input(build(STREET, valves={"V": (40, 0)}))
    del first["valves"]
    again = from_layers(first)
    assert len(np.unique(components(again.network.pipes.start, again.network.pipes.end, len(again.nodes)))) == 1
    assert lineage(again, "nodes")[-1] == (3, "", "unused")


def test_a_valve_added_where_one_stands_in_a_result_stands_behind_it():
    first = as_input(build(STREET, valves={"V": (40, 0)}))
    first["valves"] = pd.concat([first["valves"], points("valves", {"W": (40, 0)})], ignore_index=True)
    assert between(from_layers(first)) == {"V": ("a.1", "W"), "W": ("V", "a.2")}


def test_names_that_look_like_those_of_others_are_kept_apart():
    """Valve 1 behind valve 2.1: both names end in .1."""
    drawing = build(
        {"a": [(0, 0), (100, 0)]}, valves={"2.1": (40, 0), "1": (40.2, 0)}, nodes={"M.1": (0, 0), "Q.1": (40, 0)}
    )
    assert between(drawing) == {"2.1": ("a.1", "1"), "1": ("2.1", "a.2")}
    same_again(drawing)


def test_what_a_run_finds_goes_back_to_the_layers(run):
    """The loss of a Kv of 40: (V / Kv)^2 bar at 1000 kg/m3; saturated water of 110 degC has 950.95 kg/m3 (IAPWS)."""
    drawn = town(
        valves=layer([point(40, 0), point(100, 40), point(60, 40)], valve_id=["V", "W", "X"],
                     kind=["control", "check", None], kvs_m3_h=[40.0, None, None], line=["supply", None, None]),
        pumps=layer([point(20, 0)], pump_id=["U"], control=["constant_difference"], setpoint_kpa=[100.0]),
    )  # fmt: skip
    assert run(drawn).code == 1  # X lies beside all pipes
    valves = pyogrio.read_dataframe(run.output, layer="valves", read_geometry=False).set_index("valve_id")
    stations = pyogrio.read_dataframe(run.output, layer="stations", read_geometry=False).set_index("station_id")
    assert valves["flow_t_h"].tolist()[:2] == pytest.approx([stations["flow_t_h"].sum(), stations["flow_t_h"]["H2"]])
    volume = valves["flow_t_h"]["V"] / 0.95095
    assert valves["loss_kpa"]["V"] == pytest.approx((volume / 40.0) ** 2 * 0.95095 * 100.0, rel=1e-3)
    assert valves["state_found"].fillna("").tolist() == ["open", "open", ""]
    assert valves["from_node"].isna().tolist() == [False, False, True]
    pumps = pyogrio.read_dataframe(run.output, layer="pumps", read_geometry=False)
    assert pumps["head_m"].tolist() == pytest.approx([100e3 / 950.95 / 9.80665], rel=1e-3)
    assert pumps["pump_power_kw"][0] == pytest.approx(
        stations["flow_t_h"].sum() / 3.6 * 9.80665 * pumps["head_m"][0] / 750.0, rel=1e-4
    )
    assert pumps["state_found"].tolist() == ["running"]


# whatever is drawn ---------------------------------------------------------------------------------------

SIDE = 20.0
steps = st.sampled_from([(1, 0), (0, 1), (1, 1), (1, -1), (-1, 0), (0, -1)])
edges = st.tuples(st.tuples(st.integers(0, 3), st.integers(0, 3)), steps)
shares = st.integers(0, 20).map(lambda n: n / 20)
aside = st.sampled_from([0.0, 0.0, 0.2, 2.0, 30.0])
set_in = st.tuples(st.integers(0, 9), shares, aside, st.sampled_from([*VALVE_KINDS, "pump"]), st.sampled_from(SIDES))


@st.composite
def towns(draw):
    """Edges of a grid and its diagonals as pipes, some for one line alone; valves and pumps along and beside them."""
    drawn = draw(st.lists(edges, min_size=1, max_size=10, unique_by=lambda e: frozenset([e[0], towards(e)])))
    shapes = [line(*[(x * SIDE, y * SIDE) for x, y in (e[0], towards(e))]) for e in drawn]
    words = draw(st.lists(st.sampled_from([None, None, "supply", "return"]), min_size=10, max_size=10))
    layers = {"pipes": layer(shapes, pipe_id=[f"p{i}" for i in range(len(shapes))], line=words[: len(shapes)])}
    devices = draw(st.lists(set_in, max_size=8))
    valves, pumps = ([d for d in devices if (d[3] == "pump") == is_pump] for is_pump in (False, True))
    if valves:
        layers["valves"] = layer(
            [beside(shapes, d) for d in valves], valve_id=[f"v{i}" for i in range(len(valves))],
            kind=[d[3] for d in valves], line=[d[4] for d in valves], setting_kpa=[100.0] * len(valves),
        )  # fmt: skip
    if pumps:
        layers["pumps"] = layer(
            [beside(shapes, d) for d in pumps], pump_id=[f"u{i}" for i in range(len(pumps))],
            curve=[CURVE] * len(pumps), line=[None if d[4] == "both" else d[4] for d in pumps],
        )  # fmt: skip
    return layers


def towards(edge):
    (x, y), (dx, dy) = edge
    return x + dx, y + dy


def beside(shapes, device):
    """A place along one of the lines, or beside it by a distance."""
    which, share, gap, *_ = device
    on = shapes[which % len(shapes)].interpolate(share, normalized=True)
    return shapely.Point(on.x + gap, on.y)


def joined(network, *tables):
    """Number of parts of a network that do not hang together."""
    start, end = (np.concatenate([getattr(t, n) for t in tables]) for n in ("start", "end"))
    return len(set(components(start, end, len(network.nodes))))


@settings(deadline=None, max_examples=examples(15))  # a drawing takes half a second
@given(towns())
def test_valves_and_pumps_change_neither_lengths_nor_what_hangs_together_and_all_are_accounted_for(drawn):
    bare, drawing = from_layers({"pipes": drawn["pipes"]}), from_layers(drawn)
    network = drawing.network
    assert drawing.pipes.geometry.length.sum() == pytest.approx(bare.pipes.geometry.length.sum())
    assert network.pipes.length.sum() == pytest.approx(bare.network.pipes.length.sum())
    assert joined(network, network.pipes, network.valves, network.pumps) == joined(bare.network, bare.network.pipes)

    xy = shapely.get_coordinates(drawing.nodes.geometry.to_numpy())
    for table, rows in ((network.valves, drawing.valves), (network.pumps, drawing.pumps)):
        np.testing.assert_array_equal(xy[table.start], xy[table.end])
        np.testing.assert_array_equal(shapely.get_coordinates(rows.geometry.to_numpy()), xy[table.start])
    bypass = network.valves.kind == VALVE_KINDS.index("bypass")
    np.testing.assert_array_equal(network.valves.start == network.valves.end, bypass)
    assert (network.pumps.start != network.pumps.end).all()
    assert len(set(network.nodes.id)) == len(network.nodes)

    listed = drawing.lineage[["source_layer", "source_fid"]].drop_duplicates()
    assert len(listed) == sum(len(t) for t in drawn.values())
    written = tables.device_layers(drawing, None)
    assert {name: len(t) for name, t in written.items()} == {n: len(t) for n, t in drawn.items() if n != "pipes"}


@settings(deadline=None, max_examples=examples(15))  # a drawing takes half a second
@given(towns())
def test_a_second_run_changes_nothing_whatever_is_drawn(drawn):
    same_again(from_layers(drawn))


@settings(deadline=None, max_examples=examples(15))  # a drawing takes half a second
@given(towns())
def test_the_order_of_features_changes_nothing(drawn):
    bare = from_layers({"pipes": drawn["pipes"]})
    assume(len(set(bare.nodes.geometry.to_wkb())) == len(bare.nodes))  # no supply that ends where a return does
    drawing = from_layers(drawn)
    backwards = from_layers({name: t.iloc[::-1].reset_index(drop=True) for name, t in drawn.items()})
    assert between(backwards) == between(drawing)
    assert backwards.network.nodes.id.tolist() == drawing.network.nodes.id.tolist()
