"""Tables as they come from a database and go into one: types, names, keys, geometry."""

import datetime as dt
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS
from servers import Town
from shapely.geometry import LineString, Point

from gisheat import database
from gisheat.database import reading
from gisheat.errors import InputError
from gisheat.layers import read_layers, read_table
from gisheat.layers.files import read_source

HOSTILE = 'Rohr"; drop table "pipes"; -- %s %(a)s 管道'
TEXTS = [
    "",
    "\\N",
    '"',
    "'",
    "a,b",
    "line\nbreak",
    "carriage\rreturn",
    "\ttab",
    "\\.",
    "NULL",
    "nan",
    "木兰 🔥",
    " x ",
    "1e5",
]


def lines(count, **columns):
    made = [LineString([(425000 + i, 5091000), (425100 + i, 5091050)]) for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=made, crs="EPSG:4552")


def test_what_is_written_is_read_again_to_the_last_bit(town):
    count = len(TEXTS)
    numbers = np.random.default_rng(5).normal(size=count) * 10.0 ** np.arange(count)
    table = lines(
        count,
        text=TEXTS,
        number=[np.nan, np.inf, -np.inf, 0.1, 1e-300, *numbers[5:]],
        whole=np.arange(count) + 2**53 + 1,
        yes=[True, False] * (count // 2),
        maybe=pd.Series([True, None] * (count // 2), dtype=object),
        when=pd.date_range("2024-01-01 12:34:56.123", periods=count, freq="h").as_unit("ms"),
        zoned=pd.date_range("2024-01-01", periods=count, freq="h", tz="UTC").as_unit("ms"),
    )
    table.index = pd.RangeIndex(1, count + 1, name="fid")
    town.load("net", {"pipes": table})
    again = read_table("pipes", town.address("net") + "|pipes")
    assert again["text"].tolist() == TEXTS
    assert np.array_equal(again["number"], table["number"], equal_nan=True)
    assert again["whole"].tolist() == table["whole"].tolist()
    assert again["yes"].dtype == bool
    assert again["maybe"].tolist()[0] is True
    assert again["maybe"].isna().tolist() == [False, True] * (count // 2)
    assert (again["when"] == table["when"]).all()
    assert (again["zoned"] == table["zoned"]).all()
    assert again.index.equals(table.index)
    assert again.crs == table.crs
    assert shapely.equals_identical(again.geometry.to_numpy(), table.geometry.to_numpy()).all()


@pytest.mark.parametrize("dimension", ["LINESTRING (0 0, 1 2)", "LINESTRING Z (0 0 5, 1 2 6)",
                                       "LINESTRING M (0 0 7, 1 2 8)",
                                       "LINESTRING ZM (0 0 5 7, 1 2 6 8)"])  # fmt: skip
def test_z_and_m_are_kept(town, dimension):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=shapely.from_wkt([dimension]), crs="EPSG:4552")
    town.load("net", {"pipes": table})
    wanted = dimension.split("(")[0].replace(" ", "")
    query = (
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'geom'"
    )
    assert town.query(query, "net.pipes")[0][0].upper() == f"GEOMETRY({wanted},4552)"
    again = read_table("pipes", town.address("net") + "|pipes").geometry.to_numpy()
    assert (
        shapely.to_wkb(again, output_dimension=4).tolist()
        == shapely.to_wkb(table.geometry.to_numpy(), output_dimension=4).tolist()
    )


def test_geometry_of_mixed_type_and_dimension_and_none(town):
    shapes = [
        *shapely.from_wkt(
            ["LINESTRING (0 0, 1 2)", "LINESTRING Z (0 0 5, 1 2 6)", "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))"]
        ),
        None,
    ]
    table = gpd.GeoDataFrame({"a": range(4)}, geometry=shapes, crs="EPSG:4552")
    town.load("net", {"pipes": table})
    again = read_table("pipes", town.address("net") + "|pipes")
    assert shapely.equals_identical(again.geometry.to_numpy()[:3], np.array(shapes[:3])).all()
    assert again.geometry.to_numpy()[3] is None
    assert again.crs == "EPSG:4552"


def test_empty_tables_keep_columns_and_crs(town):
    town.load("net", {"pipes": lines(0, pipe_id=pd.Series([], dtype="str"), dn_mm=pd.Series([], dtype=float))})
    again = read_table("pipes", town.address("net") + "|pipes")
    assert list(again.columns) == ["pipe_id", "dn_mm", "geometry"]
    assert len(again) == 0
    assert again.crs == "EPSG:4552"


def test_names_that_are_no_identifiers(town):
    schema = 'He"at; DROP SCHEMA public CASCADE; -- %s'
    place = database_place(town, schema)
    table = lines(2, **{HOSTILE: [1, 2], "Weite 'DN' (mm)": [3.0, 4.0], "xmin": [5, 6], "fid": [7, 8],
                        "SELECT": ["a", "b"],
                        "长" * 40: [1, 2], "长" * 41: [3, 4]})  # fmt: skip
    database.write_template(place, {HOSTILE: table, "Pipes": table})
    assert sorted(database.layer_names(place)) == sorted([HOSTILE, "Pipes"])
    again = database.read_table(place, HOSTILE, "line")
    assert list(again.columns)[:5] == [HOSTILE, "Weite 'DN' (mm)", "xmin_", "fid_", "SELECT"]
    assert again[HOSTILE].tolist() == [1, 2]
    assert again.iloc[:, 5].tolist() == [1, 2]
    assert again.iloc[:, 6].tolist() == [3, 4]
    assert database.column_names(place, HOSTILE) == list(again.columns)[:-1]
    assert town.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'public'") == [(1,)]


HARD = ["\ufeff", "", None, "\x1c\x1d\x1e", "\\N", ' "q" ', "a,b\r\n", "NULL", None, "\\.", "NaN", "\n", " "]
"""A mark of byte order, which readers of files drop; what stands for NULL elsewhere; empty and missing."""


@pytest.mark.parametrize("block", [1, 40, 1 << 20])
@pytest.mark.parametrize("count", [1, 3])
def test_missing_and_empty_and_every_text_in_one_column_and_many_in_one_block_and_many(town, monkeypatch, block, count):
    monkeypatch.setattr(reading, "BLOCK", block)
    town.admin.execute(f"CREATE SCHEMA own; CREATE TABLE own.texts ({', '.join(f'c{i} text' for i in range(count))})")
    with town.admin.cursor() as cursor, cursor.copy("COPY own.texts FROM STDIN (FORMAT binary)") as copy:
        for text in HARD:
            copy.write_row([text] * count)
    found = database.read_table(town.place("own"), "texts", "none")
    assert len(found) == len(HARD)
    for column in found:
        assert [None if pd.isna(text) else text for text in found[column]] == HARD


def test_columns_of_empty_texts_and_of_none_at_all(town):
    town.load("net", {"pipes": lines(3, empty=["", "", ""], none=pd.Series([None] * 3, dtype="str"))})
    again = read_table("pipes", town.address("net") + "|pipes")
    assert again["empty"].tolist() == ["", "", ""]
    assert again["none"].isna().all()


def test_a_row_longer_than_a_block(town):
    way = LineString(np.random.default_rng(1).normal(size=(100_000, 2)))
    table = gpd.GeoDataFrame({"a": ["x" * (2 << 20), "b"]}, geometry=[way, None], crs="EPSG:4552")
    town.load("net", {"pipes": table})
    again = database.read_table(town.place("net"), "pipes", "line")
    assert again["a"].tolist() == table["a"].tolist()
    assert shapely.equals_identical(again.geometry.iloc[0], way)


def test_exact_numbers_of_more_digits_than_a_double_has_are_told(town):
    town.admin.execute("CREATE SCHEMA own; CREATE TABLE own.net (short numeric(30, 15), long numeric, whole numeric);"
                       "INSERT INTO own.net VALUES (-12345678901.2345, 0.001234567890123456, 12345678901234567890),"
                       "(0.1, NULL, 10000000000000000000), ('NaN', 1, 0)")  # fmt: skip
    found = database.read_table(town.place("own"), "net", "none")
    assert found.attrs["notes"] == ["net: numbers with more than 15 digits are rounded in long, whole"]
    assert found["short"].tolist()[:2] == [-12345678901.2345, 0.1]
    assert np.isnan(found["short"][3])
    assert found["whole"].tolist() == [12345678901234567890.0, 1e19, 0.0]


def test_a_database_that_does_not_say_what_its_texts_are_written_in(server):
    town = Town.__new__(Town)
    town.server, town.name = server, server.new_database("template0 ENCODING 'SQL_ASCII'")
    town.admin = server.admin(town.name)
    try:
        town.admin.execute("CREATE EXTENSION postgis; CREATE SCHEMA own; CREATE TABLE own.net (a text);"
                           "INSERT INTO own.net VALUES (convert_from('\\xC4C361', 'SQL_ASCII'))")  # fmt: skip
        with pytest.raises(InputError, match=r"own can't be read: invalid byte sequence for encoding \"UTF8\": 0xc4"):
            database.read_table(town.place("own"), "net", "none")
    finally:
        town.admin.close()
        server.drop(town.name)


def database_place(town, schema):
    from urllib.parse import quote

    from gisheat.places import place

    return place(town.address(quote(schema, safe="")))


OWN = """CREATE SCHEMA own; CREATE TYPE own.mood AS ENUM ('warm', 'cold');
CREATE TABLE own.net ("Id" integer PRIMARY KEY, built date, paid numeric(20,4), ok boolean, tags text[],
    facts jsonb, at timestamptz,
    span interval, code uuid, how own.mood, raw bytea, small smallint, real real,
    label geometry(Point, 4552), way geometry(LineString, 4552));
INSERT INTO own.net VALUES (7, '2019-05-04', 1234.5678, true, '{a,"b c",null}', '{"k": [1, 2]}',
    '2020-01-01 00:00+08', '2 days',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'warm', '\\x00ff', 3, 0.1,
    'SRID=4552;POINT(1 2)', 'SRID=4552;LINESTRING(1 2, 3 4)'),
    (3, NULL, 'NaN', NULL, NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW own.seen AS SELECT "Id" * 10 AS gid, way, ok FROM own.net;
CREATE MATERIALIZED VIEW own.kept AS SELECT way AS the_geom, ok FROM own.net;
CREATE TABLE own.twice (gid integer, way geometry(LineString, 4552));
INSERT INTO own.twice VALUES (1, NULL), (1, NULL), (2, NULL);
CREATE TABLE own.arcs (fid serial PRIMARY KEY, g geometry);
INSERT INTO own.arcs (g) VALUES ('SRID=4552;CIRCULARSTRING(0 0, 1 1, 2 0)');
CREATE TABLE own.round (g geography(LineString)); INSERT INTO own.round VALUES ('LINESTRING(117 41, 117.1 41)');
CREATE TABLE own.two (g geometry);
INSERT INTO own.two VALUES ('SRID=4552;LINESTRING(0 0, 1 1)'), ('SRID=4326;LINESTRING(0 0, 1 1)');
CREATE TABLE own.old (g geometry(LineString)); INSERT INTO own.old VALUES ('LINESTRING(0 0, 1 1)');
CREATE TABLE own.nothing ();"""


def test_tables_that_others_made(town):
    town.admin.execute(OWN)
    place = town.place("own")
    assert database.layer_names(place) == ["arcs", "kept", "net", "nothing", "old", "round", "seen", "twice", "two"]
    net = read_table("pipes", town.address("own") + "|net")
    assert net.index.tolist() == [3, 7]
    row = net.loc[7]
    assert row["Id"] == 7  # a key with a name of its own is a column as well
    assert row["built"] == pd.Timestamp(2019, 5, 4)
    assert row["paid"] == 1234.5678
    assert row["ok"] is True
    assert row["tags"] == '["a","b c",null]'
    assert row["facts"] == '{"k": [1, 2]}'
    assert pd.Timestamp(row["at"]) == pd.Timestamp(dt.datetime(2019, 12, 31, 16, tzinfo=dt.UTC))
    assert (row["span"], row["how"], row["raw"], row["small"], row["real"]) == ("P2D", "warm", "\\x00ff", 3, 0.1)
    assert row["code"] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert net.loc[3, "at"] == "infinity"  # one such makes texts of the column
    assert net.loc[3].drop(["Id", "at"]).isna().all()
    assert row["geometry"].wkt == "LINESTRING (1 2, 3 4)"  # the geometry that holds lines, though a point comes first
    assert read_source("pipes", town.address("own") + "|net").notes == (
        "net: of its geometry columns way is used, not label",
    )
    assert read_table("stations", town.address("own") + "|net").geometry[7] == Point(1, 2)


def test_keys_of_views_and_of_tables_without_one(town):
    town.admin.execute(OWN)
    place = town.place("own")
    assert database.read_table(place, "seen", "line").index.tolist() == [30, 70]
    assert database.read_table(place, "kept", "line").index.tolist() == [1, 2]
    assert database.read_table(place, "twice", "line").index.tolist() == [1, 2, 3]
    assert "gid" in database.read_table(place, "twice", "line").columns  # it numbers nothing, so it is a column
    assert len(database.read_table(place, "nothing", "line")) == 0


def test_arcs_geographies_and_crs_that_are_mixed_or_missing(town):
    town.admin.execute(OWN)
    place = town.place("own")
    arc = database.read_table(place, "arcs", "line").geometry.iloc[0]
    assert arc.geom_type == "LineString"
    assert arc.length == pytest.approx(np.pi, rel=1e-3)
    assert database.read_table(place, "round", "line").crs == "EPSG:4326"
    assert database.read_table(place, "old", "line").crs is None
    with pytest.raises(
        InputError, match=r"own\|two holds features in several CRS \(SRID 4326, 4552\): bring them to one"
    ):
        database.read_table(place, "two", "line")


def test_a_crs_that_the_database_does_not_know_is_entered_or_told(town):
    own = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=117.3 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m")
    table = lines(1).set_crs(own, allow_override=True)
    for schema in ("a", "b"):
        town.load(schema, {"pipes": table})
        assert read_table("pipes", town.address(schema) + "|pipes").crs.equals(own, ignore_axis_order=True)
    assert town.query("SELECT count(*) FROM spatial_ref_sys WHERE srid >= 910000") == [(1,)]
    town.admin.execute("DELETE FROM spatial_ref_sys WHERE srid >= 910000; CREATE SCHEMA c AUTHORIZATION planner; "
                       "ALTER ROLE planner SET search_path = ''")  # fmt: skip
    from servers import PASSWORD

    from gisheat.places import place

    theirs = place(town.address("c", user=f"planner:{PASSWORD}"))
    with pytest.warns(UserWarning, match="does not have the CRS"):
        database.write_template(theirs, {"pipes": table})
    assert database.read_table(theirs, "pipes", "line").crs is None


def test_all_layers_of_a_run_are_read_from_one_state(town, monkeypatch):
    town.load(
        "net",
        {
            "pipes": lines(2, pipe_id=["a", "b"]),
            "stations": lines(1, station_id=["s"]).set_geometry([Point(425000, 5091000)], crs="EPSG:4552"),
        },
    )
    sources = {name: f"{town.address('net')}|{name}" for name in ("pipes", "stations")}
    usual = read_source

    def read(layer, source, encoding=None):
        found = usual(layer, source, encoding)
        town.admin.execute("UPDATE net.stations SET station_id = 'moved'")
        return found

    monkeypatch.setattr("gisheat.layers.read_source", read)
    layers = read_layers(sources)
    assert layers["stations"]["station_id"].tolist() == ["s"]
    assert town.query("SELECT station_id FROM net.stations") == [("moved",)]
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gisheat' AND datname = current_database()"
    for _ in range(50):  # the server's process ends a moment after the connection
        if (left := town.query(query)) == [(0,)]:
            break
        time.sleep(0.1)
    assert left == [(0,)]


def test_the_hash_is_of_the_rows_and_not_of_how_they_lie(town):
    town.load("net", {"pipes": lines(3, pipe_id=["a", "b", "c"])})
    first = read_source("pipes", town.address("net") + "|pipes").sha256
    assert read_source("pipes", town.address("net") + "|pipes").sha256 == first
    town.admin.execute("UPDATE net.pipes SET pipe_id = pipe_id WHERE fid = 1")  # its row now lies last
    assert read_source("pipes", town.address("net") + "|pipes").sha256 == first
    hashes = {first}
    for change in ("pipe_id = 'z'", "pipe_id = ''", "pipe_id = NULL", "geom = ST_Translate(geom, 0.001, 0)"):
        town.admin.execute(f"UPDATE net.pipes SET {change} WHERE fid = 1")
        hashes.add(read_source("pipes", town.address("net") + "|pipes").sha256)
    assert len(hashes) == 5
