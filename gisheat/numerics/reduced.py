"""The nodal Newton method of `newton` on the reduced graph, compiled with numba; the fast engine.

Leaves and chains are taken out first (see `reduction`); the unknowns are the potentials of the nodes that
stay and one flow for each chain. Flows within chains and to leaves follow from mass balance, their
potentials by going back. Knows no pipes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gisheat.numerics.incidence import least_spanning_tree
from gisheat.numerics.ldl import LDL
from gisheat.numerics.newton import LINE_SEARCH_FROM, NEGLIGIBLE, NOISE, EdgeLaw, NodalSolution
from gisheat.numerics.reduction import Reduction, reduce_graph

Array = NDArray[np.float64]
Index = NDArray[np.int32]

LEAST_SLOPE = 1e-200
"""Slope of edges without any resistance, so that 1/slope is a number."""
NEGLIGIBLE_SHARE = 1e-10
"""A steep edge may be off its law by this share of the largest flow: no drop that it loses can tell."""
BALANCED = 1e-13
"""Mass errors at nodes below this, relative to the largest flow, are left."""


class _Unknowns(NamedTuple):
    """Free nodes that stay, in the order of elimination, and the place of the ends of each chain (-1: fixed)."""

    node: Index
    start: Index
    end: Index


def solve_reduced(
    start: Index, end: Index, law: EdgeLaw, *,
    demand: Array, fixed: Index, fixed_potential: Array, first_flow: Array,
    tolerance: float = 1e-10, max_iterations: int = 100,
    on_iteration: Callable[[int, float], None] | None = None,
) -> NodalSolution | None:  # fmt: skip
    """Solve potentials and flows; arguments as `newton.solve_nodal`, no edge from a node to itself.

    Returns
    -------
    NodalSolution or None
        None when some part of the graph hangs together with no fixed node: the caller leaves it out first.
    """
    prepared = prepare(start, end, len(demand), fixed)
    if prepared is None:
        return None
    return prepared.solve(
        law, demand=demand, fixed_potential=fixed_potential, first_flow=first_flow, tolerance=tolerance,
        max_iterations=max_iterations, on_iteration=on_iteration,
    )  # fmt: skip


def prepare(start: Index, end: Index, count: int, fixed: Index, keep: Index | None = None) -> ReducedGraph | None:
    """Reduce and order a graph for several solves; None when a part hangs together with no fixed node.

    Parameters
    ----------
    start, end : int32 arrays, shape (edges,)
        Node numbers; no edge from a node to itself.
    count : int
        Number of nodes.
    fixed : int array
        Nodes with a given potential.
    keep : int array, optional
        Nodes that are not taken out, because their potential is asked for between solves.
    """
    is_fixed = np.zeros(count, bool)
    is_fixed[fixed] = True
    stays = is_fixed
    if keep is not None:
        stays = is_fixed.copy()
        stays[keep] = True
    graph = reduce_graph(start, end, stays)
    if not graph.whole or not _hangs_together(graph, is_fixed):
        return None
    return ReducedGraph(start, fixed, is_fixed, graph, *_prepare(graph, is_fixed))


class ReducedGraph:
    """A graph that is reduced, ordered and analysed, for solves with other laws, demands and given potentials."""

    def __init__(
        self, start: Index, fixed: Index, is_fixed: NDArray[np.bool_], graph: Reduction, unknowns: _Unknowns,
        factor: LDL,
    ) -> None:  # fmt: skip
        self._start, self._fixed, self._is_fixed = start, fixed, is_fixed
        self._graph, self._unknowns, self._factor = graph, unknowns, factor
        self._chain_of: Index | None = None

    def solve(
        self, law: EdgeLaw, *, demand: Array, fixed_potential: Array, first_flow: Array, tolerance: float = 1e-10,
        max_iterations: int = 100, on_iteration: Callable[[int, float], None] | None = None,
    ) -> NodalSolution:  # fmt: skip
        """Solve potentials and flows; arguments as `newton.solve_nodal`."""
        graph, unknowns = self._graph, self._unknowns
        reference = float(fixed_potential.mean())  # potentials near zero leave more digits for small drops
        potential = np.zeros(len(demand))
        potential[self._fixed] = fixed_potential - reference
        taken, offset, total = _demands(demand, graph)
        chain_law = law.take(graph.edge, graph.forward)
        flow = _first_flows(graph.chain_from, graph.edge, graph.forward, offset, first_flow)
        history, converged = _iterate(
            graph, unknowns, self._factor, chain_law, taken[unknowns.node], offset, total, potential, flow, tolerance,
            max_iterations, on_iteration,
        )  # fmt: skip
        _balance(graph, chain_law, offset, total, taken, self._is_fixed, flow)
        return _expanded(
            self._start, law, chain_law, graph, taken, offset, flow, potential, reference, history, converged
        )

    def response(self, law: EdgeLaw, flow: Array, edges: Index) -> tuple[Array, Array]:
        """Changes of potentials and flows for one more unit of drop in single edges, at a solution.

        Parameters
        ----------
        law : EdgeLaw
        flow : array, shape (edges,)
            Flows of the solution.
        edges : int array, shape (k,)
            Edges whose drop grows by one each.

        Returns
        -------
        potential : array, shape (k, nodes)
            Right at the nodes that stay (see `keep` of `prepare`), NaN elsewhere.
        flow : array, shape (k, k)
            Change of flow in edge j for the drop in edge i; zero for leaves.
        """
        graph, unknowns, factor = self._graph, self._unknowns, self._factor
        if self._chain_of is None:
            sizes = np.diff(graph.chain_from)
            self._chain_of = np.full(len(self._start), -1, np.int32)
            self._chain_of[graph.edge] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
            self._sense = np.zeros(len(self._start))
            self._sense[graph.edge] = np.where(graph.forward, 1.0, -1.0)
        chains = len(graph.chain_start)
        edge_flow = np.where(graph.forward, flow[graph.edge], -flow[graph.edge])
        drop, slope = np.empty((2, len(graph.edge)))
        law.take(graph.edge, graph.forward).evaluate(edge_flow, drop, slope)
        chain_slope = np.maximum(np.add.reduceat(slope, graph.chain_from[:-1]), LEAST_SLOPE) if chains else slope
        zeros, ones = np.zeros(chains), np.ones(len(self._is_fixed))
        conductance, excess, rhs = np.empty(factor.entries), np.empty(len(unknowns.node)), np.empty(len(unknowns.node))
        _assemble(
            conductance, excess, rhs, np.zeros(len(rhs)), zeros, chain_slope, zeros, zeros, 0.0 * ones,
            graph.chain_start, graph.chain_end, unknowns.start, unknowns.end, factor.entry,
        )  # fmt: skip
        factor.factorise(conductance, excess)
        changes = np.full((len(edges), len(self._is_fixed)), np.nan)
        changes[:, graph.stays] = 0.0
        chain, sense = self._chain_of[edges], self._sense[edges]
        flows = np.zeros((len(edges), len(edges)))
        for i in np.flatnonzero(chain >= 0).tolist():
            c = chain[i]
            pushed = sense[i] / chain_slope[c]
            rhs[:] = 0.0
            if unknowns.start[c] >= 0:
                rhs[unknowns.start[c]] += pushed
            if unknowns.end[c] >= 0:
                rhs[unknowns.end[c]] -= pushed
            factor.solve(rhs)
            changes[i, unknowns.node] = rhs
            inside = np.flatnonzero(chain >= 0)
            other = chain[inside]
            between = changes[i, graph.chain_start[other]] - changes[i, graph.chain_end[other]]
            between = np.where(other == c, between - sense[i], between)
            flows[i, inside] = sense[inside] * between / chain_slope[other]
        return changes, flows


def _prepare(graph: Reduction, is_fixed: NDArray[np.bool_]) -> tuple[_Unknowns, LDL]:
    """Unknowns in the order of elimination, and the factorisation prepared for them."""
    node = np.flatnonzero(graph.stays & ~is_fixed).astype(np.int32)
    number = np.full(len(is_fixed), -1, np.int32)
    number[node] = np.arange(len(node), dtype=np.int32)
    factor = LDL(number[graph.chain_start], number[graph.chain_end], len(node))
    node = node[factor.order]
    number[node] = np.arange(len(node), dtype=np.int32)
    return _Unknowns(node, number[graph.chain_start], number[graph.chain_end]), factor


def _hangs_together(graph: Reduction, is_fixed: NDArray[np.bool_]) -> bool:
    """Tell whether every node that stays hangs together with a fixed one."""
    node = np.flatnonzero(graph.stays)
    number = np.empty(len(is_fixed), np.int32)
    number[node] = np.arange(len(node), dtype=np.int32)
    return bool(_all_reached(number[graph.chain_start], number[graph.chain_end], is_fixed[node]))


def _iterate(
    graph: Reduction, unknowns: _Unknowns, factor: LDL, law: EdgeLaw, demand: Array, offset: Array, total: Array,
    potential: Array,
    flow: Array, tolerance: float, max_iterations: int, on_iteration: Callable[[int, float], None] | None,
) -> tuple[tuple[float, ...], bool]:  # fmt: skip
    """Newton's method for chain flows and potentials, both changed in place."""
    edges, chains = len(graph.edge), len(graph.chain_start)
    if not chains:
        return (), True
    edge_flow, edge_drop, edge_slope = np.empty((3, edges))
    drop, slope, change = np.empty((3, chains))
    conductance = np.empty(factor.entries)
    excess, rhs = np.empty((2, len(unknowns.node)))
    history: list[float] = []
    for iteration in range(1, max_iterations + 1):
        _spread(flow, graph.chain_from, offset, edge_flow)
        law.evaluate(edge_flow, edge_drop, edge_slope)
        _gather(graph.chain_from, edge_drop, edge_slope, drop, slope)
        _assemble(
            conductance, excess, rhs, demand, drop, slope, flow, total, potential, graph.chain_start, graph.chain_end,
            unknowns.start, unknowns.end, factor.entry,
        )  # fmt: skip
        factor.factorise(conductance, excess)
        factor.solve(rhs)
        potential[unknowns.node] = rhs
        noise = NOISE * np.finfo(float).eps * float(np.abs(potential).max())
        changed, size = _changes(flow, drop, slope, potential, graph.chain_start, graph.chain_end, noise, change)
        step = 1.0
        if iteration > LINE_SEARCH_FROM:
            step = _step(law, graph, offset, flow, change, potential, edge_flow, edge_drop, edge_slope)
        flow += step * change
        history.append(0.0 if changed <= NEGLIGIBLE else changed / size)
        if on_iteration is not None:
            on_iteration(iteration, history[-1])
        if not np.isfinite(history[-1]):
            return tuple(history), False
        if history[-1] <= tolerance:
            return tuple(history), True
    return tuple(history), False


