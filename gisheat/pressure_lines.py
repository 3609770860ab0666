"""The lines of a pressure diagram along a way: ground, supply, return, static line, limits, tops of direct users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisheat.hydraulics.heads import strongest_feed
from gisheat.network import Array, Index
from gisheat.physics.pressure import head
from gisheat.pressure_limits import PressureLimits, boiling_pressure, default_limits, user_limit_heads
from gisheat.pressure_ways import Way, find_way, links_of, return_way, source_at
from gisheat.results import Results

NEAR = 200.0
"""Length of pipes off the way [m] up to which direct users are shown at the place where theirs leaves it."""


@dataclass(frozen=True)
class User:
    """A direct station on the way or near it; heights above the datum [m]."""

    station: str
    place: int
    """Position in the nodes of the way where its connection leaves it."""
    ground: float
    top: float
    """NaN where it is not known."""
    limit: float
    """Largest return head that it bears."""


@dataclass(frozen=True)
class PressureLines:
    """Heads [m above the datum] at the nodes of a way, from the source on; arrays of shape (nodes,) and (pipes,).

    Supply and return are drawn over the way of the supply; in loops that of the return may differ.
    """

    source: str
    """Source at the beginning, empty where there is none."""
    station: str
    """Station at the end, empty where there is none."""
    names: tuple[str, ...]
    """Of the nodes; the last one is that of the station."""
    node: Index
    distance: Array
    """From the beginning along the trench [m]."""
    ground: Array
    supply: Array
    back: Array
    boiling: Array
    """Least head of the supply at which it stays liquid with its margin, NaN where no temperature is known."""
    lowest: Array
    """Least head of the return."""
    highest: Array
    """Head at which the pressure class of the pipes is reached."""
    users: tuple[User, ...]
    """Direct users on or near the way; those behind an exchanger do not count."""
    static: float
    required: float
    """Head that the station needs [m], NaN without one."""
    plant: float
    """Head that the plant loses at the source [m], NaN without one."""
    pump_head: float
    """NaN without a source."""
    circulation: float
    """Part of the difference of heads that the unequal weight of the columns gives from end to end [m]."""
    pipe: Index
    """Pipes between the nodes, -1 where a valve or a pump is passed."""
    return_pipes: tuple[str, ...]
    """Pipes of the return that the way does not pass; empty where it takes the same way."""

    @property
    def available(self) -> float:
        """Available head at the end [m]."""
        return float(self.supply[-1] - self.back[-1])


def pressure_lines(results: Results, way: Way | None = None, limits: PressureLimits | None = None) -> PressureLines:
    """Lines along a way.

    Parameters
    ----------
    results : Results
        A solved network of supply and return.
    way : Way, optional
        By `find_way`; that to the station with the least surplus head when none is given.
    limits : PressureLimits, optional
        The usual ones when not given.

    Raises
    ------
    InputError
        If nothing flows to the station.
    """
    way = find_way(results) if way is None else way
    limits = default_limits(results.network) if limits is None else limits
    assert results.source is not None
    network, at = results.network, results.conditions
    nodes, pipes, source = way.nodes, way.pipes, source_at(results, int(way.nodes[0]))
    ground, scale = network.nodes.ground[nodes], (at.mean.density, at.gravity)
    distance = np.concatenate([[0.0], np.cumsum(np.where(pipes >= 0, network.pipes.length[pipes], 0.0))])
    boiling = np.fmax(boiling_pressure(at.supply_temp_c, ground, limits.boiling_margin), limits.least_return)
    pump = float(results.source.pump_head[source]) if source >= 0 else np.nan
    between = float(results.source.supply_head[source] - results.source.return_head[source]) if source >= 0 else np.nan
    station = str(network.stations.id[way.station]) if way.station >= 0 else ""
    own = return_way(results, way)
    return PressureLines(
        source=str(network.sources.id[source]) if source >= 0 else "", station=station,
        names=(*map(str, network.nodes.id[nodes[:-1]]), station or str(network.nodes.id[nodes[-1]])),
        node=nodes, distance=distance, ground=ground, supply=results.supply.head[nodes],
        back=_return_heads(results, way, distance, source),
        boiling=head(boiling, ground, *scale) if at.supply_temp_c is not None else np.full(len(nodes), np.nan),
        lowest=head(np.full(len(nodes), limits.least_return), ground, *scale),
        highest=head(_classes(limits, pipes), ground, *scale),
        users=_users_near(results, way, limits), static=results.static_line,
        required=float(network.stations.required_head[way.station]) if way.station >= 0 else np.nan,
        plant=pump - between, pump_head=pump,
        circulation=float((at.supply.density - at.back.density) / at.mean.density * (ground[-1] - ground[0])),
        pipe=pipes, return_pipes=tuple(str(network.pipes.id[p]) for p in own.tolist() if p not in pipes),
    )  # fmt: skip


def _return_heads(results: Results, way: Way, distance: Array, source: int) -> Array:
    """Heads of the return beside the nodes of the supply, shape (nodes,); straight where it has no such node."""
    network = results.network
    assert results.back is not None
    found = results.back.head[way.nodes]
    if source >= 0:
        found[0] = results.back.head[network.sources.return_node[source]]
    if way.station >= 0:
        found[-1] = results.back.head[network.stations.return_node[way.station]]
    known = ~np.isnan(found)
    return np.interp(distance, distance[known], found[known]) if known.any() else found


def _classes(limits: PressureLimits, pipes: Index) -> Array:
    """What is stood at each node of a way [Pa], shape (nodes,): the less of the pipes that meet there."""
    own = np.where(pipes >= 0, limits.pipe_class[pipes], np.inf)
    at = np.minimum(np.append(own, np.inf), np.append(np.inf, own))
    return np.where(np.isinf(at), own.min(initial=np.inf), at)


def _users_near(results: Results, way: Way, limits: PressureLimits) -> tuple[User, ...]:
    """Direct users whose supply leaves the way no more than `NEAR` before them, in the order of the way."""
    direct = np.flatnonzero(~np.isnan(limits.user_ground) & results.network.stations.in_service)
    if not len(direct):
        return ()
    links, length = links_of(results, supply=True), results.network.pipes.length
    best, behind = strongest_feed(len(results.network.nodes), links.start, links.end, links.flow, links.pipe)
    place = {int(node): k for k, node in enumerate(way.nodes)}
    most, found = user_limit_heads(results, limits), []
    for i in direct.tolist():
        node, far = int(results.network.stations.supply_node[i]), 0.0
        while node not in place and best[node] >= 0 and far <= NEAR:
            link = int(best[node])
            far += float(length[links.pipe[link]]) if links.pipe[link] >= 0 else 0.0
            node = int(behind[link])
        if node in place and far <= NEAR:
            name = str(results.network.stations.id[i])
            found.append(User(name, place[node], *map(float, (limits.user_ground[i], limits.user_top[i], most[i]))))
    return tuple(sorted(found, key=lambda user: (user.place, user.station)))


def limit_of_users(lines: PressureLines) -> Array:
    """Least of the limits of the return of direct users at each node, shape (nodes,), NaN where there are none."""
    least = np.full(len(lines.node), np.nan)
    for user in lines.users:
        least[user.place] = np.fmin(least[user.place], user.limit)
    return least


def top_of_users(lines: PressureLines) -> Array:
    """Highest top of direct users at each node [m above the datum], shape (nodes,), NaN where there are none."""
    most = np.full(len(lines.node), np.nan)
    for user in lines.users:
        most[user.place] = np.fmax(most[user.place], user.top)
    return most


def lines_table(results: Results, lines: PressureLines) -> pd.DataFrame:
    """The lines as a table, a row for each node; pipe columns are those of the pipe that leads to the node."""
    network = results.network
    led = np.concatenate([[-1], lines.pipe])
    real = led >= 0

    def of_pipe(values: Array, factor: float = 1.0) -> Array:
        return np.where(real, values[led] * factor, np.nan)

    return pd.DataFrame(
        {
            "node_id": list(lines.names),
            "distance_m": lines.distance,
            "ground_m": lines.ground,
            "sup_head_m": lines.supply,
            "ret_head_m": lines.back,
            "available_head_m": lines.supply - lines.back,
            "static_line_m": lines.static,
            "boiling_head_m": lines.boiling,
            "least_head_m": lines.lowest,
            "class_head_m": lines.highest,
            "user_limit_head_m": limit_of_users(lines),
            "user_top_head_m": top_of_users(lines),
            "pipe_id": np.where(real, network.pipes.id[led], ""),
            "length_m": of_pipe(network.pipes.length),
            "inner_diameter_mm": of_pipe(network.pipes.inner_diameter, 1e3),
            "sup_flow_t_h": np.abs(of_pipe(results.supply.flow, 3.6)),
            "sup_friction_pa_m": of_pipe(results.supply.friction),
        }
    )
