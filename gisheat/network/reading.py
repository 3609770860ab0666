"""Networks from tables: columns of the contract to SI arrays, with named complaints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gisheat.errors import InputError
from gisheat.network.arrays import (
    BYPASS_VALVE,
    CHARACTERISTICS,
    CONTROL,
    DEFAULT_REQUIRED_HEAD,
    DEFAULT_ROUGHNESS,
    LIMITER,
    ON_BOTH_LINES,
    PUMP_CONTROLS,
    SOURCE_CONTROLS,
    STATION_CONTROLS,
    VALVE_KINDS,
    Array,
    Code,
    Index,
    Mask,
    Network,
    Nodes,
    Pipes,
    Pumps,
    Sources,
    Stations,
    Text,
    Valves,
    codes,
    role_codes,
)
from gisheat.network.curves import read_curve
from gisheat.schema import to_si

STATUSES = ("existing", "planned", "abandoned", "closed")
STOPPED = ("stopped", "closed", "off", "abandoned")
"""Words for the status of a pump that does not run."""
LARGEST = 1e9
"""Numbers beyond this, in the unit of their column, are no numbers of a network."""
HIGHEST = 1e5
"""Largest height or head [m]."""
TRUE, FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")


def read_tables(nodes: Any, pipes: Any, stations: Any, sources: Any, pumps: Any, valves: Any) -> dict[str, Any]:
    """Arrays of a network from its tables, by the names of the fields of `Network`."""
    node = Reader("nodes", nodes, "node_id")
    number = {name: i for i, name in enumerate(node.ids)}
    return {
        "nodes": _nodes(node),
        "pipes": _pipes(Reader("pipes", pipes, "pipe_id", number)),
        "stations": _stations(Reader("stations", stations, "station_id", number)),
        "sources": _sources(Reader("sources", sources, "source_id", number)),
        "valves": _valves(Reader("valves", valves, "valve_id", number)),
        "pumps": _pumps(Reader("pumps", pumps, "pump_id", number)),
    }


def refuse_two_pipe(network: Network) -> None:
    """Refuse what a network with one pipe has no place for.

    Raises
    ------
    InputError
        If there is a station or a source.
    """
    for noun, ids in (("station", network.stations.id), ("source", network.sources.id)):
        if len(ids):
            raise InputError(
                f"{noun} {ids[0]!r} needs a supply and a return: a one-pipe network has demand_kg_s and"
                " fixed_head_m at its nodes."
            )


class Reader:
    """Columns of one input table as SI arrays, with named complaints."""

    def __init__(self, layer: str, table: Any, id_column: str, nodes: Mapping[str, int] | None = None) -> None:
        self.layer = layer
        self.table: Any = {id_column: []} if table is None else table
        self.nodes = nodes or {}
        given = list(self._required(id_column))
        for i, name in enumerate(given):
            if _missing(name):
                raise InputError(f"{layer}: {id_column} is empty in row {i + 1}; every row needs an identifier.")
        self.ids = np.array([str(v) for v in given], dtype=object)
        if len(set(self.ids)) < len(self.ids):
            seen: set[str] = set()
            twice = next(v for v in self.ids if v in seen or seen.add(v))  # type: ignore[func-returns-value]
            raise InputError(f"{layer}: {id_column} {twice!r} occurs more than once; identifiers must be unique.")

    def _required(self, column: str) -> Sequence[Any]:
        if column not in self.table:
            raise InputError(f"{self.layer}: the column {column} is missing.")
        return self.table[column]

    def _values(self, column: str) -> list[Any]:
        """All values of a column."""
        values = self.table[column]
        rows = list(values) if hasattr(values, "__iter__") and not isinstance(values, str) else [values]
        if len(rows) != len(self.ids):
            raise InputError(f"{self.layer}: the column {column} has {len(rows)} values for {len(self.ids)} rows.")
        return rows

    def number(
        self, column: str, default: float | None = None, *, least: float = -LARGEST, most: float = LARGEST
    ) -> Array:
        """Numbers of a column in SI; without `default` the column must be there and full."""
        if column not in self.table:
            if default is None and len(self.ids):
                self._required(column)
            return to_si(np.full(len(self.ids), np.nan if default is None else default), column)
        values = self._floats(column)
        unknown = np.isnan(values)
        if default is not None:
            values = np.where(unknown, default, values)
        wrong = (values > most) | (values < least) | (unknown if default is None else False)
        if wrong.any():
            i = int(np.argmax(wrong))
            bounds = f" not below {least:g}" if least > -LARGEST else ""
            if values[i] > most or (values[i] < least <= -LARGEST):
                bounds += (" and" if bounds else "") + f" not beyond {most:g}"
            raise InputError(
                f"{self.layer} {self.ids[i]!r}: {column} is {values[i]:g}; a finite number{bounds} is needed."
            )
        return to_si(values, column)

    def _floats(self, column: str) -> Array:
        """Numbers of a column, NaN where it is empty."""
        rows = self._values(column)
        try:
            return np.array([np.nan if v is None else float(v) for v in rows])
        except (TypeError, ValueError, OverflowError):
            pass  # something is empty in another way, or no number
        found = np.full(len(rows), np.nan)
        for i, value in enumerate(rows):
            try:
                found[i] = np.nan if _missing(value) else float(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise InputError(
                    f"{self.layer} {self.ids[i]!r}: the column {column} holds something that is no number"
                    f" ({_shortened(error)})."
                ) from error
        return found

    def text(self, column: str, default: str = "") -> Text:
        """Words of a column, `default` where it is empty or not there."""
        if column not in self.table:
            return np.full(len(self.ids), default, dtype=object)
        words = [default if _missing(v) else str(v) for v in self._values(column)]
        return np.array([word if word.strip() else default for word in words], dtype=object)

    def flag(self, column: str, *, default: bool = False) -> Mask:
        """Truth values of a column, `default` where it is empty or not there."""
        if column not in self.table:
            return np.full(len(self.ids), default)
        words = [str(default if _missing(v) else v).strip().lower() for v in self._values(column)]
        for i, word in enumerate(words):
            if word not in (*TRUE, *FALSE, ""):
                raise InputError(f"{self.layer} {self.ids[i]!r}: {column} {word[:40]!r} is neither true nor false.")
        return np.array([word in TRUE or (default and not word) for word in words], dtype=bool)

    def node(self, *columns: str) -> Index:
        """Node numbers of the first of the columns that is there."""
        column = next((c for c in columns if c in self.table), columns[-1])
        if not len(self.ids):
            return np.zeros(0, np.int64)
        self._required(column)
        names = [str(v) for v in self._values(column)]
        try:
            return np.array([self.nodes[name] for name in names], dtype=np.int64)
        except KeyError as error:
            i = names.index(error.args[0])
            raise InputError(
                f"{self.layer}: {column} names the node {_shortened(error)}, which is not in the nodes"
                f" ({self.layer[:-1]} {self.ids[i]!r})."
            ) from None

    def code(self, column: str, choices: Sequence[str], default: str) -> Code:
        """Index into the choices of each word of a column."""
        words = self.text(column, default)
        found = codes(words, choices)
        if (found < 0).any():
            i = int(np.argmax(found < 0))
            known = ", ".join(filter(None, choices))
            raise InputError(
                f"{self.layer} {self.ids[i]!r}: {column} {words[i][:40]!r} is unknown; choose one of {known}."
            )
        return found

    def curve(self, column: str) -> Text:
        """Pump curves of a column, None where it is empty."""
        result = np.full(len(self.ids), None, dtype=object)
        for i, text in enumerate(self.text(column)):
            if text.strip():
                try:
                    result[i] = read_curve(text)
                except ValueError as error:
                    raise InputError(f"{self.layer} {self.ids[i]!r}: {column} {error}") from None
        return result


def _missing(value: Any) -> bool:
    """Tell whether a value is None, NaN or pandas' NA, which is not even unequal to itself."""
    if value is None:
        return True
    differs = value != value  # noqa: PLR0124
    return bool(differs) if isinstance(differs, bool | np.bool_) else np.ndim(differs) == 0


