"""Feet of points on lines, hand-computed; lengths are in metres.

Sketches: H is the point, the line lies along y = 0 where nothing else is said.
"""

from __future__ import annotations

import numpy as np
import pytest
from shapely import LineString, Polygon, box

from gisheat.topology.feet import candidate_feet
from gisheat.topology.visibility import crossed_areas

STREET = LineString([(0, 0), (100, 0)])


def feet(points, lines, *, usable=None, forbidden=None, **options):
    """Feet as rows (point, line, along, (x, y), gap), rounded to a tenth of a millimetre."""
    shapes = np.array(lines, object)
    mask = np.ones(len(shapes), bool) if usable is None else np.array(usable)
    areas = None if forbidden is None else np.array(forbidden, object)
    found = candidate_feet(np.array(points, float), shapes, mask, forbidden=areas, **options)
    rows = zip(found.point.tolist(), found.line.tolist(), found.along.tolist(), found.xy.tolist(), found.gap.tolist(),
               strict=True)  # fmt: skip
    return [(p, line, round(a, 4), tuple(round(v, 4) + 0.0 for v in xy), round(g, 4)) for p, line, a, xy, g in rows]


def test_the_foot_is_perpendicular_on_a_line_and_at_its_end_beyond_it():
    assert feet([(40, 20), (103, 4)], [STREET]) == [(0, 0, 40, (40, 0), 20), (1, 0, 100, (100, 0), 5)]


def test_along_counts_the_bends():
    bent = LineString([(0, 0), (30, 0), (30, 40)])
    assert feet([(50, 25)], [bent]) == [(0, 0, 55, (30, 25), 20)]


def test_a_line_that_may_not_be_used_has_no_foot():
    other = LineString([(0, 50), (100, 50)])
    assert feet([(40, 20)], [STREET, other], usable=[False, True]) == [(0, 1, 40, (40, 50), 30)]
    assert feet([(40, 20)], [STREET], usable=[False]) == []


def test_a_line_at_the_limit_is_reached_and_one_beyond_it_is_not():
    assert len(feet([(40, 20)], [STREET], farthest=20.0)) == 1
    assert feet([(40, 20.001)], [STREET], farthest=20.0) == []


def test_several_feet_come_nearest_first_and_never_more_than_there_are():
    lines = [LineString([(0, y), (100, y)]) for y in (0, 50, -30, 400)]
    assert [(line, gap) for _, line, _, _, gap in feet([(40, 20)], lines, count=3)] == [(0, 20), (1, 30), (2, 50)]
    assert [line for _, line, *_ in feet([(40, 20)], lines, count=9)] == [0, 1, 2, 3]
    assert [line for _, line, *_ in feet([(40, 20)], lines, count=9, farthest=60.0)] == [0, 1, 2]


def test_lines_that_meet_at_the_foot_give_one_foot():
    crossing = [LineString([(100, 0), (100, y)]) for y in (-50, -80)]
    assert [line for _, line, *_ in feet([(110, 10)], [STREET, *crossing], count=3)] == [2]


def test_at_vertices_and_at_ends_feet_are_there_only():
    bent = LineString([(0, 0), (30, 0), (100, 0)])
    assert feet([(45, 20)], [bent], at="vertices") == [(0, 0, 30, (30, 0), 25)]
    assert feet([(45, 60)], [bent], at="ends") == [(0, 0, 0, (0, 0), 75)]


def test_of_two_equally_near_lines_the_order_plays_no_role():
    diagonals = [LineString([(0, 0), (20, 20)]), LineString([(0, 20), (20, 0)])]
    forward, backward = feet([(10, 14)], diagonals), feet([(10, 14)], diagonals[::-1])
    assert [row[3:] for row in forward] == [row[3:] for row in backward]


