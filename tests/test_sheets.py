"""CSV and workbooks as people fill them in: headings, units, totals, numbers, places; and lists of stations."""

from __future__ import annotations

import codecs

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pyproj
import pytest
from drawings import ORIGIN, call, digest, town, write

from gisheat.errors import InputError
from gisheat.layers import layer_names, read_layers
from gisheat.layers.files import read_source
from gisheat.layers.sheets import written_number

EAST, NORTH = ORIGIN
LONGITUDE, LATITUDE = pyproj.Transformer.from_crs(4552, 4326, always_xy=True).transform(EAST, NORTH)
HEADINGS = ["站编号", "名称", "X坐标", "Y坐标", "供热面积(万m2)"]
ROWS = [["H1", "吉兴站", NORTH, EAST + 200, 1.2], ["H2", "锦绣站", NORTH + 80, EAST + 100, 0.8]]


def text_of(rows=(HEADINGS, *ROWS), separator=","):
    return "".join(separator.join("" if c is None else str(c) for c in row) + "\r\n" for row in rows)


def workbook(file, rows=(HEADINGS, *ROWS), *, sheet="热力站", merged=(), **more):
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(list(row))
    for cells in merged:
        page.merge_cells(cells)
    for name, other in more.items():
        page = book.create_sheet(name)
        for row in other:
            page.append(list(row))
    book.save(file)
    return file


def stations_of(file, layer="stations", **options):
    """Stations of a table beside the pipes of the town."""
    pipes = write(file.parent / "drawn.gpkg", {"pipes": town()["pipes"]})
    return read_layers({"pipes": str(pipes), layer: str(file)}, **options)


def places(layers):
    return [(round(p.x - EAST, 3), round(p.y - NORTH, 3)) for p in layers["stations"].geometry]


# codes and separators --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        text_of().encode(), codecs.BOM_UTF8 + text_of().encode(), text_of().encode("gbk"), text_of().encode("utf-16"),
        text_of(separator=";").encode("gbk"), text_of(separator="\t").encode("utf-16"), text_of(separator="|").encode(),
        text_of((["木兰县热力站统计表"], [], HEADINGS, *ROWS, ["合计", None, None, None, 2.0])).encode("gbk"),
        text_of((HEADINGS, *ROWS), ";").replace("1.2", "1,2").replace("0.8", "0,8").replace(".0;", ",0;").encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "gbk", "utf-16", "gbk ;", "utf-16 tab", "|", "title and total", "decimal comma"],
)  # fmt: skip
def test_a_csv_of_any_code_and_separator_is_read_with_its_places(tmp_path, raw):
    """Chinese Excel saves CSV as GBK, Unicode text as UTF-16 with tabs; in Chinese surveying X is the northing."""
    file = tmp_path / "stations.csv"
    file.write_bytes(raw)
    layers = stations_of(file)
    assert layers["stations"]["station_id"].tolist() == ["H1", "H2"]
    assert layers["stations"]["name"].tolist() == ["吉兴站", "锦绣站"]
    assert np.asarray(layers["stations"]["heated_area_m2"], float) == pytest.approx([12_000, 8_000])
    assert places(layers) == [(200, 0), (100, 80)]
    assert any("X坐标 (northing, as its numbers say)" in note for note in layers.notes)
    assert file.read_bytes() == raw


def test_the_feature_id_of_a_row_is_its_number_in_the_file(tmp_path):
    file = workbook(tmp_path / "s.xlsx", (["热力站统计表"], [], HEADINGS, *ROWS))
    assert stations_of(file)["stations"].index.tolist() == [4, 5]


def test_bytes_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "s.csv"
    file.write_bytes(b"a,b\n\0\0,1\n")
    with pytest.raises(InputError, match="it holds bytes that are no text; save it as CSV in UTF-8"):
        read_source("load_mix", str(file))


# places ----------------------------------------------------------------------------------------------------


def sexagesimal(degrees):
    minutes = (degrees % 1) * 60
    return f"{int(degrees)}°{int(minutes)}′{(minutes % 1) * 60:.3f}″"


