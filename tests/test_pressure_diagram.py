"""The pressure diagram: ways, direct users, texts that do not touch, and the drawing that a CAD program opens."""

import ezdxf
import numpy as np
import pandas as pd
import pytest
from drawings import call, layer, line, point, town, write
from networks import DRAWN_SEPARATELY, RING, TREE, TWO_RINGS, draw

import gisheat
from gisheat.errors import InputError
from gisheat.picture import diagram, diagram_dxf, fonts
from gisheat.picture.diagram_layout import lay_out
from gisheat.picture.fonts import LATIN_FAMILY, can_show, choose_typeface
from gisheat.pressure_limits import default_limits
from gisheat.pressure_lines import lines_table, pressure_lines
from gisheat.pressure_ways import find_way, return_way

LATIN = choose_typeface(frozenset({LATIN_FAMILY}))


def solved(drawing, temperatures=(110.0, 60.0), **changes):
    source = {"supply_temp_c": temperatures[0], "return_temp_c": temperatures[1], "plant_loss_m": 8.0}
    return gisheat.solve(draw(drawing, sources={"S1": source}, **changes).network())


def chain(count, spacing=90.0, **nodes):
    """A solved row of that many pipes with a station at each node, their lengths and heights uneven but fixed."""
    names = [f"N{k}" for k in range(count + 1)]
    length = spacing * (1.0 + 0.7 * np.sin(1.7 * np.arange(count)))
    network = gisheat.Network.from_tables(
        {"node_id": names, "ground_m": 100.0 + 5.0 * np.sin(np.arange(count + 1) / 9.0)},
        {
            "pipe_id": [f"P{k}" for k in range(count)], "from_node": names[:-1], "to_node": names[1:],
            "length_m": length, "inner_diameter_mm": np.linspace(500.0, 150.0, count).round(-1),
        },
        {"station_id": [f"H{k}" for k in range(1, count + 1)], "node_id": names[1:], "flow_t_h": np.full(count, 4.0)},
        {"source_id": ["S1"], "node_id": ["N0"], "supply_temp_c": [110.0], "return_temp_c": [60.0],
         "static_head_m": [45.0], "plant_loss_m": [8.0]},
    )  # fmt: skip
    return gisheat.solve(network)


def direct(results, top=20.0):
    """Limits of a network all of whose stations are direct ones of one height."""
    ground = results.network.nodes.ground[results.network.stations.supply_node]
    bears = np.full(len(ground), 4e5)
    return default_limits(results.network, user_ground=ground, user_top=ground + top, user_pressure=bears)


def drawn(results, limits=None, **way):
    lines = pressure_lines(results, find_way(results, **way), limits)
    return lines, lines_table(results, lines)


# ways -----------------------------------------------------------------------------------------------------


def test_a_way_along_pipes_in_any_order_begins_where_the_water_comes_from():
    lines, table = drawn(solved(TREE), pipes="B-H2; A-B")
    assert table["node_id"].tolist() == ["A", "B", "H2"]
    assert table["pipe_id"].tolist() == ["", "A-B", "B-H2"]
    assert (lines.source, lines.station) == ("", "H2")
    assert np.isnan(lines.pump_head)
    assert lines.required == 10.0


def test_a_way_between_nodes_is_the_shortest():
    """From A to C it is 200 m by B and 350 m by D; from A to D it is 250 m straight and 300 m round the ring."""
    results = solved(RING, pipes={"A-D": {"length_m": 250.0}})
    assert drawn(results, nodes="S1;C")[1]["node_id"].tolist() == ["S1", "A", "B", "C"]
    assert drawn(results, nodes="S1;D;C")[1]["node_id"].tolist() == ["S1", "A", "D", "C"]


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ({"pipes": "A-B;X"}, "there is no pipe 'X'"),
        ({"pipes": " ; "}, "names no pipe"),
        ({"pipes": "A-B;B-C;A-D;D-C"}, "close a ring"),
        ({"pipes": "S1-A;A-B;A-D"}, "branch at node 'A'"),
        ({"pipes": "S1-A;C-H2"}, "hangs together with 'S1-A' by no pipe"),
        ({"nodes": "A"}, "needs two nodes"),
        ({"nodes": "A;Y"}, "there is no node 'Y'"),
        ({"nodes": "A;B", "station": "H1"}, "station and way_nodes both name the way"),
    ],
)
def test_what_is_no_way_is_a_sentence(way, sentence):
    with pytest.raises(InputError, match=sentence):
        find_way(solved(RING), **way)


