"""A figure from outside of the code, and what gisheat makes of it: what tests and docs/verification.md share."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One figure: name, reference, computed, allowed deviation, and whether that is relative."""

    name: str
    reference: float
    computed: float
    limit: float
    relative: bool = True
    unit: str = ""

    @property
    def deviation(self) -> float:
        """Computed minus reference, divided by the reference when relative."""
        apart = self.computed - self.reference
        return apart / self.reference if self.relative else apart

    @property
    def holds(self) -> bool:
        """Whether the deviation is within the limit."""
        return abs(self.deviation) <= self.limit
