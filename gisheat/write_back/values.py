"""Which columns are written, and their values for each feature of the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.project import did_you_mean
from gisheat.schema import Column, columns
from gisheat.write_back.bases import BaseLayer
from gisheat.write_back.joins import Joined
from gisheat.write_back.part_rules import AGREEING, combine, part_rules
from gisheat.write_back.solved import RESULT_OF, Solved

UNWRITTEN = ("source_layer", "source_fid", "parent_id", "from_node", "to_node", "repaired", "kind", "load_source")
"""Columns of a result about how it was made, some of which would tell gisheat that the base is a result."""
OTHER_SIDE = {"supply": "ret_", "return": "sup_"}
"""Columns that say nothing of a pipe that is drawn for one side alone, by its side."""


def writable_columns(layer: str) -> dict[str, Column]:
    """Columns of the result that a layer of the base may get."""
    known = columns(RESULT_OF.get(layer, layer))
    return {n: c for n, c in known.items() if (c.is_result or c.one_pipe == "out") and n not in UNWRITTEN}


def check_columns(wanted: Sequence[str], layers: Sequence[str]) -> None:
    """Raise InputError for a column that none of the layers may get."""
    known = tuple(dict.fromkeys(name for layer in layers for name in writable_columns(layer)))
    for name in wanted:
        if name not in known:
            raise InputError(
                f"columns: {name!r} is no result column of {', '.join(layers)}{did_you_mean(name, known)}."
            )


def chosen_columns(layer: str, solved: Solved, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Columns of the contract that a layer gets: the wanted ones, else all that are results alone and hold a value."""
    known = writable_columns(layer)
    if wanted:
        return tuple(name for name in known if name in wanted)
    table = solved.tables.get(RESULT_OF.get(layer, layer), pd.DataFrame())
    return tuple(n for n, c in known.items() if not c.is_input and n in table and table[n].notna().any())


def features_with_figures(joined: Joined, solved: Solved) -> NDArray[np.int64]:
    """Features of the base that the result says anything of; nothing of pipes outside the network."""
    table = solved.tables.get(RESULT_OF.get(joined.layer, joined.layer), pd.DataFrame())
    names = list(chosen_columns(joined.layer, solved))
    told = table[names].notna().any(axis=1).to_numpy(bool)[joined.row] if names else np.zeros(len(joined.row), bool)
    return np.unique(joined.feature[told])


def values_of(base: BaseLayer, joined: Joined, solved: Solved, names: Sequence[str]) -> dict[str, NDArray[np.object_]]:
    """Values for each feature of the base by column of the contract: None where the result has none for it."""
    target = RESULT_OF.get(base.layer, base.layer)
    rules, known, count = part_rules(target), columns(target), len(base)
    table = solved.tables.get(target, pd.DataFrame())
    found: dict[str, NDArray[np.object_]] = {}
    for name in names:
        if name not in table:
            found[name] = np.full(count, None, object)
            continue
        parts = table[name].iloc[joined.row].reset_index(drop=True)
        values = combine(parts, joined.feature, count, rules.get(name, AGREEING), joined.share, joined.sign)
        for side, beginning in OTHER_SIDE.items():
            if name.startswith(beginning):
                values[base.side == side] = None
        found[name] = stored(values, known[name].kind)
    return found


def stored(values: NDArray[np.object_], kind: str) -> NDArray[np.object_]:
    """Values as a store takes them, in the type of a column."""
    make: Mapping[str, Any] = {"float": float, "int": int, "bool": int, "text": str}
    of = make[kind]
    return np.array([None if v is None else of(v) for v in values.tolist()], object)
