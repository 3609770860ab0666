"""The stage of a sweep: scenarios from files and options, solved on the network that the other stages have made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers import map_columns, read_table
from gisheat.network import TRUNK
from gisheat.operating_point import network_at, operating_points, outdoor_temperatures_of
from gisheat.schema import from_si
from gisheat.stages import require_load, solve_options
from gisheat.state import Progress, State, report
from gisheat.sweeps import combined, outages, sweep
from gisheat.sweeps.scenarios import NO_SOURCE, NO_STATION

MOST_FINDINGS = 100
"""Scenarios without a result that get a finding of their own."""


def add_sweep(state: State, progress: Progress | None = None) -> State:
    """Solve the scenarios that the options name.

    Raises
    ------
    InputError
        If no scenario is named, or a file does not fit.
    """
    assert state.loads is not None
    require_load(state, state.loads)
    table, flows, findings, notes = _scenarios(state)
    network = network_at(state.point, state.loads.network)

    def tell(share: float, what: str) -> None:
        report(progress, 0.7 + 0.05 * share, what)

    details = state.options["details"]
    found = sweep(
        network, table, flows=flows, threads=state.options["threads"], details=details,
        keep=() if details is None else ("pipes", "nodes", "stations"), progress=tell if progress else None,
        **solve_options(state),
    ).scenarios  # fmt: skip
    failed = found[~found["message"].isin(["", NO_SOURCE, NO_STATION])]
    findings += [
        Finding("scenario-failed", "error", "scenarios", f"Scenario {row.scenario_id} has no result: {row.message}")
        for row in failed.head(MOST_FINDINGS).itertuples()
    ]
    return replace(state, scenarios=found, findings=(*state.findings, *findings), notes=(*state.notes, *notes))


def _scenarios(state: State) -> tuple[pd.DataFrame, pd.DataFrame | np.ndarray | None, list[Finding], list[str]]:
    """Table of scenarios, flows, and what is to be said about the files."""
    options = state.options
    source, flow_source, which = options["scenarios"], options["flows"], options["outages"]
    factors = _factors(options["load_factors"])
    if options["outdoor_scenarios_c"]:
        if source or flow_source or which or factors:
            raise InputError("outdoor_scenarios_c are scenarios by themselves: give no other scenarios with them.")
        return _at_outdoor(state)
    if not (source or flow_source or which or factors):
        raise InputError(
            "sweep needs scenarios: give a table with --scenarios, or flows with --flows, or name --outages,"
            " --load-factors or --outdoor-scenarios-c."
        )
    if flow_source and (which or factors):
        raise InputError("flows are given row by row: --outages and --load-factors can't be combined with --flows.")
    findings: list[Finding] = []
    notes: list[str] = []
    parts = list[pd.DataFrame]()
    if source:
        read, findings, notes = _read(str(source))
        parts.append(read)
    if which:
        parts.append(_outages(state, which))
    table = pd.concat(parts, ignore_index=True) if parts else None
    if not flow_source:
        return combined(table, factors), None, findings, notes
    flows = _read_flows(str(flow_source))
    if table is None:
        ids = flows["scenario_id"] if "scenario_id" in flows else range(1, len(flows) + 1)
        return pd.DataFrame({"scenario_id": [str(i) for i in ids]}), flows, findings, notes
    return table, _in_order(flows, table), findings, notes


def _at_outdoor(state: State) -> tuple[pd.DataFrame, np.ndarray, list[Finding], list[str]]:
    """Scenarios at outdoor temperatures: flows of each station, and temperatures of the network as a whole."""
    assert state.loads is not None and state.drawing is not None
    outdoor = outdoor_temperatures_of("outdoor_scenarios_c", state.options["outdoor_scenarios_c"])
    points = operating_points(state.loads.network, state.drawing.stations, state.options, outdoor)
    table = pd.DataFrame({
        "scenario_id": [f"outdoor {point.outdoor:g}" for point in points],
        "supply_temp_c": [point.mean[0] for point in points],
        "return_temp_c": [point.mean[1] for point in points],
    })  # fmt: skip
    flows = from_si(np.array([point.flow * point.design_flow for point in points]), "flow_t_h")
    return table, flows, [], [point.sentence for point in points]


def _factors(text: str | None) -> list[float]:
    try:
        factors = [float(part) for part in (text or "").split(",") if part.strip()]
    except ValueError as error:
        raise InputError(
            f"load_factors is {text!r}: numbers separated by commas are needed, as in 0.2,0.5,1."
        ) from error
    if not all(np.isfinite(f) and f >= 0.0 for f in factors):
        raise InputError(f"load_factors is {text!r}: finite numbers, not below 0, are needed.")
    return factors


def _outages(state: State, which: str) -> pd.DataFrame:
    assert state.loads is not None and state.sizing is not None
    network = state.loads.network
    if which == "all":
        return outages(network)
    trunk = state.sizing.role == TRUNK
    if not (trunk & network.pipes.in_service).any():
        raise InputError("outages is 'trunk', but no pipe in service has the role trunk: name roles, or say all.")
    return outages(network, trunk)


def _read(source: str) -> tuple[pd.DataFrame, list[Finding], list[str]]:
    raw = _parquet("scenarios", source) if _is_parquet(source) else read_table("scenarios", source)
    table, findings, notes = map_columns("scenarios", raw, {})
    return pd.DataFrame(table).reset_index(drop=True), findings, notes


def _read_flows(source: str) -> pd.DataFrame:
    if _is_parquet(source):
        return _parquet("flows", source)
    if Path(source).suffix.lower() != ".csv":
        return pd.DataFrame(read_table("scenarios", source)).reset_index(drop=True)
    try:
        return pd.read_csv(source, dtype={"scenario_id": str})
    except (OSError, ValueError) as error:
        raise InputError(f"flows: {source} cannot be read: {str(error).splitlines()[0].rstrip('.')}.") from error


def _is_parquet(source: str) -> bool:
    return Path(source).suffix.lower() == ".parquet" or Path(source).is_dir()


def _parquet(what: str, source: str) -> pd.DataFrame:
    try:
        return pd.read_parquet(source)
    except ImportError as error:
        raise InputError(f"{what}: Parquet needs pyarrow, which is not installed: install gisheat[parquet].") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: {source} cannot be read: {str(error).splitlines()[0].rstrip('.')}.") from error


def _in_order(flows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Flows in the order of the scenarios, by their ids where both have some."""
    if "scenario_id" not in flows or "scenario_id" not in table:
        return flows
    wanted, own = table["scenario_id"].astype(str), flows["scenario_id"].astype(str)
    if own.duplicated().any() or set(own) != set(wanted):
        raise InputError("flows: scenario_id must name the same scenarios as the table of scenarios, each once.")
    place = pd.Series(range(len(own)), index=own.to_numpy())
    return flows.iloc[place[wanted.to_list()].to_numpy()].reset_index(drop=True)
