"""Result layers: the drawn features with the columns of the contract, then the user's own, nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gisheat.catalogue import PipeSeries
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.loads import Loads
from gisheat.network import ROLES, Mask
from gisheat.results import Results, node_kinds
from gisheat.schema import GEOMETRY, columns, from_si, input_columns, result_columns
from gisheat.sizing import Sizing
from gisheat.topology import Drawing

SMALL = 1e-3
"""Figures below this are written with six digits instead."""
DECIMALS = 6
"""Decimals of every computed figure in its own unit: finer than any measurement, free of rounding noise."""


def pipe_layer(
    drawing: Drawing, sizing: Sizing | None, series: PipeSeries, results: Results | None
) -> gpd.GeoDataFrame:
    """Pipes with sizes and results; pipes that are no part of the network come last, without results."""
    table = drawing.pipes.copy()
    network = drawing.network if sizing is None else sizing.network
    pipes, nodes = network.pipes, network.nodes
    table["from_node"], table["to_node"] = nodes.id[pipes.start], nodes.id[pipes.end]
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = np.where(pipes.length > 0.0, pipes.equivalent_length / pipes.length, 0.0)
    table["length_m"], table["local_loss_fraction"] = _rounded(pipes.length), _rounded(fraction)
    # of the figures as they are written, so that the result read again gives the same
    table["equivalent_length_m"] = _rounded(table["length_m"].to_numpy() * table["local_loss_fraction"].to_numpy())
    table["roughness_mm"] = _rounded(from_si(pipes.roughness, "roughness_mm"))
    table["inner_diameter_mm"] = _rounded(from_si(pipes.inner_diameter, "inner_diameter_mm"))
    table["status"] = _filled_text(table, "status", "existing")
    role = pipes.role if sizing is None else sizing.role
    table["role"] = np.array([*ROLES, None], dtype=object)[role]
    if sizing is not None:
        sized = sizing.row >= 0
        for name, values in (
            ("dn_mm", series.dn),
            ("outer_diameter_mm", series.outer_diameter),
            ("wall_mm", series.wall),
        ):
            own = table[name].to_numpy(float) if name in table else np.full(len(table), np.nan)
            chosen = _rounded(values[sizing.row] if name == "dn_mm" else from_si(values[sizing.row], name))
            table[name] = np.where(sized, chosen, own)
        earlier = _filled_text(table, "governed_by", None)
        stated = np.array([v is not None for v in earlier], dtype=bool)
        table["governed_by"] = np.where(stated & ~sized, earlier, sizing.governed_by)
    if results is not None:
        found = results.pipes
        for name in result_columns("pipes"):
            if name in found and name not in ("pipe_id", "from_node", "to_node", "role"):
                table[name] = found[name].to_numpy() if name == "on_critical_path" else _rounded(found[name].to_numpy())
    unused = drawing.unused
    together = pd.concat([table, unused], ignore_index=True) if len(unused) else table
    return _in_order("pipes", gpd.GeoDataFrame(together, geometry="geometry", crs=drawing.crs))


def node_layer(drawing: Drawing, results: Results | None) -> gpd.GeoDataFrame:
    """Nodes with heights, kinds and heads."""
    table = drawing.nodes.drop(columns=["source_fid"]).copy()
    table["ground_m"] = _rounded(drawing.network.nodes.ground)
    table["kind"] = node_kinds(drawing.network, drawing.stations_joined, drawing.sources_joined)
    return _in_order("nodes", _joined(table, None if results is None else results.nodes))


def station_layer(
    drawing: Drawing, loads: Loads | None, results: Results | None, due: Mask | None = None
) -> gpd.GeoDataFrame:
    """Stations with loads, flows and heads.

    Parameters
    ----------
    due : bool array, shape (stations,), optional
        Stations that are to be served: what serves none of the others says nothing of them.
    """
    table = drawing.stations.drop(columns=["source_fid", "source_layer"], errors="ignore").copy()
    if len(table):
        stations = drawing.network.stations if loads is None else loads.network.stations
        table["required_head_m"] = _rounded(stations.required_head)
        table["connection_length_m"] = _rounded(table["connection_length_m"].to_numpy())
        ground = drawing.network.nodes.ground[stations.supply_node]
        own = table["ground_m"].to_numpy(float) if "ground_m" in table else np.full(len(table), np.nan)
        table["ground_m"] = np.where(np.isnan(own) & stations.in_service, _rounded(ground), own)
    if loads is not None and len(table):
        stations = loads.network.stations
        table["heated_area_m2"] = _rounded(stations.heated_area)
        table["heat_index_w_m2"] = _rounded(loads.heat_index)
        table["load_kw"] = _rounded(from_si(stations.load, "load_kw"))
        table["load_source"] = loads.source
        table["flow_t_h"] = _rounded(from_si(stations.flow, "flow_t_h"))
    if results is not None and len(table):
        for name, values in (("kvs_m3_h", results.network.stations.kvs),
                             ("hx_loss_kpa", results.network.stations.exchanger_loss)):  # fmt: skip
            if not np.isnan(values).all():
                table[name] = _rounded(from_si(values, name))
    joined = _joined(table, None if results is None else results.stations)
    if results is not None and len(joined):
        due = results.network.stations.in_service if due is None else due
        joined["served"] = joined["served"].astype(object).where(due, None)
    return _in_order("stations", joined)


def source_layer(drawing: Drawing, results: Results | None) -> gpd.GeoDataFrame:
    """Sources with what they give."""
    table = drawing.sources.drop(columns=["source_fid"]).copy()
    return _in_order("sources", _joined(table, None if results is None else results.sources))


def device_layers(drawing: Drawing, results: Results | None) -> dict[str, gpd.GeoDataFrame]:
    """Valves and pumps with their nodes and what they do, in the order of the input; none where no layer was given."""
    found = {
        "valves": (drawing.valves, drawing.unused_valves, None if results is None else results.valves),
        "pumps": (drawing.pumps, drawing.unused_pumps, None if results is None else results.pumps),
    }
    layers = {}
    for layer, (used, unused, result) in found.items():
        if layer in drawing.layers:
            table = _joined(used.copy(), result)
            table = pd.concat([t for t in (table, unused) if len(t)] or [table], ignore_index=True)
            table = table.sort_values("source_fid", kind="stable").drop(columns=["source_fid"]).reset_index(drop=True)
            layers[layer] = _in_order(layer, table)
    return layers


def _joined(table: gpd.GeoDataFrame, found: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Table with the columns of results, row by row; unknown results do not overwrite what was stated."""
    if found is None or not len(table):
        return table
    for name in found.columns:
        values = found[name].to_numpy()
        if values.dtype.kind == "f":
            values = _rounded(values)
            if name in table:
                values = np.where(np.isnan(values), table[name].to_numpy(float), values)
        elif name in table:
            continue
        table[name] = values
    return table


