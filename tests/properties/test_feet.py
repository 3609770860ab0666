"""Feet against brute force: lines sampled every few centimetres, visibility by the areas as drawn."""

from __future__ import annotations

import numpy as np
import shapely
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from gisheat.topology.feet import candidate_feet

STEP = 0.05
"""Distance of the samples on lines [m]."""

coordinate = st.integers(0, 60).map(float)
place = st.tuples(coordinate, coordinate)
polyline = st.lists(place, min_size=2, max_size=4, unique=True).map(shapely.LineString)


@st.composite
def area(draw):
    """A triangle or a quadrangle without crossings, of 2 m2 or more."""
    corners = draw(st.lists(place, min_size=3, max_size=4, unique=True))
    hull = shapely.convex_hull(shapely.multipoints(corners))
    return hull if hull.area > 2.0 else shapely.box(*corners[0], corners[0][0] + 5.0, corners[0][1] + 3.0)


def sampled(line):
    """Places on a line, its vertices among them, shape (samples, 2)."""
    return shapely.get_coordinates(shapely.segmentize(line, STEP))


def brute_force(point, lines, areas, farthest):
    """Least distance to a sample that the point sees past the areas that it does not stand in, infinite for none."""
    ways = [a for a in areas if not shapely.within(shapely.Point(point), a)]
    solid = shapely.union_all(ways) if ways else shapely.Point()
    best = np.inf
    for line in lines:
        xy = sampled(line)
        segments = shapely.linestrings(np.stack([np.broadcast_to(point, xy.shape), xy], axis=1))
        # interior meets interior, as drawn
        free = ~shapely.relate_pattern(segments, solid, "T********")
        gap = np.linalg.norm(xy - point, axis=1)
        best = min(best, gap[free].min(initial=np.inf))
    return best if best <= farthest else np.inf


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(place, min_size=1, max_size=4),
    st.lists(polyline, min_size=1, max_size=4),
    st.lists(area(), max_size=3),
    st.sampled_from([15.0, 200.0]),
)
def test_no_connection_is_longer_than_the_best_admissible_one_and_none_passes_an_area(points, lines, areas, farthest):
    shapes = np.array([*lines, None], object)[:-1]
    solid = np.array([*areas, None], object)[:-1]
    found = candidate_feet(
        np.array(points), shapes, np.ones(len(lines), bool), farthest=farthest, forbidden=solid if areas else None
    )
    gap = np.full(len(points), np.inf)
    gap[found.point] = found.gap
    for i, point in enumerate(points):
        best = brute_force(np.array(point), lines, areas, farthest)
        assert gap[i] <= best + 1e-6
        ways = [a for a in areas if not shapely.within(shapely.Point(point), a)]
        if np.isfinite(gap[i]) and ways:
            xy = found.xy[found.point == i][0]
            inner = shapely.buffer(shapely.union_all(ways), -2e-3, join_style="mitre")
            assert not shapely.intersects(shapely.LineString([point, xy]), inner)
    on_line = shapely.distance(shapely.points(found.xy), shapes[found.line])
    assert (on_line < 1e-9).all()
    assert np.allclose(np.linalg.norm(found.xy - np.array(points)[found.point], axis=1), found.gap, atol=1e-9)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(place, min_size=1, max_size=4), st.lists(polyline, min_size=1, max_size=6), st.integers(1, 4),
       st.randoms(use_true_random=False))  # fmt: skip
def test_the_nearest_lines_in_any_order_give_the_same_feet(points, lines, count, random):
    shapes = np.array([*lines, None], object)[:-1]
    usable = np.ones(len(lines), bool)
    found = candidate_feet(np.array(points), shapes, usable, count=count)
    order = list(range(len(lines)))
    random.shuffle(order)
    again = candidate_feet(np.array(points), shapes[order], usable, count=count)
    assert np.array_equal(found.point, again.point)
    assert np.array_equal(found.xy, again.xy)
    for i, point in enumerate(points):
        distance = np.sort(shapely.distance(shapely.Point(point), shapes))
        gap = found.gap[found.point == i]
        # feet at one place count once, so that there may be fewer than lines, and they may be farther
        assert np.isclose(gap[0], distance[0], atol=1e-9)
        assert len(gap) <= min(count, len(lines))
        assert (np.diff(gap) >= -1e-9).all()
        assert (gap >= distance[: len(gap)] - 1e-9).all()
