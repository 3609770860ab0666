"""pandapipes 0.16 run live, and the OpenModelica and STANET results it ships, against gisheat.

A pandapipes network becomes a one-pipe network: junctions with their heights, external grids as fixed heads,
sinks and sources as demands, valves as pipes without length that have the valve's loss coefficient, and the
density and viscosity of its fluid at the temperature of its junctions.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
from typing import Any, NamedTuple

import numpy as np
import pandapipes
import pandas as pd
from oracle.towns import town
from pandapipes.component_models.component_toolbox import p_correction_height_air
from pandapipes.networks import simple_heat_transfer_networks as heat
from pandapipes.networks import simple_water_networks as water
from reference import table

import gisheat
from gisheat.network.curves import write_curve
from gisheat.physics.friction import Law
from verification.rows import Array, Case, attempt, differences, mark, missed, small

GRAVITY = 9.81
"""The acceleration that pandapipes reckons with [m/s2]."""
THEIRS = {"tol_p": 1e-7, "tol_m": 1e-7}
"""Tolerances of pandapipes' own tests."""
TIGHT = {"tol_p": 1e-9, "tol_m": 1e-9, "tol_res": 1e-9, "tolerance_colebrook": 1e-12, "max_iter_colebrook": 1000}


class Fluid(NamedTuple):
    """Density [kg/m3] and dynamic viscosity [Pa s]."""

    density: float
    viscosity: float


def fluid_of(net: Any) -> Fluid:
    """Water of a pandapipes network, at the mean temperature of its junctions."""
    temperature = float(net.junction["tfluid_k"].mean())
    fluid = net.fluid
    return Fluid(float(fluid.get_density(temperature)), float(fluid.get_viscosity(temperature)))


def network_of(net: Any) -> gisheat.Network:
    """The one-pipe network that a pandapipes network is."""
    density = fluid_of(net).density
    names = net.junction.index.astype(str)
    ground = net.junction["height_m"].to_numpy(float)
    demand = pd.Series(0.0, net.junction.index)
    for kind, sign in (("sink", 1.0), ("source", -1.0)):
        if kind in net and len(net[kind]):
            rows = net[kind][net[kind]["in_service"].astype(bool)]
            demand = demand.add(
                sign * (rows["mdot_kg_per_s"] * rows["scaling"]).groupby(rows["junction"]).sum(), fill_value=0.0
            )
    grids = net.ext_grid[net.ext_grid["in_service"].astype(bool)]
    pressure = pd.Series(np.nan, net.junction.index)
    pressure[grids["junction"]] = grids["p_bar"].to_numpy()
    fixed = (pressure.to_numpy() + air(ground)) * 1e5 / (density * GRAVITY) + ground
    pipes = net.pipe
    rows = pd.DataFrame({
        "pipe_id": "pipe " + pipes.index.astype(str),
        "from_node": pipes["from_junction"].astype(str).to_numpy(),
        "to_node": pipes["to_junction"].astype(str).to_numpy(),
        "length_m": pipes["length_km"].to_numpy(float) * 1e3,
        "inner_diameter_mm": pipes["inner_diameter_mm"].to_numpy(float),
        "roughness_mm": pipes["k_mm"].to_numpy(float),
        "zeta": pipes["loss_coefficient"].to_numpy(float),
        "status": np.where(pipes["in_service"].astype(bool), "existing", "closed"),
    })  # fmt: skip
    if "valve" in net and len(net.valve):
        valves = net.valve
        if (valves["et"] != "ju").any():
            raise ValueError("a valve beside a pipe is not translated")
        rows = pd.concat([rows, pd.DataFrame({
            "pipe_id": "valve " + valves.index.astype(str),
            "from_node": valves["junction"].astype(str).to_numpy(),
            "to_node": valves["element"].astype(str).to_numpy(),
            "length_m": 0.0,
            "inner_diameter_mm": valves["inner_diameter_mm"].to_numpy(float),
            "roughness_mm": 0.0,
            "zeta": valves["loss_coefficient"].to_numpy(float),
            "status": np.where(valves["opened"].astype(bool), "existing", "closed"),
        })])  # fmt: skip
    unknown = [k for k in ("heat_exchanger", "circ_pump_mass", "circ_pump_pressure", "press_control",
                           "flow_control", "heat_consumer") if k in net and len(net[k])]  # fmt: skip
    if unknown:
        raise ValueError(f"not translated: {', '.join(unknown)}")
    nodes = {"node_id": names, "ground_m": ground, "demand_kg_s": demand.to_numpy(), "fixed_head_m": fixed}
    return gisheat.Network.from_tables(nodes, rows, pumps=_pumps(net, density), two_pipe=False)


def _pumps(net: Any, density: float) -> dict[str, Any] | None:
    """Pumps, their polynomials as a hundred points up to where the lift ends, or to 200 m3/h."""
    if "pump" not in net or not len(net.pump):
        return None
    rows = net.pump[net.pump["in_service"].astype(bool)]
    flow = np.linspace(0.0, 200.0 / 3600.0, 401)
    curves = []
    for name in rows["std_type"]:
        head = np.asarray(net.std_types["pump"][name].get_pressure(flow)) * 1e5 / (density * GRAVITY)
        lifts = int(np.argmin(head > 0.0)) if (head <= 0.0).any() else len(flow)
        curves.append(write_curve(np.column_stack([flow, head])[:lifts]))
    return {
        "pump_id": [f"pump {i}" for i in rows.index],
        "from_node": rows["from_junction"].astype(str).tolist(),
        "to_node": rows["to_junction"].astype(str).tolist(),
        "curve": curves,
    }


