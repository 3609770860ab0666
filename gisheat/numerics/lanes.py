"""Many states of one graph at once: Newton's method of `reduced` with the states side by side in lanes.

Arrays have the shape (.., lanes); demands, fixed potentials, laws and closed edges differ from lane to lane,
the graph, its reduction and the order of elimination are common. A lane ends its iteration on its own and
then keeps what it has, so that its numbers do not depend on its neighbours. What does not end here, or ends
with an error in its balances, is told (`converged`) and left to the solver of single states.

A closed edge has the conductance zero, exactly: its chain carries what is taken between its start and the
closed edge, and nothing else. What hangs together with no fixed node then is found first (`reached`).
Knows no pipes.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gisheat.numerics import lane_kernels as kernel
from gisheat.numerics.lane_elimination import LanePattern, eliminate, prepare_pattern
from gisheat.numerics.newton import NEGLIGIBLE, NOISE
from gisheat.numerics.reduction import Reduction, reduce_graph

Array = NDArray[np.float64]
Index = NDArray[np.int32]
Mask = NDArray[np.bool_]

WIDTH = 32
"""Lanes come in multiples of this: no loop over them then has a rest, which compilers treat otherwise."""
MOST_ITERATIONS = 40
"""Full Newton steps in lanes; what needs more gets the line search of the solver for single states."""
LARGEST_RESIDUAL = 1e-10
"""Drops may miss the differences of potential by this, relative to their range (or to 1)."""
LARGEST_IMBALANCE = 1e-9
"""Mass errors at nodes, relative to the largest flow; the solver for single states repairs them."""


class ChainLaw(Protocol):
    """Drop along chains of edges, summed on the way, as `physics.lane_friction` has it for given waters."""

    def series(
        self, flow: Array, offset: Array, first: Index, conductance: Array, drop: Array, edge_drop: Array
    ) -> None:
        """Fill conductance and drop of chains (chains, lanes) and the drop of each edge (edges, lanes)."""

    def take(self, edges: NDArray[Any]) -> ChainLaw:
        """The law of some edges, in their order."""


class LaneGraph(NamedTuple):
    """A graph prepared for lanes: its reduction, and potentials numbered unknowns first, fixed nodes after.

    `node` are the nodes of these numbers, `start` and `end` the numbers of the ends of each chain; `chain` is
    the chain of each edge on one. Solutions have the edges in the `order` of the reduction, those on chains
    first, those to leaves after; `position` is where an edge stands there, `sign` -1 where it is passed from
    its end to its start.
    """

    graph: Reduction
    pattern: LanePattern
    edge_start: Index
    edge_end: Index
    nodes: int
    node: Index
    unknowns: int
    start: Index
    end: Index
    chain: Index
    position: Index
    order: Index
    sign: Array


class LaneSolution(NamedTuple):
    """States in lanes and how each ended; flow and drop of the edges, in `LaneGraph.order` and with its `sign`."""

    potential: Array
    """Shape (nodes, lanes)."""
    flow: Array
    """Shape (edges, lanes)."""
    drop: Array
    iterations: NDArray[np.int64]
    converged: Mask


class Workspace:
    """Arrays that are used again: what is taken under a name is valid until it is taken again."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def take(self, name: str, *shape: int, zero: bool = False) -> Array:
        """An array of a shape, with anything in it, or with zeros that nobody changes."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape:
            found = self._arrays[name] = np.zeros(shape) if zero else np.empty(shape)
        return found


def prepare_lanes(start: Index, end: Index, count: int, fixed: Index) -> LaneGraph:
    """Reduce, order and analyse a graph of which every edge hangs together with a fixed node.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Node numbers; no edge from a node to itself.
    count : int
        Number of nodes.
    fixed : int array, shape (k,)
        Nodes with a given potential.
    """
    is_fixed = np.zeros(count, bool)
    is_fixed[fixed] = True
    graph = reduce_graph(start, end, is_fixed)
    unknown = np.flatnonzero(graph.stays & ~is_fixed).astype(np.int32)
    number = np.full(count, -1, np.int32)
    number[unknown] = np.arange(len(unknown), dtype=np.int32)
    pattern = prepare_pattern(number[graph.chain_start], number[graph.chain_end], len(unknown))
    node = np.concatenate([unknown[pattern.order], fixed]).astype(np.int32)
    number[node] = np.arange(len(node), dtype=np.int32)
    order = np.concatenate([graph.edge, graph.leaf_edge])
    position = np.empty(len(start), np.int32)
    position[order] = np.arange(len(start), dtype=np.int32)
    forward = np.concatenate([graph.forward, start[graph.leaf_edge] == graph.leaf_parent])
    lengths = np.diff(graph.chain_from)
    return LaneGraph(
        graph, pattern, start, end, count, node, len(unknown),
        number[graph.chain_start], number[graph.chain_end],
        np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), position, order, np.where(forward, 1.0, -1.0),
    )  # fmt: skip


def reached(lanes: LaneGraph, closed: tuple[Index, Index], width: int) -> Mask:
    """Which nodes hang together with a fixed one when edges are closed, shape (nodes, width).

    Parameters
    ----------
    closed : two int32 arrays, shape (k,)
        Edges that are closed, and the lane each is closed in.
    """
    graph, (closed_edge, closed_lane) = lanes.graph, closed
    result = np.zeros((lanes.nodes, width), bool)
    result[graph.leaf_node] = True
    result[graph.next_node] = True
    result[graph.chain_start] = True
    result[lanes.node[lanes.unknowns :]] = True
    for lane in np.unique(closed_lane).tolist():
        cut = lanes.position[closed_edge[closed_lane == lane]]
        kernel.reach(
            lane, cut, lanes.node, lanes.unknowns, lanes.start, lanes.end, graph.chain_from, graph.next_node,
            graph.chain_start, graph.chain_end, lanes.chain, graph.leaf_node, graph.leaf_parent, result,
        )  # fmt: skip
    return result


def sum_rows(count: int, *parts: tuple[NDArray[Any], Array]) -> Array:
    """Sum at each of `count` places of rows of values, given as places (k,) and values (k, lanes)."""
    total = np.zeros((count, parts[0][1].shape[1]))
    for place, rows in parts:
        kernel.add_rows(total, place, np.ascontiguousarray(rows))
    return total


def edge_flow(lanes: LaneGraph, found: LaneSolution, edges: NDArray[Any]) -> Array:
    """Flow of some edges from their start to their end, shape (k, lanes)."""
    place = lanes.position[edges]
    return found.flow[place] * lanes.sign[place][:, None]


def chain_flow(lanes: LaneGraph, flow: Array) -> Array:
    """Flow into each chain from the flow of each edge, shape (chains,) or (chains, lanes): where to start."""
    first = lanes.graph.chain_from[:-1]
    return (lanes.sign[first] * flow[lanes.graph.edge[first]].T).T


def solve_lanes(
    lanes: LaneGraph, law: ChainLaw, leaf_law: ChainLaw, *,
    demand: Array, fixed_potential: Array, first_flow: Array,
    closed: tuple[Index, Index], inside: Mask | None = None, used: int | None = None, tolerance: float = 1e-10,
    work: Workspace | None = None,
) -> LaneSolution:  # fmt: skip
    """Solve potentials and flows of all lanes.

    Parameters
    ----------
    law, leaf_law : ChainLaw
        Of the edges on chains and of those to leaves, in the order of the reduction.
    demand : array, shape (nodes, lanes)
        What leaves the network; zero at nodes that are not reached. A multiple of WIDTH lanes; used up.
    fixed_potential : array, shape (k, lanes)
        Potentials of the fixed nodes.
    first_flow : array, shape (chains, lanes)
        Flow into each chain to start with; used up.
    closed : two int32 arrays, shape (k,)
        Edges that are closed, and the lane each is closed in.
    inside : bool array, shape (nodes, lanes), optional
        From `reached`; all nodes when not given.
    used : int, optional
        Number of lanes that hold something; all when not given. The others are not iterated.
    tolerance : float
        Largest sum of flow changes relative to the sum of flows.
    work : Workspace, optional
        Where the arrays of the solution are, until it is used again.
    """
    graph, width = lanes.graph, demand.shape[1]
    if width % WIDTH:
        raise ValueError(f"{width} lanes are no multiple of {WIDTH}")
    work = work or Workspace()
    demand, first_flow = np.ascontiguousarray(demand), np.ascontiguousarray(first_flow)
    chains, on_chains, edges = len(graph.chain_start), len(graph.edge), len(lanes.order)
    reference = fixed_potential.mean(axis=0)
    potential = work.take("potential", len(lanes.node), width)
    potential[: lanes.unknowns] = 0.0
    potential[lanes.unknowns :] = fixed_potential - reference
    flow, drop = work.take("flow", edges, width), work.take("drop", edges, width)
    offset, total = flow[:on_chains], work.take("total", chains, width)
    kernel.demands(demand, graph.leaf_node, graph.leaf_parent, graph.chain_from, graph.next_node, offset, total)
    shut = _shut(lanes, closed, inside)
    end = _End(tolerance, width if used is None else used)
    iterations, converged = _iterate(
        lanes, law, shut, demand, offset, total, potential, first_flow, drop[:on_chains], end, work
    )
    kernel.spread(first_flow, offset, graph.chain_from)
    leaves = edges - on_chains
    np.take(demand, graph.leaf_node, axis=0, out=flow[on_chains:])
    leaf_law.series(
        flow[on_chains:], work.take("zero", leaves, width, zero=True), np.arange(leaves + 1, dtype=np.int32),
        work.take("leaf", leaves, width), work.take("leaf drop", leaves, width), drop[on_chains:],
    )  # fmt: skip
    nodes = work.take("nodes", lanes.nodes, width)
    nodes[:] = np.nan
    nodes[lanes.node] = potential
    kernel.back(
        drop, graph.chain_from, graph.next_node, graph.chain_start, graph.chain_end, shut.chain, shut.lane, shut.edge,
        graph.leaf_node, graph.leaf_parent, nodes,
    )  # fmt: skip
    if inside is not None:
        nodes[~inside] = np.nan
    nodes += reference
    return LaneSolution(nodes, flow, drop, iterations, converged)


class _End(NamedTuple):
    """When lanes end, and how many of them hold something."""

    tolerance: float
    used: int


class _Shut(NamedTuple):
    """Chains that carry a given flow: chain, lane and the edge whose offset it is; and nodes out of reach."""

    chain: Index
    lane: Index
    edge: Index
    dead_place: Index
    dead_lane: Index


def _shut(lanes: LaneGraph, closed: tuple[Index, Index], inside: Mask | None) -> _Shut:
    """Chains with a closed edge, and those between nodes out of reach, where nothing flows."""
    closed_edge, closed_lane = closed
    edge = lanes.position[closed_edge]
    on_chain = edge < len(lanes.chain)
    edge, lane = edge[on_chain], closed_lane[on_chain]
    nowhere = np.zeros(0, np.int32)
    if inside is None or inside.all():
        return _Shut(lanes.chain[edge], lane, edge, nowhere, nowhere)
    graph = lanes.graph
    place, dead_lane = np.nonzero(~inside[lanes.node[: lanes.unknowns]])
    chain, dry = np.nonzero(~inside[graph.chain_start] & ~inside[graph.chain_end])
    chain, dry = chain.astype(np.int32), dry.astype(np.int32)
    return _Shut(
        np.concatenate([lanes.chain[edge], chain]), np.concatenate([lane, dry]),
        np.concatenate([edge, graph.chain_from[chain]]), place.astype(np.int32), dead_lane.astype(np.int32),
    )  # fmt: skip


def _iterate(
    lanes: LaneGraph, law: ChainLaw, shut: _Shut, demand: Array, offset: Array, total: Array, potential: Array,
    flow: Array, edge_drop: Array, ends: _End, work: Workspace,
) -> tuple[NDArray[np.int64], Mask]:  # fmt: skip
    """Newton's method; potentials, flows of chains and drops of their edges are changed in place."""
    graph, pattern, width = lanes.graph, lanes.pattern, demand.shape[1]
    iterations, failed = np.zeros(width, np.int64), np.zeros(width, bool)
    if not len(flow):
        return iterations, ~failed
    active = np.ones(width)
    active[ends.used :] = 0.0
    conductance, drop = work.take("conductance", *flow.shape), work.take("chain drop", *flow.shape)
    value = work.take("value", len(pattern.row), width)
    excess, rhs = work.take("excess", lanes.unknowns, width), work.take("rhs", lanes.unknowns, width)
    wanted = demand[lanes.node[: lanes.unknowns]]
    kernel.hold(flow, offset, shut.chain, shut.lane, shut.edge)
    for iteration in range(MOST_ITERATIONS + 1):
        law.series(flow, offset, graph.chain_from, conductance, drop, edge_drop)
        kernel.close(conductance, drop, shut.chain, shut.lane)
        if iteration:
            noise = NOISE * np.finfo(float).eps * np.abs(potential).max(axis=0)
            changed, size, apart = kernel.residuals(flow, conductance, drop, potential, lanes.start, lanes.end, noise)
            span = np.ptp(potential, axis=0)
            good = (changed <= ends.tolerance * size) | (changed <= NEGLIGIBLE)
            good &= apart <= np.maximum(LARGEST_RESIDUAL * np.maximum(span, 1.0), noise)
            active[good & (active > 0.0)] = 0.0
            if iteration == MOST_ITERATIONS or not active.any():
                break
        kernel.assemble(
            value, excess, rhs, wanted, conductance, drop, flow, total, potential, lanes.start, lanes.end,
            lanes.unknowns, pattern.entry,
        )  # fmt: skip
        kernel.ground(excess, rhs, shut.dead_place, shut.dead_lane)
        eliminate(pattern.pointer, pattern.row, value, excess, rhs)
        lost = ~np.isfinite(rhs.sum(axis=0)) & (active > 0.0)
        failed |= lost
        active[lost] = 0.0
        iterations += active > 0.0
        kernel.step(flow, conductance, drop, potential, rhs, lanes.start, lanes.end, active)
    missing, largest = kernel.imbalance(flow, total, wanted, lanes.start, lanes.end, lanes.unknowns)
    failed |= (active > 0.0) | ~(missing <= np.maximum(LARGEST_IMBALANCE * largest, NEGLIGIBLE))
    return iterations, ~failed
