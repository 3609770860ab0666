"""Workbooks and CSV: text stays text, headings and units, the same bytes each time, whole or not at all."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from gisheat.errors import InputError
from gisheat.workbooks import Formula, Note, sheet_names, write_tables

HOSTILE = (
    '=HYPERLINK("http://example.org","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "#N/A",
    "&amp;",
)


def path_table() -> pd.DataFrame:
    return pd.DataFrame(
        {"order": [1, 2], "pipe_id": ["A1", "A2"], "length_m": [64.0, np.nan], "sup_loss_kpa": [4.88, 1.0]}
    )


def hostile_table() -> pd.DataFrame:
    return pd.DataFrame({"key": list(HOSTILE), "value": list(HOSTILE), "unit": [""] * len(HOSTILE)})


def test_headings_units_and_number_formats_come_from_the_contract(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"critical_path": path_table()}, title="Town")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Critical path"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "Town: Critical path"
    assert rows[1:3] == [["Order", "Pipe", "Length", "Supply loss"], [None, None, "m", "kPa"]]
    assert rows[3:] == [[1, "A1", 64, 4.88], [2, "A2", None, 1]]
    assert (sheet["A4"].number_format, sheet["C4"].number_format) == ("0", "0.00")


def test_headings_in_chinese(tmp_path):
    write_tables(
        tmp_path / "t.xlsx", {"critical_path": path_table()}, title="木兰", notes=["管径为内径"], language="zh"
    )
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["最不利环路", "说明"]
    sheet = book["最不利环路"]
    assert [cell.value for cell in sheet[2]] == ["序号", "管段编号", "管长", "供水压降"]
    assert sheet.oddFooter.right.text == "第 &P 页，共 &N 页"


def test_print_set_up_and_frozen_heading(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"critical_path": path_table()}, title="Heat & Power")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Critical path"]
    assert sheet.freeze_panes == "B4"
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.auto_filter.ref == "A3:D5"  # the buttons are in the row of units, which is no row to filter
    assert sheet.oddFooter.left.text == "Heat && Power: Critical path"
    assert sheet.page_setup.paperSize == int(sheet.PAPERSIZE_A4)


def test_a_wide_table_is_printed_on_a3(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"critical_path": path_table().assign(**{f"c{i}_kpa": 1.0 for i in range(20)})})
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Critical path"]
    assert sheet.page_setup.paperSize == int(sheet.PAPERSIZE_A3)


def test_text_from_data_never_becomes_a_formula(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"summary": hostile_table()}, title="=1+1", notes=["=2+2", Note("=3+3", "=4+4")])
    with zipfile.ZipFile(tmp_path / "t.xlsx") as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert [cell.value for cell in book["Summary"]["A"][3:]] == list(HOSTILE)
    assert {cell.data_type for cell in book["Summary"]["B"][3:]} == {"s"}
    assert book["Summary"]["A4"].quotePrefix
    assert [book["Notes"][place].value for place in ("A3", "A4", "B4")] == ["=2+2", "=3+3", "=4+4"]


def test_text_that_a_spreadsheet_would_calculate_gets_an_apostrophe_in_csv(tmp_path):
    write_tables(tmp_path / "t.csv", {"summary": hostile_table().assign(value=["-2", "+2", "-", "七", "", "x", "=x"])})
    table = pd.read_csv(tmp_path / "t.csv", keep_default_na=False, encoding="utf-8-sig")
    assert table["key"].tolist() == [f"'{text}" if text[0] in "=+-@" else text for text in HOSTILE]
    assert table["value"].tolist() == ["-2", "+2", "'-", "七", "", "x", "'=x"]
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_control_characters_and_text_beyond_what_a_cell_holds(tmp_path):
    table = pd.DataFrame({"key": ["a\x00b\x1bc", "x" * 40000], "value": ["", ""]})
    write_tables(tmp_path / "t.xlsx", {"summary": table})
    values = [cell.value for cell in openpyxl.load_workbook(tmp_path / "t.xlsx")["Summary"]["A"][3:]]
    assert values == ["abc", "x" * 32767]


def test_a_formula_is_live_and_shows_its_value_without_calculation(tmp_path):
    table = path_table().astype({"sup_loss_kpa": object})
    table["sup_loss_kpa"] = [Formula("=C4*factor", 128.0), Formula('=IF(C5<1,"&",0)', float("nan"))]
    notes = [
        "a sentence",
        Note("factor of the loss", 2.0, "kPa/m", name="factor"),
        Note("twice", Formula("=2*B4", 4.0)),
    ]
    write_tables(tmp_path / "t.xlsx", {"critical_path": table}, notes=notes)
    live = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert live["Critical path"]["D4"].value == "=C4*factor"
    assert live.defined_names["factor"].attr_text == "'Notes'!$B$4"
    assert live["Notes"]["B4"].value == 2.0
    assert live.calculation.fullCalcOnLoad
    shown = openpyxl.load_workbook(tmp_path / "t.xlsx", data_only=True)
    assert [shown["Critical path"]["D4"].value, shown["Critical path"]["D5"].value] == [128.0, None]
    assert shown["Notes"]["B5"].value == 4.0


def test_csv_has_values_in_place_of_formulas_and_names_of_the_contract(tmp_path):
    table = path_table().astype({"sup_loss_kpa": object})
    table["sup_loss_kpa"] = [Formula("=C4*2", 0.1 + 0.2), 1.0]
    write_tables(tmp_path / "t.csv", {"critical_path": table})
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["order,pipe_id,length_m,sup_loss_kpa", "1,A1,64.0,0.3", "2,A2,,1.0"]


def test_hidden_columns(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"critical_path": path_table()}, hidden={"critical_path": ["length_m"]})
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Critical path"]
    assert [sheet.column_dimensions[letter].hidden for letter in "ABCD"] == [False, False, True, False]
    assert sheet.column_dimensions["C"].outlineLevel == 1  # a plus above shows them


def test_the_same_tables_give_the_same_bytes(tmp_path):
    tables = {"critical_path": path_table(), "summary": hostile_table()}
    for name in ("a.xlsx", "b.xlsx"):
        write_tables(tmp_path / name, tables, title="Town", notes=[Note("n", Formula("=1+1", 2.0))])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(re.findall(rb"(\d{4}-\d\d-\d\d)T", parts.read("docProps/core.xml"))) == {b"1980-01-01"}


def test_what_can_not_be_written_is_a_sentence_and_leaves_what_was_there(tmp_path):
    with pytest.raises(InputError, match=r"a name that ends in \.xlsx or \.csv is needed"):
        write_tables(tmp_path / "t.ods", {"summary": hostile_table()})
    with pytest.raises(InputError, match="a CSV file holds one table"):
        write_tables(tmp_path / "t.csv", {"summary": hostile_table(), "critical_path": path_table()})
    with pytest.raises(AttributeError):
        write_tables(tmp_path / "t.xlsx", {"summary": None})
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(InputError, match="can't be written"):
        write_tables(tmp_path / "folder.xlsx", {"summary": hostile_table()})
    assert [path.name for path in tmp_path.iterdir()] == ["folder.xlsx"]


def test_names_of_sheets_are_allowed_ones():
    names = sheet_names(["summary", "source [1]: a/b?", "x" * 40, "X" * 40, "", "History", "'quoted'"])
    assert names == ["Summary", "source _1__ a_b_", "x" * 31, f"{'X' * 29} 2", "_", "History 2", "quoted"]


def test_an_empty_table_has_its_headings(tmp_path):
    write_tables(tmp_path / "t.xlsx", {"critical_path": path_table().head(0)})
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["Critical path"]
    assert [cell.value for cell in sheet[2]] == ["Order", "Pipe", "Length", "Supply loss"]


def test_columns_are_wide_enough_for_their_numbers_and_long_text_takes_lines(tmp_path):
    table = pd.DataFrame({"trench_cost": [4381609.4, 9838.05], "source": ["short", "a long sentence " * 20]})
    path = tmp_path / "cost.xlsx"
    write_tables(path, {"quantities": table}, language="en")
    (sheet,) = openpyxl.load_workbook(path).worksheets
    assert sheet["A4"].number_format == "#,##0"
    assert sheet.column_dimensions["A"].width >= len("4,381,609") + 2
    assert sheet["B5"].alignment.wrap_text
    lines = len("a long sentence " * 20) / sheet.column_dimensions["B"].width
    assert sheet.row_dimensions[5].height >= 15.0 * lines
    assert sheet.row_dimensions[4].height is None
