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

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gisheat.catalogue import PipeSeries, RoleRule
from gisheat.network import BRANCH, CONNECTION, TRUNK, UNKNOWN_ROLE, Array, Index, Mask, Network, Text
from gisheat.numerics.incidence import bridges, components
from gisheat.physics.friction import specific_friction, velocity
from gisheat.results import Conditions, Results

MAX_PASSES = 12
LEAST_FRICTION = 5.0
"""Specific friction [Pa/m] that a pipe may have however little head a given pump leaves."""
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
    results = solve(bored(_first_rows(row, series) if len(todo) else row))
    if len(todo):
        on_loop = ~bridges(pipes.start, pipes.end, len(network.nodes))
        grow = functools.partial(_grow, bored, todo, row, solve=solve, series=series, first=results, on_loop=on_loop)
        _, _, results, first = grow(_limits(np.full(len(pipes), TRUNK), rules))
        limits, by_drop = _allowances(network, results, role, rules, unsized, valve_reserve)
        row, why, results, second = grow(limits)
        governed[todo] = np.where((why == BY_FRICTION) & by_drop[todo], BY_DROP, why)
        passes = first + second
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
    bored: Callable[[Index], Network], todo: Index, row: Index, limits: _Limits, *,
    solve: Callable[[Network], Results], series: PipeSeries, first: Results, on_loop: Mask,
) -> tuple[Index, Text, Results, int]:  # fmt: skip
    """Solve and choose until no size grows any more; rows, rules of the last choice, results, passes.

    `first` are the results with the sizes of `_first_rows`.
    """
    results = first
    roughness = results.network.pipes.roughness_for(results.conditions.law)
    governed = np.full(len(todo), SMALLEST, dtype=object)
    for count in range(1, MAX_PASSES + 1):
        flow = np.abs(np.nan_to_num(results.supply.flow[todo]))
        if results.back is not None:
            flow = np.maximum(flow, np.abs(np.nan_to_num(results.back.flow[todo])))
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
        if count == 1 or grown.any():
            results = solve(bored(row))
        if not grown.any() or not on_loop[todo].any():
            break
    return row, governed, results, count


