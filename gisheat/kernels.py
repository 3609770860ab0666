"""Loops that numba compiles, and that Python runs as they stand where a problem is so small that this is sooner.

The loops of noding and routing take about a minute to be compiled, once on a machine, those of the solver ten seconds;
a village is routed and solved in about a second without that. Results are the same either way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numba import njit
from numba.core.registry import CPUDispatcher

P = ParamSpec("P")
T = TypeVar("T")

ALWAYS_COMPILED = False
"""Nothing is small: for tests, that compile everything anyway."""

_plain: ContextVar[bool] = ContextVar("plain", default=False)


class Credit:
    """Work on small problems that is done as plain Python before anything is compiled for it.

    Who solves a small network ten times waits for no compiler; who goes on has compiled loops.
    """

    def __init__(self, largest: int, most: int) -> None:
        self._largest, self._left = largest, most

    def covers(self, size: int) -> bool:
        """Take a piece of work off the credit, if it is small and there is so much left."""
        if size > min(self._largest, self._left):
            return False
        self._left -= size
        return True


class _Kernel(CPUDispatcher):
    """A compiled function that Python runs as it stands within functions that `plain_where` decorates."""

    def __call__(self, *args: Any) -> Any:
        return self.py_func(*args) if _plain.get() else super().__call__(*args)


def kernel(function: Callable[..., Any]) -> Any:
    """Have a function compiled when it is called first, and kept for the next time."""
    compiled = njit(cache=True, nogil=True)(function)  # so that a run can be cancelled within it
    if isinstance(compiled, CPUDispatcher):  # not with NUMBA_DISABLE_JIT
        compiled.__class__ = _Kernel
    return compiled


def plain_where(is_small: Callable[P, bool]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function run kernels as plain Python, nothing compiled, where its arguments are a small problem."""

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def chosen(*args: P.args, **named: P.kwargs) -> T:
            # where not small, compiled even within a function that is plain
            token = _plain.set(not ALWAYS_COMPILED and is_small(*args, **named))
            try:
                with np.errstate(over="ignore" if _plain.get() else None):  # hashes and random numbers wrap
                    return function(*args, **named)
            finally:
                _plain.reset(token)

        return chosen

    return decorated
