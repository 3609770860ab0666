"""Equal places found by hashing, and leaders that near places follow."""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel
from gisheat.noding.kernels.cells import bucket_of, cell_of, longer, put_place

MOST = 100
"""Pairs of ends left apart that are told for one of them."""


@kernel
def equal_places(key, bits, buckets):
    """Number of the distinct place of each row, and the first row of each place.

    `key` holds the coordinates seen as integers, shape (n, 2): rows are equal if key and bits are.
    """
    mask = buckets - 1
    table = np.full(buckets, -1, np.int32)
    place = np.empty(len(key), np.int32)
    first = np.empty(len(key), np.int32)
    count = 0
    for i in range(len(key)):
        h = key[i, 0] * np.int64(-7046029254386353131) ^ key[i, 1] * np.int64(-4417276706812531889) ^ bits[i]
        h ^= (h >> 29) & np.int64(0x7FFFFFFFF)
        h *= np.int64(-4658895280553007687)
        h = (h ^ (h >> 32)) & mask
        while True:
            j = table[h]
            if j < 0:
                table[h] = count
                place[i] = count
                first[count] = i
                count += 1
                break
            k = first[j]
            if key[k, 0] == key[i, 0] and key[k, 1] == key[i, 1] and bits[k] == bits[i]:
                place[i] = j
                break
            h = (h + 1) & mask
    return place, first[:count].copy()


@kernel
def crowded_places(xy, bits, alive, head, following, size, tolerance, radius):
    """Whether another place within the tolerance shares a bit."""
    mask = len(head) - 1
    limit = tolerance * tolerance
    crowded = np.zeros(len(alive), np.bool_)
    for i in range(len(alive)):
        if not alive[i] or crowded[i]:
            continue
        x, y = xy[i, 0], xy[i, 1]
        for a in range(cell_of(x - radius, size), cell_of(x + radius, size) + 1):
            for b in range(cell_of(y - radius, size), cell_of(y + radius, size) + 1):
                j = head[bucket_of(a, b, mask)]
                while j >= 0:
                    if j != i and (bits[i] & bits[j]) != 0:
                        dx, dy = xy[j, 0] - x, xy[j, 1] - y
                        if dx * dx + dy * dy <= limit:
                            crowded[i] = True
                            crowded[j] = True
                    j = following[j]
    return crowded


@kernel
def nearest_place(xy, bits, head, following, size, tolerance, radius, x, y, one, other):
    """Nearest place in the lists within the tolerance that shares a bit with `one` and with `other`, or -1.

    Of equally near ones the one with the lower coordinates.
    """
    mask = len(head) - 1
    best, least = -1, tolerance * tolerance
    for a in range(cell_of(x - radius, size), cell_of(x + radius, size) + 1):
        for b in range(cell_of(y - radius, size), cell_of(y + radius, size) + 1):
            j = head[bucket_of(a, b, mask)]
            while j >= 0:
                if (bits[j] & one) != 0 and (bits[j] & other) != 0:
                    dx, dy = xy[j, 0] - x, xy[j, 1] - y
                    gap = dx * dx + dy * dy
                    if gap < least or (gap == least and (best < 0 or _before(xy, bits, j, best))):
                        best, least = j, gap
                j = following[j]
    return best


@kernel
def _before(xy, bits, i, j):
    """Whether place i comes before place j: by x, y, more bits, number."""
    if xy[i, 0] != xy[j, 0]:
        return xy[i, 0] < xy[j, 0]
    if xy[i, 1] != xy[j, 1]:
        return xy[i, 1] < xy[j, 1]
    if bits[i] != bits[j]:
        return bits[i] > bits[j]
    return i < j


@kernel
def follow_leaders(order, xy, bits, fixed, size, tolerance, radius, buckets):
    """Leader of each place: one after the other leads if no leader is near; the others follow the nearest leader.

    Leaders are farther apart than the tolerance (fixed ones lead in any case), so nobody follows in a chain.
    Returns the leaders of the places named in `order`.
    """
    head = np.full(buckets, -1, np.int32)
    following = np.full(len(xy), -1, np.int32)
    leader = np.full(len(order), -1, np.int32)
    for k in range(len(order)):
        i = order[k]
        found = -1
        if not fixed[i]:
            found = nearest_place(
                xy, bits, head, following, size, tolerance, radius, xy[i, 0], xy[i, 1], bits[i], bits[i]
            )
        if found < 0:
            put_place(head, following, buckets - 1, size, xy, i)
            leader[k] = i
    for k in range(len(order)):
        i = order[k]
        if leader[k] < 0:
            leader[k] = nearest_place(
                xy, bits, head, following, size, tolerance, radius, xy[i, 0], xy[i, 1], bits[i], bits[i]
            )
    return leader


