"""The verb `table`: critical paths, the whole network and notes, with the numbers of the solved network."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from drawings import call, layer, line, point, town, write

from gisheat.operations import check_table, solve, table

MULAN = Path(__file__).parents[1] / "sample_gis" / "mulan"


def read(path: Path, sheet: str) -> pd.DataFrame:
    """A sheet with the values it shows, headings as columns."""
    rows = list(openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True))
    return pd.DataFrame(rows[3:], columns=rows[1])


@pytest.fixture(scope="module")
def mulan(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("table") / "mulan.xlsx"
    table(MULAN / "project.toml", target)
    return target


@pytest.fixture(scope="module")
def solved(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """Pipes and nodes of Mulan's result."""
    target = tmp_path_factory.mktemp("solved") / "mulan.gpkg"
    solve(MULAN / "project.toml", target)
    return {name: gpd.read_file(target, layer=name).set_index(f"{name[:-1]}_id") for name in ("pipes", "nodes")}


# Mulan -----------------------------------------------------------------------------------------------------------


def test_the_critical_path_has_the_figures_of_the_published_table(mulan):
    published = pd.read_csv(MULAN / "facts" / "hydraulic_table.csv")
    found = read(mulan, "Critical path")
    assert found["Section"].tolist() == published["pipe"].tolist()
    for heading, column, limit in (
        ("Supply flow", "flow_t_h", 0.003), ("Length", "length_m", 1e-3),
        ("Calculation length", "calculation_length_m", 0.05),
        ("Supply specific friction", "specific_friction_pa_m", 0.01),
        ("Supply velocity", "velocity_m_s", 0.012),
    ):  # fmt: skip
        assert found[heading].to_numpy(float) == pytest.approx(published[column].to_numpy(float), rel=limit), heading
    bore = published["computed_with_inner_diameter_m"].to_numpy() * 1e3
    assert found["Bore"].to_numpy(float) == pytest.approx(bore, abs=1e-9)
    assert found["Supply loss cumulated"].iloc[-1] == pytest.approx(237.57, rel=0.002)
    assert found["Both cumulated"].iloc[-1] == pytest.approx(2 * 237.57, rel=0.002)


def test_the_notes_have_the_sums_the_water_and_the_law(mulan):
    sheet = openpyxl.load_workbook(mulan, data_only=True)["Notes"]
    said = {row[0]: row[1] for row in sheet.iter_rows(values_only=True) if row[0]}
    assert said["Critical path from S1 to station R09: length"] == pytest.approx(5594.1, abs=0.1)
    assert said["   loss of both"] == pytest.approx(2 * 237.57, rel=0.002)
    assert said["Density of the supply water"] == 968.65
    assert said["Friction law"] == "rough"
    assert any(text.startswith("λ = 0.11 (K/d)^0.25") for text in said)
    assert said["phase"] == "near"


def test_the_whole_network_has_every_pipe_and_the_numbers_of_the_result(mulan, solved):
    result = solved["pipes"]
    found = read(mulan, "Whole network").set_index("Section")
    assert set(found.index) == set(result.index)
    result = result.loc[found.index]
    for heading, column in (
        ("Supply flow", "sup_flow_t_h"), ("Return flow", "ret_flow_t_h"), ("Supply velocity", "sup_velocity_m_s"),
        ("Supply specific friction", "sup_friction_pa_m"), ("Supply loss", "sup_loss_kpa"),
        ("Return loss", "ret_loss_kpa"), ("Heated area", "heated_area_m2"), ("Load", "load_kw"), ("DN", "dn_mm"),
        ("Equivalent length", "equivalent_length_m"),
    ):  # fmt: skip
        assert found[heading].to_numpy(float) == pytest.approx(result[column].to_numpy(float), abs=2e-6), heading
    assert found["Governed by"].tolist() == result["governed_by"].tolist()


def test_cumulated_losses_are_the_fall_of_the_heads_from_the_source(mulan, solved):
    nodes = solved["nodes"]
    found = read(mulan, "Whole network")
    fall = (nodes.loc["A1", "sup_head_m"] - nodes.loc[found["To"], "sup_head_m"]).to_numpy() * 968.65 * 9.80665 / 1e3
    assert found["Supply loss cumulated"].to_numpy(float) == pytest.approx(fall, abs=2e-5)
    rise = (nodes.loc[found["To"], "ret_head_m"] - nodes.loc["A1", "ret_head_m"]).to_numpy() * 968.65 * 9.80665 / 1e3
    assert found["Return loss cumulated"].to_numpy(float) == pytest.approx(rise, abs=2e-5)