def findings_layer(findings: Iterable[Finding], crs: CRS | None) -> gpd.GeoDataFrame:
    """Findings as points (without geometry where there is no place), errors first."""
    rank = {"error": 0, "warning": 1, "info": 2}

    def place_in_list(f: Finding) -> tuple[int, str, str, int, str]:
        return rank[f.severity], f.rule, f.layer, -1 if f.source_fid is None else f.source_fid, f.message

    listed = sorted(findings, key=place_in_list)
    placed = np.array([f.point is not None for f in listed], bool)
    points = np.full(len(listed), None, object)
    points[placed] = shapely.points(np.array([f.point for f in listed if f.point is not None], float).reshape(-1, 2))
    table = gpd.GeoDataFrame(
        {
            "rule": [f.rule for f in listed],
            "severity": [f.severity for f in listed],
            "layer": [f.layer for f in listed],
            "source_fid": [f.source_fid for f in listed],
            "other_fid": [f.other_fid for f in listed],
            "message": [f.message for f in listed],
            "distance_m": _rounded(np.array([np.nan if f.distance is None else f.distance for f in listed], float)),
            "repair": [f.repair or None for f in listed],
            "applied": [f.applied for f in listed],
        },
        geometry=points,
        crs=crs,
    )
    return _in_order("findings", table)


def key_values(rows: Mapping[str, tuple[Any, str]], layer: str = "summary") -> pd.DataFrame:
    """A table of key, value, unit; numbers as text with up to six decimals."""
    return _in_order(
        layer,
        pd.DataFrame(
            {
                "key": list(rows),
                "value": [_word(v) for v, _ in rows.values()],
                "unit": [u for _, u in rows.values()],
            },
            dtype=object,
        ),
    )


