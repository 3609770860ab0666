"""Maps of a network as in a heating plan: the result, the loads, what is built in which phase, the hydraulic sketch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import whole_or_nothing
from gisheat.network import Mask
from gisheat.phases import standing
from gisheat.sections import section_tree
from gisheat.stages import phase_loads, result_tables
from gisheat.state import State
from gisheat.summary import Rows, summary_rows

if TYPE_CHECKING:
    from gisheat.picture import PhaseTotal
    from gisheat.picture.sketch import Subject

MAPS = ("result", "loads", "phases", "sketch")
"""Kinds of maps."""
LAYERS = ("pipes", "stations", "sources", "nodes", "findings", "streets", "buildings")
_ALL_PHASES = "all"

_EN = {
    "loads": "Load distribution", "phases": "Network plan", "sketch": "Hydraulic sketch", "stations": "{} stations",
    "trench": "{:.1f} km of trench", "in phase": "phase {}", "outside": "{:g} °C outside", "comma": ", ",
    "pump head": "Pump head",
    "supply loss": "supply loss", "return loss": "return loss", "station": "station", "plant": "plant",
    "natural circulation": "natural circulation", "reserve": "reserve", "critical path": "Critical path",
    "one-way loss": "One-way loss", "worst station": "Worst station", "friction law": "Friction law",
    "load": "Heat load", "area": "Heated area", "index": "Load for each area", "surplus": "Least surplus head",
    "sections": "Sections",
}  # fmt: skip
_ZH = {
    "loads": "热负荷分布图", "phases": "供热管网规划图", "sketch": "水力计算简图", "stations": "{} 座热力站",
    "trench": "管沟 {:.1f} km", "in phase": "{}", "outside": "室外 {:g} °C", "comma": "，",
    "pump head": "循环泵扬程", "supply loss": "供水压降",
    "return loss": "回水压降", "station": "热力站", "plant": "热源内部", "natural circulation": "自然循环作用压头",
    "reserve": "富裕量", "critical path": "最不利环路", "one-way loss": "单程压降", "worst station": "最不利热力站",
    "friction law": "摩阻公式", "load": "热负荷", "area": "供热面积", "index": "综合热指标", "surplus": "最小富裕压头",
    "sections": "管段数",
}  # fmt: skip
_PHASES = {"existing": "现状", "near": "近期", "far": "远期"}


def write_map(state: State, target: Path, kind: str) -> tuple[Rows, tuple[Path, ...]]:
    """Write a map of a network; returns figures, and the files written.

    Parameters
    ----------
    state : State
        Solved for `result` and `sketch`, sized for `phases`, loaded for `loads`.
    target : Path
        File, `.png`, `.svg` or `.pdf`; it appears whole or not at all.
    kind : str
        One of `MAPS`.

    Raises
    ------
    InputError
        If nothing has been solved that a sketch could show, or the file can't be written.
    """
    if state.drawing is None:
        raise InputError("there are no pipes: there is no map of a network; route trenches first.")
    figures = summary_rows(state)
    try:
        with whole_or_nothing(target) as beside:
            extra = _write_sketch(state, beside, figures) if kind == "sketch" else _write(state, beside, kind, figures)
    except OSError as error:
        raise InputError(f"output {target} can't be written: {error.strerror or error}.") from error
    shown = ("phase", "stations", "pipes", "trench length", "heat load", "heated area")
    return {"map": (kind, ""), **{n: figures[n] for n in shown if n in figures}, **extra}, (target,)


def draw_result(written: Mapping[str, pd.DataFrame], picture: Path, state: State, figures: Rows) -> None:
    """Draw the map picture of a result that is being written."""
    from gisheat.picture import draw_map

    spatial: dict[str, Any] = {n: written[n] for n in LAYERS if n in written}
    draw_map(
        spatial, picture, title=state.project.name, subtitle=_subtitle(state, figures), notes=_notes(state, figures),
        language=state.options["language"],
    )  # fmt: skip


def _write(state: State, path: Path, kind: str, figures: Rows) -> Rows:
    from gisheat.picture import draw_map

    tables = result_tables(state)
    if kind == "result":
        draw_result(tables, path, state, figures)
        return {}
    words = _words(state)
    spatial: dict[str, Any] = {n: tables[n] for n in LAYERS if n in tables and n != "findings"}
    if kind == "loads":  # what comes later has no load yet
        spatial |= {n: t[_stands(t, state)].reset_index(drop=True) for n, t in spatial.items() if "phase" in t}
    named = _named_phases(tables)
    totals = _totals(state, named)
    draw_map(
        spatial, path, kind=kind, title=f"{state.project.name} · {words[kind]}", subtitle=_subtitle(state, figures),
        notes=_load_notes(state, figures) if kind == "loads" else [],
        phases=state.order, totals=totals if kind == "loads" else (), language=state.options["language"],
    )  # fmt: skip
    return {f"heat load in phase {t.phase}": (t.load / 1e6, "MW") for t in totals if t.phase != _ALL_PHASES}


def _write_sketch(state: State, path: Path, figures: Rows) -> Rows:
    from gisheat.picture.sketch import draw_sketch

    if state.results is None or state.results.back is None:
        raise InputError("a hydraulic sketch needs a solved network of supply and return.")
    words = _words(state)
    drawn, of = draw_sketch(
        _subject(state), path, title=f"{state.project.name} · {words['sketch']}", subtitle=_subtitle(state, figures),
        notes=_notes(state, figures), language=state.options["language"],
    )  # fmt: skip
    return {"sections": (of, ""), "sections drawn": (drawn, "")}


def _subject(state: State) -> Subject:
    """What the sketch shows of a solved network."""
    from gisheat.picture.sketch import StationText, Subject

    assert state.results is not None and state.results.station is not None and state.drawing is not None
    results, drawing, flow = state.results, state.drawing, state.results.station.flow
    network, stations, sources = results.network, results.network.stations, results.network.sources
    at: dict[int, list[int]] = {}
    for row in np.flatnonzero(stations.in_service).tolist():
        at.setdefault(int(stations.supply_node[row]), []).append(row)
    names = _texts(drawing.stations, "name")
    planned = _texts(drawing.stations, "status")
    worst = -1 if results.critical is None else results.critical.station
    texts = [
        StationText(names[row], str(stations.id[row]), float(flow[row]), planned[row] == "planned", row == worst)
        for row in range(len(stations))
    ]
    source_names = _texts(drawing.sources, "name")
    plants: dict[int, str] = {}
    for row in np.flatnonzero(sources.in_service).tolist():
        node, name = int(sources.supply_node[row]), source_names[row] or str(sources.id[row])
        plants[node] = f"{plants[node]}, {name}" if node in plants else name
    return Subject(section_tree(results, pipe_sizes(state)), [str(n) for n in network.nodes.id], at, texts, plants)


def pipe_sizes(state: State) -> list[str]:
    """Size of every pipe as it is written: DN300, or the bore where no nominal diameter is known."""
    assert state.drawing is not None
    pipes = state.drawing.network.pipes if state.sizing is None else state.sizing.network.pipes
    nominal = np.asarray(state.drawing.pipes.get("dn_mm", np.full(len(pipes), np.nan)), float)
    if state.sizing is not None:
        nominal = np.where(state.sizing.row >= 0, state.series.dn[state.sizing.row], nominal)
    return [f"DN{n:g}" if n > 0.0 else f"d {b * 1e3:.0f}" for n, b in zip(nominal, pipes.inner_diameter, strict=True)]


def _texts(table: pd.DataFrame, column: str) -> list[str]:
    if column not in table:
        return [""] * len(table)
    return [" ".join(str(v).split()) if isinstance(v, str) else "" for v in table[column]]


def _stands(table: pd.DataFrame, state: State) -> Mask:
    return standing(_texts(table, "phase"), state.phase, state.order)


def _named_phases(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """Phases that features name."""
    return {p for n in ("pipes", "stations", "sources") if n in tables for p in _texts(tables[n], "phase") if p}


def _totals(state: State, named: set[str]) -> list[PhaseTotal]:
    """Stations, heated area and load in each phase that features or area factors name; of all where none is named."""
    from gisheat.picture import PhaseTotal

    wanted = [p for p in state.order if p in named | set(state.project.area_factor)] if named else [""]
    found = []
    for phase in wanted:
        stations = phase_loads(state, phase).network.stations
        on = stations.in_service
        area, load = stations.heated_area[on], stations.load[on]
        known = float(np.nansum(area)) if np.isfinite(area).any() else float("nan")
        found.append(PhaseTotal(phase or _ALL_PHASES, int(on.sum()), known, float(np.nansum(load))))
    return found


def _words(state: State) -> dict[str, str]:
    return _ZH if state.options["language"] == "zh" and _shows_chinese() else _EN


def _shows_chinese() -> bool:
    from gisheat.picture.fonts import choose_typeface, installed_families

    return choose_typeface(installed_families()).has_cjk


def _subtitle(state: State, figures: Rows) -> str:
    words, phase = _words(state), str(figures["phase"][0])
    parts = [
        f"{figures['heat load'][0]:.1f} MW",
        words["stations"].format(figures["stations"][0]),
        words["trench"].format(figures["trench length"][0] / 1e3),
    ]
    if "outdoor temperature" in figures:
        parts.append(words["outside"].format(figures["outdoor temperature"][0]))
    if phase != _ALL_PHASES:
        parts.append(words["in phase"].format(_PHASES.get(phase, phase) if words is _ZH else phase))
    return words["comma"].join(parts)


def _load_notes(state: State, figures: Rows) -> list[str]:
    words = _words(state)
    area, index = figures["heated area"][0], figures["load for each area"][0]
    notes = [f"{words['load']}\t{figures['heat load'][0]:.2f} MW"]
    if area:
        notes.append(f"{words['area']}\t{area:,.0f} m²".replace(",", "\u00a0"))
        notes.append(f"{words['index']}\t{index:.2f} W/m²")
    return notes


def _notes(state: State, figures: Rows) -> list[str]:
    words = _words(state)

    def metres(word: str, key: str) -> str:
        return f"{words[word]}\t{figures[key][0]:.1f} m"

    parts = ["supply loss", "return loss", "station", "plant", "reserve"]
    if abs(figures["pump head: natural circulation"][0]) >= 0.05:
        parts.insert(3, "natural circulation")
    return [
        metres("pump head", "pump head"),
        *(f" {metres(part, f'pump head: {part}')}" for part in parts),
        metres("critical path", "critical path length"),
        f"{words['one-way loss']}\t{figures['one-way loss'][0]:.1f} kPa",
        f"{words['worst station']}\t{figures['worst station'][0]}",
        f"{words['friction law']}\t{figures['friction law'][0]}",
    ]
