"""Load duration: for how long a heating season asks for how much, of a design climate or of a series of temperatures.

Temperatures are in degC: only their differences count. A duration is a row of steps in falling order of the load.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gisheat.errors import InputError
from gisheat.network import Array, Index, Mask
from gisheat.regulation import relative_load

HOUR, DAY = 3600.0, 86400.0
"""[s]"""
YEAR = 365.0 * DAY
"""[s]"""
DAYS_NOT_GUARANTEED = 5.0
"""Days of a season that are colder than the design outdoor temperature, for which the design load holds [d]."""
WINDOW = 5
"""Days of the moving mean that tells when a season begins and ends."""


@dataclass(frozen=True, slots=True)
class Climate:
    """Design climate of a place, and the indoor temperature that loads are reckoned with [degC].

    Raises
    ------
    InputError
        When the temperatures are not in the order design < mean < start of heating <= indoor, or the season is
        no longer than the days that are not guaranteed.
    """

    design_outdoor: float
    mean_outdoor: float
    """Of the heating season."""
    days: float
    """Length of the heating season [d]."""
    heating_start: float
    """Outdoor temperature at which heating begins and ends."""
    indoor: float

    def __post_init__(self) -> None:
        given = (self.design_outdoor, self.mean_outdoor, self.heating_start, self.indoor)
        names = ("design outdoor", "mean outdoor", "start of heating", "indoor")
        for i, (low, high) in enumerate(itertools.pairwise(given)):
            if not (low < high or (i == 2 and low == high)):
                raise InputError(
                    f"the climate's temperatures are out of order: {names[i]} {low:g} degC is not below {names[i + 1]}"
                    f" {high:g} degC; design < mean < start of heating <= indoor is needed."
                )
        if not DAYS_NOT_GUARANTEED < self.days <= 366.0:
            raise InputError(
                f"heating_days is {self.days:g}; a season of more than {DAYS_NOT_GUARANTEED:g} and up to 366 days is"
                " needed."
            )

    @property
    def time(self) -> float:
        """Length of the heating season [s]."""
        return self.days * DAY


@dataclass(frozen=True)
class Statistics:
    """Largest, mean and least load of a heating season [W], and the heat of a year [J]."""

    maximum: float
    mean: float
    minimum: float
    heat: float
    time: float
    """Length of the heating season [s]."""
    indoor: float
    """Indoor temperature that they assume [degC]."""


def climate_statistics(load: float, climate: Climate, *, constant: float = 0.0) -> Statistics:
    """Statistics by the mean outdoor temperature of the season, as plans state them.

    The load falls in a straight line with the outdoor temperature, so the mean load is that at the mean outdoor
    temperature, the least one that at the start of heating, and the heat is mean load x season.

    Parameters
    ----------
    load : float
        Heat load at the design outdoor temperature [W].
    climate : Climate
    constant : float
        Load that does not follow the weather, all the year round [W].

    Examples
    --------
    Mulan, near phase: MW, and the heat in 1e4 GJ

    >>> mulan = Climate(design_outdoor=-24.2, mean_outdoor=-9.4, days=176.0, heating_start=5.0, indoor=20.0)
    >>> found = climate_statistics(300e4 * 46.79, mulan)
    >>> [round(v / 1e6, 2) for v in (found.maximum, found.mean, found.minimum)], round(found.heat / 1e13, 2)
    ([140.37, 93.37, 47.64], 141.98)
    """
    mean, least = (
        load * float(relative_load(t, climate.indoor, climate.design_outdoor))
        for t in (climate.mean_outdoor, climate.heating_start)
    )
    heat = mean * climate.time + constant * YEAR
    return Statistics(load + constant, mean + constant, least + constant, heat, climate.time, climate.indoor)


class DurationFormula(NamedTuple):
    """Parameters of the dimensionless formula of the load duration, all dimensionless."""

    beta0: float
    b: float
    mu: float


def duration_formula(climate: Climate) -> DurationFormula:
    """Parameters of the dimensionless formula after He Ping and Sun Gang [1]_.

    With Rn = (n - 5) / (N - 5) on day n of a season of N days, counted from the coldest,

        q = 1 - beta0 Rn^b,  tw = tw' + (5 - tw') Rn^b;  q = 1, tw = tw' for the first 5 days,

    beta0 = (5 - tw') / (tn - tw'), b = (5 - mu tm) / (mu tm - tw'), mu = N / (N - 5), where tm is the mean outdoor
    temperature of the season and 5 degC is where heating starts (here `heating_start`).

    Its integral is not the load at tm: b counts the first 5 days with 0 degC in the mean in place of tw', so that the
    mean temperature of the curve is tm + 5 tw' / N, in Mulan 0.7 K lower.

    Raises
    ------
    InputError
        If mu tm is not between tw' and the start of heating: then there is no such curve.

    References
    ----------
    .. [1] He Ping, Sun Gang et al.: District heating engineering (in Chinese), China Architecture & Building Press,
       chapter on heat loads.

    Examples
    --------
    >>> mulan = Climate(design_outdoor=-24.2, mean_outdoor=-9.4, days=176.0, heating_start=5.0, indoor=18.0)
    >>> [round(v, 3) for v in duration_formula(mulan)]
    [0.692, 1.01, 1.029]
    """
    start, design = climate.heating_start, climate.design_outdoor
    mu = climate.days / (climate.days - DAYS_NOT_GUARANTEED)
    middle = mu * climate.mean_outdoor
    if not design < middle < start:
        raise InputError(
            f"a season of {climate.days:g} days with a mean of {climate.mean_outdoor:g} degC has no duration curve by"
            f" the dimensionless formula: N / (N - 5) x mean = {middle:.1f} degC is not between {design:g} and"
            f" {start:g} degC; give the weather of a year instead."
        )
    beta0 = float(relative_load(design, climate.indoor, design) - relative_load(start, climate.indoor, design))
    return DurationFormula(beta0, (start - middle) / (middle - design), mu)


@dataclass(frozen=True)
class Duration:
    """A season in falling order of the load; arrays of shape (steps,)."""

    relative: Array
    """Mean load of the step relative to the design load, not above 1."""
    outdoor: Array
    """Mean outdoor temperature of the step [degC]."""
    time: Array
    """Length of the step [s]."""
    indoor: float
    """[degC]"""
    design_outdoor: float
    """[degC]"""

    @property
    def mean(self) -> float:
        """Mean relative load of the season."""
        return float(np.dot(self.relative, self.time) / self.time.sum())


def duration_of_climate(climate: Climate) -> Duration:
    """Duration by the dimensionless formula, in steps of about an hour; each step has the mean of the formula over it.

    So the sum of the steps is the integral of the formula: N - beta0 (N - 5) / (1 + b) days at full load.
    """
    formula, days = duration_formula(climate), climate.days
    edge = np.linspace(0.0, days, round(days * 24.0) + 1)
    rest = days - DAYS_NOT_GUARANTEED
    passed = np.maximum(edge - DAYS_NOT_GUARANTEED, 0.0) / rest
    below = formula.beta0 * rest * passed ** (formula.b + 1.0) / (formula.b + 1.0)
    width = np.diff(edge)
    relative = 1.0 - np.diff(below) / width
    outdoor = climate.indoor - relative * (climate.indoor - climate.design_outdoor)
    return Duration(relative, outdoor, width * DAY, climate.indoor, climate.design_outdoor)


def duration_of_series(
    outdoor: Array, step: float, *, season: Mask, heating_start: float, indoor: float, design_outdoor: float
) -> Duration:
    """Duration of a series of outdoor temperatures.

    A step counts when it lies in the season and is not warmer than the heating limit. Steps colder than the design
    outdoor temperature count with the design load, as the first 5 days of the formula do.

    Parameters
    ----------
    outdoor : array, shape (steps,)
        [degC]
    step : float
        Length of each step [s].
    season : array of bool, shape (steps,)
        Steps in the heating season.
    heating_start, indoor, design_outdoor : float
        [degC]

    Raises
    ------
    InputError
        If no step asks for heat, or the temperatures are out of order.
    """
    if not design_outdoor < heating_start <= indoor:
        raise InputError(
            f"the temperatures are out of order: design outdoor {design_outdoor:g} < start of heating {heating_start:g}"
            f" <= indoor {indoor:g} degC is needed."
        )
    heated = np.sort(outdoor[season & (outdoor <= heating_start)])
    if not len(heated):
        raise InputError(f"the weather has no hour of the heating season at or below {heating_start:g} degC.")
    relative = np.minimum(relative_load(heated, indoor, design_outdoor), 1.0)
    return Duration(relative, heated, np.full(len(heated), step), indoor, design_outdoor)


@dataclass(frozen=True)
class LoadCurve:
    """Loads of a year in falling order; arrays of shape (steps,)."""

    load: Array
    """[W]"""
    time: Array
    """Length of each step [s]."""
    outdoor: Array
    """[degC], NaN outside the heating season."""

    @property
    def end(self) -> Array:
        """Time at the end of each step [s]."""
        return np.cumsum(self.time)

    @property
    def heat(self) -> float:
        """Heat of the year [J]."""
        return float(np.dot(self.load, self.time))


def load_curve(duration: Duration, load: float, *, constant: float = 0.0) -> LoadCurve:
    """Loads of a year.

    Parameters
    ----------
    duration : Duration
    load : float
        Heat load at the design outdoor temperature [W].
    constant : float
        Load that does not follow the weather [W]: on top of the heat load, and alone for the rest of the year.
    """
    loads, time, outdoor = duration.relative * load + constant, duration.time, duration.outdoor
    rest = YEAR - float(time.sum())
    if constant > 0.0 and rest > 0.0:
        loads, time, outdoor = np.append(loads, constant), np.append(time, rest), np.append(outdoor, np.nan)
    return LoadCurve(loads, time, outdoor)


def duration_statistics(duration: Duration, load: float, *, constant: float = 0.0) -> Statistics:
    """Statistics of a duration; the least load is that of its last step."""
    curve = load_curve(duration, load, constant=constant)
    season = ~np.isnan(curve.outdoor)
    time = float(curve.time[season].sum())
    mean = float(np.dot(curve.load[season], curve.time[season])) / time
    return Statistics(
        float(curve.load[0]), mean, float(curve.load[season][-1]), curve.heat, time, duration.indoor
    )  # fmt: skip


# the heating season of a series of days -----------------------------------------------------------------


def daily_means(outdoor: Array, day: Index) -> Array:
    """Mean of each day; `day` is the number of the day that each step belongs to, from 0 on."""
    return np.bincount(day, weights=outdoor) / np.bincount(day)


def season_of_dates(date: Index, first: int, last: int) -> Mask:
    """Days from one date to another one, over the turn of the year where the first is the later.

    Dates are month x 100 + day, as in 1020 for 20 October; shape (days,).
    """
    return (date >= first) & (date <= last) if first <= last else (date >= first) | (date <= last)


def coldest_days(mean: Array, days: int, *, whole_year: bool) -> Mask:
    """The `days` days one after the other with the lowest mean temperature; around the turn of a whole year.

    Parameters
    ----------
    mean : array, shape (days,)
        Daily means [degC].
    """
    count = len(mean)
    if days >= count:
        return np.ones(count, bool)
    sums = np.cumsum(np.concatenate([[0.0], mean, mean]))
    starts = count if whole_year else count - days + 1
    first = int(np.argmin(sums[days : days + starts] - sums[:starts]))
    season = np.zeros(count, bool)
    season[np.arange(first, first + days) % count] = True
    return season


def days_of_heating(mean: Array, heating_start: float, *, whole_year: bool) -> Mask:
    """Days of the season by the outdoor temperature: the longest time in which 5-day means stay at or below it.

    Of its first 5 days the season begins with the first day that is itself not warmer, of its last 5 it ends with the
    last such day: the five-day moving mean, by which Chinese climate tables tell when a temperature is lasting.

    Parameters
    ----------
    mean : array, shape (days,)
        Daily means [degC].
    heating_start : float
        [degC]
    whole_year : bool
        The series closes upon itself.

    Raises
    ------
    InputError
        If no 5 days are that cold.
    """
    count = len(mean)
    around = np.concatenate([mean, mean]) if whole_year else mean
    sums = np.cumsum(np.concatenate([[0.0], around]))
    cold = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW <= heating_start
    first, length = _longest_run(cold)
    if length == 0:
        raise InputError(f"the weather has no {WINDOW} days with a mean at or below {heating_start:g} degC.")
    if length >= count:
        return np.ones(count, bool)
    days = np.arange(first, first + length + WINDOW - 1)
    near = around[days] <= heating_start
    days = days[int(np.argmax(near)) : len(days) - int(np.argmax(near[::-1]))]
    season = np.zeros(count, bool)
    season[days % count] = True
    return season


def _longest_run(values: Mask) -> tuple[int, int]:
    """First place and length of the longest run of true values, the first one of several."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest] - starts[longest])


def design_temperature(mean: Array) -> float:
    """The daily mean that just 5 days of the series fall below [degC].

    GB 50736 defines the heating design temperature so, as the average of many years; one year of a series stands in
    where nobody states it.
    """
    return float(np.sort(mean)[min(int(DAYS_NOT_GUARANTEED), len(mean) - 1)])