def _step(
    law: EdgeLaw, graph: Reduction, offset: Array, flow: Array, change: Array, potential: Array, *work: Array
) -> float:
    """Step in (0, 1] that minimises the content sum of h(q) dq along the change, by bisection on its slope."""
    edge_flow, edge_drop, edge_slope = work
    difference = potential[graph.chain_start] - potential[graph.chain_end]

    def content_slope(step: float) -> float:
        _spread(flow + step * change, graph.chain_from, offset, edge_flow)
        law.evaluate(edge_flow, edge_drop, edge_slope)
        drop = np.add.reduceat(edge_drop, graph.chain_from[:-1])
        return float(change @ (drop - difference))

    if content_slope(1.0) <= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(8):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if content_slope(middle) > 0.0 else (middle, high)
    return high


def _expanded(
    start: Index, law: EdgeLaw, chain_law: EdgeLaw, graph: Reduction, taken: Array, offset: Array, flow: Array,
    potential: Array, reference: float, history: tuple[float, ...], converged: bool,
) -> NodalSolution:  # fmt: skip
    """Flows and potentials of everything that was taken out."""
    edge_flow, edge_drop, edge_slope = np.empty((3, len(graph.edge)))
    _spread(flow, graph.chain_from, offset, edge_flow)
    chain_law.evaluate(edge_flow, edge_drop, edge_slope)
    full_flow, full_drop = np.empty((2, len(start)))
    residual = np.zeros(len(start))
    _back_into_chains(
        graph.chain_start, graph.chain_end, graph.chain_from, graph.edge, graph.forward, graph.next_node, edge_flow,
        edge_drop, edge_slope, potential, full_flow, full_drop, residual,
        NEGLIGIBLE_SHARE * float(np.abs(edge_flow).max(initial=0.0)),
    )  # fmt: skip
    leaf_flow = taken[graph.leaf_node]
    leaf_drop, leaf_slope = np.empty((2, len(leaf_flow)))
    law.take(graph.leaf_edge, start[graph.leaf_edge] == graph.leaf_parent).evaluate(leaf_flow, leaf_drop, leaf_slope)
    _back_to_leaves(
        start, graph.leaf_node, graph.leaf_parent, graph.leaf_edge, leaf_flow, leaf_drop, potential, full_flow,
        full_drop,
    )  # fmt: skip
    return NodalSolution(potential + reference, full_flow, full_drop, history, residual, converged)


