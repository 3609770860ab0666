"""The proposed changes of one layer: rows of the base they concern, identifiers, values in its own units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.as_built.change_set import records, written
from gisheat.as_built.changes import DIMENSIONS, FOLLOWING, values_differ
from gisheat.as_built.demands import lacking_values, not_shared, said_lacking, said_shared
from gisheat.as_built.history import Row
from gisheat.as_built.naming import BY_ITSELF, KEY, WHOLE, Names
from gisheat.as_built.regrouping import Part, cut, groups_of, parts_of, stitched
from gisheat.as_built.states import state_of_drawing, state_of_geometry, state_of_row
from gisheat.as_built.stores import Store, StoredTable
from gisheat.as_built.three_way import GONE, Since, both_added, same_place
from gisheat.findings import Finding
from gisheat.layers.mapping import OwnColumn
from gisheat.schema import ID_COLUMN, columns

REGROUPED = ("split", "merged", "recut")
_LENGTH = "length_m"
MOST_NAMED = 5
"""Identifiers that a sentence names."""


@dataclass(frozen=True)
class Sides:
    """One layer on all sides."""

    layer: str
    table: StoredTable
    own: Mapping[str, OwnColumn]
    base: gpd.GeoDataFrame
    old: gpd.GeoDataFrame
    """What CHANGES was made from: the base, or its ancestor."""
    new: gpd.GeoDataFrame
    since: Since
    wanted: Mapping[str, str]
    """Columns whose values are taken over, of the contract or own, with their type."""
    tolerance: float
    keep_empty: bool
    keep_missing: bool


@dataclass
class Proposed:
    """Rows of a change set, being made."""

    sides: Sides
    rows: dict[int, Row]
    """Rows of the base that changes concern, as stored."""
    names: Names
    features: list[dict[str, Any]] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    already: int = 0
    """Changes that the base has as well."""

    @cached_property
    def occurs(self) -> Counter[str]:
        """How often each identifier occurs in CHANGES."""
        return Counter(self.sides.new[ID_COLUMN[self.sides.layer]].astype(str))

    def text(self, column: str, value: Any) -> str:
        """A value of the contract as the base writes it, in its own unit."""
        if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
            return ""
        own = self.sides.own.get(column, OwnColumn(column))
        if (own.factor, own.offset) != (1.0, 0.0) and isinstance(value, int | float | np.integer | np.floating):
            value = float(f"{(float(value) - own.offset) / own.factor:.12g}")
        if isinstance(value, pd.Timestamp):
            kind = self.sides.table.kinds.get(own.name)
            return str(value.date()) if kind == "date" else f"{value.isoformat(timespec='milliseconds')}Z"
        return written(value)

    def stored_text(self, fid: int | None, column: str) -> str:
        """What the base has in a column, as text."""
        name = self.sides.own.get(column, OwnColumn(column)).name
        return written(self.rows[fid].get(name)) if fid in self.rows else ""

    def row(self, fid: int | None) -> Row | None:
        """A row of the base."""
        return None if fid is None else self.rows.get(fid)

    def feature(self, change: str, action: str, edit: str, **more: Any) -> dict[str, Any]:
        """Add a row of a feature."""
        row: dict[str, Any] = {
            "change_id": f"{self.sides.layer}:{change}:{action}", "group_id": "", "approved": True, "conflict": "",
            "layer": self.sides.layer, "action": action, "edit": edit, "feature_id": "", "base_fid": None,
            "base_id": "", "new_id": "", "from_fid": None, "distance_m": np.nan, "confidence": np.nan,
            "matched_by": "", "detail": "", "base_state": "", "geometry": None, "from_new": False, **more,
        }  # fmt: skip
        if row["conflict"]:
            row["approved"] = False
        self.features.append(row)
        return row

    def value(
        self, row: Mapping[str, Any], column: str, text: str, *, conflict: str = "", empties: bool = False
    ) -> None:
        """Add a value of a feature, whether it is meant to be empty; feature ids are the base's own matter."""
        own = self.sides.own.get(column, OwnColumn(column)).name
        if own == self.sides.table.key:
            return
        fid = row["base_fid"] if row["base_fid"] is not None else row["from_fid"]
        now = self.stored_text(fid, column)
        emptied = text == "" and now != "" and self.sides.keep_empty and not empties
        self.attributes.append({
            "change_id": row["change_id"], "approved": not conflict and not emptied, "conflict": conflict,
            "layer": row["layer"], "feature_id": row["feature_id"], "base_fid": row["base_fid"], "column": own,
            "base_value": now, "new_value": text, "type": "" if own in self.sides.table.kinds
            else self.sides.wanted.get(column, "text"),
        })  # fmt: skip


