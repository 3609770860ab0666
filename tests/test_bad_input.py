"""Bad input: exit code, one sentence with a place, inputs as they were, no half output.

Wrong files and layers end with 2 and a sentence on stderr. Bad values are findings with a layer and a feature: 1 where
a result is possible without them, else 3.
"""

from __future__ import annotations

import numpy as np
import pyogrio
import pytest
from drawings import (
    CRS,
    at,
    errors_of,
    findings,
    layer,
    line,
    point,
    served,
    tables,
    town,
    values,
    with_column,
)
from shapely import LineString

TWO_HOLDING = layer(
    [point(0, 0), point(100, 40)], source_id=["S1", "S2"], supply_temp_c=[110.0] * 2, return_temp_c=[60.0] * 2,
    pressure_holding=[True, True],
)  # fmt: skip


# layers and columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (town(pipes=None), ["the layer pipes is missing", "--pipes"]),
        (
            town(stations=layer([point(200, 0)], load_kw=[500.0])),
            ["layer stations", "required column station_id is missing", "[columns.stations]"],
        ),
        (town(sources=layer([point(0, 0)])), ["layer sources", "required column source_id is missing"]),
        (town(pipes=layer([point(0, 0)], pipe_id=["P"])), ["layer pipes", "holds Point geometry; lines are needed"]),
        (
            town(stations=layer([line((0, 0), (1, 1))], station_id=["H"])),
            ["layer stations", "holds LineString geometry; points are needed"],
        ),
        (
            town(stations=layer([point(0, 0).buffer(1)], station_id=["H"])),
            ["layer stations", "holds Polygon geometry; points are needed"],
        ),
        (
            {"pipelines": town()["pipes"]},
            ["no layer has a name of the contract", "'pipelines'", "did you mean 'pipes'"],
        ),
        (with_column("stations", "热负荷(km)", [5.0, 6.0]), ["layer stations", "'km'", "does not fit load_kw"]),
    ],
)
def test_wrong_layers_and_columns_are_refused(run, layers, words):
    if "热负荷(km)" in layers.get("stations", ()):
        layers["stations"] = layers["stations"].drop(columns="load_kw")
    ran = run(layers)
    assert ran.code == 2
    assert [w for w in words if w not in ran.sentence] == []


@pytest.mark.parametrize(
    "layers",
    [
        town(stations=None),
        town(sources=None),
        town(pipes=town()["pipes"][:0]),
        town(stations=town()["stations"][:0]),
        town(sources=town()["sources"][:0]),
        town(pipes=town()["pipes"].set_geometry([None] * 3, crs=CRS)),
        town(stations=town()["stations"].set_geometry([None] * 2, crs=CRS)),
        town(sources=town()["sources"].set_geometry([None], crs=CRS)),
        with_column("pipes", "status", ["abandoned"] * 3),
        with_column("pipes", "status", ["closed"] * 3),
        with_column("stations", "status", ["closed"] * 2),
        with_column("stations", "load_kw", [None, None]),
        with_column("stations", "load_kw", ["much", "more"]),
        with_column("sources", "role", ["reserve"]),
        with_column("sources", "return_temp_c", [110.0]),
        with_column("sources", "supply_temp_c", [-300.0]),
        with_column("pipes", "line", ["supply"] * 3),
        with_column("pipes", "phase", ["far"] * 3),
        town(stations=layer([point(9e3, 0)], station_id=["H"], load_kw=[5.0])),
        town(sources=layer([point(9e3, 0)], source_id=["S"], supply_temp_c=[90.0], return_temp_c=[60.0])),
        town(sources=TWO_HOLDING),
    ],
)
def test_data_that_allow_no_result_end_with_3(run, layers):
    ran = run(layers, *(["--phase", "near"] if "phase" in layers["pipes"] else []))
    assert ran.code == 3
    assert ran.out == ""


def test_a_drawing_with_nothing_but_geometry_and_load_gives_a_result(run):
    bare = town(
        pipes=layer(town()["pipes"].geometry),
        stations=layer(town()["stations"].geometry, station_id=["a", "b"], load_kw=[5.0, 6.0]),
        sources=layer([point(0, 0)], source_id=["q"]),
    )
    ran = run(bare, "--supply-temp-c", 110, "--return-temp-c", 60)
    assert ran.code == 0
    assert [v for v in values(run.output, "stations", "surplus_head_m") if not v >= 0] == []


