"""One scenario at a time with `hydraulics.solve`: for networks that do not go through lanes, and lanes that fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gisheat.errors import GisheatError
from gisheat.hydraulics import conditions, design_flows, solve
from gisheat.network import Array, Index, Network
from gisheat.results import Results, SideResult
from gisheat.sweeps.outcome import Outcome
from gisheat.sweeps.scenarios import Scenarios, case


def solve_single(network: Network, scenarios: Scenarios, i: int, options: dict[str, Any], outcome: Outcome) -> None:
    """Solve scenario `i` into row `i` of the outcome; what goes wrong is its message."""
    if scenarios.wrong[i]:
        outcome.message[i] = scenarios.wrong[i]
        return
    try:
        changed = case(network, scenarios, i)
    except GisheatError as error:
        outcome.message[i] = str(error)
        _put_lost(outcome, i, network, scenarios, options, None)
        return
    _put_lost(outcome, i, network, scenarios, options, changed)
    hot = scenarios.supply_temperature[i]
    if not network.two_pipe and not np.isnan(hot):  # where no source could state it
        options = {**options, "supply_temp_c": hot - 273.15}
    try:
        results = solve(changed, **options)
    except GisheatError as error:
        outcome.message[i] = str(error)
        return
    _put(outcome, i, changed, results)


def _put_lost(
    outcome: Outcome, i: int, network: Network, scenarios: Scenarios, options: dict[str, Any], changed: Network | None
) -> None:
    """Stations that the scenario cuts off, and what they would take; all of them where no network is left."""
    if not network.two_pipe:
        factor = scenarios.load_factor[i]
        wanted = network.nodes.demand * factor
        if scenarios.flow is not None:
            wanted = np.where(np.isnan(scenarios.flow[i]), wanted, scenarios.flow[i])
        found = np.zeros(len(wanted)) if changed is None else changed.nodes.demand
        lost = np.flatnonzero((wanted != 0.0) & (found == 0.0))
        outcome.lost[i], outcome.lost_flow[i] = lost, float(wanted[lost].sum())
        return
    stations = network.stations
    on = stations.in_service if changed is None else stations.in_service & ~changed.stations.in_service
    outcome.lost[i] = np.flatnonzero(on)
    outcome.lost_load[i] = outcome.lost_flow[i] = 0.0
    if not on.any():
        return
    if changed is None:
        outcome.lost_load[i] = outcome.lost_flow[i] = np.nan
        outcome.heat_load[i] = outcome.flow[i] = 0.0
        every = np.tile(network.sources.in_service, (len(scenarios), 1))
        whole = replace(scenarios, pipes_out=tuple(p[:0] for p in scenarios.pipes_out), sources_on=every)
        try:
            changed = case(network, whole, i)
        except GisheatError:
            return
    try:
        names = ("tolerance", "max_iterations", "station_pump_efficiency")
        at = conditions(changed, **{k: v for k, v in options.items() if k not in names})
    except GisheatError:
        return
    flow, load = design_flows(changed, at.mean.heat_capacity, options["supply_temp_c"], options["return_temp_c"])
    outcome.lost_load[i], outcome.lost_flow[i] = float(load[on].sum()), float(flow[on].sum())


def _put(outcome: Outcome, i: int, network: Network, results: Results) -> None:
    sides = [("sup", results.supply)] if results.back is None else [("sup", results.supply), ("ret", results.back)]
    outcome.iterations[i] = results.iterations
    outcome.velocity[i], outcome.velocity_pipe[i] = largest([np.abs(s.velocity) for _, s in sides])
    outcome.friction[i], outcome.friction_pipe[i] = largest([_friction(network, s) for _, s in sides])
    for name, side in sides:
        _keep_side(outcome, i, network, side, f"{name}_" if results.back is not None else "")
    station, source = results.station, results.source
    if station is None or source is None:
        fixed = ~np.isnan(network.nodes.fixed_head)
        outcome.flow[i] = float(network.nodes.demand[~fixed].sum())
        return
    outcome.heat_load[i], outcome.flow[i] = float(np.nansum(station.heat)), float(np.nansum(source.flow))
    outcome.pump_power[i] = float(np.nansum(source.pump_power))
    running = np.flatnonzero(network.sources.in_service)
    holding = running[network.sources.pressure_holding[running]]
    outcome.pump_head[i] = source.pump_head[holding[0] if len(holding) else running[0]]
    if results.critical is not None:
        outcome.worst[i] = results.critical.station
        outcome.least_surplus[i] = station.surplus_head[results.critical.station]
    if "stations" in outcome.kept:
        kept = outcome.kept["stations"]
        for column, values in (
            ("load_kw", station.load), ("flow_t_h", station.flow), ("sup_head_m", station.supply_head),
            ("ret_head_m", station.return_head), ("available_head_m", station.available_head),
            ("surplus_head_m", station.surplus_head),
        ):  # fmt: skip
            kept[column][i] = values


def _friction(network: Network, side: SideResult) -> Array:
    """Specific friction of pipes that have a length."""
    length = network.pipes.length + network.pipes.equivalent_length
    return np.where(length > 0.0, side.friction, np.nan)


def _keep_side(outcome: Outcome, i: int, network: Network, side: SideResult, prefix: str) -> None:
    sign = -1.0 if prefix == "ret_" else 1.0
    if "pipes" in outcome.kept:
        kept = outcome.kept["pipes"]
        kept[f"{prefix}flow_{'t_h' if prefix else 'kg_s'}"][i] = sign * side.flow
        kept[f"{prefix}velocity_m_s"][i] = sign * side.velocity
        kept[f"{prefix}friction_pa_m"][i] = _friction(network, side)
        kept[f"{prefix}loss_kpa"][i] = sign * side.loss
    if "nodes" in outcome.kept:
        outcome.kept["nodes"][f"{prefix}head_m"][i] = side.head


def largest(values: list[Array]) -> tuple[float, int]:
    """Largest number of several arrays and its place in its array; 0 and -1 where nothing is above 0."""
    found, place = 0.0, -1
    for array in values:
        known = np.nan_to_num(array)
        at = int(np.argmax(known)) if len(known) else 0
        if len(known) and known[at] > found:
            found, place = float(known[at]), at
    return found, place


def solve_all(network: Network, scenarios: Scenarios, options: dict[str, Any], outcome: Outcome, rows: Index) -> None:
    """Solve some scenarios one after the other."""
    for i in rows.tolist():
        solve_single(network, scenarios, i, options, outcome)
