"""What a result that is read again knows already: which nodes valves and pumps added, which ends lie on which nodes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gisheat.noding import EXACT, RETURN, SUPPLY
from gisheat.numerics.incidence import components
from gisheat.topology.cutting import Array, Index
from gisheat.topology.devices import Devices


def split_nodes(nodes: gpd.GeoDataFrame, devices: Devices) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """The nodes layer without the second nodes of valves and pumps, and the feature ids of these by name.

    A result holds both nodes of a valve at one place; as fixed points they would take the ends of the pipes
    from each other.
    """
    seconds = second_names(devices)
    if not len(nodes) or not seconds:
        return nodes, {}
    row = {name: i for i, name in enumerate(nodes["node_id"])}
    xy = places(nodes)
    found: dict[str, int] = {}
    for a, b in zip(devices.from_node, devices.to_node, strict=True):
        if a in row and b in row and np.abs(xy[row[a]] - xy[row[b]]).max() <= EXACT:
            found |= {name: row[name] for name in (a, b) if name in seconds}
    fids = nodes.index.to_numpy()
    return nodes.drop(index=fids[list(found.values())]), {name: int(fids[i]) for name, i in found.items()}


def second_names(devices: Devices) -> dict[str, str]:
    """Second nodes of valves and pumps in an earlier result, `N7.V1` being that of V1, and the first one of each.

    Of names that hang together one stays the first node: the shortest, where all of them look like second ones.
    """
    two = [i for i in range(len(devices)) if devices.names_two(i)]
    names = sorted({str(n) for i in two for n in (devices.from_node[i], devices.to_node[i])})
    number = {name: k for k, name in enumerate(names)}
    start = np.array([number[str(devices.from_node[i])] for i in two], np.int64)
    end = np.array([number[str(devices.to_node[i])] for i in two], np.int64)
    looks = np.zeros(len(names), bool)
    for i, a, b in zip(two, start.tolist(), end.tolist(), strict=True):
        like = [k for k in (a, b) if _is_named_after(names[k], devices.id[i])]
        looks[like or [b]] = True
    group = components(start, end, len(names))
    by_length = np.array(sorted(range(len(names)), key=lambda k: (looks[k], len(names[k]), names[k])), np.int64)
    first = by_length[np.unique(group[by_length], return_index=True)[1]]
    looks[first] = False
    return {
        name: names[first[g]] for name, g, second in zip(names, group.tolist(), looks.tolist(), strict=True) if second
    }


def _is_named_after(node: str, device: object) -> bool:
    return node.rstrip("_").endswith(f".{str(device).rstrip('_')}")


def places(nodes: gpd.GeoDataFrame) -> Array:
    """Places of nodes, shape (n, 2)."""
    return shapely.get_coordinates(shapely.get_geometry(nodes.geometry.to_numpy(), 0))


def settled_ends(pipes: gpd.GeoDataFrame, ends: Array, bits: Index, nodes: gpd.GeoDataFrame, devices: Devices) -> Index:
    """Row of the nodes layer that each end of a pipe names and lies on, -1 elsewhere; first the starts, then the ends.

    Nodes at one place that share a side have nothing between them (a valve was deleted, say): they settle nothing.
    """
    rows = np.full(len(ends), -1, np.int64)
    if not len(nodes) or not {"from_node", "to_node"} <= set(pipes.columns):
        return rows
    row = {name: i for i, name in enumerate(nodes["node_id"])}
    row |= {second: row[first] for second, first in second_names(devices).items() if first in row}
    names = np.concatenate([pipes["from_node"].to_numpy(object), pipes["to_node"].to_numpy(object)])
    rows[:] = [-1 if name is None else row.get(name, -1) for name in names]
    xy = places(nodes)
    rows[np.abs(xy[rows] - ends).max(axis=1) > EXACT] = -1
    known = rows >= 0
    carried = np.zeros(len(nodes), np.int64)
    np.bitwise_or.at(carried, rows[known], np.tile(bits, 2)[known])
    place = np.unique(xy, axis=0, return_inverse=True)[1].reshape(-1)
    shared = np.zeros(len(nodes), bool)
    for side in (SUPPLY, RETURN):
        shared |= (np.bincount(place, carried & side > 0) > 1)[place]
    rows[known & shared[rows]] = -1
    return rows
