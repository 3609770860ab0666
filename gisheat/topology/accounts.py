"""What happened to the drawing: findings about ends and pieces, and the lineage of every input feature."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, findings_about
from gisheat.layers import Layers
from gisheat.schema import ID_COLUMN
from gisheat.topology.drawn import bases_of
from gisheat.topology.noding import EXACT, Array, Index

NEAR_MISS = 5.0
"""A loose end within this many tolerances of another pipe is reported."""
NOTICEABLE = 1e-3
"""Moves below this [m] are not reported."""
MOVABLE = ("valves", "pumps")
"""Point layers whose features are moved onto the network."""


def degenerate(
    table: gpd.GeoDataFrame, start: Index, end: Index, tolerance: float
) -> tuple[NDArray[np.bool_], list[Finding]]:
    """Which rows to keep, and findings: pieces that snapping left without length, doubled lines, closed lines."""
    lines = table.geometry.to_numpy()
    length = shapely.length(lines)
    vanished = (start == end) & (length <= 2.0 * max(tolerance, EXACT))
    closed = (start == end) & ~vanished
    doubled = _doubled(table)
    doubled &= ~vanished
    findings: list[Finding] = []
    for mask, rule, what, applied in (
        (vanished, "collapsed", "is shorter than the tolerance and was left out", True),
        (doubled, "doubled", "lies exactly on another pipe and was left out", True),
        (closed & ~doubled, "closed-line", "starts and ends at one node and carries nothing", False),
    ):
        rows = table[mask]
        messages = (f"pipe {name} {what}." for name in rows["pipe_id"])
        findings += findings_about(rows, rule, "warning", "pipes", messages, distances=length[mask], applied=applied)
    return ~vanished & ~doubled, findings


def _doubled(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which lines lie exactly on another one of the same side, one of each kind excepted.

    Open ones stay before closed ones; the order of features plays no role.
    """
    lines = table.geometry.to_numpy()
    doubled = np.zeros(len(table), bool)
    alike = np.flatnonzero(pd.DataFrame(shapely.bounds(lines)).duplicated(keep=False))
    some = table.iloc[alike]
    shut = np.asarray(some["status"] == "closed") if "status" in some else np.zeros(len(some), bool)
    order = np.lexsort((some["pipe_id"].to_numpy(str), shut))
    side = some["line"].fillna("pair").to_numpy(object) if "line" in some else np.full(len(some), "pair", object)
    shape = shapely.to_wkb(shapely.normalize(shapely.force_2d(lines[alike])))
    doubled[alike[order]] = pd.DataFrame({"shape": shape, "side": side}).iloc[order].duplicated()
    return doubled


def near_misses(
    table: gpd.GeoDataFrame, start: Index, end: Index, xy: Array, stations: tuple[Index, Index],
    sources: tuple[Index, Index], tolerance: float,
) -> list[Finding]:  # fmt: skip
    """Loose ends with no station or source that almost meet another pipe."""
    count = len(xy)
    loose = np.bincount(np.concatenate([start, end]), minlength=count) == 1
    for nodes in (*stations, *sources):
        loose[nodes[nodes >= 0]] = False
    node = np.flatnonzero(loose)
    if not len(node) or tolerance <= 0.0:
        return []
    lines = table.geometry.to_numpy()
    found, line = shapely.STRtree(lines).query(
        shapely.points(xy[node]), predicate="dwithin", distance=NEAR_MISS * tolerance
    )
    other = (start[line] != node[found]) & (end[line] != node[found])
    found, line = found[other], line[other]
    gap = shapely.distance(lines[line], shapely.points(xy[node[found]]))
    rank = np.argsort(np.argsort(table["pipe_id"].to_numpy(str), kind="stable"))
    order = np.lexsort((rank[line], gap, found))
    first = order[np.unique(found[order], return_index=True)[1]] if len(order) else order
    owner = np.full(count, -1, np.int64)
    owner[start], owner[end] = np.arange(len(start)), np.arange(len(end))
    findings = []
    for k in first.tolist():
        at, mine, near = int(node[found[k]]), table.iloc[owner[node[found[k]]]], table.iloc[line[k]]
        message = (
            f"pipe {mine['pipe_id']} ends {gap[k]:.2f} m beside pipe {near['pipe_id']},"
            f" more than the tolerance of {tolerance:g} m."
        )
        place = (float(xy[at, 0]), float(xy[at, 1]))
        ids, repair = (
            (int(mine["source_fid"]), int(near["source_fid"])),
            "move the end onto the pipe, or raise snap_tolerance_m",
        )
        findings.append(Finding("near-miss", "warning", "pipes", message, *ids, place, float(gap[k]), repair))
    return findings


