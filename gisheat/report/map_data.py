"""What the map of the page shows: shapes, widths, colours and rows, as plain data, and the still picture of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gisheat.picture import classes
from gisheat.report import static_map
from gisheat.report.colours import Colouring, pipe_colourings, station_colouring
from gisheat.report.coordinates import Frame, frame_of, lines_of, points_of
from gisheat.report.words import Phrases

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup
    from numpy.typing import NDArray

FRAMED = ("pipes stations sources", "streets", "findings")
"""Layers that the map is fitted to: the first group of which anything has a place."""
PIXELS = 1.35
"""Radius of a station on the screen for each millimetre of its symbol on paper."""
CROWDED = 600
"""Stations from which on their symbols get smaller."""
SOURCE_RADIUS = 9.0


@dataclass(frozen=True, slots=True)
class MapData:
    """The map as the page's script takes it, and as a still picture."""

    frame: Frame
    plain: dict[str, Any]
    picture: Markup
    colouring: Colouring | None
    """What the still picture is coloured by."""
    stations: Colouring | None


def map_data(tables: Mapping[str, Any], worst: Sequence[str], phrases: Phrases) -> MapData | None:
    """Shapes and colours of all layers; None where nothing has a place.

    Parameters
    ----------
    tables : mapping
        Result layers, or layers as drawn.
    worst : sequence of str
        Identifiers of the stations that are named on the map.
    """
    frame = frame_of(tables, FRAMED)
    if frame is None:
        return None
    plain: dict[str, Any] = {"width": (frame.east - frame.west) * 10.0, "height": (frame.north - frame.south) * 10.0}
    streets = lines_of(tables["streets"], frame) if "streets" in tables else []
    plain["streets"] = streets
    pipes = static_map.Lines([], np.zeros(0), None)
    critical: list[int] = []
    if "pipes" in tables:
        head = phrases("head")
        ways = pipe_colourings(tables, phrases.language, (head, f"{head} [m]"))
        pipes = static_map.Lines(lines_of(tables["pipes"], frame), _widths(tables["pipes"]), ways[0])
        critical = _marked(tables["pipes"], "on_critical_path")
        plain["pipes"] = {
            "lines": pipes.parts, "width": pipes.width.tolist(), "colourings": [w.plain() for w in ways],
            "critical": critical,
        }  # fmt: skip
    stations = _stations(tables.get("stations"), frame, worst, phrases)
    sources = _sources(tables.get("sources"), frame)
    for name, points in (("stations", stations), ("sources", sources)):
        plain[name] = {
            "points": points.places, "radius": points.radius.round(1).tolist(), "names": list(points.names),
            "colouring": None if points.colouring is None else points.colouring.plain(),
        }  # fmt: skip
    plain["density"] = _density(len(stations.places), CROWDED)
    plain["stations"]["worst"] = [_row(tables["stations"], name) for name in worst]
    if "findings" in tables:
        found = tables["findings"]
        plain["findings"] = {"points": points_of(found, frame), "severity": found["severity"].tolist()}
    named = [name if tables["stations"].iloc[i, 0] in worst else "" for i, name in enumerate(stations.names)]
    shown = static_map.Points(stations.places, stations.radius * 1.5, stations.colouring, named)
    still = static_map.draw(frame, streets, pipes, critical, shown, sources)
    return MapData(frame, plain, still, pipes.colouring, stations.colouring)


def _widths(pipes: pd.DataFrame) -> NDArray[np.float64]:
    """Width of each pipe on the screen [pixel], by its diameter; crowded maps get thinner ones."""
    size = np.full(len(pipes), np.nan)
    for column in ("dn_mm", "inner_diameter_mm"):
        if column in pipes:
            own = pipes[column].to_numpy(dtype=float, na_value=np.nan)
            size = np.where(np.isnan(size), own, size)
    largest = float(np.nanmax(size)) if np.isfinite(size).any() else 400.0
    size = np.where(np.isnan(size), 0.2 * largest, size)
    return np.maximum(1.5, 1.3 * classes.pipe_widths(size, largest, _density(len(pipes), 3 * CROWDED))).round(1)


def _density(count: int, crowded: int) -> float:
    return float(np.clip(np.sqrt(crowded / max(count, 1)), 0.3, 1.0))


def _stations(table: Any, frame: Frame, worst: Sequence[str], phrases: Phrases) -> static_map.Points:
    if table is None or not len(table):
        return static_map.Points([], np.zeros(0), None, [])
    load = table["load_kw"].to_numpy(dtype=float, na_value=np.nan) if "load_kw" in table else np.full(len(table), 1.0)
    largest = float(np.nanmax(load)) if np.isfinite(load).any() else 1.0
    radius = PIXELS * classes.station_diameters(load, largest, _density(len(table), CROWDED))
    radius = np.where(table.iloc[:, 0].isin(list(worst)), np.maximum(radius, 5.0), radius)
    return static_map.Points(
        points_of(table, frame), radius, station_colouring(table, phrases.language), _names(table, prefer_name=False)
    )


def _sources(table: Any, frame: Frame) -> static_map.Points:
    if table is None or not len(table):
        return static_map.Points([], np.zeros(0), None, [])
    radius = np.full(len(table), SOURCE_RADIUS)
    return static_map.Points(points_of(table, frame), radius, None, _names(table, prefer_name=True))


def _names(table: pd.DataFrame, *, prefer_name: bool) -> list[str]:
    """What features are called on the map: sources by their name where they have one, stations by identifier."""
    ids = table.iloc[:, 0].astype(object)
    if not prefer_name or "name" not in table:
        return ["" if v is None or v != v else str(v) for v in ids]  # noqa: PLR0124
    return [str(n) if isinstance(n, str) and n else str(i) for n, i in zip(table["name"], ids, strict=True)]


def _marked(table: pd.DataFrame, column: str) -> list[int]:
    if column not in table:
        return []
    return np.flatnonzero(table[column].fillna(False).to_numpy(bool)).tolist()


def _row(table: pd.DataFrame, name: str) -> int:
    return int(np.flatnonzero((table.iloc[:, 0] == name).to_numpy(bool))[0])
