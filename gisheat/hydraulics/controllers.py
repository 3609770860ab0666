"""Valves and pumps that hold a pressure: each adds a loss y >= 0 until what it guards is right, or has nothing to do.

A pressure-reducing valve guards the pressure behind it, a sustaining one that before it, a differential-pressure
controller the difference between supply and return behind it; a pump or source that holds a head runs at full
speed less y. With all y given the network is one convex problem; y follows from complementarity.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gisheat.equations import Circuit, LinkLaw, Problem, Side, State
from gisheat.errors import ConvergenceError, TopologyError
from gisheat.hydraulics.assembly import Limits
from gisheat.hydraulics.sources import open_links
from gisheat.network import Array, Index, Mask, Network
from gisheat.network.arrays import (
    CONTROLLING,
    DIFFERENTIAL,
    PROPORTIONAL,
    PUMP,
    REDUCING,
    SUSTAINING,
    VALVE,
    VALVE_KINDS,
    WORST_STATION,
)
from gisheat.numerics.complementarity import Evaluation, solve_complementarity
from gisheat.numerics.incidence import reachable
from gisheat.physics.pumps import curve_head, fit_curve
from gisheat.results import Conditions

LARGEST_LOSS = 2e7
"""Loss [Pa] that a valve can add at most: it is shut long before."""
LARGEST_STEP = 2e6
"""No loss changes by more [Pa] in one step."""
WITHIN = 1.0
"""What is guarded may be off by this [Pa]."""


class Controller(NamedTuple):
    """One link that guards something: e = constant + weights . P + flow_weight q must not fall below zero."""

    link: int
    vertices: Index
    weights: Array
    constant: float
    flow_weight: float = 0.0
    stations: tuple[Index, Index, Array] | None = None
    """Vertices above and below each station and what to take off [Pa]: e is minus the least difference."""
    most: float = LARGEST_LOSS


def find_controllers(network: Network, circuit: Circuit, sides: tuple[Side, ...], at: Conditions) -> list[Controller]:
    """Controllers of the valves and booster pumps of a circuit."""
    found = []
    for side in sides:
        links, rows = circuit.of(VALVE, side.code)
        acts = network.valves.in_supply if side.code == 0 else network.valves.in_return
        for link, row in zip(links.tolist(), rows.tolist(), strict=True):
            kind = network.valves.kind[row]
            if kind in CONTROLLING and network.valves.in_service[row] and (acts[row] or not network.two_pipe):
                found.append(_valve(network, circuit, sides, side, link, row, at))
        links, rows = circuit.of(PUMP, side.code)
        pumped = network.pumps.in_supply if side.code == 0 else network.pumps.in_return
        for link, row in zip(links.tolist(), rows.tolist(), strict=True):
            control = network.pumps.control[row]
            acting = network.pumps.in_service[row] and (pumped[row] or not network.two_pipe)
            if acting and control == PROPORTIONAL:
                found.append(_proportional(network, circuit, side, link, row, at))
            elif acting and control == WORST_STATION:
                found.append(worst_station(network, sides, link, at, behind=_behind(network, side.code, row)))
    return found


def _valve(
    network: Network, circuit: Circuit, sides: tuple[Side, ...], side: Side, link: int, row: int, at: Conditions
) -> Controller:
    valves, count = network.valves, len(network.nodes)
    kind, setting = int(valves.kind[row]), float(valves.pressure_setting[row])
    if np.isnan(setting):
        raise TopologyError(f"valve {valves.id[row]!r}: a {VALVE_KINDS[kind]} valve needs its setting_kpa.")
    start, end = int(circuit.start[link]), int(circuit.end[link])
    weight = side.water.density * at.gravity

    def column(vertex: int) -> float:
        return weight * float(network.nodes.ground[vertex % count])

    if kind == REDUCING:
        return Controller(link, np.array([end]), np.array([-1.0]), setting + column(end))
    if kind == SUSTAINING:
        return Controller(link, np.array([start]), np.array([1.0]), -setting - column(start))
    assert kind == DIFFERENTIAL
    if len(sides) < 2:
        raise TopologyError(f"valve {valves.id[row]!r}: a differential-pressure valve needs a supply and a return.")
    node = (end if side.code == 0 else start) % count
    above, below = node + sides[0].first, node + sides[1].first
    unequal = at.gravity * (sides[0].water.density - sides[1].water.density) * float(network.nodes.ground[node])
    return Controller(link, np.array([above, below]), np.array([-1.0, 1.0]), setting + unequal)


def _proportional(network: Network, circuit: Circuit, side: Side, link: int, row: int, at: Conditions) -> Controller:
    """From half the setpoint at rest to the setpoint where the full-speed curve meets it."""
    pumps = network.pumps
    setpoint, weight = float(pumps.setpoint[row]), side.water.density * at.gravity
    curve = fit_curve(pumps.curve[row], float(pumps.speed[row]), float(pumps.count[row]))
    low, high = 0.0, 4.0 * float(pumps.curve[row][-1, 0] * pumps.speed[row] * pumps.count[row]) + 1e-9

    def spare(volume: float) -> float:
        """How much more than the setpoint the pump would give [Pa]; falls with the flow."""
        return float(curve_head(curve, np.array([volume]))[0][0]) * weight - setpoint

    if spare(low) <= 0.0 or spare(high) > 0.0:
        raise TopologyError(f"pump {pumps.id[row]!r}: its curve does not cross its setpoint_kpa.")
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if spare(middle) > 0.0 else (low, middle)
    full = low * side.water.density
    ends = np.array([int(circuit.end[link]), int(circuit.start[link])])
    return Controller(link, ends, np.array([-1.0, 1.0]), 0.5 * setpoint, 0.5 * setpoint / full)


def _behind(network: Network, side: int, pump: int) -> Mask:
    """Stations that water reaches through a booster pump alone; all of them where it stands in a ring."""
    pumps, stations, sources = network.pumps, network.stations, network.sources
    without = replace(network, pumps=replace(pumps, running=pumps.running & (np.arange(len(pumps)) != pump)))
    start, end = open_links(without, supply=side == 0)
    roots = (sources.supply_node if side == 0 else sources.return_node)[sources.in_service]
    at = stations.supply_node if side == 0 else stations.return_node
    behind = ~reachable(start, end, len(network.nodes), roots)[at] & stations.in_service
    return behind if behind.any() else stations.in_service


def worst_station(
    network: Network, sides: tuple[Side, ...], link: int, at: Conditions, reserve: float = 0.0,
    behind: Mask | None = None,
) -> Controller:  # fmt: skip
    """A pump that gives the worst station (of those `behind` it) just what it requires, and a reserve [m]."""
    stations, ground = network.stations, network.nodes.ground
    on = np.flatnonzero(stations.in_service if behind is None else behind)
    above, below = stations.supply_node[on], stations.return_node[on]
    unequal = at.gravity * (sides[0].water.density * ground[above] - sides[-1].water.density * ground[below])
    needed = (stations.required_head[on] + reserve) * at.mean.density * at.gravity
    return Controller(
        link, np.zeros(0, np.int64), np.zeros(0), 0.0,
        stations=(above + sides[0].first, below + sides[-1].first, unequal + needed),
    )  # fmt: skip


class Controlled(NamedTuple):
    """A solution in which what is guarded is right, as far as it can be."""

    state: State
    throttled: Mask
    """Valves that add a loss, shape (valves,)."""
    unheld: Mask
    """Valves that are shut, or can add no more, and still miss what they guard, shape (valves,)."""
    iterations: int
    """Of all the solves that this took."""


def guarded_vertices(controllers: list[Controller]) -> Index:
    """Vertices that controllers look at."""
    seen = [c.vertices for c in controllers] + [v for c in controllers if c.stations for v in c.stations[:2]]
    return np.unique(np.concatenate(seen)) if seen else np.zeros(0, np.int64)


def solve_controlled(network: Network, problem: Problem, controllers: list[Controller], limits: Limits) -> Controlled:
    """Solution of a circuit with controllers.

    Raises
    ------
    ConvergenceError
        If what is guarded can't be made right; the message names the controllers that are farthest off.
    """
    guarding = _Guarding(problem, controllers, limits)
    throttled, unheld = np.zeros((2, len(network.valves)), bool)
    if not controllers:
        state = guarding.solve(np.zeros(0), None)
        return Controlled(state, throttled, unheld, guarding.iterations)
    most = np.array([c.most for c in controllers])
    found, left = solve_complementarity(
        guarding.evaluate, guarding.derivative, most, largest_step=LARGEST_STEP, tolerance=WITHIN
    )
    circuit, links = problem.circuit, guarding.links
    if left > WITHIN:
        missed = np.abs(np.minimum(found.y, found.excess))
        worst = ", ".join(circuit.describe(network, int(links[i])) for i in np.argsort(-missed)[:3])
        raise ConvergenceError(
            f"no state was found in which {worst} hold what they are set to (off by up to {left / 1e3:.3g} kPa):"
            " they fight each other, or their settings can't be held together; free one of them."
        )
    stuck = np.flatnonzero((found.y >= most) & ~found.shut)
    if len(stuck):
        raise ConvergenceError(
            f"{circuit.describe(network, int(links[stuck[0]]))} can't hold what it is set to: what is taken behind it"
            " has to pass it; change its setting, or free it."
        )
    is_valve = circuit.kind[links] == VALVE
    throttled[circuit.row[links[is_valve & (found.y > WITHIN)]]] = True
    unheld[circuit.row[links[is_valve & (found.excess < -WITHIN)]]] = True
    return Controlled(found.solution, throttled, unheld, guarding.iterations)


class _Guarding:
    """A circuit whose controllers add given losses [Pa]: what they guard then, and how it answers to them."""

    def __init__(self, problem: Problem, controllers: list[Controller], limits: Limits) -> None:
        self._problem, self._controllers, self._limits = problem, controllers, limits
        circuit = problem.circuit
        self.iterations = 0
        self.links = np.array([c.link for c in controllers], np.int64)
        place = np.full(len(circuit.start), -1, np.int64)
        place[circuit.law.rows] = np.arange(len(circuit.law.rows))
        self._place = place[self.links]
        self._at_rest = circuit.law.elements.loss(np.zeros(len(circuit.law.rows)))[0][self._place]

    def _law(self, y: Array) -> LinkLaw:
        more = np.zeros(len(self._problem.circuit.law.rows))
        more[self._place] = y
        return self._problem.circuit.law.with_more(more)

    def solve(self, y: Array, first: Array | None) -> State:
        """Solution for given losses, from the flows of another one."""
        limits, problem = self._limits, self._problem
        state = problem.solve(
            tolerance=limits.tolerance, max_iterations=limits.max_iterations,
            progress=limits.tell(problem.circuit.name), law=self._law(y), first_flow=first,
        )  # fmt: skip
        self.iterations += len(state.history)
        return state

    def evaluate(self, y: Array, before: State | None) -> Evaluation[State]:
        """What is guarded, which links are shut, and with how little they would be."""
        try:
            state = self.solve(y, None if before is None else before.flow)
        except ConvergenceError:
            if before is None:
                raise
            state = self.solve(y, None)
        circuit = self._problem.circuit
        flow = np.nan_to_num(state.flow[self.links])
        guarded = zip(self._controllers, flow.tolist(), strict=True)
        excess = np.array([_excess(c, state.potential, q) for c, q in guarded])
        rest = 1e-9 * float(np.nanmax(np.abs(state.flow), initial=0.0)) + 1e-12
        between = state.potential[circuit.start[self.links]] - state.potential[circuit.end[self.links]]
        enough = np.clip(np.nan_to_num(between - self._at_rest), 0.0, y)
        return Evaluation(y, excess, enough, flow <= rest, state)

    def derivative(self, found: Evaluation[State]) -> Array:
        """Derivative of what is guarded by the losses, shape (controllers, controllers)."""
        state = found.solution
        at = np.nan_to_num(state.flow)
        potential, flow = self._problem.response(self._law(found.y), at, self.links)
        slopes = np.zeros((len(self.links), len(self.links)))
        for i, c in enumerate(self._controllers):
            if c.stations is not None:
                k = _worst(c, state.potential)
                slopes[i] = potential[:, c.stations[1][k]] - potential[:, c.stations[0][k]]
            else:
                slopes[i] = potential[:, c.vertices] @ c.weights + c.flow_weight * flow[:, i]
        return np.nan_to_num(slopes)


def _excess(controller: Controller, potential: Array, flow: float) -> float:
    if controller.stations is not None:
        above, below, least = controller.stations
        return -float(np.nanmin(potential[above] - potential[below] - least))
    value = controller.constant + float(controller.weights @ potential[controller.vertices])
    return value + controller.flow_weight * flow if np.isfinite(value) else 0.0


def _worst(controller: Controller, potential: Array) -> int:
    assert controller.stations is not None
    above, below, least = controller.stations
    return int(np.nanargmin(potential[above] - potential[below] - least))
