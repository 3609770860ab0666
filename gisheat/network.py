"""The network as arrays: frozen tables of equal-length arrays in SI units, without any solution.

A drawn line is a trench with a supply and a return pipe of the same size; a pipe that is drawn for one
side only has `in_supply` or `in_return` false. Nodes are shared by both sides. Everything that
computes takes and returns these tables; geometry and attributes stay with the layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gisheat.errors import InputError
from gisheat.schema import to_si

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Text = NDArray[np.object_]

TRUNK, BRANCH, CONNECTION, UNKNOWN_ROLE = 0, 1, 2, -1
ROLES = ("trunk", "branch", "connection")

DEFAULT_ROUGHNESS = 0.5e-3
"""Equivalent roughness [m] of steel heating pipes in Chinese practice (the Mulan plan uses it too)."""
DEFAULT_REQUIRED_HEAD = 10.0
"""Head [m] a station needs when nothing is said (the Mulan plan's figure)."""
DEFAULT_STATIC_MARGIN = 5.0
"""Least static head [m] above the highest node when a source states none."""


class _Table:
    """Equal-length arrays; `len` is the number of rows."""

    __slots__ = ()

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{type(self).__name__}: arrays of different length {lengths}")

    def __len__(self) -> int:
        return len(self.id)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Nodes(_Table):
    """Nodes. `demand` and `fixed_head` are for one-pipe networks; in two-pipe ones stations and sources act."""

    id: Text
    ground: Array
    """Height of the ground above the datum [m]."""
    demand: Array
    """Mass flow that leaves the network [kg/s], one-pipe networks."""
    fixed_head: Array
    """Given absolute head [m], NaN where free, one-pipe networks."""


@dataclass(frozen=True, slots=True)
class Pipes(_Table):
    """Trenches, each with a supply and a return pipe."""

    id: Text
    start: Index
    end: Index
    length: Array
    """[m]"""
    equivalent_length: Array
    """Length of straight pipe with the loss of the fittings [m]."""
    inner_diameter: Array
    """Bore [m], NaN where it is not known yet."""
    roughness: Array
    """Equivalent roughness [m]; with Hazen-Williams the coefficient C in place of millimetres."""
    zeta: Array
    role: NDArray[np.int8]
    """Index into ROLES, -1 where unknown."""
    existing: Mask
    in_supply: Mask
    in_return: Mask
    in_service: Mask
    """Carries water in this state: not abandoned, not closed, not of a later phase."""

    def roughness_for(self, law: str) -> Array:
        """Roughness as a friction law wants it: [m], or Hazen-Williams' C (which stands in `roughness_mm`)."""
        return self.roughness * 1e3 if law == "hazen-williams" else self.roughness


@dataclass(frozen=True, slots=True)
class Stations(_Table):
    """Heat stations between a supply and a return node."""

    id: Text
    supply_node: Index
    return_node: Index
    heated_area: Array
    """[m2], NaN where unknown."""
    load: Array
    """Design heat load [W], NaN where the flow decides."""
    flow: Array
    """Design mass flow [kg/s], NaN where the load decides."""
    supply_temperature: Array
    """[K], NaN where the source decides."""
    return_temperature: Array
    required_head: Array
    """Head of exchanger, open valve and fittings at design flow [m]."""
    in_service: Mask


@dataclass(frozen=True, slots=True)
class Sources(_Table):
    """Heat sources between a return and a supply node."""

    id: Text
    supply_node: Index
    return_node: Index
    supply_temperature: Array
    return_temperature: Array
    static_head: Array
    """Head with the pumps at rest [m above the ground of the source], NaN where to be chosen."""
    supply_head: Array
    """Given supply head [m above the ground of the source], NaN where the pump head is to be found."""
    plant_loss: Array
    head_reserve: Array
    pump_efficiency: Array
    capacity: Array
    """[W], NaN where unknown."""
    pressure_holding: Mask
    in_service: Mask


@dataclass(frozen=True, slots=True)
class Network:
    """A district-heating network, or with `two_pipe` false any pipe network with demands and fixed heads."""

    nodes: Nodes
    pipes: Pipes
    stations: Stations
    sources: Sources
    two_pipe: bool = True

    def with_bores(self, inner_diameter: Array) -> Network:
        """The same network with other bores [m], shape (pipes,)."""
        return replace(self, pipes=replace(self.pipes, inner_diameter=inner_diameter))

    @classmethod
    def from_tables(
        cls, nodes: Any, pipes: Any, stations: Any = None, sources: Any = None, *, two_pipe: bool = True
    ) -> Self:
        """Build a network from tables (pandas, or any mapping of columns) with the columns of the contract.

        Parameters
        ----------
        nodes : table
            node_id, ground_m; one-pipe: demand_kg_s, fixed_head_m (absolute, empty where unknown).
        pipes : table
            pipe_id, from_node, to_node, length_m, inner_diameter_mm; optional roughness_mm (0.5), zeta,
            local_loss_fraction, status, role, line.
        stations : table
            station_id, node_id (or supply_node and return_node), and flow_t_h, or load_kw, or heated_area_m2 and
            heat_index_w_m2; optional required_head_m (10), supply_temp_c, return_temp_c.
        sources : table
            source_id, node_id (or supply_node and return_node); optional supply_temp_c, return_temp_c,
            static_head_m, supply_head_m, plant_loss_m (0), head_reserve_m (0), pump_efficiency (0.75),
            capacity_mw, pressure_holding.

        Raises
        ------
        InputError
            For a missing column, an unknown node, a doubled identifier, or a number out of range.
        """
        node = _Reader("nodes", nodes, "node_id")
        number = {name: i for i, name in enumerate(node.ids)}
        pipe = _Reader("pipes", pipes, "pipe_id", number)
        station = _Reader("stations", stations, "station_id", number)
        source = _Reader("sources", sources, "source_id", number)
        return cls(_nodes(node), _pipes(pipe), _stations(station), _sources(source), two_pipe)


class _Reader:
    """Columns of one input table as SI arrays, with named complaints."""

    def __init__(self, layer: str, table: Any, id_column: str, nodes: Mapping[str, int] | None = None) -> None:
        self.layer = layer
        self.table: Any = {id_column: []} if table is None else table
        self.nodes = nodes or {}
        self.ids = np.array([str(v) for v in self._required(id_column)], dtype=object)
        if len(set(self.ids)) < len(self.ids):
            seen: set[str] = set()
            twice = next(v for v in self.ids if v in seen or seen.add(v))  # type: ignore[func-returns-value]
            raise InputError(f"{layer}: {id_column} {twice!r} occurs more than once; identifiers must be unique.")

    def _required(self, column: str) -> Sequence[Any]:
        if column not in self.table:
            raise InputError(f"{self.layer}: the column {column} is missing.")
        return self.table[column]

    def number(self, column: str, default: float | None = None, *, least: float = -np.inf) -> Array:
        """Numbers of a column in SI; without `default` the column must be there and full."""
        if column not in self.table:
            if default is None and len(self.ids):
                self._required(column)
            return to_si(np.full(len(self.ids), np.nan if default is None else default), column)
        try:
            values = np.array([np.nan if v is None else float(v) for v in self.table[column]])
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{self.layer}: the column {column} holds something that is no number ({error})."
            ) from error
        unknown = np.isnan(values)
        if default is not None:
            values = np.where(unknown, default, values)
        wrong = np.isinf(values) | (values < least) | (unknown if default is None else False)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(
                f"{self.layer} {self.ids[i]!r}: {column} is {values[i]:g}; a finite number"
                + (f" not below {least:g}" if np.isfinite(least) else "") + " is needed."
            )  # fmt: skip
        return to_si(values, column)

    def text(self, column: str, default: str = "") -> Text:
        if column not in self.table:
            return np.full(len(self.ids), default, dtype=object)
        return np.array([default if _missing(v) else str(v) for v in self.table[column]], dtype=object)

    def flag(self, column: str, *, default: bool = False) -> Mask:
        if column not in self.table:
            return np.full(len(self.ids), default)
        return np.array([default if _missing(v) else bool(v) for v in self.table[column]], dtype=bool)

    def node(self, *columns: str) -> Index:
        """Node numbers of the first of the columns that is there."""
        column = next((c for c in columns if c in self.table), columns[-1])
        names = self._required(column) if len(self.ids) else []
        try:
            return np.array([self.nodes[str(v)] for v in names], dtype=np.int64)
        except KeyError as error:
            raise InputError(f"{self.layer}: {column} names the node {error}, which is not in the nodes.") from None


