"""What styles need to know of tables that are not in a file: the same that `store` reads from a GeoPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gisheat.schema import GEOMETRY
from gisheat.styles.definitions import MAP_LAYERS, STYLES, TABLES
from gisheat.styles.model import Facts, LayerInfo, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHAPES: dict[str, Shape] = {"line": "Line", "point": "Point", "polygon": "Polygon", "none": "Table"}
_LARGEST = 1e15
_MOST_VALUES = 30


def describe_tables(tables: Mapping[str, pd.DataFrame], *, geometry_column: str, key: str) -> dict[str, LayerInfo]:
    """Describe the tables that have styles or a place in the project; GeoDataFrames have a shape."""
    return {
        name: _describe(name, tables[name], geometry_column, key) for name in (*MAP_LAYERS, *TABLES) if name in tables
    }


def _describe(name: str, table: pd.DataFrame, geometry_column: str, key: str) -> LayerInfo:
    shape = table.geometry if hasattr(table, "geometry") else None
    own = () if shape is None else (shape.name,)
    fields = tuple(str(column) for column in table.columns if column not in own)
    if shape is None:
        return LayerInfo("Table", fields, key=key)
    box = shape.total_bounds
    extent = (float(box[0]), float(box[1]), float(box[2]), float(box[3])) if np.isfinite(box).all() else None
    authority = None if shape.crs is None else shape.crs.to_authority()
    return LayerInfo(
        shape=_SHAPES[GEOMETRY[name]], fields=fields, geometry_column=geometry_column, key=key, extent=extent,
        crs_wkt="" if shape.crs is None or shape.crs.is_engineering else shape.crs.to_wkt(),
        crs_authid="" if authority is None else ":".join(authority),
    )  # fmt: skip


def gather_tables(tables: Mapping[str, pd.DataFrame]) -> Facts:
    """Take from the values what the styles adapt to."""
    shown = [s for s in STYLES if s.layer in tables and s.column in tables[s.layer].columns]
    numeric = [(s.layer, s.column) for s in shown if s.kind == "pretty" or s.column == "load_kw"]
    ranges = {place: _range(tables[place[0]][place[1]]) for place in numeric}
    return Facts(
        ranges={place: found for place, found in ranges.items() if found},
        values={(s.layer, s.column): _values(tables[s.layer][s.column]) for s in shown if s.kind == "values"},
        filled={(s.layer, s.column): _share_with_values(tables[s.layer][s.column]) for s in shown},
    )


def _range(values: pd.Series) -> tuple[float, float] | None:
    numbers = np.array([v for v in values if isinstance(v, int | float | np.number)], float)
    numbers = numbers[np.abs(numbers) < _LARGEST]
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else None


def _values(values: pd.Series) -> tuple[str, ...]:
    return tuple(sorted({str(v) for v in values.dropna() if v != ""})[:_MOST_VALUES])


def _share_with_values(values: pd.Series) -> float:
    return float((values.notna() & (values != "")).mean()) if len(values) else 0.0
