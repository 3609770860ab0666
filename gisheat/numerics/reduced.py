"""The nodal Newton method of `newton` on the reduced graph, compiled with numba; the fast engine.

Leaves and chains are taken out first (see `reduction`); the unknowns are the potentials of the nodes that
stay and one flow for each chain. Flows within chains and to leaves follow from mass balance, their
potentials by going back. Knows no pipes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from gisheat.kernels import Credit, plain_where
from gisheat.numerics import chains
from gisheat.numerics.incidence import least_spanning_tree
from gisheat.numerics.ldl import LDL
from gisheat.numerics.newton import LINE_SEARCH_FROM, NEGLIGIBLE, NOISE, EdgeLaw, NodalSolution, least_content
from gisheat.numerics.reduction import Reduction, reduce_graph

Array = NDArray[np.float64]
Index = NDArray[np.int32]

CHORDS_UP_TO = 8
"""Chords are taken up to this iteration, then tangents: one in a hundred extreme networks would cycle with chords."""
NEGLIGIBLE_SHARE = 1e-10
"""A steep edge may be off its law by this share of the largest flow: no drop that it loses can tell."""
QUIET, SETTLED = 10.0, 4
"""Drops that the last change of flow may make, relative to the range of potentials and to the tolerance (1e-10 of the
flows means 1e-9 of the heads), and how often it is tried for less:
flows in steep edges may be small beside all others, and their drops not."""
BALANCED = 1e-13
"""Mass errors at nodes below this, relative to the largest flow, are left."""


PLAIN = Credit(500, 10_000)
"""Most edges of a graph, and of all in turn, that are reduced and ordered, or solved, by loops in plain Python: about
half a second, which it takes to read compiled loops from the disk; to compile them takes ten."""


class ChainLaw(EdgeLaw, Protocol):
    """A law that sums along chains by itself, and knows how its slope changes. Any law that has `along` is one."""

    from_rest: bool
    """The law is smooth and loses nothing at rest: straight lines through the origin are a good start."""

    def along(self, flow: Array, chain: Index, offset: Array, sums: Array) -> None:
        """Drop, slope and second derivative of chains into the rows of `sums`, shape (3, chains).

        Edge t is in chain[t] and carries flow[chain[t]] - offset[t].
        """


class _Places(NamedTuple):
    """Nodes that stay, in the order of elimination and then the fixed ones, and the places of the ends of chains."""

    node: Index
    free: int
    """Number of unknowns."""
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


@plain_where(lambda start, *_, **__: PLAIN.covers(len(start)))
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
    if not graph.whole:
        return None
    rooted = stays & ~is_fixed & ~graph.stays  # kept, but all that hung there was taken off as leaves
    if keep is not None and rooted[graph.leaf_parent].any():
        return None
    placed = _placed(graph, is_fixed)
    return None if placed is None else ReducedGraph(start, fixed, graph, *placed)


class ReducedGraph:
    """A graph that is reduced, ordered and analysed, for solves with other laws, demands and given potentials."""

    def __init__(self, start: Index, fixed: Index, graph: Reduction, places: _Places, factor: LDL) -> None:
        self._start, self._fixed = start, fixed
        self._graph, self._places, self._factor = graph, places, factor
        self._chain_of: Index | None = None
        inside = len(graph.edge) - len(graph.chain_start)
        self.reaches_all = len(graph.leaf_node) + inside + int(graph.stays.sum()) == len(graph.stays)

    @plain_where(lambda self, *_, **__: PLAIN.covers(len(self._start)))
    def solve(
        self, law: EdgeLaw, *, demand: Array, fixed_potential: Array, first_flow: Array, tolerance: float = 1e-10,
        max_iterations: int = 100, on_iteration: Callable[[int, float], None] | None = None,
    ) -> NodalSolution:  # fmt: skip
        """Solve potentials and flows; arguments as `newton.solve_nodal`."""
        graph, places, start = self._graph, self._places, self._start
        reference = float(fixed_potential.mean())  # potentials near zero leave more digits for small drops
        potential = np.zeros(len(demand))
        potential[self._fixed] = fixed_potential - reference
        taken, offset, total = chains.demands(
            demand.astype(float, copy=False), graph.leaf_node, graph.leaf_parent, graph.chain_from, graph.next_node
        )
        along = _Chains(law.take(graph.edge, graph.forward), graph, offset, total, taken[places.node[: places.free]])
        there, flow = potential[places.node], along.start(first_flow)
        history, converged = self._iterate(along, there, flow, tolerance, max_iterations, on_iteration)
        self._balance(along, flow)
        potential[places.node] = there
        edge_flow, edge_drop, edge_slope = along.edges(flow)
        full_flow, drop, slope = np.empty(len(start)), np.empty(len(start)), np.empty(len(start))
        chains.all_flows(
            start, graph.edge, graph.forward, edge_flow, graph.leaf_node, graph.leaf_parent, graph.leaf_edge, taken,
            full_flow,
        )  # fmt: skip
        law.evaluate(full_flow, drop, slope)
        residual = np.zeros(len(start))
        noise = NEGLIGIBLE_SHARE * max(edge_flow.max(initial=0.0), -edge_flow.min(initial=0.0))
        chains.within_chains(
            graph.chain_start, graph.chain_end, graph.chain_from, graph.edge, graph.forward, graph.next_node, edge_drop,
            edge_slope, noise, potential, residual,
        )  # fmt: skip
        chains.of_leaves(start, graph.leaf_node, graph.leaf_parent, graph.leaf_edge, drop, potential)
        potential += reference
        return NodalSolution(potential, full_flow, drop, history, residual, converged)

    def _iterate(
        self, along: _Chains, potential: Array, flow: Array, tolerance: float, max_iterations: int,
        on_iteration: Callable[[int, float], None] | None,
    ) -> tuple[tuple[float, ...], bool]:  # fmt: skip
        """Newton's method for chain flows and potentials of places, both changed in place."""
        if not len(flow):
            return (), True
        (_, free, start, end), factor = self._places, self._factor
        conductance, ahead, change = np.empty((3, len(flow)))
        values, excess, correction = np.empty(factor.entries), np.empty(len(potential)), np.empty(len(potential))
        noise = NOISE * float(np.finfo(float).eps)
        history: list[float] = []
        settled = 0
        for iteration in range(1, max_iterations + 1):
            drop, slope, bend = along.sums(flow) if iteration > 1 else along.first
            chains.assemble(
                start, end, factor.entry, along.total, along.demand, potential, flow, drop, slope, bend,
                1 < iteration <= CHORDS_UP_TO and along.curved, conductance, ahead, values, excess, correction,
            )  # fmt: skip
            factor.factorise(values, excess[:free])
            factor.solve(correction[:free])
            changed, size = chains.correct(start, end, correction, potential, conductance, ahead, flow, noise, change)
            if iteration > LINE_SEARCH_FROM:
                change *= _step(along, flow, change, potential[start] - potential[end])
            history.append(0.0 if changed <= NEGLIGIBLE else changed / size)
            ends = history[-1] <= tolerance and (
                iteration > 1 or not along.from_rest
            )  # the first lines are not the law
            quiet = QUIET * tolerance * float(np.ptp(potential)) if ends else 0.0
            if ends and np.abs(change).sum() > tolerance * size and _largest(flow - ahead, conductance) <= quiet:
                return tuple(history), True  # drops fit; what would change is rounding of potentials, and no better
            flow += change
            if on_iteration is not None:
                on_iteration(iteration, history[-1])
            if not np.isfinite(history[-1]):
                return tuple(history), False
            if ends:
                settled = settled + 1 if _largest(change, conductance) > quiet else SETTLED
                if settled >= SETTLED:
                    return tuple(history), True
        return tuple(history), False

    def _balance(self, along: _Chains, flow: Array) -> None:
        """Make the mass balance exact where rounding of potentials has left an error in edges without resistance.

        What is missing at nodes is sent along the spanning tree of the least slopes (those with it, not the ones at
        rest), where it costs the least drop: less than the rounding it came from.
        """
        node, free, start, end = self._places
        if len(flow) and np.abs(flow).max() <= NEGLIGIBLE and not along.demand.any() and not along.total.any():
            flow[:] = 0.0  # at rest: what is left is rounding
            return
        missing = chains.still_missing(start, end, flow, along.total, along.demand, len(node))
        if not len(flow) or np.abs(missing).max() <= BALANCED * np.abs(flow).max():
            return
        first, last = (np.minimum(x, free).astype(np.int64) for x in (start, end))  # all fixed nodes are one
        slope = along.sums(flow + np.copysign(np.abs(missing).max(), flow))[1]
        order, parent, edge = least_spanning_tree(first, last, slope, free + 1, free)
        missing = np.append(missing[:free], 0.0)
        for place in order[:0:-1].tolist():
            chain = edge[place]
            flow[chain] += missing[place] if last[chain] == place else -missing[place]
            missing[parent[place]] += missing[place]

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
        graph, (node, free, start, end), factor = self._graph, self._places, self._factor
        if self._chain_of is None:
            self._chain_of = np.full(len(self._start), -1, np.int32)
            self._chain_of[graph.edge] = graph.chain
            self._sense = np.zeros(len(self._start))
            self._sense[graph.edge] = np.where(graph.forward, 1.0, -1.0)
        count, unknown = len(graph.chain_start), np.zeros(free)
        edge_flow = np.where(graph.forward, flow[graph.edge], -flow[graph.edge])
        drop, slope = np.empty((2, len(graph.edge)))
        law.take(graph.edge, graph.forward).evaluate(edge_flow, drop, slope)
        slope = np.bincount(graph.chain, slope, count).astype(float, copy=False)
        conductance, _, nothing = np.zeros((3, count))
        values, excess, change = np.empty(factor.entries), np.empty(len(node)), np.zeros(len(node))
        chains.assemble(
            start, end, factor.entry, nothing, unknown, change.copy(), nothing, nothing, slope, nothing, False,
            conductance, nothing.copy(), values, excess, change,
        )  # fmt: skip
        factor.factorise(values, excess[:free])
        changes = np.full((len(edges), len(graph.stays)), np.nan)
        chain, sense = self._chain_of[edges], self._sense[edges]
        flows = np.zeros((len(edges), len(edges)))
        for i in range(len(edges)):
            change[:] = 0.0
            c = chain[i]
            if c >= 0:
                change[start[c]] += sense[i] * conductance[c]
                change[end[c]] -= sense[i] * conductance[c]
                change[free:] = 0.0
                factor.solve(change[:free])
                inside = np.flatnonzero(chain >= 0)
                other = chain[inside]
                between = change[start[other]] - change[end[other]]
                between = np.where(other == c, between - sense[i], between)
                flows[i, inside] = sense[inside] * between * conductance[other]
            changes[i, node] = change
        return changes, flows


