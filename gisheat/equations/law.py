"""One law for all links of a circuit: friction for pipes, the element law for what is no pipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

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
    from_rest: ClassVar[bool] = False
    """Elements may lose something at rest: the iteration starts from first flows."""

    def evaluate(self, flow: Array, drop: Array, slope: Array) -> None:
        """Drop [Pa] and derivative [Pa s/kg] of all links into the given arrays, shape (links,)."""
        self.pipes.evaluate(flow, drop, slope)
        if len(self.rows):
            loss, rise = self.elements.loss(flow[self.rows] * self.sense)
            drop[self.rows] = loss * self.sense
            slope[self.rows] = rise

    def along(self, flow: Array, chain: NDArray[np.int32], offset: Array, sums: Array) -> None:
        """Drop, slope and second derivative along chains, for the compiled engine (see `numerics.reduced`).

        Of chains whose element may bend sharply, the second derivative is told as zero: tangents are used. As long
        as any flow is beyond a wall it is so of all chains: on walls only tangents are sure to come to an end.
        """
        self.pipes.along(flow, chain, offset, sums)
        of = chain[self.rows]
        at = (flow[of] - offset[self.rows]) * self.sense
        loss, rise = self.elements.loss(at)
        bend = self.elements.bend(at) * self.sense
        for i, more in enumerate((loss * self.sense, rise, bend)):
            sums[i] += np.bincount(of, more, len(flow))
        sums[2, of[np.isnan(bend)]] = 0.0
        if ((at > self.elements.most) | (at < self.elements.least)).any():
            sums[2] = 0.0

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


@dataclass(frozen=True, slots=True)
class PartLaw:
    """Some links of a law; what an engine takes of them comes straight from the whole."""

    whole: LinkLaw
    links: Index

    def evaluate(self, flow: Array, drop: Array, slope: Array) -> None:
        """As that of the links taken."""
        of_all, drop_of_all, slope_of_all = np.zeros((3, len(self.whole.pipes.viscous)))
        of_all[self.links] = flow
        self.whole.evaluate(of_all, drop_of_all, slope_of_all)
        drop[:], slope[:] = drop_of_all[self.links], slope_of_all[self.links]

    def take(self, edges: NDArray[Any], forward: NDArray[np.bool_] | None = None) -> LinkLaw | PipeResistance:
        """The law of some of the links, in their order."""
        return self.whole.take(self.links[edges], forward)
