"""Steady hydraulics: design flows and the pump head they need, or the flows that pumps and valves make.

Where stations hold their flows, supply and return are two problems (`design`); where flows follow from
heads, they are solved together (`operation`).
"""

from __future__ import annotations

import numpy as np

from gisheat.errors import TopologyError
from gisheat.hydraulics.assembly import Limits, Progress
from gisheat.hydraulics.conditions import conditions, design_flows, design_temperatures, station_temperatures
from gisheat.hydraulics.design import solve_design
from gisheat.hydraulics.one_pipe import solve_one_pipe
from gisheat.hydraulics.operation import solve_operation
from gisheat.hydraulics.sources import acting_sources, connected, is_coupled
from gisheat.hydraulics.stations import PUMP_EFFICIENCY
from gisheat.network import Network
from gisheat.numerics.compilation import told_of_compilation
from gisheat.physics.friction import Law
from gisheat.physics.pressure import GRAVITY
from gisheat.results import Conditions, Results

__all__ = ["acting_sources", "conditions", "connected", "design_flows", "design_temperatures", "is_coupled", "solve"]


def solve(
    network: Network, *, friction: Law = "colebrook",
    supply_temp_c: float | None = None, return_temp_c: float | None = None,
    density_kg_m3: float | None = None, viscosity_pa_s: float | None = None,
    heat_capacity_j_kg_k: float | None = None, gravity_m_s2: float = GRAVITY,
    station_pump_efficiency: float = PUMP_EFFICIENCY,
    tolerance: float = 1e-10, max_iterations: int = 200, progress: Progress | None = None,
) -> Results:  # fmt: skip
    """Solve flows, losses and heads of a network, and the pump head it needs where its pumps are not given.

    Parameters
    ----------
    network : Network
        With a bore for every pipe in service.
    friction : str
        One of colebrook, swamee-jain, altshul, rough, hazen-williams, nikuradse.
    supply_temp_c, return_temp_c : float, optional
        Design temperatures [degC] where neither station nor source states one.
    density_kg_m3, viscosity_pa_s, heat_capacity_j_kg_k : float, optional
        Water of both sides in place of the properties at the design temperatures (dynamic viscosity).
    gravity_m_s2 : float
        Acceleration of gravity.
    station_pump_efficiency : float
        Efficiency of pump and motor of pumps at stations.
    tolerance : float
        Sum of flow changes of the last iteration relative to the sum of flows.

    Raises
    ------
    InputError
        If there is no temperature, or an option is unknown.
    TopologyError
        If there is no source or station in service, a station hangs together with no source, or a pump or valve
        lacks its curve or setting.
    ConvergenceError
        If an iteration does not end.
    """
    at = conditions(
        network, friction=friction, supply_temp_c=supply_temp_c, return_temp_c=return_temp_c,
        density_kg_m3=density_kg_m3, viscosity_pa_s=viscosity_pa_s, heat_capacity_j_kg_k=heat_capacity_j_kg_k,
        gravity_m_s2=gravity_m_s2,
    )  # fmt: skip
    limits = Limits(tolerance, max_iterations, progress)
    with told_of_compilation(limits.compiling):
        if not network.two_pipe:
            return solve_one_pipe(network, at, limits)
        return _solve_two_pipe(network, at, (supply_temp_c, return_temp_c), limits, station_pump_efficiency)


def _solve_two_pipe(
    network: Network, at: Conditions, given: tuple[float | None, float | None], limits: Limits, pump_efficiency: float
) -> Results:
    stations = network.stations
    on = stations.in_service
    flow, load = design_flows(network, at.mean.heat_capacity, *given)
    if not on.any():
        raise TopologyError("no station is in service: look at status and phase in the stations layer.")
    unknown = on & np.isnan(flow)
    if unknown.any():
        raise TopologyError(
            f"station {stations.id[int(np.argmax(unknown))]!r} has no flow ({int(unknown.sum())} such stations):"
            " give flow_t_h, or a load with supply and return temperatures that differ."
        )
    flow, load = np.where(on, flow, 0.0), np.where(on, load, 0.0)
    temperatures = station_temperatures(network, *given)
    acting = solve_operation if is_coupled(network) else solve_design
    return acting(network, at, flow, load, temperatures, limits, pump_efficiency)
