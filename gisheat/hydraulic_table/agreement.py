"""The hydraulic calculation table: whether the printed figures of a table agree with each other.

Published tables carry slips: a bore that is not the one the friction was computed with, a loss that is not
friction times length. Each disagreement is a finding that names the figure which would agree.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from gisheat.findings import Finding
from gisheat.network import DEFAULT_ROUGHNESS, Array
from gisheat.physics.friction import Law, specific_friction
from gisheat.schema import to_si

LAYER = "hydraulic_table"
_NARROWEST, _WIDEST = 1e-3, 10.0


def check_bores(
    table: pd.DataFrame, *, density: float, viscosity: float = 3.6e-4, roughness: float = DEFAULT_ROUGHNESS,
    law: Law = "rough", tolerance: float = 0.03,
) -> list[Finding]:  # fmt: skip
    """Find sections whose printed bore does not give the printed specific friction.

    Parameters
    ----------
    table : DataFrame
        One row for each section: pipe_id, flow_t_h, inner_diameter_mm, friction_pa_m, as printed.
    density, viscosity : float
        Of the water the table was made with [kg/m3], [Pa s] (the rough law does not need the viscosity).
    roughness : float
        Equivalent roughness [m].
    tolerance : float
        Largest deviation of the computed from the printed friction, relative to the printed one.

    Returns
    -------
    list of Finding
        Rule bore-friction; the message names both frictions and the bore that would give the printed one.
        The finding's `source_fid` is the index of the row.
    """
    flow = to_si(table["flow_t_h"], "flow_t_h")
    bore = to_si(table["inner_diameter_mm"], "inner_diameter_mm")
    printed = table["friction_pa_m"].to_numpy(float)

    def friction(diameter: Array) -> Array:
        return specific_friction(
            flow, diameter, np.full(len(flow), roughness), density=density, viscosity=viscosity, law=law
        )

    computed = friction(bore)
    deviation = computed / printed - 1.0
    fitting = _fitting_bores(friction, printed)
    findings = []
    for i in np.flatnonzero(np.abs(deviation) > tolerance).tolist():
        message = (
            f"section {table['pipe_id'].iloc[i]}: the bore {bore[i] * 1e3:.0f} mm gives {computed[i]:.2f} Pa/m,"
            f" printed is {printed[i]:.2f} Pa/m ({deviation[i]:+.1%});"
            f" a bore of {fitting[i] * 1e3:.0f} mm would give it."
        )
        findings.append(Finding("bore-friction", "warning", LAYER, message, int(table.index[i])))
    return findings


def _fitting_bores(friction: Callable[[Array], Array], printed: Array) -> Array:
    """Bores [m] that give the printed frictions, by bisection (friction falls with the bore), to 1e-9."""
    low, high = np.full(len(printed), _NARROWEST), np.full(len(printed), _WIDEST)
    for _ in range(60):
        middle = np.sqrt(low * high)
        too_narrow = friction(middle) > printed
        low, high = np.where(too_narrow, middle, low), np.where(too_narrow, high, middle)
    return np.sqrt(low * high)
