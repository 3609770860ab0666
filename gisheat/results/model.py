"""Results of a solve: arrays in SI, tables with units, and a balance check that does not use the solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisheat.network import ROLES, Array, Index, Mask, Network
from gisheat.network.arrays import PUMP
from gisheat.numerics.incidence import accumulate, sum_at
from gisheat.physics.friction import Law, specific_friction, velocity
from gisheat.physics.pressure import pressure
from gisheat.physics.water import Water
from gisheat.schema import from_si, result_columns

AT_REST = 1e-9
"""Flows below this, relative to the largest, are rounding of zero."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a solve was made with: friction law, water of each side and at the mean temperature, gravity."""

    law: Law
    supply: Water
    back: Water
    mean: Water
    """At the mean design temperature; its density is the one that heads are metres of."""
    gravity: float
    supply_temp_c: float | None
    return_temp_c: float | None


@dataclass(frozen=True)
class SideResult:
    """One side. Of shape (nodes,): head [m], gauge pressure [Pa]; of shape (pipes,): the others.

    Flow [kg/s], velocity [m/s] and loss [Pa] from start to end; friction [Pa/m] without sign. What follows
    from head and flow is computed when it is asked for.
    """

    network: Network
    conditions: Conditions
    water: Water
    head: Array
    flow: Array
    loss: Array

    @cached_property
    def pressure(self) -> Array:
        """Gauge pressure at the ground [Pa]."""
        at = self.conditions
        return pressure(self.head, self.network.nodes.ground, at.mean.density, at.gravity)

    @cached_property
    def velocity(self) -> Array:
        """Mean velocity [m/s]."""
        return velocity(self.flow, self.network.pipes.inner_diameter, self.water.density)

    @cached_property
    def friction(self) -> Array:
        """Specific friction [Pa/m], without equivalent length and zeta."""
        pipes, at = self.network.pipes, self.conditions
        return specific_friction(
            self.flow, pipes.inner_diameter, pipes.roughness_for(at.law),
            density=self.water.density, viscosity=self.water.viscosity, law=at.law, gravity=at.gravity,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StationResult:
    """Stations: flows [kg/s], loads [W], heads [m]; NaN where a station is not in service."""

    flow: Array
    design_flow: Array
    load: Array
    """Heat load that is asked for."""
    heat: Array
    """Heat that is delivered at the actual flow."""
    supply_head: Array
    return_head: Array
    available_head: Array
    surplus_head: Array
    """Available head, with that of a pump at the station, minus required head."""
    valve_kv: Array
    """Flow capacity the valve has or must be set to, that the flow is the design flow [m3/s at 1 bar]."""
    valve_opening: Array
    pump_head: Array
    """Head of the pump of the station, NaN where there is none."""
    pump_power: Array
    """Electric power [W]."""
    served: Mask


@dataclass(frozen=True, slots=True)
class LinkResult:
    """Valves and pumps on the sides they act or join on; arrays of shape (links,).

    `start` and `end` are nodes in the sense in which the element acts: on the return from to_node to from_node.
    A bypass leads from the supply at `start` to the return at `end`.
    """

    kind: NDArray[np.int8]
    """VALVE, BYPASS or PUMP of `network`."""
    side: NDArray[np.int8]
    """0 supply (or the one pipe), 1 return, 2 between them."""
    row: Index
    """Row in the table of the network."""
    start: Index
    end: Index
    flow: Array
    """Mass flow [kg/s], positive in the sense of the element."""
    loss: Array
    """Difference of piezometric pressure from start to end [Pa]; negative where a pump lifts."""


@dataclass(frozen=True, slots=True)
class SourceResult:
    """Sources: flow [kg/s], load [W], pump head [m], electric pump power [W], heads at the terminals [m]."""

    flow: Array
    load: Array
    pump_head: Array
    pump_power: Array
    supply_head: Array
    return_head: Array


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The station with the least surplus head, and nodes and pipes of the supply path to it from the source.

    A pipe is -1 where the path passes a valve or a pump.
    """

    station: int
    nodes: Index
    pipes: Index


class PumpHead(NamedTuple):
    """Parts of the head of the circulation pump [m of the reference water]; they add up to `total`."""

    supply_loss: float
    return_loss: float
    station: float
    natural_circulation: float
    """Gain by the lighter supply column, negative; zero when both sides have one density."""
    boosters: float
    """What booster pumps on the way give, negative."""
    plant: float
    reserve: float
    total: float


class Balance(NamedTuple):
    """Worst errors of a solution, recomputed from the formulas: mass [kg/s], head [m], and relative ones."""

    mass: float
    head: float
    mass_relative: float
    head_relative: float


@dataclass(frozen=True)
class Results:
    """Everything a solve found. `nodes`, `pipes`, `stations`, `sources` are tables with the contract's columns."""

    network: Network
    conditions: Conditions
    supply: SideResult
    back: SideResult | None
    static_line: float
    """Head with the pumps at rest, above the datum [m]."""
    station: StationResult | None
    source: SourceResult | None
    critical: CriticalPath | None
    pump_head_given: bool
    iterations: int
    residuals: dict[str, tuple[float, ...]] = field(default_factory=dict)
    links: LinkResult | None = None
    """Valves and pumps, None where the network has none."""
    throttled: Mask | None = None
    """Valves that hold their setting by throttling, shape (valves,); None where nothing is held."""
    unheld: Mask | None = None
    """Valves that can't hold their setting, shut or wide open, shape (valves,)."""
    operation: bool = False
    """Flows followed from pumps and valves; else every station was given its design flow."""

    # tables ----------------------------------------------------------------------------------------

    @property
    def nodes(self) -> pd.DataFrame:
        """Table of nodes; one-pipe networks: node_id, ground_m, head_m, pressure_kpa."""
        nodes, supply = self.network.nodes, self.supply
        if self.back is None:
            return table(node_id=nodes.id, ground_m=nodes.ground, head_m=supply.head, pressure_kpa=supply.pressure)
        density, gravity = self.conditions.mean.density, self.conditions.gravity
        reached = ~(np.isnan(supply.head) & np.isnan(self.back.head))
        return table(
            node_id=nodes.id,
            kind=node_kinds(self.network),
            ground_m=nodes.ground,
            sup_head_m=supply.head,
            ret_head_m=self.back.head,
            available_head_m=supply.head - self.back.head,
            sup_pressure_kpa=supply.pressure,
            ret_pressure_kpa=self.back.pressure,
            static_pressure_kpa=np.where(reached, (self.static_line - nodes.ground) * density * gravity, np.nan),
        )

    @property
    def pipes(self) -> pd.DataFrame:
        """Table of pipes; one-pipe networks: flow_kg_s, velocity_m_s, friction_pa_m, loss_kpa."""
        pipes, nodes, supply = self.network.pipes, self.network.nodes, self.supply
        base = {
            "pipe_id": pipes.id,
            "from_node": nodes.id[pipes.start],
            "to_node": nodes.id[pipes.end],
            "role": np.array([*ROLES, None], dtype=object)[pipes.role],
            "length_m": pipes.length,
            "equivalent_length_m": pipes.equivalent_length,
            "inner_diameter_mm": pipes.inner_diameter,
            "roughness_mm": pipes.roughness,
        }
        if self.back is None:
            return table(
                **base, flow_kg_s=supply.flow, velocity_m_s=supply.velocity, friction_pa_m=supply.friction,
                loss_kpa=supply.loss,
            )  # fmt: skip
        area, load = self.behind()
        critical = np.zeros(len(pipes), bool)
        if self.critical is not None:
            critical[self.critical.pipes[self.critical.pipes >= 0]] = True
        back = self.back
        return table(
            **base, heated_area_m2=area, load_kw=load,
            sup_flow_t_h=supply.flow, sup_velocity_m_s=supply.velocity, sup_friction_pa_m=supply.friction,
            sup_loss_kpa=supply.loss,
            ret_flow_t_h=-back.flow, ret_velocity_m_s=-back.velocity, ret_friction_pa_m=back.friction,
            ret_loss_kpa=-back.loss, on_critical_path=critical,
        )  # fmt: skip

    @property
    def stations(self) -> pd.DataFrame:
        """Table of stations (empty for one-pipe networks)."""
        stations, found = self.network.stations, self.station
        if found is None:
            return pd.DataFrame(columns=list(result_columns("stations")))
        with np.errstate(invalid="ignore", divide="ignore"):
            imbalance = np.where(found.design_flow > 0.0, found.flow / found.design_flow, np.nan)
        return table(
            station_id=stations.id, heated_area_m2=stations.heated_area, load_kw=found.load, heat_kw=found.heat,
            flow_t_h=found.flow, design_flow_t_h=found.design_flow,
            imbalance=imbalance,
            sup_head_m=found.supply_head, ret_head_m=found.return_head, available_head_m=found.available_head,
            required_head_m=stations.required_head, surplus_head_m=found.surplus_head,
            valve_kv_m3_h=found.valve_kv, valve_opening=found.valve_opening, pump_head_m=found.pump_head,
            pump_power_kw=found.pump_power, served=found.served,
        )  # fmt: skip

    @property
    def sources(self) -> pd.DataFrame:
        """Table of sources (empty for one-pipe networks)."""
        sources, found = self.network.sources, self.source
        if found is None:
            return pd.DataFrame(columns=list(result_columns("sources")))
        ground = self.network.nodes.ground[sources.return_node]
        return table(
            source_id=sources.id, load_mw=found.load, flow_t_h=found.flow, pump_head_m=found.pump_head,
            pump_power_kw=found.pump_power, sup_head_m=found.supply_head, ret_head_m=found.return_head,
            static_head_m=np.where(np.isnan(found.flow), np.nan, self.static_line - ground),
        )  # fmt: skip

    @property
    def valves(self) -> pd.DataFrame:
        """Table of valves: flow and loss on the supply where the valve acts there, else on the return."""
        from gisheat.results.devices import valve_table

        return valve_table(self)

    @property
    def pumps(self) -> pd.DataFrame:
        """Table of booster pumps."""
        from gisheat.results.devices import pump_table

        return pump_table(self)

    def path(self) -> pd.DataFrame:
        """Table of the critical path, from the source to the station; losses positive in the sense of the path."""
        if self.critical is None or self.back is None:
            return pd.DataFrame(columns=list(result_columns("critical_path")))
        network, path = self.network, self.critical
        piped = np.flatnonzero(path.pipes >= 0)
        pipes, ids = path.pipes[piped], network.nodes.id
        first, last = path.nodes[:-1][piped], path.nodes[1:][piped]
        sign = np.where(network.pipes.start[pipes] == first, 1.0, -1.0)
        length = network.pipes.length[pipes]
        return table(
            order=np.arange(1, len(pipes) + 1), pipe_id=network.pipes.id[pipes], from_node=ids[first],
            to_node=ids[last], length_m=length, sup_loss_kpa=sign * self.supply.loss[pipes],
            ret_loss_kpa=-sign * self.back.loss[pipes], cumulated_length_m=np.cumsum(length),
            sup_head_m=self.supply.head[last], ret_head_m=self.back.head[last],
            ground_m=network.nodes.ground[last],
        )  # fmt: skip

    # figures ---------------------------------------------------------------------------------------

    def behind(self) -> tuple[Array, Array]:
        """Heated area [m2] and heat load [W] behind each pipe, shape (pipes,): what its supply flow goes on to.

        In loops a node's share is divided among the pipes that feed it in proportion to their flows.
        The area is NaN behind which a station's area is unknown.
        """
        network = self.network
        if self.station is None:
            nan = np.full(len(network.pipes), np.nan)
            return nan, nan.copy()
        stations = network.stations
        area = carried_to(network, self.supply.flow, np.where(stations.in_service, stations.heated_area, 0.0))
        return area, carried_to(network, self.supply.flow, np.nan_to_num(self.station.load))

    def pump_head(self, source: int | None = None) -> PumpHead:
        """Parts of the pump head of a source (the one that feeds the critical path) along the critical path."""
        if self.critical is None or self.station is None or self.source is None or self.back is None:
            raise ValueError("a one-pipe network has no pump head")
        network, critical = self.network, self.critical
        sources = network.sources
        if source is None:
            at = np.flatnonzero((sources.supply_node == critical.nodes[0]) & sources.in_service)
            source = int(at[0]) if len(at) else int(np.flatnonzero(sources.in_service)[0])
        scale = self.conditions.mean.density * self.conditions.gravity
        ground, station = network.nodes.ground, critical.station
        rise = ground[network.stations.supply_node[station]] - ground[sources.supply_node[source]]
        weight = (self.conditions.supply.density - self.conditions.back.density) * self.conditions.gravity * rise
        # drops of piezometric pressure are the losses; heads differ from them by the weight of unequal columns
        supply_loss = self._drop(
            sources.supply_node[source],
            network.stations.supply_node[station],
            self.supply,
            self.conditions.supply,
        )
        return_loss = self._drop(
            network.stations.return_node[station],
            sources.return_node[source],
            self.back,
            self.conditions.back,
        )
        total = float(self.source.pump_head[source])
        plant = total - float(self.source.supply_head[source] - self.source.return_head[source])
        gains = self._boosted(critical.nodes, critical.pipes)
        supply_loss, return_loss = supply_loss + gains[0], return_loss + gains[1]
        required = float(network.stations.required_head[station])
        required -= float(np.nan_to_num(self.station.pump_head[station]))  # its own pump gives that
        circulation = float(weight / scale)
        reserve = total - supply_loss - return_loss - required - circulation - plant + sum(gains)
        reserve = reserve if abs(reserve) > AT_REST * total else 0.0
        return PumpHead(supply_loss, return_loss, required, circulation, 0.0 - sum(gains), plant, reserve, total)

    def _boosted(self, nodes: Index, pipes: Index) -> tuple[float, float]:
        """Head that booster pumps give on the supply and on the return of a path [m of the reference water]."""
        links = self.links
        if links is None:
            return 0.0, 0.0
        passed = np.flatnonzero(pipes < 0)
        steps = set(zip(nodes[passed].tolist(), nodes[passed + 1].tolist(), strict=True))
        scale = self.conditions.mean.density * self.conditions.gravity
        gains = [0.0, 0.0]
        for k in np.flatnonzero((links.kind == PUMP) & (links.loss < 0.0)).tolist():
            start, end, side = int(links.start[k]), int(links.end[k]), int(links.side[k])
            if ((start, end) if side == 0 else (end, start)) in steps:
                gains[side] -= float(links.loss[k]) / scale
        return gains[0], gains[1]

    def _drop(self, upstream: int, downstream: int, side: SideResult, water: Water) -> float:
        """Loss between two nodes of a side [m of the reference water]."""
        scale = self.conditions.mean.density * self.conditions.gravity
        weight = water.density * self.conditions.gravity
        potential = side.pressure + weight * self.network.nodes.ground
        return float((potential[upstream] - potential[downstream]) / scale)

    def check(self) -> Balance:
        """Recompute mass at every node and the drop along every link from the flows alone; see `balance`."""
        from gisheat.results.balance import check_balance

        return check_balance(self)


def carried_to(network: Network, flow: Array, own: Array) -> Array:
    """Sum of `own` (one figure for each station) that lies behind each pipe of the supply, shape (pipes,)."""
    pipes, count = network.pipes, len(network.nodes)
    q = np.nan_to_num(flow)
    q = np.where(np.abs(q) > AT_REST * np.abs(q).max(initial=0.0), q, 0.0)  # rounding may circulate in rings
    towards = np.where(q >= 0.0, pipes.end, pipes.start)
    behind = np.where(q >= 0.0, pipes.start, pipes.end)
    inflow = sum_at(towards, np.abs(q), count)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(inflow[towards] > 0.0, np.abs(q) / inflow[towards], 0.0)
    wanted = sum_at(network.stations.supply_node, own, count)
    unknown = np.isnan(wanted)
    total = accumulate(towards, behind, share, np.nan_to_num(wanted))
    result = share * total[towards]
    if unknown.any():
        doubtful = accumulate(towards, behind, share, unknown.astype(float))
        result = np.where(share * doubtful[towards] > 1e-9, np.nan, result)
    return np.where(np.isnan(flow), np.nan, result)


def node_kinds(
    network: Network, stations: Mask | slice = slice(None), sources: Mask | slice = slice(None)
) -> np.ndarray:
    """What stands at each node: source, station, junction or end, shape (nodes,).

    Parameters
    ----------
    stations, sources : masks, optional
        Those that stand at a node: all of them by default.
    """
    links, count = (network.pipes, network.valves, network.pumps), len(network.nodes)
    degree = np.bincount(np.concatenate([n for link in links for n in (link.start, link.end)]), minlength=count)
    kind = np.where(degree <= 1, "end", "junction").astype(object)
    for nodes in (network.stations.supply_node, network.stations.return_node):
        kind[nodes[stations]] = "station"
    for nodes in (network.sources.supply_node, network.sources.return_node):
        kind[nodes[sources]] = "source"
    return kind


def table(**columns: np.ndarray) -> pd.DataFrame:
    """Table from SI arrays, each converted to the unit that the suffix of its name says."""
    return pd.DataFrame(
        {name: from_si(values, name) if values.dtype.kind == "f" else values for name, values in columns.items()}
    )
