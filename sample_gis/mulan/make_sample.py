"""Draw the Mulan sample: published figures on a street map that is ours.

Reads ``facts/`` and ``layout.toml`` and writes ``mulan.gpkg`` (streets, pipes, nodes, stations,
sources, and the table load_mix) beside this file. Nothing is random and no clock is read: the same
facts and the same layout give the same rows.

The town is laid out in local metres and then turned and moved to EPSG:4552. The trunk comes
first: each section is a walk of the published length, so that its nodes fall where the plan has
them. Streets pass through these nodes. In the end all pipes and stations are moved by one vector,
from the axis to the edge of the street. Branches and connections are not drawn: `gisheat` routes
them along the streets.
"""

from __future__ import annotations

import itertools
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import pandas as pd
import pyogrio
from networkx.algorithms.approximation import steiner_tree
from shapely import LineString, Point
from shapely.ops import substring

XY = tuple[float, float]
Line = list[XY]

HERE = Path(__file__).resolve().parent
FACTS = HERE / "facts"
LAYOUT: dict[str, Any] = tomllib.loads((HERE / "layout.toml").read_text(encoding="utf-8"))
STREETS = {name: (kind, street) for kind in LAYOUT["streets"]
           for name, street in LAYOUT["streets"][kind].items()}  # fmt: skip
STATIONS: dict[str, XY] = {name: (float(x), float(y)) for name, (x, y) in LAYOUT["stations"].items()}
CRS = "EPSG:4552"
COST_FACTOR = {"primary": 1.3, "secondary": 1.1, "residential": 1.0}
NOMINAL = {902: (900, 920, 9), 704: (700, 720, 8), 616: (600, 630, 7), 515: (500, 529, 7),
           406: (400, 426, 10), 359: (350, 377, 9)}  # fmt: skip  # bore -> DN, outer, wall in mm
PHASES = {"current": "existing", "near_2025": "near", "far_2030": "far"}
INDEX_OF_OLD_PUBLIC_W_M2 = 60  # public buildings above it count as not energy-saving
OVERSHOOT_M = 45.0  # shorter street ends beyond the last crossing are trimmed
LENGTH_TOLERANCE_M = 0.01
MARGIN_M = 1.0  # another trunk node is farther by at least this; A13 and A14 are 1 m apart
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


def trunk_rows(sections: pd.DataFrame, lines: dict[str, Line]) -> list[dict[str, object]]:
    """Return the published trunk with the bores that reproduce the published figures."""
    bores = sections["computed_with_inner_diameter_m"].to_dict()
    rows = []
    for section, line in lines.items():
        bore = round(1000 * bores[section])
        dn, outer, wall = NOMINAL[bore]
        planned = section.endswith("R09")
        rows.append({
            "pipe_id": section, "status": "planned" if planned else "existing",
            "phase": "near" if planned else "existing", "level": "primary",
            "role": "connection" if planned else "trunk", "line": "pair", "dn_mm": dn,
            "outer_diameter_mm": outer, "wall_mm": wall, "inner_diameter_mm": bore,
            "roughness_mm": 0.5, "local_loss_fraction": 0.20 if planned else 0.15,
            "geometry": LineString([to_map(point, pipe=True) for point in line]),
        })  # fmt: skip
    return rows


# ---------------------------------------------------------------- tables


def station_rows(facts: pd.DataFrame, points: dict[str, XY]) -> list[dict[str, object]]:
    """Return the 39 stations with their published areas and design temperatures."""
    rows = []
    for station, fact in facts.iterrows():
        place = STATIONS[str(station)] if station in STATIONS else points[str(station)]
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


