"""The pictures of the rules of topology: tiny drawings as they are drawn, and what the code makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gisheat.checks import clean
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.topology import RepairRules, repair

CRS = "EPSG:4552"
ORIGIN = np.array([425_000.0, 5_090_000.0])
PANEL, HEIGHT, MARGIN = 300.0, 170.0, 24.0
COLOURS = ("#2166ac", "#b35806", "#1b7837", "#762a83", "#8c6d46")
"""Lines by feature; parts of one keep its colour, so that it is seen where a line was cut, by the dots."""
INK, PALE, FOUND = "#23262b", "#8a8f98", "#d7191c"


class Case(NamedTuple):
    """A drawing: layer, lines in metres, rule that is shown, columns, options of the repair."""

    layer: str
    lines: list[Any]
    rule: str
    columns: Mapping[str, Any] = MappingProxyType({})
    options: Mapping[str, Any] = MappingProxyType({})


CASES: dict[str, Case] = {
    "end-snapped": Case("pipes", [[(0, 0), (9.7, 0)], [(10, 0.3), (16, 3)], [(5, 0.4), (5, 5)]], "end-snapped"),
    "left-apart": Case("pipes", [[(0, 0), (8, 0)], [(8.4, 0), (8.4, 4)], [(8.8, 0), (16, 0)]], "left-apart"),
    "near-miss": Case("streets", [[(0, 0), (16, 0)], [(8, 1), (8, 5)]], "near-miss"),
    "crossing-joined": Case("streets", [[(0, 0), (16, 0)], [(8, -3), (8, 3)]], "crossing-joined"),
    "crossing-kept": Case(
        "streets", [[(0, 0), (16, 0)], [(8, -3), (8, 3)]], "crossing-kept", {"bridge": [None, "yes"]}
    ),
    "self-crossing": Case("streets", [[(0, 0), (12, 0), (12, 4), (6, 4), (6, -3)]], "self-crossing"),
    "doubled": Case("pipes", [[(0, 0), (16, 0)], [(16, 0), (0, 0)], [(8, 0), (8, 4)]], "doubled"),
    "overlap": Case("streets", [[(0, 0), (11, 0)], [(5, 0), (11, 0), (16, 3)]], "overlap"),
    "collapsed": Case("pipes", [[(0, 0), (8, 0)], [(8, 0), (8.3, 0.2)], [(8.3, 0.2), (16, 0)]], "collapsed"),
    "pseudo-node": Case(
        "streets", [[(0, 0), (6, 1)], [(12, 0), (6, 1)], [(12, 0), (16, 3)], [(12, 0), (16, -3)]], "pseudo-node", {},
        {"merge_pseudo_nodes": True},
    ),
    "parallel-pair": Case(
        "pipes", [[(0, 0), (16, 0)], [(0, -1.5), (9, -1.5)], [(9, -1.5), (16, -1.5)]], "parallel-pair",
        {"line": ["supply", "return", "return"]}, {"parallel_pairs": "merge"},
    ),
    "closed-line": Case("streets", [[(0, 0), (6, 0)], [(6, 0), (11, 3), (15, 0), (11, -3), (6, 0)]], "closed-line"),
    "island": Case("streets", [[(0, 0), (16, 0)], [(5, 0), (5, 4)], [(9, 3), (15, 3)]], "island"),
}  # fmt: skip


def draw_rules() -> dict[str, str]:
    """Draw every case: SVG by name of the file."""
    return {f"docs/images/rule-{name}.svg": _draw(name, case) for name, case in CASES.items()}


def _draw(name: str, case: Case) -> str:
    drawn = gpd.GeoDataFrame(
        dict(case.columns),
        geometry=[shapely.LineString(np.array(line, float) + ORIGIN) for line in case.lines],
        crs=CRS,
    )
    done = repair(clean(Layers({case.layer: drawn}, {}, pyproj.CRS(CRS))), RepairRules(**case.options))
    table = done.layers[case.layer]
    found = [f for f in done.findings if f.rule == case.rule and f.point is not None]
    bounds = shapely.total_bounds(drawn.geometry.to_numpy())
    parts = [
        _text(MARGIN, 18, "as drawn", PALE),
        _text(PANEL + MARGIN, 18, "repaired", PALE),
        *_panel(drawn.geometry.to_numpy(), np.arange(len(drawn)), bounds, 0.0, found),
        *_panel(table.geometry.to_numpy(), table["source_fid"].to_numpy(), bounds, PANEL, []),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * PANEL:g} {HEIGHT:g}" font-family="sans-serif"'
        f' font-size="13"><title>{name}</title><rect width="{2 * PANEL:g}" height="{HEIGHT:g}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _panel(lines: np.ndarray, feature: np.ndarray, bounds: np.ndarray, left: float, found: list[Finding]) -> list[str]:
    """Lines with dots at their ends, and rings where findings are."""
    width, height = np.maximum(bounds[2:] - bounds[:2], 1e-9)
    scale = min((PANEL - 2 * MARGIN) / width, (HEIGHT - 2.5 * MARGIN) / height)

    def place(xy: np.ndarray) -> np.ndarray:
        x = left + MARGIN + (xy[:, 0] - bounds[0]) * scale
        return np.column_stack([x, HEIGHT - MARGIN - (xy[:, 1] - bounds[1]) * scale])

    parts, dots = [], []
    for shape, number in zip(lines, feature.tolist(), strict=True):
        at = place(shapely.get_coordinates(shape))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="3"/>')
        dots += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{INK}"/>' for x, y in at[[0, -1]]]
    rings = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="none" stroke="{FOUND}" stroke-width="2"/>'
        for x, y in place(np.array([f.point for f in found]).reshape(-1, 2))
    ]
    return [*parts, *dict.fromkeys(dots), *dict.fromkeys(rings)]


def _text(x: float, y: float, words: str, colour: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}">{words}</text>'
