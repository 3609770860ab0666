"""The QGIS project embedded in the GeoPackage, as the XML of a .qgs file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from gisheat.schema import LAYER_LABEL, Language
from gisheat.styles.definitions import MAP_LAYERS, TABLES
from gisheat.styles.markup import document, node
from gisheat.styles.model import Context, Style, Text
from gisheat.styles.qml import QGIS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT_NAME = "gisheat"
_TABLES_GROUP = Text("Tables", "表格")
_COLLAPSED = ("nodes", "valves", "streets", "areas", "buildings", *TABLES)
_WKB = {"Point": "Point", "Line": "LineString", "Polygon": "Polygon", "Table": "NoGeometry"}
_GEOMETRY = {"Point": "Point", "Line": "Line", "Polygon": "Polygon", "Table": "No geometry"}


@dataclass(frozen=True)
class Setting:
    """What a project shows: title, language, file name of the GeoPackage, CRS and first extent."""

    title: str
    language: Language
    file_name: str
    crs_wkt: str
    crs_authid: str
    extent: tuple[float, float, float, float] | None


def project(
    setting: Setting,
    contexts: Mapping[str, Context],
    styles: Mapping[str, Sequence[Style]],
    drawn: Mapping[str, Sequence[ET.Element]],
) -> str:
    """Return the project.

    `styles` gives the named styles of each layer, the default one first, `drawn` their elements as of `style_elements`.
    """
    root = ET.Element("qgis", version=QGIS_VERSION, projectname=setting.title)
    node(root, "title", setting.title)
    _crs(node(root, "projectCrs"), setting.crs_wkt, setting.crs_authid)
    _tree(root, setting, contexts)
    _canvas(root, setting)
    layers = node(root, "projectlayers")
    order = node(root, "layerorder")
    for name in _present(contexts, (*MAP_LAYERS, *TABLES)):
        _map_layer(layers, setting, contexts[name], styles.get(name, ()), drawn[name])
        node(order, "layer", id=layer_id(name))
    _properties(root, setting)
    return document(root)


def layer_id(name: str) -> str:
    """Return the id of a layer: longer than ten characters, or QGIS makes up its own."""
    return f"{name}_{str(uuid.uuid5(uuid.NAMESPACE_URL, f'gisheat/{name}')).replace('-', '_')}"


def _present(contexts: Mapping[str, Context], names: Sequence[str]) -> list[str]:
    return [name for name in names if name in contexts]


def _source(setting: Setting, name: str) -> str:
    """Return the data source, relative to the folder of the GeoPackage, which has to be named in it."""
    return f"./{setting.file_name}|layername={name}"


def _crs(parent: ET.Element, wkt: str, authid: str) -> None:
    system = node(parent, "spatialrefsys")
    node(system, "wkt", wkt)
    node(system, "authid", authid)


def _tree(root: ET.Element, setting: Setting, contexts: Mapping[str, Context]) -> None:
    tree = node(root, "layer-tree-group")
    groups = (
        (f"gisheat: {setting.title}", _present(contexts, MAP_LAYERS), "1"),
        (_TABLES_GROUP.get(setting.language), _present(contexts, TABLES), "0"),
    )
    for title, names, expanded in groups:
        if not names:
            continue
        group = node(tree, "layer-tree-group", name=title, checked="Qt::Checked", expanded=expanded)
        for name in names:
            node(group, "layer-tree-layer", id=layer_id(name), name=LAYER_LABEL[setting.language][name],
                 source=_source(setting, name), providerKey="ogr", checked="Qt::Checked",
                 expanded="0" if name in _COLLAPSED else "1")  # fmt: skip
    node(tree, "custom-order", enabled="0")


def _canvas(root: ET.Element, setting: Setting) -> None:
    canvas = node(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    node(canvas, "units", "meters")
    if setting.extent:
        _extent(node(canvas, "extent"), setting.extent)
    node(canvas, "rotation", "0")
    _crs(node(canvas, "destinationsrs"), setting.crs_wkt, setting.crs_authid)
    node(canvas, "rendermaptile", "0")
    if setting.extent:
        view = node(root, "ProjectViewSettings", UseProjectScales="0", rotation="0")
        box = dict(zip(("xmin", "ymin", "xmax", "ymax"), map(_number, setting.extent), strict=True))
        _crs(node(view, "DefaultViewExtent", **box), setting.crs_wkt, setting.crs_authid)


def _extent(parent: ET.Element, extent: tuple[float, float, float, float]) -> None:
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        node(parent, tag, _number(value))


def _number(value: float) -> str:
    return f"{value:.6f}"


def _map_layer(
    parent: ET.Element, setting: Setting, context: Context, styles: Sequence[Style], drawn: Sequence[ET.Element]
) -> None:
    shape = context.info.shape
    layer = node(parent, "maplayer", type="vector", geometry=_GEOMETRY[shape], wkbType=_WKB[shape],
                 autoRefreshEnabled="0", **drawn[0].attrib)  # fmt: skip
    node(layer, "id", layer_id(context.layer))
    node(layer, "datasource", _source(setting, context.layer))
    node(layer, "layername", LAYER_LABEL[setting.language][context.layer])
    if shape != "Table":
        _crs(node(layer, "srs"), context.info.crs_wkt, context.info.crs_authid)
    node(layer, "provider", "ogr", encoding="UTF-8")
    if styles:
        _style_manager(layer, [style.name.get(context.language) for style in styles], drawn)
    layer.extend(drawn[0])


def _style_manager(layer: ET.Element, names: Sequence[str], drawn: Sequence[ET.Element]) -> None:
    """List the named styles; the current one stands in the layer itself and is empty here."""
    manager = node(layer, "map-layer-style-manager", current=names[0])
    for index, name in enumerate(names):
        entry = node(manager, "map-layer-style", name=name)
        if index > 0:
            entry.append(drawn[index])


def _properties(root: ET.Element, setting: Setting) -> None:
    properties = node(root, "properties")
    node(node(properties, "Paths"), "Absolute", "false", type="bool")
    node(node(properties, "SpatialRefSys"), "ProjectionsEnabled", "1", type="int")
    gui = node(properties, "Gui")
    for tag in ("CanvasColorRedPart", "CanvasColorGreenPart", "CanvasColorBluePart"):
        node(gui, tag, "255", type="int")
    measure = node(properties, "Measurement")
    node(measure, "DistanceUnits", "meters", type="QString")
    node(measure, "AreaUnits", "m2", type="QString")
    labels = node(properties, "PAL")
    node(labels, "PlacementEngineVersion", "1", type="int")
    node(labels, "ShowingPartialsLabels", "false", type="bool")
    metadata = node(root, "projectMetadata")
    node(metadata, "title", setting.title)
