"""What goes around a result: the names it may be written under, the run record, the map picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.catalogue import PIPE_SERIES, TRENCH_PRICES
from gisheat.equipment import EQUIPMENT_CATALOGUES
from gisheat.errors import InputError
from gisheat.geopackage import check_output, whole_or_nothing
from gisheat.layers import file_hash
from gisheat.maps import draw_result
from gisheat.places import Place, place_name, split_source
from gisheat.pressure_limits import limits_of
from gisheat.pressure_lines import PressureLines, lines_table, pressure_lines
from gisheat.pressure_ways import find_way
from gisheat.project import Project
from gisheat.schema import SCHEMA_VERSION
from gisheat.state import FILE_OPTIONS, NAMED_OPTIONS, TABLE_OPTIONS, State, open_project
from gisheat.summary import Rows
from gisheat.workbooks import write_tables

CATALOGUES: Mapping[str, tuple[str, ...]] = {
    "catalogue": PIPE_SERIES, "equipment_catalogue": EQUIPMENT_CATALOGUES, "prices": TRENCH_PRICES,
}  # fmt: skip
"""Options that name a catalogue, by its own name or as a file."""
PICTURES = (".png", ".svg", ".pdf")
"""Forms of pictures."""
TABLES = (".csv", ".xlsx")
"""Forms of tables."""
DIAGRAMS = (*PICTURES, ".dxf")
"""Forms of pressure diagrams."""
WAY_OPTIONS = {"station": "station", "pipes": "way_pipes", "nodes": "way_nodes"}
"""Options that say along which way a pressure diagram is drawn, by what they name."""
NAMES = (("stations", "station_id"), ("stations", "name"), ("sources", "source_id"), ("sources", "name"))
"""Columns whose texts pictures show."""
LEAST_CIRCULATION = 0.05
"""Head that unequal columns give [m] from which on it is told."""
_NOT_RECORDED = ("picture", "report", "products", "details", "overwrite", "threads")
"""Options that change nothing of a result, left out of its run record beside the names of files."""


def inputs_of(path: Place, project: Project, options: Mapping[str, Any]) -> list[Place]:
    """Every file that is read: the input and its layers, what options name, and the layers of a project among that."""
    named = [str(options[n]) for n in (*FILE_OPTIONS, *NAMED_OPTIONS) if options.get(n)]
    others = [open_project(Path(n)) for n in named if n.lower().endswith(".toml") and Path(n).is_file()]
    sources = [*project.layers.values(), *named, *(layer for other in others for layer in other.layers.values())]
    return [path, *(split_source(source)[0] for source in sources)]


def check_outputs(
    path: Place, project: Project, options: Mapping[str, Any], target: Place, picture: Path | None,
    page: Path | None = None,
) -> None:  # fmt: skip
    """Raise InputError when a result, picture or report can't be written under its name."""
    if isinstance(target, Path) and target.suffix.lower() != ".gpkg":
        raise InputError(f"output {target}: a name that ends in .gpkg is needed.")
    inputs = inputs_of(path, project, options)
    check_output(target, inputs, overwrite=options["overwrite"])
    if picture is not None:
        if picture.suffix.lower() not in PICTURES:
            raise InputError(f"picture {picture}: a name that ends in .png, .svg or .pdf is needed.")
        check_output(picture, [*inputs, target], overwrite=True)
    if page is not None:
        if page.suffix.lower() != ".html":
            raise InputError(f"report {page}: a name that ends in .html is needed.")
        check_output(page, [*inputs, target, *filter(None, (picture,))], overwrite=True)


def check_product(
    path: Place, project: Project, options: Mapping[str, Any], target: Path, suffixes: tuple[str, ...]
) -> None:
    """Raise InputError when a product, or the table that `data` names, can't be written under its name."""
    inputs = inputs_of(path, project, options)
    if target.suffix.lower() not in suffixes:
        raise InputError(f"output {target}: a name that ends in {_either(suffixes)} is needed.")
    check_output(target, inputs, overwrite=True)
    data = options.get("data")
    if data is not None:
        if data.suffix.lower() not in TABLES:
            raise InputError(f"data {data}: a name that ends in {_either(TABLES)} is needed.")
        if data.absolute() == target.absolute():
            raise InputError(f"data {data} is the output as well; name another file.")
        check_output(data, [*inputs, target], overwrite=True)


