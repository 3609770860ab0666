"""The tools inside QGIS: its layers in, with selection, filter, edits and other systems; a styled group out."""

from pathlib import Path

import processing
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingParameterDefinition,
    QgsProject,
    QgsVectorLayer,
)

MULAN = Path(__file__).resolve().parents[2] / "sample_gis" / "mulan" / "mulan.gpkg"
DESIGN = {"phase": "near", "supply_temp_c": 110, "return_temp_c": 60, "heat_index_w_m2": 45.0, "max_connection_m": 900}


def run(name, output, **values):
    return processing.run(f"gisheat:{name}", {"output": str(output), "load_result": False, **values})


def features(address):
    layer = QgsVectorLayer(address, "result", "ogr")
    assert layer.isValid(), address
    return layer, list(layer.getFeatures())


@pytest.fixture
def town(plugin, mulan):
    """Trunk, stations and sources in memory."""
    return {name: mulan(name) for name in ("pipes", "stations", "sources")}


@pytest.mark.parametrize("tool", ["size", "solve"])
def test_memory_layers_are_taken_and_the_result_is_in_their_system(town, tmp_path, tool):
    found = run(tool, tmp_path / "out.gpkg", **town, **DESIGN)
    layer, pipes = features(found["result_pipes"])
    assert layer.crs() == town["pipes"].crs()
    drawn = {f.id() for f in town["pipes"].getFeatures()}
    assert {f["source_fid"] for f in pipes if f["source_layer"] == "pipes"} == drawn
    assert all(f["dn_mm"] > 0 for f in pipes)


def test_only_selected_features_are_taken_and_keep_their_ids(town, tmp_path):
    pipes = town["pipes"]
    some = [f.id() for f in pipes.getFeatures()][:6]
    pipes.selectByIds(some)
    source = QgsProcessingFeatureSourceDefinition(pipes.id(), True)
    found = run("topology", tmp_path / "out.gpkg", **(town | {"pipes": source}), max_connection_m=5000)
    _, result = features(found["result_pipes"])
    assert {f["source_fid"] for f in result if f["source_layer"] == "pipes"} == set(some)


def test_a_filter_of_the_layer_holds(town, tmp_path):
    stations = town["stations"]
    stations.setSubsetString("\"station_id\" < 'R05'")
    count = stations.featureCount()
    assert 0 < count < 39
    found = run("topology", tmp_path / "out.gpkg", **town, max_connection_m=5000)
    _, result = features(found["result_stations"])
    assert len(result) == count


@pytest.mark.parametrize("tool", ["size", "solve"])
def test_selection_filter_and_another_system_hold_together(town, tmp_path, tool):
    """The first pipes from the source are selected, stations are filtered, the source is drawn in degrees."""
    pipes, stations = town["pipes"], town["stations"]
    some = [f.id() for f in pipes.getFeatures() if f["pipe_id"] in ("A1-A2", "A2-A3", "A3-A4")]
    pipes.selectByIds(some)
    stations.setSubsetString("\"station_id\" IN ('R01', 'R02', 'H25', 'H14')")
    values = {
        **town,
        "pipes": QgsProcessingFeatureSourceDefinition(pipes.id(), True),
        "sources": in_degrees(town["sources"]),
    }
    found = run(tool, tmp_path / "out.gpkg", **values, **DESIGN)
    layer, result = features(found["result_pipes"])
    assert layer.crs() == pipes.crs()
    assert {f["source_fid"] for f in result if f["source_layer"] == "pipes"} == set(some)
    assert all(f["dn_mm"] > 0 for f in result)
    assert {f["station_id"] for f in features(found["result_stations"])[1]} == {"R01", "R02", "H25", "H14"}
    drawn = {f["source_id"]: f for f in town["sources"].getFeatures()}
    result = {f["source_id"]: f for f in features(found["result_sources"])[1]}
    assert drawn.keys() == result.keys()
    for name, source in result.items():
        assert source.geometry().asPoint().distance(drawn[name].geometry().asPoint()) < 1e-3
    if tool == "solve":
        flows = [f["flow_t_h"] for f in features(found["result_stations"])[1] if f["served"] is True]
        assert len(flows) >= 2
        assert result["S1"]["flow_t_h"] == pytest.approx(sum(flows))