class _Chains:
    """The law along the chains, and what is taken from them."""

    def __init__(self, law: EdgeLaw, graph: Reduction, offset: Array, total: Array, demand: Array) -> None:
        self.total, self.demand = total, demand
        self._law, self._graph, self._offset = law, graph, offset
        self._along: Callable[[Array, Index, Array, Array], None] | None = getattr(law, "along", None)
        self.curved = self._along is not None
        self.from_rest: bool = getattr(law, "from_rest", False)
        self.first = np.zeros((3, len(total)))
        self._sums = np.zeros((3, len(total)))
        self._edges = np.empty((3, len(offset)))

    def start(self, first_flow: Array) -> Array:
        """First flows of the chains; drop, slope and second derivative to begin with are put into `first`."""
        graph, edges = self._graph, self._edges
        if self.from_rest:  # straight lines: so the sense of the first flows does not count
            self._law.evaluate(first_flow.take(graph.edge), *edges[1:])
            chains.linear(graph.chain, self._offset, edges[2], *self.first[:2])
            return np.zeros(len(self.total))
        flow = chains.first_flows(graph.chain_from, graph.edge, graph.forward, self._offset, first_flow)
        self.first = self.sums(flow)
        return flow

    def sums(self, flow: Array) -> Array:
        """Drop, slope and second derivative (0 where it is not known) of the chains, shape (3, chains)."""
        if self._along is not None:
            self._along(flow, self._graph.chain, self._offset, self._sums)
        else:
            chains.gather(self._graph.chain, *self.edges(flow)[1:], *self._sums[:2])
        return self._sums

    def edges(self, flow: Array) -> Array:
        """Flow, drop and slope of the edges of the chains, shape (3, edges)."""
        chains.spread(flow, self._graph.chain, self._offset, self._edges[0])
        self._law.evaluate(*self._edges)
        return self._edges


