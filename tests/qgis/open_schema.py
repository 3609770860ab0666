"""Open every layer of a schema in QGIS and tell as JSON what it found; for the Python that has PyQGIS.

Usage: open_schema.py HOST PORT DATABASE SCHEMA PICTURE.png [KEY]
"""

import json
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

SIZE = 1200, 900


def main():
    host, port, database, schema, picture = sys.argv[1:6]
    key = (*sys.argv[6:], "fid")[0]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ["XDG_RUNTIME_DIR"] = os.environ["QGIS_CUSTOM_CONFIG_PATH"] = folder
        os.environ["PGUSER"] = "postgres"  # addresses and projects name no user
        core = import_module("qgis.core")
        application = core.QgsApplication([], GUIenabled=True)
        application.initQgis()
        found = {"layers": {}, "project": {}}
        for name, geometry in tables(core, host, port, database, schema):
            uri = core.QgsDataSourceUri()
            uri.setConnection(host, port, database, "", "")
            uri.setDataSource(schema, name, geometry, "", key)
            layer = core.QgsVectorLayer(uri.uri(False), name, "postgres")
            found["layers"][name] = described(layer)
        project = core.QgsProject.instance()
        address = f"postgresql://{host}:{port}?sslmode=disable&dbname={database}&schema={schema}&project=gisheat"
        found["read"] = project.read(address)
        for layer in project.mapLayers().values():
            found["project"][layer.source().split('"."')[1].split('"')[0]] = described(layer)
        draw(core, project, picture)
        print(json.dumps(found, ensure_ascii=False), flush=True)
    os._exit(0)  # QGIS 3.22 may crash while it is taken down with layers open


def tables(core, host, port, database, schema):
    """Tables of a schema as the browser of QGIS lists them."""
    metadata = core.QgsProviderRegistry.instance().providerMetadata("postgres")
    connection = metadata.createConnection(f"dbname='{database}' host={host} port={port} user='postgres'", {})
    listed = connection.tables(schema)
    return [(t.tableName(), t.geometryColumn()) for t in listed if t.tableName() != "qgis_projects"]


def described(layer):
    renderer = layer.renderer() if layer.isSpatial() else None
    return {
        "valid": layer.isValid(), "features": layer.featureCount(), "crs": layer.crs().authid(),
        "renderer": renderer.type() if renderer else "", "legend": len(renderer.legendSymbolItems()) if renderer else 0,
        "aliases": sorted(filter(None, (layer.attributeAlias(i) for i in range(layer.fields().count()))))[:3],
        "styles": [*layer.listStylesInDatabase()[2]],
    }  # fmt: skip


def draw(core, project, picture):
    """A picture of the map, as it opens."""
    gui = import_module("qgis.PyQt.QtCore")
    settings = core.QgsMapSettings()
    settings.setLayers([layer for layer in project.layerTreeRoot().checkedLayers() if layer.isSpatial()])
    settings.setDestinationCrs(project.crs())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(gui.QSize(*SIZE))
    job = core.QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)


if __name__ == "__main__":
    main()
