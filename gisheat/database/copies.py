"""A copy of the tables of a schema in another one of the same database, made by the server."""

from __future__ import annotations

from gisheat.database.catalogue import columns_of, relations_of, sequence_of
from gisheat.database.sessions import Session, is_same_database
from gisheat.database.styling import move_styles
from gisheat.database.writing import LONGEST_NAME, make_schema
from gisheat.errors import InputError
from gisheat.places import Database


def copy_schema(session: Session, source: Database) -> list[str]:
    """Copy the tables of a schema into that of a session, which it makes; names of what is no table, and left out.

    Rows, types, defaults, constraints, indices, comments and styles come along, sequences of their own number new rows;
    foreign keys, triggers and rights do not.

    Raises
    ------
    InputError
        If the schemas lie in different databases.
    """
    if not is_same_database(session, source):
        raise InputError(f"output {session.where} lies in another database than {source}: name a schema of that one.")
    relations = [relation for relation in relations_of(session, source.schema) if not relation.is_partition]
    tables = {relation.name: relation.comment for relation in relations if relation.kind == "r"}
    make_schema(session, tables)
    for name, comment in tables.items():
        _copy_table(session, source, name, comment)
    move_styles(session, source.schema, sorted(tables))
    return [relation.name for relation in relations if relation.kind != "r"]


def _copy_table(session: Session, source: Database, name: str, comment: str) -> None:
    from psycopg import sql

    old, new = (sql.Identifier(schema, name) for schema in (source.schema, session.where.schema))
    session.rows.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(new, old))
    stored = [column for column in columns_of(session, name).values() if not column.is_generated]
    listed = sql.SQL(", ").join(sql.Identifier(column.name) for column in stored)
    copy = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}")
    session.rows.execute(copy.format(new, listed, listed, old))
    for column in stored:
        _number_on(session, new, name, column.name, is_identity=column.is_identity)
    if comment:
        session.rows.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(new, sql.Literal(comment)))


def _number_on(session: Session, table: object, name: str, column: str, *, is_identity: bool) -> None:
    """Give a column that a sequence numbers one of its own, which goes on where the rows end."""
    from psycopg import sql

    assert isinstance(table, sql.Identifier)
    sequence = sequence_of(session, table, column)
    if sequence is None:
        return
    if not is_identity:
        taken = f"{name}_{column}".encode()[: LONGEST_NAME - 4].decode(errors="ignore") + "_seq"
        own = sql.Identifier(session.where.schema, taken)
        session.rows.execute(sql.SQL("CREATE SEQUENCE {} OWNED BY {}.{}").format(own, table, sql.Identifier(column)))
        sequence = own.as_string(session.rows)
        default = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT nextval({}::regclass)")
        session.rows.execute(default.format(table, sql.Identifier(column), sql.Literal(sequence)))
    last = sql.SQL("SELECT setval({}::regclass, greatest(max({}), 1), max({}) IS NOT NULL) FROM {}")
    column_ = sql.Identifier(column)
    session.rows.execute(last.format(sql.Literal(sequence), column_, column_, table))
