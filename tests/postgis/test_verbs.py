"""Every verb from a database and to one gives the tables that it gives from a file and to one."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from drawings import call
from matplotlib.image import imread
from osm_files import write_pbf
from servers import Town

from gisheat import database, geopackage
from gisheat.layers import layer_names, read_layers, read_table
from gisheat.operations import OPERATIONS
from gisheat.osm import ATTRIBUTION
from gisheat.places import place
from gisheat.schema import GEOMETRY, INPUT_LAYERS

OPEN_SCHEMA = Path(__file__).parents[1] / "qgis" / "open_schema.py"
SAMPLE = Path(__file__).parents[2] / "sample_gis" / "mulan"
PLACES = ("started", "duration", "crs")
"""Rows of the run record that tell the time, or what is looked at table by table."""


def both(town, folder, text):
    """Project files `file.toml` and `database.toml` that say the same, one of files, one of tables."""
    (folder / "file.toml").write_text(text, encoding="utf-8")
    named = tomllib.loads(text)["layers"]
    for source in named.values():
        text = text.replace(json.dumps(source), json.dumps(f"{town.address('net')}|{source.partition('|')[2]}"))
    (folder / "database.toml").write_text(text, encoding="utf-8")


def solved(file):
    assert call("solve", SAMPLE / "project.toml", "-o", file).code in (0, 1)


@pytest.fixture(scope="module")
def mulan(server, tmp_path_factory, made_once):
    """The sample with its trenches already chosen, which spares each verb the search, as a file and as a schema."""
    town = Town(server)
    town.folder = tmp_path_factory.mktemp("mulan")
    routed = town.folder / "mulan.gpkg"
    shutil.copy(made_once("solved.gpkg", solved), routed)
    layers = [n for n in layer_names(routed) if n in INPUT_LAYERS]
    town.load("net", {name: read_table(name, f"{routed}|{name}") for name in layers})
    text = (SAMPLE / "project.toml").read_text(encoding="utf-8").replace('routing = "always"', 'routing = "never"')
    start, end = text.index("[layers]"), text.index("[options]")
    listed = "".join(f'{name} = "mulan.gpkg|{name}"\n' for name in layers)
    both(town, town.folder, f"{text[:start]}[layers]\n{listed}\n{text[end:]}")
    yield town
    town.admin.close()
    server.drop(town.name)


def content(where):
    """Tables of a result by name, without what names a place or a time."""
    found = {}
    names = [n for n in layer_names(where) if n not in ("layer_styles", "qgis_projects")]
    for name in names:
        kind = GEOMETRY[name]
        if isinstance(where, Path):
            table = pyogrio.read_dataframe(where, layer=name, fid_as_index=True)
        else:
            table = database.read_table(where, name, kind)
            table.attrs.clear()
        found[name] = table
    for name in {"run", "summary"} & set(found):
        keys = found[name]["key"]
        named = keys.str.startswith(("input ", "sha256 ")) | keys.isin([*PLACES, "project", "old", "new"])
        found[name] = found[name][~named].reset_index(drop=True)
        if "value" in found[name]:  # notes name the place of what is solved again
            found[name]["value"] = found[name]["value"].str.replace(
                r"postgresql:\S*schema=(?:result_)?(\w+)", r"\1.gpkg", regex=True
            )
    return found


def assert_same(where, file):
    one, other = content(where), content(file)
    assert sorted(one) == sorted(other)
    for name, table in other.items():
        mine = one[name]
        assert list(mine.columns) == list(table.columns), name
        for column in table.columns:
            if column == "geometry":
                same = mine.geometry.to_wkb() == table.geometry.to_wkb()
                assert (same | table.geometry.isna()).all(), name
                plain = table.crs is not None and table.crs.is_engineering  # SRID 0 in a database
                assert mine.crs == (None if plain else table.crs)
            else:
                left, right = ([None if pd.isna(v) else v for v in t[column]] for t in (mine, table))
                assert left == right, f"{name}.{column}"


def both_results(mulan, verb, *more):
    """Result of a verb from files to a file and from a database to one; the next test finds them there."""
    file, address = mulan.folder / f"{verb}.gpkg", mulan.address(f"result_{verb}")
    if not file.exists():
        whole = call(verb, mulan.folder / "file.toml", "-o", file, *more)
        ran = call(verb, mulan.folder / "database.toml", "-o", address, *more)
        assert (ran.code, ran.err) == (whole.code, "")
        assert whole.code in (0, 1)
    return file, address


TO_RESULT = ("topology", "loads", "size", "solve", "run", "balance", "sweep", "check")


@pytest.mark.parametrize("verb", TO_RESULT)
def test_a_result_in_a_database_of_layers_in_a_database_is_that_of_files(mulan, verb):
    more = ("--outages", "trunk") if verb == "sweep" else ()
    file, address = both_results(mulan, verb, *more)
    assert_same(place(address), file)


def test_the_sample_as_it_is_with_its_trenches_to_be_chosen(mulan, tmp_path):
    shutil.copy(SAMPLE / "mulan.gpkg", tmp_path)
    names = [n for n in layer_names(tmp_path / "mulan.gpkg") if n in INPUT_LAYERS]
    raw = {name: read_table(name, f"{tmp_path / 'mulan.gpkg'}|{name}") for name in names}
    database.write_template(mulan.place("drawn"), raw)
    text = (SAMPLE / "project.toml").read_text(encoding="utf-8")
    (tmp_path / "file.toml").write_text(text, encoding="utf-8")
    (tmp_path / "database.toml").write_text(text.replace("mulan.gpkg|", f"{mulan.address('drawn')}|"), encoding="utf-8")
    assert call("route", tmp_path / "file.toml", "-o", tmp_path / "a.gpkg").code in (0, 1)
    assert call("route", tmp_path / "database.toml", "-o", mulan.address("routed")).code in (0, 1)
    assert_same(mulan.place("routed"), tmp_path / "a.gpkg")


def test_a_whole_schema_is_an_input_by_the_names_of_its_tables(mulan):
    file, schema = mulan.folder / "whole.gpkg", mulan.place("whole")
    layers = [n for n in layer_names(mulan.folder / "mulan.gpkg") if n in INPUT_LAYERS]
    plain = mulan.folder / "plain.gpkg"  # without the options that a result tells
    geopackage.write_template(plain, {n: read_table(n, f"{mulan.folder / 'mulan.gpkg'}|{n}") for n in layers})
    one = call("check", plain, "-o", file)
    two = call("check", mulan.address("net"), "-o", mulan.address("whole"))
    assert one.code == two.code, two.err
    assert_same(schema, file)


def test_single_layers_of_a_database_stand_in_for_those_of_a_file(mulan):
    only = f"{mulan.address('net')}|pipes"
    one = call("check", mulan.folder / "file.toml", "-o", mulan.folder / "one.gpkg")
    two = call("check", mulan.folder / "file.toml", "--pipes", only, "-o", mulan.folder / "two.gpkg")
    assert one.code == two.code, two.err
    assert_same(mulan.folder / "two.gpkg", mulan.folder / "one.gpkg")
    record = dict(
        zip(*(pyogrio.read_dataframe(mulan.folder / "two.gpkg", layer="run")[c] for c in ("key", "value")), strict=True)
    )
    assert record["input pipes"] == only
    assert len(record[f"sha256 {only}"]) == 64


def test_a_result_in_a_database_is_solved_again_as_one_in_a_file_is(mulan):
    file, address = both_results(mulan, "solve")
    one = call("solve", file, "-o", mulan.folder / "second.gpkg")
    two = call("solve", address, "-o", mulan.address("second"))
    assert (two.code, two.err) == (one.code, "")
    assert_same(mulan.place("second"), mulan.folder / "second.gpkg")


PRODUCTS = {
    "profile": ".dxf", "table": ".csv", "regulate": ".csv", "duration": ".csv", "equip": ".csv", "cost": ".csv",
    "draw": ".svg", "report": ".html",
}  # fmt: skip


@pytest.mark.parametrize("verb", PRODUCTS)
def test_products_of_a_database_are_those_of_files(mulan, verb):
    made = []
    for kind in ("file", "database"):
        target = mulan.folder / f"{verb}-{kind}" / f"product{PRODUCTS[verb]}"
        ran = call(verb, mulan.folder / f"{kind}.toml", "-o", target)
        files = sorted(target.parent.glob("*")) if target.parent.exists() else []
        made.append((ran.code, ran.err, {f.name: f.read_text(encoding="utf-8", errors="replace") for f in files}))
    (code, said, files), (other_code, other_said, others) = made
    assert (other_code, other_said, others.keys()) == (code, said, files.keys())
    assert code in (0, 1)
    if PRODUCTS[verb] == ".csv":
        assert others == files


def test_explain_and_compare_and_new_and_template(mulan):
    said = [call("explain", mulan.folder / f"{kind}.toml") for kind in ("file", "database")]
    assert said[0].out == said[1].out
    assert said[0].code == 0
    one = call("compare", mulan.folder / "file.toml", mulan.folder / "mulan.gpkg", "-o", mulan.folder / "changes.gpkg")
    two = call("compare", mulan.folder / "database.toml", mulan.address("net"), "-o", mulan.address("changes"))
    assert (two.code, two.err) == (one.code, "")
    left, right = content(mulan.place("changes")), content(mulan.folder / "changes.gpkg")
    assert sorted(left) == sorted(right)
    assert call("new", mulan.address("net"), "-o", mulan.folder / "new.toml").code == 0
    listed = tomllib.loads((mulan.folder / "new.toml").read_text(encoding="utf-8"))["layers"]
    assert listed["pipes"] == f"{mulan.address('net')}|pipes"
    assert call("template", "-o", mulan.address("blank"), "--crs", "EPSG:4552").code == 0
    assert set(database.layer_names(mulan.place("blank"))) == set(INPUT_LAYERS)
    again = call("template", "-o", mulan.address("blank"), "--crs", "EPSG:4552")
    assert (again.code, "did not write (areas" in again.err) == (2, True)
    assert (
        call("check", mulan.folder / "file.toml", "-o", mulan.address("blank")).code == 2
    )  # a template is nobody's result


def test_one_pipe_networks_come_from_and_go_to_a_database(mulan):
    inp = SAMPLE.parent / "epanet" / "hill.inp"
    for target in (mulan.folder / "inp.gpkg", mulan.address("inp")):
        assert call("import-inp", inp, "-o", target).code == 0
    assert_same(mulan.place("inp"), mulan.folder / "inp.gpkg")
    for source, target in (
        (mulan.folder / "inp.gpkg", mulan.folder / "solved.gpkg"),
        (mulan.address("inp"), mulan.address("solved")),
    ):
        assert call("solve", source, "-o", target).code in (0, 1)
    assert_same(mulan.place("solved"), mulan.folder / "solved.gpkg")
    for source, name in ((mulan.folder / "inp.gpkg", "a.inp"), (mulan.address("inp"), "b.inp")):
        assert call("export-inp", source, "-o", mulan.folder / name).code == 0
    a, b = ((mulan.folder / name).read_text(encoding="utf-8").splitlines()[3:] for name in ("a.inp", "b.inp"))
    assert a == b


def test_a_result_in_a_database_is_exported_as_one_in_a_file_is(mulan):
    for name, source in (("a", mulan.folder / "mulan.gpkg"), ("b", mulan.address("exported"))):
        if name == "b":
            routed = mulan.folder / "mulan.gpkg"
            tables = {n: read_table(n, f"{routed}|{n}") for n in ("pipes", "stations")}
            database.write_result(place(source), tables, title="Mulan")
        ran = call("export", source, "-o", mulan.folder / f"{name}.geojson", "--layer", "pipes")
        assert ran.code == 0, ran.err
    one, two = (json.loads((mulan.folder / f"{n}.geojson").read_text(encoding="utf-8"))["features"] for n in ("a", "b"))
    assert [f["geometry"] for f in two] == [f["geometry"] for f in one]
    assert [f["properties"]["pipe_id"] for f in two] == [f["properties"]["pipe_id"] for f in one]


def test_streets_of_an_extract_go_into_a_database(town, tmp_path):
    """As into a file; again in their place, beside tables of others only with --overwrite; styled, keyed, indexed."""
    extract, file, address = write_pbf(tmp_path / "town.osm.pbf"), tmp_path / "streets.gpkg", town.address("osm")
    for output in (file, address, address):
        ran = call("import-osm", extract, "-o", output)
        assert (ran.code, ran.err) == (0, "")
    assert_same(place(address), file)
    assert f"Written: {address}" in ran.out
    assert read_layers({"streets": f"{address}|streets"}).attributions() == (ATTRIBUTION,)
    assert town.query("SELECT f_table_name::text FROM layer_styles WHERE f_table_schema = 'osm' AND useasdefault")
    town.admin.execute("CREATE TABLE osm.ours (a int); INSERT INTO osm.ours VALUES (1)")
    ran = call("import-osm", extract, "-o", address)
    assert (ran.code, "tables that gisheat did not write (ours)" in ran.sentence) == (2, True)
    assert call("import-osm", extract, "-o", address, "--overwrite", "--classes", "primary").code == 0
    assert town.query("SELECT street_id FROM osm.streets") == [("103",)]
    assert town.query("SELECT a FROM osm.ours") == [(1,)]


def test_no_verb_is_left_out():
    tried = {
        *TO_RESULT,
        *PRODUCTS,
        "route",
        "explain",
        "compare",
        "new",
        "template",
        "import_inp",
        "import_osm",
        "export_inp",
        "export",
    }
    in_files_of_their_own = {"merge", "undo", "write_back"}  # test_merging, test_writing_back
    files_alone = {"check_table"}
    assert {o.__name__ for o in OPERATIONS} == tried | in_files_of_their_own | files_alone


def test_the_address_as_python_takes_it(mulan):
    from gisheat import operations

    report = operations.check(mulan.address("net"))
    assert report.figures
    assert str(place(mulan.address("net"))) == mulan.address("net")


def test_qgis_opens_a_schema_styled_and_its_project(mulan, tmp_path):
    both_results(mulan, "solve")
    picture = tmp_path / "map.png"
    place_of = ("127.0.0.1", str(mulan.server.port), mulan.name, "result_solve", picture)
    ran = subprocess.run(["/usr/bin/python3", OPEN_SCHEMA, *place_of], capture_output=True, text=True, check=False)
    found = json.loads(ran.stdout)
    assert found["read"]
    assert found["layers"].keys() == found["project"].keys() == set(layer_names(mulan.place("result_solve")))
    for layers in (found["layers"], found["project"]):
        assert all(layer["valid"] and layer["features"] > 0 and layer["aliases"] for layer in layers.values())
        assert layers["pipes"]["crs"] == "EPSG:4552"
        assert layers["pipes"]["renderer"] == layers["stations"]["renderer"] == "RuleRenderer"
        assert layers["pipes"]["legend"] > 5
        assert layers["pipes"]["styles"][0] == "Specific friction"
    colours = {tuple(pixel) for pixel in (imread(picture)[:, :, :3] * 255).round().astype(int).reshape(-1, 3)}
    assert len(colours) > 20  # a map, and no empty sheet
