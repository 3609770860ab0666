"""What no tree is cheaper than whose edges are priced by the load they carry.

The price g(load) = fixed + per_load * load ** exponent of an edge is concave. Two bounds are made of that:

- Shares, for small problems. Let each terminal pay a share of each edge, so that those of any set of terminals pay no
  more together than g of their load. Then a tree costs at least what all terminals pay on their ways in it, and so at
  least the sum of what each pays on the way that is cheapest for it.
- Pieces, for large ones. Let several prices add up to no more than g: then so do their bounds. For the price
  min(load, top) take sets of nodes without the root, each with a length, such that the sets an edge leads into are no
  longer together than the edge. The edges of a tree into a set carry at least the load in it, so their prices are
  together at least min(load in it, top), and the sum of length * min(load in it, top) is a bound. The sets are those of
  dual ascent [1]_ or all that lies farther from the root than a distance.

References
----------
.. [1] Wong, R. T. (1984). A dual ascent approach for Steiner tree problems on a directed graph.
   Mathematical Programming 28, 271-287.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisheat.graphs.cost_shares import sum_of_ways
from gisheat.graphs.graph import Array, Graph, Index
from gisheat.graphs.kernels import dual_ascent
from gisheat.graphs.kernels.first_tree import distances

ROUNDS = 200
"""Most rounds in which shares are made better."""
LEAST_ROUNDS = 20
"""With fewer of them pieces are the better bound."""
SHARES = 6_000_000
"""Shares made in all rounds together, at most: half a second."""
ENOUGH = 1e-5
"""Gap, as a share of the cost, that is not made smaller."""
TOPS = 20
"""Pieces of a price, between a third of the mean load and the whole."""
WORK = 100
"""Arcs that dual ascent looks at for each edge, at most."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A connected graph with loads, and a tree on it.

    Attributes
    ----------
    cost : shape (edges,)
    root : int
    terminals : shape (k,)
        Nodes to be joined with the root, which is none of them.
    load : shape (nodes,)
        Above zero at terminals only, not at all of them.
    fixed, per_load, exponent : float
        As in `load_tree`.
    parent : shape (nodes,)
        Node before each terminal, and each node on its way from the root, in the tree.
    """

    graph: Graph
    cost: Array
    root: int
    terminals: Index
    load: Array
    fixed: float
    per_load: float
    exponent: float
    parent: Index


def load_bound(problem: Loaded, least: float) -> float:
    """Lower bound of the cost of all trees, of which `least` is that of the tree that is known."""
    bound = _by_pieces(problem)
    if bound < least * (1.0 - ENOUGH) and is_near(problem.graph, problem.terminals):
        bound = max(bound, _by_shares(problem, _rounds(problem.graph, problem.terminals), least * (1.0 - ENOUGH)))
    return min(bound, least)


def is_near(graph: Graph, terminals: Index) -> bool:
    """Whether the problem is so small that the bound comes near the cost: that shares are made."""
    return _rounds(graph, terminals) >= LEAST_ROUNDS


def _rounds(graph: Graph, terminals: Index) -> int:
    return min(ROUNDS, SHARES // max(1, 2 * len(graph.start) * len(terminals)))


def _by_shares(problem: Loaded, rounds: int, goal: float) -> float:
    return sum_of_ways(
        problem.graph,
        problem.cost,
        lambda load: problem.fixed + problem.per_load * load**problem.exponent,
        problem.root,
        problem.terminals,
        problem.load[problem.terminals],
        problem.parent,
        rounds,
        goal,
    )


def _by_pieces(problem: Loaded) -> float:
    """Bound of the fixed part plus those of pieces of the other one."""
    joined = np.zeros(problem.graph.count)
    joined[problem.terminals] = 1.0
    loaded = problem.terminals[problem.load[problem.terminals] > 0.0]
    fixed = problem.fixed + (problem.per_load if problem.exponent == 0.0 else 0.0)
    if problem.per_load <= 0.0 or not len(loaded):
        return fixed * float(_ascended(problem, problem.terminals, joined, np.ones(1))[0])
    load = problem.load[loaded]
    tops, slopes = _pieces(load, problem.exponent)
    ascended = _ascended(problem, loaded, problem.load, np.append(load.min(), tops))
    if len(loaded) == len(problem.terminals):  # with the least load as the top each set counts as much
        plain = ascended[0] / load.min()
    else:
        plain = _ascended(problem, problem.terminals, joined, np.ones(1))[0]
    ways = distances(problem.graph.first, problem.graph.neighbour, problem.graph.edge, problem.cost, problem.root)
    around = np.array([_around(ways[loaded], load, top) for top in tops])
    # the greater the load, the more it is shortest paths that count
    return float(fixed * plain + problem.per_load * (slopes * np.maximum(around, ascended[1:])).sum())


def _pieces(load: Array, exponent: float) -> tuple[Array, Array]:
    """Tops and slopes so that sum of slope * min(load, top) <= load ** exponent up to the whole load, equal at tops."""
    tops = np.unique(np.append(np.geomspace(load.mean() / 3.0, load.sum(), TOPS), load.min()))
    steps = np.append(0.0, tops)
    slope = np.diff(steps**exponent) / np.diff(steps)
    slope -= np.append(slope[1:], 0.0)
    some = slope * tops > 1e-12 * tops[-1] ** exponent
    return tops[some], slope[some]


def _ascended(problem: Loaded, terminals: Index, load: Array, tops: Array) -> Array:
    """Bounds for prices min(load, top), shape (tops,): the sets of one ascent hold for all of them."""
    g = problem.graph
    into = dual_ascent.arcs_into(g.first, g.edge, g.end)
    bounds, _ = dual_ascent.ascend(
        g.first,
        g.neighbour,
        into,
        np.repeat(problem.cost, 2),
        terminals,
        problem.root,
        WORK * len(problem.cost),
        load,
        tops,
    )
    return np.asarray(bounds)


def _around(way: Array, load: Array, top: float) -> float:
    """Bound of the sets of what is farther from the root than a distance; `way` is that of each load."""
    order = np.argsort(way)
    beyond = np.cumsum(load[order][::-1])[::-1]
    return float((np.diff(way[order], prepend=0.0) * np.minimum(beyond, top)).sum())
