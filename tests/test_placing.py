"""Which CRS a layer is in: zones of China, degrees, exchanged axes, other units, none; and the way to another one."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
from drawings import CRS, ORIGIN, call, digest, layer, line, point, tables, town, write

from gisheat import gauss_kruger
from gisheat.errors import InputError
from gisheat.layers import find_sources, read_layers

EAST, NORTH = ORIGIN
ESRI = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_129E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",129.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
"""As ArcGIS writes it into a .prj."""
LOCAL = (
    ESRI.replace("CGCS2000_3_Degree_GK_CM_129E", "City local 2000")
    .replace("129.0", "128.05")
    .replace('"False_Easting",500000.0', '"False_Easting",50000.0')
    .replace('"False_Northing",0.0', '"False_Northing",-5000000.0')
)


def read(tmp_path, layers, **options):
    file = write(tmp_path / "town.gpkg", layers)
    return read_layers(find_sources(file, None, {}), **options)


def pipes_at(x, y, crs, width=100.0):
    return gpd.GeoDataFrame(
        {"pipe_id": ["P1"]},
        geometry=gpd.GeoSeries.from_wkt([f"LINESTRING ({x} {y}, {x + width} {y})"]).to_numpy(),
        crs=crs,
    )


# codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", gauss_kruger.SYSTEMS, ids=lambda s: s.name)
def test_the_codes_are_those_of_the_epsg_dataset(system):
    """Name, middle meridian and false easting of every zone, as PROJ's copy of the EPSG dataset has them."""
    for zones, prefixed, plain, words in (
        (gauss_kruger.SIX_DEGREES, system.six, system.six_plain, ""),
        (gauss_kruger.THREE_DEGREES, system.three, system.three_plain, "3-degree "),
    ):
        for zone in zones:
            meridian = gauss_kruger.meridian_of(zone)
            for code, easting, ending in (
                (prefixed, zone * 1e6 + 5e5, f"zone {zone}"), (plain, 5e5, f"CM {meridian:.0f}E"),
            ):  # fmt: skip
                crs = pyproj.CRS.from_epsg(code + zone - zones[0])
                assert crs.name == f"{system.name} / {words}Gauss-Kruger {ending}"
                assert gauss_kruger.projection_of(crs) == (meridian, easting)


def test_a_projection_has_a_sibling_with_and_without_its_zone():
    assert gauss_kruger.sibling(pyproj.CRS(4552), zone=43).to_epsg() == 4531
    assert gauss_kruger.sibling(pyproj.CRS(4531), zone=None).to_epsg() == 4552
    assert gauss_kruger.sibling(pyproj.CRS(2364), zone=None).to_epsg() == 2385
    assert gauss_kruger.sibling(pyproj.CRS(ESRI), zone=43).to_epsg() == 4531
    assert gauss_kruger.sibling(pyproj.CRS(4552), zone=42) is None
    assert gauss_kruger.sibling(pyproj.CRS(32652), zone=None) is None


# what does not fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "crs", "taken"),
    [
        (EAST + 43e6, "EPSG:4552", 4531),
        (EAST, "EPSG:4531", 4552),
        (EAST + 22e6, "EPSG:4511", 4500),
        (EAST + 43e6, ESRI, 4531),
    ],
)
def test_a_zone_in_the_eastings_that_the_crs_has_not_or_the_reverse_is_mended_and_told(tmp_path, x, crs, taken):
    layers = read(tmp_path, {"pipes": pipes_at(x, NORTH, crs)})
    assert layers.crs.to_epsg() == taken
    assert [(f.rule, f.severity) for f in layers.findings] == [("zone-prefix", "warning")]
    assert f"EPSG:{taken} was taken" in layers.findings[0].message
    assert layers["pipes"].geometry.iloc[0].coords[0] == (x, NORTH)


