"""Draw the Mulan sample: published figures on a street map that is ours.

Reads ``facts/`` and ``layout.toml`` and writes ``mulan.gpkg`` (streets, pipes, nodes, stations,
sources, and the table load_mix) beside this file. Nothing is random and no clock is read: the same
facts and the same layout give the same rows.

The town is laid out in local metres and then turned and moved to EPSG:4552. The trunk comes
first: each section is a walk of the published length, so that its nodes fall where the plan has
them. Streets pass through these nodes, and the branches follow the streets. In the end all pipes
are moved by one vector, from the axis to the edge of the street.
"""

from __future__ import annotations

import itertools
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from shapely import LineString, Point, STRtree
from shapely.ops import substring

XY = tuple[float, float]
Line = list[XY]
Tree = dict[XY, dict[XY, Line]]  # point -> neighbour -> line between them

HERE = Path(__file__).resolve().parent
FACTS = HERE / "facts"
LAYOUT: dict[str, Any] = tomllib.loads((HERE / "layout.toml").read_text(encoding="utf-8"))
STREETS = {name: (kind, street) for kind in LAYOUT["streets"]
           for name, street in LAYOUT["streets"][kind].items()}  # fmt: skip
STATIONS: dict[str, tuple[str, XY]] = {
    station: (host, (float(x), float(y))) for station, (host, x, y) in LAYOUT["stations"].items()
}
CRS = "EPSG:4552"
COST_FACTOR = {"primary": 1.3, "secondary": 1.1, "residential": 1.0}
NOMINAL = {902: (900, 920, 9), 704: (700, 720, 8), 616: (600, 630, 7), 515: (500, 529, 7),
           406: (400, 426, 10), 359: (350, 377, 9)}  # fmt: skip  # bore -> DN, outer, wall in mm
PHASES = {"current": "existing", "near_2025": "near", "far_2030": "far"}
INDEX_OF_OLD_PUBLIC_W_M2 = 60  # public buildings above it count as not energy-saving
OVERSHOOT_M = 45.0  # shorter street ends beyond the last crossing are trimmed
SAME_POINT_M = 1e-5
LENGTH_TOLERANCE_M = 0.01
AREA_TOLERANCE = 0.005  # the published areas behind the sections are rounded


class LayoutError(Exception):
    """The layout contradicts the facts or itself."""


def to_map(point: XY, *, pipe: bool = False) -> XY:
    """Turn and move a local point to the map, on a millimetre grid; trenches beside the axis."""
    site = LAYOUT["map"]
    shift = site["pipe_shift"] if pipe else (0.0, 0.0)
    x, y = point[0] + shift[0], point[1] + shift[1]
    turn = math.radians(site["turn_deg"])
    east = site["origin"][0] + x * math.cos(turn) - y * math.sin(turn)
    north = site["origin"][1] + x * math.sin(turn) + y * math.cos(turn)
    return round(east, 3), round(north, 3)


def ground(point: XY) -> float:
    """Assumed terrain: rises gently from the river in the south, with long low waves."""
    x, y = point
    river = 300.0 + 0.13 * x
    rise = 0.0062 * (y - river)
    waves = 0.9 * math.sin(x / 520.0 + 0.6) + 0.6 * math.cos((x + y) / 410.0)
    return round(108.2 + rise + waves, 1)


