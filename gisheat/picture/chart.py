"""Line charts in the house style: panels above each other on a sheet A4 landscape, lines named at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from scipy.optimize import isotonic_regression

from gisheat.picture import classes
from gisheat.picture.fonts import (
    Typeface,
    can_show,
    choose_typeface,
    font,
    installed_families,
    shorten,
    text_size,
    thickened,
    without_weight_messages,
)
from gisheat.picture.saving import METADATA, save
from gisheat.picture.words import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

WIDTH_MM, HEIGHT_MM = 297.0, 210.0
LEFT_MM, RIGHT_MM, GAP_MM = 24.0, 12.0, 7.0
COLOURS = ("#c01f2e", "#2166ac", "#e66101", "#128277", "#7648b0", "#b59a73", "#23262b")
"""Colours of lines, the first two those of supply and return."""
_MM = 25.4
_TITLE_PT, _SUBTITLE_PT, _TEXT_PT, _TICK_PT, _NOTE_PT = 17.0, 10.0, 8.5, 8.5, 7.5
_NAME_ROW_MM, _NOTE_ROW_MM, _LEGEND_ROW_MM, _LEADER_MM, _SAMPLE_MM = 4.2, 3.9, 5.0, 4.0, 7.0


@dataclass(frozen=True)
class Line:
    """A line of a chart; NaN breaks it."""

    x: Values
    y: Values
    name: str = ""
    colour: str = classes.INK
    width: float = 2.0
    """[pt]"""
    dashes: tuple[float, ...] = ()
    """Lengths of dashes and gaps [line widths], none for a full line."""
    marker: str = ""
    """matplotlib's sign of the symbol at each point; with width 0 the points stand alone."""
    beside: bool = True
    """Named at its right end; else in the legend above."""


@dataclass(frozen=True)
class Area:
    """A filled area between two lines, named in the legend."""

    x: Values
    low: Values
    high: Values
    name: str
    colour: str
    alpha: float = 0.85
    hatch: str = ""
    """matplotlib's sign of a hatching; the area is then not filled."""


@dataclass(frozen=True)
class Mark:
    """A thin line across the panel at a value of one axis, with a text."""

    value: float
    text: str = ""
    axis: Literal["x", "y"] = "y"
    colour: str = classes.PALE_INK


@dataclass(frozen=True)
class Panel:
    """One pair of axes; the panels of a chart share their x axis."""

    y_label: str
    lines: tuple[Line, ...] = ()
    areas: tuple[Area, ...] = ()
    marks: tuple[Mark, ...] = ()
    y_limits: tuple[float | None, float | None] = (None, None)
    """None leaves an end to the data."""
    share: float = 1.0
    """Height relative to the other panels."""


def usable_language(language: Language) -> Language:
    """Language of the words of a chart: English where no font of this machine shows Chinese."""
    return language if choose_typeface(installed_families()).has_cjk else "en"


def draw_chart(
    panels: Sequence[Panel], path: Path, *, x_label: str, title: str, name: str = "", subtitle: str = "",
    notes: Sequence[str] = (), x_limits: tuple[float, float] | None = None, dpi: int = 200,
) -> None:  # fmt: skip
    """Draw a chart.

    Parameters
    ----------
    panels : sequence of Panel
        From top to bottom.
    path : Path
        File to write, `.png`, `.svg` or `.pdf`; an existing one is replaced in one step. The same chart gives the
        same bytes.
    x_label, title : str
        In a language of `usable_language`.
    name : str
        Name of the network; left out where no font shows it, as is any other text.
    subtitle : str
        One line under the title.
    notes : sequence of str
        Small lines under the chart.
    x_limits : (float, float), optional
        Left and right end of the x axis; the first may be the larger.
    dpi : int
        Dots per inch of a PNG.

    Raises
    ------
    ValueError
        For another suffix, or no panel.
    """
    path = Path(path)
    if path.suffix.lower() not in METADATA:
        raise ValueError(f"the chart {path.name} must end in .png, .svg or .pdf")
    if not panels:
        raise ValueError("a chart needs a panel")
    with without_weight_messages():
        face = choose_typeface(installed_families())
        figure = Figure(figsize=(WIDTH_MM / _MM, HEIGHT_MM / _MM), facecolor=classes.PAPER)
        FigureCanvasAgg(figure)
        page = _page(figure)
        heading = " · ".join(part for part in (_plain(name, face), _plain(title, face)) if part)
        room = WIDTH_MM - LEFT_MM - RIGHT_MM
        _write(page, LEFT_MM, HEIGHT_MM - 17.0, heading, _TITLE_PT, face, room, bold=True)
        _write(page, LEFT_MM, HEIGHT_MM - 24.5, _plain(subtitle, face), _SUBTITLE_PT, face, room, pale=True)
        shown = [text for note in notes if (text := _plain(note, face))]
        for k, text in enumerate(reversed(shown)):
            _write(page, LEFT_MM, 7.0 + k * _NOTE_ROW_MM, text, _NOTE_PT, face, room, pale=True)
        top = HEIGHT_MM - 30.0 - _legend(page, panels, face)
        boxes = _boxes(panels, top, 22.0 + len(shown) * _NOTE_ROW_MM, _names_width(panels, face))
        limits = _reach(panels) if x_limits is None else x_limits
        for panel, box in zip(panels, boxes, strict=True):
            last = panel is panels[-1]
            _draw_panel(figure, page, panel, box, limits, _plain(x_label, face) if last else "", face)
        save(figure, path, dpi)


