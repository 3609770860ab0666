"""Files that are damaged, locked, not there, of other formats, or oddly named: read, or refused in a sentence."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing, contextmanager

import numpy as np
import pyogrio
import pytest
from drawings import (
    CRS,
    Ran,
    altered,
    call,
    digest,
    gisheat,
    layer,
    names_in,
    point,
    tables,
    town,
    write,
)

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
