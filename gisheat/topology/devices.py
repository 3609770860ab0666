"""Valves and pumps as they are drawn: points on pipes, which are cut there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, Severity
from gisheat.noding import EXACT, PAIR, RETURN, SUPPLY
from gisheat.topology.attributes import words
from gisheat.topology.connections import LINE_WORD, Joining, find_feet
from gisheat.topology.cutting import Array, Index, Lines, Pieces, cut_lines, find_passing
from gisheat.topology.events import NOTICEABLE

Mask = NDArray[np.bool_]
Text = NDArray[np.object_]

FARTHEST = 10.0
"""A valve or pump within this many tolerances of a pipe sits in it."""
ANY = 0
"""The side of a valve or pump that states none."""
LEFT_OUT = "lies on a pipe that carries nothing; it is no part of the network"
"""What is said of one whose pipe was left out."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Valves and pumps as drawn, one row for each: first the valves, then the pumps."""

    layer: Text
    id: Text
    fid: Index
    kind: Text
    xy: Array
    line: Text
    """Word of the column `line`, None where there is none."""
    from_node: Text
    """Nodes that the feature names: a result's own ones, or others that show the sense; None where it names none."""
    to_node: Text

    def __len__(self) -> int:
        return len(self.id)

    def names_two(self, i: int) -> bool:
        """Tell whether row i names two nodes, as those of a result do."""
        return self.from_node[i] is not None and self.to_node[i] is not None and self.from_node[i] != self.to_node[i]


def finding(devices: Devices, i: int, rule: str, severity: Severity, what: str, **more: Any) -> Finding:
    """A finding about row i, at its place."""
    place = float(devices.xy[i, 0]), float(devices.xy[i, 1])
    message = f"{devices.layer[i][:-1]} {devices.id[i]} {what}."
    return Finding(rule, severity, str(devices.layer[i]), message, int(devices.fid[i]), point=place, **more)


def read_devices(valves: gpd.GeoDataFrame, pumps: gpd.GeoDataFrame) -> Devices:
    """Valves and pumps one below the other."""
    both = (("valves", valves, "valve_id"), ("pumps", pumps, "pump_id"))

    def column(name: str, default: str | None = None) -> Text:
        return np.concatenate([words(table, name, default) for _, table, _ in both])

    return Devices(
        layer=np.concatenate([np.full(len(table), layer, object) for layer, table, _ in both]),
        id=np.concatenate([table[name].to_numpy(object) for _, table, name in both]),
        fid=np.concatenate([table["source_fid"].to_numpy(np.int64) for _, table, _ in both]),
        kind=np.concatenate([words(valves, "kind", "isolation"), np.full(len(pumps), "pump", object)]),
        xy=np.concatenate([shapely.get_coordinates(table.geometry.to_numpy()) for _, table, _ in both]),
        line=column("line"),
        from_node=column("from_node"),
        to_node=column("to_node"),
    )


# the place on the pipe -----------------------------------------------------------------------------------


class Placed(NamedTuple):
    """Node of each valve and pump (-1: no pipe near enough), side of its pipe, gap to it [m]."""

    node: Index
    side: Index
    gap: Array


def place(
    devices: Devices, pieces: Pieces, line_bits: Index, xy: Array, tolerance: float
) -> tuple[Pieces, Array, Placed]:
    """Cut pipes at valves and pumps: pieces, nodes, and where each valve and pump is.

    Those that lie within the tolerance of a node are at this node; those within the tolerance of each other on
    a pipe share one.

    Parameters
    ----------
    pieces : Pieces
        Pipes, cut wherever other features meet them.
    line_bits : array, shape (lines,)
        Sides of the lines that the pieces are parts of.
    xy : array, shape (nodes, 2)
        Nodes so far; those of cuts are added.
    """
    if not len(devices):
        nothing = np.zeros(0, np.int64)
        return pieces, xy, Placed(nothing, nothing, np.zeros(0))
    bits = line_bits[pieces.line]
    side = _sides(devices, pieces.geometry, bits)
    node, line = np.full((2, len(devices)), -1, np.int64)
    along, gap = np.zeros(len(devices)), np.full(len(devices), np.inf)
    rules, anyone = Joining(tolerance), np.ones(len(bits), bool)
    for value in (SUPPLY, RETURN, PAIR):
        group, usable = np.flatnonzero(side == value), bits & value == value
        feet = find_feet(devices.xy[group], pieces.geometry, usable, anyone, pieces.start, pieces.end, xy, rules)
        node[group], line[group], along[group], gap[group] = feet.node, feet.line, feet.along, feet.gap
    far = gap > FARTHEST * max(tolerance, EXACT)
    node[far], line[far] = -1, -1
    cut, at = _share_places(line, along, tolerance)
    node[cut] = len(xy) + at
    first = cut[np.unique(at, return_index=True)[1]]
    if len(first):
        points = shapely.line_interpolate_point(pieces.geometry[line[first]], along[first])
        pieces, xy = _cut_again(pieces, bits, line[first], along[first], xy, shapely.get_coordinates(points))
    return pieces, xy, Placed(node, side, gap)


