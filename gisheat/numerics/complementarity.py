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

EASING, LEAST_EASING, EASED_STEPS = 0.25, 1.0 / 512.0, 12
"""First and least step on the way back from eased guards, and Newton's steps at each stop."""
REGULAR = 1e-3
"""Added to the derivative of each e by its own y, which is zero where nothing flows."""
OPENINGS = 12
"""So often each y is taken back from where it has shut, whatever that does to the others."""
SHORTENINGS = 6
"""A step is shortened so often before the best of its lengths is taken."""


class Evaluation(NamedTuple, Generic[Solution]):
    """What the caller found for one y: y itself, e, which y can't do more (shut), and its own solution."""

    y: Array
    excess: Array
    enough: Array
    """The least y with which what is shut would be shut."""
    shut: NDArray[np.bool_]
    solution: Solution


def solve_complementarity(
    evaluate: Callable[[Array, Solution | None], Evaluation[Solution]],
    derivative: Callable[[Evaluation[Solution]], Array],
    most: Array, *, largest_step: float, tolerance: float, max_steps: int = 60,
) -> tuple[Evaluation[Solution], float]:  # fmt: skip
    """Find y; the last item is what is left of the largest |min(y, e)|: the caller judges it.

    Where Newton's method from y = 0 does not end, e is eased so far that y = 0 would do and led back to what it
    is (a homotopy), and where that does not end either, its parts are taken back one by one.

    Parameters
    ----------
    evaluate : function
        y of shape (k,) and the solution so far -> e(y) of shape (k,).
    derivative : function
        Matrix de_i / dy_j at an evaluation, shape (k, k).
    most : array, shape (k,)
        Upper bounds; a y at its bound with e < 0 is left there.
    largest_step : float
        No y changes by more in one step.
    """
    idle = evaluate(np.zeros(len(most)), None)
    newton = _Newton(evaluate, derivative, most, largest_step, tolerance)
    found, left = newton.solve(idle, 0.0 * most, max_steps)
    if left <= tolerance:
        return found, left
    for way in (_eased_back, _one_by_one):
        reached = way(newton, idle)
        if reached is not None:
            return reached, 0.0
    return found, left


def _eased_back(newton: _Newton[Solution], idle: Evaluation[Solution]) -> Evaluation[Solution] | None:
    """Ease e so far that y = 0 would do, and lead it back to what it is."""
    ease = np.maximum(-idle.excess, 0.0)
    led, share, step = idle, 0.0, EASING
    while share < 1.0:
        ahead = min(1.0, share + step)
        candidate, rest = newton.solve(led, (1.0 - ahead) * ease, EASED_STEPS)
        if rest <= newton.tolerance:
            led, share, step = candidate, ahead, 2.0 * step
        elif step > LEAST_EASING:
            step *= 0.5
        else:
            return None
    return led


def _one_by_one(newton: _Newton[Solution], idle: Evaluation[Solution]) -> Evaluation[Solution] | None:
    """Ease all of e out of sight and take back one after the other, the one that is missed most first."""
    count = len(idle.y)
    eased, led, misses = np.ones(count, bool), idle, 0
    while eased.any():
        waiting = np.flatnonzero(eased)
        wrong = np.where(led.shut, 0.0, led.excess)[waiting]
        pick = waiting[int(np.argmin(wrong))] if misses == 0 else waiting[int(np.argsort(wrong)[misses % len(waiting)])]
        eased[pick] = False
        candidate, rest = newton.solve(led, np.where(eased, np.inf, 0.0), EASED_STEPS)
        if rest <= newton.tolerance:
            led, misses = candidate, 0
        elif misses < min(3, len(waiting) - 1):
            eased[pick], misses = True, misses + 1
        else:
            return None
    return led


class _Newton(Generic[Solution]):
    """Newton's method on min(y, e + ease)."""

    def __init__(
        self, evaluate: Callable[[Array, Solution | None], Evaluation[Solution]],
        derivative: Callable[[Evaluation[Solution]], Array], most: Array, largest_step: float, tolerance: float,
    ) -> None:  # fmt: skip
        self._evaluate, self._derivative = evaluate, derivative
        self._most, self._largest_step, self.tolerance = most, largest_step, tolerance

    def solve(self, first: Evaluation[Solution], ease: Array, max_steps: int) -> tuple[Evaluation[Solution], float]:
        """Go on from an evaluation; the last item is what is left of the largest |min(y, e + ease)|."""
        most, tolerance = self._most, self.tolerance
        found = first
        missed = _missed(found, ease, most)
        opened = np.zeros(len(most), np.int64)
        for _ in range(max_steps):
            if np.abs(missed).max(initial=0.0) <= tolerance:
                break
            y = found.y
            opens = found.shut & (found.excess + ease > tolerance) & (y > tolerance) & (opened < OPENINGS)
            opened[opens] += 1
            step = _step(found, ease, most, self._derivative(found), opens, opened)
            step = np.clip(y + np.clip(step, -self._largest_step, self._largest_step), 0.0, most) - y
            size = np.inf if opens.any() else float(np.abs(missed).sum())
            found, missed = self._shortened(found, step, ease, size)
        return found, float(np.abs(missed).max(initial=0.0))

    def _shortened(
        self, found: Evaluation[Solution], step: Array, ease: Array, size: float
    ) -> tuple[Evaluation[Solution], Array]:
        """Take the step, or the first part of it that helps, or the best of its parts."""
        best: tuple[float, Evaluation[Solution], Array] | None = None
        share = 1.0
        for _ in range(SHORTENINGS + 1):
            candidate = self._evaluate(found.y + share * step, found.solution)
            left = _missed(candidate, ease, self._most)
            total = float(np.abs(left).sum())
            if best is None or total < best[0]:
                best = total, candidate, left
            if total < (1.0 - 0.1 * share) * size:
                break
            share *= 0.4
        assert best is not None
        return best[1], best[2]


def _missed(found: Evaluation[Solution], ease: Array, most: Array) -> Array:
    excess = found.excess + ease
    helpless = (found.shut | (found.y >= most)) & (excess < 0.0)
    return np.where(helpless, 0.0, np.minimum(found.y, excess))


def _step(
    found: Evaluation[Solution], ease: Array, most: Array, slopes: Array, opens: NDArray[np.bool_],
    opened: NDArray[np.int64],
) -> Array:  # fmt: skip
    """Newton's step: e to zero where y acts, y to zero where it does not; half open (then a quarter ...) what was shut.

    At the point of shutting nothing flows, and the derivative there says little of what comes.
    """
    y, excess = found.y, found.excess + ease
    helpless = (found.shut | (y >= most)) & (excess < 0.0)
    acts = (y >= excess) & ~helpless & ~opens
    step = np.where(acts | helpless, 0.0, -y)
    step[opens] = found.enough[opens] * (1.0 - 0.5 ** opened[opens]) - y[opens]
    rows = np.flatnonzero(acts)
    if len(rows):
        rest = -excess[rows] - slopes[np.ix_(rows, np.flatnonzero(~acts))] @ step[~acts]
        matrix = slopes[np.ix_(rows, rows)] + REGULAR * np.eye(len(rows))
        try:
            step[rows] = np.linalg.solve(matrix, rest)
        except np.linalg.LinAlgError:
            step[rows] = np.linalg.lstsq(matrix, rest, rcond=1e-12)[0]
    return step
