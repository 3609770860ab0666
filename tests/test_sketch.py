"""The hydraulic sketch: sections and rings of small networks, what stands where, texts that do not overlap."""

from __future__ import annotations

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisheat import Network, solve
from gisheat.picture import sketch
from gisheat.picture.fonts import LATIN_FAMILY
from gisheat.picture.sketch import StationText, Subject, draw_sketch
from gisheat.picture.sketch_layout import arrange
from gisheat.sections import pruned, section_tree

COMB = """
    S1---A---B---C---D---H5
         |   |   |   |
         H1  H2  H3  H4
"""


def solved(picture, **changes):
    network = Network.from_tables(*networks.draw(picture, **changes))
    return network, solve(network, **networks.WATER)


def tree_of(picture, **changes):
    network, results = solved(picture, **changes)
    return network, section_tree(results, [f"DN{1e3 * bore:.0f}" for bore in network.pipes.inner_diameter])


def subject(picture, names=None, **changes):
    network, results = solved(picture, **changes)
    sizes = [f"DN{1e3 * bore:.0f}" for bore in network.pipes.inner_diameter]
    at = {int(node): [row] for row, node in enumerate(network.stations.supply_node)}
    texts = [
        StationText((names or {}).get(str(name), ""), str(name), float(flow), False, row == results.critical.station)
        for row, (name, flow) in enumerate(zip(network.stations.id, results.station.flow, strict=True))
    ]
    sources = {int(n): str(i) for n, i in zip(network.sources.supply_node, network.sources.id, strict=True)}
    return Subject(section_tree(results, sizes), [str(n) for n in network.nodes.id], at, texts, sources)


def renamed(picture, names):
    """The drawn network with the nodes numbered by gisheat that `names` says."""
    tables = networks.draw(picture)
    nodes = tables.nodes.assign(node_id=tables.nodes["node_id"].replace(names))
    pipes = tables.pipes.assign(**{c: tables.pipes[c].replace(names) for c in ("from_node", "to_node")})
    return networks.Tables(nodes, pipes, tables.stations, tables.sources)


@pytest.fixture
def figures(monkeypatch):
    """The figures that draw_sketch saves, in the font that every machine has."""
    saved = []
    save = sketch.save
    monkeypatch.setattr(sketch, "save", lambda figure, *rest: (saved.append(figure), save(figure, *rest)))
    monkeypatch.setattr(sketch, "installed_families", lambda: frozenset({LATIN_FAMILY}))
    return saved


