"""The operations of gisheat and their parameters, as `make plugin` wrote them. Without QGIS."""

from __future__ import annotations

import configparser
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation; kind is input, output, folder, layer, choice, number, integer, boolean or text."""

    name: str
    kind: str
    help: str
    required: bool = False
    advanced: bool = False
    default: Any = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    suffix: str = ""
    suffixes: tuple[str, ...] = ()
    """Kinds of files that it may be, the usual one first."""
    geometry: str = ""

    @property
    def option(self) -> str:
        """The parameter on the command line."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class Operation:
    """One operation of gisheat: a verb of the command line, a tool of the toolbox."""

    name: str
    verb: str
    group: str
    title: str
    help: str
    parameters: tuple[Parameter, ...]

    def layers(self) -> tuple[Parameter, ...]:
        """Layers that it reads."""
        return tuple(p for p in self.parameters if p.kind == "layer")

    def input(self) -> Parameter | None:
        """The file it reads, None where it reads none."""
        return next((p for p in self.parameters if p.kind == "input"), None)

    def result(self) -> Parameter | None:
        """The GeoPackage it writes, None where it writes none."""
        return next(
            (p for p in self.parameters if p.kind == "output" and p.name == "output" and p.suffix == ".gpkg"), None
        )


@dataclass(frozen=True)
class Definitions:
    """The operations, and what an environment for them needs."""

    version: str
    protocol: int
    python: tuple[int, int]
    dependencies: tuple[str, ...]
    optional: dict[str, tuple[str, ...]]
    layers: dict[str, dict[str, str]]
    operations: tuple[Operation, ...]


def read(path: Path = FOLDER / "operations.json") -> Definitions:
    """Read the operations.

    Raises
    ------
    OSError
        If the file is not there: the plugin was not made by `make plugin`.
    """
    said = json.loads(path.read_text("utf-8"))
    major, minor = said["python"].split(".")[:2]
    return Definitions(
        said["version"],
        said["protocol"],
        (int(major), int(minor)),
        tuple(said["dependencies"]),
        {name: tuple(wanted) for name, wanted in said["optional"].items()},
        said["layers"],
        tuple(_operation(row) for row in said["operations"]),
    )


def _operation(row: dict[str, Any]) -> Operation:
    lists = ("choices", "suffixes")
    found = [Parameter(**{**p, **{name: tuple(p.get(name, ())) for name in lists}}) for p in row["parameters"]]
    return Operation(**{**row, "parameters": tuple(found)})


def homepage(path: Path = FOLDER / "metadata.txt") -> str:
    """Where help is, as the plugin's metadata say."""
    said = configparser.ConfigParser()
    said.read(path, "utf-8")
    return said["general"]["homepage"]


def arguments(operation: Operation, values: dict[str, Any]) -> list[str]:
    """Command line of an operation: values that are not given are left to the project file and gisheat's defaults."""
    line = [operation.verb]
    for parameter in operation.parameters:
        value = values.get(parameter.name)
        if value is None or value == "" or value is False:
            continue
        if parameter.kind == "input":
            line.append(str(value))
        elif parameter.kind == "boolean":
            line.append(parameter.option)
        else:
            line += [parameter.option + "=" + (repr(value) if isinstance(value, float) else str(value))]
    return line
