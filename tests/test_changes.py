"""What changed from one state of a map to the next."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point

from gisheat.as_built.changes import find_changes
from gisheat.layers import Layers, read_layers

SAMPLE = Path(__file__).parents[1] / "sample_gis" / "mulan" / "mulan.gpkg"
CRS = "EPSG:4552"
TOLERANCE = 0.5


def layers(**tables):
    return Layers({name: gpd.GeoDataFrame(table, crs=CRS) for name, table in tables.items()}, {}, CRS)


def pipes(**columns):
    lines = [LineString([(100.0 * i, 0), (100.0 * (i + 1), 0)]) for i in range(3)]
    return {"pipe_id": ["a", "b", "c"], "dn_mm": [200.0, 150.0, 100.0], "geometry": lines, **columns}


def actions(changes):
    table = changes.features
    return sorted(zip(table["layer"], table["action"], table["feature_id"], table["detail"], strict=True))


def test_a_state_and_itself_do_not_differ():
    sources = {name: f"{SAMPLE}|{name}" for name in ("pipes", "stations", "sources", "streets")}
    read = read_layers(sources)
    changes = find_changes(read, read, tolerance=TOLERANCE)
    assert not len(changes.features)
    assert not len(changes.attributes)
    assert changes.unchanged == sum(len(read[name]) for name in sources)


def test_another_diameter_and_another_material_are_told_apart_with_old_and_new_value():
    old = layers(pipes=pipes(laying=["duct", "duct", ""]))
    new = layers(pipes=pipes(dn_mm=[200.0, 250.0, 100.0], laying=["direct", "duct", None]))
    changes = find_changes(old, new, tolerance=TOLERANCE)
    assert actions(changes) == [
        ("pipes", "reattributed", "a", "laying: duct -> direct"),
        ("pipes", "redimensioned", "b", "dn_mm: 150 -> 250"),
    ]
    assert changes.attributes[["feature_id", "column", "old_value", "new_value"]].to_numpy().tolist() == [
        ["b", "dn_mm", "150", "250"], ["a", "laying", "duct", "direct"],
    ]  # fmt: skip


def test_added_removed_and_moved_features_are_where_they_are():
    station = {"station_id": ["s", "t"], "geometry": [Point(0, 0), Point(300, 0)]}
    old = layers(pipes=pipes(), stations=station)
    drawn = pipes()
    drawn["pipe_id"][2] = "d"
    drawn["geometry"][2] = LineString([(200, 0), (200, 90)])
    new = layers(pipes=drawn, stations={"station_id": ["s", "t"], "geometry": [Point(3, 4), Point(300.1, 0.1)]})
    changes = find_changes(old, new, tolerance=TOLERANCE)
    assert actions(changes) == [
        ("pipes", "added", "d", ""), ("pipes", "removed", "c", ""), ("stations", "moved", "s", "5.00 m"),
    ]  # fmt: skip
    removed = changes.features.set_index("action").geometry["removed"]
    assert removed.equals(LineString([(200, 0), (300, 0)]))


def test_a_split_branch_names_its_parts_and_keeps_its_other_values():
    drawn = pipes()
    cut = {
        "pipe_id": ["a", "b.1", "b.2", "c"], "dn_mm": [200.0, 150.0, 150.0, 100.0],
        "geometry": [drawn["geometry"][0], LineString([(100, 0), (140, 0)]), LineString([(140, 0), (200, 0)]),
                     drawn["geometry"][2]],
    }  # fmt: skip
    changes = find_changes(layers(pipes=drawn), layers(pipes=cut), tolerance=TOLERANCE)
    assert actions(changes) == [("pipes", "split", "b.1", "b -> b.1"), ("pipes", "split", "b.2", "b -> b.2")]


@pytest.mark.parametrize("stated", [True, False])
def test_a_length_that_is_that_of_the_line_is_no_change_of_its_own(stated):
    old, new = pipes(length_m=[100.0, 100.0, 100.0]), pipes(length_m=[100.2, 100.0, 130.0])
    if not stated:
        new["geometry"][2] = LineString([(200, 0), (330, 0)])
    found = actions(find_changes(layers(pipes=old), layers(pipes=new), tolerance=TOLERANCE))
    assert found == [("pipes", "reattributed", "c", "length_m: 100 -> 130") if stated else
                     ("pipes", "moved", "c", "30.00 m")]  # fmt: skip


def test_noise_of_digitising_is_no_change():
    read = read_layers({name: f"{SAMPLE}|{name}" for name in ("pipes", "stations", "sources", "streets")})
    rng = np.random.default_rng(7)
    moved = {
        name: table.set_geometry(
            shapely.transform(table.geometry.to_numpy(), lambda xy: xy + rng.uniform(-0.2, 0.2, xy.shape)), crs=read.crs
        )
        for name, table in read.tables.items()
    }
    changes = find_changes(read, Layers(moved, {}, read.crs), tolerance=TOLERANCE)
    assert not len(changes.features)
