"""What became of an ancestor's features in the base, where both the base and CHANGES come from one earlier state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gisheat.as_built.changes import compared_columns, match_features, values_differ
from gisheat.schema import columns

GONE = "the base has it no more"
CUT = "it was cut or joined in the base too"


@dataclass(frozen=True)
class Since:
    """What the base made of one layer of the ancestor, by feature id of the ancestor."""

    fid: Mapping[int, int]
    """Feature id in the base."""
    why: Mapping[int, str]
    """Why it has no row of its own there."""
    moved: Mapping[int, float]
    """How far the base moved it, where that is more than the tolerance [m]."""
    changed: Mapping[int, tuple[str, ...]]
    """Columns whose value is another in the base."""
    added: tuple[int, ...]
    """Feature ids in the base of what it added."""


def same(base: gpd.GeoDataFrame) -> Since:
    """The base is its own ancestor."""
    return Since({int(fid): int(fid) for fid in base.index}, {}, {}, {}, ())


def since(layer: str, ancestor: gpd.GeoDataFrame, base: gpd.GeoDataFrame, tolerance: float) -> Since:
    """Compare one layer of the base with that of the ancestor."""
    m = match_features(layer, ancestor, base, tolerance)
    old, new = ancestor.index.to_numpy()[m.old], base.index.to_numpy()[m.new]
    one = m.kind == "one"
    fid = {int(a): int(b) for a, b in zip(old[one], new[one], strict=True)}
    why = {int(a): GONE for a in np.setdiff1d(ancestor.index.to_numpy(), old)}
    why |= {int(a): CUT for a in old[~one]}
    far = one & (m.distance > tolerance)
    moved = {int(a): float(d) for a, d in zip(old[far], m.distance[far], strict=True)}
    changed: dict[int, tuple[str, ...]] = {}
    for column in compared_columns(layer, ancestor, base):
        was, now = ancestor[column].to_numpy()[m.old], base[column].to_numpy()[m.new]
        differs = one & values_differ(was, now, columns(layer).get(column))
        for a in old[differs].tolist():
            changed[a] = (*changed.get(a, ()), column)
    added = tuple(int(b) for b in np.setdiff1d(base.index.to_numpy(), new[one]))
    return Since(fid, why, moved, changed, added)


def both_added(
    layer: str, base: gpd.GeoDataFrame, new: gpd.GeoDataFrame, tolerance: float
) -> tuple[set[int], dict[int, int]]:
    """What CHANGES adds and the base has already.

    Parameters
    ----------
    base, new : GeoDataFrame
        Features that each of them added.

    Returns
    -------
    alike : set of int
        Feature ids in CHANGES of what is the same in the base.
    otherwise : dict
        Feature id in CHANGES -> in the base, of what is there in another way.
    """
    m = match_features(layer, base, new, tolerance)
    one = m.kind == "one"
    unlike = m.distance > tolerance
    for column in compared_columns(layer, base, new):
        ours, theirs = base[column].to_numpy()[m.old], new[column].to_numpy()[m.new]
        unlike |= values_differ(ours, theirs, columns(layer).get(column))
    old, fids = base.index.to_numpy()[m.old], new.index.to_numpy()[m.new]
    alike = {int(f) for f in fids[one & ~unlike]}
    return alike, {int(f): int(o) for o, f in zip(old[one & unlike], fids[one & unlike], strict=True)}


def same_place(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two features lie within the tolerance of each other, all along."""
    return bool(shapely.hausdorff_distance(one, other) <= tolerance)
