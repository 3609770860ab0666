"""How the sources act: which one regulates and holds the pressure, what the others give, and what they reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gisheat.errors import TopologyError
from gisheat.network import Array, Index, Mask, Network, no_pumps, no_valves
from gisheat.network.arrays import (
    BYPASS_VALVE,
    CONSTANT_DIFFERENCE,
    CONSTANT_SPEED,
    CONTROLLING,
    CURVE,
    HELD,
    ISOLATION,
    LIMITER,
    PROPORTIONAL,
    TERMINAL_DIFFERENCE,
    UNREGULATED,
    VALVE_HELD,
    WORST_PUMPED,
    WORST_STATION,
)
from gisheat.numerics.incidence import components, reachable


def acting_sources(network: Network) -> tuple[int, Index]:
    """The source that regulates and holds the pressure, and those whose supply head is fixed (it, when none is given).

    Raises
    ------
    TopologyError
        If no source is in service, or several hold the pressure.
    """
    sources = network.sources
    running = np.flatnonzero(sources.in_service)
    if len(running) == 0:
        raise TopologyError("no source is in service: add one to the sources layer, or look at its phase and role.")
    holding = running[sources.pressure_holding[running]]
    first = int(holding[0]) if len(holding) else int(running[0])
    given = running[~np.isnan(sources.supply_head[running])]
    return first, given if len(given) else np.array([first])


def is_coupled(network: Network) -> bool:
    """Whether supply and return hang on each other: flows that follow from heads, or heads that guard each other."""
    sources, valves, pumps = network.sources, network.valves, network.pumps
    following = follows_head(network)
    acting = valves.in_service & valves.is_open & np.isin(valves.kind, (*CONTROLLING, BYPASS_VALVE))
    guarding = pumps.in_service & pumps.running & np.isin(pumps.control, (PROPORTIONAL, WORST_STATION))
    running = np.flatnonzero(sources.in_service)
    found = np.isin(sources.pump_control[running], (TERMINAL_DIFFERENCE, WORST_PUMPED, CURVE))
    free = np.isnan(sources.flow_share[running]) & found
    return bool(following.any() or acting.any() or guarding.any() or (len(running) > 1 and free.any()))


def as_designed(network: Network) -> Network:
    """The network with every station held at its design flow, and nothing that guards a pressure."""
    stations, sources, valves, pumps = network.stations, network.sources, network.valves, network.pumps
    guards = np.isin(valves.kind, (*CONTROLLING, LIMITER))
    return replace(
        network,
        stations=replace(stations, control=np.where(follows_head(network), HELD, stations.control)),
        sources=replace(sources, pump_control=np.zeros(len(sources), np.int8)),
        valves=replace(
            valves,
            kind=np.where(guards, ISOLATION, valves.kind),
            in_service=valves.in_service & (valves.kind != BYPASS_VALVE),
        ),
        pumps=replace(
            pumps, control=np.where(pumps.control == CONSTANT_DIFFERENCE, pumps.control, np.int8(CONSTANT_SPEED))
        ),
    )


def join_devices(network: Network) -> Network:
    """The network without its valves and pumps: what they join is one node, what they shut off is apart."""
    valves, pumps, count = network.valves, network.pumps, len(network.nodes)
    if not len(valves) and not len(pumps):
        return network
    passing = ~valves.shut & (valves.kind != BYPASS_VALVE)
    running = ~pumps.in_service | pumps.running
    start = np.concatenate([valves.start[passing], pumps.start[running]])
    end = np.concatenate([valves.end[passing], pumps.end[running]])
    label = components(start, end, count)
    first = np.full(label.max(initial=-1) + 1, count, np.int64)
    np.minimum.at(first, label, np.arange(count))
    node = first[label]
    pipes, stations, sources = network.pipes, network.stations, network.sources
    return replace(
        network,
        pipes=replace(pipes, start=node[pipes.start], end=node[pipes.end]),
        stations=replace(stations, supply_node=node[stations.supply_node], return_node=node[stations.return_node]),
        sources=replace(sources, supply_node=node[sources.supply_node], return_node=node[sources.return_node]),
        valves=no_valves(),
        pumps=no_pumps(),
    )


def connected(network: Network) -> tuple[Mask, Mask]:
    """Which stations and which sources hang together with a fixed head on both sides; none without a source."""
    stations, sources = network.stations, network.sources
    joined_stations, joined_sources = np.ones(len(stations), bool), np.ones(len(sources), bool)
    if not sources.in_service.any():
        return ~joined_stations, ~joined_sources
    first, fixed = acting_sources(network)
    start, end = open_links(network, supply=False)
    back = reachable(start, end, len(network.nodes), sources.return_node[[first]])
    feeding = fixed
    if is_coupled(network):  # every source that draws from the return lifts its supply
        feeding = np.flatnonzero(sources.in_service & back[sources.return_node])
    start, end = open_links(network, supply=True)
    above = reachable(start, end, len(network.nodes), sources.supply_node[feeding])
    return (
        above[stations.supply_node] & back[stations.return_node],
        above[sources.supply_node] & back[sources.return_node],
    )


def open_links(network: Network, *, supply: bool) -> tuple[Index, Index]:
    """Ends of the pipes, valves and pumps that water can pass on one side."""
    pipes, valves, pumps = network.pipes, network.valves, network.pumps
    used = (pipes.in_supply if supply else pipes.in_return) & pipes.in_service
    if not len(valves) and not len(pumps):
        return pipes.start[used], pipes.end[used]
    on_side = valves.in_supply if supply else valves.in_return
    passing = ~(on_side & valves.shut) & (valves.kind != BYPASS_VALVE)
    pumped = pumps.in_supply if supply else pumps.in_return
    running = ~(pumped & pumps.in_service) | pumps.running
    return (
        np.concatenate([pipes.start[used], valves.start[passing], pumps.start[running]]),
        np.concatenate([pipes.end[used], valves.end[passing], pumps.end[running]]),
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """How the sources act: the regulating one, those with a fixed supply head, and given flows [kg/s]."""

    regulating: int
    fixed: Index
    flow: Array


def share_out(network: Network, total: float) -> Shares:
    """One source regulates; others hold a given supply head, or deliver a given share, else one by capacity.

    Raises
    ------
    TopologyError
        If several sources hold the pressure, or the head of one node, or the shares are more than one.
    """
    sources = network.sources
    first, fixed = acting_sources(network)
    running = np.flatnonzero(sources.in_service)
    holding = running[sources.pressure_holding[running]]
    if len(holding) > 1:
        names = ", ".join(sources.id[holding])
        raise TopologyError(f"sources {names} all hold the pressure: exactly one may have pressure_holding true.")
    order = fixed[np.argsort(sources.supply_node[fixed], kind="stable")]
    same = np.flatnonzero(np.diff(sources.supply_node[order]) == 0)
    if len(same):
        one, other = sources.id[order[same[0]]], sources.id[order[same[0] + 1]]
        raise TopologyError(
            f"sources {one!r} and {other!r} both hold the supply head of one node: give one of them a flow_share in"
            " place of its supply_head_m."
        )
    given = ~np.isnan(sources.flow_share[running])
    share = np.nan_to_num(sources.flow_share[running])
    if share.sum() > 1.0 + 1e-9:
        raise TopologyError(f"the flow_share of the sources adds up to {share.sum():.3g}: it may be 1 at most.")
    if given.all() and abs(share.sum() - 1.0) > 1e-6:
        raise TopologyError(
            f"the flow_share of the sources adds up to {share.sum():.4g}: where all state one it has to be 1."
        )
    capacity = np.where(np.isnan(sources.capacity), 0.0, sources.capacity)[running]
    weight = capacity if (capacity > 0.0).all() else np.ones(len(running))
    weight = np.where(given, 0.0, weight)
    rest = (1.0 - share.sum()) * weight / max(weight.sum(), 1e-300)
    flow = np.zeros(len(sources))
    flow[running] = total * (share + rest)
    flow[fixed] = 0.0
    return Shares(first, fixed, flow)


def follows_head(network: Network) -> Mask:
    """Stations in service whose flow follows from their head, shape (stations,)."""
    stations = network.stations
    return stations.in_service & np.isin(stations.control, (VALVE_HELD, UNREGULATED))
