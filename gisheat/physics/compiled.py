"""Friction compiled with numba: the formulas of `friction` in loops that the compiler vectorises.

Same laws, same numbers to rounding (a test holds that). Logarithm and power are written out from bit operations
and polynomials, because calls to the C library can't be vectorised; polynomials in pairs, so that the processor
works on several terms at a time. What is computed of a law is its number f Re (64 in laminar flow) and the
sum 2 f Re + Re^2 df/dRe, which drop and slope are made of.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.physics.friction import (
    HAZEN_WILLIAMS_LIMITS,
    LAMINAR_LIMIT,
    LAWS,
    LEAST_ROUGHNESS,
    TURBULENT_LIMIT,
    Law,
)

Array = NDArray[np.float64]
Index = NDArray[np.int32]

_COLEBROOK, _SWAMEE_JAIN, _ALTSHUL, _ROUGH, _HAZEN_WILLIAMS, _NIKURADSE = range(6)
_HAZEN_WILLIAMS_LOWEST, _HAZEN_WILLIAMS_HIGHEST = HAZEN_WILLIAMS_LIMITS
_HAZEN_WILLIAMS_START = _HAZEN_WILLIAMS_LOWEST**0.852
_FAST = {"contract", "nsz", "arcp", "nnan", "ninf"}
_LN2 = 0.6931471805599453
_LOG10 = 2.302585092994046
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ONE_BITS = 0x3FF0000000000000
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = 0x4338000000000000
_TILE = 512
"""Pipes that are evaluated together: what is between the loops stays in the nearest cache."""


def loss(
    law: Law, flow: Array, viscous: Array, local: Array, reynolds_scale: Array, roughness: Array, drop: Array,
    slope: Array,
) -> None:  # fmt: skip
    """Pressure loss [Pa] and its derivative [Pa s/kg] into `drop` and `slope`; arguments as `PipeResistance`."""
    _KERNELS[law][0](flow, viscous, local, reynolds_scale, roughness, drop, slope)


def loss_along(
    law: Law, flow: Array, chain: Index, offset: Array, viscous: Array, local: Array, reynolds_scale: Array,
    roughness: Array, sums: Array,
) -> None:  # fmt: skip
    """Loss, derivative and second derivative [Pa s2/kg2] along chains into the rows of `sums`, shape (3, chains)."""
    _KERNELS[law][1](flow, chain, offset, viscous, local, reynolds_scale, roughness, *sums)


@njit(forceinline=True, fastmath=_FAST)
def _log(x):
    """Natural logarithm of a normal positive number, relative error below 2e-15."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    m = np.int64(bits - (exponent << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    z2 = z * z
    low = (2 / 3 + z * (2 / 5)) + z2 * (2 / 7 + z * (2 / 9))
    high = (2 / 11 + z * (2 / 13)) + z2 * ((2 / 15 + z * (2 / 17)) + z2 * (2 / 19))
    return exponent * _LN2 + (2.0 * s + s * z * (low + z2 * z2 * high))


@njit(forceinline=True, fastmath=_FAST)
def _rough_log(x):
    """Natural logarithm to 0.03: the bits of a number are nearly its logarithm."""
    return (np.float64(x).view(np.int64) - _ONE_BITS) * (_LN2 / 2.0**52) + 0.03


@njit(forceinline=True, fastmath=_FAST)
def _exp(x):
    """Exponential of a number between -700 and 700, relative error below 1e-15."""
    k = x * (1.0 / _LN2)
    shifted = k + _ROUNDER
    n = np.float64(shifted).view(np.int64) - _ROUNDER_BITS
    r = (k - (shifted - _ROUNDER)) * _LN2
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (1 / 2 + r * (1 / 6))
    middle = (1 / 24 + r * (1 / 120)) + r2 * (1 / 720 + r * (1 / 5040))
    high = (1 / 40320 + r * (1 / 362880)) + r2 * (1 / 3628800 + r * (1 / 39916800))
    p = low + r4 * (middle + r4 * high)
    return np.int64(np.float64(p).view(np.int64) + (n << 52)).view(np.float64)


@njit(forceinline=True)
def _limits(law):
    """Reynolds numbers up to which the loss is proportional to the flow, and from which the law holds."""
    if law == _HAZEN_WILLIAMS:
        return _HAZEN_WILLIAMS_LOWEST, _HAZEN_WILLIAMS_HIGHEST
    return LAMINAR_LIMIT, TURBULENT_LIMIT


@njit(forceinline=True)
def _linear(law, roughness):
    """Number of a loss that is proportional to the flow."""
    return roughness * _HAZEN_WILLIAMS_START if law == _HAZEN_WILLIAMS else 64.0


@njit(forceinline=True, fastmath=_FAST)
def _turbulent(law, reynolds, roughness):
    """Number and sum where the law holds, not below the laminar ones (Hazen-Williams knows none)."""
    factor, bend = _factor(law, reynolds, roughness)
    number = factor * reynolds
    sum_ = 2.0 * number + bend * reynolds
    below = (number < 64.0) & (law != _HAZEN_WILLIAMS)
    return (64.0 if below else number), (64.0 if below else sum_)


