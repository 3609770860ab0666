"""The map picture: labels that do not overlap, fonts that may be missing, files that appear whole."""

import subprocess
import sys
import time
import warnings

import geopandas
import matplotlib as mpl
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from gisheat import picture
from gisheat.picture import classes, features, fonts, labels, legend, sheet
from gisheat.picture.fonts import LATIN_FAMILY, can_show, choose_cjk_family, choose_typeface
from gisheat.picture.words import WORDS

CRS = "EPSG:4552"
LATIN = frozenset({LATIN_FAMILY})


def table(geometry, **columns):
    return geopandas.GeoDataFrame(columns, geometry=geometry, crs=CRS)


def comb(count, spacing=120.0, **station_columns):
    """A trunk with `count` teeth, a station at the end of each."""
    x = 427_000.0 + spacing * np.arange(count + 1)
    y = 5_090_000.0
    trunk = shapely.linestrings(np.stack([np.column_stack([x[:-1], 0 * x[1:] + y]),
                                          np.column_stack([x[1:], 0 * x[1:] + y])], axis=1))  # fmt: skip
    end = y + np.where(np.arange(count) % 2, 150.0, -150.0)
    teeth = shapely.linestrings(np.stack([np.column_stack([x[1:], 0 * x[1:] + y]),
                                          np.column_stack([x[1:], end])], axis=1))  # fmt: skip
    number = np.arange(count)
    stations = {
        "station_id": [f"H{n + 1:02d}" for n in number],
        "load_kw": 500.0 + 100.0 * (number % 7),
        "surplus_head_m": (count - 1.0 - number) * 30 / count,
        "served": np.ones(count, dtype=bool),
    } | station_columns
    pipes = table(
        [*trunk, *teeth],
        pipe_id=[f"P{n}" for n in range(2 * count)],
        from_node=[f"A{n}" for n in number] + [f"A{n + 1}" for n in number],
        to_node=[f"A{n + 1}" for n in number] + [f"H{n}" for n in number],
        role=["trunk"] * count + ["connection"] * count,
        dn_mm=np.concatenate([np.linspace(600, 200, count).round(-2), np.full(count, 100.0)]),
        sup_friction_pa_m=np.concatenate([np.linspace(20, 90, count), np.linspace(80, 400, count)]),
        on_critical_path=[True] * count + [False] * (count - 1) + [True],
    )
    return {
        "pipes": pipes,
        "stations": table(shapely.points(x[1:], end), **stations),
        "sources": table(shapely.points(x[:1], [y]), source_id=["S1"]),
        "nodes": table(shapely.points(x, 0 * x + y), node_id=[f"A{n}" for n in range(count + 1)]),
    }


@pytest.fixture
def latin_only(monkeypatch):
    monkeypatch.setattr(picture, "installed_families", lambda: LATIN)


@pytest.fixture
def figures(monkeypatch, latin_only):
    """The figures that draw_map saves."""
    saved = []
    save = picture.save
    monkeypatch.setattr(picture, "save", lambda figure, *rest: (saved.append(figure), save(figure, *rest)))
    return saved


def draw(tables, path, **options):
    picture.draw_map(tables, path, **({"title": "A town", "dpi": 40} | options))


def page_texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def map_texts(figure):
    return [text.get_text() for text in figure.axes[1].texts]


# placing labels


def turned_boxes(values):
    x, y, angle, width, above, below = np.array(values, dtype=float).reshape(-1, 6).T
    count = len(x)
    owner = np.zeros(count, dtype=np.int64)
    size = np.column_stack([width, above, below])
    return labels.boxes(
        labels.Candidates(owner, np.column_stack([x, y]), np.radians(angle), size, np.zeros(count)),
        margin=0.0,
    )


BOX = st.tuples(
    st.floats(0, 60), st.floats(0, 60), st.floats(-90, 90), st.floats(1, 25), st.floats(1, 4), st.floats(0, 1)
)


