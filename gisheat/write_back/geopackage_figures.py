"""Writing back into a GeoPackage: one transaction, in which nothing else changes. SQLite only."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.geopackage_transaction import SQL_TYPES, changed, column_names, is_geopackage, without_triggers
from gisheat.layers.measures import header_size
from gisheat.places import Place, file_of
from gisheat.schema import REGISTRY
from gisheat.sqlite_files import quoted
from gisheat.styles import StyleRow, add_styles
from gisheat.write_back.stores import STYLE_OWNER, StoredTable, Written

ROWS_AT_ONCE = 10_000
_COLUMNS = tuple(field.name for field in fields(Written))


@contextlib.contextmanager
def figures_in_file(path: Path, said: str = "") -> Iterator[GeoPackageFigures]:
    """The tables of a GeoPackage in one transaction: kept when the block ends well, else nothing has happened."""
    said = said or f"{path} can't be changed"
    with changed(path, said) as connection:
        yield GeoPackageFigures(connection, said)


def check_geopackage(place: Place) -> Path:
    """The file of a place that can be changed in place: a GeoPackage.

    Raises
    ------
    InputError
        That says why another one can't, and what to do.
    """
    path = file_of(place, "write-back:")
    if path.suffix.lower() == ".shp":
        raise InputError(
            f"{path} is a Shapefile, whose columns have names of 10 characters and which can't be changed whole or not"
            " at all: write a copy, a GeoPackage, with --output."
        )
    if not is_geopackage(path):
        raise InputError(f"{path} is no GeoPackage and can't be changed in place: write a copy with --output.")
    return path


class GeoPackageFigures:
    """Figures written into the tables of a GeoPackage, which a transaction is open on."""

    def __init__(self, connection: sqlite3.Connection, said: str) -> None:
        self.connection, self.said = connection, said
        self.connection.text_factory = _decoded
        self.hides = self._would_hide()

    # what is there -------------------------------------------------------------------------------------

    def describe(self, table: str) -> StoredTable:
        """Key, geometry and columns of a table."""
        listed = self.connection.execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall()
        key = [row[1] for row in listed if row[5]]
        if len(key) != 1 or not all("INT" in row[2].upper() for row in listed if row[5]):
            raise InputError(
                f"{self.said}: {table} has no primary key of one column of whole numbers, as layers of a GeoPackage"
                " have."
            )
        query = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
        found = self.connection.execute(query, (table,)).fetchone()
        geometry = found[0] if found else ""
        names = tuple(row[1] for row in listed if row[1] not in (key[0], geometry))
        return StoredTable(table, key[0], geometry, names)

    def names(self) -> set[str]:
        """Names of all tables and views."""
        return {row[0] for row in self.connection.execute("SELECT name FROM sqlite_master")}

    def written(self) -> tuple[Written, ...]:
        """What earlier write-backs have written and is still there."""
        if REGISTRY not in self.names():
            return ()
        query = f"SELECT {', '.join(map(quoted, _COLUMNS))} FROM {REGISTRY} ORDER BY id"  # noqa: S608 (our own names)
        rows = [Written(*row) for row in self.connection.execute(query)]
        there = {row.holder: column_names(self.connection, row.holder) for row in rows}
        return tuple(row for row in rows if row.column in there[row.holder])

    def values(self, table: StoredTable, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Key and values of some columns of every row, in the order of the keys."""
        listed = ", ".join(quoted(name) for name in (table.key, *names))
        return self.connection.execute(f"SELECT {listed} FROM {quoted(table.name)} ORDER BY 1").fetchall()  # noqa: S608

    def lines(self, table: StoredTable, keys: NDArray[np.int64]) -> gpd.GeoSeries:
        """Geometry of the rows with some keys, with its CRS where it has one.

        Read here, for a second library of SQLite in this process that opens the file would undo its locks.
        """
        blobs = dict(self.values(table, [table.geometry_column]))
        wkb = [None if blobs[key] is None else blobs[key][header_size(blobs[key]) :] for key in keys.tolist()]
        query = """SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys
            JOIN gpkg_geometry_columns USING (srs_id) WHERE table_name = ?"""
        found = self.connection.execute(query, (table.name,)).fetchone() or ("NONE", 0)
        known = str(found[0]).upper() == "EPSG"
        return gpd.GeoSeries(shapely.from_wkb(wkb, on_invalid="ignore"), crs=f"EPSG:{found[1]}" if known else None)

    def content(self, table: str, without: Iterable[str]) -> str:
        """Hash of all rows of a table without some of its columns."""
        left = set(without)
        stored = self.describe(table)
        names = [n for n in (stored.key, stored.geometry_column, *stored.columns) if n and n not in left]
        listed = " || char(9) || ".join(f"quote({quoted(name)})" for name in names)
        key = quoted(stored.key)
        hashed = hashlib.sha256("\n".join(names).encode())
        self.connection.text_factory = bytes
        try:
            rows = self.connection.execute(f"SELECT {listed} FROM {quoted(table)} ORDER BY {key}")  # noqa: S608
            while some := rows.fetchmany(ROWS_AT_ONCE):
                hashed.update(b"".join(b"\n" + row for (row,) in some))
        finally:
            self.connection.text_factory = _decoded
        return hashed.hexdigest()

    # columns of the layer itself -----------------------------------------------------------------------

    def set_columns(
        self, table: StoredTable, gone: Sequence[str], new: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Take columns away, add new ones (name -> text, float, int, bool), and fill columns row by row."""
        name = quoted(table.name)
        with without_triggers(self.connection, table.name):
            for column in gone:
                self.connection.execute(f"ALTER TABLE {name} DROP COLUMN {quoted(column)}")
            for column, kind in new.items():
                self.connection.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column)} {SQL_TYPES[kind]}")
            if values:
                to = ", ".join(f"{quoted(column)} = ?" for column in values)
                statement = f"UPDATE {name} SET {to} WHERE {quoted(table.key)} = ?"  # noqa: S608 (quoted)
                self.connection.executemany(statement, zip(*values.values(), keys, strict=True))

    # a table and a view --------------------------------------------------------------------------------

    def make_view(
        self, table: StoredTable, holder: str, view: str, kinds: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Make a table with the values, and a view that joins it with all columns of the utility's table."""
        own, ours, key = quoted(table.name), quoted(holder), quoted(table.key)
        columns = "".join(f", {quoted(column)} {SQL_TYPES[kind]}" for column, kind in kinds.items())
        self.connection.execute(f"CREATE TABLE {ours} ({key} INTEGER PRIMARY KEY{columns})")
        marks = ", ".join("?" for _ in range(len(kinds) + 1))
        rows = zip(keys, *(values[column] for column in kinds), strict=True)
        self.connection.executemany(f"INSERT INTO {ours} VALUES ({marks})", rows)  # noqa: S608 (quoted)
        listed = "".join(f", r.{quoted(column)}" for column in kinds)
        self.connection.execute(
            f"CREATE VIEW {quoted(view)} AS SELECT b.*{listed} FROM {own} b LEFT JOIN {ours} r ON r.{key} = b.{key}"  # noqa: S608
        )
        self._register(holder, "attributes", table.name)
        self._register(view, "features", table.name)
        self.connection.execute(
            "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m)"
            " SELECT ?, column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE table_name = ?",
            (view, table.name),
        )

    def _would_hide(self) -> bool:
        """Whether listing a first table without geometry would hide tables of the utility that are not listed.

        GDAL shows those only as long as no table is listed.
        """
        if self.connection.execute("SELECT 1 FROM gpkg_contents WHERE data_type = 'attributes'").fetchone():
            return False
        query = """SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'gpkg!_%' ESCAPE '!'
            AND name NOT LIKE 'rtree!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
            AND name NOT IN (SELECT table_name FROM gpkg_contents)"""
        ours = {REGISTRY, "qgis_projects", *(name for row in self.written() for name in (row.holder, row.view))}
        return any(name not in ours for (name,) in self.connection.execute(query))

    def _register(self, name: str, kind: str, like: str = "") -> None:
        """List a table in the contents, a layer with the extent of the one it is made of; no time of its own."""
        if kind == "attributes" and self.hides:
            return
        self.connection.execute(
            "INSERT OR REPLACE INTO gpkg_contents"
            " (table_name, data_type, identifier, description, last_change, min_x, min_y, max_x, max_y, srs_id)"
            " SELECT ?1, ?2, ?1, '', last_change, CASE ?2 WHEN 'features' THEN min_x END,"
            " CASE ?2 WHEN 'features' THEN min_y END, CASE ?2 WHEN 'features' THEN max_x END,"
            " CASE ?2 WHEN 'features' THEN max_y END, CASE ?2 WHEN 'features' THEN srs_id ELSE 0 END"
            " FROM gpkg_contents WHERE table_name = ?3",
            (name, kind, like),
        )

    def drop_view(self, holder: str, view: str) -> None:
        """Take such a table and its view away."""
        self.connection.execute(f"DROP VIEW IF EXISTS {quoted(view)}")
        self.connection.execute(f"DROP TABLE IF EXISTS {quoted(holder)}")
        self._forget(holder, view)

    def _forget(self, *names: str) -> None:
        for name in names:
            for table in ("gpkg_geometry_columns", "gpkg_ogr_contents", "gpkg_contents"):
                if table in self.names():
                    self.connection.execute(f"DELETE FROM {table} WHERE table_name = ?", (name,))  # noqa: S608

    # what is remembered --------------------------------------------------------------------------------

    def remember(self, rows: Sequence[Written]) -> None:
        """Replace what is remembered of what was written; forget everything when there is nothing."""
        if not rows:
            self.connection.execute(f"DROP TABLE IF EXISTS {REGISTRY}")
            self._forget(REGISTRY)
            return
        columns = ", ".join(f"{quoted(name)} TEXT NOT NULL" for name in _COLUMNS)
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {REGISTRY} (id INTEGER PRIMARY KEY, {columns})")
        self._register(REGISTRY, "attributes", rows[0].table)
        self.connection.execute(f"DELETE FROM {REGISTRY}")  # noqa: S608
        marks = ", ".join("?" for _ in range(len(_COLUMNS) + 1))
        numbered = ((i, *astuple(row)) for i, row in enumerate(rows, 1))
        self.connection.executemany(f"INSERT INTO {REGISTRY} VALUES ({marks})", numbered)  # noqa: S608

    def set_styles(self, tables: Sequence[str], rows: Sequence[StyleRow]) -> None:
        """Replace the styles that write-backs have stored with some tables; none of others is touched."""
        add_styles(self.connection, rows, owner=STYLE_OWNER, tables=tables, listed=not self.hides)


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
