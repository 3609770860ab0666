"""Checking: types, ranges, identifiers and geometry of every feature, as findings; clean tables for what follows.

Nothing is guessed: a value that can't be used becomes unknown and is a finding; a feature that can't be
used is left out and is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.catalogue import building_uses, use_of
from gisheat.findings import Finding, Severity, findings_about, points_of
from gisheat.layers import Layers
from gisheat.schema import (
    CHOICE_ALIASES,
    FALSE_WORDS,
    GEOMETRY,
    ID_COLUMN,
    READ_AGAIN,
    TRUE_WORDS,
    Column,
    columns,
    input_columns,
)

Mask = NDArray[np.bool_]

ON_THE_WAY = ("source_fid", "source_layer")
"""Columns that say where a feature comes from while it passes through the stages."""
DIMENSIONS = {"point": 0, "line": 1, "polygon": 2}
TOGETHER: dict[str, Callable[..., Any]] = {
    "point": shapely.multipoints, "line": shapely.multilinestrings, "polygon": shapely.multipolygons,
}  # fmt: skip
MULTI, COLLECTION = 4, 7
"""Types of geometry from this one on have parts; the type of collections."""
FARTHEST = 1e8
"""Coordinates beyond this [m] are in no projected CRS of the earth."""
SHORTEST = 1e-3
"""A stated length below this [m] is no length."""
LIQUID = (0.0, 200.0)
"""Temperatures [degC] that the properties of water are known for."""
ROUNDED = 1e-6
"""What results are rounded to: flows [t/h], and imbalances."""
MOST_SHOWN = 60
"""Characters of a value in a sentence."""


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
    findings += [*_check_liquid(tables), *_check_temperatures(tables)]
    return replace(layers, tables=tables, findings=tuple(findings))


def _clean_table(layer: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    findings: list[Finding] = []
    table = _without_results(layer, table)
    if GEOMETRY[layer] != "none":
        table, findings = _without_collections(layer, table)
        usable, found = _check_geometry(layer, table)
        findings += found
        table = table[usable].copy()
    for name, column in input_columns(layer).items():
        if name in table:
            table[name], found = _clean_column(layer, column, table)
            findings += found
    table, found = _check_ids(layer, table)
    findings += found
    if layer == "pipes":
        findings += [*_check_lengths(table), *_check_bores(table)]
    if layer == "areas":
        findings += _check_areas(table)
    findings += _check_uses(layer, table)
    return table, findings


def _without_results(layer: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A copy without what an earlier run found, and with other names for own columns called as ours for the way."""
    if layer == "stations":
        table = _with_asked_flows(table)
    known = columns(layer)  # a column called as one of one-pipe networks is the user's own here
    told = [c for c in known if c in table and not known[c].is_input and not known[c].one_pipe]
    results = [c for c in told if c not in READ_AGAIN.get(layer, ())]
    own = [c for c in ON_THE_WAY if c in table and c not in results]
    rename = dict(zip(own, free_names(own, {str(c) for c in table.columns}), strict=True))
    return table.drop(columns=results).rename(columns=rename)