@settings(deadline=None)
@given(st.lists(st.tuples(BOX, st.integers(0, 12), st.floats(0, 5) | st.just(float("inf"))), max_size=60))
def test_placed_labels_never_overlap_and_none_is_left_out_needlessly(drawn):
    box = turned_boxes([one[0] for one in drawn])
    owner = np.array([one[1] for one in drawn], dtype=np.int64)
    penalty = np.array([one[2] for one in drawn], dtype=float)
    chosen = labels.place_labels(owner, box, penalty)
    placed = box[chosen]
    first, second = np.triu_indices(len(chosen), 1)
    assert not shapely.intersects(placed[first], placed[second]).any()
    assert (np.diff(owner[chosen]) > 0).all()  # by importance, each at most once
    assert np.isfinite(penalty[chosen]).all()
    for missing in set(owner.tolist()) - set(owner[chosen].tolist()):
        own = np.flatnonzero((owner == missing) & np.isfinite(penalty))
        before = placed[owner[chosen] < missing]
        assert all(shapely.intersects(box[place], before).any() for place in own)


def test_the_more_important_label_takes_the_better_place():
    box = turned_boxes([(0, 0, 0, 5, 2, 0), (20, 0, 0, 5, 2, 0), (1, 0, 0, 5, 2, 0), (40, 0, 0, 5, 2, 0)])
    chosen = labels.place_labels(np.array([0, 0, 1, 1]), box, np.array([0.0, 1.0, 0.0, 1.0]))
    assert chosen.tolist() == [0, 3]


@given(st.floats(0.5, 4), st.floats(2, 30), st.floats(1, 4), st.floats(0, 1.5))
def test_names_around_a_point_do_not_touch_its_symbol(radius, width, above, below):
    candidates = labels.around_points(
        np.array([7]), np.array([[50.0, 40.0]]), np.array([radius]), np.array([[width, above, below]])
    )
    disc = shapely.buffer(shapely.points([[50.0, 40.0]]), radius)
    assert not labels.blocked(labels.boxes(candidates), disc).any()
    assert set(candidates.owner) == {7}


def test_texts_along_a_line_stand_beside_it_and_upright():
    line = np.array([shapely.LineString([(100, 50), (0, 0)]), shapely.LineString([(0, 0), (0, 9), (9, 9)])])
    size = np.tile([[12.0, 2.0, 0.5]], (2, 1))
    fractions = np.array([[0.5, 0.3], [0.5, 0.2]])
    candidates = labels.along_lines(np.arange(2), line, np.array([1.0, 1.0]), size, fractions)
    assert np.isfinite(candidates.penalty[candidates.owner == 0]).all()
    assert np.isinf(candidates.penalty[candidates.owner == 1]).all()  # no straight piece of that length
    assert candidates.angle[candidates.owner == 0] == pytest.approx(np.arctan2(50, 100))
    distance = shapely.distance(labels.boxes(candidates, 0.0), line[candidates.owner])[candidates.owner == 0]
    assert distance == pytest.approx(1.5)


def test_length_of_pipes_under_a_box():
    box = turned_boxes([(0, 0, 0, 10, 2, 0), (0, 50, 0, 10, 2, 0)])
    lines = np.array([shapely.LineString([(-5, 1), (20, 1)]), shapely.LineString([(3, -5), (3, 5)])])
    assert labels.covered_length(box, lines, np.array([1.0, 2.0])) == pytest.approx([14.0, 0.0])


# sheet, classes, keys


@given(st.floats(10, 1e6))
def test_scale_is_round_and_not_smaller(denominator):
    scale = sheet.round_scale(denominator)
    assert denominator * (1 - 1e-6) <= scale <= denominator * 1.26
    assert sheet.round_scale(scale) == scale


@given(st.floats(50, 1e6))
def test_scale_bar_is_round_and_fits(denominator):
    length, pieces = sheet.scale_bar(denominator, 50.0)
    assert 0.39 * 50 < length / denominator * 1000 <= 50 * (1 + 1e-6)
    assert length / 10 ** np.floor(np.log10(length) + 1e-12) == pytest.approx({4: 1, 5: 5}[pieces], rel=1.01)


def test_paper_is_turned_to_the_network():
    assert sheet.choose_sheet((0, 0, 3000, 1000), 15).width == 420
    assert sheet.choose_sheet((0, 0, 1000, 3000), 15).width == 297


def test_classes_hold_their_lower_break_and_rounding_is_no_deficit():
    surplus = np.array([-0.5, -1e-12, 0.0, 2.0, 19.999, 25.0, np.nan])
    assert classes.classify(surplus, classes.SURPLUS_BREAKS_M).tolist() == [0, 1, 1, 2, 4, 5, -1]
    friction = np.array([0.0, 30.0, 69.9, 70.0, 301.0])
    assert classes.classify(friction, classes.FRICTION_BREAKS_PA_M).tolist() == [0, 1, 1, 2, 5]


