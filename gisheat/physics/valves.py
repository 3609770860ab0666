"""Valves: flow capacity, opening, and what they lose.

References
----------
.. [1] IEC 60534-2-1:2011, Industrial-process control valves: flow capacity; liquid, non-choked.
.. [2] IEC 60534-2-4:2009, inherent flow characteristics and rangeability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RANGEABILITY = 30.0
"""Largest to least controllable flow capacity of a control valve; 30 to 50 is usual [2]_."""
REFERENCE_PRESSURE = 1e5
"""Pressure difference of one bar [Pa] that a flow capacity is defined with."""
REFERENCE_DENSITY = 1000.0
"""Density [kg/m3] that a flow capacity is defined with."""


def valve_coefficient(flow_capacity: ArrayLike, density: float) -> Array:
    """Coefficient c of the loss dp = c m |m| of a valve [Pa s2/kg2] [1]_.

    V = Kv sqrt(dp / 1 bar x 1000 / rho), so dp = 1 bar rho / 1000 (m / rho / Kv)^2.

    Parameters
    ----------
    flow_capacity : array
        Kv [m3/s of cold water at 1 bar], above 0.
    density : float
        [kg/m3]

    Examples
    --------
    100 m3/h of cold water through Kv 100 m3/h lose one bar:

    >>> float(valve_coefficient(100.0 / 3600.0, 1000.0) * (100.0 / 3.6) ** 2)
    100000.0
    """
    return REFERENCE_PRESSURE / (REFERENCE_DENSITY * density * np.asarray(flow_capacity, float) ** 2)


def flow_capacity(coefficient: ArrayLike, density: float) -> Array:
    """Flow capacity Kv [m3/s at 1 bar] of the loss dp = c m |m|; the inverse of `valve_coefficient`."""
    return np.sqrt(REFERENCE_PRESSURE / (REFERENCE_DENSITY * density * np.asarray(coefficient, float)))


def capacity_of_zeta(zeta: ArrayLike, bore: ArrayLike) -> Array:
    """Flow capacity Kv [m3/s at 1 bar] of a loss coefficient zeta in a bore [m].

    zeta rho v^2 / 2 = 1 bar rho / 1000 (v A / Kv)^2, so Kv = A sqrt(200 / zeta) in SI units.
    """
    area = np.pi / 4.0 * np.asarray(bore, float) ** 2
    return area * np.sqrt(2.0 * REFERENCE_PRESSURE / REFERENCE_DENSITY / np.asarray(zeta, float))


def relative_capacity(opening: ArrayLike, equal_percentage: ArrayLike, rangeability: float = RANGEABILITY) -> Array:
    """Kv / Kvs of an opening 0 to 1 [2]_: linear 1/R + (1 - 1/R) h, equal percentage R^(h - 1), to zero near closure.

    Below h = 1/R both go straight to zero, so that a closed valve is closed.

    Examples
    --------
    >>> relative_capacity([1.0, 0.5, 0.0], [True, True, False]).round(3).tolist()
    [1.0, 0.183, 0.0]
    """
    h = np.asarray(opening, float)
    least = 1.0 / rangeability

    def inherent(at: Array) -> Array:
        return np.where(equal_percentage, rangeability ** (at - 1.0), least + (1.0 - least) * at)

    return np.where(h < least, inherent(np.full_like(h, least)) * h * rangeability, inherent(h))


def opening_for(relative: ArrayLike, equal_percentage: ArrayLike, rangeability: float = RANGEABILITY) -> Array:
    """Opening 0 to 1 that gives Kv / Kvs; the inverse of `relative_capacity`, NaN above 1."""
    r = np.asarray(relative, float)
    least = 1.0 / rangeability
    lowest = np.where(equal_percentage, rangeability ** (least - 1.0), least + (1.0 - least) * least)
    with np.errstate(divide="ignore", invalid="ignore"):
        inherent = np.where(equal_percentage, 1.0 + np.log(r) / np.log(rangeability), (r - least) / (1.0 - least))
    return np.where(r > 1.0 + 1e-12, np.nan, np.where(r < lowest, r / lowest * least, np.minimum(inherent, 1.0)))
