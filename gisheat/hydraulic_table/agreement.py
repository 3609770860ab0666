"""Whether the figures of a printed table agree: with each other, and with the schedule of its pipes.

Published tables carry slips: a bore that is not the one the friction was computed with, a loss that is not friction
times length. Each disagreement is a finding that names the figure which would agree. Figures disagree when they are
farther apart than their printed digits allow, and than a tolerance beyond that, for the rounded constants of hand
formulas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gisheat.catalogue import PipeSeries
from gisheat.findings import Finding
from gisheat.hydraulic_table.printed import LAYER, Printed
from gisheat.network import DEFAULT_ROUGHNESS, Array, Mask
from gisheat.physics.friction import Law, specific_friction, velocity

ROUNDING = 1e-9
"""Relative difference that is rounding of the arithmetic."""
_NARROWEST, _WIDEST = 1e-3, 10.0
_SPEC = re.compile(r"(?:[DΦφdØø]\s*)?(\d+(?:\.\d+)?)\s*[x×*X]\s*(\d+(?:\.\d+)?)")
_DN = re.compile(r"DN\s*(\d+(?:\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Made:
    """What a printed table was made with."""

    density: float
    """[kg/m3]"""
    viscosity: float
    """[Pa s]"""
    roughness: float = DEFAULT_ROUGHNESS
    """[m]; Hazen-Williams: C"""
    law: Law = "rough"
    tolerance: float = 0.005
    """Relative difference that is let pass beyond the printed digits."""

    def friction(self, flow: Array, bore: Array) -> Array:
        """Specific friction [Pa/m] of mass flows [kg/s] in bores [m]."""
        roughness = np.full(len(flow), self.roughness)
        return specific_friction(
            flow, bore, roughness, density=self.density, viscosity=self.viscosity, law=self.law
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    name: str
    rows: int
    """Rows it could be made on; 0 where a column is missing."""
    findings: tuple[Finding, ...]


def compare_figures(printed: Printed, made: Made, series: PipeSeries, schedule: Printed | None = None) -> list[Checked]:
    """Compare the figures of a table with each other, and its sections with the schedule of pipes.

    Parameters
    ----------
    series : PipeSeries
        Whose sizes the DN of the schedule mean.
    schedule : Printed, optional
        DN and trench length of each row.

    Returns
    -------
    list of Checked
        In a fixed order; a finding's `source_fid` is the row in the file.
    """
    flow, findings = _mass_flow(printed, made)
    checks = [
        Checked("unit of the flow against velocity", int("sup_velocity_m_s" in printed), tuple(findings)),
        _friction(printed, made, flow),
        _velocity(printed, made, flow),
        _sizes(printed),
        _lengths(printed),
        _losses(printed, made),
        _cumulated(printed, made),
        _areas(printed, made, flow),
        _continuity(printed, made, flow),
    ]
    return checks if schedule is None else [*checks, _scheduled(printed, schedule, made, series, flow)]


# flows -----------------------------------------------------------------------------------------------------------


def _mass_flow(printed: Printed, made: Made) -> tuple[Array, list[Finding]]:
    """Mass flows [kg/s], and a finding where the velocities tell another unit than the heading."""
    count = len(printed.table)
    if "sup_flow_t_h" not in printed:
        return np.full(count, np.nan), []
    flow = printed.values("sup_flow_t_h")
    as_volume = flow * made.density / 1000.0  # printed as m3/h: the same number of m3 in place of t
    if not all(name in printed for name in ("sup_velocity_m_s", "inner_diameter_mm")):
        return (as_volume if printed.volume_flow else flow), []
    speed = np.abs(printed.values("sup_velocity_m_s"))
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = [
            float(
                np.nanmedian(
                    np.abs(np.abs(velocity(q, printed.values("inner_diameter_mm"), made.density)) / speed - 1.0)
                )
            )
            for q in (flow, as_volume)
        ]
    is_volume = apart[1] + 0.01 < apart[0] if not printed.volume_flow else apart[1] <= apart[0] + 0.01
    chosen = as_volume if is_volume else flow
    if is_volume == printed.volume_flow:
        return chosen, []
    said, meant = ("m3/h", "t/h") if printed.volume_flow else ("t/h", "m3/h")
    message = (
        f"The heading of the flow says {said}, but the velocities are those of {meant}: read as {said} they are off by"
        f" {apart[int(printed.volume_flow)]:.1%} (median), as {meant} by {apart[int(is_volume)]:.1%}. Taken as {meant}."
    )
    return chosen, [Finding("flow-unit", "warning", LAYER, message)]


def _flow_half(printed: Printed, flow: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(printed.values("sup_flow_t_h") != 0.0, flow / printed.values("sup_flow_t_h"), 1.0)
    return printed.halves("sup_flow_t_h") * np.abs(scale)


def _areas(printed: Printed, made: Made, flow: Array) -> Checked:
    """The same flow for each area (or load) on all rows."""
    name = "flow against heated area"
    if "sup_flow_t_h" not in printed or "heated_area_m2" not in printed:
        return Checked(name, 0, ())
    area, half = printed.values("heated_area_m2"), printed.halves("heated_area_m2")
    good = (area > half) & np.isfinite(flow)
    if not good.any():
        return Checked(name, 0, ())
    q, a, q_half = np.abs(flow[good]), area[good], _flow_half(printed, flow)[good]
    low = np.maximum(q - q_half, 0.0) / (a + half[good]) * (1.0 - made.tolerance - ROUNDING)
    high = (q + q_half) / (a - half[good]) * (1.0 + made.tolerance + ROUNDING)
    usual = _shared(low, high)
    index = np.where(good, np.abs(flow) / np.where(good, area, 1.0), np.nan)
    apart = np.flatnonzero(good)[(usual < low) | (usual > high)].tolist()
    findings = [
        _finding(printed, i, "flow-area",
                 f"{flow[i] * 3.6:.2f} t/h for {area[i]:.0f} m2 is {index[i] / usual - 1.0:+.1%} off the"
                 f" {usual * 3.6e4:.4f} t/h for each 10 000 m2 of the other sections; {usual * area[i] * 3.6:.2f} t/h"
                 " would agree.")
        for i in apart
    ]  # fmt: skip
    return Checked(name, int(good.sum()), tuple(findings))


def _shared(low: Array, high: Array) -> float:
    """Number that lies in the most intervals: the middle of where it may lie."""
    place = np.concatenate([low, high])
    step = np.concatenate([np.ones(len(low)), -np.ones(len(high))])
    order = np.lexsort((-step, place))
    depth = np.cumsum(step[order])
    at = int(np.argmax(depth))
    return float((place[order][at] + place[order][at + 1]) / 2.0)


def _continuity(printed: Printed, made: Made, flow: Array) -> Checked:
    """No node gives on more than it gets."""
    name = "flow along the path"
    if not all(column in printed for column in ("sup_flow_t_h", "from_node", "to_node")):
        return Checked(name, 0, ())
    start, end = _ends(printed, flow)
    half, size = _flow_half(printed, flow), np.abs(np.nan_to_num(flow))
    findings, compared = [], 0
    for node in dict.fromkeys(start.tolist()):
        into, out = np.flatnonzero(end == node), np.flatnonzero(start == node)
        if not node or not len(into):
            continue
        compared += len(out)
        given, taken = size[into].sum(), size[out].sum()
        if taken > given * (1.0 + made.tolerance) + half[into].sum() + half[out].sum():
            findings.append(
                _finding(printed, int(out[0]), "flow-rises",
                         f"{taken * 3.6:.2f} t/h leave the node {node}, but {given * 3.6:.2f} t/h arrive there.")
            )  # fmt: skip
    return Checked(name, compared, tuple(findings))


def _ends(printed: Printed, flow: Array) -> tuple[Array, Array]:
    """Nodes in the sense of the flow."""
    first, last = (printed.table[name].fillna("").to_numpy(object) for name in ("from_node", "to_node"))
    back = np.nan_to_num(flow) < 0.0
    return np.where(back, last, first), np.where(back, first, last)


# bores -----------------------------------------------------------------------------------------------------------


def _friction(printed: Printed, made: Made, flow: Array) -> Checked:
    """Bore against specific friction."""
    name = "bore against specific friction"
    if not all(column in printed for column in ("sup_flow_t_h", "inner_diameter_mm", "sup_friction_pa_m")):
        return Checked(name, 0, ())
    bore, stated = printed.values("inner_diameter_mm"), printed.values("sup_friction_pa_m")
    good = np.isfinite(flow) & (flow != 0.0) & (bore > 0.0) & (stated > 0.0)
    q, d = np.where(good, flow, 1.0), np.where(good, bore, 1.0)
    computed = made.friction(q, d)
    spread = (
        np.abs(made.friction(q + _flow_half(printed, flow), d) - computed)
        + np.abs(made.friction(q, d - printed.halves("inner_diameter_mm")) - computed)
        + printed.halves("sup_friction_pa_m")
    )
    apart = _apart(computed, np.where(good, stated, np.nan), spread, made.tolerance)
    fitting = _fitting_bores(lambda d: made.friction(q, d), stated)
    return Checked(name, int(good.sum()), tuple(
        _finding(printed, i, "bore-friction",
                 f"the bore {bore[i] * 1e3:g} mm gives {computed[i]:.2f} Pa/m, printed is {stated[i]:.2f} Pa/m"
                 f" ({computed[i] / stated[i] - 1.0:+.1%}); a bore of {fitting[i] * 1e3:.0f} mm would give it"
                 f"{_as_wall(printed, i, fitting[i])}.")
        for i in apart
    ))  # fmt: skip


def _velocity(printed: Printed, made: Made, flow: Array) -> Checked:
    """Velocity against flow and bore."""
    name = "velocity against flow and bore"
    if not all(column in printed for column in ("sup_flow_t_h", "inner_diameter_mm", "sup_velocity_m_s")):
        return Checked(name, 0, ())
    bore, stated = printed.values("inner_diameter_mm"), np.abs(printed.values("sup_velocity_m_s"))
    good = np.isfinite(flow) & (bore > 0.0) & (stated > 0.0)
    q, d = np.abs(np.where(good, flow, 1.0)), np.where(good, bore, 1.0)
    computed = velocity(q, d, made.density)
    spread = (
        velocity(_flow_half(printed, flow), d, made.density)
        + velocity(q, d - printed.halves("inner_diameter_mm"), made.density) - computed
        + printed.halves("sup_velocity_m_s")
    )  # fmt: skip
    apart = _apart(computed, np.where(good, stated, np.nan), spread, made.tolerance)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitting = d * np.sqrt(computed / stated)
    return Checked(name, int(good.sum()), tuple(
        _finding(printed, i, "bore-velocity",
                 f"{q[i] * 3.6:.2f} t/h in a bore of {bore[i] * 1e3:g} mm flow at {computed[i]:.3f} m/s, printed is"
                 f" {stated[i]:g} m/s ({computed[i] / stated[i] - 1.0:+.1%}); a bore of {fitting[i] * 1e3:.0f} mm would"
                 f" give it{_as_wall(printed, i, fitting[i])}.")
        for i in apart
    ))  # fmt: skip


def _sizes(printed: Printed) -> Checked:
    """Outer diameter - 2 walls against the bore."""
    name = "size against bore"
    if "pipe_spec" not in printed or "inner_diameter_mm" not in printed:
        return Checked(name, 0, ())
    outer, wall = outer_and_wall(printed)
    inner, bore = outer - 2.0 * wall, printed.values("inner_diameter_mm")
    apart = _apart(inner, bore, printed.halves("inner_diameter_mm") + 1e-9)
    return Checked(name, int(np.isfinite(inner + bore).sum()), tuple(
        _finding(printed, i, "size-bore",
                 f"{printed.table['pipe_spec'].iloc[i]} has a bore of {inner[i] * 1e3:g} mm, printed is"
                 f" {bore[i] * 1e3:g} mm ({bore[i] / inner[i] - 1.0:+.1%}).")
        for i in apart
    ))  # fmt: skip


def outer_and_wall(printed: Printed) -> tuple[Array, Array]:
    """Outer diameter and wall [m] of sizes such as D920x10, NaN for other texts, shape (rows,)."""
    found = [_SPEC.search(str(text)) for text in printed.table["pipe_spec"]]
    pairs = np.array([(float(m[1]), float(m[2])) if m else (np.nan, np.nan) for m in found], float).reshape(-1, 2)
    return pairs[:, 0] / 1e3, pairs[:, 1] / 1e3


def _as_wall(printed: Printed, row: int, bore: float) -> str:
    """The wall with which the printed outer diameter has a bore [m]."""
    if "pipe_spec" not in printed:
        return ""
    outer, _ = outer_and_wall(printed)
    wall = (outer[row] - bore) / 2.0
    return f" (D{outer[row] * 1e3:g} with a wall of {wall * 1e3:.1f} mm)" if wall > 0.0 else ""


def _fitting_bores(friction: Callable[[Array], Array], printed: Array) -> Array:
    """Bores [m] that give the printed frictions, by bisection (friction falls with the bore), to 1e-9."""
    low, high = np.full(len(printed), _NARROWEST), np.full(len(printed), _WIDEST)
    for _ in range(60):
        middle = np.sqrt(low * high)
        too_narrow = friction(middle) > printed
        low, high = np.where(too_narrow, middle, low), np.where(too_narrow, high, middle)
    return np.sqrt(low * high)


# lengths and losses ----------------------------------------------------------------------------------------------


def _lengths(printed: Printed) -> Checked:
    """Length + equivalent length = calculation length."""
    name = "length + equivalent length against calculation length"
    names = ("length_m", "equivalent_length_m", "calculation_length_m")
    if not all(column in printed for column in names):
        return Checked(name, 0, ())
    length, equivalent, stated = (printed.values(column) for column in names)
    spread = sum((printed.halves(column) for column in names), np.full(len(stated), 1e-9))
    apart = _apart(length + equivalent, stated, spread)
    return Checked(name, int(np.isfinite(length + equivalent + stated).sum()), tuple(
        _finding(printed, i, "calculation-length",
                 f"{length[i]:g} m + {equivalent[i]:g} m are {length[i] + equivalent[i]:g} m, printed is"
                 f" {stated[i]:g} m.")
        for i in apart
    ))  # fmt: skip


def _losses(printed: Printed, made: Made) -> Checked:
    """Specific friction x calculation length (and zeta where a table has it) = loss."""
    name = "specific friction x calculation length against loss"
    names = ("sup_friction_pa_m", "calculation_length_m", "sup_loss_kpa")
    if not all(column in printed for column in names):
        return Checked(name, 0, ())
    friction, length, stated = printed.values(names[0]), printed.values(names[1]), np.abs(printed.values(names[2]))
    computed = friction * length
    if "zeta" in printed and "sup_velocity_m_s" in printed:
        computed = computed + printed.values("zeta") * made.density / 2.0 * printed.values("sup_velocity_m_s") ** 2
    spread = printed.halves(names[0]) * length + printed.halves(names[1]) * friction + printed.halves(names[2])
    apart = _apart(computed, stated, spread, made.tolerance)
    return Checked(name, int(np.isfinite(computed + stated).sum()), tuple(
        _finding(printed, i, "section-loss",
                 f"{friction[i]:g} Pa/m over {length[i]:g} m are {computed[i] / 1e3:.2f} kPa, printed is"
                 f" {stated[i] / 1e3:.2f} kPa ({stated[i] / computed[i] - 1.0:+.1%}).")
        for i in apart
    ))  # fmt: skip


def _cumulated(printed: Printed, made: Made) -> Checked:
    """Cumulated loss = that of the section before + loss; a section is after the one that ends where it begins."""
    name = "cumulated loss"
    names = ("sup_cumulated_loss_kpa", "sup_loss_kpa")
    if not all(column in printed for column in names):
        return Checked(name, 0, ())
    total, loss = (np.abs(printed.values(column)) for column in names)
    before = _before(printed)
    half = 2.0 * printed.halves(names[0]) + printed.halves(names[1])
    good = np.array([len(b) > 0 for b in before], bool) & np.isfinite(total + loss)
    computed = np.full(len(total), np.nan)
    for i in np.flatnonzero(good).tolist():
        ends = total[before[i]] + loss[i]  # in a ring the one that fits best
        computed[i] = ends[np.argmin(np.abs(ends - total[i]))]
    apart = _apart(computed, total, half, made.tolerance)
    return Checked(name, int(good.sum()), tuple(
        _finding(printed, i, "cumulated-loss",
                 f"{(computed[i] - loss[i]) / 1e3:.2f} kPa before it and {loss[i] / 1e3:.2f} kPa are"
                 f" {computed[i] / 1e3:.2f} kPa, printed is {total[i] / 1e3:.2f} kPa.")
        for i in apart
    ))  # fmt: skip


def _before(printed: Printed) -> list[list[int]]:
    """Rows that end where each row begins; the row above where a table names no nodes."""
    count = len(printed.table)
    if "from_node" not in printed or "to_node" not in printed:
        return [[i - 1] if i else [] for i in range(count)]
    start, end = _ends(printed, printed.values("sup_flow_t_h") if "sup_flow_t_h" in printed else np.ones(count))
    return [[] if not node else np.flatnonzero(end == node).tolist() for node in start.tolist()]


# the schedule ----------------------------------------------------------------------------------------------------


def _scheduled(printed: Printed, schedule: Printed, made: Made, series: PipeSeries, flow: Array) -> Checked:
    """A section as long as a row of the schedule has its DN."""
    name = "sections against the schedule"
    if not all(column in schedule for column in ("dn_mm", "length_m")) or "length_m" not in printed:
        return Checked(name, 0, ())
    diameters = section_dn(printed, series)
    length, half = printed.values("length_m"), printed.halves("length_m")
    findings, found = [], 0
    rows = zip(schedule.values("dn_mm"), schedule.values("length_m"), schedule.halves("length_m"), strict=True)
    for number, (stated, trench, trench_half) in enumerate(rows):
        same = np.flatnonzero((np.abs(length - trench) <= half + min(trench_half, 0.05)) & np.isfinite(diameters))
        if not len(same):
            continue
        found += 1
        if (np.abs(diameters[same] - stated) < 1e-6).any():
            continue
        i = int(same[0])
        message = (
            f"it is DN{diameters[i] * 1e3:g} here and {length[i]:g} m long, the schedule (row"
            f" {schedule.table.index[number]}) has {trench:g} m of DN{stated * 1e3:g}"
            f"{_would_run(stated, series, made, flow[i])}."
        )
        findings.append(_finding(printed, i, "schedule-size", message))
    return Checked(name, found, tuple(findings))


def _would_run(diameter: float, series: PipeSeries, made: Made, flow: float) -> str:
    at = series.of_dn(np.array([diameter * 1e3]))
    if at[0] < 0 or not np.isfinite(flow):
        return ""
    bore = series.inner_diameter[at]
    friction, speed = made.friction(np.array([flow]), bore)[0], velocity(np.array([flow]), bore, made.density)[0]
    return f", in which {flow * 3.6:.2f} t/h run at {friction:.0f} Pa/m and {speed:.2f} m/s (bore {bore[0] * 1e3:g} mm)"


def section_dn(printed: Printed, series: PipeSeries) -> Array:
    """DN [m] of each row: as stated, as DN300 or 300 in the size, or of the series' pipe with its outer diameter."""
    found = printed.values("dn_mm").copy() if "dn_mm" in printed else np.full(len(printed.table), np.nan)
    if "pipe_spec" not in printed:
        return found
    outer, _ = outer_and_wall(printed)
    for i, text in enumerate(printed.table["pipe_spec"]):
        stated = _DN.search(str(text)) or re.fullmatch(r"(\d+(?:\.0*)?)", str(text))
        if stated and np.isnan(found[i]):
            found[i] = float(stated[1]) / 1e3
        same = np.flatnonzero(np.abs(series.outer_diameter - outer[i]) < 1e-4)
        if np.isnan(found[i]) and len(same):
            found[i] = series.dn[same[0]] / 1e3
    return found


