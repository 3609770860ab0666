"""The frozen tables that make up a network, and what their codes mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import networkx as nx

    from gisheat.results import Results

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]
Text = NDArray[np.object_]
Code = NDArray[np.int8]

TRUNK, BRANCH, CONNECTION, UNKNOWN_ROLE = 0, 1, 2, -1
ROLES = ("trunk", "branch", "connection")
STATION_CONTROLS = ("flow", "valve", "none", "pump")
"""What holds a station's flow: held in any case, held as far as its open valve passes it, nothing, its own pump."""
SOURCE_CONTROLS = ("", "constant_head", "terminal_difference", "worst_station", "curve")
PUMP_CONTROLS = ("constant_speed", "constant_difference", "proportional_difference", "worst_station")
VALVE_KINDS = (
    "isolation", "control", "check", "pressure_reducing", "pressure_sustaining", "differential_pressure",
    "flow_limiter", "bypass",
)  # fmt: skip
(ISOLATION, CONTROL, CHECK, REDUCING, SUSTAINING, DIFFERENTIAL, LIMITER, BYPASS_VALVE) = range(len(VALVE_KINDS))
ON_BOTH_LINES = (ISOLATION, CHECK, BYPASS_VALVE)
"""Valves that stand in supply and return when nothing is said; the others stand in the supply."""
CONTROLLING = (REDUCING, SUSTAINING, DIFFERENTIAL)
"""Valves that throttle until a pressure is what they are set to."""
(HELD, VALVE_HELD, UNREGULATED, PUMPED) = range(len(STATION_CONTROLS))
(REQUIRED, CONSTANT_HEAD, TERMINAL_DIFFERENCE, WORST_PUMPED, CURVE) = range(len(SOURCE_CONTROLS))
(CONSTANT_SPEED, CONSTANT_DIFFERENCE, PROPORTIONAL, WORST_STATION) = range(len(PUMP_CONTROLS))
PIPE, VALVE, BYPASS, PUMP, STATION, SOURCE = range(6)
"""What a link between two vertices of a circuit is."""
CHARACTERISTICS = ("linear", "equal_percentage")

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
        for name in lengths:
            view = np.asarray(getattr(self, name)).view()
            view.flags.writeable = False  # a network is not changed in place: a change is another network
            object.__setattr__(self, name, view)

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
    role: Code
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
    control: Code
    """Index into STATION_CONTROLS."""
    kvs: Array
    """Flow capacity of the open valve [m3/s of cold water at 1 bar], NaN where unknown."""
    valve_kv: Array
    """Flow capacity the valve is set to [m3/s at 1 bar], NaN where it is open."""
    exchanger_loss: Array
    """Loss of the exchanger and fittings at design flow [Pa], NaN where unknown."""
    secondary_supply_temperature: Array
    """[K], NaN where unknown."""
    secondary_return_temperature: Array
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
    pump_control: Code
    """Index into SOURCE_CONTROLS; 0: the least head with which every station has what it requires."""
    terminal_difference: Array
    """Head that pump_control terminal_difference holds between the terminals [m], NaN: what the design needs."""
    curve: Text
    """Pump curve: array of shape (k, 2) of volume flow [m3/s] and head [m], None without one."""
    pump_speed: Array
    """Speed relative to the one of the curve."""
    pump_count: Array
    """Equal pumps in parallel."""
    flow_share: Array
    """Share of the total flow that the source delivers, NaN where not given."""
    pressure_holding: Mask
    in_service: Mask


@dataclass(frozen=True, slots=True)
class Valves(_Table):
    """Valves between two nodes, on one side or both; a bypass leads from supply to return."""

    id: Text
    start: Index
    end: Index
    kind: Code
    """Index into VALVE_KINDS."""
    in_supply: Mask
    in_return: Mask
    bore: Array
    """[m], NaN where unknown."""
    kvs: Array
    """Flow capacity of the open valve [m3/s of cold water at 1 bar], NaN where unknown."""
    opening: Array
    """0 closed, 1 open."""
    characteristic: Code
    """Index into CHARACTERISTICS."""
    is_open: Mask
    pressure_setting: Array
    """Pressure (gauge) or difference the valve holds [Pa], NaN where none."""
    flow_setting: Array
    """Mass flow the valve lets through at most [kg/s], NaN where none."""
    in_service: Mask
    """Is there in this phase; where it is not, water passes freely."""

    @property
    def shut(self) -> Mask:
        """Valves that let nothing through, shape (valves,)."""
        capacity = np.nan_to_num(self.kvs, nan=1.0) * np.where(self.kind == CONTROL, self.opening, 1.0)
        limited = (self.kind == LIMITER) & (self.flow_setting == 0.0)
        return self.in_service & (~self.is_open | (capacity <= 0.0) | limited)


@dataclass(frozen=True, slots=True)
class Pumps(_Table):
    """Booster pumps from one node to another, on the supply or on the return."""

    id: Text
    start: Index
    end: Index
    in_supply: Mask
    in_return: Mask
    control: Code
    """Index into PUMP_CONTROLS."""
    setpoint: Array
    """Pressure difference the pump holds [Pa], NaN where none."""
    curve: Text
    """Array of shape (k, 2) of volume flow [m3/s] and head [m], None without one."""
    speed: Array
    """Speed relative to the one of the curve."""
    count: Array
    """Equal pumps in parallel."""
    efficiency: Array
    """Efficiency of pump and motor, 0 to 1."""
    running: Mask
    """A stopped pump lets nothing through."""
    in_service: Mask
    """Is there in this phase; where it is not, water passes freely."""


def no_valves() -> Valves:
    """A table without valves."""
    return Valves(**_empty(Valves))


