"""Several files as one source: a zip with Shapefiles, a File Geodatabase or tables in it, a folder of Shapefiles."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gisheat.errors import InputError

SOURCES = (
    ".shp", ".gpkg", ".geojson", ".geojsonl", ".geojsons", ".json", ".fgb", ".csv", ".tsv", ".xlsx", ".xlsm", ".dxf",
    ".tab", ".mif", ".gml", ".kml", ".sqlite",
)  # fmt: skip
"""Endings of what is read of an archive; a folder *.gdb as well."""
LARGEST = 8 * 2**30
"""Bytes that an archive may come to, unpacked."""
_UTF8 = 0x800
"""Flag of names in UTF-8 (APPNOTE 4.4.4, bit 11)."""


def is_archive(path: Path) -> bool:
    """Tell whether a file is an archive by its name."""
    return path.suffix.lower() == ".zip"


@contextmanager
def unpacked(path: Path) -> Iterator[list[Path]]:
    """Sources in an archive, unpacked into a folder that is gone afterwards; Shapefiles of a folder; else the file.

    Raises
    ------
    InputError
        If it is damaged, locked by a password, too large, or holds no source.
    """
    if not is_archive(path):
        yield shapefiles_in(path) or [path]
        return
    with tempfile.TemporaryDirectory(prefix="gisheat-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(path, archive, Path(folder))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise InputError(
                f"{path} cannot be read: the archive is damaged; unpack it, and name what is in it."
            ) from error
        except RuntimeError as error:  # what zipfile says of a password
            raise InputError(f"{path} cannot be read: the archive is locked by a password; unpack it first.") from error
        found = sorted(p for p in Path(folder).rglob("*") if _is_source(p))
        if not found:
            raise InputError(
                f"{path}: the archive holds no vector file that is read of archives ({', '.join(SOURCES)}, .gdb)."
            )
        yield found


def shapefiles_in(folder: Path) -> list[Path]:
    """Shapefiles that lie in a folder, sorted; none where it is no folder."""
    there = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in there if p.suffix.lower() == ".shp" and p.is_file())


def _is_source(path: Path) -> bool:
    if any(parent.suffix.lower() == ".gdb" for parent in path.parents):
        return False
    return path.suffix.lower() == ".gdb" if path.is_dir() else path.suffix.lower() in SOURCES


def _unpack(path: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise InputError(f"{path} comes to more than {LARGEST / 2**30:g} GB: unpack it, and name what is in it.")
    for entry in entries:
        parts = [part for part in _name(entry).replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts or parts[0] == "__MACOSX":
            continue
        target = folder.joinpath(*(part.replace(":", "_") for part in parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)


def _name(entry: zipfile.ZipInfo) -> str:
    """Name of an entry; one that does not say UTF-8 is in the code of the machine that packed it, often GBK."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437", errors="replace")
    for code in ("utf-8", "gb18030"):
        try:
            return raw.decode(code)
        except UnicodeDecodeError:
            continue
    return entry.filename
