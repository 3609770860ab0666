"""One law for all links of a circuit: friction for pipes, the element law for what is no pipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisheat.network import Array, Index
from gisheat.physics.elements import ElementLaw
from gisheat.physics.friction import PipeResistance


@dataclass(frozen=True, slots=True)
class LinkLaw:
    """How the piezometric pressure drops along links; `rows` are the links that are elements, the others pipes."""

    pipes: PipeResistance
    """Of all links; without any resistance where an element is."""
    rows: Index
    elements: ElementLaw
    sense: Array
    """1 where an element is passed from start to end, else -1."""

    def evaluate(self, flow: Array, drop: Array, slope: Array) -> None:
        """Drop [Pa] and derivative [Pa s/kg] of all links into the given arrays, shape (links,)."""
        self.pipes.evaluate(flow, drop, slope)
        if len(self.rows):
            loss, rise = self.elements.loss(flow[self.rows] * self.sense)
            drop[self.rows] = loss * self.sense
            slope[self.rows] = rise

    def take(self, edges: NDArray[Any], forward: NDArray[np.bool_] | None = None) -> LinkLaw | PipeResistance:
        """The law of some links, in their order; passed from end to start where `forward` is false."""
        if not len(self.rows):
            return self.pipes.take(edges)
        chosen = np.flatnonzero(edges) if edges.dtype == bool else edges
        number = np.full(len(self.pipes.viscous), -1, np.int64)
        number[self.rows] = np.arange(len(self.rows))
        found = number[chosen]
        rows = np.flatnonzero(found >= 0)
        sense = self.sense[found[rows]]
        if forward is not None:
            sense = np.where(forward[rows], sense, -sense)
        return LinkLaw(self.pipes.take(chosen), rows, self.elements.take(found[rows]), sense)

    def with_more(self, drop: Array) -> LinkLaw:
        """The same law with more drop [Pa] in each element, shape (elements,)."""
        return replace(self, elements=self.elements.with_offset(self.elements.offset + drop))
