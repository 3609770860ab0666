"""EPANET 2.3 run live through its toolkit: a one-pipe network out of gisheat's tables, heads and flows back."""

import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from epanet import toolkit

from gisheat.network import Network

GRAVITY = 32.2 * 0.3048
"""EPANET's 32.2 ft/s2 [m/s2]."""
LITRES = 28.317 / 28.316846592
"""EPANET converts with 28.317 litres for a cubic foot."""
WATER_VISCOSITY = 1.1e-5 * 0.3048**2
"""Kinematic viscosity [m2/s] that EPANET's VISCOSITY is relative to."""


class Found(NamedTuple):
    """Heads [m], mass flows [kg/s], iterations, time of ordering and solving [s]."""

    head: np.ndarray
    flow: np.ndarray
    iterations: int
    seconds: float


def run_epanet(network: Network, folder: Path, *, density: float, viscosity: float, accuracy: float = 1e-7) -> Found:
    """Solve with Darcy-Weisbach (EPANET's Swamee-Jain above Re 4000)."""
    inp = folder / "network.inp"
    inp.write_text(_input(network, density, viscosity), encoding="ascii")
    project = toolkit.createproject()
    try:
        toolkit.open(project, str(inp), str(folder / "network.rpt"), "")
        toolkit.setoption(project, toolkit.ACCURACY, accuracy)  # the file would be cut to 1e-5
        begin = time.perf_counter()  # openH orders the nodes
        toolkit.openH(project)
        toolkit.initH(project, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # EPANET warns of what is no matter here, such as low pressures
            toolkit.runH(project)
        seconds = time.perf_counter() - begin
        nodes = {toolkit.getnodeid(project, k): k for k in range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)}
        links = {toolkit.getlinkid(project, k): k for k in range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)}
        head = [toolkit.getnodevalue(project, nodes[f"N{i}"], toolkit.HEAD) for i in range(len(network.nodes))]
        flow = [toolkit.getlinkvalue(project, links[f"P{i}"], toolkit.FLOW) for i in range(len(network.pipes))]
        iterations = int(toolkit.getstatistic(project, toolkit.ITERATIONS))
        toolkit.closeH(project)
        toolkit.close(project)
    finally:
        toolkit.deleteproject(project)
    return Found(np.array(head), np.array(flow) * density / 1e3 / LITRES, iterations, seconds)


def _input(network: Network, density: float, viscosity: float) -> str:
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
    options = [
        "UNITS LPS", "HEADLOSS D-W", f"VISCOSITY {viscosity / density / WATER_VISCOSITY:.12g}", "TRIALS 500",
        "UNBALANCED CONTINUE 10", "ACCURACY 0.001",
    ]  # fmt: skip
    sections = {
        "TITLE": ["gisheat"], "JUNCTIONS": junctions, "RESERVOIRS": reservoirs, "PIPES": rows, "OPTIONS": options,
        "TIMES": ["DURATION 0"], "REPORT": ["STATUS NO", "SUMMARY NO"],
    }  # fmt: skip
    return "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")) + "[END]\n"
