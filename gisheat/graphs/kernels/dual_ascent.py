"""A lower bound of the cost of Steiner trees: dual ascent on the graph with each edge as two arcs [1]_.

Seen from a root every tree is a set of arcs, and for each set of nodes that holds a terminal and not the root some arc
leads in. The dual gives each such set a price; the prices of all sets an arc leads into may add up to its cost. Their
sum is the bound, whatever the prices are: the ascent may stop at any time. What is left of an arc's cost, its reduced
cost, is what a tree costs more than the bound at least for having this arc.

References
----------
.. [1] Wong, R. T. (1984). A dual ascent approach for Steiner tree problems on a directed graph.
   Mathematical Programming 28, 271-287.
"""

from __future__ import annotations

import numpy as np

from gisheat.graphs.kernels.heap import pop, push
from gisheat.kernels import kernel


@kernel
def arcs_into(first, edge, end):
    """Arc over which the neighbour at each place leads to the node: 2 e from start to end of edge e, 2 e + 1 back."""
    into = np.empty(len(edge), np.int64)
    for node in range(len(first) - 1):
        for j in range(first[node], first[node + 1]):
            e = edge[j]
            into[j] = 2 * e if end[e] == node else 2 * e + 1
    return into


@kernel
def ascend(first, neighbour, into, reduced, terminals, root, work, load, tops):
    """Lower the reduced costs, in place, until they leave a free way from the root to each terminal.

    The set of a terminal is what leads to it for free; the one with the fewest arcs into it is raised first. A terminal
    that another one, which still waits, leads to needs no more: when that one is reached, so is it.

    Parameters
    ----------
    reduced
        Cost of each arc.
    work
        Most arcs looked at.
    load, tops
        A unit of a set's price counts as much as the load of its nodes, but no more than a top: then the bound is
        one of sum of cost * min(load carried, top). With a load of 1 for each terminal and no more than 1 it is that
        of the Steiner tree.

    Returns
    -------
    bounds : shape (tops,)
        inf if no way leads from the root to a terminal.
    finished : bool
        Whether all terminals were reached.
    """
    n = len(first) - 1
    key = np.zeros(n)
    heap = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    size = 0
    for t in terminals:
        if t != root:
            key[t] = first[t + 1] - first[t]
            size = push(heap, place, key, size, t)
    stamp = np.full(n, -1, np.int64)
    inside = np.empty(n, np.int64)
    cut = np.empty(len(neighbour), np.int64)
    bounds = np.zeros(len(tops))
    turn = 0
    looked = 0
    while size > 0:
        if looked > work:
            return bounds, False
        t, size = pop(heap, place, key, size)
        most = key[heap[0]] if size > 0 else np.inf
        inside[0] = t
        members = 1
        stamp[t] = turn
        weight = load[t]
        arcs = 0
        i = 0
        reached = False
        while True:
            # whatever leads to the set for free belongs to it
            while i < members and not reached:
                node = inside[i]
                i += 1
                for j in range(first[node], first[node + 1]):
                    looked += 1
                    far = neighbour[j]
                    if stamp[far] == turn:
                        continue
                    if reduced[into[j]] <= 0.0:
                        if far == root or place[far] >= 0:
                            reached = True  # or will be, by way of a terminal that waits
                            break
                        stamp[far] = turn
                        inside[members] = far
                        members += 1
                        weight += load[far]
                    else:
                        cut[arcs] = j
                        arcs += 1
            if reached:
                break
            # the cut: arcs from outside
            kept = 0
            least = np.inf
            for k in range(arcs):
                j = cut[k]
                if stamp[neighbour[j]] != turn:
                    cut[kept] = j
                    kept += 1
                    least = min(least, reduced[into[j]])
            looked += arcs
            arcs = kept
            if arcs == 0:
                bounds[:] = np.inf
                return bounds, True
            if arcs > most or looked > work:
                break
            for k in range(len(tops)):
                bounds[k] += least * min(weight, tops[k])
            for k in range(arcs):
                j = cut[k]
                reduced[into[j]] -= least
                far = neighbour[j]
                if reduced[into[j]] <= 0.0 and stamp[far] != turn:
                    if far == root or place[far] >= 0:
                        reached = True
                    stamp[far] = turn
                    inside[members] = far
                    members += 1
                    weight += load[far]
            if reached:
                break
        if not reached:
            key[t] = arcs
            place[t] = -1
            size = push(heap, place, key, size, t)
        turn += 1
    return bounds, True


@kernel
def distances(first, neighbour, arc, reduced, sources):
    """Reduced cost of the cheapest way from the nearest source to each node; `arc` is the one taken at each place."""
    n = len(first) - 1
    distance = np.full(n, np.inf)
    heap = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    size = 0
    for node in sources:
        distance[node] = 0.0
        size = push(heap, place, distance, size, node)
    while size > 0:
        node, size = pop(heap, place, distance, size)
        for j in range(first[node], first[node + 1]):
            far = neighbour[j]
            reach = distance[node] + reduced[arc[j]]
            if reach < distance[far]:
                distance[far] = reach
                size = push(heap, place, distance, size, far)
    return distance
