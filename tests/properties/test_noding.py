"""What must hold for every drawing: nothing moves far, nothing gets lost, once is enough, order plays no role."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from drawn_lines import places_of, ragged, undirected
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import bounded

from gisheat.noding import PAIR, Rules, node_lines

TOLERANCE = 0.5
ORIGIN = np.array([425_000.0, 5_090_000.0])
many = settings(bounded, max_examples=examples(200))  # a drawing takes some milliseconds

lattice = st.tuples(st.integers(0, 8), st.integers(0, 8))
segments = st.lists(st.tuples(lattice, lattice).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=12)
tolerances = st.sampled_from((0.0, 0.01, 0.3, 0.5, 1.0, 2.0))


def closed(random: np.random.Generator) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, int(random.integers(4, 12)))[:, None]
    line = random.uniform(0, 6, 2) + random.uniform(0.1, 3) * np.hstack([np.cos(angle), np.sin(angle)])
    line[-1] = line[0]
    return line


def along(random: np.random.Generator) -> np.ndarray:
    aside = random.normal(0, random.choice([0, 1e-9, 1e-4, 0.05]), (1, 2))
    return random.uniform(0, 10, (int(random.integers(2, 5)), 1)) * [0.955, 0.296] + aside


KINDS = {
    "tangle": lambda random: random.uniform(0, 10, (int(random.integers(2, 5)), 2)),
    "lattice": lambda random: random.integers(0, 5, (int(random.integers(1, 5)), 2)).astype(float),
    "along": along,
    "star": lambda random: np.array([random.normal(0, 0.3, 2), random.normal(0, 10, 2)]),
    "parallel": lambda random: np.array([[0.0, 0.0], [10.0, 0.0]]) + random.normal(0, 0.3, (2, 2)),
    "walk": lambda random: np.cumsum(random.normal(0, 0.6, (int(random.integers(2, 30)), 2)), axis=0),
    "jitter": lambda random: random.integers(0, 4, (2, 2)) * 3.0 + random.uniform(-0.2, 0.2, (2, 2)),
    "closed": closed,
}


@st.composite
def wild(draw):
    """Lines of one hard kind: near, along each other, closed, crossing themselves, a millimetre or far from 0."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    make = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    origin = ORIGIN * draw(st.sampled_from((0, 1, 8)))
    return [make(random) + origin for _ in range(draw(st.integers(1, 12)))]


@st.composite
def attributes(draw, count):
    """Bits, levels, crossings and fixed points, mostly the plain ones."""
    number = st.lists(st.integers(1, 3), min_size=count, max_size=count)
    level = st.lists(st.integers(0, 1), min_size=count, max_size=count)
    return {
        "bits": np.array(draw(st.one_of(st.just([PAIR] * count), number))),
        "level": np.array(draw(st.one_of(st.just([0] * count), level))),
        "crossings": np.array(draw(st.one_of(st.just([1] * count), level)), bool),
    }


def node(lines, tolerance, bits, level, crossings, fixed=None):
    return node_lines(ragged(lines), Rules(tolerance, crossings), bits=bits, level=level, fixed=fixed)


def lengths(lines):
    return sum(np.hypot(*np.diff(np.asarray(line), axis=0).T).sum() for line in lines)


# once is enough, order plays no role ---------------------------------------------------------------------


@many
@given(st.data(), wild(), tolerances)
def test_a_second_run_changes_no_bit_and_applies_nothing(data, lines, tolerance):
    options = data.draw(attributes(len(lines)))
    once = node(lines, tolerance, **options)
    assert once.settled
    twice = node(places_of(once), tolerance, **{name: values[once.line] for name, values in options.items()})
    assert places_of(twice) == places_of(once)
    assert twice.xy.tolist() == once.xy.tolist()
    assert not twice.events.applied.any()


@many
@given(st.data(), wild(), tolerances)
def test_order_and_direction_of_the_lines_play_no_role(data, lines, tolerance):
    options = data.draw(attributes(len(lines)))
    order = np.array(data.draw(st.permutations(range(len(lines)))))
    turned = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    other = [lines[i][::-1] if turn else lines[i] for i, turn in zip(order, turned, strict=True)]
    given_so = node(lines, tolerance, **options)
    given_otherwise = node(other, tolerance, **{name: values[order] for name, values in options.items()})
    assert undirected(given_otherwise) == undirected(given_so)
    assert given_otherwise.xy.tolist() == given_so.xy.tolist()


