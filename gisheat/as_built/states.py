"""Hashes by which a merge sees that the base, or a drawing, is no longer what a change set was made of."""

from __future__ import annotations

import hashlib
from typing import Any

import shapely

from gisheat.as_built.history import Row, row_text
from gisheat.as_built.stores import StoredTable
from gisheat.schema import WRITTEN, columns

DIGITS = 16


def state_of_geometry(row: Row | None, table: StoredTable) -> str:
    """Hash of the geometry that a row of the base has; of nothing where it has none."""
    blob = None if row is None else row.get(table.geometry)
    return hashlib.sha256(blob or b"").hexdigest()[:DIGITS]


def state_of_drawing(geometry: Any) -> str:
    """Hash of the places of a geometry, of lines with one part or several."""
    return hashlib.sha256(shapely.get_coordinates(geometry).tobytes()).hexdigest()[:DIGITS]


def state_of_row(row: Row | None, table: StoredTable) -> str:
    """Hash of a whole row of the base without its figures; a column that another merge added is empty, so no matter."""
    known = columns(table.layer)
    stated = {
        name: value for name, value in (row or {}).items()
        if value is not None and not name.startswith(WRITTEN) and (name not in known or known[name].is_input)
    }  # fmt: skip
    return hashlib.sha256((row_text(stated) or "").encode()).hexdigest()[:DIGITS]
