"""Opening vector files: what is wrong with one is said in a sentence, and none is changed by being read."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gisheat import database
from gisheat.errors import InputError
from gisheat.places import Database, Place, split_source
from gisheat.project import did_you_mean
from gisheat.schema import GEOMETRY

GEOMETRY_TYPES = {
    "line": {"LineString", "MultiLineString", "LinearRing"},
    "point": {"Point", "MultiPoint"},
    "polygon": {"Polygon", "MultiPolygon"},
}
SINGLE = {"point": [0], "line": [1, 2], "polygon": [3]}
"""Types of single geometries, as shapely numbers them."""
MULTI = 4
"""From this one on types have parts."""
LOST_IN_NAMES = ";\n\r\t"
"""Characters in the name of a file that do not reach GDAL."""
SQLITE_MAGIC = b"SQLite format 3\0"
COPY_TRIES = 5
NOTHING = (0, 0)

_FAULTS = (RuntimeError, ValueError, shapely.errors.ShapelyError, OSError)
"""What reading raises: the errors of pyogrio are RuntimeErrors, a text that is not UTF-8 is a ValueError."""
_DAMAGED = "it is damaged; take a copy that opens in QGIS"
_REASONS = (
    ("not recognized as", "it is no GeoPackage, Shapefile or other vector file, or it is damaged"),
    ("locked", "another program holds it locked; close it there and try again"),
    ("malformed", _DAMAGED),
    ("not a database", _DAMAGED),
    ("disk i/o", _DAMAGED),
    ("codec can't decode", "a text in it is not UTF-8; save it as UTF-8"),
    ("permission denied", "there is no permission to read it"),
)


def layer_names(where: Place) -> list[str]:
    """Names of the layers of a place.

    Raises
    ------
    InputError
        That says why they can't be read.
    """
    if isinstance(where, Database):
        return database.layer_names(where)
    path = where
    _check_file(path)
    try:
        with readable(path) as file, _without_remarks():
            return [str(name) for name, _ in pyogrio.list_layers(file)]
    except _FAULTS as error:
        raise InputError(f"{path} cannot be read: {reason(error)}.") from error


def column_names(source: str) -> list[str]:
    """Names of the columns of a source; none where it can't be read, which is said when it is."""
    where, name = split_source(source)
    try:
        if isinstance(where, Database):
            return database.column_names(where, name)
        with readable(where) as file, _without_remarks():
            return [str(c) for c in pyogrio.read_info(file, layer=name or None)["fields"]]
    except (*_FAULTS, InputError):
        return []


def read_table(layer: str, source: str) -> gpd.GeoDataFrame:
    """Features of a source, with the feature id as index and the geometry in the column geometry.

    Empty geometries become missing ones; what SQLite holds as text in a number column stays text.

    Raises
    ------
    InputError
        If it can't be read, or has no geometry of the kind that the contract wants for `layer`.
    """
    path, wanted = split_source(source)
    try:
        names = layer_names(path)
    except InputError as error:
        raise InputError(f"layer {layer}: {error}") from error
    name = _chosen_layer(f"layer {layer}: {path}", wanted, names)
    if isinstance(path, Database):
        return _with_geometry(layer, f"{path}|{name}", database.read_table(path, name, GEOMETRY[layer]))
    try:
        with readable(path) as file, _without_remarks():
            table = _as_stored(file, name, _read(file, name))
    except _FAULTS as error:
        raise InputError(f"layer {layer}: {path}|{name} cannot be read: {reason(error)}.") from error
    return _with_geometry(layer, f"{path}|{name}", table)


def reason(error: Exception) -> str:
    """Why a file can't be read: in words for the usual cases, else the first line of what GDAL says."""
    text = str(error).strip()
    known = next((words for mark, words in _REASONS if mark in text.lower()), None)
    return known or (text.splitlines() or [type(error).__name__])[0].rstrip(".")


def _check_file(path: Path) -> None:
    try:
        there = path.exists()
    except OSError as error:  # its name is too long, for one
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if not there:
        raise InputError(f"{path}: there is no such file.")
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise InputError(f"{path} is a folder; name a file.")
    if any(c in str(path.absolute()) for c in LOST_IN_NAMES):
        raise InputError(f"{path} cannot be read: its name holds a semicolon, tab or line break; rename it.")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} cannot be read: it is empty.")


def _chosen_layer(where: str, wanted: str, names: list[str]) -> str:
    if not wanted and len(names) == 1:
        return names[0]
    if not wanted:
        raise InputError(f"{where} holds {', '.join(map(repr, names)) or 'no layer'}: say which, as FILE|layername.")
    if wanted not in names:
        raise InputError(f"{where} has no layer {wanted!r}{did_you_mean(wanted, tuple(names))}.")
    return wanted


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Keep what GDAL and GEOS remark off the terminal: the checks find what comes of it, with a place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# files that other programs have open ---------------------------------------------------------------------


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """The file to read: itself, or a copy when changes wait beside it that reading would write into it.

    SQLite merges what stands in FILE-wal, and takes back what FILE-journal says, into the file that is opened,
    even when it is opened to be read.

    Raises
    ------
    InputError
        If it changes all the time.
    """
    waiting = unmerged(path)
    if not waiting:
        yield path.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="gisheat-") as folder:
        yield _copied([path, *waiting], Path(folder))


