"""Friction as formulas of a spreadsheet, beside the same figures as gisheat computes them.

Every column is a template in which `{column}` is the cell of another column in the same row. Names without braces
are named cells of the notes: water of both sides, limits of the laminar and the turbulent range, gravity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gisheat.network import Array
from gisheat.physics.friction import Law, friction_number, limits_of, pipe_resistance, velocity
from gisheat.physics.water import Water

STEPS = 3
"""Steps of Newton's method that solve Colebrook's law to rounding, as `physics.friction.colebrook`."""
SIDES = {"sup": "supply", "ret": "return"}

_RELATIVE = "{roughness_mm}/{inner_diameter_mm}"
_RE = "MAX({S_reynolds},turbulent_from)"
_B = f"2.51/{_RE}"


class Live(NamedTuple):
    """A column of formulas and what they give, shape (rows,)."""

    template: str
    result: Array


def lengths(length: Array, equivalent: Array) -> dict[str, Live]:
    """Equivalent and calculation length [m]."""
    return {
        "equivalent_length_m": Live("={length_m}*{local_loss_fraction}", equivalent),
        "calculation_length_m": Live("={length_m}+{equivalent_length_m}", length + equivalent),
    }


def side(
    prefix: str, law: Law, water: Water, gravity: float, *, flow: Array, length: Array, bore: Array, roughness: Array,
    zeta: Array,
) -> dict[str, Live]:  # fmt: skip
    """Columns of one side that follow from its flow.

    Parameters
    ----------
    prefix : str
        sup or ret.
    flow : array, shape (rows,)
        Mass flow [kg/s], NaN where the side has no such section.
    length : array, shape (rows,)
        With the equivalent length [m].
    bore, roughness, zeta : arrays, shape (rows,)
        [m], [m] (Hazen-Williams: C), [-].

    Returns
    -------
    dict
        velocity_m_s, friction_pa_m, loss_kpa, and the columns they are made with, each after `prefix`.
    """
    density, viscosity = water.density, water.viscosity
    resistance = pipe_resistance(length, bore, roughness, zeta, density=density, viscosity=viscosity, law=law,
                                 gravity=gravity)  # fmt: skip
    reynolds = resistance.reynolds_scale * np.abs(flow)
    speed = velocity(flow, bore, density)
    number, _ = friction_number(reynolds, resistance.roughness, law)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(reynolds > 0.0, number / reynolds, np.where(np.isnan(reynolds), np.nan, 0.0))
    columns = {
        "velocity_m_s": Live("={S_flow_t_h}/3.6/(density_SIDE*PI()/4*({inner_diameter_mm}/1000)^2)", speed),
        "friction_pa_m": Live("={S_friction_factor}*density_SIDE*{S_velocity_m_s}^2/2/({inner_diameter_mm}/1000)",
                              factor * density * speed**2 / 2.0 / bore),
        "loss_kpa": Live("=SIGN({S_flow_t_h})*({S_friction_pa_m}*{calculation_length_m}"
                         "+{zeta}*density_SIDE*{S_velocity_m_s}^2/2)/1000", resistance.loss(flow)[0] / 1e3),
        "reynolds": Live("=4*ABS({S_flow_t_h})/3.6/(PI()*{inner_diameter_mm}/1000*viscosity_SIDE)", reynolds),
        **_law_columns(law, reynolds, resistance.roughness),
        "friction_factor": Live(_continued(law), factor),
    }  # fmt: skip
    return {
        f"{prefix}_{name}": Live(
            live.template.replace("{S_", f"{{{prefix}_").replace("SIDE", SIDES[prefix]), live.result
        )
        for name, live in columns.items()
    }


def _law_columns(law: Law, reynolds: Array, relative: Array) -> dict[str, Live]:
    """The law's factor at Re (at the turbulent limit below it) and its derivative; `relative` as in `friction`."""
    turbulent = np.maximum(reynolds, limits_of(law)[1])
    number, slope = friction_number(turbulent, relative, law)
    factor = number / turbulent
    rise = slope - factor
    rise[np.abs(rise) < 1e-12 * factor] = 0.0  # rounding of a law that does not depend on Re
    columns = {"law_factor": Live(_factor(law), factor), "law_slope": Live(_slope(law), rise / turbulent)}
    if law == "colebrook":
        return _roots(turbulent, relative) | columns
    if law == "hazen-williams":
        viscosity = "(viscosity_SIDE/density_SIDE)"
        d = "({inner_diameter_mm}/1000)"
        template = (
            f"=10.667*(PI()/4*{d}^2)^1.852/({{roughness_mm}}^1.852*{d}^4.871)*2*gravity*{d}*({viscosity}/{d})^-0.148"
        )
        return {"scale": Live(template, relative), **columns}
    return columns