def _first_rows(row: Index, series: PipeSeries) -> Index:
    """A middling size for pipes to start with, so that flows on loops are sensible."""
    return np.where(row >= 0, np.maximum(row, len(series) // 2), row)


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
    index, size = np.arange(count), np.abs(flow)
    waters = {conditions.supply, conditions.back}  # a pipe has one size on both sides

    def smooth(row: Index) -> Mask:
        bore, limit = series.inner_diameter[row], limits.friction[index, row]
        return np.logical_and.reduce([
            specific_friction(
                size, bore, roughness,
                density=water.density, viscosity=water.viscosity, law=conditions.law, gravity=conditions.gravity,
            ) <= limit
            for water in waters
        ])  # fmt: skip

    def slow(row: Index) -> Mask:
        bore, limit = series.inner_diameter[row], limits.velocity[index, row]
        return np.logical_and.reduce([velocity(size, bore, water.density) <= limit for water in waters])

    # friction and velocity fall from size to size, their limits do not: the first that fits is found by halving
    low, high = limits.smallest.copy(), np.full(count, sizes)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, sizes - 1)
        fits = smooth(middle) & slow(middle)
        high = np.where(fits & (low < high), middle, high)
        low = np.where(fits | (low >= high), low, middle + 1)
    found = low < sizes
    row = np.minimum(low, sizes - 1)
    why = np.where(smooth(np.maximum(row - 1, 0)), BY_VELOCITY, BY_FRICTION).astype(object)
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
    supply and return of what lies between the trunk node and the station. Where the pump head is still to be
    chosen it was chosen by the critical path, which keeps the economic limit; where it is given, whole paths
    share what it leaves.
    """
    pipes, stations = network.pipes, network.stations
    sides = _outward_sides(network, results)
    given = results.pump_head_given
    kept = np.zeros(len(pipes), bool) if given else (role == TRUNK) | _on_critical_paths(network, results, sides)
    free = unsized & ~kept
    limits = _limits(np.where(free, role, TRUNK), rules)
    scale = results.conditions.mean.density * results.conditions.gravity
    reserve = 0.0 if given else np.max(np.where(network.sources.in_service, network.sources.head_reserve, 0.0))
    length = pipes.length + pipes.equivalent_length
    at = np.flatnonzero(stations.in_service)
    left = -(stations.required_head[at] + valve_reserve + reserve) * scale
    ways = [_ways(network, side, kept, free, length) for side in sides]
    for side, way in zip(sides, ways, strict=True):
        node = side.station_node[at]
        left = left - way.loss[node] + side.sign * side.head[way.top[node]] * scale
    allowed = _share_out(ways, [side.station_node[at] for side in sides], left, free, length)
    # never below the economic limit when the pump is still to be chosen: it was chosen for that
    least = LEAST_FRICTION if given else rules[TRUNK].max_friction[None, :]
    bounded = np.where(np.isnan(allowed)[:, None], limits.friction, np.maximum(allowed[:, None], least))
    stricter = free & (bounded < limits.friction).any(axis=1)
    return _Limits(np.minimum(limits.friction, bounded), limits.velocity, limits.smallest), stricter


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways of one side from every node towards the source, as far as they are free; arrays of shape (nodes,)."""

    pipe: Index
    """Pipe that leads up, -1 where the way ends."""
    up: Index
    """Node that it leads to, the node itself where the way ends."""
    top: Index
    """Where the way ends."""
    length: Array
    """Length of the pipes to be sized on the way [m]."""
    loss: Array
    """Loss of the others on the way [Pa]."""


def _ways(network: Network, side: _Outward, kept: Mask, free: Mask, length: Array) -> _Ways:
    """Follow the feeding pipes up from all nodes at once: each round doubles the distance that is known."""
    pipes, node = network.pipes, np.arange(len(network.nodes))
    goes_on = (side.feeding >= 0) & ~kept[side.feeding]
    pipe = np.where(goes_on, side.feeding, -1)
    up = np.where(goes_on, pipes.start[pipe] + pipes.end[pipe] - node, node)
    own = np.where(goes_on & free[pipe], length[pipe], 0.0)
    loss = np.where(goes_on & ~free[pipe], side.loss[pipe], 0.0)
    top = up
    for _ in range(len(node).bit_length()):
        own, loss, top = own + own[top], loss + loss[top], top[top]
    return _Ways(pipe, up, top, own, loss)


def _share_out(ways: list[_Ways], nodes: list[Index], left: Array, free: Mask, length: Array) -> Array:
    """Specific friction [Pa/m] each pipe may have, NaN where nothing says: the least allowance first.

    A station's path are its ways on all sides (a pair counts twice); `left` is the pressure it has for them [Pa].
    Every node is settled once: then all pipes on its way up have their share, and what they spend is known.
    """
    metres = np.sum([way.length[node] for way, node in zip(ways, nodes, strict=True)], axis=0)
    some = np.flatnonzero(metres > 0.0)
    ties = [way.pipe[node][some] for way, node in zip(ways, nodes, strict=True)]
    order = some[np.lexsort((*reversed(ties), left[some] / metres[some]))]
    sides = [_Settling(way, free) for way in ways]
    allowed, metre = np.full(len(length), np.nan).tolist(), length.tolist()
    starts = zip(*(node[order].tolist() for node in nodes), strict=True)
    for start, rest in zip(starts, left[order].tolist(), strict=True):
        paths = [side.climb(node) for side, node in zip(sides, start, strict=True)]
        spent, unsettled = 0.0, []
        for side, path, node in zip(sides, paths, start, strict=True):
            spent += side.spent[side.up[path[-1]] if path else node]
            pipes = [side.pipe[n] for n in path if side.sized[n]]
            spent += sum(allowed[p] * metre[p] for p in pipes if allowed[p] == allowed[p])  # NaN is not itself
            unsettled += [p for p in pipes if allowed[p] != allowed[p]]
        if unsettled:
            share = max((rest - spent) / sum(metre[p] for p in unsettled), 0.0)
            for p in unsettled:
                allowed[p] = share
        for side, path in zip(sides, paths, strict=True):
            side.settle(path, allowed, metre)
    return np.array(allowed)


class _Settling:
    """Ways of one side while pipes get their shares: which nodes are settled, and what their ways spend [Pa]."""

    def __init__(self, way: _Ways, free: Mask) -> None:
        self.pipe, self.up = way.pipe.tolist(), way.up.tolist()
        self.sized = ((way.pipe >= 0) & free[way.pipe]).tolist()
        self.spent = [0.0] * len(self.pipe)
        self._settled = (way.pipe < 0).tolist()

    def climb(self, node: int) -> list[int]:
        """Nodes from this one up to the first settled one, without it."""
        path = []
        while not self._settled[node]:
            self._settled[node] = True
            path.append(node)
            node = self.up[node]
        return path

    def settle(self, path: list[int], allowed: list[float], metre: list[float]) -> None:
        """Add up what the ways of these nodes spend, now that all pipes on them have their shares."""
        for node in reversed(path):
            pipe = self.pipe[node]
            self.spent[node] = self.spent[self.up[node]] + (allowed[pipe] * metre[pipe] if self.sized[node] else 0.0)


@dataclass(frozen=True, slots=True)
class _Outward:
    """One side as seen from the sources: flows and losses positive away from them along each pipe.

    `flow` keeps its sign by the pipe's direction; `feeding` is for each node the pipe that brings the most, -1
    where none does; `sign` is 1 for the supply and -1 for the return, whose heads rise away from the source.
    """

    carries: Mask
    flow: Array
    loss: Array
    head: Array
    sign: float
    station_node: Index
    feeding: Index


def _outward_sides(network: Network, results: Results) -> list[_Outward]:
    pipes, stations = network.pipes, network.stations
    sides = []
    for side, sign, carries, node in (
        (results.supply, 1.0, pipes.in_supply, stations.supply_node),
        (results.back, -1.0, pipes.in_return, stations.return_node),
    ):
        if side is not None:
            flow = np.where(pipes.in_service & carries, sign * np.nan_to_num(side.flow), 0.0)
            loss = np.abs(np.nan_to_num(side.loss))
            feeding = _feeding_pipes(network, flow)
            sides.append(
                _Outward(carries & pipes.in_service, flow, loss, np.nan_to_num(side.head), sign, node, feeding)
            )
    return sides


def _feeding_pipes(network: Network, flow: Array) -> Index:
    """For each node the pipe that brings the most to it, -1 where none does."""
    pipes = network.pipes
    towards = np.where(flow >= 0.0, pipes.end, pipes.start)
    order = np.lexsort((np.arange(len(pipes)), np.abs(flow)))
    order = order[np.abs(flow[order]) > 0.0]
    best = np.full(len(network.nodes), -1, np.int64)
    best[towards[order]] = order
    return best


def _on_critical_paths(network: Network, results: Results, sides: list[_Outward]) -> Mask:
    """Pipes that feed the critical station, on either side."""
    pipes = network.pipes
    critical = np.zeros(len(pipes), bool)
    if results.critical is None:
        return critical
    for side in sides:
        node = int(side.station_node[results.critical.station])
        while side.feeding[node] >= 0 and not critical[side.feeding[node]]:
            pipe = int(side.feeding[node])
            critical[pipe] = True
            node = int(pipes.start[pipe] + pipes.end[pipe] - node)
        if pipes.in_return[critical].all() and pipes.in_supply[critical].all():
            break  # pairs: the return path is the same
    return critical


def _never_narrower(
    network: Network, results: Results, row: Index, governed: Text, unsized: Mask, series: PipeSeries
) -> tuple[Index, Text, Index]:
    """Widen unsized bridges to what they feed and unsized single rings to their widest; narrow existing pipes."""
    row, governed = row.copy(), governed.copy()
    bore = np.where(unsized, series.inner_diameter[row], network.pipes.inner_diameter)
    sides = _outward_sides(network, results)
    if (network.pipes.in_supply & network.pipes.in_return).all():
        sides = sides[:1]
    narrow = np.zeros(len(row), bool)
    for side in sides:
        edges = np.flatnonzero(side.carries)
        is_bridge = np.zeros(len(row), bool)
        is_bridge[edges] = bridges(network.pipes.start[edges], network.pipes.end[edges], len(network.nodes))
        for ring in _single_rings(network, ~is_bridge & (side.flow != 0.0)):
            members = ring[unsized[ring]]
            if len(members):
                widest = int(row[members].max())
                governed[members[row[members] < widest]] = RING
                row[members] = widest
                bore[members] = series.inner_diameter[widest]
        _widen_upstream(network, side, is_bridge, unsized, series, (row, governed, bore, narrow))
    return row, governed, np.flatnonzero(narrow)


def _widen_upstream(
    network: Network, side: _Outward, is_bridge: Mask, unsized: Mask, series: PipeSeries,
    sizes: tuple[Index, Text, Array, Mask],
) -> None:  # fmt: skip
    """From the ends of a side to its sources: no bridge narrower than what it feeds; changes `sizes` in place."""
    pipes = network.pipes
    row, governed, bore, narrow = sizes
    towards = np.where(side.flow >= 0.0, pipes.end, pipes.start)
    behind = np.where(side.flow >= 0.0, pipes.start, pipes.end)
    widest_fed = np.zeros(len(network.nodes))
    order = np.flatnonzero(is_bridge & (side.flow != 0.0))
    order = order[np.lexsort((order, side.sign * side.head[towards[order]]))]
    for i in order.tolist():
        need = widest_fed[towards[i]] * (1.0 - 1e-9)
        if bore[i] < need and unsized[i]:
            row[i] = min(int(np.searchsorted(series.inner_diameter, need)), len(series) - 1)
            bore[i], governed[i] = series.inner_diameter[row[i]], UPSTREAM
        elif bore[i] < need:
            narrow[i] = True
        widest_fed[behind[i]] = max(widest_fed[behind[i]], bore[i])


def _single_rings(network: Network, on_loop: Mask) -> list[Index]:
    """Blocks of pipes on loops that form exactly one ring."""
    pipes, count = network.pipes, len(network.nodes)
    edges = np.flatnonzero(on_loop)
    label = components(pipes.start[edges], pipes.end[edges], count)
    block = label[pipes.start[edges]]
    size = np.bincount(block, minlength=count)
    nodes = np.bincount(label[np.unique(np.concatenate([pipes.start[edges], pipes.end[edges]]))], minlength=count)
    by_block = np.split(edges[np.argsort(block, kind="stable")], np.cumsum(size)[:-1])
    return [by_block[number] for number in np.flatnonzero((size == nodes) & (size > 0)).tolist()]