def reserve_row(place: XY) -> dict[str, object]:
    """Return the reserve plant: its capacity is published, that it stands at the main plant is assumed."""
    return {
        "source_id": "S2", "name": "木兰备用热源", "kind": "boiler", "role": "reserve",
        "phase": "near", "capacity_mw": 40.0, "supply_temp_c": 85.0, "return_temp_c": 65.0,
        "pressure_holding": False, "ground_m": ground(place), "geometry": Point(to_map(place, pipe=True)),
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


def check_trunk(layers: dict[str, gpd.GeoDataFrame], sections: pd.DataFrame, facts: pd.DataFrame) -> None:
    """Fail unless lengths, areas behind the sections and the nodes they join are the published ones."""
    nodes = {point.coords[0]: name for name, point in layers["nodes"].set_index("node_id").geometry.items()}
    behind = facts["heated_area_1e4_m2"].sum()
    for section, line in layers["pipes"].set_index("pipe_id").geometry.items():
        fact = sections.loc[section]
        if abs(line.length - fact["length_m"]) > LENGTH_TOLERANCE_M:
            raise LayoutError(f"{section} is {line.length:.3f} m long, published {fact['length_m']} m")
        if "-".join(nodes.get(line.coords[end], "?") for end in (0, -1)) != section:
            raise LayoutError(f"{section} does not run from node to node")
        behind -= facts.loc[facts["trunk_node"] == fact["from_node"], "heated_area_1e4_m2"].sum()
        if abs(behind / fact["heated_area_1e4_m2"] - 1) > AREA_TOLERANCE:
            raise LayoutError(f"behind {section} lie {behind:.1f}e4 m2")


def street_graph(
    layers: dict[str, gpd.GeoDataFrame], trunk: dict[str, Point], stations: dict[str, Point]
) -> nx.Graph[XY | str]:
    """Return the streets as a graph with links to trunk nodes and stations.

    A trunk node is linked to the nearest street, a station, as in `gisheat`, to up to four.
    """
    streets = layers["streets"]
    feet: dict[int, set[XY]] = {}
    graph: nx.Graph[XY | str] = nx.Graph()
    for name, place in (trunk | stations).items():
        near = streets.distance(place).nsmallest(1 if name in trunk else 4)
        for row, far in near[near <= 2.0 * near.min()].items():
            foot = streets.geometry[row].interpolate(streets.geometry[row].project(place))
            feet.setdefault(row, set()).add(key(foot.x, foot.y))
            graph.add_edge(name, key(foot.x, foot.y), cost=far)
    for row, (line, factor) in enumerate(zip(streets.geometry, streets["cost_factor"], strict=True)):
        for piece in split_at(line, feet.get(row, set()) | {line.coords[0], line.coords[-1]}):
            graph.add_edge(piece[0], piece[-1], cost=LineString(piece).length * factor)
    return graph


def check_routes(layers: dict[str, gpd.GeoDataFrame], facts: pd.DataFrame) -> None:
    """Fail unless the cheapest trenches along the streets hang each station on its published node.

    They do so whatever a trench costs that serves many: each station's own way is cheapest to this
    node, and so are the ways when stations share a trench.
    """
    trunk = layers["nodes"].set_index("node_id").geometry.drop("R09").to_dict()
    hosts = facts["trunk_node"].drop("R09").to_dict()
    stations = layers["stations"].set_index("station_id").geometry.drop("R09").to_dict()
    graph = street_graph(layers, trunk, stations)
    for station, host in hosts.items():
        cost = nx.single_source_dijkstra_path_length(graph, station, weight="cost")
        nearest, other = sorted(trunk, key=lambda node: cost[node])[:2]
        if nearest != host or cost[other] - cost[host] < MARGIN_M:
            raise LayoutError(f"{station} reaches {nearest} and {other}, not clearly {host}")
    graph.add_edges_from(itertools.pairwise(trunk), cost=0.0)
    trenches = nx.Graph(steiner_tree(graph, [*trunk, *stations], weight="cost", method="mehlhorn"))
    trenches.remove_edges_from(list(itertools.pairwise(trunk)))
    for station, host in hosts.items():
        if not nx.has_path(trenches, station, host):
            raise LayoutError(f"{station} is not served from {host} when trenches are shared")


def build_layers() -> tuple[dict[str, gpd.GeoDataFrame], pd.DataFrame]:
    """Make all layers and the building mix."""
    sections, facts, mix = read_facts()
    points, trunk = walk_trunk({str(name): float(length) for name, length in sections["length_m"].items()})
    rows_of = {
        "streets": street_rows(points), "pipes": trunk_rows(sections, trunk),
        "nodes": node_rows({name: place for name, place in points.items() if "." not in name}),
        "stations": station_rows(facts, points), "sources": [source_row(points["A1"]), reserve_row(points["A1"])],
    }  # fmt: skip
    layers = {name: gpd.GeoDataFrame(rows, crs=CRS) for name, rows in rows_of.items()}
    check_trunk(layers, sections, facts)
    check_routes(layers, facts)
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
