"""Writing a result: layers, tables, styles and project into one GeoPackage that appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from gisheat import database, styles
from gisheat.errors import InputError
from gisheat.findings import explained
from gisheat.geopackage_transaction import LITTLE_ROOM, LOCK_SECONDS, without_triggers
from gisheat.layers.files import LOST_IN_NAMES
from gisheat.layers.measures import has_m, header_size, without_m
from gisheat.places import Database, Place
from gisheat.schema import GEOMETRY, Language, labels
from gisheat.sqlite_files import looked_into, open_beside, quoted

GEOPACKAGE_VERSION = "1.3"
"""The newest version that QGIS 3.22 reads without a warning."""
GEOMETRY_COLUMN = "geom"
LONGEST_MARK = 180
"""Bytes of an output's name that the name of its temporary folder repeats."""
LEFT_OVER_SECONDS = 86400.0
"""Age of what a run has left from which on it is removed where one can't ask whether the run goes on."""
_EMPTY_TYPE = {"point": "Point", "line": "LineString", "polygon": "Polygon"}


def check_output(where: Place, inputs: Sequence[Place], *, overwrite: bool = False) -> None:
    """Refuse an output that is a folder, an input, not writable, open elsewhere, or somebody else's file.

    Raises
    ------
    InputError
        With what to do about it.
    """
    if isinstance(where, Database):
        others = [other for other in inputs if isinstance(other, Database)]
        database.check_output(where, others, overwrite=overwrite)
        return
    path, files = where, [file for file in inputs if isinstance(file, Path)]
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # the name is too long, for one
        raise InputError(f"output {path} can't be written: {error.strerror}.") from error
    if path.is_dir():
        raise InputError(f"output {path} is a folder; name a file.")
    if any(same_place(path, file) for file in files):
        raise InputError(f"output {path} is an input; inputs are never changed, name another file.")
    if any(c in str(path) for c in LOST_IN_NAMES):
        raise InputError(f"output {path} can't be written: its name holds a semicolon, tab or line break.")
    _check_folder(path)
    if not path.exists() or path.suffix.lower() != ".gpkg":
        return
    _check_free(path)
    if not overwrite and not is_result(path):
        raise InputError(f"output {path} exists and was not written by gisheat; name another file, or say --overwrite.")


def _check_folder(path: Path) -> None:
    """Refuse an output whose folder, or the nearest one that exists, can't be written to."""
    parent = _target(path).parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise InputError(f"output {path} can't be written: {parent} is no folder.")
    if not os.access(parent, os.W_OK):
        raise InputError(f"output {path} can't be written: no permission in {parent}.")


def _check_free(path: Path) -> None:
    """Refuse to replace a GeoPackage that another program works on.

    What waits in FILE-wal or FILE-journal would be merged into the new file by the next one to open it.
    """
    left = open_beside(path)
    if left is not None:
        raise InputError(
            f"output {path} is open in another program, or one that had it open crashed ({left.name} is beside it):"
            " close it there, or open and close it once more, or name another file."
        )
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(_opened(path)) as connection:
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise InputError(
                    f"output {path} is locked by another program: close it there, or name another file."
                ) from error


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOCK_SECONDS)


def same_place(one: Place, other: Place) -> bool:
    """Tell whether two names lead to one file, or are the address of one schema (with a password or without)."""
    if isinstance(one, Database) or isinstance(other, Database):
        return str(one) == str(other)
    try:
        return one.samefile(other)
    except (OSError, RuntimeError):  # one of them is not there, or a link that leads to itself
        return _target(one) == _target(other)