# coordinate reference systems ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        ("EPSG:4326", ["EPSG:4326 is geographic", "EPSG:4552"]),
        ("EPSG:3857", ["EPSG:3857 draws lengths 1.44 times too long", "EPSG:4552"]),
        ("EPSG:2263", ["the unit of the CRS EPSG:2263 is US survey foot", "EPSG:4552"]),
        ("+proj=utm +zone=52 +units=km", ["kilometre", "EPSG:4552"]),
    ],
)
def test_a_crs_that_lengths_cannot_be_measured_in_is_refused_and_a_fitting_one_named(run, crs, words):
    ran = run({name: table.to_crs(crs) for name, table in town().items()})
    assert ran.code == 2
    assert ran.sentence.startswith("layer pipes: ")
    assert [w for w in words if w not in ran.sentence] == []


@pytest.mark.parametrize("crs", ["EPSG:4978", 'LOCAL_CS["ours",UNIT["metre",1]]'])
def test_a_crs_that_is_no_projection_is_refused(run, crs):
    ran = run({name: table.set_crs(crs, allow_override=True) for name, table in town().items()})
    assert ran.code == 2
    assert "not a projected one" in ran.sentence


def bare(tables_):
    return {name: table.set_crs(None, allow_override=True) for name, table in tables_.items()}


def test_layers_without_a_crs_need_the_option(run):
    ran = run(bare(town()))
    assert ran.code == 2
    assert ran.sentence.startswith("layer pipes carries no CRS: give it with --crs, as in --crs EPSG:4552 (")
    assert "EPSG:4534 to 4554 (CGCS2000)" in ran.sentence  # the codes that the coordinates fit


@pytest.mark.parametrize(
    ("crs", "code", "words"),
    [
        (CRS, 0, ""),
        ("EPSG:4326", 2, "geographic"),
        ("EPSG:99999", 2, "the CRS 'EPSG:99999' is unknown: write it as EPSG:4552"),
        ("", 2, "carries no CRS"),
    ],
)
def test_the_option_crs_is_for_layers_without_one(run, crs, code, words):
    ran = run(bare(town()), "--crs", crs)
    assert ran.code == code
    assert words in ran.err


def test_coordinates_outside_of_their_crs_are_refused(run):
    ran = run({name: table.set_geometry(table.translate(9e7, 9e7)) for name, table in town().items()})
    assert ran.code == 2
    assert "lie outside of the CRS EPSG:4552: the layer carries the wrong CRS" in ran.sentence


def test_layers_are_brought_to_the_crs_of_the_pipes_and_the_run_record_says_so(run):
    layers = town()
    layers["stations"], layers["sources"] = layers["stations"].to_crs(4326), layers["sources"].to_crs(32652)
    ran = run(layers)
    assert ran.code == 0
    record = dict(row[1:3] for row in tables(run.output)["run"])
    said = [v for k, v in record.items() if k.startswith("note")]
    assert "stations: reprojected from EPSG:4326 to EPSG:4552" in said
    assert "sources: reprojected from EPSG:32652 to EPSG:4552" in said
    assert pyogrio.read_info(run.output, layer="stations")["crs"] == CRS
    assert record["crs"] == CRS


def test_a_layer_without_a_crs_beside_others_takes_theirs_with_a_warning(run):
    assert run(town(stations=town()["stations"].set_crs(None, allow_override=True))).code == 0
    assert "crs-missing" in values(run.output, "findings", "rule")


def test_one_feature_far_astray_does_not_condemn_the_crs(run):
    layers = town()
    layers["pipes"].loc[1, "geometry"] = LineString([at(100, 0), (1e12, 1e12)])
    assert run(layers).code == 1
    assert errors_of(run.output) == [("geometry-infinite", "pipes", 2)]


# networks that do not hang together ----------------------------------------------------------------------


def test_a_station_far_from_any_pipe_is_an_error_with_its_distance(run):
    far = layer([point(200, 0), point(200, 1000)], station_id=["H1", "H2"], load_kw=[500.0, 300.0])
    assert run(town(stations=far)).code == 1
    assert errors_of(run.output) == [("not-connected", "stations", 2)]
    assert values(run.output, "stations", "served") == [True, False]
    row = findings(run.output).set_index("rule").loc["not-connected"]
    assert row["distance_m"] == pytest.approx(np.hypot(100, 920))
    assert "station H2 lies 925 m from the nearest pipe, more than the 200 m allowed" in row["message"]


