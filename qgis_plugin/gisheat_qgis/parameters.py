"""Parameters of an operation as parameters of Processing, and their values back."""

from qgis.core import (
    QgsProcessing,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .texts import tr

GEOMETRY = {
    "line": QgsProcessing.SourceType.TypeVectorLine,
    "point": QgsProcessing.SourceType.TypeVectorPoint,
    "polygon": QgsProcessing.SourceType.TypeVectorPolygon,
    "none": QgsProcessing.SourceType.TypeVector,
}
FILTERS = {
    ".gpkg": "GeoPackage (*.gpkg)",
    ".toml": "gisheat project (*.toml)",
    ".inp": "EPANET (*.inp)",
    ".csv": "CSV (*.csv)",
    ".xlsx": "Excel (*.xlsx);;CSV (*.csv)",
    ".png": "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)",
}
INPUTS = {
    ".gpkg": "gisheat project or layers (*.toml *.gpkg);;All files (*)",
    ".inp": "EPANET (*.inp);;All files (*)",
    ".epw": "EPW or CSV (*.epw *.csv);;All files (*)",
}


def label(parameter):
    """What stands above a parameter in the dialog: its help, unit and default."""
    facts = [parameter.unit] if parameter.unit else []
    default = parameter.default
    if default is not None and default is not False and parameter.kind != "boolean":
        shown = f"{default:g}" if isinstance(default, (int, float)) else str(default)
        facts.append(tr("else {}").format(shown))
    text = tr(parameter.help).rstrip("。.")
    return f"{text} [{'; '.join(facts)}]" if facts else text


def definition(parameter, *, required):
    """Parameter of Processing; those without a value are left to the project file and gisheat's defaults."""
    made = _made(parameter, label(parameter), not required)
    if parameter.advanced:
        made.setFlags(made.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    made.setHelp(tr(parameter.help))
    return made


def _made(parameter, text, optional):
    name, kind = parameter.name, parameter.kind
    if kind == "layer":
        if parameter.geometry == "raster":
            return QgsProcessingParameterRasterLayer(name, text, None, optional)
        return QgsProcessingParameterFeatureSource(name, text, [GEOMETRY[parameter.geometry]], None, optional)
    if kind in ("input", "file"):
        files = INPUTS.get(parameter.suffix, f"*{parameter.suffix}")
        behavior = QgsProcessingParameterFile.Behavior.File
        return QgsProcessingParameterFile(name, text, behavior, "", None, optional, files)
    if kind == "output":
        files = FILTERS.get(parameter.suffix, f"*{parameter.suffix}")
        made = QgsProcessingParameterFileDestination(name, text, files, None, optional)
        made.setCreateByDefault(not optional)
        return made
    if kind == "folder":
        made = QgsProcessingParameterFolderDestination(name, text, None, optional)
        made.setCreateByDefault(False)
        return made
    if kind == "choice":
        return QgsProcessingParameterEnum(name, text, list(parameter.choices), False, None, optional, True)
    if kind == "boolean":
        return QgsProcessingParameterBoolean(name, text, False, optional)
    if kind in ("number", "integer"):
        types = QgsProcessingParameterNumber.Type
        made = QgsProcessingParameterNumber(
            name, text, types.Double if kind == "number" else types.Integer, None, optional
        )
        if parameter.minimum is not None:
            made.setMinimum(parameter.minimum)
        if parameter.maximum is not None:
            made.setMaximum(parameter.maximum)
        return made
    return QgsProcessingParameterString(name, text, None, False, optional)


def value(algorithm, parameter, values, context):
    """Value of a parameter that is no layer, None when it was not given."""
    name, kind = parameter.name, parameter.kind
    if values.get(name) in (None, "") and not (kind in ("output", "folder") and name in values):
        return None
    if kind in ("output", "folder"):
        return algorithm.parameterAsFileOutput(values, name, context) or None
    if kind in ("input", "file"):
        return algorithm.parameterAsFile(values, name, context) or None
    if kind == "choice":
        return algorithm.parameterAsEnumString(values, name, context) or None
    if kind == "boolean":
        return algorithm.parameterAsBoolean(values, name, context)
    if kind == "number":
        return algorithm.parameterAsDouble(values, name, context)
    if kind == "integer":
        return algorithm.parameterAsInt(values, name, context)
    return algorithm.parameterAsString(values, name, context) or None
