"""Sections of a solved network: pipes in series as one, as a tree from the sources, with the rings that close it.

A hydraulic sketch shows these: a node in which two pipes of one size follow each other, and that has no name of its
own, says nothing in it.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gisheat.network import Network
from gisheat.network.arrays import PUMP, VALVE
from gisheat.results import Results

SAME_BORE = 0.5e-3
"""Bores that differ by less are the same [m]."""
STILL = 1e-6
"""Flow that is none [kg/s]."""
NUMBERED = re.compile(r"N\d+(\.[VP]\d+)?")
"""Names that gisheat gives to nodes without one."""


@dataclass(frozen=True)
class Section:
    """Pipes in series, in the direction of the supply flow; a valve or pump has no pipes."""

    start: int
    """Node that the supply comes from."""
    end: int
    pipes: tuple[int, ...]
    name: str
    size: str
    """As DN300; of a valve or pump empty."""
    length: float
    """Trench [m]."""
    flow: float
    """Supply mass flow [kg/s], not negative."""
    loss: float
    """Loss of the supply pipe [Pa]; negative for a pump."""
    critical: bool
    existing: bool


@dataclass(frozen=True)
class SectionTree:
    """Sections as a tree: each node has one section that leads to it, the one with the largest flow."""

    roots: tuple[int, ...]
    """Nodes of sources."""
    sections: tuple[Section, ...]
    below: dict[int, tuple[int, ...]]
    """Sections that leave a node, by node, the critical one first, then by falling flow."""
    rings: dict[int, tuple[int, ...]]
    """Sections that close a ring, by the node they leave."""

    def way(self, node: int) -> list[int]:
        """Sections from a node along the first one of each node to an end."""
        found: list[int] = []
        while self.below.get(node):
            found.append(self.below[node][0])
            node = self.sections[found[-1]].end
        return found

    def nodes_beyond(self, node: int) -> list[int]:
        """The node and all nodes behind it."""
        found = [node]
        for one in found:
            found += [self.sections[s].end for s in self.below.get(one, ())]
        return found


def section_tree(results: Results, sizes: Sequence[str]) -> SectionTree:
    """Sections of the supply of a solved network as a tree.

    Parameters
    ----------
    results : Results
        A solved network of supply and return.
    sizes : sequence of str
        Size of each pipe as it is written, length of the pipes.

    Notes
    -----
    Where flows part and meet again, the tree has, of the sections into a node, the one with the largest flow (a largest
    spanning tree, Prim 1957); the others are rings.
    """
    network = results.network
    sections = _joined(network, [*_pipes(results, sizes), *_links(results)])
    sources = network.sources
    roots = tuple(dict.fromkeys(sources.supply_node[sources.in_service].tolist()))
    return _tree(roots, sections)


def pruned(tree: SectionTree, most: int) -> SectionTree:
    """The critical path and the sections with the largest flows, `most` in all; the rest is left out."""
    kept: set[int] = set()
    heap = [(_rank(tree, s), s) for root in tree.roots for s in (*tree.below.get(root, ()), *tree.rings.get(root, ()))]
    heapq.heapify(heap)
    while heap and (len(kept) < most or heap[0][0][0] == 0):
        _, number = heapq.heappop(heap)
        kept.add(number)
        if number in tree.below.get(tree.sections[number].start, ()):
            end = tree.sections[number].end
            for s in (*tree.below.get(end, ()), *tree.rings.get(end, ())):
                heapq.heappush(heap, (_rank(tree, s), s))

    def chosen(numbers: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
        return {node: left for node, all_ in numbers.items() if (left := tuple(s for s in all_ if s in kept))}

    return replace(tree, below=chosen(tree.below), rings=chosen(tree.rings))


def _rank(tree: SectionTree, number: int) -> tuple[int, float]:
    section = tree.sections[number]
    return (0 if section.critical else 1, -section.flow)


def _pipes(results: Results, sizes: Sequence[str]) -> list[Section]:
    network, side = results.network, results.supply
    pipes, critical = network.pipes, set[int]()
    if results.critical is not None:
        critical = set(results.critical.pipes.tolist())
    used = np.flatnonzero(pipes.in_service & pipes.in_supply & ~np.isnan(side.flow))
    found = []
    for row in used.tolist():
        start, end, sign = int(pipes.start[row]), int(pipes.end[row]), 1.0
        if side.flow[row] < 0.0:
            start, end, sign = end, start, -1.0
        found.append(
            Section(
                start, end, (row,), str(pipes.id[row]), sizes[row], float(pipes.length[row]),
                sign * float(side.flow[row]), sign * float(side.loss[row]), row in critical, bool(pipes.existing[row]),
            )
        )  # fmt: skip
    return found


def _links(results: Results) -> list[Section]:
    """Valves and pumps in the supply."""
    links, network = results.links, results.network
    if links is None:
        return []
    path = set() if results.critical is None else set(results.critical.nodes.tolist())
    found = []
    for i in np.flatnonzero((links.side == 0) & np.isin(links.kind, [VALVE, PUMP]) & ~np.isnan(links.flow)).tolist():
        table = network.valves if links.kind[i] == VALVE else network.pumps
        start, end, sign = int(links.start[i]), int(links.end[i]), 1.0
        if links.flow[i] < 0.0:
            start, end, sign = end, start, -1.0
        critical = start in path and end in path
        name, flow, loss = str(table.id[links.row[i]]), sign * float(links.flow[i]), sign * float(links.loss[i])
        found.append(Section(start, end, (), name, "", 0.0, flow, loss, critical, existing=True))
    return found


def _joined(network: Network, sections: list[Section]) -> list[Section]:
    """Sections with those joined that follow each other at a node that only joins them."""
    stays = _staying(network)
    into: dict[int, set[int]] = {}
    out: dict[int, set[int]] = {}
    for number, section in enumerate(sections):
        out.setdefault(section.start, set()).add(number)
        into.setdefault(section.end, set()).add(number)
    alive = dict(enumerate(sections))
    for node in np.flatnonzero(~stays).tolist():
        if len(into.get(node, ())) != 1 or len(out.get(node, ())) != 1:
            continue
        (first,), (second,) = into[node], out[node]
        a, b = alive[first], alive[second]
        if first == second or not _alike(network, a, b):
            continue
        alive[first] = replace(
            a, end=b.end, pipes=(*a.pipes, *b.pipes), length=a.length + b.length, loss=a.loss + b.loss,
            critical=a.critical or b.critical, name=f"{a.name.partition('…')[0]}…{b.name.rpartition('…')[2]}",
        )  # fmt: skip
        del alive[second]
        into[b.end].remove(second)
        into[b.end].add(first)
    return list(alive.values())


def _staying(network: Network) -> NDArray[np.bool_]:
    """Nodes that a sketch keeps: those with a name of their own, with a station or a source."""
    stays = np.array([NUMBERED.fullmatch(str(name)) is None for name in network.nodes.id], dtype=bool)
    for table in (network.stations, network.sources):
        stays[table.supply_node[table.in_service]] = True
    return stays


def _alike(network: Network, a: Section, b: Section) -> bool:
    if not a.pipes or not b.pipes or a.existing != b.existing or a.size != b.size:
        return False
    bore = network.pipes.inner_diameter
    return bool(abs(bore[a.pipes[-1]] - bore[b.pipes[0]]) < SAME_BORE)


def _tree(roots: tuple[int, ...], sections: list[Section]) -> SectionTree:
    found = list(sections)
    below: dict[int, list[int]] = {}
    rings: dict[int, list[int]] = {}
    seen = set(roots)
    for number in _by_reach(roots, found):
        section = found[number]
        kind = rings if section.end in seen else below
        kind.setdefault(section.start, []).append(number)
        seen.add(section.end)

    def order(numbers: dict[int, list[int]]) -> dict[int, tuple[int, ...]]:
        return {
            n: tuple(sorted(s, key=lambda i: (not found[i].critical, -found[i].flow, i))) for n, s in numbers.items()
        }

    return SectionTree(roots, tuple(found), order(below), order(rings))


def _by_reach(roots: tuple[int, ...], found: list[Section]) -> Iterator[int]:
    """Sections in the order in which they are reached from the roots, always the largest flow next.

    A section is walked with its flow; one in which nothing flows is turned (in `found`) to lead away from the roots.
    """
    ends: dict[int, list[int]] = {}
    for number, section in enumerate(found):
        for node in (section.start, section.end):
            ends.setdefault(node, []).append(number)
    seen, used = set(roots), set[int]()
    heap = [(-found[s].flow, s) for root in roots for s in ends.get(root, ())]
    heapq.heapify(heap)
    waiting: list[int] = []
    while heap or waiting:
        number = heapq.heappop(heap)[1] if heap else waiting.pop()
        section = found[number]
        if number in used:
            continue
        if section.start not in seen:
            if section.flow > STILL and heap:
                waiting.append(number)  # it comes again where its start is reached
                continue
            found[number] = section = replace(section, start=section.end, end=section.start)
        used.add(number)
        if section.end not in seen:
            seen.add(section.end)
            for other in ends[section.end]:
                heapq.heappush(heap, (-found[other].flow, other))
        yield number
