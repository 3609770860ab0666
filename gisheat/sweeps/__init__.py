"""Sweeps: many load cases or outages of one network in one call.

Scenarios of a network whose stations hold their flows are solved side by side in lanes of one pattern, on two
threads; others one after the other. The same sweep runs on a Dask cluster with the same numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.equations.solving import fast_engine
from gisheat.errors import Cancelled, InputError
from gisheat.hydraulics.stations import PUMP_EFFICIENCY
from gisheat.network import Index, Network
from gisheat.network.arrays import CONSTANT_HEAD, HELD, REQUIRED
from gisheat.physics.friction import LAWS, Law
from gisheat.physics.pressure import GRAVITY
from gisheat.sweeps.outcome import KEEPABLE, Outcome, kept_tables, no_outcome, scenario_table
from gisheat.sweeps.results import ParquetFolder, SweepResults
from gisheat.sweeps.scenarios import Scenarios, combined, outages, read_scenarios
from gisheat.sweeps.single import solve_all

__all__ = ["SweepResults", "combined", "lanes_apply", "outages", "sweep"]

CHUNK = 128
"""Scenarios that are solved and written together: a task of a cluster, a part of a Parquet table."""

KEPT_PIPES = 4_000_000
"""Pipes times scenarios of a chunk whose tables are kept: some 300 MB."""

Progress = Callable[[float, str], bool | None]


def sweep(  # noqa: PLR0913 (what solve takes, and more)
    network: Network, scenarios: Any, *, flows: Any = None, keep: Sequence[str] = (), details: str | Path | None = None,
    friction: Law = "colebrook", supply_temp_c: float | None = None, return_temp_c: float | None = None,
    density_kg_m3: float | None = None, viscosity_pa_s: float | None = None,
    heat_capacity_j_kg_k: float | None = None, gravity_m_s2: float = GRAVITY,
    station_pump_efficiency: float = PUMP_EFFICIENCY, tolerance: float = 1e-10, max_iterations: int = 200,
    threads: int = 2, client: Any = None, progress: Progress | None = None,
) -> SweepResults:  # fmt: skip
    """Solve many scenarios of one network.

    Each scenario has the numbers that `solve` finds for the network with its loads, temperatures, and pipes and
    sources out of service. Stations that an outage cuts off from the sources are left out and named. A scenario
    without a result is a row with the reason, never the end of the sweep.

    Parameters
    ----------
    network : Network
        With a bore for every pipe in service.
    scenarios : table
        One row a scenario: scenario_id, load_factor (1), outage and source_outage (ids separated by semicolons),
        supply_temp_c, return_temp_c; all optional, what is empty is as in the network.
    flows : table or array, optional
        Flows of stations [t/h] (one-pipe networks: of nodes) in place of the network's loads times the load factor:
        a table whose columns are station ids, or an array of shape (scenarios, stations); NaN as in the network.
    keep : sequence of str
        Which of pipes, nodes and stations to keep for every scenario.
    details : path, optional
        Folder to write all tables to as Parquet, part by part, so that what is kept need not fit into memory; the
        results then hold the table of scenarios alone.
    friction, supply_temp_c, return_temp_c, density_kg_m3, viscosity_pa_s, heat_capacity_j_kg_k, gravity_m_s2,
    station_pump_efficiency, tolerance, max_iterations
        As in `solve`.
    threads : int
        Threads of this process; not used with a client.
    client : dask.distributed.Client, optional
        Cluster to run on. The network goes to every worker once, scenarios in tasks.
    progress : callable, optional
        Called with the share done and a word; returning False cancels.

    Raises
    ------
    InputError
        For an unknown option or column, or a table that does not fit the network.
    Cancelled
        If the progress callback asks for it.

    Examples
    --------
    >>> import gisheat, pandas as pd
    >>> network = gisheat.Network.from_tables(
    ...     pd.DataFrame({"node_id": ["S", "A", "B"]}),
    ...     pd.DataFrame(
    ...         {
    ...             "pipe_id": ["S-A", "A-B"],
    ...             "from_node": ["S", "A"],
    ...             "to_node": ["A", "B"],
    ...             "length_m": [500.0, 300.0],
    ...             "inner_diameter_mm": [207.0, 150.0],
    ...         }
    ...     ),
    ...     pd.DataFrame({"station_id": ["1", "2"], "node_id": ["A", "B"], "load_kw": [4000.0, 3000.0]}),
    ...     pd.DataFrame({"source_id": ["S"], "node_id": ["S"], "supply_temp_c": [110.0], "return_temp_c": [60.0]}),
    ... )
    >>> table = pd.DataFrame({"load_factor": [1.0, 0.5, 1.0], "outage": ["", "", "A-B"]})
    >>> found = sweep(network, table).scenarios
    >>> found["heat_load_mw"].tolist(), found["stations_not_supplied"].tolist()
    ([7.0, 3.5, 4.0], ['', '', '2'])
    """
    if friction not in LAWS:
        raise InputError(f"friction {friction!r} is unknown: choose one of {', '.join(LAWS)}.")
    for name in keep:
        if name not in KEEPABLE:
            raise InputError(f"keep: {name!r} is unknown: choose of {', '.join(KEEPABLE)}.")
    if threads < 1:
        raise InputError(f"threads is {threads}: a whole number, 1 or more, is needed.")
    options: dict[str, Any] = {
        "friction": friction, "supply_temp_c": supply_temp_c, "return_temp_c": return_temp_c,
        "density_kg_m3": density_kg_m3, "viscosity_pa_s": viscosity_pa_s,
        "heat_capacity_j_kg_k": heat_capacity_j_kg_k, "gravity_m_s2": gravity_m_s2,
        "station_pump_efficiency": station_pump_efficiency, "tolerance": tolerance, "max_iterations": max_iterations,
    }  # fmt: skip
    kept = tuple(dict.fromkeys(name for name in keep if network.two_pipe or name != "stations"))
    read = read_scenarios(network, scenarios, flows)
    order = _by_sources(read)
    solved = no_outcome(network, len(read), ())
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in kept}
    with ExitStack() as stack:
        folder = None if details is None else stack.enter_context(ParquetFolder(Path(details)))
        done = 0
        for rows, outcome in _solve(network, options, kept, read, order, threads, client):
            solved.place(rows, outcome)
            for name, table in kept_tables(network, read.id[rows], outcome.kept).items():
                if folder is None:
                    parts[name].append(table)
                else:
                    folder.write(name, table)
            done += len(rows)
            if progress is not None and progress(done / len(read), f"{done} of {len(read)} scenarios") is False:
                raise Cancelled("cancelled; nothing was written.")
        table = scenario_table(network, read, solved)
        if folder is not None:
            folder.write("scenarios", table)
            return SweepResults(table)
    whole = {name: _joined(tables, read) for name, tables in parts.items()}
    return SweepResults(table, whole.get("pipes"), whole.get("nodes"), whole.get("stations"))


def lanes_apply(network: Network) -> bool:
    """Tell whether scenarios of a network go through lanes: stations hold their flows, nothing regulates."""
    sources, held = network.sources, (network.stations.control == HELD).all()
    known = ~np.isnan(sources.supply_head)
    given = (sources.pump_control == REQUIRED) | ((sources.pump_control == CONSTANT_HEAD) & known)
    devices = len(network.valves) + len(network.pumps)
    return bool(held and given.all() and not devices and fast_engine() is not None)


def _by_sources(scenarios: Scenarios) -> Index:
    """Order in which scenarios with the same sources in service stand together, else as given."""
    keys = [row.tobytes() for row in scenarios.sources_on]
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    return np.argsort(np.array([first[key] for key in keys], np.int64), kind="stable")


def _joined(tables: list[pd.DataFrame], scenarios: Scenarios) -> pd.DataFrame:
    """Parts of a kept table, in the order of the scenarios."""
    if not tables:
        return pd.DataFrame()
    ids = pd.CategoricalDtype(pd.Index(scenarios.id))
    whole = pd.concat([t.assign(scenario_id=t["scenario_id"].astype(ids)) for t in tables], ignore_index=True)
    return whole.sort_values("scenario_id", kind="stable", ignore_index=True)


def _solve(
    network: Network, options: dict[str, Any], keep: tuple[str, ...], scenarios: Scenarios,
    order: Index, threads: int, client: Any,
) -> Iterator[tuple[Index, Outcome]]:  # fmt: skip
    """Outcomes of chunks of scenarios, in their order."""
    plan = _Work(network, options, keep)
    size = CHUNK if not keep else int(np.clip(KEPT_PIPES // max(len(network.pipes), 1), 32, CHUNK))
    if client is None and threads > 1:  # few scenarios: something for every thread
        size = int(np.clip(-(-len(order) // threads), 1, size))
    chunks = [order[i : i + size] for i in range(0, len(order), size)]
    if client is not None:
        from gisheat.sweeps.cluster import solve_on_cluster

        yield from zip(chunks, solve_on_cluster(client, plan, map(scenarios.take, chunks)), strict=True)
        return
    waiting: deque[tuple[Index, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for rows in chunks:
                waiting.append((rows, pool.submit(plan.solve, scenarios.take(rows))))
                if len(waiting) > 2 * threads:  # what is done waits for who writes it
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


class _Work:
    """What is to be done with a chunk of scenarios, wherever that is."""

    def __init__(self, network: Network, options: dict[str, Any], keep: tuple[str, ...]) -> None:
        self.network, self.options, self.keep = network, options, keep
        self._plan: Any = None
        if lanes_apply(network):
            from gisheat.sweeps.plan import Plan

            self._plan = Plan(network, options, keep)

    def solve(self, scenarios: Scenarios) -> Outcome:
        """Solve some scenarios."""
        if self._plan is not None:
            from gisheat.sweeps.batches import solve_chunk

            return solve_chunk(self._plan, scenarios)
        outcome = no_outcome(self.network, len(scenarios), self.keep)
        solve_all(self.network, scenarios, self.options, outcome, np.arange(len(scenarios)))
        return outcome
