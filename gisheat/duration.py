"""The load duration of a project: its loads by phase, the duration curve, its sources along it, their security."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.dispatch import Dispatch, Security, dispatch, guaranteed_share, supply_security
from gisheat.errors import InputError
from gisheat.findings import Finding, Severity, findings_about
from gisheat.load_duration import (
    HOUR,
    Climate,
    Duration,
    LoadCurve,
    Statistics,
    climate_statistics,
    coldest_days,
    daily_means,
    days_of_heating,
    design_temperature,
    duration_of_climate,
    duration_of_series,
    duration_statistics,
    load_curve,
    season_of_dates,
)
from gisheat.network import Array, Text
from gisheat.phases import standing
from gisheat.schema import columns
from gisheat.stages import loads_of
from gisheat.state import State
from gisheat.topology.attributes import numbers, words
from gisheat.weather import Weather, read_weather


@dataclass(frozen=True)
class Plants:
    """Sources of a phase in the order in which they are loaded: base, peak, reserve; arrays of shape (sources,)."""

    table: pd.DataFrame
    """Their rows of the sources layer."""
    role: Text
    capacity: Array
    """[W]"""
    largest_unit: Array
    """[W]"""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.capacity)

    def security(self, load: float, *, with_reserve: bool) -> Security:
        """Security of supply of these sources against the largest load [W]."""
        used = np.ones(len(self), bool) if with_reserve else self.role != "reserve"
        return supply_security(self.capacity[used], self.largest_unit[used], load)

    @property
    def has_reserve(self) -> bool:
        """Whether any source stands in reserve."""
        return bool((self.role == "reserve").any())


@dataclass(frozen=True)
class Season:
    """The heating season as the options tell it: by a design climate, by a series, or by both."""

    duration: Duration
    climate: Climate | None
    """None where the mean outdoor temperature or the length of the season is not stated."""
    weather: Weather | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DurationStudy:
    """What is to be told of the load duration of one phase, and of the loads of all."""

    season: Season
    load: float
    """Heat load of all stations at the design outdoor temperature [W]."""
    curve: LoadCurve
    stated: Statistics | None
    """By the mean outdoor temperature, as plans state it; None without a design climate."""
    found: Statistics
    """Of the duration curve."""
    plants: Plants
    supply: Dispatch | None
    """None where no source states its capacity."""
    guaranteed: float
    phases: pd.DataFrame
    """Layer phase_loads."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def study_duration(state: State) -> DurationStudy:
    """Load duration and supply of the computed phase, of a state that has loads.

    Raises
    ------
    InputError
        If the climate is not stated or contradicts itself, or the weather can't be used.
    """
    options, loads = state.options, state.loads
    assert loads is not None
    season = find_season(options)
    constant = options["constant_load_mw"] * 1e6
    load = _total(loads.network.stations.load, loads.network.stations.in_service)
    if load <= 0.0:
        raise InputError("no station that is connected and in service has a load: there is no load duration.")
    curve = load_curve(season.duration, load, constant=constant)
    stated = None if season.climate is None else climate_statistics(load, season.climate, constant=constant)
    found = duration_statistics(season.duration, load, constant=constant)
    plants = find_plants(state, state.phase)
    supply = dispatch(curve.load, curve.time, plants.capacity) if len(plants) else None
    share = options["guaranteed_share_percent"]
    design = season.duration.design_outdoor
    guaranteed = guaranteed_share(design) if share is None else share / 100.0
    findings = (*(season.weather.findings if season.weather else ()), *plants.findings)
    if supply is not None:
        findings = (*findings, *_gap_findings(plants, supply, float(curve.load[0])))
        findings = (*findings, *_security_findings(plants, load + constant, guaranteed, design))
    phases = phase_loads(state, season, guaranteed)
    notes = (*season.notes, *plants.notes)
    return DurationStudy(
        season, load, curve, stated, found, plants, supply, guaranteed, phases, tuple(findings), notes
    )  # fmt: skip


def _total(values: Array, used: Any) -> float:
    return float(np.nansum(values[used]))


# the heating season --------------------------------------------------------------------------------------