@pytest.mark.parametrize(
    ("x", "y", "crs", "width", "sentence"),
    [
        (
            EAST + 42e6,
            NORTH,
            CRS,
            100,
            r"begin with zone 42 \(126E\), and the middle meridian .* is 129E: .*EPSG:4530 \(CGCS2000\)",
        ),
        (
            NORTH,
            EAST,
            CRS,
            100,
            r"\(5090050, 425000\) have the northing first: exchange X and Y .*QGIS: Swap .*CAD: MIRROR",
        ),
        (NORTH, EAST + 43e6, "EPSG:4531", 100, "have the northing first"),
        (EAST / 1e3, NORTH / 1e3, CRS, 0.1, r"\(425, 5090\) look like kilometres, .*: multiply them by 1000"),
        (EAST * 1e3, NORTH * 1e3, CRS, 1e5, "look like millimetres"),
        (128.04, 45.95, CRS, 0.001, "look like degrees, and the CRS EPSG:4552 counts metres"),
    ],
)
def test_coordinates_that_cannot_be_in_their_crs_are_refused(tmp_path, x, y, crs, width, sentence):
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, {"pipes": pipes_at(x, y, crs, width)})


@pytest.mark.parametrize("wanted", [CRS, "auto"])
def test_degrees_with_the_latitude_first_are_refused(tmp_path, wanted):
    with pytest.raises(InputError, match=r"\(45.95, 128.04\) have the latitude first: exchange X and Y"):
        read(tmp_path, {"pipes": pipes_at(45.95, 128.04, "EPSG:4326", 0.01)}, to_crs=wanted)
    stations = layer([point(200, 0)], station_id=["H1"]).set_geometry(gpd.points_from_xy([45.95], [128.04]))
    with pytest.raises(InputError, match=r"layer stations: .* have the latitude first"):
        read(tmp_path, {"pipes": town()["pipes"], "stations": stations.set_crs(4326, allow_override=True)})


def test_degrees_of_the_far_north_are_no_latitude_first(tmp_path):
    for x, y in ((23.68, 70.66), (15.63, 78.22)):  # Hammerfest, Longyearbyen
        assert len(read(tmp_path, {"pipes": pipes_at(x, y, "EPSG:4326", 0.01)}, to_crs="auto").tables["pipes"])


def test_a_site_grid_in_metres_is_no_grid_in_kilometres(tmp_path):
    assert len(read(tmp_path, {"pipes": pipes_at(425, 5090, CRS, 500.0)})["pipes"]) == 1


def test_a_network_far_from_the_middle_of_its_zone_is_doubtful(tmp_path):
    """Near 128 E in the zone of 123 E: not yet drawn 1 % too long, which is refused; the code that fits is said."""
    moved = town()["pipes"].to_crs(4550)
    found = read(tmp_path, {"pipes": moved}).findings
    assert [f.rule for f in found] == ["far-from-meridian"]
    assert "EPSG:4552 would fit" in found[0].message


def test_a_layer_nowhere_near_the_pipes_is_told_and_why(tmp_path):
    swapped = layer([point(200, 0)], crs=None, station_id=["H1"])
    swapped = swapped.set_geometry(gpd.points_from_xy([300.0], [200.0]))
    layers = read(tmp_path, {"pipes": town()["pipes"], "stations": swapped})
    assert [f.rule for f in layers.findings] == ["crs-missing", "layers-apart"]


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (EAST + 43e6, NORTH, r"zone 43: EPSG:4531 \(CGCS2000\), EPSG:2367 \(Xian 1980\), EPSG:2419 \(Beijing 1954\)"),
        (EAST + 22e6, NORTH, r"zone 22: EPSG:4500 \(CGCS2000\), EPSG:2336 \(Xian 1980\), EPSG:21422 \(Beijing 1954\)"),
        (EAST, NORTH, "without the zone in its eastings: EPSG:4534 to 4554"),
        (NORTH, EAST, "have the northing first; before that, exchange X and Y"),
        (128.04, 45.95, "may be degrees: EPSG:4490"),
    ],
)
def test_a_main_layer_without_crs_is_told_which_ones_would_fit(tmp_path, x, y, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, {"pipes": pipes_at(x, y, None)})


# .prj of ArcGIS, local systems ----------------------------------------------------------------------------


def test_the_names_of_arcgis_are_the_same_crs(tmp_path):
    layers = read(
        tmp_path, {"pipes": town()["pipes"], "stations": town()["stations"].set_crs(ESRI, allow_override=True)}
    )
    assert layers.notes == ()
    assert layers.findings == ()


