"""Where trenches may leave a street: connections to stations and sources, links to pipes that are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisheat.graphs.graph import Array, Index, Mask
from gisheat.noding import EXACT
from gisheat.routing.costs import Areas
from gisheat.routing.lines import Lines, Paths, point_at
from gisheat.topology.feet import At, candidate_feet

CLEAR = 0.01
"""A connection that comes this near [m] to a street at its foot does not cross it there."""


@dataclass(frozen=True, slots=True)
class Feet:
    """Straight ways from points to lines, equal-length arrays."""

    point: Index
    line: Index
    along: Array
    """Place of the foot along its line [m]."""
    length: Array
    """[m]"""

    def take(self, which: Index | Mask) -> Feet:
        """Some of them."""
        return Feet(self.point[which], self.line[which], self.along[which], self.length[which])

    def at(self, points: Index) -> Feet:
        """The same with points counted otherwise: point i is `points[i]`."""
        return Feet(points[self.point], self.line, self.along, self.length)

    def ways(self, points: Array, paths: Paths) -> Lines:
        """Lines from the points to their feet."""
        feet = point_at(paths, self.line, self.along)[:, :2]
        return np.asarray(shapely.linestrings(np.stack([points[self.point, :2], feet], axis=1)), object)


def feet_of(points: Array, paths: Paths, farthest: float) -> Feet:
    """Foot of every point on every line within a distance [m], by point and length; of equal feet the first line's."""
    if not len(points) or not len(paths):
        empty = np.empty(0, np.int64)
        return Feet(empty, empty, np.empty(0), np.empty(0))
    places = np.asarray(shapely.points(points[:, :2]), object)
    tree = shapely.STRtree(paths.line)
    point, line = tree.query(places, predicate="dwithin", distance=farthest)
    along = np.asarray(shapely.line_locate_point(paths.line[line], places[point]))
    foot = point_at(paths, line, along)[:, :2]
    length = np.hypot(*(foot - points[point, :2]).T)
    order = np.lexsort((line, foot[:, 1], foot[:, 0], np.round(length / EXACT), point))
    point, foot = point[order], foot[order]
    again = np.zeros(len(order), bool)
    again[1:] = (point[1:] == point[:-1]) & (np.abs(foot[1:] - foot[:-1]) <= EXACT).all(axis=1)
    order = order[~again]
    feet = Feet(point[~again].astype(np.int64), line[order].astype(np.int64), along[order], length[order])
    return feet.take(feet.length <= farthest)


def seen_feet(points: Array, paths: Paths, count: int, farthest: float, areas: Areas, at: At) -> Feet:
    """The nearest feet of every point on different lines that it sees past the forbidden areas, by point and length."""
    if not len(points) or not len(paths):
        empty = np.empty(0, np.int64)
        return Feet(empty, empty, np.empty(0), np.empty(0))
    everywhere = np.ones(len(paths), bool)
    found = candidate_feet(
        points, paths.line, everywhere, count=count, farthest=farthest, forbidden=areas.forbidden, at=at
    )
    return Feet(found.point, found.line, found.along, found.gap)


def joined(some: Feet, others: Feet) -> Feet:
    """Both, by point and length."""
    feet = Feet(*(np.concatenate([getattr(f, name) for f in (some, others)]) for name in Feet.__slots__))
    return feet.take(np.lexsort((feet.line, feet.length, feet.point)))


def crossing(feet: Feet, points: Array, paths: Paths) -> Mask:
    """Which ways cross another line before they reach their own."""
    result = np.zeros(len(feet.point), bool)
    long = np.flatnonzero(feet.length > 2.0 * CLEAR)
    if not len(long):
        return result
    ends = shapely.get_coordinates(feet.take(long).ways(points, paths)).reshape(-1, 2, 2)
    share = (1.0 - CLEAR / feet.length[long])[:, None]
    short = shapely.linestrings(np.stack([ends[:, 0], ends[:, 0] + share * (ends[:, 1] - ends[:, 0])], axis=1))
    way, line = shapely.STRtree(paths.line).query(short, predicate="crosses")
    result[long[way[line != feet.line[long[way]]]]] = True
    return result


def nearest_of(feet: Feet, count: int) -> Feet:
    """The first so many of each point; they come by point and length."""
    first = np.searchsorted(feet.point, feet.point)
    return feet.take(np.arange(len(feet.point)) - first < count)


@dataclass(frozen=True, slots=True)
class Links:
    """Short ways between pipes and streets, equal-length arrays."""

    pipe: Index
    pipe_along: Array
    street: Index
    street_along: Array

    def take(self, which: Index | Mask) -> Links:
        """Some of them."""
        return Links(self.pipe[which], self.pipe_along[which], self.street[which], self.street_along[which])


def through_station(
    links: Links, pipes: Paths, streets: Paths, connection: Mask, stations: Array, tolerance: float
) -> Mask:
    """Which links would prolong a connection beyond its station: nothing is dug through a station.

    Parameters
    ----------
    connection : bool array, shape (pipes,)
        Pipes of a single station.
    stations : array, shape (n, 2)
    """
    near = max(tolerance, EXACT)
    ends, count = np.unique(pipes.ends[:, :2], axis=0, return_counts=True)
    stands = np.zeros(len(ends), bool)
    if len(stations) and len(ends):
        places = np.asarray(shapely.points(stations), object)
        stands[shapely.STRtree(places).query(shapely.points(ends), predicate="dwithin", distance=near)[0]] = True
    dead = np.asarray(shapely.points(ends[stands & (count == 1)]), object)
    result = np.zeros(len(links.pipe), bool)
    if not len(dead):
        return result
    there = np.flatnonzero(connection[links.pipe])
    foot = point_at(pipes, links.pipe[there], links.pipe_along[there])[:, :2]
    place = point_at(streets, links.street[there], links.street_along[there])[:, :2]
    result[there[shapely.STRtree(dead).query(shapely.points(foot), predicate="dwithin", distance=near)[0]]] = True
    result[there] &= np.hypot(*(foot - place).T) > near  # in the street itself it may go on
    return result


