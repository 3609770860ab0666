"""Curves of regulation of a project: table, workbook and chart."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.geopackage import whole_or_nothing
from gisheat.network import Array
from gisheat.operating_point import StationKinds, outdoor_temperatures_of, station_curves, station_kinds
from gisheat.regulation import CONNECTIONS, Curves
from gisheat.schema import Language, from_si
from gisheat.state import State
from gisheat.summary import Rows
from gisheat.workbooks import SUFFIXES, write_tables

if TYPE_CHECKING:
    from gisheat.picture.chart import Line

ALL = "all"
"""Kind of the rows that hold the network as a whole."""
_CHART_STEP = 0.05
"""Between points of the lines of the chart [K]."""
_PAIRS = (("#e66101", "#128277"), ("#7648b0", "#b59a73"), ("#1b9e4b", "#23262b"))
"""Colours of secondary supply and return, by kind."""

_EN = {
    "radiators": "radiators {:g}/{:g} °C", "floor": "floor heating {:g}/{:g} °C",
    "direct": "direct", "mixing": "mixing", "primary_pair": "primary {:g}/{:g} °C",
    "title": "Temperature regulation", "outdoor": "Outdoor temperature [°C]", "temperature": "Temperature [°C]",
    "flow": "Relative flow", "primary_supply": "primary supply", "primary_return": "primary return",
    "secondary_supply": "supply", "secondary_return": "return", "primary": "primary", "secondary": "secondary",
    "quality": "quality regulation: constant flow", "quantity": "quantity regulation: constant supply temperature",
    "stepped": "quality regulation with flow in steps ({})", "combined": "combined regulation: flow = load{}",
    "secondary_kind": "secondary {}", "indoor": "indoor temperature {:g} °C", "design": "design {:g} °C outside",
    "least": "least supply {:g} °C",
    "indoor_note": "Relative load q = (tn - tw)/(tn - tw') with tn = {:g} °C; load statistics may use another tn.",
    "users_note": "Rooms: t = tn + dtm q^(1/(1+b)) ± dt q/2G; b = {}.",
    "exchanger_note": "Exchangers: q = sqrt(G1 G2) dtm/dtm', logarithmic mean of the differences at both ends.",
    "and": "; ",
    "common_note": "The kind that needs the highest supply decides it; the others throttle their flow.",
}  # fmt: skip
_ZH = {
    "radiators": "散热器 {:g}/{:g} °C", "floor": "地面辐射 {:g}/{:g} °C",
    "direct": "直接连接", "mixing": "混水连接", "primary_pair": "一次 {:g}/{:g} °C",
    "title": "供热调节曲线", "outdoor": "室外温度 [°C]", "temperature": "水温 [°C]",
    "flow": "相对流量", "primary_supply": "一次供水", "primary_return": "一次回水",
    "secondary_supply": "供水", "secondary_return": "回水", "primary": "一次网", "secondary": "二次网",
    "quality": "质调节：流量不变", "quantity": "量调节：供水温度不变",
    "stepped": "分阶段改变流量的质调节（{}）", "combined": "质—量综合调节：相对流量 = 相对热负荷{}",
    "secondary_kind": "二次网{}", "indoor": "室内温度 {:g} °C", "design": "室外计算温度 {:g} °C",
    "least": "最低供水温度 {:g} °C",
    "indoor_note": "相对热负荷 q = (tn - tw)/(tn - tw')，tn = {:g} °C；负荷统计可能采用另一室内温度。",
    "users_note": "用户：t = tn + dtm q^(1/(1+b)) ± dt q/2G；b = {}。",
    "exchanger_note": "换热器：q = sqrt(G1 G2) dtm/dtm'，对数平均温差。",
    "and": "；",
    "common_note": "供水温度由要求最高的用户类别决定，其余类别减小流量。",
}  # fmt: skip
WORDS = MappingProxyType({"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)})


def outdoor_temperatures(options: Any) -> Array:
    """Outdoor temperatures of the table [degC]: those of the option, else the design and whole degrees up to the start.

    Raises
    ------
    InputError
        If none is known.
    """
    listed = outdoor_temperatures_of("outdoor_temps_c", options["outdoor_temps_c"])
    if listed:
        return np.array(listed)
    design, start = options["design_outdoor_temp_c"], options["heating_start_temp_c"]
    if design is None:
        raise InputError("the design outdoor temperature is not known: give it with --design-outdoor-temp-c.")
    if design >= start:
        raise InputError(f"design_outdoor_temp_c ({design:g}) must be below heating_start_temp_c ({start:g}).")
    return np.unique([design, *np.arange(np.ceil(design), np.floor(start) + 0.5), start])


def kind_names(found: StationKinds, language: Language) -> list[str]:
    """Names of the kinds of stations: emitter, secondary design temperatures, and what else tells them apart."""
    words, kinds = WORDS[language], found.kinds
    pairs = np.column_stack([kinds.supply, kinds.back])
    names = []
    for i, emitter in enumerate(found.emitter):
        parts = [words[emitter].format(kinds.secondary_supply[i], kinds.secondary_return[i])]
        if kinds.connection[i]:
            parts.append(words[CONNECTIONS[kinds.connection[i]]])
        if (pairs != pairs[0]).any():
            parts.append(words["primary_pair"].format(*pairs[i]))
        names.append(", ".join(parts))
    return names


def curve_table(found: StationKinds, curves: Curves, names: list[str]) -> pd.DataFrame:
    """Rows by kind and outdoor temperature; with several kinds, those of the network as a whole before them."""
    tables = []
    flow = curves.flow * found.flow[:, None]
    if len(names) > 1:
        total = flow.sum(axis=0)
        tables.append({
            "kind": ALL, "load_mw": found.load.sum() * curves.load,
            "supply_temp_c": (curves.supply * flow).sum(axis=0) / total,
            "return_temp_c": (curves.back * flow).sum(axis=0) / total,
            "relative_flow": total / found.flow.sum(), "flow_t_h": from_si(total, "flow_t_h"),
        })  # fmt: skip
    tables += [
        {
            "kind": name, "load_mw": found.load[i] * curves.load, "supply_temp_c": curves.supply[i],
            "return_temp_c": curves.back[i], "relative_flow": curves.flow[i],
            "flow_t_h": from_si(flow[i], "flow_t_h"), "secondary_supply_temp_c": curves.secondary_supply[i],
            "secondary_return_temp_c": curves.secondary_return[i], "secondary_relative_flow": curves.secondary_flow[i],
        }
        for i, name in enumerate(names)
    ]  # fmt: skip
    common = {"outdoor_temp_c": curves.outdoor, "relative_load": curves.load}
    rows = pd.concat([pd.DataFrame({**common, **table}) for table in tables], ignore_index=True)
    rows["load_mw"] = from_si(rows["load_mw"], "load_mw")
    return rows.reindex(columns=[
        "kind", "outdoor_temp_c", "relative_load", "load_mw", "supply_temp_c", "return_temp_c", "relative_flow",
        "flow_t_h", "secondary_supply_temp_c", "secondary_return_temp_c", "secondary_relative_flow",
    ])  # fmt: skip


def write_regulation(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the curves of regulation as a chart or table, and the table beside a chart where `data` names one.

    Parameters
    ----------
    state : State
        With loads.
    target : Path
        `.png`, `.svg`, `.pdf`, `.xlsx` or `.csv`.

    Returns
    -------
    rows, files
        Figures of the design point and the warmest one; what was written.

    Raises
    ------
    InputError
        If there is no curve, or a file can't be written.
    """
    assert state.loads is not None and state.drawing is not None
    options, language = state.options, state.options["language"]
    found = station_kinds(state.loads.network, state.drawing.stations, options)
    outdoor = outdoor_temperatures(options)
    curves = station_curves(found, outdoor, options)
    table = curve_table(found, curves, kind_names(found, language))
    data = options.get("data")
    try:
        if target.suffix.lower() in SUFFIXES:
            _write_table(table, target, state, found, language)
            return _figures(state, table), (target,)
        with contextlib.ExitStack() as whole:  # neither without the other
            beside = whole.enter_context(whole_or_nothing(target))
            fine = station_curves(found, _fine(outdoor), options)
            _draw(found, curves, fine, beside, state)
            if data is not None:
                _write_table(table, data, state, found, language)
    except OSError as error:
        raise InputError(f"output {target} can't be written: {error.strerror or error}.") from error
    return _figures(state, table), tuple(filter(None, (target, data)))


