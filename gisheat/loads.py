"""Loads: what each station asks for. A flow wins over a load, a load over heated area x heat index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np

from gisheat.catalogue import heat_indices
from gisheat.findings import Finding, Severity, findings_about
from gisheat.hydraulics import conditions, design_flows, design_temperatures
from gisheat.network import Array, Mask, Network, Text
from gisheat.physics.heat import composite_heat_index
from gisheat.topology.attributes import filled, numbers, words

HEAT_CAPACITY = 4187.0
"""Of water where its temperatures are not known [J/(kg K)]."""
USUAL_DIFFERENCE = 50.0
"""Supply less return temperature where nobody states one, for weighing stations by their flows alone [K]."""
LOAD_DIFFERENCE = 0.03
"""Stated loads that differ by more than this share from what the stated flow carries are reported."""


@dataclass(frozen=True)
class Loads:
    """Network with loads, and what they came from; arrays of shape (stations,)."""

    network: Network
    heat_index: Array
    """[W/m2], NaN where it played no part and is not given."""
    source: Text
    """Which input gave the load, in words."""
    composite_heat_index: float | None
    """[W/m2] of the building mix of the phase, None without one."""
    findings: tuple[Finding, ...]


def design_heat_capacity(network: Network, options: Mapping[str, Any]) -> float:
    """Heat capacity [J/(kg K)] of the water between the design temperatures; that of the options wins."""
    given, stated = options["heat_capacity_j_kg_k"], (options["supply_temp_c"], options["return_temp_c"])
    if given is not None:
        return float(given)
    hot, cold = design_temperatures(network, *stated)
    if hot is None or cold is None:
        return HEAT_CAPACITY
    return conditions(network, supply_temp_c=hot, return_temp_c=cold).mean.heat_capacity


def mix_heat_index(mix: gpd.GeoDataFrame, phase: str | None, position: float = 0.5) -> float | None:
    """Composite heat index [W/m2] of a phase from a table of building classes, None when it has none for it.

    Without a phase, the last one that the table names counts. Classes without a heat index take that of
    their use and energy-saving tier from the catalogue.
    """
    if not len(mix):
        return None
    phases = mix["phase"].to_numpy(object)
    rows = mix[phases == (phase or phases[-1])]
    if not len(rows):
        return None
    index, share = numbers(rows, "heat_index_w_m2"), numbers(rows, "share_percent")
    index = np.where(
        np.isnan(index),
        heat_indices(words(rows, "building_use"), words(rows, "energy_saving"), position),
        index,
    )
    known = ~np.isnan(index) & ~np.isnan(share)
    return composite_heat_index(share[known], index[known]) if share[known].sum() > 0.0 else None


def _heat_indices(
    stations: gpd.GeoDataFrame, composite: float | None, option: float | None, position: float
) -> tuple[Array, Text]:
    """Heat index of each station [W/m2], NaN where none is known, and where it comes from, in words."""
    by_use = heat_indices(words(stations, "building_use"), words(stations, "energy_saving"), position)
    everywhere = np.ones(len(stations))
    steps = (
        (numbers(stations, "heat_index_w_m2"), "area x index"),
        (by_use, "area x index of use"),
        (everywhere * (np.nan if composite is None else composite), "area x composite index"),
        (everywhere * (np.nan if option is None else option), "area x index of option"),
    )
    index, source = np.full(len(stations), np.nan), np.full(len(stations), None, dtype=object)
    for values, word in steps:
        new = np.isnan(index) & ~np.isnan(values)
        index[new], source[new] = values[new], word
    return index, source


def expected_loads(
    stations: gpd.GeoDataFrame, mix: gpd.GeoDataFrame, *, area_factor: float = 1.0,
    heat_index: float | None = None, heat_index_position: float = 0.5, heat_capacity: float = HEAT_CAPACITY,
    difference: float | None = None,
) -> Array:  # fmt: skip
    """Load of each row of a clean stations layer [W], before there is a network; NaN where nothing says it.

    What routing goes by, in the order of `assign_loads`: what `flow_t_h` carries, else `load_kw`, else heated area x
    heat index of the last phase. A flow whose temperature difference nobody states counts last.

    Parameters
    ----------
    area_factor, heat_index, heat_index_position
        As in `assign_loads`.
    heat_capacity : float
        [J/(kg K)]
    difference : float, optional
        Supply less return temperature of stations that state none [K].
    """
    composite = mix_heat_index(mix, None, heat_index_position)
    index, _ = _heat_indices(stations, composite, heat_index, heat_index_position)
    own = numbers(stations, "supply_temp_c") - numbers(stations, "return_temp_c")
    flow = numbers(stations, "flow_t_h") * heat_capacity
    by_area = numbers(stations, "heated_area_m2") * area_factor * index
    known = flow * filled(own, np.nan if difference is None else difference)
    return filled(filled(filled(known, numbers(stations, "load_kw")), by_area), flow * USUAL_DIFFERENCE)


def assign_loads(
    network: Network, stations: gpd.GeoDataFrame, mix: gpd.GeoDataFrame, *,
    phase: str | None = None, area_factor: float = 1.0, heat_index: float | None = None,
    heat_index_position: float = 0.5, heat_capacity: float = 4187.0,
    supply_temp_c: float | None = None, return_temp_c: float | None = None,
) -> Loads:  # fmt: skip
    """Give every station in service its load and design flow; without either it goes out of service.

    Parameters
    ----------
    stations : table
        Clean stations layer, row i belongs to station i of the network.
    mix : table
        Clean load_mix table, may be empty.
    area_factor : float
        Factor of all heated areas (growth of a phase).
    heat_index : float, optional
        Heat index [W/m2] of stations that state none and that the mix does not cover.
    heat_index_position : float
        Where in the published ranges of heat indices, 0 to 1.
    heat_capacity : float
        [J/(kg K)]
    """
    table = network.stations
    area = table.heated_area * area_factor
    composite = mix_heat_index(mix, phase, heat_index_position)
    own = numbers(stations, "heat_index_w_m2")
    index, source = _heat_indices(stations, composite, heat_index, heat_index_position)
    by_area = area * index
    load_given, flow = numbers(stations, "load_kw"), numbers(stations, "flow_t_h")
    load = np.where(np.isnan(load_given), by_area, load_given)
    source[np.isnan(by_area)] = None
    source[~np.isnan(load_given)] = "load_kw"
    source[~np.isnan(flow)] = "flow_t_h"
    loaded = replace(network, stations=replace(table, heated_area=area, load=load, flow=flow))
    design_flow, design_load = design_flows(loaded, heat_capacity, supply_temp_c, return_temp_c)
    unknown = table.in_service & np.isnan(design_flow)
    findings = _findings(stations, unknown, load, flow)
    both = table.in_service & ~np.isnan(load_given) & ~np.isnan(flow)
    apart = both & (np.abs(np.nan_to_num(design_load) - load_given) > LOAD_DIFFERENCE * np.nan_to_num(load_given))
    findings += _each(
        stations, apart, "load-overruled", "info", "states a load that its flow does not carry; the flow counts"
    )
    zero = table.in_service & (design_flow == 0.0)
    findings += _each(stations, zero, "no-load", "warning", "has a load of zero and takes nothing")
    index = np.where(np.isnan(load_given) & np.isnan(flow), index, own)
    final = replace(
        loaded,
        stations=replace(
            loaded.stations,
            load=np.where(np.isnan(flow), load, design_load),
            in_service=table.in_service & ~unknown,
        ),
    )
    return Loads(final, index, source, composite, tuple(findings))


def _findings(stations: gpd.GeoDataFrame, unknown: Mask, load: Array, flow: Array) -> list[Finding]:
    no_load = unknown & np.isnan(load) & np.isnan(flow)
    missing = "has neither flow_t_h nor load_kw nor heated_area_m2 with a heat index; it is left out"
    same = "has a load, but no supply temperature above its return temperature is known; it is left out"
    return [
        *_each(stations, no_load, "load-unknown", "error", missing),
        *_each(stations, unknown & ~no_load, "flow-unknown", "error", same),
    ]


def _each(stations: gpd.GeoDataFrame, mask: Mask, rule: str, severity: Severity, what: str) -> list[Finding]:
    rows = stations[mask]
    return findings_about(rows, rule, severity, "stations", (f"station {n} {what}." for n in rows["station_id"]))
