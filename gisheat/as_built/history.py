"""The history of a base: every row that a merge or an undo changed, before and after, from which earlier states follow.

A run has a number, from 1. State 0 is the base before the first run; state n is what run n left. An undo is a run like
others; `Run.state` says which earlier state it brought back, so what it undid counts no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gisheat.errors import InputError

Row = Mapping[str, Any]
"""Column -> value as the store keeps it: None, bool, int, float, str, or bytes (geometry among them)."""
Action = Literal["insert", "update", "delete", "add_column", "drop_column"]
HISTORY = "history"
"""Name of the table."""
HISTORY_COLUMNS = (
    "number", "time", "operation", "source", "run", "state", "layer", "row_fid", "feature_id", "action", "before",
    "after",
)  # fmt: skip
"""Columns of the table beside its key fid; number, state and row_fid are whole numbers, the others text."""
_INVERSE: Mapping[Action, Action] = {
    "insert": "delete", "delete": "insert", "update": "update", "add_column": "drop_column",
    "drop_column": "add_column",
}  # fmt: skip
_BYTES = "hex"


@dataclass(frozen=True, slots=True)
class Edit:
    """What happens to one row of the base: `before` is what has to be there, `after` what will be.

    An insert has all its columns in `after`, a delete all in `before`, an update those that change. A column that is
    added or dropped has {"column": name, "type": text, float, int or bool}.
    """

    table: str
    action: Action
    fid: int | None
    """Feature id; None for a row whose id the store chooses, and for columns."""
    feature_id: str
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Run:
    """A merge or an undo, as the history tells it."""

    number: int
    operation: str
    source: str
    """What was merged; or to which state was gone back."""
    run: str
    """Hash of what the run was made of: versions, inputs, options."""
    time: str
    state: int
    """Number of the state that the base is in afterwards: the run's own, for an undo that of the state brought back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the history."""

    run: Run
    edit: Edit


def row_text(row: Row | None) -> str | None:
    """A row as JSON: numbers as they are, to the last digit, bytes as {"hex": ...}.

    >>> row_text({"dn_mm": 0.1, "geom": b"GP"})
    '{"dn_mm": 0.1, "geom": {"hex": "4750"}}'
    """
    if row is None:
        return None
    plain = {name: {_BYTES: value.hex()} if isinstance(value, bytes) else value for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False)


def row_of(text: str | None) -> Row | None:
    """The row that `row_text` wrote."""
    if text is None:
        return None
    return {
        name: bytes.fromhex(value[_BYTES]) if isinstance(value, dict) else value
        for name, value in json.loads(text).items()
    }


def entry_values(entry: Entry) -> tuple[Any, ...]:
    """Values of a row of the history, in the order of HISTORY_COLUMNS."""
    run, edit = entry.run, entry.edit
    return (
        run.number, run.time, run.operation, run.source, run.run, run.state, edit.table, edit.fid, edit.feature_id,
        edit.action, row_text(edit.before), row_text(edit.after),
    )  # fmt: skip


def entry_of(values: Sequence[Any]) -> Entry:
    """The entry that `entry_values` gave."""
    number, time, operation, source, run, state, table, fid, feature_id, action, before, after = values
    return Entry(
        Run(int(number), operation, source, run, time, int(state)),
        Edit(table, action, None if fid is None else int(fid), feature_id, row_of(before), row_of(after)),
    )


def state_after(number: int, runs: Mapping[int, Run]) -> int:
    """Number of the state that the base is in after a run: its own, or the one that an undo brought back."""
    return runs[number].state if number else 0


def to_undo(runs: Mapping[int, Run]) -> int:
    """Number of the state before the last merge that is not undone yet.

    Raises
    ------
    InputError
        If there is none.
    """
    now = state_after(max(runs, default=0), runs)
    if not now:
        raise InputError("there is nothing to undo: the history holds no merge that is not undone.")
    return state_after(now - 1, runs)


def edits_back(entries: Iterable[Entry], to: int) -> list[Edit]:
    """Edits that bring back the state of a number: one for each row.

    Raises
    ------
    InputError
        If there is no such state, or the base is in it.
    """
    listed = list(entries)
    runs = {entry.run.number: entry.run for entry in listed}
    last = max(runs, default=0)
    if not 0 <= to <= last:
        raise InputError(f"the history has no state {to}: choose one from 0 (before the first merge) to {last}.")
    now, wanted = state_after(last, runs), state_after(to, runs)
    if now == wanted:
        raise InputError(f"the base is in the state {to} already.")
    newest = now if wanted < now else last  # what the base is now is what run `now` left
    return net(inverse(e.edit) for e in reversed(listed) if wanted < e.run.number <= newest)


def inverse(edit: Edit) -> Edit:
    """The edit that takes another back."""
    return replace(edit, action=_INVERSE[edit.action], before=edit.after, after=edit.before)


def net(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in their order made one for each row, those that take each other back left out."""
    found: dict[tuple[Any, ...], Edit | None] = {}
    for edit in edits:
        column = (edit.before or edit.after or {}).get("column") if edit.action.endswith("column") else None
        key = (edit.table, edit.fid, column)
        earlier = found.get(key)
        found[key] = edit if earlier is None else _together(earlier, edit)
    return [edit for edit in found.values() if edit is not None]


def _together(first: Edit, then: Edit) -> Edit | None:
    """Two edits of a row, one after the other, as one; None where nothing is left of them."""
    before, after = first.before, then.after
    if first.action == "update":
        before = {**(then.before or {}), **(before or {})}
    if then.action == "update":
        after = {**(first.after or {}), **(after or {})}
    if before is None and after is None:
        return None
    if before is not None and after is not None:
        changed = [c for c in after if not _same(before.get(c), after[c])]
        # a column that came or went in between was empty
        before, after = {c: before.get(c) for c in changed}, {c: after[c] for c in changed}
        return replace(then, action="update", before=before, after=after) if changed else None
    return replace(then, action="insert" if before is None else "delete", before=before, after=after)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
