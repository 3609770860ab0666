"""What must hold for every dirty drawing: each feature is accounted for, and lengths change by what findings say."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN, layer
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import bounded

from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.topology import RepairRules, lineage_of, repair

TOLERANCE = 0.5
some = settings(bounded, max_examples=12)


@st.composite
def drawings(draw):
    """Lines between the corners of a grid of 30 m that miss them by up to 0.4 m, some drawn twice, in parts or bent."""
    corner = st.tuples(st.integers(0, 3), st.integers(0, 3))
    pairs = draw(st.lists(st.tuples(corner, corner).filter(lambda p: p[0] != p[1]), min_size=1, max_size=8))
    miss = draw(arrays.arrays(float, (len(pairs), 2, 2), elements=st.floats(-0.4, 0.4)))
    kind = draw(st.lists(st.sampled_from(["plain", "plain", "exact", "bent", "parts"]), min_size=len(pairs)))
    lines = []
    for ends, gap, how in zip(np.array(pairs, float) * 30.0 + ORIGIN, miss, kind, strict=False):
        a, b = ends if how == "exact" else ends + gap
        middle = (a + b) / 2.0 + (b - a)[::-1] * (0.1, -0.1)
        if how == "parts":
            lines.append(shapely.MultiLineString([[a, middle], [middle + 0.1, b]]))
        else:
            lines.append(shapely.LineString([a, middle, b] if how == "bent" else [a, b]))
    return lines


def mended(lines, **rules):
    raw = Layers({"streets": layer(lines)}, {}, pyproj.CRS(CRS))
    result = repair(clean(raw), RepairRules(TOLERANCE, **rules))
    return result, lineage_of(raw, result.layers, result.absorbed)


def length(geometry):
    return float(shapely.length(geometry).sum())


@some
@given(drawings(), st.booleans())
def test_every_feature_is_accounted_for(lines, merge):
    result, lineage = mended(lines, merge_pseudo_nodes=merge)
    streets = result.layers["streets"]
    assert set(lineage["source_fid"]) == set(range(len(lines)))
    assert set(lineage.loc[lineage["result_id"] != "", "result_id"]) == set(streets["street_id"])
    gone = set(lineage.loc[lineage["action"] == "dropped", "source_fid"])
    said = {f.source_fid for f in result.findings if f.rule in ("doubled", "collapsed", "overlap")}
    assert gone <= said
    assert streets["street_id"].is_unique


@some
@given(drawings())
def test_the_length_changes_by_what_findings_say_and_ends_move(lines):
    """Each vertex of a piece lies within the tolerance of the drawing; so each segment changes by two tolerances."""
    result, _ = mended(lines)
    streets = result.layers["streets"]
    gone = sum(f.distance for f in result.findings if f.rule in ("doubled", "collapsed", "overlap"))
    cuts = sum(f.rule in ("crossing-joined", "self-crossing", "end-snapped") for f in result.findings)
    most = 2.0 * TOLERANCE * (4 * len(lines) + 4 * cuts + 4 * len(streets))
    assert length(streets.geometry) == pytest.approx(length(lines) - gone, abs=most)
    tree = shapely.STRtree(lines)
    vertices = shapely.points(shapely.get_coordinates(streets.geometry))
    assert (tree.query_nearest(vertices, return_distance=True, all_matches=False)[1] <= TOLERANCE + 1e-9).all()


@some
@given(drawings())
def test_without_a_tolerance_the_length_is_what_it_was_to_a_nanometre(lines):
    raw = Layers({"streets": layer(lines)}, {}, pyproj.CRS(CRS))
    result = repair(clean(raw), RepairRules(0.0))
    found = [f for f in result.findings if f.rule in ("doubled", "overlap")]
    gone = sum(f.distance for f in found)
    assert length(result.layers["streets"].geometry) == pytest.approx(length(lines) - gone, rel=1e-9, abs=1e-5)


@some
@given(drawings(), st.booleans())
def test_a_second_repair_finds_nothing_to_do(lines, merge):
    first, _ = mended(lines, merge_pseudo_nodes=merge)
    once = first.layers["streets"]
    raw = Layers({"streets": once.drop(columns=["repaired", "source_fid", "source_layer"])}, {}, pyproj.CRS(CRS))
    second = repair(clean(raw), RepairRules(TOLERANCE, merge_pseudo_nodes=merge))
    twice = second.layers["streets"]
    assert (shapely.to_wkb(twice.geometry) == shapely.to_wkb(once.geometry)).all()
    assert twice["street_id"].tolist() == once["street_id"].tolist()
    assert set(twice["repaired"]) <= {"kept"}
    assert [f for f in second.findings if f.applied] == []
