"""M values of lines (chainages, mostly): GDAL gives them away on the way to Python, here they are fetched.

shapely makes lines with M of no array, so they are put together as well-known binary.
"""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from gisheat.layers import geodatabases, shapefiles, vectors
from gisheat.layers.files import opened, reader_of
from gisheat.places import Database, split_source
from gisheat.schema import GEOMETRY
from gisheat.sqlite_files import frozen, is_sqlite, quoted

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Geometries = NDArray[np.object_]

KEEPS_M = hasattr(shapely, "has_m") and shapely.geos_version >= (3, 12, 0)
"""Whether geometries can have M at all: from shapely 2.1 on."""
_LINE, _LINES = shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING
_WKB_LINE = 2
_WKB_Z, _WKB_M = 1000, 2000
"""What is added to the type of a geometry with Z, with M (OGC 06-103r4, table 7)."""
_GPKG_ENVELOPE = (0, 32, 48, 48, 64)
"""Bytes of the envelope by its code in the header (OGC 12-128r18, 2.1.3)."""


def has_m(geometries: Geometries) -> NDArray[np.bool_]:
    """Which geometries carry M values."""
    return np.asarray(shapely.has_m(geometries)) if KEEPS_M else np.zeros(len(geometries), bool)


def vertices(lines: Geometries, *, z: bool, m: bool) -> tuple[Array, Index]:
    """Coordinates of all vertices, shape (vertices, 2 + z + m), and the row of each."""
    options = {"include_m": True} if m else {}
    return shapely.get_coordinates(lines, include_z=z, return_index=True, **options)


def lines_of_vertices(coordinates: Array, count: Index, *, z: bool, m: bool) -> Geometries:
    """LineStrings of vertices, shape (vertices, 2 + z + m), of which each line has `count`."""
    if not m:
        return np.asarray(shapely.linestrings(coordinates, indices=np.repeat(np.arange(len(count)), count)), object)
    raw = np.ascontiguousarray(coordinates, "<f8").tobytes()
    size = coordinates.shape[1] * 8
    bounds = (np.concatenate([[0], np.cumsum(count)]) * size).tolist()
    head = b"\x01" + (_WKB_LINE + _WKB_M + _WKB_Z * z).to_bytes(4, "little")
    blobs = [
        head + int(number).to_bytes(4, "little") + raw[bounds[i] : bounds[i + 1]]
        for i, number in enumerate(count.tolist())
    ]
    return np.asarray(shapely.from_wkb(blobs), object)


