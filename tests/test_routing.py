"""Routing: which trenches are chosen on towns whose best answer is clear by hand.

B---C---D      a grid of streets, 100 m apart unless said otherwise; the source stands at the lower left corner
|   |   |
A---E---F
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from drawings import call, layer, line, point, write
from shapely import Polygon

from gisheat.errors import InputError
from gisheat.layers import Layers
from gisheat.routing import RouteRules, TrenchCost, class_factors, read_pairs, route

PLAIN = RouteRules(trench=None)


def grid(across=3, up=2, step=100.0, **columns):
    """Streets of a grid: R<y><x> to the right and U<y><x> upwards from the crossing (x, y)."""
    names, lines = [], []
    for y in range(up):
        for x in range(across):
            if x + 1 < across:
                names.append(f"R{y}{x}")
                lines.append(line((x * step, y * step), ((x + 1) * step, y * step)))
            if y + 1 < up:
                names.append(f"U{y}{x}")
                lines.append(line((x * step, y * step), (x * step, (y + 1) * step)))
    return layer(lines, street_id=names, **columns)


def two_rows():
    lines = [line((0, 0), (300, 0)), line((0, 0), (0, 100)), line((0, 100), (300, 100))]
    return layer(lines, street_id=["low", "up", "high"])


def stations(*places, load=100.0, **columns):
    names = [f"H{i}" for i in range(1, len(places) + 1)]
    loads = load if isinstance(load, list) else [load] * len(places)
    return layer([point(*p) for p in places], station_id=names, load_kw=loads, **columns)


def sources(*places, **columns):
    return layer([point(*p) for p in places], source_id=[f"S{i}" for i in range(1, len(places) + 1)], **columns)


def plan(rules=PLAIN, order=(), **layers):
    given = {"sources": sources((0, 0)), **layers}
    load = given["stations"]["load_kw"].to_numpy(float) * 1e3
    return route(Layers(given, {}, given["streets"].crs), rules, load, order)


def streets_of(routed):
    """Length of new trench by street [m], straight ways under their layer."""
    rows = routed.trenches
    key = [
        layer if street is None else street
        for street, layer in zip(rows["street_id"], rows["source_layer"], strict=True)
    ]
    return rows.geometry.length.groupby(pd.Series(key)).sum().round(6).to_dict()


def rules_found(routed, severity=("error", "warning")):
    return sorted((f.rule, f.layer, f.source_fid) for f in routed.findings if f.severity in severity)


# streets alone -------------------------------------------------------------------------------------------


def test_a_station_is_joined_along_the_shortest_way():
    routed = plan(streets=grid(), stations=stations((200, 40)))
    assert streets_of(routed) == {"R00": 100.0, "R01": 100.0, "U02": 40.0}
    assert routed.trenches["status"].eq("planned").all()
    assert routed.figures["new trench length"] == (240.0, "m")
    assert routed.figures["routing cost"][0] == pytest.approx(240.0)
    assert rules_found(routed) == []


def test_stations_share_a_trench_where_that_is_shorter_than_shortest_ways():
    # each alone would take R00 + R01 or U00 + R10; together the middle street is the cheapest: 100 + 100 + 20 + 20
    places = stations((80, 100), (120, 100), (100, 0))
    routed = plan(streets=grid(), stations=places)
    assert streets_of(routed) == {"R00": 100.0, "U01": 100.0, "R10": 20.0, "R11": 20.0}


def test_a_station_beside_the_street_is_joined_by_a_straight_connection():
    routed = plan(streets=grid(), stations=stations((150, 12)))
    assert streets_of(routed) == {"R00": 100.0, "R01": 50.0, "stations": 12.0}
    (found,) = [f for f in routed.findings if f.rule == "connected"]
    assert (found.source_fid, found.distance, found.applied) == (0, pytest.approx(12.0), True)


def test_a_station_may_be_joined_to_the_farther_of_two_streets_when_that_is_cheaper_in_all():
    # 40 m to the upper street, 60 m to the lower; but up there it is 100 m more
    routed = plan(streets=two_rows(), stations=stations((150, 60)))
    assert streets_of(routed) == {"low": 150.0, "stations": 60.0}


def test_connections_end_at_vertices_where_that_is_asked_for():
    routed = plan(
        RouteRules(trench=None, at_vertex=True, join_anywhere=False), streets=grid(), stations=stations((130, 12))
    )
    assert streets_of(routed)["R00"] == 100.0
    assert "R01" not in streets_of(routed)
    assert streets_of(routed)["stations"] == pytest.approx(np.hypot(30, 12))


def test_several_stations_at_one_foot_share_it():
    routed = plan(streets=grid(), stations=stations((50, 10), (50.2, -10)))
    lengths = streets_of(routed)
    assert lengths["R00"] == 50.0
    ends = shapely.get_coordinates(shapely.get_point(routed.trenches.geometry.to_numpy(), 0))
    assert len(np.unique(ends, axis=0)) == 2  # the source, and one foot for both


def test_stations_at_one_place_have_one_connection():
    places = stations((150, 12), (150, 12), (40, 10), phase=["far", "near", "far"])
    routed = plan(order=("near", "far"), streets=grid(), stations=places, sources=sources((40, 10)))
    ways = routed.trenches[routed.trenches["source_layer"] != "streets"]
    assert sorted(zip(ways.geometry.length, ways["phase"], strict=True)) == [(10.0, "near"), (12.0, "near")]


def test_nothing_is_dug_through_a_station():
    # from S over H1 (20 m from either street) to H2 it would be 40 m through the garden of H1, around it 100 m more
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 40), (100, 40)), line((100, 0), (160, 0), (160, 40), (100, 40))],
        street_id=["low", "high", "round"],
    )
    routed = plan(streets=streets, stations=stations((50, 20), (40, 40)))
    assert int((routed.trenches["source_layer"] == "stations").sum()) == 1


def test_a_street_that_only_a_station_joins_with_the_rest_is_not_reached():
    # H1 stands between the two streets; only through it H2 could be reached
    streets = layer([line((0, 0), (100, 0)), line((0, 40), (300, 40))], street_id=["low", "high"])
    routed = plan(streets=streets, stations=stations((50, 22), (280, 43)))
    assert rules_found(routed) == [("unreachable", "stations", 1)]
    assert streets_of(routed) == {"low": 50.0, "stations": 22.0}
    assert routed.figures["stations reached"] == (1, "")


def test_what_stands_in_a_street_needs_no_vertex_there():
    # on to the next vertex, 60 m ahead, and back in the same street again would be two trenches in one
    streets = layer([line((0, 0), (100, 0))], street_id=["main"])
    routed = plan(RouteRules(trench=None, at_vertex=True), streets=streets, stations=stations((40, 0)))
    assert streets_of(routed) == {"main": 40.0}


# costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "street"), [(1.0, "direct"), (1.4, "direct"), (1.6, "around")])
def test_a_cost_factor_of_a_street_decides_between_it_and_a_detour(factor, street):
    # 100 m x factor against 150 m
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (0, 25), (100, 25), (100, 0))],
        street_id=["direct", "around"], cost_factor=[factor, 1.0],
    )  # fmt: skip
    assert set(streets_of(plan(streets=streets, stations=stations((100, 0))))) == {street}


def test_a_class_factor_multiplies_that_of_the_street():
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (0, 25), (100, 25), (100, 0))],
        street_id=["direct", "around"], cost_factor=[0.9, 1.0], **{"class": ["primary", "track"]},
    )  # fmt: skip
    places = stations((100, 0))
    assert set(streets_of(plan(streets=streets, stations=places))) == {"direct"}
    dear = RouteRules(trench=None, class_factor={"primary": 1.7})  # 0.9 x 1.7 x 100 = 153 against 150
    routed = plan(dear, streets=streets, stations=places)
    assert set(streets_of(routed)) == {"around"}
    assert routed.figures["routing cost"][0] == pytest.approx(150.0)
    assert routed.notes == ()
    misspelt = plan(RouteRules(trench=None, class_factor={"primry": 1.7}), streets=streets, stations=places)
    assert misspelt.notes == ("routing: no street is of the class 'primry' of class_factors",)


def square(x, y, width, height):
    return Polygon(line((x, y), (x + width, y), (x + width, y + height), (x, y + height)).coords)


def test_a_forbidden_area_forces_a_detour():
    areas = layer([square(40, -5, 20, 10)], area_id=["lake"], kind=["forbidden"], cost_factor=[np.nan])
    routed = plan(streets=grid(), stations=stations((100, 0)), areas=areas)
    assert streets_of(routed) == {"U00": 100.0, "R10": 100.0, "U01": 100.0}


def test_a_street_along_the_edge_of_a_forbidden_area_may_be_used():
    areas = layer([square(40, -10, 20, 10)], area_id=["lake"], kind=["forbidden"], cost_factor=[np.nan])
    assert set(streets_of(plan(streets=grid(), stations=stations((100, 0)), areas=areas))) == {"R00"}


@pytest.mark.parametrize(("factor", "detour"), [(10.0, False), (12.0, True)])
def test_a_cost_area_counts_with_the_share_of_the_street_inside(factor, detour):
    # 20 of 100 m inside: 80 + 20 x factor against 300 m; 10 gives 280, 12 gives 320
    areas = layer([square(40, -5, 20, 10)], area_id=["park"], kind=["cost"], cost_factor=[factor])
    routed = plan(streets=grid(), stations=stations((100, 0)), areas=areas)
    assert set(streets_of(routed)) == ({"U00", "R10", "U01"} if detour else {"R00"})
    assert routed.figures["routing cost"][0] == pytest.approx(300.0 if detour else 80.0 + 20.0 * factor)


def test_no_connection_leads_through_a_forbidden_area():
    # the station at (50, 30) is 30 m from R00, but a pond lies between; R10 is 70 m away
    areas = layer([square(20, 10, 60, 10)], area_id=["pond"], kind=["forbidden"], cost_factor=[np.nan])
    routed = plan(streets=grid(), stations=stations((50, 30)), areas=areas)
    ways = routed.trenches[routed.trenches["source_layer"] == "stations"].geometry
    assert len(ways) == 1
    assert shapely.length(shapely.intersection(ways.iloc[0], areas.geometry.iloc[0].buffer(-0.01))) == 0.0


def test_dearer_connections_choose_the_nearer_street():
    # 100 + 150 + 10 x 40 = 650 against 150 + 10 x 60 = 750
    routed = plan(RouteRules(trench=None, connection_cost=10.0), streets=two_rows(), stations=stations((150, 60)))
    assert streets_of(routed) == {"up": 100.0, "high": 150.0, "stations": 40.0}
    assert routed.figures["routing cost"][0] == pytest.approx(650.0)


def test_the_cost_by_load_takes_a_large_load_straight_where_the_least_length_leads_it_around():
    # least length: over the small station, 64 + 64 m; least cost: the large load straight, 100 m
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (50, 40)), line((50, 40), (100, 0))], street_id=["straight", "to", "on"]
    )
    places = stations((100, 0), (50, 40), load=[10_000.0, 1.0])
    half = float(np.hypot(50, 40))
    short = plan(streets=streets, stations=places)
    assert set(streets_of(short)) == {"to", "on"}
    assert short.figures["routing cost"][0] == pytest.approx(2 * half)
    routed = plan(RouteRules(trench=TrenchCost(0.0, 1e-3, 1.0)), streets=streets, stations=places)
    assert set(streets_of(routed)) == {"straight", "to"}
    assert routed.figures["routing cost"][0] == pytest.approx(100.0 * 10_000 + half * 1.0)


# roles and phases ----------------------------------------------------------------------------------------


def test_roles_follow_from_what_lies_behind():
    places = stations((50, 0), (100, 50), (100, 100), (200, 0), load=[500.0, 20.0, 20.0, 460.0])
    routed = plan(streets=grid(), stations=places)
    role = routed.trenches.drop_duplicates("street_id", keep=False).set_index("street_id")["role"]
    assert role.to_dict() == {"R01": "connection"}
    assert set(routed.trenches["role"][routed.trenches["street_id"] == "R00"]) == {"trunk"}
    u01 = routed.trenches[routed.trenches["street_id"] == "U01"]
    assert sorted(u01["role"]) == ["branch", "connection"]  # 40 kW of 1000 behind the lower half, 20 behind the upper


def test_what_is_built_first_is_part_of_what_stands_at_the_end():
    order = ("near", "far")
    places = stations((100, 0), (200, 0), (100, 100), phase=["near", "far", "near"])
    routed = plan(order=order, streets=grid(), stations=places)
    phase = dict(zip(routed.trenches["street_id"], routed.trenches["phase"], strict=True))
    assert phase == {"R00": "near", "R01": "far", "U01": "near"}


def test_a_source_that_comes_later_makes_its_trench_later():
    order = ("near", "far")
    routed = plan(
        order=order, streets=grid(), stations=stations((100, 0), phase=["near"]),
        sources=sources((0, 0), (200, 0), phase=["near", "far"]),
    )  # fmt: skip
    phase = dict(zip(routed.trenches["street_id"], routed.trenches["phase"], strict=True))
    assert phase == {"R00": "near", "R01": "far"}


def test_two_sources_are_joined_with_one_another():
    routed = plan(
        streets=grid(), stations=stations((100, 100)),
        sources=sources((0, 0), (200, 0), capacity_mw=[5.0, 30.0]),
    )  # fmt: skip
    assert streets_of(routed) == {"R00": 100.0, "R01": 100.0, "U01": 100.0}
    last = routed.trenches[routed.trenches["street_id"] == "R01"].geometry.iloc[0]
    assert last.coords[0][0] - last.coords[-1][0] == pytest.approx(100.0)  # reckoned from the larger source


# pipes that are there ------------------------------------------------------------------------------------


def existing(*lines, **columns):
    names = [f"P{i}" for i in range(1, len(lines) + 1)]
    columns = {"status": ["existing"] * len(lines), **columns}
    return layer([line(*points) for points in lines], pipe_id=names, **columns)


def test_pipes_that_are_there_cost_nothing():
    # along the upper street there is a pipe: 100 m up to it, then nothing, then 100 m down, against 200 m below
    streets = grid(across=4)
    pipes = existing(((0, 0), (0, 100), (300, 100)))
    routed = plan(streets=streets, stations=stations((300, 10)), pipes=pipes)
    assert streets_of(routed) == {"U03": 90.0}
    assert set(routed.layers["pipes"]["pipe_id"]) >= {"T1"}


@pytest.mark.parametrize("status", ["closed", "abandoned"])
def test_pipes_out_of_use_are_no_way(status):
    pipes = existing(((0, 0), (0, 100), (300, 100)), status=[status])
    routed = plan(streets=grid(across=4), stations=stations((300, 10)), pipes=pipes)
    assert streets_of(routed) == {"R00": 100.0, "R01": 100.0, "R02": 100.0, "U03": 10.0}


def test_a_pipe_beside_the_street_is_reached_over_a_short_link():
    pipes = existing(((0, 0), (200, 8)))  # drawn 4 m beside the street at its middle, 8 m at its end
    routed = plan(streets=grid(), stations=stations((200, 60)), pipes=pipes)
    found = streets_of(routed)
    assert found["U02"] == pytest.approx(52.0, abs=1.0)
    assert sum(found.values()) == pytest.approx(52.0, abs=1.0)


def test_pipes_are_tapped_only_at_their_ends_where_that_is_asked_for():
    pipes = existing(((0, 0), (200, 0)))
    places = stations((100, 60))
    assert streets_of(plan(streets=grid(), stations=places, pipes=pipes)) == {"U01": 60.0}
    nodes = RouteRules(trench=None, join_anywhere=False)
    routed = plan(nodes, streets=grid(), stations=places, pipes=pipes)
    assert sum(streets_of(routed).values()) == pytest.approx(160.0)  # 100 m back from an end, and up


def test_the_way_from_a_pipe_to_the_streets_does_not_lie_in_the_pipe():
    # drawn 5 m beside the axis; at its end the cross street is nearer than its own, straight back over the pipe
    pipes = existing(((0, -5), (104, -5)))
    nodes = RouteRules(trench=None, join_anywhere=False)
    streets = layer([line((0, 0), (100, 0)), line((100, -100), (100, 0)), line((100, 0), (100, 100)),
                     line((100, 0), (200, 0))], street_id=["low", "down", "up", "on"])  # fmt: skip
    routed = plan(nodes, streets=streets, stations=stations((110, 80)), pipes=pipes, sources=sources((0, -5)))
    assert shapely.intersection(routed.trenches.union_all(), pipes.geometry[0].buffer(0.5)).length < 1.0


def test_a_station_on_a_pipe_needs_no_trench():
    pipes = existing(((0, 0), (200, 0)))
    routed = plan(streets=grid(), stations=stations((150, 0.2), (100, 50)), pipes=pipes)
    assert streets_of(routed) == {"U01": 50.0}


def test_a_drawn_connection_that_ends_beside_a_street_is_tied_to_it():
    pipes = existing(((150, 30), (150, 0.3)), status=["planned"], role=["connection"])
    routed = plan(streets=grid(), stations=stations((150, 30)), pipes=pipes)
    assert {k: round(v) for k, v in streets_of(routed).items()} == {"R00": 100, "R01": 50}
    ends = shapely.get_coordinates(routed.trenches.geometry.to_numpy())
    assert np.hypot(*(ends - np.array(pipes.geometry.iloc[0].coords[1])).T).min() < 1e-9  # it ends at the drawn one


def test_a_pipe_that_comes_too_late_for_what_lies_behind_is_a_warning():
    pipes = existing(((0, 0), (100, 0)), status=["planned"], phase=["far"])
    routed = plan(order=("near", "far"), streets=grid(), stations=stations((200, 0), phase=["near"]), pipes=pipes)
    assert rules_found(routed) == [("pipe-late", "pipes", 0)]


# rings ---------------------------------------------------------------------------------------------------


def ring_of(routed):
    rows = routed.trenches[routed.trenches["ring"].notna()]
    return set(rows["street_id"])


def test_a_ring_around_what_carries_too_much_is_the_cheapest_one():
    # 2 MW behind R00, 1 MW behind R01: only the first needs a way around, 300 m over the next block
    rules = RouteRules(trench=None, ring_load=1.5e6)
    routed = plan(rules, streets=grid(), stations=stations((100, 0), (200, 0), load=1000.0))
    assert ring_of(routed) == {"U00", "R10", "U01"}
    assert routed.figures["rings closed"] == (1, "")
    assert routed.figures["rings: length"] == (300.0, "m")
    assert rules_found(routed) == []
    assert ring_of(plan(streets=grid(), stations=stations((100, 0), (200, 0), load=1000.0))) == set()


def test_a_pair_is_joined_by_two_ways():
    # R00 + R01 and around: U00 + R10 + R11 + U02 (over the middle street it would be 100 m more)
    rules = RouteRules(trench=None, ring_pairs=(("S1", "H1"),))
    routed = plan(rules, streets=grid(), stations=stations((200, 0)))
    assert ring_of(routed) == {"U00", "R10", "R11", "U02"}
    assert rules_found(routed) == []


def test_rings_stand_in_the_last_phase():
    rules = RouteRules(trench=None, ring_load=0.5e6)
    routed = plan(
        rules, order=("near", "far"), streets=grid(),
        stations=stations((100, 0), (200, 0), load=300.0, phase=["near", "far"]),
    )  # fmt: skip
    rows = routed.trenches
    assert set(rows["phase"][rows["ring"].notna()]) == {"far"}
    assert rows.set_index("street_id")["phase"]["R00"] == "near"


def test_no_ring_passes_through_a_station():
    # between the two rows of streets stands a station, 40 m from both: a ring over it would be shortest
    rules = RouteRules(trench=None, ring_load=0.5e6)
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (0, 80), (100, 80)), line((100, 0), (400, 0), (400, 80), (100, 80))],
        street_id=["low", "high", "far"],
    )
    routed = plan(rules, streets=streets, stations=stations((100, 40), (100, 0), load=[100.0, 900.0]))
    ways = routed.trenches["source_layer"] == "stations"
    assert int(ways.sum()) == 1
    assert ring_of(routed) == {"high", "far"}


@pytest.mark.parametrize("aside", [0.0, 0.3])
def test_a_ring_does_not_lie_in_the_trench_of_a_pipe_that_is_there(aside):
    # the street of the pipe would be the shortest way around the pipe, but fails with it
    rules = RouteRules(trench=None, ring_load=1.0e6)
    pipes = existing(((0, aside), (200, aside)))
    routed = plan(rules, streets=grid(), stations=stations((200, 0), load=[1500.0]), pipes=pipes)
    assert set(routed.trenches["street_id"].dropna()) == {"U00", "R10", "R11", "U02"}
    assert rules_found(routed) == []


def test_what_no_street_closes_is_a_warning_at_its_place_with_the_load():
    lane = layer([line((0, 0), (100, 0)), line((100, 0), (100, 300))], street_id=["main", "lane"])
    rules = RouteRules(trench=None, ring_load=1.0e6, ring_pairs=(("S1", "H2"),))
    routed = plan(rules, streets=lane, stations=stations((50, 0), (100, 300), load=[500.0, 1500.0]))
    found = [f for f in routed.findings if f.rule == "ring-impossible"]
    assert sorted((f.layer, f.source_fid) for f in found) == [("stations", 1), ("streets", 0), ("streets", 1)]
    by_street = {f.source_fid: f.message for f in found if f.layer == "streets"}
    assert "2.00 MW" in by_street[0]
    assert "1.50 MW" in by_street[1]


def test_rings_by_load_need_loads():
    with pytest.raises(InputError, match="ring_load_mw needs to know what stations take"):
        plan(RouteRules(ring_load=1e6), streets=grid(), stations=stations((100, 0), load=float("nan")))


def test_pairs_that_name_something_unknown_are_refused():
    with pytest.raises(InputError, match="no station, source or node 'H11'; did you mean 'H1'"):
        plan(RouteRules(ring_pairs=(("S1", "H11"),)), streets=grid(), stations=stations((100, 0)))


@pytest.mark.parametrize("text", ["S1", "S1:", "S1:S1", "S1:H1; x"])
def test_pairs_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="is no pair of names"):
        read_pairs(text)


@pytest.mark.parametrize("text", ["primary", "primary:", ":2", "primary:x", "primary:-1", "primary:0"])
def test_class_factors_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="is no class with a positive factor"):
        class_factors(text)


# what can't be reached -----------------------------------------------------------------------------------


def test_a_station_far_from_all_streets_is_an_error_with_its_distance():
    routed = plan(streets=grid(), stations=stations((100, 0), (500, 0)))
    (found,) = [f for f in routed.findings if f.severity == "error"]
    assert (found.rule, found.layer, found.source_fid, found.distance) == ("unreachable", "stations", 1, 300.0)
    assert "300 m" in found.message


def test_a_station_at_streets_that_lead_nowhere_is_an_error():
    apart = layer([line((400, 0), (500, 0))], street_id=["apart"])
    routed = plan(streets=pd.concat([grid(), apart], ignore_index=True), stations=stations((100, 0), (450, 5)))
    (found,) = [f for f in routed.findings if f.severity == "error"]
    assert (found.rule, found.source_fid) == ("unreachable", 1)
    assert "no street joins with a source" in found.message


def test_a_station_locked_in_by_a_forbidden_area_is_an_error():
    outer, inner = square(120, 20, 60, 60), square(140, 40, 20, 20)
    ring = layer([outer.difference(inner)], area_id=["moat"], kind=["forbidden"], cost_factor=[np.nan])
    routed = plan(streets=grid(), stations=stations((100, 0), (150, 50)), areas=ring)
    (found,) = [f for f in routed.findings if f.severity == "error"]
    assert (found.rule, found.source_fid) == ("unreachable", 1)
    assert "forbidden area" in found.message


def test_parts_of_the_town_with_a_source_each_are_networks_of_their_own():
    apart = layer([line((400, 0), (500, 0))], street_id=["apart"])
    routed = plan(
        streets=pd.concat([grid(), apart], ignore_index=True), stations=stations((100, 0), (450, 0)),
        sources=sources((0, 0), (400, 0)),
    )  # fmt: skip
    assert streets_of(routed) == {"R00": 100.0, "apart": 50.0}
    assert rules_found(routed) == []


def test_without_any_station_in_reach_nothing_is_dug_and_each_is_told():
    routed = plan(streets=grid(), stations=stations((500, 0)))
    assert (routed.reached, len(routed.trenches)) == (0, 0)
    assert rules_found(routed) == [("unreachable", "sources", 0), ("unreachable", "stations", 0)]


# verbs ---------------------------------------------------------------------------------------------------


def rows_of(file, name):
    """Rows of a layer of a result, None where nothing stands."""
    table = pyogrio.read_dataframe(file, layer=name, read_geometry=False).astype(object)
    return table.where(table.notna(), None).to_dict("records")


PUMPED = {"supply_temp_c": [110.0], "return_temp_c": [60.0], "static_head_m": [30.0], "ground_m": [100.0]}


def city(**layers):
    given = {
        "streets": grid(),
        "stations": stations((150, 12), (200, 60), load=[500.0, 300.0], ground_m=[100.0, 101.0]),
        "sources": sources((0, 0), **PUMPED),
    }
    return {name: table for name, table in {**given, **layers}.items() if table is not None}


def test_a_routed_result_solves_as_the_streets_do_without_being_routed_again(run, tmp_path):
    assert run(city(), verb="route").code == 0
    assert call("run", run.folder / "town.gpkg", "-o", tmp_path / "streets.gpkg").code == 0
    again = call("run", run.output, "-o", tmp_path / "routed.gpkg")
    assert (again.code, again.err) == (0, "")
    assert "new trenches" not in again.out
    for name in ("pipes", "stations", "sources"):
        first, second = (rows_of(tmp_path / f"{n}.gpkg", name) for n in ("streets", "routed"))
        for row in (*first, *second):
            row.pop("source_layer", None), row.pop("source_fid", None)
        assert first == second
    pipes = rows_of(tmp_path / "routed.gpkg", "pipes")
    assert {row["street_id"] for row in pipes} == {"R00", "R01", "U02", None}
    assert all(row["status"] == "planned" and row["dn_mm"] > 0.0 for row in pipes)
    assert sum(row["length_m"] for row in pipes) == pytest.approx(200 + 60 + 12)


def test_the_verb_route_leaves_planned_pipes_without_a_size(run):
    assert run(city(), verb="route").code == 0
    rows = rows_of(run.output, "pipes")
    assert {row["status"] for row in rows} == {"planned"}
    assert {row["dn_mm"] for row in rows} == {None}
    figures = {row["key"]: row["value"] for row in rows_of(run.output, "summary")}
    assert (figures["new trench length"], figures["stations reached"]) == ("272", "2")
    kinds = {(row["source_layer"], row["street_id"] is None) for row in rows}
    assert kinds == {("streets", False), ("stations", True)}


FAR = stations((500, 0), (500, 200))


def test_where_no_station_is_in_reach_check_lists_each_and_other_verbs_say_why(run):
    ran = run(city(stations=FAR), verb="route")
    assert ran.code == 3
    assert re.search(r"no station can be reached .*station H1 lies 300 m", ran.sentence)
    ran = run(city(stations=FAR), verb="check")
    assert ran.code == 1
    found = [(row["rule"], row["layer"]) for row in rows_of(run.output, "findings") if row["severity"] == "error"]
    assert found == [("unreachable", "sources"), ("unreachable", "stations"), ("unreachable", "stations")]


def test_the_finding_of_a_connection_and_the_station_agree_on_its_length(run):
    """H2 at (200, 60) branches off where H1 leaves the lower street at x = 150: 50 m to the corner, then 60 m up."""
    assert run(city(stations=stations((150, 12), (205, 60), load=[500.0, 300.0])), "--route-cost", "length",
               verb="route").code == 0  # fmt: skip
    rows = {row["station_id"]: row["connection_length_m"] for row in rows_of(run.output, "stations")}
    assert rows == {"H1": 12.0, "H2": 115.0}
    found = {row["source_fid"]: row for row in rows_of(run.output, "findings") if row["rule"] == "connected"}
    assert [row["distance_m"] for _, row in sorted(found.items())] == [12.0, 5.0]
    (whole,) = (row["message"] for row in found.values() if "alone" in row["message"])
    assert whole.endswith("its connection is 115.0 m long.")


def test_the_lineage_names_the_trenches_in_a_street_and_the_connections_of_a_station(run):
    assert run(city(), "--route-cost", "length", verb="route").code == 0
    pipes = {(row["source_layer"], row["source_fid"], row["pipe_id"]) for row in rows_of(run.output, "pipes")}
    lineage = [row for row in rows_of(run.output, "lineage") if row["result_layer"] == "pipes"]
    assert {(row["source_layer"], row["source_fid"], row["result_id"]) for row in lineage} == pipes
    assert {(row["source_layer"], row["action"]) for row in lineage} == {
        ("streets", "routed"), ("stations", "connected"),
    }  # fmt: skip


def test_check_says_why_nothing_can_be_routed(run):
    shut = stations((0, 0), status=["abandoned"])
    ran = run(city(stations=shut), verb="check")
    assert ran.code == 1
    (row,) = (row for row in rows_of(run.output, "findings") if row["severity"] == "error")
    assert row["rule"] == "not-routed"
    assert "the layer stations holds none that is in use" in row["message"]


def test_routing_a_result_digs_nothing_new_not_even_for_a_ring_through_a_station(run, tmp_path):
    """Two streets end 25 m north and south of H1; only through H1 could a ring be closed around the way there."""
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (0, 50)), line((0, 50), (100, 50))], street_id=["a", "b", "c"]
    )
    town = city(streets=streets, stations=stations((100, 25), load=[500.0]))
    assert run(town, "--ring-load-mw", "0.3", verb="route").code == 0
    again = tmp_path / "again.gpkg"
    assert call("route", run.output, "--ring-load-mw", "0.3", "-o", again).code == 0
    first, second = (rows_of(file, "pipes") for file in (run.output, again))
    assert [row["length_m"] for row in first] == pytest.approx([100, 25])
    names = ("pipe_id", "from_node", "to_node", "length_m", "role")
    assert [[row[n] for n in names] for row in second] == [[row[n] for n in names] for row in first]
    assert {row["rule"] for row in rows_of(again, "findings")} >= {"ring-impossible"}


def test_topology_leaves_to_routing_what_the_project_has_routed(tmp_path):
    """The pipe ends 60 m from H2; `route` digs along the street, so `topology` draws no straight connection."""
    source = write(tmp_path / "city.gpkg", city(pipes=existing(((0, 0), (100, 0)))))
    names = ("pipes", "streets", "stations", "sources")
    layers = "".join(f'{name} = "{source.name}|{name}"\n' for name in names)
    for wanted, rules in (("always", ["left-to-routing"]), ("never", ["connected", "connected"])):
        project = tmp_path / f"{wanted}.toml"
        project.write_text(f'[layers]\n{layers}[options]\nrouting = "{wanted}"\n')
        output = tmp_path / f"{wanted}.gpkg"
        assert call("topology", project, "-o", output).code == 0
        found = [row["rule"] for row in rows_of(output, "findings")]
        assert [rule for rule in found if rule in ("left-to-routing", "connected", "not-connected")] == rules


def test_the_verb_route_routes_whatever_its_project_says_of_routing(tmp_path):
    source = write(tmp_path / "city.gpkg", city())
    refused = call("route", source, "--routing", "never", "-o", tmp_path / "out.gpkg")
    assert refused.code == 2
    assert "--routing" in refused.err
    names = ("streets", "stations", "sources")
    layers = "".join(f'{name} = "{source.name}|{name}"\n' for name in names)
    project = tmp_path / "city.toml"
    project.write_text(f'[layers]\n{layers}[options]\nrouting = "never"\n')
    assert call("route", project, "-o", tmp_path / "out.gpkg").code == 0
    assert len(rows_of(tmp_path / "out.gpkg", "pipes")) > 0


def test_never_leaves_streets_without_a_network(run):
    ran = run(city(), "--routing", "never")
    assert ran.code != 0
    assert "pipes" in ran.sentence


def test_an_extension_taps_the_pipes_that_are_there(run, tmp_path):
    pipes = existing(((0, 0), (200, 0)), dn_mm=[150.0])
    ran = run(city(pipes=pipes), "--routing", "always", "--route-cost", "length")
    assert ran.code == 0
    rows = {row["pipe_id"]: row for row in rows_of(run.output, "pipes")}
    parts = [row for row in rows.values() if row["parent_id"] == "P1"]
    assert sorted(row["pipe_id"] for row in parts) == ["P1.1", "P1.2"]
    assert sum(row["length_m"] for row in parts) == pytest.approx(200.0)
    assert {row["dn_mm"] for row in parts} == {150.0}
    new = [row for row in rows.values() if row["status"] == "planned"]
    assert sum(row["length_m"] for row in new) == pytest.approx(12.0 + 60.0)
    again = call("run", run.output, "-o", tmp_path / "again.gpkg")
    assert (again.code, again.err) == (0, "")
    figures = ("pipe_id", "parent_id", "street_id", "from_node", "to_node", "length_m", "dn_mm", "role")
    first, second = (rows_of(file, "pipes") for file in (run.output, tmp_path / "again.gpkg"))
    assert [[row[f] for f in figures] for row in second] == [[row[f] for f in figures] for row in first]
    action = {(r["source_layer"], r["result_id"]): r["action"] for r in rows_of(run.output, "lineage")}
    assert (action["pipes", "P1.1"], action["pipes", "P1.2"]) == ("split", "split")


def test_pipes_are_left_as_they_are_without_a_word_for_routing(run):
    assert run(city(pipes=existing(((0, 0), (200, 0), (200, 60))))).code == 0
    assert {row["status"] for row in rows_of(run.output, "pipes") if row["role"] != "connection"} == {"existing"}


def test_options_of_routing_reach_it_from_the_command_line(run):
    streets = layer(
        [line((0, 0), (100, 0)), line((0, 0), (0, 25), (100, 25), (100, 0))],
        street_id=["direct", "around"], **{"class": ["primary", "track"]},
    )  # fmt: skip
    town = city(streets=streets, stations=stations((100, 0), load=[500.0], ground_m=[100.0]))
    assert run(town, "--class-factors", "primary:1.6").code == 0
    assert {row["street_id"] for row in rows_of(run.output, "pipes")} == {"around"}
    assert run(town, "--ring-pairs", "S1:H1", "--overwrite").code == 0
    assert {row["street_id"]: row["ring"] for row in rows_of(run.output, "pipes")} == {"direct": None, "around": 1}


def test_routing_a_routed_network_again_digs_nothing(run, tmp_path):
    assert run(city(), verb="route").code == 0
    again = call("route", run.output, "-o", tmp_path / "again.gpkg")
    assert (again.code, again.err) == (0, "")
    first, second = rows_of(run.output, "pipes"), rows_of(tmp_path / "again.gpkg", "pipes")
    assert [row["pipe_id"] for row in second] == [row["pipe_id"] for row in first]
    figures = {row["key"]: row["value"] for row in rows_of(tmp_path / "again.gpkg", "summary")}
    assert (figures["new trenches"], figures["routing cost"]) == ("0", "0")


def test_a_station_that_routing_does_not_reach_gets_no_way_through_the_blocks(run):
    apart = layer([line((250, 0), (250, 60))], street_id=["apart"])
    streets = pd.concat([grid(), apart], ignore_index=True)
    places = stations((150, 12), (255, 30), load=[500.0, 300.0], ground_m=[100.0, 101.0])
    assert run(city(streets=streets, stations=places)).code == 1
    errors = [
        (f["rule"], f["layer"], f["source_fid"]) for f in rows_of(run.output, "findings") if f["severity"] == "error"
    ]
    assert errors == [("unreachable", "stations", 2)]
    assert [row["served"] for row in rows_of(run.output, "stations")] == [True, False]


@pytest.mark.parametrize("missing", ["streets", "stations", "sources"])
def test_the_verb_route_names_the_layer_that_is_missing(run, missing):
    pipes = existing(((0, 0), (200, 0)))
    ran = run(city(pipes=pipes, **{missing: None}), verb="route")
    assert ran.code == 2
    assert f"the layer {missing} is missing" in ran.sentence


def test_heights_of_streets_are_those_of_trenches():
    high = shapely.LineString([(425_000, 5_090_000, 100.0), (425_100, 5_090_000, 110.0)])
    routed = plan(streets=layer([high], street_id=["up"]), stations=stations((50, 0)))
    (trench,) = routed.trenches.geometry
    assert [p[2] for p in trench.coords] == pytest.approx([100.0, 105.0])


def test_buildings_without_stations_are_routed_from_their_facades(run):
    houses = layer([square(140, 10, 20, 10), square(210, 50, 10, 20)], building_id=["B1", "B2"], floors=[5.0, 4.0])
    assert run(city(stations=None, buildings=houses), "--heat-index-w-m2", "50").code == 0
    pipes = rows_of(run.output, "pipes")
    ways = {(row["source_layer"], round(row["length_m"])) for row in pipes if row["street_id"] is None}
    assert ways == {("buildings", 10)}
    assert [row["load_kw"] for row in rows_of(run.output, "stations")] == pytest.approx([50.0, 40.0], rel=1e-3)


def test_an_unreachable_station_makes_exit_code_1(run):
    far = stations((150, 12), (900, 60), load=[500.0, 300.0], ground_m=[100.0, 101.0])
    ran = run(city(stations=far))
    assert ran.code == 1
    assert ("unreachable", "stations") in {(f["rule"], f["layer"]) for f in rows_of(run.output, "findings")}
