"""Networks as arrays, of the kinds the solver was designed for; same arguments, same network.

`heating_network`: streets with stations as leaves, about 4 % of the pipes close loops. `grid_network`: bare
streets, about 40 % close loops, which is what direct solvers find hard. Both are one-pipe networks. `two_pipe_network`:
a heating network with supply and return, whose flows a pump makes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

import gisheat
from gisheat.network import Network

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BORES = np.array(
    [27.2, 37.2, 43.1, 54.5, 70.3, 82.5, 107.1, 132.5, 160.3, 210.1, 263, 312.7, 393.8, 495.4, 595.8, 795, 994]
)
"""[mm]"""
FRICTION = 100.0
"""Specific friction [Pa/m] that bores are chosen for."""
DENSITY, VISCOSITY = 970.0, 3.54e-4
HEAD = 90.0
REQUIRED = 10.0
"""Head [m] that stations lose with their valve open."""


def heating_network(pipes: int, seed: int = 1, sources: int | None = None) -> Network:
    """Streets of two to four pieces with a station on a leaf at each cut; one source for 1e3 pipes, three for more."""
    random = np.random.default_rng(seed)
    start, end, place = _streets(max(4, round((pipes / 6.3) ** 0.5)), 0.63, random)
    cuts = random.integers(1, 4, len(start))
    street = np.repeat(np.arange(len(start)), cuts)
    number = np.arange(len(street)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = ((number + 1) / (cuts[street] + 1))[:, None]
    cut = len(place) + np.arange(len(street))
    station = cut + len(street)
    cut_place = place[start[street]] * (1 - share) + place[end[street]] * share
    station_place = cut_place + random.uniform(-25, 25, cut_place.shape)
    first, last = number == 0, number == cuts[street] - 1
    ends = [
        (start[street[first]], cut[first]),
        (cut[~last], cut[~last] + 1),
        (cut[last], end[street[last]]),
        (cut, station),
    ]
    count = len(place)
    place = np.concatenate([place, cut_place, station_place])
    demand = np.zeros(len(place))
    demand[station] = random.lognormal(0.0, 0.7, len(station)) * 0.25
    return _network(ends, place, count, demand, sources or (1 if pipes < 5000 else 3))


def two_pipe_network(trenches: int, control: str = "valve", head: float = 1.0, seed: int = 1) -> Network:
    """The heating network with supply and return, one source with a pump curve, and a resistance at each station.

    `head` is that of the pump at the flow all stations ask for, relative to what they would need then.
    """
    one = heating_network(trenches, seed, sources=1)
    asked = one.nodes.demand
    at, source = np.flatnonzero(asked > 0.0), int(np.flatnonzero(~np.isnan(one.nodes.fixed_head))[0])
    nodes = pd.DataFrame({"node_id": np.arange(len(asked)), "ground_m": 0.0})
    pipes = pd.DataFrame(
        {
            "pipe_id": one.pipes.id, "from_node": one.pipes.start, "to_node": one.pipes.end,
            "length_m": one.pipes.length, "inner_diameter_mm": 1e3 * one.pipes.inner_diameter, "roughness_mm": 0.5,
        }
    )  # fmt: skip
    stations = pd.DataFrame(
        {"station_id": at, "node_id": at, "flow_t_h": 3.6 * asked[at], "required_head_m": REQUIRED, "control": control}
    )
    held = gisheat.solve(one, density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY)
    loss = HEAD - float(held.supply.head[at].min())
    full, volume = head * (2.0 * loss + REQUIRED), 3.6 * asked.sum() / DENSITY * 1e3
    curve = f"0:{1.25 * full};{volume}:{full};{1.6 * volume}:{0.5 * full}"
    sources = pd.DataFrame(
        {"source_id": ["S"], "node_id": [source], "static_head_m": 30.0, "pump_control": "curve", "pump_curve": curve}
    )
    return Network.from_tables(nodes, pipes, stations=stations, sources=sources)


def grid_network(pipes: int, seed: int = 1) -> Network:
    """Bare streets with a load at every second crossing."""
    random = np.random.default_rng(seed)
    start, end, place = _streets(max(4, round((pipes / 1.7) ** 0.5)), 0.85, random)
    demand = random.lognormal(0.0, 0.7, len(place)) * 0.25 * (random.random(len(place)) < 0.5)
    return _network([(start, end)], place, len(place), demand, 2)


def _streets(side: int, kept: float, random: np.random.Generator) -> tuple[Index, Index, Array]:
    """The largest connected part of a grid that has lost some of its edges, with jittered places [m]."""
    crossing = np.arange(side * side).reshape(side, side)
    edges = np.concatenate(
        [
            np.column_stack([crossing[:, :-1].ravel(), crossing[:, 1:].ravel()]),
            np.column_stack([crossing[:-1].ravel(), crossing[1:].ravel()]),
        ]
    )
    edges = edges[random.random(len(edges)) < kept]
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(side * side, side * side))
    label = connected_components(graph, directed=False)[1]
    inside = label == np.bincount(label).argmax()
    number = np.cumsum(inside) - 1
    edges = number[edges[inside[edges[:, 0]]]]
    used = np.flatnonzero(inside)
    place = np.column_stack([used // side, used % side]) * 120.0 + random.uniform(-20, 20, (len(used), 2))
    return edges[:, 0], edges[:, 1], place


def _network(ends: list[tuple[Index, Index]], place: Array, crossings: int, demand: Array, sources: int) -> Network:
    """Bores by the loads along shortest paths from the sources; chords get those of the lesser end."""
    start, end = (np.concatenate([e[k] for e in ends]) for k in (0, 1))
    length = np.maximum(np.hypot(*(place[start] - place[end]).T), 3.0)
    middle = np.array([[0.5, 0.5], [0.15, 0.2], [0.85, 0.75]])[:sources] * place[:crossings].max(axis=0)
    source = np.array([int(np.argmin(((place[:crossings] - m) ** 2).sum(axis=1))) for m in middle])
    demand = demand.copy()
    demand[source] = 0.0
    root = len(place)
    weight = np.concatenate([length, np.full(len(source), 1e-3)])
    links = np.concatenate([start, np.full(len(source), root)]), np.concatenate([end, source])
    graph = coo_array((weight, links), shape=(root + 1, root + 1)).tocsr()
    distance, parent = dijkstra(graph, directed=False, indices=root, return_predecessors=True)
    behind = np.append(demand, 0.0)
    order = np.argsort(-distance)
    for node in order[:-1].tolist():
        behind[parent[node]] += behind[node]
    flow = np.where(parent[end] == start, behind[end], np.where(parent[start] == end, behind[start], 0.0))
    flow = np.where(flow > 0.0, flow, 0.5 * np.minimum(behind[start], behind[end]))
    wanted = (8 * 0.022 * (np.maximum(flow, 1e-3) / DENSITY) ** 2 * DENSITY / (np.pi**2 * FRICTION)) ** 0.2 * 1e3
    bore = BORES[np.minimum(np.searchsorted(BORES, wanted), len(BORES) - 1)]
    fixed = np.full(root, np.nan)
    fixed[source] = HEAD
    nodes = pd.DataFrame({"node_id": np.arange(root), "ground_m": -500.0, "demand_kg_s": demand, "fixed_head_m": fixed})
    pipes = pd.DataFrame(
        {
            "pipe_id": np.arange(len(start)), "from_node": start, "to_node": end, "length_m": length,
            "inner_diameter_mm": bore, "roughness_mm": 0.5,
        }
    )  # fmt: skip
    return Network.from_tables(nodes, pipes, two_pipe=False)
