"""Bridges, and the cheapest way around those on a path of a tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisheat.graphs.kernels.contraction import find
from gisheat.graphs.kernels.heap import SETTLED, pop, push, rise
from gisheat.kernels import kernel

UP, DOWN = 1, 2


class Room(NamedTuple):
    """Room for searches, clean between them but for `heap`, `over`, `free` and `touched`."""

    key: np.ndarray
    place: np.ndarray
    came: np.ndarray
    over: np.ndarray
    heap: np.ndarray
    free: np.ndarray
    touched: np.ndarray


@kernel
def clean_room(count):
    """Clean room for searches among so many nodes."""
    return Room(
        np.full(count, np.inf), np.full(count, -1), np.full(count, -1), np.empty(count, np.int64),
        np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64),
    )  # fmt: skip


@kernel
def bridges(first, neighbour, edge, mask, root):
    """Which of the masked edges that hang together with the root are bridges (Tarjan 1974); parallel ones are not."""
    count = first.size - 1
    found = np.zeros(mask.size, np.bool_)
    number = np.full(count, -1)
    lowest = np.zeros(count, np.int64)
    over = np.full(count, -1)
    at = first[:-1].copy()
    stack = np.empty(count, np.int64)
    stack[0] = root
    number[root] = 0
    size, seen = 1, 1
    while size > 0:
        u = stack[size - 1]
        if at[u] < first[u + 1]:
            j = at[u]
            at[u] += 1
            e = edge[j]
            if not mask[e] or e == over[u]:
                continue
            v = neighbour[j]
            if number[v] < 0:
                number[v] = lowest[v] = seen
                seen += 1
                over[v] = e
                stack[size] = v
                size += 1
            elif number[v] < lowest[u]:
                lowest[u] = number[v]
        else:
            size -= 1
            if size > 0:
                above = stack[size - 1]
                lowest[above] = min(lowest[above], lowest[u])
                if lowest[u] > number[above]:
                    found[over[u]] = True
    return found


@kernel
def survey(first, neighbour, edge, mask, root, load):
    """Root the masked tree: parent, edge to it and depth of each node, its place and that behind all below it, load.

    Nodes of the tree are placed so that those below a node follow it without a gap; others have the place -1.
    """
    count = first.size - 1
    parent, way, depth = np.full(count, -1), np.full(count, -1), np.full(count, -1)
    order = np.empty(count, np.int64)
    order[0] = root
    depth[root] = 0
    size, i = 1, 0
    while i < size:
        u = order[i]
        i += 1
        for j in range(first[u], first[u + 1]):
            x = neighbour[j]
            if mask[edge[j]] and depth[x] < 0:
                parent[x], way[x], depth[x] = u, edge[j], depth[u] + 1
                order[size] = x
                size += 1
    behind = np.zeros(count)
    leave = np.zeros(count, np.int64)  # how many are below first
    for i in range(size - 1, -1, -1):
        u = order[i]
        behind[u] += load[u]
        leave[u] += 1
        if parent[u] >= 0:
            behind[parent[u]] += behind[u]
            leave[parent[u]] += leave[u]
    enter = np.full(count, -1)
    enter[root] = 0
    given = np.ones(count, np.int64)
    for i in range(1, size):
        u = order[i]
        enter[u] = enter[parent[u]] + given[parent[u]]
        given[parent[u]] += leave[u]
    for i in range(size):
        leave[order[i]] += enter[order[i]]
    return parent, way, depth, enter, leave, behind


@kernel
def mark_path(parent, way, depth, a, b, marked):
    """Mark the edges of the tree between two of its nodes."""
    while a != b:
        if depth[a] < depth[b]:
            a, b = b, a
        marked[way[a]] = True
        a = parent[a]


@kernel
def join(up, parent, depth, u, v):
    """Note that an edge between u and v closes a loop: nothing on the tree's path between them is a bridge any more."""
    a, b = find(up, u), find(up, v)
    while a != b:
        if depth[a] >= 0 and (depth[b] < 0 or depth[a] < depth[b]):
            a, b = b, a  # a: not in the tree, or the lower one
        up[a] = b if depth[a] < 0 else find(up, parent[a])
        a = up[a]


