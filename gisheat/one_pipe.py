"""One-pipe networks as layers: nodes with demands and fixed heads; pipes, valves and pumps that name their nodes.

Such a network comes from an EPANET file. Its connections are what `from_node` and `to_node` say and its lengths what
`length_m` says; the drawing is for the eye alone, so any CRS will do, and none as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gisheat.crs import parse_crs
from gisheat.earlier import names_of_today
from gisheat.epanet import Imported, write_inp
from gisheat.errors import InputError
from gisheat.findings import Finding
from gisheat.geopackage import run_record
from gisheat.hydraulics import conditions
from gisheat.layers import Layers, column_names, find_sources, read_layers
from gisheat.network import Network
from gisheat.places import Place, split_source
from gisheat.project import Project
from gisheat.results import Results
from gisheat.schema import GEOMETRY, ID_COLUMN
from gisheat.tables import findings_layer, one_pipe_layer

LAYERS = ("nodes", "pipes", "valves", "pumps")
WATER = ("friction", "density_kg_m3", "viscosity_pa_s", "gravity_m_s2")
"""Options that an imported file states in its run record."""
READING = ("crs", "to_crs", "encoding")
"""Options that say how layers are read."""
OPTIONS = (*WATER, "tolerance", "max_iterations", *READING, "language")
"""Options that say how a one-pipe network is solved."""
KIND = ("network", "one-pipe")
"""Row of the run record that says what the file holds."""
NO_CRS = CRS.from_wkt('LOCAL_CS["Undefined Cartesian SRS"]')
"""Plain coordinates; srs_id -1 of the GeoPackage standard."""
AT_THE_FILE = "The file carries no CRS; its coordinates were taken as plain ones. Give --crs to place it on a map."

Rows = dict[str, tuple[Any, str]]


# reading -------------------------------------------------------------------------------------------------


def is_one_pipe(path: Place, project: Project, given: Mapping[str, str]) -> bool:
    """Tell whether the layers are those of a one-pipe network: fixed heads at nodes, no station, no source."""
    sources = find_sources(path, None if project.path is None else project, given)
    if not {"nodes", "pipes"} <= set(sources) or {"stations", "sources"} & set(sources):
        return False
    return "fixed_head_m" in column_names(sources["nodes"]) and "from_node" in column_names(sources["pipes"])


def read(path: Place, project: Project, given: Mapping[str, str], options: Mapping[str, Any]) -> tuple[Layers, Project]:
    """Layers of a one-pipe network, and the project with the water that the file states."""
    sources = find_sources(path, None if project.path is None else project, given)
    used = {n: sources[n] for n in LAYERS if n in sources}
    chosen = {n: options.get(n, project.options.get(n)) for n in READING}
    mapping, said = names_of_today(used, project.columns)
    layers = read_layers(used, mapping, **chosen, measured=False)
    layers = replace(layers, notes=(*project.notes, *said, *layers.notes))
    record = run_record(split_source(sources["pipes"])[0])
    stated = {n: record[f"option {n}"] for n in WATER if record.get(KIND[0]) == KIND[1] and f"option {n}" in record}
    water = {n: value if n == "friction" else _number(n, value) for n, value in stated.items()}
    return layers, replace(project, options={**water, **project.options})


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"table run: option {name} is {text!r}; a number is needed.") from None


def network_of(layers: Layers) -> Network:
    """The network of the layers.

    Raises
    ------
    InputError
        For a missing column, an unknown node, a doubled identifier, or a number out of range.
    """
    tables = {name: layers.tables.get(name) for name in LAYERS}
    return Network.from_tables(
        tables["nodes"], tables["pipes"], valves=tables["valves"], pumps=tables["pumps"], two_pipe=False
    )


def places_of(layers: Layers) -> dict[str, list[list[tuple[float, float]] | None]]:
    """Corners of every node and pipe as drawn, None where nothing is."""
    found: dict[str, list[list[tuple[float, float]] | None]] = {}
    for name in ("nodes", "pipes"):
        lines = layers.tables[name].geometry.to_numpy()
        found[name] = [
            None if line is None else [(float(x), float(y)) for x, y in shapely.get_coordinates(line)] for line in lines
        ]
    return found


def write(
    network: Network, path: Path, options: Mapping[str, Any],
    places: Mapping[str, list[list[tuple[float, float]] | None]], *, title: str,
) -> tuple[str, ...]:  # fmt: skip
    """Write an EPANET file with the water of the options; what is otherwise there than here."""
    at = conditions(network, **{name: options[name] for name in WATER})
    return write_inp(
        network, path, friction=at.law, density_kg_m3=at.supply.density, viscosity_pa_s=at.supply.viscosity,
        gravity_m_s2=at.gravity, places=places, title=title,
    )  # fmt: skip


# writing -------------------------------------------------------------------------------------------------


def imported_tables(imported: Imported, crs: str | None) -> tuple[dict[str, pd.DataFrame], tuple[Finding, ...]]:
    """Layers of an imported file, and all findings about it."""
    reference = parse_crs(crs) if crs else NO_CRS
    findings = [*imported.findings]
    if not crs:
        findings.append(Finding("coordinates-plain", "info", "nodes", AT_THE_FILE))
    missing = sum(place is None for place in imported.places["nodes"])
    if missing:
        message = f"{missing} node(s) have no coordinates in the file; they and their pipes are not drawn."
        findings.append(Finding("coordinates-missing", "warning", "nodes", message))
    layers = {}
    for name in LAYERS:
        shapes = [_shape(name, corners) for corners in imported.places[name]]
        table = gpd.GeoDataFrame(imported.tables[name], geometry=shapes, crs=reference)
        layers[name] = one_pipe_layer(name, table)
    return {**layers, "findings": findings_layer(findings, reference)}, tuple(findings)


def _shape(layer: str, corners: list[tuple[float, float]] | None) -> Any:
    """A line of a pipe, the point of a node, the middle of a valve or pump."""
    if corners is None:
        return None
    if GEOMETRY[layer] == "line":
        return shapely.LineString(corners)
    if len(corners) == 1:
        return shapely.Point(corners[0])
    return shapely.line_interpolate_point(shapely.LineString(corners), 0.5, normalized=True)


def solved_tables(layers: Layers, results: Results, findings: list[Finding]) -> dict[str, pd.DataFrame]:
    """Layers of a solved network: as they came, with results."""
    crs = layers.crs or NO_CRS
    written: dict[str, pd.DataFrame] = {}
    lineage = []
    for name in (n for n in LAYERS if n in layers):
        table = layers.tables[name].set_crs(crs, allow_override=True)
        written[name] = one_pipe_layer(name, table, getattr(results, name, None))
        ids = table[ID_COLUMN[name]].astype(str)
        lineage += [(name, fid, name, row, "kept") for fid, row in zip(table.index, ids, strict=True)]
    written["findings"] = findings_layer(findings, crs)
    columns = ["source_layer", "source_fid", "result_layer", "result_id", "action"]
    written["lineage"] = pd.DataFrame(lineage, columns=columns)
    return written


def assess(layers: Layers, results: Results) -> list[Finding]:
    """What to remark of a solved network: nodes that no fixed head reaches, pressures below zero."""
    findings = [*layers.findings]
    ids, head, pressure = results.network.nodes.id, results.supply.head, results.supply.pressure
    dry = np.isnan(head)
    if dry.any():
        message = (
            f"{int(dry.sum())} node(s) hang together with no fixed head (first: {ids[dry][0]}); they have no head."
        )
        findings.append(Finding("island", "warning", "nodes", message))
    low = np.flatnonzero(pressure < -1.0)
    if len(low):
        least = int(np.nanargmin(pressure))
        worst = f"{ids[least]} ({pressure[least] / 1e3:.1f} kPa)"
        message = f"The pressure is below zero at {len(low)} node(s), lowest at {worst}."
        place = layers.tables["nodes"].geometry.to_numpy()[least]
        point = None if place is None else (float(place.x), float(place.y))
        findings.append(Finding("pressure-negative", "warning", "nodes", message, point=point))
    return findings


def import_notes(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What was frozen or assumed, in words: the first of each rule, and how many there are."""
    by_rule: dict[str, list[str]] = {}
    for finding in findings:
        if finding.severity == "info":
            by_rule.setdefault(finding.rule, []).append(finding.message)
    return tuple(f"{first}{f' ({1 + len(rest)} such findings)' if rest else ''}" for first, *rest in by_rule.values())


