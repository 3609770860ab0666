"""The sources of a phase in the order in which they are loaded, and what is to be remarked of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisheat.dispatch import Dispatch, Security, supply_security
from gisheat.findings import Finding, Severity, findings_about
from gisheat.load_duration import HOUR
from gisheat.network import Array, Text
from gisheat.phases import standing
from gisheat.schema import columns
from gisheat.state import State
from gisheat.topology.attributes import numbers, words


@dataclass(frozen=True)
class Plants:
    """Sources of a phase in the order in which they are loaded: base, peak, reserve; arrays of shape (sources,)."""

    table: pd.DataFrame
    """Their rows of the sources layer."""
    role: Text
    capacity: Array
    """[W]"""
    largest_unit: Array
    """[W]"""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.capacity)

    def security(self, load: float, *, with_reserve: bool) -> Security:
        """Security of supply of these sources against the largest load [W]."""
        used = np.ones(len(self), bool) if with_reserve else self.role != "reserve"
        return supply_security(self.capacity[used], self.largest_unit[used], load)

    @property
    def has_reserve(self) -> bool:
        """Whether any source stands in reserve."""
        return bool((self.role == "reserve").any())


def find_plants(state: State, phase: str) -> Plants:
    """Sources that stand in a phase and state a capacity, in the order in which they are loaded."""
    table = state.layers.get("sources")
    table = table[standing(words(table, "phase"), phase or None, state.order)]
    names, capacity = words(table, "source_id"), numbers(table, "capacity_mw")
    unknown = np.isnan(capacity)
    findings = findings_about(
        table[unknown], "capacity-unknown", "warning", "sources",
        (f"source {name} states no capacity_mw: it is left out of the load duration." for name in names[unknown]),
    )  # fmt: skip
    table, capacity = table[~unknown], capacity[~unknown]
    unit = numbers(table, "largest_unit_mw")
    role = words(table, "role", "base")
    ranks = {name: rank for rank, name in enumerate(columns("sources")["role"].choices)}
    order = np.argsort([ranks[r] for r in role], kind="stable")
    names, above = words(table, "source_id"), unit > capacity
    findings += findings_about(
        table[above], "unit-above-capacity", "warning", "sources",
        (f"source {name} states a largest unit above its capacity: the capacity counts." for name in names[above]),
    )  # fmt: skip
    whole = ", ".join(str(n) for n in names[np.isnan(unit)])
    notes = (f"sources that state no largest_unit_mw count as one unit each: {whole}",) if whole else ()
    unit = np.fmin(unit, capacity)
    return Plants(table.iloc[order], role[order], capacity[order], unit[order], tuple(findings), notes)


def gap_findings(plants: Plants, supply: Dispatch, largest: float) -> list[Finding]:
    """Whether the sources suffice for the design load [W], and whether it takes the reserve along the curve."""
    total = float(plants.capacity.sum())
    if total < largest:
        message = (
            f"All sources together give {total / 1e6:.1f} MW, the design load is {largest / 1e6:.1f} MW:"
            f" {(largest - total) / 1e6:.1f} MW are missing, {supply.unmet_time / HOUR:.0f} h of the year are not fully"
            f" met, and {supply.unmet_heat / 1e9:.0f} GJ are not given."
        )
        return [Finding("capacity-gap", "error", "sources", message)]
    reserve = plants.role == "reserve"
    hours = float(((supply.output[reserve] > 0.0).any(axis=0) * supply.time).sum()) / HOUR if reserve.any() else 0.0
    if hours == 0.0:
        return []
    message = (
        f"Base and peak sources give {plants.capacity[~reserve].sum() / 1e6:.1f} MW, the design load is"
        f" {largest / 1e6:.1f} MW: the reserve runs {hours:.0f} h of the year, and is none in these hours."
    )
    return [Finding("capacity-gap", "warning", "sources", message)]


def security_findings(plants: Plants, load: float, guaranteed: float, design: float) -> list[Finding]:
    """Whether the guaranteed share is given when the largest unit is out; the reserve counts."""
    alone, all_of_them = (plants.security(load, with_reserve=w) for w in (False, True))
    if alone.share >= guaranteed:
        return []
    severity: Severity = "warning" if all_of_them.share < guaranteed else "info"
    security = all_of_them if severity == "warning" else alone
    used = np.ones(len(plants), bool) if security is all_of_them else plants.role != "reserve"
    if not used.any():
        used[:] = True
    worst = int(np.flatnonzero(used)[np.argmax(plants.largest_unit[used])])
    name = plants.table["source_id"].iloc[worst]
    with_reserve = f"; with the reserve it is {all_of_them.share:.2%}" if severity == "info" else ""
    message = (
        f"Without the largest unit ({security.largest_unit / 1e6:.1f} MW of source {name})"
        f" {security.remaining / 1e6:.1f} MW are left, {security.share:.2%} of the largest load;"
        f" {guaranteed:.0%} is to be guaranteed at a design outdoor temperature of {design:g} degC{with_reserve}."
    )
    return findings_about(plants.table.iloc[[worst]], "security-below-guarantee", severity, "sources", [message])