def lightness_and_hue(colours, matrix):
    rgb = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours])
    linear = np.where(rgb < 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(matrix).T, 0, 1)
    xyz = seen @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    f = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 1e-6))
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


@pytest.mark.parametrize(
    "matrix",  # Machado, Oliveira & Fernandes 2009, full severity
    [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ],
    ids=["normal", "protan", "deutan", "tritan"],
)
@pytest.mark.parametrize("colours", [classes.FRICTION_COLOURS, classes.SURPLUS_COLOURS])
def test_colours_differ_for_every_eye(colours, matrix):
    lab = lightness_and_hue(colours, matrix)
    difference = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
    assert difference.min() > 15


def test_keys_are_few_and_round():
    assert legend.choose_widths(np.array([50, 80, 80, np.nan, 900, 100, 150, 200, 300, 400.0])).tolist()[0] == 50
    assert len(legend.choose_widths(np.arange(50, 1000, 50.0))) == 6
    assert legend.load_steps(np.array([np.nan, 11_800.0])).tolist() == [10_000, 2000, 500]
    assert not len(legend.load_steps(np.array([np.nan])))
    assert [legend.kilometres(m) for m in (0, 12.3, 5594.1)] == ["–", "12 m", "5.6 km"]


@pytest.mark.parametrize("kind", [bool, object, float, str])
def test_true_and_false_are_read_from_any_column_type(kind):
    layer = table(shapely.points(np.zeros((2, 2))), served=np.array([True, False]).astype(kind))
    assert features.flags(layer, "served").tolist() == [True, False]
    assert features.flags(layer, "served", value=False).tolist() == [False, True]
    assert not features.flags(layer.assign(served=None), "served", value=False).any()


# fonts


def test_choice_of_a_chinese_font():
    assert choose_cjk_family({"DejaVu Sans", "SimSun", "Noto Sans CJK SC"}) == "Noto Sans CJK SC"
    assert choose_cjk_family(["Arial", "WenQuanYi Zen Hei"]) == "WenQuanYi Zen Hei"
    assert choose_cjk_family({"DejaVu Sans", "Arial"}) is None


def test_without_a_chinese_font_chinese_cannot_be_shown():
    face = choose_typeface(LATIN)
    assert not face.has_cjk
    assert can_show(face, "DN300 Ø 85 °C – Straße")
    assert not can_show(face, "木兰")


def test_a_font_installed_after_matplotlib_made_its_list_is_found(monkeypatch):
    known, added = set(LATIN), []
    monkeypatch.setattr(fonts, "_known_families", lambda: frozenset(known))
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: ["/f/arial.ttf", "/f/wqy-zenhei.ttc"])
    monkeypatch.setattr(
        fonts.font_manager.fontManager,
        "addfont",
        lambda path: (added.append(path), known.add("WenQuanYi Zen Hei")),
    )
    assert "WenQuanYi Zen Hei" in fonts.installed_families()
    assert added == ["/f/wqy-zenhei.ttc"]


def test_long_texts_are_wrapped_and_shortened():
    face = choose_typeface(LATIN)
    properties = fonts.font(face, 8)
    lines = fonts.wrap("the pump head is made of supply, return, plant, station and reserve", properties, 30)
    assert " ".join(lines) == "the pump head is made of supply, return, plant, station and reserve"
    assert all(fonts.text_size(line, properties)[0] <= 30 for line in lines)
    short = fonts.shorten("a very long name of a station", properties, 20)
    assert short.endswith("…")
    assert fonts.text_size(short, properties)[0] <= 20


