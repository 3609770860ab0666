"""A network as a networkx graph: nothing lost, and networkx agrees with what gisheat computes itself."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from networks import DRAWN_SEPARATELY, RING, TREE, TWO_RINGS, TWO_SOURCES, WATER, draw, one_pipe
from random_networks import tables as random_tables

import gisheat
from gisheat.errors import InputError
from gisheat.numerics.incidence import bridges, components


@pytest.mark.parametrize("picture", [TREE, RING, TWO_RINGS, TWO_SOURCES, DRAWN_SEPARATELY])
def test_nodes_edges_and_degrees_are_those_of_the_tables(picture):
    tables = draw(picture)
    graph = tables.network().to_networkx()
    ends = tables.pipes[["from_node", "to_node"]]
    assert list(graph) == tables.nodes["node_id"].tolist()
    assert sorted(graph.edges(keys=True)) == sorted(
        (*pair, name) for pair, name in zip(ends.to_numpy().tolist(), tables.pipes["pipe_id"], strict=True)
    )
    assert dict(graph.degree) == pd.concat([ends["from_node"], ends["to_node"]]).value_counts().to_dict()


def test_attributes_are_the_columns_of_the_contract_in_their_units():
    graph = draw(
        TREE, pipes={"A-B": {"length_m": 250.0, "role": "trunk", "status": "planned", "local_loss_fraction": 0.2}},
        nodes={"B": {"ground_m": 7.0}}, stations={"H2": {"supply_temp_c": 85.0, "control": "valve"}},
    ).network().to_networkx()  # fmt: skip
    assert graph.edges["A", "B", "A-B"] == {
        "element": "pipe", "pipe_id": "A-B", "length_m": 250.0, "equivalent_length_m": 50.0, "inner_diameter_mm": 200.0,
        "roughness_mm": 0.5, "zeta": 0.0, "role": "trunk", "status": "planned", "line": "pair", "in_service": True,
    }  # fmt: skip
    assert graph.nodes["B"] == {"ground_m": 7.0}
    station = graph.nodes["H2"]["stations"]["H2"]
    assert (station["supply_temp_c"], station["flow_t_h"], station["control"]) == (85.0, 36.0, "valve")
    assert "load_kw" not in station  # unknown
    assert graph.nodes["S1"]["sources"]["S1"]["static_head_m"] == 30.0


def test_pipes_of_one_side_say_so():
    graph = draw(DRAWN_SEPARATELY).network().to_networkx()
    assert {key: line for *_, key, line in graph.edges(keys=True, data="line")} == {
        "S1~A": "supply", "A~H1": "supply", "H1~H2": "supply", "S1=B": "return", "B=H1": "return", "H1=H2": "return",
    }  # fmt: skip


@pytest.mark.parametrize("picture", [TREE, RING, TWO_RINGS])
def test_bridges_are_those_of_incidence(picture):
    network = draw(picture).network()
    found = set(map(frozenset, nx.bridges(network.to_networkx().to_undirected(as_view=True))))
    pipes = network.pipes
    own = np.flatnonzero(bridges(pipes.start, pipes.end, len(network.nodes)))
    assert found == {frozenset((network.nodes.id[pipes.start[i]], network.nodes.id[pipes.end[i]])) for i in own}


@given(random_tables())
@settings(max_examples=50, deadline=None)
def test_random_networks_have_the_bridges_and_components_of_incidence(tables):
    network = tables.network()
    graph, pipes, count = network.to_networkx(), network.pipes, len(network.nodes)
    found = set(map(frozenset, nx.bridges(graph.to_undirected(as_view=True))))  # of parallel pipes none is a bridge
    own = np.flatnonzero(bridges(pipes.start, pipes.end, count))
    assert found == {frozenset((network.nodes.id[pipes.start[i]], network.nodes.id[pipes.end[i]])) for i in own}
    assert nx.number_weakly_connected_components(graph) == len(set(components(pipes.start, pipes.end, count)))


def test_the_shortest_path_goes_the_shorter_way_round_a_ring():
    network = draw(TWO_RINGS, pipes={"B-C": {"length_m": 350.0}, "A-D": {"length_m": 150.0}}).network()
    way = nx.shortest_path(network.to_networkx().to_undirected(as_view=True), "S1", "H1", weight="length_m")
    assert way == ["S1", "A", "B", "E", "F", "C", "H1"]  # 300 m from B to C, not 350


def test_the_stations_ask_for_what_the_source_gives():
    network = draw(TWO_RINGS, stations={"H2": {"flow_t_h": 18.0}}).network()
    results = gisheat.solve(network, **WATER)
    graph = network.to_networkx(results)
    asked = sum(s["design_flow_t_h"] for _, found in graph.nodes(data="stations", default={}) for s in found.values())
    assert asked == 36.0 + 18.0 + 36.0
    assert graph.nodes["S1"]["sources"]["S1"]["flow_t_h"] == pytest.approx(asked)


def test_joined_flows_balance_at_every_node_of_the_directed_graph():
    """What flows in over edges, less what flows out, is what the stations take and the source gives."""
    network = draw(TWO_RINGS).network()
    graph = network.to_networkx(gisheat.solve(network, **WATER))
    for node, attributes in graph.nodes(data=True):
        arriving = sum(q for *_, q in graph.in_edges(node, data="sup_flow_t_h"))
        leaving = sum(q for *_, q in graph.out_edges(node, data="sup_flow_t_h"))
        taken = sum(s["flow_t_h"] for s in attributes.get("stations", {}).values())
        given = sum(s["flow_t_h"] for s in attributes.get("sources", {}).values())
        assert arriving + given == pytest.approx(leaving + taken, abs=1e-6)
        assert attributes["sup_head_m"] > attributes["ret_head_m"]


def test_results_of_another_network_are_refused():
    results = gisheat.solve(draw(TREE).network(), **WATER)
    with pytest.raises(InputError, match="another network"):
        draw(RING).network().to_networkx(results)


def test_results_of_the_network_with_other_bores_are_taken():
    network = draw(TREE).network()
    wider = network.with_bores(network.pipes.inner_diameter * 1.5)
    assert network.to_networkx(gisheat.solve(wider, **WATER)).edges["A", "B", "A-B"][
        "inner_diameter_mm"
    ] == pytest.approx(300.0)


def test_places_are_joined_where_they_are_known():
    graph = draw(TREE).network().to_networkx(places={"A": (10.0, 20.0), "elsewhere": (0.0, 0.0)})
    assert (graph.nodes["A"]["x"], graph.nodes["A"]["y"]) == (10.0, 20.0)
    assert "x" not in graph.nodes["B"]
    assert "elsewhere" not in graph


def test_valves_and_pumps_are_edges_of_their_own():
    tables = draw("S1---A---B   C---H1")
    network = gisheat.Network.from_tables(
        *tables,
        pumps={"pump_id": ["A-B"], "from_node": ["A"], "to_node": ["B"], "curve": ["0:20; 60:10"]},
        valves={"valve_id": ["V"], "from_node": ["B"], "to_node": ["C"], "kind": ["isolation"]},
    )
    graph = network.to_networkx(gisheat.solve(network, **WATER))
    assert set(graph.edges(keys=True)) == {
        ("S1", "A", "S1-A"), ("A", "B", "A-B"), ("A", "B", "pump A-B"), ("B", "C", "V"), ("C", "H1", "C-H1"),
    }  # fmt: skip
    assert graph.edges["A", "B", "pump A-B"]["curve"] == "0:20;60:10"
    valve = graph.edges["B", "C", "V"]
    assert (valve["kind"], valve["line"], valve["state_found"]) == ("isolation", "pair", "open")
    assert valve["flow_t_h"] == pytest.approx(36.0)


def test_several_stations_at_one_node_stay_apart():
    tables = draw(TREE)
    tables.stations["node_id"] = "B"
    assert list(tables.network().to_networkx().nodes["B"]["stations"]) == ["H3", "H1", "H2"]


def test_a_one_pipe_network_has_demands_at_its_nodes():
    network = one_pipe({"A-B": {}}, {"A": {"fixed_head_m": 50.0}, "B": {"demand_kg_s": 10.0}})
    graph = network.to_networkx(gisheat.solve(network, density_kg_m3=1000.0, viscosity_pa_s=5e-4))
    assert sum(demand for _, demand in graph.nodes(data="demand_kg_s")) == 10.0
    assert graph.nodes["A"]["head_m"] == 50.0
    assert graph.edges["A", "B", "A-B"]["flow_kg_s"] == pytest.approx(10.0)
    assert not graph.graph["two_pipe"]


def test_the_graph_goes_through_json():
    """Plain Python values without NaN."""
    network = draw(TWO_SOURCES).network()
    graph = network.to_networkx(gisheat.solve(network, **WATER))
    text = json.dumps(nx.adjacency_data(graph), allow_nan=False)
    assert nx.utils.graphs_equal(graph, nx.adjacency_graph(json.loads(text)))


def test_what_gisheat_does_not_know_is_no_attribute():
    tables = draw(TREE, pipes={"A-B": {"inner_diameter_mm": np.nan}})
    assert "inner_diameter_mm" not in tables.network().to_networkx().edges["A", "B", "A-B"]
