"""Reading a printed hydraulic table: CSV or workbook, headings in Chinese or English, units in the headings."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.grids import WORKBOOKS, Grid, as_texts, read_grid
from gisheat.layers.headings import TOTALS, heading_row, is_units_row, known_columns, plain, with_units
from gisheat.layers.mapping import map_columns
from gisheat.network import Array
from gisheat.schema import columns, split_unit, to_si, written_unit

LAYER = "hydraulic_table"
_ENDS = re.compile(r"^\s*(.+?)\s*[-~—–至]\s*(.+?)\s*$")
"""A section named by its two nodes."""
_NOTHING = ("-", "--", "—", "/", "\\")
"""What stands in a cell that is left empty."""


@dataclass(frozen=True)
class Printed:
    """A printed table with the columns of the contract's layer hydraulic_table; the index is the row in the file."""

    table: pd.DataFrame
    half: pd.DataFrame
    """Half a unit of the last printed digit of each column of numbers, in its unit."""
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]
    volume_flow: bool
    """The heading of the flow says a volume flow (m3/h); its numbers stand in sup_flow_t_h as they are printed."""

    def __contains__(self, name: str) -> bool:
        return name in self.table and bool(self.table[name].notna().any())

    def values(self, name: str) -> Array:
        """A column in SI, NaN where nothing is printed, shape (rows,)."""
        return to_si(self.table[name].to_numpy(float), name)

    def halves(self, name: str) -> Array:
        """Half a unit of the last digit in SI, shape (rows,)."""
        return to_si(self.half[name].to_numpy(float), name)

    def named(self, row: int) -> str:
        """What a sentence calls a row: its section, or its place in the file."""
        name = self.table["pipe_id"].iloc[row] if "pipe_id" in self.table else None
        return f"section {name}" if isinstance(name, str) and name else f"row {self.table.index[row]}"


def read_printed(path: Path, what: str = "table") -> Printed:
    """Read a printed table.

    The row of headings is the one in which most cells name a column; titles above it, a row of units below it and rows
    of totals are told apart. The last digit of a column is that of its number with the most decimals.

    Parameters
    ----------
    path : Path
        *.csv (UTF-8 or GBK) or *.xlsx (its first sheet, or the one named as FILE|sheet).
    what : str
        What a sentence calls it.

    Raises
    ------
    InputError
        If it can't be read, is empty, or no heading is known.
    """
    found = _grid(path, what)
    grid = as_texts(found.rows)
    top = heading_row(grid, known_columns(LAYER))
    if top < 0:
        listed = "; ".join(filter(None, grid[0])) if grid else "nothing"
        raise InputError(
            f"{what} {path}: no row of headings is known in it (it begins with: {listed[:120]}): at least two columns"
            " must be named as in the columns page, layer hydraulic_table, such as flow (t/h), bore (mm)."
        )
    below = grid[top + 1] if top + 1 < len(grid) else []
    units = below if is_units_row(below) else []
    headings = with_units(LAYER, grid[top], units)
    first = top + (2 if units else 1)
    rows = {number: row for number, row in enumerate(grid[first:], first + 1) if any(row)}
    totals = [number for number, row in rows.items() if any(cell.lower() in TOTALS for cell in row)]
    rows = {number: row for number, row in rows.items() if number not in totals}
    if not rows:
        raise InputError(f"{what} {path}: there are headings, but no row of numbers below them.")
    raw = pd.DataFrame(
        [(row + [""] * len(headings))[: len(headings)] for row in rows.values()], columns=headings, index=list(rows),
        dtype=object,
    )  # fmt: skip
    printed = _printed(raw.loc[:, [bool(h) for h in headings]], what, totals)
    return replace(printed, notes=(*found.notes, *printed.notes), findings=(*found.findings, *printed.findings))


