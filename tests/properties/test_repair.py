"""What must hold for every dirty drawing: each feature is accounted for, and lengths change by what findings say."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as arrays
import numpy as np
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN, layer, line, point
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import bounded

from gisheat import tables
from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.topology import RepairRules, build_network, lineage_of, repair

TOLERANCE = 0.5
SERIES = pipe_series("cn-steel")
some = settings(bounded, max_examples=examples(12))


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


# the whole topology ----------------------------------------------------------------------------------------


@st.composite
def towns(draw):
    """Pipes, stations and sources at and near the corners of a grid of 25 m: much lies on one line or at one place."""
    corner = st.tuples(st.integers(0, 4), st.integers(0, 3)).map(lambda p: (p[0] * 25.0, p[1] * 25.0))
    miss = st.sampled_from([(0.0, 0.0), (0.0, 0.0), (0.3, -0.2), (-0.4, 0.1)])
    place = st.tuples(corner, miss).map(lambda p: (p[0][0] + p[1][0], p[0][1] + p[1][1]))
    pairs = draw(st.lists(st.tuples(place, place).filter(lambda p: math.dist(*p) > 5.0), min_size=1, max_size=4))
    side = draw(st.lists(st.sampled_from([None, None, None, "supply"]), min_size=4, max_size=4))
    spots, plants = draw(st.lists(place, min_size=1, max_size=6)), draw(st.lists(place, min_size=1, max_size=2))
    return {
        "pipes": layer(
            [line(*p) for p in pairs], pipe_id=[f"P{i}" for i in range(len(pairs))], line=side[: len(pairs)]
        ),
        "stations": layer([point(*p) for p in spots], station_id=[f"H{i}" for i in range(len(spots))]),
        "sources": layer([point(*p) for p in plants], source_id=[f"S{i}" for i in range(len(plants))]),
    }


def built(drawn):
    """The layers of a result, and the findings."""
    raw = Layers(drawn, {}, pyproj.CRS(CRS))
    drawing = build_network(raw, clean(raw), SERIES)
    layers = {
        "pipes": tables.pipe_layer(drawing, None, SERIES, None), "nodes": tables.node_layer(drawing, None),
        "stations": tables.station_layer(drawing, None, None), "sources": tables.source_layer(drawing, None),
    }  # fmt: skip
    return layers, drawing.findings


@settings(bounded, max_examples=examples(6))
@given(towns())
def test_a_second_topology_changes_nothing_and_finds_nothing(drawn):
    once, first = built(drawn)
    twice, second = built(once)
    for name, table in once.items():
        assert (shapely.to_wkb(twice[name].geometry) == shapely.to_wkb(table.geometry)).all()
        columns = [c for c in table.columns if c not in ("source_layer", "source_fid", "repaired", "geometry")]
        assert twice[name][columns].equals(table[columns])
    assert set(twice["pipes"]["repaired"]) <= {"kept"}
    assert [f for f in second if f.applied] == []
    assert {f.rule for f in second} <= {f.rule for f in first}
