"""The chart of the load duration: the load over the hours of a year, stacked by its sources, and the temperature."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from gisheat.duration.study import DurationStudy
from gisheat.load_duration import HOUR, LoadCurve, duration_formula
from gisheat.network import Array, Index
from gisheat.picture.chart import COLOURS, Area, Line, Panel, draw_chart, usable_language
from gisheat.picture.classes import INK, PALE_INK
from gisheat.picture.words import Language
from gisheat.topology.attributes import words as texts

MOST_POINTS = 600
"""Of a line: the curve is smooth, and a picture can't show each hour."""
MOST_SOURCES = 5
"""Whose figures stand under the chart."""
ROLE_COLOURS = MappingProxyType(
    {"base": ("#8cc0ea", "#128277", "#ac92d6"), "peak": ("#ea7317", "#eec021"), "reserve": ("#9a9a98", "#c9c5bb")}
)
MISSING, REMAINING, GUARANTEED = COLOURS[0], COLOURS[4], COLOURS[3]

_EN = {
    "title": "Load duration", "hours": "Hours of the year", "load": "Load [MW]", "outdoor": "Outdoor [°C]",
    "curve": "load", "unmet": "not met", "largest": "largest {:.1f} MW", "mean": "mean {:.1f} MW",
    "least": "least {:.1f} MW",
    "remaining": "unit out: {:.1f} MW", "remaining_all": "unit out, with reserve: {:.1f} MW",
    "guaranteed": "guaranteed {:.0%}: {:.1f} MW",
    "subtitle": "{}indoor {:g} °C, design outdoor {:g} °C, {:.0f} h of heating; mean {:.2f} MW, {:.2f} × 10⁴ GJ a year",
    "phase": "phase {}, ",
    "formula": "Curve: 1 − {:.3f} Rn^{:.3f} after He Ping, 1 on the 5 coldest days; its heat {:.2f} × 10⁴ GJ ({:+.1%}"
               " against that at the mean outdoor temperature).",
    "series": "Curve: {:.0f} h of the weather at or below the heating limit; hours colder than {:g} °C count with the"
              " design load.",
    "security": "Largest unit out ({:.1f} MW): {:.1f} MW left, {:.2%} of the largest load{}; to be guaranteed: {:.0%}.",
    "with_reserve": ", with the reserve {:.1f} MW, {:.2%}",
    "source": "{}: {:.1f} MW, {:.1%} of the heat, {:.0f} h, {:.0f} full-load hours.",
    "gap": "Not met: up to {:.1f} MW, {:.0f} h, {:.2%} of the heat.",
}  # fmt: skip
_ZH = {
    "title": "热负荷延续曲线", "hours": "全年小时数", "load": "热负荷 [MW]", "outdoor": "室外温度 [°C]",
    "curve": "热负荷", "unmet": "缺口", "largest": "最大 {:.1f} MW", "mean": "平均 {:.1f} MW",
    "least": "最小 {:.1f} MW",
    "remaining": "最大单机停运 {:.1f} MW", "remaining_all": "最大单机停运（含备用）{:.1f} MW",
    "guaranteed": "最低保证率 {:.0%}：{:.1f} MW",
    "subtitle": "{}室内 {:g} °C，供暖室外计算温度 {:g} °C，供暖 {:.0f} h；平均 {:.2f} MW，年供热量 {:.2f} 万GJ",
    "phase": "期别 {}，",
    "formula": "延续曲线：1 − {:.3f} Rn^{:.3f}（贺平公式），最冷 5 天为 1；其年供热量 {:.2f} 万GJ"
               "（比按平均室外温度计算 {:+.1%}）。",
    "series": "延续曲线：气象数据中不高于供暖起始温度的 {:.0f} h；低于 {:g} °C 的小时按设计热负荷计。",
    "security": "最大单机停运（{:.1f} MW）：剩余 {:.1f} MW，为最大热负荷的 {:.2%}{}；应保证 {:.0%}。",
    "with_reserve": "，含备用 {:.1f} MW，{:.2%}",
    "source": "{}：{:.1f} MW，供热量占 {:.1%}，运行 {:.0f} h，满负荷 {:.0f} h。",
    "gap": "缺口：最大 {:.1f} MW，{:.0f} h，占供热量 {:.2%}。",
}  # fmt: skip
WORDS = MappingProxyType({"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)})


@dataclass(frozen=True)
class _Points:
    """Which steps of the curve are drawn, and at which hours."""

    step: Index
    hours: Array

    def of(self, values: Array) -> Array:
        """Values of the steps at the points."""
        return values[self.step]


def draw_duration(
    study: DurationStudy, path: Path, *, name: str = "", phase: str = "", language: Language = "en"
) -> None:
    """Draw the load duration curve with its sources.

    Parameters
    ----------
    study : DurationStudy
    path : Path
        File to write, `.png`, `.svg` or `.pdf`.
    name, phase : str
        Of the network.
    language : str
        Of the words; English where no font shows Chinese.
    """
    words = WORDS[usable_language(language)]
    points = _points(study.curve)
    load = Panel(
        words["load"], _lines(study, points, words), _areas(study, points, words), y_limits=(0, None), share=2.6
    )
    weather = Panel(words["outdoor"], (Line(points.hours, points.of(study.curve.outdoor), colour=COLOURS[1]),))
    draw_chart(
        [load, weather], path, x_label=words["hours"], title=words["title"], name=name,
        subtitle=_subtitle(study, phase, words), notes=_notes(study, words), x_limits=(0.0, float(points.hours[-1])),
    )  # fmt: skip


def _points(curve: LoadCurve) -> _Points:
    """The beginning, evenly spread ends of steps, and both sides of a jump."""
    count, end = len(curve.load), curve.end / HOUR
    even = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(int))
    jump = np.flatnonzero(np.diff(curve.load) < -0.02 * curve.load[0])
    step = np.concatenate([[0], np.union1d(even, jump), jump + 1])
    hours = np.concatenate([[0.0], end[np.union1d(even, jump)], end[jump]])
    order = np.lexsort((step, hours))
    return _Points(step[order], hours[order])


def _areas(study: DurationStudy, points: _Points, words: Mapping[str, str]) -> tuple[Area, ...]:
    supply, plants = study.supply, study.plants
    if supply is None:
        return ()
    tops = np.cumsum(supply.output, axis=0) / 1e6
    areas, low = [], np.zeros(len(points.hours))
    colours = {role: itertools.cycle(of_role) for role, of_role in ROLE_COLOURS.items()}
    for i, label in enumerate(_labels(study)):
        high = points.of(tops[i])
        if not supply.output[i].any():
            continue
        text = f"{label} {plants.capacity[i] / 1e6:g} MW"
        areas.append(Area(points.hours, low, high, text, next(colours[plants.role[i]])))
        low = high
    if supply.gap > 0.0:
        load = points.of(study.curve.load / 1e6)
        areas.append(Area(points.hours, low, load, words["unmet"], MISSING, hatch="////"))
    return tuple(areas)


def _labels(study: DurationStudy) -> list[str]:
    table = study.plants.table
    ids, names = texts(table, "source_id", ""), texts(table, "name", "")
    return [f"{i} {n}".strip() for i, n in zip(ids, names, strict=True)]


def _lines(study: DurationStudy, points: _Points, words: Mapping[str, str]) -> tuple[Line, ...]:
    """The curve, and levels with their names at the right."""
    ends = points.hours[[0, -1]]
    statistics = study.statistics
    lines = [Line(points.hours, points.of(study.curve.load / 1e6), colour=INK, width=2.2)]
    levels = [
        (statistics.maximum, words["largest"].format(statistics.maximum / 1e6), PALE_INK, (5.0, 3.0)),
        (statistics.mean, words["mean"].format(statistics.mean / 1e6), PALE_INK, (5.0, 3.0)),
        (statistics.minimum, words["least"].format(statistics.minimum / 1e6), PALE_INK, (5.0, 3.0)),
    ]
    if study.supply is not None:
        left = study.plants.security(study.design_load, with_reserve=True).remaining
        wanted = study.guaranteed * study.design_load
        key = "remaining_all" if study.plants.has_reserve else "remaining"
        levels.append((left, words[key].format(left / 1e6), REMAINING, (1.0, 1.5)))
        levels.append((wanted, words["guaranteed"].format(study.guaranteed, wanted / 1e6), GUARANTEED, (1.0, 1.5)))
    return (*lines, *(Line(ends, np.full(2, y / 1e6), text, colour, 1.2, dashes) for y, text, colour, dashes in levels))


def _subtitle(study: DurationStudy, phase: str, words: Mapping[str, str]) -> str:
    statistics = study.statistics
    return words["subtitle"].format(
        words["phase"].format(phase) if phase else "", statistics.indoor, study.season.duration.design_outdoor,
        statistics.time / HOUR, statistics.mean / 1e6, statistics.heat / 1e13,
    ).replace(" -", " −")  # fmt: skip


def _notes(study: DurationStudy, words: Mapping[str, str]) -> list[str]:
    season, supply, plants = study.season, study.supply, study.plants
    notes = []
    if season.climate is not None and study.stated is not None:
        formula = duration_formula(season.climate)
        off = study.found.heat / study.stated.heat - 1.0
        notes.append(words["formula"].format(formula.beta0, formula.b, study.found.heat / 1e13, off))
    else:
        hours = study.found.time / HOUR
        notes.append(words["series"].format(hours, season.duration.design_outdoor).replace(" -", " −"))
    if supply is None:
        return notes
    alone, everything = (plants.security(study.design_load, with_reserve=w) for w in (False, True))
    more = words["with_reserve"].format(everything.remaining / 1e6, everything.share) if plants.has_reserve else ""
    notes.append(
        words["security"].format(alone.largest_unit / 1e6, alone.remaining / 1e6, alone.share, more, study.guaranteed)
    )
    figures = zip(
        _labels(study), plants.capacity, supply.share, supply.running / HOUR, supply.full_load / HOUR, strict=True
    )
    for label, capacity, share, running, full in list(figures)[:MOST_SOURCES]:
        notes.append(words["source"].format(label, capacity / 1e6, share, running, np.nan_to_num(full)))
    if supply.gap > 0.0:
        asked = study.curve.heat
        notes.append(words["gap"].format(supply.gap / 1e6, supply.unmet_time / HOUR, supply.unmet_heat / asked))
    return notes
