"""Draw Mulan badly: the sample `mulan` with every kind of drawing defect, each at a known place.

Reads ``../mulan/mulan.gpkg`` and writes ``mulan_dirty.gpkg`` and ``facts/defects.csv`` beside this file: which
rule of gisheat finds which feature where. Nothing is random and no clock is read.
"""

from __future__ import annotations

import math
import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from shapely import LineString, MultiLineString, Point, to_wkb
from shapely.ops import linemerge, substring

HERE = Path(__file__).resolve().parent
CLEAN = HERE.parent / "mulan" / "mulan.gpkg"
Row = dict[str, Any]
ID = {"streets": "street_id", "pipes": "pipe_id", "stations": "station_id", "sources": "source_id"}
LAYER_NAMES = {"streets": "道路", "pipes": "管道", "nodes": "节点", "stations": "热力站", "sources": "热源"}
COLUMN_NAMES = {
    "streets": {"street_id": "道路编号", "name": "道路名称", "class": "等级", "cost_factor": "费用系数"},
    "pipes": {
        "pipe_id": "管段编号", "status": "状态", "phase": "期别", "level": "管网级别", "role": "类别",
        "line": "供回水", "dn_mm": "管径", "outer_diameter_mm": "外径", "wall_mm": "壁厚",
        "inner_diameter_mm": "内径", "roughness_mm": "粗糙度", "local_loss_fraction": "局部阻力当量长度比",
    },
    "stations": {"heated_area_m2": "供热面积(万m2)", "name": "名称"},
}  # fmt: skip
WORDS = {
    "status": {"existing": "现状", "planned": "规划", "abandoned": "废弃"},
    "role": {"trunk": "主干线", "branch": "支线", "connection": "户线"},
    "line": {"pair": "供回水", "supply": "供水", "return": "回水"},
}
STRAIGHT_M = 0.01  # a vertex nearer to the line between its neighbours is left out of a long line


class Defect(NamedTuple):
    """What was planted: the rule that finds it, the feature, another one it has to do with, the place."""

    rule: str
    layer: str
    row: Row
    other: Row | None
    place: tuple[float, float]
    what: str


class Drawing:
    """The layers as lists of rows, and what was done to them."""

    def __init__(self) -> None:
        self.layers: dict[str, list[Row]] = {
            name: gpd.read_file(CLEAN, layer=name).to_dict("records") for name in LAYER_NAMES
        }
        self.layers["sources"] = [row for row in self.layers["sources"] if row["role"] != "reserve"]
        self.crs = gpd.read_file(CLEAN, layer="pipes").crs
        self.defects: list[Defect] = []

    def row(self, layer: str, name: str) -> Row:
        """Return the row with an identifier."""
        return next(row for row in self.layers[layer] if row[ID[layer]] == name)

    def plant(
        self, rule: str, layer: str, row: Row, place: tuple[float, ...], what: str, other: Row | None = None
    ) -> None:
        """Note a defect."""
        self.defects.append(Defect(rule, layer, row, other, (place[0], place[1]), what))

    def add(self, layer: str, like: str, name: str, shape: object, **more: object) -> Row:
        """Append a feature with the columns of another one."""
        row = self.row(layer, like) | {ID[layer]: name, "geometry": shape} | more
        self.layers[layer].append(row)
        return row


def moved(
    point: tuple[float, ...], towards: tuple[float, ...], distance: float, turn_deg: float = 0.0
) -> tuple[float, float]:
    """Move a point towards another one, or away from it, or to its side; to the millimetre."""
    angle = math.atan2(towards[1] - point[1], towards[0] - point[0]) + math.radians(turn_deg)
    return round(point[0] + distance * math.cos(angle), 3), round(point[1] + distance * math.sin(angle), 3)


def middle(line: LineString) -> tuple[float, ...]:
    """Return the middle of a line."""
    return line.interpolate(0.5, normalized=True).coords[0]


