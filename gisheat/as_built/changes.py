"""What changed from one state of a map to the next, feature by feature and value by value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.as_built.matching import Geometry, Mask, Matches, match_lines, match_points
from gisheat.layers import Layers
from gisheat.schema import CHOICE_ALIASES, GEOMETRY, ID_COLUMN, WRITTEN, Column, columns

COMPARED = ("pipes", "stations", "sources", "valves", "pumps", "streets", "buildings", "areas")
"""Layers that are compared; nodes follow from them."""
ACTIONS = ("added", "removed", "moved", "redimensioned", "reattributed", "split", "merged", "recut")
DIMENSIONS = ("dn_mm", "outer_diameter_mm", "wall_mm", "inner_diameter_mm")
"""Columns whose change is another dimension of a pipe."""
FOLLOWING = ("parent_id", "from_node", "to_node", "ring", "governed_by", "node_id", "pipe_id")
"""Columns that follow from the drawing, or say where something came from: no change of their own."""
COMPUTED = {"load_source": ("load_kw", "flow_t_h", "heat_index_w_m2", "valve_kv_m3_h")}
"""Columns that a result computes, by the column that tells a result."""
SAME_NUMBER = 1e-9
"""Relative difference that the conversion of a unit can make."""


@dataclass(frozen=True)
class Changes:
    """What changed between two states in one CRS."""

    features: gpd.GeoDataFrame
    """A row for each feature and action: layer, action, feature_id, old_fid, new_fid, old_id, new_id, distance_m,
    confidence, matched_by (id, place), detail; where it is now, or was."""
    attributes: pd.DataFrame
    """A row for each changed value: layer, feature_id, old_fid, new_fid, column, old_value, new_value, as text."""
    unchanged: int
    """Features that are as they were."""


def find_changes(old: Layers, new: Layers, *, tolerance: float) -> Changes:
    """Compare two states, layer by layer.

    Parameters
    ----------
    old, new : Layers
        In one CRS; ids are text.
    tolerance : float
        Distance [m] that digitising alone makes: what moved less did not move.
    """
    found = [
        _of_layer(layer, old.get(layer), new.get(layer), tolerance)
        for layer in COMPARED
        if layer in old or layer in new
    ]
    features = pd.concat([f for f, _, _ in found], ignore_index=True) if found else _features([])
    values = pd.concat([v for _, v, _ in found], ignore_index=True) if found else _values([])
    crs = new.crs if new.crs is not None else old.crs
    return Changes(gpd.GeoDataFrame(features, geometry="geometry", crs=crs), values, sum(n for *_, n in found))


def _of_layer(
    layer: str, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, tolerance: float
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    matches = match_features(layer, old, new, tolerance)
    rows = _Rows(layer, old, new, _text(old, ID_COLUMN[layer]), _text(new, ID_COLUMN[layer]), matches)
    gone, come = np.ones(len(old), bool), np.ones(len(new), bool)
    gone[matches.old], come[matches.new] = False, False
    values = _changed_values(rows, tolerance)
    details = _details(values, len(matches))
    one = matches.kind == "one"
    drawn = one & _drawn_since(old, new, matches)
    moved = one & (matches.distance > tolerance) | drawn
    said = ["it had no geometry" if first else f"{d:.2f} m" for first, d in
            zip(drawn[moved].tolist(), matches.distance[moved].tolist(), strict=True)]  # fmt: skip
    parts = [
        rows.alone("added", np.flatnonzero(come), is_new=True),
        rows.alone("removed", np.flatnonzero(gone), is_new=False),
        rows.pairs("moved", moved, said),
        *(rows.pairs(action, texts != "", texts[texts != ""]) for action, texts in details.items()),
        *(rows.regrouped(kind) for kind in ("split", "merged", "recut")),
    ]
    changed = moved | ~one
    for texts in details.values():
        changed |= texts != ""
    return pd.concat(parts, ignore_index=True), values.drop(columns="pair"), int((~changed).sum())


def _drawn_since(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, matches: Matches) -> Mask:
    """Pairs of which only the new feature has a geometry."""
    nowhere, there = (shapely.is_missing(t.geometry.to_numpy()) | shapely.is_empty(t.geometry.to_numpy())
                      for t in (old, new))  # fmt: skip
    return np.asarray(nowhere[matches.old] & ~there[matches.new], bool)


def match_features(layer: str, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, tolerance: float) -> Matches:
    """Pairs of features of a layer, by identifier and by place."""
    old_id, new_id = _text(old, ID_COLUMN[layer]), _text(new, ID_COLUMN[layer])
    before, after = _geometry(old), _geometry(new)
    if GEOMETRY[layer] == "line":
        return match_lines(before, after, old_id, new_id, tolerance=tolerance, parent=_text(new, "parent_id"))
    if GEOMETRY[layer] == "point":
        return match_points(before, after, old_id, new_id, tolerance=tolerance)
    found = match_points(shapely.centroid(before), shapely.centroid(after), old_id, new_id, tolerance=tolerance)
    apart = shapely.hausdorff_distance(before[found.old], after[found.new])
    return replace(found, distance=np.nan_to_num(apart))


def _geometry(table: gpd.GeoDataFrame) -> Geometry:
    drawn = np.asarray(table.geometry.to_numpy(), object)
    return merged(
        np.asarray(shapely.force_2d(drawn), object) if (shapely.get_coordinate_dimension(drawn) > 2).any() else drawn
    )


def merged(lines: Geometry) -> Geometry:
    """Lines of several parts that meet as one line; with gaps they stay as they are."""
    lines = lines.copy()
    single = shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING
    if single.any():  # parts that meet are one line
        lines[single] = [shapely.line_merge(line) for line in lines[single]]
    return lines


def _text(table: pd.DataFrame, column: str) -> Geometry:
    """Values of a column as text, empty where there is none; whole numbers without a decimal point."""
    if column not in table:
        return np.full(len(table), "", object)
    values = table[column]
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("").str.strip().to_numpy(object)
    return np.asarray([_word(v).strip() for v in values.to_numpy(object).tolist()], object)


@dataclass(frozen=True)
class _Rows:
    """The two tables of a layer and their pairs; makes rows of the table of features."""

    layer: str
    old: gpd.GeoDataFrame
    new: gpd.GeoDataFrame
    old_id: Geometry
    new_id: Geometry
    matches: Matches

    @cached_property
    def names(self) -> Geometry:
        """Identifier of each pair: the new one, else the old one, else the feature id."""
        m = self.matches
        new, old = self.new_id[m.new], self.old_id[m.old]
        names = np.where(new != "", new, old)
        without = np.flatnonzero(names == "")
        names[without] = [str(fid) for fid in self.new.index.to_numpy()[m.new[without]].tolist()]
        return names

    def alone(self, action: str, rows: np.ndarray, *, is_new: bool) -> pd.DataFrame:
        """Features without a partner."""
        table, ids = (self.new, self.new_id) if is_new else (self.old, self.old_id)
        fids = table.index.to_numpy()[rows]
        names = np.where(ids[rows] != "", ids[rows], fids.astype(str).astype(object))
        empty = np.full(len(rows), np.nan)
        blank = np.full(len(rows), "", object)
        return _features([(
            self.layer, action, names, *((empty, fids) if is_new else (fids, empty)),
            *((blank, ids[rows]) if is_new else (ids[rows], blank)), empty, np.ones(len(rows)), blank, blank,
            table.geometry.to_numpy()[rows],
        )])  # fmt: skip

    def pairs(self, action: str, mask: Mask, details: Iterable[str]) -> pd.DataFrame:
        """Pairs that something happened to, each with what is said of it; where it is now, else where it was."""
        m, pair = self.matches, np.flatnonzero(mask)
        before, after = m.old[pair], m.new[pair]
        drawn = self.new.geometry.to_numpy()[after]
        lost = shapely.is_missing(drawn)
        drawn[lost] = self.old.geometry.to_numpy()[before[lost]]
        return _features([(
            self.layer, action, self.names[pair], self.old.index.to_numpy()[before].astype(float),
            self.new.index.to_numpy()[after].astype(float), self.old_id[before], self.new_id[after],
            m.distance[pair], m.confidence[pair], np.where(m.by_id[pair], "id", "place").astype(object),
            np.asarray([*details], object), drawn,
        )])  # fmt: skip

    def regrouped(self, kind: str) -> pd.DataFrame:
        """Lines that were cut or joined, a row for each pair; the detail names the partner."""
        m, mask = self.matches, self.matches.kind == kind
        old, new = self.old_id[m.old[mask]], self.new_id[m.new[mask]]
        return self.pairs(kind, mask, [f"{a or '?'} -> {b or '?'}" for a, b in zip(old, new, strict=True)])


_FEATURE_COLUMNS = (
    "layer", "action", "feature_id", "old_fid", "new_fid", "old_id", "new_id", "distance_m", "confidence", "matched_by",
    "detail", "geometry",
)  # fmt: skip
_VALUE_COLUMNS = ("layer", "feature_id", "old_fid", "new_fid", "column", "old_value", "new_value", "pair")


def _features(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    frames = [pd.DataFrame(dict(zip(_FEATURE_COLUMNS, row, strict=True))) for row in rows]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_FEATURE_COLUMNS)


def _values(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    frames = [pd.DataFrame(dict(zip(_VALUE_COLUMNS, row, strict=True))) for row in rows]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_VALUE_COLUMNS)


def _changed_values(rows: _Rows, tolerance: float) -> pd.DataFrame:
    """Changed values, column by column, with the number of their pair."""
    m, known = rows.matches, columns(rows.layer)
    found = []
    for column in compared_columns(rows.layer, rows.old, rows.new):
        before, after = rows.old[column].iloc[m.old], rows.new[column].iloc[m.new]
        differs = values_differ(before, after, known.get(column))
        if column == "length_m" and differs.any():  # follows from the line, where it says what the line does
            differs &= (m.kind == "one") & ~_explained(before, after, rows, tolerance)
        at = np.flatnonzero(differs)
        if len(at):
            fids = (rows.old.index.to_numpy()[m.old[at]], rows.new.index.to_numpy()[m.new[at]])
            texts = [np.asarray([_word(v) for v in side.iloc[at].to_numpy(object)], object) for side in (before, after)]
            found.append((rows.layer, rows.names[at], *fids, column, *texts, at))
    return _values(found)


def compared_columns(layer: str, old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Columns of both that somebody states: the contract's inputs, and the user's own."""
    known = columns(layer)
    skipped = {ID_COLUMN[layer], "geometry", *FOLLOWING}
    for told_by, computed in COMPUTED.items():
        if told_by in old or told_by in new:
            skipped.update(computed)
    return [
        name
        for name in old.columns
        if name in new.columns
        and name not in skipped
        and not name.startswith(WRITTEN)
        and (name not in known or known[name].is_input)
    ]


