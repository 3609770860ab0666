"""Temperature regulation: supply, return and flow against outdoor temperature, of users and of the network before them.

Temperatures in one scale, degC or K; arrays of shape (kinds, outdoor temperatures), where a kind is a group of
stations with the same design temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gisheat.errors import InputError
from gisheat.physics.heat import logarithmic_mean

Array = NDArray[np.float64]
Regulation = Literal["quality", "quantity", "stepped", "combined"]
SecondaryRegulation = Literal["quality", "stepped", "combined"]
CONNECTIONS = ("indirect", "direct", "mixing")
_BISECTIONS = 64
_HELD = 1e-9
"""Supply above the one that is asked for [K] from which on the flow is throttled."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of stations at design, arrays of shape (kinds,)."""

    supply: Array
    """Of the network."""
    back: Array
    secondary_supply: Array
    secondary_return: Array
    exponent: Array
    """b of the heat that radiators give, which goes with the temperature difference to the power 1 + b."""
    connection: NDArray[np.int8]
    """Index into CONNECTIONS."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How flows are led."""

    primary: Regulation = "quality"
    secondary: SecondaryRegulation = "quality"
    flow_exponent: float = 1.0
    """m of the combined regulation: relative flow = relative load ** m."""
    flow_steps: tuple[float, ...] = (1.0, 0.8, 0.6)
    """Relative flows of the stepped regulation."""
    least_supply: float = -np.inf
    """Supply temperature of the network that is never undercut."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Temperatures and relative flows; shape (kinds, outdoor temperatures) where nothing else is said."""

    outdoor: Array
    """Shape (outdoor temperatures,)."""
    load: Array
    """Relative load, shape (outdoor temperatures,)."""
    supply: Array
    back: Array
    flow: Array
    secondary_supply: Array
    secondary_return: Array
    secondary_flow: Array


def relative_load(outdoor: ArrayLike, indoor: float, design_outdoor: float) -> Array:
    """Heat load relative to the design load: q = (tn - tw) / (tn - tw').

    Examples
    --------
    >>> round(float(relative_load(-9.4, 18.0, -24.2)), 3)
    0.649
    """
    return np.asarray((indoor - np.asarray(outdoor, float)) / (indoor - design_outdoor))


def relative_flow(kind: Regulation, load: Array, *, exponent: float = 1.0, steps: Sequence[float] = (1.0,)) -> Array:
    """Flow relative to the design flow that a regulation prescribes, shape of `load`; NaN where the supply decides.

    Quality: 1. Combined: q^m. Stepped: the smallest step that is not below q, so that the temperature difference never
    exceeds the one of the design. Quantity: NaN, the flow follows from the supply temperature.

    Examples
    --------
    >>> relative_flow("stepped", np.array([1.0, 0.8, 0.7, 0.2]), steps=(1.0, 0.8, 0.6))
    array([1. , 0.8, 0.8, 0.6])
    """
    if kind == "quality":
        return np.ones(np.shape(load))
    if kind == "combined":
        return np.asarray(load**exponent)
    if kind == "stepped":
        rising = np.sort(np.asarray(steps, float))
        return np.asarray(rising[np.minimum(np.searchsorted(rising, load - 1e-12), len(rising) - 1)])
    return np.full(np.shape(load), np.nan)


def user_temperatures(
    load: ArrayLike, flow: ArrayLike, indoor: float, supply: ArrayLike, back: ArrayLike, exponent: ArrayLike
) -> tuple[Array, Array]:
    """Supply and return temperature of heated rooms [1]_: t = tn + dtm q^(1/(1+b)) +- dt q / 2G.

    Parameters
    ----------
    load, flow : array
        Relative load q > 0 and relative flow G > 0.
    indoor : float
        Indoor temperature tn.
    supply, back : array
        Design temperatures; dtm is their mean above tn, dt their difference.
    exponent : array
        b: radiators about 0.3, floor heating 0 to 0.1; with 0 all temperatures are straight lines.

    Notes
    -----
    The mean excess is the arithmetic one. It holds while the return stays well above tn: small flows at small loads
    end there.

    References
    ----------
    .. [1] He Ping, Sun Gang et al. Heating Engineering (in Chinese), China Architecture & Building Press: central
       regulation of hot-water heating.

    Examples
    --------
    >>> supply, back = user_temperatures(0.5, 1.0, 18.0, 60.0, 45.0, 0.3)  # Mulan at -3.1 degC
    >>> round(float(supply), 1), round(float(back), 1)
    (42.0, 34.5)
    """
    q, hot, cold = (np.asarray(v, float) for v in (load, supply, back))
    mean = indoor + (0.5 * (hot + cold) - indoor) * q ** (1.0 / (1.0 + np.asarray(exponent, float)))
    half = 0.5 * (hot - cold) * q / np.asarray(flow, float)
    return np.asarray(mean + half), np.asarray(mean - half)


