"""What QGIS runs inside for `qgis_pictures.py`: it works as a user would, and takes pictures of the window."""

import os
import traceback
from pathlib import Path

import processing
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QProgressBar
from qgis.utils import iface

WORK = Path(os.environ["GISHEAT_PICTURES"])
RESULT = WORK / "mulan.gpkg"
PROJECT = str(WORK / "mulan" / "project.toml")
LOG = (WORK / "window.log").open("w", encoding="utf-8")
WIDTH, HEIGHT, TOOLBOX, LAYERS = 1600, 1000, 440, 300
DIALOG = (800, 400)
AT_WORK = (17, 75)
"""The picture of a tool at work is taken between these percents."""
kept = []


def log(*words):
    print(*words, file=LOG, flush=True)


def picture(name, widget):
    widget.grab().save(str(WORK / f"{name}.png"))
    log(name, widget.width(), widget.height())


def screen(name):
    """The whole screen, with what lies over the window."""
    QApplication.primaryScreen().grabWindow(0).save(str(WORK / f"{name}.png"))


def window():
    return iface.mainWindow()


def layer_of(name):
    return next(v for v in QgsProject.instance().mapLayers().values() if v.source().endswith(f"|layername={name}"))


def arrange():
    """A window with the layers on the left and the toolbox on the right; the result on the map."""
    window().setGeometry(0, 0, WIDTH, HEIGHT)
    for dock in window().findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
    docks = [window().findChild(QDockWidget, name) for name in ("Layers", "ProcessingToolbox")]
    window().resizeDocks(docks, [LAYERS, TOOLBOX], 1)  # side by side
    docks[1].searchBox.setText("gisheat")
    values = {"project": PROJECT, "output": str(RESULT)}
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    log(processing.run("gisheat:run", values, context=context, feedback=QgsProcessingFeedback())["errors"])
    layer = layer_of("pipes")
    QgsProject.instance().setCrs(layer.crs())
    iface.setActiveLayer(layer)


def zoom():
    """The network above, room for a dialog below."""
    layer = layer_of("pipes")
    canvas, shown = iface.mapCanvas(), layer.extent()
    top = shown.yMaximum() + 0.06 * shown.height()
    shown.scale(1.42)
    shown.setYMaximum(top)
    shown.setYMinimum(shown.yMaximum() - shown.width() * canvas.height() / canvas.width())
    canvas.setExtent(shown)
    canvas.refresh()


def dialog():
    found = processing.createAlgorithmDialog("gisheat:solve", {"project": PROJECT, "output": str(WORK / "again.gpkg")})
    kept.append(found)
    found.setParent(window(), found.windowFlags())
    found.resize(*DIALOG)
    place = iface.mapCanvas().mapToGlobal(iface.mapCanvas().rect().bottomLeft())
    found.move(place.x() + 20, place.y() - DIALOG[1] - 10)
    found.show()


def dialog_shown():
    screen("parameters")
    kept[-1].resize(900, 700)


def dialog_run():
    picture("dialog", kept[-1])
    kept[-1].resize(*DIALOG)
    kept[-1].runButton().click()
    QTimer.singleShot(100, running)


def running():
    low, high = AT_WORK
    if low < kept[-1].findChild(QProgressBar).value() < high:
        QTimer.singleShot(300, lambda: screen("window"))
    else:
        QTimer.singleShot(100, running)


def done():
    picture("done", kept[-1])
    kept[-1].close()


def findings():
    table = iface.showAttributeTable(layer_of("findings"))
    kept.append(table)


def findings_shown():
    for found in QApplication.topLevelWidgets():
        if "AttributeTable" in type(found).__name__ or "AttributeTable" in found.objectName():
            found.resize(1400, 420)
            QApplication.processEvents()
            picture("findings", found)
            found.close()


def options():
    QTimer.singleShot(3000, options_shown)
    iface.showOptionsDialog(window(), "gisheat")


def options_shown():
    for found in QApplication.topLevelWidgets():
        if isinstance(found, QDialog) and found.isVisible():
            found.resize(1000, 640)
            picture("options", found)
            found.reject()


def leave():
    log("done")
    os._exit(0)


STEPS = [(4000, arrange), (3000, zoom), (4000, dialog), (2500, dialog_shown), (1000, dialog_run), (40000, done),
         (500, findings), (3000, findings_shown), (500, options), (6000, leave)]  # fmt: skip


def step(number=0):
    try:
        STEPS[number][1]()
    except Exception:
        log(traceback.format_exc())
    if number + 1 < len(STEPS):
        QTimer.singleShot(STEPS[number + 1][0], lambda: step(number + 1))


QTimer.singleShot(STEPS[0][0], step)
