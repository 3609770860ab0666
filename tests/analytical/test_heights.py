"""Heights: static pressure, pressure along a slope, and what water of two densities does in a shaft."""

from __future__ import annotations

import numpy as np
import pytest
from networks import TREE, WATER, draw, one_pipe

import gisheat
from gisheat.physics.water import water

G = 9.80665
HOT_C, COLD_C = 110.0, 60.0
RHO_HOT, RHO_COLD, RHO_REF = (water(t + 273.15).density for t in (HOT_C, COLD_C, 0.5 * (HOT_C + COLD_C)))


def shaft(dz, **source):
    """A station dz above its source, with so little flow in so wide a pipe that nothing is lost."""
    return draw(
        "    S1---H1", pipes={"S1-H1": {"inner_diameter_mm": 1000.0}},
        nodes={"S1": {"ground_m": 7.0}, "H1": {"ground_m": 7.0 + dz}},
        stations={"H1": {"flow_t_h": 0.001}},
        sources={"S1": {"supply_temp_c": HOT_C, "return_temp_c": COLD_C, **source}},
    ).network()  # fmt: skip


def test_with_the_pumps_at_rest_the_pressure_is_that_of_the_static_line():
    """30 m static above a source at 12 m: rho g (42 m - z) everywhere."""
    nodes = {"S1": {"ground_m": 12.0}, "A": {"ground_m": 5.0}, "H3": {"ground_m": 33.0}}
    found = gisheat.solve(draw(TREE, nodes=nodes).network(), **WATER)
    at = found.nodes.set_index("node_id")["static_pressure_kpa"]
    assert found.static_line == pytest.approx(42.0)
    assert at[["S1", "A", "H3"]].tolist() == pytest.approx([1000 * G * dz / 1e3 for dz in (30.0, 37.0, 9.0)])


def test_the_return_of_the_source_keeps_the_static_head():
    found = gisheat.solve(draw(TREE, nodes={"S1": {"ground_m": 12.0}}).network(), **WATER)
    assert found.nodes.set_index("node_id")["ret_head_m"]["S1"] == pytest.approx(42.0)
    assert found.sources["static_head_m"][0] == pytest.approx(30.0)


def test_heights_change_pressures_and_no_head_when_the_densities_are_equal():
    flat = gisheat.solve(draw(TREE).network(), **WATER).nodes
    hilly = gisheat.solve(
        draw(TREE, nodes={"A": {"ground_m": 40.0}, "H2": {"ground_m": -8.0}}).network(), **WATER
    ).nodes
    for head in ("sup_head_m", "ret_head_m", "available_head_m"):
        assert hilly[head].tolist() == pytest.approx(flat[head].tolist())
    lower = 1000.0 * G * hilly["ground_m"] / 1e3
    for pressure in ("sup_pressure_kpa", "ret_pressure_kpa"):
        assert hilly[pressure].tolist() == pytest.approx((flat[pressure] - lower).tolist())


def test_water_at_rest_in_a_one_pipe_network_has_one_head():
    network = one_pipe({"A-B": {}}, {"A": {"fixed_head_m": 50.0, "ground_m": 10.0}, "B": {"ground_m": 35.0}})
    nodes = gisheat.solve(network, **WATER).nodes
    assert nodes["head_m"].tolist() == pytest.approx([50.0, 50.0])
    assert nodes["pressure_kpa"].tolist() == pytest.approx([40.0 * G, 15.0 * G])


@pytest.mark.parametrize("dz", [60.0, -60.0])
def test_columns_of_unequal_density_help_upwards_and_hinder_downwards(dz):
    """Available head changes by (rho_r - rho_s) dz / rho_ref; the source gives 25 m."""
    found = gisheat.solve(shaft(dz, supply_head_m=55.0, static_head_m=30.0))
    gain = (RHO_COLD - RHO_HOT) * dz / RHO_REF
    assert found.stations["available_head_m"][0] == pytest.approx(25.0 + gain, abs=1e-6)
    assert np.sign(gain) == np.sign(dz)


def test_heads_in_a_shaft_are_pressures_over_the_reference_density():
    """H = p / (rho_ref g) + z with p falling by rho_s g dz, so H rises by (1 - rho_s / rho_ref) dz."""
    nodes = gisheat.solve(shaft(60.0, supply_head_m=55.0, static_head_m=30.0)).nodes.set_index("node_id")
    for head, pressure, density in (
        ("sup_head_m", "sup_pressure_kpa", RHO_HOT),
        ("ret_head_m", "ret_pressure_kpa", RHO_COLD),
    ):
        assert nodes[head]["H1"] - nodes[head]["S1"] == pytest.approx((1.0 - density / RHO_REF) * 60.0, abs=1e-6)
        assert nodes[pressure]["S1"] - nodes[pressure]["H1"] == pytest.approx(density * G * 60.0 / 1e3, abs=1e-5)


def test_the_pump_is_spared_what_the_columns_give():
    """A station 60 m up that needs 10 m: the pump head is 10 m less the gain, and says so."""
    head = gisheat.solve(shaft(60.0)).pump_head()
    gain = (RHO_COLD - RHO_HOT) * 60.0 / RHO_REF
    assert head.natural_circulation == pytest.approx(-gain, abs=1e-6)
    assert head.total == pytest.approx(10.0 - gain, abs=1e-6)


def test_gravity_can_be_chosen_and_then_heads_follow():
    network = one_pipe({"A-B": {}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 20.0}})
    drop = [50.0 - gisheat.solve(network, gravity_m_s2=g, **WATER).nodes["head_m"][1] for g in (9.80665, 9.5)]
    assert drop[1] / drop[0] == pytest.approx(9.80665 / 9.5)
