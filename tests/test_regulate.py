"""The verb `regulate`, and networks solved at a point of the curve; expected numbers are worked out by hand."""

import re

import numpy as np
import pandas as pd
import pyogrio
import pytest
from drawings import call, town, values, write

from gisheat import operations
from gisheat.errors import InputError

CLIMATE = {"design_outdoor_temp_c": -22.0, "indoor_temp_c": 18.0}
WATER = {"friction": "rough", "density_kg_m3": 970.0, "heat_capacity_j_kg_k": 4190.0}
LOAD = {"H1": 500.0, "H2": 300.0}
DESIGN_FLOW = {name: load * 3.6 / (4.190 * 50.0) for name, load in LOAD.items()}
"""Of 110/60 degC [t/h]."""


def heated(**columns):
    """The town with secondary sides."""
    stations = town()["stations"]
    usual = {"secondary_supply_temp_c": 75.0, "secondary_return_temp_c": 50.0}
    for name, value in {**usual, **columns}.items():
        stations[name] = value
    return town(stations=stations)


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "in.gpkg", heated())


def solved(file, **options):
    out = file.with_name("out.gpkg")
    report = operations.solve(file, out, **{**WATER, **CLIMATE, **options})
    figures = {name: value for name, (value, _) in report.figures.items()}
    flows = dict(zip(values(out, "stations", "station_id"), values(out, "stations", "flow_t_h"), strict=True))
    return figures, flows, out


# hydraulics ------------------------------------------------------------------------------------------------------


def test_combined_regulation_has_load_times_the_design_flow_and_its_square_of_the_loss(file):
    design, _, _ = solved(file)
    found, flows, _ = solved(file, outdoor_temp_c=-2.0, regulation="combined")  # (18 + 2) / (18 + 22) = 0.5
    assert flows == pytest.approx({name: 0.5 * flow for name, flow in DESIGN_FLOW.items()}, abs=1e-6)
    assert found["relative load"] == 0.5
    assert found["heat load at this temperature"] == pytest.approx(0.4, rel=1e-9)
    for part in ("supply loss", "return loss"):
        assert found[f"pump head: {part}"] == pytest.approx(0.25 * design[f"pump head: {part}"], rel=1e-9)
    for part in ("station", "plant", "reserve"):
        assert found[f"pump head: {part}"] == design[f"pump head: {part}"]
    assert found["heat load"] == design["heat load"]  # that of the design


def test_quality_regulation_keeps_flows_and_losses(file):
    design, at_design, _ = solved(file)
    found, flows, out = solved(file, outdoor_temp_c=-2.0, regulation="quality")
    assert flows == pytest.approx(at_design, rel=1e-9)
    assert found["pump head"] == pytest.approx(design["pump head"], rel=1e-9)
    supply, back = (values(out, "stations", name)[0] for name in ("supply_temp_c", "return_temp_c"))
    assert supply - back == pytest.approx(0.5 * 50.0, abs=1e-5)
    assert values(out, "sources", "supply_temp_c") == [supply]
    secondary = values(out, "stations", "secondary_supply_temp_c")[0]
    assert secondary == pytest.approx(18.0 + 44.5 * 0.5 ** (1.0 / 1.3) + 0.25 * 25.0, abs=1e-5)


def test_quantity_regulation_keeps_the_supply_and_lowers_flow_more_than_the_load(file):
    found, flows, out = solved(file, outdoor_temp_c=-2.0, regulation="quantity")
    assert values(out, "stations", "supply_temp_c") == [110.0, 110.0]
    back = values(out, "stations", "return_temp_c")[0]
    for name, load in LOAD.items():
        assert flows[name] == pytest.approx(0.5 * load * 3.6 / (4.190 * (110.0 - back)), rel=1e-6)
    assert back < 60.0
    assert found["relative flow"] < 0.5


