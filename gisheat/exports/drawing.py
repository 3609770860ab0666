"""A result as a CAD drawing: layers of the map as CAD layers, stations as blocks with attributes, pipes with labels.

Read again, it is the same network: what the layers state goes with the features, as attributes of blocks and as
extended data (application GISHEAT) of lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.exports import Result
from gisheat.geopackage import whole_or_nothing
from gisheat.layers.cad.entities import APPLICATION
from gisheat.picture.diagram_dxf import FONT_FAMILY, FONT_FILE, STYLE, literal, without_clock
from gisheat.report.colours import Colouring, pipe_colourings, station_colouring
from gisheat.schema import GEOMETRY, INPUT_LAYERS, Language, input_columns

if TYPE_CHECKING:
    from ezdxf.document import Drawing

NAMES: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "pipes": "PIPES", "streets": "STREETS", "buildings": "BUILDINGS", "areas": "AREAS", "stations": "STATIONS",
            "sources": "SOURCES", "nodes": "NODES", "valves": "VALVES", "pumps": "PUMPS", "labels": "LABELS",
            "title": "TITLE",
        },
        "zh": {
            "pipes": "热力管", "streets": "道路", "buildings": "建筑", "areas": "限制区", "stations": "热力站",
            "sources": "热源", "nodes": "节点", "valves": "阀门", "pumps": "水泵", "labels": "标注", "title": "图签",
        },
    }
)  # fmt: skip
"""CAD layers; pipes have one for each diameter, PIPES-DN300."""
COLOURS = MappingProxyType(
    {
        "pipes": 7, "streets": 253, "buildings": 252, "areas": 30, "stations": 7, "sources": 1, "nodes": 8, "valves": 3,
        "pumps": 5, "labels": 7, "title": 7,
    }
)  # fmt: skip
"""Colour of each layer (AutoCAD index)."""
WEIGHTS = ((500.0, 70), (250.0, 50), (0.0, 35))
"""Width of the lines of pipes on paper [1/100 mm] from a diameter DN on."""
WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "crs": "Coordinates", "scale": "Texts are made for 1 : {:g}", "pipes": "Pipes", "stations": "Stations",
            "heat load": "Heat load", "pump head": "Pump head", "trench length": "Trench length",
            "made": "made by gisheat",
        },
        "zh": {
            "crs": "坐标系", "scale": "文字按 1 : {:g} 出图", "pipes": "管道", "stations": "热力站",
            "heat load": "热负荷", "pump head": "循环泵扬程", "trench length": "管沟长度", "made": "由 gisheat 生成",
        },
    }
)  # fmt: skip
PAPER, TEXT_MM = 1.1, 2.0
"""Width of the sheet [m], A0, that the drawing is laid out for, and height of its texts on paper [mm]."""
SCALES = (200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)
SMALLEST, WIDTH = 0.4, 0.85
"""Least height of a label as a share of the usual; width of a character as a share of its height."""
LONGEST_VALUE = 240
"""Characters of a text in extended data."""
VISIBLE = MappingProxyType({"stations": "station_id", "sources": "source_id"})
"""Attribute that is seen."""


@dataclass(frozen=True, slots=True)
class Look:
    """What all parts of a drawing need: names of its layers, height of its texts [m], the language."""

    names: Mapping[str, str]
    height: float
    scale: int
    language: Language


def write_drawing(result: Result, target: Path, language: Language) -> list[str]:
    """Write a result as DXF (AutoCAD 2018, metres); the same result gives the same bytes.

    Raises
    ------
    InputError
        If no layer of it can be drawn, or the file can't be written.
    """
    drawn = {n: t for n, t in result.tables.items() if n in INPUT_LAYERS and isinstance(t, gpd.GeoDataFrame) and len(t)}
    if not drawn:
        raise InputError("the result has no layer that could be drawn.")
    network = [drawn[name] for name in ("pipes", "stations", "sources") if name in drawn] or list(drawn.values())
    bounds = shapely.total_bounds(np.concatenate([table.geometry.to_numpy() for table in network]))
    extent = max(float(bounds[2] - bounds[0]), float(bounds[3] - bounds[1]), 1.0)
    scale = next((s for s in SCALES if s * PAPER >= extent), SCALES[-1])
    look = Look(NAMES[language], TEXT_MM * scale / 1000.0, scale, language)
    with whole_or_nothing(target) as beside, without_clock(), beside.open("w", encoding="utf-8", newline="\n") as file:
        _document(result, drawn, look, bounds).write(file)
    notes = [f"drawn in metres of {result.crs.to_string()}; texts are {look.height:g} m high, for 1 : {scale}"]
    return notes if result.crs is not None else []


def _document(
    result: Result, drawn: Mapping[str, gpd.GeoDataFrame], look: Look, bounds: NDArray[np.float64]
) -> Drawing:
    from ezdxf.filemanagement import new

    document = new("R2018", setup=["linetypes"], units=6)  # metres
    style = document.styles.new(STYLE, dxfattribs={"font": FONT_FILE})
    style.set_extended_font_data(FONT_FAMILY)
    document.header["$TEXTSTYLE"] = STYLE
    document.header["$LTSCALE"] = look.height
    document.header["$PDMODE"] = 0
    document.appids.new(APPLICATION)
    for name in (*(n for n in ("areas", "buildings", "streets", "pipes", "nodes") if n in drawn), "labels", "title"):
        document.layers.add(look.names[name], color=COLOURS[name])
    colouring = pipe_colourings(drawn, look.language, ("", ""))[0] if "pipes" in drawn else None
    of_stations = station_colouring(drawn["stations"], look.language) if "stations" in drawn else None
    for name, table in drawn.items():
        if GEOMETRY[name] == "point":
            _draw_points(document, name, table, look, of_stations if name == "stations" else None)
        else:
            _draw_lines(document, name, table, look, colouring if name == "pipes" else None)
    if "pipes" in drawn:
        _label_pipes(document, drawn["pipes"], look)
    whole = shapely.total_bounds(np.concatenate([table.geometry.to_numpy() for table in drawn.values()]))
    _draw_title(document, result, look, whole, [c for c in (colouring, of_stations) if c is not None])
    document.set_modelspace_vport(
        max(float(bounds[3] - bounds[1]), float(bounds[2] - bounds[0]) * 0.6) * 1.1,
        ((bounds[0] + bounds[2]) / 2.0, (bounds[1] + bounds[3]) / 2.0),
    )
    return document


def _colour(colouring: Colouring | None, row: int) -> dict[str, int]:
    """Colour of a feature by its class, that of its layer where it has none."""
    if colouring is None or colouring.row[row] < 0:
        return {}
    return {"true_color": int(colouring.colours[colouring.row[row]].lstrip("#"), 16)}


def _draw_lines(document: Drawing, name: str, table: gpd.GeoDataFrame, look: Look, colouring: Colouring | None) -> None:
    space, values = document.modelspace(), _values(name, table)
    for row, geometry in enumerate(table.geometry):
        if geometry is None or geometry.is_empty:
            continue
        layer = _pipe_layer(document, table, row, look) if name == "pipes" else look.names[name]
        attributes: dict[str, Any] = {"layer": layer, **_colour(colouring, row)}
        if name == "pipes" and str(table["status"].iloc[row] if "status" in table else "") == "planned":
            attributes["linetype"] = "DASHED"
        for part in shapely.get_parts(geometry):
            ring = part.exterior if part.geom_type == "Polygon" else part
            places = shapely.get_coordinates(ring, include_z=bool(shapely.has_z(ring)))
            if places.shape[1] == 3:
                line: Any = space.add_polyline3d(places, dxfattribs=attributes)
            else:
                line = space.add_lwpolyline(places, close=False, dxfattribs=attributes)
                if part.geom_type == "Polygon":
                    line.close(True)
            if values[row]:
                line.set_xdata(APPLICATION, [(1000, f"{key}={value}") for key, value in values[row].items()])


def _pipe_layer(document: Drawing, table: gpd.GeoDataFrame, row: int, look: Look) -> str:
    """CAD layer of a pipe, by its diameter; it is made when it is not there."""
    size = float(table["dn_mm"].iloc[row]) if "dn_mm" in table else float("nan")
    layer = look.names["pipes"] + (f"-DN{size:g}" if size > 0.0 else "")
    if layer not in document.layers:
        weight = next((w for least, w in WEIGHTS if size >= least), WEIGHTS[-1][1])
        document.layers.add(layer, color=COLOURS["pipes"], lineweight=weight)
    return layer


def _values(name: str, table: pd.DataFrame) -> list[dict[str, str]]:
    """What each feature states, as texts by column of the contract."""
    kept = [c for c in table.columns if c in input_columns(name) and bool(table[c].notna().any())]
    found: list[dict[str, str]] = [{} for _ in range(len(table))]
    for column in kept:
        for row, value in enumerate(table[column].tolist()):
            if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
                continue
            text = repr(value) if isinstance(value, float) else str(value)
            found[row][column] = " ".join(text.split())[:LONGEST_VALUE]
    return found


def _draw_points(
    document: Drawing, name: str, table: gpd.GeoDataFrame, look: Look, colouring: Colouring | None
) -> None:
    """Points as blocks: a symbol, what they state as attributes, their identifier seen beside it."""
    block = document.blocks.new(f"GISHEAT_{name.upper()}")
    _draw_symbol(block, name, look.height)
    layer, space = look.names[name], document.modelspace()
    if layer not in document.layers:
        document.layers.add(layer, color=COLOURS[name])
    values = _values(name, table)
    columns = list(dict.fromkeys(column for row in values for column in row))
    for number, column in enumerate(columns):
        hidden = column != VISIBLE.get(name)
        at = (look.height * 0.9, look.height * 0.5) if not hidden else (look.height * 0.9, -look.height * (number + 1))
        look_of = {"height": look.height * 0.8, "style": STYLE, "flags": int(hidden), "layer": look.names["labels"]}
        block.add_attdef(column.upper(), at, dxfattribs=look_of)
    for row, geometry in enumerate(table.geometry):
        if geometry is None or geometry.is_empty:
            continue
        attributes = {"layer": layer, **_colour(colouring, row)}
        insert = space.add_blockref(block.name, (geometry.x, geometry.y), dxfattribs=attributes)
        insert.add_auto_attribs({column.upper(): literal(value) for column, value in values[row].items()})
        for attribute in [a for a in insert.attribs if a.dxf.tag.lower() not in values[row]]:
            insert.delete_attrib(attribute.dxf.tag)


def _draw_symbol(block: Any, name: str, height: float) -> None:
    """The symbol of a kind of points; its parts take the colour of the block."""
    look, r = {"layer": "0", "color": 0}, height * 0.6
    if name == "stations":
        block.add_circle((0, 0), r, dxfattribs=look)
        for start, end in (((-r, 0), (r, 0)), ((0, -r), (0, r))):
            block.add_line(start, end, dxfattribs=look)
    elif name == "sources":
        block.add_lwpolyline([(-1.4 * r, -r), (1.4 * r, -r), (1.4 * r, r), (-1.4 * r, r)], close=True, dxfattribs=look)
        block.add_lwpolyline([(-r, -0.6 * r), (r, -0.6 * r), (0, 0.7 * r)], close=True, dxfattribs=look)
    elif name == "valves":
        block.add_lwpolyline([(-r, -r / 2), (r, r / 2), (r, -r / 2), (-r, r / 2)], close=True, dxfattribs=look)
    elif name == "pumps":
        block.add_circle((0, 0), r * 0.8, dxfattribs=look)
        block.add_lwpolyline([(-r * 0.5, -r * 0.5), (r * 0.7, 0), (-r * 0.5, r * 0.5)], close=True, dxfattribs=look)
    else:
        block.add_circle((0, 0), r * 0.15, dxfattribs=look)


def _label_pipes(document: Drawing, pipes: gpd.GeoDataFrame, look: Look) -> None:
    """DN and flow along the longest straight piece of each pipe that has room for it."""
    from ezdxf.enums import TextEntityAlignment as Align

    space = document.modelspace()
    for row, geometry in enumerate(pipes.geometry):
        text = _label(pipes, row)
        if not text or geometry is None or geometry.is_empty:
            continue
        places = shapely.get_coordinates(geometry)
        pieces = np.diff(places, axis=0)
        lengths = np.hypot(*pieces.T)
        longest = int(lengths.argmax())
        height = min(look.height, lengths[longest] / (len(text) * WIDTH))
        if height < SMALLEST * look.height:
            continue
        x, y = pieces[longest] / lengths[longest]
        if x < 0 or (x == 0 and y < 0):
            x, y = -x, -y
        middle = (places[longest] + places[longest + 1]) / 2.0 + height * 0.35 * np.array([-y, x])
        written = space.add_text(
            text, height=height, rotation=float(np.degrees(np.arctan2(y, x))),
            dxfattribs={"layer": look.names["labels"], "style": STYLE},
        )  # fmt: skip
        written.set_placement(middle, align=Align.BOTTOM_CENTER)


def _label(pipes: pd.DataFrame, row: int) -> str:
    def number(column: str) -> float:
        return float(pipes[column].iloc[row]) if column in pipes else float("nan")

    size, flow = number("dn_mm"), abs(number("sup_flow_t_h"))
    parts = [f"DN{size:g}" if size > 0.0 else "", f"{flow:.1f} t/h" if flow == flow else ""]  # noqa: PLR0124 (NaN)
    return "  ".join(part for part in parts if part)


def _rounded(text: str) -> str:
    """A figure of the summary with two decimals; whole numbers and words as they are."""
    return f"{float(text):.2f}" if "." in text and text.replace(".", "", 1).lstrip("-").isdigit() else text


def _draw_title(
    document: Drawing, result: Result, look: Look, bounds: NDArray[np.float64], colourings: Sequence[Colouring]
) -> None:
    """A small block below the map: name, figures, CRS, the classes with their colours, who must be named."""
    from ezdxf.enums import TextEntityAlignment as Align

    space, words, h = document.modelspace(), WORDS[look.language], look.height
    layer = look.names["title"]
    x, y = float(bounds[0]), float(bounds[1]) - 4.0 * h

    def write(text: str, left: float, base: float, height: float, **more: int) -> None:
        written = space.add_text(literal(text), height=height, dxfattribs={"layer": layer, "style": STYLE, **more})
        written.set_placement((left, base), align=Align.LEFT)

    write(result.name, x, y, 2.0 * h)
    lines = [
        f"{words[key]}  {_rounded(result.figures[key][0])} {result.figures[key][1]}".rstrip()
        for key in ("heat load", "stations", "trench length", "pump head") if key in result.figures
    ]  # fmt: skip
    crs = [] if result.crs is None else [f"{words['crs']}  {result.crs.to_string()}  {result.crs.name}"]
    lines += [*crs, words["scale"].format(look.scale), words["made"], *result.attributions]
    for number, line in enumerate(lines, 1):
        write(line, x, y - number * 1.8 * h - h, h)
    left = x + max(40.0 * h, max(map(len, lines)) * h)
    for colouring in colourings:
        write(colouring.heading, left, y, 1.2 * h)
        for number, (label, colour) in enumerate(zip(colouring.labels, colouring.colours, strict=True), 1):
            base, true = y - number * 1.8 * h, {"true_color": int(colour.lstrip("#"), 16)}
            key = [(left, base), (left + 3 * h, base), (left + 3 * h, base + h), (left, base + h)]
            hatch = space.add_hatch(dxfattribs={"layer": layer, **true})
            hatch.paths.add_polyline_path(key, is_closed=True)
            space.add_lwpolyline(key, close=True, dxfattribs={"layer": layer})
            write(label, left + 4 * h, base, h)
        left += 4 * h + max(12.0 * h, max(map(len, (*colouring.labels, colouring.heading))) * h * 1.1)
