"""Scenarios of the project file, balancing and station pumps on the sample, through the command line's operations."""

from __future__ import annotations

import geopandas
import pyogrio
import pytest

import gisheat
from gisheat import operations
from gisheat.errors import InputError

SCENARIOS = """
[scenarios.far]
phase = "far"

[scenarios.cold]
supply_temp_c = 110.0

[scenarios.burst]
outage = "A18-A19"

[scenarios.dark]
outage = "A1-A2"
"""


@pytest.fixture
def written(project, tmp_path):
    """Write the project with other words at its end, beside the layers; returns a function."""

    def write(more):
        text = project.read_text(encoding="utf-8").replace('"mulan.gpkg|', f'"{project.parent.as_posix()}/mulan.gpkg|')
        path = tmp_path / "project.toml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return write


def test_scenarios_are_solved_beside_the_main_run(written, tmp_path):
    out = tmp_path / "out.gpkg"
    gisheat.run(written(SCENARIOS), output=out)
    rows = pyogrio.read_dataframe(out, layer="comparison").set_index("scenario_id")
    assert rows.index.tolist() == ["main", "far", "cold", "burst", "dark"]
    assert rows["heat_load_mw"]["main"] == pytest.approx(140.37)
    assert rows["heat_load_mw"]["far"] == pytest.approx(166.82, abs=0.01)  # printed in the plan
    assert rows["pump_head_m"]["far"] > rows["pump_head_m"]["main"] > rows["pump_head_m"]["burst"]
    # 110 / 65 in place of the source's own 85 / 65
    assert rows["flow_t_h"]["cold"] == pytest.approx(rows["flow_t_h"]["main"] * 20.0 / 45.0, rel=1e-6)
    assert rows["errors"]["burst"] == 3
    assert "A1-A2" in rows["message"]["dark"]


def test_a_scenario_with_an_unknown_option_is_refused(written, tmp_path):
    with pytest.raises(InputError, match=r"scenarios.far.*'fase'"):
        gisheat.run(written('[scenarios.far]\nfase = "far"\n'), output=tmp_path / "out.gpkg")


def test_a_scenario_that_names_a_pipe_that_is_not_there_is_an_error_and_the_others_are_solved(written, tmp_path):
    found = gisheat.run(written('[scenarios.lost]\noutage = "A1-A99"\n[scenarios.dark]\noutage = "A1-A2"\n'),
                        output=tmp_path / "out.gpkg")  # fmt: skip
    assert found.exit_code == 1
    assert [f.message for f in found.findings if f.severity == "error"] == [
        "Scenario lost has no result: outage: there is no pipe, pump or source 'A1-A99'."
    ]


def test_balancing_the_sample_makes_every_flow_right(project, tmp_path):
    report = operations.balance(project, tmp_path / "balanced.gpkg")
    assert report.exit_code == 0
    stations = pyogrio.read_dataframe(tmp_path / "balanced.gpkg", layer="stations")
    assert (stations["imbalance"] - 1.0).abs().max() < 0.01
    assert stations["valve_opening"].between(0.2, 1.0).all()
    # the result is an input: with its valves as they are set the flows come out again
    operations.solve(tmp_path / "balanced.gpkg", tmp_path / "again.gpkg", station_control="none", friction="rough",
                     density_kg_m3=968.65, heat_capacity_j_kg_k=3600.0 / 0.86, phase="near")  # fmt: skip
    again = pyogrio.read_dataframe(tmp_path / "again.gpkg", layer="stations")
    assert (again["imbalance"] - 1.0).abs().max() < 0.01


def test_a_valve_on_the_critical_path_makes_it_no_longer(project, tmp_path):
    pipes = geopandas.read_file(project.parent / "mulan.gpkg", layer="pipes").set_index("pipe_id")
    middle = pipes.geometry["A6-A7"].interpolate(0.5, normalized=True)
    valve = geopandas.GeoDataFrame({"valve_id": ["V1"], "kind": ["isolation"]}, geometry=[middle], crs=pipes.crs)
    valve.to_file(tmp_path / "valves.gpkg", layer="valves")
    found = operations.solve(project, tmp_path / "out.gpkg", valves=str(tmp_path / "valves.gpkg")).figures
    assert found["critical path length"] == (pytest.approx(5594.1), "m")  # printed by the plan


def test_with_open_valves_the_near_stations_take_too_much_and_the_last_one_too_little(project, tmp_path):
    operations.solve(project, tmp_path / "open.gpkg", station_control="none")
    imbalance = pyogrio.read_dataframe(tmp_path / "open.gpkg", layer="stations").set_index("station_id")["imbalance"]
    assert imbalance["R09"] < 0.9
    assert imbalance["H04"] > 1.2
    assert imbalance.idxmin() == "R09"


def test_pumps_at_the_stations_need_less_than_the_throttled_central_pump(project, tmp_path):
    report = operations.solve(project, tmp_path / "pumped.gpkg", station_control="pump")
    figures = report.figures
    central = figures["one central pump instead: power"][0]
    assert central == pytest.approx(84.968 * 9.80665 * 6035.91 / 3.6 / 0.75 / 1e3, rel=1e-3)
    assert figures["distributed pumps: power of all"][0] < central
    assert figures["station pumps: efficiency"][0] == 0.6
