"""Writing a result: layers, tables, styles and project into one GeoPackage that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataSourceError, FieldError

from gisheat import styles
from gisheat.errors import InputError
from gisheat.schema import GEOMETRY, Language, labels

GEOPACKAGE_VERSION = "1.3"
"""The newest version that QGIS 3.22 reads without a warning."""
GEOMETRY_COLUMN = "geom"
_EMPTY_TYPE = {"point": "Point", "line": "LineString", "polygon": "Polygon"}


def check_output(path: Path, inputs: Mapping[str, Path] | list[Path], *, overwrite: bool = False) -> None:
    """Refuse an output that is a folder, an input, not writable, or somebody else's file.

    Raises
    ------
    InputError
        With what to do about it.
    """
    files = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
    if path.is_dir():
        raise InputError(f"output {path} is a folder; name a file.")
    if any(_same_file(path, file) for file in files):
        raise InputError(f"output {path} is an input; inputs are never changed, name another file.")
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(f"output {path} can't be written: no permission in {parent}.")
    if path.exists() and not overwrite and path.suffix.lower() == ".gpkg" and not is_result(path):
        raise InputError(f"output {path} exists and was not written by gisheat; name another file, or say --overwrite.")


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return path.resolve() == other.resolve()


def is_result(path: Path) -> bool:
    """Tell whether gisheat wrote a file (it has our run record)."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT 1 FROM run WHERE key = 'gisheat version'").fetchone() is not None
    except sqlite3.Error:
        return False


@contextlib.contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; what was written there takes the name `path` when the block ends well.

    Raises
    ------
    InputError
        If it can't be written (permission, disk full).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(path)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", dir=path.parent))
    except OSError as error:
        raise InputError(f"output {path} can't be written: {error.strerror}.") from error
    try:
        beside = folder / path.name
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise InputError(f"output {path} can't be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left_over(path: Path) -> None:
    """Remove what runs that were killed have left beside the output."""
    for folder in path.parent.glob(f".{path.name}.*.*"):
        number = folder.name.removeprefix(f".{path.name}.").partition(".")[0]
        if folder.is_dir() and number.isdigit() and not _runs(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_result(path: Path, tables: Mapping[str, pd.DataFrame], *, title: str, language: Language = "en") -> None:
    """Write result layers with their styles and an embedded QGIS project.

    Parameters
    ----------
    path : Path
        GeoPackage that appears when everything is in it.
    tables : mapping
        Layer name -> table; GeoDataFrames all in one CRS.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    with whole_or_nothing(path) as beside:
        try:
            for name, table in tables.items():
                _write_layer(beside, name, table)
            _check_written(beside, tables)
            styles.embed(beside, title=title, language=language, aliases=labels(language), file_name=path.name)
        except (DataSourceError, FieldError, sqlite3.Error, RuntimeError) as error:
            raise InputError(f"output {path} can't be written: {_reason(error, beside)}.") from error


def _reason(error: Exception, beside: Path) -> str:
    if shutil.disk_usage(beside.parent).free < 1_000_000:
        return "the disk is full"
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".").replace(str(beside), beside.name)


def _write_layer(path: Path, name: str, table: pd.DataFrame) -> None:
    options: dict[str, Any] = {
        "layer": name,
        "driver": "GPKG",
        "append": False,
        "dataset_options": {"VERSION": GEOPACKAGE_VERSION},
    }
    table = _safe_names(table)
    if isinstance(table, gpd.GeoDataFrame):
        kind = GEOMETRY.get(name, "line")
        geometry = table.geometry.to_numpy()
        if shapely.is_missing(geometry).all():
            options["geometry_type"] = _EMPTY_TYPE[kind]
        elif kind == "line" and shapely.has_z(geometry).any() and not shapely.has_z(geometry).all():
            table = table.set_geometry(gpd.GeoSeries(shapely.force_3d(geometry), crs=table.crs))
        options["layer_options"] = {"GEOMETRY_NAME": GEOMETRY_COLUMN, "SPATIAL_INDEX": "YES"}
    pyogrio.write_dataframe(table, path, **options)


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
    return table.rename(columns=rename)


def _check_written(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise when a table has not as many rows as it should: a full disk is not always said by the driver."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for name, table in tables.items():
            quoted = name.replace('"', '""')
            (count,) = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608 (quoted)
            if count != len(table):
                raise RuntimeError(f"{count} of {len(table)} rows of {name} were written")


def write_template(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write empty layers (for `template`)."""
    with whole_or_nothing(path) as beside:
        for name, table in tables.items():
            _write_layer(beside, name, table)
