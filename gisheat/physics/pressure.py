"""Pressure and head. Pressures are gauge; heads are metres of the design water above the datum of the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRAVITY = 9.80665
"""Standard acceleration of gravity [m/s2] (3rd CGPM, 1901)."""


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
