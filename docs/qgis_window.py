"""What QGIS runs inside for `qgis_pictures.py`: it works as a user would, and takes pictures of the window."""

import os
import traceback
from pathlib import Path

import processing
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget
from qgis.utils import iface

WORK = Path(os.environ["GISHEAT_PICTURES"])
RESULT = WORK / "mulan.gpkg"
PROJECT = str(WORK / "mulan" / "project.toml")
LOG = (WORK / "window.log").open("w", encoding="utf-8")
kept = []


def log(*words):
    print(*words, file=LOG, flush=True)


def picture(name, widget):
    widget.grab().save(str(WORK / f"{name}.png"))
    log(name, widget.width(), widget.height())


def window():
    return iface.mainWindow()


def arrange():
    """A window with the layers on the left and the toolbox on the right."""
    window().setGeometry(0, 0, 1400, 900)
    for dock in window().findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
    toolbox = window().findChild(QDockWidget, "ProcessingToolbox")
    toolbox.searchBox.setText("gisheat")
    values = {"project": PROJECT, "output": str(RESULT)}
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    log(processing.run("gisheat:run", values, context=context, feedback=feedback)["errors"])
    layer = next(v for v in QgsProject.instance().mapLayers().values() if "layername=pipes" in v.source())
    QgsProject.instance().setCrs(layer.crs())
    iface.setActiveLayer(layer)
    iface.zoomToActiveLayer()


def whole():
    picture("window", window())


def dialog():
    found = processing.createAlgorithmDialog("gisheat:solve", {"project": PROJECT, "output": str(WORK / "again.gpkg")})
    kept.append(found)
    found.resize(900, 700)
    found.show()


def dialog_shown():
    picture("dialog", kept[-1])
    kept[-1].runButton().click()


def running():
    picture("progress", kept[-1])


def done():
    picture("done", kept[-1])
    kept[-1].close()


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


STEPS = [(4000, arrange), (6000, whole), (500, dialog), (2500, dialog_shown), (9000, running), (30000, done),
         (500, options), (6000, leave)]  # fmt: skip


def step(number=0):
    try:
        STEPS[number][1]()
    except Exception:
        log(traceback.format_exc())
    if number + 1 < len(STEPS):
        QTimer.singleShot(STEPS[number + 1][0], lambda: step(number + 1))


QTimer.singleShot(STEPS[0][0], step)
