"""Graphs as two index arrays: components, spanning trees, bridges. Knows no pipes.

A graph is given by `start` and `end`, integer arrays of equal length with node numbers below `count`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.sparse.linalg import splu

Index = NDArray[np.int64]


def sum_at(index: Index, values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Sum of the values at each of `count` places, shape (count,)."""
    return np.bincount(index, values, count).astype(float, copy=False)


def components(start: Index, end: Index, count: int) -> Index:
    """Number of the connected component of each node, shape (count,)."""
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def reachable(start: Index, end: Index, count: int, roots: Index) -> NDArray[np.bool_]:
    """Which nodes hang together with any of the roots, shape (count,)."""
    label = components(start, end, count)
    found = np.zeros(label.max(initial=-1) + 1, bool)
    found[label[roots]] = True
    return found[label]


LEAK = 1e-9
"""Share that leaves a closed circulation, where nothing else does."""


def accumulate(start: Index, end: Index, share: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each node has of its own and gets along edges: x[end] = own[end] + sum of share x[start].

    Parameters
    ----------
    share : array, shape (edges,)
        Share of what the start has that the edge hands on, 0 to 1.
    own : array, shape (nodes,) or (nodes, k)

    Notes
    -----
    In a closed circulation (a ring of pipes without resistance, say) the equations say nothing; what it hands round
    is made out to be no more than all there is.
    """
    count = len(own)
    passed_on = csc_array((share, (end, start)), shape=(count, count))
    unit = eye_array(count, format="csc")
    try:
        return splu(csc_array(unit - passed_on)).solve(own)
    except RuntimeError:  # exactly singular
        most = np.abs(own).sum(axis=0)
        return np.clip(splu(csc_array(unit - (1.0 - LEAK) * passed_on)).solve(own), -most, most)


class SpanningTree(NamedTuple):
    """Breadth-first tree: nodes in order from the root, and the parent and edge of each node (-1: none)."""

    order: Index
    parent: Index
    edge: Index


def spanning_tree(start: Index, end: Index, count: int, root: int) -> SpanningTree:
    """Breadth-first spanning tree of the component of `root`; of parallel edges the first one is taken."""
    label = np.arange(1, len(start) + 1, dtype=float)
    low, high = np.minimum(start, end), np.maximum(start, end)
    _, first = np.unique(low * count + high, return_index=True)
    first = first[low[first] != high[first]]
    graph = csr_array((label[first], (low[first], high[first])), shape=(count, count))
    graph = (graph + graph.T).tocsr()
    found, predecessors = breadth_first_order(graph, root, directed=False)
    order: Index = found.astype(np.int64)
    parent: Index = np.where(predecessors < 0, -1, predecessors).astype(np.int64)
    edge = np.full(count, -1, np.int64)
    child = order[1:]
    if len(child):
        edge[child] = np.asarray(graph[child, parent[child]]).ravel().astype(np.int64) - 1
    return SpanningTree(order, parent, edge)


def least_spanning_tree(start: Index, end: Index, weight: NDArray[np.float64], count: int, root: int) -> SpanningTree:
    """Spanning tree of the component of `root` with the least sum of weights (positive)."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((weight, low.astype(np.int64) * count + high))
    order = order[low[order] != high[order]]
    _, first = np.unique(low[order].astype(np.int64) * count + high[order], return_index=True)
    edges = order[first]  # of parallel edges the one with the least weight
    least = weight[edges] / weight[edges].max(initial=1e-300)
    graph = csr_array((np.maximum(least, 1e-300), (low[edges], high[edges])), shape=(count, count))
    kept = minimum_spanning_tree(graph).tocoo()
    number = {(int(a), int(b)): int(e) for a, b, e in zip(low[edges], high[edges], edges, strict=True)}
    chosen = np.array(sorted(number[int(a), int(b)] for a, b in zip(kept.row, kept.col, strict=True)), np.int64)
    tree = spanning_tree(start[chosen], end[chosen], count, root)
    return SpanningTree(tree.order, tree.parent, np.where(tree.edge >= 0, chosen[tree.edge], -1))


def bridges(start: Index, end: Index, count: int) -> NDArray[np.bool_]:
    """Which edges are bridges (the graph falls apart without them), shape (edges,).

    An edge is on a loop exactly when a spanning forest and one more edge close a cycle through it: each
    node gets a random 64-bit label, tree edges the exclusive or of the labels of the chords that pass
    over them; an edge with label zero is passed by no chord. Wrong with probability 2^-64 for an edge.
    """
    roots = np.unique(components(start, end, count), return_index=True)[1]
    edges = len(start)  # edges beyond this number tie the components together at one extra node
    joined_start = np.concatenate([start, np.full(len(roots), count)])
    joined_end = np.concatenate([end, roots])
    tree = spanning_tree(joined_start, joined_end, count + 1, count)
    chord = start != end
    chord[tree.edge[(tree.edge >= 0) & (tree.edge < edges)]] = False
    random = np.random.default_rng(20240517).integers(1, 2**63, int(chord.sum()), dtype=np.uint64)
    label = np.zeros(count + 1, np.uint64)
    np.bitwise_xor.at(label, start[chord], random)
    np.bitwise_xor.at(label, end[chord], random)
    result = np.zeros(edges, bool)
    for node in tree.order[:0:-1].tolist():
        up = int(tree.edge[node])
        if up < edges:
            result[up] = label[node] == 0
            label[tree.parent[node]] ^= label[node]
    return result
