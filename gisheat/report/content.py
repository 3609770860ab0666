"""What the tables of the report show: columns, their labels and decimals, values rounded as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisheat.report.words import Phrases
from gisheat.schema import ID_COLUMN, LAYER_LABEL, columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN: Mapping[str, tuple[str, ...]] = {
    "stations": (
        "station_id", "name", "phase", "status", "heated_area_m2", "load_kw", "heat_kw", "flow_t_h", "design_flow_t_h",
        "imbalance", "sup_head_m", "ret_head_m", "available_head_m", "required_head_m", "surplus_head_m", "served",
        "valve_kv_m3_h", "pump_head_m", "pump_power_kw", "connection_length_m", "ground_m",
    ),
    "critical_path": (
        "pipe_id", "order", "from_node", "to_node", "length_m", "sup_loss_kpa", "ret_loss_kpa", "cumulated_length_m",
        "sup_head_m", "ret_head_m", "ground_m",
    ),
    "pipes": (
        "pipe_id", "from_node", "to_node", "status", "phase", "role", "dn_mm", "inner_diameter_mm", "length_m",
        "equivalent_length_m", "heated_area_m2", "load_kw", "sup_flow_t_h", "sup_velocity_m_s", "sup_friction_pa_m",
        "sup_loss_kpa", "ret_friction_pa_m", "ret_loss_kpa", "governed_by", "on_critical_path",
    ),
    "sources": (
        "source_id", "name", "kind", "role", "phase", "capacity_mw", "load_mw", "flow_t_h", "pump_head_m",
        "pump_power_kw", "sup_head_m", "ret_head_m", "static_head_m", "supply_temp_c", "return_temp_c", "ground_m",
    ),
    "valves": ("valve_id", "kind", "line", "dn_mm", "state", "flow_t_h", "loss_kpa", "state_found"),
    "pumps": ("pump_id", "line", "control", "status", "flow_t_h", "head_m", "pump_power_kw", "state_found"),
    "comparison": (
        "scenario_id", "changed", "heat_load_mw", "heat_mw", "flow_t_h", "pump_head_m", "pump_power_kw",
        "worst_station", "least_surplus_head_m", "stations_short", "errors", "message",
    ),
    "findings": ("severity", "title", "message", "advice", "layer", "applied", "distance_m", "rule"),
}  # fmt: skip
"""Columns of each table, in the order in which they are read; those without any value are left out."""
WORST_COLUMNS = ("station_id", "name", "load_kw", "available_head_m", "required_head_m", "surplus_head_m", "imbalance",
                 "served")  # fmt: skip
DECIMALS: Mapping[str, int] = {
    "_pa_m": 1, "_m3_h": 1, "_t_h": 1, "_m_s": 2, "_kpa": 2, "_mm": 0, "_m2": 0, "_m3": 1, "_mw": 2, "_kw": 0, "_m": 2,
    "_c": 1, "imbalance": 3,
}  # fmt: skip
"""Decimals of figures by the end of their column's name, longer ends first."""
_OF_NAMES = {"length_m": 1, "cumulated_length_m": 1, "equivalent_length_m": 1, "connection_length_m": 1,
             "distance_m": 1, "inner_diameter_mm": 1, "heat_index_w_m2": 2}  # fmt: skip
_TRANSLATED = frozenset({"status", "role", "governed_by", "severity"})
"""Columns whose words are gisheat's own, not the user's."""
_SAYS_THE_SAME = {"design_flow_t_h": "flow_t_h", "heat_kw": "load_kw",
                  "ret_friction_pa_m": "sup_friction_pa_m"}  # fmt: skip
