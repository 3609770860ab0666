"""Versions of the schema: what has another name now than in results and project files of before, as data.

`data/versions.csv` has a row for each such change. A result names its version in its run record (`schema version`), a
project file may (`schema = 2`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from gisheat.errors import InputError
from gisheat.schema import SCHEMA_VERSION

Kind = Literal["column", "option", "layer", "rule"]
FIRST = 1
"""Version of what does not say it."""


class Change(NamedTuple):
    """One name that a version of the schema did away with."""

    schema: int
    """Version from which on it is so."""
    kind: Kind
    layer: str
    """Of a column; else empty."""
    old: str
    new: str
    """Empty where nothing took its place."""
    note: str
    """What that means for what was written before, as the end of a sentence."""


@cache
def all_changes() -> tuple[Change, ...]:
    """Rows of `data/versions.csv`, the oldest first."""
    text = (files("gisheat") / "data" / "versions.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    found = (Change(int(r["schema"]), r["kind"], r["layer"], r["old"], r["new"], r["note"]) for r in rows)  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda change: change.schema))


def changes_since(schema: int) -> tuple[Change, ...]:
    """What has changed since a version."""
    return tuple(change for change in all_changes() if change.schema > schema)


def schema_of(stated: object, where: str, writer: str = "") -> int:
    """Version that a result or a project file states, 1 where it states none.

    Parameters
    ----------
    stated : object
        As it stands there.
    where : str
        What sentences call the result or the project file.
    writer : str
        Version of gisheat that wrote it, where that is known.

    Raises
    ------
    InputError
        If it is no version, or one that is newer than what this gisheat knows.
    """
    if stated in (None, ""):
        return FIRST
    text = str(stated)
    if isinstance(stated, bool) or not text.isdecimal() or int(text) < FIRST:
        raise InputError(f"{where}: the version of its schema is {text[:20]!r}; a whole number is needed.")
    if int(text) > SCHEMA_VERSION:
        by = f" by gisheat {writer}" if writer else ""
        raise InputError(
            f"{where} was written{by} with schema {int(text)}, and this gisheat reads up to schema {SCHEMA_VERSION}:"
            " update gisheat (pip install --upgrade gisheat)."
        )
    return int(text)


def schema_of_record(record: Mapping[str, str], where: str) -> int:
    """Version of a run record (`geopackage.run_record`); the newest for what has none, which no version wrote."""
    if not record:
        return SCHEMA_VERSION
    return schema_of(record.get("schema version"), where, record.get("gisheat version", ""))


class Renamed(NamedTuple):
    """Things under the names that they have now, and what was read as what."""

    values: dict[str, Any]
    notes: tuple[str, ...]


def renamed(kind: Kind, values: Mapping[str, Any], schema: int, *, layer: str = "") -> Renamed:
    """Options, layers or columns by name, old names replaced; what is also there under its new name stays that.

    An option that nothing took the place of is left out.
    """
    found, notes = dict(values), []
    for change in changes_since(schema):
        if change.kind != kind or change.layer != layer or change.old not in found:
            continue
        value = found.pop(change.old)
        if change.new:
            found.setdefault(change.new, value)
        what = f"{kind} {layer}.{change.old}" if layer else f"{kind} {change.old}"
        outcome = f"read as {change.new}" if change.new else "no longer there"
        notes.append(f"{what}: {outcome}{'; ' if change.note else ''}{change.note}")
    return Renamed(found, tuple(notes))


def columns_read_as(layer: str, own: Iterable[str], schema: int) -> dict[str, str]:
    """Today's name -> own name of the columns of a layer of an earlier version; for the mapping of columns."""
    names = renamed("column", {name: name for name in own}, schema, layer=layer).values
    return {now: own_name for now, own_name in names.items() if now != own_name}


def meaning_of_rules(found: Iterable[str], schema: int) -> tuple[str, ...]:
    """What findings of rules that are no longer there mean for a result of an earlier version."""
    there = set(found)
    return tuple(c.note for c in changes_since(schema) if c.kind == "rule" and c.old in there and c.note)


def read_as(record: Mapping[str, str], schema: int, said: Iterable[str]) -> str:
    """A sentence on a result of an earlier version."""
    writer, what = record.get("gisheat version", "?"), "; ".join(said) or "all names are those of today"
    return f"written by gisheat {writer}, schema {schema}, read as schema {SCHEMA_VERSION}: {what}"
