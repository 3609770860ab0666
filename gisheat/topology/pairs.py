"""Supply and return drawn as two parallel lines: which of them lie in one trench, and made one line of it."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, findings_about
from gisheat.numerics.incidence import sum_at
from gisheat.topology.attributes import words

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Text = NDArray[np.object_]

ALIKE = ("status", "phase", "level", "role", "dn_mm", "outer_diameter_mm", "wall_mm", "inner_diameter_mm")
"""Columns that agree between supply and return of one trench."""
MOST = 0.8
"""Share of both lines that must run beside the other one; and of a stretch that must advance along the other."""


class Pairs(NamedTuple):
    """Lines that lie in one trench: rows of each couple, the stretch they share [m] and how far they are apart [m].

    A return line may lie beside several supply lines and the other way round.
    """

    supply: Index
    back: Index
    length: Array
    gap: Array


def find_pairs(pipes: gpd.GeoDataFrame, distance: float, tolerance: float) -> Pairs:
    """Couples of supply and return lines of equal size, or of lines that agree in everything, side by side.

    Parameters
    ----------
    pipes : GeoDataFrame
        Single lines.
    distance : float
        Farthest that supply and return of one trench are drawn apart [m].
    tolerance : float
        Lines that say nothing of supply and return and lie closer than this [m] are drawn double, no pair.
    """
    line = words(pipes, "line", "pair")
    if distance <= 0.0 or len(pipes) < 2:
        return _none()
    kind = _alike(pipes)
    labelled = _beside(pipes, np.flatnonzero(line == "supply"), np.flatnonzero(line == "return"), kind, distance)
    labelled = _mostly(pipes, labelled)
    free = np.flatnonzero(line == "pair")
    alone = _mutual(pipes, _beside(pipes, free, free, kind, distance, tolerance))
    return Pairs(*(np.concatenate(both) for both in zip(labelled, alone, strict=True)))


def _none() -> Pairs:
    nothing = np.zeros(0, np.int64)
    return Pairs(nothing, nothing, np.zeros(0), np.zeros(0))


def _alike(pipes: gpd.GeoDataFrame) -> Index:
    """A number that lines share which agree in all that supply and return of one trench have in common."""
    known = [name for name in ALIKE if name in pipes]
    if not known:
        return np.zeros(len(pipes), np.int64)
    return np.asarray(pd.DataFrame(pipes[known]).groupby(known, dropna=False).ngroup(), np.int64)


def _beside(
    pipes: gpd.GeoDataFrame, first: Index, second: Index, kind: Index, distance: float, closest: float = -1.0
) -> Pairs:
    """Couples of a first and a second line and the stretch over which they run side by side."""
    lines = pipes.geometry.to_numpy()
    if not len(first) or not len(second):
        return _none()
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    j, i = shapely.STRtree(lines[first]).query(middle[second], predicate="dwithin", distance=distance)
    p, q = shapely.STRtree(lines[second]).query(middle[first], predicate="dwithin", distance=distance)
    i, j = np.unique(np.column_stack([np.concatenate([i, p]), np.concatenate([j, q])]), axis=0).T
    one, other = first[i], second[j]
    keep = (kind[one] == kind[other]) & ((one < other) if first is second else True)
    one, other = one[keep], other[keep]
    gap = np.asarray(shapely.distance(lines[one], middle[other]))
    length = _stretch(lines, one, other, distance)
    good = (length > 0.0) & (gap > closest)
    return Pairs(one[good], other[good], length[good], gap[good])


def _stretch(lines: Text, one: Index, other: Index, distance: float) -> Array:
    """Length of the other line that runs beside the one, in its direction or against it [m]."""
    band = shapely.buffer(lines[one], distance, cap_style="flat", quad_segs=2)
    parts, couple = shapely.get_parts(shapely.intersection(lines[other], band), return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    parts, couple = parts[is_line], couple[is_line]
    first, last = (shapely.line_locate_point(lines[one[couple]], shapely.get_point(parts, k)) for k in (0, -1))
    length = shapely.length(parts)
    runs = np.abs(last - first) >= MOST * length
    return sum_at(couple[runs], length[runs], len(one))


def _mostly(pipes: gpd.GeoDataFrame, pairs: Pairs) -> Pairs:
    """Couples of lines that all run beside such lines for most of their length."""
    length = shapely.length(pipes.geometry.to_numpy())
    while len(pairs.supply):
        covered = (np.bincount(rows, pairs.length, len(pipes)) for rows in (pairs.supply, pairs.back))
        enough = np.logical_or(*(c >= MOST * length for c in covered))
        keep = enough[pairs.supply] & enough[pairs.back]
        if keep.all():
            break
        pairs = Pairs(*(column[keep] for column in pairs))
    return pairs


def _mutual(pipes: gpd.GeoDataFrame, pairs: Pairs) -> Pairs:
    """Couples of two lines that run beside each other for most of both, and beside no third one."""
    length = shapely.length(pipes.geometry.to_numpy())
    most = pairs.length >= MOST * np.maximum(length[pairs.supply], length[pairs.back])
    pairs = Pairs(*(column[most] for column in pairs))
    often = np.bincount(np.concatenate([pairs.supply, pairs.back]), minlength=len(pipes))
    single = (often[pairs.supply] == 1) & (often[pairs.back] == 1)
    pairs = Pairs(*(column[single] for column in pairs))
    bounds = shapely.bounds(pipes.geometry.to_numpy())  # the first by its corners stands for both
    a, b = bounds[pairs.supply], bounds[pairs.back]
    where = np.argmax(a != b, axis=1)
    row = np.arange(len(where))
    swap = a[row, where] > b[row, where]
    return pairs._replace(
        supply=np.where(swap, pairs.back, pairs.supply), back=np.where(swap, pairs.supply, pairs.back)
    )


def pairs_without(pairs: Pairs, told: NDArray[np.bool_]) -> Pairs:
    """Couples without those of an earlier result, which has told them, or has drawn them itself as connections.

    Parameters
    ----------
    told : bool array, shape (pipes,)
        Lines of an earlier result.
    """
    keep = ~(told[pairs.supply] & told[pairs.back])
    return Pairs(pairs.supply[keep], pairs.back[keep], pairs.length[keep], pairs.gap[keep])


def pair_findings(pipes: gpd.GeoDataFrame, pairs: Pairs, *, merged: bool) -> list[Finding]:
    """One finding for each couple, at the middle of the return line."""
    rows = pipes.iloc[pairs.back]
    what = "they were made one trench" if merged else "they are kept as two"
    messages = (
        f"pipe {back} runs {gap:.2f} m beside pipe {supply} over {length:.0f} m, as the return of its trench; {what}."
        for supply, back, gap, length in zip(
            pipes["pipe_id"].to_numpy(object)[pairs.supply], rows["pipe_id"], pairs.gap, pairs.length, strict=True
        )
    )
    others = pipes["source_fid"].to_numpy()[pairs.supply]
    repair = "merged into one line" if merged else "merge them with parallel_pairs, if they lie in one trench"
    return findings_about(
        rows, "parallel-pair", "info", "pipes", messages, distances=pairs.gap, others=others, repair=repair,
        applied=merged,
    )  # fmt: skip


def merge_pairs(pipes: gpd.GeoDataFrame, pairs: Pairs) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Pipes with one line for each trench, and what the merged return lines became: source_fid, result row.

    The supply line stays where it is and stands for both; rows of the second table count the pipes that are left.
    """
    gone = np.zeros(len(pipes), bool)
    gone[pairs.back] = True
    stands = np.unique(pairs.supply)
    line = words(pipes, "line", "pair")
    line[stands] = "pair"
    table = pipes.assign(line=line)
    status = words(table, "repaired", "kept")
    status[stands] = "merged"
    number = np.cumsum(~gone) - 1
    became = pd.DataFrame({"source_fid": pipes["source_fid"].to_numpy()[pairs.back], "row": number[pairs.supply]})
    return table.assign(repaired=status)[~gone].reset_index(drop=True), became
