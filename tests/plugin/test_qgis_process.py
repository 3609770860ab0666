"""End to end through qgis_process: crashes show there that no test inside a Python process sees."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from effort import thorough
from processes import begun_by, of_session
from qgis_processes import Qgis, rows

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sample_gis" / "mulan" / "project.toml"


@pytest.fixture(scope="module")
def qgis(plugin_folder, tmp_path_factory):
    return Qgis(plugin_folder, tmp_path_factory.mktemp("qgis"))


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


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("repairing the drawing", marks=thorough),
        pytest.param("sizing", marks=thorough),
        "writing the result",
    ],
)
def test_when_qgis_is_killed_in_the_middle_nothing_is_left(qgis, large_town, tmp_path, moment):
    output = tmp_path / "out" / "result.gpkg"
    output.parent.mkdir()
    files = (f"--output={output}", f"--picture={output.with_suffix('.png')}")
    process = qgis.start("run", "gisheat:run", f"--project={large_town}", *files)
    for line in process.stdout:
        if moment in line:  # the core is at work
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
