"""The provider: the operations of gisheat in the Processing toolbox, in the order of the work."""

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithm import OperationAlgorithm
from .definitions import FOLDER
from .environment_algorithm import EnvironmentAlgorithm


class GisheatProvider(QgsProcessingProvider):
    """All tools of gisheat."""

    def __init__(self, definitions):
        super().__init__()
        self.definitions = definitions

    def id(self):
        return "gisheat"

    def name(self):
        return "gisheat"

    def longName(self):
        return f"gisheat {self.definitions.version}"

    def versionInfo(self):
        return self.definitions.version

    def icon(self):
        return QIcon(str(FOLDER / "icons" / "gisheat.svg"))

    def loadAlgorithms(self):
        self.addAlgorithm(EnvironmentAlgorithm(self.definitions))
        for operation in self.definitions.operations:
            self.addAlgorithm(OperationAlgorithm(operation, self.definitions))
