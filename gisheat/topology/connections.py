"""Joining stations and sources to the network: the node they stand at, or a connection to the nearest pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, findings_about
from gisheat.noding import EXACT, PAIR, RETURN, SUPPLY
from gisheat.numerics.incidence import components
from gisheat.topology.attributes import words
from gisheat.topology.cutting import Array, Index, Lines
from gisheat.topology.drawn import free_name
from gisheat.topology.feet import At, Candidates, candidate_feet
from gisheat.topology.visibility import crossed_areas

LINE_WORD = {PAIR: "pair", SUPPLY: "supply", RETURN: "return"}
DECIMALS = 6
"""Decimals of lengths in a result [m]: sums of several are of what is written, so that they stay when it is read."""
MOST_NAMED = 3
"""Areas that a sentence names."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Joining:
    """How stations and sources are joined to lines."""

    tolerance: float
    """Points no farther from a line stand on it [m]."""
    farthest: float = np.inf
    """Longest connection [m]."""
    at: At = "anywhere"
    areas: gpd.GeoDataFrame = field(default_factory=gpd.GeoDataFrame)
    """Forbidden ones of the areas layer."""

    @property
    def near(self) -> float:
        """Distance that is none [m]."""
        return max(self.tolerance, EXACT)

    @property
    def forbidden(self) -> Lines | None:
        """Shapes of the areas, None without any."""
        return self.areas.geometry.to_numpy() if len(self.areas) else None


def joining(areas: gpd.GeoDataFrame, tolerance: float, farthest: float, connect_to: str) -> Joining:
    """Rules of joining from the clean areas layer (may be empty) and the options."""
    forbidden = areas[areas["kind"] == "forbidden"] if len(areas) else areas
    return Joining(tolerance, farthest, "vertices" if connect_to == "vertex" else "anywhere", forbidden)


@dataclass(frozen=True, slots=True)
class Feet:
    """Where points reach the lines of one side: equal-length arrays, one row for each point.

    Exactly one of `node` and `line` is given (the other is -1); both are -1 where nothing is near enough.
    """

    node: Index
    line: Index
    along: Array
    """Distance along the line [m]."""
    gap: Array
    """Distance from the point [m], infinite where nothing can be reached."""
    nearest: Array
    """Distance to the nearest foot whatever lies between [m], infinite where there is no line."""
    hidden: NDArray[np.object_]
    """Names of the forbidden areas that hide that foot, empty where it is used."""


def find_feet(
    points: Array, lines: Lines, usable: Mask, is_open: Mask, start: Index, end: Index, xy: Array, rules: Joining
) -> Feet:
    """Nearest node within the tolerance, else the nearest foot that can be reached.

    What stands on a usable line, stays there; new connections lead to open ones alone. A foot within the
    tolerance of a line's end is that end.

    Parameters
    ----------
    points : array, shape (n, 2)
        Stations or sources [m].
    usable, is_open : arrays of bool, shape (lines,)
        Lines that carry the side; lines that are not closed.
    start, end, xy : arrays
        Nodes of the ends of lines, and their places [m].
    """
    count = len(points)
    node, line = np.full((2, count), -1, np.int64)
    along, gap, nearest = np.zeros(count), np.full(count, np.inf), np.full(count, np.inf)
    hidden = np.full(count, "", object)
    feet = Feet(node, line, along, gap, nearest, hidden)
    if not count or not usable.any():
        return feet
    ends = np.unique(np.concatenate([start[usable], end[usable]]))
    row, found = shapely.STRtree(np.asarray(shapely.points(xy[ends]), object)).query_nearest(
        shapely.points(points), max_distance=rules.near + EXACT, all_matches=False
    )
    at = np.linalg.norm(xy[ends[found]] - points[row], axis=1)
    near = at <= rules.near
    node[row[near]], gap[row[near]] = ends[found[near]], at[near]
    _take(feet, candidate_feet(points, lines, usable, farthest=rules.near), node < 0)
    admissible, away = usable & is_open, (node < 0) & (line < 0)
    plain = candidate_feet(points[away], lines, admissible, at=rules.at)
    plain = plain._replace(point=np.flatnonzero(away)[plain.point])
    nearest[:] = gap
    nearest[plain.point] = plain.gap
    if rules.forbidden is None:
        _take(feet, plain, away)
    else:
        free = candidate_feet(
            points[away], lines, admissible, at=rules.at, farthest=rules.farthest, forbidden=rules.forbidden
        )
        _take(feet, free._replace(point=np.flatnonzero(away)[free.point]), away)
        behind = gap[plain.point] > plain.gap + EXACT
        hidden[plain.point[behind]] = _names_between(points[plain.point[behind]], plain.xy[behind], rules)
    _take_ends(feet, points, lines, start, end, xy, rules)
    far = gap > rules.farthest
    node[far], line[far] = -1, -1
    return feet


