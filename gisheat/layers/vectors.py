"""Reading what GDAL reads, GeoPackages first."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gisheat.layers.reader import Read
from gisheat.sqlite_files import frozen, is_sqlite, quoted, readable

prepared = readable
guess_layers = None


def layer_names(file: Path) -> list[str]:
    """Names of the layers of a file."""
    return [str(name) for name, _ in pyogrio.list_layers(file)]


def column_names(file: Path, name: str) -> list[str]:
    """Names of the columns of a layer."""
    return [str(c) for c in pyogrio.read_info(file, layer=name)["fields"]]


def read(layer: str, file: Path, name: str, encoding: str | None) -> Read:
    """Read a layer; such files say their own code."""
    del layer, encoding
    return Read(_as_stored(file, name, read_dataframe(file, name)))


def read_dataframe(file: Path, name: str, encoding: str | None = None) -> gpd.GeoDataFrame:
    """A layer with the feature id as index; a geometry that is broken becomes a missing one."""
    options = {"layer": name, "fid_as_index": True, "encoding": encoding}
    try:
        return pyogrio.read_dataframe(file, **options)
    except shapely.errors.ShapelyError:  # one broken geometry: read again
        return pyogrio.read_dataframe(file, on_invalid="ignore", **options)


def _as_stored(file: Path, name: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with texts, and fractions in whole-number columns, that GDAL made numbers of (0 of most words)."""
    if not is_sqlite(file):
        return table
    with frozen(file) as connection:
        connection.text_factory = _decoded
        try:
            odd = _odd_values(connection, name, table)
        except sqlite3.Error:  # a view without feature ids: GDAL's reading has to do
            return table
    for column, rows in odd.items():
        values = table[column].to_numpy(object, copy=True)
        position = table.index.get_indexer([fid for fid, _ in rows])
        for row, (_, value) in zip(position.tolist(), rows, strict=True):
            if row >= 0:
                values[row] = value
        table[column] = pd.Series(values, index=table.index, dtype=object)
    return table


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _odd_values(
    connection: sqlite3.Connection, name: str, table: gpd.GeoDataFrame
) -> dict[str, list[tuple[int, object]]]:
    """Feature ids and values, by column, of what stands in number columns without being of their type."""
    described = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((quoted(row[1]) for row in described if row[5]), "rowid")
    whole = {row[1]: "INT" in row[2].upper() for row in described}
    numeric = [column for column in table.columns if column in whole and table[column].dtype.kind in "iufb"]
    if not numeric:
        return {}
    odd = {column: (str, bytes, float) if whole[column] else (str, bytes) for column in numeric}
    types = {column: "'text', 'blob', 'real'" if whole[column] else "'text', 'blob'" for column in numeric}
    asked = " OR ".join(f"typeof({quoted(column)}) IN ({types[column]})" for column in numeric)
    read = ", ".join(map(quoted, numeric))
    found: dict[str, list[tuple[int, object]]] = {}
    for fid, *values in connection.execute(f"SELECT {key}, {read} FROM {quoted(name)} WHERE {asked}"):  # noqa: S608
        for column, value in zip(numeric, values, strict=True):
            if isinstance(value, odd[column]):
                found.setdefault(column, []).append((int(fid), None if value == "" else value))
    return found
