"""Water against the check values that IAPWS prints for those who program its formulations."""

from __future__ import annotations

import pytest
from scipy.optimize import brentq

from gisheat.physics.water import saturation_pressure, water


@pytest.mark.parametrize(
    ("temperature", "pressure", "density"),
    [(300.0, 0.992418352e5, 996.5560), (300.0, 0.200022515e8, 1005.308), (300.0, 0.700004704e9, 1188.202)],
)
def test_density_has_the_check_values_of_iapws_95(temperature, pressure, density):
    """IAPWS R6-95(2018), table 7: the pressures at three densities."""
    assert water(temperature, pressure).density == pytest.approx(density, rel=1e-8)


@pytest.mark.parametrize(("temperature", "pressure"), [(275.0, 0.698451167e3), (450.0, 0.932203564e6)])
def test_saturation_pressure_has_the_check_values_of_iapws_95(temperature, pressure):
    """IAPWS R6-95(2018), table 8."""
    assert saturation_pressure(temperature) == pytest.approx(pressure, rel=1e-8)


@pytest.mark.parametrize(
    ("temperature", "density", "viscosity"),
    [(298.15, 998.0, 889.735100e-6), (373.15, 1000.0, 307.883622e-6), (433.15, 1000.0, 217.685358e-6)],
)
def test_viscosity_has_the_check_values_of_iapws_2008(temperature, density, viscosity):
    """IAPWS R12-08, table 4, which is by density: the pressure is looked for."""
    pressure = brentq(lambda p: water(temperature, p).density - density, 1e6, 4e8, xtol=1e-3)
    assert water(temperature, pressure).viscosity == pytest.approx(viscosity, rel=1e-7)


@pytest.mark.parametrize(("pressure", "capacity"), [(3e6, 4173.01218), (80e6, 4010.08987)])
def test_heat_capacity_is_that_of_the_industrial_formulation(pressure, capacity):
    """IAPWS R7-97(2012), table 5, at 300 K; the two formulations differ by less than 0.1 % there."""
    assert water(300.0, pressure).heat_capacity == pytest.approx(capacity, rel=1e-3)


def test_properties_are_taken_at_one_megapascal_unless_it_is_said():
    assert water(348.15) == water(348.15, 1e6)
    assert water(348.15).density - water(348.15, 1e5).density == pytest.approx(0.4, abs=0.05)


def test_hot_water_is_kept_liquid():
    """At 180 degC the saturation pressure is 1.0 MPa: the properties are those of the liquid just above it."""
    assert 880.0 < water(453.15).density < 890.0


@pytest.mark.parametrize("temperature", [273.0, 473.2])
def test_a_temperature_outside_of_0_to_200_degc_is_refused(temperature):
    with pytest.raises(ValueError, match="is outside 0 to 200 degC"):
        water(temperature)
