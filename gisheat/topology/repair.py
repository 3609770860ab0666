"""The repair stage: streets and pipes as drawn become lines that meet at nodes, on a copy, every feature accounted for.

`repair` is the stage. What it did or found is said as findings, and each row says it of itself in `repaired`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat import noding
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.noding import PAIR
from gisheat.schema import ID_COLUMN, NODE_KINDS
from gisheat.topology.attributes import numbers, words
from gisheat.topology.chains import Chained, PseudoNodes, find_pseudo_nodes, join_chains
from gisheat.topology.cutting import Array, Index, end_points
from gisheat.topology.drawn import divided, explode, name_pieces, side_bits
from gisheat.topology.events import NOTICEABLE, drawing_findings, event_findings, pseudo_findings, split_findings
from gisheat.topology.pairs import find_pairs, merge_pairs, pair_findings, pairs_without
from gisheat.topology.points import able_devices, places_of, points
from gisheat.topology.ragged import as_drawn, geometries_of, lines_of, reordered
from gisheat.topology.settled import settled_ends, split_nodes
from gisheat.topology.streetwork import street_findings

Mask = NDArray[np.bool_]
Text = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class RepairRules:
    """What is repaired, and how far."""

    tolerance: float = 0.5
    """Ends that are no farther apart become one node [m]."""
    street_crossings: Literal["join", "keep"] = "join"
    """What becomes of streets of one level that cross without a node."""
    pipe_crossings: Literal["join", "keep"] = "keep"
    merge_pseudo_nodes: bool = False
    """Whether two lines become one where just they meet and agree in all their columns."""
    parallel_pairs: Literal["keep", "merge"] = "keep"
    """Whether supply and return drawn as two parallel lines become one trench."""
    parallel_distance: float = 3.0
    """Farthest that they are drawn apart [m]."""


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
    how = noding.Rules(rules.tolerance, crossings=rules.street_crossings == "join")

    def node(streets: gpd.GeoDataFrame) -> noding.Noded:
        return noding.node_lines(lines_of(streets.geometry.to_numpy()), how, level=_levels(streets))

    pieces = _pieces("streets", lines, node(lines))
    findings += event_findings("streets", lines, pieces.noded, rules.tolerance)
    findings += split_findings("streets", "street-split", pieces.table)
    count = len(pieces.noded.xy)
    able = np.ones(count, bool)
    table, start, end, names, absorbed, joined = _join(
        "streets", pieces, able, node if rules.merge_pseudo_nodes else None
    )
    absorbed = pd.concat([absorbed, _stood_for(lines, pieces, names, rules.tolerance)])
    findings += [*joined, *street_findings(table, start, end, count)]
    used, number = np.unique(np.concatenate([start, end]), return_inverse=True)  # in the order of their coordinates
    names = np.array([f"J{i}" for i in range(1, len(used) + 1)], object)[number]
    table = table.assign(from_node=names[: len(start)], to_node=names[len(start) :])
    return _Mended(table, findings, absorbed)


def _levels(streets: gpd.GeoDataFrame) -> Index:
    """Number of the level of each street: the stated one, else one above for bridges and one below for tunnels."""
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
    told = _settled(layers, lines, rules.tolerance)[1]
    findings = drawing_findings("pipes", drawn[~abandoned], lines[~told], rules.tolerance)
    pairs = find_pairs(lines, rules.parallel_distance, rules.tolerance)
    merge = rules.parallel_pairs == "merge"
    findings += pair_findings(lines, pairs if merge else pairs_without(pairs, told), merged=merge)
    became = pd.DataFrame({"source_fid": np.empty(0, np.int64), "row": np.empty(0, np.int64)})
    if merge and len(pairs.supply):
        lines, became = merge_pairs(lines, pairs)
        told = _settled(layers, lines, rules.tolerance)[1]
    how = noding.Rules(rules.tolerance, crossings=rules.pipe_crossings == "join")

    def node(pipes: gpd.GeoDataFrame) -> noding.Noded:
        return _node_pipes(layers, pipes, how)

    pieces = _pieces("pipes", lines, node(lines))
    findings += event_findings("pipes", lines, pieces.noded, rules.tolerance, told, skipped=("near-miss",))
    able = _free_nodes(layers, pieces.noded.xy, rules.tolerance)
    planned = words(pieces.table, "status", "existing") == "planned"
    able[pieces.noded.start[~planned]] = able[pieces.noded.end[~planned]] = False
    table, _, _, names, absorbed, joined = _join("pipes", pieces, able, node if rules.merge_pseudo_nodes else None)
    findings += joined
    ids = pd.Series(names, index=pieces.noded.line, name="result_id")
    became = became.merge(ids, left_on="row", right_index=True)[["source_fid", "result_id"]].drop_duplicates()
    became = pd.concat([became, _stood_for(lines, pieces, names, rules.tolerance)])
    left = explode(drawn[abandoned], "pipes").assign(repaired="kept")
    together = pd.concat([table, left], ignore_index=True) if len(left) else table
    return _Mended(together, findings, pd.concat([a for a in (absorbed, became) if len(a)] or [absorbed]))


def _node_pipes(layers: Layers, pipes: gpd.GeoDataFrame, how: noding.Rules) -> noding.Noded:
    """Node pipes, those that stay where several lie on each other first: open ones, existing ones, by name."""
    status, bits = words(pipes, "status", "existing"), side_bits(pipes)
    given, _ = _settled(layers, pipes, how.tolerance)
    order = np.lexsort((pipes["pipe_id"].to_numpy(str), status == "planned", status == "closed"))
    given["known"] = given["known"][order]
    lines = lines_of(pipes.geometry.to_numpy()[order])
    return reordered(noding.node_lines(lines, how, bits=bits[order], **given), order)


def _settled(layers: Layers, pipes: gpd.GeoDataFrame, tolerance: float) -> tuple[dict[str, NDArray[Any]], Mask]:
    """Named nodes as fixed points, each for the sides that its pipes carry, and which lines are settled there.

    Known are nodes of an earlier result, which says what stands there, and those at which several lines are settled.
    Loose ends of a result are known where a connection passes, which came after the repair; else they may be joined
    now, with a larger tolerance.
    The second item tells the lines of an earlier result, of which everything was told then.
    """
    devices, _ = able_devices({layer: points(layers, layer) for layer in ("valves", "pumps")})
    nodes, _ = split_nodes(layers.get("nodes"), devices)
    bits = side_bits(pipes)
    settled = settled_ends(pipes, end_points(pipes.geometry.to_numpy()), bits, nodes, devices)
    known = settled >= 0
    sides = np.full(len(nodes), PAIR, np.int64)
    sides[settled[known]] = 0  # it carries what its pipes do
    np.bitwise_or.at(sides, settled[known], np.tile(bits, 2)[known])
    kind = words(nodes, "kind", "").astype(str)
    of_result = np.isin(kind, NODE_KINDS)
    connections = pipes.geometry.to_numpy()[words(pipes, "role", "") == "connection"]
    loose = np.flatnonzero(kind == "end")
    there = nodes.geometry.to_numpy()[loose]
    passed = shapely.STRtree(connections).query(there, predicate="dwithin", distance=tolerance)[0]
    sure = of_result & (kind != "end")
    sure[loose[passed]] = True
    several = np.bincount(settled[known], minlength=len(nodes)) > 1
    told = known.copy()
    told[known] = of_result[settled[known]]
    half = len(settled) // 2
    lines = known[:half] & known[half:]
    fixed = {"fixed": places_of(nodes), "fixed_bits": sides, "known": lines, "fixed_known": several | sure}
    return fixed, told[:half] & told[half:]


def _free_nodes(layers: Layers, xy: Array, tolerance: float) -> Mask:
    """Nodes where no named node, station, source, valve or pump is near."""
    free = np.ones(len(xy), bool)
    places = [places_of(points(layers, name)) for name in ("nodes", "stations", "sources", "valves", "pumps")]
    there = np.concatenate(places)
    if len(there) and len(xy):
        tree = shapely.STRtree(np.asarray(shapely.points(xy), object))
        near = tree.query(shapely.points(there), predicate="dwithin", distance=10.0 * max(tolerance, 1e-6))[1]
        free[near] = False
    return free


# both ----------------------------------------------------------------------------------------------------


class _Pieces(NamedTuple):
    """Rows of the pieces with their names, and the noding they come from."""

    table: gpd.GeoDataFrame
    noded: noding.Noded


def _pieces(layer: str, lines: gpd.GeoDataFrame, noded: noding.Noded) -> _Pieces:
    """Rows of the pieces, in the order of the lines; what was done to them stands in `repaired`."""
    geometry = lines.geometry.to_numpy()
    pieces = geometries_of(noded, geometry)
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
    status[~as_drawn(noded, geometry) & (status == "kept")] = "moved"
    status[several & (status != "merged")] = "split"
    return _Pieces(table.assign(repaired=status), noded)


def _stood_for(lines: gpd.GeoDataFrame, pieces: _Pieces, names: Text, tolerance: float) -> pd.DataFrame:
    """Lines that lay on others, all along or over a stretch, and the names of the pieces that run there now."""
    events, noded = pieces.noded.events, pieces.noded
    gone = np.unique(events.line[np.isin(events.kind, ("doubled", "overlap"))])
    if not len(gone):
        return _absorbed(names[:0], names[:0])
    reach = tolerance + NOTICEABLE
    drawn, shapes, sides = lines.geometry.to_numpy()[gone], pieces.table.geometry.to_numpy(), side_bits(lines)
    wide = 1.1 * reach * np.array([-1.0, -1.0, 1.0, 1.0])
    around = np.asarray(shapely.box(*(shapely.bounds(drawn) + wide).T), object)
    near = np.unique(shapely.STRtree(around).query(shapes)[0])
    long = near[shapely.length(shapes[near]) > reach]  # what is shorter is near whatever it meets
    middle = shapely.line_interpolate_point(shapes[long], 0.5, normalized=True)
    piece, row = shapely.STRtree(drawn).query(middle, predicate="dwithin", distance=reach)
    piece = long[piece]
    along = (noded.line[piece] != gone[row]) & (sides[noded.line[piece]] & sides[gone[row]] != 0)
    for share in (0.05, 0.95):
        along &= shapely.dwithin(
            shapely.line_interpolate_point(shapes[piece], share, normalized=True), drawn[row], reach
        )
    return _absorbed(lines["source_fid"].to_numpy()[gone[row[along]]], names[piece[along]])


class _Joined(NamedTuple):
    """Rows after joining, their nodes, the name that each piece has now, features that others stand for, findings."""

    table: gpd.GeoDataFrame
    start: Index
    end: Index
    names: Text
    absorbed: pd.DataFrame
    findings: list[Finding]


def _join(layer: str, pieces: _Pieces, able: Mask, node: Callable[[gpd.GeoDataFrame], noding.Noded] | None) -> _Joined:
    """Find pseudo-nodes and, if that is asked for, join the lines that meet there.

    Parameters
    ----------
    able : bool array, shape (nodes,)
        Nodes that may go.
    node : callable, optional
        Nodes lines once more; None: lines are not to be joined.
    """
    table, noded = pieces
    pseudo = find_pseudo_nodes(table, layer, noded.start, noded.end, able)
    names = table[ID_COLUMN[layer]].to_numpy(object)
    if node is None or not len(pseudo.node):
        findings = pseudo_findings(layer, table, noded.xy, pseudo, joined=False)
        return _Joined(table, noded.start, noded.end, names, _absorbed(names[:0], names[:0]), findings)
    joined = join_chains(table, noded.start, noded.end, noded.xy, pseudo)
    while len(pseudo.node) and (undone := _undone(joined, node(joined.table))).any():
        pseudo = PseudoNodes(*(column[~undone[joined.row[pseudo.one]]] for column in pseudo))
        joined = join_chains(table, noded.start, noded.end, noded.xy, pseudo)
    names = joined.table[ID_COLUMN[layer]].to_numpy(object)[joined.row]
    gone = joined.row_is_gone
    absorbed = _absorbed(table["source_fid"].to_numpy()[gone], names[gone])
    pseudo = PseudoNodes(*(column[gone[pseudo.one] | gone[pseudo.other]] for column in pseudo))  # not where rings close
    findings = pseudo_findings(layer, table, noded.xy, pseudo, joined=True)
    return _Joined(joined.table, joined.start, joined.end, names, absorbed, findings)


def _absorbed(fids: NDArray[Any], names: Text) -> pd.DataFrame:
    return pd.DataFrame({"source_fid": fids.astype(np.int64), "result_id": names}).drop_duplicates()


def _undone(joined: Chained, again: noding.Noded) -> Mask:
    """Joined lines that a second repair would cut or move: they are better left in pieces.

    A line that comes back to one of its own nodes, say, may only be found to do so once it is in one piece.
    """
    geometry = joined.table.geometry.to_numpy()
    changed = np.ones(len(geometry), bool)
    changed[again.line[as_drawn(again, geometry)]] = False
    if not changed.any():
        return changed
    heads = np.zeros(len(geometry), bool)
    heads[joined.row[joined.row_is_gone]] = True
    beside = changed.copy()  # those that others meet now count too
    met = again.events.applied & (again.events.other >= 0)
    line, other = again.events.line[met], again.events.other[met]
    beside[line[changed[other]]] = beside[other[changed[line]]] = True
    return beside & heads if (beside & heads).any() else heads
