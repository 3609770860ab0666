"""Elimination of many graph Laplacians of one pattern at once: values of shape (entries, lanes), compiled with numba.

Each lane is a matrix of its own, given as in `ldl` by conductances and by what each node has beyond them,
so that pivots are sums of positive numbers. Right-looking, in place; the right-hand sides are eliminated
along. The lane is the last index: the loops over it are what the compiler vectorises, and what is done for
one lane does not depend on the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.numerics.ldl import LDL

Array = NDArray[np.float64]
Index = NDArray[np.int32]


class LanePattern(NamedTuple):
    """Pattern of the factor of a graph.

    Attributes
    ----------
    order : int32 array, shape (size,)
        Unknown at each place of the elimination.
    entry : int32 array, shape (edges,)
        Entry that each edge belongs to, -1 for edges with an end that is no unknown.
    pointer, row : int32 arrays, shape (size + 1,), (entries,)
        Later places that each place is joined to when its turn comes, rising.
    """

    order: Index
    entry: Index
    pointer: Index
    row: Index


def prepare_pattern(start: Index, end: Index, size: int) -> LanePattern:
    """Order and analyse a graph.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Unknowns at the ends of each edge; -1 for a node that is no unknown.
    size : int
        Number of unknowns.
    """
    inner = (start >= 0) & (end >= 0) & (start != end)
    order = LDL(start[inner], end[inner], size).order
    place = np.empty(size, np.int32)
    place[order] = np.arange(size, dtype=np.int32)
    low = np.minimum(place[start[inner]], place[end[inner]])
    high = np.maximum(place[start[inner]], place[end[inner]])
    by_column = np.lexsort((high, low))
    pointer, row = _pattern(size, low[by_column], high[by_column])
    entry = np.full(len(start), -1, np.int32)
    entry[inner] = _entries(pointer, row, low, high)
    return LanePattern(order, entry, pointer, row)


@njit(cache=True, nogil=True)
def _pattern(size, low, high):
    """Columns of the factor: a column hands what it is joined to on to the first of these."""
    first = np.searchsorted(low, np.arange(size + 1))
    child, sibling = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    seen = np.full(size, -1, np.int32)
    pointer = np.zeros(size + 1, np.int32)
    row = np.empty(2 * low.size + 16, np.int32)
    count = 0
    for k in range(size):
        begin = count
        if count + size - k > row.size:
            larger = np.empty(2 * row.size + size, np.int32)
            larger[:count] = row[:count]
            row = larger
        seen[k] = k
        for t in range(first[k], first[k + 1]):
            if seen[high[t]] != k:
                seen[high[t]] = k
                row[count] = high[t]
                count += 1
        j = child[k]
        while j >= 0:
            for t in range(pointer[j], pointer[j + 1]):
                if seen[row[t]] != k:
                    seen[row[t]] = k
                    row[count] = row[t]
                    count += 1
            j = sibling[j]
        row[begin:count].sort()
        pointer[k + 1] = count
        if count > begin:
            parent = row[begin]
            sibling[k] = child[parent]
            child[parent] = k
    return pointer, row[:count].copy()


@njit(cache=True, nogil=True)
def _entries(pointer, row, low, high):
    entry = np.empty(low.size, np.int32)
    for t in range(low.size):
        column = row[pointer[low[t]] : pointer[low[t] + 1]]
        entry[t] = pointer[low[t]] + np.searchsorted(column, high[t])
    return entry


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})
def eliminate(pointer, row, value, excess, rhs):
    """Replace the right-hand sides by the solutions; conductances and excesses are used up.

    Parameters
    ----------
    pointer, row : int32 arrays
        Of `LanePattern`.
    value : array, shape (entries, lanes)
        Conductance of each entry, 0 where only fill stands.
    excess, rhs : arrays, shape (size, lanes)
        In the order of elimination. A node without any conductance needs an excess above 0.
    """
    lanes = rhs.shape[1]
    inverse, share = np.empty(lanes), np.empty(lanes)
    for k in range(rhs.shape[0]):
        first, last = pointer[k], pointer[k + 1]
        for b in range(lanes):
            inverse[b] = excess[k, b]
        for p in range(first, last):
            for b in range(lanes):
                inverse[b] += value[p, b]
        for b in range(lanes):
            inverse[b] = 1.0 / inverse[b]
        for p in range(first, last):
            i = row[p]
            for b in range(lanes):
                share[b] = value[p, b] * inverse[b]
                excess[i, b] += share[b] * excess[k, b]
                rhs[i, b] += share[b] * rhs[k, b]
            at = pointer[i]
            for t in range(p + 1, last):
                while row[at] != row[t]:
                    at += 1
                for b in range(lanes):
                    value[at, b] += share[b] * value[t, b]
            for b in range(lanes):
                value[p, b] = share[b]
        for b in range(lanes):
            rhs[k, b] *= inverse[b]
    for k in range(rhs.shape[0] - 1, -1, -1):
        for p in range(pointer[k], pointer[k + 1]):
            i = row[p]
            for b in range(lanes):
                rhs[k, b] += value[p, b] * rhs[i, b]
