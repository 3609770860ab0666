"""Why a pipe has its size, flow and loss, and why a station has its head: sentences with the numbers put in."""

from __future__ import annotations

import numpy as np

from gisheat import sizing as rule
from gisheat.errors import InputError
from gisheat.hydraulics import acting_sources
from gisheat.network import ROLES, SOURCE_CONTROLS, STATION_CONTROLS
from gisheat.project import did_you_mean
from gisheat.results import Results
from gisheat.results.origins import node_shares
from gisheat.stages import rules_of, size_phase
from gisheat.state import State

_REASON = {
    rule.BY_FRICTION: "the next smaller size would exceed the allowed specific friction of its role",
    rule.BY_DROP: "the next smaller size would lose more than the head left between its trunk node and its station",
    rule.BY_VELOCITY: "the next smaller size would exceed the allowed velocity",
    rule.SMALLEST: "it is the smallest size the rules allow for its role",
    rule.LARGEST: "even the largest size of the catalogue does not keep the limits",
    rule.NO_FLOW: "it carries nothing, so it got the smallest size",
    rule.UPSTREAM: "a pipe that it feeds is as wide, and no pipe is narrower than what it feeds",
    rule.RING: "all pipes of a ring get one size",
}


def explain_pipe(state: State, pipe_id: str) -> str:
    """Text on the size, flow and loss of a pipe.

    Raises
    ------
    InputError
        If there is no such pipe in the network.
    """
    results, sizing = state.results, state.sizing
    assert results is not None and sizing is not None and state.drawing is not None
    pipes, nodes = results.network.pipes, results.network.nodes
    i = _find(pipes.id, pipe_id, "pipe")
    bore = pipes.inner_diameter[i] * 1e3
    lines = [f"Pipe {pipe_id} from {nodes.id[pipes.start[i]]} to {nodes.id[pipes.end[i]]}, {pipes.length[i]:.1f} m"]
    if sizing.row[i] >= 0:
        series, row = state.series, int(sizing.row[i])
        lines.append(
            f"Size: DN{series.dn[row]:g} ({series.outer_diameter[row] * 1e3:g} x {series.wall[row] * 1e3:g} mm,"
            f" bore {bore:.1f} mm) of {series.name}, chosen for phase {size_phase(state) or 'all'} with the rules"
            f" {state.options['rule_set']}:"
            f" {_REASON[str(sizing.governed_by[i])]}."
        )
        limits = rules_of(state)[int(sizing.role[i])]
        lines.append(
            f"Limits of its role ({ROLES[int(sizing.role[i])]}): {limits.max_friction[row]:g} Pa/m and"
            f" {limits.max_velocity[row]:g} m/s."
        )
    else:
        lines.append(f"Size: bore {bore:.1f} mm, given by the drawing.")
    if not pipes.in_service[i] or np.isnan(results.supply.flow[i]):
        return "\n".join(
            [
                *lines,
                f"It carries nothing in phase {state.phase or 'all'}: closed, of a later phase, or on an island.",
            ]
        )
    area, load = results.behind()
    lines.append(
        f"Flow: {abs(results.supply.flow[i]) * 3.6:.2f} t/h supply, for {load[i] / 1e6:.3f} MW"
        + (f" and {area[i]:.0f} m2 heated area" if not np.isnan(area[i]) else "") + " behind it."
    )  # fmt: skip
    total = pipes.length[i] + pipes.equivalent_length[i]
    for side, name in ((results.supply, "supply"), (results.back, "return")):
        if side is not None and not np.isnan(side.flow[i]):
            lines.append(
                f"Loss, {name}: {side.friction[i]:.2f} Pa/m ({results.conditions.law},"
                f" roughness {pipes.roughness[i] * 1e3:g} mm, {abs(side.velocity[i]):.2f} m/s) x {total:.1f} m"
                f" ({pipes.length[i]:.1f} m + {pipes.equivalent_length[i]:.1f} m for fittings)"
                + (f" + zeta {pipes.zeta[i]:g}" if pipes.zeta[i] else "") + f" = {abs(side.loss[i]) / 1e3:.3f} kPa."
            )  # fmt: skip
    critical = results.critical is not None and i in results.critical.pipes
    lines.append("It is on the critical path." if critical else "It is not on the critical path.")
    return "\n".join(lines)