def _take(feet: Feet, found: Candidates, wanted: Mask) -> None:
    """Write found feet of wanted points, in place."""
    rows = np.flatnonzero(wanted[found.point])
    feet.line[found.point[rows]] = found.line[rows]
    feet.along[found.point[rows]] = found.along[rows]
    feet.gap[found.point[rows]] = found.gap[rows]


def _take_ends(feet: Feet, points: Array, lines: Lines, start: Index, end: Index, xy: Array, rules: Joining) -> None:
    """Feet within the tolerance of an end of their line become its node, in place."""
    row = np.flatnonzero(feet.line >= 0)
    line, along = feet.line[row], feet.along[row]
    left = shapely.length(lines[line]) - along
    node = np.where((along <= rules.near) & (along <= left), start[line], np.where(left <= rules.near, end[line], -1))
    at_end = row[node >= 0]
    feet.node[at_end] = node[node >= 0]
    feet.line[at_end] = -1
    feet.gap[at_end] = np.linalg.norm(xy[feet.node[at_end]] - points[at_end], axis=1)


def _names_between(start: Array, end: Array, rules: Joining) -> list[str]:
    """Names of the areas that straight lines pass, without those that they start in."""
    areas = rules.areas.geometry.to_numpy()
    row, area = crossed_areas(start, end, areas)
    outside = ~shapely.within(shapely.points(start[row]), shapely.make_valid(areas[area]))
    names = [list[str]() for _ in start]
    ids = rules.areas["area_id"].to_numpy(object)
    for i, name in zip(row[outside].tolist(), ids[area[outside]], strict=True):
        names[i].append(str(name))
    return [", ".join([*n[:MOST_NAMED], *(["..."] if len(n) > MOST_NAMED else [])]) for n in names]


def sides_to_connect(line_bits: Index) -> tuple[int, ...]:
    """Both at once when all lines are pairs, else supply and return one after the other."""
    return (SUPPLY | RETURN,) if (line_bits == SUPPLY | RETURN).all() else (SUPPLY, RETURN)


@dataclass(frozen=True, slots=True)
class Reached:
    """Nodes at the feet of points on one side (or both at once), -1 where none is near enough."""

    side: int
    node: Index
    feet: Feet


@dataclass(frozen=True, slots=True)
class Connected:
    """Connections that were drawn, with their nodes, and the supply and return node of every point (-1: none)."""

    pipes: gpd.GeoDataFrame
    start: Index
    end: Index
    xy: Array
    supply_node: Index
    return_node: Index
    findings: list[Finding]
    ends: dict[int, Index]
    """Nodes at the ends of new connections by side."""


def connect(
    layer: str, points: gpd.GeoDataFrame, reached: list[Reached], xy: Array, rules: Joining, taken: set[Any],
    earlier: Connected | None = None,
) -> Connected:  # fmt: skip
    """Give stations or sources their nodes; where one stands beside the pipe, draw a connection to it.

    What stands at one place shares a connection.

    Parameters
    ----------
    layer : str
        stations or sources.
    reached : list
        One item for each side that is connected on its own.
    xy : array, shape (nodes, 2)
        Nodes so far; those of new connections are added.
    taken : set
        Pipe identifiers in use; those of new connections are added.
    earlier : Connected, optional
        The other layer, whose connections may be shared.
    """
    places = shapely.get_coordinates(points.geometry.to_numpy()) if len(points) else np.empty((0, 2))
    nodes = {SUPPLY: np.full(len(points), -1, np.int64), RETURN: np.full(len(points), -1, np.int64)}
    connected = np.ones(len(points), bool)
    for item in reached:
        connected &= item.node >= 0
    findings = _not_connected(layer, points, ~connected, reached, rules)
    made, start, end, new = list[gpd.GeoDataFrame](), list[Index](), list[Index](), dict[int, Index]()
    places_of_ends, count = [xy], len(xy)
    for item in reached:
        own = np.where(connected, item.node, -1)
        beside = np.flatnonzero(connected & (item.feet.gap > rules.near))
        there = np.empty(0, np.int64) if earlier is None else earlier.ends.get(item.side, np.empty(0, np.int64))
        own[beside], first = _shared(places[beside], points[f"{layer[:-1]}_id"].iloc[beside], xy[there], there, count)
        drawn = beside[first]
        count += len(drawn)
        places_of_ends.append(places[drawn])
        foot = item.node[drawn]
        start.append(foot)
        end.append(own[drawn])
        new[item.side] = own[drawn]
        lines = np.asarray(shapely.linestrings(np.stack([xy[foot], places[drawn]], axis=1)), object)
        made.append(_connection_rows(layer, points.iloc[drawn], item.side, lines, taken))
        findings += _connected(layer, points.iloc[beside], item, beside)
        findings += _leaving_areas(layer, points.iloc[beside], xy[item.node[beside]], rules)
        for side in (SUPPLY, RETURN):
            if item.side & side:
                nodes[side] = own
    made = [table for table in made if len(table)]
    return Connected(
        pd.concat(made, ignore_index=True) if made else gpd.GeoDataFrame(),
        np.concatenate(start),
        np.concatenate(end),
        np.vstack(places_of_ends),
        nodes[SUPPLY],
        nodes[RETURN],
        findings,
        new,
    )


