"""The side panel: keys to colours, widths and symbols with what there is of each, and the notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gisheat.picture import classes, layers
from gisheat.picture.features import Content, Floats, texts
from gisheat.picture.fonts import MM_PER_POINT, font, shorten, text_size, wrap
from gisheat.picture.page import FOOT_MM, Page, draw_rule, draw_scale, fitting_size, write
from gisheat.picture.sheet import round_below

if TYPE_CHECKING:
    from gisheat.picture.layers import PipeLook, StationLook

ROW_MM, HEAD_MM, SECTION_MM = 5.3, 6.6, 4.6
KEY_MM, TEXT_MM, INDENT_MM = 12.0, 16.0, 3.5
TEXT_PT, FIGURE_PT, NOTE_PT, SMALLEST_PT = 8.0, 7.4, 8.2, 5.8
MOST_WIDTHS = 6
_SHORTEST_IN_KM = 50.0

DrawKey = Callable[[Page, float], None]
NoteLine = tuple[str, str, bool]


def draw_panel(
    page: Page, content: Content, pipes: PipeLook, stations: StationLook, nodes: int, notes: Sequence[str]
) -> None:
    """All keys from top to bottom, the notes in the room that is left, scale and north at the foot."""
    top = page.sheet.panel[3]
    top = _draw_friction(page, top, pipes)
    top = _draw_widths(page, top, pipes)
    top = _draw_surplus(page, top, stations)
    top = _draw_loads(page, top, stations)
    top = _draw_symbols(page, top, content, pipes, stations, nodes)
    draw_notes(page, top, page.sheet.panel[1] + FOOT_MM, notes)
    draw_scale(page)


def kilometres(length: float) -> str:
    """Length [m] in words, a dash for none."""
    if length >= _SHORTEST_IN_KM:
        return f"{length / 1000:.1f} km"
    return f"{length:.0f} m" if length > 0 else "–"


def choose_widths(diameter: Floats) -> Floats:
    """At most six of the diameters present, evenly spread, the smallest and largest among them."""
    present = np.unique(diameter[np.isfinite(diameter)])
    count = min(len(present), MOST_WIDTHS)
    return np.asarray(present[np.round(np.linspace(0, len(present) - 1, count)).astype(int)])


def load_steps(load: Floats) -> Floats:
    """At most three round loads, none above the largest one, the largest first; same unit as `load`."""
    largest = float(np.nanmax(load, initial=0.0))
    if largest <= 0:
        return np.zeros(0)
    first = round_below(largest)
    second = round_below(first / 2.5)
    return np.array([first, second, round_below(second / 2.5)])


def head(page: Page, top: float, name: str, unit: str = "") -> float:
    """Heading of a section with a rule above it; returns the middle of the first row below."""
    draw_rule(page, top)
    write(page, page.sheet.panel[0], top - 5.0, page.words[name], 9.0, bold=True)
    write(page, page.sheet.panel[2], top - 5.0, unit, TEXT_PT, colour=classes.PALE_INK, ha="right")
    return top - HEAD_MM - ROW_MM / 2


def below(y: float) -> float:
    """Top of the next section; `y` is the middle of the row after the last one."""
    return y + ROW_MM / 2 - SECTION_MM / 2


def row(page: Page, y: float, text: str, figure: str = "", *, shift: float = 0.0) -> None:
    """Text beside a key and a figure at the right edge."""
    x = page.sheet.panel[0] + TEXT_MM + shift
    taken = text_size(figure, font(page.face, FIGURE_PT))[0] + 2.0 if figure else 0.0
    size = fitting_size(page.face, text, TEXT_PT, SMALLEST_PT, page.sheet.panel[2] - x - taken)
    write(page, x, y - 1.1, text, size)
    write(page, page.sheet.panel[2], y - 1.1, figure, FIGURE_PT, colour=classes.PALE_INK, ha="right")


def swatch(
    page: Page,
    y: float,
    width: float,
    colour: str,
    *,
    shift: float = 0.0,
    dashes: layers.Dashes | None = None,
) -> None:
    """Piece of a line of `width` [pt] in the column of keys."""
    left = page.sheet.panel[0] + shift
    (line,) = page.axes.plot([left + 0.8, left + KEY_MM], [y, y], color=colour, lw=width)
    line.set_solid_capstyle("butt")
    if dashes:
        line.set_linestyle(dashes)


def key_place(page: Page, y: float) -> Floats:
    """Place of a symbol in the column of keys."""
    return np.array([[page.sheet.panel[0] + (KEY_MM + 0.8) / 2, y]])


def _draw_friction(page: Page, top: float, pipes: PipeLook) -> float:
    y = head(page, top, "friction", page.words["friction_unit"])
    metres = page.sheet.denominator / 1000
    for number, name in enumerate(classes.class_names(classes.FRICTION_BREAKS_PA_M)):
        length = float(pipes.length[pipes.friction_class == number].sum()) * metres
        colour = classes.FRICTION_COLOURS[number]
        swatch(page, y, 4.6, colour)
        row(page, y, name, kilometres(length))
        if number == classes.DESIGN_BAND:
            x = page.sheet.panel[0] + TEXT_MM + text_size(name, font(page.face, TEXT_PT))[0] + 2.2
            write(page, x, y - 1.1, page.words["design_band"], TEXT_PT, colour=colour, bold=True)
        y -= ROW_MM
    return below(y)


def _draw_widths(page: Page, top: float, pipes: PipeLook) -> float:
    valued = (pipes.friction_class >= 0) & np.isfinite(pipes.diameter)
    return draw_widths(page, top, pipes.diameter[valued], pipes.width[valued])


def draw_widths(page: Page, top: float, bore: Floats, width: Floats) -> float:
    """Keys of at most six of the diameters [mm] with the width [pt] that they are drawn in."""
    chosen = choose_widths(bore)
    if not len(chosen):
        return top
    y = head(page, top, "diameter", "DN")
    half = (page.sheet.panel[2] - page.sheet.panel[0]) / 2
    rows = -(-len(chosen) // 2)
    for number, diameter in enumerate(chosen):
        column, place = divmod(number, rows)
        swatch(page, y - place * ROW_MM, float(width[bore == diameter][0]), classes.INK, shift=column * half)
        row(page, y - place * ROW_MM, f"{diameter:g}", shift=column * half)
    return below(y - rows * ROW_MM)


def _draw_surplus(page: Page, top: float, stations: StationLook) -> float:
    shown = stations.surplus_class[~stations.unserved]
    if not (shown >= 0).any():
        return top
    y = head(page, top, "surplus", page.words["surplus_unit"])
    for number, name in enumerate(classes.class_names(classes.SURPLUS_BREAKS_M, "< {:g}")):
        count = int((shown == number).sum())
        layers.draw_circles(page.axes, key_place(page, y), np.array([3.4]), np.array([number]))
        row(page, y, name, str(count or "–"))
        y -= ROW_MM
    return below(y)


def _draw_loads(page: Page, top: float, stations: StationLook) -> float:
    steps = load_steps(stations.load)
    if not len(steps):
        return top
    y = head(page, top, "load", "MW")
    left, _, right, _ = page.sheet.panel
    sizes = classes.station_diameters(steps, float(np.nanmax(stations.load)), stations.density)
    for number, (load, size) in enumerate(zip(steps, sizes, strict=True)):
        x = left + number * (right - left) / 3 + 3.5
        layers.draw_circles(page.axes, np.array([[x, y]]), np.array([size]), np.array([-1]))
        write(page, x + 4.5, y - 1.1, f"{load / 1000:g}", TEXT_PT)
    return below(y - ROW_MM)


def _draw_symbols(
    page: Page, top: float, content: Content, pipes: PipeLook, stations: StationLook, nodes: int
) -> float:
    """Keys of the symbols that are on the map, with a number where it tells something."""
    severity = texts(content.findings.table, "severity")
    valued = pipes.friction_class >= 0
    planned = int((valued & pipes.planned).sum())
    entries: tuple[tuple[str, int, bool, DrawKey], ...] = (
        ("source", len(content.sources), False, source_key),
        ("existing", int(planned and (valued & ~pipes.planned).sum()), False, _existing_key),
        ("planned", planned, False, _planned_key),
        ("critical", int((pipes.critical & valued).sum()), False, _critical_key),
        ("node", nodes, False, _node_key),
        ("planned_station", int((stations.planned & ~stations.unserved).sum()), True, _planned_station_key),
        ("worst", int(stations.worst >= 0), False, _worst_key),
        ("unserved", int(stations.unserved.sum()), True, _unserved_key),
        ("unknown", int(((stations.surplus_class < 0) & ~stations.unserved).sum()), True, _unknown_key),
        ("no_value", int((~valued).sum()), False, _no_value_key),
        ("error", int((severity == "error").sum()), True, _error_key),
        ("warning", int((severity == "warning").sum()), True, _warning_key),
        ("street", len(content.streets), False, street_key),
    )
    present = [entry for entry in entries if entry[1]]
    if not present:
        return top
    y = head(page, top, "symbols")
    for name, count, counted, draw_key in present:
        draw_key(page, y)
        row(page, y, page.words[name], str(count) if counted else "")
        y -= ROW_MM
    return below(y)


def source_key(page: Page, y: float) -> None:
    """Key of a source."""
    layers.draw_sources(page.axes, key_place(page, y), 4.4)


def _existing_key(page: Page, y: float) -> None:
    swatch(page, y, 2.9, classes.INK)


def _planned_key(page: Page, y: float) -> None:
    swatch(page, y, 2.9, classes.INK, dashes=layers.PLANNED)


def _planned_station_key(page: Page, y: float) -> None:
    layers.draw_circles(page.axes, key_place(page, y), np.array([3.2]), np.array([-1]), "D")


def _critical_key(page: Page, y: float) -> None:
    swatch(page, y, 9.5, classes.HALO)
    swatch(page, y, 4.2, classes.PAPER)
    swatch(page, y, 2.9, classes.FRICTION_COLOURS[classes.DESIGN_BAND])


def _node_key(page: Page, y: float) -> None:
    layers.draw_nodes(page.axes, key_place(page, y))


def _worst_key(page: Page, y: float) -> None:
    layers.draw_circles(page.axes, key_place(page, y), np.array([2.2]), np.array([1]))
    layers.draw_ring(page.axes, key_place(page, y)[0], 2.2)


def _unserved_key(page: Page, y: float) -> None:
    layers.draw_crosses(page.axes, key_place(page, y), np.array([3.2]))


def _unknown_key(page: Page, y: float) -> None:
    layers.draw_circles(page.axes, key_place(page, y), np.array([3.2]), np.array([-1]))


def _no_value_key(page: Page, y: float) -> None:
    swatch(page, y, 1.0, classes.NO_VALUE, dashes=layers.DASHES)


def _error_key(page: Page, y: float) -> None:
    layers.draw_triangles(page.axes, key_place(page, y - 1.4), classes.ERROR)


def _warning_key(page: Page, y: float) -> None:
    layers.draw_triangles(page.axes, key_place(page, y - 1.4), classes.WARNING)


def street_key(page: Page, y: float) -> None:
    """Key of a street."""
    swatch(page, y, 4.6, classes.STREET_EDGE)
    swatch(page, y, 3.2, classes.STREET)


def draw_notes(page: Page, top: float, bottom: float, notes: Sequence[str]) -> None:
    """Write the notes, smaller where they need it, cut where even that does not help."""
    shown = [note for note in notes if note.strip()]
    if not shown or top - HEAD_MM - ROW_MM < bottom:
        return
    y = head(page, top, "notes") - 0.2
    lines, step, size = _set_notes(page, shown, y - bottom)
    for text, figure, indented in lines:
        shift, bold = (INDENT_MM, False) if indented else (0.0, True)
        write(page, page.sheet.panel[0] + shift, y - 1.1, text, size)
        write(page, page.sheet.panel[2], y - 1.1, figure, size, bold=bold, ha="right")
        y -= step


def _set_notes(page: Page, notes: Sequence[str], room: float) -> tuple[list[NoteLine], float, float]:
    """Lines of the notes at the largest size [pt] at which they fit into `room` [mm], and their distance."""
    size = NOTE_PT
    while True:
        step = size * MM_PER_POINT * 1.5
        most = max(int(room / step) + 1, 1)
        lines = [line for note in notes for line in note_lines(page, note, size)]
        if len(lines) <= most:
            return lines, step, size
        if size <= SMALLEST_PT:
            return [*lines[: most - 1], ("…", "", False)], step, size
        size -= 0.6


def note_lines(page: Page, note: str, size: float) -> list[NoteLine]:
    """Text, figure and indentation of each line of a note; the figure stands beside the first line."""
    text, _, figure = note.partition("\t")
    indented = note.startswith(" ")
    room = page.sheet.panel[2] - page.sheet.panel[0] - (INDENT_MM if indented else 0.0)
    properties = font(page.face, size, bold=not indented)
    figure = shorten(figure, properties, room / 2)
    taken = text_size(figure, properties)[0] + 3.0 if figure else 0.0
    lines = wrap(text.strip(), font(page.face, size), room - taken) or [""]
    figures = [figure, *[""] * (len(lines) - 1)]
    return [(line, beside, indented) for line, beside in zip(lines, figures, strict=True)]
