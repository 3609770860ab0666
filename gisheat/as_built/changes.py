"""What changed from one state of a map to the next, feature by feature and value by value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.as_built.matching import Geometry, Mask, Matches, match_lines, match_points
from gisheat.layers import Layers
from gisheat.schema import GEOMETRY, ID_COLUMN, WRITTEN, columns

COMPARED = ("pipes", "stations", "sources", "valves", "pumps", "streets", "buildings", "areas")
"""Layers that are compared; nodes follow from them."""
ACTIONS = ("added", "removed", "moved", "redimensioned", "reattributed", "split", "merged", "recut")
DIMENSIONS = ("dn_mm", "outer_diameter_mm", "wall_mm", "inner_diameter_mm")
"""Columns whose change is another dimension of a pipe."""
FOLLOWING = ("parent_id", "from_node", "to_node", "ring", "governed_by", "node_id", "pipe_id")
"""Columns that follow from the drawing, or say where something came from: no change of their own."""
COMPUTED = {"load_source": ("load_kw", "flow_t_h", "heat_index_w_m2")}
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
    old_id, new_id = _ids(layer, old), _ids(layer, new)
    rows = _Rows(layer, old, new, old_id, new_id, matches)
    gone = np.setdiff1d(np.arange(len(old)), matches.old)
    come = np.setdiff1d(np.arange(len(new)), matches.new)
    values = _changed_values(rows, tolerance)
    one = matches.kind == "one"
    touched = _touched(values, rows)
    parts = [
        rows.alone("added", come, is_new=True),
        rows.alone("removed", gone, is_new=False),
        rows.pairs("moved", one & (matches.distance > tolerance), "{:.2f} m"),
        rows.pairs("redimensioned", touched["redimensioned"], ""),
        rows.pairs("reattributed", touched["reattributed"], ""),
        *(rows.regrouped(kind) for kind in ("split", "merged", "recut")),
    ]
    features = pd.concat(parts, ignore_index=True)
    features = _with_details(features, values)
    changed = (one & (matches.distance > tolerance)) | touched["redimensioned"] | touched["reattributed"] | ~one
    return features, values, int((~changed).sum())


def match_features(layer: str, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, tolerance: float) -> Matches:
    """Pairs of features of a layer, by identifier and by place."""
    old_id, new_id = _ids(layer, old), _ids(layer, new)
    before, after = _geometry(old), _geometry(new)
    if GEOMETRY[layer] == "line":
        return match_lines(before, after, old_id, new_id, tolerance=tolerance, parent=_text(new, "parent_id"))
    if GEOMETRY[layer] == "point":
        return match_points(before, after, old_id, new_id, tolerance=tolerance)
    found = match_points(shapely.centroid(before), shapely.centroid(after), old_id, new_id, tolerance=tolerance)
    return replace(found, distance=shapely.hausdorff_distance(before[found.old], after[found.new]))


def _geometry(table: gpd.GeoDataFrame) -> Geometry:
    drawn = table.geometry.to_numpy()
    lines = np.asarray(shapely.force_2d(drawn), object)
    single = shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING
    if single.any():  # parts that meet are one line
        lines[single] = [shapely.line_merge(line) for line in lines[single]]
    return lines


def _text(table: pd.DataFrame, column: str) -> Geometry:
    if column not in table:
        return np.full(len(table), "", object)
    values = table[column]
    return np.asarray(values.astype(object).where(values.notna(), "").map(str), object)


def _ids(layer: str, table: pd.DataFrame) -> Geometry:
    return _text(table, ID_COLUMN[layer])


@dataclass(frozen=True)
class _Rows:
    """The two tables of a layer and their pairs; makes rows of the table of features."""

    layer: str
    old: gpd.GeoDataFrame
    new: gpd.GeoDataFrame
    old_id: Geometry
    new_id: Geometry
    matches: Matches

    def names(self) -> Geometry:
        """Identifier of each pair: the new one, else the old one, else the feature id."""
        m = self.matches
        new, old = self.new_id[m.new], self.old_id[m.old]
        fids = np.asarray(self.new.index.astype(str), object)[m.new]
        return np.where(new != "", new, np.where(old != "", old, fids))

    def alone(self, action: str, rows: np.ndarray, *, is_new: bool) -> pd.DataFrame:
        """Features without a partner."""
        table, ids = (self.new, self.new_id) if is_new else (self.old, self.old_id)
        fids = table.index.to_numpy()[rows]
        names = np.where(ids[rows] != "", ids[rows], fids.astype(str))
        empty = np.full(len(rows), np.nan)
        blank = np.full(len(rows), "", object)
        return _features([(
            self.layer, action, names, *((empty, fids) if is_new else (fids, empty)),
            *((blank, ids[rows]) if is_new else (ids[rows], blank)), empty, np.ones(len(rows)), blank, blank,
            table.geometry.to_numpy()[rows],
        )])  # fmt: skip

    def pairs(self, action: str, mask: Mask, detail: str) -> pd.DataFrame:
        """Pairs that something happened to."""
        m = self.matches
        text = [detail.format(d) if detail else "" for d in m.distance[mask].tolist()]
        return _features([(
            self.layer, action, self.names()[mask], self.old.index.to_numpy()[m.old[mask]].astype(float),
            self.new.index.to_numpy()[m.new[mask]].astype(float), self.old_id[m.old[mask]], self.new_id[m.new[mask]],
            m.distance[mask], m.confidence[mask], np.where(m.by_id[mask], "id", "place"), np.asarray(text, object),
            self.new.geometry.to_numpy()[m.new[mask]],
        )])  # fmt: skip

    def regrouped(self, kind: str) -> pd.DataFrame:
        """Lines that were cut or joined, a row for each pair; the detail names the partner."""
        m, mask = self.matches, self.matches.kind == kind
        found = self.pairs(kind, mask, "")
        old, new = self.old_id[m.old[mask]], self.new_id[m.new[mask]]
        found["detail"] = [f"{a or '?'} -> {b or '?'}" for a, b in zip(old, new, strict=True)]
        return found


_FEATURE_COLUMNS = (
    "layer", "action", "feature_id", "old_fid", "new_fid", "old_id", "new_id", "distance_m", "confidence", "matched_by",
    "detail", "geometry",
)  # fmt: skip
_VALUE_COLUMNS = ("layer", "feature_id", "old_fid", "new_fid", "column", "old_value", "new_value")


def _features(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    frames = [pd.DataFrame(dict(zip(_FEATURE_COLUMNS, row, strict=True))) for row in rows]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_FEATURE_COLUMNS)


def _values(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    frames = [pd.DataFrame(dict(zip(_VALUE_COLUMNS, row, strict=True))) for row in rows]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_VALUE_COLUMNS)


def _changed_values(rows: _Rows, tolerance: float) -> pd.DataFrame:
    m = rows.matches
    found = []
    for column in compared_columns(rows.layer, rows.old, rows.new):
        before, after = rows.old[column].to_numpy()[m.old], rows.new[column].to_numpy()[m.new]
        differs = values_differ(before, after)
        if column == "length_m":  # follows from the line, where it says what the line does
            differs &= (m.kind == "one") & ~_explained(before, after, rows, tolerance)
        at = np.flatnonzero(differs)
        if len(at):
            fids = (rows.old.index.to_numpy()[m.old[at]], rows.new.index.to_numpy()[m.new[at]])
            texts = [np.asarray([_word(v) for v in values[at]], object) for values in (before, after)]
            found.append((rows.layer, rows.names()[at], *fids, column, *texts))
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


def _explained(before: Any, after: Any, rows: _Rows, tolerance: float) -> Mask:
    """Whether a difference of lengths is that of the lines, or what digitising makes."""
    m = rows.matches
    drawn = [shapely.length(t.geometry.to_numpy())[i] for t, i in ((rows.old, m.old), (rows.new, m.new))]
    stated = np.asarray(after, float) - np.asarray(before, float)
    return np.asarray(np.abs(stated - (drawn[1] - drawn[0])) <= 2.0 * tolerance, bool)


def values_differ(before: Any, after: Any) -> Mask:
    """Which values of two arrays are not the same: numbers as numbers, texts without blanks around, empty as empty."""
    empty = [np.asarray(pd.isna(values)) | (np.asarray(values, object) == "") for values in (before, after)]
    both = ~empty[0] & ~empty[1]
    differs = empty[0] != empty[1]
    numbers = [pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float) for values in (before, after)]
    numeric = both & ~np.isnan(numbers[0]) & ~np.isnan(numbers[1])
    scale = np.maximum(np.abs(numbers[0]), np.abs(numbers[1]))
    with np.errstate(invalid="ignore"):
        differs |= numeric & (np.abs(numbers[0] - numbers[1]) > SAME_NUMBER * scale)
    words = both & ~numeric
    if words.any():
        texts = [pd.Series(np.asarray(v, object)[words]).map(str).str.strip().to_numpy() for v in (before, after)]
        differs[words] |= texts[0] != texts[1]
    return np.asarray(differs, bool)


def _word(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.15g}" if isinstance(value, float | np.floating) else str(value)


def _touched(values: pd.DataFrame, rows: _Rows) -> dict[str, Mask]:
    """Pairs with another dimension, and with another value of another column."""
    m = rows.matches
    keys = pd.MultiIndex.from_arrays([rows.old.index.to_numpy()[m.old], rows.new.index.to_numpy()[m.new]])
    dimension = values["column"].isin(DIMENSIONS)
    return {
        action: np.asarray(keys.isin(pd.MultiIndex.from_frame(part[["old_fid", "new_fid"]])), bool)
        if len(part)
        else np.zeros(len(m), bool)
        for action, part in (("redimensioned", values[dimension]), ("reattributed", values[~dimension]))
    }


def _with_details(features: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """The changed values of a feature as its detail, as in dn_mm: 600 -> 700."""
    if not len(values):
        return features
    action = np.where(values["column"].isin(DIMENSIONS), "redimensioned", "reattributed")
    before, after = (values[side].replace("", "?") for side in ("old_value", "new_value"))
    said = values["column"] + ": " + before + " -> " + after
    fids = values[["old_fid", "new_fid"]].astype(float)
    texts = said.groupby([action, fids["old_fid"], fids["new_fid"]]).agg("; ".join)
    keys = features[["action", "old_fid", "new_fid"]].astype({"old_fid": float, "new_fid": float})
    found = texts.reindex(pd.MultiIndex.from_frame(keys)).to_numpy()
    features["detail"] = np.where(pd.isna(found), features["detail"], found)
    return features
