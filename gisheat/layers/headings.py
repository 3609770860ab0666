"""Headings of tables: which row they are, which columns and units they name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from gisheat.schema import SUFFIX, Column, columns, input_columns, split_unit, unit_text, written_unit

MOST_ROWS_ABOVE = 30
"""Rows of titles that may stand above the headings."""
TOTALS = ("合计", "总计", "小计", "累计", "total", "sum", "totals", "subtotal", "grand total")
_BY_LENGTH = sorted(SUFFIX, key=len, reverse=True)
_TEN_THOUSANDS = "_1e4_m2"


def plain(name: str) -> str:
    """A name with which capitals, blanks, - and _ do not matter."""
    return re.sub(r"[\s_\-.]+", "_", name.strip().lower()).strip("_")


def known_columns(layer: str) -> dict[str, Column]:
    """Columns of a layer by every plain name that they may have: their own, their labels, their aliases."""
    found = {plain(name): column for name, column in columns(layer).items()}
    for column in columns(layer).values():
        for label in column.label.values():
            found.setdefault(plain(split_unit(label).name), column)
    for column in input_columns(layer).values():
        for alias in column.aliases:
            found.setdefault(plain(alias), column)
    return found


def heading_row(grid: Sequence[Sequence[str]], known: Collection[str]) -> int:
    """Row with the most known headings, at least two; of several the first; -1 without one."""
    counts = [
        len({name for cell in row if cell and (name := plain(split_unit(spelled(cell)).name)) in known})
        for row in grid[:MOST_ROWS_ABOVE]
    ]
    most = max(counts, default=0)
    return counts.index(most) if most >= 2 else -1


def spelled(heading: str, own: Collection[str] = ()) -> str:
    r"""A heading on one line, a contract suffix as unit in brackets: flow_t_h -> flow (t/h).

    >>> spelled("inner_diameter_m"), spelled("heated_area_1e4_m2"), spelled("流量\n(t/h)"), spelled("dn_mm", ["dn_mm"])
    ('inner_diameter (m)', 'heated_area (1e4m2)', '流量 (t/h)', 'dn_mm')
    """
    text = re.sub(r"\s+", " ", heading).strip()
    if text in own:
        return text
    if text.endswith(_TEN_THOUSANDS):
        return f"{text.removesuffix(_TEN_THOUSANDS)} (1e4m2)"
    suffix = next((s for s in _BY_LENGTH if text.endswith(s) and len(text) > len(s)), "")
    return f"{text.removesuffix(suffix)} ({unit_text(suffix)})" if suffix else text


def is_units_row(row: Sequence[str]) -> bool:
    """Tell whether a row below the headings holds units alone."""
    cells = [cell.strip("()（）[] ") for cell in row if cell]
    return bool(cells) and all(written_unit(cell) is not None for cell in cells)


def with_units(layer: str, row: Sequence[str], units: Sequence[str]) -> list[str]:
    """Headings with their units in brackets; labels of the contract by its names, none twice."""
    label = {
        plain(split_unit(text).name): c.name for c in columns(layer).values() for text in c.label.values()
    }  # fmt: skip
    found: list[str] = []
    for number, cell in enumerate(row):
        heading = spelled(cell, columns(layer))
        bare = split_unit(heading)
        unit = bare.unit or (units[number].strip("()（）[] ") if number < len(units) else "")
        name = label.get(plain(bare.name), bare.name) if unit or not _has_unit(bare.name, label) else bare.name
        text = f"{name} ({unit})" if unit else name
        while text and text in found:
            text += " again"
        found.append(text)
    return found


def _has_unit(heading: str, label: Mapping[str, str]) -> bool:
    """Tell whether a label is that of a column with a unit, which a heading without one does not say."""
    return bool(unit_text(label.get(plain(heading), "")))
