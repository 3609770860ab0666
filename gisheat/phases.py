"""Phases: what stands in which phase. A feature's phase means "from this phase on"; none means always."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.project import did_you_mean

USUAL_ORDER = ("existing", "near", "far")


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
    if names <= set(USUAL_ORDER):
        return USUAL_ORDER
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
