"""A lower bound of trees priced by load: the price of each edge shared out between all terminals.

Written for `gisheat.graphs.load_bound`, which says why it is a bound.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gisheat.graphs.kernels.heap import pop, push


@njit(cache=True)
def share_out(fixed, per_load, exponent, load, use, order, share):
    """Who uses most pays first: what his load adds to the price; who uses it equally much shares that by load."""
    count = len(load)
    users = 0
    for k in range(count):
        if use[k] > 0.0:
            i = users
            while i > 0 and use[order[i - 1]] < use[k]:
                order[i] = order[i - 1]
                i -= 1
            order[i] = k
            users += 1
    last = users
    for k in range(count):
        if use[k] <= 0.0:
            order[last] = k
            last += 1
    carried = before = 0.0
    i = 0
    while i < count:
        j, more = i, 0.0
        while j < count and use[order[j]] == use[order[i]]:
            more += load[order[j]]
            j += 1
        carried += more
        price = fixed + per_load * carried**exponent
        for k in order[i:j]:
            share[k] = (price - before) * (load[k] / more if more > 0.0 else 1.0 / (j - i))
        before = price
        i = j


@njit(cache=True)
def sum_of_ways(first, neighbour, into, cost, fixed, per_load, exponent, root, terminals, load, use, rounds, goal):
    """Greatest sum, of those of some rounds, of what all terminals pay on their cheapest ways from the root.

    In each round each arc is shared out by who has used it so far, which is mixed with the shares of earlier rounds,
    and then used once more on the ways that are the cheapest now: fictitious play of shares against ways, which comes
    near the best shares (Robinson 1951); weights that favour late rounds were the fastest.

    Parameters
    ----------
    load : shape (terminals,)
    use : shape (arcs, terminals)
        How often each terminal has used each arc, to begin with; changed in place.
    goal : float
        Ends the rounds when the sum comes up to this.
    """
    nodes, arcs, count = len(first) - 1, 2 * len(cost), len(terminals)
    shares = np.zeros((count, arcs))
    own, order = np.empty(count), np.empty(count, np.int64)
    distance, heap, place = np.empty(nodes), np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    before, over = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    best = 0.0
    for turn in range(rounds):
        new = 3.0 / (turn + 3.0)
        for arc in range(arcs):
            share_out(fixed, per_load, exponent, load, use[arc], order, own)
            for k in range(count):
                shares[k, arc] += new * (cost[arc >> 1] * own[k] - shares[k, arc])
        total = 0.0
        for k in range(count):
            distance[:] = np.inf
            place[:] = -1
            distance[root] = 0.0
            size = push(heap, place, distance, 0, root)
            node = root
            while node != terminals[k]:
                node, size = pop(heap, place, distance, size)
                for j in range(first[node], first[node + 1]):
                    far, arc = neighbour[j], into[j] ^ 1
                    reach = distance[node] + shares[k, arc]
                    if reach < distance[far]:
                        distance[far] = reach
                        before[far] = node
                        over[far] = arc
                        size = push(heap, place, distance, size, far)
            total += distance[node]
            while node != root:
                use[over[node], k] += 1.0
                node = before[node]
        best = max(best, total)
        if best >= goal:
            break
    return best
