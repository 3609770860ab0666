"""Balancing: how far every station valve must be closed that the flows come out right.

Without it the stations near the source take too much and the far ones too little. With the design flows in all
pipes the head at every station is known; what exchanger and fittings leave of it the valve has to throttle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gisheat.hydraulics import conditions, design_flows, solve
from gisheat.hydraulics.stations import NO_FLOW, loss_coefficients
from gisheat.network import Array, Mask, Network
from gisheat.network.arrays import HELD, PUMPED, UNREGULATED
from gisheat.physics.valves import flow_capacity, opening_for
from gisheat.results import Results
from gisheat.results.model import table

SERIES = np.array([1.0, 1.6, 2.5, 4.0, 6.3])
"""Flow capacities that valves are made in: the preferred numbers R5 of ISO 3."""


@dataclass(frozen=True)
class Balance:
    """Settings of all station valves, and the network before and after.

    `network` has the settings in it: every station unregulated, its valve where balancing puts it.
    """

    network: Network
    design: Results
    """Every station takes its design flow."""
    before: Results
    """All valves open."""
    after: Results
    """All valves as they are set."""
    authority: Array
    """Loss of the open valve over the head at the station, both at design flow; 0.3 to 0.5 at least is usual."""
    unbalanced: Mask
    """Stations that have less head than they require: their valve stays open."""

    @property
    def stations(self) -> pd.DataFrame:
        """One row a station: Kv, opening, authority, and its imbalance (flow / design flow) before and after."""
        stations, before, after = self.network.stations, self.before.stations, self.after.stations
        return table(
            station_id=stations.id, kvs_m3_h=stations.kvs, valve_kv_m3_h=stations.valve_kv,
            valve_opening=np.where(
                self.unbalanced, 1.0, opening_for(stations.valve_kv / _known(stations.kvs), equal_percentage=True)
            ),
            authority=self.authority, imbalance_before=before["imbalance"].to_numpy(),
            imbalance=after["imbalance"].to_numpy(),
        )  # fmt: skip


def balance(network: Network, **options: Any) -> Balance:
    """Set the valve of every station so that all get their design flow.

    Parameters
    ----------
    network : Network
        Sources as they are operated; where nothing is said the pump head is the one the design needs.
    options
        Those of `hydraulics.solve`.

    Raises
    ------
    GisheatError
        As `hydraulics.solve`.
    """
    stations = network.stations
    throttled = stations.in_service & (stations.control != PUMPED)
    held = _controlled(network, throttled, HELD)
    design = solve(held, **options)
    names = ("friction", "supply_temp_c", "return_temp_c", "density_kg_m3", "viscosity_pa_s", "heat_capacity_j_kg_k",
             "gravity_m_s2")  # fmt: skip
    at = conditions(network, **{k: v for k, v in options.items() if k in names})
    flow, _ = design_flows(network, at.mean.heat_capacity, options.get("supply_temp_c"), options.get("return_temp_c"))
    flow = np.where(throttled & (flow > NO_FLOW), flow, np.nan)
    assert design.station is not None
    weight = at.mean.density * at.gravity
    coefficients = loss_coefficients(network, flow, at)
    with np.errstate(invalid="ignore"):
        at_station = design.station.available_head * weight / flow**2
        enough = throttled & (at_station >= coefficients.open * (1.0 - 1e-9))
        left = np.where(
            enough, np.maximum(at_station - coefficients.fixed, coefficients.open - coefficients.fixed), np.nan
        )
        open_loss = coefficients.open - coefficients.fixed
        kv = flow_capacity(np.where(left > 0.0, left, np.nan), at.mean.density)
        needed = flow_capacity(np.where(open_loss > 0.0, open_loss, np.nan), at.mean.density)
    kvs = np.where(np.isnan(stations.kvs), _next_size(needed), stations.kvs)
    settled = replace(
        network,
        stations=replace(
            stations,
            kvs=kvs,
            valve_kv=np.where(throttled, kv, stations.valve_kv),
            exchanger_loss=np.where(throttled, coefficients.fixed * flow**2, stations.exchanger_loss),
        ),
    )
    opened = replace(settled, stations=replace(settled.stations, valve_kv=np.where(throttled, needed, np.nan)))
    return Balance(
        network=_controlled(settled, throttled, UNREGULATED),
        design=design,
        before=solve(_controlled(opened, throttled, UNREGULATED), **options),
        after=solve(_controlled(settled, throttled, UNREGULATED), **options),
        authority=np.where(enough, open_loss / _known(at_station), np.nan),
        unbalanced=throttled & ~enough,
    )


def _controlled(network: Network, rows: Mask, control: int) -> Network:
    stations = network.stations
    return replace(network, stations=replace(stations, control=np.where(rows, np.int8(control), stations.control)))


def _next_size(needed: Array) -> Array:
    """Next larger flow capacity [m3/s at 1 bar] of the series; valves are named by m3/h."""
    in_m3_h = _known(needed) * 3600.0
    with np.errstate(invalid="ignore", divide="ignore"):
        decade = 10.0 ** np.floor(np.log10(in_m3_h))
    sizes = np.concatenate([SERIES, [10.0]])
    place = np.searchsorted(sizes, np.nan_to_num(in_m3_h / decade, nan=1.0) * (1.0 - 1e-9))
    return np.where(np.isnan(in_m3_h), np.nan, sizes[np.minimum(place, len(sizes) - 1)] * decade / 3600.0)


def _known(values: Array) -> Array:
    """The values above zero, NaN elsewhere."""
    return np.where(values > 0.0, values, np.nan)
