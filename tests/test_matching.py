"""Which line or point of an older state is which of a newer one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import LineString, Point

from gisheat.as_built.matching import match_lines, match_points

TOLERANCE = 0.5


def array(values):
    out = np.empty(len(values), object)
    out[:] = list(values)
    return out


def lines(*coordinates):
    return array([LineString(c) for c in coordinates])


def ids(*names):
    return array(names)


def found(matches):
    return list(zip(matches.old.tolist(), matches.new.tolist(), matches.kind.tolist(), strict=True))


def unnamed(count):
    return ids(*[""] * count)


def noisy(geometry, amount=0.2, seed=1):
    rng = np.random.default_rng(seed)
    return shapely.transform(geometry, lambda xy: xy + rng.uniform(-amount, amount, xy.shape))


STREET = lines([(0, 0), (100, 0)], [(100, 0), (100, 50)], [(100, 0), (200, 5), (300, 0)])


def test_lines_match_by_identifier_whatever_their_order():
    new = STREET[[2, 0, 1]]
    matches = match_lines(STREET, new, ids("a", "b", "c"), ids("c", "a", "b"), tolerance=TOLERANCE)
    assert found(matches) == [(0, 1, "one"), (1, 2, "one"), (2, 0, "one")]
    assert matches.by_id.all()
    assert (matches.confidence == 1.0).all()
    assert (matches.distance == 0.0).all()


@pytest.mark.parametrize("reverse", [False, True])
def test_lines_without_identifier_match_by_place_whichever_way_they_are_drawn(reverse):
    new = noisy(STREET[::-1])
    new = shapely.reverse(new) if reverse else new
    matches = match_lines(STREET, new, unnamed(3), unnamed(3), tolerance=TOLERANCE)
    assert found(matches) == [(0, 2, "one"), (1, 1, "one"), (2, 0, "one")]
    assert not matches.by_id.any()
    assert (matches.distance < 0.3).all()


def test_a_line_that_moved_is_found_by_its_identifier_with_the_distance():
    new = shapely.transform(STREET, lambda xy: xy + np.array([0.0, 7.0]))
    matches = match_lines(STREET[:1], new[:1], ids("a"), ids("a"), tolerance=TOLERANCE)
    assert found(matches) == [(0, 0, "one")]
    assert matches.distance == pytest.approx([7.0])
    assert not len(match_lines(STREET[:1], new[:1], unnamed(1), unnamed(1), tolerance=TOLERANCE))


@pytest.mark.parametrize(("old_ids", "new_ids"), [
    (("x",), ("x.1", "x.2")), (("x",), ("x", "y")), (("x",), ("p", "q")), (("",), ("", "")), (("x",), ("", "")),
])  # fmt: skip
def test_a_line_cut_in_two_is_split_by_name_or_by_place(old_ids, new_ids):
    old = lines([(0, 0), (100, 0)])
    new = noisy(lines([(40, 0), (0, 0)], [(40, 0), (100, 0)]))
    matches = match_lines(old, new, ids(*old_ids), ids(*new_ids), tolerance=TOLERANCE)
    assert found(matches) == [(0, 0, "split"), (0, 1, "split")]


def test_lines_joined_to_one_are_merged():
    old = lines([(0, 0), (40, 0)], [(40, 0), (100, 0)])
    new = lines([(100, 0), (0, 0)])
    assert found(match_lines(old, new, ids("a", "b"), ids("c"), tolerance=TOLERANCE)) == [
        (0, 0, "merged"), (1, 0, "merged"),
    ]  # fmt: skip


def test_lines_cut_at_another_place_are_recut():
    old = lines([(0, 0), (40, 0)], [(40, 0), (100, 0)])
    new = lines([(0, 0), (70, 0)], [(70, 0), (100, 0)])
    matches = match_lines(old, new, unnamed(2), unnamed(2), tolerance=TOLERANCE)
    assert {kind for *_, kind in found(matches)} == {"recut"}


def test_a_line_that_only_meets_another_is_not_part_of_it():
    old = lines([(0, 0), (100, 0)])
    new = lines([(0, 0), (100, 0)], [(100, 0), (101, 0)], [(50, 0), (50, 30)])
    assert found(match_lines(old, new, unnamed(1), unnamed(3), tolerance=TOLERANCE)) == [(0, 0, "one")]


def test_half_of_a_line_is_not_the_line():
    old, new = lines([(0, 0), (100, 0)]), lines([(0, 0), (50, 0)])
    assert not len(match_lines(old, new, unnamed(1), unnamed(1), tolerance=TOLERANCE))


def test_supply_and_return_a_metre_apart_are_not_taken_for_each_other():
    old = lines([(0, 0), (100, 0)], [(0, 1), (100, 1)])
    matches = match_lines(old, noisy(old[::-1]), unnamed(2), unnamed(2), tolerance=TOLERANCE)
    assert found(matches) == [(0, 1, "one"), (1, 0, "one")]


def test_of_doubled_lines_each_has_one_partner():
    old = lines([(0, 0), (100, 0)], [(0, 0.1), (100, 0.1)])
    matches = match_lines(old, old.copy(), unnamed(2), unnamed(2), tolerance=TOLERANCE)
    assert found(matches) == [(0, 0, "one"), (1, 1, "one")]


def test_an_identifier_that_occurs_twice_says_nothing():
    new = noisy(STREET)
    matches = match_lines(STREET, new, ids("a", "a", "b"), ids("b", "a", "a"), tolerance=TOLERANCE)
    assert found(matches) == [(1, 1, "one"), (2, 0, "one")]  # b is there once in each, and lies elsewhere
    assert matches.confidence.tolist() == [1.0, 0.0]


def test_points_match_by_identifier_however_far_else_the_nearest():
    old = array([Point(0, 0), Point(10, 0), Point(50, 0)])
    new = array([Point(50.2, 0), Point(500, 0), Point(10.1, 0.1)])
    matches = match_points(old, new, ids("s", "", ""), ids("", "s", ""), tolerance=TOLERANCE)
    assert found(matches) == [(0, 1, "one"), (1, 2, "one"), (2, 0, "one")]
    assert matches.distance == pytest.approx([500.0, np.hypot(0.1, 0.1), 0.2])


def test_of_two_points_near_one_the_nearer_is_taken():
    old, new = array([Point(0, 0)]), array([Point(0.4, 0), Point(0.1, 0)])
    assert found(match_points(old, new, unnamed(1), unnamed(2), tolerance=TOLERANCE)) == [(0, 1, "one")]