def test_a_closed_pipe_carries_no_diagram():
    results = solved(RING, pipes={"A-B": {"status": "closed"}})
    with pytest.raises(InputError, match="'A-B' carries no supply"):
        find_way(results, pipes="S1-A;A-B")
    with pytest.raises(InputError, match="nothing flows"):
        find_way(solved(TREE, stations={"H1": {"flow_t_h": 0.0}}), station="H1")


def test_the_return_that_takes_its_own_way_is_told():
    """The supply goes by A, the return by B: drawn apart, and said so under the title."""
    results = solved(DRAWN_SEPARATELY)
    lines, table = drawn(results, station="H1")
    assert lines.return_pipes == ("S1=B", "B=H1")
    sheet, _ = lay_out(lines, table, LATIN)
    assert any("own way over S1=B, B=H1" in text.text for text in sheet.texts)
    same = drawn(solved(TREE))[0]
    assert same.return_pipes == ()
    assert not any("own way" in text.text for text in lay_out(*drawn(solved(TREE)), LATIN)[0].texts)


def test_the_return_of_a_symmetric_network_comes_back_as_the_supply_went():
    results = solved(TWO_RINGS)
    way = find_way(results, station="H2")
    assert set(return_way(results, way)) == set(way.pipes)


def test_natural_circulation_is_the_weight_of_the_columns_over_the_rise():
    """Stations 100 m above the source: (rho_return - rho_supply) / rho_mean x 100 m of head for nothing."""
    results = solved(TREE, (95.0, 50.0), nodes={"H3": {"ground_m": 100.0}})
    lines, table = drawn(results, station="H3")
    # densities of steam tables at 95 and 50 degC and 1 MPa: 962.3 and 988.4 kg/m3, at 72.5 degC 976.7
    assert -lines.circulation == pytest.approx(100.0 * (988.4 - 962.3) / 976.7, abs=0.02)
    assert any("natural circulation +2.7 m" in text.text for text in lay_out(lines, table, LATIN)[0].texts)


# direct users ---------------------------------------------------------------------------------------------


def test_direct_users_stand_where_their_connection_leaves_the_way():
    results = solved(TREE, nodes={"H1": {"ground_m": 7.0}})
    lines, table = drawn(results, direct(results, top=20.0), station="H2")
    users = {user.station: (user.place, user.ground, user.top) for user in lines.users}
    assert users == {"H1": (1, 7.0, 27.0), "H3": (2, 0.0, 20.0), "H2": (3, 0.0, 20.0)}
    weight = results.conditions.mean.density * results.conditions.gravity
    assert table["user_limit_head_m"].tolist()[1] == pytest.approx(7.0 + 4e5 / weight)
    assert table["user_top_head_m"].fillna(0.0).tolist() == [0.0, 27.0, 20.0, 20.0]


def test_users_far_from_the_way_and_behind_an_exchanger_do_not_count():
    far = solved(TREE, pipes={"A-H1": {"length_m": 201.0}})
    assert {user.station for user in drawn(far, direct(far), station="H2")[0].users} == {"H2", "H3"}
    near = solved(TREE, pipes={"A-H1": {"length_m": 199.0}})
    assert {user.station for user in drawn(near, direct(near), station="H2")[0].users} == {"H1", "H2", "H3"}
    assert drawn(near, station="H2")[0].users == ()


# the picture ----------------------------------------------------------------------------------------------


@pytest.fixture
def pages(monkeypatch):
    """Figures that are saved."""
    saved = []
    monkeypatch.setattr(diagram, "save", lambda figure, *_: saved.append(figure))
    return saved


def overlapping(figure):
    """Pairs of texts that overlap, and texts that leave the sheet, as matplotlib measures them."""
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    renderer = figure.canvas.get_renderer()
    boxes = np.array([text.get_window_extent(renderer).extents for text in texts])
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    touching = np.triu(((low < high) & (boxes[None, :, :2] < boxes[:, None, 2:])).all(axis=2), 1)
    pairs = [(texts[a].get_text(), texts[b].get_text()) for a, b in np.argwhere(touching)]
    outside = (boxes[:, :2] < 0.0).any(axis=1) | (boxes[:, 2:] > figure.bbox.size).any(axis=1)
    return pairs + [texts[k].get_text() for k in np.flatnonzero(outside)]