@kernel
def node_state(start, end, bits, level, node_bits, any_level, several):
    """What the ends of pieces say about nodes: bits (added to node_bits), level, number of ends.

    The level is `several` where ends of different levels meet, or where `any_level` says so.
    """
    count = len(node_bits)
    node_level = np.full(count, several, np.int32)
    degree = np.zeros(count, np.int32)
    for p in range(len(start)):
        for side in range(2):
            node = start[p] if side == 0 else end[p]
            node_bits[node] |= bits[p]
            if degree[node] == 0:
                node_level[node] = level[p]
            elif node_level[node] != level[p]:
                node_level[node] = several
            degree[node] += 1
    for i in range(count):
        if any_level[i]:
            node_level[i] = several
    return node_level, degree


@kernel
def follow_ends(into, ends, start, end):
    """Ends of lines (in place) and of pieces after nodes went into others: start, end, whether a piece has moved."""
    for i in range(ends.shape[0]):
        for k in range(ends.shape[1]):
            if ends[i, k] >= 0:
                ends[i, k] = into[ends[i, k]]
    new_start, new_end = np.empty_like(start), np.empty_like(end)
    moved = np.empty(len(start), np.bool_)
    for p in range(len(start)):
        new_start[p], new_end[p] = into[start[p]], into[end[p]]
        moved[p] = new_start[p] != start[p] or new_end[p] != end[p]
    return new_start, new_end, moved


@kernel
def first_lines(start, end, line, nodes):
    """The first line that ends at each node, -1 if there is none; pieces are in the order of their lines."""
    first = np.full(nodes, -1, np.int32)
    for p in range(len(line)):
        if first[start[p]] < 0:
            first[start[p]] = line[p]
        if first[end[p]] < 0:
            first[end[p]] = line[p]
    return first


@kernel
def moved_ends(lines, ends, xy, offset, node_xy, used):
    """Ends of lines that are at another place than drawn: line, node, vertex; first the starts, then the ends."""
    line, node, vertex = (
        np.empty(2 * len(lines), np.int32),
        np.empty(2 * len(lines), np.int32),
        np.empty(2 * len(lines), np.int64),
    )
    count = 0
    for side in range(2):
        for i in lines:
            v = offset[i] if side == 0 else offset[i + 1] - 1
            n = ends[side, i]
            if used[n] and (node_xy[n, 0] != xy[v, 0] or node_xy[n, 1] != xy[v, 1]):
                line[count], node[count], vertex[count] = i, n, v
                count += 1
    return line[:count].copy(), node[:count].copy(), vertex[:count].copy()


@kernel
def pairs_apart(xy, moved, bits, node, head, following, size, tolerance, radius):
    """Pairs of places within the tolerance that share a bit and belong to different nodes, none of them below zero.

    One of a pair has moved, because nodes are farther apart. No place is in front of more than MOST pairs: thousands of
    ends in one heap would make as many pairs as the square of their number.
    """
    mask = len(head) - 1
    limit = tolerance * tolerance
    room = 64
    one, other = np.empty(room, np.int32), np.empty(room, np.int32)
    count = 0
    for i in range(len(xy)):
        if node[i] < 0 or not moved[i]:
            continue
        x, y = xy[i, 0], xy[i, 1]
        begin = count
        for a in range(cell_of(x - radius, size), cell_of(x + radius, size) + 1):
            for b in range(cell_of(y - radius, size), cell_of(y + radius, size) + 1):
                j = head[bucket_of(a, b, mask)]
                while j >= 0:
                    if (
                        (j > i or (j != i and not moved[j]))
                        and node[j] >= 0
                        and node[j] != node[i]
                        and (bits[i] & bits[j]) != 0
                    ):
                        dx, dy = xy[j, 0] - x, xy[j, 1] - y
                        known = dx * dx + dy * dy > limit or count - begin >= MOST
                        for k in range(begin, count):
                            known = known or other[k] == j
                        if not known:
                            if count == room:
                                room *= 2
                                one, other = longer(one, room), longer(other, room)
                            one[count], other[count] = i, j
                            count += 1
                    j = following[j]
    return one[:count].copy(), other[:count].copy()