def _shared(places: Array, names: pd.Series, known: Array, node: Index, count: int) -> tuple[Index, Index]:
    """Nodes of points that need one, those at one place being one; and the points, by name, that new ones belong to.

    Parameters
    ----------
    places, known : arrays, shape (n, 2) and (m, 2)
        Where the points are, and where the nodes `node` are that may be shared.
    count : int
        Number of the first new node.
    """
    order = np.argsort(names.to_numpy(str), kind="stable")
    together = np.concatenate([known, places[order]])
    _, first, same = np.unique(together, axis=0, return_index=True, return_inverse=True)
    leader = first[same.reshape(-1)[len(known) :]]
    fresh = np.sort(order[first[first >= len(known)] - len(known)])
    number = np.empty(len(together), np.int64)
    number[: len(known)] = node
    number[len(known) + np.argsort(order, kind="stable")[fresh]] = count + np.arange(len(fresh))
    result = np.empty(len(places), np.int64)
    result[order] = number[leader]
    return result, fresh


def _connection_rows(
    layer: str, points: gpd.GeoDataFrame, side: int, lines: Lines, taken: set[Any]
) -> gpd.GeoDataFrame:
    """Rows of pipes for new connections, one for each point."""
    suffix = "connection" if layer == "stations" else "feed"
    columns = {
        "pipe_id": [free_name(f"{name}.{suffix}", taken) for name in points[f"{layer[:-1]}_id"]],
        "parent_id": None,
        "source_layer": points.get("source_layer", layer),
        "source_fid": points["source_fid"].to_numpy(),
        "status": "planned",
        "phase": points["phase"].to_numpy(object) if "phase" in points else None,
        "role": "connection" if layer == "stations" else "trunk",
        "line": LINE_WORD[side],
        "length_m": shapely.length(lines),
        "repaired": "kept",
    }
    frame = pd.DataFrame(
        {k: getattr(v, "to_numpy", lambda v=v: v)() for k, v in columns.items()}, index=range(len(lines))
    )
    return gpd.GeoDataFrame(frame, geometry=lines, crs=points.crs)


def _not_connected(
    layer: str, points: gpd.GeoDataFrame, unreached: Mask, reached: list[Reached], rules: Joining
) -> list[Finding]:
    """Findings about points that miss a connection on a side."""
    rows = np.flatnonzero(unreached)
    if not len(rows):
        return []
    gaps = np.array([np.where(np.isinf(i.feet.gap), i.feet.nearest, i.feet.gap)[rows] for i in reached])
    missed = np.array([i.node[rows] < 0 for i in reached])
    worst = np.where(missed, gaps, -1.0).argmax(axis=0).tolist()
    gap = gaps[worst, np.arange(len(rows))]
    names = points[f"{layer[:-1]}_id"].iloc[rows]
    messages = [
        f"{layer[:-1]} {name} {_why(reached[k], row, distance, rules)}; it is not connected."
        for name, row, k, distance in zip(names, rows.tolist(), worst, gap.tolist(), strict=True)
    ]
    distances = [None if np.isinf(d) else d for d in gap.tolist()]
    repair = "draw a connection, or raise max_connection_m"
    chosen = points.iloc[rows]
    return findings_about(chosen, "not-connected", "error", layer, messages, distances=distances, repair=repair)