@pytest.mark.parametrize(
    ("names", "values", "rules"),
    [
        (("x", "y"), (EAST, NORTH), []), (("x", "y"), (NORTH, EAST), []), (("X坐标(m)", "Y坐标(m)"), (NORTH, EAST), []),
        (("x", "y"), (43e6 + EAST, NORTH), ["zone-prefix"]), (("x", "y"), (NORTH, 43e6 + EAST), ["zone-prefix"]),
        (("东坐标", "北坐标"), (EAST, NORTH), []),
        (("easting", "northing"), (EAST, NORTH), []), (("E", "N"), (EAST, NORTH), []),
        (("lon", "lat"), (LONGITUDE, LATITUDE), ["degrees-assumed"]),
        (("经度", "纬度"), (LONGITUDE, LATITUDE), ["degrees-assumed"]),
        (("经度", "纬度"), (sexagesimal(LONGITUDE), sexagesimal(LATITUDE)), ["degrees-assumed"]),
    ],
)  # fmt: skip
def test_which_coordinate_is_the_easting_is_told_by_names_and_numbers(tmp_path, names, values, rules):
    file = tmp_path / "stations.csv"
    file.write_text(f"station_id,{names[0]},{names[1]}\nH1,{values[0]},{values[1]}\n")
    layers = stations_of(file)
    found = layers["stations"].geometry.iloc[0]
    assert np.hypot(found.x - EAST, found.y - NORTH) < 0.05
    told = {f.rule for f in layers.findings if f.layer == "stations"}
    assert told == {*rules, *([] if "degrees-assumed" in rules else ["crs-missing"])}


