"""Pictures of a network as maps on an A3 sheet: PNG, SVG or PDF, without QGIS and without tiles.

Streets lie below in pale lines, and the keys stand in a panel beside the map, so that they never cover it. Each kind
of map has its module: `result_map`, `load_map`, `phase_map`; `sketch` is a drawing without a map.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gisheat.picture import classes
from gisheat.picture.features import crowding, network_bounds, read_content
from gisheat.picture.fonts import Typeface, choose_typeface, installed_families, shown, without_weight_messages
from gisheat.picture.load_map import draw_loads
from gisheat.picture.page import Page, draw_attribution, draw_credit, draw_frame, draw_title
from gisheat.picture.phase_map import draw_phases
from gisheat.picture.plan import PhaseTotal, Plan
from gisheat.picture.result_map import draw_result
from gisheat.picture.saving import METADATA, save
from gisheat.picture.sheet import Sheet, choose_sheet
from gisheat.picture.words import WORDS, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import geopandas
    from matplotlib.axes import Axes

__all__ = ["KINDS", "PhaseTotal", "draw_map"]

KINDS: Mapping[str, Callable[[Plan], None]] = MappingProxyType(
    {"result": draw_result, "loads": draw_loads, "phases": draw_phases}
)
"""What draws each kind of map."""

_MM_PER_INCH = 25.4
_TITLE_MM, _SUBTITLE_MM = 11.5, 7.0


def draw_map(
    tables: Mapping[str, geopandas.GeoDataFrame],
    path: Path,
    *,
    title: str,
    kind: str = "result",
    subtitle: str = "",
    notes: Sequence[str] = (),
    phases: Sequence[str] = (),
    totals: Sequence[PhaseTotal] = (),
    language: Language = "en",
    dpi: int = 200,
) -> None:
    r"""Draw a network as a map on an A3 sheet.

    Parameters
    ----------
    tables
        Result layers "pipes", "stations", "sources", and where there are "nodes", "findings", "streets", "buildings";
        projected coordinates [m]; empty and missing values are drawn as unknown.
    path
        File to write, `.png`, `.svg` or `.pdf`; an existing one is replaced in one step.
    kind
        One of `KINDS`: the result of a solution, the loads of stations, or what is built in which phase.
    title, subtitle, notes
        Plain texts of the title and of the lines under the keys; what follows a tab in a note is set at the
        right edge (``"Pump head\t85.0 m"``), a note that begins with a space is indented, as a part of the
        one above.
    phases, totals
        Phases in their order, and what stands in each: for the maps of loads and of phases.
    language
        Language of the keys.
    dpi
        Dots per inch of a PNG.

    Notes
    -----
    Where no installed font shows a text, ids and English words stand in for it; `fonts.what_is_missing` says so.
    """
    path = Path(path)
    if kind not in KINDS:
        raise ValueError(f"there is no map {kind!r}: it is one of {', '.join(KINDS)}")
    if path.suffix.lower() not in METADATA:
        raise ValueError(f"the map {path.name} must end in .png, .svg or .pdf")
    with without_weight_messages():
        face = choose_typeface(installed_families())
        words = WORDS[language if face.has_cjk else "en"]
        title, subtitle = shown(face, title) or words["untitled"], shown(face, subtitle)
        sheet = choose_sheet(network_bounds(tables), _TITLE_MM + (_SUBTITLE_MM if subtitle else 0.0))
        figure, page_axes, map_axes = _blank(sheet)
        page = Page(page_axes, sheet, face, words)
        content = read_content(tables, sheet)
        density = crowding(content.pipes.line, sheet.map_frame)
        KINDS[kind](Plan(page, map_axes, content, density, [_plain_note(n, face) for n in notes], phases, totals))
        draw_title(page, title, subtitle)
        draw_frame(page)
        draw_credit(page, _credit(tables, words, face))
        if named := _attributions(tables):
            draw_attribution(page, [shown(face, text) for text in named])
        save(figure, path, dpi)


def _blank(sheet: Sheet) -> tuple[Figure, Axes, Axes]:
    """A figure of the size of the sheet, axes over the whole page, and axes of the map; the page lies on the map."""
    figure = Figure(figsize=(sheet.width / _MM_PER_INCH, sheet.height / _MM_PER_INCH), facecolor=classes.PAPER)
    FigureCanvasAgg(figure)
    page = _axes(figure, sheet, (0.0, 0.0, sheet.width, sheet.height), "none")
    page.set_zorder(1)
    return figure, page, _axes(figure, sheet, sheet.map_frame, classes.GROUND)


def _axes(figure: Figure, sheet: Sheet, box: tuple[float, float, float, float], colour: str) -> Axes:
    """Axes over a box of the page whose coordinates are the millimetres of the page."""
    left, bottom, right, top = box
    size = np.array([sheet.width, sheet.height] * 2)
    axes = figure.add_axes(tuple(np.array([left, bottom, right - left, top - bottom]) / size))
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], facecolor=colour)
    axes.set_autoscale_on(False)
    axes.spines[:].set_visible(False)
    return axes


def _credit(tables: Mapping[str, geopandas.GeoDataFrame], words: Mapping[str, str], face: Typeface) -> str:
    crs = next((table.crs for table in tables.values() if table.crs is not None), None)
    name = "" if crs is None else words["coordinates"].format(shown(face, crs.name))
    return " · ".join(part for part in (name, "gisheat") if part)


def _attributions(tables: Mapping[str, geopandas.GeoDataFrame]) -> list[str]:
    """Who must be named with what is drawn, each once, sorted."""
    texts = (table["attribution"].dropna() for table in tables.values() if "attribution" in table)
    return sorted({" ".join(str(text).split()) for column in texts for text in column} - {""})


def _plain_note(note: str, face: Typeface) -> str:
    """Text and figure of a note, the tab between them and one space of an indentation kept."""
    return " " * note.startswith(" ") + "\t".join(shown(face, part) for part in note.split("\t", 1))