def _grid(path: Path, what: str) -> Grid:
    file, _, sheet = str(path).partition("|")
    place = Path(file)
    if not place.is_file():
        raise InputError(f"{what} {place}: there is no such file.")
    if place.suffix.lower() not in (".csv", *WORKBOOKS):
        raise InputError(f"{what} {place}: a file that ends in .csv or .xlsx is needed.")
    try:
        return read_grid(LAYER, place, sheet)
    except (InputError, OSError) as error:
        raise InputError(f"{what} {error}") from error


# numbers ---------------------------------------------------------------------------------------------------------


def _printed(raw: pd.DataFrame, what: str, totals: list[int]) -> Printed:
    raw, volume_flow = _as_mass_flow(raw)
    given, stepped = raw.replace("", None), raw.replace("", None)
    for name in raw.columns:
        values = _numbers(raw[name])
        if values.notna().sum() > 0.5 * (raw[name] != "").sum():
            given[name] = values.astype(object).where(values.notna(), given[name])  # what is none is found later
            stepped[name] = values + 0.5 * 10.0 ** -_decimals(raw[name])
    table, findings, notes = map_columns(LAYER, given, {})
    upper, _, _ = map_columns(LAYER, stepped, {})
    known = columns(LAYER)
    table, bad = _checked(table[[name for name in table.columns if name in known]], what)
    half = {
        name: _numbers(upper[name]).to_numpy() - table[name].to_numpy(float)
        for name in table.columns
        if known[name].kind != "text"
    }
    if "pipe_id" in table and "from_node" not in table and "to_node" not in table:
        ends = table["pipe_id"].astype(str).str.extract(_ENDS)
        if ends.notna().all(axis=None) and ends[1].isin(ends[0]).any():
            table[["from_node", "to_node"]] = ends
            notes.append(
                f"{what}: the nodes were taken from the names of the sections, as in {table['pipe_id'].iloc[0]}"
            )
    if totals:
        notes.append(f"{what}: row {', '.join(map(str, totals))} holds totals and is left out")
    return Printed(
        table, pd.DataFrame(half, index=table.index), tuple(notes), (*findings, *bad), volume_flow,
    )  # fmt: skip


def _as_mass_flow(raw: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """The flow's heading with t/h in place of a unit of volume flow, and whether it was one."""
    names = {plain(alias) for c in ("sup_flow_t_h",) for alias in (c, *columns(LAYER)[c].aliases)}
    for heading in raw.columns:
        name, text = split_unit(str(heading))
        unit = written_unit(text)
        if plain(name) in names and unit is not None and unit.dimension == "volume flow":
            return raw.rename(columns={heading: f"{name} (t/h)"}), True
    return raw, False


def _numbers(values: pd.Series) -> pd.Series:
    """Numbers of texts, thousands separated or not, NaN where there is none."""
    texts = values.astype(str).str.replace(r"(?<=\d)[, ](?=\d{3}(\D|$))", "", regex=True)
    return pd.to_numeric(texts.str.replace("−", "-"), errors="coerce").astype(float)


def _decimals(texts: pd.Series) -> int:
    """Most decimals of a column: who prints 64 in a column with 376.4 means 64.0."""
    found = [re.search(r"\.(\d+)", text) for text in texts.astype(str)]
    return max((len(match[1]) for match in found if match), default=0)


def _checked(table: pd.DataFrame, what: str) -> tuple[pd.DataFrame, list[Finding]]:
    """The table with floats where numbers are meant; what is none, or not positive, is a finding and unknown."""
    table, findings = table.copy(), list[Finding]()
    for name in table.columns:
        given = table[name].notna()
        if columns(LAYER)[name].kind == "text":
            table[name] = table[name].astype(str).where(given, None)
            continue
        values = _numbers(table[name])
        for row in np.flatnonzero(given & values.isna() & ~table[name].astype(str).isin(_NOTHING)).tolist():
            message = f"{what}, row {table.index[row]}: {name} is {table[name].iloc[row]!r}, which is no number."
            findings.append(Finding("not-a-number", "error", LAYER, message, int(table.index[row])))
        table[name] = values
    return table, findings
