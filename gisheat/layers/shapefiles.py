"""Reading Shapefiles as they come: without .cpg or with a wrong one, without .shx, .prj or .dbf.

Texts are taken as bytes and decoded here, by what the .cpg, the .dbf or the user says of them where the bytes do not
contradict.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyogrio

from gisheat.findings import Finding
from gisheat.layers import vectors
from gisheat.layers.code_pages import Decoded, called, code_of, decoded, recognise, remarks, wanted_code
from gisheat.layers.reader import Read

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Endings of the files that are read of a Shapefile."""
AS_BYTES = "ISO-8859-1"
"""Code in which every byte is a character, and comes back as it was."""
LANGUAGE_BYTE = 29
"""Place of the language driver in the header of a .dbf."""
LANGUAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950",
    0x50: "cp874", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x7A: "gb18030",
    0x7B: "cp932", 0x78: "cp950", 0x79: "cp949", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254",
    0xCB: "cp1253",
}  # fmt: skip
"""Codes of language drivers, as dBase and ESRI number them; 0x57 says no more than "that of the machine"."""
guess_layers = None
WITHOUT_INDEX = "without-index"
"""Folder of copies whose index is not the file's own."""


@contextmanager
def prepared(file: Path) -> Iterator[Path]:
    """The file, or a copy with an index where there is none beside it: GDAL would write one."""
    if file.suffix.lower() != ".shp" or beside(file, ".shx") is not None:
        yield file.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="gisheat-") as folder:
        copy = Path(folder) / WITHOUT_INDEX / f"{file.stem}.shp"
        copy.parent.mkdir()
        for suffix in PARTS:
            part = beside(file, suffix)
            if part is not None:
                shutil.copyfile(part, copy.with_suffix(suffix))
        before = pyogrio.get_gdal_config_option("SHAPE_RESTORE_SHX")
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})
        try:
            pyogrio.read_info(copy, encoding=AS_BYTES)  # makes the index
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": before})
        yield copy


def beside(file: Path, suffix: str) -> Path | None:
    """A part of a Shapefile by its ending, in large or small letters; None where it is not there."""
    parts = (file.with_suffix(end) for end in (suffix, suffix.upper()))
    return next((part for part in parts if part.is_file()), None)


def layer_names(file: Path) -> list[str]:
    """Names of the layers: one."""
    return vectors.layer_names(file)


def column_names(file: Path, name: str) -> list[str]:
    """Names of the columns; the code is found from them alone."""
    raw = [_bytes(c) for c in pyogrio.read_info(file, layer=name, encoding=AS_BYTES)["fields"]]
    page = recognise(raw, _said(file)[0])
    return [decoded(text, page.code).text for text in raw]


def read(layer: str, file: Path, name: str, encoding: str | None) -> Read:
    """Read a Shapefile, or a .dbf alone, in the code that its texts are in."""
    table = vectors.read_dataframe(file, name, AS_BYTES)
    raw = {column: _texts(table[column]) for column in table.columns if column != "geometry"}
    named = {column: _bytes(column) for column in raw}
    every = set(named.values()).union(*(set(values.values()) for values in raw.values()))
    said, where = _said(file)
    page = recognise(every, said)
    notes, findings = [*_missing_parts(layer, file)], list[Finding]()
    if encoding:
        code = wanted_code(encoding)
        notes += [] if page.plain else [f"{layer}: texts read as {called(code)}, as the option encoding says"]
    else:
        code = page.code
        note, findings = remarks(layer, page, every, said, where, "there is no .cpg")
        notes += note
    for column, values in raw.items():
        made = {text: decoded(value, code) for text, value in values.items()}
        if made:
            findings += _spoilt(layer, decoded(named[column], code).text, table[column], made)
            table[column] = _replaced(table[column], {text: found.text for text, found in made.items()})
    table = table.rename(columns={column: decoded(text, code).text for column, text in named.items()})
    return Read(table, tuple(notes), tuple(findings))


def _bytes(text: str) -> bytes:
    return text.encode(AS_BYTES)


def _texts(values: pd.Series) -> dict[str, bytes]:
    """Texts of a column as they were read, and as bytes, each once."""
    if values.dtype.kind not in "OUT" and not isinstance(values.dtype, pd.StringDtype):
        return {}
    return {text: _bytes(text) for text in values.dropna().unique() if isinstance(text, str)}


def _replaced(values: pd.Series, made: dict[str, str]) -> pd.Series:
    """A column with other texts, the rest as it is."""
    return pd.Series([made.get(v, v) if isinstance(v, str) else v for v in values], index=values.index, dtype=object)


def _said(file: Path) -> tuple[str, str]:
    """The code that a Shapefile says of itself, and where: the .cpg first, then the language driver of the .dbf."""
    page = beside(file, ".cpg")
    if page is not None:
        code = code_of(page.read_bytes()[:64].decode("latin-1").splitlines()[0] if page.stat().st_size else "")
        if code:
            return code, f"the {page.suffix}"
    table = beside(file, ".dbf")
    if table is None:
        return "", ""
    with table.open("rb") as content:
        driver = content.read(LANGUAGE_BYTE + 1)[LANGUAGE_BYTE:]
    code = LANGUAGES.get(driver[0], "") if driver else ""
    return code, f"the language byte of the {table.suffix}" if code else ""


def _missing_parts(layer: str, file: Path) -> Iterator[str]:
    if file.suffix.lower() != ".shp":
        return
    if file.parent.name == WITHOUT_INDEX:
        yield f"{layer}: the Shapefile has no .shx; its index was made anew, in a copy"
    if beside(file, ".dbf") is None:
        yield f"{layer}: the Shapefile has no .dbf, so its features have no attributes"


def _spoilt(layer: str, column: str, values: pd.Series, made: dict[str, Decoded]) -> Iterator[Finding]:
    """Findings on texts of a column that were cut in the middle of a character, or that the code can't read."""
    cut = "end in the middle of a character, where the column of the Shapefile ends; the half of it was left out"
    damaged = "hold bytes that are no text in this code; they became \N{REPLACEMENT CHARACTER}"
    for rule, words, spoilt in (
        ("text-cut", cut, [text for text, found in made.items() if found.cut]),
        ("text-unreadable", damaged, [text for text, found in made.items() if found.damaged]),
    ):
        fids = values.index[values.isin(spoilt)]
        if len(fids):
            message = f"{len(fids)} text(s) of the column {column} {words}."
            yield Finding(rule, "warning", layer, message, int(fids[0]))
