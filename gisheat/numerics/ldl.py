"""LDL^T factorisation of graph Laplacians with one pattern, compiled with numba: ordered and analysed once.

The matrix is given by its edges (conductances, above 0) and what each node has beyond them (its excess,
the conductance to fixed nodes), never by its diagonal: pivots are sums of positive numbers [2]_. So the
factor is accurate entry by entry, however far the conductances are apart, where a factorisation that
subtracts from the diagonal loses everything once two conductances at a node differ by 1e16.

Left-looking simplicial factorisation; elimination tree and patterns after Davis [1]_; the order is the
approximate minimum degree of the library `qdldl`, or SuperLU's multiple minimum degree when that is missing.

References
----------
.. [1] Davis, T. A. (2005). Algorithm 849: a concise sparse Cholesky factorization package.
   ACM Trans. Math. Softw. 31(4), 587-591.
.. [2] Grassmann, W. K., Taksar, M. I., Heyman, D. P. (1985). Regenerative analysis and steady state
   distributions for Markov chains. Operations Research 33(5), 1107-1116; the accuracy: O'Cinneide (1993).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, diags_array
from scipy.sparse.linalg import splu

Array = NDArray[np.float64]
Index = NDArray[np.int32]


def fill_reducing_order(start: Index, end: Index, size: int) -> Index:
    """Order of elimination that keeps the factor sparse, shape (size,)."""
    if not len(start):
        return np.arange(size, dtype=np.int32)
    _, pointer, row = _lower_pattern(size, start, end, np.arange(size, dtype=np.int32))
    upper = csc_matrix(_upper_laplacian(size, *_transposed(size, pointer, row)), shape=(size, size))
    try:
        import qdldl
    except ImportError:
        full = csc_matrix(upper + upper.T - diags_array(upper.diagonal()))
        factor = splu(full, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return np.argsort(factor.perm_c).astype(np.int32)
    return np.asarray(qdldl.Solver(upper, True).factors()[2], np.int32)


class LDL:
    """Factorisation prepared for one graph.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Nodes of each edge; -1 for a node that is no unknown. Parallel edges add up.
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
        inner = (start >= 0) & (end >= 0)
        self.order = fill_reducing_order(start[inner], end[inner], size)
        self.place = np.empty(size, np.int32)
        self.place[self.order] = np.arange(size, dtype=np.int32)
        self.entry, self._pointer_in, self._row_in = _lower_pattern(size, start, end, self.place)
        self.entries = len(self._row_in)
        upper, column = _transposed(size, self._pointer_in, self._row_in)
        parent, counts = _elimination_tree(size, upper, column)
        pattern = _row_patterns(size, upper, column, parent, counts)
        self._pointer, self._row, self._row_pointer, self._row_column = pattern
        self._value, self._pivot, self._excess = np.empty(len(self._row)), np.empty(size), np.empty(size)
        self._work, self._next = np.zeros(size), np.empty(size, np.int64)

    def factorise(self, conductance: Array, excess: Array) -> None:
        """Factorise for conductances of shape (entries,) and excesses of shape (size,)."""
        _factorise(
            self._pointer_in, self._row_in, conductance, excess, self._pointer, self._row, self._row_pointer,
            self._row_column, self._value, self._pivot, self._excess, self._work, self._next,
        )  # fmt: skip

    def solve(self, rhs: Array) -> None:
        """Replace a right-hand side (in the order of elimination) by the solution."""
        _solve(self._pointer, self._row, self._value, self._pivot, rhs)


@njit(cache=True)
def _lower_pattern(size, start, end, place):
    """Lower triangle in the order of elimination by columns, without diagonal, and the entry of each edge."""
    count = np.zeros(size + 2, np.int32)
    for k in range(start.size):
        if start[k] >= 0 and end[k] >= 0 and start[k] != end[k]:
            count[min(place[start[k]], place[end[k]]) + 2] += 1
    for j in range(size + 1):
        count[j + 1] += count[j]
    member = np.empty(count[size + 1], np.int32)
    for k in range(start.size):
        if start[k] >= 0 and end[k] >= 0 and start[k] != end[k]:
            column = min(place[start[k]], place[end[k]])
            member[count[column + 1]] = k
            count[column + 1] += 1
    entry = np.full(start.size, -1, np.int32)
    row = np.empty(member.size, np.int32)
    pointer = np.zeros(size + 1, np.int32)
    seen = np.full(size, -1, np.int32)
    entries = 0
    for j in range(size):
        first = entries
        for p in range(count[j], count[j + 1]):
            k = member[p]
            i = max(place[start[k]], place[end[k]])
            if seen[i] < first:
                seen[i] = entries
                row[entries] = i
                entries += 1
            entry[k] = seen[i]
        pointer[j + 1] = entries
    return entry, pointer, row[:entries].copy()