@njit(forceinline=True, fastmath=_FAST)
def _factor(law, reynolds, roughness):
    """Darcy factor and Re times its derivative, where the law holds; see `friction` for the formulas."""
    if law == _COLEBROOK:
        a = roughness / 3.7
        b = 2.51 / reynolds
        c = 2.0 / _LOG10
        # One step of the fixed point from a smooth pipe's power law misses by 2 % at most. What is left, u, is
        # found with one logarithm: x + u + c ln(y + b u) = 0; ln(1 + t) by its series, t = b u / y below 0.01.
        x = -c * _rough_log(a + b * c * (0.88 * _rough_log(reynolds) - 1.6))
        y = a + b * x
        share = b / y
        damping = 1.0 / (1.0 + c * share)
        first = -(x + c * _log(y)) * damping
        bent = c * damping
        t = share * first
        t = share * (first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5))))
        t = share * (first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5))))
        x += first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5)))
        steep = a + b * x + b * c
        inverse = 1.0 / (x * steep)
        w = steep * inverse
        return w * w, -2.0 * w * w * w * c * x * b * x * inverse
    if law == _SWAMEE_JAIN:
        z = 5.74 * _exp(-0.9 * _log(reynolds))
        y = roughness / 3.7 + z
        log = _log(y)
        inverse = 1.0 / (y * log)
        w = -0.5 * _LOG10 * y * inverse
        return w * w, -3.6 / _LOG10 * w * w * w * z * log * inverse
    if law == _ALTSHUL:
        t = 68.0 / reynolds
        z = roughness + t
        f = 0.11 * np.sqrt(np.sqrt(z))
        return f, -0.25 * f / z * t
    if law == _ROUGH:
        return 0.11 * np.sqrt(np.sqrt(roughness)), 0.0
    if law == _NIKURADSE:
        w = _LOG10 / (2.0 * _log(3.71 / max(roughness, LEAST_ROUGHNESS)))
        laminar = 64.0 / reynolds
        return w * w + laminar, -laminar
    f = roughness * _exp(-0.148 * _log(reynolds))
    return f, -0.148 * f


@njit(forceinline=True, fastmath=_FAST)
def _loss(law, q, viscous, local, reynolds_scale, roughness):
    """Loss and derivative, laminar up to where the law holds."""
    size = abs(q)
    reynolds = reynolds_scale * size
    highest, linear = _limits(law)[1], _linear(law, roughness)
    number, sum_ = _turbulent(law, max(reynolds, highest), roughness)
    laminar = reynolds < highest
    number, sum_ = (linear if laminar else number), (linear if laminar else sum_)
    return viscous * number * q + local * size * q, viscous * sum_ + 2.0 * local * size


@njit(forceinline=True)
def _between(law, q, viscous, local, reynolds, roughness):
    """Loss and derivative between the limits of the law, Re 2000 and 4000."""
    lowest, highest = _limits(law)
    width = highest - lowest
    first = _linear(law, roughness) / lowest
    first_slope = -first / lowest * width
    number, sum_ = _turbulent(law, highest, roughness)
    last, last_slope = number / highest, (sum_ - 2.0 * number) / highest**2 * width
    t = (reynolds - lowest) / width
    c2 = 3.0 * (last - first) - 2.0 * first_slope - last_slope
    c3 = -2.0 * (last - first) + first_slope + last_slope
    number = (first + t * (first_slope + t * (c2 + t * c3))) * reynolds
    sum_ = 2.0 * number + (first_slope + t * (2.0 * c2 + 3.0 * c3 * t)) / width * reynolds * reynolds
    size = abs(q)
    return viscous * number * q + local * size * q, viscous * sum_ + 2.0 * local * size


@njit(forceinline=True, fastmath=_FAST)
def _losses(law, q, viscous, local, reynolds_scale, roughness, drop, slope, between):
    """Loss and derivative of a tile of pipes; those between the limits (Re 2000 and 4000) are few and come after."""
    lowest, highest = _limits(law)
    found = 0
    for i in range(viscous.size):
        drop[i], slope[i] = _loss(law, q[i], viscous[i], local[i], reynolds_scale[i], roughness[i])
    for i in range(viscous.size):
        reynolds = reynolds_scale[i] * abs(q[i])
        between[found] = i
        found += (reynolds > lowest) & (reynolds < highest)
    for t in range(found):
        i = between[t]
        reynolds = reynolds_scale[i] * abs(q[i])
        drop[i], slope[i] = _between(law, q[i], viscous[i], local[i], reynolds, roughness[i])


def _kernels(law):
    """Loops for one law: a constant here, so that only its formula is compiled."""

    @njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
    def of_pipes(flow, viscous, local, reynolds_scale, roughness, drop, slope):
        between = np.empty(_TILE, np.int64)
        for tile in range(0, flow.size, _TILE):
            part = slice(tile, min(tile + _TILE, flow.size))
            _losses(
                law, flow[part], viscous[part], local[part], reynolds_scale[part], roughness[part], drop[part],
                slope[part], between,
            )  # fmt: skip

    @njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
    def along(flow, chain, offset, viscous, local, reynolds_scale, roughness, drop, slope, bend):
        q, h, g, curve = np.empty(_TILE), np.empty(_TILE), np.empty(_TILE), np.empty(_TILE)
        between = np.empty(_TILE, np.int64)
        for i in range(drop.size):
            drop[i], slope[i], bend[i] = 0.0, 0.0, 0.0
        for tile in range(0, offset.size, _TILE):
            part = slice(tile, min(tile + _TILE, offset.size))
            c, shift = chain[part], offset[part]
            for i in range(c.size):
                q[i] = flow[c[i]] - shift[i]
            _losses(
                law, q, viscous[part], local[part], reynolds_scale[part], roughness[part], h, g, between
            )  # fmt: skip
            for i in range(c.size):  # as of a parabola through the origin
                curve[i] = 2.0 * (g[i] * q[i] - h[i]) / (q[i] * q[i] + 1e-200)
            for i in range(c.size):
                drop[c[i]] += h[i]
                slope[c[i]] += g[i]
                bend[c[i]] += curve[i]

    return of_pipes, along


_KERNELS = {law: _kernels(code) for code, law in enumerate(LAWS)}
