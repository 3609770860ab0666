"""Diameters that are written beside lines of a drawing, as DN200 or D219x6."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding
from gisheat.layers.cad.entities import Label
from gisheat.layers.cad.names import said_of_pipe

NEAR = 3.0
"""Heights of a text that it may stand from its line."""
SIZES = ("dn_mm", "outer_diameter_mm", "wall_mm")


def sizes_beside(
    layer: str, table: pd.DataFrame, lines: NDArray[np.object_], labels: Sequence[Label], length: float
) -> tuple[list[str], list[Finding]]:
    """Give lines without a size that which is written beside them; `table` gets it in place.

    A text belongs to the nearest line within three times its height. Where texts beside one line disagree, none is
    taken, and a finding says so.

    Parameters
    ----------
    length : float
        Unit of the drawing [m].
    """
    said = [(label, {k: v for k, v in said_of_pipe(label.text).items() if k in SIZES}) for label in labels]
    sized = [(label, values) for label, values in said if values]
    if any(name in table for name in SIZES) or not sized or not len(lines):
        return [], []
    places = shapely.points([np.array(label.place) * length for label, _ in sized])
    reach = np.array([NEAR * label.height * length for label, _ in sized])
    (text, line), apart = shapely.STRtree(lines).query_nearest(places, all_matches=False, return_distance=True)
    beside: dict[int, list[int]] = {}
    for t, row in zip(text[apart <= reach[text]].tolist(), line[apart <= reach[text]].tolist(), strict=True):
        beside.setdefault(row, []).append(t)
    findings, taken = [], 0
    found = {name: np.full(len(table), np.nan) for name in SIZES}
    for row, texts in sorted(beside.items()):
        values = sized[texts[0]][1]
        if any(sized[t][1] != values for t in texts):
            written = ", ".join(dict.fromkeys(sized[t][0].text for t in texts))
            x, y = sized[texts[0]][0].place
            message = f"Texts beside the line disagree ({written}); none was taken for its size."
            findings.append(
                Finding(
                    "label-doubtful", "warning", layer, message, int(table.index[row]), point=(x * length, y * length)
                )
            )
            continue
        taken += 1
        for name, value in values.items():
            found[name][row] = value
    for name, column in found.items():
        if np.isfinite(column).any():
            table[name] = column
    return [f"{layer}: the size of {taken} line(s) is that of a text beside them"] if taken else [], findings