def links_of(
    pipes: Paths, streets: Paths, junctions: Array, farthest: float, areas: Areas, tolerance: float, *, anywhere: bool
) -> tuple[Links, Array]:
    """Ways between pipes and streets no longer than `farthest` [m], and their cost factors by area.

    From the ends of every pipe to the nearest street that no pipe leads to; where pipes may be tapped `anywhere`, from
    every junction of streets to the nearest pipe too, and where a street crosses a pipe or comes nearest to it.
    """
    ends = pipes.ends
    count = len(pipes)
    if not count or not len(streets):
        empty = np.empty(0, np.int64)
        return Links(empty, np.empty(0), empty, np.empty(0)), np.empty(0)
    from_pipe = _clear_ways(ends, pipes, streets, junctions, farthest, tolerance)
    pipe = from_pipe.point % count
    pipe_along = np.where(from_pipe.point < count, 0.0, pipes.length[pipe])
    found = [(pipe, pipe_along, from_pipe.line, from_pipe.along)]
    if anywhere:
        found += [_from_junctions(pipes, junctions, farthest), _closest(pipes, streets, farthest)]
    pipe, pipe_along, street, street_along = (np.concatenate([f[k] for f in found]) for k in range(4))
    key = np.column_stack([pipe, np.round(pipe_along / EXACT), street, np.round(street_along / EXACT)])
    first = np.unique(key, axis=0, return_index=True)[1]
    links = Links(pipe[first].astype(np.int64), pipe_along[first], street[first].astype(np.int64), street_along[first])
    a, b = point_at(pipes, links.pipe, links.pipe_along), point_at(streets, links.street, links.street_along)
    ways = np.asarray(shapely.linestrings(np.stack([a[:, :2], b[:, :2]], axis=1)), object)
    factor = areas.factors(ways)
    usable = np.isfinite(factor)
    return links.take(usable), factor[usable]


def _clear_ways(ends: Array, pipes: Paths, streets: Paths, junctions: Array, farthest: float, tolerance: float) -> Feet:
    """From each end the shortest way to a street or a junction that neither runs along a pipe nor ends on one.

    A trench beside the axis of its street has the next cross street straight ahead: the way there would lie in it.
    Where there are only such ways, the shortest one is taken.
    """
    feet = feet_of(ends, streets, farthest)
    end, at = shapely.STRtree(np.asarray(shapely.points(junctions[:, :2]), object)).query(
        shapely.points(ends[:, :2]), predicate="dwithin", distance=farthest
    )
    point = np.concatenate([feet.point, end])
    line = np.concatenate([feet.line, junctions[at, 2].astype(np.int64)])
    along = np.concatenate([feet.along, junctions[at, 3]])
    found = Feet(point, line, along, np.hypot(*(point_at(streets, line, along)[:, :2] - ends[point, :2]).T))
    ways, laid = found.ways(ends, streets), shapely.STRtree(pipes.line)
    in_trench = np.zeros(len(ways), bool)
    for share in (0.5, 1.0):
        place = shapely.line_interpolate_point(ways, share, normalized=True)
        in_trench[laid.query(place, predicate="dwithin", distance=tolerance)[0]] = True
    in_trench &= found.length > 2.0 * tolerance
    order = np.lexsort((found.line, found.along, found.length, in_trench, found.point))
    return nearest_of(found.take(order), 1)


_Places = tuple[Index, Array, Index, Array]


def _from_junctions(pipes: Paths, junctions: Array, farthest: float) -> _Places:
    """From each junction (x, y, street, place along it) to the nearest pipe."""
    feet = nearest_of(feet_of(junctions[:, :2], pipes, farthest), 1)
    at = junctions[feet.point]
    return feet.line, feet.along, at[:, 2].astype(np.int64), at[:, 3]


def _closest(pipes: Paths, streets: Paths, farthest: float) -> _Places:
    """Where pipes and streets cross, and where they come nearest to one another."""
    pipe, street = shapely.STRtree(streets.line).query(pipes.line, predicate="dwithin", distance=farthest)
    order = np.lexsort((street, pipe))
    pipe, street = pipe[order], street[order]
    shortest = shapely.get_coordinates(shapely.shortest_line(pipes.line[pipe], streets.line[street])).reshape(-1, 2, 2)
    common = shapely.intersection(pipes.line[pipe], streets.line[street])
    points, pair = shapely.get_parts(common, return_index=True)
    single = shapely.get_type_id(points) == 0
    crossing = shapely.get_coordinates(points[single]).reshape(-1, 2)
    pair = np.concatenate([np.arange(len(pipe)), pair[single]])
    on_pipe = shapely.points(np.concatenate([shortest[:, 0], crossing]))
    on_street = shapely.points(np.concatenate([shortest[:, 1], crossing]))
    pipe, street = pipe[pair], street[pair]
    return (
        pipe, shapely.line_locate_point(pipes.line[pipe], on_pipe),
        street, shapely.line_locate_point(streets.line[street], on_street),
    )  # fmt: skip
