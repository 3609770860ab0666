"""Layers of a schema as tables, by COPY: the same that reading a file gives, feature ids as index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.database.catalogue import WHOLE, Column, columns_of, keys_of, relations_of
from gisheat.database.references import crs_of
from gisheat.database.sessions import Session, reading
from gisheat.errors import InputError
from gisheat.places import Database

if TYPE_CHECKING:
    from psycopg import sql

KEYS = ("fid", "ogc_fid", "gid", "objectid", "id")
"""Integer columns that number features in views and in tables without a primary key, if they do."""
HIDDEN = ("fid", "ogc_fid", "gid", "objectid")
"""Of them and of primary keys those that are nothing but the number of a feature, and so no column of the layer."""
USUAL_GEOMETRY = ("geom", "geometry", "the_geom", "wkb_geometry", "shape")
"""Names of the geometry column that is meant where there are several, in this order."""
_FRACTIONS = ("float4", "float8", "numeric")
_DATES = ("date", "timestamp", "timestamptz")
_TEXTS = ("text", "varchar", "bpchar", "name", "char", "uuid", "citext")
_KINDS = {"line": ("LINESTRING", "MULTILINESTRING"), "point": ("POINT", "MULTIPOINT"),
          "polygon": ("POLYGON", "MULTIPOLYGON")}  # fmt: skip
BLOCK = 1 << 20
"""Bytes of rows that are parsed at once."""
_TOO_LONG = r"^-?[0.]*[1-9]\.?(?:\d\.?){14}[\d.]*[1-9]"
"""More than the 15 digits that every number of double precision keeps."""


def layer_names(where: Database) -> list[str]:
    """Names of the tables and views of a schema.

    Raises
    ------
    InputError
        If there is no such schema, or it can't be looked at.
    """
    with reading(where) as session:
        _check_schema(session)
        return [relation.name for relation in relations_of(session) if not relation.is_partition]


def column_names(where: Database, table: str) -> list[str]:
    """Names of the columns of a table, but its geometry and the number of the feature."""
    with reading(where) as session:
        key = _key(session, table)
        columns = columns_of(session, table).values()
        return [c.name for c in columns if not c.is_geometry and not (c.name in key and c.name.lower() in HIDDEN)]


def run_record(where: Database) -> dict[str, str]:
    """Key and value of the run record in a schema, empty where gisheat has not written one."""
    with reading(where) as session:
        from psycopg import sql

        if not {"key", "value"} <= {*columns_of(session, "run")}:
            return {}
        query = sql.SQL("SELECT key::text, value::text FROM {}").format(sql.Identifier(where.schema, "run"))
        return {str(key): str(value) for key, value in session.rows.execute(query)}


def read_table(where: Database, table: str, kind: str) -> pd.DataFrame:
    """Rows of a table, sorted by feature id: a GeoDataFrame where it has a geometry.

    The feature id is the primary key, if that is a whole number, or another such column without gaps and doubles;
    without one the number of the row. `attrs` has under `sha256` what the rows hash to and under `notes` what to tell.

    Parameters
    ----------
    kind : str
        Kind of geometry that is wanted: line, point, polygon or none.

    Raises
    ------
    InputError
        If it can't be read.
    """
    with reading(where) as session:
        plain, shape, notes = _wanted(session, table, kind)
        key = _key(session, table)
        rows, shapes, digest = _fetched(session, table, plain, shape, key)
        found = pd.DataFrame(
            {c.name: _values(c, rows[n]) for n, c in enumerate(plain)}, index=range(max(len(rows), len(shapes)))
        )
        found = _numbered(found, key)
        if shape is not None:
            found = gpd.GeoDataFrame(found, geometry=shapes, crs=_crs(session, f"{where}|{table}", shapes, shape.srid))
    found.attrs |= {"sha256": digest, "notes": notes + _rounded(table, plain, rows)}
    return found


def shape_of(session: Session, table: str, kind: str) -> Column | None:
    """The geometry column that `read_table` uses, with the SRID that its features have; None without one."""
    from psycopg import sql

    _, shape, _ = _wanted(session, table, kind)
    if shape is None or shape.srid:
        return shape
    name = sql.Identifier(shape.name)
    query = sql.SQL("SELECT ST_SRID({}::geometry) FROM {} WHERE {} IS NOT NULL LIMIT 1").format(
        name, sql.Identifier(session.where.schema, table), name
    )
    (srid,) = session.rows.execute(query).fetchone() or (0,)
    return replace(shape, srid=srid)


def table_hash(session: Session, table: str, kind: str) -> str:
    """What the rows of a table hash to, as `read_table` tells it."""
    plain, shape, _ = _wanted(session, table, kind)
    query = _query(session, table, plain, shape, _key(session, table))
    return "" if query is None else copy_hash(session, query)


def copy_hash(session: Session, query: sql.Composed, head: str = "") -> str:
    """SHA-256 of a text and of what a COPY sends after it."""
    digest = hashlib.sha256(head.encode())
    with session.rows.cursor() as cursor, cursor.copy(query) as copy:
        for row in copy:
            digest.update(row)
    return digest.hexdigest()


def _check_schema(session: Session) -> None:
    query = "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s"
    row = session.rows.execute(query, (session.where.schema,)).fetchone()
    if row is None:
        raise InputError(f"{session.where}: the database has no schema {session.where.schema!r}.")
    if not row[0]:
        raise InputError(f"{session.where}: the user has no right to read the schema (GRANT USAGE ON SCHEMA).")


def _wanted(session: Session, table: str, kind: str) -> tuple[list[Column], Column | None, list[str]]:
    """Columns that are read, the geometry column among several, and a note on the others."""
    columns = columns_of(session, table).values()
    shape, notes = _geometry_column(table, [c for c in columns if c.is_geometry], kind)
    return [c for c in columns if not c.is_geometry and c.type != "raster"], shape, notes


def _key(session: Session, table: str) -> list[str]:
    """Columns that number the rows: one whole number, or what to sort by where the number of the row has to do."""
    single, primary = keys_of(session, table)
    whole = [c.name for c in columns_of(session, table).values() if c.type in WHOLE]
    return single[:1] or primary or [name for usual in KEYS for name in whole if name.lower() == usual][:1]


def _geometry_column(table: str, shapes: list[Column], kind: str) -> tuple[Column | None, list[str]]:
    """The geometry column that is meant, and a note on the others."""
    if not shapes or kind == "none":
        return None, []

    def rank(column: Column) -> tuple[int, int]:
        kept = column.geometry.rstrip("ZM")
        fits = 0 if kept in _KINDS[kind] else 1 if kept in ("", "GEOMETRY") else 2
        usual = USUAL_GEOMETRY.index(column.name.lower()) if column.name.lower() in USUAL_GEOMETRY else len(shapes) + 9
        return fits, usual

    chosen = min(shapes, key=rank)
    others = ", ".join(c.name for c in shapes if c is not chosen)
    return chosen, [f"{table}: of its geometry columns {chosen.name} is used, not {others}"] if others else []


# rows ----------------------------------------------------------------------------------------------------


def _query(
    session: Session, table: str, columns: list[Column], shape: Column | None, key: list[str]
) -> sql.Composed | None:  # fmt: skip
    """COPY of the rows, the geometry last; None where nothing of them is wanted."""
    from psycopg import sql

    wanted = [_expression(c) for c in columns] + ([_geometry_expression(shape)] if shape else [])
    if not wanted:
        return None
    order = sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(map(sql.Identifier, key))) if key else sql.SQL("")
    return sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(", ").join(wanted), sql.Identifier(session.where.schema, table), order
    )


def _fetched(
    session: Session, table: str, columns: list[Column], shape: Column | None, key: list[str]
) -> tuple[Any, NDArray[np.object_], str]:
    """Rows as an Arrow table, columns numbered; their geometries; their hash. Made while the server sends the rest."""
    import pyarrow as pa

    query = _query(session, table, columns, shape, key)
    if query is None:
        return pa.table({}), np.empty(0, object), ""
    types = [_arrow_type(c) for c in columns] + ([pa.large_string()] if shape else [])
    digest = hashlib.sha256()

    def parsed(block: bytes) -> tuple[Any, NDArray[np.object_]]:
        digest.update(block)
        rows = _parsed(block, types)
        return (rows.remove_column(len(columns)), _shapes(rows[len(columns)])) if shape else (rows, np.empty(0, object))

    with ThreadPoolExecutor(1) as beside, session.rows.cursor() as cursor, cursor.copy(query) as copy:
        rows, shapes = zip(*beside.map(parsed, _blocks(copy)), strict=True)
    return pa.concat_tables(rows), np.concatenate(shapes), digest.hexdigest()


def _blocks(rows: Iterable[Any]) -> Iterator[bytes]:
    """What COPY sends, of which each message is a row, in blocks; one without rows where there are none."""
    parts, size = [], 0
    for row in rows:
        parts.append(bytes(row))  # quicker to join than views
        size += len(row)
        if size >= BLOCK:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _parsed(block: bytes, types: list[Any]) -> Any:
    """An Arrow table of rows of CSV; an empty field is NULL and an empty text is in quotes, in COPY as in Arrow."""
    import pyarrow as pa
    from pyarrow import csv

    named = {str(n): kind for n, kind in enumerate(types)}
    block = f"{','.join(named)}\n".encode() + block  # so that no row comes first, whose first letter Arrow might skip
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=named, null_values=[""], true_values=["t"], false_values=["f"],
            strings_can_be_null=True, quoted_strings_can_be_null=False,
        ),
    )  # fmt: skip


def _shapes(texts: Any) -> NDArray[np.object_]:
    """Geometries of their hexadecimal digits."""
    raw = [None if text is None else bytes.fromhex(text) for text in texts.to_numpy().tolist()]
    return np.asarray(shapely.from_wkb(raw, on_invalid="ignore"), object).reshape(len(raw))


def _arrow_type(column: Column) -> Any:
    """How a column is read; dates and exact numbers as texts, which `_values` reads."""
    import pyarrow as pa

    kinds = {"float4": pa.float64(), "float8": pa.float64(), "bool": pa.bool_()}
    return pa.int64() if column.type in WHOLE else kinds.get(column.type, pa.large_string())


def _expression(column: Column) -> Any:
    """SQL of a column: what no table of features knows becomes text, arrays as JSON."""
    from psycopg import sql

    name = sql.Identifier(column.name)
    if column.category == "A":
        return sql.SQL("to_json({})::text").format(name)
    if column.type in (*WHOLE, *_FRACTIONS, *_DATES, *_TEXTS, "bool"):
        return name
    return sql.SQL("{}::text").format(name)


def _geometry_expression(column: Column) -> Any:
    """SQL of the geometry, arcs as lines."""
    from psycopg import sql

    name = sql.Identifier(column.name)
    if column.type == "geography":
        return sql.SQL("{}::geometry").format(name)
    straight = any(column.geometry.rstrip("ZM") in types for types in _KINDS.values())
    return name if straight else sql.SQL("ST_CurveToLine({})").format(name)


def _values(column: Column, found: Any) -> pd.Series:
    """Values of a column as pandas has them; whole numbers with gaps become fractions."""
    import pyarrow as pa

    if column.type in _DATES:
        return _dates(found.to_pandas(), with_zone=column.type == "timestamptz")
    made: pd.Series = (found.cast(pa.float64()) if column.type == "numeric" else found).to_pandas()
    return made


def _rounded(table: str, columns: list[Column], rows: Any) -> list[str]:
    """A note on exact numbers that a table of features can't hold to their last digit."""
    from pyarrow import compute

    exact = {c.name: rows[n] for n, c in enumerate(columns) if c.type == "numeric"}
    names = [n for n, texts in exact.items() if compute.any(compute.match_substring_regex(texts, _TOO_LONG)).as_py()]
    return [f"{table}: numbers with more than 15 digits are rounded in {', '.join(names)}"] if names else []


