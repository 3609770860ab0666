r"""Friction in pipes: Darcy friction factors and pressure losses, continuous with their derivative.

Every law is used above Reynolds number 4000 (its factor never below 64/Re, which a law without a viscous
term would fall to on smooth pipes), the laminar factor 64/Re below 2000, and between them the cubic in Re
that continues both with their slopes (Dunlop 1991, as in EPANET [1]_, written as a Hermite cubic, so that it
fits any law). Without this a nodal Newton method does not converge at low flow. Hazen-Williams knows no
viscosity: as in EPANET it holds at low flow too, down to Re 20; below Re 10 its loss is proportional to the flow.

All functions work on the product :math:`f = \lambda Re`, which is finite at zero flow (64).

References
----------
.. [1] Rossman, L. A. et al. (2020). EPANET 2.2 User Manual, EPA/600/R-20/133, ch. 12.
.. [2] Colebrook, C. F. (1939). Turbulent flow in pipes. J. Inst. Civil Eng. 11(4), 133-156.
.. [3] Swamee, P. K., Jain, A. K. (1976). Explicit equations for pipe-flow problems.
   J. Hydraulics Div. ASCE 102(5), 657-664.
.. [4] Altshul, A. D. (1970). Hydraulic resistances (in Russian). Nedra, Moscow.
.. [5] Williams, G. S., Hazen, A. (1905). Hydraulic Tables. Wiley, New York.
.. [6] Nikuradse, J. (1933). Stroemungsgesetze in rauhen Rohren. VDI-Forschungsheft 361.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gisheat.physics.pressure import GRAVITY

Array = NDArray[np.float64]
Law = Literal["colebrook", "swamee-jain", "altshul", "rough", "hazen-williams", "nikuradse"]
LAWS: tuple[Law, ...] = get_args(Law)

LAMINAR_LIMIT = 2000.0
TURBULENT_LIMIT = 4000.0
LEAST_ROUGHNESS = 1e-300
"""K/d of a smooth pipe where a law needs a logarithm of it."""
HAZEN_WILLIAMS_LIMITS = (10.0, 20.0)
"""Reynolds numbers below which Hazen-Williams becomes linear, so that its slope at rest is not zero."""
HAZEN_WILLIAMS = 10.667
"""h = 10.667 L Q^1.852 / (C^1.852 d^4.871), SI units [1]_ [5]_."""


def colebrook(reynolds: Array, roughness: Array) -> tuple[Array, Array]:
    """Colebrook-White factor [2]_, solved to rounding, and its derivative with respect to Re.

    Parameters
    ----------
    reynolds : array
        Reynolds number, 4000 and above.
    roughness : array
        Relative roughness K/d, 0 to 0.05 (larger is accepted, without the law's blessing).

    Examples
    --------
    >>> factor, slope = colebrook(np.array([1e5]), np.array([1e-4]))
    >>> round(float(factor[0]), 5)
    0.01851
    """
    a = roughness / 3.7
    b = 2.51 / reynolds
    x = -2.0 * np.log10(a + 5.74 / reynolds**0.9)  # Swamee-Jain as the start
    c = 2.0 / math.log(10.0)
    for _ in range(3):  # Newton's method on x + 2 lg(a + b x) = 0; two steps reach 1e-12
        y = a + b * x
        x = x - (x + c * np.log(y)) / (1.0 + c * b / y)
    y = a + b * x
    dx = c * x * (b / reynolds) / y / (1.0 + c * b / y)
    return x**-2.0, -2.0 * x**-3.0 * dx


def swamee_jain(reynolds: Array, roughness: Array) -> tuple[Array, Array]:
    """Swamee-Jain factor [3]_ and its derivative with respect to Re; K/d 1e-6 to 1e-2, Re 5e3 to 1e8."""
    z = 5.74 * reynolds**-0.9
    y = roughness / 3.7 + z
    x = -2.0 * np.log10(y)
    dx = 2.0 / math.log(10.0) * 0.9 * z / reynolds / y
    return x**-2.0, -2.0 * x**-3.0 * dx


def altshul(reynolds: Array, roughness: Array) -> tuple[Array, Array]:
    """Altshul factor 0.11 (K/d + 68/Re)^0.25 [4]_ and its derivative with respect to Re."""
    z = roughness + 68.0 / reynolds
    factor = 0.11 * z**0.25
    return factor, -0.25 * factor / z * 68.0 / reynolds**2


def rough(reynolds: Array, roughness: Array) -> tuple[Array, Array]:
    """Fully rough factor 0.11 (K/d)^0.25 (Shifrinson) of Chinese heating tables; its derivative is zero."""
    return 0.11 * roughness**0.25 + 0.0 * reynolds, np.zeros(np.broadcast(reynolds, roughness).shape)


def hazen_williams(reynolds: Array, scale: Array) -> tuple[Array, Array]:
    """Hazen-Williams [5]_ as a Darcy factor scale * Re^-0.148; see `hazen_williams_scale`."""
    factor = scale * reynolds**-0.148
    return factor, -0.148 * factor / reynolds


def nikuradse(reynolds: Array, roughness: Array) -> tuple[Array, Array]:
    """Nikuradse's rough factor (2 lg 3.71 d/K)^-2 [6]_ with 64/Re added, as STANET and pandapipes have it."""
    turbulent = (2.0 * np.log10(3.71 / np.maximum(roughness, LEAST_ROUGHNESS))) ** -2.0
    laminar = 64.0 / reynolds
    return turbulent + laminar, -laminar / reynolds


def hazen_williams_scale(
    coefficient: Array, inner_diameter: Array, kinematic_viscosity: float, gravity: float
) -> Array:
    """Factor of Re^-0.148 that makes the Darcy loss equal to the Hazen-Williams loss.

    Parameters
    ----------
    coefficient : array
        Hazen-Williams coefficient C.
    inner_diameter : array
        Bore [m].
    kinematic_viscosity : float
        Viscosity [m2/s] that the Reynolds number is made with.
    gravity : float
        [m/s2]
    """
    area = math.pi / 4.0 * inner_diameter**2
    speed_scale = kinematic_viscosity / inner_diameter  # v = Re * nu / d
    loss = HAZEN_WILLIAMS * area**1.852 / (coefficient**1.852 * inner_diameter**4.871)
    scale: Array = loss * 2.0 * gravity * inner_diameter * speed_scale**-0.148
    return scale


_LAW: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "colebrook": colebrook,
    "swamee-jain": swamee_jain,
    "altshul": altshul,
    "rough": rough,
    "hazen-williams": hazen_williams,
    "nikuradse": nikuradse,
}


