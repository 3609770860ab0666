"""Layers and columns: the interface contract as data.

The table `data/columns.csv` is the only place where column names, types, limits, aliases and meanings
are written down. Everything that checks, maps, labels or documents columns reads it from here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SCHEMA_VERSION = 2
"""Version of results and project files; what each brought: docs/versions.md."""

Language = Literal["en", "zh"]
Geometry = Literal["line", "point", "polygon", "none"]

GEOMETRY: dict[str, Geometry] = {
    "streets": "line",
    "pipes": "line",
    "nodes": "point",
    "stations": "point",
    "sources": "point",
    "buildings": "polygon",
    "areas": "polygon",
    "valves": "point",
    "pumps": "point",
    "findings": "point",
    "load_mix": "none",
    "lineage": "none",
    "critical_path": "none",
    "pressure_diagram": "none",
    "hydraulic_table": "none",
    "scenarios": "none",
    "comparison": "none",
    "regulation": "none",
    "equipment": "none",
    "equipment_totals": "none",
    "weather": "none",
    "duration": "none",
    "dispatch": "none",
    "phase_loads": "none",
    "summary": "none",
    "run": "none",
    "quantities": "none",
    "counts": "none",
    "phase_cost": "none",
    "cost_difference": "none",
    "trench_prices": "none",
    "changed_lines": "line",
    "changed_points": "point",
    "changed_areas": "polygon",
    "changed_values": "none",
    "effects": "none",
    "station_effects": "none",
    "proposed_lines": "line",
    "proposed_points": "point",
    "proposed_areas": "polygon",
    "proposed_values": "none",
    "history": "none",
}
NODE_KINDS = ("source", "station", "junction", "end")
"""What stands at nodes of a result."""
READ_AGAIN = {"nodes": ("kind",)}
"""Result columns of input layers that tell a result that is read again from a drawing."""
WRITTEN = "gisheat_"
"""Beginning of the names of columns that write-back adds to a layer beside its own of the same name: no input."""
REGISTRY = "gisheat_columns"
"""Table in which write-back remembers what it has written."""
INPUT_LAYERS = (
    "streets",
    "pipes",
    "nodes",
    "stations",
    "sources",
    "buildings",
    "areas",
    "valves",
    "pumps",
    "load_mix",
)
STATION_LIST = "station_list"
"""A table about the drawn stations, with the columns of stations; no layer of its own."""
ID_COLUMN = {
    "streets": "street_id",
    "pipes": "pipe_id",
    "nodes": "node_id",
    "stations": "station_id",
    "sources": "source_id",
    "buildings": "building_id",
    "areas": "area_id",
    "valves": "valve_id",
    "pumps": "pump_id",
}
LAYER_LABEL: dict[Language, dict[str, str]] = {
    "en": {
        "streets": "Streets", "pipes": "Pipes", "nodes": "Nodes", "stations": "Stations", "sources": "Sources",
        "buildings": "Buildings", "valves": "Valves", "pumps": "Pumps", "findings": "Findings",
        "lineage": "Lineage", "critical_path": "Critical path", "hydraulic_table": "Hydraulic table",
        "scenarios": "Scenarios", "summary": "Summary", "run": "Run",
        "load_mix": "Load mix", "comparison": "Comparison", "areas": "Areas",
        "regulation": "Regulation", "equipment": "Station equipment", "equipment_totals": "Equipment totals",
        "pressure_diagram": "Pressure diagram",
        "quantities": "Quantities", "counts": "Counts", "phase_cost": "Cost by phase",
        "cost_difference": "Difference", "trench_prices": "Trench prices",
        "weather": "Weather", "duration": "Load duration", "dispatch": "Dispatch", "phase_loads": "Loads by phase",
        "changed_lines": "Changed lines", "changed_points": "Changed points", "changed_areas": "Changed areas",
        "changed_values": "Changed values", "effects": "Effects", "station_effects": "Effects on stations",
        "proposed_lines": "Proposed lines", "proposed_points": "Proposed points", "proposed_areas": "Proposed areas",
        "proposed_values": "Proposed values", "history": "History",
    },
    "zh": {
        "streets": "道路", "pipes": "管道", "nodes": "节点", "stations": "热力站", "sources": "热源",
        "buildings": "建筑", "valves": "阀门", "pumps": "水泵", "findings": "问题", "lineage": "来源对照",
        "critical_path": "最不利环路", "hydraulic_table": "水力计算表", "scenarios": "工况",
        "summary": "汇总", "run": "运行记录",
        "load_mix": "负荷构成", "comparison": "工况对比", "areas": "限制区",
        "regulation": "调节曲线", "equipment": "热力站设备", "equipment_totals": "设备汇总",
        "pressure_diagram": "水压图",
        "quantities": "工程量", "counts": "数量", "phase_cost": "分期费用", "cost_difference": "差异",
        "trench_prices": "管沟单价",
        "weather": "气象", "duration": "热负荷延续", "dispatch": "热源分配", "phase_loads": "各期热负荷",
        "changed_lines": "线变更", "changed_points": "点变更", "changed_areas": "面变更", "changed_values": "属性变更",
        "effects": "变更影响", "station_effects": "热力站影响",
        "proposed_lines": "拟变更线", "proposed_points": "拟变更点", "proposed_areas": "拟变更面",
        "proposed_values": "拟变更属性", "history": "变更历史",
    },
}  # fmt: skip


class Unit(NamedTuple):
    """A unit as dimension, factor and offset: SI value = value * factor + offset."""

    dimension: str
    factor: float
    offset: float = 0.0


# Suffixes of columns and options. A longer suffix is looked for first.
SUFFIX: dict[str, Unit] = {
    "_j_kg_k": Unit("heat capacity", 1.0),
    "_kg_m3": Unit("density", 1.0),
    "_pa_s": Unit("viscosity", 1.0),
    "_m_s2": Unit("acceleration", 1.0),
    "_w_m2_k": Unit("heat transfer", 1.0),
    "_w_m2": Unit("heat index", 1.0),
    "_pa_m": Unit("specific friction", 1.0),
    "_m3_h": Unit("volume flow", 1.0 / 3600.0),
    "_kg_s": Unit("mass flow", 1.0),
    "_t_h": Unit("mass flow", 1.0 / 3.6),
    "_m_s": Unit("velocity", 1.0),
    "_percent": Unit("share", 0.01),
    "_kpa": Unit("pressure", 1e3),
    "_mm": Unit("length", 1e-3),
    "_m2": Unit("area", 1.0),
    "_m3": Unit("volume", 1.0),
    "_mw": Unit("power", 1e6),
    "_kw": Unit("power", 1e3),
    "_gj": Unit("heat", 1e9),
    "_h": Unit("time", 3600.0),
    "_m": Unit("length", 1.0),
    "_t": Unit("mass", 1e3),
    "_c": Unit("temperature", 1.0, 273.15),
}
_SUFFIXES = sorted(SUFFIX, key=len, reverse=True)

# Units as people write them in column names, in lower case without blanks.
WRITTEN_UNIT: dict[str, Unit] = {
    **dict.fromkeys(("m2", "m²", "㎡", "平方米"), Unit("area", 1.0)),
    **dict.fromkeys(("万m2", "万m²", "万㎡", "万平方米", "万平米", "10^4m2", "10^4m²", "1e4m2"), Unit("area", 1e4)),
    "km2": Unit("area", 1e6),
    "ha": Unit("area", 1e4),
    "w": Unit("power", 1.0),
    **dict.fromkeys(("kw", "千瓦"), Unit("power", 1e3)),
    **dict.fromkeys(("mw", "兆瓦"), Unit("power", 1e6)),
    "gw": Unit("power", 1e9),
    "gj/h": Unit("power", 1e9 / 3600.0),
    "kg/s": Unit("mass flow", 1.0),
    "kg/h": Unit("mass flow", 1.0 / 3600.0),
    **dict.fromkeys(("t/h", "吨/时", "吨/小时"), Unit("mass flow", 1.0 / 3.6)),
    **dict.fromkeys(("m3/h", "m³/h"), Unit("volume flow", 1.0 / 3600.0)),
    **dict.fromkeys(("mm", "毫米"), Unit("length", 1e-3)),
    "cm": Unit("length", 1e-2),
    **dict.fromkeys(("m", "米", "mh2o", "mwc", "mh₂o"), Unit("length", 1.0)),
    **dict.fromkeys(("km", "公里"), Unit("length", 1e3)),
    "pa/m": Unit("specific friction", 1.0),
    **dict.fromkeys(("m/s", "米/秒"), Unit("velocity", 1.0)),
    "pa": Unit("pressure", 1.0),
    "kpa": Unit("pressure", 1e3),
    "mpa": Unit("pressure", 1e6),
    "bar": Unit("pressure", 1e5),
    **dict.fromkeys(("w/m2", "w/m²", "w/㎡"), Unit("heat index", 1.0)),
    **dict.fromkeys(("°c", "℃", "degc", "c"), Unit("temperature", 1.0, 273.15)),
    "k": Unit("temperature", 1.0),
    **dict.fromkeys(("%", "percent"), Unit("share", 0.01)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one layer: limits and usual range are in the unit of the column."""

    layer: str
    name: str
    kind: Literal["text", "float", "int", "bool"]
    is_input: bool
    is_result: bool
    one_pipe: Literal["", "in", "out"]
    """Of one-pipe networks alone, and there read or written."""
    required: bool
    minimum: float | None
    maximum: float | None
    usual: tuple[float, float] | None
    choices: tuple[str, ...]
    label: Mapping[Language, str]
    aliases: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> Unit | None:
        """Unit that the suffix of the name says, None for what has no unit."""
        return unit_of(self.name) if self.kind == "float" else None


