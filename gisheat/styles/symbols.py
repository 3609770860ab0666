"""Symbols: how a pipe, a station, a valve looks. Sizes in millimetres on paper or screen."""

from __future__ import annotations

from gisheat.styles.markup import column
from gisheat.styles.model import Context, Entry, SymbolLayer

INK = "#23262b"
HALO = "#ffdc62"
# Drawing passes of the pipes: what is higher lies on top.
LEVEL_HALO, LEVEL_EDGE, LEVEL_LINE, LEVEL_MARK, LEVEL_ARROW = 0, 1, 2, 3, 4
_DASH = {"dash": "3;1.6", "dash dot": "4;1.2;0.6;1.2", "dot": "0.8;1.4"}
_WIDTH_RANGE = (50.0, 1200.0, 0.5, 2.6)  # bore from, to [mm]; line width from, to [mm]


def rgba(colour: str, alpha: int = 255) -> str:
    """Return `#rrggbb` as QGIS writes colours.

    >>> rgba("#ff8000")
    '255,128,0,255'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def width(context: Context, extra: float = 0.0) -> str:
    """Return the expression for the width of a pipe: by its bore, finer on small scales, `extra` mm wider."""
    bores = [column(name) for name in ("inner_diameter_mm", "dn_mm") if name in context.info.fields]
    lowest, highest, thin, thick = _WIDTH_RANGE
    bore = f"coalesce({','.join([*bores, f'{lowest:g}'])})"
    return f"scale_linear({bore},{lowest:g},{highest:g},{thin + extra:g},{thick + extra:g}) * {_zoom(0.5, 1.6)}"


def _zoom(least: float, most: float) -> str:
    """Return the factor by which symbols grow from a small to a large scale; 1 at 1:10000."""
    return f"clamp({least:g}, sqrt(10000 / coalesce(@map_scale, 10000)), {most:g})"


def line(colour: str, size: float, expression: str = "", pattern: str = "solid", level: int = 0) -> SymbolLayer:
    """Return a stroke; `expression` gives the width where it is data-defined."""
    dashed = pattern in _DASH
    values = {
        "capstyle": "flat" if dashed else "round",
        "joinstyle": "round",
        "line_color": rgba(colour),
        "line_style": "solid",
        "line_width": f"{size:g}",
        "line_width_unit": "MM",
        "use_custom_dash": "1" if dashed else "0",
        "customdash": _DASH.get(pattern, "5;2"),
        "customdash_unit": "MM",
    }
    return SymbolLayer("SimpleLine", values, {"outlineWidth": expression} if expression else {}, level)


def point(
    shape: str,
    colour: str,
    size: float,
    *,
    edge: str = INK,
    edge_width: float = 0.2,
    angle: float = 0.0,
    offset: str = "0,0",
    expressions: dict[str, str] | None = None,
) -> SymbolLayer:
    """Return a simple marker."""
    values = {
        "name": shape,
        "color": rgba(colour),
        "size": f"{size:g}",
        "size_unit": "MM",
        "scale_method": "diameter",
        "angle": f"{angle:g}",
        "offset": offset,
        "offset_unit": "MM",
        "outline_color": rgba(edge),
        "outline_style": "solid",
        "outline_width": f"{edge_width:g}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    return SymbolLayer("SimpleMarker", values, expressions or {})


def pipe(entry: Entry, context: Context) -> tuple[SymbolLayer, ...]:
    """Return a pipe as wide as its bore, with a thin white edge that parts it from streets and crossings."""
    size = width(context)
    if entry.pattern != "solid":
        return (line(entry.colour, 0.9, size, entry.pattern, LEVEL_LINE),)
    edge = line("#ffffff", 1.4, width(context, 0.4), level=LEVEL_EDGE)
    return edge, line(entry.colour, 1.0, size, level=LEVEL_LINE)


def unknown_pipe(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the thin grey dashes of a pipe without a value."""
    return (line(entry.colour, 0.35, pattern="dash", level=LEVEL_LINE),)


def planned(context: Context) -> tuple[SymbolLayer, ...]:
    """Return the white dashes inside a planned pipe; the ink lies under the pipe and is seen in the legend alone."""
    dashes = line("#ffffff", 0.4, f"{width(context)} * 0.4", "dash", LEVEL_MARK)
    return line(INK, 1.0, width(context), level=LEVEL_HALO), dashes


