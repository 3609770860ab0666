"""What pressures and heads have to keep to: margins, classes of pipes, users that hang on the network directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gisheat.hydraulics.heads import BOILING_MARGIN, LEAST_RETURN
from gisheat.network import Array, Network
from gisheat.physics.pressure import air_pressure
from gisheat.physics.water import saturation_pressure
from gisheat.results import Results
from gisheat.topology import Drawing
from gisheat.topology.attributes import numbers, words

EMPTYING_MARGIN = 3.0
"""Head above what must stay full [m]: the least of the customary 3 to 5 m."""
PRESSURE_CLASS = 1.6e6
"""Gauge pressure that pipes stand [Pa]: the Mulan plan's figure for primary networks."""
SUCTION_MARGIN = 50e3
NPSH_MARGIN = 0.5
"""Head above the required NPSH [m]: the least of the customary 0.5 to 1 m."""
DIRECT = ("direct", "mixing")
"""Connections through which the water of the network reaches the users: only there their height counts."""


@dataclass(frozen=True)
class PressureLimits:
    """Margins and limits in SI; pressures are gauge [Pa]."""

    pipe_class: Array
    """What each pipe stands, shape (pipes,)."""
    user_top: Array
    """Top of direct users above the datum [m], shape (stations,), NaN where it does not count or is not known."""
    user_ground: Array
    """Ground of direct users above the datum [m], shape (stations,), NaN for the others."""
    user_pressure: Array
    """What direct users bear at their ground, shape (stations,), NaN for the others."""
    npsh: Array
    """Head that the circulation pumps of each source require at their suction [m], NaN where not known."""
    booster_npsh: Array
    """The same for booster pumps, shape (pumps,)."""
    boiling_margin: float = BOILING_MARGIN
    least_return: float = LEAST_RETURN
    emptying_margin: float = EMPTYING_MARGIN
    suction_margin: float = SUCTION_MARGIN
    npsh_margin: float = NPSH_MARGIN


def default_limits(network: Network, **replaced: Any) -> PressureLimits:
    """Limits of a network of which the arrays alone are known: every station is behind an exchanger."""
    none = np.full(len(network.stations), np.nan)
    known: dict[str, Any] = {
        "pipe_class": np.full(len(network.pipes), PRESSURE_CLASS), "user_top": none, "user_ground": none,
        "user_pressure": none, "npsh": np.full(len(network.sources), np.nan),
        "booster_npsh": np.full(len(network.pumps), np.nan),
    }  # fmt: skip
    return PressureLimits(**{**known, **replaced})


def limits_of(drawing: Drawing, network: Network, options: Mapping[str, Any]) -> PressureLimits:
    """Limits by the columns of the layers and, where they say nothing, by the options."""
    stations, pipes = drawing.stations, drawing.pipes
    direct = np.isin(words(stations, "connection", "indirect").astype(str), DIRECT)
    node = network.nodes.ground[network.stations.supply_node]
    own = numbers(stations, "ground_m")
    ground = np.where(direct, np.where(np.isnan(own), node, own), np.nan)
    usual = np.where(
        words(pipes, "level", "primary") == "secondary", options["secondary_class_kpa"], options["pressure_class_kpa"]
    )
    return PressureLimits(
        pipe_class=_stated(numbers(pipes, "design_pressure_kpa"), usual * 1e3),
        user_top=ground + numbers(stations, "user_top_m"),
        user_ground=ground,
        user_pressure=np.where(
            direct, _stated(numbers(stations, "max_pressure_kpa"), options["user_pressure_kpa"] * 1e3), np.nan
        ),
        npsh=numbers(drawing.sources, "pump_npsh_m"),
        booster_npsh=numbers(drawing.pumps, "npsh_m"),
        boiling_margin=options["boiling_margin_kpa"] * 1e3,
        least_return=options["least_return_kpa"] * 1e3,
        emptying_margin=options["emptying_margin_m"],
        suction_margin=options["suction_margin_kpa"] * 1e3,
        npsh_margin=options["npsh_margin_m"],
    )


def _stated(values: Array, otherwise: Array | float) -> Array:
    return np.asarray(np.where(np.isnan(values), otherwise, values), float)


def boiling_pressure(temperature_c: float | None, ground: Array, margin: float) -> Array:
    """Least gauge pressure [Pa] at which water stays liquid, p_sat - p_air + margin; NaN where no temperature is known.

    Parameters
    ----------
    temperature_c : float
        Temperature of the water [degC].
    ground : array
        Heights [m above the datum], taken as those above the sea.
    margin : float
        [Pa]

    Examples
    --------
    >>> [round(float(boiling_pressure(t, np.zeros(1), 0.0)[0]) / 1e3) for t in (85.0, 110.0, 130.0, 150.0)]
    [-43, 42, 169, 375]
    """
    if temperature_c is None:
        return np.full(np.shape(ground), np.nan)
    return saturation_pressure(temperature_c + 273.15) - air_pressure(ground) + margin


def user_limit_heads(results: Results, limits: PressureLimits) -> Array:
    """Largest return head of direct users [m above the datum], shape (stations,), NaN for the others."""
    at = results.conditions
    return np.asarray(limits.user_ground + limits.user_pressure / (at.mean.density * at.gravity))
