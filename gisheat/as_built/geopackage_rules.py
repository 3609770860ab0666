"""What the tables of a GeoPackage ask of their rows, and which of their columns a write-back has written."""

from __future__ import annotations

import sqlite3

from gisheat.as_built.stores import Demands, of_defaults
from gisheat.geopackage_transaction import column_names
from gisheat.schema import REGISTRY
from gisheat.sqlite_files import quoted


def demands_of(connection: sqlite3.Connection, name: str, *without: str) -> Demands:
    """Unique columns, those that may not be empty, those with a default, those computed from others."""
    listed = [row for row in connection.execute(f"PRAGMA table_xinfo({quoted(name)})") if row[1] not in without]
    unique = []
    for _, index, is_unique, _, partial in connection.execute(f"PRAGMA index_list({quoted(name)})").fetchall():
        columns = [row[2] for row in connection.execute(f"PRAGMA index_info({quoted(index)})")]
        if is_unique and not partial and not {None, *without} & {*columns}:
            unique.append(tuple(columns))
    return Demands(
        tuple(sorted(unique)), frozenset(row[1] for row in listed if row[3]),
        of_defaults({row[1]: row[4] or "" for row in listed}), frozenset(row[1] for row in listed if row[6] > 1),
    )  # fmt: skip


def figures_of(connection: sqlite3.Connection, table: str, *, holder: bool = False) -> dict[str, tuple[str, ...]]:
    """Columns that a write-back has written for a table, or into it, by the table that holds them."""
    found: dict[str, tuple[str, ...]] = {}
    if {"table", "holder", "column"} <= column_names(connection, REGISTRY):
        query = f'SELECT holder, "column" FROM {REGISTRY} WHERE {"holder" if holder else quoted("table")} = ?'  # noqa: S608
        for name, column in connection.execute(query, (table,)).fetchall():
            found[name] = (*found.get(name, ()), *({column} & column_names(connection, name)))
    return {name: columns for name, columns in found.items() if columns}


def broken_references(connection: sqlite3.Connection) -> set[tuple[str, int, str]]:
    """Rows that name one that is not there: table, row, and the table named; SQLite looks only when asked."""
    found = set()
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        query = 'SELECT "table", coalesce(rowid, 0), parent FROM pragma_foreign_key_check(?)'
        try:
            found |= set(connection.execute(query, (name,)).fetchall())
        except sqlite3.OperationalError as error:
            if "mismatch" not in str(error):  # a column is named in which values need not be unique: no reference
                raise
    return found
