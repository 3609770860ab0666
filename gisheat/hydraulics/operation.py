"""Operation: pumps, valves and stations as they are, and the flows that follow; supply and return together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisheat.equations import Circuit, Problem, Side, build_circuit, refuse_islands
from gisheat.equations.circuit import Part
from gisheat.equations.parts import source_part, station_part
from gisheat.errors import TopologyError
from gisheat.hydraulics.assembly import (
    Limits,
    leaving,
    link_result,
    return_side,
    side_parts,
    side_result,
    source_result,
    supply_side,
)
from gisheat.hydraulics.controllers import (
    Controlled,
    Controller,
    find_controllers,
    guarded_vertices,
    solve_controlled,
    worst_station,
)
from gisheat.hydraulics.design import critical_path, solve_design
from gisheat.hydraulics.heads import find_static_line, potential_of
from gisheat.hydraulics.holding import solve_holding
from gisheat.hydraulics.sources import as_designed, follows_head, share_out
from gisheat.hydraulics.stations import loss_coefficients, station_result
from gisheat.network import Array, Index, Mask, Network
from gisheat.network.arrays import (
    CONSTANT_HEAD,
    CURVE,
    REQUIRED,
    SOURCE,
    STATION,
    TERMINAL_DIFFERENCE,
    VALVE_HELD,
    WORST_PUMPED,
)
from gisheat.numerics.incidence import sum_at
from gisheat.physics.pumps import PumpCurve, fit_curve
from gisheat.results import Conditions, Results

PLENTY = 3.0
"""A source that regulates, but has no curve, can lift so many times what it is likely to need, and 50 m."""


def solve_operation(
    network: Network, at: Conditions, flow: Array, load: Array, temperatures: tuple[Array, Array], limits: Limits,
    pump_efficiency: float,
) -> Results:  # fmt: skip
    """Solve supply and return together for design flows [kg/s] and loads [W] of the stations."""
    nodes, stations, sources = network.nodes, network.stations, network.sources
    count, gravity, total = len(nodes), at.gravity, float(flow.sum())
    above, below = supply_side(network, at), return_side(network, at, count)
    wanted = _Wanted(flow, load, temperatures, pump_efficiency)
    acting = _Acting(network, at, wanted, limits)
    follows = follows_head(network)
    losses = loss_coefficients(network, flow, at)
    coefficient = np.where(stations.control == VALVE_HELD, losses.open, losses.set)
    rows = np.flatnonzero(follows & (flow > 0.0) & np.isfinite(coefficient))
    most = np.where(stations.control[rows] == VALVE_HELD, flow[rows], np.inf)
    usual = max(total, 1e-3)
    parts = [
        *side_parts(network, (above, below), usual, gravity),
        station_part(network, above, below, rows, coefficient[rows], most, flow[rows], gravity),
        acting.part(above, below, usual),
    ]
    circuit = build_circuit(network, "network", (above, below), parts, at.law, gravity)
    held = np.where(follows, 0.0, flow)
    demand = (
        sum_at(stations.supply_node, held, 2 * count)
        - sum_at(stations.return_node + count, held, 2 * count)
        - sum_at(sources.supply_node, acting.given, 2 * count)
        + sum_at(sources.return_node + count, acting.given, 2 * count)
    )
    fixed, potential = acting.fixed(above, below)
    controllers = [
        *find_controllers(network, circuit, (above, below), at),
        *acting.controllers(circuit, (above, below)),
    ]
    if controllers:
        problem = Problem(network, circuit, demand, fixed, potential, guarded_vertices(controllers))
        _refuse_dry(network, circuit, ~problem.wet, flow)
        solved = solve_controlled(network, problem, controllers, limits)
    else:
        state = solve_holding(network, circuit, demand, fixed, potential, limits)
        _refuse_dry(network, circuit, np.isnan(state.potential), flow)
        nothing = np.zeros(len(network.valves), bool)
        solved = Controlled(state, nothing, nothing, len(state.history))
    return _results(network, at, circuit, solved, acting, wanted, demand, held)


def _refuse_dry(network: Network, circuit: Circuit, dry: Mask, flow: Array) -> None:
    """Raise when a station that is to take water, or a source, hangs together with no given head."""
    stations, sources, count = network.stations, network.sources, len(network.nodes)
    on = stations.in_service & (flow > 0.0)
    ends = np.concatenate([stations.supply_node[on], stations.return_node[on] + count])
    asked = np.zeros(len(dry), bool)
    asked[ends] = True
    refuse_islands(network, circuit, dry & asked)
    apart = sources.in_service & (dry[sources.supply_node] | dry[sources.return_node + count])
    if apart.any():
        raise TopologyError(
            f"source {sources.id[int(np.argmax(apart))]!r} hangs together with no source that holds the pressure:"
            " join it, look for closed valves and stopped pumps on the way, or take it out of service."
        )


class _Wanted(NamedTuple):
    """What the stations are designed for."""

    flow: Array
    """[kg/s]"""
    load: Array
    """[W]"""
    temperatures: tuple[Array, Array]
    pump_efficiency: float


class _Acting:
    """What each source does in operation."""

    def __init__(self, network: Network, at: Conditions, wanted: _Wanted, limits: Limits) -> None:
        self.network, self.at = network, at
        sources, flow = network.sources, wanted.flow
        self.shares = share_out(network, float(flow.sum()))
        self.static_line = find_static_line(network, self.shares.regulating, at)
        self.control = sources.pump_control.copy()
        self.control[(self.control == REQUIRED) & ~np.isnan(sources.supply_head)] = CONSTANT_HEAD
        running, first = np.flatnonzero(sources.in_service), self.shares.regulating
        gives = np.zeros(len(sources), bool)
        gives[running] = ~np.isnan(sources.flow_share[running]) | (self.control[running] == REQUIRED)
        gives[first] = False
        self.given = np.where(gives, self._given_flow(float(flow.sum())), 0.0)
        self.holds_head = self.control[first] == CONSTANT_HEAD
        linked = sources.in_service & ~gives
        if self.holds_head:
            linked[first] = False
            if np.isnan(sources.supply_head[first]):
                raise TopologyError(
                    f"source {sources.id[first]!r}: pump_control constant_head needs its supply_head_m."
                )
        self.rows: Index = np.flatnonzero(linked)
        self.design_flow = self._design_flows(float(flow.sum()))
        self._needed: float | None = None
        self._wanted, self._limits = wanted, limits

    def _given_flow(self, total: float) -> Array:
        sources = self.network.sources
        return np.where(np.isnan(sources.flow_share), self._design_flows(total), total * sources.flow_share)

    def _design_flows(self, total: float) -> Array:
        """Flow [kg/s] of each source at which its plant loses what is stated: by capacity, else equal shares."""
        sources = self.network.sources
        on = sources.in_service
        capacity = np.where(on & ~np.isnan(sources.capacity), sources.capacity, 0.0)
        weight = capacity if (capacity[on] > 0.0).all() else on.astype(float)
        return total * weight / weight.sum()

    def needed_difference(self) -> float:
        """Head difference [m] at the terminals of the regulating source that design flows need."""
        if self._needed is None:
            wanted = self._wanted
            design = solve_design(
                as_designed(self.network), self.at, wanted.flow, wanted.load, wanted.temperatures, self._limits,
                wanted.pump_efficiency,
            )  # fmt: skip
            assert design.source is not None
            i = self.shares.regulating
            self._needed = float(design.source.supply_head[i] - design.source.return_head[i])
        return self._needed

    def part(self, above: Side, below: Side, usual: float) -> Part:
        """The sources that are links."""
        network, at, sources = self.network, self.at, self.network.sources
        weight = at.mean.density * at.gravity
        difference, curves = np.zeros(len(self.rows)), list[PumpCurve | None]()
        for k, i in enumerate(self.rows.tolist()):
            curves.append(self._curve(i))
            if curves[-1] is None:
                difference[k] = weight * self._difference(i)
        plant = np.where(np.isin(self.control[self.rows], (CURVE, WORST_PUMPED)), sources.plant_loss[self.rows], 0.0)
        plant = np.where([c is None for c in curves], 0.0, plant)
        square = np.maximum(self.design_flow[self.rows], 1e-9) ** 2
        return source_part(
            network, above, below, self.rows, difference=difference, curve=curves,
            plant_coefficient=weight * plant / square, usual_flow=usual, gravity=at.gravity,
        )  # fmt: skip

    def _curve(self, i: int) -> PumpCurve | None:
        sources = self.network.sources
        if self.control[i] not in (CURVE, WORST_PUMPED):
            return None
        points = sources.curve[i]
        if points is None:
            if self.control[i] == CURVE:
                raise TopologyError(f"source {sources.id[i]!r}: pump_control curve needs its pump_curve.")
            return None
        return fit_curve(points, float(sources.pump_speed[i]), float(sources.pump_count[i]))

    def _difference(self, i: int) -> float:
        """Head difference [m] at the terminals of a source without a curve; the most it can give where it regulates."""
        sources, ground = self.network.sources, self.network.nodes.ground
        if self.control[i] == CONSTANT_HEAD:
            needed = sources.supply_head[i] + ground[sources.supply_node[i]] - self.static_line
            return PLENTY * abs(float(needed)) + 50.0
        if self.control[i] == TERMINAL_DIFFERENCE and not np.isnan(sources.terminal_difference[i]):
            return float(sources.terminal_difference[i])
        needed = self.needed_difference()
        if self.control[i] == WORST_PUMPED and not follows_head(self.network).any():
            return PLENTY * abs(needed) + 50.0  # flows are held: what guards a pressure may need more than the design
        return needed  # with flows that follow, a pump that regulates but has no curve gives this at most

    def fixed(self, above: Side, below: Side) -> tuple[Index, Array]:
        """Vertices with given potentials: the holding point, and the supply of a source that holds both."""
        sources, ground, first = self.network.sources, self.network.nodes.ground, self.shares.regulating
        back, up = int(sources.return_node[first]), int(sources.supply_node[first])
        vertices = [back + below.first]
        potential = [potential_of(np.array([self.static_line]), ground[[back]], self.at, below.water)]
        if self.holds_head:
            vertices.append(up + above.first)
            head = sources.supply_head[[first]] + ground[[up]]
            potential.append(potential_of(head, ground[[up]], self.at, above.water))
        return np.array(vertices, np.int64), np.concatenate(potential)

    def controllers(self, circuit: Circuit, sides: tuple[Side, Side]) -> list[Controller]:
        """Sources that hold a head or the worst station."""
        sources, ground = self.network.sources, self.network.nodes.ground
        found = []
        links, rows = circuit.of(SOURCE, 2)
        for link, i in zip(links.tolist(), rows.tolist(), strict=True):
            if self.control[i] == CONSTANT_HEAD:
                node = int(sources.supply_node[i])
                head = sources.supply_head[[i]] + ground[[node]]
                wanted = float(potential_of(head, ground[[node]], self.at, sides[0].water)[0])
                found.append(Controller(link, np.array([node + sides[0].first]), np.array([-1.0]), wanted))
            elif self.control[i] == WORST_PUMPED:
                reserve = float(sources.head_reserve[i])
                found.append(worst_station(self.network, sides, link, self.at, reserve))
        return found

    def plant_loss(self, delivered: Array) -> Array:
        """Loss inside the plants [m] at the flows [kg/s] delivered, by the square of the flow."""
        return self.network.sources.plant_loss * (delivered / np.maximum(self.design_flow, 1e-9)) ** 2


def _results(
    network: Network, at: Conditions, circuit: Circuit, solved: Controlled, acting: _Acting, wanted: _Wanted,
    demand: Array, held: Array,
) -> Results:  # fmt: skip
    state, sources, first = solved.state, network.sources, acting.shares.regulating
    flow = held.copy()
    links, rows = circuit.of(STATION, 2)
    flow[rows] = state.flow[links]
    delivered = acting.given.copy()
    links, rows = circuit.of(SOURCE, 2)
    delivered[rows] = np.nan_to_num(state.flow[links])
    if acting.holds_head:
        delivered[first] = leaving(circuit, state, demand)[sources.supply_node[first] + circuit.sides[0].first]
    supply, back = (side_result(network, circuit, state, side, at) for side in circuit.sides)
    station = station_result(
        network, at, flow=flow, design_flow=wanted.flow, load=wanted.load, supply_head=supply.head,
        return_head=back.head, heat_temperatures=wanted.temperatures, pump_efficiency=wanted.pump_efficiency,
    )  # fmt: skip
    plant = acting.plant_loss(delivered)
    source = source_result(network, delivered, supply.head, back.head, at, station, plant)
    return Results(
        network=network,
        conditions=at,
        supply=supply,
        back=back,
        static_line=acting.static_line,
        station=station,
        source=source,
        critical=critical_path(network, station, circuit, state),
        pump_head_given=True,
        iterations=solved.iterations,
        residuals={"network": state.history},
        links=link_result(network, [(circuit, state)]),
        throttled=solved.throttled,
        unheld=solved.unheld,
        operation=True,
    )
