"""Units and constants of EPANET 2.3, as its source has them: rounded ones included, so that heads come out the same."""

from __future__ import annotations

from typing import NamedTuple

FOOT = 0.3048
GRAVITY = 32.2 * FOOT
"""EPANET's acceleration of gravity, 32.2 ft/s2 [m/s2]."""
WATER_VISCOSITY = 1.1e-5 * FOOT**2
"""Kinematic viscosity [m2/s] that the option VISCOSITY is relative to."""
WATER_DENSITY = 1000.0
"""Density [kg/m3] that the option SPECIFIC GRAVITY is relative to."""
LITRES_PER_CUBIC_FOOT = 28.317
"""EPANET's figure, 5e-6 above the true one."""

_PER_CUBIC_FOOT_A_SECOND = (1.0, 448.831, 0.64632, 0.5382, 1.9837, LITRES_PER_CUBIC_FOOT, 1699.0, 2.4466, 101.94,
                            2446.6, 0.028317)  # fmt: skip
"""CFS, GPM, MGD, IMGD, AFD, then the metric LPS, LPM, MLD, CMH, CMD, CMS: the order of the toolkit."""
_FIRST_METRIC = 5


class Units(NamedTuple):
    """Factors from the units of a file to SI."""

    flow: float
    """To m3/s."""
    length: float
    """Lengths and heads, to m."""
    diameter: float
    """To mm."""
    roughness: float
    """Of Darcy-Weisbach, to mm."""


def units_of(flow_units: int) -> Units:
    """Units that go with the flow units of a file (number in the toolkit).

    >>> round(units_of(1).flow * 1e6, 3)  # a gallon a minute
    63.09
    """
    flow = FOOT**3 / _PER_CUBIC_FOOT_A_SECOND[flow_units]
    if flow_units >= _FIRST_METRIC:
        return Units(flow, 1.0, 1.0, 1.0)
    return Units(flow, FOOT, 25.4, FOOT)  # roughness in thousandths of a foot
