"""The environment that gisheat runs in: made, checked, removed. Without QGIS.

An environment is a virtual environment in the user's QGIS profile. Its packages come from PyPI or from a folder of
wheels; gisheat itself travels in the plugin as plain source and is copied in. It is made beside its place and
renamed, so it is there whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from .definitions import FOLDER, Definitions
from .process import Failed, Listener, follow, ran
from .pythons import find_python
from .texts import tr, way_out

RECORD = "gisheat.json"
"""Which gisheat an environment holds, and what was left out."""


class Status(NamedTuple):
    """How an environment is: ready, missing, old (another gisheat) or broken; with a sentence and the way out."""

    kind: str
    sentence: str
    python: str = ""
    version: str = ""

    @property
    def ready(self) -> bool:
        """Whether gisheat can be run."""
        return self.kind == "ready"


def chosen_python(home: Path, setting: str = "") -> tuple[str, bool]:
    """Interpreter to run gisheat with, and whether it belongs to the environment that this plugin makes.

    GISHEAT_PYTHON wins over the setting, the setting over the environment in `home`.
    """
    foreign = os.environ.get("GISHEAT_PYTHON", "") or setting
    return (foreign, False) if foreign else (str(interpreter(home)), True)


def interpreter(home: Path) -> Path:
    """Interpreter of the environment in a folder."""
    return home / "Scripts" / "python.exe" if os.name == "nt" else home / "bin" / "python3"


def status(python: str, *, own: bool, wanted: str) -> Status:
    """How the environment of an interpreter is, at a glance: nothing is run.

    Parameters
    ----------
    python : str
        The interpreter.
    own : bool
        Whether this plugin made the environment, so that its record tells what it holds.
    wanted : str
        Version of gisheat that the plugin belongs to.
    """
    if not own:
        absent = tr("there is no Python at {}: choose another one in {}.", python, way_out())
        ready = Status("ready", tr("gisheat of {}", python), python)
        return Status("missing", absent, python) if shutil.which(python) is None else ready
    home = Path(python).parents[1]
    if not home.exists():
        said = tr("gisheat has no environment yet: make it in {}; it takes a minute or two.", way_out())
        return Status("missing", said, python)
    if not Path(python).exists():
        said = tr("the Python that the environment was made with is gone: make it again in {}.", way_out())
        return Status("broken", said, python)
    held = record(home).get("gisheat", "")
    if not held:
        return Status("broken", tr("the environment is not whole: make it again in {}.", way_out()), python)
    if held != wanted:
        return Status("old", _old(held, wanted), python, held)
    return Status("ready", tr("gisheat {} is ready", held), python, held)


def _old(held: str, wanted: str) -> str:
    return tr("the environment holds gisheat {}, this plugin {}: upgrade it in {}.", held, wanted, way_out())


def record(home: Path) -> dict[str, str]:
    """What an environment holds, empty when that can't be read."""
    try:
        said = json.loads((home / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def tried(python: str, wanted: str) -> Status:
    """How the environment of an interpreter is, found by running gisheat in it."""
    code = "import gisheat.cli, sys; print(gisheat.__version__, sys.version.split()[0])"
    try:
        said = ran([python, "-I", "-c", code], 120)
    except (OSError, subprocess.TimeoutExpired) as error:
        sentence = tr("the Python at {} can't be run ({}): choose another one in {}.", python, error, way_out())
        return Status("broken", sentence, python)
    words = said.stdout.split()
    if said.returncode or len(words) != 2:
        last = (said.stderr.strip().splitlines() or [tr("it says nothing")])[-1]
        return Status("broken", tr("gisheat does not run there ({}): make it again in {}.", last, way_out()), python)
    version, number = words
    if version != wanted:
        return Status("old", _old(version, wanted), python, version)
    return Status("ready", tr("gisheat {} is ready, with Python {}: {}", version, number, python), python, version)


def make(
    home: Path, definitions: Definitions, listener: Listener, *, python: str = "", wheels: Path | None = None,
    core: Path = FOLDER / "core",
) -> Status:  # fmt: skip
    """Make the environment, in place of one that is there.

    Parameters
    ----------
    home : Path
        Folder of the environment.
    definitions : Definitions
        Which packages are needed.
    listener : Listener
        Is told what happens, and says whether to stop.
    python : str
        Python to make it with; one is looked for when empty.
    wheels : Path, optional
        Folder of wheels that packages are taken from; PyPI when None.
    core : Path
        Folder that holds the package gisheat as plain source.

    Raises
    ------
    Failed
        If that is impossible; what was there before stays.
    Cancelled
        If the listener said so; the same.
    """
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise Failed(tr("there are no wheels (*.whl) in {}: fill it as the documentation shows.", wheels))
    base = find_python(definitions.python, python)
    beside = home.with_name(home.name + ".new")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        _cleared(beside)
        listener.progress(0.02, tr("making an environment with {}", base))
        follow([base, "-I", "-m", "venv", str(beside)], listener)
        left = _installed(beside, definitions, listener, wheels)
        listener.progress(0.92, tr("copying gisheat"))
        new = str(interpreter(beside))
        site = ran([new, "-I", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], 60).stdout.strip()
        shutil.copytree(core / "gisheat", Path(site) / "gisheat", ignore=shutil.ignore_patterns("__pycache__"))
        listener.progress(0.94, tr("trying it"))
        state = tried(new, definitions.version)
        if not state.ready:
            raise Failed(state.sentence)
        said = {"gisheat": definitions.version, "made with": base, "left out": ", ".join(left)}
        (beside / RECORD).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
        _cleared(home)
        beside.rename(home)
    except OSError as error:
        reason = error.strerror or error
        raise Failed(tr("the environment can't be written in {}: {}.", home.parent, reason)) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    listener.progress(1.0, tr("done"))
    return status(str(interpreter(home)), own=True, wanted=definitions.version)


def _installed(home: Path, definitions: Definitions, listener: Listener, wheels: Path | None) -> list[str]:
    """Install the packages; names of optional ones that can't be had."""
    listener.progress(0.1, tr("installing packages"))
    source = ["--no-index", "--find-links", str(wheels)] if wheels is not None else []
    pip = [
        str(interpreter(home)), "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check",
        "--no-warn-script-location", "--progress-bar", "off", *source,
    ]  # fmt: skip
    follow([*pip, *definitions.dependencies], listener, 0.1, 0.8)
    return [name for name, wanted in definitions.optional.items() if not _has(pip, name, wanted, listener)]


def _has(pip: list[str], name: str, wanted: tuple[str, ...], listener: Listener) -> bool:
    """Install what some operations need more; what can't be had is told, and left out."""
    try:
        follow([*pip, *wanted], listener, 0.8, 0.9)
    except Failed:
        listener.words("warning", tr("left out, because it can't be had here: {} ({}).", name, ", ".join(wanted)))
        return False
    return True


def remove(home: Path) -> None:
    """Remove the environment.

    Raises
    ------
    Failed
        If something in it is in use.
    """
    try:
        _cleared(home)
    except OSError as error:
        reason = error.strerror or error
        raise Failed(tr("{} can't be removed: {}; end what runs in it, then try again.", home, reason)) from error


def _cleared(home: Path) -> None:
    """Remove a folder; renamed first, so that it is never there by half."""
    if not home.exists():
        return
    gone = home.with_name(f"{home.name}.old-{os.getpid()}-{time.monotonic_ns()}")
    home.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
