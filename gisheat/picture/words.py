"""The words on the map, in English and Chinese."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

Language = Literal["en", "zh"]

_EN = {
    "untitled": "District heating network",
    "friction": "Specific friction, supply",
    "friction_unit": "Pa/m",
    "design_band": "design band",
    "diameter": "Nominal diameter",
    "surplus": "Station surplus head",
    "surplus_unit": "m",
    "load": "Station load",
    "symbols": "Symbols",
    "source": "Heat source",
    "worst": "Station with the least surplus",
    "unserved": "Station not served",
    "unknown": "Station without a result",
    "critical": "Critical path",
    "no_value": "Pipe without a result",
    "node": "Trunk node",
    "street": "Street",
    "error": "Finding: error",
    "warning": "Finding: warning",
    "notes": "Key figures",
    "scale": "Scale 1 : {} at A3",
    "coordinates": "Coordinates {}",
}
_ZH = {
    "untitled": "集中供热管网",
    "friction": "供水管比摩阻",
    "friction_unit": "Pa/m",
    "design_band": "经济比摩阻",
    "diameter": "公称直径",
    "surplus": "热力站富余压头",
    "surplus_unit": "m",
    "load": "热力站热负荷",
    "symbols": "图例",
    "source": "热源",
    "worst": "最不利热力站",
    "unserved": "未供热的热力站",
    "unknown": "无计算结果的热力站",
    "critical": "最不利环路",
    "no_value": "无计算结果的管道",
    "node": "干线节点",
    "street": "道路",
    "error": "检查结果：错误",
    "warning": "检查结果：警告",
    "notes": "主要指标",
    "scale": "比例尺 1 : {}（A3）",
    "coordinates": "坐标系 {}",
}
WORDS = MappingProxyType({"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)})