def test_what_follows_from_flow_length_bore_and_roughness_is_a_formula(mulan):
    book = openpyxl.load_workbook(mulan)
    for name in ("Critical path", "Whole network"):
        headings = [cell.value for cell in book[name][2]]
        first = [cell.value for cell in book[name][4]]
        live = {h for h, value in zip(headings, first, strict=True) if str(value).startswith("=")}
        assert {
            "Calculation length", "Equivalent length", "Supply velocity", "Supply specific friction", "Supply loss",
            "Supply loss cumulated", "Return loss", "Both cumulated", "Supply Re", "Supply λ", "Return flow",
        } <= live  # fmt: skip
        assert not {"Supply flow", "Length", "Bore", "Roughness"} & live
    assert book["Critical path"]["S5"].value == "=R5+S4"


def test_our_own_table_agrees_with_itself_as_workbook_and_as_csv(mulan, tmp_path):
    table(MULAN / "project.toml", tmp_path / "m.csv")
    for file in (str(mulan), f"{mulan}|Whole network", str(tmp_path / "m.csv")):
        report = check_table(file, density_kg_m3=968.65)
        assert report.findings == ()
        assert report.figures["bore against specific friction"][0].startswith("all ")
        assert report.figures["cumulated loss"][0].startswith("all ")


def test_csv_has_the_path_or_the_network_as_values(tmp_path):
    table(MULAN / "project.toml", tmp_path / "path.csv")
    table(MULAN / "project.toml", tmp_path / "network.csv", rows="network")
    path, network = pd.read_csv(tmp_path / "path.csv"), pd.read_csv(tmp_path / "network.csv")
    assert (len(path), path["source_id"].unique().tolist()) == (20, ["S1"])
    assert len(network) > 100
    assert not any(re.search("reynolds|root|factor|slope", name) for name in network.columns)
    assert path["sup_loss_kpa"].sum() == pytest.approx(237.57, rel=0.002)


