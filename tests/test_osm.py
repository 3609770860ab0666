"""Streets of OpenStreetMap: from a download to the layer streets, and its attribution to everything made of it."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from osm_files import NODES, write_osm, write_pbf
from pyproj import Geod
from shapely import LineString, Point, box

from gisheat.errors import InputError
from gisheat.geopackage import run_record
from gisheat.operations import compare, import_osm, run, solve
from gisheat.osm import ATTRIBUTION, area_of, read_streets


@pytest.fixture(params=[write_osm, write_pbf])
def extract(request, tmp_path):
    """The same streets as XML and as protocol buffers."""
    return request.param(tmp_path / ("town.osm" if request.param is write_osm else "town.osm.pbf"))


def of(streets):
    return streets.table.set_index("street_id")


def roads(file, into="gis_osm_roads_free", **columns):
    lines = [LineString([NODES[a], NODES[b]]) for a, b in ((1, 2), (2, 3), (3, 6))]
    gpd.GeoDataFrame(columns, geometry=lines, crs=4326).to_file(file, layer=into)
    return file


def test_a_download_becomes_streets(extract):
    found = read_streets(str(extract))
    table = of(found)
    assert table["class"].to_dict() == {
        "101": "residential", "102": "service", "103": "primary", "106": "tertiary",
    }  # fmt: skip
    assert table.loc["101", ["name", "surface", "width_m"]].tolist() == ["北环路", "asphalt", 7.5]
    assert (table.loc["103", "level"], table.loc["103", "bridge"], table.loc["106", "tunnel"]) == (1.0, "yes", "yes")
    assert table["bridge"].notna().sum() == 1
    assert set(table["attribution"]) == {ATTRIBUTION}
    assert any("footway 1" in note for note in found.notes)


def test_streets_come_in_a_crs_that_fits_with_the_lengths_of_the_ellipsoid(extract):
    found = read_streets(str(extract))
    assert found.table.crs.to_epsg() == 4552
    assert any("EPSG:4552" in note for note in found.notes)
    nodes = [NODES[n] for n in (1, 2, 3)]
    true = Geod(ellps="WGS84").line_length(*zip(*nodes, strict=True))
    assert of(found).geometry["101"].length == pytest.approx(true, rel=2e-4)  # the scale of the zone at 128 E


def test_classes_and_area_choose(extract):
    assert of(read_streets(str(extract), classes=["all"])).index.tolist() == ["101", "102", "103", "104", "106"]
    only = read_streets(str(extract), classes=["primary", "bus_stop"])
    assert of(only).index.tolist() == ["103"]
    assert any("no street of the class bus_stop" in note for note in only.notes)
    with pytest.raises(InputError, match=r"holds no street of the classes track; it holds .*residential 1"):
        read_streets(str(extract), classes=["track"])
    west = of(read_streets(str(extract), area=area_of("128.03,45.94,128.0413,45.96")))
    whole = of(read_streets(str(extract)))
    assert sorted(west.index) == ["101", "102", "106"]
    assert west.geometry["101"].length == pytest.approx(whole.geometry["101"].length / 2, rel=1e-4)
    with pytest.raises(InputError, match="no street in the area"):
        read_streets(str(extract), area=area_of("10,45,11,46"))


def test_a_street_cut_in_two_has_two_numbers(tmp_path, extract):
    areas = gpd.GeoDataFrame(geometry=[box(128.03, 45.9, 128.0405, 46), box(128.0420, 45.9, 128.06, 46)], crs=4326)
    areas.to_crs(4552).to_file(tmp_path / "areas.gpkg", layer="areas")
    found = of(read_streets(str(extract), area=area_of(f"{tmp_path / 'areas.gpkg'}|areas")))
    assert sorted(found.index) == ["101", "101.2", "103", "106"]


@pytest.mark.parametrize("text", ["128,45", "5,6,4,7", "nowhere.gpkg", "a,b,c,d"])
def test_an_area_that_is_none_is_a_sentence(text):
    with pytest.raises(InputError, match="west,south,east,north"):
        area_of(text)


def test_layers_that_others_have_made_are_read_as_well(tmp_path):
    """Columns as the shapefiles of Geofabrik, osmnx and ogr2ogr have them."""
    geofabrik = roads(
        tmp_path / "roads.gpkg", osm_id=["7", "8", "9"], fclass=["residential", "path", "primary"], layer_=[0, 0, 1],
        name=["A", None, "C"], bridge=["F", "F", "T"], tunnel=["F", "F", "F"],
    )  # fmt: skip
    table = of(read_streets(str(geofabrik)))
    assert table.index.tolist() == ["7", "9"]
    assert table["bridge"].notna().tolist() == [False, True]
    osmnx = roads(
        tmp_path / "osmnx.gpkg", "edges", osmid=["[7, 8]", "9", "10"],
        highway=["['service', 'residential']", "tertiary", "road"], width=["['3', '4']", None, "6"],
    )  # fmt: skip
    table = of(read_streets(str(osmnx)))
    assert table["class"].to_dict() == {"7": "service", "9": "tertiary", "10": "road"}
    assert table["width_m"].dropna().to_dict() == {"7": 3.0, "10": 6.0}
    hstore = roads(
        tmp_path / "lines.gpkg", "lines", osm_id=["7", "8", "9"], highway=["service"] * 3,
        other_tags=['"layer"=>"-1","tunnel"=>"yes"', '"note"=>"a \\"b\\", c"', None],
    )  # fmt: skip
    table = of(read_streets(str(hstore)))
    assert (table["level"].tolist()[0], table["tunnel"].tolist()[0]) == (-1.0, "yes")
    assert table["tunnel"].notna().sum() == 1


def test_streets_drawn_in_both_directions_count_once(tmp_path):
    line = LineString([NODES[1], NODES[2], NODES[3]])
    both = gpd.GeoDataFrame({"highway": ["road"] * 2, "osmid": ["1", "1"]}, geometry=[line, line.reverse()], crs=4326)
    both.to_file(tmp_path / "a.gpkg", layer="edges")
    found = read_streets(str(tmp_path / "a.gpkg"))
    assert len(found.table) == 1
    assert any("each direction" in note for note in found.notes)


def test_what_is_no_extract_is_a_sentence(tmp_path):
    gpd.GeoDataFrame({"kind": ["a"]}, geometry=[Point(1, 2)], crs=4326).to_file(tmp_path / "a.gpkg", layer="x")
    with pytest.raises(InputError, match="no column highway or fclass"):
        read_streets(str(tmp_path / "a.gpkg"))
    (tmp_path / "b.pbf").write_bytes(b"no protocol buffer")
    with pytest.raises(InputError, match=r"b\.pbf cannot be read"):
        read_streets(str(tmp_path / "b.pbf"))
    whole = write_pbf(tmp_path / "c.pbf").read_bytes()
    (tmp_path / "c.pbf").write_bytes(whole[: len(whole) - 20])
    with pytest.raises(InputError, match=r"c\.pbf"):
        read_streets(str(tmp_path / "c.pbf"))


def test_the_attribution_reaches_everything_made_of_the_streets(tmp_path):
    extract, streets = write_pbf(tmp_path / "town.osm.pbf"), tmp_path / "streets.gpkg"
    report = import_osm(extract, streets)
    assert report.figures["streets"] == (4, "")
    assert run_record(streets)["attribution 1"] == ATTRIBUTION
    places = gpd.GeoSeries([Point(NODES[n]) for n in (3, 5, 1)], crs=4326).to_crs(4552)
    stations = gpd.GeoDataFrame(
        {"station_id": ["H1", "H2"], "load_kw": [500.0, 300.0]}, geometry=places[:2].array, crs=4552
    )
    sources = gpd.GeoDataFrame(
        {"source_id": ["S1"], "supply_temp_c": [110.0], "return_temp_c": [60.0]}, geometry=places[2:].array, crs=4552
    )
    stations.to_file(tmp_path / "town.gpkg", layer="stations")
    sources.to_file(tmp_path / "town.gpkg", layer="sources")
    result, page, picture = tmp_path / "result.gpkg", tmp_path / "result.html", tmp_path / "result.svg"
    ran = run(tmp_path / "town.gpkg", result, streets=f"{streets}|streets", report=page, picture=picture)
    assert ran.exit_code == 0
    assert ran.figures["attribution"] == (ATTRIBUTION, "")
    assert run_record(result)["attribution 1"] == ATTRIBUTION
    assert set(pyogrio.read_dataframe(result, layer="streets")["attribution"]) == {ATTRIBUTION}
    assert ATTRIBUTION in page.read_text("utf-8")
    assert "OpenStreetMap contributors" in picture.read_text("utf-8")
    again = tmp_path / "again.gpkg"
    solve(result, again)  # a result that is read again hands it on
    assert run_record(again)["attribution 1"] == ATTRIBUTION
    compare(result, again, tmp_path / "changes.gpkg")
    assert run_record(tmp_path / "changes.gpkg")["attribution 1"] == ATTRIBUTION


def test_the_same_extract_gives_the_same_streets(extract, tmp_path):
    for name in ("a", "b"):
        import_osm(extract, tmp_path / f"{name}.gpkg")
    a, b = (pyogrio.read_dataframe(tmp_path / f"{name}.gpkg", layer="streets") for name in ("a", "b"))
    pd.testing.assert_frame_equal(pd.DataFrame(a), pd.DataFrame(b))