def in_degrees(layer):
    values = {"INPUT": layer, "TARGET_CRS": QgsCoordinateReferenceSystem("EPSG:4490"), "OUTPUT": "memory:"}
    return processing.run("native:reprojectlayer", values)["OUTPUT"]


def test_edits_that_are_not_saved_count(town, tmp_path):
    stations = town["stations"]
    stations.startEditing()
    first = next(stations.getFeatures())
    stations.changeAttributeValue(first.id(), stations.fields().lookupField("station_id"), "edited")
    found = run("topology", tmp_path / "out.gpkg", **town, max_connection_m=5000)
    _, result = features(found["result_stations"])
    assert "edited" in {f["station_id"] for f in result}
    stations.rollBack()


def test_layers_in_another_system_are_brought_to_that_of_the_pipes(town, tmp_path):
    other = in_degrees(town["stations"])
    a = run("topology", tmp_path / "a.gpkg", **town, max_connection_m=900)
    b = run("topology", tmp_path / "b.gpkg", **(town | {"stations": other}), max_connection_m=900)
    places = []
    for found in (a, b):
        layer, stations = features(found["result_stations"])
        assert layer.crs() == town["pipes"].crs()
        places.append({f["station_id"]: f.geometry().asPoint() for f in stations})
    assert places[0].keys() == places[1].keys()
    assert all(places[1][name].distance(place) < 1e-3 for name, place in places[0].items())


def test_a_file_that_is_open_is_read_where_it_lies(plugin, mulan, tmp_path):
    """The record names the user's own file."""
    from gisheat_qgis import inputs

    layer = mulan("pipes")
    file = tmp_path / "own.gpkg"
    processing.run("native:savefeatures", {"INPUT": layer, "OUTPUT": str(file)})
    own = QgsVectorLayer(str(file), "own", "ogr")
    assert inputs.path_of(own) == str(file)
    own.setSubsetString("fid < 3")
    assert inputs.path_of(own) is None
    assert inputs.path_of(layer) is None


def test_what_is_refused_is_one_sentence(town, tmp_path):
    with pytest.raises(QgsProcessingException, match="sources"):
        run("solve", tmp_path / "out.gpkg", pipes=town["pipes"], stations=town["stations"], **DESIGN)
    assert not (tmp_path / "out.gpkg").exists()


def test_nothing_at_all_is_refused_before_anything_runs(plugin):
    tool = QgsProcessingAlgorithm.create(plugin.provider.algorithm("solve"))
    fine, said = tool.checkParameterValues({"output": "TEMPORARY_OUTPUT"}, QgsProcessingContext())
    assert not fine
    assert "project file" in said


def test_a_result_comes_as_a_group_with_its_named_styles(town, tmp_path):
    output = tmp_path / "town.gpkg"
    values = {**town, **DESIGN, "output": str(output), "load_result": True}
    processing.run("gisheat:solve", values, context=context())
    groups = [g for g in QgsProject.instance().layerTreeRoot().children() if g.name() == "town (solve)"]
    assert len(groups) == 1
    layers = {leaf.layer().source().partition("|layername=")[2]: leaf.layer() for leaf in groups[0].findLayers()}
    assert {"pipes", "stations", "sources", "nodes", "findings", "critical_path"} <= set(layers)
    assert all(layer.isValid() for layer in layers.values())
    styles = layers["pipes"].styleManager().styles()
    assert {"Specific friction", "Diameter", "Velocity", "Flow"} <= set(styles)
    assert layers["pipes"].renderer().type() == "RuleRenderer"
    assert layers["pipes"].labelsEnabled()
    assert layers["stations"].mapTipTemplate()


