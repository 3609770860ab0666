"""One value for a drawn feature of the values of its parts: the rule of each column is data (`data/part_rules.csv`)."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rule = Literal["sum", "largest", "any", "same"]
Index = NDArray[np.int64]
Array = NDArray[np.float64]


class PartRule(NamedTuple):
    """How the values of parts become one, and whether the sign follows the direction of the line."""

    rule: Rule
    signed: bool


AGREEING = PartRule("same", signed=False)
"""The rule of columns that the table does not name: the value where all parts agree, else none."""


@cache
def part_rules(layer: str) -> dict[str, PartRule]:
    """Rule of each column of a layer that the table names."""
    text = (files("gisheat") / "data" / "part_rules.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["layer"] == layer]
    return {row["column"]: PartRule(row["rule"], row["signed"] == "yes") for row in rows}  # type: ignore[arg-type]


def combine(
    values: pd.Series, owner: Index, count: int, rule: PartRule, share: Array, sign: Array
) -> NDArray[np.object_]:
    """One value for each drawn feature, None where none of its parts has any.

    Parameters
    ----------
    values : Series, shape (parts,)
        Values of the parts, in any unit.
    owner : int array, shape (parts,)
        Feature that each part belongs to, ascending.
    count : int
        Number of features.
    rule : PartRule
        sum adds the parts, each by its share; largest takes the one of the largest magnitude, with its sign; any is
        true where a part is; same is the value that all parts agree on.
    share : float array, shape (parts,)
        Share of the part that lies on the feature, 1 where it is a part of that feature alone.
    sign : float array, shape (parts,)
        -1 where the part runs against the feature.

    >>> parts = pd.Series([10.0, -30.0, 7.0])
    >>> combine(parts, np.array([0, 0, 2]), 3, PartRule("largest", True), np.ones(3), np.ones(3)).tolist()
    [-30.0, None, 7.0]
    """
    if rule.rule == "same":
        return _agreed(values, owner, count)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    known = np.flatnonzero(~np.isnan(numbers))
    numbers, owner, share, sign = numbers[known], owner[known], share[known], sign[known]
    if rule.signed:
        numbers = numbers * sign
    found = np.full(count, None, object)
    if not len(numbers):
        return found
    if rule.rule == "sum":
        total = np.bincount(owner, numbers * share, count)
        there = np.bincount(owner, minlength=count) > 0
        found[there] = np.round(total[there], 6) + 0.0
        return found
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    most, least = np.maximum.reduceat(numbers, first), np.minimum.reduceat(numbers, first)
    largest = np.where(most >= -least, most, least) + 0.0
    found[owner[first]] = largest.astype(bool) if rule.rule == "any" else largest
    return found


def _agreed(values: pd.Series, owner: Index, count: int) -> NDArray[np.object_]:
    """The value that all parts with one have in common."""
    known = values.notna().to_numpy()
    code, different = pd.factorize(values[known])
    owner = owner[known]
    least, most = np.full(count, len(different)), np.full(count, -1)
    np.minimum.at(least, owner, code)
    np.maximum.at(most, owner, code)
    agreed = np.flatnonzero(least == most)
    found = np.full(count, None, object)
    found[agreed] = np.asarray(different, object)[most[agreed]]
    return found
