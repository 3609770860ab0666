"""Bad input: exit code, one sentence with a place, inputs as they were, no half output.

Wrong files and layers end with 2 and a sentence on stderr. Bad values are findings with a layer and a feature: 1 where
a result is possible without them, else 3.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from drawings import (
    CRS,
    Ran,
    at,
    call,
    digest,
    findings,
    gisheat,
    layer,
    line,
    names_in,
    point,
    tables,
    town,
    with_column,
    write,
)
from shapely import LineString, MultiLineString, MultiPoint, Point

TWO_HOLDING = layer(
    [point(0, 0), point(100, 40)], source_id=["S1", "S2"], supply_temp_c=[110.0] * 2, return_temp_c=[60.0] * 2,
    pressure_holding=[True, True],
)  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """Run a drawing; the input must stay as it is, and nothing but a whole output may be left beside it."""

    def run_drawing(layers=None, *options, verb="run", path=None):
        source = write(tmp_path / "in" / "town.gpkg", layers) if path is None else path
        before = digest(source.parent)
        out = tmp_path / "out" / "result.gpkg"
        ran = call(verb, source, "-o", out, *options)
        assert digest(source.parent) == before
        if ran.code <= 1:
            assert ran.err == ""
            assert names_in(out.parent) == {"result.gpkg"}
        else:
            assert ran.sentence
            assert not out.parent.exists()
        return ran

    run_drawing.output = tmp_path / "out" / "result.gpkg"
    run_drawing.folder = tmp_path / "in"
    return run_drawing


class Checked(NamedTuple):
    """What `gisheat check` says: exit code, and rule, layer and feature of every finding by severity."""

    code: int
    errors: list
    warnings: list
    messages: list


@pytest.fixture
def check(tmp_path):
    """Check a drawing, which writes nothing."""

    def check_drawing(layers=None, path=None):
        source = write(tmp_path / "in" / "town.gpkg", layers) if path is None else path
        before = digest(tmp_path)
        ran = call("check", source, "--json")
        assert ran.err == ""
        assert digest(tmp_path) == before
        said = json.loads(ran.out)
        assert said["exit_code"] == ran.code
        by = {s: [f for f in said["findings"] if f["severity"] == s] for s in ("error", "warning")}
        listed = {s: sorted((f["rule"], f["layer"], f["source_fid"]) for f in found) for s, found in by.items()}
        return Checked(ran.code, listed["error"], listed["warning"], [f["message"] for f in said["findings"]])

    check_drawing.folder = tmp_path / "in"
    return check_drawing


def errors_of(run):
    """Rule, layer and feature of the errors in the findings of a result."""
    table = findings(run.output)
    table = table[table["severity"] == "error"]
    return sorted(zip(table["rule"], table["layer"], table["source_fid"].astype(int), strict=True))


def values(run, name, column):
    return pyogrio.read_dataframe(run.output, layer=name, read_geometry=False)[column].tolist()


def served(run):
    """Stations that are served."""
    table = pyogrio.read_dataframe(run.output, layer="stations", read_geometry=False)
    return table[table["served"] == 1]["station_id"].tolist()


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
    assert [v for v in values(run, "stations", "surplus_head_m") if not v >= 0] == []


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
    assert ran.sentence == "layer pipes carries no CRS: give it with --crs, as in --crs EPSG:4552."


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
    assert "crs-missing" in values(run, "findings", "rule")


def test_one_feature_far_astray_does_not_condemn_the_crs(run):
    layers = town()
    layers["pipes"].loc[1, "geometry"] = LineString([at(100, 0), (1e12, 1e12)])
    assert run(layers).code == 1
    assert errors_of(run) == [("geometry-infinite", "pipes", 2)]


# values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "rule"),
    [(np.inf, "not-a-number"), (-np.inf, "not-a-number"), (-5.0, "out-of-range"), (1e300, "out-of-range"),
     ("much", "not-a-number"), ("1,5", "not-a-number"), ("500 kW", "not-a-number")],
)  # fmt: skip
def test_a_load_that_is_none_is_an_error_with_its_feature(check, value, rule):
    found = check(with_column("stations", "load_kw", [value, 300.0 if isinstance(value, float) else "300"]))
    assert found.errors == [("load-unknown", "stations", 1), (rule, "stations", 1)]
    assert any(m.startswith("station H1: load_kw is ") for m in found.messages)


@pytest.mark.parametrize("load", [-5.0, np.nan])
def test_a_station_without_a_load_is_an_error_and_the_rest_is_computed(run, load):
    assert run(with_column("stations", "load_kw", [load, 300.0])).code == 1
    assert ("load-unknown", "stations", 1) in errors_of(run)
    assert served(run) == ["H2"]


@pytest.mark.parametrize("column", ["dn_mm", "inner_diameter_mm", "length_m", "roughness_mm", "zeta", "wall_mm"])
@pytest.mark.parametrize("given", [[np.inf, -1.0, 1e9], ["x", "-inf", "5 mm"]])
def test_bad_values_of_pipes_are_errors_and_unknown(check, column, given):
    found = check(with_column("pipes", column, given))
    assert (found.code, sorted(place for _, *place in found.errors)) == (1, [["pipes", 1], ["pipes", 2], ["pipes", 3]])


def test_missing_values_are_unknown_and_no_error(check):
    layers = town()
    for column in ("dn_mm", "inner_diameter_mm", "length_m", "roughness_mm", "zeta", "status", "role", "phase"):
        layers["pipes"][column] = None
    layers["stations"]["required_head_m"] = np.nan
    assert check(layers).code == 0


@pytest.mark.parametrize("stored", ["'much'", "'1,5'", "X'00ff'", "'nan'"])
def test_text_in_a_number_column_of_a_geopackage_is_seen(check, stored):
    """SQLite stores any value in any column; GDAL reads 'much' as 0 and '1,5' as 1 without a word."""
    path = write(check.folder / "town.gpkg")
    altered(path, f"UPDATE stations SET load_kw = {stored} WHERE fid = 1")
    assert ("not-a-number", "stations", 1) in check(path=path).errors


def test_numbers_stored_as_text_are_numbers_and_empty_text_is_unknown(run):
    path = write(run.folder / "town.gpkg")
    altered(path, "UPDATE stations SET load_kw = '400.5' WHERE fid = 1", "UPDATE stations SET ground_m = ''")
    assert run(path=path).code == 0
    assert values(run, "stations", "load_kw") == [400.5, 300.0]


def altered(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("column", "given", "rule"),
    [
        ("installed_year", [1999.5, 2000.0, None], "not-a-number"),
        ("installed_year", [True, None, None], "not-a-number"),
        ("dn_mm", [True, None, None], "not-a-number"),
        ("dn_mm", pd.to_datetime(["2020-01-01", None, None]), "not-a-number"),
        ("status", ["burnt", None, None], "not-a-choice"),
        ("dn_mm", [333.0, None, None], "dn-unknown"),
        ("length_m", [0.0, None, None], "out-of-range"),
        ("length_m", [1e-9, None, None], "out-of-range"),
    ],
)
def test_values_of_the_wrong_kind_are_errors(check, column, given, rule):
    assert check(with_column("pipes", column, given)).errors == [(rule, "pipes", 1)]


def test_the_year_of_a_date_is_a_year(run):
    assert run(with_column("pipes", "installed_year", pd.to_datetime(["1999-05-01", None, "2011-01-01"]))).code == 0
    assert values(run, "pipes", "installed_year") == pytest.approx([1999, np.nan, 2011], nan_ok=True)


def test_a_wall_that_leaves_no_bore_is_an_error(check):
    layers = with_column("pipes", "outer_diameter_mm", [100.0, None, None])
    layers["pipes"]["wall_mm"] = [60.0, None, None]
    assert check(layers).errors == [("wall-too-thick", "pipes", 1)]


@pytest.mark.parametrize(
    ("temperatures", "rule"),
    [
        ({"supply_temp_c": [90.0, None], "return_temp_c": [90.0, None]}, "no-temperature-difference"),
        ({"supply_temp_c": [240.0, None]}, "out-of-range"),
        ({"return_temp_c": [-3.0, None]}, "out-of-range"),
    ],
)
def test_temperatures_of_a_station_that_cannot_be_are_errors(check, temperatures, rule):
    found = check(town(stations=town()["stations"].assign(**temperatures)))
    assert (rule, "stations", 1) in found.errors


@pytest.mark.parametrize(
    ("value", "cut"), [("x" * 100_000, "(100002 characters)"), ("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m")]
)
def test_a_long_or_odd_value_does_not_flood_the_terminal(tmp_path, value, cut):
    ran = call("check", write(tmp_path / "town.gpkg", with_column("stations", "load_kw", [value, "300"])))
    assert ran.code == 1
    assert cut in ran.out
    assert max(map(len, ran.out.splitlines())) < 500
    assert "\x1b" not in ran.out


# identifiers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column", "given", "rules", "ids"),
    [
        ("pipes", "pipe_id", ["P", "P", "P"], ["id-doubled"] * 2, {"P", "P-2", "P-3"}),
        ("stations", "station_id", ["H", "H"], ["id-doubled"], {"H", "H-2"}),
        ("stations", "station_id", [None, "  "], ["id-missing"] * 2, {"1", "2"}),
        ("pipes", "pipe_id", ["2", None, ""], [], {"2", "2-2", "3"}),
        ("stations", "station_id", [7, 8], [], {"7", "8"}),
        ("stations", "station_id", [7.0, 8.5], [], {"7", "8.5"}),
    ],
)
def test_every_feature_gets_an_identifier_of_its_own(run, name, column, given, rules, ids):
    assert run(with_column(name, column, given), verb="topology").code == (1 if rules else 0)
    assert [rule for rule, _, _ in errors_of(run)] == rules
    assert set(values(run, name, column)) == ids


def test_parts_of_a_multi_line_do_not_take_the_name_of_another_pipe(run):
    parts = MultiLineString([line((0, 0), (100, 0)), line((100, 0), (200, 0))])
    assert run(town(pipes=layer([parts, line((100, 0), (100, 80))], pipe_id=["a", "a.1"]))).code == 0
    assert len(set(values(run, "pipes", "pipe_id"))) == 3


ODD_NAMES = ["<b>x</b>", "'; DROP TABLE pipes; --", 'a"b', "a'b", "100 %s #?&|", "热力站", "a\\b", "🔥", "{x}", "x\ty"]


def test_quotes_sql_and_html_in_identifiers_values_and_columns_come_through(run, tmp_path):
    count = len(ODD_NAMES)
    columns = {f"own {name}": [name] * count for name in ODD_NAMES}
    pipes = [line((20 * i, 0), (20 * i + 20, 0)) for i in range(count)]
    stations = layer(
        [point(20 * i + 20, 0) for i in range(count)], station_id=ODD_NAMES, name=ODD_NAMES, load_kw=[50.0] * count
    )
    ran = run(town(pipes=layer(pipes, pipe_id=ODD_NAMES, **columns), stations=stations),
              "--picture", tmp_path / "map.png")  # fmt: skip
    assert ran.code == 0
    assert values(run, "stations", "station_id") == ODD_NAMES
    assert values(run, "stations", "name") == ODD_NAMES
    assert values(run, "pipes", "pipe_id") == ODD_NAMES
    assert {values(run, "pipes", column)[0] for column in columns} == set(ODD_NAMES)
    assert set(tables(run.output)) >= {"pipes", "stations", "sources", "nodes", "findings", "lineage", "run"}
    for name in ODD_NAMES:
        assert call("explain", run.folder / "town.gpkg", "--pipe", name).out.startswith("Pipe ")


def test_own_columns_called_like_ours_or_like_each_other_are_kept(run):
    layers = town()
    layers["stations"] = layers["stations"].assign(
        source_fid=["x", "y"], source_layer=["u", "v"], load_kw=[-1.0, 300.0]
    )
    path = run.folder / "p.geojson"
    path.parent.mkdir()
    layers["pipes"].assign(PIPE_ID=["a", "b", "c"], geom=["d", "e", "f"], GEOM=[1, 2, 3]).to_file(
        path, driver="GeoJSON"
    )
    ran = run({k: v for k, v in layers.items() if k != "pipes"}, "--pipes", path)
    assert ran.code == 1
    assert ("out-of-range", "stations", 1) in errors_of(run)
    assert values(run, "stations", "source_fid_") == ["x", "y"]
    table = pyogrio.read_dataframe(run.output, layer="pipes", read_geometry=False)
    kept = [tuple(table[c]) for c in table.columns]
    assert {("a", "b", "c"), ("d", "e", "f"), (1, 2, 3)} <= set(kept)


# geometry ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "rule", "severity"),
    [
        (None, "geometry-missing", "error"),
        (LineString(), "geometry-missing", "error"),
        (line((50, 0), (50, 0)), "zero-length", "warning"),
        (point(3, 3), "geometry-type", "error"),
        (point(3, 3).buffer(1), "geometry-type", "error"),
        (LineString([(0, 0), (np.inf, 1), (1, 1)]), "geometry-infinite", "error"),
        (line((100, 80), (150, 50), (150, 20), (100, 60), (100, 90)), "self-crossing", "warning"),
        (line((100, 80), (150, 90), (140, 120), (100, 80)), "closed-line", "warning"),
        (line((0, 0), (100, 0)), "doubled", "warning"),
        (line((100, 0), (0, 0)), "doubled", "warning"),
    ],
)
def test_an_odd_line_is_a_finding_with_its_feature(check, shape, rule, severity):
    pipes = layer([*town()["pipes"].geometry, shape], pipe_id=["P1", "P2", "P3", "odd"])
    found = check(town(pipes=pipes))
    assert found.code == (1 if severity == "error" else 0)
    assert (found.errors if severity == "error" else found.warnings) == [(rule, "pipes", 4)]
    assert any(m.startswith("pipe odd ") for m in found.messages)


def test_what_is_left_out_leaves_the_rest_computed(run):
    odd = [None, line((50, 0), (50, 0)), line((0, 0), (100, 0))]
    pipes = layer([*town()["pipes"].geometry, *odd], pipe_id=["P1", "P2", "P3", "none", "short", "twice"])
    assert run(town(pipes=pipes)).code == 1
    assert served(run) == ["H1", "H2"]


def test_a_line_with_a_coordinate_that_is_no_number_is_left_out(check):
    path = write(check.folder / "town.gpkg")
    altered_geometry(path, [well_known(2, [at(0, 0), (np.nan, 5e6), at(100, 0)])])
    assert check(path=path).errors == [("geometry-infinite", "pipes", 1)]


@pytest.mark.parametrize("shape", [None, Point(), Point(np.nan, 5), Point(np.inf, 5), Point(1e300, 1e300)])
def test_a_station_without_a_place_is_an_error_and_left_out(check, shape):
    layers = town()
    layers["stations"].loc[1, "geometry"] = shape
    found = check(layers)
    assert (found.code, [place for _, *place in found.errors]) == (1, [["stations", 2]])


def blob(body):
    """A geometry as a GeoPackage stores it."""
    return b"GP\x00\x01" + struct.pack("<i", 4552) + body


def well_known(code, points):
    return struct.pack("<BII", 1, code, len(points)) + b"".join(struct.pack(f"<{len(p)}d", *p) for p in points)


@pytest.mark.parametrize(
    "body", [b"", b"\x01\x02\x00\x00\x00\x05\x00\x00\x00abc", b"\xff" * 40, well_known(2, [at(5, 5)])]
)
def test_a_geometry_that_cannot_be_read_is_an_error_with_its_feature(check, body):
    path = write(check.folder / "town.gpkg")
    altered_geometry(path, [body])
    assert check(path=path).errors == [("geometry-missing", "pipes", 1)]


def altered_geometry(path, bodies, kind="LINESTRING", *, m=0):
    """Give the first pipes other geometries."""
    altered(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE gpkg_geometry_columns SET m = ? WHERE table_name = 'pipes'", (m,))
        connection.execute(
            "UPDATE gpkg_geometry_columns SET geometry_type_name = ? WHERE table_name = 'pipes'", (kind,)
        )
        for fid, body in enumerate(bodies, 1):
            connection.execute("UPDATE pipes SET geom = ? WHERE fid = ?", (blob(body), fid))


@pytest.mark.parametrize(
    ("kind", "code", "m"),
    [("LINESTRING", 3002, 1), ("CIRCULARSTRING", 8, 0), ("GEOMETRY", 2, 0)],
)
def test_measures_and_curves_are_read_without_a_word_on_stderr(run, kind, code, m):
    """3002 is a line with Z and M, 8 an arc through three points."""
    path = write(run.folder / "town.gpkg")
    more = (99.0, 1.0) if code == 3002 else ()
    ends = [(*at(0, 0), *more), (*at(50, 0 if code != 8 else 20), *more), (*at(100, 0), *more)]
    others = [[(*c, *more) for c in g.coords] for g in town()["pipes"].geometry[1:]]
    altered_geometry(
        path, [well_known(code, ends), *(well_known(code if code != 8 else 2, o) for o in others)], kind, m=m
    )
    ran = (gisheat if m else call)("topology", path, "-o", run.output)
    assert (ran.code, ran.err) == (0, "")
    assert values(run, "pipes", "length_m")[0] >= 100.0


def test_multi_geometries_and_heights_are_read(run):
    layers = town()
    layers["pipes"].geometry = [MultiLineString([g]) for g in shapely.force_3d(layers["pipes"].geometry, 99.0)]
    layers["stations"].geometry = [MultiPoint([g]) for g in layers["stations"].geometry]
    assert run(layers).code == 0
    assert values(run, "pipes", "pipe_id") == ["P1", "P2", "P3"]


# networks that do not hang together ----------------------------------------------------------------------


def test_a_station_far_from_any_pipe_is_an_error_with_its_distance(run):
    far = layer([point(200, 0), point(200, 1000)], station_id=["H1", "H2"], load_kw=[500.0, 300.0])
    assert run(town(stations=far)).code == 1
    assert errors_of(run) == [("not-connected", "stations", 2)]
    row = findings(run.output).set_index("rule").loc["not-connected"]
    assert row["distance_m"] == pytest.approx(np.hypot(100, 920))
    assert "station H2 lies 925 m from the nearest pipe, more than the 200 m allowed" in row["message"]


def test_an_island_with_a_load_is_an_error_and_the_rest_is_served(run):
    pipes = layer(
        [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((103, 6), (100, 80))], pipe_id=["a", "b", "c"]
    )
    assert run(town(pipes=pipes)).code == 1
    assert errors_of(run) == [("island", "pipes", 3)]
    assert served(run) == ["H1"]


def test_a_source_beside_the_network_is_an_error_and_the_other_one_serves(run):
    two = TWO_HOLDING.assign(pressure_holding=[True, None], geometry=[point(0, 0), point(9e3, 0)])
    assert run(town(sources=two)).code == 1
    assert errors_of(run) == [("not-connected", "sources", 2)]


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
    assert errors_of(run) == []
    own = pyogrio.read_dataframe(run.output, layer="lineage", read_geometry=False)
    drawn = {(k, fid + 1) for k, table in PLACES[name].items() for fid in range(len(table))}
    assert drawn <= set(zip(own["source_layer"], own["source_fid"], strict=True))


@pytest.mark.parametrize(("tolerance", "code"), [(0, 0), (1e-9, 0), (50, 0), (79, 0), (100, 0)])
def test_any_tolerance_gives_a_result_with_all_features_accounted_for(run, tolerance, code):
    assert run(town(), "--snap-tolerance-m", tolerance, verb="topology").code == code
    own = pyogrio.read_dataframe(run.output, layer="lineage", read_geometry=False)
    assert set(own[own["source_layer"] == "pipes"]["source_fid"]) == {1, 2, 3}


# files ---------------------------------------------------------------------------------------------------


def refused(tmp_path, *arguments) -> Ran:
    """Run, which must be refused without a trace."""
    before = digest(tmp_path)
    ran = call(*arguments, "-o", tmp_path / "result.gpkg")
    assert ran.code == 2
    assert ran.sentence
    assert digest(tmp_path) == before
    return ran


def damaged(path, kind):
    whole = path.read_bytes()
    page = struct.unpack(">H", whole[16:18])[0]
    return {
        "empty": b"",
        "cut to half": whole[: len(whole) // 2],
        "cut to 100 bytes": whole[:100],
        "zeros": b"\0" * 10_000,
        "text": b"a text",
        "page 1 but the first bytes": whole[:100] + b"\xff" * (page - 100) + whole[page:],
        "no header": b"X" * 16 + whole[16:],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("empty", "it is empty"),
        ("cut to half", "it is damaged"),
        ("cut to 100 bytes", "it is damaged"),
        ("zeros", "it is no GeoPackage, Shapefile or other vector file, or it is damaged"),
        ("text", "it is no GeoPackage, Shapefile or other vector file, or it is damaged"),
        ("page 1 but the first bytes", "it is damaged"),
        ("no header", "or it is damaged"),
    ],
)
def test_a_damaged_geopackage_is_refused(tmp_path, kind, words):
    path = write(tmp_path / "town.gpkg")
    path.write_bytes(damaged(path, kind))
    ran = refused(tmp_path, "run", path)
    assert f"{path} cannot be read: " in ran.sentence
    assert words in ran.sentence


def test_a_damaged_page_of_a_layer_is_refused_with_the_layer(tmp_path):
    path = write(tmp_path / "town.gpkg")
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'stations'").fetchone()
    whole = bytearray(path.read_bytes())
    whole[(root - 1) * page : root * page] = b"\xaa" * page
    path.write_bytes(whole)
    assert "damaged" in refused(tmp_path, "run", path).sentence


def test_text_that_is_not_utf_8_is_refused_with_the_layer(tmp_path):
    path = write(tmp_path / "town.gpkg")
    altered(path, "UPDATE stations SET station_id = CAST(X'e9e8' AS TEXT)")
    assert "layer stations" in (ran := refused(tmp_path, "run", path)).sentence
    assert "is not UTF-8" in ran.sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.gpkg", "there is no such file"),
        ("nowhere.toml", "there is no such file"),
        (".", "is a folder; name a file"),
        ("folder.toml", "is a folder; name a file"),
        ("a;b.gpkg", "its name holds a semicolon, tab or line break; rename it"),
        ("a|b.gpkg", "the | in its name is what separates file and layer; rename the file"),
        ("loop.gpkg", "there is no such file"),
    ],
)
def test_an_input_that_cannot_be_opened_is_refused(tmp_path, name, words):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "loop.gpkg").symlink_to("loop.gpkg")
    for odd in ("a;b.gpkg", "a|b.gpkg"):
        shutil.copy(write(tmp_path / "town.gpkg"), tmp_path / odd)
    assert words in refused(tmp_path, "run", tmp_path / name).sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{}|nowhere", "layer pipes: {} has no layer 'nowhere' (known: pipes, stations, sources)"),
        ("{}|pipe", "did you mean 'pipes'"),
        ("{}|PIPES", "did you mean 'pipes'"),
        ("{}", "layer pipes: {} holds 'pipes', 'stations', 'sources': say which, as FILE|layername"),
        ("nowhere.gpkg|pipes", "layer pipes: nowhere.gpkg: there is no such file"),
        ("", "pipes is ''; the name of a file is needed"),
    ],
)
def test_a_layer_that_is_not_there_is_refused_with_those_that_are(tmp_path, given, words):
    path = write(tmp_path / "town.gpkg")
    ran = refused(tmp_path, "run", path, "--pipes", given.format(path))
    assert words.format(path) in ran.sentence


FILE_NAMES = ["a b.gpkg", "热力 网.gpkg", "q'u\"o.gpkg", "per%20cent%.gpkg", "ha#sh?.gpkg", "am&p<b>.gpkg",
              "[br]{a}.gpkg", "*.gpkg", " lead.gpkg", "$HOME.gpkg", "~.gpkg", "UPPER.GPKG", "a\\b.gpkg",
              "x" * 250 + ".gpkg"]  # fmt: skip


@pytest.mark.parametrize("name", FILE_NAMES)
def test_names_of_files_come_through(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    ran = call("template", "-o", f"out/{name}", "--crs", CRS)
    assert (ran.code, ran.err) == (0, "")
    assert names_in(tmp_path / "out") == {name}
    shutil.copy(write(tmp_path / "plain" / "town.gpkg"), name)
    ran = call("check", name, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["figures"]["pipes"]["value"] == 3


def test_the_run_record_names_files_and_their_hashes(tmp_path):
    name = "热力 q'u\"o %20#?.gpkg"
    path = write(tmp_path / name)
    assert call("run", path, "-o", tmp_path / f"out {name}").code == 0
    record = dict(row[1:3] for row in tables(tmp_path / f"out {name}")["run"])
    assert record["input pipes"] == f"{name}|pipes"
    assert record[f"sha256 {name}"] in digest(path).values()


def test_a_file_whose_name_is_no_text_is_read_or_refused_in_a_sentence(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\xfe.gpkg"
    shutil.copy(write(tmp_path / "town.gpkg"), name)
    done = subprocess.run([sys.executable, "-m", "gisheat", "check", name], capture_output=True, check=False)
    assert done.returncode in (0, 2)
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (1 if done.returncode else 0)


@pytest.mark.parametrize("name", ["my|pipes", "my'pipes", 'my"pipes', "pipes; DROP TABLE x", "管线", "select", "a%sb"])
def test_names_of_layers_come_through(tmp_path, name):
    path = write(tmp_path / "town.gpkg", {**town(pipes=None), name: town()["pipes"]})
    assert call("check", path, "--pipes", f"{path}|{name}").code == 0


@pytest.mark.parametrize("suffix", ["shp", "geojson", "fgb"])
def test_other_formats_give_the_same_network(tmp_path, suffix):
    """A Shapefile cuts names of columns to ten characters: supply_temp_c becomes supply_tem."""
    given = []
    for name, table in town().items():
        given += [f"--{name}", write(tmp_path / f"{name}.{suffix}", {name: table})]
    (tmp_path / "p.toml").write_text("[layers]\n")
    assert call("run", tmp_path / "p.toml", "-o", tmp_path / "o.gpkg", *given).code == 0
    call("run", write(tmp_path / "town.gpkg"), "-o", tmp_path / "plain.gpkg")
    heads = [pyogrio.read_dataframe(tmp_path / n, layer="stations")["sup_head_m"] for n in ("o.gpkg", "plain.gpkg")]
    np.testing.assert_allclose(*heads, rtol=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffphase,share_percent,heat_index_w_m2\nnear,100,45\n",
        "phase;share_percent;heat_index_w_m2\r\nnear;100;45\r\n",
        "期别,比例(%),热指标(W/m2)\nnear,100,45\n",
        '"phase","share_percent","heat_index_w_m2"\n"near","100","45"\n',
    ],
)
def test_a_load_mix_is_read_with_byte_order_mark_semicolons_and_chinese_headings(tmp_path, text):
    stations = layer([point(200, 0)], station_id=["H1"], heated_area_m2=[1e4])
    path = write(tmp_path / "town.gpkg", town(stations=stations))
    (tmp_path / "mix.csv").write_text(text, encoding="utf-8", newline="")
    ran = call("loads", path, "--load-mix", tmp_path / "mix.csv", "--phase", "near", "-o", tmp_path / "o.gpkg")
    assert ran.code == 0
    assert pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="stations")["load_kw"].item() == pytest.approx(450.0)


# files that other programs have open ---------------------------------------------------------------------

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(path, *statements):
    """Another process that has a file open."""
    arguments = [sys.executable, "-c", HOLDER, path, *statements]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            process.communicate("\n")


@pytest.fixture
def briefly(monkeypatch):
    """Let GDAL wait 0.1 s in place of 5 s for a lock."""
    monkeypatch.setenv("SQLITE_BUSY_TIMEOUT", "100")


@pytest.mark.usefixtures("briefly")
def test_an_input_that_is_locked_is_refused(tmp_path):
    path = write(tmp_path / "town.gpkg")
    before = digest(path)
    with held(path, "BEGIN EXCLUSIVE"):
        ran = gisheat("run", path, "-o", tmp_path / "o.gpkg")
    assert ran.code == 2
    assert ran.sentence == f"{path} cannot be read: another program holds it locked; close it there and try again."
    assert digest(path) == before
    assert names_in(tmp_path) == {"town.gpkg"}


DROP = [f"DROP TRIGGER IF EXISTS rtree_stations_geom_update{n}" for n in range(1, 8)]
"""They call functions that only GDAL has."""


def test_an_input_that_is_open_elsewhere_is_read_with_its_changes_and_left_as_it_is(tmp_path):
    path = write(tmp_path / "in" / "town.gpkg")
    change = ["PRAGMA journal_mode = wal", *DROP, "UPDATE stations SET load_kw = 777 WHERE fid = 1"]
    with held(path, *change):
        assert names_in(path.parent) == {"town.gpkg", "town.gpkg-wal", "town.gpkg-shm"}
        before = {name: digest_elsewhere(path.with_name(name)) for name in ("town.gpkg", "town.gpkg-wal")}
        ran = gisheat("run", path, "-o", tmp_path / "o.gpkg")
        after = {name: digest_elsewhere(path.with_name(name)) for name in ("town.gpkg", "town.gpkg-wal")}
    assert (ran.code, ran.err) == (0, "")
    assert after == before
    assert "changes of another program that wait in town.gpkg-wal" in ran.out
    assert pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="stations")["load_kw"].tolist() == [777.0, 300.0]


def digest_elsewhere(path):
    """Hash of a file, read by another process: closing a file ends all locks that a process has on it."""
    code = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
    return subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True).stdout


def test_changes_that_a_crashed_program_left_beside_an_input_are_read_and_stay_there(tmp_path):
    path = write(tmp_path / "first" / "town.gpkg")
    left = tmp_path / "left"
    with held(path, "PRAGMA journal_mode = wal", *DROP, "UPDATE stations SET load_kw = 777 WHERE fid = 1"):
        shutil.copytree(path.parent, left)
    (left / "town.gpkg-shm").unlink()
    before = digest(left)
    assert len(before) == 2
    assert call("run", left / "town.gpkg", "-o", tmp_path / "o.gpkg").code == 0
    assert digest(left) == before
    assert pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="stations")["load_kw"].tolist() == [777.0, 300.0]


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
