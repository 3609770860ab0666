"""The load duration as tables: the curve, the sources, the loads of the phases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisheat.duration.study import DurationStudy
from gisheat.load_duration import HOUR
from gisheat.network import Array
from gisheat.schema import columns
from gisheat.topology.attributes import words


def duration_table(study: DurationStudy, *, by_days: bool = False) -> pd.DataFrame:
    """The duration curve with what each role gives (layer duration), a row a step; by days with the means of 24 h."""
    curve, supply, role = study.curve, study.supply, study.plants.role
    given = {
        f"{name}_mw": np.zeros(len(curve.load)) if supply is None else supply.output[role == name].sum(axis=0) / 1e6
        for name in columns("sources")["role"].choices
    }
    table = pd.DataFrame(
        {
            "end_h": curve.end / HOUR, "outdoor_temp_c": curve.outdoor, "load_mw": curve.load / 1e6,
            "load_percent": 100.0 * curve.load / curve.load[0], **given,
            "unmet_mw": np.full(len(curve.load), np.nan) if supply is None else supply.unmet / 1e6,
        }
    )  # fmt: skip
    return _by_days(table, curve.time) if by_days else table


def _by_days(table: pd.DataFrame, time: Array) -> pd.DataFrame:
    """Means of 24 h; what lasts longer stays one row."""
    day = np.ceil(table["end_h"].to_numpy() / 24.0 - 1e-9).astype(int)
    means = table.mul(time, axis=0).groupby(day).sum(min_count=1).div(pd.Series(time).groupby(day).sum(), axis=0)
    return means.assign(end_h=table["end_h"].groupby(day).max()).reset_index(drop=True)


def dispatch_table(study: DurationStudy) -> pd.DataFrame:
    """What each source gives (layer dispatch), in the order in which they are loaded; empty without capacities."""
    plants, supply = study.plants, study.supply
    if supply is None:
        return pd.DataFrame({name: [] for name in columns("dispatch")})
    return pd.DataFrame(
        {
            "source_id": words(plants.table, "source_id", ""), "name": words(plants.table, "name", ""),
            "role": plants.role, "phase": words(plants.table, "phase", ""), "capacity_mw": plants.capacity / 1e6,
            "largest_unit_mw": plants.largest_unit / 1e6, "largest_output_mw": supply.output.max(axis=1) / 1e6,
            "heat_gj": supply.heat / 1e9, "heat_percent": 100.0 * supply.share, "running_h": supply.running / HOUR,
            "full_load_h": supply.full_load / HOUR,
        }
    )  # fmt: skip
