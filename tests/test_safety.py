"""Outputs appear whole or not at all, inputs stay as they are, and the same input gives the same rows."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pandas as pd
import pyogrio
import pytest
from drawings import (
    call,
    command,
    digest,
    findings,
    gisheat,
    layer,
    line,
    names_in,
    point,
    refused,
    tables,
    town,
    with_column,
    write,
)
from effort import examples

from gisheat import geopackage
from gisheat.errors import InputError


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A good result."""
    folder = tmp_path_factory.mktemp("earlier")
    assert call("run", write(folder / "town.gpkg"), "-o", folder / "earlier.gpkg").code == 0
    return folder / "earlier.gpkg"


# outputs that can't be written --------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "in" / "town.gpkg")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("folder.gpkg", "is a folder; name a file"),
        ("in/town.gpkg/x.gpkg", "town.gpkg is no folder"),
        ("result", "a name that ends in .gpkg is needed"),
        ("result.shp", "a name that ends in .gpkg is needed"),
        ("", "a name that ends in .gpkg is needed"),
        ("a;b.gpkg", "its name holds a semicolon, tab or line break"),
        ("y" * 300 + ".gpkg", "too long"),
        ("foreign.gpkg", "exists and was not written by gisheat; name another file, or say --overwrite"),
        ("text.gpkg", "exists and was not written by gisheat"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(tmp_path, source, output, words):
    (tmp_path / "folder.gpkg").mkdir()
    write(tmp_path / "foreign.gpkg")
    (tmp_path / "text.gpkg").write_text("mine")
    target = tmp_path / output if output else ""
    sentence = refused(tmp_path, "run", source, "-o", target)
    assert sentence.startswith("output ")
    assert words in sentence


@pytest.mark.parametrize("folder", ["/dev/null", "/proc"])
def test_a_place_where_no_file_can_be_made_is_refused(source, folder):
    ran = call("run", source, "-o", f"{folder}/x.gpkg")
    assert ran.code == 2
    assert f"output {folder}/x.gpkg can't be written: " in ran.sentence


def test_a_folder_without_permission_is_refused(tmp_path, source, monkeypatch):
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: "closed" not in str(path))  # root may write anywhere
    sentence = refused(tmp_path, "run", source, "-o", tmp_path / "closed" / "x.gpkg")
    assert "no permission in" in sentence


ALIASES = {
    "itself": lambda path: path,
    "by another way": lambda path: path.parent / ".." / path.parent.name / path.name,
    "by a link": lambda path: linked(path, os.symlink),
    "by a hard link": lambda path: linked(path, os.link),
    "by a relative path": os.path.relpath,
}


def linked(path, how):
    other = path.parent.parent / "other.gpkg"
    how(path, other)
    return other


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_an_output_that_is_an_input_is_refused(tmp_path, source, alias, more):
    output = ALIASES[alias](source)
    sentence = refused(tmp_path, "run", source, "-o", output, *more)
    assert "is an input; inputs are never changed, name another file" in sentence


@pytest.mark.parametrize("verb", ["check", "topology", "loads", "size", "solve", "run"])
def test_no_verb_writes_over_an_input(tmp_path, source, verb):
    other = write(tmp_path / "in" / "other.gpkg")
    refused(tmp_path, verb, source, "-o", source, "--overwrite")
    refused(tmp_path, verb, source, "--stations", f"{other}|stations", "--output", other, "--overwrite")
    project = tmp_path / "in" / "p.toml"
    project.write_text(
        '[layers]\npipes = "town.gpkg|pipes"\n[options]\noverwrite = true\n[output]\nfile = "town.gpkg"\n'
    )
    refused(tmp_path, verb, project, *(["-o", source] if verb != "run" else []))


def test_a_picture_may_not_be_an_input_or_a_folder_and_needs_a_known_ending(tmp_path, source):
    (tmp_path / "folder.png").mkdir()
    linked_picture = tmp_path / "town.png"
    linked_picture.symlink_to(source)
    for picture, words in (
        (tmp_path / "map.bmp", "a name that ends in .png, .svg or .pdf is needed"),
        (tmp_path / "folder.png", "is a folder"),
        (linked_picture, "is an input"),
    ):
        assert words in refused(tmp_path, "run", source, "-o", tmp_path / "o.gpkg", "--picture", picture)


