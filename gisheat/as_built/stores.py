"""Where a base is kept: rows read as they are stored, edits and their history written in one transaction."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from numpy.typing import NDArray
from pyproj import CRS

from gisheat.as_built.history import Edit, Entry, Row, Run
from gisheat.errors import EditedError, InputError
from gisheat.schema import INPUT_LAYERS, WRITTEN, columns

Kind = Literal["text", "float", "single", "int", "bool", "date", "datetime", "blob", "any"]
Geometries = NDArray[Any]
_CONSTANT = re.compile(r"'(?:[^']|'')*'|::[\w ]+(?:\([\d, ]+\))?(?:\[\])?")
"""Texts, and types that follow a value, in an expression."""


@dataclass(frozen=True)
class Demands:
    """What a table asks of its rows; its key and its geometry are left out."""

    unique: tuple[tuple[str, ...], ...] = ()
    """Columns that no two rows may have the same values in."""
    filled: frozenset[str] = frozenset()
    """Columns that may not be empty."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Expressions of columns that get a value where a new row has none."""
    generated: frozenset[str] = frozenset()
    """Columns that are computed from others."""

    def may_stay_empty(self, column: str) -> bool:
        """Whether a new row may come without a value."""
        return column not in self.filled or column in self.defaults

    def makes(self, column: str) -> bool:
        """Whether the table makes each new row a value of its own: a number, an identifier."""
        return "(" in _CONSTANT.sub("", self.defaults.get(column, ""))


def of_defaults(defaults: Mapping[str, str]) -> dict[str, str]:
    """Those expressions of defaults by column that give a value.

    >>> of_defaults({"a": "NULL::character varying", "b": "''", "c": "nextval('c_seq'::regclass)", "d": ""})
    {'b': "''", 'c': "nextval('c_seq'::regclass)"}
    """
    return {
        name: text for name, text in defaults.items() if _CONSTANT.sub("", text).strip("() ").upper() != "NULL" and text
    }


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of the base that is a layer of the contract."""

    layer: str
    """Name of the contract."""
    name: str
    """Name in the store."""
    key: str
    """Column of the feature id."""
    kinds: Mapping[str, Kind]
    """Kind of each column in order, feature id and geometry left out."""
    widths: Mapping[str, int]
    """Most characters of texts, where it is stated."""
    geometry: str
    """Column of the geometry."""
    shape: str
    """Kind of geometry in capitals, as LINESTRING, MULTILINESTRING, GEOMETRY."""
    has_z: bool | None
    """Whether geometries have Z: True all, False none, None as it comes."""
    has_m: bool | None
    crs: CRS | None
    demands: Demands = Demands()
    figures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that hold figures of a result, by the table that has them: this one, or one behind a view."""
    decimals: Mapping[str, int] = field(default_factory=dict)
    """Decimals of numbers, where it is stated."""


class Store(Protocol):
    """A base. What it raises says in one sentence what is wrong; nothing is half done."""

    @property
    def place(self) -> Any:
        """Where it is."""

    @property
    def tables(self) -> Mapping[str, StoredTable]:
        """Tables by contract layer."""

    def rows(self, table: StoredTable, fids: Iterable[int]) -> dict[int, Row]:
        """Rows by feature id as they are stored, geometry as bytes; ids that are not there are left out."""

    def column(self, table: StoredTable, name: str) -> dict[int, Any]:
        """A column of all rows, by feature id."""

    def packed(self, table: StoredTable, geometries: Geometries) -> list[bytes | None]:
        """Geometries in the CRS of the table as the store keeps them."""

    def runs(self) -> dict[int, Run]:
        """Runs of the history by number."""

    def entries(self, after: int = 0) -> list[Entry]:
        """Entries of the history of runs with a larger number, in their order."""

    def apply(self, edits: Sequence[Edit], run: Run) -> None:
        """Make edits and tell the history, all in one transaction.

        Columns are added first and dropped last; rows are deleted, updated, inserted.

        Parameters
        ----------
        edits : sequence of Edit
            One at most for each row. Rows without feature id get the next one that was never used.
        run : Run
            Its number must be the one after the last.

        Raises
        ------
        InputError
            If the history has moved on, or the base can't be written.
        EditedError
            If a row is not what an edit says it is `before`.
        """


def check_number(place: object, runs: Mapping[int, Run], run: Run) -> None:
    """Raise where the history has moved on since a run read it.

    Raises
    ------
    InputError
        Which run came between.
    """
    last = max(runs, default=0)
    if last != run.number - 1:
        between = runs.get(last)
        said = "its history became shorter" if between is None else (
            f"{between.operation} {last} ({between.source}) came between at {between.time}"
        )  # fmt: skip
        raise InputError(f"{place} is not as it was read, {said}: nothing was changed; start again.")


def check_before(place: object, edit: Edit, now: Row | None, figures: Collection[str] = ()) -> None:
    """Raise where a row is not what it has to be before an edit.

    Parameters
    ----------
    figures : collection of str
        Columns that a write-back has written: they are nobody's edits.

    Raises
    ------
    EditedError
        Which feature it is.
    """
    edit, now = replace(edit, before=_without(edit.before, figures)), _without(now, figures)
    if edit.before is None:
        fits = now is None
    else:
        fits = now is not None and all(_is(now.get(name), value) for name, value in edit.before.items())
        fits = fits and (edit.action != "delete" or all(
            name in edit.before or value is None for name, value in (now or {}).items()
        ))  # fmt: skip
    if not fits:
        raise EditedError(
            f"{place}: the feature {edit.fid} ({edit.feature_id or 'without identifier'}) of {edit.table} was"
            " edited since: nothing was changed."
        )


