"""The load duration as a file: a chart, a workbook, or a table."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from gisheat.duration.study import DurationStudy, study_duration
from gisheat.duration.tables import dispatch_table, duration_table
from gisheat.errors import InputError
from gisheat.geopackage import whole_or_nothing
from gisheat.load_duration import DAY, HOUR, duration_formula
from gisheat.state import State
from gisheat.summary import Rows
from gisheat.workbooks import Note, write_tables

TABLES = (".xlsx", ".csv")
NAMES_ZH = MappingProxyType({
    "phase": "期别", "indoor temperature": "室内温度", "design outdoor temperature": "供暖室外计算温度",
    "design load": "设计热负荷", "heating season": "供暖期", "heating hours": "供暖小时数",
    "largest load": "最大热负荷", "mean load": "平均热负荷",
    "least load": "最小热负荷", "annual heat": "年供热量", "annual heat of the curve": "延续曲线的年供热量",
    "curve against mean temperature": "延续曲线与按平均室外温度计算之差", "curve: beta0": "延续曲线 β0",
    "curve: b": "延续曲线 b",
    "curve: mu": "延续曲线 μ", "capacity gap": "供热能力缺口", "largest unit": "最大单机",
    "security with the largest unit out": "最大单机停运时的供热保证率",
    "security with the reserve": "最大单机停运时的供热保证率（含备用）", "guaranteed share": "最低供热保证率",
})  # fmt: skip
"""Figures in the notes of a Chinese workbook; those of each source stand in its table."""
FORMULA = {
    "en": "Curve by the dimensionless formula of He Ping and Sun Gang: q = 1 - beta0 Rn^b, Rn = (n - 5) / (N - 5);"
          " q = 1 on the 5 coldest days.",
    "zh": "延续曲线按无因次综合公式（贺平、孙刚《供热工程》）："
          "q = 1 − β0 Rn^b，Rn = (n − 5) / (N − 5)；最冷 5 天 q = 1。",
}  # fmt: skip


def write_duration(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the load duration of a state that has loads, and its table where one is wanted; figures, and files.

    A workbook has the loads of the phases, the sources and the curve by days; a CSV file has the curve alone, hour by
    hour.

    Raises
    ------
    InputError
        If the climate is not stated, the weather can't be used, or a file can't be written.
    """
    study, data = study_duration(state), state.options.get("data")
    figures = duration_rows(state, study)
    if target.suffix.lower() in TABLES:
        _write_tables(study, figures, target, state)
        return figures, (target,)
    from gisheat.duration.chart import draw_duration

    try:
        with whole_or_nothing(target) as beside:
            draw_duration(
                study, beside, name=state.project.name, phase=state.phase, language=state.options["language"]
            )  # fmt: skip
            if data is not None:
                _write_tables(study, figures, data, state)
    except OSError as error:
        raise InputError(f"output {target} can't be written: {error.strerror or error}.") from error
    return figures, (target, *([] if data is None else [data]))


def _write_tables(study: DurationStudy, figures: Rows, target: Path, state: State) -> None:
    is_book = target.suffix.lower() == ".xlsx"
    tables = {"duration": duration_table(study, by_days=is_book)}  # hour by hour it would print on 150 pages
    if is_book:
        tables = {"phase_loads": study.phases, "dispatch": dispatch_table(study), **tables}
    language = state.options["language"]
    names = NAMES_ZH if language == "zh" else {name: name for name in NAMES_ZH}
    notes = [Note(names[name], value, unit) for name, (value, unit) in figures.items() if name in names]
    sentences = [*([FORMULA[language]] if study.season.weather is None else []), *study.notes]
    write_tables(target, tables, language=language, title=state.project.name, notes=(*notes, *sentences))


def duration_rows(state: State, study: DurationStudy) -> Rows:
    """Figures of the load duration by name."""
    season, supply = study.season, study.supply
    statistics = study.statistics
    rows: Rows = {
        "phase": (state.phase or "all", ""),
        "indoor temperature": (statistics.indoor, "degC"),
        "design outdoor temperature": (season.duration.design_outdoor, "degC"),
        "design load": (study.design_load / 1e6, "MW"),
        "heating season": (statistics.time / DAY, "d"),
        "heating hours": (statistics.time / HOUR, "h"),
        "largest load": (statistics.maximum / 1e6, "MW"),
        "mean load": (statistics.mean / 1e6, "MW"),
        "least load": (statistics.minimum / 1e6, "MW"),
        "annual heat": (statistics.heat / 1e9, "GJ"),
    }
    if study.stated is not None:
        rows["annual heat of the curve"] = (study.found.heat / 1e9, "GJ")
        rows["curve against mean temperature"] = (100.0 * (study.found.heat / study.stated.heat - 1.0), "%")
    if season.climate is not None:
        formula = duration_formula(season.climate)
        rows |= {f"curve: {name}": (value, "") for name, value in formula._asdict().items()}
    if supply is None:
        return rows
    ids = study.plants.table["source_id"]
    for i, name in enumerate(ids):
        rows[f"source {name}: share of the heat"] = (100.0 * float(supply.share[i]), "%")
        rows[f"source {name}: hours"] = (float(supply.running[i]) / HOUR, "h")
        rows[f"source {name}: full-load hours"] = (float(supply.full_load[i]) / HOUR, "h")
    rows["capacity gap"] = (supply.gap / 1e6, "MW")
    return rows | _security_rows(study)


def _security_rows(study: DurationStudy) -> Rows:
    alone, everything = (study.plants.security(study.design_load, with_reserve=w) for w in (False, True))
    rows: Rows = {
        "largest unit": (everything.largest_unit / 1e6, "MW"),
        "security with the largest unit out": (100.0 * alone.share, "%"),
    }
    if study.plants.has_reserve:
        rows["security with the reserve"] = (100.0 * everything.share, "%")
    return rows | {"guaranteed share": (100.0 * study.guaranteed, "%")}