def test_stations_that_differ_have_flows_of_their_own_on_one_supply(tmp_path):
    file = write(tmp_path / "in.gpkg", heated(
        emitter=["radiators", "地暖"], secondary_supply_temp_c=[75.0, 45.0], secondary_return_temp_c=[50.0, 35.0],
        return_temp_c=[60.0, 45.0]))  # fmt: skip
    _, flows, out = solved(file, outdoor_temp_c=-2.0, regulation="quality")
    supply, back = (np.array(values(out, "stations", name)) for name in ("supply_temp_c", "return_temp_c"))
    assert supply[0] == supply[1]
    for i, (name, load) in enumerate(LOAD.items()):
        assert flows[name] == pytest.approx(0.5 * load * 3.6 / (4.190 * (supply[i] - back[i])), rel=1e-6)
    mixed = sum(flows[name] * back[i] for i, name in enumerate(LOAD)) / sum(flows.values())
    assert values(out, "sources", "return_temp_c")[0] == pytest.approx(mixed, abs=1e-4)


def test_what_an_exchanger_loses_goes_with_the_square_of_what_is_asked_for(tmp_path):
    """With valves that stand open, a network with half the head for half the flow is the same network."""
    file = write(tmp_path / "in.gpkg", heated(control="none", hx_loss_kpa=40.0))
    design, full, _ = solved(file)
    found, flows, out = solved(file, outdoor_temp_c=-2.0, regulation="combined")
    assert flows == pytest.approx({name: 0.5 * flow for name, flow in full.items()}, rel=1e-6)
    assert values(out, "stations", "hx_loss_kpa") == pytest.approx([10.0, 10.0])
    assert found["flow"] == pytest.approx(0.5 * design["flow"], rel=1e-6)


def test_a_result_at_a_point_says_what_it_was_solved_with_and_is_looked_at_as_it_was(file):
    found, flows, out = solved(
        file, outdoor_temp_c=-2.0, regulation="stepped", flow_steps="1,0.7", min_supply_temp_c=65
    )
    record = dict(zip(values(out, "run", "key"), values(out, "run", "value"), strict=True))
    assert record["option outdoor_temp_c"] == "-2"
    assert record["option indoor_temp_c"] == "18"
    assert record["option regulation"] == "stepped"
    assert any("at -2 degC outside: relative load 0.5" in value for value in record.values())
    text = operations.explain(out, station="H1").text
    assert f"{flows['H1']:.2f} t/h" in text
    assert f"{found['heat load at this temperature'] * 5 / 8 * 1e3:.1f} kW" in text


def test_what_goes_by_the_design_refuses_a_result_of_another_point(file, tmp_path):
    _, _, out = solved(file, outdoor_temp_c=-2.0)
    for operation, name in ((operations.regulate, "c.csv"), (operations.equip, "e.csv")):
        with pytest.raises(InputError, match=r"was solved at -2 degC outside, and .* goes by the design"):
            operation(out, tmp_path / name)
    _, _, out = solved(file)
    operations.regulate(out, tmp_path / "c.csv", outdoor_temps_c="-22")  # the climate is in its record
    assert pd.read_csv(tmp_path / "c.csv")["supply_temp_c"].tolist() == [110.0]


def test_scenarios_and_sweeps_go_along_the_curve(file, tmp_path):
    project = tmp_path / "project.toml"
    project.write_text(
        'name = "T"\n[layers]\n' + "".join(f'{n} = "in.gpkg|{n}"\n' for n in town())
        + "[options]\ndesign_outdoor_temp_c = -22.0\n"
        + 'friction = "rough"\ndensity_kg_m3 = 970.0\nheat_capacity_j_kg_k = 4190.0\n'
        + '[scenarios.mild]\noutdoor_temp_c = -2.0\nregulation = "combined"\n',
        encoding="utf-8",
    )  # fmt: skip
    operations.run(project, tmp_path / "run.gpkg")
    compared = pyogrio.read_dataframe(tmp_path / "run.gpkg", layer="comparison").set_index("scenario_id")
    assert compared.loc["mild", "flow_t_h"] == pytest.approx(0.5 * compared.loc["main", "flow_t_h"], abs=1e-6)
    assert compared.loc["mild", "heat_load_mw"] == pytest.approx(0.4, rel=1e-9)

    operations.sweep(project, tmp_path / "sweep.gpkg", regulation="quantity", outdoor_scenarios_c="-22,-2,5")
    swept = pyogrio.read_dataframe(tmp_path / "sweep.gpkg", layer="scenarios").set_index("scenario_id")
    single, flows, _ = solved(file, outdoor_temp_c=-2.0, regulation="quantity")
    assert swept.loc["outdoor -2", "flow_t_h"] == pytest.approx(sum(flows.values()), abs=2e-6)
    assert swept.loc["outdoor -2", "pump_head_m"] == pytest.approx(single["pump head"], abs=1e-6)
    assert swept["heat_load_mw"].to_numpy() == pytest.approx([0.8, 0.4, 0.26], rel=1e-6)
    with pytest.raises(InputError, match="scenarios by themselves"):
        operations.sweep(project, tmp_path / "x.gpkg", load_factors="1", outdoor_scenarios_c="-22")


