"""Findings: what is wrong, doubtful or worth knowing about the data, with a place."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import numpy as np
import shapely

from gisheat.schema import Language

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one feature (or in a whole layer, when `source_fid` is None).

    `point` is in the CRS of the result [m]; `distance` is what the finding is about [m].
    """

    rule: str
    severity: Severity
    layer: str
    message: str
    source_fid: int | None = None
    other_fid: int | None = None
    point: tuple[float, float] | None = None
    distance: float | None = None
    repair: str = ""
    applied: bool = False


def points_of(table: Any) -> list[tuple[float, float] | None]:
    """A point on each feature of a GeoDataFrame [m]: middle of a line, the point, inside a polygon; None without."""
    if "geometry" not in table or not len(table):
        return [None] * len(table)
    geometry = table.geometry.to_numpy()
    is_line = shapely.get_dimensions(geometry) == 1
    on_line = shapely.line_interpolate_point(np.where(is_line, geometry, None), 0.5, normalized=True)
    places = np.where(is_line, on_line, shapely.point_on_surface(np.where(is_line, None, geometry)))
    x, y = shapely.get_x(places), shapely.get_y(places)
    return [(float(a), float(b)) if np.isfinite(a) and np.isfinite(b) else None for a, b in zip(x, y, strict=True)]


def findings_about(
    table: Any, rule: str, severity: Severity, layer: str, messages: Iterable[str], *,
    distances: Iterable[float | None] | None = None, others: Iterable[int] | None = None, repair: str = "",
    applied: bool = False,
) -> list[Finding]:  # fmt: skip
    """One finding for each row of a GeoDataFrame, at the place of its feature.

    The feature id is the column source_fid where there is one, else the index; the layer is the column
    source_layer where there is one (pipes that were drawn to connect a station), else `layer`.
    """
    count = len(table)
    if not count:
        return []
    fids = table.get("source_fid", table.index)
    names = table["source_layer"] if "source_layer" in table else [layer] * count
    far = [None] * count if distances is None else distances
    other = [None] * count if others is None else others
    rows = zip(names, messages, fids, other, points_of(table), far, strict=True)
    return [
        Finding(
            rule, severity, str(name), message, int(fid), None if o is None else int(o), point,
            None if d is None else float(d), repair, applied,
        )
        for name, message, fid, o, point, d in rows
    ]  # fmt: skip


class RuleWords(NamedTuple):
    """What a rule found, in a few words, and what to do about it, in a sentence."""

    title: str
    advice: str


@cache
def rule_words(language: Language) -> dict[str, RuleWords]:
    """Words for every rule that has a row in `data/findings.csv`."""
    text = (files("gisheat") / "data" / "findings.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["rule"]: RuleWords(row[f"title_{language}"], row[f"help_{language}"]) for row in rows}


def title(rule: str, language: Language) -> str:
    """What a rule found, in a few words; the rule itself where it has none."""
    known = rule_words(language).get(rule)
    return known.title if known else rule


def explained(table: Any, language: Language) -> Any:
    """A findings layer with the words of its rules in a language in its columns title and advice."""
    known, none = rule_words(language), RuleWords("", "")
    titles = [title(rule, language) for rule in table["rule"]]
    advice = [known.get(rule, none).advice or None for rule in table["rule"]]
    return table.assign(title=np.array(titles, object), advice=np.array(advice, object))


def count_by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Count the findings of each severity; all three keys are always there."""
    counted = Counter(f.severity for f in findings)
    return {"error": counted["error"], "warning": counted["warning"], "info": counted["info"]}


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(f.severity == "error" for f in findings)
