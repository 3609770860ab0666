"""Results of OpenModelica and STANET that pandapipes ships beside its water networks, and what its tests allow."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np
import pandapipes
from pandapipes.networks import simple_water_networks as water
from reference import table

import gisheat
from gisheat.physics.friction import Law
from verification.pandapipes_networks import GRAVITY, air, fluid_of, links_of, quiet, solved, velocities_of
from verification.rows import Array, mark, missed, small

THEIRS = {"tol_p": 1e-7, "tol_m": 1e-7}
"""Tolerances of pandapipes' own tests."""


class Stored(NamedTuple):
    """A case of pandapipes' own tests: its network, and what those tests allow.

    `pressure` is a share (|1 - p / p_stored|, gauge), `velocity` an amount [m/s].
    """

    network: str
    program: str
    method: str
    pressure: float
    velocity: float


OPENMODELICA = [
    Stored(network, "openmodelica", method, pressure, 0.05)
    for network, pressure in (
        ("water_combined_mixed", 0.01), ("water_combined_versatility", 0.04), ("water_meshed_delta", 0.01),
        ("water_meshed_2valves", 0.01), ("water_meshed_pumps", 0.02), ("water_meshed_heights", 0.01),
        ("water_one_pipe1", 0.01), ("water_one_pipe2", 0.01), ("water_one_pipe3", 0.01), ("water_strand_cross", 0.01),
        ("water_simple_strand_net", 0.01), ("water_strand_2pipes", 0.01), ("water_strand_net_2pumps", 0.01),
        ("water_tcross", 0.01), ("water_tcross_valves", 0.4), ("water_2eg_two_pipes", 0.01),
    )
    for method in ("colebrook", "swamee-jain")
]  # fmt: skip
OPENMODELICA = [
    case._replace(pressure=0.02) if case[:3] == ("water_tcross", "openmodelica", "swamee-jain") else case
    for case in OPENMODELICA
]
STANET = [
    Stored(network, "stanet", method, pressure, velocity)
    for network, method, pressure, velocity in (
        ("water_district_grid", "n", 2e-3, 3e-2), ("water_district_grid", "pc", 3e-2, 3e-2),
        ("water_meshed_pumps", "n", 2e-3, 3e-2), ("water_meshed_delta", "n", 2e-3, 3e-2),
        ("water_meshed_2valves", "n", 1e-3, 1e-3), ("water_meshed_2valves", "pc", 1e-3, 1e-3),
        ("water_one_pipe1", "n", 2e-3, 3e-2), ("water_one_pipe1", "pc", 2e-3, 3e-2),
        ("water_one_pipe2", "n", 2e-3, 3e-2), ("water_one_pipe2", "pc", 2e-3, 3e-2),
        ("water_one_pipe3", "n", 2e-3, 3e-2), ("water_one_pipe3", "pc", 2e-3, 3e-2),
        ("water_simple_strand_net", "n", 2e-3, 3e-2), ("water_simple_strand_net", "pc", 1e-2, 3e-2),
        ("water_strand_2pipes", "n", 2e-3, 3e-2), ("water_strand_2pipes", "pc", 2e-3, 3e-2),
        ("water_strand_cross", "pc", 2e-3, 3e-2), ("water_strand_pump", "n", 2e-3, 3e-2),
        ("water_tcross", "n", 2e-3, 3e-2), ("water_tcross", "pc", 2e-3, 3e-2),
        ("water_2eg_two_pipes", "n", 2e-3, 3e-2), ("water_2eg_two_pipes", "pc", 2e-3, 3e-2),
    )
]  # fmt: skip
COLUMN = {"openmodelica": "om", "stanet": "stanet"}
LAW: dict[str, Law] = {"colebrook": "colebrook", "swamee-jain": "swamee-jain", "pc": "colebrook", "n": "nikuradse"}


def stored_network(case: Stored) -> Any:
    """The network of a case, with the results in its tables."""
    make = getattr(water, case.network)
    wanted = {"results_from": case.program, "method": case.method}
    return make(**{name: wanted[name] for name in inspect.signature(make).parameters})


def stored_differences(case: Stored, net: Any, pressure: Array, velocity: Array) -> tuple[float, float]:
    """Largest |1 - p / p_stored| and |v - v_stored| [m/s], as pandapipes' tests reckon them."""
    stored = net.junction[f"p_{COLUMN[case.program]}"].to_numpy(float)
    known = np.isfinite(stored)
    speeds = [net.pipe[f"v_{COLUMN[case.program]}"].to_numpy(float)]
    if case.program == "openmodelica" and "valve" in net and len(net.valve):
        speeds.append(net.valve["v_om"].to_numpy(float))
    speed = np.concatenate(speeds)
    there = np.isfinite(speed)
    apart = np.abs(velocity[: len(speed)] - speed)[there]
    return float(np.abs(1.0 - pressure / stored)[known].max()), float(apart.max(initial=0.0))


def gauge(net: Any, found: gisheat.Results) -> Array:
    """Gauge pressures [bar] as pandapipes reckons them: less the air at each height."""
    ground = net.junction["height_m"].to_numpy(float)
    return (found.supply.head - ground) * fluid_of(net).density * GRAVITY / 1e5 - air(ground)


def pandapipes_differences(case: Stored) -> tuple[float, float]:
    """The same differences, for pandapipes itself with the law that its tests use."""
    net = stored_network(case)
    with quiet():
        law = "nikuradse" if case.method == "n" else "colebrook"
        pandapipes.pipeflow(net, friction_model=law, mode="hydraulics", max_iter_hyd=200, **THEIRS)
    speeds = [net.res_pipe["v_mean_m_per_s"].to_numpy(float)]
    if "valve" in net and len(net.valve):
        speeds.append(net.res_valve["v_mean_m_per_s"].to_numpy(float))
    return stored_differences(case, net, net.res_junction["p_bar"].to_numpy(float), np.concatenate(speeds))


HEADS = (
    "network", "nodes", "links", "law", "pressure off by (share)", "allowed", "velocity off by [m/s]", "allowed",
    "pandapipes itself: pressure", "velocity",
)  # fmt: skip


def stored_table(cases: list[Stored]) -> str:
    """Table of stored results; those that miss what pandapipes' tests allow are remembered."""
    rows = []
    for case in cases:
        law = LAW[case.method]
        label = case.network.removeprefix("water_").replace("_", " ")
        net = stored_network(case)
        first = (label, len(net.junction), links_of(net), law)
        try:
            found = solved(net, law)
            pressure, velocity = stored_differences(case, net, gauge(net, found), velocities_of(net, found))
            beside = pandapipes_differences(case)
        except Exception as error:  # noqa: BLE001 (whatever goes wrong with one case is its row)
            missed.append(f"{label}, {case.program}, {law}: {error}")
            rows.append((*first, f"**{error}**", "", "", "", "", ""))
            continue
        holds = pressure < case.pressure and velocity < case.velocity
        if not holds:
            off = f"pressures {pressure:.2g} ({case.pressure:g} allowed), velocities {velocity:.2g} ({case.velocity:g})"
            missed.append(f"{label}, {case.program}, {law}: {off}")
        rows.append((
            *first, small(pressure, 1e-5), f"{case.pressure:g}", small(velocity, 1e-4),
            f"{case.velocity:g}{mark(holds)}", small(beside[0], 1e-5), small(beside[1], 1e-4),
        ))  # fmt: skip
    return table(HEADS, rows)
