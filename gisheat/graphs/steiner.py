"""The cheapest tree that joins given nodes (Steiner tree), nearly."""

from __future__ import annotations

import time

import numpy as np

from gisheat.graphs.contraction import contract
from gisheat.graphs.graph import Array, Graph, Index
from gisheat.graphs.kernels.construction import shortest_paths, shortest_tree
from gisheat.graphs.kernels.contraction import reach
from gisheat.graphs.kernels.local_search import improve
from gisheat.graphs.tree import Tree


def steiner_tree(
    graph: Graph,
    cost: Array,
    terminals: Index,
    *,
    moves: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
) -> Tree:
    """Tree that joins the terminals, cheap if not cheapest.

    Parameters
    ----------
    cost : shape (edges,)
        Not below zero; edges that cost nothing are taken where they are of use.
    terminals : shape (terminals,)
        Node numbers. Those that no edges join with the first of them (by number) are left out and named.
    moves : int, optional
        Changes to try; without it so many as the problem's size asks for.
    seconds : float, optional
        Stops the search earlier.
    seed : int
        Of the random choices.
    """
    deadline = np.inf if seconds is None else time.monotonic() + seconds
    terminals = np.unique(terminals)
    if not len(terminals):
        return Tree(np.zeros(len(cost), np.bool_), 0.0, 0.0, 0, False, terminals)
    reached = reach(graph.first, graph.neighbour, terminals[0])
    small = contract(graph, cost, terminals[reached[terminals]], reached[graph.start])
    tree = np.zeros(len(small.cost), np.bool_)
    done = 0
    stopped = False
    if len(small.terminals) > 1:
        g = small.graph
        terminal = np.zeros(g.count, np.bool_)
        terminal[small.terminals] = True
        order = np.argsort(small.cost, kind="stable")
        nodes = shortest_paths(g.first, g.neighbour, g.edge, small.cost, terminal, small.terminals[0])
        tree = shortest_tree(g.start, g.end, order, nodes, terminal)
        state = np.array([seed + 88172645463325252], np.uint64)
        total = 50 * len(small.terminals) if moves is None else moves
        while done < total and not stopped:
            step = min(1000, total - done)
            improve(g.first, g.neighbour, g.edge, g.start, g.end, small.cost, terminal, tree, step, 4, 0.0, 0.0, state)
            done += step
            stopped = done < total and time.monotonic() > deadline
    edges = small.expand(tree)
    return Tree(edges, float(cost[edges].sum()), 0.0, done, stopped, terminals[~reached[terminals]])
