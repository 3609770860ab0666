"""The pressure diagram as a DXF drawing: distances true in metres, heads exaggerated by a figure that it states."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from gisheat.picture.diagram_layout import MARGIN_MM, START_MM, Scale, heads_between, lay_out
from gisheat.picture.diagram_sheet import Sheet, Text
from gisheat.picture.fonts import MM_PER_POINT, choose_typeface, installed_families, without_weight_messages
from gisheat.picture.words import Language

if TYPE_CHECKING:
    import pandas as pd
    from ezdxf.document import Drawing

    from gisheat.pressure_lines import PressureLines

HIGHEST_MM = 120.0
"""Height of the plot on paper that the exaggeration is chosen for."""
WIDEST_MM = 300.0
CAPITAL = 0.73
"""Height of a capital letter as a share of the size of the type: what DXF calls the height of a text."""
STYLE, FONT_FILE, FONT_FAMILY = "GISHEAT", "simsun.ttc", "SimSun"
"""Text style, whose font shows Chinese and comes with every Windows; other programs put their own in its place."""
LAYERS = MappingProxyType(
    {
        "ground": (34, "CONTINUOUS"), "supply": (1, "CONTINUOUS"), "return": (5, "CONTINUOUS"), "static": (3, "DASHED"),
        "boiling": (30, "DASHDOT"), "least": (150, "DASHED2"), "class": (200, "DASHDOT2"), "user_limit": (6, "DASHED2"),
        "users": (8, "CONTINUOUS"), "pump": (7, "CONTINUOUS"), "plant": (1, "CONTINUOUS"), "station": (7, "CONTINUOUS"),
        "nodes": (9, "CONTINUOUS"), "grid": (254, "CONTINUOUS"), "axis": (8, "CONTINUOUS"), "strip": (8, "CONTINUOUS"),
        "title": (7, "CONTINUOUS"), "legend": (7, "CONTINUOUS"), "scale": (7, "CONTINUOUS"),
    }
)  # fmt: skip
"""Colour (AutoCAD index) and line type of the layer of each kind; its name is that of the kind in capitals."""


def write_dxf(
    lines: PressureLines, table: pd.DataFrame, path: Path, *, title: str = "", sizes: Sequence[str] = (),
    language: Language = "en",
) -> None:  # fmt: skip
    """Write a pressure diagram as DXF (AutoCAD 2018, metres); the same diagram gives the same bytes.

    Parameters
    ----------
    lines, table, title, sizes, language
        As `draw_diagram` takes them; the words are in the language that is asked for, whatever fonts are here.
    path : Path
        File to write.
    """
    with without_weight_messages():
        face = choose_typeface(installed_families())
        low, high = heads_between(lines)
        reach = max(float(lines.distance[-1]), 1.0)
        exaggeration = round_exaggeration(HIGHEST_MM / (high - low) / (WIDEST_MM / reach))
        sheet, scale = lay_out(
            lines, table, face, title=title, sizes=sizes, language=language, exaggeration=exaggeration,
            shows_all=True,
        )  # fmt: skip
    said = sheet.words["scale"].format(exaggeration, exaggeration, low)
    sheet.texts.append(Text("scale", MARGIN_MM, 6.0, said, 8.0, across="left"))
    with without_clock(), path.open("w", encoding="utf-8", newline="\n") as file:
        _document(sheet, scale).write(file)


def round_exaggeration(most: float) -> float:
    """Largest of 1, 2, 3, 4, 5, 6, 8, 10, 20 ... that is not above `most`.

    Examples
    --------
    >>> [float(f"{round_exaggeration(most):g}") for most in (17.0, 5.0, 0.39)]
    [10.0, 5.0, 0.3]
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(
        max(round(step * power, 9) for step in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0) if step * power <= most * (1 + 1e-9))
    )


def _document(sheet: Sheet, scale: Scale) -> Drawing:
    """Model space with x the distance [m] and y the exaggerated head above the foot of the plot [m]."""
    from ezdxf.enums import TextEntityAlignment as Align
    from ezdxf.filemanagement import new

    document = new("R2018", setup=["linetypes"], units=6)  # metres
    style = document.styles.new(STYLE, dxfattribs={"font": FONT_FILE})
    style.set_extended_font_data(FONT_FAMILY)
    metres = 1.0 / scale.distance
    document.header["$LTSCALE"] = 3.0 * metres
    document.header["$TEXTSTYLE"] = STYLE
    for kind, (colour, linetype) in LAYERS.items():
        document.layers.add(kind.upper(), color=colour, linetype=linetype)
    space = document.modelspace()

    def placed(points: np.ndarray) -> np.ndarray:
        return (points - [START_MM, scale.foot]) * metres

    for line in sheet.lines:
        colour, linetype = LAYERS[line.kind]
        of_key = {"color": colour, "linetype": linetype} if line.layer != line.kind else {}
        space.add_lwpolyline(placed(line.points), dxfattribs={"layer": line.layer.upper(), **of_key})
    aligned = {"left": Align.MIDDLE_LEFT, "center": Align.MIDDLE_CENTER, "right": Align.MIDDLE_RIGHT}
    for text in sheet.texts:
        written = space.add_text(
            literal(text.text), height=text.size * MM_PER_POINT * CAPITAL * metres, rotation=90.0 * text.turned,
            dxfattribs={"layer": text.kind.upper(), "style": STYLE},
        )  # fmt: skip
        written.set_placement(placed(np.array([text.x, text.y])), align=aligned[text.across])
    return document


def literal(text: str) -> str:
    r"""Text that no program takes for a control code of DXF (%%u, ^J, \U+4E2D).

    Examples
    --------
    >>> literal("50 %%d"), literal("a^J"), literal("\\U+4E2D")
    ('50 % %d', 'a^ J', '\\ U+4E2D')
    """
    return text.replace("%%", "% %").replace("^", "^ ").replace("\\U+", "\\ U+").replace("\\M+", "\\ M+")


@contextlib.contextmanager
def without_clock() -> Iterator[None]:
    """Drawings that are made and written here carry neither the time of day nor random ids."""
    from ezdxf._options import options

    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before
