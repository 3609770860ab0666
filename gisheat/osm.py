"""Streets of OpenStreetMap extracts: .pbf and .osm as they are downloaded, or roads that others have made layers of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS

from gisheat.crs import fitting_crs, name_of
from gisheat.errors import InputError
from gisheat.layers import layer_names
from gisheat.layers.files import reason
from gisheat.places import file_of, split_source

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
"""What the licence asks everybody to say who shows the data, or something that was made of them."""
CLASSES = (
    "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link",
    "unclassified", "residential", "living_street", "pedestrian", "service", "road",
)  # fmt: skip
"""Classes (values of the tag highway) that heating pipes are laid in. Not motorways, which no utility may open; not
ways that bear no trench or lorry (footway, path, steps, cycleway, track), nor what is not built (construction)."""
ALL = "all"
SUFFIXES = (".pbf", ".osm")
ROAD_LAYERS = ("gis_osm_roads_free", "gis_osm_roads_free_1", "roads", "streets", "edges", "lines")
"""Layers that roads stand in: of Geofabrik, osmnx, ogr2ogr."""
CLASS, ID = ("highway", "fclass"), ("osm_id", "osmid", "full_id", "id")
TAGS = ("name", "bridge", "tunnel", "layer", "width", "surface")
NOT_SO = frozenset(("", "no", "f", "false", "0", "none", "nan"))
WIDE = 300_000.0
"""Extent [m] from which on no CRS in metres fits everywhere."""
_AREA = "it is west,south,east,north in degrees, or the polygons of FILE|layername"
_FAULTS = (RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets in a CRS in metres, with the columns of the layer streets; what was done, in words."""

    table: gpd.GeoDataFrame
    notes: tuple[str, ...]


def read_streets(
    source: str, *, classes: Sequence[str] = CLASSES, area: Any = None, to_crs: CRS | None = None
) -> Streets:
    """Streets of an extract, one row for each drawn way, or for each part of it in the area.

    Parameters
    ----------
    source : str
        FILE or FILE|layername: .pbf, .osm, or any file of lines with a column highway (or fclass).
    classes : sequence of str
        Classes that are taken; `all` among them takes every one.
    area : Polygon, optional
        In degrees (WGS 84): ways are cut at its edge.
    to_crs : CRS, optional
        Of the streets; one that fits where they lie when none is given.

    Raises
    ------
    InputError
        If the extract can't be read, is no extract of OpenStreetMap, or holds none of the classes.
    """
    raw = _read(source, None if area is None else area.bounds)
    if area is not None and not len(raw):
        raise InputError(f"{source} holds no street in the area: {_AREA}.")
    found, notes = _with_columns(source, raw), []
    found, note = _of_classes(source, found, classes)
    notes += note
    count = len(found)
    found = found[~_doubled(found.geometry.to_numpy())]
    if len(found) < count:
        notes.append(f"{count - len(found)} way(s) that are drawn twice, once in each direction, count once")
    if area is not None:
        found = _cut(found, area)
        if not len(found):
            raise InputError(f"{source} holds no street in the area: {_AREA}.")
    target, note = _crs(found, to_crs)
    found = found.to_crs(target)
    notes += note
    found = _single(found)
    return Streets(found.assign(attribution=ATTRIBUTION), tuple(notes))


def area_of(text: str) -> Any:
    """The polygon, in degrees, of `west,south,east,north` or of FILE|layername with polygons.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> area_of("128.0,45.9,128.1,46.0").bounds
    (128.0, 45.9, 128.1, 46.0)
    """
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        return _area_of_file(text)
    if not (-180.0 <= west < east <= 180.0 and -90.0 <= south < north <= 90.0):
        raise InputError(f"area {text}: west,south,east,north in degrees are needed, as in 128.0,45.9,128.1,46.0.")
    return shapely.box(west, south, east, north)


def _area_of_file(text: str) -> Any:
    where, name = split_source(text)
    path = file_of(where, "area")
    if not path.exists():
        raise InputError(
            f"area {text}: neither west,south,east,north in degrees, as in 128.0,45.9,128.1,46.0, nor a file."
        )
    try:
        table = pyogrio.read_dataframe(path, layer=name or None)
        shape = shapely.union_all(shapely.make_valid(table.to_crs(4326).geometry.to_numpy()))
    except (*_FAULTS, AttributeError, shapely.errors.ShapelyError) as error:
        raise InputError(f"area {text} cannot be read: {reason(error)}.") from error
    if shapely.area(shape) <= 0.0:
        raise InputError(f"area {text} holds no polygon.")
    return shape


