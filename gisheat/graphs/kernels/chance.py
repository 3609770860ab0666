"""Random numbers whose state the caller holds: the same on every machine, however the work is cut into calls.

xorshift64* of S. Vigna (2016), "An experimental exploration of Marsaglia's xorshift generators, scrambled",
ACM Transactions on Mathematical Software 42(4); a state is one unsigned number that is not zero.
"""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel


@kernel
def draw(state):
    """A number from 0 up to, not including, 1."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return ((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def draw_below(state, count):
    """A whole number from 0 up to, not including, `count`."""
    return np.int64(draw(state) * count)


@kernel
def shuffle(items, size, state):
    """Put the first items in random order."""
    for i in range(size - 1, 0, -1):
        k = draw_below(state, i + 1)
        items[i], items[k] = items[k], items[i]
