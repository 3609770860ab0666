"""Pieces between the same nodes that run along each other."""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel
from gisheat.noding.kernels.touching import is_reversed, square_gap


@kernel
def find_parallel(start, end, degree, chosen):
    """Pieces that are chosen and not alone between their two nodes, and a number for each two nodes.

    They are sought among those at the node with fewer ends, so that a node with thousands of them costs little.
    """
    first = np.full(len(degree), -1, np.int32)
    following = np.full(len(start), -1, np.int32)
    group = np.full(len(start), -1, np.int32)
    for p in range(len(start)):
        if not chosen[p]:
            continue
        node, beyond = min(start[p], end[p]), max(start[p], end[p])
        if degree[beyond] < degree[node]:
            node, beyond = beyond, node
        q = first[node]
        while q >= 0 and (start[q] != beyond or end[q] != node) and (start[q] != node or end[q] != beyond):
            q = following[q]
        if q >= 0:
            group[p] = group[q] = q
        else:
            following[p] = first[node]
            first[node] = p
    found = np.flatnonzero(group >= 0)
    return found, group[found]


@kernel
def measure_pieces(pieces, xy, bits_of_xy, offset):
    """Length and a number made of all coordinates of each piece; the same for both directions."""
    length = np.zeros(len(pieces))
    number = np.zeros(len(pieces), np.int64)
    for k in range(len(pieces)):
        low, high = offset[pieces[k]], offset[pieces[k] + 1]
        step = -1 if is_reversed(xy, low, high) else 1
        v = high - 1 if step < 0 else low
        h = np.int64(0)
        for m in range(high - low):
            for z in range(2):
                h = (h ^ bits_of_xy[v, z]) * np.int64(-7046029254386353131)
                h ^= (h >> 29) & np.int64(0x7FFFFFFFF)
            if m > 0:
                length[k] += np.hypot(xy[v, 0] - xy[v - step, 0], xy[v, 1] - xy[v - step, 1])
            v += step
        number[k] = h
    return length, number


@kernel
def _lies_along(xy, low, high, other_low, other_high, touch):
    """Whether all vertices between the ends lie on another line."""
    for v in range(low + 1, high - 1):
        on = False
        for w in range(other_low, other_high - 1):
            if square_gap(xy[v, 0], xy[v, 1], xy[w, 0], xy[w, 1], xy[w + 1, 0], xy[w + 1, 1]) <= touch * touch:
                on = True
                break
        if not on:
            return False
    return True


@kernel
def find_doubles(order, group, pieces, length, xy, offset, bits, level, known, touch):
    """Piece that each piece runs along and is not needed beside, or -1.

    Candidates come in `order`: those of one pair of nodes after each other (equal group), what carries both sides
    first, then by length. What is kept carries all that the other one does, on the same level. Of known lines, those
    that carry different sides stay: a trench was dug beside a line of one side.
    """
    beside = np.full(len(pieces), -1, np.int32)
    kept = np.empty(len(order), np.int32)
    count = 0
    for k in range(len(order)):
        i = order[k]
        if k == 0 or group[i] != group[order[k - 1]]:
            count = 0
        p = pieces[i]
        for m in range(count - 1, -1, -1):
            j = kept[m]
            q = pieces[j]
            if (bits[p] & ~bits[q]) != 0 or level[p] != level[q]:
                continue
            if known[p] and known[q] and bits[p] != bits[q]:
                continue
            slack = 2.0 * touch * (offset[p + 1] - offset[p] + offset[q + 1] - offset[q])
            if abs(length[i] - length[j]) > slack:
                continue
            if _lies_along(xy, offset[p], offset[p + 1], offset[q], offset[q + 1], touch) and _lies_along(
                xy, offset[q], offset[q + 1], offset[p], offset[p + 1], touch
            ):
                beside[i] = q
                break
        if beside[i] < 0:
            kept[count] = i
            count += 1
    return beside
