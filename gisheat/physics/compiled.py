"""Friction compiled with numba: the formulas of `friction` in loops that the compiler vectorises.

Same laws, same numbers to rounding (a test holds that); logarithm and power are written out from bit
operations and polynomials, because calls to the C library can't be vectorised.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.physics.friction import LAMINAR_LIMIT, LAWS, TURBULENT_LIMIT, Law

Array = NDArray[np.float64]

_COLEBROOK, _SWAMEE_JAIN, _ALTSHUL, _ROUGH, _HAZEN_WILLIAMS = range(5)
_FAST = {"contract", "nsz", "arcp", "nnan", "ninf"}
_LN2 = 0.6931471805599453
_LOG10 = 2.302585092994046
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = 0x4338000000000000


def loss(
    law: Law,
    flow: Array,
    viscous: Array,
    local: Array,
    reynolds_scale: Array,
    roughness: Array,
    drop: Array,
    slope: Array,
) -> None:
    """Pressure loss [Pa] and its derivative [Pa s/kg] into `drop` and `slope`; arguments as `PipeResistance`."""
    turbulent, low = _KERNELS[law]
    turbulent(flow, viscous, local, reynolds_scale, roughness, drop, slope)
    low(flow, viscous, local, reynolds_scale, roughness, drop, slope)


@njit(inline="always", fastmath=_FAST)
def _log(x):
    """Natural logarithm of a normal positive number, relative error below 2e-15."""
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _SQRT_HALF_BITS) >> 52
    m = np.int64(bits - (exponent << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 2 / 17 + z * (2 / 19)
    p = 2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * p))))))
    return exponent * _LN2 + (2.0 * s + s * z * p)


@njit(inline="always", fastmath=_FAST)
def _linear_log(x):
    """Natural logarithm of a normal positive number to 0.03, its bits read as a number: for starts of iterations."""
    return np.float64(x).view(np.int64) * (_LN2 / 2.0**52) - (1023.0 - 0.043) * _LN2


@njit(inline="always", fastmath=_FAST)
def _exp(x):
    """Exponential of a number between -700 and 700, relative error below 1e-15."""
    k = x * (1.0 / _LN2)
    shifted = k + _ROUNDER
    n = np.float64(shifted).view(np.int64) - _ROUNDER_BITS
    r = (k - (shifted - _ROUNDER)) * _LN2
    p = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800)))
    p = 1.0 + r * (
        1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * p))))))
    )
    return np.int64(np.float64(p).view(np.int64) + (n << 52)).view(np.float64)


@njit(inline="always", fastmath=_FAST)
def _bounded_factor(law, reynolds, roughness):
    """Factor and Re times its derivative, not below the laminar one (which two of the laws never are)."""
    factor, bend = _factor(law, reynolds, roughness)
    least = 64.0 / reynolds
    below = factor < least
    return (least if below else factor), (-least if below else bend)


@njit(inline="always", fastmath=_FAST)
def _factor(law, reynolds, roughness):
    """Darcy factor and Re times its derivative, for Re of 4000 and above; see `friction` for the formulas."""
    if law == _COLEBROOK:
        a = roughness / 3.7
        b = 2.51 / reynolds
        c = 2.0 / _LOG10
        # One step of the fixed point from a smooth pipe's power law misses by 2 % at most. What is left, u, is
        # found with one logarithm: x + u + c ln(y + b u) = 0; ln(1 + t) by its series, t = b u / y below 0.01.
        x = -c * _linear_log(a + b * c * (0.88 * _linear_log(reynolds) - 1.6))
        y = a + b * x
        share = b / y
        damping = 1.0 / (1.0 + c * share)
        first = -(x + c * _log(y)) * damping
        bent = c * damping
        t = share * first
        t = share * (first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5))))
        t = share * (first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5))))
        x += first + bent * t * t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t / 5)))
        y = a + b * x
        w = 1.0 / x
        bend = c * x * b / (y + c * b)
        return w * w, -2.0 * w * w * w * bend
    if law == _SWAMEE_JAIN:
        z = 5.74 * _exp(-0.9 * _log(reynolds))
        y = roughness / 3.7 + z
        w = -_LOG10 / (2.0 * _log(y))
        return w * w, -2.0 * w * w * w * (1.8 / _LOG10) * z / y
    if law == _ALTSHUL:
        t = 68.0 / reynolds
        z = roughness + t
        f = 0.11 * np.sqrt(np.sqrt(z))
        return f, -0.25 * f / z * t
    if law == _ROUGH:
        return 0.11 * np.sqrt(np.sqrt(roughness)), 0.0
    f = roughness * _exp(-0.148 * _log(reynolds))
    return f, -0.148 * f


def _kernels(law):
    """Two loops for one law: a constant here, so that only its formula is compiled."""

    @njit(cache=True, error_model="numpy", fastmath=_FAST)
    def turbulent(flow, viscous, local, reynolds_scale, roughness, drop, slope):
        """All pipes as if they were turbulent (at Re of 4000 at least)."""
        for i in range(flow.size):
            q = flow[i]
            size = abs(q)
            reynolds = max(reynolds_scale[i] * size, TURBULENT_LIMIT)
            factor, bend = _bounded_factor(law, reynolds, roughness[i])
            number = factor * reynolds
            drop[i] = viscous[i] * number * q + local[i] * size * q
            slope[i] = viscous[i] * (2.0 * number + bend * reynolds) + 2.0 * local[i] * size

    @njit(cache=True, error_model="numpy")
    def low(flow, viscous, local, reynolds_scale, roughness, drop, slope):
        """Pipes below Re 4000: laminar, and the cubic between."""
        width = TURBULENT_LIMIT - LAMINAR_LIMIT
        first, first_slope = 64.0 / LAMINAR_LIMIT, -64.0 / LAMINAR_LIMIT**2 * width
        for i in range(flow.size):
            q = flow[i]
            size = abs(q)
            reynolds = reynolds_scale[i] * size
            if reynolds >= TURBULENT_LIMIT:
                continue
            number, bend = 64.0, 0.0
            if reynolds > LAMINAR_LIMIT:
                last, last_bend = _bounded_factor(law, TURBULENT_LIMIT, roughness[i])
                last_slope = last_bend / TURBULENT_LIMIT * width
                t = (reynolds - LAMINAR_LIMIT) / width
                c2 = 3.0 * (last - first) - 2.0 * first_slope - last_slope
                c3 = -2.0 * (last - first) + first_slope + last_slope
                factor = first + t * (first_slope + t * (c2 + t * c3))
                number = factor * reynolds
                bend = number + (first_slope + t * (2.0 * c2 + 3.0 * c3 * t)) / width * reynolds * reynolds
            drop[i] = viscous[i] * number * q + local[i] * size * q
            slope[i] = viscous[i] * (number + bend) + 2.0 * local[i] * size

    return turbulent, low


_KERNELS = {law: _kernels(code) for code, law in enumerate(LAWS)}
