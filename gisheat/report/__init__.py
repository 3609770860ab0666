"""The report: one HTML file with verdict, map, figures, tables, findings and inputs that works offline."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from gisheat import outputs, stages
from gisheat.errors import GisheatError, InputError
from gisheat.findings import explained
from gisheat.geopackage import whole_or_nothing
from gisheat.option_sets import ProfileOptions
from gisheat.report.content import WORST_COLUMNS, Table, quantities, table_of
from gisheat.report.map_data import map_data
from gisheat.report.page import picture_source, render
from gisheat.report.verdict import Remark, judge, key_figures
from gisheat.report.words import FIGURES, WORDS, Phrases
from gisheat.schema import Language, unit_text
from gisheat.signature import defaults
from gisheat.summary import Rows, summary_rows
from gisheat.tables import findings_layer, key_values

if TYPE_CHECKING:
    from gisheat.report.map_data import MapData
    from gisheat.state import State

__all__ = ["Figure", "figures_of", "write_report"]

LISTED = ("stations", "critical_path", "pipes", "sources", "valves", "pumps", "comparison")
"""Layers and tables that the report lists, in this order."""
DIAGRAM = "pressure-diagram"
"""Product that every report has of itself."""
_FIGURE_DECIMALS = {"MW": 1, "m2": 0, "m": 1, "km": 2, "t/h": 0, "kW": 0, "": 0}


class Figure(NamedTuple):
    """A picture of the report: what it shows, its file (SVG or PNG), or why there is none."""

    title: str
    path: Path | None
    missing: str = ""


def figures_of(files: Sequence[Path], language: Language) -> list[Figure]:
    """Figures of products that were made: their pictures, SVG where there is one, else PNG.

    Without the pressure diagram, which is there anyway.
    """
    named = FIGURES[language]
    drawn = {path.stem for path in files if path.suffix == ".svg"}
    wanted = [p for p in files if p.suffix == ".svg" or (p.suffix == ".png" and p.stem not in drawn)]
    pictures = [path for path in wanted if path.stem != DIAGRAM]
    return [Figure(named.get(path.stem, path.stem.replace("-", " ").capitalize()), path) for path in pictures]


def write_report(
    state: State, target: Path, figures: Sequence[Figure] = (), *, more: Sequence[tuple[str, str, pd.DataFrame]] = (),
    operation: str = "report", version: str = "",
) -> tuple[Rows, tuple[Path, ...]]:  # fmt: skip
    """Write the report of a network; what a state lacks is left out.

    Parameters
    ----------
    state : State
        As far as the stages have come: without a solution the report is on the findings.
    target : Path
        HTML file to write; appears whole or not at all.
    figures : sequence of Figure
        Pictures that stand after the pressure diagram.
    more : sequence
        Further tables as title, layer whose columns they have, and table.
    operation : str
        Verb that is named in the method notes.
    version : str
        Of gisheat.

    Returns
    -------
    tuple
        Figures of the report, and the files written.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    phrases = Phrases(state.options["language"])
    layers = _layers(state)
    verdict = judge(state, layers, phrases)
    worst = verdict.worst["station_id"].astype(str).tolist() if len(verdict.worst) else []
    mapped = map_data(layers, worst, phrases)
    rows = summary_rows(state)
    listed = _tables(layers, more, phrases)
    with tempfile.TemporaryDirectory() as folder:
        drawn = [*_diagram(state, Path(folder), phrases), *figures]
        pictures = [(f.title, "" if f.path is None else picture_source(f.path), f.missing) for f in drawn]
    content = {
        "language": phrases.language, "word": phrases, "title": state.project.name, "phase": state.phase,
        "verdict": verdict, "limits": _placed(verdict.limits, mapped), "actions": _placed(verdict.actions, mapped),
        "worst": table_of("stations", verdict.worst, phrases, WORST_COLUMNS) if worst else None,
        "key_figures": [(phrases(k), _figure(v, unit), _unit(unit)) for k, v, unit in key_figures(rows)],
        "mapped": mapped, "pictures": pictures, "tables": listed, "findings": len(state.findings),
        "summary": key_values(rows).to_dict("records"), "notes": state.notes, "version": version,
        "attributions": state.raw.attributions(),
        **_record(state, operation, version),
    }  # fmt: skip
    data = _data(listed, mapped, phrases)
    page = render(content, data)
    try:
        with whole_or_nothing(target) as beside:
            beside.write_bytes(page)
    except OSError as error:
        raise InputError(f"report {target} can't be written: {error.strerror or error}.") from error
    found: Rows = {"verdict": (verdict.headline, ""), "report size": (len(page) / 1e6, "MB")}
    return found, (target,)


