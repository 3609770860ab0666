"""The pictures of the rules of topology: tiny drawings as they are drawn, and what the code makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely

from gisheat.checks import clean
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.operations import route, topology
from gisheat.topology import RepairRules, repair

CRS = "EPSG:4552"
ORIGIN = np.array([425_000.0, 5_090_000.0])
PANEL, HEIGHT, MARGIN = 300.0, 170.0, 24.0
COLOURS = ("#2166ac", "#b35806", "#1b7837", "#762a83", "#8c6d46")
"""Lines by feature; parts of one keep its colour, so that it is seen where a line was cut, by the dots."""
INK, PALE, FOUND = "#23262b", "#8a8f98", "#d7191c"
STREET, AREA = "#d9d5ca", "#e8c9b8"


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
    "pipe-split": Case("pipes", [[(0, 0), (16, 0)], [(8, 0), (8, 4)]], "pipe-split"),
    "very-short": Case("pipes", [[(0, 0), (8, 0)], [(8, 0), (8.7, 0.3)], [(8.7, 0.3), (16, 0)]], "very-short"),
    "multi-part": Case("streets", [[[(0, 0), (6, 0)], [(9, 0), (16, 0)]], [(6, 0), (7.5, 3), (9, 0)]], "multi-part"),
}  # fmt: skip


class Town(NamedTuple):
    """A drawing with stations and a source: verb, layers in metres, rule that is shown, options of the verb."""

    verb: Callable[..., Any]
    layers: Mapping[str, list[Any]]
    rule: str
    options: Mapping[str, Any] = MappingProxyType({})


CITY = {"supply_temp_c": 110.0, "return_temp_c": 60.0, "route_cost": "length"}
TOWNS: dict[str, Town] = {
    "dangle": Town(
        topology, {"pipes": [[(0, 0), (16, 0)], [(8, 0), (8, 4)]], "sources": [(0, 0)], "stations": [(16, 0)]}, "dangle"
    ),
    "connected": Town(
        topology, {"pipes": [[(0, 0), (16, 0)]], "sources": [(0, 0)], "stations": [(5, 4), (11, 3), (11, 5)]},
        "connected",
    ),
    "connected-past": Town(
        topology,
        {
            "pipes": [[(0, 0), (16, 0)]], "sources": [(0, 0)], "stations": [(8, 5)],
            "areas": [[(5.5, 1.5), (10, 1.5), (10, 3), (5.5, 3)]],
        },
        "connected",
    ),
    "not-connected": Town(
        topology, {"pipes": [[(0, 0), (16, 0)]], "sources": [(0, 0)], "stations": [(5, 1.5), (11, 5)]}, "not-connected",
        {"max_connection_m": 3.0},
    ),
    "unreachable": Town(
        route,
        {
            "streets": [[(0, 0), (10, 0)], [(10, 0), (10, 4)], [(13, 0), (16, 0)]], "sources": [(0, 0)],
            "stations": [(10, 4.4), (14.5, 0.6)],
        },
        "unreachable", CITY,
    ),
    "ring-impossible": Town(
        route,
        {
            "streets": [[(0, 0), (5, 2.5), (10, 0)], [(0, 0), (5, -2.5), (10, 0)], [(10, 0), (16, 0)]],
            "sources": [(0, 0)], "stations": [(16, 0.4)],
        },
        "ring-impossible", {**CITY, "ring_load_mw": 0.5},
    ),
}  # fmt: skip


def draw_rules() -> dict[str, str]:
    """Draw every case: SVG by name of the file."""
    drawn = {name: _draw(name, case) for name, case in CASES.items()}
    drawn |= {name: _draw_town(name, town) for name, town in TOWNS.items()}
    return {f"docs/images/rule-{name}.svg": picture for name, picture in drawn.items()}


def _draw(name: str, case: Case) -> str:
    drawn = gpd.GeoDataFrame(
        dict(case.columns),
        geometry=[_line(line) for line in case.lines],
        crs=CRS,
    )
    cleaned = clean(Layers({case.layer: drawn}, {}, pyproj.CRS(CRS)))
    done = repair(cleaned, RepairRules(**case.options))
    table = done.layers[case.layer]
    told = {f.rule for f in done.findings}
    findings = done.findings if case.rule in told else cleaned.findings
    found = [f for f in findings if f.rule == case.rule and f.point is not None]
    drawn = drawn.explode()
    bounds = shapely.total_bounds(drawn.geometry.to_numpy())
    parts = [
        _text(MARGIN, 18, "as drawn", PALE),
        _text(PANEL + MARGIN, 18, "repaired", PALE),
        *_panel(drawn.geometry.to_numpy(), drawn.index.to_numpy(), bounds, 0.0, found),
        *_panel(table.geometry.to_numpy(), table["source_fid"].to_numpy(), bounds, PANEL, []),
    ]
    return _picture(name, parts)


def _line(line: Any) -> Any:
    """A line, or a multi-line where the parts are listed."""
    several = not isinstance(line[0], tuple)
    return shapely.MultiLineString([_line(part) for part in line]) if several else _moved(shapely.LineString(line))


def _moved(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: xy + ORIGIN)


def _picture(name: str, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * PANEL:g} {HEIGHT:g}" font-family="sans-serif"'
        f' font-size="13"><title>{name}</title><rect width="{2 * PANEL:g}" height="{HEIGHT:g}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _draw_town(name: str, town: Town) -> str:
    """Run the verb on the town, and draw it before and after."""
    shapes = {"streets": shapely.LineString, "pipes": shapely.LineString, "areas": shapely.Polygon}
    with tempfile.TemporaryDirectory() as folder:
        file, result = Path(folder) / "town.gpkg", Path(folder) / "result.gpkg"
        for layer, drawn in town.layers.items():
            columns = {"kind": "forbidden"} if layer == "areas" else {f"{layer[:-1]}_id": range(len(drawn))}
            columns |= {"load_kw": 1000.0} if layer == "stations" else {}
            geometry = [_moved(shapes.get(layer, shapely.Point)(shape)) for shape in drawn]
            gpd.GeoDataFrame(columns, index=range(len(drawn)), geometry=geometry, crs=CRS).to_file(file, layer=layer)
        town.verb(file, result, **town.options)
        there = set(pyogrio.list_layers(result)[:, 0])
        tables = {n: gpd.read_file(result, layer=n) for n in ("pipes", "findings") if n in there}
        before = {layer: gpd.read_file(file, layer=layer).geometry.to_numpy() for layer in town.layers}
    bounds = shapely.total_bounds(np.concatenate(list(before.values())))
    found = tables["findings"].query("rule == @town.rule")
    rings = [(point.x, point.y) for point in found.geometry if point is not None]
    pipes = tables["pipes"].geometry.to_numpy() if "pipes" in tables else np.zeros(0, object)
    parts = [_text(MARGIN, 18, "as drawn", PALE), _text(PANEL + MARGIN, 18, town.verb.__name__, PALE)]
    for left, lines, ringed in ((0.0, before.get("pipes", np.zeros(0, object)), rings), (PANEL, pipes, [])):
        place = _placing(bounds, left)
        parts += [_path(place, area.exterior, f'fill="{AREA}"') for area in before.get("areas", ())]
        parts += [
            _path(place, line, f'fill="none" stroke="{STREET}" stroke-width="7"') for line in before.get("streets", ())
        ]
        parts += [_path(place, line, f'fill="none" stroke="{COLOURS[0]}" stroke-width="3"') for line in lines]
        parts += [f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="#762a83"/>'
                  for x, y in place(shapely.get_coordinates(before["stations"]))]  # fmt: skip
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{FOUND}"/>'
                  for x, y in place(shapely.get_coordinates(before["sources"]))]  # fmt: skip
        parts += _rings(place, ringed)
    return _picture(name, parts)


def _path(place: Callable[[np.ndarray], np.ndarray], shape: Any, look: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(shapely.get_coordinates(shape)))
    return f'<polyline points="{points}" {look}/>'


def _rings(place: Callable[[np.ndarray], np.ndarray], points: list[Any]) -> list[str]:
    rings = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="12" fill="none" stroke="{FOUND}" stroke-width="2"/>'
        for x, y in place(np.array(sorted(points), float).reshape(-1, 2))
    ]
    return list(dict.fromkeys(rings))


def _placing(bounds: np.ndarray, left: float) -> Callable[[np.ndarray], np.ndarray]:
    """Where coordinates lie in a panel."""
    width, height = np.maximum(bounds[2:] - bounds[:2], 1e-9)
    scale = min((PANEL - 2 * MARGIN) / width, (HEIGHT - 2.5 * MARGIN) / height)

    def place(xy: np.ndarray) -> np.ndarray:
        x = left + MARGIN + (xy[:, 0] - bounds[0]) * scale
        return np.column_stack([x, HEIGHT - MARGIN - (xy[:, 1] - bounds[1]) * scale])

    return place


def _panel(lines: np.ndarray, feature: np.ndarray, bounds: np.ndarray, left: float, found: list[Finding]) -> list[str]:
    """Lines with dots at their ends, and rings where findings are."""
    place = _placing(bounds, left)
    parts, dots = [], []
    for shape, number in zip(lines, feature.tolist(), strict=True):
        at = place(shapely.get_coordinates(shape))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="3"/>')
        dots += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{INK}"/>' for x, y in at[[0, -1]]]
    return [*parts, *dict.fromkeys(dots), *_rings(place, [f.point for f in found])]


def _text(x: float, y: float, words: str, colour: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}">{words}</text>'
