"""What CHANGES proposes to a base: found, brought into the base's columns, joined to what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.as_built.change_set import (
    FEATURE_COLUMNS,
    VALUE_COLUMNS,
    ChangeSet,
    empty_features,
)
from gisheat.as_built.changes import COMPARED, COMPUTED, FOLLOWING, find_changes, match_features
from gisheat.as_built.fitting import fitted
from gisheat.as_built.joining import join_lines, join_points, kept, lost, parted
from gisheat.as_built.proposed_layer import Proposed, Sides, propose_layer
from gisheat.as_built.stores import Store
from gisheat.as_built.three_way import same, since
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.layers.mapping import OwnColumn
from gisheat.schema import ID_COLUMN, WRITTEN, columns, input_columns

NETWORKS = (("pipes", ("stations", "sources", "valves", "pumps")), ("streets", ()))
"""Lines that meet each other, and points that they meet."""
ON_LINES = ("valves", "pumps")
"""Points that stand on lines, not at their ends alone."""
REFERENCES = (("buildings", "station_id", "stations"),)
"""Columns that name a feature of another layer by its identifier."""
SHOWN_SHARE = 0.5
"""Share of a layer that CHANGES has to show for what it does not show to be gone."""


@dataclass(frozen=True)
class Rules:
    """How changes are taken."""

    tolerance: float
    """Distance that digitising alone makes [m]."""
    missing: Literal["auto", "remove", "keep"] = "auto"
    empty_values: Literal["keep", "apply"] = "keep"
    new_columns: Literal["contract", "all", "none"] = "contract"


@dataclass(frozen=True)
class Base:
    """A base as it was read."""

    layers: Layers
    store: Store
    own: Mapping[str, Mapping[str, OwnColumn]]
    """Layer -> column of the contract -> own column."""


@dataclass(frozen=True)
class Proposal:
    """A change set, and what is to be said of it."""

    changes: ChangeSet
    findings: tuple[Finding, ...]
    unchanged: int
    """Features that are as they were."""
    already: int
    """Changes that the base has already."""


def propose(base: Base, new: Layers, ancestor: Layers | None, rules: Rules) -> Proposal:
    """Propose what changed from the base, or from an ancestor of it, to a newer state; all in the CRS of the base."""
    findings = list(_not_taken(base.layers, new))
    shared = [layer for layer in COMPARED if layer in new and layer in base.store.tables]
    earlier = base.layers if ancestor is None else ancestor
    olds, news, wanted = {}, {}, {}
    for layer in shared:
        table = _renamed(layer, base.layers, new, rules.tolerance)
        wanted[layer], said = _wanted(layer, base, table, rules)
        findings += said
        olds[layer], news[layer] = _alike(layer, earlier.get(layer), table, wanted[layer])
    found = find_changes(replace(earlier, tables=olds), replace(new, tables=news), tolerance=rules.tolerance)
    proposed: list[Proposed] = []
    for layer in shared:
        now = base.layers.get(layer)
        before = same(now) if ancestor is None else since(layer, olds[layer], now, rules.tolerance)
        features = found.features[found.features["layer"] == layer]
        keeps = _keeps_missing(features, olds[layer], rules)
        sides = Sides(
            layer, base.store.tables[layer], base.own[layer], now, olds[layer], news[layer], before, wanted[layer],
            rules.tolerance, rules.empty_values == "keep", keeps,
        )  # fmt: skip
        made = propose_layer(sides, base.store, features, found.attributes[found.attributes["layer"] == layer])
        findings += [*made.findings, *_kept_missing(made), *_kept_values(made)]
        proposed.append(made)
    for lines, points in NETWORKS:
        findings += _join({made.sides.layer: made for made in proposed}, base.layers, new, lines, points, rules)
    for made in proposed:
        findings += _fit(made)
    changes = _change_set(proposed, base.layers.crs)
    return Proposal(changes, tuple(findings), found.unchanged, sum(made.already for made in proposed))


# which layers and columns are taken ------------------------------------------------------------------------


def _not_taken(base: Layers, new: Layers) -> list[Finding]:
    """Layers of CHANGES that nothing is taken of."""
    found = []
    for layer in new.tables:
        if layer in COMPARED and layer not in base and len(new[layer]):
            message = (
                f"The base has no layer {layer}, so the {len(new[layer])} features of CHANGES are not taken: make the"
                " layer (gisheat template has it with all columns), and merge again."
            )
            found.append(Finding("layer-not-taken", "warning", layer, message))
        elif layer not in COMPARED and len(new[layer]):
            message = f"The layer {layer} of CHANGES is not merged; bring over by hand what is new in it."
            found.append(Finding("layer-not-taken", "info", layer, message))
    return found


def _renamed(layer: str, base: Layers, new: Layers, tolerance: float) -> gpd.GeoDataFrame:
    """A layer of CHANGES that names features of others as the base does, where CHANGES numbers them anew."""
    table = new[layer]
    for named, column, other in REFERENCES:
        if named == layer and column in table and other in base and other in new:
            key = ID_COLUMN[other]
            m = match_features(other, base[other], new[other], tolerance)
            old, now = (t[key].astype(object).to_numpy()[i] for t, i in ((base[other], m.old), (new[other], m.new)))
            words = {b: a for a, b in zip(old, now, strict=True) if not pd.isna(a) and a != b}
            if words:
                table = table.assign(**{column: table[column].map(lambda v, words=words: words.get(v, v))})
    return table


def _wanted(layer: str, base: Base, new: gpd.GeoDataFrame, rules: Rules) -> tuple[dict[str, str], list[Finding]]:
    """Columns of CHANGES that are taken, with the type of those that the base lacks."""
    known, inputs = columns(layer), input_columns(layer)
    table, there = base.store.tables[layer], base.layers.get(layer)
    names = {name.lower() for name in (*table.kinds, table.key, table.geometry)}
    computed = {c for told, some in COMPUTED.items() if told in new or told in there for c in some}
    wanted: dict[str, str] = {}
    left: list[str] = []
    taken: list[str] = []
    for column in map(str, new.columns):
        stated = column in inputs if column in known else not column.startswith(WRITTEN)
        own = base.own[layer][column].name if column in base.own[layer] else column
        if column == "geometry" or not stated or column in computed or own in table.demands.generated:
            continue
        if column in there:
            wanted[column] = ""
            continue
        filled = ~(new[column].isna() | (new[column].astype(object) == "")).to_numpy()
        follows = column in FOLLOWING or (column == "length_m" and _follows(new, rules.tolerance))
        if not filled.any() or (follows and column != "parent_id"):
            continue
        allowed = {"contract": column in inputs, "all": True, "none": False}[rules.new_columns]
        if allowed and column.lower() not in names:
            wanted[column] = _kind_of(layer, column, new[column])
        elif column != "parent_id":
            (taken if column.lower() in names else left).append(column)
    if "parent_id" in inputs and "parent_id" not in wanted and (
        "parent_id" in there or (rules.new_columns != "none" and "parent_id" not in names)
    ):  # fmt: skip
        wanted["parent_id"] = "" if "parent_id" in there else "text"
    findings = []
    if left:
        message = (
            f"The base has no column {', '.join(left)}; what CHANGES says there is not taken (--new-columns all takes"
            " it)."
        )
        findings.append(Finding("column-not-taken", "warning", layer, message))
    if taken:
        message = (
            f"The base has columns named like {', '.join(taken)}, in other capitals or for its feature ids or geometry;"
            " what CHANGES says there is not taken: rename it in CHANGES."
        )
        findings.append(Finding("column-not-taken", "warning", layer, message))
    return wanted, findings


def _follows(table: gpd.GeoDataFrame, tolerance: float) -> bool:
    """Whether stated lengths are those of the drawn lines."""
    stated = pd.to_numeric(table["length_m"], errors="coerce").to_numpy(float)
    apart = np.abs(stated - shapely.length(table.geometry.to_numpy()))
    return bool((np.nan_to_num(apart) <= 2.0 * tolerance).all())


def _alike(
    layer: str, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, wanted: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Both tables with the columns that are taken, and those by which features are matched."""
    taken = [c for c in new.columns if c in (*wanted, ID_COLUMN[layer], "parent_id", "geometry")]
    told = [c for c in COMPUTED if c in new]
    missing = [c for c in wanted if c not in old]
    return old.assign(**dict.fromkeys(missing)), new[[*taken, *(c for c in told if c not in taken)]]


