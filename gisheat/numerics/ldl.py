"""LDL^T factorisation of graph Laplacians with one pattern, compiled with numba: ordered and analysed once.

The matrix is given by its edges (conductances, above 0) and what each node has beyond them (its excess,
the conductance to fixed nodes), never by its diagonal: pivots are sums of positive numbers [2]_. So the
factor is accurate entry by entry, however far the conductances are apart, where a factorisation that
subtracts from the diagonal loses everything once two conductances at a node differ by 1e16.

Multifrontal [1]_: each block of nodes (see `ordering`) is eliminated in a small dense matrix of its own, its
front, with the nodes it leaves joined; what it leaves is added to its parent's front. In terms of a network,
a star is replaced by the mesh of its ends; all fixed nodes together are the last column of every front.

References
----------
.. [1] Duff, I. S., Reid, J. K. (1983). The multifrontal solution of indefinite sparse symmetric linear
   equations. ACM Trans. Math. Softw. 9(3), 302-325.
.. [2] Grassmann, W. K., Taksar, M. I., Heyman, D. P. (1985). Regenerative analysis and steady state
   distributions for Markov chains. Operations Research 33(5), 1107-1116; the accuracy: O'Cinneide (1993).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.kernels import kernel
from gisheat.numerics.ordering import eliminate

Array = NDArray[np.float64]
Index = NDArray[np.int32]


class LDL:
    """Factorisation prepared for one graph.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Nodes of each edge; `size` and above for one that is no unknown. Parallel edges add up.
    size : int
        Number of unknowns.

    Attributes
    ----------
    order : int32 array, shape (size,)
        Unknown at each place of the elimination; right-hand sides and excesses are in this order.
    place : int32 array, shape (size,)
        Place of each unknown.
    entry : int32 array, shape (edges,)
        Where each edge stands in `conductance`, -1 for edges with an end that is no unknown.
    """

    def __init__(self, start: Index, end: Index, size: int) -> None:
        plan = eliminate(start, end, size)
        self.order, self.place = plan.order, plan.place
        self.entry, spot, spot_from = _spots(start, end, plan.place, plan.block_from, plan.row_from, plan.row)
        self.entries = len(spot)
        into, children, front, stack, factor = _analysed(plan.block_from, plan.row_from, plan.row, plan.parent)
        self._pattern = plan.block_from, plan.row_from, plan.row
        self._assembly = spot, spot_from, into, children
        self._factor, self._pivot = np.empty(factor), np.empty(size)
        self._work = np.empty(front), np.empty(stack)

    def factorise(self, conductance: Array, excess: Array) -> None:
        """Factorise for conductances of shape (entries,) and excesses of shape (size,)."""
        block_from, row_from, _ = self._pattern
        _factorise(
            conductance, excess, block_from, row_from, *self._assembly, self._factor, self._pivot, *self._work
        )  # fmt: skip

    def solve(self, rhs: Array) -> None:
        """Replace a right-hand side (in the order of elimination) by the solution."""
        _solve(*self._pattern, self._factor, self._pivot, rhs)


@kernel
def _spots(start, end, place, block_from, row_from, row):
    """Edges sorted by the block that is eliminated first: entry of each edge, and its spot in that front."""
    blocks, size = block_from.size - 1, place.size
    block = np.empty(size, np.int32)
    for b in range(blocks):
        for j in range(block_from[b], block_from[b + 1]):
            block[j] = b
    spot_from = np.zeros(blocks + 2, np.int32)
    for k in range(start.size):
        if start[k] < size and end[k] < size and start[k] != end[k]:
            spot_from[block[min(place[start[k]], place[end[k]])] + 2] += 1
    for b in range(blocks + 1):
        spot_from[b + 1] += spot_from[b]
    entry = np.full(start.size, -1, np.int32)
    spot = np.empty(spot_from[blocks + 1], np.int32)
    for k in range(start.size):
        if start[k] < size and end[k] < size and start[k] != end[k]:
            i, j = place[start[k]], place[end[k]]
            i, j = min(i, j), max(i, j)
            b = block[i]
            first, own = block_from[b], block_from[b + 1] - block_from[b]
            low, high = row_from[b], row_from[b + 1]
            columns = own + high - low + 1
            column = j - first
            if column >= own:
                while row[low] < j:
                    middle = (low + high) // 2
                    if row[middle] <= j:
                        low = middle
                    else:
                        high = middle
                    if row[low] < j and high - low == 1:
                        low = high
                column = own + low - row_from[b]
            spot[spot_from[b + 1]] = (i - first) * columns + column
            entry[k] = spot_from[b + 1]
            spot_from[b + 1] += 1
    return entry, spot, spot_from[: blocks + 1]


@kernel
def _analysed(block_from, row_from, row, parent):
    """Where the rows of each block stand in its parent's front, number of children, and sizes of the work arrays."""
    blocks = parent.size
    into, children = np.empty(row.size, np.int32), np.zeros(blocks, np.int32)
    front = stack = deepest = factor = 0
    waiting = np.zeros(blocks, np.int64)  # what the children of a block leave on the stack
    for b in range(blocks):
        own, others = block_from[b + 1] - block_from[b], row_from[b + 1] - row_from[b]
        front = max(front, (own + others) * (own + others + 1))
        factor += own * (own - 1) // 2 + own * others
        stack += others * (others + 1) // 2 - waiting[b]
        deepest = max(deepest, stack + waiting[b])
        up = parent[b]
        if up < 0:
            continue
        waiting[up] += others * (others + 1) // 2
        children[up] += 1
        first, last = block_from[up], block_from[up + 1]
        at = row_from[up]
        for t in range(row_from[b], row_from[b + 1]):
            j = row[t]
            if j < last:
                into[t] = j - first
            else:
                while row[at] < j:
                    at += 1
                into[t] = last - first + at - row_from[up]
    return into, children, front, deepest, factor


