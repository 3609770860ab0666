"""Which rows of a result stand for which features of the base."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.schema import ID_COLUMN
from gisheat.write_back.bases import BaseLayer
from gisheat.write_back.solved import RESULT_OF, Solved

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

OF_STREETS = ("routed",)
"""What the lineage calls the rows of pipes that lie in streets."""
NOT_ITS_OWN = ("connected", "dropped")
"""What it calls rows that do not stand for a feature."""
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Joined:
    """Rows of the result for features of the base, as pairs of positions.

    `share` is how much of the row lies on the feature, `sign` is -1 where it runs the other way.
    """

    layer: str
    feature: Index
    row: Index
    share: NDArray[np.float64]
    sign: NDArray[np.float64]
    by_fid: int = 0
    """Features that only their feature id joins, though the base has changed."""

    @property
    def features(self) -> Index:
        """Features that have any row."""
        return np.unique(self.feature)


def join_layer(base: BaseLayer, solved: Solved, *, unchanged: bool) -> Joined:
    """Join a layer of the base with the rows of a result that stand for its features.

    Parameters
    ----------
    base : BaseLayer
        Layer of the base as it is now.
    solved : Solved
        Result.
    unchanged : bool
        The layer is as it was when the result was solved: its feature ids say which feature is which. Else
        identifiers do, and feature ids only where there are none, and none of those that have one contradicts.
    """
    target = RESULT_OF.get(base.layer, base.layer)
    table = solved.tables.get(target, pd.DataFrame({ID_COLUMN[target]: []}))
    by_lineage = _by_lineage(base, solved, target, table) if len(solved.lineage) else None
    if unchanged and by_lineage is not None:
        found, made = by_lineage[["feature", "row"]], 0
    else:
        found, made = _by_identifier(base, target, table, by_lineage)
    pairs = found.drop_duplicates().sort_values(["feature", "row"], kind="stable")
    feature, row = pairs["feature"].to_numpy(np.int64), pairs["row"].to_numpy(np.int64)
    share, sign = _along(base, solved, target, feature, row)
    return Joined(base.layer, feature, row, share, sign, made)


def new_rows(joined: Joined, count: int) -> int:
    """Number of rows of a result layer that stand for no feature of the base."""
    return count - len(np.unique(joined.row))


def _by_lineage(base: BaseLayer, solved: Solved, target: str, table: pd.DataFrame) -> pd.DataFrame:
    """Pairs that the lineage names, by feature id."""
    told = solved.lineage
    told = told[(told["source_layer"] == base.layer) & (told["result_layer"] == target)]
    wanted = told["action"].isin(OF_STREETS) if base.layer == "streets" else ~told["action"].isin(NOT_ITS_OWN)
    told = told[wanted]
    feature = pd.Index(base.fids).get_indexer(pd.Index(told["source_fid"].to_numpy(np.int64)))
    row = _rows_named(table[ID_COLUMN[target]]).get_indexer(pd.Index(told["result_id"].to_numpy(object)))
    pairs = pd.DataFrame({"feature": feature, "row": row, "action": told["action"].to_numpy()})
    return pairs[(pairs["feature"] >= 0) & (pairs["row"] >= 0)]


def _rows_named(ids: pd.Series) -> pd.Index:
    """Identifiers of a result, of doubled ones (there should be none) the first."""
    names = ids.astype(object).to_numpy()
    again = pd.Series(names).duplicated().to_numpy() | pd.isna(names)
    return (
        pd.Index([None if twice else name for name, twice in zip(names, again, strict=True)], dtype=object)
        if (again.any())
        else pd.Index(names, dtype=object)
    )


def _by_identifier(
    base: BaseLayer, target: str, table: pd.DataFrame, by_lineage: pd.DataFrame | None
) -> tuple[pd.DataFrame, int]:
    """Pairs whose identifiers agree, with those that feature ids name; and how many features these alone have joined.

    Where identifiers contradict feature ids, those are no longer what they were, and tell nothing.
    """
    feature = _features_named(base, pd.Index(base.ids, dtype=object), target, table)
    pairs = pd.DataFrame({"feature": feature, "row": np.arange(len(table))})
    pairs = pairs[pairs["feature"] >= 0]
    if by_lineage is None:
        return pairs, 0
    sure = pairs[~base.made[pairs["feature"]]]
    if _contradicts(by_lineage, sure):
        return sure, 0
    by_lineage = by_lineage[["feature", "row"]]
    lone = by_lineage.loc[~by_lineage["feature"].isin(sure["feature"]), "feature"].nunique()
    return pd.concat([sure, by_lineage], ignore_index=True), int(lone)


def _contradicts(by_lineage: pd.DataFrame, sure: pd.DataFrame) -> bool:
    """Whether a feature finds other rows by its feature id than by its identifier, or rows that another one names."""
    told = by_lineage[by_lineage["feature"].isin(sure["feature"])]
    agreeing = told.merge(sure, on=["feature", "row"])["feature"]
    named = by_lineage[by_lineage["action"] != "merged"].merge(sure, on="row", suffixes=("", "_named"))
    return bool(not told["feature"].isin(agreeing).all() or (named["feature"] != named["feature_named"]).any())


def _features_named(base: BaseLayer, names: pd.Index, target: str, table: pd.DataFrame) -> Index:
    """Feature of the base that each row of the result names by its identifier or its parent's; -1 where none."""
    if not names.is_unique:
        names = pd.Index([n if not d else None for n, d in zip(names, names.duplicated(), strict=True)], dtype=object)
    if base.layer == "streets":
        tried = [table["street_id"]] if "street_id" in table else []
    elif base.layer == "buildings":
        return np.full(len(table), -1, np.int64)  # stations do not name their buildings
    else:
        tried = [table[ID_COLUMN[target]], *([table["parent_id"]] if "parent_id" in table else [])]
    found = np.full(len(table), -1, np.int64)
    for column in tried:
        words = column.astype(object).where(column.notna(), "").to_numpy(object)
        while (found < 0).any():
            left = np.flatnonzero((found < 0) & (words != ""))
            found[left] = names.get_indexer(pd.Index(words[left], dtype=object)) if len(left) else found[left]
            if column.name == ID_COLUMN[target] or not len(left):
                break
            words = np.array([_parent(word) for word in words], object)
    return found


