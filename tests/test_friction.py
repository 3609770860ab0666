"""Friction laws against published values, their own formulas, and each other; smooth from rest to full turbulence."""

from __future__ import annotations

import numpy as np
import pytest

from gisheat.physics import friction
from gisheat.physics.friction import LAWS, friction_number, pipe_resistance, specific_friction, velocity

RHO, MU = 983.2, 4.66e-4  # water at 60 degC
REYNOLDS = np.geomspace(4000.0, 1e8, 60)
ROUGHNESS = np.array([0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 5e-2])
VISCOUS = [law for law in LAWS if law != "hazen-williams"]
FORMULAS = [
    friction.colebrook,
    friction.swamee_jain,
    friction.altshul,
    friction.rough,
    friction.hazen_williams,
    friction.nikuradse,
]


def one(value):
    return np.array([float(value)])


def pipe(law, *, length=250.0, bore=0.2, roughness=0.5e-3, zeta=0.0):
    """One pipe; the roughness is the coefficient C with Hazen-Williams."""
    roughness = 120.0 if law == "hazen-williams" else roughness
    return pipe_resistance(one(length), one(bore), one(roughness), one(zeta), density=RHO, viscosity=MU, law=law)


def flow_at(reynolds, bore=0.2):
    """Mass flow [kg/s] at a Reynolds number: m = Re mu pi d / 4."""
    return np.asarray(reynolds) * MU * np.pi * bore / 4.0


# the laws ------------------------------------------------------------------------------------------------


def test_colebrook_solves_its_equation():
    """1/sqrt(f) = -2 lg(K/3.7d + 2.51/(Re sqrt(f))), Colebrook 1939."""
    reynolds, roughness = (a.ravel() for a in np.meshgrid(REYNOLDS, ROUGHNESS))
    x = 1.0 / np.sqrt(friction.colebrook(reynolds, roughness)[0])
    residual = x + 2.0 * np.log10(roughness / 3.7 + 2.51 * x / reynolds)
    assert np.abs(residual).max() < 1e-12


@pytest.mark.parametrize(
    ("reynolds", "factor"),
    [(4e3, 0.0399), (1e4, 0.0309), (1e5, 0.0180), (1e6, 0.0116), (1e7, 0.0081), (1e8, 0.0059)],
)
def test_a_smooth_pipe_has_the_factors_of_prandtl(reynolds, factor):
    """White, Fluid Mechanics, 4th ed., p. 345: values of Prandtl's formula for smooth pipes, printed to four places."""
    assert friction.colebrook(one(reynolds), one(0.0))[0] == pytest.approx(factor, abs=6e-5)


@pytest.mark.parametrize(
    ("formula", "factor", "relative"),
    [
        (friction.colebrook, 0.018513866077471648, 1e-13),
        (friction.swamee_jain, 0.018452424431901808, 1e-5),  # with 6.97^0.9 there, 5.74 in the paper and here
        (friction.altshul, 0.018382997825686878, 1e-13),
    ],
)
def test_laws_agree_with_the_library_fluids(formula, factor, relative):
    """The examples of fluids.friction (Colebrook, Swamee_Jain_1976, Alshul_1952) at Re 1e5, K/d 1e-4."""
    assert formula(one(1e5), one(1e-4))[0] == pytest.approx(factor, rel=relative, abs=0.0)


def test_swamee_jain_is_near_colebrook_in_its_range():
    """Re 5e3 to 1e8, K/d 1e-6 to 1e-2: 1 % is what its authors say; at low Re and rough walls it is 2.8 %."""
    reynolds, roughness = (a.ravel() for a in np.meshgrid(np.geomspace(5e3, 1e8, 60), np.geomspace(1e-6, 1e-2, 30)))
    apart = np.abs(friction.swamee_jain(reynolds, roughness)[0] / friction.colebrook(reynolds, roughness)[0] - 1.0)
    assert apart.max() < 0.03
    assert (apart < 0.01).mean() > 0.9
    assert apart[(reynolds >= 1e5) & (roughness >= 1e-4)].max() < 0.01  # where heating networks are


