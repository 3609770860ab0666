"""Rows of a table as they are stored: values come and go as texts, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from gisheat.database.catalogue import WHOLE, Column, columns_of, keys_of, relations_of, sequence_of
from gisheat.database.sessions import Session
from gisheat.errors import InputError

if TYPE_CHECKING:
    from psycopg import sql

SQL_TYPES = {"text": "text", "float": "double precision", "int": "bigint", "bool": "boolean"}
"""Type of a column by the kind of the contract."""


@dataclass(frozen=True)
class Table:
    """A table that can be changed row by row."""

    schema: str
    name: str
    key: str
    """Column of whole numbers that tells rows apart."""
    columns: Mapping[str, Column]
    """All columns but the key, in order."""

    @property
    def place(self) -> sql.Composable:
        """The table in a query that has parameters."""
        return named(self.schema, self.name)


def named(*names: str) -> sql.Composable:
    """A name, with its schema if any, quoted for a query that has parameters, in which % is a mark."""
    from psycopg import sql

    text: Any = sql.Identifier(*names).as_string(None).replace("%", "%%")
    return sql.SQL(text)


def table_of(session: Session, name: str) -> Table:
    """A table by its name in the schema of a session.

    Raises
    ------
    InputError
        If it is a view, or its rows have no number.
    """
    kind = next((relation.kind for relation in relations_of(session) if relation.name == name), "")
    keys, _ = keys_of(session, name)
    if kind not in ("r", "p") or not keys:
        what = {"": "is not there", "v": "is a view", "m": "is a view", "f": "is a foreign table"}.get(
            kind, "has no primary key of one whole number, by which features are told apart"
        )
        raise InputError(f"{session.where}: {name} {what}, so nothing can be written to it.")
    columns = {column: found for column, found in columns_of(session, name).items() if column != keys[0]}
    return Table(session.where.schema, name, keys[0], columns)


# reading -------------------------------------------------------------------------------------------------


def read_rows(session: Session, table: Table, keys: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Rows by key, those that are not there left out: int, float, bytes (geometry as EWKB), 0 or 1, or text."""
    from psycopg import sql

    query = sql.SQL("SELECT {}{} FROM {} WHERE {} = ANY (%s)").format(
        named(table.key), _texts(table.columns), table.place, named(table.key)
    )
    columns = list(table.columns.values())
    wanted = [int(key) for key in keys]
    return {
        row[0]: {c.name: _value(text, c) for c, text in zip(columns, row[1:], strict=True)}
        for row in session.rows.execute(query, (wanted,))
    }


