"""Geometries as a table of the base takes them: single or with parts, with Z and M or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.as_built.stores import StoredTable
from gisheat.layers.measures import has_m, lines_of_vertices, vertices, without_m

Array = NDArray[np.float64]
_LINE, _LINES = shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING
_PARTS: dict[str, Callable[[Any], Any]] = {
    "POINT": shapely.multipoints, "LINESTRING": shapely.multilinestrings, "POLYGON": shapely.multipolygons,
}  # fmt: skip


def fitted(geometry: Any, former: Any, table: StoredTable) -> tuple[Any, bool]:
    """A geometry for a row of a table, and whether heights or measures were carried over from the former one.

    Parameters
    ----------
    geometry
        As CHANGES has it.
    former
        What the row has now, None for a new one: Z and M that CHANGES lacks are taken from the nearest place of it.
    table : StoredTable

    Raises
    ------
    ValueError
        If the table takes no such geometry: says what it takes.
    """
    geometry = _of_shape(geometry, table.shape)
    carried = False
    if table.shape.endswith("LINESTRING") and shapely.get_type_id(geometry) == _LINE:
        geometry, carried = _line(geometry, former, table)
    else:
        geometry, carried = _other(geometry, former, table)
    return geometry, carried


def _of_shape(geometry: Any, shape: str) -> Any:
    name = geometry.geom_type.upper()
    if name == shape or shape in ("GEOMETRY", ""):
        return geometry
    if shape == f"MULTI{name}":
        return _PARTS[name](np.array([geometry], object))
    if name == f"MULTI{shape}":
        parts = shapely.get_parts(geometry)
        if len(parts) == 1:
            return parts[0]
        if shape == "LINESTRING" and not has_m(np.array([geometry], object))[0]:
            merged = shapely.line_merge(geometry)
            if shapely.get_type_id(merged) == _LINE:
                return merged
    raise ValueError(f"the layer takes {shape}, this is {name}")


def _line(line: Any, former: Any, table: StoredTable) -> tuple[Any, bool]:
    z, m = bool(shapely.has_z(line)), _m(line)
    place, _ = vertices(np.array([line], object), z=z, m=m)
    own = {"z": place[:, 2] if z else None, "m": place[:, -1] if m else None}
    carried = False
    if former is not None and shapely.get_type_id(former) == _LINE:
        for axis, has in (("z", bool(shapely.has_z(former))), ("m", _m(former))):
            wanted = table.has_z if axis == "z" else table.has_m
            if own[axis] is None and has and wanted is not False:
                own[axis] = _from(former, place[:, :2], axis)
                carried = True
    for axis, wanted in (("z", table.has_z), ("m", table.has_m)):
        if wanted is False:
            own[axis] = None
        elif wanted is True and own[axis] is None:
            own[axis] = np.full(len(place), np.nan)
    rows = np.column_stack([place[:, :2], *(v for v in own.values() if v is not None)])
    return lines_of_vertices(rows, np.array([len(rows)]), z=own["z"] is not None, m=own["m"] is not None)[0], carried


def _from(former: Any, places: Array, axis: str) -> Array:
    """Z or M of a line at the places of it that are nearest to others."""
    rows, _ = vertices(np.array([former], object), z=axis == "z", m=axis == "m")
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rows[:, :2], axis=0).T))])
    at = shapely.line_locate_point(shapely.force_2d(former), shapely.points(places))
    return np.interp(at, along, rows[:, 2])


def _other(geometry: Any, former: Any, table: StoredTable) -> tuple[Any, bool]:
    carried = False
    if _m(geometry) and table.has_m is False:
        geometry = without_m(np.array([geometry], object))[0]
    if table.has_z is False:
        return (shapely.force_2d(geometry) if shapely.has_z(geometry) else geometry), False
    if not shapely.has_z(geometry) and former is not None and shapely.has_z(former):
        point = shapely.get_type_id(former) == shapely.GeometryType.POINT
        height = float(shapely.get_z(former)) if point else np.nan
        if not np.isnan(height):
            return shapely.force_3d(geometry, height), True
    if table.has_z is True and not shapely.has_z(geometry):
        geometry = shapely.force_3d(geometry, np.nan)
    return geometry, carried


def _m(geometry: Any) -> bool:
    return bool(has_m(np.array([geometry], object))[0])