def steps(edits: Iterable[Edit]) -> tuple[list[Edit], dict[str, list[Edit]], list[Edit]]:
    """Edits in the order in which they are made: columns that come, rows by table, columns that go."""
    come, by_table, go = list[Edit](), dict[str, list[Edit]](), list[Edit]()
    for edit in edits:
        if edit.action == "add_column":
            come.append(edit)
        elif edit.action == "drop_column":
            go.append(edit)
        else:
            by_table.setdefault(edit.table, []).append(edit)
    return come, by_table, go


def check_empty(place: object, edit: Edit, filled: int) -> None:
    """Raise where a column that is to go has been filled since.

    Raises
    ------
    EditedError
        Which column it is.
    """
    if filled:
        raise EditedError(
            f"{place}: the column {(edit.before or {})['column']} of {edit.table} would go, and holds values that came"
            " later: nothing was changed; empty it first."
        )


def refused(place: object, edit: Edit, rule: str) -> str:
    """What is said where a rule of the base's own refuses a row."""
    return (
        f"{place}: a rule of the database refuses the {edit.action} of {edit.feature_id or edit.fid} in {edit.table}"
        f" ({rule}): nothing was changed; leave that change out, or mend it."
    )


def check_made(place: object, edit: Edit, before: Row | None, after: Row | None) -> None:
    """Raise where a trigger has kept an edit from being made; what it has made of the row otherwise is its own matter.

    Raises
    ------
    InputError
        Which feature it is.
    """
    refuses = (after is None) != (edit.action == "delete")
    if edit.action == "update" and before is not None and after is not None:
        asked = [name for name, value in (edit.after or {}).items() if not _is(before.get(name), value)]
        refuses = bool(asked) and all(_is(after.get(name), before.get(name)) for name in asked)
    if refuses:
        raise InputError(
            f"{place}: a trigger of {edit.table} keeps the {edit.action} of {edit.feature_id or edit.fid} from being"
            " made: nothing was changed; leave that change out, or mend it."
        )


def as_done(place: object, edit: Edit, before: Row | None, after: Row | None) -> Edit:
    """An edit with what types and triggers of the table have made of its row.

    Raises
    ------
    InputError
        If a trigger has kept it from being made.
    """
    check_made(place, edit, before, after)
    if edit.action != "update" or before is None or after is None:
        return replace(edit, before=before, after=after)
    names = [name for name in after if name in (edit.after or {}) or not _is(after[name], before.get(name))]
    return replace(edit, before={n: before[n] for n in names}, after={n: after[n] for n in names})


def of_columns(edit: Edit, there: Collection[str]) -> Edit:
    """An edit without the columns that are gone: of a whole row all, else figures, which a write-back took away."""
    gone = {name for row in (edit.before, edit.after) if row is not None for name in row} - set(there)
    if edit.action == "update":
        gone = {name for name in gone if is_figure(name)}
    return replace(edit, before=_without(edit.before, gone), after=_without(edit.after, gone))


def of_tables(edits: Iterable[Edit], there: Collection[str]) -> list[Edit]:
    """Edits without those of tables of figures that are gone, as when a write-back was taken away."""
    return [
        edit for edit in edits
        if edit.table in there or not all(is_figure(name) for name in edit.after or edit.before or ())
    ]  # fmt: skip


def is_figure(column: str) -> bool:
    """Whether a column is called as one that some layer of a result has and no input."""
    known = [columns(layer).get(column) for layer in INPUT_LAYERS]
    return column.startswith(WRITTEN) or any(c is not None and not c.is_input for c in known)


def of_figures(edits: Sequence[Edit], now: Mapping[int, Row], figures: Collection[str]) -> list[Edit]:
    """Edits that bring back no figures of an earlier result where a write-back came after them.

    A row that is gone shows no write-back that came after, so one that comes back has no figures.

    Parameters
    ----------
    now : mapping
        Rows as they are.
    figures : collection of str
        Columns that a write-back has written.
    """
    mine = set(figures)
    newer = any(
        name in mine and not _is((now.get(edit.fid or 0) or {}).get(name), value)
        for edit in edits for name, value in (edit.before or {}).items()
    )  # fmt: skip
    found = []
    for edit in edits:
        if edit.action == "update" and edit.fid not in now and mine.issuperset(edit.after or ()):
            continue  # the figures of a feature that went together with it
        after = edit.after
        if after is not None and (newer or edit.action == "insert"):
            after = {name: None if name in mine else value for name, value in after.items()}
        found.append(replace(edit, after=after))
    return found


def _without(row: Row | None, columns: Collection[str]) -> Row | None:
    return None if row is None else {name: value for name, value in row.items() if name not in columns}


def _is(now: Any, wanted: Any) -> bool:
    return now == wanted and (now is None) == (wanted is None)
