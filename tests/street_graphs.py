"""Random graphs like streets, and their best Steiner trees from outside."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from gisheat.graphs.graph import graph_of

SPACING = 100.0


def street_graph(rows, columns, terminals, seed, *, missing=0.25, shift=0.3):
    """Graph, cost of its edges [m] and terminals: the largest piece of a shaken grid where some streets are missing.

    Streets are up to 15 % longer than the crow flies.
    """
    random = np.random.default_rng(seed)
    cell = np.arange(rows * columns).reshape(rows, columns)
    start = np.concatenate([cell[:-1].ravel(), cell[:, :-1].ravel()])
    end = np.concatenate([cell[1:].ravel(), cell[:, 1:].ravel()])
    there = random.random(len(start)) >= missing
    start, end = start[there], end[there]
    place = np.stack(np.divmod(cell.ravel(), columns), 1) + (2 * random.random((cell.size, 2)) - 1) * shift
    cost = SPACING * np.hypot(*(place[start] - place[end]).T) * (1 + 0.15 * random.random(len(start)))
    _, piece = connected_components(sp.coo_array((np.ones(len(start)), (start, end)), shape=(cell.size, cell.size)))
    kept = piece == np.bincount(piece).argmax()
    number = np.cumsum(kept) - 1
    inside = kept[start]
    count = int(kept.sum())
    chosen = np.argsort(random.random(count))[:terminals]
    return graph_of(count, number[start[inside]], number[end[inside]]), cost[inside], np.sort(chosen)


def quality_graph(seed):
    """One of the graphs that quality is measured on: 50 to 190 nodes, 8 to 25 terminals."""
    rows, columns, terminals = (np.array([8, 8, 8]) + np.random.default_rng([seed, 1]).random(3) * [7, 7, 18]).astype(
        int
    )
    return street_graph(rows, columns, terminals, seed)


def cheapest_by_program(graph, cost, terminals):
    """Cost of the best Steiner tree: a flow from the first terminal to each other one, on arcs that are paid once.

    Mixed-integer program after Wong (1984), solved by HiGHS to a relative gap of 1e-7.
    """
    root, others = terminals[0], terminals[1:]
    arcs, flows = 2 * len(cost), len(others)
    tail = np.concatenate([graph.start, graph.end])
    head = np.concatenate([graph.end, graph.start])
    at = np.arange(arcs)
    enters = sp.coo_array((np.ones(arcs), (head, at)), shape=(graph.count, arcs))
    leaves = sp.coo_array((np.ones(arcs), (tail, at)), shape=(graph.count, arcs))
    balance = sp.block_diag([enters - leaves] * flows)
    balance = sp.hstack([sp.coo_array((balance.shape[0], arcs)), balance])
    wanted = np.zeros((flows, graph.count))
    wanted[:, root] = -1
    wanted[np.arange(flows), others] = 1
    paid = sp.hstack([sp.vstack([-sp.eye_array(arcs)] * flows), sp.eye_array(arcs * flows)])
    once = sp.hstack([enters, sp.coo_array((graph.count, arcs * flows))])
    found = milp(
        np.concatenate([cost, cost, np.zeros(arcs * flows)]),
        constraints=[
            LinearConstraint(balance.tocsr(), wanted.ravel(), wanted.ravel()),
            LinearConstraint(paid.tocsr(), -np.inf, 0),
            LinearConstraint(once.tocsr(), -np.inf, np.where(np.arange(graph.count) == root, 0, 1)),
        ],
        integrality=np.concatenate([np.ones(arcs), np.zeros(arcs * flows)]),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-7},
    )
    assert found.status == 0, found.message
    return found.fun


def pieces_of(count, start, end):
    """Number of the piece of each node, by the book."""
    number = list(range(count))
    for a, b in zip(start, end, strict=True):
        old, new = number[a], number[b]
        number = [new if x == old else x for x in number]
    return np.array(number)


def cheapest_by_trial(graph, cost, terminals):
    """Cost of the best Steiner tree: the shortest trees on the terminals with each set of other nodes."""
    others = sorted(set(range(graph.count)) - set(terminals))
    order = np.argsort(cost)
    best = np.inf
    for size in range(len(others) + 1):
        for more in itertools.combinations(others, size):
            nodes = set(terminals) | set(more)
            piece = {node: {node} for node in nodes}
            total = 0.0
            joined = 1
            for e in order:
                a, b = graph.start[e], graph.end[e]
                if a in nodes and b in nodes and piece[a] is not piece[b]:
                    total += cost[e]
                    joined += 1
                    both = piece[a] | piece[b]
                    piece.update(dict.fromkeys(both, both))
            if joined == len(nodes):
                best = min(best, total)
    return best


def assert_joins(graph, edges, terminals):
    """A tree: connected, without rings, with all terminals, without an end that is none."""
    start, end = graph.start[edges], graph.end[edges]
    nodes = np.unique(np.concatenate([start, end, terminals]))
    assert len(start) == len(nodes) - 1
    piece = pieces_of(graph.count, start, end)
    assert len(np.unique(piece[nodes])) == 1
    degree = np.bincount(np.concatenate([start, end]), minlength=graph.count)
    assert set(np.flatnonzero(degree == 1)) <= set(terminals.tolist())
