"""Steady hydraulics of a network whose stations take their design flows: supply, return, heads, pump head.

Supply and return are two problems here, because stations that hold their flow decouple them. The source
that holds the pressure keeps the static head at its return terminal (pump suction); its supply head is
either given or the least one with which every station has its required head, plus a stated reserve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gisheat.equations import Side, SideState, build_side, solve_side
from gisheat.errors import InputError, TopologyError
from gisheat.network import DEFAULT_STATIC_MARGIN, Array, Index, Mask, Network
from gisheat.numerics.incidence import reachable, sum_at
from gisheat.physics.friction import LAWS, Law
from gisheat.physics.heat import heat_load, mass_flow
from gisheat.physics.pressure import GRAVITY, head, pressure, pump_power
from gisheat.physics.water import Water, saturation_pressure, water
from gisheat.results import Conditions, CriticalPath, Results, SideResult, SourceResult, StationResult

ATMOSPHERE = 101325.0
BOILING_MARGIN = 40e3
"""Margin of the supply above its boiling pressure [Pa]: the middle of the customary 30 to 50 kPa."""

ONE_PIPE_TEMPERATURE = 20.0
"""Temperature [degC] of the water of a one-pipe network when nothing is said."""

Progress = Callable[[float, str], None]


def solve(
    network: Network, *, friction: Law = "colebrook",
    supply_temp_c: float | None = None, return_temp_c: float | None = None,
    density_kg_m3: float | None = None, viscosity_pa_s: float | None = None,
    heat_capacity_j_kg_k: float | None = None, gravity_m_s2: float = GRAVITY,
    tolerance: float = 1e-10, max_iterations: int = 100, progress: Progress | None = None,
) -> Results:  # fmt: skip
    """Solve flows, losses, heads and the required pump head of a network.

    Parameters
    ----------
    network : Network
        With a bore for every pipe in service.
    friction : str
        One of colebrook, swamee-jain, altshul, rough, hazen-williams.
    supply_temp_c, return_temp_c : float, optional
        Design temperatures [degC] where neither station nor source states one.
    density_kg_m3, viscosity_pa_s, heat_capacity_j_kg_k : float, optional
        Water of both sides in place of the properties at the design temperatures (dynamic viscosity).
    gravity_m_s2 : float
        Acceleration of gravity.
    tolerance : float
        Sum of flow changes of the last iteration relative to the sum of flows.

    Raises
    ------
    InputError
        If there is no temperature, or an option is unknown.
    TopologyError
        If there is no source or station in service, or a station hangs together with no source.
    ConvergenceError
        If an iteration does not end.
    """
    at = conditions(
        network, friction=friction, supply_temp_c=supply_temp_c, return_temp_c=return_temp_c,
        density_kg_m3=density_kg_m3, viscosity_pa_s=viscosity_pa_s, heat_capacity_j_kg_k=heat_capacity_j_kg_k,
        gravity_m_s2=gravity_m_s2,
    )  # fmt: skip
    limits = (tolerance, max_iterations)
    if not network.two_pipe:
        return _solve_one_pipe(network, at, limits, progress)
    return _solve_two_pipe(network, at, (supply_temp_c, return_temp_c), limits, progress)


def design_temperatures(
    network: Network, supply_temp_c: float | None = None, return_temp_c: float | None = None
) -> tuple[float | None, float | None]:
    """Supply and return temperature [degC] of the water: the sources', else the stations', else the option."""

    def of(option: float | None, sources: Array, stations: Array) -> float | None:
        for values in (sources[network.sources.in_service], stations[network.stations.in_service]):
            known = values[~np.isnan(values)]
            if len(known):
                return float(known.mean()) - 273.15
        return option

    sources, stations = network.sources, network.stations
    return (
        of(supply_temp_c, sources.supply_temperature, stations.supply_temperature),
        of(return_temp_c, sources.return_temperature, stations.return_temperature),
    )


def conditions(
    network: Network, *, friction: Law = "colebrook",
    supply_temp_c: float | None = None, return_temp_c: float | None = None,
    density_kg_m3: float | None = None, viscosity_pa_s: float | None = None, heat_capacity_j_kg_k: float | None = None,
    gravity_m_s2: float = GRAVITY,
) -> Conditions:  # fmt: skip
    """Waters, law and gravity that `solve` works with, for the same options."""
    if friction not in LAWS:
        raise InputError(f"friction {friction!r} is unknown: choose one of {', '.join(LAWS)}.")
    if network.two_pipe:
        hot, cold = design_temperatures(network, supply_temp_c, return_temp_c)
    else:
        hot = cold = ONE_PIPE_TEMPERATURE if supply_temp_c is None else supply_temp_c
    return _conditions(friction, hot, cold, (density_kg_m3, viscosity_pa_s, heat_capacity_j_kg_k), gravity_m_s2)


def _conditions(
    law: Law, hot: float | None, cold: float | None, given: tuple[float | None, ...], gravity: float
) -> Conditions:
    density, viscosity, capacity = given
    if (hot is None or cold is None) and (density is None or viscosity is None):
        raise InputError(
            "no supply and return temperature is known: give supply_temp_c and return_temp_c in the sources layer,"
            " as options, or density_kg_m3 and viscosity_pa_s."
        )

    def at(temperature_c: float | None) -> Water:
        if temperature_c is None:
            assert density is not None and viscosity is not None
            return Water(density, viscosity, capacity or 4187.0)
        try:
            known = water(temperature_c + 273.15)
        except ValueError as error:
            raise InputError(f"{error}.") from error
        return Water(density or known.density, viscosity or known.viscosity, capacity or known.heat_capacity)

    mean = None if hot is None or cold is None else 0.5 * (hot + cold)
    return Conditions(law, at(hot), at(cold), at(mean), gravity, hot, cold)


def design_flows(
    network: Network,
    heat_capacity: float,
    supply_temp_c: float | None = None,
    return_temp_c: float | None = None,
) -> tuple[Array, Array]:
    """Design mass flow [kg/s] and heat load [W] of every station: the flow, where given, wins over the load.

    The temperatures of a station win over those of the (mean) source, these over the options.
    NaN where neither flow nor load with temperatures is known.
    """
    stations = network.stations

    def filled(own: Array, sources: Array, option: float | None) -> Array:
        known = sources[network.sources.in_service & ~np.isnan(sources)]
        common = known.mean() if len(known) else (np.nan if option is None else option + 273.15)
        return np.where(np.isnan(own), common, own)

    hot = filled(stations.supply_temperature, network.sources.supply_temperature, supply_temp_c)
    cold = filled(stations.return_temperature, network.sources.return_temperature, return_temp_c)
    difference = np.where(hot - cold > 0.0, hot - cold, np.nan)
    flow = np.where(np.isnan(stations.flow), mass_flow(stations.load, heat_capacity, difference), stations.flow)
    load = np.where(np.isnan(stations.flow), stations.load, heat_load(stations.flow, heat_capacity, difference))
    return flow, np.where(np.isnan(load), stations.load, load)


def acting_sources(network: Network) -> tuple[int, Index]:
    """The source that regulates and holds the pressure, and those whose supply head is fixed (it, when none is given).

    Raises
    ------
    TopologyError
        If no source is in service.
    """
    sources = network.sources
    running = np.flatnonzero(sources.in_service)
    if len(running) == 0:
        raise TopologyError("no source is in service: add one to the sources layer, or look at its phase and role.")
    holding = running[sources.pressure_holding[running]]
    first = int(holding[0]) if len(holding) else int(running[0])
    given = running[~np.isnan(sources.supply_head[running])]
    return first, given if len(given) else np.array([first])


def connected(network: Network) -> tuple[Mask, Mask]:
    """Which stations and which sources hang together with a fixed head on both sides; none without a source."""
    pipes, stations, sources = network.pipes, network.stations, network.sources
    joined_stations, joined_sources = np.ones(len(stations), bool), np.ones(len(sources), bool)
    if not sources.in_service.any():
        return ~joined_stations, ~joined_sources
    first, fixed = acting_sources(network)
    for carries, station_node, source_node, roots in (
        (pipes.in_supply, stations.supply_node, sources.supply_node, sources.supply_node[fixed]),
        (pipes.in_return, stations.return_node, sources.return_node, sources.return_node[[first]]),
    ):
        used = carries & pipes.in_service
        wet = reachable(pipes.start[used], pipes.end[used], len(network.nodes), roots)
        joined_stations &= wet[station_node]
        joined_sources &= wet[source_node]
    return joined_stations, joined_sources


@dataclass(frozen=True, slots=True)
class _Shares:
    """How the sources act: the regulating one, those with a fixed supply head, and given flows [kg/s]."""

    regulating: int
    fixed: Index
    flow: Array


def _shares(network: Network, total: float) -> _Shares:
    """One source regulates; others hold a given supply head, or deliver a share by capacity."""
    sources = network.sources
    first, fixed = acting_sources(network)
    running = np.flatnonzero(sources.in_service)
    holding = running[sources.pressure_holding[running]]
    if len(holding) > 1:
        names = ", ".join(sources.id[holding])
        raise TopologyError(f"sources {names} all hold the pressure: exactly one may have pressure_holding true.")
    flow = np.zeros(len(sources))
    capacity = np.where(np.isnan(sources.capacity), 0.0, sources.capacity)[running]
    weight = capacity if (capacity > 0.0).all() else np.ones(len(running))
    flow[running] = total * weight / weight.sum()
    flow[fixed] = 0.0
    return _Shares(first, fixed, flow)


def _solve_two_pipe(
    network: Network, conditions: Conditions, temperatures: tuple[float | None, float | None],
    limits: tuple[float, int], progress: Progress | None,
) -> Results:  # fmt: skip
    nodes, pipes, stations, sources = network.nodes, network.pipes, network.stations, network.sources
    on = stations.in_service
    flow, load = design_flows(network, conditions.mean.heat_capacity, *temperatures)
    if not on.any():
        raise TopologyError("no station is in service: look at status and phase in the stations layer.")
    unknown = on & np.isnan(flow)
    if unknown.any():
        raise TopologyError(
            f"station {stations.id[int(np.argmax(unknown))]!r} has no flow ({int(unknown.sum())} such stations):"
            " give flow_t_h, or a load with supply and return temperatures that differ."
        )
    flow, load = np.where(on, flow, 0.0), np.where(on, load, 0.0)
    shares = _shares(network, float(flow.sum()))
    gravity, count = conditions.gravity, len(nodes)

    # Return side: the holding source fixes its terminal, the others take what they deliver to the supply.
    static_line = _static_line(network, shares.regulating, conditions)
    supply_side = build_side(
        network, "supply", pipes.in_supply & pipes.in_service, conditions.supply, conditions.law, gravity
    )
    return_side = build_side(
        network, "return", pipes.in_return & pipes.in_service, conditions.back, conditions.law, gravity
    )
    held = sources.supply_node[shares.fixed]
    ground = nodes.ground
    heads = np.nan_to_num(sources.supply_head[shares.fixed]) + ground[held]
    demand = sum_at(stations.supply_node, flow, count) - sum_at(sources.supply_node, shares.flow, count)
    supply = _solved(
        network,
        supply_side,
        demand,
        held,
        _potential(heads, ground[held], conditions, supply_side),
        limits,
        progress,
    )
    delivered = _delivered(network, supply_side, supply, flow, shares)
    back = sources.return_node[[shares.regulating]]
    taken = delivered.copy()
    taken[shares.regulating] = 0.0
    demand = sum_at(sources.return_node, taken, count) - sum_at(stations.return_node, flow, count)
    returning = _solved(
        network, return_side, demand, back,
        _potential(np.array([static_line]), ground[back], conditions, return_side), limits, progress,
    )  # fmt: skip

    supply_head = _head(supply.potential, ground, conditions, supply_side)
    return_head = _head(returning.potential, ground, conditions, return_side)
    known = not np.isnan(sources.supply_head[shares.fixed]).any()
    if not known:
        available = supply_head[stations.supply_node] - return_head[stations.return_node]
        lift = float(np.max((stations.required_head - available)[on])) + float(sources.head_reserve[shares.regulating])
        supply_head = supply_head + lift
    station = _stations(network, flow, load, supply_head, return_head)
    critical = _critical_path(network, station, supply, supply_side)
    source = _sources(network, delivered, supply_head, return_head, conditions, station)
    return Results(
        network=network,
        conditions=conditions,
        supply=_side_result(network, supply_side, supply, supply_head, conditions),
        back=_side_result(network, return_side, returning, return_head, conditions),
        static_line=static_line,
        station=station,
        source=source,
        critical=critical,
        pump_head_given=known,
        iterations=max(len(supply.history), len(returning.history)),
        residuals={"supply": supply.history, "return": returning.history},
    )


def _solve_one_pipe(
    network: Network, conditions: Conditions, limits: tuple[float, int], progress: Progress | None
) -> Results:
    nodes = network.nodes
    fixed = np.flatnonzero(~np.isnan(nodes.fixed_head))
    if len(fixed) == 0:
        raise TopologyError("no node has a fixed head: give fixed_head_m at one node at least.")
    side = build_side(network, "pipe", network.pipes.in_service, conditions.supply, conditions.law, conditions.gravity)
    potential = _potential(nodes.fixed_head[fixed], nodes.ground[fixed], conditions, side)
    state = _solved(network, side, nodes.demand, fixed, potential, limits, progress)
    heads = _head(state.potential, nodes.ground, conditions, side)
    result = _side_result(network, side, state, heads, conditions)
    return Results(
        network=network, conditions=conditions, supply=result, back=None, static_line=float("nan"), station=None,
        source=None, critical=None, pump_head_given=True, iterations=len(state.history),
        residuals={"pipe": state.history},
    )  # fmt: skip


def _solved(
    network: Network, side: Side, demand: Array, fixed: Index, potential: Array, limits: tuple[float, int],
    progress: Progress | None,
) -> SideState:  # fmt: skip
    def report(iteration: int, change: float) -> None:
        if progress is not None:
            progress(min(0.95, iteration / 20.0), f"{side.name} side, iteration {iteration}: {change:.1e}")

    return solve_side(
        network,
        side,
        demand,
        fixed,
        potential,
        tolerance=limits[0],
        max_iterations=limits[1],
        progress=report,
    )


def _potential(heads: Array, ground: Array, conditions: Conditions, side: Side) -> Array:
    """Piezometric pressure [Pa] of a side from heads [m of the reference water]."""
    gauge = pressure(heads, ground, conditions.mean.density, conditions.gravity)
    return gauge + side.water.density * conditions.gravity * ground


def _head(potential: Array, ground: Array, conditions: Conditions, side: Side) -> Array:
    gauge = potential - side.water.density * conditions.gravity * ground
    return head(gauge, ground, conditions.mean.density, conditions.gravity)


def _static_line(network: Network, regulating: int, conditions: Conditions) -> float:
    """Static head above the datum [m]: of the holding source, else the least that keeps all nodes full and liquid."""
    sources, nodes, pipes = network.sources, network.nodes, network.pipes
    ground = nodes.ground[sources.return_node[regulating]]
    given = sources.static_head[regulating]
    if not np.isnan(given):
        return float(ground + given)
    used = np.unique(np.concatenate([pipes.start[pipes.in_service], pipes.end[pipes.in_service]]))
    top = float(nodes.ground[used].max()) if len(used) else float(ground)
    boiling = 0.0
    if conditions.supply_temp_c is not None:
        excess = saturation_pressure(conditions.supply_temp_c + 273.15) - ATMOSPHERE + BOILING_MARGIN
        boiling = excess / (conditions.mean.density * conditions.gravity)
    return float(ground + np.ceil(top - ground + max(DEFAULT_STATIC_MARGIN, boiling)))


def _delivered(network: Network, side: Side, state: SideState, flow: Array, shares: _Shares) -> Array:
    """Mass flow [kg/s] that each source gives to the supply."""
    count, sources = len(network.nodes), network.sources
    q = np.nan_to_num(state.flow[side.pipes])
    out = sum_at(side.start, q, count) - sum_at(side.end, q, count)
    out += sum_at(network.stations.supply_node, flow, count)
    delivered = shares.flow.copy()
    delivered[shares.fixed] = out[sources.supply_node[shares.fixed]]
    return delivered


def _stations(network: Network, flow: Array, load: Array, supply_head: Array, return_head: Array) -> StationResult:
    stations = network.stations
    on = stations.in_service
    above = np.where(on, supply_head[stations.supply_node], np.nan)
    below = np.where(on, return_head[stations.return_node], np.nan)
    available = above - below
    surplus = available - stations.required_head
    return StationResult(
        flow=np.where(on, flow, np.nan),
        load=np.where(on, load, np.nan),
        supply_head=above,
        return_head=below,
        available_head=available,
        surplus_head=surplus,
        served=on & (surplus >= -1e-6),
    )


def _sources(
    network: Network, delivered: Array, supply_head: Array, return_head: Array, conditions: Conditions,
    station: StationResult,
) -> SourceResult:  # fmt: skip
    sources = network.sources
    on = sources.in_service
    above = np.where(on, supply_head[sources.supply_node], np.nan)
    below = np.where(on, return_head[sources.return_node], np.nan)
    lift = above - below + sources.plant_loss
    flow = np.where(on, delivered, np.nan)
    total = float(np.nansum(flow))
    load = np.where(on, flow * (np.nansum(station.load) / total if total else 0.0), np.nan)
    of_return_water = lift * conditions.mean.density / conditions.back.density  # the pump moves return water
    power = np.maximum(pump_power(of_return_water, flow, sources.pump_efficiency, conditions.gravity), 0.0)
    return SourceResult(flow=flow, load=load, pump_head=lift, pump_power=power, supply_head=above, return_head=below)


def _side_result(network: Network, side: Side, state: SideState, heads: Array, conditions: Conditions) -> SideResult:
    return SideResult(network, conditions, side.water, heads, state.flow, state.drop)


def _critical_path(network: Network, station: StationResult, supply: SideState, side: Side) -> CriticalPath:
    """Path of the supply to the station with the least surplus head, the first such station by identifier."""
    surplus = np.where(np.isnan(station.surplus_head), np.inf, station.surplus_head)
    least = surplus.min()
    worst = min(np.flatnonzero(surplus <= least + 1e-9).tolist(), key=lambda i: str(network.stations.id[i]))
    nodes, pipes = path_upstream(network, supply.flow, side, int(network.stations.supply_node[worst]))
    return CriticalPath(worst, nodes, pipes)


def path_upstream(network: Network, flow: Array, side: Side, node: int) -> tuple[Index, Index]:
    """Nodes and pipes from a source to a node, at each node along the pipe that brings the most.

    Returns
    -------
    nodes : int array, shape (k + 1,)
        From the source to `node`.
    pipes : int array, shape (k,)
    """
    pipes = network.pipes
    q = flow[side.pipes]
    towards = np.where(q >= 0.0, side.end, side.start)
    behind = np.where(q >= 0.0, side.start, side.end)
    size = np.nan_to_num(np.abs(q))
    order = np.lexsort((side.pipes, size))  # of equal flows the last pipe in the table: always the same one
    best = np.full(len(network.nodes), -1, np.int64)
    carrying = order[size[order] > 0.0]
    best[towards[carrying]] = carrying
    nodes, chosen = [node], list[int]()
    while best[nodes[-1]] >= 0 and len(chosen) <= len(pipes):
        edge = int(best[nodes[-1]])
        chosen.append(int(side.pipes[edge]))
        nodes.append(int(behind[edge]))
    return np.array(nodes[::-1], np.int64), np.array(chosen[::-1], np.int64)
