"""The Gauss-Kruger zones of China: which CRS coordinates may be in, and which is meant when one does not fit them.

Zones of 6 degrees are 13 to 23, their middle is at 6 n - 3; zones of 3 degrees are 25 to 45, their middle is at 3 n.
The number of the zone stands before the easting, or is left out. Codes are those of the EPSG dataset.
"""

from __future__ import annotations

from typing import NamedTuple

from pyproj import CRS


class System(NamedTuple):
    """A datum with the EPSG codes of its first zones: with the zone in the easting, and without (CM)."""

    name: str
    six: int
    six_plain: int
    three: int
    three_plain: int


SYSTEMS = (
    System("CGCS2000", 4491, 4502, 4513, 4534),
    System("Xian 1980", 2327, 2338, 2349, 2370),
    System("Beijing 1954", 21413, 21453, 2401, 2422),
)
SIX_DEGREES = range(13, 24)
THREE_DEGREES = range(25, 46)
MILLION = 1.0e6
PLAIN_EASTINGS = (1.0e5, 9.0e5)
"""Without the number of the zone [m]: the middle of a zone is at 500 km."""
CHINESE_NORTHINGS = (1.9e6, 6.0e6)
"""Between 17 and 54 degrees of latitude [m]."""


SWAP = "exchange X and Y of the layer (in QGIS: Swap X and Y coordinates; in CAD: MIRROR at the line from 0,0 to 1,1)"
"""What to do where they are the wrong way round."""


class Projection(NamedTuple):
    """What of a transverse Mercator projection says where its coordinates lie: degrees and metres."""

    meridian: float
    false_easting: float


def projection_of(crs: CRS) -> Projection | None:
    """Middle meridian and false easting of a transverse Mercator projection in metres, None for others."""
    operation = crs.coordinate_operation
    in_metres = {axis.unit_name for axis in crs.axis_info[:2]} <= {"metre", "meter"}
    if not (crs.is_projected and in_metres) or operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    return Projection(values["Longitude of natural origin"], values["False easting"])


def zone_of(easting: float) -> int | None:
    """The zone whose number stands before an easting, None without one.

    >>> zone_of(43_425_000.0), zone_of(425_000.0), zone_of(24_500_000.0)
    (43, None, None)
    """
    zone = int(easting // MILLION)
    known = zone in SIX_DEGREES or zone in THREE_DEGREES
    return zone if known and PLAIN_EASTINGS[0] <= easting - zone * MILLION <= PLAIN_EASTINGS[1] else None


def meridian_of(zone: int) -> float:
    """Middle meridian of a zone [degrees]."""
    return 6.0 * zone - 3.0 if zone in SIX_DEGREES else 3.0 * zone


def codes_of_zone(zone: int) -> list[tuple[int, str]]:
    """EPSG codes, and the name of the datum, of the systems whose eastings begin with a zone.

    >>> codes_of_zone(43)[0]
    (4531, 'CGCS2000')
    """
    six = zone in SIX_DEGREES
    return [(s.six + zone - 13 if six else s.three + zone - 25, s.name) for s in SYSTEMS]


def codes_of_meridian(meridian: float) -> list[tuple[int, str]]:
    """EPSG codes of the 3-degree systems, without the zone in the easting, nearest to a meridian [degrees].

    >>> codes_of_meridian(128.04)[0]
    (4552, 'CGCS2000')
    """
    zone = min(max(round(meridian / 3.0), THREE_DEGREES[0]), THREE_DEGREES[-1])
    return [(s.three_plain + zone - 25, s.name) for s in SYSTEMS]


def sibling(crs: CRS, *, zone: int | None) -> CRS | None:
    """The same projection and datum with the number of a zone in the easting, or without one; None if EPSG has none."""
    known = projection_of(crs)
    if known is None or crs.geodetic_crs is None:
        return None
    datum = crs.geodetic_crs.datum
    for system in SYSTEMS:
        for zones, prefixed, plain in (
            (THREE_DEGREES, system.three, system.three_plain), (SIX_DEGREES, system.six, system.six_plain),
        ):  # fmt: skip
            for number in zones:
                if abs(meridian_of(number) - known.meridian) > 1e-6 or zone not in (None, number):
                    continue
                found = CRS.from_epsg((plain if zone is None else prefixed) + number - zones[0])
                if found.geodetic_crs is not None and found.geodetic_crs.datum == datum:
                    return found
    return None


def candidates(x: float, y: float) -> str:
    """Which CRS coordinates may be in that come without one, in words; empty where nothing is recognised.

    Parameters
    ----------
    x, y : float
        A place in the middle of the features.
    """
    if -180.0 <= x <= 180.0 and -90.0 <= y <= 90.0:
        return f"{x:.2f}, {y:.2f} may be degrees: EPSG:4490 (CGCS2000) or EPSG:4326 (WGS 84), with --to-crs"
    if CHINESE_NORTHINGS[0] <= x <= CHINESE_NORTHINGS[1] and (zone_of(y) or within(y, PLAIN_EASTINGS)):
        return f"the coordinates ({x:.0f}, {y:.0f}) have the northing first; before that, {SWAP}"
    if not within(y, CHINESE_NORTHINGS):
        return ""
    zone = zone_of(x)
    if zone is not None:
        listed = ", ".join(f"EPSG:{code} ({name})" for code, name in codes_of_zone(zone))
        return f"the eastings begin with zone {zone}: {listed}"
    if within(x, PLAIN_EASTINGS):
        first, last = THREE_DEGREES[0], THREE_DEGREES[-1]
        ranges = ", ".join(f"EPSG:{s.three_plain} to {s.three_plain + last - first} ({s.name})" for s in SYSTEMS)
        return (
            f"the coordinates fit a Gauss-Kruger system without the zone in its eastings: {ranges}, one for each"
            f" third degree from {3 * first}E to {3 * last}E; say the one of your middle meridian"
        )
    return ""


def within(value: float, limits: tuple[float, float]) -> bool:
    """Tell whether a value lies in a range, its ends included."""
    return limits[0] <= value <= limits[1]
