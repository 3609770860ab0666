"""Nodes beside lines that do not end there: found, and joined one after the other."""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel
from gisheat.noding.kernels.cells import bucket_of, cell_of, longer, longer_rows, put_place
from gisheat.noding.kernels.places import nearest_place

JOIN, APART = 0, 1
"""What is to be done with a node beside a line: join them, or leave them because an end of the line is too near."""
OWN = 2.0
"""A line has left its own end once it was so many tolerances away from it."""


@kernel
def is_reversed(xy, low, high):
    """Whether the vertices low ... high - 1 come later than the same from the other end."""
    a, b = low, high - 1
    while a < b:
        if xy[a, 0] != xy[b, 0]:
            return xy[a, 0] > xy[b, 0]
        if xy[a, 1] != xy[b, 1]:
            return xy[a, 1] > xy[b, 1]
        a += 1
        b -= 1
    return False


@kernel
def foot_of(x, y, ax, ay, bx, by, touch):
    """Foot of a place on a segment: share from the lower end, x, y, whether a is the upper end.

    Computed from the lower end (by x, then y), so that the direction plays no role. An end that is within `touch`
    of the foot is the foot.
    """
    swapped = ax > bx or (ax == bx and ay > by)
    if swapped:
        ax, ay, bx, by = bx, by, ax, ay
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / square))
    fx, fy = ax + t * dx, ay + t * dy
    from_a = (fx - ax) * (fx - ax) + (fy - ay) * (fy - ay)
    from_b = (fx - bx) * (fx - bx) + (fy - by) * (fy - by)
    limit = touch * touch
    if from_a <= limit and from_a <= from_b:
        return 0.0, ax, ay, swapped
    if from_b <= limit:
        return 1.0, bx, by, swapped
    return t, fx, fy, swapped


@kernel
def square_gap(x, y, ax, ay, bx, by):
    """Squared distance of a place from a segment, whatever its direction."""
    if ax > bx or (ax == bx and ay > by):
        ax, ay, bx, by = bx, by, ax, ay
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / square))
    fx, fy = ax + t * dx - x, ay + t * dy - y
    return fx * fx + fy * fy


@kernel
def left_after(xy, low, high, x, y, reach):
    """Vertex of low ... high - 1 that is the first farther than reach from a place; high if none is."""
    limit = reach * reach
    for v in range(low, high):
        dx, dy = xy[v, 0] - x, xy[v, 1] - y
        if dx * dx + dy * dy > limit:
            return v
    return high


@kernel
def left_before(xy, low, high, x, y, reach):
    """The same from the last vertex backwards; low - 1 if none is."""
    limit = reach * reach
    for v in range(high - 1, low - 1, -1):
        dx, dy = xy[v, 0] - x, xy[v, 1] - y
        if dx * dx + dy * dy > limit:
            return v
    return low - 1


@kernel
def _segments_near(
    node, x, y, one, xy, owner, start, end, bits, first, items, mask, size, tolerance, radius, found
):  # fmt: skip
    """Segments within the tolerance of a node that share a bit with it, in order of their number.

    Without those that begin or end at the node.
    """
    limit = tolerance * tolerance
    count = 0
    for a in range(cell_of(x - radius, size), cell_of(x + radius, size) + 1):
        for b in range(cell_of(y - radius, size), cell_of(y + radius, size) + 1):
            h = bucket_of(a, b, mask)
            for e in range(first[h], first[h + 1]):
                v = items[e]
                ax, ay, bx, by = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
                if min(ax, bx) > x + radius or max(ax, bx) < x - radius:
                    continue
                if min(ay, by) > y + radius or max(ay, by) < y - radius:
                    continue
                p = owner[v]
                # most are those that begin or end at the node: found without a look at the piece, but for that
                if (v == 0 or owner[v - 1] != p) and start[p] == node:
                    continue
                if (v + 2 == len(owner) or owner[v + 2] != p) and end[p] == node:
                    continue
                if (bits[p] & one) == 0:
                    continue
                if square_gap(x, y, ax, ay, bx, by) > limit:
                    continue
                k = count
                while k > 0 and found[k - 1] > v:
                    k -= 1
                if k > 0 and found[k - 1] == v:
                    continue
                if count == len(found):
                    found = longer(found, 2 * count)
                for m in range(count, k, -1):
                    found[m] = found[m - 1]
                found[k] = v
                count += 1
    return count, found