def test_the_same_input_gives_the_same_bytes(mulan, tmp_path):
    table(MULAN / "project.toml", tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == mulan.read_bytes()


def test_the_workbook_in_chinese(tmp_path):
    report = table(MULAN / "project.toml", tmp_path / "m.xlsx", language="zh")
    book = openpyxl.load_workbook(tmp_path / "m.xlsx")
    assert book.sheetnames == ["最不利环路", "全部管段", "说明"]
    assert [cell.value for cell in book["最不利环路"][2]][:7] == [
        "序号", "管段编号", "起点", "终点", "供水流量", "回水流量", "管长",
    ]  # fmt: skip
    assert report.figures["station"] == ("R09", "")


# other networks --------------------------------------------------------------------------------------------------


def two_sources(path: Path) -> Path:
    """Two sources at the ends of a street, each with a station, half the flow from each."""
    return write(path, town(
        pipes=layer([line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((200, 0), (300, 0)),
                     line((100, 0), (100, 80)), line((200, 0), (200, 80))],
                    pipe_id=["P1", "P2", "P3", "P4", "P5"]),
        stations=layer([point(100, 80), point(200, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0],
                       ground_m=[100.0, 101.0]),
        sources=layer([point(0, 0), point(300, 0)], source_id=["S1", "S2"], supply_temp_c=[110.0] * 2,
                      return_temp_c=[60.0] * 2, static_head_m=[30.0] * 2, ground_m=[100.0] * 2,
                      flow_share=[0.6, 0.4], pressure_holding=[True, False]),
    ))  # fmt: skip


def test_each_source_that_serves_stations_has_its_critical_path(tmp_path):
    report = table(two_sources(tmp_path / "t.gpkg"), tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["Critical path S1", "Critical path S2", "Whole network", "Notes"]
    assert read(tmp_path / "t.xlsx", "Critical path S1")["Section"].tolist() == ["P1", "P4"]
    assert read(tmp_path / "t.xlsx", "Critical path S2")["Section"].tolist() == ["P3", "P5"]
    assert report.figures["S2: station"] == ("H2", "")
    backwards = read(tmp_path / "t.xlsx", "Critical path S2").iloc[0]  # P3 is drawn from the other end
    assert backwards["Supply flow"] > 0.0 < backwards["Supply loss"]
    network = read(tmp_path / "t.xlsx", "Whole network").set_index("Section")
    assert network.loc["P3", "Supply flow"] < 0.0 > network.loc["P3", "Supply loss"]
    for side in ("Supply", "Return"):  # losses add up in the sense of the flow
        assert network.loc["P3", f"{side} loss cumulated"] == pytest.approx(-network.loc["P3", f"{side} loss"])
    table(tmp_path / "t.gpkg", tmp_path / "t.csv")
    assert pd.read_csv(tmp_path / "t.csv")["source_id"].tolist() == ["S1", "S1", "S2", "S2"]


def test_supply_and_return_of_unlike_water_have_their_own_losses(tmp_path):
    table(write(tmp_path / "t.gpkg", town()), tmp_path / "t.xlsx")
    path = read(tmp_path / "t.xlsx", "Critical path")
    assert (path["Supply velocity"] > path["Return velocity"]).all()  # 110 degC is lighter than 60
    assert (path["Supply specific friction"] < path["Return specific friction"] * 1.05).all()
    both = path["Supply loss cumulated"] + path["Return loss cumulated"]
    assert path["Both cumulated"].to_numpy(float) == pytest.approx(both.to_numpy(float))


def test_valves_and_pumps_on_the_way_have_rows_of_their_own(tmp_path):
    layers = town(
        valves=layer([point(50, 0)], valve_id=["V1"], kind=["control"], line=["both"], kvs_m3_h=[60.0]),
        pumps=layer([point(150, 0)], pump_id=["U1"], control=["constant_difference"], setpoint_kpa=[20.0]),
    )
    layers["stations"]["load_kw"] = [500.0, 300.0]
    table(write(tmp_path / "t.gpkg", layers), tmp_path / "t.xlsx")
    network = read(tmp_path / "t.xlsx", "Whole network").set_index("Section")
    assert network.loc["V1", "Pipe D x wall"] == "valve"
    assert network.loc["U1", "Pipe D x wall"] == "pump"
    assert network.loc["V1", "Supply loss"] > 0.0 > network.loc["U1", "Supply loss"]
    assert network.loc["U1", "Supply loss"] == pytest.approx(-20.0, rel=1e-6)
    assert pd.isna(network.loc["V1", "Length"])
    path = read(tmp_path / "t.xlsx", "Critical path")
    total = path["Supply loss"].astype(float).sum()
    assert path["Supply loss cumulated"].iloc[-1] == pytest.approx(total)
    assert "V1" in path["Section"].tolist()


def test_a_ring_adds_up_to_the_same_loss_both_ways(tmp_path):
    layers = town(
        pipes=layer([line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 80)),
                     line((100, 80), (200, 80)), line((200, 80), (200, 0)), line((200, 80), (260, 80))],
                    pipe_id=["P1", "P2", "P3", "P4", "P5", "P6"], dn_mm=[150.0, 100.0, 80.0, 80.0, 65.0, 80.0]),
        stations=layer([point(200, 0), point(260, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0],
                       ground_m=[100.0, 101.0]),
    )  # fmt: skip
    table(write(tmp_path / "t.gpkg", layers), tmp_path / "t.xlsx")
    network = read(tmp_path / "t.xlsx", "Whole network").set_index("Section")
    loss, total = network["Supply loss"], network["Supply loss cumulated"]
    around = loss["P3"] + loss["P4"] + loss["P5"] - loss["P2"]
    assert around == pytest.approx(0.0, abs=1e-9 * loss["P1"] + 1e-9)
    assert total["P6"] == pytest.approx(loss["P1"] + loss["P3"] + loss["P4"] + loss["P6"])
    report = check_table(f"{tmp_path / 't.xlsx'}|Whole network", friction="colebrook", water_temp_c=110.0)
    assert report.figures["cumulated loss"][0].startswith("all ")


def test_names_with_formulas_and_markup_are_text(tmp_path):
    layers = town()
    layers["pipes"]["pipe_id"] = ['=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "+1-1"]
    table(write(tmp_path / "t.gpkg", layers), tmp_path / "t.xlsx")
    names = read(tmp_path / "t.xlsx", "Whole network")["Section"].tolist()
    assert names == layers["pipes"]["pipe_id"].tolist()
    cells = openpyxl.load_workbook(tmp_path / "t.xlsx")["Whole network"]["B"][3:]
    assert {cell.data_type for cell in cells} == {"s"}


def test_pipes_without_a_result_stay_out_and_a_network_without_a_way_is_a_sentence(tmp_path):
    layers = town(stations=layer([point(0, 0)], station_id=["H"], load_kw=[500.0], ground_m=[100.0]))
    ran = call("table", write(tmp_path / "t.gpkg", layers), "--output", tmp_path / "t.xlsx")
    assert ran.code in (2, 3)
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not (tmp_path / "t.xlsx").exists()


def test_a_one_pipe_network_and_another_suffix_are_sentences(tmp_path):
    nodes = layer([point(0, 0), point(100, 0)], node_id=["A", "B"], fixed_head_m=[50.0, np.nan], demand_kg_s=[0.0, 3.0])
    pipes = layer([line((0, 0), (100, 0))], pipe_id=["P"], from_node=["A"], to_node=["B"], length_m=[100.0],
                  inner_diameter_mm=[100.0])  # fmt: skip
    path = write(tmp_path / "one.gpkg", {"nodes": nodes, "pipes": pipes})
    ran = call("table", path, "--output", tmp_path / "t.xlsx")
    assert ran.code in (2, 3)
    assert len(ran.err.strip().splitlines()) == 1
    assert "ends in .xlsx or .csv" in call("table", path, "--output", tmp_path / "t.ods").err
