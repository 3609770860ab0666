"""Drawn lines as rows of single lines and as arrays, and back: parts of multi-lines, pieces of lines, their names."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.noding import Lines, Noded
from gisheat.schema import ID_COLUMN
from gisheat.topology.attributes import words

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Text = NDArray[np.object_]

DIVIDED = ("length_m", "zeta")
"""Columns of which a piece of a line gets its share."""


def explode(table: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """One row for each single line that has a length, with the layer and feature id it comes from.

    Parts of a multi-line keep its name; `name_pieces` gives them theirs.
    """
    own, row = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
    length = shapely.length(own)
    lines = table.iloc[row].assign(source_layer=layer, source_fid=table.index.to_numpy()[row])
    lines["source_layer"] = lines["source_layer"].astype(object)
    lines = lines.set_geometry(own, crs=table.crs)
    if len(own) > len(table):
        lines = divided(lines, length / np.bincount(row, length, len(table))[row])
    return lines[length > 0.0].reset_index(drop=True)


def divided(table: gpd.GeoDataFrame, share: Array) -> gpd.GeoDataFrame:
    """The table with what belongs to the whole length shared out."""
    columns = {name: table[name].to_numpy(float) * share for name in DIVIDED if name in table}
    return table.assign(**columns) if columns else table


def arrays_of(lines: Text) -> Lines:
    """Vertices of single lines, heights left out."""
    xy, row = shapely.get_coordinates(lines, return_index=True)
    return Lines(xy, np.searchsorted(row, np.arange(len(lines) + 1)).astype(np.int64))


def pieces_of(lines: Text, drawn: Lines, noded: Noded) -> tuple[Text, Mask]:
    """Geometry of the pieces of lines, and which of them are whole lines as they were drawn.

    Heights between the vertices of a line are interpolated; a vertex keeps its own.
    """
    offset, owner = noded.lines.offset, noded.line
    size = np.diff(offset)
    same = size == np.diff(drawn.offset)[owner]
    begin = drawn.offset[owner]
    rows = np.repeat(np.where(same, begin, 0) - offset[:-1], size) + np.arange(len(noded.lines.xy))
    rows = np.where(np.repeat(same, size), rows, 0)
    differs = (drawn.xy[rows] != noded.lines.xy).any(axis=1) if len(rows) else np.zeros(0, bool)
    same &= ~np.logical_or.reduceat(differs, offset[:-1]) if len(size) else same
    result = lines[owner]
    z = shapely.has_z(result)
    for high in (False, True):
        fresh = np.flatnonzero(~same & (z == high))
        if not len(fresh):
            continue
        count = size[fresh]
        vertex = np.repeat(offset[fresh] - np.cumsum(count) + count, count) + np.arange(count.sum())
        xyz = noded.lines.xy[vertex]
        if high:
            line = np.repeat(owner[fresh], count)
            heights = _heights(lines, drawn, drawn.offset[line], noded.along[vertex])
            xyz = np.column_stack([xyz, heights])
        result[fresh] = shapely.linestrings(xyz, indices=np.repeat(np.arange(len(fresh)), count))
    return result, same


def _heights(lines: Text, drawn: Lines, begin: Index, along: Array) -> Array:
    """Heights at positions (vertex number + fraction) on lines that begin at given vertices."""
    z = shapely.get_coordinates(lines, include_z=True)[:, 2]
    low = begin + np.floor(along).astype(np.int64)
    high, share = np.minimum(low + 1, len(z) - 1), along % 1.0
    assert len(z) == len(drawn.xy)
    return np.where(share > 0.0, z[low] + share * (z[high] - z[low]), z[low])


def name_pieces(table: gpd.GeoDataFrame, layer: str, base: Text, parent: Text) -> gpd.GeoDataFrame:
    """Rows with names of their own: pieces of X, which are several rows with this base, become X.1, X.2, parent X.

    Parameters
    ----------
    base : array of text, shape (rows,)
        What each row is a piece of; the pieces of each in their order.
    parent : array of text or None, shape (rows,)
        Parents of those that are whole.
    """
    column = ID_COLUMN[layer]
    number, names = pd.factorize(base, use_na_sentinel=False)
    parts = np.bincount(number, minlength=len(names))[number]
    several = np.flatnonzero(parts > 1)
    ids, parents = base.astype(object, copy=True), parent.astype(object, copy=True)
    if len(several):
        piece = pd.Series(number[several]).groupby(number[several]).cumcount().to_numpy() + 1
        taken = set(names)
        made = [f"{name}.{k}" for name, k in zip(base[several].tolist(), piece.tolist(), strict=True)]
        if not taken.isdisjoint(made):
            made = [free_name(name, taken) for name in made]
        ids[several], parents[several] = made, base[several]
    table = table.assign(**{column: ids})
    if "parent_id" in table or len(several):
        table["parent_id"] = pd.Series(parents, index=table.index, dtype=object)
    return table


def bases_of(table: gpd.GeoDataFrame, layer: str) -> Text:
    """What each row of a repaired layer is a piece of: the parent of those that the repair has split, else itself."""
    ids = table[ID_COLUMN[layer]].to_numpy(object)
    split = words(table, "repaired") == "split"
    return np.where(split, words(table, "parent_id"), ids) if split.any() else ids


def free_name(name: str, taken: set[str]) -> str:
    """The name, with underscores added while it is taken; it is taken from then on."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
