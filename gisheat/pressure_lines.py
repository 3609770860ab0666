"""The lines of a pressure diagram along the way from a source to a station: ground, supply, return, static, limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.hydraulics.heads import ATMOSPHERE, BOILING_MARGIN, path_upstream
from gisheat.network import Array, Index
from gisheat.physics.pressure import head
from gisheat.physics.water import saturation_pressure
from gisheat.project import did_you_mean
from gisheat.results import Results


@dataclass(frozen=True)
class PressureLines:
    """Heads [m above the datum] at the nodes of a path, from the source on; arrays of shape (nodes,) and (pipes,).

    Supply and return are drawn over the path of the supply; in loops that of the return may differ.
    """

    source: str
    station: str
    node: Index
    distance: Array
    """From the source along the trench [m]."""
    ground: Array
    supply: Array
    back: Array
    boiling: Array
    """Least head of the supply at which it stays liquid with its margin, NaN where no temperature is known."""
    lowest: Array
    """Least head of the return."""
    highest: Array
    """Head at which the pressure of the pipe class is reached."""
    static: float
    required: float
    """Head that the station needs [m]."""
    plant: float
    """Head that the plant loses at the source [m]."""
    pump_head: float
    pipe: Index
    """Pipes between the nodes, -1 where a valve or a pump is passed."""


def air_pressure(height: Array) -> Array:
    """Pressure of the air [Pa] at a height [m above sea level], International Standard Atmosphere (ISO 2533)."""
    return ATMOSPHERE * (1.0 - 2.25577e-5 * np.asarray(height, float)) ** 5.25588


def pressure_lines(
    results: Results, station: str = "", *, boiling_margin: float = BOILING_MARGIN, least_return: float = 50e3,
    pressure_class: float = 1.6e6,
) -> PressureLines:  # fmt: skip
    """Lines along the way to a station; to the one with the least surplus head when none is named.

    Parameters
    ----------
    results : Results
        A solved network of supply and return.
    station : str
        Identifier.
    boiling_margin : float
        Pressure of the supply above that at which it boils [Pa].
    least_return : float
        Least gauge pressure of the return [Pa].
    pressure_class : float
        Gauge pressure that pipes and fittings stand [Pa].

    Raises
    ------
    InputError
        If there is no such station, or nothing flows to it.
    """
    if results.station is None or results.back is None or results.critical is None or results.source is None:
        raise InputError("a one-pipe network has no pressure diagram of supply and return.")
    network, at = results.network, results.conditions
    stations, sources = network.stations, network.sources
    row = _row(results, station)
    nodes, pipes = _way(results, int(stations.supply_node[row]))
    origin = np.flatnonzero((sources.supply_node == nodes[0]) & sources.in_service)
    if not len(origin):
        raise InputError(f"station {stations.id[row]!r}: nothing flows to it from a source; there is no diagram.")
    first = int(origin[0])
    ground, scale = network.nodes.ground[nodes], (at.mean.density, at.gravity)
    distance = np.concatenate([[0.0], np.cumsum(np.where(pipes >= 0, network.pipes.length[pipes], 0.0))])
    boiling = np.full(len(nodes), np.nan)
    if at.supply_temp_c is not None:
        excess = saturation_pressure(at.supply_temp_c + 273.15) - air_pressure(ground) + boiling_margin
        boiling = head(np.maximum(excess, least_return), ground, *scale)
    found = results.source
    between = float(found.supply_head[first] - found.return_head[first])
    return PressureLines(
        source=str(sources.id[first]), station=str(stations.id[row]), node=nodes,
        distance=distance, ground=ground, supply=results.supply.head[nodes],
        back=_return_heads(results, nodes, distance, row, first), boiling=boiling,
        lowest=head(np.full(len(nodes), least_return), ground, *scale),
        highest=head(np.full(len(nodes), pressure_class), ground, *scale), static=results.static_line,
        required=float(stations.required_head[row]), plant=float(found.pump_head[first]) - between,
        pump_head=float(found.pump_head[first]), pipe=pipes,
    )  # fmt: skip


def _row(results: Results, station: str) -> int:
    assert results.critical is not None
    if not station:
        return results.critical.station
    known = results.network.stations.id.astype(str)
    at = np.flatnonzero(known == station)
    if not len(at):
        raise InputError(f"there is no station {station!r}{did_you_mean(station, tuple(known.tolist()))}.")
    return int(at[0])


def _way(results: Results, node: int) -> tuple[Index, Index]:
    """Nodes and pipes of the supply from a source to a node."""
    pipes, links = results.network.pipes, results.links
    used = np.flatnonzero(pipes.in_service & ~np.isnan(results.supply.flow))
    start, end, flow = pipes.start[used], pipes.end[used], results.supply.flow[used]
    if links is not None:
        side = np.flatnonzero(links.side == 0)
        start = np.concatenate([start, links.start[side]])
        end = np.concatenate([end, links.end[side]])
        flow = np.concatenate([flow, links.flow[side]])
        used = np.concatenate([used, np.full(len(side), -1)])
    return path_upstream(len(results.network.nodes), start, end, flow, used, node)


def _return_heads(results: Results, nodes: Index, distance: Array, station: int, source: int) -> Array:
    """Heads of the return beside the nodes of the supply, shape (nodes,); straight where it has no such node."""
    network = results.network
    assert results.back is not None
    head = results.back.head[nodes]
    head[0] = results.back.head[network.sources.return_node[source]]
    head[-1] = results.back.head[network.stations.return_node[station]]
    known = ~np.isnan(head)
    return np.interp(distance, distance[known], head[known])


def lines_table(results: Results, lines: PressureLines) -> pd.DataFrame:
    """The lines as a table, a row for each node; pipe columns are those of the pipe that leads to the node."""
    network = results.network
    led = np.concatenate([[-1], lines.pipe])
    real = led >= 0

    def of_pipe(values: Array, factor: float = 1.0) -> Array:
        return np.where(real, values[led] * factor, np.nan)

    return pd.DataFrame(
        {
            "node_id": [*network.nodes.id[lines.node[:-1]], lines.station],
            "distance_m": lines.distance,
            "ground_m": lines.ground,
            "sup_head_m": lines.supply,
            "ret_head_m": lines.back,
            "available_head_m": lines.supply - lines.back,
            "static_head_m": lines.static,
            "boiling_head_m": lines.boiling,
            "lowest_head_m": lines.lowest,
            "highest_head_m": lines.highest,
            "pipe_id": np.where(real, network.pipes.id[led], ""),
            "length_m": of_pipe(network.pipes.length),
            "inner_diameter_mm": of_pipe(network.pipes.inner_diameter, 1e3),
            "sup_flow_t_h": np.abs(of_pipe(results.supply.flow, 3.6)),
            "sup_friction_pa_m": of_pipe(results.supply.friction),
        }
    )
