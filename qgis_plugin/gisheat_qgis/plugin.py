"""What QGIS loads: the provider, and in a window the settings page and the tools on the map."""

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

from . import definitions, language
from .provider import GisheatProvider


class GisheatPlugin:
    """The plugin."""

    def __init__(self, iface):
        self.iface = iface
        self.provider = None
        self.desk = None
        self.translator = language.translator()
        self.definitions = definitions.read()

    def initProcessing(self):
        """Add the tools; the only thing that qgis_process calls."""
        if self.provider is None:  # QGIS deletes a provider that is added twice
            self.provider = GisheatProvider(self.definitions)
            QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        """Add the tools, the settings page and the buttons."""
        from .desk import Desk

        self.initProcessing()
        self.desk = Desk(self.iface, self.definitions)

    def unload(self):
        """Take everything back."""
        if self.desk is not None:
            self.desk.close()
            self.desk = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        QCoreApplication.removeTranslator(self.translator)
