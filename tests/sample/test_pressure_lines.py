"""The pressure diagram: lines against tables of others and against the solution, words and forms of the picture."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from drawings import call
from networks import DRAWN_SEPARATELY, RING, TREE, draw

import gisheat
from gisheat import operations
from gisheat.errors import InputError
from gisheat.operations import running
from gisheat.physics.pressure import air_pressure
from gisheat.pressure_limits import default_limits
from gisheat.pressure_lines import lines_table, pressure_lines
from gisheat.pressure_ways import way_to_station


@pytest.fixture(scope="module")
def state(project):
    """The sample, solved."""
    return running.state_of(operations.run, project, {}, None, running.TO_SOLUTION)


def solved(drawing, temperature=110.0, pipes=None, **source):
    """The drawn network, its source with these temperatures and what else is given for it."""
    sources = {"S1": {"supply_temp_c": temperature, "return_temp_c": 60.0, **source}}
    return gisheat.solve(draw(drawing, sources=sources, pipes=pipes or {}).network())


@pytest.mark.parametrize(("height", "pressure"), [(0, 101325.0), (500, 95461.0), (1000, 89875.0), (2000, 79495.0)])
def test_air_thins_with_height_as_in_the_standard_atmosphere(height, pressure):
    """ISO 2533, table of pressure against height."""
    assert air_pressure(height) == pytest.approx(pressure, abs=5.0)


@pytest.mark.parametrize(("temperature", "excess_kpa"), [(110, 42), (130, 169), (150, 375)])
def test_the_supply_must_stand_above_its_boiling_pressure(temperature, excess_kpa):
    """Saturation pressure above the air at sea level: steam tables (IAPWS), as in heating handbooks."""
    results = solved(TREE, temperature)
    lines = pressure_lines(results, limits=default_limits(results.network, boiling_margin=0.0, least_return=0.0))
    at = results.conditions
    gauge = (lines.boiling - lines.ground) * at.mean.density * at.gravity
    assert gauge / 1e3 == pytest.approx(np.full(len(gauge), excess_kpa), abs=1.0)


def test_below_a_hundred_degrees_the_boiling_limit_is_that_of_the_return():
    """At 85 degC water boils at -43 kPa: that lowers nothing."""
    lines = pressure_lines(solved(TREE, 85.0))
    assert lines.boiling == pytest.approx(lines.lowest)


def test_heads_fall_by_the_losses_of_the_pipes_that_are_passed():
    results = solved(TREE)
    lines = pressure_lines(results, way_to_station(results, "H2"))
    table = lines_table(results, lines)
    assert table["node_id"].tolist() == ["S1", "A", "B", "H2"]
    assert table["pipe_id"].tolist() == ["", "S1-A", "A-B", "B-H2"]
    assert table["distance_m"].tolist() == [0.0, 100.0, 200.0, 300.0]
    pipes = results.pipes.set_index("pipe_id")
    weight = results.conditions.mean.density * results.conditions.gravity
    for k, pipe in enumerate(table["pipe_id"][1:], 1):
        drop = lines.supply[k - 1] - lines.supply[k]
        rise = lines.back[k] - lines.back[k - 1]
        assert drop * weight / 1e3 == pytest.approx(pipes.loc[pipe, "sup_loss_kpa"], rel=1e-6)
        assert rise * weight / 1e3 == pytest.approx(pipes.loc[pipe, "ret_loss_kpa"], rel=1e-6)


def test_the_pump_gives_what_the_plant_the_pipes_and_the_station_take():
    """The plant's loss and the reserve are those that the source states; the station needs 10 m."""
    results = solved(TREE, plant_loss_m=7.0, head_reserve_m=3.0)
    lines = pressure_lines(results)
    losses = results.path()[["sup_loss_kpa", "ret_loss_kpa"]].to_numpy().sum() * 1e3
    lost = losses / (results.conditions.mean.density * results.conditions.gravity)
    assert lines.plant == pytest.approx(7.0)
    assert lines.required == 10.0
    assert lines.pump_head == pytest.approx(7.0 + lost + 10.0 + 3.0, rel=1e-6)
    assert lines.supply[-1] - lines.back[-1] == pytest.approx(10.0 + 3.0)