# what CHANGES does not show --------------------------------------------------------------------------------


def _keeps_missing(features: pd.DataFrame, old: gpd.GeoDataFrame, rules: Rules) -> bool:
    """Whether features that CHANGES does not show stay: it may be a survey of one street."""
    removed = int((features["action"] == "removed").sum())
    shown = len(old) - removed
    return rules.missing == "keep" or (rules.missing == "auto" and shown < SHOWN_SHARE * len(old))


def _kept_missing(made: Proposed) -> list[Finding]:
    removed = [row for row in made.features if row["action"] == "removed" and not row["conflict"]]
    if not removed or not made.sides.keep_missing:
        return []
    message = (
        f"CHANGES does not show {len(removed)} of {len(made.sides.old)} {made.sides.layer}; they are kept (--missing"
        " remove takes them out)."
    )
    return [Finding("missing-kept", "warning", made.sides.layer, message)]


def _kept_values(made: Proposed) -> list[Finding]:
    emptied: dict[str, int] = {}
    for value in made.attributes:
        if value["new_value"] == "" and value["base_value"] != "" and not value["conflict"] and not value["approved"]:
            emptied[value["column"]] = emptied.get(value["column"], 0) + 1
    return [
        Finding(
            "value-kept", "warning", made.sides.layer,
            f"{column} is empty in CHANGES for {count} feature(s) of which the base knows it; the base's value is kept"
            " (--empty-values apply takes it out).",
        )
        for column, count in emptied.items()
    ]  # fmt: skip