def cut(line: LineString, share: float) -> tuple[LineString, LineString]:
    """Cut a line in two at a share of its length, to the millimetre."""
    at = line.interpolate(share, normalized=True).coords[0]
    place = round(at[0], 3), round(at[1], 3)
    first, second = substring(line, 0.0, share, normalized=True), substring(line, share, 1.0, normalized=True)
    return LineString([*first.coords[:-1], place]), LineString([place, *second.coords[1:]])


# ---------------------------------------------------------------- kinds of defects


def move_end(
    drawing: Drawing, layer: str, name: str, end: int, gap: float, turn_deg: float = 0.0, onto: Row | None = None
) -> None:
    """Draw an end off its node or off a line: short of it, beside it (turn 90), or beyond it (turn 180)."""
    row = drawing.row(layer, name)
    points = list(row["geometry"].coords)
    if onto and onto["geometry"].distance(Point(points[end])) > STRAIGHT_M:
        raise ValueError(f"{name} does not end on {onto[ID[layer]]}")
    node = points[end]
    points[end] = moved(node, points[1 if end == 0 else -2], gap, turn_deg)
    row["geometry"] = LineString(points)
    how = {0.0: "short of", 90.0: "beside", 180.0: "beyond"}[turn_deg]
    where = "a line that is not cut there" if onto else "its node"
    drawing.plant("end-snapped", layer, row, node, f"end {gap} m {how} {where}", onto)


def draw_through(drawing: Drawing, layer: str, names: list[str], new_name: str = "") -> Row:
    """Draw several lines as one that is not cut where the others end."""
    rows = [drawing.row(layer, name) for name in names]
    line = linemerge([row["geometry"] for row in rows])
    assert isinstance(line, LineString), names
    points = [line.coords[0]]
    for point, following in zip(line.coords[1:-1], line.coords[2:], strict=True):
        if LineString([points[-1], following]).distance(Point(point)) > STRAIGHT_M:
            points.append(point)
    rows[0]["geometry"] = LineString([*points, line.coords[-1]])
    rows[0][ID[layer]] = new_name or names[0]
    for row in rows[1:]:
        drawing.layers[layer].remove(row)
    return rows[0]


def cut_again(drawing: Drawing, layer: str, name: str, new_name: str) -> None:
    """Cut a line once more where nothing else is; existing pipes stay so, streets are joined again."""
    row = drawing.row(layer, name)
    row["geometry"], rest = cut(row["geometry"], 0.45)
    new = drawing.add(layer, name, new_name, rest)
    if layer == "streets":
        drawing.plant("pseudo-node", layer, row, rest.coords[0], "cut once more, where nothing else is", new)


def draw_twice(drawing: Drawing, layer: str, name: str, new_name: str, *, reverse: bool) -> None:
    """Draw a line a second time."""
    row = drawing.row(layer, name)
    line = row["geometry"].reverse() if reverse else row["geometry"]
    double = drawing.add(layer, name, new_name, line)
    drawing.plant("doubled", layer, double, middle(line), "drawn again" + ", backwards" * reverse, row)


def draw_over(drawing: Drawing, layer: str, name: str, new_name: str, first: float, last: float) -> None:
    """Draw a stretch of a line a second time."""
    row = drawing.row(layer, name)
    line = substring(row["geometry"], first, last, normalized=True)
    over = drawing.add(layer, name, new_name, LineString([(round(x, 3), round(y, 3)) for x, y in line.coords]))
    drawing.plant("doubled", layer, over, middle(over["geometry"]), "drawn over a stretch of another line", row)


def draw_beyond(drawing: Drawing, layer: str, name: str, new_name: str, beyond: float) -> None:
    """Draw the first half of a straight line a second time, and on past its start."""
    row = drawing.row(layer, name)
    half, _ = cut(row["geometry"], 0.5)
    start, end = half.coords
    over = drawing.add(layer, name, new_name, LineString([moved(start, end, beyond, 180.0), end]))
    drawing.plant("overlap", layer, over, middle(half), f"lies on another line, and goes {beyond:g} m on", row)


