"""Tables for the planner's desk: workbooks with headings, units and number formats, or CSV.

Headings and units come from `data/columns.csv`. Text is written as text, whatever it begins with; a formula is only
what gisheat itself hands over as `Formula`. The same tables give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import whole_or_nothing
from gisheat.schema import LAYER_LABEL, Language, columns, split_unit, unit_text

SUFFIXES = (".xlsx", ".csv")
"""Forms of tables."""
FORMAT = {
    "m": "0.00", "mm": "General", "m2": "#,##0", "m3": "#,##0.00", "t/h": "0.00", "m3/h": "0.00", "kg/s": "0.000",
    "m/s": "0.00", "Pa/m": "0.00", "kPa": "0.00", "kW": "#,##0.0", "MW": "0.00", "degC": "0.0", "%": "0.0",
    "W/m2": "0.00", "kg/m3": "0.00", "m/s2": "General", "Pa s": "0.000E+00", "h": "0", "GJ": "#,##0",
}  # fmt: skip
"""Number format by unit (`schema.unit_text`)."""
NO_UNIT = "0.00##"
LARGE = "#,##0"
"""Of columns without a unit that hold sums of money and the like."""
_IS_LARGE = 1000.0
FIRST_ROW = 4
"""Row of the first values: a title, the headings and the units are above."""

_WRITTEN = dt.datetime(1980, 1, 1)  # noqa: DTZ001 (the first day a zip file knows)
_FIRST_NOTE = 3
_WIDEST, _NARROWEST = 42, 7
_MOST_LINES = 20
_WIDEST_A4 = 170
"""Width of all columns, in digits, from which on a page is A3."""
_TYPEFACE = "Calibri"
_WORDS = {
    "en": {"page": "Page &P of &N", "notes": "Notes"},
    "zh": {"page": "第 &P 页，共 &N 页", "notes": "说明"},
}
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Formula:
    """A live formula of a cell, in the spreadsheet's own letters, and the number it gives."""

    text: str
    """Begins with `=`."""
    value: float
    """What viewers show that do not calculate."""


@dataclass(frozen=True, slots=True)
class Note:
    """A row of the notes: a sentence, or a quantity with its value."""

    text: str
    value: float | str | Formula | None = None
    unit: str = ""
    name: str = ""
    """Name of the value's cell, for formulas."""
    heading: bool = False


