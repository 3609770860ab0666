"""The cheapest tree whose edges are priced by the load they carry, nearly."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gisheat.graphs.contraction import contract
from gisheat.graphs.graph import graph_of, is_run_plain, is_small, numbers_outwards
from gisheat.graphs.kernels import reattach as kernel
from gisheat.graphs.kernels.chance import shuffle
from gisheat.graphs.kernels.contraction import reach
from gisheat.graphs.kernels.first_tree import distances, grow
from gisheat.graphs.kernels.renewal import shake
from gisheat.graphs.load_bound import ENOUGH, Loaded, is_near, load_bound
from gisheat.graphs.tree import Tree
from gisheat.kernels import plain_where

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gisheat.graphs.graph import Array, Graph, Index, Mask

    State = NDArray[np.uint64]
    _Args = tuple[kernel.Streets, kernel.Price, kernel.Rooted, kernel.Scratch]

STRETCHES = (0.2, 0.0, 0.5, 0.1, 0.3, 1.0, 0.7, 0.05, 0.4, 0.15)
"""How much the way to the root counts in the first trees; the first value gave the best ones on grids."""
MOST_STARTS = 20
STARTED_TERMINALS = 400
"""Many starts are for few terminals: so many terminals in all starts together."""
LEAST_MOVES = 1000
MOVES_PER_TERMINAL = 2
EFFORT = 5000.0
"""Fewer moves where each takes long: its time grows with the root of the nodes per terminal."""
SWEEPS = 2
"""Descents over all nodes of a first tree; one for many terminals, where a second gains a third of a per cent."""
MANY_TERMINALS = 1000
PARTS = 9
"""Parts of the tree that are taken off at once at most."""
QUANTA = 2.0**40
"""The whole load in whole numbers, so that sums of loads are exact."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class TrenchCost:
    """What a metre of trench costs by the load in it: fixed + per_load * load ** exponent, load in W.

    Digging, laying and surface cost the same whatever the bore: `fixed`; pipes grow with the load. Only the ratio of
    the two terms and the exponent shape a tree, so the cost may be in any currency.

    The defaults, 350 and 31 per kW^0.38 (per metre, in euros when they were noted), are a round assumption of this
    program, taken from no price list: at 1 MW the pipes cost 1.2 times as much as the rest, at 100 MW 7 times. A
    project that has prices of its own should fit them (`load_tree` takes any three numbers).
    """

    fixed: float = 350.0
    per_load: float = 31.0 / 1000.0**0.38
    exponent: float = 0.38


