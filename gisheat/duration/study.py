"""The load duration of a project: its loads by phase, the duration curve, its sources along it, their security."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gisheat import stages
from gisheat.dispatch import Dispatch, dispatch, guaranteed_share
from gisheat.duration.plants import Plants, find_plants, gap_findings, security_findings
from gisheat.duration.season import Season, find_season
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.load_duration import (
    LoadCurve,
    Statistics,
    climate_statistics,
    duration_statistics,
    load_curve,
)
from gisheat.network import Array, Mask
from gisheat.state import Progress, State, report
from gisheat.topology.attributes import words


@dataclass(frozen=True)
class DurationStudy:
    """What is to be told of the load duration of one phase, and of the loads of all."""

    season: Season
    design_load: float
    """Load of all stations at the design outdoor temperature, and the constant load [W]."""
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

    @property
    def statistics(self) -> Statistics:
        """Those that are told first: by the mean outdoor temperature where there is no weather."""
        return self.stated or self.found


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
        findings = (*findings, *gap_findings(plants, supply, load + constant))
        findings = (*findings, *security_findings(plants, load + constant, guaranteed, design))
    phases = phase_loads(state, season, guaranteed)
    notes = (*season.notes, *plants.notes)
    return DurationStudy(
        season, load + constant, curve, stated, found, plants, supply, guaranteed, phases, tuple(findings), notes
    )  # fmt: skip


def _total(values: Array, used: Mask) -> float:
    return float(np.nansum(values[used]))


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
        stations = stages.phase_loads(state, phase).network.stations
        load, area = _total(stations.load, stations.in_service), _total(stations.heated_area, stations.in_service)
        if season.climate is not None:
            loads = climate_statistics(load, season.climate, constant=constant)
        else:
            loads = duration_statistics(season.duration, load, constant=constant)
        plants = find_plants(state, phase)
        reserve = plants.role == "reserve"
        alone, all_of_them = (plants.security(load + constant, with_reserve=w) for w in (False, True))
        rows.append(
            {
                "phase": phase or "all", "heated_area_m2": area, "heat_index_w_m2": load / area if area else np.nan,
                "indoor_temp_c": loads.indoor, "largest_load_mw": loads.maximum / 1e6, "mean_load_mw": loads.mean / 1e6,
                "least_load_mw": loads.minimum / 1e6, "heat_gj": loads.heat / 1e9,
                "capacity_mw": plants.capacity[~reserve].sum() / 1e6,
                "reserve_mw": plants.capacity[reserve].sum() / 1e6,
                "largest_unit_mw": all_of_them.largest_unit / 1e6, "security_percent": 100.0 * alone.share,
                "security_with_reserve_percent": 100.0 * all_of_them.share, "guaranteed_percent": 100.0 * guaranteed,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def add_duration_findings(state: State, progress: Progress | None = None) -> State:
    """Add what is to be remarked of weather, capacities and security.

    Raises
    ------
    InputError
        As `study_duration`.
    """
    report(progress, 0.6, "load duration")
    study = study_duration(state)
    return replace(state, findings=(*state.findings, *study.findings), notes=(*state.notes, *study.notes))