def _balance(
    graph: Reduction, law: EdgeLaw, offset: Array, total: Array, taken: Array, is_fixed: NDArray[np.bool_], flow: Array
) -> None:
    """Make the mass balance exact where rounding of potentials has left an error in edges without resistance.

    What is missing at nodes is sent along the spanning tree of the least slopes, where it costs the least
    drop: less than the rounding it came from.
    """
    missing = _missing(graph.chain_start, graph.chain_end, flow, total, taken, graph.stays & ~is_fixed)
    if not len(flow) or np.abs(missing).max() <= BALANCED * np.abs(flow).max():
        return
    edge_flow, edge_drop, edge_slope = np.empty((3, len(graph.edge)))
    _spread(flow, graph.chain_from, offset, edge_flow)
    law.evaluate(edge_flow, edge_drop, edge_slope)
    slope = np.add.reduceat(edge_slope, graph.chain_from[:-1])
    root = len(is_fixed)  # all fixed nodes are one
    start = np.where(is_fixed[graph.chain_start], root, graph.chain_start)
    end = np.where(is_fixed[graph.chain_end], root, graph.chain_end)
    order, parent, edge = least_spanning_tree(start, end, slope, root + 1, root)
    missing = np.append(missing, 0.0)
    for node in order[:0:-1].tolist():
        chain = edge[node]
        flow[chain] += missing[node] if end[chain] == node else -missing[node]
        missing[parent[node]] += missing[node]


