"""DXF drawings as sources: what each kind of entity becomes, what names, units and codes of drawings mean."""

from __future__ import annotations

import math
import zipfile

import ezdxf
import numpy as np
import pyogrio
import pytest
import shapely
from cad_drawings import NOISE, STATED, draw_office
from drawings import CRS, ORIGIN, call
from ezdxf.math import BSpline
from hypothesis import given
from hypothesis import strategies as st

from gisheat.errors import InputError
from gisheat.layers import find_sources, layer_names, read_layers
from gisheat.layers.cad import read as read_drawing
from gisheat.layers.cad.entities import SAGITTA
from gisheat.layers.cad.names import choose, guess, said_of_pipe
from gisheat.layers.files import read_source
from gisheat.operations import run

RESULT = ("pipes", "stations", "sources", "nodes", "findings")
LINE = frozenset({"line"})


@pytest.fixture
def drawing():
    """A new drawing in metres, and its model space."""
    document = ezdxf.new("R2010", units=6)
    return document, document.modelspace()


def on(layer, **more):
    return {"dxfattribs": {"layer": layer, **more}}


def read(document, path, layer="pipes", wanted="pipes"):
    document.saveas(path)
    return read_drawing(layer, path, wanted)


def layers_of(result):
    return {name: pyogrio.read_dataframe(result, layer=name) for name in RESULT}


def lengths(found):
    return shapely.length(found.table.geometry.to_numpy())


# lines ---------------------------------------------------------------------------------------------------


def test_every_kind_of_line_has_its_length(drawing, tmp_path):
    document, space = drawing
    space.add_line((0, 0), (3, 4), **on("pipes"))
    space.add_lwpolyline([(0, 0), (10, 0), (10, 5)], **on("pipes"))
    space.add_polyline2d([(0, 0), (7, 0)], **on("pipes"))
    space.add_polyline3d([(0, 0, 1), (0, 8, 1)], **on("pipes"))
    found = read(document, tmp_path / "a.dxf")
    assert lengths(found).tolist() == [5.0, 15.0, 7.0, 8.0]
    assert found.table.index.tolist() == [int(h, 16) for h in found.table["cad_handle"]]


def test_arcs_and_bulges_keep_within_the_stated_sagitta(drawing, tmp_path):
    document, space = drawing
    space.add_arc((0, 0), 100.0, 0.0, 90.0, **on("pipes"))
    space.add_lwpolyline([(0, 0, 1.0), (20, 0, 0.0)], format="xyb", **on("pipes"))  # a half circle of radius 10
    space.add_ellipse((0, 0), (50, 0), 1.0, 0.0, math.pi, **on("pipes"))
    for line, radius, angle, centre in zip(
        read(document, tmp_path / "a.dxf").table.geometry, (100, 10, 50), (math.pi / 2, math.pi, math.pi),
        ((0, 0), (10, 0), (0, 0)), strict=True,
    ):  # fmt: skip
        places = shapely.get_coordinates(line)
        middle = (places[1:] + places[:-1]) / 2
        assert np.hypot(*(places - centre).T) == pytest.approx(radius, abs=1e-6)
        assert radius - np.hypot(*(middle - centre).T).min() <= SAGITTA
        step = 2 * math.acos(1 - SAGITTA / radius)  # chords of a sagitta s: cos(step / 2) = 1 - s / r
        assert radius * angle >= line.length >= 2 * radius * math.sin(step / 2) * angle / step - 1e-6


def test_splines_keep_within_the_stated_sagitta(drawing, tmp_path):
    document, space = drawing
    control = [(0, 0, 0), (30, 60, 0), (80, -60, 0), (120, 0, 0)]
    space.add_open_spline(control, **on("pipes"))
    line = read(document, tmp_path / "a.dxf").table.geometry.iloc[0]
    dense = shapely.LineString([p.vec2 for p in BSpline(control).approximate(20_000)])
    assert shapely.hausdorff_distance(line, dense, densify=0.01) <= SAGITTA * 1.1
    assert line.length == pytest.approx(dense.length, rel=1e-4)


