"""The repair stage: streets and pipes as drawn become lines that meet at nodes, on a copy, every feature accounted for.

`repair` is the stage. What it did or found is said as findings, and each row says it of itself in `repaired`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat import noding
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.schema import ID_COLUMN
from gisheat.topology.attributes import numbers, words
from gisheat.topology.chains import find_pseudo_nodes, join_chains
from gisheat.topology.drawn import Array, Index, Mask, Text, arrays_of, divided, explode, name_pieces, pieces_of
from gisheat.topology.events import drawing_findings, event_findings, pseudo_findings, split_findings
from gisheat.topology.noding import PAIR, RETURN, SUPPLY, end_points
from gisheat.topology.pairs import find_pairs, merge_pairs, pair_findings
from gisheat.topology.points import able_devices, places_of, points
from gisheat.topology.settled import settled_ends, split_nodes
from gisheat.topology.streetwork import street_findings


@dataclass(frozen=True, slots=True)
class RepairRules:
    """What is repaired, and how far: lengths in metres."""

    tolerance: float = 0.5
    street_crossings: Literal["join", "keep"] = "join"
    pipe_crossings: Literal["join", "keep"] = "keep"
    merge_pseudo_nodes: bool = False
    parallel_pairs: Literal["keep", "merge"] = "keep"
    parallel_distance: float = 3.0


@dataclass(frozen=True)
class Repaired:
    """Layers after the repair; streets and pipes are single lines with source_layer, source_fid and repaired.

    `absorbed` lists features that others now stand for: layer, source_fid, result_id (a name in the repaired layer).
    """

    layers: Layers
    findings: tuple[Finding, ...]
    absorbed: pd.DataFrame


def repair(layers: Layers, rules: RepairRules | None = None) -> Repaired:
    """Repair streets and pipes; other layers stay as they are.

    Parameters
    ----------
    layers : Layers
        As cleaned by `checks.clean`.
    rules : RepairRules, optional
        What is repaired.
    """
    rules = rules or RepairRules()
    tables, findings = dict(layers.tables), list[Finding]()
    absorbed = [pd.DataFrame({"layer": np.empty(0, object), "source_fid": np.empty(0, np.int64),
                              "result_id": np.empty(0, object)})]  # fmt: skip
    for layer, mend in (("streets", _mend_streets), ("pipes", _mend_pipes)):
        if layer in layers:
            mended = mend(layers, rules)
            tables[layer] = mended.table
            findings += mended.findings
            absorbed.append(mended.absorbed.assign(layer=layer))
    return Repaired(
        replace(layers, tables=tables), tuple(findings), pd.concat([a for a in absorbed if len(a)] or absorbed[:1])
    )


class _Mended(NamedTuple):
    table: gpd.GeoDataFrame
    findings: list[Finding]
    absorbed: pd.DataFrame


# streets -------------------------------------------------------------------------------------------------


def _mend_streets(layers: Layers, rules: RepairRules) -> _Mended:
    drawn = layers["streets"]
    lines = explode(drawn, "streets")
    findings = drawing_findings("streets", drawn, lines, rules.tolerance)
    noded = _node(
        "streets", lines, noding.Rules(rules.tolerance, crossings=rules.street_crossings == "join"), level=_levels(lines)
    )
    findings += [*event_findings("streets", lines, noded.noded, rules.tolerance), *split_findings("streets", noded.table)]
    table, start, end, absorbed, joined = _join(
        "streets", noded, np.ones(len(noded.noded.xy), bool), merge=rules.merge_pseudo_nodes
    )
    findings += [*joined, *street_findings(table, start, end, len(noded.noded.xy))]
    names = np.array([f"J{i}" for i in range(1, len(noded.noded.xy) + 1)], object)
    return _Mended(table.assign(from_node=names[start], to_node=names[end]), findings, absorbed)


def _levels(streets: gpd.GeoDataFrame) -> Index:
    """Number of the level of each street: the stated one, else above for bridges, below for tunnels, else the ground."""
    level = np.nan_to_num(numbers(streets, "level"))
    for column, usual in (("bridge", 1.0), ("tunnel", -1.0)):
        if column in streets:
            there = ~np.isin(words(streets, column, "no").astype(str), NOT_SO)
            level = np.where((level == 0.0) & there, usual, level)
    return np.unique(level, return_inverse=True)[1].astype(np.int64)


NOT_SO = ("no", "No", "NO", "F", "f", "false", "False", "0", "0.0", "否")
"""What streets that are no bridge (no tunnel) say in a column of that name."""


# pipes ---------------------------------------------------------------------------------------------------


def _mend_pipes(layers: Layers, rules: RepairRules) -> _Mended:
    drawn = layers["pipes"]
    abandoned = words(drawn, "status", "existing") == "abandoned"
    lines = explode(drawn[~abandoned], "pipes")
    findings = drawing_findings("pipes", drawn[~abandoned], lines, rules.tolerance)
    pairs = find_pairs(lines, rules.parallel_distance, rules.tolerance)
    merge = rules.parallel_pairs == "merge"
    findings += pair_findings(lines, pairs, merged=merge)
    became = pd.DataFrame({"source_fid": np.empty(0, np.int64), "row": np.empty(0, np.int64)})
    if merge and len(pairs.supply):
        lines, became = merge_pairs(lines, pairs)
    bits = side_bits(lines)
    own_nodes, settled = _settled(layers, lines, bits)
    noded = _node(
        "pipes", lines, noding.Rules(rules.tolerance, crossings=rules.pipe_crossings == "join"),
        bits=bits, **_fixed(own_nodes, settled, bits),
    )  # fmt: skip
    findings += event_findings("pipes", lines, noded.noded, rules.tolerance, skipped=("near-miss",))
    able = _free_nodes(layers, noded.noded.xy, rules.tolerance)
    planned = words(noded.table, "status", "existing") == "planned"
    able[noded.noded.start[~planned]] = able[noded.noded.end[~planned]] = False
    table, _, _, absorbed, joined = _join("pipes", noded, able, merge=rules.merge_pseudo_nodes)
    findings += joined
    ids = pd.Series(noded.table["pipe_id"].to_numpy(object), index=noded.noded.line)
    became = became.merge(ids.rename("result_id"), left_on="row", right_index=True)[["source_fid", "result_id"]]
    left = explode(drawn[abandoned], "pipes").assign(repaired="kept")
    together = pd.concat([table, left], ignore_index=True) if len(left) else table
    return _Mended(together, findings, pd.concat([a for a in (absorbed, became) if len(a)] or [absorbed]))


def side_bits(pipes: gpd.GeoDataFrame) -> Index:
    """Which sides each pipe carries: SUPPLY, RETURN, or both."""
    line = words(pipes, "line", "pair")
    return np.where(line == "supply", SUPPLY, np.where(line == "return", RETURN, PAIR)).astype(np.int64)


def _settled(layers: Layers, lines: gpd.GeoDataFrame, bits: Index) -> tuple[gpd.GeoDataFrame, Index]:
    """Nodes that lead, and the row of the one that each end of a line of an earlier result lies on (-1: none)."""
    devices, _ = able_devices({layer: points(layers, layer) for layer in ("valves", "pumps")})
    nodes, _ = split_nodes(layers.get("nodes"), devices)
    return nodes, settled_ends(lines, end_points(lines.geometry.to_numpy()), bits, nodes, devices)


def _fixed(nodes: gpd.GeoDataFrame, settled: Index, bits: Index) -> dict[str, NDArray[np.generic]]:
    """Named nodes as fixed points, each for the sides that its pipes carry, and which lines are settled."""
    known = settled >= 0
    sides = np.full(len(nodes), PAIR, np.int64)
    sides[settled[known]] = 0  # it carries what its pipes do
    np.bitwise_or.at(sides, settled[known], np.tile(bits, 2)[known])
    half, ends = len(settled) // 2, np.bincount(settled[known], minlength=len(nodes))
    return {
        "fixed": places_of(nodes), "fixed_bits": sides, "known": known[:half] & known[half:], "fixed_known": ends > 1,
    }  # fmt: skip


def _free_nodes(layers: Layers, xy: Array, tolerance: float) -> Mask:
    """Nodes where no named node, station, source, valve or pump is near."""
    free = np.ones(len(xy), bool)
    places = [places_of(points(layers, name)) for name in ("nodes", "stations", "sources", "valves", "pumps")]
    there = np.concatenate(places)
    if len(there) and len(xy):
        tree = shapely.STRtree(shapely.points(xy))
        near = tree.query(shapely.points(there), predicate="dwithin", distance=10.0 * max(tolerance, 1e-6))[1]
        free[near] = False
    return free


# both ----------------------------------------------------------------------------------------------------


class _Pieces(NamedTuple):
    """Rows of the pieces with their names, and the noding they come from."""

    table: gpd.GeoDataFrame
    noded: noding.Noded


def _node(layer: str, lines: gpd.GeoDataFrame, rules: noding.Rules, **given: NDArray[np.generic]) -> _Pieces:
    """Node lines; rows of the pieces, in the order of the lines, say what was done to them in `repaired`."""
    geometry = lines.geometry.to_numpy()
    drawn = arrays_of(geometry)
    noded = noding.node_lines(drawn, rules, **given)
    pieces, as_drawn = pieces_of(geometry, drawn, noded)
    table = lines.iloc[noded.line].reset_index(drop=True).set_geometry(pieces, crs=lines.crs)
    table = divided(table, noded.share)
    base = lines[ID_COLUMN[layer]].to_numpy(object)[noded.line]
    table = name_pieces(table, layer, base, words(table, "parent_id"))
    parts = np.bincount(noded.line, minlength=len(lines))[noded.line]
    for column, inner in (("from_node", noded.part > 1), ("to_node", noded.part < parts)):
        if column in table and inner.any():
            table.loc[inner, column] = None
    several = pd.Series(base).duplicated(keep=False).to_numpy()
    status = words(table, "repaired", "kept")
    status[~as_drawn & (status == "kept")] = "moved"
    status[several & (status != "merged")] = "split"
    return _Pieces(table.assign(repaired=status), noded)


class _Joined(NamedTuple):
    table: gpd.GeoDataFrame
    start: Index
    end: Index
    absorbed: pd.DataFrame
    findings: list[Finding]


def _join(layer: str, pieces: _Pieces, able: Mask, *, merge: bool) -> _Joined:
    """Find pseudo-nodes, and join the lines that meet there if that is asked for."""
    table, noded = pieces
    pseudo = find_pseudo_nodes(table, layer, noded.start, noded.end, able)
    absorbed = pd.DataFrame({"source_fid": np.empty(0, np.int64), "result_id": np.empty(0, object)})
    if not merge or not len(pseudo.node):
        return _Joined(table, noded.start, noded.end, absorbed, pseudo_findings(layer, table, noded.xy, pseudo))
    joined = join_chains(table, layer, noded.start, noded.end, noded.xy, pseudo)
    names = joined.table[ID_COLUMN[layer]].to_numpy(object)[joined.new]
    absorbed = pd.DataFrame({"source_fid": table["source_fid"].to_numpy()[joined.old], "result_id": names})
    findings = pseudo_findings(layer, joined.table, noded.xy, pseudo, new=joined.new)
    return _Joined(joined.table, joined.start, joined.end, absorbed.drop_duplicates(), findings)
