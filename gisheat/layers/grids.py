"""Tables as rows of cells: CSV in any code and with any separator, and workbooks as people fill them in."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.code_pages import LONGEST_EXAMPLE, called, decoded, marked_code, recognise, remarks, wanted_code

Cell = str | int | float | bool | None
WORKBOOKS = (".xlsx", ".xlsm")
SEPARATORS = "\t;|,"
LONGEST_CELL = 10**8
"""Characters: a long line as well-known text has more than the 131 072 that Python allows."""
LOOKED_AT = 50
"""Lines that say which separator a file has."""
_SAMPLE = 20_000
"""Lines beyond ASCII that say which code a file is in."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells; row 1 of the file comes first, empty cells are None."""

    rows: list[list[Cell]]
    separator: str = ""
    """Of the cells of a CSV."""
    copied: frozenset[tuple[int, int]] = frozenset()
    """Row and column, from 0, of cells that have the value of the cell that they were merged with."""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_grid(layer: str, file: Path, sheet: str, encoding: str | None = None) -> Grid:
    """Rows of a CSV, or of a sheet of a workbook (the first one when none is named).

    Parameters
    ----------
    layer : str
        What notes and findings call it.
    encoding : str, optional
        Code of a CSV, where the user says one.

    Raises
    ------
    InputError
        If it can't be read.
    """
    if file.suffix.lower() in WORKBOOKS:
        return _of_workbook(layer, file, sheet)
    return _of_csv(layer, file, encoding)


def sheet_names(file: Path) -> list[str]:
    """Names of the sheets of a workbook that have cells; the stem of a CSV."""
    if file.suffix.lower() not in WORKBOOKS:
        return [file.stem]
    return [sheet.title for sheet in _book(file).worksheets if sheet.max_row > 1 or sheet.cell(1, 1).value is not None]


def as_texts(rows: Iterable[Iterable[Cell]]) -> list[list[str]]:
    """Cells as texts, empty ones as empty texts."""
    return [["" if cell is None else as_text(cell) for cell in row] for row in rows]


def as_text(cell: Cell) -> str:
    """A cell as text; of a number no more than 12 digits, because a workbook stores 0.1 + 0.2 as well.

    >>> as_text(1001.0), as_text(0.1 + 0.2), as_text(" A1 ")
    ('1001', '0.3', 'A1')
    """
    return f"{cell:.12g}" if isinstance(cell, float) else str(cell).strip()


# CSV -------------------------------------------------------------------------------------------------------------


def _of_csv(layer: str, file: Path, encoding: str | None) -> Grid:
    content = file.read_bytes()
    text, notes, findings = _text(layer, content, encoding)
    if "\0" in text:
        raise InputError(f"{file.name} cannot be read: it holds bytes that are no text; save it as CSV in UTF-8.")
    separator = _separator(text)
    try:
        rows: list[list[Cell]] = [[_unguarded(cell.strip()) or None for cell in row] for row in _rows(text, separator)]
    except csv.Error as error:
        raise InputError(f"{file.name} cannot be read: {error}.") from error
    return Grid(rows, separator, frozenset(), tuple(notes), tuple(findings))


def _text(layer: str, content: bytes, encoding: str | None) -> tuple[str, list[str], list[Finding]]:
    """The text of a CSV: in the code of its byte order mark, the given one, or the one that is found."""
    marked = marked_code(content)
    if marked:
        return content.decode(marked, errors="replace"), [], []
    lines = [line for line in content.splitlines() if not line.isascii()][:_SAMPLE]
    page = recognise(lines)
    code, notes, findings = page.code, list[str](), list[Finding]()
    if encoding and lines:
        code = wanted_code(encoding)
        notes.append(f"{layer}: texts read as {called(code)}, as the option encoding says")
    elif page.code != "utf-8" or page.doubtful:
        shown = [line[:LONGEST_EXAMPLE] for line in lines[:1]]
        notes, findings = remarks(layer, page, shown, "", "", "they are not UTF-8")
    found = decoded(content, code)
    if found.damaged:
        message = f"The file holds bytes that are no text in {called(code)}; they became \N{REPLACEMENT CHARACTER}."
        findings.append(Finding("text-unreadable", "warning", layer, message))
    return found.text, notes, findings