def read_facts() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the published sections, stations and building mix."""
    sections = pd.read_csv(FACTS / "hydraulic_table.csv").set_index("pipe")
    stations = pd.read_csv(FACTS / "stations.csv", keep_default_na=False).set_index("station_id")
    return sections, stations, pd.read_csv(FACTS / "load_mix.csv")


# ---------------------------------------------------------------- lines of the layout


def walk_trunk(lengths: dict[str, float]) -> tuple[dict[str, XY], dict[str, Line]]:
    """Walk the sections at their published lengths; return named points and section lines."""
    points: dict[str, XY] = {"A1": key(*LAYOUT["map"]["plant"])}
    lines: dict[str, list[XY]] = {}
    for section, legs in LAYOUT["trunk"].items():
        start, end = section.split("-")
        line = [points[start]]
        left = lengths[section]
        for number, (bearing, leg) in enumerate(legs, start=1):
            last = number == len(legs)
            step = left if last else leg
            left -= step
            angle = math.radians(bearing)
            x, y = line[-1]
            line.append(key(x + step * math.sin(angle), y + step * math.cos(angle)))
            points[end if last else f"{section}.{number}"] = line[-1]
        lines[section] = line
    return points, lines


def resolve(corners: list[str | list[float]], points: dict[str, XY]) -> LineString:
    """Make a line of corners given as coordinates or names."""
    return LineString([points[corner] if isinstance(corner, str) else corner for corner in corners])


def key(x: float, y: float) -> XY:
    """Return a point without the noise of the last digits, fit to be compared."""
    return round(x, 6), round(y, 6)


def split_at(line: LineString, cuts: set[XY]) -> list[Line]:
    """Cut a line at points that lie on it; the pieces carry exactly these points as ends."""
    places = sorted({(line.project(Point(cut)), cut) for cut in cuts})
    pieces = []
    for (begin, first), (end, last) in itertools.pairwise(places):
        inner = list(substring(line, begin, end).coords)[1:-1]
        pieces.append([first, *((x, y) for x, y in inner), last])
    return pieces


def cut_streets(lines: dict[str, LineString]) -> list[tuple[str, Line]]:
    """Cut all streets at their crossings and trim what runs a little past the last one."""
    crossings: dict[str, set[XY]] = {name: set() for name in lines}
    for one, two in itertools.combinations(lines, 2):
        met = lines[one].intersection(lines[two])
        for part in getattr(met, "geoms", [met]):
            if isinstance(part, Point):
                crossings[one].add(key(part.x, part.y))
                crossings[two].add(key(part.x, part.y))
            elif not part.is_empty:
                raise LayoutError(f"streets {one} and {two} run on top of each other")
    found = []
    for name, line in lines.items():
        free = {key(*line.coords[0]), key(*line.coords[-1])} - crossings[name]
        for piece in split_at(line, crossings[name] | free):
            stub = piece[0] in free or piece[-1] in free
            if not (stub and LineString(piece).length < OVERSHOOT_M):
                found.append((name, piece))
    return found


# ---------------------------------------------------------------- the network


def locate(name: str, end: str, points: dict[str, XY], lines: dict[str, LineString]) -> XY:
    """Find the end of a run: a trunk node, the crossing with a line, or a station's foot."""
    if end in points:
        return points[end]
    if end in lines:
        place = lines[name].intersection(lines[end])
    else:
        place = lines[name].interpolate(lines[name].project(Point(STATIONS[end][1])))
    return key(place.x, place.y)


def grow_tree(root: str, points: dict[str, XY], lines: dict[str, LineString]) -> Tree:
    """Join the runs of one trunk node and the stubs of its stations to one graph of lines."""
    runs, stubs, stops = [], [], set()
    for name, *ends in LAYOUT["branches"].get(root, []):
        first, last = (locate(name, end, points, lines) for end in ends)
        reach = sorted(lines[name].project(Point(place)) for place in (first, last))
        runs.append((name, substring(lines[name], *reach)))
        stops |= {first, last}
    for station, (host, place) in STATIONS.items():
        if host == root:
            stubs.append([points[root], place])
        for name, run in runs:
            foot = locate(name, station, points, lines) if host == name else None
            if foot and run.distance(Point(foot)) < SAME_POINT_M:
                stops.add(foot)
                stubs.append([foot, place])
    pieces = []
    for name, run in runs:
        on_run = {stop for stop in stops if run.distance(Point(stop)) < SAME_POINT_M}
        pieces += split_at(lines[name], on_run)
    tree: Tree = {}
    for line in pieces + stubs:
        tree.setdefault(line[0], {})[line[-1]] = line
        tree.setdefault(line[-1], {})[line[0]] = line[::-1]
    return tree


def trace(tree: Tree, start: XY, came: XY | None = None) -> list[tuple[Line, set[XY]]]:
    """Follow a tree from its root: lines from junction to junction, each with all ends behind."""
    found = []
    for step, first in tree.get(start, {}).items():
        if step == came:
            continue
        line, before, here = list(first), start, step
        while len(tree[here]) == 2:
            onward = next(point for point in tree[here] if point != before)
            line += tree[here][onward][1:]
            before, here = here, onward
        further = trace(tree, here, before)
        ends = {here}.union(*(reached for _, reached in further))
        found += [(line, ends), *further]
    return found


def pipe_row(pipe_id: str, role: str, phase: str, line: Line, **more: object) -> dict[str, object]:
    """Return one row of the layer pipes; ``more`` holds what only the trunk knows."""
    return {
        "pipe_id": pipe_id, "status": "planned", "phase": phase, "level": "primary",
        "role": role, "line": "pair", "dn_mm": None, "outer_diameter_mm": None, "wall_mm": None,
        "inner_diameter_mm": None, "roughness_mm": 0.5,
        "local_loss_fraction": 0.20 if role == "connection" else 0.15,
        **more,
        "geometry": LineString([to_map(point, pipe=True) for point in line]),
    }  # fmt: skip