def propose_layer(sides: Sides, store: Store, found: pd.DataFrame, attributes: pd.DataFrame) -> Proposed:
    """What is proposed to one layer.

    Parameters
    ----------
    found, attributes : DataFrame
        Changes of the layer from `sides.old` to `sides.new`, as `find_changes` tells them.
    """
    touched = {sides.since.fid.get(int(f)) for f in found["old_fid"].dropna()} - {None}
    id_column = ID_COLUMN[sides.layer]
    ids = sides.base.get(id_column, pd.Series(dtype=object)).dropna().map(written).str.strip()
    own = sides.own.get(id_column)
    by_itself = own is not None and sides.table.demands.makes(own.name)
    kind = "" if own is None else BY_ITSELF if by_itself else sides.table.kinds.get(own.name, "")
    kind = KEY if sides.table.key == id_column else kind
    names = Names(set(ids) - {""}, sides.base.index.tolist(), kind)
    made = Proposed(sides, store.rows(sides.table, sorted(f for f in touched if f is not None)), names)
    by_action = {str(name): part for name, part in found.groupby("action", sort=False)}
    regrouped = pd.concat([found.iloc[:0], *(by_action[a] for a in REGROUPED if a in by_action)])
    in_groups = {(int(a), int(b)) for a, b in regrouped[["old_fid", "new_fid"]].to_numpy()}
    changes = _values_by_pair(attributes)
    for pair in _in_order(by_action, ("moved",)):
        _propose_move(made, pair, changes)
    for action in ("redimensioned", "reattributed"):
        for pair in _in_order(by_action, (action,)):
            _propose_values(made, pair, action, changes)
    of = {(int(row["old_fid"]), int(row["new_fid"])): row for row in records(regrouped)}
    unlike = _unlike(sides, sorted(in_groups))
    for group in groups_of(sorted(in_groups)):
        _propose_group(made, group, of, unlike)
    _propose_removed(made, by_action.get("removed", found.iloc[:0]))
    _propose_added(made, by_action.get("added", found.iloc[:0]))
    return made


Changed = Mapping[tuple[int, int], tuple[str, ...]]


def _values_by_pair(attributes: pd.DataFrame) -> Changed:
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for old, new, column in attributes[["old_fid", "new_fid", "column"]].itertuples(index=False):
        found[int(old), int(new)] = (*found.get((int(old), int(new)), ()), column)
    return found


def _in_order(by_action: Mapping[str, pd.DataFrame], actions: Iterable[str]) -> list[dict[str, Any]]:
    return [row for a in actions if a in by_action for row in records(by_action[a])]


def _known(pair: Mapping[str, Any], made: Proposed) -> dict[str, Any]:
    """What a row of a pair says of it, and why the base has no row for it."""
    fid = made.sides.since.fid.get(int(pair["old_fid"]))
    why = "" if fid is not None else made.sides.since.why.get(int(pair["old_fid"]), GONE)
    named = "" if fid is None else _id_of(made.sides.base, made.sides.layer, fid)
    return {
        "base_fid": fid, "feature_id": named or pair["old_id"], "base_id": named, "new_id": pair["new_id"],
        "confidence": pair["confidence"], "matched_by": pair["matched_by"], "detail": pair["detail"], "conflict": why,
    }  # fmt: skip


