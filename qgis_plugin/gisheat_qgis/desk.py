"""What the plugin adds to the window of QGIS: a settings page and a menu."""

from qgis.core import QgsApplication
from qgis.gui import QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction

from . import profile
from .definitions import FOLDER
from .run_log import NAME
from .settings import SettingsPage
from .texts import tr

MENU = "gisheat"
PAGE = "gisheat"


class Desk:
    """The plugin in a window."""

    def __init__(self, iface, definitions):
        self.iface = iface
        self.definitions = definitions
        self.actions = []
        self.page = PageFactory(definitions)
        iface.registerOptionsWidgetFactory(self.page)
        self._add(tr("Environment …"), "environment.svg", self.show_settings)
        self._add(tr("Show the log"), "gisheat.svg", self.show_log)
        self._hint()

    def _add(self, text, icon, work):
        action = QAction(QIcon(str(FOLDER / "icons" / icon)), text, self.iface.mainWindow())
        action.triggered.connect(lambda *_: work())
        self.iface.addPluginToMenu(MENU, action)
        self.actions.append(action)

    def _hint(self):
        """Say once at the start what is still to be done."""
        state = profile.status(self.definitions.version)
        if not state.ready:
            self.iface.messageBar().pushInfo("gisheat", state.sentence)

    def show_settings(self):
        """Open the settings page."""
        self.iface.showOptionsDialog(self.iface.mainWindow(), PAGE)

    def show_log(self):
        """Open the log with what the machine opens texts with."""
        file = profile.folder() / NAME
        if not file.exists():
            self.iface.messageBar().pushInfo("gisheat", tr("There is no log yet."))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))

    def close(self):
        """Take everything back."""
        for action in self.actions:
            self.iface.removePluginMenu(MENU, action)
        self.iface.unregisterOptionsWidgetFactory(self.page)


class PageFactory(QgsOptionsWidgetFactory):
    """The settings page in the options of QGIS."""

    def __init__(self, definitions):
        super().__init__()
        self.definitions = definitions
        self.setTitle("gisheat")

    def icon(self):
        return QIcon(str(FOLDER / "icons" / "gisheat.svg"))

    def createWidget(self, parent):
        return SettingsPage(self.definitions, QgsApplication.processingRegistry(), parent)
