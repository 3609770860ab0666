"""The cheapest tree that joins given nodes (Steiner tree), nearly, and by how much it may miss the cheapest.

1. The graph is contracted (`contraction`).
2. A first tree grows by the terminal that is nearest each time [1]_, as one search that goes on; the shortest tree on
   the nodes it has, without ends that are no terminals, is never dearer.
3. Dual ascent [2]_ from a terminal as root gives a lower bound and says which edges no cheaper tree has; without them
   the graph is contracted again. Most problems of up to some hundred edges are solved by that.
4. Local search on key paths, after the neighbourhoods of [3]_ but as random moves whose work is local.
5. Each further tree, from disturbed costs or by disturbing the best, is merged with the best: the cheapest tree on the
   edges of both is a small problem again, which 3 and 4 solve nearly to the end (merging: [4]_).

Random choices go by the numbers of nodes and edges, and so do choices between ties: the same input gives the same
tree, but a renumbered one may give another of about the same cost. Who needs the same must number by coordinates.

References
----------
.. [1] Takahashi, H., Matsuyama, A. (1980). An approximate solution for the Steiner problem in graphs.
   Mathematica Japonica 24(6), 573-577.
.. [2] Wong, R. T. (1984). A dual ascent approach for Steiner tree problems on a directed graph.
   Mathematical Programming 28, 271-287.
.. [3] Uchoa, E., Werneck, R. F. (2010). Fast local search for Steiner trees in graphs.
   Proceedings of the Workshop on Algorithm Engineering and Experiments (ALENEX).
.. [4] Pajor, T., Uchoa, E., Werneck, R. F. (2018). A robust and scalable algorithm for the Steiner problem in graphs.
   Mathematical Programming Computation 10, 69-118.
"""

from __future__ import annotations

import numpy as np

from gisheat.graphs.graph import Array, Graph, Index, Mask, is_run_plain
from gisheat.graphs.kernels.contraction import reach
from gisheat.graphs.search import ROUNDING, Budget, free, level_of
from gisheat.graphs.tree import Tree
from gisheat.kernels import plain_where

MOVES_PER_TERMINAL = 30
"""Moves of the whole search where none are given; more than this gains a tenth of a per cent."""
LEAST_MOVES = 700
"""Moves of the whole search on small problems, where they cost milliseconds."""
MOVES_PER_TREE = 5
"""Moves per terminal on one tree before it is merged with the best."""
NOISE = (0.1, 0.3)
"""Share by which edges seem dearer in the local search, at random, for many and for few terminals."""
DISTURBANCE = (0.2, 2.0)
"""The same where a tree is grown anew."""
SLACK = 0.1
"""What a move that disturbs the best tree may cost, as a share of the mean edge's cost."""
STARTS = 3
"""Trees grown anew before the best is disturbed."""
FEW = 100
"""Below so many terminals trees are always grown anew, and are to differ more: that takes no longer than disturbing."""
ROUNDS = 8
"""Most times the problem is made smaller by a bound."""
MERGE_ROUNDS = 2
"""The same for two trees merged."""
LARGE = 5_000
"""Above so many edges bounds from further roots are not looked for if the first one was of no use."""
WORK = 100
"""Arcs that one dual ascent looks at for each edge, at most; on streets it ends after about 20."""


@plain_where(is_run_plain)
def steiner_tree(
    graph: Graph,
    cost: Array,
    terminals: Index,
    *,
    moves: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    start: Mask | None = None,
) -> Tree:
    """Tree that joins the terminals, cheap if not cheapest, with a lower bound of the cost of all such trees.

    Parameters
    ----------
    cost : shape (edges,)
        Finite and not below zero; edges that cost nothing are taken where they are of use.
    terminals : shape (terminals,)
        Node numbers. Those that no edges join with the lowest of them are left out and named.
    moves : int, optional
        Changes to try; without it so many as the number of terminals asks for.
    seconds : float, optional
        Ends the search before its moves are used up; the first tree and its bound are made in any case.
    seed : int
        Of the random choices.
    start : shape (edges,), optional
        Edges of a tree that is known: the result is not dearer than it.

    Examples
    --------
    Two ways round a square with one edge cheaper:

    >>> from gisheat.graphs.graph import graph_of
    >>> square = graph_of(4, np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0]))
    >>> found = steiner_tree(square, np.array([1.0, 1.0, 1.0, 0.5]), np.array([0, 2]))
    >>> found.edges, found.cost, found.gap
    (array([False, False,  True,  True]), 1.5, 0.0)
    """
    cost, terminals = np.ascontiguousarray(cost, np.float64), np.unique(np.asarray(terminals, np.int64))
    if not len(terminals):
        return Tree(np.zeros(len(cost), np.bool_), 0.0, 0.0, 0, False, terminals)
    reached = reach(graph.first, graph.neighbour, terminals[0])
    inside = terminals[reached[terminals]]
    if moves is None:
        moves = max(LEAST_MOVES, MOVES_PER_TERMINAL * len(inside))
    budget = Budget(moves, seconds)
    search = _Search(graph, cost, inside, reached[graph.start], seed)
    search.narrow(budget)
    search.wander(budget)
    if start is not None:
        search.merge(start, budget)
    bound = min(search.bound, search.cost)
    return Tree(search.tree, search.cost, bound, budget.done, budget.stopped, terminals[~reached[terminals]])