def test_the_rough_law_is_the_formula_of_the_mulan_plan():
    """R = 6.88e-3 K^0.25 G^2 / (rho d^5.25), G in t/h; the plan rounds the constant."""
    flow, bore = np.array([6035.91, 1830.89, 362.15]), np.array([0.902, 0.704, 0.359])
    plan = 6.88e-3 * 0.0005**0.25 * flow**2 / (968.65 * bore**5.25)
    roughness = np.full(3, 0.5e-3)
    ours = specific_friction(flow / 3.6, bore, roughness, density=968.65, viscosity=3.4e-4, law="rough")
    assert ours == pytest.approx(plan, rel=5e-3)


def test_the_rough_law_is_the_limit_of_altshul_at_high_reynolds_numbers():
    roughness = ROUGHNESS[ROUGHNESS > 1e-5]
    reynolds = np.full(len(roughness), 1e12)
    assert friction.rough(reynolds, roughness)[0] == pytest.approx(friction.altshul(reynolds, roughness)[0], rel=1e-4)


def test_nikuradse_has_the_factor_of_his_rough_pipes_plus_laminar_flow():
    """d/K = 507, 60, 15 of his pipes: 1/sqrt(f) = 1.74 + 2 lg(r/K), Nikuradse 1933 (1.74 is 2 lg 7.42 = 1.7408)."""
    ratio = np.array([507.0, 60.0, 15.0])
    rough = (1.74 + 2.0 * np.log10(ratio / 2.0)) ** -2.0
    found, slope = friction.nikuradse(np.full(3, 1e5), 1.0 / ratio)
    assert found == pytest.approx(rough + 64.0 / 1e5, rel=5e-4)
    assert slope == pytest.approx(np.full(3, -64.0 / 1e10))


@pytest.mark.parametrize("coefficient", [80.0, 120.0, 150.0])
def test_hazen_williams_loses_what_its_own_formula_says(coefficient):
    """h = 10.667 L Q^1.852 / (C^1.852 d^4.871), EPANET 2.2 manual; no viscosity is in it."""
    flow, length, bore = 40.0, 250.0, 0.2
    head = 10.667 * length * (flow / RHO) ** 1.852 / (coefficient**1.852 * bore**4.871)
    for viscosity in (MU, 2.0 * MU):
        resistance = pipe_resistance(
            one(length), one(bore), one(coefficient), one(0.0), density=RHO, viscosity=viscosity, law="hazen-williams"
        )
        assert resistance.loss(one(flow))[0] / (RHO * 9.80665) == pytest.approx(head, rel=1e-9)


def test_friction_and_velocity_are_those_of_darcy_and_weisbach():
    """R = lambda rho v^2 / 2d with v = m / (rho A)."""
    flow, bore = one(-30.0), one(0.207)
    speed = -30.0 / (RHO * np.pi * 0.207**2 / 4.0)
    assert velocity(flow, bore, RHO) == pytest.approx(speed)
    factor = friction.colebrook(abs(speed) * bore * RHO / MU, 5e-4 / bore)[0]
    expected = factor * RHO * speed**2 / (2.0 * bore)
    found = specific_friction(flow, bore, one(5e-4), density=RHO, viscosity=MU, law="colebrook")
    assert found == pytest.approx(expected)


# laminar flow, and the way from it to turbulence ---------------------------------------------------------------


@pytest.mark.parametrize("law", VISCOUS)
@pytest.mark.parametrize("reynolds", [1.0, 500.0, 1999.0])
def test_laminar_flow_follows_hagen_and_poiseuille(law, reynolds):
    """dp = 128 mu L Q / (pi d^4), whatever the law and the roughness."""
    flow = flow_at(reynolds)
    assert pipe(law).loss(one(flow))[0] == pytest.approx(128.0 * MU * 250.0 * flow / RHO / (np.pi * 0.2**4))


@pytest.mark.parametrize(
    ("law", "limit"), [(law, limit) for law in LAWS for limit in ((2e3, 4e3) if law in VISCOUS else (10.0, 20.0))]
)
def test_loss_and_slope_are_continuous_where_the_regimes_meet(law, limit):
    below, above = (pipe(law).loss(one(flow_at(limit * (1.0 + side * 1e-9)))) for side in (-1.0, 1.0))
    assert below[0] == pytest.approx(above[0], rel=1e-7)
    assert below[1] == pytest.approx(above[1], rel=1e-5)


