"""Random networks for hypothesis: a tree over some nodes, chords that close loops, pipes drawn either way."""

from __future__ import annotations

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st
from networks import SOURCE, Tables

bounded = settings(deadline=None, derandomize=True, max_examples=60)
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