def friction_number(reynolds: Array, roughness: Array, law: Law) -> tuple[Array, Array]:
    """Product of Darcy factor and Reynolds number, and its derivative with respect to Re.

    Parameters
    ----------
    reynolds : array, shape (n,)
        Reynolds number, 0 and above.
    roughness : array, shape (n,)
        Relative roughness K/d (for Hazen-Williams the scale of `hazen_williams_scale`).
    law : str
        One of `LAWS`.

    Returns
    -------
    number, slope : arrays, shape (n,)
        64 and 0 in laminar flow (Hazen-Williams: its own below Re 20).

    Examples
    --------
    >>> number, slope = friction_number(np.array([0.0, 1000.0, 2000.0]), np.full(3, 1e-3), "rough")
    >>> number.tolist()
    [64.0, 64.0, 64.0]
    """
    reynolds, roughness = np.broadcast_arrays(np.asarray(reynolds, float), np.asarray(roughness, float))
    first, last = limits_of(law)
    turbulent = np.maximum(reynolds, last)
    factor, slope = _factor(turbulent, roughness, law)
    number = factor * reynolds
    number_slope = factor + slope * reynolds
    low = reynolds < last
    if low.any():
        limit = np.full(low.sum(), last)
        start = 64.0 if law != "hazen-williams" else first * _factor(0.0 * limit + first, roughness[low], law)[0]
        number[low], number_slope[low] = _continued(
            reynolds[low], (first, last), start, *_factor(limit, roughness[low], law)
        )
    return number, number_slope


def limits_of(law: Law) -> tuple[float, float]:
    """Reynolds numbers up to which the loss is proportional to the flow, and from which the law holds."""
    return HAZEN_WILLIAMS_LIMITS if law == "hazen-williams" else (LAMINAR_LIMIT, TURBULENT_LIMIT)


def _factor(reynolds: Array, roughness: Array, law: Law) -> tuple[Array, Array]:
    """Factor and slope of a law, not below 64/Re: laws without a viscous term would lose less than laminar flow."""
    factor, slope = _LAW[law](reynolds, roughness)
    if law == "hazen-williams":
        return factor, slope
    least = 64.0 / reynolds
    below = factor < least
    return np.where(below, least, factor), np.where(below, -least / reynolds, slope)


def _continued(
    reynolds: Array, limits: tuple[float, float], number: Array | float, factor: Array, slope: Array
) -> tuple[Array, Array]:
    """Constant number (64 in laminar flow), and the Hermite cubic of the factor between the two limits."""
    first, last = limits
    width = last - first
    t = (reynolds - first) / width
    start, start_slope = number / first, -number / first**2 * width
    end_slope = slope * width
    c2 = 3.0 * (factor - start) - 2.0 * start_slope - end_slope
    c3 = -2.0 * (factor - start) + start_slope + end_slope
    cubic = start + t * (start_slope + t * (c2 + t * c3))
    cubic_slope = (start_slope + t * (2.0 * c2 + 3.0 * c3 * t)) / width
    linear = reynolds <= first
    return np.where(linear, number, cubic * reynolds), np.where(linear, 0.0, cubic + cubic_slope * reynolds)


@cache
def _compiled() -> Callable[..., None] | None:
    """The loss as compiled by numba, None where numba is not installed."""
    try:
        from gisheat.physics import compiled
    except ImportError:
        return None
    return compiled.loss


