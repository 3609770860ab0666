"""Valves and pumps as links: the node where one is drawn is opened into two at one place.

The second node is called after the first one and the valve or pump: N7 and N7.V1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from gisheat.findings import Finding
from gisheat.network import VALVE_KINDS, arrays
from gisheat.noding import EXACT, PAIR, RETURN, SUPPLY
from gisheat.topology.attributes import words
from gisheat.topology.connections import LINE_WORD
from gisheat.topology.cutting import Array, Index
from gisheat.topology.devices import (
    LEFT_OUT,
    Devices,
    Mask,
    Placed,
    Text,
    finding,
    moved_points,
    placing_findings,
)
from gisheat.topology.drawn import free_name
from gisheat.topology.settled import second_names

ON_BOTH_LINES = tuple(VALVE_KINDS[kind] for kind in arrays.ON_BOTH_LINES)

EITHER_WAY = ("isolation", "control")
"""Kinds of valves that act alike in both senses."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Pipes between opened nodes, and the links at them.

    Items of `start` and `end` are nodes; those from the number of nodes before on are the new ones, with the
    identifiers `twin_id` at the places of the nodes `twin_of`. The other arrays have a row for each valve and pump.
    """

    start: Index
    end: Index
    twin_of: Index
    twin_id: Text
    link_start: Index
    """-1 where the valve or pump is no part of the network."""
    link_end: Index
    pipe: Index
    """The pipe it sits in."""
    side: Index
    findings: list[Finding]


class LinkRows(NamedTuple):
    """Valves or pumps of the network: rows, (start, end, in supply, in return), pipes; and the rows of the others."""

    table: gpd.GeoDataFrame
    ends: tuple[Index, Index, Mask, Mask]
    pipe: Index
    unused: gpd.GeoDataFrame


def link_rows(
    layer: str, drawn: gpd.GeoDataFrame, devices: Devices, placed: Placed, opened: Opened, xy: Array, node_ids: Text
) -> LinkRows:
    """Rows of a layer of valves or pumps at their places on the pipes, with the nodes that they join."""
    rows = np.flatnonzero((devices.layer == layer) & (opened.link_start >= 0))
    row_of = {fid: i for i, fid in enumerate(drawn["source_fid"].tolist())}
    chosen = np.array([row_of[fid] for fid in devices.fid[rows].tolist()], np.int64)
    is_used = np.zeros(len(drawn), bool)
    is_used[chosen] = True
    start, end, side = opened.link_start[rows], opened.link_end[rows], opened.side[rows]
    table = moved_points(drawn.iloc[chosen].reset_index(drop=True), xy[placed.node[rows]])
    table["from_node"], table["to_node"] = node_ids[start], node_ids[end]
    unused = drawn[~is_used].assign(from_node=None, to_node=None)
    return LinkRows(table, (start, end, side & SUPPLY > 0, side & RETURN > 0), opened.pipe[rows], unused)


class _Ends(NamedTuple):
    """Ends of pipes at the nodes with valves and pumps, sorted by node."""

    node: Index
    pipe: Index
    is_end: Mask
    name: Text
    """Node that the pipe names at this end."""


def open_nodes(
    devices: Devices, placed: Placed, pipes: gpd.GeoDataFrame, start: Index, end: Index, node_ids: Text,
    xy: Array, occupied: Index, twins: set[str], tolerance: float,
) -> Opened:  # fmt: skip
    """Open the node of each valve and pump into two, which the valve or pump joins.

    It goes between the node and one of the pipes that end there: the pipe it had between its nodes in an earlier
    result, else the one it lies nearest to. It leads from the start of this pipe to its end, as the line
    is drawn, unless it names two nodes on the pipe in the other order. A bypass stays at the one node.

    Parameters
    ----------
    pipes : GeoDataFrame
        Pipes of the network with the nodes `start` and `end`, `line`, and their former `from_node` and `to_node`.
    node_ids, xy : arrays
        Identifiers and places of the nodes.
    occupied : int array
        Nodes where a station or source stands.
    twins : set
        Names of second nodes in the nodes layer.
    """
    opened = _Openings(devices, placed, pipes, (start, end), node_ids, xy, set(occupied.tolist()), twins)
    findings = list(placing_findings(devices, placed, xy, tolerance))
    for node, rows in _groups(placed.node, np.flatnonzero(placed.node >= 0)):
        opened.open(node, rows)
    twin_of, twin_id = np.array(opened.twin_of, np.int64), np.array([*opened.twin_id, None], object)[:-1]
    order = np.lexsort((twin_id.astype(str), twin_of))  # whatever was opened first
    number = np.arange(len(node_ids) + len(order) + 1)
    number[len(node_ids) + order] = len(node_ids) + np.arange(len(order))
    number[-1] = -1
    new_start, new_end, ends = start.copy(), end.copy(), opened.ends
    new_start[ends.pipe[~ends.is_end]] = number[opened.end_node[~ends.is_end]]
    new_end[ends.pipe[ends.is_end]] = number[opened.end_node[ends.is_end]]
    return Opened(
        new_start, new_end, twin_of[order], twin_id[order], number[opened.link_start], number[opened.link_end],
        opened.pipe, opened.side, [*findings, *opened.findings],
    )  # fmt: skip


def _groups(node: Index, rows: Index) -> Iterator[tuple[int, list[int]]]:
    """Nodes in order, each with the rows that are at it."""
    rows = rows[np.argsort(node[rows], kind="stable")]
    bounds = np.flatnonzero(np.diff(node[rows])) + 1
    for group in np.split(rows, bounds) if len(rows) else []:
        yield int(node[group[0]]), group.tolist()


class _Openings:
    """What was opened so far: the node of each end of a pipe, new nodes, links."""

    def __init__(
        self, devices: Devices, placed: Placed, pipes: gpd.GeoDataFrame, nodes: tuple[Index, Index], ids: Text,
        xy: Array, occupied: set[int], twins: set[str],
    ) -> None:  # fmt: skip
        self.devices, self.ids, self.xy, self.occupied = devices, ids, xy, occupied
        self.row = {name: i for i, name in enumerate(ids)}
        self.known, self.taken = set(twins), set(ids) | twins
        self.lines, self.pipe_id = pipes.geometry.to_numpy(), pipes["pipe_id"].to_numpy(object)
        self.is_drawn = pipes["source_layer"].to_numpy(object) == "pipes"
        line = words(pipes, "line", "pair")
        self.bits = np.where(line == "supply", SUPPLY, np.where(line == "return", RETURN, PAIR))
        self.ends = _ends(pipes, nodes, placed.node)
        self.end_node = self.ends.node.copy()
        self.side = placed.side.copy()
        self.link_start, self.link_end, self.pipe = np.full((3, len(devices)), -1, np.int64)
        self.twin_of, self.twin_id = list[int](), list[str]()
        self.findings: list[Finding] = []
        self.second = set(second_names(devices)) - set(ids)
        self.gap, self.depth = self._measure(placed.node)

    def _measure(self, node: Index) -> tuple[list[Array], list[Array]]:
        """For each valve and pump and each end at its node: distance to the pipe, and along it from the node [m]."""
        low, high = np.searchsorted(self.ends.node, node), np.searchsorted(self.ends.node, node, side="right")
        sizes = np.where(node >= 0, high - low, 0)
        owner = np.repeat(np.arange(len(node)), sizes)
        offset = np.concatenate([[0], np.cumsum(sizes)])
        end = np.arange(len(owner)) - offset[owner] + low[owner]
        lines, points = self.lines[self.ends.pipe[end]], shapely.points(self.devices.xy[owner])
        gap = np.asarray(shapely.distance(lines, points), float)
        along = np.asarray(shapely.line_locate_point(lines, points), float)
        depth = np.where(self.ends.is_end[end], shapely.length(lines) - along, along)
        return np.split(gap, offset[1:-1]), np.split(depth, offset[1:-1])

    def open(self, node: int, rows: list[int]) -> None:
        """Open a node for the valves and pumps at it."""
        low = int(np.searchsorted(self.ends.node, node))
        ends = list(range(low, int(np.searchsorted(self.ends.node, node, side="right"))))
        fresh = self._open_again(node, rows, ends)
        chosen = {i: self._choose(i, node, ends, low) for i in fresh}
        placed = [i for i in fresh if chosen[i] >= 0]
        depth = {i: round(float(self.depth[i][chosen[i] - low]) / EXACT) for i in placed}
        for i in sorted(placed, key=lambda i: (depth[i], self.devices.layer[i] == "pumps", str(self.devices.id[i]))):
            self._insert(i, node, chosen[i])
        for i in fresh:
            if chosen[i] < 0:
                self.findings.append(finding(self.devices, i, "off-pipe", "error", LEFT_OUT))

    def _open_again(self, node: int, rows: list[int], ends: list[int]) -> list[int]:
        """Restore the links of an earlier result by the nodes that they and the pipes name; returns the other rows."""
        devices = self.devices
        by_name: dict[Any, list[int]] = {}
        for e in ends:
            by_name.setdefault(self.ends.name[e], []).append(e)
        links = {i: {devices.from_node[i], devices.to_node[i]} for i in rows if devices.names_two(i)}
        used = Counter(name for pair in links.values() for name in pair)
        links = {
            i: pair
            for i, pair in links.items()
            if (second := pair & self.second) and all(name in by_name or used[name] > 1 for name in second)
        }
        number = {
            name: self._new_node(node, name)
            for name in sorted({name for pair in links.values() for name in pair & self.second})
        }
        for name, new in number.items():
            self.end_node[by_name.get(name, [])] = new
        for i, pair in links.items():
            self.link_start[i] = number.get(devices.from_node[i], node)
            self.link_end[i] = number.get(devices.to_node[i], node)
            reached, names = set[str](), pair & self.second
            while names - reached:  # along the row of links, away from the first node
                reached |= names
                names = {n for other in links.values() if other & reached for n in other & self.second}
            ours = [e for name in sorted(reached) for e in by_name.get(name, [])]
            self.pipe[i] = self.ends.pipe[(ours or ends)[0]]
            self._settle_side(i)
        return [i for i in rows if i not in links]

    def _choose(self, i: int, node: int, ends: list[int], low: int) -> int:
        """The end that a valve or pump goes to: of the nearest pipe; -1 without one. A tie may be a finding."""
        side = self.side[i]
        fitting = [e for e in ends if self.bits[self.ends.pipe[e]] & side == side]
        fitting = [e for e in fitting if self.is_drawn[self.ends.pipe[e]]] or fitting
        if not fitting:
            return -1
        gap = {e: round(float(self.gap[i][e - low]) / EXACT) for e in fitting}
        order = sorted(fitting, key=lambda e: (gap[e], self.ends.is_end[e], str(self.pipe_id[self.ends.pipe[e]])))
        tied = [e for e in fitting if gap[e] == gap[order[0]]]
        if len(tied) > 1 and not self._is_bypass(i) and not self._is_clear(i, node, ends):
            names = ", ".join(sorted(str(self.pipe_id[self.ends.pipe[e]]) for e in ends))
            what = f"stands where the pipes {names} meet; it was put into {self.pipe_id[self.ends.pipe[order[0]]]}"
            repair = "move it onto its pipe, away from the junction"
            self.findings.append(finding(self.devices, i, "at-junction", "warning", what, repair=repair))
        return order[0]

    def _is_clear(self, i: int, node: int, ends: list[int]) -> bool:
        """Tell whether it is all the same which of the pipes a valve or pump goes to: it lies in a row of two."""
        in_a_row = len(ends) == 2 and node not in self.occupied
        one_way = bool(self.ends.is_end[ends[0]] != self.ends.is_end[ends[-1]])
        return in_a_row and (one_way or self.devices.kind[i] in EITHER_WAY)

    def _insert(self, i: int, node: int, end: int) -> None:
        """Put a valve or pump between a node and an end there."""
        self.pipe[i] = self.ends.pipe[end]
        self._settle_side(i)
        if self._is_bypass(i):
            if self.side[i] == PAIR:
                self.link_start[i] = self.link_end[i] = node
            return
        before = int(self.end_node[end])
        after = self._new_node(node, f"{self.ids[node]}.{self.devices.id[i]}")
        self.end_node[end] = after
        arrives = bool(self.ends.is_end[end])
        if self._is_reversed(i):
            arrives = not arrives
        self.link_start[i], self.link_end[i] = (after, before) if arrives else (before, after)

    def _is_reversed(self, i: int) -> bool:
        """Tell whether a valve or pump names two nodes that lie along its pipe in the other order."""
        names = self.devices.from_node[i], self.devices.to_node[i]
        if any(name not in self.row for name in names):
            return False
        places = shapely.points([self.xy[self.row[name]] for name in names])
        first, last = shapely.line_locate_point(self.lines[self.pipe[i]], places)
        return bool(first > last)

    def _is_bypass(self, i: int) -> bool:
        """Tell whether a valve leads from the supply to the return."""
        return bool(self.devices.kind[i] == "bypass")

    def _settle_side(self, i: int) -> None:
        """The sides of its pipe on which a valve or pump acts."""
        stated, own = self.devices.line[i], int(self.bits[self.pipe[i]])
        if self._is_bypass(i):
            if own != PAIR:
                what = (
                    f"is a bypass on the {LINE_WORD[own]} alone: supply and return are drawn apart there; it is no part"
                    " of the network"
                )
                self.findings.append(finding(self.devices, i, "line-apart", "error", what))
            self.side[i] = own
            return
        if stated in ("supply", "return"):
            self.side[i] = SUPPLY if stated == "supply" else RETURN
            return
        if stated == "both" and own != PAIR:
            what = (
                f"is to act on both lines, but supply and return are drawn apart there; it acts on the {LINE_WORD[own]}"
            )
            repair = "draw one for each line"
            self.findings.append(finding(self.devices, i, "line-apart", "warning", what, repair=repair))
        on_both = stated == "both" or self.devices.kind[i] in ON_BOTH_LINES
        self.side[i] = own if own != PAIR or on_both else SUPPLY

    def _new_node(self, node: int, name: str) -> int:
        """Add a node at the place of another one; one that the nodes layer knows gets its name back."""
        if name in self.known:
            self.known.discard(name)
        else:
            name = free_name(name, self.taken)
        self.twin_of.append(node)
        self.twin_id.append(name)
        return len(self.ids) + len(self.twin_of) - 1


def _ends(pipes: gpd.GeoDataFrame, nodes: tuple[Index, Index], at: Index) -> _Ends:
    """Ends at the nodes `at` of pipes that do not lead back to their start."""
    start, end = nodes
    here = np.zeros(int(max(start.max(initial=0), end.max(initial=0))) + 1, bool)
    here[at[at >= 0]] = True
    joins = start != end
    first, last = np.flatnonzero(joins & here[start]), np.flatnonzero(joins & here[end])
    node, pipe = np.concatenate([start[first], end[last]]), np.concatenate([first, last])
    is_end = np.repeat([False, True], [len(first), len(last)])
    name = np.full(len(node), None, object)
    for column, rows in (("from_node", ~is_end), ("to_node", is_end)):
        if column in pipes:
            name[rows] = pipes[column].to_numpy(object)[pipe[rows]]
    order = np.lexsort((is_end, pipe, node))
    return _Ends(node[order], pipe[order], is_end[order], name[order])
