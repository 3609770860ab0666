"""EPANET files in and out: units, elements, what is frozen or refused, the verbs import-inp and export-inp."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
from drawings import call, names_in, town, write
from oracle.epanet_runner import run_file

import gisheat
from gisheat.epanet import read_inp, write_inp
from gisheat.errors import InputError

SAMPLE = Path(__file__).parents[1] / "sample_gis" / "epanet" / "hill.inp"
PLAIN = """
[JUNCTIONS]
A 10 100
B 12 50
{nodes}
[RESERVOIRS]
R 200
[PIPES]
P1 R A 1000 12 110 2 Open
P2 A B 500 8 110 0 {status}
[OPTIONS]
UNITS {units}
HEADLOSS {law}
{more}
"""


@pytest.fixture
def inp(tmp_path):
    """A file with a text."""

    def make(text, name="net.inp"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return make


def plain(units="GPM", law="H-W", status="Open", more="", nodes=""):
    return PLAIN.format(units=units, law=law, status=status, more=more, nodes=nodes)


def rules(imported):
    return [f.rule for f in imported.findings]


def column(imported, layer, name):
    return imported.tables[layer][name]


# units ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "cubic_metres_per_second"),
    [("CFS", 0.3048**3), ("GPM", 3.785411784e-3 / 60), ("MGD", 3785.411784 / 86400), ("IMGD", 4546.09 / 86400),
     ("AFD", 43560 * 0.3048**3 / 86400), ("LPS", 1e-3), ("LPM", 1e-3 / 60), ("MLD", 1e3 / 86400), ("CMH", 1 / 3600),
     ("CMD", 1 / 86400)],
)  # fmt: skip
def test_a_hundred_of_every_flow_unit_is_so_much_water(inp, units, cubic_metres_per_second):
    """Definitions of the units; EPANET's own constants have four to six digits."""
    imported = read_inp(inp(plain(units).replace("A 10 100", "A 10 1e-3").replace("B 12 50", "B 12 2e-3")))
    found = column(imported, "nodes", "demand_kg_s")
    assert found[:2] == pytest.approx([cubic_metres_per_second, 2.0 * cubic_metres_per_second], rel=1.2e-4)


def test_feet_inches_and_thousandths_of_a_foot_become_metric(inp):
    imported = read_inp(inp(plain("GPM", "D-W").replace(" 110 ", " 0.85 ")))
    assert column(imported, "nodes", "ground_m") == pytest.approx([10 * 0.3048, 12 * 0.3048, 200 * 0.3048])
    assert column(imported, "nodes", "fixed_head_m")[2] == pytest.approx(200 * 0.3048)
    assert column(imported, "pipes", "length_m") == pytest.approx([304.8, 152.4])
    assert column(imported, "pipes", "inner_diameter_mm") == pytest.approx([304.8, 203.2])
    assert column(imported, "pipes", "roughness_mm") == pytest.approx([0.85e-3 * 304.8] * 2)
    assert column(imported, "pipes", "zeta") == [2.0, 0.0]


def test_hazen_williams_keeps_its_coefficient_and_the_law_is_named(inp):
    hazen, darcy = read_inp(inp(plain())), read_inp(inp(plain(law="D-W")))
    assert column(hazen, "pipes", "roughness_mm") == pytest.approx([110.0, 110.0])
    assert (hazen.options["friction"], darcy.options["friction"]) == ("hazen-williams", "swamee-jain")


def test_water_and_gravity_are_those_of_epanet(inp):
    """VISCOSITY is relative to 1.1e-5 ft2/s, SPECIFIC GRAVITY to 1000 kg/m3, and g is 32.2 ft/s2 (EPANET's source)."""
    options = read_inp(inp(plain(more="VISCOSITY 0.5\nSPECIFIC GRAVITY 0.97"))).options
    assert options["density_kg_m3"] == pytest.approx(970.0)
    assert options["viscosity_pa_s"] == pytest.approx(0.5 * 1.1e-5 * 0.3048**2 * 970.0)
    assert options["gravity_m_s2"] == pytest.approx(9.81456)


