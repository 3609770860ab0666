"""A result as a schema: all of it in one transaction, rows by COPY, so that it is there whole or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.database.catalogue import Relation, relations_of
from gisheat.database.references import srid_of
from gisheat.database.sessions import Session, alone, is_same_database, writing
from gisheat.database.styling import write_styles
from gisheat.errors import InputError
from gisheat.places import Database
from gisheat.schema import GEOMETRY, Language, columns

if TYPE_CHECKING:
    import sqlalchemy

KEY, SHAPE = "fid", "geom"
MARK = "Written by gisheat."
"""End of the comment on every table of a result: by it they are known."""
ROWS_AT_ONCE = 20_000
LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
"""Names that every table has already."""
WKB_TYPES = {"point": "POINT", "line": "LINESTRING", "polygon": "POLYGON"}


def check_output(where: Database, inputs: Sequence[Database], *, overwrite: bool = False) -> None:
    """Refuse a schema that is an input, can't be written, or holds tables that gisheat did not write.

    Raises
    ------
    InputError
        With what to do about it.
    """
    with writing(where) as session:
        _check_rights(session)
        if any(session.where.schema == other.schema and is_same_database(session, other) for other in inputs):
            raise InputError(f"output {where} is an input; inputs are never changed, name another schema.")
        foreign = [relation.name for relation in relations_of(session) if not _is_ours(relation)]
    if foreign and not overwrite:
        listed = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        raise InputError(
            f"output {where}: the schema holds tables that gisheat did not write ({listed}); name another schema, or"
            " say --overwrite, which replaces those of a result's own names alone."
        )


def holds_anything(where: Database) -> bool:
    """Tell whether a schema is there and has tables."""
    with writing(where) as session:
        return bool(relations_of(session))


def write_result(
    where: Database, tables: Mapping[str, pd.DataFrame], *, title: str = "", language: Language = "en"
) -> None:
    """Write tables with keys, spatial indices and comments, with styles and a project of QGIS where they may be stored.

    Tables of an earlier result are replaced, other ones of the schema left alone. What can't be done but does no harm
    (no right to store styles, a CRS that the database does not know) is a warning.

    Parameters
    ----------
    tables : mapping
        Name -> table; GeoDataFrames all in one CRS.

    Raises
    ------
    InputError
        If they can't be written; the schema then is as it was.
    """
    with writing(where) as session:
        named = _write(session, tables, MARK)
        write_styles(session, named, key=KEY, shape=SHAPE, title=title, language=language)


def write_template(where: Database, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write empty tables to be filled, without the mark of a result: no result will replace them unasked.

    Raises
    ------
    InputError
        If they can't be written; the schema then is as it was.
    """
    with writing(where) as session:
        _write(session, tables, "")


def _write(session: Session, tables: Mapping[str, pd.DataFrame], mark: str) -> Mapping[str, pd.DataFrame]:
    """Write tables in place of those of an earlier result; they, with the names that their columns have got."""
    make_schema(session, tables)
    named = {name: _safe_names(table) for name, table in tables.items()}
    srids = _srids(session, named)
    for name, table in named.items():
        _write_table(session, name, table, srids.get(name, 0), mark)
    return named


def make_schema(session: Session, names: Iterable[str]) -> None:
    """Make the schema where there is none, with room for tables of some names; no second run may write it now.

    Raises
    ------
    InputError
        If that is not allowed, or another run is writing it.
    """
    _check_rights(session)
    alone(session)
    _make_room(session, set(names))


# what may be written -------------------------------------------------------------------------------------


def _check_rights(session: Session) -> None:
    query = """SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
        has_database_privilege(current_database(), 'CREATE'), to_regnamespace(quote_ident(%(schema)s)) IS NOT NULL,
        coalesce(has_schema_privilege(to_regnamespace(quote_ident(%(schema)s)), 'CREATE'), false)"""
    row = session.rows.execute(query, {"schema": session.where.schema}).fetchone()
    read_only, may_make, there, may_write = row or (True, False, False, False)
    if read_only:
        raise InputError(f"output {session.where} can't be written: the server or the database is read-only.")
    if not there and not may_make:
        raise InputError(
            f"output {session.where} can't be written: there is no such schema, and the user may not make one: its"
            " administrator does (CREATE SCHEMA ... AUTHORIZATION user)."
        )
    if there and not may_write:
        raise InputError(
            f"output {session.where} can't be written: the user has no right to make tables in the schema."
        )


def _is_ours(relation: Relation) -> bool:
    return relation.kind == "r" and relation.comment.endswith(MARK)


