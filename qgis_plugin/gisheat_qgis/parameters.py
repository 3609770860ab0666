"""Parameters of an operation as parameters of Processing, and their values back."""

import re
from unicodedata import east_asian_width

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
WIDEST = 66
"""Letters in a label."""
FILES = {
    ".gpkg": "GeoPackage",
    ".toml": "gisheat project",
    ".inp": "EPANET",
    ".xlsx": "Excel",
    ".dxf": "AutoCAD DXF",
}
"""What kinds of files are called; others by their ending."""


def files(parameter):
    """Filter of a dialog for files that a parameter may name, the usual kind first."""
    kinds = parameter.suffixes or (parameter.suffix,)
    shown = [f"{FILES.get(kind, kind[1:].upper())} (*{kind})" for kind in kinds if kind]
    if parameter.kind in ("input", "file"):
        together = [f"{', '.join(FILES.get(k, k[1:].upper()) for k in kinds)} ({' '.join('*' + k for k in kinds)})"]
        shown = [*(together if len(kinds) > 1 else shown), tr("All files") + " (*)"]
    return ";;".join(shown)


def label(parameter):
    """What stands above a parameter in the dialog: the beginning of its help, unit and default."""
    facts = [parameter.unit] if parameter.unit else []
    default = parameter.default
    if default is not None and default is not False and parameter.kind != "boolean":
        shown = f"{default:g}" if isinstance(default, (int, float)) else str(default)
        facts.append(tr("else {}").format(shown))
    text = beginning(tr(parameter.help).rstrip("。."))
    return f"{text} [{'; '.join(facts)}]" if facts else text


def beginning(text):
    """As many clauses of a text as a dialog has room for, one at least; the tool tip and the help have all."""
    clauses = re.split(r"(?<=[,;:])(?= )|(?<=[，；：])", text)
    taken = clauses[0]
    for clause in clauses[1:]:
        if width(taken + clause) > WIDEST:
            return taken.rstrip(",;:，；：")
        taken += clause
    return taken


def width(text):
    """Room that a text takes; a Chinese character takes that of two letters."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


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
        behavior = QgsProcessingParameterFile.Behavior.File
        return QgsProcessingParameterFile(name, text, behavior, "", None, optional, files(parameter))
    if kind == "output":
        made = QgsProcessingParameterFileDestination(name, text, files(parameter), None, optional)
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
