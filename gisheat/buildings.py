"""Buildings as heat consumers: their heated area goes to their station, or they become stations themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisheat.catalogue import heat_indices
from gisheat.findings import Finding, findings_about
from gisheat.layers import Layers
from gisheat.network import Array, Mask, Text
from gisheat.topology.attributes import numbers, words
from gisheat.topology.drawn import free_name
from gisheat.topology.facades import facade_points

HEATED_SHARE = 1.0
"""Heated area / (footprint x floors) where nothing is said: heat indices are meant for the whole floor area."""
SMALLEST = 1.0
"""Polygons below this [m2] are no footprint of a building."""
HAIR = 1e-3
"""Half width that a polygon without an area gets [m], so that it has an outline."""
DISAGREEMENT = 0.2
"""Stated areas of stations that differ by more than this share from the sum of their buildings are reported."""


@dataclass(frozen=True)
class Buildings:
    """How buildings count."""

    connect: Literal["auto", "always", "never"] = "auto"
    """Whether buildings that name no station become stations; auto: when there is no stations layer."""
    heated_share: float = HEATED_SHARE
    floors: float | None = None
    """Floors of buildings that state none; their area is unknown when None."""
    heat_index_position: float = 0.5
    farthest: float = np.inf
    """Longest connection [m]."""
    streets: bool = False
    """Whether streets count beside pipes as what buildings are connected to."""


def join_buildings(layers: Layers, rules: Buildings) -> Layers:
    """Clean layers with what their buildings say of stations.

    A building that names a station adds its heated area to it, where the station states none. A building that
    names none becomes a station at the place of its facade that is nearest to the pipes (to the streets without
    pipes), if the rules want that; the buildings layer then names it. Stations carry their origin in source_layer
    and source_fid.
    """
    if not len(layers.get("buildings")):
        return layers
    buildings = layers["buildings"].copy()
    buildings.geometry = _sound(buildings.geometry.to_numpy())
    stations = layers.get("stations")
    area, counted = heated_areas(buildings, rules)
    named = words(buildings, "station_id")
    ids = set(stations["station_id"]) if len(stations) else set[object]()
    nameless = np.array([n is None for n in named], bool)
    strange = np.array([n is not None and n not in ids for n in named], bool)
    findings = _strange(buildings, strange)
    stations, found = _with_areas(stations, buildings, named, area, rules)
    wanted = nameless & (rules.connect == "always" or (rules.connect == "auto" and not len(stations)))
    findings += [*found, *_unknown(buildings, wanted & np.isnan(area))]
    chosen = wanted & (area > 0.0)
    notes = list(layers.notes)
    if counted[~nameless | chosen].any():
        count, share = int(counted[~nameless | chosen].sum()), rules.heated_share
        notes.append(f"buildings: heated_area_m2 is footprint x floors x {share:g} for the {count} that state none")
    original = layers["buildings"]
    if chosen.any():
        made = _as_stations(buildings[chosen], area[chosen], layers, ids, rules)
        stations = _together(stations, made)
        named[chosen] = made["station_id"].to_numpy(object)
        original = original.assign(station_id=pd.Series(named, index=original.index, dtype=object))
        notes.append(f"buildings: {int(chosen.sum())} became stations, at their facades")
    left = int((nameless & ~wanted).sum())
    if left:
        message = (
            f"{left} building(s) name no station and are background only;"
            " connect_buildings = always makes each a station."
        )
        findings.append(Finding("buildings-unused", "info", "buildings", message))
    tables = {**layers.tables, "buildings": original, **({"stations": stations} if len(stations) else {})}
    return replace(layers, tables=tables, findings=(*layers.findings, *findings), notes=tuple(notes))


def heated_areas(buildings: gpd.GeoDataFrame, rules: Buildings) -> tuple[Array, Mask]:
    """Heated area of each building [m2], NaN where it is unknown, and whether it is footprint x floors."""
    stated, floors = numbers(buildings, "heated_area_m2"), numbers(buildings, "floors")
    floors = np.where(floors > 0.0, floors, np.nan if rules.floors is None else rules.floors)
    footprint = shapely.area(buildings.geometry.to_numpy())
    counted = np.isnan(stated) & ~np.isnan(floors) & (footprint >= SMALLEST)
    return np.where(counted, footprint * floors * rules.heated_share, stated), counted


def _sound(shapes: np.ndarray) -> np.ndarray:
    """Valid polygons; what repairing leaves beside them (lines, points) is left out."""
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    sound = shapes.copy()
    for i in broken.tolist():
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shapes[i])))
        sound[i] = shapely.MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))
        if sound[i].is_empty:
            sound[i] = shapely.buffer(shapely.convex_hull(shapes[i]), HAIR)
    return sound


# buildings of stations ----------------------------------------------------------------------------------


def _with_areas(
    stations: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, named: Text, area: Array, rules: Buildings
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Stations with the areas, and the heat index, of the buildings that name them."""
    if not len(stations):
        return stations, []
    row = {name: i for i, name in enumerate(stations["station_id"])}
    of = np.array([-1 if n is None else row.get(n, -1) for n in named], np.int64)
    theirs = np.flatnonzero(of >= 0)
    if not len(theirs):
        return stations, []
    count = np.bincount(of[theirs], minlength=len(stations))
    total = np.bincount(of[theirs], np.nan_to_num(area[theirs]), minlength=len(stations))
    own = numbers(stations, "heated_area_m2")
    filled = np.isnan(own) & (total > 0.0)
    lacking = (of >= 0) & np.isnan(area) & np.isnan(own)[of]
    gaps = np.bincount(of[theirs], np.isnan(area[theirs]), minlength=len(stations)) > 0
    apart = (count > 0) & ~gaps & (np.abs(own - total) > DISAGREEMENT * total)
    index = _indices(stations, buildings, of, area, rules)
    findings = [
        *_unknown(buildings, lacking),
        *_about(stations, filled, "building-area", "info",
                [f"its heated area, {a:.0f} m2, is that of its {n} building(s)"
                 for a, n in zip(total[filled], count[filled], strict=True)]),
        *_about(stations, apart, "building-area-disagrees", "warning",
                [f"states {o:.0f} m2 of heated area, its {n} building(s) have {a:.0f} m2; its own counts"
                 for o, a, n in zip(own[apart], total[apart], count[apart], strict=True)]),
    ]  # fmt: skip
    changed = {"heated_area_m2": np.where(filled, total, own)}
    given = numbers(stations, "heat_index_w_m2")
    if (filled & ~np.isnan(index)).any():
        changed["heat_index_w_m2"] = np.where(filled & np.isnan(given), index, given)
    return stations.assign(**changed), findings


