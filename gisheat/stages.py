"""The stages in order, each adding to what the one before has: read, repair, route, topology, loads, size, solve.

Every verb runs the stages it needs and writes the same layers, later columns empty.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gisheat import assessment, one_pipe, tables
from gisheat.balancing import balance
from gisheat.buildings import Buildings, join_buildings
from gisheat.catalogue import RoleRule, pipe_series, sizing_rules
from gisheat.checks import clean
from gisheat.earlier import names_of_today
from gisheat.errors import InputError, TopologyError
from gisheat.findings import Finding
from gisheat.hydraulics import connected, solve
from gisheat.hydraulics.operating import operated
from gisheat.hydraulics.sources import as_designed, join_devices
from gisheat.layers import Layers, find_sources, read_layers
from gisheat.loads import HEAT_CAPACITY, Loads, assign_loads, design_heat_capacity, expected_loads
from gisheat.network import Mask, Network
from gisheat.operating_point import drawing_at, network_at, operating_points
from gisheat.phases import phase_order, standing, unknown_phases
from gisheat.places import Place
from gisheat.pressure_checks import check_pressures
from gisheat.pressure_limits import limits_of
from gisheat.project import Project
from gisheat.results import Results
from gisheat.routing import route, rules_of_options
from gisheat.schema import INPUT_LAYERS
from gisheat.sizing import size
from gisheat.state import Progress, State, given_layers, report
from gisheat.topology import Drawing, RepairRules, all_points, build_network, in_phase, lineage_of, repair
from gisheat.topology.attributes import numbers, words


def read(path: Place, project: Project, options: Mapping[str, Any], progress: Progress | None = None) -> State:
    """Read and check the layers."""
    report(progress, 0.02, "reading layers")
    given = given_layers(options)
    if one_pipe.is_one_pipe(path, project, given):
        raise InputError(f"{path} holds a one-pipe network: only the verbs solve and export-inp take it.")
    sources = find_sources(path, None if project.path is None else project, given)
    mapping, said = names_of_today(sources, project.columns)
    raw = read_layers(
        sources, mapping, options.get("crs"), to_crs=options.get("to_crs"), encoding=options.get("encoding")
    )
    raw = replace(raw, notes=(*project.notes, *said, *raw.notes))
    report(progress, 0.15, "checking")
    layers = _with_buildings(clean(raw), options)
    used = [
        p for name in ("pipes", "stations", "sources", "valves", "pumps") for p in (layers.get(name).get("phase", ()))
    ]
    order = phase_order(project.phases, used)
    findings = (*layers.findings, *unknown_phases(layers.tables, order))
    return State(project, options, raw, layers, pipe_series(options["catalogue"]), order, findings, notes=layers.notes)


def add_repair(state: State, progress: Progress | None = None) -> State:
    """Repair streets and pipes as they are drawn.

    Raises
    ------
    TopologyError
        If there are neither.
    """
    report(progress, 0.17, "repairing the drawing")
    if not (has_pipes(state) or len(state.layers.get("streets"))):
        if "streets" in state.layers and "pipes" not in state.layers:
            raise TopologyError("the layer streets holds no street that can be used: look at its geometry.")
        state.layers["pipes"]  # refuses a layer that is not there
        raise TopologyError("the layer pipes holds no pipe that can be used: look at its geometry and status.")
    options = state.options
    rules = RepairRules(
        tolerance=options["snap_tolerance_m"], street_crossings=options["street_crossings"],
        pipe_crossings=options["pipe_crossings"], merge_pseudo_nodes=options["merge_pseudo_nodes"],
        parallel_pairs=options["parallel_pairs"], parallel_distance=options["parallel_distance_m"],
    )  # fmt: skip
    repaired = repair(state.layers, rules)
    return replace(state, repaired=repaired, layers=repaired.layers, findings=(*state.findings, *repaired.findings))


def has_pipes(state: State) -> bool:
    """Tell whether there are pipes to make a network of."""
    return len(state.layers.get("pipes")) > 0


def _with_buildings(layers: Layers, options: Mapping[str, Any]) -> Layers:
    """Layers with what the buildings say of stations."""
    position = options.get("heat_index_position")
    rules = Buildings(
        connect=options["connect_buildings"], heated_share=options["heated_share"], floors=options["building_floors"],
        heat_index_position=0.5 if position is None else position, farthest=options["max_connection_m"],
        streets=options.get("routing") == "always",
    )  # fmt: skip
    return join_buildings(layers, rules)


def add_routing(state: State, progress: Progress | None = None) -> State:
    """Choose trenches along the streets where the option `routing` wants them.

    Raises
    ------
    TopologyError
        If no station can be reached.
    """
    state = _with_routes(state, progress) if _is_to_be_routed(state) else state
    if state.routed is not None and not state.routed.reached:
        first = next(f.message for f in state.routed.findings if f.rule == "unreachable")
        raise TopologyError(
            f"no station can be reached from a source along the streets ({first.rstrip('.')}):"
            " look at the layers streets, stations and sources with gisheat check."
        )
    return state


def try_routing(state: State, progress: Progress | None = None) -> State:
    """Choose trenches where they are wanted; what makes that impossible is found, like anything else."""
    if not _is_to_be_routed(state):
        return state
    try:
        return _with_routes(state, progress)
    except TopologyError as error:
        return replace(state, findings=(*state.findings, Finding("not-routed", "error", "streets", str(error))))


def _is_to_be_routed(state: State) -> bool:
    """Tell whether trenches are wanted; of a verb that routes nothing, whether its project will have them."""
    layers = state.layers
    wanted = state.options.get("routing", state.project.options.get("routing", "auto"))
    there = (words(layers.get("pipes"), "status", "existing") != "abandoned").any()
    needed = all(len(layers.get(name)) for name in ("streets", "stations", "sources")) and not there
    return bool(wanted == "always" or (wanted == "auto" and needed))


def _with_routes(state: State, progress: Progress | None) -> State:
    report(progress, 0.18, "choosing trenches along the streets")
    options, project = state.options, state.project
    last = state.order[-1] if state.order else ""
    load = expected_loads(
        state.layers["stations"], state.layers.get("load_mix"),
        area_factor=options["area_factor"] or project.area_factor.get(last, 1.0),
        heat_index=options["heat_index_w_m2"], heat_index_position=options["heat_index_position"],
        heat_capacity=options["heat_capacity_j_kg_k"] or HEAT_CAPACITY, difference=_usual_difference(state),
    )  # fmt: skip
    routed = route(state.layers, rules_of_options(options), load, state.order)
    return replace(
        state, layers=routed.layers, routed=routed, findings=(*state.findings, *routed.findings),
        notes=(*state.notes, *routed.notes),
    )  # fmt: skip


def _usual_difference(state: State) -> float | None:
    """Supply less return temperature [K]: of the options, else the mean of the sources; None where neither says it."""
    table = state.layers["sources"]
    hot, cold = (
        numbers(table, name) if state.options[name] is None else np.full(len(table), state.options[name])
        for name in ("supply_temp_c", "return_temp_c")
    )
    known = (hot - cold)[np.isfinite(hot - cold)]
    return float(known.mean()) if len(known) else None


def add_topology(state: State, progress: Progress | None = None) -> State:
    """Build the network from the drawing; of streets alone there is none yet."""
    if not has_pipes(state):
        return state
    report(progress, 0.2, "building the network")
    options = state.options
    drawing = build_network(
        state.raw, state.layers, state.series, mended=state.repaired,
        snap_tolerance=options["snap_tolerance_m"], max_connection=_farthest(state),
        connect_to=options["connect_to"],
        roughness=options["roughness_mm"] * 1e-3, local_loss_fraction=options["local_loss_fraction"],
        required_head=options["required_head_m"],
    )  # fmt: skip
    findings = [*state.findings, *_news(state, drawing.findings)]
    notes = [*state.notes, *_assumed_defaults(state.layers, options)]
    found = assessment.find_islands(drawing, in_phase(drawing, state.phase, state.order))
    return replace(state, drawing=drawing, findings=(*findings, *found), notes=tuple(notes))


def _farthest(state: State) -> float:
    """Longest connection that the network may still draw [m]: routing draws all that may be, of pairs."""
    tolerance, farthest = state.options["snap_tolerance_m"], state.options["max_connection_m"]
    apart = "line" in state.layers["pipes"] and state.layers["pipes"]["line"].isin(("supply", "return")).any()
    routed = state.routed is not None or _is_left_to_routing(state)
    return float(min(tolerance, farthest) if routed and not apart else farthest)


def _is_left_to_routing(state: State) -> bool:
    """Tell whether the verb routes nothing, but its project will."""
    return "routing" not in state.options and len(state.layers.get("streets")) > 0 and _is_to_be_routed(state)


def _news(state: State, findings: Sequence[Finding]) -> list[Finding]:
    """Findings without those on stations and sources of which routing has said why it does not reach them.

    What is still to be routed is one finding.
    """
    known = {(f.layer, f.source_fid) for f in state.findings if f.rule == "unreachable"}
    apart = [f for f in findings if f.rule == "not-connected"]
    news = [f for f in findings if f.rule != "not-connected"]
    if not apart or not _is_left_to_routing(state):
        return news + [f for f in apart if (f.layer, f.source_fid) not in known]
    message = f"{len(apart)} station(s) and source(s) stand at no pipe; they are left to routing (routing = always)."
    return [*news, Finding("left-to-routing", "info", apart[0].layer, message, point=apart[0].point)]


def _assumed_defaults(layers: Layers, options: Mapping[str, Any]) -> list[str]:
    """Which columns were filled with defaults, in words."""
    notes = []
    pipes, stations = layers.get("pipes"), layers.get("stations")
    fraction = options["local_loss_fraction"]
    for table, layer, column, value in (
        (pipes, "pipes", "roughness_mm", f"{options['roughness_mm']:g} mm"),
        (pipes, "pipes", "local_loss_fraction", "0.15, connections 0.20" if fraction is None else f"{fraction:g}"),
        (stations, "stations", "required_head_m", f"{options['required_head_m']:g} m"),
    ):
        own = table if column not in table else table[table[column].isna()]
        missing = len(own)
        if "source_layer" in own:  # pieces of a pipe state none together; new trenches each by itself
            drawn = own["source_layer"] == layer
            missing = own.loc[drawn, "source_fid"].nunique() + int((~drawn).sum())
        if missing:
            notes.append(f"{layer}: {column} is {value} for the {missing} feature(s) that state none")
    for name in ("supply_temp_c", "return_temp_c"):
        stated = [t for t in (stations, layers.get("sources")) if name in t and t[name].notna().any()]
        if options.get(name) is not None and stated:
            notes.append(f"the option {name} is used only where no layer states a temperature")
        sources = layers.get("sources")
        if name in sources and len(sources[name].dropna().unique()) > 1:
            notes.append(f"sources: {name} differs between sources; the water of the pipes is taken at the mean")
    return notes


def _network(state: State, phase: str) -> Network:
    """The network of a phase with stations on islands out of service."""
    assert state.drawing is not None
    network = in_phase(state.drawing, phase, state.order)
    joined_stations, joined_sources = connected(network)
    return replace(
        network,
        stations=replace(network.stations, in_service=network.stations.in_service & joined_stations),
        sources=replace(network.sources, in_service=network.sources.in_service & joined_sources),
    )


def phase_loads(state: State, phase: str) -> Loads:
    """Loads of all stations that stand in a phase, with its area factor and its mix of buildings."""
    options = state.options
    if state.drawing is None:
        raise TopologyError(_why_no_pipes(state))
    network = _network(state, phase)
    factor = options["area_factor"] or state.project.area_factor.get(phase, 1.0)
    return assign_loads(
        network, state.drawing.stations, state.layers.get("load_mix"), phase=phase or None, area_factor=factor,
        heat_index=options["heat_index_w_m2"], heat_index_position=options["heat_index_position"],
        heat_capacity=design_heat_capacity(network, options),
        supply_temp_c=options["supply_temp_c"], return_temp_c=options["return_temp_c"],
    )  # fmt: skip


def _why_no_pipes(state: State) -> str:
    """Why there is no network."""
    if state.routed is not None:
        return "there are no pipes, and routing digs none: every station that is reached stands at a source."
    lacking = [name for name in ("stations", "sources") if not len(state.layers.get(name))]
    if state.options["routing"] == "never" or not lacking:
        return "there are streets, but no pipes: set routing to auto or always, or add a layer pipes."
    return (
        f"there are streets, but no pipes, and nothing is routed without {' and '.join(lacking)} that can be used:"
        f" look at the layer {lacking[0]}, or add a layer pipes."
    )


def add_loads(state: State, progress: Progress | None = None) -> State:
    """Give stations their loads and flows."""
    report(progress, 0.3, "assigning loads")
    loads = phase_loads(state, state.phase)
    on = loads.network.stations.in_service
    load = float(np.nansum(loads.network.stations.load[on]))
    area = float(np.nansum(loads.network.stations.heated_area[on & ~np.isnan(loads.network.stations.load)]))
    trench = float(loads.network.pipes.length[loads.network.pipes.in_service].sum())
    doubts = assessment.plausibility(state.layers, load, area, trench)
    return replace(state, loads=loads, findings=(*state.findings, *loads.findings, *doubts))


def add_loads_if_drawn(state: State, progress: Progress | None = None) -> State:
    """Give stations their loads where there are pipes."""
    return state if state.drawing is None else add_loads(state, progress)


def solve_options(state: State) -> dict[str, Any]:
    """The options of the state that `hydraulics.solve` takes."""
    names = ("friction", "supply_temp_c", "return_temp_c", "density_kg_m3", "viscosity_pa_s", "heat_capacity_j_kg_k",
             "gravity_m_s2", "tolerance", "max_iterations", "station_pump_efficiency")  # fmt: skip
    return {name: state.options[name] for name in names}


def _solver(state: State, progress: Progress | None = None) -> Callable[[Network], Results]:
    def tell(share: float, what: str) -> None:
        report(progress, share, what)

    return functools.partial(solve, **solve_options(state), progress=tell if progress else None)


def rules_of(state: State) -> tuple[RoleRule, ...]:
    """Sizing rules with the options of the state."""
    options = state.options
    return sizing_rules(
        options["rule_set"],
        state.series,
        max_velocity=options["max_velocity_m_s"],
        max_friction=options["max_friction_pa_m"],
    )


def add_sizes(state: State, progress: Progress | None = None) -> State:
    """Size pipes without a bore for the sizing phase; judge given ones in that phase too."""
    report(progress, 0.4, "sizing")
    assert state.loads is not None and state.drawing is not None
    phase = size_phase(state)
    loads = state.loads if phase == state.phase else phase_loads(state, phase)
    require_load(state, loads)
    rules = rules_of(state)
    solver, designed = _solver(state), as_designed(loads.network)
    sizing = size(join_devices(designed), solver, state.series, rules, valve_reserve=state.options["valve_reserve_m"])
    bore = sizing.network.pipes.inner_diameter
    sizing = replace(sizing, network=loads.network.with_bores(bore))
    found = assessment.assess_sizing(state.drawing, sizing)
    if phase != state.phase:
        found += assessment.assess_load(
            state.drawing, solver(designed.with_bores(bore)), sizing, state.series, rules, phase
        )
    network = state.loads.network.with_bores(bore)
    return replace(
        state, sizing=sizing, loads=replace(state.loads, network=network), findings=(*state.findings, *found)
    )


def size_phase(state: State) -> str:
    """The phase that is sized for: the option, else the last one; the computed one where nothing grows."""
    wanted = str(state.options["size_phase"] or "")
    if wanted:
        standing((), wanted, state.order)  # refuses an unknown one
        if not state.phase or state.order.index(wanted) < state.order.index(state.phase):
            raise InputError(
                f"size_phase {wanted!r} is before the computed phase {state.phase or '(all)'!r}: pipes that come later"
                " would have no load to be sized for."
            )
        return wanted
    if not state.phase:
        return ""
    return state.order[-1]


def require_load(state: State, loads: Loads) -> None:
    """Raise when nothing can be computed: no source in service, or no station with a flow."""
    network = loads.network
    for layer in ("sources", "stations"):
        if layer not in state.layers:
            raise TopologyError(f"there is no layer {layer}: add it to the input, or give it with --{layer}.")
    if not network.sources.in_service.any():
        raise TopologyError(
            f"there is no source in service that is connected{_first_error(state, 'sources')}:"
            " look at the sources layer with gisheat check."
        )
    if not network.stations.in_service.any():
        raise TopologyError(
            f"no station that is connected and in service has a load{_first_error(state, 'stations')}:"
            " look at the findings of gisheat check."
        )


def _first_error(state: State, layer: str) -> str:
    """The first error that was found in a layer, in brackets; empty without one."""
    found = [f.message for f in state.findings if f.severity == "error" and f.layer in (layer, "pipes")]
    return f" ({found[0].rstrip('.')})" if found else ""


def add_solution(state: State, progress: Progress | None = None) -> State:
    """Solve the computed phase."""
    report(progress, 0.6, "solving")
    assert state.loads is not None and state.drawing is not None and state.sizing is not None
    require_load(state, state.loads)
    state = add_point(state)
    network, cut_off = operating_network(state)
    results = _solver(state)(network)
    report(progress, 0.7, "solved")
    return _with_results(state, results, cut_off)


def add_point(state: State) -> State:
    """Find what the curve of regulation has at the outdoor temperature of the options, where they name one."""
    outdoor = state.options["outdoor_temp_c"]
    if outdoor is None:
        return state
    assert state.loads is not None and state.drawing is not None
    (point,) = operating_points(state.loads.network, state.drawing.stations, state.options, [outdoor])
    return replace(state, point=point, notes=(*state.notes, f"solved {point.sentence}"))


def operating_network(state: State) -> tuple[Network, Mask]:
    """The network as the options want it operated, and the stations that an outage cuts off."""
    assert state.loads is not None
    options = state.options
    outage = [name.strip() for name in str(options["outage"] or "").split(";") if name.strip()]
    network, cut_off = operated(
        network_at(state.point, state.loads.network), station_control=options["station_control"],
        pump_speed=options["pump_speed"], outage=outage,
    )  # fmt: skip
    if not network.stations.in_service.any():
        raise TopologyError(f"nothing is supplied when {', '.join(outage)} is out of service.")
    return network, cut_off


def _with_results(state: State, results: Results, cut_off: Mask) -> State:
    """The state with a solution and what is to be said of it."""
    assert state.drawing is not None and state.sizing is not None
    found = [
        *assessment.assess_outage(state.drawing, results, cut_off),
        *assessment.assess_load(state.drawing, results, state.sizing, state.series, rules_of(state), state.phase),
        *assessment.assess_supply(state.drawing, results),
        *assessment.assess_devices(state.drawing, results),
        *check_pressures(state.drawing, results, limits_of(state.drawing, results.network, state.options)),
    ]
    notes = state.notes
    if np.isnan(results.network.sources.static_head[results.network.sources.in_service]).any():
        notes = (
            *notes,
            f"sources: no static_head_m is stated; a static line at {results.static_line:.1f} m was chosen",
        )
    already = {(f.rule, f.layer, f.source_fid) for f in found if f.rule == "overloaded"}
    before = [f for f in state.findings if (f.rule, f.layer, f.source_fid) not in already]
    return replace(state, results=results, findings=(*before, *found), notes=notes)


def add_balance(state: State, progress: Progress | None = None) -> State:
    """Set the valves of all stations, and solve the network with them."""
    report(progress, 0.6, "balancing")
    assert state.loads is not None and state.drawing is not None
    require_load(state, state.loads)
    state = add_point(state)
    network, cut_off = operating_network(state)
    found = balance(network, **solve_options(state))
    state = _with_results(replace(state, balance=found), found.after, cut_off)
    assert state.drawing is not None
    return replace(state, findings=(*state.findings, *assessment.assess_balance(state.drawing, found)))


def result_tables(state: State) -> dict[str, pd.DataFrame]:
    """Layers and tables of the result, as far as the stages have come (without the run record)."""
    drawing = state.drawing
    if drawing is None:
        return _street_tables(state)
    series, results = state.series, state.results
    drawing = drawing_at(state.point, drawing)
    return {
        **tables.passed_on(state.layers),
        "pipes": tables.pipe_layer(drawing, state.sizing, series, results),
        "nodes": tables.node_layer(drawing, results),
        "stations": tables.station_layer(drawing, state.loads, results, _due(state, drawing)),
        "sources": tables.source_layer(drawing, results),
        **tables.device_layers(drawing, results),
        "findings": tables.findings_layer(state.findings, drawing.crs),
        "lineage": drawing.lineage,
        "critical_path": tables.path_table(results),
        **({} if state.scenarios is None else {"scenarios": tables.scenario_table(state.scenarios)}),
        **({} if state.comparison is None else {"comparison": tables.comparison_table(state.comparison)}),
    }


def _due(state: State, drawing: Drawing) -> Mask:
    """Stations that are to be served in the phase, whether anything reaches them or not."""
    is_open = words(drawing.stations, "status", "existing") != "closed"
    return standing(words(drawing.stations, "phase"), state.phase, state.order) & is_open


def _street_tables(state: State) -> dict[str, pd.DataFrame]:
    """Layers and tables of a project that has streets, but no pipes yet."""
    assert state.repaired is not None
    return {
        **tables.passed_on(state.layers, INPUT_LAYERS),
        "findings": tables.findings_layer(state.findings, state.layers.crs),
        "lineage": lineage_of(state.raw, state.layers, state.repaired.absorbed, points=all_points(state.layers)),
        "critical_path": tables.path_table(None),
    }
