"""Reading: whose column is whose, which unit it is in, and which CRS lengths may be measured in."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
from drawings import CRS, ORIGIN, layer, line, point, town, write

from gisheat import schema
from gisheat.errors import InputError
from gisheat.layers import find_sources, layer_names, map_columns, read_layers
from gisheat.project import Project


def stations(**columns):
    """One station with columns of one value each."""
    return layer([point(0, 0)], **{name: [value] for name, value in columns.items()})


def mapped(layer_name="stations", mapping=None, **columns):
    table = {"stations": stations(**{"station_id": "H1", **columns})}.get(layer_name)
    return map_columns(layer_name, table, mapping or {})


def reread(tmp_path, layers=None, **options):
    """Layers written to a GeoPackage and read again."""
    file = write(tmp_path / "town.gpkg", layers)
    return read_layers(find_sources(file, None, {}), **options)


# names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "value", "name", "expected"),
    [
        ("供热面积", 5000.0, "heated_area_m2", 5000.0),
        ("供热面积(万m2)", 1.19, "heated_area_m2", 11900.0),
        ("供热面积（万平方米）", 1.19, "heated_area_m2", 11900.0),
        ("heated area [ha]", 1.19, "heated_area_m2", 11900.0),
        ("热负荷(MW)", 2.5, "load_kw", 2500.0),
        ("load [MW]", 2.5, "load_kw", 2500.0),
        ("Heat Load (W)", 2.5e6, "load_kw", 2500.0),
        ("负荷[GJ/h]", 3.6, "load_kw", 1000.0),
        ("热指标", 45.0, "heat_index_w_m2", 45.0),
        ("循环流量(kg/s)", 10.0, "flow_t_h", 36.0),
        ("flow (t/h)", 36.0, "flow_t_h", 36.0),
        ("supply_temp [K]", 383.15, "supply_temp_c", 110.0),
        ("供水温度（℃）", 110.0, "supply_temp_c", 110.0),
        ("高程", 115.0, "ground_m", 115.0),
        ("Elevation (km)", 0.115, "ground_m", 115.0),
        ("hx_loss_kpa", 50.0, "hx_loss_kpa", 50.0),
        ("换热器压降(bar)", 0.5, "hx_loss_kpa", 50.0),
        ("需要压头(m)", 10.0, "required_head_m", 10.0),
    ],
)
def test_a_column_is_recognised_and_brought_to_the_unit_of_the_contract(own, value, name, expected):
    table, findings, _ = mapped(**{own: value})
    assert table[name].tolist() == pytest.approx([expected])
    assert own == name or own not in table
    assert findings == []


@pytest.mark.parametrize(
    ("own", "value", "expected"),
    [("管径", 200.0, 200.0), ("DN", 200.0, 200.0), ("管径(m)", 0.2, 200.0), ("dn [cm]", 20.0, 200.0)],
)
def test_a_pipe_diameter_is_recognised(own, value, expected):
    table, _, _ = map_columns("pipes", layer([line((0, 0), (9, 0))], **{own: [value]}), {})
    assert table["dn_mm"].tolist() == pytest.approx([expected])


def test_the_name_of_the_contract_wins_over_an_alias():
    table, _, notes = mapped(load_kw=500.0, 热负荷=1.0)
    assert table["load_kw"].tolist() == [500.0]
    assert table["热负荷"].tolist() == [1.0]
    assert notes == []


def test_what_was_taken_for_what_is_noted():
    _, _, notes = mapped(**{"供热面积(万m2)": 1.2, "name": "站"})
    assert notes == ["stations: 供热面积(万m2) read as heated_area_m2, converted from 万m2"]


def test_the_identifier_of_a_station_is_found_by_an_alias():
    table, _, _ = map_columns("stations", layer([point(0, 0)], 换热站编号=["H1"]), {})
    assert table["station_id"].tolist() == ["H1"]


def test_own_columns_keep_their_names():
    table, findings, notes = mapped(colour="red")
    assert table["colour"].tolist() == ["red"]
    assert (findings, notes) == ([], [])


# units -----------------------------------------------------------------------------------------------------


def test_an_alias_without_a_unit_says_what_was_assumed():
    _, findings, notes = mapped(热负荷=2500.0)
    assert notes == ["stations: 热负荷 read as load_kw; the unit was assumed"]
    assert findings == []


@pytest.mark.parametrize("value", [2.5, 2.5e6])
def test_an_alias_whose_numbers_look_like_another_unit_is_doubtful(value):
    """2.5 kW for a heat station: megawatts, most likely; 2.5 million: watts."""
    _, findings, _ = mapped(热负荷=value)
    assert [(f.rule, f.severity) for f in findings] == [("unit-doubtful", "warning")]
    assert "write the unit into the name, as in 热负荷 [unit]" in findings[0].message


def test_a_unit_of_another_kind_is_refused():
    with pytest.raises(InputError, match=r"the unit 'MW' of the column '供热面积\(MW\)' does not fit heated_area_m2"):
        mapped(**{"供热面积(MW)": 1.0})


def test_a_unit_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match=r"the unit 'furlong' .* does not fit ground_m: correct it"):
        mapped(**{"高程(furlong)": 1.0})


def test_what_is_no_number_stays_for_the_checks():
    table, _, _ = mapped(**{"load [MW]": "much"})
    assert table["load_kw"].tolist() == ["much"]


def test_numbers_in_text_are_converted_too():
    table, _, _ = mapped(**{"load [MW]": "2.5"})
    assert table["load_kw"].tolist() == [2500.0]


@pytest.mark.parametrize(
    ("name", "value", "si"),
    [
        ("load_kw", 2.0, 2000.0), ("capacity_mw", 2.0, 2e6), ("flow_t_h", 3.6, 1.0), ("dn_mm", 200.0, 0.2),
        ("supply_temp_c", 85.0, 358.15), ("sup_loss_kpa", 2.0, 2000.0), ("zeta", 2.0, 2.0),
        ("valve_kv_m3_h", 36.0, 0.01), ("share_percent", 50.0, 0.5),
    ],
)  # fmt: skip
def test_the_suffix_of_a_name_is_its_unit(name, value, si):
    assert schema.to_si([value], name).tolist() == pytest.approx([si])
    assert schema.from_si([si], name).tolist() == pytest.approx([value])


# mapping and near misses -----------------------------------------------------------------------------------


def test_a_mapped_column_wins_over_all_names():
    table, _, _ = mapped(mapping={"load_kw": "peak"}, peak=800.0, load_kw=1.0)
    assert table["load_kw"].tolist() == [800.0]


def test_a_mapped_column_is_converted_by_the_unit_in_its_name():
    table, _, _ = mapped(mapping={"load_kw": "peak (MW)"}, **{"peak (MW)": 0.8})
    assert table["load_kw"].tolist() == pytest.approx([800.0])


def test_a_mapped_column_that_is_missing_is_refused_with_a_guess():
    with pytest.raises(InputError, match="the column 'peek' mapped to load_kw is missing; did you mean 'peak'"):
        mapped(mapping={"load_kw": "peek"}, peak=800.0)


@pytest.mark.parametrize(("own", "meant"), [("heated_aera_m2", "heated_area_m2"), ("suply_temp", "supply_temp_c")])
def test_a_near_miss_is_not_used_and_reported(own, meant):
    table, findings, _ = mapped(**{own: 1.0})
    assert meant not in table
    assert [(f.rule, f.severity) for f in findings] == [("column-unknown", "info")]
    assert findings[0].message == f"The column {own} is not used; did you mean {meant}?"


def test_a_required_column_that_is_missing_is_refused():
    with pytest.raises(InputError, match="layer stations: the required column station_id is missing"):
        map_columns("stations", layer([point(0, 0)], load_kw=[1.0]), {})


# files -----------------------------------------------------------------------------------------------------


def test_layers_are_found_by_the_names_of_the_contract(tmp_path):
    file = write(
        tmp_path / "town.gpkg", {"Pipes": town()["pipes"], "热力站": town()["stations"], "cadastre": stations()}
    )
    assert find_sources(file, None, {}) == {"pipes": f"{file}|Pipes", "stations": f"{file}|热力站"}


def test_a_given_layer_replaces_that_of_the_project():
    project = Project("p", layers={"pipes": "a.gpkg|pipes", "sources": "a.gpkg|sources"})
    found = find_sources(None, project, {"pipes": "b.gpkg"})
    assert found == {"pipes": "b.gpkg", "sources": "a.gpkg|sources"}


def test_a_file_without_any_layer_of_the_contract_is_refused(tmp_path):
    file = write(tmp_path / "town.gpkg", {"pipe": town()["pipes"]})
    with pytest.raises(InputError, match=r"no layer has a name of the contract .* did you mean 'pipes'"):
        find_sources(file, None, {})


def test_feature_ids_are_those_of_the_file(tmp_path):
    layers = reread(tmp_path)
    assert layers["pipes"].index.tolist() == [1, 2, 3]
    assert layers["pipes"]["pipe_id"].tolist() == ["P1", "P2", "P3"]


@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".fgb"])
def test_other_formats_are_read(tmp_path, suffix):
    file = tmp_path / f"pipes{suffix}"
    pyogrio.write_dataframe(town()["pipes"], file)
    layers = read_layers({"pipes": str(file)})
    assert sorted(layers["pipes"]["pipe_id"]) == ["P1", "P2", "P3"]


def test_a_table_without_geometry_is_read_as_the_load_mix(tmp_path):
    file = tmp_path / "mix.csv"
    pd.DataFrame({"期别": ["near"], "占比": [100], "热指标": [45]}).to_csv(file, index=False)
    mix = read_layers({"load_mix": str(file)})["load_mix"]
    assert mix["phase"].tolist() == ["near"]
    assert pd.to_numeric(mix["share_percent"]).tolist() == [100]


def test_several_layers_ask_for_a_name(tmp_path):
    file = write(tmp_path / "town.gpkg")
    assert sorted(layer_names(file)) == ["pipes", "sources", "stations"]
    with pytest.raises(InputError, match="say which, as FILE"):
        read_layers({"pipes": str(file)})


def test_a_layer_that_is_asked_for_but_missing_names_itself(tmp_path):
    with pytest.raises(
        InputError, match="the layer streets is missing: add it to the input, or give it with --streets"
    ):
        reread(tmp_path)["streets"]


def test_a_layer_that_was_not_given_is_an_empty_table(tmp_path):
    assert len(reread(tmp_path).get("streets")) == 0


# CRS -------------------------------------------------------------------------------------------------------


def placed(crs, longitude=128.04, latitude=45.95):
    """One pipe of 100 m or so near a place, in a CRS."""
    x, y = gpd.GeoSeries.from_xy([longitude], [latitude], crs=4326).to_crs(crs).iloc[0].coords[0]
    step = 1e-3 if pyproj.CRS(crs).is_geographic else 100.0
    shape = gpd.GeoSeries.from_wkt([f"LINESTRING ({x} {y}, {x + step} {y})"])
    return gpd.GeoDataFrame({"pipe_id": ["P1"]}, geometry=shape.to_numpy(), crs=crs)


def read_placed(tmp_path, crs, **where):
    return reread(tmp_path, {"pipes": placed(crs, **where)})


@pytest.mark.parametrize(
    ("crs", "where", "fitting"),
    [
        (4326, {}, r"EPSG:4326 is geographic \(degrees\), lengths need metres: .* to EPSG:4552"),
        (4490, {"longitude": 116.4, "latitude": 39.9}, r"geographic .* to EPSG:4548 \(.* Gauss-Kruger CM 117E\)"),
        (4326, {"longitude": 12.6, "latitude": 55.7}, r"geographic .* to EPSG:32633 \(WGS 84 / UTM zone 33N\)"),
        (3857, {}, r"EPSG:3857 draws lengths 1\.44 times too long here: .* to EPSG:4552"),
        (2263, {"longitude": -74.0, "latitude": 40.7}, r"the unit of the CRS EPSG:2263 is US survey foot"),
    ],
)  # fmt: skip
def test_a_crs_that_lengths_cannot_be_measured_in_is_refused_with_one_that_fits(tmp_path, crs, where, fitting):
    with pytest.raises(InputError, match=fitting):
        read_placed(tmp_path, crs, **where)


@pytest.mark.parametrize(("crs", "where"), [(4552, {}), (32652, {}), (3857, {"longitude": 37.0, "latitude": -1.3})])
def test_a_projected_crs_in_metres_and_true_to_scale_is_taken(tmp_path, crs, where):
    """EPSG:3857 too, near the equator."""
    assert read_placed(tmp_path, crs, **where).crs.to_epsg() == crs


def test_layers_in_another_crs_are_brought_to_that_of_the_pipes(tmp_path):
    layers = reread(tmp_path, {**town(), "stations": town()["stations"].to_crs(4326)})
    assert layers["stations"].crs == layers.crs == pyproj.CRS(CRS)
    places = np.array([p.coords[0] for p in layers["stations"].geometry]) - ORIGIN
    assert places == pytest.approx(np.array([[200.0, 0.0], [100.0, 80.0]]), abs=1e-3)
    assert layers.notes == ("stations: reprojected from EPSG:4326 to EPSG:4552",)


def test_a_layer_without_a_crs_is_assumed_to_have_that_of_the_pipes(tmp_path):
    bare = layer([point(200, 0)], crs=None, station_id=["H1"])
    layers = reread(tmp_path, {"pipes": town()["pipes"], "stations": bare})
    assert layers["stations"].crs == layers.crs
    assert [(f.rule, f.layer, f.severity) for f in layers.findings] == [("crs-missing", "stations", "warning")]


def test_pipes_without_a_crs_need_one_to_be_said(tmp_path):
    bare = {"pipes": layer([line((0, 0), (100, 0))], crs=None, pipe_id=["P1"])}
    file = write(tmp_path / "bare.gpkg", bare)
    sources = find_sources(file, None, {})
    with pytest.raises(InputError, match="layer pipes carries no CRS: give it with --crs"):
        read_layers(sources)
    assert read_layers(sources, crs="EPSG:4552").crs.to_epsg() == 4552
    with pytest.raises(InputError, match="the CRS 'EPSG:nonsense' is unknown"):
        read_layers(sources, crs="EPSG:nonsense")


def test_each_odd_number_of_a_file_is_read_as_it_is_stored_and_its_neighbours_as_numbers(tmp_path):
    pipes = layer([line((0, 0), (50 * k, 10)) for k in (1, 2, 3)], dn_mm=[80.0, 100.0, 150.0], year=[1990, 1991, 1992])
    path = write(tmp_path / "odd.gpkg", {"pipes": pipes}, SPATIAL_INDEX="NO")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pipes SET dn_mm = 'DN100' WHERE dn_mm = 100")
        connection.execute("UPDATE pipes SET year = 1992.5, dn_mm = '' WHERE year = 1992")
    table = read_layers(find_sources(path, None, {}))["pipes"]
    assert table["dn_mm"].tolist() == [80.0, "DN100", None]
    assert table["year"].tolist() == [1990, 1991, 1992.5]
