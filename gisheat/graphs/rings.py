"""Rings: a second way where the loss of a single trench would cut off too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gisheat.graphs.graph import is_run_plain
from gisheat.graphs.kernels import ring as kernel
from gisheat.graphs.kernels.chance import draw_below, shuffle
from gisheat.kernels import plain_where

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gisheat.graphs.graph import Array, Graph, Index, Mask

LEAST_MOVES = 50
MOVES_PER_RING = 4
EFFORT = 1_000_000
"""Fewer moves on large graphs: so many nodes looked at, a second."""
UNREST = 3.0
"""Streets seem dearer by up to this share in every other move; little is not enough to leave a bad choice."""
MOST_PIECES = 4
"""Rings that are taken away at once at most."""
ANY_WAY = -1
"""In place of the second node of a demand: the root, however it is reached."""


@dataclass(frozen=True, slots=True)
class Rings:
    """Edges added to a tree, and what none could help.

    Attributes
    ----------
    edges : shape (edges of the graph,)
        Which were added; with those of the tree they make the network.
    ring : shape (edges of the graph,)
        Which ring an added edge closes, from 0; -1 elsewhere.
    cost : float
        Sum of the costs of the added edges.
    open : shape (k,)
        Edges of the tree that should be part of a ring and can't be: the streets know no way around them.
    behind : shape (k,)
        Load that the loss of each of these cuts off.
    open_pairs : shape (pairs,)
        Pairs that a single trench still parts, or of which one is not in the tree.
    """

    edges: Mask
    ring: Index
    cost: float
    open: Index
    behind: Array
    open_pairs: Mask


@dataclass(frozen=True, slots=True)
class _Problem:
    """The tree from its root, and which of its edges need a way around."""

    graph: Graph
    cost: Array
    tree: Mask
    root: int
    parent: Index
    way: Index
    depth: Index
    enter: Index
    leave: Index
    need: Mask
    demands: Index

    def streets(self) -> tuple[Index, Index, Index]:
        return self.graph.first, self.graph.neighbour, self.graph.edge


@plain_where(is_run_plain)
def close_rings(
    graph: Graph,
    cost: Array,
    tree: Mask,
    root: int,
    load: Array,
    most: float,
    *,
    pairs: Index | None = None,
    safe: Mask | None = None,
    moves: int | None = None,
    seed: int = 0,
) -> Rings:
    """Cheapest edges, nearly, so that no single edge parts a pair or has more than `most` of the load behind it.

    Parameters
    ----------
    cost : shape (edges,)
        Not below zero.
    tree : shape (edges,)
        Edges of the tree (no loops) around the root.
    load : shape (nodes,)
    most : float
        In the unit of the load; inf: only the pairs count.
    pairs : shape (pairs, 2), optional
        Nodes of the tree that two paths without a common edge shall join.
    safe : shape (edges,), optional
        Edges that can't fail: those from one more node to several sources, say.
    moves : int, optional
        How often some rings are taken away and closed anew; by default from the number of rings and nodes.

    Notes
    -----
    Edges with too much behind them are the upper part of the tree; from each of its ends the cheapest second path
    out of what hangs there is a shortest walk that is free over what stands and takes the edges in question backwards
    only. Rings closed one after the other use one another's edges. Then some neighbouring rings are taken away and
    closed anew in another order, and kept if that is cheaper; added edges that nothing needs go. What no street
    closes is found first, as the bridges of the whole graph.
    """
    problem, survey = _problem(graph, cost, tree, root, load, most, pairs, safe)
    standing = tree.copy()
    if len(problem.demands):
        _close(problem, standing, moves, np.array([seed + 88172645463325252], np.uint64))
    added = standing & ~tree
    ring, _ = kernel.pieces(graph.start, graph.end, tree, problem.depth >= 0, standing)
    open_, behind, open_pairs = survey
    return Rings(added, ring, float(cost[added].sum()), open_, behind, open_pairs)


def _problem(
    graph: Graph,
    cost: Array,
    tree: Mask,
    root: int,
    load: Array,
    most: float,
    pairs: Index | None,
    safe: Mask | None,
) -> tuple[_Problem, tuple[Index, Array, Mask]]:
    """What is to be closed, and what can't be."""
    streets = (graph.first, graph.neighbour, graph.edge)
    parent, way, depth, enter, leave, behind = kernel.survey(*streets, tree, root, load)
    may_fail = np.ones(len(cost), np.bool_) if safe is None else ~safe
    street_bridges = kernel.bridges(*streets, np.ones(len(cost), np.bool_), root) & may_fail
    on_edge = np.zeros(len(cost))
    child = np.full(len(cost), -1)
    below = np.flatnonzero(parent >= 0)
    child[way[below]] = below
    on_edge[way[below]] = behind[below]
    critical = tree & may_fail & (on_edge > most)
    between, open_pairs, demands = _between(parent, way, depth, pairs, street_bridges, may_fail)
    wanted = critical | between
    need = wanted & ~street_bridges
    heavy = critical & ~street_bridges
    # an end of what is critical: nothing critical is further down
    ones = np.bincount(child[heavy], minlength=graph.count).astype(float)
    ends = child[heavy][kernel.survey(*streets, tree, root, ones)[-1][child[heavy]] == 1.0]
    ends = ends[np.argsort(enter[ends], kind="stable")]
    demands = np.concatenate([demands, np.stack([ends, np.full(len(ends), ANY_WAY)], axis=1)])
    left = np.flatnonzero(wanted & street_bridges)
    problem = _Problem(graph, cost, tree, root, parent, way, depth, enter, leave, need, demands)
    return problem, (left, on_edge[left], open_pairs)