def test_small_coordinates_do_not_say_which_is_the_easting(tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text("station_id,x,y\nH1,120,80\n")
    found = read_source("stations", str(file))
    assert (found.table.geometry.iloc[0].x, found.table.geometry.iloc[0].y) == (120, 80)
    assert [f.rule for f in found.findings] == ["axes-assumed"]


def test_coordinates_that_contradict_their_names_are_doubtful(tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text(f"station_id,东坐标,北坐标\nH1,{NORTH},{EAST}\n")
    assert [f.rule for f in read_source("stations", str(file)).findings] == ["axes-doubtful"]


def test_a_column_of_well_known_text_gives_lines(tmp_path):
    file = tmp_path / "pipes.csv"
    file.write_text(f'pipe_id;wkt\nP1;"LINESTRING ({EAST} {NORTH}, {EAST + 100} {NORTH})"\nP2;nothing\n')
    table = read_layers({"pipes": str(file)}, crs="EPSG:4552")["pipes"]
    assert table.geometry.iloc[0].length == 100
    assert table.geometry.iloc[1] is None


def test_a_table_without_places_is_refused_with_what_it_needs(tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text("station_id,load_kw\nH1,100\n")
    with pytest.raises(
        InputError, match=r"no columns hold places: points need x and y.*goes with drawn stations: --station-list"
    ):
        read_layers({"stations": str(file)}, crs="EPSG:4552")


# numbers and rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "comma", "value", "unit"),
    [("1,234.5", False, 1234.5, ""), ("12.3 万m2", False, 12.3, "万m2"), ("１２．５", False, 12.5, ""),
     ("-3e3", False, -3000, ""),
     ("1.234,5", True, 1234.5, ""), ("12,5", True, 12.5, ""),
     ("1 234", False, 1234, ""), ("\N{MINUS SIGN}5", False, -5, "")],
)  # fmt: skip
def test_numbers_as_people_write_them(text, comma, value, unit):
    found = written_number(text, comma=comma)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize("text", ["A12", "1,23", "", "-", "待定", "3-1"])
def test_what_is_no_number(text):
    assert written_number(text) is None


@pytest.mark.parametrize(
    ("heading", "cells", "expected"),
    [
        ("供热面积", ["1.2 万m2", "0.8万m2"], [12_000, 8_000]),
        ("供热面积", ["12,000 m2", "0.8 万m2"], [12_000, 8_000]),
        ("供热面积(万m2)", ["1.2", "8000㎡"], [12_000, 8_000]), ("供热面积", ["1.2万", "0.8万"], [12_000, 8_000]),
        ("供热面积", ["12,000", "8,000"], [12_000, 8_000]), ("供热面积", [12_000, "/"], [12_000, None]),
        ("热负荷", ["1.5 MW", "600 kW"], [1500, 600]),
    ],
)  # fmt: skip
def test_units_in_cells_are_converted(tmp_path, heading, cells, expected):
    rows = [[r[0], r[2], r[3], c] for r, c in zip(ROWS, cells, strict=True)]
    table = stations_of(workbook(tmp_path / "s.xlsx", (["站编号", "X坐标", "Y坐标", heading], *rows)))["stations"]
    name = "load_kw" if heading == "热负荷" else "heated_area_m2"
    assert np.asarray(table[name], float) == pytest.approx([np.nan if e is None else e for e in expected], nan_ok=True)


def test_rows_that_are_no_stations_are_left_out_and_told(tmp_path):
    rows = (HEADINGS, ROWS[0], [], HEADINGS, ROWS[1], ["合 计", None, None, None, 2.0], ["注：面积为规划值"])
    layers = stations_of(workbook(tmp_path / "s.xlsx", rows))
    assert layers["stations"]["station_id"].tolist() == ["H1", "H2"]
    said = " ".join(layers.notes)
    assert "row 4 holds the headings once more" in said
    assert "row 6 holds totals" in said
    assert "row 7 holds a remark" in said


def test_merged_cells_give_their_text_to_all_rows_and_their_number_to_the_first(tmp_path):
    """Two rows of headings with 坐标 over X and Y, a phase for two stations, and one area for both."""
    rows = (
        ["站编号", "期别", "坐标", None, "供热面积(万m2)"], [None, None, "X", "Y", None],
        ["H1", "near", NORTH, EAST + 200, 2.0], ["H2", None, NORTH + 80, EAST + 100, None],
    )  # fmt: skip
    merged = ("A1:A2", "B1:B2", "C1:D1", "E1:E2", "B3:B4", "E3:E4")
    layers = stations_of(workbook(tmp_path / "s.xlsx", rows, merged=merged))
    table = layers["stations"]
    assert table["phase"].tolist() == ["near", "near"]
    assert np.asarray(table["heated_area_m2"], float) == pytest.approx([20_000, np.nan], nan_ok=True)
    assert [(f.rule, f.source_fid) for f in layers.findings if f.rule == "merged-number"] == [("merged-number", 4)]


def test_a_row_of_units_below_the_headings_counts(tmp_path):
    rows = (["站编号", "X", "Y", "供热面积"], [None, None, None, "万m2"], *([r[0], r[2], r[3], r[4]] for r in ROWS))
    table = stations_of(workbook(tmp_path / "s.xlsx", rows))["stations"]
    assert np.asarray(table["heated_area_m2"], float) == pytest.approx([12_000, 8_000])


def test_formulas_without_stored_results_are_an_error(tmp_path):
    """openpyxl stores formulas and computes none."""
    layers = stations_of(workbook(tmp_path / "s.xlsx", (HEADINGS, ["H1", "a", NORTH, EAST, "=0.5+0.7"])))
    assert [(f.rule, f.severity) for f in layers.findings if f.rule.startswith("formula")] == [
        ("formula-without-value", "error")
    ]


def test_the_sheets_of_a_workbook_are_layers(tmp_path):
    file = workbook(tmp_path / "s.xlsx", 热源=(["热源编号", "X", "Y"], ["S1", NORTH, EAST]))
    assert layer_names(file) == ["热力站", "热源"]
    with pytest.raises(InputError, match=r"holds '热力站', '热源': say which, as FILE\|layername"):
        read_source("stations", str(file))
    assert read_source("sources", f"{file}|热源").table["热源编号"].tolist() == ["S1"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no workbook", b"text"])
def test_a_damaged_workbook_is_refused(tmp_path, content):
    file = tmp_path / "s.xlsx"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"it is empty|it is no workbook"):
        read_source("stations", str(file))


# lists of stations -----------------------------------------------------------------------------------------


def drawn(**columns):
    """The stations of the town without loads, with other columns."""
    table = town()["stations"].drop(columns="load_kw")
    return table.assign(**columns) if columns else table


def listed(tmp_path, rows, stations=None, **options):
    layers = {**town(), "stations": drawn(name=["吉兴站", "锦绣站"]) if stations is None else stations}
    file = write(tmp_path / "drawn.gpkg", layers)
    book = workbook(tmp_path / "list.xlsx", rows, sheet="台账")
    sources = {name: f"{file}|{name}" for name in layers} | {"station_list": f"{book}|台账"}
    return read_layers(sources, **options)


def rules(layers):
    return [f.rule for f in layers.findings if f.rule.startswith("list-")]


def test_a_list_is_joined_by_identifier_and_else_by_name(tmp_path):
    """Blanks, capitals and full-width letters do not matter."""
    layers = listed(tmp_path, (["站编号", "名称", "热负荷(MW)"], ["ｈ1", None, 0.5], [None, "锦 绣站", 0.3]))
    assert np.asarray(layers["stations"]["load_kw"], float) == pytest.approx([500, 300])
    assert rules(layers) == []
    assert "stations: 2 of 2 drawn stations joined with the station list of 2 rows" in layers.notes


def test_drawn_stations_with_names_alone_get_the_identifiers_of_the_list(tmp_path):
    stations = drawn(name=["吉兴站", "锦绣站"]).drop(columns="station_id")
    layers = listed(
        tmp_path, (["站编号", "名称", "热负荷(MW)"], ["Z1", "吉兴站", 0.5], ["Z2", "锦绣站", 0.3]), stations
    )
    assert layers["stations"]["station_id"].tolist() == ["Z1", "Z2"]


def test_rows_and_stations_without_a_partner_are_told_with_their_row(tmp_path):
    layers = listed(tmp_path, (["名称", "热负荷(MW)"], ["吉兴站", 0.5], ["锦秀站", 0.3], ["吉兴站", 0.4]))
    assert sorted(rules(layers)) == ["list-doubled", "list-missing", "list-unmatched"]
    said = {f.rule: f for f in layers.findings}
    assert (
        said["list-unmatched"].message
        == "Row 3 of the station list (锦秀站) is no drawn station; did you mean '锦绣站'?"
    )
    assert (
        "Row 4 of the station list (吉兴站) is the station of row 2 once more; row 2 counts."
        in said["list-doubled"].message
    )
    assert (said["list-missing"].source_fid, said["list-missing"].point is not None) == (2, True)
    assert np.asarray(layers["stations"]["load_kw"], float) == pytest.approx([500, np.nan], nan_ok=True)


def test_the_list_fills_and_replaces_and_what_disagrees_is_told(tmp_path):
    stations = drawn(heated_area_m2=[10_000.0, None], name=["吉兴站", "锦绣站"])
    layers = listed(tmp_path, (["站编号", "供热面积(m2)"], ["H1", 12_000], ["H2", 8_000]), stations)
    assert np.asarray(layers["stations"]["heated_area_m2"], float) == pytest.approx([12_000, 8_000])
    assert rules(layers) == ["list-disagrees"]
    assert "heated_area_m2 is 12000, drawn 10000" in next(
        f.message for f in layers.findings if f.rule == "list-disagrees"
    )


def test_a_flow_of_the_layer_that_wins_over_a_load_of_the_list_is_told(tmp_path):
    stations = drawn(flow_t_h=[10.0, None])
    layers = listed(tmp_path, (["站编号", "热负荷(kW)"], ["H1", 500], ["H2", 300]), stations)
    assert rules(layers) == ["list-overruled"]


def test_a_list_without_identifiers_and_names_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"the station list has no column that names the stations"):
        listed(tmp_path, (["热负荷(kW)", "高程"], [500, 100]))


def test_a_network_with_a_list_is_solved_in_one_command(tmp_path):
    """The same loads as those of the layer give the same network."""
    file = write(tmp_path / "drawn.gpkg", {**town(), "stations": drawn()})
    book = workbook(
        tmp_path / "list.xlsx",
        (["2026年热力站台账"], ["站编号", "热负荷(MW)"], ["H1", 0.5], ["H2", 0.3], ["合计", 0.8]),
    )
    before = digest(tmp_path)
    ran = call("run", file, "--station-list", book, "-o", tmp_path / "out" / "r.gpkg")
    plain = call("run", write(tmp_path / "plain.gpkg"), "-o", tmp_path / "out" / "p.gpkg")
    assert ran.code == plain.code == 0
    assert [row for row in ran.out.splitlines() if row.startswith(("pump head", "heat load"))] == [
        row for row in plain.out.splitlines() if row.startswith(("pump head", "heat load"))
    ]
    assert {k: v for k, v in digest(tmp_path).items() if k in before} == before


def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text(f'station_id,name,x,y\nH1,"a,{EAST},{NORTH}\nH2,b,{EAST},{NORTH}\n')
    with pytest.raises(InputError, match=r"stations.csv cannot be read: .*unexpected end of data"):
        read_source("stations", str(file))


def test_a_list_may_be_a_dbf_in_gbk(tmp_path):
    file = write(tmp_path / "drawn.gpkg", {**town(), "stations": drawn(name=["吉兴站", "锦绣站"])})
    listed_table = pd.DataFrame({"站名": ["吉兴站", "锦绣站"], "热负荷": [500.0, 300.0]})
    pyogrio.write_dataframe(listed_table, tmp_path / "list.dbf", driver="ESRI Shapefile", encoding="GBK")
    for page in tmp_path.glob("*.cpg"):
        page.unlink()
    sources = {"stations": f"{file}|stations", "station_list": str(tmp_path / "list.dbf")}
    assert read_layers(sources)["stations"]["load_kw"].tolist() == [500, 300]
