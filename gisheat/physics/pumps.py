"""Pumps: head curve, speed, equal pumps in parallel.

References
----------
.. [1] Rossman, L. A. et al. (2020). EPANET 2.2 User Manual, EPA/600/R-20/133, ch. 12.1 (pump curves).
.. [2] Gulich, J. F. (2020). Centrifugal Pumps, 4th ed., Springer, ch. 3.5 (affinity laws).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


AT_REST = 1e-6
"""Relative speed up to which a pump stands still."""


class PumpCurve(NamedTuple):
    """Head [m] over volume flow [m3/s]: H = shut_off - loss V^exponent, or straight between points.

    `points` (flow, head), shape (k, 2), is None where the power function holds.
    """

    shut_off: float
    loss: float
    exponent: float
    points: Array | None


def fit_curve(points: Array, speed: float = 1.0, count: float = 1.0) -> PumpCurve:
    """Curve of `count` equal pumps in parallel at a relative speed.

    Three points from zero flow on are a power function, one point is EPANET's (shut-off head 4/3 of it, no head
    at twice its flow) [1]_; anything else is straight between the points, and on with its last slope.
    H = n^2 h(V / n) [2]_; k in parallel carry V / k each.

    Examples
    --------
    >>> curve = fit_curve(np.array([[0.0, 40.0], [0.1, 30.0], [0.2, 0.0]]))
    >>> round(curve.shut_off, 6), round(curve.loss, 6), round(curve.exponent, 6)
    (40.0, 1000.0, 2.0)
    """
    if speed <= AT_REST:
        return PumpCurve(0.0, 0.0, 1.0, None)
    if len(points) == 1:
        flow, head = points[0]
        points = np.array([(0.0, 4.0 / 3.0 * head), (flow, head), (2.0 * flow, 0.0)])
    if len(points) == 3 and points[0, 0] == 0.0 and points[0, 1] > points[1, 1] > points[2, 1]:
        (_, top), (v1, h1), (v2, h2) = points
        exponent = float(np.log((top - h2) / (top - h1)) / np.log(v2 / v1))
        loss = float((top - h1) / v1**exponent)
        return PumpCurve(float(top) * speed**2, loss * speed ** (2.0 - exponent) / count**exponent, exponent, None)
    scaled = points * np.array([speed * count, speed**2])
    return PumpCurve(float(scaled[0, 1]), 0.0, 1.0, scaled)


def curve_head(curve: PumpCurve, flow: Array) -> tuple[Array, Array]:
    """Head [m] and its derivative [m s/m3] at volume flows [m3/s], 0 and above."""
    if curve.points is None:
        v = np.maximum(flow, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            bend = np.where(v > 0.0, curve.loss * curve.exponent * v ** (curve.exponent - 1.0), 0.0)
        return curve.shut_off - curve.loss * v**curve.exponent, -bend
    v, h = curve.points.T
    if len(v) == 1:
        return np.full_like(flow, h[0]), np.zeros_like(flow)
    piece = np.clip(np.searchsorted(v, flow, side="right") - 1, 0, len(v) - 2)
    slope = (h[piece + 1] - h[piece]) / (v[piece + 1] - v[piece])
    return h[piece] + slope * (flow - v[piece]), slope
