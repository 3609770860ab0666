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


def delivered_share(
    relative_flow: ArrayLike, primary_supply: ArrayLike, primary_return: ArrayLike, secondary_supply: ArrayLike,
    secondary_return: ArrayLike,
) -> NDArray[np.float64]:  # fmt: skip
    """Heat of an exchanger relative to its design, when the primary flow is not the design flow.

    The secondary flow and return temperature stay as designed; the transfer coefficient goes with the square root of
    the product of both relative flows (Sokolov's form of the counter-flow exchanger [1]_), so
    q = sqrt(G) dtm / dtm' with the logarithmic mean differences of the terminals; solved by bisection.

    Parameters
    ----------
    relative_flow : array
        Primary flow divided by its design flow, 0 and above.
    primary_supply, primary_return, secondary_supply, secondary_return : array
        Design temperatures [K or degC]; each flow must have a difference, the exchanger one at both ends.

    References
    ----------
    .. [1] Sokolov, E. Ya. (1982). District heating and heat networks (in Russian), 5th ed. Energoizdat, ch. 4.

    Examples
    --------
    Half as much water again is a quarter more heat at the design point of Mulan:

    >>> round(float(delivered_share(1.5, 85.0, 65.0, 60.0, 45.0)), 2)
    1.23
    """
    g, hot, cold, up, down = np.broadcast_arrays(
        *(
            np.asarray(v, float)
            for v in (relative_flow, primary_supply, primary_return, secondary_supply, secondary_return)
        )
    )
    design = logarithmic_mean(hot - up, cold - down)

    def excess(q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heat that the exchanger would give at q, minus q."""
        leaving = hot - q / np.maximum(g, 1e-300) * (hot - cold)
        return np.sqrt(g) * logarithmic_mean(hot - (down + q * (up - down)), leaving - down) / design - q

    low = np.zeros(g.shape)
    high = np.minimum(g * (hot - down) / (hot - cold), (hot - down) / (up - down))
    for _ in range(60):
        middle = 0.5 * (low + high)
        more = excess(middle) > 0.0
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    result: NDArray[np.float64] = np.where(g > 0.0, 0.5 * (low + high), 0.0 * g)
    return result


def logarithmic_mean(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Logarithmic mean of two temperature differences [K], zero where one is not above zero.

    (a - b) / ln(a / b); at a = b, where that is 0 / 0, both.

    Examples
    --------
    >>> logarithmic_mean([20.0, 20.0, 25.0], [20.0, 10.0, 0.0])
    array([20.  , 14.43,  0.  ])
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    positive = (a > 0.0) & (b > 0.0)
    a, b = np.where(positive, a, 1.0), np.where(positive, b, 1.0)
    share = (a - b) / b
    mean = b * np.where(share == 0.0, 1.0, share / np.log1p(np.where(share == 0.0, 1.0, share)))
    result: NDArray[np.float64] = np.where(positive, mean, 0.0)
    return result
