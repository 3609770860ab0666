"""A year of works on Mulan's network, drawn by us, with 0.2 m of digitising noise everywhere."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely import LineString, Point
from shapely.ops import substring

NOISE = 0.2
LAYERS = ("pipes", "stations", "sources", "nodes")


def drawn(path, tables):
    """A map as a surveyor hands it over: the layers alone, without what was computed."""
    for name, table in tables.items():
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=name != "pipes")
    return path


def last_year(result):
    """The map a year ago: what is drawn and stated of a result, by layer."""
    kept = {
        "pipes": ["pipe_id", "status", "phase", "role", "dn_mm", "outer_diameter_mm", "wall_mm", "roughness_mm",
                  "geometry"],
        "stations": ["station_id", "name", "status", "phase", "heated_area_m2", "heat_index_w_m2", "geometry"],
        "sources": None, "nodes": ["node_id", "ground_m", "geometry"],
    }  # fmt: skip
    read = {name: result[name] for name in LAYERS}
    return {name: table if kept[name] is None else table[kept[name]] for name, table in read.items()}


def year_of_works(last_year, folder):
    """Files of the map a year ago and now, the connection of each station, the branch that was split."""
    before = drawn(folder / "last.gpkg", last_year)
    new = {name: table.copy() for name, table in last_year.items()}
    pipes, stations = new["pipes"].set_index("pipe_id"), new["stations"].set_index("station_id")

    # a section of the trunk renewed, larger and 4 m aside; everything else of it as it was
    pipes.loc["A9-A10", ["dn_mm", "outer_diameter_mm", "wall_mm"]] = [800.0, 820.0, 9.0]
    line = pipes.geometry["A9-A10"]
    middle = line.interpolate(0.5, normalized=True)
    pipes.loc["A9-A10", "geometry"] = LineString([line.coords[0], (middle.x + 4.0, middle.y + 3.0), line.coords[-1]])
    # a station moved, its connection ends where it is now
    ends = {s: p for p in pipes.index[pipes["role"] == "connection"] for s in stations.index
            if pipes.geometry[p].dwithin(stations.geometry[s], 0.01)}  # fmt: skip
    old_place = stations.geometry["H16"]
    stations.loc["H16", "geometry"] = Point(old_place.x + 6.0, old_place.y + 8.0)
    way = list(pipes.geometry[ends["H16"]].coords)
    at = -1 if Point(way[-1]).dwithin(old_place, 0.01) else 0
    way[at] = (old_place.x + 6.0, old_place.y + 8.0)
    pipes.loc[ends["H16"], "geometry"] = LineString(way)
    # a branch split where one of two new connections starts, the other starts at its end
    branch = pipes.index[(pipes["role"] == "branch")][0]
    whole = pipes.loc[branch]
    parts = [substring(whole.geometry, *part, normalized=True) for part in ((0.0, 0.5), (0.5, 1.0))]
    tap, far = Point(parts[0].coords[-1]), Point(whole.geometry.coords[-1])
    pipes = pipes.drop(branch)
    rows = [{**whole.to_dict(), "pipe_id": f"{branch}.{k}", "geometry": part} for k, part in enumerate(parts, 1)]
    for name, place in (("S1", tap), ("S2", far)):
        end = Point(place.x + 21.0, place.y - 17.0)
        rows.append({**whole.to_dict(), "pipe_id": f"to-{name}", "role": "connection", "dn_mm": 100.0,
                     "outer_diameter_mm": 108.0, "wall_mm": 4.0, "geometry": LineString([place, end])})  # fmt: skip
        stations.loc[name] = {**stations.iloc[0].to_dict(), "name": name, "heated_area_m2": 8000.0, "geometry": end}
    # a station and its connection given up
    stations.loc["H24", "status"] = "abandoned"
    pipes.loc[ends["H24"], "status"] = "abandoned"

    added = gpd.GeoDataFrame(rows, crs=new["pipes"].crs)
    new["pipes"] = gpd.GeoDataFrame(pd.concat([pipes.reset_index(), added], ignore_index=True), crs=new["pipes"].crs)
    new["stations"] = gpd.GeoDataFrame(stations.reset_index(), crs=new["stations"].crs)
    rng = np.random.default_rng(2026)
    for name, table in new.items():  # digitised anew
        shaken = shapely.transform(table.geometry.to_numpy(), lambda xy: xy + rng.uniform(-NOISE, NOISE, xy.shape))
        new[name] = table.set_geometry(shaken, crs=table.crs).sample(frac=1.0, random_state=1)
    after = drawn(folder / "this.gpkg", new)
    return before, after, ends, branch
