"""The strip of figures under a pressure diagram: what stands at the nodes, and what at the pipes between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from gisheat.picture.diagram_sheet import TEXT_GAP_MM, Sheet, Text, size_of
from gisheat.picture.fonts import font, shorten

if TYPE_CHECKING:
    import pandas as pd

SIZE_PT, LABEL_PT = 7.0, 7.5
ROW_MM = 6.2
LONGEST_NAME_MM = 24.0
NODE_ROWS = (
    ("distance", "distance_m"), ("ground_row", "ground_m"), ("supply_row", "sup_head_m"), ("return_row", "ret_head_m"),
    ("available_row", "available_head_m"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row: its word, the texts with the places they stand at or between [mm], its height [mm]."""

    key: str
    texts: tuple[tuple[float, float, str, bool], ...]
    """Left and right of the room that each text has, the text, and whether it is turned."""
    height: float


def lay_strip(
    sheet: Sheet, table: pd.DataFrame, place: np.ndarray, sizes: Sequence[str], top: float, left: float, right: float
) -> float:
    """Lay the strip out from `top` down, and return its foot [mm].

    Parameters
    ----------
    table : DataFrame
        What `lines_table` makes.
    place : array, shape (nodes,)
        Where the nodes stand across the sheet [mm].
    sizes : sequence of str
        Size of the pipe that leads to each node; empty for the first and for valves.
    left, right : float
        Ends of the rules [mm]; the words stand to the left of the first node.
    """
    rows = [*node_rows(sheet, table, place), *_pipe_rows(sheet, table, place, sizes)]
    y = top
    for row in rows:
        sheet.line("strip", [(left, y), (right, y)])
        middle = y - row.height / 2
        sheet.write(Text("strip", left + 1.5, middle, sheet.words[row.key], LABEL_PT, across="left"))
        for start, end, text, turned in row.texts:
            sheet.write(Text("strip", (start + end) / 2, middle, text, SIZE_PT, turned), needed=False)
        if row.key in ("size", "length", "friction"):
            bounds = sorted({x for start, end, *_ in row.texts for x in (start, end)})
            for x in bounds:
                sheet.line("strip", [(x, y), (x, y - row.height)])
        y -= row.height
    sheet.line("strip", [(left, y), (right, y)])
    return y


def node_rows(sheet: Sheet, table: pd.DataFrame, place: np.ndarray) -> list[Row]:
    """Rows of what stands at the nodes: turned where more of them have room then; as many as have room."""
    names = [_name(sheet, str(name), k) for k, name in enumerate(table["node_id"])]
    values: dict[str, list[str]] = {"node": names}
    values |= {key: [_figure(value) for value in table[column]] for key, column in NODE_ROWS}
    widths = np.array([[_width(sheet, text) for text in texts] for texts in values.values()])
    height = size_of(Text("strip", 0, 0, "0", SIZE_PT), sheet.face)[1] + TEXT_GAP_MM
    turned = with_room(place, height + 0.05)
    flat = with_room(place, float(widths.max()) + 2 * TEXT_GAP_MM)
    level = len(flat) >= len(turned)
    shown_nodes = flat if level else turned
    return [
        Row(
            key, tuple((place[i], place[i], texts[i], not level) for i in shown_nodes),
            ROW_MM if level else max(ROW_MM, float(own[shown_nodes].max()) + 2.4),
        )
        for (key, texts), own in zip(values.items(), widths, strict=True)
    ]  # fmt: skip


def _name(sheet: Sheet, name: str, position: int) -> str:
    """Name of a node as it can be shown, its position where no font shows it."""
    return shorten(sheet.shown(name, f"({position + 1})"), font(sheet.face, SIZE_PT), LONGEST_NAME_MM)


def _figure(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.1f}"


def _width(sheet: Sheet, text: str) -> float:
    return size_of(Text("strip", 0, 0, text, SIZE_PT), sheet.face)[0] if text else 0.0


def with_room(place: np.ndarray, gap: float) -> list[int]:
    """Nodes no nearer to each other than a gap [mm], the first and the last among them."""
    chosen = [0]
    for i in range(1, len(place) - 1):
        if place[i] - place[chosen[-1]] >= gap and place[-1] - place[i] >= gap:
            chosen.append(i)
    last = len(place) - 1
    if last > 0 and place[last] - place[chosen[-1]] < gap:
        chosen[-1:] = []
    return [*chosen, last] if last > 0 else chosen


def _pipe_rows(sheet: Sheet, table: pd.DataFrame, place: np.ndarray, sizes: Sequence[str]) -> list[Row]:
    """Rows of what stands between the nodes; equal sizes one after the other are written once."""
    piped = [i for i in range(1, len(place)) if table["pipe_id"].iloc[i] != ""]
    same = [
        list(group) for _, group in groupby(piped, key=lambda i: sizes[i])
    ]  # a valve between two pipes has no length: the spans still touch
    spans = [(place[group[0] - 1], place[group[-1]], sizes[group[0]]) for group in same]
    found: Mapping[str, list[tuple[float, float, str]]] = {
        "size": spans,
        "length": [(place[i - 1], place[i], f"{table['length_m'].iloc[i]:.0f}") for i in piped],
        "friction": [(place[i - 1], place[i], _rounded(table["sup_friction_pa_m"].iloc[i])) for i in piped],
    }
    return [_pipe_row(sheet, key, texts) for key, texts in found.items()]


def _rounded(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"


def _pipe_row(sheet: Sheet, key: str, texts: list[tuple[float, float, str]]) -> Row:
    """A row whose texts are turned where they are wider than their pipe, and left out where that has no room."""
    height = size_of(Text("strip", 0, 0, "0", SIZE_PT), sheet.face)[1] + TEXT_GAP_MM
    placed, highest = [], 0.0
    for start, end, text in texts:
        width = _width(sheet, text)
        turned = end - start < width + 2 * TEXT_GAP_MM
        has_room = end - start >= height or not turned
        highest = max(highest, width) if turned and has_room else highest
        placed.append((start, end, text if has_room else "", turned))
    return Row(key, tuple(placed), max(ROW_MM, highest + 2.4))
