"""Findings: what is wrong, doubtful or worth knowing about the data, with a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely

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


def count_by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Count the findings of each severity; all three keys are always there."""
    counted = Counter(f.severity for f in findings)
    return {"error": counted["error"], "warning": counted["warning"], "info": counted["info"]}


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(f.severity == "error" for f in findings)