@dataclass(slots=True)
class _Clock:
    """Time that is left, asked between chunks of work."""

    end: float
    stopped: bool = False

    def is_over(self) -> bool:
        self.stopped = self.stopped or time.monotonic() > self.end
        return self.stopped


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is looked for on the contracted graph."""

    graph: Graph
    streets: kernel.Streets
    price: kernel.Price
    load: Array
    targets: Index


@plain_where(is_run_plain)
def load_tree(
    graph: Graph,
    cost: Array,
    root: int,
    load: Array,
    *,
    fixed: float,
    per_load: float,
    exponent: float,
    terminals: Index | None = None,
    moves: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Tree:
    """Tree with nearly the least sum of cost * (fixed + per_load * carried load ** exponent).

    Parameters
    ----------
    cost : shape (edges,)
        Not below zero; an edge of cost zero (an existing pipe) is free whatever it carries.
    root : int
        Node all load comes from. Several sources: one more node, joined to each of them by an edge of cost zero.
    load : shape (nodes,)
        Taken at each node, not below zero.
    fixed, per_load, exponent : float
        Price of an edge per unit of its cost; exponent 0 to 1.
    terminals : shape (k,), optional
        Nodes that must be joined too, though they take nothing.
    moves : int, optional
        How often parts of the tree are taken off and put back; by default from the number of terminals.
    seconds : float, optional
        Time after which no further move is begun; results depend on the machine then, and `stopped` says so. The
        bound is made after that: up to a second or two on a city.

    Returns
    -------
    Tree
        With a lower bound (`load_bound`): near the cost for up to some ten terminals, far below it for many.
        Terminals that hang together with the root in no way are left out and given as `unreached`.

    Notes
    -----
    First trees grow from the root, between the cheapest and the one of shortest paths. What hangs on a node where
    the tree branches or ends is taken off and put back by a bounded search from all its nodes, at the price of the
    way plus what the load adds from there to the root: no move makes the tree dearer. Then several neighbouring parts
    at a time are taken off and put back in random order (ruin and recreate [1]_).

    References
    ----------
    .. [1] Schrimpf, Schneider, Stamm-Wilbrandt, Dueck (2000): Record breaking optimization results using the ruin and
       recreate principle. Journal of Computational Physics 159(2), 139-171.
    """
    clock = _Clock(np.inf if seconds is None else time.monotonic() + seconds)
    wanted = np.asarray(load > 0.0)
    if terminals is not None:
        wanted[terminals] = True
    wanted[root] = True
    reached = reach(graph.first, graph.neighbour, root)
    unreached = np.flatnonzero(wanted & ~reached)
    small = contract(graph, cost, np.flatnonzero(wanted & reached), reached[graph.start])
    tried, short = 0, 0.0
    chosen = np.zeros(len(small.cost), np.bool_)
    if len(small.terminals) > 1:
        place, inside = small.places(), wanted & reached
        number = _numbers(small.graph, int(place[root]))
        streets = graph_of(small.graph.count, number[small.graph.start], number[small.graph.end])
        there = np.bincount(number[place[inside]], load[inside], streets.count).astype(float)
        terminals, foot = number[small.terminals], int(number[place[root]])
        problem = _problem(streets, small.cost, there, terminals, foot, (fixed, per_load, exponent))
        bound_of = partial(_bound, streets, small.cost, foot, there, problem.targets, (fixed, per_load, exponent))
        chosen, tried, bound = _search(problem, moves, clock, seed, bound_of)
        # it lies as far below the cost of the whole tree: what contraction took is in every best one, equally loaded
        short = _cost(streets, small.cost, foot, there, chosen, (fixed, per_load, exponent)) - bound
    edges = small.expand(chosen)
    total = _cost(graph, cost, root, np.where(reached, load, 0.0), edges, (fixed, per_load, exponent))
    return Tree(
        edges=edges,
        cost=total,
        bound=max(total - short, 0.0),
        moves=tried,
        stopped=clock.stopped,
        unreached=unreached,
    )


def carried(graph: Graph, root: int, load: Array, edges: Mask) -> Array:
    """Load carried by each edge of a tree away from the root, shape (edges,); zero where the tree is not."""
    tree = _rooted(graph, root, load, edges)
    below = np.flatnonzero(tree.parent >= 0)
    result = np.zeros(len(edges))
    result[tree.way[below]] = tree.load[below]
    return result


def _numbers(graph: Graph, root: int) -> Index:
    """Numbers of the nodes in the search; small graphs keep theirs."""
    return np.arange(graph.count) if is_small(graph) else numbers_outwards(graph, root)


def _rooted(graph: Graph, root: int, load: Array, edges: Mask) -> kernel.Rooted:
    tree = kernel.rooted(graph.count)
    kernel.orient(graph.first, graph.neighbour, graph.edge, root, load, edges, tree)
    return tree


def _cost(graph: Graph, cost: Array, root: int, load: Array, edges: Mask, price: tuple[float, float, float]) -> float:
    fixed, per_load, exponent = price
    flow = carried(graph, root, load, edges)[edges]
    return float((cost[edges] * (fixed + per_load * flow**exponent)).sum())


def _bound(
    graph: Graph, cost: Array, root: int, load: Array, targets: Index, price: tuple[float, float, float], edges: Mask
) -> float:
    """No tree of the contracted graph is cheaper than this; found by way of one that is good."""
    tree = _rooted(graph, root, load, edges)
    least = _cost(graph, cost, root, load, edges, price)
    return load_bound(Loaded(graph, cost, root, targets, load, *price, tree.parent), least)


def _problem(
    graph: Graph, cost: Array, load: Array, terminals: Index, root: int, price: tuple[float, float, float]
) -> _Problem:
    fixed, per_load, exponent = price
    total = load.sum()
    unit = total / QUANTA if total > 0.0 else 1.0
    whole = np.where(load > 0.0, np.maximum(np.rint(load / unit), 1.0), 0.0)
    wanted = np.zeros(graph.count, np.bool_)
    wanted[terminals] = True
    distance = distances(graph.first, graph.neighbour, graph.edge, cost, root)
    band = float(distance.max()) * (1.0 + 1e-9) / kernel.BANDS or 1.0
    streets = kernel.Streets(
        first=graph.first,
        neighbour=graph.neighbour,
        edge=graph.edge,
        length=cost[graph.edge],
        cost=cost,
        band_of=np.minimum((distance / band).astype(np.int64), kernel.BANDS - 1),
        wanted=wanted,
        root=root,
        total=float(whole.sum()),
        loaded=np.zeros(kernel.BANDS),
        band=band,
    )
    scaled = kernel.Price(float(fixed), float(per_load * unit**exponent), float(exponent))
    return _Problem(graph, streets, scaled, whole, terminals[terminals != root])


def _search(
    problem: _Problem, moves: int | None, clock: _Clock, seed: int, bound_of: Callable[[Mask], float]
) -> tuple[Mask, int, float]:
    """Best tree of several starts, how many moves were tried, and the bound.

    Where bounds come near they are made after the first start already: mostly it shows that no other is needed.
    """
    count = len(problem.targets)
    starts = max(1, min(MOST_STARTS, STARTED_TERMINALS // count))
    total = _default_moves(problem.graph.count, count) if moves is None else moves
    state = np.array([seed + 88172645463325252], np.uint64)
    best, least, tried = np.zeros(len(problem.streets.cost), np.bool_), np.inf, 0
    bound, bounded = 0.0, np.inf
    for i in range(starts):
        tree = _start(problem, i, seed)
        tried += _improve(problem, tree, (total * (i + 1)) // starts - (total * i) // starts, clock, state)
        found = kernel.tree_cost(problem.streets, problem.price, tree)
        if found < least:
            least = found
            best = np.zeros(len(problem.streets.cost), np.bool_)
            best[tree.way[tree.parent >= 0]] = True
        if clock.stopped:
            break
        if i == 0 and starts > 1 and is_near(problem.graph, problem.targets):
            bound, bounded = bound_of(best), least
        if bound >= least * (1.0 - ENOUGH):
            return best, tried, bound
    return best, tried, max(bound, bound_of(best)) if least < bounded else bound


def _default_moves(nodes: int, terminals: int) -> int:
    """Seconds on a city, the best that is known on a quarter."""
    return int(min(LEAST_MOVES + MOVES_PER_TERMINAL * terminals, EFFORT / (nodes / terminals) ** 0.5))


def _start(problem: _Problem, i: int, seed: int) -> kernel.Rooted:
    """First tree number i; each with another stretch, from the second round on with costs that are disturbed too."""
    s, cost = problem.streets, problem.streets.cost
    if i >= len(STRETCHES):
        cost = cost * np.random.default_rng((seed, i)).uniform(1.0, 1.3, len(cost))
    chosen = grow(s.first, s.neighbour, s.edge, cost, s.wanted, s.root, STRETCHES[i % len(STRETCHES)])
    return _rooted(problem.graph, s.root, problem.load, chosen)


def _improve(problem: _Problem, tree: kernel.Rooted, moves: int, clock: _Clock, state: State) -> int:
    """Change the tree as long as that gains; returns how many changes were tried."""
    room = kernel.scratch(problem.graph.count)
    args = (problem.streets, problem.price, tree, room)
    tried = _descend(args, SWEEPS if len(problem.targets) <= MANY_TERMINALS else 1, clock, state)
    for done in range(0, moves, CHUNK):
        if clock.is_over():
            break
        step = min(CHUNK, moves - done)
        kernel.survey_bands(args[0], args[2])
        shake(*args, problem.targets, step, PARTS, state)
        tried += step
    return tried


def _descend(args: _Args, sweeps: int, clock: _Clock, state: State) -> int:
    order = np.arange(args[2].parent.size)
    tried = 0
    for _ in range(sweeps):
        shuffle(order, order.size, state)
        gain = 0.0
        for i in range(0, order.size, 10 * CHUNK):
            if clock.is_over():
                return tried
            kernel.survey_bands(args[0], args[2])
            more, count = kernel.descend(*args, order[i : i + 10 * CHUNK])
            gain += more
            tried += count
        if gain <= 0.0:
            break
    return tried