def test_a_local_system_in_metres_is_taken(tmp_path):
    layers = read(tmp_path, {name: table.to_crs(LOCAL) for name, table in town().items()})
    assert layers.crs.name == "City local 2000"
    assert layers["pipes"].geometry.length.tolist() == pytest.approx([100, 100, 80], rel=3e-4)


# to another CRS --------------------------------------------------------------------------------------------


def test_degrees_are_brought_to_the_crs_that_is_asked_for(tmp_path):
    degrees = {name: table.to_crs(4326) for name, table in town().items()}
    layers = read(tmp_path, degrees, to_crs=CRS)
    assert layers.crs == pyproj.CRS(CRS)
    assert layers["pipes"].geometry.length.tolist() == pytest.approx([100, 100, 80], abs=1e-3)
    auto = read(tmp_path, degrees, to_crs="auto")
    assert (auto.crs.to_epsg(), auto.chosen_crs) == (4552, "EPSG:4552")
    with pytest.raises(InputError, match=r"EPSG:4552 .* with --to-crs"):
        read(tmp_path, degrees)
    with pytest.raises(InputError, match="geographic"):
        read(tmp_path, degrees, to_crs="EPSG:4490")


def test_auto_leaves_a_crs_in_metres(tmp_path):
    layers = read(tmp_path, town(), to_crs="auto")
    assert (layers.crs.to_epsg(), layers.chosen_crs) == (4552, None)


@pytest.mark.parametrize("code", [2440, 2388])  # Beijing 1954, Xian 1980 / 3-degree CM 129E
def test_a_shift_of_datum_that_nobody_knows_is_said(tmp_path, code):
    """The EPSG dataset has ways from Beijing 1954 to WGS 84 (60 m and more, to 1 to 15 m), none to CGCS2000."""
    stations = town()["stations"].set_crs(code, allow_override=True)
    layers = read(tmp_path, {"pipes": town()["pipes"], "stations": stations})
    assert [f.rule for f in layers.findings] == ["datum-shift"]
    assert "PROJ knows no shift from" in layers.findings[0].message


def test_wgs_84_and_cgcs2000_agree_to_a_metre(tmp_path):
    layers = read(tmp_path, {"pipes": town()["pipes"], "stations": town()["stations"].to_crs(32652)})
    assert layers.findings == ()


def test_a_run_in_degrees_gives_the_network_of_the_run_in_metres(tmp_path):
    given = []
    for name, table in town().items():
        given += [f"--{name}", write(tmp_path / f"{name}.geojson", {name: table.to_crs(4326)})]
    before = digest(tmp_path)
    ran = call("run", tmp_path / "pipes.geojson", "--to-crs", CRS, "-o", tmp_path / "out" / "r.gpkg", *given)
    plain = call("run", write(tmp_path / "plain.gpkg"), "-o", tmp_path / "out" / "p.gpkg")
    assert ran.code == plain.code == 0
    heads = [{row[1]: row[2] for row in tables(tmp_path / "out" / n)["summary"]} for n in ("r.gpkg", "p.gpkg")]
    assert float(heads[0]["pump head"]) == pytest.approx(float(heads[1]["pump head"]), rel=1e-4)
    assert {k: v for k, v in digest(tmp_path).items() if k in before} == before


def test_new_chooses_a_crs_for_layers_in_degrees_and_writes_it_down(tmp_path):
    file = write(tmp_path / "town.gpkg", {name: table.to_crs(4326) for name, table in town().items()})
    assert call("new", file, "-o", tmp_path / "town.toml").code == 0
    text = (tmp_path / "town.toml").read_text("utf-8")
    assert 'to_crs = "EPSG:4552"' in text
    assert call("check", tmp_path / "town.toml").code == 0


def test_lines_keep_their_z_on_the_way(tmp_path):
    high = layer([line((0, 0), (9, 0))], pipe_id=["P1"]).to_crs(4326)
    high = high.set_geometry(gpd.GeoSeries.from_wkt(["LINESTRING Z (128 45.9 7, 128.001 45.9 8)"]).to_numpy(), crs=4326)
    moved = read(tmp_path, {"pipes": high}, to_crs=CRS)["pipes"].geometry.iloc[0]
    assert np.array(moved.coords)[:, 2].tolist() == [7, 8]
