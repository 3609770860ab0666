"""The heating season as the options tell it: by a design climate, or by the weather of a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.load_duration import (
    Climate,
    Duration,
    coldest_days,
    daily_means,
    days_of_heating,
    design_temperature,
    duration_of_climate,
    duration_of_series,
    season_of_dates,
)
from gisheat.network import Mask
from gisheat.weather import Weather, read_weather


@dataclass(frozen=True)
class Season:
    """The heating season as the options tell it: by a design climate or by the weather of a year."""

    duration: Duration
    climate: Climate | None
    """None where the weather takes its place."""
    weather: Weather | None
    notes: tuple[str, ...]


def find_season(options: Mapping[str, Any]) -> Season:
    """The heating season of the options: a series where `weather` names one, else the design climate.

    Raises
    ------
    InputError
        If something that is needed is not stated.
    """
    dates = _dates(options)
    stated = {
        "design_outdoor_temp_c": options["design_outdoor_temp_c"],
        "mean_outdoor_temp_c": options["mean_outdoor_temp_c"],
        "heating_days": _days(options, dates),
    }
    start, indoor = options["heating_start_temp_c"], options["load_indoor_temp_c"]
    indoor = options["indoor_temp_c"] if indoor is None else indoor
    if options["weather"]:
        weather = read_weather(Path(options["weather"]), options["weather_step_h"])
        return _of_weather(weather, stated, dates, start, indoor)
    for name, value in stated.items():
        if value is None:
            raise InputError(
                f"the load duration needs the design climate, and {name} is not stated: give it with"
                f" --{name.replace('_', '-')}, in the project file, or name the weather of a year with --weather."
            )
    design, mean, days = stated.values()
    climate = Climate(design, mean, days, heating_start=start, indoor=indoor)
    return Season(duration_of_climate(climate), climate, None, ())


def _of_weather(
    weather: Weather, stated: Mapping[str, Any], dates: tuple[int, int] | None, start: float, indoor: float
) -> Season:
    """The season of a series: by dates, else its coldest days, else by the temperature at which heating starts."""
    daily, notes = daily_means(weather.outdoor, weather.day), weather.notes
    design, _, days = stated.values()
    if design is None:
        design = design_temperature(daily)
        notes = (*notes, f"design_outdoor_temp_c is {design:.1f} degC: 5 days of the weather are colder")
    if dates is not None:
        if not weather.date.all():
            raise InputError(
                "the weather has no dates: name its heating season by heating_days or heating_start_temp_c."
            )
        season = season_of_dates(weather.date, *dates)
    elif days is not None:
        season = coldest_days(daily, round(days), whole_year=weather.is_whole_year)
    else:
        season = days_of_heating(daily, start, whole_year=weather.is_whole_year)
    duration = duration_of_series(
        weather.outdoor, weather.step, season=season[weather.day], heating_start=start, indoor=indoor,
        design_outdoor=design,
    )  # fmt: skip
    return Season(duration, None, weather, (*notes, _season_note(weather, season)))


def _season_note(weather: Weather, season: Mask) -> str:
    days = np.flatnonzero(season)
    first = next((d for d in days.tolist() if not season[d - 1]), int(days[0]))
    last = next((d for d in days.tolist() if not season[(d + 1) % len(season)]), int(days[-1]))
    known = weather.date[first] and weather.date[last]
    when = f", {_written(weather.date[first])} to {_written(weather.date[last])}" if known else ""
    return f"heating season of the weather: {len(days)} days{when}"


def _written(date: int) -> str:
    return f"{date // 100:02d}-{date % 100:02d}"


def _dates(options: Mapping[str, Any]) -> tuple[int, int] | None:
    """First and last day of the season as month x 100 + day, None where the options do not say both."""
    texts = options["heating_from"], options["heating_to"]
    if not any(texts):
        return None
    if not all(texts):
        raise InputError("heating_from and heating_to belong together: give both, as in 10-20 and 04-13.")
    first, last = (_date(name, text) for name, text in zip(("heating_from", "heating_to"), texts, strict=True))
    return first, last


def _date(name: str, text: str) -> int:
    try:
        day = pd.to_datetime(f"2024-{text.strip()}", format="%Y-%m-%d")
    except ValueError as error:
        raise InputError(f"{name} is {text!r}; month and day are needed, as in 10-20.") from error
    return int(day.month * 100 + day.day)


def _days(options: Mapping[str, Any], dates: tuple[int, int] | None) -> float | None:
    """Length of the season [d]: as stated, else from date to date of an ordinary year, both counted."""
    if options["heating_days"] is not None:
        return float(options["heating_days"])
    if dates is None:
        return None
    first, last = (pd.Timestamp(2023, *divmod(228 if date == 229 else date, 100)) for date in dates)
    return float((last - first).days % 365 + 1)
