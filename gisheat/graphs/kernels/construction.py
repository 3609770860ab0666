"""A first Steiner tree: shortest paths from the tree to the terminals, then the shortest tree on the nodes it has."""

from __future__ import annotations

import numpy as np

from gisheat.graphs.kernels.contraction import find, prune
from gisheat.graphs.kernels.heap import push, sink
from gisheat.kernels import kernel


@kernel
def shortest_paths(first, neighbour, edge, cost, terminal, root):
    """Nodes of a tree, as a mask, that grows from the root by the terminal that is nearest each time.

    One search goes on: when a terminal is reached, its path becomes part of the tree and new source of the search,
    so that nodes already seen are only seen again where they have come nearer.
    """
    n = len(first) - 1
    inside = np.zeros(n, np.bool_)
    distance = np.full(n, np.inf)
    toward = np.full(n, -1, np.int64)
    heap = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    missing = terminal.sum()
    inside[root] = True
    if terminal[root]:
        missing -= 1
    distance[root] = 0.0
    size = push(heap, place, distance, 0, root)
    while size > 0 and missing > 0:
        node = heap[0]
        size -= 1
        place[node] = -1  # not settled: it may come nearer when the tree has grown
        if size > 0:
            heap[0] = heap[size]
            place[heap[0]] = 0
            sink(heap, place, distance, 0, size)
        if terminal[node] and not inside[node]:
            while not inside[node]:
                inside[node] = True
                if terminal[node]:
                    missing -= 1
                distance[node] = 0.0
                size = push(heap, place, distance, size, node)
                node = toward[node]
            continue
        for j in range(first[node], first[node + 1]):
            other = neighbour[j]
            length = distance[node] + cost[edge[j]]
            if length < distance[other]:
                distance[other] = length
                toward[other] = node
                size = push(heap, place, distance, size, other)
    return inside


@kernel
def shortest_tree(start, end, order, inside, terminal):
    """Edges, as a mask, of the shortest tree on the nodes `inside`, without ends that are no terminals.

    `order` has the edges by rising cost.
    """
    parent = np.arange(len(inside))
    chosen = np.zeros(len(start), np.bool_)
    for e in order:
        if inside[start[e]] and inside[end[e]]:
            a, b = find(parent, start[e]), find(parent, end[e])
            if a != b:
                parent[a] = b
                chosen[e] = True
    prune(start, end, chosen, terminal)
    return chosen
