"""The page around the map: title, frame, scale bar, north arrow; and writing on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.patches import Polygon, Rectangle

from gisheat.picture import classes
from gisheat.picture.fonts import Typeface, font, shorten, text_size, thickened
from gisheat.picture.sheet import Sheet, scale_bar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

FOOT_MM = 25.0
_TITLE_PT, _SMALLEST_TITLE_PT, _SUBTITLE_PT = 25.0, 13.0, 11.5
_BAR_TEXT_PT, _BAR_TEXT_MM = 7.4, 9.5
_KILOMETRE = 1000.0


@dataclass(frozen=True)
class Page:
    """Axes of the whole page in mm, with what all its parts need."""

    axes: Axes
    sheet: Sheet
    face: Typeface
    words: Mapping[str, str]


def write(
    page: Page,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    colour: str = classes.INK,
    bold: bool = False,
    ha: str = "left",
) -> None:
    """Write one line of plain text on its base line; `x`, `y` in mm, `size` in pt."""
    properties = font(page.face, size, bold=bold)
    written = page.axes.text(x, y, text, fontproperties=properties, color=colour, parse_math=False)
    written.set(ha=ha, va="baseline", path_effects=thickened(page.face, text, size, colour, bold=bold))


def draw_title(page: Page, title: str, subtitle: str) -> None:
    """Title and subtitle over the whole width; a long title is set smaller."""
    left = page.sheet.map_frame[0]
    room = page.sheet.panel[2] - left
    size = fitting_size(page.face, title, _TITLE_PT, _SMALLEST_TITLE_PT, room, bold=True)
    title = shorten(title, font(page.face, size, bold=True), room)
    write(page, left, page.sheet.title_top - 7.2, title, size, bold=True)
    subtitle = shorten(subtitle, font(page.face, _SUBTITLE_PT), room)
    write(page, left, page.sheet.title_top - 14.4, subtitle, _SUBTITLE_PT, colour=classes.PALE_INK)


def fitting_size(face: Typeface, text: str, size: float, smallest: float, room: float, *, bold: bool = False) -> float:
    """Font size [pt] at which a text is no wider than `room` [mm], not below `smallest`."""
    width = text_size(text, font(face, size, bold=bold))[0]
    return size if width <= room else max(smallest, size * room / width * 0.97)


def draw_frame(page: Page) -> None:
    """Line around the map."""
    left, bottom, right, top = page.sheet.map_frame
    frame = Rectangle((left, bottom), right - left, top - bottom, fill=False, ec=classes.INK, lw=1.0, zorder=50)
    page.axes.add_patch(frame)


def draw_credit(page: Page, text: str) -> None:
    """Small line under the panel."""
    size = 6.0
    text = shorten(text, font(page.face, size), page.sheet.panel[2] - page.sheet.panel[0])
    write(page, page.sheet.panel[2], 7.0, text, size, colour=classes.PALE_INK, ha="right")


def draw_attribution(page: Page, texts: Sequence[str]) -> None:
    """Who must be named with the data, small under the map; it is set smaller rather than cut."""
    left, _, right, _ = page.sheet.map_frame
    text = " · ".join(texts)
    size = fitting_size(page.face, text, 6.0, 2.0, right - left)
    write(page, left, 7.0, text, size, colour=classes.PALE_INK)


def draw_rule(page: Page, y: float) -> None:
    """Thin line across the panel."""
    page.axes.plot([page.sheet.panel[0], page.sheet.panel[2]], [y, y], color=classes.RULE, lw=0.7)


def draw_scale(page: Page) -> None:
    """Scale bar of a round length, scale and north arrow, at the foot of the panel."""
    left, bottom, right, _ = page.sheet.panel
    draw_rule(page, bottom + FOOT_MM - 2.5)
    _draw_bar(page, left + 1.0, bottom + 9.0, right - left - 24.0)
    denominator = f"{page.sheet.denominator:,.0f}".replace(",", "\u00a0")
    write(page, left, bottom + 1.4, page.words["scale"].format(denominator), 8.0, colour=classes.PALE_INK)
    _draw_north(page, right - 5.0, bottom + 1.0)


def _draw_bar(page: Page, x: float, y: float, room: float) -> None:
    length, pieces = scale_bar(page.sheet.denominator, room)
    piece = length / pieces * 1000 / page.sheet.denominator
    for number in range(pieces):
        colour = classes.PAPER if number % 2 else classes.INK
        page.axes.add_patch(Rectangle((x + number * piece, y), piece, 1.6, fc=colour, ec=classes.INK, lw=0.7))
    unit, factor = ("km", 1000.0) if length >= _KILOMETRE else ("m", 1.0)
    roomy = piece >= _BAR_TEXT_MM
    step = 1 if roomy else 2 if pieces % 2 == 0 else pieces
    for number in range(0, pieces + 1, step):
        text = f"{length / pieces * number / factor:g}"
        write(page, x + number * piece, y + 3.0, text, _BAR_TEXT_PT, ha="center")
    last = text_size(f"{length / factor:g}", font(page.face, _BAR_TEXT_PT))[0]
    write(page, x + pieces * piece + last / 2 + 1.0, y + 3.0, unit, _BAR_TEXT_PT)


def _draw_north(page: Page, x: float, y: float) -> None:
    tip, notch = (x, y + 13.5), (x, y + 3.2)
    for side, colour in (((x - 3.6, y), classes.INK), ((x + 3.6, y), classes.PAPER)):
        half = Polygon([side, tip, notch], fc=colour, ec=classes.INK, lw=0.8, joinstyle="miter")
        page.axes.add_patch(half)
    write(page, x, y + 15.0, "N", 10.0, bold=True, ha="center")