@pytest.mark.parametrize(("units", "setting"), [("GPM", 30 * 0.4333), ("CMH", 30.0)])
def test_the_setting_of_a_valve_is_a_pressure_whatever_its_unit(inp, units, setting):
    """The head over the ground times rho g: 0.4333 psi a foot is EPANET's figure."""
    head = setting / 0.4333 * 0.3048 if units == "GPM" else setting
    text = plain(units, nodes="C 5 1") + f"[VALVES]\nV A C 8 PRV {setting} 0\n"
    imported = read_inp(inp(text))
    assert column(imported, "valves", "kind") == ["pressure_reducing"]
    assert column(imported, "valves", "setting_kpa") == pytest.approx([head * 9.81456])


# the state at t = 0 --------------------------------------------------------------------------------------


def test_patterns_controls_and_tanks_are_frozen_and_said(inp):
    nodes = "[TANKS]\nT 150 8 1 20 40"
    more = "[PIPES]\nP3 B T 300 8 110 0 Open\n[PATTERNS]\nday 0.25 1\n[CONTROLS]\nLINK P2 CLOSED AT TIME 0\n"
    imported = read_inp(inp(plain(nodes=nodes).replace("B 12 50", "B 12 50 day") + more))
    gallons = 3.785411784e-3 / 60 * 1000.0
    assert column(imported, "nodes", "demand_kg_s")[1] == pytest.approx(12.5 * gallons, rel=1e-6)
    assert column(imported, "nodes", "fixed_head_m")[2] == pytest.approx(158 * 0.3048)
    assert column(imported, "pipes", "status") == ["existing", "closed", "existing"]
    assert rules(imported) == ["frozen-at-zero", "tank-fixed", "status-frozen"]
    assert "1 time pattern(s) and 1 control(s)" in imported.findings[0].message
    assert imported.findings[2].message == "Pipe P2, open in the file, is closed at t = 0, and stays so."


def test_outflow_that_hangs_on_pressure_is_taken_as_it_is_at_zero(inp):
    imported = read_inp(inp(plain() + "[EMITTERS]\nB 0.5\n"))
    assert rules(imported) == ["outflow-frozen"]
    gallons = 3.785411784e-3 / 60 * 1000.0
    head = gisheat.solve(imported.network, **imported.options).nodes["head_m"][1]
    expected = 50.0 + 0.5 * ((head / 0.3048 - 12.0) * 0.4333) ** 0.5  # q = C p^0.5, gpm and psi
    assert column(imported, "nodes", "demand_kg_s")[1] == pytest.approx(expected * gallons, rel=1e-5)


def test_a_pipe_of_one_way_is_a_pipe_and_a_check_valve_and_again_one_pipe(inp, tmp_path):
    imported = read_inp(inp(plain(status="CV")))
    assert column(imported, "valves", "kind") == ["check"]
    assert column(imported, "pipes", "to_node") == ["A", "P2~check"]
    assert (column(imported, "valves", "from_node"), column(imported, "valves", "to_node")) == (["P2~check"], ["B"])
    write_inp(imported.network, tmp_path / "again.inp", **imported.options)
    text = (tmp_path / "again.inp").read_text("utf-8")
    assert "~check" not in text
    assert text.count(" CV\n") == 1


def test_a_check_valve_of_its_own_is_a_pipe_of_no_length(inp, tmp_path):
    """Two pipes end at its inlet, so that it can't be one with either."""
    nodes = pd.DataFrame({"node_id": list("RABC"), "ground_m": 0.0, "demand_kg_s": [0.0, 0.0, 0.0, 20.0],
                          "fixed_head_m": [50.0, None, None, None]})  # fmt: skip
    pipes = pd.DataFrame(
        {"pipe_id": ["1", "2", "3"], "from_node": ["R", "R", "B"], "to_node": ["A", "A", "C"], "length_m": 100.0,
         "inner_diameter_mm": 200.0, "roughness_mm": 0.1}
    )  # fmt: skip
    valves = pd.DataFrame({"valve_id": ["V"], "from_node": ["A"], "to_node": ["B"], "kind": ["check"]})
    network = gisheat.Network.from_tables(nodes, pipes, valves=valves, two_pipe=False)
    water = {"density_kg_m3": 1000.0, "viscosity_pa_s": 1e-3, "gravity_m_s2": 9.81456}
    write_inp(network, tmp_path / "check.inp", friction="swamee-jain", **water)
    expected = run_file(tmp_path / "check.inp").head
    found = gisheat.solve(network, friction="swamee-jain", **water).nodes
    assert found["head_m"].to_numpy() == pytest.approx([expected[n] for n in found["node_id"]], abs=1e-5)


