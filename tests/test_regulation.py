"""Regulation: the published table of Mulan, closed forms, and an exchanger computed another way (effectiveness)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisheat.errors import InputError
from gisheat.physics.heat import logarithmic_mean
from gisheat.regulation import Kinds, Rule, exchanger_flow, regulate, relative_flow, user_temperatures

FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts" / "regulation_table.csv"
MULAN = {"indoor": 18.0, "design_outdoor": -24.2}
OUTDOOR = np.linspace(-24.2, 5.0, 40)


def kinds(*rows, connection=0):
    """Kinds of stations from rows of supply, return, secondary supply, secondary return, b."""
    return Kinds(*np.array(rows or [(85.0, 65.0, 60.0, 45.0, 0.3)], float).T, np.full(len(rows or [0]), connection))


def test_the_published_table_of_mulan_is_reproduced_in_all_44_temperatures():
    published = pd.read_csv(FACTS)
    found = regulate(kinds(), published["outdoor_temperature_c"], rule=Rule("combined"), **MULAN)
    for values, column in (
        (found.supply, "primary_supply_c"),
        (found.back, "primary_return_c"),
        (found.secondary_supply, "secondary_supply_c"),
        (found.secondary_return, "secondary_return_c"),
    ):
        assert len(published[column]) == 11
        np.testing.assert_array_equal(values[0].round(1), published[column])
    np.testing.assert_allclose(found.flow[0], published["primary_relative_flow"], atol=0.005)  # printed to 0.01
    assert (found.secondary_flow == 1.0).all()  # what the printed temperatures imply


@pytest.mark.parametrize("rule", [Rule("quality"), Rule("combined"), Rule("stepped"), Rule("quantity"),
                                  Rule("quality", "stepped"), Rule("combined", "combined", flow_exponent=0.3),
                                  Rule("quality", least_supply=70.0)])  # fmt: skip
def test_an_exchanger_computed_by_its_effectiveness_gives_the_load_at_every_point(rule):
    """Counter flow: effectiveness (1 - e) / (1 - r e), e = exp(-N (1 - r)); UA as the root of both flows."""
    rows = [(85.0, 65.0, 60.0, 45.0, 0.3), (110.0, 60.0, 75.0, 50.0, 0.3), (85.0, 50.0, 45.0, 35.0, 0.1)]
    found = regulate(kinds(*rows), OUTDOOR, rule=rule, **MULAN)
    for i, (hot, cold, hot_2, cold_2, _) in enumerate(rows):
        capacity = found.flow[i] / (hot - cold), found.secondary_flow[i] / (hot_2 - cold_2)  # for a design load of 1
        least, most = np.minimum(*capacity), np.maximum(*capacity)
        transfer = np.sqrt(found.flow[i] * found.secondary_flow[i]) / logarithmic_mean(hot - hot_2, cold - cold_2)
        ratio = least / most
        with np.errstate(invalid="ignore"):
            e = np.exp(-transfer / least * (1.0 - ratio))
            effectiveness = (1.0 - e) / (1.0 - ratio * e)
        units = transfer / least
        effectiveness = np.where(np.abs(1.0 - ratio) < 1e-9, units / (1.0 + units), effectiveness)
        heat = effectiveness * least * (found.supply[i] - found.secondary_return[i])
        np.testing.assert_allclose(heat, found.load, rtol=1e-9)


def test_equal_differences_at_both_ends_are_no_trouble():
    """85/65 against 65/45: dt is 20 on both sides, the logarithmic mean 0 / 0; it is 20 q / sqrt(G1 G2)."""
    found = regulate(kinds((85.0, 65.0, 65.0, 45.0, 0.3)), OUTDOOR, rule=Rule("quality"), **MULAN)
    np.testing.assert_allclose(found.supply - found.secondary_supply, 20.0 * found.load[None, :], rtol=1e-12)
    near = regulate(kinds((85.0, 65.0 + 1e-9, 65.0, 45.0, 0.3)), OUTDOOR, rule=Rule("quality"), **MULAN)
    np.testing.assert_allclose(near.supply, found.supply, atol=1e-6)


def test_logarithmic_mean_is_that_of_its_series_where_it_is_removable():
    a = 20.0
    for d in (1e-3, 1e-5, 1e-7, 1e-9, 0.0):  # L(a, a + d) = a + d/2 - d^2/12a + ...
        assert logarithmic_mean(a, a + d) == pytest.approx(a + d / 2.0 - d * d / (12.0 * a), rel=1e-13)
    assert logarithmic_mean(20.0, -1.0) == 0.0


@given(st.floats(0.05, 1.2), st.floats(0.2, 1.0), st.floats(0.0, 30.0), st.floats(2.0, 40.0), st.floats(5.0, 30.0))
def test_flow_and_supply_of_an_exchanger_are_inverse_to_each_other(load, flow, warmer, dt, dt_2):
    """What `regulate` throttles to at a higher supply is a flow with which that supply gives the load."""
    hot_2, cold_2 = 45.0 + dt_2, 45.0
    cold = cold_2 + 12.0
    hot = max(cold + dt, hot_2 + 3.0)
    one = kinds((hot, cold, hot_2, cold_2, 0.3))
    outdoor = [18.0 - load * 42.2]
    steps = Rule("stepped", flow_steps=(flow,))
    asked = regulate(one, outdoor, rule=steps, **MULAN)
    held = Rule("stepped", flow_steps=(flow,), least_supply=float(asked.supply[0, 0]) + warmer)
    found = regulate(one, outdoor, rule=held, **MULAN)
    again = regulate(one, outdoor, rule=Rule("stepped", flow_steps=(float(found.flow[0, 0]),)), **MULAN)
    assert found.flow[0, 0] <= flow * (1.0 + 1e-9)
    assert again.supply[0, 0] == pytest.approx(float(found.supply[0, 0]), abs=1e-7)
    assert found.back[0, 0] > found.secondary_return[0, 0]


def test_floor_heating_without_an_exponent_has_straight_lines():
    found = regulate(kinds((60.0, 50.0, 45.0, 35.0, 0.0)), OUTDOOR, rule=Rule("quality"), **MULAN)
    for values, at_design in ((found.secondary_supply, 45.0), (found.secondary_return, 35.0), (found.supply, 60.0)):
        np.testing.assert_allclose(values[0], 18.0 + (at_design - 18.0) * found.load, rtol=1e-12)


def test_at_design_everything_is_as_designed_and_at_no_load_everything_is_as_warm_as_the_rooms():
    for primary in ("quality", "quantity", "stepped", "combined"):
        found = regulate(kinds(), [-24.2], rule=Rule(primary), **MULAN)
        assert [found.supply[0, 0], found.back[0, 0], found.flow[0, 0]] == pytest.approx([85.0, 65.0, 1.0], abs=1e-9)
    found = regulate(kinds(), [18.0 - 1e-9], rule=Rule("quality"), **MULAN)
    assert found.supply[0, 0] == pytest.approx(18.0, abs=1e-4)
    assert found.back[0, 0] == pytest.approx(18.0, abs=1e-4)


def test_quality_keeps_the_flow_and_quantity_the_supply():
    quality = regulate(kinds(), OUTDOOR, rule=Rule("quality"), **MULAN)
    assert (quality.flow == 1.0).all()
    np.testing.assert_allclose(quality.supply - quality.back, 20.0 * quality.load[None, :], rtol=1e-12)
    quantity = regulate(kinds(), OUTDOOR, rule=Rule("quantity"), **MULAN)
    assert (quantity.supply == 85.0).all()
    assert (np.diff(quantity.flow[0]) < 0.0).all()
    assert (quantity.flow[0, 1:] < quantity.load[1:]).all()  # the return falls too, so less than the load is enough
    np.testing.assert_allclose(quantity.flow * (85.0 - quantity.back), 20.0 * quantity.load[None, :], rtol=1e-12)


def test_steps_never_exceed_the_temperature_difference_of_the_design():
    load = np.array([1.2, 1.0, 0.9, 0.8, 0.79, 0.6, 0.3])
    flow = relative_flow("stepped", load, steps=(0.6, 1.0, 0.8))
    assert flow.tolist() == [1.0, 1.0, 1.0, 0.8, 0.8, 0.6, 0.6]


def test_a_least_supply_temperature_makes_a_kink_and_less_flow_behind_it():
    free = regulate(kinds(), OUTDOOR, rule=Rule("quality"), **MULAN)
    held = regulate(kinds(), OUTDOOR, rule=Rule("quality", least_supply=65.0), **MULAN)
    cold = free.supply[0] >= 65.0
    assert 0 < cold.sum() < len(cold)
    np.testing.assert_array_equal(held.supply[0], np.maximum(free.supply[0], 65.0))
    np.testing.assert_array_equal(held.flow[0, cold], free.flow[0, cold])
    assert (held.flow[0, ~cold] < 1.0).all()
    np.testing.assert_array_equal(held.secondary_supply, free.secondary_supply)  # the rooms notice nothing


def test_one_supply_serves_kinds_that_differ_and_the_one_that_needs_most_decides():
    both = kinds((85.0, 65.0, 60.0, 45.0, 0.3), (85.0, 50.0, 45.0, 35.0, 0.1))
    found = regulate(both, OUTDOOR, rule=Rule("quality"), **MULAN)
    alone = [regulate(kinds(row), OUTDOOR, rule=Rule("quality"), **MULAN).supply[0]
             for row in ((85.0, 65.0, 60.0, 45.0, 0.3), (85.0, 50.0, 45.0, 35.0, 0.1))]  # fmt: skip
    np.testing.assert_allclose(found.supply[0], np.maximum(*alone), rtol=1e-12)
    np.testing.assert_array_equal(found.supply[0], found.supply[1])
    assert (found.flow <= 1.0 + 1e-12).all()
    assert (found.flow.max(axis=0) == 1.0).all()


def test_direct_users_have_the_water_of_the_network_and_mixing_ones_its_return():
    direct = regulate(kinds((85.0, 60.0, 85.0, 60.0, 0.3), connection=1), OUTDOOR, rule=Rule("combined"), **MULAN)
    np.testing.assert_allclose(direct.supply, direct.secondary_supply, rtol=1e-12)
    np.testing.assert_allclose(direct.back, direct.secondary_return, rtol=1e-12)
    mean = 18.0 + (72.5 - 18.0) * direct.load ** (1.0 / 1.3)  # combined, flow = load: the difference stays
    np.testing.assert_allclose(direct.supply[0], mean + 12.5, rtol=1e-12)
    held = regulate(kinds((85.0, 60.0, 85.0, 60.0, 0.3), connection=1), OUTDOOR[:20],
                    rule=Rule("quality", least_supply=80.0), **MULAN)  # fmt: skip
    warm = held.supply[0] == 80.0
    assert warm.any()
    np.testing.assert_allclose(0.5 * (held.supply + held.back)[0], 18.0 + 54.5 * held.load ** (1.0 / 1.3), rtol=1e-12)
    mixing = regulate(kinds((110.0, 50.0, 70.0, 50.0, 0.3), connection=2), OUTDOOR, rule=Rule("quality"), **MULAN)
    np.testing.assert_allclose(mixing.back, mixing.secondary_return, rtol=1e-12)
    np.testing.assert_allclose(mixing.supply - mixing.back, 60.0 * mixing.load[None, :], rtol=1e-12)


def test_no_load_and_impossible_points_are_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"at 18 degC outside there is no heat load"):
        regulate(kinds(), [0.0, 18.0], **MULAN)
    with pytest.raises(InputError, match=r"at 5 degC outside no flow gives stations of 85/60 degC their heat"):
        # directly joined rooms at 85 degC: their return would come below 18 degC
        regulate(kinds((85.0, 60.0, 85.0, 60.0, 0.3), connection=1), [-24.2, 5.0], rule=Rule("quantity"), **MULAN)
    with pytest.raises(InputError, match="a return above the indoor temperature"):
        regulate(kinds((85.0, 60.0, 55.0, 25.0, 0.3)), [16.0], rule=Rule("quality", "combined"), **MULAN)
    assert np.isnan(exchanger_flow(np.array([0.5]), np.array([40.0]), (np.array([50.0]), np.array([40.0]),
                                   np.array([1.0])), (85.0, 65.0, 60.0, 45.0)))[0]  # fmt: skip


def test_rooms_get_the_heat_their_radiators_give():
    """The mean excess to the power 1 + b, and flow x difference, are both the load."""
    load = np.linspace(0.1, 1.1, 11)
    supply, back = user_temperatures(load, 0.7, 20.0, 75.0, 50.0, 0.3)
    np.testing.assert_allclose(((supply + back) / 2.0 - 20.0) ** 1.3 / 42.5**1.3, load, rtol=1e-12)
    np.testing.assert_allclose(0.7 * (supply - back) / 25.0, load, rtol=1e-12)
