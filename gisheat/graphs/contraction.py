"""Graphs made smaller before a Steiner tree is looked for, and trees taken back to the edges they came from.

A city's drawing is mostly chains: points of degree one and two that are no terminals. What is done, all of it exact:
edges that cost nothing become points; of parallel edges the cheapest stays; ends that are no terminals go; the edge at
a terminal of degree one is taken and its other end becomes the terminal; chains become one edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gisheat.graphs.graph import Array, Graph, Index, Mask, graph_of
from gisheat.graphs.kernels import contraction as kernel


@dataclass(frozen=True, slots=True)
class Contraction:
    """A smaller graph with the same best Steiner trees.

    Attributes
    ----------
    graph, cost, terminals
        The problem that is left; its cost is lower by `taken`. No terminals or one: nothing is left to do.
    taken : float
        Cost of the edges every best tree may have.
    """

    graph: Graph
    cost: Array
    terminals: Index
    taken: float
    _origin: Graph
    _wanted: Mask
    _sure: Mask
    _record: Index
    _left: Index
    _right: Index
    _place: Index

    def expand(self, edges: Mask) -> Mask:
        """Tree in the original graph, shape (its edges,), of a tree in the smaller one, shape (edges,)."""
        found = self._sure.copy()
        kernel.unfold(self._record[edges], self._left, self._right, found)
        kernel.prune(self._origin.start, self._origin.end, found, self._wanted)
        return found

    def places(self) -> Index:
        """Where each node is in the smaller graph, shape (nodes of the original graph,); -1: nowhere.

        A terminal at the end of edges that every best tree has is where these edges begin.
        """
        at = (self._origin.start[self._sure], self._origin.end[self._sure])
        joined = coo_array((np.ones(len(at[0])), at), shape=(len(self._place), len(self._place)))
        count, group = connected_components(joined, directed=False)
        place = np.full(count, -1)
        np.maximum.at(place, group, self._place)
        return place[group]


def contract(graph: Graph, cost: Array, terminals: Index, within: Mask | None = None) -> Contraction:
    """Smaller graph for a Steiner tree.

    Parameters
    ----------
    cost : shape (edges,)
        Not below zero.
    terminals : shape (terminals,)
        Node numbers, all within one component.
    within : shape (edges,), optional
        The edges that may be used; without it all.
    """
    live = np.ones(len(graph.start), np.bool_) if within is None else within
    number, count, forest = kernel.join_free(graph.count, graph.start, graph.end, np.where(live, cost, np.inf))
    wanted = np.zeros(graph.count, np.bool_)
    wanted[terminals] = True
    points = np.zeros(count, np.bool_)
    points[number[terminals]] = True
    start, end, length, record, left_over, always, left, right = kernel.contract(
        count, number[graph.start], number[graph.end], cost, live, points
    )
    kernel.unfold(always, left, right, forest)
    nodes = np.zeros(count, np.bool_)
    nodes[start] = nodes[end] = True
    nodes |= left_over
    place = np.cumsum(nodes) - 1
    return Contraction(
        graph=graph_of(int(nodes.sum()), place[start], place[end]),
        cost=length,
        terminals=place[np.flatnonzero(left_over)],
        taken=float(cost[forest].sum()),
        _origin=graph,
        _wanted=wanted,
        _sure=forest,
        _record=record,
        _left=left,
        _right=right,
        _place=np.where(nodes, place, -1)[number],
    )
