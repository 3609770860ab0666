"""A lower bound of trees priced by load: the price of each edge shared out between all terminals.

Written for `gisheat.graphs.load_bound`, which says why it is a bound. Its rounds are few, and all of them work on whole
tables: compiled loops would be no faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gisheat.graphs.graph import Array, Graph, Index

TREE = 5.0
"""The tree that is known counts as having been used so often."""

Law = Callable[[Array], Array]
"""Price of an edge per unit of its cost, by the load in it."""


def share_out(law: Law, load: Array, use: Array) -> Array:
    """What each terminal pays of the price of each arc, shape (arcs, terminals).

    Who uses an arc most pays first: what his load adds to the price; who uses it equally much share that by load.

    Parameters
    ----------
    load : shape (terminals,)
    use : shape (arcs, terminals)
        How often each terminal has used each arc.

    Examples
    --------
    The second one uses the edge more, and pays for the first metre of its bore:

    >>> share_out(np.sqrt, np.array([5.0, 4.0]), np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """
    arcs, count = use.shape
    order = np.argsort(-use, axis=1, kind="stable")
    sorted_use, sorted_load = np.take_along_axis(use, order, axis=1), load[order]
    carried, price = np.zeros((arcs, count + 1)), np.zeros((arcs, count + 1))
    np.cumsum(sorted_load, axis=1, out=carried[:, 1:])
    price[:, 1:] = law(carried[:, 1:])
    # of those who use it equally much: the place of the first, and the one behind the last
    number = np.arange(count)
    changes = sorted_use[:, 1:] != sorted_use[:, :-1]
    begin, end = np.zeros((arcs, count), np.int64), np.full((arcs, count), count)
    np.maximum.accumulate(np.where(changes, number[1:], 0), axis=1, out=begin[:, 1:])
    end[:, :-1] = np.minimum.accumulate(np.where(changes, number[1:], count)[:, ::-1], axis=1)[:, ::-1]
    more, dearer = (np.take_along_axis(a, end, axis=1) - np.take_along_axis(a, begin, axis=1) for a in (carried, price))
    part = np.divide(sorted_load, more, out=1.0 / (end - begin), where=more > 0.0)
    paid = np.empty((arcs, count))
    np.put_along_axis(paid, order, np.maximum(dearer * part, 0.0), axis=1)
    return paid


@dataclass(frozen=True, slots=True)
class _Arcs:
    """Both directions of all edges, ordered by the node they leave and the one they lead to."""

    key: Index
    """Of both nodes: shape (arcs,), rising."""
    cost: Array
    first: Index
    head: Index
    nodes: int

    def between(self, tail: Index, head: Index) -> Index:
        """Numbers of the arcs from nodes to nodes."""
        return np.searchsorted(self.key, tail * self.nodes + head)


def _arcs_of(graph: Graph, cost: Array) -> _Arcs:
    tail, head = np.concatenate([graph.start, graph.end]), np.concatenate([graph.end, graph.start])
    key = tail * graph.count + head
    order = np.argsort(key)
    first = np.zeros(graph.count + 1, np.int64)
    np.cumsum(np.bincount(tail, minlength=graph.count), out=first[1:])
    return _Arcs(key[order], np.tile(cost, 2)[order], first, head[order], graph.count)


def sum_of_ways(
    graph: Graph, cost: Array, law: Law, root: int, terminals: Index, load: Array, parent: Index, rounds: int,
    goal: float,
) -> float:  # fmt: skip
    """Greatest sum, of those of some rounds, of what all terminals pay on their cheapest ways from the root.

    In each round each arc is shared out by who has used it so far, which is mixed with the shares of earlier rounds,
    and then used once more on the ways that are the cheapest now: fictitious play of shares against ways [1]_, which
    comes near the best shares; weights that favour late rounds were the fastest.

    Parameters
    ----------
    graph : Graph
        Connected, without parallel edges.
    load : shape (terminals,)
    parent : shape (nodes,)
        Node before each terminal, and each node on its way from the root, in a tree that is known.
    goal : float
        Ends the rounds when the sum comes up to this.

    References
    ----------
    .. [1] Robinson, J. (1951). An iterative method of solving a game. Annals of Mathematics 54(2), 296-301.
    """
    arcs = _arcs_of(graph, cost)
    count = len(terminals)
    use = np.zeros((len(arcs.key), count))
    _use(use, arcs, parent, root, terminals, TREE)
    # one graph beside the other, one for each terminal: all ways are one search
    shift = graph.count * np.arange(count)
    shares = np.zeros((count, len(arcs.key)))
    size = graph.count * count
    first = np.append((arcs.first[:-1] + len(arcs.key) * np.arange(count)[:, None]).ravel(), shares.size)
    own, stale = np.zeros_like(use), np.arange(len(use))
    best = 0.0
    for turn in range(rounds):
        own[stale] = arcs.cost[stale, None] * share_out(law, load, use[stale])
        shares += 3.0 / (turn + 3.0) * (own.T - shares)
        side_by_side = csr_array((shares.ravel(), (arcs.head + shift[:, None]).ravel(), first), shape=(size, size))
        way, before, _ = dijkstra(side_by_side, indices=root + shift, return_predecessors=True, min_only=True)
        best = max(best, float(way[terminals + shift].sum()))
        if best >= goal:
            break
        own_before = before.reshape(count, -1).astype(np.int64) - shift[:, None]
        stale = np.unique(_use(use, arcs, own_before, root, terminals, 1.0))
    return best


def _use(use: Array, arcs: _Arcs, before: Index, root: int, terminals: Index, times: float) -> Index:
    """Count the arcs on the ways back from the terminals, in place; returns them.

    `before` is the node before each, for all terminals the same or, shape (terminals, nodes), for each its own.
    """
    number, node = np.arange(len(terminals)), terminals
    used = []
    while len(number):
        came = before[number, node] if before.ndim == 2 else before[node]
        used.append(arcs.between(came, node))
        use[used[-1], number] += times
        number, node = number[came != root], came[came != root]
    return np.concatenate(used)
