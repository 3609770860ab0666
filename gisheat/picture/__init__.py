"""A picture of a solved network as a map on an A3 sheet: PNG, SVG or PDF, without QGIS and without tiles.

Streets lie below in pale lines; pipes are as wide as their diameter and coloured by specific friction,
stations by surplus head. The keys stand in a panel beside the map, so that they never cover it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gisheat.picture import classes, layers, legend
from gisheat.picture.features import crowding, network_bounds, read_content
from gisheat.picture.fonts import Typeface, choose_typeface, installed_families, shown, without_weight_messages
from gisheat.picture.naming import show_names
from gisheat.picture.page import Page, draw_credit, draw_frame, draw_title
from gisheat.picture.saving import METADATA, save
from gisheat.picture.sheet import Sheet, choose_sheet
from gisheat.picture.words import WORDS, Language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas

__all__ = ["draw_map"]

_MM_PER_INCH = 25.4
_TITLE_MM, _SUBTITLE_MM = 11.5, 7.0


def draw_map(
    tables: Mapping[str, geopandas.GeoDataFrame],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    notes: Sequence[str] = (),
    language: Language = "en",
    dpi: int = 200,
) -> None:
    r"""Draw a solved network as a map on an A3 sheet.

    Parameters
    ----------
    tables
        Result layers "pipes", "stations", "sources", and where there are "nodes", "findings", "streets";
        projected coordinates [m]; empty and missing values are drawn as unknown.
    path
        File to write, `.png`, `.svg` or `.pdf`; an existing one is replaced in one step.
    title, subtitle, notes
        Plain texts of the title and of the lines under the keys; what follows a tab in a note is set at the
        right edge (``"Pump head\t85.0 m"``), a note that begins with a space is indented, as a part of the
        one above.
    language
        Language of the keys.
    dpi
        Dots per inch of a PNG.

    Notes
    -----
    Where no installed font shows a text, ids and English words stand in for it; `fonts.what_is_missing` says so.
    """
    path = Path(path)
    if path.suffix.lower() not in METADATA:
        raise ValueError(f"the map {path.name} must end in .png, .svg or .pdf")
    with without_weight_messages():
        face = choose_typeface(installed_families())
        save(_compose(tables, title, subtitle, notes, language, face), path, dpi)


def _compose(
    tables: Mapping[str, geopandas.GeoDataFrame],
    title: str,
    subtitle: str,
    notes: Sequence[str],
    language: Language,
    face: Typeface,
) -> Figure:
    """Lay out the page: map on the left, panel on the right, title above."""
    words = WORDS[language if face.has_cjk else "en"]
    title = shown(face, title) or words["untitled"]
    subtitle = shown(face, subtitle)
    sheet = choose_sheet(network_bounds(tables), _TITLE_MM + (_SUBTITLE_MM if subtitle else 0.0))
    content = read_content(tables, sheet)
    density = crowding(content.pipes.line, sheet.map_frame)
    pipes = layers.pipe_look(content, density)
    stations = layers.station_look(content, density)
    nodes = layers.critical_nodes(content, pipes)

    size = (sheet.width / _MM_PER_INCH, sheet.height / _MM_PER_INCH)
    figure = Figure(figsize=size, facecolor=classes.PAPER)
    FigureCanvasAgg(figure)
    page_axes = _axes(figure, sheet, (0.0, 0.0, sheet.width, sheet.height), "none")
    map_axes = _axes(figure, sheet, sheet.map_frame, classes.GROUND)
    page_axes.set_zorder(1)  # the frame lies on the map
    layers.draw_streets(map_axes, content, density)
    layers.draw_pipes(map_axes, content, pipes)
    layers.draw_nodes(map_axes, content.nodes.xy[nodes], pipes.node_size)
    layers.draw_stations(map_axes, content.stations, stations)
    layers.draw_sources(map_axes, content.sources.xy)
    layers.draw_findings(map_axes, content.findings)
    show_names(map_axes, content, pipes, stations, nodes, face, sheet.map_frame)

    page = Page(page_axes, sheet, face, words)
    draw_title(page, title, subtitle)
    legend.draw_panel(page, content, pipes, stations, len(nodes), [_plain_note(note, face) for note in notes])
    draw_frame(page)
    draw_credit(page, _credit(tables, words, face))
    return figure


def _axes(figure: Figure, sheet: Sheet, box: tuple[float, float, float, float], colour: str) -> mpl.axes.Axes:
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


def _plain_note(note: str, face: Typeface) -> str:
    """Text and figure of a note, the tab between them and one space of an indentation kept."""
    return " " * note.startswith(" ") + "\t".join(shown(face, part) for part in note.split("\t", 1))
