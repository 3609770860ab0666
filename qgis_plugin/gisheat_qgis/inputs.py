"""Layers of QGIS as files that gisheat reads: as they lie there, or copied where selection, filter or edits matter."""

import json
from pathlib import Path

from qgis.core import (
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProviderRegistry,
    QgsVectorFileWriter,
)
from qgis.PyQt.QtCore import QVariant

from .texts import tr


def as_file(algorithm, parameter, values, context, folder):
    """FILE or FILE|layername of a layer that was given, None when it was not.

    Raises
    ------
    QgsProcessingException
        If the layer can't be read or copied.
    """
    name = parameter.name
    if not values.get(name):
        return None
    if parameter.geometry == "raster":
        raster = algorithm.parameterAsRasterLayer(values, name, context)
        if raster is None:
            raise QgsProcessingException(tr("The layer for {} can't be read.").format(name))
        return raster.source()
    layer = algorithm.parameterAsVectorLayer(values, name, context)
    source = algorithm.parameterAsSource(values, name, context)
    if source is None:
        raise QgsProcessingException(tr("The layer for {} can't be read.").format(name))
    path = None if layer is None or is_part(values[name]) else path_of(layer)
    return path or copied(source, name, Path(folder))


def is_part(value):
    """Whether only some features of a layer are wanted."""
    if not isinstance(value, QgsProcessingFeatureSourceDefinition):
        return False
    limited = getattr(value, "featureLimit", -1)
    return value.selectedFeaturesOnly or limited > 0 or bool(getattr(value, "filterExpression", ""))


def path_of(layer):
    """FILE|layername of a layer that lies in a file just as QGIS shows it, None for others."""
    if (
        layer.providerType() != "ogr"
        or layer.subsetString()
        or layer.isModified()
        or layer.joinBuffer().containsJoins()
    ):
        return None
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    file, name = parts.get("path", ""), parts.get("layerName") or ""
    is_geodatabase = Path(file).is_dir() and file.lower().endswith(".gdb")
    if not (Path(file).is_file() or is_geodatabase) or "|" in file or parts.get("layerId") is not None:
        return None
    return f"{file}|{name}" if name else file


def copied(source, name, folder):
    """Copy what a source gives to a GeoPackage; the feature ids stay, so that what is said leads back to the layer."""
    fields = QgsFields()
    own = source.fields()
    if own.lookupField("fid") < 0:
        fields.append(QgsField("fid", QVariant.LongLong))
    for field in own:
        fields.append(field)
    shift = fields.count() - own.count()
    file = folder / f"{name}.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName, options.fileEncoding = "GPKG", name, "UTF-8"
    writer = QgsVectorFileWriter.create(
        str(file), fields, source.wkbType(), source.sourceCrs(), QgsCoordinateTransformContext(), options
    )
    if writer.hasError():
        raise QgsProcessingException(tr("The layer {0} can't be copied: {1}.").format(name, writer.errorMessage()))
    for feature in source.getFeatures():
        row = QgsFeature(fields)
        row.setGeometry(feature.geometry())
        row.setAttributes([feature.id(), *feature.attributes()] if shift else feature.attributes())
        if not writer.addFeature(row, QgsFeatureSink.Flag.FastInsert):
            raise QgsProcessingException(tr("The layer {0} can't be copied: {1}.").format(name, writer.errorMessage()))
    del writer
    return f"{file}|{name}"


def project_file(folder, title):
    """A project file that says nothing but a name, for layers that are all given."""
    file = Path(folder) / "project.toml"
    file.write_text(f"name = {json.dumps(title, ensure_ascii=False)}\n", "utf-8")
    return str(file)