def _sides(devices: Devices, lines: Lines, bits: Index) -> Index:
    """Side that the pipe of each has to carry: the one stated, else those of the nearest pipe."""
    side = np.select([devices.line == "supply", devices.line == "return"], [SUPPLY, RETURN], ANY)
    free = np.flatnonzero(side == ANY)
    if (bits == PAIR).all():
        side[free] = PAIR
        return side.astype(np.int64)
    point, found = shapely.STRtree(lines).query_nearest(shapely.points(devices.xy[free]), all_matches=True)
    order = np.lexsort((bits[found], bits[found] != PAIR, point))
    which, first = np.unique(point[order], return_index=True)
    side[free[which]] = bits[found[order[first]]]
    return side.astype(np.int64)


def _share_places(line: Index, along: Array, tolerance: float) -> tuple[Index, Index]:
    """Rows that lie on the middle of lines, in order, and the number of the place each one is at."""
    rows = np.flatnonzero(line >= 0)
    rows = rows[np.lexsort((along[rows], line[rows]))]
    number = np.zeros(len(rows), np.int64)
    count, begin = -1, -1
    for k, i in enumerate(rows.tolist()):
        if begin < 0 or line[i] != line[begin] or along[i] - along[begin] > max(tolerance, EXACT):
            count, begin = count + 1, i
        number[k] = count
    return rows, number


def _cut_again(
    pieces: Pieces, bits: Index, line: Index, along: Array, xy: Array, places: Array
) -> tuple[Pieces, Array]:
    """Pieces cut at places along them, which become nodes; a line that was drawn twice is cut twice."""
    number = len(xy) + np.arange(len(places))
    xy = np.vstack([xy, places])
    others = find_passing(pieces.geometry, np.ones(len(bits), bool), places, line)
    double = shapely.equals(pieces.geometry[others.line], pieces.geometry[line[others.node]])
    double &= (bits[others.line] & bits[line[others.node]]) != 0
    cuts = [(line, along, number), (others.line[double], others.along[double], number[others.node[double]])]
    again = cut_lines(
        pieces.geometry, pieces.start, pieces.end, xy, *(np.concatenate([c[k] for c in cuts]) for k in range(3))
    )
    owner = pieces.line[again.line]
    part = np.arange(len(owner)) - np.searchsorted(owner, owner) + 1
    share = pieces.share[again.line] * again.share
    return Pieces(again.geometry, owner, part, again.start, again.end, share), xy


def placing_findings(devices: Devices, placed: Placed, xy: Array, tolerance: float) -> Iterator[Finding]:
    """Valves and pumps beside the pipes: moved onto one, or too far."""
    farthest = FARTHEST * max(tolerance, EXACT)
    for i in range(len(devices)):
        gap = float(placed.gap[i])
        if gap > farthest:
            side = "" if placed.side[i] in (ANY, PAIR) else f"{LINE_WORD[int(placed.side[i])]} "
            where = (
                f"has no {side}pipe to sit in"
                if np.isinf(gap)
                else f"lies {gap:.1f} m from the nearest {side}pipe, more than {farthest:g} m"
            )
            distance = None if np.isinf(gap) else gap
            repair = "move it onto its pipe"
            what = f"{where}; it is no part of the network"
            yield finding(devices, i, "off-pipe", "error", what, distance=distance, repair=repair)
        elif placed.node[i] < 0:
            yield finding(devices, i, "off-pipe", "error", LEFT_OUT)
        elif (moved := float(np.linalg.norm(devices.xy[i] - xy[placed.node[i]]))) > NOTICEABLE:
            severity: Severity = "info" if moved <= tolerance else "warning"
            what = f"was moved by {moved:.3f} m onto its pipe"
            yield finding(devices, i, "moved-to-pipe", severity, what, distance=moved, repair="moved", applied=True)


def moved_points(table: gpd.GeoDataFrame, xy: Array) -> gpd.GeoDataFrame:
    """The table with its points at other places (n, 2); Z is kept."""
    points = shapely.get_coordinates(table.geometry.to_numpy(), include_z=True)
    flat = np.isnan(points[:, 2])
    points[:, :2] = xy
    geometry = np.asarray(shapely.points(np.nan_to_num(points)), object)
    geometry[flat] = shapely.force_2d(geometry[flat])
    return table.set_geometry(geometry, crs=table.crs)
