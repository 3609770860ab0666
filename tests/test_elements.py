"""Losses of valves, stations and pumps: derivatives by complex step, walls, curves, openings."""

import numpy as np
import pytest

from gisheat.network.curves import read_curve, write_curve
from gisheat.physics.elements import joined, plain_elements
from gisheat.physics.pumps import curve_head, fit_curve
from gisheat.physics.valves import (
    capacity_of_zeta,
    flow_capacity,
    opening_for,
    relative_capacity,
    valve_coefficient,
)

POWER = np.array([[0.0, 40.0], [0.1, 30.0], [0.2, 0.0]])
POINTS = np.array([[0.0, 40.0], [0.05, 36.0], [0.1, 30.0], [0.2, 5.0]])


def every_kind():
    """One element of every kind of term."""
    return joined(
        [
            plain_elements(1, offset=-300.0, linear=7.0),
            plain_elements(1, quadratic=11.0, small_flow=0.5),
            plain_elements(1, quadratic=11.0, small_flow=0.5, most=2.0, most_wall=1e6),
            plain_elements(1, linear=1e-3, least=0.0, least_wall=1e6),
            plain_elements(1, least=0.0, least_wall=1e6, head_scale=9.5e3, volume=1e-3, curve=[fit_curve(POWER)]),
            plain_elements(1, least=0.0, least_wall=1e6, head_scale=9.5e3, volume=1e-3, curve=[fit_curve(POINTS)]),
        ]
    )


@pytest.mark.parametrize("flow", [-3.0, -1e-3, 1e-6, 0.7, 2.5, 60.0, 120.0])
def test_the_slope_is_the_derivative_of_the_drop_by_complex_step(flow):
    law = every_kind()
    q = np.full(len(law), flow)
    step = 1e-30
    _, slope = law.loss(q)
    drop, _ = law.loss(q + 1j * step)
    np.testing.assert_allclose(slope, drop.imag / step, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("flow", [-3.0, 1e-6, 0.7, 60.0])
def test_the_bend_is_the_derivative_of_the_slope_where_there_is_no_wall(flow):
    law, step = every_kind(), 1e-5
    q = np.full(len(law), flow)
    bend = law.bend(q)
    assert np.isnan(bend).tolist() == [False, False, True, True, True, True]
    rise = (law.loss(q + step)[1] - law.loss(q - step)[1]) / (2.0 * step)
    np.testing.assert_allclose(bend[:2], rise[:2], rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("flow", [-3.0, 0.0, 0.7, 2.5, 60.0, 120.0])
def test_no_drop_falls_with_the_flow(flow):
    _, slope = every_kind().loss(np.full(6, flow))
    assert (slope >= 0.0).all()


def test_a_wall_stands_at_its_flow():
    law = plain_elements(1, most=2.0, most_wall=1e9)
    assert law.loss(np.array([2.0]))[0][0] == 0.0
    assert law.loss(np.array([2.001]))[0][0] == pytest.approx(1e6)


def test_a_pump_at_another_speed_follows_the_affinity_laws():
    full, slow = fit_curve(POWER), fit_curve(POWER, speed=0.8)
    v = np.array([0.02, 0.05, 0.1])
    np.testing.assert_allclose(curve_head(slow, 0.8 * v)[0], 0.64 * curve_head(full, v)[0], rtol=1e-12)


@pytest.mark.parametrize("points", [POWER, POINTS])
def test_equal_pumps_in_parallel_share_the_flow(points):
    one, three = fit_curve(points), fit_curve(points, count=3.0)
    v = np.array([0.0, 0.03, 0.1])
    np.testing.assert_allclose(curve_head(three, 3.0 * v)[0], curve_head(one, v)[0], rtol=1e-12)


def test_one_point_is_the_curve_of_epanet():
    curve = fit_curve(np.array([[0.1, 30.0]]))
    np.testing.assert_allclose(curve_head(curve, np.array([0.0, 0.1, 0.2]))[0], [40.0, 30.0, 0.0], atol=1e-12)


def test_beyond_its_last_point_a_curve_goes_on_with_its_last_slope():
    head, _ = curve_head(fit_curve(POINTS), np.array([0.25]))
    assert head[0] == pytest.approx(5.0 - 0.05 * 250.0)


@pytest.mark.parametrize(
    ("text", "what"),
    [("0:10;5:12", "rises"), ("0:10;0:9", "twice"), ("nonsense", "no pump curve"), ("0:-1;3:-2", "no head above"),
     ("0:nan;1:2", "finite")],
)  # fmt: skip
def test_a_curve_that_is_none_is_told_why(text, what):
    with pytest.raises(ValueError, match=what):
        read_curve(text)


def test_a_written_curve_is_read_again():
    points = read_curve("360:45, 0:60")
    np.testing.assert_allclose(read_curve(write_curve(points)), points, rtol=1e-9)


def test_a_hundred_cubic_metres_through_kv_100_lose_a_bar():
    kv = 100.0 / 3600.0
    assert valve_coefficient(kv, 1000.0) * (100.0 / 3.6) ** 2 == pytest.approx(1e5)
    # hot water: the same volume loses less, by the density
    assert valve_coefficient(kv, 960.0) * (96.0 / 3.6) ** 2 == pytest.approx(0.96e5)
    assert flow_capacity(valve_coefficient(kv, 960.0), 960.0) == pytest.approx(kv)


def test_a_zeta_is_a_flow_capacity():
    bore, zeta, speed, density = 0.2, 8.0, 1.3, 970.0
    mass = density * speed * np.pi / 4.0 * bore**2
    loss = valve_coefficient(capacity_of_zeta(zeta, bore), density) * mass**2
    assert loss == pytest.approx(zeta * density * speed**2 / 2.0)


@pytest.mark.parametrize("equal", [True, False])
def test_openings_and_capacities_are_inverse_and_end_at_zero(equal):
    h = np.linspace(0.0, 1.0, 41)
    r = relative_capacity(h, equal)
    assert r[0] == 0.0
    assert r[-1] == pytest.approx(1.0)
    assert (np.diff(r) > 0.0).all()
    np.testing.assert_allclose(opening_for(r, equal), h, atol=1e-12)


def test_the_characteristics_are_those_of_the_standard():
    assert relative_capacity(0.5, equal_percentage=True) == pytest.approx(30.0**-0.5)
    assert relative_capacity(0.5, equal_percentage=False) == pytest.approx(1 / 30 + 29 / 30 / 2)
