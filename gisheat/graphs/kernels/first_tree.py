"""A tree to begin with, between the one of least cost and the one of shortest paths."""

from __future__ import annotations

import numpy as np

from gisheat.graphs.kernels.heap import pop, push
from gisheat.kernels import kernel


@kernel
def distances(first, neighbour, edge, cost, root):
    """Least cost from the root to each node (inf: not reached)."""
    count = first.size - 1
    key, place, heap = np.full(count, np.inf), np.full(count, -1), np.empty(count, np.int64)
    key[root] = 0.0
    size = push(heap, place, key, 0, root)
    while size > 0:
        u, size = pop(heap, place, key, size)
        for j in range(first[u], first[u + 1]):
            x = neighbour[j]
            longer = key[u] + cost[edge[j]]
            if longer < key[x]:
                key[x] = longer
                size = push(heap, place, key, size, x)
    return key


@kernel
def grow(first, neighbour, edge, cost, wanted, root, stretch):
    """Join the wanted nodes one after the other to the tree grown so far; returns the mask of edges.

    A node of the tree counts as far from the root as the path to it, times `stretch`: 0 gives the shortest-path
    heuristic for Steiner trees [1]_, 1 shortest paths from the root [2]_.

    References
    ----------
    .. [1] Takahashi, Matsuyama (1980): An approximate solution for the Steiner problem in graphs.
    .. [2] Alpert, Hu, Huang, Kahng, Karger (1995): Prim-Dijkstra tradeoffs for improved performance-driven routing.
    """
    count = first.size - 1
    chosen = np.zeros(cost.size, np.bool_)
    key, place, heap = np.full(count, np.inf), np.full(count, -1), np.empty(count, np.int64)
    came, over, inside = np.full(count, -1), np.full(count, -1), np.zeros(count, np.bool_)
    path = np.empty(count, np.int64)
    length = np.zeros(count)
    key[root] = 0.0
    inside[root] = True
    size = push(heap, place, key, 0, root)
    while size > 0:
        u, size = pop(heap, place, key, size)
        place[u] = -1
        if wanted[u] and not inside[u]:
            steps = 0
            while not inside[u]:
                path[steps] = u
                steps += 1
                u = came[u]
            for i in range(steps - 1, -1, -1):
                x = path[i]
                inside[x] = True
                chosen[over[x]] = True
                length[x] = length[came[x]] + cost[over[x]]
                key[x] = stretch * length[x]
                size = push(heap, place, key, size, x)
            continue
        for j in range(first[u], first[u + 1]):
            x = neighbour[j]
            longer = key[u] + cost[edge[j]]
            if longer < key[x] and not inside[x]:
                key[x] = longer
                came[x] = u
                over[x] = edge[j]
                size = push(heap, place, key, size, x)
    return chosen
