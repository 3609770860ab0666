"""SQLite files, as GeoPackages are: read without being changed, with other programs at work on them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gisheat.errors import InputError
from gisheat.places import Place

SQLITE_MAGIC = b"SQLite format 3\0"
COPY_TRIES = 5
NOTHING = (0, 0)
LOCKED = "another program holds it locked; close it there and try again"
DAMAGED = "it is damaged; take a copy that opens in QGIS"


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """The file to read: itself, or a copy when changes wait beside it that reading would write into it.

    SQLite merges what stands in FILE-wal, and takes back what FILE-journal says, into the file that is opened,
    even when it is opened to be read.

    Raises
    ------
    InputError
        If it changes all the time.
    """
    waiting = unmerged(path)
    if not waiting:
        yield path.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="gisheat-") as folder:
        yield _copied([path, *waiting], Path(folder))


def frozen(file: Path) -> closing[sqlite3.Connection]:
    """A connection to an SQLite file that nobody changes meanwhile: see `readable`."""
    return closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True))


@contextmanager
def looked_into(path: Path) -> Iterator[sqlite3.Connection]:
    """An SQLite file opened to be read, which leaves nothing beside it, also when another program has it open."""
    with readable(path) as file, frozen(file) as connection:
        yield connection


def unmerged(path: Place) -> list[Path]:
    """Files beside an SQLite file with changes that are not in it yet: it is open, or a program crashed."""
    return [] if not isinstance(path, Path) else [file for file in _beside(path) if (_state(file) or NOTHING)[1] > 0]


def open_beside(path: Path) -> Path | None:
    """The file beside an SQLite file that says that it is open, or was when a program crashed; None without.

    A journal is emptied by some programs and removed by others, FILE-wal is there as long as FILE is open.
    """
    wal, journal = _beside(path)
    if _state(wal) is not None:
        return wal
    return journal if (_state(journal) or NOTHING)[1] > 0 else None


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")


def _copied(files: list[Path], folder: Path) -> Path:
    """Copy files that belong together, until none of them changes meanwhile."""
    for number in range(COPY_TRIES):
        before = [_state(file) for file in files]
        for file in files:
            if file.is_file():
                shutil.copyfile(file, folder / file.name)
        if [_state(file) for file in files] == before:
            return folder / files[0].name
        time.sleep(0.1 * 2**number)
    raise InputError(f"{files[0]} cannot be read: another program is writing it; try again when it has finished.")


def _state(file: Path) -> tuple[int, int] | None:
    """When a file was changed, and its size; None when it is not there (nor can be: its name is too long)."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def is_sqlite(file: Path) -> bool:
    """Tell whether a file is an SQLite database, as a GeoPackage is one."""
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def quoted(name: str) -> str:
    """Name of a table or column in words of SQL."""
    return '"' + name.replace('"', '""') + '"'