def test_files_that_are_written_are_outputs_and_open_by_a_click(town, tmp_path, monkeypatch):
    """Pictures, tables, pages: what a tool has written is told, and listed in the results viewer."""
    import qgis.utils
    from processing.core.ProcessingResults import resultsList

    listed = []
    monkeypatch.setattr(qgis.utils, "iface", object())
    monkeypatch.setattr(resultsList, "addResult", lambda *row: listed.append(Path(row[3]).name))
    result = run("solve", tmp_path / "town.gpkg", **town, **DESIGN)["output"]
    feedback = QgsProcessingFeedback()
    values = {"project": result, "output": str(tmp_path / "d.svg"), "data": str(tmp_path / "d.csv")}
    found = processing.run("gisheat:profile", values, feedback=feedback)
    assert found == {"output": str(tmp_path / "d.svg"), "data": str(tmp_path / "d.csv")}
    assert sorted(listed) == ["d.csv", "d.svg"]
    assert f"Written: {tmp_path / 'd.svg'}" in feedback.textLog()


def test_dialogs_offer_the_kinds_of_files_that_a_tool_writes(plugin):
    from gisheat_qgis import parameters
    from gisheat_qgis.definitions import Parameter

    page = Parameter("output", "output", "Page to write (*.html).", True, suffix=".html", suffixes=(".html",))
    made = parameters.definition(page, required=True)
    assert made.fileFilter() == "HTML (*.html)"
    assert made.toOutputDefinition().type() == "outputHtml"  # Processing lists it in the results viewer
    several = Parameter("output", "output", "Diagram.", True, suffix=".png", suffixes=(".png", ".xlsx", ".dxf"))
    made = parameters.definition(several, required=True)
    assert made.fileFilter() == "PNG (*.png);;Excel (*.xlsx);;AutoCAD DXF (*.dxf)"
    assert made.defaultFileExtension() == "png"
    project = plugin.provider.algorithm("run").parameterDefinition("project")
    assert project.fileFilter() == "GeoPackage, gisheat project (*.gpkg *.toml);;All files (*)"


def test_two_results_stand_side_by_side(town, tmp_path):
    for name in ("a", "b"):
        values = {**town, "output": str(tmp_path / f"{name}.gpkg"), "load_result": True, "max_connection_m": 900}
        processing.run("gisheat:topology", values, context=context())
    root = QgsProject.instance().layerTreeRoot()
    sources = [leaf.layer().source() for leaf in root.findLayers() if "layername=pipes" in leaf.layer().source()]
    assert {s.partition("|")[0].rpartition("/")[2] for s in sources} == {"a.gpkg", "b.gpkg"}


def test_cancelling_ends_the_tool(town, tmp_path):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda share: feedback.cancel() if share > 1 else None)
    values = {**town, **DESIGN, "output": str(tmp_path / "out.gpkg")}
    with pytest.raises(QgsProcessingException, match="cancelled; nothing was written"):
        processing.run("gisheat:solve", values, feedback=feedback)
    assert list(tmp_path.iterdir()) == []


def context():
    found = QgsProcessingContext()
    found.setProject(QgsProject.instance())
    return found


# what the toolbox shows ----------------------------------------------------------------------------------


def test_tools_stand_in_the_order_of_the_work(plugin):
    groups = sorted({a.group() for a in plugin.provider.algorithms()})
    assert groups == ["0 Set up", "1 Prepare", "2 Network", "3 Design", "4 Operation", "5 Hand on", "6 As-built map"]


def test_every_tool_has_help_an_icon_and_tags(plugin):
    for tool in plugin.provider.algorithms():
        assert not tool.icon().isNull()
        assert "gisheat" in tool.tags()
        assert len(tool.shortHelpString()) > 80


