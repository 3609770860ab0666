"""What a sweep found, as arrays with one row a scenario, and as tables with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from gisheat.network import Array, Index, Network, Text
from gisheat.schema import from_si
from gisheat.sweeps.scenarios import SEPARATOR, Scenarios

KEEPABLE = ("pipes", "nodes", "stations")
_TWO_PIPE = {
    "pipes": (
        "sup_flow_t_h", "sup_velocity_m_s", "sup_friction_pa_m", "sup_loss_kpa",
        "ret_flow_t_h", "ret_velocity_m_s", "ret_friction_pa_m", "ret_loss_kpa",
    ),
    "nodes": ("sup_head_m", "ret_head_m"),
    "stations": ("load_kw", "flow_t_h", "sup_head_m", "ret_head_m", "available_head_m", "surplus_head_m"),
}  # fmt: skip
_ONE_PIPE = {"pipes": ("flow_kg_s", "velocity_m_s", "friction_pa_m", "loss_kpa"), "nodes": ("head_m",)}
Kept = dict[str, dict[str, Array]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of scenarios in SI, shape (scenarios,); NaN (places: -1) where there is no result."""

    heat_load: Array
    flow: Array
    pump_head: Array
    pump_power: Array
    worst: Index
    """Station with the least surplus head."""
    least_surplus: Array
    velocity: Array
    velocity_pipe: Index
    friction: Array
    friction_pipe: Index
    lost_load: Array
    lost_flow: Array
    iterations: Index
    lost: Text
    """Stations (one-pipe networks: nodes with a demand) that are not supplied, an int array for each scenario."""
    message: Text
    kept: Kept
    """For each kept table and column an array of shape (scenarios, rows of the table)."""

    def place(self, rows: Index, other: Outcome) -> None:
        """Put the figures of the first of other scenarios into some rows."""
        count = len(rows)
        for field in fields(self):
            if field.name != "kept":
                getattr(self, field.name)[rows] = getattr(other, field.name)[:count]
        for table, columns in self.kept.items():
            for column, values in columns.items():
                values[rows] = other.kept[table][column][:count]


def no_outcome(network: Network, count: int, keep: tuple[str, ...]) -> Outcome:
    """Rows without a result."""
    kinds = {"Array": (np.nan, float), "Index": (-1, np.int64), "Text": ("", object)}
    arrays = {f.name: np.full(count, *kinds[str(f.type)]) for f in fields(Outcome) if f.name != "kept"}
    arrays["iterations"] = np.zeros(count, np.int64)
    arrays["lost"][:] = [np.zeros(0, np.int64)] * count
    names = _TWO_PIPE if network.two_pipe else _ONE_PIPE
    kept = {t: {c: np.full((count, len(getattr(network, t))), np.nan) for c in names.get(t, ())} for t in keep}
    return Outcome(**arrays, kept=kept)


def scenario_table(network: Network, scenarios: Scenarios, outcome: Outcome) -> pd.DataFrame:
    """Table of scenarios with the columns of the contract."""
    takers = network.stations.id if network.two_pipe else network.nodes.id
    given = ~np.isnan(scenarios.supply_temperature) | ~np.isnan(scenarios.return_temperature)
    out = np.array([SEPARATOR.join(network.pipes.id[p]) if len(p) else "" for p in scenarios.pipes_out], dtype=object)
    idle = network.sources.in_service & ~scenarios.sources_on
    sources_out = np.array([SEPARATOR.join(network.sources.id[row]) if row.any() else "" for row in idle], dtype=object)
    return pd.DataFrame(
        {
            "scenario_id": scenarios.id,
            "load_factor": scenarios.load_factor,
            "outage": out,
            "source_outage": sources_out,
            "supply_temp_c": scenarios.supply_temperature - 273.15 if given.any() else np.nan,
            "return_temp_c": scenarios.return_temperature - 273.15 if given.any() else np.nan,
            "heat_load_mw": from_si(outcome.heat_load, "heat_load_mw"),
            "flow_t_h": from_si(outcome.flow, "flow_t_h"),
            "pump_head_m": outcome.pump_head,
            "pump_power_kw": from_si(outcome.pump_power, "pump_power_kw"),
            "worst_station": _names(takers, outcome.worst),
            "least_surplus_head_m": outcome.least_surplus,
            "max_velocity_m_s": outcome.velocity,
            "max_velocity_pipe": _names(network.pipes.id, outcome.velocity_pipe),
            "max_friction_pa_m": outcome.friction,
            "max_friction_pipe": _names(network.pipes.id, outcome.friction_pipe),
            "stations_not_supplied": [SEPARATOR.join(takers[lost]) if len(lost) else "" for lost in outcome.lost],
            "load_not_supplied_mw": from_si(outcome.lost_load, "load_not_supplied_mw"),
            "flow_not_supplied_t_h": from_si(outcome.lost_flow, "flow_not_supplied_t_h"),
            "iterations": outcome.iterations,
            "message": outcome.message,
        }
    )


def _names(ids: Text, places: Index) -> Text:
    if not len(ids):
        return np.full(len(places), "", dtype=object)
    return np.where(places >= 0, ids[places], "").astype(object)


def kept_tables(
    network: Network, scenario_ids: Text, kept: Mapping[str, Mapping[str, Array]]
) -> dict[str, pd.DataFrame]:
    """Kept tables in long form: a row for each scenario and each pipe, node or station."""
    tables = {}
    for name, columns in kept.items():
        ids = getattr(network, name).id.astype(str)
        count = len(scenario_ids)
        scenario = pd.Categorical.from_codes(np.repeat(np.arange(count), len(ids)), categories=pd.Index(scenario_ids))
        feature = pd.Categorical.from_codes(np.tile(np.arange(len(ids)), count), categories=pd.Index(ids))
        figures = {column: from_si(values.ravel(), column) for column, values in columns.items()}
        tables[name] = pd.DataFrame({"scenario_id": scenario, f"{name[:-1]}_id": feature, **figures})
    return tables
