"""One side of a network prepared for lanes: graph, resistance, and flows to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisheat.errors import TopologyError
from gisheat.network import Array, Index, Mask, Network
from gisheat.numerics.incidence import reachable
from gisheat.numerics.lanes import (
    LaneGraph,
    LaneSolution,
    Workspace,
    chain_flow,
    prepare_lanes,
    reached,
    solve_lanes,
)
from gisheat.physics.friction import Law
from gisheat.physics.lane_friction import LaneResistance, LaneWater, lane_resistance
from gisheat.physics.water import Water

Closed = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Edges of a side that are closed, and the lane each is closed in."""

FIRST_VELOCITY = 0.5
"""Velocity [m/s] in every pipe at the start of the very first iteration."""
NOMINAL = Water(970.0, 3.5e-4, 4190.0)
"""Water of the state that lanes start from, whatever their own."""
NOMINAL_COOLING = 50.0
"""Difference of temperatures [K] for the flows of that state where a station states its load alone."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """A resistance with the waters of the lanes."""

    resistance: LaneResistance
    water: LaneWater

    def series(self, *arrays: Any) -> None:
        """Losses of chains, see `LaneResistance.series`."""
        self.resistance.series(self.water, *arrays)

    def take(self, edges: Index) -> _Bound:
        """The law of some edges."""
        return _Bound(self.resistance.take(edges), self.water)


@dataclass(frozen=True, slots=True)
class LaneSide:
    """A side with all its pipes in service that hang together with a fixed node."""

    pipes: Index
    """Numbers in the network of the pipes, in the order of the solutions."""
    rings: Index
    """Pipes from a node to itself, which carry nothing."""
    number: Index
    """Edge of the graph that each pipe of the network is, -1 where it is none."""
    lanes: LaneGraph
    fixed: Index
    wet: Mask
    chains: LaneResistance
    leaves: LaneResistance
    area: Array
    """Cross section [m2], like the following ones in the order of the solutions."""
    length: Array
    """Length with the equivalent length [m]."""
    local: Array
    """zeta / (2 A^2) [1/m4]: dp = local q |q| / rho."""
    first_flow: Array
    """Flow into each chain [kg/s] at FIRST_VELOCITY."""


def prepare_side(network: Network, carries: Mask, fixed: Index, law: Law, gravity: float) -> LaneSide:
    """Prepare a side.

    Parameters
    ----------
    carries : bool array, shape (pipes,)
        Pipes of the side that are in service.
    fixed : int array
        Nodes with a given head.

    Raises
    ------
    TopologyError
        If a bore or length is unknown.
    """
    pipes, fixed = network.pipes, np.unique(fixed)
    wet = reachable(pipes.start[carries], pipes.end[carries], len(network.nodes), fixed)
    used = np.flatnonzero(carries & wet[pipes.start] & (pipes.start != pipes.end))
    bore, length = pipes.inner_diameter, pipes.length + pipes.equivalent_length
    if not (np.isfinite(bore) & (bore > 0.0) & np.isfinite(length) & (length >= 0.0))[carries].all():
        raise TopologyError("a bore or length is unknown.")  # `solve` says which, for every scenario
    bore, length = bore[used], length[used]
    number = np.full(len(pipes), -1, np.int64)
    number[used] = np.arange(len(used))
    start, end = pipes.start[used].astype(np.int32), pipes.end[used].astype(np.int32)
    lanes = prepare_lanes(start, end, len(network.nodes), fixed.astype(np.int32))
    resistance = lane_resistance(
        length, bore, pipes.roughness_for(law)[used], pipes.zeta[used], law=law, gravity=gravity
    )
    area, order = np.pi / 4.0 * bore**2, lanes.order
    return LaneSide(
        used[order], np.flatnonzero(carries & wet[pipes.start] & (pipes.start == pipes.end)), number, lanes, fixed,
        wet, resistance.take(lanes.graph.edge), resistance.take(lanes.graph.leaf_edge), area[order], length[order],
        resistance.local[order], chain_flow(lanes, FIRST_VELOCITY * NOMINAL.density * area),
    )  # fmt: skip


def closed_pipes(side: LaneSide, pipes_out: tuple[Index, ...]) -> Closed:
    """Edges of the side that are closed, and their lanes, for the pipes that are out in each lane."""
    lane = np.repeat(np.arange(len(pipes_out)), [len(out) for out in pipes_out])
    edge = side.number[np.concatenate(pipes_out)] if len(lane) else np.zeros(0, np.int64)
    there = edge >= 0
    return edge[there].astype(np.int32), lane[there].astype(np.int32)


def reach(side: LaneSide, closed: Closed, width: int) -> Mask:
    """Nodes that hang together with a fixed one in each lane, shape (nodes, width)."""
    return reached(side.lanes, closed, width)


def solve_side(
    side: LaneSide, water: LaneWater, *, demand: Array, fixed_potential: Array, first_flow: Array,
    closed: Closed, inside: Mask | None, used: int, tolerance: float, work: Workspace,
) -> LaneSolution:  # fmt: skip
    """Solve a side; arguments as `lanes.solve_lanes`."""
    return solve_lanes(
        side.lanes, _Bound(side.chains, water), _Bound(side.leaves, water), demand=demand,
        fixed_potential=fixed_potential, first_flow=first_flow, closed=closed,
        inside=inside, used=used, tolerance=tolerance, work=work,
    )  # fmt: skip
