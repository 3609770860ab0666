"""Bad values, identifiers and geometries are findings with a layer and a feature; the rest is computed."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from drawings import (
    altered,
    at,
    call,
    errors_of,
    gisheat,
    layer,
    line,
    point,
    served,
    tables,
    town,
    values,
    with_column,
    write,
)
from shapely import LineString, MultiLineString, MultiPoint, Point

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
    assert ("load-unknown", "stations", 1) in errors_of(run.output)
    assert served(run.output) == ["H2"]


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
    assert values(run.output, "stations", "load_kw") == [400.5, 300.0]


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
    assert values(run.output, "pipes", "installed_year") == pytest.approx([1999, np.nan, 2011], nan_ok=True)


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
    assert [rule for rule, _, _ in errors_of(run.output)] == rules
    assert set(values(run.output, name, column)) == ids


def test_parts_of_a_multi_line_do_not_take_the_name_of_another_pipe(run):
    parts = MultiLineString([line((0, 0), (100, 0)), line((100, 0), (200, 0))])
    assert run(town(pipes=layer([parts, line((100, 0), (100, 80))], pipe_id=["a", "a.1"]))).code == 0
    assert len(set(values(run.output, "pipes", "pipe_id"))) == 3


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
    assert values(run.output, "stations", "station_id") == ODD_NAMES
    assert values(run.output, "stations", "name") == ODD_NAMES
    assert values(run.output, "pipes", "pipe_id") == ODD_NAMES
    assert {values(run.output, "pipes", column)[0] for column in columns} == set(ODD_NAMES)
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
    assert ("out-of-range", "stations", 1) in errors_of(run.output)
    assert values(run.output, "stations", "source_fid_") == ["x", "y"]
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
        (line((100, 80), (150, 50), (150, 20), (120, 90)), "self-crossing", "warning"),
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
    assert served(run.output) == ["H1", "H2"]


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
    assert values(run.output, "pipes", "length_m")[0] >= 100.0


def test_multi_geometries_and_heights_are_read(run):
    layers = town()
    layers["pipes"].geometry = [MultiLineString([g]) for g in shapely.force_3d(layers["pipes"].geometry, 99.0)]
    layers["stations"].geometry = [MultiPoint([g]) for g in layers["stations"].geometry]
    assert run(layers).code == 0
    assert values(run.output, "pipes", "pipe_id") == ["P1", "P2", "P3"]
