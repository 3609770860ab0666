"""What changed from one state of a map to the next."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from shapely import LineString, Point

from gisheat import operations
from gisheat.as_built.changes import find_changes
from gisheat.layers import Layers, read_layers
from gisheat.layers.measures import KEEPS_M
from gisheat.operations import as_built

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


def state(folder, name, **tables):
    """A GeoPackage of layers."""
    path = folder / f"{name}.gpkg"
    for layer, table in tables.items():
        frame = gpd.GeoDataFrame(table, crs=CRS)
        pyogrio.write_dataframe(
            frame,
            path,
            layer=layer,
            driver="GPKG",
            append=path.exists(),
            geometry_type="Unknown" if layer == "pipes" else None,
        )
    return path


def compared(folder, old, new, **options):
    report = operations.compare(old, new, folder / "changes.gpkg", effects=False, **options)
    return report, [f for f in report.findings if f.severity in ("warning", "error")]


def at(x, y, lines):
    return [None if line is None else shapely.transform(line, lambda xy: xy + np.array([x, y])) for line in lines]


PLACE = (425_000.0, 5_090_000.0)


def placed(**columns):
    table = pipes(**columns)
    return {**table, "geometry": at(*PLACE, table["geometry"])}


def test_a_feature_that_lost_its_geometry_is_an_error_not_silence(tmp_path):
    drawn = placed()
    lost = {**placed(dn_mm=[200.0, 250.0, 100.0]), "geometry": [drawn["geometry"][0], None, drawn["geometry"][2]]}
    old, new = state(tmp_path, "old", pipes=drawn), state(tmp_path, "new", pipes=lost)
    report, found = compared(tmp_path, old, new)
    assert [(f.rule, f.message[:10]) for f in found if f.severity == "error"] == [("geometry-missing", "NEW: pipe ")]
    assert report.exit_code == 1
    changed = pyogrio.read_dataframe(tmp_path / "changes.gpkg", layer="changed_lines")
    assert changed[["action", "feature_id"]].to_numpy().tolist() == [["redimensioned", "b"]]  # drawn where it was
    assert changed.geometry[0].equals(drawn["geometry"][1])


def test_a_line_with_a_gap_is_a_finding_and_compared_all_the_same(tmp_path):
    gapped = placed()
    gapped["geometry"][1] = at(*PLACE, [shapely.from_wkt("MULTILINESTRING ((100 0, 130 0), (160 0, 200 0))")])[0]
    old, new = state(tmp_path, "old", pipes=gapped), state(tmp_path, "new", pipes=gapped)
    report, found = compared(tmp_path, old, new)
    assert {(f.rule, f.source_fid) for f in found} == {("line-gapped", 2)}
    assert report.figures["unchanged"][0] == 3


@pytest.mark.parametrize("side", ["OLD", "NEW"])
def test_a_doubled_identifier_is_a_finding_and_its_features_are_matched_by_place(tmp_path, side):
    one, doubled = placed(), placed(pipe_id=["a", "a", "c"])
    files = {"OLD": (doubled, one), "NEW": (one, doubled)}[side]
    old, new = (state(tmp_path, name, pipes=table) for name, table in zip(("old", "new"), files, strict=True))
    report, found = compared(tmp_path, old, new)
    assert [(f.rule, f.message[:4]) for f in found] == [("id-doubled", f"{side}:")]
    assert report.figures["unchanged"][0] == 3


def test_identifiers_that_are_numbers_in_one_state_and_fractions_in_the_other_are_the_same(tmp_path):
    """A column of whole numbers with an empty cell is read as one of fractions."""
    old = state(tmp_path, "old", pipes=placed(pipe_id=[1, 2, 3]))
    moved = placed(pipe_id=[1.0, 2.0, np.nan])
    moved["geometry"] = at(0.0, 30.0, moved["geometry"])
    report, _ = compared(tmp_path, old, state(tmp_path, "new", pipes=moved))
    assert report.figures["pipes moved"][0] == 2


@pytest.mark.skipif(not KEEPS_M, reason="takes shapely 2.1")
def test_the_older_state_keeps_its_m_values_in_the_crs_of_the_newer():
    """The removed line, brought to the CRS of the newer state, still has its chainages."""
    line = shapely.from_wkt("LINESTRING M (425000 5090000 0, 425100 5090000 100)")
    table = gpd.GeoDataFrame({"pipe_id": ["a"], "geometry": [line]}, crs=CRS)
    old = Layers({"pipes": table}, {}, table.crs)
    target = pyproj.CRS("EPSG:32651")
    moved, notes = as_built._in_one_crs(old, Layers({"pipes": table.iloc[:0].to_crs(target)}, {}, target))
    assert shapely.get_coordinates(moved["pipes"].geometry, include_m=True)[:, 2].tolist() == [0.0, 100.0]
    assert moved["pipes"].crs == target
    assert len(notes) == 1
