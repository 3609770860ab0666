"""Mass and head balances recomputed from the flows alone: nothing of the solver is used.

Friction and losses are written again here in their textbook form (lambda L/d rho v2/2), so that a slip in the
solver's form would show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gisheat.network import Array
from gisheat.network.arrays import CHECK, CONSTANT_SPEED, CONTROL, ISOLATION, PUMP, VALVE
from gisheat.numerics.incidence import sum_at
from gisheat.physics.friction import friction_number, hazen_williams_scale
from gisheat.physics.pumps import curve_head, fit_curve
from gisheat.physics.valves import relative_capacity
from gisheat.physics.water import Water
from gisheat.results.model import Balance, SideResult

AT_REST = 1e-100
"""Velocity [m/s] below which squares are no numbers any more."""
LEAST_LOSS = 100.0
"""Loss [Pa] of a valve below which its straight line near rest would show."""

if TYPE_CHECKING:
    from gisheat.results.model import Results


def check_balance(results: Results) -> Balance:
    """Worst errors of mass at nodes and of head along pipes."""
    mass, drop, largest, span = [0.0], [0.0], 1e-300, 1e-300
    pipes, weight = results.network.pipes, results.conditions.mean.density * results.conditions.gravity
    for side, water, inflow in _sides(results):
        flow = np.nan_to_num(side.flow)
        balance = inflow.copy()
        np.subtract.at(balance, pipes.start, flow)
        np.add.at(balance, pipes.end, flow)
        inside = ~np.isnan(side.head)
        balance = balance[inside & ~np.isnan(inflow)]
        mass.append(float(np.abs(balance).max(initial=0.0)))
        largest = max(largest, float(np.abs(flow).max(initial=0.0)))
        expected = _textbook_drop(results, side, water)
        solved = ~np.isnan(side.loss)
        error = np.abs(expected - side.loss)[solved] / weight
        apart = np.abs(_head_difference(results, side, water) - expected)[solved] / weight
        drop.append(float(max(error.max(initial=0.0), apart.max(initial=0.0))))
        span = max(span, float(np.ptp(side.head[inside])) if inside.any() else 0.0)
    drop.append(_device_error(results) / weight)
    return Balance(max(mass), max(drop), max(mass) / largest, max(drop) / span)


def _device_error(results: Results) -> float:
    """Worst error [Pa] of the losses of open valves, by their Kv, and of the heads of pumps, by their curves.

    What throttles, what is shut and what hardly flows has no loss of its own to compare with.
    """
    links, network, at = results.links, results.network, results.conditions
    if links is None:
        return 0.0
    valves, pumps, errors = network.valves, network.pumps, [0.0]
    density = np.where((links.side == 0) | ~np.bool_(network.two_pipe), at.supply.density, at.back.density)
    on_side = np.where(links.side == 1, 1, 0)
    for k in np.flatnonzero((links.kind == VALVE) | (links.kind == PUMP)).tolist():
        row, q, rho = int(links.row[k]), float(np.nan_to_num(links.flow[k])), float(density[k])
        table = valves if links.kind[k] == VALVE else pumps
        acts = not network.two_pipe or (table.in_return[row] if on_side[k] else table.in_supply[row])
        if q <= 0.0 or not acts or not table.in_service[row]:
            continue
        if links.kind[k] == PUMP:
            if pumps.control[row] == CONSTANT_SPEED and pumps.curve[row] is not None:
                curve = fit_curve(pumps.curve[row], float(pumps.speed[row]), float(pumps.count[row]))
                head = float(curve_head(curve, np.array([q / rho]))[0][0])
                errors.append(abs(links.loss[k] + rho * at.gravity * head))
            continue
        kv = float(valves.kvs[row])
        if valves.kind[row] == CONTROL:
            kv *= float(relative_capacity(valves.opening[row], valves.characteristic[row] == 1))
        if valves.kind[row] in (ISOLATION, CONTROL, CHECK) and kv > 0.0:
            loss = 1e5 * rho / 1000.0 * (q / rho / kv) ** 2
            if loss > LEAST_LOSS:
                errors.append(abs(links.loss[k] - loss))
    return max(errors)


def _sides(results: Results) -> list[tuple[SideResult, Water, Array]]:
    """Sides with what enters their pipes at each node [kg/s]; NaN where that is not given but found."""
    network, count, conditions = results.network, len(results.network.nodes), results.conditions
    if results.back is None or results.station is None or results.source is None:
        inflow = np.where(np.isnan(network.nodes.fixed_head), -network.nodes.demand, np.nan)
        return [(results.supply, conditions.supply, inflow + _through_links(results, 0))]
    taken, given = np.nan_to_num(results.station.flow), np.nan_to_num(results.source.flow)
    stations, sources = network.stations, network.sources
    inflow = sum_at(sources.supply_node, given, count) - sum_at(stations.supply_node, taken, count)
    outflow = sum_at(stations.return_node, taken, count) - sum_at(sources.return_node, given, count)
    return [
        (results.supply, conditions.supply, inflow + _through_links(results, 0)),
        (results.back, conditions.back, outflow + _through_links(results, 1)),
    ]


def _through_links(results: Results, side: int) -> Array:
    """What valves and pumps bring to each node of a side [kg/s]."""
    links, count = results.links, len(results.network.nodes)
    if links is None:
        return np.zeros(count)
    flow = np.nan_to_num(links.flow)
    leaves = (links.side == side) | ((links.side == 2) & (side == 0))
    enters = (links.side == side) | ((links.side == 2) & (side == 1))
    return sum_at(links.end[enters], flow[enters], count) - sum_at(links.start[leaves], flow[leaves], count)


def _textbook_drop(results: Results, side: SideResult, water: Water) -> Array:
    pipes, law = results.network.pipes, results.conditions.law
    bore = pipes.inner_diameter
    speed = side.flow / (water.density * np.pi * bore**2 / 4.0)
    reynolds = np.abs(speed) * bore * water.density / water.viscosity
    if law == "hazen-williams":
        relative = hazen_williams_scale(
            pipes.roughness * 1e3, bore, water.viscosity / water.density, results.conditions.gravity
        )
    else:
        relative = pipes.roughness / bore
    with np.errstate(all="ignore"):
        factor = friction_number(np.nan_to_num(reynolds), relative, law)[0] / reynolds
        coefficient = factor * (pipes.length + pipes.equivalent_length) / bore + pipes.zeta
        return np.where(np.abs(speed) < AT_REST, 0.0, coefficient * water.density * speed * np.abs(speed) / 2.0)


def _head_difference(results: Results, side: SideResult, water: Water) -> Array:
    pipes, ground = results.network.pipes, results.network.nodes.ground
    potential = side.pressure + water.density * results.conditions.gravity * ground
    return potential[pipes.start] - potential[pipes.end]