def test_a_text_of_any_length_is_measured_in_pieces_that_a_sheet_could_hold(monkeypatch):
    lengths, measure = [], fonts.text_size
    monkeypatch.setattr(fonts, "text_size", lambda text, font: (lengths.append(len(text)), measure(text, font))[1])
    properties = fonts.font(choose_typeface(LATIN), 8)
    assert fonts.shorten("x" * 100_000, properties, 20).endswith("x…")
    assert max(lengths) < 500
    assert len(lengths) < 500


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_a_font_ids_and_english_stand_in(tmp_path, figures, language):
    tables = comb(6, name=["香江水岸换热站", "North", "", None, "$x_1$", "四"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said by what_is_missing, not by a warning
        draw(tables, tmp_path / "map.png", title="木兰", notes=["泵 85 m", "Load\t1 MW"], language=language)
    assert {"H01", "North", "H03", "H04", "$x_1$", "H06"} <= set(map_texts(figures[0]))
    everything = "".join(page_texts(figures[0]) + map_texts(figures[0]))
    assert can_show(choose_typeface(LATIN), everything)
    assert {WORDS["en"]["untitled"], WORDS["en"]["friction"], "1 MW"} <= set(page_texts(figures[0]))


def test_what_no_font_shows_is_one_sentence():
    latin, names = choose_typeface(LATIN), ["North", "香江水岸 换热站", "四"]
    said = fonts.what_is_missing(latin, names)
    assert "'香江水岸 换热站'" in said
    assert "gisheat[fonts]" in said
    assert fonts.what_is_missing(latin, ["North"]) == ""
    assert "Noto Sans CJK" in fonts.what_is_missing(latin, ["North"], "zh")  # the words of the page
    chinese = fonts.Typeface(("Latin", "Chinese"), frozenset(map(ord, "香江水岸换热站四 North")))
    assert fonts.what_is_missing(chinese, names, "zh") == ""
    assert "1 text(s) ('𠀀' ...)" in fonts.what_is_missing(chinese, [*names, "𠀀"], "zh")


def test_the_font_of_the_extra_is_taken_where_none_is_installed(monkeypatch, tmp_path):
    """A package of that name with a file of that name: what is in it is of no matter here."""
    package, known, added = tmp_path / fonts.FONT_PACKAGE, set(LATIN), []
    package.mkdir()
    (package / "__init__.py").touch()
    (package / fonts.FONT_FILE).touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fonts, "_known_families", lambda: frozenset(known))
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", list)
    monkeypatch.setattr(
        fonts.font_manager.fontManager, "addfont", lambda path: (added.append(path), known.add("Noto Sans SC"))
    )
    assert "Noto Sans SC" in fonts.installed_families()
    assert added == [str(package / fonts.FONT_FILE)]
    added.clear()
    fonts.installed_families()
    assert added == []  # where one is installed it is left alone


@pytest.mark.skipif(not choose_typeface(fonts.installed_families()).has_cjk, reason="no Chinese font here")
def test_chinese_words_are_drawn_as_outlines_that_need_no_font(tmp_path, monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "svg.fonttype", "none")  # as a user may have it
    draw(comb(2, name=["香江水岸换热站", "四"]), tmp_path / "map.svg", title="木兰", language="zh")
    svg = (tmp_path / "map.svg").read_text("utf-8")
    assert "<text" not in svg
    assert svg.count("<use") > 20


def test_both_languages_have_the_same_words():
    assert WORDS["en"].keys() == WORDS["zh"].keys()


# the picture


def overlaps(figure):
    """Pairs of level texts on the map that overlap, measured by matplotlib."""
    canvas = figure.canvas
    level = [text for text in figure.axes[1].texts if text.get_rotation() == 0]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in level]
    return [
        (level[a].get_text(), level[b].get_text())
        for a in range(len(boxes))
        for b in range(a)
        if boxes[a].overlaps(boxes[b])
    ]


@pytest.mark.parametrize("count", [5, 39, 200])
def test_labels_on_the_map_do_not_overlap(tmp_path, figures, count):
    draw(comb(count, spacing=60.0), tmp_path / "map.png", dpi=100)
    texts = map_texts(figures[0])
    assert {"S1", f"H{count:02d}"} <= set(texts)  # the source and the worst station always
    assert any(text.startswith("DN") for text in texts) or count == 200
    assert overlaps(figures[0]) == []


def test_everything_has_its_key(tmp_path, figures):
    tables = comb(8, served=[True] * 7 + [False])
    tables["pipes"].loc[9, "sup_friction_pa_m"] = np.nan
    tables["findings"] = tables["stations"][:2].assign(severity=["error", "warning"])
    tables["streets"] = tables["pipes"][["geometry"]].assign(**{"class": "primary", "name": "Main Street"})
    draw(tables, tmp_path / "map.png", subtitle="Near phase", notes=["Pump head\t85.0 m", " Plant\t20.0 m"])
    page = page_texts(figures[0])
    keys = ("source", "critical", "node", "worst", "unserved", "no_value", "error", "warning", "street")
    assert {WORDS["en"][key] for key in keys} <= set(page)
    assert {"A town", "Near phase", "Pump head", "85.0 m", "Plant", "20.0 m", "N"} <= set(page)
    assert any("1 : " in text for text in page)
    assert any("CGCS2000" in text for text in page)


