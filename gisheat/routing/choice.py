"""Which trenches are dug: a tree that joins all stations with their source, and rings for security."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from gisheat.graphs.graph import Array, Graph, Index, Mask, graph_of
from gisheat.graphs.load_tree import load_tree
from gisheat.graphs.rings import close_rings
from gisheat.graphs.steiner import steiner_tree
from gisheat.graphs.tree import Tree
from gisheat.noding import EXACT
from gisheat.routing.graph import LINK, PIPE, STREET, StreetGraph, Terminals, connections_of
from gisheat.routing.lines import point_at
from gisheat.routing.rules import RouteRules

THROUGH_STATION = 2.0
"""A way in at one side of a station and out at the other is as dear as so many of the longest connections."""
MOST_ROUNDS = 20
"""Rounds in which stations that are passed through lose all connections but one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen; arrays of shape (edges,) unless stated otherwise."""

    used: Mask
    """Edges of the trees and the rings, pipes that are there among them."""
    ring: Index
    """Number of the ring that an edge closes, from 1; 0 for edges of the trees."""
    load: Array
    """Load behind an edge [W], 0 for edges that close rings."""
    stations: Index
    """Stations behind an edge."""
    forward: Mask
    """Whether an edge leads away from the source from its start to its end."""
    phase: Index
    """Number of the phase from which on an edge is needed."""
    joined: Mask
    """Terminals that are joined with a source, or sources with a station, shape (terminals,)."""
    unclosed: Index
    """Edges that should lie in a ring, but no street closes one."""
    parted: Mask
    """Pairs that a single trench still parts, shape (pairs,)."""
    cost: float
    """Cost of the trees: metres of ordinary street, or the sum of the cost by load."""
    bound: float
    """No choice is cheaper than this; 0 where none is known."""
    ring_cost: float
    moves: int
    stopped: bool
    """Whether the time ended before the moves did."""


def choose(town: StreetGraph, terminals: Terminals, rules: RouteRules, pairs: Index) -> Choice:
    """Choose edges for every part of the town that has a source.

    Parameters
    ----------
    pairs : array, shape (n, 2)
        Nodes that must stay joined whichever trench fails.
    """
    count = len(town.edges.kind)
    choice = Choice(
        np.zeros(count, bool), np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64),
        np.ones(count, bool), np.zeros(count, np.int64), np.zeros(len(terminals.row), bool),
        np.empty(0, np.int64), np.ones(len(pairs), bool), 0.0, 0.0, 0.0, 0, stopped=False,
    )  # fmt: skip
    part, alive = _parts(town, terminals)
    deadline = None if rules.seconds is None else time.monotonic() + rules.seconds
    for root in _roots(part, terminals).tolist():
        here = np.flatnonzero(part == part[root])
        if (terminals.layer[here] == 1).all():
            continue
        choice.joined[here] = True
        choice = _with_part(choice, town, terminals, rules, here, root, pairs, alive.copy(), deadline)
    return choice


def _parts(town: StreetGraph, terminals: Terminals) -> tuple[Index, Mask]:
    """Part of the town that each terminal belongs to, and the edges that may be used.

    Parts hang together without the connections of stations: nothing is dug through a station, so what only a station
    joins is apart. A station belongs to the part with a source that it has the cheapest connection to (-1: to none),
    and has connections to that part alone.
    """
    edges, count = town.edges, town.graph.count
    own = connections_of(edges, terminals, 0)
    start, end = edges.start[~own], edges.end[~own]
    matrix = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(count, count))
    part = np.asarray(connected_components(matrix, directed=False)[1])
    found = np.where(terminals.layer == 1, part[town.terminal], -1)
    fed = np.zeros(count + 1, bool)
    fed[found[terminals.layer == 1]] = True
    way = np.flatnonzero(own & fed[part[edges.end]])
    way = way[np.lexsort((way, edges.cost[way], edges.line[way]))]
    station, first = np.unique(edges.line[way], return_index=True)
    found[station] = part[edges.end[way[first]]]
    return found, ~own | (part[edges.end] == found[np.where(own, edges.line, 0)])


def _roots(part: Index, terminals: Terminals) -> Index:
    """The source (as a terminal) from which each part is reckoned: the one of lowest rank."""
    source = np.flatnonzero(terminals.layer == 1)
    order = source[np.lexsort((source, terminals.rank[source], part[source]))]
    return order[np.unique(part[order], return_index=True)[1]]


def _with_part(
    choice: Choice, town: StreetGraph, terminals: Terminals, rules: RouteRules, here: Index, root: int,
    pairs: Index, alive: Mask, deadline: float | None,
) -> Choice:  # fmt: skip
    """The choice with what one part of the town needs; `alive` are the edges that may be used."""
    node, load = town.terminal[here], np.zeros(town.graph.count)
    np.add.at(load, node, terminals.load[here])
    tree, offset = _tree_without_passage(town, terminals, rules, here, root, load, alive, deadline)
    chosen = np.flatnonzero(alive)[tree.edges]
    choice.used[chosen] = True
    _orient(choice, town, terminals, here, root, chosen)
    last = int(terminals.phase[here].max())
    cost = float((town.edges.cost[chosen] * _price(choice.load[chosen], rules)).sum())
    ring_cost, unclosed = 0.0, choice.unclosed
    if rules.ring_load is not None or len(pairs):
        inside = np.flatnonzero(np.isin(pairs, np.append(town.terminal[here], _ends(town, chosen))).all(axis=1))
        ring_cost, weak, parted = _close(choice, town, terminals, rules, root, load, alive, pairs[inside])
        unclosed = np.concatenate([unclosed, weak])
        choice.phase[choice.ring > 0] = np.maximum(choice.phase[choice.ring > 0], last)
        choice.parted[inside[~parted]] = False
    return replace(
        choice,
        cost=choice.cost + cost,
        bound=choice.bound + max(tree.bound - offset, 0.0),
        ring_cost=choice.ring_cost + ring_cost,
        unclosed=unclosed,
        moves=choice.moves + tree.moves,
        stopped=choice.stopped or tree.stopped,
    )


def _ends(town: StreetGraph, edges: Index) -> Index:
    return np.concatenate([town.edges.start[edges], town.edges.end[edges]])


def _tree_without_passage(
    town: StreetGraph, terminals: Terminals, rules: RouteRules, here: Index, root: int, load: Array, alive: Mask,
    deadline: float | None,
) -> tuple[Tree, float]:  # fmt: skip
    """The tree in which every station has one connection, and what was added to its cost.

    Every connection of a station is made dearer by the same amount, which each station has to pay once, so that
    trees that pass through stations are dear. Stations that are passed all the same keep only their cheapest
    connection of those used, and the tree is looked for anew. `alive` loses the others in place.
    """
    edges = town.edges
    own = connections_of(edges, terminals, 0)
    extra = THROUGH_STATION * rules.max_connection
    cost = edges.cost + np.where(own, extra, 0.0)
    offset = extra * float(_price(load[town.terminal[here[terminals.layer[here] == 0]]], rules).sum())
    rounds = 0
    while True:
        index = np.flatnonzero(alive)
        graph = graph_of(town.graph.count, edges.start[index], edges.end[index])
        seconds = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        tree = _tree(graph, cost[index], town.terminal[here], int(town.terminal[root]), load, rules, seconds)
        used = index[tree.edges]
        used = used[own[used]]
        used = used[np.lexsort((used, edges.cost[used], edges.line[used]))]
        station, first, times = np.unique(edges.line[used], return_index=True, return_counts=True)
        rounds += 1
        if (times == 1).all() or rounds == MOST_ROUNDS:
            return tree, offset
        passed = np.zeros(len(terminals.row), bool)
        passed[station[times > 1]] = True
        lost = own.copy()
        lost[own] = passed[edges.line[own]]
        lost[used[first[times > 1]]] = False
        alive &= ~lost


def _tree(
    graph: Graph, cost: Array, terminal: Index, root: int, load: Array, rules: RouteRules, seconds: float | None
) -> Tree:
    price = rules.trench
    if price is None:
        return steiner_tree(graph, cost, terminal, seconds=seconds)
    return load_tree(
        graph, cost, root, load, fixed=price.fixed, per_load=price.per_load, exponent=price.exponent,
        terminals=terminal, seconds=seconds,
    )  # fmt: skip


def _price(load: Array, rules: RouteRules) -> Array:
    """Cost of a metre of trench in an ordinary street by the load it carries [W]."""
    price = rules.trench
    return np.ones(len(load)) if price is None else price.fixed + price.per_load * load**price.exponent


def _orient(choice: Choice, town: StreetGraph, terminals: Terminals, here: Index, root: int, chosen: Index) -> None:
    """Direction, load, stations and phase of the edges of a tree, in place."""
    edges, count = town.edges, town.graph.count
    start, end = edges.start[chosen], edges.end[chosen]
    matrix = coo_array((np.ones(len(chosen), np.int8), (start, end)), shape=(count, count)).tocsr()
    order, parent = breadth_first_order(matrix, int(town.terminal[root]), directed=False)
    below = order[1:]
    above = parent[below].astype(np.int64)
    key = np.minimum(start, end) * count + np.maximum(start, end)
    by_key = np.argsort(key)
    wanted = np.minimum(below, above) * count + np.maximum(below, above)
    edge = chosen[by_key[np.searchsorted(key[by_key], wanted)]]

    phases = np.unique(terminals.phase[here])
    behind = np.zeros((count, 2 + len(phases)))
    node = town.terminal[here]
    np.add.at(behind[:, 0], node, terminals.load[here])
    np.add.at(behind[:, 1], node, terminals.layer[here] == 0)
    for k, phase in enumerate(phases, 2):
        np.add.at(behind[:, k], node, terminals.phase[here] <= phase)
    total = behind[:, 2:].sum(axis=0)
    columns = [column.tolist() for column in behind.T]
    for child, up in zip(below[::-1].tolist(), above[::-1].tolist(), strict=True):
        for column in columns:
            column[up] += column[child]
    gathered = np.array(columns)[:, below]
    choice.load[edge], choice.stations[edge] = gathered[0], gathered[1]
    choice.forward[edge] = edges.end[edge] == below
    # a trench is needed in a phase when something that stands then lies on either side of it
    needed = (gathered[2:] > 0.0) & (gathered[2:] < total[:, None])
    choice.phase[edge] = np.where(needed.any(axis=0), phases[needed.argmax(axis=0)], phases[-1])


def _close(
    choice: Choice, town: StreetGraph, terminals: Terminals, rules: RouteRules, root: int, load: Array, alive: Mask,
    pairs: Index | None,
) -> tuple[float, Index, Mask]:  # fmt: skip
    """Add the edges that close rings, in place; their cost, the edges that lie open, and the pairs that stay parted.

    No ring passes through a station, nor lies in the trench of a pipe that is there.
    """
    edges = town.edges
    own = connections_of(edges, terminals, 0)
    index = np.flatnonzero((alive & ~own & ~_beside_pipes(town, rules.tolerance)) | choice.used)
    graph = graph_of(town.graph.count, edges.start[index], edges.end[index])
    no_trench = (edges.length == 0.0) & (edges.kind != PIPE)  # two nodes at one place
    rings = close_rings(
        graph, edges.cost[index], choice.used[index], int(town.terminal[root]), load,
        np.inf if rules.ring_load is None else rules.ring_load, pairs=pairs, safe=no_trench[index],
    )  # fmt: skip
    added = index[rings.edges]
    choice.ring[added] = rings.ring[rings.edges] + 1 + choice.ring.max(initial=0)
    choice.used[added] = True
    return float(edges.cost[added].sum()), index[rings.open], rings.open_pairs


def _beside_pipes(town: StreetGraph, tolerance: float) -> Mask:
    """Ways in which a pipe lies already: what is dug there fails with the pipe."""
    edges, touching = town.edges, max(tolerance, EXACT)
    beside = ((edges.kind == STREET) | (edges.kind == LINK)) & (edges.length > 2.0 * touching)
    if not len(town.pipes):
        return np.zeros(len(beside), bool)
    laid = shapely.STRtree(town.pipes.line)
    for share in (0.25, 0.5, 0.75):
        way = np.flatnonzero(beside)
        places = town.xyz[edges.start[way], :2] + share * (town.xyz[edges.end[way]] - town.xyz[edges.start[way]])[:, :2]
        bent = edges.kind[way] == STREET
        piece = way[bent]
        along = edges.low[piece] + share * (edges.high[piece] - edges.low[piece])
        places[bent] = point_at(town.streets, edges.line[piece], along)[:, :2]
        near = laid.query(shapely.points(places), predicate="dwithin", distance=touching)[0]
        beside[np.delete(way, near)] = False
    return beside