def _make_room(session: Session, names: Collection[str]) -> None:
    """Make the schema, and remove from it what gisheat wrote earlier and what has the name of a new table."""
    from psycopg import sql

    query = "SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL"
    if not (session.rows.execute(query, (session.where.schema,)).fetchone() or (False,))[0]:
        session.rows.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(session.where.schema)))
    kinds = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}
    for relation in relations_of(session):
        if _is_ours(relation) or relation.name in names:
            drop = sql.SQL(f"DROP {kinds.get(relation.kind, 'TABLE')} {{}}")
            session.rows.execute(drop.format(sql.Identifier(session.where.schema, relation.name)))


def _safe_names(table: pd.DataFrame) -> pd.DataFrame:
    """Columns whose names clash with the key, the geometry, each other but for case, or are too long, get others."""
    taken = {KEY, SHAPE, *SYSTEM_COLUMNS}
    rename: dict[str, str] = {}
    for column in table.columns:
        name = str(column).replace("\0", "")
        if column == "geometry" and isinstance(table, gpd.GeoDataFrame):
            continue
        name = _shortened(name, LONGEST_NAME) or "_"
        while name.lower() in taken:
            name = _shortened(name, LONGEST_NAME - 1) + "_" if not name.endswith("_" * 9) else f"_{len(taken)}"
        taken.add(name.lower())
        rename[column] = name
    return table.rename(columns=rename)


def _shortened(name: str, size: int) -> str:
    return name.encode(errors="replace")[:size].decode(errors="ignore")


