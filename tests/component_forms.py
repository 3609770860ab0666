"""Valves, pumps, stations and sources whose answer is a formula; like the cases of `closed_forms`.

Unless said otherwise: pipes of 1 km of bore 200 mm with K 0.5 mm and the rough law, so h = r m|m|; water of 1000 kg/m3;
a pump with the curve 40 m at rest, 30 m at 100 kg/s, none at 200 kg/s, so H = 40 - m^2 / 1000.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pandas as pd
from closed_forms import KM, G, resistance
from figures import Figure
from networks import PIPE, SOURCE, STATION, WATER, Changes

import gisheat

R = resistance(1000.0, 0.2)
CURVE = "0:40; 360:30; 720:0"
KVS = 100.0  # m3/h


def valve_resistance(kv: float) -> float:
    """Head c m|m| [m] of a valve with Kv in m3/h: 1 bar at Kv."""
    return 1e5 / (1000.0 * G) / (kv / 3.6) ** 2


def solved(nodes: Changes, pipes: list[str], **devices: list[dict[str, Any]]) -> gisheat.Results:
    """Solve a one-pipe network of plain pipes "A-B" with valves and pumps."""
    rows = [{"pipe_id": p, "from_node": p[0], "to_node": p[2], **PIPE, **KM} for p in pipes]
    tables = {name: pd.DataFrame(table) for name, table in devices.items()}
    network = gisheat.Network.from_tables(
        pd.DataFrame([{"node_id": name, **row} for name, row in nodes.items()]), pd.DataFrame(rows), **tables,
        two_pipe=False,
    )  # fmt: skip
    return gisheat.solve(network, friction="rough", **WATER)


def head(results: gisheat.Results, node: str) -> float:
    """Head at a node [m]."""
    return float(results.nodes.set_index("node_id")["head_m"][node])


def valve(kind: str, **more: Any) -> dict[str, Any]:
    """A valve from B to C."""
    return {"valve_id": "V", "from_node": "B", "to_node": "C", "kind": kind, **more}


def pump(**more: Any) -> dict[str, Any]:
    """A pump from A to B."""
    return {"pump_id": "P", "from_node": "A", "to_node": "B", "curve": CURVE, **more}


def between(first: float, last: float, **devices: Any) -> gisheat.Results:
    """Reservoirs at A and D with pipes A-B and C-D and something from B to C."""
    nodes: Changes = {"A": {"fixed_head_m": first}, "B": {}, "C": {}, "D": {"fixed_head_m": last}}
    return solved(nodes, ["A-B", "C-D"], **devices)


# valves ---------------------------------------------------------------------------------------------------


def control_valves() -> list[Figure]:
    """10 m drive m through two pipes and a valve: m = sqrt(10 / (2 r + c)); openings by IEC 60534, R = 30."""
    found = []
    for name, more, share in (
        ("open", {}, 1.0),
        ("half open, linear", {"opening": 0.5}, 1.0 / 30.0 + 0.5 * 29.0 / 30.0),
        ("half open, equal percentage", {"opening": 0.5, "characteristic": "equal_percentage"}, 30.0**-0.5),
    ):
        flow = between(100.0, 90.0, valves=[valve("control", kvs_m3_h=KVS, **more)]).pipes["flow_kg_s"][0]
        expected = math.sqrt(10.0 / (2.0 * R + valve_resistance(KVS * share)))
        found.append(Figure(f"valve Kvs {KVS:g} {name}, two reservoirs", expected, flow, 1e-6, unit="kg/s"))
    return found


def check_valve() -> list[Figure]:
    """As if it were not there one way, shut the other way."""
    forward = between(100.0, 90.0, valves=[valve("check")]).pipes["flow_kg_s"][0]
    back = between(90.0, 100.0, valves=[valve("check")]).pipes["flow_kg_s"][0]
    return [
        Figure("check valve, its way", math.sqrt(10.0 / (2.0 * R)), forward, 1e-6, unit="kg/s"),
        Figure("check valve, the other way", 0.0, back, 1e-6, relative=False, unit="kg/s"),
    ]


def pressure_reducing_valve() -> list[Figure]:
    """300 kPa behind the valve: m = sqrt((300 kPa / rho g - 20 m) / r); wide open where 300 kPa can't be reached."""
    held = 300e3 / (1000.0 * G)
    results = between(100.0, 20.0, valves=[valve("pressure_reducing", setting_kpa=300.0)])
    low = between(30.0, 20.0, valves=[valve("pressure_reducing", setting_kpa=300.0)])
    flow, wide = (r.pipes["flow_kg_s"][1] for r in (results, low))
    return [
        Figure("pressure-reducing valve, head behind it", held, head(results, "C"), 1e-5, unit="m"),
        Figure("pressure-reducing valve, flow", math.sqrt((held - 20.0) / R), flow, 1e-4, unit="kg/s"),
        Figure("pressure-reducing valve, wide open", math.sqrt(10.0 / (2.0 * R)), wide, 1e-6, unit="kg/s"),
    ]