def read_columns(session: Session, table: Table, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Key and some columns of all rows in the order of the keys, as `read_rows` has them."""
    from psycopg import sql

    query = sql.SQL("SELECT {}{} FROM {} ORDER BY 1").format(named(table.key), _texts(names), table.place)
    columns = [table.columns[name] for name in names]
    return [
        (row[0], *(_value(text, c) for text, c in zip(row[1:], columns, strict=True)))
        for row in session.rows.execute(query, ())
    ]


def _texts(names: Iterable[str]) -> sql.Composed:
    """Columns as texts, each with a comma before it."""
    from psycopg import sql

    return sql.Composed([sql.SQL(", {}::text").format(named(name)) for name in names])


def _value(text: str | None, column: Column) -> Any:
    if text is None:
        return None
    if column.is_geometry:
        return bytes.fromhex(text)
    if column.type == "bytea":
        return bytes.fromhex(text.removeprefix("\\x"))
    if column.type in WHOLE:
        return int(text)
    if column.type == "bool":
        return int(text == "true")
    return _fraction(text, column) if column.type in ("float4", "float8", "numeric") else text


def _fraction(text: str, column: Column) -> float | str:
    """A number where it says all that the text says: 1.50 without a scale of the column is not 1.5."""
    number = float(text)
    if not isfinite(number):
        return text
    if column.type != "numeric":
        return number
    same = Decimal(repr(number)) == Decimal(text) if column.modifier >= 0 else _number_text(number) == text
    return number if same else text


# writing -------------------------------------------------------------------------------------------------


def sent(value: Any, column: Column) -> str | None:
    """A value as the text that the database reads: the type is that of the column."""
    if value is None or isinstance(value, str):
        return None if value is None else value.encode(errors="replace").decode()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}" if column.type == "bytea" else value.hex()
    return _number_text(value) if isinstance(value, float) else str(int(value))


def _number_text(number: float) -> str:
    return repr(number).removesuffix(".0")


def insert_rows(session: Session, table: Table, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Insert rows with their keys; a column that a row does not name gets its default."""
    from psycopg import sql

    groups: dict[tuple[str, ...], list[list[Any]]] = {}
    for key, row in rows:
        known = {name: table.columns[name] for name in row if not table.columns[name].is_generated}
        names = tuple(known)
        groups.setdefault(names, []).append([key, *(sent(row[n], known[n]) for n in names)])
    for names, values in groups.items():
        listed = sql.SQL(", ").join(map(named, (table.key, *names)))
        marks = sql.SQL(", ").join(sql.Placeholder() * (len(names) + 1))
        query = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(table.place, listed, marks)
        _many(session, query, values)


def update_rows(session: Session, table: Table, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Set columns of rows."""
    from psycopg import sql

    groups: dict[tuple[str, ...], list[list[Any]]] = {}
    for key, row in rows:
        names = tuple(name for name in row if not table.columns[name].is_generated)
        groups.setdefault(names, []).append([*(sent(row[n], table.columns[n]) for n in names), key])
    for names, values in groups.items():
        if names:
            sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(named(name)) for name in names)
            query = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(table.place, sets, named(table.key))
            _many(session, query, values)


def delete_rows(session: Session, table: Table, keys: Iterable[int]) -> None:
    """Delete rows."""
    from psycopg import sql

    query = sql.SQL("DELETE FROM {} WHERE {} = ANY (%s)").format(table.place, named(table.key))
    session.rows.execute(query, (list(keys),))


def _many(session: Session, query: sql.Composed, values: Sequence[Sequence[Any]]) -> None:
    with session.rows.cursor() as cursor:
        cursor.executemany(query, values)


def new_keys(session: Session, table: Table, count: int, above: int) -> list[int]:
    """Keys for new rows: of the table's sequence where it has one, above all that are there and above a number."""
    from psycopg import sql

    query = sql.SQL("SELECT max({}) FROM {}").format(named(table.key), table.place)
    (highest,) = session.rows.execute(query, ()).fetchone() or (0,)
    above = max(above, highest or 0)
    sequence = sequence_of(session, sql.Identifier(table.schema, table.name), table.key)
    if sequence is None:
        return list(range(above + 1, above + count + 1))
    following = "SELECT nextval(%s::regclass) FROM generate_series(1, %s)"
    keys = [int(number) for (number,) in session.rows.execute(following, (sequence, count))]
    if min(keys) <= above:  # rows were brought with keys of their own
        session.rows.execute("SELECT setval(%s::regclass, %s)", (sequence, above))
        keys = [int(number) for (number,) in session.rows.execute(following, (sequence, count))]
    return keys


def lock_rows(session: Session, names: Iterable[str], whole: Iterable[str] = ()) -> None:
    """Keep others from changing rows until the transaction ends, of some tables from reading them too.

    Readers go on; who is writing them now is waited for a few seconds. In one order, so that two never wait for
    each other.
    """
    from psycopg import sql

    for name in sorted({*names, *whole}):
        mode = "ACCESS EXCLUSIVE" if name in set(whole) else "SHARE ROW EXCLUSIVE"
        place = sql.Identifier(session.where.schema, name)
        session.rows.execute(sql.SQL(f"LOCK TABLE {{}} IN {mode} MODE").format(place))
