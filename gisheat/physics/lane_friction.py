"""Friction for many states of one network at once: flows of shape (pipes, lanes), compiled with numba.

The formulas are those of `compiled` (a test holds that); the lane is the last index and the loop over it
is what the compiler vectorises. Each lane has a water of its own. Pipes in series are summed on the way,
because a solver that works on chains of pipes needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.physics.compiled import _FAST, _HAZEN_WILLIAMS, _turbulent
from gisheat.physics.friction import LAWS, Law, friction_number, hazen_williams_scale, limits_of

Array = NDArray[np.float64]

LEAST_SLOPE = 1e-200
"""Slope of pipes without any resistance, so that 1/slope is a number."""


class LaneWater(NamedTuple):
    """Water of each lane: kinematic viscosity [m2/s], specific volume [m3/kg], 1/dynamic viscosity, shape (lanes,)."""

    kinematic: Array
    volume: Array
    fluidity: Array
    roughness_scale: Array
    """Factor of the roughness: 1, for Hazen-Williams what the viscosity does to the scale of Re^-0.148."""


@dataclass(frozen=True, slots=True)
class LaneResistance:
    """Pipes without their water: dp = nu k f(Re) q + z q |q| / rho, Re = c |q| / mu; arrays of shape (pipes,)."""

    viscous: Array
    """k = L / (2 A d^2) [1/m3], L with the equivalent length."""
    local: Array
    """z = zeta / (2 A^2) [1/m4]."""
    reynolds_scale: Array
    """c = d / A [1/m]."""
    roughness: Array
    """K/d; for Hazen-Williams the scale at a viscosity of 1 m2/s."""
    linear: Array
    """Number f Re where the loss is proportional to the flow: 64, of Hazen-Williams its own."""
    limit_factor: Array
    """Factor where the law begins to hold, and Re times its derivative there: the end of the cubic."""
    limit_bend: Array
    law: Law

    def take(self, pipes: NDArray[Any]) -> LaneResistance:
        """The resistance of some pipes, in their order."""
        return LaneResistance(
            self.viscous[pipes], self.local[pipes], self.reynolds_scale[pipes], self.roughness[pipes],
            self.linear[pipes], self.limit_factor[pipes], self.limit_bend[pipes], self.law,
        )  # fmt: skip

    def series(
        self, water: LaneWater, flow: Array, offset: Array, first: NDArray[np.int32],
        conductance: Array, drop: Array, pipe_drop: Array,
    ) -> None:  # fmt: skip
        """Loss of chains of pipes, the inverse of its derivative, and the loss of each pipe.

        Parameters
        ----------
        flow : array, shape (chains, lanes)
            Mass flow that enters each chain [kg/s].
        offset : array, shape (pipes, lanes)
            What has left the chain before each pipe [kg/s].
        first : int32 array, shape (chains + 1,)
            Pipes of chain c: first[c] <= t < first[c + 1].
        conductance, drop, pipe_drop : arrays
            Filled: shape (chains, lanes), (chains, lanes), (pipes, lanes).
        """
        _KERNELS[self.law](
            flow, offset, first, self.viscous, self.local, self.reynolds_scale, self.roughness, self.linear,
            self.limit_factor, self.limit_bend, *water, conductance, drop, pipe_drop,
        )  # fmt: skip


def lane_resistance(
    length: Array, inner_diameter: Array, roughness: Array, zeta: Array, *, law: Law, gravity: float
) -> LaneResistance:
    """Resistance of pipes for any water; arguments as `friction.pipe_resistance`."""
    area = np.pi / 4.0 * inner_diameter**2
    if law == "hazen-williams":
        relative = hazen_williams_scale(roughness, inner_diameter, 1.0, gravity)
    else:
        relative = roughness / inner_diameter
    lowest, highest = limits_of(law)
    linear, _ = friction_number(np.full(len(length), lowest), relative, law)
    number, slope = friction_number(np.full(len(length), highest), relative, law)
    return LaneResistance(
        viscous=length / (2.0 * area * inner_diameter**2),
        local=zeta / (2.0 * area**2),
        reynolds_scale=inner_diameter / area,
        roughness=np.asarray(relative, float),
        linear=linear,
        limit_factor=number / highest,
        limit_bend=slope - number / highest,
        law=law,
    )


def lane_water(density: Array, viscosity: Array, law: Law) -> LaneWater:
    """Water of lanes from density [kg/m3] and dynamic viscosity [Pa s], shape (lanes,)."""
    kinematic = viscosity / density
    scale = kinematic**-0.148 if law == "hazen-williams" else np.ones(len(density))
    return LaneWater(kinematic, 1.0 / density, 1.0 / viscosity, scale)


@njit(cache=True, nogil=True, error_model="numpy")
def extremes(flow, drop, area, length, local, volume):
    """Largest velocity [m/s] and specific friction [Pa/m] of each lane, and the pipes they are in (-1: none).

    Parameters
    ----------
    flow, drop : arrays, shape (pipes, lanes)
        [kg/s], [Pa]
    area, length, local : arrays, shape (pipes,)
        Cross section [m2], length with the equivalent length [m], zeta / (2 A^2) [1/m4].
    volume : array, shape (lanes,)
        Specific volume [m3/kg].
    """
    lanes = flow.shape[1]
    speed, friction = np.full(lanes, -1.0), np.full(lanes, -1.0)
    fastest, steepest = np.full(lanes, -1.0), np.full(lanes, -1.0)
    for k in range(flow.shape[0]):
        by_area, z = 1.0 / area[k], local[k]
        for b in range(lanes):
            own = abs(flow[k, b]) * volume[b] * by_area
            more = own > speed[b]
            speed[b] = own if more else speed[b]
            fastest[b] = k if more else fastest[b]
        if length[k] > 0.0:
            by_length = 1.0 / length[k]
            for b in range(lanes):
                own = (abs(drop[k, b]) - z * volume[b] * flow[k, b] * flow[k, b]) * by_length
                more = own > friction[b]
                friction[b] = own if more else friction[b]
                steepest[b] = k if more else steepest[b]
    return speed, fastest.astype(np.int64), friction, steepest.astype(np.int64)


def _kernel(law):
    """Loop for one law: a constant here, so that only its formula is compiled."""
    scaled_limit = law == _HAZEN_WILLIAMS
    lowest, highest = limits_of(LAWS[law])

    @njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
    def series(
        flow, offset, first, viscous, local, reynolds_scale, roughness, linear, limit_factor, limit_bend,
        kinematic, volume, fluidity, roughness_scale, conductance, drop, pipe_drop,
    ):  # fmt: skip
        lanes = flow.shape[1]
        slope, sum_, loss, size = np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
        width = highest - lowest
        for c in range(flow.shape[0]):
            for b in range(lanes):
                drop[c, b] = 0.0
                sum_[b] = 0.0
            for t in range(first[c], first[c + 1]):
                k, z, scale, rough = viscous[t], local[t], reynolds_scale[t], roughness[t]
                for b in range(lanes):
                    q = flow[c, b] - offset[t, b]
                    size[b] = abs(q)
                    reynolds = max(scale * fluidity[b] * size[b], highest)
                    number, sum_of = _turbulent(law, reynolds, rough * roughness_scale[b])
                    viscous_own = k * kinematic[b]
                    local_own = z * volume[b] * size[b]
                    loss[b] = (viscous_own * number + local_own) * q
                    slope[b] = viscous_own * sum_of + 2.0 * local_own
                least = np.inf
                for b in range(lanes):
                    least = min(least, size[b] * fluidity[b])
                if least * scale < highest:  # some lane is below; the others keep what they have
                    for b in range(lanes):
                        q = flow[c, b] - offset[t, b]
                        reynolds = scale * fluidity[b] * size[b]
                        constant, last, last_bend = linear[t], limit_factor[t], limit_bend[t]
                        if scaled_limit:
                            constant = constant * roughness_scale[b]
                            last, last_bend = last * roughness_scale[b], last_bend * roughness_scale[b]
                        start = constant / lowest
                        start_slope = -start / lowest * width
                        last_slope = last_bend * (width / highest)
                        s = (reynolds - lowest) / width
                        c2 = 3.0 * (last - start) - 2.0 * start_slope - last_slope
                        c3 = -2.0 * (last - start) + start_slope + last_slope
                        number = (start + s * (start_slope + s * (c2 + s * c3))) * reynolds
                        bend = number + (start_slope + s * (2.0 * c2 + 3.0 * c3 * s)) / width * reynolds * reynolds
                        laminar = reynolds <= lowest
                        number = constant if laminar else number
                        bend = 0.0 if laminar else bend
                        viscous_own = k * kinematic[b]
                        local_own = z * volume[b] * size[b]
                        low = reynolds < highest
                        loss[b] = (viscous_own * number + local_own) * q if low else loss[b]
                        slope[b] = viscous_own * (number + bend) + 2.0 * local_own if low else slope[b]
                for b in range(lanes):
                    pipe_drop[t, b] = loss[b]
                    drop[c, b] += loss[b]
                    sum_[b] += slope[b]
            for b in range(lanes):
                conductance[c, b] = 1.0 / max(sum_[b], LEAST_SLOPE)

    return series


_KERNELS = {law: _kernel(code) for code, law in enumerate(LAWS)}