def _write_table(table: pd.DataFrame, target: Path, state: State, found: StationKinds, language: Language) -> None:
    notes = [_subtitle(state, language), *_notes(state, found, language)]
    write_tables(target, {"regulation": table}, language=language, title=state.project.name, notes=notes)


def _fine(outdoor: Array) -> Array:
    """Points of the lines: close to each other, those of the table among them."""
    low, high = float(outdoor.min()), float(outdoor.max())
    return np.union1d(outdoor, np.linspace(low, high, int(np.ceil((high - low) / _CHART_STEP)) + 1))


def _draw(found: StationKinds, curves: Curves, fine: Curves, target: Path, state: State) -> None:
    from gisheat.picture.chart import COLOURS, Line, Mark, Panel, draw_chart, usable_language

    language = usable_language(state.options["language"])
    words, names = WORDS[language], kind_names(found, language)
    several = len(names) > 1
    apart = np.flatnonzero(found.kinds.connection != CONNECTIONS.index("direct"))
    alike = len(apart) > 0 and bool((fine.secondary_flow[apart] == fine.secondary_flow[apart[:1]]).all())
    marked = "o" if len(curves.outdoor) <= 15 else ""

    def line(values: Array, name: str, colour: str, dashes: tuple[float, ...] = ()) -> list[Line]:
        points = [Line(curves.outdoor, np.interp(curves.outdoor, fine.outdoor, values), "", colour, 0.0, (), marked)]
        return [Line(fine.outdoor, values, name, colour, dashes=dashes), *(points if marked else [])]

    temperatures: list[Line] = []
    flows: list[Line] = []
    supplies, firsts = np.unique(found.kinds.supply, return_index=True)
    for first in firsts.tolist():
        name = words["primary_supply"] if len(supplies) == 1 else f"{words['primary_supply']}, {names[first]}"
        temperatures += line(fine.supply[first], name, COLOURS[0])
    for i, name in enumerate(names):
        dashes = ((), (5.0, 2.0), (2.0, 1.5), (6.0, 2.0, 1.5, 2.0))[i % 4]
        of = f", {name}" if several else ""
        temperatures += line(fine.back[i], f"{words['primary_return']}{of}", COLOURS[1], dashes)
        flows += line(fine.flow[i], f"{words['primary']}{of}", COLOURS[0], dashes)
        connection = CONNECTIONS[found.kinds.connection[i]]
        hot, cold = _PAIRS[i % len(_PAIRS)]
        if connection != "direct":
            temperatures += line(fine.secondary_supply[i], f"{words['secondary_supply']}, {name}", hot)
            if not alike:
                flows += line(fine.secondary_flow[i], f"{words['secondary']}{of}", hot, dashes)
        if connection == "indirect":  # else their return is that of the network
            temperatures += line(fine.secondary_return[i], f"{words['secondary_return']}, {name}", cold)
    if alike:
        flows += line(fine.secondary_flow[apart[0]], words["secondary"], _PAIRS[0][0])
    least = state.options["min_supply_temp_c"]
    marks = () if least is None else (Mark(least, words["least"].format(least)),)
    panels = [
        Panel(words["temperature"], tuple(temperatures), marks=marks, share=2.6),
        Panel(words["flow"], tuple(flows), y_limits=(0.0, None)),
    ]
    ends = (
        float(curves.outdoor.max()),
        float(curves.outdoor.min()),
    )  # the colder to the right, as these charts are drawn
    draw_chart(
        panels, target, x_label=words["outdoor"], title=words["title"], name=state.project.name,
        subtitle=_subtitle(state, language), notes=_notes(state, found, language),
        x_limits=ends if ends[0] > ends[1] else None,
    )  # fmt: skip