@njit(cache=True, nogil=True, fastmath={"contract", "nsz", "reassoc"}, error_model="numpy")
def _factorise(
    conductance,
    excess,
    block_from,
    row_from,
    spot,
    spot_from,
    into,
    children,
    factor,
    pivot,
    front,
    stack,
):
    """Blocks one after the other; `factor` holds -L without its diagonal, so that everything is positive."""
    top = at = 0
    waiting, left = np.empty(children.size, np.int32), 0  # blocks whose meshes are on the stack
    for b in range(children.size):
        first, own = block_from[b], block_from[b + 1] - block_from[b]
        rows = own + row_from[b + 1] - row_from[b]
        columns = rows + 1
        bare = own == 1 and children[b] == 0  # nothing has been joined before: what it leaves needs no front
        for i in range(1 if bare else rows):
            for j in range(i * columns + i + 1, (i + 1) * columns):
                front[j] = 0.0
        for t in range(spot_from[b], spot_from[b + 1]):
            front[spot[t]] += conductance[t]
        for i in range(own):
            front[i * columns + rows] = excess[first + i]
        for _ in range(children[b]):
            left -= 1
            low, high = row_from[waiting[left]], row_from[waiting[left] + 1]
            top -= (high - low) * (high - low + 1) // 2
            p = top
            for i in range(low, high):
                base = into[i] * columns
                for j in range(i + 1, high):
                    front[base + into[j]] += stack[p]
                    p += 1
                front[base + rows] += stack[p]
                p += 1
        for k in range(own):
            here = front[k * columns + k + 1 : (k + 1) * columns]
            sum_ = 0.0
            for j in range(here.size):
                sum_ += here[j]
            pivot[first + k] = sum_
            inverse = 1.0 / sum_
            for i in range(here.size - 1):
                share = here[i] * inverse
                factor[at] = share
                at += 1
                source, target = here[i + 1 :], front[(k + 1 + i) * (columns + 1) + 1 :]
                if k < own - 1:
                    for j in range(source.size):
                        target[j] += share * source[j]
                elif bare:
                    for j in range(source.size):
                        stack[top + j] = share * source[j]
                    top += source.size
                else:
                    for j in range(source.size):
                        stack[top + j] = target[j] + share * source[j]
                    top += source.size
        if rows > own:
            waiting[left] = b
            left += 1


@njit(cache=True, nogil=True, fastmath={"contract", "nsz", "reassoc"}, error_model="numpy")
def _solve(block_from, row_from, row, factor, pivot, x):
    at = 0
    for b in range(block_from.size - 1):
        last, low, high = block_from[b + 1], row_from[b], row_from[b + 1]
        for k in range(block_from[b], last):
            value = x[k]
            for j in range(k + 1, last):
                x[j] += factor[at] * value
                at += 1
            for t in range(low, high):
                x[row[t]] += factor[at] * value
                at += 1
    for b in range(block_from.size - 2, -1, -1):
        last, low, high = block_from[b + 1], row_from[b], row_from[b + 1]
        for k in range(last - 1, block_from[b] - 1, -1):
            at -= last - 1 - k + high - low
            value = x[k] / pivot[k]
            p = at
            for j in range(k + 1, last):
                value += factor[p] * x[j]
                p += 1
            for t in range(low, high):
                value += factor[p] * x[row[t]]
                p += 1
            x[k] = value
