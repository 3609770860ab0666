"""Drawings that leave routing nothing to do, or little: what is wrong is said, in the words of what is wrong."""

from __future__ import annotations

import pyogrio
import pytest
from drawings import call, findings, layer, line, point, write
from shapely import GeometryCollection, MultiLineString, Polygon

from gisheat.errors import Cancelled
from gisheat.operations import route

STREETS = ("streets", "street_id", [line((0, 0), (100, 0)), line((100, 0), (100, 80))])
STATIONS = ("stations", "station_id", [point(100, 80), point(50, 5)])
SOURCES = ("sources", "source_id", [point(0, 0)])


def city(**replaced):
    """Streets without pipes; a layer given by name takes the place of its own."""
    layers = {
        name: layer(shapes, **{column: [f"{name[:2]}{i}" for i in range(len(shapes))]})
        for name, column, shapes in (STREETS, STATIONS, SOURCES)
    }
    layers["stations"] = layers["stations"].assign(load_kw=100.0)
    layers["sources"] = layers["sources"].assign(supply_temp_c=110.0, return_temp_c=60.0, static_head_m=30.0)
    return {**layers, **replaced}


def refused(folder, verb, layers, *options):
    """The sentence that a verb is refused with, after a look that nothing is written."""
    output = folder / "result.gpkg"
    ran = call(verb, write(folder / "town.gpkg", layers), "-o", output, *options)
    assert ran.code == 3
    assert not output.exists()
    return ran.sentence


@pytest.mark.parametrize("verb", ["check", "topology", "route", "run"])
def test_streets_without_geometry_are_what_is_named(tmp_path, verb):
    sentence = refused(tmp_path, verb, city(streets=layer([None, None], street_id=["a", "b"])))
    assert sentence == "the layer streets holds no street that can be used: look at its geometry."


@pytest.mark.parametrize("name", ["stations", "sources"])
def test_what_routing_lacks_is_named(tmp_path, name):
    without = layer([None], **{f"{name[:-1]}_id": ["a"]})
    assert f"look at the layer {name}" in refused(tmp_path, "run", city(**{name: without}))


def test_a_station_at_its_source_needs_no_trench_and_that_is_said(tmp_path):
    at_source = layer([point(0, 0)], station_id=["H"], load_kw=[100.0])
    assert "every station that is reached stands at a source" in refused(tmp_path, "run", city(stations=at_source))


def test_abandoned_pipes_do_not_keep_streets_from_being_routed(tmp_path):
    old = layer([line((0, 0), (100, 0))], pipe_id=["old"], status=["abandoned"])
    output = tmp_path / "result.gpkg"
    assert call("loads", write(tmp_path / "town.gpkg", city(pipes=old)), "-o", output).code == 0
    pipes = pyogrio.read_dataframe(output, layer="pipes", read_geometry=False)
    assert set(pipes["status"]) == {"abandoned", "planned"}
    lineage = pyogrio.read_dataframe(output, layer="lineage", read_geometry=False)
    assert lineage[lineage["source_layer"] == "pipes"]["action"].tolist() == ["unused"]


def test_forbidden_areas_are_named_where_they_part_stations_from_the_source(tmp_path):
    around = Polygon([(x, y) for x, y in (point(*p).coords[0] for p in ((60, -9), (70, -9), (70, 9), (60, 9)))])
    areas = layer([around], area_id=["a"], kind=["forbidden"])
    output = tmp_path / "result.gpkg"
    ran = call("route", write(tmp_path / "town.gpkg", city(areas=areas)), "-o", output)
    assert ran.code == 1
    assert "station st0 stands at streets or pipes that no street outside the forbidden areas joins" in ran.out


def test_a_run_that_is_cancelled_leaves_nothing_and_one_that_is_written_is_not_cancelled(tmp_path):
    source, ended = write(tmp_path / "town.gpkg", city()), False
    for step in range(20):
        told, output = [], tmp_path / f"result{step}.gpkg"

        def goes_on(share, what, told=told, step=step):
            told.append(what)
            return len(told) <= step

        try:
            route(source, output, progress=goes_on)
        except Cancelled:
            assert [file.name for file in tmp_path.iterdir()] == [source.name]
        else:
            ended = True
            assert output.exists()
            assert told[-1] == "done"
            break
    assert ended


def test_of_a_collection_the_lines_are_used_and_what_else_it_holds_is_told(tmp_path):
    first, second = STREETS[2]
    lines = MultiLineString([second.coords, line((100, 80), (100, 90)).coords])
    shapes = [first, GeometryCollection([GeometryCollection([lines]), point(0, 0)])]
    output = tmp_path / "result.gpkg"
    source = write(tmp_path / "town.gpkg", city(streets=layer(shapes, street_id=["a", "b"])))
    assert call("topology", source, "-o", output).code == 0
    told = findings(output)
    assert not (told["rule"] == "self-crossing").any()
    told = told[told["rule"] == "geometry-type"]
    assert list(zip(told["severity"], told["source_fid"], strict=True)) == [("warning", 2)]
    streets = pyogrio.read_dataframe(output, layer="streets")
    assert sorted(streets.length.round(6)) == [10.0, 80.0, 100.0]


@pytest.mark.parametrize(("inside", "code"), [("street", 0), ("point", 2)])
def test_a_layer_of_collections_alone_is_used_where_they_hold_lines(tmp_path, inside, code):
    first, second = STREETS[2]
    shapes = [GeometryCollection([shape if inside == "street" else point(0, 0)]) for shape in (first, second)]
    source = write(tmp_path / "town.gpkg", city(streets=layer(shapes, street_id=["a", "b"])))
    done = call("topology", source, "-o", tmp_path / "result.gpkg")
    assert done.code == code
    if code:
        assert "GeometryCollection geometry; lines are needed" in done.sentence
    else:
        assert len(pyogrio.read_dataframe(tmp_path / "result.gpkg", layer="streets")) == 2
