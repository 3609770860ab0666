"""Reading: GDAL sources to tables with the contract's columns, in one checked CRS, input files untouched.

`files` opens them with the reader of their kind, `mapping` finds the contract's columns among their own, `placing`
brings all into one CRS.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from gisheat.crs import name_of, parse_crs
from gisheat.database import one_snapshot
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.files import column_names, file_hash, layer_names, read_source, read_table, sources_by_words
from gisheat.layers.mapping import map_columns, own_columns, require_columns
from gisheat.layers.measures import with_measures
from gisheat.layers.placing import chosen_crs, in_crs, in_one_crs, moved_findings, reprojected
from gisheat.layers.station_list import Joined, join_list
from gisheat.places import Place, split_source
from gisheat.project import Project
from gisheat.schema import INPUT_LAYERS, LAYER_LABEL, STATION_LIST
from gisheat.sqlite_files import unmerged

__all__ = [
    "AUTO",
    "Layers",
    "column_names",
    "file_hash",
    "find_sources",
    "in_crs",
    "layer_names",
    "map_columns",
    "own_columns",
    "read_layers",
    "read_table",
    "reprojected",
    "sources_by_words",
]

AUTO = "auto"
"""CRS of the result: that of the main layer where lengths can be measured in it."""


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
    hashes: Mapping[str, str] = field(default_factory=dict)
    """What the rows of tables of a database hash to, by source; files have a hash of their own."""
    chosen_crs: str | None = None
    """The CRS of the result where it is none of a layer, nor said."""

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
        return _no_features(self.crs).copy()

    def attributions(self) -> tuple[str, ...]:
        """Who must be named where the layers, or something made of them, are shown; each once, sorted."""
        columns = (t["attribution"].dropna() for t in self.tables.values() if "attribution" in t)
        return tuple(sorted({" ".join(str(text).split()) for column in columns for text in column} - {""}))

    def files(self) -> list[Place]:
        """Input files and databases, each once, sorted."""
        return sorted({split_source(source)[0] for source in self.sources.values()}, key=str)


@cache
def _no_features(crs: CRS | None) -> gpd.GeoDataFrame:
    """Table of a layer that was not given: asked for often, and costly to make."""
    return gpd.GeoDataFrame({"geometry": gpd.GeoSeries([], crs=crs)}, crs=crs)


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
    guessed = sources_by_words(path)
    if guessed:
        return guessed
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


@one_snapshot()
def read_layers(
    sources: Mapping[str, str], mapping: Mapping[str, Mapping[str, str]] | None = None, crs: str | None = None,
    *, to_crs: str | None = None, encoding: str | None = None, measured: bool = True,
) -> Layers:  # fmt: skip
    """Read input layers.

    Parameters
    ----------
    sources : mapping
        Contract name -> FILE or FILE|layername; `terrain` is a raster, `station_list` a table about the stations.
    mapping : mapping, optional
        Contract layer -> contract column -> own column.
    crs : str, optional
        CRS of layers that carry none.
    to_crs : str, optional
        CRS of the result; else that of the first of the main layers; "auto" the same, or one that fits where that is in
        degrees.
    encoding : str, optional
        Code of texts in files that do not say it for certain.
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
    hashes: dict[str, str] = {}
    told: set[tuple[Place, str, str] | None] = set()
    own = mapping or {}
    for layer in INPUT_LAYERS:
        if layer not in sources:
            continue
        read = read_source(layer, sources[layer], encoding)
        if read.sha256:
            hashes[sources[layer]] = read.sha256
        raw, lost = with_measures(layer, sources[layer], read.table)
        is_listed = layer == "stations" and STATION_LIST in sources
        table, found, said = map_columns(layer, raw, own.get(layer, {}), complete=not is_listed)
        notes += [*read.notes, *lost, *said]
        path = split_source(sources[layer])[0]
        about = {f: (path, f.rule, f.message) for f in read.findings if f.source_fid is None}
        findings += [*(f for f in read.findings if about.get(f) not in told), *found]
        told |= {*about.values()}  # of a whole drawing once, however many layers are read of it
        if is_listed:
            joined = _with_list(table, sources[STATION_LIST], own.get(STATION_LIST, {}), encoding)
            require_columns(layer, joined.table, [str(c) for c in raw.columns])
            table, notes, findings = joined.table, [*notes, *joined.notes], [*findings, *joined.findings]
        tables[layer] = table
        waiting = ", ".join(file.name for file in unmerged(path))
        if waiting:
            notes.append(f"{layer}: read with the changes of another program that wait in {waiting}")
    default, wanted = parse_crs(crs) if crs else None, parse_crs(to_crs) if to_crs and to_crs != AUTO else None
    chosen = chosen_crs(tables, default) if to_crs == AUTO else None
    if chosen is not None:
        notes.append(
            f"the layers are in degrees; the result is in {name_of(chosen)} ({chosen.name}), which fits their place"
        )
    layers = Layers(tables, dict(sources), None, sources.get("terrain"), tuple(findings), tuple(notes), hashes)
    if not measured and wanted is None:
        return replace(layers, crs=next((t.crs for t in tables.values() if getattr(t, "crs", None)), default))
    placed, target, found, said = in_one_crs(tables, default, wanted or chosen)
    findings = moved_findings(findings, default, target)
    return replace(
        layers, tables=placed, crs=target, chosen_crs=None if chosen is None else name_of(chosen),
        findings=(*findings, *found), notes=(*notes, *said),
    )  # fmt: skip


def _with_list(stations: gpd.GeoDataFrame, source: str, mapping: Mapping[str, str], encoding: str | None) -> Joined:
    """Stations with what a list says of them."""
    read = read_source(STATION_LIST, source, encoding)
    listed, found, said = map_columns("stations", read.table, mapping, complete=False)
    joined = join_list(stations, listed)
    notes = [note.replace("stations: ", f"{STATION_LIST}: ", 1) for note in said]
    findings = [replace(f, layer="stations") for f in read.findings]
    return replace(joined, notes=(*read.notes, *notes, *joined.notes), findings=(*findings, *found, *joined.findings))