def test_a_coordinate_system_of_the_object_is_that_of_the_world(drawing, tmp_path):
    document, space = drawing
    space.add_lwpolyline([(-10, 5), (-30, 5)], **on("pipes", extrusion=(0, 0, -1)))  # seen from below: x is mirrored
    space.add_blockref("HRZ", (-20, 5), **on("stations", extrusion=(0, 0, -1)))
    document.blocks.new("HRZ").add_circle((0, 0), 1.0)
    line = read(document, tmp_path / "a.dxf").table.geometry.iloc[0]
    assert shapely.get_coordinates(line).tolist() == [[10.0, 5.0], [30.0, 5.0]]
    found = read_drawing("stations", tmp_path / "a.dxf", "stations")
    assert shapely.get_coordinates(found.table.geometry.to_numpy()).tolist() == [[20.0, 5.0]]


def test_blocks_in_blocks_give_their_lines_and_symbols_do_not(drawing, tmp_path):
    document, space = drawing
    inner = document.blocks.new("STREET_BLOCK")
    inner.add_line((0, 0), (10, 0), **on("pipes"))
    inner.add_line((0, 0), (0, 2), **on("0"))
    outer = document.blocks.new("QUARTER")
    outer.add_blockref("STREET_BLOCK", (100, 0), **on("0", rotation=90))
    symbol = document.blocks.new("VALVE")
    symbol.add_line((-1, 0), (1, 0), **on("0"))
    space.add_blockref("QUARTER", (1000, 0), **on("pipes", xscale=2, yscale=2))
    space.add_blockref("VALVE", (5, 5), **on("pipes"))
    found = read(document, tmp_path / "a.dxf")
    assert sorted(lengths(found)) == [4.0, 20.0]  # both are parts of the plan, the valve is not
    at = shapely.get_coordinates(found.table.geometry.to_numpy()[np.argmax(lengths(found))])
    assert at == pytest.approx(np.array([[1200.0, 0.0], [1200.0, 20.0]]))
    assert any("1 block(s) are symbols" in note for note in found.notes)
    assert found.table.index.is_unique


def test_a_grid_of_one_block_is_as_many_points(drawing, tmp_path):
    document, space = drawing
    document.blocks.new("HRZ").add_circle((0, 0), 1.0)
    space.add_blockref("HRZ", (0, 0), **on("stations", row_count=2, column_count=3, row_spacing=50, column_spacing=20))
    found = read(document, tmp_path / "a.dxf", "stations", "stations")
    places = sorted(map(tuple, shapely.get_coordinates(found.table.geometry.to_numpy()).tolist()))
    assert places == [(x, y) for x in (0.0, 20.0, 40.0) for y in (0.0, 50.0)]
    assert found.table.index.is_unique


def test_closed_lines_are_areas_where_areas_are_wanted(drawing, tmp_path):
    document, space = drawing
    space.add_lwpolyline([(0, 0), (10, 0), (10, 10), (0, 10)], close=True, **on("areas"))
    space.add_lwpolyline([(0, 0), (10, 0)], **on("areas"))
    found = read(document, tmp_path / "a.dxf", "areas", "areas")
    assert shapely.area(found.table.geometry.to_numpy()).tolist() == [100.0]


# what drawings say ---------------------------------------------------------------------------------------


def test_attributes_are_columns_and_the_look_is_told(drawing, tmp_path):
    document, space = drawing
    document.layers.add("换热站", color=3, linetype="CONTINUOUS")
    block = document.blocks.new("HRZ")
    block.add_circle((0, 0), 3.0)
    block.add_attdef("STATION_ID", (0, 0))
    block.add_attdef("供热面积", (0, 1))
    insert = space.add_blockref("HRZ", (10, 20), **on("换热站"))
    insert.add_auto_attribs({"STATION_ID": "H1", "供热面积": "12000"})
    space.add_circle((50, 60), 2.0, **on("换热站", color=1))
    row, circle = read(document, tmp_path / "a.dxf", "stations", "换热站").table.to_dict("records")
    assert (row["STATION_ID"], row["供热面积"], row["cad_block"], row["cad_layer"]) == ("H1", "12000", "HRZ", "换热站")
    assert (row["cad_colour"], circle["cad_colour"], isinstance(circle["cad_block"], str)) == ("3", "1", False)
    layers = read_layers({"stations": f"{tmp_path / 'a.dxf'}|换热站"}, crs=CRS)
    assert layers["stations"]["heated_area_m2"].tolist()[0] == "12000"


