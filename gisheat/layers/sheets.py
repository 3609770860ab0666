"""Reading CSV and workbooks: titles above headings, units, totals, numbers as people write them, places of the rows.

The feature id of a row is its number in the file, so that a finding about feature 7 is one about row 7.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.layers.coordinates import COORDINATE_NAMES, places_of
from gisheat.layers.grids import WORKBOOKS, Cell, Grid, as_text, as_texts, read_grid, sheet_names
from gisheat.layers.headings import TOTALS, heading_row, is_units_row, known_columns, plain, spelled
from gisheat.layers.reader import Read
from gisheat.schema import GEOMETRY, INPUT_LAYERS, STATION_LIST, Column, Unit, split_unit, unit_text, written_unit

SUFFIXES = (".csv", ".tsv", *WORKBOOKS)
REMARKS = ("注", "备注", "说明", "制表", "编制", "审核", "资料来源", "note", "remark", "source:")
"""How a row begins that holds no feature but words about the table."""
_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([^\d\s,.+-].*)?")
_EMPTY = ("-", "--", "—", "–", "/", "\\", "无", "n/a", "nan")
"""What stands in a cell of numbers that is left empty."""
_TEN_THOUSAND = "万"

prepared = nullcontext
"""The file itself: nothing is written beside it."""
guess_layers = None


def layer_names(file: Path) -> list[str]:
    """Sheets with cells of a workbook; the stem of a CSV."""
    return sheet_names(file)


def column_names(file: Path, name: str) -> list[str]:
    """Headings of a table."""
    return [str(c) for c in as_table("nodes", read_grid("nodes", file, _sheet(file, name))).table.columns]


def read(layer: str, file: Path, name: str, encoding: str | None) -> Read:
    """Read a table; with the places of its rows where the layer has some.

    Raises
    ------
    InputError
        If the layer needs places and no column holds any.
    """
    found = as_table(layer, read_grid(layer, file, _sheet(file, name), encoding))
    if GEOMETRY.get(layer, "none") == "none":
        return found
    places = places_of(layer, found.table)
    if places is None:
        hint = "; a list without places goes with drawn stations: --station-list" if layer == "stations" else ""
        raise InputError(
            "no columns hold places: points need x and y, east and north, or lon and lat (经度, 纬度), lines and"
            " areas a column"
            f" wkt{hint}."
        )
    table = gpd.GeoDataFrame(found.table, geometry=places.geometry, crs=places.crs)
    return Read(table, (*found.notes, *places.notes), (*found.findings, *places.findings))


def _sheet(file: Path, name: str) -> str:
    return name if file.suffix.lower() in WORKBOOKS else ""


def as_table(layer: str, grid: Grid) -> Read:
    """The rows of a grid below its headings; the index is the number of the row in the file.

    Raises
    ------
    InputError
        If there are no headings.
    """
    known = known_columns("stations" if layer == STATION_LIST else layer)
    texts = as_texts(grid.rows)
    top = _heading_row(layer, texts, known)
    below = texts[top + 1] if top + 1 < len(texts) else []
    units = below if is_units_row(below) else []
    headings, notes = _headings(layer, texts[top], units, known)
    rows, left_out = _feature_rows(layer, texts, top + (2 if units else 1), top)
    if top:
        notes.append(f"{layer}: the headings are in row {top + 1}")
    made: dict[str, list[object]] = {}
    findings = [*grid.findings]
    comma = grid.separator in (";", "\t") and _has_decimal_comma(texts[top + 1 :])
    notes += [f"{layer}: numbers are written with a decimal comma"] if comma else []
    for place, heading in enumerate(headings):
        if heading:
            cells = [grid.rows[row][place] if place < len(grid.rows[row]) else None for row in rows]
            column = known.get(plain(split_unit(heading).name))
            name, values, note = _column(heading, cells, column, comma=comma)
            made[name] = values
            notes += [f"{layer}: {note}"] if note else []
        elif any(place < len(texts[row]) and texts[row][place] for row in rows) and not texts[top][place]:
            notes.append(f"{layer}: column {place + 1} has no heading and is not used")
    findings += _unshared(layer, grid, rows, headings)
    table = pd.DataFrame(
        {n: pd.Series(v, index=[r + 1 for r in rows]) for n, v in made.items()}, index=[r + 1 for r in rows]
    )
    return Read(table, (*grid.notes, *notes, *left_out), tuple(findings))


# which rows ------------------------------------------------------------------------------------------------------


def _heading_row(layer: str, texts: list[list[str]], known: Mapping[str, Column]) -> int:
    """Row of the headings: the one that names most columns, else the first with cells in it."""
    found = heading_row(texts, {*known, *COORDINATE_NAMES}) if layer in (*INPUT_LAYERS, STATION_LIST) else -1
    if found >= 0:
        return found
    first = next((number for number, row in enumerate(texts) if any(row)), -1)
    if first < 0:
        raise InputError("the table is empty.")
    return first


def _headings(layer: str, row: list[str], units: list[str], known: Mapping[str, Column]) -> tuple[list[str], list[str]]:
    """Headings, those that are known with their unit and none twice, and what is to be said of them."""
    found, notes = list[str](), list[str]()
    for number, cell in enumerate(row):
        heading = _heading(cell, units[number] if number < len(units) else "", known)
        if heading and heading in found:
            notes.append(f"{layer}: the heading {heading} stands twice; column {number + 1} is not used")
            heading = ""
        found.append(heading)
    return found, notes


def _heading(cell: str, unit_below: str, known: Mapping[str, Column]) -> str:
    """A heading on one line, with the unit that stands below it; a label of the contract as the name of its column."""
    text = " ".join(cell.split())
    bare = split_unit(spelled(cell, [column.name for column in known.values()]))
    column = known.get(plain(bare.name))
    if column is None:
        return text
    unit = bare.unit or unit_below.strip("()（）[] ")
    own = {plain(name) for name in (column.name, *column.aliases)}
    if plain(bare.name) in own:
        return f"{bare.name} ({unit})" if unit else text
    return f"{column.name} ({unit})" if unit else text if unit_text(column.name) else column.name


def _feature_rows(layer: str, texts: list[list[str]], first: int, top: int) -> tuple[list[int], list[str]]:
    """Rows that hold features: no empty ones, totals, remarks or headings once more; notes on what is left out."""
    tidy = layer in (*INPUT_LAYERS, STATION_LIST)
    rows, left_out = list[int](), dict[str, list[int]]()
    for number in range(first, len(texts)):
        cells = [cell for cell in texts[number] if cell]
        if not cells:
            continue
        word = _no_feature(cells, texts[number] == texts[top]) if tidy else ""
        if word:
            left_out.setdefault(word, []).append(number + 1)
        else:
            rows.append(number)
    return rows, [
        f"{layer}: row {', '.join(map(str, numbers))} holds {word} and is left out"
        for word, numbers in left_out.items()
    ]


def _no_feature(cells: list[str], repeated: bool) -> str:
    """What a row holds in place of a feature, empty for one that holds one."""
    begin = cells[0].lower()
    if any(re.sub(r"[\s:：]", "", cell.lower()) in TOTALS for cell in cells[:3]):
        return "totals"
    if len(set(cells)) == 1 and begin.startswith(REMARKS):
        return "a remark"
    return "the headings once more" if repeated else ""


def _unshared(layer: str, grid: Grid, rows: list[int], headings: list[str]) -> Iterator[Finding]:
    """Findings on numbers in merged cells: they count for the first row only."""
    held = {(row, column) for row, column in grid.copied if row in set(rows) and _is_number(grid, row, column)}
    for column, count in sorted(Counter(column for _, column in held).items()):
        if column < len(headings) and headings[column]:
            first = min(row for row, c in held if c == column)
            message = (
                f"A number in merged cells of {headings[column]} counts for the first of its rows; {count} row(s)"
                " have none."
            )
            repair = "write the number of each row into its own cell"
            yield Finding("merged-number", "warning", layer, message, first + 1, repair=repair)


def _is_number(grid: Grid, row: int, column: int) -> bool:
    """Tell whether a merged cell stands for a number: texts were copied into it, numbers were not."""
    return column < len(grid.rows[row]) and grid.rows[row][column] is None


# numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it is written: its value, and the unit beside it."""

    value: float
    unit: str = ""


