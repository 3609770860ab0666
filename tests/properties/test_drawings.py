"""What must hold for every drawing: nothing moves far, nothing gets lost, and once is enough."""

from __future__ import annotations

import geopandas as gpd
import hypothesis.extra.numpy as arrays
import numpy as np
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import bounded

from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.topology import build_network
from gisheat.topology.cutting import cut_lines

TOLERANCE = 0.5
few = settings(bounded, max_examples=examples(30))  # a drawing takes 50 ms
CELL = 40.0  # far more than the tolerance: the drawing is careless, not wild


@st.composite
def streets(draw):
    """Lines between the corners of a grid of 4 x 4, whose ends miss the corners by up to 0.2 m each way."""
    corner = st.tuples(st.integers(0, 3), st.integers(0, 3))
    pairs = draw(
        st.lists(st.tuples(corner, corner).filter(lambda p: p[0] != p[1]), min_size=1, max_size=10, unique=True)
    )
    miss = draw(arrays.arrays(float, (len(pairs), 2, 2), elements=st.floats(-0.2, 0.2)))
    return [shapely.LineString(ends) for ends in np.array(pairs, float) * CELL + miss + ORIGIN]


def build(lines, *, tolerance=TOLERANCE, **columns):
    table = gpd.GeoDataFrame(columns, geometry=list(lines), crs=CRS)
    raw = Layers({"pipes": table}, {}, pyproj.CRS(CRS))
    return build_network(raw, clean(raw), pipe_series("cn-steel"), snap_tolerance=tolerance)


def places(drawing):
    return shapely.get_coordinates(drawing.nodes.geometry.to_numpy())


def joined(drawing):
    """Pairs of places that a pipe joins, as a set."""
    xy, pipes = places(drawing).round(6), drawing.network.pipes
    return {frozenset((tuple(xy[a]), tuple(xy[b]))) for a, b in zip(pipes.start, pipes.end, strict=True)}


@few
@given(streets())
def test_no_end_moves_more_than_the_tolerance(lines):
    xy = places(build(lines))
    for line in lines:
        for end in (line.coords[0], line.coords[-1]):
            assert np.linalg.norm(xy - end, axis=1).min() <= TOLERANCE + 1e-9


@few
@given(streets())
def test_snapping_twice_is_snapping_once(lines):
    once = build(lines)
    twice = build(once.pipes.geometry, pipe_id=once.pipes["pipe_id"])
    assert joined(twice) == joined(once)
    assert twice.pipes["pipe_id"].tolist() == once.pipes["pipe_id"].tolist()
    assert twice.pipes.geometry.geom_equals(once.pipes.geometry, align=False).all()
    assert not [f for f in twice.findings if f.rule in ("end-snapped", "pipe-split", "collapsed", "doubled")]


@few
@given(streets(), st.randoms(use_true_random=False))
def test_order_and_direction_of_the_lines_play_no_role(lines, random):
    shuffled = [line.reverse() if random.random() < 0.5 else line for line in lines]
    random.shuffle(shuffled)
    assert joined(build(shuffled)) == joined(build(lines))


@few
@given(streets())
def test_no_line_is_lost_and_pipes_end_where_their_nodes_are(lines):
    drawing = build(lines)
    assert set(drawing.lineage["source_fid"]) == set(range(len(lines)))
    lineage = drawing.lineage[drawing.lineage["result_id"] != ""]
    merged = lineage["action"] == "merged"  # what lay on another line, which stands for both now
    assert sorted(lineage.loc[~merged, "result_id"]) == sorted(drawing.pipes["pipe_id"])
    assert set(lineage.loc[merged, "result_id"]) <= set(drawing.pipes["pipe_id"])
    xy, pipes = places(drawing), drawing.network.pipes
    geometry = drawing.pipes.geometry.to_numpy()
    assert (shapely.get_coordinates(shapely.get_point(geometry, 0)) == xy[pipes.start]).all()
    assert (shapely.get_coordinates(shapely.get_point(geometry, -1)) == xy[pipes.end]).all()


@bounded
@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=8, unique=True), st.floats(0.0, 6.2))
def test_cutting_a_line_keeps_its_length(shares, bearing):
    """To a nanometre in a thousand metres, far from the origin of the coordinates."""
    way = np.array([(0.0, 0.0), (300.0, 40.0), (420.0, 500.0), (700.0, 480.0)])
    turn = np.array([[np.cos(bearing), -np.sin(bearing)], [np.sin(bearing), np.cos(bearing)]])
    line = shapely.LineString(way @ turn + ORIGIN)
    along = np.sort(shares) * line.length
    at = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    xy = np.vstack([line.coords[0], line.coords[-1], at])
    pieces = cut_lines(
        np.array([line]), np.array([0]), np.array([1]), xy, np.zeros(len(along), int), along, np.arange(2, len(xy))
    )
    assert shapely.length(pieces.geometry).sum() == pytest.approx(line.length, rel=1e-12, abs=1e-9)
    assert pieces.share.sum() == pytest.approx(1.0, abs=1e-12)
    assert pieces.part.tolist() == list(range(1, len(along) + 2))