@njit(cache=True)
def _transposed(size, pointer, row):
    """The same pattern by rows: for each place the earlier ones it is joined to."""
    upper_pointer = np.zeros(size + 2, np.int32)
    for p in range(row.size):
        upper_pointer[row[p] + 2] += 1
    for i in range(size + 1):
        upper_pointer[i + 1] += upper_pointer[i]
    column = np.empty(row.size, np.int32)
    for j in range(size):
        for p in range(pointer[j], pointer[j + 1]):
            column[upper_pointer[row[p] + 1]] = j
            upper_pointer[row[p] + 1] += 1
    return upper_pointer[: size + 1], column


@njit(cache=True)
def _upper_laplacian(size, pointer, column):
    """Upper triangle with diagonal by columns: -1 for each edge, 1 + number of edges on the diagonal."""
    degree = np.ones(size)
    for j in range(size):
        degree[j] += pointer[j + 1] - pointer[j]
        for p in range(pointer[j], pointer[j + 1]):
            degree[column[p]] += 1.0
    values = np.empty(column.size + size)
    rows = np.empty(column.size + size, np.int32)
    first = np.empty(size + 1, np.int32)
    first[0] = 0
    for j in range(size):
        at = first[j]
        for p in range(pointer[j], pointer[j + 1]):
            rows[at], values[at] = column[p], -1.0
            at += 1
        rows[at], values[at] = j, degree[j]
        first[j + 1] = at + 1
    return values, rows, first


@njit(cache=True)
def _elimination_tree(size, pointer, column):
    parent = np.full(size, -1, np.int32)
    counts = np.zeros(size, np.int32)
    seen = np.full(size, -1, np.int32)
    for k in range(size):
        seen[k] = k
        for p in range(pointer[k], pointer[k + 1]):
            i = column[p]
            while seen[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                counts[i] += 1
                seen[i] = k
                i = parent[i]
    return parent, counts


@njit(cache=True)
def _row_patterns(size, upper_pointer, upper_column, parent, counts):
    """Pattern of L by columns (rows rising), and the columns of each of its rows in the order of elimination."""
    pointer = np.zeros(size + 1, np.int64)
    for i in range(size):
        pointer[i + 1] = pointer[i] + counts[i]
    entries = pointer[size]
    row, row_column = np.empty(entries, np.int32), np.empty(entries, np.int32)
    row_pointer = np.zeros(size + 1, np.int64)
    fill, seen = np.zeros(size, np.int32), np.full(size, -1, np.int32)
    position = 0
    for k in range(size):
        seen[k] = k
        for p in range(upper_pointer[k], upper_pointer[k + 1]):
            i = upper_column[p]
            while seen[i] != k:
                row_column[position] = i
                position += 1
                row[pointer[i] + fill[i]] = k
                fill[i] += 1
                seen[i] = k
                i = parent[i]
        row_pointer[k + 1] = position
    return pointer, row, row_pointer, row_column


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _factorise(
    pointer_in,
    row_in,
    conductance,
    excess_in,
    pointer,
    row,
    row_pointer,
    row_column,
    factor,
    pivot,
    excess,
    work,
    next_,
):
    """Columns one after the other; `factor` holds -L, so that everything is positive."""
    size = pivot.size
    for k in range(size):
        next_[k] = pointer[k]
    for k in range(size):
        for p in range(pointer_in[k], pointer_in[k + 1]):
            work[row_in[p]] = conductance[p]
        beyond = excess_in[k]
        for t in range(row_pointer[k], row_pointer[k + 1]):
            i = row_column[t]
            first = next_[i]
            next_[i] = first + 1
            share = factor[first]
            beyond += share * excess[i]
            scaled = share * pivot[i]
            for p in range(first + 1, pointer[i + 1]):
                work[row[p]] += factor[p] * scaled
        sum_ = beyond
        for p in range(pointer[k], pointer[k + 1]):
            sum_ += work[row[p]]
        excess[k], pivot[k] = beyond, sum_
        inverse = 1.0 / sum_
        for p in range(pointer[k], pointer[k + 1]):
            factor[p] = work[row[p]] * inverse
            work[row[p]] = 0.0


@njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _solve(pointer, row, factor, pivot, x):
    for j in range(x.size):
        for p in range(pointer[j], pointer[j + 1]):
            x[row[p]] += factor[p] * x[j]
    for j in range(x.size - 1, -1, -1):
        s = x[j] / pivot[j]
        for p in range(pointer[j], pointer[j + 1]):
            s += factor[p] * x[row[p]]
        x[j] = s
