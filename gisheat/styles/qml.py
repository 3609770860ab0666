"""A whole style document (QML) of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from gisheat.styles.actions import append_actions
from gisheat.styles.forms import append_forms
from gisheat.styles.labels import labeling
from gisheat.styles.markup import node
from gisheat.styles.renderers import renderer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gisheat.styles.model import Context, Style

QGIS_VERSION = "3.22.0"
_GEOMETRY_TYPE = {"Point": "0", "Line": "1", "Polygon": "2", "Table": "4"}
# Layers that only show from a scale on.
_MAX_SCALE = {"nodes": 6000, "valves": 10000}


def style_elements(styles: Sequence[Style], context: Context) -> list[ET.Element]:
    """Return the element `qgis` of each style of a layer; without styles one that only holds the words."""
    return [_style_element(style, context) for style in styles or (None,)]


def _style_element(style: Style | None, context: Context) -> ET.Element:
    root = ET.Element("qgis", _style_attributes(style, context))
    _append_style(root, style, context)
    return root


def _style_attributes(style: Style | None, context: Context) -> dict[str, str]:
    """Return what stands in the root of a style document, and in `maplayer` of a project."""
    scale = _MAX_SCALE.get(context.layer, 0)
    return {
        "version": QGIS_VERSION,
        "styleCategories": "AllStyleCategories",
        "labelsEnabled": "1" if style and style.label else "0",
        "hasScaleBasedVisibilityFlag": "1" if scale else "0",
        "minScale": str(scale or 100000000),
        "maxScale": "0",
        "simplifyDrawingHints": "1" if context.info.shape in ("Line", "Polygon") else "0",
        "simplifyDrawingTol": "1",
        "simplifyAlgorithm": "0",
        "simplifyLocal": "1",
        "simplifyMaxScale": "1",
        "readOnly": "0",
    }


def _append_style(root: ET.Element, style: Style | None, context: Context) -> None:
    """Append renderer, labels, aliases, form, map tip and actions."""
    if style:
        root.append(renderer(style, context))
        labels = labeling(style, context)
        if labels is not None:
            root.append(labels)
        for tag, text in (("blendMode", "0"), ("featureBlendMode", "0"), ("layerOpacity", "1")):
            node(root, tag, text)
    append_forms(root, context)
    append_actions(root, context)
    node(root, "layerGeometryType", _GEOMETRY_TYPE[context.info.shape])
