"""Places of the rows of a table: columns with coordinates become points, well-known text becomes what it says.

Which coordinate is the easting is decided in this order, and said:

1. by names that leave no choice: east and north, 东坐标 and 北坐标, lon and lat, 经度 and 纬度;
2. by the numbers, for x and y, X坐标 and Y坐标: northings of the middle latitudes are millions of metres, eastings
   less than a million, or with the number of a zone before them more than 13 million. In Chinese surveying X is the
   northing;
3. x is taken for the easting, and a finding says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding
from gisheat.layers.headings import plain
from gisheat.schema import split_unit

Array = NDArray[np.float64]

EAST = ("east", "easting", "东坐标", "东", "东坐标y", "y东", "坐标e", "e坐标")
NORTH = ("north", "northing", "北坐标", "北", "北坐标x", "x北", "坐标n", "n坐标")
LONGITUDE = ("lon", "lng", "long", "longitude", "经度", "东经")
LATITUDE = ("lat", "latitude", "纬度", "北纬")
FIRST = ("x", "x坐标", "坐标x", "point_x", "x_coord", "xcoord", "coord_x", "纵坐标", "纵坐标x", "x_m")
SECOND = ("y", "y坐标", "坐标y", "point_y", "y_coord", "ycoord", "coord_y", "横坐标", "横坐标y", "y_m")
TEXT = ("wkt", "wkt_geom", "geometry", "geom", "the_geom", "几何")
PAIRS = ((LONGITUDE, LATITUDE), (EAST, NORTH), (FIRST, SECOND))
"""Names of two columns of coordinates; in the last pair it is open which is the easting."""
COORDINATE_NAMES = frozenset(name for pair in PAIRS for names in pair for name in names) | {"e", "n", *TEXT}
NORTHINGS = (1.0e6, 1.0e7)
"""Between 9 and 90 degrees of latitude [m]."""
EASTINGS = (1.0e5, 9.0e5)
"""Of the usual zones, whose middle is at 500 km [m]."""
ZONED_EASTINGS = (13.0e6, 46.0e6)
"""With the number of the zone before them: 13 to 23 (6 degrees), 25 to 45 (3 degrees), as in China [m]."""
DEGREES = "EPSG:4326"
_SHAPE = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\b", re.IGNORECASE)
_SEXAGESIMAL = re.compile(r"\s*(\d+)\s*[°度º]\s*(\d+)\s*['′分]\s*(?:([\d.]+)\s*[\"″秒]?)?\s*[NEne]?\s*")


@dataclass(frozen=True, slots=True)
class Places:
    """Geometry of the rows of a table, and how it was made of columns."""

    geometry: NDArray[np.object_]
    crs: str | None
    """Where the columns say one: degrees do."""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def places_of(layer: str, table: pd.DataFrame) -> Places | None:
    """Places of the rows of a table, None where no columns hold any."""
    names = {plain(split_unit(str(column)).name): str(column) for column in reversed(table.columns)}
    for name in TEXT:
        if name in names and _is_shapes(table[names[name]]):
            return _of_text(layer, names[name], table[names[name]])
    pair = _pair(names)
    if pair is None:
        return None
    first, second, kind = pair
    x, y = degrees_or_numbers(table[first]), degrees_or_numbers(table[second])
    if kind == 0:
        return _of_degrees(layer, first, second, x, y)
    if kind == 1:
        return _of_metres(layer, first, second, x, y)
    return _of_either(layer, first, second, x, y)


def degrees_or_numbers(values: pd.Series) -> Array:
    """Numbers of a column, 128°02'30" as well, NaN where there is none."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float, copy=True)
    for row in np.flatnonzero(np.isnan(numbers)).tolist():
        match = _SEXAGESIMAL.fullmatch(str(values.iloc[row]))
        if match:
            numbers[row] = int(match[1]) + int(match[2]) / 60.0 + float(match[3] or 0.0) / 3600.0
    return numbers


