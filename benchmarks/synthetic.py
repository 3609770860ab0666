"""Synthetic towns of any size: a street grid, pipes along it, stations on short connections.

`town(10_000)` gives layers as somebody might have drawn them: the older part exists and has diameters, the
rest is to be sized; part of the streets is drawn carelessly, as lines that others end on, with ends that
miss each other by up to 0.2 m, and with stations that stand beside the pipe. Once such a town is noded and
its stations are connected, the network has exactly the number of pipes asked for, 4 % of them closing
loops. The same arguments give the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

Array = NDArray[np.float64]
Index = NDArray[np.int64]

CRS = "EPSG:4552"
CENTRE = (425_000.0, 5_090_000.0)
LOOPS = 0.04
"""Independent loops for each pipe."""
BLOCK = 130.0
"""Distance of neighbouring crossings [m]; each lies up to 10 m off the grid."""
MOST_STATIONS = 3
"""Stations of one street between two crossings."""
MISS = 0.2
"""Carelessly drawn ends miss their place by at most this [m]."""
STATION_KW, SOURCE_MW = 120.0, 800.0
"""Mean load of a station, unless that is more than the sources can give."""
SUPPLY_TEMP_C, RETURN_TEMP_C, HEAT_CAPACITY, DENSITY = 120.0, 60.0, 4187.0, 963.0
OLD_TOWN, OLD_FRICTION = 0.6, 50.0
"""Share of the crossings whose streets have existing pipes, laid out for this specific friction [Pa/m]."""
DN = np.array([50, 65, 80, 100, 125, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400])
FEWEST = 60


class _Streets(NamedTuple):
    """The street grid: crossings (n, 2), streets as pairs of crossings (m, 2), and which carry pipes (m,)."""

    crossing: Array
    ends: Index
    piped: NDArray[np.bool_]


class _Pieces(NamedTuple):
    """Pipes as they will be once everything is noded; nodes are crossings, feet of stations, stations."""

    place: Array
    start: Index
    end: Index
    street: Index
    """Number of the piped street that a pipe lies in or branches from."""
    from_share: Array
    to_share: Array
    """Where along its street a pipe begins and ends, NaN for connections of stations."""
    station: Index
    """Nodes of the stations."""


def town(pipes: int, *, sources: int | None = None, untidy: float = 0.1, seed: int = 1) -> dict[str, gpd.GeoDataFrame]:
    """Layers streets, pipes, stations and sources of a town.

    Parameters
    ----------
    pipes : int
        Number of pipes that the noded network has, 60 or more.
    sources : int, optional
        One or two; one below 5000 pipes, else two.
    untidy : float
        Share of the streets that are drawn carelessly; with 0 all lines meet at their ends.
    seed : int
        Of everything that is random.
    """
    if pipes < FEWEST:
        raise ValueError(f"a town has {FEWEST} pipes at least, not {pipes}")
    random = np.random.default_rng(seed)
    streets = _streets(pipes, random)
    pieces = _pieces(streets, pipes, random)
    count = sources or (1 if pipes < 5000 else 2)
    plant = _plants(streets.crossing, count)
    load = _loads(len(pieces.station), count, random)
    careless = random.random(int(streets.piped.sum())) < untidy
    table = _pipe_table(pieces, _diameters(pieces, plant, load), _old(streets, pieces), random)
    return {
        "streets": _street_table(streets),
        "pipes": _drawn(table, streets, pieces, careless, random),
        "stations": _station_table(pieces, load, random),
        "sources": _source_table(streets.crossing[plant], load.sum()),
    }


def write_layers(layers: Mapping[str, gpd.GeoDataFrame], path: Path) -> Path:
    """Write layers to a GeoPackage."""
    for name, table in layers.items():
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG")
    return path


# streets and pipes ---------------------------------------------------------------------------------------


def _streets(pipes: int, random: np.random.Generator) -> _Streets:
    """A round piece of a grid; a spanning tree of it carries pipes, and as many chords as there are loops."""
    loops = round(LOOPS * pipes)
    piped = pipes // 4 + (pipes - pipes // 4) % 2  # street for street 1 + 2 stations: the rest must be even
    wanted = piped + 1 - loops
    side = int(np.ceil(1.3 * np.sqrt(wanted))) + 2
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    middle = (side - 1) / 2.0
    inside = np.sort(np.argsort((x - middle) ** 2 + (y - middle) ** 2, kind="stable")[:wanted])
    number = np.full((side, side), -1, np.int64)
    number[x[inside], y[inside]] = np.arange(wanted)
    across = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    along = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    ends = np.concatenate([across, along])
    main = np.concatenate([np.tile(np.arange(side) % 6 == 3, side - 1), np.repeat(np.arange(side) % 6 == 3, side - 1)])
    there = (ends >= 0).all(axis=1)
    ends, main = ends[there], main[there]
    # pipes prefer the main streets, so that a trunk is a trunk
    weight = random.uniform(0.5, 1.0, len(ends)) * np.where(main, 0.2, 1.0)
    tree = minimum_spanning_tree(coo_array((weight, (ends[:, 0], ends[:, 1])), shape=(wanted, wanted))).tocoo()
    carries = np.isin(ends @ [wanted, 1], tree.row.astype(np.int64) * wanted + tree.col)
    free = np.flatnonzero(~carries)
    carries[free[np.argsort(weight[free], kind="stable")[:loops]]] = True
    place = (np.column_stack([x, y])[inside] - middle) * BLOCK + random.uniform(-10.0, 10.0, (wanted, 2))
    return _Streets(np.round(place + CENTRE, 3), ends, carries)


def _pieces(streets: _Streets, pipes: int, random: np.random.Generator) -> _Pieces:
    """Cut the piped streets where stations branch off, and lay the connections."""
    ends = streets.ends[streets.piped]
    count, crossings = len(ends), len(streets.crossing)
    stations = (pipes - count) // 2
    choice = random.permutation(np.repeat(np.arange(count), MOST_STATIONS))[:stations]
    at_street = np.bincount(choice, minlength=count)
    street = np.repeat(np.arange(count), at_street)
    first = np.cumsum(at_street) - at_street
    turn = np.arange(stations) - first[street]
    # far enough from the crossings that the nearest pipe of a station is always its own street's
    share = 0.5 + 0.6 * ((turn + 1) / (at_street[street] + 1) - 0.5)
    foot = crossings + np.arange(stations)
    station = foot + stations
    a, b = streets.crossing[ends[street, 0]], streets.crossing[ends[street, 1]]
    on_street = _along(a, b, share)
    normal = _normal(a, b) * np.where(random.random(stations) < 0.5, -1.0, 1.0)[:, None]
    place = np.round(on_street + normal * random.uniform(10.0, 18.0, stations)[:, None], 3)
    has = at_street > 0
    later = np.flatnonzero(turn > 0)
    last = first + at_street - 1
    start = [ends[~has, 0], ends[has, 0], foot[later] - 1, foot[last[has]], foot]
    end = [ends[~has, 1], foot[first[has]], foot[later], ends[has, 1], station]
    none, zero, one = np.full(stations, np.nan), np.zeros(count), np.ones(count)
    return _Pieces(
        place=np.concatenate([streets.crossing, np.round(on_street, 3), place]),
        start=np.concatenate(start),
        end=np.concatenate(end),
        street=np.concatenate([np.flatnonzero(~has), np.flatnonzero(has), street[later], np.flatnonzero(has), street]),
        from_share=np.concatenate([zero[~has], zero[has], share[later - 1], share[last[has]], none]),
        to_share=np.concatenate([one[~has], share[first[has]], share[later], one[has], none]),
        station=station,
    )


def _along(a: Array, b: Array, share: Array) -> Array:
    """Places along slightly bent streets from a to b."""
    bend = 5.0 * np.sin(np.pi * share) * np.sin(a[:, 0] / 70.0)
    return a + (b - a) * share[:, None] + _normal(a, b) * bend[:, None]


def _normal(a: Array, b: Array) -> Array:
    across = (b - a)[:, ::-1] * [-1.0, 1.0]
    return across / np.linalg.norm(across, axis=1, keepdims=True)


# what is in them -----------------------------------------------------------------------------------------


def _plants(crossing: Array, count: int) -> Index:
    """Crossings of the plants: one at the edge of the town, another one at the opposite edge."""
    east = (crossing - CENTRE) @ [0.8, 0.6]
    return np.array([np.argmin(east), np.argmax(east)])[:count]


def _loads(stations: int, sources: int, random: np.random.Generator) -> Array:
    """Load of each station [kW]."""
    load = random.lognormal(0.0, 0.7, stations)
    mean = min(STATION_KW, SOURCE_MW * 1e3 * sources / stations)
    return np.round(load / load.mean() * mean, 1)


def _diameters(pieces: _Pieces, plant: Index, load: Array) -> Array:
    """DN of each pipe for what a tree of shortest ways would bring through it."""
    count = len(pieces.place)
    length = np.linalg.norm(pieces.place[pieces.start] - pieces.place[pieces.end], axis=1)
    graph = coo_array((length, (pieces.start, pieces.end)), shape=(count, count)).tocsr()
    distance, before, _ = dijkstra(graph, directed=False, indices=plant, return_predecessors=True, min_only=True)
    behind = np.zeros(count)
    behind[pieces.station] = load
    carried, parent = behind.tolist(), before.tolist()
    for node in np.argsort(-distance, kind="stable").tolist():
        if parent[node] >= 0:
            carried[parent[node]] += carried[node]
    behind = np.array(carried)
    start, end = behind[pieces.start], behind[pieces.end]
    down, up = before[pieces.end] == pieces.start, before[pieces.start] == pieces.end
    power = np.where(down, end, np.where(up, start, 0.5 * np.minimum(start, end)))
    flow = power * 1e3 / (HEAT_CAPACITY * (SUPPLY_TEMP_C - RETURN_TEMP_C))
    bore = DN * 1e-3
    friction_factor = 0.11 * (5e-4 / bore) ** 0.25
    most = np.pi / 4.0 * bore**2 * np.sqrt(2.0 * DENSITY * bore * OLD_FRICTION / friction_factor)
    return DN[np.minimum(np.searchsorted(most, flow), len(DN) - 1)].astype(float)


def _old(streets: _Streets, pieces: _Pieces) -> NDArray[np.bool_]:
    """Which pipes lie in the old town."""
    far = np.linalg.norm(streets.crossing - CENTRE, axis=1)
    inner = far <= np.quantile(far, OLD_TOWN)
    return inner[streets.ends[streets.piped]].all(axis=1)[pieces.street]


def _ground(place: Array) -> Array:
    x, y = (place - CENTRE).T
    return np.round(112.0 + 6.0 * np.sin(x / 1700.0) + 4.0 * np.cos(y / 1100.0), 1)


# tables --------------------------------------------------------------------------------------------------


def _pipe_table(pieces: _Pieces, dn: Array, old: NDArray[np.bool_], random: np.random.Generator) -> gpd.GeoDataFrame:
    """One row for each noded pipe, with the geometry as it should be; every tenth old connection is new."""
    connection = np.isnan(pieces.from_share)
    existing = old & ~(connection & (random.random(len(old)) < 0.1))
    middle = pieces.place[pieces.start] * 0.5 + pieces.place[pieces.end] * 0.5
    return gpd.GeoDataFrame(
        {
            "status": np.where(existing, "existing", "planned").astype(object),
            "phase": np.where(existing, "existing", "near").astype(object),
            "level": np.full(len(old), "primary", dtype=object),
            "role": np.where(connection, "connection", None),
            "dn_mm": np.where(existing, dn, np.nan),
            "roughness_mm": np.where(existing, 0.5, np.nan),
            "laying": np.where(random.random(len(old)) < 0.7, "buried", "duct").astype(object),
            "installed_year": np.where(existing, np.round(random.uniform(1975, 2023, len(old))), np.nan),
        },
        geometry=shapely.points(middle),
        crs=CRS,
    )


def _drawn(
    table: gpd.GeoDataFrame, streets: _Streets, pieces: _Pieces, careless: NDArray[np.bool_],
    random: np.random.Generator,
) -> gpd.GeoDataFrame:  # fmt: skip
    """The pipes as drawn: tidy ones piece by piece, careless streets as one line; in no order."""
    ends = streets.ends[streets.piped]
    connection = np.isnan(pieces.from_share)
    loose = careless[pieces.street]
    forgotten = loose & connection & (random.random(len(table)) < 0.2)
    whole = loose & ~connection & (pieces.from_share == 0.0)
    kept = np.flatnonzero((~loose | connection | whole) & ~forgotten)
    low = np.where(connection, 0.0, pieces.from_share)
    high = np.where(connection, 0.0, np.where(whole, 1.0, pieces.to_share))
    low, high, street = low[kept], high[kept], pieces.street[kept]
    a, b = streets.crossing[ends[street, 0]], streets.crossing[ends[street, 1]]
    # places at both ends and between: tidy pieces have one vertex between their ends, whole streets seven
    shares = np.linspace(0.0, 1.0, 9)
    step = np.where(whole[kept], 1, 4)
    vertex = np.stack([_along(a, b, low + (high - low) * t) for t in shares], axis=1)
    vertex[:, 0], vertex[:, -1] = pieces.place[pieces.start[kept]], pieces.place[pieces.end[kept]]
    is_whole = whole[kept]
    vertex[is_whole, 0], vertex[is_whole, -1] = a[is_whole], b[is_whole]
    miss = random.uniform(-MISS / 2, MISS / 2, (len(kept), 2)) * loose[kept][:, None]
    vertex[:, 0] += miss
    used = (np.arange(9)[None, :] % step[:, None] == 0) & ~(connection[kept][:, None] & np.isin(np.arange(9), [4]))
    turned = random.random(len(kept)) < 0.5
    vertex[turned] = vertex[turned, ::-1]
    used[turned] = used[turned, ::-1]
    lines = shapely.linestrings(np.round(vertex[used], 3), indices=np.repeat(np.arange(len(kept)), used.sum(axis=1)))
    drawn = table.iloc[kept].set_geometry(gpd.GeoSeries(lines, index=table.index[kept], crs=CRS))
    drawn = drawn.iloc[random.permutation(len(drawn))].reset_index(drop=True)
    drawn.insert(0, "pipe_id", [f"P{i:06d}" for i in range(1, len(drawn) + 1)])
    return drawn


def _station_table(pieces: _Pieces, load: Array, random: np.random.Generator) -> gpd.GeoDataFrame:
    """Stations, every other one by its load, the others by area and heat index."""
    count = len(load)
    place = pieces.place[pieces.station]
    index = np.round(random.uniform(40.0, 60.0, count), 1)
    by_load = np.arange(count) % 2 == 0
    return gpd.GeoDataFrame(
        {
            "station_id": [f"S{i:05d}" for i in range(1, count + 1)],
            "name": [f"Station {i}" for i in range(1, count + 1)],
            "status": np.full(count, "existing", dtype=object),
            "heated_area_m2": np.round(load * 1e3 / index, 0),
            "heat_index_w_m2": np.where(by_load, np.nan, index),
            "building_use": np.full(count, "residential", dtype=object),
            "load_kw": np.where(by_load, load, np.nan),
            "supply_temp_c": np.full(count, SUPPLY_TEMP_C),
            "return_temp_c": np.full(count, RETURN_TEMP_C),
            "required_head_m": np.full(count, 10.0),
            "ground_m": _ground(place),
        },
        geometry=shapely.points(place),
        crs=CRS,
    )


def _source_table(place: Array, load_kw: float) -> gpd.GeoDataFrame:
    count = len(place)
    return gpd.GeoDataFrame(
        {
            "source_id": [f"Q{i}" for i in range(1, count + 1)],
            "name": [f"Plant {i}" for i in range(1, count + 1)],
            "role": np.full(count, "base", dtype=object),
            "capacity_mw": np.full(count, np.ceil(1.2e-3 * load_kw / count)),
            "supply_temp_c": np.full(count, SUPPLY_TEMP_C),
            "return_temp_c": np.full(count, RETURN_TEMP_C),
            "static_head_m": np.full(count, 30.0),
            "plant_loss_m": np.full(count, 10.0),
            "head_reserve_m": np.full(count, 3.0),
            "pressure_holding": np.arange(count) == 0,
            "ground_m": _ground(place),
        },
        geometry=shapely.points(place),
        crs=CRS,
    )


def _street_table(streets: _Streets) -> gpd.GeoDataFrame:
    """Every street of the grid; those with pipes are called as their crossings."""
    a, b = streets.crossing[streets.ends[:, 0]], streets.crossing[streets.ends[:, 1]]
    lines = np.stack([np.round(_along(a, b, np.full(len(a), t)), 3) for t in np.linspace(0.0, 1.0, 5)], axis=1)
    number = (a[:, 0] // (4.0 * BLOCK)).astype(int)
    return gpd.GeoDataFrame(
        {
            "street_id": [f"T{i:06d}" for i in range(1, len(a) + 1)],
            "name": [f"Street {i}" for i in number],
            "class": np.where(streets.piped, "secondary", "residential").astype(object),
        },
        geometry=shapely.linestrings(lines),
        crs=CRS,
    )