class _Search:
    """The best tree and bound so far, on a level that has the edges that may be of use.

    Attributes
    ----------
    tree, cost, bound
        For the whole problem, as in `Tree`.
    """

    def __init__(self, graph: Graph, cost: Array, terminals: Index, within: Mask, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._state = np.array([1 + self._draw(2**52)], np.uint64)
        self._problem = graph, cost, terminals
        self.tree = np.zeros(len(cost), np.bool_)
        self.cost = np.inf
        self.bound = 0.0
        self._enter(within)

    def _draw(self, count: int) -> int:
        return int(self._random.random() * count)

    def _enter(self, within: Mask) -> None:
        """Go to the level of the edges given; it has no best tree yet."""
        self._level = level_of(*self._problem, within)
        self._here: Mask | None = None
        self._here_cost = np.inf
        if len(self._level.small.terminals) < 2:
            self._keep(np.zeros(len(self._level.cost), np.bool_))
            self.bound = self.cost

    @property
    def _solved(self) -> bool:
        return self.bound >= self.cost * (1.0 - ROUNDING)

    def _keep(self, tree: Mask) -> None:
        """Take a tree of this level if it is the best."""
        cost = self._level.small.taken + float(self._level.cost[tree].sum())
        if cost < self._here_cost:
            self._here, self._here_cost = tree, cost
        if cost < self.cost:
            self.tree = self._level.small.expand(tree)
            self.cost = float(self._problem[1][self.tree].sum())

    def narrow(self, budget: Budget, rounds: int = ROUNDS) -> None:
        """Bound, grow and improve; leave out what is of no use; again while that makes the problem smaller."""
        for turn in range(rounds):
            if self._solved:
                return
            level = self._level
            root = int(level.small.terminals[self._draw(len(level.small.terminals))])
            bound, reduced, finished = level.bound(root, WORK * len(level.cost))
            self.bound = max(self.bound, level.small.taken + bound)
            if np.isinf(bound):  # the edges left join no terminals: none of them is of use
                return
            tree = level.grow(root, np.where(free(reduced), level.cost, np.inf) if finished else level.cost)
            level.improve(tree, self._moves, budget, self._state, noise=NOISE[self._few])
            self._keep(tree)
            useful = level.useful(root, bound, reduced, self.cost - level.small.taken)
            if useful.mean() < 0.9:
                self._enter(level.small.expand(useful))
            elif turn >= STARTS or len(level.cost) > LARGE:
                return

    def wander(self, budget: Budget) -> None:
        """Make further trees and merge each with the best, until the moves are used up."""
        turn = 0
        while not self._solved and budget.open:
            level, best = self._level, self._here
            if best is None or turn < STARTS or self._few:
                root = int(level.small.terminals[self._draw(len(level.small.terminals))])
                tree = level.grow(
                    root, level.cost * (1.0 + DISTURBANCE[self._few] * self._random.random(len(level.cost)))
                )
                slack = 0.0
            else:
                tree, slack = best.copy(), SLACK * float(level.cost.mean())
            level.improve(tree, self._moves, budget, self._state, noise=NOISE[self._few], slack=slack)
            self._keep(tree)
            if best is not None and (tree != best).any():
                self._keep(self._cheapest_on(tree | best, budget))
            turn += 1

    def _cheapest_on(self, edges: Mask, budget: Budget) -> Mask:
        """Tree of this level on the edges of two of its trees."""
        level = self._level
        search = _Search(level.graph, level.cost, level.small.terminals, edges, self._draw(2**52))
        search.narrow(budget, MERGE_ROUNDS)
        return search.tree

    def merge(self, start: Mask, budget: Budget) -> None:
        """Take a tree of the whole problem into account."""
        for edges in (start, start | self.tree):
            search = _Search(*self._problem, edges, self._draw(2**52))
            search.narrow(budget, MERGE_ROUNDS)
            if search.cost < self.cost:
                self.tree, self.cost = search.tree, search.cost

    @property
    def _few(self) -> bool:
        return len(self._level.small.terminals) < FEW

    @property
    def _moves(self) -> int:
        return MOVES_PER_TREE * len(self._level.small.terminals)