def find_season(options: Mapping[str, Any]) -> Season:
    """The heating season of the options: a series where `weather` names one, else the design climate.

    Raises
    ------
    InputError
        If something that is needed is not stated.
    """
    indoor = options["load_indoor_temp_c"]
    indoor = options["indoor_temp_c"] if indoor is None else indoor
    start, design = options["heating_start_temp_c"], options["design_outdoor_temp_c"]
    dates = _dates(options)
    days = _days(options, dates)
    weather = read_weather(Path(options["weather"]), options["weather_step_h"]) if options["weather"] else None
    mean = options["mean_outdoor_temp_c"]
    if weather is None:
        for name, value in (
            ("design_outdoor_temp_c", design), ("mean_outdoor_temp_c", mean), ("heating_days", days),
        ):  # fmt: skip
            if value is None:
                raise InputError(
                    f"the load duration needs the design climate, and {name} is not stated: give it with"
                    f" --{name.replace('_', '-')}, in the project file, or name an hourly series with --weather."
                )
        climate = Climate(design, mean, start, float(days), indoor)
        return Season(duration_of_climate(climate), climate, None, ())
    daily, notes = daily_means(weather.outdoor, weather.day), weather.notes
    if design is None:
        design = design_temperature(daily)
        notes = (*notes, f"design_outdoor_temp_c is {design:.1f} degC, the daily mean that 5 days of the weather are below")
    if dates is not None:
        if not weather.date.all():
            raise InputError("the weather has no dates: name its heating season by heating_days or heating_start_temp_c.")
        season = season_of_dates(weather.date, *dates)
    elif days is not None:
        season = coldest_days(daily, round(days), whole_year=weather.is_whole_year)
    else:
        season = days_of_heating(daily, start, whole_year=weather.is_whole_year)
    duration = duration_of_series(
        weather.outdoor, weather.step, season=season[weather.day], heating_start=start, indoor=indoor,
        design_outdoor=design,
    )  # fmt: skip
    climate = None if mean is None or days is None else Climate(design, mean, start, float(days), indoor)
    return Season(duration, climate, weather, (*notes, _season_note(weather, season)))