def _why(item: Reached, row: int, gap: float, rules: Joining) -> str:
    side = "" if item.side == PAIR else f"{LINE_WORD[item.side]} "
    what = f"{side}pipe" if rules.at == "anywhere" else f"vertex of a {side}pipe"
    if np.isinf(gap):
        return f"has no {side}pipe to connect to"
    if item.feet.hidden[row]:
        return (
            f"lies {gap:.0f} m from the nearest {what}, but behind the forbidden area {item.feet.hidden[row]}, and no"
            f" other one is in sight within {rules.farthest:g} m"
        )
    return f"lies {gap:.0f} m from the nearest {what}, more than the {rules.farthest:g} m allowed"


def _connected(layer: str, points: gpd.GeoDataFrame, item: Reached, rows: Index) -> list[Finding]:
    """Findings about new connections of points; `rows` are theirs among the feet."""
    gap, nearest, hidden = item.feet.gap[rows], item.feet.nearest[rows], item.feet.hidden[rows]
    messages = [
        f"{layer[:-1]} {name} was connected to the nearest pipe over {length:.1f} m."
        if not areas
        else f"{layer[:-1]} {name} was connected over {length:.1f} m: the nearest pipe, {near:.1f} m away, lies"
        f" behind the forbidden area {areas}."
        for name, length, near, areas in zip(points[f"{layer[:-1]}_id"], gap, nearest, hidden, strict=True)
    ]
    return findings_about(
        points, "connected", "info", layer, messages, distances=gap, repair="connection drawn", applied=True
    )


def _leaving_areas(layer: str, points: gpd.GeoDataFrame, feet: Array, rules: Joining) -> list[Finding]:
    """Findings about points in a forbidden area whose new connection leaves it."""
    if rules.forbidden is None or not len(points):
        return []
    places = points.geometry.to_numpy()
    row, area = crossed_areas(shapely.get_coordinates(places), feet, rules.forbidden)
    inside = shapely.within(places[row], shapely.make_valid(rules.forbidden[area]))
    row, area = row[inside], area[inside]
    chosen = points.iloc[row]
    messages = [
        f"{layer[:-1]} {name} stands in the forbidden area {own}; its connection has to leave it."
        for name, own in zip(chosen[f"{layer[:-1]}_id"], rules.areas["area_id"].to_numpy(object)[area], strict=True)
    ]
    others = rules.areas.index.to_numpy()[area]
    return findings_about(chosen, "inside-area", "warning", layer, messages, others=others)


def with_connection_lengths(
    stations: gpd.GeoDataFrame, pipes: gpd.GeoDataFrame, start: Index, end: Index, node: Index
) -> gpd.GeoDataFrame:
    """Stations with the length of their connection."""
    is_connection = words(pipes, "role", "connection") == "connection"  # one that states none becomes one
    written = np.round(pipes["length_m"].to_numpy(float), DECIMALS)
    length = connection_lengths(is_connection, start, end, written, node)
    return stations.assign(connection_length_m=length)


def connection_lengths(connection: Mask, start: Index, end: Index, length: Array, node: Index) -> Array:
    """Length of the connection that ends at each station [m]: 0 for one on another pipe, NaN for one at no node.

    A connection may consist of several pipes in a row (one with a valve in it does).

    Parameters
    ----------
    connection, start, end, length : arrays, shape (pipes,)
        Which pipes are connections, their nodes, their lengths [m].
    node : array, shape (stations,)
        Node of each station, -1 for none.
    """
    count = int(max(start.max(initial=0), end.max(initial=0), node.max(initial=0))) + 1
    ends, pipe = np.concatenate([start, end]), np.tile(np.arange(len(start)), 2)
    degree = np.bincount(ends, minlength=count)
    of_connections = np.bincount(ends[connection[pipe]], minlength=count)
    order = np.argsort(ends, kind="stable")
    first = np.concatenate([[0], np.cumsum(degree)])[:-1]
    through = np.flatnonzero((degree == 2) & (of_connections == 2))
    group = components(pipe[order[first[through]]], pipe[order[first[through] + 1]], len(start))
    total = np.bincount(group, np.where(connection, length, 0.0), minlength=1)
    at_end = (node >= 0) & (degree[node] == 1) & (of_connections[node] == 1)
    result = np.where(node >= 0, 0.0, np.nan)
    result[at_end] = total[group[pipe[order[first[node[at_end]]]]]]
    return result