def written_number(text: str, *, comma: bool = False) -> Written | None:
    """The number in a text, None where there is none.

    Parameters
    ----------
    comma : bool
        The decimal sign is a comma.

    Examples
    --------
    >>> written_number("1,234.5"), written_number("１２.３ 万m2"), written_number("1.234,5", comma=True)
    (Written(value=1234.5, unit=''), Written(value=12.3, unit='万m2'), Written(value=1234.5, unit=''))
    >>> written_number("A12"), written_number("1,23")
    (None, None)
    """
    plain_text = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").strip()
    if comma:
        plain_text = re.sub(r"(?<=\d)\.(?=\d{3}(\D|$))", "", plain_text).replace(",", ".")
    match = _NUMBER.fullmatch(re.sub(r"(?<=\d) (?=\d{3}(\D|$))", "", plain_text))
    if match is None or not re.search(r"\d", match[1] or ""):
        return None
    return Written(float(match[1].replace(",", "")), (match[2] or "").strip())


def _has_decimal_comma(texts: list[list[str]]) -> bool:
    """Tell whether numbers have a comma where thousands have none: 12,5 or 1,2345."""
    cells = [cell for row in texts for cell in row if re.fullmatch(r"[+-]?[\d.]*,\d+", cell)]
    return any(not re.search(r",\d{3}$", cell) for cell in cells)