def test_advanced_parameters_are_folded_away_and_nothing_has_a_default_that_would_win(plugin):
    """A default here would overrule the project file."""
    flag = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    solve = plugin.provider.algorithm("solve")
    folded = {p.name() for p in solve.parameterDefinitions() if p.flags() & flag}
    assert {"tolerance", "gravity_m_s2", "crs"} <= folded
    assert not {"pipes", "output", "friction", "project"} & folded
    for p in solve.parameterDefinitions():
        assert p.name() == "load_result" or p.defaultValue() in (None, False), p.name()


def test_tools_stand_in_a_model(plugin, tmp_path):
    """The layers that one tool has connected are what the next one reads."""
    source, child = QgsProcessingModelChildParameterSource, QgsProcessingModelChildAlgorithm
    model, steps = QgsProcessingModelAlgorithm("town", "town"), (child("gisheat:topology"), child("gisheat:loads"))
    values = {"max_connection_m": 900, "heat_index_w_m2": 45.0, "load_result": False}
    for step, known in zip(steps, (("max_connection_m", "load_result"), tuple(values)), strict=True):
        name = step.algorithmId().partition(":")[2]
        step.setChildId(name)
        for layer in ("pipes", "stations", "sources"):
            drawn = source.fromStaticValue(f"{MULAN}|layername={layer}")
            joined = source.fromChildOutput("topology", f"result_{layer}")
            step.addParameterSources(layer, [drawn if step is steps[0] else joined])
        for key, value in {**{k: values[k] for k in known}, "output": str(tmp_path / f"{name}.gpkg")}.items():
            step.addParameterSources(key, [source.fromStaticValue(value)])
        model.addChildAlgorithm(step)
    _, done = model.run({}, context(), QgsProcessingFeedback())
    assert done
    _, pipes = features(f"{tmp_path / 'loads.gpkg'}|layername=pipes")
    _, joined = features(f"{tmp_path / 'topology.gpkg'}|layername=pipes")
    assert {p["pipe_id"] for p in pipes} == {p["pipe_id"] for p in joined}
    _, stations = features(f"{tmp_path / 'loads.gpkg'}|layername=stations")
    assert all(s["load_kw"] > 0 for s in stations)


def test_a_batch_runs_a_tool_for_each_of_its_rows(plugin, tmp_path, qgis_iface):
    """As the batch dialog does: the rows of its panel, each run by an instance of its own."""
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    tool = plugin.provider.algorithm("template").create()
    dialog = BatchAlgorithmDialog(tool)
    panel = dialog.mainWidget()
    panel.addRow()
    for row, crs in enumerate(("EPSG:4552", "EPSG:4550")):
        places = panel.parameter_to_column
        panel.wrappers[row][places["crs"]].setParameterValue(crs, QgsProcessingContext())
        panel.tblParameters.cellWidget(row + 1, places["output"]).setValue(str(tmp_path / f"{row}.gpkg"))
    for row in range(2):
        values, fine = panel.parametersForRow(row, warnOnInvalid=False)
        assert fine
        processing.run(tool.create(), values)
    names = [features(f"{tmp_path / f'{row}.gpkg'}|layername=pipes")[0].crs().authid() for row in range(2)]
    assert names == ["EPSG:4552", "EPSG:4550"]


def test_texts_are_chinese_where_qgis_is(plugin, plugins):
    from gisheat_qgis import texts
    from qgis.PyQt.QtCore import QCoreApplication, QTranslator

    translator = QTranslator()
    assert translator.load(str(plugins / "gisheat_qgis" / "i18n" / "gisheat_zh.qm"))
    QCoreApplication.installTranslator(translator)
    try:
        assert texts.tr("Stations") == "热力站"
        assert plugin.provider.algorithm("size").create().displayName() == "size: 为没有管径的管道选择管径"
        assert plugin.provider.algorithm("size").name() == "size"
    finally:
        QCoreApplication.removeTranslator(translator)
    assert texts.tr("Stations") == "Stations"
