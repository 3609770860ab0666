"""A year of works on Mulan's network, drawn by us: the comparison names these works and nothing else."""

from __future__ import annotations

import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from as_built_story import LAYERS, NOISE, drawn

import gisheat
from gisheat import InputError, operations


@pytest.fixture(scope="module")
def compared(years, tmp_path_factory):
    before, after, *_ = years
    output = tmp_path_factory.mktemp("changes") / "changes.gpkg"
    return operations.compare(before, after, output), output


def told(output):
    tables = [gpd.read_file(output, layer=name) for name in ("changed_lines", "changed_points")]
    return sorted((row.layer, row.action, row.feature_id) for table in tables for row in table.itertuples())


def test_the_works_of_a_year_are_named_exactly(years, compared):
    _, _, ends, branch = years
    report, output = compared
    assert told(output) == sorted([
        ("pipes", "redimensioned", "A9-A10"), ("pipes", "moved", "A9-A10"),
        ("stations", "moved", "H16"), ("pipes", "moved", ends["H16"]),
        ("pipes", "split", f"{branch}.1"), ("pipes", "split", f"{branch}.2"),
        ("pipes", "added", "to-S1"), ("pipes", "added", "to-S2"),
        ("stations", "added", "S1"), ("stations", "added", "S2"),
        ("stations", "reattributed", "H24"), ("pipes", "reattributed", ends["H24"]),
    ])  # fmt: skip
    moved = gpd.read_file(output, layer="changed_points").set_index(["action", "feature_id"])["distance_m"]
    assert moved["moved", "H16"] == pytest.approx(10.0, abs=2.0 * NOISE * np.sqrt(2.0))
    assert report.exit_code == 0


def test_old_and_new_values_are_listed(compared):
    values = gpd.read_file(compared[1], layer="changed_values", engine="pyogrio")
    renewed = values[values["feature_id"] == "A9-A10"].set_index("column")
    assert renewed.loc["dn_mm", ["old_value", "new_value"]].tolist() == ["700", "800"]
    given_up = values[values["feature_id"] == "H24"]
    assert given_up[["column", "old_value", "new_value"]].to_numpy().tolist() == [["status", "existing", "abandoned"]]


def test_the_effects_are_those_of_both_states_solved_alone(years, compared, tmp_path):
    effects = gpd.read_file(compared[1], layer="effects").set_index("key")
    surplus = []
    for side, file in (("old_value", years[0]), ("new_value", years[1])):
        figures = gisheat.run(file, output=tmp_path / f"{side}.gpkg").figures
        for key in ("pump head", "heat load", "water volume", "trench length"):
            assert float(effects[side][key]) == pytest.approx(figures[key][0], rel=1e-5), key
        solved = gpd.read_file(tmp_path / f"{side}.gpkg", layer="stations").set_index("station_id")
        surplus.append(solved["surplus_head_m"])
    # 237.7 m of DN700 became DN800, whatever the noise
    assert effects["difference"]["trench length DN800"] == pytest.approx(237.7, rel=0.02)
    stations = gpd.read_file(compared[1], layer="station_effects").set_index("station_id")
    assert stations["effect"]["S1"] == "added"
    assert stations["effect"]["H24"] == "removed"
    difference = (surplus[1] - surplus[0]).drop(["S1", "S2", "H24"])
    pd.testing.assert_series_equal(stations["difference_m"][difference.index], difference, check_names=False, atol=2e-6)
    assert difference.abs().max() > 0.1


def test_a_state_and_itself_have_no_changes(years, tmp_path):
    report = operations.compare(years[0], years[0], tmp_path / "none.gpkg")
    assert not told(tmp_path / "none.gpkg")
    assert not any("effect" in key for key in report.figures)


def test_results_in_the_wrong_order_are_a_finding(project, tmp_path):
    for name in ("first", "second"):
        gisheat.run(project, output=tmp_path / f"{name}.gpkg", phase="near" if name == "first" else "far")
    right = operations.compare(tmp_path / "first.gpkg", tmp_path / "second.gpkg", tmp_path / "a.gpkg")
    wrong = operations.compare(tmp_path / "second.gpkg", tmp_path / "first.gpkg", tmp_path / "b.gpkg")
    assert "states-swapped" not in {f.rule for f in right.findings}
    assert "states-swapped" in {f.rule for f in wrong.findings}


def test_an_older_state_in_another_crs_is_brought_to_that_of_the_newer(years, tmp_path):
    moved = {name: gpd.read_file(years[0], layer=name).to_crs("EPSG:32651") for name in LAYERS}
    report = operations.compare(drawn(tmp_path / "utm.gpkg", moved), years[0], tmp_path / "changes.gpkg")
    assert not told(tmp_path / "changes.gpkg")
    assert any("reprojected" in note for note in report.notes)


def test_a_state_that_can_not_be_solved_is_compared_all_the_same(years, last_year, tmp_path):
    without = {name: table for name, table in last_year.items() if name != "sources"}
    report = operations.compare(years[0], drawn(tmp_path / "no-source.gpkg", without), tmp_path / "changes.gpkg")
    assert ("sources", "removed") in {(layer, action) for layer, action, _ in told(tmp_path / "changes.gpkg")}
    assert [f.message[:3] for f in report.findings if f.rule == "effect-unknown"] == ["NEW"]
    assert "effects" not in pyogrio.list_layers(tmp_path / "changes.gpkg")[:, 0]


def test_an_output_that_is_an_input_is_refused(years):
    with pytest.raises(InputError, match="is an input"):
        operations.compare(years[0], years[1], years[1])


def test_an_output_that_is_a_layer_of_a_project_is_refused(project, years, tmp_path):
    shutil.copytree(project.parent, tmp_path / "mulan")
    layers = tmp_path / "mulan" / "mulan.gpkg"
    before = layers.read_bytes()
    for pair in ((tmp_path / "mulan" / "project.toml", years[0]), (years[0], tmp_path / "mulan" / "project.toml")):
        with pytest.raises(InputError, match="is an input"):
            operations.compare(*pair, layers, overwrite=True)
    assert layers.read_bytes() == before
