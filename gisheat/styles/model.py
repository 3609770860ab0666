"""What a named style is made of: plain data, no XML and no files.

A `Style` says which layer it belongs to, which column it shows and how the values fall into classes. An
`Entry` is one line of the legend, ready for drawing; `SymbolLayer` is one stroke or marker of a symbol.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gisheat.schema import Language

Shape = Literal["Point", "Line", "Polygon", "Table"]


@dataclass(frozen=True)
class Text:
    """The same words in English and Chinese."""

    en: str
    zh: str

    def get(self, language: Language) -> str:
        """Return the words in `language`."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class LayerInfo:
    """What a style needs to know of a table in the GeoPackage.

    `geometry_column` is empty for a table without geometry; `fields` are the columns but key and geometry.
    """

    shape: Shape
    fields: tuple[str, ...]
    geometry_column: str = ""
    key: str = "fid"
    extent: tuple[float, float, float, float] | None = None
    crs_wkt: str = ""
    crs_authid: str = ""


@dataclass(frozen=True)
class Facts:
    """What is taken from the values: ranges of numbers, texts that occur, columns that are not empty."""

    ranges: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    filled: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Share of the rows that have a value."""


@dataclass(frozen=True)
class Band:
    """A class of numbers: lower bound included, upper excluded, None is open; `name` replaces the bounds."""

    lower: float | None
    upper: float | None
    colour: str
    note: Text | None = None
    name: str = ""


@dataclass(frozen=True)
class Category:
    """A class of one text value; `marker` and `pattern` are names known to the symbols module."""

    value: str
    label: Text
    colour: str
    marker: str = ""
    pattern: str = "solid"
    max_scale: int = 0


@dataclass(frozen=True)
class Style:
    """A named style of a layer.

    `kind` says how the classes arise: "bands" and "categories" are given here, "pretty" are round intervals
    over the range found in the file, "values" are the distinct texts found in the file, "single" is one
    symbol. `label` names the labels, `condition` is an expression that every class also has to fulfil.
    """

    layer: str
    name: Text
    column: str
    heading: Text
    kind: Literal["bands", "categories", "pretty", "values", "single"]
    default: bool = False
    bands: tuple[Band, ...] = ()
    categories: tuple[Category, ...] = ()
    palette: tuple[str, ...] = ()
    condition: str = ""
    label: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the legend: which features, how they look, down to which scale (0: every scale)."""

    label: str
    filter: str
    colour: str
    marker: str = ""
    pattern: str = "solid"
    max_scale: int = 0


@dataclass(frozen=True)
class SymbolLayer:
    """A stroke or marker of a symbol: QGIS class, constant options, data-defined options, drawing pass."""

    kind: str
    options: Mapping[str, str]
    expressions: Mapping[str, str] = field(default_factory=dict)
    level: int = 0
    marker: tuple[SymbolLayer, ...] = ()


@dataclass(frozen=True)
class Context:
    """Everything a style document depends on apart from the style."""

    layer: str
    info: LayerInfo
    facts: Facts
    language: Language
    aliases: Mapping[str, str] = field(default_factory=dict)
