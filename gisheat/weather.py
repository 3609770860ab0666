"""Outdoor temperatures of a year: an EPW or CSV file to a gapless series in the order of time.

Years are not looked at: typical years put months of different years together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers import map_columns
from gisheat.load_duration import DAY
from gisheat.network import Array, Index
from gisheat.schema import columns

LAYER = "weather"
EPW_HEADER = 8
EPW_COLUMNS = {1: "month", 2: "day", 3: "hour", 6: "outdoor_temp_c"}
"""Columns of an EPW file that are read, after the data dictionary of EnergyPlus (Auxiliary Programs, EPW)."""
LONGEST_BRIDGED = 6.0
"""Hours without a temperature that are bridged by a straight line; more than that is no weather any more."""
OFFSET = r"[T ]\d{1,2}:\S*?(Z|[+-]\d{2}:?\d{2})$"
"""UTC offset at the end of a time."""
_DAY_MINUTES = 1440


@dataclass(frozen=True)
class Weather:
    """Outdoor temperatures in equal steps."""

    outdoor: Array
    """[degC], shape (steps,)."""
    step: float
    """[s]"""
    day: Index
    """Number of the day that each step belongs to, from 0 on, shape (steps,)."""
    date: Index
    """Month x 100 + day of each day; 0 where the file does not tell, shape (days,)."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_whole_year(self) -> bool:
        """Whether the series closes upon itself."""
        return round(len(self.outdoor) * self.step / DAY, 6) in (365.0, 366.0)


def read_weather(path: Path, step_h: float | None = None) -> Weather:
    """Read the outdoor temperatures of a year or a part of it.

    Parameters
    ----------
    path : Path
        An EPW file, or a CSV file with a column outdoor_temp_c (or one of its other names) and, where it has
        dates, a column time.
    step_h : float, optional
        Time step of a CSV file without times [h].

    Raises
    ------
    InputError
        If it can't be read, is not in the order of time, is longer than a year, or lacks more than a few hours.
    """
    where = f"weather {path}"
    if not path.is_file():
        raise InputError(f"{where}: there is no such file.")
    try:
        if path.suffix.lower() == ".epw":
            return _epw(path, where)
        return _csv(path, where, step_h)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(f"{where} cannot be read: {reason}.") from error


