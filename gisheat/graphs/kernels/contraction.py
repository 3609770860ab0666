"""Makes a graph smaller without changing its best Steiner tree; every step keeps how to undo it.

Edges hang in lists at their nodes that are linked both ways: half 2 e at the start of edge e, 2 e + 1 at its end.
Merged edges get numbers beyond those of the given ones: `left` and `right` say what each was merged from.
"""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel

NONE = -1


@kernel
def find(parent, node):
    """Who stands for the set of a node; paths are halved on the way."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def reach(first, neighbour, root):
    """Nodes that hang together with the root, as a mask."""
    reached = np.zeros(len(first) - 1, np.bool_)
    stack = np.empty(len(first), np.int64)
    stack[0] = root
    reached[root] = True
    size = 1
    while size:
        size -= 1
        node = stack[size]
        for j in range(first[node], first[node + 1]):
            other = neighbour[j]
            if not reached[other]:
                reached[other] = True
                stack[size] = other
                size += 1
    return reached


@kernel
def join_free(count, start, end, cost):
    """Number of each node when edges without cost are points, how many there are, and a forest of those edges."""
    parent = np.arange(count)
    forest = np.zeros(len(start), np.bool_)
    for e in range(len(start)):
        if cost[e] == 0.0:
            a, b = find(parent, start[e]), find(parent, end[e])
            if a != b:
                parent[max(a, b)] = min(a, b)
                forest[e] = True
    number = np.empty(count, np.int64)
    points = 0
    for i in range(count):
        if parent[i] == i:
            number[i] = points
            points += 1
    for i in range(count):
        if parent[i] != i:
            number[i] = number[find(parent, i)]
    return number, points, forest


@kernel
def _link(head, following, before, at, half, node):
    at[half] = node
    following[half] = head[node]
    before[half] = NONE
    if head[node] != NONE:
        before[head[node]] = half
    head[node] = half


@kernel
def _unlink(head, following, before, at, half):
    node = at[half]
    if before[half] != NONE:
        following[before[half]] = following[half]
    else:
        head[node] = following[half]
    if following[half] != NONE:
        before[following[half]] = before[half]


@kernel
def _between(head, following, at, a, b):
    """Edge between two nodes, found in the shorter of their lists."""
    i, k = head[a], head[b]
    while i >= 0 and k >= 0:
        if at[i ^ 1] == b:
            return i >> 1
        if at[k ^ 1] == a:
            return k >> 1
        i, k = following[i], following[k]
    return NONE


@kernel
def contract(count, start, end, cost, live, terminal):
    """Take out what a best tree never or always has, and merge chains.

    `live` says which edges take part. Returns the ends, costs and records of the edges left, the terminals left
    (mask), the records every tree has, and what each merged record was merged from.
    """
    m = len(start)
    at = np.empty(2 * m, np.int64)
    following = np.empty(2 * m, np.int64)
    before = np.empty(2 * m, np.int64)
    head = np.full(count, NONE, np.int64)
    degree = np.zeros(count, np.int64)
    alive = live.copy()
    length = cost.copy()
    record = np.arange(m)
    left = np.empty(m, np.int64)
    right = np.empty(m, np.int64)
    merged = 0
    wanted = terminal.copy()
    to_join = wanted.sum()
    always = np.empty(m, np.int64)
    sure = 0
    for e in range(m - 1, -1, -1):
        if start[e] == end[e]:
            alive[e] = False
        if alive[e]:
            _link(head, following, before, at, 2 * e, start[e])
            _link(head, following, before, at, 2 * e + 1, end[e])
            degree[start[e]] += 1
            degree[end[e]] += 1

    # of parallel edges the cheapest stays, of equal ones the first
    mark = np.full(count, NONE, np.int64)
    for node in range(count):
        half = head[node]
        while half != NONE:
            then = following[half]
            other = at[half ^ 1]
            if other > node:
                rival = mark[other]
                if rival != NONE and at[rival ^ 1] == other and at[rival] == node and alive[rival >> 1]:
                    worse = half if length[half >> 1] >= length[rival >> 1] else rival
                    if worse == rival:
                        mark[other] = half
                    _unlink(head, following, before, at, worse)
                    _unlink(head, following, before, at, worse ^ 1)
                    alive[worse >> 1] = False
                    degree[node] -= 1
                    degree[other] -= 1
                else:
                    mark[other] = half
            half = then

    stack = np.arange(count - 1, -1, -1)
    waiting = np.ones(count, np.bool_)
    size = count
    while size:
        size -= 1
        node = stack[size]
        waiting[node] = False
        if degree[node] == 1:
            if wanted[node] and to_join < 2:
                continue
            half = head[node]
            e, other = half >> 1, at[half ^ 1]
            if wanted[node]:
                always[sure] = record[e]
                sure += 1
                wanted[node] = False
                if wanted[other]:
                    to_join -= 1
                wanted[other] = True
            _unlink(head, following, before, at, half)
            _unlink(head, following, before, at, half ^ 1)
            alive[e] = False
            degree[node] -= 1
            degree[other] -= 1
            if not waiting[other]:
                waiting[other] = True
                stack[size] = other
                size += 1
        elif degree[node] == 2 and not wanted[node]:
            one = head[node]
            two = following[one]
            e, f = one >> 1, two >> 1
            a, b = at[one ^ 1], at[two ^ 1]
            total = length[e] + length[f]
            _unlink(head, following, before, at, one)
            _unlink(head, following, before, at, one ^ 1)
            _unlink(head, following, before, at, two)
            _unlink(head, following, before, at, two ^ 1)
            alive[e] = alive[f] = False
            degree[node] = 0
            rival = _between(head, following, at, a, b)
            if rival == NONE or length[rival] > total:
                left[merged] = record[e]
                right[merged] = record[f]
                record[e] = m + merged
                merged += 1
                length[e] = total
                alive[e] = True
                _link(head, following, before, at, 2 * e, a)
                _link(head, following, before, at, 2 * e + 1, b)
                if rival != NONE:
                    _unlink(head, following, before, at, 2 * rival)
                    _unlink(head, following, before, at, 2 * rival + 1)
                    alive[rival] = False
                    degree[a] -= 1
                    degree[b] -= 1
            else:
                degree[a] -= 1
                degree[b] -= 1
            for other in (a, b):
                if not waiting[other]:
                    waiting[other] = True
                    stack[size] = other
                    size += 1

    kept = np.flatnonzero(alive)
    return (
        at[2 * kept],
        at[2 * kept + 1],
        length[kept],
        record[kept],
        wanted,
        always[:sure].copy(),
        left[:merged].copy(),
        right[:merged].copy(),
    )


@kernel
def unfold(records, left, right, edges):
    """Mark in `edges` the given edges that records were merged from."""
    m = len(edges)
    stack = np.empty(len(left) + 1, np.int64)
    for record in records:
        stack[0] = record
        size = 1
        while size:
            size -= 1
            item = stack[size]
            if item < m:
                edges[item] = True
            else:
                stack[size] = left[item - m]
                stack[size + 1] = right[item - m]
                size += 2


@kernel
def prune(start, end, edges, terminal):
    """Take ends that are no terminals off a forest, in place; `terminal` is a mask of the nodes."""
    degree = np.zeros(len(terminal), np.int64)
    last = np.zeros(len(terminal), np.int64)  # exclusive or of the edges at a node: at an end the one that is left
    chosen = np.flatnonzero(edges)
    for e in chosen:
        for node in (start[e], end[e]):
            degree[node] += 1
            last[node] ^= e
    for e in chosen:
        for first in (start[e], end[e]):
            node = first
            while degree[node] == 1 and not terminal[node]:
                edge = last[node]
                edges[edge] = False
                degree[node] = 0
                node = start[edge] + end[edge] - node
                degree[node] -= 1
                last[node] ^= edge
