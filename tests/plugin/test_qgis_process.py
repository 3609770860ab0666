"""End to end through qgis_process: crashes show there that no test inside a Python process sees."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import begun_by, of_session

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sample_gis" / "mulan" / "project.toml"


class Qgis:
    """qgis_process with an empty profile that has the plugin and nothing else."""

    def __init__(self, plugins, folder, python=sys.executable):
        self.program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
        self.profile = folder / "profile"
        self.temporary = folder / "tmp"
        for part in (self.profile, self.temporary, folder / "run"):
            part.mkdir(mode=0o700)
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "QGIS", "COV"))}
        self.environment = kept | {
            "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder / "run"), "TMPDIR": str(self.temporary),
            "QGIS_PLUGINPATH": str(plugins), "QGIS_CUSTOM_CONFIG_PATH": str(self.profile), "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        if python:
            self.environment["GISHEAT_PYTHON"] = python
        self.call("plugins", "enable", "gisheat_qgis")

    def start(self, *arguments):
        return subprocess.Popen(
            [self.program, *arguments], env=self.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def call(self, *arguments):
        """Exit code and everything that was said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said


@pytest.fixture(scope="module")
def qgis(plugin_folder, tmp_path_factory):
    return Qgis(plugin_folder, tmp_path_factory.mktemp("qgis"))


def rows(file):
    """Every row of every table but the run record and what carries a time."""
    found = {}
    with contextlib.closing(sqlite3.connect(file)) as connection:
        names = [n for (n,) in connection.execute("SELECT table_name FROM gpkg_contents ORDER BY table_name")]
        for name in names:
            if name not in ("run", "layer_styles"):
                found[name] = connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
    return found


def test_every_operation_is_a_tool(qgis, definitions):
    code, said = qgis.call("list")
    assert code == 0
    listed = {line.split()[0] for line in said.splitlines() if line.strip().startswith("gisheat:")}
    assert listed == {f"gisheat:{o.name}" for o in definitions.operations} | {"gisheat:environment"}


def test_help_shows_names_units_and_choices(qgis):
    code, said = qgis.call("help", "gisheat:size")
    assert code == 0
    for word in ("project", "snap_tolerance_m", "[m; else 0.5]", "cn-primary", "result_pipes"):
        assert word in said


def test_a_run_gives_the_tables_of_the_command_line(qgis, tmp_path):
    by_qgis, by_hand = tmp_path / "qgis.gpkg", tmp_path / "hand.gpkg"
    code, said = qgis.call("run", "gisheat:run", f"--project={PROJECT}", f"--output={by_qgis}")
    assert code == 0, said
    assert f"result_pipes:\t{by_qgis}|layername=pipes" in said
    subprocess.run([sys.executable, "-m", "gisheat", "run", PROJECT, "-o", by_hand, "-q"], check=True)
    assert rows(by_qgis) == rows(by_hand)
    assert len(rows(by_qgis)["pipes"]) > 100


def test_a_refusal_is_a_sentence_and_an_exit_code(qgis, tmp_path):
    code, said = qgis.call(
        "run", "gisheat:solve", f"--project={tmp_path / 'none.gpkg'}", f"--output={tmp_path / 'o.gpkg'}"
    )
    assert code != 0
    assert "none.gpkg" in said
    assert "Traceback" not in said
    log = next(qgis.profile.rglob("gisheat.log")).read_text("utf-8")
    assert "none.gpkg" in log


def test_a_missing_environment_is_a_sentence_with_the_way_out(plugin_folder, tmp_path):
    bare = Qgis(plugin_folder, tmp_path, python="")
    code, said = bare.call("run", "gisheat:check", f"--project={PROJECT}")
    assert code != 0
    assert "gisheat has no environment yet: make it in Settings > Options > gisheat" in said


def test_when_qgis_is_killed_in_the_middle_nothing_is_left(qgis, tmp_path):
    output = tmp_path / "out" / "result.gpkg"
    output.parent.mkdir()
    process = qgis.start("run", "gisheat:run", f"--project={PROJECT}", f"--output={output}")
    for line in process.stdout:
        if "checking" in line:  # the core is at work
            break
    core = begun_by(process.pid)
    assert core
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 2.0
    while any(of_session(pid) for pid in core) and time.monotonic() < end:
        time.sleep(0.05)
    assert [pid for pid in core if of_session(pid)] == []
    assert list(output.parent.iterdir()) == []
