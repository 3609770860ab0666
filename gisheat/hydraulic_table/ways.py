"""The ways of the water in a table: what feeds every section, and the critical path of each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gisheat.errors import InputError
from gisheat.hydraulics.heads import strongest_feed
from gisheat.network import Array, Index, Text
from gisheat.network.arrays import PUMP
from gisheat.results import Results
from gisheat.results.origins import node_shares


class Links(NamedTuple):
    """Pipes in service, then valves and pumps, of one side; ends and losses [Pa] in the sense of the supply.

    A return pipe leads from where its water goes to where it comes from, so that flows [kg/s] and losses of an
    ordinary pair are positive on both sides.
    """

    id: Text
    pipe: Index
    """Row of the pipe, -1 for valves and pumps."""
    is_pump: np.ndarray
    start: Index
    end: Index
    flow: Array
    loss: Array


@dataclass(frozen=True, slots=True)
class Sections:
    """Rows of a table: which pipe or device each shows, in which sense, and after which row its losses add up."""

    supply: Links
    back: Links
    row: Index
    """Row in the links of the supply, -1 where only the return has the section; shape (rows,)."""
    return_row: Index
    sign: Array
    """-1 where the section is shown against the sense in which it is drawn."""
    after: Index
    """Row of this table from which the supply's losses add up, -1 at a source."""
    return_after: Index


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The way from a source to the one of its stations that has the least surplus head."""

    source: str
    station: str
    sections: Sections


def links_of(results: Results, side: int) -> Links:
    """Links of the supply (0) or the return (1)."""
    network, found, devices = results.network, results.supply, results.links
    if side:
        assert results.back is not None
        found = results.back
    pipes, way = network.pipes, -1.0 if side else 1.0
    used = np.flatnonzero(pipes.in_service & ~np.isnan(found.flow))
    parts = [(pipes.id[used], used, np.zeros(len(used), bool), pipes.start[used], pipes.end[used],
              way * found.flow[used], way * found.loss[used])]  # fmt: skip
    if devices is not None:
        at = np.flatnonzero(devices.side == side)
        is_pump = devices.kind[at] == PUMP
        ids = [(network.pumps if p else network.valves).id[r] for p, r in zip(is_pump, devices.row[at], strict=True)]
        start, end = (devices.end, devices.start) if side else (devices.start, devices.end)
        parts.append((np.array(ids, object), np.full(len(at), -1), is_pump, start[at], end[at],
                      devices.flow[at], devices.loss[at]))  # fmt: skip
    return Links(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def feeding(links: Links, nodes: int) -> tuple[Index, Index]:
    """Link that brings the most to each node, -1 where none does, and the node that each link's water comes from."""
    return strongest_feed(nodes, links.start, links.end, links.flow, links.pipe)


def whole_network(results: Results) -> Sections:
    """A row for each pipe in service, as drawn, then for each valve and pump."""
    supply, back = links_of(results, 0), links_of(results, 1)
    number = {key: row for row, key in enumerate(_keys(supply))}
    keys = [*number, *(key for key in _keys(back) if key not in number)]
    keys.sort(key=lambda key: (key[0] < 0, key[0]))
    rows = np.array([number.get(key, -1) for key in keys], np.int64)
    number = {key: row for row, key in enumerate(_keys(back))}
    return_rows = np.array([number.get(key, -1) for key in keys], np.int64)
    count = len(results.network.nodes)
    return Sections(
        supply, back, rows, return_rows, np.ones(len(keys)), _after(supply, rows, count),
        _after(back, return_rows, count),
    )  # fmt: skip


def _keys(links: Links) -> list[tuple[int, str]]:
    """What tells a pipe or device of one side on the other."""
    kinds = np.where(links.pipe >= 0, "", np.where(links.is_pump, "pump", "valve"))
    ends = zip(links.pipe.tolist(), kinds.tolist(), links.id.tolist(), strict=True)
    return [(pipe, "" if pipe >= 0 else f"{kind} {name}") for pipe, kind, name in ends]


def _after(links: Links, rows: Index, nodes: int) -> Index:
    """Row of the table whose section feeds each row; rounding that circulates in a ring is cut."""
    best, comes_from = feeding(links, nodes)
    before = best[comes_from]
    state = np.zeros(len(before), np.int8)  # 0 not seen, 1 on the way, 2 known to end at a source
    for first in range(len(before)):
        chain = [first]
        while state[chain[-1]] == 0:
            state[chain[-1]] = 1
            if before[chain[-1]] < 0:
                break
            chain.append(int(before[chain[-1]]))
        else:
            if state[chain[-1]] == 1:
                before[chain[-2]] = -1
        state[chain] = 2
    place = np.full(len(before) + 1, -1, np.int64)
    place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    return np.where(rows >= 0, place[before[rows]] if len(before) else -1, -1)


def critical_paths(results: Results) -> list[CriticalPath]:
    """Critical path of each source that gives a station most of its water, in the order of the sources.

    Raises
    ------
    InputError
        If there is none.
    """
    network, found = results.network, results.station
    if results.critical is None or results.back is None or found is None:
        raise InputError("a one-pipe network has no critical path from a source to a station: it has no such table.")
    supply, back = links_of(results, 0), links_of(results, 1)
    most = node_shares(results)[network.stations.supply_node].argmax(axis=1)
    surplus = found.available_head - network.stations.required_head
    reached = network.stations.in_service & ~np.isnan(surplus) & (np.nan_to_num(found.flow) > 0.0)
    paths = []
    for source in np.flatnonzero(network.sources.in_service).tolist():
        own = np.flatnonzero(reached & (most == source))
        if not len(own):
            continue
        least = surplus[own].min()
        station = min(own[surplus[own] <= least + 1e-9].tolist(), key=lambda i: str(network.stations.id[i]))
        sections = _path(supply, back, len(network.nodes), int(network.stations.supply_node[station]))
        if len(sections.row):
            paths.append(CriticalPath(str(network.sources.id[source]), str(network.stations.id[station]), sections))
    if not paths:
        raise InputError(
            "no station gets water from a source through a pipe: there is no critical path to make a table of;"
            " look at the findings."
        )
    return paths


def _path(supply: Links, back: Links, nodes: int, node: int) -> Sections:
    """Sections from a source to a node, each after the one before; the return beside it is that of the same trench."""
    best, comes_from = feeding(supply, nodes)
    rows: list[int] = []
    while best[node] >= 0 and int(best[node]) not in rows:
        rows.append(int(best[node]))
        node = int(comes_from[rows[-1]])
    rows.reverse()
    keys, number = _keys(supply), {key: row for row, key in enumerate(_keys(back))}
    row = np.array(rows, np.int64)
    order = np.arange(len(rows)) - 1
    sign = np.where(comes_from[row] == supply.start[row], 1.0, -1.0)
    return Sections(supply, back, row, np.array([number.get(keys[r], -1) for r in rows], np.int64), sign, order, order)