# geometry --------------------------------------------------------------------------------------------------


def _join(
    made: Mapping[str, Proposed], base: Layers, new: Layers, lines: str, points: tuple[str, ...], rules: Rules
) -> list[Finding]:
    """Join what has its geometry from CHANGES to what the base keeps; a finding for each join."""
    mine = [row for row in _rows(made, (lines,)) if row["from_new"]]
    standing = [row for row in _rows(made, points) if row["from_new"]]
    if not mine and not standing:
        return []
    drawn = _stays(base, made, (lines,))
    base_kept = kept(np.concatenate([drawn, _column(_settled(made, lines))]), _stays(base, made, points))
    findings: list[Finding] = []
    geometry = _column(mine)
    if mine:
        table = base.get(lines).geometry
        own = _array([None if r["base_fid"] is None else table[r["base_fid"]] for r in mine])
        joined, rows, distance = join_lines(geometry, base_kept, own, rules.tolerance)
        findings += _joined(mine, joined, rows, distance)
    for row in standing:
        found, distance = join_points(_column([row]), base_kept, rules.tolerance, on_lines=row["layer"] in ON_LINES)
        findings += _joined([row], found, np.flatnonzero(distance > 0.0), distance[distance > 0.0])
    if mine:
        theirs = _everything(new, (lines, *points))
        others = np.concatenate([base_kept.lines, _stays(base, made, points), _column(mine), _column(standing)])
        others = others[~shapely.is_missing(others)]
        apart = lost(geometry, _column(mine), theirs, others, rules.tolerance)
        for row in [row for row, is_lost in zip(mine, apart, strict=True) if is_lost and row["approved"]]:
            message = (
                f"{_named(row)} met others within {rules.tolerance:g} m in CHANGES, and does not in the base: look at"
                " its ends."
            )
            findings.append(
                Finding("connection-lost", "warning", lines, message, row["base_fid"], point=_end(row["geometry"]))
            )
    told = {(f.layer, f.source_fid) for f in findings if f.rule == "connection-lost"}
    moved = [row for row in (*mine, *standing) if row["action"] == "moved" and row["approved"]]
    return findings + _parted([r for r in moved if (r["layer"], r["base_fid"]) not in told], base, made, lines, rules)


def _parted(
    rows: list[dict[str, Any]], base: Layers, made: Mapping[str, Proposed], lines: str, rules: Rules
) -> list[Finding]:
    """What moved away from lines that the base keeps where they are."""
    if not rows or lines not in base:
        return []
    before = _array([base[row["layer"]].geometry[row["base_fid"]] for row in rows])
    others = _everything(base, (lines,))
    now = np.concatenate([_stays(base, made, (lines,)), _column(_rows(made, (lines,)))])
    away = parted(before, _column(rows), others, now[~shapely.is_missing(now)], rules.tolerance)
    return [
        Finding(
            "connection-lost", "warning", row["layer"],
            f"{_named(row)} met a line within {rules.tolerance:g} m in the base, and does not where it is now: draw"
            " what should lead there.",
            row["base_fid"], point=_end(row["geometry"]),
        )
        for row, is_away in zip(rows, away.tolist(), strict=True) if is_away
    ]  # fmt: skip


def _rows(made: Mapping[str, Proposed], layers: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        row for layer in layers if layer in made for row in made[layer].features
        if row["edit"] != "delete" and row["geometry"] is not None
    ]  # fmt: skip


def _settled(made: Mapping[str, Proposed], layer: str) -> list[dict[str, Any]]:
    """Lines that were cut or joined along the base's own vertices."""
    regrouped = ("split", "merged", "recut")
    return [row for row in _rows(made, (layer,)) if not row["from_new"] and row["action"] in regrouped]


