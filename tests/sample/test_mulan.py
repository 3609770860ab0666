"""The Mulan sample from GeoPackages to a solved, sized network: the plan's figures, and nothing lost on the way."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
import pytest

from gisheat import operations, sizing
from gisheat.catalogue import pipe_series
from gisheat.schema import INPUT_LAYERS, result_columns

CONTRACT = {
    "pipes": (
        "pipe_id parent_id source_layer source_fid from_node to_node status phase level role dn_mm outer_diameter_mm"
        " wall_mm inner_diameter_mm length_m equivalent_length_m roughness_mm heated_area_m2 load_kw sup_flow_t_h"
        " sup_velocity_m_s sup_friction_pa_m sup_loss_kpa ret_flow_t_h ret_velocity_m_s ret_friction_pa_m ret_loss_kpa"
        " governed_by on_critical_path"
    ),
    "nodes": (
        "node_id kind ground_m sup_head_m ret_head_m available_head_m sup_pressure_kpa ret_pressure_kpa"
        " static_pressure_kpa"
    ),
    "stations": (
        "station_id name status phase heated_area_m2 heat_index_w_m2 load_kw load_source flow_t_h design_flow_t_h"
        " imbalance sup_head_m ret_head_m available_head_m required_head_m surplus_head_m valve_kv_m3_h pump_head_m"
        " pump_power_kw served"
    ),
    "sources": "source_id name load_mw flow_t_h pump_head_m pump_power_kw sup_head_m ret_head_m static_head_m",
    "findings": "rule severity layer source_fid other_fid message distance_m repair applied",
    "lineage": "source_layer source_fid result_layer result_id action",
    "critical_path": (
        "order pipe_id from_node to_node length_m sup_loss_kpa ret_loss_kpa cumulated_length_m sup_head_m ret_head_m"
        " ground_m"
    ),
    "summary": "key value unit",
    "run": "key value unit",
}
"""The result layers as the interface contract has them, written a second time on purpose."""


@pytest.fixture(scope="module")
def published(project):
    return pd.read_csv(project.parent / "facts" / "hydraulic_table.csv").set_index("pipe")


@pytest.fixture(scope="module")
def load_results(project):
    return pd.read_csv(project.parent / "facts" / "load_results.csv").set_index("phase")


@pytest.fixture(scope="module")
def pipes(result):
    return result["pipes"].set_index("pipe_id")


@pytest.fixture(scope="module")
def far(project, tmp_path_factory):
    """Figures and stations of the far phase."""
    file = tmp_path_factory.mktemp("far") / "far.gpkg"
    report = operations.loads(project, output=file, phase="far")
    return {name: value for name, (value, _) in report.figures.items()}, pyogrio.read_dataframe(file, layer="stations")


# the plan's figures --------------------------------------------------------------------------------------


def test_the_trunk_carries_the_published_flows(pipes, published):
    assert pipes.loc[published.index, "sup_flow_t_h"].to_dict() == pytest.approx(
        published["flow_t_h"].to_dict(), rel=5e-3
    )
    assert pipes.loc[published.index, "ret_flow_t_h"].to_dict() == pytest.approx(
        published["flow_t_h"].to_dict(), rel=5e-3
    )


def test_the_trunk_has_the_published_lengths_bores_and_areas(pipes, published):
    trunk = pipes.loc[published.index]
    assert trunk["length_m"].to_dict() == pytest.approx(published["length_m"].to_dict(), abs=0.05)
    assert trunk["heated_area_m2"].to_dict() == pytest.approx(
        (published["heated_area_1e4_m2"] * 1e4).to_dict(), rel=5e-3
    )
    assert (trunk["inner_diameter_mm"] / 1e3).to_dict() == pytest.approx(
        published["computed_with_inner_diameter_m"].to_dict()
    )


def test_the_critical_path_runs_along_the_trunk_to_r09(result, published):
    path = result["critical_path"]
    assert path["pipe_id"].tolist() == published.index.tolist()
    assert path["from_node"].tolist() == published["from_node"].tolist()
    assert path["to_node"].tolist() == published["to_node"].tolist()
    assert path["cumulated_length_m"].iloc[-1] == pytest.approx(5594.1, abs=0.05)
    assert result.figures["critical path"] == "A1 ... A20-R09"
    assert result.figures["critical path length"] == pytest.approx(5594.1, abs=0.05)


def test_the_one_way_loss_is_the_published_one(result):
    assert result.figures["one-way loss"] == pytest.approx(237.6, rel=3e-3)


def test_the_pump_head_is_about_85_m_with_its_parts(result):
    figures = result.figures
    assert figures["pump head"] == pytest.approx(85.0, abs=0.2)
    parts = {name.partition(": ")[2]: value for name, value in figures.items() if name.startswith("pump head: ")}
    assert sum(parts.values()) == pytest.approx(figures["pump head"])
    assert parts["supply loss"] == pytest.approx(25.0, abs=0.1)
    assert parts["return loss"] == pytest.approx(25.0, abs=0.1)
    assert (parts["station"], parts["plant"], parts["natural circulation"]) == (10.0, 20.0, 0.0)
    assert parts["reserve"] == pytest.approx(5.0)


def test_the_near_phase_has_the_published_load_and_heat_index(result, load_results):
    near = load_results.loc["near_2025"]
    assert result.figures["composite heat index"] == pytest.approx(near["composite_heat_index_w_m2"], abs=5e-3)
    assert result.figures["heat load"] == pytest.approx(near["load_max_mw"], abs=5e-3)
    assert result.figures["heated area"] == pytest.approx(near["heated_area_1e4_m2"] * 1e4)


def test_the_far_phase_has_the_published_load_and_heat_index(far, load_results):
    figures, _ = far
    published = load_results.loc["far_2030"]
    assert figures["composite heat index"] == pytest.approx(published["composite_heat_index_w_m2"], abs=5e-3)
    assert figures["heat load"] == pytest.approx(published["load_max_mw"], abs=5e-3)
    assert figures["heated area"] == pytest.approx(published["heated_area_1e4_m2"] * 1e4)


def test_every_station_grows_alike_in_the_far_phase(far, result):
    """380/300 of the area and 43.9 in place of 46.79 W/m2."""
    near, later = (t.set_index("station_id") for t in (result["stations"], far[1]))
    assert (later["heated_area_m2"] / near["heated_area_m2"]).tolist() == pytest.approx([380 / 300] * 39)
    assert (later["load_kw"] / near["load_kw"]).tolist() == pytest.approx([380 / 300 * 43.9 / 46.79] * 39)


def test_the_current_mix_has_the_index_it_computes_to_and_not_the_printed_one(project, tmp_path, load_results):
    """The plan prints 50.2 W/m2; its own shares make 50.5."""
    report = operations.loads(project, output=tmp_path / "existing.gpkg", phase="existing")
    found = report.figures["composite heat index"][0]
    assert found == pytest.approx(50.5, abs=5e-3)
    assert load_results.loc["current_2023", "composite_heat_index_w_m2"] == 50.2


# the network ---------------------------------------------------------------------------------------------


def test_every_station_is_served_and_no_finding_is_an_error(result):
    stations = result["stations"]
    assert len(stations) == 39
    assert stations["served"].all()
    assert (stations["surplus_head_m"] >= 5.0 - 1e-6).all()
    assert result.report.exit_code == 0
    assert "error" not in set(result["findings"]["severity"])


def test_every_trench_is_sized_and_says_why(pipes, published):
    rules = {
        sizing.BY_FRICTION, sizing.BY_DROP, sizing.BY_VELOCITY, sizing.SMALLEST, sizing.UPSTREAM,
        sizing.RING,
    }  # fmt: skip
    trenches = pipes.drop(index=published.index)
    assert set(trenches["role"]) == {"trunk", "branch", "connection"}
    assert set(trenches["governed_by"]) <= rules
    assert trenches["dn_mm"].isin(pipe_series("cn-steel").dn).all()
    assert (trenches["dn_mm"] >= 50.0).all()
    assert (trenches["sup_friction_pa_m"] <= 300.0).all()
    assert (trenches["sup_velocity_m_s"] <= 3.5).all()


def test_every_station_hangs_on_its_published_trunk_node(result, project):
    """The trenches are the cheapest ones along the streets; nobody told them the node."""
    facts = pd.read_csv(project.parent / "facts" / "stations.csv").set_index("station_id")["trunk_node"]
    graph = nx.Graph(nx.from_pandas_edgelist(result["pipes"], "from_node", "to_node"))
    trunk = {f"A{i}" for i in range(1, 21)}
    graph.remove_edges_from([e for e in graph.edges if set(e) <= trunk])
    places = dict(zip(result["nodes"].geometry, result["nodes"]["node_id"], strict=True))
    stations = result["stations"].set_index("station_id").geometry
    for station, host in facts.drop("R09").items():
        reached = nx.node_connected_component(graph, places[stations[station]])
        assert reached & trunk == {host}, station
    assert facts["R09"] == "R09"


def test_trenches_follow_the_streets_and_serve_several_stations(result, published):
    trenches = result["pipes"][~result["pipes"]["pipe_id"].isin(published.index)]
    assert trenches["status"].eq("planned").all()
    along = trenches[trenches["street_id"].notna()].set_index("street_id").geometry
    streets = result["streets"].set_index("street_id").geometry
    assert len(along) > 40
    assert along.length.sum() > 0.4 * trenches.length.sum()
    assert all(line.within(streets[street].buffer(1e-3)) for street, line in along.items())
    assert trenches["role"].isin(["trunk", "branch"]).sum() >= 15


def test_trenches_of_existing_stations_stand_from_the_first_phase(result, published):
    trenches = result["pipes"][~result["pipes"]["pipe_id"].isin(published.index)]
    assert set(trenches["phase"]) == {"existing", "near"}
    assert trenches.loc[trenches["role"] != "connection", "phase"].eq("existing").all()


def test_the_published_trunk_keeps_its_size(pipes, published):
    assert set(pipes.loc[published.index, "governed_by"]) == {sizing.GIVEN}


def test_no_pipe_is_narrower_than_one_it_feeds(pipes):
    """All is drawn away from the plant, so the pipe before is the one that ends at from_node."""
    before = pipes.set_index("to_node")["inner_diameter_mm"]
    fed = pipes[pipes["from_node"].isin(before.index)]
    assert (before[fed["from_node"]].to_numpy() >= fed["inner_diameter_mm"].to_numpy()).all()


def test_the_run_balances(result):
    assert result.figures["largest mass error"] < 1e-6
    assert result.figures["largest head error"] < 1e-6


def test_the_run_record_tells_how_the_result_came_about(result):
    record = result["run"].set_index("key")["value"]
    assert record["option friction"] == "rough"
    assert float(record["option roughness_mm"]) == 0.5
    assert float(record["reference density"]) == 968.65
    assert float(record["option tolerance"]) == 1e-10
    assert record["crs"] == "EPSG:4552"
    assert len(record["sha256 mulan.gpkg"]) == 64


# the result as a file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", CONTRACT)
def test_the_columns_of_a_result_begin_with_those_of_the_contract(result, layer):
    contract = CONTRACT[layer].split()
    assert list(result_columns(layer))[: len(contract)] == contract
    assert [c for c in result[layer].columns if c != "geometry"][: len(contract)] == contract


def test_every_input_feature_is_found_in_the_lineage(result, project):
    lineage = result["lineage"]
    file = project.parent / "mulan.gpkg"
    for layer in set(INPUT_LAYERS) & set(pyogrio.list_layers(file)[:, 0]):
        drawn = pyogrio.read_dataframe(file, layer=layer, fid_as_index=True).index
        assert set(lineage.loc[lineage["source_layer"] == layer, "source_fid"]) == set(drawn), layer


def test_every_result_feature_of_the_lineage_is_there(result):
    lineage = result["lineage"]
    for layer, key in (
        ("pipes", "pipe_id"),
        ("stations", "station_id"),
        ("sources", "source_id"),
        ("nodes", "node_id"),
    ):
        named = lineage.loc[lineage["result_layer"] == layer, "result_id"]
        assert set(named) <= set(result[layer][key])
    pipes = result["pipes"].set_index("pipe_id")["source_layer"]
    made = lineage[(lineage["result_layer"] == "pipes")]
    for origin, actions in (("pipes", None), ("streets", {"routed"}), ("stations", {"connected"})):
        rows = made[made["source_layer"] == origin]
        assert set(rows["result_id"]) == set(pipes.index[pipes == origin])
        assert actions is None or set(rows["action"]) == actions


def test_the_result_solved_again_has_the_same_heads(result, tmp_path):
    again = tmp_path / "again.gpkg"
    operations.solve(
        result.file, output=again, phase="near", friction="rough", density_kg_m3=968.65,
        heat_capacity_j_kg_k=3600 / 0.86,
    )  # fmt: skip
    first, second = (pyogrio.read_dataframe(f, layer="nodes").set_index("node_id") for f in (result.file, again))
    assert first.index.tolist() == second.index.tolist()
    for head in ("sup_head_m", "ret_head_m", "available_head_m"):
        assert np.abs(first[head] - second[head]).max() < 1.1e-6  # one in the last decimal that is written


def test_the_result_solved_again_keeps_pipes_and_their_sizes(result, tmp_path):
    again = tmp_path / "again.gpkg"
    operations.size(result.file, output=again, phase="near", friction="rough", density_kg_m3=968.65)
    kept = ["dn_mm", "inner_diameter_mm", "length_m", "equivalent_length_m", "roughness_mm", "governed_by"]
    first, second = (pyogrio.read_dataframe(f, layer="pipes").set_index("pipe_id")[kept] for f in (result.file, again))
    pd.testing.assert_frame_equal(first, second, rtol=0.0, atol=1.1e-6)  # one in the last decimal that is written


def test_the_picture_is_drawn_when_it_is_asked_for(project, tmp_path):
    picture = tmp_path / "map.png"
    report = operations.run(project, output=tmp_path / "mulan.gpkg", picture=picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert report.files == (tmp_path / "mulan.gpkg", picture)