def pressure_sustaining_valve() -> list[Figure]:
    """500 kPa before the valve: m = sqrt((100 m - 500 kPa / rho g) / r)."""
    held = 500e3 / (1000.0 * G)
    results = between(100.0, 0.0, valves=[valve("pressure_sustaining", setting_kpa=500.0)])
    flow = results.pipes["flow_kg_s"][0]
    return [
        Figure("pressure-sustaining valve, head before it", held, head(results, "B"), 1e-5, unit="m"),
        Figure("pressure-sustaining valve, flow", math.sqrt((100.0 - held) / R), flow, 1e-4, unit="kg/s"),
    ]


def flow_limiter() -> list[Figure]:
    """No more than the setting, and all that comes where that is less."""
    found = []
    free = math.sqrt(10.0 / (2.0 * R))
    for setting in (0.5 * free, 2.0 * free):
        flow = between(100.0, 90.0, valves=[valve("flow_limiter", setting_t_h=3.6 * setting)]).pipes["flow_kg_s"][0]
        name = "flow limiter, limiting" if setting < free else "flow limiter, open"
        found.append(Figure(name, min(setting, free), flow, 1e-6, unit="kg/s"))
    return found


# pumps ----------------------------------------------------------------------------------------------------


def lifted(results: gisheat.Results) -> float:
    """Flow of the pipe behind the pump [kg/s]."""
    return float(results.pipes["flow_kg_s"][0])


def pumps() -> list[Figure]:
    """From 0 to 10 m through a pipe: H(m) = 10 + r m^2 for one pump, slower, two side by side, two in a row."""
    nodes: Changes = {"A": {"fixed_head_m": 0.0}, "B": {}, "C": {"fixed_head_m": 10.0}}
    row: Changes = {"A": {"fixed_head_m": 0.0}, "D": {}, "B": {}, "C": {"fixed_head_m": 10.0}}
    in_a_row = [pump(to_node="D"), pump(pump_id="Q", from_node="D")]
    found = {
        "one": (solved(nodes, ["B-C"], pumps=[pump()]), 30.0, 1e-3),
        "at speed 0.8": (solved(nodes, ["B-C"], pumps=[pump(speed=0.8)]), 0.64 * 40.0 - 10.0, 1e-3),
        "two side by side": (solved(nodes, ["B-C"], pumps=[pump(count=2)]), 30.0, 0.25e-3),
        "two in a row": (solved(row, ["B-C"], pumps=in_a_row), 70.0, 2e-3),
    }
    return [
        Figure(f"pump on a pipe, {name}", math.sqrt(rest / (R + slope)), lifted(results), 1e-6, unit="kg/s")
        for name, (results, rest, slope) in found.items()
    ]


def pump_against_too_much() -> list[Figure]:
    """A pump of 40 m below a reservoir of 50 m delivers nothing, and nothing runs back through it."""
    nodes: Changes = {"A": {"fixed_head_m": 0.0}, "B": {}, "C": {"fixed_head_m": 50.0}}
    found = lifted(solved(nodes, ["B-C"], pumps=[pump()]))
    return [Figure("pump on a pipe, below its shut-off head", 0.0, found, 1e-6, relative=False, unit="kg/s")]


# stations and sources ---------------------------------------------------------------------------------------


def two_pipe(source: dict[str, Any], station: dict[str, Any], **devices: Any) -> gisheat.Results:
    """One source, one kilometre of supply and return, one station of 10 kg/s."""
    network = gisheat.Network.from_tables(
        {"node_id": ["S", "B", "H"], "ground_m": [0.0, 0.0, 0.0]},
        pd.DataFrame([
            {"pipe_id": "S-B", "from_node": "S", "to_node": "B", **PIPE, **KM},
            {"pipe_id": "B-H", "from_node": "B", "to_node": "H", **PIPE, "length_m": 1e-3},
        ][: 1 if devices else 2]),
        pd.DataFrame([{"station_id": "H", "node_id": "H", **STATION, **station}]),
        pd.DataFrame([{"source_id": "S", "node_id": "S", **SOURCE, **source}]),
        **{name: pd.DataFrame(table) for name, table in devices.items()},
    )  # fmt: skip
    return gisheat.solve(network, friction="rough", **WATER)


def flow_of(results: gisheat.Results) -> float:
    """Flow of the station [kg/s]."""
    return float(results.stations["flow_t_h"][0]) / 3.6