# compiled ------------------------------------------------------------------------------------------------


@njit(cache=True)
def _sum_up(taken, node, parent):
    for t in range(node.size):
        taken[parent[t]] += taken[node[t]]


@njit(cache=True)
def _offsets(taken, chain_from, next_node, offset, total):
    """What is taken along each chain before each of its edges, and in all."""
    for c in range(chain_from.size - 1):
        sum_ = 0.0
        for t in range(chain_from[c], chain_from[c + 1]):
            offset[t] = sum_
            if t + 1 < chain_from[c + 1]:
                sum_ += taken[next_node[t]]
        total[c] = sum_


def _demands(demand: Array, graph: Reduction) -> tuple[Array, Array, Array]:
    """Demand of each node with what lies behind its leaves, and offsets and totals of the chains."""
    taken = demand.astype(float)
    _sum_up(taken, graph.leaf_node, graph.leaf_parent)
    offset, total = np.empty(len(graph.edge)), np.empty(len(graph.chain_start))
    _offsets(taken, graph.chain_from, graph.next_node, offset, total)
    return taken, offset, total


@njit(cache=True)
def _all_reached(start, end, fixed):
    """Union-find over the chains: no group of nodes without a fixed one."""
    root = np.arange(fixed.size).astype(np.int32)
    anchored = fixed.copy()
    for c in range(start.size):
        a, b = start[c], end[c]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a != b:
            root[b] = a
            anchored[a] = anchored[a] or anchored[b]
    for i in range(fixed.size):
        if root[i] == i and not anchored[i]:
            return False
    return True


@njit(cache=True)
def _spread(flow, chain_from, offset, edge_flow):
    for c in range(flow.size):
        for t in range(chain_from[c], chain_from[c + 1]):
            edge_flow[t] = flow[c] - offset[t]


@njit(cache=True)
def _gather(chain_from, edge_drop, edge_slope, drop, slope):
    """Sums along chains; the factorisation bears any slope above zero."""
    for c in range(drop.size):
        h, g = 0.0, 0.0
        for t in range(chain_from[c], chain_from[c + 1]):
            h += edge_drop[t]
            g += edge_slope[t]
        drop[c], slope[c] = h, max(g, LEAST_SLOPE)


