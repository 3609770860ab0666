"""The checks of a pressure diagram over the whole network: each is one finding with its worst place and their number."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np

from gisheat.findings import Finding, findings_about, points_of
from gisheat.network import Array, Mask
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


def _about(
    table: gpd.GeoDataFrame, rows: Mask | slice | list[int], layer: str, rule: str, message: str, repair: str
) -> Iterator[Finding]:
    yield from findings_about(table.iloc[rows], rule, "warning", layer, [message], repair=repair)


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
            f"The supply of {at.supply_temp_c:g} degC has less than {limits.boiling_margin / 1e3:g} kPa above boiling at"
            f" {count} node(s){f', and boils at {boils} of them' if boils else ''}; least: {gauge[node] / 1e3:.0f} kPa of"
            f" the {least[node] / 1e3:.0f} kPa needed at {ids[node]}."
        )
        yield _at_node(drawing, "boiling", node, message, "raise static_head_m or the pump head, or lower the supply")
    for name, side in (("return", results.back), *(() if count else (("supply", results.supply),))):
        yield from _least(drawing, side, name, limits.least_return)


def _least(drawing: Drawing, side: SideResult, name: str, least: float) -> Iterator[Finding]:
    ids, gauge = side.network.nodes.id, side.pressure
    negative, node = _worst(gauge)
    if negative:
        message = (
            f"The {name} pressure is below zero at {negative} node(s); least: {gauge[node] / 1e3:.0f} kPa at {ids[node]}."
        )
        yield _at_node(drawing, "pressure-negative", node, message, NEGATIVE)
        return
    count, node = _worst(gauge - least)
    if count:
        message = (
            f"The {name} pressure is below {least / 1e3:g} kPa at {count} node(s); least: {gauge[node] / 1e3:.0f} kPa at"
            f" {ids[node]}."
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
                f"{count} pipe(s) stand less than they get {state}; most: {most[pipe] / 1e3:.0f} kPa in {pipes.id[pipe]},"
                f" which stands {limits.pipe_class[pipe] / 1e3:g} kPa."
            )
            repair = "lower static_head_m or the pump head, part the network into zones, or use a higher class"
            yield from _about(drawing.pipes, [pipe], "pipes", "over-pressure", message, repair)


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
            yield from _about(drawing.stations, [i], "stations", "user-empty", message, repair)
        count, i = _worst((highest - line) * scale)
        if count:
            message = (
                f"The {state} pressure is more than {count} direct station(s) bear; most:"
                f" {(line[i] - limits.user_ground[i]) * scale / 1e3:.0f} kPa at {stations.id[i]}, which bears"
                f" {limits.user_pressure[i] / 1e3:g} kPa."
            )
            repair = "lower static_head_m, or connect it by an exchanger"
            yield from _about(drawing.stations, [i], "stations", "user-pressure", message, repair)


def _suction(drawing: Drawing, results: Results, limits: PressureLimits) -> Iterator[Finding]:
    """Pumps of sources, and booster pumps, whose suction is near boiling or below the NPSH they require."""
    assert results.back is not None and results.source is not None
    network, at = results.network, results.conditions
    sources = network.sources
    node = sources.return_node
    gauge = np.where(sources.in_service & ~np.isnan(results.source.flow), results.back.pressure[node], np.nan)
    yield from _suctions(
        drawing.sources, "sources", sources.id, gauge, network.nodes.ground[node], at.return_temp_c, at.back.density,
        limits.npsh, results, limits,
    )  # fmt: skip
    links = results.links
    for number, side, temperature in ((0, results.supply, at.supply_temp_c), (1, results.back, at.return_temp_c)):
        if links is None:
            return
        here = np.flatnonzero((links.kind == PUMP) & (links.side == number) & (links.flow > 0.0))
        rows, start = links.row[here], links.start[here]
        yield from _suctions(
            drawing.pumps.iloc[rows], "pumps", network.pumps.id[rows], side.pressure[start], network.nodes.ground[start],
            temperature, side.water.density, limits.booster_npsh[rows], results, limits,
        )  # fmt: skip


def _suctions(
    table: gpd.GeoDataFrame, layer: str, ids: Array, gauge: Array, ground: Array, temperature: float | None,
    density: float, npsh: Array, results: Results, limits: PressureLimits,
) -> Iterator[Finding]:  # fmt: skip
    if temperature is None:
        return
    vapour = saturation_pressure(temperature + 273.15)
    above = gauge + air_pressure(ground) - vapour
    """Pressure above that of boiling [Pa]: NPSH available, as a pressure."""
    asked = (npsh + limits.npsh_margin) * density * results.conditions.gravity
    needed = np.fmax(asked, limits.suction_margin)
    count, i = _worst(above - needed)
    if count:
        by_npsh = bool(asked[i] >= limits.suction_margin)
        head = density * results.conditions.gravity
        needs = (
            f"an NPSH of {above[i] / head:.1f} m and needs {npsh[i]:g} m and {limits.npsh_margin:g} m more"
            if by_npsh
            else f"{above[i] / 1e3:.0f} kPa above boiling and needs {limits.suction_margin / 1e3:g} kPa"
        )
        message = (
            f"The suction of the pumps of {count} {layer[:-1]}(s) is too low; least: {ids[i]} has {gauge[i] / 1e3:.0f} kPa"
            f" of water of {temperature:g} degC, which is {needs}."
        )
        repair = "raise static_head_m" if layer == "sources" else "move the pump upstream, or raise static_head_m"
        yield from _about(table, [i], layer, "suction-low", message, repair)
