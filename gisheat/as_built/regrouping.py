"""Lines that were cut or joined: which row of the base each part takes, and its way along the base's own vertices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.layers.measures import has_m, lines_of_vertices, vertices

Array = NDArray[np.float64]
Line = Any


class Part(NamedTuple):
    """What becomes of a new line of a group."""

    new: int
    """Feature id in the newer state."""
    old: int
    """Feature id in the base whose values it has."""
    takes_row: bool
    """Whether it takes the row of that feature; else it gets one of its own."""


def groups_of(pairs: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Pairs (old, new) by what hangs together, in the order in which they come."""
    label: dict[tuple[str, int], int] = {}
    groups: dict[int, list[tuple[int, int]]] = {}
    for number, (old, new) in enumerate(pairs):
        found = sorted({label[key] for key in (("old", old), ("new", new)) if key in label})
        keep = found[0] if found else number
        groups.setdefault(keep, []).append((old, new))
        for other in found[1:]:
            groups[keep] += groups.pop(other)
        for pair in groups[keep]:
            label["old", pair[0]] = label["new", pair[1]] = keep
    return list(groups.values())


def parts_of(
    pairs: Sequence[tuple[int, int]], ids: Mapping[str, Mapping[int, str]], length: Mapping[int, float]
) -> tuple[list[Part], list[int]]:
    """Which row each new line of a group takes, and old features whose row goes.

    A part takes the row of the feature whose identifier it has; else the longest part that of a feature it lies along.

    Parameters
    ----------
    pairs : sequence of (old, new)
        Feature ids of one group.
    ids : mapping
        old, new -> feature id -> identifier.
    length : mapping
        Length of new lines [m].
    """
    along: dict[int, list[int]] = {}
    for old, new in pairs:
        along.setdefault(new, []).append(old)
    free = dict.fromkeys(old for old, _ in pairs)
    taken: dict[int, int] = {}
    for new, olds in along.items():
        same = next((o for o in olds if ids["old"][o] and ids["old"][o] == ids["new"][new] and o in free), None)
        if same is not None:
            taken[new] = same
            del free[same]
    for new in sorted(along, key=lambda n: -length[n]):
        first = next((o for o in along[new] if o in free), None)
        if new not in taken and first is not None:
            taken[new] = first
            del free[first]
    return [Part(new, taken.get(new, olds[0]), new in taken) for new, olds in along.items()], list(free)


def cut(line: Line, parts: Sequence[Line], tolerance: float) -> list[Line] | None:
    """Pieces of a line of the base at the places where others cut it, in the order of `parts`; Z and M come along.

    None where the parts do not make the line up from end to end, within the tolerance.
    """
    if shapely.get_type_id(line) != shapely.GeometryType.LINESTRING:
        return None
    ends = np.array([[shapely.line_locate_point(line, shapely.get_point(p, k)) for k in (0, -1)] for p in parts])
    if np.isnan(ends).any():
        return None
    low, high = ends.min(axis=1), ends.max(axis=1)
    order, whole = np.argsort(low, kind="stable"), shapely.length(line)
    bounds = np.concatenate([[0.0], (high[order[:-1]] + low[order[1:]]) / 2.0, [whole]])
    apart = np.abs(np.concatenate([[low[order[0]]], high[order[:-1]] - low[order[1:]], [whole - high[order[-1]]]]))
    # two ends of the same cut were digitised, each within the tolerance of it
    if (apart > 2.0 * tolerance).any() or (np.diff(bounds) <= tolerance).any():
        return None
    found: list[Line] = [None] * len(parts)
    for k, row in enumerate(order.tolist()):
        found[row] = between(line, bounds[k], bounds[k + 1])
    far = shapely.hausdorff_distance(np.array(found, object), np.array(parts, object))
    return found if (far <= tolerance).all() else None


def between(line: Line, start: float, end: float) -> Line:
    """The piece of a line between two distances from its start [m], Z and M between vertices interpolated."""
    z, m = bool(shapely.has_z(line)), bool(has_m(np.array([line], object))[0])
    place, _ = vertices(np.array([line], object), z=z, m=m)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(place[:, :2], axis=0).T))])
    inside = (along > start) & (along < end)
    at = np.concatenate([[start], along[inside], [end]])
    rows = np.column_stack([np.interp(at, along, column) for column in place.T])
    if start <= 0.0:
        rows[0] = place[0]
    if end >= along[-1]:
        rows[-1] = place[-1]
    rows[1:-1] = place[inside]
    return lines_of_vertices(rows, np.array([len(rows)]), z=z, m=m)[0]


def stitched(lines: Sequence[Line], along: Line, tolerance: float) -> Line | None:
    """Lines of the base put together to one that runs as `along` does; None where they don't meet, or run elsewhere."""
    if any(shapely.get_type_id(line) != shapely.GeometryType.LINESTRING for line in (*lines, along)):
        return None
    drawn = np.array(lines, object)
    z, m = bool(shapely.has_z(drawn).all()), bool(has_m(drawn).all())
    rows = [vertices(np.array([line], object), z=z, m=m)[0] for line in lines]
    ends = np.array([
        [shapely.line_locate_point(along, shapely.get_point(line, k)) for k in (0, -1)] for line in lines
    ])  # fmt: skip
    rows = [row[::-1] if a > b else row for row, (a, b) in zip(rows, ends, strict=True)]
    ordered = [rows[i] for i in np.argsort(ends.min(axis=1), kind="stable")]
    joined = [ordered[0]]
    for row in ordered[1:]:
        if np.hypot(*(row[0, :2] - joined[-1][-1, :2])) > tolerance:
            return None
        joined.append(row[1:])
    whole = np.concatenate(joined)
    made = lines_of_vertices(whole, np.array([len(whole)]), z=z, m=m)[0]
    return made if shapely.hausdorff_distance(made, along) <= tolerance else None