def unit_of(name: str) -> Unit | None:
    """Unit that the suffix of a column or option name says.

    >>> unit_of("sup_flow_t_h").dimension
    'mass flow'
    """
    return next((SUFFIX[s] for s in _SUFFIXES if name.endswith(s)), None)


def unit_text(name: str) -> str:
    """Unit suffix in writing, empty when there is none.

    >>> unit_text("max_velocity_m_s"), unit_text("dn_mm"), unit_text("role")
    ('m/s', 'mm', '')
    """
    written = {"_j_kg_k": "J/(kg K)", "_w_m2_k": "W/(m2 K)", "_kg_m3": "kg/m3", "_pa_s": "Pa s", "_m_s2": "m/s2",
               "_w_m2": "W/m2", "_pa_m": "Pa/m", "_m3_h": "m3/h", "_kg_s": "kg/s", "_t_h": "t/h", "_m_s": "m/s",
               "_percent": "%", "_kpa": "kPa", "_mm": "mm", "_m2": "m2", "_gj": "GJ", "_h": "h", "_mw": "MW",
               "_kw": "kW", "_m": "m", "_c": "degC", "_m3": "m3", "_t": "t"}  # fmt: skip
    return next((written[s] for s in _SUFFIXES if name.endswith(s)), "")


def to_si(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Convert values of column or option `name` to SI by its suffix (temperatures to kelvin)."""
    unit = unit_of(name)
    array = np.asarray(values, dtype=float)
    return array if unit is None else array * unit.factor + unit.offset


def from_si(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Convert SI values to the unit that the suffix of `name` says."""
    unit = unit_of(name)
    array = np.asarray(values, dtype=float)
    return array if unit is None else (array - unit.offset) / unit.factor


def _number(text: str) -> float | None:
    return float(text) if text else None


def _column(row: dict[str, str]) -> Column:
    usual = (float(row["usual_min"]), float(row["usual_max"])) if row["usual_min"] else None
    return Column(
        layer=row["layer"],
        name=row["column"],
        kind=row["type"],  # type: ignore[arg-type]
        is_input=row["use"] in ("in", "both"),
        is_result=row["use"] in ("out", "both"),
        one_pipe=row["use"].removeprefix("one-pipe ") if row["use"].startswith("one-pipe ") else "",  # type: ignore[arg-type]
        required=row["required"] == "yes",
        minimum=_number(row["minimum"]),
        maximum=_number(row["maximum"]),
        usual=usual,
        choices=tuple(filter(None, row["choices"].split("|"))),
        label={"en": row["label_en"], "zh": row["label_zh"]},
        aliases=tuple(filter(None, row["aliases"].split("|"))),
        meaning=row["meaning"],
    )


@cache
def columns(layer: str) -> dict[str, Column]:
    """All columns of a layer by name, in the order of the contract."""
    return {c.name: c for c in _all_columns() if c.layer == layer}


@cache
def _all_columns() -> tuple[Column, ...]:
    text = (files("gisheat") / "data" / "columns.csv").read_text(encoding="utf-8")
    return tuple(_column(row) for row in csv.DictReader(text.splitlines()))


def input_columns(layer: str) -> dict[str, Column]:
    """Columns that may be given in an input layer."""
    return {name: c for name, c in columns(layer).items() if c.is_input}


def result_columns(layer: str) -> dict[str, Column]:
    """Columns that a result layer always has, in their order."""
    return {name: c for name, c in columns(layer).items() if c.is_result}


def labels(language: Language) -> dict[str, dict[str, str]]:
    """Labels (aliases in QGIS) of every column of every layer in a language."""
    table: dict[str, dict[str, str]] = {}
    for column in _all_columns():
        table.setdefault(column.layer, {})[column.name] = column.label[language]
    return table


class WrittenName(NamedTuple):
    """A column name as people write it: the bare name and the unit given with it."""

    name: str
    unit: str


def split_unit(written: str) -> WrittenName:
    """Split a name such as `供热面积(万m2)` or `load [MW]` into name and unit.

    >>> split_unit("供热面积（万m2）")
    WrittenName(name='供热面积', unit='万m2')
    >>> split_unit("load [MW]"), split_unit("dn_mm")
    (WrittenName(name='load', unit='MW'), WrittenName(name='dn_mm', unit=''))
    >>> split_unit("供热面积(")
    WrittenName(name='供热面积', unit='')
    """
    match = re.fullmatch(r"\s*(.+?)\s*[(\[（【]\s*([^()\[\]（）【】]+?)\s*[)\]）】]\s*", written)
    if match:
        return WrittenName(match[1], match[2])
    cut = re.fullmatch(r"\s*(.+?)\s*[(\[（【]([^()\[\]（）【】]*)", written)  # a Shapefile keeps ten bytes of a name
    if cut:
        return WrittenName(cut[1], cut[2].strip() if written_unit(cut[2]) is not None else "")
    return WrittenName(written.strip(), "")


def written_unit(text: str) -> Unit | None:
    """Unit for a text such as `万m2`, `MW` or `t/h`; None when unknown."""
    return WRITTEN_UNIT.get(re.sub(r"[\s*·]", "", text).lower())


# Words that people write for the choices of a column, in lower case.
CHOICE_ALIASES: dict[str, str] = {
    **dict.fromkeys(("现状", "既有", "已建", "existing pipe", "built", "e"), "existing"),
    **dict.fromkeys(("规划", "新建", "拟建", "new", "proposed", "p"), "planned"),
    **dict.fromkeys(("废弃", "停用", "removed"), "abandoned"),
    **dict.fromkeys(("关闭", "shut"), "closed"),
    **dict.fromkeys(("主干", "主干线", "干线", "main"), "trunk"),
    **dict.fromkeys(("支线", "支干线", "分支"), "branch"),
    **dict.fromkeys(("户线", "入户", "service"), "connection"),
    **dict.fromkeys(("供水", "供"), "supply"),
    **dict.fromkeys(("回水", "回"), "return"),
    **dict.fromkeys(("供回水", "双管"), "pair"),
    **dict.fromkeys(("间接", "间供"), "indirect"),
    **dict.fromkeys(("直接", "直供"), "direct"),
    **dict.fromkeys(("混水",), "mixing"),
    **dict.fromkeys(("散热器", "暖气片", "radiator"), "radiators"),
    **dict.fromkeys(("地暖", "地热", "地板辐射", "地面辐射", "floor heating", "underfloor"), "floor"),
    **dict.fromkeys(("一次", "一级"), "primary"),
    **dict.fromkeys(("二次", "二级"), "secondary"),
    **dict.fromkeys(("开",), "open"),
    **dict.fromkeys(("禁止", "禁区", "禁止穿越", "禁建区", "blocked"), "forbidden"),
    **dict.fromkeys(("非节能", "未节能"), "none"),
    **dict.fromkeys(("二步节能", "二步"), "two_step"),
    **dict.fromkeys(("三步节能", "三步"), "three_step"),
    **dict.fromkeys(("费用", "加价", "加价区", "expensive"), "cost"),
}  # fmt: skip
TRUE_WORDS = frozenset(("true", "t", "yes", "y", "1", "1.0", "是"))
FALSE_WORDS = frozenset(("false", "f", "no", "n", "0", "0.0", "否"))
