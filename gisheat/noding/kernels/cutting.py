"""Lines cut at nodes, with their ends on their nodes."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _put(out, along, begin, count, x, y, a):
    """Write a vertex unless the last one of the piece is at the same place; returns the number of vertices."""
    if count > begin and out[count - 1, 0] == x and out[count - 1, 1] == y:
        return count
    out[count, 0], out[count, 1] = x, y
    along[count] = a
    return count + 1


@njit(cache=True)
def _is_tiny(out, begin, stop, x, y, tolerance):
    """Whether all vertices are within the tolerance of a place."""
    for v in range(begin, stop):
        dx, dy = out[v, 0] - x, out[v, 1] - y
        if dx * dx + dy * dy > tolerance * tolerance:
            return False
    return True


@njit(cache=True)
def cut_pieces(
    xy, along, offset, line, start, end, flags, moved, cut_segment, cut_share, cut_node, node_xy, tolerance
):  # fmt: skip
    """Pieces after cutting segments at nodes, and moving ends to their nodes.

    Cuts are sorted along the pieces; a share of 0 is a cut at the first vertex of the segment. `moved` names pieces
    whose ends have new nodes. What lies wholly within the tolerance of the one node it begins and ends at is dropped.
    Changed pieces have all flags. Returns xy, along, offset, line, start, end, flags, vertices that moved or were
    put in, and whether something of the piece it came from was dropped (by piece before).
    """
    pieces, cuts = len(offset) - 1, len(cut_segment)
    out = np.empty((len(xy) + 2 * cuts, 2))
    out_along = np.empty(len(out))
    room = pieces + cuts
    out_offset = np.empty(room + 1, np.int64)
    out_line, out_start, out_end = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    out_flags = np.empty(room, np.int8)
    count, made, c = 0, 0, 0
    out_offset[0] = 0
    for p in range(pieces):
        low, high = offset[p], offset[p + 1]
        if not moved[p] and (c == cuts or cut_segment[c] >= high):
            for v in range(low, high):
                out[count, 0], out[count, 1] = xy[v, 0], xy[v, 1]
                out_along[count] = along[v]
                count += 1
            out_line[made], out_start[made], out_end[made], out_flags[made] = line[p], start[p], end[p], flags[p]
            made += 1
            out_offset[made] = count
            continue
        begin, first = count, start[p]
        count = _put(out, out_along, begin, count, node_xy[first, 0], node_xy[first, 1], along[low])
        for v in range(low, high):
            at_vertex = c < cuts and cut_segment[c] == v and cut_share[c] == 0.0 and v > low
            if v > low and v < high - 1 and not at_vertex:
                count = _put(out, out_along, begin, count, xy[v, 0], xy[v, 1], along[v])
            while v == high - 1 or (c < cuts and cut_segment[c] == v):
                if v < high - 1:
                    node, where = cut_node[c], along[v]
                    if cut_share[c] > 0.0:
                        where = along[v] + cut_share[c] * (along[v + 1] - along[v])
                    c += 1
                else:
                    node, where = end[p], along[v]
                x, y = node_xy[node, 0], node_xy[node, 1]
                count = _put(out, out_along, begin, count, x, y, where)
                out_along[count - 1] = where
                if count - begin < 2 or (first == node and _is_tiny(out, begin, count, x, y, tolerance)):
                    count = begin
                else:
                    out_line[made], out_start[made], out_end[made], out_flags[made] = line[p], first, node, 3
                    made += 1
                    out_offset[made] = count
                begin, first = count, node
                if v == high - 1:
                    break
                count = _put(out, out_along, begin, count, x, y, where)
        while c < cuts and cut_segment[c] < high:  # none is left: all cuts lie on segments
            c += 1
    return (
        out[:count], out_along[:count], out_offset[: made + 1].copy(), out_line[:made].copy(),
        out_start[:made].copy(), out_end[:made].copy(), out_flags[:made].copy(),
    )  # fmt: skip


@njit(cache=True)
def owners_of(offset):
    """Piece of each vertex."""
    owner = np.empty(offset[-1], np.int32)
    for p in range(len(offset) - 1):
        for v in range(offset[p], offset[p + 1]):
            owner[v] = p
    return owner


@njit(cache=True)
def keep_vertices(keep, xy, along, offset):
    """Vertices of the pieces that are kept: xy, along, offset."""
    pieces = 0
    count = 0
    for p in range(len(keep)):
        if keep[p]:
            pieces += 1
            count += offset[p + 1] - offset[p]
    out, out_along = np.empty((count, 2)), np.empty(count)
    out_offset = np.zeros(pieces + 1, np.int64)
    count, made = 0, 0
    for p in range(len(keep)):
        if keep[p]:
            for v in range(offset[p], offset[p + 1]):
                out[count, 0], out[count, 1] = xy[v, 0], xy[v, 1]
                out_along[count] = along[v]
                count += 1
            made += 1
            out_offset[made] = count
    return out, out_along, out_offset