def _read(source: str, bounds: tuple[float, ...] | None) -> gpd.GeoDataFrame:
    where, name = split_source(source)
    path = file_of(where, "extract")
    names = layer_names(path)
    if name and name not in names:
        raise InputError(f"{path} has no layer {name!r}; it has {', '.join(map(repr, names))}.")
    of_osm = path.suffix.lower() in SUFFIXES
    name = name or ("lines" if of_osm else _road_layer(path, names))
    options: dict[str, Any] = {"layer": name}
    if of_osm:
        options |= {
            "where": "highway IS NOT NULL",
            "TAGS_FORMAT": "JSON",
            "columns": ["osm_id", "name", "highway", "other_tags"],
        }
    try:
        if bounds is not None:
            crs = pyogrio.read_info(path, layer=name)["crs"]
            if crs is not None and CRS(crs).is_geographic:
                options["bbox"] = bounds
        return pyogrio.read_dataframe(path, **options)
    except _FAULTS as error:
        raise InputError(f"{path} cannot be read: {reason(error)}.") from error


def _road_layer(path: Path, names: Sequence[str]) -> str:
    """The layer of roads: the only one, or the one with a usual name."""
    if len(names) == 1:
        return names[0]
    for usual in ROAD_LAYERS:
        if usual in names:
            return usual
    listed = ", ".join(map(repr, names)) or "none"
    raise InputError(f"{path} holds {listed}: say which layer holds the roads, as FILE|layername.")


def _with_columns(source: str, raw: pd.DataFrame) -> gpd.GeoDataFrame:
    """The columns of the layer streets, of those of the extract and of the tags in other_tags."""
    if not isinstance(raw, gpd.GeoDataFrame):
        raise InputError(f"{source} has no geometry; the roads of an extract of OpenStreetMap are needed.")
    own = {str(column).lower(): column for column in raw.columns}
    class_column = next((own[name] for name in CLASS if name in own), None)
    if class_column is None:
        listed = ", ".join(str(c) for c in raw.columns if c != raw.geometry.name)
        raise InputError(f"{source} has no column highway or fclass (columns: {listed}): it is no layer of roads.")
    key = next((own[name] for name in ID if name in own), None)
    ids = _first(raw[key]) if key is not None else [str(fid) for fid in raw.index]
    table = pd.DataFrame(
        {"street_id": ids, "class": _first(raw[class_column]), **_tag_columns(raw, own)}, index=raw.index
    )
    order = [c for c in ("street_id", "name", "class", "level", "bridge", "tunnel", "surface", "width_m") if c in table]
    found = gpd.GeoDataFrame(table[order], geometry=raw.geometry.to_numpy(), crs=raw.crs)
    if found.crs is None:
        raise InputError(f"{source} carries no CRS: give it one (OpenStreetMap is EPSG:4326, degrees).")
    is_line = found.geometry.geom_type.isin(("LineString", "MultiLineString")).to_numpy()
    return found[is_line & ~shapely.is_empty(found.geometry.to_numpy())]


def _tag_columns(raw: pd.DataFrame, own: Mapping[str, Any]) -> dict[str, Any]:
    """Names, bridges, tunnels, levels, widths and surfaces by column, of columns or of tags in other_tags."""
    tags = [_tags(value) for value in raw[own["other_tags"]]] if "other_tags" in own else None
    found: dict[str, Any] = {}
    for name in TAGS:
        if name in own:
            found[name] = _first(raw[own[name]])
        elif tags is not None:
            found[name] = [tag.get(name) for tag in tags]
    for name in ("bridge", "tunnel"):
        if name in found:
            found[name] = [None if value is None or value.lower() in NOT_SO else value for value in found[name]]
    for name, column in (("layer", "level"), ("width", "width_m")):
        if name in found:
            found[column] = pd.to_numeric(pd.Series(found.pop(name), dtype=object), errors="coerce").to_numpy(float)
    if "level" in found:  # 0 is what extracts write where nothing is said; a bridge says it itself then
        apart = [
            any(both) for both in zip(*(found.get(n, [None] * len(raw)) for n in ("bridge", "tunnel")), strict=True)
        ]
        found["level"] = np.where((found["level"] == 0.0) & np.array(apart, bool), np.nan, found["level"])
    return found


