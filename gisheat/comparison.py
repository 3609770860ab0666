"""Scenarios of the project file solved beside the main run, and compared with it in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from gisheat.errors import GisheatError, InputError
from gisheat.findings import Finding, count_by_severity
from gisheat.network import Network
from gisheat.option_sets import ScenarioOptions
from gisheat.results import Results
from gisheat.signature import checked
from gisheat.stages import add_loads, add_solution
from gisheat.state import Progress, State, report

MAIN = "main"
"""Name of the row of the main run."""


def scenario(**options: Unpack[ScenarioOptions]) -> None:
    """Take what a scenario may change; only its signature is used."""


def add_comparison(state: State, progress: Progress | None = None) -> State:
    """Add the comparison of the scenarios, where the project file has any."""
    if not state.project.scenarios:
        return state
    compared, findings = compare_scenarios(state, progress)
    return replace(state, comparison=compared, findings=(*state.findings, *findings))


def compare_scenarios(state: State, progress: Progress | None = None) -> tuple[pd.DataFrame, list[Finding]]:
    """Solve each scenario with the sizes of the main run; one row each, the main run first.

    A scenario that has no solution is a row with the reason, and a finding where the project file is at fault (a
    pipe that is not there, say).

    Parameters
    ----------
    state : State
        Solved.

    Raises
    ------
    InputError
        If a scenario sets an unknown option, or a value out of its range.
    """
    where = f"project file {state.project.path}"
    wanted = {
        name: checked(scenario, options, f"{where}, [scenarios.{name}]")
        for name, options in state.project.scenarios.items()
    }
    rows, findings = [_row(MAIN, {}, state.results, state, "")], []
    for count, (name, options) in enumerate(wanted.items()):
        report(progress, 0.7 + 0.04 * count / len(wanted), f"scenario {name}")
        try:
            rows.append(_solved(state, name, options))
        except GisheatError as error:
            rows.append(_row(name, options, None, state, str(error)))
            if isinstance(error, InputError):
                sentence = f"Scenario {name} has no result: {error}"
                findings.append(Finding("scenario-failed", "error", "comparison", sentence))
    return pd.DataFrame(rows), findings


def _solved(state: State, name: str, options: dict[str, Any]) -> dict[str, Any]:
    assert state.sizing is not None
    bore = state.sizing.network.pipes.inner_diameter
    assert state.drawing is not None
    drawing = replace(state.drawing, network=_warmed(state.drawing.network, options))
    options_ = {**state.options, **options}
    first: State = replace(state, options=options_, drawing=drawing, findings=(), results=None, loads=None)
    loaded = add_loads(first)
    assert loaded.loads is not None
    loads = replace(loaded.loads, network=loaded.loads.network.with_bores(bore))
    solved = add_solution(replace(loaded, loads=loads))
    return _row(name, options, solved.results, solved, "")


def _warmed(network: Network, options: dict[str, Any]) -> Network:
    """The network with the temperatures of a scenario in place of those that its sources and stations state."""
    for name, column in (("supply_temp_c", "supply_temperature"), ("return_temp_c", "return_temperature")):
        if name in options:
            given = options[name] + 273.15
            stations, sources = network.stations, network.sources
            network = replace(
                network,
                stations=replace(stations, **{column: np.full(len(stations), given)}),
                sources=replace(sources, **{column: np.full(len(sources), given)}),
            )
    return network


def _row(name: str, options: dict[str, Any], results: Results | None, state: State, message: str) -> dict[str, Any]:
    """One row of the table; empty where there is no result."""
    changed = "; ".join(f"{key} = {value}" for key, value in options.items())
    row: dict[str, Any] = {"scenario_id": name, "changed": changed, "message": message}
    if results is None or results.station is None or results.source is None or results.critical is None:
        return row
    station, source, stations = results.station, results.source, results.network.stations
    worst = results.critical.station
    short = stations.in_service & ~station.served
    return row | {
        "heat_load_mw": float(np.nansum(station.load)) / 1e6,
        "heat_mw": float(np.nansum(station.heat)) / 1e6,
        "flow_t_h": float(np.nansum(source.flow)) * 3.6,
        "pump_head_m": float(np.nanmax(source.pump_head)),
        "pump_power_kw": float(np.nansum(source.pump_power) + np.nansum(station.pump_power)) / 1e3,
        "worst_station": str(stations.id[worst]),
        "least_surplus_head_m": float(station.surplus_head[worst]),
        "stations_short": int(short.sum()),
        "errors": count_by_severity(state.findings)["error"],
    }
