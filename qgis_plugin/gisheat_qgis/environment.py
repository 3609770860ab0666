"""The environment that gisheat runs in: found, made, checked, removed. Without QGIS.

An environment is a virtual environment in the user's QGIS profile. Its packages come from PyPI or from a folder of
wheels; gisheat itself travels in the plugin as plain source and is copied in. It is made beside its place and renamed, so it is
there whole or not at all.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from .definitions import FOLDER, Definitions
from .process import Cancelled, Failed, Lines, Listener, clean_environment, kill, start

RECORD = "gisheat.json"
"""Beside the interpreter: which gisheat the environment holds, and what was left out."""
WAY_OUT = "Settings > Options > gisheat, or the tool 'Environment' of the Processing toolbox"
NEWEST = 14
"""Python 3.x that is looked for by name up to here."""


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


def chosen_python(home: Path, setting: str = "") -> "tuple[str, bool]":
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
        if shutil.which(python) is None:
            return Status("missing", f"there is no Python at {python}: choose another one in {WAY_OUT}.", python)
        return Status("ready", f"gisheat of {python}", python)
    if not Path(python).exists():
        if Path(python).is_symlink():
            return Status("broken", f"the Python that the environment was made with is gone: make it again in {WAY_OUT}.", python)
        return Status("missing", f"gisheat has no environment yet: make it in {WAY_OUT}; it takes a minute.", python)
    held = record(Path(python).parents[1]).get("gisheat", "")
    if not held:
        return Status("broken", f"the environment is not whole: make it again in {WAY_OUT}.", python)
    if held != wanted:
        return Status(
            "old", f"the environment holds gisheat {held}, this plugin {wanted}: upgrade it in {WAY_OUT}.", python, held
        )
    return Status("ready", f"gisheat {held} is ready", python, held)


def record(home: Path) -> "dict[str, str]":
    """What an environment holds, empty when that can't be read."""
    try:
        said = json.loads((home / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def tried(python: str, wanted: str) -> Status:
    """How the environment of an interpreter is, found by running gisheat in it."""
    try:
        code = "import gisheat.cli, sys; print(gisheat.__version__, sys.version.split()[0])"
        ran = _ran([python, "-I", "-c", code], 120)
    except OSError as error:
        return Status("missing", f"the Python at {python} can't be run ({error.strerror or error}): choose another one in {WAY_OUT}.", python)
    except subprocess.TimeoutExpired:
        return Status("broken", f"the Python at {python} does not answer: choose another one in {WAY_OUT}.", python)
    words = ran.stdout.split()
    if ran.returncode or len(words) != 2:
        last = (ran.stderr.strip().splitlines() or ["it says nothing"])[-1]
        return Status("broken", f"gisheat does not run there ({last}): make the environment again in {WAY_OUT}.", python)
    version, number = words
    if version != wanted:
        return Status(
            "old", f"gisheat {version} is there, this plugin belongs to {wanted}: upgrade it in {WAY_OUT}.", python, version
        )
    return Status("ready", f"gisheat {version} with Python {number} is ready: {python}", python, version)


# finding a Python ----------------------------------------------------------------------------------------


def find_python(minimum: "tuple[int, int]", given: str = "") -> str:
    """A Python to make an environment with: the given one, else that of QGIS, else another one on the machine.

    Raises
    ------
    Failed
        If there is none that is new enough and can make environments; the sentence says what to install.
    """
    wanted = ".".join(map(str, minimum))
    lacking = ""
    for candidate in [given] if given else _candidates():
        number, whole = _asked(candidate)
        if number >= minimum and whole:
            return candidate
        if number >= minimum:
            lacking = lacking or f"{candidate} lacks the modules venv and ensurepip"
        elif given:
            what = f"is Python {number[0]}.{number[1]}" if number[0] else "is no Python that can be run"
            raise Failed(f"{given} {what}; gisheat needs Python {wanted} or newer.")
    if lacking:
        raise Failed(f"{lacking}: install them (on Debian and Ubuntu: sudo apt install python3-venv), then try again.")
    raise Failed(
        f"gisheat needs Python {wanted} or newer, and none was found: install one (python.org; on Linux the package"
        " python3 and python3-venv; on macOS also 'brew install python'), then try again, or name it."
    )


def _candidates() -> "Iterator[str]":
    """Interpreters in the order in which they are tried."""
    seen = set()
    for path in _places():
        found = shutil.which(str(path))
        if found and found not in seen:
            seen.add(found)
            yield found


def _places() -> "Iterator[object]":
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = Path(sys.base_exec_prefix)  # sys.executable is QGIS itself, or nothing of use
    if os.name == "nt":
        yield prefix / "python.exe"
    else:
        yield prefix / "bin" / f"python{version}"
        yield prefix / "bin" / "python3"
    for minor in range(NEWEST, 8, -1):
        yield f"python3.{minor}"
    yield "python3"
    yield "python"
    if os.name == "nt":
        yield from _registered()
    for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"):
        for minor in range(NEWEST, 8, -1):
            yield Path(folder) / f"python3.{minor}"


def _registered() -> "Iterator[object]":
    """Interpreters that Windows knows."""
    try:
        import winreg
    except ImportError:
        return
    for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
        for minor in range(NEWEST, 8, -1):
            try:
                with winreg.OpenKey(root, rf"SOFTWARE\Python\PythonCore\3.{minor}\InstallPath") as key:
                    yield Path(winreg.QueryValue(key, None)) / "python.exe"
            except OSError:
                continue


def _asked(python: str) -> "tuple[tuple[int, int], bool]":
    """Version of an interpreter, (0, 0) when it can't be run, and whether it can make environments."""
    code = (
        "import sys, importlib.util as u\n"
        "print(sys.version_info[0], sys.version_info[1], int(all(u.find_spec(m) for m in ('venv', 'ensurepip'))))"
    )
    try:
        ran = _ran([python, "-I", "-c", code], 20)
        major, minor, whole = map(int, ran.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return (0, 0), False
    return (major, minor), bool(whole)


def _ran(command: "list[str]", seconds: float) -> "subprocess.CompletedProcess[str]":
    hidden = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)} if os.name == "nt" else {}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, check=False,
        timeout=seconds, env=clean_environment(), **hidden,
    )  # fmt: skip


