"""Builds the QGIS plugin: `make plugin` leaves dist/gisheat_qgis-VERSION.zip. Runs in .venv.

The zip holds the plugin's own code, the operations as data (operations.json), the compiled translations, and gisheat as
plain source in `core`, so that an environment can be made of it anywhere. The same sources give the same bytes.
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gisheat
from gisheat.json_lines import PROTOCOL
from gisheat.operations import OPERATIONS
from gisheat.quantities import Argument
from gisheat.schema import GEOMETRY, LAYER_LABEL
from gisheat.signature import Parameter, parameters

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "qgis_plugin" / "gisheat_qgis"
EXTRAS = ("terrain", "epanet", "parquet")
"""Optional dependencies that an environment for QGIS gets as well, where they can be had."""
EPOCH = (2020, 1, 1, 0, 0, 0)

GROUPS = {
    "1 Prepare": ("new", "template", "import_osm", "import_inp"),
    "2 Network": ("check", "topology", "route", "loads"),
    "3 Design": ("size", "solve", "run"),
    "4 Operation": ("balance", "sweep", "explain"),
    "5 Hand on": (
        "table",
        "check_table",
        "profile",
        "regulate",
        "duration",
        "equip",
        "draw",
        "cost",
        "report",
        "export",
        "export_inp",
    ),
    "6 As-built map": ("compare", "merge", "undo", "write_back"),
}
"""Groups in the toolbox, in the order of the work; QGIS sorts them by name."""


def operations() -> dict[str, Any]:
    """Everything the plugin knows about gisheat, as data."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = said["optional-dependencies"]
    return {
        "version": gisheat.__version__,
        "protocol": PROTOCOL,
        "python": said["requires-python"].removeprefix(">="),
        "dependencies": said["dependencies"],
        "optional": {name: optional[name] for name in EXTRAS},
        "layers": LAYER_LABEL,
        "operations": [_operation(operation) for operation in OPERATIONS],
    }


def _operation(operation: Callable[..., Any]) -> dict[str, Any]:
    title, _, rest = (inspect.getdoc(operation) or "").partition("\n\n")
    name = operation.__name__
    return {
        "name": name.replace("_", ""),
        "verb": name.replace("_", "-"),
        "group": next(group for group, names in GROUPS.items() if name in names),
        "title": " ".join(title.split()).rstrip("."),
        "help": " ".join(rest.split()),
        "parameters": [_parameter(p) for p in parameters(operation)],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    argument = parameter.argument
    fields: dict[str, Any] = {
        "name": parameter.name,
        "kind": _kind(parameter),
        "help": argument.help.split(", FILE or FILE|layername")[0].split(", FILE.")[0],
        "required": parameter.required,
        "advanced": argument.advanced,
        "default": argument.default,
        "unit": parameter.unit,
        "minimum": argument.minimum,
        "maximum": argument.maximum,
        "choices": list(parameter.choices),
        "suffix": argument.suffix if argument.dataset in ("input", "output", "file") else "",
        "suffixes": _suffixes(argument) if argument.dataset in ("input", "output", "file") else [],
    }
    if fields["kind"] == "layer":
        fields["geometry"] = "raster" if argument.suffix == ".tif" else GEOMETRY.get(parameter.name, "none")
    return {
        name: value
        for name, value in fields.items()
        if value is not None and value is not False and value not in ("", [])
    }


def _suffixes(argument: Argument) -> list[str]:
    """Kinds of files that a file may have: the one of the parameter first, then those that its help names as *.png."""
    return list(dict.fromkeys(filter(None, [argument.suffix, *re.findall(r"\*(\.[a-z]+)", argument.help)])))


def _kind(parameter: Parameter) -> str:
    dataset = parameter.argument.dataset
    if dataset:
        return "folder" if dataset == "output" and not parameter.argument.suffix else dataset
    if parameter.choices:
        return "choice"
    return {float: "number", int: "integer", bool: "boolean"}.get(parameter.type, "text")


def content() -> Iterator[tuple[str, bytes]]:
    """Name in the plugin's folder, and bytes, of every file of the plugin."""
    for path in sorted(PLUGIN.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".qm", ".pyc"):
            yield path.relative_to(PLUGIN).as_posix(), path.read_bytes()
    for path in sorted((ROOT / "gisheat").rglob("*")):
        if path.is_file() and path.suffix in (".py", ".csv", ".typed"):
            yield f"core/{path.relative_to(ROOT).as_posix()}", path.read_bytes()
    yield "operations.json", (json.dumps(operations(), ensure_ascii=False, indent=1) + "\n").encode()
    said = operations()
    needed = [*said["dependencies"], *(line for lines in said["optional"].values() for line in lines)]
    yield "requirements.txt", "".join(f"{line}\n" for line in needed).encode()
    yield "core/LICENSE", (ROOT / "LICENSE").read_bytes()  # that of the plugin is its own
    yield from translations()


def translations() -> Iterator[tuple[str, bytes]]:
    """The compiled translations."""
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted((PLUGIN / "i18n").glob("*.ts")):
            compiled = Path(folder) / source.with_suffix(".qm").name
            subprocess.run([lrelease(), "-silent", str(source), "-qm", str(compiled)], check=True)
            yield f"i18n/{compiled.name}", compiled.read_bytes()


def lrelease() -> str:
    """Qt's compiler of translations; tools/qgis.sh brings it."""
    for name in ("lrelease", "lrelease-qt5", "/usr/lib/qt5/bin/lrelease", "lrelease6", "/usr/lib/qt6/bin/lrelease"):
        found = shutil.which(name)
        if found:
            return found
    sys.exit("tools/make_plugin.py: Qt's lrelease is needed: install Debian's qttools5-dev-tools.")


def build(target: Path) -> Path:
    """Write the zip; the same sources give the same bytes."""
    files = dict(content())
    files["metadata.txt"] = re.sub(
        rb"(?m)^version=.*$", f"version={gisheat.__version__}".encode(), files["metadata.txt"]
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content_ in sorted(files.items()):
            entry = zipfile.ZipInfo(f"gisheat_qgis/{name}", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content_)
    return target


if __name__ == "__main__":
    made = build(ROOT / "dist" / f"gisheat_qgis-{gisheat.__version__}.zip")
    print(f"{made.relative_to(ROOT)} ({made.stat().st_size / 1e6:.2f} MB)")
