"""The environment is found, made, checked and removed; what is wrong with it is a sentence with the way out."""

import os
import stat
import sys
import zipfile
from dataclasses import replace

import pytest
from effort import thorough
from gisheat_qgis import environment, pythons
from gisheat_qgis.definitions import Definitions
from gisheat_qgis.process import Cancelled, Failed, Listener

VERSION = "7.1"


@pytest.fixture
def wheels(tmp_path):
    """A folder with one wheel, made by hand: what an office without internet brings."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "needed-1.0.dist-info"
    files = {
        "needed.py": "value = 1\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / "needed-1.0-py3-none-any.whl", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder


@pytest.fixture
def core(tmp_path):
    """What stands for gisheat's source."""
    package = tmp_path / "core" / "gisheat"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {VERSION!r}\n")
    (package / "cli.py").write_text("import needed\n")
    return tmp_path / "core"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def listener(heard):
    return Listener(lambda share, text: heard.append((share, text)), lambda *words: heard.append(words), lambda: False)


def needs(*packages, optional=None, python=(3, 11)):
    return Definitions(VERSION, 1, python, packages, optional or {}, {}, ())


@thorough
def test_an_environment_is_made_without_a_network_kept_upgraded_and_removed(tmp_path, wheels, core, listener, heard):
    """One story, because an environment takes seconds: a folder of wheels, a failure, a new version, the end."""
    home = tmp_path / "profile" / "环境 1"
    given = {"python": sys.executable, "wheels": wheels, "core": core}
    wanted = needs("needed>=1", optional={"extra": ("not-there",)})
    state = environment.make(home, wanted, listener, **given)
    assert state.ready
    assert state.version == VERSION
    assert environment.tried(state.python, VERSION).ready
    assert environment.record(home)["left out"] == "extra"
    assert any(kind == "warning" and "extra" in text for kind, text in heard)
    assert [p.name for p in home.parent.iterdir()] == [home.name], "nothing is left beside it"

    with pytest.raises(Failed, match=r"pip install failed: .*missing-package"):
        environment.make(home, needs("missing-package"), listener, **given)
    assert environment.tried(state.python, VERSION).ready, "what was there stays"
    assert [p.name for p in home.parent.iterdir()] == [home.name]

    old = environment.status(state.python, own=True, wanted="8.0")
    assert (old.kind, old.version) == ("old", VERSION)
    assert "upgrade it in" in old.sentence
    (core / "gisheat" / "__init__.py").write_text("__version__ = '8.0'\n")
    assert environment.make(home, replace(wanted, version="8.0"), listener, **given).version == "8.0"

    environment.remove(home)
    assert environment.status(state.python, own=True, wanted="8.0").kind == "missing"
    environment.remove(home)  # nothing is there: nothing to do


def test_an_environment_with_a_package_too_few_is_found_out_and_not_kept(tmp_path, core, wheels, listener):
    (core / "gisheat" / "cli.py").write_text("import absent\n")
    with pytest.raises(Failed, match=r"No module named 'absent'"):
        environment.make(
            tmp_path / "environment", needs("needed"), listener, python=sys.executable, wheels=wheels, core=core
        )
    assert not (tmp_path / "environment").exists()


def test_cancelling_leaves_nothing(tmp_path, wheels, core):
    begun = []

    def cancelled():
        return bool(begun)

    listener = Listener(lambda *told: begun.append(told), lambda *_: None, cancelled)
    with pytest.raises(Cancelled):
        environment.make(
            tmp_path / "environment", needs("needed"), listener, python=sys.executable, wheels=wheels, core=core
        )
    assert {p.name for p in tmp_path.iterdir()} == {"wheels", "core"}


def test_states_of_an_environment_are_told_apart_at_a_glance(tmp_path):
    home = tmp_path / "environment"
    python = environment.interpreter(home)
    assert environment.status(str(python), own=True, wanted=VERSION).kind == "missing"
    python.parent.mkdir(parents=True)
    assert environment.status(str(python), own=True, wanted=VERSION).kind == "broken"
    python.symlink_to(tmp_path / "gone")
    gone = environment.status(str(python), own=True, wanted=VERSION)
    assert gone.kind == "broken"
    assert "is gone" in gone.sentence
    python.unlink()
    python.symlink_to(sys.executable)
    (home / environment.RECORD).write_text("{")
    assert environment.status(str(python), own=True, wanted=VERSION).kind == "broken"
    (home / environment.RECORD).write_text(f'{{"gisheat": "{VERSION}"}}')
    assert environment.status(str(python), own=True, wanted=VERSION).ready


def test_another_interpreter_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("GISHEAT_PYTHON", raising=False)
    assert environment.chosen_python(tmp_path) == (str(environment.interpreter(tmp_path)), True)
    assert environment.chosen_python(tmp_path, "/set/python") == ("/set/python", False)
    monkeypatch.setenv("GISHEAT_PYTHON", "/named/python")
    assert environment.chosen_python(tmp_path, "/set/python") == ("/named/python", False)
    missing = environment.status("/named/python", own=False, wanted=VERSION)
    assert missing.kind == "missing"
    assert "there is no Python at /named/python" in missing.sentence


def test_a_folder_without_wheels_is_said(tmp_path, listener):
    with pytest.raises(Failed, match="no wheels"):
        environment.make(tmp_path / "environment", needs("needed"), listener, wheels=tmp_path)


# finding a Python ----------------------------------------------------------------------------------------


def stands_for(folder, name, said):
    """A program that answers as a Python of some version would."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {said}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


@pytest.fixture
def only(tmp_path, monkeypatch):
    """No Python but those that a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path / "qgis"))
    places = list(pythons._places())
    monkeypatch.setattr(pythons, "_places", lambda: [p for p in places if str(p).startswith((str(tmp_path), "python"))])
    monkeypatch.setattr(pythons.shutil, "which", lambda name: next(
        (str(p) for p in (folder / name, tmp_path / "qgis" / name) if p.exists()), None))  # fmt: skip
    return folder


def test_the_newest_python_that_can_make_environments_is_found(only):
    stands_for(only, "python3.14", "3 14 0")
    wanted = stands_for(only, "python3.12", "3 12 1")
    stands_for(only, "python3.10", "3 10 1")
    assert pythons.find_python((3, 11)) == wanted


def test_where_there_is_none_it_is_said_what_to_install(only):
    stands_for(only, "python3", "3 9 1")
    with pytest.raises(Failed, match=r"needs Python 3\.11 or newer, and none was found: install one"):
        pythons.find_python((3, 11))


def test_a_python_without_venv_is_said_with_what_to_install(only):
    stands_for(only, "python3.12", "3 12 0")
    with pytest.raises(Failed, match="lacks the modules venv and ensurepip: install them"):
        pythons.find_python((3, 11))


@pytest.mark.parametrize(
    ("said", "sentence"), [("3 9 1", r"is Python 3\.9; gisheat needs"), ("nonsense", "is no Python")]
)
def test_a_given_python_that_will_not_do_is_said(tmp_path, said, sentence):
    with pytest.raises(Failed, match=sentence):
        pythons.find_python((3, 11), stands_for(tmp_path, "mine", said))
