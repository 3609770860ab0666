"""Where results are written to: what a store can do, and what it remembers of what was written.

A GeoPackage is one (`geopackage_figures`), a schema of a database another (`database_figures`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gisheat.styles import StyleRow

STYLE_OWNER = "gisheat write-back"
"""Owner of the styles that it has written."""


@dataclass(frozen=True)
class Written:
    """A column that was written: where it is, what it is, and of which result.

    `table` is the utility's table, `holder` the one that has the column: the same, or the table behind `view`.
    `states` are the hashes of the file with which the content of the table was known, `content` is its own hash.
    """

    layer: str
    table: str
    holder: str
    view: str
    column: str
    contract_column: str
    result: str
    states: str = ""
    content: str = ""


@dataclass(frozen=True)
class StoredTable:
    """A table as it is stored; the names of its columns without those of its key and geometry."""

    name: str
    key: str
    geometry_column: str
    columns: tuple[str, ...]


class Store(Protocol):
    """A transaction on the utility's own data; what it does not name stays as it is."""

    def describe(self, table: str) -> StoredTable:
        """Key, geometry and columns of a table."""

    def names(self) -> set[str]:
        """Names of all tables and views."""

    def written(self) -> tuple[Written, ...]:
        """What earlier write-backs have written and is still there."""

    def values(self, table: StoredTable, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Key and values of some columns of every row, in the order of the keys."""

    def lines(self, table: StoredTable, keys: NDArray[np.int64]) -> gpd.GeoSeries:
        """Geometry of the rows with some keys, with its CRS where it has one."""

    def content(self, table: str, without: Iterable[str]) -> str:
        """Hash of all rows of a table without some of its columns."""

    def set_columns(
        self, table: StoredTable, gone: Sequence[str], new: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Take columns away, add new ones (name -> text, float, int, bool), and fill columns row by row."""

    def make_view(
        self, table: StoredTable, holder: str, view: str, kinds: Mapping[str, str], values: Mapping[str, Sequence[Any]],
        keys: Sequence[int],
    ) -> None:  # fmt: skip
        """Make a table with the values, and a view that joins it with all columns of the utility's table."""

    def drop_view(self, holder: str, view: str) -> None:
        """Take such a table and its view away."""

    def remember(self, rows: Sequence[Written]) -> None:
        """Replace what is remembered of what was written; forget everything when there is nothing."""

    def set_styles(self, tables: Sequence[str], rows: Sequence[StyleRow]) -> None:
        """Replace the styles that write-backs have stored with some tables; none of others is touched."""
