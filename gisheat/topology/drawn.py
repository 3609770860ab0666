"""Drawn lines as rows of single lines: parts of multi-lines, shares of what belongs to a line, names of its pieces."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.noding import PAIR, RETURN, SUPPLY
from gisheat.schema import ID_COLUMN
from gisheat.topology.attributes import words

Array = NDArray[np.float64]
Text = NDArray[np.object_]

LINE = 1
"""Type of a single line, as shapely numbers them."""
DIVIDED = ("length_m", "zeta")
"""Columns of which a piece of a line gets its share."""


def explode(table: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """One row for each single line that has a length, with the layer and feature id it comes from.

    Parts of a multi-line keep its name; `name_pieces` gives them theirs.
    """
    own, row = table.geometry.to_numpy(), np.arange(len(table))
    lines = table
    if (shapely.get_type_id(own) != LINE).any():
        own, row = shapely.get_parts(own, return_index=True)
        lines = table.iloc[row].set_geometry(own, crs=table.crs)
    length = shapely.length(own)
    fids = table.index.to_numpy()[row]
    lines = lines.assign(source_layer=np.full(len(row), layer, object), source_fid=fids)
    if len(own) > len(table):
        lines = divided(lines, length / np.bincount(row, length, len(table))[row])
    return (lines if (length > 0.0).all() else lines[length > 0.0]).reset_index(drop=True)


def side_bits(pipes: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Which sides each pipe carries: SUPPLY, RETURN, or both."""
    line = words(pipes, "line", "pair")
    return np.where(line == "supply", SUPPLY, np.where(line == "return", RETURN, PAIR)).astype(np.int64)


def divided(table: gpd.GeoDataFrame, share: Array) -> gpd.GeoDataFrame:
    """The table with what belongs to the whole length shared out."""
    columns = {name: table[name].to_numpy(float) * share for name in DIVIDED if name in table}
    return table.assign(**columns) if columns else table


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
