"""Ends of changed lines joined to what the base keeps, where they meet within the tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.layers.measures import has_m, lines_of_vertices, vertices

Array = NDArray[np.float64]
Geometries = NDArray[np.object_]


@dataclass(frozen=True)
class Kept:
    """What the base keeps, as trees that are asked for what is near."""

    places: Geometries
    """Ends of its lines, and points."""
    lines: Geometries
    at_places: shapely.STRtree
    at_lines: shapely.STRtree


def kept(lines: Geometries, points: Geometries) -> Kept:
    """Lines and points that stay where they are in the base."""
    drawn = shapely.get_parts(lines[~shapely.is_missing(lines)])
    ends = np.concatenate([shapely.get_point(drawn, 0), shapely.get_point(drawn, -1)]) if len(drawn) else drawn
    places = shapely.force_2d(np.concatenate([ends, shapely.get_parts(points[~shapely.is_missing(points)])]))
    places = places[~shapely.is_missing(places)]
    flat = shapely.force_2d(drawn)
    return Kept(places, flat, shapely.STRtree(places), shapely.STRtree(flat))


def join_points(points: Geometries, base: Kept, tolerance: float, *, on_lines: bool) -> tuple[Geometries, Array]:
    """Points moved onto the nearest place, else (where they stand on lines) the nearest line, of what is kept.

    Returns
    -------
    points, distance : shape (points,)
        How far each was moved [m]; 0 for those that stay, as all with parts do.
    """
    single = shapely.get_type_id(points) == shapely.GeometryType.POINT
    single &= ~shapely.is_empty(points)
    target, distance = _targets(points, base, tolerance, single, on_lines=on_lines)
    moved = distance > 0.0
    found = points.copy()
    for row in np.flatnonzero(moved):
        x, y = shapely.get_coordinates(target[row])[0]
        rest = shapely.get_coordinates(points[row], include_z=True)[0, 2:] if shapely.has_z(points[row]) else ()
        found[row] = shapely.Point(x, y, *rest)
    return found, distance


def join_lines(
    lines: Geometries, base: Kept, own: Geometries, tolerance: float
) -> tuple[Geometries, NDArray[np.int64], Array]:
    """Ends of lines moved onto what is kept: the nearest place, their own former end among them, else the nearest line.

    Parameters
    ----------
    lines : array, shape (lines,)
        LineStrings; others stay as they are.
    own : array, shape (lines,)
        What the base has of each now, None without: an end that did not move keeps its place.
    tolerance : float
        [m]

    Returns
    -------
    lines, row, distance : shape (lines,), (joins,), (joins,)
        Row of the line that each join moved, and how far [m].
    """
    simple = shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING
    simple &= ~shapely.is_empty(lines)
    found = lines.copy()
    ends: list[tuple[Geometries, Array]] = []
    for number in (0, -1):
        end = shapely.force_2d(shapely.get_point(_where(simple, lines), number))
        target, distance = _targets(end, base, tolerance, simple, on_lines=True)
        for former in (0, -1):
            place = shapely.force_2d(shapely.get_point(own, former))
            apart = shapely.distance(end, place)
            better = np.nan_to_num(apart, nan=np.inf) <= np.where(shapely.is_missing(target), tolerance, distance)
            target, distance = np.where(better, place, target), np.where(better, apart, distance)
        ends.append((target, np.where(shapely.is_missing(target), 0.0, distance)))
    same = ~shapely.is_missing(ends[0][0]) & (shapely.distance(ends[0][0], ends[1][0]) == 0.0)
    for this, other in ((0, 1), (1, 0)):  # of a line that would have no length, the nearer end alone is joined
        farther = same & ((ends[this][1] > ends[other][1]) | ((this == 1) & (ends[0][1] == ends[1][1])))
        ends[this] = _where(~farther, ends[this][0]), np.where(farther, 0.0, ends[this][1])
    for row in np.flatnonzero((ends[0][1] > 0.0) | (ends[1][1] > 0.0)):
        found[row] = _with_ends(lines[row], ends[0][0][row], ends[1][0][row])
    rows = np.concatenate([np.flatnonzero(distance > 0.0) for _, distance in ends])
    return found, rows, np.concatenate([distance[distance > 0.0] for _, distance in ends])


def lost(
    drawn: Geometries, made: Geometries, others: Geometries, others_made: Geometries, tolerance: float
) -> NDArray[np.bool_]:
    """Which lines met something within the tolerance, at either end, and meet nothing there any more.

    Parameters
    ----------
    drawn, made : array, shape (lines,)
        Lines of CHANGES, and what became of them.
    others, others_made : array
        All features of CHANGES, and all of the base as it will be; a line is no other of itself.
    """
    found = np.zeros(len(drawn), bool)
    trees = shapely.STRtree(others), shapely.STRtree(others_made)
    for number in (0, -1):
        meets = [
            _meets(shapely.get_point(lines, number), lines, tree, rest, tolerance)
            for lines, tree, rest in ((drawn, trees[0], others), (made, trees[1], others_made))
        ]
        found |= meets[0] & ~meets[1]
    return found


def parted(
    before: Geometries, now: Geometries, others: Geometries, others_now: Geometries, tolerance: float
) -> NDArray[np.bool_]:
    """Which features, lines by their ends or points, meet others at fewer places than before, within the tolerance.

    Parameters
    ----------
    before, now : array, shape (features,)
        What the base has of each, and will have.
    others, others_now : array
        All that they may meet in the base; a feature is no other of itself.
    """
    count = []
    for drawn, rest in ((before, others), (now, others_now)):
        tree = shapely.STRtree(rest)
        line = shapely.get_type_id(drawn) == shapely.GeometryType.LINESTRING
        places = [shapely.get_point(drawn, 0), shapely.get_point(drawn, -1)]
        places[0] = np.where(line, places[0], drawn)
        count.append(sum(_meets(place, drawn, tree, rest, tolerance).astype(int) for place in places))
    return np.asarray(count[1] < count[0], bool)


def _meets(
    ends: Geometries, lines: Geometries, tree: shapely.STRtree, others: Geometries, tolerance: float
) -> NDArray[np.bool_]:
    at, other = tree.query(ends, predicate="dwithin", distance=tolerance)
    found = np.zeros(len(ends), bool)
    found[at[~shapely.equals_exact(lines[at], others[other], 0.0)]] = True
    return found


def _targets(
    ends: Geometries, base: Kept, tolerance: float, asked: NDArray[np.bool_], *, on_lines: bool
) -> tuple[Geometries, Array]:
    """Nearest place, else nearest point of a line, within the tolerance; None and 0 without."""
    target, distance = np.full(len(ends), None, object), np.zeros(len(ends))
    for tree, drawn, wanted in ((base.at_places, base.places, True), (base.at_lines, base.lines, on_lines)):
        left = np.flatnonzero(asked & shapely.is_missing(target))
        if not wanted or not len(left) or not len(drawn):
            continue
        flat = shapely.force_2d(ends[left])
        (row, other), apart = tree.query_nearest(flat, max_distance=tolerance, return_distance=True, all_matches=False)
        there = drawn[other]
        if drawn is base.lines:
            there = shapely.line_interpolate_point(there, shapely.line_locate_point(there, flat[row]))
        target[left[row]], distance[left[row]] = there, apart
    return target, distance


def _with_ends(line: Any, start: Any, end: Any) -> Any:
    """A line whose ends have other places, None for those that stay."""
    z, m = bool(shapely.has_z(line)), bool(has_m(np.array([line], object))[0])
    place, _ = vertices(np.array([line], object), z=z, m=m)
    place = place.copy()
    for row, point in ((0, start), (-1, end)):
        if point is not None:
            place[row, :2] = shapely.get_coordinates(point)[0]
    return lines_of_vertices(place, np.array([len(place)]), z=z, m=m)[0]


def _where(chosen: NDArray[np.bool_], geometries: Geometries) -> Geometries:
    """Geometries that are chosen, None for the others."""
    found = geometries.copy()
    found[~chosen] = None
    return found
