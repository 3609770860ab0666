"""Tables of valves and pumps: flow, loss or head, and the state they were found in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisheat.network import VALVE_KINDS, Array, Index, Text
from gisheat.network.arrays import BYPASS, BYPASS_VALVE, CHECK, CONTROLLING, LIMITER, PUMP, VALVE
from gisheat.physics.pressure import pump_power
from gisheat.results.model import AT_REST, table

if TYPE_CHECKING:
    from gisheat.results.model import Results


def valve_table(results: Results) -> pd.DataFrame:
    """Valves with flow [t/h], loss [kPa] and state (open, closed, controlling)."""
    network = results.network
    valves = network.valves
    flow, loss = _of(results, (VALVE, BYPASS), len(valves), valves.in_supply)
    return table(
        valve_id=valves.id, from_node=network.nodes.id[valves.start], to_node=network.nodes.id[valves.end],
        kind=np.array(VALVE_KINDS, object)[valves.kind], flow_t_h=flow, loss_kpa=loss,
        state_found=_states(results, flow),
    )  # fmt: skip


def pump_table(results: Results) -> pd.DataFrame:
    """Pumps with flow [t/h], head [m of the water they move], electric power [kW] and state (running, stopped)."""
    network, at = results.network, results.conditions
    pumps = network.pumps
    flow, loss = _of(results, (PUMP,), len(pumps), pumps.in_supply)
    density = np.where(pumps.in_supply | (not network.two_pipe), at.supply.density, at.back.density)
    head = -loss / (density * at.gravity)
    running = pumps.running & pumps.in_service
    state = np.where(running, "running", "stopped").astype(object)
    state[running & (np.nan_to_num(flow) <= _rest(results))] = "blocked"
    head = np.where(state == "running", head, np.nan)
    power = pump_power(np.nan_to_num(head), np.nan_to_num(flow), pumps.efficiency, at.gravity)
    return table(
        pump_id=pumps.id, from_node=network.nodes.id[pumps.start], to_node=network.nodes.id[pumps.end],
        flow_t_h=np.where(running, flow, 0.0), head_m=head,
        pump_power_kw=np.where(running, power, 0.0),
        state_found=state,
    )  # fmt: skip


def _rest(results: Results) -> float:
    return AT_REST * float(np.nanmax(np.abs(results.supply.flow), initial=0.0)) + 1e-9


def _of(results: Results, kinds: tuple[int, ...], count: int, in_supply: Any) -> tuple[Array, Array]:
    """Flow [kg/s] and loss [Pa] of each device on the side it acts on: 0 and NaN where it lets nothing through."""
    flow, loss = np.zeros(count), np.full(count, np.nan)
    links = results.links
    if links is None:
        return flow, loss
    wanted = np.isin(links.kind, kinds)
    acts: Index = np.where(in_supply[links.row * wanted], 0, 1) if count else np.zeros(len(links.row), int)
    wanted &= (links.side == acts) | (links.side == 2) | (not results.network.two_pipe)
    rows = links.row[wanted]
    flow[rows], loss[rows] = np.nan_to_num(links.flow[wanted]), links.loss[wanted]
    return flow, loss


def _states(results: Results, flow: Array) -> Text:
    valves = results.network.valves
    state = np.full(len(valves), "open", dtype=object)
    at_rest = flow <= _rest(results)
    state[np.isin(valves.kind, (CHECK, BYPASS_VALVE)) & at_rest] = "closed"
    guarding = np.isin(valves.kind, CONTROLLING)
    state[guarding & at_rest] = "closed"
    throttling = results.throttled
    if throttling is not None:
        state[guarding & ~at_rest & throttling] = "controlling"
    with np.errstate(invalid="ignore"):
        limited = (valves.kind == LIMITER) & (flow >= valves.flow_setting * (1.0 - 1e-6))
    state[limited | ((valves.kind == BYPASS_VALVE) & ~at_rest)] = "controlling"
    state[valves.shut] = "closed"
    state[~valves.in_service] = "absent"
    return state