def check_products(
    path: Place,
    project: Project,
    options: Mapping[str, Any],
    folder: Path,
    names: Iterable[str],
    others: Iterable[Place],
) -> None:
    """Raise InputError when a folder can't hold the products, or one of them would replace an input or another output.

    A folder of a product's name is no reason: just that product is not made.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"products {folder}: there is a file of this name; name a folder.")
    inputs, taken = inputs_of(path, project, options), {other.absolute() for other in others if isinstance(other, Path)}
    for target in (folder / name for name in names):
        if target.absolute() in taken:
            raise InputError(f"products {folder}: {target.name} is named as an output as well; name another file.")
        if not target.is_dir():
            check_output(target, inputs, overwrite=True)


def _either(suffixes: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))


def write_diagram(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the pressure diagram of a solved network, and its table where one is wanted; figures, and files.

    The options `station`, `way_pipes`, `way_nodes` say along which way; the end of the name says picture or drawing.

    Raises
    ------
    InputError
        If there is no such way, or a file can't be written.
    """
    from gisheat.picture.diagram import draw_diagram
    from gisheat.picture.diagram_dxf import write_dxf

    assert state.results is not None and state.drawing is not None
    options, results = state.options, state.results
    named = {name: options.get(option) or "" for name, option in WAY_OPTIONS.items()}
    lines = pressure_lines(results, find_way(results, **named), limits_of(state.drawing, results.network, options))
    table = lines_table(results, lines)
    table.insert(list(table.columns).index("inner_diameter_mm") + 1, "size", _sizes(state, lines))
    data, language = options.get("data"), options["language"]
    write = write_dxf if target.suffix.lower() == ".dxf" else draw_diagram
    try:
        with whole_or_nothing(target) as beside:
            write(lines, table, beside, title=state.project.name, sizes=table["size"].tolist(), language=language)
            if data is not None:
                write_tables(data, {"pressure_diagram": table.round(6)}, language=language, title=state.project.name)
    except OSError as error:
        raise InputError(f"output {target} can't be written: {error.strerror or error}.") from error
    return _diagram_figures(lines, table), tuple(filter(None, (target, data)))


def _diagram_figures(lines: PressureLines, table: pd.DataFrame) -> Rows:
    """Figures of a pressure diagram that there are."""
    rows: Rows = {
        "source": (lines.source, ""), "station": (lines.station, ""), "length": (float(lines.distance[-1]), "m"),
        "pump head": (lines.pump_head, "m"), "plant": (lines.plant, "m"),
        "supply loss": (float(lines.supply[0] - lines.supply[-1]), "m"),
        "return loss": (float(lines.back[-1] - lines.back[0]), "m"),
        "available head": (lines.available, "m"), "required head": (lines.required, "m"),
        "natural circulation": (-lines.circulation, "m"), "static line": (lines.static, "m"),
        "pipes": ("; ".join(filter(None, table["pipe_id"])), ""),
        "pipes of the return alone": ("; ".join(lines.return_pipes), ""),
    }  # fmt: skip
    return {
        key: (value, unit) for key, (value, unit) in rows.items()
        if value != "" and not (isinstance(value, float) and np.isnan(value))
        and not (key == "natural circulation" and abs(value) < LEAST_CIRCULATION)
    }  # fmt: skip


def _sizes(state: State, lines: PressureLines) -> list[str]:
    """DN of the pipe that leads to each node of a way, its bore where it has none; empty without a pipe."""
    assert state.results is not None and state.drawing is not None
    drawn = state.drawing.pipes
    diameter = np.asarray(drawn.get("dn_mm", np.full(len(drawn), np.nan)), float)
    if state.sizing is not None:
        diameter = np.where(state.sizing.row >= 0, state.series.dn[state.sizing.row], diameter)
    bore = state.results.network.pipes.inner_diameter * 1e3
    named = (f"DN{diameter[p]:g}" if diameter[p] > 0.0 else f"d {bore[p]:.0f}" for p in lines.pipe)
    return ["", *(name if p >= 0 else "" for name, p in zip(named, lines.pipe, strict=True))]


def font_notes(state: State, files: Iterable[Path]) -> tuple[str, ...]:
    """What no font of this machine shows in pictures among the files, as one sentence; none where there is nothing."""
    if not any(file.suffix.lower() in PICTURES for file in files):
        return ()
    from gisheat.picture.fonts import choose_typeface, installed_families, what_is_missing

    tables = {name: state.layers.get(name) for name in ("stations", "sources")}
    named = [tables[name][column].dropna() for name, column in NAMES if column in tables[name]]
    texts = [state.project.name, *(str(text) for column in named for text in column)]
    said = what_is_missing(choose_typeface(installed_families()), texts, state.options["language"])
    return (said,) if said else ()