def test_no_product_replaces_an_input_or_another_output(tmp_path, source):
    desk, project = tmp_path / "desk", tmp_path / "in" / "p.toml"
    desk.mkdir()
    prices = desk / "cost.xlsx"
    prices.write_text("mine")
    layers = "".join(f'{name} = "town.gpkg|{name}"\n' for name in town())
    project.write_text(f'[layers]\n{layers}nodes = "../desk/cost.xlsx"\n')
    words = refused(tmp_path, "run", project, "-o", tmp_path / "o.gpkg", "--products", desk)
    assert "cost.xlsx is an input; inputs are never changed" in words
    page = tmp_path / "new" / "report.html"
    words = refused(tmp_path, "run", source, "-o", tmp_path / "o.gpkg", "--products", page.parent, "--report", page)
    assert "report.html is named as an output as well" in words
    words = refused(tmp_path, "run", source, "-o", tmp_path / "o.gpkg", "--products", source / "desk")
    assert "can't be written" in words


def test_a_table_beside_a_chart_needs_a_name_of_its_own(tmp_path, source):
    same = tmp_path / "r.csv"
    assert "is the output as well" in refused(tmp_path, "regulate", source, "-o", same, "--data", same)


@pytest.mark.parametrize("verb", ["new", "template"])
def test_new_and_template_write_over_nothing(tmp_path, source, verb):
    there = tmp_path / f"there.{'toml' if verb == 'new' else 'gpkg'}"
    there.write_text("mine")
    arguments = [source] if verb == "new" else ["--crs", "EPSG:4552"]
    assert "exists" in refused(tmp_path, verb, *arguments, "-o", there)


def test_folders_that_are_missing_are_made_and_taken_away_when_it_fails(tmp_path, source):
    assert call("topology", source, "-o", tmp_path / "a" / "b" / "o.gpkg").code == 0
    assert names_in(tmp_path / "a" / "b") == {"o.gpkg"}
    limited(["topology", source, "-o", tmp_path / "c" / "d" / "o.gpkg"], 50_000)
    assert names_in(tmp_path) == {"a", "in"}


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path, source):
    (tmp_path / "link.gpkg").symlink_to("real.gpkg")
    assert call("topology", source, "-o", tmp_path / "link.gpkg").code == 0
    assert (tmp_path / "link.gpkg").is_symlink()
    assert not (tmp_path / "real.gpkg").is_symlink()
    assert names_in(tmp_path) == {"in", "link.gpkg", "real.gpkg"}


# a full disk ---------------------------------------------------------------------------------------------


