"""Scenarios as arrays, read from a table; and the network of one scenario, for the solver of single states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError, TopologyError
from gisheat.hydraulics import connected
from gisheat.hydraulics.sources import follows_head
from gisheat.network import Array, Index, Mask, Network, Text
from gisheat.numerics.incidence import reachable
from gisheat.project import did_you_mean
from gisheat.schema import input_columns, to_si

SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Scenarios of one network; of shape (scenarios,) where nothing else is said."""

    id: Text
    load_factor: Array
    flow: Array | None
    """Given flows [kg/s] of stations (one-pipe networks: of nodes), shape (scenarios, stations); NaN: the network's."""
    pipes_out: tuple[Index, ...]
    """Pipes out of service."""
    sources_on: Mask
    """Which sources are in service, shape (scenarios, sources)."""
    supply_temperature: Array
    """[K], NaN: the network's."""
    return_temperature: Array
    wrong: Text
    """What is wrong with a scenario, empty where nothing is."""

    def __len__(self) -> int:
        return len(self.id)

    def take(self, rows: Index | slice) -> Scenarios:
        """Some of the scenarios, in their order."""
        chosen = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        return Scenarios(
            self.id[rows], self.load_factor[rows], None if self.flow is None else self.flow[rows],
            tuple(self.pipes_out[i] for i in chosen), self.sources_on[rows], self.supply_temperature[rows],
            self.return_temperature[rows], self.wrong[rows],
        )  # fmt: skip


def read_scenarios(network: Network, table: Any, flows: Any = None) -> Scenarios:
    """Scenarios from tables.

    Parameters
    ----------
    network : Network
    table : table
        One row a scenario, columns of the contract's table `scenarios`; what is empty is as in the network.
    flows : table or array, optional
        Flow of stations [t/h], one row a scenario in the same order: a table whose columns are station ids, or an
        array of shape (scenarios, stations). One-pipe networks: of nodes.

    Raises
    ------
    InputError
        For a column that looks like a slip, a doubled id, or flows that do not fit. What is wrong with single
        scenarios stands in `wrong`.
    """
    known = input_columns("scenarios")
    for column in table:
        near = did_you_mean(str(column), tuple(known))
        if column not in known and "did you mean" in near:
            raise InputError(f"scenarios: the column {column!r} is unknown{near}.")
    count = len(table[next(iter(table))]) if list(table) else 0
    ids = _texts(table, "scenario_id", count)
    ids = np.array([name or str(i + 1) for i, name in enumerate(ids.tolist())], dtype=object)
    if len(set(ids)) < count:
        twice = pd.Series(ids)[pd.Series(ids).duplicated()].iloc[0]
        raise InputError(f"scenarios: scenario_id {twice!r} occurs more than once; identifiers must be unique.")
    wrong = np.full(count, "", dtype=object)
    factor, hot, cold = (
        _numbers(table, name, count, wrong) for name in ("load_factor", "supply_temp_c", "return_temp_c")
    )
    given = _flows(network, flows, count)
    _note(wrong, (factor < 0.0) | np.isinf(factor), "load_factor must be a finite number, not below 0")
    if given is not None:
        bad: Mask = np.isinf(given) | ((given < 0.0) & network.two_pipe)
        _note(wrong, np.asarray(bad.any(axis=1)), "a flow must be a finite number, not below 0")
    pipes, sources = (
        _named(_texts(table, column, count), names, what, wrong)
        for column, names, what in (
            ("outage", network.pipes.id, "pipe"),
            ("source_outage", network.sources.id, "source"),
        )
    )
    sources_on = np.repeat(network.sources.in_service[None, :], count, axis=0)
    for i, out in enumerate(sources):
        sources_on[i, out] = False
    return Scenarios(
        ids, np.where(np.isnan(factor), 1.0, factor), given, pipes, sources_on, hot + 273.15, cold + 273.15, wrong
    )


def _texts(table: Any, column: str, count: int) -> Text:
    if column not in table:
        return np.full(count, "", dtype=object)
    return np.array(["" if v is None or v != v else str(v) for v in table[column]], dtype=object)  # noqa: PLR0124


def _numbers(table: Any, column: str, count: int, wrong: Text) -> Array:
    if column not in table:
        return np.full(count, np.nan)
    values = pd.Series(np.asarray(table[column], dtype=object))
    numbers = pd.to_numeric(values, errors="coerce")
    _note(
        wrong,
        (numbers.isna() & values.notna() & (values.astype(str).str.strip() != "")).to_numpy(),
        f"{column} is no number",
    )
    return numbers.to_numpy(float)


def _note(wrong: Text, where: Mask, message: str) -> None:
    wrong[where & (wrong == "")] = f"{message}."


def _flows(network: Network, flows: Any, count: int) -> Array | None:
    """Flows as an array for all stations (or nodes), NaN for those that the table does not name."""
    if flows is None:
        return None
    names = network.stations.id if network.two_pipe else network.nodes.id
    what = "stations" if network.two_pipe else "nodes"
    if isinstance(flows, np.ndarray):
        if flows.shape != (count, len(names)):
            raise InputError(
                f"flows: an array of {count} scenarios x {len(names)} {what} is needed, not {flows.shape}."
            )
        return to_si(flows, "flow_t_h")
    number = {str(name): i for i, name in enumerate(names)}
    columns = [c for c in flows if c != "scenario_id"]
    for column in columns:
        if str(column) not in number:
            raise InputError(
                f"flows: the column {column!r} is none of the {what}{did_you_mean(str(column), tuple(number))}."
            )
    result = np.full((count, len(names)), np.nan)
    if len(flows) != count:
        raise InputError(f"flows: {len(flows)} rows for {count} scenarios.")
    try:
        for column in columns:
            result[:, number[str(column)]] = pd.to_numeric(pd.Series(np.asarray(flows[column])))
    except (ValueError, TypeError) as error:
        raise InputError(f"flows: a flow is no number ({error}).") from error
    return to_si(result, "flow_t_h")


