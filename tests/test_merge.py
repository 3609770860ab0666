"""What a merge takes, joins, keeps and refuses: small maps of a few pipes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from drawings import command, digest, refused, rows
from shapely import LineString, Point

from gisheat import geopackage_transaction, operations
from gisheat.as_built.geopackage_base import GeoPackageBase
from gisheat.errors import EditedError, InputError
from gisheat.geopackage import run_record
from gisheat.geopackage_transaction import teach

CRS = "EPSG:4552"
PIPES = {
    "A": [(0, 0), (50, 3), (100, 0)],
    "B": [(100, 0), (200, 0)],
    "C": [(200, 0), (300, 0)],
    "D": [(200, 0), (200, 90)],
}


def layer(geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs=CRS)


def pipes(drawn=PIPES, **columns):
    own = {"pipe_id": list(drawn), "dn_mm": [200.0] * len(drawn), **columns}
    return layer([LineString(places) for places in drawn.values()], **own)


def stations(places, ids):
    return layer([Point(*place) for place in places], station_id=ids, load_kw=[500.0] * len(ids))


def write(path, **layers):
    for number, (name, table) in enumerate(layers.items()):
        pyogrio.write_dataframe(table.set_crs(CRS, allow_override=True), path, layer=name, driver="GPKG",
                                append=number > 0)  # fmt: skip
    return path


def read(path, name="pipes", key="pipe_id"):
    table = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
    return table.reset_index().set_index(key)


def history(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM history ORDER BY fid")]


def rules(report):
    return sorted({f.rule for f in report.findings if f.severity != "info"})


def said(report, rule):
    return [f.message for f in report.findings if f.rule == rule]


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.gpkg", pipes=pipes(remark=["a", "b", "c", "d"]),
                 stations=stations([(200, 90)], ["S1"]))  # fmt: skip


def merged(base, tmp_path, *, name="new.gpkg", output="merged.gpkg", options=None, **layers):
    new = write(tmp_path / name, **layers)
    return operations.merge(base, new, tmp_path / output, **(options or {})), tmp_path / output


# identity ----------------------------------------------------------------------------------------------------


def test_parts_of_a_split_pipe_carry_their_parent_and_all_its_values_along_its_own_vertices(base, tmp_path):
    drawn = {k: v for k, v in PIPES.items() if k != "A"} | {
        "A.1": [(0.2, 0.1), (30, 1.7)],
        "A.2": [(30, 2), (50, 3.2), (100, 0.2)],
    }
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    found = read(output)
    assert set(found.index) == {"A.1", "A.2", "B", "C", "D"}
    assert found.loc[["A.1", "A.2"], "parent_id"].tolist() == ["A", "A"]
    assert found.loc[["A.1", "A.2"], "remark"].tolist() == ["a", "a"]
    assert sorted(found.loc[["A.1", "A.2"], "fid"]) == [1, 5]  # the longer part keeps the row
    assert found.loc["A.2", "fid"] == 1
    ways = [list(found.geometry[name].coords) for name in ("A.1", "A.2")]
    assert ways[0][0] == (0, 0)
    assert ways[0][-1] == ways[1][0]
    assert ways[1][1:] == [(50, 3), (100, 0)]
    assert LineString(PIPES["A"]).distance(shapely.Point(ways[0][-1])) < 1e-9
    assert report.exit_code == 0


def test_parts_that_cad_gave_one_number_get_numbers_of_their_own(base, tmp_path):
    drawn = {k: v for k, v in PIPES.items() if k != "A"} | {
        "X": [(0, 0), (30, 1.8)],
        "Y": [(30, 1.8), (50, 3), (100, 0)],
    }
    table = pipes(drawn)
    table["pipe_id"] = table["pipe_id"].replace({"X": "A", "Y": "A"})
    report, output = merged(base, tmp_path, pipes=table)
    assert sorted(read(output).index) == ["A.1", "A.2", "B", "C", "D"]
    assert rules(report) == ["id-doubled"]


def test_a_stated_length_is_shared_out_among_parts(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(length_m=[210.0, 100.0, 100.0, 90.0]))
    drawn = {k: v for k, v in PIPES.items() if k != "B"} | {"B.1": [(100, 0), (125, 0)], "B.2": [(125, 0), (200, 0)]}
    _, output = merged(base, tmp_path, pipes=pipes(drawn))
    assert read(output).loc[["B.1", "B.2"], "length_m"].tolist() == [25.0, 75.0]


def test_a_length_that_followed_the_line_goes_with_it_and_another_stays(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(length_m=[100.2, 100.0, 130.0, None]))
    drawn = PIPES | {"B": [(100, 0), (150, 30), (200, 0)], "C": [(200, 0), (250, 30), (300, 0)]}
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    assert read(output)["length_m"].tolist()[:3] == [100.2, round(2 * np.hypot(50, 30), 3), 130.0]
    assert [message[:2] for message in said(report, "length-stated")] == ["C "]


def test_pipes_that_became_one_keep_a_row_and_their_vertices(base, tmp_path):
    drawn = {"A": PIPES["A"], "B": [(100.1, 0.1), (299.9, 0.1)], "D": PIPES["D"]}
    _, output = merged(base, tmp_path, pipes=pipes(drawn))
    found = read(output)
    assert list(found.geometry["B"].coords) == [(100, 0), (200, 0), (300, 0)]
    assert found.loc["B", ["fid", "remark"]].tolist() == [2, "b"]
    assert "C" not in found.index
    assert json.loads(next(row["before"] for row in history(output) if row["action"] == "delete"))["remark"] == "c"


def test_what_is_added_keeps_its_number_where_it_is_free(base, tmp_path):
    drawn = PIPES | {"E": [(300, 0), (300, 70)], "F": [(300, 0), (380, 0)]}
    table = pipes(drawn)
    table["pipe_id"] = table["pipe_id"].replace({"F": "E"})
    report, output = merged(base, tmp_path, pipes=table)
    assert sorted(read(output).index) == ["A", "B", "C", "D", "E", "E-2"]
    assert len(said(report, "id-changed")) == 1


def test_a_new_number_for_what_is_there_changes_nothing(base, tmp_path):
    table = pipes().assign(pipe_id=["N1", "N2", "N3", "N4"])
    report, output = merged(base, tmp_path, pipes=table)
    assert rows(output) == rows(base)
    assert any("nothing to do" in note for note in report.notes)


def test_buildings_follow_their_station_under_its_own_number(tmp_path):
    square = shapely.box(210, 80, 230, 100)
    houses = layer([square], building_id=["H"], station_id=["S1"])
    base = write(tmp_path / "base.gpkg", pipes=pipes(), stations=stations([(200, 90)], ["S1"]), buildings=houses)
    report, output = merged(base, tmp_path, pipes=pipes(), stations=stations([(200, 90.2)], ["HX-7"]),
                            buildings=houses.assign(station_id=["HX-7"]))  # fmt: skip
    assert report.figures["applied"] == (0, "")
    assert rows(output, "buildings") == rows(base, "buildings")


# columns -----------------------------------------------------------------------------------------------------


def test_own_names_and_units_of_the_base_are_kept(tmp_path):
    own = gpd.GeoDataFrame({"管段编号": list(PIPES), "管径(cm)": [20.0] * 4, "状态": ["现状"] * 4},
                           geometry=[LineString(p) for p in PIPES.values()], crs=CRS)  # fmt: skip
    base = write(tmp_path / "base.gpkg", pipes=own)
    _, output = merged(base, tmp_path, pipes=pipes(dn_mm=[200.0, 355.6, 200.0, 200.0]))
    found = read(output, key="管段编号")
    assert found["管径(cm)"].tolist() == [20.0, 35.56, 20.0, 20.0]
    assert list(found.columns) == ["fid", "管径(cm)", "状态", "geometry"]
    (entry,) = history(output)
    assert (json.loads(entry["before"]), json.loads(entry["after"])) == ({"管径(cm)": 20.0}, {"管径(cm)": 35.56})


def test_columns_that_the_base_lacks_are_added_where_the_contract_has_them(base, tmp_path):
    table = pipes(installed_year=[1990, 2001, 2002, 2003], colour=list("rgbw"))
    report, output = merged(base, tmp_path, pipes=table)
    assert read(output)["installed_year"].tolist() == [1990, 2001, 2002, 2003]
    assert "colour" not in read(output)
    assert "colour" in said(report, "column-not-taken")[0]
    report, output = merged(base, tmp_path, pipes=table, options={"new_columns": "all"}, name="n.gpkg", output="o.gpkg")
    assert read(output)["colour"].tolist() == list("rgbw")
    operations.undo(output, in_place=True)
    assert rows(output) == rows(base)


def test_an_empty_cell_takes_no_value_away_unless_asked(base, tmp_path):
    table = pipes(dn_mm=[None, 200.0, 200.0, 200.0], remark=["a", "", "c", "other"])
    report, output = merged(base, tmp_path, pipes=table)
    assert read(output)["remark"].tolist() == ["a", "b", "c", "other"]
    assert read(output)["dn_mm"].tolist() == [200.0] * 4
    assert len(said(report, "value-kept")) == 2
    _, output = merged(base, tmp_path, pipes=table, options={"empty_values": "apply"}, name="n.gpkg", output="o.gpkg")
    assert read(output)["remark"].fillna("").tolist() == ["a", "", "c", "other"]
    assert np.isnan(read(output)["dn_mm"].iloc[0])


def test_a_value_that_the_column_cannot_hold_is_a_conflict_and_the_rest_goes_on(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(dn_mm=np.array([200] * 4, np.int64)))
    report, output = merged(base, tmp_path, pipes=pipes(dn_mm=[200.0, 219.5, 250.0, 200.0]))
    assert read(output)["dn_mm"].tolist() == [200, 200, 250, 200]
    assert report.exit_code == 1
    assert "219.5 is no whole number" in said(report, "merge-conflict")[0]


# geometry ----------------------------------------------------------------------------------------------------


def test_ends_are_joined_to_what_the_base_keeps_within_the_tolerance_only(base, tmp_path):
    drawn = PIPES | {"E": [(300.2, 0.1), (300, 70)], "F": [(250, 0.3), (250, 40)], "G": [(0, 0.6), (0, 50)]}
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    found = read(output).geometry
    assert found["E"].coords[0] == (300, 0)
    assert found["F"].coords[0] == (250, 0)
    assert found["G"].coords[0] == (0, 0.6)
    joined = sorted(f.distance for f in report.findings if f.rule == "end-joined")
    assert joined == pytest.approx([np.hypot(0.2, 0.1), 0.3])
    assert list(found["B"].coords) == PIPES["B"]


def test_heights_of_the_base_are_kept_and_carried_over(tmp_path):
    high = {"A": [(0, 0, 10), (100, 0, 20)], "B": [(100, 0, 20), (200, 0, 40)]}
    base = write(tmp_path / "base.gpkg", pipes=pipes(high))
    drawn = {"A": [(0, 0.1), (50, 5), (100, 0)], "B.1": [(100, 0.1), (150, 0.2)], "B.2": [(150, 0), (200, 0.2)]}
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    found = read(output).geometry
    assert [c[2] for c in found["A"].coords] == pytest.approx([10, 15, 20], abs=0.1)
    assert [c[2] for c in found["B.1"].coords] == pytest.approx([20, 30])
    assert [c[2] for c in found["B.2"].coords] == pytest.approx([30, 40])
    assert rules(report) == ["heights-carried"]


def test_measures_of_a_split_line_go_on_from_part_to_part():
    from gisheat.as_built.regrouping import between, stitched
    from gisheat.layers.measures import KEEPS_M

    if not KEEPS_M:
        pytest.skip("M values take shapely 2.1")
    whole = shapely.from_wkt("LINESTRING M (0 0 100, 10 0 110, 30 0 150)")
    first, second = between(whole, 0.0, 20.0), between(whole, 20.0, 30.0)
    assert shapely.to_wkt(first) == "LINESTRING M (0 0 100, 10 0 110, 20 0 130)"
    assert shapely.to_wkt(second) == "LINESTRING M (20 0 130, 30 0 150)"
    assert shapely.to_wkt(stitched([second, first], LineString([(0, 0), (30, 0)]), 0.5)) == (
        "LINESTRING M (0 0 100, 10 0 110, 20 0 130, 30 0 150)"
    )


def test_changes_in_another_crs_are_brought_to_that_of_the_base(base, tmp_path):
    drawn = pipes(PIPES | {"E": [(300, 0), (300, 70)]})
    moved = drawn.set_geometry(drawn.geometry.translate(424000, 5089000)).set_crs(CRS, allow_override=True)
    there = pipes().set_geometry(pipes().geometry.translate(424000, 5089000))
    base = write(tmp_path / "there.gpkg", pipes=there)
    new = tmp_path / "utm.gpkg"
    pyogrio.write_dataframe(moved.to_crs("EPSG:32651"), new, layer="pipes", driver="GPKG")
    operations.merge(base, new, tmp_path / "o.gpkg")
    found = read(tmp_path / "o.gpkg")
    assert pyogrio.read_info(tmp_path / "o.gpkg", layer="pipes")["crs"] == CRS
    assert found.geometry["E"].hausdorff_distance(moved.geometry.iloc[4]) < 1e-4
    assert rows(tmp_path / "o.gpkg")[:4] == rows(base)


def test_index_counts_and_extents_stay_right(base, tmp_path):
    drawn = {"A": PIPES["A"], "B": [(100, 0), (150, 30), (200, 0)], "D": PIPES["D"], "E": [(300, 0), (5000, 7000)]}
    _, output = merged(base, tmp_path, pipes=pipes(drawn), options={"missing": "remove"})
    everything = read(output)
    assert len(everything) == pyogrio.read_info(output, layer="pipes", force_feature_count=False)["features"]
    for box in ((90, -1, 110, 1), (140, 20, 160, 40), (290, -5, 310, 5), (4000, 5000, 6000, 8000), (210, -1, 250, 1)):
        found = pyogrio.read_dataframe(output, layer="pipes", bbox=box)
        wanted = everything[everything.intersects(shapely.box(*box))]
        with closing(sqlite3.connect(output)) as connection:
            query = "SELECT count(*) FROM rtree_pipes_geom WHERE maxx >= ? AND maxy >= ? AND minx <= ? AND miny <= ?"
            (indexed,) = connection.execute(query, box).fetchone()
        assert sorted(found["pipe_id"]) == sorted(wanted.index)
        assert indexed >= len(wanted)
    with closing(sqlite3.connect(output)) as connection:
        assert connection.execute("SELECT count(*) FROM rtree_pipes_geom").fetchone() == (len(everything),)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert tuple(pyogrio.read_info(output, layer="pipes")["total_bounds"]) == (0, 0, 5000, 7000)


# what CHANGES does not show ------------------------------------------------------------------------------------


def test_a_survey_of_one_street_takes_nothing_out(base, tmp_path):
    report, output = merged(base, tmp_path, pipes=pipes({"B": PIPES["B"]}, dn_mm=[300.0]))
    found = read(output)
    assert found["dn_mm"].to_dict() == {"A": 200.0, "B": 300.0, "C": 200.0, "D": 200.0}
    assert "CHANGES does not show 3 of 4 pipes" in said(report, "missing-kept")[0]
    assert rows(output, "stations") == rows(base, "stations")  # a layer it does not have is not touched


@pytest.mark.parametrize(("missing", "left"), [("auto", "ABC"), ("remove", "ABC"), ("keep", "ABCD")])
def test_what_most_of_a_survey_does_not_show_is_taken_out(base, tmp_path, missing, left):
    drawn = {k: v for k, v in PIPES.items() if k != "D"}
    _, output = merged(base, tmp_path, pipes=pipes(drawn), options={"missing": missing})
    assert "".join(read(output).index) == left


def test_an_empty_layer_takes_nothing_out(base, tmp_path):
    report, output = merged(base, tmp_path, pipes=pipes().iloc[:0])
    assert rows(output) == rows(base)
    assert rules(report) == ["missing-kept"]


# dry run, approval ---------------------------------------------------------------------------------------------


@pytest.fixture
def change_set(base, tmp_path):
    drawn = PIPES | {"B": [(100, 0), (150, 30), (200, 0)], "E": [(300, 0), (300, 70)]}
    new = write(tmp_path / "new.gpkg", pipes=pipes(drawn, dn_mm=[250.0, 300.0, 200.0, 200.0, 100.0]))
    before = digest(tmp_path)
    report = operations.merge(base, new, tmp_path / "set.gpkg", dry_run=True)
    assert {k: v for k, v in digest(tmp_path).items() if k in before} == before
    assert report.figures["approved"] == (4, "")
    return tmp_path / "set.gpkg"


def edit(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_only_what_is_approved_is_merged_with_the_values_as_they_were_edited(base, change_set, tmp_path):
    edit(change_set, "UPDATE proposed_lines SET approved = 0 WHERE action = 'moved'",
         "UPDATE proposed_values SET new_value = '350' WHERE feature_id = 'B'")  # fmt: skip
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    found = read(tmp_path / "o.gpkg")
    assert list(found.geometry["B"].coords) == PIPES["B"]
    assert found["dn_mm"].to_dict() == {"A": 250.0, "B": 350.0, "C": 200.0, "D": 200.0, "E": 100.0}
    assert (report.figures["applied"], report.figures["left"]) == ((3, ""), (1, ""))


def test_a_change_set_merged_twice_has_nothing_to_do(base, change_set):
    operations.merge(base, change_set, in_place=True)
    before = digest(base.parent)
    report = operations.merge(base, change_set, in_place=True)
    assert digest(base.parent) == before
    assert (report.figures["applied"], report.figures["already there"]) == ((0, ""), (4, ""))
    assert any("nothing to do" in note for note in report.notes)


def test_what_the_base_changed_since_the_dry_run_is_a_conflict(base, change_set, tmp_path):
    operations.merge(base, change_set, tmp_path / "all.gpkg")
    changed = pyogrio.read_dataframe(base, layer="pipes")
    changed.loc[0, "dn_mm"] = 999.0
    changed.loc[1, "geometry"] = LineString([(100, 0), (150, 60), (200, 0)])
    write(base, pipes=changed)
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    found = read(tmp_path / "o.gpkg")
    assert found["dn_mm"].to_dict() == {"A": 999.0, "B": 300.0, "C": 200.0, "D": 200.0, "E": 100.0}
    assert list(found.geometry["B"].coords)[1] == (150, 60)
    assert sorted(f.rule for f in report.findings if f.severity == "error") == ["merge-conflict"] * 2
    assert report.exit_code == 1


def test_a_group_that_is_approved_in_part_is_not_merged(base, tmp_path):
    drawn = {k: v for k, v in PIPES.items() if k != "B"} | {"B.1": [(100, 0), (150, 0)], "B.2": [(150, 0), (200, 0)]}
    new = write(tmp_path / "new.gpkg", pipes=pipes(drawn))
    operations.merge(base, new, tmp_path / "set.gpkg", dry_run=True)
    edit(tmp_path / "set.gpkg", "UPDATE proposed_lines SET approved = 0 WHERE feature_id = 'B.2'")
    report = operations.merge(base, tmp_path / "set.gpkg", tmp_path / "o.gpkg")
    assert rows(tmp_path / "o.gpkg") == rows(base)
    assert rules(report) == ["group-incomplete"]


# three ways ----------------------------------------------------------------------------------------------------


def test_what_both_changed_is_a_conflict_and_all_else_is_merged(base, tmp_path):
    ours = pipes(dn_mm=[300.0, 250.0, 200.0, 200.0], remark=["a", "ours", "c", "d"])
    ours.loc[3, "geometry"] = LineString([(200, 0), (230, 50), (200, 90)])
    now = write(tmp_path / "now.gpkg", pipes=ours)
    drawn = pipes(PIPES | {"E": [(300, 0), (300, 70)]}, dn_mm=[350.0, 250.0, 400.0, 200.0, 100.0],
                  remark=["a", "b", "theirs", "d", "new"])  # fmt: skip
    drawn.loc[3, "geometry"] = LineString([(200, 0), (170, 50), (200, 90)])
    new = write(tmp_path / "new.gpkg", pipes=drawn)
    report = operations.merge(now, new, tmp_path / "o.gpkg", ancestor=str(base))
    found = read(tmp_path / "o.gpkg")
    assert found["dn_mm"].to_dict() == {"A": 300.0, "B": 250.0, "C": 400.0, "D": 200.0, "E": 100.0}
    assert found["remark"].tolist() == ["a", "ours", "theirs", "d", "new"]
    assert list(found.geometry["D"].coords)[1] == (230, 50)
    conflicts = sorted(said(report, "merge-conflict"))
    assert len(conflicts) == 2
    assert "dn_mm was 200, the base says 300 now, CHANGES 350" in conflicts[0]
    assert "the base moved it too" in conflicts[1]
    assert report.exit_code == 1


def test_a_conflict_is_decided_by_approving_it(base, tmp_path):
    ours, theirs = pipes(dn_mm=[300.0] + [200.0] * 3), pipes(dn_mm=[350.0] + [200.0] * 3)
    ours.loc[3, "geometry"] = LineString([(200, 0), (230, 50), (200, 90)])
    theirs.loc[3, "geometry"] = LineString([(200, 0), (170, 50), (200, 90)])
    now, new = write(tmp_path / "now.gpkg", pipes=ours), write(tmp_path / "new.gpkg", pipes=theirs)
    report = operations.merge(now, new, tmp_path / "set.gpkg", ancestor=str(base), dry_run=True)
    assert (report.exit_code, report.figures["approved"]) == (1, (0, ""))
    edit(tmp_path / "set.gpkg", "UPDATE proposed_lines SET approved = 1", "UPDATE proposed_values SET approved = 1")
    report = operations.merge(now, tmp_path / "set.gpkg", tmp_path / "o.gpkg")
    assert report.exit_code == 0
    assert read(tmp_path / "o.gpkg")["dn_mm"]["A"] == 350.0
    assert list(read(tmp_path / "o.gpkg").geometry["D"].coords)[1] == (170, 50)


def test_what_is_gone_or_changed_on_one_side_only_is_told(base, tmp_path):
    drawn = {k: v for k, v in PIPES.items() if k != "A"}
    now = write(tmp_path / "now.gpkg", pipes=pipes(drawn, dn_mm=[200.0, 200.0, 500.0], remark=list("bcd")))
    theirs = {k: v for k, v in PIPES.items() if k != "D"}
    new = write(tmp_path / "new.gpkg", pipes=pipes(theirs, dn_mm=[300.0, 200.0, 200.0], remark=list("abc")))
    report = operations.merge(now, new, tmp_path / "o.gpkg", ancestor=str(base))
    assert rows(tmp_path / "o.gpkg") == rows(now)
    conflicts = sorted(said(report, "merge-conflict"))
    assert "the base has it no more" in conflicts[0]
    assert "the base changed dn_mm of it" in conflicts[1]


def test_what_both_added_alike_is_there_and_otherwise_a_conflict(base, tmp_path):
    more = {"E": [(300, 0), (300, 70)], "F": [(0, 0), (0, 60)]}
    now = write(tmp_path / "now.gpkg", pipes=pipes(PIPES | more, remark=list("abcdef")))
    new = write(tmp_path / "new.gpkg", pipes=pipes(PIPES | more, dn_mm=[200.0] * 5 + [80.0], remark=list("abcdef")))
    report = operations.merge(now, new, tmp_path / "o.gpkg", ancestor=str(base))
    assert rows(tmp_path / "o.gpkg") == rows(now)
    assert report.figures["already there"] == (1, "")
    assert "the base added it too" in said(report, "merge-conflict")[0]


# history -------------------------------------------------------------------------------------------------------


def test_the_history_tells_every_row_before_and_after(base, change_set):
    operations.merge(base, change_set, in_place=True)
    told = history(base)
    assert {(row["number"], row["operation"], row["source"], row["state"]) for row in told} == {
        (1, "merge", "set.gpkg", 1)
    }
    found = sorted((row["action"], row["feature_id"], row["row_fid"]) for row in told if row["row_fid"])
    assert found == [("insert", "E", 5), ("update", "A", 1), ("update", "B", 2)]


def test_what_was_edited_by_hand_since_is_not_undone(base, change_set):
    operations.merge(base, change_set, in_place=True)
    with closing(sqlite3.connect(base)) as connection, connection:
        geopackage_transaction.teach(connection)
        connection.execute("UPDATE pipes SET remark = 'by hand' WHERE pipe_id = 'A'")  # no value of the merge
    again = shutil.copy(base, base.with_name("again.gpkg"))
    operations.undo(again, in_place=True)
    assert read(again)["remark"]["A"] == "by hand"
    with closing(sqlite3.connect(base)) as connection, connection:
        geopackage_transaction.teach(connection)
        connection.execute("UPDATE pipes SET dn_mm = 260 WHERE pipe_id = 'A'")
    before = digest(base.parent)
    with pytest.raises(EditedError, match=r"the feature 1 \(A\) of pipes was edited since: nothing was changed"):
        operations.undo(base, in_place=True)
    assert digest(base.parent) == before


def test_there_must_be_something_to_undo(base, tmp_path):
    with pytest.raises(InputError, match="nothing to undo"):
        operations.undo(base, tmp_path / "o.gpkg")
    with pytest.raises(InputError, match="no state 3"):
        operations.undo(base, tmp_path / "o.gpkg", to=3)


def test_of_two_merges_at_once_one_wins_and_the_other_says_so(base, change_set, monkeypatch):
    real = GeoPackageBase.apply

    def late(store, edits, run):
        monkeypatch.undo()
        operations.merge(base, change_set, in_place=True)
        real(store, edits, run)

    monkeypatch.setattr(GeoPackageBase, "apply", late)
    with pytest.raises(InputError, match=r"merge 1 \(set.gpkg\) came between"):
        operations.merge(base, change_set, in_place=True)
    assert max(row["number"] for row in history(base)) == 1


# bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["base.gpkg", "new.gpkg"], "no output is named: give a copy of the base a name"),
        (["base.gpkg", "new.gpkg", "--in-place", "-o", "o.gpkg"], "leave one out"),
        (["base.gpkg", "new.gpkg", "--in-place", "--dry-run"], "--dry-run changes nothing"),
        (["base.gpkg", "base.gpkg", "-o", "o.gpkg"], "CHANGES is the base itself"),
        (["base.gpkg", "new.gpkg", "-o", "base.gpkg", "--overwrite"], "is an input"),
        (["base.gpkg", "new.gpkg", "-o", "o.shp"], "a name that ends in .gpkg is needed"),
        (["base.gpkg", "gone.gpkg", "-o", "o.gpkg"], "there is no such file"),
        (["pipes.shp", "new.gpkg", "-o", "o.gpkg"], "is no GeoPackage"),
        (["two.toml", "new.gpkg", "-o", "o.gpkg"], "the layers of a base lie in one GeoPackage"),
    ],
)
def test_what_can_not_be_merged_is_refused_in_a_sentence(base, change_set, tmp_path, arguments, words):
    pyogrio.write_dataframe(pipes().set_crs(CRS, allow_override=True), tmp_path / "pipes.shp")
    (tmp_path / "two.toml").write_text('[layers]\npipes = "pipes.shp"\nstations = "base.gpkg|stations"\n')
    named = [str(tmp_path / a) if "." in a else a for a in arguments]
    assert words in refused(tmp_path, "merge", *named)


def test_a_locked_base_is_refused(base, change_set, tmp_path):
    with closing(sqlite3.connect(base, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sentence = refused(tmp_path, "merge", base, change_set, "--in-place")
    assert sentence == f"{base} can't be changed: another program holds it locked; close it there and try again."


def test_what_waits_beside_a_base_comes_along_whatever_its_name(base, change_set, tmp_path):
    odd = shutil.copy(base, tmp_path / "map[1].gpkg")
    with closing(sqlite3.connect(odd, isolation_level=None)) as connection:
        teach(connection)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("UPDATE pipes SET dn_mm = 333 WHERE pipe_id = 'D'")
        operations.merge(odd, change_set, tmp_path / "out.gpkg")
    assert read(tmp_path / "out.gpkg")["dn_mm"]["D"] == 333.0


def test_reading_a_base_that_was_left_in_wal_mode_leaves_nothing_beside_it(base, change_set, tmp_path):
    with closing(sqlite3.connect(base)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    operations.merge(base, change_set, tmp_path / "out" / "merged.gpkg")
    operations.merge(base, change_set, tmp_path / "out" / "proposed.gpkg", dry_run=True)
    assert [path.name for path in tmp_path.glob("base.gpkg*")] == ["base.gpkg"]


def test_a_base_that_may_not_be_written_is_refused(base, change_set, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: path != base)  # root may write anywhere
    assert "no permission for" in refused(tmp_path, "merge", base, change_set, "--in-place")


def test_a_full_disk_leaves_the_base_and_no_copy(base, change_set, tmp_path):
    import resource

    before = digest(tmp_path)
    for more in (["--in-place"], ["-o", tmp_path / "o.gpkg"]):

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            size = base.stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # fmt: skip

        done = subprocess.run(command("merge", base, change_set, *more), capture_output=True, check=False,
                              preexec_fn=limit, text=True)  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert "the disk is full" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert digest(tmp_path) == before


KILLED = """
import os, shutil, signal, sqlite3, sys
from gisheat import geopackage_transaction, operations
base, changes, folder = sys.argv[1:]
moment, seen = 0, 0
class Counting(sqlite3.Connection):
    def execute(self, *a):
        step(); return super().execute(*a)
    def executemany(self, *a):
        step(); return super().executemany(*a)
