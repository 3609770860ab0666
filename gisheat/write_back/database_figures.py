"""Writing back into a schema of a PostGIS database: one transaction, in which nothing else changes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.database import copies, rows
from gisheat.database.catalogue import columns_of, relation_names
from gisheat.database.reading import copy_hash, shape_of, table_hash
from gisheat.database.references import crs_of
from gisheat.database.sessions import Session, alone, writing
from gisheat.database.styling import add_styles
from gisheat.places import Database
from gisheat.schema import GEOMETRY, REGISTRY
from gisheat.styles import StyleRow
from gisheat.write_back.stores import STYLE_OWNER, StoredTable, Written

_COLUMNS = tuple(field.name for field in fields(Written))
_VALUES = "gisheat_values"
"""Temporary table of what is written, gone with the transaction."""
_TRIGGERS = """SELECT tgname, tgenabled::text FROM pg_trigger
    WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname"""
_ENABLE = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


@contextlib.contextmanager
def figures_in_schema(
    place: Database, layers: Mapping[str, str], copy_of: Database | None = None
) -> Iterator[DatabaseFigures]:  # fmt: skip
    """The tables of a schema in one transaction: kept when the block ends well, else nothing has happened.

    Parameters
    ----------
    layers : mapping
        Table -> layer of the contract.
    copy_of : Database, optional
        What is copied into the schema first.
    """
    with writing(place, "REPEATABLE READ", in_place=copy_of is None) as session:
        if copy_of is not None:
            copies.copy_schema(session, copy_of)
        else:
            alone(session, in_place=True)
        yield DatabaseFigures(session, layers)


class DatabaseFigures:
    """Figures written into the tables of a schema, which a transaction is open on."""

    def __init__(self, session: Session, layers: Mapping[str, str]) -> None:
        self.session, self.place, self.layers = session, session.where, layers

    def _execute(self, text: str, *names: Any, values: Sequence[Any] = ()) -> Any:
        """A statement with names in it, a table of the schema as a tuple of one."""
        from psycopg import sql

        made = [
            rows.named(self.place.schema, name[0]) if isinstance(name, tuple)
            else rows.named(name) if isinstance(name, str) else name
            for name in names
        ]  # fmt: skip
        return self.session.rows.execute(sql.SQL(text).format(*made), values)

    # what is there -------------------------------------------------------------------------------------

    def describe(self, table: str) -> StoredTable:
        """Key, geometry and columns of a table."""
        found = rows.table_of(self.session, table)
        shape = shape_of(self.session, table, GEOMETRY[self.layers.get(table, "pipes")])
        geometry = "" if shape is None else shape.name
        return StoredTable(table, found.key, geometry, tuple(name for name in found.columns if name != geometry))

    def state(self, table: str) -> str:
        """Hash of the rows, as a result that is solved from them records it."""
        return table_hash(self.session, table, GEOMETRY[self.layers[table]])

    def names(self) -> set[str]:
        """Names of all tables and views, and of what else has one."""
        return relation_names(self.session)

    def written(self) -> tuple[Written, ...]:
        """What earlier write-backs have written and is still there."""
        if not columns_of(self.session, REGISTRY):
            return ()
        found = [Written(*row) for row in self._execute(f"SELECT {_listed()} FROM {{}} ORDER BY id", (REGISTRY,))]  # noqa: S608 (our own names)
        there = {row.holder: set(columns_of(self.session, row.holder)) for row in found}
        return tuple(row for row in found if row.column in there[row.holder])

    def values(self, table: StoredTable, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Key and values of some columns of every row, in the order of the keys."""
        return rows.read_columns(self.session, rows.table_of(self.session, table.name), names)

    def lines(self, table: StoredTable, keys: NDArray[np.int64]) -> gpd.GeoSeries:
        """Geometry of the rows with some keys, with its CRS where it has one."""
        found = rows.read_rows(self.session, rows.table_of(self.session, table.name), keys.tolist())
        shapes = shapely.from_wkb([found[key][table.geometry_column] for key in keys.tolist()], on_invalid="ignore")
        shape = shape_of(self.session, table.name, GEOMETRY[self.layers[table.name]])
        crs = None if shape is None else crs_of(self.session, shape.srid, f"{self.place}|{table.name}")
        return gpd.GeoSeries(shapely.set_srid(shapes, 0), crs=crs)

    def content(self, table: str, without: Iterable[str]) -> str:
        """Hash of all rows of a table without some of its columns."""
        from psycopg import sql

        left, found = set(without), rows.table_of(self.session, table)
        names = [name for name in (found.key, *found.columns) if name not in left]
        query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.Identifier(self.place.schema, table),
            sql.Identifier(found.key),
        )
        return copy_hash(self.session, query, "\n".join(names))

    # columns of the layer itself -----------------------------------------------------------------------

    def set_columns(
        self, table: StoredTable, gone: Sequence[str], new: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Take columns away, add new ones (name -> text, float, int, bool), and fill columns of rows that differ."""
        for column in gone:
            self._execute("ALTER TABLE {} DROP COLUMN {}", (table.name,), column)
        for column, kind in new.items():
            self._execute(f"ALTER TABLE {{}} ADD COLUMN {{}} {rows.SQL_TYPES[kind]}", (table.name,), column)
        if values:
            with self._without_triggers(table.name):
                self._fill(table, values, keys)

    def _fill(self, table: StoredTable, values: Mapping[str, Sequence[Any]], keys: Sequence[int]) -> None:
        from psycopg import sql

        listed = sql.SQL(", ").join(map(rows.named, values))
        self._execute(
            f"CREATE TEMPORARY TABLE {_VALUES} ON COMMIT DROP AS SELECT {{}} AS {_VALUES}_key, {{}} FROM {{}} LIMIT 0",  # noqa: S608
            table.key, listed, (table.name,),
        )  # fmt: skip
        self._copied(sql.Identifier("pg_temp", _VALUES), values, keys)
        old, now = (
            sql.SQL(", ").join(rows.named(name, column) for column in values) for name in ("b", _VALUES)
        )  # fmt: skip
        sets = sql.SQL(", ").join(sql.SQL("{} = {}").format(rows.named(c), rows.named(_VALUES, c)) for c in values)
        self._execute(
            f"UPDATE {{}} b SET {{}} FROM pg_temp.{_VALUES} WHERE b.{{}} = {_VALUES}.{_VALUES}_key"  # noqa: S608
            " AND ROW({}) IS DISTINCT FROM ROW({})",
            (table.name,), sets, table.key, old, now,
        )  # fmt: skip
        self._execute(f"DROP TABLE pg_temp.{_VALUES}")

    def _copied(self, place: Any, values: Mapping[str, Sequence[Any]], keys: Sequence[int]) -> None:
        from psycopg import sql

        with self.session.rows.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(place)) as copy:
            for row in zip(keys, *values.values(), strict=True):
                copy.write_row(row)

    @contextlib.contextmanager
    def _without_triggers(self, table: str) -> Iterator[None]:
        """Without the triggers of a table, which may change the utility's own columns; then they are as before."""
        from psycopg import sql

        place = sql.Identifier(self.place.schema, table)
        triggers = self.session.rows.execute(_TRIGGERS, (place.as_string(self.session.rows),)).fetchall()
        for name, _ in triggers:
            self._execute("ALTER TABLE {} DISABLE TRIGGER {}", (table,), str(name))
        yield
        for name, state in triggers:
            self._execute(f"ALTER TABLE {{}} {_ENABLE[state]} {{}}", (table,), str(name))

    # a table and a view --------------------------------------------------------------------------------

    def make_view(
        self, table: StoredTable, holder: str, view: str, kinds: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Make a table with the values, and a view that joins it with all columns of the utility's table."""
        from psycopg import sql

        columns = [
            sql.SQL(f", {{}} {rows.SQL_TYPES[kind]}").format(rows.named(column)) for column, kind in kinds.items()
        ]
        made = sql.Composed(columns)
        self._execute("CREATE TABLE {} ({} bigint PRIMARY KEY{})", (holder,), table.key, made)
        self._copied(sql.Identifier(self.place.schema, holder), {c: values[c] for c in kinds}, keys)
        listed = sql.Composed([sql.SQL(", r.{}").format(rows.named(column)) for column in kinds])
        self._execute(
            "CREATE VIEW {} AS SELECT b.*{} FROM {} b LEFT JOIN {} r ON r.{} = b.{}",
            (view,), listed, (table.name,), (holder,), table.key, table.key,
        )  # fmt: skip

    def drop_view(self, holder: str, view: str) -> None:
        """Take such a table and its view away."""
        self._execute("DROP VIEW IF EXISTS {}", (view,))
        self._execute("DROP TABLE IF EXISTS {}", (holder,))

    # what is remembered --------------------------------------------------------------------------------

    def remember(self, written: Sequence[Written]) -> None:
        """Replace what is remembered of what was written; forget everything when there is nothing."""
        if not written:
            self._execute("DROP TABLE IF EXISTS {}", (REGISTRY,))
            return
        if not columns_of(self.session, REGISTRY):
            columns = ", ".join(f'"{name}" text NOT NULL' for name in _COLUMNS)
            self._execute(f"CREATE TABLE {{}} (id integer PRIMARY KEY, {columns})", (REGISTRY,))
        self._execute("DELETE FROM {}", (REGISTRY,))
        marks = ", ".join(["%s"] * (len(_COLUMNS) + 1))
        for number, row in enumerate(written, 1):
            query = f"INSERT INTO {{}} (id, {_listed()}) VALUES ({marks})"  # noqa: S608 (our own names)
            self._execute(query, (REGISTRY,), values=(number, *astuple(row)))

    def set_styles(self, tables: Sequence[str], styles: Sequence[StyleRow]) -> None:
        """Replace the styles that write-backs have stored with some tables; none of others is touched."""
        add_styles(self.session, styles, owner=STYLE_OWNER, names=tables)


def _listed() -> str:
    return ", ".join(f'"{name}"' for name in _COLUMNS)