def _id_of(table: pd.DataFrame, layer: str, fid: int) -> str:
    column = ID_COLUMN[layer]
    value = table[column].get(fid) if column in table else None
    return "" if pd.isna(value) else written(value).strip()


def _propose_move(made: Proposed, pair: Mapping[str, Any], changes: Changed) -> None:
    sides, known = made.sides, _known(pair, made)
    old, new = int(pair["old_fid"]), int(pair["new_fid"])
    geometry = sides.new.geometry[new]
    if old in sides.since.moved and not known["conflict"]:
        if same_place(sides.base.geometry[known["base_fid"]], geometry, sides.tolerance):
            made.already += 1
            return
        known["conflict"] = f"the base moved it too, by {sides.since.moved[old]:.2f} m"
    fid = known["base_fid"]
    row = made.feature(
        str(old if fid is None else fid), "moved", "update", **known, distance_m=pair["distance_m"], geometry=geometry,
        base_state=state_of_geometry(made.row(fid), sides.table), from_new=True,
    )  # fmt: skip
    if fid is None:
        return
    stated = sides.base.get(_LENGTH, pd.Series(dtype=float)).get(fid)
    if _LENGTH in sides.wanted and not pd.isna(sides.new[_LENGTH][new]):
        length = sides.new[_LENGTH][new]
        if _LENGTH not in changes.get((old, new), ()) and values_differ(np.array([stated]), np.array([length]))[0]:
            made.value(row, _LENGTH, made.text(_LENGTH, length))
    elif not pd.isna(stated):
        _propose_length(made, row, float(stated), geometry)


def _propose_length(made: Proposed, row: Mapping[str, Any], stated: float, geometry: Any) -> None:
    """A stated length of a line that moved goes with it where it was that of the line; else it stays, which is told."""
    sides, fid = made.sides, row["base_fid"]
    longer = float(shapely.length(geometry)) - float(shapely.length(sides.base.geometry[fid]))
    if abs(stated + longer - shapely.length(geometry)) <= 2.0 * sides.tolerance:
        made.value(row, _LENGTH, made.text(_LENGTH, round(stated + longer, 3)))
        return
    drawn = float(shapely.length(geometry))
    message = f"{row['feature_id'] or fid} moved; its stated length of {stated:g} m stays, {drawn:.1f} m are drawn now."
    made.findings.append(Finding("length-stated", "warning", sides.layer, message, fid, point=_point(geometry)))


def _propose_values(made: Proposed, pair: Mapping[str, Any], action: str, changes: Changed) -> None:
    sides, known = made.sides, _known(pair, made)
    old, new = int(pair["old_fid"]), int(pair["new_fid"])
    fid = known["base_fid"]
    geometry = sides.new.geometry[new]
    row = made.feature(
        str(old if fid is None else fid), action, "update", **known, geometry=geometry,
        base_state=state_of_drawing(geometry),
    )  # fmt: skip
    first = len(made.attributes)
    for column in changes.get((old, new), ()):
        if (column in DIMENSIONS) == (action == "redimensioned"):
            _propose_value(made, row, column, old, new)
    mine = made.attributes[first:]
    if not mine:  # the base has them all
        made.features.pop()
        made.already += 1
        return
    row["approved"] = not row["conflict"] and any(value["approved"] for value in mine)
    if all(value["conflict"] for value in mine):
        row["conflict"] = row["conflict"] or mine[0]["conflict"]


def _propose_value(made: Proposed, row: Mapping[str, Any], column: str, old: int, new: int) -> None:
    sides, fid = made.sides, row["base_fid"]
    text = made.text(column, sides.new[column][new])
    conflict = ""
    if fid is not None and column in sides.since.changed.get(old, ()):
        now, then, wanted = sides.base[column][fid], sides.old[column][old], sides.new[column][new]
        if not values_differ(_one(now), _one(wanted), columns(sides.layer).get(column))[0]:
            return
        conflict = f"{column} was {_shown(then)}, the base says {_shown(now)} now, CHANGES {_shown(wanted)}"
    made.value(row, column, text, conflict=conflict)


