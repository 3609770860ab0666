"""Which Python an environment can be made with: that of QGIS, or another one on the machine. Without QGIS."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .process import Failed, ran
from .texts import tr

NEWEST = 14
OLDEST = 9
"""Python 3.x is looked for by name between these."""


def find_python(minimum: tuple[int, int], given: str = "") -> str:
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
            lacking = lacking or candidate
        elif given and number[0]:
            raise Failed(tr("{} is Python {}.{}; gisheat needs Python {} or newer.", given, *number, wanted))
        elif given:
            raise Failed(tr("{} is no Python that can be run; gisheat needs Python {} or newer.", given, wanted))
    if lacking:
        raise Failed(
            tr(
                "{} lacks the modules venv and ensurepip: install them (on Debian and Ubuntu: sudo apt install"
                " python3-venv), then try again.",
                lacking,
            )
        )
    raise Failed(
        tr(
            "gisheat needs Python {} or newer, and none was found: install one (from python.org; on Linux the packages"
            " python3 and python3-venv; on macOS also by 'brew install python'), then try again, or name it.",
            wanted,
        )
    )


def _candidates() -> Iterator[str]:
    """Interpreters in the order in which they are tried."""
    seen = set()
    for place in _places():
        found = shutil.which(str(place))
        if found and found not in seen:
            seen.add(found)
            yield found


def _places() -> Iterator[object]:
    prefix = Path(sys.base_exec_prefix)  # sys.executable is QGIS itself, or nothing of use
    if os.name == "nt":
        yield prefix / "python.exe"
    else:
        yield prefix / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        yield prefix / "bin" / "python3"
    names = [f"python3.{minor}" for minor in range(NEWEST, OLDEST, -1)]
    yield from names
    yield "python3"
    yield "python"
    if os.name == "nt":
        yield from _registered()
    for folder in ("/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"):
        yield from (Path(folder) / name for name in names)


def _registered() -> Iterator[Path]:
    """Interpreters that Windows knows."""
    yield from ()
    if sys.platform == "win32":
        import winreg

        for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            for minor in range(NEWEST, OLDEST, -1):
                place = rf"SOFTWARE\Python\PythonCore\3.{minor}\InstallPath"
                with contextlib.suppress(OSError), winreg.OpenKey(root, place) as key:
                    yield Path(winreg.QueryValue(key, None)) / "python.exe"


def _asked(python: str) -> tuple[tuple[int, int], bool]:
    """Version of an interpreter, (0, 0) when it can't be run, and whether it can make environments."""
    code = (
        "import sys, importlib.util as u\n"
        "print(sys.version_info[0], sys.version_info[1], int(all(u.find_spec(m) for m in ('venv', 'ensurepip'))))"
    )
    try:
        major, minor, whole = map(int, ran([python, "-I", "-c", code], 20).stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return (0, 0), False
    return (major, minor), bool(whole)
