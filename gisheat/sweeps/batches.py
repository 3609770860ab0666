"""Scenarios solved in lanes: what `hydraulics.solve` does for one state, for many of them side by side.

Scenarios with the same sources in service have the same fixed heads and so the same prepared sides (a
`Setting`). Everything else may differ from lane to lane: flows, waters, pipes out of service.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gisheat.errors import GisheatError
from gisheat.hydraulics.conditions import ONE_PIPE_TEMPERATURE, conditions_at
from gisheat.hydraulics.heads import find_static_line
from gisheat.hydraulics.sources import share_out
from gisheat.network import Array, Index, Mask, Network
from gisheat.numerics.incidence import sum_at
from gisheat.numerics.lanes import WIDTH, LaneSolution, Workspace, edge_flow, sum_rows
from gisheat.physics.heat import heat_load, mass_flow
from gisheat.physics.lane_friction import LaneWater, extremes, lane_water
from gisheat.physics.pressure import pump_power
from gisheat.results import Conditions
from gisheat.sweeps.outcome import Outcome, no_outcome
from gisheat.sweeps.scenarios import Scenarios
from gisheat.sweeps.sides import NOMINAL, NOMINAL_COOLING, LaneSide, closed_pipes, prepare_side, reach, solve_side
from gisheat.sweeps.single import solve_all

LANES = WIDTH
"""Scenarios side by side."""
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
    static: dict[float | None, float] = field(default_factory=dict)

    def static_line(self, at: Conditions) -> float:
        """Static line [m] with all pipes in service."""
        if at.supply_temp_c not in self.static:
            self.static[at.supply_temp_c] = find_static_line(self.network, self.regulating, at)
        return self.static[at.supply_temp_c]


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
            celsius = [None if np.isnan(t) else t - 273.15 for t in key]
            try:
                self.waters[key] = conditions_at(self.options["friction"], *celsius, given, self.options["gravity_m_s2"])
            except GisheatError:
                self.waters[key] = None
        return self.waters[key]


def solve_chunk(plan: Plan, scenarios: Scenarios) -> Outcome:
    """Solve some scenarios; what lanes do not solve, or what has no result, is left to single solves."""
    network = plan.network
    outcome = no_outcome(network, len(scenarios), plan.keep)
    done = np.zeros(len(scenarios), bool)
    todo = [(sources_on, rows) for sources_on, rows in _by_sources(scenarios)]
    while todo:
        sources_on, rows = todo.pop()
        setting = plan.setting(sources_on) if sources_on.any() or not network.two_pipe else None
        if setting is None:
            continue
        rows = _alike_first(setting, scenarios, rows)
        for first in range(0, len(rows), LANES):
            some = rows[first : first + LANES]
            joined, masks, on = _joined(setting, scenarios.take(some))
            cut_off = (on != sources_on).any(axis=1)
            todo += [(on[b], some[[b]]) for b in np.flatnonzero(cut_off).tolist()]
            ready = np.flatnonzero(~cut_off & joined.any(axis=0))
            if len(ready):
                full = np.pad(ready, (0, LANES - len(ready)), mode="edge")  # lanes without a scenario repeat the last
                masks = [None if m is None else np.ascontiguousarray(m[:, full]) for m in masks]
                part = _Lanes(plan, setting, scenarios.take(some[full]), joined[:, full], masks, len(ready))
                found, good = part.solve()
                outcome.place(some[ready], found)
                done[some[ready[good[: len(ready)]]]] = True
    rest = np.flatnonzero(~done)
    if len(rest):
        outcome.place(rest, no_outcome(network, len(rest), plan.keep))
        solve_all(network, scenarios, plan.options, outcome, rest)
    return outcome


def _by_sources(scenarios: Scenarios) -> list[tuple[Mask, Index]]:
    """Scenarios without a fault by the sources that are in service."""
    rows: dict[bytes, list[int]] = {}
    for i in np.flatnonzero(scenarios.wrong == "").tolist():
        rows.setdefault(scenarios.sources_on[i].tobytes(), []).append(i)
    return [(np.frombuffer(key, bool), np.array(found)) for key, found in rows.items()]


def _alike_first(setting: Setting, scenarios: Scenarios, rows: Index) -> Index:
    """Scenarios in which a loop is opened come last: they take more iterations than the others would have to."""
    side = setting.supply
    edges, lane = closed_pipes(side, tuple(scenarios.pipes_out[i] for i in rows.tolist()))
    on_chain = np.zeros(len(rows), bool)
    on_chain[lane[side.lanes.position[edges] < len(side.lanes.chain)]] = True
    return rows[np.argsort(on_chain, kind="stable")]


def _joined(setting: Setting, scenarios: Scenarios) -> tuple[Mask, list[Mask | None], Mask]:
    """Stations (one-pipe networks: nodes) that are supplied, nodes in reach of each side, sources that are joined.

    Shapes (stations, lanes), None or (nodes, lanes), (lanes, sources).
    """
    network, width = setting.network, len(scenarios)
    sides = [setting.supply] if setting.back is None else [setting.supply, setting.back]
    masks: list[Mask | None] = []
    for side in sides:
        closed = closed_pipes(side, scenarios.pipes_out)
        masks.append(reach(side, closed, width) if len(closed[0]) else None)
    wet = [side.wet[:, None] if mask is None else mask for side, mask in zip(sides, masks, strict=True)]
    if setting.back is None:
        return np.broadcast_to(wet[0], (len(network.nodes), width)), masks, scenarios.sources_on
    stations, sources = network.stations, network.sources
    joined = wet[0][stations.supply_node] & wet[1][stations.return_node] & stations.in_service[:, None]
    on = wet[0][sources.supply_node] & wet[1][sources.return_node] & sources.in_service[:, None]
    return np.broadcast_to(joined, (len(stations), width)), masks, np.broadcast_to(on, (len(sources), width)).T


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
    summit = pipes.start[end] if network.nodes.ground[pipes.start[end]] >= network.nodes.ground[pipes.end[end]] else pipes.end[end]
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


def _start(side: LaneSide, levels: tuple[Array, Array] | None, total: Array) -> Array:
    """Flows into the chains to start from, shape (chains, lanes): between those at the levels of the load."""
    if levels is None:
        return np.tile(side.first_flow[:, None], len(total))
    known, ratio = levels
    wanted = np.log(np.maximum(total, 1e-300))
    below = np.clip(np.searchsorted(known, wanted) - 1, 0, len(known) - 2)
    share = np.clip((wanted - known[below]) / (known[below + 1] - known[below]), 0.0, 1.0)
    return (ratio[:, below] * (1.0 - share) + ratio[:, below + 1] * share) * total


class _Lanes:
    """Scenarios of one setting, at most LANES of them, each with a station that is supplied."""

    def __init__(
        self, plan: Plan, setting: Setting, scenarios: Scenarios, joined: Mask, masks: list[Mask | None], used: int
    ) -> None:
        self.plan, self.setting, self.scenarios, self.joined, self.masks = plan, setting, scenarios, joined, masks
        self.width, self.used = len(scenarios), used
        self.outcome = no_outcome(plan.network, self.width, plan.keep)
        self.good = np.ones(self.width, bool)
        """Lanes with a result."""

    def solve(self) -> tuple[Outcome, Mask]:
        """Outcome, and which of its rows hold a result."""
        at = self._waters()
        if at is not None:
            (self._one_pipe if self.setting.back is None else self._two_pipe)(at)
        return self.outcome, self.good

    def _waters(self) -> list[Conditions] | None:
        """Waters of the lanes; None when one has none (then each is told what is missing by its single solve)."""
        scenarios, setting, options = self.scenarios, self.setting, self.plan.options
        found = []
        for b in range(self.width):
            if self.setting.back is None:
                option = options["supply_temp_c"]
                own = (ONE_PIPE_TEMPERATURE if option is None else option) + 273.15
                hot = scenarios.supply_temperature[b]
                hot = cold = own if np.isnan(hot) else hot
            else:
                stations = setting.network.stations
                hot, cold = (
                    _temperature(given, common, own[self.joined[:, b]], options[name])
                    for given, common, own, name in (
                        (scenarios.supply_temperature[b], setting.hot, stations.supply_temperature, "supply_temp_c"),
                        (scenarios.return_temperature[b], setting.cold, stations.return_temperature, "return_temp_c"),
                    )
                )
            at = self.plan.water(float(hot), float(cold))
            if at is None:
                self.good[:] = False
                return None
            found.append(at)
        return found

    # two pipes -------------------------------------------------------------------------------------------

    def _two_pipe(self, at: list[Conditions]) -> None:
        setting, scenarios, joined = self.setting, self.scenarios, self.joined
        network = setting.network
        nodes, stations, sources = network.nodes, network.stations, network.sources
        flow, load = self._flows(at)
        unknown = (np.isnan(flow) & joined).any(axis=0)
        self.good &= ~unknown
        self._lose(flow, load)
        flow, load = np.where(joined, flow, 0.0), np.where(joined, load, 0.0)
        flow[:, unknown] = 0.0
        total = flow.sum(axis=0)
        ref, hot, cold = (np.array([getattr(a, n).density for a in at]) for n in ("mean", "supply", "back"))
        gravity = self.plan.options["gravity_m_s2"]

        ground = nodes.ground
        given = setting.share[:, None] * total
        held_node = sources.supply_node[setting.held]
        place = [int(np.flatnonzero(held_node == node)[-1]) for node in setting.supply.fixed]
        above = np.nan_to_num(sources.supply_head[setting.held][place])[:, None]
        fixed = ref * gravity * above + hot * gravity * ground[setting.supply.fixed][:, None]
        demand = sum_rows(len(nodes), (stations.supply_node, flow), (sources.supply_node, -given))
        there = demand[held_node]
        supply = self._side(0, demand, fixed, [a.supply for a in at], total)
        delivered = given.copy()
        for k, node, taken in zip(setting.held.tolist(), held_node.tolist(), there, strict=True):
            delivered[k] = _leaving(setting.supply, supply, node) + taken
        static = np.array([self._static_line(b, a) for b, a in enumerate(at)])
        foot = ground[sources.return_node[setting.regulating]]
        fixed = (ref * gravity * (static - foot) + cold * gravity * foot)[None, :]
        taken = delivered.copy()
        taken[setting.regulating] = 0.0
        demand = sum_rows(len(nodes), (sources.return_node, taken), (stations.return_node, -flow))
        assert setting.back is not None
        back = self._side(1, demand, fixed, [a.back for a in at], total)

        def heads(found: LaneSolution, density: Array, node: Index) -> Array:
            level = ground[node][:, None]
            return (found.potential[node] - density * gravity * level) / (ref * gravity) + level

        with np.errstate(invalid="ignore"):
            upper = heads(supply, hot, stations.supply_node)
            lower = heads(back, cold, stations.return_node)
            available = np.where(joined, upper - lower, np.nan)
            required = stations.required_head[:, None]
            lift = np.zeros(self.width)
            if np.isnan(sources.supply_head[setting.held]).any():
                lift = np.where(joined, required - available, -np.inf).max(axis=0)
                lift = lift + sources.head_reserve[setting.regulating]
            available += lift
            surplus = available - required
            pump = heads(supply, hot, sources.supply_node) + lift - heads(back, cold, sources.return_node)
            pump += sources.plant_loss[:, None]
            power = pump_power(pump * (ref / cold), delivered, sources.pump_efficiency[:, None], gravity)
            power = np.where(sources.in_service[:, None], np.maximum(power, 0.0), 0.0)
        out = self.outcome
        out.heat_load[:], out.flow[:] = load.sum(axis=0), delivered[sources.in_service].sum(axis=0)
        out.pump_head[:], out.pump_power[:] = pump[setting.regulating], power.sum(axis=0)
        ranked = np.where(joined, surplus, np.inf)
        out.least_surplus[:] = ranked.min(axis=0)
        names = setting.rank[:, None]  # of equal ones the first by its name
        out.worst[:] = np.where(ranked <= out.least_surplus + 1e-9, names, len(stations)).argmin(axis=0)
        out.least_surplus[:] = surplus[out.worst, np.arange(self.width)]
        self._keep_stations(load, flow, upper + lift, lower, available, surplus)
        for prefix, sign, found, density, up in (("sup_", 1.0, supply, hot, lift), ("ret_", -1.0, back, cold, 0.0)):
            if "nodes" in out.kept:
                out.kept["nodes"][f"{prefix}head_m"][:] = (heads(found, density, np.arange(len(nodes))) + up).T
            self._keep_pipes(prefix, sign, found, density)

    def _flows(self, at: list[Conditions]) -> tuple[Array, Array]:
        """Flow and load of each station as `hydraulics.design_flows` has them, shape (stations, lanes)."""
        network, scenarios, options = self.setting.network, self.scenarios, self.plan.options
        stations, factor = network.stations, scenarios.load_factor
        flow, load = np.empty((2, len(stations), self.width))
        pairs = np.column_stack([scenarios.supply_temperature, scenarios.return_temperature])
        for lanes in _alike(pairs):
            hot, cold = (
                np.full(len(stations), given) if not np.isnan(given)
                else np.where(np.isnan(own), _temperature(np.nan, common, np.zeros(0), options[name]), own)
                for given, own, common, name in (
                    (pairs[lanes[0], 0], stations.supply_temperature, self.setting.hot, "supply_temp_c"),
                    (pairs[lanes[0], 1], stations.return_temperature, self.setting.cold, "return_temp_c"),
                )
            )  # fmt: skip
            difference = np.where(hot - cold > 0.0, hot - cold, np.nan)[:, None]
            capacity = np.array([at[b].mean.heat_capacity for b in lanes])
            asked, own = stations.load[:, None] * factor[lanes], stations.flow[:, None] * factor[lanes]
            if scenarios.flow is not None:
                given = scenarios.flow[lanes].T
                own = np.where(np.isnan(given), own, given)
            by_load = np.isnan(own)
            q = np.where(by_load, mass_flow(asked, capacity, difference), own)
            carried = np.where(by_load, asked, heat_load(own, capacity, difference))
            flow[:, lanes], load[:, lanes] = q, np.where(np.isnan(carried), asked, carried)
        return flow, load

    def _static_line(self, lane: int, at: Conditions) -> float:
        """Static line [m]; where it is chosen, by the pipes that are in service in this lane."""
        network, out = self.setting.network, self.scenarios.pipes_out[lane]
        if len(out) and np.isin(self.setting.summit, out).all():
            in_service = network.pipes.in_service.copy()
            in_service[out] = False
            network = replace(network, pipes=replace(network.pipes, in_service=in_service))
            return find_static_line(network, self.setting.regulating, at)
        return self.setting.static_line(at)

    def _lose(self, flow: Array, load: Array) -> None:
        """Stations that are cut off, with what they would take."""
        lost = self.setting.network.stations.in_service[:, None] & ~self.joined
        self.outcome.lost_load[:] = np.where(lost, load, 0.0).sum(axis=0)
        self.outcome.lost_flow[:] = np.where(lost, flow, 0.0).sum(axis=0)
        for b in np.flatnonzero(lost.any(axis=0)).tolist():
            self.outcome.lost[b] = np.flatnonzero(lost[:, b])

    # one pipe --------------------------------------------------------------------------------------------

    def _one_pipe(self, at: list[Conditions]) -> None:
        setting, scenarios = self.setting, self.scenarios
        nodes, side = setting.network.nodes, setting.supply
        demand = np.multiply.outer(nodes.demand, scenarios.load_factor)
        if scenarios.flow is not None:
            given = scenarios.flow.T
            demand = np.where(np.isnan(given), demand, given)
        if not self.joined.all():
            lost = ~self.joined & (demand != 0.0)
            self.outcome.lost_flow[:] = np.where(lost, demand, 0.0).sum(axis=0)
            for b in np.flatnonzero(lost.any(axis=0)).tolist():
                self.outcome.lost[b] = np.flatnonzero(lost[:, b])
            demand[~self.joined] = 0.0
        gravity = self.plan.options["gravity_m_s2"]
        density = np.array([a.supply.density for a in at])
        ref = np.array([a.mean.density for a in at])
        ground, head = nodes.ground[side.fixed][:, None], nodes.fixed_head[side.fixed][:, None]
        fixed = ref * gravity * (head - ground) + density * gravity * ground
        total = demand.sum(axis=0) if (nodes.demand >= 0.0).all() else np.abs(demand).sum(axis=0)
        self.outcome.flow[:] = demand.sum(axis=0) - demand[~np.isnan(nodes.fixed_head)].sum(axis=0)
        found = self._side(0, demand, fixed, [a.supply for a in at], total)
        if "nodes" in self.outcome.kept:
            level = nodes.ground[:, None]
            heads = (found.potential - density * gravity * level) / (ref * gravity) + level
            self.outcome.kept["nodes"]["head_m"][:] = heads.T
        self._keep_pipes("", 1.0, found, density)

    # both ------------------------------------------------------------------------------------------------

    def _side(self, number: int, demand: Array, fixed: Array, waters: list[Any], total: Array) -> LaneSolution:
        setting = self.setting
        side = setting.supply if number == 0 else setting.back
        assert side is not None
        water = lane_water(
            np.array([w.density for w in waters]), np.array([w.viscosity for w in waters]), side.chains.law
        )
        found = solve_side(
            side, water, demand=demand, fixed_potential=fixed, first_flow=_start(side, setting.first[number], total),
            closed=closed_pipes(side, self.scenarios.pipes_out), inside=self.masks[number], used=self.used,
            tolerance=self.plan.options["tolerance"], work=self.plan.workspace(number),
        )  # fmt: skip
        self.good &= found.converged
        out = self.outcome
        out.iterations[:] = np.maximum(out.iterations, found.iterations)
        speed, fastest, friction, steepest = extremes(
            found.flow, found.drop, side.area, side.length, side.local, water.volume
        )
        for value, place, best, pipe in (
            (speed, fastest, out.velocity, out.velocity_pipe), (friction, steepest, out.friction, out.friction_pipe),
        ):  # fmt: skip
            best[:] = np.where(np.isnan(best), 0.0, best)
            more = value > best
            best[more], pipe[more] = value[more], side.pipes[place[more]]
        return found

    def _keep_pipes(self, prefix: str, sign: float, found: LaneSolution, density: Array) -> None:
        if "pipes" not in self.outcome.kept:
            return
        kept, network = self.outcome.kept["pipes"], self.setting.network
        side = self.setting.back if prefix == "ret_" else self.setting.supply
        mask = self.masks[1 if prefix == "ret_" else 0]
        assert side is not None
        shown = np.ones(found.flow.shape, bool)
        if mask is not None:
            shown = mask[network.pipes.start[side.pipes]] & mask[network.pipes.end[side.pipes]]
            closed, lane = closed_pipes(side, self.scenarios.pipes_out)
            shown[side.lanes.position[closed], lane] = False
        sense = sign * side.lanes.sign[:, None]
        speed = found.flow / (density * side.area[:, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.abs(found.drop) - side.local[:, None] * found.flow**2 / density
            friction = np.where(side.length[:, None] > 0.0, own / side.length[:, None], np.nan)
        for column, values in (
            (f"flow_{'t_h' if prefix else 'kg_s'}", sense * found.flow), ("velocity_m_s", sense * speed),
            ("friction_pa_m", friction), ("loss_kpa", sense * found.drop),
        ):  # fmt: skip
            kept[f"{prefix}{column}"][:, side.pipes] = np.where(shown, values, np.nan).T
            for ring in side.rings.tolist():
                still = np.array([ring not in out for out in self.scenarios.pipes_out])
                still &= True if mask is None else mask[network.pipes.start[ring]]
                kept[f"{prefix}{column}"][:, ring] = np.where(still, 0.0, np.nan)

    def _keep_stations(self, load: Array, flow: Array, *heads: Array) -> None:
        if "stations" in self.outcome.kept:
            names = ("load_kw", "flow_t_h", "sup_head_m", "ret_head_m", "available_head_m", "surplus_head_m")
            for name, values in zip(names, (load, flow, *heads), strict=True):
                self.outcome.kept["stations"][name][:] = np.where(self.joined, values, np.nan).T


def _temperature(given: float, common: float, own: Array, option: float | None) -> float:
    """Temperature [K] of the water: a scenario's, else the sources', else the stations', else the option."""
    if not np.isnan(given):
        return given
    if not np.isnan(common):
        return common
    own = own[~np.isnan(own)]
    if len(own):
        return float(own.mean())
    return np.nan if option is None else option + 273.15


def _alike(pairs: Array) -> list[Index]:
    """Lanes with the same pair of temperatures."""
    _, group = np.unique(np.nan_to_num(pairs, nan=-1.0), axis=0, return_inverse=True)
    group = group.ravel()
    return [np.flatnonzero(group == g) for g in range(group.max() + 1)]


def _leaving(side: LaneSide, found: LaneSolution, node: int) -> Array:
    """Flow that leaves a node through the pipes of a side, in each lane."""
    lanes = side.lanes
    out, into = np.flatnonzero(lanes.edge_start == node), np.flatnonzero(lanes.edge_end == node)
    return edge_flow(lanes, found, out).sum(axis=0) - edge_flow(lanes, found, into).sum(axis=0)
