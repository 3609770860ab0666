"""What the styles of a result let one do with a feature: they work with the plugin and without it."""

from pathlib import Path
from types import SimpleNamespace

import processing
import pytest
import qgis.utils
from qgis.core import QgsExpression, QgsExpressionContext, QgsExpressionContextUtils, QgsProject
from qgis.PyQt.QtGui import QDesktopServices

MULAN = Path(__file__).resolve().parents[2] / "sample_gis" / "mulan" / "mulan.gpkg"
FAR = 60
"""Some stations are farther [m] from the trunk than this."""
PICTURE = "town-R09.png"


class Window:
    """What the actions ask of QGIS's window."""

    def __init__(self, canvas):
        self.canvas, self.said = canvas, []

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self

    def pushInfo(self, title, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def file(plugin, tmp_path_factory):
    """The sample's trunk, of which only near stations are connected."""
    output = tmp_path_factory.mktemp("town") / "town.gpkg"
    layers = {name: f"{MULAN}|layername={name}" for name in ("pipes", "stations", "sources")}
    values = {"heat_index_w_m2": 45.0, "max_connection_m": FAR, "output": str(output), "load_result": False}
    processing.run("gisheat:loads", {**layers, **values})
    return output


@pytest.fixture
def result(file, qgis_canvas, monkeypatch):
    """The result on the map of a QGIS that has no plugin; its layers by name."""
    from gisheat_qgis.results import add_group, zoom

    group = add_group(str(file), "town")
    layers = [leaf.layer() for leaf in group.findLayers()]
    qgis_canvas.setLayers([layer for layer in layers if layer.isSpatial()])
    qgis_canvas.resize(800, 600)
    qgis_canvas.setDestinationCrs(next(layer.crs() for layer in layers if layer.isSpatial()))
    zoom(qgis_canvas, group)
    window = Window(qgis_canvas)
    monkeypatch.setattr(qgis.utils, "iface", window)
    monkeypatch.setattr(qgis.utils, "plugins", {})
    found = {layer.source().partition("|layername=")[2]: layer for layer in layers}
    yield SimpleNamespace(window=window, canvas=qgis_canvas, file=file, **found)
    file.with_name(PICTURE).unlink(missing_ok=True)
    QgsProject.instance().clear()


def act(layer, feature):
    """Run the action that a click on a feature runs, as QGIS does."""
    action = layer.actions().defaultAction("Canvas")
    assert action.isValid()
    assert action.type() == 1
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(feature)
    exec(QgsExpression.replaceExpressionText(action.command(), context), {})


def test_a_finding_leads_to_its_place_and_selects_what_became_of_its_feature(result):
    """A station was joined to its pipe: that station is selected, and the connection that was drawn for it."""
    finding = next(f for f in result.findings.getFeatures() if f["rule"] == "connected")
    before = result.canvas.extent().width()
    act(result.findings, finding)
    place = finding.geometry().asPoint()
    assert result.canvas.extent().contains(place)
    assert result.canvas.extent().width() < before
    (station,) = result.stations.selectedFeatures()
    assert station["station_id"] in finding["message"]
    assert result.window.said == []


def test_a_finding_without_a_place_says_so(result):
    finding = next(f for f in result.findings.getFeatures() if f["rule"] == "not-connected")
    finding.clearGeometry()
    result.findings.startEditing()
    result.findings.updateFeature(finding)
    act(result.findings, finding)
    assert result.window.said == ["This finding is about a whole layer: it has no place."]
    result.findings.rollBack()


def test_a_station_opens_the_picture_beside_the_result(result, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    station = next(f for f in result.stations.getFeatures() if f["station_id"] == "R09")
    act(result.stations, station)
    assert opened == []
    assert f"There is no {PICTURE} beside the result" in result.window.said[0]
    picture = result.file.with_name(PICTURE)
    picture.write_bytes(b"")
    act(result.stations, station)
    assert [Path(name) for name in opened] == [picture]


def test_a_station_has_the_plugin_draw_its_diagram_where_it_is_there(result, monkeypatch):
    shown = []
    tool = SimpleNamespace(show_station=lambda layer, feature: shown.append((layer.id(), feature["station_id"])))
    plugin = SimpleNamespace(desk=SimpleNamespace(path_tool=tool))
    monkeypatch.setattr(qgis.utils, "plugins", {"gisheat_qgis": plugin})
    station = next(f for f in result.stations.getFeatures() if f["station_id"] == "R09")
    act(result.stations, station)
    assert shown == [(result.stations.id(), "R09")]


def test_names_in_the_data_are_no_script(result):
    result.stations.startEditing()
    station = next(result.stations.getFeatures())
    field = result.stations.fields().lookupField("station_id")
    result.stations.changeAttributeValue(station.id(), field, "'); raise SystemExit('")
    act(result.stations, result.stations.getFeature(station.id()))
    assert "SystemExit" in result.window.said[0]
    result.stations.rollBack()


@pytest.mark.parametrize("name", ["findings", "stations"])
def test_the_attribute_table_has_a_button_for_it(result, name):
    layer = getattr(result, name)
    table = layer.attributeTableConfig()
    assert table.actionWidgetStyle() == 0  # a button for each
    (column,) = (c for c in table.columns() if c.type == 1)
    assert not column.hidden
    assert [action.shortTitle() for action in layer.actions().actions("Feature")] != []
