"""A network as a networkx graph: columns of the contract as attributes. The way back is `reading`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gisheat.errors import InputError
from gisheat.network.arrays import (
    CHARACTERISTICS,
    PUMP_CONTROLS,
    ROLES,
    SOURCE_CONTROLS,
    STATION_CONTROLS,
    VALVE_KINDS,
    Array,
    Mask,
    Network,
    Text,
)
from gisheat.network.curves import write_curve
from gisheat.schema import ID_COLUMN, from_si

if TYPE_CHECKING:
    import networkx as nx

    from gisheat.results import Results

Columns = dict[str, Any]
Row = dict[str, Any]
EDGE_LAYERS = ("pipes", "valves", "pumps")
_RESULT_ENDS = ("from_node", "to_node")

# column of the contract -> field of the table
NUMBERS: dict[str, dict[str, str]] = {
    "nodes": {"ground_m": "ground"},
    "pipes": {
        "length_m": "length", "equivalent_length_m": "equivalent_length", "inner_diameter_mm": "inner_diameter",
        "roughness_mm": "roughness", "zeta": "zeta",
    },
    "stations": {
        "heated_area_m2": "heated_area", "load_kw": "load", "flow_t_h": "flow", "supply_temp_c": "supply_temperature",
        "return_temp_c": "return_temperature", "required_head_m": "required_head", "kvs_m3_h": "kvs",
        "valve_kv_m3_h": "valve_kv", "hx_loss_kpa": "exchanger_loss",
        "secondary_supply_temp_c": "secondary_supply_temperature",
        "secondary_return_temp_c": "secondary_return_temperature",
    },
    "sources": {
        "supply_temp_c": "supply_temperature", "return_temp_c": "return_temperature", "static_head_m": "static_head",
        "supply_head_m": "supply_head", "plant_loss_m": "plant_loss", "head_reserve_m": "head_reserve",
        "pump_efficiency": "pump_efficiency", "capacity_mw": "capacity", "terminal_difference_m": "terminal_difference",
        "pump_speed": "pump_speed", "pump_count": "pump_count", "flow_share": "flow_share",
        "pressure_holding": "pressure_holding",
    },
    "valves": {
        "dn_mm": "bore", "kvs_m3_h": "kvs", "opening": "opening", "setting_kpa": "pressure_setting",
        "setting_t_h": "flow_setting",
    },
    "pumps": {"setpoint_kpa": "setpoint", "speed": "speed", "count": "count", "efficiency": "efficiency"},
}  # fmt: skip
WORDS: dict[str, dict[str, tuple[str, Sequence[str]]]] = {
    "pipes": {"role": ("role", ROLES)},
    "stations": {"control": ("control", STATION_CONTROLS)},
    "sources": {"pump_control": ("pump_control", SOURCE_CONTROLS)},
    "valves": {"kind": ("kind", VALVE_KINDS), "characteristic": ("characteristic", CHARACTERISTICS)},
    "pumps": {"control": ("control", PUMP_CONTROLS)},
}
ONE_PIPE_NODES = {"demand_kg_s": "demand", "fixed_head_m": "fixed_head"}


def graph_of_network(
    network: Network, results: Results | None = None, places: Mapping[Any, Sequence[float]] | None = None
) -> nx.MultiDiGraph[str]:
    """Graph of a network; `Network.to_networkx` says what is in it."""
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(two_pipe=network.two_pipe)
    for row in _rows("nodes", network, results):
        graph.add_node(row.pop("node_id"), **row)
    for layer in EDGE_LAYERS:
        element, table = layer.removesuffix("s"), getattr(network, layer)
        starts, ends = network.nodes.id[table.start], network.nodes.id[table.end]
        for start, end, row in zip(starts, ends, _rows(layer, network, results), strict=True):
            name = row[ID_COLUMN[layer]]
            taken = graph.has_edge(start, end, name)
            graph.add_edge(start, end, f"{element} {name}" if taken else name, element=element, **row)
    for layer in ("stations", "sources") if network.two_pipe else ():
        for node, row in zip(getattr(network, layer).supply_node, _rows(layer, network, results), strict=True):
            graph.nodes[network.nodes.id[node]].setdefault(layer, {})[row.pop(ID_COLUMN[layer])] = row
    for node, place in (places or {}).items():
        if str(node) in graph:
            graph.nodes[str(node)].update(x=float(place[0]), y=float(place[1]))
    return graph


def _rows(layer: str, network: Network, results: Results | None) -> list[Row]:
    """Rows of a layer, those of the results over those of the network; what is unknown is left out."""
    columns = columns_of(network, layer)
    if results is not None:
        found = getattr(results, layer)
        if len(columns[ID_COLUMN[layer]]):
            if found[ID_COLUMN[layer]].tolist() != columns[ID_COLUMN[layer]].tolist():
                raise InputError(f"to_networkx: the results are of another network, their {layer} are not these.")
            columns |= {name: found[name].to_numpy() for name in found.columns if name not in _RESULT_ENDS}
    names = list(columns)
    values = zip(*(np.asarray(v).tolist() for v in columns.values()), strict=True)
    return [{name: v for name, v in zip(names, row, strict=True) if _known(v)} for row in values]


def _known(value: Any) -> bool:
    return value is not None and value == value and value != ""  # noqa: PLR0124  NaN differs from itself


def columns_of(network: Network, layer: str) -> Columns:
    """Columns of a layer in the units of their names, as far as a network knows them.

    >>> network = Network.from_tables(
    ...     {"node_id": ["A", "B"]},
    ...     {"pipe_id": ["AB"], "from_node": ["A"], "to_node": ["B"], "length_m": [80.0], "inner_diameter_mm": [150]},
    ... )
    >>> columns_of(network, "pipes")["inner_diameter_mm"].tolist()
    [150.0]
    """
    table = getattr(network, layer)
    columns: Columns = {ID_COLUMN[layer]: table.id}
    numbers = NUMBERS[layer] | (ONE_PIPE_NODES if layer == "nodes" and not network.two_pipe else {})
    columns |= {name: _in_unit(getattr(table, field), name) for name, field in numbers.items()}
    for name, (field, choices) in WORDS.get(layer, {}).items():
        columns[name] = np.array([*choices, None], dtype=object)[getattr(table, field)]
    if layer == "pipes":
        columns["status"] = _either(table.existing, "existing", "planned")
    elif layer == "valves":
        columns["state"] = _either(table.is_open, "open", "closed")
    elif layer == "pumps":
        columns |= {"status": _either(table.running, "running", "stopped"), "curve": _curves(table.curve)}
    elif layer == "sources":
        columns["pump_curve"] = _curves(table.curve)
    if layer in EDGE_LAYERS:
        columns["line"] = np.where(
            table.in_supply & table.in_return, "pair", _either(table.in_supply, "supply", "return")
        )
    if layer in ("stations", "sources"):
        columns |= {end: network.nodes.id[getattr(table, end)] for end in ("supply_node", "return_node")}
    if layer != "nodes":
        columns["in_service"] = table.in_service
    return columns


def _in_unit(values: Any, name: str) -> Any:
    return values if values.dtype == bool else from_si(values, name)


def _either(mask: Mask, yes: str, no: str) -> Text:
    return np.where(mask, yes, no).astype(object)


def _curves(curves: Sequence[Array | None] | Text) -> Text:
    return np.array([None if c is None else write_curve(c) for c in curves] + [None], dtype=object)[:-1]
