"""Reduction of a graph before solving on it: leaves go, chains of nodes between two edges become one edge.

On a tree-like network most nodes disappear: the flow to a leaf is what is taken there, and along a chain
it changes only by what is taken at its nodes. What stays are nodes where three or more edges meet and
fixed nodes. Compiled with numba; knows no pipes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int32]


class Reduction(NamedTuple):
    """A graph as leaves (in the order they were taken off) and chains between the nodes that stay.

    Edge t of chain c, chain_from[c] <= t < chain_from[c + 1], is edge[t], passed from start to end where
    forward[t]; it leads to the node next_node[t].
    """

    leaf_node: Index
    leaf_parent: Index
    leaf_edge: Index
    chain_start: Index
    chain_end: Index
    chain_from: Index
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
    pointer, adjacent = _adjacency(len(fixed), start, end)
    degree, gone, node, parent, edge, whole = _take_leaves(start, end, fixed, pointer, adjacent)
    chains = _find_chains(start, end, fixed, pointer, adjacent, degree, gone)
    stays, chain_start, chain_end, chain_from, chain_edge, forward, next_node = chains
    whole = whole and len(chain_edge) + len(edge) == len(start)
    return Reduction(
        node, parent, edge, chain_start, chain_end, chain_from, chain_edge, forward, next_node, stays, whole
    )


@njit(cache=True)
def _adjacency(count, start, end):
    """Edges at each node, one after the other."""
    pointer = np.zeros(count + 2, np.int32)
    for k in range(start.size):
        pointer[start[k] + 2] += 1
        pointer[end[k] + 2] += 1
    for i in range(count + 1):
        pointer[i + 1] += pointer[i]
    adjacent = np.empty(2 * start.size, np.int32)
    for k in range(start.size):
        adjacent[pointer[start[k] + 1]] = k
        pointer[start[k] + 1] += 1
        adjacent[pointer[end[k] + 1]] = k
        pointer[end[k] + 1] += 1
    return pointer[: count + 1], adjacent


@njit(cache=True)
def _take_leaves(start, end, fixed, pointer, adjacent):
    """Take off nodes with one edge until there is none."""
    count = fixed.size
    degree = np.empty(count, np.int32)
    for i in range(count):
        degree[i] = pointer[i + 1] - pointer[i]
    gone = np.zeros(start.size, np.bool_)
    node, parent, edge = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    stack = np.empty(count, np.int32)
    taken = 0
    whole = True
    for first in range(count):
        if degree[first] != 1 or fixed[first]:
            continue
        stack[0] = first
        top = 1
        while top > 0:
            top -= 1
            i = stack[top]
            if degree[i] != 1:
                if degree[i] == 0 and not fixed[i]:
                    whole = False  # the last node of a tree without a fixed one
                continue
            for t in range(pointer[i], pointer[i + 1]):
                k = adjacent[t]
                if not gone[k]:
                    p = start[k] + end[k] - i
                    gone[k] = True
                    node[taken], parent[taken], edge[taken] = i, p, k
                    taken += 1
                    degree[i] = 0
                    degree[p] -= 1
                    if degree[p] == 0 and not fixed[p]:
                        whole = False
                    if degree[p] == 1 and not fixed[p]:
                        stack[top] = p
                        top += 1
                    break
    return degree, gone, node[:taken].copy(), parent[:taken].copy(), edge[:taken].copy(), whole


@njit(cache=True)
def _find_chains(start, end, fixed, pointer, adjacent, degree, gone):
    """Walk from every node that stays along its edges to the next node that stays."""
    count = fixed.size
    stays = np.zeros(count, np.bool_)
    for i in range(count):
        stays[i] = degree[i] > 2 or (fixed[i] and degree[i] > 0)
    used = gone.copy()
    edges = start.size
    chain_start, chain_end = np.empty(edges, np.int32), np.empty(edges, np.int32)
    chain_from = np.empty(edges + 1, np.int32)
    edge, next_node, forward = np.empty(edges, np.int32), np.empty(edges, np.int32), np.empty(edges, np.bool_)
    chains = 0
    position = 0
    chain_from[0] = 0
    for u in range(count):
        if not stays[u]:
            continue
        for t in range(pointer[u], pointer[u + 1]):
            k = adjacent[t]
            if used[k]:
                continue
            i = u
            while True:
                used[k] = True
                j = start[k] + end[k] - i
                edge[position], forward[position], next_node[position] = k, start[k] == i, j
                position += 1
                i = j
                if stays[i]:
                    break
                for s in range(pointer[i], pointer[i + 1]):
                    if not used[adjacent[s]]:
                        k = adjacent[s]
                        break
            first = chain_from[chains]
            if i == u and position - first > 1:  # back at the same node: the first node on the way stays as well
                middle = next_node[first]
                stays[middle] = True
                chain_start[chains], chain_end[chains], chain_from[chains + 1] = u, middle, first + 1
                chains += 1
                chain_start[chains], chain_end[chains] = middle, u
            else:
                chain_start[chains], chain_end[chains] = u, i
            chains += 1
            chain_from[chains] = position
    return (
        stays, chain_start[:chains].copy(), chain_end[:chains].copy(), chain_from[: chains + 1].copy(),
        edge[:position].copy(), forward[:position].copy(), next_node[:position].copy(),
    )  # fmt: skip
