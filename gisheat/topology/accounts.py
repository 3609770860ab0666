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
from gisheat.noding import EXACT
from gisheat.noding.model import NEAR_MISS
from gisheat.schema import ID_COLUMN
from gisheat.topology.cutting import Array, Index
from gisheat.topology.drawn import bases_of, side_bits
from gisheat.topology.events import NOTICEABLE

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
    for mask, rule, what in (
        (vanished, "collapsed", "is shorter than the tolerance and was left out"),
        (doubled, "doubled", "lies exactly on another pipe and was left out"),
    ):
        rows = table[mask]
        messages = (f"pipe {name} {what}." for name in rows["pipe_id"])
        findings += findings_about(rows, rule, "warning", "pipes", messages, distances=length[mask], applied=True)
    useless = closed & ~doubled
    rows = table[useless]
    messages = (f"pipe {name} starts and ends at one node and carries nothing." for name in rows["pipe_id"])
    findings += findings_about(rows, "closed-line", "warning", "pipes", messages, distances=length[useless])
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


def loose_ends(
    table: gpd.GeoDataFrame, start: Index, end: Index, xy: Array, stations: tuple[Index, Index],
    sources: tuple[Index, Index], tolerance: float,
) -> list[Finding]:  # fmt: skip
    """Ends with no station or source: those that almost meet a pipe, and, where there are stations, the others."""
    loose = np.bincount(np.concatenate([start, end]), minlength=len(xy)) == 1
    for nodes in (*stations, *sources):
        loose[nodes[nodes >= 0]] = False
    node = np.flatnonzero(loose)
    owner = np.full(len(xy), -1, np.int64)
    owner[start], owner[end] = np.arange(len(start)), np.arange(len(end))
    near, findings = _near_misses(table, start, end, xy, node, owner, tolerance)
    if (stations[0] < 0).all():
        return findings
    dead = node[~np.isin(node, near)]
    rows = table[["source_fid", "source_layer", "pipe_id"]].to_numpy()[owner[dead]].tolist()
    for (x, y), (fid, layer, name) in zip(xy[dead].tolist(), rows, strict=True):
        message = f"pipe {name} ends where no station or source stands."
        findings.append(Finding("dangle", "info", str(layer), message, int(fid), point=(x, y)))
    return findings