def _shortened(error: Exception) -> str:
    text = str(error)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _nodes(table: Reader) -> Nodes:
    return Nodes(
        id=table.ids,
        ground=table.number("ground_m", 0.0, least=-HIGHEST, most=HIGHEST),
        demand=table.number("demand_kg_s", 0.0),
        fixed_head=table.number("fixed_head_m", np.nan, least=-HIGHEST, most=HIGHEST),
    )


def _pipes(table: Reader) -> Pipes:
    length = table.number("length_m", least=0.0, most=1e7)
    status, line = table.text("status", "existing"), table.text("line", "pair")
    _refuse_words(table, "status", status, STATUSES)
    _refuse_words(table, "line", line, ("pair", "both", "supply", "return"))
    return Pipes(
        id=table.ids,
        start=table.node("from_node"),
        end=table.node("to_node"),
        length=length,
        equivalent_length=length * table.number("local_loss_fraction", 0.0, least=0.0, most=1e6),
        inner_diameter=table.number("inner_diameter_mm", np.nan, least=0.1, most=1e5),
        roughness=table.number("roughness_mm", DEFAULT_ROUGHNESS * 1e3, least=0.0),
        zeta=table.number("zeta", 0.0, least=0.0),
        role=role_codes(table.text("role")),
        existing=status != "planned",
        in_supply=line != "return",
        in_return=line != "supply",
        in_service=~np.isin(status.astype(str), ("abandoned", "closed")),
    )


