"""Reading: GDAL sources to tables with the contract's columns, in one checked CRS, input files untouched."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from gisheat.crs import check_crs, name_of, parse_crs
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.project import Project, did_you_mean
from gisheat.schema import (
    GEOMETRY,
    INPUT_LAYERS,
    LAYER_LABEL,
    SUFFIX,
    Column,
    columns,
    input_columns,
    split_unit,
    written_unit,
)

MAIN_LAYERS = ("pipes", "streets", "stations", "sources")
"""The CRS of the first of these that is given is the CRS of the result."""

_GEOMETRY_TYPES = {
    "line": {"LineString", "MultiLineString", "LinearRing"},
    "point": {"Point", "MultiPoint"},
    "polygon": {"Polygon", "MultiPolygon"},
}


@dataclass(frozen=True, slots=True)
class Layers:
    """Input tables by contract name; index is the feature id, columns are the contract's and the user's own."""

    tables: Mapping[str, gpd.GeoDataFrame]
    sources: Mapping[str, str]
    crs: CRS | None
    terrain: str | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """What was assumed, converted or reprojected, in words."""

    def __contains__(self, layer: str) -> bool:
        return layer in self.tables

    def __getitem__(self, layer: str) -> gpd.GeoDataFrame:
        if layer not in self.tables:
            raise InputError(f"the layer {layer} is missing: add it to the input, or give it with --{layer}.")
        return self.tables[layer]

    def get(self, layer: str) -> gpd.GeoDataFrame:
        """Table of a layer, empty (with an id column) when it was not given."""
        if layer in self.tables:
            return self.tables[layer]
        return gpd.GeoDataFrame({"geometry": gpd.GeoSeries([], crs=self.crs)}, crs=self.crs)

    def files(self) -> list[Path]:
        """Input files, each once, sorted."""
        return sorted({Path(source.partition("|")[0]) for source in self.sources.values()})


def find_sources(path: Path, project: Project | None, given: Mapping[str, str]) -> dict[str, str]:
    """Sources FILE|layername of every input layer: given ones win over those of the project or the file.

    Raises
    ------
    InputError
        If the file is missing or none of its layers has a name of the contract.
    """
    found = dict(project.layers) if project is not None else _layers_in(path, needed="pipes" not in given)
    return {**found, **given}


def _layers_in(path: Path, *, needed: bool) -> dict[str, str]:
    names = layer_names(path)
    known = {name.lower(): name for name in INPUT_LAYERS} | {LAYER_LABEL["zh"][name]: name for name in INPUT_LAYERS}
    found = {known[n.lower()]: f"{path}|{n}" for n in names if n.lower() in known}
    if not found and needed:
        near = next((difflib.get_close_matches(n, INPUT_LAYERS, n=1, cutoff=0.6) for n in names), [])
        hint = f"; did you mean {near[0]!r}" if near else ""
        example = f'--pipes "{path.name}|{names[0] if names else "layer"}"'
        raise InputError(
            f"{path}: no layer has a name of the contract (pipes, stations, sources ...); it holds"
            f" {', '.join(map(repr, names)) or 'none'}{hint}: name them, as in {example}."
        )
    return found


def layer_names(path: Path) -> list[str]:
    """Names of the layers of a file, or an InputError that says why they can't be read."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file.")
    try:
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except (DataSourceError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {_first_line(error)}.") from error


def read_layers(
    sources: Mapping[str, str], mapping: Mapping[str, Mapping[str, str]] | None = None, crs: str | None = None
) -> Layers:
    """Read input layers.

    Parameters
    ----------
    sources : mapping
        Contract name -> FILE or FILE|layername; `terrain` is a raster.
    mapping : mapping, optional
        Contract layer -> contract column -> own column.
    crs : str, optional
        CRS of layers that carry none.

    Raises
    ------
    InputError
        If something is unreadable, has no geometry of the right kind, lacks a required column, or lies in
        a CRS that lengths can't be measured in.
    """
    tables: dict[str, gpd.GeoDataFrame] = {}
    findings: list[Finding] = []
    notes: list[str] = []
    for layer in INPUT_LAYERS:
        if layer not in sources:
            continue
        raw = _read(layer, sources[layer])
        table, found, said = map_columns(layer, raw, (mapping or {}).get(layer, {}))
        tables[layer] = table
        findings += found
        notes += said
    default = parse_crs(crs) if crs else None
    layers = Layers(tables, dict(sources), None, sources.get("terrain"), tuple(findings), tuple(notes))
    return _one_crs(layers, default)


def _read(layer: str, source: str) -> gpd.GeoDataFrame:
    file, _, name = source.partition("|")
    path = Path(file)
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise InputError(f"layer {layer}: {path} is a folder; name a file.")
    names = layer_names(path)
    name = name.removeprefix("layername=")
    if not name:
        if len(names) != 1:
            raise InputError(
                f"layer {layer}: {path} holds {', '.join(map(repr, names))}: say which, as FILE|layername."
            )
        name = names[0]
    if name not in names:
        raise InputError(f"layer {layer}: {path} has no layer {name!r}{did_you_mean(name, tuple(names))}.")
    try:
        table = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
    except (
        DataSourceError,
        DataLayerError,
        shapely.errors.ShapelyError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        raise InputError(f"layer {layer}: {path}|{name} cannot be read: {_first_line(error)}.") from error
    kind = GEOMETRY[layer]
    if kind == "none":
        return table  # a plain table
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"layer {layer}: {path}|{name} has no geometry; {kind}s are needed.")
    types = set(table.geometry.dropna().geom_type.unique())
    if types and not types & _GEOMETRY_TYPES[kind]:
        raise InputError(f"layer {layer}: {path}|{name} holds {', '.join(sorted(types))} geometry; {kind}s are needed.")
    return table.rename_geometry("geometry") if table.geometry.name != "geometry" else table


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")


def map_columns(
    layer: str, raw: gpd.GeoDataFrame, mapping: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, list[Finding], list[str]]:
    """Give a layer the contract's column names and units; what is not recognised keeps its name.

    Returns
    -------
    table, findings, notes
        Notes say which column was taken for what and which unit was assumed.
    """
    known = columns(layer)
    owner = _recognise(layer, [str(c) for c in raw.columns if c != "geometry"], mapping)
    findings: list[Finding] = []
    notes: list[str] = []
    rename: dict[str, str] = {}
    table = raw.copy(deep=False)
    for name, own in owner.items():
        rename[own] = name
        if own == name:
            continue
        table[own], said, found = _converted(layer, known[name], own, raw[own])
        notes.append(said)
        findings += found
    taken = set(owner.values())
    table = table.drop(columns=[c for c in raw.columns if c in owner and c not in taken])
    table = table.rename(columns=rename)
    findings += _near_misses(layer, [c for c in table.columns if c not in known and c != "geometry"], set(owner))
    missing = [c.name for c in known.values() if c.required and c.name not in table]
    if missing:
        near = ", ".join(str(c) for c in raw.columns if c != "geometry")
        raise InputError(
            f"layer {layer}: the required column {missing[0]} is missing (columns: {near}): rename a column or map it,"
            f' as in [columns.{layer}] {missing[0]} = "...".'
        )
    return table, findings, notes


def _recognise(layer: str, own: list[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Contract column -> own column: the mapping first, then equal names, then aliases in their order."""
    known = input_columns(layer)
    found: dict[str, str] = {}
    for name, wanted in mapping.items():
        if wanted not in own:
            raise InputError(
                f"layer {layer}: the column {wanted!r} mapped to {name} is missing{did_you_mean(wanted, tuple(own))}."
            )
        found[name] = wanted
    free = [c for c in own if c not in found.values()]
    for c in free:  # columns that carry a contract name, of a result as well
        if c in columns(layer):
            found.setdefault(c, c)
    by_name = {_plain(split_unit(c).name): c for c in reversed(free) if c not in found.values()}
    for name, column in known.items():
        for alias in (name, *column.aliases):
            match = by_name.get(_plain(alias))
            if name not in found and match is not None and match not in found.values():
                found[name] = match
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "_", name.strip().lower()).strip("_")


def _converted(layer: str, column: Column, own: str, values: pd.Series) -> tuple[pd.Series, str, list[Finding]]:
    """Values of an own column in the unit of the contract's column, with a note and doubts."""
    unit, written = column.unit, split_unit(own).unit
    if unit is None or not written:
        return values, *_assumed(layer, column, own, values)
    given = written_unit(written)
    if given is None or given.dimension != unit.dimension:
        raise InputError(
            f"layer {layer}: the unit {written!r} of the column {own!r} does not fit {column.name}"
            f"{'' if given is None else f' ({given.dimension}, not {unit.dimension})'}: correct it,"
            " or map another column."
        )
    factor = given.factor / unit.factor
    offset = (given.offset - unit.offset) / unit.factor
    note = f"{layer}: {own} read as {column.name}"
    if factor == 1.0 and offset == 0.0:
        return values, note, []
    numbers = pd.to_numeric(values, errors="coerce")
    keep = numbers.isna() & values.notna()  # what is no number stays for the checks to find
    converted = (
        (numbers * factor + offset).astype(object).where(~keep, values) if keep.any() else numbers * factor + offset
    )
    return converted, f"{note}, converted from {written}", []


def _assumed(layer: str, column: Column, own: str, values: pd.Series) -> tuple[str, list[Finding]]:
    """Note on a column read without a unit in its name, and a doubt when its values look like another unit."""
    note = f"{layer}: {own} read as {column.name}"
    if column.unit is None or column.usual is None or own.lower().endswith(tuple(SUFFIX)):
        return note, []
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    numbers = numbers[numbers != 0]
    if not len(numbers) or column.usual[0] <= numbers.median() <= column.usual[1]:
        return f"{note}; the unit was assumed", []
    low, high = column.usual
    message = (
        f"The column {own} was read as {column.name}, but its middle value {numbers.median():g} is not between the"
        f" usual {low:g} and {high:g}: write the unit into the name, as in {split_unit(own).name} [unit]."
    )
    return f"{note}; the unit was assumed and is doubtful", [Finding("unit-doubtful", "warning", layer, message)]


def _near_misses(layer: str, own: list[str], taken: set[str]) -> list[Finding]:
    free = {
        _plain(alias): c.name
        for c in input_columns(layer).values()
        if c.name not in taken
        for alias in (c.name, *c.aliases)
    }
    findings = []
    for name in own:
        near = difflib.get_close_matches(_plain(split_unit(name).name), free, n=1, cutoff=0.8)
        if near:
            message = f"The column {name} is not used; did you mean {free[near[0]]}?"
            findings.append(Finding("column-unknown", "info", layer, message))
    return findings


def _one_crs(layers: Layers, default: CRS | None) -> Layers:
    """All layers in the CRS of the main one, which is checked."""
    spatial = [name for name in layers.tables if GEOMETRY[name] != "none"]
    if not spatial:
        return layers
    main = next(n for n in (*MAIN_LAYERS, *spatial) if n in layers.tables)
    target = layers.tables[main].crs or default
    if target is None:
        raise InputError(f"layer {main} carries no CRS: give it with --crs, as in --crs EPSG:4552.")
    x, y = _centre(layers.tables[main])
    if np.isfinite(x):
        check_crs(target, x, y, main)
    tables, findings, notes = dict(layers.tables), list(layers.findings), list(layers.notes)
    for name in spatial:
        table = tables[name]
        if table.crs is None:
            tables[name] = table.set_crs(default or target)
            if default is None:
                message = f"The layer carries no CRS; that of {main} ({name_of(target)}) was assumed."
                findings.append(Finding("crs-missing", "warning", name, message))
        if tables[name].crs != target:
            notes.append(f"{name}: reprojected from {name_of(tables[name].crs)} to {name_of(target)}")
            tables[name] = tables[name].to_crs(target)
    return replace(layers, tables=tables, crs=target, findings=tuple(findings), notes=tuple(notes))


def _centre(table: gpd.GeoDataFrame) -> tuple[float, float]:
    bounds = shapely.bounds(table.geometry.to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return float("nan"), float("nan")
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    x, y = (low + high) / 2.0
    return float(x), float(y)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content, empty for what is no file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