def unmerged(path: Place) -> list[Path]:
    """Files beside an SQLite file with changes that are not in it yet: it is open, or a program crashed."""
    return [] if not isinstance(path, Path) else [file for file in _beside(path) if (_state(file) or NOTHING)[1] > 0]


def open_beside(path: Path) -> Path | None:
    """The file beside an SQLite file that says that it is open, or was when a program crashed; None without.

    A journal is emptied by some programs and removed by others, FILE-wal is there as long as FILE is open.
    """
    wal, journal = _beside(path)
    if _state(wal) is not None:
        return wal
    return journal if (_state(journal) or NOTHING)[1] > 0 else None


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")


def _copied(files: list[Path], folder: Path) -> Path:
    """Copy files that belong together, until none of them changes meanwhile."""
    for number in range(COPY_TRIES):
        before = [_state(file) for file in files]
        for file in files:
            if file.is_file():
                shutil.copyfile(file, folder / file.name)
        if [_state(file) for file in files] == before:
            return folder / files[0].name
        time.sleep(0.1 * 2**number)
    raise InputError(f"{files[0]} cannot be read: another program is writing it; try again when it has finished.")


def _state(file: Path) -> tuple[int, int] | None:
    """When a file was changed, and its size; None when it is not there (nor can be: its name is too long)."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def file_hash(path: Place) -> str:
    """SHA-256 of a file's content, empty for what is no file."""
    if not isinstance(path, Path) or not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# reading -------------------------------------------------------------------------------------------------


def _read(file: Path, name: str) -> gpd.GeoDataFrame:
    try:
        return pyogrio.read_dataframe(file, layer=name, fid_as_index=True)
    except shapely.errors.ShapelyError:  # one broken geometry: read again, it becomes a missing one
        return pyogrio.read_dataframe(file, layer=name, fid_as_index=True, on_invalid="ignore")


def _is_held(geometry: gpd.GeoSeries, kind: str) -> bool:
    """Whether geometry collections hold anything of a kind, of which the parts that fit are used then."""
    parts = shapely.get_parts(geometry.dropna().to_numpy())
    while (shapely.get_type_id(parts) >= MULTI).any():
        parts = shapely.get_parts(parts)
    return bool(np.isin(shapely.get_type_id(parts), SINGLE[kind]).any())


def _with_geometry(layer: str, where: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with its geometry in the column geometry, when it is of the kind that the layer has."""
    kind = GEOMETRY[layer]
    if kind == "none":
        return pd.DataFrame(table.drop(columns="geometry")) if isinstance(table, gpd.GeoDataFrame) else table
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"layer {layer}: {where} has no geometry; {kind}s are needed.")
    types = set(table.geometry.dropna().geom_type.unique())
    fits = bool(types & GEOMETRY_TYPES[kind]) or ("GeometryCollection" in types and _is_held(table.geometry, kind))
    if types and not fits:
        raise InputError(f"layer {layer}: {where} holds {', '.join(sorted(types))} geometry; {kind}s are needed.")
    geometry = table.geometry.to_numpy()
    if shapely.is_empty(geometry).any():
        geometry = np.where(shapely.is_empty(geometry), None, geometry)
    own = table.drop(columns=table.geometry.name)
    found = gpd.GeoDataFrame(own, geometry=geometry, crs=table.crs)
    found.attrs |= table.attrs
    return found


def _as_stored(file: Path, name: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with texts, and fractions in whole-number columns, that GDAL made numbers of (0 of most words)."""
    if not is_sqlite(file):
        return table
    uri = f"{file.as_uri()}?mode=ro&immutable=1"  # nobody changes it: see `readable`
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.text_factory = _decoded
        try:
            odd = _odd_values(connection, name, table)
        except sqlite3.Error:  # a view without feature ids: GDAL's reading has to do
            return table
    for column, rows in odd.items():
        values = table[column].to_numpy(object, copy=True)
        position = table.index.get_indexer([fid for fid, _ in rows])
        for row, (_, value) in zip(position.tolist(), rows, strict=True):
            if row >= 0:
                values[row] = value
        table[column] = pd.Series(values, index=table.index, dtype=object)
    return table


def is_sqlite(file: Path) -> bool:
    """Tell whether a file is an SQLite database, as a GeoPackage is one."""
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def quoted(name: str) -> str:
    """Name of a table or column in words of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _odd_values(
    connection: sqlite3.Connection, name: str, table: gpd.GeoDataFrame
) -> dict[str, list[tuple[int, object]]]:
    """Feature ids and values, by column, of what stands in number columns without being of their type."""
    described = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((quoted(row[1]) for row in described if row[5]), "rowid")
    whole = {row[1]: "INT" in row[2].upper() for row in described}
    found: dict[str, list[tuple[int, object]]] = {}
    for column in [c for c in table.columns if c in whole and table[c].dtype.kind in "iufb"]:
        wrong = "'text', 'blob', 'real'" if whole[column] else "'text', 'blob'"
        query = f"SELECT {key}, {quoted(column)} FROM {quoted(name)} WHERE typeof({quoted(column)}) IN ({wrong})"  # noqa: S608
        rows = connection.execute(query).fetchall()
        if rows:
            found[column] = [(int(fid), None if value == "" else value) for fid, value in rows]
    return found