def user_flow(
    load: ArrayLike, held: ArrayLike, indoor: float, supply: ArrayLike, back: ArrayLike, exponent: ArrayLike
) -> Array:
    """Relative flow of heated rooms whose supply temperature is held; NaN where their return would come below tn.

    It follows from the temperatures of `user_temperatures`, solved for G.
    """
    q, hot, cold, top = (np.asarray(v, float) for v in (load, supply, back, held))
    excess = (0.5 * (hot + cold) - indoor) * q ** (1.0 / (1.0 + np.asarray(exponent, float)))
    half = top - indoor - excess
    with np.errstate(divide="ignore", invalid="ignore"):
        flow = 0.5 * (hot - cold) * q / half
    return np.where((half > 0.0) & (half < excess), flow, np.nan)


def exchanger_temperatures(
    load: Array, flow: Array, users: tuple[Array, Array, Array], design: tuple[Array, Array, Array, Array]
) -> tuple[Array, Array]:
    """Primary supply and return temperature with which an exchanger gives its load.

    The counter-flow exchanger's transfer coefficient goes with the root of both flows (as in
    `physics.heat.delivered_share`), so its logarithmic mean difference is M = M' q / sqrt(G1 G2). With the difference
    of its terminals, D = q (dt1' / G1 - dt2' / G2), that is solved in closed form: the colder terminal has
    M x / (e^x - 1), x = D / M, which is M where x = 0. The plan of Mulan prints the case G1 = q, G2 = 1.

    Parameters
    ----------
    load, flow : array
        Relative load q > 0 and relative primary flow G1 > 0.
    users : (array, array, array)
        Secondary supply, return and relative flow G2 at this load.
    design : (array, array, array, array)
        Design temperatures: primary supply and return, secondary supply and return.
    """
    _, down, flow_2 = users
    hot, cold, hot_2, cold_2 = design
    mean = logarithmic_mean(hot - hot_2, cold - cold_2) * load / np.sqrt(flow * flow_2)
    drop = load * (hot - cold) / flow
    x = (drop - load * (hot_2 - cold_2) / flow_2) / mean
    with np.errstate(over="ignore"):  # an endless ratio of the terminals leaves nothing at the colder one
        colder = mean * np.where(np.abs(x) < 1e-12, 1.0, x / np.expm1(np.where(np.abs(x) < 1e-12, 1.0, x)))
    back = down + colder
    return np.asarray(back + drop), np.asarray(back)


def exchanger_flow(
    load: Array, supply: Array, users: tuple[Array, Array, Array], design: tuple[Array, Array, Array, Array]
) -> Array:
    """Relative primary flow with which an exchanger gives its load at a supply temperature.

    The relation of `exchanger_temperatures` solved for G1 by bisection; NaN where the supply is not above the secondary
    one. The arguments are those of `exchanger_temperatures`.
    """
    up, _, flow_2 = users
    hot, cold, hot_2, cold_2 = design
    design_mean = logarithmic_mean(hot - hot_2, cold - cold_2)
    warmer = supply - up
    gain = load * (hot_2 - cold_2) / flow_2
    low = np.zeros(np.broadcast_shapes(np.shape(load), np.shape(supply), np.shape(up)))
    high = np.maximum(
        (warmer + gain) / (load * (hot - cold)), low
    )  # of 1 / G1: there the colder terminal has nothing left
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        colder = warmer - load * (hot - cold) * middle + gain
        more = logarithmic_mean(warmer, colder) > design_mean * load * np.sqrt(middle / flow_2)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(warmer > 0.0, 2.0 / (low + high), np.nan)