@kernel
def _is_near(xy, i, x, y, tolerance):
    dx, dy = xy[i, 0] - x, xy[i, 1] - y
    return dx * dx + dy * dy <= tolerance * tolerance


@kernel
def find_touching(
    nodes, node_xy, node_bits, node_level, several, first, items, size, xy, owner, offset, start, end, bits, level,
    tolerance, radius, touch, node_known, known,
):  # fmt: skip
    """Nodes within the tolerance of a line that they are no end of there; known nodes and known lines stay as they are.

    A line is near a node once for each time it comes near: between two stretches it is farther away than OWN
    tolerances, and so is a line from its own end before it can be near it again. Where the foot is within the
    tolerance of an end of the line, joining would make two nodes there closer than the tolerance: left APART.

    Returns node, segment, share from the lower end, foot (x, y), squared distance, JOIN or APART.
    """
    mask = len(first) - 2
    room = 64
    out_node, out_segment = np.empty(room, np.int32), np.empty(room, np.int32)
    out_float = np.empty((room, 4))
    out_state = np.empty(room, np.int8)
    count = 0
    found = np.empty(64, np.int32)
    for node in nodes:
        x, y = node_xy[node, 0], node_xy[node, 1]
        number, found = _segments_near(
            node,
            x,
            y,
            node_bits[node],
            xy,
            owner,
            start,
            end,
            bits,
            first,
            items,
            mask,
            size,
            tolerance,
            radius,
            found,
        )
        k = 0
        while k < number:
            piece = owner[found[k]]
            stop = k
            while stop < number and owner[found[stop]] == piece:
                stop += 1
            if node_known[node] and known[piece]:
                k = stop
                continue
            low, high = offset[piece], offset[piece + 1] - 1  # segments of the piece
            if start[piece] == node:
                low = left_after(xy, low, offset[piece + 1], x, y, OWN * tolerance)
            if end[piece] == node:
                high = left_before(xy, offset[piece], offset[piece + 1], x, y, OWN * tolerance)
            while k < stop:
                # one stretch: the nearest of its segments
                best, least = -1, np.inf
                last = found[k]
                while k < stop:
                    v = found[k]
                    if v > last and left_after(xy, last + 1, v + 1, x, y, OWN * tolerance) <= v:
                        break
                    last = v
                    k += 1
                    if v < low or v >= high:
                        continue
                    gap = square_gap(x, y, xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1])
                    if gap < least or (gap == least and _lower(xy, v, best, offset[piece], offset[piece + 1])):
                        best, least = v, gap
                if best < 0:
                    continue
                v = best
                t, fx, fy, _ = foot_of(x, y, xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1], touch)
                if t * (1.0 - t) == 0.0 and (fx - x) ** 2 + (fy - y) ** 2 > tolerance * tolerance:
                    t, fx, fy, _ = foot_of(x, y, xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1], 0.0)
                if least > touch * touch and node_level[node] != several and node_level[node] != level[piece]:
                    continue
                state = JOIN
                if start[piece] != node and _is_near(node_xy, start[piece], fx, fy, tolerance):
                    state = APART
                if end[piece] != node and _is_near(node_xy, end[piece], fx, fy, tolerance):
                    state = APART
                if count == room:
                    room *= 2
                    out_node, out_segment = longer(out_node, room), longer(out_segment, room)
                    out_float = longer_rows(out_float, room)
                    out_state = longer(out_state, room)
                out_node[count], out_segment[count], out_state[count] = node, v, state
                out_float[count, 0], out_float[count, 1], out_float[count, 2] = t, fx, fy
                out_float[count, 3] = least
                count += 1
    return out_node[:count].copy(), out_segment[:count].copy(), out_float[:count].copy(), out_state[:count].copy()


