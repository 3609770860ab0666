"""Square cells kept in buckets: what lies near a place is found without an extent, an order or a tree.

A bucket holds the cells that hash to it. Cells of a block of 16 x 16 lie side by side in memory, and blocks are
scattered, so that neither a far outlier nor a regular drawing fills few buckets.
"""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel

FEWEST = 256
"""Buckets of the smallest table: one block."""


@kernel
def longer(array, room):
    """The same with room for more: numpy's own ways take long to compile."""
    more = np.empty(room, array.dtype)
    for i in range(len(array)):
        more[i] = array[i]
    return more


@kernel
def longer_rows(array, room):
    """The same for an array of two dimensions."""
    more = np.empty((room, array.shape[1]), array.dtype)
    for i in range(array.shape[0]):
        for k in range(array.shape[1]):
            more[i, k] = array[i, k]
    return more


@kernel
def cell_of(value, size):
    """Number of the cell of a coordinate."""
    return np.int64(np.floor(value / size))


@kernel
def bucket_of(a, b, mask):
    """Bucket of the cell in column a and row b; mask is the number of buckets, a power of two, less one."""
    h = (a >> 4) * np.int64(-7046029254386353131) ^ (b >> 4) * np.int64(-4417276706812531889)
    h ^= (h >> 29) & np.int64(0x7FFFFFFFF)
    h *= np.int64(-4658895280553007687)
    h ^= (h >> 32) & np.int64(0xFFFFFFFF)
    return ((h << 8) ^ (((a & 15) << 4 | (b & 15)) ^ ((h >> 40) & 255))) & mask


@kernel
def put_place(head, following, mask, size, xy, i):
    """Put place i in front of the list of its bucket."""
    h = bucket_of(cell_of(xy[i, 0], size), cell_of(xy[i, 1], size), mask)
    following[i] = head[h]
    head[h] = i


@kernel
def list_places(xy, alive, room, size, buckets):
    """Lists of all places that are alive: first of each bucket, following one of each place (room for more)."""
    head = np.full(buckets, -1, np.int32)
    following = np.full(room, -1, np.int32)
    for i in range(len(alive)):
        if alive[i]:
            put_place(head, following, buckets - 1, size, xy, i)
    return head, following


@kernel
def _cells_across(xy, v, size, pad, a):
    """Rows that segment v crosses in column a, first and last."""
    x0, y0, x1, y1 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
    if x0 > x1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    low, high = y0, y1
    if x1 > x0:
        left, right = min(max(x0, a * size - pad), x1), max(min(x1, (a + 1) * size + pad), x0)
        low, high = y0 + (y1 - y0) * ((left - x0) / (x1 - x0)), y0 + (y1 - y0) * ((right - x0) / (x1 - x0))
    if low > high:
        low, high = high, low
    return cell_of(low - pad, size), cell_of(high + pad, size)


@kernel
def list_segments(xy, segments, size, pad, buckets):
    """Segments by bucket: segments of bucket h are items[first[h] : first[h + 1]].

    `segments` holds the number of the first vertex of each; `pad` is how far beside a segment cells still count.
    """
    mask = buckets - 1
    first = np.zeros(buckets + 1, np.int32)
    room = 3 * len(segments) + 64
    bucket, segment = np.empty(room, np.int32), np.empty(room, np.int32)
    count = 0
    for v in segments:
        x0, x1, y0, y1 = xy[v, 0], xy[v + 1, 0], xy[v, 1], xy[v + 1, 1]
        left, right = cell_of(min(x0, x1) - pad, size), cell_of(max(x0, x1) + pad, size)
        bottom, top = cell_of(min(y0, y1) - pad, size), cell_of(max(y0, y1) + pad, size)
        for a in range(left, right + 1):
            low, high = bottom, top
            if left < right and bottom < top:
                low, high = _cells_across(xy, v, size, pad, a)
            if count + high - low >= room:
                room = 2 * room + high - low
                bucket, segment = longer(bucket, room), longer(segment, room)
            for b in range(low, high + 1):
                h = bucket_of(a, b, mask)
                bucket[count], segment[count] = h, v
                first[h + 1] += 1
                count += 1
    for h in range(buckets):
        first[h + 1] += first[h]
    items = np.empty(count, np.int32)
    for e in range(count - 1, -1, -1):  # first[h + 1] goes down to where bucket h begins
        h = bucket[e] + 1
        first[h] -= 1
        items[first[h]] = segment[e]
    for h in range(buckets):
        first[h] = first[h + 1]
    first[buckets] = count
    return first, items


@kernel
def mark_cells(xy, segments, places, size, pad, buckets):
    """Buckets of all cells within `pad` of segments or places."""
    mask = buckets - 1
    marked = np.zeros(buckets, np.bool_)
    for v in segments:
        x0, x1 = xy[v, 0], xy[v + 1, 0]
        for a in range(cell_of(min(x0, x1) - pad, size), cell_of(max(x0, x1) + pad, size) + 1):
            low, high = _cells_across(xy, v, size, pad, a)
            for b in range(low, high + 1):
                marked[bucket_of(a, b, mask)] = True
    for i in range(len(places)):
        x, y = places[i, 0], places[i, 1]
        for a in range(cell_of(x - pad, size), cell_of(x + pad, size) + 1):
            for b in range(cell_of(y - pad, size), cell_of(y + pad, size) + 1):
                marked[bucket_of(a, b, mask)] = True
    return marked


@kernel
def segments_in(xy, owner, marked, size):
    """Segments that cross a marked bucket; `owner` is the piece of each vertex."""
    mask = len(marked) - 1
    found = np.empty(len(xy), np.int32)
    count = 0
    a1, b1, hit1 = np.int64(0), np.int64(0), False
    for v in range(len(xy)):
        a0, b0, hit0 = a1, b1, hit1  # cell of the vertex before
        a1, b1 = cell_of(xy[v, 0], size), cell_of(xy[v, 1], size)
        hit1 = marked[bucket_of(a1, b1, mask)]
        if v == 0 or owner[v - 1] != owner[v]:
            continue
        hit = hit0 or hit1
        left, right, bottom, top = min(a0, a1), max(a0, a1), min(b0, b1), max(b0, b1)
        if not hit and right - left + top - bottom > 1:
            for a in range(left, right + 1):
                low, high = bottom, top
                if left < right and bottom < top:
                    low, high = _cells_across(xy, v - 1, size, 0.0, a)
                for b in range(low, high + 1):
                    if marked[bucket_of(a, b, mask)]:
                        hit = True
                        break
                if hit:
                    break
        if hit:
            found[count] = v - 1
            count += 1
    return found[:count].copy()


@kernel
def places_in(xy, alive, marked, size):
    """Places alive in a marked bucket."""
    mask = len(marked) - 1
    found = np.empty(len(alive), np.int32)
    count = 0
    for i in range(len(alive)):
        if alive[i] and marked[bucket_of(cell_of(xy[i, 0], size), cell_of(xy[i, 1], size), mask)]:
            found[count] = i
            count += 1
    return found[:count].copy()
