"""Styles and embedded project, looked at with Debian's QGIS in a process of its own."""

import hashlib
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
from matplotlib.image import imread
from shapely.geometry import LineString, Point, box

from gisheat import schema, styles
from gisheat.styles import classes, forms

CHECKER = Path(__file__).parent / "qgis" / "open_result.py"
X, Y = 425000.0, 5091000.0
CRS = "EPSG:4552"
FRICTION = [12.0, 45.0, 80.0, 150.0, 250.0, 400.0, None]
NAME = '<b>R&D</b> "it\'s" 木兰'
RULE = 'it\'s \\ "R" <&> 比摩阻'
TITLE = 'Mulan <near> & "far" 木兰'


def pipes():
    """Seven pipes with flow from west to east, odd ones drawn backwards, the last one without a result."""
    count = len(FRICTION)
    y = Y + 100.0 * np.arange(count)
    sense = np.where(np.arange(count) % 2, -1, 1)
    known = [value is not None for value in FRICTION]
    friction = np.array(FRICTION, dtype=float)
    table = pd.DataFrame({
        "pipe_id": [f"P{i}" for i in range(count)],
        "status": np.where(known, "existing", "abandoned"),
        "dn_mm": np.where(known, 300.0, np.nan),
        "inner_diameter_mm": np.where(known, 309.0, np.nan),
        "length_m": 158.2,
        "load_kw": np.nan,
        "sup_flow_t_h": np.where(known, 250.0 * sense, np.nan),
        "sup_velocity_m_s": np.where(known, 0.9 * sense, np.nan),
        "sup_friction_pa_m": friction,
        "sup_loss_kpa": 0.158 * friction * sense,
        "ret_loss_kpa": np.nan,
        "governed_by": [RULE if i == 1 else None for i in range(count)],
        "on_critical_path": np.arange(count) == 1,
    })  # fmt: skip
    lines = [LineString([(X, y[i]), (X + 158, y[i])][:: sense[i]]) for i in range(count)]
    return geopandas.GeoDataFrame(table, geometry=lines, crs=CRS)


def stations():
    table = pd.DataFrame({
        "station_id": ["R0", "R1", "R2"],
        "name": [NAME, None, None],
        "load_kw": [4000.0, np.nan, 900.0],
        "available_head_m": [-3.0, np.nan, 30.0],
        "surplus_head_m": [-3.0, np.nan, 30.0],
        "imbalance": np.nan,
        "served": pd.array([False, None, True], dtype="boolean"),
    })  # fmt: skip
    places = [Point(X + 250, Y + 100 * i) for i in range(3)]
    return geopandas.GeoDataFrame(table, geometry=places, crs=CRS)


def points(**columns):
    count = len(next(iter(columns.values())))
    places = [Point(X + 300, Y + 90 * i) for i in range(count)]
    return geopandas.GeoDataFrame(columns, geometry=places, crs=CRS)


LAYERS = {
    "pipes": pipes,
    "stations": stations,
    "nodes": lambda: points(
        node_id=["N1", "N2", "N3"],
        available_head_m=[3.0, None, 12.0],
        sup_head_m=[171.3, None, 122.0],
        ret_head_m=[100.0, None, 100.0],
        sup_pressure_kpa=[700.0, None, 1700.0],
    ),
    "sources": lambda: points(source_id=["S1"], name=["木兰热源"], load_mw=[140.37], pump_head_m=[85.2]),
    "valves": lambda: points(
        valve_id=["V1", "V2", "V3"],
        kind=["check", None, "control"],
        state=["open", "closed", None],
        state_found=["closed", None, "controlling"],
    ),
    "pumps": lambda: points(pump_id=["U1", "U2"], line=["supply", None], state_found=["running", None]),
    "findings": lambda: points(
        rule=["r1", "r2", "r3"], title=["t1", "t2", "t3"], severity=["error", "warning", "info"]
    ),
    "streets": lambda: pipes()[["geometry"]].assign(street_id="1", name="人民路", **{"class": "primary"}),
    "areas": lambda: geopandas.GeoDataFrame(
        {"area_id": ["A", "B", "C"], "kind": ["forbidden", "cost", None]},
        geometry=[box(X - 40, Y + 120 * i, X - 10, Y + 120 * i + 90) for i in range(3)],
        crs=CRS,
    ),
}
TABLES = {
    "lineage": pd.DataFrame({"source_layer": ["pipes"], "source_fid": [1], "action": ["kept"]}),
    "critical_path": pd.DataFrame({"order": [1], "pipe_id": ["P1"]}),
    "summary": pd.DataFrame({"key": ["load"], "value": ["140.37"], "unit": ["MW"]}),
    "run": pd.DataFrame({"key": ["version"], "value": ["0.1"], "unit": [""]}),
}


