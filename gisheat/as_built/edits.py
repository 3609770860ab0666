"""From an approved change set to edits of the base's rows; what the base has otherwise by now is a conflict."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gisheat.as_built.change_set import DRAWN, ChangeSet, records, rows_of_group, stored, written
from gisheat.as_built.changes import ACTIONS
from gisheat.as_built.demands import doubled, inherited, lacking_values, not_shared, said_lacking, said_shared
from gisheat.as_built.fitting import fitted
from gisheat.as_built.history import Edit, Row
from gisheat.as_built.naming import free_numbers
from gisheat.as_built.proposed_layer import REGROUPED
from gisheat.as_built.states import state_of_drawing, state_of_geometry, state_of_row
from gisheat.as_built.stores import Geometries, Store, StoredTable
from gisheat.errors import InputError
from gisheat.findings import Finding, Severity
from gisheat.layers import in_crs
from gisheat.layers.mapping import OwnColumn
from gisheat.schema import GEOMETRY, ID_COLUMN

INSERTED, UPDATED, DELETED = "insert", "update", "delete"
ONE_VALUE = "keeps one of its values"
"""What is said of a feature whose other values are merged."""
NOT_YET = -1
"""Feature id of what has an identifier and is not in the base yet."""


@dataclass(frozen=True)
class Plan:
    """What a change set does to a base."""

    edits: list[Edit]
    findings: list[Finding]
    applied: list[str]
    """Changes that are made, by their id."""
    left: list[str]
    """Changes that nobody approved."""
    already: list[str]
    """Changes that the base has."""
    conflicts: list[str]


@dataclass
class _Outcome:
    """What becomes of one change: an edit, or why there is none."""

    row: Mapping[str, Any]
    conflict: str = ""
    already: bool = False
    left: bool = False
    """None of its values is approved."""
    fid: int | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    """Columns that have to be added, with their type."""
    beside: dict[str, Row] = field(default_factory=dict)
    """Figures that no longer hold, by the table behind a view that has them."""
    findings: list[Finding] = field(default_factory=list)


def plan_edits(changes: ChangeSet, store: Store, own: Mapping[str, Mapping[str, OwnColumn]]) -> Plan:
    """Edits of the approved rows.

    Parameters
    ----------
    changes : ChangeSet
    store : Store
    own : mapping
        Layer -> column of the contract -> own column: where identifiers stand.

    Raises
    ------
    InputError
        If the change set has a layer, or an edit, that there is not.
    """
    outcomes: list[_Outcome] = []
    left: list[str] = []
    findings: list[Finding] = []
    values: dict[str, list[dict[str, Any]]] = {}
    for value in records(changes.attributes[changes.attributes["approved"].to_numpy(bool)]):
        values.setdefault(str(value["change_id"]), []).append(value)
    for layer, table in changes.features.groupby("layer", sort=False):
        if layer not in store.tables:
            raise InputError(f"the change set has changes of the layer {layer}, which the base does not have.")
        approved = table[table["approved"].to_numpy(bool)]
        approved, alone = _whole_groups(table, approved)
        findings += [_incomplete(row) for row in alone]
        left += table["change_id"][~table["change_id"].isin(approved["change_id"])].tolist()
        column = own[layer][ID_COLUMN[layer]].name if ID_COLUMN[layer] in own[layer] else ""
        outcomes += _Layer(store, store.tables[layer], column, changes.features.crs).outcomes(approved, values)
    findings += _without_feature(changes)
    return _planned(_by_group(outcomes), left, findings, store)


def _whole_groups(table: pd.DataFrame, approved: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[Hashable, Any]]]:
    """Approved rows without those of groups that are approved in part, and one row of each such group."""
    groups = table["group_id"].to_numpy(object)
    asked = table.index.isin(approved.index)
    torn = {g for g in groups[asked] if g} & {g for g in groups[~asked] if g}
    torn |= {g for g, count in approved["group_id"].value_counts().items() if count < rows_of_group(str(g))}
    alone = approved[approved["group_id"].isin(torn)].drop_duplicates("group_id")
    return approved[~approved["group_id"].isin(torn)], alone.to_dict("records")


def _incomplete(row: Mapping[Hashable, Any]) -> Finding:
    message = (
        f"{row['group_id']}: what was cut or joined is approved in part only, or rows of it were deleted, so nothing of"
        " it is done: approve all rows of the group, or none."
    )
    return _about(row, "group-incomplete", "warning", message)


def _without_feature(changes: ChangeSet) -> list[Finding]:
    """A finding where approved values belong to no row of the change set, as when that was deleted."""
    values = changes.attributes
    lost = values[values["approved"].to_numpy(bool) & ~values["change_id"].isin(changes.features["change_id"])]
    if not len(lost):
        return []
    first = lost.iloc[0]
    message = (
        f"{len(lost)} approved value(s) belong to no feature of the change set, such as {first['column']} ="
        f" {first['new_value'] or 'nothing'} of {first['feature_id'] or '?'} ({first['change_id'] or 'no change_id'});"
        " they are not merged: bring the row of the feature back, or take their approval away."
    )
    return [Finding("value-without-feature", "warning", first["layer"], message)]


class _Layer:
    """The base's side of one layer."""

    def __init__(self, store: Store, table: StoredTable, id_column: str, crs: CRS | None) -> None:
        self.store, self.table, self.crs = store, table, crs
        self.id_column = id_column
        self.ids: dict[str, int] = {}
        self.fids: list[int] = []
        self.numbers: Iterator[str] | None = None
        self.blobs: dict[Any, list[int]] = {}
        self.beside: dict[str, dict[int, Row]] = {}

    def outcomes(self, approved: gpd.GeoDataFrame, values: Mapping[str, list[dict[str, Any]]]) -> list[_Outcome]:
        """What becomes of each row, whose approved values stand under its id."""
        fids = {int(f) for name in ("base_fid", "from_fid") for f in approved[name].dropna()}
        rows = self.store.rows(self.table, sorted(fids))
        self._know_figures(approved)
        blobs, unfit = self._packed(approved)
        if (approved["edit"] == INSERTED).any():
            self._know_all()
        found = []
        for row, blob, why in zip(records(approved), blobs, unfit, strict=True):
            outcome = self._outcome(row, blob, values.get(row["change_id"], []), rows)
            outcome.conflict = why or outcome.conflict
            found.append(outcome)
        self._check_doubled(found)
        return found

    def _know_figures(self, approved: gpd.GeoDataFrame) -> None:
        """Figures of lines that are cut or joined, in tables behind views."""
        fids = approved["base_fid"][approved["action"].isin(REGROUPED) & (approved["edit"] == UPDATED)].dropna()
        for holder, names in self.table.figures.items():
            if holder != self.table.name and len(fids):
                table = replace(self.table, name=holder, kinds=dict.fromkeys(names, "any"), geometry="", widths={})
                self.beside[holder] = self.store.rows(table, [int(fid) for fid in fids])

    def _check_doubled(self, outcomes: list[_Outcome]) -> None:
        """Conflicts of what would have an identifier, or a value that is unique in the base, of another feature."""
        named = [(self.id_column,)] if self.id_column else []
        for columns in dict.fromkeys((*named, *self.table.demands.unique)):
            asked = [
                o for o in outcomes
                if not (o.conflict or o.already) and any(o.after.get(c) is not None for c in columns)
                and not set(columns) & self.table.demands.generated and set(columns) <= {*self.table.kinds}
            ]  # fmt: skip
            if not asked:
                continue
            stored_ = [self.store.column(self.table, name) for name in columns]
            stands = {fid: tuple(values[fid] for values in stored_) for fid in stored_[0]}
            gone = [o.fid for o in outcomes if o.row["edit"] == DELETED and not o.conflict and o.fid is not None]
            wanted: list[tuple[Hashable, tuple[Any, ...]]] = []
            for number, outcome in enumerate(asked):
                now = stands.get(outcome.fid, ()) if outcome.fid is not None else (None,) * len(columns)
                values = tuple(outcome.after.get(c, old) for c, old in zip(columns, now, strict=True))
                wanted.append((f"new {number}" if outcome.fid is None else outcome.fid, values))
            if columns in named:  # as text, as they are compared
                stands = {fid: tuple(map(_named, values)) for fid, values in stands.items()}
                wanted = [(row, tuple(map(_named, values))) for row, values in wanted]
            for number in sorted(doubled(stands, gone, wanted)):
                said = ", ".join(f"{c} {v}" for c, v in zip(columns, wanted[number][1], strict=True))
                asked[number].conflict = (
                    f"the identifier {wanted[number][1][0]} is taken by another feature" if columns in named
                    else f"another feature has {said}, which is unique in the base"
                )  # fmt: skip

    def _know_all(self) -> None:
        """Identifiers and geometries of all rows, which new ones are compared with."""
        if self.id_column:
            column = self.store.column(self.table, self.id_column)
            self.ids = {written(v): fid for fid, v in column.items() if v is not None}
            self.fids = [*column]
        if self.table.geometry:
            for fid, blob in self.store.column(self.table, self.table.geometry).items():
                self.blobs.setdefault(blob, []).append(fid)

    def _packed(self, approved: gpd.GeoDataFrame) -> tuple[list[bytes | None], list[str]]:
        """Geometries as the store keeps them, and why one, edited in the change set, does not fit into the table."""
        drawn = approved["action"].isin(DRAWN).to_numpy() & (approved["edit"] != DELETED).to_numpy()
        geometry: Geometries = np.where(drawn, np.asarray(approved.geometry, object), np.full(len(drawn), None))
        if self.crs is not None and self.table.crs is not None and not self.crs.equals(
            self.table.crs, ignore_axis_order=True
        ):  # fmt: skip
            table = gpd.GeoDataFrame(geometry=geometry, crs=self.crs)
            geometry = in_crs(self.table.layer, table, self.table.crs).geometry.to_numpy()
        geometry, unfit = geometry.copy(), [""] * len(geometry)
        for i in np.flatnonzero(~shapely.is_missing(geometry)).tolist():
            try:
                geometry[i] = self._fitted(geometry[i])
            except ValueError as error:
                geometry[i], unfit[i] = None, str(error)
        return self.store.packed(self.table, geometry), unfit

    def _fitted(self, geometry: Any) -> Any:
        wanted, kind = GEOMETRY[self.table.layer], geometry.geom_type.lower().removeprefix("multi")
        if kind.removesuffix("string") != wanted:
            raise ValueError(f"the layer takes {wanted}s, this is {geometry.geom_type.upper()}")
        return None if geometry.is_empty else fitted(geometry, None, self.table)[0]

    def _outcome(
        self, row: dict[str, Any], blob: bytes | None, values: list[dict[str, Any]], rows: Mapping[int, Row]
    ) -> _Outcome:
        found = _Outcome(row)
        base = None if pd.isna(row["base_fid"]) else int(row["base_fid"])
        for name, known in (("edit", (INSERTED, UPDATED, DELETED)), ("action", ACTIONS)):
            if row[name] not in known:
                raise InputError(f"{row['change_id']}: the {name} {row[name]!r} is unknown ({', '.join(known)}).")
        if row["edit"] == INSERTED:
            self._insert(found, blob, values, rows)
        elif base is None or base not in rows:
            found.already = row["edit"] == DELETED
            found.conflict = "" if found.already else "the base has the feature no more"
        elif row["edit"] == DELETED:
            found.fid, found.before = base, dict(rows[base])
            if state_of_row(rows[base], self.table) != row["base_state"]:
                found.conflict = "the base changed it since the changes were proposed"
        else:
            found.fid = base
            self._update(found, blob, values, rows[base])
        return found

    def _update(
        self, found: _Outcome, blob: bytes | None, values: list[dict[str, Any]], now: Row
    ) -> None:  # fmt: skip
        row, geometry = found.row, self.table.geometry
        if row["action"] in DRAWN:
            if blob is None:
                found.conflict = "it has no geometry"
            elif now[geometry] != blob:
                if state_of_geometry(now, self.table) != row["base_state"]:
                    found.conflict = "the base moved it since the changes were proposed"
                found.before[geometry], found.after[geometry] = now[geometry], blob
        for value in values:
            self._value(found, value, now)
        if row["action"] in REGROUPED and found.after:
            self._forget_figures(found, now)
        drawn = "" if row["action"] in DRAWN or row["geometry"] is None else state_of_drawing(row["geometry"])
        if drawn and row["base_state"] not in ("", drawn):
            found.findings.append(_not_drawn(row))
        found.left = not values and row["action"] not in DRAWN and not found.findings
        found.already = not (found.left or found.conflict or found.after or found.findings)

    def _forget_figures(self, found: _Outcome, now: Row) -> None:
        """Empty the figures of a line that was cut or joined: they hold for what it was."""
        for name in self.table.figures.get(self.table.name, ()):
            if now.get(name) is not None:
                found.before[name], found.after[name] = now[name], None
        for holder, rows in self.beside.items():
            figures = {n: v for n, v in rows.get(found.fid or 0, {}).items() if v is not None}
            if figures:
                found.beside[holder] = figures

    def _value(self, found: _Outcome, value: Mapping[str, Any], now: Row) -> None:
        """Take a value over, or tell why not; one that does not go leaves the others."""
        column = value["column"]
        current = now.get(column)
        try:
            wanted = self._stored(found, value)
        except ValueError as error:
            self._unfit(found, column, error)
            return
        if wanted is None and column in self.table.demands.filled:
            found.findings.append(_conflict(found.row, f"{column} may not be empty in the base", ONE_VALUE))
            return
        if written(current) == written(wanted):
            return
        if written(current) != value["base_value"]:
            said = f"{column} was {value['base_value'] or 'empty'} when this was proposed and is"
            found.findings.append(_conflict(found.row, f"{said} {written(current) or 'empty'} now", ONE_VALUE))
            return
        found.before[column], found.after[column] = current, wanted

    def _unfit(self, found: _Outcome, column: str, error: ValueError) -> None:
        """A value that the column does not take is left out; with an identifier goes the feature."""
        if column == self.id_column:
            found.conflict = found.conflict or f"{column}: {error}"
        else:
            found.findings.append(_conflict(found.row, f"{column}: {error}", ONE_VALUE))

    def _stored(self, found: _Outcome, value: Mapping[str, Any]) -> Any:
        column, table = value["column"], self.table
        if column not in table.kinds:
            if value["type"] not in ("text", "float", "int", "bool"):
                raise ValueError("the base has no such column")
            found.columns[column] = value["type"]
        kind, width = table.kinds.get(column, value["type"]), table.widths.get(column, 0)
        return stored(value["new_value"], kind, width, table.decimals.get(column))

    def _insert(
        self, found: _Outcome, blob: bytes | None, values: list[dict[str, Any]], rows: Mapping[int, Row]
    ) -> None:  # fmt: skip
        row, geometry = found.row, self.table.geometry
        named = next((v["new_value"] for v in values if v["column"] == self.id_column), "")
        there = self.blobs.get(blob, []) if blob is not None else []
        parent = None if pd.isna(row["from_fid"]) else int(row["from_fid"])
        same = self.ids.get(named) if named else next(iter(there), None)
        if same is not None and same in there:
            found.already = True
            return
        if named and named in self.ids and not row["new_id"] and parent is None:  # gisheat's own: another will do
            self.numbers = self.numbers or free_numbers(self.ids, self.fids)
            named = next(name for name in self.numbers if name not in self.ids)
            values = [{**v, "new_value": named} if v["column"] == self.id_column else v for v in values]
        if named and named in self.ids:
            found.conflict = f"the identifier {named} is taken by another feature"
        elif blob is None:
            found.conflict = "it has no geometry"
        elif parent is not None and parent not in rows:
            found.conflict = "the base has the feature it was cut from no more"
        elif parent is not None and state_of_geometry(rows[parent], self.table) != row["base_state"]:
            found.conflict = "the base moved what it was cut from since the changes were proposed"
        if named:
            self.ids.setdefault(named, NOT_YET)
            found.row = {**row, "feature_id": named}
        line = {} if parent is None else rows.get(parent, {})
        found.after = {**dict.fromkeys(self.table.kinds), **inherited(line, self.table), geometry: blob}
        for value in values:
            try:
                found.after[value["column"]] = self._stored(found, value)
            except ValueError as error:
                self._unfit(found, value["column"], error)
        self._fill(found, line)

    def _fill(self, found: _Outcome, line: Row) -> None:
        """Values that a new row can't have of its line, gets by default, or lacks."""
        demands = self.table.demands
        given = {name for name, value in found.after.items() if value != line.get(name)}
        emptied, lacking = not_shared(line, given, demands)
        found.after |= dict.fromkeys(emptied)
        kept = {name for name, value in line.items() if value is None}
        default = {name for name in {*demands.defaults} - kept if found.after.get(name) is None}
        found.after = {n: v for n, v in found.after.items() if n not in default and n not in demands.generated}
        said = [*map(said_shared, lacking), *map(said_lacking, lacking_values(found.after, self.table))]
        found.conflict = found.conflict or next(iter(said), "")