def test_a_pump_of_constant_power_keeps_its_working_point(inp):
    """P = rho g V H: EPANET's 3 hp do 8.814 x 3 ft cfs, which is what the tangent passes through."""
    text = plain(nodes="M 10 0").replace("P1 R A", "P1 M A")
    imported = read_inp(inp(text + "[PUMPS]\nPump R M POWER 3\n"))
    assert rules(imported) == ["pump-power"]
    (_, top), (flow, gain), (last, bottom) = imported.network.pumps.curve[0]
    assert (top, last, bottom) == pytest.approx((2.0 * gain, 2.0 * flow, 0.0))
    assert gain / 0.3048 * flow / 0.3048**3 == pytest.approx(8.814 * 3.0, rel=1e-5)


def test_a_pump_of_constant_power_that_epanet_stops_stands_still(inp):
    text = plain(nodes="M 10 0").replace("P1 R A 1000 12 110 2 Open", "P1 M A 1000 12 110 2 Closed")
    text = text.replace("A 10 100", "A 10 0").replace("B 12 50", "B 12 0") + "[PUMPS]\nPump R M POWER 3\n"
    imported = read_inp(inp(text))
    assert rules(imported) == ["pump-power", "status-frozen"]
    assert (column(imported, "pumps", "status"), column(imported, "pumps", "curve")) == (["stopped"], [None])


@pytest.mark.parametrize(
    ("valve", "curve"), [("GPV C", "[CURVES]\nC 0 0\nC 100 20\n"), ("PBV 10", "")], ids=["general", "breaker"]
)
def test_valves_that_gisheat_does_not_have_lose_the_same_at_zero(inp, valve, curve):
    path = inp(plain(nodes="C 5 40") + f"[VALVES]\nV B C 8 {valve} 0\n{curve}")
    imported = read_inp(path)
    assert rules(imported) == ["valve-frozen"]
    expected = run_file(path, accuracy=1e-6).head
    found = gisheat.solve(imported.network, **imported.options).nodes
    assert found["head_m"].to_numpy() == pytest.approx([expected[n] for n in found["node_id"]], abs=2e-3)
    assert expected["B"] - expected["C"] > 1.0


def test_warnings_of_epanet_are_passed_on(inp):
    imported = read_inp(inp(plain().replace("R 200", "R 11")))
    assert rules(imported) == ["epanet-warning"]
    assert "Negative pressures" in imported.findings[0].message


# refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (plain(law="C-M"), 2, "head loss formula is Chezy-Manning"),
        (plain().replace("P2 A B", "P2 A X"), 2, "can't be read by EPANET: Error 203: undefined node X"),
        ("no section at all", 3, "EPANET can't solve it at t = 0 (Error 223: not enough nodes in network)"),
        (plain().replace("[RESERVOIRS]\nR 200", "R 200 0"), 3, "(Error 224: no tanks or reservoirs in network)"),
    ],
    ids=["Chezy-Manning", "unknown node", "garbage", "no reservoir"],
)
def test_what_cannot_be_read_is_one_sentence(inp, tmp_path, text, code, sentence):
    path = inp(text)
    ran = call("import-inp", path, "-o", tmp_path / "out" / "net.gpkg")
    assert ran.code == code
    assert sentence in ran.sentence
    assert names_in(tmp_path) == {"net.inp"}