# nothing is lost, nothing moves far ----------------------------------------------------------------------


@many
@given(st.data(), wild(), tolerances)
def test_every_line_is_there_or_an_event_says_why_not(data, lines, tolerance):
    noded = node(lines, tolerance, **data.draw(attributes(len(lines))))
    gone = np.isin(noded.events.kind.astype(str), ["collapsed", "doubled"])
    there, told = set(noded.line.tolist()), set(noded.events.line[gone].tolist())
    assert there | told == set(range(len(lines)))
    assert not there & told


@many
@given(wild(), tolerances)
def test_nodes_are_farther_apart_than_the_tolerance_and_ends_lie_on_them(lines, tolerance):
    noded = node(lines, tolerance, None, None, True)
    gap = np.linalg.norm(noded.xy[:, None] - noded.xy[None], axis=2) + np.eye(len(noded.xy)) * 1e9
    assert gap.min(initial=np.inf) > tolerance
    for piece, start, end in zip(places_of(noded), noded.start, noded.end, strict=True):
        assert (list(piece[0]), list(piece[-1])) == (noded.xy[start].tolist(), noded.xy[end].tolist())


@many
@given(wild(), tolerances)
def test_no_end_moves_by_more_than_the_tolerance(lines, tolerance):
    noded = node(lines, tolerance, None, None, True)
    snapped = noded.events.kind == "end-snapped"
    assert noded.events.distance[snapped].max(initial=0.0) <= max(tolerance, 1e-6) * (1 + 1e-9)
    for line, first, last in first_and_last(noded, lines):
        assert np.linalg.norm(noded.xy[first] - lines[line][0]) <= max(tolerance, 1e-6) * (1 + 1e-9)
        assert np.linalg.norm(noded.xy[last] - lines[line][-1]) <= max(tolerance, 1e-6) * (1 + 1e-9)


def first_and_last(noded, lines):
    """Lines of which both ends are left, with the nodes of their ends."""
    begin, stop = noded.lines.offset[:-1], noded.lines.offset[1:] - 1
    for line in np.unique(noded.line).tolist():
        parts = np.flatnonzero(noded.line == line)
        first, last = parts[0], parts[-1]
        if noded.along[begin[first]] == 0.0 and noded.along[stop[last]] == len(lines[line]) - 1.0:
            yield line, noded.start[first], noded.end[last]


@many
@given(wild(), st.sampled_from((0.3, 0.5, 1.0)))
def test_ends_within_the_tolerance_meet_or_are_told(lines, tolerance):
    noded = node(lines, tolerance, None, None, False)
    told = {
        (a, b) if a < b else (b, a)
        for a, b, kind in zip(noded.events.line.tolist(), noded.events.other.tolist(), noded.events.kind, strict=True)
        if kind == "left-apart"
    }
    ends = [(line, lines[line][0], first) for line, first, _ in first_and_last(noded, lines)]
    ends += [(line, lines[line][-1], last) for line, _, last in first_and_last(noded, lines)]
    places = {}  # of several ends at one place the first stands for all
    for line, place, _ in ends:
        places.setdefault(tuple(place), []).append(line)
    for (one, at, here), (other, there, its) in combinations(ends, 2):
        if here != its and np.linalg.norm(at - there) < tolerance * (1 - 1e-9):
            assert any((min(a, b), max(a, b)) in told for a in places[tuple(at)] for b in places[tuple(there)]), (
                one,
                other,
            )


@many
@given(wild(), tolerances)
def test_vertices_that_nothing_touches_keep_their_coordinates(lines, tolerance):
    noded = node(lines, tolerance, None, None, True)
    vertices = {place for piece in places_of(noded) for place in piece}
    lost = set(noded.events.line[np.isin(noded.events.kind.astype(str), ["doubled", "overlap", "collapsed"])].tolist())
    for number, line in enumerate(lines):
        if number not in lost:
            for x, y in line.tolist():
                near = np.linalg.norm(noded.xy - (x, y), axis=1).min() <= max(tolerance, 1e-6) * (1 + 1e-9)
                assert (x, y) in vertices or near


