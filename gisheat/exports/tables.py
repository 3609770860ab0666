"""One layer of a result as GeoJSON, FlatGeobuf, Shapefile or CSV; all of it as a workbook."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gisheat.errors import InputError
from gisheat.exports import Result
from gisheat.geopackage import whole_or_nothing
from gisheat.layers.measures import without_m
from gisheat.layers.shapefiles import PARTS
from gisheat.schema import GEOMETRY, Language
from gisheat.workbooks import write_tables

DEGREES = 4326
SHORT, LONGEST = 10, 254
"""Characters of a Shapefile's column names, bytes of its texts."""
NO_CLOCK = "2000-01-01"
"""Date in the head of a Shapefile, so that the same result gives the same bytes."""
DECIMALS_OF_PLACES = 3
_DRIVERS = {".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile"}


def write_layer(result: Result, target: Path) -> list[str]:
    """Write the layer of a result as .geojson, .fgb or .shp; sentences on what the form can't hold.

    Raises
    ------
    InputError
        If it has no geometry, or the file can't be written.
    """
    ((name, table),) = result.tables.items()
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"the layer {name} has no geometry; write it as .csv or .xlsx.")
    suffix, notes = target.suffix.lower(), []
    flat = table.set_geometry(without_m(table.geometry.to_numpy()), crs=table.crs).reset_index(drop=True)
    options: dict[str, Any] = {"driver": _DRIVERS[suffix], "layer": target.stem}
    if suffix == ".geojson":
        if flat.crs is None:
            raise InputError(f"the layer {name} carries no CRS, and GeoJSON is in degrees: use another form.")
        flat = flat.to_crs(DEGREES)
        options["layer_options"] = {"RFC7946": "YES", "WRITE_NAME": "NO"}
        notes.append(f"{name}: in degrees (WGS 84), as RFC 7946 has it")
    if suffix == ".shp":
        flat, notes = _short(name, flat)
        options |= {"encoding": "UTF-8", "layer_options": {"DBF_DATE_LAST_UPDATE": NO_CLOCK}}
    if shapely.is_missing(flat.geometry.to_numpy()).all():
        kinds = {"line": "LineString", "point": "Point", "polygon": "Polygon"}
        options["geometry_type"] = kinds[GEOMETRY[name]]
    with ExitStack() as whole, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        beside = whole.enter_context(whole_or_nothing(target))
        try:
            pyogrio.write_dataframe(flat, beside, **options)
        except RuntimeError as error:
            raise InputError(f"output {target} can't be written: {str(error).splitlines()[0]}.") from error
        for part in PARTS[1:] if suffix == ".shp" else ():  # each takes its name when all are there
            made = beside.with_suffix(part)
            if made.exists():
                made.replace(whole.enter_context(whole_or_nothing(target.with_suffix(part))))
    return notes


def files_of(target: Path) -> list[Path]:
    """Files that an output consists of."""
    return [target.with_suffix(part) for part in PARTS] if target.suffix.lower() == ".shp" else [target]


def _short(name: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[str]]:
    """A table as a Shapefile holds it, and what was shortened."""
    short = short_names([str(c) for c in table.columns if c != "geometry"])
    notes = [
        f"{name}: a Shapefile has short names of columns: "
        + ", ".join(f"{s} = {n}" for n, s in short.items() if s != n)
    ]
    changed = table.rename(columns=short)
    cut = 0
    for column in short.values():
        values = changed[column]
        if values.dtype == bool:
            changed[column] = values.astype("int16")
        elif not pd.api.types.is_numeric_dtype(values):
            texts = [None if v is None or v != v else _within(str(v)) for v in values]  # noqa: PLR0124 (NaN)
            cut += sum(t is not None and t != str(v) for t, v in zip(texts, values, strict=True))
            changed[column] = np.array(texts, object)
    if cut:
        notes.append(f"{name}: {cut} text(s) were cut to {LONGEST} bytes")
    return changed, notes


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Names of at most ten bytes (UTF-8), each once, whatever the case; the full name by which.

    Examples
    --------
    >>> short_names(["pipe_id", "sup_velocity_m_s", "sup_velocity"])
    {'pipe_id': 'pipe_id', 'sup_velocity_m_s': 'sup_veloci', 'sup_velocity': 'sup_velo_1'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short, number = _within(name, SHORT), 0
        while short.lower() in taken:
            number += 1
            end = f"_{number}"
            short = _within(name, SHORT - len(end)) + end
        taken.add(short.lower())
        found[name] = short
    return found


def _within(text: str, most: int = LONGEST) -> str:
    """A text of so many bytes at most, no character of it cut."""
    return text.encode()[:most].decode(errors="ignore")


def write_csv(result: Result, target: Path, language: Language) -> list[str]:
    """Write the layer as CSV: points with x and y, lines and areas as well-known text."""
    ((name, table),) = result.tables.items()
    write_tables(target, {name: with_places(table)}, language=language, title=result.name)
    return _of_places(result, "x and y" if "x" in with_places(table.head(0)) else "wkt")


def write_workbook(result: Result, target: Path, language: Language) -> list[str]:
    """Write all layers as sheets, points with x and y."""
    sheets = {name: with_places(table, lines=False) for name, table in result.tables.items()}
    notes = [f"Attribution: {text}" for text in result.attributions]
    write_tables(target, sheets, language=language, title=result.name, notes=notes)
    return _of_places(result, "x and y of points")


def _of_places(result: Result, what: str) -> list[str]:
    return [] if result.crs is None else [f"{what} are in {result.crs.to_string()} ({result.crs.name})"]


def with_places(table: pd.DataFrame, *, lines: bool = True) -> pd.DataFrame:
    """The table without geometry, with its places as columns x and y, or wkt."""
    if not isinstance(table, gpd.GeoDataFrame):
        return table.reset_index(drop=True)
    own = pd.DataFrame(table.drop(columns=table.geometry.name)).reset_index(drop=True)
    geometry = table.geometry.to_numpy()
    if set(table.geometry.dropna().geom_type) == {"Point"}:
        place = np.round(shapely.get_coordinates(shapely.force_2d(geometry)), DECIMALS_OF_PLACES)
        if len(place) == len(own):
            return own.assign(x=place[:, 0], y=place[:, 1])
    if not lines:
        return own
    return own.assign(wkt=shapely.to_wkt(geometry, rounding_precision=DECIMALS_OF_PLACES))
