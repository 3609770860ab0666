"""Open a result GeoPackage in QGIS and tell as JSON what it found; for the Python that has PyQGIS.

Usage: open_result.py FILE.gpkg PICTURE.png [--project NAME] [--size 1600x1200] [--extent XMIN,YMIN,XMAX,YMAX]
       [--style LAYER=STYLE ...] [--hide LAYER,LAYER ...] [--legend PICTURE.png]

It needs no display and does not touch the profile of the user.
"""

import argparse
import json
import os
import tempfile
from importlib import import_module
from pathlib import Path
from urllib.parse import quote


class Later:
    """A module imported at its first use, so that a Python without QGIS can import this file."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self._name), name)


qgis = Later("qgis.core")
qtcore = Later("qgis.PyQt.QtCore")
qtgui = Later("qgis.PyQt.QtGui")


def main():
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        _isolate(Path(folder))
        application = qgis.QgsApplication([], GUIenabled=True)
        application.initQgis()
        report = {"layers": _plain_layers(arguments.gpkg), "project": _project(arguments)}
        print(json.dumps(report, ensure_ascii=False, indent=1), flush=True)
    os._exit(0)  # QGIS 3.22 may crash while it is taken down with layers open


def _arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("gpkg", type=lambda text: Path(text).resolve())
    parser.add_argument("picture", type=lambda text: Path(text).resolve())
    parser.add_argument("--project", default="gisheat")
    parser.add_argument("--size", default="1600x1200")
    parser.add_argument("--extent", default="")
    parser.add_argument("--style", action="append", default=[])
    parser.add_argument("--hide", default="")
    parser.add_argument("--legend", type=lambda text: Path(text).resolve())
    return parser.parse_args()


def _isolate(folder):
    """Keep away from the display and from the profile of the user."""
    folder.chmod(0o700)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(folder)


def _plain_layers(gpkg):
    """Load every layer by itself, as a user does who drags it into QGIS."""
    whole = qgis.QgsVectorLayer(str(gpkg), "whole", "ogr")
    found = {}
    for part in whole.dataProvider().subLayers():
        name = part.split("!!::!!")[1]
        layer = qgis.QgsVectorLayer(f"{gpkg}|layername={name}", name, "ogr")
        related, _, styles, _, error = layer.listStylesInDatabase()
        found[name] = _layer(layer) | {"styles": styles[: max(related, 0)], "error": error}
    return found


def _layer(layer):
    """Describe what came with a layer."""
    renderer = layer.renderer()
    rules = []
    if isinstance(renderer, qgis.QgsRuleBasedRenderer):
        rules = [(rule.label(), rule.filterExpression()) for rule in renderer.rootRule().descendants()]
    filters = [text for _, text in rules if text not in ("", "ELSE")]
    return {
        "valid": layer.isValid(),
        "features": layer.featureCount(),
        "renderer": renderer.type() if renderer else "",
        "legend": [label for label, _ in rules],
        "broken": [text for text in (*filters, *_label_texts(layer)) if not _evaluates(text, layer)],
        "undrawn": _undrawn(layer),
        "labels": layer.labelsEnabled() and layer.labeling() is not None,
        "aliases": {f.name(): f.alias() for f in layer.fields() if f.alias()},
        "map_tip": _map_tip(layer),
        "form": [tab.name() for tab in layer.editFormConfig().tabs()],
        "crs": layer.crs().authid(),
        "scale_from": layer.minimumScale() if layer.hasScaleBasedVisibility() else 0,
    }


def _label_texts(layer):
    if layer.labeling() is None:
        return []
    settings = [layer.labeling().settings(provider) for provider in layer.labeling().subProviders()]
    return [item.fieldName for item in settings if item.fieldName]


def _expression_context(layer):
    scopes = qgis.QgsExpressionContextUtils.globalProjectLayerScopes(layer)
    context = qgis.QgsExpressionContext(scopes)
    context.lastScope().setVariable("map_scale", 1000.0)
    context.setFields(layer.fields())
    return context


def _evaluates(text, layer):
    """Tell whether an expression parses and runs on every feature."""
    expression = qgis.QgsExpression(text)
    context = _expression_context(layer)
    for feature in layer.getFeatures():
        context.setFeature(feature)
        expression.evaluate(context)
        if expression.hasEvalError():
            return False
    return not expression.hasParserError()


def _undrawn(layer):
    """Return the numbers of the features for which the renderer has no symbol."""
    if layer.renderer() is None:
        return []
    renderer = layer.renderer().clone()
    context = qgis.QgsRenderContext()
    context.setExpressionContext(_expression_context(layer))
    context.setRendererScale(1000)
    renderer.startRender(context, layer.fields())
    found = []
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        if not renderer.willRenderFeature(feature, context):
            found.append(feature.id())
    renderer.stopRender(context)
    return found


def _map_tip(layer):
    """Return the map tip of the first feature, its expressions filled in."""
    context = _expression_context(layer)
    for feature in layer.getFeatures():
        context.setFeature(feature)
        return qgis.QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)
    return ""


def _project(arguments):
    """Open the embedded project and draw it."""
    project = qgis.QgsProject.instance()
    read = project.read(f"geopackage:{quote(str(arguments.gpkg))}?projectName={quote(arguments.project)}")
    tree = project.layerTreeRoot()
    layers = {_table(layer): layer for layer in project.mapLayers().values()}
    for choice in arguments.style:
        name, _, style = choice.partition("=")
        layers[name].styleManager().setCurrentStyle(style)
    report = {
        "read": read,
        "error": project.error(),
        "title": project.title(),
        "crs": project.crs().authid(),
        "invalid": [layer.name() for layer in layers.values() if not layer.isValid()],
        "groups": {group.name(): [leaf.name() for leaf in group.findLayers()] for group in tree.children()},
        "collapsed": [leaf.name() for leaf in tree.findLayers() if not leaf.isExpanded()],
        "extent": [float(text) for text in _view(project).toString(3).replace(":", ",").split(",")],
        "layers": {name: _layer(layer) | _styles(layer) for name, layer in layers.items() if layer.isValid()},
    }
    hidden = set(filter(None, arguments.hide.split(",")))
    shown = [leaf for leaf in tree.checkedLayers() if leaf.isSpatial() and _table(leaf) not in hidden]
    report |= _draw(project, shown, arguments)
    if arguments.legend:
        _draw_legend(tree, arguments.legend)
    return report


def _styles(layer):
    manager = layer.styleManager()
    return {"styles": manager.styles(), "style": manager.currentStyle()}


def _table(layer):
    return layer.source().partition("|layername=")[2]


def _view(project):
    return qgis.QgsRectangle(project.viewSettings().defaultViewExtent())


def _draw(project, layers, arguments):
    """Draw the map as the canvas would."""
    settings = qgis.QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(project.crs())
    settings.setTransformContext(project.transformContext())
    settings.setLabelingEngineSettings(project.labelingEngineSettings())
    settings.setOutputSize(qtcore.QSize(*map(int, arguments.size.split("x"))))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(qtgui.QColor("white"))
    settings.setFlag(qgis.QgsMapSettings.Antialiasing)
    settings.setFlag(qgis.QgsMapSettings.DrawLabeling)
    given = [float(text) for text in arguments.extent.split(",") if text]
    settings.setExtent(qgis.QgsRectangle(*given) if given else _view(project))
    context = qgis.QgsExpressionContext()
    context.appendScope(qgis.QgsExpressionContextUtils.globalScope())
    context.appendScope(qgis.QgsExpressionContextUtils.projectScope(project))
    context.appendScope(qgis.QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = qgis.QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(arguments.picture))
    labels = [label.labelText for label in job.takeLabelingResults().allLabels()]
    return {"drawing_errors": [e.message for e in job.errors()], "scale": settings.scale(), "labels": labels}


def _draw_legend(tree, path):
    """Draw the legend as a print layout would."""
    model = qgis.QgsLayerTreeModel(tree)  # the renderer does not keep it alive
    renderer = qgis.QgsLegendRenderer(model, qgis.QgsLegendSettings())
    size = renderer.minimumSize()
    scale = 120 / 25.4
    pixels = qtcore.QSize(int(size.width() * scale) + 20, int(size.height() * scale) + 20)
    image = qtgui.QImage(pixels, qtgui.QImage.Format_ARGB32)
    image.fill(qtgui.QColor("white"))
    painter = qtgui.QPainter(image)
    painter.scale(scale, scale)
    context = qgis.QgsRenderContext.fromQPainter(painter)
    context.setScaleFactor(1)
    renderer.drawLegend(context)
    painter.end()
    image.save(str(path))


if __name__ == "__main__":
    main()