# making and removing ---------------------------------------------------------------------------------------


def make(
    home: Path, definitions: Definitions, listener: Listener, *, python: str = "", wheels: Optional[Path] = None,
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
        If the listener said so.
    """
    if wheels is not None and not any(wheels.glob("*.whl")):
        raise Failed(f"there are no wheels (*.whl) in {wheels}: fill it with 'pip download', as the documentation shows.")
    base = find_python(definitions.python, python)
    beside = home.with_name(home.name + ".new")
    home.parent.mkdir(parents=True, exist_ok=True)
    _cleared(beside)
    try:
        listener.progress(0.02, f"making an environment with {base}")
        _told([base, "-I", "-m", "venv", str(beside)], listener)
        new = str(interpreter(beside))
        listener.progress(0.1, "installing packages")
        source = ["--no-index", "--find-links", str(wheels)] if wheels is not None else []
        pip = [new, "-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-warn-script-location",
               "--progress-bar", "off", *source]  # fmt: skip
        _told([*pip, *definitions.dependencies], listener, 0.1, 0.8)
        left = _optional(pip, definitions, listener)
        listener.progress(0.92, "copying gisheat")
        site = _ran([new, "-I", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], 60).stdout.strip()
        shutil.copytree(core / "gisheat", Path(site) / "gisheat", ignore=shutil.ignore_patterns("__pycache__"))
        listener.progress(0.94, "trying it")
        state = tried(new, definitions.version)
        if not state.ready:
            raise Failed(state.sentence)
        said = {"gisheat": definitions.version, "made with": base, "left out": ", ".join(left)}
        (beside / RECORD).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
        _cleared(home)
        beside.rename(home)
    except OSError as error:
        raise Failed(f"the environment can't be written in {home.parent}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    listener.progress(1.0, "done")
    return status(str(interpreter(home)), own=True, wanted=definitions.version)


def _optional(pip: "list[str]", definitions: Definitions, listener: Listener) -> "list[str]":
    """Install what some operations need more; what can't be had is told, and left out."""
    left = []
    for name, wanted in definitions.optional.items():
        try:
            _told([*pip, *wanted], listener, 0.8, 0.9)
        except Failed:
            left.append(name)
            listener.words("warning", f"left out, because it can't be had here: {name} ({', '.join(wanted)}).")
    return left


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
        raise Failed(f"{home} can't be removed: {error.strerror or error}; end what runs in it, then try again.") from error


def _cleared(home: Path) -> None:
    """Remove a folder; renamed first, so that it is never there by half."""
    if not home.exists():
        return
    gone = home.with_name(f"{home.name}.old-{os.getpid()}-{time.monotonic_ns()}")
    home.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _told(command: "list[str]", listener: Listener, low: float = 0.0, high: float = 0.0) -> None:
    """Run a program, its lines being told; progress moves on from low to high with what pip says."""
    process = start(command)
    lines, last, share = Lines(process), [], low
    try:
        assert process.stdin is not None
        process.stdin.close()
        while lines.open:
            if listener.cancelled():
                raise Cancelled("cancelled; the environment was not made.")
            line = lines.next()
            if line is None:
                continue
            listener.words("log", line[1])
            if line[0] == "err":
                last.append(line[1].strip())
            elif line[1].startswith(("Collecting", "Processing", "Installing", "Successfully")):
                share += (high - share) * 0.05
                listener.progress(share, line[1].strip()[:60])
        code = process.wait()
    finally:
        kill(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    if code:
        errors = [line for line in last if line.startswith("ERROR")] or last[-3:]
        raise Failed(f"{' '.join(command[2:5])} failed: {' '.join(errors) or 'it says nothing'}")
