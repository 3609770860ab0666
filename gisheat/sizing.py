"""Sizing: bores of pipes that have none, by the rules of their role, with the rule that decided each.

1. Economic pass: every unsized pipe by the trunk's upper specific friction. The pump head that this takes
   (or the given supply head) is what branches may use.
2. Allowance pass: off the critical path, branches and connections may lose what is left between their
   trunk node and the station's required head plus the valve reserve, spread over their calculation
   length; the station with the least allowance first. The limits of the role bound it.
3. Never narrower upstream: on bridges no unsized pipe is narrower than what it feeds; a single ring gets
   one bore.

On loops the flows depend on the bores: passes are repeated and sizes only grow, so it ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gisheat.catalogue import PipeSeries, RoleRule
from gisheat.network import BRANCH, CONNECTION, TRUNK, UNKNOWN_ROLE, Array, Index, Mask, Network, Text
from gisheat.numerics.incidence import bridges, components
from gisheat.physics.friction import specific_friction, velocity
from gisheat.results import Conditions, Results

MAX_PASSES = 12
BY_FRICTION, BY_DROP, BY_VELOCITY = "specific friction", "allowable drop", "velocity"
SMALLEST, LARGEST, NO_FLOW = "smallest DN", "largest of the catalogue", "no flow"
UPSTREAM, RING, GIVEN = "never narrower upstream", "one bore in a ring", "given"


@dataclass(frozen=True, slots=True)
class Sizing:
    """A sized network; arrays of shape (pipes,)."""

    network: Network
    row: Index
    """Row of the series, -1 for pipes that had a bore."""
    governed_by: Text
    role: np.ndarray
    """Roles, the unknown ones deduced from what a pipe feeds."""
    narrow: Index
    """Existing pipes that are narrower than a pipe they feed."""
    passes: int


@dataclass(frozen=True, slots=True)
class _Limits:
    """Largest specific friction [Pa/m] and velocity [m/s] for each pipe and size, and the smallest row."""

    friction: Array
    velocity: Array
    smallest: Index


def size(
    network: Network, solve: Callable[[Network], Results], series: PipeSeries, rules: tuple[RoleRule, ...], *,
    valve_reserve: float = 2.0,
) -> Sizing:  # fmt: skip
    """Size the pipes in service that have no bore.

    Parameters
    ----------
    network : Network
        Loads of the phase that is sized for.
    solve : function
        Network with bores -> Results; heads, critical path and flows are taken from it.
    rules : tuple
        Sizing rules in the order of `network.ROLES`.
    valve_reserve : float
        Head kept for the control valve of every station [m].
    """
    pipes = network.pipes
    unsized = np.isnan(pipes.inner_diameter)
    todo = np.flatnonzero(unsized & pipes.in_service)
    governed = np.where(unsized, NO_FLOW, GIVEN).astype(object)
    row = np.where(unsized, rules[BRANCH].smallest, -1)
    role = _deduced_roles(network)

    def bored(rows: Index) -> Network:
        return network.with_bores(np.where(unsized, series.inner_diameter[rows], pipes.inner_diameter))

    passes = 0
    if len(todo):
        economic = _limits(np.full(len(pipes), TRUNK), rules)
        _, _, results, first = _grow(bored, todo, row, economic, solve, series, network)
        limits, by_drop = _allowances(network, results, role, rules, unsized, valve_reserve)
        row, why, results, second = _grow(bored, todo, row, limits, solve, series, network)
        governed[todo] = np.where((why == BY_FRICTION) & by_drop[todo], BY_DROP, why)
        passes = first + second
    else:
        results = solve(bored(row))
    row, governed, narrow = _never_narrower(network, results, row, governed, unsized, series)
    return Sizing(bored(row), row, governed, role, narrow, passes)


def _deduced_roles(network: Network) -> np.ndarray:
    """Roles with the unknown ones taken as connection where a pipe ends at a station's loose end, else branch."""
    pipes, count = network.pipes, len(network.nodes)
    degree = np.bincount(np.concatenate([pipes.start, pipes.end]), minlength=count)
    station = np.zeros(count, bool)
    station[network.stations.supply_node] = True
    last = (station & (degree == 1))[pipes.start] | (station & (degree == 1))[pipes.end]
    return np.where(pipes.role == UNKNOWN_ROLE, np.where(last, CONNECTION, BRANCH), pipes.role)


def _limits(role: np.ndarray, rules: tuple[RoleRule, ...]) -> _Limits:
    friction, speed = (np.stack([getattr(r, name) for r in rules])[role] for name in ("max_friction", "max_velocity"))
    return _Limits(friction, speed, np.array([r.smallest for r in rules])[role])


