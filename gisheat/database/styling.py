"""Styles and a project, so that QGIS shows a schema as it shows a file: the tables are those that QGIS itself makes."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from gisheat import styles
from gisheat.database.sessions import Session
from gisheat.schema import Language, labels

OWNER = "gisheat"
_STYLE_TABLE = """CREATE TABLE IF NOT EXISTS public.layer_styles (
    id SERIAL PRIMARY KEY, f_table_catalog varchar, f_table_schema varchar, f_table_name varchar,
    f_geometry_column varchar, stylename text, styleqml xml, stylesld xml, useasdefault boolean, description text,
    owner varchar(63) DEFAULT CURRENT_USER, ui xml, update_time timestamp DEFAULT CURRENT_TIMESTAMP, type varchar)"""
"""As QGIS makes it, and where it looks for styles, whatever schema a layer is in."""
_PROJECT_TABLE = "CREATE TABLE {} (name TEXT PRIMARY KEY, metadata JSONB, content BYTEA)"
_PROJECT = """INSERT INTO {} VALUES (%s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET metadata = excluded.metadata, content = excluded.content"""
_OLD_STYLES = """DELETE FROM public.layer_styles
    WHERE f_table_catalog = current_database() AND f_table_schema = %s AND owner = %s"""
_NO_DEFAULT = """UPDATE public.layer_styles SET useasdefault = false
    WHERE f_table_catalog = current_database() AND f_table_schema = %s AND f_table_name = ANY (%s)"""
_OWN_STYLES = """DELETE FROM public.layer_styles
    WHERE f_table_catalog = current_database() AND f_table_schema = %s AND owner = %s AND f_table_name = ANY (%s)"""
_STYLED = """SELECT DISTINCT f_table_name FROM public.layer_styles
    WHERE f_table_catalog = current_database() AND f_table_schema = %s"""
_GONE_STYLES = """DELETE FROM public.layer_styles
    WHERE f_table_catalog = current_database() AND f_table_schema = %s AND f_table_name = ANY (%s)"""
_MOVED_STYLES = """INSERT INTO public.layer_styles (f_table_catalog, f_table_schema, f_table_name,
    f_geometry_column, stylename, styleqml, stylesld, useasdefault, description, owner, ui)
    SELECT f_table_catalog, %s, f_table_name, f_geometry_column, stylename, styleqml, stylesld, useasdefault,
    description, owner, ui FROM public.layer_styles
    WHERE f_table_catalog = current_database() AND f_table_schema = %s AND f_table_name = ANY (%s) ORDER BY id"""
_STYLE = """INSERT INTO public.layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
    stylename, styleqml, useasdefault, description, owner)
    VALUES (current_database(), %s, %s, %s, %s, %s, %s, %s, %s)"""


def write_styles(
    session: Session, tables: Mapping[str, pd.DataFrame], *, key: str, shape: str, title: str, language: Language
) -> None:
    """Store the named styles in `layer_styles`, a project in `qgis_projects`; a warning where it may not."""
    infos = styles.describe_tables(tables, geometry_column=shape, key=key)
    sources = {name: _source(session, name, info) for name, info in infos.items()}
    rows, project = styles.compose(
        infos, styles.gather_tables(tables), sources, provider="postgres", title=title, language=language,
        aliases=labels(language),
    )  # fmt: skip
    with _allowed(session, "the styles could not be stored in public.layer_styles, so that QGIS shows plain symbols"):
        _store_styles(session, rows)
    with _allowed(session, "the QGIS project could not be stored in the schema"):
        _store_project(session, project)


def add_styles(session: Session, rows: Sequence[styles.StyleRow], *, owner: str, names: Sequence[str]) -> None:
    """Write styles beside those of others, in place of those that this owner has with some tables.

    They become default only where a table has no other style.
    """
    if not rows and not _is_there(session, "public", "layer_styles"):
        return
    with _allowed(session, "the styles could not be stored in public.layer_styles, so that QGIS shows plain symbols"):
        if not _is_there(session, "public", "layer_styles"):
            session.rows.execute(_STYLE_TABLE)
        schema = session.where.schema
        session.rows.execute(_OWN_STYLES, (schema, owner, list(names)))
        styled = {name for (name,) in session.rows.execute(_STYLED, (schema,))}
        values = [
            (schema, row.table, row.geometry_column or None, row.name, row.qml,
             row.is_default and row.table not in styled, row.description, owner)
            for row in rows
        ]  # fmt: skip
        with session.rows.cursor() as cursor:
            cursor.executemany(_STYLE, values)


def move_styles(session: Session, source: str, names: Sequence[str]) -> None:
    """Give tables of the schema the styles that those of the same names have in another one."""
    if not _is_there(session, "public", "layer_styles"):
        return
    with _allowed(session, "the styles could not be stored in public.layer_styles, so that QGIS shows plain symbols"):
        session.rows.execute(_GONE_STYLES, (session.where.schema, list(names)))
        session.rows.execute(_MOVED_STYLES, (session.where.schema, source, list(names)))


def _store_styles(session: Session, rows: Sequence[styles.StyleRow]) -> None:
    """Write the styles in place of those written before; those of others stay, but not as default."""
    if not _is_there(session, "public", "layer_styles"):  # IF NOT EXISTS asks for the right to make it all the same
        session.rows.execute(_STYLE_TABLE)
    schema = session.where.schema
    session.rows.execute(_OLD_STYLES, (schema, OWNER))
    session.rows.execute(_NO_DEFAULT, (schema, sorted({row.table for row in rows})))
    values = [
        (schema, row.table, row.geometry_column or None, row.name, row.qml, row.is_default, row.description, OWNER)
        for row in rows
    ]
    with session.rows.cursor() as cursor:
        cursor.executemany(_STYLE, values)


def _store_project(session: Session, project: str) -> None:
    from psycopg import sql

    place = sql.Identifier(session.where.schema, "qgis_projects")
    if not _is_there(session, session.where.schema, "qgis_projects"):
        session.rows.execute(sql.SQL(_PROJECT_TABLE).format(place))
    metadata, content = styles.packed(styles.PROJECT_NAME, project)
    query = sql.SQL(_PROJECT).format(place)
    session.rows.execute(query, (styles.PROJECT_NAME, metadata, content))


def _source(session: Session, table: str, info: styles.LayerInfo) -> str:
    """A layer as the provider of QGIS names it, without user and password, which QGIS asks for."""
    from psycopg.conninfo import conninfo_to_dict

    stated, now = conninfo_to_dict(session.where.connection), session.rows.info
    place = {"dbname": now.dbname, "host": now.host, "port": str(now.port), "sslmode": stated.get("sslmode")}
    if stated.get("service"):
        place = {"service": str(stated["service"])}
    words = [f"{name}={_quoted(value)}" for name, value in place.items() if value]
    words.append(f"key={_quoted(info.key)}")
    words.append(f'table="{_escaped(session.where.schema)}"."{_escaped(table)}"')
    if info.geometry_column:
        words.append(f"({info.geometry_column})")
    return " ".join(words)


def _quoted(text: object) -> str:
    return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _is_there(session: Session, schema: str, table: str) -> bool:
    query = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s"
    return session.rows.execute(query, (schema, table)).fetchone() is not None


@contextlib.contextmanager
def _allowed(session: Session, what: str) -> Iterator[None]:
    """Do what is inside as far as the user may; the rest of the transaction does not depend on it."""
    import psycopg

    try:
        with session.rows.transaction():
            yield
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedObject,
            psycopg.errors.FeatureNotSupported) as error:  # fmt: skip
        first = (error.diag.message_primary or type(error).__name__).rstrip(".")
        warnings.warn(f"{session.where}: {what} ({first})", stacklevel=2)
