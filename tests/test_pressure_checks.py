"""The checks of pressures just inside and just outside of their limits, reckoned by hand.

All is done with water of 1000 kg/m3, so that a metre of head is 9.80665 kPa, in pipes so wide that they lose nothing.
Saturation pressures are those of steam tables: 110 degC 42, 130 degC 169, 150 degC 375 kPa above the air at sea level.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from drawings import call, findings, layer, point, town, write
from networks import TREE, WATER, draw

import gisheat
from gisheat.pressure_checks import check_pressures
from gisheat.pressure_limits import default_limits

KPA = 1.0 / 9.80665
"""Metres of head of a kilopascal."""


def found(rule, *, limits=None, wanted=None, nodes=None, stations=None, pumps=None, **source):
    """Messages of a rule for the tree, its source with these columns; and no finding twice."""
    wide = {name: {"inner_diameter_mm": 2000.0} for name in ("S1-A", "A-B", "B-H3", "A-H1", "B-H2")}
    columns = {"supply_temp_c": 85.0, "return_temp_c": 60.0, **source}
    tables = draw(TREE, sources={"S1": columns}, pipes=wide, nodes=nodes, stations=stations)
    network = tables.network()
    results = gisheat.solve(network, **(WATER | (wanted or {})))
    drawing = SimpleNamespace(
        nodes=tables.nodes, pipes=tables.pipes, stations=tables.stations, sources=tables.sources, pumps=tables.nodes[:0]
    )
    listed = check_pressures(drawing, results, default_limits(network, **(limits or {})))
    assert len({(f.rule, f.message[:24]) for f in listed}) == len(listed)
    assert all(f.severity == "warning" and f.repair for f in listed)
    return [f.message for f in listed if f.rule == rule]


def user(**columns):
    """Station H1 (the second of three) as a direct user."""
    return {name: np.array([np.nan, value, np.nan]) for name, value in columns.items()}


# running --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("temperature", "excess"), [(110.0, 42.0), (130.0, 169.0), (150.0, 375.0)])
def test_the_supply_stands_its_margin_above_boiling(temperature, excess):
    """With the usual 40 kPa; the return is held so low that the supply has just this."""
    high = {"supply_temp_c": temperature, "static_head_m": 10.0}
    assert not found("boiling", **high, supply_head_m=(excess + 40.0 + 1.5) * KPA)
    (said,) = found("boiling", **high, supply_head_m=(excess + 40.0 - 1.5) * KPA)
    assert "at 6 node(s); least" in said
    (said,) = found("boiling", **high, supply_head_m=(excess - 1.5) * KPA)
    assert "boils at 6 of them" in said


def test_thin_air_lets_water_boil_sooner():
    """At 2000 m the air has 79.5 kPa (ISO 2533), 21.8 kPa less than at the sea."""
    high = {name: {"ground_m": 2000.0} for name in ("S1", "A", "B", "H1", "H2", "H3")}
    at = {"supply_temp_c": 110.0, "static_head_m": 10.0, "nodes": high}
    assert not found("boiling", **at, supply_head_m=(42.0 + 21.8 + 40.0 + 1.5) * KPA)
    assert found("boiling", **at, supply_head_m=(42.0 + 21.8 + 40.0 - 1.5) * KPA)


def test_a_negative_boiling_limit_lowers_nothing():
    """Water of 85 degC boils at -43 kPa: the supply still needs its ordinary 50 kPa."""
    assert not found("boiling", supply_head_m=49.0 * KPA, static_head_m=60.0 * KPA)
    assert found("pressure-low", supply_head_m=49.0 * KPA, static_head_m=60.0 * KPA)
    assert not found("pressure-low", supply_head_m=51.0 * KPA, static_head_m=60.0 * KPA)


def test_the_return_keeps_fifty_kilopascal_everywhere():
    assert not found("pressure-low", static_head_m=50.1 * KPA)
    (said,) = found("pressure-low", static_head_m=49.9 * KPA)
    assert said.startswith("The return pressure is below 50 kPa")
    assert not found("pressure-low", static_head_m=20.1 * KPA, limits={"least_return": 20e3})


def test_a_pressure_below_zero_is_told_once_and_not_as_low_again():
    up = {"nodes": {"H1": {"ground_m": 31.0}}, "static_head_m": 30.0}
    said = found("pressure-negative", **up)
    assert [line.split(" pressure")[0] for line in said] == ["The return", "The static"]
    assert not found("pressure-low", **up)
    assert not found("static-low", **up)


def test_a_pipe_of_its_class_runs_at_its_class():
    """1.6 MPa where nothing else is said."""
    assert not found("over-pressure", supply_head_m=1599.0 * KPA)
    (said,) = found("over-pressure", supply_head_m=1601.0 * KPA)
    assert "running is too high for 5 pipe(s)" in said
    weak = np.array([1.6e6, 1.6e6, 1e6, 1.6e6, 1.6e6])
    (said,) = found("over-pressure", supply_head_m=1001.0 * KPA, limits={"pipe_class": weak})
    assert "for 1 pipe(s); most: 1001 kPa in B-H3, which stands 1000 kPa" in said


# at rest --------------------------------------------------------------------------------------------------


def test_the_static_line_keeps_three_metres_above_the_highest_pipe():
    hill = {"nodes": {"H3": {"ground_m": 20.0}}}
    assert not found("static-low", static_head_m=23.01, **hill)
    (said,) = found("static-low", static_head_m=22.99, **hill)
    assert "H3 has 29 kPa and needs 29 kPa to stay full" in said


@pytest.mark.parametrize(("temperature", "excess"), [(110.0, 42.0), (130.0, 169.0)])
def test_the_static_line_keeps_the_hot_network_liquid(temperature, excess):
    hot = {"supply_temp_c": temperature}
    assert not found("static-low", static_head_m=(excess + 40.0 + 1.5) * KPA, **hot)
    (said,) = found("static-low", static_head_m=(excess + 40.0 - 1.5) * KPA, **hot)
    assert f"liquid at {temperature:g} degC" in said


def test_a_static_line_that_gisheat_chooses_keeps_its_own_checks():
    hill = {"nodes": {"H3": {"ground_m": 700.0}, "S1": {"ground_m": 650.0}}, "static_head_m": np.nan}
    for temperature in (85.0, 110.0, 130.0):
        assert not found("static-low", supply_temp_c=temperature, **hill)


def test_a_network_filled_with_cold_water_is_heavier():
    """Held at 100 m of water of 950 kg/m3 (931.6 kPa); 50 m below stand 50 m of 1000.1 kg/m3 (490.4 kPa) more."""
    deep = {"nodes": {"S1": {"ground_m": 50.0}}, "static_head_m": 100.0, "supply_head_m": 101.0}
    light = {"wanted": {"density_kg_m3": 950.0}}
    assert not found("over-pressure", limits={"pipe_class": np.full(5, 1422.5e3)}, **deep, **light)
    (said,) = found("over-pressure", limits={"pipe_class": np.full(5, 1421.5e3)}, **deep, **light)
    assert "at rest with cold water" in said


def test_pumps_against_closed_valves():
    """30 m at the suction and 60 m of the pump at no flow: 882.6 kPa."""
    pump = {"pump_control": "curve", "pump_curve": "0:60; 100:45; 200:20", "static_head_m": 30.0}
    assert not found("over-pressure", limits={"pipe_class": np.full(5, 883.0e3)}, **pump)
    (said,) = found("over-pressure", limits={"pipe_class": np.full(5, 882.0e3)}, **pump)
    assert "with the pumps against closed valves is too high for 5 pipe(s); most: 883 kPa" in said


# direct users ---------------------------------------------------------------------------------------------


def test_direct_users_stay_full_running_and_at_rest():
    """A top of 20 m needs 23 m."""
    top = {"limits": user(user_top=20.0, user_ground=0.0, user_pressure=4e5)}
    assert not found("user-empty", static_head_m=23.01, **top)
    said = found("user-empty", static_head_m=22.99, **top)
    assert [line.split(" head")[0] for line in said] == ["The return", "The static"]
    assert all("H1, whose users reach 20.0 m and need 3 m above" in line for line in said)


def test_direct_users_bear_four_bar():
    """400 kPa, at the ground of the station."""
    user_of = {"limits": user(user_top=np.nan, user_ground=5.0, user_pressure=4e5)}
    assert not found("user-pressure", static_head_m=5.0 + 399.5 * KPA, **user_of)
    said = found("user-pressure", static_head_m=5.0 + 400.5 * KPA, **user_of)
    assert [line.split(" pressure")[0] for line in said] == ["The return", "The static"]
    assert "which bears 400 kPa" in said[0]


# suction --------------------------------------------------------------------------------------------------


def test_the_suction_stands_above_boiling():
    """Water of 120 degC boils at 198.7 kPa (steam tables): with 50 kPa more, less the air, 147.4 kPa are needed."""
    hot = {"supply_temp_c": 150.0, "return_temp_c": 120.0}
    assert not found("suction-low", static_head_m=148.0 * KPA, **hot)
    (said,) = found("suction-low", static_head_m=146.8 * KPA, **hot)
    assert "sources" not in said and "S1 has 147 kPa of water of 120 degC" in said


def test_the_npsh_of_the_pumps_is_there():
    """100 kPa of water of 60 degC, which boils at 19.95 kPa: (100 + 101.325 - 19.95) / 9.80665 = 18.50 m."""
    at = {"static_head_m": 100.0 * KPA}
    assert not found("suction-low", limits={"npsh": np.array([17.9])}, **at)
    (said,) = found("suction-low", limits={"npsh": np.array([18.1])}, **at)
    assert "an NPSH of 18.5 m and needs 18.1 m and 0.5 m more" in said


# on a map -------------------------------------------------------------------------------------------------


def test_columns_and_options_say_the_limits_and_the_findings_stand_at_their_places(tmp_path):
    """H1 is direct and 40 m high, H2 as high behind an exchanger; P3 stands less than the others."""
    layers = town()
    layers["stations"] = layers["stations"].assign(connection=["direct", "indirect"], user_top_m=40.0)
    layers["pipes"]["design_pressure_kpa"] = [None, None, 250.0]
    file = write(tmp_path / "town.gpkg", layers)
    out = tmp_path / "out.gpkg"
    call("solve", file, "-o", out, "--emptying-margin-m", "4", "--user-pressure-kpa", "280")
    listed = findings(out)
    pressures = listed[listed["rule"].isin(["user-empty", "user-pressure", "over-pressure"])]
    said = sorted(zip(pressures["rule"], pressures["layer"], pressures["source_fid"], strict=True))
    assert said == [
        ("over-pressure", "pipes", 3), ("over-pressure", "pipes", 3),
        ("user-empty", "stations", 1), ("user-empty", "stations", 1),
        ("user-pressure", "stations", 1), ("user-pressure", "stations", 1),
    ]  # fmt: skip
    assert "whose users reach 140.0 m and need 4 m above" in " ".join(pressures["message"])


def test_many_places_are_one_finding(tmp_path):
    """Two hundred stations on a hill above the static line."""
    count = 200
    layers = town(
        stations=layer(
            [point(100 + 0.4 * i, 60.0) for i in range(count)], station_id=[f"H{i}" for i in range(count)],
            load_kw=[10.0] * count, ground_m=[128.0] * count,
        )
    )  # fmt: skip
    call("solve", write(tmp_path / "town.gpkg", layers), "-o", tmp_path / "out.gpkg")
    listed = findings(tmp_path / "out.gpkg")
    low = listed[listed["rule"].isin(["pressure-low", "static-low"])]
    assert sorted(low["rule"]) == ["pressure-low", "static-low"]
    counts = [int(message.split(" node(s)")[0].split()[-1]) for message in low["message"]]
    assert min(counts) >= count
