"""Heads and piezometric pressures of a side, the static line, and the path to the worst station."""

from __future__ import annotations

import numpy as np

from gisheat.network import DEFAULT_STATIC_MARGIN, Array, Index, Network
from gisheat.physics.pressure import air_pressure, head, pressure
from gisheat.physics.water import Water, saturation_pressure
from gisheat.results import Conditions, CriticalPath, StationResult

BOILING_MARGIN = 40e3
"""Margin of the supply above its boiling pressure [Pa]: the middle of the customary 30 to 50 kPa."""

LEAST_RETURN = 50e3
"""Least gauge pressure of the return [Pa]: what heating practice asks for, so that no air is drawn in."""


def potential_of(heads: Array, ground: Array, conditions: Conditions, water: Water) -> Array:
    """Piezometric pressure [Pa] of a water from heads [m of the reference water]."""
    gauge = pressure(heads, ground, conditions.mean.density, conditions.gravity)
    return gauge + water.density * conditions.gravity * ground


def head_of(potential: Array, ground: Array, conditions: Conditions, water: Water) -> Array:
    """Head [m of the reference water] from piezometric pressures [Pa] of a water."""
    if water.density == conditions.mean.density:
        return potential / (water.density * conditions.gravity)
    gauge = potential - water.density * conditions.gravity * ground
    return head(gauge, ground, conditions.mean.density, conditions.gravity)


def find_static_line(network: Network, regulating: int, conditions: Conditions) -> float:
    """Static head above the datum [m]: of the holding source, else the least that keeps all nodes full and liquid."""
    sources, nodes, pipes = network.sources, network.nodes, network.pipes
    ground = nodes.ground[sources.return_node[regulating]]
    given = sources.static_head[regulating]
    if not np.isnan(given):
        return float(ground + given)
    used = np.unique(np.concatenate([pipes.start[pipes.in_service], pipes.end[pipes.in_service]]))
    top = float(nodes.ground[used].max()) if len(used) else float(ground)
    least = LEAST_RETURN
    if conditions.supply_temp_c is not None:
        excess = saturation_pressure(conditions.supply_temp_c + 273.15) - float(air_pressure(top)) + BOILING_MARGIN
        least = max(least, excess)
    margin = max(DEFAULT_STATIC_MARGIN, least / (conditions.mean.density * conditions.gravity))
    return float(ground + np.ceil(top - ground + margin))


def find_critical_path(network: Network, station: StationResult, start: Index, end: Index, flow: Array,
                       link: Index) -> CriticalPath:  # fmt: skip
    """Path of the supply to the station with the least surplus head, the first such station by identifier.

    A pump at the station does not count: it makes up for what is missing.

    Parameters
    ----------
    start, end, flow : arrays, shape (k,)
        Links of the supply with their flows [kg/s].
    link : int array, shape (k,)
        Pipe of each link, -1 for valves and pumps.
    """
    surplus = station.available_head - network.stations.required_head
    surplus = np.where(np.isnan(surplus), np.inf, surplus)
    least = surplus.min()
    worst = min(np.flatnonzero(surplus <= least + 1e-9).tolist(), key=lambda i: str(network.stations.id[i]))
    nodes, pipes = path_upstream(len(network.nodes), start, end, flow, link, int(network.stations.supply_node[worst]))
    return CriticalPath(worst, nodes, pipes)


def path_upstream(count: int, start: Index, end: Index, flow: Array, pipe: Index, node: int) -> tuple[Index, Index]:
    """Nodes and pipes from a source to a node, at each node along the link that brings the most.

    Returns
    -------
    nodes : int array, shape (k + 1,)
        From the source to `node`.
    pipes : int array, shape (k,)
        -1 where a valve or a pump is passed.
    """
    best, behind = strongest_feed(count, start, end, flow, pipe)
    nodes, chosen = [node], list[int]()
    seen = {node}
    while best[nodes[-1]] >= 0:
        link = int(best[nodes[-1]])
        chosen.append(int(pipe[link]))
        nodes.append(int(behind[link]))
        if nodes[-1] in seen:  # rounding may circulate in a ring
            break
        seen.add(nodes[-1])
    return np.array(nodes[::-1], np.int64), np.array(chosen[::-1], np.int64)


def strongest_feed(count: int, start: Index, end: Index, flow: Array, pipe: Index) -> tuple[Index, Index]:
    """Link that brings each node the most, shape (count,), -1 where none does; and where each link comes from."""
    q = np.nan_to_num(flow)
    towards, behind = np.where(q >= 0.0, end, start), np.where(q >= 0.0, start, end)
    size = np.abs(q)
    carrying, most = np.flatnonzero(size > 0.0), np.zeros(count)
    np.maximum.at(most, towards[carrying], size[carrying])
    carrying = carrying[size[carrying] == most[towards[carrying]]]
    carrying = carrying[np.argsort(pipe[carrying], kind="stable")]
    best = np.full(count, -1, np.int64)
    best[towards[carrying]] = carrying  # of equal flows the last pipe in the table: always the same one
    return best, behind
