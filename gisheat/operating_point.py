"""A point of the curve of regulation: stations by kind, their curves, and the network at an outdoor temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, get_args

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gisheat.desk_quantities import OutdoorTemperature
from gisheat.errors import InputError
from gisheat.hydraulics import design_flows
from gisheat.hydraulics.conditions import station_temperatures
from gisheat.hydraulics.sources import follows_head
from gisheat.loads import design_heat_capacity
from gisheat.network import Array, Index, Network
from gisheat.regulation import CONNECTIONS, Curves, Kinds, Rule, regulate
from gisheat.topology import Drawing
from gisheat.topology.attributes import filled, numbers, words

KELVIN = 273.15
SAME = 1e-6
"""Temperatures that differ by less are the same [K]."""
_NO_SECONDARY = (
    "has no secondary temperatures: give secondary_supply_temp_c and secondary_return_temp_c in the stations layer,"
    " or as options"
)


class StationKinds(NamedTuple):
    """Stations grouped by their design temperatures [degC], emitters and connection."""

    kinds: Kinds
    emitter: tuple[str, ...]
    """Of each kind, radiators or floor."""
    of_station: Index
    """Kind of each station, -1 where it is out of service, shape (stations,)."""
    load: Array
    """Design load [W] of each kind."""
    flow: Array
    """Design mass flow [kg/s] of each kind."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What holds at an outdoor temperature; temperatures [degC] and relative flows of shape (stations,)."""

    outdoor: float
    load: float
    """Relative load."""
    supply: Array
    back: Array
    flow: Array
    secondary_supply: Array
    secondary_return: Array
    design_flow: Array
    """Primary mass flow at design [kg/s]."""
    sentence: str
    """What it is, in words."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """Supply and return temperature [degC] and relative flow of the network as a whole."""
        known = np.isfinite(self.flow)
        weight = (self.flow * self.design_flow)[known]
        weight = weight if weight.sum() > 0.0 else np.ones(len(weight))
        design = self.design_flow[known].sum()
        share = float(weight.sum() / design) if design > 0.0 else float("nan")
        return float(np.average(self.supply[known], weights=weight)), float(
            np.average(self.back[known], weights=weight)
        ), share  # fmt: skip


def rule_of(options: Mapping[str, Any]) -> Rule:
    """How flows are led, by the options.

    Raises
    ------
    InputError
        If the steps are no relative flows.
    """
    least = options["min_supply_temp_c"]
    return Rule(
        options["regulation"], options["secondary_regulation"], options["flow_exponent"],
        _steps(options["flow_steps"]), -np.inf if least is None else least,
    )  # fmt: skip


def _steps(text: str) -> tuple[float, ...]:
    steps = numbers_of("flow_steps", text, "1,0.8,0.6")
    if not steps or not all(0.0 < step <= 2.0 for step in steps):
        raise InputError(f"flow_steps is {text!r}: relative flows above 0, the largest usually 1, are needed.")
    return steps


def outdoor_temperatures_of(option: str, text: str | None) -> tuple[float, ...]:
    """Outdoor temperatures [degC] of an option that lists them, within the limits of `outdoor_temp_c`.

    Raises
    ------
    InputError
        If one of them is no number, or no temperature that a network is regulated by.
    """
    found = numbers_of(option, text, "-24.2,-10,5")
    limits = get_args(OutdoorTemperature)[1]
    outside = [value for value in found if not limits.minimum <= value <= limits.maximum]
    if outside:
        raise InputError(
            f"{option} names {outside[0]:g}; temperatures from {limits.minimum:g} to {limits.maximum:g} degC are"
            " needed."
        )
    return found


def numbers_of(option: str, text: str | None, example: str) -> tuple[float, ...]:
    """Numbers of an option that lists them, separated by commas.

    >>> numbers_of("outdoor_temps_c", "-24.2, 5", "")
    (-24.2, 5.0)
    """
    try:
        found = tuple(float(part) for part in (text or "").split(",") if part.strip())
    except ValueError:
        found = (float("nan"),)
    if not all(np.isfinite(found)):
        raise InputError(f"{option} is {text!r}: numbers separated by commas are needed, as in {example}.")
    return found


class Sides(NamedTuple):
    """Both sides of every station at design."""

    temperature: Array
    """Primary supply and return, secondary supply and return [degC], NaN where unknown, shape (stations, 4)."""
    connection: NDArray[np.object_]
    emitter: NDArray[np.object_]


def design_sides(network: Network, table: gpd.GeoDataFrame, options: Mapping[str, Any]) -> Sides:
    """Design temperatures of both sides of the stations; directly connected ones have the same on both.

    Parameters
    ----------
    network : Network
    table : table
        Clean stations layer, row i belongs to station i of the network.
    options : mapping
        The temperatures where no layer states one.
    """
    stations = network.stations
    connection = words(table, "connection", "indirect")
    supply, back = (
        t - KELVIN for t in station_temperatures(network, options["supply_temp_c"], options["return_temp_c"])
    )
    secondary = (
        np.where(connection == "direct", primary, filled(own - KELVIN, np.nan if option is None else option))
        for primary, own, option in (
            (supply, stations.secondary_supply_temperature, options["secondary_supply_temp_c"]),
            (back, stations.secondary_return_temperature, options["secondary_return_temp_c"]),
        )
    )
    return Sides(np.column_stack([supply, back, *secondary]), connection, words(table, "emitter", "radiators"))


def station_kinds(network: Network, table: gpd.GeoDataFrame, options: Mapping[str, Any]) -> StationKinds:
    """Group the stations in service.

    Parameters
    ----------
    network : Network
        With loads.
    table : table
        Clean stations layer, row i belongs to station i of the network.
    options : mapping
        Those of the curve, and the temperatures where no layer states one.

    Raises
    ------
    InputError
        If a station has no secondary temperatures, or its temperatures are out of order.
    """
    stations = network.stations
    given = options["supply_temp_c"], options["return_temp_c"]
    flow, load = design_flows(network, design_heat_capacity(network, options), *given)
    on = np.flatnonzero(stations.in_service & np.isfinite(flow) & np.isfinite(load))
    if not len(on):
        raise InputError("no station in service has a load and temperatures: look at the findings of gisheat check.")
    sides = design_sides(network, table, options)
    values, connection, emitter = sides.temperature[on], sides.connection[on], sides.emitter[on]
    _refuse(stations.id[on], values, connection, options["indoor_temp_c"])
    code = np.array([CONNECTIONS.index(word) for word in connection])
    keys = np.column_stack([values.round(6), code, emitter == "floor"])
    _, first, kind = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    kind = kind.reshape(-1)  # numpy 2.0 gives it another shape
    of_station = np.full(len(stations), -1, np.int64)
    of_station[on] = kind
    b = np.where(emitter == "floor", options["floor_exponent"], options["radiator_exponent"])
    count = len(first)
    return StationKinds(
        Kinds(*values[first].T, b[first], code[first].astype(np.int8)),  # type: ignore[call-arg]
        tuple(emitter[first]), of_station, *(np.bincount(kind, of[on], count).astype(float) for of in (load, flow)),
    )  # fmt: skip


def _refuse(ids: NDArray[np.object_], values: Array, connection: NDArray[np.object_], indoor: float) -> None:
    """Raise where temperatures are missing or out of order, with the first station."""
    hot, cold, up, down = values.T
    mixing = connection == "mixing"
    apart = mixing | (connection == "direct") | ((hot > up) & (cold > down))
    for good, what in (
        (np.isfinite(hot) & np.isfinite(cold), "has no primary temperatures: give supply_temp_c and return_temp_c"),
        (np.isfinite(up) & np.isfinite(down), _NO_SECONDARY),
        (hot > cold, "has a primary supply ({0:g} degC) that is not above its return ({1:g} degC)"),
        (up > down, "has a secondary supply ({2:g} degC) that is not above its return ({3:g} degC)"),
        (down > indoor, "has a secondary return ({3:g} degC) that is not above the indoor temperature ({4:g} degC)"),
        (~mixing | (np.abs(cold - down) <= SAME), "mixes, but its returns are not the same ({1:g} and {3:g} degC)"),
        (apart, "has an exchanger, but primary {0:g}/{1:g} degC is not above secondary {2:g}/{3:g} degC at both ends"),
        (hot >= up, "has a primary supply ({0:g} degC) below its secondary one ({2:g} degC)"),
    ):
        if not good.all():
            i = int(np.argmin(good))
            raise InputError(f"station {ids[i]!r} {what.format(*values[i], indoor)}; there is no curve of regulation.")


def station_curves(found: StationKinds, outdoor: Array, options: Mapping[str, Any]) -> Curves:
    """Curves of the kinds of stations at outdoor temperatures [degC].

    Raises
    ------
    InputError
        If the design outdoor temperature is not known, the least supply is above that of the design, or a curve is
        impossible.
    """
    design, indoor = options["design_outdoor_temp_c"], options["indoor_temp_c"]
    if design is None:
        raise InputError("the design outdoor temperature is not known: give it with --design-outdoor-temp-c.")
    if design >= indoor:
        raise InputError(f"design_outdoor_temp_c ({design:g}) must be below indoor_temp_c ({indoor:g}).")
    least, lowest = options["min_supply_temp_c"], float(found.kinds.supply.min())
    if least is not None and least > lowest:
        raise InputError(f"min_supply_temp_c ({least:g}) must not be above the design supply ({lowest:g} degC).")
    return regulate(found.kinds, outdoor, indoor=indoor, design_outdoor=design, rule=rule_of(options))


def operating_points(
    network: Network, table: gpd.GeoDataFrame, options: Mapping[str, Any], outdoor: Sequence[float]
) -> list[OperatingPoint]:
    """Points of the curve at outdoor temperatures [degC]; the arguments are those of `station_kinds`."""
    found = station_kinds(network, table, options)
    curves = station_curves(found, np.array(outdoor, float), options)
    return [_point(network, options, found, curves, at) for at in range(len(outdoor))]


def _point(
    network: Network, options: Mapping[str, Any], found: StationKinds, curves: Curves, at: int
) -> OperatingPoint:
    kind = found.of_station

    def of(values: Array) -> Array:
        return np.where(kind >= 0, values[kind, at], np.nan)

    capacity = design_heat_capacity(network, options)
    flow, _ = design_flows(network, capacity, options["supply_temp_c"], options["return_temp_c"])
    point = OperatingPoint(
        float(curves.outdoor[at]), float(curves.load[at]), of(curves.supply), of(curves.back), of(curves.flow),
        of(curves.secondary_supply), of(curves.secondary_return), flow, "",
    )  # fmt: skip
    supply, back, share = point.mean
    sentence = (
        f"at {point.outdoor:g} degC outside: relative load {point.load:.4f} (indoor {options['indoor_temp_c']:g},"
        f" design {options['design_outdoor_temp_c']:g} degC), {options['regulation']} regulation: supply"
        f" {supply:.1f}, return {back:.1f} degC, relative flow {share:.4f}"
    )
    return replace(point, sentence=sentence)


def network_at(point: OperatingPoint | None, network: Network) -> Network:
    """The network with loads, flows and temperatures of a point of the curve; as it is without one.

    Flows are the relative flows times the design flows. What a station whose flow follows from its head needs, and its
    exchanger loses, goes with the square of the flow that is asked for.
    """
    if point is None:
        return network
    stations, sources = network.stations, network.sources
    known = np.isfinite(point.flow)
    square = np.where(known & follows_head(network), point.flow, 1.0) ** 2
    supply, back, _ = point.mean
    return replace(
        network,
        stations=replace(
            stations,
            load=stations.load * point.load,
            flow=np.where(known, point.flow * point.design_flow, stations.flow),
            supply_temperature=filled(point.supply + KELVIN, stations.supply_temperature),
            return_temperature=filled(point.back + KELVIN, stations.return_temperature),
            secondary_supply_temperature=filled(point.secondary_supply + KELVIN, stations.secondary_supply_temperature),
            secondary_return_temperature=filled(point.secondary_return + KELVIN, stations.secondary_return_temperature),
            required_head=stations.required_head * square,
            exchanger_loss=stations.exchanger_loss * square,
        ),
        sources=replace(
            sources,
            supply_temperature=np.full(len(sources), supply + KELVIN),
            return_temperature=np.full(len(sources), back + KELVIN),
        ),
    )


def drawing_at(point: OperatingPoint | None, drawing: Drawing) -> Drawing:
    """The drawing with the temperatures of a point in its tables, so that a result says what it was solved with."""
    if point is None:
        return drawing
    stations, sources = drawing.stations.copy(), drawing.sources.copy()
    for name, values in (
        ("supply_temp_c", point.supply), ("return_temp_c", point.back),
        ("secondary_supply_temp_c", point.secondary_supply), ("secondary_return_temp_c", point.secondary_return),
    ):  # fmt: skip
        stations[name] = filled(np.round(values, 6), numbers(stations, name))
    for name, value in zip(("supply_temp_c", "return_temp_c"), point.mean[:2], strict=True):
        sources[name] = round(value, 6)
    return replace(drawing, stations=stations, sources=sources)