def _plain(text: str, face: Typeface) -> str:
    """Text on one line, empty when the font cannot show it."""
    line = " ".join(text.split())
    return line if can_show(face, line) else ""


def _page(figure: Figure) -> Axes:
    """Axes of the whole page in mm."""
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page.set(xlim=(0, WIDTH_MM), ylim=(0, HEIGHT_MM), xticks=[], yticks=[], facecolor="none")
    page.spines[:].set_visible(False)
    page.set_zorder(1)
    return page


def _write(
    page: Axes, x: float, y: float, text: str, size: float, face: Typeface, room: float, *,
    bold: bool = False, pale: bool = False,
) -> None:  # fmt: skip
    """Write a line of plain text no wider than `room` [mm]."""
    properties, colour = font(face, size, bold=bold), classes.PALE_INK if pale else classes.INK
    text = shorten(text, properties, room)
    written = page.text(x, y, text, fontproperties=properties, color=colour, parse_math=False)
    written.set(va="baseline", path_effects=thickened(face, text, size, colour, bold=bold))


def _legend(page: Axes, panels: Sequence[Panel], face: Typeface) -> float:
    """Keys of the areas, and of the lines that are not named beside; their height [mm]."""
    properties, x, y = font(face, _TEXT_PT), LEFT_MM, HEIGHT_MM - 32.0
    keys: dict[str, Line | Area] = {}
    for panel in panels:
        parts: list[Line | Area] = [*panel.areas, *(line for line in panel.lines if not line.beside)]
        keys |= {text: part for part in parts if (text := _plain(part.name, face)) and text not in keys}
    for text, part in keys.items():
        width = 9.0 + text_size(text, properties)[0]
        if x > LEFT_MM and x + width > WIDTH_MM - RIGHT_MM:
            x, y = LEFT_MM, y - _LEGEND_ROW_MM
        if isinstance(part, Area):
            page.fill_between([x, x + 7.0], y - 0.3, y + 2.7, **_filling(part))  # type: ignore[arg-type]
        else:
            page.plot([x, x + 3.5, x + 7.0], [y + 1.2] * 3, **_look(part))  # type: ignore[arg-type]
        page.text(x + 8.5, y, text, fontproperties=properties, color=classes.INK, parse_math=False, va="baseline")
        x += width + 6.0
    return HEIGHT_MM - 32.0 - y + 4.0 if keys else 0.0


def _look(line: Line) -> dict[str, object]:
    look: dict[str, object] = {"color": line.colour, "linewidth": line.width, "marker": line.marker or None}
    look |= {
        "zorder": 3.0 if line.marker else 2.0,
        "markersize": 5.0,
        "markerfacecolor": classes.PAPER,
        "markeredgewidth": 1.2,
    }
    return look | ({"dashes": line.dashes} if line.dashes else {})


def _filling(area: Area) -> dict[str, object]:
    if area.hatch:
        return {"facecolor": "none", "edgecolor": area.colour, "hatch": area.hatch, "linewidth": 0.6}
    return {"color": area.colour, "alpha": area.alpha, "linewidth": 0}


def _names_width(panels: Sequence[Panel], face: Typeface) -> float:
    """Width [mm] that the names beside the lines need."""
    names = [_plain(line.name, face) for panel in panels for line in panel.lines if line.beside]
    widths = [text_size(name, font(face, _TEXT_PT))[0] for name in names if name]
    sample = _SAMPLE_MM if any(map(_has_dashes, panels)) else 0.0
    return min(max(widths), WIDTH_MM / 3.0) + _LEADER_MM + sample + 1.0 if widths else 0.0