@dataclass(frozen=True, slots=True)
class PipeResistance:
    """Constants of the pressure loss of pipes that carry one water: dp = k f(Re) q + z q |q|."""

    viscous: Array
    """k = mu L / (2 rho A d^2) [Pa s/kg], L with the equivalent length."""
    local: Array
    """z = zeta / (2 rho A^2) [Pa s2/kg2]."""
    reynolds_scale: Array
    """Re / |q| = d / (A mu) [s/kg]."""
    roughness: Array
    law: Law
    from_rest: ClassVar[bool] = True
    """The iteration may start from straight lines through the origin."""

    def take(self, pipes: NDArray[Any], forward: NDArray[np.bool_] | None = None) -> PipeResistance:  # noqa: ARG002
        """The resistance of some pipes, in their order; it is the same in both senses."""
        at = np.flatnonzero(pipes) if pipes.dtype == bool else pipes.astype(np.intp, copy=False)  # once for all
        return PipeResistance(
            self.viscous.take(at), self.local.take(at), self.reynolds_scale.take(at), self.roughness.take(at), self.law
        )

    def evaluate(self, flow: Array, drop: Array, slope: Array) -> None:
        """Loss and derivative into the given arrays: compiled where numba is there, else as `loss`."""
        compiled = _compiled()
        if compiled is None:
            drop[:], slope[:] = self.loss(flow)
        else:
            compiled(self.law, flow, self.viscous, self.local, self.reynolds_scale, self.roughness, drop, slope)

    def along(self, flow: Array, chain: NDArray[np.int32], offset: Array, sums: Array) -> None:
        """Loss, derivative and second derivative of chains, for the compiled engine (see `numerics.reduced`)."""
        from gisheat.physics.compiled import loss_along

        loss_along(self.law, flow, chain, offset, self.viscous, self.local, self.reynolds_scale, self.roughness, sums)

    def loss(self, flow: Array) -> tuple[Array, Array]:
        """Pressure loss [Pa], sign of the flow, and its derivative [Pa s/kg], for mass flows [kg/s]."""
        size = np.abs(flow)
        reynolds = self.reynolds_scale * size
        number, slope = friction_number(reynolds, self.roughness, self.law)
        loss = self.viscous * number * flow + self.local * flow * size
        return loss, self.viscous * (number + slope * reynolds) + 2.0 * self.local * size


def pipe_resistance(
    length: Array, inner_diameter: Array, roughness: Array, zeta: Array, *,
    density: float, viscosity: float, law: Law, gravity: float = GRAVITY,
) -> PipeResistance:  # fmt: skip
    """Resistance of pipes.

    Parameters
    ----------
    length : array, shape (n,)
        Length with equivalent length [m].
    inner_diameter : array, shape (n,)
        Bore [m], above 0.
    roughness : array, shape (n,)
        Equivalent roughness K [m]; for Hazen-Williams the coefficient C.
    zeta : array, shape (n,)
        Local loss coefficient [-].
    density, viscosity : float
        [kg/m3], dynamic [Pa s].
    law : str
        One of `LAWS`.
    """
    inverse = 1.0 / inner_diameter
    if law == "hazen-williams":
        relative = hazen_williams_scale(roughness, inner_diameter, viscosity / density, gravity)
    else:
        relative = roughness * inverse
    fourth = inverse * inverse
    fourth *= fourth
    viscous, local = length * fourth, zeta * fourth  # with the area A = pi d^2 / 4 written out
    viscous *= 2.0 * viscosity / (math.pi * density)
    local *= 8.0 / (math.pi**2 * density)
    inverse *= 4.0 / (math.pi * viscosity)
    return PipeResistance(viscous=viscous, local=local, reynolds_scale=inverse, roughness=relative, law=law)


def specific_friction(
    flow: Array, inner_diameter: Array, roughness: Array, *,
    density: float, viscosity: float, law: Law, gravity: float = GRAVITY,
) -> Array:  # fmt: skip
    """Specific friction R = lambda rho v^2 / 2d [Pa/m] of mass flows [kg/s]; never negative.

    Examples
    --------
    >>> r = specific_friction(
    ...     np.array([6035.91 / 3.6]),
    ...     np.array([0.902]),
    ...     np.array([5e-4]),
    ...     density=968.65,
    ...     viscosity=3.6e-4,
    ...     law="rough",
    ... )
    >>> round(float(r[0]), 1)  # Mulan, A1-A2; 66.33 is printed
    66.5
    """
    one = np.ones_like(inner_diameter)
    resistance = pipe_resistance(
        one,
        inner_diameter,
        roughness,
        0.0 * one,
        density=density,
        viscosity=viscosity,
        law=law,
        gravity=gravity,
    )
    return np.abs(resistance.loss(flow)[0])


def velocity(flow: Array, inner_diameter: Array, density: float) -> Array:
    """Mean velocity [m/s] of a mass flow [kg/s] in a bore [m]; sign of the flow."""
    return flow / (density * math.pi / 4.0 * inner_diameter**2)
