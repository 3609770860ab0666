"""The equations of one side of a network: which pipes, which law, mass balance and drops.

Unknowns are piezometric pressures P = p + rho g z [Pa] at nodes and mass flows [kg/s] in pipes; with them
elevation drops out of the equations of a side that carries water of one density.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gisheat.errors import ConvergenceError, TopologyError
from gisheat.network import Array, Index, Mask, Network
from gisheat.numerics.incidence import reachable
from gisheat.numerics.newton import NodalSolution, solve_nodal
from gisheat.physics.friction import Law, PipeResistance, pipe_resistance
from gisheat.physics.water import Water

LARGEST_RESIDUAL = 1e-6
"""Drops may miss the differences of potential by this, relative to the range of potentials (or to 1 Pa)."""
FIRST_VELOCITY = 0.5
"""Velocity [m/s] in every pipe at the start of the iteration."""


@dataclass(frozen=True, slots=True)
class Side:
    """Pipes of one side (numbers into the network's pipes), their ends and their resistance."""

    name: str
    pipes: Index
    start: Index
    end: Index
    resistance: PipeResistance
    area: Array
    water: Water


@dataclass(frozen=True, slots=True)
class SideState:
    """Solution of one side on the whole network: NaN where the side does not reach or there is no pipe."""

    potential: Array
    """Piezometric pressure [Pa], shape (nodes,)."""
    flow: Array
    """Mass flow from start to end [kg/s], shape (pipes,)."""
    drop: Array
    """Loss from start to end [Pa] with equivalent length and zeta, shape (pipes,)."""
    history: tuple[float, ...]


def build_side(network: Network, name: str, carries: Mask, water: Water, law: Law, gravity: float) -> Side:
    """Equations of the pipes of a side that `carries` is true for.

    Raises
    ------
    TopologyError
        If a bore or length is unknown.
    """
    pipes = network.pipes
    chosen = np.flatnonzero(carries)
    part: Any = slice(None) if len(chosen) == len(pipes) else chosen  # all of them: no copies
    bore, length = pipes.inner_diameter[part], pipes.length[part]
    for values, what in ((bore, "inner_diameter_mm"), (length, "length_m")):
        wrong = ~np.isfinite(values) | (values < 0.0)
        if what == "inner_diameter_mm":
            wrong |= values == 0.0
        if wrong.any():
            raise TopologyError(
                f"pipe {pipes.id[chosen[int(np.argmax(wrong))]]!r} has no valid {what} ({int(wrong.sum())} such pipes):"
                " give it, or size the network first."
            )
    resistance = pipe_resistance(
        length + pipes.equivalent_length[part], bore, pipes.roughness_for(law)[part], pipes.zeta[part],
        density=water.density, viscosity=water.viscosity, law=law, gravity=gravity,
    )  # fmt: skip
    return Side(name, chosen, pipes.start[part], pipes.end[part], resistance, np.pi / 4.0 * bore**2, water)


def solve_side(
    network: Network, side: Side, demand: Array, fixed: Index, fixed_potential: Array, *,
    tolerance: float, max_iterations: int, progress: Callable[[int, float], None] | None = None,
) -> SideState:  # fmt: skip
    """Solve one side.

    Parameters
    ----------
    demand : array, shape (nodes,)
        Mass flow that leaves the side at each node [kg/s].
    fixed, fixed_potential : arrays, shape (k,)
        Nodes with a given piezometric pressure [Pa].

    Raises
    ------
    TopologyError
        If a demand lies where no pipe in service leads to a fixed node.
    ConvergenceError
        If the iteration does not end; the message names the worst pipes.
    """
    joins = side.start != side.end  # a pipe from a node to itself carries nothing
    solution = _solved(side, joins, demand, fixed, fixed_potential, tolerance, max_iterations, progress)
    wet = _touched(side, joins, demand, fixed)
    if solution is None or (demand[~wet] != 0.0).any():
        wet = reachable(side.start, side.end, len(demand), fixed)
        _refuse_islands(network, side, ~wet & (demand != 0.0))
        joins &= wet[side.start]
        solution = _solved(side, joins, demand, fixed, fixed_potential, tolerance, max_iterations, progress)
    if solution is None or not solution.converged or not _fits(solution):
        raise ConvergenceError(_not_converged(network, side, side.pipes[joins], solution))
    flow, drop = np.full((2, len(network.pipes)), np.nan)
    loops = side.pipes[(side.start == side.end) & wet[side.start]]
    flow[loops], drop[loops] = 0.0, 0.0
    flow[side.pipes[joins]], drop[side.pipes[joins]] = solution.flow, solution.drop
    return SideState(np.where(wet, solution.potential, np.nan), flow, drop, solution.history)


def _solved(
    side: Side, joins: Mask, demand: Array, fixed: Index, fixed_potential: Array, tolerance: float, max_iterations: int,
    progress: Callable[[int, float], None] | None,
) -> NodalSolution | None:  # fmt: skip
    """Solution by the fast engine, by SciPy where numba is missing; None when there are islands."""
    whole = bool(joins.all())
    part: Any = slice(None) if whole else joins
    start, end = side.start[part], side.end[part]
    resistance = side.resistance if whole else side.resistance.take(joins)
    first = FIRST_VELOCITY * side.water.density * side.area[part]
    engine = fast_engine()
    if engine is None:
        if not reachable(side.start, side.end, len(demand), fixed)[start].all():
            return None
        engine = solve_nodal
    else:
        start, end = start.astype(np.int32), end.astype(np.int32)
    return engine(
        start, end, resistance, demand=demand, fixed=fixed, fixed_potential=fixed_potential, first_flow=first,
        tolerance=tolerance, max_iterations=max_iterations, on_iteration=progress,
    )  # fmt: skip


def _fits(solution: NodalSolution) -> bool:
    """Tell whether the drops fit the potentials: a small step alone is no proof."""
    span = float(np.ptp(solution.potential)) if len(solution.potential) else 0.0
    return bool(np.abs(solution.residual).max(initial=0.0) <= LARGEST_RESIDUAL * max(span, 1.0))


@cache
def fast_engine() -> Callable[..., NodalSolution | None] | None:
    """The compiled engine, None where numba is not installed."""
    try:
        from gisheat.numerics.reduced import solve_reduced
    except ImportError:
        return None
    return solve_reduced


def _touched(side: Side, joins: Mask, demand: Array, fixed: Index) -> Mask:
    """Nodes that a pipe of the side ends at, or whose head is given."""
    touched = np.zeros(len(demand), bool)
    touched[side.start[joins]] = True
    touched[side.end[joins]] = True
    touched[fixed] = True
    return touched


def _refuse_islands(network: Network, side: Side, dry: Mask) -> None:
    """Raise when something is taken where no pipe in service leads to a fixed node."""
    if dry.any():
        names = ", ".join(str(name) for name in network.nodes.id[dry][:5])
        raise TopologyError(
            f"{int(dry.sum())} node(s) with a flow hang together with no source on the {side.name} side"
            f" (first: {names}): join them, or take their stations out of service."
        )


def _not_converged(network: Network, side: Side, pipe: Index, solution: NodalSolution | None) -> str:
    if solution is None:  # can't be: islands were taken out before
        return f"the {side.name} side could not be reduced; please report this network."
    worst = np.argsort(-np.abs(np.nan_to_num(solution.residual, nan=np.inf)))[:3]
    names = ", ".join(f"{network.pipes.id[pipe[i]]} ({solution.residual[i]:.3g} Pa)" for i in worst)
    return (
        f"the {side.name} side did not converge in {len(solution.history)} iterations (last relative flow change"
        f" {solution.history[-1] if solution.history else float('nan'):.1e}); worst pipes: {names}: look for extreme"
        " bores, lengths or roughness there."
    )
