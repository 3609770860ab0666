"""CRS of a database: SRIDs of PostGIS to CRS, and CRS to SRIDs."""

from __future__ import annotations

import warnings

from pyproj import CRS
from pyproj.exceptions import CRSError

from gisheat.database.sessions import Session
from gisheat.errors import InputError

OWN_SRIDS = (910000, 998999)
"""Numbers that PostGIS leaves to its users (SRID_USER_MAXIMUM is 998999), and no authority has."""


def crs_of(session: Session, srid: int | None, place: str) -> CRS | None:
    """CRS of an SRID; None for 0 and where there are no features.

    Raises
    ------
    InputError
        If the database does not know it, or its words can't be read.
    """
    if not srid:
        return None
    query = "SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = %s"
    row = session.rows.execute(query, (srid,)).fetchone()
    try:
        if row is not None and row[0] and str(row[0]).upper() in ("EPSG", "ESRI"):
            return CRS.from_authority(str(row[0]).upper(), row[1])
    except CRSError:  # a code that PROJ does not have: by its words
        pass
    try:
        return CRS.from_user_input(row[2]) if row is not None else CRS.from_epsg(srid)
    except CRSError as error:
        raise InputError(f"{place}: the database's spatial_ref_sys does not say what its SRID {srid} is.") from error


def srid_of(session: Session, crs: CRS | None) -> int:
    """SRID of a CRS, which is entered into the database where it is unknown there; 0 where that is not allowed.

    A CRS without a code is known by its words.
    """
    if crs is None or _words(crs) is None:
        return 0
    authority = crs.to_authority()
    if authority is not None:
        query = "SELECT srid FROM spatial_ref_sys WHERE upper(auth_name) = %s AND auth_srid::text = %s"
        row = session.rows.execute(query, authority).fetchone()
        if row is not None:
            return int(row[0])
    words = _words(crs)
    row = session.rows.execute("SELECT srid FROM spatial_ref_sys WHERE srtext = %s ORDER BY 1", (words,)).fetchone()
    return int(row[0]) if row is not None else _entered(session, crs, words)


def _words(crs: CRS) -> str | None:
    """A CRS in the words of PostGIS (WKT 1), None for what they can't say and for plain coordinates."""
    if crs.is_engineering:
        return None
    try:
        return crs.to_wkt("WKT1_GDAL")
    except CRSError:
        return None


def _entered(session: Session, crs: CRS, words: str | None) -> int:
    """Enter a CRS under the next number that is left to users; 0 without the right to do so."""
    allowed = "SELECT has_table_privilege('spatial_ref_sys', 'INSERT')"
    if not (session.rows.execute(allowed).fetchone() or (False,))[0]:
        return 0
    query = "SELECT coalesce(max(srid), %s - 1) + 1 FROM spatial_ref_sys WHERE srid BETWEEN %s AND %s"
    (number,) = session.rows.execute(query, (OWN_SRIDS[0], *OWN_SRIDS)).fetchone() or (OWN_SRIDS[0],)
    name, code = crs.to_authority() or ("gisheat", str(number))
    entry = "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES (%s, %s, %s, %s, %s)"
    plain = int(code) if code.isdigit() else int(number)
    with warnings.catch_warnings():  # words of PROJ say less than WKT, which stands beside them
        warnings.simplefilter("ignore")
        in_short = crs.to_proj4()
    session.rows.execute(entry, (number, name, plain, words, in_short))
    return int(number)