def check_suffix(path: Path) -> None:
    """Raise InputError for a table that is neither a workbook nor CSV."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"output {path}: a name that ends in .xlsx or .csv is needed.")


def write_tables(
    path: Path, tables: Mapping[str, pd.DataFrame], *, layers: Mapping[str, str] | None = None,
    language: Language = "en", title: str = "", notes: Sequence[Note | str] = (),
    hidden: Mapping[str, Sequence[str]] | None = None,
) -> None:  # fmt: skip
    """Write tables as a workbook (.xlsx, a sheet each) or, one alone, as CSV.

    A workbook has for each table its title, headings and units (from `columns.csv`), the number formats of the units,
    a frozen heading with filters, and a print set-up; it is calculated again when it is opened. CSV has the contract's
    names as heading, and values in place of formulas.

    Parameters
    ----------
    path : Path
        File that appears when everything is in it.
    tables : mapping
        Name of the sheet -> table. A name that is a layer of `columns.csv` is shown as its label. Cells are numbers,
        truth values, text, `Formula`, or missing.
    layers : mapping, optional
        Name of the sheet -> layer whose columns it has, where the name itself is no layer.
    language : str
        Of the headings.
    title : str
        Above each table, before the name of the sheet: the project.
    notes : sequence
        Rows of a last sheet; not in CSV.
    hidden : mapping, optional
        Name of the sheet -> columns that are there for the formulas alone.

    Raises
    ------
    InputError
        If the file can't be written, has another suffix, or is CSV and there are several tables.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"key": ["=1+1"], "value": ["seven"], "unit": [""]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_tables(Path(folder) / "summary.csv", {"summary": table})
    ...     print((Path(folder) / "summary.csv").read_text(encoding="utf-8-sig"))
    key,value,unit
    '=1+1,seven,
    """
    check_suffix(path)
    if path.suffix.lower() == ".csv":
        if len(tables) != 1:
            raise InputError(f"output {path}: a CSV file holds one table; name a workbook (.xlsx) for {len(tables)}.")
        (table,) = tables.values()
        _write_csv(path, table)
        return
    book = _workbook(tables, layers or {}, language, title, notes, hidden or {})
    content = _bytes(book)
    with whole_or_nothing(path) as beside:
        _pack(content, beside, _cached(tables.values(), notes))


# CSV -------------------------------------------------------------------------------------------------------------


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """With a byte order mark, without which spreadsheets read Chinese names wrongly."""
    plain = pd.DataFrame({name: [_plain(value) for value in table[name]] for name in table.columns}, dtype=object)
    with whole_or_nothing(path) as beside:
        plain.to_csv(beside, index=False, encoding="utf-8-sig", lineterminator="\n")


def _plain(value: Any) -> Any:
    """A value for CSV: rounded to 12 digits; an apostrophe before text that a spreadsheet would calculate."""
    if isinstance(value, Formula):
        value = value.value
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_BEGINS_FORMULA) and not _is_number(value) else value
    if _missing(value):
        return None
    if isinstance(value, float | np.floating):
        return float(f"{value:.12g}")
    return value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | np.floating) and not math.isfinite(value))


# the workbook ----------------------------------------------------------------------------------------------------


def sheet_names(names: Iterable[str], language: Language = "en") -> list[str]:
    """Names of sheets as a workbook allows them: label of the layer, 31 letters, none twice.

    >>> sheet_names(["critical_path", "a/b", "A:B"], "zh")
    ['最不利环路', 'a_b', 'A_B 2']
    """
    found: list[str] = []
    for name in names:
        shown = LAYER_LABEL[language].get(name, name)
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", shown).strip("' ")[:31] or "_"
        candidate, number = base, 1
        while candidate.lower() in {f.lower() for f in found} | {"history"}:
            number += 1
            candidate = f"{base[: 30 - len(str(number))]} {number}"
        found.append(candidate)
    return found


def cell_column(number: int) -> str:
    """Letters of column `number`, counted from 0.

    >>> cell_column(0), cell_column(26)
    ('A', 'AA')
    """
    from openpyxl.utils import get_column_letter

    return get_column_letter(number + 1)


def _workbook(
    tables: Mapping[str, pd.DataFrame], layers: Mapping[str, str], language: Language, title: str,
    notes: Sequence[Note | str], hidden: Mapping[str, Sequence[str]],
) -> Any:  # fmt: skip
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    wanted = [*tables, *([_WORDS[language]["notes"]] if notes else [])]
    names = sheet_names(wanted, language)
    for name, shown in zip(tables, names, strict=False):
        sheet = book.create_sheet(shown)
        heading = f"{title}: {shown}" if title else shown
        _fill(sheet, tables[name], layers.get(name, name), language, heading, hidden.get(name, ()))
    if notes:
        _fill_notes(book, book.create_sheet(names[-1]), notes, language, title or names[-1])
    book.calculation.fullCalcOnLoad = True
    book.properties.creator = "gisheat"
    book.properties.title = _text(title)
    book.properties.created = book.properties.modified = _WRITTEN
    return book


def _fill(sheet: Any, table: pd.DataFrame, layer: str, language: Language, title: str, hidden: Sequence[str]) -> None:
    from openpyxl.styles import Alignment, Font

    known = columns(layer)
    _put(sheet.cell(1, 1), title).font = Font(name=_TYPEFACE, bold=True, size=13)
    text, printed = Alignment(horizontal="left", indent=1), 0.0
    wrapped = Alignment(horizontal="left", vertical="top", indent=1, wrap_text=True)  # else it prints on more pages
    top, beside = Alignment(horizontal="left", vertical="top", indent=1), Alignment(vertical="top")
    heights: dict[int, float] = {}
    for number, name in enumerate(map(str, table.columns), 1):
        label = split_unit(known[name].label[language] if name in known else name)
        _put_heading(sheet, number, label.name, label.unit)
        values = table.iloc[:, number - 1].tolist()
        number_format = _number_format(name, known[name].kind if name in known else "float", values)
        if name in hidden:
            number_format = "General"
        for row, value in enumerate(values, FIRST_ROW):
            cell = _put(sheet.cell(row, number), value, number_format)
            if isinstance(value, str):  # clear of the number beside it
                lines = math.ceil(_letters(value) / (_WIDEST - 3.0))
                cell.alignment = text if lines == 1 else wrapped
                if lines > 1:
                    heights[row] = max(heights.get(row, 0.0), 15.0 * min(lines, _MOST_LINES))
        dimension = sheet.column_dimensions[cell_column(number - 1)]
        dimension.width = _width(label.name, label.unit, values, number_format)
        if name in hidden:
            dimension.outlineLevel, dimension.hidden = 1, True
        else:
            printed += dimension.width
    sheet.row_dimensions[FIRST_ROW - 2].height = 32
    for row, height in heights.items():
        sheet.row_dimensions[row].height = height
        for cell in sheet[row]:
            cell.alignment = wrapped if cell.alignment.wrap_text else beside if cell.data_type == "n" else top
    last = f"{cell_column(max(len(table.columns), 1) - 1)}{max(len(table), 1) + FIRST_ROW - 1}"
    sheet.auto_filter.ref = f"A{FIRST_ROW - 1}:{last}"
    sheet.freeze_panes = f"B{FIRST_ROW}"
    sheet.print_title_rows = f"1:{FIRST_ROW - 1}"
    _print_set_up(sheet, language, title)
    if printed > _WIDEST_A4:
        sheet.page_setup.paperSize = sheet.PAPERSIZE_A3


def _put_heading(sheet: Any, number: int, name: str, unit: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    line = Side(style="thin", color="7F7F7F")
    for row, text in ((FIRST_ROW - 2, name), (FIRST_ROW - 1, unit)):
        cell = _put(sheet.cell(row, number), text)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.fill = PatternFill("solid", fgColor="DCE6F1")
        cell.font = Font(name=_TYPEFACE, bold=row == FIRST_ROW - 2)
        cell.border = Border(top=line if row == FIRST_ROW - 2 else None, bottom=line if row == FIRST_ROW - 1 else None)


def _number_format(name: str, kind: str, values: Sequence[Any]) -> str:
    if kind == "int":
        return "0"
    return FORMAT.get(unit_text(name), LARGE if _largest(values) >= _IS_LARGE else NO_UNIT)


def _largest(values: Sequence[Any]) -> float:
    """Largest number of a column, whatever its sign; 0 where there is none."""
    numbers = [value.value if isinstance(value, Formula) else value for value in values]
    known = [abs(float(n)) for n in numbers if isinstance(n, int | float | np.number)]
    return max(filter(math.isfinite, known), default=0.0)


def _put(cell: Any, value: Any, number_format: str = "General") -> Any:
    """Put a value into a cell: text is text, and only a Formula is a formula."""
    if isinstance(value, Formula):
        cell.value = value.text
        cell.number_format = number_format
    elif isinstance(value, str):
        cell.value = _text(value)
        cell.data_type = "s"  # a text that begins with = is no formula, "#N/A" no error
        cell.quotePrefix = value.startswith(_BEGINS_FORMULA)  # nor does it become one when the cell is edited
    elif isinstance(value, bool | np.bool_):
        cell.value = bool(value)
    elif not _missing(value):
        cell.value = value.item() if isinstance(value, np.generic) else value
        cell.number_format = number_format
    return cell


def _text(text: str) -> str:
    """Text without the control characters that a workbook can't hold, not longer than it can."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", text)[:32767]


