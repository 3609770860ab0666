"""What a sweep prepares once: for each set of sources in service the sides as lanes want them, and the waters."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gisheat.errors import GisheatError
from gisheat.hydraulics.conditions import conditions_at
from gisheat.hydraulics.heads import find_static_line
from gisheat.hydraulics.sources import share_out
from gisheat.network import Array, Index, Mask, Network
from gisheat.numerics.incidence import sum_at
from gisheat.numerics.lanes import WIDTH, Workspace
from gisheat.physics.heat import mass_flow
from gisheat.physics.lane_friction import lane_water
from gisheat.results import Conditions
from gisheat.sweeps.sides import NOMINAL, NOMINAL_COOLING, LaneSide, prepare_side, solve_side

LEVELS = np.geomspace(0.01, 1.5, WIDTH)
"""Loads, relative to the network's, whose flows lanes start from."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A network with given sources in service, prepared: supply (or the only side), return, how sources act."""

    network: Network
    supply: LaneSide
    back: LaneSide | None
    regulating: int
    held: Index
    """Sources whose supply head is fixed; one-pipe networks: nodes."""
    share: Array
    """Share of the total flow that each source delivers, zero for those in `held`."""
    hot: float
    """Mean supply temperature of the sources [K], NaN where none is stated."""
    cold: float
    rank: Index
    """Place of each station in the order of their names."""
    summit: Index
    """Pipes in service at the highest node of all."""
    first: list[tuple[Array, Array] | None]
    """Of each side: logarithms of total flows, and the flows into the chains for each kg/s at these."""
    static: dict[tuple[float | None, float], float] = field(default_factory=dict)

    def static_line(self, at: Conditions) -> float:
        """Static line [m] with all pipes in service."""
        water = at.supply_temp_c, at.mean.density  # what its margins depend on
        if water not in self.static:
            self.static[water] = find_static_line(self.network, self.regulating, at)
        return self.static[water]


@dataclass
class Plan:
    """A network with the options of a sweep, and what has been prepared for it so far."""

    network: Network
    options: dict[str, Any]
    keep: tuple[str, ...]
    settings: dict[bytes, Setting | None] = field(default_factory=dict)
    waters: dict[tuple[float, float], Conditions | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock, self._own = threading.Lock(), threading.local()

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: all but what belongs to threads."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_own")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def workspace(self, side: int) -> Workspace:
        """Arrays of this thread for one side."""
        if not hasattr(self._own, "spaces"):
            self._own.spaces = (Workspace(), Workspace())
        return self._own.spaces[side]

    def setting(self, sources_on: Mask) -> Setting | None:
        """The setting with these sources in service, None where there can be none."""
        key = sources_on.tobytes()
        with self._lock:
            if key not in self.settings:
                try:
                    self.settings[key] = _prepare(self, sources_on)
                except GisheatError:
                    self.settings[key] = None
            return self.settings[key]

    def water(self, hot: float, cold: float) -> Conditions | None:
        """Waters at temperatures [K], NaN where none is known; None where there can be none."""
        key = (hot, cold)
        if key not in self.waters:
            names = ("density_kg_m3", "viscosity_pa_s", "heat_capacity_j_kg_k")
            given = tuple(self.options[name] for name in names)
            above, below = (None if np.isnan(t) else t - 273.15 for t in key)
            law, gravity = self.options["friction"], self.options["gravity_m_s2"]
            try:
                self.waters[key] = conditions_at(law, above, below, given, gravity)
            except GisheatError:
                self.waters[key] = None
        return self.waters[key]