def test_points_without_an_identifier_have_their_handle(drawing, tmp_path):
    document, space = drawing
    point = space.add_point((1, 2), **on("stations"))
    table = read(document, tmp_path / "a.dxf", "stations", "stations").table
    assert table["station_id"].tolist() == [point.dxf.handle]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("热力管-DN300", {"dn_mm": 300.0}), ("HEAT_dn_80_RETURN", {"dn_mm": 80.0, "line": "return"}),
        ("现状供回水管 Φ325×7", {"outer_diameter_mm": 325.0, "wall_mm": 7.0, "status": "existing", "line": "pair"}),
        ("规划供热管线", {"status": "planned"}), ("pipes", {}), ("DN12345", {}),
    ],
)  # fmt: skip
def test_names_of_cad_layers_say_sizes(name, said):
    assert said_of_pipe(name) == said


def test_layers_of_others_are_not_taken_for_heating_pipes():
    names = ("燃气管", "给水管线", "热力管道", "供热管-DN200", "热力管标注", "道路中心线", "道路边线", "POWER_PIPE")
    found = guess(dict.fromkeys(names, LINE), {"pipes": "line", "streets": "line", "stations": "point"})
    assert found == {"streets": ("道路中心线",), "pipes": ("热力管道", "供热管-DN200")}
    assert guess({"管线": LINE, "热力站": LINE}, {"pipes": "line", "stations": "point"}) == {"pipes": ("管线",)}


@given(st.lists(st.text("abAB热管-DN0123 [](){}+^$", min_size=1, max_size=8), min_size=1, max_size=6, unique=True))
def test_a_name_chooses_itself_whatever_it_holds(names):
    stripped = [n for n in names if n.strip()]
    for name in stripped:
        assert name in choose(name, [n.strip() for n in names]) or name.strip() in choose(
            name, [n.strip() for n in names]
        )


def test_layers_are_named_one_by_one_or_by_a_pattern(drawing, tmp_path):
    document, space = drawing
    for layer in ("HEAT-DN100", "HEAT-DN200", "WATER"):
        space.add_line((0, 0), (1, 0), **on(layer))
    file = tmp_path / "a.dxf"
    assert len(read(document, file, wanted="HEAT*").table) == 2
    assert len(read(document, file, wanted="heat-dn100;WATER").table) == 2
    assert read(document, file, wanted="HEAT*").table["dn_mm"].tolist() == [100.0, 200.0]
    with pytest.raises(InputError, match=r"has no CAD layer 'HEAT-DN10'.*HEAT-DN100"):
        read(document, file, wanted="HEAT-DN10")
    with pytest.raises(InputError, match="holds no points"):
        read(document, file, "stations", "WATER")


@pytest.mark.parametrize(("units", "length"), [(6, 1.0), (0, 1.0), (4, 0.001), (1, 0.0254), (2, 0.3048)])
def test_units_become_metres(units, length, tmp_path):
    document = ezdxf.new("R2010", units=units)
    document.modelspace().add_line((0, 0), (1000, 0), **on("pipes"))
    found = read(document, tmp_path / "a.dxf")
    assert lengths(found) == pytest.approx([1000 * length])
    assert any("unit" in n or "converted" in n for n in found.notes) == (units != 6)


def test_millimetres_of_the_template_are_metres_of_the_grid(tmp_path):
    document = ezdxf.new("R2010", units=4)
    x, y = ORIGIN
    document.modelspace().add_arc((x, y), 100.0, 0, 90, **on("pipes"))
    found = read(document, tmp_path / "a.dxf")
    assert lengths(found) == pytest.approx([50 * math.pi], rel=1e-4)
    assert [f.rule for f in found.findings] == ["cad-unit-doubtful"]


def test_hidden_layers_are_read_when_they_are_named(drawing, tmp_path):
    document, space = drawing
    for name in ("热力管旧", "热力管"):
        document.layers.add(name)
        space.add_line((0, 0), (5, 0), **on(name))
    document.layers.get("热力管旧").freeze()
    file = tmp_path / "a.dxf"
    document.saveas(file)
    assert find_sources(file, None, {}) == {"pipes": f"{file}|热力管"}
    found = read_drawing("pipes", file, "热力管旧")
    assert len(found.table) == 1
    assert any("frozen" in note for note in found.notes)


def test_paper_space_and_what_is_invisible_are_left_out(drawing, tmp_path):
    document, space = drawing
    space.add_line((0, 0), (5, 0), **on("pipes"))
    space.add_line((0, 0), (6, 0), **on("pipes", invisible=1))
    document.layout("Layout1").add_line((0, 0), (7, 0), **on("pipes"))
    assert lengths(read(document, tmp_path / "a.dxf")).tolist() == [5.0]


