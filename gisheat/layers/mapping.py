"""Which own column is which of the contract's, and in which unit."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import geopandas as gpd
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.project import MOST_LISTED, did_you_mean
from gisheat.schema import SUFFIX, WRITTEN, Column, columns, input_columns, split_unit, written_unit

SHAPEFILE_NAME = 10
"""Characters that a Shapefile keeps of the name of a column."""


class OwnColumn(NamedTuple):
    """An own column that holds one of the contract: value of the contract = own value * factor + offset."""

    name: str
    factor: float = 1.0
    offset: float = 0.0


def own_columns(layer: str, own: Sequence[str], mapping: Mapping[str, str]) -> dict[str, OwnColumn]:
    """Which own column holds which of the contract, and in which unit: what `map_columns` goes by.

    Parameters
    ----------
    layer : str
    own : sequence of str
        Columns of the layer as it is stored.
    mapping : mapping
        Contract column -> own column, as the project file states it.
    """
    known = columns(layer)
    return {
        name: OwnColumn(column, *(_conversion(layer, known[name], column) if name != column else ()))
        for name, column in _recognise(layer, list(own), mapping).items()
    }


def map_columns(
    layer: str, raw: gpd.GeoDataFrame, mapping: Mapping[str, str], *, complete: bool = True
) -> tuple[gpd.GeoDataFrame, list[Finding], list[str]]:
    """Give a layer the contract's column names and units; what is not recognised keeps its name.

    Parameters
    ----------
    complete : bool
        Columns that the layer must have are there.

    Returns
    -------
    table, findings, notes
        Notes say which column was taken for what and which unit was assumed.
    """
    known = columns(layer)
    own_columns = [str(c) for c in raw.columns if c != "geometry"]
    owner = _recognise(layer, own_columns, mapping)
    findings: list[Finding] = []
    notes: list[str] = []
    made: dict[str, pd.Series] = {}
    for own in own_columns:
        names = [name for name, column in owner.items() if column == own]
        for name in names:
            if name == own:
                made[name] = raw[own]
                continue
            made[name], said, found = _converted(layer, known[name], own, raw[own])
            notes.append(said)
            findings += found
        if not names and own in owner:
            notes.append(f"{layer}: the own column {own} is not used, because {owner[own]} is mapped to {own}")
        elif not names:
            made[own] = raw[own]
    table = pd.DataFrame(made, index=raw.index)
    if "geometry" in raw:
        table = gpd.GeoDataFrame(table, geometry=raw.geometry.to_numpy(), crs=raw.crs)
    findings += _near_misses(layer, [c for c in table.columns if c not in known and c != "geometry"], set(owner))
    if complete:
        require_columns(layer, table, own_columns)
    return table, findings, notes


def require_columns(layer: str, table: pd.DataFrame, own_columns: Sequence[str]) -> None:
    """Raise InputError when a column is missing that the layer must have."""
    missing = [c.name for c in columns(layer).values() if c.required and c.name not in table]
    if missing:
        listed = ", ".join(own_columns[:MOST_LISTED]) + (" ..." if len(own_columns) > MOST_LISTED else "")
        raise InputError(
            f"layer {layer}: the required column {missing[0]} is missing (columns: {listed}): rename a column or map"
            f' it, as in [columns.{layer}] {missing[0]} = "...".'
        )


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
    by_name = {plain(split_unit(c).name): c for c in reversed(free) if c not in found.values()}
    for name, column in known.items():
        for alias in (name, *column.aliases):
            match = by_name.get(plain(alias))
            if name not in found and match is not None and match not in found.values():
                found[name] = match
    left = [c for c in own if c not in found.values()]
    return found | _cut_names([name for name in known if name not in found], left)


def _cut_names(names: list[str], own: list[str]) -> dict[str, str]:
    """Contract column -> own column for names that a Shapefile has cut, where only one can be meant."""
    cut: dict[str, str] = {}
    for column in own:
        whole = [name for name in names if name.startswith(column.lower())]
        if len(column) == SHAPEFILE_NAME and len(whole) == 1:
            cut.setdefault(whole[0], column)
    return cut


def plain(name: str) -> str:
    """The name of a column in small letters, its blanks, points and hyphens as underscores."""
    return re.sub(r"[\s_\-.]+", "_", name.strip().lower()).strip("_")


def _converted(layer: str, column: Column, own: str, values: pd.Series) -> tuple[pd.Series, str, list[Finding]]:
    """Values of an own column in the unit of the contract's column, with a note and doubts."""
    written = split_unit(own).unit
    if column.unit is None or not written:
        return values, *_assumed(layer, column, own, values)
    factor, offset = _conversion(layer, column, own)
    note = f"{layer}: {own} read as {column.name}"
    if factor == 1.0 and offset == 0.0:
        return values, note, []
    numbers = _numbers(values)
    keep = numbers.isna() & values.notna()  # what is no number stays for the checks to find
    converted = (
        (numbers * factor + offset).astype(object).where(~keep, values) if keep.any() else numbers * factor + offset
    )
    return converted, f"{note}, converted from {written}", []


def _conversion(layer: str, column: Column, own: str) -> tuple[float, float]:
    """Factor and offset from the unit in the name of an own column to that of the contract's column."""
    unit, written = column.unit, split_unit(own).unit
    if unit is None or not written:
        return 1.0, 0.0
    given = written_unit(written)
    if given is None or given.dimension != unit.dimension:
        raise InputError(
            f"layer {layer}: the unit {written!r} of the column {own!r} does not fit {column.name}"
            f"{'' if given is None else f' ({given.dimension}, not {unit.dimension})'}: correct it,"
            " or map another column."
        )
    return given.factor / unit.factor, (given.offset - unit.offset) / unit.factor


def _assumed(layer: str, column: Column, own: str, values: pd.Series) -> tuple[str, list[Finding]]:
    """Note on a column read without a unit in its name, and a doubt when its values look like another unit."""
    note = f"{layer}: {own} read as {column.name}"
    if column.unit is None or column.usual is None or own.lower().endswith(tuple(SUFFIX)):
        return note, []
    numbers = _numbers(values).dropna()
    numbers = numbers[numbers != 0]
    if not len(numbers) or column.usual[0] <= numbers.median() <= column.usual[1]:
        return f"{note}; the unit was assumed", []
    low, high = column.usual
    message = (
        f"The column {own} was read as {column.name}, but its middle value {numbers.median():g} is not between the"
        f" usual {low:g} and {high:g}: write the unit into the name, as in {split_unit(own).name} [unit]."
    )
    return f"{note}; the unit was assumed and is doubtful", [Finding("unit-doubtful", "warning", layer, message)]


def _numbers(values: pd.Series) -> pd.Series:
    """Numbers of a column, NaN where it holds something else; dates and true or false are none."""
    if values.dtype.kind in "mMb":
        return pd.Series(float("nan"), index=values.index)
    return pd.to_numeric(values, errors="coerce").astype(float)


def _near_misses(layer: str, own: list[str], taken: set[str]) -> list[Finding]:
    free = {
        plain(alias): c.name
        for c in input_columns(layer).values()
        if c.name not in taken
        for alias in (c.name, *c.aliases)
    }
    findings = []
    for name in own:
        if name.startswith(WRITTEN):
            continue
        near = difflib.get_close_matches(plain(split_unit(name).name), free, n=1, cutoff=0.8)
        if near:
            message = f"The column {name} is not used; did you mean {free[near[0]]}?"
            findings.append(Finding("column-unknown", "info", layer, message))
    return findings
