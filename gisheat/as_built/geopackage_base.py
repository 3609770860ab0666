"""A base in a GeoPackage, by SQLite alone: index, counts and extents of its layers stay right."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError

from gisheat.as_built import stores
from gisheat.as_built.geopackage_rules import broken_references, demands_of, figures_of
from gisheat.as_built.history import HISTORY, HISTORY_COLUMNS, Edit, Entry, Row, Run, entry_of, entry_values
from gisheat.as_built.stores import Geometries, Kind, StoredTable
from gisheat.errors import InputError
from gisheat.geopackage_transaction import SQL_TYPES, bounds, changed, column_names, copy_geopackage, header
from gisheat.layers.files import reason
from gisheat.layers.measures import has_m
from gisheat.sqlite_files import looked_into, quoted

_HISTORY_TABLE = f"""CREATE TABLE {HISTORY} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, number INTEGER NOT NULL,
    time TEXT, operation TEXT, source TEXT, run TEXT, state INTEGER, layer TEXT, row_fid INTEGER, feature_id TEXT,
    action TEXT, before TEXT, after TEXT)"""
_FIELDS = ", ".join(HISTORY_COLUMNS)
_NO_SYSTEM = (0, -1)
"""Ids of the standard for coordinates without a CRS."""


@dataclass(frozen=True)
class GeoPackageBase:
    """A GeoPackage as a base; `file` is where it is written, `place` what it is called."""

    place: Path
    file: Path
    tables: Mapping[str, StoredTable]
    said: str = ""
    """How the sentence on what goes wrong when it is written begins."""

    def rows(self, table: StoredTable, fids: Iterable[int]) -> dict[int, Row]:
        """Rows by feature id as they are stored."""
        with _read(self.file) as connection:
            return _rows(connection, table, [int(fid) for fid in fids])

    def column(self, table: StoredTable, name: str) -> dict[int, Any]:
        """A column of all rows, by feature id."""
        query = f"SELECT {quoted(table.key)}, {quoted(name)} FROM {quoted(table.name)}"  # noqa: S608
        with _read(self.file) as connection:
            return dict(connection.execute(query).fetchall())

    def packed(self, table: StoredTable, geometries: Geometries) -> list[bytes | None]:
        """Geometries as GeoPackage binary, with an envelope where they have an extent."""
        with _read(self.file) as connection:
            query = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?"
            (srs,) = connection.execute(query, (table.name,)).fetchone()
        wkb = shapely.to_wkb(geometries, output_dimension=4 if has_m(geometries).any() else 3, flavor="iso")
        boxes = shapely.bounds(geometries).tolist()
        points = shapely.get_type_id(geometries) == shapely.GeometryType.POINT
        empty = shapely.is_empty(geometries)
        return [
            None if geometry is None else header(int(srs), None if point or none else box, empty=bool(none)) + raw
            for geometry, raw, box, point, none in zip(geometries, wkb, boxes, points, empty, strict=True)
        ]

    def runs(self) -> dict[int, Run]:
        """Runs of the history by number."""
        with _read(self.file) as connection:
            return _runs(connection)

    def entries(self, after: int = 0) -> list[Entry]:
        """Entries of the history of runs with a larger number."""
        with _read(self.file) as connection:
            if not _has_history(connection, self.place):
                return []
            query = f"SELECT {_FIELDS} FROM {HISTORY} WHERE number > ? ORDER BY fid"  # noqa: S608
            return [entry_of(row) for row in connection.execute(query, (after,))]

    def apply(self, edits: Sequence[Edit], run: Run) -> None:
        """Make edits and tell the history, all in one transaction."""
        with changed(self.file, self.said) as connection:
            _check_number(connection, self.place, run)
            broken = broken_references(connection)
            done = _Work(connection, self.place).do(edits)
            for table, row, parent in sorted(broken_references(connection) - broken):
                raise InputError(
                    f"{self.place}: the row {row} of {table} would name a row of {parent} that is not there: nothing"
                    " was changed; leave that change out, or mend it."
                )
            if not _has_history(connection, self.place):
                connection.execute(_HISTORY_TABLE)
                connection.execute(
                    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)"
                    " VALUES (?, 'attributes', ?, '', 0)",
                    (HISTORY, HISTORY),
                )
            marks = ", ".join("?" * len(HISTORY_COLUMNS))
            connection.executemany(
                f"INSERT INTO {HISTORY} ({_FIELDS}) VALUES ({marks})",  # noqa: S608
                [entry_values(Entry(run, edit)) for edit in done],
            )


def open_geopackage(place: Path, sources: Mapping[str, str]) -> GeoPackageBase:
    """A GeoPackage as a base.

    Parameters
    ----------
    place : Path
    sources : mapping
        Contract layer -> table.

    Raises
    ------
    InputError
        If it is no GeoPackage, or a layer is a view or has no feature id.
    """
    other = f"{place} is no GeoPackage, so nothing can be merged into it: bring its layers into one (*.gpkg)."
    if place.is_dir():
        raise InputError(other)
    with _read(place) as connection:
        try:
            connection.execute("SELECT 1 FROM gpkg_contents").fetchone()
        except sqlite3.Error as error:
            raise InputError(other) from error
        tables = {layer: _described(connection, place, layer, name) for layer, name in sources.items()}
    return GeoPackageBase(place, place, tables)


def copied_to(store: GeoPackageBase, file: Path, output: Path) -> GeoPackageBase:
    """The store in a copy of its file, which is going to be called `output`.

    Raises
    ------
    OSError
        If it can't be copied.
    """
    copy_geopackage(store.file, file)
    return replace(store, place=output, file=file, said=f"output {output} can't be written")


def check_writable(place: Path) -> None:
    """Refuse a base that may not be written, nor its folder, where the journal of a transaction lies.

    Raises
    ------
    InputError
        Which of them.
    """
    for path in (place, place.resolve().parent):
        if not os.access(path, os.W_OK):
            raise InputError(f"{place} can't be changed: no permission for {path}; name an --output.")


# opening ---------------------------------------------------------------------------------------------------


@contextmanager
def _read(file: Path) -> Iterator[sqlite3.Connection]:
    """The file opened to be read, itself never touched."""
    try:
        with looked_into(file) as connection:
            yield connection
    except sqlite3.Error as error:
        raise InputError(f"{file} cannot be read: {reason(error)}.") from error


def _described(connection: sqlite3.Connection, place: Path, layer: str, name: str) -> StoredTable:
    query = "SELECT type FROM sqlite_master WHERE name = ?"
    kind = (connection.execute(query, (name,)).fetchone() or ("",))[0]
    columns = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((row[1] for row in columns if row[5] and "INT" in row[2].upper()), "")
    if kind != "table" or not key:
        what = "a view" if kind == "view" else "no table with a feature id"
        raise InputError(f"layer {layer}: {name} of {place} is {what}, so nothing can be merged into it.")
    query = "SELECT column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE table_name = ?"
    geometry, shape, srs, z, m = connection.execute(query, (name,)).fetchone() or ("", "", 0, 0, 0)
    dimension = {0: False, 1: True}
    own = [row for row in columns if row[1] not in (key, geometry)]
    return StoredTable(
        layer, name, key, {row[1]: _kind(row[2]) for row in own},
        {row[1]: width for row in own if (width := _width(row[2]))},
        geometry, str(shape).upper(), dimension.get(z), dimension.get(m), _crs(connection, srs) if geometry else None,
        demands_of(connection, name, key, geometry), figures_of(connection, name),
    )  # fmt: skip


def _kind(declared: str) -> Kind:
    word = declared.upper().partition("(")[0].strip()
    known: dict[str, Kind] = {
        "BOOLEAN": "bool", "DOUBLE": "float", "FLOAT": "float", "REAL": "float", "DATE": "date",
        "DATETIME": "datetime", "TEXT": "text", "BLOB": "blob",
    }  # fmt: skip
    return known.get(word) or ("int" if "INT" in word else "text" if "CHAR" in word else "any")


def _width(declared: str) -> int:
    number = declared.partition("(")[2].partition(")")[0].strip()
    return int(number) if number.isdigit() and _kind(declared) == "text" else 0


def _crs(connection: sqlite3.Connection, srs: int) -> pyproj.CRS | None:
    query = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    row = connection.execute(query, (srs,)).fetchone()
    if row is None or srs in _NO_SYSTEM:
        return None
    try:
        return pyproj.CRS.from_user_input(row[2]) if row[2] else pyproj.CRS.from_authority(row[0], row[1])
    except CRSError:
        return None


# reading ---------------------------------------------------------------------------------------------------


def _rows(connection: sqlite3.Connection, table: StoredTable, fids: Sequence[int]) -> dict[int, Row]:
    names = [*([table.geometry] if table.geometry else []), *table.kinds]
    listed = ", ".join(quoted(name) for name in (table.key, *names))
    query = (
        f"SELECT {listed} FROM {quoted(table.name)}"  # noqa: S608
        f" WHERE {quoted(table.key)} IN (SELECT value FROM json_each(?))"
    )
    found = connection.execute(query, (json.dumps(list(fids)),))
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}


def _has_history(connection: sqlite3.Connection, place: Path) -> bool:
    columns = column_names(connection, HISTORY)
    if columns and not {"number", "state", "before", "after"} <= columns:
        raise InputError(f"{place} has a table {HISTORY} that gisheat did not make: give it another name.")
    return bool(columns)


def _runs(connection: sqlite3.Connection) -> dict[int, Run]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (HISTORY,)).fetchone():
        return {}
    query = f"SELECT DISTINCT number, operation, source, run, time, state FROM {HISTORY} ORDER BY number"  # noqa: S608
    return {int(row[0]): Run(*row) for row in connection.execute(query)}


def _check_number(connection: sqlite3.Connection, place: Path, run: Run) -> None:
    stores.check_number(place, _runs(connection) if _has_history(connection, place) else {}, run)


# writing ---------------------------------------------------------------------------------------------------


class _Work:
    """Edits made in one transaction."""

    def __init__(self, connection: sqlite3.Connection, place: Path) -> None:
        self.connection, self.place = connection, place
        self.tables: dict[str, StoredTable] = {}  # as they are now

    def do(self, edits: Sequence[Edit]) -> list[Edit]:
        """Make the edits in their order; with the feature ids that new rows got."""
        there = {row[0] for row in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        come, by_table, go = stores.steps(stores.of_tables(edits, there))
        done = [self._add(edit) for edit in come]
        for name, some in by_table.items():
            done += self._rows_of(self._table(name), some)
        return done + [self._drop(edit) for edit in go]

    def _table(self, name: str) -> StoredTable:
        if name not in self.tables:
            self.tables[name] = _described(self.connection, self.place, name, name)
        return self.tables[name]

    def _add(self, edit: Edit) -> Edit:
        column, kind = (edit.after or {})["column"], (edit.after or {})["type"]
        table = self._table(edit.table)
        if column not in table.kinds:
            self.connection.execute(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(column)} {SQL_TYPES[kind]}")
        self.tables[edit.table] = replace(table, kinds={**table.kinds, column: kind})
        return edit

    def _drop(self, edit: Edit) -> Edit:
        column = (edit.before or {})["column"]
        query = f"SELECT count({quoted(column)}) FROM {quoted(edit.table)}"  # noqa: S608
        (filled,) = self.connection.execute(query).fetchone()
        stores.check_empty(self.place, edit, filled)
        self.connection.execute(f"ALTER TABLE {quoted(edit.table)} DROP COLUMN {quoted(column)}")
        return edit

    def _rows_of(self, table: StoredTable, edits: list[Edit]) -> list[Edit]:
        there = {table.geometry, *table.kinds}
        edits = [stores.of_columns(edit, there) for edit in self._numbered(table, edits)]
        now = _rows(self.connection, table, [edit.fid for edit in edits if edit.fid is not None])
        figures = figures_of(self.connection, table.name, holder=True).get(table.name, ())
        edits = stores.of_figures(edits, now, figures)
        for edit in edits:
            stores.check_before(self.place, edit, now.get(edit.fid or 0), figures)
        query = f"DELETE FROM {quoted(table.name)} WHERE {quoted(table.key)} = ?"  # noqa: S608
        gone = [edit for edit in edits if edit.action == "delete"]
        self._many(query, gone, [(edit.fid,) for edit in gone])
        for action, statement in (("update", _update), ("insert", _insert)):
            groups: dict[tuple[str, ...], list[Edit]] = {}
            for edit in edits:
                if edit.action == action:
                    groups.setdefault(tuple(edit.after or ()), []).append(edit)
            for names, some in groups.items():
                values = [(*(edit.after or {}).values(), edit.fid) for edit in some]
                self._many(statement(table, names), some, values)
        self._tell_contents(table, edits)
        made = _rows(self.connection, table, [edit.fid for edit in edits if edit.fid is not None])
        return [stores.as_done(self.place, edit, now.get(edit.fid or 0), made.get(edit.fid or 0)) for edit in edits]

    def _many(self, query: str, edits: Sequence[Edit], values: Sequence[tuple[Any, ...]]) -> None:
        """A statement for each edit; what a rule of the file refuses is told with the feature."""
        at = edits[0] if edits else None

        def told() -> Iterator[tuple[Any, ...]]:
            nonlocal at
            for edit, row in zip(edits, values, strict=True):
                at = edit
                yield row

        try:
            self.connection.executemany(query, told())
        except sqlite3.IntegrityError as error:
            assert at is not None
            raise InputError(stores.refused(self.place, at, str(error))) from error

    def _numbered(self, table: StoredTable, edits: list[Edit]) -> list[Edit]:
        """Edits whose new rows have feature ids that no row ever had."""
        if all(edit.fid is not None for edit in edits):
            return edits
        query = f"SELECT max({quoted(table.key)}) FROM {quoted(table.name)}"  # noqa: S608
        highest = [self.connection.execute(query).fetchone()[0]]
        if self.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            query = "SELECT max(seq) FROM sqlite_sequence WHERE name = ?"
            highest += self.connection.execute(query, (table.name,)).fetchone()
        if _has_history(self.connection, self.place):
            query = f"SELECT max(row_fid) FROM {HISTORY} WHERE layer = ?"  # noqa: S608
            highest += self.connection.execute(query, (table.name,)).fetchone()
        following = max(fid or 0 for fid in highest)
        numbered = []
        for edit in edits:
            following += edit.fid is None
            numbered.append(replace(edit, fid=following) if edit.fid is None else edit)
        return numbered

    def _tell_contents(self, table: StoredTable, edits: Sequence[Edit]) -> None:
        """Say when the table changed, and how far its features reach now (informative, OGC 12-128r18, 1.1.3)."""
        blobs = [(edit.after or {}).get(table.geometry) for edit in edits]
        boxes = np.array([box for blob in blobs if (box := bounds(blob)) is not None], float).reshape(-1, 4)
        now = "strftime('%Y-%m-%dT%H:%M:%fZ','now')"
        query = f"UPDATE gpkg_contents SET last_change = {now} WHERE table_name = ?"  # noqa: S608
        self.connection.execute(query, (table.name,))
        if len(boxes):
            reach = (boxes[:, 0].min(), boxes[:, 1].max(), boxes[:, 2].min(), boxes[:, 3].max())
            self.connection.execute(
                "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?1), ?1), max_x = max(coalesce(max_x, ?2), ?2),"
                " min_y = min(coalesce(min_y, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4) WHERE table_name = ?5",
                (*map(float, reach), table.name),
            )


def _update(table: StoredTable, names: Sequence[str]) -> str:
    values = ", ".join(f"{quoted(name)} = ?" for name in names)
    return f"UPDATE {quoted(table.name)} SET {values} WHERE {quoted(table.key)} = ?"  # noqa: S608


def _insert(table: StoredTable, names: Sequence[str]) -> str:
    listed = ", ".join(quoted(name) for name in (*names, table.key))
    marks = ", ".join("?" * (len(names) + 1))
    return f"INSERT INTO {quoted(table.name)} ({listed}) VALUES ({marks})"  # noqa: S608