def _layers(state: State) -> dict[str, Any]:
    """Result layers; layers as they are drawn where nothing has been made of them yet."""
    if state.drawing is not None or state.repaired is not None:
        return stages.result_tables(state)
    drawn = {name: table for name, table in state.layers.tables.items() if "geometry" in table and len(table)}
    return {**drawn, "findings": findings_layer(state.findings, state.layers.crs)}


def _tables(layers: Mapping[str, Any], more: Sequence[tuple[str, str, pd.DataFrame]], phrases: Phrases) -> list[Table]:
    """Tables of the page, those without rows left out; findings have a section of their own."""
    made = [table_of(name, layers[name], phrases) for name in LISTED if name in layers and len(layers[name])]
    if "pipes" in layers and (counted := quantities(layers["pipes"], phrases)) is not None:
        made.append(counted)
    made += [table_of(layer, table, phrases, title=title) for title, layer, table in more if len(table)]
    return [*made, table_of("findings", explained(layers["findings"], phrases.language), phrases)]


def _data(listed: Sequence[Table], mapped: MapData | None, phrases: Phrases) -> dict[str, Any]:
    """What the script of the page reads."""
    names = ("nothing_picked", "filter", "rows", "more_rows", "printed_rows", "yes", "no", "no_value", "show")
    return {
        "language": phrases.language, "words": {name: WORDS[phrases.language][name] for name in names},
        "tables": {table.name: table.plain() for table in listed}, "map": None if mapped is None else mapped.plain,
    }  # fmt: skip


def _placed(remarks: Sequence[Remark], mapped: MapData | None) -> list[tuple[str, str, str, str]]:
    """Text of each remark with the layer and feature, or the place, that the map goes to; empty without one."""
    placed = []
    for remark in remarks:
        place = ""
        if mapped is not None and remark.point is not None:
            place = ",".join(str(v) for v in mapped.frame.units(np.array(remark.point)).tolist())
        feature = remark.feature if mapped is not None else ""
        placed.append((remark.text, remark.layer if feature or place else "", feature, place))
    return placed


def _diagram(state: State, folder: Path, phrases: Phrases) -> list[Figure]:
    """The pressure diagram of the critical path, drawn with what `profile` takes by default."""
    if state.results is None or state.results.critical is None:
        return []
    path = folder / "diagram.svg"
    options = {**defaults(ProfileOptions), **state.options, "station": None, "data": None}
    try:
        outputs.write_diagram(replace(state, options=options), path)
    except GisheatError as error:
        return [Figure(phrases("diagram"), None, phrases("figure_missing", why=str(error)))]
    return [Figure(phrases("diagram"), path)]


def _record(state: State, operation: str, version: str) -> dict[str, Any]:
    """Input files with their hashes, options, and the rest of how the result came about; no clock."""
    record = outputs.provenance(version, operation, state)
    inputs = [(k.removeprefix("input "), v) for k, (v, _) in record.items() if k.startswith("input ")]
    hashes = [(k.removeprefix("sha256 "), v) for k, (v, _) in record.items() if k.startswith("sha256 ")]
    options = [
        (name, str(v), unit_text(name) if isinstance(v, int | float) and not isinstance(v, bool) else "")
        for k, (v, _) in record.items() if (name := k.removeprefix("option ")) != k
    ]  # fmt: skip
    groups = ("input ", "sha256 ", "option ", "note ")
    rows = key_values(record, "run").to_dict("records")
    method = [row for row in rows if row["value"] and not row["key"].startswith(groups)]
    return {"inputs": inputs, "hashes": hashes, "options": options, "method": method}


def _figure(value: float, unit: str) -> str:
    """A figure at the top, digits in groups of three."""
    return f"{value:,.{_FIGURE_DECIMALS.get(unit, 2)}f}".replace(",", "\u202f")


def _unit(unit: str) -> str:
    return unit.replace("m2", "m²").replace("m3", "m³")