# table and chart -------------------------------------------------------------------------------------------------


def test_the_table_has_the_design_whole_degrees_and_the_start(file, tmp_path):
    out = tmp_path / "curve.csv"
    operations.regulate(file, out, design_outdoor_temp_c=-9.6, heating_start_temp_c=2.5)
    table = pd.read_csv(out)
    assert table["outdoor_temp_c"].tolist() == [-9.6, *range(-9, 3), 2.5]
    first = table.iloc[0]
    assert first[["supply_temp_c", "return_temp_c", "relative_flow"]].tolist() == [110.0, 60.0, 1.0]
    assert first["load_mw"] == pytest.approx(0.8)


def test_several_kinds_have_rows_of_their_own_and_the_network_as_a_whole(tmp_path):
    secondary = {"secondary_supply_temp_c": [75.0, 45.0], "secondary_return_temp_c": [50.0, 35.0]}
    file = write(tmp_path / "in.gpkg", heated(emitter=["radiators", "floor"], **secondary))
    out = tmp_path / "curve.csv"
    operations.regulate(file, out, outdoor_temps_c="-22,0", **CLIMATE)
    table = pd.read_csv(out)
    assert sorted(set(table["kind"])) == ["all", "floor heating 45/35 °C", "radiators 75/50 °C"]
    for tw, rows in table.groupby("outdoor_temp_c"):
        whole, parts = rows[rows["kind"] == "all"].iloc[0], rows[rows["kind"] != "all"]
        assert whole["flow_t_h"] == pytest.approx(parts["flow_t_h"].sum()), tw
        assert whole["load_mw"] == pytest.approx(parts["load_mw"].sum())
        heat = (parts["flow_t_h"] * parts["return_temp_c"]).sum() / parts["flow_t_h"].sum()
        assert whole["return_temp_c"] == pytest.approx(heat)


@pytest.mark.parametrize("name", ["curve.png", "curve.svg", "curve.pdf", "curve.xlsx", "curve.csv"])
def test_the_same_curve_has_the_same_bytes(file, tmp_path, name):
    once, twice = tmp_path / "a" / name, tmp_path / "b" / name
    for target in (once, twice):
        target.parent.mkdir()
        report = operations.regulate(file, target, outdoor_temps_c="-22,-10,5", **CLIMATE)
        assert report.files == (target,)
    assert once.read_bytes() == twice.read_bytes()
    assert [path.name for path in once.parent.iterdir()] == [name]


def test_the_chart_says_the_indoor_temperature_and_names_its_lines(file, tmp_path):
    chart, data = tmp_path / "curve.svg", tmp_path / "curve.csv"
    report = operations.regulate(file, chart, data=data, regulation="combined", **CLIMATE)
    assert report.files == (chart, data)
    texts = re.findall(r"<!-- (.*?) -->", chart.read_text(encoding="utf-8"))
    assert any("indoor temperature 18 °C" in text for text in texts)
    assert {"primary supply", "primary return", "supply, radiators 75/50 °C", "return, radiators 75/50 °C"} <= set(
        texts
    )
    assert report.figures["indoor temperature"] == (18.0, "degC")
    assert len(pd.read_csv(data)) == 28