def run_record(
    version: str, operation: str, state: State, started: datetime, seconds: float, target: Place | None = None
) -> Rows:
    """Everything that is needed to know how a result came about, and when."""
    stamps: Rows = {"started": (started.isoformat(timespec="seconds"), ""), "duration": (seconds, "s")}
    return provenance(version, operation, state, target) | stamps


def provenance(version: str, operation: str, state: State, target: Place | None = None) -> Rows:
    """Versions, inputs, options, notes, water and convergence: the run record without its clock.

    Own catalogues are named as they lie from the result `target`, so that they are found again from there.
    """
    record: Rows = {
        "gisheat version": (version, ""),
        "schema version": (SCHEMA_VERSION, ""),
        "operation": (operation, ""),
        "project": (state.project.name, ""),
        "crs": ("" if state.layers.crs is None else state.layers.crs.to_string(), ""),
    }
    given = {name: str(state.options[name]) for name in TABLE_OPTIONS if state.options.get(name)}
    for name, source in {**state.layers.sources, **given}.items():
        record[f"input {name}"] = (place_name(source), "")
    for path in (*state.layers.files(), *(split_source(source)[0] for source in given.values())):
        if isinstance(path, Path):
            record[f"sha256 {path.name}"] = (file_hash(path), "")
    record |= {f"sha256 {place_name(source)}": (rows, "") for source, rows in state.layers.hashes.items()}
    for name, value in state.options.items():
        if value is not None and name not in (*FILE_OPTIONS, *_NOT_RECORDED):
            record[f"option {name}"] = (value, "")
        if value is not None and value not in CATALOGUES.get(name, (value,)):
            record[f"option {name}"] = (_as_seen_from(Path(value), target), "")
            record[f"sha256 {Path(value).name}"] = (file_hash(Path(value)), "")
    record |= {f"note {i}": (note, "") for i, note in enumerate(state.notes, 1)}
    record |= attribution_rows(state.raw.attributions())
    if state.results is not None:
        at = state.results.conditions
        record["water supply"] = (f"{at.supply.density:.3f} kg/m3, {at.supply.viscosity:.6e} Pa s", "")
        record["water return"] = (f"{at.back.density:.3f} kg/m3, {at.back.viscosity:.6e} Pa s", "")
        record["heat capacity"] = (at.mean.heat_capacity, "J/(kg K)")
        record["reference density"] = (at.mean.density, "kg/m3")
        for side, history in state.results.residuals.items():
            record[f"convergence {side}"] = (" ".join(f"{h:.1e}" for h in history), "")
    return record


def _as_seen_from(file: Path, target: Place | None) -> str:
    """Path of a file from the folder of a result; its name alone where there is no such folder."""
    if not isinstance(target, Path):
        return file.name
    try:
        return Path(os.path.relpath(file.absolute(), target.absolute().parent)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(file.absolute())


def recorded_file(where: Place, record: Mapping[str, str], name: str) -> str:
    """The catalogue that a result was made with: as it lies from the result, beside it, or in the working folder.

    Raises
    ------
    InputError
        If it is not there, or has changed since.
    """
    value = record[f"option {name}"]
    if value in CATALOGUES[name]:
        return value
    folders = [where.absolute().parent] if isinstance(where, Path) else []
    files = [*(folder / written for written in (value, Path(value).name) for folder in folders), Path(Path(value).name)]
    there = list(dict.fromkeys(Path(os.path.normpath(file)) for file in files if file.is_file()))
    known = record.get(f"sha256 {Path(value).name}")
    found = next((str(file) for file in there if known in (None, file_hash(file))), None)
    if found is None:
        why = f"{there[0]} has changed since" if there else "that is not there any more"
        word = name.replace("_", "-")
        raise InputError(f"{where} was made with the {word} {value!r}, and {why}: name it with --{word}.")
    return found


def attribution_rows(named: Iterable[str]) -> Rows:
    """Who must be named with a result, for its run record."""
    return {f"attribution {i}": (text, "") for i, text in enumerate(dict.fromkeys(named), 1)}


def draw(written: Mapping[str, pd.DataFrame], picture: Path, state: State, figures: Rows) -> None:
    """Draw the map picture of a result."""
    try:
        draw_result(written, picture, state, figures)
    except OSError as error:
        raise InputError(f"picture {picture} can't be written: {error.strerror or error}.") from error
