"""What is written to a layer of the base, in which columns, and how it is taken away again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gisheat.findings import Finding
from gisheat.schema import WRITTEN, columns
from gisheat.styles import StyleRow
from gisheat.write_back.looks import looks
from gisheat.write_back.solved import RESULT_OF
from gisheat.write_back.stores import Store, StoredTable, Written


@dataclass(frozen=True)
class Job:
    """What is to be written to one table: values by column of the contract, for the features with these keys."""

    layer: str
    table: str
    keys: Sequence[int]
    values: Mapping[str, NDArray[np.object_]]
    form: str
    result: str
    states: str
    content: str
    language: str = "en"


@dataclass(frozen=True)
class Outcome:
    """What has been written to one table."""

    written: tuple[Written, ...]
    styles: tuple[StyleRow, ...]
    findings: tuple[Finding, ...]
    shown_as: str
    """Layer to open: the utility's own, or the view."""
    gone: tuple[str, ...] = ()
    """Views of earlier write-backs."""


def known_states(store: Store, table: str, state: str) -> tuple[frozenset[str], str]:
    """Hashes of the files in which the content of a table was as it is now, and the hash of that content.

    What write-backs have added is not counted: it changed the file, but nothing that a result comes from.
    """
    earlier = [row for row in store.written() if row.table == table]
    content = store.content(table, [row.column for row in earlier if row.holder == table])
    known = {s for row in earlier if row.content == content for s in row.states.split()}
    return frozenset({state, *known} - {""}), content


def remove_written(store: Store, tables: Iterable[str]) -> dict[str, int]:
    """Take away what write-backs have written to tables; how many columns of each."""
    chosen = set(tables)
    gone = [row for row in store.written() if row.table in chosen]
    for table in dict.fromkeys(row.table for row in gone):
        mine = [row for row in gone if row.table == table]
        _drop_views(store, mine)
        columns_ = [row.column for row in mine if row.holder == table]
        if columns_:
            store.set_columns(store.describe(table), columns_, {}, {}, ())
    store.set_styles(sorted({name for row in gone for name in (row.table, row.view) if name}), ())
    store.remember([row for row in store.written() if row.table not in chosen])
    return {table: sum(row.table == table for row in gone) for table in dict.fromkeys(row.table for row in gone)}


def _drop_views(store: Store, rows: Iterable[Written]) -> None:
    for holder, view in dict.fromkeys((row.holder, row.view) for row in rows if row.view):
        store.drop_view(holder, view)


def write_job(store: Store, job: Job) -> Outcome:
    """Write the columns of one table, in place of those that an earlier write-back has written."""
    earlier = [row for row in store.written() if row.table == job.table]
    gone_views = dict.fromkeys(row.view for row in earlier if row.view)
    _drop_views(store, earlier)
    mine = {row.column: row for row in earlier if row.holder == job.table}
    described = store.describe(job.table)
    own = [name for name in described.columns if name not in mine]
    names, findings = _names(job, described, own, mine)
    kinds = {names[column]: columns(RESULT_OF.get(job.layer, job.layer))[column].kind for column in job.values}
    values = {names[column]: job.values[column].tolist() for column in job.values}
    if job.form == "columns":
        gone, new = [n for n in mine if n not in kinds], {n: k for n, k in kinds.items() if n not in mine}
        store.set_columns(described, gone, new, values, job.keys)
        holder, view = job.table, ""
    else:
        if mine:
            store.set_columns(described, list(mine), {}, {}, ())
        taken = store.names()
        holder, view = (free_name(f"{job.table}_{end}", taken) for end in ("results", "with_results"))
        store.make_view(described, holder, view, kinds, values, job.keys)
    rows = tuple(
        Written(job.layer, job.table, holder, view, names[c], c, job.result, job.states, job.content)
        for c in job.values
    )  # fmt: skip
    shown = replace(described, name=view or job.table, columns=(*own, *kinds))
    return Outcome(
        rows, looks(job.layer, shown, names, job.values, job.language), findings, shown.name, tuple(gone_views)
    )


def _names(
    job: Job, table: StoredTable, own: Sequence[str], mine: Mapping[str, Written]
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Name of each column: the contract's where it is free and is no input, else with gisheat_ before it."""
    taken = {name.lower() for name in (table.key, table.geometry_column, *own)}
    known = columns(job.layer)
    earlier = {row.contract_column: name for name, row in mine.items()}
    names: dict[str, str] = {}
    clashing = []
    for column in job.values:
        ours = column in known and not known[column].is_input  # else the next run would take it for an input
        clashing += [column] if ours and column.lower() in taken else []
        wanted = column if ours and column.lower() not in taken else f"{WRITTEN}{column}"
        names[column] = earlier.get(column) or free_name(wanted, taken)
        taken.add(names[column].lower())
    listed = ", ".join(f"{column} as {names[column]}" for column in clashing)
    message = f"{job.table} has columns of its own of these names, which stay as they are; written are {listed}."
    return names, (Finding("column-taken", "info", job.layer, message),) if clashing else ()


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The name, with a number after it while it is taken in whatever case.

    >>> free_name("pipes_results", {"Pipes_Results", "pipes_results_2"})
    'pipes_results_3'
    """
    small = {name.lower() for name in taken}
    tried, number = wanted, 1
    while tried.lower() in small:
        number += 1
        tried = f"{wanted}_{number}"
    return tried