def _width(heading: str, unit: str, values: Sequence[Any], number_format: str) -> float:
    """Width of a column for its words and values; headings may take two lines, long text more."""
    texts = max((_letters(value) for value in values if isinstance(value, str)), default=0)
    numbers = max(8, _digits(_largest(values), number_format)) if _has_numbers(values) else 0
    needed = max(_in_two_lines(heading), _letters(unit), texts, numbers)
    return min(max(needed + 2.0, _NARROWEST), _WIDEST)


def _in_two_lines(heading: str) -> float:
    """Width that a heading needs in two lines, which end between words or Chinese letters."""
    if _is_wide(heading):
        return max(_letters(word) / (2.0 if _is_wide(word) else 1.0) for word in (heading, *heading.split()))
    words = heading.split()
    cuts = range(1, len(words) + 1)
    return min((max(len(" ".join(words[:cut])), len(" ".join(words[cut:]))) for cut in cuts), default=0)


def _has_numbers(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float | Formula) for value in values)


def _digits(number: float, number_format: str) -> int:
    """Letters that a number takes in a format, with a sign."""
    whole = len(f"{number:,.0f}" if "," in number_format else f"{number:.0f}")
    return 1 + whole + (0 if "." not in number_format else 1 + len(number_format.partition(".")[2]))


