"""The pressure diagram as a picture: heads along a way on an A3 sheet with a strip of figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from gisheat.picture import classes
from gisheat.picture.diagram_layout import HEIGHT_MM, WIDTH_MM, lay_out
from gisheat.picture.diagram_sheet import Sheet, Text
from gisheat.picture.fonts import choose_typeface, font, installed_families, thickened, without_weight_messages
from gisheat.picture.saving import save
from gisheat.picture.words import Language

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from gisheat.pressure_lines import PressureLines

SUPPLY, RETURN, STATIC, BOILING, LIMIT, SOIL = "#c01f2e", "#2166ac", "#1b7837", "#e66101", "#7a3b8f", "#b59a73"
Dashes = tuple[float, ...] | None
LOOK: MappingProxyType[str, tuple[str, float, Dashes]] = MappingProxyType(
    {
        "ground": (SOIL, 1.8, None), "supply": (SUPPLY, 2.4, None), "return": (RETURN, 2.4, None),
        "static": (STATIC, 1.4, (7, 3)), "boiling": (BOILING, 1.2, (5, 2, 1, 2)), "least": (RETURN, 1.1, (1, 2)),
        "class": (LIMIT, 1.3, (9, 2, 1, 2, 1, 2)), "user_limit": (LIMIT, 1.1, (2, 2)), "users": ("#4d4d4d", 1.2, None),
        "pump": (classes.INK, 1.3, None), "plant": (SUPPLY, 2.4, None), "station": (classes.INK, 1.3, None),
        "nodes": (classes.RULE, 0.5, None), "grid": ("#e8e6e0", 0.6, None), "axis": (classes.PALE_INK, 0.8, None),
        "strip": (classes.RULE, 0.6, None),
    }
)  # fmt: skip
"""Colour, width [pt] and dashes of each kind of line."""
_MM = 25.4


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
        language = language if face.has_cjk else "en"
        sheet, _ = lay_out(lines, table, face, title=title, sizes=sizes, language=language)
        figure = Figure(figsize=(WIDTH_MM / _MM, HEIGHT_MM / _MM), facecolor=classes.PAPER)
        FigureCanvasAgg(figure)
        _draw(_page(figure), sheet)
        save(figure, path, dpi)


def _page(figure: Figure) -> Axes:
    """Axes of the whole page in mm."""
    page = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    page.set(xlim=(0, WIDTH_MM), ylim=(0, HEIGHT_MM), xticks=[], yticks=[], facecolor="none")
    page.spines[:].set_visible(False)
    return page


def _draw(page: Axes, sheet: Sheet) -> None:
    axis = next(line.points for line in sheet.lines if line.kind == "axis")
    foot = float(axis[:, 1].min())
    for line in sheet.lines:
        colour, width, dashes = LOOK[line.kind]
        (drawn,) = page.plot(*line.points.T, color=colour, linewidth=width, zorder=_order(line.kind))
        drawn.set_solid_capstyle("butt")
        if dashes is not None:
            drawn.set_dashes(dashes)
        if line.layer == "ground":
            page.fill_between(
                line.points[:, 0], line.points[:, 1], foot, color=SOIL, alpha=0.22, linewidth=0, zorder=0.5
            )
    for text in sheet.texts:
        _write(page, sheet, text)


def _order(kind: str) -> float:
    """What lies on what: the grid lowest, supply and return highest."""
    order = ("grid", "nodes", "strip", "axis", "users", "ground", "least", "boiling", "class", "user_limit", "static")
    return 1.0 + 0.01 * (order.index(kind) if kind in order else len(order))


def _write(page: Axes, sheet: Sheet, text: Text) -> None:
    colour = classes.INK if text.kind in ("title", "pump", "plant", "station", "users", "legend") else classes.PALE_INK
    properties = font(sheet.face, text.size, bold=text.bold)
    written = page.text(text.x, text.y, text.text, fontproperties=properties, color=colour, parse_math=False, zorder=3)
    written.set(ha=text.across, va="center", rotation=90.0 if text.turned else 0.0)
    if text.kind in ("plant", "users"):
        written.set_path_effects([withStroke(linewidth=2.5, foreground=classes.PAPER)])
    elif text.bold:
        written.set_path_effects(thickened(sheet.face, text.text, text.size, colour, bold=True))
