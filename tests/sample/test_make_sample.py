"""The committed sample is what its script makes of the facts, and the facts are in it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import drawings
import geopandas as gpd
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def layers(project):
    file = project.parent / "mulan.gpkg"
    return {name: gpd.read_file(file, layer=name) for name in ("streets", "pipes", "nodes", "stations", "sources")}


def test_the_script_makes_the_committed_files_row_by_row(project, tmp_path):
    sample = tmp_path / "mulan"
    shutil.copytree(project.parent, sample, ignore=shutil.ignore_patterns("__pycache__"))
    (sample / "mulan.gpkg").unlink()
    subprocess.run([sys.executable, sample / "make_sample.py"], check=True, capture_output=True)
    assert drawings.tables(sample / "mulan.gpkg") == drawings.tables(project.parent / "mulan.gpkg")


def test_the_stations_are_those_of_the_plan(layers, project):
    facts = pd.read_csv(project.parent / "facts" / "stations.csv").set_index("station_id")
    stations = layers["stations"].set_index("station_id")
    assert len(stations) == 39
    assert stations["heated_area_m2"].to_dict() == pytest.approx((facts["heated_area_1e4_m2"] * 1e4).to_dict())
    assert stations["heated_area_m2"].sum() == pytest.approx(300e4)
    for column in ("name", "status", "allocation"):
        assert stations[column].to_dict() == facts[column].to_dict()


def test_the_sample_lies_where_mulan_does(layers):
    for table in layers.values():
        assert table.crs.to_epsg() == 4552
    place = layers["sources"].to_crs(4326).geometry.iloc[0]
    assert (place.x, place.y) == pytest.approx((128.04, 45.95), abs=0.02)


def test_the_ground_is_between_105_and_125_m_and_marked_as_assumed(layers):
    ground = pd.concat([layers[name]["ground_m"] for name in ("nodes", "stations", "sources")])
    assert ground.between(105.0, 125.0).all()
    assert set(layers["nodes"]["ground_source"]) == {"assumed"}


def test_only_the_trunk_is_drawn_and_has_a_size(layers, project):
    published = pd.read_csv(project.parent / "facts" / "hydraulic_table.csv")
    pipes = layers["pipes"]
    assert pipes["pipe_id"].tolist() == published["pipe"].tolist()
    assert pipes["inner_diameter_mm"].notna().all()
    assert pipes["status"].eq("planned").sum() == 1
    assert len(layers["streets"]) > 200