def _pair(names: Mapping[str, str]) -> tuple[str, str, int] | None:
    """Columns of a pair of coordinates, and which pair; E and N count as a pair, not alone."""
    for kind, (firsts, seconds) in enumerate(PAIRS):
        first = next((names[n] for n in firsts if n in names), "")
        second = next((names[n] for n in seconds if n in names), "")
        if first and second:
            return first, second, kind
    return (names["e"], names["n"], 1) if {"e", "n"} <= set(names) else None


def _is_shapes(values: pd.Series) -> bool:
    texts = values.dropna().astype(str)
    return bool(len(texts)) and bool(texts.map(lambda text: _SHAPE.match(text) is not None).mean() >= 0.5)


def _of_text(layer: str, column: str, values: pd.Series) -> Places:
    """Geometry of well-known text; what is none becomes a missing one, which the checks find."""
    texts = values.astype(object).where(values.notna(), None)
    numbers = {match[1] for text in texts.dropna() if (match := re.match(r"\s*SRID=(\d+);", str(text)))}
    bare = [None if text is None else re.sub(r"^\s*SRID=\d+;", "", str(text)) for text in texts]
    geometry = np.asarray(shapely.from_wkt(bare, on_invalid="ignore"), object)
    crs = f"EPSG:{numbers.pop()}" if len(numbers) == 1 else None
    return Places(geometry, crs, (f"{layer}: geometry from the column {column}",))


def _points(east: Array, north: Array) -> NDArray[np.object_]:
    found = np.full(len(east), None, object)
    whole = np.isfinite(east) & np.isfinite(north)
    found[whole] = shapely.points(east[whole], north[whole])
    return found


def _of_degrees(layer: str, first: str, second: str, longitude: Array, latitude: Array) -> Places:
    note = f"{layer}: points from {first} (longitude) and {second} (latitude)"
    if np.nanmax(np.abs(latitude), initial=0.0) > 90.0 or np.nanmax(np.abs(longitude), initial=0.0) > 180.0:
        return _of_either(layer, first, second, longitude, latitude)  # called so, but metres
    message = (
        f"{first} and {second} were taken for degrees of WGS 84 ({DEGREES}); places picked on a Chinese web map"
        " (GCJ-02, BD-09) lie several hundred metres off."
    )
    finding = Finding("degrees-assumed", "info", layer, message)
    return Places(_points(longitude, latitude), DEGREES, (f"{note}, WGS 84",), (finding,))


def _of_metres(layer: str, first: str, second: str, east: Array, north: Array) -> Places:
    """Places by names that say which is which; numbers that say the opposite are doubtful."""
    findings = []
    if are_northings(east) and are_eastings(north):
        message = (
            f"{first} has the numbers of a northing and {second} those of an easting; they were taken as they are"
            " named."
        )
        findings.append(Finding("axes-doubtful", "warning", layer, message, repair="exchange the names of the columns"))
    note = f"{layer}: points from {first} (easting) and {second} (northing)"
    return Places(_points(east, north), None, (note,), tuple(findings))


def _of_either(layer: str, first: str, second: str, x: Array, y: Array) -> Places:
    """Places of x and y, by their numbers."""
    if are_northings(x) and are_eastings(y):
        note = f"{layer}: points from {second} (easting) and {first} (northing, as its numbers say)"
        return Places(_points(y, x), None, (note,))
    note = f"{layer}: points from {first} (easting) and {second} (northing)"
    if are_eastings(x) and are_northings(y):
        return Places(_points(x, y), None, (note,))
    message = f"The numbers of {first} and {second} don't say which is the easting; {first} was taken for it."
    repair = "call the columns east and north, or lon and lat"
    return Places(_points(x, y), None, (note,), (Finding("axes-assumed", "warning", layer, message, repair=repair),))


def are_northings(values: Sequence[float] | Array) -> bool:
    """Tell whether the middle of numbers is a northing in metres, such as 5 091 000."""
    return _within(values, NORTHINGS)


def are_eastings(values: Sequence[float] | Array) -> bool:
    """Tell whether the middle of numbers is an easting in metres, such as 425 000, or 43 425 000 with its zone."""
    return _within(values, EASTINGS) or _within(values, ZONED_EASTINGS)


def _within(values: Sequence[float] | Array, limits: tuple[float, float]) -> bool:
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return bool(len(known)) and bool(limits[0] <= np.median(known) <= limits[1])