def explain_station(state: State, station_id: str) -> str:
    """Text on the load, flow and head of a station."""
    results, loads = state.results, state.loads
    assert results is not None and results.station is not None and results.critical is not None
    assert loads is not None
    stations, found = results.network.stations, results.station
    assert state.drawing is not None
    table = state.drawing.stations
    named = np.flatnonzero(table["name"] == station_id) if "name" in table else np.zeros(0, int)
    i = int(named[0]) if len(named) == 1 else _find(stations.id, station_id, "station")
    station_id = str(stations.id[i])
    if not stations.in_service[i]:
        return (
            f"Station {station_id} takes nothing in phase {state.phase or 'all'}: closed, of a later phase,"
            " not connected, or without a load."
        )
    lines = [f"Station {station_id}"]
    origin = (
        f"{stations.heated_area[i]:.0f} m2 x {loads.heat_index[i]:.2f} W/m2 = "
        if str(loads.source[i]).startswith("area")
        else ""
    )
    lines.append(f"Load: {origin}{found.load[i] / 1e3:.1f} kW (from {loads.source[i]}).")
    origin = ", given" if not np.isnan(stations.flow[i]) else " = load / (heat capacity x temperature difference)"
    lines.append(f"Flow: {found.design_flow[i] * 3.6:.2f} t/h{origin}.")
    lines += _control(results, i)
    lines.append(
        f"Head: supply {found.supply_head[i]:.2f} m - return {found.return_head[i]:.2f} m ="
        f" {found.available_head[i]:.2f} m available;"
        f" {stations.required_head[i]:.2f} m required; {found.surplus_head[i]:.2f} m surplus."
    )
    lines += _origins(results, i)
    if i == results.critical.station:
        lines.append(_pump_head(results))
    else:
        worst = results.network.stations.id[results.critical.station]
        lines.append(f"The worst station is {worst} with {found.surplus_head[results.critical.station]:.2f} m surplus.")
    return "\n".join(lines)


def _control(results: Results, i: int) -> list[str]:
    """What the control of a station makes of its design flow."""
    stations, found = results.network.stations, results.station
    assert found is not None
    kv = f"Kv {found.valve_kv[i] * 3600.0:.4g} m3/h"
    kind = STATION_CONTROLS[stations.control[i]]
    if kind == "pump":
        return [
            (
                f"Its own pump gives the {found.pump_head[i]:.2f} m that are missing, with"
                f" {found.pump_power[i] / 1e3:.2f} kW."
            )
        ]
    if kind == "flow":
        return [f"Its valve has to be set to {kv} for it."] if not np.isnan(found.valve_kv[i]) else []
    got = found.flow[i] / found.design_flow[i] if found.design_flow[i] > 0.0 else 1.0
    heat = f"{found.heat[i] / 1e3:.1f} kW of {found.load[i] / 1e3:.1f} kW"
    if kind == "none":
        why = f"its valve stays as it is ({kv}), and its head decides"
    elif found.served[i]:
        why = f"its valve holds it, at {kv}"
    else:
        why = f"its valve is wide open ({kv}), and there is not enough head for more"
    return [f"It gets {found.flow[i] * 3.6:.2f} t/h, {100.0 * got:.1f} % of it, and {heat}: {why}."]


def _origins(results: Results, i: int) -> list[str]:
    """Which sources the water of a station comes from, where there are several."""
    sources = results.network.sources
    if int(sources.in_service.sum()) < 2:
        return []
    shares = node_shares(results)[results.network.stations.supply_node[i]]
    parts = [
        f"{100.0 * share:.1f} % from {name}" for name, share in zip(sources.id, shares, strict=True) if share > 1e-6
    ]
    return [f"Its water comes {', '.join(parts)}."] if parts else []