def _prepare(plan: Plan, sources_on: Mask) -> Setting:
    network, law, gravity = plan.network, plan.options["friction"], plan.options["gravity_m_s2"]
    pipes, nowhere = network.pipes, float("nan")
    none = np.zeros(0, np.int64)
    if not network.two_pipe:
        fixed = np.flatnonzero(~np.isnan(network.nodes.fixed_head))
        supply = prepare_side(network, pipes.in_service, fixed, law, gravity)
        bare = Setting(network, supply, None, -1, fixed, np.zeros(0), nowhere, nowhere, none, none, [])
        wanted = np.where(supply.wet, network.nodes.demand, 0.0)
        return replace(bare, first=[_first_flows(supply, wanted, float(np.abs(wanted).sum()))])
    network = replace(network, sources=replace(network.sources, in_service=sources_on))
    sources, stations = network.sources, network.stations
    shares = share_out(network, 1.0)
    regulating, held, share = shares.regulating, shares.fixed, shares.flow
    used = [carries & pipes.in_service for carries in (pipes.in_supply, pipes.in_return)]
    supply = prepare_side(network, used[0], sources.supply_node[held], law, gravity)
    back = prepare_side(network, used[1], sources.return_node[[regulating]], law, gravity)
    hot, cold = (
        float(t[sources_on & ~np.isnan(t)].mean()) if (sources_on & ~np.isnan(t)).any() else nowhere
        for t in (sources.supply_temperature, sources.return_temperature)
    )
    by_load = mass_flow(stations.load, NOMINAL.heat_capacity, NOMINAL_COOLING)
    flow = np.nan_to_num(np.where(np.isnan(stations.flow), by_load, stations.flow))
    flow = np.where(stations.in_service & supply.wet[stations.supply_node] & back.wet[stations.return_node], flow, 0.0)
    count, total = len(network.nodes), float(flow.sum())
    given = share * total
    given = np.where(supply.wet[sources.supply_node] & back.wet[sources.return_node], given, 0.0)
    demand = sum_at(stations.supply_node, flow, count) - sum_at(sources.supply_node, given, count)
    taken = sum_at(sources.return_node, given, count) - sum_at(stations.return_node, flow, count)
    first = [_first_flows(side, wanted, total) for side, wanted in ((supply, demand), (back, taken))]
    rank = np.argsort(np.argsort(stations.id.astype(str), kind="stable"), kind="stable")
    service = np.flatnonzero(pipes.in_service)
    ground = np.maximum(network.nodes.ground[pipes.start], network.nodes.ground[pipes.end])[service]
    end = service[np.argmax(ground)]
    summit = (
        pipes.start[end]
        if network.nodes.ground[pipes.start[end]] >= network.nodes.ground[pipes.end[end]]
        else pipes.end[end]
    )
    at_summit = service[(pipes.start[service] == summit) | (pipes.end[service] == summit)]
    return Setting(network, supply, back, regulating, held, share, hot, cold, rank, at_summit, first)


def _first_flows(side: LaneSide, demand: Array, total: float) -> tuple[Array, Array] | None:
    """Flows into the chains for each kg/s taken, at some levels of the load; fixed heads all equal."""
    if not total > 0.0:
        return None
    one, nowhere = np.ones(WIDTH), np.zeros(0, np.int32)
    water = lane_water(NOMINAL.density * one, NOMINAL.viscosity * one, side.chains.law)
    found = solve_side(
        side, water, demand=np.outer(demand, LEVELS), fixed_potential=np.zeros((len(side.fixed), WIDTH)),
        first_flow=np.outer(side.first_flow, LEVELS), closed=(nowhere, nowhere), inside=None, used=WIDTH,
        tolerance=1e-6, work=Workspace(),
    )  # fmt: skip
    if not found.converged.all():
        return None
    chains = found.flow[side.lanes.graph.chain_from[:-1]]
    return np.log(total * LEVELS), chains / (total * LEVELS)


def start_flows(side: LaneSide, levels: tuple[Array, Array] | None, total: Array) -> Array:
    """Flows into the chains to start from, shape (chains, lanes): between those at the levels of the load."""
    if levels is None:
        return np.tile(side.first_flow[:, None], len(total))
    known, ratio = levels
    wanted = np.log(np.maximum(total, 1e-300))
    below = np.clip(np.searchsorted(known, wanted) - 1, 0, len(known) - 2)
    share = np.clip((wanted - known[below]) / (known[below + 1] - known[below]), 0.0, 1.0)
    return (ratio[:, below] * (1.0 - share) + ratio[:, below + 1] * share) * total
