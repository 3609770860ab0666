"""Entities of a DXF document as lines and points in the unit of the drawing, blocks taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gisheat.layers.cad.document import FAULTS

if TYPE_CHECKING:
    from ezdxf.document import Drawing

Array = NDArray[np.float64]

SAGITTA = 0.01
"""Farthest that the chords of arcs, bulges and splines leave the curve [m]."""
LINES = ("LINE", "LWPOLYLINE", "POLYLINE", "MLINE", "ARC", "ELLIPSE", "SPLINE")
"""Entities that are lines."""
EXTERNAL = "external reference"
"""What a block is called that lies in another drawing."""
NESTED = 1 << 20
"""A part of a block, or of a block in it, has the number of the outer block times this, and its own place there."""
FRAME = 16
"""Flag of a vertex that only guides the curve of an old polyline."""
DEEPEST = 16
"""Blocks in blocks beyond this are not looked into."""
INHERITS = "0"
"""Layer of a block's parts that lie on the layer of the block itself."""


@dataclass(slots=True)
class Feature:
    """One line or point of a drawing, coordinates as drawn; `place` has shape (vertices, 3)."""

    fid: int
    handle: str
    layer: str
    kind: str
    """line or point."""
    place: Array
    closed: bool = False
    block: str = ""
    colour: str = ""
    linetype: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    outline: Array | None = None
    """Corners of the symbol of a point, shape (corners, 2)."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text of a drawing: where it stands, its height, what it says."""

    layer: str
    place: tuple[float, float]
    height: float
    text: str


