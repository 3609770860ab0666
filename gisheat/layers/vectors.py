"""Reading what GDAL reads, GeoPackages first."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

from gisheat.layers.reader import Read
from gisheat.layers.sqlite_files import as_stored, readable

prepared = readable


def layer_names(file: Path) -> list[str]:
    """Names of the layers of a file."""
    return [str(name) for name, _ in pyogrio.list_layers(file)]


def column_names(file: Path, name: str) -> list[str]:
    """Names of the columns of a layer."""
    return [str(c) for c in pyogrio.read_info(file, layer=name)["fields"]]


def read(layer: str, file: Path, name: str, encoding: str | None) -> Read:
    """Read a layer; such files say their own code."""
    del layer, encoding
    return Read(as_stored(file, name, read_dataframe(file, name)))


def read_dataframe(file: Path, name: str, encoding: str | None = None) -> gpd.GeoDataFrame:
    """A layer with the feature id as index; a geometry that is broken becomes a missing one."""
    options = {"layer": name, "fid_as_index": True, "encoding": encoding}
    try:
        return pyogrio.read_dataframe(file, **options)
    except shapely.errors.ShapelyError:  # one broken geometry: read again
        return pyogrio.read_dataframe(file, on_invalid="ignore", **options)