def _placed(graph: Reduction, is_fixed: NDArray[np.bool_]) -> tuple[_Places, LDL] | None:
    """Places of the nodes that stay, and the factorisation; None when some hang together with no fixed one."""
    node = np.flatnonzero(graph.stays).astype(np.int32)
    fixed = is_fixed[node]
    node = np.concatenate([node[~fixed], node[fixed]])
    free, count = len(node) - int(fixed.sum()), len(node)
    number = np.empty(len(is_fixed), np.int32)
    number[node] = np.arange(count, dtype=np.int32)
    start, end = number[graph.chain_start], number[graph.chain_end]
    if not chains.all_reached(start, end, free, count):
        return None
    factor = LDL(start, end, free)
    place = np.concatenate([factor.place, np.arange(free, count, dtype=np.int32)])
    node[:free] = node[factor.order]
    return _Places(node, free, place[start], place[end]), factor


def _largest(change: Array, conductance: Array) -> float:
    """Largest drop that a change of flows makes along the tangents."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return float(np.nanmax(np.abs(change) / conductance, initial=0.0))


def _step(along: _Chains, flow: Array, change: Array, difference: Array) -> float:
    """Step in (0, 1] that minimises the content sum of h(q) dq along the change."""

    def content_slope(step: float) -> float:
        return float(change @ (along.sums(flow + step * change)[0] - difference))

    return least_content(content_slope)
