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
from gisheat.topology.noding import EXACT, Array, Index, Pieces

NEAR_MISS = 5.0
"""A loose end within this many tolerances of another pipe is reported."""
NOTICEABLE = 1e-3
"""Moves below this [m] are not reported."""
MOVABLE = ("valves", "pumps")
"""Point layers whose features are moved onto the network."""


def snap_findings(table: gpd.GeoDataFrame, moved: Array, pieces: Pieces, tolerance: float) -> list[Finding]:
    """Ends that were moved onto a node, and lines that were cut where another one ends on them."""
    first = pieces.part == 1
    moved_rows = first & (moved > NOTICEABLE)
    rows = table[moved_rows]
    whole = rows["parent_id"].where(rows["parent_id"].notna(), rows["pipe_id"])
    far = moved[moved_rows]
    messages = (f"pipe {n}: an end was moved by {m:.3f} m onto a node." for n, m in zip(whole, far, strict=True))
    repair = f"snapped within {tolerance:g} m"
    findings = findings_about(
        rows, "end-snapped", "info", "pipes", messages, distances=far, repair=repair, applied=True
    )
    parts = np.bincount(pieces.line, minlength=len(table))[pieces.line]
    split = first & (parts > 1)
    rows = table[split]
    messages = (
        f"pipe {n} was split into {p} parts where other features meet it."
        for n, p in zip(rows["parent_id"], parts[split], strict=True)
    )
    return findings + findings_about(rows, "pipe-split", "info", "pipes", messages, repair="split", applied=True)


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
    raw: Layers, layers: Layers, pipes: gpd.GeoDataFrame, points: Mapping[str, gpd.GeoDataFrame],
    unused: Mapping[str, gpd.GeoDataFrame],
) -> pd.DataFrame:  # fmt: skip
    """What became of every input feature: at least one row for each.

    Parameters
    ----------
    raw, layers : Layers
        As read, and as cleaned.
    pipes : GeoDataFrame
        Pipes of the network.
    points : mapping
        Features of the point layers that are part of the network.
    unused : mapping
        Features that are in the result, but no part of the network.
    """
    own = pipes[pipes["source_layer"] == "pipes"]
    parts = own.groupby("source_fid")["pipe_id"].transform("size").to_numpy()
    rows = [_rows("pipes", own["source_fid"], "pipes", own["pipe_id"], np.where(parts > 1, "split", "kept"))]
    for layer, table in points.items():
        action = np.where(_has_moved(table, layers.get(layer)), "moved", "kept") if layer in MOVABLE else "kept"
        origin = table.get("source_layer", layer)
        rows.append(_rows(origin, table["source_fid"], layer, table.get(ID_COLUMN[layer]), action))
    rows.append(_rows_of_buildings(layers.get("buildings"), points["stations"]))
    rows += [
        _rows(layer, table["source_fid"], layer, table[ID_COLUMN[layer]], "unused") for layer, table in unused.items()
    ]
    for layer, table in raw.tables.items():
        fids = table.index.to_numpy()
        if layer in ("pipes", "buildings", *points):
            listed = np.concatenate([r["source_fid"].to_numpy()[(r["source_layer"] == layer).to_numpy()] for r in rows])
            usable = layers.get(layer)
            left = fids[~np.isin(fids, listed)]
            action = np.where(np.isin(left, usable.index.to_numpy()) & (layer != "pipes"), "unused", "dropped")
            rows.append(_rows(layer, left, "", [""] * len(left), action))
        else:
            column = ID_COLUMN.get(layer)
            named = layers.get(layer)
            names = dict(zip(named.index, named[column], strict=True)) if column in named else {}
            there = [layer if fid in names and layer in ("streets", "areas") else "" for fid in fids]
            ids = [str(names[fid]) if t else "" for fid, t in zip(fids, there, strict=True)]
            rows.append(
                _rows(layer, fids, there, ids, ["kept" if t or layer == "load_mix" else "unused" for t in there])
            )
    table = pd.concat([r for r in rows if len(r)], ignore_index=True)
    order = table["source_layer"].map({name: i for i, name in enumerate(raw.tables)})
    return table.iloc[np.lexsort((np.arange(len(table)), table["source_fid"], order))].reset_index(drop=True)


def _rows_of_buildings(buildings: gpd.GeoDataFrame, stations: gpd.GeoDataFrame) -> pd.DataFrame:
    """What became of buildings that are no stations themselves: merged into theirs, or unused."""
    if not len(buildings):
        return _rows("buildings", (), "", (), ())
    became = stations["source_fid"][stations["source_layer"] == "buildings"] if "source_layer" in stations else ()
    rest = buildings[~buildings.index.isin(became)]
    named = rest["station_id"] if "station_id" in rest else pd.Series(None, index=rest.index, dtype=object)
    of_station = named.isin(stations["station_id"]).to_numpy()
    ids = np.where(of_station, named.to_numpy(object), rest["building_id"].to_numpy(object))
    layer, action = np.where(of_station, "stations", "buildings"), np.where(of_station, "merged", "unused")
    return _rows("buildings", rest.index, layer, ids, action)


def _has_moved(table: gpd.GeoDataFrame, drawn: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which features of a point layer are no longer where they were drawn."""
    if not len(table):
        return np.zeros(0, bool)
    before = drawn.geometry.loc[table["source_fid"]].to_numpy()
    return np.asarray(shapely.distance(before, table.geometry.to_numpy()) > NOTICEABLE)


def _rows(layer: object, fids: object, result_layer: object, ids: object, action: object) -> pd.DataFrame:
    fid = np.asarray(fids, dtype=np.int64)
    columns = {"source_layer": layer, "result_layer": result_layer, "result_id": ids, "action": action}
    return pd.DataFrame(
        {"source_fid": fid}
        | {k: np.broadcast_to(np.asarray(v, dtype=object), fid.shape).copy() for k, v in columns.items()}
    )[["source_layer", "source_fid", "result_layer", "result_id", "action"]]