def _column(heading: str, cells: list[Cell], column: Column | None, *, comma: bool) -> tuple[str, list[object], str]:
    """Name and values of a column, numbers where they are meant; and a note on units in the cells."""
    if column is not None and column.kind == "text":
        return heading, [None if cell is None else as_text(cell) for cell in cells], ""
    if all(cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)) for cell in cells):
        return heading, list(cells), ""
    is_numeric = column is not None and column.kind in ("float", "int")
    numbers = [written_number(cell, comma=comma) if isinstance(cell, str) else None for cell in cells]
    there = [(cell, number) for cell, number in zip(cells, numbers, strict=True) if isinstance(cell, str)]
    if not is_numeric:  # of an own column only what is nothing but numbers
        if comma and there and all(number is not None and not number.unit for _, number in there):
            return (
                heading,
                [cell if number is None else number.value for cell, number in zip(cells, numbers, strict=True)],
                "",
            )
        return heading, list(cells), ""
    return _with_units_of_cells(heading, cells, numbers)


def _with_units_of_cells(
    heading: str, cells: list[Cell], numbers: list[Written | None]
) -> tuple[str, list[object], str]:
    """Values of a column of numbers, brought to the unit of its heading, or else to that of its cells."""
    name, stated = split_unit(heading)
    used = Counter(n.unit for n in numbers if n is not None and _unit(n.unit) is not None and n.unit)
    unit = stated or (used.most_common(1)[0][0] if used else "")
    values: list[object] = []
    for cell, number in zip(cells, numbers, strict=True):
        if isinstance(cell, str) and cell.lower() in _EMPTY:
            values.append(None)
        elif number is None:
            values.append(cell)
        else:
            values.append(_in_unit(number, unit, cell))
    if not stated and unit and unit != _TEN_THOUSAND:
        return f"{name} ({unit})", values, f"{heading} has its unit in its cells, {unit}"
    return heading, values, f"{heading} has units in its cells" if used else ""


def _unit(text: str) -> Unit | None:
    return Unit("", 1e4) if text == _TEN_THOUSAND else written_unit(text)


def _in_unit(number: Written, unit: str, cell: Cell) -> object:
    """A number in a unit; as it stands where its own unit is another kind or none that is known."""
    if not number.unit:
        return number.value
    own, wanted = _unit(number.unit), _unit(unit) if unit else None
    if own is None:
        return cell
    if number.unit == _TEN_THOUSAND:
        return number.value * 1e4
    if wanted is None or own.dimension != wanted.dimension:
        return cell
    same = own.factor == wanted.factor and own.offset == wanted.offset
    return number.value if same else (number.value * own.factor + own.offset - wanted.offset) / wanted.factor
