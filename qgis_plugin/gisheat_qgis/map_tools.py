"""Two tools on the map: the way of a station to its source with its pressure diagram, and the row of a pipe."""

import tempfile
from pathlib import Path

from qgis.core import QgsApplication, QgsTask
from qgis.gui import QgsMapToolIdentifyFeature
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QPixmap
from qgis.PyQt.QtWidgets import QDockWidget, QLabel, QScrollArea, QTableWidget, QTableWidgetItem

from . import process, profile
from .texts import tr

ROW = (
    "pipe_id", "from_node", "to_node", "length_m", "equivalent_length_m", "outer_diameter_mm", "wall_mm",
    "inner_diameter_mm", "sup_flow_t_h", "sup_velocity_m_s", "sup_friction_pa_m", "sup_loss_kpa", "ret_loss_kpa",
    "heated_area_m2", "load_kw", "governed_by",
)  # fmt: skip
"""Columns of the hydraulic table, in its order."""


def is_layer_of_result(layer, name):
    """Whether a layer is the one of this name in a result of gisheat."""
    return layer is not None and layer.source().partition("|layername=")[2].partition("|")[0] == name


class _Tool(QgsMapToolIdentifyFeature):
    """A tool for features of one layer of a result; the layer must be the active one, or the only one of its kind."""

    def __init__(self, iface, wanted):
        super().__init__(iface.mapCanvas())
        self.iface = iface
        self.wanted = wanted
        self.featureIdentified.connect(self.found)

    def activate(self):
        """Look for the layer."""
        layers = [x for x in self.iface.mapCanvas().layers() if is_layer_of_result(x, self.wanted)]
        active = self.iface.activeLayer()
        layer = active if is_layer_of_result(active, self.wanted) else next(iter(layers), None)
        if layer is None:
            self.iface.messageBar().pushInfo("gisheat", tr("Add a result of gisheat to the map first."))
        else:
            self.setLayer(layer)
        self.layer = layer
        super().activate()

    def file(self):
        """The result that the layer lies in."""
        return self.layer.source().partition("|")[0]


class PathTool(_Tool):
    """Click a station: its way from the source is selected, its pressure diagram is shown."""

    def __init__(self, iface, definitions):
        super().__init__(iface, "stations")
        self.definitions = definitions
        self.dock = None
        self.task = None

    def show_station(self, layer, feature):
        """Show the diagram of a station of a result; the action of its layer calls this."""
        self.layer = layer
        self.found(feature)

    def found(self, feature):
        """Have gisheat draw the diagram, in the background."""
        state = profile.status(self.definitions.version)
        if not state.ready:
            self.iface.messageBar().pushInfo("gisheat", state.sentence)
            return
        self.task = DiagramTask(self.file(), feature["station_id"], state.python, self.definitions.version, self.shown)
        QgsApplication.taskManager().addTask(self.task)

    def shown(self, task):
        """Select the pipes of the way, and show the picture."""
        if task.sentence:
            self.iface.messageBar().pushWarning("gisheat", task.sentence)
            return
        self.select(task.pipes)
        if self.dock is None:
            self.dock = QDockWidget(tr("Pressure diagram"), self.iface.mainWindow())
            self.dock.setObjectName("gisheatDiagram")
            self.picture = QLabel()
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setWidget(self.picture)
            self.dock.setWidget(area)
            self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.picture.setPixmap(task.picture.scaledToWidth(1000, Qt.TransformationMode.SmoothTransformation))
        self.dock.show()

    def select(self, names):
        """Select pipes by name in the pipes layer of the same result."""
        for layer in self.iface.mapCanvas().layers():
            if is_layer_of_result(layer, "pipes") and layer.source().startswith(self.file() + "|"):
                listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
                layer.selectByExpression(f'"pipe_id" IN ({listed})')

    def close(self):
        """Take the dock away."""
        if self.dock is not None:
            self.iface.removeDockWidget(self.dock)
            self.dock = None


class DiagramTask(QgsTask):
    """gisheat draws the pressure diagram of a station of a result."""

    def __init__(self, file, station, python, version, shown):
        super().__init__(tr("Pressure diagram of {}", station), QgsTask.Flag.CanCancel)
        self.file, self.station, self.python, self.version, self.shown = file, station, python, version, shown
        self.pipes, self.picture, self.sentence = (), None, ""

    def run(self):
        listener = process.Listener(lambda share, _: self.setProgress(100.0 * share), lambda *_: None, self.isCanceled)
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "diagram.png"
            line = ["profile", self.file, f"--station={self.station}", f"--output={picture}"]
            try:
                said = process.run(self.python, line, listener, self.version, Path(folder))
            except (process.Failed, process.Cancelled) as error:
                self.sentence = str(error)
                return True
            self.pipes = said["figures"]["pipes"]["value"].split("; ")
            self.bytes = picture.read_bytes()
        return True

    def finished(self, done):
        if not self.sentence:
            self.picture = QPixmap()
            self.picture.loadFromData(self.bytes)
        self.shown(self)


class RowTool(_Tool):
    """Click a pipe: its row of the hydraulic table is shown."""

    def __init__(self, iface):
        super().__init__(iface, "pipes")
        self.dock = None

    def found(self, feature):
        """Show the row, with the names that the layer has for its columns."""
        names = [name for name in ROW if self.layer.fields().lookupField(name) >= 0]
        if self.dock is None:
            self.dock = QDockWidget(tr("Hydraulic table"), self.iface.mainWindow())
            self.dock.setObjectName("gisheatRow")
            self.rows = QTableWidget(0, 2)
            self.rows.horizontalHeader().setStretchLastSection(True)
            self.rows.horizontalHeader().hide()
            self.rows.verticalHeader().hide()
            self.dock.setWidget(self.rows)
            self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.rows.setRowCount(len(names))
        for k, name in enumerate(names):
            value = feature[name]
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            self.rows.setItem(
                k, 0, QTableWidgetItem(self.layer.attributeDisplayName(self.layer.fields().lookupField(name)))
            )
            self.rows.setItem(k, 1, QTableWidgetItem("" if shown == "NULL" else shown))
        self.rows.resizeColumnToContents(0)
        self.layer.selectByIds([feature.id()])
        self.dock.show()

    def close(self):
        """Take the dock away."""
        if self.dock is not None:
            self.iface.removeDockWidget(self.dock)
            self.dock = None