def _explained(before: pd.Series, after: pd.Series, rows: _Rows, tolerance: float) -> Mask:
    """Whether a difference of lengths is that of the lines, or what digitising makes."""
    m = rows.matches
    drawn = [shapely.length(t.geometry.to_numpy())[i] for t, i in ((rows.old, m.old), (rows.new, m.new))]
    stated = [pd.to_numeric(side, errors="coerce").to_numpy(float, na_value=np.nan) for side in (before, after)]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(stated[1] - stated[0] - (drawn[1] - drawn[0])) <= 2.0 * tolerance, bool)


def values_differ(before: Any, after: Any, column: Column | None = None) -> Mask:
    """Where two arrays or columns, row beside row, say something else.

    An empty text is no value; numbers are compared as numbers, texts without the blanks around them; two words for one
    choice of a column of the contract, as existing and 现状, say the same.
    """
    differs = np.zeros(len(before), bool)
    look = np.arange(len(before))
    if isinstance(before, pd.Series) and isinstance(after, pd.Series):
        if before.dtype == after.dtype and before.dtype != object:  # most rows are the same to the bit
            same = before.reset_index(drop=True).eq(after.reset_index(drop=True)).to_numpy(bool, na_value=False)
            look = np.flatnonzero(~(same | (before.isna().to_numpy() & after.isna().to_numpy())))
        before, after = (side.iloc[look].to_numpy(object) for side in (before, after))
    sides = [np.asarray(side, object) for side in (before, after)]
    if column is not None and column.choices:
        sides = [np.asarray([_choice(value) for value in side], object) for side in sides]
    if len(look):
        differs[look] = _say_else(*sides)
    return differs


