"""Which processes are there, on Linux."""

import contextlib
from pathlib import Path

PARENT, SESSION = 1, 3


def of_session(number):
    """Processes of the session that a process began."""
    return _where(SESSION, number)


def begun_by(number):
    """Processes that a process has begun."""
    return _where(PARENT, number)


def _where(field, number):
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(words[field]) == number and words[0] != "Z":
                    found.append(int(folder.name))
    return found