def trunk_rows(sections: pd.DataFrame, lines: dict[str, Line]) -> list[dict[str, object]]:
    """Return the published trunk with the bores that reproduce the published figures."""
    bores = sections["computed_with_inner_diameter_m"].to_dict()
    rows = []
    for section, line in lines.items():
        bore = round(1000 * bores[section])
        dn, outer, wall = NOMINAL[bore]
        planned = section.endswith("R09")
        rows.append(pipe_row(
            section, "connection" if planned else "trunk", "near" if planned else "existing", line,
            status="planned" if planned else "existing", dn_mm=dn, outer_diameter_mm=outer,
            wall_mm=wall, inner_diameter_mm=bore,
        ))  # fmt: skip
    return rows


def branch_rows(
    root: str, points: dict[str, XY], lines: dict[str, LineString]
) -> tuple[list[dict[str, object]], list[XY]]:
    """Return the pipes from a trunk node to its stations, and the junctions between them."""
    rows: list[dict[str, object]] = []
    junctions = []
    for line, ends in trace(grow_tree(root, points, lines), points[root]):
        stations = [name for name, (_, place) in STATIONS.items() if place in ends]
        phase = "existing" if any(name.startswith("H") for name in stations) else "near"
        if len(stations) == 1:
            rows.append(pipe_row(f"C-{stations[0]}", "connection", phase, line))
        else:
            junctions.append(line[-1])
            rows.append(pipe_row(f"B{root[1:]:0>2}-{len(junctions)}", "branch", phase, line))
    return rows, junctions


# ---------------------------------------------------------------- tables


def station_rows(facts: pd.DataFrame, points: dict[str, XY]) -> list[dict[str, object]]:
    """Return the 39 stations with their published areas and design temperatures."""
    rows = []
    for station, fact in facts.iterrows():
        place = STATIONS[station][1] if station in STATIONS else points[str(station)]
        rows.append({
            "station_id": station, "name": fact["name"], "status": fact["status"],
            "phase": "existing" if fact["status"] == "existing" else "near",
            "heated_area_m2": round(fact["heated_area_1e4_m2"] * 1e4),
            "supply_temp_c": 85.0, "return_temp_c": 65.0,
            "secondary_supply_temp_c": 60.0, "secondary_return_temp_c": 45.0,
            "connection": "indirect", "control": "flow", "required_head_m": 10.0,
            "ground_m": ground(place), "allocation": fact["allocation"],
            "location": fact["location"] or None,
            "geometry": Point(to_map(place, pipe=True)),
        })  # fmt: skip
    return rows


def source_row(place: XY) -> dict[str, object]:
    """Return the heat source, which stands on the first trunk node."""
    return {
        "source_id": "S1", "name": "木兰热源厂", "kind": "boiler", "role": "base",
        "phase": "existing", "capacity_mw": 185.0, "largest_unit_mw": 93.5,
        "supply_temp_c": 85.0, "return_temp_c": 65.0, "static_head_m": 30.0,
        "plant_loss_m": 20.0, "head_reserve_m": 5.0, "pump_control": "worst_station",
        "pump_efficiency": 0.75, "pressure_holding": True, "ground_m": ground(place),
        "geometry": Point(to_map(place, pipe=True)),
    }  # fmt: skip


def street_rows(points: dict[str, XY]) -> list[dict[str, object]]:
    """Return the street segments between crossings."""
    lines = {name: resolve(corners, points) for name, (_, corners) in STREETS.items()}
    return [
        {
            "street_id": f"ST{number:03d}", "name": name, "class": STREETS[name][0],
            "cost_factor": COST_FACTOR[STREETS[name][0]],
            "geometry": LineString([to_map(point) for point in piece]),
        }
        for number, (name, piece) in enumerate(cut_streets(lines), start=1)
    ]  # fmt: skip


def node_rows(named: dict[str, XY]) -> list[dict[str, object]]:
    """Return the named nodes with their assumed ground height."""
    return [
        {"node_id": name, "ground_m": ground(place), "ground_source": "assumed",
         "geometry": Point(to_map(place, pipe=True))}
        for name, place in named.items()
    ]  # fmt: skip


