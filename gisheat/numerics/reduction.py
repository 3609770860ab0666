"""Reduction of a graph before solving on it: leaves go, chains of nodes between two edges become one edge.

On a tree-like network most nodes disappear: the flow to a leaf is what is taken there, and along a chain
it changes only by what is taken at its nodes. What stays are nodes where three or more edges meet and
fixed nodes. Compiled with numba; knows no pipes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisheat.kernels import kernel

Array = NDArray[np.float64]
Index = NDArray[np.int32]


class Reduction(NamedTuple):
    """A graph as leaves (in the order they were taken off) and chains between the nodes that stay.

    Edge t of chain c, chain_from[c] <= t < chain_from[c + 1] or chain[t] == c, is edge[t], passed from start to
    end where forward[t]; it leads to the node next_node[t].
    """

    leaf_node: Index
    leaf_parent: Index
    leaf_edge: Index
    chain_start: Index
    chain_end: Index
    chain_from: Index
    chain: Index
    edge: Index
    forward: NDArray[np.bool_]
    next_node: Index
    stays: NDArray[np.bool_]
    whole: bool
    """False when something hangs together with no fixed node: a tree without one, or a lone ring."""


def reduce_graph(start: Index, end: Index, fixed: NDArray[np.bool_]) -> Reduction:
    """Take off leaves and contract chains.

    Parameters
    ----------
    start, end : int32 array, shape (edges,)
        Node numbers; no edge from a node to itself.
    fixed : bool array, shape (nodes,)
        Nodes that stay in any case.
    """
    degree, link = _incidence(len(fixed), start, end)
    gone, node, parent, edge, whole = _take_leaves(start, end, fixed, degree, link)
    found = _find_chains(start, end, fixed, degree, link, gone, len(start) - len(edge))
    chain_start, chain_end, chain_from, chain, chain_edge, forward, next_node, stays = found
    whole = whole and len(chain_edge) + len(edge) == len(start)
    return Reduction(
        node, parent, edge, chain_start, chain_end, chain_from, chain, chain_edge, forward, next_node, stays, whole
    )


@kernel
def _incidence(count, start, end):
    """Number of edges at each node, and their numbers joined by exclusive or.

    That is all that is needed to walk: at a node with one edge it is this edge, at a node with two the one
    that is not known when the other is.
    """
    degree, link = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for k in range(start.size):
        a, b = start[k], end[k]
        degree[a] += 1
        degree[b] += 1
        link[a] ^= k
        link[b] ^= k
    return degree, link


@kernel
def _take_leaves(start, end, fixed, degree, link):
    """Take off nodes with one edge until there is none; degree and link are kept up."""
    count = fixed.size
    gone = np.zeros(start.size, np.bool_)
    node, parent, edge = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    taken = 0
    whole = True
    for first in range(count):
        i = first
        while degree[i] == 1 and not fixed[i]:
            k = link[i]
            p = start[k] + end[k] - i
            gone[k] = True
            node[taken], parent[taken], edge[taken] = i, p, k
            taken += 1
            degree[i] = 0
            degree[p] -= 1
            link[p] ^= k
            if degree[p] == 0 and not fixed[p]:
                whole = False  # the last node of a tree without a fixed one
            i = p
    return gone, node[:taken], parent[:taken], edge[:taken], whole


@kernel
def _find_chains(start, end, fixed, degree, link, used, left):
    """Walk from every node that stays along its edges (`left` are not `used`) to the next node that stays."""
    count, edges = fixed.size, start.size
    stays = np.zeros(count, np.bool_)
    for i in range(count):
        stays[i] = degree[i] > 2 or (fixed[i] and degree[i] > 0)
    chain_start, chain_end = np.empty(left, np.int32), np.empty(left, np.int32)
    chain_from = np.empty(left + 1, np.int32)
    chain, edge, next_node = np.empty(left, np.int32), np.empty(left, np.int32), np.empty(left, np.int32)
    forward = np.empty(left, np.bool_)
    chains = position = 0
    chain_from[0] = 0
    for first in range(edges):
        if used[first]:
            continue
        if stays[start[first]]:
            u = start[first]
        elif stays[end[first]]:
            u = end[first]
        else:
            continue
        i, k = u, first
        while True:
            used[k] = True
            j = start[k] + end[k] - i
            chain[position], edge[position], forward[position], next_node[position] = chains, k, start[k] == i, j
            position += 1
            i = j
            if stays[i]:
                break
            k ^= link[i]
        begin = chain_from[chains]
        if i == u and position - begin > 1:  # back at the same node: the first node on the way stays as well
            middle = next_node[begin]
            stays[middle] = True
            chain_start[chains], chain_end[chains], chain_from[chains + 1] = u, middle, begin + 1
            chains += 1
            chain_start[chains], chain_end[chains] = middle, u
            for t in range(begin + 1, position):
                chain[t] = chains
        else:
            chain_start[chains], chain_end[chains] = u, i
        chains += 1
        chain_from[chains] = position
    return (
        chain_start[:chains], chain_end[:chains], chain_from[: chains + 1], chain[:position],
        edge[:position], forward[:position], next_node[:position], stays,
    )  # fmt: skip
