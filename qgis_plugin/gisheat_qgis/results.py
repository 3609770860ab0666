"""Results in QGIS: the project inside a result becomes a group of the project that is open, styles and all."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from qgis import utils
from qgis.core import QgsCoordinateTransform, QgsLayerDefinition, QgsLayerTree, QgsProject, QgsReadWriteContext
from qgis.PyQt.QtXml import QDomDocument

EMBEDDED = "gisheat"
"""Name of the project in a result."""


def address(file, layer):
    """What QGIS calls a layer of a file."""
    return f"{file}|layername={layer}"


def tables(file):
    """Names of the layers and tables of a result."""
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents")}


def add_group(file, name):
    """Add the layers of a result, grouped and styled as its own project has them; the group, None when it has none."""
    inner = QgsProject()
    if not inner.read(f"geopackage:{quote(Path(file).as_posix())}?projectName={EMBEDDED}"):
        return None
    parts = inner.layerTreeRoot().children()
    if parts and QgsLayerTree.isGroup(parts[0]):  # the layers themselves, and the group of tables
        parts = parts[0].children() + parts[1:]
    document = QDomDocument("qgis-layer-definition")
    made, _ = QgsLayerDefinition.exportLayerDefinition(document, parts, QgsReadWriteContext())
    if not made:
        return None
    project = QgsProject.instance()
    group = project.layerTreeRoot().insertGroup(0, name)
    QgsLayerDefinition.loadLayerDefinition(document, project, group, QgsReadWriteContext())
    if not group.findLayers():
        project.layerTreeRoot().removeChildNode(group)
        return None
    return group


def announce(name, icon, files):
    """List files in QGIS's results viewer, where a click opens them."""
    if utils.iface is None:  # no window
        return
    from processing.core.ProcessingResults import resultsList

    for file in files:
        if file.exists():
            resultsList.addResult(icon, f"{name}: {file.name}", time.localtime(), str(file))


def extent(group):
    """Where the layers of a group lie that have a place, in the CRS of the first of them."""
    found = None
    for leaf in group.findLayers():
        layer = leaf.layer()
        if layer is None or not layer.isSpatial() or layer.featureCount() == 0:
            continue
        if found is None:
            found, crs = layer.extent(), layer.crs()
        elif layer.crs() == crs:
            found.combineExtentWith(layer.extent())
    return None if found is None else (found, crs)


def zoom(canvas, group):
    """Show a group on the map."""
    found = extent(group)
    if found is None:
        return
    box, crs = found
    to_map = QgsCoordinateTransform(crs, canvas.mapSettings().destinationCrs(), QgsProject.instance())
    shown = to_map.transformBoundingBox(box)
    shown.scale(1.05)
    canvas.setExtent(shown)
    canvas.refresh()
