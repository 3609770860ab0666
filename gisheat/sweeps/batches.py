"""Scenarios solved in lanes: what `hydraulics.solve` does for one state, for many of them side by side.

Scenarios with the same sources in service have the same fixed heads and so the same `Setting`. Everything
else may differ from lane to lane: flows, waters, pipes out of service.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gisheat.hydraulics.conditions import ONE_PIPE_TEMPERATURE
from gisheat.hydraulics.heads import find_static_line
from gisheat.network import Array, Index, Mask
from gisheat.numerics.lanes import WIDTH, LaneSolution, edge_flow, sum_rows
from gisheat.physics.heat import heat_load, mass_flow
from gisheat.physics.lane_friction import extremes, lane_water
from gisheat.physics.pressure import pump_power
from gisheat.physics.water import Water
from gisheat.results import Conditions
from gisheat.sweeps.outcome import Outcome, no_outcome
from gisheat.sweeps.plan import Plan, Setting, start_flows
from gisheat.sweeps.scenarios import Scenarios
from gisheat.sweeps.sides import LaneSide, closed_pipes, reach, solve_side
from gisheat.sweeps.single import solve_all

LANES = WIDTH
"""Scenarios side by side."""


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
                supplied = np.ascontiguousarray(joined[:, full])  # sums depend on how arrays lie in memory
                part = _Lanes(plan, setting, scenarios.take(some[full]), supplied, masks, len(ready))
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


class _Densities(NamedTuple):
    """Density [kg/m3] of the waters of each lane, shape (lanes,)."""

    supply: Array
    back: Array
    mean: Array


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
            with np.errstate(all="ignore"):  # lanes that fail hold anything; they are solved again
                (self._one_pipe if self.setting.back is None else self._two_pipe)(at)
        return self.outcome, self.good

    def _waters(self) -> list[Conditions] | None:
        """Waters of the lanes; None when none has one. Lanes without one are told what is missing by their solves."""
        found = [self.plan.water(*self._temperatures(b)) for b in range(self.width)]
        known = [at for at in found if at is not None]
        self.good &= np.array([at is not None for at in found])
        return [known[0] if at is None else at for at in found] if known else None

    def _temperatures(self, lane: int) -> tuple[float, float]:
        """Temperatures [K] of supply and return in a lane, NaN where none is known."""
        scenarios, setting, options = self.scenarios, self.setting, self.plan.options
        hot, cold = float(scenarios.supply_temperature[lane]), float(scenarios.return_temperature[lane])
        if setting.back is None:
            option = options["supply_temp_c"]
            own = (ONE_PIPE_TEMPERATURE if option is None else option) + 273.15
            return (own, own) if np.isnan(hot) else (hot, hot)
        stations, joined = setting.network.stations, self.joined[:, lane]
        return (
            _temperature(hot, setting.hot, stations.supply_temperature[joined], options["supply_temp_c"]),
            _temperature(cold, setting.cold, stations.return_temperature[joined], options["return_temp_c"]),
        )

    # two pipes -------------------------------------------------------------------------------------------

    def _two_pipe(self, at: list[Conditions]) -> None:
        joined = self.joined
        flow, load = self._flows(at)
        unknown = (np.isnan(flow) & joined).any(axis=0)
        self.good &= ~unknown
        self._lose(flow, load)
        flow, load = np.where(joined & ~unknown, flow, 0.0), np.where(joined, load, 0.0)
        density = _Densities(*(np.array([getattr(a, n).density for a in at]) for n in ("supply", "back", "mean")))
        supply, delivered = self._supply(at, flow, density)
        back = self._return(at, flow, delivered, density)
        lift = self._stations(load, flow, density, supply, back)
        self._sources(delivered, lift, density, supply, back)
        for prefix, sign, found, own, up in (
            ("sup_", 1.0, supply, density.supply, lift), ("ret_", -1.0, back, density.back, 0.0 * lift),
        ):  # fmt: skip
            if "nodes" in self.outcome.kept:
                every = np.arange(len(self.setting.network.nodes))
                kept = self._head(found, own, density.mean, every) + up
                self.outcome.kept["nodes"][f"{prefix}head_m"][:] = kept.T
            self._keep_pipes(prefix, sign, found, own)

    def _supply(self, at: list[Conditions], flow: Array, density: _Densities) -> tuple[LaneSolution, Array]:
        """The supply side, and what each source delivers, shape (sources, lanes)."""
        setting, network, gravity = self.setting, self.setting.network, self.plan.options["gravity_m_s2"]
        sources, ground = network.sources, network.nodes.ground
        total = flow.sum(axis=0)
        delivered = setting.share[:, None] * total
        held = sources.supply_node[setting.held]
        place = [int(np.flatnonzero(held == node)[-1]) for node in setting.supply.fixed]
        above = np.nan_to_num(sources.supply_head[setting.held][place])[:, None]
        fixed = density.mean * gravity * above + density.supply * gravity * ground[setting.supply.fixed][:, None]
        demand = sum_rows(len(ground), (network.stations.supply_node, flow), (sources.supply_node, -delivered))
        there = demand[held]
        found = self._side(0, demand, fixed, [a.supply for a in at], total)
        for k, node, taken in zip(setting.held.tolist(), held.tolist(), there, strict=True):
            delivered[k] = _leaving(setting.supply, found, node) + taken
        return found, delivered

    def _return(self, at: list[Conditions], flow: Array, delivered: Array, density: _Densities) -> LaneSolution:
        setting, network, gravity = self.setting, self.setting.network, self.plan.options["gravity_m_s2"]
        sources, ground = network.sources, network.nodes.ground
        static = np.array([self._static_line(b, a) for b, a in enumerate(at)])
        foot = ground[sources.return_node[setting.regulating]]
        fixed = (density.mean * gravity * (static - foot) + density.back * gravity * foot)[None, :]
        taken = delivered.copy()
        taken[setting.regulating] = 0.0
        demand = sum_rows(len(ground), (sources.return_node, taken), (network.stations.return_node, -flow))
        return self._side(1, demand, fixed, [a.back for a in at], flow.sum(axis=0))

    def _head(self, found: LaneSolution, density: Array, mean: Array, node: Index) -> Array:
        """Heads [m of the reference water] at nodes, shape (nodes, lanes)."""
        gravity, level = self.plan.options["gravity_m_s2"], self.setting.network.nodes.ground[node][:, None]
        return (found.potential[node] - density * gravity * level) / (mean * gravity) + level

    def _stations(
        self, load: Array, flow: Array, density: _Densities, supply: LaneSolution, back: LaneSolution
    ) -> Array:
        """What the stations get; returns what is added to the heads of the supply [m], shape (lanes,)."""
        setting, joined, out = self.setting, self.joined, self.outcome
        stations, sources = setting.network.stations, setting.network.sources
        upper = self._head(supply, density.supply, density.mean, stations.supply_node)
        lower = self._head(back, density.back, density.mean, stations.return_node)
        available = np.where(joined, upper - lower, np.nan)
        required, lift = stations.required_head[:, None], np.zeros(self.width)
        if np.isnan(sources.supply_head[setting.held]).any():  # the pump head that is needed
            lift = np.where(joined, required - available, -np.inf).max(axis=0)
            lift = lift + sources.head_reserve[setting.regulating]
        available += lift
        surplus = available - required
        ranked = np.where(joined, surplus, np.inf)
        close = ranked <= ranked.min(axis=0) + 1e-9  # of equal ones the first by its name
        out.worst[:] = np.where(close, setting.rank[:, None], len(stations)).argmin(axis=0)
        out.least_surplus[:] = surplus[out.worst, np.arange(self.width)]
        out.heat_load[:] = load.sum(axis=0)
        self._keep_stations(load, flow, upper + lift, lower, available, surplus)
        return lift

    def _sources(
        self, delivered: Array, lift: Array, density: _Densities, supply: LaneSolution, back: LaneSolution
    ) -> None:
        sources, gravity, out = self.setting.network.sources, self.plan.options["gravity_m_s2"], self.outcome
        on = sources.in_service
        head = self._head(supply, density.supply, density.mean, sources.supply_node[on]) + lift
        head -= self._head(back, density.back, density.mean, sources.return_node[on])
        head += sources.plant_loss[on][:, None]
        of_return_water = head * (density.mean / density.back)
        power = pump_power(of_return_water, delivered[on], sources.pump_efficiency[on][:, None], gravity)
        out.flow[:] = delivered[on].sum(axis=0)
        out.pump_head[:] = head[int(np.flatnonzero(np.flatnonzero(on) == self.setting.regulating)[0])]
        out.pump_power[:] = np.maximum(power, 0.0).sum(axis=0)

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
            demand = np.ascontiguousarray(np.where(np.isnan(given), demand, given))
        self.outcome.lost_flow[:] = 0.0
        for b in np.flatnonzero(~self.joined.all(axis=0)).tolist():
            lost = np.flatnonzero(~self.joined[:, b] & (demand[:, b] != 0.0))
            self.outcome.lost[b], self.outcome.lost_flow[b] = lost, demand[lost, b].sum()
        demand *= self.joined
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

    def _side(self, number: int, demand: Array, fixed: Array, waters: list[Water], total: Array) -> LaneSolution:
        setting = self.setting
        side = setting.supply if number == 0 else setting.back
        assert side is not None
        water = lane_water(
            np.array([w.density for w in waters]), np.array([w.viscosity for w in waters]), side.chains.law
        )
        start = start_flows(side, setting.first[number], total)
        found = solve_side(
            side, water, demand=demand, fixed_potential=fixed, first_flow=start,
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
