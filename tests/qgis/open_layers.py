"""Open layers of a GeoPackage in QGIS as a user drags them in, draw them, and tell as JSON what came with them.

Usage: open_layers.py FILE.gpkg PICTURE.png LAYER ...    It needs no display and no profile of a user.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from open_result import _isolate, _layer, qgis, qtcore, qtgui


def main():
    gpkg, picture, *wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        _isolate(Path(folder))
        application = qgis.QgsApplication([], GUIenabled=True)
        application.initQgis()
        layers = {name: opened(gpkg, name) for name in wanted}
        draw(list(layers.values()), picture)
        print(json.dumps({name: told(layer) for name, layer in layers.items()}, ensure_ascii=False), flush=True)
    os._exit(0)


def opened(gpkg, name):
    return qgis.QgsVectorLayer(f"{gpkg}|layername={name}", name, "ogr")


def told(layer):
    _, _, styles, _, _ = layer.listStylesInDatabase()
    fields = [field.name() for field in layer.fields()]
    ids = sorted(feature.id() for feature in layer.getFeatures())
    return _layer(layer) | {"styles": styles, "fields": fields, "ids": ids}


def draw(layers, picture):
    settings = qgis.QgsMapSettings()
    settings.setLayers(layers[::-1])
    settings.setOutputSize(qtcore.QSize(1400, 1000))
    settings.setDestinationCrs(layers[0].crs())
    extent = layers[0].extent()
    for layer in layers[1:]:
        extent.combineExtentWith(layer.extent())
    extent.scale(1.1)
    settings.setExtent(extent)
    settings.setBackgroundColor(qtgui.QColor("white"))
    job = qgis.QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)


if __name__ == "__main__":
    main()
