"""Random networks for hypothesis: a tree over some nodes, chords that close loops, pipes drawn either way."""

from __future__ import annotations

import pandas as pd
from effort import examples
from hypothesis import settings
from hypothesis import strategies as st
from networks import SOURCE, Tables

from gisheat import Network

bounded = settings(deadline=None, derandomize=True, max_examples=examples(60))
"""The same examples in every run, so that a test that passes here passes everywhere."""

BORES_MM = (50.0, 80.0, 105.0, 207.0, 309.0, 515.0)
FLOWS_T_H = st.floats(0.5, 400.0)


@st.composite
def tables(draw: st.DrawFn, *, most_chords: int = 4, source: dict[str, float] | None = None) -> Tables:
    """A two-pipe network of 2 to 12 nodes with a source at one of them."""
    count = draw(st.integers(2, 12))
    edges = [(draw(st.integers(0, i - 1)), i) for i in range(1, count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] != pair[1])
    edges += draw(st.lists(ends, max_size=most_chords))
    edges = [pair if draw(st.booleans()) else pair[::-1] for pair in edges]
    pipes = [
        {
            "pipe_id": f"P{i}",
            "from_node": f"N{a}",
            "to_node": f"N{b}",
            "length_m": draw(st.floats(1.0, 2000.0)),
            "inner_diameter_mm": draw(st.sampled_from(BORES_MM)),
            "roughness_mm": draw(st.floats(0.01, 2.0)),
            "zeta": draw(st.sampled_from((0.0, 0.0, 5.0))),
            "role": draw(st.sampled_from(("trunk", "branch", "connection"))),
        }
        for i, (a, b) in enumerate(edges)
    ]
    root = draw(st.integers(0, count - 1))
    others = [i for i in range(count) if i != root]
    places = draw(st.lists(st.sampled_from(others), min_size=1, max_size=6, unique=True))
    stations = [{"station_id": f"H{i}", "node_id": f"N{i}", "flow_t_h": draw(FLOWS_T_H)} for i in places]
    return Tables(
        pd.DataFrame([{"node_id": f"N{i}", "ground_m": draw(st.floats(0.0, 60.0))} for i in range(count)]),
        pd.DataFrame(pipes),
        pd.DataFrame(stations),
        pd.DataFrame([{"source_id": "S", "node_id": f"N{root}", **SOURCE, **(source or {})}]),
    )


def trees(**options: object) -> st.SearchStrategy[Tables]:
    """Networks without loops."""
    return tables(most_chords=0, **options)  # type: ignore[arg-type]


WIDE_FLOWS = st.one_of(st.just(0.0), st.floats(-6.0, 3.0).map(lambda exponent: 10.0**exponent))
"""Mass flows [kg/s], nine decades and nothing."""
WIDE_LENGTHS = st.one_of(st.sampled_from((0.0, 1e-3)), st.floats(-3.0, 5.0).map(lambda exponent: 10.0**exponent))
"""Lengths [m], from a millimetre to a hundred kilometres, and none."""
WIDE_BORES = st.floats(0.7, 3.48).map(lambda exponent: 10.0**exponent)
"""Bores [mm], 5 mm to 3 m."""


@st.composite
def wide_networks(draw: st.DrawFn, *, two_pipe: bool) -> Network:
    """Anything at once: loops, parallel pipes, closed pipes and valves, flows from 1e-6 to 1e3 kg/s, and none."""
    count = draw(st.integers(2, 12))
    edges = [(draw(st.integers(0, i - 1)), i) for i in range(1, count)]
    edges += draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=6))
    edges += draw(st.lists(st.sampled_from(edges), max_size=2))
    pipes = [
        {
            "pipe_id": f"P{i}",
            "from_node": f"N{a}",
            "to_node": f"N{b}",
            "length_m": draw(WIDE_LENGTHS),
            "inner_diameter_mm": draw(WIDE_BORES),
            "roughness_mm": draw(st.sampled_from((0.0, 0.05, 0.5, 5.0))),
            "zeta": draw(st.sampled_from((0.0, 0.0, 3.0, 1e4))),
            "status": draw(st.sampled_from(("existing",) * 9 + ("closed",))),
        }
        for i, (a, b) in enumerate(edges)
    ]
    valves = [
        {
            "valve_id": f"V{i}",
            "from_node": f"N{a}",
            "to_node": f"N{b}",
            "kind": draw(st.sampled_from(("isolation", "control", "check", "flow_limiter"))),
            "kvs_m3_h": draw(st.sampled_from((None, 1e-2, 10.0, 1000.0))),
            "opening": draw(st.sampled_from((0.0, 0.5, 1.0))),
            "state": draw(st.sampled_from(("open", "closed"))),
            "setting_t_h": draw(WIDE_FLOWS) * 3.6,
        }
        for i, (a, b) in enumerate(draw(st.lists(st.sampled_from(edges), max_size=3)))
    ]
    for valve in valves:  # half an opening of nothing is refused
        valve["kvs_m3_h"] = valve["kvs_m3_h"] or (10.0 if valve["kind"] == "control" else None)
    ground = [draw(st.floats(0.0, 60.0)) for _ in range(count)]
    flows = [draw(WIDE_FLOWS) for _ in range(count)]
    nodes = pd.DataFrame({"node_id": [f"N{i}" for i in range(count)], "ground_m": ground})
    more = {"valves": pd.DataFrame(valves) if valves else None}
    if two_pipe:
        control = draw(st.sampled_from(("flow", "valve", "none")))
        stations = [
            {"station_id": f"H{i}", "node_id": f"N{i}", "flow_t_h": 3.6 * flow, "control": control}
            for i, flow in enumerate(flows)
            if i > 0
        ]
        source = {"source_id": "S", "node_id": "N0", **SOURCE}
        return Network.from_tables(nodes, pd.DataFrame(pipes), pd.DataFrame(stations), pd.DataFrame([source]), **more)
    heads = [draw(st.floats(0.0, 100.0)), *(draw(st.sampled_from((None,) * 6 + (50.0,))) for _ in range(1, count))]
    given = nodes.assign(fixed_head_m=heads, demand_kg_s=flows)
    return Network.from_tables(given, pd.DataFrame(pipes), two_pipe=False, **more)
