"""What both kinds of solves share: sides, their elements, and results out of the solution of a circuit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gisheat.equations import RETURN, SUPPLY, Circuit, Side, State
from gisheat.equations.circuit import Part
from gisheat.equations.parts import bypass_part, pump_part, valve_part
from gisheat.hydraulics.heads import head_of
from gisheat.network import Array, Network
from gisheat.network.arrays import BYPASS, PIPE, PUMP, VALVE
from gisheat.numerics.incidence import sum_at
from gisheat.physics.pressure import pump_power
from gisheat.results import Conditions, LinkResult, SideResult, SourceResult, StationResult

Progress = Callable[[float, str], None]

COMPILING = "compiling the solver for this kind of network (kept for the next time): up to some ten seconds"


@dataclass(frozen=True, slots=True)
class Limits:
    """When Newton's method ends, and whom it tells."""

    tolerance: float
    max_iterations: int
    progress: Progress | None = None

    def compiling(self) -> None:
        """Say that the engine is being compiled: to whom progress is told, else as a warning of the log."""
        if self.progress is None:
            logging.getLogger("gisheat").warning(COMPILING)
        else:
            self.progress(0.0, COMPILING)

    def tell(self, name: str) -> Callable[[int, float], None] | None:
        """Callback for one circuit."""
        if self.progress is None:
            return None
        progress = self.progress

        def report(iteration: int, change: float) -> None:
            progress(min(0.95, iteration / 20.0), f"{name}, iteration {iteration}: {change:.1e}")

        return report


def supply_side(network: Network, at: Conditions) -> Side:
    """The supply pipes, with vertices from 0 on."""
    pipes = network.pipes
    return Side(SUPPLY, "supply side", 0, at.supply, pipes.in_supply & pipes.in_service)


def return_side(network: Network, at: Conditions, first: int = 0) -> Side:
    """The return pipes, with vertices from `first` on."""
    pipes = network.pipes
    return Side(RETURN, "return side", first, at.back, pipes.in_return & pipes.in_service)


def side_parts(network: Network, sides: tuple[Side, ...], usual_flow: float, gravity: float) -> list[Part]:
    """Valves and pumps of the sides, and the bypasses between them."""
    parts = []
    for side in sides:
        if len(network.valves):
            parts.append(valve_part(network, side, usual_flow))
        if len(network.pumps):
            parts.append(pump_part(network, side, usual_flow, gravity))
    if len(sides) == 2 and len(network.valves):
        parts.append(bypass_part(network, sides[0], sides[1], gravity))
    return parts


def side_result(network: Network, circuit: Circuit, state: State, side: Side, at: Conditions) -> SideResult:
    """Heads, flows and losses of one side of a circuit."""
    count = len(network.nodes)
    potential = state.potential[side.first : side.first + count]
    heads = head_of(potential, network.nodes.ground, at, side.water)
    return side_result_of(network, circuit, state, side, at, heads)


def side_result_of(
    network: Network, circuit: Circuit, state: State, side: Side, at: Conditions, heads: Array
) -> SideResult:
    """The same with heads that have been shifted [m]."""
    if len(circuit.start) == len(network.pipes) and not len(circuit.law.rows):
        return SideResult(network, at, side.water, heads, state.flow, state.drop)
    flow, loss = np.full((2, len(network.pipes)), np.nan)
    links, rows = circuit.of(PIPE, side.code)
    flow[rows], loss[rows] = state.flow[links], state.drop[links]
    return SideResult(network, at, side.water, heads, flow, loss)


def link_result(network: Network, solved: list[tuple[Circuit, State]]) -> LinkResult | None:
    """Valves and pumps out of the circuits they stand in; None when there are none."""
    if not len(network.valves) and not len(network.pumps):
        return None
    count = len(network.nodes)
    columns: list[tuple[Any, ...]] = []
    for circuit, state in solved:
        links = np.flatnonzero(np.isin(circuit.kind, (VALVE, BYPASS, PUMP)))
        start, end = circuit.start[links], circuit.end[links]
        loss = state.potential[start] - state.potential[end]
        columns.append(
            (circuit.kind[links], circuit.side[links], circuit.row[links], start % count, end % count,
             state.flow[links], loss)
        )  # fmt: skip
    kind, side, row, start, end, flow, loss = (np.concatenate(c) for c in zip(*columns, strict=True))
    return LinkResult(kind.astype(np.int8), side.astype(np.int8), row.astype(np.int64), start.astype(np.int64),
                      end.astype(np.int64), flow, loss)  # fmt: skip


def source_result(
    network: Network, delivered: Array, supply_head: Array, return_head: Array, at: Conditions, station: StationResult,
    plant_loss: Array,
) -> SourceResult:  # fmt: skip
    """What the sources give: flows [kg/s], pump heads with what the plant loses [m], power [W]."""
    sources = network.sources
    on = sources.in_service
    above = np.where(on, supply_head[sources.supply_node], np.nan)
    below = np.where(on, return_head[sources.return_node], np.nan)
    lift = above - below + plant_loss
    flow = np.where(on, delivered, np.nan)
    total = float(np.nansum(flow))
    load = np.where(on, flow * (np.nansum(station.heat) / total if total else 0.0), np.nan)
    of_return_water = lift * at.mean.density / at.back.density  # the pump moves return water
    power = np.maximum(pump_power(of_return_water, flow, sources.pump_efficiency, at.gravity), 0.0)
    return SourceResult(flow=flow, load=load, pump_head=lift, pump_power=power, supply_head=above, return_head=below)


def leaving(circuit: Circuit, state: State, demand: Array) -> Array:
    """Mass flow [kg/s] that must enter each vertex from outside: what its links carry off and what is taken there."""
    q = np.nan_to_num(state.flow)
    return sum_at(circuit.start, q, circuit.vertices) - sum_at(circuit.end, q, circuit.vertices) + demand
