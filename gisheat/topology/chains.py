"""Pseudo-nodes: places where just two lines meet that agree in everything, found and, if asked, joined."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.layers.measures import has_m
from gisheat.numerics.incidence import components
from gisheat.schema import ID_COLUMN
from gisheat.topology.drawn import DIVIDED

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

OF_ITSELF = ("parent_id", "source_fid", "source_layer", "from_node", "to_node", "repaired", "geometry", *DIVIDED)
"""Columns that say nothing of what kind of line a row is."""


class PseudoNodes(NamedTuple):
    """Nodes where two rows meet and could be one: node, and the two rows; equal lengths."""

    node: Index
    one: Index
    other: Index


def find_pseudo_nodes(table: gpd.GeoDataFrame, layer: str, start: Index, end: Index, able: Mask) -> PseudoNodes:
    """Nodes where just two lines meet that agree in all their columns, and have Z both or not at all.

    Lines with M stay as they are: what is measured along one does not go on along the other.

    Parameters
    ----------
    start, end : int arrays, shape (rows,)
        Nodes of each row.
    able : bool array, shape (nodes,)
        Nodes that could go: nothing else stands there.
    """
    count, rows = len(able), np.arange(len(table))
    node = np.concatenate([start, end])
    order = np.argsort(node, kind="stable")
    at = np.flatnonzero((np.bincount(node, minlength=count) == 2) & able)
    first = np.searchsorted(node[order], at)
    owner = np.concatenate([rows, rows])[order]
    one, other = owner[first], owner[first + 1]
    kind = _alike(table, layer)
    lines = table.geometry.to_numpy()
    with_z, measured = shapely.has_z(lines), has_m(lines)
    keep = (one != other) & (kind[one] == kind[other])
    keep &= (with_z[one] == with_z[other]) & ~measured[one] & ~measured[other]
    return PseudoNodes(at[keep], one[keep], other[keep])


def _alike(table: gpd.GeoDataFrame, layer: str) -> Index:
    """A number that rows share which agree in everything but their names, lengths and places."""
    own = [c for c in table.columns if c not in OF_ITSELF and c != ID_COLUMN[layer]]
    number = np.zeros(len(table), np.int64)
    for name in own:  # one column after the other: the groups of all at once would be made of rows of objects
        code = pd.factorize(table[name].to_numpy(), use_na_sentinel=False)[0]
        number = np.unique(number * (code.max(initial=0) + 1) + code, return_inverse=True)[1]
    return number.astype(np.int64)


class Chained(NamedTuple):
    """Rows after joining, their nodes, and for each row before: the row it is part of now, whether it is gone."""

    table: gpd.GeoDataFrame
    start: Index
    end: Index
    row: Index
    row_is_gone: Mask


def join_chains(table: gpd.GeoDataFrame, start: Index, end: Index, xy: Array, pseudo: PseudoNodes) -> Chained:
    """Rows that meet at pseudo-nodes become one: it has the name and direction of the first of them by coordinate.

    What closes a ring stays as it is: a line that starts and ends at one node carries nothing.
    """
    count = len(table)
    group = components(pseudo.one, pseudo.other, count)
    size = np.bincount(group, minlength=count)
    ring = np.bincount(group[pseudo.one], minlength=len(size)) >= size
    chained = (size[group] > 1) & ~ring[group]
    low = np.lexsort((np.arange(count), *_corner(xy, start, end).T[::-1], group))
    first = low[np.unique(group[low], return_index=True)[1]][group]  # row that stands for the group of each row
    members = np.flatnonzero(chained)
    members = members[np.argsort(first[members], kind="stable")]
    heads, owner = np.unique(first[members], return_inverse=True)
    lines = table.geometry.to_numpy()
    merged = shapely.line_merge(shapely.multilinestrings(lines[members], indices=owner))
    merged, begin, finish = _as_drawn(merged, lines[heads])
    keep = ~chained | (first == np.arange(count))
    geometry = lines.copy()
    geometry[heads] = merged
    status = table["repaired"].to_numpy(object, copy=True)
    status[heads] = "merged"
    columns = {name: _summed(name, table, members, heads[owner]) for name in DIVIDED if name in table}
    table = table.assign(repaired=status, **columns).set_geometry(geometry, crs=table.crs)
    at = np.unique(np.concatenate([start[members], end[members]]))
    places = dict(zip(map(tuple, xy[at].tolist()), at.tolist(), strict=True))
    start, end = start.copy(), end.copy()
    start[heads] = [places[place] for place in map(tuple, begin.tolist())]
    end[heads] = [places[place] for place in map(tuple, finish.tolist())]
    row = (np.cumsum(keep) - 1)[np.where(keep, np.arange(count), first)]
    return Chained(table[keep].reset_index(drop=True), start[keep], end[keep], row, ~keep)


def _corner(xy: Array, start: Index, end: Index) -> Array:
    """The lower left one of the two ends of each row, then the other one, shape (rows, 4)."""
    both = np.stack([xy[start], xy[end]])
    swap = (both[1, :, 0] < both[0, :, 0]) | ((both[1, :, 0] == both[0, :, 0]) & (both[1, :, 1] < both[0, :, 1]))
    return np.hstack([np.where(swap[:, None], both[1], both[0]), np.where(swap[:, None], both[0], both[1])])


def _as_drawn(merged: NDArray[np.object_], heads: NDArray[np.object_]) -> tuple[NDArray[np.object_], Array, Array]:
    """Merged lines in the direction of the line that stands for each; and their first and last points."""
    if len(merged):
        at = [shapely.line_locate_point(merged, shapely.line_interpolate_point(heads, s, normalized=True))
              for s in (0.25, 0.75)]  # fmt: skip
        merged = np.where(at[1] < at[0], shapely.reverse(merged), merged)
    begin, finish = (shapely.get_coordinates(shapely.get_point(merged, k)) for k in (0, -1))
    return merged, begin, finish


def _summed(name: str, table: gpd.GeoDataFrame, members: Index, head: Index) -> Array:
    """A column with the sum over its members at each head; the drawn length stands for one that is not stated."""
    result = table[name].to_numpy(float, copy=True)
    own = result[members]
    unstated = shapely.length(table.geometry.to_numpy()[members]) if name == "length_m" else 0.0
    total = np.bincount(head, np.where(np.isnan(own), unstated, own), len(result))
    stated = np.bincount(head, ~np.isnan(own), len(result)) > 0
    result[head] = np.where(stated, total, np.nan)[head]
    return result
