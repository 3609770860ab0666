"""What the plugin adds to a window: the settings page, the tools on the map."""

import sys

import processing
import pytest
from qgis.core import QgsProcessingContext, QgsProject
from qgis.PyQt.QtCore import QEventLoop, QTimer

SECONDS = 120


def until(fulfilled):
    """Let QGIS work until something is so."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if fulfilled() else None)
    timer.start(50)
    QTimer.singleShot(SECONDS * 1000, loop.quit)
    loop.exec()
    timer.stop()
    assert fulfilled()


class Window:
    """What the tools ask of QGIS's window."""

    def __init__(self, canvas, main):
        self.canvas, self.main, self.active, self.docks, self.said = canvas, main, None, [], []

    def mapCanvas(self):
        return self.canvas

    def mainWindow(self):
        return self.main

    def activeLayer(self):
        return self.active

    def addDockWidget(self, area, dock):
        self.docks.append(dock)

    def removeDockWidget(self, dock):
        self.docks.remove(dock)

    def messageBar(self):
        return self

    def pushInfo(self, title, text):
        self.said.append(text)

    pushWarning = pushInfo


@pytest.fixture
def result(plugin, mulan, qgis_canvas, tmp_path):
    """The sample's trunk, solved, on the map; layers by name."""
    town = {name: mulan(name) for name in ("pipes", "stations", "sources")}
    values = {
        "phase": "near",
        "supply_temp_c": 110,
        "return_temp_c": 60,
        "heat_index_w_m2": 45.0,
        "max_connection_m": 900,
    }
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    output = str(tmp_path / "town.gpkg")
    processing.run("gisheat:solve", {**town, **values, "output": output, "load_result": True}, context=context)
    layers = [v for v in QgsProject.instance().mapLayers().values() if v.source().startswith(output)]
    spatial = [layer for layer in layers if layer.isSpatial()]
    qgis_canvas.setLayers(spatial)
    return {layer.source().partition("|layername=")[2]: layer for layer in layers}


def test_a_station_shows_its_way_and_its_diagram(plugin, result, qgis_canvas):
    from gisheat_qgis.map_tools import PathTool

    window = Window(qgis_canvas, None)
    tool = PathTool(window, plugin.definitions)
    tool.activate()
    station = next(f for f in result["stations"].getFeatures() if f["station_id"] == "R09")
    tool.found(station)
    until(lambda: bool(window.docks) or bool(window.said))
    assert window.said == []
    selected = {f["pipe_id"] for f in result["pipes"].selectedFeatures()}
    assert {"A1-A2", "A19-A20"} <= selected
    assert len(selected) < result["pipes"].featureCount()
    assert tool.picture.pixmap().width() == 1000
    tool.close()
    assert window.docks == []


def test_a_pipe_shows_its_row(plugin, result, qgis_canvas):
    from gisheat_qgis.map_tools import RowTool

    window = Window(qgis_canvas, None)
    tool = RowTool(window)
    tool.activate()
    pipe = next(f for f in result["pipes"].getFeatures() if f["pipe_id"] == "A1-A2")
    tool.found(pipe)
    shown = {tool.rows.item(k, 0).text(): tool.rows.item(k, 1).text() for k in range(tool.rows.rowCount())}
    assert "A1-A2" in shown.values()
    assert f"{pipe['sup_flow_t_h']:.2f}" in shown.values()
    assert any("Flow" in name or "flow" in name for name in shown)
    tool.close()


def test_without_a_result_the_tools_say_what_to_do(plugin, qgis_canvas):
    from gisheat_qgis.map_tools import RowTool

    qgis_canvas.setLayers([])
    window = Window(qgis_canvas, None)
    RowTool(window).activate()
    assert window.said == ["Add a result of gisheat to the map first."]


def test_the_settings_page_tells_the_state_and_checks_the_environment(plugin, qgis_app):
    from gisheat_qgis.settings import SettingsPage
    from qgis.core import QgsApplication

    page = SettingsPage(plugin.definitions, QgsApplication.processingRegistry())
    assert page.state.text().startswith("<b>✓</b>")
    assert page.buttons["make"].isEnabled()
    page.start("check")
    assert not page.buttons["make"].isEnabled()
    assert page.cancel.isEnabled()
    until(lambda: page.work is None)
    assert "is ready" in page.words.toPlainText()
    assert page.buttons["make"].isEnabled()


def test_the_settings_page_offers_the_upgrade_of_an_old_environment_and_removes_it(plugin, qgis_app, monkeypatch):
    from gisheat_qgis import environment, profile
    from gisheat_qgis.settings import SettingsPage
    from qgis.core import QgsApplication

    monkeypatch.delenv("GISHEAT_PYTHON")
    home = profile.home()
    python = environment.interpreter(home)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (home / environment.RECORD).write_text('{"gisheat": "0.0.1"}')
    page = SettingsPage(plugin.definitions, QgsApplication.processingRegistry())
    assert "holds gisheat 0.0.1" in page.state.text()
    assert page.buttons["make"].text() == "Upgrade the environment"
    page.wheels.setFilePath(str(home))  # no wheels are in there
    page.start("make")
    until(lambda: page.work is None)
    assert "there are no wheels" in page.words.toPlainText()
    assert "holds gisheat 0.0.1" in page.state.text(), "what was there stays"
    page.start("remove")
    until(lambda: page.work is None)
    assert not home.exists()
    assert "has no environment yet" in page.state.text()
    assert page.buttons["make"].text() == "Make the environment"
    assert not page.buttons["remove"].isEnabled()


def test_an_interpreter_of_ones_own_is_kept(plugin, qgis_app, monkeypatch):
    from gisheat_qgis import profile
    from gisheat_qgis.settings import SettingsPage
    from qgis.core import QgsApplication, QgsSettings

    monkeypatch.delenv("GISHEAT_PYTHON")
    page = SettingsPage(plugin.definitions, QgsApplication.processingRegistry())
    page.python.setFilePath("/nowhere/python")
    page.apply()
    page.show_state()
    assert profile.python() == ("/nowhere/python", False)
    assert "there is no Python at /nowhere/python" in page.state.text()
    QgsSettings().remove(profile.PYTHON)
