"""Connections of stations to pipes: hand-computed places and lengths, in metres. See test_feet for the geometry."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from drawings import CRS, ORIGIN, layer, line, point
from shapely import box
from shapely.affinity import translate

from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.topology import build_network
from gisheat.topology.connections import connection_lengths

SERIES = pipe_series("cn-steel")
TRUNK = {"a": [(0, 0), (100, 0)]}


def build(lines, stations, *, areas=None, columns=None, **options):
    """Drawing of pipes and stations by name, with areas as boxes by name."""
    tables = {
        "pipes": layer([line(*shape) for shape in lines.values()], pipe_id=list(lines), **(columns or {})),
        "stations": layer([point(*p) for p in stations.values()], station_id=list(stations)),
    }
    if areas is not None:
        shapes = [translate(box(*bounds), *ORIGIN) for bounds, _ in areas.values()]
        tables["areas"] = layer(shapes, area_id=list(areas), kind=[kind for _, kind in areas.values()])
    raw = Layers(tables, {}, pyproj.CRS(CRS))
    return build_network(raw, clean(raw), SERIES, **options)


def connections(drawing):
    """Connection -> where it starts and where the station is, in metres from the origin."""
    made = drawing.pipes[drawing.pipes["source_layer"] == "stations"]
    return {
        name: tuple(tuple((np.array(xy[:2]) - ORIGIN).round(3).tolist()) for xy in shape.coords)
        for name, shape in zip(made["pipe_id"], made.geometry, strict=True)
    }


def found(drawing, rule):
    return [f for f in drawing.findings if f.rule == rule]


def lengths(drawing):
    return dict(zip(drawing.stations["station_id"], drawing.stations["connection_length_m"].round(3), strict=True))


# places --------------------------------------------------------------------------------------------------


def test_stations_at_one_foot_share_a_node_and_each_reports_its_length():
    """
    H     20 m above
    +---- the pipe is cut once
    I, J  20 and 35 m below
    """
    drawing = build(TRUNK, {"H": (40, 20), "I": (40, -20), "J": (40, -35)})
    assert {start for start, _ in connections(drawing).values()} == {(40, 0)}
    assert (drawing.pipes["parent_id"] == "a").sum() == 2
    assert lengths(drawing) == {"H": 20, "I": 20, "J": 35}


def test_connect_to_vertex_ends_at_the_nearest_vertex_of_a_pipe():
    drawing = build({"a": [(0, 0), (30, 0), (100, 0)]}, {"H": (40, 20)}, connect_to="vertex")
    assert connections(drawing) == {"H.connection": ((30, 0), (40, 20))}
    assert lengths(drawing)["H"] == pytest.approx(np.hypot(10, 20), abs=1e-3)
    assert (drawing.pipes["parent_id"] == "a").sum() == 2


def test_a_station_that_stands_on_a_pipe_has_no_connection_even_away_from_its_vertices():
    drawing = build({"a": [(0, 0), (30, 0), (100, 0)]}, {"H": (60, 0.2)}, connect_to="vertex")
    assert connections(drawing) == {}
    assert lengths(drawing) == {"H": 0}


def test_a_closed_pipe_takes_no_new_connection_but_keeps_what_stands_on_it():
    lines = {"a": [(0, 0), (100, 0)], "b": [(0, 50), (100, 50)]}
    drawing = build(lines, {"H": (40, 10), "I": (70, 0.2)}, columns={"status": ["closed", "existing"]})
    assert connections(drawing) == {"H.connection": ((40, 50), (40, 10))}
    assert lengths(drawing) == {"H": 40, "I": 0}


# drawn connections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [(40, 0), (40, -0.3), (40, 0.3)], ids=["on", "over", "short"])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("start", [(60, 25), (60.2, 25.2)], ids=["at the station", "near it"])
def test_a_drawn_connection_is_used_as_it_is(start, end, backwards):
    """It runs from the station to the pipe with a bend, longer than the straight one of 25 m."""
    bends = [start, (40, 25), end]
    drawn = {**TRUNK, "c": bends[::-1] if backwards else bends}
    drawing = build(drawn, {"H": (60, 25)}, columns={"role": ["trunk", "connection"]})
    assert connections(drawing) == {}
    assert not found(drawing, "connected")
    assert drawing.network.stations.in_service.all()
    assert lengths(drawing)["H"] == pytest.approx(45, abs=0.6)
    assert (drawing.pipes["parent_id"] == "a").sum() == 2


def test_a_drawn_connection_is_used_even_where_it_passes_a_forbidden_area():
    drawn = {**TRUNK, "c": [(60, 25), (60, 0)]}
    areas = {"P": ((50, 5, 70, 10), "forbidden")}
    drawing = build(drawn, {"H": (60, 25)}, areas=areas, columns={"role": ["trunk", "connection"]})
    assert connections(drawing) == {}
    assert lengths(drawing) == {"H": 25}


def test_the_length_of_a_connection_in_several_pieces_is_their_sum_and_that_on_a_trunk_none():
    """
    0 --trunk-- 1 --trunk-- 2
                |
                3 (12 m), 4 (5 m): connection; 2 - 5, 2 - 6: two more of 7 and 8 m from one node
    """
    start, end = np.array([0, 1, 1, 3, 2, 2]), np.array([1, 2, 3, 4, 5, 6])
    role = np.array([False, False, True, True, True, True])
    length = np.array([100.0, 100.0, 12.0, 5.0, 7.0, 8.0])
    found_lengths = connection_lengths(role, start, end, length, np.array([4, 5, 6, 1, 0, -1]))
    assert found_lengths.tolist()[:5] == [17, 7, 8, 0, 0]
    assert np.isnan(found_lengths[5])


# areas -----------------------------------------------------------------------------------------------------


def test_a_forbidden_area_between_station_and_pipe_sends_the_connection_past_it_and_is_named():
    """The area from x = 40 to 55, y = 5 to 10: past (55, 10) the ray from (50, 20) meets the pipe at x = 60."""
    drawing = build(TRUNK, {"H": (50, 20)}, areas={"park": ((40, 5, 55, 10), "forbidden")})
    assert connections(drawing) == {"H.connection": ((60, 0), (50, 20))}
    (finding,) = found(drawing, "connected")
    assert "the nearest pipe, 20.0 m away, lies behind the forbidden area park" in finding.message
    assert finding.distance == pytest.approx(np.hypot(10, 20), abs=1e-3)
    assert lengths(drawing)["H"] == pytest.approx(np.hypot(10, 20), abs=1e-3)


def test_an_area_that_only_costs_more_blocks_nothing():
    drawing = build(TRUNK, {"H": (50, 20)}, areas={"park": ((40, 5, 55, 10), "cost")})
    assert connections(drawing) == {"H.connection": ((50, 0), (50, 20))}


def test_an_area_without_a_kind_is_forbidden_and_one_of_cost_without_a_factor_is_a_finding():
    drawing = build(TRUNK, {"H": (50, 20)}, areas={"park": ((40, 5, 55, 10), None)})
    assert connections(drawing) == {"H.connection": ((60, 0), (50, 20))}
    areas = layer([translate(box(0, 0, 1, 1), *ORIGIN)] * 3, area_id=["A", "B", "C"], kind=["费用", None, "禁止"],
                  cost_factor=[None, 2.0, None])  # fmt: skip
    cleaned = clean(Layers({"areas": areas}, {}, pyproj.CRS(CRS)))
    assert cleaned["areas"]["kind"].tolist() == ["cost", "cost", "forbidden"]
    assert [(f.rule, f.source_fid) for f in cleaned.findings] == [("area-without-factor", 0)]


def test_a_station_that_no_pipe_is_in_sight_of_is_not_connected_and_the_area_is_named():
    drawing = build(TRUNK, {"H": (50, 20)}, areas={"rail": ((-900, 5, 900, 10), "forbidden")}, max_connection=100.0)
    (finding,) = found(drawing, "not-connected")
    assert finding.severity == "error"
    assert finding.distance == pytest.approx(20)
    assert "behind the forbidden area rail" in finding.message
    assert not drawing.network.stations.in_service.any()
    assert np.isnan(lengths(drawing)["H"])


def test_a_station_in_a_forbidden_area_is_connected_out_of_it_with_a_warning():
    drawing = build(TRUNK, {"H": (50, 20), "I": (80, 30)}, areas={"hospital": ((40, 10, 60, 30), "forbidden")})
    assert connections(drawing)["H.connection"] == ((50, 0), (50, 20))
    (finding,) = found(drawing, "inside-area")
    assert (finding.severity, finding.layer, finding.source_fid, finding.other_fid) == ("warning", "stations", 0, 0)


def test_areas_are_in_the_lineage_as_kept():
    drawing = build(TRUNK, {"H": (50, 20)}, areas={"park": ((40, 5, 55, 10), "forbidden")})
    rows = drawing.lineage[drawing.lineage["source_layer"] == "areas"]
    assert rows[["source_fid", "result_layer", "result_id", "action"]].to_numpy().tolist() == [
        [0, "areas", "park", "kept"]
    ]