def _with_asked_flows(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Stations with the flow they ask for in place of the one that an earlier run found; one edited since stays."""
    names = ("flow_t_h", "design_flow_t_h", "imbalance")
    if not set(names) <= set(table.columns):
        return table
    flow, asked, imbalance = (pd.to_numeric(table[name], errors="coerce") for name in names)
    found = (flow - asked * imbalance).abs() <= ROUNDED * (asked + 1.0)
    return table.assign(flow_t_h=table["flow_t_h"].where(~found, asked))


def free_names(names: list[str], taken: set[str]) -> list[str]:
    """Names with underscores added until they are not taken.

    >>> free_names(["source_fid"], {"source_fid", "source_fid_"})
    ['source_fid__']
    """
    return [next(n for k in range(1, len(taken) + 2) if (n := name + "_" * k) not in taken) for name in names]


def _check_uses(layer: str, table: gpd.GeoDataFrame) -> list[Finding]:
    """Building uses that find no heat index where one is needed."""
    if "building_use" not in table:
        return []
    known = {u: u is None or bool(use_of(str(u))) for u in table["building_use"].unique()}
    needed = ~table["building_use"].map(known).to_numpy(bool)
    for column in ("heat_index_w_m2", "load_kw", "flow_t_h"):
        if column in table:
            needed &= table[column].isna().to_numpy()
    uses = tuple(dict.fromkeys(building_uses().values()))
    rows = table[needed]
    names = rows[ID_COLUMN[layer]] if layer in ID_COLUMN else rows.index
    messages = (
        f"{layer.removesuffix('s')} {name}: building_use is {use!r}, which finds no heat index; known uses are"
        f" {', '.join(uses)}."
        for name, use in zip(names, rows["building_use"], strict=True)
    )
    repair = "use a known one, or state heat_index_w_m2 or load_kw"
    return findings_about(rows, "use-unknown", "warning", layer, messages, repair=repair)


# geometry -----------------------------------------------------------------------------------------------


def _without_collections(layer: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Geometry collections as the lines (points, polygons) in them, and findings about what else they hold."""
    kind, geometry = GEOMETRY[layer], table.geometry.to_numpy().copy()
    mixed, odd = np.flatnonzero(shapely.get_type_id(geometry) == COLLECTION), np.zeros(len(table), bool)
    for row in mixed.tolist():
        parts = shapely.get_parts([geometry[row]])
        while (shapely.get_type_id(parts) >= MULTI).any():
            parts = shapely.get_parts(parts)
        own = parts[(shapely.get_dimensions(parts) == DIMENSIONS[kind]) & ~shapely.is_empty(parts)]
        odd[row] = 0 < len(own) < len(parts)
        if len(own):
            geometry[row] = own[0] if len(own) == 1 else TOGETHER[kind](own)
    if len(mixed):
        table = table.set_geometry(geometry, crs=table.crs)
    return table, _each(
        layer, table, odd, "geometry-type", "warning", f"holds parts that are no {kind}; they are left out"
    )


def _check_geometry(layer: str, table: gpd.GeoDataFrame) -> tuple[Mask, list[Finding]]:
    """Which features have a usable geometry, and findings about the others."""
    kind = GEOMETRY[layer]
    geometry = table.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    wrong = ~missing & (shapely.get_dimensions(geometry) != DIMENSIONS[kind])
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    infinite = np.zeros(len(table), bool)
    infinite[row[~(np.abs(xy) <= FARTHEST).all(axis=1)]] = True
    placeless = missing | infinite
    placed = table.set_geometry(np.where(placeless, None, geometry), crs=table.crs) if placeless.any() else table
    astray = f"has coordinates that are no numbers, or beyond {FARTHEST:g} m, and is left out"
    findings = [
        *_each(layer, placed, missing, "geometry-missing", "error", "has no geometry that can be read; it is left out"),
        *_each(layer, placed, wrong & ~infinite, "geometry-type", "error", f"is no {kind} and is left out"),
        *_each(layer, placed, infinite, "geometry-infinite", "error", astray),
    ]
    usable = ~missing & ~wrong & ~infinite
    sound = np.where(usable, geometry, None)
    if kind == "line":
        zero = shapely.length(sound) == 0.0
        findings += _each(layer, placed, zero, "zero-length", "warning", "has no length and is left out", applied=True)
        usable &= ~zero
        crossing = usable & ~shapely.is_simple(sound)
        twisted = "crosses itself; its length is measured along the line"
        findings += _each(layer, placed, crossing, "self-crossing", "warning", twisted)
    if kind == "polygon":
        invalid = usable & ~shapely.is_valid(sound)
        findings += _each(layer, placed, invalid, "polygon-invalid", "warning", "is not a valid polygon")
    return usable, findings


def _each(
    layer: str, table: gpd.GeoDataFrame, mask: Mask, rule: str, severity: Severity, what: str, *, applied: bool = False
) -> list[Finding]:
    """One finding for each row that the mask is true for."""
    if not np.any(mask):  # as almost always; a table of no rows is costly to make
        return []
    chosen = table[mask]
    messages = (f"{name} {what}." for name in _names(layer, chosen))
    return findings_about(chosen, rule, severity, layer, messages, applied=applied)


def _names(layer: str, table: gpd.GeoDataFrame) -> list[str]:
    """Feature names for sentences: the identifier where there is one, else the feature id."""
    column, noun = ID_COLUMN.get(layer), layer.rstrip("s")
    if column is None or column not in table:
        return [f"{noun} (fid {fid})" for fid in table.index]
    return [
        f"{noun} {_text(v)[:MOST_SHOWN]}" if _known(v) else f"{noun} (fid {fid})"
        for fid, v in zip(table.index, table[column], strict=True)
    ]


def _known(value: object) -> bool:
    return not (value is None or value is pd.NA or value != value or value == "")  # noqa: PLR0124


# columns ------------------------------------------------------------------------------------------------


def _clean_column(layer: str, column: Column, table: gpd.GeoDataFrame) -> tuple[pd.Series, list[Finding]]:
    values = table[column.name]
    if column.kind in ("float", "int"):
        return _clean_numbers(layer, column, table, _given(values))
    which, texts = _texts(values)
    words: list[Any] = texts
    bad = np.zeros(len(texts), bool)
    why = "which is neither true nor false"
    if column.kind == "bool":
        words = [None if text is None else text.lower() for text in texts]
        bad[:] = [word is not None and word not in TRUE_WORDS | FALSE_WORDS for word in words]
        words = [None if word is None else word in TRUE_WORDS for word in words]
    elif column.choices:
        known = column.choices
        words = [v if v is None or v in known else CHOICE_ALIASES.get(v.lower(), v.lower()) for v in texts]
        bad[:] = [word is not None and word not in known for word in words]
        why = f"which is none of {', '.join(known)}"
    findings = _bad_values(layer, column, table, bad[which], "not-a-choice", why)
    cleaned = np.array(words, object)
    cleaned[bad] = None
    return pd.Series(cleaned[which], index=table.index, dtype=object), findings


def _clean_numbers(layer: str, column: Column, table: gpd.GeoDataFrame, given: Mask) -> tuple[pd.Series, list[Finding]]:
    """Numbers within the limits of the column, NaN for everything else."""
    numbers = _numbers(column, table[column.name].where(given, None))
    bad = given & ~np.isfinite(numbers)
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    outside = given & ~bad & ~((numbers >= low) & (numbers <= high))
    broken = given & ~bad & ~outside & (column.kind == "int") & (numbers != np.floor(numbers))
    findings = [
        *_bad_values(layer, column, table, bad, "not-a-number", "which is no number"),
        *_bad_values(layer, column, table, outside, "out-of-range", f"which is not between {low:g} and {high:g}"),
        *_bad_values(layer, column, table, broken, "not-a-number", "which is no whole number"),
    ]
    return pd.Series(np.where(bad | outside | broken, np.nan, numbers), index=table.index), findings


def _numbers(column: Column, values: pd.Series) -> NDArray[np.float64]:
    """A column as numbers, NaN for what is none: true, false and dates are none, but a year can be a date's."""
    if values.dtype.kind == "M" and column.name.endswith("_year"):
        return values.dt.year.to_numpy(dtype=float, na_value=np.nan)
    if values.dtype.kind in "mM":
        return np.full(len(values), np.nan)
    if values.dtype.kind not in "iuf":
        flag = np.array([isinstance(v, bool | np.bool_) for v in values], dtype=bool)
        values = values.mask(flag, None)
    numbers = pd.to_numeric(values, errors="coerce")
    return numbers.to_numpy(dtype=float, na_value=np.nan)


def _objects(values: pd.Series | pd.Index) -> np.ndarray:
    """Values as plain objects; going through a column of pandas' own text type one by one is slow."""
    return values.to_numpy(dtype=object)


def _texts(values: pd.Series) -> tuple[NDArray[np.int64], list[str | None]]:
    """The different texts of a column, so that each is looked at once, and which of them each row has.

    The last one is None, for rows without a value.
    """
    if isinstance(values.dtype, pd.StringDtype):
        which, different = pd.factorize(values)
        return which, [*(text or None for text in map(str.strip, _objects(different).tolist())), None]
    pairs = zip(_objects(values).tolist(), values.notna().tolist(), strict=True)
    which, texts = pd.factorize(np.array([_text(v) or None if known else None for v, known in pairs], object))
    return which, [*texts.tolist(), None]


def _given(values: pd.Series) -> Mask:
    """Which values are there: neither missing nor an empty text."""
    known = values.notna().to_numpy(dtype=bool)
    return known if values.dtype.kind in "biufM" else known & np.asarray(_objects(values) != "", dtype=bool)


def _text(value: object) -> str:
    """Text of a value; whole numbers without a decimal point, because identifiers are often stored as numbers."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _bad_values(layer: str, column: Column, table: gpd.GeoDataFrame, mask: Mask, rule: str, why: str) -> list[Finding]:
    if not np.any(mask):
        return []
    chosen = table[mask]
    messages = (
        f"{name}: {column.name} is {_shown(value)}, {why}; taken as unknown."
        for name, value in zip(_names(layer, chosen), chosen[column.name], strict=True)
    )
    return findings_about(chosen, rule, "error", layer, messages)


def _shown(value: object) -> str:
    """A value for a sentence: numbers as people write them, texts in quotes, long ones cut."""
    if isinstance(value, float | np.floating | int | np.integer | pd.Timestamp):
        return str(value)
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}... ({len(text)} characters)"


# identifiers and references -----------------------------------------------------------------------------


def _check_ids(layer: str, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Every feature gets an identifier of its own: missing ones are made, doubled ones get the feature id added."""
    column = ID_COLUMN.get(layer)
    if column is None:
        return table, []
    fids = table.index.to_numpy()
    ids = table[column].to_numpy(dtype=object, copy=True) if column in table else np.full(len(table), None, object)
    findings: list[Finding] = []
    missing = pd.isna(ids)
    if missing.any() and columns(layer)[column].required:
        findings += _each(layer, table, missing, "id-missing", "error", f"has no {column}; its feature id was taken")
    taken = set(ids[~missing])
    own = list(map(str, fids[missing].tolist()))
    if not taken.isdisjoint(own):
        own = [next(n for n in chain((name,), _alternatives(name, int(name))) if n not in taken) for name in own]
    ids[missing] = own
    taken.update(own)
    again = pd.Series(ids, dtype=object).duplicated().to_numpy()
    first = {name: row for row, name in reversed(list(enumerate(ids)))} if again.any() else {}
    for row, point in zip(np.flatnonzero(again).tolist(), points_of(table[again]), strict=True):
        fid, original = int(fids[row]), int(fids[first[ids[row]]])
        new = next(n for n in _alternatives(str(ids[row]), fid) if n not in taken)
        taken.add(new)
        known = str(ids[row])[:MOST_SHOWN]
        message = f"{column} {known} occurs more than once (first in feature {original}); called {new} here."
        repair = f"rename to {new}"
        findings.append(
            Finding("id-doubled", "error", layer, message, fid, original, point, None, repair, applied=True)
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


def _check_lengths(pipes: gpd.GeoDataFrame) -> list[Finding]:
    """Stated lengths that are none become unknown, in place: the drawn ones are used."""
    if "length_m" not in pipes:
        return []
    none = pipes["length_m"].to_numpy(float) < SHORTEST
    rows = pipes[none]
    messages = (
        f"{name}: length_m is {_shown(v)}, which is no length; the drawn one is used."
        for name, v in zip(_names("pipes", rows), rows["length_m"], strict=True)
    )
    findings = findings_about(rows, "out-of-range", "error", "pipes", messages)
    pipes.loc[none, "length_m"] = np.nan
    return findings


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


def _check_areas(areas: gpd.GeoDataFrame) -> list[Finding]:
    """Every area gets a kind, in place: without one it is forbidden, or has a cost where a factor is stated."""
    factor = areas["cost_factor"].to_numpy(float) if "cost_factor" in areas else np.full(len(areas), np.nan)
    stated = areas["kind"].to_numpy(object) if "kind" in areas else np.full(len(areas), None, object)
    unknown = np.array([v is None for v in stated], bool)
    kind = np.where(unknown, np.where(np.isnan(factor), "forbidden", "cost"), stated)
    areas["kind"] = pd.Series(kind, index=areas.index, dtype=object)
    rows = areas[(kind == "cost") & np.isnan(factor)]
    messages = (
        f"{name}: its kind is cost, but it states no cost_factor; it changes nothing." for name in _names("areas", rows)
    )
    return findings_about(rows, "area-without-factor", "warning", "areas", messages)


def _check_liquid(tables: dict[str, gpd.GeoDataFrame]) -> list[Finding]:
    """Temperatures that the properties of water are not known for become unknown, in place."""
    findings: list[Finding] = []
    for layer in ("stations", "sources"):
        table = tables.get(layer, pd.DataFrame())
        for column in ("supply_temp_c", "return_temp_c"):
            if column not in table:
                continue
            values = table[column].to_numpy(float)
            outside = (values < LIQUID[0]) | (values > LIQUID[1])
            rows = table[outside]
            messages = (
                f"{name}: {column} is {_shown(v)}, which is not between {LIQUID[0]:g} and {LIQUID[1]:g} degC;"
                " taken as unknown."
                for name, v in zip(_names(layer, rows), rows[column], strict=True)
            )
            findings += findings_about(rows, "out-of-range", "error", layer, messages)
            table.loc[outside, column] = np.nan
    return findings


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