def _choice(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else value
    return CHOICE_ALIASES.get(word, word)


def _say_else(before: Geometry, after: Geometry) -> Mask:
    empty = [np.asarray(pd.isna(values)) | (values == "") for values in (before, after)]
    both = ~empty[0] & ~empty[1]
    differs = empty[0] != empty[1]
    numbers = [pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float) for values in (before, after)]
    numeric = both & ~np.isnan(numbers[0]) & ~np.isnan(numbers[1])
    scale = np.maximum(np.abs(numbers[0]), np.abs(numbers[1]))
    with np.errstate(invalid="ignore"):
        differs |= numeric & (np.abs(numbers[0] - numbers[1]) > SAME_NUMBER * scale)
    words = np.flatnonzero(both & ~numeric)
    texts = [[str(value).strip() for value in side[words].tolist()] for side in (before, after)]
    differs[words] |= np.asarray([a != b for a, b in zip(*texts, strict=True)], bool)
    return np.asarray(differs, bool)


def _word(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.15g}" if isinstance(value, float | np.floating) else str(value)


def _details(values: pd.DataFrame, pairs: int) -> dict[str, Geometry]:
    """What is said of each pair's changed values, as in dn_mm: 600 -> 700, by action; empty where nothing is.

    Another dimension is one action, other values of other columns are another.
    """
    dimension = values["column"].isin(DIMENSIONS)
    found = {}
    for action, part in (("redimensioned", values[dimension]), ("reattributed", values[~dimension])):
        said: dict[int, list[str]] = {}
        cells = (part[name].tolist() for name in ("pair", "column", "old_value", "new_value"))
        for pair, column, before, after in zip(*cells, strict=True):
            said.setdefault(pair, []).append(f"{column}: {before or '?'} -> {after or '?'}")
        found[action] = np.full(pairs, "", object)
        found[action][[*said]] = ["; ".join(texts) for texts in said.values()]
    return found