def _one(value: Any) -> Any:
    found = np.empty(1, object)
    found[0] = value
    return found


def _shown(value: Any) -> str:
    return "nothing" if pd.isna(value) else written(value) or "nothing"


# lines that were cut or joined -----------------------------------------------------------------------------


def _unlike(sides: Sides, pairs: list[tuple[int, int]]) -> Changed:
    """Columns that CHANGES takes over and says otherwise, of each pair; what follows from the drawing is left out."""
    found: dict[tuple[int, int], tuple[str, ...]] = dict.fromkeys(pairs, ())
    olds, news = [old for old, _ in pairs], [new for _, new in pairs]
    for column in sides.wanted:
        if column in (_LENGTH, "parent_id", ID_COLUMN[sides.layer]) or column in FOLLOWING:
            continue
        was, said = sides.old[column].loc[olds], sides.new[column].loc[news]
        for row in np.flatnonzero(values_differ(was, said, columns(sides.layer).get(column))).tolist():
            found[pairs[row]] = (*found[pairs[row]], column)
    return found


def _propose_group(
    made: Proposed, pairs: list[tuple[int, int]], of: Mapping[tuple[int, int], Mapping[str, Any]], unlike: Changed
) -> None:  # fmt: skip
    sides = made.sides
    olds, news = list(dict.fromkeys(a for a, _ in pairs)), list(dict.fromkeys(b for _, b in pairs))
    conflict = next((why for old in olds if (why := _stood(sides.since, old))), "")
    if conflict and len(both_added(sides.layer, sides.base.loc[list(sides.since.added)], sides.new.loc[news],
                                   sides.tolerance)[0]) == len(news):  # fmt: skip
        made.already += 1
        return
    action = of[pairs[0]]["action"]
    ids = {
        "old": {o: of[o, n]["old_id"] for o, n in pairs}, "new": {n: of[o, n]["new_id"] for o, n in pairs},
    }  # fmt: skip
    length = {n: float(shapely.length(sides.new.geometry[n])) for n in news}
    parts, gone = parts_of(pairs, ids, length)
    group = f"{sides.layer}:{min(olds)}:{action}:{len(parts) + len(gone)}"
    drawn = None if conflict else _from_base(made, action, olds, news)
    for part in parts:
        line = None if drawn is None else drawn[part.new]
        _propose_part(made, part, of, group, action, line, conflict, length, unlike)
    named = ids["new"][news[0]] or "?"
    for old in gone:
        fid = sides.since.fid.get(old)
        mine = "" if fid is None else _id_of(sides.base, sides.layer, fid)
        made.feature(
            str(old if fid is None else fid), f"{action}-gone", "delete", group_id=group, conflict=conflict,
            base_fid=fid, base_id=mine, feature_id=mine or ids["old"][old],
            detail=f"{ids['old'][old] or '?'} -> {named}",
            base_state=state_of_row(made.row(fid), sides.table), geometry=sides.old.geometry[old],
        )["action"] = action  # fmt: skip


def _stood(since: Since, old: int) -> str:
    """Why a feature of the ancestor can't be cut or joined in the base; empty where it can."""
    if old not in since.fid:
        return since.why.get(old, GONE)
    return f"the base moved it too, by {since.moved[old]:.2f} m" if old in since.moved else ""


def _from_base(made: Proposed, action: str, olds: list[int], news: list[int]) -> dict[int, Any] | None:
    """Geometries made of the base's own lines, by new feature; None where that is not possible."""
    sides = made.sides
    lines = [sides.base.geometry[sides.since.fid[old]] for old in olds]
    if action == "split":
        pieces = cut(lines[0], [sides.new.geometry[new] for new in news], sides.tolerance)
        return None if pieces is None else dict(zip(news, pieces, strict=True))
    if action == "merged":
        whole = stitched(lines, sides.new.geometry[news[0]], sides.tolerance)
        return None if whole is None else {news[0]: whole}
    return None


