"""The pictures of the documentation: the reduced map, and the heads along the critical path of a result."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import numpy as np
from PIL import Image  # comes with matplotlib
from shapely.geometry.base import BaseGeometry

PICTURE_WIDTH = 2000
WIDTH, HEIGHT = 900, 470
LEFT, RIGHT, TOP, BOTTOM = 70, 210, 40, 55
INK, PALE = "#23262b", "#8a8f98"
SUPPLY, RETURN, STATIC, GROUND = "#c01f2e", "#2166ac", "#6a3d9a", "#8c6d46"


def reduce_picture(file: Path) -> bytes:
    """Make a PNG small enough for a repository."""
    with Image.open(file) as picture:
        height = round(picture.height * PICTURE_WIDTH / picture.width)
        small = picture.convert("RGB").resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
    reduced = small.quantize(255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    reduced.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


class _Sheet:
    """An SVG with metres along the trench to the right and metres of head upwards."""

    def __init__(self, length: float, low: float, high: float) -> None:
        self.length, self.low, self.high = length, low, high
        self.parts: list[str] = []

    def x(self, metres: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * metres / self.length

    def y(self, head: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (head - self.low) / (self.high - self.low)

    def line(self, along: np.ndarray, head: np.ndarray, colour: str, width: float = 2.0, dash: str = "") -> None:
        points = " ".join(f"{self.x(a):.1f},{self.y(h):.1f}" for a, h in zip(along, head, strict=True))
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def text(self, x: float, y: float, words: str, colour: str = INK, anchor: str = "start") -> None:
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{words}</text>')

    def between(self, x: float, low: float, high: float, words: str) -> None:
        """Draw an arrow for a difference of heads at a place on the sheet, with words to its right."""
        top, bottom = self.y(high), self.y(low)
        self.parts.append(f'<path d="M{x:.1f},{top:.1f}V{bottom:.1f}" stroke="{INK}"/>')
        for end in (top, bottom):
            self.parts.append(f'<path d="M{x - 5:.1f},{end:.1f}h10" stroke="{INK}"/>')
        self.text(x + 7, (top + bottom) / 2 + 4, words)

    def document(self, title: str) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
            f' font-size="13"><title>{title}</title>'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        )
        return "\n".join([head, *self.parts, "</svg>", ""])


def draw_heads(file: Path) -> str:
    """Draw ground, static line, supply and return head along the critical path, and name their differences."""
    path = gpd.read_file(file, layer="critical_path")
    nodes = gpd.read_file(file, layer="nodes").set_index("node_id")
    figures = gpd.read_file(file, layer="summary").set_index("key")["value"]
    names = [path["from_node"].iloc[0], *path["to_node"]]
    along = np.concatenate([[0.0], path["cumulated_length_m"]])
    supply, back, ground = (nodes.loc[names, c].to_numpy(float) for c in ("sup_head_m", "ret_head_m", "ground_m"))
    static = float(figures["static line"])

    low, high = 20.0 * np.floor(ground.min() / 20.0), 20.0 * np.ceil(supply.max() / 20.0)
    sheet = _Sheet(float(along[-1]), float(low), float(high))
    for head in np.arange(low, high + 1.0, 20.0):
        sheet.line(np.array([0.0, along[-1]]), np.array([head, head]), "#e4e6e9", 1.0)
        sheet.text(LEFT - 8, sheet.y(head) + 4, f"{head:.0f}", PALE, "end")
    for metres in np.arange(0.0, along[-1], 1000.0):
        sheet.text(sheet.x(metres), HEIGHT - BOTTOM + 20, f"{metres:.0f}", PALE, "middle")
    sheet.text(LEFT - 8, TOP - 18, "m above the datum", PALE, "start")
    sheet.text(sheet.x(along[-1] / 2), HEIGHT - 12, "trench from the source [m]", PALE, "middle")
    sheet.line(along, ground, GROUND)
    sheet.line(np.array([0.0, along[-1]]), np.array([static, static]), STATIC, 1.5, "7 4")
    sheet.line(along, supply, SUPPLY, 2.5)
    sheet.line(along, back, RETURN, 2.5)
    middle = along[-1] * 0.55
    sheet.text(sheet.x(middle), sheet.y(np.interp(middle, along, supply)) - 8, "supply head", SUPPLY)
    sheet.text(sheet.x(middle), sheet.y(np.interp(middle, along, back)) + 18, "return head", RETURN)
    sheet.text(sheet.x(middle), sheet.y(static) + 16, "static line", STATIC)
    sheet.text(sheet.x(middle), sheet.y(np.interp(middle, along, ground)) - 8, "ground", GROUND)

    start, end = sheet.x(0.0), sheet.x(along[-1])
    middle_head, pump = (back[0] + supply[0]) / 2, float(figures["pump head"])
    sheet.between(start + 26, back[0], supply[0], f"{supply[0] - back[0]:.1f} m between the terminals;")
    sheet.text(start + 33, sheet.y(middle_head) + 22, f"with the plant, pump head {pump:.1f} m")
    sheet.between(end + 14, supply[-1], supply[0], f"supply loss {supply[0] - supply[-1]:.1f} m")
    sheet.between(end + 14, back[-1], supply[-1], f"available head {supply[-1] - back[-1]:.1f} m")
    sheet.between(end + 14, back[0], back[-1], f"return loss {back[-1] - back[0]:.1f} m")
    below = sheet.y((back[-1] + supply[-1]) / 2) + 20
    sheet.text(
        end + 21, below, f"at {figures['worst station']}: {float(figures['least surplus head']):.1f} m surplus", PALE
    )
    return sheet.document("Heads along the critical path")


def draw_routes(file: Path) -> str:
    """Draw a routed town: streets pale, new trenches as wide as their role, rings dashed, stations and the source."""
    layers = {n: gpd.read_file(file, layer=n) for n in ("streets", "areas", "pipes", "stations", "sources")}
    west, south, east, north = layers["streets"].total_bounds + np.array([-60.0, -30.0, 60.0, 30.0])
    scale = WIDTH / (east - west)
    height = round(scale * (north - south))

    def path(shape: BaseGeometry) -> str:
        places = ((scale * (x - west), scale * (north - y)) for x, y in shape.coords)
        return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in places)

    parts = [f'<path d="{path(s.exterior)}Z" fill="#cfe2f3"/>' for s in layers["areas"].geometry]
    parts += [
        f'<path d="{path(s)}" fill="none" stroke="#d5d8dc" stroke-width="6"/>' for s in layers["streets"].geometry
    ]
    width = {"trunk": 4.0, "branch": 2.5, "connection": 1.5}
    for pipe in layers["pipes"].itertuples():
        dashed = "" if np.isnan(pipe.ring) else ' stroke-dasharray="8 5"'
        colour = SUPPLY if np.isnan(pipe.ring) else STATIC
        stroke = f'stroke="{colour}" stroke-width="{width[pipe.role]:g}"{dashed}'
        parts.append(f'<path d="{path(pipe.geometry)}" fill="none" {stroke}/>')
    for name, column, shape in (("stations", "station_id", "circle"), ("sources", "source_id", "rect")):
        for label, point in zip(layers[name][column], layers[name].geometry, strict=True):
            x, y = scale * (point.x - west), scale * (north - point.y)
            where = f'cx="{x:.1f}" cy="{y:.1f}" r="5"'
            if shape == "rect":
                where = f'x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14"'
            parts.append(f'<{shape} {where} fill="{INK}"/>')
            parts.append(f'<text x="{x + 8:.1f}" y="{y - 7:.1f}" fill="{INK}">{label}</text>')
    keys = (("trunk", SUPPLY, 4.0, ""), ("branch", SUPPLY, 2.5, ""), ("connection", SUPPLY, 1.5, ""),
            ("closes a ring", STATIC, 4.0, ' stroke-dasharray="8 5"'))  # fmt: skip
    for i, (word, colour, thick, dashed) in enumerate(keys):
        x, y = 30 + 190 * i, height + 15
        parts.append(f'<path d="M{x},{y}h40" stroke="{colour}" stroke-width="{thick:g}"{dashed}/>')
        parts.append(f'<text x="{x + 48}" y="{y + 4}" fill="{INK}">{word}</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 30}" font-family="sans-serif"'
        f' font-size="13"><title>A routed town</title><rect width="{WIDTH}" height="{height + 30}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])
