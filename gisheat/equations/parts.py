"""Valves, booster pumps, stations and sources as links with their laws; see docs/components.md for the models."""

from __future__ import annotations

import numpy as np

from gisheat.equations.circuit import BETWEEN, RETURN, SUPPLY, Part, Side
from gisheat.errors import TopologyError
from gisheat.network import PUMP_CONTROLS, Array, Index, Network
from gisheat.network.arrays import (
    BYPASS,
    BYPASS_VALVE,
    CHECK,
    CONSTANT_DIFFERENCE,
    CONSTANT_SPEED,
    CONTROL,
    CONTROLLING,
    LIMITER,
    PROPORTIONAL,
    PUMP,
    SOURCE,
    STATION,
    VALVE,
    WORST_STATION,
)
from gisheat.physics.elements import plain_elements
from gisheat.physics.pumps import AT_REST, PumpCurve, curve_head, fit_curve
from gisheat.physics.valves import relative_capacity, valve_coefficient

FREE = 1e-6
"""Resistance [Pa s/kg] of what joins two nodes: 1 mPa at a ton a second, so that flows in rings of joints are known."""
DROOP = 1e-3
"""Least slope [Pa s/kg] of what makes a difference of pressure: 1 Pa at a ton a second, so that its flow is known."""
SHUT = 1e13
"""Slope [Pa s/kg] against the sense of pumps and check valves: 0.1 mg/s at ten bar."""
WALL = 1e9
"""Slope of the wall at a flow that is not to be passed, relative to the least wall pressure over that flow."""
LEAST_WALL = 1e4
"""Loss [Pa] at the wall that its slope is at least measured with."""
SMALL_FLOW = 1e-4
"""Share of the flow that a valve loses 10 kPa at, or of a station's design flow, below which the loss goes over into a
straight line: it has a slope at rest."""


def valve_part(network: Network, side: Side, usual_flow: float) -> Part:
    """Valves of one side; where a valve is not on the side or does not stand yet, its nodes are joined."""
    valves = network.valves
    on_side = valves.in_supply if side.code == SUPPLY else valves.in_return
    if not network.two_pipe:
        on_side = np.ones(len(valves), bool)
    acts = on_side & valves.in_service
    there = np.flatnonzero(~(acts & valves.shut) & (valves.kind != BYPASS_VALVE))
    acts, kind = acts[there], valves.kind[there]
    start, end = _ends(valves.start[there], valves.end[there], side)
    capacity = valves.kvs[there].copy()
    controls = kind == CONTROL
    capacity[controls] *= relative_capacity(valves.opening[there], valves.characteristic[there] == 1)[controls]
    known = acts & ~np.isnan(capacity)
    one_way = acts & np.isin(kind, (CHECK, *CONTROLLING))
    limit = np.where(acts & (kind == LIMITER), valves.flow_setting[there], np.inf)
    limit[np.isnan(limit)] = np.inf
    coefficient = np.where(known, valve_coefficient(np.where(known, capacity, 1.0), side.water.density), 0.0)
    at_wall = np.where(np.isinf(limit), 1.0, limit)
    law = plain_elements(
        len(there),
        linear=FREE,
        quadratic=coefficient,
        small_flow=SMALL_FLOW * np.sqrt(LEAST_WALL / np.where(coefficient > 0.0, coefficient, np.inf)),
        least=np.where(one_way, 0.0, -np.inf),
        most=limit,
        least_wall=SHUT,
        most_wall=WALL * np.maximum(coefficient * at_wall**2, LEAST_WALL) / np.maximum(at_wall, 1e-300),
    )
    first = np.minimum(np.full(len(there), usual_flow), 0.999 * limit)
    return Part(VALVE, side.code, there, start + side.first, end + side.first, law, first)


def bypass_part(network: Network, supply: Side, back: Side, gravity: float) -> Part:
    """Bypass valves: from supply to return, opening where the difference passes their setting."""
    valves, ground = network.valves, network.nodes.ground
    there = np.flatnonzero((valves.kind == BYPASS_VALVE) & valves.in_service & ~valves.shut)
    setting = np.nan_to_num(valves.pressure_setting[there])
    known = ~np.isnan(valves.kvs[there])
    coefficient = valve_coefficient(np.where(known, valves.kvs[there], 1.0), supply.water.density)
    law = plain_elements(
        len(there),
        offset=setting + _column(ground, valves.start[there], valves.end[there], supply, back, gravity),
        linear=DROOP,
        quadratic=np.where(known, coefficient, 0.0),
        small_flow=1e-6,
        least=0.0,
        least_wall=SHUT,
    )
    return Part(
        BYPASS, BETWEEN, there, valves.start[there] + supply.first, valves.end[there] + back.first, law,
        np.zeros(len(there)),
    )  # fmt: skip


def pump_part(network: Network, side: Side, usual_flow: float, gravity: float) -> Part:
    """Booster pumps of one side; a stopped one lets nothing through, one of the other side joins its nodes."""
    pumps = network.pumps
    on_side = pumps.in_supply if side.code == SUPPLY else pumps.in_return
    if not network.two_pipe:
        on_side = np.ones(len(pumps), bool)
    acts = on_side & pumps.in_service
    there = np.flatnonzero(~acts | (pumps.running & (pumps.speed > AT_REST)))
    acts = acts[there]
    start, end = _ends(pumps.start[there], pumps.end[there], side)
    weight = side.water.density * gravity
    curves = np.full(len(there), None, dtype=object)
    offset = np.zeros(len(there))
    for i in np.flatnonzero(acts).tolist():
        curves[i], offset[i] = _pump(network, int(there[i]), weight)
    law = plain_elements(
        len(there),
        offset=offset,
        linear=np.where(acts & (offset != 0.0), DROOP, FREE),
        least=np.where(acts, 0.0, -np.inf),
        least_wall=SHUT,
        head_scale=weight,
        volume=1.0 / side.water.density,
        curve=curves,
    )
    return Part(PUMP, side.code, there, start + side.first, end + side.first, law, np.full(len(there), usual_flow))