def _stations(table: Reader) -> Stations:
    status = table.text("status", "existing")
    _refuse_words(table, "status", status, STATUSES)
    area = table.number("heated_area_m2", np.nan, least=0.0)
    load = table.number("load_kw", np.nan, least=0.0)
    load = np.where(np.isnan(load), area * table.number("heat_index_w_m2", np.nan, least=0.0), load)
    flow = table.number("flow_t_h", np.nan, least=0.0)
    unknown = np.isnan(load) & np.isnan(flow)
    if unknown.any():
        name = table.ids[int(np.argmax(unknown))]
        raise InputError(
            f"stations {name!r}: neither flow_t_h nor load_kw nor heated_area_m2 with heat_index_w_m2 is given."
        )
    return Stations(
        id=table.ids,
        supply_node=table.node("supply_node", "node_id"),
        return_node=table.node("return_node", "node_id"),
        heated_area=area,
        load=load,
        flow=flow,
        supply_temperature=table.number("supply_temp_c", np.nan),
        return_temperature=table.number("return_temp_c", np.nan),
        required_head=table.number("required_head_m", DEFAULT_REQUIRED_HEAD, least=0.0, most=HIGHEST),
        control=table.code("control", STATION_CONTROLS, "flow"),
        kvs=table.number("kvs_m3_h", np.nan, least=0.0),
        valve_kv=table.number("valve_kv_m3_h", np.nan, least=0.0),
        exchanger_loss=table.number("hx_loss_kpa", np.nan, least=0.0),
        secondary_supply_temperature=table.number("secondary_supply_temp_c", np.nan),
        secondary_return_temperature=table.number("secondary_return_temp_c", np.nan),
        in_service=~np.isin(status.astype(str), ("abandoned", "closed")),
    )


def _sources(table: Reader) -> Sources:
    return Sources(
        id=table.ids,
        supply_node=table.node("supply_node", "node_id"),
        return_node=table.node("return_node", "node_id"),
        supply_temperature=table.number("supply_temp_c", np.nan),
        return_temperature=table.number("return_temp_c", np.nan),
        static_head=table.number("static_head_m", np.nan, least=-HIGHEST, most=HIGHEST),
        supply_head=table.number("supply_head_m", np.nan, least=-HIGHEST, most=HIGHEST),
        plant_loss=table.number("plant_loss_m", 0.0, least=0.0, most=HIGHEST),
        head_reserve=table.number("head_reserve_m", 0.0, least=0.0, most=HIGHEST),
        pump_efficiency=table.number("pump_efficiency", 0.75, least=0.01),
        capacity=table.number("capacity_mw", np.nan, least=0.0),
        pump_control=table.code("pump_control", SOURCE_CONTROLS, ""),
        terminal_difference=table.number("terminal_difference_m", np.nan, least=-HIGHEST, most=HIGHEST),
        curve=table.curve("pump_curve"),
        pump_speed=table.number("pump_speed", 1.0, least=0.0, most=100.0),
        pump_count=table.number("pump_count", 1.0, least=1.0, most=1e4),
        flow_share=table.number("flow_share", np.nan, least=0.0),
        pressure_holding=table.flag("pressure_holding"),
        in_service=table.text("role", "base") != "reserve",
    )


