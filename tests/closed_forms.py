"""Cases whose answer is a formula: each is a test (tests/analytical) and a row of docs/verification.md.

Every function returns figures: what the formula says, what gisheat finds. Pipes here are 1 km of bore 200 mm with
K 0.5 mm if nothing else is said, water has 1000 kg/m3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from figures import Figure
from networks import SYMMETRIC_RING, WATER, draw, one_pipe

import gisheat
from gisheat.physics.friction import colebrook
from gisheat.physics.water import water

G = 9.80665
RESERVOIR = {"fixed_head_m": 100.0}
KM = {"length_m": 1000.0}


def resistance(length: float, bore: float) -> float:
    """Head r q|q| [m] of the rough law with K 0.5 mm for a mass flow [kg/s] of water of 1000 kg/m3."""
    return 8.0 * 0.11 * (0.5e-3 / bore) ** 0.25 * length / (math.pi**2 * G * bore**5 * 1e6)


def laminar_pipe() -> list[Figure]:
    """Hagen and Poiseuille: dp = 128 mu L Q / (pi d^4)."""
    network = one_pipe({"A-B": KM | {"inner_diameter_mm": 50.0}}, {"A": RESERVOIR, "B": {"demand_kg_s": 0.5}})
    found = gisheat.solve(network, density_kg_m3=1000.0, viscosity_pa_s=0.01).pipes["loss_kpa"][0]
    expected = 128.0 * 0.01 * 1000.0 * (0.5 / 1000.0) / (math.pi * 0.05**4) / 1e3
    return [Figure("laminar pipe, Hagen-Poiseuille", expected, found, 1e-9, unit="kPa")]


def rough_pipe() -> list[Figure]:
    """Darcy and Weisbach with the fully rough factor."""
    network = one_pipe({"A-B": {"inner_diameter_mm": 500.0}}, {"A": RESERVOIR, "B": {"demand_kg_s": 200.0}})
    found = gisheat.solve(network, friction="rough", **WATER).pipes["friction_pa_m"][0]
    expected = 8.0 * 0.11 * (0.5 / 500.0) ** 0.25 / math.pi**2 / 1000.0 * 200.0**2 / 0.5**5
    return [Figure("fully rough pipe, 0.11 (K/d)^0.25", expected, found, 1e-9, unit="Pa/m")]


def turbulent_pipe() -> list[Figure]:
    """Colebrook's equation by repeated substitution."""
    x = 7.0
    for _ in range(100):  # x = -2 lg(K/3.7d + 2.51 x / Re) contracts
        x = -2.0 * math.log10(1e-4 / 3.7 + 2.51 * x / 1e5)
    found = float(colebrook(np.array([1e5]), np.array([1e-4]))[0][0])
    return [Figure("Colebrook factor, Re 1e5, K/d 1e-4, by iteration", x**-2, found, 1e-9)]


def hazen_williams_pipe() -> list[Figure]:
    """Hazen and Williams, with 130 as coefficient; at low flow too, where other laws are laminar."""
    found = []
    for flow in (100.0, 0.1):
        network = one_pipe(
            {"A-B": KM | {"inner_diameter_mm": 300.0, "roughness_mm": 130.0}},
            {"A": RESERVOIR, "B": {"demand_kg_s": flow}},
        )
        drop = float(gisheat.solve(network, friction="hazen-williams", **WATER).pipes["loss_kpa"][0]) / G
        expected = 10.667 * 1000.0 * (flow / 1e3) ** 1.852 / (130.0**1.852 * 0.3**4.871)
        found.append(Figure(f"Hazen-Williams, C 130, {flow:g} kg/s", expected, drop, 1e-9, unit="m"))
    return found


def pipes_in_series() -> list[Figure]:
    """Losses of unequal pipes add up."""
    edges = {"A-B": KM, "B-C": {"length_m": 400.0, "inner_diameter_mm": 150.0}}
    network = one_pipe(edges, {"A": RESERVOIR, "B": {"demand_kg_s": 10.0}, "C": {"demand_kg_s": 20.0}})
    found = 100.0 - gisheat.solve(network, friction="rough", **WATER).nodes["head_m"][2]
    expected = resistance(1000.0, 0.2) * 30.0**2 + resistance(400.0, 0.15) * 20.0**2
    return [Figure("two pipes in series, a load between", expected, found, 1e-9, unit="m")]


def parallel_pipes() -> list[Figure]:
    """Equal losses: flows as the bores to the power 2.625."""
    edges = {"A-B": KM | {"inner_diameter_mm": 300.0}, "A-B'": KM}
    network = one_pipe(edges, {"A": RESERVOIR, "B": {"demand_kg_s": 100.0}})
    flow = gisheat.solve(network, friction="rough", **WATER).pipes["flow_kg_s"]
    return [Figure("two parallel pipes, (300/200)^2.625", 1.5**2.625, flow[0] / flow[1], 1e-8)]


def two_reservoirs() -> list[Figure]:
    """The flow between two reservoirs follows from the difference of their heads."""
    network = one_pipe({"A-B": KM}, {"A": {"fixed_head_m": 90.0}, "B": RESERVOIR})
    found = -gisheat.solve(network, friction="rough", **WATER).pipes["flow_kg_s"][0]
    return [Figure("two reservoirs, sqrt(dH / r)", math.sqrt(10.0 / resistance(1000.0, 0.2)), found, 1e-9, unit="kg/s")]


