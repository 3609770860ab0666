"""The verb sweep: scenarios from files and options, the table in the result, Parquet beside it, exit codes."""

import json

import pandas as pd
import pyogrio
import pytest
from drawings import call, layer, line, town, write

HEADER = "scenario_id,load_factor,outage\n"


def read(path, name):
    return pyogrio.read_dataframe(path, layer=name)


def table_of(run):
    return read(run.output, "scenarios").set_index("scenario_id")


def file_of(run, text, name="cases.csv"):
    path = run.output.parent.parent / name
    path.write_text(text, encoding="utf-8")
    return path


def test_outages_of_all_pipes_name_the_stations_that_are_cut_off(run):
    ran = run(None, "--outages", "all", verb="sweep")
    found = table_of(run)
    assert ran.code == 0
    assert found["stations_not_supplied"].to_dict() == {
        "without P1": "H1;H2", "without P2": "H1", "without P3": "H2",
    }  # fmt: skip
    assert found["load_not_supplied_mw"].to_dict() == pytest.approx(
        {"without P1": 0.8, "without P2": 0.5, "without P3": 0.3}
    )
    assert found["heat_load_mw"].to_dict() == pytest.approx({"without P1": 0.0, "without P2": 0.3, "without P3": 0.5})
    assert "no station" in found["message"]["without P1"]


def test_load_factors_alone_are_scenarios(run):
    run(None, "--load-factors", "0.5, 1", verb="sweep")
    found = table_of(run)
    assert found.index.tolist() == ["load 0.5", "load 1"]
    assert found["flow_t_h"]["load 0.5"] == pytest.approx(found["flow_t_h"]["load 1"] / 2)


def test_a_table_of_scenarios_in_chinese_is_combined_with_outages_and_loads(run):
    source = file_of(run, "工况,负荷率,停运管段\n冬季,1,\n故障,0.8,P3\n")
    run(None, "--scenarios", source, "--outages", "all", "--load-factors", "0.5", verb="sweep")
    found = table_of(run)
    assert found.index.tolist()[:2] == ["冬季, load 0.5", "故障, load 0.5"]
    assert found["load_factor"].tolist()[:2] == [0.5, 0.4]
    assert found["stations_not_supplied"].iloc[1] == "H2"
    assert all(name.startswith("without P") for name in found.index[2:])


def test_flows_are_given_by_station(run):
    flows = file_of(run, "scenario_id,H2,H1\nb,10,20\na,5,\n", "flows.csv")
    cases = file_of(run, HEADER + "a,1,\nb,1,\n")
    run(None, "--flows", flows, "--scenarios", cases, verb="sweep")
    found = table_of(run)
    assert found["flow_t_h"]["b"] == pytest.approx(30.0)
    assert found["flow_t_h"]["a"] == pytest.approx(5.0 + 500.0 / 4.2 / 50.0 * 3.6, rel=1e-2)  # H1 as in the network


def test_the_source_that_a_scenario_file_is_stands_in_the_run_record(run):
    cases = file_of(run, HEADER + "a,1,\n")
    run(None, "--scenarios", cases, verb="sweep")
    record = read(run.output, "run").set_index("key")["value"]
    assert record["input scenarios"] == "cases.csv"
    assert len(record["sha256 cases.csv"]) == 64


def test_a_scenario_with_a_fault_is_a_finding_and_exit_code_1(run):
    cases = file_of(run, HEADER + "good,1,\nbad,1,P9\nworse,-1,\n")
    ran = run(None, "--scenarios", cases, verb="sweep")
    assert ran.code == 1
    findings = read(run.output, "findings")
    failed = findings[findings["rule"] == "scenario-failed"]
    assert failed["severity"].tolist() == ["error", "error"]
    assert "P9" in failed["message"].iloc[0]
    assert table_of(run)["message"].tolist()[0] == ""


def test_details_are_parquet_beside_the_result(tmp_path):
    source = write(tmp_path / "town.gpkg")
    ran = call(
        "sweep", source, "-o", tmp_path / "r.gpkg", "--outages", "all", "--details", tmp_path / "details", "--json"
    )
    assert ran.code == 0
    assert json.loads(ran.out)["files"][-1].endswith("details")
    pipes = pd.read_parquet(tmp_path / "details" / "pipes").set_index(["scenario_id", "pipe_id"])
    assert len(pipes) == 9
    assert pd.isna(pipes["sup_flow_t_h"]["without P2", "P2"])
    assert pipes["sup_flow_t_h"]["without P2", "P3"] == pytest.approx(pipes["sup_flow_t_h"]["without P2", "P1"])
    assert set(pd.read_parquet(tmp_path / "details" / "stations")["station_id"]) == {"H1", "H2"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "sweep needs scenarios"),
        (["--load-factors", "a,b"], "numbers separated by commas are needed"),
        (["--load-factors", "-1"], "not below 0"),
        (["--outages", "some"], "sweep: "),
        (["--scenarios", "nowhere.csv"], "there is no such file"),
        (["--flows", "nowhere.csv"], "nowhere.csv"),
        (["--flows", "x.csv", "--outages", "all"], "row by row"),
        (["--load-factors", "1", "--threads", "0"], "threads"),
    ],
)
def test_wrong_usage_is_one_sentence(run, options, words):
    ran = run(None, *options, verb="sweep")
    assert ran.code == 2
    assert words in ran.sentence


def test_a_misspelt_column_is_refused_not_ignored(run):
    cases = file_of(run, "scenario_id,load_facter\na,0.5\n")
    ran = run(None, "--scenarios", cases, verb="sweep")
    assert ran.code == 2
    assert "did you mean 'load_factor'" in ran.sentence


def test_the_scenarios_of_a_project_lie_beside_it(tmp_path):
    write(tmp_path / "town.gpkg")
    (tmp_path / "cases.csv").write_text(HEADER + "half,0.5,\n", encoding="utf-8")
    layers = "\n".join(f'{name} = "town.gpkg|{name}"' for name in ("pipes", "stations", "sources"))
    project = tmp_path / "town.toml"
    project.write_text(f'name = "Town"\n[layers]\n{layers}\n[options]\nscenarios = "cases.csv"\n', encoding="utf-8")
    ran = call("sweep", project, "-o", tmp_path / "r.gpkg")
    assert ran.code == 0
    assert read(tmp_path / "r.gpkg", "scenarios")["scenario_id"].tolist() == ["half"]
    assert call("solve", project, "-o", tmp_path / "s.gpkg").code == 0  # other verbs bear the option


def test_trunk_outages_need_a_trunk(run):
    pipes = layer([line((0, 0), (200, 0)), line((100, 0), (100, 80))], pipe_id=["P1", "P2"], role=["branch"] * 2)
    ran = run(town(pipes=pipes), "--outages", "trunk", verb="sweep")
    assert ran.code == 2
    assert "no pipe in service has the role trunk" in ran.sentence
