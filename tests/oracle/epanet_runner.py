"""EPANET 2.3 run live through its toolkit: a one-pipe network out of gisheat's tables, heads and flows back."""

import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from epanet import toolkit

from gisheat.network import Network
from gisheat.network.arrays import VALVE_HELD

GRAVITY = 32.2 * 0.3048
"""EPANET's 32.2 ft/s2 [m/s2]."""
LITRES = 28.317 / 28.316846592
"""EPANET converts with 28.317 litres for a cubic foot."""
WATER_VISCOSITY = 1.1e-5 * 0.3048**2
"""Kinematic viscosity [m2/s] that EPANET's VISCOSITY is relative to."""

STATION_BORE = 0.05
"""Bore [m] that coefficients of stations are stated for."""


class Found(NamedTuple):
    """Heads [m], mass flows [kg/s], iterations, time of ordering and solving [s], last relative change of the flows."""

    head: np.ndarray
    flow: np.ndarray
    iterations: int
    seconds: float
    change: float


def run_epanet(
    network: Network, folder: Path, *, density: float, viscosity: float, accuracy: float = 1e-7, law: str = "D-W",
    times: int = 1,
) -> Found:  # fmt: skip
    """Solve with Darcy-Weisbach (EPANET's Swamee-Jain above Re 4000) or Hazen-Williams (law H-W).

    Several times, for the median of the seconds.
    """
    return _run(
        _input(network, density, viscosity, law), folder, [f"N{i}" for i in range(len(network.nodes))],
        [f"P{i}" for i in range(len(network.pipes))], density, accuracy, times,
    )  # fmt: skip


def run_two_pipe(
    network: Network, folder: Path, *, density: float, viscosity: float, accuracy: float = 1e-7, times: int = 1
) -> Found:
    """The same with supply (heads and flows first) and return, and the flows of the stations at the end.

    Stations are throttle control valves, in series with a flow control valve where they hold their flow. Made for
    one source with a pump curve, stations on nodes, one water.
    """
    nodes, pipes, stations = (range(len(x)) for x in (network.nodes, network.pipes, network.stations))
    return _run(
        _two_pipe_input(network, density, viscosity), folder, [f"{side}{i}" for side in "SR" for i in nodes],
        [*(f"{side}{i}" for side in "PQ" for i in pipes), *(f"T{i}" for i in stations)], density, accuracy, times,
    )  # fmt: skip


def _run(
    text: str, folder: Path, node_ids: list[str], link_ids: list[str], density: float, accuracy: float, times: int
) -> Found:
    inp = folder / "network.inp"
    inp.write_text(text, encoding="ascii")
    project = toolkit.createproject()
    try:
        toolkit.open(project, str(inp), str(folder / "network.rpt"), "")
        toolkit.setoption(project, toolkit.ACCURACY, accuracy)  # the file would be cut to 1e-5
        seconds = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EPANET warns of what is no matter here, such as low pressures
            for left in range(times - 1, -1, -1):
                begin = time.perf_counter()  # openH orders the nodes
                toolkit.openH(project)
                toolkit.initH(project, 0)
                toolkit.runH(project)
                seconds.append(time.perf_counter() - begin)
                if left:
                    toolkit.closeH(project)
        nodes = {toolkit.getnodeid(project, k): k for k in range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)}
        links = {toolkit.getlinkid(project, k): k for k in range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)}
        head = [toolkit.getnodevalue(project, nodes[name], toolkit.HEAD) for name in node_ids]
        flow = [toolkit.getlinkvalue(project, links[name], toolkit.FLOW) for name in link_ids]
        iterations = int(toolkit.getstatistic(project, toolkit.ITERATIONS))
        left_over = float(toolkit.getstatistic(project, toolkit.RELATIVEERROR))
        toolkit.closeH(project)
        toolkit.close(project)
    finally:
        toolkit.deleteproject(project)
    flow = np.array(flow) * density / 1e3 / LITRES
    return Found(np.array(head), flow, iterations, statistics.median(seconds), left_over)


def _input(network: Network, density: float, viscosity: float, law: str) -> str:
    nodes, pipes = network.nodes, network.pipes
    fixed = ~np.isnan(nodes.fixed_head)
    demand = nodes.demand / density * 1e3 * LITRES
    junctions = [f"N{i} {nodes.ground[i]:.15g} {demand[i]:.15g}" for i in np.flatnonzero(~fixed)]
    reservoirs = [f"N{i} {nodes.fixed_head[i]:.15g}" for i in np.flatnonzero(fixed)]
    length, bore = pipes.length + pipes.equivalent_length, pipes.inner_diameter * 1e3
    rows = [
        f"P{k} N{a} N{b} {x:.15g} {d:.15g} {r:.15g} {z:.15g} Open"
        for k, (a, b, x, d, r, z) in enumerate(
            zip(pipes.start, pipes.end, length, bore, pipes.roughness * 1e3, pipes.zeta, strict=True)
        )
    ]
    sections = {"JUNCTIONS": junctions, "RESERVOIRS": reservoirs, "PIPES": rows}
    return _file(sections, viscosity / density, law)