def _epw(path: Path, where: str) -> Weather:
    with path.open(encoding="utf-8", errors="replace") as file:
        header = [file.readline() for _ in range(EPW_HEADER)]
    periods = next((line.split(",") for line in header if line.upper().startswith("DATA PERIODS")), None)
    if periods is None or not header[0].upper().startswith("LOCATION"):
        raise InputError(f"{where} is no EPW file: its first 8 lines begin with LOCATION and end with DATA PERIODS.")
    table = pd.read_csv(
        path, skiprows=EPW_HEADER, header=None, usecols=list(EPW_COLUMNS), encoding="utf-8", encoding_errors="replace",
    ).rename(columns=EPW_COLUMNS)  # fmt: skip
    clock = table[["month", "day", "hour"]].apply(pd.to_numeric, errors="coerce")
    _refuse_rows(
        clock.isna().any(axis=1) | ~clock["hour"].between(1, 24), where, "has no month, day and hour (1 to 24)"
    )
    clock = clock.astype(int)
    each = int(periods[2]) if len(periods) > 2 and periods[2].strip().isdigit() else 1
    if not 1 <= each <= 60 or 60 % each:
        raise InputError(f"{where}: {each} records an hour; a number that divides 60 is needed (line DATA PERIODS).")
    within = clock.groupby(["month", "day", "hour"]).cumcount()
    _refuse_rows(within >= each, where, f"is one more of its hour, which has {each} record(s)")
    minute = (clock["hour"] - 1) * 60 + within * (60 // each)
    return _series(table["outdoor_temp_c"], clock["month"], clock["day"], minute, 60 // each, where)


def _csv(path: Path, where: str, step_h: float | None) -> Weather:
    table, findings, notes = _csv_table(path)
    values = table["outdoor_temp_c"]
    if len(values) < 2:
        raise InputError(f"{where} holds {len(values)} outdoor temperature(s), not a year of them.")
    if "time" in table:
        times = _times(table["time"], where)
        minute = times.dt.hour * 60 + times.dt.minute
        step = _step_of(times, where)
        found = _series(values, times.dt.month, times.dt.day, minute, step, where)
    elif step_h is None:
        raise InputError(
            f"{where} has no column time: name its time step with --weather-step-h (1 for hourly values), or add one."
        )
    else:
        step = round(step_h * 60.0)
        if step < 1 or _DAY_MINUTES % step:
            raise InputError(f"weather_step_h is {step_h:g}; a step of which a day is a multiple is needed.")
        found = _undated(values, step, where)
    return Weather(
        found.outdoor, found.step, found.day, found.date, (*findings, *found.findings), (*notes, *found.notes)
    )  # fmt: skip


def _csv_table(path: Path) -> tuple[pd.DataFrame, list[Finding], list[str]]:
    """Columns of the contract; files of Chinese spreadsheets come in GB 18030."""
    try:
        raw = pd.read_csv(path, encoding="utf-8-sig", dtype=str)
    except UnicodeDecodeError:
        try:
            raw = pd.read_csv(path, encoding="gb18030", dtype=str)
        except UnicodeDecodeError as error:
            raise ValueError("it is no CSV file in UTF-8 or GB 18030") from error
    for name in raw.columns:
        numbers = pd.to_numeric(raw[name], errors="coerce")
        raw[name] = raw[name] if numbers.isna().all() else numbers
    return map_columns(LAYER, raw, {})


def _times(texts: pd.Series, where: str) -> pd.Series:
    for form in ("ISO8601", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"):
        try:
            return pd.to_datetime(texts.astype(str), format=form)
        except ValueError:
            continue
    offsets = sorted(set(texts.astype(str).str.extract(OFFSET, expand=False).fillna("none")))
    if len(offsets) > 1:
        listed = ", ".join(offsets)
        raise InputError(
            f"{where}: the column time has several UTC offsets ({listed}): write all times in one of them."
        )
    raise InputError(f"{where}: the column time is not written as 2024-01-31 13:00.")


def _step_of(times: pd.Series, where: str) -> int:
    """Usual time step [min]."""
    apart = times.diff().dropna().dt.total_seconds() / 60.0
    step = round(float(apart.median())) if len(apart) else 0
    if step < 1 or _DAY_MINUTES % step:
        raise InputError(
            f"{where}: most times are {step} min apart; a step of which a day is a multiple is needed, in the order of"
            " time."
        )
    return step


def _refuse_rows(bad: pd.Series, where: str, what: str) -> None:
    if bad.any():
        raise InputError(f"{where}: row {int(np.argmax(bad.to_numpy())) + 1} of the data {what}.")


def _series(values: pd.Series, month: pd.Series, day: pd.Series, minute: pd.Series, step: int, where: str) -> Weather:
    """Values at their places in the year, gaps bridged or refused.

    Parameters
    ----------
    month, day, minute
        Date of each value, and minutes since midnight.
    step : int
        [min]
    """
    leap = bool(((month == 2) & (day == 29)).any())
    calendar = pd.date_range("2024-01-01" if leap else "2023-01-01", periods=366 if leap else 365)
    dates = (calendar.month * 100 + calendar.day).to_numpy(np.int64)
    stamp = (month * 100 + day).to_numpy(np.int64)
    day_of_year = np.searchsorted(dates, stamp)
    known = (day_of_year < len(dates)) & (dates[np.minimum(day_of_year, len(dates) - 1)] == stamp)
    _refuse_rows(pd.Series(~known), where, "has a date that is not in the calendar")
    place = day_of_year * _DAY_MINUTES + minute.to_numpy(np.int64)
    ahead = (place - place[0]) % (len(dates) * _DAY_MINUTES)
    _refuse_rows(pd.Series(ahead % step != 0), where, f"does not fit the time step of {step} min")
    _refuse_rows(
        pd.Series(np.diff(ahead, prepend=-1) <= 0),
        where,
        "does not come after the one before (or the series is longer than a year)",
    )
    full = np.full(int(ahead[-1]) // step + 1, np.nan)
    full[ahead // step] = _temperatures(values)
    passed = place[0] + np.arange(len(full)) * step
    number = passed // _DAY_MINUTES
    at = dates[number % len(dates)]
    first = int(number[0])
    date = dates[(first + np.arange(int(number[-1]) - first + 1)) % len(dates)]
    outdoor, findings = _bridged(full, step, at, passed % _DAY_MINUTES, where)
    return _weather(outdoor, step, number - first, date, findings, ())


def _undated(values: pd.Series, step: int, where: str) -> Weather:
    """Values without dates; a whole year is taken to begin on 1 January."""
    each = _DAY_MINUTES // step
    number = np.arange(len(values)) // each
    days = len(values) / each
    if days > 366:
        raise InputError(f"{where}: {len(values)} values of {step} min are longer than a year; cut one year out.")
    date, notes = np.zeros(int(number[-1]) + 1 if len(number) else 0, np.int64), tuple[str, ...]()
    if days in (365, 366):
        calendar = pd.date_range("2024-01-01" if days == 366 else "2023-01-01", periods=int(days))
        date = (calendar.month * 100 + calendar.day).to_numpy(np.int64)
        notes = ("weather: a whole year without times was taken to begin on 1 January",)
    clock = np.arange(len(values)) % each * step
    outdoor, findings = _bridged(_temperatures(values), step, date[number], clock, where)
    return _weather(outdoor, step, number, date, findings, notes)


def _weather(
    outdoor: Array, step: int, day: Index, date: Index, findings: list[Finding], notes: tuple[str, ...]
) -> Weather:
    found = Weather(outdoor, step * 60.0, day, date, tuple(findings), notes)
    if found.is_whole_year:
        return found
    message = (
        f"The weather covers {len(outdoor) * found.step / DAY:.1f} days, not a whole year: what of the heating season"
        " lies outside is not counted."
    )
    return Weather(
        outdoor, found.step, day, date, (*found.findings, Finding("weather-short", "warning", LAYER, message)), notes
    )


def _temperatures(values: pd.Series) -> Array:
    """Temperatures [degC], NaN for what is none: EPW writes 99.9 for missing values, others -9999."""
    column = columns(LAYER)["outdoor_temp_c"]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
    assert column.minimum is not None and column.maximum is not None
    return np.where((numbers > column.minimum) & (numbers < column.maximum), numbers, np.nan)


def _bridged(values: Array, step: int, date: Index, minute: Index, where: str) -> tuple[Array, list[Finding]]:
    """The series without gaps, and what is to be said of them."""
    missing = np.isnan(values)
    if missing.all():
        raise InputError(f"{where} holds no outdoor temperature.")
    if not missing.any():
        return values, []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    worst = int(np.argmax(lengths))
    hours = float(lengths[worst]) * step / 60.0
    when = _when(int(starts[worst]), date, minute)
    at_end = starts[0] == 0 or edges[-1] == len(values)
    if hours > LONGEST_BRIDGED or (at_end and hours > 1.0):
        raise InputError(
            f"{where} has gaps: {hours:g} h without an outdoor temperature from {when} on; fill them first (no more"
            f" than {LONGEST_BRIDGED:g} h are bridged)."
        )
    place = np.arange(len(values))
    message = (
        f"The weather has no outdoor temperature in {int(missing.sum())} of {len(values)} steps, at most {hours:g} h"
        f" one after the other (from {when} on). They were bridged in a straight line."
    )
    filled = np.interp(place, place[~missing], values[~missing])
    return filled, [Finding("weather-gap", "warning", LAYER, message)]


def _when(row: int, date: Index, minute: Index) -> str:
    """Date and time of a step in words; its row where no date is known."""
    if not date[row]:
        return f"row {row + 1}"
    return f"{date[row] // 100:02d}-{date[row] % 100:02d} {minute[row] // 60:02d}:{minute[row] % 60:02d}"
