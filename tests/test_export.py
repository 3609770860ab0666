"""Results in other forms: what is in them; read again they are the same network; the same gives the same bytes."""

from __future__ import annotations

import json

import ezdxf
import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from drawings import CRS, town, write
from openpyxl import load_workbook

from gisheat.errors import InputError
from gisheat.exports.tables import short_names
from gisheat.layers import layer_names, read_table
from gisheat.operations import export, run
from gisheat.schema import ID_COLUMN
from gisheat.styles import classes


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The town, solved; its pipes have an attribution, one station a name that begins as a formula."""
    folder = tmp_path_factory.mktemp("export")
    layers = town()
    layers["pipes"]["attribution"] = "© survey office"
    layers["stations"]["name"] = ["=1+1", "换热站"]
    run(write(folder / "town.gpkg", layers), folder / "result.gpkg")
    return folder / "result.gpkg"


def of(result, layer="pipes"):
    return pyogrio.read_dataframe(result, layer=layer)


# drawings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_drawing_is_sound_and_reads_again_as_the_same_network(language, result, tmp_path):
    target = tmp_path / "town.dxf"
    export(result, target, language=language)
    audit = ezdxf.readfile(target).audit()
    assert (audit.errors, audit.fixes) == ([], [])
    ran = run(target, tmp_path / "again.gpkg", crs=CRS)
    assert ran.exit_code == 0
    for layer in ("pipes", "stations", "sources", "nodes"):
        key = ID_COLUMN[layer]
        before, after = (of(r, layer).set_index(key).sort_index() for r in (result, tmp_path / "again.gpkg"))
        assert after.index.tolist() == before.index.tolist()
        for column in before.columns.intersection(after.columns):
            if pd.api.types.is_float_dtype(before[column]) and column != "source_fid":
                wanted = before[column].to_numpy(float)
                assert after[column].to_numpy(float) == pytest.approx(wanted, rel=1e-6, abs=1e-6, nan_ok=True), column
    before, after = (of(r).set_index("pipe_id").sort_index() for r in (result, tmp_path / "again.gpkg"))
    assert shapely.equals_exact(before.geometry.to_numpy(), after.geometry.to_numpy(), 1e-9).all()


def test_a_drawing_shows_the_classes_of_the_map(result, tmp_path):
    export(result, tmp_path / "town.dxf")
    space = ezdxf.readfile(tmp_path / "town.dxf").modelspace()
    pipes = of(result)
    friction = {band.colour: (band.lower or 0.0, band.upper or np.inf) for band in classes.friction()}
    lines = space.query('LWPOLYLINE[layer ? "PIPES-.*"]')
    assert len(lines) == len(pipes)
    for line in lines:
        said = dict(str(tag.value).split("=", 1) for tag in line.get_xdata("GISHEAT"))
        row = pipes.set_index("pipe_id").loc[said["pipe_id"]]
        low, high = friction["#{:02x}{:02x}{:02x}".format(*line.rgb)]
        assert low <= abs(row["sup_friction_pa_m"]) < high
        assert line.dxf.layer == f"PIPES-DN{row['dn_mm']:g}"
    stations = space.query('INSERT[layer == "STATIONS"]')
    assert sorted(s.get_attrib_text("STATION_ID") for s in stations) == ["H1", "H2"]
    assert not stations[0].get_attrib("STATION_ID").is_invisible
    assert stations[0].get_attrib("LOAD_KW").is_invisible
    texts = [t.dxf.text for t in space.query("TEXT")]
    assert any(t.startswith("DN") and t.endswith("t/h") for t in texts)
    assert "© survey office" in texts


# other forms ---------------------------------------------------------------------------------------------


def test_geojson_is_in_degrees(result, tmp_path):
    export(result, tmp_path / "a.geojson")
    read = json.loads((tmp_path / "a.geojson").read_text("utf-8"))
    assert "crs" not in read  # RFC 7946 knows no other than degrees
    wanted = of(result).to_crs(4326)
    places = [f["geometry"]["coordinates"] for f in read["features"]]
    for line, geometry in zip(places, wanted.geometry, strict=True):
        assert np.array(line) == pytest.approx(shapely.get_coordinates(geometry), abs=1e-7)
    assert {f["properties"]["attribution"] for f in read["features"]} == {"© survey office"}


@pytest.mark.parametrize("suffix", [".fgb", ".shp"])
@pytest.mark.parametrize("layer", ["pipes", "stations"])
def test_vector_files_have_the_features_and_values(layer, suffix, result, tmp_path):
    report = export(result, tmp_path / f"a{suffix}", layer=layer)
    assert all(file.exists() for file in report.files)
    wanted, found = of(result, layer), pyogrio.read_dataframe(tmp_path / f"a{suffix}")
    assert found.crs.equals(wanted.crs)
    names = short_names([c for c in wanted.columns if c != "geometry"]) if suffix == ".shp" else {c: c for c in wanted}
    key = "pipe_id" if layer == "pipes" else "station_id"
    order = found.set_index(key).loc[wanted[key]]
    assert shapely.equals_exact(order.geometry.to_numpy(), wanted.geometry.to_numpy(), 1e-6).all()
    for column in wanted.select_dtypes("float"):
        assert order[names[column]].to_numpy(float) == pytest.approx(wanted[column].to_numpy(), nan_ok=True), column
    if layer == "stations":
        assert sorted(found["name"]) == sorted(wanted["name"])
    if suffix == ".shp":
        assert (tmp_path / "a.cpg").read_text() == "UTF-8"
        assert any("sup_flow_t = sup_flow_t_h" in n for n in report.notes) == (layer == "pipes")


def test_a_shapefile_has_names_that_differ():
    names = [f"sup_velocity_{i}" for i in range(120)] + ["SUP_VELOCI", "供热面积平方米", "供热面积"]
    short = short_names(names)
    assert len({s.lower() for s in short.values()}) == len(names)
    assert all(0 < len(s.encode()) <= 10 for s in short.values())
    assert short["供热面积"] != short["供热面积平方米"]


def test_tables_have_places_and_no_formulas(result, tmp_path):
    export(result, tmp_path / "stations.csv", layer="stations")
    table = pd.read_csv(tmp_path / "stations.csv")
    wanted = of(result, "stations")
    assert table[["x", "y"]].to_numpy() == pytest.approx(shapely.get_coordinates(wanted.geometry.to_numpy()), abs=1e-3)
    assert not any(str(name).startswith("=") for name in table["name"])
    export(result, tmp_path / "pipes.csv")
    lines = shapely.from_wkt(pd.read_csv(tmp_path / "pipes.csv")["wkt"].to_numpy())
    assert shapely.length(lines) == pytest.approx(of(result).length.to_numpy(), abs=0.01)
    export(result, tmp_path / "all.xlsx")
    book = load_workbook(tmp_path / "all.xlsx")
    assert {"Pipes", "Stations", "Nodes", "Summary"} <= set(book.sheetnames)
    cells = [c for row in book["Stations"].iter_rows() for c in row if c.value in ("=1+1", "'=1+1")]
    assert all(c.data_type == "s" for c in cells)
    assert cells


@pytest.mark.parametrize("suffix", [".dxf", ".geojson", ".fgb", ".shp", ".csv", ".xlsx"])
def test_the_same_result_gives_the_same_bytes(suffix, result, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export(result, tmp_path / name / f"town{suffix}")
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == sorted(p.name for p in (tmp_path / "b").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_what_cannot_be_exported_is_a_sentence(result, tmp_path):
    with pytest.raises(InputError, match=r"\.dxf"):
        export(result, tmp_path / "a.kml")
    with pytest.raises(InputError, match="no layer 'pipe'; did you mean"):
        export(result, tmp_path / "a.shp", layer="pipe")
    with pytest.raises(InputError, match="has no geometry"):
        export(result, tmp_path / "a.shp", layer="summary")
    with pytest.raises(InputError, match="project file"):
        export(tmp_path / "p.toml", tmp_path / "a.dxf")
    export(result, tmp_path / "a.shp")
    (tmp_path / "a.dbf").rename(tmp_path / "b.dbf")
    with pytest.raises(InputError, match=r"b\.dbf exists"):
        export(result, tmp_path / "b.shp")
    assert not (tmp_path / "b.shp").exists()


def test_a_layer_without_features_is_written_empty(tmp_path):
    layers = town()
    empty = gpd.GeoDataFrame({"station_id": pd.Series([], dtype=object)}, geometry=[], crs=CRS)
    empty.to_file(write(tmp_path / "town.gpkg", {"pipes": layers["pipes"]}), layer="stations")
    export(tmp_path / "town.gpkg", tmp_path / "a.geojson", layer="stations")
    assert json.loads((tmp_path / "a.geojson").read_text())["features"] == []
    assert layer_names(tmp_path / "town.gpkg")
    assert len(read_table("pipes", f"{tmp_path / 'town.gpkg'}|pipes")) == 3