def _named(value: Any) -> str | None:
    """An identifier as text: 7 and 7.0 are one."""
    return None if value is None else written(value)


def _by_group(outcomes: list[_Outcome]) -> list[_Outcome]:
    """A group goes together: one conflict leaves out all of it."""
    bad = {o.row["group_id"]: o.conflict for o in outcomes if o.row["group_id"] and o.conflict}
    waiting = {o.row["group_id"] for o in outcomes if not o.already}
    for outcome in outcomes:
        group = outcome.row["group_id"]
        if group in bad and group in waiting:
            outcome.conflict, outcome.already = outcome.conflict or bad[group], False
    return outcomes


def _planned(
    outcomes: list[_Outcome], left: list[str], findings: list[Finding], store: Store
) -> Plan:  # fmt: skip
    columns: dict[tuple[str, str], str] = {}
    edits: dict[tuple[str, Any], Edit] = {}
    applied, already, conflicts = [], [], []
    for number, outcome in enumerate(outcomes):
        row, name = outcome.row, outcome.row["change_id"]
        table = store.tables[row["layer"]].name
        if outcome.conflict:
            findings.append(_conflict(row, outcome.conflict))
            conflicts.append(name)
            continue
        findings += outcome.findings
        if outcome.findings and not outcome.after:
            conflicts.append(name)
        elif outcome.already:
            already.append(name)
        elif outcome.left:
            left.append(name)
        else:
            applied.append(name)
            columns |= {(table, column): kind for column, kind in outcome.columns.items()}
            _add(edits, table, outcome, number)
    added = [
        Edit(table, "add_column", None, "", None, {"column": column, "type": kind})
        for (table, column), kind in columns.items()
    ]  # fmt: skip
    wider = [_wider(edit, [c for t, c in columns if t == edit.table]) for edit in edits.values()]
    return Plan([*added, *wider], findings, applied, left, already, conflicts)