def _missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 (NaN and NA differ from themselves)


def _nodes(table: _Reader) -> Nodes:
    return Nodes(
        id=table.ids,
        ground=table.number("ground_m", 0.0),
        demand=table.number("demand_kg_s", 0.0),
        fixed_head=table.number("fixed_head_m", np.nan),
    )


def role_codes(roles: Sequence[Any] | Text) -> NDArray[np.int8]:
    """Index into ROLES for each name, -1 for anything else."""
    code = {name: i for i, name in enumerate(ROLES)}
    return np.array([code.get(r, UNKNOWN_ROLE) for r in roles], dtype=np.int8)


def _pipes(table: _Reader) -> Pipes:
    length = table.number("length_m", least=0.0)
    status, line = table.text("status", "existing"), table.text("line", "pair")
    return Pipes(
        id=table.ids,
        start=table.node("from_node"),
        end=table.node("to_node"),
        length=length,
        equivalent_length=length * table.number("local_loss_fraction", 0.0, least=0.0),
        inner_diameter=table.number("inner_diameter_mm", np.nan, least=1e-3),
        roughness=table.number("roughness_mm", DEFAULT_ROUGHNESS * 1e3, least=0.0),
        zeta=table.number("zeta", 0.0, least=0.0),
        role=role_codes(table.text("role")),
        existing=status != "planned",
        in_supply=line != "return",
        in_return=line != "supply",
        in_service=~np.isin(status.astype(str), ("abandoned", "closed")),
    )


def _stations(table: _Reader) -> Stations:
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
        required_head=table.number("required_head_m", DEFAULT_REQUIRED_HEAD, least=0.0),
        in_service=~np.isin(table.text("status", "existing").astype(str), ("abandoned", "closed")),
    )


def _sources(table: _Reader) -> Sources:
    return Sources(
        id=table.ids,
        supply_node=table.node("supply_node", "node_id"),
        return_node=table.node("return_node", "node_id"),
        supply_temperature=table.number("supply_temp_c", np.nan),
        return_temperature=table.number("return_temp_c", np.nan),
        static_head=table.number("static_head_m", np.nan),
        supply_head=table.number("supply_head_m", np.nan),
        plant_loss=table.number("plant_loss_m", 0.0, least=0.0),
        head_reserve=table.number("head_reserve_m", 0.0, least=0.0),
        pump_efficiency=table.number("pump_efficiency", 0.75, least=0.01),
        capacity=table.number("capacity_mw", np.nan, least=0.0),
        pressure_holding=table.flag("pressure_holding"),
        in_service=table.text("role", "base") != "reserve",
    )


def nodes_of(ids: ArrayLike, ground: Array) -> Nodes:
    """Nodes of a two-pipe network: no demand, no fixed head."""
    count = len(ground)
    return Nodes(np.asarray(ids, object), ground, np.zeros(count), np.full(count, np.nan))