def _stays(base: Layers, made: Mapping[str, Proposed], layers: tuple[str, ...]) -> Any:
    """Geometries of the base that no approved change moves, cuts or removes."""
    found = []
    for layer in layers:
        if layer in base:
            rows = made[layer].features if layer in made else []
            going = {
                row["base_fid"] for row in rows
                if row["approved"] and row["base_fid"] is not None and row["action"] not in
                ("redimensioned", "reattributed")
            }  # fmt: skip
            table = base[layer]
            found.append(table.geometry.to_numpy()[~table.index.isin(going)])
    return np.concatenate(found) if found else np.zeros(0, object)


def _everything(layers: Layers, names: tuple[str, ...]) -> Any:
    found = np.concatenate([layers[name].geometry.to_numpy() for name in names if name in layers])
    return found[~shapely.is_missing(found)]


def _column(rows: list[dict[str, Any]]) -> Any:
    return _array([row["geometry"] for row in rows])


def _array(geometries: list[Any]) -> Any:
    found = np.empty(len(geometries), object)
    found[:] = geometries
    return found


def _joined(rows: list[dict[str, Any]], joined: Any, at: Any, distance: Any) -> list[Finding]:
    for row, geometry in zip(rows, joined, strict=True):
        row["geometry"] = geometry
    return [
        Finding(
            "end-joined", "info", rows[i]["layer"],
            f"{_named(rows[i])} is joined to what the base keeps, {d:.3f} m from where CHANGES has it.",
            rows[i]["base_fid"], point=_end(rows[i]["geometry"]), distance=float(d), applied=True,
        )
        for i, d in zip(at.tolist(), distance.tolist(), strict=True) if d > 1e-6
    ]  # fmt: skip


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['feature_id'] or row['change_id']} ({row['action']})"


def _end(geometry: Any) -> tuple[float, float] | None:
    place = shapely.get_coordinates(geometry)
    return (float(place[0, 0]), float(place[0, 1])) if len(place) else None


def _fit(made: Proposed) -> list[Finding]:
    """Geometries as the table of the base takes them; what it does not take is a conflict."""
    sides, carried, findings = made.sides, [], []
    for row in made.features:
        drawn = row["action"] in ("added", "moved", "split", "merged", "recut") and row["edit"] != "delete"
        if not drawn or row["geometry"] is None:
            continue
        former = row["base_fid"] if row["base_fid"] is not None else row["from_fid"]
        try:
            row["geometry"], with_former = fitted(
                row["geometry"], None if former is None else sides.base.geometry[former], sides.table
            )
        except ValueError as error:
            row["conflict"], row["approved"] = row["conflict"] or str(error), False
            continue
        if with_former:
            carried.append(_named(row))
    if carried:
        message = (
            f"CHANGES has no heights (or measures) for {len(carried)} {sides.layer} that have them in the base, such as"
            f" {carried[0]}; they were carried over from the nearest place of the former line."
        )
        findings.append(Finding("heights-carried", "warning", sides.layer, message))
    return findings


def _change_set(proposed: list[Proposed], crs: Any) -> ChangeSet:
    """All layers together; a group of which one row is in conflict is left out whole."""
    features = [row for made in proposed for row in made.features]
    bad = {row["group_id"]: row["conflict"] for row in features if row["group_id"] and row["conflict"]}
    for row in features:
        if row["group_id"] in bad:
            row["conflict"], row["approved"] = row["conflict"] or bad[row["group_id"]], False
    values = pd.DataFrame([row for made in proposed for row in made.attributes], columns=list(VALUE_COLUMNS))
    values["base_fid"] = values["base_fid"].astype("Int64")
    if not features:
        return ChangeSet(empty_features(crs), values)
    geometry = _column(features)
    table = pd.DataFrame(features)[[c for c in FEATURE_COLUMNS if c != "geometry"]]
    for name in ("base_fid", "from_fid"):
        table[name] = table[name].astype("Int64")
    table["distance_m"] = table["distance_m"].astype(float).round(3)
    return ChangeSet(gpd.GeoDataFrame(table, geometry=geometry, crs=crs), values)


def _kind_of(layer: str, column: str, values: pd.Series) -> str:
    """Type of a column that the base lacks: that of the contract, else that of its values."""
    known = columns(layer).get(column)
    if known is not None:
        return known.kind
    return {"f": "float", "i": "int", "u": "int", "b": "bool"}.get(values.dtype.kind, "text")
