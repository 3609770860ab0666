"""Solving one circuit: islands first, then Newton's method on what hangs together with a fixed vertex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gisheat.equations.circuit import Circuit
from gisheat.equations.law import LinkLaw, PartLaw
from gisheat.errors import ConvergenceError, TopologyError
from gisheat.network import Array, Index, Mask, Network
from gisheat.network.arrays import PIPE, PUMP, SOURCE
from gisheat.numerics.incidence import components, reachable
from gisheat.numerics.newton import EdgeLaw, NodalSolution, PreparedGraph, prepare_nodal

LARGEST_RESIDUAL = 1e-6
"""Drops may miss the differences of potential by this, relative to the range of potentials (or to 1 Pa)."""

FORCED = 1e9
"""Loss [Pa] of a link that nothing but a flow that is forced through it makes: ten thousand bar."""
FLOOD = 1e7
"""Flow [kg/s] beyond that of any network: a tenth of the Amazon."""
BURST = 1e12
"""Loss [Pa] of a pipe that no flow can be meant to make: the bore or the flow is wrong."""

Progress = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class State:
    """Solution of a circuit: NaN where nothing reaches."""

    potential: Array
    """Piezometric pressure [Pa], shape (vertices,)."""
    flow: Array
    """Mass flow from start to end [kg/s], shape (links,)."""
    drop: Array
    """Loss from start to end [Pa], shape (links,)."""
    history: tuple[float, ...]


class Problem:
    """A circuit prepared for solves: what hangs together, reduced and ordered; without the links that are `apart`.

    Raises
    ------
    TopologyError
        If a demand lies where no link leads to a fixed vertex, or fixed ones are joined without resistance.
    """

    def __init__(
        self, network: Network, circuit: Circuit, demand: Array, fixed: Index, fixed_potential: Array,
        keep: Index | None = None, apart: Mask | None = None,
    ) -> None:  # fmt: skip
        self.network, self.circuit, self.demand = network, circuit, demand
        self.fixed, self.fixed_potential = fixed, fixed_potential
        _refuse_joined(network, circuit, fixed, fixed_potential)
        start, end = circuit.start, circuit.end
        joins = start != end  # a pipe from a node to itself carries nothing
        if apart is not None:
            joins &= ~apart
        graph = self._prepare(joins, keep)
        whole = graph is not None and graph.reaches_all
        wet = np.ones(len(demand), bool) if whole else _touched(circuit, joins, fixed)
        if graph is None or (demand[~wet] != 0.0).any():
            wet = reachable(start[joins], end[joins], len(demand), fixed)
            refuse_islands(network, circuit, ~wet & (demand != 0.0))
            joins &= wet[start]
            graph = self._prepare(joins, None if keep is None else keep[wet[keep]])
        if graph is None:  # can't be: islands were taken out
            raise ConvergenceError(f"the {circuit.name} could not be reduced; please report this network.")
        self._graph, self.wet, self.joins = graph, wet, joins
        self._whole = bool(joins.all())
        self._links = np.flatnonzero(joins)

    def _prepare(self, joins: Mask, keep: Index | None) -> PreparedGraph | None:
        circuit = self.circuit
        whole = bool(joins.all())
        start, end = (circuit.start, circuit.end) if whole else (circuit.start[joins], circuit.end[joins])
        prepare = fast_engine()
        if prepare is None:
            if not reachable(start, end, len(self.demand), self.fixed)[start].all():
                return None
            prepare = prepare_nodal
        else:
            start, end = start.astype(np.int32), end.astype(np.int32)
        return prepare(start, end, len(self.demand), self.fixed, keep)

    def solve(
        self, *, tolerance: float, max_iterations: int, progress: Progress | None = None, law: LinkLaw | None = None,
        first_flow: Array | None = None,
    ) -> State:  # fmt: skip
        """Solve, with another law of the same links when one is given.

        Raises
        ------
        ConvergenceError
            If the iteration does not end; the message names the worst links.
        """
        circuit = self.circuit
        part: Any = slice(None) if self._whole else self._links
        of_all = law or circuit.law
        of_part: EdgeLaw = of_all if self._whole else PartLaw(of_all, self._links)
        if not len(of_all.rows):
            of_part = of_all.pipes if self._whole else of_all.pipes.take(self._links)
        first = circuit.first_flow if first_flow is None else np.where(np.isnan(first_flow), 0.0, first_flow)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what is no number is refused below
            solution = self._graph.solve(
                of_part, demand=self.demand, fixed_potential=self.fixed_potential, first_flow=first[part],
                tolerance=tolerance, max_iterations=max_iterations, on_iteration=progress,
            )  # fmt: skip
            fits = solution.converged and _fits(solution)
        _refuse_floods(self.network, circuit, self._links, solution)
        if not fits:
            raise ConvergenceError(_not_converged(self.network, circuit, self._links, solution))
        _refuse_forced(self.network, circuit, self._links, solution)
        potential = solution.potential if self.wet.all() else np.where(self.wet, solution.potential, np.nan)
        if self._whole:
            return State(potential, solution.flow, solution.drop, solution.history)
        flow, drop = np.full((2, len(circuit.start)), np.nan)
        loops = np.flatnonzero((circuit.start == circuit.end) & self.wet[circuit.start])
        flow[loops], drop[loops] = 0.0, 0.0
        flow[part], drop[part] = solution.flow, solution.drop
        return State(potential, flow, drop, solution.history)

    def response(self, law: LinkLaw, flow: Array, links: Index) -> tuple[Array, Array]:
        """Changes of potentials (k, vertices) and of the flows of `links` (k, k) for a unit of drop more in each."""
        place = np.full(len(self.joins), -1, np.int64)
        place[self._links] = np.arange(len(self._links))
        return self._graph.response(law.take(self._links), flow[self._links], place[links])


def solve_circuit(
    network: Network, circuit: Circuit, demand: Array, fixed: Index, fixed_potential: Array, *,
    tolerance: float, max_iterations: int, progress: Progress | None = None,
) -> State:  # fmt: skip
    """Solve one circuit.

    Parameters
    ----------
    demand : array, shape (vertices,)
        Mass flow that leaves the circuit at each vertex [kg/s].
    fixed, fixed_potential : arrays, shape (k,)
        Vertices with a given piezometric pressure [Pa].

    Raises
    ------
    TopologyError, ConvergenceError
        See `Problem`.
    """
    problem = Problem(network, circuit, demand, fixed, fixed_potential)
    return problem.solve(tolerance=tolerance, max_iterations=max_iterations, progress=progress)


def _fits(solution: NodalSolution) -> bool:
    """Tell whether the drops fit the potentials: a small step alone is no proof."""
    span = float(np.ptp(solution.potential)) if len(solution.potential) else 0.0
    return bool(_largest(solution.residual) <= LARGEST_RESIDUAL * max(span, 1.0))


def _largest(values: Array) -> float:
    """Largest absolute value, NaN where one is, without a copy."""
    return float(np.maximum(values.max(initial=0.0), -values.min(initial=0.0)))


@cache
def fast_engine() -> Callable[..., PreparedGraph | None] | None:
    """The compiled engine, None where numba is not installed."""
    try:
        from gisheat.numerics.reduced import prepare
    except ImportError:
        return None
    return prepare


def _refuse_floods(network: Network, circuit: Circuit, links: Index, solution: NodalSolution) -> None:
    """Raise when given heads or pumps drive more than any network carries: nothing on the way resists."""
    if _largest(solution.flow) <= FLOOD:
        return
    flood = np.nan_to_num(np.abs(solution.flow), nan=0.0)
    if flood.max() > FLOOD:
        worst = int(np.argmax(flood))
        raise TopologyError(
            f"{circuit.describe(network, int(links[worst]))} would carry {flood[worst]:.3g} kg/s: given heads or pumps"
            " drive it through something without resistance, or a bore is far too large; give the valves there their"
            " kvs_m3_h and the pipes a length, or free one of the heads."
        )


def _refuse_forced(network: Network, circuit: Circuit, links: Index, solution: NodalSolution) -> None:
    """Raise when something given has to pass a check valve, pump, limit or pipe that does not let it through."""
    if _largest(solution.drop) <= min(FORCED, BURST):
        return
    bound = np.where(circuit.kind[links] == PIPE, BURST, FORCED)
    forced = np.flatnonzero(~(np.abs(solution.drop) <= bound))
    if not len(forced):
        return
    links = links[forced]
    order = np.lexsort((-np.abs(solution.drop[forced]), circuit.kind[links] == PIPE))[0]  # elements first
    worst = int(links[order])
    name = circuit.describe(network, worst)
    if circuit.kind[worst] in (PUMP, SOURCE) and solution.drop[forced[order]] < 0.0 < solution.flow[forced[order]]:
        raise TopologyError(
            f"{name} would lift by {abs(solution.drop[forced[order]]) / 1e3:.3g} kPa: no pump does that; look at the"
            " bores and lengths of the pipes, and at what the stations require."
        )
    if circuit.kind[worst] != PIPE:
        raise TopologyError(
            f"{name} does not let through what is taken behind it:"
            " look at its sense, its setting, and at the stations there that hold their flow."
        )
    lost, flow = solution.drop[forced[order]], solution.flow[forced[order]]
    raise TopologyError(
        f"{name} would lose {abs(lost) / 1e3:.3g} kPa at {abs(flow) * 3.6:.3g} t/h: no pipe stands that;"
        " look at its bore, length, roughness and zeta, and at what is taken behind it."
    )


def _touched(circuit: Circuit, joins: Mask, fixed: Index) -> Mask:
    """Vertices that a link ends at, or whose head is given."""
    touched = np.zeros(circuit.vertices, bool)
    touched[circuit.start[joins]] = True
    touched[circuit.end[joins]] = True
    touched[fixed] = True
    return touched


def refuse_islands(network: Network, circuit: Circuit, dry: Mask) -> None:
    """Raise when something is taken where no link in service leads to a fixed vertex."""
    if dry.any():
        names = ", ".join(circuit.node(int(v), network) for v in np.flatnonzero(dry)[:5])
        raise TopologyError(
            f"{int(dry.sum())} node(s) with a flow hang together with no source on the {circuit.name}"
            f" (first: {names}): join them, look for closed valves and stopped pumps on the way, or take their"
            " stations out of service."
        )


def _refuse_joined(network: Network, circuit: Circuit, fixed: Index, potential: Array) -> None:
    """Raise when two given heads that differ are joined by links without resistance."""
    if len(fixed) < 2:
        return
    pipes, elements = circuit.law.pipes, circuit.law
    free = (pipes.viscous == 0.0) & (pipes.local == 0.0)
    if len(elements.rows):
        law = elements.elements
        stops = (law.quadratic > 0.0) | (law.offset != 0.0) | law.has_curve | np.isfinite(law.least)
        free[elements.rows[stops | np.isfinite(law.most)]] = False
    if not free.any():
        return
    label = components(circuit.start[free], circuit.end[free], circuit.vertices)[fixed]
    order = np.argsort(label, kind="stable")
    a, b = order[:-1], order[1:]
    wrong = np.flatnonzero((label[a] == label[b]) & (potential[a] != potential[b]))
    if len(wrong):
        first, second = (circuit.node(int(fixed[i[wrong[0]]]), network) for i in (a, b))
        raise TopologyError(
            f"nodes {first} and {second} have different given heads, but are joined without any resistance:"
            " give the pipe between them a length, or free one of the heads."
        )


def _not_converged(network: Network, circuit: Circuit, links: Index, solution: NodalSolution) -> str:
    order = np.argsort(-np.abs(np.nan_to_num(solution.residual, nan=np.inf)))[:3]
    names = ", ".join(f"{circuit.describe(network, int(links[i]))} ({solution.residual[i]:.3g} Pa)" for i in order)
    worst = links[order]
    return (
        f"the {circuit.name} did not converge in {len(solution.history)} iterations (last relative flow change"
        f" {solution.history[-1] if solution.history else float('nan'):.1e}); worst: {names}:"
        f" {_suspicion(circuit, worst)}."
    )


def _suspicion(circuit: Circuit, worst: Index) -> str:
    """What may be the matter with the worst links."""
    if (circuit.kind[worst] != PIPE).any():
        return "valves or pumps that fight each other, or a pump beyond its curve; look at their settings and curves"
    pipes = circuit.law.pipes
    if ((pipes.viscous[worst] == 0.0) & (pipes.local[worst] == 0.0)).any():
        return "a closed ring without resistance; give these pipes a length"
    return "look for extreme bores, lengths or roughness there"