def limited(arguments, size):
    """Run in a process of its own whose files can't grow beyond a size [bytes], as on a full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(command(*arguments), capture_output=True, check=False, preexec_fn=limit, text=True)


@pytest.mark.parametrize("size", [0, 60_000, 400_000])
def test_a_disk_that_is_full_leaves_the_earlier_result_and_nothing_else(tmp_path, earlier, source, size):
    out = tmp_path / "out" / "o.gpkg"
    out.parent.mkdir()
    shutil.copy(earlier, out)
    before = digest(tmp_path)
    done = limited(["run", source, "-o", out, "--friction", "rough"], size)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"gisheat: output {out} can't be written: the disk is full")
    assert done.stdout == ""
    assert digest(tmp_path) == before
    assert names_in(out.parent) == {"o.gpkg"}


@pytest.mark.parametrize("verb", ["new", "template"])
def test_a_disk_that_is_full_leaves_no_half_project_and_no_half_template(tmp_path, source, verb):
    arguments = ["new", source, "-o", tmp_path / "p.toml"] if verb == "new" else (
        ["template", "-o", tmp_path / "t.gpkg", "--crs", "EPSG:4552"])  # fmt: skip
    done = limited(arguments, 100 if verb == "new" else 30_000)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert names_in(tmp_path) == {"in"}


# outputs that other programs have open -------------------------------------------------------------------


def test_an_earlier_result_is_replaced_without_a_word(tmp_path, earlier, source):
    shutil.copy(earlier, tmp_path / "o.gpkg")
    assert call("run", source, "-o", tmp_path / "o.gpkg", "--friction", "rough").code == 0
    assert ("option friction", "rough") in {row[1:3] for row in tables(tmp_path / "o.gpkg")["run"]}


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_result_that_another_program_works_on_is_not_replaced(tmp_path, earlier, source, more):
    """What waits in o.gpkg-wal would be merged into the new file: a damaged result."""
    out = tmp_path / "o.gpkg"
    shutil.copy(earlier, out)
    with closing(sqlite3.connect(out, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("UPDATE summary SET value = 'x'")
        assert "is open in another program" in refused(tmp_path, "run", source, "-o", out, *more)
    with closing(sqlite3.connect(out, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = delete")
        connection.execute("BEGIN EXCLUSIVE")
        assert "is locked by another program: close it there" in refused(tmp_path, "run", source, "-o", out, *more)
    assert call("topology", source, "-o", out, *more).code == 0


def test_a_result_that_is_opened_elsewhere_meanwhile_is_not_replaced(tmp_path, earlier):
    out = tmp_path / "o.gpkg"
    shutil.copy(earlier, out)
    before = digest(out)
    with pytest.raises(InputError, match="is open in another program"):
        written_while_opened(out)
    assert digest(out) == before
    assert names_in(tmp_path) == {"o.gpkg", "o.gpkg-wal"}


def written_while_opened(path):
    with geopackage.whole_or_nothing(path) as beside:
        beside.write_text("new")
        path.with_name(f"{path.name}-wal").touch()


# runs that are killed ------------------------------------------------------------------------------------

STOPPED = """
import os, sys
from pathlib import Path
from gisheat import cli, geopackage
from gisheat.operations import running

number, folder, *stops = sys.argv[1:]
stop = seen = 0  # in a child: the line it is stopped at, and how many it has come to

def trace(frame, event, argument):
    global seen
    if frame.f_code.co_filename != geopackage.__file__:
        return None
    seen += 1
    if seen == int(stop):
        os.kill(os.getpid(), int(number))
    return trace

