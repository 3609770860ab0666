"""The hydraulic sketch: no map, but every section with its size, length, flow and loss, every station with its flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.path import Path as MarkerPath

from gisheat.picture import classes, layers, legend
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
from gisheat.picture.page import Page, draw_frame, draw_title, write
from gisheat.picture.saving import save
from gisheat.picture.sheet import GUTTER_MM, MARGIN_MM, PANEL_MM, Sheet
from gisheat.picture.sketch_layout import End, Line, Node, Sketch, arrange
from gisheat.picture.words import WORDS, Language
from gisheat.sections import NUMBERED, Section, SectionTree, pruned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPERS_MM = ((420.0, 297.0), (594.0, 420.0), (841.0, 594.0))
"""A3, A2, A1."""
TITLE_MM = 18.5
_BOW_TIE = MarkerStyle(MarkerPath([(-1.0, -0.55), (-1.0, 0.55), (1.0, -0.55), (1.0, 0.55), (-1.0, -0.55)]))
SMALLEST_SCALE, GOOD_SCALE, LARGEST_SCALE = 0.8, 0.95, 1.25
"""Texts smaller than the first are too small; from the second on, fewer parts are better than larger texts."""
TEXT_PT, NAME_PT = 6.0, 6.2
LEVEL_MM, LINE_MM = 34.0, 2.7
STATION_MM, DOT_MM, PILL_MM = 3.4, 1.5, 4.6
LONGEST_NAME_MM, LONGEST_LABEL_MM = 12.0, 24.0
EXISTING_PT, CRITICAL_PT, HALO_PT = 1.3, 2.4, 8.0
MOST_TRIES = 20
"""Numbers of columns that are tried."""
MOST_SECTIONS = (400, 250, 150, 100, 60)
"""Sections that are drawn where they all find no room, tried one after the other."""


class StationText(NamedTuple):
    """What is written at a station: its name, its id, its flow [kg/s]; and whether it is planned or the worst one."""

    name: str
    id: str
    flow: float
    planned: bool
    worst: bool


@dataclass(frozen=True)
class Subject:
    """What a sketch shows.

    `stations` has the rows of `texts` at each node, `names` the names of the nodes, `sources` those of the sources by
    their node.
    """

    tree: SectionTree
    names: Sequence[str]
    stations: Mapping[int, list[int]]
    texts: Sequence[StationText]
    sources: Mapping[int, str]


@dataclass(frozen=True)
class _Drawing:
    """The sketch on its sheet: millimetres of the page from columns and levels."""

    subject: Subject
    sketch: Sketch
    rest: Mapping[int, list[int]]
    ringed: frozenset[int]
    """Nodes at which rings go on: they are named in any case."""
    axes: Axes
    face: Typeface
    words: Mapping[str, str]
    left: float
    top: float
    pitch: float
    scale: float

    def x(self, column: float) -> float:
        return self.left + (column + 1.35) * self.pitch * self.scale

    def y(self, level: float) -> float:
        return self.top - (level + 0.25) * LEVEL_MM * self.scale

    def mm(self, length: float) -> float:
        """Length [mm] at the scale of the sketch."""
        return length * self.scale


def draw_sketch(
    subject: Subject,
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    notes: Sequence[str] = (),
    language: Language = "en",
    dpi: int = 200,
) -> tuple[int, int]:
    """Draw the hydraulic sketch on a sheet of A3, A2 or A1; returns how many sections are drawn, and of how many.

    Parameters
    ----------
    subject
        Sections and what stands at their ends.
    path
        File to write, `.png`, `.svg` or `.pdf`; an existing one is replaced in one step.
    title, subtitle, notes
        Plain texts, as of `draw_map`.
    language
        Language of the words; English where no installed font shows Chinese.
    dpi
        Dots per inch of a PNG.
    """
    with without_weight_messages():
        face = choose_typeface(installed_families())
        words = WORDS[language if face.has_cjk else "en"]
        pitch = _pitch(subject, face)
        shown, sheet, sketch, scale = _fit(subject, pitch)
        figure = Figure(figsize=(sheet.width / 25.4, sheet.height / 25.4), facecolor=classes.PAPER)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, sheet.width), ylim=(0, sheet.height), xticks=[], yticks=[], facecolor="none")
        axes.spines[:].set_visible(False)
        page = Page(axes, sheet, face, words)
        drawing = _placed(subject, sketch, shown, page, pitch, scale)
        for line in sketch.lines:
            _draw_line(drawing, line)
        for node in sketch.nodes:
            _draw_node(drawing, node)
        for end in sketch.ends:
            _draw_end(drawing, end)
        for number, node in sketch.parts:
            _draw_number(drawing, number, drawing.x(node.first) - drawing.mm(7.5), drawing.y(node.level))
        count, total = _count(shown), len(subject.tree.sections)
        more = [] if count == total else [words["left_out"].format(total - count, total)]
        draw_title(page, title if can_show(face, title) else words["untitled"], _shown(subtitle, face))
        _draw_panel(drawing, page, [*more, *(_shown(n, face) for n in notes)])
        draw_frame(page)
        save(figure, path, dpi)
        return count, total


def _shown(text: str, face: Typeface) -> str:
    return text if can_show(face, text.replace("\t", "")) else ""


def _count(tree: SectionTree) -> int:
    return sum(len(s) for s in (*tree.below.values(), *tree.rings.values()))


def _placed(subject: Subject, sketch: Sketch, shown: SectionTree, page: Page, pitch: float, scale: float) -> _Drawing:
    """The sketch in the middle of its frame."""
    left, bottom, right, top = page.sheet.map_frame
    wide, high = _size(sketch, pitch)
    ringed = frozenset(end.leaf.number for end in sketch.ends if end.leaf.mark == "ring")
    return _Drawing(
        subject, sketch, _rest(subject, shown), ringed, page.axes, page.face, page.words,
        left + (right - left - wide * scale) / 2, top - max(0.0, top - bottom - high * scale) / 2, pitch, scale,
    )  # fmt: skip


def _pitch(subject: Subject, face: Typeface) -> float:
    """Distance of columns [mm] at which the labels of sections stand between the nodes."""
    properties = font(face, TEXT_PT)
    longest = sorted({t for s in subject.tree.sections for t in label(s)}, key=len)[-40:]
    widest = max((text_size(text, properties)[0] for text in longest), default=12.0)
    names = [n for n in subject.names if not NUMBERED.fullmatch(n)]
    pill = max((text_size(n, font(face, NAME_PT, bold=True))[0] for n in names), default=0.0)
    return min(widest, LONGEST_LABEL_MM) + max(min(pill, LONGEST_NAME_MM) + 2.0, PILL_MM) + 1.8


def label(section: Section) -> tuple[str, str, str]:
    """Name, size and length, flow and loss of a section, as they are written along it."""
    size = f"{section.size}–{section.length:.1f}" if section.pipes else ""
    loss = section.loss / 1e3
    return section.name, size, f"{section.flow * 3.6:.1f} / {loss:.{1 if abs(loss) >= 10.0 else 2}f}"


def _fit(subject: Subject, pitch: float) -> tuple[SectionTree, Sheet, Sketch, float]:
    """Tree, sheet and arrangement with which texts are large enough: larger paper first, then fewer sections."""
    trees = [subject.tree, *(pruned(subject.tree, most) for most in MOST_SECTIONS if most < len(subject.tree.sections))]
    if len(subject.tree.sections) > 3 * MOST_SECTIONS[0]:
        del trees[0]
    found: tuple[SectionTree, Sheet, Sketch, float] | None = None
    for tree in trees:
        rest = _rest(subject, tree)
        for paper in PAPERS_MM:
            sheet = _sheet(paper)
            sketch, scale = _best(subject, tree, rest, pitch, sheet)
            found = tree, sheet, sketch, scale
            if scale >= SMALLEST_SCALE:
                return found
    assert found is not None
    return found


def _sheet(paper: tuple[float, float]) -> Sheet:
    width, height = paper
    top = height - MARGIN_MM - TITLE_MM
    left = width - MARGIN_MM - PANEL_MM
    frame = (MARGIN_MM, MARGIN_MM, left - GUTTER_MM, top)
    return Sheet(width, height, frame, (left, MARGIN_MM, width - MARGIN_MM, top), height - MARGIN_MM, 1.0, (0.0, 0.0))


def _best(
    subject: Subject, tree: SectionTree, rest: Mapping[int, list[int]], pitch: float, sheet: Sheet
) -> tuple[Sketch, float]:
    """The number of columns with which the sketch is largest on the sheet."""
    left, bottom, right, top = sheet.map_frame
    most = int((right - left) / pitch / SMALLEST_SCALE)
    found: list[tuple[float, Sketch]] = []
    for columns in sorted(set(np.linspace(4, max(most, 5), MOST_TRIES).astype(int).tolist())):
        sketch = arrange(tree, subject.stations, rest, columns)
        wide, high = _size(sketch, pitch)
        found.append((min((right - left) / wide, (top - bottom) / high, LARGEST_SCALE), sketch))
    scale, sketch = max(
        found, key=lambda pair: (min(round(pair[0], 2), GOOD_SCALE), -len(pair[1].parts), -pair[1].levels)
    )
    return sketch, scale


def _size(sketch: Sketch, pitch: float) -> tuple[float, float]:
    return (sketch.columns + 1.9) * pitch, (sketch.levels + 0.3) * LEVEL_MM


def _rest(subject: Subject, shown: SectionTree) -> dict[int, list[int]]:
    """Rows of the stations that are left out, by the node behind which they are."""
    whole, found = subject.tree, dict[int, list[int]]()
    if _count(shown) == _count(whole):
        return found
    reached = set(whole.roots) | {whole.sections[s].end for all_ in shown.below.values() for s in all_}
    for node in reached:
        kept = set(shown.below.get(node, ()))
        lost = [s for s in whole.below.get(node, ()) if s not in kept]
        if lost:
            behind = [n for s in lost for n in whole.nodes_beyond(whole.sections[s].end)]
            found[node] = [row for n in behind for row in subject.stations.get(n, ())]
    return found


def _draw_line(drawing: _Drawing, line: Line) -> None:
    xy = np.array([(drawing.x(c), drawing.y(v)) for c, v in line.corners])
    section = None if line.section is None else drawing.subject.tree.sections[line.section]
    axes, critical = drawing.axes, section is not None and section.critical
    if critical:
        axes.plot(*xy.T, color=classes.HALO, lw=drawing.mm(HALO_PT), solid_capstyle="round", zorder=2)
    (drawn,) = axes.plot(*xy.T, color=classes.INK, lw=drawing.mm(CRITICAL_PT if critical else EXISTING_PT), zorder=4)
    drawn.set_solid_capstyle("butt")
    if section is None:
        drawn.set_linestyle((0, (1.0, 1.0)))
        return
    if not section.existing:
        drawn.set_linestyle(layers.PLANNED)
    texts = label(section)
    if line.label == "stem":
        _label_stem(drawing, line, texts)
    else:
        _label_level(drawing, xy, texts)
    if not section.pipes:
        x, y = (xy[0] + xy[1]) / 2
        _draw_device(drawing.axes, float(x), float(y), drawing.mm(3.4))


def _label_level(drawing: _Drawing, xy: np.ndarray, texts: tuple[str, str, str]) -> None:
    """Name above, figures below the first piece of a level line."""
    (x1, y), (x2, _) = xy[0], xy[1]
    middle = (x1 + x2) / 2
    step = drawing.mm(LINE_MM)
    _write(drawing, middle, y + drawing.mm(1.3), texts[0], bold=True, ha="center")
    for number, text in enumerate(texts[1:]):
        _write(drawing, middle, y - drawing.mm(3.1) - number * step, text, ha="center")


def _label_stem(drawing: _Drawing, line: Line, texts: tuple[str, str, str]) -> None:
    """Name and figures to the right of a stem, clear of those of the level line that it leaves."""
    (column, level), (_, foot) = line.corners
    down = foot > level
    x, step = drawing.x(column) + drawing.mm(1.0), drawing.mm(LINE_MM)
    y = drawing.y(level) - drawing.mm(9.6) if down else drawing.y(level) + drawing.mm(5.0) + 2 * step
    for number, text in enumerate(texts):
        _write(drawing, x, y - number * step, text, bold=number == 0)


def _draw_device(axes: Axes, x: float, y: float, size: float) -> None:
    """A valve or pump as a bow tie of `size` [mm] on its line."""
    marks = axes.scatter([x], [y], s=layers.marker_area(np.array([size])), marker=_BOW_TIE)
    marks.set(facecolors=classes.PAPER, edgecolors=classes.INK, linewidths=0.8, zorder=6)


def _draw_node(drawing: _Drawing, node: Node) -> None:
    """A bar over the columns of a node, with its name where it has one of its own; a source as on the map."""
    y, left, right = drawing.y(node.level), drawing.x(node.first), drawing.x(node.last)
    name = drawing.subject.names[node.node]
    if node.node in drawing.subject.sources:
        _draw_source(drawing, left, y, drawing.subject.sources[node.node])
        return
    if right > left:
        drawing.axes.plot(
            [left, right], [y, y], color=classes.INK, lw=drawing.mm(3.6), solid_capstyle="round", zorder=5
        )
    if (NUMBERED.fullmatch(name) and node.node not in drawing.ringed) or not can_show(drawing.face, name):
        xs = np.unique([left, right])
        layers.draw_marks(
            drawing.axes, np.column_stack([xs, np.full(len(xs), y)]), np.full(len(xs), drawing.mm(DOT_MM)), "o",
            [classes.PAPER], drawing.mm(0.8), 7,
        )  # fmt: skip
        return
    properties = font(drawing.face, NAME_PT, bold=True)
    name = shorten(name, properties, LONGEST_NAME_MM)
    width = max(text_size(name, properties)[0] + 2.0, PILL_MM) * drawing.scale
    _pill(drawing, (left + right) / 2, y, width, drawing.mm(PILL_MM), classes.PAPER)
    _write(drawing, (left + right) / 2, y - drawing.mm(0.8), name, size=NAME_PT, bold=True, ha="center", zorder=9)


def _pill(drawing: _Drawing, x: float, y: float, width: float, height: float, colour: str) -> None:
    round_ = height / 2 - 0.01
    box = FancyBboxPatch(
        (x - width / 2 + round_, y - height / 2 + round_), max(width - 2 * round_, 0.01), height - 2 * round_,
        boxstyle=f"round,pad={round_},rounding_size={round_}", fc=colour, ec=classes.INK, lw=0.8, zorder=8,
    )  # fmt: skip
    drawing.axes.add_patch(box)


def _draw_source(drawing: _Drawing, x: float, y: float, name: str) -> None:
    layers.draw_sources(drawing.axes, np.array([[x, y]]), drawing.mm(5.6))
    if can_show(drawing.face, name):
        properties = font(drawing.face, 8.0 * drawing.scale, bold=True)
        name = shorten(name, properties, drawing.mm(drawing.pitch * 1.35 - 4.6))
        _write(drawing, x - drawing.mm(4.0), y - drawing.mm(1.0), name, size=8.0, bold=True, ha="right")


def _draw_end(drawing: _Drawing, end: End) -> None:
    x, y = drawing.x(end.column), drawing.y(end.level)
    leaf = end.leaf
    if leaf.mark == "part":
        _draw_number(drawing, leaf.number, x, y - end.towards[1] * drawing.mm(2.4))
        return
    if leaf.mark == "station":
        _draw_station(drawing, x, y, drawing.subject.texts[leaf.number], end.towards)
        return
    box = [(x, y)]
    if leaf.mark == "ring":
        name = drawing.subject.names[leaf.number]
        layers.draw_marks(drawing.axes, np.array(box), np.full(1, drawing.mm(3.0)), "8", [classes.HALO], 0.8, 8)
        _name(drawing, x, y, end.towards, (drawing.words["ring_to"].format(_shown(name, drawing.face)), ""))
        return
    rows = drawing.rest[leaf.number]
    flow = sum(drawing.subject.texts[row].flow for row in rows if np.isfinite(drawing.subject.texts[row].flow))
    layers.draw_marks(drawing.axes, np.array(box), np.full(1, drawing.mm(3.4)), "s", [classes.UNKNOWN_FILL], 0.8, 8)
    _name(drawing, x, y, end.towards, (drawing.words["rest"].format(len(rows)), f"{flow * 3.6:.1f} t/h"))


def _draw_station(drawing: _Drawing, x: float, y: float, text: StationText, towards: tuple[int, int]) -> None:
    size, edge = drawing.mm(STATION_MM), drawing.mm(1.0)
    colour = classes.PAPER if text.planned else classes.INK
    layers.draw_marks(drawing.axes, np.array([[x, y]]), np.full(1, size), "o", [colour], edge, 8)
    if text.worst:
        layers.draw_ring(drawing.axes, np.array([x, y]), size)
    name = text.name if text.name and can_show(drawing.face, text.name) else text.id
    flow = f"{text.flow * 3.6:.1f} t/h" if np.isfinite(text.flow) else "–"
    _name(drawing, x, y, towards, (name, flow), colour=classes.CROSS if text.worst else classes.INK)


def _name(
    drawing: _Drawing, x: float, y: float, towards: tuple[int, int], texts: tuple[str, str], colour: str = classes.INK
) -> None:
    """Name and flow of what stands at an end, away from the line it hangs on."""
    room = drawing.pitch - 1.2
    lines = [shorten(text, font(drawing.face, TEXT_PT, bold=not n), room) for n, text in enumerate(texts) if text]
    step, gap = drawing.mm(LINE_MM), drawing.mm(STATION_MM / 2)
    foot = y - gap - step - drawing.mm(0.7) if towards[1] > 0 else y + gap + drawing.mm(1.2) + (len(lines) - 1) * step
    if towards[0]:
        x, foot = x + towards[0] * (gap + drawing.mm(1.2)), y + drawing.mm(0.6)
    ha = {0: "center", 1: "left", -1: "right"}[towards[0]]
    for number, text in enumerate(lines):
        _write(drawing, x, foot - number * step, text, bold=number == 0, ha=ha, colour=colour)


def _draw_number(drawing: _Drawing, number: int, x: float, y: float) -> None:
    """A number in a circle: where a part leaves, and where it begins."""
    circle = Circle((x, y), drawing.mm(2.4), fc=classes.INK, ec=classes.PAPER, lw=0.8, zorder=9)
    drawing.axes.add_patch(circle)
    _write(
        drawing, x, y - drawing.mm(0.9), str(number), size=7.0, bold=True, ha="center", colour=classes.PAPER, zorder=10
    )


def _write(
    drawing: _Drawing, x: float, y: float, text: str, *, size: float = TEXT_PT, bold: bool = False, ha: str = "left",
    colour: str = classes.INK, zorder: float = 6.0,
) -> None:  # fmt: skip
    if not text:
        return
    size *= drawing.scale
    text = shorten(text, font(drawing.face, size, bold=bold), drawing.mm(max(LONGEST_LABEL_MM, drawing.pitch)) * 2)
    written = drawing.axes.text(
        x, y, text, fontproperties=font(drawing.face, size, bold=bold), color=colour, parse_math=False, ha=ha,
        va="baseline", zorder=zorder,
    )  # fmt: skip
    written.set_path_effects(thickened(drawing.face, text, size, colour, bold=bold))


def _draw_panel(drawing: _Drawing, page: Page, notes: Sequence[str]) -> None:
    """How a section is written, the keys, and the notes."""
    words, top = page.words, page.sheet.panel[3]
    y = legend.head(page, top, "section_key")
    for name, text in (("section_name", "A4-A5"), ("section_size", "DN700–910.0"), ("section_flow", "3142.7 / 69.3")):
        write(page, page.sheet.panel[0], y - 1.1, text, legend.TEXT_PT, bold=name == "section_name")
        write(page, page.sheet.panel[2], y - 1.1, words[name], legend.FIGURE_PT, colour=classes.PALE_INK, ha="right")
        y -= legend.ROW_MM
    y = legend.head(page, legend.below(y), "symbols")
    sections, texts = drawing.subject.tree.sections, drawing.subject.texts
    planned, existing = any(not s.existing for s in sections), any(s.existing for s in sections)
    marks = {end.leaf.mark for end in drawing.sketch.ends}
    keys = (
        ("source", True), ("critical", any(s.critical for s in sections)), ("existing", existing),
        ("planned", planned), ("existing_station", any(not t.planned for t in texts)),
        ("planned_station", any(t.planned for t in texts)), ("worst", any(t.worst for t in texts)),
        ("device", any(not s.pipes for s in sections)), ("ring_key", "ring" in marks), ("rest_key", "rest" in marks),
        ("part_key", bool(drawing.sketch.parts)),
    )  # fmt: skip
    for name, present in keys:
        if present:
            _draw_key(page, name, y)
            legend.row(page, y, words[name])
            y -= legend.ROW_MM
    legend.draw_notes(page, legend.below(y), page.sheet.panel[1] + 8.0, notes)
    write(page, page.sheet.panel[0], page.sheet.panel[1] + 1.4, words["no_scale"], 7.4, colour=classes.PALE_INK)
    write(page, page.sheet.panel[2], 7.0, "gisheat", 6.0, colour=classes.PALE_INK, ha="right")


def _draw_key(page: Page, name: str, y: float) -> None:
    place, axes = legend.key_place(page, y), page.axes
    left, right = page.sheet.panel[0] + 0.8, page.sheet.panel[0] + legend.KEY_MM
    if name == "source":
        legend.source_key(page, y)
    elif name == "critical":
        axes.plot([left, right], [y, y], color=classes.HALO, lw=HALO_PT, zorder=2)
        axes.plot([left, right], [y, y], color=classes.INK, lw=CRITICAL_PT, zorder=4)
    elif name in ("existing", "planned"):
        legend.swatch(page, y, EXISTING_PT, classes.INK, dashes=layers.PLANNED if name == "planned" else None)
    elif name in ("existing_station", "planned_station", "worst"):
        colour = classes.INK if name == "existing_station" else classes.PAPER
        layers.draw_marks(axes, place, np.full(1, STATION_MM * 0.8), "o", [colour], 1.0, 8)
        if name == "worst":
            layers.draw_ring(axes, place[0], STATION_MM * 0.8)
    elif name == "part_key":
        axes.add_patch(Circle(tuple(place[0]), 2.0, fc=classes.INK, ec=classes.PAPER))
        write(page, float(place[0, 0]), y - 0.8, "1", 6.0, colour=classes.PAPER, bold=True, ha="center")
    elif name == "device":
        _draw_device(axes, float(place[0, 0]), y, 3.4)
    else:
        marker, colour = ("8", classes.HALO) if name == "ring_key" else ("s", classes.UNKNOWN_FILL)
        layers.draw_marks(axes, place, np.full(1, 3.0), marker, [colour], 0.8, 8)
