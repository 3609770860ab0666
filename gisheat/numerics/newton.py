"""Newton's method for flows and potentials on a graph: mass balance at nodes, a law on each edge.

The global gradient form (Todini & Pilati 1988): potentials and flows are found together; each iteration
solves one symmetric system on the free nodes. Knows no pipes: an edge is a function flow -> drop, slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gisheat.numerics.factorisation import SuperLU
from gisheat.numerics.incidence import sum_at

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NOISE = 16.0
"""Rounding errors of potentials that a difference of two may carry, in units of the last place."""
NEGLIGIBLE = 1e-13
"""Sum of flow changes below which nothing changes any more, however small the flows are."""
LEAST_HALVINGS, MOST_HALVINGS = 8, 60
"""Halvings of a step that is too long: more than the least while every part of it was too long."""
LINE_SEARCH_FROM = 15
"""Full steps up to this iteration; from then on the step is searched along its direction."""


class EdgeLaw(Protocol):
    """How the potential drops along edges with their flow: never falling, with its derivative."""

    def evaluate(self, flow: Array, drop: Array, slope: Array) -> None:
        """Drop and d drop / d flow of all edges into the given arrays, shape (edges,)."""

    def take(self, edges: NDArray[Any], forward: NDArray[np.bool_] | None = None) -> EdgeLaw:
        """The law of some edges, in their order; passed from end to start where `forward` is false."""


@dataclass(frozen=True, slots=True)
class NodalSolution:
    """Potentials (nodes,), flows, drops and their residuals (edges,), relative flow change of each iteration."""

    potential: Array
    flow: Array
    drop: Array
    history: tuple[float, ...]
    residual: Array
    converged: bool


class PreparedGraph(Protocol):
    """A graph that is ready for solves with other laws, demands and given potentials."""

    reaches_all: bool
    """True when it is known that every node is fixed or has an edge."""

    def solve(
        self, law: EdgeLaw, *, demand: Array, fixed_potential: Array, first_flow: Array, tolerance: float = 1e-10,
        max_iterations: int = 100, on_iteration: Callable[[int, float], None] | None = None,
    ) -> NodalSolution:  # fmt: skip
        """Solve potentials and flows, see `solve_nodal`."""

    def response(self, law: EdgeLaw, flow: Array, edges: NDArray[Any]) -> tuple[Array, Array]:
        """Changes of potentials (k, nodes) and of the flows of `edges` (k, k) for a unit of drop more in each."""


def solve_nodal(
    start: Index, end: Index, law: EdgeLaw, *,
    demand: Array, fixed: Index, fixed_potential: Array, first_flow: Array,
    tolerance: float = 1e-10, max_iterations: int = 100,
    on_iteration: Callable[[int, float], None] | None = None,
) -> NodalSolution:  # fmt: skip
    """Solve potentials and flows.

    Every node must hang together with a fixed node (see `incidence.reachable`).

    Parameters
    ----------
    start, end : int array, shape (edges,)
        Node numbers; flow is positive from start to end.
    law : EdgeLaw
        Potential drop of each edge, its slope above 0.
    demand : array, shape (nodes,)
        What leaves the network at each node.
    fixed, fixed_potential : arrays, shape (k,)
        Nodes with a given potential.
    first_flow : array, shape (edges,)
        Where to start.
    tolerance : float
        Largest sum of flow changes relative to the sum of flows.
    """
    return prepare_nodal(start, end, len(demand), fixed).solve(
        law, demand=demand, fixed_potential=fixed_potential, first_flow=first_flow, tolerance=tolerance,
        max_iterations=max_iterations, on_iteration=on_iteration,
    )  # fmt: skip


def prepare_nodal(
    start: Index,
    end: Index,
    count: int,
    fixed: Index,
    keep: Index | None = None,  # noqa: ARG001
) -> NodalGraph:
    """Prepare a graph for several solves; nothing is taken out, so that there is nothing to `keep`."""
    return NodalGraph(start, end, count, fixed)


class NodalGraph:
    """A graph with all its nodes, factorised with SciPy."""

    reaches_all = False

    def __init__(self, start: Index, end: Index, count: int, fixed: Index) -> None:
        self._start, self._end, self._fixed = start, end, fixed
        is_fixed = np.zeros(count, bool)
        is_fixed[fixed] = True
        self._free = np.flatnonzero(~is_fixed)
        number = np.full(count, -1, np.int64)
        number[self._free] = np.arange(len(self._free))
        self._inner = ~is_fixed[start] & ~is_fixed[end]
        inner = self._inner
        self._factorise = SuperLU(number[start[inner]], number[end[inner]], len(self._free))

    def _solver(self, conductance: Array, count: int) -> Callable[[Array], Array]:
        diagonal = sum_at(self._start, conductance, count) + sum_at(self._end, conductance, count)
        return self._factorise(diagonal[self._free], -conductance[self._inner])

    def solve(
        self, law: EdgeLaw, *, demand: Array, fixed_potential: Array, first_flow: Array, tolerance: float = 1e-10,
        max_iterations: int = 100, on_iteration: Callable[[int, float], None] | None = None,
    ) -> NodalSolution:  # fmt: skip
        """Solve potentials and flows, see `solve_nodal`."""
        start, end, free, count = self._start, self._end, self._free, len(demand)
        potential, correction = np.zeros((2, count))
        reference = float(fixed_potential.mean())  # potentials near zero leave more digits for small drops
        potential[self._fixed] = fixed_potential - reference
        flow = np.asarray(first_flow, float).copy()
        drop, slope = np.empty((2, len(flow)))
        law.evaluate(flow, drop, slope)
        history: list[float] = []
        converged = False
        for iteration in range(1, max_iterations + 1):
            conductance = 1.0 / _floored(slope)
            # Flows that the linearised edges have at the potentials so far, and what the balances still miss then.
            # Correcting the potentials, in place of finding them anew, keeps flows exact where drops are tiny.
            ahead = flow - conductance * (drop - (potential[start] - potential[end]))
            missing = sum_at(end, ahead, count) - sum_at(start, ahead, count) - demand
            if len(free):
                try:
                    correction[free] = self._solver(conductance, count)(missing[free])
                except RuntimeError:  # exactly singular: conductances too far apart
                    break
            potential += correction
            noise = NOISE * np.finfo(float).eps * float(np.abs(potential).max(initial=0.0))
            change = ahead + conductance * (correction[start] - correction[end]) - flow
            step = _step_length(flow, change, potential, start, end, law) if iteration > LINE_SEARCH_FROM else 1.0
            flow += step * change
            law.evaluate(flow, drop, slope)
            size = float(np.abs(flow).sum())
            changed = float(np.maximum(np.abs(change) - noise * conductance, 0.0).sum())
            history.append(changed / max(size, 1e-300) if not changed <= NEGLIGIBLE else 0.0)
            if on_iteration is not None:
                on_iteration(iteration, history[-1])
            if not np.isfinite(history[-1]):
                break
            if history[-1] <= tolerance:
                converged = True
                break
        residual = drop - (potential[start] - potential[end])
        return NodalSolution(potential + reference, flow, drop, tuple(history), residual, converged)

    def response(self, law: EdgeLaw, flow: Array, edges: NDArray[Any]) -> tuple[Array, Array]:
        """Changes of potentials (k, nodes) and of the flows of `edges` (k, k) for a unit of drop more in each."""
        start, end, free = self._start, self._end, self._free
        count = int(max(start.max(initial=-1), end.max(initial=-1), self._fixed.max(initial=-1))) + 1
        count = max(count, int(free.max(initial=-1)) + 1)
        drop, slope = np.empty((2, len(flow)))
        law.evaluate(flow, drop, slope)
        conductance = 1.0 / _floored(slope)
        solve = self._solver(conductance, count)
        potential = np.zeros((len(edges), count))
        for i, k in enumerate(edges.tolist()):
            rhs = np.zeros(count)
            rhs[start[k]] += conductance[k]
            rhs[end[k]] -= conductance[k]
            potential[i, free] = solve(rhs[free])
        between = potential[:, start[edges]] - potential[:, end[edges]] - np.eye(len(edges))
        return potential, between * conductance[edges]


def _floored(slope: Array) -> Array:
    """Slopes bounded from below relative to the largest, so that very short edges do not swamp the matrix."""
    return np.maximum(slope, 1e-13 * slope.max(initial=1e-300))


def _step_length(flow: Array, change: Array, potential: Array, start: Index, end: Index, law: EdgeLaw) -> float:
    """Step in (0, 1] along `change` that minimises the content sum of h(q) dq."""
    drop, slope = np.empty((2, len(flow)))

    def content_slope(step: float) -> float:
        law.evaluate(flow + step * change, drop, slope)
        return float(change @ (drop - (potential[start] - potential[end])))

    return least_content(content_slope)


def least_content(content_slope: Callable[[float], float]) -> float:
    """Step in (0, 1] at which a content whose slope only rises is least, by bisection on that slope."""
    if content_slope(1.0) <= 0.0:
        return 1.0
    low, high = 0.0, 1.0
    for halvings in range(MOST_HALVINGS):
        if halvings >= LEAST_HALVINGS and low > 0.0:
            break
        middle = 0.5 * (low + high)
        low, high = (low, middle) if content_slope(middle) > 0.0 else (middle, high)
    return high