NASTY = ["$a_b$ \\frac{1}{2}", "<b>&amp;</b>", "$", "\\", "a\tb\nc", "_{x}^$", "{}", "%s"]


def test_texts_are_never_markup(tmp_path, figures):
    tables = comb(8, name=NASTY)
    for ending in ("png", "svg", "pdf"):
        draw(tables, tmp_path / f"map.{ending}", title=NASTY[0], subtitle=NASTY[1], notes=NASTY)
    shown = set(map_texts(figures[0]))
    assert {"$a_b$ \\frac{1}{2}", "<b>&amp;</b>", "$", "\\", "a b c", "_{x}^$", "{}", "%s"} <= shown
    assert not any(text.get_parse_math() for axes in figures[0].axes for text in axes.texts)


def one_pipe():
    tables = comb(1)
    return {
        "pipes": tables["pipes"][:1],
        "stations": tables["stations"][:0],
        "sources": tables["sources"][:0],
    }


def no_values():
    tables = comb(4)
    tables["pipes"][["sup_friction_pa_m", "dn_mm", "on_critical_path"]] = None
    tables["stations"][["surplus_head_m", "load_kw", "served"]] = None
    return tables


def zero_extent():
    point = shapely.points([[427_000.0, 5_090_000.0]])
    return {
        "pipes": comb(1)["pipes"][:0],
        "stations": table(point, station_id=["H1"]),
        "sources": table(point, source_id=["S1"]),
    }


def broken_geometry():
    tables = comb(3)
    tables["pipes"].loc[0, "geometry"] = None
    tables["pipes"].loc[1, "geometry"] = shapely.LineString()
    tables["pipes"].loc[2, "geometry"] = shapely.MultiLineString(
        [
            [(427_000, 5_090_000, 1), (427_100, 5_090_000, 2)],
            [(427_200, 5_090_000, 1), (427_300, 5_090_000, 1)],
        ]
    )
    tables["stations"].loc[0, "geometry"] = None
    tables["stations"].loc[1, "geometry"] = shapely.Point()
    return tables


def infinite_values():
    tables = comb(3)
    tables["pipes"]["sup_friction_pa_m"] = np.inf
    tables["pipes"]["dn_mm"] = ["wide", "300", None, "-1", "nan", "1e400"]
    tables["stations"]["load_kw"] = [-5.0, np.inf, 0.0]
    return tables


def bare_columns():
    tables = comb(3)
    return {name: layer[["geometry"]] for name, layer in tables.items()}


@pytest.mark.parametrize(
    "make", [dict, one_pipe, no_values, zero_extent, broken_geometry, infinite_values, bare_columns]
)
def test_degenerate_input_still_gives_a_map(tmp_path, latin_only, make):
    draw(make(), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_same_input_same_bytes(tmp_path, latin_only, ending, start):
    tables = comb(10)
    before = {name: layer.copy() for name, layer in tables.items()}
    settings_before = dict(mpl.rcParams)
    for number in (1, 2):
        draw(tables, tmp_path / f"{number}.{ending}")
    first = (tmp_path / f"1.{ending}").read_bytes()
    assert first.startswith(start)
    assert first == (tmp_path / f"2.{ending}").read_bytes()
    assert all(layer.equals(before[name]) for name, layer in tables.items())
    assert dict(mpl.rcParams) == settings_before


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.png"):
        draw(comb(2), tmp_path / "map.bmp")
    assert not list(tmp_path.iterdir())


def test_a_failed_drawing_leaves_the_old_file(tmp_path, latin_only, monkeypatch):
    def fail(self, file, **options):
        file.write(b"half")
        raise OSError("disk full")

    path = tmp_path / "map.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        draw(comb(2), path)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["map.png"]


def test_ten_thousand_pipes_get_a_readable_map_quickly(tmp_path, figures):
    parts = [comb(100, spacing=40.0) for _ in range(50)]
    for number, part in enumerate(parts):
        for layer in part.values():
            layer["geometry"] = layer.translate(0.0, 400.0 * number)
    tables = {name: geopandas.pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    assert len(tables["pipes"]) == 10_000
    start = time.process_time()
    draw(tables, tmp_path / "map.png", dpi=200)
    assert time.process_time() - start < 10  # about 2 s; the rest is for slow machines
    assert 20 < len(map_texts(figures[0])) < 700
    assert overlaps(figures[0]) == []


def test_pyplot_is_not_loaded():
    code = "import sys, gisheat.picture; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