def _grow(
    bored: Callable[[Index], Network], todo: Index, row: Index, limits: _Limits, solve: Callable[[Network], Results],
    series: PipeSeries, network: Network,
) -> tuple[Index, Text, Results, int]:  # fmt: skip
    """Solve and choose until no size grows any more; rows, rules of the last choice, results, passes."""
    on_loop = ~bridges(network.pipes.start, network.pipes.end, len(network.nodes))
    results = solve(bored(_first_rows(row, series)))
    roughness = network.pipes.roughness_for(results.conditions.law)
    governed = np.full(len(todo), SMALLEST, dtype=object)
    for count in range(1, MAX_PASSES + 1):
        flow = np.nan_to_num(results.supply.flow[todo])
        flow = np.where(network.pipes.in_supply[todo], flow, np.nan_to_num(_return_flow(results)[todo]))
        chosen, why = choose(
            flow,
            roughness[todo],
            _Limits(limits.friction[todo], limits.velocity[todo], limits.smallest[todo]),
            series,
            results.conditions,
        )
        grown = chosen > row[todo]
        governed[grown | (count == 1)] = why[grown | (count == 1)]
        row = row.copy()
        row[todo] = np.maximum(row[todo], chosen)
        results = solve(bored(row))
        if not grown.any() or not on_loop[todo].any():
            break
    return row, governed, results, count