def shown(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def overlaps(figure):
    """Pairs of texts that overlap, measured by matplotlib, without the hair that fonts differ by."""
    renderer = figure.canvas.get_renderer()
    texts = figure.axes[0].texts
    boxes = np.array([text.get_window_extent(renderer).extents for text in texts])
    low, high = boxes[:, :2] + 0.5, boxes[:, 2:] - 0.5
    over = (low[:, None] < high[None]).all(axis=2) & (low[None] < high[:, None]).all(axis=2)
    first, second = np.nonzero(np.triu(over, 1))
    return [(texts[a].get_text(), texts[b].get_text()) for a, b in zip(first, second, strict=True)]


# sections ---------------------------------------------------------------------------------------------------------


def test_sections_of_a_tree_carry_what_lies_behind_them():
    network, tree = tree_of(networks.TREE)
    flow = {s.name: s.flow * 3.6 for s in tree.sections}
    assert flow == pytest.approx({"S1-A": 108.0, "A-B": 72.0, "B-H3": 36.0, "A-H1": 36.0, "B-H2": 36.0})
    assert not tree.rings
    names = [str(network.nodes.id[tree.sections[s].end]) for s in tree.way(tree.roots[0])]
    assert names[:2] == ["A", "B"]
    assert len(tree.nodes_beyond(tree.roots[0])) == 6


def test_a_ring_is_opened_where_the_smaller_flow_arrives():
    network, tree = tree_of(networks.RING)
    (numbers,) = tree.rings.values()
    (ring,) = (tree.sections[number] for number in numbers)
    into = [s for s in tree.sections if s.end == ring.end]
    assert ring.flow == min(s.flow for s in into) and len(into) == 2
    assert len(tree.sections) == len(network.pipes)


@pytest.mark.parametrize("picture", [networks.TREE, networks.RING, networks.TWO_RINGS, networks.TWO_SOURCES])
def test_every_pipe_is_in_one_section_and_flow_is_kept_at_every_node(picture):
    network, tree = tree_of(picture)
    assert sorted(p for s in tree.sections for p in s.pipes) == list(range(len(network.pipes)))
    balance = np.zeros(len(network.nodes))
    for section in tree.sections:
        balance[section.start] -= section.flow
        balance[section.end] += section.flow
    taken = dict(zip(network.stations.supply_node.tolist(), network.stations.flow.tolist(), strict=True))
    sources = set(network.sources.supply_node.tolist())
    for node, left in enumerate(balance):
        if node not in sources:
            assert left == pytest.approx(taken.get(node, 0.0), abs=1e-6)


def test_pipes_in_series_are_one_section_only_where_the_node_between_has_no_name():
    """A and B in a row of three pipes; lengths and losses of what is joined are sums."""
    row = "S1---A---B---H1"
    sums = {}
    for names in ({}, {"A": "N1"}, {"A": "N1", "B": "N2"}):
        network = Network.from_tables(*renamed(row, names))
        results = solve(network, **networks.WATER)
        tree = section_tree(results, ["DN200"] * 3)
        sums[len(tree.sections)] = (sum(s.length for s in tree.sections), sum(s.loss for s in tree.sections))
        if len(names) == 2:
            assert tree.sections[0].name == "S1-A…B-H1"
    assert sums.keys() == {3, 2, 1}
    assert sums[1] == pytest.approx(sums[3]) and sums[2] == pytest.approx(sums[3])


def test_another_bore_keeps_sections_apart():
    tables = renamed("S1---A---H1", {"A": "N1"})
    tables.pipes.loc[1, "inner_diameter_mm"] = 150.0
    results = solve(Network.from_tables(*tables), **networks.WATER)
    assert len(section_tree(results, ["DN200", "DN150"]).sections) == 2


def test_pruning_keeps_the_critical_path_and_the_largest_flows():
    _, tree = tree_of(COMB, stations={"H2": {"flow_t_h": 200.0}})
    kept = pruned(tree, 6)
    names = {tree.sections[s].name for numbers in kept.below.values() for s in numbers}
    critical = {s.name for s in tree.sections if s.critical}
    assert critical <= names and "B-H2" in names and len(names) == 6


# places -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 30), st.integers(0, 10**6), st.integers(3, 25))
def test_every_section_is_drawn_once_and_no_two_things_stand_in_one_place(count, seed, columns):
    """Random trees: node i hangs from an earlier one."""
    from gisheat.sections import Section, SectionTree

    random = np.random.default_rng(seed)
    parent = [0, *(int(random.integers(max(0, i - 4), i)) for i in range(1, count))]
    flow = np.zeros(count)
    leaves = sorted(set(range(1, count)) - set(parent[1:]))
    for leaf in leaves:
        node = leaf
        while node:
            flow[node] += 1.0
            node = parent[node]
    sections = tuple(
        Section(parent[i], i, (i - 1,), f"P{i}", "DN100", 10.0, flow[i], 1.0, False, True) for i in range(1, count)
    )
    below = {}
    for number, section in sorted(enumerate(sections), key=lambda pair: -pair[1].flow):
        below.setdefault(section.start, []).append(number)
    tree = SectionTree((0,), sections, {n: tuple(s) for n, s in below.items()}, {})
    placed = arrange(tree, {leaf: [leaf] for leaf in leaves}, {}, columns)
    drawn = sorted(line.section for line in placed.lines if line.section is not None)
    assert drawn == list(range(count - 1))
    stations = [end for end in placed.ends if end.leaf.mark == "station"]
    assert sorted(end.leaf.number for end in stations) == leaves
    assert len({(end.column, end.level) for end in placed.ends}) == len(placed.ends)
    assert all(0 <= end.level <= placed.levels for end in placed.ends)
    parts = {number for number, _ in placed.parts}
    assert parts == {end.leaf.number for end in placed.ends if end.leaf.mark == "part"}


# the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", [COMB, networks.TREE, networks.TWO_RINGS, networks.TWO_SOURCES])
def test_texts_of_the_sketch_do_not_overlap_and_every_section_has_its_figures(tmp_path, figures, picture):
    one = subject(picture)
    drawn, of = draw_sketch(one, tmp_path / "sketch.png", title="A town", dpi=80)
    assert drawn == of == len(one.tree.sections)
    texts = shown(figures[0])
    for section in one.tree.sections:
        assert {section.name, f"DN200–{section.length:.1f}"} <= set(texts)
    assert {text.id for text in one.texts} <= set(texts)
    assert overlaps(figures[0]) == []


def test_a_ring_names_the_node_it_goes_on_at(tmp_path, figures):
    one = subject(networks.RING)
    draw_sketch(one, tmp_path / "sketch.svg", title="Ring")
    (ring,) = (one.tree.sections[s] for numbers in one.tree.rings.values() for s in numbers)
    assert f"to {one.names[ring.end]}" in shown(figures[0])


def test_texts_of_a_sketch_are_never_markup_and_bytes_repeat(tmp_path, figures):
    names = {"H1": "$a_b$", "H2": "<script>", "H3": "=1+1"}
    for name in ("a.svg", "b.svg"):
        draw_sketch(subject(networks.TREE, names), tmp_path / name, title="$x$")
    assert set(names.values()) <= set(shown(figures[0]))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_what_finds_no_room_is_summed_up_and_said(tmp_path, figures, monkeypatch):
    monkeypatch.setattr(sketch, "PAPERS_MM", ((420.0, 297.0),))
    monkeypatch.setattr(sketch, "SMALLEST_SCALE", 10.0)
    monkeypatch.setattr(sketch, "MOST_SECTIONS", (8, 6))
    one = subject(COMB, stations={"H2": {"flow_t_h": 200.0}})
    drawn, of = draw_sketch(one, tmp_path / "sketch.png", title="A town", dpi=60)
    assert drawn < of
    texts = shown(figures[0])
    assert any(text.startswith("stations:") for text in texts)
    assert f"Not drawn, but summed up: {of - drawn} of {of} sections" in " ".join(texts)
