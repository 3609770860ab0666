"""Named styles and an embedded QGIS project for a result, without QGIS.

`embed` writes both into a closed GeoPackage; `relink` mends the project after the file got another name. `compose`
makes both of what is known of layers, wherever they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gisheat.styles.definitions import MAP_LAYERS, STYLES
from gisheat.styles.from_tables import describe_tables, gather_tables
from gisheat.styles.markup import document
from gisheat.styles.model import Context, Facts, LayerInfo, Style
from gisheat.styles.project import PROJECT_NAME, Setting, project
from gisheat.styles.qml import style_elements
from gisheat.styles.store import (
    StyleRow,
    add_styles,
    describe,
    gather,
    opened,
    packed,
    relink_project,
    write_project,
    write_styles,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from xml.etree import ElementTree as ET

    from gisheat.schema import Language

__all__ = [
    "PROJECT_NAME",
    "STYLES",
    "LayerInfo",
    "Style",
    "StyleRow",
    "add_styles",
    "compose",
    "describe_tables",
    "embed",
    "gather_tables",
    "packed",
    "relink",
    "style_rows",
]

_TABLE_STYLE = {"en": "Columns", "zh": "列名"}
_MARGIN = 0.05
_MOST = 0.5  # share of the rows from which on a column says something of the whole layer

Extent = tuple[float, float, float, float]


def embed(
    path: Path,
    *,
    title: str,
    language: Language = "en",
    aliases: Mapping[str, Mapping[str, str]] | None = None,
    file_name: str | None = None,
    layers: Mapping[str, LayerInfo] | None = None,
    extent: Extent | None = None,
) -> None:
    """Write the named styles and the project into an existing, closed GeoPackage, in one transaction.

    Parameters
    ----------
    path
        The GeoPackage.
    title
        Title of the project and name of its group, after `gisheat: `.
    language
        Language of names, legend and labels.
    aliases
        Words for the columns of each layer, as of `gisheat.schema.labels`.
    file_name
        Name the file is going to have, where it is written under a temporary one: the project finds its
        layers by the name of the file.
    layers
        Tables to style; by default those in the file that have styles.
    extent
        First view as (xmin, ymin, xmax, ymax) [m]; by default the extent of all layers with a margin.

    Raises
    ------
    sqlite3.Error
        If the file does not exist, cannot be written or is no GeoPackage. It is then unchanged.
    """
    with opened(path) as connection:
        infos = describe(connection) if layers is None else dict(layers)
        sources = {name: f"./{file_name or path.name}|layername={name}" for name in infos}
        rows, text = compose(
            infos, gather(connection, infos), sources, title=title, language=language, aliases=aliases, extent=extent
        )
        write_styles(connection, rows)
        write_project(connection, PROJECT_NAME, text)


def compose(
    infos: Mapping[str, LayerInfo],
    facts: Facts,
    sources: Mapping[str, str],
    *,
    provider: str = "ogr",
    title: str,
    language: Language = "en",
    aliases: Mapping[str, Mapping[str, str]] | None = None,
    extent: Extent | None = None,
) -> tuple[list[StyleRow], str]:
    """Return the rows of `layer_styles` and the text of the project.

    Parameters
    ----------
    infos, facts
        What is known of the layers, as of `describe_tables` and `gather_tables`.
    sources, provider
        Where the project finds each layer, in the words of this provider of QGIS.
    """
    words = aliases or {}
    contexts = {name: Context(name, info, facts, language, words.get(name, {})) for name, info in infos.items()}
    styles = {name: available(context) for name, context in contexts.items()}
    drawn = {name: style_elements(styles[name], context) for name, context in contexts.items()}
    setting = Setting(title, language, sources, provider, *_crs(infos), extent or whole_extent(infos))
    return style_rows(contexts, styles, drawn), project(setting, contexts, styles, drawn)


def relink(path: Path, file_name: str | None = None) -> None:
    """Point the embedded project at the name that the file has now, or is going to have, after it was renamed."""
    with opened(path) as connection:
        relink_project(connection, PROJECT_NAME, file_name or path.name)


def available(context: Context) -> tuple[Style, ...]:
    """Return the styles whose column the layer has, first the default one.

    The default is the one of the definitions, or the first one whose column has values in most rows: a network that is
    not yet solved is shown by its diameters, one with new trenches that have none by what is there and what is planned.
    """
    info = context.info
    found = [s for s in STYLES if s.layer == context.layer and (not s.column or s.column in info.fields)]
    return tuple(sorted(found, key=lambda style: _emptiness(style, context)))


def _emptiness(style: Style, context: Context) -> tuple[bool, int, bool]:
    """Return what styles are sorted by: the default one with any value, then those most rows have a value for."""
    share = context.facts.filled.get((style.layer, style.column), 0.0) if style.column else 1.0
    return not (style.default and share), int(share == 0) + int(share < _MOST), not style.default


def style_rows(
    contexts: Mapping[str, Context], styles: Mapping[str, Sequence[Style]],
    built: Mapping[str, Sequence[ET.Element]] | None = None,
) -> list[StyleRow]:  # fmt: skip
    """Return the rows of `layer_styles`, the default style of each layer first; of styles that are built already."""
    drawn = built or {name: style_elements(styles[name], context) for name, context in contexts.items()}
    rows = []
    for name, context in contexts.items():
        geometry = context.info.geometry_column
        for index, style in enumerate(styles[name]):
            words, heading = style.name.get(context.language), style.heading.get(context.language)
            rows.append(StyleRow(name, geometry, words, document(drawn[name][index]), heading, is_default=index == 0))
        if not styles[name]:
            words = _TABLE_STYLE[context.language]
            rows.append(StyleRow(name, geometry, words, document(drawn[name][0]), "", is_default=True))
    return rows


def whole_extent(infos: Mapping[str, LayerInfo]) -> Extent | None:
    """Return the extent of the network with a margin, of all layers where there is no network."""
    network = [infos[name].extent for name in ("pipes", "stations", "sources") if name in infos]
    every = [infos[name].extent for name in MAP_LAYERS if name in infos]
    boxes = [box for box in network if box] or [box for box in every if box]
    if not boxes:
        return None
    xmin, ymin = min(box[0] for box in boxes), min(box[1] for box in boxes)
    xmax, ymax = max(box[2] for box in boxes), max(box[3] for box in boxes)
    margin = _MARGIN * max(xmax - xmin, ymax - ymin, 1.0)
    return xmin - margin, ymin - margin, xmax + margin, ymax + margin


def _crs(infos: Mapping[str, LayerInfo]) -> tuple[str, str]:
    """CRS of the pipes, else of the first layer with one."""
    names = ("pipes", *(name for name in MAP_LAYERS if name != "pipes"))
    found = (infos[name] for name in names if name in infos and infos[name].crs_wkt)
    info = next(found, None)
    return (info.crs_wkt, info.crs_authid) if info else ("", "")
