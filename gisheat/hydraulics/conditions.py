"""What a solve works with: waters, law, and what every station asks for."""

from __future__ import annotations

import numpy as np

from gisheat.errors import InputError
from gisheat.network import Array, Network
from gisheat.physics.friction import LAWS, Law
from gisheat.physics.heat import heat_load, mass_flow
from gisheat.physics.pressure import GRAVITY
from gisheat.physics.water import Water, water
from gisheat.results import Conditions

ONE_PIPE_TEMPERATURE = 20.0
"""Temperature [degC] of the water of a one-pipe network when nothing is said."""


def design_temperatures(
    network: Network, supply_temp_c: float | None = None, return_temp_c: float | None = None
) -> tuple[float | None, float | None]:
    """Supply and return temperature [degC] of the water: the sources', else the stations', else the option."""

    def of(option: float | None, sources: Array, stations: Array) -> float | None:
        for values in (sources[network.sources.in_service], stations[network.stations.in_service]):
            known = values[~np.isnan(values)]
            if len(known):
                return float(known.mean()) - 273.15
        return option

    sources, stations = network.sources, network.stations
    return (
        of(supply_temp_c, sources.supply_temperature, stations.supply_temperature),
        of(return_temp_c, sources.return_temperature, stations.return_temperature),
    )


def conditions(
    network: Network, *, friction: Law = "colebrook",
    supply_temp_c: float | None = None, return_temp_c: float | None = None,
    density_kg_m3: float | None = None, viscosity_pa_s: float | None = None, heat_capacity_j_kg_k: float | None = None,
    gravity_m_s2: float = GRAVITY,
) -> Conditions:  # fmt: skip
    """Waters, law and gravity that `solve` works with, for the same options."""
    if friction not in LAWS:
        raise InputError(f"friction {friction!r} is unknown: choose one of {', '.join(LAWS)}.")
    if network.two_pipe:
        hot, cold = design_temperatures(network, supply_temp_c, return_temp_c)
    else:
        hot = cold = ONE_PIPE_TEMPERATURE if supply_temp_c is None else supply_temp_c
    return conditions_at(friction, hot, cold, (density_kg_m3, viscosity_pa_s, heat_capacity_j_kg_k), gravity_m_s2)


def conditions_at(
    law: Law, hot: float | None, cold: float | None, given: tuple[float | None, ...], gravity: float
) -> Conditions:
    """The same at temperatures [degC]; density, viscosity and heat capacity win where they are given."""
    density, viscosity, capacity = given
    if (hot is None or cold is None) and (density is None or viscosity is None):
        raise InputError(
            "no supply and return temperature is known: give supply_temp_c and return_temp_c in the sources layer,"
            " as options, or density_kg_m3 and viscosity_pa_s."
        )

    def at(temperature_c: float | None) -> Water:
        if temperature_c is None:
            assert density is not None and viscosity is not None
            return Water(density, viscosity, capacity or 4187.0)
        try:
            known = water(temperature_c + 273.15)
        except ValueError as error:
            raise InputError(f"{error}.") from error
        return Water(density or known.density, viscosity or known.viscosity, capacity or known.heat_capacity)

    mean = None if hot is None or cold is None else 0.5 * (hot + cold)
    return Conditions(law, at(hot), at(cold), at(mean), gravity, hot, cold)


def station_temperatures(
    network: Network, supply_temp_c: float | None = None, return_temp_c: float | None = None
) -> tuple[Array, Array]:
    """Design supply and return temperature [K] of every station; NaN where none is known.

    Its own win over those of the (mean) source, these over the options.
    """
    stations = network.stations

    def filled(own: Array, sources: Array, option: float | None) -> Array:
        known = sources[network.sources.in_service & ~np.isnan(sources)]
        common = known.mean() if len(known) else (np.nan if option is None else option + 273.15)
        return np.where(np.isnan(own), common, own)

    return (
        filled(stations.supply_temperature, network.sources.supply_temperature, supply_temp_c),
        filled(stations.return_temperature, network.sources.return_temperature, return_temp_c),
    )


def design_flows(
    network: Network,
    heat_capacity: float,
    supply_temp_c: float | None = None,
    return_temp_c: float | None = None,
) -> tuple[Array, Array]:
    """Design mass flow [kg/s] and heat load [W] of every station: the flow, where given, wins over the load.

    The temperatures are those of `station_temperatures`; NaN where neither flow nor load with temperatures is known.
    """
    stations = network.stations
    hot, cold = station_temperatures(network, supply_temp_c, return_temp_c)
    difference = np.where(hot - cold > 0.0, hot - cold, np.nan)
    flow = np.where(np.isnan(stations.flow), mass_flow(stations.load, heat_capacity, difference), stations.flow)
    load = np.where(np.isnan(stations.flow), stations.load, heat_load(stations.flow, heat_capacity, difference))
    return flow, np.where(np.isnan(load), stations.load, load)
