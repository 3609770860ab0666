"""Stations: what their exchanger and valve lose, how the valve must be set, what their pump does, heat delivered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisheat.hydraulics.sources import follows_head
from gisheat.network import Array, Network
from gisheat.network.arrays import PUMPED
from gisheat.physics.heat import delivered_share
from gisheat.physics.pressure import pump_power
from gisheat.physics.valves import flow_capacity, opening_for, valve_coefficient
from gisheat.results import Conditions, StationResult

VALVE_SHARE = 0.3
"""Share of the required head that is the open valve where neither kvs_m3_h nor hx_loss_kpa says: authority 0.3."""
PUMP_EFFICIENCY = 0.6
"""Efficiency of pump and motor at stations: small pumps reach 0.5 to 0.7."""
SECONDARY = (75.0 + 273.15, 50.0 + 273.15)
"""Secondary supply and return temperature [K] of stations that state none: the usual radiator design."""
NO_FLOW = 1e-12
"""Design flow [kg/s] up to which a station has none: it takes nothing."""
SERVED = 1e-3
"""Head [m] that a station may miss and still count as served: ten pascal."""
FLOW_SERVED = 1e-3
"""Share of its flow that a station may miss and still count as served."""


class Coefficients(NamedTuple):
    """Coefficients c of losses c m |m| [Pa s2/kg2] of stations: NaN where there is no design flow."""

    fixed: Array
    """Exchanger and fittings."""
    open: Array
    """Exchanger, fittings and the open valve."""
    set: Array
    """Exchanger, fittings and the valve as it is set (open where nothing is set)."""


def loss_coefficients(network: Network, flow: Array, at: Conditions) -> Coefficients:
    """Coefficients of the stations for their design flows [kg/s].

    The required head is that of exchanger, fittings and open valve at design flow. What of it is the valve follows
    from kvs_m3_h or hx_loss_kpa; where neither is known it is `VALVE_SHARE`.
    """
    stations = network.stations
    square = np.where(flow > NO_FLOW, flow, np.nan) ** 2
    required = stations.required_head * at.mean.density * at.gravity / square
    exchanger = stations.exchanger_loss / square
    valve = _coefficient(stations.kvs, at)
    known, stated = ~np.isnan(valve), ~np.isnan(exchanger)
    rest = np.where(known, np.maximum(required - valve, 0.0), (1.0 - VALVE_SHARE) * required)
    fixed = np.where(stated, exchanger, rest)
    opened = np.where(known, fixed + valve, np.maximum(required, fixed))
    setting = _coefficient(stations.valve_kv, at)
    return Coefficients(fixed, opened, np.where(np.isnan(setting), opened, fixed + setting))


def _coefficient(capacity: Array, at: Conditions) -> Array:
    """Coefficient of a flow capacity, infinite for a closed valve, NaN where unknown."""
    with np.errstate(divide="ignore"):
        return valve_coefficient(capacity, at.mean.density)


def station_result(
    network: Network, at: Conditions, *, flow: Array, design_flow: Array, load: Array, supply_head: Array,
    return_head: Array, heat_temperatures: tuple[Array, Array], pump_efficiency: float = PUMP_EFFICIENCY,
) -> StationResult:  # fmt: skip
    """What the stations get, from the heads at the nodes [m] and their flows [kg/s], shape (stations,)."""
    stations = network.stations
    on = stations.in_service
    above = np.where(on, supply_head[stations.supply_node], np.nan)
    below = np.where(on, return_head[stations.return_node], np.nan)
    available = above - below
    pumped = on & (stations.control == PUMPED)
    lift = np.where(pumped, np.maximum(stations.required_head - available, 0.0), np.nan)
    surplus = available + np.nan_to_num(lift) - stations.required_head
    kv, opening = _valve(network, design_flow, flow, available, at)
    power = pump_power(lift * at.mean.density / at.back.density, flow, pump_efficiency, at.gravity)
    full = flow >= design_flow * (1.0 - FLOW_SERVED)
    served = np.where(follows_head(network), full, surplus >= -SERVED)
    return StationResult(
        flow=np.where(on, flow, np.nan),
        design_flow=np.where(on, design_flow, np.nan),
        load=np.where(on, load, np.nan),
        heat=np.where(on, _heat(network, flow, design_flow, load, heat_temperatures), np.nan),
        supply_head=above,
        return_head=below,
        available_head=available,
        surplus_head=surplus,
        valve_kv=kv,
        valve_opening=opening,
        pump_head=lift,
        pump_power=power,
        served=on & served.astype(bool),
    )


def _valve(network: Network, design_flow: Array, flow: Array, available: Array, at: Conditions) -> tuple[Array, Array]:
    """Flow capacity of the valve [m3/s at 1 bar] that the flow is as found, and its opening where kvs is known."""
    stations = network.stations
    fixed = loss_coefficients(network, design_flow, at).fixed
    with np.errstate(invalid="ignore", divide="ignore"):
        total = available * at.mean.density * at.gravity / flow**2
        left = np.where((flow > NO_FLOW) & (total > fixed), total - fixed, np.nan)
        kv = flow_capacity(left, at.mean.density)
    kv = np.where(stations.in_service & (stations.control != PUMPED), kv, np.nan)
    kvs = np.where(stations.kvs > 0.0, stations.kvs, np.nan)
    return kv, opening_for(kv / kvs, equal_percentage=True)


def _heat(network: Network, flow: Array, design_flow: Array, load: Array, temperatures: tuple[Array, Array]) -> Array:
    """Heat [W] that is delivered at the flows [kg/s] found; the load where the flow is the design flow."""
    stations = network.stations
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.where(design_flow > 0.0, np.maximum(flow, 0.0) / design_flow, 1.0)
    off = np.flatnonzero((np.abs(relative - 1.0) > SERVED) & ~np.isnan(load))
    heat = load.copy()
    if len(off):
        hot, cold = (t[off] for t in temperatures)
        stated = (stations.secondary_supply_temperature[off], stations.secondary_return_temperature[off])
        up, down = (np.where(np.isnan(own), usual, own) for own, usual in zip(stated, SECONDARY, strict=True))
        possible = (hot > up) & (cold > down) & (hot > cold) & (up > down)  # a direct connection passes its water on
        share = np.where(possible, 0.0, relative[off])
        if possible.any():
            share[possible] = delivered_share(
                relative[off][possible], hot[possible], cold[possible], up[possible], down[possible]
            )
        heat[off] = load[off] * share
    return heat
