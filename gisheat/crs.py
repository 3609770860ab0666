"""Coordinate reference systems: which ones lengths may be measured in, and which one would fit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from pyproj import CRS, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError, ProjError

from gisheat.errors import InputError
from gisheat.gauss_kruger import codes_of_meridian

LARGEST_SCALE_ERROR = 0.01
"""Scale at the layer's centre may differ from 1 by this much."""


def parse_crs(text: str) -> CRS:
    """A CRS from text such as EPSG:4552, or an InputError."""
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(f"the CRS {text!r} is unknown: write it as EPSG:4552 or as WKT.") from error


def name_of(crs: CRS) -> str:
    """Authority code where there is one, else the name."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else crs.name


def check_crs(crs: CRS, x: float, y: float, layer: str) -> None:
    """Refuse a CRS in which planar lengths near (x, y) are not metres on the ground.

    Raises
    ------
    InputError
        If it is geographic, not in metres, or its scale at (x, y) is more than 1 % off; the sentence names
        a CRS that fits.
    """
    if crs.is_geographic:
        raise InputError(
            f"layer {layer}: the CRS {name_of(crs)} is geographic (degrees), lengths need metres: reproject"
            f" the layers{_fitting(x, y)}."
        )
    if not crs.is_projected:
        raise InputError(f"layer {layer}: the CRS {name_of(crs)} is not a projected one: reproject the layers.")
    longitude, latitude = _to_degrees(crs, x, y, layer)
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if units and not units <= {"metre", "meter"}:
        raise InputError(
            f"layer {layer}: the unit of the CRS {name_of(crs)} is {', '.join(sorted(units))}, lengths need metres:"
            f" reproject the layers{_fitting(longitude, latitude)}."
        )
    scale = _scale(crs, longitude, latitude)
    if not abs(scale - 1.0) <= LARGEST_SCALE_ERROR:
        raise InputError(
            f"layer {layer}: the CRS {name_of(crs)} draws lengths {scale:.3g} times too long here:"
            f" reproject the layers{_fitting(longitude, latitude)}."
        )


@lru_cache(maxsize=16)
def _into_degrees(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs, 4326, always_xy=True)


def _to_degrees(crs: CRS, x: float, y: float, layer: str) -> tuple[float, float]:
    try:
        longitude, latitude = _into_degrees(crs).transform(x, y, errcheck=True)
    except ProjError:
        longitude = latitude = np.inf
    if not (np.isfinite(longitude) and np.isfinite(latitude)):
        raise InputError(
            f"layer {layer}: the coordinates ({x:.0f}, {y:.0f}) lie outside of the CRS {name_of(crs)}:"
            " the layer carries the wrong CRS."
        )
    return float(longitude), float(latitude)


def _scale(crs: CRS, longitude: float, latitude: float) -> float:
    """The scale factor at a point that is farthest from 1, of the meridian and the parallel."""
    factors = Proj(crs).get_factors(longitude, latitude)
    scales = np.array([factors.meridional_scale, factors.parallel_scale])
    return float(scales[np.argmax(np.abs(np.log(scales)))]) if np.isfinite(scales).all() else float("nan")


def _fitting(longitude: float, latitude: float) -> str:
    """Words that name a CRS which fits at a place, empty when the place is none on earth."""
    code, name = fitting_crs(longitude, latitude)
    return f" to EPSG:{code} ({name}) with --to-crs, for example" if code else ""


def fitting_crs(longitude: float, latitude: float) -> tuple[int, str]:
    """EPSG code and name of a CRS which lengths near a place [degrees] may be measured in; 0 when it is none on earth.

    >>> fitting_crs(128.04, 45.95)
    (4552, 'CGCS2000 / 3-degree Gauss-Kruger CM 129E')
    """
    if not (-180.0 <= longitude <= 180.0 and -85.0 <= latitude <= 85.0):
        return 0, ""
    if 73.5 <= longitude <= 135.0 and 18.0 <= latitude <= 54.0:  # China: CGCS2000 / 3-degree Gauss-Kruger CM
        code = codes_of_meridian(longitude)[0][0]
        return code, CRS.from_epsg(code).name
    area = AreaOfInterest(longitude, latitude, longitude, latitude)
    found = query_utm_crs_info("WGS 84", area, contains=False)
    return (int(found[0].code), found[0].name) if found else (0, "")