def draw_in_parts(drawing: Drawing, layer: str, names: list[str]) -> None:
    """Make one feature of several parts of lines."""
    rows = [drawing.row(layer, name) for name in names]
    parts = [row["geometry"] for row in rows] if len(rows) > 1 else cut(rows[0]["geometry"], 0.4)
    rows[0]["geometry"] = MultiLineString(parts)
    for row in rows[1:]:
        drawing.layers[layer].remove(row)
    place = rows[0]["geometry"].interpolate(0.5, normalized=True).coords[0]
    drawing.plant("multi-part", layer, rows[0], place, f"one feature of {len(parts)} parts")


# ---------------------------------------------------------------- what is planted where


def spoil_streets(drawing: Drawing) -> None:
    """Plant the defects of the streets."""
    layer, row = "streets", drawing.row
    for name, end, gap, turn in (
        ("ST079", 0, 0.3, 0.0), ("ST088", -1, 0.4, 0.0), ("ST204", 0, 0.2, 0.0), ("ST081", 0, 0.25, 0.0),
        ("ST246", 0, 0.3, 180.0), ("ST164", 0, 0.35, 180.0), ("ST040", 0, 0.3, 90.0), ("ST186", -1, 0.4, 90.0),
    ):  # fmt: skip
        move_end(drawing, layer, name, end, gap, turn)

    # long lines that the ends of others touch, or nearly
    long = draw_through(drawing, layer, ["ST079", "ST080"])
    move_end(drawing, layer, "ST209", 0, 0.3, onto=long)
    long = draw_through(drawing, layer, ["ST003", "ST004"])
    place = row(layer, "ST188")["geometry"].coords[0]
    drawing.plant("street-split", layer, long, place, "not cut where another line ends on it")

    # streets drawn through their crossings
    through = draw_through(drawing, layer, ["ST216", "ST217", "ST218", "ST219", "ST220"])
    for names in (("ST119", "ST120"), ("ST054", "ST055"), ("ST131", "ST132")):
        across = draw_through(drawing, layer, list(names))
        place = across["geometry"].intersection(through["geometry"])
        drawing.plant("crossing-joined", layer, across, place.coords[0], "crosses without a node", through)

    cut_again(drawing, layer, "ST083", "ST083b")
    cut_again(drawing, layer, "ST213", "ST213b")
    draw_twice(drawing, layer, "ST125", "ST125 again", reverse=False)
    draw_twice(drawing, layer, "ST193", "ST193 back", reverse=True)
    draw_over(drawing, layer, "ST109", "ST109 over", 0.3, 0.7)
    draw_beyond(drawing, layer, "ST116", "ST116 over", 60.0)
    draw_in_parts(drawing, layer, ["ST099", "ST100"])
    draw_in_parts(drawing, layer, ["ST242", "ST244"])
    for name in ("ST063", "ST064", "ST065"):
        line = row(layer, name)["geometry"]
        row(layer, name)["geometry"] = LineString([(x, y, 112.0 + 0.01 * n) for n, (x, y) in enumerate(line.coords)])


