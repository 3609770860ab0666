"""The checks of a pressure diagram over the whole network, each one finding with the worst place and their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import geopandas as gpd
import numpy as np

from gisheat.findings import Finding, findings_about, points_of
from gisheat.network import Array, Text
from gisheat.network.arrays import CURVE, PUMP
from gisheat.physics.pressure import air_pressure, pressure
from gisheat.physics.pumps import curve_head, fit_curve
from gisheat.physics.water import saturation_pressure, water
from gisheat.pressure_limits import PressureLimits, boiling_pressure, user_limit_heads
from gisheat.results import Results, SideResult
from gisheat.topology import Drawing

TOLERANCE = 0.1
"""Pressure [Pa] by which a limit may be missed: rounding."""
COLD = 283.15
"""Temperature [K] of a network that is filled and not heated yet."""
NEGATIVE = "raise static_head_m, or look at the ground heights"
STATIC_UP = "raise static_head_m"


def check_pressures(drawing: Drawing, results: Results, limits: PressureLimits) -> list[Finding]:
    """Findings on boiling, least and largest pressures, emptying, the static line and the suction of pumps.

    Running and at rest. Whether stations have the head they need is said elsewhere (`not-served`).
    """
    if results.back is None:
        return []
    return [
        *_running(drawing, results, limits),
        *_static(drawing, results, limits),
        *_classes(drawing, results, limits),
        *_users(drawing, results, limits),
        *_suction(drawing, results, limits),
    ]


def static_pressure(results: Results) -> Array:
    """Gauge pressure with the pumps at rest and the water as warm as in the design [Pa], NaN where there is none."""
    ground, at = results.network.nodes.ground, results.conditions
    assert results.back is not None
    reached = ~(np.isnan(results.supply.head) & np.isnan(results.back.head))
    return np.where(reached, pressure(results.static_line, ground, at.mean.density, at.gravity), np.nan)


def cold_pressure(results: Results) -> Array:
    """Static gauge pressure of a cold network [Pa], held at the same pressure where it is held."""
    ground, at, sources = results.network.nodes.ground, results.conditions, results.network.sources
    running = np.flatnonzero(sources.in_service)
    holding = running[sources.pressure_holding[running]]
    height = float(ground[sources.return_node[(holding if len(holding) else running)[0]]])
    held = (results.static_line - height) * at.mean.density * at.gravity
    cold = max(water(COLD).density, at.mean.density)
    return np.where(np.isnan(static_pressure(results)), np.nan, held + cold * at.gravity * (height - ground))


def shut_off_pressure(results: Results) -> Array:
    """Gauge pressure of the supply when the pumps of the sources run against closed valves [Pa]; NaN without curves."""
    sources, at = results.network.sources, results.conditions
    known = np.flatnonzero(sources.in_service & (sources.pump_control == CURVE))
    lifts = [
        float(curve_head(fit_curve(sources.curve[i], float(sources.pump_speed[i]), float(sources.pump_count[i])),
                         np.zeros(1))[0][0])
        for i in known.tolist() if sources.curve[i] is not None
    ]  # fmt: skip
    most = max(lifts, default=np.nan) * at.back.density * at.gravity
    return np.where(np.isnan(results.supply.head), np.nan, static_pressure(results) + most)


def _worst(margin: Array) -> tuple[int, int]:
    """Number of places where a margin [Pa] is missed, and the place where it is missed most."""
    low = margin < -TOLERANCE
    return int(low.sum()), int(np.nanargmin(margin)) if low.any() else -1


def _at_node(drawing: Drawing, rule: str, node: int, message: str, repair: str) -> Finding:
    place = points_of(drawing.nodes.iloc[[node]])[0]
    return Finding(rule, "warning", "nodes", message, point=place, repair=repair)


def _about(table: gpd.GeoDataFrame, row: int, layer: str, rule: str, message: str, repair: str) -> list[Finding]:
    return findings_about(table.iloc[[row]], rule, "warning", layer, [message], repair=repair)


def _running(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """Supply and return while the pumps run: the graver of what is wrong with each, once."""
    assert results.back is not None
    ids, at = results.network.nodes.id, results.conditions
    least = boiling_pressure(at.supply_temp_c, results.network.nodes.ground, limits.boiling_margin)
    gauge = results.supply.pressure
    count, node = _worst(gauge - least)
    if count:
        boils = int((gauge - least < -limits.boiling_margin - TOLERANCE).sum())
        message = (
            f"The supply of {at.supply_temp_c:g} degC is less than {limits.boiling_margin / 1e3:g} kPa above boiling at"
            f" {count} node(s){f', and boils at {boils} of them' if boils else ''}; least: {gauge[node] / 1e3:.0f} kPa"
            f" at {ids[node]}, which needs {least[node] / 1e3:.0f} kPa."
        )
        yield _at_node(drawing, "boiling", node, message, "raise static_head_m or the pump head, or lower the supply")
    for name, side in (("return", results.back), *(() if count else (("supply", results.supply),))):
        yield from _least(drawing, side, name, limits.least_return)


def _least(drawing: Drawing, side: SideResult, name: str, least: float) -> Iterator[Finding]:
    ids, gauge = side.network.nodes.id, side.pressure
    negative, node = _worst(gauge)
    if negative:
        least_kpa = gauge[node] / 1e3
        message = f"The {name} pressure is below zero at {negative} node(s); least: {least_kpa:.0f} kPa at {ids[node]}."
        yield _at_node(drawing, "pressure-negative", node, message, NEGATIVE)
        return
    count, node = _worst(gauge - least)
    if count:
        message = (
            f"The {name} pressure is below {least / 1e3:g} kPa at {count} node(s);"
            f" least: {gauge[node] / 1e3:.0f} kPa at {ids[node]}."
        )
        yield _at_node(drawing, "pressure-low", node, message, STATIC_UP)


def _static(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """The static line against pipes that would empty or boil at rest."""
    at, nodes = results.conditions, results.network.nodes
    gauge = static_pressure(results)
    negative, node = _worst(gauge)
    if negative:
        message = (
            f"The static pressure is below zero at {negative} node(s); least: {gauge[node] / 1e3:.0f} kPa at"
            f" {nodes.id[node]}."
        )
        yield _at_node(drawing, "pressure-negative", node, message, NEGATIVE)
        return
    full = limits.emptying_margin * at.mean.density * at.gravity
    liquid = boiling_pressure(at.supply_temp_c, nodes.ground, limits.boiling_margin)
    count, node = _worst(gauge - np.fmax(liquid, full))
    if count:
        boiling = bool(liquid[node] > full)
        why = f"liquid at {at.supply_temp_c:g} degC" if boiling else "full"
        least = float(np.fmax(liquid[node], full))
        message = (
            f"The static line at {results.static_line:.1f} m is too low at {count} node(s): with the pumps at rest"
            f" {nodes.id[node]} has {gauge[node] / 1e3:.0f} kPa and needs {least / 1e3:.0f} kPa to stay {why}."
        )
        yield _at_node(drawing, "static-low", node, message, STATIC_UP)


def _classes(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """Pipes that stand less than they get: running, at rest with cold water, pumps against closed valves."""
    assert results.back is not None
    pipes = results.network.pipes
    states = {
        "running": np.fmax(results.supply.pressure, results.back.pressure),
        "at rest with cold water": cold_pressure(results),
        "with the pumps against closed valves": shut_off_pressure(results),
    }
    for state, gauge in states.items():
        most = np.where(pipes.in_service, np.fmax(gauge[pipes.start], gauge[pipes.end]), np.nan)
        count, pipe = _worst(limits.pipe_class - most)
        if count:
            message = (
                f"The pressure {state} is too high for {count} pipe(s);"
                f" most: {most[pipe] / 1e3:.0f} kPa in {pipes.id[pipe]},"
                f" which stands {limits.pipe_class[pipe] / 1e3:g} kPa."
            )
            repair = "lower static_head_m or the pump head, part the network into zones, or use a higher class"
            yield from _about(drawing.pipes, pipe, "pipes", "over-pressure", message, repair)


def _users(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """Direct users that would empty, or whose radiators get too much, running and at rest."""
    assert results.station is not None
    at, stations = results.conditions, results.network.stations
    scale = at.mean.density * at.gravity
    back = results.station.return_head
    rest = np.where(np.isnan(back), np.nan, results.static_line)
    highest = user_limit_heads(results, limits)
    for state, line in (("return", back), ("static", rest)):
        count, i = _worst((line - limits.user_top - limits.emptying_margin) * scale)
        if count:
            message = (
                f"The {state} head does not keep {count} direct station(s) full; least: {line[i]:.1f} m at"
                f" {stations.id[i]}, whose users reach {limits.user_top[i]:.1f} m and need"
                f" {limits.emptying_margin:g} m above."
            )
            repair = "raise static_head_m, hold the return pressure at the station, or connect it by an exchanger"
            yield from _about(drawing.stations, i, "stations", "user-empty", message, repair)
        count, i = _worst((highest - line) * scale)
        if count:
            message = (
                f"The {state} pressure is too high for {count} direct station(s); most:"
                f" {(line[i] - limits.user_ground[i]) * scale / 1e3:.0f} kPa at {stations.id[i]}, which bears"
                f" {limits.user_pressure[i] / 1e3:g} kPa."
            )
            repair = "lower static_head_m, or connect it by an exchanger"
            yield from _about(drawing.stations, i, "stations", "user-pressure", message, repair)


class Suctions(NamedTuple):
    """Places where pumps draw water of one temperature; arrays of shape (pumps,)."""

    table: gpd.GeoDataFrame
    layer: str
    ids: Text
    gauge: Array
    """[Pa]"""
    ground: Array
    temperature_c: float | None
    density: float
    npsh: Array
    """Head that the pumps require [m], NaN where it is not known."""


def _suction(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """Pumps of sources, and booster pumps, whose suction is near boiling or below the NPSH they require."""
    assert results.back is not None and results.source is not None
    sources, pumps, links = results.network.sources, results.network.pumps, results.links
    ground, at = results.network.nodes.ground, results.conditions
    node = sources.return_node
    gauge = np.where(sources.in_service & ~np.isnan(results.source.flow), results.back.pressure[node], np.nan)
    found = [
        Suctions(
            drawing.sources, "sources", sources.id, gauge, ground[node], at.return_temp_c, at.back.density, limits.npsh
        )
    ]
    sides = ((0, results.supply, at.supply_temp_c), (1, results.back, at.return_temp_c))
    for number, side, temperature in sides if links is not None else ():
        assert links is not None
        here = np.flatnonzero((links.kind == PUMP) & (links.side == number) & (links.flow > 0.0))
        rows, start = links.row[here], links.start[here]
        found.append(
            Suctions(
                drawing.pumps.iloc[rows], "pumps", pumps.id[rows], side.pressure[start], ground[start], temperature,
                side.water.density, limits.booster_npsh[rows],
            )
        )  # fmt: skip
    for suctions in found:
        if suctions.temperature_c is not None:
            yield from _low_suction(suctions, at.gravity, limits)


def _low_suction(at: Suctions, gravity: float, limits: PressureLimits) -> Iterator[Finding]:
    assert at.temperature_c is not None
    weight = at.density * gravity
    # what is above boiling is the available NPSH, as a pressure
    above = at.gauge + air_pressure(at.ground) - saturation_pressure(at.temperature_c + 273.15)
    asked = (at.npsh + limits.npsh_margin) * weight
    count, i = _worst(above - np.fmax(asked, limits.suction_margin))
    if not count:
        return
    needs = (
        f"an NPSH of {above[i] / weight:.1f} m and needs {at.npsh[i]:g} m and {limits.npsh_margin:g} m more"
        if asked[i] >= limits.suction_margin
        else f"{above[i] / 1e3:.0f} kPa above boiling and needs {limits.suction_margin / 1e3:g} kPa"
    )
    message = (
        f"The suction of the pumps of {count} {at.layer[:-1]}(s) is too low; least: {at.ids[i]} has"
        f" {at.gauge[i] / 1e3:.0f} kPa of water of {at.temperature_c:g} degC, which is {needs}."
    )
    repair = STATIC_UP if at.layer == "sources" else "move the pump upstream, or raise static_head_m"
    yield from _about(at.table, i, at.layer, "suction-low", message, repair)