# findings --------------------------------------------------------------------------------------------------------


def _apart(computed: Array, stated: Array, spread: Array, tolerance: float = 0.0) -> list[int]:
    """Rows whose two figures are farther apart than the digits and the tolerance allow."""
    with np.errstate(invalid="ignore"):
        bad: Mask = np.abs(computed - stated) > spread + (tolerance + ROUNDING) * np.abs(stated)
    return np.flatnonzero(bad).tolist()


def _finding(printed: Printed, row: int, rule: str, message: str) -> Finding:
    return Finding(rule, "warning", LAYER, f"{printed.named(row)}: {message}", int(printed.table.index[row]))


# what is told ----------------------------------------------------------------------------------------------------


def agreement_rows(checks: Iterable[Checked]) -> dict[str, tuple[Any, str]]:
    """How many rows of each check disagree."""
    return {check.name: (_outcome(check), "") for check in checks}


def _outcome(check: Checked) -> str:
    if not check.rows:
        return "not compared"
    if check.findings:
        return f"{len(check.findings)} of {check.rows} disagree"
    return f"all {check.rows} agree" if check.rows > 1 else "agrees"


def agreement_text(
    printed: Printed, checks: Iterable[Checked], findings: Iterable[Finding], written: Path | None
) -> str:
    """What was compared and what disagrees, in lines."""
    told = {f for check in checks for f in check.findings}
    lines = [f"{len(printed.table)} sections", *(f"note: {note}" for note in printed.notes)]
    lines += [f"{f.severity}: {f.message}" for f in findings if f not in told]
    for check in checks:
        lines += ["", f"{check.name}: {_outcome(check)}", *(f"- {f.message}" for f in check.findings)]
    return "\n".join(lines + (["", f"Written: {written}"] if written is not None else []))
