"""Checks: what can't be used becomes unknown and a finding; everything else comes through."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawings import layer, line, point, town
from pyproj import CRS

from gisheat.checks import check, clean
from gisheat.findings import count_by_severity, has_errors
from gisheat.layers import Layers
from gisheat.schema import CHOICE_ALIASES


def cleaned(**tables):
    return clean(Layers(tables, {}, CRS("EPSG:4552")))


def stations(**columns):
    """Stations H1, H2 ... in a row, as many as the columns are long."""
    count = len(next(iter(columns.values())))
    ids = {"station_id": [f"H{i + 1}" for i in range(count)]} | columns
    return layer([point(10 * i, 0) for i in range(count)], **ids)


def pipes(*shapes, **columns):
    return layer([line(*shape) for shape in shapes], **columns)


def found(layers):
    return [(f.rule, f.severity, f.source_fid) for f in layers.findings]


def test_a_proper_drawing_has_no_findings():
    assert check(Layers(town(), {}, CRS("EPSG:4552"))) == []


def test_input_tables_are_left_as_they_are():
    table = stations(load_kw=["12", "much"])
    before = table.copy()
    cleaned(stations=table)
    assert table.equals(before)


def test_a_station_of_an_earlier_result_asks_for_its_design_flow_unless_its_flow_was_edited():
    result = stations(
        flow_t_h=[45.0, 12.0, 0.0, 20.0, 111.111111],
        design_flow_t_h=[30.0, 10.0, 5.0, np.nan, 1000.0],
        imbalance=[1.5, 1.0, 0.0, np.nan, 0.111111],
    )
    layers = cleaned(stations=result)
    assert layers["stations"]["flow_t_h"].tolist() == [30.0, 12.0, 5.0, 20.0, 1000.0]
    assert "design_flow_t_h" not in layers["stations"]


# columns -------------------------------------------------------------------------------------------------


def test_a_word_in_a_number_column_is_an_error_and_unknown():
    layers = cleaned(stations=stations(load_kw=["500", "much", None]))
    assert found(layers) == [("not-a-number", "error", 1)]
    assert layers.findings[0].message == "station H2: load_kw is 'much', which is no number; taken as unknown."
    assert layers["stations"]["load_kw"].tolist() == pytest.approx([500.0, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_number_is_no_number(value):
    layers = cleaned(stations=stations(load_kw=[value, 1.0]))
    assert found(layers) == [("not-a-number", "error", 0)]


@pytest.mark.parametrize(
    ("column", "value", "limits"),
    [("load_kw", -1.0, "0 and 1e+08"), ("supply_temp_c", 300.0, "-5 and 250"), ("ground_m", 9500.0, "-500 and 9000")],
)
def test_a_number_out_of_range_is_an_error_and_unknown(column, value, limits):
    layers = cleaned(stations=stations(**{column: [value, 60.0]}))
    assert found(layers) == [("out-of-range", "error", 0)]
    assert f"which is not between {limits}" in layers.findings[0].message
    assert np.isnan(layers["stations"][column][0])


@pytest.mark.parametrize("word", ["planned", " Planned ", "规划", "new", "P"])
def test_a_choice_is_understood_in_other_words(word):
    layers = cleaned(stations=stations(status=[word]))
    assert layers.findings == ()
    assert layers["stations"]["status"].tolist() == ["planned"]


def test_every_word_for_a_choice_is_written_in_lower_case():
    assert [word for word in CHOICE_ALIASES if word != word.lower()] == []


def test_an_unknown_choice_is_an_error_that_lists_the_known_ones():
    layers = cleaned(stations=stations(status=["burnt"]))
    assert found(layers) == [("not-a-choice", "error", 0)]
    assert "which is none of existing, planned, abandoned, closed" in layers.findings[0].message


@pytest.mark.parametrize(("value", "flag"), [("yes", True), (1, True), ("是", True), ("F", False), (0.0, False)])
def test_yes_and_no_are_understood_in_many_ways(value, flag):
    layers = cleaned(sources=layer([point(0, 0)], source_id=["S"], pressure_holding=[value]))
    assert layers.findings == ()
    assert layers["sources"]["pressure_holding"].tolist() == [flag]


def test_perhaps_is_neither_yes_nor_no():
    layers = cleaned(sources=layer([point(0, 0)], source_id=["S"], pressure_holding=["perhaps"]))
    assert found(layers) == [("not-a-choice", "error", 0)]


def test_results_of_an_earlier_run_are_left_out_and_own_columns_kept():
    table = stations(load_kw=[5.0]).assign(surplus_head_m=3.0, colour="red")
    columns = cleaned(stations=table)["stations"].columns
    assert "surplus_head_m" not in columns
    assert "colour" in columns


# identifiers ---------------------------------------------------------------------------------------------


def test_a_doubled_identifier_is_an_error_and_renamed():
    layers = cleaned(stations=stations(station_id=["A", "B", "A"]))
    (finding,) = layers.findings
    assert (finding.rule, finding.severity) == ("id-doubled", "error")
    assert (finding.source_fid, finding.other_fid) == (2, 0)
    assert layers["stations"]["station_id"].tolist() == ["A", "B", "A-2"]


def test_a_new_name_does_not_take_another_ones():
    layers = cleaned(stations=stations(station_id=["A", "A-2", "A"]))
    assert len(set(layers["stations"]["station_id"])) == 3


def test_a_missing_identifier_of_a_station_is_an_error_and_becomes_the_feature_id():
    layers = cleaned(stations=stations(station_id=["A", None]))
    assert found(layers) == [("id-missing", "error", 1)]
    assert layers["stations"]["station_id"].tolist() == ["A", "1"]


def test_pipes_need_no_identifier():
    layers = cleaned(pipes=pipes([(0, 0), (9, 0)], [(9, 0), (20, 0)]))
    assert layers.findings == ()
    assert layers["pipes"]["pipe_id"].tolist() == ["0", "1"]


def test_identifiers_that_are_numbers_become_text_without_decimals():
    layers = cleaned(stations=stations(station_id=[7.0, 12.0]))
    assert layers["stations"]["station_id"].tolist() == ["7", "12"]


# geometry ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "rule", "severity"),
    [
        (None, "geometry-missing", "error"),
        (shapely.LineString(), "geometry-missing", "error"),
        (point(0, 0), "geometry-type", "error"),
        (line((0, 0), (0, 0)), "zero-length", "warning"),
        (shapely.LineString([(0, 0), (np.inf, 1)]), "geometry-infinite", "error"),
    ],
)
def test_a_pipe_without_a_usable_line_is_left_out(shape, rule, severity):
    layers = cleaned(pipes=layer([line((0, 0), (9, 0)), shape], pipe_id=["good", "bad"]))
    assert found(layers) == [(rule, severity, 1)]
    assert "pipe bad" in layers.findings[0].message
    assert layers["pipes"]["pipe_id"].tolist() == ["good"]


def test_a_pipe_that_crosses_itself_is_kept_with_a_warning():
    layers = cleaned(pipes=pipes([(0, 0), (10, 0), (5, 5), (5, -5)]))
    assert found(layers) == [("self-crossing", "warning", 0)]
    assert len(layers["pipes"]) == 1


def test_a_finding_lies_on_its_feature():
    layers = cleaned(pipes=pipes([(0, 0), (100, 0)], dn_mm=[-5.0]))
    assert layers.findings[0].point == point(50, 0).coords[0]


def test_a_building_that_is_no_valid_polygon_is_a_warning():
    bow = shapely.Polygon([point(*p).coords[0] for p in ((0, 0), (10, 10), (10, 0), (0, 10))])
    assert found(cleaned(buildings=layer([bow], building_id=["B"]))) == [("polygon-invalid", "warning", 0)]


# across columns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bore", "count"), [(204.0, 1), (205.0, 0), (209.0, 0), (210.0, 1)])
def test_a_bore_more_than_1_percent_from_outer_less_walls_is_a_warning(bore, count):
    """219 - 2 x 6 = 207 mm; 1 % are 2.07 mm."""
    columns = {"inner_diameter_mm": [bore], "outer_diameter_mm": [219.0], "wall_mm": [6.0]}
    layers = cleaned(pipes=pipes([(0, 0), (9, 0)], **columns))
    assert found(layers) == [("bore-disagrees", "warning", 0)] * count
    assert layers["pipes"]["inner_diameter_mm"].tolist() == [bore]


def test_a_use_that_finds_no_heat_index_is_told_with_those_that_are_known_where_nothing_else_says_the_load():
    uses = ["stable", "办公", None, "stable", "stable"]
    table = layer([point(k, 0) for k in range(5)], station_id=list("ABCDE"), building_use=uses,
                  heat_index_w_m2=[None] * 3 + [40.0, None], load_kw=[None] * 4 + [100.0])  # fmt: skip
    layers = cleaned(stations=table)
    assert found(layers) == [("use-unknown", "warning", 0)]
    assert "known uses are residential, residential_area_mixed, school_office" in layers.findings[0].message
    assert layers["stations"]["building_use"].tolist() == uses


@pytest.mark.parametrize("name", ["stations", "sources"])
def test_equal_supply_and_return_temperatures_are_an_error(name):
    table = layer([point(0, 0)], **{f"{name[:-1]}_id": ["X"]}, supply_temp_c=[60.0], return_temp_c=[60.0])
    assert found(cleaned(**{name: table})) == [("no-temperature-difference", "error", 0)]


def test_findings_are_counted_by_severity():
    layers = cleaned(pipes=pipes([(0, 0), (10, 0), (5, 5), (5, -5)], dn_mm=[-5.0]))
    assert count_by_severity(layers.findings) == {"error": 1, "warning": 1, "info": 0}
    assert has_errors(layers.findings)
    assert not has_errors(layers.findings[:1])
