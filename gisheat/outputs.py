"""What goes around a result: the names it may be written under, the run record, the map picture."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import check_output, whole_or_nothing
from gisheat.layers import file_hash
from gisheat.pressure_lines import lines_table, pressure_lines
from gisheat.project import Project
from gisheat.schema import SCHEMA_VERSION
from gisheat.state import FILE_OPTIONS, TABLE_OPTIONS, State
from gisheat.summary import Rows

PICTURES = (".png", ".svg", ".pdf")
"""Forms of pictures."""
TABLES = (".csv",)
"""Forms of tables."""


def _inputs(path: Path, project: Project, options: Mapping[str, Any]) -> list[Path]:
    """Every file that is read."""
    sources = [*project.layers.values(), *(str(options[n]) for n in FILE_OPTIONS if options.get(n))]
    return [path, *(Path(source.partition("|")[0]) for source in sources)]


def check_outputs(path: Path, project: Project, options: Mapping[str, Any], target: Path, picture: Path | None) -> None:
    """Raise InputError when a result or picture can't be written under its name."""
    if target.suffix.lower() != ".gpkg":
        raise InputError(f"output {target}: a name that ends in .gpkg is needed.")
    inputs = _inputs(path, project, options)
    check_output(target, inputs, overwrite=options["overwrite"])
    if picture is not None:
        if picture.suffix.lower() not in PICTURES:
            raise InputError(f"picture {picture}: a name that ends in .png, .svg or .pdf is needed.")
        check_output(picture, [*inputs, target], overwrite=True)


def check_product(
    path: Path, project: Project, options: Mapping[str, Any], target: Path, suffixes: tuple[str, ...]
) -> None:
    """Raise InputError when a product, or the table that `data` names, can't be written under its name."""
    inputs = _inputs(path, project, options)
    if target.suffix.lower() not in suffixes:
        raise InputError(f"output {target}: a name that ends in {_either(suffixes)} is needed.")
    check_output(target, inputs, overwrite=True)
    data = options.get("data")
    if data is not None:
        if data.suffix.lower() not in TABLES:
            raise InputError(f"data {data}: a name that ends in {_either(TABLES)} is needed.")
        check_output(data, [*inputs, target], overwrite=True)


def _either(suffixes: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))


