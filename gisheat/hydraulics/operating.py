"""A network as it is to be operated: stations controlled otherwise, pumps at another speed, things out of service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gisheat.errors import InputError
from gisheat.hydraulics.sources import connected
from gisheat.network import STATION_CONTROLS, Mask, Network


def operated(
    network: Network, *, station_control: str = "as_given", pump_speed: float = 1.0, outage: Sequence[str] = ()
) -> tuple[Network, Mask]:
    """Return the network in another state, and the stations that this cuts off, shape (stations,).

    Parameters
    ----------
    station_control : str
        One of STATION_CONTROLS for all stations, or as_given.
    pump_speed : float
        Factor of the speed of all pumps that have a curve.
    outage : sequence of str
        Identifiers of pipes, pumps and sources that are out of service.

    Raises
    ------
    InputError
        For an unknown word or identifier.
    """
    stations, sources, pumps = network.stations, network.sources, network.pumps
    if station_control != "as_given":
        if station_control not in STATION_CONTROLS:
            known = ", ".join(("as_given", *STATION_CONTROLS))
            raise InputError(f"station_control {station_control!r} is unknown; choose one of {known}.")
        control = np.full(len(stations), STATION_CONTROLS.index(station_control), np.int8)
        stations = replace(stations, control=control)
    out = {str(name) for name in outage}
    known_ids = {str(i) for table in (network.pipes, sources, pumps) for i in table.id}
    # a pipe that was cut is meant with all its parts
    parts = {i for i in known_ids if i.rpartition(".")[0] in out}
    unknown = sorted(out - known_ids - {i.rpartition(".")[0] for i in parts})
    if unknown:
        raise InputError(f"outage: there is no pipe, pump or source {unknown[0]!r}.")
    out |= parts

    def standing(ids: np.ndarray) -> Mask:
        return ~np.isin(ids.astype(str), list(out)) if out else np.ones(len(ids), bool)

    changed = replace(
        network,
        pipes=replace(network.pipes, in_service=network.pipes.in_service & standing(network.pipes.id)),
        stations=stations,
        sources=replace(
            sources, in_service=sources.in_service & standing(sources.id), pump_speed=sources.pump_speed * pump_speed
        ),
        pumps=replace(pumps, running=pumps.running & standing(pumps.id), speed=pumps.speed * pump_speed),
    )
    if not out:
        return changed, np.zeros(len(stations), bool)
    joined, fed = connected(changed)
    cut_off = stations.in_service & ~joined
    return replace(
        changed,
        stations=replace(changed.stations, in_service=stations.in_service & joined),
        sources=replace(changed.sources, in_service=changed.sources.in_service & fed),
    ), cut_off
