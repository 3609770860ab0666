"""Phases: what stands in which phase. A feature's phase means "from this phase on"; none means always."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.findings import Finding, findings_about
from gisheat.project import USUAL_PHASES, did_you_mean
from gisheat.schema import ID_COLUMN


def phase_order(given: Sequence[str], used: Iterable[str | None]) -> tuple[str, ...]:
    """Order of the phases: as given, else the usual one when it covers those that features name.

    Raises
    ------
    InputError
        If features name phases and no order of them is known.
    """
    names = {u for u in used if u}
    if given:
        return tuple(given)
    if names <= set(USUAL_PHASES):
        return USUAL_PHASES
    raise InputError(
        f"the phases {', '.join(sorted(names))} have no order: give it in the project file, as in"
        ' [phases] order = ["existing", "near", "far"].'
    )


def standing(phases: Iterable[str | None], phase: str | None, order: Sequence[str]) -> NDArray[np.bool_]:
    """Which features stand in a phase, shape (n,); all when `phase` is None. Unknown phases count as standing.

    Raises
    ------
    InputError
        If the wanted phase is not in the order.
    """
    position = {name: i for i, name in enumerate(order)}
    if phase and phase not in position:
        raise InputError(f"the phase {phase!r} is unknown{did_you_mean(phase, tuple(order))}.")
    last = position[phase] if phase else len(order)
    return np.array([position.get(p or "", -1) <= last for p in phases], dtype=bool)


def unknown_phases(tables: Mapping[str, gpd.GeoDataFrame], order: Sequence[str]) -> list[Finding]:
    """Features that name a phase which the order does not have: they count as standing from the beginning."""
    found: list[Finding] = []
    for layer, table in tables.items():
        if "phase" not in table or layer not in ID_COLUMN:
            continue
        unknown = np.array([isinstance(p, str) and p != "" and p not in order for p in table["phase"]], bool)
        rows = table[unknown]
        messages = (
            f"{layer.rstrip('s')} {name}: the phase {phase!r} is unknown{did_you_mean(phase, tuple(order))}; it counts"
            " as standing from the beginning."
            for name, phase in zip(rows[ID_COLUMN[layer]], rows["phase"], strict=True)
        )
        found += findings_about(rows, "phase-unknown", "error", layer, messages)
    return found
