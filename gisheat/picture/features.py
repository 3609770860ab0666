"""What is to be drawn, as arrays on the page, read from the tables of the result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.picture.sheet import Box, Sheet, to_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas

_NUMBERED = re.compile(r"N\d+(\.[VP]\d+)?")
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
Geometries = NDArray[np.object_]


@dataclass(frozen=True)
class Points:
    """Stations, sources, nodes or findings: place on the page [mm] and row in the table."""

    table: pd.DataFrame
    xy: Floats

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True)
class Lines:
    """Pipes or streets: single lines on the page [mm] and, for each, its row in the table."""

    table: pd.DataFrame
    line: Geometries

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True)
class Content:
    """All that the map shows."""

    pipes: Lines
    streets: Lines
    stations: Points
    sources: Points
    nodes: Points
    findings: Points
    buildings: Geometries


def numbers(table: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers, NaN where it is missing, empty, infinite or not a number."""
    if column not in table:
        return np.full(len(table), np.nan)
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(np.where(np.isfinite(values), values, np.nan))


def texts(table: pd.DataFrame, column: str) -> Texts:
    """Return a column as texts on one line, empty where there is none."""
    if column not in table:
        return np.full(len(table), "", dtype=object)
    known = table[column].astype(object).where(table[column].notna(), "")
    return np.array([" ".join(str(value).split()) for value in known], dtype=object)


def flags(table: pd.DataFrame, column: str, *, value: bool = True) -> Bools:
    """Where a true/false column holds `value`; an empty field is neither true nor false."""
    written = np.char.lower(texts(table, column).astype(str))
    return np.isin(written, [str(value).lower(), f"{value:d}", f"{value:d}.0"])


def numbered(names: Texts) -> Bools:
    """Which nodes have the name that gisheat numbers them with, as N12 or N12.V1: it tells a reader nothing."""
    return np.array([_NUMBERED.fullmatch(str(name)) is not None for name in names], dtype=bool)


def lines_of(table: geopandas.GeoDataFrame | None, sheet: Sheet) -> Lines:
    """Single lines of a layer on the page; parts of a multi-line keep the row they come from."""
    if table is None or not len(table):
        return Lines(pd.DataFrame(), np.zeros(0, dtype=object))
    parts, row = shapely.get_parts(shapely.force_2d(_geometry(table)), return_index=True)
    good = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts) & np.isfinite(shapely.length(parts))
    return Lines(_plain(table).iloc[row[good]].reset_index(drop=True), to_page(sheet, parts[good]))


def points_of(table: geopandas.GeoDataFrame | None, sheet: Sheet) -> Points:
    """Points of a layer on the page."""
    if table is None or not len(table):
        return Points(pd.DataFrame(), np.zeros((0, 2)))
    points = shapely.point_on_surface(_geometry(table))
    good = ~shapely.is_missing(points) & ~shapely.is_empty(points)
    xy = shapely.get_coordinates(to_page(sheet, points[good]))
    return Points(_plain(table)[good].reset_index(drop=True), xy)


def read_content(tables: Mapping[str, geopandas.GeoDataFrame], sheet: Sheet) -> Content:
    """Bring all layers to the page, the streets cut at the map frame."""
    streets = lines_of(tables.get("streets"), sheet)
    cut = shapely.clip_by_rect(streets.line, *sheet.map_frame)
    parts, row = shapely.get_parts(cut, return_index=True)
    seen = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
    return Content(
        pipes=lines_of(tables.get("pipes"), sheet),
        streets=Lines(streets.table.iloc[row[seen]].reset_index(drop=True), parts[seen]),
        stations=points_of(tables.get("stations"), sheet),
        sources=points_of(tables.get("sources"), sheet),
        nodes=points_of(tables.get("nodes"), sheet),
        findings=points_of(tables.get("findings"), sheet),
        buildings=_polygons_of(tables.get("buildings"), sheet),
    )


def _polygons_of(table: geopandas.GeoDataFrame | None, sheet: Sheet) -> Geometries:
    """Polygons of a layer on the page, those within the map frame."""
    if table is None or not len(table):
        return np.zeros(0, dtype=object)
    parts = shapely.get_parts(to_page(sheet, shapely.force_2d(_geometry(table))))
    good = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return np.asarray(parts[good & shapely.intersects(parts, shapely.box(*sheet.map_frame))], dtype=object)


def network_bounds(tables: Mapping[str, geopandas.GeoDataFrame]) -> Box:
    """West, south, east, north of pipes, stations and sources [m]; of the streets when there are none."""
    for names in (("pipes", "stations", "sources"), ("streets",)):
        layers = [tables[name] for name in names if name in tables and len(tables[name])]
        corners = np.array([layer.total_bounds for layer in layers]).reshape(-1, 4)
        corners = corners[np.isfinite(corners).all(axis=1)]
        if len(corners):
            west, south = corners[:, :2].min(axis=0).tolist()
            east, north = corners[:, 2:].max(axis=0).tolist()
            return west, south, east, north
    return 0.0, 0.0, 0.0, 0.0


def crowding(lines: Geometries, frame: Box) -> float:
    """Factor <= 1 for widths and symbols: 1 where the lines leave 14 mm of paper between them, less below."""
    total = float(shapely.length(lines).sum())
    area = (frame[2] - frame[0]) * (frame[3] - frame[1])
    return float(np.clip(area / max(total, 1e-9) / 14.0, 0.3, 1.0))


def _geometry(table: geopandas.GeoDataFrame) -> Geometries:
    return np.asarray(table.geometry.to_numpy(), dtype=object)


def _plain(table: geopandas.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns=table.geometry.name)).reset_index(drop=True)
