"""Facade points, hand-computed; lengths are in metres."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Polygon, box

from gisheat.topology.facades import facade_points

STREET = LineString([(0, 0), (100, 0)])


def facades(buildings, lines, *, forbidden=None, **options):
    areas = None if forbidden is None else np.array(forbidden, object)
    found = facade_points(np.array(buildings, object), np.array(lines, object), forbidden=areas, **options)
    return [tuple((np.round(xy, 4) + 0.0).tolist()) for xy in found]


def test_a_facade_along_the_street_is_connected_from_its_middle():
    assert facades([box(20, 10, 40, 30)], [STREET]) == [(30, 10)]


def test_of_a_facade_that_runs_past_the_end_of_the_street_the_stretch_along_it_counts():
    assert facades([box(90, 10, 130, 30)], [STREET]) == [(95, 10)]


def test_a_slanting_building_is_connected_from_its_nearest_corner():
    assert facades([Polygon([(20, 12), (40, 25), (25, 40)])], [STREET]) == [(20, 12)]


def test_the_nearest_of_several_streets_counts():
    other = LineString([(45, -50), (45, 50)])
    assert facades([box(20, 10, 40, 30)], [STREET, other]) == [(40, 20)]


def test_an_end_of_a_street_before_a_wall_has_its_foot_on_the_wall():
    assert facades([box(20, 10, 40, 30)], [LineString([(26, -50), (26, 4)])]) == [(26, 10)]


def test_a_street_through_a_building_is_met_at_the_wall():
    assert facades([box(20, -10, 40, 25)], [STREET]) == [(20, 0)]


def test_a_street_that_ends_in_a_building_without_a_courtyard_is_reached_from_the_nearest_wall():
    assert facades([box(0, 0, 100, 50)], [LineString([(50, 20), (52, 20)])]) == [(51, 0)]


def test_the_walls_of_a_courtyard_are_facades():
    yard = Polygon(box(0, 0, 60, 60).exterior.coords, [box(20, 20, 40, 40).exterior.coords])
    assert facades([yard], [LineString([(23, 25), (23, 35)])]) == [(20, 30)]


def test_the_nearest_part_of_a_building_of_several_counts():
    assert facades([MultiPolygon([box(20, 50, 40, 60), box(60, 8, 70, 20)])], [STREET]) == [(65, 8)]


def test_a_forbidden_area_before_the_facade_sends_the_connection_to_another_wall():
    back = LineString([(0, 45), (100, 45)])
    assert facades([box(20, 10, 40, 30)], [STREET, back], forbidden=[box(-500, 4, 600, 6)]) == [(30, 30)]


def test_what_no_wall_can_reach_keeps_its_nearest_place():
    assert facades([box(20, 10, 40, 30)], [STREET], forbidden=[box(-500, 4, 600, 6)], farthest=200.0) == [(30, 10)]


def test_without_lines_a_place_inside_is_taken():
    ((x, y),) = facades([box(20, 10, 40, 30)], np.empty(0, object))
    assert (x, y) == pytest.approx((30, 20))


coordinate = st.integers(0, 40).map(float)
place = st.tuples(coordinate, coordinate)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(place, min_size=3, max_size=6, unique=True).map(lambda p: shapely.convex_hull(shapely.multipoints(p))),
    st.lists(st.lists(place, min_size=2, max_size=4, unique=True).map(LineString), min_size=1, max_size=4),
)
def test_the_place_lies_on_the_outline_and_is_as_near_as_geos_says(building, lines):
    if building.area < 1.0:
        return
    (found,) = facade_points(np.array([building], object), np.array([*lines, None], object)[:-1])
    distance = min(shapely.distance(building.boundary, line) for line in lines)
    there = shapely.Point(found)
    assert shapely.distance(there, building.boundary) < 1e-9
    # places as near up to a millimetre count as equally near
    assert min(shapely.distance(there, line) for line in lines) <= distance + 1.001e-3
    (again,) = facade_points(
        np.array([building.reverse()], object), np.array([*(line.reverse() for line in lines[::-1]), None], object)[:-1]
    )
    assert np.allclose(again, found, atol=1e-6)
