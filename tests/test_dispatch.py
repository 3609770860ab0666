"""Sources along a load curve against an hour-by-hour account and closed forms; security as published."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisheat.dispatch import dispatch, guaranteed_share, guarantees, supply_security

FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts"
LOADS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), min_size=1, max_size=40)
CAPACITIES = st.lists(st.integers(0, 120), min_size=1, max_size=5)


@given(LOADS, CAPACITIES)
def test_an_account_hour_by_hour_comes_to_the_same(steps, capacities):
    load, time = (np.array(v, float) for v in zip(*sorted(steps, reverse=True), strict=True))
    heat, running, unmet = [0] * len(capacities), [0] * len(capacities), 0
    for asked, hours in sorted(steps, reverse=True):
        left = asked
        for i, capacity in enumerate(capacities):
            given_now = min(left, capacity)
            heat[i] += given_now * hours
            running[i] += hours if given_now > 0 else 0
            left -= given_now
        unmet += left * hours
    found = dispatch(load, time, np.array(capacities, float))
    assert found.heat.tolist() == heat
    assert found.running.tolist() == running
    assert found.unmet_heat == unmet
    assert found.heat.sum() + found.unmet_heat == load @ time
    assert found.gap == max(0, max(a for a, _ in steps) - sum(capacities))
    assert found.unmet_time == sum(h for a, h in steps if a > sum(capacities))
    for full, h, c in zip(found.full_load, heat, capacities, strict=True):
        assert np.isnan(full) if c == 0 else full == pytest.approx(h / c)
    if load @ time > 0:
        assert found.share.sum() == pytest.approx(1.0 - unmet / (load @ time))


def test_a_base_source_of_half_the_peak_carries_three_quarters_of_a_triangle():
    count = 4000
    load = 100e6 * (1.0 - (np.arange(count) + 0.5) / count)
    found = dispatch(load, np.full(count, 3600.0), np.array([50e6, 30e6]))
    # Of a triangle of height 1 the part below c is 1 - (1 - c)^2.
    assert found.share == pytest.approx([0.75, 0.96 - 0.75], abs=1e-6)
    assert found.unmet_heat / (load.sum() * 3600.0) == pytest.approx(0.04, abs=1e-6)
    assert found.running / 3600.0 == pytest.approx([4000, 2000], abs=1)
    assert found.full_load[0] / 3600.0 == pytest.approx(0.75 * 4000 / 2 / 0.5, rel=1e-6)


def test_security_of_mulan_is_the_published_one():
    with (FACTS / "source_security.csv").open(encoding="utf-8") as file:
        printed = {row["quantity"]: float(row["value"]) for row in csv.DictReader(file)}
    plant = printed["main_plant_capacity_near"]
    unit, reserve = plant - printed["main_plant_capacity_largest_boiler_out"], printed["reserve_plant_capacity"]
    # Without the reserve 91.5 / 140.37 and 91.5 / 166.82 = 0.65185 and 0.54850.
    for phase, load, alone in (("near_2025", 140.37, 65.185), ("far_2030", 166.82, 54.850)):
        both = supply_security(np.array([plant, reserve]), np.array([unit, reserve]), load)
        assert 100 * both.share == pytest.approx(printed[f"security_{phase}"], abs=0.05)
        assert 100 * supply_security(np.array([plant]), np.array([unit]), load).share == pytest.approx(alone, abs=0.001)


def test_the_largest_unit_is_that_of_all_sources():
    found = supply_security(np.array([60.0, 50.0]), np.array([20.0, 50.0]), 100.0)
    assert (found.capacity, found.largest_unit, found.remaining, found.share) == (110.0, 50.0, 60.0, 0.6)


def test_nothing_to_give_and_nothing_to_ask():
    nothing = np.array([])
    assert supply_security(nothing, nothing, 10.0).share == 0.0
    assert supply_security(np.array([10.0]), np.array([5.0]), 0.0).share == np.inf
    found = dispatch(np.array([5.0, 3.0]), np.array([1.0, 1.0]), nothing)
    assert (found.unmet_heat, found.gap, found.output.shape) == (8.0, 5.0, (0, 2))


@pytest.mark.parametrize(
    ("design", "share"),
    [
        (0.0, 0.40),
        (-9.9, 0.40),
        (-10.0, 0.55),
        (-15.0, 0.55),
        (-20.0, 0.55),
        (-20.1, 0.65),
        (-24.2, 0.65),
        (-40.0, 0.65),
    ],
)
def test_the_guaranteed_share_goes_by_the_design_temperature(design, share):
    assert guaranteed_share(design) == share


def test_every_guarantee_says_where_it_is_from():
    assert all(row.source for row in guarantees())