@kernel
def _lower(xy, v, w, low, high):
    """Whether segment v lies lower than w: by the middle, which knows no direction; else which the line has first."""
    if w < 0:
        return True
    one, other = xy[v, 0] + xy[v + 1, 0], xy[w, 0] + xy[w + 1, 0]
    if one != other:
        return one < other
    one, other = xy[v, 1] + xy[v + 1, 1], xy[w, 1] + xy[w + 1, 1]
    if one != other:
        return one < other
    return w >= low and w < high and (v < w) != is_reversed(xy, low, high)


@kernel
def join_touching(
    order, node, segment, foot, owner, start, end, bits, node_xy, node_bits, free, reach, into, onto, line, head,
    following, size, tolerance, radius, touch, count,
):  # fmt: skip
    """Join nodes with lines they lie beside, one after the other.

    A node that only ends make goes to the foot, as far as all its ends stay within the tolerance of where they
    were drawn and no other node is near; free nodes that the foot is near go with it. Else the line goes through the
    node. Arrays of nodes have room for one more node for each row. Returns the node that cuts the segment (-1: the
    node has moved, look again) and the number of nodes.
    """
    mask = len(head) - 1
    cut = np.full(len(order), -1, np.int32)
    near = np.empty(64, np.int32)
    for k in order:
        i, piece = node[k], owner[segment[k]]
        fx, fy = foot[k, 1], foot[k, 2]
        if into[i] != i:  # it has moved: lines that run along the one it went to have their foot there too
            gone = into[i]
            if into[gone] == gone and np.hypot(fx - node_xy[gone, 0], fy - node_xy[gone, 1]) <= touch:
                cut[k] = gone
            continue
        gap = np.hypot(fx - node_xy[i, 0], fy - node_xy[i, 1])
        moves = gap > touch and free[i] and reach[i] + gap <= tolerance
        number = 0
        if moves:
            shared = node_bits[i] | bits[piece]
            for a in range(cell_of(fx - radius, size), cell_of(fx + radius, size) + 1):
                for b in range(cell_of(fy - radius, size), cell_of(fy + radius, size) + 1):
                    j = head[bucket_of(a, b, mask)]
                    while j >= 0:
                        if j != i and into[j] == j and (node_bits[j] & shared) != 0:
                            away = np.hypot(fx - node_xy[j, 0], fy - node_xy[j, 1])
                            if away <= tolerance:
                                can = free[j] and reach[j] + away <= tolerance and number < len(near)
                                moves = moves and can and start[piece] != j and end[piece] != j
                                if moves:
                                    near[number] = j
                                    number += 1
                        j = following[j]
        if moves:
            new = count
            count += 1
            node_xy[new, 0], node_xy[new, 1] = fx, fy
            node_bits[new] = node_bits[i] | bits[piece]
            free[new] = False
            reach[new] = reach[i] + gap
            into[new] = new
            onto[new] = line[piece]
            into[i] = new
            for m in range(number):
                j = near[m]
                into[j] = new
                node_bits[new] |= node_bits[j]
                reach[new] = max(reach[new], reach[j] + np.hypot(fx - node_xy[j, 0], fy - node_xy[j, 1]))
            put_place(head, following, mask, size, node_xy, new)
            cut[k] = new
        else:
            free[i] = False
            cut[k] = i
    return cut, count


