"""Which feature of an older state is which of a newer one: by identifier, else by place.

Rows are numbered as in the arrays handed in. What was split or merged is in several pairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

Index = NDArray[np.int64]
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Geometry = NDArray[np.object_]

SAMPLES = 16
"""Places along a line at which its distance from another is looked at."""
COVERED = 0.85
"""Share of a line that must lie along others for it to be what they are."""
OVERLAP = 2 / SAMPLES
"""Share from which on a line counts as lying along another at all: lines that cross share one place."""
_PART = re.compile(r"\.\d+$")
"""Ends the name X.1 of a part of X."""


@dataclass(frozen=True)
class Matches:
    """Pairs of rows; arrays of shape (pairs,), sorted by old row, then new row."""

    old: Index
    new: Index
    by_id: Mask
    """Whether the identifier, or that of the parent, says so; else the place."""
    confidence: Array
    """1 where identifier and place agree or the geometry is the same; else the share of the lines that agrees."""
    distance: Array
    """How far the two lie apart at most (Hausdorff distance) [m]; of parts: 0."""
    kind: NDArray[np.str_]
    """one, split (one old, several new), merged (several old, one new), recut (several each)."""

    def __len__(self) -> int:
        return len(self.old)


class _Pairs(NamedTuple):
    """Candidates, with the share of each line that lies along the other."""

    old: Index
    new: Index
    old_share: Array
    new_share: Array


def match_lines(
    old: Geometry, new: Geometry, old_id: Geometry, new_id: Geometry, *, tolerance: float,
    parent: Geometry | None = None,
) -> Matches:  # fmt: skip
    """Match lines.

    Identifiers that both states have once make pairs. What is left, and what does not cover its partner, is matched by
    place: two lines are the same where nearly all of each lies within the tolerance of the other, whichever way they
    are drawn; a line that several others cover, each lying along it, was split or merged.

    Parameters
    ----------
    old, new : array of LineString, shape (old,) and (new,)
        None where there is no geometry.
    old_id, new_id : array of str
        Empty where unknown.
    tolerance : float
        Distance [m] that digitising alone makes.
    parent : array of str, shape (new,), optional
        Identifier of the feature that a new one was cut from; empty where there is none.
    """
    first, second = _same_identifier(old_id, new_id)
    same = shapely.equals_exact(old[first], new[second], tolerance)  # the usual case: nothing is measured
    shares = _shares(old, new, first[~same], second[~same], tolerance)
    whole = (shares.old_share >= COVERED) & (shares.new_share >= COVERED)
    settled_old, settled_new = np.zeros(len(old), bool), np.zeros(len(new), bool)
    for rows in ((first[same], second[same]), (shares.old[whole], shares.new[whole])):
        settled_old[rows[0]], settled_new[rows[1]] = True, True
    has_id_old, has_id_new = np.zeros(len(old), bool), np.zeros(len(new), bool)
    has_id_old[first], has_id_new[second] = True, True

    # by place: who has no partner by identifier, and whose partner by identifier is not all of it
    a, b = _drawn_alike(old, new, ~has_id_old, ~has_id_new, tolerance)
    alike = _best(_Pairs(a, b, np.ones(len(a)), np.ones(len(a))), old, new)
    settled_old[alike.old], settled_new[alike.new] = True, True
    a, b = _near(old, new, ~settled_old, ~settled_new, tolerance)
    known = has_id_old[a] & has_id_new[b]
    place = _shares(old, new, a[~known], b[~known], tolerance)
    near = (place.old_share >= COVERED) & (place.new_share >= COVERED)
    near &= ~has_id_old[place.old] & ~has_id_new[place.new]
    one = _best(_take(place, near), old, new)
    used_old, used_new = settled_old.copy(), settled_new.copy()
    used_old[one.old], used_new[one.new] = True, True

    astray = np.maximum(shares.old_share, shares.new_share) < OVERLAP
    used_old[shares.old[astray]], used_new[shares.new[astray]] = True, True
    partial = _take(shares, ~whole & ~astray)
    rest = _take(place, ~used_old[place.old] & ~used_new[place.new])
    parts, lone = _parts(rest, partial, _by_parent(old_id, new_id, parent, used_old, used_new), old, new, tolerance)
    return _joined(old, new, [
        (first[same], second[same], True, None, "one"),
        (shares.old[whole], shares.new[whole], True, None, "one"),
        (alike.old, alike.new, False, None, "one"),
        (one.old, one.new, False, np.minimum(one.old_share, one.new_share), "one"),
        (shares.old[astray], shares.new[astray], True, np.zeros(int(astray.sum())), "one"),
        (lone.old, lone.new, True, np.maximum(lone.old_share, lone.new_share), "one"),
        *parts,
    ])  # fmt: skip


def match_points(
    old: Geometry, new: Geometry, old_id: Geometry, new_id: Geometry, *, tolerance: float
) -> Matches:  # fmt: skip
    """Match points: by identifier, however far they moved, else with the nearest within the tolerance.

    Parameters
    ----------
    old, new : array of Point, shape (old,) and (new,)
    old_id, new_id : array of str
        Empty where unknown.
    tolerance : float
        [m]
    """
    first, second = _same_identifier(old_id, new_id)
    free_old, free_new = np.ones(len(old), bool), np.ones(len(new), bool)
    free_old[first], free_new[second] = False, False
    rows_old, rows_new = np.flatnonzero(free_old), np.flatnonzero(free_new)
    tree = shapely.STRtree(new[rows_new])
    found = tree.query(old[rows_old], predicate="dwithin", distance=tolerance)
    a, b = rows_old[found[0]], rows_new[found[1]]
    apart = shapely.distance(old[a], new[b])
    pairs = _best(_Pairs(a, b, 1.0 - apart / (2.0 * tolerance), 1.0 - apart / (2.0 * tolerance)), old, new)
    return _joined(old, new, [
        (first, second, True, None, "one"), (pairs.old, pairs.new, False, pairs.old_share, "one"),
    ])  # fmt: skip


def _same_identifier(old: Geometry, new: Geometry) -> tuple[Index, Index]:
    """Rows whose identifier occurs once in both, in the order of the old ones."""
    code, words = pd.factorize(np.concatenate([old, new]))
    sides = code[: len(old)], code[len(old) :]
    once = words != ""
    row = []
    for side in sides:
        once &= np.bincount(side, minlength=len(words)) == 1
        row.append(np.zeros(len(words), np.int64))
        row[-1][side] = np.arange(len(side))
    first = np.sort(row[0][once])
    return first, row[1][sides[0][first]]


def _by_parent(
    old_id: Geometry, new_id: Geometry, parent: Geometry | None, used_old: Mask, used_new: Mask
) -> tuple[Index, Index]:
    """Old rows that are the parent of new ones, by the column or by the name X.1 of a part of X."""
    left = np.flatnonzero(~used_new)
    ids = new_id[left]
    stated = np.asarray([_PART.sub("", name) for name in ids.tolist()], object)
    stated[stated == ids] = ""
    if parent is not None:
        stated = np.where(parent[left] != "", parent[left], stated)
    rows = pd.Series(np.arange(len(old_id)), index=pd.Index(old_id, dtype=object))
    rows = rows[(rows.index != "") & ~rows.index.duplicated(keep=False)]
    found = rows.reindex(stated).to_numpy(float)
    part = np.flatnonzero(~np.isnan(found) & (stated != ids))
    whole = found[part].astype(np.int64)
    keep = ~used_old[whole]
    return whole[keep], left[part[keep]]


def _near(old: Geometry, new: Geometry, free_old: Mask, free_new: Mask, tolerance: float) -> tuple[Index, Index]:
    """Free lines that come near each other."""
    rows_old, rows_new = np.flatnonzero(free_old), np.flatnonzero(free_new)
    tree = shapely.STRtree(new[rows_new])
    found = tree.query(old[rows_old], predicate="dwithin", distance=tolerance)
    return rows_old[found[0]], rows_new[found[1]]


def _drawn_alike(old: Geometry, new: Geometry, free_old: Mask, free_new: Mask, tolerance: float) -> tuple[Index, Index]:
    """Free lines that have the same vertices, nearly, in either direction.

    Of such lines the middles of their vertices lie as near as these, so that few pairs have to be looked at.
    """
    rows, middles = [], []
    for lines, free in ((old, free_old), (new, free_new)):
        chosen = np.flatnonzero(free)
        middle = _middles(lines[chosen])
        there = np.isfinite(middle).all(axis=1)
        rows.append(chosen[there])
        middles.append(middle[there])
    if not len(rows[0]) or not len(rows[1]):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    near = KDTree(middles[0]).sparse_distance_matrix(KDTree(middles[1]), 2.0 * tolerance, output_type="ndarray")
    a, b = rows[0][near["i"]], rows[1][near["j"]]
    alike = shapely.equals_exact(old[a], new[b], tolerance)
    turned = np.flatnonzero(~alike & (shapely.get_num_coordinates(old[a]) == shapely.get_num_coordinates(new[b])))
    alike[turned] = shapely.equals_exact(old[a[turned]], shapely.reverse(new[b[turned]]), tolerance)
    order = np.lexsort((b[alike], a[alike]))
    return a[alike][order], b[alike][order]


def _middles(lines: Geometry) -> Array:
    """Mean of the vertices of each line, shape (lines, 2); NaN without any."""
    xy, row = shapely.get_coordinates(lines, return_index=True)
    count = np.bincount(row, minlength=len(lines))
    total = np.column_stack([np.bincount(row, xy[:, k], len(lines)) for k in (0, 1)])
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)


def _shares(old: Geometry, new: Geometry, a: Index, b: Index, tolerance: float) -> _Pairs:
    """Share of each line of a pair that lies within the tolerance of the other, by places along it."""
    return _Pairs(a, b, _share(old[a], new[b], tolerance), _share(new[b], old[a], tolerance))


def _share(line: Geometry, other: Geometry, tolerance: float) -> Array:
    within = np.zeros(len(line))
    shapely.prepare(other)
    for k in range(SAMPLES):
        place = shapely.line_interpolate_point(line, (k + 0.5) / SAMPLES, normalized=True)
        within += shapely.dwithin(place, other, tolerance)
    shapely.destroy_prepared(other)
    return within / SAMPLES


def _take(pairs: _Pairs, mask: Mask | Index) -> _Pairs:
    return _Pairs(pairs.old[mask], pairs.new[mask], pairs.old_share[mask], pairs.new_share[mask])


def _best(pairs: _Pairs, old: Geometry, new: Geometry) -> _Pairs:
    """Pairs of which each is the best of both its rows, again among those left until there is none.

    Better is what agrees more, then what lies nearer, then what comes first.
    """
    apart = shapely.hausdorff_distance(old[pairs.old], new[pairs.new])
    order = np.lexsort((pairs.new, pairs.old, apart, -np.minimum(pairs.old_share, pairs.new_share)))
    pairs = _take(pairs, order)
    kept = []
    rank = np.arange(len(pairs.old))
    while len(rank):
        first_old = pd.Series(rank).groupby(pairs.old[rank]).transform("min").to_numpy()
        first_new = pd.Series(rank).groupby(pairs.new[rank]).transform("min").to_numpy()
        best = rank[(first_old == rank) & (first_new == rank)]
        kept.append(best)
        taken = np.isin(pairs.old[rank], pairs.old[best]) | np.isin(pairs.new[rank], pairs.new[best])
        rank = rank[~taken]
    return _take(pairs, np.concatenate(kept) if kept else np.zeros(0, np.int64))


def _parts(
    place: _Pairs, partial: _Pairs, parent: tuple[Index, Index], old: Geometry, new: Geometry, tolerance: float
) -> tuple[list[tuple[Index, Index, bool, Array | None, str]], _Pairs]:
    """Groups of lines that make each other up: split, merged, recut; and pairs by identifier that stay alone."""
    length_old, length_new = shapely.length(old), shapely.length(new)

    def along(pairs: _Pairs) -> Mask:
        """One lies along the other, on more than what neighbours that merely meet have in common."""
        common = np.maximum(pairs.old_share * length_old[pairs.old], pairs.new_share * length_new[pairs.new])
        share = np.minimum(pairs.old_share, pairs.new_share)
        whole = np.maximum(pairs.old_share, pairs.new_share) >= COVERED
        return (whole | (share >= OVERLAP)) & (common > 4.0 * tolerance)

    placed = _take(place, along(place))
    by_parent = _shares(old, new, *parent, tolerance)
    double = np.isin(_key(by_parent.old, by_parent.new, new), _key(placed.old, placed.new, new))
    by_parent = _take(by_parent, ~double)
    three = (partial, placed, by_parent)
    group = _Pairs(
        np.concatenate([p.old for p in three]), np.concatenate([p.new for p in three]),
        np.concatenate([p.old_share for p in three]), np.concatenate([p.new_share for p in three]),
    )  # fmt: skip
    by_id = np.concatenate([np.ones(len(partial.old), bool), np.zeros(len(placed.old), bool),
                            np.ones(len(by_parent.old), bool)])  # fmt: skip
    if not len(group.old):
        return [], group
    links = coo_array((np.ones(len(group.old)), (group.old, len(old) + group.new)),
                      shape=(len(old) + len(new),) * 2)  # fmt: skip
    _, component = connected_components(links, directed=False)
    label = np.asarray(component[group.old], np.int64)
    olds = pd.Series(group.old).groupby(label).transform("nunique").to_numpy()
    news = pd.Series(group.new).groupby(label).transform("nunique").to_numpy()
    covered = _covered(group, label, length_old, length_new)
    found: list[tuple[Index, Index, bool, Array | None, str]] = []
    for kind, these in (("split", (olds == 1) & (news > 1)), ("merged", (olds > 1) & (news == 1)),
                        ("recut", (olds > 1) & (news > 1))):  # fmt: skip
        for said in (True, False):
            mask = these & covered & (by_id == said)
            sure = np.maximum(group.old_share, group.new_share)[mask]
            found.append((group.old[mask], group.new[mask], said, sure, kind))
    in_parts = np.concatenate([_key(first, second, new) for first, second, *_ in found])
    return found, _take(partial, ~np.isin(_key(partial.old, partial.new, new), in_parts))


def _key(first: Index, second: Index, new: Geometry) -> Index:
    return first * len(new) + second


def _covered(group: _Pairs, label: Index, length_old: Array, length_new: Array) -> Mask:
    """Whether the lines of a pair's group make each other up: as long in all, nearly, as what lies along."""
    frame = pd.DataFrame({"label": label, "old": group.old, "new": group.new,
                          "old_common": group.old_share * length_old[group.old],
                          "new_common": group.new_share * length_new[group.new]})  # fmt: skip
    shares = []
    for side, lengths in (("old", length_old), ("new", length_new)):
        common = frame.groupby(side)[f"{side}_common"].sum()
        total = pd.Series(lengths[common.index], index=common.index)
        ok = common >= COVERED * total
        shares.append(ok.reindex(frame[side]).groupby(label).transform("all").to_numpy())
    return np.asarray(shares[0] & shares[1], bool)


def _joined(old: Geometry, new: Geometry, found: list[tuple[Index, Index, bool, Array | None, str]]) -> Matches:
    first = np.concatenate([pairs[0] for pairs in found])
    second = np.concatenate([pairs[1] for pairs in found])
    by_id = np.concatenate([np.full(len(pairs[0]), pairs[2]) for pairs in found])
    sure = np.concatenate([np.ones(len(p[0])) if p[3] is None else p[3] for p in found])
    kind = np.concatenate([np.full(len(pairs[0]), pairs[4], "<U6") for pairs in found])
    apart = np.where(kind == "one", shapely.hausdorff_distance(old[first], new[second]), 0.0)
    order = np.lexsort((second, first))
    return Matches(first[order], second[order], by_id[order], sure[order], np.nan_to_num(apart[order]), kind[order])