def _dates(values: pd.Series, *, with_zone: bool) -> pd.Series:
    """Dates and times, as texts where one of them lies outside what pandas knows (infinity, 44 BC)."""
    made = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=with_zone)
    return values.astype(str).where(values.notna()) if made.isna().sum() > values.isna().sum() else made


def _numbered(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The table with feature ids as index: the key, where it is one whole number for each row, or the row's number."""
    name = key[0] if len(key) == 1 else ""
    ids = rows.get(name)
    if ids is None or ids.dtype.kind not in "iu" or ids.duplicated().any():
        return rows.set_axis(pd.RangeIndex(1, len(rows) + 1, name="fid"))
    numbered = rows.set_axis(pd.Index(ids.to_numpy(np.int64), name="fid"))
    return numbered.drop(columns=name) if name.lower() in HIDDEN else numbered


def _crs(session: Session, place: str, shapes: NDArray[np.object_], srid: int) -> Any:
    """CRS of the geometries, without any that of the column."""
    numbers = np.unique(shapely.get_srid(shapes[~shapely.is_missing(shapes)])).tolist()
    if len(numbers) > 1:
        listed = ", ".join(map(str, numbers))
        raise InputError(f"{place} holds features in several CRS (SRID {listed}): bring them to one.")
    return crs_of(session, numbers[0] if numbers else srid, place)