def test_a_missing_toolkit_says_how_to_get_it(inp, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "epanet", None)
    ran = call("import-inp", inp(plain()), "-o", tmp_path / "net.gpkg")
    assert (ran.code, ran.sentence) == (
        2, "reading EPANET files needs EPANET's toolkit: install it with pip install gisheat[epanet].",
    )  # fmt: skip


def test_a_missing_file_is_said(tmp_path):
    ran = call("import-inp", tmp_path / "not.inp", "-o", tmp_path / "net.gpkg")
    assert ran.code == 2
    assert ran.sentence.endswith("not.inp: there is no such file.")


WATER = {"density_kg_m3": 1000.0, "viscosity_pa_s": 1e-3}


def pair(**tables):
    nodes = {"node_id": ["R", "A"], "ground_m": [0.0, 0.0], "demand_kg_s": [0.0, 1.0], "fixed_head_m": [50.0, None]}
    pipes = {"pipe_id": ["1"], "from_node": ["R"], "to_node": ["A"], "length_m": [10.0], "inner_diameter_mm": [100.0]}
    return gisheat.Network.from_tables(nodes, tables.pop("pipes", pipes), two_pipe=False, **tables)


def link(layer, name, **more):
    return {f"{layer}_id": [name], "from_node": ["R"], "to_node": ["A"], **{k: [v] for k, v in more.items()}}


@pytest.mark.parametrize(
    ("network", "law", "sentence"),
    [
        (pair(), "altshul", "EPANET has no friction law 'altshul'"),
        (pair(valves=link("valve", "V", kind="bypass", setting_kpa=50.0)), "colebrook",
         "'V': EPANET has no valve of the kind bypass"),
        (pair(valves=link("valve", "V", kind="pressure_reducing")), "colebrook",
         "'V' of the kind pressure_reducing has no sett"),
        (pair(pumps=link("pump", "P", control="constant_difference", setpoint_kpa=100.0)), "colebrook", "pump 'P'"),
        (pair(pipes={"pipe_id": ["1"], "from_node": ["R"], "to_node": ["A"], "length_m": [1.0]}), "colebrook",
         "pipe '1' has no inner_diameter_mm"),
    ],
    ids=["law", "valve", "setting", "pump", "bore"],
)  # fmt: skip
def test_what_epanet_has_not_is_refused_by_name(network, law, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence):
        write_inp(network, tmp_path / "net.inp", friction=law, **WATER)
    assert names_in(tmp_path) == set()


# written -------------------------------------------------------------------------------------------------


def test_names_become_those_that_epanet_takes(tmp_path):
    nodes = {"node_id": ["heat plant", "站" * 12], "ground_m": [0.0, 0.0], "demand_kg_s": [0.0, 1.0],
             "fixed_head_m": [50.0, None]}  # fmt: skip
    ends = {"from_node": ["heat plant"], "to_node": ["站" * 12]}
    pipes = {"pipe_id": ["x"], **ends, "length_m": [10.0], "inner_diameter_mm": [100.0]}
    valves = {"valve_id": ["x"], **ends, "kind": ["isolation"]}
    network = gisheat.Network.from_tables(nodes, pipes, valves=valves, two_pipe=False)
    notes = write_inp(network, tmp_path / "net.inp", friction="swamee-jain", **WATER)
    found = run_file(tmp_path / "net.inp")
    assert set(found.head) == {"heat_plant", "站" * 10}  # 31 bytes at most
    assert set(found.flow) == {"x", "x_2"}
    assert notes == (
        "2 id(s) were changed to what EPANET takes (first: 'heat plant')",
        "1 id(s) were changed to what EPANET takes (first: 'x')",
    )


def test_numbers_are_written_with_all_their_digits(tmp_path):
    pipes = {"pipe_id": ["1"], "from_node": ["R"], "to_node": ["A"], "length_m": [1234.56789012345],
             "inner_diameter_mm": [107.123456789]}  # fmt: skip
    write_inp(pair(pipes=pipes), tmp_path / "net.inp", friction="swamee-jain", **WATER)
    assert "1 R A 1234.56789012345 107.123456789 0.5 0 Open" in (tmp_path / "net.inp").read_text("utf-8")


