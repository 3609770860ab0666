"""A copy of the tables of a schema in another one of the same database, made by the server."""

from __future__ import annotations

from gisheat.database.reading import OF_OTHERS
from gisheat.database.rows import sequence_of
from gisheat.database.sessions import Session, reading
from gisheat.database.styling import move_styles
from gisheat.database.writing import IDENTITY, LONGEST_NAME, make_schema
from gisheat.errors import InputError
from gisheat.places import Database

_RELATIONS = """SELECT c.relname, c.relkind = 'r', obj_description(c.oid, 'pg_class') FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"""
_STORED = """SELECT a.attname, a.attidentity <> '' FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0
    AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum"""


def copy_schema(session: Session, source: Database) -> list[str]:
    """Copy the tables of a schema into that of a session, which it makes; names of what is no table, and left out.

    Rows, types, defaults, constraints, indices, comments and styles come along, sequences of their own number new rows;
    foreign keys, triggers and rights do not.

    Raises
    ------
    InputError
        If the schemas lie in different databases.
    """
    mine = session.rows.execute(IDENTITY).fetchone()
    with reading(source) as other:
        if other.rows.execute(IDENTITY).fetchone() != mine:
            raise InputError(
                f"output {session.where} lies in another database than {source}: name a schema of that one."
            )
    relations = session.rows.execute(_RELATIONS, (source.schema,)).fetchall()
    tables = {str(name): comment for name, is_table, comment in relations if is_table and name not in OF_OTHERS}
    make_schema(session, tables)
    for name, comment in tables.items():
        _copy_table(session, source, name, comment)
    move_styles(session, source.schema, sorted(tables))
    return [str(name) for name, is_table, _ in relations if not is_table]


def _copy_table(session: Session, source: Database, name: str, comment: str | None) -> None:
    from psycopg import sql

    old, new = (sql.Identifier(schema, name) for schema in (source.schema, session.where.schema))
    session.rows.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(new, old))
    stored = session.rows.execute(_STORED, (new.as_string(session.rows),)).fetchall()
    listed = sql.SQL(", ").join(sql.Identifier(column) for column, _ in stored)
    copy = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}")
    session.rows.execute(copy.format(new, listed, listed, old))
    for column, is_identity in stored:
        _number_on(session, new, name, column, is_identity=is_identity)
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