def test_a_forbidden_area_in_the_way_sends_the_connection_past_its_corner():
    """
             H (50, 20)
        ###########        area from x = 40 to 55, y = 5 to 10: the ray past (55, 10) hits the street at
        ###########        x = 50 + 5 * 20 / 10 = 60, the other one past (40, 10) at 30
    ---------------------
    """
    area = box(40, 5, 55, 10)
    ((_, _, along, _, gap),) = feet([(50, 20)], [STREET], forbidden=[area])
    assert along == pytest.approx(60, abs=1e-4)
    assert gap == pytest.approx(np.hypot(20, 10), abs=1e-4)


def test_a_farther_line_is_taken_when_the_way_past_the_area_is_longer():
    other = LineString([(0, 45), (100, 45)])
    (row,) = feet([(50, 20)], [STREET, other], forbidden=[box(10, 5, 90, 10)])
    assert row == (0, 1, 50, (50, 45), 25)


def test_a_line_behind_an_area_that_is_wider_than_the_limit_is_not_reached():
    assert feet([(50, 20)], [STREET], forbidden=[box(-500, 5, 600, 10)], farthest=200.0) == []


def test_neighbouring_areas_leave_no_gap_between_them():
    areas = [box(-500, 5, 50, 10), box(50, 5, 600, 10)]
    assert feet([(50, 20)], [STREET], forbidden=areas, farthest=200.0) == []


def test_a_connection_may_run_along_an_area_and_touch_it():
    assert feet([(50, 20)], [STREET], forbidden=[box(50, 5, 80, 10)]) == [(0, 0, 50, (50, 0), 20)]
    assert feet([(50, 20)], [STREET], forbidden=[box(20, -10, 80, 0)]) == [(0, 0, 50, (50, 0), 20)]


def test_a_line_through_an_area_is_met_where_it_goes_in():
    """The area ends at the edge from (45, 10) to (66, -4), which meets the street at (60, 0)."""
    area = Polygon([(30, -20), (66, -20), (66, -4), (45, 10), (30, 10)])
    assert feet([(58, 20)], [STREET], forbidden=[area]) == [(0, 0, 60, (60, 0), 20.0998)]


def test_a_point_in_an_area_leaves_it_the_shortest_way_but_not_through_another_one():
    assert feet([(50, 20)], [STREET], forbidden=[box(40, 15, 60, 25)]) == [(0, 0, 50, (50, 0), 20)]
    (row,) = feet([(50, 20)], [STREET], forbidden=[box(40, 15, 60, 25), box(50, 5, 1000, 10), box(-1000, 5, 49, 10)])
    assert 49 <= row[3][0] <= 50  # the gap between the others


def test_a_hole_of_an_area_is_free():
    yard = Polygon(box(0, -60, 100, 60).exterior.coords, [box(20, -40, 80, 40).exterior.coords])
    inner = LineString([(30, 0), (70, 0)])
    assert feet([(50, 20), (90, 20)], [inner], forbidden=[yard])[0] == (0, 0, 20, (50, 0), 20)


def test_vertices_behind_an_area_are_passed_over():
    bent = LineString([(0, 0), (50, 0), (90, 0)])
    assert feet([(50, 20)], [bent], forbidden=[box(45, 5, 55, 10)], at="vertices") == [(0, 0, 90, (90, 0), 44.7214)]


def test_an_area_that_is_not_valid_blocks_all_the_same():
    bow = Polygon([(40, 5), (60, 15), (60, 5), (40, 15)])
    ((_, _, along, _, _),) = feet([(45, 20)], [STREET], forbidden=[bow])
    assert along != pytest.approx(45)


def test_areas_that_a_connection_passes_are_named_and_touched_ones_are_not():
    areas = np.array([box(40, 5, 60, 10), box(50, 15, 60, 18), box(0, 12, 49, 14)], object)
    row, area = crossed_areas(np.array([[50.0, 20.0]]), np.array([[50.0, 0.0]]), areas)
    assert list(zip(row.tolist(), area.tolist(), strict=True)) == [(0, 0)]


def test_nothing_to_connect_and_nothing_to_connect_to():
    assert feet(np.empty((0, 2)), [STREET]) == []
    assert feet([(1, 1)], np.empty(0, object)) == []
