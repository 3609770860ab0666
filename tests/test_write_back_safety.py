"""The utility's own file in place: whatever happens, it is as it was or as it should become."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from drawings import call, command, names_in
from drawings import gisheat as gisheat_command
from effort import examples
from utility_maps import content, utility_map

import gisheat
from gisheat import InputError, operations
from gisheat.errors import Cancelled
from gisheat.write_back import GeoPackageFigures


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A utility's map, its result, and the map with the figures written in place."""
    folder = tmp_path_factory.mktemp("utility")
    base = utility_map(folder / "base.gpkg")
    gisheat.run(base, output=folder / "result.gpkg")
    written = shutil.copy(base, folder / "written.gpkg")
    operations.write_back(written, folder / "result.gpkg", in_place=True)
    return base, folder / "result.gpkg", written


@pytest.fixture
def base(case, tmp_path):
    return shutil.copy(case[0], tmp_path / "base.gpkg")


def refused(base, result, words):
    before = base.read_bytes()
    ran = call("write-back", base, result, "--in-place")
    assert ran.code == 2
    assert ran.sentence.startswith(f"{base} can't be changed: {words}")
    assert base.read_bytes() == before


def test_a_base_that_another_program_writes_is_refused(case, base):
    with closing(sqlite3.connect(base, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        refused(base, case[1], "another program holds it locked; close it there and try again.")
    assert names_in(base.parent) == {"base.gpkg"}


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = wal")
connection.execute("BEGIN")
print(*connection.execute("SELECT count(*) FROM pipes").fetchone(), flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
print(*connection.execute("SELECT count(sup_flow_t_h) FROM pipes").fetchone(), flush=True)
"""


def test_a_base_that_is_open_in_qgis_is_written_to(case, base):
    """QGIS, another process, keeps its files in WAL mode and reads them."""
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout.readline() == "3\n"
        ran = gisheat_command("write-back", base, case[1], "--in-place")
        assert (ran.code, ran.err) == (0, "")
        assert reader.communicate("go on\n")[0] == "2\n"


def test_a_base_without_the_right_to_write_is_refused(case, base, monkeypatch):
    """As SQLite says it (the tests may run as root, who may write everywhere)."""
    opened = sqlite3.connect

    def read_only(name, **options):
        return opened(str(name).replace("mode=rw", "mode=ro"), **options)

    monkeypatch.setattr("gisheat.geopackage_transaction.sqlite3.connect", read_only)
    refused(base, case[1], "it is read-only.")


@pytest.mark.parametrize("size", [0, 40_000])
def test_a_disk_that_is_full_leaves_the_base_as_it_was(case, base, size):
    before = base.read_bytes()

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        command("write-back", base, case[1], "--in-place"),
        capture_output=True,
        check=False,
        preexec_fn=limit,
        text=True,
    )
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"gisheat: {base} can't be changed: the disk is full")
    assert base.read_bytes() == before
    assert names_in(base.parent) == {"base.gpkg"}


def test_what_is_cancelled_has_not_happened(case, base):
    before = base.read_bytes()
    with pytest.raises(Cancelled):
        operations.write_back(base, case[1], in_place=True, progress=lambda share, _: share < 0.9)
    assert base.read_bytes() == before


def test_an_error_in_the_middle_takes_all_back(case, base, monkeypatch):
    before = base.read_bytes()
    monkeypatch.setattr(GeoPackageFigures, "remember", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        operations.write_back(base, case[1], in_place=True)
    assert base.read_bytes() == before


def test_of_two_files_neither_changes_when_one_is_locked(case, tmp_path):
    for name in ("pipes", "stations"):
        shutil.copy(case[0], tmp_path / f"{name}.gpkg")
    project = tmp_path / "project.toml"
    project.write_text('[layers]\npipes = "pipes.gpkg|pipes"\nstations = "stations.gpkg|stations"\n', "utf-8")
    before = (tmp_path / "pipes.gpkg").read_bytes()
    with closing(sqlite3.connect(tmp_path / "stations.gpkg", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="another program holds it locked"):
            operations.write_back(project, case[1], in_place=True)
    assert (tmp_path / "pipes.gpkg").read_bytes() == before


KILLED = """
import os, signal, sys
from gisheat import geopackage_transaction, operations
from gisheat.write_back import geopackage_figures

base, result, *stops = sys.argv[1:]
def stopped(stop, path):
    seen = 0
    def trace(frame, event, argument):
        nonlocal seen
        if frame.f_code.co_filename not in (geopackage_figures.__file__, geopackage_transaction.__file__):
            return None
        seen += 1
        if seen == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    operations.write_back(path, result, in_place=True)
    sys.settrace(None)
    print(seen, flush=True)

for stop in map(int, stops):
    path = f"{base}-{stop}.gpkg"
    with open(base, "rb") as old, open(path, "wb") as new:
        new.write(old.read())
    pid = os.fork()
    if not pid:
        stopped(stop, path)
        os._exit(0)
    os.waitpid(pid, 0)
"""
"""Write-backs that are killed when the figures and their transaction have executed so many lines."""


def test_killed_at_any_moment_the_base_is_old_or_new(case, base):
    old, new = content(case[0]), content(case[2])

    def killed(*stops):
        arguments = [sys.executable, "-c", KILLED, base, case[1], *stops]
        return subprocess.run(list(map(str, arguments)), capture_output=True, check=True, text=True).stdout

    lines = int(killed(10**9))
    stops = sorted({*(round(lines * k / examples(12)) for k in range(1, examples(12))), *range(lines - 8, lines)})
    killed(*stops)
    kinds = set()
    for stop in stops:
        with closing(sqlite3.connect(f"{base}-{stop}.gpkg")) as connection:  # as the next program does
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = content(base.with_name(f"{base.name}-{stop}.gpkg"))
        assert found in (old, new)
        kinds.add(found == new)
    assert kinds == {False, True}


WAITING = """import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode = wal")
connection.execute("CREATE TABLE notes (words TEXT)")
connection.execute("INSERT INTO notes VALUES ('not in the file yet')")
connection.commit()
print("open", flush=True)
sys.stdin.read()
"""


def test_a_copy_has_the_changes_of_a_program_that_has_the_base_open(case, base, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, base], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        operations.write_back(base, case[1], tmp_path / "copy.gpkg")
        other.stdin.close()
    with closing(sqlite3.connect(tmp_path / "copy.gpkg")) as connection:
        assert connection.execute("SELECT words FROM notes").fetchall() == [("not in the file yet",)]
        assert connection.execute("SELECT count(surplus_head_m) FROM stations").fetchone()[0] > 0
