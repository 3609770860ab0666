"""Pressure and head. Pressures are gauge; heads are metres of the design water above the datum of the ground.

References
----------
.. [1] ISO 2533:1975, Standard Atmosphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRAVITY = 9.80665
"""Standard acceleration of gravity [m/s2] (3rd CGPM, 1901)."""

ATMOSPHERE = 101325.0
"""Pressure of the air at sea level [Pa] [1]_."""


def air_pressure(height: ArrayLike) -> NDArray[np.float64]:
    """Pressure of the air [Pa] at a height [m above sea level], standard atmosphere [1]_.

    Examples
    --------
    >>> [round(float(p)) for p in air_pressure([0.0, 1000.0])]
    [101325, 89875]
    """
    return np.asarray(ATMOSPHERE * (1.0 - 2.25577e-5 * np.asarray(height, float)) ** 5.25588)


def head(pressure: ArrayLike, elevation: ArrayLike, density: float, gravity: float = GRAVITY) -> NDArray[np.float64]:
    """Head H = p / (rho g) + z [m] of a gauge pressure [Pa] at an elevation [m]."""
    return np.asarray(pressure, float) / (density * gravity) + np.asarray(elevation, float)


def pressure(head: ArrayLike, elevation: ArrayLike, density: float, gravity: float = GRAVITY) -> NDArray[np.float64]:
    """Gauge pressure p = rho g (H - z) [Pa] of a head [m] at an elevation [m]."""
    return density * gravity * (np.asarray(head, float) - np.asarray(elevation, float))


def pump_power(
    head: ArrayLike, flow: ArrayLike, efficiency: ArrayLike, gravity: float = GRAVITY
) -> NDArray[np.float64]:
    """Electric power [W] of a pump: P = m g H / eta, which is dp V / eta.

    Parameters
    ----------
    head : array
        Pump head [m of the water that flows].
    flow : array
        Mass flow [kg/s].
    efficiency : array
        Efficiency of pump and motor, 0 to 1.
    """
    return np.asarray(flow, float) * gravity * np.asarray(head, float) / np.asarray(efficiency, float)