def _roots(turbulent: Array, relative: Array) -> dict[str, Live]:
    """Steps of Newton's method on x + 2 lg(a + b x) = 0 from Swamee-Jain's x; see `physics.friction.colebrook`."""
    a, b, c = relative / 3.7, 2.51 / turbulent, 2.0 / math.log(10.0)
    x = -2.0 * np.log10(a + 5.74 / turbulent**0.9)
    columns = {"root_0": Live(f"=-2*LOG10({_RELATIVE}/3.7+5.74/{_RE}^0.9)", x)}
    for step in range(1, STEPS + 1):
        y = a + b * x
        x = x - (x + c * np.log(y)) / (1.0 + c * b / y)
        last = f"{{S_root_{step - 1}}}"
        inner = f"({_RELATIVE}/3.7+{_B}*{last})"
        template = f"={last}-({last}+2*LOG10({inner}))/(1+2/LN(10)*{_B}/{inner})"
        columns[f"root_{step}"] = Live(template, x)
    return columns


_ROOT = f"{{S_root_{STEPS}}}"
_SWAMEE_JAIN = f"({_RELATIVE}/3.7+5.74/{_RE}^0.9)"
_LAW = {
    "colebrook": f"{_ROOT}^-2",
    "swamee-jain": f"(-2*LOG10{_SWAMEE_JAIN})^-2",
    "altshul": f"0.11*({_RELATIVE}+68/{_RE})^0.25",
    "rough": f"0.11*({_RELATIVE})^0.25",
    "nikuradse": f"(2*LOG10(3.71/MAX({_RELATIVE},1E-300)))^-2+64/{_RE}",
    "hazen-williams": f"{{S_scale}}*{_RE}^-0.148",
}
_COLEBROOK_Y = f"({_RELATIVE}/3.7+{_B}*{_ROOT})"
_DERIVATIVE = {
    "colebrook": f"-2*{_ROOT}^-3*2/LN(10)*{_ROOT}*{_B}/{_RE}/{_COLEBROOK_Y}/(1+2/LN(10)*{_B}/{_COLEBROOK_Y})",
    "swamee-jain": f"-2*(-2*LOG10{_SWAMEE_JAIN})^-3*2/LN(10)*0.9*5.74/{_RE}^0.9/{_RE}/{_SWAMEE_JAIN}",
    "altshul": f"-0.25*{{S_law_factor}}/({_RELATIVE}+68/{_RE})*68/{_RE}^2",
    "rough": "0",
    "nikuradse": f"-64/{_RE}^2",
    "hazen-williams": f"-0.148*{{S_law_factor}}/{_RE}",
}


def _factor(law: Law) -> str:
    """Not below 64/Re, which a law without a viscous term would fall to; Hazen-Williams knows no viscosity."""
    return f"={_LAW[law]}" if law == "hazen-williams" else f"=MAX({_LAW[law]},64/{_RE})"


def _slope(law: Law) -> str:
    if law == "hazen-williams":
        return f"={_DERIVATIVE[law]}"
    return f"=IF({_LAW[law]}<64/{_RE},-64/{_RE}^2,{_DERIVATIVE[law]})"


def _continued(law: Law) -> str:
    """Laminar factor, the law, and between their limits the cubic in Re that continues both with their slopes."""
    start = "({S_scale}*laminar_to^-0.148)" if law == "hazen-williams" else "(64/laminar_to)"
    width = "(turbulent_from-laminar_to)"
    t = f"(({{S_reynolds}}-laminar_to)/{width})"
    rise, first, last = f"({{S_law_factor}}-{start})", f"(-{start}*{width}/laminar_to)", f"({{S_law_slope}}*{width})"
    c2, c3 = f"(3*{rise}-2*{first}-{last})", f"({first}+{last}-2*{rise})"
    return (
        "=IF({S_reynolds}>=turbulent_from,{S_law_factor},IF({S_reynolds}>laminar_to,"
        f"{start}+{t}*({first}+{t}*({c2}+{t}*{c3})),"
        f"IF({{S_reynolds}}>0,{start}*laminar_to/{{S_reynolds}},0)))"
    )