def _valves(table: Reader) -> Valves:
    kind = table.code("kind", VALVE_KINDS, "isolation")
    usual = np.where(np.isin(kind, ON_BOTH_LINES), "both", "supply").astype(object)
    line = table.text("line")
    line = np.where(line == "", usual, line)
    state = table.text("state", "open")
    _refuse_words(table, "line", line, ("supply", "return", "both", "pair"))
    _refuse_words(table, "state", state, ("open", "closed"))
    opening = table.number("opening", 1.0, least=0.0)
    if (opening > 1.0).any():
        i = int(np.argmax(opening > 1.0))
        raise InputError(f"valves {table.ids[i]!r}: opening is {opening[i]:g}; it is 0 (closed) to 1 (open).")
    kvs, pressure = table.number("kvs_m3_h", np.nan, least=0.0), table.number("setting_kpa", np.nan)
    limit = table.number("setting_t_h", np.nan, least=0.0)
    lacking = (
        ((kind == LIMITER) & np.isnan(limit), "a flow_limiter needs its setting_t_h"),
        ((kind == CONTROL) & (opening > 0.0) & (opening < 1.0) & np.isnan(kvs), "an opening needs kvs_m3_h"),
        ((kind == BYPASS_VALVE) & np.isnan(kvs) & np.isnan(pressure), "a bypass needs its setting_kpa, or kvs_m3_h"),
    )
    for rows, what in lacking:
        if rows.any():
            raise InputError(f"valves {table.ids[int(np.argmax(rows))]!r}: {what}.")
    return Valves(
        id=table.ids,
        start=table.node("from_node"),
        end=table.node("to_node"),
        kind=kind,
        in_supply=line != "return",
        in_return=line != "supply",
        bore=table.number("dn_mm", np.nan, least=1e-3),
        kvs=kvs,
        opening=opening,
        characteristic=table.code("characteristic", CHARACTERISTICS, "linear"),
        is_open=state != "closed",
        pressure_setting=pressure,
        flow_setting=limit,
        in_service=np.ones(len(table.ids), bool),
    )


def _pumps(table: Reader) -> Pumps:
    status = table.text("status", "running")
    _refuse_words(table, "status", status, ("running", "on", "open", "existing", *STOPPED))
    line = table.text("line", "supply")
    _refuse_words(table, "line", line, ("supply", "return"))
    return Pumps(
        id=table.ids,
        start=table.node("from_node"),
        end=table.node("to_node"),
        in_supply=line == "supply",
        in_return=line == "return",
        control=table.code("control", PUMP_CONTROLS, "constant_speed"),
        setpoint=table.number("setpoint_kpa", np.nan, least=0.0),
        curve=table.curve("curve"),
        speed=table.number("speed", 1.0, least=0.0, most=100.0),
        count=table.number("count", 1.0, least=1.0, most=1e4),
        efficiency=table.number("efficiency", 0.75, least=0.01),
        running=~np.isin(status.astype(str), STOPPED),
        in_service=np.ones(len(table.ids), bool),
    )


def _refuse_words(table: Reader, column: str, words: Text, known: Sequence[str]) -> None:
    wrong = ~np.isin(words.astype(str), known)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise InputError(
            f"{table.layer} {table.ids[i]!r}: {column} {words[i]!r} is unknown; choose one of {', '.join(known)}."
        )
