"""The project file: which layers, which columns, which options, which phases (TOML, paths relative to it)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gisheat.errors import InputError
from gisheat.schema import INPUT_LAYERS, input_columns

SECTIONS = ("name", "layers", "columns", "options", "phases", "output")
RASTERS = ("terrain",)
MOST_LISTED = 40


@dataclass(frozen=True, slots=True)
class Project:
    """What a project file says; `layers` are FILE or FILE|layername with absolute files."""

    name: str
    path: Path | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    phases: tuple[str, ...] = ()
    area_factor: Mapping[str, float] = field(default_factory=dict)
    """Factor of the heated areas in a phase, 1 where not given."""
    output: Path | None = None


def read_project(path: Path) -> Project:
    """Read a project file.

    Raises
    ------
    InputError
        If the file is missing, no TOML, or says something unknown.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise InputError(f"project file {path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"project file {path} is not valid TOML: {error}.") from error
    where = f"project file {path}"
    _known(data, SECTIONS, where)
    layers = _table(data, "layers", where)
    _known(layers, (*INPUT_LAYERS, *RASTERS), f"{where}, [layers]")
    columns = _table(data, "columns", where)
    _known(columns, INPUT_LAYERS, f"{where}, [columns]")
    for layer, mapping in columns.items():
        if not isinstance(mapping, dict):
            raise InputError(f"{where}, [columns.{layer}]: a table of contract name = own name is needed.")
        _known(mapping, tuple(input_columns(layer)), f"{where}, [columns.{layer}]")
    phases = _table(data, "phases", where)
    _known(phases, ("order", "area_factor"), f"{where}, [phases]")
    output = _table(data, "output", where)
    _known(output, ("file",), f"{where}, [output]")
    base = path.resolve().parent
    return Project(
        name=str(data.get("name", path.parent.resolve().name)),
        path=path,
        layers={name: resolve(str(source), base) for name, source in layers.items()},
        columns={layer: {k: str(v) for k, v in mapping.items()} for layer, mapping in columns.items()},
        options=_table(data, "options", where),
        phases=tuple(str(p) for p in phases.get("order", ())),
        area_factor=_factors(phases.get("area_factor", {}), where),
        output=base / str(output["file"]) if "file" in output else None,
    )


def resolve(source: str, base: Path) -> str:
    """A layer source with its file made absolute; database addresses stay as they are.

    >>> resolve("mulan.gpkg|pipes", Path("/data")).replace(chr(92), "/")
    '/data/mulan.gpkg|pipes'
    """
    if "://" in source:
        return source
    file, bar, layer = source.partition("|")
    return f"{base / file}{bar}{layer}"


def _table(data: Mapping[str, Any], section: str, where: str) -> dict[str, Any]:
    table = data.get(section, {})
    if not isinstance(table, dict):
        raise InputError(f"{where}: [{section}] must be a table.")
    return table


def _factors(table: Any, where: str) -> dict[str, float]:
    if not isinstance(table, dict) or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and 0.0 < v < 1e3 for v in table.values()
    ):
        raise InputError(f"{where}, [phases.area_factor]: positive numbers by phase are needed.")
    return {str(k): float(v) for k, v in table.items()}


def _known(names: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"{where}: {name!r} is unknown{did_you_mean(name, known)}.")


def did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """A question for a near miss, else the list of what is known.

    >>> did_you_mean("frction", ("friction", "phase"))
    "; did you mean 'friction'"
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    if near:
        return f"; did you mean {near[0]!r}"
    listed = ", ".join(known[:MOST_LISTED])
    return f" (known: {listed}{' ...' if len(known) > MOST_LISTED else ''})"