def write(path, layers=tuple(LAYERS), tables=tuple(TABLES)):
    options = {"driver": "GPKG", "VERSION": "1.3"}
    for name in layers:
        LAYERS[name]().to_file(path, layer=name, engine="pyogrio", GEOMETRY_NAME="geom", **options)
    for name in tables:
        pyogrio.write_dataframe(TABLES[name], path, layer=name, driver="GPKG")
    return path


def look(path, picture, *arguments):
    """Let QGIS open the file in a clean environment."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(picture.parent), "LANG": "C.UTF-8"}
    command = ["/usr/bin/python3", str(CHECKER), str(path), str(picture), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("styles 木兰")


@pytest.fixture(scope="module")
def result(folder):
    path = write(folder / "result.gpkg")
    styles.embed(path, title=TITLE, aliases=schema.labels("en"))
    return path


@pytest.fixture(scope="module", params=["en", "zh"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def report(folder, result, language):
    path = shutil.copy(result, folder / f"{language}.gpkg")
    styles.embed(path, title=TITLE, language=language, aliases=schema.labels(language))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    found = look(path, path.with_suffix(".png"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    return found


def colours(picture):
    """Count the pixels of every colour."""
    red, green, blue = np.moveaxis(np.round(imread(picture)[..., :3] * 255).astype(int), 2, 0)
    found, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    return {f"#{colour:06x}": int(n) for colour, n in zip(found, counts, strict=True)}


def rows(path, table):
    with sqlite3.connect(path) as connection:
        found = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    connection.close()
    return [row[:-1] for row in found] if table == "layer_styles" else found


def test_every_layer_opens_with_its_default_style_and_offers_the_others(report, language):
    for name in LAYERS:
        layer = report["layers"][name]
        absent = {"imbalance", *(c for c, column in schema.columns(name).items() if column.one_pipe)}
        expected = [s.name.get(language) for s in styles.STYLES if s.layer == name and s.column not in absent]
        assert layer["renderer"] == "RuleRenderer", name
        assert layer["styles"][0] == expected[0], name
        assert set(expected) <= set(layer["styles"]), name
        assert layer["valid"]
        assert layer["error"] == ""
    heading = {"en": "Specific friction [Pa/m]", "zh": "比摩阻 [Pa/m]"}[language]
    assert report["layers"]["pipes"]["legend"][0] == heading


def test_every_expression_runs_and_every_feature_is_drawn(report):
    for part in (report["layers"], report["project"]["layers"]):
        for name, layer in part.items():
            assert layer["broken"] == [], name
            assert layer["undrawn"] == [], name


def test_words_are_there_for_columns_tips_and_forms(report, language):
    layers = report["layers"]
    assert layers["pipes"]["aliases"]["dn_mm"] == {"en": "DN [mm]", "zh": "公称直径 [mm]"}[language]
    assert layers["lineage"]["aliases"]["action"]
    assert layers["pipes"]["form"] == {"en": ["General", "Supply", "Return"], "zh": ["基本", "供水", "回水"]}[language]
    tip = layers["stations"]["map_tip"]
    assert '&lt;b&gt;R&amp;D&lt;/b&gt; "it\'s" 木兰' in tip
    assert "<b>" not in tip
    assert "[%" not in tip
    assert "4000" in tip


def test_the_project_opens_whole(report, language):
    project = report["project"]
    assert project["read"]
    assert project["invalid"] == []
    assert project["drawing_errors"] == []
    assert project["title"] == TITLE
    assert project["crs"] == CRS
    words = schema.LAYER_LABEL[language]
    order = ("findings", "sources", "stations", "pumps", "valves", "nodes", "pipes", "streets", "areas")
    group, tables = project["groups"].items()
    assert group == (f"gisheat: {TITLE}", [words[name] for name in order])
    assert tables == ({"en": "Tables", "zh": "表格"}[language], [words[name] for name in TABLES])
    assert words["nodes"] in project["collapsed"]
    assert words["pipes"] not in project["collapsed"]
    xmin, ymin, xmax, ymax = project["extent"]
    assert xmin < X
    assert ymin < Y
    assert xmax > X + 250
    assert ymax > Y + 600
    shown = project["layers"]["pipes"]
    assert shown["style"] == styles.STYLES[0].name.get(language)
    one_pipe = {c for c, column in schema.columns("pipes").items() if column.one_pipe}
    named = [s.name.get(language) for s in styles.STYLES if s.layer == "pipes" and s.column not in one_pipe]
    assert sorted(shown["styles"]) == sorted(named)
    assert project["layers"]["nodes"]["scale_from"] > 0


def test_the_map_shows_the_classes_and_labels(report, folder, language):
    found = colours(folder / f"{language}.png")
    every = (classes.BELOW, classes.IN_BAND, classes.NEAR, classes.ABOVE, classes.HIGH, classes.EXTREME)
    for colour in (*every, classes.GREY, classes.SURPLUS[0], classes.SURPLUS[-1], styles.symbols.HALO):
        assert found.get(colour, 0) > 20, colour
    labels = report["project"]["labels"]
    assert labels.count("DN300 · 158 m") == 6
    assert "158 m" in labels
    assert f"R0 {NAME}" in labels
    assert "木兰热源\n140.4 MW\nΔH 85.2 m" in labels


def test_arrows_point_with_the_flow_whichever_way_the_line_is_drawn(result, tmp_path):
    extent = f"{X - 21},{Y + 175},{X + 179},{Y + 325}"  # 0.25 m a pixel, both pipes in the middle
    hidden = "nodes,streets,stations,sources,findings,valves,pumps"
    look(result, tmp_path / "a.png", "--extent", extent, "--size", "800x600", "--hide", hidden)
    pixels = np.round(imread(tmp_path / "a.png")[..., :3] * 255)
    for row in (100, 500):
        inside = (pixels[row - 3 : row + 3, 380:420] > 250).all(axis=2).sum(axis=0)  # the arrow is white
        columns = np.flatnonzero(inside)
        assert columns.size > 4
        assert inside[columns[0]] > inside[columns[-1]]  # its base is in the west


def test_the_same_file_gets_the_same_bytes(result, tmp_path):
    copy = write(tmp_path / result.name)
    for _ in range(2):
        styles.embed(copy, title=TITLE, aliases=schema.labels("en"))
        assert rows(copy, "layer_styles") == rows(result, "layer_styles")
        assert rows(copy, "qgis_projects") == rows(result, "qgis_projects")


def test_a_moved_file_opens_and_a_renamed_one_after_relink(tmp_path, result):
    (tmp_path / "else where").mkdir()
    moved = Path(shutil.copy(result, tmp_path / "else where" / result.name))
    assert look(moved, tmp_path / "a.png")["project"]["invalid"] == []
    renamed = moved.rename(tmp_path / "new name.gpkg")
    report = look(renamed, tmp_path / "b.png")
    assert report["project"]["invalid"] != []  # a limit of QGIS: sources carry the name of the file
    assert report["layers"]["pipes"]["renderer"] == "RuleRenderer"
    styles.relink(renamed)
    assert look(renamed, tmp_path / "c.png")["project"]["invalid"] == []


def test_a_file_written_under_a_temporary_name_opens_under_the_final_one(tmp_path):
    path = write(tmp_path / "x.tmp.gpkg", ["pipes"], [])
    styles.embed(path, title="t", file_name="final.gpkg")
    assert look(path.rename(tmp_path / "final.gpkg"), tmp_path / "a.png")["project"]["invalid"] == []


def test_only_what_is_there_is_styled_and_shown_by_what_is_known(tmp_path):
    path = tmp_path / "few.gpkg"
    empty = pipes().assign(sup_friction_pa_m=np.nan, sup_flow_t_h=np.nan, sup_velocity_m_s=np.nan)
    empty.drop(columns=["on_critical_path", "inner_diameter_mm"]).to_file(path, layer="pipes", VERSION="1.3")
    styles.embed(path, title="t\x00\x0b", aliases={})
    report = look(path, tmp_path / "a.png")
    assert list(report["project"]["layers"]) == ["pipes"]
    assert report["project"]["title"] == "t"
    layer = report["layers"]["pipes"]
    assert layer["styles"][0] == "Diameter"
    assert layer["legend"][0] == "Nominal diameter DN"
    assert layer["broken"] == layer["undrawn"] == []


def test_new_trenches_without_a_size_are_shown_as_planned(tmp_path):
    path = tmp_path / "routed.gpkg"
    planned = pipes().assign(dn_mm=np.nan, status="planned")[["dn_mm", "status", "geometry"]]
    planned.loc[0, ["dn_mm", "status"]] = 300, "existing"
    planned.to_file(path, layer="pipes", VERSION="1.3")
    styles.embed(path, title="t", aliases={})
    assert look(path, tmp_path / "a.png")["layers"]["pipes"]["styles"][0] == "Status"


def test_planned_pipes_are_marked_beside_what_a_style_shows(tmp_path):
    path = tmp_path / "planned.gpkg"
    pipes().assign(status="planned").to_file(path, layer="pipes", VERSION="1.3")
    styles.embed(path, title="t", aliases={})
    report = look(path, tmp_path / "a.png")
    assert "Planned" in report["layers"]["pipes"]["legend"]
    report = look(path, tmp_path / "a.png", "--style", "pipes=Status")
    assert "Planned" not in report["project"]["layers"]["pipes"]["legend"]


def test_texts_of_the_data_become_classes(result, tmp_path):
    report = look(result, tmp_path / "a.png", "--style", "pipes=Governed by")
    layer = report["project"]["layers"]["pipes"]
    assert RULE in layer["legend"]
    assert layer["broken"] == []
    assert colours(tmp_path / "a.png").get(classes.QUALITATIVE[0], 0) > 20


def test_styles_of_others_stay_but_ours_is_the_default(tmp_path):
    path = write(tmp_path / "a.gpkg", ["pipes"], [])
    styles.embed(path, title="t")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO layer_styles (f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,"
            " useAsDefault, owner) VALUES ('','pipes','geom','mine','<qgis/>',1,'me')"
        )
    connection.close()
    styles.embed(path, title="t")
    with sqlite3.connect(path) as connection:
        found = dict(connection.execute("SELECT styleName, useAsDefault FROM layer_styles").fetchall())
    connection.close()
    assert found["mine"] == 0
    assert found["Specific friction"] == 1
    assert sum(found.values()) == 1


def test_a_failure_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = write(tmp_path / "a.gpkg", ["pipes"], [])
    before = path.read_bytes()
    monkeypatch.setattr(styles, "write_project", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        styles.embed(path, title="t")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_geopackage_is_refused(tmp_path):
    with pytest.raises(sqlite3.Error):
        styles.embed(tmp_path / "missing.gpkg", title="t")
    assert list(tmp_path.iterdir()) == []
    text = tmp_path / "text.gpkg"
    text.write_text("not a database, and long enough to be read as one" * 100)
    with pytest.raises(sqlite3.Error):
        styles.embed(text, title="t")


def test_every_column_a_style_shows_is_one_of_the_contract():
    used = {(s.layer, s.column) for s in styles.STYLES if s.column}
    used |= {(layer, item.split(":")[0]) for layer, text in forms._TIPS.items() for item in text.split()}
    assert used <= {(layer, name) for layer in schema.GEOMETRY for name in schema.columns(layer)}