def ring_of_three() -> list[Figure]:
    """Equal pipes, 10 kg/s at B and 30 at C: x across solves (10 + x)^2 + x^2 = (30 - x)^2."""
    network = one_pipe(
        {"A-B": {}, "A-C": {}, "B-C": {}}, {"A": RESERVOIR, "B": {"demand_kg_s": 10.0}, "C": {"demand_kg_s": 30.0}}
    )
    across = gisheat.solve(network, friction="rough", **WATER).pipes["flow_kg_s"][2]
    name = "ring of three equal pipes, flow across: sqrt(2400) - 40"
    return [Figure(name, math.sqrt(2400.0) - 40.0, across, 1e-8, unit="kg/s")]


def symmetric_ring() -> list[Figure]:
    """Supply and return, a station half way round a ring of equal pipes: each way carries half of its 36 t/h."""
    pipes = gisheat.solve(draw(SYMMETRIC_RING).network(), **WATER).pipes.set_index("pipe_id")
    return [
        Figure("symmetrical ring, supply, one way round", 18.0, pipes["sup_flow_t_h"]["A-B"], 1e-9, unit="t/h"),
        Figure("symmetrical ring, return, the other way", 18.0, pipes["ret_flow_t_h"]["A-D"], 1e-9, unit="t/h"),
    ]


def two_sources_meet() -> list[Figure]:
    """Reservoirs of 100 m at both ends of a row of loads: the flows meet in the middle, at the third of five."""
    names = ["A", "B", "C", "D", "E", "F", "Z"]
    nodes = {n: {"demand_kg_s": 8.0} for n in names[1:-1]} | {"A": RESERVOIR, "Z": RESERVOIR}
    network = one_pipe({f"{a}-{b}": {} for a, b in pairwise(names)}, nodes)
    flow = gisheat.solve(network, friction="rough", **WATER).pipes.set_index("pipe_id")["flow_kg_s"]
    return [
        Figure("two equal sources, flow of the first", 20.0, flow["A-B"], 1e-9, unit="kg/s"),
        Figure("two equal sources, into the meeting point from the left", 4.0, flow["C-D"], 1e-9, unit="kg/s"),
        Figure("two equal sources, into the meeting point from the right", -4.0, flow["D-E"], 1e-9, unit="kg/s"),
    ]


def hardy_cross() -> list[Figure]:
    """Two loops with h = r q|q|, balanced loop by loop as Hardy Cross (1936) does it."""
    bores = {"A-B": 250.0, "B-C": 200.0, "A-D": 200.0, "B-E": 150.0, "C-F": 150.0, "D-E": 150.0, "E-F": 200.0}
    loads = {"B": 20.0, "C": 15.0, "D": 25.0, "E": 10.0, "F": 30.0}
    r = {name: resistance(1000.0, bore / 1e3) for name, bore in bores.items()}
    q = {"A-B": 60.0, "B-C": 30.0, "A-D": 40.0, "B-E": 10.0, "C-F": 15.0, "D-E": 15.0, "E-F": 15.0}
    loops = [{"A-B": 1, "B-E": 1, "D-E": -1, "A-D": -1}, {"B-C": 1, "C-F": 1, "E-F": -1, "B-E": -1}]
    for _ in range(200):
        for loop in loops:
            off = sum(sign * r[p] * q[p] * abs(q[p]) for p, sign in loop.items())
            change = -off / sum(2.0 * r[p] * abs(q[p]) for p in loop)
            q |= {p: q[p] + sign * change for p, sign in loop.items()}
    nodes = {"A": RESERVOIR} | {name: {"demand_kg_s": load} for name, load in loads.items()}
    network = one_pipe({name: KM | {"inner_diameter_mm": bore} for name, bore in bores.items()}, nodes)
    flow = gisheat.solve(network, friction="rough", **WATER).pipes.set_index("pipe_id")["flow_kg_s"]
    return [Figure(f"two loops by Hardy Cross, {p}", q[p], flow[p], 1e-8, unit="kg/s") for p in ("A-B", "B-E", "E-F")]


def natural_circulation() -> list[Figure]:
    """A station 50 m above its source: the lighter supply helps the pump."""
    network = gisheat.Network.from_tables(
        {"node_id": ["S", "H"], "ground_m": [0.0, 50.0]},
        {"pipe_id": ["S-H"], "from_node": ["S"], "to_node": ["H"], "length_m": [500.0], "inner_diameter_mm": [150.0]},
        {"station_id": ["H"], "node_id": ["H"], "flow_t_h": [50.0]},
        {"source_id": ["S"], "node_id": ["S"], "supply_temp_c": [110.0], "return_temp_c": [60.0]},
    )
    hot, cold, mean = (water(t + 273.15).density for t in (110.0, 60.0, 85.0))
    found = gisheat.solve(network).pump_head().natural_circulation
    return [Figure("natural circulation, 110/60 degC, 50 m higher", (hot - cold) / mean * 50.0, found, 1e-6, unit="m")]


PIPES: tuple[Callable[[], list[Figure]], ...] = (
    laminar_pipe, rough_pipe, turbulent_pipe, hazen_williams_pipe, pipes_in_series, parallel_pipes, two_reservoirs,
    symmetric_ring, ring_of_three, two_sources_meet, hardy_cross, natural_circulation,
)  # fmt: skip
"""Cases of pipes alone."""
