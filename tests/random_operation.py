"""Random networks in operation: loads far from design, weak pumps, closed pipes, up to 60 valves and pumps that act.

Networks grow over random places, each joined to the nearest one before; some chords close loops. Sizes follow the
design flows, with an error. Same seed, same network.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from gisheat import Network

BORES_MM = np.array([54.5, 70.3, 82.5, 107.1, 132.5, 160.3, 210.1, 263.0, 312.7, 393.8, 495.4])
KINDS = {
    "pressure_reducing": 0.25, "differential_pressure": 0.30, "pressure_sustaining": 0.05, "flow_limiter": 0.10,
    "control": 0.10, "check": 0.05, "isolation": 0.05, "pump": 0.07, "bypass": 0.03,
}  # fmt: skip


def random_operation(seed: int) -> Network:
    """One network of 8 to 120 nodes; half of them have up to 60 valves and pumps along the pipes."""
    random = np.random.default_rng(seed)
    count = int(random.integers(8, 120))
    place = random.random((count, 2)) * np.sqrt(count) * 120.0
    tree = [(int(np.argmin(((place[:i] - place[i]) ** 2).sum(axis=1))), i) for i in range(1, count)]
    chords = _chords(random, place)
    edges = [*tree, *chords]
    stations, behind = _stations(random, tree, count)
    design = np.array([behind[b] for _, b in tree] + [behind.mean()] * len(chords))
    pipes = _pipes(random, place, edges, design, len(chords))
    nodes = pd.DataFrame({"node_id": np.arange(count).astype(str), "ground_m": random.uniform(0.0, 15.0, count)})
    sources = _sources(random, float(behind[0]), count)
    valves: list[dict[str, Any]] = []
    pumps: list[dict[str, Any]] = []
    if random.random() < 0.5:
        nodes = _devices(random, tree, design, nodes, pipes, valves, pumps)
    if any(v["kind"] in ("flow_limiter", "check", "bypass") for v in valves):
        stations["control"] = stations["control"].replace("flow", "valve")  # nothing may have to pass what is shut
    return Network.from_tables(
        nodes, pipes, stations, sources, valves=pd.DataFrame(valves) if valves else None,
        pumps=pd.DataFrame(pumps) if pumps else None,
    )  # fmt: skip


def _chords(random: np.random.Generator, place: np.ndarray) -> list[tuple[int, int]]:
    count, found = len(place), []
    for _ in range(int(random.integers(0, max(1, count // 8) + 1))):
        a = int(random.integers(count))
        distance = ((place - place[a]) ** 2).sum(axis=1)
        distance[a] = np.inf
        found.append((a, int(np.argsort(distance)[int(random.integers(1, 6)) % (count - 1)])))
    return found


def _stations(random: np.random.Generator, tree: list[tuple[int, int]], count: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Stations at all ends and some other nodes, at 0.01 to 2 times their design load; design flow behind each node."""
    ends = set(range(1, count)) - {a for a, _ in tree}
    at = sorted(ends | {int(i) for i in random.choice(np.arange(1, count), size=max(1, count // 5))})
    design = random.lognormal(1.5, 0.9, len(at)) * 3.6
    load = float(np.exp(random.uniform(np.log(0.01), np.log(2.0))))
    kind = random.choice(["valve", "none", "mixed"])
    control = random.choice(["valve", "none", "flow"], len(at)) if kind == "mixed" else np.full(len(at), kind)
    table = pd.DataFrame(
        {
            "station_id": [f"H{i}" for i in at],
            "node_id": [str(i) for i in at],
            "flow_t_h": design * load,
            "required_head_m": random.uniform(3.0, 12.0, len(at)) * max(load, 0.05) ** 2,  # the same resistance
            "control": control.astype(object),
        }
    )
    behind = np.zeros(count)
    behind[at] = design
    for a, b in reversed(tree):
        behind[a] += behind[b]
    return table, behind


def _pipes(
    random: np.random.Generator, place: np.ndarray, edges: list[tuple[int, int]], design: np.ndarray, chords: int
) -> pd.DataFrame:
    bore = 1e3 * np.sqrt(design / 3.6 / 970.0 / 1.2 * 4.0 / np.pi) * random.uniform(0.8, 1.3, len(edges))
    start, end = np.array(edges).T
    status = np.full(len(edges), "existing", dtype=object)
    closed = min(int(random.integers(0, 3)), chords)
    if closed:
        status[-closed:] = "closed"
    return pd.DataFrame(
        {
            "pipe_id": np.arange(len(edges)).astype(str),
            "from_node": start.astype(str).astype(object),
            "to_node": end.astype(str),
            "length_m": np.maximum(np.linalg.norm(place[start] - place[end], axis=1), 1.0),
            "inner_diameter_mm": BORES_MM[np.clip(np.searchsorted(BORES_MM, bore), 0, len(BORES_MM) - 1)],
            "roughness_mm": 0.5,
            "status": status,
        }
    )


def _sources(random: np.random.Generator, total: float, count: int) -> pd.DataFrame:
    """One source that may be too weak, sometimes a second one at the other end."""
    head, volume = float(random.uniform(5.0, 80.0)), total / 0.97
    curve = f"0:{head * 1.2};{volume}:{head};{2.0 * volume}:{head * 0.3}"
    control = random.choice(["curve", "terminal_difference", "worst_station"], p=[0.5, 0.3, 0.2])
    common = {"supply_temp_c": 110.0, "return_temp_c": 60.0}
    rows = [
        {"source_id": "Q", "node_id": "0", **common, "static_head_m": 35.0, "pump_control": control,
         "pump_curve": None if control == "terminal_difference" else curve, "terminal_difference_m": head}
    ]  # fmt: skip
    if random.random() < 0.3 and count > 20:
        second = f"0:{head * 0.9};{total * 0.3}:{head * 0.7};{total * 0.6}:{head * 0.2}"
        rows.append({"source_id": "R", "node_id": str(random.integers(count // 2, count)), **common,
                     "pump_control": "curve", "pump_curve": second})  # fmt: skip
    return pd.DataFrame(rows)


def _devices(
    random: np.random.Generator, tree: list[tuple[int, int]], design: np.ndarray, nodes: pd.DataFrame,
    pipes: pd.DataFrame, valves: list[dict[str, Any]], pumps: list[dict[str, Any]],
) -> pd.DataFrame:  # fmt: skip
    """Put valves and pumps at the start of some pipes; returns the nodes with their far ends."""
    more = []
    chosen = random.permutation(len(tree))[: int(random.integers(0, 61))]
    for k, pipe in enumerate(chosen.tolist()):
        node, flow = tree[pipe][0], float(design[pipe])
        kind = str(random.choice(list(KINDS), p=list(KINDS.values())))
        line = str(random.choice(["supply", "return"]))
        far = f"V{k}"
        if kind == "bypass":
            far = str(node)
        else:
            more.append({"node_id": far, "ground_m": float(nodes["ground_m"][node])})
            pipes.loc[pipe, "from_node"] = far
        ends = {"from_node": str(node), "to_node": far}
        if kind == "pump":
            curve = f"0:{random.uniform(5.0, 25.0)};{flow}:{random.uniform(2.0, 5.0)}"
            pumps.append({"pump_id": f"U{k}", **ends, "line": line, "curve": curve})
            continue
        setting = {
            "pressure_reducing": {"line": "supply", "setting_kpa": random.uniform(200.0, 900.0)},
            "differential_pressure": {"line": line, "setting_kpa": random.uniform(20.0, 300.0)},
            "pressure_sustaining": {"line": "return", "setting_kpa": random.uniform(200.0, 450.0)},
            "flow_limiter": {"line": "supply", "setting_t_h": flow * random.uniform(0.3, 1.2)},
            "control": {"line": line, "opening": random.uniform(0.0, 1.0)},
            "bypass": {"setting_kpa": random.uniform(50.0, 500.0)},
        }.get(kind, {"line": "both"})
        kvs = flow * random.uniform(1.0, 5.0) + 1.0
        valves.append({"valve_id": f"V{k}", **ends, "kind": kind, "kvs_m3_h": kvs, **setting})
    return pd.concat([nodes, pd.DataFrame(more)], ignore_index=True) if more else nodes


def redrawn(network: Network, way: str, seed: int) -> Network:
    """The same network drawn otherwise: rows in another order, pipes the other way, a closed pipe more, one cut."""
    random = np.random.default_rng(seed)
    nodes, pipes = network.nodes, network.pipes
    if way == "renumbered":
        order = random.permutation(len(nodes))
        place = np.argsort(order)

        def moved(table: Any, rows: np.ndarray, *ends: str) -> Any:
            columns = {f.name: getattr(table, f.name)[rows] for f in fields(table)}
            return type(table)(**{n: place[v] if n in ends else v for n, v in columns.items()})

        def shuffled(table: Any, *ends: str) -> Any:
            return moved(table, random.permutation(len(table)), *ends)

        at, same = ("supply_node", "return_node"), np.arange(len(network.sources))
        return replace(
            network, nodes=moved(nodes, order), pipes=shuffled(pipes, "start", "end"),
            stations=shuffled(network.stations, *at), sources=moved(network.sources, same, *at),
            valves=shuffled(network.valves, "start", "end"), pumps=shuffled(network.pumps, "start", "end"),
        )  # fmt: skip
    if way == "turned":
        turn = random.random(len(pipes)) < 0.5
        start, end = np.where(turn, pipes.end, pipes.start), np.where(turn, pipes.start, pipes.end)
        return replace(network, pipes=replace(pipes, start=start, end=end))
    row = int(random.integers(len(pipes)))
    longer = {f.name: np.append(getattr(pipes, f.name), getattr(pipes, f.name)[row]) for f in fields(pipes)}
    longer["id"][-1] = "more"
    if way == "with a closed pipe":
        longer["in_service"][-1] = False
        longer["start"][-1], longer["end"][-1] = random.choice(len(nodes), 2, replace=False)
        return replace(network, pipes=type(pipes)(**longer))
    assert way == "with a pipe in two parts"
    share = random.uniform(0.1, 0.9)
    for name in ("length", "equivalent_length", "zeta"):
        longer[name][row] *= share
        longer[name][-1] *= 1.0 - share
    longer["end"][row] = longer["start"][-1] = len(nodes)
    more = {f.name: np.append(getattr(nodes, f.name), getattr(nodes, f.name)[0]) for f in fields(nodes)}
    more["id"][-1] = "middle"
    return replace(network, nodes=type(nodes)(**more), pipes=type(pipes)(**longer))
