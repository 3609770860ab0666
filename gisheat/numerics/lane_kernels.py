"""The loops of `lanes`, compiled with numba; the lane is the last index of every array of two dimensions."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def reach(
    lane, cut, node, unknowns, start, end, chain_from, next_node, chain_start, chain_end, chain, leaf_node,
    leaf_parent, inside,
):  # fmt: skip
    """Mark the nodes that hang together with a fixed one in a lane whose closed edges are at the positions `cut`."""
    shut_chain, shut_leaf = np.zeros(start.size, np.bool_), np.zeros(leaf_node.size, np.bool_)
    shut_edge = np.zeros(next_node.size, np.bool_)
    for t in cut:
        if t >= next_node.size:
            shut_leaf[t - next_node.size] = True
        else:
            shut_edge[t] = True
            shut_chain[chain[t]] = True
    root = np.arange(node.size)
    anchored = np.arange(node.size) >= unknowns
    for c in range(start.size):
        if shut_chain[c]:
            continue
        a, b = start[c], end[c]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a != b:
            root[b] = a
            anchored[a] = anchored[a] or anchored[b]
    for i in range(node.size):
        a = i
        while root[a] != a:
            a = root[a]
        inside[node[i], lane] = anchored[a]
    for c in range(start.size):
        first, last = chain_from[c], chain_from[c + 1] - 1
        wet = inside[chain_start[c], lane]
        for t in range(first, last):
            wet = wet and not shut_edge[t]
            inside[next_node[t], lane] = wet
        if shut_chain[c]:  # the part behind the last closed edge hangs on the other end
            wet = inside[chain_end[c], lane]
            for t in range(last, first, -1):
                wet = wet and not shut_edge[t]
                if wet:
                    inside[next_node[t - 1], lane] = True
    for t in range(leaf_node.size - 1, -1, -1):
        inside[leaf_node[t], lane] = inside[leaf_parent[t], lane] and not shut_leaf[t]


@njit(cache=True, nogil=True)
def add_rows(total, place, rows):
    """Add rows of values at their places."""
    for k in range(place.size):
        for b in range(total.shape[1]):
            total[place[k], b] += rows[k, b]


@njit(cache=True, nogil=True)
def demands(taken, leaf_node, leaf_parent, chain_from, next_node, offset, total):
    """Add up demands behind leaves, and along each chain before each of its edges and in all."""
    lanes = taken.shape[1]
    for t in range(leaf_node.size):
        for b in range(lanes):
            taken[leaf_parent[t], b] += taken[leaf_node[t], b]
    for c in range(chain_from.size - 1):
        last = chain_from[c + 1] - 1
        for b in range(lanes):
            offset[chain_from[c], b] = 0.0
        for t in range(chain_from[c], last):
            for b in range(lanes):
                offset[t + 1, b] = offset[t, b] + taken[next_node[t], b]
        for b in range(lanes):
            total[c, b] = offset[last, b]


@njit(cache=True, nogil=True)
def hold(flow, offset, chain, lane, edge):
    """Give closed chains the flow that leaves nothing for the closed edge."""
    for k in range(chain.size):
        flow[chain[k], lane[k]] = offset[edge[k], lane[k]]


@njit(cache=True, nogil=True)
def close(conductance, drop, chain, lane):
    """Take closed chains out of the equations."""
    for k in range(chain.size):
        conductance[chain[k], lane[k]] = 0.0
        drop[chain[k], lane[k]] = 0.0


@njit(cache=True, nogil=True)
def ground(excess, rhs, place, lane):
    """Give nodes out of reach, which no conductance leads to, an equation of their own."""
    for k in range(place.size):
        excess[place[k], lane[k]] = 1.0
        rhs[place[k], lane[k]] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def residuals(flow, conductance, drop, potential, start, end, noise):
    """Of each lane: sum of the flow changes that are due, sum of flows, largest error of a drop."""
    lanes = flow.shape[1]
    changed, size, apart = np.zeros(lanes), np.full(lanes, 1e-300), np.zeros(lanes)
    for c in range(flow.shape[0]):
        i, j = start[c], end[c]
        for b in range(lanes):
            error = abs(potential[i, b] - potential[j, b] - drop[c, b])
            error = error if conductance[c, b] > 0.0 else 0.0
            changed[b] += max(error - noise[b], 0.0) * conductance[c, b]
            apart[b] = max(apart[b], error)
            size[b] += abs(flow[c, b])
    return changed, size, apart


@njit(cache=True, nogil=True, error_model="numpy")
def assemble(value, excess, rhs, wanted, conductance, drop, flow, total, potential, start, end, unknowns, entry):
    """Conductances of the matrix, those to fixed nodes, and the right-hand side."""
    lanes = flow.shape[1]
    value[:] = 0.0
    excess[:] = 0.0
    for i in range(unknowns):
        for b in range(lanes):
            rhs[i, b] = -wanted[i, b]
    for c in range(flow.shape[0]):
        i, j = start[c], end[c]
        if i < unknowns:
            for b in range(lanes):
                rhs[i, b] -= flow[c, b] - conductance[c, b] * drop[c, b]
            if j >= unknowns:
                for b in range(lanes):
                    excess[i, b] += conductance[c, b]
                    rhs[i, b] += conductance[c, b] * potential[j, b]
        if j < unknowns:
            for b in range(lanes):
                rhs[j, b] += flow[c, b] - conductance[c, b] * drop[c, b] - total[c, b]
            if i >= unknowns:
                for b in range(lanes):
                    excess[j, b] += conductance[c, b]
                    rhs[j, b] += conductance[c, b] * potential[i, b]
        if entry[c] >= 0:
            for b in range(lanes):
                value[entry[c], b] += conductance[c, b]


@njit(cache=True, nogil=True, error_model="numpy")
def step(flow, conductance, drop, potential, found, start, end, active):
    """New potentials and flows of the lanes that have not ended."""
    lanes = flow.shape[1]
    for i in range(found.shape[0]):
        for b in range(lanes):
            potential[i, b] = found[i, b] if active[b] > 0.0 else potential[i, b]
    for c in range(flow.shape[0]):
        i, j = start[c], end[c]
        for b in range(lanes):
            new = flow[c, b] + conductance[c, b] * (potential[i, b] - potential[j, b] - drop[c, b])
            flow[c, b] = new if active[b] > 0.0 else flow[c, b]


@njit(cache=True, nogil=True, error_model="numpy")
def imbalance(flow, total, wanted, start, end, unknowns):
    """Largest mass error at a node of each lane, and the largest flow."""
    lanes = flow.shape[1]
    missing = wanted.copy()
    largest, most = np.full(lanes, 1e-300), np.zeros(lanes)
    for c in range(flow.shape[0]):
        i, j = start[c], end[c]
        if i < unknowns:
            for b in range(lanes):
                missing[i, b] += flow[c, b]
        if j < unknowns:
            for b in range(lanes):
                missing[j, b] -= flow[c, b] - total[c, b]
        for b in range(lanes):
            largest[b] = max(largest[b], abs(flow[c, b]))
    for i in range(unknowns):
        for b in range(lanes):
            most[b] = max(most[b], abs(missing[i, b]))
    return most, largest


@njit(cache=True, nogil=True)
def spread(flow, offset, chain_from):
    """Turn what has left the chains before each edge into the flow of the edge."""
    for c in range(flow.shape[0]):
        for t in range(chain_from[c], chain_from[c + 1]):
            for b in range(flow.shape[1]):
                offset[t, b] = flow[c, b] - offset[t, b]


@njit(cache=True, nogil=True)
def back(
    drop, chain_from, next_node, chain_start, chain_end, shut_chain, shut_lane, shut_edge, leaf_node, leaf_parent,
    potential,
):  # fmt: skip
    """Potentials of everything that was taken out."""
    lanes = drop.shape[1]
    for c in range(chain_start.size):
        before = chain_start[c]
        for t in range(chain_from[c], chain_from[c + 1] - 1):
            after = next_node[t]
            for b in range(lanes):
                potential[after, b] = potential[before, b] - drop[t, b]
            before = after
    for k in range(shut_chain.size):  # behind a closed edge potentials come from the other end
        c, b = shut_chain[k], shut_lane[k]
        after = chain_end[c]
        for t in range(chain_from[c + 1] - 1, shut_edge[k], -1):
            potential[next_node[t - 1], b] = potential[after, b] + drop[t, b]
            after = next_node[t - 1]
    edges = next_node.size
    for t in range(leaf_node.size - 1, -1, -1):
        i, j = leaf_node[t], leaf_parent[t]
        for b in range(lanes):
            potential[i, b] = potential[j, b] - drop[edges + t, b]