def _two_pipe_input(network: Network, density: float, viscosity: float) -> str:
    pipes, stations, sources = network.pipes, network.stations, network.sources
    ground, source = network.nodes.ground, int(sources.supply_node[0])
    length, bore = pipes.length + pipes.equivalent_length, pipes.inner_diameter * 1e3
    both = [
        f"{link}{k} {node}{a} {node}{b} {x:.15g} {d:.15g} {r:.15g} {z:.15g} Open"
        for link, node in ("PS", "QR")
        for k, (a, b, x, d, r, z) in enumerate(
            zip(pipes.start, pipes.end, length, bore, pipes.roughness * 1e3, pipes.zeta, strict=True)
        )
    ]
    flow = stations.flow / density
    zeta = stations.required_head * 2.0 * GRAVITY / (flow / (np.pi / 4.0 * STATION_BORE**2)) ** 2
    held = stations.control == VALVE_HELD
    junctions = [f"{side}{i} {z:.15g} 0" for side in "SR" for i, z in enumerate(ground) if side == "S" or i != source]
    valves = []
    for i, (a, b, k, q) in enumerate(zip(stations.supply_node, stations.return_node, zeta, flow, strict=True)):
        below = f"M{i}" if held[i] else f"R{b}"
        valves.append(f"T{i} S{a} {below} {STATION_BORE * 1e3:.15g} TCV {k:.15g} 0")
        if held[i]:
            junctions.append(f"M{i} {ground[b]:.15g} 0")
            valves.append(f"F{i} M{i} R{b} {STATION_BORE * 1e3:.15g} FCV {q * 1e3 * LITRES:.15g} 0")
    sections = {
        "JUNCTIONS": junctions,
        "RESERVOIRS": [f"R{source} {ground[source] + sources.static_head[0]:.15g}"],
        "PIPES": both,
        "VALVES": valves,
        "PUMPS": [f"U R{source} S{source} HEAD C"],
        "CURVES": [f"C {v * 1e3 * LITRES:.15g} {h:.15g}" for v, h in sources.curve[0]],
    }
    return _file(sections, viscosity / density)


def _file(sections: dict[str, list[str]], viscosity: float, law: str = "D-W") -> str:
    options = [
        "UNITS LPS", f"HEADLOSS {law}", f"VISCOSITY {viscosity / WATER_VISCOSITY:.12g}", "TRIALS 500",
        "UNBALANCED CONTINUE 10", "ACCURACY 0.001",
    ]  # fmt: skip
    sections = {
        "TITLE": ["gisheat"], **sections, "OPTIONS": options, "TIMES": ["DURATION 0"],
        "REPORT": ["STATUS NO", "SUMMARY NO"],
    }  # fmt: skip
    return "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")) + "[END]\n"


# files ---------------------------------------------------------------------------------------------------

CUBIC_FOOT = 0.3048**3
PER_CUBIC_FOOT = {"GPM": 448.831, "LPS": 28.317, "CMH": 101.94}
"""EPANET's flow units in a cubic foot a second."""
NO_FLOW = 1e-6 * CUBIC_FOOT
"""EPANET's flow of what is closed [m3/s]."""


class FirstMoment(NamedTuple):
    """What EPANET finds in a file at t = 0: heads [m] of nodes, volume flows [m3/s] of links, by their ids."""

    head: dict[str, float]
    flow: dict[str, float]
    undetermined: set[str]
    """Nodes shut in between closed links: any head would do there."""


def run_file(path: Path, accuracy: float = 1e-8) -> FirstMoment:
    """Solve the first moment of a file."""
    project = toolkit.createproject()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of low pressures, and of accuracy that is not reached
        try:
            toolkit.open(project, str(path), f"{folder}/report", f"{folder}/output")
            toolkit.setoption(project, toolkit.ACCURACY, accuracy)
            toolkit.setoption(project, toolkit.TRIALS, 500)
            toolkit.openH(project)
            toolkit.initH(project, 0)
            toolkit.runH(project)
            return _first_moment(project)
        finally:
            toolkit.deleteproject(project)


def _first_moment(project) -> FirstMoment:
    units = {toolkit.GPM: "GPM", toolkit.LPS: "LPS", toolkit.CMH: "CMH"}[toolkit.getflowunits(project)]
    length, volume = (0.3048 if units == "GPM" else 1.0), CUBIC_FOOT / PER_CUBIC_FOOT[units]
    nodes = range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)
    links = range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)
    names = {k: toolkit.getnodeid(project, k) for k in nodes}
    flow = {k: toolkit.getlinkvalue(project, k, toolkit.FLOW) * volume for k in links}
    reached = {k for k in nodes if toolkit.getnodetype(project, k) != toolkit.JUNCTION}
    ends = [toolkit.getlinknodes(project, k) for k in links
            if abs(flow[k]) > NO_FLOW or (toolkit.getlinktype(project, k) == toolkit.PIPE
                                          and toolkit.getlinkvalue(project, k, toolkit.STATUS) > 0)]  # fmt: skip
    size = -1
    while len(reached) > size:
        size = len(reached)
        reached |= {n for pair in ends if reached & set(pair) for n in pair}
    return FirstMoment(
        head={names[k]: toolkit.getnodevalue(project, k, toolkit.HEAD) * length for k in nodes},
        flow={toolkit.getlinkid(project, k): flow[k] for k in links},
        undetermined={names[k] for k in nodes if k not in reached},
    )
