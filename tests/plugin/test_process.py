"""gisheat in a process of its own: what it says comes in, cancelling and dying leave nothing behind."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from effort import examples, thorough
from gisheat_qgis import process
from gisheat_qgis.definitions import arguments
from processes import of_session

import gisheat

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sample_gis" / "mulan" / "project.toml"


class Heard:
    """A listener that keeps what it is told, and cancels after some seconds."""

    def __init__(self, seconds=None):
        self.shares, self.said = [], []
        self.end = None if seconds is None else time.monotonic() + seconds

    def listener(self):
        def cancelled():
            return self.end is not None and time.monotonic() > self.end

        return process.Listener(
            lambda share, _: self.shares.append(share), lambda *words: self.said.append(words), cancelled
        )


def fake(tmp_path, body):
    """A program that stands for a Python with gisheat."""
    file = tmp_path / "python"
    file.write_text(f"#!{sys.executable}\n{textwrap.dedent(body)}", "utf-8")
    file.chmod(0o755)
    return str(file)


def test_a_run_tells_its_progress_its_notes_and_its_result():
    heard = Heard()
    said = process.run(sys.executable, ["check", str(PROJECT)], heard.listener(), gisheat.__version__)
    assert said["exit_code"] == 0
    assert said["figures"]["stations"]["value"] == 39
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[-1] == 1.0
    assert any(kind == "info" and "roughness" in text for kind, text in heard.said)


def test_a_refusal_is_its_sentence(tmp_path):
    line = ["solve", str(tmp_path / "none.gpkg"), f"--output={tmp_path / 'out.gpkg'}"]
    with pytest.raises(process.Failed, match=r"none\.gpkg"):
        process.run(sys.executable, line, Heard().listener(), gisheat.__version__)


def test_another_version_is_refused():
    with pytest.raises(process.Failed, match=r"holds gisheat .*, this plugin 99: upgrade"):
        process.run(sys.executable, ["check", str(PROJECT)], Heard().listener(), "99")


def test_an_older_gisheat_that_knows_no_lines_is_explained(tmp_path):
    python = fake(
        tmp_path, "import sys; sys.exit('gisheat: check: No such option: --json-lines (see gisheat check --help).')"
    )
    with pytest.raises(process.Failed, match="older than the plugin"):
        process.run(python, ["check"], Heard().listener())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("/usr/bin/python3: No module named gisheat", "has no gisheat"),
        ("ModuleNotFoundError: No module named 'pyproj'", "lacks a package"),
        ("Killed", "ended with code 9"),
    ],
)
def test_an_environment_that_is_broken_is_explained_with_the_way_out(tmp_path, words, sentence):
    python = fake(tmp_path, f"import sys; print({words!r}, file=sys.stderr); sys.exit(9)")
    with pytest.raises(process.Failed, match=sentence):
        process.run(python, ["check"], Heard().listener())


def test_a_python_that_is_not_there_is_a_sentence():
    with pytest.raises(process.Failed, match="can't be run"):
        process.run("/nowhere/python", ["check"], Heard().listener())


def test_variables_of_qgis_do_not_reach_gisheat(monkeypatch, tmp_path):
    for name in process.FOREIGN:
        monkeypatch.setenv(name, "/wrong")
    python = fake(
        tmp_path,
        f"""
        import json, os
        bad = [n for n in {process.FOREIGN!r} if n in os.environ]
        print(json.dumps({{"type": "result", "bad": bad}}))
        """,
    )
    monkeypatch.delenv("LD_PRELOAD")  # it would spoil this Python too
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert process.run(python, ["check"], Heard().listener())["bad"] == []


def test_noise_on_stdout_is_told_and_does_no_harm(tmp_path):
    python = fake(tmp_path, "print('noise'); print('[1]'); print('{\"type\": \"result\", \"x\": 1}')")
    heard = Heard()
    assert process.run(python, ["check"], heard.listener()) == {"x": 1}
    assert ("log", "noise") in heard.said


@pytest.mark.parametrize("seed", range(examples(10)))
def test_cancelling_at_any_moment_takes_less_than_a_second_and_leaves_nothing(tmp_path, large_town, seed):
    """Random moments of a run that takes some seconds."""
    output = tmp_path / "out" / "result.gpkg"
    output.parent.mkdir()
    heard = Heard(random.Random(seed).uniform(0.0, 6.0))
    line = ["run", str(large_town), f"--output={output}", f"--picture={output.with_suffix('.png')}"]
    pids = []
    started = process.start

    def start(*args):
        found = started(*args)
        pids.append(found.pid)
        return found

    process.start = start
    try:
        process.run(sys.executable, line, heard.listener(), gisheat.__version__, outputs=(output,))
    except process.Cancelled:
        late = time.monotonic() - heard.end
        assert late < 1.5, "a second, and half a one for a busy machine"
        left = {p.name for p in output.parent.iterdir()}
        assert left in (set(), {"result.gpkg", "result.png"}), "nothing, or all where it had just been written"
    else:
        assert {p.name for p in output.parent.iterdir()} == {"result.gpkg", "result.png"}
    finally:
        process.start = started
    assert seconds_until_gone(pids[0]) < 2.0, "the guard clears away what is left"


def test_a_gisheat_that_does_not_end_by_itself_is_killed_with_those_it_began(tmp_path):
    python = fake(
        tmp_path,
        """
        import signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "60"])
        time.sleep(60)
        """,
    )
    heard = Heard(0.5)
    with pytest.raises(process.Cancelled):
        process.run(python, ["check"], heard.listener())
    assert time.monotonic() - heard.end < 1.5


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("begun", marks=thorough),
        pytest.param("repairing the drawing", marks=thorough),
        "sizing",
        "writing the result",
    ],
)
def test_when_the_caller_is_killed_gisheat_ends(tmp_path, large_town, moment):
    """What stands for QGIS is killed while gisheat is at work: two seconds later nothing is left."""
    output = tmp_path / "out" / "result.gpkg"
    output.parent.mkdir()
    caller = tmp_path / "caller.py"
    line = ["run", str(large_town), f"--output={output}", f"--picture={output.with_suffix('.png')}"]
    caller.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT / "qgis_plugin")!r})
        from gisheat_qgis import process
        started = process.start
        def start(*args):
            found = started(*args)
            print(found.pid, flush=True)
            print("begun", flush=True)
            return found
        process.start = start
        progress = lambda share, text: print(text, flush=True)
        process.run({sys.executable!r}, {line!r}, process.Listener(progress, lambda *w: None, lambda: False))
        """),
        "utf-8",
    )
    qgis = subprocess.Popen([sys.executable, str(caller)], stdout=subprocess.PIPE, text=True)
    core = int(qgis.stdout.readline())
    while qgis.stdout.readline().strip() != moment:
        assert qgis.poll() is None
    time.sleep(random.Random(moment).uniform(0.1, 0.4))
    assert of_session(core) != []
    os.kill(qgis.pid, signal.SIGKILL)
    qgis.wait()
    qgis.stdout.close()
    assert seconds_until_gone(core) < 2.0
    assert list(output.parent.iterdir()) == []


def seconds_until_gone(session):
    """Seconds until no process of a session is left."""
    begin = time.monotonic()
    while of_session(session) and time.monotonic() - begin < 10.0:
        time.sleep(0.05)
    return time.monotonic() - begin


def test_arguments_with_blanks_and_chinese_arrive_as_they_are(tmp_path, definitions):
    template = next(o for o in definitions.operations if o.name == "template")
    output = tmp_path / "木兰 县" / "空 模板.gpkg"
    output.parent.mkdir()
    line = arguments(template, {"output": str(output), "crs": "EPSG:4552"})
    process.run(sys.executable, line, Heard().listener(), gisheat.__version__)
    assert output.exists()


def test_an_address_of_a_database_is_shown_without_its_password():
    from gisheat_qgis.process import is_address, without_password

    line = "run postgresql://me:geheim@host/heat?schema=net -o postgres://me:a:b@c@host/x?schema=r&sslpassword=geheim"
    shown = without_password(line)
    assert shown == "run postgresql://me@host/heat?schema=net -o postgres://me@host/x?schema=r&sslpassword=***"
    assert is_address("postgresql://host/heat")
    assert not is_address("/data/postgresql.gpkg")
