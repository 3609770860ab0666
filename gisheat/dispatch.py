"""Which source gives how much along a load duration curve, and what is left when the largest unit is out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from gisheat.catalogue import read_rows
from gisheat.network import Array


@dataclass(frozen=True)
class Dispatch:
    """Outputs of sources along a load curve; k sources in the order in which they are loaded, n steps."""

    output: Array
    """[W], shape (k, n)."""
    unmet: Array
    """Load that no source gives [W], shape (n,)."""
    time: Array
    """Length of each step [s], shape (n,)."""
    capacity: Array
    """[W], shape (k,)."""

    @property
    def heat(self) -> Array:
        """Heat of each source [J], shape (k,)."""
        return self.output @ self.time

    @property
    def share(self) -> Array:
        """Share of each source in the heat that is asked for, shape (k,)."""
        asked = float(self.heat.sum() + self.unmet_heat)
        return self.heat / asked if asked > 0.0 else np.zeros(len(self.capacity))

    @property
    def running(self) -> Array:
        """Time in which each source gives anything [s], shape (k,)."""
        return (self.output > 0.0) @ self.time

    @property
    def full_load(self) -> Array:
        """Time in which each source would give its heat at full load [s], shape (k,); NaN without capacity."""
        return np.divide(self.heat, self.capacity, out=np.full(len(self.capacity), np.nan), where=self.capacity > 0.0)

    @property
    def unmet_heat(self) -> float:
        """Heat that no source gives [J]."""
        return float(np.dot(self.unmet, self.time))

    @property
    def unmet_time(self) -> float:
        """Time in which the sources do not suffice [s]."""
        return float(self.time[self.unmet > 0.0].sum())

    @property
    def gap(self) -> float:
        """Largest load that no source gives [W]."""
        return float(self.unmet.max(initial=0.0))


def dispatch(load: Array, time: Array, capacity: Array) -> Dispatch:
    """Load sources one after the other: each gives what those before it leave, up to its capacity.

    Parameters
    ----------
    load, time : array, shape (n,)
        Load [W] and length [s] of each step.
    capacity : array, shape (k,)
        Capacity [W] in the order in which the sources are loaded: base first.

    Examples
    --------
    >>> found = dispatch(np.array([100.0, 60.0, 20.0]), np.ones(3), np.array([50.0, 30.0]))
    >>> found.output.tolist(), found.unmet.tolist()
    ([[50.0, 50.0, 20.0], [30.0, 10.0, 0.0]], [20.0, 0.0, 0.0])
    """
    below = np.concatenate([[0.0], np.cumsum(capacity)])
    left = load[None, :] - below[:, None]
    output = np.clip(left[:-1], 0.0, capacity[:, None])
    return Dispatch(output, np.maximum(left[-1], 0.0), time, capacity)


@dataclass(frozen=True, slots=True)
class Security:
    """What sources can still give when the largest unit among them is out."""

    capacity: float
    """Of all sources [W]."""
    largest_unit: float
    """[W]"""
    load: float
    """Largest load [W]."""

    @property
    def remaining(self) -> float:
        """Capacity without the largest unit [W]."""
        return self.capacity - self.largest_unit

    @property
    def share(self) -> float:
        """Remaining capacity relative to the largest load; may be above 1, infinite without a load."""
        return self.remaining / self.load if self.load > 0.0 else np.inf


def supply_security(capacity: Array, largest_unit: Array, load: float) -> Security:
    """Security of supply of some sources: all capacity less the largest unit, against the largest load.

    Parameters
    ----------
    capacity, largest_unit : array, shape (k,)
        [W]
    load : float
        Largest load [W].

    Examples
    --------
    Mulan, 185 MW with a boiler of 93.5 MW: near phase without and with the reserve plant of 40 MW, in percent

    >>> [
    ...     round(100 * supply_security(np.array(c), np.array(u), 140.37).share, 1)
    ...     for c, u in (([185.0], [93.5]), ([185.0, 40.0], [93.5, 40.0]))
    ... ]
    [65.2, 93.7]
    """
    return Security(float(capacity.sum()), float(largest_unit.max(initial=0.0)), load)


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A row of `data/guarantees.csv`: down to which design outdoor temperature [degC] which share holds."""

    coldest: float
    included: bool
    share: float
    source: str


@cache
def guarantees() -> tuple[Guarantee, ...]:
    """Guaranteed shares, the warmest range first."""
    rows = [
        Guarantee(float(r["coldest_c"] or "-inf"), r["coldest_included"] == "yes", float(r["share_percent"]) / 100.0,
                  r["source"])
        for r in read_rows("guarantees.csv")
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: -row.coldest))


def guaranteed_share(design_outdoor: float) -> float:
    """Share of the largest load that is to be given when a unit is out, by the design outdoor temperature [degC].

    >>> [guaranteed_share(t) for t in (-5.0, -10.0, -20.0, -24.2)]
    [0.4, 0.55, 0.55, 0.65]
    """
    reached = (g for g in guarantees() if design_outdoor > g.coldest or (g.included and design_outdoor == g.coldest))
    return next(reached).share
