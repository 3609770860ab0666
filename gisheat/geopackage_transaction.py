"""A GeoPackage, or a copy of one, changed in one transaction: whole or not at all, and by SQLite alone."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gisheat.errors import InputError
from gisheat.layers.measures import header_size
from gisheat.places import Place
from gisheat.sqlite_files import DAMAGED, LOCKED, is_sqlite, looked_into, quoted, readable

SQL_TYPES = {"text": "TEXT", "float": "REAL", "int": "INTEGER", "bool": "BOOLEAN"}
"""Type of a column by the kind of the contract."""
LITTLE_ROOM = 1_000_000
"""Free bytes below which a disk counts as full."""
LOCK_SECONDS = 1.0
"""How long to wait for another program that writes the file."""
_EMPTY = 16
"""Flag of an empty geometry in the header (OGC 12-128r18, 2.1.3)."""
_REASONS = (
    ("locked", LOCKED),
    ("busy", LOCKED),
    ("readonly", "it is read-only"),
    ("read-only", "it is read-only"),
    ("unable to open", "it is read-only, or its folder is"),
    ("disk is full", "the disk is full"),
    ("disk i/o", "the disk is full or at fault"),
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
)


def is_geopackage(place: Place) -> bool:
    """Tell whether a place is a GeoPackage."""
    if not isinstance(place, Path) or not is_sqlite(place):
        return False
    with suppress(sqlite3.Error), looked_into(place) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone() is not None
    return False


def column_names(connection: sqlite3.Connection, table: str) -> set[str]:
    """Names of the columns of a table or view, none where it is not there."""
    return {row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")}


def copy_geopackage(file: Path, target: Path) -> None:
    """Copy a GeoPackage; changes that wait beside it come along, so that the copy is one file.

    Raises
    ------
    OSError
        If it can't be copied.
    """
    with readable(file) as whole:
        shutil.copyfile(whole, target)
        waiting = (
            []
            if whole == file.absolute()
            else [file for file in whole.parent.iterdir() if file.name.startswith(f"{whole.name}-")]
        )
        for beside in waiting:
            shutil.copyfile(beside, target.with_name(target.name + beside.name.removeprefix(whole.name)))
    if waiting:
        with closing(_opened(target)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def changed(file: Path, said: str = "") -> Iterator[sqlite3.Connection]:
    """A GeoPackage opened for one transaction, kept when the block ends well, else nothing has happened.

    Parameters
    ----------
    said : str, optional
        How the sentence on what goes wrong begins; "FILE can't be changed" without.

    Raises
    ------
    InputError
        That says what is wrong.
    """
    said = said or f"{file} can't be changed"
    try:
        with closing(_opened(file)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise InputError(f"{said}: {_reason(error, file)}.") from error


def _opened(file: Path) -> sqlite3.Connection:
    uri = f"{file.resolve().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
    teach(connection)
    return connection


def _reason(error: sqlite3.Error, file: Path) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    low = text.lower()
    known = next((words for mark, words in _REASONS if mark in low), None)
    if known is None and shutil.disk_usage(file.resolve().parent).free < LITTLE_ROOM:
        return "the disk is full or at fault"
    if "no such function" in low or "no such module" in low:
        return f"a trigger of it calls a function that only another program knows ({text})"
    return known or text


# triggers ------------------------------------------------------------------------------------------------


@contextmanager
def without_triggers(connection: sqlite3.Connection, table: str) -> Iterator[None]:
    """Without the triggers of a table, which may change other columns; then they are as before."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY rowid"
    triggers = connection.execute(query, (table,)).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {quoted(name)}")
    yield
    for _, statement in triggers:
        connection.execute(statement)


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that the triggers of a spatial index call (OGC 12-128r18, F.3)."""

    def limit(place: int) -> Any:
        return lambda blob: (bounds(blob) or (None,) * 4)[place]

    for place, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, limit(place), deterministic=True)
    connection.create_function(
        "ST_IsEmpty", 1, lambda blob: None if blob is None else int(bounds(blob) is None), deterministic=True
    )


# geometries as the file keeps them -----------------------------------------------------------------------


def header(srs: int, box: Sequence[float] | None, *, empty: bool) -> bytes:
    """Header of a geometry, little-endian (OGC 12-128r18, 2.1.3); `box` as shapely has bounds."""
    flags = 1 | (0 if box is None else 2) | (_EMPTY if empty else 0)
    head = b"GP\x00" + bytes([flags]) + struct.pack("<i", srs)
    return head if box is None else head + struct.pack("<4d", box[0], box[2], box[1], box[3])


def bounds(blob: bytes | None) -> tuple[float, float, float, float] | None:
    """Bounds (xmin, xmax, ymin, ymax) of a stored geometry, None where it has none."""
    if blob is None or blob[3] & _EMPTY:
        return None
    if header_size(blob) > 8:
        found = struct.unpack("<4d" if blob[3] & 1 else ">4d", blob[8:40])
        return None if np.isnan(found).any() else found
    xmin, ymin, xmax, ymax = shapely.bounds(shapely.from_wkb(blob[header_size(blob) :])).tolist()
    return None if np.isnan(xmin) else (xmin, xmax, ymin, ymax)
