"""A project file to start with: which layer is which, guessed from its name, and what was read as what."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gisheat.errors import InputError
from gisheat.layers import Layers, find_sources, layer_names, sources_by_words
from gisheat.places import Place, is_database


def project_text(
    name: str, sources: Mapping[str, str], layers: Layers, base: Path, reading: Mapping[str, str | None] | None = None
) -> str:
    """A project file for the layers, files relative to the folder `base`, with the options of their reading."""
    lines = [f"name = {_quoted(name)}", "", "[layers]"]
    lines += [f"{layer} = {_quoted(_relative(source, base))}" for layer, source in sources.items()]
    lines += ["", '# What was read as what; correct it here as [columns.layer] contract_name = "own name"']
    lines += [f"# {' '.join(note.split())}" for note in layers.notes]
    lines += ["", "[options]", *(f"{option} = {_quoted(value)}" for option, value in (reading or {}).items() if value)]
    lines += ['friction = "colebrook"', "snap_tolerance_m = 0.5"]
    for column, value in (("supply_temp_c", 110), ("return_temp_c", 60)):
        if not _states(layers, column):
            lines.append(f"{column} = {value} # no layer states one: correct it")
    lines += ["", "[output]", f"file = {_quoted(name + '_result.gpkg')}"]
    return "\n".join(lines) + "\n"


def _states(layers: Layers, column: str) -> bool:
    return any(
        column in layers.get(name) and bool(layers.get(name)[column].notna().any()) for name in ("stations", "sources")
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _relative(source: str, base: Path) -> str:
    if is_database(source):
        return source
    file, bar, layer = source.partition("|")
    return f"{Path(os.path.relpath(file, base)).as_posix()}{bar}{layer}"


def guess_layers(path: Place) -> dict[str, str]:
    """Layers by their name, the others by words in it."""
    try:
        found = find_sources(path, None, {})
    except InputError:
        found = {}
    if found and sources_by_words(path):
        return found
    words = {
        "pipes": ("pipe", "管", "trench", "network"),
        "stations": ("station", "站", "consumer", "substation"),
        "sources": ("source", "plant", "热源", "厂"),
        "streets": ("street", "road", "路", "街"),
        "buildings": ("building", "建筑", "楼"),
        "areas": ("forbidden", "restricted", "限制", "禁"),
        "nodes": ("node", "junction", "节点"),
    }
    for name in layer_names(path):
        if f"{path}|{name}" in found.values():
            continue
        layer = next((k for k, v in words.items() if any(w in name.lower() for w in v)), None)
        if layer is not None:
            found.setdefault(layer, f"{path}|{name}")
    if not found:
        raise InputError(f"{path}: no layer name says what it is; write a project file by hand, or rename the layers.")
    return found
