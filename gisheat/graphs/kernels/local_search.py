"""Makes a Steiner tree cheaper piece by piece: takes a few key paths out and joins what is left anew.

A key node is a terminal or a node where three edges of the tree meet, a key path goes from one to the next. All work is
near the gap: the parts are told apart by walking all of them at the same time until only the largest is unfinished,
and the search for the new join goes out from the small ones, no farther than the paths taken out were long. Where the
small ones are large all the same the move is dear and rarely pays: it is made with a chance that falls with their size.
"""

from __future__ import annotations

import numpy as np

from gisheat.graphs.kernels.chance import draw, draw_below
from gisheat.graphs.kernels.contraction import find
from gisheat.graphs.kernels.heap import pop, push
from gisheat.kernels import kernel

PARTS = 24
"""Most parts a tree is cut into at once."""
WALK = 30.0
"""Nodes walked through before a move may be given up: twice as many are walked in every second move, and so on."""


@kernel
def enlist(member, slot, count, node):
    """Put a node on the list of the tree's nodes."""
    if slot[node] < 0:
        slot[node] = count
        member[count] = node
        count += 1
    return count


@kernel
def strike(member, slot, count, node):
    """Take a node off the list."""
    if slot[node] >= 0:
        count -= 1
        last = member[count]
        member[slot[node]] = last
        slot[last] = slot[node]
        slot[node] = -1
    return count


@kernel
def take_path(first, neighbour, edge, cost, terminal, tree, degree, live, node, via, removed, count):
    """Take out the key path that leaves a key node over place `via`; returns its other end, length and the count."""
    e = edge[via]
    far = neighbour[via]
    length = cost[e]
    tree[e] = False
    removed[count] = e
    count += 1
    live[node] -= 1
    live[far] -= 1
    while degree[far] == 2 and not terminal[far]:
        for j in range(first[far], first[far + 1]):
            if tree[edge[j]]:
                e = edge[j]
                break
        tree[e] = False
        removed[count] = e
        count += 1
        length += cost[e]
        live[far] -= 1
        far = neighbour[j]
        live[far] -= 1
    return far, length, count


