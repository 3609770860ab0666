"""Taking several parts of a loaded tree off at once and putting them back in another order."""

from __future__ import annotations

import numpy as np

from gisheat.graphs.kernels.chance import draw_below, shuffle
from gisheat.graphs.kernels.reattach import (
    OUTSIDE,
    attach,
    cheapest,
    clean,
    detach,
    drop_bare,
    forget,
    is_key,
    take_back,
)
from gisheat.kernels import kernel


@kernel
def gather(streets, tree, room, centre, most, chosen):
    """Key nodes around a node, by streets; returns how many were put into `chosen`."""
    room.heap[0] = centre
    room.place[centre] = 0
    found, size, i = 0, 1, 0
    while i < size and found < most:
        u = room.heap[i]
        i += 1
        if tree.parent[u] >= 0 and is_key(streets, tree, u):
            chosen[found] = u
            found += 1
        for j in range(streets.first[u], streets.first[u + 1]):
            x = streets.neighbour[j]
            if room.place[x] == -1:
                room.place[x] = size
                room.heap[size] = x
                size += 1
    for i in range(size):
        room.place[room.heap[i]] = -1
    return found


@kernel
def renew(streets, price, tree, room, tops, size, state):
    """Take off the parts at the nodes given and put all back, one after the other; returns the gain (0: undone)."""
    saved = 0.0
    for i in range(size):
        v = tops[i]
        if tree.parent[v] >= 0:
            saved += detach(streets, price, tree, v)
        elif tree.parent[v] == OUTSIDE:
            tops[i] = -1
    for i in range(size):
        if tops[i] >= 0 and tree.parent[tops[i]] == -1:
            tops[i], more = drop_bare(streets, price, tree, tops[i])
            saved += more
    shuffle(tops, size, state)
    left = saved * (1.0 + 1e-12)
    spent = 0.0
    for i in range(size):
        v = tops[i]
        if v < 0:
            continue
        found, cost, reached = cheapest(streets, price, tree, room, v, left - spent)
        if found >= 0:
            attach(tree, room, v, found)
        clean(room, reached)
        if found < 0:
            take_back(tree)
            return 0.0
        spent += cost
    forget(tree)
    return saved - spent


@kernel
def shake(streets, price, tree, room, wanted, moves, most, state):
    """So many times: renew a few parts around a random node that must be joined, keep if not dearer."""
    chosen = np.empty(most, np.int64)
    gain = 0.0
    for _ in range(moves):
        centre = wanted[draw_below(state, wanted.size)]
        size = gather(streets, tree, room, centre, 2 + draw_below(state, most - 1), chosen)
        gain += renew(streets, price, tree, room, chosen, size, state)
    return gain
