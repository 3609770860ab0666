"""A binary heap of nodes by key that knows where each node is, so that keys can be lowered in place.

`heap` holds nodes, `place` the position of each node in it (below zero: not there), `key` the key of each node.
The caller keeps the size.
"""

from __future__ import annotations

from gisheat.kernels import kernel

OUTSIDE = -1
"""Place of a node that is not in the heap."""
SETTLED = -2
"""Place of a node that was taken out of the heap."""


@kernel
def rise(heap, place, key, i):
    """Move the node at position i up to where its key belongs; of equal keys the lower node is above."""
    node = heap[i]
    own = key[node]
    while i > 0:
        above = (i - 1) >> 1
        other = heap[above]
        if key[other] < own or (key[other] == own and other < node):
            break
        heap[i] = other
        place[other] = i
        i = above
    heap[i] = node
    place[node] = i


@kernel
def sink(heap, place, key, i, size):
    """Move the node at position i down to where its key belongs."""
    node = heap[i]
    own = key[node]
    while True:
        below = 2 * i + 1
        if below >= size:
            break
        other = heap[below]
        if below + 1 < size:
            right = heap[below + 1]
            if key[right] < key[other] or (key[right] == key[other] and right < other):
                below += 1
                other = right
        if key[other] > own or (key[other] == own and other > node):
            break
        heap[i] = other
        place[other] = i
        i = below
    heap[i] = node
    place[node] = i


@kernel
def push(heap, place, key, size, node):
    """Put a node in, or move it up after its key was lowered; returns the size."""
    if place[node] < 0:
        place[node] = size
        heap[size] = node
        size += 1
    rise(heap, place, key, place[node])
    return size


@kernel
def pop(heap, place, key, size):
    """Take out the node with the least key, which is settled then; returns it and the size."""
    node = heap[0]
    size -= 1
    place[node] = SETTLED
    if size > 0:
        heap[0] = heap[size]
        place[heap[0]] = 0
        sink(heap, place, key, 0, size)
    return node, size