def _indices(
    stations: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, of: np.ndarray, area: Array, rules: Buildings
) -> Array:
    """Heat index of the buildings of each station [W/m2], weighted by area.

    NaN where the station says its use itself, or that of a building is not in the catalogue.
    """
    index = heat_indices(words(buildings, "building_use"), words(buildings, "energy_saving"), rules.heat_index_position)
    counts = (of >= 0) & (area > 0.0)
    total = np.bincount(of[counts], area[counts], minlength=len(stations))
    heat = np.bincount(of[counts], area[counts] * index[counts], minlength=len(stations))
    silent = np.array([u is None for u in words(stations, "building_use")], bool)
    return np.where(silent & (total > 0.0), heat / np.where(total > 0.0, total, 1.0), np.nan)


# buildings as stations ----------------------------------------------------------------------------------


def _as_stations(
    buildings: gpd.GeoDataFrame, area: Array, layers: Layers, ids: set[object], rules: Buildings
) -> gpd.GeoDataFrame:
    """Stations in place of buildings, at their facades."""
    taken = set(map(str, ids))
    names = [free_name(str(name), taken) for name in buildings["building_id"]]
    xy = facade_points(
        buildings.geometry.to_numpy(), _lines(layers, streets=rules.streets), farthest=rules.farthest,
        forbidden=_forbidden(layers),
    )  # fmt: skip
    columns = {
        "station_id": np.array(names, object),
        "heated_area_m2": area,
        "building_use": words(buildings, "building_use"),
        "energy_saving": words(buildings, "energy_saving"),
        "source_layer": np.full(len(buildings), "buildings", object),
        "source_fid": buildings.index.to_numpy(),
    }
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=shapely.points(xy), crs=layers.crs)


def _lines(layers: Layers, *, streets: bool) -> np.ndarray:
    """Lines that buildings may be connected to: open pipes; streets too where wanted, or where there are no pipes."""
    pipes = layers.get("pipes")
    is_open = ~np.isin(words(pipes, "status", "existing").astype(str), ("abandoned", "closed"))
    lines = pipes.geometry.to_numpy()[is_open]
    if streets or not len(lines):
        lines = np.concatenate([lines, layers.get("streets").geometry.to_numpy()])
    return np.asarray(shapely.get_parts(shapely.force_2d(lines)), object)


def _forbidden(layers: Layers) -> np.ndarray | None:
    areas = layers.get("areas")
    return areas.geometry.to_numpy()[(areas["kind"] == "forbidden").to_numpy()] if len(areas) else None


def _together(stations: gpd.GeoDataFrame, made: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Stations of the layer and those made, with their origin; feature ids stay unique."""
    if not len(stations):
        return made
    own = stations.assign(source_layer="stations", source_fid=stations.index.to_numpy())
    first = int(stations.index.max()) + 1
    table = pd.concat([own, made.set_index(np.arange(first, first + len(made)))])
    for name in [str(c) for c in table.columns if table[c].dtype.kind == "O" and c != "geometry"]:
        table[name] = table[name].where(table[name].notna(), None)
    return table


# findings -----------------------------------------------------------------------------------------------


def _strange(buildings: gpd.GeoDataFrame, mask: Mask) -> list[Finding]:
    rows = buildings[mask]
    messages = (
        f"building {name}: there is no station {station}; it is left out."
        for name, station in zip(rows["building_id"], rows.get("station_id", ()), strict=True)
    )
    return findings_about(rows, "building-station-unknown", "error", "buildings", messages)


def _unknown(buildings: gpd.GeoDataFrame, mask: Mask) -> list[Finding]:
    rows = buildings[mask]
    messages = (
        f"building {name} states no heated_area_m2, nor floors over a footprint; its heated area is unknown and it is"
        " left out."
        for name in rows["building_id"]
    )
    repair = "state its floors, or give building_floors"
    return findings_about(rows, "building-area-unknown", "error", "buildings", messages, repair=repair)


def _about(
    stations: gpd.GeoDataFrame, mask: Mask, rule: str, severity: Literal["info", "warning"], what: Iterable[str]
) -> list[Finding]:
    rows = stations[mask]
    messages = (f"station {n}: {w}." for n, w in zip(rows["station_id"], what, strict=True))
    return findings_about(rows, rule, severity, "stations", messages)