def _named(texts: Text, names: Text, what: str, wrong: Text) -> tuple[Index, ...]:
    """Places of the names that stand in each text, separated by semicolons."""
    number = {str(name): i for i, name in enumerate(names)}
    nothing = np.zeros(0, np.int64)
    found = []
    for i, text in enumerate(texts):
        parts = [part.strip() for part in text.split(SEPARATOR) if part.strip()] if text else []
        unknown = [part for part in parts if part not in number]
        if unknown and not wrong[i]:
            wrong[i] = f"{what} {unknown[0]!r} is not in the network."
        places = sorted({number[part] for part in parts if part in number})
        found.append(np.array(places, np.int64) if places else nothing)
    return tuple(found)


def outages(network: Network, pipes: Mask | None = None) -> pd.DataFrame:
    """Scenarios in which each pipe in service is out once.

    Parameters
    ----------
    pipes : bool array, shape (pipes,), optional
        Which pipes; all in service when not given.
    """
    chosen = network.pipes.in_service if pipes is None else network.pipes.in_service & pipes
    ids = network.pipes.id[chosen].astype(str)
    return pd.DataFrame({"scenario_id": [f"without {name}" for name in ids], "outage": ids})


def combined(table: pd.DataFrame | None, load_factors: Sequence[float]) -> pd.DataFrame:
    """Each scenario of a table at each load factor (which multiplies its own); the factors alone without a table."""
    factors: Iterable[float] = load_factors or (1.0,)
    if table is None:
        return pd.DataFrame({"scenario_id": [f"load {f:g}" for f in factors], "load_factor": list(factors)})
    if not load_factors:
        return table
    numbers = pd.Series(range(1, len(table) + 1), index=table.index)
    ids = table["scenario_id"].where(table["scenario_id"].notna(), numbers) if "scenario_id" in table else numbers
    ids = ids.astype(str)
    stated = table["load_factor"].astype(object) if "load_factor" in table else pd.Series(1.0, index=table.index)
    blank = stated.isna() | (stated.astype(str).str.strip() == "")
    own = pd.to_numeric(stated, errors="coerce").where(~blank, 1.0)
    parts = [
        table.assign(scenario_id=ids + f", load {f:g}", load_factor=(f * own).astype(object).where(own.notna(), stated))
        for f in factors  # what is no number stays, for its scenario to say so
    ]
    return pd.concat(parts, ignore_index=True)


# one scenario as a network -------------------------------------------------------------------------------


def case(network: Network, scenarios: Scenarios, i: int) -> Network:
    """The network of scenario `i`, without the stations and sources that an outage cuts off.

    Raises
    ------
    TopologyError
        If nothing is left: no source, or no station that hangs together with one.
    """
    in_service = network.pipes.in_service.copy()
    in_service[scenarios.pipes_out[i]] = False
    changed = replace(network, pipes=replace(network.pipes, in_service=in_service))
    factor, flow = scenarios.load_factor[i], None if scenarios.flow is None else scenarios.flow[i]
    if not network.two_pipe:
        return _one_pipe_case(changed, factor, flow)
    own = network.stations.flow * factor
    asked = own if flow is None else np.where(np.isnan(flow), own, flow)
    # what a station's flow follows from is its exchanger and valve: they stay, whatever is asked of them
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.isnan(network.stations.flow), factor, asked / network.stations.flow)
    share = np.where(follows_head(network) & np.isfinite(share), share, 1.0)
    hot, cold = scenarios.supply_temperature[i], scenarios.return_temperature[i]
    stations = replace(
        network.stations,
        load=network.stations.load * factor,
        flow=asked,
        required_head=network.stations.required_head * share**2,
        exchanger_loss=network.stations.exchanger_loss * share**2,
        supply_temperature=_given(network.stations.supply_temperature, hot),
        return_temperature=_given(network.stations.return_temperature, cold),
    )
    sources = replace(
        network.sources,
        supply_temperature=_given(network.sources.supply_temperature, hot),
        return_temperature=_given(network.sources.return_temperature, cold),
        in_service=scenarios.sources_on[i],
    )
    changed = replace(changed, stations=stations, sources=sources)
    while True:  # a source that is cut off may have been what others hung on
        joined_stations, joined_sources = connected(changed)
        on = changed.sources.in_service & joined_sources
        if (on == changed.sources.in_service).all():
            break
        changed = replace(changed, sources=replace(changed.sources, in_service=on))
    served = stations.in_service & joined_stations
    if not on.any():
        raise TopologyError(NO_SOURCE)
    if not served.any():
        raise TopologyError(NO_STATION)
    return replace(changed, stations=replace(stations, in_service=served))


NO_SOURCE = "no source in service is left that hangs together with stations on both sides."
NO_STATION = "no station hangs together with a source."


def _given(own: Array, value: float) -> Array:
    return own if np.isnan(value) else np.full(len(own), value)


def _one_pipe_case(network: Network, factor: float, flow: Array | None) -> Network:
    demand = network.nodes.demand * factor
    if flow is not None:
        demand = np.where(np.isnan(flow), demand, flow)
    pipes, fixed = network.pipes, ~np.isnan(network.nodes.fixed_head)
    used = pipes.in_service
    wet = reachable(pipes.start[used], pipes.end[used], len(network.nodes), np.flatnonzero(fixed))
    return replace(network, nodes=replace(network.nodes, demand=np.where(wet, demand, 0.0)))