def test_in_a_ring_the_way_is_that_of_the_larger_flow():
    results = solved(RING, pipes={"A-D": {"inner_diameter_mm": 60}})
    way = way_to_station(results, "H2")
    assert lines_table(results, pressure_lines(results, way))["node_id"].tolist()[:3] == ["S1", "A", "B"]


def test_supply_and_return_that_are_drawn_apart_have_heads_at_both_ends():
    """The return goes by B, of which the way of the supply knows nothing: there its line is straight."""
    results = solved(DRAWN_SEPARATELY)
    lines = pressure_lines(results, way_to_station(results, "H2"))
    nodes = results.nodes.set_index("node_id")["ret_head_m"]
    assert lines.back[[0, -2, -1]] == pytest.approx(nodes[["S1", "H1", "H2"]].to_numpy())
    assert lines.back[1] == pytest.approx((lines.back[0] + lines.back[2]) / 2)


def test_the_way_to_the_worst_station_of_the_sample_is_its_critical_path(result, state):
    table = lines_table(state.results, pressure_lines(state.results))
    path = result["critical_path"]
    assert table["pipe_id"].tolist()[1:] == path["pipe_id"].tolist()
    for mine, written in (("sup_head_m", "sup_head_m"), ("ret_head_m", "ret_head_m"), ("ground_m", "ground_m")):
        np.testing.assert_allclose(table[mine][1:], path[written], atol=1e-5)


def test_a_station_that_is_not_there_is_a_sentence():
    with pytest.raises(InputError, match="no station 'H9'"):
        way_to_station(solved(TREE), "H9")


def test_a_result_is_looked_at_as_it_was_solved(project, result):
    """With the rough law and the water of its run record, not with what holds when nothing is said."""
    of_project, of_result = (
        running.state_of(operations.profile, file, {}, None, running.TO_SOLUTION) for file in (project, result.file)
    )
    assert of_result.options["friction"] == "rough"
    a, b = (pressure_lines(state.results, way_to_station(state.results, "R05")) for state in (of_project, of_result))
    np.testing.assert_allclose(b.supply, a.supply, atol=1e-3)
    assert len(running.recorded_options(operations.profile, project)) == 0


# files ---------------------------------------------------------------------------------------------------


def test_the_verb_writes_picture_and_table_and_tells_the_way(project, tmp_path):
    picture, data = tmp_path / "diagram.svg", tmp_path / "diagram.csv"
    ran = call("profile", project, "-o", picture, "--data", data, "--json")
    assert ran.code == 0
    figures = json.loads(ran.out)["figures"]
    table = pd.read_csv(data)
    assert figures["pipes"]["value"].split("; ") == table["pipe_id"].dropna().tolist()
    assert figures["pump head"]["value"] == pytest.approx(84.97, abs=0.01)
    drawn = ET.parse(picture).getroot()
    assert drawn.tag.endswith("svg")
    assert {p.name for p in tmp_path.iterdir()} == {"diagram.svg", "diagram.csv"}


@pytest.mark.parametrize(
    ("output", "more", "sentence"),
    [
        ("diagram.bmp", (), "a name that ends in .png"),
        ("diagram.png", ("--data", "heads.txt"), "a name that ends in .csv"),
        ("diagram.png", ("--station", "R99"), "no station 'R99'"),
    ],
)
def test_what_can_not_be_drawn_is_a_sentence_and_leaves_nothing(project, tmp_path, output, more, sentence):
    ran = call("profile", project, "-o", tmp_path / output, *more)
    assert ran.code == 2
    assert sentence in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_same_network_gives_the_same_picture(state, tmp_path):
    from gisheat.picture.diagram import draw_diagram

    lines = pressure_lines(state.results)
    table = lines_table(state.results, lines)
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for file in files:
        draw_diagram(lines, table, file, title="木兰", language="zh")
    assert files[0].read_bytes() == files[1].read_bytes()