def halo(context: Context) -> tuple[SymbolLayer, ...]:
    """Return the marker-pen stroke under the critical path, finely edged."""
    edge = line(INK, 3.0, width(context, 2.0), level=LEVEL_HALO)
    return edge, line(HALO, 2.6, width(context, 1.6), level=LEVEL_HALO)


def arrow(context: Context) -> tuple[SymbolLayer, ...]:
    """Return an arrow in the middle of the line, in the sense of the sign of the supply flow."""
    turn = 'if("sup_flow_t_h" < 0, 270, 90)'
    size = f"{width(context)} * 0.7 + 1.4"
    head = point("triangle", "#ffffff", 2.2, edge_width=0.25, angle=90,
                 expressions={"angle": turn, "size": size})  # fmt: skip
    return (SymbolLayer("MarkerLine", {"placement": "centralpoint", "rotate": "1"}, {}, LEVEL_ARROW, (head,)),)


def station(entry: Entry, context: Context) -> tuple[SymbolLayer, ...]:
    """Return a station whose area grows with its load."""
    return (point(entry.marker or "circle", entry.colour, 3.2, expressions=_size_by_load(context)),)


def _size_by_load(context: Context) -> dict[str, str]:
    _, largest = context.facts.ranges.get((context.layer, "load_kw"), (0.0, 0.0))
    if largest <= 0:
        return {"size": f"3.2 * {_zoom(0.35, 1.2)}"}
    share = f'clamp(0, coalesce("load_kw", 0) / {largest:.6g}, 1)'
    return {"size": f"(2.2 + 3 * sqrt({share})) * {_zoom(0.35, 1.2)}"}


def changed_line(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return a line that something happened to, broad enough to lie under others that did."""
    return (line(entry.colour, 1.0, f"1.0 * {_zoom(0.6, 1.6)}", entry.pattern),)


def changed_point(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return a point that something happened to: a ring, so that what lies there is seen."""
    return (point("circle", "#ffffff", 4.2, edge=entry.colour, edge_width=0.9),)


def dot(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the small dot of a node."""
    return (point("circle", entry.colour, 1.5, edge_width=0.12),)


def source(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return a heat source: a large square with a star."""
    plate = point("square", entry.colour, 6.6, edge="#ffffff", edge_width=0.5)
    return plate, point("star", "#ffffff", 4.4, edge="#ffffff", edge_width=0.0)


def finding(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the mark of a finding; infos are small dots, since there are many and stations lie under them."""
    size = {"diamond": 3.6, "triangle": 3.2}.get(entry.marker, 1.3)
    return (point(entry.marker or "circle", entry.colour, size, edge="#ffffff", edge_width=0.3 if size > 2 else 0.15),)


def valve(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return a bow tie, for a check valve a triangle with a bar."""
    if entry.marker == "check":
        return point("triangle", entry.colour, 2.6, angle=90), point("line", INK, 2.6, edge_width=0.4, offset="1.2,0")
    left = point("triangle", entry.colour, 2.3, angle=90, offset="0,1.0", edge_width=0.25)
    return left, point("triangle", entry.colour, 2.3, angle=270, offset="0,1.0", edge_width=0.25)


def pump(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the circle with a triangle that stands for a pump."""
    body = point("circle", "#ffffff", 4.0, edge=entry.colour, edge_width=0.5)
    return body, point("triangle", entry.colour, 2.6, angle=90, edge=entry.colour, edge_width=0.0)


def cross(_context: Context) -> tuple[SymbolLayer, ...]:
    """Return the cross over a closed valve."""
    return (point("cross2", "#c0202f", 2.8, edge="#c0202f", edge_width=0.6),)


def street(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the pale band of a street."""
    return (line(entry.colour, 1.1, f"1.1 * {_zoom(0.3, 1.6)}"),)


def building(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the pale area of a building."""
    values = {
        "color": rgba(entry.colour),
        "style": "solid",
        "outline_color": rgba("#cfc9bd"),
        "outline_style": "solid",
        "outline_width": "0.12",
        "outline_width_unit": "MM",
    }
    return (SymbolLayer("SimpleFill", values),)


def area(entry: Entry, _context: Context) -> tuple[SymbolLayer, ...]:
    """Return the hatched area of what a trench may not cross, or only at a price."""
    values = {
        "color": rgba(entry.colour),
        "style": "f_diagonal" if entry.pattern == "solid" else entry.pattern,
        "outline_color": rgba(entry.colour),
        "outline_style": "solid",
        "outline_width": "0.2",
        "outline_width_unit": "MM",
    }
    return (SymbolLayer("SimpleFill", values),)