def write(where, *arguments, **options):
    global stop
    geopackage.write_result(where, *arguments, **options)  # everything is imported before the first fork
    for moment in stops:
        child = os.fork()
        if not child:
            stop = moment
            sys.settrace(trace)
            geopackage.write_result(Path(folder, stop, "o.gpkg"), *arguments, **options)
            sys.settrace(None)
            Path(folder, stop + ".lines").write_text(str(seen))
            return
        print(moment, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

running.write_result = write
try:
    cli.main(["topology", os.path.join(folder, "town.gpkg"), "-o", os.path.join(folder, "whole", "o.gpkg"), "--quiet"])
except SystemExit as end:
    os._exit(end.code)
"""
"""Runs that are stopped when the code that writes has come to the given line (counted as they are executed)."""


def stopped(folder, number, stops):
    """Exit code of the runs stopped at each of the moments; folder/whole/o.gpkg is one that nothing disturbed."""
    arguments = [sys.executable, "-c", STOPPED, int(number), folder, *stops]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, check=True, text=True)
    assert done.stderr == ""
    return {int(stop): int(code) for stop, code in (row.split() for row in done.stdout.splitlines())}


def assert_whole(path, reference):
    """A result with everything in it: the same rows in every table as in one that nothing disturbed."""
    assert tables(path, stamps=False) == tables(reference, stamps=False)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM qgis_projects").fetchone() == (1,)


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    """Moments from the first to the last line of writing."""
    folder = tmp_path_factory.mktemp("moments")
    write(folder / "town.gpkg")
    (folder / "0").mkdir()
    assert stopped(folder, signal.SIGTERM, [0]) == {0: 0}
    lines = int((folder / "0.lines").read_text())
    assert lines > 200
    last = [lines - k for k in range(examples(20), 0, -1)]  # the file takes its name, the folder beside it goes
    return [1, 2, *(round(lines * k / 5) for k in range(1, 5)), *last]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_a_whole_result_or_the_earlier_one_or_none(tmp_path, earlier, moments, number):
    write(tmp_path / "town.gpkg")
    for moment in moments:
        (tmp_path / str(moment)).mkdir()
    for moment in moments[::2]:
        shutil.copy(earlier, tmp_path / str(moment) / "o.gpkg")
    codes = stopped(tmp_path, number, moments)
    assert set(codes.values()) == {143 if number == signal.SIGTERM else -9}
    replaced = 0
    for moment in moments:
        out = tmp_path / str(moment) / "o.gpkg"
        assert out.exists() or moment in moments[1::2]
        if out.exists() and out.read_bytes() != earlier.read_bytes():
            assert_whole(out, tmp_path / "whole" / "o.gpkg")
            replaced += 1
        left = names_in(out.parent) - {"o.gpkg"}
        assert [name for name in left if not name.startswith(".o.gpkg.gisheat-")] == []
        assert left == set() or number == signal.SIGKILL
    assert 0 < replaced < len(moments)
    folder = max((tmp_path / str(m) for m in moments), key=lambda f: len(names_in(f)))
    assert call("topology", tmp_path / "town.gpkg", "-o", folder / "o.gpkg").code == 0
    assert names_in(folder) == {"o.gpkg"}


def test_the_command_killed_at_any_time_leaves_a_whole_result_or_none(tmp_path):
    write(tmp_path / "town.gpkg")
    begun = time.monotonic()
    assert gisheat("run", tmp_path / "town.gpkg", "-o", tmp_path / "o.gpkg").code == 0
    seconds = time.monotonic() - begun

    def kill(k):
        folder = tmp_path / str(k)
        folder.mkdir()
        arguments = command("run", tmp_path / "town.gpkg", "-o", folder / "o.gpkg", "--quiet")
        with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
            time.sleep(seconds * (0.6 + 0.5 * k / examples(12)))
            process.send_signal(signal.SIGTERM if k % 2 else signal.SIGKILL)
            assert b"Traceback" not in process.communicate()[1]
        if (folder / "o.gpkg").exists():
            assert_whole(folder / "o.gpkg", tmp_path / "o.gpkg")
        return k % 2 == 0 or names_in(folder) <= {"o.gpkg"}

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(kill, range(examples(12))))


def test_what_a_run_of_another_process_writes_now_is_left_alone(tmp_path, source):
    ours, dead = tmp_path / ".o.gpkg.gisheat-1-aaaaaaaa", tmp_path / ".o.gpkg.gisheat-4194999-aaaaaaaa"
    not_ours = [
        tmp_path / name for name in (".o.gpkg.gisheat-x-a", ".p.gpkg.gisheat-4194999-a", "o.gpkg.gisheat-4194999-a")
    ]
    for folder in (ours, dead, *not_ours):
        folder.mkdir()
    assert call("topology", source, "-o", tmp_path / "o.gpkg").code == 0
    assert not dead.exists()
    assert [folder for folder in (ours, *not_ours) if not folder.exists()] == []


def test_ctrl_c_while_the_libraries_are_read_has_no_traceback():
    program = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "gisheat.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
runpy.run_module("gisheat", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path, source, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(geopackage, "_check_written", interrupt)
    ran = call("run", source, "-o", tmp_path / "o.gpkg")
    assert (ran.code, ran.err, ran.out) == (130, "gisheat: interrupted.\n", "")
    assert names_in(tmp_path) == {"in"}


def test_an_error_inside_gisheat_is_one_sentence_and_leaves_nothing(tmp_path, source, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("twice\nover")

    monkeypatch.setattr(geopackage, "_check_written", fail)
    ran = call("run", source, "-o", tmp_path / "o.gpkg")
    assert ran.code == 3
    assert ran.sentence.startswith("an error inside gisheat (ZeroDivisionError: twice over); please report it")
    assert "Traceback" in call("run", source, "-o", tmp_path / "o.gpkg", "--debug").err
    assert names_in(tmp_path) == {"in"}


# the same again ------------------------------------------------------------------------------------------

# Rings, islands, near misses, doubles and ties: what order could matter for.
MESSY_PIPES = {
    "A": [(0, 0), (100, 0)], "B": [(100, 0.2), (200, 0)], "C": [(100, 0), (100, 80)], "D": [(200, 0), (200, 80)],
    "E": [(100, 80), (200, 80)], "F": [(150, -50), (150, 130)], "G": [(150, 130), (190, 130)], "H": [(0, 0), (0, -60)],
    "I": [(300, 300), (360, 300)], "J": [(50, 0), (50, 40)], "K": [(50, 41.5), (50, 90)], "L": [(200, 80), (100, 80)],
}  # fmt: skip
MESSY_STATIONS = [(200, 0), (110, 40), (190, 130), (0, -60), (340, 310), (150, 40), (2000, 0), (125, 40), (50, 90)]
MESSY = town(
    pipes=layer(
        [line(*points) for points in MESSY_PIPES.values()], pipe_id=MESSY_PIPES,
        dn_mm=[200.0 if name == "F" else 333.0 if name == "G" else None for name in MESSY_PIPES],
    ),
    stations=layer(
        [point(*place) for place in MESSY_STATIONS], station_id=[f"H{i}" for i in range(9)],
        load_kw=[500.0, 300.0, 200.0, 100.0, 50.0, -1.0, 90.0, 80.0, 70.0],
    ),
)  # fmt: skip
KEYS = {"pipes": "pipe_id", "nodes": "node_id", "stations": "station_id", "sources": "source_id"}


def test_the_same_run_gives_the_same_rows_byte_for_byte(tmp_path):
    path = write(tmp_path / "town.gpkg", MESSY)
    outputs = []
    for number, seed in enumerate(("0", "1")):
        outputs.append(tmp_path / str(number) / "o.gpkg")
        outputs[-1].parent.mkdir()
        ran = gisheat("run", path, "-o", outputs[-1], "--picture", outputs[-1].with_suffix(".png"), PYTHONHASHSEED=seed)
        assert (ran.code, ran.err) == (1, "")
    first, *others = (tables(output, stamps=False) for output in outputs)
    assert [name for other in others for name in first if first[name] != other[name]] == []
    assert len({tuple(digest(output.with_suffix(".png")).values()) for output in outputs}) == 1


def test_the_order_of_features_does_not_matter(tmp_path):
    """Feature ids and the order of rows follow the drawing; what is found about each feature does not change."""
    outputs = []
    for number, seed in enumerate((None, 1, 2)):
        layers = {n: t if seed is None else t.sample(frac=1, random_state=seed) for n, t in MESSY.items()}
        outputs.append(tmp_path / f"{number}.gpkg")
        path = write(tmp_path / str(number) / "town.gpkg", layers)
        assert call("run", path, "-o", outputs[-1]).code == 1
    for name, key in KEYS.items():
        first, *others = (rows_of(output, name, key) for output in outputs)
        for other in others:
            pd.testing.assert_frame_equal(other, first, rtol=1e-9, atol=2e-6)
    first, *others = (messages_of(output) for output in outputs)
    assert [other for other in others if other != first] == []


def messages_of(path):
    """Sentences of the findings, without the pipe that stands for an island."""
    return sorted(re.sub(r" \(first pipe: .*?\)", "", m) for m in findings(path)["message"])


def rows_of(path, name, key):
    """Rows in the order of their identifiers, without feature ids, geometry as text."""
    table = pyogrio.read_dataframe(path, layer=name)
    places = table.geometry.to_wkt(rounding_precision=6)
    own = pd.DataFrame(table.drop(columns=["source_fid", "geometry"], errors="ignore"))
    return own.assign(place=places).set_index(key).sort_index()


def test_a_result_is_an_input_that_gives_the_same_result(tmp_path, earlier):
    again = tmp_path / "again.gpkg"
    assert call("run", earlier, "-o", again).code == 0
    for name, key in KEYS.items():
        first, second = (pyogrio.read_dataframe(p, layer=name).set_index(key) for p in (earlier, again))
        numbers = [c for c in first if first[c].dtype.kind == "f"]
        assert first.index.tolist() == second.index.tolist()
        assert (first[numbers] - second[numbers]).abs().max().max() < 1e-4


def test_a_good_result_survives_a_run_that_fails(tmp_path, earlier):
    out = tmp_path / "o.gpkg"
    shutil.copy(earlier, out)
    before = digest(out)
    path = write(tmp_path / "town.gpkg", with_column("stations", "load_kw", [None, None]))
    assert call("run", path, "-o", out).code == 3
    assert digest(out) == before
    assert names_in(tmp_path) == {"o.gpkg", "town.gpkg"}
