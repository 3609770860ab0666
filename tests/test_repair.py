"""The repair of streets and pipes on tiny drawings, in metres; the tolerance is 0.5 m where nothing is said."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN, call, layer, line, point, town, write

from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.noding import Rules, node_lines
from gisheat.topology import RepairRules, lineage_of, repair
from gisheat.topology.events import event_findings
from gisheat.topology.ragged import lines_of


def streets(*lines, **columns):
    """Streets named a, b, c ... by coordinates or shapes."""
    shapes = [shape if isinstance(shape, shapely.Geometry) else line(*shape) for shape in lines]
    return layer(shapes, street_id=list("abcdefghij")[: len(shapes)], **columns)


def pipes(*lines, **columns):
    return streets(*lines, **columns).rename(columns={"street_id": "pipe_id"})


def mended(kind, table, **rules):
    """The repaired layer, findings, lineage rows (fid, id, action)."""
    raw = Layers({kind: table}, {}, pyproj.CRS(CRS))
    result = repair(clean(raw), RepairRules(**rules))
    lineage = lineage_of(raw, result.layers, result.absorbed, result.layers["pipes"] if kind == "pipes" else None)
    rows = [tuple(row) for row in lineage[["source_fid", "result_id", "action"]].to_numpy()]
    return result.layers[kind], result.findings, rows


def shapes(table):
    """Name -> coordinates in metres from the origin."""
    name = next(c for c in ("street_id", "pipe_id") if c in table)
    return {
        n: [tuple(p) for p in (shapely.get_coordinates(g) - ORIGIN).round(3).tolist()]
        for n, g in zip(table[name], table.geometry, strict=True)
    }


def said(findings, rule):
    """Feature, other feature, place from the origin, distance of the findings of a rule."""
    return [
        (f.source_fid, f.other_fid, tuple(np.round(np.subtract(f.point, ORIGIN), 3).tolist()),
         None if f.distance is None else round(f.distance, 3), f.applied)
        for f in findings if f.rule == rule
    ]  # fmt: skip


# each rule at its place ------------------------------------------------------------------------------------


def test_streets_that_cross_get_a_node():
    table, findings, rows = mended("streets", streets([(0, 0), (100, 0)], [(40, -30), (40, 30)]))
    assert shapes(table) == {
        "a.1": [(0, 0), (40, 0)], "a.2": [(40, 0), (100, 0)], "b.1": [(40, -30), (40, 0)], "b.2": [(40, 0), (40, 30)],
    }  # fmt: skip
    assert said(findings, "crossing-joined") == [(0, 1, (40, 0), None, True)]
    assert [f.source_fid for f in findings if f.rule == "street-split"] == [0, 1]
    assert rows == [(0, "a.1", "split"), (0, "a.2", "split"), (1, "b.1", "split"), (1, "b.2", "split")]
    assert table["parent_id"].tolist() == ["a", "a", "b", "b"]
    assert table["repaired"].tolist() == ["split"] * 4


def test_a_repair_that_ends_before_everything_is_joined_is_told():
    """One pass joins the crossing; only a second one could say that nothing is left."""
    table = streets([(0, 0), (100, 0)], [(40, -30), (40, 30)])
    for passes, expected in ((1, ["not-settled"]), (100, [])):
        noded = node_lines(lines_of(table.geometry.to_numpy()), Rules(0.5, passes=passes))
        told = event_findings("streets", table.assign(source_fid=[0, 1]), noded, 0.5)
        assert [f.rule for f in told if f.severity == "warning"] == expected


@pytest.mark.parametrize("column", [{"level": [None, 1.0]}, {"bridge": [None, "yes"]}, {"tunnel": ["no", "yes"]}])
def test_a_bridge_is_not_joined_with_what_runs_below(column):
    table, findings, rows = mended("streets", streets([(0, 0), (100, 0)], [(40, -30), (40, 30)], **column))
    assert list(shapes(table)) == ["a", "b"]
    assert said(findings, "crossing-kept") == [(0, 1, (40, 0), None, False)]
    assert rows == [(0, "a", "kept"), (1, "b", "kept")]


def test_the_ends_of_a_bridge_are_joined():
    table, *_ = mended("streets", streets([(0, 0), (100, 0)], [(100.2, 0), (150, 0)], level=[None, 1.0]))
    assert table["to_node"][0] == table["from_node"][1]


def test_pipes_cross_without_a_node_unless_they_are_to_be_joined():
    drawn = pipes([(0, 0), (100, 0)], [(40, -30), (40, 30)])
    kept, findings, _ = mended("pipes", drawn)
    joined, *_ = mended("pipes", drawn, pipe_crossings="join")
    assert (len(kept), len(joined)) == (2, 4)
    assert said(findings, "crossing-kept") == [(0, 1, (40, 0), None, False)]


def test_an_end_on_the_middle_of_a_street_names_both():
    table, findings, rows = mended("streets", streets([(0, 0), (100, 0)], [(40, 0.3), (40, 30)]))
    assert said(findings, "end-snapped") == [(1, 0, (40, 0), 0.3, True)]
    assert rows == [(0, "a.1", "split"), (0, "a.2", "split"), (1, "b", "moved")]
    assert table["from_node"].tolist()[1:] == [table["to_node"][0]] * 2


def test_what_the_tolerance_does_not_cover_is_only_said():
    table, findings, _ = mended("streets", streets([(0, 0), (100, 0)], [(40, 0.7), (40, 30)]))
    assert len(table) == 2
    assert said(findings, "near-miss") == [(1, 0, (40, 0.7), 0.7, False)]


def test_a_row_of_near_ends_does_not_grow_together():
    """Ends at 100.0, 100.4 and 100.8 m: the outer two are farther apart than the tolerance."""
    table, findings, _ = mended(
        "streets", streets([(0, 0), (100, 0)], [(100.4, 0), (100.4, 60)], [(100.8, 0), (200, 0)])
    )
    assert len({*table["from_node"], *table["to_node"]}) == 5
    assert len(said(findings, "end-snapped")) == 1
    assert [d for *_, d, _ in said(findings, "left-apart")] == [0.4]


@pytest.mark.parametrize("second", [[(0, 0), (100, 0)], [(100, 0), (0, 0)]])
def test_a_street_drawn_twice_in_either_direction_is_kept_once(second):
    table, findings, rows = mended("streets", streets([(0, 0), (100, 0)], second))
    assert list(shapes(table)) == ["a"]
    assert [(a, b, d, done) for a, b, _, d, done in said(findings, "doubled")] == [(1, 0, 100.0, True)]
    assert rows == [(0, "a", "kept"), (1, "a", "merged")]


def test_a_stretch_that_two_streets_share_is_kept_once():
    table, findings, rows = mended("streets", streets([(0, 0), (100, 0)], [(60, 0), (160, 0)]))
    assert shapely.length(table.geometry).sum() == pytest.approx(160.0)
    assert [(a, b, d, done) for a, b, _, d, done in said(findings, "overlap")] == [(1, 0, 40.0, True)]
    assert rows == [(0, "a.1", "split"), (0, "a.2", "split"), (1, "b", "moved"), (1, "a.2", "merged")]


def test_a_street_on_others_names_all_the_pieces_that_run_there_now_and_no_more():
    drawn = streets(
        [(0, 0), (50, 0)], [(50, 0), (100, 0)], [(100, 0), (100, 50)], [(0.2, 0.1), (100, 0)], [(30, -9), (30, 9)]
    )
    rows = mended("streets", drawn)[2]
    assert [row for row in rows if row[0] == 3] == [(3, "a.1", "merged"), (3, "a.2", "merged"), (3, "b", "merged")]


def test_a_pipe_on_pipes_of_one_side_names_only_what_stands_for_it():
    way = [(0, 0), (100, 0)]
    _, _, rows = mended("pipes", pipes(way, way, way, line=["supply", "return", "return"]))
    assert rows == [(0, "a", "kept"), (1, "b", "kept"), (2, "b", "merged")]


def test_of_pipes_on_each_other_the_open_and_existing_one_stays():
    way = [(0, 0), (100, 0)]
    table, *_ = mended("pipes", pipes(way, way, way, status=["closed", "planned", "existing"]))
    assert table["pipe_id"].tolist() == ["c"]


def test_a_line_within_the_tolerance_is_left_out_and_a_short_one_is_only_said():
    drawn = streets([(0, 0), (100, 0)], [(100, 0), (100.3, 0)], [(100.3, 0), (200, 0)], [(0, 0), (0, 0.8)])
    table, findings, rows = mended("streets", drawn)
    assert list(shapes(table)) == ["a", "c", "d"]
    assert [(a, d) for a, _, _, d, _ in said(findings, "collapsed")] == [(1, 0.3)]
    assert [(a, d) for a, _, _, d, _ in said(findings, "very-short")] == [(1, 0.3), (3, 0.8)]
    assert (1, "", "dropped") in rows


def test_parts_of_a_multi_line_are_numbered_through_where_they_are_split_too():
    two = shapely.MultiLineString([line((0, 0), (100, 0)), line((100, 0), (100, 50))])
    table, findings, rows = mended("streets", streets(two, [(40, 0), (40, 30)]))
    assert list(shapes(table)) == ["a.1", "a.2", "a.3", "b"]
    assert [f.source_fid for f in findings if f.rule == "multi-part"] == [0]
    assert [row[1] for row in rows] == ["a.1", "a.2", "a.3", "b"]


def test_a_street_that_crosses_itself_is_cut_there():
    """An eight-like way whose last segment crosses its first one."""
    table, findings, _ = mended("streets", streets([(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)]))
    assert list(shapes(table)) == ["a.1", "a.2", "a.3"]
    assert (50, 0) in {p for _, _, p, _, done in said(findings, "self-crossing") if done}


def test_a_pipe_that_comes_back_to_its_own_start_is_cut_there():
    table, *_ = mended("pipes", pipes([(0, 0), (50, 0), (50, 50), (0, 0), (-30, -30)]))
    assert list(shapes(table)) == ["a.1", "a.2"]


def test_a_closed_street_is_kept_and_said():
    table, findings, _ = mended("streets", streets([(0, 0), (50, 0), (50, 50), (0, 0)]))
    assert len(table) == 1
    assert [a for a, *_ in said(findings, "closed-line")] == [0]


def test_parts_of_the_street_network_are_told_with_place_and_length():
    drawn = streets([(0, 0), (100, 0)], [(100, 0), (200, 0)], [(0, 500), (60, 500)], [(60, 500), (60, 540)])
    _, findings, _ = mended("streets", drawn)
    assert [(a, d) for a, _, _, d, _ in said(findings, "island")] == [(2, 100.0)]
    (dead,) = [f for f in findings if f.rule == "dangle"]
    assert dead.message.startswith("4 dead end(s)")


# columns that follow -------------------------------------------------------------------------------------


def test_heights_stay_at_vertices_and_are_interpolated_at_cuts():
    high = shapely.LineString([(*ORIGIN, 10.0), (ORIGIN[0] + 100, ORIGIN[1], 30.0)])
    table, *_ = mended("streets", streets(high, [(40, -30), (40, 30)]))
    z = shapely.get_coordinates(table.geometry[:2], include_z=True)[:, 2]
    assert z.tolist() == pytest.approx([10.0, 18.0, 18.0, 30.0])
    assert shapely.has_z(table.geometry).tolist() == [True, True, False, False]


def test_own_columns_follow_and_stated_lengths_are_shared_out():
    drawn = pipes([(0, 0), (100, 0)], [(40, 0), (40, 30)], length_m=[200.0, None], colour=["red", "blue"])
    table, *_ = mended("pipes", drawn)
    assert table["length_m"].tolist()[:2] == pytest.approx([80.0, 120.0])
    assert table["colour"].tolist() == ["red", "red", "blue"]


# pseudo-nodes --------------------------------------------------------------------------------------------


def test_streets_that_agree_in_everything_are_joined_when_asked():
    drawn = streets([(0, 0), (50, 0)], [(100, 0), (50, 0)], [(100, 0), (150, 0)], name=["x", "x", "y"])
    kept, findings, _ = mended("streets", drawn)
    assert len(kept) == 3
    (pseudo,) = [f for f in findings if f.rule == "pseudo-node"]
    assert pseudo.message.startswith("At 1 place(s)")
    table, findings, rows = mended("streets", drawn, merge_pseudo_nodes=True)
    assert shapes(table) == {"a": [(0, 0), (50, 0), (100, 0)], "c": [(100, 0), (150, 0)]}
    assert table["repaired"].tolist() == ["merged", "kept"]
    assert rows == [(0, "a", "merged"), (1, "a", "merged"), (2, "c", "kept")]
    assert [f.applied for f in findings if f.rule == "pseudo-node"] == [True]


def test_of_pipes_only_planned_ones_are_joined_and_not_at_a_station():
    drawn = pipes([(0, 0), (50, 0)], [(50, 0), (100, 0)], [(100, 0), (150, 0)], [(150, 0), (200, 0)],
                  status=["planned"] * 3 + ["existing"], length_m=[60.0, None, None, None])  # fmt: skip
    raw = Layers({"pipes": drawn, "stations": layer([point(100, 0)], station_id=["H"])}, {}, pyproj.CRS(CRS))
    table = repair(clean(raw), RepairRules(merge_pseudo_nodes=True)).layers["pipes"]
    assert shapes(table) == {"a": [(0, 0), (50, 0), (100, 0)], "c": [(100, 0), (150, 0)], "d": [(150, 0), (200, 0)]}
    assert table["length_m"][0] == pytest.approx(110.0)  # 60 m as stated, 50 m as drawn


def test_a_ring_of_streets_is_not_joined_to_a_closed_line():
    drawn = streets([(0, 0), (50, 0)], [(50, 0), (50, 50)], [(50, 50), (0, 0)])
    table, *_ = mended("streets", drawn, merge_pseudo_nodes=True)
    assert len(table) == 3


# supply and return in one trench -------------------------------------------------------------------------


PAIR = ([(0, 0), (100, 0)], [(0, -1.2), (60, -1.2)], [(60, -1.2), (100, -1.2)], [(50, -40), (50, 40)])


def test_supply_and_return_side_by_side_are_said_and_kept_as_two():
    drawn = pipes(*PAIR, line=["supply", "return", "return", "return"])
    table, findings, rows = mended("pipes", drawn)
    assert [(a, b, d, done) for a, b, _, d, done in said(findings, "parallel-pair")] == [
        (1, 0, 1.2, False), (2, 0, 1.2, False),
    ]  # fmt: skip
    assert table["line"].tolist()[0] == "supply"
    assert [row[2] for row in rows] == ["kept"] * 4


def test_supply_and_return_side_by_side_become_one_trench_when_asked():
    drawn = pipes(*PAIR, line=["supply", "return", "return", "return"])
    table, findings, rows = mended("pipes", drawn, parallel_pairs="merge")
    assert table[["pipe_id", "line", "repaired"]].to_numpy().tolist() == [
        ["a", "pair", "merged"],
        ["d", "return", "kept"],
    ]
    assert all(done for *_, done in said(findings, "parallel-pair"))
    assert rows == [(0, "a", "merged"), (1, "a", "merged"), (2, "a", "merged"), (3, "d", "kept")]


@pytest.mark.parametrize(
    ("change", "found"),
    [({}, 1), ({"dn_mm": [200.0, 150.0]}, 0), ({"line": ["supply", "supply"]}, 0), ({"line": [None, None]}, 1)],
)
def test_only_pipes_of_one_size_that_can_be_supply_and_return_are_a_pair(change, found):
    drawn = pipes(
        [(0, 0), (100, 0)], [(0, -2), (100, -2)], **{"line": ["supply", "return"], "dn_mm": [200.0, 200.0]} | change
    )
    _, findings, _ = mended("pipes", drawn)
    assert len(said(findings, "parallel-pair")) == found


def test_pipes_farther_apart_than_asked_are_no_pair():
    drawn = pipes([(0, 0), (100, 0)], [(0, -2), (100, -2)], line=["supply", "return"])
    _, findings, _ = mended("pipes", drawn, parallel_distance=1.5)
    assert not said(findings, "parallel-pair")


# the verb ------------------------------------------------------------------------------------------------

DIRTY = {
    "streets": lambda: streets(
        [(0, 0), (100, 0)], [(50, -40), (50, 40)], [(100.3, 0), (200, 0)], [(20, 30), (20, 0.2)], [(0, 0), (100, 0)],
        [(200, 0), (0, 0)], [(30, 60), (60, 60), (45, 80), (30, 60)], [(60, -30), (60, 30)],
        level=[None] * 7 + [1.0],
    ),
    "pipes": lambda: pipes(
        shapely.force_3d(line((0, 0), (100, 0)), 12.5), [(0, -1.2), (60, -1.2)], [(60, -1.2), (100.1, -1.2)],
        [(40, 0.3), (40, 30)], [(40, 30), (40, 60)], [(100, 0), (200, 0)], [(150, 0), (250, 0)], [(20, -50), (20, 50)],
        line=["supply", "return", "return"] + [None] * 5,
    ),
}  # fmt: skip
EVERYTHING = ["--merge-pseudo-nodes", "--parallel-pairs", "merge", "--pipe-crossings", "join"]


@pytest.mark.parametrize("options", [[], EVERYTHING])
@pytest.mark.parametrize("given", [["streets"], ["pipes"], ["streets", "pipes"]])
def test_a_second_run_changes_no_bit_and_repairs_nothing(tmp_path, given, options):
    first, second = tmp_path / "first.gpkg", tmp_path / "second.gpkg"
    stations = {"stations": layer([point(40, 60), point(170, 20), point(170.2, 20), point(250, 0)],
                                  station_id=["H1", "H2", "H3", "H4"])}  # fmt: skip
    source = write(tmp_path / "drawn.gpkg", {name: DIRTY[name]() for name in given} | stations)
    assert call("topology", source, "--output", first, *options).code == 0
    assert call("topology", first, "--output", second, *options).code == 0
    for name in given:
        one, other = (pyogrio.read_dataframe(file, layer=name) for file in (first, second))
        assert (shapely.to_wkb(one.geometry) == shapely.to_wkb(other.geometry)).all()
        assert set(other.loc[other["source_layer"] == name, "repaired"]) == {"kept"}
        changed = {"repaired", "source_layer", "source_fid", "geometry"}
        for column in set(one.columns) - changed:
            assert one[column].equals(other[column]), column
    found = pyogrio.read_dataframe(second, layer="findings", read_geometry=False)
    assert found.loc[found["applied"] == 1, "rule"].tolist() == []
    assert "left-apart" not in set(found["rule"])


@pytest.mark.parametrize("given", [["streets"], ["streets", "pipes"]])
def test_every_street_and_pipe_is_in_the_lineage_of_the_result(tmp_path, given):
    source = write(tmp_path / "drawn.gpkg", {name: DIRTY[name]() for name in given})
    assert call("topology", source, "--output", tmp_path / "out.gpkg").code == 0
    lineage = pyogrio.read_dataframe(tmp_path / "out.gpkg", layer="lineage")
    for name in given:
        rows = lineage[lineage["source_layer"] == name]
        fids = pyogrio.read_dataframe(source, layer=name, fid_as_index=True).index
        assert set(rows["source_fid"]) == set(fids)
        column = {"streets": "street_id", "pipes": "pipe_id"}[name]
        there = pyogrio.read_dataframe(tmp_path / "out.gpkg", layer=name)
        assert set(rows.loc[rows["result_id"] != "", "result_id"]) == set(there[column])


def test_streets_alone_are_checked_and_repaired_but_not_solved(tmp_path):
    table = streets([(0, 0), (100, 0)], [(40, -30), (40, 30)])
    source = write(tmp_path / "streets.gpkg", {**town(pipes=None), "streets": table})
    assert call("check", source).code == 0
    done = call("topology", source, "--output", tmp_path / "out.gpkg")
    assert "parts of the street network  1" in done.out
    names = [name for name, _ in pyogrio.list_layers(tmp_path / "out.gpkg")]
    assert {"streets", "stations", "sources", "findings", "lineage"} <= set(names)
    assert "pipes" not in names
    for verb in ("loads", "size", "solve", "run", "balance"):
        refused = call(verb, source, "--routing", "never", "--output", tmp_path / f"{verb}.gpkg")
        assert refused.code == 3
        assert "no pipes" in refused.sentence


def test_streets_of_another_file_are_enough(tmp_path):
    source = write(tmp_path / "roads.gpkg", {"roads": streets([(0, 0), (100, 0)]).drop(columns="street_id")})
    done = call("topology", source, "--streets", f"{source}|roads", "--output", tmp_path / "out.gpkg")
    assert done.code == 0
    assert pyogrio.read_dataframe(tmp_path / "out.gpkg", layer="streets")["street_id"].tolist() == ["1"]


def test_not_too_many_places_are_listed_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr("gisheat.topology.events.MOST_LISTED", 3)
    bars = [[(x, -30), (x, 30)] for x in range(10, 60, 10)]
    _, findings, _ = mended("streets", streets([(0, 0), (100, 0)], *bars))
    joined = [f for f in findings if f.rule == "crossing-joined"]
    assert [f.source_fid is None for f in joined] == [False] * 3 + [True]
    assert joined[-1].message.startswith("2 more")


def test_of_many_split_streets_the_number_is_told_and_the_lineage_names_their_parts(monkeypatch):
    bars = [[(x, -30), (x, 30)] for x in range(10, 60, 10)]
    for most, expected in ((6, [0, 1, 2, 3, 4, 5]), (5, [None])):
        monkeypatch.setattr("gisheat.topology.events.MOST_SPLITS", most)
        _, findings, rows = mended("streets", layer([line(*b) for b in [[(0, 0), (100, 0)], *bars]],
                                                    street_id=list("abcdef")))  # fmt: skip
        split = [f for f in findings if f.rule == "street-split"]
        assert [f.source_fid for f in split] == expected
        assert len([row for row in rows if row[2] == "split"]) == 6 + 2 * 5
    assert split[0].message.startswith("6 streets were split into 16 parts")


def test_nothing_is_repaired_in_the_layers_that_were_given():
    table = streets([(0, 0), (100, 0)], [(40, 0.3), (40, 30)])
    before = table.copy(deep=True)
    mended("streets", table)
    assert isinstance(table, gpd.GeoDataFrame)
    assert table.equals(before)


# a result read again ---------------------------------------------------------------------------------------


def twice(folder, layers, *options, verb="topology"):
    """The result of a verb on layers, and that of the verb on this result."""
    files = [write(folder / "drawn.gpkg", layers), folder / "first.gpkg", folder / "second.gpkg"]
    for one, other in pairwise(files):
        assert call(verb, one, "--output", other, *options).code == 0
    return files[1:]


def assert_same(first, second, *names):
    for name in names:
        one, other = (pyogrio.read_dataframe(file, layer=name) for file in (first, second))
        assert (shapely.to_wkb(one.geometry) == shapely.to_wkb(other.geometry)).all()
        for column in set(one.columns) - {"source_layer", "source_fid", "repaired", "geometry"}:
            assert one[column].equals(other[column]), (name, column)


def test_stations_beyond_one_another_and_at_one_place_stay_as_they_were_connected(tmp_path):
    """On one line from the end of the trunk: H1, H2, and H3, H4 and a second source at one place; H5 aside."""
    layers = town(
        pipes=pipes([(0, 0), (75, 0)], [(75, 0), (75, 25)]),
        stations=layer([point(*p) for p in [(50, 50), (25, 75), (0, 100), (0, 100), (95, 25)]],
                       station_id=["H1", "H2", "H3", "H4", "H5"], load_kw=[100.0] * 5),
        sources=layer([point(0, 0), point(0, 100)], source_id=["S1", "S2"], pressure_holding=[True, False]),
    )  # fmt: skip
    first, second = twice(tmp_path, layers)
    assert_same(first, second, "pipes", "nodes", "stations", "sources")
    assert not pyogrio.read_dataframe(second, layer="findings", read_geometry=False)["applied"].any()
    table = pyogrio.read_dataframe(first, layer="pipes", read_geometry=False)
    assert table["pipe_id"].tolist() == ["a", "b", "H1.connection", "H2.connection", "H5.connection", "S2.feed"]
    assert set(table["repaired"]) == {"kept"}
    lengths = pyogrio.read_dataframe(first, layer="stations", read_geometry=False)["connection_length_m"]
    assert lengths.tolist() == pytest.approx([50**0.5 * 5, 5000**0.5, 0.0, 0.0, 20.0])  # two stand at the feed


def test_a_trench_beside_a_pipe_of_the_supply_alone_leaves_both_when_read_again(tmp_path):
    """Routing taps no pipe that is drawn for one side: it digs beside it."""
    layers = town(
        pipes=pipes([(0, 0), (100, 0)], line=["supply"]),
        streets=streets([(0, 0), (100, 0)], [(100, 0), (200, 0)], [(100, 0), (100, 80)]),
    )
    first, second = tmp_path / "first.gpkg", tmp_path / "second.gpkg"
    assert call("route", write(tmp_path / "drawn.gpkg", layers), "--output", first).code == 0
    assert call("topology", first, "--output", second).code == 0
    assert pyogrio.read_dataframe(first, layer="pipes")["line"].tolist() == ["supply", "pair", "pair", "pair"]
    assert_same(first, second, "pipes", "nodes", "stations", "sources")
    assert "doubled" not in set(pyogrio.read_dataframe(second, layer="findings", read_geometry=False)["rule"])


def test_a_loose_end_that_a_new_connection_passes_stays_loose(tmp_path):
    """The connection of H2 from (40, 0) straight up to (40, 60) passes the end of pipe b, which is closed."""
    layers = town(
        pipes=pipes([(0, 0), (80, 0)], [(40, 30), (70, 30), (70, 0)], status=["existing", "closed"]),
        stations=layer([point(40, 60)], station_id=["H2"], load_kw=[100.0]),
    )
    first, second = twice(tmp_path, layers)
    assert_same(first, second, "pipes", "nodes", "stations", "sources")
    assert not pyogrio.read_dataframe(second, layer="findings", read_geometry=False)["applied"].any()
