"""The result whose figures are written back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray

from gisheat.earlier import names_of_today
from gisheat.errors import InputError
from gisheat.geopackage import is_result, run_record
from gisheat.layers import layer_names, read_table
from gisheat.places import Database, Place
from gisheat.schema import ID_COLUMN, columns
from gisheat.sqlite_files import readable

RESULT_OF = {"streets": "pipes", "buildings": "stations"}
"""Result layer whose rows stand for features of another: trenches in streets, stations of buildings."""
WRITABLE = ("pipes", "nodes", "stations", "sources", "valves", "pumps", "streets", "buildings")
"""Layers that results can be written to."""
_SOLVED_BY = ("sup_flow_t_h", "ret_flow_t_h", "flow_kg_s")
"""Columns of pipes of which one has values in every solution."""
_JOINED_BY = {*ID_COLUMN.values(), "parent_id", "street_id", "repaired"}
"""Columns by which rows of a result are joined with features."""


@dataclass(frozen=True)
class Solved:
    """A result: its layers with the feature id as index, the lineage, the run record."""

    path: Place
    tables: Mapping[str, pd.DataFrame]
    lineage: pd.DataFrame
    record: Mapping[str, str]
    notes: tuple[str, ...] = ()
    """What is to be said of a result of an earlier version."""

    def hash_of(self, layer: str) -> str:
        """SHA-256 of the file, or of the rows in a database, that an input layer was read from; empty when unknown."""
        source = self.record.get(f"input {layer}", "")
        names = (source, source.partition("|")[0]) if source else ()
        return next((self.record[f"sha256 {name}"] for name in names if f"sha256 {name}" in self.record), "")

    def lines(self, layer: str, rows: NDArray[np.int64]) -> gpd.GeoSeries:
        """Geometry of some rows of a layer."""
        return gpd.GeoSeries(gpd.GeoDataFrame(read_table(layer, f"{self.path}|{layer}")).geometry.iloc[rows])


def read_solved(path: Place, wanted: Collection[str] = ()) -> Solved:
    """Read a result.

    Parameters
    ----------
    path : Place
    wanted : collection of str
        Columns that are written too though they may be inputs.

    Raises
    ------
    InputError
        If it is no result, of a newer version, or holds no solution.
    """
    names = layer_names(path)
    record = run_record(path)
    if not is_result(path):
        raise InputError(f"{path} is no result of gisheat: solve the base, and name what was written.")
    read = [name for name in WRITABLE if name in names and name not in RESULT_OF]
    today, notes = names_of_today({name: f"{path}|{name}" for name in read}, {})
    tables = {name: _read(path, name, _needed(name, wanted), today.get(name, {})) for name in read}
    pipes = tables.get("pipes", pd.DataFrame())
    if not any(name in pipes and pipes[name].notna().any() for name in _SOLVED_BY):
        made = record.get("operation", "")
        raise InputError(f"{path} holds no solution{f' (made by {made})' if made else ''}: solve the base first.")
    known = "lineage" in names
    lineage = _read(path, "lineage", _LINEAGE, {}) if known else pd.DataFrame(columns=_LINEAGE)
    return Solved(path, tables, lineage, record, tuple(notes))


def _needed(layer: str, wanted: Collection[str]) -> list[str]:
    """Columns of a result layer that are written or join it with features; half of them are only passed through."""
    return [n for n, c in columns(layer).items() if not c.is_input or n in wanted or n in _JOINED_BY]


def _read(place: Place, layer: str, needed: Collection[str], today: Mapping[str, str]) -> pd.DataFrame:
    """Some columns of a layer, without its geometry; `today` -> what an earlier version called them."""
    own = {was: now for now, was in today.items() if now in needed}
    if isinstance(place, Database):
        return pd.DataFrame(read_table(layer, f"{place}|{layer}")).rename(columns=own)
    with readable(place) as file:
        wanted = {*needed, *own}
        known = [name for name in pyogrio.read_info(file, layer=layer)["fields"] if name in wanted]
        found = pyogrio.read_dataframe(file, layer=layer, columns=known, read_geometry=False, fid_as_index=True)
    return found.rename(columns=own)


_LINEAGE = ("source_layer", "source_fid", "result_layer", "result_id", "action")
