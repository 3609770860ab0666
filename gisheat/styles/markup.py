"""The XML of QGIS symbols: option maps, data-defined properties, symbols."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gisheat.styles.model import SymbolLayer

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SYMBOL_TYPE = {"Point": "marker", "Line": "line", "Polygon": "fill"}


def printable(text: str) -> str:
    """Return `text` without the characters that XML cannot carry."""
    return _NOT_XML.sub("", text)


def node(parent: ET.Element, tag: str, text: str = "", /, **attributes: str) -> ET.Element:
    """Append an element; attributes keep their order, text and values are escaped by the writer."""
    child = ET.SubElement(parent, tag, {key: printable(value) for key, value in attributes.items()})
    if text:
        child.text = printable(text)
    return child


def document(root: ET.Element) -> str:
    """Write `root` as a QGIS document."""
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def key(*parts: str) -> str:
    """Return a key in braces that depends on `parts` alone."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, "gisheat/" + "/".join(parts))) + "}"


def text_literal(text: str) -> str:
    """Quote `text` as a string of a QGIS expression.

    >>> text_literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def column(name: str) -> str:
    """Quote `name` as a column of a QGIS expression."""
    return '"' + name.replace('"', '""') + '"'


def is_true(name: str) -> str:
    """Return an expression that holds where a column is true, however the file stores it."""
    return f"coalesce(lower(to_string({column(name)})),'') IN ('true','1')"


def millimetres_on_map() -> str:
    """Return an expression for the length of a line on the map [mm], long where the scale is not known."""
    return "length($geometry) * 1000 / coalesce(@map_scale, 1000)"


def options(parent: ET.Element, values: Mapping[str, str]) -> None:
    """Append the constant options of a symbol layer."""
    option_map = node(parent, "Option", type="Map")
    for name, value in values.items():
        node(option_map, "Option", name=name, type="QString", value=value)


def data_defined(parent: ET.Element, tag: str, expressions: Mapping[str, str]) -> None:
    """Append data-defined properties: option name -> expression."""
    collection = node(node(parent, tag), "Option", type="Map")
    node(collection, "Option", name="name", type="QString", value="")
    properties = node(collection, "Option", name="properties", type="Map")
    for name, expression in expressions.items():
        entry = node(properties, "Option", name=name, type="Map")
        node(entry, "Option", name="active", type="bool", value="true")
        node(entry, "Option", name="expression", type="QString", value=expression)
        node(entry, "Option", name="type", type="int", value="3")
    node(collection, "Option", name="type", type="QString", value="collection")


def symbol(parent: ET.Element, name: str, shape: str, layers: Sequence[SymbolLayer]) -> None:
    """Append a symbol of the given geometry with its layers, undermost first."""
    kind = _SYMBOL_TYPE.get(shape, shape)
    element = node(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")
    for index, layer in enumerate(layers):
        _symbol_layer(element, f"@{name}@{index}", layer)


def _symbol_layer(parent: ET.Element, name: str, layer: SymbolLayer) -> None:
    attributes = {"class": layer.kind, "enabled": "1", "locked": "0", "pass": str(layer.level)}
    element = ET.SubElement(parent, "layer", attributes)
    options(element, layer.options)
    if layer.expressions:
        data_defined(element, "data_defined_properties", layer.expressions)
    if layer.marker:
        symbol(element, name, "marker", layer.marker)