def load_mix(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the building mix with phases, uses and saving tiers in the words of gisheat."""
    public = facts["building_class"].str.contains("office")
    saving = facts["building_class"].str.contains(", energy-saving") | (
        public & (facts["heat_index_w_m2"] < INDEX_OF_OLD_PUBLIC_W_M2)
    )
    return pd.DataFrame({
        "phase": facts["phase"].map(PHASES),
        "name": facts["building_class"],
        "building_use": public.map({True: "public", False: "residential"}),
        "energy_saving": saving.map({True: "two_step", False: "none"}),
        "share_percent": facts["share_percent"],
        "heat_index_w_m2": facts["heat_index_w_m2"],
    })  # fmt: skip


# ---------------------------------------------------------------- checks and writing


def check(layers: dict[str, gpd.GeoDataFrame], sections: pd.DataFrame) -> None:
    """Fail unless lengths, areas behind the sections, the tree and the drawing hold."""
    pipes, stations = layers["pipes"], layers["stations"]
    known = {point.coords[0] for name in ("nodes", "stations") for point in layers[name].geometry}
    upstream: dict[XY, int] = {}
    for row, line in enumerate(pipes.geometry):
        if line.coords[-1] in upstream or not {line.coords[0], line.coords[-1]} <= known:
            raise LayoutError(f"pipe {pipes.pipe_id[row]} does not run from node to node of a tree")
        upstream[line.coords[-1]] = row
    area = dict.fromkeys(pipes.pipe_id, 0.0)
    plant = layers["sources"].geometry[0].coords[0]
    for place, heated in zip(stations.geometry, stations.heated_area_m2, strict=True):
        at = place.coords[0]
        while at != plant:
            area[pipes.pipe_id[upstream[at]]] += heated
            at = pipes.geometry[upstream[at]].coords[0]
    for section, fact in sections.iterrows():
        drawn = pipes.geometry[list(pipes.pipe_id).index(section)].length
        published = fact["heated_area_1e4_m2"] * 1e4
        if abs(drawn - fact["length_m"]) > LENGTH_TOLERANCE_M:
            raise LayoutError(f"{section} is {drawn:.3f} m long, published {fact['length_m']} m")
        if abs(area[section] / published - 1) > AREA_TOLERANCE:
            raise LayoutError(f"behind {section} lie {area[section]:.0f} m2, not {published:.0f}")
    for one, two in STRtree(pipes.geometry).query(pipes.geometry, predicate="intersects").T:
        ends = [{line.coords[0], line.coords[-1]} for line in pipes.geometry[[one, two]]]
        met = pipes.geometry[one].intersection(pipes.geometry[two])
        if one < two and not (isinstance(met, Point) and met.coords[0] in ends[0] & ends[1]):
            raise LayoutError(f"{pipes.pipe_id[one]} crosses {pipes.pipe_id[two]}")


def build_layers() -> tuple[dict[str, gpd.GeoDataFrame], pd.DataFrame]:
    """Make all layers and the building mix."""
    sections, facts, mix = read_facts()
    points, trunk = walk_trunk({str(name): float(length) for name, length in sections["length_m"].items()})
    corners = {name: street for name, (_, street) in STREETS.items()} | LAYOUT["guides"]
    lines = {name: resolve(line, points) for name, line in corners.items()}
    pipes = trunk_rows(sections, trunk)
    named = {name: place for name, place in points.items() if "." not in name}
    for root in [name for name in named if name.startswith("A")]:
        if hung := set(facts.index[facts["trunk_node"] == root]):
            rows, junctions = branch_rows(root, points, lines)
            pipes += rows
            reached = {str(row["pipe_id"])[2:] for row in rows if row["role"] == "connection"}
            if reached != hung:
                raise LayoutError(f"{root} feeds {sorted(reached)}, not {sorted(hung)}")
            for place in junctions:
                named[f"J{len(named) - len(sections):02d}"] = place
    rows_of = {
        "streets": street_rows(points), "pipes": pipes, "nodes": node_rows(named),
        "stations": station_rows(facts, points), "sources": [source_row(points["A1"])],
    }  # fmt: skip
    layers = {name: gpd.GeoDataFrame(rows, crs=CRS) for name, rows in rows_of.items()}
    check(layers, sections)
    return layers, load_mix(mix)


def main() -> None:
    """Write the sample beside this file."""
    layers, mix = build_layers()
    target = HERE / "mulan.gpkg"
    target.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2023-01-01T00:00:00.000Z"})
    for name, layer in layers.items():
        layer.to_file(
            target, layer=name, engine="pyogrio", dataset_options={"VERSION": "1.3"},
            layer_options={"GEOMETRY_NAME": "geom"}, append=False,
        )  # fmt: skip
        sys.stdout.write(f"{name}: {len(layer)}\n")
    pyogrio.write_dataframe(mix, target, layer="load_mix", driver="GPKG", append=False)
    sys.stdout.write(f"load_mix: {len(mix)}\n")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


if __name__ == "__main__":
    main()
