"""Taking parts of a loaded tree off and putting them back where that costs least.

The tree is kept by `parent` (of a node: -1 above a part that hangs on nothing, OUTSIDE for nodes of no part), `way`
(edge to the parent), `load` (handed over by the node to its parent) and `children` (how many). Loads are whole
numbers kept as floats, so that sums are exact in any order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisheat.graphs.kernels.heap import SETTLED, pop, push
from gisheat.kernels import kernel

OUTSIDE = -2
ELSEWHERE = -2.0
"""In place of a marginal cost: the node does not hang on the root."""
UNKNOWN = -1.0
BANDS = 128
"""Of distance from the root, for a bound of what load costs on its way."""


class Streets(NamedTuple):
    """What does not change: the graph, what an edge costs per unit of price, and which nodes must be joined."""

    first: np.ndarray
    neighbour: np.ndarray
    edge: np.ndarray
    length: np.ndarray
    """Cost of the edge at each place: next to the neighbour, where searches look it up."""
    cost: np.ndarray
    band_of: np.ndarray
    """In which band of the distance from the root each node lies."""
    wanted: np.ndarray
    root: int
    total: float
    loaded: np.ndarray
    """Most load in any edge of the tree within each band of the distance from the root."""
    band: float
    """Width of a band."""


class Price(NamedTuple):
    """Price of an edge per unit of its cost: fixed + per_load * load ** exponent."""

    fixed: float
    per_load: float
    exponent: float


class Rooted(NamedTuple):
    """The tree, which changes, and a journal from which the last changes can be taken back."""

    parent: np.ndarray
    way: np.ndarray
    load: np.ndarray
    children: np.ndarray
    noted: np.ndarray
    old_parent: np.ndarray
    old_way: np.ndarray
    old_load: np.ndarray
    old_children: np.ndarray
    is_noted: np.ndarray
    notes: np.ndarray


class Scratch(NamedTuple):
    """Room for searches, clean between them."""

    key: np.ndarray
    came: np.ndarray
    over: np.ndarray
    place: np.ndarray
    heap: np.ndarray
    touched: np.ndarray
    marginal: np.ndarray
    marked: np.ndarray
    change: np.ndarray
    stack: np.ndarray
    ahead: np.ndarray


@kernel
def rooted(count):
    """Tree without an edge."""
    return Rooted(
        np.full(count, OUTSIDE), np.full(count, -1), np.zeros(count), np.zeros(count, np.int64),
        np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count),
        np.empty(count, np.int64), np.zeros(count, np.bool_), np.zeros(1, np.int64),
    )  # fmt: skip


@kernel
def scratch(count):
    """Clean room for searches among so many nodes."""
    return Scratch(
        np.full(count, np.inf), np.full(count, -1), np.full(count, -1), np.full(count, -1), np.empty(count, np.int64),
        np.empty(count, np.int64), np.full(count, UNKNOWN), np.empty(count, np.int64), np.empty(count),
        np.empty(count, np.int64), np.empty(BANDS + 1),
    )  # fmt: skip


@kernel
def price_of(price, load):
    """Price of an edge that carries the load."""
    return price.fixed + price.per_load * load**price.exponent


@kernel
def orient(first, neighbour, edge, root, own, chosen, tree):
    """Root the chosen edges (a tree) at the root and add up loads."""
    tree.parent[:] = OUTSIDE
    tree.way[:] = -1
    tree.children[:] = 0
    tree.load[:] = 0.0
    order = np.empty(tree.parent.size, np.int64)
    order[0] = root
    tree.parent[root] = -1
    size, i = 1, 0
    while i < size:
        u = order[i]
        i += 1
        tree.load[u] = own[u]
        for j in range(first[u], first[u + 1]):
            v = neighbour[j]
            if chosen[edge[j]] and tree.parent[v] == OUTSIDE:
                tree.parent[v] = u
                tree.way[v] = edge[j]
                tree.children[u] += 1
                order[size] = v
                size += 1
    for i in range(size - 1, 0, -1):
        v = order[i]
        tree.load[tree.parent[v]] += tree.load[v]


@kernel
def tree_cost(streets, price, tree):
    """Cost of all edges of the tree."""
    total = 0.0
    for v in range(tree.parent.size):
        if tree.parent[v] >= 0:
            total += streets.cost[tree.way[v]] * price_of(price, tree.load[v])
    return total


@kernel
def note(tree, v):
    """Write down what the node was before the first change since the last `forget`."""
    if not tree.is_noted[v]:
        i = tree.notes[0]
        tree.is_noted[v] = True
        tree.noted[i] = v
        tree.old_parent[i] = tree.parent[v]
        tree.old_way[i] = tree.way[v]
        tree.old_load[i] = tree.load[v]
        tree.old_children[i] = tree.children[v]
        tree.notes[0] = i + 1


@kernel
def forget(tree):
    """Let the changes stand."""
    for i in range(tree.notes[0]):
        tree.is_noted[tree.noted[i]] = False
    tree.notes[0] = 0


@kernel
def take_back(tree):
    """Undo the changes since the last `forget`."""
    for i in range(tree.notes[0]):
        v = tree.noted[i]
        tree.parent[v] = tree.old_parent[i]
        tree.way[v] = tree.old_way[i]
        tree.load[v] = tree.old_load[i]
        tree.children[v] = tree.old_children[i]
        tree.is_noted[v] = False
    tree.notes[0] = 0


@kernel
def is_key(streets, tree, v):
    """Whether the tree branches or ends at the node, or must come here anyway."""
    return streets.wanted[v] or tree.children[v] != 1 or tree.parent[v] < 0


@kernel
def detach(streets, price, tree, v):
    """Take off what hangs on v together with the bare path above it; returns the cost that is saved."""
    load = tree.load[v]
    saved = 0.0
    last, change = -1.0, 0.0
    whole = price_of(price, load)
    bare = True
    z = v
    while tree.parent[z] >= 0:
        above = tree.parent[z]
        if bare:
            saved += streets.cost[tree.way[z]] * whole
            note(tree, z)
            note(tree, above)
            tree.parent[z] = -1 if z == v else OUTSIDE
            tree.way[z] = -1
            if z != v:
                tree.load[z] = 0.0
            tree.children[above] -= 1
            bare = tree.children[above] == 0 and not streets.wanted[above] and tree.parent[above] >= 0
            if not bare:
                if load == 0.0:
                    return saved
                tree.load[above] -= load
        else:
            before = tree.load[z] + load  # load[z] is lowered already
            if before != last:
                last = before
                change = price.per_load * (before**price.exponent - tree.load[z] ** price.exponent)
            saved += streets.cost[tree.way[z]] * change
            note(tree, above)
            tree.load[above] -= load
        z = above
    return saved


@kernel
def drop_bare(streets, price, tree, v):
    """Shorten a part at its upper end to where it is of use; returns its new upper end (-1: nothing left), savings."""
    saved = 0.0
    while not streets.wanted[v] and tree.children[v] <= 1:
        note(tree, v)
        tree.parent[v] = OUTSIDE
        tree.load[v] = 0.0
        if tree.children[v] == 0:
            return -1, saved
        tree.children[v] = 0
        for j in range(streets.first[v], streets.first[v + 1]):
            x = streets.neighbour[j]
            if tree.parent[x] == v and tree.way[x] == streets.edge[j]:
                note(tree, x)
                saved += streets.cost[tree.way[x]] * price_of(price, tree.load[x])
                tree.parent[x] = -1
                tree.way[x] = -1
                v = x
                break
    return v, saved


@kernel
def to_root(streets, price, tree, room, marks, u, load):
    """Cost of so much more load from u to the root, or ELSEWHERE if u does not hang on it; and the count of marks."""
    size = 0
    x = u
    while x != streets.root and room.marginal[x] == UNKNOWN and tree.parent[x] >= 0:
        room.stack[size] = x
        size += 1
        x = tree.parent[x]
    if x == streets.root:
        sum_ = 0.0
    elif room.marginal[x] != UNKNOWN:
        sum_ = room.marginal[x]
    else:
        sum_ = ELSEWHERE
    last, change = -1.0, 0.0
    for i in range(size - 1, -1, -1):
        y = room.stack[i]
        if sum_ != ELSEWHERE:
            if tree.load[y] != last:
                last = tree.load[y]
                change = price.per_load * ((last + load) ** price.exponent - last**price.exponent)
            sum_ += streets.cost[tree.way[y]] * change
        room.marginal[y] = sum_
        room.marked[marks] = y
        marks += 1
    return sum_, marks


@kernel
def sources(streets, price, tree, room, v, load, best):
    """Nodes of the part below v at which it could be hung up, keyed by what turning the part costs; how many."""
    room.key[v] = 0.0
    room.change[v] = 0.0
    room.touched[0] = v
    size, i = 1, 0
    while i < size:
        u = room.touched[i]
        i += 1
        if tree.children[u] == 0:
            continue
        for j in range(streets.first[u], streets.first[u + 1]):
            x = streets.neighbour[j]
            if tree.parent[x] != u or tree.way[x] != streets.edge[j]:
                continue
            below = tree.load[x]
            if below == tree.load[u] and u != v:
                change = room.change[u]
            else:
                change = price.per_load * ((load - below) ** price.exponent - below**price.exponent)
            room.change[x] = change
            turned = room.key[u] + streets.length[j] * change
            if turned >= best and 2.0 * below <= load:  # from here down it only gets dearer
                continue
            room.key[x] = turned
            room.touched[size] = x
            size += 1
    return size


@kernel
def survey_bands(streets, tree):
    """Note the most load within each band of the distance from the root, as the tree is now."""
    streets.loaded[:] = 0.0
    for v in range(tree.parent.size):
        u = tree.parent[v]
        if u >= 0:
            near = min(streets.band_of[u], streets.band_of[v])
            far = max(streets.band_of[u], streets.band_of[v])
            for k in range(near, far + 1):
                streets.loaded[k] = max(streets.loaded[k], tree.load[v])


@kernel
def fill_ahead(streets, price, room, load):
    """What the load costs at least from the near end of each band to the root.

    A way to the root crosses all bands below; in each it adds no less than to the edge with the most load there, as
    the price is concave. (Loads are those of the last survey, so this is nearly a bound.)
    """
    room.ahead[0] = 0.0
    last, change = -1.0, 0.0
    for k in range(streets.loaded.size):
        if streets.loaded[k] != last:
            last = streets.loaded[k]
            change = price.per_load * ((last + load) ** price.exponent - last**price.exponent)
        room.ahead[k + 1] = room.ahead[k] + streets.band * change


@kernel
def cheapest(streets, price, tree, room, v, best):
    """Find where to hang up the part below v, for less than `best`: returns the node of the tree (-1: none), cost.

    `room.came` and `room.over` lead from there back to a node of the part; the nodes to clean are returned last.
    """
    load = tree.load[v]
    per_cost = price_of(price, load)
    fill_ahead(streets, price, room, load)
    reached = sources(streets, price, tree, room, v, load, best)
    size = 0
    for i in range(reached):
        x = room.touched[i]
        if room.key[x] + room.ahead[streets.band_of[x]] < best:
            size = push(room.heap, room.place, room.key, size, x)
    found, marks = -1, 0
    while size > 0:
        u, size = pop(room.heap, room.place, room.key, size)
        key = room.key[u]
        if key >= best:
            break
        if tree.parent[u] != OUTSIDE and room.came[u] >= 0:
            more, marks = to_root(streets, price, tree, room, marks, u, load)
            if more != ELSEWHERE and key + more < best:
                best = key + more
                found = u
            continue
        for j in range(streets.first[u], streets.first[u + 1]):
            x = streets.neighbour[j]
            longer = key + streets.length[j] * per_cost
            if longer < room.key[x] and longer + room.ahead[streets.band_of[x]] < best and room.place[x] != SETTLED:
                if room.key[x] == np.inf:
                    room.touched[reached] = x
                    reached += 1
                elif room.came[x] < 0:
                    continue  # a node of the part itself
                room.key[x] = longer
                room.came[x] = u
                room.over[x] = streets.edge[j]
                size = push(room.heap, room.place, room.key, size, x)
    for i in range(marks):
        room.marginal[room.marked[i]] = UNKNOWN
    return found, best, reached


@kernel
def clean(room, reached):
    """Make the room ready for the next search."""
    for i in range(reached):
        x = room.touched[i]
        room.key[x] = np.inf
        room.came[x] = -1
        room.over[x] = -1
        room.place[x] = -1


@kernel
def turn(tree, top, v):
    """Make v the upper end of the part whose upper end is top."""
    whole = tree.load[top]
    x = v
    above, way = -1, -1
    handed = 0.0
    while True:
        note(tree, x)
        next_, next_way, own = tree.parent[x], tree.way[x], tree.load[x]
        tree.parent[x], tree.way[x] = above, way
        tree.load[x] = whole if above < 0 else whole - handed
        if above >= 0:
            tree.children[x] -= 1
        if next_ >= 0:
            tree.children[x] += 1
        handed = own
        above, way = x, next_way
        if x == top:
            break
        x = next_


@kernel
def attach(tree, room, top, found):
    """Hang the part below top on the tree at the place found."""
    load = tree.load[top]
    v = found
    while room.came[v] >= 0:
        v = room.came[v]
    if v != top:
        turn(tree, top, v)
    z = found
    while z != v:
        y = room.came[z]
        note(tree, z)
        note(tree, y)
        tree.parent[y] = z
        tree.way[y] = room.over[z]
        tree.load[y] = load
        tree.children[z] += 1
        z = y
    z = found
    while z >= 0:
        note(tree, z)
        tree.load[z] += load
        z = tree.parent[z]


@kernel
def rehang(streets, price, tree, room, v):
    """Take off what hangs on v and put it back where that costs least; returns what is saved (0: left as it was)."""
    saved = detach(streets, price, tree, v)
    found, cost, reached = cheapest(streets, price, tree, room, v, saved * (1.0 - 1e-9))
    if found >= 0:
        attach(tree, room, v, found)
        forget(tree)
    else:
        take_back(tree)
    clean(room, reached)
    return saved - cost if found >= 0 else 0.0


@kernel
def descend(streets, price, tree, room, nodes):
    """Rehang those of the nodes where the tree branches or ends; returns what is saved and how many were tried."""
    tried, gain = 0, 0.0
    for v in nodes:
        if tree.parent[v] >= 0 and is_key(streets, tree, v):
            gain += rehang(streets, price, tree, room, v)
            tried += 1
    return gain, tried
