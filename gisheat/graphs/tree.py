"""What a search for a tree gives back."""

from __future__ import annotations

from dataclasses import dataclass

from gisheat.graphs.graph import Index, Mask


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that joins terminals, and how good it is known to be.

    Attributes
    ----------
    edges : shape (edges of the graph,)
        Which edges it has.
    cost : float
        Sum of their costs.
    bound : float
        No tree is cheaper than this; 0 where no bound was looked for.
    moves : int
        Changes tried after the first tree.
    stopped : bool
        Whether the time ended before the moves did.
    unreached : shape (nodes,)
        Terminals that no edges join with the first one (or the root): the tree leaves them out.
    """

    edges: Mask
    cost: float
    bound: float
    moves: int
    stopped: bool
    unreached: Index

    @property
    def gap(self) -> float:
        """By how much, as a share of the bound, the tree may be dearer than the cheapest one; inf without a bound."""
        if self.cost <= self.bound:
            return 0.0
        return self.cost / self.bound - 1.0 if self.bound > 0.0 else float("inf")
