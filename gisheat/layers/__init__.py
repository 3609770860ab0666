"""Reading: GDAL sources to tables with the contract's columns, in one checked CRS, input files untouched.

`files` opens them, `mapping` finds the contract's columns among their own.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError

from gisheat.crs import check_crs, name_of, parse_crs
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.files import column_names, file_hash, layer_names, read_table, unmerged
from gisheat.layers.mapping import map_columns
from gisheat.layers.measures import has_m, with_m_of, with_measures, without_m
from gisheat.places import Place, split_source
from gisheat.project import Project
from gisheat.schema import GEOMETRY, INPUT_LAYERS, LAYER_LABEL

__all__ = [
    "Layers",
    "column_names",
    "file_hash",
    "find_sources",
    "layer_names",
    "map_columns",
    "read_layers",
    "read_table",
    "reprojected",
]

MAIN_LAYERS = ("pipes", "streets", "stations", "sources")
"""The CRS of the first of these that is given is the CRS of the result."""


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

    def files(self) -> list[Place]:
        """Input files and databases, each once, sorted."""
        return sorted({split_source(source)[0] for source in self.sources.values()}, key=str)


def find_sources(path: Place, project: Project | None, given: Mapping[str, str]) -> dict[str, str]:
    """Sources FILE|layername of every input layer: given ones win over those of the project or the file.

    Raises
    ------
    InputError
        If the file is missing or none of its layers has a name of the contract.
    """
    found = (
        dict(project.layers) if project is not None else _layers_in(path, needed=not {"pipes", "streets"} & set(given))
    )
    return {**found, **given}


def _layers_in(path: Place, *, needed: bool) -> dict[str, str]:
    names = layer_names(path)
    if isinstance(path, Path) and "|" in str(path):
        raise InputError(f"{path}: the | in its name is what separates file and layer; rename the file.")
    known = {name.lower(): name for name in INPUT_LAYERS} | {LAYER_LABEL["zh"][name]: name for name in INPUT_LAYERS}
    found: dict[str, str] = {}
    for n in sorted(names, key=lambda n: n not in INPUT_LAYERS):  # of pipes and Pipes the first
        if n.lower() in known:
            found.setdefault(known[n.lower()], f"{path}|{n}")
    if not found and needed:
        near = next((difflib.get_close_matches(n, INPUT_LAYERS, n=1, cutoff=0.6) for n in names), [])
        hint = f"; did you mean {near[0]!r}" if near else ""
        example = f'--pipes "{path.name}|{names[0] if names else "layer"}"'
        raise InputError(
            f"{path}: no layer has a name of the contract (pipes, stations, sources ...); it holds"
            f" {', '.join(map(repr, names)) or 'none'}{hint}: name them, as in {example}."
        )
    return found


def read_layers(
    sources: Mapping[str, str], mapping: Mapping[str, Mapping[str, str]] | None = None, crs: str | None = None,
    *, measured: bool = True,
) -> Layers:  # fmt: skip
    """Read input layers.

    Parameters
    ----------
    sources : mapping
        Contract name -> FILE or FILE|layername; `terrain` is a raster.
    mapping : mapping, optional
        Contract layer -> contract column -> own column.
    crs : str, optional
        CRS of layers that carry none.
    measured : bool
        Lengths are measured on the map: its CRS must be fit for that. Else any will do, and none as well.

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
        raw, lost = with_measures(layer, sources[layer], read_table(layer, sources[layer]))
        notes += lost
        table, found, said = map_columns(layer, raw, (mapping or {}).get(layer, {}))
        tables[layer] = table
        findings += found
        notes += said
        waiting = ", ".join(file.name for file in unmerged(split_source(sources[layer])[0]))
        if waiting:
            notes.append(f"{layer}: read with the changes of another program that wait in {waiting}")
    default = parse_crs(crs) if crs else None
    layers = Layers(tables, dict(sources), None, sources.get("terrain"), tuple(findings), tuple(notes))
    if not measured:
        return replace(layers, crs=next((t.crs for t in tables.values() if getattr(t, "crs", None)), default))
    return _one_crs(layers, default)


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
        if not tables[name].crs.equals(target, ignore_axis_order=True):
            notes.append(f"{name}: reprojected from {name_of(tables[name].crs)} to {name_of(target)}")
            tables[name] = reprojected(name, tables[name], target)
        else:  # the same, perhaps in other words
            tables[name] = tables[name].set_crs(target, allow_override=True)
    return replace(layers, tables=tables, crs=target, findings=tuple(findings), notes=tuple(notes))


def reprojected(layer: str, table: gpd.GeoDataFrame, target: CRS) -> gpd.GeoDataFrame:
    """A layer in another CRS, lines with the M values that they have.

    Raises
    ------
    InputError
        If there is no way from one to the other.
    """
    drawn = table.geometry.to_numpy()
    measured = has_m(drawn)
    try:
        if not measured.any():
            return table.to_crs(target)
        moved = table.set_geometry(without_m(drawn), crs=table.crs).to_crs(target)  # with M, shapely loses Z
    except (CRSError, ProjError) as error:
        raise InputError(
            f"layer {layer}: its CRS {name_of(table.crs)} can't be brought to {name_of(target)}: reproject the layer."
        ) from error
    geometry = moved.geometry.to_numpy().copy()
    geometry[measured] = with_m_of(geometry[measured], drawn[measured])
    return moved.set_geometry(geometry, crs=target)


def _centre(table: gpd.GeoDataFrame) -> tuple[float, float]:
    """Middle of the features (the median, which a feature that lies far astray does not move), NaN without any."""
    bounds = shapely.bounds(table.geometry.to_numpy())
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return float("nan"), float("nan")
    x, y = np.median((bounds[:, :2] + bounds[:, 2:]) / 2.0, axis=0)
    return float(x), float(y)