def _propose_part(
    made: Proposed, part: Part, of: Mapping[tuple[int, int], Mapping[str, Any]], group: str, action: str, drawn: Any,
    conflict: str, length: Mapping[int, float], unlike: Changed,
) -> None:  # fmt: skip
    sides = made.sides
    fid = sides.since.fid.get(part.old)
    parent = "" if fid is None else _id_of(sides.base, sides.layer, fid)
    pair = of[part.old, part.new]
    named = _part_id(made, part, parent, pair["new_id"], action)
    row = made.feature(
        f"{part.old if fid is None else fid}.{part.new}", action, "update" if part.takes_row else "insert",
        group_id=group, base_fid=fid if part.takes_row else None, from_fid=None if part.takes_row else fid,
        feature_id=named, base_id=parent, new_id=pair["new_id"], confidence=pair["confidence"],
        matched_by=pair["matched_by"], detail=pair["detail"], conflict=conflict,
        base_state=state_of_geometry(made.row(fid), sides.table),
        geometry=sides.new.geometry[part.new] if drawn is None else drawn, from_new=drawn is None,
    )  # fmt: skip
    if conflict:
        return
    first = len(made.attributes)
    if named != parent:
        made.value(row, ID_COLUMN[sides.layer], named, empties=True)
        if action != "merged" and parent and "parent_id" in sides.wanted:
            made.value(row, "parent_id", parent)
    for column in unlike[part.old, part.new]:
        _propose_value(made, row, column, part.old, part.new)
    _propose_part_length(made, row, part, length)
    _propose_unshared(made, row, first)


def _propose_unshared(made: Proposed, row: dict[str, Any], first: int) -> None:
    """A part leaves to its line's row what no two rows may have."""
    line = made.row(row["from_fid"])
    if line is None:
        return
    given = {value["column"] for value in made.attributes[first:]}
    emptied, lacking = not_shared(line, given, made.sides.table.demands)
    for column in emptied:
        made.value(row, column, "", empties=True)
    for column in lacking:
        made.value(row, column, "", conflict=said_shared(column))
        row["conflict"], row["approved"] = row["conflict"] or said_shared(column), False


def _propose_part_length(made: Proposed, row: Mapping[str, Any], part: Part, length: Mapping[int, float]) -> None:
    """The length of a part: that of CHANGES; a stated one that CHANGES does not say is shared out."""
    sides = made.sides
    fid = row["from_fid"] if row["base_fid"] is None else row["base_fid"]
    stated = sides.base.get(_LENGTH, pd.Series(dtype=float)).get(fid)
    said = sides.new[_LENGTH][part.new] if _LENGTH in sides.wanted else None
    if not pd.isna(said):
        if pd.isna(stated) or values_differ(_one(stated), _one(said))[0]:
            made.value(row, _LENGTH, made.text(_LENGTH, said))
    elif not pd.isna(stated):
        share = length[part.new] / float(shapely.length(sides.old.geometry[part.old]))
        made.value(row, _LENGTH, made.text(_LENGTH, round(float(stated) * share, 3)))


def _part_id(made: Proposed, part: Part, parent: str, own: str, action: str) -> str:
    """Identifier of a part: its own in CHANGES where that says which it is and is free, else X.1, X.2."""
    if made.names.kind == KEY:
        return parent if part.takes_row else ""
    fits = made.names.kind != WHOLE or own.isdecimal()
    alone = bool(own) and fits and made.occurs[own] == 1
    if alone and own == parent and part.takes_row:
        return own
    if alone and own not in made.names.taken:
        return made.names.free(own)
    kept = not parent or made.names.kind in (WHOLE, BY_ITSELF) or (action == "merged" and not own)
    if part.takes_row and kept:
        return parent
    return made.names.of_part(parent) if parent else made.names.free("")


# what has no partner ---------------------------------------------------------------------------------------


