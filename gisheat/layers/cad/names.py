"""What names of CAD layers say: which layer of the contract they are, and of pipes size, status and side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gisheat.schema import INPUT_LAYERS, LAYER_LABEL

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pipes": ("管", "pipe", "trench", "heat main", "heat_main", "heating network", "热网"),
        "stations": ("热力站", "换热站", "换热机组", "热交换站", "station", "consumer"),
        "sources": ("热源", "锅炉房", "热电厂", "source", "plant", "boiler"),
        "valves": ("阀", "valve"),
        "pumps": ("泵", "pump"),
        "nodes": ("节点", "检查室", "检查井", "node", "junction", "chamber"),
        "buildings": ("建筑", "房屋", "楼", "building"),
        "areas": ("限制", "禁", "forbidden", "restricted"),
        "streets": ("道路", "街", "路", "street", "road"),
    }
)
"""Words in the name of a CAD layer that make it one of the contract's, the first that fits."""
NOT_GEOMETRY = (
    "标注", "注记", "注释", "文字", "图框", "图签", "图例", "轴线", "填充",
    "text", "label", "dim", "anno", "legend", "frame", "hatch", "title", "grid", "defpoints",
)  # fmt: skip
"""Words in the names of layers that draw nothing of the network."""
OTHER_PIPES = (
    "给水", "排水", "雨水", "污水", "燃气", "煤气", "天然气", "电力", "通信", "通讯", "电信", "消防", "自来水", "路灯",
    "water main", "sewer", "storm", "gas", "power", "telecom", "electric",
)  # fmt: skip
"""Words of pipes and cables of others."""
HEAT = ("热", "暖", "heat", "steam")
CENTRE_LINE = ("中心线", "中线", "center", "centre", "axis")
EDGE = ("边线", "红线", "路缘", "侧石", "edge", "kerb", "curb")
STATUS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "abandoned": ("废弃", "停用", "拆除", "abandoned", "removed"),
        "planned": ("规划", "新建", "拟建", "设计", "planned", "proposed"),
        "existing": ("现状", "既有", "已建", "existing"),
    }
)
LINE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pair": ("供回水", "双管", "supply and return"), "supply": ("供水", "supply"), "return": ("回水", "return"),
    }
)  # fmt: skip
DN = re.compile(r"dn\s*[-_ ]?\s*(\d{2,4})(?!\d)", re.IGNORECASE)
"""A nominal diameter as people write it: DN300, dn-300."""
OUTER = re.compile(r"[DdΦφØ∅]\s*(\d{2,4}(?:\.\d+)?)\s*[x×X*]\s*(\d{1,2}(?:\.\d+)?)")
"""Outer diameter and wall: D325x7, Φ325×7."""
SEVERAL, ANY = ";", "*"
"""What no name of a CAD layer can hold, so it can stand between and in names."""


def choose(wanted: str, names: Iterable[str]) -> list[str]:
    """CAD layers that a text names: `A`, `A;B`, `A*`; names go by their letters in either case.

    Examples
    --------
    >>> choose("热力管*;STREETS", ["热力管-DN300", "热力管-DN200", "Streets", "0"])
    ['热力管-DN300', '热力管-DN200', 'Streets']
    """
    patterns = [
        re.compile(".*".join(map(re.escape, part.strip().split(ANY))), re.IGNORECASE)
        for part in wanted.split(SEVERAL)
        if part.strip()
    ]
    return [name for name in names if any(pattern.fullmatch(name) for pattern in patterns)]


def unmatched(wanted: str, names: Iterable[str]) -> list[str]:
    """Parts of such a text that no CAD layer answers to."""
    there = list(names)
    return [part.strip() for part in wanted.split(SEVERAL) if part.strip() and not choose(part, there)]


def guess(kinds: Mapping[str, frozenset[str]], geometry: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """CAD layers of each layer of the contract, by their names and what is drawn on them.

    Parameters
    ----------
    kinds : mapping
        CAD layer -> kinds of geometry on it: line, point, polygon.
    geometry : mapping
        Layer of the contract -> kind of its geometry.

    Examples
    --------
    >>> line = frozenset({"line"})
    >>> guess({"燃气管": line, "热力管-DN300": line, "热力管标注": line}, {"pipes": "line"})
    {'pipes': ('热力管-DN300',)}
    """
    found: dict[str, list[str]] = {}
    for name, drawn in kinds.items():
        layer = _layer_of(name, drawn, geometry)
        if layer is not None:
            found.setdefault(layer, []).append(name)
    if "pipes" in found:
        found["pipes"] = _those_with(HEAT, found["pipes"])
    if "streets" in found:
        without_edges = [name for name in found["streets"] if not _has(name, EDGE)]
        found["streets"] = _those_with(CENTRE_LINE, without_edges or found["streets"])
    return {layer: tuple(found[layer]) for layer in INPUT_LAYERS if layer in found}


def _layer_of(name: str, drawn: frozenset[str], geometry: Mapping[str, str]) -> str | None:
    known = {**{n: n for n in geometry}, **{LAYER_LABEL["zh"][n]: n for n in geometry}}
    exact = known.get(name.strip().lower())
    if exact is not None:
        return exact if geometry[exact] in drawn else None
    if _has(name, NOT_GEOMETRY) or _has(name, OTHER_PIPES):
        return None
    fitting = (n for n, words in WORDS.items() if n in geometry and geometry[n] in drawn and _has(name, words))
    return next(fitting, None)


def _has(name: str, words: Iterable[str]) -> bool:
    return any(word in name.lower() for word in words)


def _those_with(words: tuple[str, ...], names: list[str]) -> list[str]:
    """Names with one of these words, where there are any; else all."""
    return [name for name in names if _has(name, words)] or names


def said_of_pipe(text: str) -> dict[str, float | str]:
    """Columns of a pipe that the name of its CAD layer, or a text beside it, says.

    Examples
    --------
    >>> said_of_pipe("现状热力管-DN300"), said_of_pipe("HEAT_SUPPLY D219x6")
    ({'dn_mm': 300.0, 'status': 'existing'}, {'outer_diameter_mm': 219.0, 'wall_mm': 6.0, 'line': 'supply'})
    """
    said: dict[str, float | str] = {}
    if (size := DN.search(text)) is not None:
        said["dn_mm"] = float(size[1])
    elif (size := OUTER.search(text)) is not None:
        said |= {"outer_diameter_mm": float(size[1]), "wall_mm": float(size[2])}
    for column, table in (("status", STATUS), ("line", LINE)):
        found = next((value for value, words in table.items() if _has(text, words)), None)
        if found is not None:
            said[column] = found
    return said