def _add(edits: dict[tuple[str, Any], Edit], table: str, outcome: _Outcome, number: int) -> None:
    """Add an edit to those made so far: one for each row of the base."""
    row = outcome.row
    if row["edit"] == INSERTED:
        edits[table, f"new {number}"] = Edit(table, "insert", None, row["feature_id"], None, outcome.after)
        return
    fid = outcome.fid
    if row["edit"] == DELETED:
        edits[table, fid] = Edit(table, "delete", fid, row["base_id"], outcome.before, None)
        return
    earlier = edits.get((table, fid))
    before, after = (earlier.before or {}, earlier.after or {}) if earlier else ({}, {})
    edits[table, fid] = Edit(
        table, "update", fid, row["base_id"], {**before, **outcome.before}, {**after, **outcome.after}
    )
    for holder, figures in outcome.beside.items():
        edits[holder, fid] = Edit(holder, "update", fid, row["base_id"], figures, dict.fromkeys(figures))


def _wider(edit: Edit, columns: list[str]) -> Edit:
    """An edit of a table to which columns are added: whole rows have them too."""
    if not columns or edit.action == "update":
        return edit
    empty = dict.fromkeys(columns)
    before = None if edit.before is None else {**empty, **edit.before}
    return replace(edit, before=before, after=None if edit.after is None else {**empty, **edit.after})