def _word(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        if 0.0 < abs(float(value)) < SMALL:
            return f"{value:.6g}"
        return "" if np.isnan(value) else f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return str(value)


def scenario_table(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Scenarios of a sweep, figures rounded."""
    return _in_order("scenarios", _all_rounded(scenarios))


def path_table(results: Results | None) -> pd.DataFrame:
    """Critical path from the source to the worst station."""
    table = pd.DataFrame(columns=list(result_columns("critical_path"))) if results is None else results.path()
    return _in_order("critical_path", _all_rounded(table))


def one_pipe_layer(layer: str, table: pd.DataFrame, found: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """A layer of a one-pipe network: the contract's columns that it has, results rounded, then the user's own."""
    table = table.reset_index(drop=True)
    found = pd.DataFrame() if found is None else found
    for name in found.columns:
        if name not in table or not columns(layer)[name].is_input:
            values = found[name].to_numpy()
            table[name] = _rounded(values) if values.dtype.kind == "f" else values
    wanted = {name: _typed(table[name], c.kind, len(table)) for name, c in columns(layer).items() if name in table}
    own = {str(c): table[c].to_numpy() for c in table.columns if c not in wanted and c != "geometry"}
    frame = pd.DataFrame({**wanted, **own}, index=range(len(table)))
    return gpd.GeoDataFrame(frame, geometry=table.geometry.to_numpy(), crs=table.crs)


def comparison_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Scenarios beside the main run."""
    return _in_order("comparison", _all_rounded(compared))


def empty_layer(layer: str, crs: CRS) -> pd.DataFrame:
    """An input layer without features, with all columns it may have (a plain table where it has no geometry)."""
    columns_ = {name: _typed(None, column.kind, 0) for name, column in input_columns(layer).items()}
    frame = pd.DataFrame(columns_)
    return frame if GEOMETRY[layer] == "none" else gpd.GeoDataFrame(frame, geometry=[], crs=crs)


def passed_on(layers: Layers, names: Iterable[str] = ("streets", "buildings", "areas")) -> dict[str, gpd.GeoDataFrame]:
    """Layers as they are, those without features left out, so that the output is a complete input."""
    return {
        name: _in_order(name, layers.tables[name].reset_index(drop=True))
        for name in names
        if name in layers and (len(layers[name]) or name != "pipes")
    }


def _all_rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table, its figures rounded."""
    figures = [name for name in table.columns if table[name].dtype.kind == "f"]
    return table.assign(**{name: _rounded(table[name].to_numpy()) for name in figures})


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(values, float), DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _filled_text(table: pd.DataFrame, column: str, default: str | None) -> np.ndarray:
    if column not in table:
        return np.full(len(table), default, dtype=object)
    return np.array([default if v is None or v != v else v for v in table[column]], dtype=object)  # noqa: PLR0124


def _in_order(layer: str, table: pd.DataFrame) -> Any:
    """Contract columns in their order and type (empty where there is nothing), then the user's own, then geometry."""
    known = {name: c for name, c in columns(layer).items() if not c.one_pipe}
    wanted = [*result_columns(layer), *(name for name, c in known.items() if not c.is_result and name in table)]
    result = {name: _typed(table.get(name), known[name].kind, len(table)) for name in wanted}
    own = {str(c): table[c].to_numpy() for c in table.columns if c not in known and c != "geometry"}
    frame = pd.DataFrame({**result, **own}, index=range(len(table)))
    if isinstance(table, gpd.GeoDataFrame) and "geometry" in table:
        return gpd.GeoDataFrame(frame, geometry=table.geometry.to_numpy(), crs=table.crs)
    return frame


def _typed(values: pd.Series | None, kind: str, count: int) -> Any:
    """A column in the type of its kind, with None, NaN or NA where there is nothing."""
    if kind == "float":
        return np.full(count, np.nan) if values is None else values.to_numpy(dtype=float, na_value=np.nan)
    words = np.full(count, None) if values is None else values.to_numpy(dtype=object, copy=True)
    if values is not None:
        words[values.isna().to_numpy()] = None
    if kind == "text":
        return words
    return pd.array(words, dtype="Int64") if kind == "int" else pd.array(words, dtype="boolean")