def step():
    global seen
    seen += 1
    if seen == moment:
        os.kill(os.getpid(), signal.SIGKILL)
real = sqlite3.connect
def connect(*a, **k):
    found = real(*a, **k, factory=Counting)
    if "mode=rw" in a[0]:
        found.execute("PRAGMA cache_size = 1")  # pages are written before the end
    return found
geopackage_transaction.sqlite3.connect = connect
def merge(name):
    operations.merge(shutil.copy(base, f"{folder}/{name}.gpkg"), changes, in_place=True)
merge("done")
steps, seen = seen, 0
print(steps)
for moment in (*range(1, steps - 12, max(1, steps // 6)), *range(steps - 12, steps + 1)):
    child = os.fork()
    if not child:
        merge(moment)
        os._exit(0)
    print(moment, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_merge_that_is_killed_leaves_the_base_old_or_new(base, change_set, tmp_path):
    folder = tmp_path / "killed"
    folder.mkdir()
    arguments = [sys.executable, "-c", KILLED, base, change_set, folder]
    steps, *ended = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    old, new = rows(base), rows(folder / "done.gpkg")
    assert int(steps) > 20
    assert old != new
    found, journals = [], 0
    for moment, code in (line.split() for line in ended):
        copy = folder / f"{moment}.gpkg"
        assert code == str(-signal.SIGKILL)
        journals += copy.with_name(f"{copy.name}-journal").exists()
        found.append(rows(copy))  # opening it takes back what was begun
        assert found[-1] in (old, new)
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert journals > 3
    assert old in found


def test_a_result_as_base_is_told_to_be_solved_again(base, tmp_path):
    source = layer([Point(0, 0)], source_id=["Q"])
    drawn = write(tmp_path / "drawn.gpkg", pipes=pipes(), stations=stations([(200, 90)], ["S1"]), sources=source)
    operations.run(drawn, tmp_path / "result.gpkg", supply_temp_c=110.0, return_temp_c=60.0)
    report, output = merged(tmp_path / "result.gpkg", tmp_path, pipes=pipes(dn_mm=[300.0, 200.0, 200.0, 200.0]))
    assert said(report, "solution-stale")
    assert read(output)["dn_mm"]["A"] == 300.0
    operations.run(output, tmp_path / "again.gpkg", supply_temp_c=110.0, return_temp_c=60.0)
    swapped = operations.merge(tmp_path / "again.gpkg", tmp_path / "result.gpkg", tmp_path / "o.gpkg", dry_run=True)
    made = [run_record(tmp_path / name)["started"] for name in ("again.gpkg", "result.gpkg")]
    assert bool(said(swapped, "states-swapped")) == (made[0] > made[1])


def test_another_word_for_the_same_choice_is_no_change(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(status=["existing", "planned", "existing", "closed"]))
    report, out = merged(base, tmp_path, pipes=pipes(status=["现状", "规划", " Existing ", "废弃"]))
    assert read(out)["status"].tolist() == ["existing", "planned", "existing", "废弃"]
    assert report.figures["applied"][0] == 1
    report, out = merged(base, tmp_path, name="third.gpkg", output="m2.gpkg", options={"ancestor": write(
        tmp_path / "older.gpkg", pipes=pipes(status=["现状", "规划", "现状", "关闭"])
    )}, pipes=pipes(status=["abandoned"] * 4))  # fmt: skip
    assert read(out)["status"].tolist() == ["abandoned"] * 4  # the base has changed nothing since, but its words
    assert report.figures["conflicts"][0] == 0


def edited_set(base, tmp_path, *statements):
    """A change set of a new size, a moved pipe and a new one, edited by SQL."""
    drawn = pipes({**PIPES, "D": [(200, 0), (210, 95)], "N": [(300, 0), (350, 0)]})
    drawn.loc[0, "dn_mm"] = 250.0
    new = write(tmp_path / "new.gpkg", pipes=drawn)
    operations.merge(base, new, tmp_path / "set.gpkg", dry_run=True)
    with closing(sqlite3.connect(tmp_path / "set.gpkg")) as connection, connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'rtree%'"
        for (name,) in connection.execute(query).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)
    return tmp_path / "set.gpkg"


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE proposed_lines SET geom = (SELECT geom FROM proposed_points) WHERE action = 'moved'",
         "the layer takes lines, this is POINT"),
        ("UPDATE proposed_lines SET geom = NULL", "it has no geometry"),
        ("UPDATE proposed_lines SET base_fid = 1.5 WHERE action = 'moved'", "the base has the feature no more"),
        ("UPDATE proposed_lines SET base_fid = 9e18 WHERE action = 'moved'", "the base has the feature no more"),
    ],
)  # fmt: skip
def test_what_edits_of_a_change_set_made_impossible_is_a_conflict(base, tmp_path, statement, why):
    point = "INSERT INTO proposed_points (geom, change_id, layer, approved) SELECT geom, 'p', 'stations', 0 FROM there"
    changes = edited_set(base, tmp_path, f"ATTACH '{base}' AS base", "CREATE TEMP VIEW there AS SELECT geom FROM"
                         " base.stations", point, statement)  # fmt: skip
    report = operations.merge(base, changes, tmp_path / "merged.gpkg")
    assert rules(report) == ["merge-conflict"]
    assert all(why in text for text in said(report, "merge-conflict"))
    assert read(tmp_path / "merged.gpkg").geometry["D"].equals(read(base).geometry["D"])
    assert read(tmp_path / "merged.gpkg")["dn_mm"]["A"] == 250.0


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE proposed_lines SET edit = 'dance'", "the edit 'dance' is unknown"),
        ("UPDATE proposed_lines SET action = 'dance'", "the action 'dance' is unknown"),
        (
            (
                "INSERT INTO proposed_values (change_id, approved, column, new_value)"
                " SELECT change_id, 1, column, '9' FROM proposed_values"
            ),
            "two approved values of dn_mm",
        ),
    ],
)  # fmt: skip
def test_a_change_set_that_says_two_things_or_nothing_is_refused(base, tmp_path, statement, why):
    with pytest.raises(InputError, match=why):
        operations.merge(base, edited_set(base, tmp_path, statement), tmp_path / "merged.gpkg")
    assert not (tmp_path / "merged.gpkg").exists()