@kernel
def tops(start, end, parent, way, depth, standing, is_bridge):
    """For each node one above it that no bridge parts from it; `find` follows these to the highest."""
    up = np.arange(depth.size)
    for v in range(depth.size):
        if parent[v] >= 0 and not is_bridge[way[v]]:
            up[v] = parent[v]
    for e in range(standing.size):
        if standing[e] and not is_bridge[e] and (depth[start[e]] < 0 or depth[end[e]] < 0):
            join(up, parent, depth, start[e], end[e])
    return up


@kernel
def block(parent, way, depth, need, up, a, b, blocked):
    """Note for the nodes between a and b whose edge to the parent is open that it may be passed backwards only.

    Open is what is needed and a bridge still. Returns how many there are and the highest of them.
    """
    found, top, high = 0, -1, np.int64(1 << 62)
    x, y = a, b
    while x != y:
        if depth[x] >= depth[y]:
            z, direction = x, UP
            x = parent[x]
        else:
            z, direction = y, DOWN
            y = parent[y]
        if need[way[z]] and find(up, z) == z:
            blocked[z] = direction
            found += 1
            if depth[z] < high:
                top, high = z, depth[z]
    return found, top


@kernel
def unblock(parent, depth, a, b, blocked):
    """Take the notes of `block` back."""
    x, y = a, b
    while x != y:
        if depth[x] >= depth[y]:
            blocked[x] = 0
            x = parent[x]
        else:
            blocked[y] = 0
            y = parent[y]


@kernel
def second_path(first, neighbour, edge, cost, way, enter, leave, blocked, standing, a, goal, top, room, new, limit):
    """Cheapest edges that make every blocked edge between a and the goal part of a loop.

    A walk from a to the goal: free over what stands, but over blocked edges only backwards (the second of two
    edge-disjoint paths, the first of which is there already [1]_). Without a goal (-1) it ends outside of what hangs
    on the node `top`. Returns the number of new edges, put into `new`, or -1 if no such walk is below the limit.
    `room` is clean before and after.

    References
    ----------
    .. [1] Suurballe (1974): Disjoint paths in a network. Networks 4(2), 125-145.
    """
    key, place, came, over = room.key, room.place, room.came, room.over
    key[a] = 0.0
    place[a] = SETTLED
    room.free[0] = room.touched[0] = a
    waiting, size, touched, found = 1, 0, 1, -1  # what is reached for nothing more needs no heap
    while waiting + size > 0:
        if waiting > 0:
            waiting -= 1
            u = room.free[waiting]
        else:
            u, size = pop(room.heap, place, key, size)
        if u == goal or (goal < 0 and enter[u] >= 0 and not (enter[top] <= enter[u] < leave[top])):
            found = 0
            while came[u] >= 0:
                if not standing[over[u]]:
                    new[found] = over[u]
                    found += 1
                u = came[u]
            break
        for j in range(first[u], first[u + 1]):
            x, e = neighbour[j], edge[j]
            if place[x] == SETTLED:
                continue
            longer = key[u] if standing[e] else key[u] + cost[e]
            if standing[e]:
                if (blocked[u] == UP and way[u] == e) or (blocked[x] == DOWN and way[x] == e):
                    continue
            elif longer >= min(key[x], limit):
                continue
            if came[x] < 0:
                room.touched[touched] = x
                touched += 1
            came[x] = u
            over[x] = e
            if standing[e]:
                if place[x] >= 0:
                    size = take_out(room.heap, place, key, size, x)
                key[x] = longer
                place[x] = SETTLED
                room.free[waiting] = x
                waiting += 1
            else:
                key[x] = longer
                size = push(room.heap, place, key, size, x)
    for i in range(touched):
        x = room.touched[i]
        key[x] = np.inf
        place[x] = came[x] = -1
    return found


@kernel
def take_out(heap, place, key, size, node):
    """Take a node out of the middle of the heap; returns the size."""
    key[node] = -1.0
    rise(heap, place, key, place[node])
    _, size = pop(heap, place, key, size)
    return size


