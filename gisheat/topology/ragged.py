"""Between geometries and the arrays that noding works on."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.layers.measures import has_m, lines_of_vertices, vertices
from gisheat.noding import Lines, Noded

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Geometries = NDArray[np.object_]


def lines_of(geometries: Geometries) -> Lines:
    """Vertices of LineStrings, without Z and M; None and empty ones have none."""
    xy, line = shapely.get_coordinates(geometries, return_index=True)
    return Lines(xy, np.searchsorted(line, np.arange(len(geometries) + 1)))


def geometries_of(noded: Noded, geometries: Geometries) -> Geometries:
    """Pieces as LineStrings, with Z and M of the lines they come from.

    Parameters
    ----------
    noded : Noded
        What `gisheat.noding.node_lines` made of `lines_of(geometries)`.
    geometries : array of LineString, shape (lines,)
        The lines; those that are whole and at their place are handed on as they are.

    Returns
    -------
    array of LineString, shape (pieces,)
        Z and M are interpolated along the segments of the line.
    """
    result = geometries[noded.line] if len(geometries) else np.empty(len(noded.line), object)
    changed = np.flatnonzero(~as_drawn(noded, geometries))
    with_z, with_m = shapely.has_z(result), has_m(result)
    for z, m in product((False, True), repeat=2):
        chosen = changed[(with_z[changed] == z) & (with_m[changed] == m)]
        if len(chosen):
            result[chosen] = _pieces(noded, geometries, chosen, z, m)
    return result


def reordered(noded: Noded, order: Index) -> Noded:
    """What noding makes of lines in another order than they were given: `order` has the line of each one given."""
    line = order[noded.line]
    rows = np.lexsort((noded.part, line))
    count = np.diff(noded.lines.offset)[rows]
    vertex, _ = _vertices(noded.lines.offset, rows)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    events = noded.events
    other = np.where(events.other >= 0, order[events.other], -1)
    return replace(
        noded, lines=Lines(noded.lines.xy[vertex], offset), line=line[rows], part=noded.part[rows],
        start=noded.start[rows], end=noded.end[rows], along=noded.along[vertex], share=noded.share[rows],
        events=replace(events, line=np.where(events.line >= 0, order[events.line], -1), other=other),
    )  # fmt: skip


def as_drawn(noded: Noded, geometries: Geometries) -> NDArray[np.bool_]:
    """Whether each piece is a whole line with its vertices where they were."""
    drawn = lines_of(geometries)
    count = np.diff(noded.lines.offset)
    whole = count == np.diff(drawn.offset)[noded.line]
    vertex, piece = _vertices(noded.lines.offset, np.flatnonzero(whole))
    source = drawn.offset[noded.line[piece]] + vertex - noded.lines.offset[piece]
    differs = (noded.lines.xy[vertex] != drawn.xy[source]).any(axis=1)
    whole[piece[differs]] = False
    return whole


def _vertices(offset: Index, chosen: Index) -> tuple[Index, Index]:
    """All vertices of chosen rows, and the row of each."""
    count = offset[chosen + 1] - offset[chosen]
    row = np.repeat(chosen, count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return offset[row] + within, row


def _pieces(noded: Noded, geometries: Geometries, chosen: Index, z: bool, m: bool) -> Geometries:
    """Pieces of lines that all have Z or not, and M or not."""
    vertex, piece = _vertices(noded.lines.offset, chosen)
    coordinates = noded.lines.xy[vertex]
    if z or m:
        number = np.full(len(geometries), -1, np.int64)
        own = np.unique(noded.line[chosen])
        number[own] = np.arange(len(own))
        drawn, line = vertices(geometries[own], z=z, m=m)
        first = np.searchsorted(line, np.arange(len(own) + 1))[number[noded.line[piece]]]
        along = noded.along[vertex]
        whole = along.astype(np.int64)
        low = first + whole
        high = np.minimum(low + 1, len(drawn) - 1)
        share = (along - whole)[:, None]
        extra = np.where(share > 0.0, (1.0 - share) * drawn[low, 2:] + share * drawn[high, 2:], drawn[low, 2:])
        coordinates = np.column_stack([coordinates, extra])
    return lines_of_vertices(coordinates, np.diff(noded.lines.offset)[chosen], z=z, m=m)
