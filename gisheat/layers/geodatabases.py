"""Reading File Geodatabases: as GDAL does, and the words of coded domains in place of their codes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyogrio

from gisheat.layers import vectors
from gisheat.layers.reader import Read
from gisheat.sqlite_files import readable

prepared = readable
guess_layers = None
layer_names, column_names = vectors.layer_names, vectors.column_names

CATALOGUE = "GDB_Items"
"""Table of a geodatabase that describes what is in it; not listed among its layers."""


def read(layer: str, file: Path, name: str, encoding: str | None) -> Read:
    """Read a layer; a column with a coded domain has the words of its codes."""
    found = vectors.read(layer, file, name, encoding)
    table, notes = found.table, []
    for column, words in _coded(file, name).items():
        if column in table:
            codes = table[column]
            table[column] = pd.Series(
                [words.get(_code(value), value) if pd.notna(value) else None for value in codes],
                index=codes.index,
                dtype=object,
            )
            notes.append(f"{layer}: the codes of {column} read as the words of their domain")
    return Read(table, (*found.notes, *notes), found.findings)


def _coded(file: Path, name: str) -> dict[str, dict[str, str]]:
    """Words by code of every column of a layer with a coded domain."""
    try:
        items = pyogrio.read_dataframe(file, layer=CATALOGUE, read_geometry=False, columns=["Name", "Definition"])
    except (RuntimeError, ValueError):  # older than ArcGIS 10
        return {}
    domains: dict[str, Mapping[str, str]] = {}
    fields: dict[str, str] = {}
    for title, definition in zip(items["Name"], items["Definition"], strict=True):
        tree = _tree(definition)
        if tree is None:
            continue
        if tree.tag.endswith("GPCodedValueDomain2"):
            domains[_text(tree, "DomainName")] = {
                _text(value, "Code"): _text(value, "Name") for value in tree.iter("CodedValue")
            }
        elif title == name or _text(tree, "Name") == name:
            fields = {_text(f, "Name"): _text(f, "DomainName") for f in tree.iter("GPFieldInfoEx")}
    return {column: dict(domains[domain]) for column, domain in fields.items() if domain in domains}


def _tree(definition: object) -> ET.Element | None:
    """A definition as XML; None for what is none, or declares entities (which no geodatabase does)."""
    if not isinstance(definition, str) or "<!" in definition:
        return None
    try:
        return ET.fromstring(definition.strip())  # noqa: S314 (without declarations there is nothing to expand)
    except ET.ParseError:
        return None


def _text(tree: ET.Element, tag: str) -> str:
    found = tree.find(tag)
    return (found.text or "") if found is not None else ""


def _code(value: object) -> str:
    """A code as it is written in a domain: whole numbers without decimals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
