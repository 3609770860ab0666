"""One class for all operations of gisheat: a tool of Processing that runs gisheat in its own process."""

import shutil
from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsProject,
)
from qgis.PyQt.QtGui import QIcon

from . import inputs, parameters, process, profile, results
from .definitions import FOLDER, arguments, homepage
from .feedback import listener_of
from .language import in_chinese
from .run_log import open_log
from .texts import tr

LOAD = "load_result"
RESULT_LAYERS = {
    "pipes": QgsProcessing.SourceType.TypeVectorLine,
    "stations": QgsProcessing.SourceType.TypeVectorPoint,
    "sources": QgsProcessing.SourceType.TypeVectorPoint,
    "nodes": QgsProcessing.SourceType.TypeVectorPoint,
    "findings": QgsProcessing.SourceType.TypeVectorPoint,
}


class OperationAlgorithm(QgsProcessingAlgorithm):
    """An operation of gisheat."""

    def __init__(self, operation, definitions):
        super().__init__()
        self.operation = operation
        self.definitions = definitions
        self.written = None
        self.loads = False
        self.files = []

    # what the toolbox shows

    def createInstance(self):
        return OperationAlgorithm(self.operation, self.definitions)

    def name(self):
        return self.operation.name

    def displayName(self):
        return f"{self.operation.verb}: {tr(self.operation.title)}"  # the toolbox is narrow

    def group(self):
        return tr(self.operation.group)

    def groupId(self):
        return self.operation.group.split()[0]

    def tags(self):
        return [self.operation.verb, "gisheat", tr("district heating"), tr("pipes"), tr("network")]

    def icon(self):
        own = FOLDER / "icons" / f"{self.operation.name}.svg"
        return QIcon(str(own if own.exists() else FOLDER / "icons" / "gisheat.svg"))

    def shortHelpString(self):
        said = f"<p>{tr(self.operation.help)}</p>"  # the title stands above
        rows = "".join(f"<p><b>{p.name}</b><br>{tr(p.help)}</p>" for p in self.operation.parameters if not p.advanced)
        return said + rows

    def shortDescription(self):
        return tr(self.operation.title)

    def helpUrl(self):
        return homepage()

    # parameters

    def initAlgorithm(self, configuration=None):
        operation = self.operation
        layers = operation.layers()
        for parameter in operation.parameters:
            # layers alone make a network as well
            required = parameter.required and not (parameter.kind == "input" and layers)
            self.addParameter(parameters.definition(parameter, required=required))
        if operation.name == "explain":
            self.addOutput(QgsProcessingOutputString("text", tr("Explanation")))
        if operation.result() is None:
            return
        load = QgsProcessingParameterBoolean(LOAD, tr("Add the result to the map as a group"), True, True)
        load.setFlags(load.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(load)
        for name, kind in RESULT_LAYERS.items():
            label = self.definitions.layers["zh" if in_chinese() else "en"].get(name, name)
            self.addOutput(QgsProcessingOutputVectorLayer(f"result_{name}", label, kind))
        self.addOutput(QgsProcessingOutputNumber("errors", tr("Findings of severity error")))
        self.addOutput(QgsProcessingOutputNumber("warnings", tr("Findings of severity warning")))

    def checkParameterValues(self, values, context):
        operation = self.operation
        needed = operation.input()
        layers = operation.layers()
        if needed and layers and not values.get(needed.name) and not any(values.get(p.name) for p in layers):
            return False, tr("Name a project file, or give layers.")
        return super().checkParameterValues(values, context)

    def canExecute(self):
        state = profile.status(self.definitions.version)
        return state.ready, "" if state.ready else state.sentence

    # running

    def processAlgorithm(self, values, context, feedback):
        state = profile.status(self.definitions.version)
        if not state.ready:
            raise QgsProcessingException(state.sentence)
        folder = Path(QgsProcessingUtils.generateTempFilename("gisheat"))
        folder.mkdir(parents=True)
        try:
            given = self._given(values, context, folder)
            said = self._run(state.python, given, feedback, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return self._told(said, given, values, context, feedback)

    def _given(self, values, context, folder):
        """Values for the command line."""
        operation = self.operation
        given = {}
        for parameter in operation.parameters:
            if parameter.kind == "layer":
                given[parameter.name] = inputs.as_file(self, parameter, values, context, folder)
            else:
                given[parameter.name] = parameters.value(self, parameter, values, context)
        needed = operation.input()
        if needed and not given[needed.name]:
            project = context.project()
            title = (project.title() or project.baseName()) if project else ""
            given[needed.name] = inputs.project_file(folder, title or "gisheat")
        if "language" in given and not given["language"] and in_chinese():
            given["language"] = "zh"
        return given

    def _run(self, python, given, feedback, folder):
        log = open_log(profile.folder())
        line = arguments(self.operation, given)
        shown = process.without_password(" ".join(line))
        feedback.pushCommandInfo("gisheat " + shown)
        log.info("gisheat %s with %s", shown, python)
        listener = listener_of(feedback, log)
        try:
            written = [value for value in self._written(given).values() if not process.is_address(value)]
            outputs = tuple(Path(value).absolute() for value in written)
            said = process.run(python, line, listener, self.definitions.version, folder, outputs)
        except (process.Failed, process.Cancelled) as error:
            log.info("ended: %s", error)
            raise QgsProcessingException(str(error)) from error
        log.info("done in %s s, exit code %s", said.get("seconds"), said.get("exit_code"))
        return said

    def _written(self, given):
        """Files and folders that are written, by parameter."""
        names = [p.name for p in self.operation.parameters if p.kind in ("output", "folder")]
        return {name: given[name] for name in names if given[name]}

    def _told(self, said, given, values, context, feedback):
        """Outputs of the tool; what is to be loaded is remembered for the main thread."""
        found = said.get("findings", {})
        outputs = self._written(given)
        for file in said.get("files", ()):
            feedback.pushInfo(tr("Written: {}", file))
        files = [Path(file) for file in said.get("files", ()) if not process.is_address(file)]
        own = {Path(value) for value in outputs.values()}  # Processing itself lists those that are HTML
        self.files = [f for f in files if f.suffix != ".gpkg" and not (f.suffix == ".html" and f in own)]
        if said.get("text"):
            outputs["text"] = said["text"]
            feedback.pushInfo(said["text"])
        if self.operation.result() is None or not given.get("output"):
            return outputs
        outputs["errors"], outputs["warnings"] = found.get("error", 0), found.get("warning", 0)
        if process.is_address(given["output"]):  # its layers and project are opened from the browser of QGIS
            outputs["output"] = process.without_password(given["output"])
            return outputs
        for name in results.tables(given["output"]) & RESULT_LAYERS.keys():
            outputs[f"result_{name}"] = results.address(given["output"], name)
        self.written = given["output"]
        self.loads = self.parameterAsBoolean(values, LOAD, context) and context.project() is not None
        return outputs

    def postProcessAlgorithm(self, context, feedback):
        results.announce(self.displayName(), self.icon(), self.files)
        if self.loads and context.project() is QgsProject.instance():
            group = results.add_group(self.written, f"{Path(self.written).stem} ({self.operation.verb})")
            if group is None:
                feedback.pushWarning(tr("The result can't be added to the map; drag it there from the browser."))
        return {}
