"""Named styles of what was written back, for the columns under the names that they have in the utility's layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gisheat.schema import GEOMETRY, Language, labels
from gisheat.styles import STYLES, LayerInfo, StyleRow, style_rows
from gisheat.styles.model import Context, Facts, Shape
from gisheat.write_back.stores import StoredTable

BEFORE = "gisheat: "
"""What the names of the styles begin with."""
SHAPES: dict[str, Shape] = {"line": "Line", "point": "Point", "polygon": "Polygon", "none": "Table"}


def looks(
    layer: str, table: StoredTable, names: Mapping[str, str], values: Mapping[str, NDArray[np.object_]], language: str
) -> tuple[StyleRow, ...]:
    """Styles of the columns that were written, the first of them as default where the layer has no style yet.

    Parameters
    ----------
    layer : str
        Layer of the contract.
    table : StoredTable
        Layer as it is shown: with the columns that were written.
    names, values : mapping
        Name in the table, and values, by column of the contract.
    """
    styled = [s for s in STYLES if s.layer == layer and s.column in values]
    shown = [s for s in styled if any(value is not None for value in values[s.column])]
    if not shown:  # those that only say what is there, as of sources
        shown = [s for s in STYLES if s.layer == layer and s.default and s.column in table.columns]
    if not shown:
        return ()
    facts = Facts(
        ranges={
            (layer, names[s.column]): _range(values[s.column]) for s in styled if s in shown and s.kind == "pretty"
        },
        values={
            (layer, names[s.column]): _texts(values[s.column]) for s in styled if s in shown and s.kind == "values"
        },
    )
    info = LayerInfo(SHAPES[GEOMETRY[layer]], table.columns, table.geometry_column, table.key)
    words = labels(cast("Language", language)).get(layer, {})
    aliases = {**words, **{names[c]: words[c] for c in values if c in words}}
    context = Context(layer, info, facts, cast("Language", language), aliases)
    styles = tuple(replace(style, column=names.get(style.column, style.column)) for style in shown)
    ordered = sorted(styles, key=lambda style: not style.default)
    rows = style_rows({table.name: context}, {table.name: ordered})
    return tuple(row._replace(name=f"{BEFORE}{row.name}") for row in rows)


def _range(values: NDArray[np.object_]) -> tuple[float, float]:
    numbers = [v for v in values.tolist() if v is not None]
    return float(min(numbers)), float(max(numbers))


def _texts(values: NDArray[np.object_]) -> tuple[str, ...]:
    return tuple(sorted({v for v in values.tolist() if isinstance(v, str) and v}))[:30]