@pytest.mark.parametrize(("count", "language"), [(1, "en"), (1, "zh"), (7, "zh"), (30, "en"), (110, "zh")])
def test_texts_of_the_picture_never_overlap(pages, tmp_path, count, language):
    results = chain(count)
    lines, table = drawn(results, direct(results), station=f"H{count}")
    sizes = ["", *(f"DN{bore:g}" for bore in table["inner_diameter_mm"][1:])]
    diagram.draw_diagram(lines, table, tmp_path / "a.png", title="木兰 " * 30, sizes=sizes, language=language)
    assert overlapping(pages[0]) == []
    texts = {text.get_text() for text in pages[0].axes[0].texts}
    assert {"N0", f"H{count}", "0.0", f"{lines.distance[-1]:.1f}"} <= texts  # the ends always
    assert any(text.startswith("DN") for text in texts)


def test_crowded_nodes_are_thinned_and_equal_sizes_written_once():
    lines, table = drawn(chain(110), station="H110")
    sheet, _ = lay_out(lines, table, LATIN, sizes=["", *["DN300"] * 60, *["DN200"] * 50])
    texts = [text.text for text in sheet.texts]
    assert 30 < sum(name in texts for name in table["node_id"]) < 110
    assert texts.count("DN300") == texts.count("DN200") == 1


def test_without_a_chinese_font_words_are_english_and_names_are_numbers(pages, tmp_path, monkeypatch):
    monkeypatch.setattr(diagram, "installed_families", lambda: frozenset({LATIN_FAMILY}))
    lines, table = drawn(solved(TREE), station="H2")
    table["node_id"] = ["热源", "A", "四路", "香江水岸"]
    diagram.draw_diagram(lines, table, tmp_path / "a.png", title="木兰", language="zh")
    texts = [text.get_text() for text in pages[0].axes[0].texts]
    assert can_show(LATIN, "".join(texts))
    assert {"Pressure diagram", "(1)", "A", "(3)", "(4)", "Supply head [m]"} <= set(texts)


@pytest.mark.skipif(not choose_typeface(diagram.installed_families()).has_cjk, reason="no Chinese font here")
def test_with_a_chinese_font_words_and_names_are_chinese(pages, tmp_path):
    lines, table = drawn(solved(TREE), station="H2")
    table["node_id"] = ["热源", "A", "四路", "香江水岸"]
    diagram.draw_diagram(lines, table, tmp_path / "a.png", title="木兰", language="zh")
    texts = {text.get_text() for text in pages[0].axes[0].texts}
    assert {"木兰 · 水压图", "香江水岸", "供水水头 [m]"} <= texts


# the drawing ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["en", "zh"])
def dxf(request, tmp_path_factory):
    """A drawing of a way with users, its lines and table."""
    path = tmp_path_factory.mktemp("dxf") / "a.dxf"
    results = chain(12)
    lines, table = drawn(results, direct(results), station="H12")
    diagram_dxf.write_dxf(lines, table, path, title="木兰 %%u ^J \\U+4E2D", language=request.param)
    return ezdxf.readfile(path), lines, table


def test_the_drawing_passes_the_audit(dxf):
    auditor = dxf[0].audit()
    assert auditor.errors == []
    assert auditor.fixes == []


def line_of(document, kind):
    """Points of the one line of a layer that runs along the whole way."""
    (found,) = [e for e in document.modelspace().query(f'LWPOLYLINE[layer=="{kind}"]') if len(e) > 4]
    return np.array([point[:2] for point in found.get_points()])


@pytest.mark.parametrize("kind", ["GROUND", "SUPPLY", "RETURN", "LEAST", "BOILING"])
def test_lengths_of_the_drawing_are_those_of_the_table(dxf, kind):
    document, _, table = dxf
    assert np.diff(line_of(document, kind)[:, 0]) == pytest.approx(table["length_m"].to_numpy()[1:], abs=1e-9)


