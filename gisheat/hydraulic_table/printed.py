"""Reading a printed hydraulic table: CSV or workbook, headings in Chinese or English, units in the headings."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.mapping import map_columns
from gisheat.network import Array
from gisheat.schema import SUFFIX, columns, input_columns, split_unit, to_si, unit_text, written_unit

LAYER = "hydraulic_table"
MOST_ROWS_ABOVE = 30
"""Rows of titles that may stand above the headings."""
TOTALS = ("合计", "总计", "小计", "total", "sum", "totals")
_ENDS = re.compile(r"^\s*(.+?)\s*[-~—–至]\s*(.+?)\s*$")
"""A section named by its two nodes."""
_NOTHING = ("-", "--", "—", "/", "\\")
"""What stands in a cell that is left empty."""
_CSV_CODES = ("utf-8-sig", "gb18030")
_BY_LENGTH = sorted(SUFFIX, key=len, reverse=True)
_TEN_THOUSANDS = "_1e4_m2"


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
        *.csv (UTF-8 or GB 18030) or *.xlsx (its first sheet, or the one named as FILE|sheet).
    what : str
        What a sentence calls it.

    Raises
    ------
    InputError
        If it can't be read, is empty, or no heading is known.
    """
    grid = _grid(path, what)
    top = _heading_row(grid)
    if top < 0:
        listed = "; ".join(filter(None, grid[0])) if grid else "nothing"
        raise InputError(
            f"{what} {path}: no row of headings is known in it (it begins with: {listed[:120]}): at least two columns"
            " must be named as in the columns page, layer hydraulic_table, such as flow (t/h), bore (mm)."
        )
    below = grid[top + 1] if top + 1 < len(grid) else []
    units = below if _is_units(below) else []
    headings = _headings(grid[top], units)
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
    return _printed(raw.loc[:, [bool(h) for h in headings]], what, totals)


# the file as rows of texts -----------------------------------------------------------------------------------------


def _grid(path: Path, what: str) -> list[list[str]]:
    file, _, sheet = str(path).partition("|")
    place = Path(file)
    if not place.is_file():
        raise InputError(f"{what} {place}: there is no such file.")
    if place.suffix.lower() == ".xlsx":
        return _of_workbook(place, sheet, what)
    if place.suffix.lower() != ".csv":
        raise InputError(f"{what} {place}: a file that ends in .csv or .xlsx is needed.")
    for code in _CSV_CODES:
        try:
            text = place.read_text(encoding=code)
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise InputError(f"{what} {place} can't be read: {error.strerror}.") from error
        try:
            return _of_csv(text)
        except csv.Error as error:
            raise InputError(f"{what} {place} can't be read: {error}.") from error
    raise InputError(f"{what} {place} can't be read: it is neither UTF-8 nor GB 18030.")


def _of_csv(text: str) -> list[list[str]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    rows = csv.reader(text.splitlines(), delimiter=separator)
    return [[_unguarded(cell.strip()) for cell in row] for row in rows]


def _unguarded(text: str) -> str:
    """Text without the apostrophe that gisheat's own CSV has before what a spreadsheet would calculate."""
    return text[1:] if re.match(r"'[=+\-@]", text) else text


def _of_workbook(path: Path, sheet: str, what: str) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl raises what its XML and zip readers do
        raise InputError(f"{what} {path} can't be read: it is no workbook, or damaged.") from error
    if sheet and sheet not in book.sheetnames:
        raise InputError(f"{what} {path}: there is no sheet {sheet!r} (sheets: {', '.join(book.sheetnames)}).")
    if not book.worksheets:
        raise InputError(f"{what} {path}: there is no sheet with cells in it.")
    cells = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    return [["" if value is None else _as_text(value) for value in row] for row in cells]


def _as_text(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value).strip()


# headings --------------------------------------------------------------------------------------------------------


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "_", name.strip().lower()).strip("_")


def _known_names() -> set[str]:
    known = {_plain(name) for name in columns(LAYER)}
    labels = (split_unit(label).name for c in columns(LAYER).values() for label in c.label.values())
    aliases = (alias for c in input_columns(LAYER).values() for alias in c.aliases)
    return known | {_plain(text) for text in (*labels, *aliases)}


def _heading_row(grid: list[list[str]]) -> int:
    """Row with the most known headings, at least two; -1 without one."""
    known = _known_names()
    counts = [
        sum(_plain(split_unit(_spelled(cell)).name) in known for cell in row if cell) for row in grid[:MOST_ROWS_ABOVE]
    ]
    return int(np.argmax(counts)) if counts and max(counts) >= 2 else -1


def _spelled(heading: str) -> str:
    r"""A heading on one line, a contract suffix as unit in brackets: flow_t_h -> flow (t/h).

    >>> _spelled("inner_diameter_m"), _spelled("heated_area_1e4_m2"), _spelled("流量\n(t/h)"), _spelled("dn_mm")
    ('inner_diameter (m)', 'heated_area (1e4m2)', '流量 (t/h)', 'dn_mm')
    """
    text = re.sub(r"\s+", " ", heading).strip()
    if text in columns(LAYER):
        return text
    if text.endswith(_TEN_THOUSANDS):
        return f"{text.removesuffix(_TEN_THOUSANDS)} (1e4m2)"
    suffix = next((s for s in _BY_LENGTH if text.endswith(s) and len(text) > len(s)), "")
    return f"{text.removesuffix(suffix)} ({unit_text(suffix)})" if suffix else text


def _is_units(row: list[str]) -> bool:
    """Tell whether a row below the headings holds units alone."""
    cells = [cell.strip("()（）[] ") for cell in row if cell]
    return bool(cells) and all(written_unit(cell) is not None for cell in cells)


def _headings(row: list[str], units: list[str]) -> list[str]:
    """Headings with their units in brackets; labels of the contract by its names, none twice."""
    label = {
        _plain(split_unit(text).name): c.name for c in columns(LAYER).values() for text in c.label.values()
    }  # fmt: skip
    found: list[str] = []
    for number, cell in enumerate(row):
        heading = _spelled(cell)
        bare = split_unit(heading)
        unit = bare.unit or (units[number].strip("()（）[] ") if number < len(units) else "")
        name = label.get(_plain(bare.name), bare.name) if unit or not _has_unit(bare.name, label) else bare.name
        text = f"{name} ({unit})" if unit else name
        while text and text in found:
            text += " again"
        found.append(text)
    return found


def _has_unit(heading: str, label: dict[str, str]) -> bool:
    """Tell whether a label is that of a column with a unit, which a heading without one does not say."""
    return bool(unit_text(label.get(_plain(heading), "")))


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
    names = {_plain(alias) for c in ("sup_flow_t_h",) for alias in (c, *columns(LAYER)[c].aliases)}
    for heading in raw.columns:
        name, text = split_unit(str(heading))
        unit = written_unit(text)
        if _plain(name) in names and unit is not None and unit.dimension == "volume flow":
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
