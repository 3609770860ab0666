"""Pump curves as people write them: pairs `flow_m3_h:head_m` separated by semicolons or commas."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAREST = 1e-6 / 3600.0
"""Flows of a curve that are nearer to each other [m3/s] are the same."""
LARGEST = 1e6
"""No flow [m3/s] and no head [m] of a curve is larger."""


def read_curve(text: Any) -> NDArray[np.float64]:
    """Points of a pump curve, sorted by flow: volume flow [m3/s] and head [m], shape (k, 2).

    Raises
    ------
    ValueError
        If the text is no curve, flows are equal or negative, or the head rises with the flow. The sentence says which.

    Examples
    --------
    >>> read_curve("0:60; 360:45").tolist()
    [[0.0, 60.0], [0.1, 45.0]]
    """
    try:
        pairs = [part.split(":") for part in re.split(r"[;,\s]+(?=[^:])", str(text).strip().strip(";,")) if part]
        points = np.array([(float(flow) / 3600.0, float(head)) for flow, head in pairs])
    except ValueError:
        raise ValueError(f"{text!r} is no pump curve; write flow_m3_h:head_m;flow_m3_h:head_m;...") from None
    if not np.isfinite(points).all():
        raise ValueError(f"{text!r} holds something that is no finite number.")
    points = points[np.argsort(points[:, 0], kind="stable")]
    flow, head = points.T
    if np.abs(points).max() > LARGEST:
        raise ValueError(f"{text!r} holds a number that is no flow or head of a pump.")
    if flow[0] < 0.0 or (np.diff(flow) <= NEAREST).any():
        raise ValueError(f"{text!r} holds a negative flow, or one flow twice.")
    if (np.diff(head) > 0.0).any():
        raise ValueError(f"{text!r} rises: the head of a pump curve must not rise with the flow.")
    if head[0] <= 0.0:
        raise ValueError(f"{text!r} has no head above zero.")
    if len(flow) == 1 and flow[0] <= NEAREST:
        raise ValueError(f"{text!r} is one point without a flow; give the head at some flow as well.")
    return points


def write_curve(points: NDArray[np.float64]) -> str:
    """Write a curve as `read_curve` reads it."""
    return ";".join(f"{flow * 3600.0:.10g}:{head:.10g}" for flow, head in points)