# the verbs -----------------------------------------------------------------------------------------------


@pytest.fixture
def imported(tmp_path):
    """The sample as a GeoPackage."""
    path = tmp_path / "hill.gpkg"
    assert call("import-inp", SAMPLE, "-o", path).code == 0
    return path


def test_import_solve_export_and_epanet_again(imported, tmp_path):
    result, again, file = tmp_path / "result.gpkg", tmp_path / "again.gpkg", tmp_path / "hill.inp"
    assert call("solve", imported, "-o", result).code == 0
    assert call("solve", result, "-o", again).code == 0  # every output is an input
    assert call("export-inp", again, "-o", file).code == 0
    expected, written = run_file(SAMPLE).head, run_file(file).head
    nodes = pyogrio.read_dataframe(again, layer="nodes").set_index("node_id")["head_m"]
    for name, head in expected.items():
        assert written[name] == pytest.approx(head, abs=1e-6)
        assert nodes[name] == pytest.approx(head, abs=1e-3 * np.ptp(list(expected.values())))


def test_layers_carry_the_drawing_and_no_crs(imported):
    pipes = pyogrio.read_dataframe(imported, layer="pipes").set_index("pipe_id")
    assert list(pipes.geometry["P4"].coords) == [(800, 100), (900, 500), (1150, 760), (1300, 900)]
    pumps = pyogrio.read_dataframe(imported, layer="pumps")
    assert pumps.geometry[0].coords[0] == (-150, 0)
    with closing(sqlite3.connect(imported)) as connection:
        found = connection.execute("SELECT DISTINCT srs_id FROM gpkg_geometry_columns").fetchall()
    assert found == [(-1,)]  # the standard's plain coordinates
    assert "coordinates-plain" in set(pyogrio.read_dataframe(imported, layer="findings")["rule"])


def test_a_crs_that_is_given_is_kept_even_one_in_degrees(tmp_path):
    """Lengths are stated in the file: they are not measured on the map."""
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    assert call("import-inp", SAMPLE, "-o", first, "--crs", "EPSG:4326").code == 0
    assert call("solve", first, "-o", second).code == 0
    assert pyogrio.read_info(second, layer="pipes")["crs"] == "EPSG:4326"
    ran = call("import-inp", SAMPLE, "-o", first, "--crs", "nowhere")
    assert (ran.code, "the CRS 'nowhere' is unknown" in ran.sentence) == (2, True)


def test_a_network_without_coordinates_is_read_and_solved(inp, tmp_path):
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    ran = call("import-inp", inp(plain()), "-o", first)
    assert ran.code == 0
    assert "3 node(s) have no coordinates in the file" in ran.out
    assert call("solve", first, "-o", second).code == 0
    assert pyogrio.read_dataframe(second, layer="nodes")["head_m"].notna().all()
    assert call("export-inp", second, "-o", tmp_path / "b.inp").code == 0


def test_the_water_that_the_file_states_holds_unless_something_else_is_said(inp, tmp_path):
    first, second, third = (tmp_path / f"{n}.gpkg" for n in "abc")
    call("import-inp", inp(plain(law="D-W", more="VISCOSITY 0.4")), "-o", first)
    call("solve", first, "-o", second)
    call("solve", first, "-o", third, "--viscosity-pa-s", "0.002", "--friction", "colebrook")

    def record(path):
        with closing(sqlite3.connect(path)) as connection:
            return dict(connection.execute("SELECT key, value FROM run"))

    assert record(second)["option friction"] == "swamee-jain"
    assert float(record(second)["option viscosity_pa_s"]) == pytest.approx(0.4 * 1.1e-5 * 92.90304, rel=1e-12)
    assert (record(third)["option friction"], record(third)["option viscosity_pa_s"]) == ("colebrook", "0.002")


