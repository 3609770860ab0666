"""The tool that makes, checks, upgrades and removes the environment that gisheat runs in."""

from pathlib import Path

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
)
from qgis.PyQt.QtGui import QIcon

from . import environment, process, profile
from .definitions import FOLDER
from .feedback import listener_of
from .run_log import open_log
from .texts import tr

ACTIONS = ("make", "check", "remove")


class EnvironmentAlgorithm(QgsProcessingAlgorithm):
    """Make, check or remove the environment."""

    def __init__(self, definitions):
        super().__init__()
        self.definitions = definitions

    def createInstance(self):
        return EnvironmentAlgorithm(self.definitions)

    def name(self):
        return "environment"

    def displayName(self):
        return tr("Environment: make, check, upgrade or remove it")

    def group(self):
        return tr("0 Set up")

    def groupId(self):
        return "0"

    def tags(self):
        return ["gisheat", "python", "pip", "install", tr("environment")]

    def icon(self):
        return QIcon(str(FOLDER / "icons" / "environment.svg"))

    def shortHelpString(self):
        return tr(
            "gisheat runs in a Python environment of its own, apart from QGIS. 'make' makes it, or makes it anew, and"
            " so upgrades it. Packages come from the internet (PyPI), or from a folder of wheels. 'check' tries it."
        )

    def initAlgorithm(self, configuration=None):
        self.addParameter(
            QgsProcessingParameterEnum("action", tr("What to do"), list(ACTIONS), False, ACTIONS[0], False, True)
        )
        files = QgsProcessingParameterFile.Behavior
        self.addParameter(
            QgsProcessingParameterFile(
                "wheels", tr("Folder of wheels, for computers without internet"), files.Folder, "", None, True
            )
        )
        self.addParameter(
            QgsProcessingParameterFile(
                "python", tr("Python to make it with; found by itself when empty"), files.File, "", None, True
            )
        )
        self.addOutput(QgsProcessingOutputString("python_used", tr("Python of the environment")))
        self.addOutput(QgsProcessingOutputString("version", tr("Version of gisheat")))

    def processAlgorithm(self, values, context, feedback):
        action = self.parameterAsEnumString(values, "action", context)
        log = open_log(profile.folder())
        listener = listener_of(feedback, log)
        log.info("environment: %s", action)
        try:
            state = self._done(action, values, context, listener)
        except (process.Failed, process.Cancelled) as error:
            log.info("ended: %s", error)
            raise QgsProcessingException(str(error)) from error
        log.info(state.sentence)
        if not state.ready and action != "remove":
            raise QgsProcessingException(state.sentence)
        feedback.pushInfo(state.sentence)
        return {"python_used": state.python, "version": state.version}

    def _done(self, action, values, context, listener):
        version = self.definitions.version
        if action == "check":
            chosen, own = profile.python()
            state = environment.status(chosen, own=own, wanted=version)
            return environment.tried(chosen, version) if state.ready else state
        if action == "remove":
            environment.remove(profile.home())
            return environment.Status("missing", tr("The environment was removed."))
        wheels = self.parameterAsString(values, "wheels", context)
        python = self.parameterAsString(values, "python", context)
        return environment.make(
            profile.home(), self.definitions, listener, python=python, wheels=Path(wheels) if wheels else None
        )
