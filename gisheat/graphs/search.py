"""The steps of the search for a Steiner tree: first tree, local search, bound, and edges that can be left out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gisheat.graphs.contraction import Contraction, contract
from gisheat.graphs.graph import Array, Graph, Index, Mask
from gisheat.graphs.kernels import construction, dual_ascent, local_search

State = NDArray[np.uint64]
"""Of the random numbers of the kernels."""
BATCH = 2_000
"""Moves between two looks at the clock."""
ROUNDING = 1e-9
"""Share of the cost below which a tree counts as no better."""


class Budget:
    """Moves that are left, and when to stop before they are used up."""

    def __init__(self, moves: int, seconds: float | None) -> None:
        self.left = moves
        self.done = 0
        self.stopped = False
        self._deadline = np.inf if seconds is None else time.monotonic() + seconds

    @property
    def open(self) -> bool:
        """Whether there are moves left and time to make them."""
        if self.left > 0 and not self.stopped:
            self.stopped = time.monotonic() > self._deadline
        return self.left > 0 and not self.stopped

    def take(self, wanted: int) -> int:
        """Moves of the next batch."""
        batch = min(wanted, BATCH, self.left) if self.open else 0
        self.left -= batch
        self.done += batch
        return batch


@dataclass(frozen=True, slots=True)
class Level:
    """A contracted problem with what its searches need."""

    small: Contraction
    terminal: Mask
    order: Index
    into: Index

    @property
    def graph(self) -> Graph:
        """The contracted graph."""
        return self.small.graph

    @property
    def cost(self) -> Array:
        """Its costs."""
        return self.small.cost

    def grow(self, root: int, seeming: Array) -> Mask:
        """First tree: `seeming` costs, shape (edges,), say which nodes it has, the true ones which edges."""
        g = self.graph
        nodes = construction.shortest_paths(g.first, g.neighbour, g.edge, seeming, self.terminal, root)
        return construction.shortest_tree(g.start, g.end, self.order, nodes, self.terminal)

    def improve(
        self, tree: Mask, wanted: int, budget: Budget, state: State, *, noise: float = 0.0, slack: float = 0.0
    ) -> None:
        """Change a tree, in place, by so many moves, if the budget bears them; `kernels.local_search` says how."""
        g = self.graph
        while wanted > 0 and (batch := budget.take(wanted)):
            local_search.improve(
                g.first,
                g.neighbour,
                g.edge,
                g.start,
                g.end,
                self.cost,
                self.terminal,
                tree,
                batch,
                4,
                noise,
                slack,
                state,
            )
            wanted -= batch

    def bound(self, root: int, work: int) -> tuple[float, Array, bool]:
        """Lower bound of the cost of trees here, reduced cost of each arc, shape (2 edges,), and whether it is done."""
        reduced = np.repeat(self.cost, 2)
        g = self.graph
        bounds, done = dual_ascent.ascend(
            g.first, g.neighbour, self.into, reduced, self.small.terminals, root, work, self.terminal.astype(float),
            np.ones(1),
        )  # fmt: skip
        return float(bounds[0]), reduced, done

    def useful(self, root: int, bound: float, reduced: Array, best: float) -> Mask:
        """Edges, shape (edges,), that a tree cheaper than `best` can have.

        A tree with an arc has a way from the root to it and one from it to a terminal, and costs more than the bound
        by their reduced costs.
        """
        g, terminals = self.graph, self.small.terminals
        out = dual_ascent.distances(g.first, g.neighbour, self.into ^ 1, reduced, np.array([root]))
        back = dual_ascent.distances(g.first, g.neighbour, self.into, reduced, terminals[terminals != root])
        along = out[g.start] + reduced[::2] + back[g.end]
        against = out[g.end] + reduced[1::2] + back[g.start]
        return bound + np.minimum(along, against) < best * (1.0 - ROUNDING)


def level_of(graph: Graph, cost: Array, terminals: Index, within: Mask | None = None) -> Level:
    """Contract a problem; `within` are the edges that may be used."""
    small = contract(graph, cost, terminals, within)
    g = small.graph
    terminal = np.zeros(g.count, np.bool_)
    terminal[small.terminals] = True
    order = np.argsort(small.cost, kind="stable")
    return Level(small, terminal, order, dual_ascent.arcs_into(g.first, g.edge, g.end))


def free(reduced: Array) -> Mask:
    """Edges, shape (edges,), that dual ascent has left no cost in one direction: they hold ways to all terminals."""
    return np.minimum(reduced[::2], reduced[1::2]) <= 0.0
