"""Catalogues: pipe series, sizing rules, heat indices."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gisheat.catalogue import PIPE_SERIES, RULE_SETS, heat_indices, pipe_series, read_rows, sizing_rules, use_of
from gisheat.errors import InputError

FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts"


@pytest.mark.parametrize("name", PIPE_SERIES)
def test_a_series_rises_in_bore_and_each_size_has_a_source(name):
    series = pipe_series(name)
    assert (np.diff(series.dn) > 0.0).all()
    assert (np.diff(series.inner_diameter) > 0.0).all()
    assert series.outer_diameter - 2.0 * series.wall == pytest.approx(series.inner_diameter)
    assert all(row["source"] for row in read_rows(f"pipes-{name}.csv"))


@pytest.mark.parametrize(
    ("dn", "outer", "wall"), [(500, 529, 7), (600, 630, 7), (700, 720, 8), (900, 920, 9)]
)  # fmt: skip
def test_the_chinese_series_has_the_sizes_that_the_mulan_plan_computed_with(dn, outer, wall):
    series = pipe_series("cn-steel")
    row = series.of_dn(np.array([float(dn)]))[0]
    assert (series.outer_diameter[row] * 1e3, series.wall[row] * 1e3) == pytest.approx((outer, wall))


def test_a_nominal_diameter_is_found_or_not():
    series = pipe_series("cn-steel")
    assert series.of_dn(np.array([200.0, 210.0, np.nan, 1e4])).tolist() == [11, -1, -1, -1]
    assert series.dn[series.nearest(np.array([0.2, 0.5]))].tolist() == [200.0, 500.0]


def test_a_series_of_ones_own_is_read_from_a_file(tmp_path):
    """Rows in any order, with outer diameter and wall or the bore; the byte-order mark of spreadsheets is no matter."""
    file = tmp_path / "ours.csv"
    file.write_text("dn_mm,outer_diameter_mm,wall_mm,inner_diameter_mm\n100,,,105\n50,57,3.5,\n", encoding="utf-8-sig")
    series = pipe_series(str(file))
    assert series.name == "ours"
    assert series.dn.tolist() == [50.0, 100.0]
    assert series.inner_diameter.tolist() == pytest.approx([0.050, 0.105])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dn_mm\n50\n", "each row needs dn_mm and outer_diameter_mm with wall_mm, or inner_diameter_mm"),
        ("dn_mm,outer_diameter_mm,wall_mm\n50,57,thick\n", "each row needs"),
        ("dn_mm,outer_diameter_mm,wall_mm\n50,57,30\n", "a wall leaves no bore"),
        ("dn_mm,outer_diameter_mm,wall_mm\n", "it is empty"),
    ],
)
def test_a_file_that_is_no_series_is_refused(tmp_path, text, message):
    file = tmp_path / "ours.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        pipe_series(str(file))


def test_an_unknown_series_is_refused():
    with pytest.raises(InputError, match="catalogue 'us-steel': neither one of cn-steel, en-steel nor a CSV file"):
        pipe_series("us-steel")


def test_the_rules_of_chinese_primary_networks():
    """Trunk 30-70 Pa/m, branch and connection 300 Pa/m, 3.5 m/s, DN50 and more: the plan after CJJ/T 34."""
    series = pipe_series("cn-steel")
    trunk, branch, connection = sizing_rules("cn-primary", series)
    assert (trunk.min_friction, branch.min_friction) == (30.0, 0.0)
    assert [set(rule.max_friction) for rule in (trunk, branch, connection)] == [{70.0}, {300.0}, {300.0}]
    assert {v for rule in (trunk, branch, connection) for v in rule.max_velocity} == {3.5}
    assert [series.dn[rule.smallest] for rule in (trunk, branch, connection)] == [50.0, 50.0, 50.0]


def test_european_rules_allow_more_speed_in_larger_pipes():
    series = pipe_series("en-steel")
    speed = dict(zip(series.dn, sizing_rules("eu", series)[0].max_velocity, strict=True))
    assert (speed[25.0], speed[100.0], speed[200.0], speed[300.0]) == (1.0, 1.5, 2.0, 3.0)


@pytest.mark.parametrize("name", RULE_SETS)
def test_limits_can_be_replaced_but_the_economic_friction_of_the_trunk(name):
    series = pipe_series("cn-steel")
    trunk, branch, connection = sizing_rules(name, series, max_velocity=1.7, max_friction=111.0)
    assert {v for rule in (trunk, branch, connection) for v in rule.max_velocity} == {1.7}
    assert set(branch.max_friction) == set(connection.max_friction) == {111.0}
    assert (trunk.max_friction == sizing_rules(name, series)[0].max_friction).all()


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(InputError, match="rule set 'us' is unknown: choose one of cn-primary, cn-secondary, eu"):
        sizing_rules("us", pipe_series("cn-steel"))


def test_heat_indices_are_those_of_the_facts():
    with (FACTS / "heat_index.csv").open(encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    use, saving = ([row[name] for row in facts] for name in ("building_use", "energy_saving"))
    for position, column in ((0.0, "heat_index_min_w_m2"), (1.0, "heat_index_max_w_m2")):
        assert heat_indices(use, saving, position).tolist() == [float(row[column]) for row in facts]


def test_a_heat_index_lies_in_the_middle_of_its_range_unless_it_is_said():
    assert heat_indices(["residential", "school_office"], ["two_step", None]).tolist() == [42.5, 72.5]
    assert heat_indices(["residential"], ["two_step"], 0.2).tolist() == [41.0]


def test_an_unknown_use_has_no_heat_index():
    assert np.isnan(heat_indices(["castle", None], ["none", "two_step"])).all()


@pytest.mark.parametrize(
    ("word", "use"),
    [("office", "school_office"), ("Sports-Hall", "gymnasium"), ("住宅", "residential"),
     ("幼儿园", "hospital_kindergarten"), ("shop", "shop"), ("stable", ""), (None, "")],
)  # fmt: skip
def test_common_words_for_uses_find_their_heat_index(word, use):
    assert use_of(word) == use
    (found,) = heat_indices([word], ["none"])
    (expected,) = heat_indices([use], ["none"])
    assert found == expected or np.isnan([found, expected]).all()
