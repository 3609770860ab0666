"""Against EPANET 2.3, run live on the same networks with the same law: heads and flows agree to rounding."""

import numpy as np
import pytest
from oracle.epanet_runner import GRAVITY, run_epanet
from oracle.towns import town

import gisheat

DENSITY, VISCOSITY = 970.0, 3.54e-4


@pytest.mark.parametrize(
    ("side", "keep", "load"),
    [(3, 1.0, 0.5), (10, 0.2, 0.1), (20, 0.1, 0.02), (20, 0.9, 0.05), (25, 0.5, 0.0005), (40, 0.3, 0.02)],
    ids=["small", "few loops", "long ways", "grid", "laminar", "1600 nodes"],
)
def test_heads_and_flows_are_those_of_epanet(side, keep, load, tmp_path):
    network = town(side, seed=side, keep=keep, load=load)
    expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY)
    found = gisheat.solve(
        network, friction="swamee-jain", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY
    )
    span = np.ptp(expected.head)
    assert span > 0.01
    assert np.abs(found.supply.head - expected.head).max() < 1e-6 * span
    assert np.abs(found.supply.flow - expected.flow).max() < 1e-6 * np.abs(expected.flow).max()


def test_local_losses_are_those_of_epanet_as_far_as_its_constant_goes(tmp_path):
    """EPANET rounds 8 / (pi2 g) to 0.02517 s2/ft, 1.3e-4 below: the two differ by that share of the local losses."""
    network = town(15, seed=3, keep=0.3, load=0.3, zeta=6.0)
    expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY)
    found = gisheat.solve(
        network, friction="swamee-jain", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY
    )
    assert np.abs(found.supply.head - expected.head).max() < 1.5e-4 * np.ptp(expected.head)
    assert np.abs(found.supply.flow - expected.flow).max() < 1e-4 * np.abs(expected.flow).max()


@pytest.mark.parametrize("load", [0.01, 0.3])
def test_colebrook_stays_within_one_and_a_half_percent_of_epanets_law(load, tmp_path):
    network = town(15, seed=4, keep=0.3, load=load)
    expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY)
    found = gisheat.solve(
        network, friction="colebrook", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY
    )
    assert np.abs(found.supply.head - expected.head).max() < 0.015 * np.ptp(expected.head)


@pytest.mark.parametrize(("side", "keep", "load"), [(10, 0.2, 0.1), (20, 0.9, 0.05), (25, 0.5, 0.0005)])
def test_hazen_williams_is_that_of_epanet_at_low_flow_too(side, keep, load, tmp_path):
    """EPANET has 4.727 in feet and seconds, 10.667 here: 1.6e-5 of the loss, so of flows between reservoirs."""
    network = town(side, seed=side, keep=keep, load=load, hazen_williams=True)
    expected = run_epanet(network, tmp_path, density=DENSITY, viscosity=VISCOSITY, accuracy=1e-5, law="H-W")
    found = gisheat.solve(
        network, friction="hazen-williams", density_kg_m3=DENSITY, viscosity_pa_s=VISCOSITY, gravity_m_s2=GRAVITY
    )
    assert np.abs(found.supply.head - expected.head).max() < 5e-5 * np.ptp(expected.head)
    assert np.abs(found.supply.flow - expected.flow).max() < 5e-5 * np.abs(expected.flow).max()