# what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "options", "sentence"), [
    ({}, {"min_supply_temp_c": 140.0}, r"min_supply_temp_c \(140\) must not be above the design supply"),
    ({}, {"design_outdoor_temp_c": None}, "the design outdoor temperature is not known"),
    ({}, {"design_outdoor_temp_c": 12.0, "outdoor_temps_c": "3", "indoor_temp_c": 10.0}, "must be below indoor"),
    ({}, {"design_outdoor_temp_c": 7.0}, r"design_outdoor_temp_c \(7\) must be below heating_start_temp_c \(5\)"),
    ({}, {"outdoor_temps_c": "-20;5"}, "outdoor_temps_c is '-20;5': numbers separated by commas"),
    ({}, {"outdoor_temps_c": "nan"}, "outdoor_temps_c is 'nan'"),
    ({}, {"outdoor_temps_c": "-100"}, "outdoor_temps_c names -100; temperatures from -60 to 20 degC are needed"),
    ({}, {"flow_steps": "1,0"}, "flow_steps is '1,0': relative flows above 0"),
    ({"secondary_supply_temp_c": [75.0, None]}, {}, "station 'H2' has no secondary temperatures: give"),
    ({"secondary_supply_temp_c": 45.0}, {}, r"'H1' has a secondary supply \(45 degC\) that is not above its return"),
    ({"secondary_return_temp_c": 15.0}, {}, r"'H1' has a secondary return \(15 degC\) that is not above the indoor"),
    ({"secondary_supply_temp_c": 115.0}, {}, "primary 110/60 degC is not above secondary 115/50 degC"),
    ({"secondary_return_temp_c": 60.0}, {}, "has an exchanger, but primary 110/60 degC is not above"),
    ({"connection": "mixing"}, {}, r"'H1' mixes, but its returns are not the same \(60 and 50 degC\)"),
    ({"connection": "direct"}, {"regulation": "quantity"}, "no flow gives stations of 110/60 degC their heat"),
    ({}, {"outdoor_temps_c": "-22,18"}, "at 18 degC outside there is no heat load"),
])  # fmt: skip
def test_curves_out_of_order_are_refused_in_a_sentence(tmp_path, columns, options, sentence):
    file = write(tmp_path / "in.gpkg", heated(**columns))
    given = {name: value for name, value in {**CLIMATE, **options}.items() if value is not None}
    with pytest.raises(InputError, match=sentence):
        operations.regulate(file, tmp_path / "curve.png", **given)
    assert not (tmp_path / "curve.png").exists()


def test_the_options_stand_in_for_stations_that_state_no_secondary_temperature(tmp_path):
    file = write(tmp_path / "in.gpkg", town())
    options = {"secondary_supply_temp_c": 60.0, "secondary_return_temp_c": 45.0, "outdoor_temps_c": "-22"}
    operations.regulate(file, tmp_path / "curve.csv", **CLIMATE, **options)
    assert pd.read_csv(tmp_path / "curve.csv")["secondary_supply_temp_c"].tolist() == [60.0]


def test_the_command_line_takes_temperatures_below_zero(file, tmp_path):
    ran = call(
        "regulate", file, "--output", tmp_path / "c.csv", "--design-outdoor-temp-c", "-22", "--outdoor-temps-c", "-22,5"
    )
    assert ran.code == 0, ran.err
    assert "tn" not in ran.err
    ran = call("regulate", file, "--output", tmp_path / "c.docx", "--design-outdoor-temp-c", "-22")
    assert ran.code == 2
    assert "a name that ends in .png, .svg, .pdf, .xlsx or .csv is needed" in ran.sentence


def test_names_that_look_like_formulas_stay_text(tmp_path):
    project = tmp_path / "project.toml"
    write(tmp_path / "in.gpkg", heated())
    project.write_text(
        'name = "=HYPERLINK(1)"\n[layers]\n' + "".join(f'{n} = "in.gpkg|{n}"\n' for n in town()), "utf-8"
    )
    operations.regulate(project, tmp_path / "c.xlsx", outdoor_temps_c="-22", **CLIMATE)
    from openpyxl import load_workbook

    sheet = load_workbook(tmp_path / "c.xlsx").worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert "=HYPERLINK(1)" in sheet["A1"].value


def test_inputs_are_not_changed(file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(InputError):
        operations.regulate(file, file, **CLIMATE)
    operations.regulate(file, tmp_path / "c.png", **CLIMATE)
    assert file.read_bytes() == before