def links_of(net: Any) -> int:
    """Number of pipes, valves and pumps."""
    return sum(len(net[kind]) for kind in ("pipe", "valve", "pump") if kind in net)


def air(height: Array) -> Array:
    """Pressure of the air at a height [bar], which pandapipes takes into account: its pressures are gauge."""
    return np.asarray(p_correction_height_air(height))


def solved(net: Any, law: Law) -> gisheat.Results:
    """Solve a pandapipes network by gisheat, with its water."""
    fluid = fluid_of(net)
    return gisheat.solve(
        network_of(net), friction=law, density_kg_m3=fluid.density, viscosity_pa_s=fluid.viscosity,
        gravity_m_s2=GRAVITY,
    )  # fmt: skip


# pandapipes run live --------------------------------------------------------------------------------------


def compared(name: str, net: Any) -> Case:
    """One network, solved by pandapipes and by gisheat with Colebrook."""
    with quiet():
        pandapipes.pipeflow(net, friction_model="colebrook", mode="hydraulics", max_iter_hyd=200, **TIGHT)
    fluid, ground = fluid_of(net), net.junction["height_m"].to_numpy(float)
    found = solved(net, "colebrook")
    head = (net.res_junction["p_bar"].to_numpy(float) + air(ground)) * 1e5 / (fluid.density * GRAVITY) + ground
    flow = [net.res_pipe["mdot_from_kg_per_s"].to_numpy(float)]
    if "valve" in net and len(net.valve):
        flow.append(net.res_valve["mdot_from_kg_per_s"].to_numpy(float))
    return Case(
        name, "colebrook", len(net.junction), links_of(net),
        **differences(found.supply.head, head, found.supply.flow, np.concatenate(flow)),
        head_limit=0.015, flow_limit=0.015,
    )  # fmt: skip


@contextlib.contextmanager
def quiet() -> Any:
    """Without what pandapipes prints and logs."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


# results of OpenModelica and STANET that pandapipes ships ---------------------------------------------------


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
            pressure, velocity = stored_differences(case, net, gauge(net, found), found.supply.velocity)
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


def live_cases() -> tuple[list[Case], list[Case]]:
    """Cases of pandapipes run live: those with every pipe above Re 4000 or at rest, and the others, without a limit."""
    same, different = [], []
    for module, prefix in ((water, "water_"), (heat, "heat_transfer_")):
        for name, make in sorted(inspect.getmembers(module, inspect.isfunction)):
            if not name.startswith(prefix):
                continue
            label = name.removeprefix("water_").replace("_", " ")
            programs = ("openmodelica", "stanet") if "results_from" in inspect.signature(make).parameters else ("",)
            for program in programs:
                net = make(results_from=program) if program else make()
                title = f"{label} ({program}'s)" if program else label
                nothing = Case(title, "colebrook", len(net.junction), links_of(net))
                case = attempt(lambda title=title, net=net: compared(title, net), nothing)
                reynolds = net.res_pipe["reynolds"].to_numpy(float) if "res_pipe" in net else np.zeros(0)
                low = reynolds[(reynolds > 1.0) & (reynolds < 4000.0)]
                if case.failure or not len(low):
                    same.append(case)
                else:
                    free = {"head_limit": np.inf, "flow_limit": np.inf}
                    different.append(case._replace(name=f"{title}, from Re {low.min():.0f}", **free))
    return [*same, *street_cases()], different


# streets, in all three programs ---------------------------------------------------------------------------


def pandapipes_of(network: gisheat.Network, fluid: Fluid) -> Any:
    """The pandapipes network of a one-pipe network of pipes."""
    constant = {"density": fluid.density, "viscosity": fluid.viscosity, "heat_capacity": 4190.0}
    net = pandapipes.create_empty_network(
        fluid=pandapipes.create_constant_fluid(
            "water", "liquid", **constant, compressibility=1.0, der_compressibility=0.0
        ),
        add_stdtypes=False,
    )
    nodes, pipes = network.nodes, network.pipes
    ground, pressure = nodes.ground, (nodes.fixed_head - nodes.ground) * fluid.density * GRAVITY / 1e5
    pandapipes.create_junctions(net, len(nodes), pn_bar=float(np.nanmax(pressure)), tfluid_k=293.15, height_m=ground)
    for i in np.flatnonzero(~np.isnan(nodes.fixed_head)).tolist():
        pandapipes.create_ext_grid(net, i, p_bar=pressure[i] - air(ground[i]), t_k=293.15)
    taken = np.flatnonzero(nodes.demand != 0.0)
    pandapipes.create_sinks(net, taken, mdot_kg_per_s=nodes.demand[taken])
    pandapipes.create_pipes_from_parameters(
        net, pipes.start, pipes.end, length_km=pipes.length / 1e3, inner_diameter_mm=pipes.inner_diameter * 1e3,
        k_mm=pipes.roughness * 1e3, loss_coefficient=pipes.zeta,
    )  # fmt: skip
    return net


def street_cases() -> list[Case]:
    """Street grids of 400 and 1600 junctions."""
    cases = []
    for side, keep, load in ((20, 0.1, 0.02), (40, 0.3, 0.02)):
        network = town(side, seed=side, keep=keep, load=load)
        name = f"streets, {side} by {side}"
        net = pandapipes_of(network, Fluid(970.0, 3.54e-4))
        cases.append(
            attempt(
                lambda name=name, net=net: compared(name, net),
                Case(name, "colebrook", len(net.junction), links_of(net)),
            )
        )
    return cases