def explain_source(state: State, source_id: str) -> str:
    """Text on the flow, head and power of a source.

    Raises
    ------
    InputError
        If there is no such source.
    """
    results = state.results
    assert results is not None and results.source is not None
    sources, found = results.network.sources, results.source
    i = _find(sources.id, source_id, "source")
    if not sources.in_service[i]:
        return (
            f"Source {source_id} stands still in phase {state.phase or 'all'}: in reserve, out of service, or cut off."
        )
    total = max(float(np.nansum(found.flow)), 1e-300)
    holds = "; it holds the pressure" if i == acting_sources(results.network)[0] else ""
    control = SOURCE_CONTROLS[sources.pump_control[i]] or "nothing said: the head that the design needs"
    return "\n".join(
        [
            f"Source {source_id}{holds}",
            (
                f"Flow: {found.flow[i] * 3.6:.2f} t/h, {100.0 * found.flow[i] / total:.1f} % of all;"
                f" load {found.load[i] / 1e6:.2f} MW."
            ),
            (
                f"Head: supply {found.supply_head[i]:.2f} m - return {found.return_head[i]:.2f} m + plant ="
                f" {found.pump_head[i]:.2f} m for its pump ({control})."
            ),
            f"Power: {found.pump_power[i] / 1e3:.1f} kW with an efficiency of {sources.pump_efficiency[i]:g}.",
        ]
    )


def explain_device(state: State, layer: str, device_id: str) -> str:
    """Text on the flow, loss or head, and state of a valve or booster pump.

    Raises
    ------
    InputError
        If there is no such valve or pump.
    """
    results = state.results
    assert results is not None
    found = getattr(results, layer)
    noun = layer[:-1]
    row = found.iloc[_find(found[f"{noun}_id"].to_numpy(object), device_id, noun)]
    if layer == "pumps":
        return (
            f"Pump {device_id} from {row['from_node']} to {row['to_node']}: {row['state_found']};"
            f" {row['flow_t_h']:.2f} t/h, {row['head_m']:.2f} m, {row['pump_power_kw']:.2f} kW."
        )
    i = int(np.flatnonzero(results.network.valves.id == device_id)[0])
    setting = results.network.valves.pressure_setting[i] / 1e3
    held = "" if np.isnan(setting) else f", set to {setting:g} kPa"
    return (
        f"Valve {device_id} from {row['from_node']} to {row['to_node']}, {row['kind'].replace('_', ' ')}{held}:"
        f" {row['state_found']}; {row['flow_t_h']:.2f} t/h, {row['loss_kpa']:.3f} kPa."
    )


def _pump_head(results: Results) -> str:
    head = results.pump_head()
    given = "is what its source gives" if results.pump_head_given else "follows from it"
    reserve = "reserve and surplus" if results.pump_head_given else "reserve"
    return (
        f"It is the station with the least surplus; the pump head {given}: supply loss {head.supply_loss:.2f} m"
        f" + return loss {head.return_loss:.2f} m + station {head.station:.2f} m"
        + (f" + natural circulation {head.natural_circulation:.2f} m" if abs(head.natural_circulation) > 5e-3 else "")
        + (f" + booster pumps {head.boosters:.2f} m" if head.boosters else "")
        + f" + plant {head.plant:.2f} m + {reserve} {head.reserve:.2f} m = {head.total:.2f} m."
    )


def _find(ids: np.ndarray, wanted: str, noun: str) -> int:
    found = np.flatnonzero(ids == wanted)
    if len(found):
        return int(found[0])
    parts = [str(i) for i in ids if str(i).startswith(f"{wanted}.")]
    if parts:
        raise InputError(f"{noun} {wanted!r} was split into {', '.join(parts)}: name one of them.")
    raise InputError(f"there is no {noun} {wanted!r}{did_you_mean(wanted, tuple(str(i) for i in ids))}.")