def regulate(
    kinds: Kinds, outdoor: ArrayLike, *, indoor: float, design_outdoor: float, rule: Rule | None = None
) -> Curves:
    """Temperatures and flows of all kinds of stations at outdoor temperatures.

    All kinds with the same design supply temperature hang on one supply. It has the temperature that the kind needs
    which needs the most with the flow that the rule prescribes; the others throttle their flow, and so do all where
    the supply is held at its least temperature or, with quantity regulation, at that of the design.

    Parameters
    ----------
    kinds : Kinds
    outdoor : array, shape (n,)
        Outdoor temperatures below the indoor temperature; below the design temperature loads exceed those of design.
    indoor, design_outdoor : float
        Temperatures tn and tw' of the relative load.
    rule : Rule, optional

    Raises
    ------
    InputError
        If an outdoor temperature leaves no load, or a supply temperature can't be held with any flow.

    Examples
    --------
    The plan of Mulan at -12 degC:

    >>> kinds = Kinds(*np.array([[85.0], [65.0], [60.0], [45.0], [0.3]]), np.zeros(1, np.int8))
    >>> found = regulate(kinds, [-12.0], indoor=18.0, design_outdoor=-24.2, rule=Rule("combined"))
    >>> found.supply.round(1), found.back.round(1), found.secondary_supply.round(1), found.secondary_return.round(1)
    (array([[73.8]]), array([[53.8]]), array([[49.9]]), array([[39.2]]))
    """
    rule = rule or Rule()
    tw = np.atleast_1d(np.asarray(outdoor, float))
    load = relative_load(tw, indoor, design_outdoor)
    if (load <= 0.0).any():
        warm = tw[int(np.argmax(load <= 0.0))]
        raise InputError(f"at {warm:g} degC outside there is no heat load: it is not below the indoor {indoor:g} degC.")
    shape = (len(kinds.supply), len(load))
    led, led_2 = (
        np.broadcast_to(relative_flow(k, load, exponent=rule.flow_exponent, steps=rule.flow_steps), shape)
        for k in (rule.primary, rule.secondary)
    )
    design = tuple(
        v[:, None] for v in (kinds.supply, kinds.back, kinds.secondary_supply, kinds.secondary_return)
    )  # fmt: skip
    direct = (kinds.connection == CONNECTIONS.index("direct"))[:, None]
    if rule.primary == "quantity":
        supply, throttled = np.maximum(np.broadcast_to(design[0], shape), rule.least_supply), np.ones(shape, bool)
    else:
        own = _asked_supply(kinds, load, led, np.where(direct, led, led_2), indoor, design)
        supply = np.maximum(_common(kinds.supply, own), rule.least_supply)
        throttled = supply > own + _HELD
    flow = np.where(throttled, _throttled_flow(kinds, load, supply, led_2, indoor, design), led)
    flow_2 = np.where(direct, flow, led_2)
    up, down = user_temperatures(load, flow_2, indoor, design[2], design[3], kinds.exponent[:, None])
    possible = (flow > 0.0) & (down > indoor) & (supply > up - _HELD)
    _refuse_impossible(kinds, possible, supply, tw)
    back = supply - load * (design[0] - design[1]) / flow
    return Curves(tw, load, supply, back, flow, up, down, flow_2)


def _common(design_supply: Array, own: Array) -> Array:
    """Largest supply temperature of those that kinds with the same design supply need."""
    supply = np.empty(own.shape)
    for temperature in np.unique(design_supply):
        same = design_supply == temperature
        supply[same] = own[same].max(axis=0)
    return supply


def _asked_supply(
    kinds: Kinds, load: Array, flow: Array, flow_2: Array, indoor: float, design: tuple[Array, ...]
) -> Array:
    """Supply temperature that each kind needs with the flow that is prescribed."""
    hot, cold, hot_2, cold_2 = design
    up, down = user_temperatures(load, flow_2, indoor, hot_2, cold_2, kinds.exponent[:, None])
    supply = down + load * (hot - cold) / flow  # mixing and direct: the users' return is that of the network
    indirect = kinds.connection == 0
    if indirect.any():
        i = indirect
        users, at_design = (up[i], down[i], flow_2[i]), (hot[i], cold[i], hot_2[i], cold_2[i])
        supply[i] = exchanger_temperatures(load, flow[i], users, at_design)[0]
    return supply


def _throttled_flow(
    kinds: Kinds, load: Array, supply: Array, flow_2: Array, indoor: float, design: tuple[Array, ...]
) -> Array:
    """Relative flow of each kind at a supply temperature, NaN where none gives the load."""
    hot, cold, hot_2, cold_2 = design
    b = kinds.exponent[:, None]
    up, down = user_temperatures(load, flow_2, indoor, hot_2, cold_2, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        flow = np.where(supply > np.maximum(up, down), load * (hot - cold) / (supply - down), np.nan)
    i = kinds.connection == 0
    if i.any():
        users, at_design = (up[i], down[i], flow_2[i]), (hot[i], cold[i], hot_2[i], cold_2[i])
        flow[i] = exchanger_flow(load, supply[i], users, at_design)
    i = kinds.connection == CONNECTIONS.index("direct")
    flow[i] = user_flow(load, supply[i], indoor, hot_2[i], cold_2[i], b[i])
    return flow


def _refuse_impossible(kinds: Kinds, possible: NDArray[np.bool_], supply: Array, outdoor: Array) -> None:
    if not possible.all():
        kind, at = np.argwhere(~possible)[0]
        raise InputError(
            f"at {outdoor[at]:g} degC outside no flow gives stations of"
            f" {kinds.secondary_supply[kind]:g}/{kinds.secondary_return[kind]:g} degC their heat with a supply of"
            f" {supply[kind, at]:.1f} degC and a return above the indoor temperature: choose another regulation, or"
            " another least supply temperature."
        )
