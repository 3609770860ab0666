"""pandapipes 0.16 run live, and the OpenModelica and STANET results it ships, against gisheat.

A pandapipes network becomes a one-pipe network: junctions with their heights, external grids as fixed heads,
sinks and sources as demands, valves with the Kv of their loss coefficient, pumps with their curves, and the
density and viscosity of its fluid at the temperature of its junctions.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandapipes
import pandas as pd
from oracle.towns import town
from pandapipes.component_models.component_toolbox import p_correction_height_air
from pandapipes.networks import simple_heat_transfer_networks as heat
from pandapipes.networks import simple_water_networks as water

import gisheat
from gisheat.network.curves import write_curve
from gisheat.physics.friction import Law
from gisheat.physics.valves import capacity_of_zeta
from verification.rows import Array, Case, attempt, differences

GRAVITY = 9.81
"""The acceleration that pandapipes reckons with [m/s2]."""
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
    unknown = [k for k in ("heat_exchanger", "circ_pump_mass", "circ_pump_pressure", "press_control",
                           "flow_control", "heat_consumer") if k in net and len(net[k])]  # fmt: skip
    if unknown:
        raise ValueError(f"not translated: {', '.join(unknown)}")
    nodes = {"node_id": names, "ground_m": ground, "demand_kg_s": demand.to_numpy(), "fixed_head_m": fixed}
    return gisheat.Network.from_tables(nodes, rows, pumps=_pumps(net, density), valves=_valves(net), two_pipe=False)


def _valves(net: Any) -> dict[str, Any] | None:
    """Valves with the Kv of their loss coefficient."""
    if "valve" not in net or not len(net.valve):
        return None
    rows = net.valve
    if (rows["et"] != "ju").any():
        raise ValueError("a valve beside a pipe is not translated")
    zeta, bore = rows["loss_coefficient"].to_numpy(float), rows["inner_diameter_mm"].to_numpy(float) / 1e3
    with np.errstate(divide="ignore"):
        capacity = np.where(zeta > 0.0, capacity_of_zeta(zeta, bore) * 3600.0, np.nan)
    return {
        "valve_id": [f"valve {i}" for i in rows.index],
        "from_node": rows["junction"].astype(str).tolist(),
        "to_node": rows["element"].astype(str).tolist(),
        "kvs_m3_h": capacity,
        "state": np.where(rows["opened"].astype(bool), "open", "closed").tolist(),
    }


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


def flows_of(found: gisheat.Results) -> Array:
    """Mass flows [kg/s] of pipes, then of valves."""
    valves = found.valves["flow_t_h"].to_numpy() / 3.6 if len(found.network.valves) else np.zeros(0)
    return np.concatenate([found.supply.flow, valves])


def velocities_of(net: Any, found: gisheat.Results) -> Array:
    """Velocities [m/s] of pipes, then of valves."""
    if not len(found.network.valves):
        return found.supply.velocity
    area = np.pi / 4.0 * (net.valve["inner_diameter_mm"].to_numpy(float) / 1e3) ** 2
    return np.concatenate([
        found.supply.velocity,
        flows_of(found)[len(net.pipe) :] / (fluid_of(net).density * area),
    ])  # fmt: skip


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
        **differences(found.supply.head, head, np.nan_to_num(flows_of(found)), np.nan_to_num(np.concatenate(flow))),
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


def schutterwald(bore_mm: float | None = None) -> Any:
    """Schutterwald's heating network, its consumers and its pump as given flows and pressures; other bores if given."""
    net = heat.schutterwald_heat()
    consumers, pump = net.heat_consumer, net.circ_pump_pressure.iloc[0]
    flow = consumers["controlled_mdot_kg_per_s"].to_numpy(float)
    for name in ("heat_consumer", "circ_pump_pressure"):
        net[name] = net[name].iloc[:0]
    pandapipes.create_sinks(net, consumers["from_junction"], mdot_kg_per_s=flow)
    pandapipes.create_sources(net, consumers["to_junction"], mdot_kg_per_s=flow)
    for junction, pressure in ((pump["flow_junction"], 0.0), (pump["return_junction"], pump["plift_bar"])):
        pandapipes.create_ext_grid(net, int(junction), p_bar=pump["p_flow_bar"] - pressure, t_k=343.15)
    net.junction["tfluid_k"] = 343.15
    if bore_mm is not None:
        net.pipe["inner_diameter_mm"] = bore_mm
    return net


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


def larger_cases() -> list[Case]:
    """Schutterwald's supply and return, and street grids of 400 and 1600 junctions."""
    nets = {
        "Schutterwald, supply and return, bores of 800 mm": schutterwald(),
        "Schutterwald, bores of 102.2 mm": schutterwald(102.2),
    }
    for side, keep, load in ((20, 0.1, 0.02), (40, 0.3, 0.02)):
        network = town(side, seed=side, keep=keep, load=load)
        nets[f"streets, {side} by {side}"] = pandapipes_of(network, Fluid(970.0, 3.54e-4))
    return [
        attempt(partial(compared, name, net), Case(name, "colebrook", len(net.junction), links_of(net)))
        for name, net in nets.items()
    ]


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
                case = attempt(partial(compared, title, net), nothing)
                reynolds = net.res_pipe["reynolds"].to_numpy(float) if "res_pipe" in net else np.zeros(0)
                low = reynolds[(reynolds > 1.0) & (reynolds < 4000.0)]
                if case.failure or not len(low):
                    same.append(case)
                else:
                    free = {"head_limit": np.inf, "flow_limit": np.inf}
                    different.append(case._replace(name=f"{title}, from Re {low.min():.0f}", **free))
    return [*same, *larger_cases()], different
