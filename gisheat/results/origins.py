"""Which source the water of a station comes from, and where the streams of several sources meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gisheat.network import Array, Index
from gisheat.numerics.incidence import accumulate, sum_at
from gisheat.results.model import AT_REST

if TYPE_CHECKING:
    from gisheat.results.model import Results

UNMIXED = 1e-6
"""Shares below this are rounding."""


def node_shares(results: Results) -> Array:
    """Share of each source in the supply water of each node, shape (nodes, sources); zero where nothing flows.

    At a node all that arrives is mixed; every stream that leaves carries the mixture.
    """
    network, source = results.network, results.source
    assert source is not None
    count = len(network.nodes)
    start, end, q = _supply_links(results)
    given = np.maximum(np.nan_to_num(source.flow), 0.0)
    arriving = sum_at(end, q, count) + sum_at(network.sources.supply_node, given, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(arriving[end] > 0.0, q / arriving[end], 0.0)
        own = np.where(arriving[network.sources.supply_node] > 0.0, given / arriving[network.sources.supply_node], 0.0)
    rhs = np.zeros((count, len(given)))
    np.add.at(rhs, (network.sources.supply_node, np.arange(len(given))), own)
    return np.clip(accumulate(start, end, share, rhs), 0.0, 1.0)


def station_shares(results: Results) -> pd.DataFrame:
    """Table: station_id, source_id, share of the station's water that the source gives; only shares above zero."""
    network = results.network
    shares = node_shares(results)[network.stations.supply_node]
    rows, columns = np.nonzero((shares > UNMIXED) & network.stations.in_service[:, None])
    return pd.DataFrame(
        {
            "station_id": network.stations.id[rows],
            "source_id": network.sources.id[columns],
            "share": shares[rows, columns],
        }
    )


def meeting_nodes(results: Results) -> Index:
    """Nodes at which streams of different mixtures meet: the borders between the areas of the sources."""
    shares = node_shares(results)
    start, end, q = _supply_links(results)
    differs = np.abs(shares[start] - shares[end]).max(axis=1, initial=0.0) > UNMIXED
    return np.unique(end[differs & (q > 0.0)])


def _supply_links(results: Results) -> tuple[Index, Index, Array]:
    """Ends of the links of the supply in the sense of their flow, and the flows [kg/s], those at rest left out."""
    pipes, links = results.network.pipes, results.links
    start, end, q = pipes.start, pipes.end, np.nan_to_num(results.supply.flow)
    if links is not None:
        on = links.side == 0
        start, end = np.concatenate([start, links.start[on]]), np.concatenate([end, links.end[on]])
        q = np.concatenate([q, np.nan_to_num(links.flow[on])])
    moving = np.abs(q) > AT_REST * np.abs(q).max(initial=0.0)
    start, end, q = start[moving], end[moving], q[moving]
    return np.where(q >= 0.0, start, end), np.where(q >= 0.0, end, start), np.abs(q)