def _between(
    parent: Index, way: Index, depth: Index, pairs: Index | None, street_bridges: Mask, may_fail: Mask
) -> tuple[Mask, Mask, Index]:
    """Edges between the nodes of any pair, which pairs can't be joined twice, and those of which at least one edge can.

    Shapes (edges,), (pairs,), (demands, 2).
    """
    pairs = np.zeros((0, 2), np.int64) if pairs is None else np.asarray(pairs, np.int64).reshape(-1, 2)
    between = np.zeros(len(may_fail), np.bool_)
    open_pairs: Mask = np.any(depth[pairs] < 0, axis=1)
    inside = ~open_pairs
    for i in np.flatnonzero(inside):
        path = np.zeros(len(may_fail), np.bool_)
        kernel.mark_path(parent, way, depth, pairs[i, 0], pairs[i, 1], path)
        open_pairs[i] = bool((path & street_bridges).any())
        between |= path
    return between & may_fail, open_pairs, pairs[inside]


def _close(problem: _Problem, standing: Mask, moves: int | None, state: NDArray[np.uint64]) -> None:
    """Close rings in `standing` until nothing is open that streets can close, then look for cheaper ones."""
    cost, tree = problem.cost, problem.tree
    _close_open(problem, standing, _bridges(problem, standing), np.arange(len(problem.demands)), np.inf, cost)
    _thin_out(problem, standing)
    number, count = kernel.pieces(problem.graph.start, problem.graph.end, tree, problem.depth >= 0, standing)
    least = float(cost[standing & ~tree].sum())
    order = np.arange(len(problem.demands))
    random = np.random.default_rng(state)
    if moves is None:
        moves = min(LEAST_MOVES + MOVES_PER_RING * count, EFFORT // problem.graph.count)
    for _ in range(moves):
        if count == 0 or least == 0.0:
            break
        trial = standing.copy()
        chosen = np.empty(MOST_PIECES, np.int64)
        piece = draw_below(state, count)
        some = kernel.around(*problem.streets(), number, piece, 1 + draw_below(state, MOST_PIECES), chosen)
        trial[np.isin(number, chosen[:some])] = False
        is_bridge = _bridges(problem, trial)
        trial &= tree | ~is_bridge
        shuffle(order, order.size, state)
        budget = (least - float(cost[trial & ~tree].sum())) * (1.0 + 1e-9)
        # half of the moves see costs that are disturbed, so that a dearer path can make others cheaper
        unrest = UNREST * draw_below(state, 2)
        seen = cost * random.uniform(1.0, 1.0 + unrest, len(cost)) if unrest else cost
        if not np.isfinite(_close_open(problem, trial, is_bridge, order, budget * (1.0 + unrest), seen)):
            continue
        _thin_out(problem, trial)
        found = float(cost[trial & ~tree].sum())
        if found <= least:
            least = found
            standing[:] = trial
            number, count = kernel.pieces(problem.graph.start, problem.graph.end, tree, problem.depth >= 0, standing)


def _bridges(problem: _Problem, standing: Mask) -> Mask:
    found: Mask = kernel.bridges(*problem.streets(), standing, problem.root)
    return found


def _close_open(problem: _Problem, standing: Mask, is_bridge: Mask, order: Index, limit: float, cost: Array) -> float:
    p = problem
    return kernel.close(
        *p.streets(), p.graph.start, p.graph.end, cost, p.parent, p.way, p.depth, p.enter, p.leave, p.need, standing,
        is_bridge, p.root, p.demands, order, limit,
    )  # fmt: skip


def _thin_out(problem: _Problem, standing: Mask) -> None:
    """Take added edges away that nothing needs, the dearest chain of them first."""
    while True:
        label = kernel.cut_labels(*problem.streets(), standing, problem.root)
        added = np.flatnonzero(standing & ~problem.tree)
        needed = np.append(label[problem.need & standing], np.uint64(0))
        standing[added[label[added] == 0]] = False  # closes no loop
        spare = added[~np.isin(label[added], needed)]
        if not len(spare):
            return
        chains, number = np.unique(label[spare], return_inverse=True)
        standing[spare[number == np.argmax(np.bincount(number, problem.cost[spare], len(chains)))]] = False