def _near_misses(
    table: gpd.GeoDataFrame, start: Index, end: Index, xy: Array, node: Index, owner: Index, tolerance: float
) -> tuple[Index, list[Finding]]:
    """Loose nodes that almost meet a pipe that they could be part of, and a finding for each."""
    if not len(node) or tolerance <= 0.0:
        return node[:0], []
    lines = table.geometry.to_numpy()
    found, line = shapely.STRtree(lines).query(
        shapely.points(xy[node]), predicate="dwithin", distance=NEAR_MISS * tolerance
    )
    other = (start[line] != node[found]) & (end[line] != node[found])
    sides, own = side_bits(table), np.zeros(len(xy), np.int64)
    np.bitwise_or.at(own, np.concatenate([start, end]), np.tile(sides, 2))
    other &= (sides[line] & own[node[found]]) != 0
    found, line = found[other], line[other]
    gap = shapely.distance(lines[line], shapely.points(xy[node[found]]))
    rank = np.argsort(np.argsort(table["pipe_id"].to_numpy(str), kind="stable"))
    order = np.lexsort((rank[line], gap, found))
    first = order[np.unique(found[order], return_index=True)[1]] if len(order) else order
    findings = []
    for k in first.tolist():
        at, mine, near = int(node[found[k]]), table.iloc[owner[node[found[k]]]], table.iloc[line[k]]
        message = (
            f"pipe {mine['pipe_id']} ends {gap[k]:.2f} m beside pipe {near['pipe_id']},"
            f" more than the tolerance of {tolerance:g} m."
        )
        place = (float(xy[at, 0]), float(xy[at, 1]))
        fids = int(mine["source_fid"]), int(near["source_fid"])
        repair = "move the end onto the pipe, or raise snap_tolerance_m"
        findings.append(Finding("near-miss", "warning", "pipes", message, *fids, place, float(gap[k]), repair))
    return node[found[first]], findings


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
        Pipes of the network.
    points : mapping
        Features of the point layers that are part of the network.
    unused : mapping
        Features that are in the result, but no part of the network.
    """
    points, unused = points or {}, unused or {}
    lines = {"streets": layers.get("streets")} if "streets" in layers else {}
    lines |= {} if pipes is None else {"pipes": pipes[pipes["source_layer"] == "pipes"]}
    made = None if pipes is None else pipes[pipes["source_layer"] != "pipes"]
    rows = [r for layer, table in lines.items() for r in _line_rows(layer, table, layers.get(layer), absorbed)]
    for layer, table in points.items():
        action = np.where(_has_moved(table, layers.get(layer)), "moved", "kept") if layer in MOVABLE else "kept"
        origin = table.get("source_layer", layer)
        rows.append(_rows(origin, table["source_fid"], layer, table.get(ID_COLUMN[layer]), action))
    if made is not None and len(made):  # trenches in streets, connections of stations and sources
        action = np.where(made["source_layer"] == "streets", "routed", "connected")
        rows.append(_rows(made["source_layer"], made["source_fid"], "pipes", made["pipe_id"], action))
    rows.append(_rows_of_buildings(layers.get("buildings"), points.get("stations", layers.get("stations"))))
    rows += [
        _rows(layer, table["source_fid"], layer, table[ID_COLUMN[layer]], "unused") for layer, table in unused.items()
    ]
    whence, whose = (np.concatenate([r[c].to_numpy() for r in rows]) for c in ("source_layer", "source_fid"))
    for layer, table in raw.tables.items():
        fids = table.index.to_numpy()
        if layer in (*lines, "buildings", *points):
            listed = whose[whence == layer]
            left = fids[~np.isin(fids, listed)]
            usable = np.isin(left, layers.get(layer).index.to_numpy()) & (layer not in lines)
            rows.append(_rows(layer, left, "", [""] * len(left), np.where(usable, "unused", "dropped")))
        else:
            rows.append(_passed_rows(layer, fids, layers.get(layer)))
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
        was = pd.DataFrame({"base": bases_of(repaired, layer), "result_id": repaired[column].to_numpy(object)})
        was = was[was["result_id"].isin(own["result_id"])]
        now = pd.DataFrame({"base": bases_of(table, layer), "name": table[column].to_numpy(object)})
        now = now[now["name"].isin(own["result_id"]) | now["base"].isin(was["base"])]
        same = own.merge(now, left_on="result_id", right_on="name", how="left")
        cut = own[same["name"].isna().to_numpy()].merge(was, on="result_id").merge(now, on="base")
        found = pd.concat([same.dropna(subset="name"), cut]).drop_duplicates(["source_fid", "name"])
        alike = table.loc[table["source_fid"].isin(found["source_fid"]), ["source_fid", column]]
        its = pd.MultiIndex.from_frame(alike)
        found = found[~pd.MultiIndex.from_frame(found[["source_fid", "name"]]).isin(its)]
        rows.append(_rows(layer, found["source_fid"], layer, found["name"], "merged"))
    return rows


def _passed_rows(layer: str, fids: NDArray[np.int64], table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Features of a layer that is no part of a network."""
    column = ID_COLUMN.get(layer)
    names = dict(zip(table.index, table[column], strict=True)) if column in table else {}
    there = [layer if fid in names and layer == "areas" else "" for fid in fids]
    ids = [str(names[fid]) if t else "" for fid, t in zip(fids, there, strict=True)]
    return _rows(layer, fids, there, ids, ["kept" if t or layer == "load_mix" else "unused" for t in there])


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
    columns = {
        "source_layer": layer, "source_fid": fid, "result_layer": result_layer, "result_id": ids, "action": action,
    }  # fmt: skip
    return pd.DataFrame(
        {
            k: v if v is fid else np.broadcast_to(np.asarray(v, dtype=object), fid.shape).copy()
            for k, v in columns.items()
        }
    )
