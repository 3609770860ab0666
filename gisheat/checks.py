"""Checking: types, ranges, identifiers and geometry of every feature, as findings; clean tables for what follows.

Nothing is guessed: a value that can't be used becomes unknown and is a finding; a feature that can't be
used is left out and is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, Severity, findings_about, points_of
from gisheat.layers import Layers
from gisheat.schema import (
    CHOICE_ALIASES,
    FALSE_WORDS,
    GEOMETRY,
    ID_COLUMN,
    TRUE_WORDS,
    Column,
    columns,
    input_columns,
)

Mask = NDArray[np.bool_]


def check(layers: Layers) -> list[Finding]:
    """All findings about the input layers, those of reading included."""
    return list(clean(layers).findings)


def clean(layers: Layers) -> Layers:
    """Layers whose columns have the contract's types and only values that can be used, with all findings."""
    tables: dict[str, gpd.GeoDataFrame] = {}
    findings = list(layers.findings)
    for name, table in layers.tables.items():
        tables[name], found = _clean_table(name, table)
        findings += found
    findings += _check_temperatures(tables)
    return replace(layers, tables=tables, findings=tuple(findings))


def _clean_table(layer: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    findings: list[Finding] = []
    if GEOMETRY[layer] != "none":
        usable, found = _check_geometry(layer, table)
        findings += found
        table = table[usable]
    table = table.copy()
    for name, column in input_columns(layer).items():
        if name in table:
            table[name], found = _clean_column(layer, column, table)
            findings += found
    for name in [c for c in columns(layer) if c in table and c not in input_columns(layer)]:
        table = table.drop(columns=name)  # results of an earlier run
    table, found = _check_ids(layer, table)
    findings += found
    if layer == "pipes":
        findings += _check_bores(table)
    return table, findings


# geometry -----------------------------------------------------------------------------------------------


def _check_geometry(layer: str, table: gpd.GeoDataFrame) -> tuple[Mask, list[Finding]]:
    """Which features have a usable geometry, and findings about the others."""
    geometry = table.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    wrong = ~missing & ~np.isin(
        shapely.get_dimensions(geometry), [{"point": 0, "line": 1, "polygon": 2}[GEOMETRY[layer]]]
    )
    bounds = shapely.bounds(geometry)
    infinite = ~missing & ~wrong & ~np.isfinite(bounds).all(axis=1)
    findings = [
        *_each(layer, table, missing, "geometry-missing", "error", "has no geometry and is left out"),
        *_each(layer, table, wrong, "geometry-type", "error", f"is no {GEOMETRY[layer]} and is left out"),
        *_each(
            layer,
            table,
            infinite,
            "geometry-infinite",
            "error",
            "has coordinates that are no numbers and is left out",
        ),
    ]
    usable = ~missing & ~wrong & ~infinite
    if GEOMETRY[layer] == "line":
        zero = usable & (shapely.length(geometry) == 0.0)
        findings += _each(layer, table, zero, "zero-length", "warning", "has no length and is left out", applied=True)
        usable &= ~zero
        crossing = usable & ~shapely.is_simple(geometry)
        findings += _each(
            layer,
            table,
            crossing,
            "self-crossing",
            "warning",
            "crosses itself; its length is measured along the line",
        )
    if GEOMETRY[layer] == "polygon":
        invalid = usable & ~shapely.is_valid(geometry)
        findings += _each(layer, table, invalid, "polygon-invalid", "warning", "is not a valid polygon")
    return usable, findings


def _each(
    layer: str, table: gpd.GeoDataFrame, mask: Mask, rule: str, severity: Severity, what: str, *, applied: bool = False
) -> list[Finding]:
    """One finding for each row that the mask is true for."""
    chosen = table[mask]
    messages = (f"{name} {what}." for name in _names(layer, chosen))
    return findings_about(chosen, rule, severity, layer, messages, applied=applied)


def _names(layer: str, table: gpd.GeoDataFrame) -> list[str]:
    """Feature names for sentences: the identifier where there is one, else the feature id."""
    column, noun = ID_COLUMN.get(layer), layer.rstrip("s")
    if column is None or column not in table:
        return [f"{noun} (fid {fid})" for fid in table.index]
    return [
        f"{noun} {v}" if _known(v) else f"{noun} (fid {fid})" for fid, v in zip(table.index, table[column], strict=True)
    ]


def _known(value: object) -> bool:
    return not (value is None or value is pd.NA or value != value or value == "")  # noqa: PLR0124


# columns ------------------------------------------------------------------------------------------------


def _clean_column(layer: str, column: Column, table: gpd.GeoDataFrame) -> tuple[pd.Series, list[Finding]]:
    values = table[column.name]
    given = np.array([_known(v) for v in values], dtype=bool)
    if column.kind in ("float", "int"):
        numbers = pd.to_numeric(values.where(given, None), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        bad = given & ~np.isfinite(numbers)
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        outside = given & ~bad & ~((numbers >= low) & (numbers <= high))
        findings = _bad_values(layer, column, table, bad, "not-a-number", "which is no number")
        findings += _bad_values(
            layer, column, table, outside, "out-of-range", f"which is not between {low:g} and {high:g}"
        )
        return pd.Series(np.where(bad | outside, np.nan, numbers), index=table.index), findings
    text = np.array([_text(v) if k else None for v, k in zip(values, given, strict=True)], dtype=object)
    if column.kind == "bool":
        words = [None if v is None else str(v).lower() for v in text]
        bad = np.array([w is not None and w not in TRUE_WORDS | FALSE_WORDS for w in words], dtype=bool)
        flags = np.array(
            [None if w is None or b else w in TRUE_WORDS for w, b in zip(words, bad, strict=True)],
            dtype=object,
        )
        return pd.Series(flags, index=table.index, dtype=object), _bad_values(
            layer, column, table, bad, "not-a-choice", "which is neither true nor false"
        )
    if column.choices:
        text = np.array(
            [v if v is None or v in column.choices else CHOICE_ALIASES.get(v.lower(), v.lower()) for v in text],
            dtype=object,
        )
        bad = np.array([v is not None and v not in column.choices for v in text], dtype=bool)
        text[bad] = None
        findings = _bad_values(
            layer, column, table, bad, "not-a-choice", f"which is none of {', '.join(column.choices)}"
        )
        return pd.Series(text, index=table.index, dtype=object), findings
    return pd.Series(text, index=table.index, dtype=object), []


def _text(value: object) -> str:
    """Text of a value; whole numbers without a decimal point, because identifiers are often stored as numbers."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _bad_values(layer: str, column: Column, table: gpd.GeoDataFrame, mask: Mask, rule: str, why: str) -> list[Finding]:
    chosen = table[mask]
    messages = (
        f"{name}: {column.name} is {value!r}, {why}; taken as unknown."
        for name, value in zip(_names(layer, chosen), chosen[column.name], strict=True)
    )
    return findings_about(chosen, rule, "error", layer, messages)


# identifiers and references -----------------------------------------------------------------------------


def _check_ids(layer: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Every feature gets an identifier of its own: missing ones are made, doubled ones get the feature id added."""
    column = ID_COLUMN.get(layer)
    if column is None:
        return table, []
    fids = table.index.to_numpy()
    if column not in table:
        table[column] = pd.Series([str(fid) for fid in fids], index=table.index, dtype=object)
        return table, []
    ids = table[column].to_numpy(dtype=object, copy=True)
    findings: list[Finding] = []
    missing = np.array([v is None for v in ids], dtype=bool)
    if missing.any() and columns(layer)[column].required:
        findings += _each(layer, table, missing, "id-missing", "error", f"has no {column}; its feature id was taken")
    ids[missing] = [str(fid) for fid in fids[missing]]
    names, first, number = np.unique(ids.astype(str), return_index=True, return_inverse=True)
    again = np.ones(len(ids), bool)
    again[first] = False
    if again.any():
        taken = set(names)
        places = points_of(table[again])
        for row, point in zip(np.flatnonzero(again).tolist(), places, strict=True):
            original = int(fids[first[number[row]]])
            new = next(n for n in _alternatives(str(ids[row]), int(fids[row])) if n not in taken)
            taken.add(new)
            message = f"{column} {ids[row]} occurs more than once (first in feature {original}); called {new} here."
            findings.append(
                Finding(
                    "id-doubled",
                    "error",
                    layer,
                    message,
                    int(fids[row]),
                    original,
                    point,
                    None,
                    f"rename to {new}",
                    applied=True,
                )
            )
            ids[row] = new
    table[column] = pd.Series(ids, index=table.index, dtype=object)
    return table, findings


def _alternatives(name: str, fid: int) -> Iterator[str]:
    yield f"{name}-{fid}"
    number = 2
    while True:
        yield f"{name}-{fid}-{number}"
        number += 1


def _check_bores(pipes: gpd.GeoDataFrame) -> list[Finding]:
    """Bore against outer diameter and wall: more than 1 % apart is a finding."""
    if not {"inner_diameter_mm", "outer_diameter_mm", "wall_mm"} <= set(pipes.columns):
        return []
    bore, outer, wall = (pipes[c].to_numpy(float) for c in ("inner_diameter_mm", "outer_diameter_mm", "wall_mm"))
    computed = outer - 2.0 * wall
    with np.errstate(invalid="ignore"):
        apart = np.abs(bore - computed) > 0.01 * computed
    rows = pipes[apart]
    messages = (
        f"{name}: the bore {b:g} mm is not {o:g} - 2 x {w:g} mm; the bore is used."
        for name, b, o, w in zip(_names("pipes", rows), bore[apart], outer[apart], wall[apart], strict=True)
    )
    return findings_about(rows, "bore-disagrees", "warning", "pipes", messages)


def _check_temperatures(tables: dict[str, gpd.GeoDataFrame]) -> list[Finding]:
    """Stations whose supply and return temperature leave no difference."""
    findings: list[Finding] = []
    for layer in ("stations", "sources"):
        table = tables.get(layer)
        if table is None or not {"supply_temp_c", "return_temp_c"} <= set(table.columns):
            continue
        hot, cold = table["supply_temp_c"].to_numpy(float), table["return_temp_c"].to_numpy(float)
        wrong = hot <= cold
        chosen = table[wrong]
        messages = (
            f"{name}: the supply temperature {h:g} degC is not above the return temperature {c:g} degC;"
            " no flow carries heat."
            for name, h, c in zip(_names(layer, chosen), hot[wrong], cold[wrong], strict=True)
        )
        findings += findings_about(chosen, "no-temperature-difference", "error", layer, messages)
    return findings
