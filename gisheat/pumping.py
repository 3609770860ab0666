"""Pumps at the stations against one central pump: head and power of both designs of the same network.

The central pump gives every station what the worst one needs, and the valves of all others throttle the rest
away. A pump at each station gives only what is missing there, but small pumps are less efficient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gisheat.hydraulics import solve
from gisheat.hydraulics.sources import as_designed
from gisheat.hydraulics.stations import PUMP_EFFICIENCY
from gisheat.network import Network
from gisheat.network.arrays import HELD, PUMPED
from gisheat.results import Results


@dataclass(frozen=True)
class Pumping:
    """Both designs solved for the design flows, and their electric power [W]."""

    central: Results
    distributed: Results
    throttled: float
    """Hydraulic power [W] that the valves of the stations destroy with the central pump."""

    @property
    def designs(self) -> pd.DataFrame:
        """One row for each design: source pump head [m], electric powers [kW], power throttled [kW]."""
        rows = []
        for name, results, lost in (
            ("central", self.central, self.throttled),
            ("distributed", self.distributed, 0.0),
        ):
            assert results.source is not None and results.station is not None
            source, stations = float(np.nansum(results.source.pump_power)), float(np.nansum(results.station.pump_power))
            rows.append(
                {
                    "design": name,
                    "source_pump_head_m": float(np.nanmax(results.source.pump_head)),
                    "source_pump_power_kw": source / 1e3,
                    "station_pump_power_kw": stations / 1e3,
                    "throttled_kw": lost / 1e3,
                    "total_power_kw": (source + stations) / 1e3,
                }
            )
        return pd.DataFrame(rows)


def compare_pumping(network: Network, *, station_pump_efficiency: float = PUMP_EFFICIENCY, **options: Any) -> Pumping:
    """Solve the design flows with one central pump, and with a pump at each station.

    The source pump of the distributed design covers the plant and what terminal_difference_m of the source says
    (nothing: the point of zero difference is at the source).

    Parameters
    ----------
    network : Network
    station_pump_efficiency : float
        Efficiency of pump and motor at stations; those of sources are in the network.
    options
        Those of `hydraulics.solve`.
    """
    designed = as_designed(network)
    stations = designed.stations
    held = replace(designed, stations=replace(stations, control=np.full(len(stations), HELD, np.int8)))
    pumped = replace(
        designed,
        stations=replace(stations, control=np.full(len(stations), PUMPED, np.int8)),
        sources=replace(
            network.sources,
            pump_control=np.where(np.isnan(network.sources.terminal_difference), 0, 2).astype(np.int8),
        ),
    )
    central = solve(held, **options)
    distributed = solve(pumped, station_pump_efficiency=station_pump_efficiency, **options)
    assert central.station is not None
    surplus = np.maximum(np.nan_to_num(central.station.surplus_head), 0.0)
    at = central.conditions
    lost = float((surplus * at.gravity * np.nan_to_num(central.station.flow)).sum())
    return Pumping(central, distributed, lost)