def test_a_project_may_name_the_layers_and_its_options_win(imported, tmp_path):
    project, out = tmp_path / "project.toml", tmp_path / "out.gpkg"
    layers = "\n".join(f'{name} = "hill.gpkg|{name}"' for name in ("nodes", "pipes", "valves", "pumps"))
    project.write_text(f"[layers]\n{layers}\n[options]\nviscosity_pa_s = 0.0005\n", encoding="utf-8")
    assert call("solve", project, "-o", out).code == 0
    with closing(sqlite3.connect(out)) as connection:
        record = dict(connection.execute("SELECT key, value FROM run"))
    assert (record["option friction"], record["option viscosity_pa_s"]) == ("swamee-jain", "0.0005")
    assert call("export-inp", project, "-o", tmp_path / "out.inp").code == 0


def test_water_in_the_run_table_that_is_no_number_is_one_sentence(imported, tmp_path):
    with closing(sqlite3.connect(imported)) as connection, connection:
        connection.execute("UPDATE run SET value = 'wet' WHERE key = 'option density_kg_m3'")
    ran = call("solve", imported, "-o", tmp_path / "out.gpkg")
    assert (ran.code, ran.sentence) == (2, "table run: option density_kg_m3 is 'wet'; a number is needed.")


@pytest.mark.parametrize("verb", ["check", "topology", "loads", "size", "run"])
def test_verbs_of_heating_networks_refuse_a_one_pipe_network(imported, tmp_path, verb):
    ran = call(verb, imported, "-o", tmp_path / "out.gpkg")
    assert ran.code == 2
    assert ran.sentence.endswith("holds a one-pipe network: only the verbs solve and export-inp take it.")


def test_columns_called_as_those_of_one_pipe_networks_stay_the_users_own_in_a_heating_network(tmp_path):
    layers = town()
    layers["pipes"]["velocity_m_s"] = ["slow", "fast", None]
    result = tmp_path / "result.gpkg"
    assert call("solve", write(tmp_path / "town.gpkg", layers), "-o", result).code == 0
    found = pyogrio.read_dataframe(result, layer="pipes").set_index("pipe_id")["velocity_m_s"]
    assert found[["P1", "P2", "P3"]].fillna("").tolist() == ["slow", "fast", ""]


def test_a_heating_network_is_not_exported(tmp_path):
    ran = call("export-inp", write(tmp_path / "town.gpkg", town()), "-o", tmp_path / "town.inp")
    assert ran.code == 2
    assert "one-pipe network" in ran.sentence


def test_an_output_is_not_overwritten_unless_told(imported, tmp_path):
    file = tmp_path / "mine.inp"
    file.write_text("mine", encoding="utf-8")
    ran = call("export-inp", imported, "-o", file)
    assert (ran.code, file.read_text("utf-8")) == (2, "mine")
    assert call("export-inp", imported, "-o", file, "--overwrite").code == 0
    assert call("export-inp", imported, "-o", tmp_path / "net.txt").sentence.endswith("ends in .inp is needed.")


def test_the_same_file_gives_the_same_rows(tmp_path):
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    for path in (first, second):
        call("import-inp", SAMPLE, "-o", path)
    for layer in ("nodes", "pipes", "valves", "pumps", "findings"):
        pd.testing.assert_frame_equal(
            pyogrio.read_dataframe(first, layer=layer), pyogrio.read_dataframe(second, layer=layer)
        )


def test_nodes_that_no_head_reaches_and_low_pressures_are_findings(inp, tmp_path):
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    text = plain(status="Closed").replace("B 12 50", "B 12 0").replace("R 200", "R 11").replace("A 10 100", "A 60 100")
    call("import-inp", inp(text), "-o", first)
    assert call("solve", first, "-o", second).code == 0
    found = pyogrio.read_dataframe(second, layer="findings")
    assert sorted(found["rule"]) == ["island", "pressure-negative"]


def test_an_unknown_node_in_the_layers_is_one_sentence(imported, tmp_path):
    layers = {name: pyogrio.read_dataframe(imported, layer=name) for name in ("nodes", "pipes")}
    layers["pipes"].loc[2, "to_node"] = "nowhere"
    ran = call("solve", write(tmp_path / "net.gpkg", layers), "-o", tmp_path / "out.gpkg")
    assert ran.code == 2
    assert "to_node names the node 'nowhere'" in ran.sentence
