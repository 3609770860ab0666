"""Properties of liquid water.

IAPWS-95 [1]_ and the IAPWS viscosity of 2008 [2]_ as coded in the library `chemicals`; the water of a
network is described by three numbers at a mean temperature, because they are what other programs and
plans state as well.

References
----------
.. [1] IAPWS R6-95(2018), Revised Release on the IAPWS Formulation 1995 for the Thermodynamic Properties
   of Ordinary Water Substance for General and Scientific Use.
.. [2] IAPWS R12-08, Release on the IAPWS Formulation 2008 for the Viscosity of Ordinary Water Substance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

NETWORK_PRESSURE = 1.0e6
"""Absolute pressure [Pa] at which properties are taken: 1.0 MPa changes density by 0.04 % against 0.1 MPa."""


@dataclass(frozen=True, slots=True)
class Water:
    """Water of one side of a network: density [kg/m3], dynamic viscosity [Pa s], heat capacity [J/(kg K)]."""

    density: float
    viscosity: float
    heat_capacity: float


@lru_cache(maxsize=1024)
def water(temperature: float, pressure: float = NETWORK_PRESSURE) -> Water:
    """Properties of liquid water after IAPWS-95.

    Parameters
    ----------
    temperature : float
        Temperature [K], 273.15 to 473.15.
    pressure : float
        Absolute pressure [Pa]; must keep the water liquid.

    Raises
    ------
    ValueError
        If the temperature is out of range or the water would boil.

    Examples
    --------
    >>> round(water(348.15).density, 1)
    975.2
    """
    from chemicals.iapws import iapws95_properties  # imported late: it takes 0.15 s
    from chemicals.viscosity import mu_IAPWS

    if not 273.15 <= temperature <= 473.15:
        raise ValueError(f"water temperature {temperature - 273.15:g} degC is outside 0 to 200 degC")
    state = iapws95_properties(temperature, max(pressure, 1.05 * saturation_pressure(temperature)))
    density, heat_capacity = float(state[0]), float(state[5])
    return Water(density, float(mu_IAPWS(temperature, density)), heat_capacity)


@lru_cache(maxsize=1024)
def saturation_pressure(temperature: float) -> float:
    """Absolute saturation pressure of water [Pa] at a temperature [K], IAPWS-95.

    Examples
    --------
    >>> round(saturation_pressure(373.124) / 1e3, 1)
    101.3
    """
    from chemicals.iapws import iapws95_Psat

    return float(iapws95_Psat(temperature))