def _parent(name: str) -> str:
    """What X.1 is a part of; empty for what is no part of anything."""
    return re.sub(r"\.\d+$", "", name) if re.search(r"\.\d+$", name) else ""


def _along(
    base: BaseLayer, solved: Solved, target: str, feature: Index, row: Index
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of each row that lies on its feature, and whether they run the same way.

    Parts of one feature lie on it as they were drawn; what was made of several lines is measured on the map.
    """
    share, sign = np.ones(len(row)), np.ones(len(row))
    if base.layer not in ("pipes", "streets") or not len(row):
        return share, sign
    table = solved.tables[target]
    several = np.bincount(row, minlength=len(table))[row] > 1
    merged = table["repaired"].to_numpy(object)[row] == "merged" if "repaired" in table else several
    k = np.flatnonzero(several | merged | (base.layer == "streets"))
    if not len(k):
        return share, sign
    drawn, made = base.lines(feature[k]), solved.lines(target, row[k])
    if drawn.crs is not None and made.crs is not None and not made.crs.equals(drawn.crs, ignore_axis_order=True):
        drawn = drawn.to_crs(made.crs)
    share[k], sign[k] = overlap(drawn.to_numpy(), made.to_numpy())
    return share, sign


def overlap(drawn: NDArray[np.object_], made: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of made lines that lies on drawn ones, 0 to 1, and -1 where it runs against them.

    Ends of the shorter line are looked for along the longer one.
    """
    drawn, made = shapely.line_merge(drawn), shapely.line_merge(made)
    length, whole = shapely.length(drawn), shapely.length(made)
    inside = whole <= length
    short, long = np.where(inside, made, drawn), np.where(inside, drawn, made)
    at = [_locate(long, short, end) for end in (0, -1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        stretch = np.abs(at[1] - at[0])
        share = np.where(inside, 1.0, np.where(stretch > LEAST_SHARE * whole, stretch, length) / whole)
    return np.clip(np.nan_to_num(share, nan=1.0), 0.0, 1.0), np.where(at[1] < at[0], -1.0, 1.0)


def _locate(line: NDArray[np.object_], other: NDArray[np.object_], end: int) -> NDArray[np.float64]:
    """Distance along lines of an end of the others; NaN where one is no simple line."""
    return np.asarray(shapely.line_locate_point(line, shapely.get_point(other, end)), float)