def _target(path: Path) -> Path:
    """The file that a path leads to; a link that leads to itself stays as it is."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def is_result(where: Place) -> bool:
    """Tell whether gisheat wrote a place (it has our run record)."""
    if isinstance(where, Database):
        return "gisheat version" in database.run_record(where)
    try:
        with looked_into(where) as connection:
            return connection.execute("SELECT 1 FROM run WHERE key = 'gisheat version'").fetchone() is not None
    except sqlite3.Error:
        return False


def exists(where: Place) -> bool:
    """Tell whether a file is there, or anything in a schema."""
    return database.holds_anything(where) if isinstance(where, Database) else where.exists()


def run_record(where: Place) -> dict[str, str]:
    """Key and value of the run record of a result, empty for what gisheat did not write."""
    if isinstance(where, Database):
        return database.run_record(where)
    try:
        with looked_into(where) as connection:
            return {str(key): str(value) for key, value in connection.execute("SELECT key, value FROM run")}
    except sqlite3.Error:
        return {}


def found_rules(where: Place) -> tuple[str, ...]:
    """Rules of the findings of a result, each once; none for what is no file, or holds no findings."""
    if not isinstance(where, Path):
        return ()
    try:
        with looked_into(where) as connection:
            return tuple(str(rule) for (rule,) in connection.execute("SELECT DISTINCT rule FROM findings"))
    except sqlite3.Error:
        return ()


# a file that appears whole or not at all -----------------------------------------------------------------


@contextlib.contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; what was written there takes the name `path` when the block ends well.

    Where `path` is a link, the file it leads to is written.

    Raises
    ------
    InputError
        If it can't be written (permission, disk full).
    """
    target = _target(path)
    folder = target.with_name(f"{_mark(target)}{os.getpid()}-{secrets.token_hex(4)}")
    _begun.add(folder)  # before it is there, so that nothing is left of it whenever the process is told to end
    missing = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(target)
        folder.mkdir()
        beside = folder / f"new{target.suffix}"
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        if target.suffix.lower() == ".gpkg" and target.exists():
            _check_free(target)
        beside.replace(target)
    except OSError as error:
        raise InputError(f"output {path} can't be written: {error.strerror or error}.") from error
    finally:
        _remove(folder)
        if not target.exists():
            with contextlib.suppress(OSError):
                for parent in missing:
                    parent.rmdir()


_begun: set[Path] = set()
"""Folders of this process that outputs are being written in."""


def clear_begun() -> None:
    """Remove what was begun and not finished: for a process that is told to end."""
    for folder in list(_begun):
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _begun.discard(folder)


def _mark(target: Path) -> str:
    """Beginning of the names of the folders for an output; names of files may not be longer than 255 bytes."""
    name = target.name
    if len(name.encode(errors="surrogateescape")) > LONGEST_MARK:
        name = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return f".{name}.gisheat-"


def _remove_left_over(target: Path) -> None:
    """Remove what runs that were killed have left beside the output."""
    mark = _mark(target)
    for folder in [f for f in target.parent.iterdir() if f.name.startswith(mark) and f not in _begun]:
        number = folder.name.removeprefix(mark).partition("-")[0]
        if number.isdigit() and not _runs(int(number), folder):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int, folder: Path) -> bool:
    """Tell whether a process that writes in a folder still runs."""
    if process == os.getpid():  # an earlier one with our number: what we have begun is not asked for
        return False
    if os.name == "nt":  # there os.kill would end it
        return time.time() - folder.stat().st_mtime < LEFT_OVER_SECONDS
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# layers and tables ---------------------------------------------------------------------------------------


def write_result(
    where: Place, tables: Mapping[str, pd.DataFrame], *, title: str, language: Language = "en",
    plain: Collection[str] = (),
) -> None:  # fmt: skip
    """Write result layers with their styles and an embedded QGIS project.

    Parameters
    ----------
    where : Place
        GeoPackage that appears when everything is in it.
    tables : mapping
        Layer name -> table; GeoDataFrames all in one CRS.
    plain : collection of str
        Layers without a spatial index, whose triggers keep plain SQL from editing them.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    if "findings" in tables:
        tables = {**tables, "findings": explained(tables["findings"], language)}
    if isinstance(where, Database):
        database.write_result(where, tables, title=title, language=language)
        return
    path = where
    with whole_or_nothing(path) as beside, _drivers_errors(path, beside):
        for name, table in tables.items():
            write_layer(beside, name, table, indexed=name not in plain)
        _check_written(beside, tables)
        name = _target(path).name
        styles.embed(beside, title=title, language=language, aliases=labels(language), file_name=name)


def write_template(where: Place, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write empty layers (for `template`).

    Raises
    ------
    InputError
        If the file can't be written.
    """
    if isinstance(where, Database):
        database.write_template(where, tables)
        return
    path = where
    with whole_or_nothing(path) as beside, _drivers_errors(path, beside):
        for name, table in tables.items():
            write_layer(beside, name, table)
        _check_written(beside, tables)