@dataclass(slots=True)
class Content:
    """What the model space of a drawing holds."""

    features: list[Feature] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many entities were not read, by layer and type."""
    invisible: int = 0
    external: set[str] = field(default_factory=set)
    """Names of external references."""
    multiple: Counter[str] = field(default_factory=Counter)
    """Multilines by layer, of which the middle was read."""
    curved: set[str] = field(default_factory=set)
    """Layers with arcs, bulges or splines."""
    symbols_with_lines: Counter[str] = field(default_factory=Counter)
    """Blocks by layer whose lines were taken for a symbol."""


def read_entities(document: Drawing, sagitta: float) -> Content:
    """Read the model space; arcs become chords that leave them by no more than `sagitta` [units of the drawing]."""
    content = Content()
    _Reader(document, sagitta, content).read(document.modelspace())
    return content


class _Reader:
    """Walks through entities and the blocks in them; knows what it has learnt of each block."""

    def __init__(self, document: Drawing, sagitta: float, content: Content) -> None:
        from ezdxf.lldxf.const import DXFError

        self._faults = (DXFError, *FAULTS)
        self.document, self.sagitta, self.content = document, sagitta, content
        self._top = self._part = 0
        self._own_lines: dict[str, bool] = {}
        self._corners: dict[str, Array | None] = {}

    def read(self, entities: Iterable[Any]) -> None:
        """Read the entities of the model space."""
        for entity in entities:
            handle = entity.dxf.handle or ""
            self._top, self._part = _number(handle), 0
            self._one(entity, self._top, handle, _value(entity, "layer", INHERITS), 0)

    def _read_parts(self, entities: Iterable[Any], handle: str, outer: str, depth: int) -> None:
        """Read the parts of a block on the layer `outer`."""
        for number, entity in enumerate(entities, 1):
            layer = _value(entity, "layer", INHERITS)
            self._one(entity, self._next(), f"{handle}/{number}", outer if layer == INHERITS else layer, depth)

    def _next(self) -> int:
        self._part += 1
        return self._top * NESTED + self._part

    def _one(self, entity: Any, fid: int, handle: str, layer: str, depth: int) -> None:
        if _value(entity, "invisible", 0):
            self.content.invisible += 1
            return
        try:
            self._read(entity, fid, handle, layer, depth)
        except self._faults:
            self.content.left_out[layer, f"damaged {entity.dxftype()}"] += 1

    def _read(self, entity: Any, fid: int, handle: str, layer: str, depth: int) -> None:
        kind = entity.dxftype()
        if kind == "INSERT":
            self._insert(entity, fid, handle, layer, depth)
        elif kind in ("TEXT", "MTEXT"):
            self._label(entity, layer)
        elif kind in ("POINT", "CIRCLE"):
            feature = Feature(fid, handle, layer, "point", _point(entity), **self._look(entity, layer))
            if kind == "CIRCLE":
                radius, (x, y, _) = float(entity.dxf.radius), feature.place[0]
                feature.outline = np.array([[x - radius, y - radius], [x + radius, y + radius]])
            self._add(feature, kind)
        elif kind in LINES and not (kind == "POLYLINE" and (entity.is_polygon_mesh or entity.is_poly_face_mesh)):
            place, closed = _vertices(entity, self.sagitta)
            if kind == "MLINE":
                self.content.multiple[layer] += 1
            elif kind != "LINE" and getattr(entity, "has_arc", True):
                self.content.curved.add(layer)
            self._add(Feature(fid, handle, layer, "line", place, closed, **self._look(entity, layer)), kind)
        else:
            self.content.left_out[layer, kind] += 1

    def _add(self, feature: Feature, kind: str) -> None:
        if len(feature.place) and np.isfinite(feature.place).all():
            self.content.features.append(feature)
        else:
            self.content.left_out[feature.layer, f"{kind} without coordinates"] += 1

    def _look(self, entity: Any, layer: str) -> dict[str, Any]:
        """Colour and line type of an entity, those of its layer where it says BYLAYER; and the values that we wrote."""
        style = self.document.layers.get(layer) if layer in self.document.layers else None
        colour, linetype = int(entity.dxf.get("color", 256)), str(entity.dxf.get("linetype", "BYLAYER"))
        if colour == 256 and style is not None:
            colour = abs(int(style.dxf.get("color", 7)))
        if linetype.upper() == "BYLAYER" and style is not None:
            linetype = str(style.dxf.get("linetype", "CONTINUOUS"))
        rgb = entity.rgb if entity.dxf.hasattr("true_color") else None
        written = f"{colour}" if rgb is None else "#{:02x}{:02x}{:02x}".format(*rgb)
        return {"colour": written, "linetype": linetype, "attributes": written_values(entity)}

    def _label(self, entity: Any, layer: str) -> None:
        text, place = entity.plain_text(), entity.dxf.insert
        if entity.dxftype() == "TEXT":
            aligned = entity.dxf.get("align_point") if entity.dxf.get("halign", 0) else None
            place = entity.ocs().to_wcs(aligned or place)
        x, y, _ = place
        height = float(_value(entity, "height" if entity.dxftype() == "TEXT" else "char_height", 0.0))
        if text.strip():
            self.content.labels.append(Label(layer, (float(x), float(y)), height, " ".join(text.split())))

    # blocks --------------------------------------------------------------------------------------------

    def _insert(self, insert: Any, fid: int, handle: str, layer: str, depth: int) -> None:
        block: Any = self.document.blocks.get(insert.dxf.name)
        if block is None:
            self.content.left_out[layer, "INSERT of a block that is not there"] += 1
            return
        if block.block is not None and block.block.is_xref:
            self.content.external.add(block.name)
            self.content.left_out[layer, EXTERNAL] += 1
            return
        several = list(insert.multi_insert()) if insert.mcount > 1 else [insert]
        for number, one in enumerate(several, 1):
            own, said = (fid, handle) if len(several) == 1 else (self._next(), f"{handle}/{number}")
            values = {a.dxf.tag.strip(): a.plain_text().strip() for a in insert.attribs if a.dxf.tag.strip()}
            x, y, z = one.ocs().to_wcs(one.dxf.insert)
            look = {**self._look(insert, layer), "attributes": values}
            point = Feature(own, said, layer, "point", np.array([[x, y, z]]), block=_block_name(insert), **look)
            point.outline = self._outline(one, block)
            self._add(point, "INSERT")
            if depth < DEEPEST and not values and self._has_own_lines(block.name, frozenset()):
                self._read_parts(one.virtual_entities(), said, layer, depth + 1)
            elif any(part.dxftype() in LINES for part in block):
                self.content.symbols_with_lines[layer] += 1

    def _has_own_lines(self, name: str, above: frozenset[str]) -> bool:
        """Whether a block, or one in it, has lines or blocks on a layer of their own: it is a part of the plan.

        What lies on layer 0 alone is the symbol of the point.
        """
        if name not in self._own_lines:
            block: Any = self.document.blocks.get(name)
            parts = [] if block is None or name in above else list(block)
            self._own_lines[name] = any(
                part.dxftype() in (*LINES, "INSERT") and part.dxf.get("layer", INHERITS) != INHERITS for part in parts
            ) or any(self._has_own_lines(part.dxf.name, above | {name}) for part in parts if part.dxftype() == "INSERT")
        return self._own_lines[name]

    def _outline(self, insert: Any, block: Any) -> Array | None:
        """Corners of the box around a symbol where it is placed, shape (4, 2)."""
        from ezdxf import bbox

        if block.name not in self._corners:
            shapes = [part for part in block if part.dxftype() not in ("ATTDEF", "TEXT", "MTEXT", "INSERT")]
            box = bbox.extents(shapes, fast=True)
            found = [(v.x, v.y, 0.0) for v in box.rect_vertices()] if box.has_data else []
            self._corners[block.name] = np.array(found) if found else None
        corners = self._corners[block.name]
        if corners is None:
            return None
        placed = insert.matrix44().transform_vertices(corners)
        return np.array([[v.x, v.y] for v in placed])


def _value(entity: Any, name: str, default: Any) -> Any:
    """An attribute of an entity, the default where its kind has none of the name."""
    return entity.dxf.get(name, default) if entity.dxf.is_supported(name) else default


def _number(handle: str) -> int:
    try:
        return int(handle, 16)
    except ValueError:
        return 0


def _block_name(insert: Any) -> str:
    """Name of the block, of a dynamic one (*U12) the name that its author gave it."""
    name = str(insert.dxf.name)
    if not name.startswith("*"):
        return name
    from ezdxf.dynblkhelper import get_dynamic_block_definition

    try:
        true = get_dynamic_block_definition(insert)
    except (AttributeError, ValueError, KeyError, IndexError):
        return name
    return name if true is None else str(true.name)


def _point(entity: Any) -> Array:
    if entity.dxftype() == "POINT":
        return np.array([entity.dxf.location.xyz], float)
    return np.array([entity.ocs().to_wcs(entity.dxf.center).xyz], float)


def _vertices(entity: Any, sagitta: float) -> tuple[Array, bool]:
    """Vertices of a line in the world's coordinates, shape (vertices, 3), and whether it is closed."""
    kind = entity.dxftype()
    if kind == "LINE":
        return np.array([entity.dxf.start.xyz, entity.dxf.end.xyz], float), False
    if kind == "MLINE":
        return _middle(entity), bool(entity.is_closed)
    if kind not in ("LWPOLYLINE", "POLYLINE"):
        return _array(entity.flattening(sagitta)), bool(getattr(entity, "closed", False))
    closed = bool(entity.is_closed)
    if kind == "LWPOLYLINE":
        points = np.array(entity.get_points("xyb"), float).reshape(-1, 3)
        place, bulge, height = points[:, :2], points[:, 2], np.full(len(points), float(entity.dxf.elevation))
    else:
        kept = [v for v in entity.vertices if not v.dxf.flags & FRAME]
        place = np.array([v.dxf.location.xyz for v in kept], float).reshape(-1, 3)
        bulge = np.array([v.dxf.get("bulge", 0.0) for v in kept], float)
        elevation = entity.dxf.elevation.z if entity.dxf.hasattr("elevation") else 0.0
        place, height = place[:, :2], np.full(len(place), elevation) if entity.is_2d_polyline else place[:, 2]
    if closed and len(place) > 1:
        place, height = np.vstack([place, place[:1]]), np.append(height, height[0])
    if np.any(bulge):
        place = with_arcs(place, bulge, sagitta)
        height = np.full(len(place), height[0])
    found = np.column_stack([place, height])
    if entity.dxf.hasattr("extrusion") and not (kind == "POLYLINE" and entity.is_3d_polyline):
        found = _array(entity.ocs().points_to_wcs(found))
    return found, closed