def _boxes(
    panels: Sequence[Panel], top: float, bottom: float, beside: float
) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of every panel [mm]."""
    shares = np.array([panel.share for panel in panels], float)
    heights = (top - bottom - GAP_MM * (len(panels) - 1)) * shares / shares.sum()
    tops = top - np.concatenate([[0.0], np.cumsum(heights[:-1] + GAP_MM)])
    right = WIDTH_MM - RIGHT_MM - beside
    return [(LEFT_MM, y - height, right, y) for y, height in zip(tops.tolist(), heights.tolist(), strict=True)]


def _reach(panels: Sequence[Panel]) -> tuple[float, float]:
    """Least and largest x of all that is drawn."""
    drawn = [[*(line.x for line in panel.lines), *(area.x for area in panel.areas)] for panel in panels]
    values = np.concatenate([x for panel in drawn for x in panel])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _draw_panel(
    figure: Figure, page: Axes, panel: Panel, box: tuple[float, float, float, float], limits: tuple[float, float],
    x_label: str, face: Typeface,
) -> None:  # fmt: skip
    left, bottom, right, top = box
    axes = figure.add_axes(
        (left / WIDTH_MM, bottom / HEIGHT_MM, (right - left) / WIDTH_MM, (top - bottom) / HEIGHT_MM), facecolor="none"
    )
    for area in panel.areas:
        axes.fill_between(area.x, area.low, area.high, **_filling(area))  # type: ignore[arg-type]
    for line in panel.lines:
        axes.plot(line.x, line.y, **_look(line), solid_capstyle="butt", clip_on=not line.marker)  # type: ignore[arg-type]
    axes.margins(y=0.06)
    axes.set_xlim(limits)
    axes.set_ylim(*panel.y_limits)
    _draw_marks(axes, panel, face)
    _dress(axes, panel, x_label, face)
    _name_lines(axes, page, panel, box, face)


def _dress(axes: Axes, panel: Panel, x_label: str, face: Typeface) -> None:
    """Grid, frame, ticks and labels of the axes."""
    axes.grid(color=classes.RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color=classes.PALE_INK, linewidth=0.8)
    number = FuncFormatter(lambda value, _: f"{value:.10g}".replace("-", "\u2212"))
    axes.xaxis.set_major_formatter(number)
    axes.yaxis.set_major_formatter(number)
    axes.tick_params(length=3.0, color=classes.PALE_INK, labelbottom=bool(x_label))
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font(face, _TICK_PT))
    heading = font(face, 9.0)
    axes.set_ylabel(_plain(panel.y_label, face), fontproperties=heading, color=classes.INK, labelpad=6.0)
    axes.yaxis.set_label_coords(-14.0 / _width_mm(axes), 0.5)  # in line with those of the other panels
    axes.set_xlabel(x_label, fontproperties=heading, color=classes.INK, labelpad=5.0)


def _width_mm(axes: Axes) -> float:
    return float(axes.get_position().width * WIDTH_MM)


def _draw_marks(axes: Axes, panel: Panel, face: Typeface) -> None:
    properties = font(face, _NOTE_PT)
    for mark in panel.marks:
        text = _plain(mark.text, face)
        if mark.axis == "y":
            axes.axhline(mark.value, color=mark.colour, linewidth=1.0, dashes=(5, 3))
            place, transform, turn = (0.008, mark.value), axes.get_yaxis_transform(), 0.0
        else:
            axes.axvline(mark.value, color=mark.colour, linewidth=1.0, dashes=(5, 3))
            place, transform, turn = (mark.value, 0.985), axes.get_xaxis_transform(), 90.0
        axes.annotate(
            text, place, xycoords=transform, xytext=(0, 2) if turn == 0.0 else (-2, 0), textcoords="offset points",
            rotation=turn, ha="left" if turn == 0.0 else "right", va="bottom" if turn == 0.0 else "top",
            fontproperties=properties, color=mark.colour, parse_math=False,
        )  # fmt: skip


def _name_lines(axes: Axes, page: Axes, panel: Panel, box: tuple[float, float, float, float], face: Typeface) -> None:
    """Names at the right ends of the lines, moved apart where they would touch."""
    left, bottom, right, top = box
    ends: list[tuple[float, float, Line]] = []
    to_page = axes.transData + page.transData.inverted()
    for line in panel.lines:
        known = np.isfinite(line.x) & np.isfinite(line.y)
        if line.beside and _plain(line.name, face) and known.any():
            places = to_page.transform(np.column_stack([line.x[known], line.y[known]]))
            x, y = places[np.argmax(places[:, 0])]
            ends.append((float(np.clip(y, bottom, top)), float(np.clip(x, left, right)), line))
    ends.sort(key=lambda end: end[0])
    properties = font(face, _TEXT_PT)
    places = _spread(np.array([end[0] for end in ends]), _NAME_ROW_MM, bottom, top)
    sample = _SAMPLE_MM if _has_dashes(panel) else 0.0
    at = right + _LEADER_MM
    for y, (end_y, end_x, line) in zip(places.tolist(), ends, strict=True):
        page.plot([end_x + 0.5, at - 0.8], [end_y, y], color=line.colour, linewidth=0.6)
        if sample:
            page.plot([at, at + sample - 1.2], [y, y], **{**_look(line), "marker": None})  # type: ignore[arg-type]
        text = shorten(_plain(line.name, face), properties, WIDTH_MM - at - sample - 2.0)
        page.text(
            at + sample, y, text, fontproperties=properties, color=line.colour, va="center_baseline",
            parse_math=False,
        )  # fmt: skip


def _has_dashes(panel: Panel) -> bool:
    """Tell whether lines of a panel differ by more than their colour, so that their names need a sample."""
    return any(line.dashes for line in panel.lines if line.beside)


def _spread(wanted: Values, least: float, low: float, high: float) -> Values:
    """Places in rising order as near as may be to the wanted ones, `least` apart and between `low` and `high`."""
    if not len(wanted):
        return wanted
    step = min(least, (high - low) / max(len(wanted) - 1, 1)) * np.arange(len(wanted))
    fitted = isotonic_regression(wanted - step).x  # the differences it lacks are taken out before
    return np.asarray(np.clip(fitted, low, high - step[-1]) + step)
