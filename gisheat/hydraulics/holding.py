"""Stations that hold their flow while their head suffices: all held first, then those let go that lack head.

Stations that hold cut supply and return apart, so that the graph reduces to little. Where every station keeps the
head that its open valve needs, that is the solution; it is the only one, because all laws rise with the flow.
Letting some take less leaves the others more head, so that what is coupled once is mostly all there is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gisheat.equations import Circuit, Problem, State
from gisheat.errors import GisheatError
from gisheat.hydraulics.assembly import Limits
from gisheat.network import Array, Index, Mask, Network
from gisheat.network.arrays import STATION
from gisheat.numerics.incidence import sum_at

ROUNDS = 3
"""After so many rounds all stations are let go at once."""
HELD_ITERATIONS = 40
"""Held flows that can't be had, behind a check valve say, are given up after so many."""
ROUNDING = 1e-9
"""Head that a station may lack, relative to the largest potential."""


def solve_holding(
    network: Network, circuit: Circuit, demand: Array, fixed: Index, potential: Array, limits: Limits
) -> State:
    """Solution of a circuit whose stations take no more than their limit; its history is that of all solves.

    Parameters
    ----------
    demand : array, shape (vertices,)
        Mass flow that leaves the circuit at each vertex [kg/s], beside that of the circuit's stations.
    fixed, potential : arrays, shape (k,)
        Vertices with a given piezometric pressure [Pa].

    Raises
    ------
    TopologyError, ConvergenceError
        As `Problem`, of the circuit with all stations let go.
    """
    station = _find_limited(circuit)
    held = np.ones(len(station.link), bool)
    before: State | None = None
    for _ in range(ROUNDS):
        if not held.any():
            break
        try:
            state = _solve_held(network, circuit, demand, fixed, potential, limits, station, held, before)
        except GisheatError:  # what is the matter is told of the circuit as it is
            break
        between = state.potential[circuit.start[station.link]] - state.potential[circuit.end[station.link]]
        enough = between >= station.least - ROUNDING * np.nanmax(np.abs(state.potential))
        if enough[held].all():
            return state
        held &= enough
        before = state
    return _solve_held(network, circuit, demand, fixed, potential, limits, station, np.zeros_like(held), before)


class _Limited(NamedTuple):
    """Stations that take no more than a limit; arrays of shape (k,)."""

    link: Index
    most: Array
    """[kg/s]"""
    least: Array
    """Difference of potential [Pa] that passes this flow through the open valve."""


def _find_limited(circuit: Circuit) -> _Limited:
    rows, law = circuit.law.rows, circuit.law.elements
    found = np.flatnonzero((circuit.kind[rows] == STATION) & np.isfinite(law.most))
    law = law.take(found)
    return _Limited(rows[found], law.most, law.loss(law.most)[0])


def _solve_held(
    network: Network, circuit: Circuit, demand: Array, fixed: Index, potential: Array, limits: Limits,
    station: _Limited, held: Mask, before: State | None,
) -> State:  # fmt: skip
    """Solution in which some of the stations take their limit whatever their head."""
    links, flow = station.link[held], station.most[held]
    start, end = circuit.start[links], circuit.end[links]
    apart = np.zeros(len(circuit.start), bool)
    apart[links] = True
    taken = demand + sum_at(start, flow, circuit.vertices) - sum_at(end, flow, circuit.vertices)
    problem = Problem(network, circuit, taken, fixed, potential, apart=apart)
    found = problem.solve(
        tolerance=limits.tolerance,
        max_iterations=min(limits.max_iterations, HELD_ITERATIONS) if len(links) else limits.max_iterations,
        progress=limits.tell(circuit.name),
        first_flow=None if before is None else before.flow,
    )
    found.flow[links], found.drop[links] = flow, found.potential[start] - found.potential[end]
    return found if before is None else replace(found, history=before.history + found.history)