def lineage_of(
    raw: Layers, layers: Layers, absorbed: pd.DataFrame, pipes: gpd.GeoDataFrame | None = None,
    points: Mapping[str, gpd.GeoDataFrame] | None = None, unused: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """What became of every input feature: at least one row for each.

    Parameters
    ----------
    raw, layers : Layers
        As read, and as repaired.
    absorbed : DataFrame
        Features that others stand for: layer, source_fid, result_id as after the repair.
    pipes : GeoDataFrame, optional
        Pipes of the network; without them the point layers are in the result as they are.
    points : mapping
        Features of the point layers that are part of the network.
    unused : mapping
        Features that are in the result, but no part of the network.
    """
    points, unused = points or {}, unused or {}
    lines = {"streets": layers.get("streets")} if "streets" in layers else {}
    lines |= {} if pipes is None else {"pipes": pipes[pipes["source_layer"] == "pipes"]}
    rows = [r for layer, table in lines.items() for r in _line_rows(layer, table, layers.get(layer), absorbed)]
    for layer, table in points.items():
        action = np.where(_has_moved(table, layers.get(layer)), "moved", "kept") if layer in MOVABLE else "kept"
        rows.append(_rows(layer, table["source_fid"], layer, table.get(ID_COLUMN[layer]), action))
    rows += [
        _rows(layer, table["source_fid"], layer, table[ID_COLUMN[layer]], "unused") for layer, table in unused.items()
    ]
    for layer, table in raw.tables.items():
        fids = table.index.to_numpy()
        if layer in (*lines, *points):
            listed = np.concatenate(
                [r["source_fid"].to_numpy() for r in rows if len(r) and r["source_layer"].iloc[0] == layer]
                or [fids[:0]]
            )
            left = fids[~np.isin(fids, listed)]
            usable = np.isin(left, layers.get(layer).index.to_numpy()) & (layer not in lines)
            rows.append(_rows(layer, left, "", [""] * len(left), np.where(usable, "unused", "dropped")))
        else:
            rows.append(_passed_rows(layer, fids, layers.get(layer), as_they_are=pipes is None))
    table = pd.concat([r for r in rows if len(r)], ignore_index=True)
    order = table["source_layer"].map({name: i for i, name in enumerate(raw.tables)})
    return table.iloc[np.lexsort((np.arange(len(table)), table["source_fid"], order))].reset_index(drop=True)


def _line_rows(
    layer: str, table: gpd.GeoDataFrame, repaired: gpd.GeoDataFrame, absorbed: pd.DataFrame
) -> list[pd.DataFrame]:
    """What became of streets or pipes: the rows that they are now, and those that now stand for them."""
    column = ID_COLUMN[layer]
    rows = [_rows(layer, table["source_fid"], layer, table[column], table["repaired"])]
    own = absorbed[absorbed["layer"] == layer]
    if len(own):  # names of the repaired layer; a row may have been cut since
        base = bases_of(table, layer)
        now = pd.DataFrame({"base": base, "name": table[column].to_numpy(object)})
        was = pd.DataFrame({"base": bases_of(repaired, layer), "result_id": repaired[column].to_numpy(object)})
        same = own.merge(now, left_on="result_id", right_on="name", how="left")
        cut = own[same["name"].isna().to_numpy()].merge(was, on="result_id").merge(now, on="base")
        found = pd.concat([same.dropna(subset="name"), cut]).drop_duplicates(["source_fid", "name"])
        rows.append(_rows(layer, found["source_fid"], layer, found["name"], "merged"))
    return rows


def _passed_rows(layer: str, fids: NDArray[np.int64], table: gpd.GeoDataFrame, *, as_they_are: bool) -> pd.DataFrame:
    """Features of a layer that no stage has made part of a network."""
    column = ID_COLUMN.get(layer)
    names = dict(zip(table.index, table[column], strict=True)) if column in table else {}
    there = [layer if as_they_are and fid in names else "" for fid in fids]
    ids = [str(names[fid]) if t else "" for fid, t in zip(fids, there, strict=True)]
    gone = "dropped" if as_they_are and names else "unused"
    return _rows(layer, fids, there, ids, ["kept" if t or layer == "load_mix" else gone for t in there])


def _has_moved(table: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which features of a point layer are no longer where they were drawn."""
    if not len(table):
        return np.zeros(0, bool)
    before = drawn.geometry.loc[table["source_fid"]].to_numpy()
    return np.asarray(shapely.distance(before, table.geometry.to_numpy()) > NOTICEABLE)


def _rows(layer: str, fids: object, result_layer: object, ids: object, action: object) -> pd.DataFrame:
    fid = np.asarray(fids, dtype=np.int64)
    columns = {"source_layer": layer, "result_layer": result_layer, "result_id": ids, "action": action}
    return pd.DataFrame(
        {"source_fid": fid}
        | {k: np.broadcast_to(np.asarray(v, dtype=object), fid.shape).copy() for k, v in columns.items()}
    )[["source_layer", "source_fid", "result_layer", "result_id", "action"]]