def _first(values: pd.Series) -> list[str | None]:
    """Texts; of a list of several, as osmnx writes them, the first."""
    found: list[str | None] = []
    for value in values:
        several = isinstance(value, (list, tuple, np.ndarray))
        text = str(value[0] if several and len(value) else value).strip()
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1].split(",")[0].strip().strip("'\"")
        if isinstance(value, float) and value.is_integer():
            text = str(int(value))
        found.append(None if value is None or text in ("", "nan", "None", "<NA>", "NaN") else text)
    return found


_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:=>|:)\s*"((?:[^"\\]|\\.)*)"')
"""A tag as HSTORE ("key"=>"value") or JSON ("key":"value") has it."""


def _tags(text: Any) -> Mapping[str, str]:
    if isinstance(text, Mapping):  # newer pyogrio has read the JSON
        return {str(key): str(value) for key, value in text.items()}
    return dict(_TAG.findall(text)) if isinstance(text, str) else {}


def _of_classes(source: str, table: gpd.GeoDataFrame, classes: Sequence[str]) -> tuple[gpd.GeoDataFrame, list[str]]:
    there = table["class"].dropna().value_counts()
    if ALL in classes:
        return table[table["class"].notna()], []
    found = table[table["class"].isin(list(classes))]
    listed = ", ".join(f"{name} {count}" for name, count in there.items())
    if not len(found):
        raise InputError(f"{source} holds no street of the classes {', '.join(classes)}; it holds {listed or 'none'}.")
    left = there[~there.index.isin(list(classes))]
    notes = [f"classes left out: {', '.join(f'{n} {c}' for n, c in left.items())}"] if len(left) else []
    missing = [name for name in classes if name not in there.index] if tuple(classes) != CLASSES else []
    return found, notes + [f"there is no street of the class {name}" for name in missing]


def _doubled(lines: Any) -> Any:
    """Which lines lie where an earlier one does, in either direction."""
    return pd.Series(shapely.to_wkb(shapely.normalize(lines))).duplicated().to_numpy()


def _cut(table: gpd.GeoDataFrame, area: Any) -> gpd.GeoDataFrame:
    """What lies in an area (degrees)."""
    turned = gpd.GeoSeries([area], crs=4326).to_crs(table.crs).iloc[0]
    shapely.prepare(turned)
    lines = table.geometry.to_numpy().copy()
    inside = shapely.contains_properly(turned, lines)
    lines[~inside] = shapely.line_merge(shapely.intersection(lines[~inside], turned))
    kept = table.set_geometry(lines, crs=table.crs)
    return kept[shapely.length(lines) > 0.0]


def _crs(table: gpd.GeoDataFrame, wanted: CRS | None) -> tuple[CRS, list[str]]:
    """The CRS of the streets, and what is to be said of it."""
    west, south, east, north = table.to_crs(4326).total_bounds
    notes = []
    if wanted is None:
        if table.crs.is_projected:
            return table.crs, []
        code, _ = fitting_crs((west + east) / 2.0, (south + north) / 2.0)
        if not code:
            raise InputError("no CRS is known that fits where the streets lie: name one with --to-crs.")
        wanted = CRS.from_epsg(code)
        notes.append(f"brought to {name_of(wanted)} ({wanted.name}), which fits where the streets lie")
    metres = np.hypot((east - west) * np.cos(np.deg2rad((south + north) / 2.0)), north - south) * 111_200.0
    if metres > WIDE:
        notes.append(f"the streets extend over {metres / 1e3:.0f} km; cut them to the town with --area")
    return wanted, notes


def _single(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One line a row; parts of a way, and ways of one number, get .2, .3 ... after it."""
    found = table.explode(index_parts=False).reset_index(drop=True)
    number = found.groupby("street_id").cumcount().to_numpy()
    ids = found["street_id"].to_numpy(object)
    found["street_id"] = [f"{i}.{n + 1}" if n else i for i, n in zip(ids, number, strict=True)]
    return found