def add_odd_streets(drawing: Drawing) -> None:
    """Plant lines that are odd in themselves or by where they are."""
    layer, row = "streets", drawing.row
    x, y = row(layer, "ST245")["geometry"].coords[-1]  # the end of a dead end
    loop = [(x, y), (x - 5, y - 40), (x + 20, y - 60), (x + 20, y - 20), (x - 15, y - 30), (x - 20, y - 90)]
    new = drawing.add(layer, "ST245", "ST301", LineString(loop))
    place = LineString(loop[:2]).intersection(LineString(loop[3:5])).coords[0]
    drawing.plant("self-crossing", layer, new, place, "crosses itself")
    x, y = row(layer, "ST012")["geometry"].coords[-1]
    ring = [(x, y), (x + 30, y + 5), (x + 40, y - 25), (x + 10, y - 35), (x, y)]
    new = drawing.add(layer, "ST012", "ST302", LineString(ring))
    drawing.plant("closed-line", layer, new, middle(new["geometry"]), "starts and ends at one place")
    x, y = row(layer, "ST116")["geometry"].coords[0]
    new = drawing.add(layer, "ST116", "ST303", LineString([(x, y), (x, y)]))
    drawing.plant("zero-length", layer, new, (x, y), "no length")
    x, y = row(layer, "ST050")["geometry"].coords[0]
    new = drawing.add(layer, "ST050", "ST304", LineString([(x, y), (x + 0.2, y + 0.2)]))
    drawing.plant("collapsed", layer, new, (x, y), "shorter than the tolerance")
    x, y = row(layer, "ST034")["geometry"].coords[0]
    new = drawing.add(layer, "ST034", "ST305", LineString([(x, y), (x + 0.8, y)]))
    drawing.plant("very-short", layer, new, middle(new["geometry"]), "hardly longer than the tolerance")

    x, y = row(layer, "ST098")["geometry"].coords[-1]
    new = drawing.add(layer, "ST098", "ST306", LineString([(x - 300, y), (x - 150, y + 20)]))
    drawing.plant("island", layer, new, middle(new["geometry"]), "hangs together with nothing")
    x, y = row(layer, "ST056")["geometry"].coords[-1]
    new = drawing.add(layer, "ST056", "ST307", LineString([(x, y), (x - 400, y - 600)]))
    drawing.plant("dangle", layer, new, middle(new["geometry"]), "the longest dead end")
    line = row(layer, "ST115")["geometry"]
    first = moved(middle(line), line.coords[0], 1.8, 90.0)
    new = drawing.add(layer, "ST115", "ST308", LineString([first, moved(middle(line), line.coords[0], 80.0, 90.0)]))
    drawing.plant("near-miss", layer, new, first, "ends 1.8 m beside another street", row(layer, "ST115"))
    x, y = row(layer, "ST237")["geometry"].coords[-1]  # three ends in a row: the first two meet, the third is too far
    near = drawing.add(layer, "ST237", "ST310", LineString([(x + 0.3, y), (x + 30, y + 90)]))
    far = drawing.add(layer, "ST237", "ST311", LineString([(x + 0.75, y), (x + 60, y - 80)]))
    drawing.plant("left-apart", layer, near, (x + 0.525, y), "ends 0.3 m from one end and 0.45 m from another", far)
    below = row(layer, "ST143")["geometry"]
    start, over = row(layer, "ST070")["geometry"].coords[0], middle(below)
    bridge = LineString([start, (round(1.2 * over[0] - 0.2 * start[0], 3), round(1.2 * over[1] - 0.2 * start[1], 3))])
    new = drawing.add(layer, "ST143", "ST309", bridge, level=1)
    place = bridge.intersection(below).coords[0]
    drawing.plant("crossing-kept", layer, new, place, "a bridge, level 1", row(layer, "ST143"))