def _about(row: Mapping[Any, Any], rule: str, severity: Severity, message: str) -> Finding:
    """A finding on a row of the change set, at its place."""
    fid = None if pd.isna(row["base_fid"]) else int(row["base_fid"])
    return Finding(rule, severity, row["layer"], message, fid, point=_place(row["geometry"]))


def _conflict(row: Mapping[str, Any], why: str, left: str = "is left as it is") -> Finding:
    message = f"{row['feature_id'] or row['change_id']} ({row['action']}) {left}: {why}."
    return _about(row, "merge-conflict", "error", message)


def _not_drawn(row: Mapping[str, Any]) -> Finding:
    message = (
        f"{row['feature_id'] or row['change_id']} ({row['action']}) was drawn otherwise in the change set, and stays"
        " where it is: a change of values takes no geometry; draw it in CHANGES."
    )
    return _about(row, "geometry-not-taken", "warning", message)


def conflicts_of(changes: ChangeSet) -> list[Finding]:
    """Findings of what a change set leaves out because base and CHANGES contradict each other."""
    rows = changes.features[changes.features["conflict"] != ""].to_dict("records")
    told = {row["change_id"] for row in rows}
    by_id = changes.features.set_index("change_id")
    found = [_conflict(row, row["conflict"]) for row in rows if not row["approved"]]
    for value in changes.attributes[changes.attributes["conflict"] != ""].to_dict("records"):
        name = value["change_id"]
        if name not in told and not value["approved"] and name in by_id.index:
            found += [_conflict({**by_id.loc[name], "change_id": name}, value["conflict"], ONE_VALUE)]
    return found


def _place(geometry: Any) -> tuple[float, float] | None:
    if geometry is None or shapely.is_empty(geometry):
        return None
    point = geometry.representative_point()
    return float(point.x), float(point.y)


def run_id(*parts: object) -> str:
    """Hash of what a run was made of."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:16]