@njit(cache=True)
def _assemble(
    conductance, excess, rhs, demand, drop, slope, flow, total, potential, from_node, to_node, start, end, entry
):
    """Conductance of each edge of the matrix, conductances to fixed nodes, and the right-hand side."""
    conductance[:] = 0.0
    excess[:] = 0.0
    for i in range(rhs.size):
        rhs[i] = -demand[i]
    for c in range(flow.size):
        p = 1.0 / slope[c]
        w = flow[c] - p * drop[c]
        a, b = start[c], end[c]
        if a >= 0:
            rhs[a] -= w
            if b < 0:
                rhs[a] += p * potential[to_node[c]]
                excess[a] += p
        if b >= 0:
            rhs[b] += w - total[c]
            if a < 0:
                rhs[b] += p * potential[from_node[c]]
                excess[b] += p
        if entry[c] >= 0:
            conductance[entry[c]] += p


@njit(cache=True)
def _changes(flow, drop, slope, potential, from_node, to_node, noise, change):
    """Changes of the flows; what rounding of the potentials alone can make of them does not count."""
    changed, size = 0.0, 1e-300
    for c in range(flow.size):
        change[c] = (potential[from_node[c]] - potential[to_node[c]] - drop[c]) / slope[c]
        changed += max(abs(change[c]) - noise / slope[c], 0.0)
        size += abs(flow[c] + change[c])
    return changed, size


@njit(cache=True)
def _missing(from_node, to_node, flow, total, taken, free):
    """What is taken at each free node minus what its chains bring."""
    missing = np.where(free, taken, 0.0)
    for c in range(flow.size):
        missing[from_node[c]] += flow[c]
        missing[to_node[c]] -= flow[c] - total[c]
    return np.where(free, missing, 0.0)


@njit(cache=True)
def _first_flows(chain_from, edge, forward, offset, first_flow):
    """First flow of each chain: that of its edge with the least one."""
    flow = np.empty(chain_from.size - 1)
    for c in range(flow.size):
        least = np.inf
        for t in range(chain_from[c], chain_from[c + 1]):
            size = abs(first_flow[edge[t]])
            if size < least:
                least = size
                flow[c] = (first_flow[edge[t]] if forward[t] else -first_flow[edge[t]]) + offset[t]
    return flow


@njit(cache=True)
def _back_into_chains(
    chain_start,
    chain_end,
    chain_from,
    edge,
    forward,
    next_node,
    edge_flow,
    edge_drop,
    edge_slope,
    potential,
    flow,
    drop,
    residual,
    noise,
):
    """From both ends of each chain to its steepest edge, which bears what is left: it notices it least.

    What rounding of flows (`noise`) alone can make of the drop of a steep edge is no residual.
    """
    for c in range(chain_start.size):
        first, last = chain_from[c], chain_from[c + 1] - 1
        steepest = first
        for t in range(first, last + 1):
            k = edge[t]
            sign = 1.0 if forward[t] else -1.0
            flow[k], drop[k] = sign * edge_flow[t], sign * edge_drop[t]
            if edge_slope[t] >= edge_slope[steepest]:
                steepest = t
        p = potential[chain_start[c]]
        for t in range(first, steepest):
            p -= edge_drop[t]
            potential[next_node[t]] = p
        q = potential[chain_end[c]]
        for t in range(last, steepest, -1):
            q += edge_drop[t]
            potential[next_node[t - 1]] = q
        k = edge[steepest]
        left = drop[k] - (p - q if forward[steepest] else q - p)
        bearable = noise * edge_slope[steepest]
        residual[k] = left - min(max(left, -bearable), bearable)


@njit(cache=True)
def _back_to_leaves(start, node, parent, edge, leaf_flow, leaf_drop, potential, flow, drop):
    for t in range(node.size - 1, -1, -1):
        k = edge[t]
        sign = 1.0 if start[k] == parent[t] else -1.0
        flow[k], drop[k] = sign * leaf_flow[t], sign * leaf_drop[t]
        potential[node[t]] = potential[parent[t]] - leaf_drop[t]
