"""Line charts: names that do not touch, texts that are texts, the same bytes each time."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisheat.picture import chart
from gisheat.picture.chart import Area, Line, Mark, Panel, draw_chart, usable_language
from gisheat.picture.fonts import LATIN_FAMILY

DAYS = np.linspace(0.0, 176.0, 9)


def draw(path, *lines, **options):
    areas = (Area(DAYS, 0.0 * DAYS, 50.0 + 0.0 * DAYS, "base plant", "#b5172b"),)
    panels = [
        Panel("Load [MW]", lines, areas, (Mark(90.0, "largest unit out"), Mark(20.0, "peak", "x"))),
        Panel("Outdoor [°C]", (Line(DAYS, DAYS / 10.0, "outdoor"),)),
    ]
    draw_chart(panels, path, x_label="Days", title="Load duration", **options)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_chart_has_the_same_bytes(tmp_path, suffix):
    line = Line(DAYS, 140.0 - 0.5 * DAYS, "heat load")
    first = draw(tmp_path / f"a{suffix}", line, dpi=40)
    assert draw(tmp_path / f"b{suffix}", line, dpi=40) == first
    assert draw(tmp_path / f"c{suffix}", Line(DAYS, 130.0 - 0.5 * DAYS, "heat load"), dpi=40) != first
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}{suffix}" for name in "abc"}


def test_texts_of_the_data_are_texts(tmp_path):
    name = r"<script>alert(1)</script> $\frac{1}{2}$ =HYPERLINK(1)"
    drawn = draw(tmp_path / "a.svg", Line(DAYS, DAYS, name), name=name).decode()
    assert "<script" not in drawn
    comments = re.findall(r"<!-- (.*?) -->", drawn)
    assert sum("frac{1}{2}" in comment for comment in comments) == 2  # written as they are, not set as a formula


def test_without_a_chinese_font_no_chinese_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(chart, "installed_families", lambda: frozenset({LATIN_FAMILY}))
    assert usable_language("zh") == "en"
    line = Line(DAYS, DAYS, "热负荷")
    drawn = draw(tmp_path / "a.svg", line, name="木兰镇", notes=["注"]).decode()
    assert re.search(r"<!-- Load duration -->", drawn)
    assert not re.search("[\u4e00-\u9fff]", drawn)


def test_a_chart_is_a_picture_with_a_panel(tmp_path):
    with pytest.raises(ValueError, match=r"chart a\.docx must end in"):
        draw(tmp_path / "a.docx")
    with pytest.raises(ValueError, match="needs a panel"):
        draw_chart([], tmp_path / "a.png", x_label="", title="")
    assert not list(tmp_path.iterdir())


def test_a_single_point_and_missing_values_are_drawn(tmp_path):
    assert draw(tmp_path / "a.svg", Line(np.array([3.0]), np.array([np.nan]), "nothing"), dpi=40)
    single = [Panel("y", (Line(np.array([3.0]), np.array([2.0]), "one", marker="o"),))]
    draw_chart(single, tmp_path / "b.svg", x_label="x", title="One")


@given(st.lists(st.floats(0.0, 100.0), max_size=40))
def test_names_stand_apart_inside_the_panel_and_move_no_more_than_they_must(wanted):
    wanted = np.sort(np.array(wanted, float))
    places = chart._spread(wanted, 4.0, 0.0, 100.0)
    least = min(4.0, 100.0 / max(len(wanted) - 1, 1))
    assert (np.diff(places) >= least - 1e-9).all()
    assert ((places >= -1e-9) & (places <= 100.0 + 1e-9)).all()
    if (np.diff(wanted) >= 4.0).all():
        assert places == pytest.approx(wanted)
