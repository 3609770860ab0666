"""CAD drawings (DXF) as layers: lines, arcs and splines as lines, blocks, circles and points as points.

`document` opens them, `entities` takes them apart, `names` says what the name of a CAD layer means, `symbols` draws
lines to the points of the symbols that they end at, `labels` reads diameters that are written beside lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.cad import names
from gisheat.layers.cad.document import SUFFIXES, Unit, open_document, unit_of
from gisheat.layers.cad.entities import EXTERNAL, SAGITTA, Content, Feature, names_of_values, read_entities
from gisheat.layers.cad.labels import sizes_beside
from gisheat.layers.cad.symbols import reach_symbols
from gisheat.layers.mapping import plain
from gisheat.layers.reader import Read
from gisheat.project import MOST_LISTED, did_you_mean
from gisheat.schema import GEOMETRY, ID_COLUMN, INPUT_LAYERS, columns, input_columns, split_unit

__all__ = ["SUFFIXES", "Sheet", "column_names", "guess_layers", "layer_names", "prepared", "read"]

OWN = ("cad_layer", "cad_block", "cad_handle", "cad_colour", "cad_linetype")
"""Columns that every feature of a drawing has."""
DRAWN = {"line", "point", "polygon"}
BESIDE_THE_MAP = (
    "DIMENSION", "ARC_DIMENSION", "LARGE_RADIAL_DIMENSION", "LEADER", "MULTILEADER", "TOLERANCE", "ACAD_TABLE",
    "ATTDEF", "VIEWPORT", "IMAGE", "WIPEOUT", "OLE2FRAME", "PDFUNDERLAY", "DWFUNDERLAY", "DGNUNDERLAY", "XLINE", "RAY",
)  # fmt: skip
"""Entities that no map is drawn with: a note is enough where they are left out."""
INSTEAD = {
    "HATCH": "draw their edges as closed polylines where they are areas of the map (in CAD: HATCHEDIT)",
    EXTERNAL: "bind them to the drawing (in CAD: XREF, Bind), or name the other drawing as a source",
}

prepared = nullcontext
"""The file itself: nothing is written beside it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing that was read: its content in drawing units, the unit, what is hidden."""

    content: Content
    unit: Unit
    hidden: frozenset[str]
    """Layers that are frozen or switched off."""
    kinds: Mapping[str, frozenset[str]]
    """CAD layer -> kinds of geometry on it, in the order of the drawing."""
    notes: tuple[str, ...]


def layer_names(file: Path) -> list[str]:
    """Names of the CAD layers that lines or points are drawn on."""
    return list(_sheet(file).kinds)


def guess_layers(path: Path) -> dict[str, str]:
    """Sources FILE|A;B of the layers of the contract that the names of CAD layers tell; hidden ones are left out."""
    return {layer: f"{path}|{names.SEVERAL.join(found)}" for layer, found in _guessed(_sheet(path)).items()}


def _guessed(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    shown = {name: kinds for name, kinds in sheet.kinds.items() if name not in sheet.hidden}
    return names.guess(shown, {layer: GEOMETRY[layer] for layer in INPUT_LAYERS if GEOMETRY[layer] in DRAWN})


def column_names(file: Path, name: str) -> list[str]:
    """Names of the columns that features of some CAD layers have."""
    sheet = _sheet(file)
    chosen = set(names.choose(name, sheet.kinds) if name else sheet.kinds)
    return [*OWN, *names_of_values(f for f in sheet.content.features if f.layer in chosen)]


def read(layer: str, file: Path, name: str, encoding: str | None = None) -> Read:
    """Features of some CAD layers as a layer of the contract, coordinates in metres, without a CRS.

    Parameters
    ----------
    layer : str
        Of the contract: says whether lines, points or (closed) polygons are wanted.
    name : str
        CAD layers, as `A`, `A;B` or `A*`; empty for those whose names tell that they are it.
    encoding : str, optional
        Code of the texts; else the one that the drawing states ($DWGCODEPAGE).

    Returns
    -------
    Read
        The index of its table is a stable number of each entity, from its handle.

    Raises
    ------
    InputError
        If the drawing can't be read, has no such CAD layer, or nothing of the kind on it.
    """
    sheet = _sheet(file, encoding)
    chosen, kind = _chosen(layer, name, sheet), GEOMETRY[layer]
    if kind not in DRAWN:
        raise InputError("it is a drawing; a table is needed.")
    features = [f for f in sheet.content.features if f.layer in chosen and _fits(f, kind)]
    if not features:
        raise InputError(f"it holds no {kind}s on {'; '.join(chosen)}; {kind}s are needed.")
    geometry = _geometries(features, kind, sheet.unit.length)
    fids = [f.fid for f in features]
    table = pd.DataFrame(_columns(layer, features), index=pd.Index(fids, name="fid"))
    notes, findings = _notes(layer, sheet, chosen, features), _unit_finding(layer, sheet)
    if layer == "pipes":
        geometry, reached = _to_symbols(layer, geometry, fids, sheet)
        findings += reached
        said, found = sizes_beside(layer, table, geometry, sheet.content.labels, sheet.unit.length)
        notes += said
        findings += found
    findings += _left_out(layer, file, encoding)
    return Read(gpd.GeoDataFrame(table, geometry=geometry), tuple(notes), tuple(findings))


def _left_out(layer: str, path: Path, encoding: str | None = None) -> list[Finding]:
    """Findings on what may belong to the map and is not read, on whatever CAD layer: one for each kind of entities."""
    content = _sheet(path, encoding).content
    by_kind: dict[str, dict[str, int]] = {}
    for (of, kind), count in sorted(content.left_out.items()):
        if kind not in BESIDE_THE_MAP:
            by_kind.setdefault(kind, {})[of] = count
    findings = []
    for kind, counts in by_kind.items():
        names = f" ({'; '.join(sorted(content.external))})" if kind == EXTERNAL else ""
        where = ", ".join(f"{of} ({count})" for of, count in list(counts.items())[:MOST_LISTED])
        message = f"Not read of {path.name}: {sum(counts.values())} {kind}{names}, on the CAD layer(s) {where}."
        findings.append(Finding("cad-not-read", "warning", layer, message, repair=INSTEAD.get(kind, "")))
    return findings


def _sheet(path: Path, encoding: str | None = None) -> Sheet:
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return _read(path, encoding, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, encoding: str | None, _changed: int, _size: int) -> Sheet:
    """Read a drawing, once as long as it does not change: every layer of a project asks for it."""
    document, notes = open_document(path, encoding)
    unit = unit_of(document, None)
    content = read_entities(document, SAGITTA / unit.length)
    bounds = _bounds(content.features)
    by_place = unit_of(document, bounds)
    if by_place.length != unit.length:
        content = read_entities(document, SAGITTA / by_place.length)
    hidden = frozenset(entry.dxf.name for entry in document.layers if entry.is_off() or entry.is_frozen())
    kinds: dict[str, set[str]] = {}
    for feature in content.features:
        drawn = kinds.setdefault(feature.layer, set())
        drawn |= {feature.kind, *(("polygon",) if feature.closed else ())}
    return Sheet(content, by_place, hidden, {name: frozenset(drawn) for name, drawn in kinds.items()}, notes)


def _bounds(features: Sequence[Feature]) -> tuple[float, float, float, float] | None:
    """Where the middle 98 % of what is drawn lies; some points that lie astray do not count."""
    if not features:
        return None
    place = np.array([f.place[0, :2] for f in features])
    low, high = np.percentile(place, [1.0, 99.0], axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _chosen(layer: str, wanted: str, sheet: Sheet) -> list[str]:
    there = list(sheet.kinds)
    listed = ", ".join(map(repr, there[:MOST_LISTED])) + (" ..." if len(there) > MOST_LISTED else "")
    if not wanted:
        guessed = _guessed(sheet).get(layer)
        if guessed:
            return list(guessed)
        if len(there) == 1:
            return there
        raise InputError(f"it holds the CAD layers {listed or 'none'}: say which, as FILE|A, FILE|A;B or FILE|A*.")
    for part in names.unmatched(wanted, there):
        hint = did_you_mean(part, tuple(there)) or f" with lines or points; it has {listed or 'none'}"
        raise InputError(f"it has no CAD layer {part!r}{hint}.")
    return names.choose(wanted, there)


def _fits(feature: Feature, kind: str) -> bool:
    return feature.kind == kind or (kind == "polygon" and feature.closed and len(feature.place) > 3)


def _geometries(features: Sequence[Feature], kind: str, length: float) -> Any:
    """Geometries in metres; with Z where any of the layer has a height other than 0."""
    with_z = any(bool((f.place[:, 2] != 0.0).any()) for f in features)
    places = [f.place[:, : 3 if with_z else 2] * length for f in features]
    if kind == "point":
        return shapely.points(np.array([place[0] for place in places]))
    make = shapely.LineString if kind == "line" else shapely.Polygon
    found = np.empty(len(places), object)
    found[:] = [make(place if len(place) > 1 else np.vstack([place, place])) for place in places]
    return found


def _columns(layer: str, features: Sequence[Feature]) -> dict[str, Any]:
    """What the entities say, by column; identifiers and what the names of CAD layers say, where no attribute does."""
    table: dict[str, Any] = {
        "cad_layer": [f.layer for f in features], "cad_block": [f.block or None for f in features],
        "cad_handle": [f.handle for f in features], "cad_colour": [f.colour for f in features],
        "cad_linetype": [f.linetype for f in features],
    }  # fmt: skip
    for name in names_of_values(features):
        free = name
        while free in table or free == "geometry":
            free += "_"
        table[free] = [f.attributes.get(name) or None for f in features]
    stated = {plain(split_unit(name).name) for name in table}
    key = ID_COLUMN.get(layer)
    if key is not None and columns(layer)[key].required and not _is_stated(layer, key, stated):
        table[key] = [f.handle for f in features]
    if layer == "pipes":
        said = [names.said_of_pipe(f.layer) for f in features]
        for name in ("dn_mm", "outer_diameter_mm", "wall_mm", "status", "line"):
            if not _is_stated(layer, name, stated) and any(name in values for values in said):
                table[name] = [values.get(name) for values in said]
    return {name: pd.Series(values, dtype=object).to_numpy() for name, values in table.items()}


def _is_stated(layer: str, name: str, stated: set[str]) -> bool:
    """Whether a column of the contract is among names, by its own or another one."""
    return bool({plain(alias) for alias in (name, *input_columns(layer)[name].aliases)} & stated)


def _to_symbols(layer: str, lines: Any, fids: Sequence[int], sheet: Sheet) -> tuple[Any, list[Finding]]:
    length = sheet.unit.length
    points = [f for f in sheet.content.features if f.kind == "point" and f.outline is not None]
    place = np.array([f.place[0] for f in points]).reshape(-1, 3) * length
    outlines = [None if f.outline is None else f.outline * length for f in points]
    return reach_symbols(layer, lines, fids, place, outlines, [f.block for f in points])


def _unit_finding(layer: str, sheet: Sheet) -> list[Finding]:
    if not sheet.unit.doubtful:
        return []
    return [Finding("cad-unit-doubtful", "warning", layer, f"Of the drawing: {sheet.unit.note}.")]


def _notes(layer: str, sheet: Sheet, chosen: Sequence[str], features: Sequence[Feature]) -> list[str]:
    """What was read of which CAD layers, and what was left out of them, in words."""
    content = sheet.content
    said = [f"{layer}: {len(features)} feature(s) of the CAD layer(s) {'; '.join(chosen)}"]
    said += [f"{layer}: {note}" for note in (*sheet.notes, sheet.unit.note) if note]
    hidden = [name for name in chosen if name in sheet.hidden]
    if hidden:
        said.append(f"{layer}: {'; '.join(hidden)} is frozen or switched off in the drawing; it was read all the same")
    others = [
        f"{count} {kind}"
        for (of, kind), count in sorted(content.left_out.items())
        if of in chosen and kind in BESIDE_THE_MAP
    ]
    if others:
        said.append(f"{layer}: of these CAD layers {', '.join(others)} were left out")
    symbols = sum(count for of, count in content.symbols_with_lines.items() if of in chosen)
    if symbols and GEOMETRY[layer] == "line":
        said.append(f"{layer}: the lines of {symbols} block(s) are symbols of points, no lines of the plan")
    if content.invisible:
        said.append(f"{layer}: {content.invisible} invisible entities of the drawing were left out")
    multiple = sum(count for of, count in content.multiple.items() if of in chosen)
    if multiple and GEOMETRY[layer] == "line":
        said.append(f"{layer}: {multiple} multiline(s) became the line in their middle")
    if GEOMETRY[layer] == "line" and content.curved & set(chosen):
        said.append(f"{layer}: arcs and splines became chords within {SAGITTA:g} m")
    return said
