"""The badly drawn Mulan is repaired to the network of the clean one, and each planted defect is found at its place."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import drawings
import networkx as nx
import pandas as pd
import pyogrio
import pytest
import shapely

import gisheat
from gisheat import operations
from gisheat.schema import INPUT_LAYERS

SAMPLE = Path(__file__).parents[2] / "sample_gis" / "mulan_dirty"
DEFECTS = pd.read_csv(SAMPLE / "facts" / "defects.csv", dtype={"other_fid": "Int64"})
LAYERS = {"streets": "道路", "pipes": "管道", "nodes": "节点", "stations": "热力站", "sources": "热源"}
TRUNK = [f"A{i}" for i in range(1, 21)] + ["R09"]
AT_ITS_PLACE_M = 0.1


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    """Path, figures and layers of `gisheat run` on the project as it is committed."""
    file = tmp_path_factory.mktemp("dirty") / "mulan_dirty.gpkg"
    report = gisheat.run(SAMPLE / "project.toml", output=file)
    return file, report


@pytest.fixture(scope="module")
def findings(repaired):
    return pyogrio.read_dataframe(repaired[0], layer="findings")


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(SAMPLE.parent / "mulan" / "facts" / "hydraulic_table.csv").set_index("pipe")


def nodes_and_pipes(file):
    return pyogrio.read_dataframe(file, layer="nodes").set_index("node_id"), pyogrio.read_dataframe(file, layer="pipes")


def section(pipes, start, end):
    """The pieces of the trunk from one of its nodes to the next one."""
    graph = nx.MultiGraph()
    for row in pipes[pipes["inner_diameter_mm"].notna() & pipes["from_node"].notna()].itertuples():
        graph.add_edge(row.from_node, row.to_node, row.Index, length=row.length_m)
    way = nx.shortest_path(graph, start, end, weight="length")
    pieces = [min(graph[a][b], key=lambda k: graph[a][b][k]["length"]) for a, b in itertools.pairwise(way)]
    return pipes.loc[pieces]


# the defects ---------------------------------------------------------------------------------------------


def test_the_script_makes_the_committed_files_row_by_row(tmp_path):
    for name in ("mulan", "mulan_dirty"):
        shutil.copytree(SAMPLE.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    made = tmp_path / "mulan_dirty"
    (made / "mulan_dirty.gpkg").unlink()
    (made / "facts" / "defects.csv").unlink()
    subprocess.run([sys.executable, made / "make_dirty.py"], check=True, capture_output=True)
    assert drawings.tables(made / "mulan_dirty.gpkg") == drawings.tables(SAMPLE / "mulan_dirty.gpkg")
    assert (made / "facts" / "defects.csv").read_bytes() == (SAMPLE / "facts" / "defects.csv").read_bytes()


@pytest.mark.parametrize("defect", list(DEFECTS.itertuples()), ids=lambda d: f"{d.layer}-{d.fid}-{d.rule}")
def test_the_defect_is_found_at_its_place(findings, defect):
    found = findings[(findings["rule"] == defect.rule) & (findings["layer"] == defect.layer)]
    fids = found[["source_fid", "other_fid"]].astype("Int64")
    about = fids["source_fid"].eq(defect.fid)
    if not pd.isna(defect.other_fid):  # of two lines that are equal either may be the one that is left
        about &= fids["other_fid"].eq(defect.other_fid)
        about |= fids["source_fid"].eq(defect.other_fid) & fids["other_fid"].eq(defect.fid)
    found = found[about.fillna(False).astype(bool)]
    assert len(found), defect.what
    assert found.distance(shapely.Point(defect.x, defect.y)).min() < AT_ITS_PLACE_M, found.geometry.tolist()


def test_every_kind_of_defect_is_planted():
    assert len(DEFECTS) >= 50
    assert set(DEFECTS["rule"]) >= {
        "end-snapped", "pipe-split", "street-split", "crossing-joined", "crossing-kept", "near-miss", "left-apart",
        "doubled", "overlap", "collapsed", "zero-length", "very-short", "closed-line", "self-crossing",
        "multi-part", "pseudo-node", "island", "dangle", "parallel-pair",
    }  # fmt: skip


# the network ---------------------------------------------------------------------------------------------


def test_nothing_that_was_planted_is_an_error(repaired, findings):
    assert repaired[1].exit_code == 0
    assert "error" not in set(findings["severity"])


def test_the_trunk_has_the_published_lengths_bores_and_flows(repaired, published):
    _, pipes = nodes_and_pipes(repaired[0])
    for name, fact in published.iterrows():
        pieces = section(pipes, fact["from_node"], fact["to_node"])
        assert pieces["length_m"].sum() == pytest.approx(fact["length_m"], abs=0.01), name
        assert (pieces["inner_diameter_mm"] / 1e3).tolist() == pytest.approx(
            [fact["computed_with_inner_diameter_m"]] * len(pieces)
        )
        assert pieces["sup_flow_t_h"].abs().tolist() == pytest.approx([fact["flow_t_h"]] * len(pieces), rel=5e-3)


def test_the_solved_trunk_is_that_of_the_clean_drawing(repaired, result):
    """Trenches differ by the decimetres that street ends were moved; the trunk and what it carries do not."""
    nodes, pipes = nodes_and_pipes(repaired[0])
    clean, drawn = nodes_and_pipes(result.file)
    for start, end in itertools.pairwise(TRUNK):
        flow = section(pipes, start, end)["sup_flow_t_h"].abs()
        assert flow.tolist() == pytest.approx(section(drawn, start, end)["sup_flow_t_h"].abs().tolist() * len(flow))
    for head in ("sup_head_m", "ret_head_m", "static_pressure_kpa"):
        assert nodes.loc[TRUNK, head].to_dict() == pytest.approx(clean.loc[TRUNK, head].to_dict(), abs=2e-3)


def test_the_figures_of_the_plan_come_out(repaired, result):
    figures = {name: value for name, (value, _) in repaired[1].figures.items()}
    assert figures["critical path length"] == pytest.approx(5594.1, abs=0.05)
    assert figures["one-way loss"] == pytest.approx(237.6, rel=3e-3)
    assert figures["pump head"] == pytest.approx(85.0, abs=0.2)
    for name in ("critical path length", "one-way loss", "pump head", "flow", "stations served"):
        assert figures[name] == pytest.approx(result.figures[name], rel=1e-4), name


def test_every_station_has_the_head_it_has_in_the_clean_drawing(repaired, result):
    """Up to the decimetres of trench, and where they tip the choice of a size, that size."""
    stations = pyogrio.read_dataframe(repaired[0], layer="stations").set_index("station_id")
    clean = result["stations"].set_index("station_id")
    assert stations["served"].all()
    assert stations["flow_t_h"].to_dict() == pytest.approx(clean["flow_t_h"].to_dict())
    assert (stations["available_head_m"] - clean["available_head_m"]).abs().max() < 0.2


# nothing lost --------------------------------------------------------------------------------------------


def test_every_input_feature_is_found_in_the_lineage(repaired):
    lineage = pyogrio.read_dataframe(repaired[0], layer="lineage")
    for layer in set(INPUT_LAYERS) & set(LAYERS):
        drawn = pyogrio.read_dataframe(SAMPLE / "mulan_dirty.gpkg", layer=LAYERS[layer], fid_as_index=True).index
        assert set(lineage.loc[lineage["source_layer"] == layer, "source_fid"]) >= set(drawn), layer


def test_heights_are_kept(repaired):
    streets = pyogrio.read_dataframe(repaired[0], layer="streets").set_index("street_id")
    assert streets.loc["ST064"].geometry.has_z
    assert shapely.get_coordinates(streets.loc["ST064"].geometry, include_z=True)[0, 2] == 112.0


def test_a_second_run_repairs_nothing(repaired, tmp_path):
    again = operations.topology(repaired[0], tmp_path / "again.gpkg", snap_tolerance_m=0.5)
    repairs = {"end-snapped", "pipe-split", "street-split", "crossing-joined", "doubled", "reversed-pair", "overlap",
               "collapsed", "multi-part", "parallel-pair"}  # fmt: skip
    assert [f.message for f in again.findings if f.rule in repairs and f.applied] == []
