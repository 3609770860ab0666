"""What can be done with a feature of a result in QGIS: on the map, in its form, in the attribute table.

An action is Python that QGIS runs. Of the data nothing but the feature's number stands in it: text from data is never
script. What it needs else it asks QGIS for; the plugin need not be there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gisheat.styles.markup import key, node
from gisheat.styles.model import Context, Text

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from gisheat.schema import Language

_PYTHON = "1"
"""Number of this kind of action in QGIS."""
_SCOPES = ("Feature", "Canvas")


@dataclass(frozen=True)
class _Action:
    """An action: its name, what stands on its button, the column it needs, its code and the sentence in that."""

    name: Text
    button: Text
    needs: str
    code: str
    sentence: Text


_BEGIN = """
from qgis.core import QgsExpression, QgsProject
from qgis.utils import iface, plugins
layer = QgsProject.instance().mapLayer('[% @layer_id %]')
feature = layer.getFeature([% $id %])
file = layer.source().partition('|')[0]
sentence = SENTENCE
"""
# What the result has made of the feature that the finding is about is selected: the lineage tells.
_ZOOM = """
layers = {x.source(): x for x in QgsProject.instance().mapLayers().values()}
quoted = QgsExpression.quotedString(str(feature['layer'])), QgsExpression.quotedValue(feature['source_fid'])
lineage = layers.get(file + '|layername=lineage')
made = {}
for row in lineage.getFeatures('"source_layer" = {} AND "source_fid" = {}'.format(*quoted)) if lineage else ():
    made.setdefault(row['result_layer'], []).append(QgsExpression.quotedString(str(row['result_id'])))
for name, ids in made.items():
    other = layers.get(file + '|layername=' + str(name))
    if other is not None:
        other.selectByExpression('"{}_id" IN ({})'.format(name[:-1], ', '.join(ids)))
if feature.hasGeometry():
    iface.mapCanvas().zoomToFeatureIds(layer, [feature.id()])
    iface.mapCanvas().flashFeatureIds(layer, [feature.id()])
else:
    iface.messageBar().pushInfo('gisheat', sentence)
"""
_DIAGRAM = """
import os
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
desk = getattr(plugins.get('gisheat_qgis'), 'desk', None)
name = os.path.basename('{}-{}.png'.format(os.path.splitext(file)[0], feature['station_id']))
picture = os.path.join(os.path.dirname(file), name)
if desk is not None:
    desk.path_tool.show_station(layer, feature)
elif os.path.isfile(picture):
    QDesktopServices.openUrl(QUrl.fromLocalFile(picture))
else:
    iface.messageBar().pushInfo('gisheat', sentence.format(name))
"""
ACTIONS: dict[str, _Action] = {
    "findings": _Action(
        Text("Zoom to the place of the finding", "缩放至问题所在位置"),
        Text("Zoom", "缩放"),
        "source_fid",
        _ZOOM,
        Text("This finding is about a whole layer: it has no place.", "该问题针对整个图层，没有具体位置。"),
    ),
    "stations": _Action(
        Text("Pressure diagram of the station", "热力站水压图"),
        Text("Diagram", "水压图"),
        "station_id",
        _DIAGRAM,
        Text(
            "There is no {} beside the result: install the plugin gisheat, or make it with gisheat profile.",
            "结果文件旁没有 {}：请安装 gisheat 插件，或用 gisheat profile 命令生成。",
        ),
    ),
}

_WIDTHS = {
    "findings": {
        "title": 170, "severity": 70, "layer": 80, "source_fid": 70, "message": 430, "advice": 430, "distance_m": 90,
        "repair": 180, "applied": 70, "rule": 130, "other_fid": 0,
    }
}  # fmt: skip
"""Columns of the attribute table in their order with their width [px], hidden where that is 0; others follow."""


def code(layer: str, language: Language) -> str:
    """Return what QGIS runs for a feature of a layer."""
    action = ACTIONS[layer]
    said = (_BEGIN + action.code.removeprefix("\n")).strip()
    return said.replace("SENTENCE", repr(action.sentence.get(language)))


def append_actions(parent: ET.Element, context: Context) -> None:
    """Append the action of a layer, and its button in the attribute table, to a style document."""
    action = ACTIONS.get(context.layer)
    if action is None or action.needs not in context.info.fields:
        return
    own = key(context.layer, "action")
    element = node(parent, "attributeactions")
    node(element, "defaultAction", key="Canvas", value=own)
    setting = node(
        element, "actionsetting", id=own, type=_PYTHON, name=action.name.get(context.language),
        shortTitle=action.button.get(context.language), action=code(context.layer, context.language), icon="",
        capture="0", notificationMessage="", isEnabledOnlyWhenEditable="0",
    )  # fmt: skip
    for scope in _SCOPES:
        node(setting, "actionScope", id=scope)
    table = node(parent, "attributetableconfig", actionWidgetStyle="buttonList", sortExpression="", sortOrder="0")
    columns = node(table, "columns")
    node(columns, "column", type="actions", hidden="0", width="90")
    for name, width in _WIDTHS.get(context.layer, {}).items():
        node(columns, "column", type="field", name=name, hidden="0" if width else "1", width=str(width))
