"""Exact answers on small graphs, made without any code of `gisheat.graphs`, and street-like graphs to ask about."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gisheat.graphs.graph import graph_of


def street_grid(across, along, seed, *, missing=0.25):
    """A grid with crossings off their places and some streets missing: node count, start, end, length [m], places."""
    rng = np.random.default_rng(seed)
    place = np.stack(np.meshgrid(np.arange(across), np.arange(along), indexing="ij"), axis=-1).reshape(-1, 2)
    place = 100.0 * (place + rng.uniform(-0.3, 0.3, place.shape))
    number = np.arange(across * along).reshape(across, along)
    pairs = np.concatenate(
        [
            np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1),
            np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1),
        ]
    )
    pairs = pairs[rng.random(len(pairs)) > missing]
    joined = coo_array((np.ones(len(pairs)), pairs.T), shape=(number.size, number.size))
    label = connected_components(joined, directed=False)[1]
    kept = label == np.bincount(label).argmax()
    start, end = (np.cumsum(kept) - 1)[pairs[kept[pairs[:, 0]]]].T
    place = place[kept]
    length = np.hypot(*(place[start] - place[end]).T) * rng.uniform(1.0, 1.15, len(start))
    return int(kept.sum()), start, end, length, place


def loaded_grid(size, terminals, seed, **options):
    """Graph, lengths, root and loads: `terminals` random nodes with loads of about 75 kW, in W."""
    count, start, end, length, place = street_grid(size, size, seed, **options)
    rng = np.random.default_rng(seed)
    corner = place.sum(axis=1).argmin()
    middle = ((place - place.mean(axis=0)) ** 2).sum(axis=1).argmin()
    root = int(corner if seed % 2 else middle)
    load = np.zeros(count)
    chosen = rng.choice(np.delete(np.arange(count), root), terminals, replace=False)
    load[chosen] = 1000.0 * rng.lognormal(4.0, 0.8, terminals)
    return graph_of(count, start, end), length, root, load


def distances(count, start, end, cost):
    """Least cost between all nodes; edges without cost count as nearly none, which SciPy needs."""
    least = {}
    for a, b, c in zip(start.tolist(), end.tolist(), cost.tolist(), strict=True):
        if a != b:
            pair = (min(a, b), max(a, b))
            least[pair] = min(least.get(pair, np.inf), max(c, 1e-12))
    if not least:
        return np.where(np.eye(count, dtype=bool), 0.0, np.inf)
    pairs = np.array(list(least))
    return dijkstra(coo_array((list(least.values()), pairs.T), shape=(count, count)), directed=False)


def dreyfus_wagner(count, start, end, cost, root, load, price, *, joined=()):
    """Least sum of cost times price(load carried) of all trees from the root to the loaded nodes (and `joined`).

    Dreyfus, Wagner (1971), The Steiner problem in graphs, Networks 1, 195-207: the best tree of a set of terminals
    that ends at a node is a way to where it falls into two; the price on that way is that of the load of the set.
    Costs 3^terminals.
    """
    terminals = np.union1d(np.flatnonzero(load > 0.0), np.array(joined, dtype=np.int64))
    terminals = terminals[terminals != root]
    between = distances(count, start, end, cost)
    whole = (1 << len(terminals)) - 1
    best = np.full((whole + 1, count), np.inf)
    best[0] = 0.0
    for some in range(1, whole + 1):
        members = [i for i in range(len(terminals)) if some >> i & 1]
        if len(members) == 1:
            meet = np.full(count, np.inf)
            meet[terminals[members[0]]] = 0.0
        else:
            meet = best[some].copy()
            lowest, part = some & -some, (some - 1) & some
            while part:
                if part & lowest:
                    np.minimum(meet, best[part] + best[some ^ part], out=meet)
                part = (part - 1) & some
        per_cost = price(float(load[terminals[members]].sum()))
        useful = np.flatnonzero(np.isfinite(meet))
        best[some] = (meet[useful, None] + per_cost * between[useful]).min(axis=0, initial=np.inf)
    return float(best[whole, root])


def forest_cost(count, start, end, cost, root, load, price, chosen, joined=()):
    """Cost of edges that form a tree from the root; inf where they don't join what is loaded. Plain Python."""
    at = {i: [] for i in range(count)}
    for e in np.flatnonzero(chosen):
        at[int(start[e])].append((int(end[e]), e))
        at[int(end[e])].append((int(start[e]), e))
    seen = {root}
    total = 0.0

    def walk(node):
        nonlocal total
        carried = float(load[node])
        for other, e in at[node]:
            if other not in seen:
                seen.add(other)
                below = walk(other)
                total += cost[e] * price(below)
                carried += below
        return carried

    walk(root)
    if not set(np.flatnonzero(load > 0.0)) | set(joined) <= seen or len(seen) != np.count_nonzero(chosen) + 1:
        return np.inf
    return total


def best_by_trying_all(count, start, end, cost, root, load, price, joined=()):
    """Least cost of all sets of edges that form a tree with the root."""
    sets = (np.array(some, dtype=bool) for some in itertools.product((False, True), repeat=len(start)))
    return min(forest_cost(count, start, end, cost, root, load, price, some, joined) for some in sets)
