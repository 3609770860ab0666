"""All layers in one CRS: the one that is asked for, or that of the main layer; what does not fit is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from gisheat.crs import check_crs, fitting_crs, name_of
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.gauss_kruger import (
    SWAP,
    candidates,
    codes_of_meridian,
    codes_of_zone,
    meridian_of,
    projection_of,
    sibling,
    within,
    zone_of,
)
from gisheat.layers.coordinates import are_eastings, are_northings
from gisheat.layers.measures import has_m, with_m_of, without_m
from gisheat.schema import GEOMETRY

MAIN_LAYERS = ("pipes", "streets", "stations", "sources")
"""The CRS of the first of these that is given is the CRS of the result."""
OUTLYING = 1.0e6
"""Eastings farther than this from the middle of their zone [m] are in another one."""
FARTHEST_DEGREES = 4.0
"""Degrees from the middle meridian beyond which a zone is hardly the one that is meant: zones are 3 or 6 wide."""
APART = 1.0e5
"""Layers whose middles lie farther apart than this [m] do not belong together."""
KILOMETRES = ((100.0, 900.0), (1900.0, 6000.0))
"""Eastings and northings in kilometres in place of metres."""
DEGREES = ((70.0, 140.0), (15.0, 56.0))
"""Longitudes and latitudes of China."""
NORTHERNMOST = 80.0
"""Latitude that no town lies north of."""
SMALL = 100.0
"""Width of a network [m] below which its coordinates are no metres, if they are not where metres are."""
GLOBAL = (
    "World Geodetic System 1984",
    "China 2000",
    "International Terrestrial Reference Frame",
    "ITRF",
    "European Terrestrial",
)
"""Beginnings of the names of datums that agree to a metre or better."""
METRE = 1.0

Tables = Mapping[str, gpd.GeoDataFrame]


def in_one_crs(
    tables: Tables, default: CRS | None, wanted: CRS | None
) -> tuple[dict[str, gpd.GeoDataFrame], CRS | None, list[Finding], list[str]]:
    """All layers in one CRS, which is checked; the CRS, findings and notes.

    Parameters
    ----------
    tables : mapping
        Tables by layer; those without geometry stay as they are.
    default : CRS, optional
        That of layers that carry none.
    wanted : CRS, optional
        That of the result; without it, that of the first of the main layers.

    Raises
    ------
    InputError
        If the main layer has none, lengths can't be measured in it, or coordinates do not fit their CRS.
    """
    made, findings, notes = dict(tables), list[Finding](), list[str]()
    spatial = [name for name in tables if GEOMETRY[name] != "none"]
    if not spatial:
        return made, None, findings, notes
    main = _main(tables)
    for name in (main, *(n for n in spatial if n != main)):
        made[name], found = _with_crs(
            name, made[name], default or (made[main].crs if name != main else wanted), main, default
        )
        findings += found
    x, y = centre(made[main])
    target = wanted or made[main].crs
    if np.isfinite(x):
        if wanted is not None:
            x, y = _moved(main, made[main].crs, target, x, y)
        check_crs(target, x, y, main)
        findings += _far_from_meridian(target, x, y, main)
    for name in spatial:
        table = made[name]
        if not _same(table.crs, target):
            notes.append(f"{name}: reprojected from {name_of(table.crs)} to {name_of(target)}")
            findings += _datum_shift(name, table.crs, target)
            made[name] = reprojected(name, table, target)
        else:  # the same, perhaps in other words
            made[name] = table.set_crs(target, allow_override=True)
        if name != main and np.isfinite(x):
            findings += _apart(name, made[name], main, (x, y))
    return made, target, findings, notes


def moved_findings(findings: list[Finding], drawn: CRS | None, target: CRS | None) -> list[Finding]:
    """Findings on drawings, which carry no CRS, with their places in that of the result."""
    if drawn is None or target is None or _same(drawn, target):
        return findings
    there = Transformer.from_crs(drawn, target, always_xy=True)
    return [f if f.point is None else replace(f, point=there.transform(*f.point)) for f in findings]


def chosen_crs(tables: Tables, default: CRS | None) -> CRS | None:
    """A CRS in metres that fits the place of the main layer, where that is in degrees; else None."""
    if not any(GEOMETRY[name] != "none" for name in tables):
        return None
    table = tables[_main(tables)]
    crs, (x, y) = table.crs or default, centre(table)
    if crs is None or not crs.is_geographic or not np.isfinite(x):
        return None
    code, _ = fitting_crs(*_moved(_main(tables), crs, CRS.from_epsg(4326), x, y))
    return CRS.from_epsg(code) if code else None


def _main(tables: Tables) -> str:
    """The layer whose CRS counts."""
    spatial = (name for name in tables if GEOMETRY[name] != "none")
    return next(n for n in (*MAIN_LAYERS, *spatial) if n in tables)


def centre(table: gpd.GeoDataFrame) -> tuple[float, float]:
    """Middle of the features (the median, which a feature that lies far astray does not move), NaN without any."""
    bounds = _bounds(table)
    if not len(bounds):
        return float("nan"), float("nan")
    x, y = np.median((bounds[:, :2] + bounds[:, 2:]) / 2.0, axis=0)
    return float(x), float(y)


def _bounds(table: gpd.GeoDataFrame) -> np.ndarray:
    bounds = shapely.bounds(table.geometry.to_numpy())
    return np.asarray(bounds[np.isfinite(bounds).all(axis=1)])


# which CRS a layer is in -----------------------------------------------------------------------------------------


def _with_crs(
    layer: str, table: gpd.GeoDataFrame, assumed: CRS | None, main: str, default: CRS | None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """A layer with a CRS that fits its coordinates: its own, or the one that is assumed."""
    findings = []
    x, y = centre(table)
    crs = table.crs
    if crs is None:
        if assumed is None or (layer == main and default is None):
            raise InputError(f"layer {layer} carries no CRS: give it with --crs, as in --crs EPSG:4552{_hint(x, y)}.")
        crs = assumed
        if default is None:
            message = f"The layer carries no CRS; that of {main} ({name_of(crs)}) was assumed."
            findings.append(Finding("crs-missing", "warning", layer, message))
    if np.isfinite(x):
        fitting, found = _fitting(layer, crs, x, y, _bounds(table))
        return table.set_crs(fitting, allow_override=True), findings + found
    return table.set_crs(crs, allow_override=True), findings


def _hint(x: float, y: float) -> str:
    words = candidates(x, y) if np.isfinite(x) else ""
    return f" ({words})" if words else ""


def _fitting(layer: str, crs: CRS, x: float, y: float, bounds: np.ndarray) -> tuple[CRS, list[Finding]]:
    """The CRS, or the one with or without the zone in its eastings where just that is wrong.

    Raises
    ------
    InputError
        If the coordinates can't be in it: axes exchanged, another zone, kilometres, degrees.
    """
    if crs.is_geographic and within(y, DEGREES[0]) and within(x, DEGREES[1]) and y > NORTHERNMOST:
        raise InputError(f"layer {layer}: the coordinates ({x:.2f}, {y:.2f}) have the latitude first: {SWAP}.")
    known = projection_of(crs)
    if known is None:
        return crs, []
    place = f"layer {layer}: the coordinates ({x:.0f}, {y:.0f})"
    if are_northings([x]) and are_eastings([y]) and abs(x - known.false_easting) > OUTLYING:
        raise InputError(f"{place} have the northing first: {SWAP}.")
    width = float(np.ptp(bounds[:, [0, 2]])) + float(np.ptp(bounds[:, [1, 3]]))
    for unit, (east, north) in (("kilometres", KILOMETRES), ("degrees", DEGREES)):
        if width < SMALL and within(x, east) and within(y, north):
            what = "give the layer the CRS of its degrees" if unit == "degrees" else "multiply them by 1000"
            raise InputError(f"{place} look like {unit}, and the CRS {name_of(crs)} counts metres: {what}.")
    if are_eastings([x / 1e3]) and are_northings([y / 1e3]) and x > 9.9e7:
        raise InputError(
            f"{place} look like millimetres, and the CRS {name_of(crs)} counts metres: divide them by 1000."
        )
    return _with_zone(layer, place, crs, known.meridian, known.false_easting, x)


def _with_zone(
    layer: str, place: str, crs: CRS, meridian: float, false_easting: float, x: float
) -> tuple[CRS, list[Finding]]:
    """The CRS with its zone in the eastings or not, as the coordinates have it."""
    zone, stated = zone_of(x), zone_of(false_easting)
    if abs(x - false_easting) < OUTLYING or (zone is None and stated is None):
        return crs, []
    if zone is not None and abs(meridian_of(zone) - meridian) > 1e-6:
        listed = ", ".join(f"EPSG:{code} ({name})" for code, name in codes_of_zone(zone))
        raise InputError(
            f"{place} begin with zone {zone} ({meridian_of(zone):g}E), and the middle meridian of the CRS"
            f" {name_of(crs)} is"
            f" {meridian:g}E: give the layer the CRS it is in, such as {listed}."
        )
    meant = sibling(crs, zone=zone)
    if meant is None:
        return crs, []
    there, has = ("begin", "has none") if zone is not None else ("do not begin", "has one")
    message = (
        f"The eastings ({x:.0f}) {there} with the number of a zone, and the CRS {name_of(crs)} {has};"
        f" {name_of(meant)} was taken,"
        f" which is the same {'with' if zone is not None else 'without'} it."
    )
    return meant, [Finding("zone-prefix", "warning", layer, message, repair=f"give the layer the CRS {name_of(meant)}")]


def _far_from_meridian(crs: CRS, x: float, y: float, layer: str) -> list[Finding]:
    """A finding where a network lies far from the middle of the zone of its CRS."""
    known = projection_of(crs)
    if known is None:
        return []
    longitude, _ = _moved(layer, crs, CRS.from_epsg(4326), x, y)
    if not abs(longitude - known.meridian) > FARTHEST_DEGREES:
        return []
    in_china = 73.5 <= longitude <= 135.0
    fits = f"; EPSG:{codes_of_meridian(longitude)[0][0]} would fit, for example" if in_china else ""
    message = (
        f"The network lies at {longitude:.1f}E, {abs(longitude - known.meridian):.1f} degrees from the middle"
        f" meridian of the CRS {name_of(crs)} ({known.meridian:g}E): is it the wrong zone{fits}?"
    )
    return [Finding("far-from-meridian", "warning", layer, message, point=(x, y))]


def _apart(layer: str, table: gpd.GeoDataFrame, main: str, place: tuple[float, float]) -> list[Finding]:
    """A finding where a layer lies nowhere near the main one."""
    x, y = centre(table)
    far = float(np.hypot(x - place[0], y - place[1]))
    if not far > APART:
        return []
    swapped = np.hypot(y - place[0], x - place[1]) < APART
    why = "its coordinates are exchanged, it seems" if swapped else "its CRS is wrong, it seems"
    message = f"The layer lies {far / 1e3:.0f} km from {main}: {why}."
    return [Finding("layers-apart", "warning", layer, message, point=(x, y), distance=far)]


# from one CRS to another -----------------------------------------------------------------------------------------


def in_crs(layer: str, table: gpd.GeoDataFrame, target: CRS) -> gpd.GeoDataFrame:
    """A layer in another CRS, its Z and M kept; the same where it lies in it, or in none.

    Raises
    ------
    InputError
        If it can't be brought there.
    """
    return table if table.crs is None or _same(table.crs, target) else reprojected(layer, table, target)


def reprojected(layer: str, table: gpd.GeoDataFrame, target: CRS) -> gpd.GeoDataFrame:
    """A layer in another CRS, with the M values of its lines.

    Raises
    ------
    InputError
        If there is no way from one to the other.
    """
    drawn = table.geometry.to_numpy()
    measured = has_m(drawn)
    try:
        if not measured.any():
            return table.to_crs(target)
        moved = table.set_geometry(without_m(drawn), crs=table.crs).to_crs(target)  # with M, shapely loses Z
    except (CRSError, ProjError) as error:
        raise InputError(
            f"layer {layer}: its CRS {name_of(table.crs)} can't be brought to {name_of(target)}: reproject the layer."
        ) from error
    geometry = moved.geometry.to_numpy().copy()
    geometry[measured] = with_m_of(geometry[measured], drawn[measured])
    return moved.set_geometry(geometry, crs=target)


def _same(crs: CRS, other: CRS) -> bool:
    """Tell whether two CRS are one, perhaps in other words: in a .prj of ArcGIS and by its code."""
    return bool(crs.equals(other, ignore_axis_order=True)) or name_of(crs) == name_of(other) != crs.name


def _moved(layer: str, crs: CRS, target: CRS, x: float, y: float) -> tuple[float, float]:
    table = gpd.GeoDataFrame(geometry=gpd.points_from_xy([x], [y]), crs=crs)
    point = reprojected(layer, table, target).geometry.iloc[0]
    return float(point.x), float(point.y)


def _datum_shift(layer: str, crs: CRS, target: CRS) -> list[Finding]:
    """A finding where places are not brought from one datum to another as well as the map is drawn."""
    first, second = crs.geodetic_crs, target.geodetic_crs
    if first is None or second is None or first.datum is None or second.datum is None:
        return []
    names = (first.datum.name, second.datum.name)
    if first.datum == second.datum or all(name.startswith(GLOBAL) for name in names):
        return []
    ways = TransformerGroup(first, second, always_xy=True).transformers
    accuracy = ways[0].accuracy if ways else -1.0
    if 0.0 <= accuracy <= METRE:
        return []
    if accuracy > METRE:
        message = f"The places were brought from {names[0]} to {names[1]} to {accuracy:g} m only, says PROJ."
    else:
        message = (
            f"PROJ knows no shift from {names[0]} to {names[1]}: degrees were taken over as they are, so places may"
            " lie 100 m and more off (Beijing 1954 and Xian 1980 do against CGCS2000)."
        )
    repair = "reproject the layer with the parameters of your survey office"
    return [Finding("datum-shift", "warning", layer, message, repair=repair)]
