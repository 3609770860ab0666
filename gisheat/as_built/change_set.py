"""A change set: what is proposed to a base, row by row, to be read, edited and approved before it is merged."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisheat.as_built.stores import Kind
from gisheat.errors import InputError
from gisheat.layers.files import column_names, layer_names, read_table
from gisheat.layers.measures import with_measures
from gisheat.places import Place
from gisheat.schema import GEOMETRY

FEATURES = {"proposed_lines": "line", "proposed_points": "point", "proposed_areas": "polygon"}
"""Layer of a change set -> geometry of its features."""
VALUES = "proposed_values"
FEATURE_COLUMNS = (
    "change_id", "group_id", "approved", "conflict", "layer", "action", "edit", "feature_id", "base_fid", "base_id",
    "new_id", "from_fid", "distance_m", "confidence", "matched_by", "detail", "base_state", "geometry",
)  # fmt: skip
VALUE_COLUMNS = (
    "change_id", "approved", "conflict", "layer", "feature_id", "base_fid", "column", "base_value", "new_value", "type",
)  # fmt: skip
_LARGEST_FID = 2.0**53
_NUMBERS = ("base_fid", "from_fid", "distance_m", "confidence")
DRAWN = frozenset(("added", "moved", "split", "merged", "recut"))
"""Actions that write a geometry."""
_YES = ("true", "1", "1.0", "t", "yes", "y", "on", "x", "✓", "√", "是", "对", "真", "同意", "批准")
_NO = ("false", "0", "0.0", "f", "no", "n", "off", "", "×", "否", "不", "假", "不同意", "不批准")
"""What people write for approved and not approved; nothing at all is not approved."""


@dataclass(frozen=True)
class ChangeSet:
    """Proposed changes, in the CRS of the base.

    What is written is what stands here: geometries are joined to the base already, values are in the base's own columns
    and units.
    """

    features: gpd.GeoDataFrame
    """A row for each change of a feature, FEATURE_COLUMNS: `edit` says what happens to the base's row `base_fid`
    (insert, update, delete); a new row has the values of the row `from_fid`, where there is one; rows of one `group_id`
    go together; `base_state` is a hash of what the base has there, which must not have changed when it is merged;
    `conflict` says why a row is not approved by itself."""
    attributes: pd.DataFrame
    """A row for each value, VALUE_COLUMNS: as text, empty for none; `type` is that of a column the base lacks."""


def empty_features(crs: Any) -> gpd.GeoDataFrame:
    """No changes."""
    return gpd.GeoDataFrame({name: [] for name in FEATURE_COLUMNS}, geometry="geometry", crs=crs)


def change_set_layers(changes: ChangeSet) -> dict[str, pd.DataFrame]:
    """The change set as layers and a table; areas only where there are any."""
    features = changes.features
    kind = features["layer"].map(GEOMETRY)
    found: dict[str, pd.DataFrame] = {}
    for layer, geometry in FEATURES.items():
        part = features[kind == geometry].reset_index(drop=True)
        if len(part) or layer != "proposed_areas":
            found[layer] = gpd.GeoDataFrame(_typed(part, FEATURE_COLUMNS), geometry="geometry", crs=features.crs)
    return found | {VALUES: _typed(changes.attributes.reset_index(drop=True), VALUE_COLUMNS)}


def is_change_set(place: Place) -> bool:
    """Tell whether a place holds a change set, or what is left of one."""
    if place.suffix.lower() == ".toml":
        return False
    names = layer_names(place)
    return VALUES in names or any(n in names and "change_id" in column_names(f"{place}|{n}") for n in FEATURES)


def read_change_set(place: Place) -> ChangeSet:
    """A change set as it was written, and perhaps edited since.

    Raises
    ------
    InputError
        If a column is missing, a layer has another name, two rows have one `change_id`, one value of it is there twice,
        or a row is neither approved nor not.
    """
    names, tables = layer_names(place), []
    for name in names:  # what it holds would be left out without a word
        if name not in FEATURES and {"change_id", "group_id", "base_state"} <= {*column_names(f"{place}|{name}")}:
            raise InputError(
                f"{place}: the layer {name} is one of a change set ({', '.join(FEATURES)}) under another name: give it"
                " its own again, or remove it."
            )
    for layer in FEATURES:
        if layer in names:
            table, _ = with_measures(layer, f"{place}|{layer}", read_table(layer, f"{place}|{layer}"))
            tables.append(_checked(table, FEATURE_COLUMNS, f"{place}|{layer}"))
    if not tables or VALUES not in names:
        missing = f"table {VALUES} is" if tables else f"layers {', '.join(FEATURES)} are"
        raise InputError(f"{place} is no whole change set: the {missing} missing; were they given other names?")
    crs = next((table.crs for table in tables if table.crs is not None), None)
    kept = [table for table in tables if len(table)]
    features = gpd.GeoDataFrame(pd.concat(kept, ignore_index=True), crs=crs) if kept else empty_features(crs)
    doubled = features["change_id"][features["change_id"].duplicated()]
    if len(doubled):
        raise InputError(f"{place}: two rows have the change_id {doubled.iloc[0]!r}: remove one of them.")
    values = _checked(read_table("summary", f"{place}|{VALUES}"), VALUE_COLUMNS, f"{place}|{VALUES}")
    approved = values[values["approved"]]
    twice = approved[approved.duplicated(["change_id", "column"])]
    if len(twice):
        first = twice.iloc[0]
        raise InputError(
            f"{place}: {VALUES} has two approved values of {first['column']} for {first['change_id']!r}: remove one."
        )
    return ChangeSet(features, values)


def _checked(table: Any, wanted: tuple[str, ...], where: str) -> Any:
    """The columns of a change set in their types."""
    missing = [name for name in wanted if name not in table]
    if missing:
        raise InputError(f"{where}: the column {missing[0]} is missing; it belongs to every change set.")
    table = table[list(wanted)].reset_index(drop=True)
    said = table["approved"].map(_is_true)
    for row in np.flatnonzero(said.isna().to_numpy()).tolist():
        raise InputError(
            f"{where}: approved of {table['change_id'][row]!r} is {table['approved'][row]!r}, which is neither yes nor"
            " no: tick or untick it."
        )
    return _typed(table, wanted)


def _typed(table: Any, names: tuple[str, ...]) -> Any:
    found = table.copy()
    for name in names:
        if name == "geometry":
            continue
        if name in _NUMBERS:
            found[name] = pd.to_numeric(found[name], errors="coerce").astype(float)
            if name.endswith("_fid"):  # what somebody typed that is no whole number is no feature
                whole = (found[name] % 1.0 == 0.0) & (found[name].abs() < _LARGEST_FID)
                found[name] = found[name].where(whole).astype("Int64")
        elif name == "approved":
            found[name] = found[name].map(_is_true).astype(bool)
        else:  # a number that somebody made of a text is written as the base's are
            found[name] = found[name].astype(object).where(found[name].notna(), "").map(written)
    return found


def _is_true(value: Any) -> bool | None:
    """Whether a cell says yes, None where it says neither yes nor no."""
    word = "" if pd.isna(value) else str(value).strip().lower()
    return True if word in _YES else False if word in _NO else None


def rows_of_group(group_id: str) -> int:
    """How many rows a group has, which its name ends in; 0 where it does not say, as in earlier change sets.

    >>> rows_of_group("pipes:12:split:3"), rows_of_group("pipes:12:split")
    (3, 0)
    """
    last = group_id.rpartition(":")[2]
    return int(last) if last.isdigit() and group_id.count(":") > 2 else 0


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


# values as text --------------------------------------------------------------------------------------------


def written(value: Any) -> str:
    """A stored value as text that `stored` reads again, to the last digit; empty for none.

    >>> written(0.1 + 0.2), written(600.0), written(None), written(True)
    ('0.30000000000000004', '600', '', '1')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, float | np.floating):
        return repr(float(value)).removesuffix(".0")
    return str(value)


