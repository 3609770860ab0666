"""Point layers as topology reads them: one point for each feature, those in use, valves and pumps that are able."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.schema import GEOMETRY, ID_COLUMN
from gisheat.topology.attributes import able_pumps, able_valves, words
from gisheat.topology.devices import Devices, read_devices

Array = NDArray[np.float64]


def able_devices(drawn: Mapping[str, gpd.GeoDataFrame]) -> tuple[Devices, list[Finding]]:
    """Valves and pumps that have what they need, and findings about the others."""
    valves, missing = able_valves(drawn["valves"])
    pumps, lacking = able_pumps(drawn["pumps"])
    return read_devices(drawn["valves"][valves], drawn["pumps"][pumps]), [*missing, *lacking]


def points_in_use(layers: Layers, layer: str) -> gpd.GeoDataFrame:
    """Rows of a point layer that are not abandoned."""
    table = points(layers, layer)
    return table[words(table, "status", "existing") != "abandoned"].reset_index(drop=True)


def points(layers: Layers, layer: str) -> gpd.GeoDataFrame:
    """Rows of a point layer with their feature id in source_fid; multi-points become their first point."""
    table = layers.get(layer)
    if not len(table):
        return _no_points(layer, layers.crs).copy()
    if "source_fid" not in table:  # stations that were buildings have those of their buildings
        table = table.assign(source_fid=table.index.to_numpy())
    parts, owner = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
    table.geometry = parts[np.unique(owner, return_index=True)[1]]
    return table.reset_index(drop=True)


@cache
def _no_points(layer: str, crs: CRS | None) -> gpd.GeoDataFrame:
    """Rows of a layer without any: asked for often, and costly to make."""
    columns = {f"{layer[:-1]}_id": np.empty(0, object), "source_fid": np.empty(0, int)}
    return gpd.GeoDataFrame(columns, geometry=[], crs=crs)


def places_of(table: gpd.GeoDataFrame) -> Array:
    """Places of points, shape (n, 2)."""
    return shapely.get_coordinates(table.geometry.to_numpy()) if len(table) else np.empty((0, 2))


def all_points(layers: Layers) -> dict[str, gpd.GeoDataFrame]:
    """Point layers as they are, for a project that has no network yet."""
    return {name: points(layers, name) for name in ID_COLUMN if GEOMETRY[name] == "point" and name in layers}
