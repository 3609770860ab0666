"""A network as a CAD drawing as it comes from an office: pipes on layers by diameter, ends that do not meet.

Stations and sources are blocks with attributes; the pipes end at the edge of their symbols. Every other end is off by
up to 0.2 m, as nobody snapped.
"""

from __future__ import annotations

from pathlib import Path

import ezdxf
import geopandas as gpd
import numpy as np
import shapely
from pyogrio import read_dataframe

RADIUS = 4.0
"""Of the symbols [m]."""
NOISE = 0.2
"""Farthest that an end lies from where it belongs [m]."""
STATED = {
    "stations": (
        "station_id", "name", "phase", "heated_area_m2", "heat_index_w_m2", "supply_temp_c", "return_temp_c",
        "required_head_m", "control", "ground_m",
    ),
    "sources": (
        "source_id", "name", "role", "phase", "supply_temp_c", "return_temp_c", "static_head_m", "plant_loss_m",
        "head_reserve_m", "pump_control", "ground_m",
    ),
}  # fmt: skip
BLOCKS = {"stations": ("热力站", "HRZ"), "sources": ("热源", "RYC")}


def draw_office(result: Path, target: Path, *, noise: float = NOISE, seed: int = 7) -> dict[str, gpd.GeoDataFrame]:
    """Draw the network of a result as an office would; the layers that were drawn, as they are."""
    layers = {name: read_dataframe(result, layer=name) for name in ("pipes", *BLOCKS)}
    layers["sources"] = layers["sources"].iloc[:1]
    document = ezdxf.new("R2010", units=6)
    space, random = document.modelspace(), np.random.default_rng(seed)
    symbols = []
    for name, (cad_layer, block_name) in BLOCKS.items():
        document.layers.add(cad_layer, color=1)
        block = document.blocks.new(block_name)
        block.add_circle((0, 0), RADIUS)
        block.add_line((-RADIUS, 0), (RADIUS, 0))
        for number, tag in enumerate(STATED[name]):
            block.add_attdef(tag.upper(), (0, -number), dxfattribs={"invisible": number > 1})
        for row in layers[name].itertuples():
            where = (row.geometry.x, row.geometry.y)
            insert = space.add_blockref(block_name, where, dxfattribs={"layer": cad_layer})
            values = {tag: getattr(row, tag, None) for tag in STATED[name]}
            insert.add_auto_attribs(
                {
                    t.upper(): str(v)
                    for t, v in values.items()
                    if v is not None and not (isinstance(v, float) and np.isnan(v))
                }
            )
            symbols.append(where)
    edge = shapely.buffer(shapely.points(symbols), RADIUS)
    for row in layers["pipes"].itertuples():
        cad_layer = f"热力管-DN{row.dn_mm:g}"
        if cad_layer not in document.layers:
            document.layers.add(cad_layer, color=5)
        places = _with_open_ends(row.geometry, edge, random, noise)
        space.add_lwpolyline(places, dxfattribs={"layer": cad_layer})
    document.saveas(target)
    return layers


def _with_open_ends(
    line: shapely.LineString, edge: np.ndarray, random: np.random.Generator, noise: float
) -> np.ndarray:
    """Vertices of a line that stops at the symbols at its ends, and misses everything else a little."""
    at = [edge[shapely.intersects(edge, shapely.get_point(line, end))] for end in (0, -1)]
    short = [RADIUS if len(found) else 0.0 for found in at]
    if line.length > sum(short) + 1.0:
        line = shapely.ops.substring(line, short[0], line.length - short[1])
    places = shapely.get_coordinates(line)
    for end, cut in ((0, short[0]), (-1, short[1])):
        if not cut:
            angle, off = random.uniform(0.0, 2.0 * np.pi), random.uniform(0.3, 1.0) * noise
            places[end] += off * np.array([np.cos(angle), np.sin(angle)])
    return places