def spoil_pipes(drawing: Drawing) -> None:
    """Plant the defects of the pipes."""
    layer, row = "pipes", drawing.row
    for name, end, gap, turn in (
        ("A6-A7", 0, 0.3, 0.0), ("A11-A12", 0, 0.4, 90.0), ("A12-A13", 0, 0.25, 0.0), ("A17-A18", 0, 0.4, 180.0),
        ("A18-A19", -1, 0.2, 0.0), ("A20-R09", 0, 0.3, 180.0),
    ):  # fmt: skip
        move_end(drawing, layer, name, end, gap, turn)
    for first, second, new_name in (
        ("A2-A3", "A3-A4", "A2-A4"),
        ("A7-A8", "A8-A9", "A7-A9"),
        ("A14-A15", "A15-A16", "A14-A16"),
    ):
        place = row(layer, second)["geometry"].coords[0]
        long = draw_through(drawing, layer, [first, second], new_name)
        drawing.plant("pipe-split", layer, long, place, "not cut at a chamber")
    cut_again(drawing, layer, "A10-A11", "A10-A11 b")
    draw_twice(drawing, layer, "A9-A10", "A9-A10 again", reverse=False)
    draw_twice(drawing, layer, "A19-A20", "A19-A20 back", reverse=True)
    draw_over(drawing, layer, "A4-A5", "A4-A5 over", 0.6, 0.8)
    draw_beyond(drawing, layer, "A1-A2", "A1-A2 over", 30.0)
    draw_in_parts(drawing, layer, ["A11-A12"])

    # supply and return of one trench
    supply = row(layer, "A16-A17")
    line = supply["geometry"]
    ends = [[moved(p, q, 0.35, turn) for p, q, turn in zip(line.coords, line.coords[::-1], turns, strict=True)]
            for turns in ((90.0, -90.0), (-90.0, 90.0))]  # fmt: skip
    supply |= {"pipe_id": "A16-A17 s", "line": "supply", "geometry": LineString(ends[0])}
    back = drawing.add(layer, "A16-A17 s", "A16-A17 r", LineString(ends[1]), line="return")
    drawing.plant("parallel-pair", layer, back, middle(back["geometry"]), "supply and return of one trench", supply)

    height = {point["geometry"].coords[0]: point["ground_m"] for point in drawing.layers["nodes"]}
    for name in ("A5-A6", "A13-A14"):
        line = row(layer, name)["geometry"]
        row(layer, name)["geometry"] = LineString([(*point, height[point]) for point in line.coords])
    row(layer, "A5-A6")["status"] = None

    x, y = row(layer, "A1-A2")["geometry"].coords[-1]
    new = drawing.add(layer, "A1-A2", "P1", LineString([(x, y), (x, y)]))
    drawing.plant("zero-length", layer, new, (x, y), "no length")
    x, y = row(layer, "A19-A20")["geometry"].coords[-1]
    new = drawing.add(layer, "A19-A20", "P2", LineString([(x, y), (x - 0.2, y + 0.2)]))
    drawing.plant("collapsed", layer, new, (x, y), "shorter than the tolerance")
    line = row(layer, "A17-A18")["geometry"]
    x, y = line.interpolate(0.5, normalized=True).coords[0]
    new = drawing.add(
        layer,
        "A19-A20",
        "P3",
        LineString([(round(x - 40, 3), round(y - 20, 3), 112.0), (round(x + 45, 3), round(y - 15, 3), 112.0)]),
    )
    cross = new["geometry"].intersection(line)
    drawing.plant("crossing-kept", layer, new, cross.coords[0], "passes over another pipe", row(layer, "A17-A18"))
    drawing.plant("island", layer, new, middle(new["geometry"]), "hangs together with no source")
    line = row(layer, "A12-A13")["geometry"]
    at = line.interpolate(0.5, normalized=True).coords[0]
    first = moved(at, line.coords[-1], 1.5, 90.0)
    new = drawing.add(
        layer, "A19-A20", "P4", LineString([(*first, 112.0), (*moved(at, line.coords[-1], 31.5, 90.0), 112.0)])
    )
    drawing.plant("near-miss", layer, new, first, "ends 1.5 m beside another pipe", row(layer, "A12-A13"))
    x, y = row(layer, "A17-A18")["geometry"].coords[-1]
    new = drawing.add(layer, "A19-A20", "P5", LineString([(x, y), (x - 45, y - 45)]))
    drawing.plant("dangle", layer, new, new["geometry"].coords[-1], "ends without a station or a cap")
    drawing.add(layer, "A4-A5", "P6", LineString([(x - 30, y + 200), (x + 60, y + 210)]), status="abandoned")


