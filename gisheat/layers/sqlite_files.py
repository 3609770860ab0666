"""SQLite files, as GeoPackages are: with other programs at work on them, and what stands in them as it is stored."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gisheat.errors import InputError
from gisheat.places import Place

SQLITE_MAGIC = b"SQLite format 3\0"
COPY_TRIES = 5
NOTHING = (0, 0)


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


def as_stored(file: Path, name: str, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with texts, and fractions in whole-number columns, that GDAL made numbers of (0 of most words)."""
    if not is_sqlite(file):
        return table
    uri = f"{file.as_uri()}?mode=ro&immutable=1"  # nobody changes it: see `readable`
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.text_factory = _decoded
        try:
            odd = _odd_values(connection, name, table)
        except sqlite3.Error:  # a view without feature ids: GDAL's reading has to do
            return table
    for column, rows in odd.items():
        values = table[column].to_numpy(object, copy=True)
        position = table.index.get_indexer([fid for fid, _ in rows])
        for row, (_, value) in zip(position.tolist(), rows, strict=True):
            if row >= 0:
                values[row] = value
        table[column] = pd.Series(values, index=table.index, dtype=object)
    return table


def is_sqlite(file: Path) -> bool:
    """Tell whether a file is an SQLite database, as a GeoPackage is one."""
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def quoted(name: str) -> str:
    """Name of a table or column in words of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _odd_values(
    connection: sqlite3.Connection, name: str, table: gpd.GeoDataFrame
) -> dict[str, list[tuple[int, object]]]:
    """Feature ids and values, by column, of what stands in number columns without being of their type."""
    described = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    key = next((quoted(row[1]) for row in described if row[5]), "rowid")
    whole = {row[1]: "INT" in row[2].upper() for row in described}
    numeric = [column for column in table.columns if column in whole and table[column].dtype.kind in "iufb"]
    if not numeric:
        return {}
    odd = {column: (str, bytes, float) if whole[column] else (str, bytes) for column in numeric}
    types = {column: "'text', 'blob', 'real'" if whole[column] else "'text', 'blob'" for column in numeric}
    asked = " OR ".join(f"typeof({quoted(column)}) IN ({types[column]})" for column in numeric)
    read = ", ".join(map(quoted, numeric))
    found: dict[str, list[tuple[int, object]]] = {}
    for fid, *values in connection.execute(f"SELECT {key}, {read} FROM {quoted(name)} WHERE {asked}"):  # noqa: S608
        for column, value in zip(numeric, values, strict=True):
            if isinstance(value, odd[column]):
                found.setdefault(column, []).append((int(fid), None if value == "" else value))
    return found
