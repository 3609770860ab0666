"""Opening sources: what is wrong with one is said in a sentence, and none is changed by being read."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat import database
from gisheat.errors import InputError
from gisheat.layers import cad, geodatabases, shapefiles, sheets, vectors
from gisheat.layers.archives import shapefiles_in, unpacked
from gisheat.layers.reader import Read, Reader
from gisheat.places import Database, Place, file_of, split_source
from gisheat.project import did_you_mean
from gisheat.schema import GEOMETRY, REGISTRY
from gisheat.sqlite_files import DAMAGED, LOCKED

__all__ = [
    "LOST_IN_NAMES",
    "READERS",
    "column_names",
    "file_hash",
    "layer_names",
    "opened",
    "read_source",
    "read_table",
    "reason",
    "split_source",
]

READERS: Mapping[str, Reader] = {
    ".shp": shapefiles, ".dbf": shapefiles, ".gdb": geodatabases, **dict.fromkeys(sheets.SUFFIXES, sheets),
    **dict.fromkeys(cad.SUFFIXES, cad),
}  # fmt: skip
"""Which module reads what, by the ending of the name; everything else is left to GDAL."""
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
BESIDE = ("layer_styles", REGISTRY, "history")
"""Tables that QGIS and gisheat put beside the layers of a file."""

_FAULTS = (RuntimeError, ValueError, shapely.errors.ShapelyError, OSError)
"""What reading raises: the errors of pyogrio are RuntimeErrors, a text that is not UTF-8 is a ValueError."""
_REASONS = (
    ("not recognized as", "it is no GeoPackage, Shapefile or other vector file, or it is damaged"),
    ("locked", LOCKED),
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
    ("disk i/o", DAMAGED),
    ("codec can't decode", "a text in it is not UTF-8; save it as UTF-8"),
    ("permission denied", "there is no permission to read it"),
)


def reader_of(file: Place) -> Reader:
    """The module that reads a file."""
    return READERS.get(file.suffix.lower(), vectors)


def layer_names(where: Place) -> list[str]:
    """Names of the layers of a place; of an archive or a folder of Shapefiles, those of all files in it.

    Raises
    ------
    InputError
        That says why they can't be read.
    """
    if isinstance(where, Database):
        return database.layer_names(where)
    path = where
    _check_file(path)
    found: list[str] = []
    with unpacked(path) as files, _without_remarks():
        for file in files:
            said = str(path) if file == path else f"{path}: {file.name}"
            try:
                found += _names_in(file)
            except InputError as error:  # that names the file
                raise InputError(str(error).replace(str(file), said)) from error
            except _FAULTS as error:
                raise InputError(f"{said} cannot be read: {reason(error)}.") from error
    return found


def _names_in(file: Path) -> list[str]:
    reader = reader_of(file)
    with reader.prepared(file) as whole:
        return reader.layer_names(whole)


def sources_by_words(where: Place) -> dict[str, str]:
    """Sources of the layers of the contract that words in the names of layers tell, if the reader goes by words."""
    guess = reader_of(where).guess_layers
    return guess(where) if guess is not None and isinstance(where, Path) else {}


@contextmanager
def opened(where: Place, name: str) -> Iterator[tuple[Path, str]]:
    """A file that can be read without being changed, and the name of the layer in it, of FILE and layer name.

    Without a layer name the first one, or what the reader makes of none. It is the file itself, a copy of it, or what
    an archive or a folder has in it.
    """
    path = file_of(where, "input")
    with unpacked(path) as files:
        chosen = files[0]
        if len(files) > 1 and name:
            chosen = next((file for file in files if name in _names_in(file)), chosen)
        reader = reader_of(chosen)
        with reader.prepared(chosen) as whole:
            yield whole, name if name or reader.guess_layers else reader.layer_names(whole)[0]


def column_names(source: str) -> list[str]:
    """Names of the columns of a source; none where it can't be read, which is said when it is."""
    where, name = split_source(source)
    try:
        if isinstance(where, Database):
            return database.column_names(where, name)
        with _without_remarks(), opened(where, name) as (file, layer):
            return reader_of(file).column_names(file, layer)
    except (*_FAULTS, InputError, IndexError):
        return []


def read_source(layer: str, source: str, encoding: str | None = None) -> Read:
    """Features of a source, with the feature id as index and the geometry in the column geometry.

    Empty geometries become missing ones; what SQLite holds as text in a number column stays text.

    Parameters
    ----------
    layer : str
        What it is in the contract: pipes, stations ...
    encoding : str, optional
        Code of texts that the source does not say for certain; found from the texts when not given.

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
    name = wanted if reader_of(path).guess_layers else _chosen_layer(f"layer {layer}: {path}", wanted, names)
    place = f"{path}|{name}" if name else str(path)
    if isinstance(path, Database):
        stored = database.read_table(path, name, GEOMETRY[layer])
        notes, rows = tuple(stored.attrs.pop("notes")), stored.attrs.pop("sha256")
        return Read(_with_geometry(layer, place, stored), notes=notes, sha256=rows)
    try:
        with opened(path, name) as (file, _), _without_remarks():
            found = reader_of(file).read(layer, file, name, encoding)
    except InputError as error:
        raise InputError(f"layer {layer}: {place}: {error}") from error
    except _FAULTS as error:
        raise InputError(f"layer {layer}: {place} cannot be read: {reason(error)}.") from error
    return replace(found, table=_with_geometry(layer, place, found.table))


def read_table(layer: str, source: str) -> gpd.GeoDataFrame:
    """The table of `read_source`."""
    return read_source(layer, source).table


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
    if path.is_dir() and path.suffix.lower() != ".gdb" and not shapefiles_in(path):
        raise InputError(f"{path} is a folder; name a file, or a folder with Shapefiles in it.")
    if any(c in str(path.absolute()) for c in LOST_IN_NAMES):
        raise InputError(f"{path} cannot be read: its name holds a semicolon, tab or line break; rename it.")
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path} cannot be read: it is empty.")


def _chosen_layer(where: str, wanted: str, names: list[str]) -> str:
    if not wanted:
        names = [name for name in names if name not in BESIDE]
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


def file_hash(path: Place) -> str:
    """SHA-256 of a file's content; of a folder that of the names and hashes of the files in it; else empty.

    All files of a File Geodatabase count; elsewhere those of its Shapefiles, for other ones are not read.
    """
    if not isinstance(path, Path):
        return ""
    if path.is_dir():
        whole = path.suffix.lower() == ".gdb"
        parts = path.rglob("*") if whole else (p for p in path.iterdir() if p.suffix.lower() in shapefiles.PARTS)
        inside = sorted(p for p in parts if p.is_file() and p.suffix != ".lock")
        listed = "".join(f"{file_hash(p)}  {p.relative_to(path).as_posix()}\n" for p in inside)
        return hashlib.sha256(listed.encode()).hexdigest()
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# reading -------------------------------------------------------------------------------------------------


def _is_held(geometry: gpd.GeoSeries, kind: str) -> bool:
    """Whether geometry collections hold anything of a kind, of which the parts that fit are used then."""
    parts = shapely.get_parts(geometry.dropna().to_numpy())
    while (shapely.get_type_id(parts) >= MULTI).any():
        parts = shapely.get_parts(parts)
    return bool(np.isin(shapely.get_type_id(parts), SINGLE[kind]).any())


def _with_geometry(layer: str, where: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with its geometry in the column geometry, when it is of the kind that the layer has."""
    kind = GEOMETRY.get(layer, "none")
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
    return gpd.GeoDataFrame(own, geometry=geometry, crs=table.crs)
