"""One-pipe networks: demands and fixed heads at nodes, pipes, valves and pumps."""

from __future__ import annotations

import numpy as np

from gisheat.equations import Problem, Side, build_circuit
from gisheat.errors import TopologyError
from gisheat.hydraulics.assembly import Limits, link_result, side_parts, side_result
from gisheat.hydraulics.controllers import find_controllers, guarded_vertices, solve_controlled
from gisheat.hydraulics.heads import potential_of
from gisheat.network import Network
from gisheat.network.arrays import BYPASS_VALVE
from gisheat.results import Conditions, Results


def solve_one_pipe(network: Network, at: Conditions, limits: Limits) -> Results:
    """Solve heads and flows of a one-pipe network."""
    nodes = network.nodes
    fixed = np.flatnonzero(~np.isnan(nodes.fixed_head))
    if len(fixed) == 0:
        raise TopologyError("no node has a fixed head: give fixed_head_m at one node at least.")
    bypass = network.valves.in_service & (network.valves.kind == BYPASS_VALVE)
    if bypass.any():
        name = network.valves.id[int(np.argmax(bypass))]
        raise TopologyError(
            f"valve {name!r}: a bypass needs a supply and a return; in one pipe it has nowhere to lead."
        )
    side = Side(0, "network", 0, at.supply, network.pipes.in_service)
    devices = len(network.valves) + len(network.pumps)
    usual = max(float(np.abs(nodes.demand).sum()), 1e-3) if devices else 1e-3
    parts = side_parts(network, (side,), usual, at.gravity)
    circuit = build_circuit(network, "network", (side,), parts, at.law, at.gravity)
    potential = potential_of(nodes.fixed_head[fixed], nodes.ground[fixed], at, side.water)
    controllers = find_controllers(network, circuit, (side,), at) if parts else []
    demand = nodes.demand.copy()
    demand[fixed] = 0.0
    problem = Problem(network, circuit, demand, fixed, potential, guarded_vertices(controllers))
    solved = solve_controlled(network, problem, controllers, limits)
    state = solved.state
    return Results(
        network=network, conditions=at, supply=side_result(network, circuit, state, side, at), back=None,
        static_line=float("nan"), station=None, source=None, critical=None, pump_head_given=True,
        iterations=solved.iterations, residuals={"pipe": state.history},
        links=link_result(network, [(circuit, state)]), throttled=solved.throttled, unheld=solved.unheld,
    )  # fmt: skip