def _middle(multiline: Any) -> Array:
    """Line in the middle between the outermost lines of a multiline, shape (vertices, 3).

    Each vertex says how far from it, along its mitre, each of the lines is.
    """
    places = []
    for vertex in multiline.vertices:
        apart = [lengths[0] for lengths in vertex.line_params if lengths] or [0.0]
        places.append(vertex.location + vertex.miter_direction * ((min(apart) + max(apart)) / 2.0))
    return _array(places + places[:1] if multiline.is_closed else places)


def with_arcs(place: Array, bulge: Array, sagitta: float) -> Array:
    """Vertices of a polyline whose bulges (tangent of a quarter of the arc, positive to the left) became chords.

    Parameters
    ----------
    place : array, shape (vertices, 2)
    bulge : array, shape (vertices,) or (vertices - 1,)
        Of the segment that begins at each vertex.
    sagitta : float
        Farthest that a chord may leave its arc, in the unit of `place`.
    """
    parts = []
    for start, end, b in zip(place[:-1], place[1:], bulge, strict=False):
        chord = end - start
        size = float(np.hypot(*chord))
        parts.append(start[None])
        if b == 0.0 or size == 0.0:
            continue
        radius, angle = size * (1.0 + b * b) / (4.0 * abs(b)), 4.0 * np.arctan(b)
        centre = (start + end) / 2.0 + np.array([-chord[1], chord[0]]) * (1.0 - b * b) / (4.0 * b)
        step = 2.0 * np.arccos(max(1.0 - sagitta / radius, 0.5))
        turn = np.linspace(0.0, angle, int(np.ceil(abs(angle) / step)) + 1)[1:-1]
        x, y = start - centre
        parts.append(
            centre + np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])
        )
    return np.vstack([*parts, place[-1:]])


def _array(vertices: Iterable[Any]) -> Array:
    return np.array([v.xyz for v in vertices], float).reshape(-1, 3)


# values that gisheat wrote -----------------------------------------------------------------------------

APPLICATION = "GISHEAT"
"""Name under which `export` leaves the values of a feature as extended data."""


def written_values(entity: Any) -> dict[str, str]:
    """Values by column that `export` has left in an entity; empty without."""
    if not entity.has_xdata(APPLICATION):
        return {}
    pairs = (str(tag.value).partition("=") for tag in entity.get_xdata(APPLICATION) if tag.code == 1000)
    return {name: value for name, sign, value in pairs if sign}


def names_of_values(features: Iterable[Feature]) -> Iterator[str]:
    """Names of attributes, each once, in the order in which they appear."""
    seen: dict[str, None] = {}
    for feature in features:
        seen.update(dict.fromkeys(feature.attributes))
    return iter(seen)
