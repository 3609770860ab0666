"""Equipment of stations: the published sizes, a station worked out by hand, and what is said where it does not do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawings import town, write
from openpyxl import load_workbook

from gisheat import operations
from gisheat.equipment import choose_size, equipment_catalogue
from gisheat.errors import InputError

FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts"
SIZES = np.array([2e4, 5e4, 8e4, 1e5, 2e5])


def file_of(path, **columns):
    """The town with areas; 500 and 300 kW at 110/60 and 75/50 degC."""
    stations = town()["stations"]
    usual = {"heated_area_m2": [10_000.0, 6_000.0], "secondary_supply_temp_c": 75.0, "secondary_return_temp_c": 50.0}
    for name, value in {**usual, **columns}.items():
        stations[name] = value
    return write(path / "in.gpkg", town(stations=stations))


def listed(path, file, **options):
    out = path / "equipment.csv"
    report = operations.equip(file, out, **options)
    return report, pd.read_csv(out).set_index("station_id")


def test_the_catalogue_is_the_published_one():
    published = pd.read_csv(FACTS / "station_equipment.csv")
    ours = equipment_catalogue("cn-stations")
    assert len(published) == len(ours) == 5
    np.testing.assert_array_equal(ours["heated_area_m2"], published["station_scale_1e4_m2"] * 1e4)
    for column in published.columns[1:]:
        own = (
            column.replace("plate_heat_", "")
            .replace("circulation_pump", "circulation")
            .replace("makeup_pump", "makeup")
        )
        np.testing.assert_array_equal(ours[own], published[column], err_msg=column)


def test_sizes_are_those_that_the_plan_gives_its_stations_where_it_has_a_size():
    """33 of 39 stations have a size of the catalogue in the plan; the others have 4, 6, 12, 18 or 30 x 10^4 m2."""
    stations = pd.read_csv(FACTS / "stations.csv")
    own = stations["design_scale_1e4_m2"] * 1e4
    row, sets = choose_size(stations["heated_area_1e4_m2"].to_numpy() * 1e4, SIZES)
    comparable = own.isin(SIZES).to_numpy()
    assert comparable.sum() == 33
    np.testing.assert_array_equal(SIZES[row][comparable], own[comparable])
    assert (SIZES[row] * sets >= own).all()
    assert stations["station_id"][sets > 1].tolist() == ["H17"]


def test_a_station_beyond_the_largest_size_has_equal_sets():
    row, sets = choose_size(np.array([2e5, 2e5 + 1.0, 4.1e5, 6e5, 0.0, np.nan]), SIZES)
    assert sets.tolist() == [1, 2, 3, 3, 0, 0]
    assert SIZES[row[:4]].tolist() == [2e5, 2e5, 2e5, 2e5]  # 100 000.5 m2 needs the next larger one
    assert row[4:].tolist() == [-1, -1]


def test_a_station_worked_out_by_hand(tmp_path):
    """H1: 500 kW, 75/50 degC behind 110/60; c = 4.19 kJ/(kg K) stated, density at 50 degC 988.5 kg/m3 (1.0 MPa)."""
    report, table = listed(tmp_path, file_of(tmp_path), heat_capacity_j_kg_k=4190.0)
    own = table.loc["H1"]
    assert own[["size_m2", "sets", "exchanger_count", "circulation_count", "makeup_count"]].tolist() == [
        2e4,
        1,
        2,
        2,
        2,
    ]
    flow = 500.0 / (4.19 * 25.0) * 3600.0 / 988.45  # 17.38 m3/h
    assert own["secondary_flow_m3_h"] == pytest.approx(flow, rel=1e-4)
    assert own["circulation_running_m3_h"] == 85.0  # one of two in reserve
    mean = (35.0 - 10.0) / np.log(35.0 / 10.0)  # 19.96 K
    assert own["exchanger_needed_m2"] == pytest.approx(500e3 / (3000.0 * mean), rel=1e-9)  # 8.35 m2
    assert own["share_one_out_percent"] == 100.0
    assert own["makeup_share_percent"] == pytest.approx(1.5 / flow * 100.0, rel=1e-4)
    assert pd.isna(own["remark"])
    assert report.exit_code == 0
    assert report.figures["exchangers"] == (4, "")


def test_what_does_not_suffice_is_found_at_its_station(tmp_path):
    file = file_of(tmp_path, heated_area_m2=[10_000.0, 250_000.0], load_kw=[5_000.0, 300.0])
    report, table = listed(tmp_path, file, heat_transfer_w_m2_k=500.0, make_up_percent=5.0)
    found = {(f.rule, f.source_fid): f for f in report.findings if f.layer == "stations"}
    first, second = sorted({fid for _, fid in found})
    assert {rule for rule, fid in found if fid == first} >= {
        "circulation-pump-small", "exchanger-small", "exchanger-one-out", "make-up-small"}  # fmt: skip
    assert [rule for rule, fid in found if fid == second and rule.startswith(("station", "exch", "circ", "make"))] == [
        "station-large"
    ]
    assert found["circulation-pump-small", first].message.startswith("Station H1 needs 174.1 m3/h")
    assert "reach 85.0 m3/h" in found["circulation-pump-small", first].message
    assert found["exchanger-small", first].severity == "warning"
    assert found["station-large", second].severity == "info"
    assert found["station-large", second].point is not None
    assert table.loc["H1", "share_one_out_percent"] == pytest.approx(42.0 / (5e6 / (500.0 * 19.956)) * 100.0, rel=1e-3)
    assert table.loc["H2", "sets"] == 2
    assert "2 equal sets of 200000 m2" in table.loc["H2", "remark"]


def test_stations_without_an_area_count_by_their_load_and_direct_ones_have_no_exchanger(tmp_path):
    file = file_of(tmp_path, heated_area_m2=[10_000.0, None])
    _, table = listed(tmp_path, file)
    assert table["size_m2"].tolist() == [2e4, 2e4]  # 300 kW at 50 W/m2: 6 000 m2
    _, table = listed(tmp_path, file_of(tmp_path / "b", connection=["direct", "indirect"]))
    assert pd.isna(table.loc["H1", "size_m2"])
    assert pd.isna(table.loc["H1", "remark"])
    report, table = listed(tmp_path, file_of(tmp_path / "c", heated_area_m2=[None, None]))
    assert table["size_m2"].isna().all()
    assert sum(f.rule == "equipment-unknown" for f in report.findings) == 2
    report, table = listed(tmp_path, file_of(tmp_path / "d", secondary_supply_temp_c=[None, 75.0]))
    assert table["size_m2"].notna().all()
    assert [f.rule for f in report.findings if f.rule.startswith("equipment")] == ["equipment-unchecked"]


def test_a_catalogue_of_ones_own_beside_the_project(tmp_path):
    file_of(tmp_path)
    own = equipment_catalogue("cn-stations").assign(heated_area_m2=lambda t: t["heated_area_m2"] / 4.0)
    own.to_csv(tmp_path / "mine.csv", index=False)
    project = tmp_path / "project.toml"
    layers = "".join(f'{n} = "in.gpkg|{n}"\n' for n in town())
    project.write_text(f'name = "=1+1"\n[layers]\n{layers}[options]\nequipment_catalogue = "mine.csv"\n', "utf-8")
    out = tmp_path / "equipment.xlsx"
    operations.equip(project, out)
    book = load_workbook(out)
    assert book.sheetnames == ["Station equipment", "Equipment totals", "Notes"]
    rows = list(book["Station equipment"].iter_rows(min_row=4, values_only=True))
    assert [row[5] for row in rows] == [12_500, 12_500]
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    totals = next(book["Equipment totals"].iter_rows(min_row=4, values_only=True))
    assert totals[:3] == (12_500, 2, 2)
    again = tmp_path / "again.xlsx"
    operations.equip(project, again)
    assert again.read_bytes() == out.read_bytes()


HEADING = ",".join(equipment_catalogue("cn-stations").columns) + "\n"


@pytest.mark.parametrize(("text", "sentence"), [
    (None, "neither one of cn-stations nor a CSV file"),
    ("heated_area_m2\n20000\n", "each row needs numbers in heated_area_m2, exchanger_area_m2"),
    (HEADING + "20000,42,2,85,22,two,1,35,2\n", "each row needs numbers"),
    (HEADING + "20000,42,2,85,22,1.5,1,35,2\n", "a count not whole"),
    (HEADING, "it is empty"),
])  # fmt: skip
def test_a_catalogue_that_can_not_be_used_is_refused_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "mine.csv"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=sentence):
        operations.equip(file_of(tmp_path), tmp_path / "e.csv", equipment_catalogue=str(path))
    assert not (tmp_path / "e.csv").exists()


def test_a_catalogue_is_an_input_and_never_written_over(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADING + "20000,42,2,85,22,2,1.5,35,2,x\n", "utf-8")
    before = path.read_bytes()
    with pytest.raises(InputError, match="is an input"):
        operations.equip(file_of(tmp_path), path, equipment_catalogue=str(path))
    assert path.read_bytes() == before


def test_a_catalogue_that_is_no_text_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\x00\xff\xfe" * 40)
    with pytest.raises(InputError, match="it is no CSV file in UTF-8 or GB 18030"):
        operations.equip(file_of(tmp_path), tmp_path / "e.csv", equipment_catalogue=str(path))
