"""Z and M of lines: kept from the file through repair and network into the result, or said to be lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN, call, layer, line, point, town, write

from gisheat.geopackage import write_template
from gisheat.layers import measures, read_layers

needs_m = pytest.mark.skipif(not measures.KEEPS_M, reason="geometries have M from shapely 2.1 on")


def drawn(kind, *vertices):
    """A line from well-known text; coordinates in metres from the origin, what follows them as it is."""
    places = (" ".join(map(repr, (x + ORIGIN[0], y + ORIGIN[1], *more))) for x, y, *more in vertices)
    return shapely.from_wkt(f"LINESTRING {kind} ({', '.join(places)})")


def mixed():
    """The town with a pipe with Z and M, one with M, one with neither, and a station beside the one with M."""
    pipes = [
        drawn("ZM", (0, 0, 10, 0), (100, 0, 20, 100)), drawn("M", (100, 0, 100), (200, 0, 300)),
        line((100, 0), (100, 80)),
    ]  # fmt: skip
    stations = [point(200, 0), point(100, 80), point(150, 10)]
    return town(
        pipes=layer(pipes, pipe_id=["P1", "P2", "P3"], laid=["2001-02-03", None, "x"], number=[1, 2, 3]),
        stations=layer(stations, station_id=["H1", "H2", "H3"], load_kw=[500.0, 300.0, 100.0]),
    )


def text_of(lines):
    """Well-known text in metres from the origin, by hand: shapely moves nothing that has M."""
    vertices = []
    for shape in lines:
        z, m = bool(shape.has_z), bool(measures.has_m(np.array([shape], object))[0])
        rows, _ = measures.vertices(np.array([shape], object), z=z, m=m)
        vertices.append((("Z" if z else "") + ("M" if m else ""), (rows - [*ORIGIN, *[0.0] * (z + m)]).tolist()))
    return vertices


def read(path, name="pipes", **options):
    return read_layers({name: f"{path}|{name}"}, **options)


@needs_m
def test_measures_and_heights_come_through_the_network_twice_and_nothing_gets_any(tmp_path):
    write_template(tmp_path / "town.gpkg", mixed())
    for source, result in (("town", "one"), ("one", "two")):
        assert call("topology", tmp_path / f"{source}.gpkg", "--output", tmp_path / f"{result}.gpkg").code == 0
    one, two = (read(tmp_path / f"{name}.gpkg") for name in ("one", "two"))
    assert one.notes == two.notes == ()
    expected = [
        ("ZM", [[0, 0, 10, 0], [100, 0, 20, 100]]),
        ("M", [[100, 0, 100], [150, 0, 200]]),
        ("M", [[150, 0, 200], [200, 0, 300]]),
        ("", [[100, 0], [100, 80]]),
        ("", [[150, 0], [150, 10]]),
    ]
    assert text_of(one["pipes"].geometry) == expected
    assert (
        shapely.to_wkb(two["pipes"].geometry, flavor="iso") == shapely.to_wkb(one["pipes"].geometry, flavor="iso")
    ).all()
    with closing(sqlite3.connect(tmp_path / "one.gpkg")) as connection:
        declared = "SELECT geometry_type_name, z, m FROM gpkg_geometry_columns WHERE table_name = 'pipes'"
        assert connection.execute(declared).fetchall() == [("LINESTRING", 2, 2)]
        assert connection.execute("SELECT count(*) FROM rtree_pipes_geom").fetchone() == (5,)
        triggers = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('pipes', 'stations')"
        assert connection.execute(f"{triggers} GROUP BY tbl_name").fetchall() in ([(8,), (8,)], [(7,), (7,)])


@needs_m
def test_streets_keep_measures_where_they_are_cut(tmp_path):
    streets = layer([drawn("M", (0, 0, 7), (100, 0, 207)), line((50, -30), (50, 30))], street_id=["a", "b"])
    write_template(tmp_path / "streets.gpkg", {"streets": streets})
    assert call("topology", tmp_path / "streets.gpkg", "--output", tmp_path / "out.gpkg").code == 0
    there = text_of(read(tmp_path / "out.gpkg", "streets")["streets"].geometry)
    assert there[:2] == [("M", [[0, 0, 7], [50, 0, 107]]), ("M", [[50, 0, 107], [100, 0, 207]])]
    assert [kind for kind, _ in there[2:]] == ["", ""]


def test_lines_without_height_do_not_come_back_at_height_0(tmp_path):
    pipes = layer([drawn("Z", (0, 0, 90), (100, 0, 91)), line((100, 0), (200, 0)), line((100, 0), (100, 80))],
                  pipe_id=["P1", "P2", "P3"])  # fmt: skip
    stations = layer([point(200, 0), point(100, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0])
    sources = town()["sources"].drop(columns="ground_m")
    write_template(tmp_path / "town.gpkg", town(pipes=pipes, stations=stations, sources=sources))
    for source, result in (("town", "one"), ("one", "two")):
        assert call("topology", tmp_path / f"{source}.gpkg", "--output", tmp_path / f"{result}.gpkg").code == 0
        there = pyogrio.read_dataframe(tmp_path / f"{result}.gpkg", layer="pipes").geometry
        assert shapely.has_z(there).tolist() == [True, False, False]
        ground = pyogrio.read_dataframe(tmp_path / f"{result}.gpkg", layer="nodes")["ground_m"]
        assert ground.tolist() == pytest.approx([90.0, 91.0, 91.0, 91.0])


@needs_m
@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_measures_of_parts_are_read_of_geopackages_and_shapefiles(tmp_path, suffix):
    path = tmp_path / f"pipes.{suffix}"
    two = [drawn("ZM", (0, 0, 1, 2), (9, 0, 3, 4)), drawn("ZM", (20, 0, 5, 6), (29, 0, 7, 8))]
    shapes = np.array([two[0], shapely.multilinestrings(np.array(two, object))], object)
    options = {"layer_options": {"SHPT": "ARCZM"}} if suffix == "shp" else {}
    pyogrio.raw.write(
        path, np.array(shapely.to_wkb(shapes, flavor="iso"), object), [np.array(["P1", "P2"], object)], ["pipe_id"],
        layer="pipes", driver={"gpkg": "GPKG", "shp": "ESRI Shapefile"}[suffix], geometry_type="Unknown", crs=CRS,
        **options,
    )  # fmt: skip
    there = read(path)
    assert there.notes == ()
    assert (
        shapely.to_wkb(there["pipes"].geometry, flavor="iso").tolist() == shapely.to_wkb(shapes, flavor="iso").tolist()
    )


@needs_m
def test_a_layer_that_is_reprojected_keeps_its_measures(tmp_path):
    drawings = [drawn("ZM", (0, 0, 10, 0), (100, 0, 20, 100)), line((0, 9), (9, 9)), drawn("M", (0, 5, 7), (9, 5, 8))]
    several = np.asarray(shapely.multilinestrings(np.array([drawings[0], drawings[2]], object), indices=[0, 1]), object)
    write_template(tmp_path / "streets.gpkg", {"streets": layer([*drawings, *several], street_id=list("abcde"))})
    main = layer([line((0, 0), (100, 0))], pipe_id=["P1"]).to_crs(other := "EPSG:32652")
    write_template(tmp_path / "pipes.gpkg", {"pipes": main})
    both = read_layers({name: f"{tmp_path}/{name}.gpkg|{name}" for name in ("pipes", "streets")})
    x, y = pyproj.Transformer.from_crs(CRS, other, always_xy=True).transform(*np.add(ORIGIN, [100.0, 0.0]))
    there = both["streets"].geometry.to_numpy()
    assert shapely.get_type_id(there).tolist() == [1, 1, 1, 5, 5]
    for row, place in ((0, [x, y, 20.0, 100.0]), (3, [x, y, 20.0, 100.0])):
        assert measures.vertices(there[[row]], z=True, m=True)[0][1].tolist() == pytest.approx(place)
    for row in (2, 4):
        assert measures.vertices(there[[row]], z=False, m=True)[0][:, 2].tolist() == [7.0, 8.0]
    assert (shapely.has_z(there).tolist(), measures.has_m(there).tolist()) == (
        [True, False, False, True, False], [True, False, True, True, True]
    )  # fmt: skip


@pytest.mark.parametrize("keeps", [False, pytest.param(True, marks=needs_m)])
def test_measures_that_are_lost_are_said(tmp_path, monkeypatch, keeps):
    """With an older shapely, or where they can't be made out."""
    path = write(tmp_path / "town.gpkg")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE gpkg_geometry_columns SET m = 2 WHERE table_name = 'pipes'")
    monkeypatch.setattr(measures, "KEEPS_M", keeps)
    monkeypatch.setattr(measures, "_GPKG_ENVELOPE", ())
    (note,) = read(path).notes
    assert note.startswith("pipes: the M values of its lines are not kept")
    done = call("topology", path, "--output", tmp_path / "out.gpkg")
    assert note in done.out


@needs_m
def test_measured_streets_and_such_with_and_without_height_are_not_joined(tmp_path):
    streets = [drawn("M", (0, 0, 0), (50, 0, 50)), drawn("M", (50, 0, 0), (90, 0, 40)),
               drawn("Z", (0, 50, 1), (50, 50, 1)), line((50, 50), (90, 50)), line((90, 50), (99, 50))]  # fmt: skip
    write_template(tmp_path / "in.gpkg", {"streets": layer(streets, street_id=list("abcde"))})
    done = call("topology", tmp_path / "in.gpkg", "--output", tmp_path / "out.gpkg", "--merge-pseudo-nodes")
    assert done.code == 0
    there = read(tmp_path / "out.gpkg", "streets")["streets"]
    assert there["street_id"].tolist() == ["a", "b", "c", "d"]
