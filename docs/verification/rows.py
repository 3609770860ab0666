"""Rows of the page: one figure against its reference, or one network against another program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from figures import Figure
from numpy.typing import NDArray
from reference import table

Array = NDArray[np.float64]
missed: list[str] = []
"""Sentences on the rows that miss their limits, in the order of the page; `make verify` ends with them."""


def deviation_text(row: Figure) -> str:
    """Deviation in percent or in the unit; what is only rounding is called so."""
    if abs(row.computed - row.reference) <= 1e-6 * abs(row.reference) or (row.reference == 0.0 and row.holds):
        return "rounding"
    return percent(row.deviation) if row.relative else f"{row.deviation:+.4g}"


def computed_text(row: Figure) -> str:
    """Write what was computed; in place of a nothing that is rounding the limit it keeps."""
    return f"below {row.limit:.0e}" if row.reference == 0.0 and row.holds else f"{row.computed:.6g}"


def limit_text(row: Figure) -> str:
    """Limit as it is written in the page."""
    return f"{row.limit * 100:.3g} %" if row.relative else f"{row.limit:.3g}"


def percent(value: float) -> str:
    """Write a share in percent with its sign, never as -0.00 %."""
    return f"{round(100.0 * value, 2) + 0.0:+.2f} %"


def comparison(rows: Sequence[Figure], reference: str) -> str:
    """Table of figures; those that miss their limit are remembered."""
    missed.extend(f"{row.name}: {row.computed:.6g}, not {row.reference:.6g}" for row in rows if not row.holds)
    cells = [
        (
            r.name,
            f"{r.reference:.6g}",
            computed_text(r),
            r.unit,
            deviation_text(r),
            limit_text(r) + mark(r.holds),
        )
        for r in rows
    ]
    return table(("what", reference, "computed", "unit", "deviation", "allowed"), cells)


def mark(holds: bool) -> str:
    """Mark of a row that misses its limit."""
    return "" if holds else " **missed**"


# networks -----------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """One network against another program: largest differences, what they are relative to, what is allowed."""

    name: str
    law: str
    nodes: int
    links: int
    head: float = math.nan
    """Largest difference of heads [m]."""
    head_range: float = math.nan
    flow: float = math.nan
    """Largest difference of mass flows [kg/s]."""
    largest_flow: float = math.nan
    head_limit: float = 1e-3
    """Allowed, as a share of the range of heads."""
    flow_limit: float = 1e-4
    """Allowed, as a share of the largest flow."""
    failure: str = ""
    """Why there is no comparison."""

    @property
    def holds(self) -> bool:
        """Whether both differences are within their limits."""
        return not self.failure and self.head_share <= self.head_limit and self.flow_share <= self.flow_limit

    @property
    def head_share(self) -> float:
        """Largest difference of heads relative to their range."""
        return self.head / self.head_range if self.head_range > 0.0 else self.head

    @property
    def flow_share(self) -> float:
        """Largest difference of flows relative to the largest flow."""
        return self.flow / self.largest_flow if self.largest_flow > 0.0 else self.flow

    def cells(self) -> tuple[object, ...]:
        """Cells of the table of networks."""
        first = (self.name, self.nodes, self.links, self.law)
        if self.failure:
            return (*first, f"**{self.failure}**", "", "", "", "", "", "")
        limits = ", ".join("none" if np.isinf(x) else f"{x:.2g}" for x in (self.head_limit, self.flow_limit))
        return (
            *first, f"{self.head_range:.4g}", small(self.head, 1e-4), small(self.head_share, 1e-6),
            f"{self.largest_flow:.4g}", small(self.flow, 1e-3), small(self.flow_share, 1e-6), limits + mark(self.holds),
        )  # fmt: skip


CASE_HEADS = (
    "network", "nodes", "links", "law", "head range [m]", "head off by [m]", "of the range", "largest flow [kg/s]",
    "flow off by [kg/s]", "of the largest", "allowed (shares)",
)  # fmt: skip


def small(value: float, least: float) -> str:
    """Write a difference with two digits; what is below `least` is rounding and differs from machine to machine."""
    if value < least:
        return f"below {least:.0e}".replace("e-0", "e-")
    return f"{value:.2g}" if value >= 1e-3 else f"{value:.1e}".replace("e-0", "e-")


def differences(head: Array, expected_head: Array, flow: Array, expected_flow: Array) -> dict[str, float]:
    """Largest differences of heads [m] and flows [kg/s] with what they are relative to, as a `Case` names them.

    A head or flow that one of the two has and the other has not is an infinite difference.
    """
    return {
        "head": _apart(head, expected_head),
        "head_range": float(np.ptp(expected_head[np.isfinite(expected_head)])),
        "flow": _apart(flow, expected_flow),
        "largest_flow": float(np.nanmax(np.abs(expected_flow), initial=0.0)),
    }


def _apart(found: Array, expected: Array) -> float:
    both = np.isfinite(found) & np.isfinite(expected)
    if (np.isfinite(found) != np.isfinite(expected)).any():
        return math.inf
    return float(np.abs(found - expected)[both].max(initial=0.0))


def attempt(make: Callable[[], Case], otherwise: Case) -> Case:
    """Return the case, or a row that says why there is none."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 (whatever goes wrong with one case is its row)
        said = " ".join(str(error).split()) or type(error).__name__
        return otherwise._replace(failure=said)


def networks(cases: Sequence[Case]) -> str:
    """Table of networks; those that miss a limit or have no result are remembered."""
    for case in cases:
        if case.failure:
            missed.append(f"{case.name}, {case.law}: {case.failure}")
        elif not case.holds:
            off = f"heads {case.head_share:.2g} of their range, flows {case.flow_share:.2g} of the largest"
            missed.append(f"{case.name}, {case.law}: {off}")
    return table(CASE_HEADS, [case.cells() for case in cases])