def _season_note(weather: Weather, season: Any) -> str:
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
    """Length of the season [d]: as stated, else from date to date, both counted."""
    if options["heating_days"] is not None or dates is None:
        return None if options["heating_days"] is None else float(options["heating_days"])
    first, last = (pd.Timestamp(2023, d // 100, min(d % 100, 28) if d // 100 == 2 else d % 100) for d in dates)
    return float((last - first).days % 365 + 1)


# sources -------------------------------------------------------------------------------------------------


def find_plants(state: State, phase: str) -> Plants:
    """Sources that stand in a phase and state a capacity, in the order in which they are loaded."""
    table = state.layers.get("sources")
    table = table[standing(words(table, "phase"), phase or None, state.order)]
    names, capacity = words(table, "source_id"), numbers(table, "capacity_mw")
    unknown = np.isnan(capacity)
    findings = findings_about(
        table[unknown], "capacity-unknown", "warning", "sources",
        (f"source {name} states no capacity_mw: it is left out of the load duration." for name in names[unknown]),
    )  # fmt: skip
    table, capacity = table[~unknown], capacity[~unknown]
    unit = numbers(table, "largest_unit_mw")
    role = words(table, "role", "base")
    ranks = {name: rank for rank, name in enumerate(columns("sources")["role"].choices)}
    order = np.argsort([ranks[r] for r in role], kind="stable")
    names, above = words(table, "source_id"), unit > capacity
    findings += findings_about(
        table[above], "unit-above-capacity", "warning", "sources",
        (f"source {name} states a largest unit above its capacity: the capacity counts." for name in names[above]),
    )  # fmt: skip
    whole = ", ".join(str(n) for n in names[np.isnan(unit)])
    notes = (f"sources: {whole} without largest_unit_mw counts as one unit",) if whole else ()
    unit = np.fmin(unit, capacity)
    return Plants(table.iloc[order], role[order], capacity[order], unit[order], tuple(findings), notes)


def _gap_findings(plants: Plants, supply: Dispatch, largest: float) -> list[Finding]:
    """Whether the sources suffice, and whether it takes the reserve."""
    total = float(plants.capacity.sum())
    if supply.gap > 0.0:
        message = (
            f"All sources together give {total / 1e6:.1f} MW, the largest load is {largest / 1e6:.1f} MW:"
            f" {supply.gap / 1e6:.1f} MW are missing, {supply.unmet_time / HOUR:.0f} h of the year are not fully met,"
            f" and {supply.unmet_heat / 1e9:.0f} GJ are not given."
        )
        return [Finding("capacity-gap", "error", "sources", message)]
    reserve = plants.role == "reserve"
    hours = float(((supply.output[reserve] > 0.0).any(axis=0) * supply.time).sum()) / HOUR if reserve.any() else 0.0
    if hours == 0.0:
        return []
    message = (
        f"Base and peak sources give {plants.capacity[~reserve].sum() / 1e6:.1f} MW, the largest load is"
        f" {largest / 1e6:.1f} MW: the reserve runs {hours:.0f} h of the year, and is none in these hours."
    )
    return [Finding("capacity-gap", "warning", "sources", message)]


def _security_findings(plants: Plants, load: float, guaranteed: float, design: float) -> list[Finding]:
    """Whether the guaranteed share is given when the largest unit is out; the reserve counts."""
    alone, all_of_them = (plants.security(load, with_reserve=w) for w in (False, True))
    if alone.share >= guaranteed:
        return []
    found = [(all_of_them, "warning")] if all_of_them.share < guaranteed else [(alone, "info")]
    (security, severity) = found[0]
    used = np.ones(len(plants), bool) if security is all_of_them else plants.role != "reserve"
    if not used.any():
        used[:] = True
    worst = int(np.flatnonzero(used)[np.argmax(plants.largest_unit[used])])
    name = plants.table["source_id"].iloc[worst]
    with_reserve = f"; with the reserve it is {all_of_them.share:.1%}" if severity == "info" else ""
    message = (
        f"Without the largest unit ({security.largest_unit / 1e6:.1f} MW of source {name})"
        f" {security.remaining / 1e6:.1f} MW are left, {security.share:.1%} of the largest load;"
        f" {guaranteed:.0%} is to be guaranteed at a design outdoor temperature of {design:g} degC{with_reserve}."
    )
    word: Severity = "warning" if severity == "warning" else "info"
    return findings_about(plants.table.iloc[[worst]], "security-below-guarantee", word, "sources", [message])


# tables --------------------------------------------------------------------------------------------------


def phases_of(state: State) -> tuple[str, ...]:
    """Phases that the project names, else those that features name; the computed one where there are none."""
    tables = (state.layers.get(name) for name in ("pipes", "stations", "sources"))
    used = {phase for table in tables for phase in words(table, "phase")}
    return state.project.phases or tuple(p for p in state.order if p in used) or (state.phase,)


def phase_loads(state: State, season: Season, guaranteed: float) -> pd.DataFrame:
    """Loads, capacities and security of every phase (layer phase_loads).

    Loads are those by the mean outdoor temperature where there is a design climate, else those of the series.
    """
    constant = state.options["constant_load_mw"] * 1e6
    rows = []
    for phase in phases_of(state):
        stations = loads_of(state, phase).network.stations
        load, area = _total(stations.load, stations.in_service), _total(stations.heated_area, stations.in_service)
        if season.climate is not None:
            loads = climate_statistics(load, season.climate, constant=constant)
        else:
            loads = duration_statistics(season.duration, load, constant=constant)
        plants = find_plants(state, phase)
        reserve = plants.role == "reserve"
        alone, all_of_them = (plants.security(loads.maximum, with_reserve=w) for w in (False, True))
        rows.append(
            {
                "phase": phase or "all", "heated_area_m2": area, "heat_index_w_m2": load / area if area else np.nan,
                "indoor_temp_c": loads.indoor, "largest_load_mw": loads.maximum / 1e6, "mean_load_mw": loads.mean / 1e6,
                "least_load_mw": loads.minimum / 1e6, "heat_gj": loads.heat / 1e9,
                "capacity_mw": plants.capacity[~reserve].sum() / 1e6, "reserve_mw": plants.capacity[reserve].sum() / 1e6,
                "largest_unit_mw": all_of_them.largest_unit / 1e6, "security_percent": 100.0 * alone.share,
                "security_with_reserve_percent": 100.0 * all_of_them.share, "guaranteed_percent": 100.0 * guaranteed,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def duration_table(study: DurationStudy) -> pd.DataFrame:
    """The duration curve with what each role gives, a row a step (layer duration)."""
    curve, supply, role = study.curve, study.supply, study.plants.role
    given = {
        f"{name}_mw": np.zeros(len(curve.load)) if supply is None else supply.output[role == name].sum(axis=0) / 1e6
        for name in columns("sources")["role"].choices
    }
    return pd.DataFrame(
        {
            "end_h": curve.end / HOUR, "outdoor_temp_c": curve.outdoor, "load_mw": curve.load / 1e6,
            "load_percent": 100.0 * curve.load / curve.load[0], **given,
            "unmet_mw": np.full(len(curve.load), np.nan) if supply is None else supply.unmet / 1e6,
        }
    )  # fmt: skip


def dispatch_table(study: DurationStudy) -> pd.DataFrame:
    """What each source gives (layer dispatch), in the order in which they are loaded; empty without capacities."""
    plants, supply = study.plants, study.supply
    if supply is None:
        return pd.DataFrame({name: [] for name in columns("dispatch")})
    return pd.DataFrame(
        {
            "source_id": words(plants.table, "source_id", ""), "name": words(plants.table, "name", ""),
            "role": plants.role, "phase": words(plants.table, "phase", ""), "capacity_mw": plants.capacity / 1e6,
            "largest_unit_mw": plants.largest_unit / 1e6, "largest_output_mw": supply.output.max(axis=1) / 1e6,
            "heat_gj": supply.heat / 1e9, "heat_percent": 100.0 * supply.share, "running_h": supply.running / HOUR,
            "full_load_h": supply.full_load / HOUR,
        }
    )  # fmt: skip