"""Columns that are left out where they are equal to another one in every row."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table of the page: values are None, texts, true or false, or numbers with `decimals`."""

    name: str
    label: str
    kind: str
    decimals: int
    values: list[Any]

    def plain(self) -> dict[str, Any]:
        """What the page needs of it."""
        return {"name": self.name, "label": self.label, "kind": self.kind, "decimals": self.decimals,
                "values": self.values}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page."""

    name: str
    title: str
    columns: tuple[Column, ...]
    """The first one names the row."""

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    def plain(self) -> dict[str, Any]:
        """What the page needs of it."""
        return {"title": self.title, "columns": [column.plain() for column in self.columns]}


def decimals_of(name: str) -> int:
    """Decimals with which figures of a column are read."""
    if name in _OF_NAMES:
        return _OF_NAMES[name]
    return next((DECIMALS[end] for end in sorted(DECIMALS, key=len, reverse=True) if name.endswith(end)), 2)


def table_of(
    layer: str, table: pd.DataFrame, phrases: Phrases, names: Sequence[str] | None = None, title: str = ""
) -> Table:
    """A result layer, or any table whose columns are those of a layer, as a table of the page.

    Parameters
    ----------
    names : sequence of str, optional
        Columns to show; by default those of `SHOWN`, and all of a table that has none there.
    """
    wanted = names if names is not None else SHOWN.get(layer, tuple(str(c) for c in table.columns if c != "geometry"))
    identity = ID_COLUMN.get(layer, wanted[0] if wanted else "")
    known = columns(layer)
    shown = [n for n in wanted if n in table and (n == identity or table[n].notna().any())]
    shown = [n for n in shown if not (n in _SAYS_THE_SAME and _equal(table, n, _SAYS_THE_SAME[n]))]
    made = [_column(name, known[name].label[phrases.language] if name in known else name, table[name], phrases)
            for name in shown]  # fmt: skip
    return Table(layer, title or LAYER_LABEL[phrases.language].get(layer, layer), tuple(made))


def _equal(table: pd.DataFrame, name: str, other: str) -> bool:
    """Tell whether two columns agree in every row, to the decimals with which they are read."""
    if other not in table:
        return False
    digits = decimals_of(name)
    return bool(table[name].astype(float).round(digits).equals(table[other].astype(float).round(digits)))


def _column(name: str, label: str, values: pd.Series, phrases: Phrases) -> Column:
    decimals = decimals_of(name)
    if values.dtype in ("boolean", bool):
        return Column(name, label, "bool", 0, [None if pd.isna(v) else bool(v) for v in values])
    if pd.api.types.is_integer_dtype(values.dtype):
        return Column(name, label, "number", 0, [None if pd.isna(v) else int(v) for v in values])
    if values.dtype.kind == "f":
        return Column(name, label, "number", decimals, _numbers(values.to_numpy(float), decimals))
    if all(isinstance(v, bool) or pd.isna(v) for v in values):
        return Column(name, label, "bool", 0, [None if pd.isna(v) else bool(v) for v in values])
    words = phrases.value if name in _TRANSLATED else str
    return Column(name, label, "text", 0, ["" if pd.isna(v) else words(str(v)) for v in values])


def _numbers(values: NDArray[np.float64], decimals: int) -> list[float | int | None]:
    rounded = np.round(values, decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    return [None if v != v else int(v) if v.is_integer() else v for v in rounded.tolist()]  # noqa: PLR0124


def quantities(pipes: pd.DataFrame, phrases: Phrases) -> Table | None:
    """Pipes by size and status: number, trench, water of supply and return; None where no size is known."""
    if "dn_mm" not in pipes or pipes["dn_mm"].isna().all():
        return None
    used = pipes[pipes["dn_mm"].notna() & pipes["length_m"].notna()]
    sides = np.where(used["line"].isin(["supply", "return"]), 1.0, 2.0) if "line" in used else 2.0
    bore = used["inner_diameter_mm"].to_numpy(float) / 1e3
    volume = np.pi / 4.0 * bore**2 * used["length_m"].to_numpy(float) * sides
    status = used["status"].fillna("existing").astype(str)
    grouped = pd.DataFrame(
        {"dn_mm": used["dn_mm"], "status": status, "count": 1, "length_m": used["length_m"], "volume_m3": volume}
    ).groupby(["dn_mm", "status"], as_index=False).sum()  # fmt: skip
    labels = {name: columns("pipes")[name].label[phrases.language] for name in ("dn_mm", "status", "length_m")}
    labels |= {"count": phrases("count"), "volume_m3": phrases("volume_m3")}
    made = tuple(_column(name, labels[name], grouped[name], phrases) for name in grouped.columns)
    return Table("quantities", phrases("quantities"), made)