def write_diagram(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the pressure diagram of a solved network, and its table where one is wanted; figures, and files."""
    from gisheat.picture.diagram import draw_diagram

    assert state.results is not None and state.drawing is not None
    options = state.options
    lines = pressure_lines(
        state.results, options["station"] or "", boiling_margin=options["boiling_margin_kpa"] * 1e3,
        least_return=options["least_return_kpa"] * 1e3, pressure_class=options["pressure_class_kpa"] * 1e3,
    )  # fmt: skip
    table = lines_table(state.results, lines)
    diameters = np.asarray(state.drawing.pipes.get("dn_mm", np.full(len(state.drawing.pipes), np.nan)), float)
    if state.sizing is not None:
        diameters = np.where(state.sizing.row >= 0, state.series.dn[state.sizing.row], diameters)
    sizes = ["", *(_size(diameters[pipe], state, pipe) if pipe >= 0 else "" for pipe in lines.pipe.tolist())]
    try:
        with contextlib.ExitStack() as whole:
            data = options["data"]
            if data is not None:
                table.round(6).to_csv(whole.enter_context(whole_or_nothing(data)), index=False)
            beside = whole.enter_context(whole_or_nothing(target))
            draw_diagram(lines, table, beside, title=state.project.name, sizes=sizes, language=options["language"])
    except OSError as error:
        raise InputError(f"output {target} can't be written: {error.strerror or error}.") from error
    figures: Rows = {
        "source": (lines.source, ""), "station": (lines.station, ""), "length": (float(lines.distance[-1]), "m"),
        "pump head": (lines.pump_head, "m"), "plant": (lines.plant, "m"),
        "supply loss": (float(lines.supply[0] - lines.supply[-1]), "m"),
        "return loss": (float(lines.back[-1] - lines.back[0]), "m"),
        "available head": (float(lines.supply[-1] - lines.back[-1]), "m"), "required head": (lines.required, "m"),
        "static line": (lines.static, "m"), "pipes": ("; ".join(filter(None, table["pipe_id"])), ""),
    }  # fmt: skip
    return figures, tuple(filter(None, (target, options["data"])))


def _size(diameter: float, state: State, pipe: int) -> str:
    assert state.results is not None
    bore = state.results.network.pipes.inner_diameter[pipe] * 1e3
    return f"DN{diameter:g}" if diameter > 0.0 else f"d {bore:.0f}"


def run_record(version: str, operation: str, state: State, started: datetime, seconds: float) -> Rows:
    """Everything that is needed to know how a result came about."""
    record: Rows = {
        "gisheat version": (version, ""),
        "schema version": (SCHEMA_VERSION, ""),
        "operation": (operation, ""),
        "project": (state.project.name, ""),
        "crs": ("" if state.layers.crs is None else state.layers.crs.to_string(), ""),
    }
    given = {name: str(state.options[name]) for name in TABLE_OPTIONS if state.options.get(name)}
    for name, source in {**state.layers.sources, **given}.items():
        file, bar, layer = source.partition("|")
        record[f"input {name}"] = (f"{Path(file).name}{bar}{layer}", "")
    for path in (*state.layers.files(), *(Path(source.partition("|")[0]) for source in given.values())):
        record[f"sha256 {path.name}"] = (file_hash(path), "")
    for name, value in state.options.items():
        if value is not None and name not in (*FILE_OPTIONS, "picture", "products", "details", "overwrite", "threads"):
            record[f"option {name}"] = (value, "")
    record |= {f"note {i}": (note, "") for i, note in enumerate(state.notes, 1)}
    if state.results is not None:
        at = state.results.conditions
        record["water supply"] = (f"{at.supply.density:.3f} kg/m3, {at.supply.viscosity:.6e} Pa s", "")
        record["water return"] = (f"{at.back.density:.3f} kg/m3, {at.back.viscosity:.6e} Pa s", "")
        record["heat capacity"] = (at.mean.heat_capacity, "J/(kg K)")
        record["reference density"] = (at.mean.density, "kg/m3")
        for side, history in state.results.residuals.items():
            record[f"convergence {side}"] = (" ".join(f"{h:.1e}" for h in history), "")
    record["started"] = (started.isoformat(timespec="seconds"), "")
    record["duration"] = (seconds, "s")
    return record


def draw(written: Mapping[str, pd.DataFrame], picture: Path, state: State, figures: Rows) -> None:
    """Draw the map picture of a result."""
    from gisheat.picture import draw_map

    names = ("pipes", "stations", "sources", "nodes", "findings", "streets")
    spatial = {n: written[n] for n in names if n in written}
    try:
        draw_map(
            spatial, picture, title=state.project.name, subtitle=_subtitle(figures), notes=_map_notes(figures),
            language=state.options["language"],
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"picture {picture} can't be written: {error.strerror or error}.") from error


def _subtitle(figures: Rows) -> str:
    parts = [
        f"{figures['heat load'][0]:.1f} MW",
        f"{figures['stations'][0]} stations",
        f"{figures['trench length'][0] / 1e3:.1f} km of trench",
    ]
    phase = figures["phase"][0]
    return ", ".join([*parts, *([f"phase {phase}"] if phase != "all" else [])])


def _map_notes(figures: Rows) -> list[str]:
    def metres(key: str) -> str:
        return f"{figures[key][0]:.1f} m"

    circulation = figures["pump head: natural circulation"][0]
    return [
        f"Pump head\t{metres('pump head')}",
        f" supply loss\t{metres('pump head: supply loss')}",
        f" return loss\t{metres('pump head: return loss')}",
        f" station\t{metres('pump head: station')}",
        *([f" natural circulation\t{circulation:.1f} m"] if abs(circulation) >= 0.05 else []),
        f" plant\t{metres('pump head: plant')}",
        f" reserve\t{metres('pump head: reserve')}",
        f"Critical path\t{figures['critical path length'][0]:.1f} m",
        f"One-way loss\t{figures['one-way loss'][0]:.1f} kPa",
        f"Worst station\t{figures['worst station'][0]}",
        f"Friction law\t{figures['friction law'][0]}",
    ]