@pytest.mark.parametrize("law", LAWS)
def test_the_loss_rises_with_the_flow_everywhere(law):
    loss, slope = pipe(law).loss(flow_at(np.geomspace(1.0, 1e7, 500)))
    assert (np.diff(loss) > 0.0).all()
    assert (slope > 0.0).all()


@pytest.mark.parametrize("law", VISCOUS)
def test_at_rest_nothing_is_lost_and_the_slope_is_finite(law):
    loss, slope = pipe(law, zeta=3.0).loss(one(0.0))
    assert loss == 0.0
    assert slope == pytest.approx(128.0 * MU * 250.0 / RHO / (np.pi * 0.2**4))


@pytest.mark.parametrize("reynolds", [20.0, 300.0, 2500.0])
def test_hazen_williams_holds_at_low_flow_as_in_epanet(reynolds):
    """Loss and slope by the formula, h ~ q^1.852, where other laws are laminar."""
    flow = flow_at(reynolds)
    head = 10.667 * 250.0 * (flow / RHO) ** 1.852 / (120.0**1.852 * 0.2**4.871)
    loss, slope = pipe("hazen-williams").loss(one(flow))
    assert loss == pytest.approx(RHO * 9.80665 * head, rel=1e-9)
    assert slope == pytest.approx(1.852 * loss / flow, rel=1e-9)


def test_hazen_williams_at_rest_is_linear():
    (rest, creeping), slope = pipe("hazen-williams").loss(flow_at(np.array([0.0, 5.0])))
    assert rest == 0.0
    assert slope == pytest.approx(creeping / flow_at(5.0))


@pytest.mark.parametrize("law", LAWS)
def test_a_reversed_flow_loses_the_same_the_other_way(law):
    flow = flow_at(np.array([100.0, 3000.0, 1e5]))
    forward, backward = pipe(law, zeta=2.0).loss(flow), pipe(law, zeta=2.0).loss(-flow)
    assert (backward[0] == -forward[0]).all()
    assert (backward[1] == forward[1]).all()


# derivatives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("roughness", [1e-5, 1e-3, 5e-2])
def test_derivatives_of_the_laws_by_complex_step(formula, roughness):
    slope = formula(REYNOLDS, np.full(len(REYNOLDS), roughness))[1]
    step = 1e-30 * REYNOLDS
    by_step = formula(REYNOLDS + 1j * step, np.full(len(REYNOLDS), roughness))[0].imag / step
    assert slope == pytest.approx(by_step, rel=1e-11, abs=1e-25)


@pytest.mark.parametrize("law", LAWS)
def test_derivative_of_the_loss_by_central_difference(law):
    reynolds = np.array([8.0, 13.0, 1500.0, 2300.0, 3000.0, 3900.0, 4500.0, 1e5, 1e7])
    flow = flow_at(reynolds)
    resistance = pipe(law, zeta=4.0)
    step = 1e-6 * flow
    difference = (resistance.loss(flow + step)[0] - resistance.loss(flow - step)[0]) / (2.0 * step)
    assert resistance.loss(flow)[1] == pytest.approx(difference, rel=1e-7)


# lengths and fittings ------------------------------------------------------------------------------------


def test_a_fitting_loses_zeta_times_the_dynamic_pressure():
    flow, area = 25.0, np.pi * 0.2**2 / 4.0
    with_fitting, without = (pipe("colebrook", zeta=zeta).loss(one(flow))[0] for zeta in (7.5, 0.0))
    assert with_fitting - without == pytest.approx(7.5 * flow**2 / (2.0 * RHO * area**2))


def test_the_loss_of_a_straight_pipe_is_proportional_to_its_length():
    long, short = (pipe("colebrook", length=length).loss(one(25.0))[0] for length in (500.0, 250.0))
    assert long == pytest.approx(2.0 * short)


def test_the_friction_number_takes_one_roughness_for_many_reynolds_numbers():
    number, slope = friction_number(np.array([0.0, 1e5]), np.array([1e-3]), "colebrook")
    assert number[0] == 64.0
    assert number[1] == pytest.approx(1e5 * friction.colebrook(one(1e5), one(1e-3))[0][0])
    assert slope.shape == (2,)