# splitting -----------------------------------------------------------------------------------------------


def exact_noding(pairs):
    """Nodes and pieces of lines between lattice points, by exact fractions: ends, and where two lines cross."""
    lines = [tuple((Fraction(x), Fraction(y)) for x, y in pair) for pair in pairs]
    nodes = {end for line in lines for end in line}
    for (a, b), (c, d) in combinations(lines, 2):
        r, s, w = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1]), (c[0] - a[0], c[1] - a[1])
        whole = r[0] * s[1] - r[1] * s[0]
        if whole:
            t, u = (w[0] * s[1] - w[1] * s[0]) / whole, (w[0] * r[1] - w[1] * r[0]) / whole
            if 0 <= t <= 1 and 0 <= u <= 1:
                nodes.add((a[0] + t * r[0], a[1] + t * r[1]))
    pieces = set()
    for a, b in lines:
        on = sorted(n for n in nodes if (b[0] - a[0]) * (n[1] - a[1]) == (b[1] - a[1]) * (n[0] - a[0])
                    and min(a, b) <= n <= max(a, b))  # fmt: skip
        pieces |= set(pairwise(on))
    return nodes, pieces


@many
@given(segments, st.sampled_from((0.0, 1.0)))
def test_nodes_and_pieces_are_those_of_exact_fractions(pairs, shift):
    """Crossings on this lattice are at least 1e-5 m apart and 1e-4 m from lines they are not on; 0 means 1e-6 m."""
    nodes, pieces = exact_noding(pairs)
    noded = node_lines(ragged([np.array(pair, float) + shift * ORIGIN for pair in pairs]), Rules(0.0))
    assert (len(noded.xy), len(noded.line)) == (len(nodes), len(pieces))
    found = {tuple(place) for place in np.round(noded.xy - shift * ORIGIN, 6).tolist()}
    assert found == {(round(float(x), 6), round(float(y), 6)) for x, y in nodes}


@many
@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
def test_splitting_keeps_the_length(seed, count):
    """Random lines meet nowhere but where they cross, so nothing is moved and nothing is left out."""
    random = np.random.default_rng(seed)
    lines = [random.uniform(0, 100, (int(random.integers(2, 6)), 2)) + ORIGIN for _ in range(count)]
    noded = node_lines(ragged(lines), Rules(0.0))
    assert lengths(places_of(noded)) == pytest.approx(lengths(lines), rel=1e-9)
    assert np.bincount(noded.line, noded.share, minlength=count) == pytest.approx(np.ones(count), rel=1e-9)


# well separated ends -------------------------------------------------------------------------------------

CORNERS = 100.0 * np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)])
OUTWARD = CORNERS / 100.0


@st.composite
def clusters(draw):
    """Chords of a circle; their ends lie within half the tolerance of one of 12 places, or 2 m farther out."""
    corner = st.tuples(st.integers(0, 11), st.booleans())
    pairs = draw(st.lists(st.tuples(corner, corner).filter(lambda p: p[0][0] != p[1][0]), min_size=1, max_size=16))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lines = []
    for pair in pairs:
        angle, radius = random.uniform(0, 2 * np.pi, 2), 0.5 * TOLERANCE * np.sqrt(random.uniform(0, 1, 2))
        aside = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        lines.append(np.array([CORNERS[i] + 2.0 * out * OUTWARD[i] for i, out in pair]) + aside + ORIGIN)
    return [end for pair in pairs for end in pair], lines


@many
@given(clusters())
def test_of_well_separated_ends_exactly_those_within_the_tolerance_are_joined(drawing):
    places, lines = drawing
    noded = node_lines(ragged(lines), Rules(TOLERANCE, crossings=False))
    assert len(noded.xy) == len(set(places))
    nodes = {}
    for line, first, last in first_and_last(noded, lines):
        for place, found in zip(places[2 * line : 2 * line + 2], (first, last), strict=True):
            assert nodes.setdefault(place, found) == found
    assert len(set(nodes.values())) == len(nodes)
    assert not (noded.events.kind == "left-apart").any()