@kernel
def close(
    first, neighbour, edge, start, end, cost, parent, way, depth, enter, leave, need, standing, is_bridge, root,
    demands, order, limit,
):  # fmt: skip
    """Add edges to `standing` until nothing needed on the path of any demand is a bridge; returns what they cost.

    `is_bridge` tells the bridges at the beginning, which are edges of the tree. A demand is a pair of nodes; the second
    one -1: the root, however it is reached. Gives up with inf when it costs more than the limit.
    """
    total = 0.0
    up = tops(start, end, parent, way, depth, standing, is_bridge)
    blocked, new, room = np.zeros(depth.size, np.int64), np.empty(depth.size, np.int64), clean_room(depth.size)
    for i in order:
        a, goal = demands[i, 0], demands[i, 1]
        b = root if goal < 0 else goal
        found, top = block(parent, way, depth, need, up, a, b, blocked)
        if found == 0:
            continue
        count = second_path(
            first, neighbour, edge, cost, way, enter, leave, blocked, standing, a, goal, top, room, new, limit - total
        )
        if count < 0:
            return np.inf
        for k in range(count):
            standing[new[k]] = True
            total += cost[new[k]]
            join(up, parent, depth, start[new[k]], end[new[k]])
        unblock(parent, depth, a, b, blocked)
    return total


@kernel
def cut_labels(first, neighbour, edge, mask, root):
    """Labels of the masked edges: equal for two edges exactly if both gone cut the graph, none of them alone [1]_.

    Each edge that closes a loop gets a random number, an edge of the spanning tree the exclusive or of those of all
    loops through it; a bridge gets zero. Wrong with a probability of 2^-64 for a pair.

    References
    ----------
    .. [1] Pritchard, Thurimella (2011): Fast computation of small cuts via cycle space sampling. ACM Transactions on
       Algorithms 7(4), 46.
    """
    count = first.size - 1
    label = np.zeros(mask.size, np.uint64)
    at = np.zeros(count, np.uint64)
    parent, way = np.full(count, -1), np.full(count, -1)
    order = np.empty(count, np.int64)
    order[0] = root
    parent[root] = root
    size, i = 1, 0
    while i < size:
        u = order[i]
        i += 1
        for j in range(first[u], first[u + 1]):
            x, e = neighbour[j], edge[j]
            if not mask[e] or e == way[u]:
                continue
            if parent[x] < 0:
                parent[x], way[x] = u, e
                order[size] = x
                size += 1
            elif label[e] == 0:
                number = np.uint64(e + 1) * np.uint64(0x9E3779B97F4A7C15)  # splitmix64: a number for the edge
                number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                number ^= number >> np.uint64(31)
                label[e] = number
                at[u] ^= number
                at[x] ^= number
    for i in range(size - 1, 0, -1):
        u = order[i]
        label[way[u]] = at[u]
        at[parent[u]] ^= at[u]
    return label


@kernel
def pieces(start, end, tree, inside, standing):
    """Number the pieces into which the tree's nodes cut the added edges, by their first edge; -1 elsewhere."""
    parent = np.arange(tree.size)
    at = np.full(inside.size, -1)
    for e in range(tree.size):
        if tree[e] or not standing[e]:
            continue
        for v in (start[e], end[e]):
            if inside[v]:
                continue
            if at[v] < 0:
                at[v] = e
            else:
                i, k = at[v], e
                while parent[i] != i:
                    i = parent[i]
                while parent[k] != k:
                    k = parent[k]
                parent[max(i, k)] = min(i, k)
    number = np.full(tree.size, -1)
    count = 0
    for e in range(tree.size):
        if standing[e] and not tree[e]:
            i = e
            while parent[i] != i:
                i = parent[i]
            if i == e:
                number[e] = count
                count += 1
            else:
                number[e] = number[i]
    return number, count


@kernel
def around(first, neighbour, edge, number, piece, most, chosen):
    """Choose a piece and others near it, by streets, up to so many; returns how many."""
    count = first.size - 1
    seen = np.zeros(count, np.bool_)
    queue = np.empty(count, np.int64)
    size, found = 0, 0
    for u in range(count):
        for j in range(first[u], first[u + 1]):
            if number[edge[j]] == piece and not seen[u]:
                seen[u] = True
                queue[size] = u
                size += 1
    i = 0
    while i < size and found < most:
        u = queue[i]
        i += 1
        for j in range(first[u], first[u + 1]):
            x, other = neighbour[j], number[edge[j]]
            known = other < 0
            for k in range(found):
                known = known or chosen[k] == other
            if not known and found < most:
                chosen[found] = other
                found += 1
            if not seen[x]:
                seen[x] = True
                queue[size] = x
                size += 1
    return found