def _srids(session: Session, tables: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """SRID of each table with geometry."""
    found: dict[str, int] = {}
    known: dict[str, int] = {}
    for name, table in tables.items():
        if isinstance(table, gpd.GeoDataFrame):
            words = "" if table.crs is None else table.crs.to_wkt()
            if words not in known:
                known[words] = srid_of(session, table.crs)
                if not known[words] and table.crs is not None and not table.crs.is_engineering:
                    warnings.warn(
                        f"{session.where}: its spatial_ref_sys does not have the CRS {table.crs.name}, and the user may"
                        " not enter it; the geometry has SRID 0: give --crs to read it again",
                        stacklevel=2,
                    )
            found[name] = known[words]
    return found


# a table -------------------------------------------------------------------------------------------------


def _write_table(session: Session, name: str, table: pd.DataFrame, srid: int, mark: str) -> None:
    """Make a table with its key, fill it, then index it: an index that grows row by row would take longer."""
    import sqlalchemy

    kinds = {c: kind_of(table[c]) for c in table.columns if not _is_shape(table, c)}
    made = _definition(session.where.schema, name, table, kinds, srid)
    made.comment = f"{name.replace('_', ' ').capitalize()}. {mark}".strip()
    session.connection.execute(sqlalchemy.schema.CreateTable(made))
    copy_rows(session, name, table, kinds, srid)
    if isinstance(table, gpd.GeoDataFrame):
        index = sqlalchemy.Index(
            _shortened(name, LONGEST_NAME - 9) + "_geom_idx", made.c[SHAPE], postgresql_using="gist"
        )
        session.connection.execute(sqlalchemy.schema.CreateIndex(index))
    for column in made.columns:
        if column.comment:
            session.connection.execute(sqlalchemy.schema.SetColumnComment(column))
    session.connection.execute(sqlalchemy.schema.SetTableComment(made))


def _is_shape(table: pd.DataFrame, column: str) -> bool:
    return isinstance(table, gpd.GeoDataFrame) and column == table.geometry.name


def _definition(
    schema: str, name: str, table: pd.DataFrame, kinds: Mapping[str, str], srid: int
) -> sqlalchemy.Table:  # fmt: skip
    """Columns of a table, with what they mean."""
    import sqlalchemy

    types: dict[str, Any] = {
        "int8": sqlalchemy.BigInteger(), "float8": sqlalchemy.Double(), "bool": sqlalchemy.Boolean(),
        "text": sqlalchemy.Text(), "timestamp": sqlalchemy.DateTime(),
        "timestamptz": sqlalchemy.DateTime(timezone=True),
        "date": sqlalchemy.Date(),
    }  # fmt: skip
    meanings = {c: known.meaning for c, known in columns(name).items()}
    listed: list[Any] = [sqlalchemy.Column(KEY, sqlalchemy.BigInteger, primary_key=True, autoincrement=False)]
    listed += [sqlalchemy.Column(c, types[kind], comment=meanings.get(c) or None) for c, kind in kinds.items()]
    if isinstance(table, gpd.GeoDataFrame):
        listed.append(sqlalchemy.Column(SHAPE, _shape_type(name, table.geometry.to_numpy(), srid)))
    return sqlalchemy.Table(name, sqlalchemy.MetaData(schema=schema), *listed)


def _shape_type(name: str, geometry: NDArray[np.object_], srid: int) -> Any:
    """Type of a geometry column: as narrow as what is in it."""
    from geoalchemy2 import Geometry

    there = geometry[~shapely.is_missing(geometry)]
    types = {str(t).upper() for t in gpd.GeoSeries(there).geom_type.unique()}
    kind = WKB_TYPES[GEOMETRY.get(name, "line")] if not types else types.pop() if len(types) == 1 else "GEOMETRY"
    has_z, has_m = shapely.has_z(there), _has_m(there)
    if len(there) and (
        has_z.any() != has_z.all() or has_m.any() != has_m.all()
    ):  # a column has one dimension, or says nothing at all
        return Geometry(None, srid=-1, dimension=None, spatial_index=False)
    kind += ("Z" if len(there) and has_z.all() else "") + ("M" if len(there) and has_m.all() else "")
    return Geometry(kind, srid=srid, dimension=None, spatial_index=False)


def _has_m(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which geometries have M values, which shapely knows from 2.1 on."""
    with_m = getattr(shapely, "has_m", None)
    if with_m is None or shapely.geos_version < (3, 12, 0):
        return np.zeros(len(geometry), bool)
    return np.asarray(with_m(geometry))


# rows ----------------------------------------------------------------------------------------------------


def kind_of(values: pd.Series) -> str:
    """Type of a column in the database."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return "timestamptz"
    by_kind = {"b": "bool", "i": "int8", "u": "int8", "f": "float8", "M": "timestamp"}
    if values.dtype.kind in by_kind:
        return by_kind[values.dtype.kind]
    inferred = pd.api.types.infer_dtype(values, skipna=True) if values.dtype == object else "string"
    return {"boolean": "bool", "integer": "int8", "floating": "float8", "mixed-integer-float": "float8",
            "date": "date"}.get(inferred, "text")  # fmt: skip


def copy_rows(session: Session, name: str, table: pd.DataFrame, kinds: Mapping[str, str], srid: int) -> None:
    """Send the rows, numbered from 1, in blocks."""
    from psycopg import sql

    shape = isinstance(table, gpd.GeoDataFrame)
    listed = [KEY, *kinds, *([SHAPE] if shape else [])]
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(session.where.schema, name), sql.SQL(", ").join(map(sql.Identifier, listed))
    )
    with session.rows.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(["int8", *kinds.values(), *(["bytea"] if shape else [])])
        for first in range(0, len(table), ROWS_AT_ONCE):
            block = table.iloc[first : first + ROWS_AT_ONCE]
            for row in zip(range(first + 1, first + 1 + len(block)), *_values(block, kinds, srid), strict=True):
                copy.write_row(row)


def _values(block: pd.DataFrame, kinds: Mapping[str, str], srid: int) -> Iterator[list[Any]]:
    """Values of each column, None where there is none; the geometry as well-known binary."""
    for column, kind in kinds.items():
        values = block[column]
        found = values.to_numpy(object, copy=True) if kind not in ("timestamp", "timestamptz") else _moments(values)
        found[values.isna().to_numpy()] = None
        listed: list[Any] = found.tolist()
        if kind == "text":
            listed = _texts(listed)
        elif kind == "float8" and values.dtype == object:
            listed = [None if v is None else float(v) for v in listed]
        yield listed
    if isinstance(block, gpd.GeoDataFrame):
        numbered = shapely.set_srid(block.geometry.to_numpy(), srid)
        wkb = shapely.to_wkb(numbered, output_dimension=4, include_srid=True)
        yield np.atleast_1d(np.asarray(wkb, object)).tolist()


def _moments(values: pd.Series) -> NDArray[np.object_]:
    return np.array([None if pd.isna(v) else v.to_pydatetime(warn=False) for v in values], object)


def _texts(values: list[Any]) -> list[Any]:
    """Texts that a database takes: no NUL, which it can't hold, and no half of a surrogate pair."""
    texts = [v if v is None or isinstance(v, str) else str(v) for v in values]
    whole = "".join(filter(None, texts))
    try:
        whole.encode()
    except UnicodeEncodeError:
        texts = [None if v is None else v.encode(errors="replace").decode() for v in texts]
    return [None if v is None else v.replace("\0", "") for v in texts] if "\0" in whole else texts