def test_texts_beside_lines_give_their_size(drawing, tmp_path):
    document, space = drawing
    for y in (0, 50, 100):
        space.add_line((0, y), (100, y), **on("pipes"))
    space.add_text("DN200", height=2.0, **on("text")).set_placement((40, 1))
    space.add_mtext("{\\fSimSun;DN300}", **on("text", insert=(40, 52), char_height=2.0))
    space.add_mtext("D108x4", **on("text", insert=(80, 52), char_height=2.0))
    found = read(document, tmp_path / "a.dxf")
    assert found.table["dn_mm"].tolist()[0] == 200.0
    assert np.isnan(found.table["dn_mm"].to_numpy()[1:]).all()
    assert [f.rule for f in found.findings] == ["label-doubtful"]


def test_a_multiline_is_the_line_in_its_middle(drawing, tmp_path):
    """Drawn along its upper line, its lower one, its middle; 4 m wide, with a corner; closed; one line alone."""
    document, space = drawing
    style = document.mline_styles.new("pair")
    for offset in (1.0, 0.0, -3.0):
        style.elements.append(offset)
    corner = [(0, 0), (100, 0), (100, 50)]
    for layer, place, more in (
        ("top", corner, {"justification": 0}), ("middle", corner, {"justification": 1}),
        ("bottom", corner, {"justification": 2}),
        ("closed", [(0, 0), (100, 0), (100, 50), (0, 50)], {"close": True, "justification": 1}),
    ):  # fmt: skip
        values = {"layer": layer, "style_name": "pair", "scale_factor": 1.0, **more}
        space.add_mline(place, close=values.pop("close", False), dxfattribs=values)
    file = tmp_path / "a.dxf"
    for layer, off in (("top", -2.0), ("middle", -1.0), ("bottom", 2.0)):
        found = read(document, file, wanted=layer)
        middle = shapely.offset_curve(shapely.LineString(corner), off, join_style="mitre")
        assert shapely.hausdorff_distance(found.table.geometry.iloc[0], middle) < 1e-6, layer
        assert "pipes: 1 multiline(s) became the line in their middle" in found.notes
        assert not any("arcs" in note for note in found.notes)
        assert found.findings == ()
    area = read(document, file, "buildings", "closed").table.geometry.iloc[0]
    assert shapely.hausdorff_distance(area, shapely.box(-1, -1, 101, 51)) < 1e-6


def test_what_is_not_read_is_a_finding_for_each_kind_on_whatever_layer(tmp_path):
    """Once for a drawing, though three layers are read of it; of dimensions, no part of the map, there is a note."""
    document = ezdxf.new("R2010", units=6)
    space, (x, y) = document.modelspace(), ORIGIN
    space.add_lwpolyline([(x, y), (x + 50, y)], **on("热力管道"))
    space.add_linear_dim(base=(x, y + 5), p1=(x, y), p2=(x + 50, y), **on("热力管道")).render()
    for layer, count in (("建筑填充", 2), ("绿地", 1)):
        for _ in range(count):
            space.add_hatch(**on(layer)).paths.add_polyline_path([(x, y), (x + 1, y), (x, y + 1)])
    document.add_xref_def("D:/maps/neighbour.dwg", "neighbour")
    space.add_blockref("neighbour", ORIGIN, **on("0"))
    space.add_point(ORIGIN, **on("热源"))
    space.add_point((x + 50, y), **on("热力站"))
    document.saveas(tmp_path / "a.dxf")
    layers = read_layers(find_sources(tmp_path / "a.dxf", None, {}), crs=CRS)
    assert [(f.rule, f.severity, f.message) for f in layers.findings if f.rule == "cad-not-read"] == [
        ("cad-not-read", "warning", "Not read of a.dxf: 1 external reference (neighbour), on the CAD layer(s) 0 (1)."),
        ("cad-not-read", "warning", "Not read of a.dxf: 3 HATCH, on the CAD layer(s) 建筑填充 (2), 绿地 (1)."),
    ]
    assert "pipes: of these CAD layers 1 DIMENSION were left out" in layers.notes


