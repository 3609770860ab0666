"""Findings: what is wrong, doubtful or worth knowing about the data, with a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

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


def count_by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """Count the findings of each severity; all three keys are always there."""
    counted = Counter(f.severity for f in findings)
    return {"error": counted["error"], "warning": counted["warning"], "info": counted["info"]}


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(f.severity == "error" for f in findings)
