"""Order of elimination that keeps a factor sparse: minimum degree on the graph itself, compiled with numba.

The node with the fewest neighbours goes first and leaves its neighbours joined to each other. Of those,
every one whose neighbours are all among the others follows at once without any further joining (mass
elimination [1]_): such nodes make one block, their rows of the factor have one pattern. The degrees are
exact, the graph is kept as lists of neighbours: on graphs like pipe networks, where most nodes have three
neighbours, that is quicker than the quotient graph of the general methods, and its lists are the factor's
pattern.

References
----------
.. [1] George, A., Liu, J. W. H. (1989). The evolution of the minimum degree ordering algorithm.
   SIAM Review 31(1), 1-19.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisheat.kernels import kernel

Index = NDArray[np.int32]


class Elimination(NamedTuple):
    """Blocks of nodes in the order they are eliminated, children before parents, subtrees together.

    Block b has the places block_from[b] <= place < block_from[b + 1], its factor besides them the later
    places row[row_from[b]:row_from[b + 1]], rising. The first of these is in the block parent[b] (-1: none).
    """

    order: Index
    """Node at each place."""
    place: Index
    """Place of each node."""
    block_from: Index
    row_from: Index
    row: Index
    parent: Index


def eliminate(start: Index, end: Index, size: int) -> Elimination:
    """Order the nodes of a graph and tell the pattern of its factor.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Nodes of each edge; `size` and above for one that is not to be eliminated. Parallel edges count once.
    size : int
        Number of nodes.
    """
    pointer, neighbour = _neighbours(start, end, size)
    block_of, sequence, sequence_from, pattern, pattern_from = _minimum_degree(pointer, neighbour)
    parent, rank = _postorder(block_of, pattern, pattern_from)
    return Elimination(*_numbered(sequence, sequence_from, pattern, pattern_from, parent, rank))


@kernel
def _neighbours(start, end, size):
    """Neighbours of each node, each once."""
    count = np.zeros(size + 2, np.int32)
    for k in range(start.size):
        a, b = start[k], end[k]
        if a < size and b < size and a != b:
            count[a + 2] += 1
            count[b + 2] += 1
    for i in range(size + 1):
        count[i + 1] += count[i]
    every = np.empty(count[size + 1], np.int32)
    for k in range(start.size):
        a, b = start[k], end[k]
        if a < size and b < size and a != b:
            every[count[a + 1]] = b
            count[a + 1] += 1
            every[count[b + 1]] = a
            count[b + 1] += 1
    seen = np.full(size, -1, np.int32)
    kept = 0
    first = 0
    for i in range(size):
        last = count[i + 1]
        count[i] = kept
        for t in range(first, last):
            j = every[t]
            if seen[j] != i:
                seen[j] = i
                every[kept] = j
                kept += 1
        first = last
    count[size] = kept
    return count[: size + 1], every[:kept]


@kernel
def _minimum_degree(pointer, neighbour):
    """Blocks in the order they were eliminated: their nodes, and the nodes they leave joined to each other.

    Nodes wait in stacks by degree. One whose degree has changed is put on another stack as well; what comes
    off a stack and no longer has its degree is passed over.
    """
    size = pointer.size - 1
    pool = np.empty(8 * neighbour.size + 64, np.int32)
    for t in range(neighbour.size):
        pool[t] = neighbour[t]
    used = neighbour.size
    first, degree, room = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32)
    top, below, waiting = np.full(size + 1, -1, np.int32), np.empty(4 * size, np.int32), np.empty(4 * size, np.int32)
    for i in range(size - 1, -1, -1):
        d = pointer[i + 1] - pointer[i]
        first[i], degree[i], room[i] = pointer[i], d, d
        waiting[i], below[i], top[d] = i, top[d], i
    entries = size
    block_of, mark = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    sequence, sequence_from = np.empty(size, np.int32), np.zeros(size + 1, np.int32)
    pattern, pattern_from = np.empty(2 * neighbour.size + 64, np.int32), np.zeros(size + 1, np.int64)
    blocks = done = least = 0
    while done < size:
        while top[least] < 0:
            least += 1
        pivot = waiting[top[least]]
        top[least] = below[top[least]]
        if block_of[pivot] >= 0 or degree[pivot] != least:
            continue
        near, here = degree[pivot], first[pivot]
        at = pattern_from[blocks]
        if at + near > pattern.size:
            pattern = _longer(pattern, at, near)
        if entries + near > waiting.size:
            below, waiting = _longer(below, entries, near), _longer(waiting, entries, near)
        mark[pivot] = blocks
        for t in range(here, here + near):
            mark[pool[t]] = blocks
        block_of[pivot], sequence[done] = blocks, pivot
        done += 1
        stay = 0
        for t in range(here, here + near):
            i = pool[t]
            outside = first[i]
            for s in range(first[i], first[i] + degree[i]):
                j = pool[s]
                pool[outside] = j
                outside += mark[j] != blocks
            count = outside - first[i]
            if count == 0:
                block_of[i], sequence[done] = blocks, i
                done += 1
            degree[i] = count
            pattern[at + stay] = i
            stay += count > 0
        for t in range(at, at + stay):
            i = pattern[t]
            kept = degree[i]
            more = kept + stay - 1
            if more >= room[i]:
                if used + 2 * more + 1 > pool.size:
                    pool, used = _compacted(pool, first, degree, room, block_of, 2 * more + 1)
                for s in range(kept):
                    pool[used + s] = pool[first[i] + s]
                first[i], room[i] = used, 2 * more + 1
                used += 2 * more + 1
            put = first[i] + kept
            for s in range(stay):
                pool[put + s] = pattern[at + s]
            pool[put + t - at] = pattern[at + stay - 1]
            degree[i] = more
            waiting[entries], below[entries], top[more] = i, top[more], entries
            entries += 1
            least = min(least, more)
        blocks += 1
        sequence_from[blocks], pattern_from[blocks] = done, at + stay
    return block_of, sequence, sequence_from[: blocks + 1], pattern, pattern_from[: blocks + 1]


@kernel
def _longer(values, used, more):
    longer = np.empty(2 * (used + more), np.int32)
    for t in range(used):
        longer[t] = values[t]
    return longer


@kernel
def _compacted(pool, first, degree, room, block_of, needed):
    """Lists of the nodes that are left, in a pool with room for as much again."""
    size = 0
    for i in range(first.size):
        if block_of[i] < 0:
            size += degree[i]
    compact = np.empty(8 * size + needed, np.int32)
    used = 0
    for i in range(first.size):
        if block_of[i] < 0:
            for t in range(degree[i]):
                compact[used + t] = pool[first[i] + t]
            first[i], room[i] = used, degree[i]
            used += degree[i]
    return compact, used


@kernel
def _postorder(block_of, pattern, pattern_from):
    """Parent of each block, and its rank in an order where every subtree is together."""
    blocks = pattern_from.size - 1
    parent, below = np.full(blocks, -1, np.int32), np.ones(blocks, np.int32)
    for b in range(blocks):
        least = blocks
        for t in range(pattern_from[b], pattern_from[b + 1]):
            least = min(least, block_of[pattern[t]])
        if least < blocks:
            parent[b] = least
            below[least] += below[b]
    rank, free = np.empty(blocks, np.int32), blocks
    place = np.empty(blocks, np.int32)  # where the next subtree of a block ends
    for b in range(blocks - 1, -1, -1):
        up = parent[b]
        if up < 0:
            end, free = free, free - below[b]
        else:
            end = place[up]
            place[up] = end - below[b]
        rank[b] = end - 1
        place[b] = end - 1
    return parent, rank


@kernel
def _numbered(sequence, sequence_from, pattern, pattern_from, parent, rank):
    """Everything by the final numbers of blocks and places; rows sorted by transposing their lists twice."""
    blocks, size = rank.size, sequence.size
    block = np.empty(blocks, np.int32)
    for b in range(blocks):
        block[rank[b]] = b
    order, place = np.empty(size, np.int32), np.empty(size, np.int32)
    block_from, row_from = np.zeros(blocks + 1, np.int32), np.zeros(blocks + 1, np.int32)
    new_parent = np.empty(blocks, np.int32)
    done = 0
    for r in range(blocks):
        b = block[r]
        for t in range(sequence_from[b], sequence_from[b + 1]):
            order[done], place[sequence[t]] = sequence[t], done
            done += 1
        block_from[r + 1] = done
        row_from[r + 1] = row_from[r] + pattern_from[b + 1] - pattern_from[b]
        new_parent[r] = rank[parent[b]] if parent[b] >= 0 else -1
    count = np.zeros(size + 2, np.int32)
    entries = row_from[blocks]
    for t in range(entries):
        count[place[pattern[t]] + 2] += 1
    for j in range(size + 1):
        count[j + 1] += count[j]
    holder = np.empty(entries, np.int32)
    for r in range(blocks):
        b = block[r]
        for t in range(pattern_from[b], pattern_from[b + 1]):
            j = place[pattern[t]]
            holder[count[j + 1]] = r
            count[j + 1] += 1
    row, filled = np.empty(entries, np.int32), np.zeros(blocks, np.int32)
    for j in range(size):
        for t in range(count[j], count[j + 1]):
            r = holder[t]
            row[row_from[r] + filled[r]] = j
            filled[r] += 1
    return order, place, block_from, row_from, row, new_parent