def _rows(text: str, separator: str, *, strict: bool = True) -> Iterable[list[str]]:
    """Rows of a text; where they are strict, a quote that is never closed is a csv.Error: it swallows the rest."""
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)


def _separator(text: str) -> str:
    r"""What separates the cells: what makes most of the first line with several cells, and of the lines below it.

    >>> _separator("id;x;y\n1;2,5;3,5\n"), _separator("Title\na,b\n1,2\n"), _separator("one\n2\n")
    (';', ',', ',')
    """
    lines = [line for line in text.splitlines()[:LOOKED_AT] if line.strip()]
    beginning = "\n".join(lines)
    counts: dict[str, list[int]] = {}
    for separator in SEPARATORS:
        try:
            counts[separator] = [len(row) for row in _rows(beginning, separator, strict=False)]
        except csv.Error:
            counts[separator] = []
    first = next((i for i in range(len(lines)) if any(i < len(c) and c[i] > 1 for c in counts.values())), 0)

    def cells(separator: str) -> int:
        found = counts[separator][first:]
        return min(found[0], sorted(found)[len(found) // 2]) if found else 0

    best = max(SEPARATORS, key=cells)
    return best if cells(best) > 1 else ","


def _unguarded(text: str) -> str:
    """Text without the apostrophe that gisheat's own CSV has before what a spreadsheet would calculate."""
    return text[1:] if re.match(r"'[=+\-@]", text) else text


# workbooks -------------------------------------------------------------------------------------------------------


def _book(file: Path, *, values: bool = True) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(file, data_only=values)
    except Exception as error:  # openpyxl raises what its XML and zip readers do
        raise InputError(
            f"{file.name} cannot be read: it is no workbook (*.xlsx), locked by a password, or damaged."
        ) from error


def _of_workbook(layer: str, file: Path, sheet: str) -> Grid:
    book = _book(file)
    if sheet and sheet not in book.sheetnames:
        raise InputError(f"{file.name}: there is no sheet {sheet!r} (sheets: {', '.join(book.sheetnames)}).")
    if not book.worksheets:
        raise InputError(f"{file.name}: there is no sheet with cells in it.")
    page = book[sheet] if sheet else book.worksheets[0]
    if not hasattr(page, "merged_cells"):
        raise InputError(f"{file.name}: the sheet {sheet!r} is a chart.")
    rows = [[_value(cell) for cell in row] for row in page.iter_rows(values_only=True)]
    copied = _with_merged(rows, page.merged_cells.ranges)
    notes = [f"{layer}: what merged cells hold counts for each of their rows"] if copied else []
    return Grid(rows, "", copied, tuple(notes), tuple(_without_values(layer, file, page.title, rows)))


def _value(value: object) -> Cell:
    if isinstance(value, str):
        return value.strip() or None
    return value if value is None or isinstance(value, int | float) else str(value)


def _with_merged(rows: list[list[Cell]], ranges: Iterable[Any]) -> frozenset[tuple[int, int]]:
    """Give all merged cells the text of the first; a number stays: a load of three stations is no load of each."""
    copied = set[tuple[int, int]]()
    for merged in ranges:
        top, left = merged.min_row - 1, merged.min_col - 1
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else None
        for row in range(top, min(merged.max_row, len(rows))):
            for column in range(left, min(merged.max_col, len(rows[row]))):
                if (row, column) != (top, left) and value is not None:
                    copied.add((row, column))
                    rows[row][column] = value if isinstance(value, str) else None
    return frozenset(copied)


def _without_values(layer: str, file: Path, sheet: str, rows: list[list[Cell]]) -> Iterable[Finding]:
    """A finding about formulas whose results the workbook does not hold: a program wrote it that computes none."""
    with zipfile.ZipFile(file) as parts:
        if not any(b"<f>" in parts.read(n) or b"<f " in parts.read(n) for n in parts.namelist() if "/sheet" in n):
            return
    formulas = [
        cell.coordinate
        for row in _book(file, values=False)[sheet].iter_rows()
        for cell in row
        if cell.data_type == "f" and rows[cell.row - 1][cell.column - 1] is None
    ]
    if formulas:
        message = (
            f"{len(formulas)} formula(s) of the sheet {sheet} have no result stored (first: {formulas[0]}); these"
            " cells count as empty."
        )
        repair = "open the workbook in a spreadsheet program and save it"
        yield Finding("formula-without-value", "error", layer, message, repair=repair)