def no_pumps() -> Pumps:
    """A table without pumps."""
    return Pumps(**_empty(Pumps))


def _empty(table: type) -> dict[str, Any]:
    kinds = {"Index": np.int64, "Mask": bool, "Array": float, "Text": object, "Code": np.int8}
    return {f.name: np.zeros(0, kinds[str(f.type)]) for f in fields(table)}


@dataclass(frozen=True, slots=True)
class Network:
    """A district-heating network, or with `two_pipe` false any pipe network with demands and fixed heads."""

    nodes: Nodes
    pipes: Pipes
    stations: Stations
    sources: Sources
    two_pipe: bool = True
    valves: Valves = field(default_factory=no_valves)
    pumps: Pumps = field(default_factory=no_pumps)

    def with_bores(self, inner_diameter: Array) -> Network:
        """The same network with other bores [m], shape (pipes,)."""
        return replace(self, pipes=replace(self.pipes, inner_diameter=inner_diameter))

    @classmethod
    def from_tables(
        cls, nodes: Any, pipes: Any, stations: Any = None, sources: Any = None, *, pumps: Any = None,
        valves: Any = None, two_pipe: bool = True,
    ) -> Self:  # fmt: skip
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
            heat_index_w_m2; optional required_head_m (10), supply_temp_c, return_temp_c, control (flow), kvs_m3_h,
            valve_kv_m3_h, hx_loss_kpa.
        sources : table
            source_id, node_id (or supply_node and return_node); optional supply_temp_c, return_temp_c,
            static_head_m, supply_head_m, plant_loss_m (0), head_reserve_m (0), pump_efficiency (0.75),
            capacity_mw, pressure_holding, pump_control, terminal_difference_m, pump_curve, pump_speed (1),
            pump_count (1), flow_share.
        pumps : table
            pump_id, from_node, to_node; optional line (supply), control (constant_speed), setpoint_kpa, curve,
            speed (1), count (1), efficiency (0.75), status (running).
        valves : table
            valve_id, from_node, to_node, kind; optional line (isolation, check: both, else supply; of no matter in
            one-pipe networks), dn_mm, kvs_m3_h, opening (1), characteristic (linear), state (open), setting_kpa,
            setting_t_h.

        Raises
        ------
        InputError
            For a missing column, an unknown node, a doubled identifier, a word or curve that is not understood, a
            number out of range, a valve without what its kind needs, or what a one-pipe network can't have.
        """
        from gisheat.network import reading

        tables = reading.read_tables(nodes, pipes, stations, sources, pumps, valves)
        network = cls(**tables, two_pipe=two_pipe)
        if not two_pipe:
            reading.refuse_two_pipe(network)
        return network

    def to_networkx(
        self, results: Results | None = None, places: Mapping[Any, Sequence[float]] | None = None
    ) -> nx.MultiDiGraph[str]:
        """Network as a networkx graph, with the columns of the contract as attributes.

        Parameters
        ----------
        results : Results, optional
            What `solve` found for this network (or for the same one with other loads and bores); the columns of its
            tables are joined.
        places : mapping, optional
            Identifier of a node -> its (x, y) [m]: a network knows no places, the layer nodes does. They become the
            attributes x and y.

        Returns
        -------
        networkx.MultiDiGraph
            Nodes are called by node_id. An edge runs from from_node to to_node, so that the sign of a flow says its
            way; its key is pipe_id, and `element` says whether it is a pipe, valve or pump. A trench is one edge: its
            attribute `line` is pair, supply or return. Stations and sources are at the supply node they hang on,
            in the attributes `stations` and `sources`: dictionaries of identifier -> columns. `in_service` is false
            for what carries nothing in this state. What is unknown has no attribute.

        Raises
        ------
        InputError
            If the results are those of another network.

        Notes
        -----
        For paths and bridges the direction is of no matter: take `to_undirected(as_view=True)`, or for what knows no
        parallel edges `networkx.Graph`. Two elements between the same nodes with one identifier: the key of a valve
        or pump is then "valve X", "pump X".

        Examples
        --------
        >>> network = Network.from_tables(
        ...     {"node_id": ["S", "A", "B"]},
        ...     {
        ...         "pipe_id": ["SA", "AB"],
        ...         "from_node": ["S", "A"],
        ...         "to_node": ["A", "B"],
        ...         "length_m": [60.0, 40.0],
        ...         "inner_diameter_mm": [150.0, 100.0],
        ...     },
        ...     stations={"station_id": ["H"], "node_id": ["B"], "flow_t_h": [36.0]},
        ... )
        >>> graph = network.to_networkx()
        >>> graph.edges["S", "A", "SA"]["length_m"], graph.nodes["B"]["stations"]["H"]["flow_t_h"]
        (60.0, 36.0)
        >>> graph.size("length_m")
        100.0
        """
        from gisheat.network.export import graph_of_network

        return graph_of_network(self, results, places)


def role_codes(roles: Sequence[Any] | Text) -> Code:
    """Index into ROLES for each name, -1 for anything else."""
    return codes(roles, ROLES)


def codes(words: Sequence[Any] | Text, choices: Sequence[str]) -> Code:
    """Index into the choices for each word, -1 for anything else."""
    code = {name: i for i, name in enumerate(choices)}
    return np.array([code.get(word, -1) for word in words], dtype=np.int8)


def nodes_of(ids: ArrayLike, ground: Array) -> Nodes:
    """Nodes of a two-pipe network: no demand, no fixed head."""
    count = len(ground)
    return Nodes(np.asarray(ids, object), ground, np.zeros(count), np.full(count, np.nan))
