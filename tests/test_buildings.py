"""Buildings as heat consumers: areas by hand (footprint x floors), loads by area x index of the catalogue."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from drawings import CRS, ORIGIN, call, findings, layer, line, point, town, write
from pandas.testing import assert_frame_equal
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import translate

from gisheat.buildings import Buildings, join_buildings
from gisheat.catalogue import pipe_series
from gisheat.checks import clean
from gisheat.layers import Layers
from gisheat.topology import build_network

TRUNK = line((0, 0), (200, 0))


def shape(geometry):
    return translate(geometry, *ORIGIN)


def buildings(shapes, **columns):
    return layer([shape(s) for s in shapes.values()], building_id=list(shapes), **columns)


def read(**given):
    """Layers as read: one pipe along y = 0, and those given."""
    return Layers({"pipes": layer([TRUNK], pipe_id=["a"]), **given}, {}, pyproj.CRS(CRS))


def joined(raw, **rules):
    return join_buildings(clean(raw), Buildings(**rules))


def drawing(raw, **rules):
    return build_network(raw, joined(raw, **rules), pipe_series("cn-steel"))


def rules_of(layers):
    return sorted((f.rule, f.severity, f.source_fid) for f in layers.findings)


def places(stations):
    xy = shapely.get_coordinates(stations.geometry.to_numpy()) - ORIGIN
    return [tuple((row.round(3) + 0.0).tolist()) for row in xy]


def column(table, name):
    return dict(zip(table["station_id"], table[name], strict=True))


# buildings that name no station ------------------------------------------------------------------------------


def test_without_stations_every_building_becomes_one_at_its_facade():
    """B1: 20 x 30 m with 6 floors; B2 states its area; B3 stands farther off, slanting."""
    blocks = {"B1": box(20, 10, 40, 40), "B2": box(60, -50, 80, -12), "B3": Polygon([(120, 25), (140, 30), (130, 50)])}
    raw = read(buildings=buildings(blocks, floors=[6, 2, 1], heated_area_m2=[None, 900.0, None]))
    found = joined(raw)
    assert found["stations"]["station_id"].tolist() == ["B1", "B2", "B3"]
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"B1": 3600, "B2": 900, "B3": 225})
    assert places(found["stations"]) == [(30, 10), (70, -12), (120, 25)]
    assert found["buildings"]["station_id"].tolist() == ["B1", "B2", "B3"]
    made = drawing(raw)
    assert column(made.stations, "connection_length_m") == pytest.approx({"B1": 10, "B2": 12, "B3": 25})
    assert set(made.pipes.loc[made.pipes["role"] == "connection", "source_layer"]) == {"buildings"}
    rows = made.lineage[made.lineage["source_layer"] == "buildings"]
    assert sorted(rows[["source_fid", "result_layer", "result_id", "action"]].to_numpy().tolist()) == sorted(
        row
        for i in range(3)
        for row in (
            [i, "stations", f"B{i + 1}", "kept"],
            [i, "pipes", f"B{i + 1}.connection", "connected"],
        )
    )
    assert {(f.layer, f.source_fid) for f in made.findings if f.rule == "connected"} == {
        ("buildings", i) for i in range(3)
    }


def test_the_heated_share_and_the_floors_of_the_options_count_where_nothing_is_stated():
    raw = read(buildings=buildings({"B1": box(20, 10, 40, 40), "B2": box(60, 10, 70, 20)}, floors=[6, None]))
    found = joined(raw, heated_share=0.8, floors=3.0)
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"B1": 2880, "B2": 240})


def test_a_building_without_floors_and_area_is_an_error_and_no_station():
    raw = read(buildings=buildings({"B1": box(20, 10, 40, 40), "B2": box(60, 10, 70, 20)}, floors=[6, 0]))
    found = joined(raw)
    assert found["stations"]["station_id"].tolist() == ["B1"]
    assert rules_of(found) == [("building-area-unknown", "error", 1)]
    assert drawing(raw).lineage.query("source_layer == 'buildings'")["action"].tolist() == [
        "kept",
        "connected",
        "unused",
    ]


def test_a_building_that_is_not_heated_becomes_no_station():
    raw = read(buildings=buildings({"B1": box(20, 10, 40, 40), "garage": box(60, 10, 70, 20)}, heated_area_m2=[9.0, 0]))
    assert joined(raw)["stations"]["station_id"].tolist() == ["B1"]


def test_a_courtyard_has_no_footprint_and_parts_of_a_building_add_up():
    yard = Polygon(box(20, 10, 60, 50).exterior.coords, [box(30, 20, 50, 40).exterior.coords])
    parts = MultiPolygon([box(100, 30, 110, 40), box(120, 8, 140, 18)])
    found = joined(read(buildings=buildings({"yard": yard, "parts": parts}, floors=[2, 3])))
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"yard": 2400, "parts": 900})
    assert places(found["stations"]) == [(40, 10), (130, 8)]


def test_a_polygon_that_crosses_itself_counts_with_both_its_loops():
    bow = Polygon([(20, 10), (40, 30), (40, 10), (20, 30)])
    found = joined(read(buildings=buildings({"B": bow}, floors=[1])))
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"B": 200})
    assert rules_of(found) == [("polygon-invalid", "warning", 0)]


def test_a_polygon_without_an_area_counts_where_it_states_its_heated_area():
    flat = {name: Polygon([(20, y), (40, y), (30, y), (20, y)]) for name, y in (("B1", 10), ("B2", 30))}
    found = joined(read(buildings=buildings(flat, floors=[3, 3], heated_area_m2=[None, 700.0])))
    assert column(found["stations"], "heated_area_m2") == {"B2": 700}
    assert rules_of(found) == [
        ("building-area-unknown", "error", 0),
        *[("polygon-invalid", "warning", i) for i in (0, 1)],
    ]
    assert places(found["stations"]) == [(30, pytest.approx(30, abs=2e-3))]


def test_a_pipe_under_a_building_takes_it_where_it_enters():
    made = drawing(read(buildings=buildings({"B": box(20, -10, 40, 25)}, floors=[1])))
    assert places(made.stations) == [(20, 0)]
    assert column(made.stations, "connection_length_m") == {"B": 0}


def test_with_stations_buildings_that_name_none_are_background_and_counted():
    stations = layer([point(50, 5)], station_id=["H"], heated_area_m2=[500.0])
    raw = read(stations=stations, buildings=buildings({"B1": box(20, 10, 40, 40), "B2": box(60, 10, 70, 20)}))
    found = joined(raw)
    assert found["stations"]["station_id"].tolist() == ["H"]
    assert rules_of(found) == [("buildings-unused", "info", None)]
    assert "2 building(s)" in found.findings[-1].message
    assert drawing(raw).lineage.query("source_layer == 'buildings'")["action"].tolist() == ["unused", "unused"]


def test_always_connects_them_beside_stations_and_never_gives_two_the_same_name():
    stations = layer([point(50, 5)], station_id=["B1"], heated_area_m2=[500.0], name=["first"])
    raw = read(stations=stations, buildings=buildings({"B1": box(20, 10, 40, 40)}, floors=[1]))
    made = drawing(raw, connect="always")
    assert column(made.stations, "heated_area_m2") == pytest.approx({"B1": 500, "B1_": 600})
    assert made.stations["name"].tolist() == ["first", None]
    rows = made.lineage[made.lineage["result_layer"] == "stations"]
    assert rows[["source_layer", "source_fid", "result_id", "action"]].to_numpy().tolist() == [
        ["stations", 0, "B1", "kept"], ["buildings", 0, "B1_", "kept"],
    ]  # fmt: skip


def test_never_leaves_them_alone():
    raw = read(buildings=buildings({"B1": box(20, 10, 40, 40)}, floors=[1]))
    assert "stations" not in joined(raw, connect="never")


def test_streets_are_what_buildings_look_at_where_there_are_no_pipes():
    streets = layer([line((0, 60), (200, 60))], street_id=["s"])
    tables_of = {"streets": streets, "buildings": buildings({"B": box(20, 10, 40, 40)}, floors=[1])}
    raw = Layers(tables_of, {}, pyproj.CRS(CRS))
    assert places(joined(raw)["stations"]) == [(30, 40)]
    with_pipes = read(**tables_of)
    assert places(joined(with_pipes)["stations"]) == [(30, 10)]
    nearer = read(streets=layer([line((0, 45), (200, 45))], street_id=["s"]), buildings=tables_of["buildings"])
    assert places(joined(nearer, streets=True)["stations"]) == [(30, 40)]


# buildings that name a station -------------------------------------------------------------------------------


def test_a_station_without_an_area_has_that_of_its_buildings_and_their_mean_heat_index():
    """600 m2 residential three_step (35 W/m2 in the middle of its range) and 400 m2 hotel none (65 W/m2): 47 W/m2."""
    stations = layer([point(50, 5), point(90, 5)], station_id=["H", "I"], heated_area_m2=[None, 100.0])
    blocks = buildings(
        {"B1": box(20, 10, 40, 40), "B2": box(60, 10, 80, 30)}, station_id=["H", "H"], floors=[1, 1],
        building_use=["residential", "hotel"], energy_saving=["three_step", "none"],
    )  # fmt: skip
    raw = read(stations=stations, buildings=blocks)
    found = joined(raw)
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"H": 1000, "I": 100})
    index = column(found["stations"], "heat_index_w_m2")
    assert index["H"] == pytest.approx((600 * 35 + 400 * 65) / 1000)
    assert np.isnan(index["I"])
    assert rules_of(found) == [("building-area", "info", 0)]
    rows = drawing(raw).lineage.query("source_layer == 'buildings'")
    assert rows[["result_layer", "result_id", "action"]].to_numpy().tolist() == [["stations", "H", "merged"]] * 2


@pytest.mark.parametrize(("stated", "found"), [(500.0, []), (719.0, []), (721.0, ["building-area-disagrees"])])
def test_a_station_that_states_an_area_keeps_it_and_more_than_20_percent_is_said(stated, found):
    stations = layer([point(50, 5)], station_id=["H"], heated_area_m2=[stated])
    raw = read(stations=stations, buildings=buildings({"B1": box(20, 10, 40, 40)}, station_id=["H"], floors=[1]))
    result = joined(raw)
    assert column(result["stations"], "heated_area_m2") == {"H": stated}
    assert [f.rule for f in result.findings] == found


def test_a_building_of_a_station_that_is_not_there_is_an_error():
    stations = layer([point(50, 5)], station_id=["H"], heated_area_m2=[500.0])
    raw = read(stations=stations, buildings=buildings({"B1": box(20, 10, 40, 40)}, station_id=["X"], floors=[1]))
    assert rules_of(joined(raw)) == [("building-station-unknown", "error", 0)]
    assert drawing(raw).lineage.query("source_layer == 'buildings'")["action"].tolist() == ["unused"]


def test_a_building_of_unknown_area_is_an_error_only_where_its_station_needs_it():
    stations = layer([point(50, 5), point(90, 5)], station_id=["H", "I"], heated_area_m2=[None, 100.0])
    blocks = {"B1": box(20, 10, 40, 40), "B2": box(60, 10, 80, 30), "B3": box(90, 10, 95, 30)}
    raw = read(stations=stations, buildings=buildings(blocks, station_id=["H", "H", "I"], floors=[1, None, None]))
    found = joined(raw)
    assert column(found["stations"], "heated_area_m2") == pytest.approx({"H": 600, "I": 100})
    assert rules_of(found) == [("building-area", "info", 0), ("building-area-unknown", "error", 1)]


# whole runs --------------------------------------------------------------------------------------------------


def test_a_run_on_buildings_gives_loads_and_its_result_read_again_gives_the_same(tmp_path):
    """B1: 3 600 m2 of residential three_step at 35 W/m2 are 126 kW; B2: 900 m2 of it 31.5 kW."""
    blocks = buildings({"B1": box(120, 10, 140, 40), "B2": box(60, -50, 80, -12)}, floors=[6, None],
                       heated_area_m2=[None, 900.0], building_use=["residential"] * 2,
                       energy_saving=["three_step"] * 2)  # fmt: skip
    write(tmp_path / "town.gpkg", town(stations=None, buildings=blocks))
    files = [tmp_path / name for name in ("town.gpkg", "first.gpkg", "second.gpkg")]
    for given, made in pairwise(files):
        assert call("run", given, "--output", made).code == 0
    first, second = ({name: gpd.read_file(f, layer=name) for name in ("stations", "buildings")} for f in files[1:])
    stations = first["stations"].set_index("station_id")
    assert stations["load_kw"].to_dict() == pytest.approx({"B1": 126.0, "B2": 31.5})
    assert stations["served"].all()
    shared = ["station_id", "heated_area_m2", "load_kw", "connection_length_m", "available_head_m", "geometry"]
    assert_frame_equal(pd.DataFrame(second["stations"][shared]), pd.DataFrame(first["stations"][shared]))
    assert second["buildings"].equals(first["buildings"])
    assert not set(findings(files[2])["rule"]) & {"building-area-disagrees", "buildings-unused", "connected"}