def spoil_points(drawing: Drawing) -> None:
    """Put the source and the last station a little beside the trunk."""
    for layer, name in (("sources", "S1"), ("stations", "R09")):
        row = drawing.row(layer, name)
        row["geometry"] = Point(round(row["geometry"].x + 0.2, 3), round(row["geometry"].y - 0.2, 3))


# ---------------------------------------------------------------- writing


def with_measure(line: LineString) -> bytes:
    """Return a line with Z as ISO well-known binary with measures: the distance along it."""
    along = [line.project(Point(point)) for point in line.coords]
    body = b"".join(struct.pack("<4d", *point, m) for point, m in zip(line.coords, along, strict=True))
    return struct.pack("<BII", 1, 3002, len(line.coords)) + body


def in_own_words(layer: str, rows: list[Row]) -> pd.DataFrame:
    """Return a table without geometry, columns and words partly Chinese."""
    table = pd.DataFrame(rows).drop(columns="geometry")
    for column, words in WORDS.items():
        if layer == "pipes" and column in table:
            table[column] = table[column].map(words)
    if layer == "stations":
        table["heated_area_m2"] = (table["heated_area_m2"] / 1e4).round(4)
    return table.rename(columns=COLUMN_NAMES.get(layer, {}))


def write_layer(drawing: Drawing, layer: str, target: Path) -> None:
    """Write a layer; lines with heights have measures as well."""
    rows = drawing.layers[layer]
    table = in_own_words(layer, rows)
    shapes = [row["geometry"] for row in rows]
    wkb = [with_measure(g) if g.has_z else to_wkb(g, flavor="iso") for g in shapes]
    fields = [table[name].to_numpy(object if table[name].dtype.kind not in "fib" else None) for name in table]
    pyogrio.raw.write(
        target, np.array(wkb, object), fields, list(table), layer=LAYER_NAMES[layer], driver="GPKG",
        geometry_type="Unknown" if layer in ("streets", "pipes") else "Point", crs=drawing.crs.to_wkt(),
        append=target.exists(), dataset_options={"VERSION": "1.3"}, layer_options={"GEOMETRY_NAME": "geom"},
    )  # fmt: skip


def defect_table(drawing: Drawing) -> pd.DataFrame:
    """Return the planted defects with feature ids as the GeoPackage has them."""
    fid = {id(row): n for rows in drawing.layers.values() for n, row in enumerate(rows, start=1)}
    return pd.DataFrame({
        "rule": [d.rule for d in drawing.defects],
        "layer": [d.layer for d in drawing.defects],
        "fid": [fid[id(d.row)] for d in drawing.defects],
        "other_fid": pd.array([fid[id(d.other)] if d.other else None for d in drawing.defects], dtype="Int64"),
        "x": [round(d.place[0], 3) for d in drawing.defects],
        "y": [round(d.place[1], 3) for d in drawing.defects],
        "what": [f"{d.row[ID[d.layer]]}: {d.what}" for d in drawing.defects],
    })  # fmt: skip


def main() -> None:
    """Write the sample beside this file."""
    drawing = Drawing()
    spoil_streets(drawing)
    add_odd_streets(drawing)
    spoil_pipes(drawing)
    spoil_points(drawing)
    target = HERE / "mulan_dirty.gpkg"
    target.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2023-01-01T00:00:00.000Z"})
    for layer, rows in drawing.layers.items():
        write_layer(drawing, layer, target)
        sys.stdout.write(f"{layer}: {len(rows)}\n")
    mix = pyogrio.read_dataframe(CLEAN, layer="load_mix")
    pyogrio.write_dataframe(mix, target, layer="load_mix", driver="GPKG", append=False)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    (HERE / "facts").mkdir(exist_ok=True)
    table = defect_table(drawing)
    table.to_csv(HERE / "facts" / "defects.csv", index=False, lineterminator="\n")
    sys.stdout.write(f"defects: {len(table)}\n")


if __name__ == "__main__":
    main()