def test_heads_of_the_drawing_are_exaggerated_as_it_states(dxf):
    document, lines, table = dxf
    (said,) = document.modelspace().query('TEXT[layer=="SCALE"]')
    formula = said.dxf.text.split("y = ")[1].rstrip(" m)）")
    factor, base = (float(part.strip(" -(（headm水头")) for part in (formula.split(" x")[0], formula.split("- ")[1]))
    assert factor == round(factor, 6) > 0.0
    for kind, column in (("SUPPLY", "sup_head_m"), ("RETURN", "ret_head_m"), ("GROUND", "ground_m")):
        assert line_of(document, kind)[:, 1] == pytest.approx(factor * (table[column] - base).to_numpy(), abs=1e-9)
    static = document.modelspace().query('LWPOLYLINE[layer=="STATIC"]')
    assert [p[1] for p in static[0].get_points()] == pytest.approx([factor * (lines.static - base)] * 2)


def test_layers_are_by_kind_and_texts_in_a_style_that_shows_chinese(dxf):
    document, lines, _ = dxf
    used = {entity.dxf.layer for entity in document.modelspace()}
    kinds = {"GROUND", "SUPPLY", "RETURN", "STATIC", "BOILING", "LEAST", "USERS", "USER_LIMIT", "PUMP", "PLANT",
             "STATION", "NODES", "STRIP", "AXIS", "GRID", "TITLE", "LEGEND", "SCALE"}  # fmt: skip
    assert kinds <= used <= kinds | {"CLASS"}
    assert len(document.modelspace().query('LWPOLYLINE[layer=="USERS"]')) == len(lines.users)
    texts = document.modelspace().query("TEXT")
    assert {document.styles.get(text.dxf.style).dxf.font for text in texts} == {"simsun.ttc"}
    title = next(text.dxf.text for text in texts if text.dxf.layer == "TITLE")
    assert title.startswith("木兰 % %u ^ J \\ U+4E2D")  # text, no control codes
    assert document.units == ezdxf.units.M


def test_the_same_diagram_gives_the_same_bytes(tmp_path):
    results = chain(5)
    lines, table = drawn(results)
    for name in ("a.dxf", "b.dxf"):
        diagram_dxf.write_dxf(lines, table, tmp_path / name)
    assert (tmp_path / "a.dxf").read_bytes() == (tmp_path / "b.dxf").read_bytes()
    assert not ezdxf.options.write_fixed_meta_data_for_testing  # left as it was


# the verb -------------------------------------------------------------------------------------------------


def test_the_verb_draws_along_pipes_with_the_users_of_the_layer(tmp_path):
    """A station with a Chinese name in a town; the table says what the drawing has."""
    layers = town(
        stations=layer(
            [point(200, 0), point(100, 80)], station_id=["H1", "四路"], load_kw=[500.0, 300.0],
            ground_m=[100.0, 101.0], connection=["direct", "mixing"], user_top_m=[15.0, 22.0],
        ),
        pipes=layer(
            [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 80))], pipe_id=["P1", "P2", "P3"]
        ),
    )  # fmt: skip
    file, out = write(tmp_path / "in" / "town.gpkg", layers), tmp_path / "out" / "diagram.dxf"
    out.parent.mkdir()
    data = out.with_suffix(".csv")
    assert call("profile", file, "-o", out, "--way-pipes", "P3;P1", "--data", data, "--language", "zh").code == 0
    table = pd.read_csv(data)
    assert table["pipe_id"].tolist()[1:] == ["P1", "P3"]
    assert table["user_top_head_m"].dropna().tolist() == [115.0, 123.0]
    texts = {text.dxf.text for text in ezdxf.readfile(out).modelspace().query("TEXT")}
    assert {"四路", "四路 123.0", "水压图"} <= {text.split("· ")[-1] for text in texts}
    ran = call("profile", file, "-o", out.with_suffix(".png"), "--way-nodes", "P1;P3")
    assert ran.code == 2
    assert "there is no node 'P1'" in ran.sentence


def test_a_missing_font_is_a_note_said_once(tmp_path, monkeypatch):
    """Of pictures; a drawing has the fonts of the program that opens it."""
    layers = town()
    layers["stations"]["name"] = ["香江水岸", "North"]
    file = write(tmp_path / "in" / "town.gpkg", layers)
    for module in (fonts, diagram):
        monkeypatch.setattr(module, "installed_families", lambda: frozenset({LATIN_FAMILY}))
    ran = call("profile", file, "-o", tmp_path / "a.png", "--language", "zh")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("no font on this machine shows Chinese ('香江水岸' ...)") == 1
    assert ran.out.count("gisheat[fonts]") == 1
    assert "no font" not in call("profile", file, "-o", tmp_path / "a.dxf", "--language", "zh").out
