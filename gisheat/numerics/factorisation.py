"""Factorisation of symmetric positive definite matrices of one pattern."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class SuperLU:
    """SciPy's SuperLU in symmetric mode; orders at each call (the pattern is only kept)."""

    def __init__(self, start: Index, end: Index, size: int) -> None:
        diagonal = np.arange(size)
        self._rows = np.concatenate([diagonal, start, end])
        self._columns = np.concatenate([diagonal, end, start])
        self._size = size

    def __call__(self, diagonal: Array, off_diagonal: Array) -> Callable[[Array], Array]:
        """Factorise: `diagonal` of shape (n,), `off_diagonal` of shape (edges,), added at both triangles."""
        values = np.concatenate([diagonal, off_diagonal, off_diagonal])
        matrix = csc_array((values, (self._rows, self._columns)), shape=(self._size, self._size))
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        return factor.solve