def _propose_removed(made: Proposed, found: pd.DataFrame) -> None:
    sides = made.sides
    for row in records(found):
        old = int(row["old_fid"])
        fid = sides.since.fid.get(old)
        if fid is None and sides.since.why.get(old, GONE) == GONE:
            made.already += 1
            continue
        conflict = _stood(sides.since, old)
        if not conflict and old in sides.since.changed:
            conflict = f"the base changed {', '.join(sides.since.changed[old])} of it"
        named = row["old_id"] if fid is None else _id_of(sides.base, sides.layer, fid)
        proposed = made.feature(
            str(old if fid is None else fid), "removed", "delete", conflict=conflict, base_fid=fid, feature_id=named,
            base_id=named, base_state=state_of_row(made.row(fid), sides.table), geometry=sides.old.geometry[old],
        )  # fmt: skip
        proposed["approved"] = proposed["approved"] and not sides.keep_missing


def _propose_added(made: Proposed, found: pd.DataFrame) -> None:
    sides = made.sides
    fids = [int(f) for f in found["new_fid"]]
    theirs = sides.base.loc[list(sides.since.added)]
    alike, otherwise = both_added(sides.layer, theirs, sides.new.loc[fids], sides.tolerance) if len(theirs) else (
        set(), {})  # fmt: skip
    made.already += len(alike)
    new_ids = dict(zip(fids, found["new_id"], strict=True))
    given: list[str] = []
    for fid in fids:
        if fid in alike:
            continue
        geometry = sides.new.geometry[fid]
        conflict = "" if geometry is not None else "it has no geometry"
        if fid in otherwise:
            there = _id_of(sides.base, sides.layer, otherwise[fid]) or otherwise[fid]
            conflict = f"the base added it too, as {there}, with other values or at another place"
        wanted = new_ids[fid]
        named = wanted if conflict else made.names.free(wanted)
        row = made.feature(
            f"new {fid}", "added", "insert", feature_id=named, new_id=wanted, geometry=geometry, conflict=conflict,
            confidence=1.0, from_new=True,
        )  # fmt: skip
        given += [named] if named and not wanted else []
        if named != wanted and wanted:
            message = f"{wanted} is {made.names.why_not(wanted)}; what CHANGES adds under this identifier becomes"
            message += f" {named or 'its next number'}."
            made.findings.append(Finding("id-changed", "warning", sides.layer, message, None, point=_point(geometry)))
        first = len(made.attributes)
        if named and (made.names.kind or ID_COLUMN[sides.layer] in sides.wanted):
            made.value(row, ID_COLUMN[sides.layer], named)
        for column in sides.wanted:
            if column not in FOLLOWING or column == "parent_id":
                _propose_given(made, row, column, fid)
        _propose_lacking(made, row, first)
    if given:
        named = ", ".join(given[:MOST_NAMED]) + (" ..." if len(given) > MOST_NAMED else "")
        message = f"{len(given)} {sides.layer} that CHANGES adds without an identifier get one: {named}."
        made.findings.append(Finding("id-given", "info", sides.layer, message))


def _propose_lacking(made: Proposed, row: dict[str, Any], first: int) -> None:
    """Columns of the base that may not be empty, and of which CHANGES says nothing."""
    given = {value["column"]: value["new_value"] or None for value in made.attributes[first:]}
    for column in lacking_values(given, made.sides.table):
        made.value(row, column, "", conflict=said_lacking(column))
        row["conflict"], row["approved"] = row["conflict"] or said_lacking(column), False


def _propose_given(made: Proposed, row: Mapping[str, Any], column: str, fid: int) -> None:
    if column == ID_COLUMN[made.sides.layer] or column not in made.sides.new:
        return
    text = made.text(column, made.sides.new[column][fid])
    if text:
        made.value(row, column, text)


def _point(geometry: Any) -> tuple[float, float] | None:
    if geometry is None or shapely.is_empty(geometry):
        return None
    place = geometry.representative_point()
    return float(place.x), float(place.y)