def _first_rows(row: Index, series: PipeSeries) -> Index:
    """A middling size for pipes to start with, so that flows on loops are sensible."""
    return np.where(row >= 0, np.maximum(row, len(series) // 2), row)


def _return_flow(results: Results) -> Array:
    return results.supply.flow if results.back is None else results.back.flow


def choose(
    flow: Array, roughness: Array, limits: _Limits, series: PipeSeries, conditions: Conditions
) -> tuple[Index, Text]:
    """Smallest size with specific friction and velocity within the limits, and which rule decided.

    Parameters
    ----------
    flow, roughness : arrays, shape (n,)
        Mass flow [kg/s] and roughness as the friction law wants it.
    limits : _Limits
        Arrays of shape (n, sizes), (n, sizes) and (n,).
    """
    count, sizes = len(flow), len(series)
    bore = np.tile(series.inner_diameter, count)
    many = np.repeat(np.abs(flow), sizes)
    smooth, slow = np.ones((2, count, sizes), bool)
    for water in {conditions.supply, conditions.back}:  # a pipe has one size on both sides
        friction = specific_friction(
            many, bore, np.repeat(roughness, sizes),
            density=water.density, viscosity=water.viscosity, law=conditions.law, gravity=conditions.gravity,
        )  # fmt: skip
        smooth &= friction.reshape(count, sizes) <= limits.friction
        slow &= velocity(many, bore, water.density).reshape(count, sizes) <= limits.velocity
    fits = (np.arange(sizes)[None, :] >= limits.smallest[:, None]) & smooth & slow
    found = fits.any(axis=1)
    row = np.where(found, fits.argmax(axis=1), sizes - 1)
    below, index = np.maximum(row - 1, 0), np.arange(count)
    why = np.where(smooth[index, below], BY_VELOCITY, BY_FRICTION).astype(object)
    why[row == limits.smallest] = SMALLEST
    why[flow == 0.0] = NO_FLOW
    why[~found] = LARGEST
    return row, why


def _allowances(
    network: Network, results: Results, role: np.ndarray, rules: tuple[RoleRule, ...],
    unsized: Mask, valve_reserve: float,
) -> tuple[_Limits, Mask]:  # fmt: skip
    """Limits of the second pass, and for which pipes the allowable drop is the stricter one.

    R_allow = (available at the trunk node - required - valve reserve) / (2 (1 + alpha) L): the head left for
    supply and return of what lies between the trunk node and the station.
    """
    pipes, stations = network.pipes, network.stations
    critical = np.zeros(len(pipes), bool)
    if results.critical is not None:
        critical[results.critical.pipes] = True
    free = unsized & ~critical & (role != TRUNK)
    limits = _limits(np.where(free, role, TRUNK), rules)
    scale = results.conditions.mean.density * results.conditions.gravity
    back = results.back if results.back is not None else results.supply
    available = results.supply.head - back.head
    if not results.pump_head_given:  # the reserve of the pump is not for the branches
        available = available - np.nanmax(np.where(network.sources.in_service, network.sources.head_reserve, 0.0))
    length = pipes.length + pipes.equivalent_length
    loss = np.abs(np.nan_to_num(results.supply.loss)) + np.abs(np.nan_to_num(back.loss))
    upstream = _upstream_edges(network, results)
    paths = []
    for i in np.flatnonzero(stations.in_service).tolist():
        path, known, node = [], 0.0, int(stations.supply_node[i])
        while upstream[node] >= 0 and (not critical[upstream[node]]) and role[upstream[node]] != TRUNK:
            pipe = int(upstream[node])
            if free[pipe]:
                path.append(pipe)
            else:
                known += float(loss[pipe])
            node = int(pipes.start[pipe] + pipes.end[pipe] - node)
        if path:
            head = (available[node] - stations.required_head[i] - valve_reserve) * scale - known
            paths.append((head / (2.0 * length[path].sum()), path, head))
    allowed = np.full(len(pipes), np.nan)
    for _, path, head in sorted(paths, key=lambda item: (item[0], item[1])):
        open_ = [p for p in path if np.isnan(allowed[p])]
        if open_:
            spent = 2.0 * sum(allowed[p] * length[p] for p in path if not np.isnan(allowed[p]))
            allowed[open_] = max((head - spent) / (2.0 * float(length[open_].sum())), 0.0)
    # never below the economic limit when the pump is still to be chosen: it was chosen for that
    economic = rules[TRUNK].max_friction[None, :]
    least = 5.0 if results.pump_head_given else economic
    bounded = np.where(np.isnan(allowed)[:, None], limits.friction, np.maximum(allowed[:, None], least))
    stricter = free & (bounded < limits.friction).any(axis=1)
    return _Limits(np.minimum(limits.friction, bounded), limits.velocity, limits.smallest), stricter


def _upstream_edges(network: Network, results: Results) -> Index:
    """For each node the pipe that brings the most to it on the supply, -1 where none does."""
    pipes = network.pipes
    flow = np.nan_to_num(results.supply.flow)
    towards = np.where(flow >= 0.0, pipes.end, pipes.start)
    order = np.lexsort((np.arange(len(pipes)), np.abs(flow)))
    order = order[np.abs(flow[order]) > 0.0]
    best = np.full(len(network.nodes), -1, np.int64)
    best[towards[order]] = order
    return best


def _never_narrower(
    network: Network, results: Results, row: Index, governed: Text, unsized: Mask, series: PipeSeries
) -> tuple[Index, Text, Index]:
    """Widen unsized bridges to what they feed and unsized single rings to their widest; narrow existing pipes."""
    pipes, count = network.pipes, len(network.nodes)
    bore = np.where(unsized, series.inner_diameter[row], pipes.inner_diameter)
    row, governed = row.copy(), governed.copy()
    is_bridge = bridges(pipes.start, pipes.end, count)
    flow = np.where(pipes.in_service, np.nan_to_num(results.supply.flow), 0.0)
    carrying = np.abs(flow) > 0.0
    for ring in _single_rings(network, ~is_bridge & carrying):
        members = ring[unsized[ring]]
        if len(members):
            widest = int(row[members].max())
            governed[members[row[members] < widest]] = RING
            row[members] = widest
            bore[members] = series.inner_diameter[widest]
    head = np.nan_to_num(results.supply.head, nan=-np.inf)
    towards = np.where(flow >= 0.0, pipes.end, pipes.start)
    behind = np.where(flow >= 0.0, pipes.start, pipes.end)
    widest_fed = np.zeros(count)
    narrow = []
    order = np.flatnonzero(carrying)
    order = order[np.lexsort((order, head[towards[order]]))]  # from the ends of the flow to the sources
    for i in order.tolist():
        need = widest_fed[towards[i]] if is_bridge[i] else 0.0
        if bore[i] < need * (1.0 - 1e-9):
            if unsized[i]:
                row[i] = min(int(np.searchsorted(series.inner_diameter, need * (1.0 - 1e-9))), len(series) - 1)
                bore[i], governed[i] = series.inner_diameter[row[i]], UPSTREAM
            else:
                narrow.append(i)
        if is_bridge[i]:
            widest_fed[behind[i]] = max(widest_fed[behind[i]], bore[i])
    return row, governed, np.array(narrow, np.int64)


def _single_rings(network: Network, on_loop: Mask) -> list[Index]:
    """Blocks of pipes on loops that form exactly one ring."""
    pipes, count = network.pipes, len(network.nodes)
    edges = np.flatnonzero(on_loop)
    label = components(pipes.start[edges], pipes.end[edges], count)
    block = label[pipes.start[edges]]
    rings = []
    for number in np.unique(block):
        members = edges[block == number]
        nodes = np.unique(np.concatenate([pipes.start[members], pipes.end[members]]))
        if len(members) == len(nodes):
            rings.append(members)
    return rings
