"""The figures of a run by name, with their units: what the command line prints and the summary table holds."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gisheat.findings import count_by_severity
from gisheat.numerics.incidence import components
from gisheat.pumping import compare_pumping
from gisheat.results import Results
from gisheat.results.origins import meeting_nodes
from gisheat.stages import size_phase, solve_options
from gisheat.state import State

ACCEPTED = (0.9, 1.2)
"""Actual over design flow that acceptance tests of heating networks let pass."""

Rows = dict[str, tuple[Any, str]]


def summary_rows(state: State) -> Rows:
    """Figures in the order in which a reader wants them: key -> (value, unit)."""
    rows: Rows = {"project": (state.project.name, ""), "phase": (state.phase or "all", "")}
    if state.routed is not None:
        rows |= state.routed.figures
    if state.loads is None and "streets" in state.layers:
        rows |= _street_rows(state)
    if state.drawing is not None:
        rows |= _drawing_rows(state)
    if state.loads is not None:
        rows |= _load_rows(state)
    if state.sizing is not None:
        rows |= {
            "sized pipes": (int((state.sizing.row >= 0).sum()), ""),
            "sized for phase": (size_phase(state) or "all", ""),
            "catalogue": (state.series.name, ""),
            "sizing rules": (state.options["rule_set"], ""),
        }
    if state.point is not None:
        rows |= _point_rows(state)
    if state.results is not None:
        rows |= _solution_rows(state)
        rows |= _operation_rows(state.results) | _source_rows(state.results)
        rows |= _station_pump_rows(state) | _balance_rows(state)
    rows |= _scenario_rows(state)
    if named := state.raw.attributions():
        rows["attribution"] = ("; ".join(named), "")
    if state.scenarios is not None:
        rows |= _sweep_rows(state.scenarios)
    counted = count_by_severity(state.findings)
    return rows | {f"findings: {name}": (count, "") for name, count in counted.items()}


def _sweep_rows(scenarios: pd.DataFrame) -> Rows:
    found = scenarios[scenarios["message"] == ""]
    rows: Rows = {
        "scenarios": (len(scenarios), ""),
        "scenarios without a result": (len(scenarios) - len(found), ""),
        "scenarios with stations cut off": (int((scenarios["stations_not_supplied"] != "").sum()), ""),
    }
    for name, column, worst, unit in (
        ("largest pump head", "pump_head_m", "max", "m"),
        ("least surplus head of all", "least_surplus_head_m", "min", "m"),
        ("largest velocity", "max_velocity_m_s", "max", "m/s"),
        ("largest load not supplied", "load_not_supplied_mw", "max", "MW"),
    ):
        known = (scenarios if "not supplied" in name else found)[["scenario_id", column]].dropna()
        if len(known):
            figures = known[column].to_numpy(float)
            at = int(figures.argmax() if worst == "max" else figures.argmin())
            rows[name] = (float(figures[at]), unit)
            rows[f"{name}: scenario"] = (known["scenario_id"].iloc[at], "")
    return rows


def _street_rows(state: State) -> Rows:
    streets = state.layers["streets"]
    if "from_node" not in streets:
        return {}
    number, names = pd.factorize(np.concatenate([streets["from_node"], streets["to_node"]]))
    start, end = np.split(number, 2)
    parts = len(np.unique(components(start, end, len(names))[start]))
    return {
        "streets": (len(streets), ""),
        "street length": (float(shapely.length(streets.geometry.to_numpy()).sum()), "m"),
        "parts of the street network": (parts, ""),
    }


def _drawing_rows(state: State) -> Rows:
    assert state.drawing is not None
    network = state.drawing.network if state.loads is None else state.loads.network
    used = network.pipes.in_service
    return {
        "pipes": (int(used.sum()), ""),
        "trench length": (float(network.pipes.length[used].sum()), "m"),
        "stations": (int(network.stations.in_service.sum()), ""),
        "sources": (int(network.sources.in_service.sum()), ""),
    }


def _load_rows(state: State) -> Rows:
    assert state.loads is not None
    network = state.loads.network
    on = network.stations.in_service
    load = float(np.nansum(network.stations.load[on]))
    area = float(np.nansum(network.stations.heated_area[on]))
    trench = float(network.pipes.length[network.pipes.in_service].sum())
    rows: Rows = {
        "heat load": (load / 1e6, "MW"),
        "heated area": (area, "m2"),
        "load for each area": (load / area if area else float("nan"), "W/m2"),
        "trench for each megawatt": (trench / (load / 1e6) if load else float("nan"), "m/MW"),
    }
    if state.loads.composite_heat_index is not None:
        rows["composite heat index"] = (state.loads.composite_heat_index, "W/m2")
    return rows


def _point_rows(state: State) -> Rows:
    """Where on the curve of regulation the network was solved."""
    point, options = state.point, state.options
    assert point is not None
    supply, back, flow = point.mean
    found = None if state.results is None else state.results.station
    return {
        "outdoor temperature": (point.outdoor, "degC"),
        "indoor temperature": (options["indoor_temp_c"], "degC"),
        "design outdoor temperature": (options["design_outdoor_temp_c"], "degC"),
        "regulation": (options["regulation"], ""),
        "relative load": (point.load, ""),
        "relative flow": (flow, ""),
        "supply temperature": (supply, "degC"),
        "return temperature": (back, "degC"),
        **({} if found is None else {"heat load at this temperature": (float(np.nansum(found.load)) / 1e6, "MW")}),
    }


def _solution_rows(state: State) -> Rows:
    results = state.results
    assert (
        results is not None
        and results.critical is not None
        and results.source is not None
        and results.station is not None
    )
    assert results.back is not None
    network, critical = results.network, results.critical
    path = critical.pipes[critical.pipes >= 0]  # valves and pumps have no length
    head = results.pump_head()
    balance = results.check()
    pipes = network.pipes
    used = pipes.in_service & ~np.isnan(results.supply.flow)
    volume = float((np.pi / 4.0 * pipes.inner_diameter**2 * pipes.length)[used & pipes.in_supply].sum())
    volume += float((np.pi / 4.0 * pipes.inner_diameter**2 * pipes.length)[used & pipes.in_return].sum())
    served = results.station.served
    one_way = results.path()["sup_loss_kpa"].sum()
    return {
        "friction law": (results.conditions.law, ""),
        "flow": (float(np.nansum(results.source.flow)) * 3.6, "t/h"),
        "worst station": (network.stations.id[critical.station], ""),
        "least surplus head": (float(results.station.surplus_head[critical.station]), "m"),
        "stations served": (int(served.sum()), ""),
        "stations not served": (int((network.stations.in_service & ~served).sum()), ""),
        "critical path": (
            f"{network.nodes.id[critical.nodes[0]]} ... {pipes.id[path[-1]] if len(path) else ''}",
            "",
        ),
        "critical path length": (float(pipes.length[path].sum()), "m"),
        "one-way loss": (float(one_way), "kPa"),
        "pump head": (head.total, "m"),
        "pump head: supply loss": (head.supply_loss, "m"),
        "pump head: return loss": (head.return_loss, "m"),
        "pump head: station": (head.station, "m"),
        "pump head: natural circulation": (round(head.natural_circulation, 9) + 0.0, "m"),
        **({"pump head: booster pumps": (head.boosters, "m")} if head.boosters else {}),
        "pump head: plant": (head.plant, "m"),
        "pump head: reserve": (head.reserve, "m" if not results.pump_head_given else "m, the surplus included"),
        "pump power": (float(np.nansum(results.source.pump_power)) / 1e3, "kW"),
        "static line": (results.static_line, "m"),
        "reference density": (results.conditions.mean.density, "kg/m3"),
        "water volume": (volume, "m3"),
        "iterations": (results.iterations, ""),
        "largest mass error": (balance.mass, "kg/s"),
        "largest head error": (balance.head, "m"),
    }


def _operation_rows(results: Results) -> Rows:
    """Who gets too much and who too little, where flows follow from pumps and valves."""
    station = results.station
    if station is None or not results.operation:
        return {}
    imbalance = results.stations["imbalance"].to_numpy()
    if np.isnan(imbalance).all():
        return {}
    ids = results.network.stations.id
    least, most = int(np.nanargmin(imbalance)), int(np.nanargmax(imbalance))
    return {
        "design flow": (float(np.nansum(station.design_flow)) * 3.6, "t/h"),
        "heat delivered": (float(np.nansum(station.heat)) / 1e6, "MW"),
        "stations with too little flow": (int((imbalance < ACCEPTED[0]).sum()), f"below {ACCEPTED[0]:g} of design"),
        "stations with too much flow": (int((imbalance > ACCEPTED[1]).sum()), f"above {ACCEPTED[1]:g} of design"),
        "least imbalance": (float(imbalance[least]), str(ids[least])),
        "largest imbalance": (float(imbalance[most]), str(ids[most])),
    }


def _source_rows(results: Results) -> Rows:
    """What each source gives, and where their streams meet."""
    source = results.source
    if source is None or int(results.network.sources.in_service.sum()) < 2:
        return {}
    total = max(float(np.nansum(source.flow)), 1e-300)
    rows: Rows = {}
    for i in np.flatnonzero(results.network.sources.in_service).tolist():
        name = results.network.sources.id[i]
        rows[f"source {name}: load"] = (float(source.load[i]) / 1e6, "MW")
        rows[f"source {name}: share of the flow"] = (100.0 * float(source.flow[i]) / total, "%")
        rows[f"source {name}: pump head"] = (float(source.pump_head[i]), "m")
    names = results.network.nodes.id[meeting_nodes(results)]
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    rows["streams of sources meet at"] = (", ".join(str(n) for n in names[:10]) + more or "no node", "")
    return rows


def _station_pump_rows(state: State) -> Rows:
    """Pumps at stations against one central pump."""
    results = state.results
    assert results is not None
    station, source = results.station, results.source
    if station is None or source is None or np.isnan(station.pump_head).all():
        return {}
    options = solve_options(state)
    central = compare_pumping(results.network, **options).central
    assert central.source is not None
    own, at_stations = float(np.nansum(source.pump_power)), float(np.nansum(station.pump_power))
    efficiency = float(results.network.sources.pump_efficiency[results.network.sources.in_service].mean())
    return {
        "station pumps": (int((~np.isnan(station.pump_head)).sum()), ""),
        "station pumps: power": (at_stations / 1e3, "kW"),
        "station pumps: efficiency": (options["station_pump_efficiency"], ""),
        "source pumps: efficiency": (efficiency, ""),
        "distributed pumps: power of all": ((own + at_stations) / 1e3, "kW"),
        "one central pump instead: head": (float(np.nanmax(central.source.pump_head)), "m"),
        "one central pump instead: power": (float(np.nansum(central.source.pump_power)) / 1e3, "kW"),
    }


def _balance_rows(state: State) -> Rows:
    if state.balance is None:
        return {}
    before = state.balance.before.stations["imbalance"].to_numpy()
    after = state.balance.after.stations["imbalance"].to_numpy()
    return {
        "imbalance with open valves": (f"{np.nanmin(before):.2f} ... {np.nanmax(before):.2f}", "of design flow"),
        "imbalance when balanced": (f"{np.nanmin(after):.4f} ... {np.nanmax(after):.4f}", "of design flow"),
        "flow with open valves": (float(np.nansum(state.balance.before.source.flow)) * 3.6, "t/h"),  # type: ignore[union-attr]
        "stations not balanced": (int(state.balance.unbalanced.sum()), ""),
    }


def _scenario_rows(state: State) -> Rows:
    """One line for each scenario of the project file."""
    if state.comparison is None:
        return {}
    return {
        f"scenario {row['scenario_id']}": (_scenario_line(row), "") for row in state.comparison.to_dict("records")[1:]
    }


def _scenario_line(row: dict[Hashable, Any]) -> str:
    if row["message"]:
        return str(row["message"])
    short = f", {row['stations_short']:.0f} stations short" if row["stations_short"] else ""
    return (
        f"{row['heat_mw']:.2f} MW, {row['flow_t_h']:.1f} t/h, pump head {row['pump_head_m']:.2f} m,"
        f" {row['pump_power_kw']:.0f} kW{short}"
    )
