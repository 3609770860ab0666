"""Numbers that are zero or hold something: 0 <= y <= most, e(y) >= 0, and never both above zero.

Newton's method on min(y, e) with exact derivatives, steps that are bounded and shortened until they help [1]_.
Knows no pipes: the caller solves its own problem for each y.

References
----------
.. [1] Facchinei, F., Pang, J.-S. (2003). Finite-dimensional variational inequalities and complementarity
   problems, vol. 2, ch. 8-9. Springer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Solution = TypeVar("Solution")

SHORTENINGS = 6
"""A step is shortened so often before the best of its lengths is taken."""


class Evaluation(NamedTuple, Generic[Solution]):
    """What the caller found for one y: e, which y can't do more (shut), and its own solution."""

    excess: Array
    shut: NDArray[np.bool_]
    solution: Solution


def solve_complementarity(
    evaluate: Callable[[Array, Solution | None], Evaluation[Solution]],
    derivative: Callable[[Evaluation[Solution]], Array],
    most: Array, first: Array, *, largest_step: float, tolerance: float, max_steps: int = 60,
) -> tuple[Array, Evaluation[Solution], float]:  # fmt: skip
    """Find y; the last item is what is left of the largest |min(y, e)|: the caller judges it.

    Parameters
    ----------
    evaluate : function
        y of shape (k,) and the solution so far -> e(y) of shape (k,).
    derivative : function
        Matrix de_i / dy_j at an evaluation, shape (k, k).
    most : array, shape (k,)
        Upper bounds; a y at its bound with e < 0 is left there.
    first : array, shape (k,)
    largest_step : float
        No y changes by more in one step.
    """
    y = first.copy()
    found = evaluate(y, None)
    missed = _missed(y, found, most)
    for _ in range(max_steps):
        if np.abs(missed).max(initial=0.0) <= tolerance:
            break
        step = np.clip(_step(y, found, most, derivative(found)), -largest_step, largest_step)
        step = np.clip(y + step, 0.0, most) - y
        best: tuple[float, Array, Evaluation[Solution], Array] | None = None
        share, size = 1.0, float(np.abs(missed).sum())
        for _ in range(SHORTENINGS + 1):
            ahead = y + share * step
            candidate = evaluate(ahead, found.solution)
            left = _missed(ahead, candidate, most)
            total = float(np.abs(left).sum())
            if best is None or total < best[0]:
                best = total, ahead, candidate, left
            if total < (1.0 - 0.1 * share) * size:
                break
            share *= 0.4
        assert best is not None
        _, y, found, missed = best
    return y, found, float(np.abs(missed).max(initial=0.0))


def _missed(y: Array, found: Evaluation[Solution], most: Array) -> Array:
    missed = np.minimum(y, found.excess)
    helpless = (found.shut | (y >= most)) & (found.excess < 0.0)
    return np.where(helpless, 0.0, missed)


def _step(y: Array, found: Evaluation[Solution], most: Array, slopes: Array) -> Array:
    """Newton's step: e to zero where y acts, y to zero where it does not."""
    helpless = (found.shut | (y >= most)) & (found.excess < 0.0)
    acts = (y >= found.excess) & ~helpless
    step = np.where(acts | helpless, 0.0, -y)
    rows = np.flatnonzero(acts)
    if len(rows):
        rest = -found.excess[rows] - slopes[np.ix_(rows, np.flatnonzero(~acts))] @ step[~acts]
        matrix = slopes[np.ix_(rows, rows)] + 1e-3 * np.eye(len(rows))
        try:
            step[rows] = np.linalg.solve(matrix, rest)
        except np.linalg.LinAlgError:
            step[rows] = np.linalg.lstsq(matrix, rest, rcond=1e-12)[0]
    return step