def _led(kind: str, options: Any, language: Language) -> str:
    power = "" if options["flow_exponent"] == 1.0 else f" ^ {options['flow_exponent']:g}"
    return WORDS[language][kind].format(options["flow_steps"] if kind == "stepped" else power)


def _subtitle(state: State, language: Language) -> str:
    words, options = WORDS[language], state.options
    parts = [_led(options["regulation"], options, language)]
    if options["secondary_regulation"] != "quality":
        parts.append(words["secondary_kind"].format(_led(options["secondary_regulation"], options, language)))
    if options["min_supply_temp_c"] is not None:
        parts.append(words["least"].format(options["min_supply_temp_c"]))
    parts.append(words["indoor"].format(options["indoor_temp_c"]))
    parts.append(words["design"].format(options["design_outdoor_temp_c"]))
    return words["and"].join(parts).replace(" -", " \u2212")


def _notes(state: State, found: StationKinds, language: Language) -> list[str]:
    words, kinds = WORDS[language], found.kinds
    exponents = ", ".join(f"{b:g}" for b in np.unique(kinds.exponent))
    notes = [words["indoor_note"].format(state.options["indoor_temp_c"]), words["users_note"].format(exponents)]
    if (kinds.connection == 0).any():
        notes.append(words["exchanger_note"])
    if len(kinds.supply) > 1:
        notes.append(words["common_note"])
    return notes


def _figures(state: State, table: pd.DataFrame) -> Rows:
    """The two ends of the curve."""
    options = state.options
    rows: Rows = {
        "regulation": (_led(options["regulation"], options, "en"), ""),
        "indoor temperature": (options["indoor_temp_c"], "degC"),
        "design outdoor temperature": (options["design_outdoor_temp_c"], "degC"),
        "kinds of stations": ("; ".join(dict.fromkeys(table["kind"][table["kind"] != ALL])), ""),
    }
    network = table[table["kind"] == table["kind"].iloc[0]]
    for where, at in (("coldest", network["outdoor_temp_c"].idxmin()), ("warmest", network["outdoor_temp_c"].idxmax())):
        row = table.loc[at]
        rows |= {
            f"{where}: outdoor temperature": (float(row["outdoor_temp_c"]), "degC"),
            f"{where}: relative load": (float(row["relative_load"]), ""),
            f"{where}: heat load": (float(row["load_mw"]), "MW"),
            f"{where}: supply": (float(row["supply_temp_c"]), "degC"),
            f"{where}: return": (float(row["return_temp_c"]), "degC"),
            f"{where}: flow": (float(row["flow_t_h"]), "t/h"),
        }
    return rows