def _letters(text: str) -> float:
    """Width of a text in digits; Chinese takes two each."""
    return sum(2.0 if _is_wide(letter) else 1.0 for letter in text)


def _is_wide(text: str) -> bool:
    """Tell whether a text has Chinese letters, between which a line may end."""
    return any(ord(letter) > 0x2E7F for letter in text)


def _print_set_up(sheet: Any, language: Language, title: str) -> None:
    """A4 (A3 for wide tables) across, as wide as the page, headings on every page, pages counted."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.6, 0.8
    sheet.page_margins.header = sheet.page_margins.footer = 0.4
    sheet.print_options.gridLines = True
    sheet.print_options.horizontalCentered = True
    sheet.oddFooter.left.text = _text(title).replace("&", "&&")[:100]
    sheet.oddFooter.right.text = _WORDS[language]["page"]


def _fill_notes(book: Any, sheet: Any, notes: Sequence[Note | str], language: Language, title: str) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.workbook.defined_name import DefinedName

    _put(sheet.cell(1, 1), title).font = Font(name=_TYPEFACE, bold=True, size=13)
    for row, entry in enumerate(notes, _FIRST_NOTE):
        note = Note(entry) if isinstance(entry, str) else entry
        cell = _put(sheet.cell(row, 1), note.text)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if note.heading:
            cell.font = Font(name=_TYPEFACE, bold=True)
        if note.value is None:  # a sentence takes the whole width, and as many lines as it needs
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=3)
            sheet.row_dimensions[row].height = 15.0 * max(1, math.ceil(_letters(note.text) / 110.0))
            continue
        value = _put(sheet.cell(row, 2), note.value, FORMAT.get(note.unit, "General"))
        value.alignment = Alignment(horizontal="right", vertical="top")
        _put(sheet.cell(row, 3), note.unit).alignment = Alignment(horizontal="left", indent=1)
        if note.name:
            book.defined_names[note.name] = DefinedName(note.name, attr_text=f"{_quoted(sheet.title)}!$B${row}")
    for letter, width in (("A", 64), ("B", 22), ("C", 20)):
        sheet.column_dimensions[letter].width = width
    _print_set_up(sheet, language, title)
    sheet.print_options.gridLines = False
    sheet.page_setup.orientation = "portrait"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


# bytes -----------------------------------------------------------------------------------------------------------


def _cached(tables: Iterable[pd.DataFrame], notes: Sequence[Note | str]) -> list[dict[str, float]]:
    """Values of the formulas of each sheet, by cell."""
    sheets = [
        {
            f"{cell_column(number)}{row}": value.value
            for number in range(len(table.columns))
            for row, value in enumerate(table.iloc[:, number].tolist(), FIRST_ROW)
            if isinstance(value, Formula)
        }
        for table in tables
    ]
    values = [(row, note.value) for row, note in enumerate(notes, _FIRST_NOTE) if isinstance(note, Note)]
    return [*sheets, {f"B{row}": value.value for row, value in values if isinstance(value, Formula)}]


def _bytes(book: Any) -> BytesIO:
    """The workbook as openpyxl writes it; not by `Workbook.save`, which puts the time of day into it."""
    from openpyxl.writer.excel import ExcelWriter

    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        ExcelWriter(book, archive).write_data()
    return content


def _pack(content: BytesIO, path: Path, cached: Sequence[Mapping[str, float]]) -> None:
    """Write the parts of a workbook, without the time of day, and with the values of its formulas.

    openpyxl writes formulas without values; a viewer that does not calculate would show empty cells.
    """
    with zipfile.ZipFile(content) as parts, zipfile.ZipFile(path, "w") as packed:
        for name in parts.namelist():
            data = parts.read(name)
            number = re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name)
            if number is not None and (values := cached[int(number[1]) - 1]):
                data = _EMPTY_VALUE.sub(partial(_with_value, values), data)
            packed.writestr(zipfile.ZipInfo(name, _WRITTEN.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)


_EMPTY_VALUE = re.compile(rb'(<c r="([A-Z]+[0-9]+)"[^>]*><f>[^<]*</f>)(?:<v ?/>|<v></v>)')


def _with_value(values: Mapping[str, float], found: re.Match[bytes]) -> bytes:
    value = values[found[2].decode()]
    return found[1] + (f"<v>{value!r}</v>".encode() if math.isfinite(value) else b"")