def stored(text: str, kind: Kind, width: int = 0, decimals: int | None = None) -> Any:
    """A text as a store keeps it in a column of a kind, None for an empty one; rounded as the column rounds it.

    Raises
    ------
    ValueError
        If it does not fit: says why.

    Examples
    --------
    >>> stored("219", "int"), stored("0.5", "float"), stored("DN200", "text"), stored("", "text")
    (219, 0.5, 'DN200', None)
    >>> stored("207.05", "float", decimals=1), stored("0.123456789", "single")
    (207.1, 0.12345679)
    """
    if text == "" or kind in ("date", "datetime"):
        return text or None
    if kind == "text":
        if width and len(text) > width:
            raise ValueError(f"{text!r} is longer than the {width} characters of the column")
        return text
    if kind == "blob":
        return bytes.fromhex(text.removeprefix("0x"))
    number = _number(text, kind)
    return number if decimals is None or kind != "float" else _rounded(number, decimals)


def _rounded(number: float, decimals: int) -> float:
    """A number as a column of decimals rounds what is written of it: halves go away from zero."""
    exact = Decimal(repr(number))
    return float(exact.scaleb(decimals).to_integral_value(ROUND_HALF_UP).scaleb(-decimals)) + 0.0  # never -0


def _number(text: str, kind: Kind) -> Any:
    """A number, or true or false as 1 and 0."""
    if kind == "bool":
        said = _is_true(text)
        if said is None:
            raise ValueError(f"{text!r} is neither true nor false")
        return int(said)
    try:
        number = float(text)
    except ValueError:
        if kind == "any":
            return text
        raise ValueError(f"{text!r} is no number, as the column wants") from None
    if not np.isfinite(number):
        raise ValueError(f"{text!r} is no finite number")
    if kind == "single":
        return float(str(np.float32(number)))
    if kind != "int":
        return number
    if not number.is_integer():
        raise ValueError(f"{text} is no whole number, as the column wants")
    return int(text) if text.lstrip("+-").isdigit() else int(number)
