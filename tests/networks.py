"""Tiny networks, drawn in ASCII.

A name is a node, and a name drawn twice is the same node. `-` and `|` are pipes (a trench with supply and return),
`~` is a supply pipe alone, `=` a return pipe alone. Names with S are sources, names with H are heat stations, all
others are junctions. A pipe is called after its ends in reading order: A-B, and A~B, A=B when drawn for one side.

Everything has a plain default (100 m of bore 200 mm, 36 t/h = 10 kg/s for a station, flat ground) that the
keywords of `draw` replace: draw(TREE, pipes={"A-B": {"length_m": 250}}, stations={"H1": {"flow_t_h": 72}}).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from gisheat import Network

TREE = """
    S1---A---B---H3
         |   |
         H1  H2
"""

RING = """
    S1---A---B---H1
         |   |
         D---C---H2
"""

SYMMETRIC_RING = """
    S1---A---B
         |   |
         D---H1      both ways round to H1 are the same
"""

TWO_RINGS = """
    S1---A---B---C---H1
         |   |   |
         D---E---F---H2
             |
             H3
"""

DRAWN_SEPARATELY = """
    S1~~~A~~~H1~~~H2    the supply goes by A,
    S1===B===H1===H2    the return by B
"""

TWO_SOURCES = """
    S1---A---H1---B---S2
             |
             H2
"""

ISLAND = """
    S1---A---H1      C---H2     nothing joins C to A
"""

PIPE = {"length_m": 100.0, "inner_diameter_mm": 200.0, "roughness_mm": 0.5, "zeta": 0.0, "local_loss_fraction": 0.0}
STATION = {"flow_t_h": 36.0, "required_head_m": 10.0}
SOURCE = {"supply_temp_c": 85.0, "return_temp_c": 65.0, "static_head_m": 30.0}
NODE = {"ground_m": 0.0}
WATER = {"density_kg_m3": 1000.0, "viscosity_pa_s": 5e-4, "heat_capacity_j_kg_k": 4200.0}
"""Round figures for `solve`; both sides have one density."""

LINE = {"-": "pair", "|": "pair", "~": "supply", "=": "return"}
_NAME = re.compile(r"\b[A-Z]\w?\b")
Changes = dict[str, dict[str, object]]


class Tables(NamedTuple):
    """What `gisheat.Network.from_tables` takes."""

    nodes: pd.DataFrame
    pipes: pd.DataFrame
    stations: pd.DataFrame
    sources: pd.DataFrame

    def network(self) -> Network:
        return Network.from_tables(*self)


def draw(
    picture: str,
    *,
    pipes: Changes | None = None,
    stations: Changes | None = None,
    sources: Changes | None = None,
    nodes: Changes | None = None,
) -> Tables:
    """Tables of a drawn network, with some values replaced.

    >>> tables = draw(TREE, pipes={"A-B": {"length_m": 250.0}})
    >>> tables.pipes["pipe_id"].tolist(), tables.stations["station_id"].tolist()
    (['S1-A', 'A-B', 'B-H3', 'A-H1', 'B-H2'], ['H3', 'H1', 'H2'])
    >>> float(tables.pipes["length_m"].sum())
    650.0
    """
    names, edges = _read(picture)
    pipe_rows = [
        {"pipe_id": f"{a}{'-' if mark == '|' else mark}{b}", "from_node": a, "to_node": b, "line": LINE[mark]}
        for a, mark, b in edges
    ]
    return Tables(
        _table("node_id", [{"node_id": n} for n in names], NODE, nodes),
        _table("pipe_id", pipe_rows, PIPE, pipes),
        _table("station_id", [{"station_id": n, "node_id": n} for n in names if n[0] == "H"], STATION, stations),
        _table("source_id", [{"source_id": n, "node_id": n} for n in names if n[0] == "S"], SOURCE, sources),
    )


def _table(key: str, rows: list[dict[str, object]], usual: dict[str, float], changes: Changes | None) -> pd.DataFrame:
    changes = changes or {}
    unknown = set(changes) - {row[key] for row in rows}
    assert not unknown, f"not in the drawing: {unknown}"
    return pd.DataFrame([{**row, **usual, **changes.get(str(row[key]), {})} for row in rows])


def _read(picture: str) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Names in reading order, and pipes (from, mark, to): those of a line, then those down from it."""
    lines = [re.sub(r"  +[a-z].*$", "", line) for line in picture.splitlines()]  # remarks begin in lower case
    found = [list(_NAME.finditer(line)) for line in lines]
    names = list(dict.fromkeys(match[0] for row in found for match in row))
    edges = []
    for row, line in enumerate(lines):
        for left, right in pairwise(found[row]):
            between = set(line[left.end() : right.start()])
            if len(between) == 1 and (mark := between.pop()) in LINE:
                edges.append((left[0], mark, right[0]))
        for match in found[row]:
            for column in range(match.start(), match.end()):
                below = row + 1
                while below < len(lines) and lines[below][column : column + 1] == "|":
                    below += 1
                ends = [m[0] for m in found[below] if m.start() <= column < m.end()] if below < len(lines) else []
                if below > row + 1 and ends:
                    edges.append((match[0], "|", ends[0]))
    return names, edges


def one_pipe(edges: Changes, nodes: Changes) -> Network:
    """A one-pipe network: pipes "A-B" with what differs from the plain one, nodes with ground, demand or fixed head.

    >>> network = one_pipe({"A-B": {}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 10.0}})
    >>> network.two_pipe, len(network.pipes)
    (False, 1)
    """
    ends = {name: name.split("'")[0].split("-") for name in edges}  # A-B and A-B' are parallel
    return Network.from_tables(
        pd.DataFrame([{"node_id": name, **row} for name, row in nodes.items()]),
        pd.DataFrame([
            {"pipe_id": name, "from_node": ends[name][0], "to_node": ends[name][1], **PIPE, **row}
            for name, row in edges.items()
        ]),
        two_pipe=False,
    )  # fmt: skip
