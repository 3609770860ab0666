"""Loads: flow wins over load, load over area x index; where an index comes from; phases grow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawings import layer, line, point
from pyproj import CRS

from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.loads import assign_loads, expected_loads, mix_heat_index
from gisheat.physics.heat import composite_heat_index, heat_load, mass_flow
from gisheat.topology import build_network

WATER = {"heat_capacity": 4200.0}
MIX = pd.DataFrame({
    "phase": ["near", "near", "far"], "building_use": ["residential", "shop", "residential"],
    "energy_saving": ["two_step", "none", "three_step"], "share_percent": [75.0, 25.0, 100.0],
    "heat_index_w_m2": [40.0, 70.0, np.nan],
})  # fmt: skip
NOTHING = MIX.iloc[:0]


def loads(stations, mix=NOTHING, *, source=None, **options):
    """Loads of stations (a mapping of columns) on one pipe with a source of 85/65 degC."""
    count = len(next(iter(stations.values())))
    names = [f"H{i + 1}" for i in range(count)]
    tables = {
        "pipes": layer([line((0, 0), (1000, 0))]),
        "stations": layer([point(100 * (i + 1), 0) for i in range(count)], station_id=names, **stations),
        "sources": layer([point(0, 0)], source_id=["S"],
                         **(source or {"supply_temp_c": [85.0], "return_temp_c": [65.0]})),
    }  # fmt: skip
    raw = Layers(tables, {}, CRS("EPSG:4552"))
    drawing = build_network(raw, clean(raw), pipe_series("cn-steel"))
    return assign_loads(drawing.network, drawing.stations, mix, **WATER, **options)


def megawatts(found):
    return (found.network.stations.load / 1e6).tolist()


# which input decides ---------------------------------------------------------------------------------------


def test_a_flow_wins_over_a_load_and_a_load_over_area_times_index():
    found = loads({
        "flow_t_h": [36.0, None, None], "load_kw": [1.0, 2000.0, None], "heated_area_m2": [1.0, 1.0, 50_000.0],
        "heat_index_w_m2": [1.0, 1.0, 42.0],
    })  # fmt: skip
    assert found.source.tolist() == ["flow_t_h", "load_kw", "area x index"]
    assert megawatts(found) == pytest.approx([10.0 * 4200.0 * 20.0 / 1e6, 2.0, 2.1])
    assert [f.rule for f in found.findings] == ["load-overruled"]  # 1 kW is not what 36 t/h carry


def test_routing_weighs_stations_by_the_same_order_before_there_is_a_network():
    """36 t/h carry 10 kg/s x 4200 x 20 K; a flow of which nobody states the temperatures counts after load and area."""
    stations = layer([point(i, 0) for i in range(5)], station_id=list("ABCDE"),
                     flow_t_h=[36.0, 36.0, 36.0, None, None], load_kw=[1.0, 1.0, None, 2000.0, None],
                     supply_temp_c=[85.0, None, None, None, None], return_temp_c=[65.0, None, None, None, None],
                     heated_area_m2=[None, None, None, 1.0, 50_000.0],
                     heat_index_w_m2=[None, None, None, 42.0, 42.0])  # fmt: skip
    usual = expected_loads(stations, NOTHING, heat_capacity=4200.0, difference=30.0)
    assert usual / 1e6 == pytest.approx([0.84, 1.26, 1.26, 2.0, 2.1])
    unknown = expected_loads(stations, NOTHING, heat_capacity=4200.0)
    assert unknown / 1e6 == pytest.approx([0.84, 0.001, 2.1, 2.0, 2.1])


def test_an_own_index_wins_over_that_of_the_use_of_the_mix_and_of_the_option():
    """Of the use: 42.5 W/m2, the middle of 40 to 45; of the mix: 0.75 x 40 + 0.25 x 70; of the option: 33."""
    stations = {
        "heated_area_m2": [1e4, 1e4, 1e4], "heat_index_w_m2": [60.0, None, None],
        "building_use": ["residential", "residential", None], "energy_saving": ["two_step", "two_step", None],
    }  # fmt: skip
    found = loads(stations, MIX, phase="near", heat_index=33.0)
    assert found.heat_index.tolist() == pytest.approx([60.0, 42.5, 47.5])
    assert found.source.tolist() == ["area x index", "area x index of use", "area x composite index"]
    assert megawatts(found) == pytest.approx([0.6, 0.425, 0.475])


def test_the_index_of_the_option_is_for_stations_that_nothing_else_covers():
    found = loads({"heated_area_m2": [1e4]}, heat_index=33.0)
    assert found.heat_index.tolist() == [33.0]
    assert found.source.tolist() == ["area x index of option"]


def test_the_position_in_the_published_range_can_be_chosen():
    stations = {"heated_area_m2": [1e4], "building_use": ["residential"], "energy_saving": ["two_step"]}
    assert [loads(stations, heat_index_position=p).heat_index[0] for p in (0.0, 1.0)] == [40.0, 45.0]


def test_where_the_index_played_no_part_only_a_given_one_is_shown():
    found = loads({"load_kw": [500.0, 500.0], "heat_index_w_m2": [45.0, None]}, MIX, phase="near")
    assert found.heat_index[0] == 45.0
    assert np.isnan(found.heat_index[1])


def test_areas_grow_by_a_factor_and_with_them_the_loads():
    stations = {"heated_area_m2": [1e4, 1e4], "heat_index_w_m2": [50.0, 50.0], "load_kw": [None, 700.0]}
    found = loads(stations, area_factor=1.2)
    assert found.network.stations.heated_area.tolist() == pytest.approx([1.2e4, 1.2e4])
    assert megawatts(found) == pytest.approx([0.6, 0.7])  # a stated load is a stated load


def test_the_temperatures_of_the_station_decide_on_its_flow():
    found = loads({"flow_t_h": [36.0, 36.0], "supply_temp_c": [None, 95.0], "return_temp_c": [None, 45.0]})
    assert megawatts(found) == pytest.approx([0.84, 2.1])


# what is missing -------------------------------------------------------------------------------------------


def test_a_station_without_load_flow_or_index_is_an_error_and_left_out():
    found = loads({"load_kw": [500.0, None], "heated_area_m2": [None, 1e4]})
    assert [(f.rule, f.severity, f.source_fid) for f in found.findings] == [("load-unknown", "error", 1)]
    assert found.network.stations.in_service.tolist() == [True, False]


def test_a_load_without_temperatures_is_an_error_and_left_out():
    found = loads({"load_kw": [500.0]}, source={"static_head_m": [30.0]})
    assert [(f.rule, f.severity) for f in found.findings] == [("flow-unknown", "error")]


def test_temperatures_of_the_options_are_for_sources_that_state_none():
    found = loads({"load_kw": [500.0]}, source={"static_head_m": [30.0]}, supply_temp_c=110.0, return_temp_c=60.0)
    assert found.findings == ()
    assert found.network.stations.in_service.all()


def test_a_load_of_zero_is_a_warning_and_stays():
    found = loads({"load_kw": [0.0, 10.0]})
    assert [(f.rule, f.severity, f.source_fid) for f in found.findings] == [("no-load", "warning", 0)]
    assert found.network.stations.in_service.all()


# the mix -----------------------------------------------------------------------------------------------------


def test_the_index_of_a_mix_is_the_mean_weighted_by_the_shares():
    assert mix_heat_index(MIX, "near") == pytest.approx(0.75 * 40.0 + 0.25 * 70.0)


def test_without_a_phase_the_last_one_of_the_mix_counts_and_the_catalogue_fills_in():
    assert mix_heat_index(MIX, None) == pytest.approx(35.0)  # residential, three steps: 30 to 40 W/m2


def test_a_mix_that_says_nothing_about_the_phase_gives_no_index():
    assert mix_heat_index(MIX, "existing") is None
    assert mix_heat_index(NOTHING, "near") is None


def test_only_the_proportions_of_the_shares_count():
    assert composite_heat_index([3, 1], [40.0, 70.0]) == composite_heat_index([75, 25], [40.0, 70.0])


def test_the_current_mix_of_mulan_makes_50_5_though_50_2_are_printed():
    assert composite_heat_index([61, 15, 24], [40, 62, 70]) == pytest.approx(50.5)


def test_load_and_flow_are_inverse():
    flow = mass_flow([5e6, 0.0], 4190.0, 50.0)
    assert heat_load(flow, 4190.0, 50.0).tolist() == pytest.approx([5e6, 0.0])
    assert flow[0] == pytest.approx(5e6 / (4190.0 * 50.0))
