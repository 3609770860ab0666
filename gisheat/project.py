"""The project file: which layers, which columns, which options, which phases (TOML, paths relative to it)."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gisheat.errors import InputError
from gisheat.schema import INPUT_LAYERS, STATION_LIST, input_columns
from gisheat.versions import Kind, renamed, schema_of

SECTIONS = ("name", "schema", "layers", "columns", "options", "phases", "scenarios", "output")
RASTERS = ("terrain",)
TABLES = (STATION_LIST,)
"""Tables about layers, among the layers of a project file."""
USUAL_PHASES = ("existing", "near", "far")
"""Order of the phases when a project states none."""
MOST_LISTED = 40
"""Names in a sentence that lists what is known."""


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
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options of each scenario, by its name, in the order of the file."""
    output: Path | None = None
    notes: tuple[str, ...] = ()
    """What was read under another name, in words."""


def read_project(path: Path) -> Project:
    """Read a project file.

    Raises
    ------
    InputError
        If the file is missing, no TOML, says something unknown, or is of a newer version.
    """
    where = f"project file {path}"
    data, notes = _of_today(_toml(path), where)
    _known(data, SECTIONS, where)
    layers = _table(data, "layers", where)
    _known(layers, (*INPUT_LAYERS, *TABLES, *RASTERS), f"{where}, [layers]")
    columns = _table(data, "columns", where)
    _known(columns, (*INPUT_LAYERS, *TABLES), f"{where}, [columns]")
    for layer, mapping in columns.items():
        if not isinstance(mapping, dict):
            raise InputError(f"{where}, [columns.{layer}]: a table of contract name = own name is needed.")
        described = "stations" if layer == STATION_LIST else layer
        _known(mapping, tuple(input_columns(described)), f"{where}, [columns.{layer}]")
        _texts(mapping, f"{where}, [columns.{layer}]")
    phases = _table(data, "phases", where)
    _known(phases, ("order", "area_factor"), f"{where}, [phases]")
    output = _table(data, "output", where)
    _known(output, ("file",), f"{where}, [output]")
    _texts(layers, f"{where}, [layers]")
    _texts(output, f"{where}, [output]")
    base, order = path.resolve().parent, _order(phases.get("order", []), where)
    return Project(
        name=str(data.get("name", path.parent.resolve().name)),
        path=path,
        layers={name: resolve(source, base) for name, source in layers.items()},
        columns=columns,
        options=_table(data, "options", where),
        phases=order,
        scenarios=_scenarios(data, where),
        area_factor=_factors(phases.get("area_factor", {}), order, where),
        output=base / output["file"] if "file" in output else None,
        notes=notes,
    )


def _of_today(data: Mapping[str, Any], where: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Content of a project file with names of earlier versions replaced, and notes on them."""
    schema = schema_of(data.get("schema"), where)
    notes: list[str] = []

    def today(kind: Kind, table: Any, layer: str = "") -> Any:
        if not isinstance(table, dict):
            return table  # which is said where it is read
        found, said = renamed(kind, table, schema, layer=layer)
        notes.extend(f"{where}: {text}" for text in said)
        return found

    found = dict(data)
    sections: dict[str, Kind] = {"layers": "layer", "options": "option", "columns": "layer"}
    found |= {section: today(kind, data[section]) for section, kind in sections.items() if section in data}
    if isinstance(found.get("columns"), dict):
        found["columns"] = {layer: today("column", names, layer) for layer, names in found["columns"].items()}
    if isinstance(found.get("scenarios"), dict):
        found["scenarios"] = {name: today("option", options) for name, options in found["scenarios"].items()}
    return found, tuple(notes)


def _toml(path: Path) -> dict[str, Any]:
    """Content of a project file; a byte order mark, as editors on Windows write it, does no harm."""
    where = f"project file {path}"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{where}: there is no such file.") from error
    except IsADirectoryError as error:
        raise InputError(f"{where} is a folder; name a file.") from error
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is not valid TOML: {error}.") from error


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


def _texts(table: Mapping[str, Any], where: str) -> None:
    for name, value in table.items():
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise InputError(f"{where}: {name} is {value!r}; text is needed.")


def _scenarios(data: Mapping[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Tables [scenarios.NAME]; what stands in them is checked where it is used."""
    scenarios = _table(data, "scenarios", where)
    for name, options in scenarios.items():
        if not isinstance(options, dict):
            raise InputError(f"{where}, [scenarios]: {name} must be a table, [scenarios.{name}], with options.")
    return scenarios


def _order(names: Any, where: str) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        raise InputError(f'{where}, [phases]: order must be a list of names, as in order = ["existing", "near"].')
    if len(set(names)) < len(names):
        raise InputError(f"{where}, [phases]: order names a phase twice.")
    return tuple(names)


def _factors(table: Any, order: tuple[str, ...], where: str) -> dict[str, float]:
    if not isinstance(table, dict) or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and 0.0 < v < 1e3 for v in table.values()
    ):
        raise InputError(f"{where}, [phases.area_factor]: positive numbers by phase are needed.")
    _known(table, order or USUAL_PHASES, f"{where}, [phases.area_factor]")
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
    small = {k.lower(): k for k in reversed(known)}
    near = difflib.get_close_matches(name.lower(), small, n=1, cutoff=0.7)
    if near:
        return f"; did you mean {small[near[0]]!r}"
    listed = ", ".join(known[:MOST_LISTED])
    return f" (known: {listed}{' ...' if len(known) > MOST_LISTED else ''})"