@kernel
def improve(first, neighbour, edge, start, end, cost, terminal, tree, moves, most, noise, slack, state):
    """Change the tree, in place, by so many moves; returns how much cheaper it is.

    Parameters
    ----------
    tree
        Mask of the edges; no ends but terminals.
    most
        Most key paths taken out at once, drawn anew for each move.
    noise
        Each edge seems dearer by up to this share, drawn anew each time it is looked at.
    slack
        What a move may add to the cost.
    state
        Of `chance`.
    """
    n = len(first) - 1
    m = len(start)
    degree = np.zeros(n, np.int64)
    for e in range(m):
        if tree[e]:
            degree[start[e]] += 1
            degree[end[e]] += 1
    live = degree.copy()
    member = np.empty(n, np.int64)
    slot = np.full(n, -1, np.int64)
    members = 0
    for node in range(n):
        if degree[node] > 0:
            members = enlist(member, slot, members, node)
    stamp = np.full(n, -1, np.int64)
    part = np.zeros(n, np.int64)
    queue = np.empty((PARTS, n), np.int64)
    tail = np.zeros(PARTS, np.int64)
    at = np.zeros(PARTS, np.int64)
    done = np.zeros(PARTS, np.bool_)
    bare = np.zeros(PARTS, np.bool_)
    key = np.empty(PARTS, np.int64)
    parent = np.empty(PARTS, np.int64)
    distance = np.full(n, np.inf)
    toward = np.full(n, -1, np.int64)
    via = np.full(n, -1, np.int64)
    heap = np.empty(n, np.int64)
    place = np.full(n, -1, np.int64)
    touched = np.empty(n, np.int64)
    removed = np.empty(n, np.int64)
    added = np.empty(n, np.int64)
    fresh = np.empty(n, np.int64)
    gained = 0.0
    if members == 0:
        return gained
    for move in range(moves):
        # the key paths around a node
        node = member[draw_below(state, members)]
        wanted = 1 + draw_below(state, most)
        came = -1
        while degree[node] == 2 and not terminal[node]:
            for j in range(first[node], first[node + 1]):
                if tree[edge[j]] and edge[j] != came:
                    came = edge[j]
                    node = neighbour[j]
                    break
        key[0] = node
        keys = 1
        paths = 0
        gone = 0
        length = 0.0
        i = 0
        while i < keys and paths < wanted:
            node = key[i]
            i += 1
            ways = first[node + 1] - first[node]
            offset = draw_below(state, ways)
            for k in range(ways):
                j = first[node] + (k + offset) % ways
                if tree[edge[j]] and paths < wanted:
                    far, own, gone = take_path(
                        first, neighbour, edge, cost, terminal, tree, degree, live, node, j, removed, gone
                    )
                    length += own
                    paths += 1
                    key[keys] = far
                    keys += 1
        # what hangs on no terminal goes with them
        i = 0
        while i < keys < PARTS:
            node = key[i]
            i += 1
            if live[node] == 1 and not terminal[node]:
                for j in range(first[node], first[node + 1]):
                    if tree[edge[j]]:
                        far, own, gone = take_path(
                            first, neighbour, edge, cost, terminal, tree, degree, live, node, j, removed, gone
                        )
                        length += own
                        key[keys] = far
                        keys += 1
                        break

        # the parts that are left: one at each key node
        unfinished = keys
        small = 0
        for q in range(keys):
            node = key[q]
            queue[q, 0] = node
            tail[q] = 1
            at[q] = 0
            stamp[node] = move
            part[node] = q
            parent[q] = q
            bare[q] = live[node] == 0 and not terminal[node]
            done[q] = live[node] == 0
            if done[q]:
                unfinished -= 1
            if bare[q]:
                stamp[node] = -1
            else:
                small += 1
        walk = WALK / (1.0 - draw(state))
        while unfinished > 1 and walk > 0.0:
            for q in range(keys):
                if done[q]:
                    continue
                for _ in range(4):
                    if at[q] == tail[q]:
                        done[q] = True
                        unfinished -= 1
                        break
                    node = queue[q, at[q]]
                    at[q] += 1
                    walk -= 1.0
                    for j in range(first[node], first[node + 1]):
                        if tree[edge[j]]:
                            far = neighbour[j]
                            if stamp[far] != move:
                                stamp[far] = move
                                part[far] = q
                                queue[q, tail[q]] = far
                                tail[q] += 1
                if unfinished < 2:
                    break
        large = -1
        for q in range(keys):
            if not bare[q] and (large < 0 or (not done[q], tail[q]) > (not done[large], tail[large])):
                large = q
        small -= 1

        # join them: each small one, in random order, grows until it meets another
        most_length = length + slack
        found = 0
        new = 0
        new_length = 0.0
        turn = draw_below(state, keys)
        while small > 0 and unfinished < 2:
            own = -1
            for k in range(keys):
                q = (turn + k) % keys
                if not bare[q] and find(parent, q) == q and q != find(parent, large):
                    own = q
                    break
            seen = 0
            size = 0
            for q in range(keys):
                if not bare[q] and find(parent, q) == own:
                    for k in range(tail[q]):
                        node = queue[q, k]
                        distance[node] = 0.0
                        touched[seen] = node
                        seen += 1
                        size = push(heap, place, distance, size, node)
            for k in range(new):
                node = fresh[k]
                if find(parent, part[node]) == own:
                    distance[node] = 0.0
                    touched[seen] = node
                    seen += 1
                    size = push(heap, place, distance, size, node)
            met = -1
            limit = most_length - new_length
            while size > 0:
                node, size = pop(heap, place, distance, size)
                if distance[node] > limit:
                    break
                joined = live[node] > 0 or terminal[node]
                if joined and (stamp[node] != move or find(parent, part[node]) != own):
                    met = node
                    break
                for j in range(first[node], first[node + 1]):
                    e = edge[j]
                    if tree[e]:
                        continue
                    far = neighbour[j]
                    reach = distance[node] + cost[e] * (1.0 + noise * draw(state))
                    if reach < distance[far]:
                        if distance[far] == np.inf:
                            touched[seen] = far
                            seen += 1
                        distance[far] = reach
                        toward[far] = node
                        via[far] = e
                        size = push(heap, place, distance, size, far)
            if met >= 0:
                other = find(parent, part[met]) if stamp[met] == move else find(parent, large)
                node = met
                while distance[node] > 0.0:
                    e = via[node]
                    tree[e] = True
                    added[found] = e
                    found += 1
                    new_length += cost[e]
                    live[start[e]] += 1
                    live[end[e]] += 1
                    node = toward[node]
                    if distance[node] > 0.0:
                        stamp[node] = move
                        part[node] = own
                        fresh[new] = node
                        new += 1
                parent[own] = other
                small -= 1
            for k in range(seen):
                node = touched[k]
                distance[node] = np.inf
                place[node] = -1
            if met < 0 or new_length > most_length:
                break

        if small == 0 and new_length <= most_length:
            gained += length - new_length
            for k in range(gone + found):
                e = removed[k] if k < gone else added[k - gone]
                for node in (start[e], end[e]):
                    degree[node] = live[node]
                    if live[node] > 0:
                        members = enlist(member, slot, members, node)
                    else:
                        members = strike(member, slot, members, node)
        else:
            for k in range(found):
                e = added[k]
                tree[e] = False
                live[start[e]] -= 1
                live[end[e]] -= 1
            for k in range(gone):
                e = removed[k]
                tree[e] = True
                live[start[e]] += 1
                live[end[e]] += 1
    return gained
