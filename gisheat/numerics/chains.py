"""Loops over the chains and leaves of a reduced graph, compiled with numba; see `reduced` for what they are for.

Ends of chains are places: unknowns in the order of their elimination, then the fixed nodes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gisheat.kernels import kernel

LEAST_SLOPE = 1e-200
"""Slope of edges without any resistance, so that 1/slope is a number."""


# before the iteration ------------------------------------------------------------------------------------


@kernel
def all_reached(start, end, free, count):
    """Union-find over the chains: no group of places without a fixed one (`free` and above)."""
    root = np.empty(count, np.int32)  # the highest place of a group, so a fixed one if there is one
    for i in range(count):
        root[i] = i
    for c in range(start.size):
        a, b = start[c], end[c]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a < b:
            root[a] = b
        else:
            root[b] = a
    for i in range(free):
        if root[i] == i:
            return False
    return True


@kernel
def demands(demand, leaf_node, leaf_parent, chain_from, next_node):
    """Demand of each node with what lies behind its leaves; along chains what is taken before each edge, and in all."""
    taken = np.empty(demand.size)
    for i in range(demand.size):
        taken[i] = demand[i]
    for t in range(leaf_node.size):
        taken[leaf_parent[t]] += taken[leaf_node[t]]
    offset, total = np.empty(next_node.size), np.empty(chain_from.size - 1)
    for c in range(total.size):
        sum_ = 0.0
        for t in range(chain_from[c], chain_from[c + 1] - 1):
            offset[t] = sum_
            sum_ += taken[next_node[t]]
        offset[chain_from[c + 1] - 1] = sum_
        total[c] = sum_
    return taken, offset, total


@kernel
def first_flows(chain_from, edge, forward, offset, first_flow):
    """First flow of each chain: that of its edge with the least one."""
    flow = np.empty(chain_from.size - 1)
    for c in range(flow.size):
        least = np.inf
        for t in range(chain_from[c], chain_from[c + 1]):
            first = first_flow[edge[t]]
            if abs(first) < least:
                least = abs(first)
                flow[c] = (first if forward[t] else -first) + offset[t]
    return flow


# within the iteration ------------------------------------------------------------------------------------


@kernel
def spread(flow, chain, offset, edge_flow):
    """Flows of the edges of each chain."""
    for t in range(chain.size):
        edge_flow[t] = flow[chain[t]] - offset[t]


@kernel
def gather(chain, edge_drop, edge_slope, drop, slope):
    """Drops and slopes of chains from those of their edges."""
    for c in range(drop.size):
        drop[c], slope[c] = 0.0, 0.0
    for t in range(chain.size):
        drop[chain[t]] += edge_drop[t]
        slope[chain[t]] += edge_slope[t]


@kernel
def linear(chain, offset, edge_slope, drop, slope):
    """Drops at rest and slopes of chains whose edges are straight lines through the origin, half as steep as given.

    Half the slope of a parabola is that of its chord from the origin.
    """
    for c in range(drop.size):
        drop[c], slope[c] = 0.0, 0.0
    for t in range(chain.size):
        resistance = 0.5 * edge_slope[t]
        drop[chain[t]] -= resistance * offset[t]
        slope[chain[t]] += resistance


@njit(cache=True, nogil=True, error_model="numpy")
def assemble(
    start,
    end,
    entry,
    total,
    demand,
    potential,
    flow,
    drop,
    slope,
    bend,
    curved,
    conductance,
    ahead,
    values,
    excess,
    missing,
):
    """Linear edges in place of the chains: conductance, flow at the potentials so far, what balances then miss.

    They pass through flow and drop of now. Their slope is that of the chain, or where `curved` the slope of
    the chord to the point at which a parabola has the drop that the potentials have now: where little is to
    flow at the end, a tangent would only halve the flow each time. Between half and double the chain's slope.
    """
    free = demand.size
    for i in range(missing.size):
        missing[i], excess[i] = 0.0, 0.0
    for i in range(free):
        missing[i] = -demand[i]
    for c in range(flow.size):
        a, b = start[c], end[c]
        g = max(slope[c], LEAST_SLOPE)
        over = drop[c] - (potential[a] - potential[b])
        if curved:
            root = np.sqrt(max(g * g - 2.0 * bend[c] * over, 0.0))
            g = min(0.5 * (g + root), 2.0 * g)
        p = 1.0 / g
        q = flow[c] - p * over
        conductance[c], ahead[c] = p, q
        missing[a] -= q
        missing[b] += q - total[c]
        if entry[c] >= 0:
            values[entry[c]] = p
        elif a >= free:
            excess[b] += p
        else:
            excess[a] += p
    for i in range(free, missing.size):
        missing[i] = 0.0


@njit(cache=True, nogil=True)
def correct(start, end, correction, potential, conductance, ahead, flow, noise, change):
    """Correct the potentials; changes of the flows, of which rounding of the potentials does not count."""
    largest = 0.0
    for i in range(potential.size):
        potential[i] += correction[i]
        largest = max(largest, abs(potential[i]))
    noise *= largest
    changed, size = 0.0, 1e-300
    for c in range(flow.size):
        step = ahead[c] + conductance[c] * (correction[start[c]] - correction[end[c]]) - flow[c]
        change[c] = step
        changed += max(abs(step) - noise * conductance[c], 0.0)
        size += abs(flow[c] + step)
    return changed, size


@kernel
def still_missing(start, end, flow, total, demand, count):
    """What is taken at each unknown minus what its chains bring; zero at fixed places."""
    missing = np.zeros(count)
    for i in range(demand.size):
        missing[i] = demand[i]
    for c in range(flow.size):
        missing[start[c]] += flow[c]
        missing[end[c]] -= flow[c] - total[c]
    for i in range(demand.size, count):
        missing[i] = 0.0
    return missing


# after the iteration -------------------------------------------------------------------------------------


@kernel
def all_flows(start, edge, forward, chain_flow, leaf_node, leaf_parent, leaf_edge, taken, flow):
    """Flows of all edges from start to end: those along the chains, and to each leaf what is taken there."""
    for t in range(edge.size):
        flow[edge[t]] = chain_flow[t] if forward[t] else -chain_flow[t]
    for t in range(leaf_node.size):
        q = taken[leaf_node[t]]
        flow[leaf_edge[t]] = q if start[leaf_edge[t]] == leaf_parent[t] else -q


@kernel
def within_chains(
    chain_start, chain_end, chain_from, edge, forward, next_node, edge_drop, edge_slope, noise, potential, residual
):
    """Potentials within chains into `potential`, and what the drops miss into `residual`.

    From both ends of each chain to its steepest edge, which bears what is left: it notices it least. What
    rounding of flows (`noise`) alone can make of the drop of a steep edge is no residual.
    """
    for c in range(chain_start.size):
        first, last = chain_from[c], chain_from[c + 1] - 1
        steepest = first
        for t in range(first + 1, last + 1):
            if edge_slope[t] >= edge_slope[steepest]:
                steepest = t
        p = potential[chain_start[c]]
        for t in range(first, steepest):
            p -= edge_drop[t]
            potential[next_node[t]] = p
        q = potential[chain_end[c]]
        for t in range(last, steepest, -1):
            q += edge_drop[t]
            potential[next_node[t - 1]] = q
        left, bearable = edge_drop[steepest] - (p - q), noise * edge_slope[steepest]
        left -= min(max(left, -bearable), bearable)
        residual[edge[steepest]] = left if forward[steepest] else -left


@kernel
def of_leaves(start, leaf_node, leaf_parent, leaf_edge, drop, potential):
    """Potentials of leaves, from those nearest to what stays outwards."""
    for t in range(leaf_node.size - 1, -1, -1):
        k = leaf_edge[t]
        potential[leaf_node[t]] = potential[leaf_parent[t]] - (drop[k] if start[k] == leaf_parent[t] else -drop[k])
