"""Design: stations take the flows they are given, and the pump head that this needs is found.

Supply and return are two problems here, because stations that hold their flow decouple them. The source
that holds the pressure keeps the static head at its return terminal (pump suction); its supply head is
given, follows from its pump, or is the least with which every station has its required head, plus a reserve.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gisheat.equations import Circuit, Side, State, build_circuit, solve_circuit
from gisheat.errors import TopologyError
from gisheat.hydraulics.assembly import (
    Limits,
    leaving,
    link_result,
    return_side,
    side_parts,
    side_result_of,
    source_result,
    supply_side,
)
from gisheat.hydraulics.heads import find_critical_path, find_static_line, head_of, potential_of
from gisheat.hydraulics.sources import Shares, share_out
from gisheat.hydraulics.stations import station_result
from gisheat.network import Array, Index, Network
from gisheat.network.arrays import CONSTANT_HEAD, CURVE, PIPE, PUMPED, TERMINAL_DIFFERENCE
from gisheat.numerics.incidence import sum_at
from gisheat.physics.pumps import curve_head, fit_curve
from gisheat.results import Conditions, CriticalPath, Results, StationResult


def solve_design(
    network: Network, at: Conditions, flow: Array, load: Array, temperatures: tuple[Array, Array], limits: Limits,
    pump_efficiency: float,
) -> Results:  # fmt: skip
    """Solve supply and return for given flows [kg/s] and loads [W] of the stations, zero where not in service."""
    nodes, stations, sources = network.nodes, network.stations, network.sources
    total = float(flow.sum())
    shares = share_out(network, total)
    count, ground = len(nodes), nodes.ground
    static_line = find_static_line(network, shares.regulating, at)
    above, below = supply_side(network, at), return_side(network, at)

    held = sources.supply_node[shares.fixed]
    heads = np.nan_to_num(sources.supply_head[shares.fixed]) + ground[held]
    demand = sum_at(stations.supply_node, flow, count) - sum_at(sources.supply_node, shares.flow, count)
    supply, supplied = _solve(network, above, at, demand, held, potential_of(heads, ground[held], at, above.water),
                              total, limits)  # fmt: skip
    delivered = shares.flow.copy()
    delivered[shares.fixed] = leaving(supply, supplied, demand)[held]

    # Return side: the holding source fixes its terminal, the others take what they deliver to the supply.
    back = sources.return_node[[shares.regulating]]
    taken = delivered.copy()
    taken[shares.regulating] = 0.0
    demand = sum_at(sources.return_node, taken, count) - sum_at(stations.return_node, flow, count)
    fixed = potential_of(np.array([static_line]), ground[back], at, below.water)
    returning, returned = _solve(network, below, at, demand, back, fixed, total, limits)

    supply_head = head_of(supplied.potential, ground, at, above.water)
    return_head = head_of(returned.potential, ground, at, below.water)
    known = not np.isnan(sources.supply_head[shares.fixed]).any()
    if not known:
        lift, known = _lift(network, shares, delivered, supply_head, return_head, at)
        supply_head = supply_head + lift
    station = station_result(
        network, at, flow=flow, design_flow=flow, load=load, supply_head=supply_head, return_head=return_head,
        heat_temperatures=temperatures, pump_efficiency=pump_efficiency,
    )  # fmt: skip
    source = source_result(network, delivered, supply_head, return_head, at, station, sources.plant_loss)
    return Results(
        network=network,
        conditions=at,
        supply=side_result_of(network, supply, supplied, above, at, supply_head),
        back=side_result_of(network, returning, returned, below, at, return_head),
        static_line=static_line,
        station=station,
        source=source,
        critical=critical_path(network, station, supply, supplied),
        pump_head_given=known,
        iterations=max(len(supplied.history), len(returned.history)),
        residuals={"supply": supplied.history, "return": returned.history},
        links=link_result(network, [(supply, supplied), (returning, returned)]),
    )


def critical_path(network: Network, station: StationResult, circuit: Circuit, state: State) -> CriticalPath:
    """Path of the supply to the worst station."""
    count = len(network.nodes)
    links = np.flatnonzero((circuit.side == 0) & (circuit.start < count) & (circuit.end < count))
    pipe = np.where(circuit.kind[links] == PIPE, circuit.row[links], -1)
    return find_critical_path(network, station, circuit.start[links], circuit.end[links], state.flow[links], pipe)


def _lift(
    network: Network, shares: Shares, delivered: Array, supply_head: Array, return_head: Array, at: Conditions
) -> tuple[float, bool]:
    """Head [m] to add to the supply, and whether a pump gives it: else it is what the stations need."""
    sources, i = network.sources, shares.regulating
    control = int(sources.pump_control[i])
    between = float(supply_head[sources.supply_node[i]] - return_head[sources.return_node[i]])
    if control == TERMINAL_DIFFERENCE and not np.isnan(sources.terminal_difference[i]):
        return float(sources.terminal_difference[i]) - between, True
    if control == CURVE:
        return pump_lift(network, i, float(delivered[i]), at) - float(sources.plant_loss[i]) - between, True
    if control == CONSTANT_HEAD:
        raise TopologyError(f"source {sources.id[i]!r}: pump_control constant_head needs its supply_head_m.")
    stations = network.stations
    waiting = stations.in_service & (stations.control != PUMPED)
    if not waiting.any():  # every station has its own pump: the source has only the plant to overcome
        return -between, False
    available = supply_head[stations.supply_node] - return_head[stations.return_node]
    lacking = float(np.max((stations.required_head - available)[waiting]))
    return lacking + float(sources.head_reserve[i]), False


def pump_lift(network: Network, source: int, flow: float, at: Conditions) -> float:
    """Head [m of the reference water] of the pumps of a source at a mass flow [kg/s]."""
    sources = network.sources
    points = sources.curve[source]
    if points is None:
        raise TopologyError(f"source {sources.id[source]!r}: pump_control curve needs its pump_curve.")
    curve = fit_curve(points, float(sources.pump_speed[source]), float(sources.pump_count[source]))
    head = curve_head(curve, np.array([max(flow, 0.0) / at.back.density]))[0]
    return float(head[0] * at.back.density / at.mean.density)


def _solve(
    network: Network, side: Side, at: Conditions, demand: Array, fixed: Index, potential: Array, usual: float,
    limits: Limits,
) -> tuple[Circuit, State]:  # fmt: skip
    parts = side_parts(network, (side,), max(usual, 1e-3), at.gravity)
    circuit = build_circuit(network, side.name, (side,), parts, at.law, at.gravity)
    tell: Callable[[int, float], None] | None = limits.tell(side.name)
    state = solve_circuit(
        network, circuit, demand, fixed, potential, tolerance=limits.tolerance, max_iterations=limits.max_iterations,
        progress=tell,
    )  # fmt: skip
    return circuit, state
