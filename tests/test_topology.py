"""Topology: drawn lines to a network. Sketches are in metres; the tolerance is 0.5 m where nothing is said."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from drawings import CRS, ORIGIN, layer, line, point

from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.errors import InputError, TopologyError
from gisheat.layers import Layers
from gisheat.schema import ID_COLUMN
from gisheat.topology import build_network, in_phase
from gisheat.topology.heights import interpolate

SERIES = pipe_series("cn-steel")


def pipes(lines, **columns):
    """Pipes by name; other columns by list, in the same order."""
    return layer([shape if isinstance(shape, shapely.Geometry) else line(*shape) for shape in lines.values()],
                 pipe_id=list(lines), **columns)  # fmt: skip


def points(name, places, **columns):
    """Stations, sources or nodes by name."""
    return layer([point(*place) for place in places.values()], **{ID_COLUMN[name]: list(places)}, **columns)


def build(lines, *, stations=None, sources=None, nodes=None, tolerance=0.5, terrain=None, **options):
    """Network of pipes (lines by name, or a layer) with stations, sources and nodes (places by name, or a layer)."""
    tables = {"pipes": lines if isinstance(lines, gpd.GeoDataFrame) else pipes(lines)}
    for name, given in (("stations", stations), ("sources", sources), ("nodes", nodes)):
        if given is not None:
            tables[name] = given if isinstance(given, gpd.GeoDataFrame) else points(name, given)
    raw = Layers(tables, {}, pyproj.CRS(CRS), terrain)
    return build_network(raw, clean(raw), SERIES, snap_tolerance=tolerance, **options)


def ends(drawing):
    """Pipe -> the places of its two nodes, in metres from the origin."""
    xy = shapely.get_coordinates(drawing.nodes.geometry.to_numpy()) - ORIGIN
    network = drawing.network
    return {
        name: (tuple(xy[a].round(3).tolist()), tuple(xy[b].round(3).tolist()))
        for name, a, b in zip(network.pipes.id, network.pipes.start, network.pipes.end, strict=True)
    }


def rules(drawing):
    return [finding.rule for finding in drawing.findings if not finding.rule.startswith("ground")]


def lineage(drawing, source="pipes"):
    rows = drawing.lineage[drawing.lineage["source_layer"] == source]
    return [tuple(row) for row in rows[["source_fid", "result_id", "action"]].to_numpy()]


# ends that meet, or nearly ---------------------------------------------------------------------------------


def test_ends_at_one_place_are_one_node():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100, 0), (100, 50)]})
    assert ends(drawing) == {"a": ((0, 0), (100, 0)), "b": ((100, 0), (100, 50))}
    assert len(drawing.nodes) == 3
    assert rules(drawing) == []


def test_ends_0_3_m_apart_become_one_node_and_say_so():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100.3, 0), (200, 0)]})
    assert len(drawing.nodes) == 3
    assert ends(drawing)["a"][1] == ends(drawing)["b"][0]
    (snapped,) = [f for f in drawing.findings if f.rule == "end-snapped"]
    assert snapped.distance == pytest.approx(0.3)
    assert snapped.applied


def test_ends_0_7_m_apart_stay_apart_and_are_a_near_miss():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100.7, 0), (200, 0)]})
    assert len(drawing.nodes) == 4
    near = [f for f in drawing.findings if f.rule == "near-miss"]
    assert {f.severity for f in near} == {"warning"}
    assert [f.distance for f in near] == pytest.approx([0.7, 0.7])


def test_a_larger_tolerance_joins_what_a_smaller_one_leaves():
    gap = {"a": [(0, 0), (100, 0)], "b": [(100.7, 0), (200, 0)]}
    assert [len(build(gap, tolerance=t).nodes) for t in (0.0, 0.5, 0.8)] == [4, 4, 3]


def test_a_chain_of_near_ends_does_not_grow_together():
    """Ends at 100.0, 100.4 and 100.8: the outer two are farther apart than the tolerance."""
    drawing = build({
        "a": [(0, 0), (100.0, 0)], "b": [(100.4, 0), (100.4, 60)], "c": [(100.8, 0), (200, 0)],
    })  # fmt: skip
    moved = [f.distance for f in drawing.findings if f.rule == "end-snapped"]
    assert len(drawing.nodes) == 5
    assert moved == pytest.approx([0.4])


# lines that end on lines -----------------------------------------------------------------------------------


def test_an_end_on_a_pipe_splits_it():
    """
    a---------+---------a
              |
              b
    """
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, 0), (40, -30)]})
    assert ends(drawing) == {
        "a.1": ((0, 0), (40, 0)), "a.2": ((40, 0), (100, 0)), "b": ((40, 0), (40, -30)),
    }  # fmt: skip
    assert drawing.pipes["parent_id"].dropna().tolist() == ["a", "a"]
    assert drawing.pipes["length_m"].tolist() == pytest.approx([40.0, 60.0, 30.0])
    assert "pipe-split" in rules(drawing)


def test_an_end_0_3_m_beside_a_pipe_splits_it():
    """The end moves onto the pipe, which stays straight."""
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, -0.3), (40, -30)]})
    assert ends(drawing) == {
        "a.1": ((0, 0), (40, 0)), "a.2": ((40, 0), (100, 0)), "b": ((40, 0), (40, -30)),
    }  # fmt: skip
    assert drawing.pipes["length_m"].tolist() == pytest.approx([40.0, 60.0, 30.0])
    assert drawing.pipes["repaired"].tolist() == ["split", "split", "moved"]


def test_an_end_0_7_m_beside_a_pipe_leaves_it_whole_and_is_a_near_miss():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, -0.7), (40, -30)]})
    assert list(ends(drawing)) == ["a", "b"]
    (near,) = [f for f in drawing.findings if f.rule == "near-miss"]
    assert (near.source_fid, near.other_fid, near.distance) == (1, 0, pytest.approx(0.7))


def test_an_end_with_a_station_is_not_loose():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, -30), (40, -0.7)]}, stations={"H": (40, -0.7), "I": (40, -30)})
    assert "near-miss" not in rules(drawing)


def test_an_end_that_overshoots_by_0_3_m_splits_the_pipe():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, 0.3), (40, -30)]})
    assert list(ends(drawing)) == ["a.1", "a.2", "b"]


def test_two_pipes_that_cross_without_an_end_do_not_meet():
    """One runs under the other."""
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, 30), (40, -30)]})
    assert list(ends(drawing)) == ["a", "b"]
    assert len(drawing.nodes) == 4


def test_two_ends_on_one_pipe_make_three_parts_in_its_direction():
    drawing = build({"b": [(70, 0), (70, 30)], "a": [(100, 0), (0, 0)], "c": [(20, 0), (20, 30)]})
    parts = {name: where for name, where in ends(drawing).items() if name.startswith("a")}
    assert parts == {"a.1": ((100, 0), (70, 0)), "a.2": ((70, 0), (20, 0)), "a.3": ((20, 0), (0, 0))}


def test_a_name_that_is_taken_is_not_given_twice():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(40, 0), (40, 30)], "a.1": [(100, 0), (100, 30)]})
    assert len(set(drawing.pipes["pipe_id"])) == 4
    assert "a.1" in ends(drawing)


def test_a_bend_is_kept_in_its_part():
    drawing = build({"a": [(0, 0), (50, 0), (50, 50)], "b": [(20, 0), (20, -30)]})
    part = drawing.pipes.set_index("pipe_id").geometry["a.2"]
    assert (shapely.get_coordinates(part) - ORIGIN).round(6).tolist() == [[20, 0], [50, 0], [50, 50]]


def test_stated_lengths_and_zeta_are_divided_like_the_drawing():
    drawn = pipes({"a": [(0, 0), (100, 0)], "b": [(40, 0), (40, 30)]}, length_m=[200.0, None], zeta=[5.0, 1.0])
    drawing = build(drawn)
    assert drawing.network.pipes.length.tolist() == pytest.approx([80.0, 120.0, 30.0])
    assert drawing.network.pipes.zeta.tolist() == pytest.approx([2.0, 3.0, 1.0])


def test_a_length_is_planar_however_high_the_line_climbs():
    steep = shapely.LineString([(*ORIGIN, 100.0), (ORIGIN[0] + 30.0, ORIGIN[1] + 40.0, 180.0)])
    drawing = build({"a": steep})
    assert drawing.network.pipes.length.tolist() == pytest.approx([50.0])
    assert sorted(drawing.network.nodes.ground) == [100.0, 180.0]


# one side only -------------------------------------------------------------------------------------------


def test_a_supply_pipe_does_not_meet_a_return_pipe():
    drawn = pipes(
        {"s": [(0, 0), (100, 0)], "r": [(50, 0), (50, -40)], "t": [(100, 0.2), (200, 0)]},
        line=["supply", "return", "return"],
    )  # fmt: skip
    drawing = build(drawn)
    assert list(ends(drawing)) == ["s", "r", "t"]
    assert len(drawing.nodes) == 6
    assert drawing.network.pipes.in_supply.tolist() == [True, False, False]


def test_a_pair_meets_both():
    drawn = pipes(
        {"p": [(0, 0), (100, 0)], "s": [(100, 0.2), (200, 5)], "r": [(100, -0.2), (200, -5)]},
        line=["pair", "supply", "return"],
    )  # fmt: skip
    drawing = build(drawn)
    assert len(drawing.nodes) == 4
    assert ends(drawing)["s"][0] == ends(drawing)["r"][0] == ends(drawing)["p"][1]


def test_a_station_between_supply_and_return_is_connected_to_each():
    """
    s--------------s
          H
    r--------------r
    """
    drawn = pipes({"s": [(0, 5), (100, 5)], "r": [(0, -5), (100, -5)]}, line=["supply", "return"])
    drawing = build(drawn, stations={"H": (40, 0)})
    stations, network = drawing.network.stations, drawing.network
    assert stations.supply_node[0] != stations.return_node[0]
    made = drawing.pipes[drawing.pipes["source_layer"] == "stations"]
    assert made["line"].tolist() == ["supply", "return"]
    assert made["length_m"].tolist() == pytest.approx([5.0, 5.0])
    assert len(network.pipes) == 6


# stations and sources ------------------------------------------------------------------------------------


def test_a_station_at_the_end_of_a_pipe_stands_on_its_node():
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (100.2, 0)}, sources={"S": (0, 0)})
    assert list(ends(drawing)) == ["a"]
    assert drawing.network.stations.supply_node[0] == drawing.network.pipes.end[0]
    assert drawing.network.sources.return_node[0] == drawing.network.pipes.start[0]


def test_a_station_beside_a_pipe_is_connected_to_it():
    """
              H
              :  20 m
    a---------+---------a
    """
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (40, 20)})
    assert ends(drawing) == {
        "a.1": ((0, 0), (40, 0)), "a.2": ((40, 0), (100, 0)), "H.connection": ((40, 0), (40, 20)),
    }  # fmt: skip
    row = drawing.pipes.set_index("pipe_id").loc["H.connection"]
    assert (row["role"], row["status"], row["source_layer"]) == ("connection", "planned", "stations")
    (finding,) = [f for f in drawing.findings if f.rule == "connected"]
    assert finding.distance == pytest.approx(20.0)


def test_a_station_0_3_m_beside_a_pipe_stands_on_it():
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (40, 0.3)})
    assert list(ends(drawing)) == ["a.1", "a.2"]
    assert ends(drawing)["a.1"][1] == (40, 0.3)


def test_two_stations_across_the_pipe_share_a_node():
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (40, 20), "I": (40, -20)})
    assert ends(drawing)["H.connection"][0] == ends(drawing)["I.connection"][0] == (40, 0)
    assert len(drawing.network.pipes) == 4


def test_a_station_beyond_the_end_of_a_pipe_is_connected_to_the_end():
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (130, 0)})
    assert ends(drawing) == {"a": ((0, 0), (100, 0)), "H.connection": ((100, 0), (130, 0))}


def test_a_station_too_far_from_any_pipe_is_an_error_finding_and_out_of_service():
    drawing = build({"a": [(0, 0), (100, 0)]}, stations={"H": (40, 250), "I": (50, 20)}, max_connection=200.0)
    (finding,) = [f for f in drawing.findings if f.rule == "not-connected"]
    assert (finding.severity, finding.source_fid, finding.distance) == ("error", 0, pytest.approx(250.0))
    assert drawing.network.stations.in_service.tolist() == [False, True]
    assert "H.connection" not in ends(drawing)


def test_a_source_beside_a_pipe_is_connected_by_a_trunk_pipe():
    drawing = build({"a": [(0, 0), (100, 0)]}, sources={"S": (0, 15)})
    row = drawing.pipes.set_index("pipe_id").loc["S.feed"]
    assert (row["role"], row["source_layer"]) == ("trunk", "sources")
    assert row["length_m"] == pytest.approx(15.0)


def test_of_two_equally_near_pipes_the_first_one_is_taken():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(0, 40), (100, 40)]}, stations={"H": (50, 20)})
    assert "a.1" in ends(drawing)
    assert "b" in ends(drawing)


# nodes ---------------------------------------------------------------------------------------------------


def test_nodes_without_a_name_are_numbered_by_coordinate():
    drawing = build({"a": [(100, 0), (0, 0)], "b": [(0, 0), (0, 30)]})
    where = dict(zip(drawing.nodes["node_id"], drawing.nodes.geometry, strict=True))
    assert list(where) == ["N1", "N2", "N3"]
    assert [shapely.get_coordinates(p)[0].tolist() for p in where.values()] == [
        [ORIGIN[0], ORIGIN[1]], [ORIGIN[0], ORIGIN[1] + 30], [ORIGIN[0] + 100, ORIGIN[1]],
    ]  # fmt: skip


def test_the_order_of_the_features_plays_no_role():
    drawn = {
        "a": [(0, 0), (100, 0)],
        "b": [(40, 0.2), (40, 30)],
        "c": [(100.3, 0), (150, 0)],
        "d": [(40, 30), (150, 0)],
    }
    first, second = build(drawn), build(dict(reversed(drawn.items())))
    assert ends(first) == ends(second)
    assert first.nodes["node_id"].tolist() == second.nodes["node_id"].tolist()
    assert first.nodes.geometry.geom_equals(second.nodes.geometry).all()


def test_a_named_node_on_a_pipe_splits_it_and_keeps_its_name():
    nodes = points("nodes", {"K": (40, 0), "N1": (100, 0)}, ground_m=[12.0, 15.0])
    drawing = build({"a": [(0, 0), (100, 0)]}, nodes=nodes)
    assert list(ends(drawing)) == ["a.1", "a.2"]
    assert drawing.nodes["node_id"].tolist() == ["N2", "K", "N1"]
    assert drawing.network.nodes.ground[1:].tolist() == [12.0, 15.0]


def test_a_named_node_keeps_its_place_and_ends_come_to_it():
    drawing = build({"a": [(0, 0), (99.8, 0)], "b": [(100.3, 0), (150, 0)]}, nodes={"K": (100, 0)})
    assert ends(drawing)["a"][1] == ends(drawing)["b"][0] == (100, 0)


def test_named_nodes_0_3_m_apart_stay_two():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100.3, 0), (200, 0)]}, nodes={"K": (100, 0), "L": (100.3, 0)})
    assert (ends(drawing)["a"][1], ends(drawing)["b"][0]) == ((100, 0), (100.3, 0))
    assert {"K", "L"} <= set(drawing.nodes["node_id"])


def test_a_node_beside_all_pipes_is_no_node_of_the_network():
    drawing = build({"a": [(0, 0), (100, 0)]}, nodes={"K": (40, 10)})
    assert "K" not in drawing.nodes["node_id"].tolist()
    assert lineage(drawing, "nodes") == [(0, "", "unused")]


# heights -------------------------------------------------------------------------------------------------


def test_the_nodes_layer_wins_over_the_station_and_the_station_over_the_line():
    climbing = shapely.LineString(
        [(*ORIGIN, 10.0), (ORIGIN[0] + 50, ORIGIN[1], 20.0), (ORIGIN[0] + 100, ORIGIN[1], 30.0)]
    )
    stations = points("stations", {"H": (100, 0)}, ground_m=[31.0])
    nodes = points("nodes", {"K": (0, 0)}, ground_m=[11.0])
    drawing = build({"a": climbing}, stations=stations, nodes=nodes)
    assert drawing.network.nodes.ground.tolist() == [11.0, 31.0]
    assert build({"a": climbing}).network.nodes.ground.tolist() == [10.0, 30.0]


def test_heights_between_known_ones_follow_the_length_with_a_finding():
    nodes = points("nodes", {"K": (0, 0), "L": (100, 0)}, ground_m=[10.0, 20.0])
    drawing = build({"a": [(0, 0), (30, 0)], "b": [(30, 0), (100, 0)]}, nodes=nodes)
    assert drawing.network.nodes.ground.tolist() == pytest.approx([10.0, 13.0, 20.0])
    assert [f.severity for f in drawing.findings if f.rule == "ground-interpolated"] == ["info"]


def test_a_dead_end_has_the_height_of_where_it_branches_off():
    """10 m at 0, 20 m at 1, and 2 hangs on 3 between them."""
    height = interpolate(
        np.array([10.0, 20.0, np.nan, np.nan]), np.array([0, 3, 3]), np.array([3, 1, 2]), np.array([1.0, 3.0, 7.0])
    )
    assert height.tolist() == pytest.approx([10.0, 20.0, 12.5, 12.5])


def test_without_any_height_the_ground_is_flat_with_a_warning():
    drawing = build({"a": [(0, 0), (100, 0)]})
    assert drawing.network.nodes.ground.tolist() == [0.0, 0.0]
    assert [f.severity for f in drawing.findings if f.rule == "ground-unknown"] == ["warning"]


@pytest.fixture
def terrain(tmp_path):
    """Raster of 10 m cells over 200 m x 100 m south-west of (150, 50): 100 m high and 1 m more with each column."""
    file = tmp_path / "terrain.tif"
    heights = np.tile(100.0 + np.arange(20, dtype=np.float32), (10, 1))
    origin = rasterio.Affine(10.0, 0.0, ORIGIN[0] - 50.0, 0.0, -10.0, ORIGIN[1] + 50.0)
    with rasterio.open(
        file, "w", driver="GTiff", width=20, height=10, count=1, dtype="float32", crs=CRS, transform=origin
    ) as raster:
        raster.write(heights, 1)
    return str(file)


def test_heights_come_from_the_terrain_where_nothing_else_says_them(terrain):
    stations = points("stations", {"H": (95, 0)}, ground_m=[99.0])
    drawing = build({"a": [(5, 0), (95, 0)], "b": [(95, 0), (145, 0)]}, stations=stations, terrain=terrain)
    assert drawing.network.nodes.ground.tolist() == pytest.approx([105.0, 99.0, 119.0])


def test_outside_of_the_terrain_heights_are_interpolated(terrain):
    drawing = build({"a": [(5, 0), (95, 0)], "b": [(95, 0), (500, 0)]}, terrain=terrain)
    assert drawing.network.nodes.ground.tolist() == pytest.approx([105.0, 114.0, 114.0])


def test_a_terrain_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="terrain: there is no file"):
        build({"a": [(0, 0), (100, 0)]}, terrain=str(tmp_path / "nowhere.tif"))


# bores and other columns -----------------------------------------------------------------------------------


def test_the_bore_wins_over_the_wall_and_the_wall_over_the_dn():
    drawn = pipes(
        {"a": [(0, 0), (50, 0)], "b": [(50, 0), (100, 0)], "c": [(100, 0), (150, 0)], "d": [(150, 0), (200, 0)]},
        inner_diameter_mm=[201.0, None, None, None], outer_diameter_mm=[219.0, 219.0, None, None],
        wall_mm=[6.0, 6.0, None, None], dn_mm=[200.0, 200.0, 150.0, None],
    )  # fmt: skip
    bore = build(drawn).network.pipes.inner_diameter
    assert bore[:3].tolist() == pytest.approx([0.201, 0.207, 0.150])
    assert np.isnan(bore[3])


def test_a_bore_more_than_1_percent_from_its_dn_is_a_finding_and_kept():
    drawn = pipes(
        {"a": [(0, 0), (50, 0)], "b": [(50, 0), (90, 0)]}, inner_diameter_mm=[205.5, 204.0], dn_mm=[200.0, 200.0]
    )
    drawing = build(drawn)
    assert [f.source_fid for f in drawing.findings if f.rule == "dn-disagrees"] == [1]
    assert drawing.network.pipes.inner_diameter.tolist() == pytest.approx([0.2055, 0.204])


def test_a_dn_that_the_catalogue_does_not_have_is_an_error_and_unknown():
    drawing = build(pipes({"a": [(0, 0), (50, 0)]}, dn_mm=[210.0]))
    assert [(f.rule, f.severity) for f in drawing.findings if f.layer == "pipes"] == [("dn-unknown", "error")]
    assert np.isnan(drawing.network.pipes.inner_diameter[0])


def test_equivalent_lengths_are_15_percent_and_20_for_connections():
    drawn = pipes(
        {"a": [(0, 0), (100, 0)], "b": [(100, 0), (200, 0)], "c": [(200, 0), (300, 0)], "d": [(300, 0), (400, 0)]},
        role=["trunk", "connection", "branch", "branch"], local_loss_fraction=[None, None, 0.4, None],
        zeta=[None, None, None, 3.0],
    )  # fmt: skip
    assert build(drawn).network.pipes.equivalent_length.tolist() == pytest.approx([15.0, 20.0, 40.0, 0.0])
    assert build(drawn, local_loss_fraction=0.3).network.pipes.equivalent_length[0] == pytest.approx(30.0)


def test_closed_pipes_are_out_of_service_and_abandoned_ones_no_part_of_the_network():
    drawn = pipes(
        {"a": [(0, 0), (100, 0)], "b": [(100, 0), (200, 0)], "c": [(50, 0), (50, 40)]},
        status=["existing", "closed", "abandoned"],
    )  # fmt: skip
    drawing = build(drawn)
    assert list(ends(drawing)) == ["a", "b"]
    assert drawing.network.pipes.in_service.tolist() == [True, False]
    assert drawing.unused["pipe_id"].tolist() == ["c"]


def test_pipes_of_a_later_phase_are_not_there_yet():
    drawn = pipes(
        {"a": [(0, 0), (100, 0)], "b": [(100, 0), (200, 0)], "c": [(200, 0), (300, 0)]}, phase=["near", "far", None]
    )
    drawing = build(drawn)
    order = ("existing", "near", "far")
    assert in_phase(drawing, "near", order).pipes.in_service.tolist() == [True, False, True]
    assert in_phase(drawing, None, order).pipes.in_service.all()


# what happened to every feature ----------------------------------------------------------------------------


def test_the_lineage_tells_what_was_kept_split_left_out_and_not_used():
    lines = [line((0, 0), (100, 0)), line((40, 0), (40, 30)), line((5, 5), (5, 5)), None, line((0, 0), (0, 9))]
    drawn = layer(lines, pipe_id=["a", "b", "zero", "none", "old"], status=[*["existing"] * 4, "abandoned"])
    assert lineage(build(drawn)) == [
        (0, "a.1", "split"), (0, "a.2", "split"), (1, "b", "kept"), (2, "", "dropped"), (3, "", "dropped"),
        (4, "old", "unused"),
    ]  # fmt: skip


def test_a_pipe_drawn_twice_is_left_out_once():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100, 0), (0, 0)]})
    assert list(ends(drawing)) == ["a"]
    assert ("doubled", 1) in {(f.rule, f.source_fid) for f in drawing.findings}
    assert lineage(drawing) == [(0, "a", "kept"), (1, "a", "merged")]


def test_supply_and_return_drawn_on_one_line_are_not_doubled():
    drawn = pipes({"s": [(0, 0), (100, 0)], "r": [(0, 0), (100, 0)]}, line=["supply", "return"])
    assert list(ends(build(drawn))) == ["s", "r"]


def test_a_pipe_shorter_than_the_tolerance_is_left_out():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100, 0), (100.3, 0)], "c": [(100.3, 0), (150, 0)]})
    assert "b" not in ends(drawing)
    assert ends(drawing)["a"][1] == ends(drawing)["c"][0]
    assert "collapsed" in rules(drawing)


def test_a_closed_line_carries_nothing_and_is_a_finding():
    drawing = build({"a": [(0, 0), (100, 0)], "b": [(100, 0), (150, 0), (150, 50), (100, 0)]})
    assert "closed-line" in rules(drawing)
    assert drawing.network.pipes.in_service.tolist() == [True, False]


def test_the_parts_of_a_multi_line_are_pipes_of_their_own():
    two = shapely.MultiLineString([line((0, 0), (100, 0)), line((100, 0), (150, 0))])
    drawing = build({"m": two, "b": [(150, 0), (150, 9)]})
    assert list(ends(drawing)) == ["m.1", "m.2", "b"]
    assert drawing.pipes["parent_id"].dropna().tolist() == ["m", "m"]
    assert [row[0] for row in lineage(drawing)] == [0, 0, 1]


def test_own_columns_travel_along():
    drawing = build(pipes({"a": [(0, 0), (100, 0)], "b": [(40, 0), (40, 30)]}, colour=["red", "blue"]))
    assert drawing.pipes["colour"].tolist() == ["red", "red", "blue"]


def test_without_a_pipe_that_can_be_used_there_is_no_network():
    with pytest.raises(TopologyError, match="holds no pipe that can be used"):
        build(pipes({"a": [(0, 0), (100, 0)]}, status=["abandoned"]))