def stations() -> list[Figure]:
    """The source holds 40 m: unregulated (exchanger 50 kPa at 10 kg/s, Kv 50), held while the head lasts, held."""
    forty = {"pump_control": "constant_head", "supply_head_m": 70.0}
    exchanger = 50e3 / (1000.0 * G) / 10.0**2
    whole = 2.0 * resistance(1000.001, 0.2) + exchanger + valve_resistance(50.0)
    common = {"hx_loss_kpa": 50.0, "kvs_m3_h": 50.0}
    free = flow_of(two_pipe(forty, {"control": "none", **common}))
    rich = flow_of(two_pipe(forty, {"control": "valve", **common}))
    poor = flow_of(two_pipe({**forty, "supply_head_m": 35.0}, {"control": "valve", **common}))
    return [
        Figure("station, exchanger and fixed valve, source of 40 m", math.sqrt(40.0 / whole), free, 1e-6, unit="kg/s"),
        Figure("station that holds 10 kg/s, source of 40 m", 10.0, rich, 1e-6, unit="kg/s"),
        Figure("station that would hold 10 kg/s, source of 5 m", math.sqrt(5.0 / whole), poor, 1e-6, unit="kg/s"),
    ]


def pump_curve_at_the_source() -> list[Figure]:
    """H = 40 - m^2 / 1000 against supply, station and return."""
    exchanger = 50e3 / (1000.0 * G) / 10.0**2
    whole = 2.0 * resistance(1000.001, 0.2) + exchanger + valve_resistance(50.0)
    source = {"pump_control": "curve", "pump_curve": CURVE}
    found = flow_of(two_pipe(source, {"control": "none", "hx_loss_kpa": 50.0, "kvs_m3_h": 50.0}))
    return [Figure("pump curve at the source", math.sqrt(40.0 / (1e-3 + whole)), found, 1e-6, unit="kg/s")]


def two_sources() -> list[Figure]:
    """Two sources of 40 m at the ends of five unregulated stations: they meet at the third, which drinks from both.

    Every loss goes with the square of the flow, so the flows for 1 kg/s at the third, reckoned outwards, only
    need to be scaled: 10 m at 10 kg/s in a station, 2 r m^2 in supply and return between two.
    """
    carried, available = 0.5, 0.1
    for _ in range(2):
        available += 2.0 * R * carried**2
        carried += math.sqrt(available / 0.1)
    scale = math.sqrt(40.0 / (available + 2.0 * R * carried**2))
    names = ["S", "A", "B", "C", "D", "E", "T"]
    pipes = [{"pipe_id": f"{a}-{b}", "from_node": a, "to_node": b, **PIPE, **KM} for a, b in pairwise(names)]
    inner = names[1:-1]
    source = {**SOURCE, "pump_control": "constant_head", "supply_head_m": 70.0}
    network = gisheat.Network.from_tables(
        {"node_id": names, "ground_m": [0.0] * 7},
        pd.DataFrame(pipes),
        pd.DataFrame([{"station_id": n, "node_id": n, **STATION, "control": "none"} for n in inner]),
        pd.DataFrame([{"source_id": n, "node_id": n, **source, "pressure_holding": n == "S"} for n in "ST"]),
    )
    results = gisheat.solve(network, friction="rough", **WATER)
    flow, given = (results.pipes.set_index("pipe_id")["sup_flow_t_h"] / 3.6, results.sources["flow_t_h"] / 3.6)
    return [
        Figure("two sources, into the meeting point from the left", 0.5 * scale, flow["B-C"], 1e-6, unit="kg/s"),
        Figure("two sources, into the meeting point from the right", -0.5 * scale, flow["C-D"], 1e-6, unit="kg/s"),
        Figure("two sources, flow of the second", carried * scale, given[1], 1e-6, unit="kg/s"),
    ]


def pump_at_the_station() -> list[Figure]:
    """The source gives 5 m, the station needs 10: its pump adds what is short, 5 m and the losses of both pipes."""
    found = two_pipe({"supply_head_m": 35.0}, {"control": "pump"}).stations["pump_head_m"][0]
    expected = 10.0 - 5.0 + 2.0 * resistance(1000.001, 0.2) * 10.0**2
    return [Figure("pump at the station, its head", expected, found, 1e-6, unit="m")]


def differential_pressure_valve() -> list[Figure]:
    """50 kPa held behind the valve, unregulated station: m = sqrt(50 kPa / (c rho g))."""
    forty = {"pump_control": "constant_head", "supply_head_m": 70.0}
    device = {"valve_id": "V", "from_node": "B", "to_node": "H", "kind": "differential_pressure", "line": "supply",
              "setting_kpa": 50.0}  # fmt: skip
    common = {"control": "none", "hx_loss_kpa": 50.0, "kvs_m3_h": 50.0}
    found = flow_of(two_pipe(forty, common, valves=[device]))
    whole = 50e3 / (1000.0 * G) / 10.0**2 + valve_resistance(50.0)
    expected = math.sqrt(50e3 / (1000.0 * G) / whole)
    return [Figure("differential-pressure valve, flow of the station", expected, found, 1e-4, unit="kg/s")]


COMPONENTS: tuple[Callable[[], list[Figure]], ...] = (
    control_valves, check_valve, pressure_reducing_valve, pressure_sustaining_valve, flow_limiter, pumps,
    pump_against_too_much, stations, pump_curve_at_the_source, two_sources, pump_at_the_station,
    differential_pressure_valve,
)  # fmt: skip
"""Cases of components."""
