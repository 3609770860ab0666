"""What an element other than a pipe loses: one law, rising with the flow, whose terms make valves, stations and pumps.

drop = offset + linear q + c q sqrt(q^2 + e^2) + walls - head of a curve, in Pa for mass flows q in kg/s. A wall
is a steep straight line beyond a flow that is not to be passed: a station that takes no more than it asks, a
check valve. Flow-driven laws of this kind keep Newton's method on one convex problem, where laws that
are driven by head flip from one branch to the other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisheat.physics.pumps import curve_head

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ElementLaw:
    """Constants of the losses of elements; arrays of shape (elements,)."""

    offset: Array
    """[Pa]"""
    linear: Array
    """[Pa s/kg]"""
    quadratic: Array
    """c [Pa s2/kg2]"""
    small_flow: Array
    """e: the flow [kg/s] below which the quadratic term goes over into a straight line."""
    least: Array
    """Flow [kg/s] below which a wall stands, -inf without one."""
    most: Array
    """Flow [kg/s] above which a wall stands, inf without one."""
    least_wall: Array
    """Slope of the wall below `least` [Pa s/kg]."""
    most_wall: Array
    """Slope of the wall above `most` [Pa s/kg]."""
    head_scale: Array
    """Weight of a metre of pumped water [Pa/m]."""
    volume: Array
    """Volume of a kilogram [m3/kg]."""
    curve: NDArray[np.object_]
    """PumpCurve, or None."""
    has_curve: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offset)

    def take(self, rows: NDArray[Any]) -> ElementLaw:
        """The law of some elements, in their order."""
        return ElementLaw(*(getattr(self, f.name)[rows] for f in fields(self)))

    def with_offset(self, offset: Array) -> ElementLaw:
        """The same law with other offsets [Pa]."""
        return replace(self, offset=offset)

    def loss(self, flow: Array) -> tuple[Array, Array]:
        """Drop [Pa] and its derivative [Pa s/kg] at mass flows [kg/s], shape (elements,)."""
        root = np.sqrt(flow * flow + self.small_flow * self.small_flow)
        beyond, short = np.maximum(flow - self.most, 0.0), np.minimum(flow - self.least, 0.0)
        walls = self.most_wall * beyond + self.least_wall * short
        drop = self.offset + self.linear * flow + self.quadratic * flow * root + walls
        with np.errstate(divide="ignore", invalid="ignore"):
            bend = np.where(root != 0.0, (flow * flow + root * root) / root, 0.0)
        slope = self.linear + self.quadratic * bend + np.where(beyond > 0.0, self.most_wall, 0.0)
        slope += np.where(short < 0.0, self.least_wall, 0.0)
        for i in np.flatnonzero(self.has_curve).tolist():
            head, rise = curve_head(self.curve[i], np.maximum(flow[i : i + 1] * self.volume[i], 0.0))
            drop[i] -= head[0] * self.head_scale[i]
            if flow[i].real > 0.0:
                slope[i] -= rise[0] * self.head_scale[i] * self.volume[i]
        return drop, slope

    def bend(self, flow: Array) -> Array:
        """Second derivative [Pa s2/kg2] at mass flows [kg/s]; NaN with a wall or a curve, where it may jump."""
        square, small = flow * flow, self.small_flow * self.small_flow
        root = square + small
        with np.errstate(divide="ignore", invalid="ignore"):
            bend = self.quadratic * flow * (2.0 * square + 3.0 * small) / (root * np.sqrt(root))
        bend[root == 0.0] = 0.0
        bend[np.isfinite(self.most) | np.isfinite(self.least) | self.has_curve] = np.nan
        return bend


def plain_elements(count: int, **terms: Any) -> ElementLaw:
    """A law of `count` elements with the given terms (numbers or arrays), nothing else."""
    values = {
        "offset": 0.0, "linear": 0.0, "quadratic": 0.0, "small_flow": 0.0, "least": -np.inf, "most": np.inf,
        "least_wall": 0.0, "most_wall": 0.0, "head_scale": 0.0, "volume": 0.0, **terms,
    }  # fmt: skip
    curve, has_curve = np.full(count, None, dtype=object), np.zeros(count, bool)
    given = values.pop("curve", None)
    for i in range(count if given is not None else 0):
        curve[i], has_curve[i] = given[i], given[i] is not None
    arrays = {name: np.broadcast_to(np.asarray(v, float), (count,)).copy() for name, v in values.items()}
    return ElementLaw(**arrays, curve=curve, has_curve=has_curve)


@cache
def no_elements() -> ElementLaw:
    """The law of no element."""
    return plain_elements(0)


def joined(laws: list[ElementLaw]) -> ElementLaw:
    """One law out of several, one after the other."""
    laws = laws or [no_elements()]
    return ElementLaw(*(np.concatenate([getattr(law, f.name) for law in laws]) for f in fields(ElementLaw)))
