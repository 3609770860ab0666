"""What the base asks of a row: values that no two rows share, values that a part can't have of its line."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from gisheat.as_built.history import Row
from gisheat.as_built.stores import Demands, StoredTable


def inherited(row: Row, table: StoredTable) -> dict[str, Any]:
    """What a part has of the row of its line: not the figures, which a result has for the whole line alone."""
    left = {*table.figures.get(table.name, ())}
    return {n: None if n in left else v for n, v in row.items() if n not in table.demands.generated}


def not_shared(line: Row, given: Collection[str], demands: Demands) -> tuple[list[str], list[str]]:
    """Columns in which a part can't have the value of its line, because no two rows may.

    Parameters
    ----------
    line : mapping
        Row of the line.
    given : collection of str
        Columns in which the part has a value of its own.

    Returns
    -------
    emptied, lacking : list of str
        Columns that stay empty in the part, and those that may not be empty.
    """
    emptied: list[str] = []
    lacking: list[str] = []
    for columns in demands.unique:
        own = any(name in given or name in emptied or name in demands.generated for name in columns)
        if own or any(line.get(name) is None for name in columns):
            continue
        free = [name for name in columns if demands.may_stay_empty(name)]
        (emptied if free else lacking).append((free or columns)[-1])
    return emptied, lacking


def lacking_values(row: Row, table: StoredTable) -> list[str]:
    """Columns that a new row has to have a value in and has none."""
    demands = table.demands
    return [
        n for n in table.kinds if row.get(n) is None and n not in demands.generated and not demands.may_stay_empty(n)
    ]


def said_lacking(column: str) -> str:
    """Why a new row is a conflict."""
    return f"{column} may not be empty in the base: give it a value in the change set"


def said_shared(column: str) -> str:
    """Why a part is a conflict."""
    return f"{column} is unique in the base and may not be empty: give this part a value of its own in the change set"


def doubled(
    stands: Mapping[int, tuple[Any, ...]],
    gone: Iterable[int],
    wanted: Sequence[tuple[Hashable, tuple[Any, ...]]],
) -> set[int]:
    """Positions in `wanted` of rows that would have the values of another one.

    Parameters
    ----------
    stands : mapping
        Values of the base by feature id.
    gone : iterable of int
        Feature ids of rows that are removed.
    wanted : sequence of (row, values)
        Rows that get these values, by feature id or, of new ones, any other name. Of several that want the same the
        first gets it. Values with None are shared by any number.
    """
    out: set[int] = set()
    removed = set(gone)
    while True:
        kept = {row: values for number, (row, values) in enumerate(wanted) if number not in out}
        owners: dict[tuple[Any, ...], list[Hashable]] = {}
        for row, values in [*((r, v) for r, v in stands.items() if r not in kept), *kept.items()]:
            if row not in removed and None not in values:
                owners.setdefault(values, []).append(row)
        late = set()
        for number, (row, values) in enumerate(wanted):
            if number not in out and len(there := owners.get(values, ())) > 1:
                first = next((other for other in there if other in kept), row)
                stays = any(other not in kept for other in there)
                late |= {number} if stays or row != first else set()
        if not late:
            return out
        out |= late