def test_an_island_with_a_load_is_an_error_and_the_rest_is_served(run):
    pipes = layer(
        [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((103, 6), (100, 80))], pipe_id=["a", "b", "c"]
    )
    assert run(town(pipes=pipes)).code == 1
    assert errors_of(run.output) == [("island", "pipes", 3)]
    assert served(run.output) == ["H1"]


def test_a_source_beside_the_network_is_an_error_and_the_other_one_serves(run):
    two = TWO_HOLDING.assign(pressure_holding=[True, None], geometry=[point(0, 0), point(9e3, 0)])
    assert run(town(sources=two)).code == 1
    assert errors_of(run.output) == [("not-connected", "sources", 2)]


PLACES = {
    "a station on a vertex": town(
        pipes=layer([line((0, 0), (100, 0), (200, 0))], pipe_id=["P"]),
        stations=layer([point(100, 0), point(200, 0)], station_id=["a", "b"], load_kw=[50.0, 60.0]),
    ),
    "a station on the middle of a pipe": town(
        stations=layer([point(50, 0), point(150, 0)], station_id=["a", "b"], load_kw=[50.0, 60.0])
    ),
    "two stations at one place": town(
        stations=layer([point(200, 0)] * 2, station_id=["a", "b"], load_kw=[50.0, 60.0])
    ),
    "a station at the source": town(
        stations=layer([point(0, 0), point(200, 0)], station_id=["a", "b"], load_kw=[50.0, 60.0])
    ),
    "a single pipe": town(
        pipes=layer([line((0, 0), (100, 0))], pipe_id=["P"]),
        stations=layer([point(100, 0)], station_id=["a"], load_kw=[50.0]),
    ),
    "nothing but a station at the source": town(
        stations=layer([point(0, 0)], station_id=["a"], load_kw=[50.0])
    ),
    "stations without load": with_column("stations", "load_kw", [0.0, 0.0]),
    "two sources at one place": town(
        sources=layer(
            [point(0, 0)] * 2, source_id=["S1", "S2"], supply_temp_c=[110.0] * 2, return_temp_c=[60.0] * 2
        )
    ),
    "supply and return drawn separately": town(
        pipes=layer(
            [line((0, 0), (200, 0)), line((0, 1), (200, 1))], pipe_id=["s", "r"], line=["supply", "return"]
        ),
        stations=layer([point(200, 0.5)], station_id=["a"], load_kw=[50.0]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_odd_places_are_no_errors(run, name):
    ran = run(PLACES[name])
    assert ran.code == 0
    assert errors_of(run.output) == []
    own = pyogrio.read_dataframe(run.output, layer="lineage", read_geometry=False)
    drawn = {(k, fid + 1) for k, table in PLACES[name].items() for fid in range(len(table))}
    assert drawn <= set(zip(own["source_layer"], own["source_fid"], strict=True))


@pytest.mark.parametrize(("tolerance", "code"), [(0, 0), (1e-9, 0), (50, 0), (79, 0), (100, 0)])
def test_any_tolerance_gives_a_result_with_all_features_accounted_for(run, tolerance, code):
    assert run(town(), "--snap-tolerance-m", tolerance, verb="topology").code == code
    own = pyogrio.read_dataframe(run.output, layer="lineage", read_geometry=False)
    assert set(own[own["source_layer"] == "pipes"]["source_fid"]) == {1, 2, 3}


# options and verbs on bad data ---------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["check", "topology", "loads", "size", "solve", "run"])
def test_every_verb_refuses_a_crs_in_degrees(run, verb):
    assert run({n: t.to_crs(4326) for n, t in town().items()}, verb=verb).code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--phase", "spring"], "the phase 'spring' is unknown (known: existing, near, far)"),
        (["--phase", "Far"], "did you mean 'far'"),
        (["--catalogue", "nowhere.csv"], "nowhere.csv"),
        (["--terrain", "nowhere.tif"], "terrain: there is no file nowhere.tif"),
        (["--supply-temp-c", "500"], "supply_temp_c is 500.0; a number from 5 to 200 degC is needed"),
        (["--roughness-mm", "nan"], "roughness_mm is nan; a number from 0 to 150 mm is needed"),
        (["--max-iterations", "0"], "max_iterations is 0; a whole number from 1 to 10000 is needed"),
    ],
)
def test_a_wrong_option_is_refused(run, options, words):
    ran = run(town(), *options)
    assert ran.code == 2
    assert words in ran.sentence