@contextlib.contextmanager
def _drivers_errors(path: Path, beside: Path) -> Iterator[None]:
    """Say what the driver or the database complain of; the errors of pyogrio are RuntimeErrors."""
    try:
        yield
    except (sqlite3.Error, RuntimeError) as error:
        raise InputError(f"output {path} can't be written: {_reason(error, beside)}.") from error


def _reason(error: Exception, beside: Path) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    if "disk is full" in text or "rows of" in text or shutil.disk_usage(beside.parent).free < LITTLE_ROOM:
        return "the disk is full"
    if any(mark in text.lower() for mark in ("disk i/o", "transaction", "no such table", "sqlite3_")):
        return "the disk is full or at fault"
    return text.replace(str(beside), beside.name)


def write_layer(path: Path, name: str, table: pd.DataFrame, *, indexed: bool = True) -> None:
    """Write one layer or table to a file that is not in its place yet; raises what the driver raises."""
    options: dict[str, Any] = {
        "layer": name,
        "driver": "GPKG",
        "append": False,
        "dataset_options": {"VERSION": GEOPACKAGE_VERSION},
    }
    table = _safe_names(table)
    if not isinstance(table, gpd.GeoDataFrame):
        pyogrio.write_dataframe(table, path, **options)
        return
    geometry = table.geometry.to_numpy()
    if shapely.is_missing(geometry).all():
        options["geometry_type"] = _EMPTY_TYPE[GEOMETRY.get(name, "line")]
    options["layer_options"] = {"GEOMETRY_NAME": GEOMETRY_COLUMN, "SPATIAL_INDEX": "YES" if indexed else "NO"}
    measured = has_m(geometry)
    flat = table.set_geometry(without_m(geometry), crs=table.crs) if measured.any() else table
    pyogrio.write_dataframe(flat, path, **options)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        if measured.any():  # pyogrio refuses it
            _add_measures(connection, name, geometry)
        _declare_dimensions(connection, name, geometry)


def _add_measures(connection: sqlite3.Connection, name: str, geometry: NDArray[np.object_]) -> None:
    """Put the M values of lines into the geometry that was written without them.

    The triggers that keep the spatial index call functions of GDAL; where the lines are does not change.
    """
    rows = connection.execute(f"SELECT fid, {GEOMETRY_COLUMN} FROM {quoted(name)} ORDER BY fid").fetchall()  # noqa: S608
    wkb = shapely.to_wkb(geometry, output_dimension=4, flavor="iso")
    blobs = [(old[: header_size(old)] + new, fid) for (fid, old), new in zip(rows, wkb, strict=True) if old is not None]
    with without_triggers(connection, name):
        connection.executemany(f"UPDATE {quoted(name)} SET {GEOMETRY_COLUMN} = ? WHERE fid = ?", blobs)  # noqa: S608


def _declare_dimensions(connection: sqlite3.Connection, name: str, geometry: NDArray[np.object_]) -> None:
    """Say whether features have Z and M: 0 none, 1 all, 2 some, of which the others are not to be read as at 0."""
    there = geometry[~shapely.is_missing(geometry)]
    codes = [0 if not has.any() else 1 if has.all() else 2 for has in (shapely.has_z(there), has_m(there))]
    query = "UPDATE gpkg_geometry_columns SET z = ?, m = ? WHERE table_name = ?"
    connection.execute(query, (*codes, name))


def _safe_names(table: pd.DataFrame) -> pd.DataFrame:
    """User columns that clash with the feature id, the geometry or each other but for case get an underscore."""
    taken = {"fid", GEOMETRY_COLUMN}
    rename: dict[str, str] = {}
    for column in table.columns:
        name = str(column)
        if column != "geometry":
            while name.lower() in taken:
                name += "_"
            taken.add(name.lower())
        rename[column] = name
    return table if all(old == new for old, new in rename.items()) else table.rename(columns=rename)


def _check_written(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise when a table has not as many rows as it should: a full disk is not always said by the driver."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for name, table in tables.items():
            (count,) = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()  # noqa: S608
            if count != len(table):
                raise RuntimeError(f"only {count} of {len(table)} rows of {name} were written")
