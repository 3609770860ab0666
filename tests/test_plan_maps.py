"""Maps of loads and of phases: symbols in proportion, kinds told apart, texts that do not overlap."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely

from gisheat import picture
from gisheat.picture import PhaseTotal, features, load_map, phase_map
from gisheat.picture.fonts import LATIN_FAMILY
from gisheat.picture.sheet import choose_sheet
from gisheat.picture.words import WORDS

CRS = "EPSG:4552"
PHASES = ("existing", "near", "far")
STATUS = ("existing", "existing", "planned", "planned", "planned", "abandoned", "closed")
PHASE = ("existing", "", "existing", "near", "far", "", "")


def table(geometry, **columns):
    return geopandas.GeoDataFrame(columns, geometry=geometry, crs=CRS)


def town(count=7, loads=None):
    """A trunk with teeth, one of each status and phase in turn, a station at the end of each."""
    x = 427_000.0 + 150.0 * np.arange(count + 1)
    y = np.full(count + 1, 5_090_000.0)
    end = y[1:] + np.where(np.arange(count) % 2, 200.0, -200.0)
    place = np.arange(count) % len(STATUS)
    status, phase = np.array(STATUS, dtype=object)[place], np.array(PHASE, dtype=object)[place]
    trunk = [shapely.LineString([(x[i], y[i]), (x[i + 1], y[i + 1])]) for i in range(count)]
    teeth = [shapely.LineString([(x[i + 1], y[i + 1]), (x[i + 1], end[i])]) for i in range(count)]
    nodes = [f"A{i}" for i in range(count)] + ["N1"]
    return {
        "pipes": table(
            [*trunk, *teeth],
            pipe_id=[f"P{i}" for i in range(2 * count)],
            status=["existing"] * count + list(status),
            phase=[""] * count + list(phase),
            from_node=nodes[:count] + nodes[1:],
            to_node=nodes[1:] + [f"N{i}" for i in range(2, count + 2)],
            role=["trunk"] * count + ["connection"] * count,
            dn_mm=[500.0] * count + [150.0] * count,
            length_m=[150.0] * count + [200.0] * count,
            on_critical_path=[True] * count + [False] * count,
        ),
        "stations": table(
            shapely.points(x[1:], end), station_id=[f"H{i}" for i in range(count)],
            status=status, phase=phase, heated_area_m2=np.full(count, 20_000.0),
            load_kw=np.full(count, 1000.0) if loads is None else loads,
        ),
        "sources": table(shapely.points(x[:1], y[:1]), source_id=["S1"]),
        "nodes": table(shapely.points(x, y), node_id=nodes),
    }  # fmt: skip


@pytest.fixture
def figures(monkeypatch):
    monkeypatch.setattr(picture, "installed_families", lambda: frozenset({LATIN_FAMILY}))
    saved = []
    save = picture.save
    monkeypatch.setattr(picture, "save", lambda figure, *rest: (saved.append(figure), save(figure, *rest)))
    return saved


def draw(tables, path, kind, **options):
    picture.draw_map(tables, path, **({"title": "A town", "dpi": 100, "kind": kind, "phases": PHASES} | options))


def words_of(figure):
    return [[text.get_text() for text in axes.texts] for axes in figure.axes]


def overlaps(figure):
    renderer = figure.canvas.get_renderer()
    level = [text for text in figure.axes[1].texts if text.get_rotation() == 0]
    boxes = [text.get_window_extent(renderer) for text in level]
    return [
        (level[a].get_text(), level[b].get_text())
        for a in range(len(boxes))
        for b in range(a)
        if boxes[a].overlaps(boxes[b])
    ]


def content(tables):
    return features.read_content(tables, choose_sheet(features.network_bounds(tables), 18.0))


@pytest.mark.parametrize("kind", ["loads", "phases"])
@pytest.mark.parametrize("count", [7, 40])
def test_labels_do_not_overlap(tmp_path, figures, kind, count):
    draw(town(count), tmp_path / "map.png", kind)
    assert overlaps(figures[0]) == []
    assert "S1" in words_of(figures[0])[1]


def test_the_area_of_a_circle_is_proportional_to_the_load():
    loads = np.array([100.0, 400.0, 900.0, 2500.0, np.nan, 400.0, 400.0])
    look = load_map.load_look(content(town(loads=loads)), 250.0 * 300.0)
    assert look.served.tolist() == [True, True, True, True, False, False, False]  # without load, abandoned, closed
    assert look.diameter[:4] / look.diameter[0] == pytest.approx([1.0, 2.0, 3.0, 5.0])
    assert look.diameter.max() <= load_map.LARGEST_MM


def test_loads_are_labelled_and_totalled_by_phase(tmp_path, figures):
    totals = [PhaseTotal("existing", 2, 4e4, 2e6), PhaseTotal("near", 4, float("nan"), 4.125e6)]
    draw(town(), tmp_path / "map.png", "loads", totals=totals)
    page, on_map = words_of(figures[0])
    assert {"H0", "2.0 ×10⁴ m²  1.00 MW"} <= set(on_map)
    assert {"near phase", "4.12", "–", "2.00"} <= set(page)
    assert "2 · 2.00 MW" in page and "3 · 3.00 MW" in page  # existing and planned stations


def test_kinds_of_pipes_differ_in_dashes_and_in_colour_so_that_a_copy_is_read_too():
    kinds = phase_map.kinds_of(content(town()), PHASES)
    assert [(k.status, k.phase) for k in kinds] == [
        ("existing", ""), ("planned", "existing"), ("planned", "near"), ("planned", "far"), ("closed", ""),
        ("abandoned", ""),
    ]  # fmt: skip
    assert len({str(k.dashes) for k in kinds[:4]}) == 4
    later = kinds[2:4]
    assert len({k.colour for k in later}) == 2 and phase_map.STANDING not in {k.colour for k in later}


def test_every_kind_has_its_key_with_its_length(tmp_path, figures):
    sized = town()
    sized["pipes"] = sized["pipes"].drop(columns="on_critical_path")  # nothing needs to be solved
    draw(sized, tmp_path / "map.png", "phases")
    page, on_map = words_of(figures[0])
    words = WORDS["en"]
    assert {words["existing_stations"], "Planned, near phase", "Planned, far phase", "Abandoned", "Closed"} <= set(page)
    assert page.count("1.4 km") == 1  # 7 x 150 m of trunk and two teeth of 200 m
    assert page.count("0.2 km") == 5
    assert {"DN500", "DN150"} <= set(on_map)
    assert not {"N1", "N2"} & set(on_map)  # numbered by gisheat: they tell nothing
    assert "A1" in on_map


def test_a_phase_that_no_order_knows_is_drawn_last(tmp_path, figures):
    tables = town()
    tables["pipes"].loc[9, "phase"] = "2040"
    kinds = phase_map.kinds_of(content(tables), PHASES)
    assert [k.phase for k in kinds if k.status == "planned"] == ["existing", "near", "far", "2040"]
    draw(tables, tmp_path / "map.png", "phases")
    assert "Planned, 2040" in words_of(figures[0])[0]


@pytest.mark.parametrize("kind", ["loads", "phases"])
def test_a_bare_network_is_drawn_and_bytes_repeat(tmp_path, figures, kind):
    bare = {"pipes": town()["pipes"][["geometry"]], "stations": town()["stations"][["geometry"]].iloc[:0]}
    for name in ("a.svg", "b.svg"):
        draw(bare, tmp_path / name, kind)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_buildings_lie_below_the_loads(tmp_path, figures):
    tables = town()
    tables["buildings"] = table([shapely.box(427_100, 5_090_020, 427_140, 5_090_060)], building_id=["B1"])
    draw(tables, tmp_path / "map.png", "loads")
    assert WORDS["en"]["building"] in words_of(figures[0])[0]
    draw(town(), tmp_path / "map.png", "loads")
    assert WORDS["en"]["building"] not in words_of(figures[1])[0]


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="it is one of result, loads, phases"):
        draw(town(), tmp_path / "map.png", "other")