def test_a_feature_that_the_base_has_without_geometry_gets_that_of_the_survey(tmp_path):
    drawn = pipes()
    drawn.loc[1, "geometry"] = None
    base = write(tmp_path / "base.gpkg", pipes=drawn)
    report, out = merged(base, tmp_path, pipes=pipes())
    assert read(out).geometry["B"].equals(LineString(PIPES["B"]))
    assert report.figures["applied"][0] == 1
    operations.undo(out, in_place=True)
    assert rows(out) == rows(base)
    report, out = merged(write(tmp_path / "whole.gpkg", pipes=pipes()), tmp_path, name="bare.gpkg", output="kept.gpkg",
                         pipes=drawn)  # fmt: skip
    assert rows(out) == rows(tmp_path / "whole.gpkg")


def test_a_column_named_like_one_of_the_base_in_other_capitals_is_told(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(note=["a", "b", "c", "d"]))
    report, out = merged(base, tmp_path, options={"new_columns": "all"},
                         pipes=pipes(NOTE=["x", "b", "c", "d"], gisheat_load_kw=[1.0] * 4))  # fmt: skip
    assert [text for text in said(report, "column-not-taken") if "rename" in text and "NOTE" in text]
    assert len(said(report, "column-not-taken")) == 1
    assert rows(out) == rows(base)