@kernel
def find_misses(
    nodes, own, node_xy, node_bits, first, items, size, xy, owner, offset, start, end, bits, distance, radius
):  # fmt: skip
    """Nearest line beside each node within a distance, or -1; not the only line it has (`own`), nor what that leads to.

    Returns segment, foot (x, y), squared distance.
    """
    mask = len(first) - 2
    segment = np.full(len(nodes), -1, np.int32)
    foot = np.zeros((len(nodes), 3))
    found = np.empty(64, np.int32)
    for k in range(len(nodes)):
        node = nodes[k]
        x, y = node_xy[node, 0], node_xy[node, 1]
        number, found = _segments_near(
            node,
            x,
            y,
            node_bits[node],
            xy,
            owner,
            start,
            end,
            bits,
            first,
            items,
            mask,
            size,
            distance,
            radius,
            found,
        )
        beyond = end[own[k]] if start[own[k]] == node else start[own[k]]  # other end of its own line, if that is short
        if not _is_near(node_xy, beyond, x, y, distance):
            beyond = -1
        least = np.inf
        for m in range(number):
            v = found[m]
            piece = owner[v]
            if beyond >= 0 and (start[piece] == beyond or end[piece] == beyond):
                continue
            if start[piece] == node and v < left_after(xy, offset[piece], offset[piece + 1], x, y, OWN * distance):
                continue
            if end[piece] == node and v >= left_before(xy, offset[piece], offset[piece + 1], x, y, OWN * distance):
                continue
            gap = square_gap(x, y, xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1])
            if gap < least or (gap == least and _lower(xy, v, segment[k], offset[piece], offset[piece + 1])):
                least = gap
                segment[k] = v
                _, foot[k, 0], foot[k, 1], _ = foot_of(x, y, xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1], 0.0)
                foot[k, 2] = gap
    return segment, foot


@kernel
def near_end(node_xy, start, end, x, y, tolerance):
    """The nearer one of two nodes that is within the tolerance of a place, or -1."""
    best, least = -1, tolerance * tolerance
    for node in (start, end):
        dx, dy = node_xy[node, 0] - x, node_xy[node, 1] - y
        gap = dx * dx + dy * dy
        lower = best >= 0 and (
            node_xy[node, 0] < node_xy[best, 0]
            or (node_xy[node, 0] == node_xy[best, 0] and node_xy[node, 1] < node_xy[best, 1])
        )
        if gap < least or (gap == least and (best < 0 or lower)):
            best, least = node, gap
    return best


@kernel
def join_crossing(
    order, one, other, place, owner, start, end, bits, node_xy, node_bits, free, reach, into, onto, head, following,
    size, tolerance, radius, count,
):  # fmt: skip
    """Node of each crossing of segments: an end of a line that is near, else the nearest node, else a new one.

    Returns the node that cuts `one` and `other` (-1: no cut), whether lines that cross were left apart because their
    ends there are different nodes, and the number of nodes.
    """
    cut = np.full((len(order), 2), -1, np.int32)
    apart = np.zeros(len(order), np.bool_)
    for k in order:
        p, q = owner[one[k]], owner[other[k]]
        x, y = place[k, 0], place[k, 1]
        own = near_end(node_xy, start[p], end[p], x, y, tolerance)
        its = near_end(node_xy, start[q], end[q], x, y, tolerance)
        if own >= 0 and its >= 0:
            apart[k] = own != its
            continue
        if own >= 0 or its >= 0:
            node = max(own, its)
        else:
            node = nearest_place(node_xy, node_bits, head, following, size, tolerance, radius, x, y, bits[p], bits[q])
        if node < 0:
            node = count
            count += 1
            node_xy[node, 0], node_xy[node, 1] = x, y
            node_bits[node] = bits[p] | bits[q]
            reach[node] = 0.0
            into[node] = node
            onto[node] = -1
            put_place(head, following, len(head) - 1, size, node_xy, node)
        free[node] = False
        if own < 0:
            cut[k, 0] = node
        if its < 0:
            cut[k, 1] = node
    return cut, apart, count
