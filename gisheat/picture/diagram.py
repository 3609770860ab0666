"""The pressure diagram: heads along the way from a source to a station, on an A3 sheet with a strip of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gisheat.picture import classes
from gisheat.picture.fonts import Typeface, can_show, choose_typeface, font, installed_families, without_weight_messages
from gisheat.picture.saving import save
from gisheat.picture.words import Language

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from gisheat.pressure_lines import PressureLines

WIDTH_MM, HEIGHT_MM = 420.0, 297.0
PLOT = (34.0, 96.0, 404.0, 262.0)
"""Left, bottom, right and top of the plot on the sheet [mm]."""
ROW_MM = 8.8
LEAST_GAP_MM = 7.5
"""Between the names of two nodes."""
SUPPLY, RETURN, STATIC, BOILING, LIMIT, SOIL = "#c01f2e", "#2166ac", "#1b7837", "#e66101", "#8a8f98", "#b59a73"
_MM = 25.4

_EN = {
    "title": "Pressure diagram", "supply": "supply", "return": "return", "ground": "ground", "static": "static line",
    "boiling": "boiling limit of the supply", "lowest": "least head of the return", "highest": "pipe class",
    "head": "Head above the datum [m]", "distance": "Distance from the source [m]", "node": "Node",
    "ground_row": "Ground [m]", "supply_row": "Supply head [m]", "return_row": "Return head [m]",
    "available_row": "Available head [m]", "length": "Length [m]", "bore": "Size", "friction": "Friction [Pa/m]",
    "pump": "pump {:.1f} m", "plant": "plant {:.1f} m", "station": "available {:.1f} m, required {:.1f} m",
    "subtitle": "{} to {}: {:.1f} m, pump head {:.1f} m, available head {:.1f} m",
}  # fmt: skip
_ZH = {
    "title": "水压图", "supply": "供水", "return": "回水", "ground": "地面", "static": "静水压线",
    "boiling": "供水不汽化线", "lowest": "回水最低水头", "highest": "管道公称压力线", "head": "水头（基准面以上）[m]",
    "distance": "距热源距离 [m]",
    "node": "节点", "ground_row": "地面标高 [m]", "supply_row": "供水水头 [m]", "return_row": "回水水头 [m]",
    "available_row": "资用压头 [m]", "length": "管长 [m]", "bore": "规格", "friction": "比摩阻 [Pa/m]",
    "pump": "循环泵 {:.1f} m", "plant": "热源内部 {:.1f} m", "station": "资用 {:.1f} m，需要 {:.1f} m",
    "subtitle": "{} 至 {}：{:.1f} m，循环泵扬程 {:.1f} m，资用压头 {:.1f} m",
}  # fmt: skip
WORDS = MappingProxyType({"en": MappingProxyType(_EN), "zh": MappingProxyType(_ZH)})


def draw_diagram(
    lines: PressureLines, table: pd.DataFrame, path: Path, *, title: str = "", sizes: Sequence[str] = (),
    language: Language = "en", dpi: int = 150,
) -> None:  # fmt: skip
    """Draw a pressure diagram.

    Parameters
    ----------
    lines : PressureLines
        The lines.
    table : DataFrame
        What `lines_table` makes of them.
    path : Path
        File to write, `.png`, `.svg` or `.pdf`; an existing one is replaced in one step.
    title : str
        Name of the network.
    sizes : sequence of str
        Size of the pipe that leads to each node, as in DN300; the bore is shown when empty.
    language : str
        Language of the words; English where no installed font shows Chinese.
    dpi : int
        Dots per inch of a PNG.
    """
    with without_weight_messages():
        face = choose_typeface(installed_families())
        words = WORDS[language if face.has_cjk else "en"]
        figure = Figure(figsize=(WIDTH_MM / _MM, HEIGHT_MM / _MM), facecolor=classes.PAPER)
        FigureCanvasAgg(figure)
        page = _page(figure)
        plot = _plot(figure, lines, words, face)
        ends = f"{lines.source}", f"{lines.station}"
        facts = (float(lines.distance[-1]), lines.pump_head, float(lines.supply[-1] - lines.back[-1]))
        heading = f"{title} · {words['title']}" if title and can_show(face, title) else words["title"]
        page.text(PLOT[0], 281, heading, fontproperties=font(face, 20, bold=True), color=classes.INK, parse_math=False)
        page.text(
            PLOT[0], 272, words["subtitle"].format(*ends, *facts), fontproperties=font(face, 10.5),
            color=classes.PALE_INK, parse_math=False,
        )  # fmt: skip
        _strip(page, plot, lines, table, sizes, words, face)
        save(figure, path, dpi)


def _page(figure: Figure) -> Axes:
    """Axes of the whole page in mm."""
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page.set(xlim=(0, WIDTH_MM), ylim=(0, HEIGHT_MM), xticks=[], yticks=[], facecolor="none")
    page.spines[:].set_visible(False)
    return page


def _plot(figure: Figure, lines: PressureLines, words: Mapping[str, str], face: Typeface) -> Axes:
    left, bottom, right, top = PLOT
    box = (left / WIDTH_MM, bottom / HEIGHT_MM, (right - left) / WIDTH_MM, (top - bottom) / HEIGHT_MM)
    plot = figure.add_axes(box)
    x, reach = lines.distance, max(float(lines.distance[-1]), 1.0)
    tip = float(lines.back[0]) + lines.pump_head
    drawn = np.concatenate([lines.supply, lines.back, lines.ground, lines.lowest, [lines.static, tip]])
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    room = 0.06 * max(high - low, 10.0)
    plot.set(xlim=(-0.045 * reach, 1.03 * reach), ylim=(low - room, high + 2.2 * room))
    plot.fill_between(x, lines.ground, low - room, color=SOIL, alpha=0.25, linewidth=0)
    plot.plot(x, lines.ground, color=SOIL, linewidth=1.6, label=words["ground"])
    plot.plot(x, lines.supply, color=SUPPLY, linewidth=2.4, label=words["supply"])
    plot.plot(x, lines.back, color=RETURN, linewidth=2.4, label=words["return"])
    plot.axhline(lines.static, color=STATIC, linewidth=1.4, dashes=(7, 3), label=words["static"])
    if not np.isnan(lines.boiling).any():
        plot.plot(x, lines.boiling, color=BOILING, linewidth=1.2, dashes=(5, 2, 1, 2), label=words["boiling"])
    plot.plot(x, lines.lowest, color=RETURN, linewidth=1.0, dashes=(1, 2), label=words["lowest"])
    if float(np.min(lines.highest)) < high + 2.2 * room:
        plot.plot(x, lines.highest, color=LIMIT, linewidth=1.2, label=words["highest"])
    plot.vlines(x, lines.ground, np.maximum(lines.supply, lines.back), color=LIMIT, linewidth=0.4, alpha=0.6)
    _ends(plot, lines, reach, words, face)
    plot.grid(axis="y", color=classes.RULE, linewidth=0.5)
    plot.set_axisbelow(True)
    plot.spines[["top", "right"]].set_visible(False)
    for label in (*plot.get_xticklabels(), *plot.get_yticklabels()):
        label.set_fontproperties(font(face, 8.5))
    plot.set_ylabel(words["head"], fontproperties=font(face, 9.5))
    plot.set_xlabel(words["distance"], fontproperties=font(face, 9.5))
    plot.legend(
        loc="upper right", ncols=4, frameon=False, prop=font(face, 9), bbox_to_anchor=(1.0, 1.005), handlelength=3.2
    )
    return plot


def _ends(plot: Axes, lines: PressureLines, reach: float, words: Mapping[str, str], face: Typeface) -> None:
    """Pump and plant at the source, what is available at the station."""
    at, foot, tip = -0.018 * reach, float(lines.back[0]), float(lines.back[0]) + lines.pump_head
    plot.plot([0, at, at], [foot, foot, tip], color=classes.INK, linewidth=1.3)
    plot.plot([at, 0], [tip, tip], color=classes.INK, linewidth=1.3)
    plot.plot([0, 0], [tip, float(lines.supply[0])], color=SUPPLY, linewidth=2.4, solid_capstyle="butt")
    properties = font(face, 9)
    for y, text in (((foot + tip) / 2, words["pump"].format(lines.pump_head)),):
        plot.text(at - 0.006 * reach, y, text, rotation=90, ha="right", va="center", fontproperties=properties)
    if lines.plant > 0.0:
        middle = (tip + float(lines.supply[0])) / 2
        plot.text(0.006 * reach, middle, words["plant"].format(lines.plant), va="center", fontproperties=properties)
    end, here = float(lines.distance[-1]), (float(lines.back[-1]), float(lines.supply[-1]))
    plot.plot([end, end], here, color=classes.INK, linewidth=1.3)
    text = words["station"].format(here[1] - here[0], lines.required)
    plot.text(end - 0.006 * reach, sum(here) / 2, text, ha="right", va="center", fontproperties=properties)


def _strip(
    page: Axes, plot: Axes, lines: PressureLines, table: pd.DataFrame, sizes: Sequence[str], words: Mapping[str, str],
    face: Typeface,
) -> None:  # fmt: skip
    """Rows of figures under the plot: for nodes as far as there is room, for pipes that are long enough."""
    left, _, right, _ = PLOT
    low, high = plot.get_xlim()
    place = left + (lines.distance - low) / (high - low) * (right - left)
    shown = _with_room(place)
    small = font(face, 7.5)
    top = PLOT[1] - 17.0
    names = table["node_id"].astype(str).tolist()
    rows: list[tuple[str, list[str]]] = [
        ("node", [name if can_show(face, name) else "" for name in names]),
        *(
            (key, [f"{value:.1f}" for value in table[column]])
            for key, column in (
                ("ground_row", "ground_m"), ("supply_row", "sup_head_m"), ("return_row", "ret_head_m"),
                ("available_row", "available_head_m"),
            )
        ),
    ]  # fmt: skip
    bores = [f"d {bore:.0f}" for bore in table["inner_diameter_mm"].fillna(0.0)]
    between: list[tuple[str, list[str]]] = [
        ("length", [f"{value:.0f}" for value in table["length_m"].fillna(0.0)]),
        ("bore", list(sizes) or bores),
        ("friction", [f"{value:.0f}" for value in table["sup_friction_pa_m"].fillna(0.0)]),
    ]
    for k, (key, values) in enumerate([*rows, *between]):
        y = top - (k + 0.5) * ROW_MM
        page.plot([3.0, right], [top - k * ROW_MM] * 2, color=classes.RULE, linewidth=0.6)
        page.text(left - 2.0, y, words[key], ha="right", va="center", fontproperties=small)
        if k < len(rows):
            for i in shown:
                page.text(place[i], y, values[i], ha="center", va="center", fontproperties=small, parse_math=False)
            continue
        for i in range(1, len(place)):
            if place[i] - place[i - 1] >= LEAST_GAP_MM and lines.pipe[i - 1] >= 0:
                middle = (place[i] + place[i - 1]) / 2
                page.text(middle, y, values[i], ha="center", va="center", fontproperties=small, parse_math=False)
                page.plot([place[i]] * 2, [y - ROW_MM / 2, y + ROW_MM / 2], color=classes.RULE, linewidth=0.4)


def _with_room(place: np.ndarray) -> list[int]:
    """Nodes whose names do not touch, the last one among them."""
    shown = [0]
    for i in range(1, len(place) - 1):
        if place[i] - place[shown[-1]] >= LEAST_GAP_MM and place[-1] - place[i] >= LEAST_GAP_MM:
            shown.append(i)
    return [*shown, len(place) - 1]