def _pump(network: Network, row: int, weight: float) -> tuple[PumpCurve | None, float]:
    """Curve of a running pump, or no curve and the offset [Pa] of a constant difference."""
    pumps = network.pumps
    points, setpoint = pumps.curve[row], float(pumps.setpoint[row])
    needs_curve = pumps.control[row] in (CONSTANT_SPEED, PROPORTIONAL, WORST_STATION)
    if points is None and (needs_curve or np.isnan(setpoint)):
        raise TopologyError(
            f"pump {pumps.id[row]!r} has {'no curve' if needs_curve else 'neither setpoint_kpa nor curve'}:"
            f" its control {PUMP_CONTROLS[pumps.control[row]]} needs one."
        )
    if pumps.control[row] == PROPORTIONAL and np.isnan(setpoint):
        raise TopologyError(
            f"pump {pumps.id[row]!r} has no setpoint_kpa: its control proportional_difference needs one."
        )
    if points is None:
        return None, -setpoint
    curve = fit_curve(points, float(pumps.speed[row]), float(pumps.count[row]))
    if pumps.control[row] == CONSTANT_DIFFERENCE and not np.isnan(setpoint):
        return _capped(curve, points, setpoint / weight, float(pumps.speed[row] * pumps.count[row])), 0.0
    return curve, 0.0


def _capped(curve: PumpCurve, points: Array, most: float, scale: float) -> PumpCurve:
    """A curve that is cut off at a head [m]: the speed goes down where the pump would give more."""
    flow = np.linspace(0.0, points[-1, 0] * scale, 40) if curve.points is None else curve.points[:, 0]
    head = curve_head(curve, flow)[0]
    if head[0] <= most:
        return curve
    below = np.flatnonzero(head < most)
    if not len(below):
        return PumpCurve(most, 0.0, 1.0, np.array([(0.0, most), (flow[-1], most)]))
    k = below[0]
    meets = flow[k - 1] + (head[k - 1] - most) / (head[k - 1] - head[k]) * (flow[k] - flow[k - 1])
    rest = np.column_stack([flow[k:], head[k:]])
    flat = [(0.0, most)] if meets <= 0.0 else [(0.0, most), (meets, most)]
    return PumpCurve(most, 0.0, 1.0, np.vstack([flat, rest[rest[:, 0] > meets]]))


def station_part(
    network: Network, supply: Side, back: Side, rows: Index, coefficient: Array, most: Array, usual: Array,
    gravity: float,
) -> Part:  # fmt: skip
    """Stations whose flow follows from their head.

    Parameters
    ----------
    rows : int array, shape (k,)
        Stations.
    coefficient : array, shape (k,)
        c of the loss c m |m| of exchanger, fittings and valve [Pa s2/kg2].
    most : array, shape (k,)
        Flow that the station takes at most [kg/s], inf where nothing holds it.
    usual : array, shape (k,)
        Design flow [kg/s].
    """
    stations, ground = network.stations, network.nodes.ground
    above, below = stations.supply_node[rows], stations.return_node[rows]
    at_wall = np.where(np.isinf(most), usual, most)
    law = plain_elements(
        len(rows),
        offset=_column(ground, above, below, supply, back, gravity),
        linear=FREE,
        quadratic=coefficient,
        small_flow=SMALL_FLOW * np.maximum(usual, 1e-6),
        most=most,
        most_wall=WALL * np.maximum(coefficient * at_wall**2, LEAST_WALL) / np.maximum(at_wall, 1e-9),
    )
    return Part(STATION, BETWEEN, rows, above + supply.first, below + back.first, law, 0.999 * at_wall)


def source_part(
    network: Network, supply: Side, back: Side, rows: Index, *, difference: Array, curve: list[PumpCurve | None],
    plant_coefficient: Array, usual_flow: float, gravity: float,
) -> Part:  # fmt: skip
    """Sources as pumps from return to supply.

    Parameters
    ----------
    rows : int array, shape (k,)
        Sources.
    difference : array, shape (k,)
        Pressure difference that the pumps add [Pa], beside their curve.
    curve : list of PumpCurve or None
        Curve of the pumps, with return water.
    plant_coefficient : array, shape (k,)
        c of the loss c m |m| inside the plant [Pa s2/kg2].
    """
    sources, ground = network.sources, network.nodes.ground
    above, below = sources.supply_node[rows], sources.return_node[rows]
    law = plain_elements(
        len(rows),
        offset=-difference - _column(ground, above, below, supply, back, gravity),
        linear=np.where([c is None for c in curve], DROOP, FREE),
        quadratic=plant_coefficient,
        small_flow=SMALL_FLOW * usual_flow,
        least=0.0,
        least_wall=SHUT,
        head_scale=back.water.density * gravity,
        volume=1.0 / back.water.density,
        curve=curve,
    )
    first = np.full(len(rows), usual_flow / max(len(rows), 1))
    return Part(SOURCE, BETWEEN, rows, below + back.first, above + supply.first, law, first)


def _ends(start: Index, end: Index, side: Side) -> tuple[Index, Index]:
    """On the return, elements act from end to start, as its water flows in an ordinary pair."""
    return (end, start) if side.code == RETURN else (start, end)


def _column(ground: Array, above: Index, below: Index, supply: Side, back: Side, gravity: float) -> Array:
    """Difference of piezometric pressures [Pa] where the gauge pressures of supply and return are equal."""
    return gravity * (supply.water.density * ground[above] - back.water.density * ground[below])