def test_a_damaged_drawing_in_an_archive_is_told_by_the_names_of_both(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("bad.dxf", "no drawing")
    with pytest.raises(InputError, match=rf"^{tmp_path}/a\.zip: bad\.dxf cannot be read"):
        layer_names(tmp_path / "a.zip")


# forms of files ------------------------------------------------------------------------------------------


def test_old_drawings_in_gbk_are_read_as_they_say(tmp_path):
    document = ezdxf.new("R2000", units=6)
    document.encoding = "gbk"
    document.modelspace().add_line((0, 0), (5, 0), **on("热力管道"))
    document.saveas(tmp_path / "a.dxf", encoding="gbk")
    assert "热力管道".encode("gbk") in (tmp_path / "a.dxf").read_bytes()
    assert layer_names(tmp_path / "a.dxf") == ["热力管道"]


def test_drawings_in_an_archive_are_read_as_those_beside_it(drawing, tmp_path):
    document, space = drawing
    space.add_line((0, 0), (5, 0), **on("热力管道"))
    space.add_hatch(**on("绿地")).paths.add_polyline_path([(0, 0), (1, 0), (0, 1)])
    document.saveas(tmp_path / "a.dxf")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.dxf", "a.dxf")
    assert layer_names(tmp_path / "a.zip") == ["热力管道"]
    read = read_source("pipes", f"{tmp_path}/a.zip|热力管道")
    assert lengths(read).tolist() == [5.0]
    assert [f.rule for f in read.findings] == ["cad-not-read"]
    with pytest.raises(InputError, match=r"a\.zip\|热力管道: it holds no points on 热力管道; points are needed"):
        read_source("stations", f"{tmp_path}/a.zip|热力管道")


def test_binary_drawings_are_read(drawing, tmp_path):
    document, space = drawing
    space.add_line((0, 0), (5, 0), **on("热力管道"))
    document.saveas(tmp_path / "a.dxf", fmt="bin")
    assert (tmp_path / "a.dxf").read_bytes().startswith(b"AutoCAD Binary DXF")
    assert lengths(read_drawing("pipes", tmp_path / "a.dxf", "热力管道")).tolist() == [5.0]


@pytest.mark.parametrize(("name", "content"), [("a.dwg", b"AC1032\0\0"), ("a.dxf", b"AC1027\0\0")])
def test_dwg_is_refused_with_what_to_do(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="save it there as DXF"):
        layer_names(tmp_path / name)


def test_damaged_drawings_are_a_sentence_or_are_read_with_a_note(drawing, tmp_path):
    document, space = drawing
    for x in range(20):
        space.add_lwpolyline([(x, 0), (x, 5)], **on("pipes"))
    document.saveas(tmp_path / "whole.dxf")
    whole, random = (tmp_path / "whole.dxf").read_bytes(), np.random.default_rng(3)
    bad, end = tmp_path / "bad.dxf", whole.rindex(b"AcDbPolyline")
    bad.write_bytes(whole[: whole.rindex(b"ENDSEC")])  # cut off behind the entities
    found = read_drawing("pipes", bad, "pipes")
    assert len(found.table) == 20
    assert any("damaged" in note for note in found.notes)
    sentences = []
    for share in random.uniform(0.0, 1.0, 20):  # within them, and one wrong byte
        cut = bytearray(whole[: int(share * end) + 10])
        cut[random.integers(len(cut))] = random.integers(256)
        bad.write_bytes(cut)
        with pytest.raises(InputError) as raised:
            read_drawing("pipes", bad, "pipes")
        sentences.append(str(raised.value))
    assert all("damaged" in sentence and "\n" not in sentence for sentence in sentences)
    bad.write_bytes(b"no drawing at all")
    with pytest.raises(InputError, match="no DXF drawing"):
        layer_names(bad)


# ends ----------------------------------------------------------------------------------------------------


def test_lines_are_drawn_on_to_the_symbol_that_they_end_at(drawing, tmp_path):
    document, space = drawing
    document.blocks.new("VALVE").add_lwpolyline([(-2, -1), (2, 1), (2, -1), (-2, 1)], close=True)
    space.add_line((0, 0), (48, 0), **on("pipes"))  # a valve stands at 50, its symbol from 48 to 52
    space.add_line((52, 0), (90, 0), **on("pipes"))
    space.add_line((50, 30), (50, 1.1), **on("pipes"))  # ends at its edge as well
    space.add_line((49, 30), (49.5, 30), **on("pipes"))  # ends nowhere
    space.add_line((30, 0.9), (49, 0.9), **on("pipes"))
    space.add_line((51.6, 0.9), (51.6, 20), **on("pipes"))  # begins in the symbol and leads past its middle
    space.add_blockref("VALVE", (50, 0), **on("valves"))
    found = read(document, tmp_path / "a.dxf")
    assert lengths(found)[:4] == pytest.approx([50.0, 40.0, 30.0, 0.5])
    reached = [f for f in found.findings if f.rule == "end-in-symbol"]
    assert [f.point for f in reached][:3] == [(50.0, 0.0)] * 3
    assert {f.source_fid for f in reached} >= set(found.table.index[:3])
    assert found.table.index[3] not in {f.source_fid for f in reached}


def test_lines_that_meet_in_a_symbol_are_left_as_they_are(drawing, tmp_path):
    document, space = drawing
    document.blocks.new("HRZ").add_circle((0, 0), 5.0)
    space.add_blockref("HRZ", (3, 0), **on("stations"))
    space.add_line((-20, 0), (0, 0), **on("pipes"))  # a tee 3 m beside the station, and its connection
    space.add_line((0, 0), (0, 20), **on("pipes"))
    space.add_line((0, 0), (3, 0), **on("pipes"))
    found = read(document, tmp_path / "a.dxf")
    assert lengths(found).tolist() == [20.0, 20.0, 3.0]
    assert found.findings == ()


def test_turned_and_scaled_symbols_end_lines_where_they_are_drawn(drawing, tmp_path):
    document, space = drawing
    document.blocks.new("LONG").add_line((0, 0), (1, 0))  # its point is at one end
    insert = space.add_blockref("LONG", (10, 0), **on("valves", rotation=90, xscale=6, yscale=6))
    space.add_line((10, 20), (10, 6), **on("pipes"))
    assert insert.dxf.rotation == 90
    assert lengths(read(document, tmp_path / "a.dxf")) == pytest.approx([20.0])


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Mulan solved, drawn as an office draws it, and the drawing solved by one command."""
    folder = tmp_path_factory.mktemp("office")
    run("sample_gis/mulan/project.toml", folder / "mulan.gpkg")
    drawn = draw_office(folder / "mulan.gpkg", folder / "office.dxf")
    ran = call("run", folder / "office.dxf", "-o", folder / "office.gpkg", "--crs", CRS)
    return folder, drawn, ran


def test_a_drawing_with_open_ends_is_solved_by_one_command(office):
    folder, drawn, ran = office
    assert ran.code == 0
    found = layers_of(folder / "office.gpkg")
    assert len(found["pipes"]) == len(drawn["pipes"])
    assert found["stations"]["served"].astype(bool).all()
    assert found["nodes"]["kind"].value_counts()["station"] == 39
    joined = found["findings"]
    reached = joined[joined["rule"] == "end-in-symbol"]
    assert len(reached) >= 40  # an end at each of 39 stations and the source
    assert (joined["rule"] == "end-snapped").sum() > 100


def test_the_drawing_agrees_with_the_geopackage_within_the_noise(office):
    folder, drawn, _ = office
    plain = folder / "plain.gpkg"
    for name, table in drawn.items():
        kept = table[["dn_mm", "geometry"] if name == "pipes" else [*STATED[name], "geometry"]]
        kept.to_file(plain, layer=name, driver="GPKG")
    run(plain, folder / "again.gpkg")
    office, again = layers_of(folder / "office.gpkg"), layers_of(folder / "again.gpkg")
    a, b = (t["pipes"].sort_values("source_fid") for t in (office, again))
    assert len(a) == len(b)
    assert np.abs(a["length_m"].to_numpy() - b["length_m"].to_numpy()).max() < 2 * (NOISE + 0.5)
    assert a["length_m"].sum() == pytest.approx(b["length_m"].sum(), rel=2e-3)
    head = [t["sources"]["pump_head_m"].iloc[0] for t in (office, again)]
    assert head[0] == pytest.approx(head[1], abs=0.2)
    of = [t["stations"].set_index("station_id").sort_index()["available_head_m"] for t in (office, again)]
    assert np.abs(of[0] - of[1]).max() < 0.3
    flow = [np.sort(np.abs(t["pipes"]["sup_flow_t_h"].to_numpy())) for t in (office, again)]
    assert flow[0] == pytest.approx(flow[1], rel=1e-6)
