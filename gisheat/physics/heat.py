"""Heat carried by water: load, mass flow and temperature difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mass_flow(load: ArrayLike, heat_capacity: ArrayLike, temperature_difference: ArrayLike) -> NDArray[np.float64]:
    """Mass flow [kg/s] that carries a load: m = Q / (c dT).

    Parameters
    ----------
    load : array
        Heat load [W].
    heat_capacity : array
        Heat capacity of the water [J/(kg K)].
    temperature_difference : array
        Supply minus return temperature [K], not zero.

    Examples
    --------
    >>> round(float(mass_flow(140.37e6, 3600 / 0.86, 20.0)) * 3.6, 2)  # Mulan, A1-A2 [t/h]
    6035.91
    """
    return np.asarray(load, float) / (np.asarray(heat_capacity, float) * np.asarray(temperature_difference, float))


def heat_load(flow: ArrayLike, heat_capacity: ArrayLike, temperature_difference: ArrayLike) -> NDArray[np.float64]:
    """Heat load [W] that a mass flow [kg/s] carries: Q = m c dT."""
    return np.asarray(flow, float) * np.asarray(heat_capacity, float) * np.asarray(temperature_difference, float)


def composite_heat_index(share: ArrayLike, heat_index: ArrayLike) -> float:
    """Heat index [W/m2] of a mix of buildings: mean of the indices weighted by their share of the area.

    Parameters
    ----------
    share : array, shape (n,)
        Share of the heated area, any unit; only the proportions count.
    heat_index : array, shape (n,)
        Heat index of each class [W/m2].

    Examples
    --------
    >>> round(composite_heat_index([74, 26], [40, 55]), 2)  # Mulan, far phase
    43.9
    """
    weights = np.asarray(share, float)
    return float(np.dot(weights, np.asarray(heat_index, float)) / weights.sum())