def imported_rows(imported: Imported) -> Rows:
    """Figures of an imported file."""
    counted: Rows = {name: (len(next(iter(imported.tables[name].values()))), "") for name in LAYERS}
    heads = imported.tables["nodes"]["fixed_head_m"]
    demand = sum(imported.tables["nodes"]["demand_kg_s"])
    fixed = sum(head is not None for head in heads)
    return {**counted, "fixed heads": (fixed, ""), "demand": (demand, "kg/s"), **water_rows(imported.options)}


def water_rows(options: Mapping[str, Any]) -> Rows:
    """What an imported network is solved with."""
    return {
        "friction law": (options["friction"], ""), "density": (options["density_kg_m3"], "kg/m3"),
        "viscosity": (options["viscosity_pa_s"], "Pa s"),
    }  # fmt: skip


def water_record(options: Mapping[str, Any]) -> Rows:
    """Rows of the run record that `read` takes the water from, with all digits."""
    stated = {n: options[n] for n in WATER if options.get(n) is not None}
    return {KIND[0]: (KIND[1], "")} | {
        f"option {n}": (value if isinstance(value, str) else repr(float(value)), "") for n, value in stated.items()
    }


def solved_rows(project: Project, results: Results) -> Rows:
    """Figures of a solved network."""
    network, head, balance = results.network, results.supply.head, results.check()
    fastest = np.nan_to_num(np.abs(results.supply.velocity))
    return {
        "project": (project.name, ""),
        "network": ("one-pipe", ""),
        "nodes": (len(network.nodes), ""),
        "pipes": (int(network.pipes.in_service.sum()), ""),
        "valves": (len(network.valves), ""),
        "pumps": (len(network.pumps), ""),
        "pipe length": (float(network.pipes.length[network.pipes.in_service].sum()), "m"),
        "demand": (float(network.nodes.demand[np.isnan(network.nodes.fixed_head)].sum()), "kg/s"),
        "friction law": (results.conditions.law, ""),
        "lowest head": (float(np.nanmin(head)), "m"),
        "highest head": (float(np.nanmax(head)), "m"),
        "largest velocity": (float(fastest.max(initial=0.0)), "m/s"),
        "iterations": (results.iterations, ""),
        "largest mass error": (balance.mass, "kg/s"),
        "largest head error": (balance.head, "m"),
    }
