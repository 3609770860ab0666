"""A sweep on a Dask cluster: the network goes to every worker once, chunks of scenarios are tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gisheat.errors import InputError
from gisheat.sweeps.outcome import Outcome
from gisheat.sweeps.scenarios import Scenarios

AHEAD = 4
"""Tasks for each thread of the cluster that wait or run: enough to keep it busy, few enough for its memory."""


def solve_on_cluster(client: Any, work: Any, chunks: Iterable[Scenarios]) -> Iterator[Outcome]:
    """Outcomes of chunks, in their order.

    Parameters
    ----------
    client : dask.distributed.Client
    work : object
        With a method `solve`; sent to every worker once.
    """
    try:
        from dask.distributed import Client
    except ImportError:
        raise InputError("a cluster needs dask.distributed: install gisheat[cluster].") from None
    if not isinstance(client, Client):
        raise InputError(f"client is {type(client).__name__}: a dask.distributed.Client is needed.")
    sent = client.scatter(work, broadcast=True)
    most = AHEAD * max(1, sum(client.nthreads().values()))
    waiting = []
    try:
        for chunk in chunks:
            waiting.append(client.submit(_solve, sent, chunk, pure=False))
            if len(waiting) >= most:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        client.cancel([*waiting, sent])


def _solve(work: Any, scenarios: Scenarios) -> Outcome:
    return work.solve(scenarios)
