"""Results handed on in other forms: CAD drawings, GeoJSON, FlatGeobuf, Shapefile, CSV, workbooks.

`drawing` makes the DXF, `tables` all others. Whoever must be named with the data stays in what is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import run_record
from gisheat.layers import layer_names, read_table
from gisheat.places import Place
from gisheat.project import did_you_mean
from gisheat.schema import GEOMETRY

FORMS = (".dxf", ".geojson", ".fgb", ".shp", ".csv", ".xlsx")
"""Endings of the files that can be written."""
SEVERAL = (".dxf", ".xlsx")
"""Forms that hold several layers."""
USUAL = "pipes"
"""Layer that a form gets which holds one."""


@dataclass(frozen=True, slots=True)
class Result:
    """Layers of a result by name, its name, its figures and who must be named with it."""

    name: str
    tables: dict[str, pd.DataFrame]
    figures: dict[str, tuple[str, str]]
    """Value and unit of the figures of its summary."""
    attributions: tuple[str, ...]

    @property
    def crs(self) -> Any:
        """Of the layers, None where no layer has one."""
        return next((t.crs for t in self.tables.values() if isinstance(t, gpd.GeoDataFrame) and t.crs), None)


def read_result(where: Place, wanted: str, suffix: str) -> Result:
    """Layers of a result (or of layers that bear the names of the contract): the wanted one, or all that a form holds.

    Raises
    ------
    InputError
        If it can't be read, or has no such layer.
    """
    if where.suffix.lower() == ".toml":
        raise InputError(f"{where} is a project file; name a result, as run writes one.")
    there = [name for name in layer_names(where) if name in GEOMETRY]
    chosen = [wanted] if wanted else there if suffix in SEVERAL else [USUAL]
    for name in chosen:
        if name not in there:
            hint = did_you_mean(name, tuple(there)) or f"; it has {', '.join(there) or 'none that gisheat knows'}"
            raise InputError(f"{where} has no layer {name!r}{hint}.")
    record = run_record(where)
    named = tuple(value for key, value in record.items() if key.startswith("attribution "))
    tables = {name: _with_attribution(read_table(name, f"{where}|{name}"), named) for name in chosen}
    summary = read_table("summary", f"{where}|summary") if "summary" in there else None
    figures = {} if summary is None else {
        str(row.key): (str(row.value), str(row.unit or "")) for row in summary.itertuples()
    }  # fmt: skip
    stem = record.get("project") or (where.stem)
    return Result(stem, tables, figures, named)


def _with_attribution(table: pd.DataFrame, named: tuple[str, ...]) -> pd.DataFrame:
    """Features with whom the run record names, where they do not say it themselves."""
    if not named or not isinstance(table, gpd.GeoDataFrame):
        return table
    text = "; ".join(named)
    own = table["attribution"] if "attribution" in table else pd.Series(None, index=table.index, dtype=object)
    return table.assign(attribution=own.astype(object).where(own.notna(), text))
