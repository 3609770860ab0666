"""Placing labels: candidate positions, and a greedy choice in which no two boxes overlap.

Everything is in millimetres on the page. A candidate is one text at one place: the left end of its base
line, an angle, its width and its reach above and below the base line. Labels are numbered by importance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]

# direction of the label from its point, shift of its middle in half widths and heights, penalty
_AROUND = np.array(
    [
        (1.0, 0.0, 1.0, 0.0, 0.0),
        (0.75, 0.75, 1.0, 1.0, 0.2),
        (0.75, -0.75, 1.0, -1.0, 0.4),
        (-1.0, 0.0, -1.0, 0.0, 0.6),
        (-0.75, 0.75, -1.0, 1.0, 0.8),
        (-0.75, -0.75, -1.0, -1.0, 1.0),
        (0.0, 1.0, 0.0, 1.0, 0.9),
        (0.0, -1.0, 0.0, -1.0, 1.1),
        (0.0, 1.0, 0.5, 1.0, 1.2),
        (0.0, 1.0, -0.5, 1.0, 1.3),
        (0.0, -1.0, 0.5, -1.0, 1.4),
        (0.0, -1.0, -0.5, -1.0, 1.5),
    ]
)
_FARTHER_MM = 1.3
_FARTHER_PENALTY = 2.0
_STRAIGHT = 0.97


@dataclass(frozen=True)
class Candidates:
    """Possible places of labels, as equal-length arrays; a label has several."""

    owner: NDArray[np.int64]
    origin: Floats
    angle: Floats
    size: Floats
    penalty: Floats


def join(parts: Sequence[Candidates]) -> Candidates:
    """Join candidates into one set, in the order given."""
    return Candidates(
        np.concatenate([part.owner for part in parts]),
        np.concatenate([part.origin for part in parts]),
        np.concatenate([part.angle for part in parts]),
        np.concatenate([part.size for part in parts]),
        np.concatenate([part.penalty for part in parts]),
    )


def around_points(
    owner: NDArray[np.int64], point: Floats, radius: Floats, size: Floats, gap: float = 0.7
) -> Candidates:
    """Candidates on two rings of twelve places around each point.

    Parameters
    ----------
    owner
        Label number of each text, shape (n,).
    point, radius
        Middle, shape (n, 2), and radius, shape (n,), of the symbol [mm].
    size
        Width, reach above and reach below the base line of each text [mm], shape (n, 3).
    gap
        Least distance of text and symbol [mm].
    """
    width, above, below = size.T
    half = np.column_stack([width / 2, (above + below) / 2])[:, None, :]
    direction, towards = _AROUND[:, :2], _AROUND[:, 2:4] * half
    rings = [
        point[:, None, :] + direction * (radius[:, None, None] + distance) + towards
        for distance in (gap, gap + _FARTHER_MM)
    ]
    middle = np.concatenate(rings, axis=1)
    origin = middle - half + np.column_stack([np.zeros_like(below), below])[:, None, :]
    places = middle.shape[1]
    penalty = np.concatenate([_AROUND[:, 4], _AROUND[:, 4] + _FARTHER_PENALTY])
    return Candidates(
        np.repeat(owner, places),
        origin.reshape(-1, 2),
        np.zeros(len(owner) * places),
        np.repeat(size, places, axis=0),
        np.tile(penalty, len(owner)),
    )


def along_lines(
    owner: NDArray[np.int64],
    line: Geometries,
    half_width: Floats,
    size: Floats,
    fractions: Floats,
    gap: float = 0.5,
) -> Candidates:
    """Candidates beside each line, above and below it, turned with it and readable from below.

    Parameters
    ----------
    owner
        Label number of each line, shape (n,).
    line, half_width
        Lines, shape (n,), and half their drawn width [mm].
    size
        Width, reach above and reach below the base line of each text [mm], shape (n, 3).
    fractions
        Places of the middle of the text as fractions of the line, best first, shape (n, k).
    gap
        Distance of text and drawn line [mm].

    Notes
    -----
    A place where the line bends under the text (chord under 97 % of the text) is left out.
    """
    count, places = fractions.shape
    lines = np.repeat(line, places)
    width, above, below = np.repeat(size, places, axis=0).T
    middle = shapely.length(lines) * fractions.ravel()
    ends = [
        shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(middle + half, 0.0)))
        for half in (-width / 2, width / 2)
    ]
    chord = ends[1] - ends[0]
    bent = np.hypot(*chord.T) < _STRAIGHT * width
    chord = np.where((chord[:, :1] < 0) | ((chord[:, :1] == 0) & (chord[:, 1:] < 0)), -chord, chord)
    angle = np.arctan2(chord[:, 1], chord[:, 0])
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    start = (ends[0] + ends[1]) / 2 - direction * width[:, None] / 2
    aside = np.repeat(half_width, places) + gap
    penalty = np.where(bent, np.inf, np.tile(np.arange(places) * 0.15, count))
    origin = [start + normal * (aside + below)[:, None], start - normal * (aside + above)[:, None]]
    once = np.repeat(owner, places)
    return Candidates(
        np.tile(once, 2),
        np.concatenate(origin),
        np.tile(angle, 2),
        np.tile(np.repeat(size, places, axis=0), (2, 1)),
        np.concatenate([penalty, penalty + 0.3]),
    )


def boxes(candidates: Candidates, margin: float = 0.3) -> Geometries:
    """Rectangles that the texts cover, turned with them and `margin` [mm] larger on every side."""
    width, above, below = candidates.size.T
    right, left = width + margin, np.full_like(width, -margin)
    top, bottom = above + margin, -below - margin
    corners = np.stack(
        [np.stack(pair, axis=1) for pair in ((left, bottom), (right, bottom), (right, top), (left, top))],
        axis=1,
    )
    cos, sin = np.cos(candidates.angle)[:, None], np.sin(candidates.angle)[:, None]
    turned = np.stack(
        [cos * corners[..., 0] - sin * corners[..., 1], sin * corners[..., 0] + cos * corners[..., 1]], axis=2
    )
    return np.asarray(shapely.polygons(turned + candidates.origin[:, None, :]), dtype=object)


def covered_length(box: Geometries, lines: Geometries, weight: Floats) -> Floats:
    """Length of `lines` under each box [mm], each line times its weight."""
    covered = np.zeros(len(box))
    if len(box) and len(lines):
        which, line = shapely.STRtree(lines).query(box, predicate="intersects")
        length = shapely.length(shapely.intersection(box[which], lines[line]))
        np.add.at(covered, which, length * weight[line])
    return covered


def blocked(box: Geometries, obstacles: Geometries) -> NDArray[np.bool_]:
    """Whether each box touches an obstacle: a symbol, the surroundings of the map."""
    touched = np.zeros(len(box), dtype=bool)
    if len(box) and len(obstacles):
        touched[shapely.STRtree(obstacles).query(box, predicate="intersects")[0]] = True
    return touched


def place_labels(owner: NDArray[np.int64], box: Geometries, penalty: Floats) -> NDArray[np.int64]:
    """Choose at most one place for every label, so that no two boxes overlap.

    Parameters
    ----------
    owner
        Label number of each candidate, shape (m,); the smallest number is placed first.
    box
        Rectangle of each candidate, shape (m,).
    penalty
        How disagreeable the place is, infinite where it is impossible, shape (m,).

    Returns
    -------
    Numbers of the chosen candidates, by importance. A label for which no place is free is left out.
    """
    alive = np.flatnonzero(np.isfinite(penalty))
    if not len(alive):
        return np.zeros(0, dtype=np.int64)
    first, second = shapely.STRtree(box[alive]).query(box[alive], predicate="intersects")
    by_first = np.argsort(first, kind="stable")
    start = np.searchsorted(first[by_first], np.arange(len(alive) + 1))
    neighbour = second[by_first]
    open_, chosen, done = np.ones(len(alive), dtype=bool), [], -1
    for place in np.lexsort((penalty[alive], owner[alive])):
        if open_[place] and owner[alive[place]] != done:
            chosen.append(alive[place])
            done = owner[alive[place]]
            open_[neighbour[start[place] : start[place + 1]]] = False
    return np.array(chosen, dtype=np.int64)
