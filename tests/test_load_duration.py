"""Load duration against closed forms, numerical integration and counting by hand; statistics as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from gisheat import InputError
from gisheat.load_duration import (
    DAY,
    HOUR,
    YEAR,
    Climate,
    climate_statistics,
    coldest_days,
    daily_means,
    days_of_heating,
    design_temperature,
    duration_formula,
    duration_of_climate,
    duration_of_series,
    duration_statistics,
    load_curve,
    season_of_dates,
)

FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts"


def mulan(indoor=20.0):
    given = pd.read_csv(FACTS / "climate.csv", index_col="quantity")["value"]
    return Climate(
        design_outdoor=float(given["heating_design_outdoor_temperature"]),
        mean_outdoor=float(given["heating_season_mean_outdoor_temperature"]),
        heating_start=float(given["heating_season_start_outdoor_temperature"]),
        days=float(given["heating_season_days"]), indoor=indoor,
    )  # fmt: skip


# statistics ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["current_2023", "near_2025", "far_2030"])
def test_statistics_of_mulan_are_the_published_ones_to_their_last_digit(phase):
    printed = pd.read_csv(FACTS / "load_results.csv", index_col="phase").loc[phase]
    load = float(printed["heated_area_1e4_m2"]) * 1e4 * float(printed["composite_heat_index_w_m2"])
    found = climate_statistics(load, mulan())
    assert found.indoor == 20.0
    assert found.maximum / 1e6 == pytest.approx(printed["load_max_mw"], abs=0.0051)
    assert found.mean / 1e6 == pytest.approx(printed["load_mean_mw"], abs=0.0051)
    assert found.minimum / 1e6 == pytest.approx(printed["load_min_mw"], abs=0.0051)
    assert found.heat / 1e13 == pytest.approx(printed["annual_heat_1e4_gj"], abs=0.0051)


def test_with_18_degrees_indoors_the_mean_load_is_not_the_published_one():
    assert climate_statistics(140.37e6, mulan(18.0)).mean / 1e6 == pytest.approx(91.14, abs=0.005)  # 27.4 / 42.2


def test_a_constant_load_comes_on_top_and_lasts_all_the_year():
    without, found = climate_statistics(100e6, mulan()), climate_statistics(100e6, mulan(), constant=5e6)
    for name in ("maximum", "mean", "minimum"):
        assert getattr(found, name) == getattr(without, name) + 5e6
    assert found.heat - without.heat == pytest.approx(5e6 * 8760 * 3600)


# the dimensionless formula ---------------------------------------------------------------------------------

CLIMATES = st.builds(
    lambda design, mean, start, above, days: (design, design + mean * (start - design), start, start + above, days),
    st.floats(-45.0, -3.0), st.floats(0.25, 0.75), st.floats(4.0, 10.0), st.floats(5.0, 15.0), st.integers(60, 240),
)  # fmt: skip


@given(CLIMATES)
def test_the_steps_add_up_to_the_integral_of_the_formula(values):
    design, mean, start, indoor, days = values
    climate = Climate(design, mean, float(days), heating_start=start, indoor=indoor)
    mu = days / (days - 5)
    assume(design + 0.5 < mu * mean < start - 0.5)
    beta0, b = (start - design) / (indoor - design), (start - mu * mean) / (mu * mean - design)

    def load(day):
        return 1.0 if day <= 5 else 1.0 - beta0 * ((day - 5) / (days - 5)) ** b

    numeric = 5.0 + quad(load, 5.0, days, limit=200)[0]
    found = duration_of_climate(climate)
    assert duration_formula(climate) == pytest.approx((beta0, b, mu))
    assert float(np.dot(found.relative, found.time)) / DAY == pytest.approx(numeric, rel=1e-7)
    assert numeric == pytest.approx(days - beta0 * (days - 5) / (1 + b), rel=1e-7)
    assert found.time.sum() == pytest.approx(days * DAY)
    assert (np.diff(found.relative) <= 1e-12).all()
    assert (np.diff(found.outdoor) >= -1e-9).all()
    step = len(found.relative) // 2
    middle = (found.time[:step].sum() + found.time[step] / 2) / DAY
    assert found.relative[step] == pytest.approx(load(middle), rel=1e-3)


def test_the_curve_is_colder_than_the_stated_mean_by_5_design_days_at_zero():
    climate = mulan()
    found = duration_of_climate(climate)
    mean = float(np.dot(found.outdoor, found.time) / found.time.sum())
    assert mean == pytest.approx(climate.mean_outdoor + 5 * climate.design_outdoor / climate.days)


@pytest.mark.parametrize(("indoor", "percent"), [(18.0, 2.5), (20.0, 2.3)])  # 2.5: reckoned apart from gisheat
def test_heat_of_the_curve_is_above_that_at_the_mean_temperature(indoor, percent):
    climate = mulan(indoor)
    curve = duration_statistics(duration_of_climate(climate), 1e8)
    assert 100 * (curve.heat / climate_statistics(1e8, climate).heat - 1) == pytest.approx(percent, abs=0.05)


def test_the_first_five_days_have_the_design_load_and_the_last_hour_nearly_the_least():
    found = duration_of_climate(mulan())
    assert (found.relative[:120] == 1.0).all()
    assert found.relative[120] < 1.0
    assert found.relative[-1] == pytest.approx(15.0 / 44.2, abs=3e-4)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"design_outdoor": -5.0}, "design outdoor -5 degC is not below mean outdoor -9.4 degC"),
        ({"mean_outdoor": 6.0}, "mean outdoor 6 degC is not below start of heating 5 degC"),
        ({"heating_start": 21.0}, "start of heating 21 degC is not below indoor 20 degC"),
        ({"days": 5.0}, "heating_days is 5;"),
        ({"design_outdoor": float("nan")}, "out of order"),
    ],
)
def test_a_climate_out_of_order_is_one_sentence(changed, sentence):
    given = {"design_outdoor": -24.2, "mean_outdoor": -9.4, "days": 176.0, "heating_start": 5.0, "indoor": 20.0}
    with pytest.raises(InputError, match=sentence) as error:
        Climate(**(given | changed))
    assert str(error.value).endswith(".")


def test_a_mean_too_near_the_design_temperature_has_no_curve():
    climate = Climate(-10.0, -9.9, 20.0, heating_start=5.0, indoor=18.0)  # 20/15 x -9.9 is below -10
    with pytest.raises(InputError, match="has no duration curve"):
        duration_of_climate(climate)


# a series --------------------------------------------------------------------------------------------------


def test_temperatures_in_a_straight_line_give_a_triangle():
    count = 2000
    outdoor = np.linspace(-20.0, 5.0, count + 1)
    outdoor = (outdoor[1:] + outdoor[:-1]) / 2
    found = duration_of_series(
        np.random.default_rng(1).permutation(outdoor), HOUR, season=np.ones(count, bool), heating_start=5.0,
        indoor=5.0, design_outdoor=-20.0,
    )  # fmt: skip
    statistics = duration_statistics(found, 80e6)
    assert found.relative == pytest.approx(1.0 - (np.arange(count) + 0.5) / count)
    assert statistics.mean == pytest.approx(40e6)
    assert statistics.heat == pytest.approx(40e6 * count * 3600)
    assert statistics.time == count * HOUR


def test_only_hours_of_the_season_that_are_not_warmer_than_the_limit_count():
    outdoor = np.array([-30.0, -10.0, 5.0, 5.1, 12.0, -10.0])
    season = np.array([True, True, True, True, True, False])
    found = duration_of_series(outdoor, HOUR, season=season, heating_start=5.0, indoor=20.0, design_outdoor=-20.0)
    assert found.outdoor.tolist() == [-30.0, -10.0, 5.0]
    assert found.relative.tolist() == [1.0, 0.75, 0.375]  # what is colder than the design counts with the design load


def test_a_warm_year_is_one_sentence():
    with pytest.raises(InputError, match="no hour of the heating season at or below 5 degC"):
        duration_of_series(
            np.full(24, 20.0), HOUR, season=np.ones(24, bool), heating_start=5.0, indoor=20.0, design_outdoor=-5.0
        )
    with pytest.raises(InputError, match="out of order"):
        duration_of_series(
            np.full(24, 0.0), HOUR, season=np.ones(24, bool), heating_start=5.0, indoor=20.0, design_outdoor=6.0
        )


def test_a_constant_load_fills_the_year_behind_the_season():
    duration = duration_of_climate(mulan())
    curve = load_curve(duration, 100e6, constant=4e6)
    assert curve.load[0] == 104e6
    assert curve.load[-1] == 4e6
    assert curve.time.sum() == pytest.approx(YEAR)
    assert curve.heat == pytest.approx(load_curve(duration, 100e6).heat + 4e6 * YEAR)
    assert np.isnan(curve.outdoor).sum() == 1


# heating seasons -------------------------------------------------------------------------------------------


def test_dates_go_over_the_turn_of_the_year():
    date = np.array([101, 413, 414, 701, 1019, 1020, 1231])
    assert season_of_dates(date, 1020, 413).tolist() == [True, True, False, False, False, True, True]
    assert season_of_dates(date, 414, 1019).tolist() == [False, False, True, True, True, False, False]


MEANS = st.lists(st.integers(-9, 15), min_size=12, max_size=40)


@given(MEANS, st.integers(1, 30), st.booleans())
def test_the_coldest_days_are_those_with_the_least_sum(values, days, whole_year):
    mean, count = np.array(values, float), len(values)
    found = coldest_days(mean, days, whole_year=whole_year)
    days = min(days, count)
    starts = range(count if whole_year else count - days + 1)
    sums = [sum(values[(start + k) % count] for k in range(days)) for start in starts]
    assert found.sum() == days
    assert mean[found].sum() == pytest.approx(min(sums))


@given(MEANS, st.booleans())
def test_the_season_by_temperature_is_the_longest_with_cold_five_day_means(values, whole_year):
    mean, count = np.array(values, float), len(values)
    around = values * 2 if whole_year else values
    cold = [sum(around[i : i + 5]) <= 25 for i in range(len(around) - 4)]
    runs, first = [], None
    for i, is_cold in enumerate([*cold, False]):
        if is_cold and first is None:
            first = i
        elif not is_cold and first is not None:
            runs.append((i - first, -first))
            first = None
    if not runs:
        with pytest.raises(InputError, match="no 5 days"):
            days_of_heating(mean, 5.0, whole_year=whole_year)
        return
    length, first = max(runs)[0], -max(runs)[1]
    days = list(range(first, first + length + 4))
    while around[days[0]] > 5:
        days = days[1:]
    while around[days[-1]] > 5:
        days = days[:-1]
    expected = range(count) if length >= count else {i % count for i in days}
    assert set(np.flatnonzero(days_of_heating(mean, 5.0, whole_year=whole_year)).tolist()) == set(expected)


def test_a_cold_spell_in_summer_is_no_heating_season():
    mean = np.full(365, 15.0)
    mean[:100] = mean[320:] = -5.0
    mean[200:206] = 2.0
    season = days_of_heating(mean, 5.0, whole_year=True)
    assert np.flatnonzero(season).tolist() == [*range(100), *range(320, 365)]


def test_daily_means_and_the_design_temperature_that_five_days_are_below():
    outdoor = np.repeat(np.arange(-20.0, -10.0), 24) + np.tile(np.linspace(-3.0, 3.0, 24), 10)
    mean = daily_means(outdoor, np.arange(240) // 24)
    assert mean == pytest.approx(np.arange(-20.0, -10.0))
    assert design_temperature(mean) == pytest.approx(-15.0)