def with_measures(layer: str, source: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """The table as read, its lines with the M values that they have in the file; and a note where they are lost.

    Parameters
    ----------
    table : GeoDataFrame
        As `read_table` gives it: the index is the feature id.
    """
    if GEOMETRY[layer] != "line":
        return table, []
    where, layer_name = split_source(source)
    if isinstance(where, Database):  # of which they come with the rest
        return table, []
    with opened(where, layer_name) as (file, name):
        if reader_of(file) not in (vectors, shapefiles, geodatabases) or not _declares_m(file, name):
            return table, []
        if not KEEPS_M:
            return table, [f"{layer}: the M values of its lines are not kept; that takes shapely 2.1"]
        try:
            fid, stored = _stored_lines(file, name)
        except (sqlite3.Error, RuntimeError, ValueError, KeyError, IndexError, TypeError, shapely.errors.ShapelyError):
            return table, [f"{layer}: the M values of its lines are not kept; they can be from a GeoPackage"]
    row = table.index.get_indexer(fid)
    plain = np.isin(
        shapely.get_type_id(stored), (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
    )
    there = has_m(stored) & plain & (row >= 0) & ~shapely.is_empty(stored)  # of curves GDAL has made lines
    geometry = table.geometry.to_numpy().copy()
    geometry[row[there]] = stored[there]
    return table.set_geometry(gpd.GeoSeries(geometry, index=table.index, crs=table.crs)), []


def with_m_of(lines: Geometries, drawn: Geometries) -> Geometries:
    """Lines or MultiLineStrings without M, with the M of others that have the same vertices otherwise."""
    parts, row = shapely.get_parts(lines, return_index=True)
    result = np.empty(len(parts), object)
    own, has_z = shapely.get_parts(drawn), shapely.has_z(parts)
    for z in (False, True):
        chosen = np.flatnonzero(has_z == z)
        if len(chosen):
            place, part = vertices(parts[chosen], z=z, m=False)
            measure, _ = vertices(own[chosen], z=False, m=True)
            count = np.bincount(part, minlength=len(chosen))
            result[chosen] = lines_of_vertices(np.column_stack([place, measure[:, 2]]), count, z=z, m=True)
    several = shapely.get_type_id(drawn) == _LINES
    joined = np.asarray(shapely.multilinestrings(result, indices=row), object)
    joined[~several] = result[~several[row]]  # one part each
    return joined


def without_m(geometries: Geometries) -> Geometries:
    """Geometries with X, Y and, where there are any, Z."""
    flat = np.asarray(shapely.force_2d(geometries), object)
    has_z = shapely.has_z(geometries)
    flat[has_z] = shapely.from_wkb(shapely.to_wkb(geometries[has_z], output_dimension=3))
    return flat


def header_size(blob: bytes) -> int:
    """Bytes before the well-known binary in a geometry of a GeoPackage."""
    return 8 + _GPKG_ENVELOPE[blob[3] >> 1 & 7]


def _declares_m(file: Path, name: str) -> bool:
    """Whether the geometry of a layer may have M: the header of the GeoPackage says it, or a remark of pyogrio."""
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        pyogrio.read_info(file, layer=name, encoding=_encoding(file))
    return any("Measured (M)" in str(r.message) for r in remarks) or (
        is_sqlite(file) and bool(_column_with_m(file, name))
    )


def _geometry_column(file: Path, name: str) -> str:
    """What GDAL calls the geometry column of a layer in SQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(pyogrio.read_info(file, layer=name, encoding=_encoding(file)).get("geometry_name") or "geometry")


def _encoding(file: Path) -> str | None:
    """Code in which names of columns can be read, whatever a Shapefile says of them."""
    return shapefiles.AS_BYTES if reader_of(file) is shapefiles else None


def _column_with_m(file: Path, name: str) -> str:
    """Geometry column of a layer of a GeoPackage, if it may have M; empty without."""
    if not is_sqlite(file):
        return ""
    query = "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?) AND m <> 0"
    try:
        with frozen(file) as connection:
            found = connection.execute(query, (name,)).fetchone()
    except sqlite3.Error:  # SQLite, but no GeoPackage
        return ""
    return str(found[0]) if found else ""


def _stored_lines(file: Path, name: str) -> tuple[Index, Geometries]:
    """Feature ids and geometries of a layer, with M; what can't be made out is None."""
    column = _column_with_m(file, name)
    if not column:  # in words of SQL, GDAL hands out what it has read
        own = quoted(_geometry_column(file, name))
        query = f"SELECT rowid AS fid, hex(ST_AsBinary({own})) AS wkb FROM {quoted(name)}"  # noqa: S608
        fields, values = pyogrio.raw.read(
            file, sql=query, sql_dialect="SQLITE", read_geometry=False, encoding=_encoding(file)
        )[::3]
        found = dict(zip(fields["fields"], values, strict=True))
        return found["fid"].astype(np.int64), np.asarray(shapely.from_wkb(found["wkb"]), object)
    with frozen(file) as connection:
        described = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
        key = next((quoted(row[1]) for row in described if row[5]), "rowid")
        query = f"SELECT {key}, {quoted(column)} FROM {quoted(name)} WHERE length({quoted(column)}) > 8"  # noqa: S608
        rows = connection.execute(query).fetchall()
    wkb = [blob[header_size(blob) :] for _, blob in rows]
    geometry = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), object)
    return np.array([fid for fid, _ in rows], np.int64), geometry.reshape(len(rows))
