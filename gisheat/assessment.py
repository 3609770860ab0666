"""What a careful engineer would remark: islands, overload, narrow places, stations without head, capacity."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gisheat.balancing import Balance
from gisheat.catalogue import PipeSeries, RoleRule
from gisheat.findings import Finding, Severity, findings_about
from gisheat.hydraulics import acting_sources, connected
from gisheat.hydraulics.sources import follows_head, open_links
from gisheat.layers import Layers
from gisheat.network import TRUNK, Index, Mask, Network
from gisheat.numerics.incidence import components, reachable
from gisheat.results import Results
from gisheat.sizing import LARGEST, Sizing
from gisheat.topology import Drawing

ROUNDING = 1.0 + 1e-9
USUAL_INDEX = (15.0, 150.0)
"""Heat load for each square metre of heated area [W/m2] outside of which a network is odd."""
LEAST_AUTHORITY = 0.3
"""Loss of the open valve over the head at its station: below it a valve hardly governs before it is shut."""
USUAL_TRENCH = (5.0, 20000.0)
"""Trench for each megawatt [m/MW] outside of which a network is odd."""


def find_islands(drawing: Drawing, network: Network) -> list[Finding]:
    """A finding for each island of pipes in service, and for stations and sources that are cut off otherwise."""
    pipes, count = network.pipes, len(network.nodes)
    used = np.flatnonzero(pipes.in_service)
    sides = [open_links(network, supply=supply) for supply in (True, False)]
    start, end = (np.concatenate(ends) for ends in zip(*sides, strict=True))
    sources, on = network.sources, network.sources.in_service
    regulating, fixed = acting_sources(network) if on.any() else (0, np.zeros(0, np.int64))
    roots = np.concatenate([sources.supply_node[fixed], sources.return_node[[regulating]] if on.any() else fixed])
    wet = reachable(start, end, count, roots)
    label = components(start, end, count)
    joined_stations, joined_sources = connected(network)
    cut_off = network.stations.in_service & ~joined_stations
    names: dict[int, list[str]] = {}
    for i in np.flatnonzero(cut_off).tolist():
        names.setdefault(int(label[network.stations.supply_node[i]]), []).append(str(network.stations.id[i]))
    dry = used[~wet[pipes.start[used]]] if on.any() else used[:0]
    dry = dry[np.argsort(label[pipes.start[dry]], kind="stable")]
    islands, first = np.unique(label[pipes.start[dry]], return_index=True)
    messages = [
        f"{len(members)} pipe(s), {pipes.length[members].sum():.0f} m, with {_some(names.get(number, []))} hang"
        f" together with no source (first pipe: {pipes.id[members[0]]}); they are not solved."
        for number, members in zip(islands.tolist(), np.split(dry, first)[1:], strict=True)
    ]
    table = drawing.pipes.iloc[dry[first]]
    served = np.array([number in names for number in islands.tolist()], dtype=bool)
    repair = "join it to the network"
    with_load = [m for m, s in zip(messages, served, strict=True) if s]
    without = [m for m, s in zip(messages, served, strict=True) if not s]
    findings = findings_about(table[served], "island", "error", "pipes", with_load, repair=repair)
    findings += findings_about(table[~served], "island", "warning", "pipes", without, repair=repair)
    one_sided = cut_off & wet[network.stations.supply_node] if on.any() else np.zeros(len(cut_off), bool)
    findings += _station_findings(
        drawing,
        one_sided,
        "one-sided",
        "error",
        "hangs together with a source on one side only; it is not solved",
    )
    apart = on & ~joined_sources
    alone = "hangs together with no source that holds a head; it is not solved"
    sentences = [f"source {name} {alone}." for name in sources.id[apart]]
    return findings + findings_about(drawing.sources[apart], "source-apart", "error", "sources", sentences)


def _some(names: list[str]) -> str:
    return f"station(s) {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}" if names else "no station"


def _station_findings(drawing: Drawing, mask: Mask, rule: str, severity: Severity, what: str) -> list[Finding]:
    rows = drawing.stations[mask]
    return findings_about(rows, rule, severity, "stations", (f"station {n} {what}." for n in rows["station_id"]))


def _pipe_findings(
    drawing: Drawing, rows: Index, rule: str, severity: Severity, what: Iterable[str], repair: str = ""
) -> list[Finding]:
    table = drawing.pipes.iloc[rows]
    messages = (f"pipe {name} {words}." for name, words in zip(table["pipe_id"], what, strict=True))
    return findings_about(table, rule, severity, "pipes", messages, repair=repair)


def assess_sizing(drawing: Drawing, sizing: Sizing) -> list[Finding]:
    """Findings of the sizing: sizes that ran out, existing pipes of unknown size, narrow places."""
    pipes = sizing.network.pipes
    largest = np.flatnonzero((sizing.governed_by == LARGEST) & (sizing.row >= 0))
    unknown = np.flatnonzero((sizing.row >= 0) & pipes.existing & pipes.in_service)
    too_small = ["needs more than the largest size of the catalogue"] * len(largest)
    guessed = ["exists, but its size is not known; it was sized"] * len(unknown)
    thin = [f"is narrower (bore {b:.0f} mm) than a pipe it feeds" for b in pipes.inner_diameter[sizing.narrow] * 1e3]
    return [
        *_pipe_findings(
            drawing, largest, "catalogue-too-small", "error", too_small, "use another catalogue, or two pipes"
        ),
        *_pipe_findings(drawing, unknown, "bore-unknown", "info", guessed),
        *_pipe_findings(drawing, sizing.narrow, "narrow", "warning", thin, "renew it"),
    ]


def assess_load(
    drawing: Drawing, results: Results, sizing: Sizing, series: PipeSeries, rules: tuple[RoleRule, ...], phase: str
) -> list[Finding]:
    """Pipes that carry more than their role allows, and trunk pipes that are oddly large, in one phase."""
    pipes = results.network.pipes
    friction, speed = np.nan_to_num(results.supply.friction), np.abs(np.nan_to_num(results.supply.velocity))
    if results.back is not None:
        friction = np.fmax(friction, np.nan_to_num(results.back.friction))
        speed = np.fmax(speed, np.abs(np.nan_to_num(results.back.velocity)))
    role = np.asarray(sizing.role)
    size = series.nearest(np.nan_to_num(pipes.inner_diameter))  # limits may depend on the size
    most = np.stack([r.max_friction for r in rules])[role, size]
    fast = np.stack([r.max_velocity for r in rules])[role, size]
    least = np.array([r.min_friction for r in rules])[role]
    over = np.flatnonzero(pipes.in_service & ((friction > most * ROUNDING) | (speed > fast * ROUNDING)))
    where = f" in phase {phase}" if phase else ""
    messages = (
        f"is overloaded{where}: {friction[i]:.0f} Pa/m and {speed[i]:.2f} m/s,"
        f" with {most[i]:g} Pa/m and {fast[i]:g} m/s as limits"
        for i in over
    )
    wide = np.flatnonzero(pipes.in_service & (role == TRUNK) & (friction < least) & (friction > 0.0))
    large = (f"has {friction[i]:.0f} Pa/m{where}, less than the {least[i]:g} Pa/m of an economic trunk" for i in wide)
    return [
        *_pipe_findings(drawing, over, "overloaded", "warning", messages, "renew it, or lay a second one"),
        *_pipe_findings(drawing, wide, "oversized", "info", large),
    ]


def assess_supply(drawing: Drawing, results: Results) -> list[Finding]:
    """Stations without their required head, and sources that give more than they can."""
    if results.station is None or results.source is None:
        return []
    short = results.network.stations.in_service & ~results.station.served
    rows = drawing.stations[short]
    found = results.station
    messages: Iterable[str] = [
        f"station {name} gets {100.0 * q / asked:.1f} % of its design flow; it is not served."
        if follows
        else f"station {name} lacks {-surplus:.1f} m of its required head; it is not served."
        for name, q, asked, surplus, follows in zip(
            rows["station_id"], found.flow[short], found.design_flow[short], found.surplus_head[short],
            follows_head(results.network)[short], strict=True,
        )
    ]  # fmt: skip
    repair = "raise the pump head, or widen its path"
    findings = findings_about(rows, "not-served", "error", "stations", messages, repair=repair)
    backwards = np.nan_to_num(results.source.flow) < -1e-6
    messages = (
        f"source {name} takes {-q * 3.6:.1f} t/h from the supply instead of giving: its supply head is too low."
        for name, q in zip(results.network.sources.id[backwards], results.source.flow[backwards], strict=True)
    )
    findings += findings_about(drawing.sources[backwards], "source-backwards", "error", "sources", messages)
    load, capacity = np.nan_to_num(results.source.load), results.network.sources.capacity
    over = load > np.where(np.isnan(capacity), np.inf, capacity) * (1.0 + 1e-6)
    messages = (
        f"source {name} gives {q / 1e6:.2f} MW, more than its capacity of {most / 1e6:g} MW."
        for name, q, most in zip(results.network.sources.id[over], load[over], capacity[over], strict=True)
    )
    return findings + findings_about(drawing.sources[over], "over-capacity", "warning", "sources", messages)


def assess_outage(drawing: Drawing, results: Results, cut_off: Mask) -> list[Finding]:
    """Stations that an outage cuts off from every source."""
    rows = drawing.stations[cut_off]
    load = results.network.stations.load[cut_off]
    messages = (
        f"station {name} is cut off by the outage{'' if np.isnan(q) else f'; {q / 1e6:.2f} MW are not supplied'}."
        for name, q in zip(rows["station_id"], load, strict=True)
    )
    return findings_about(rows, "cut-off", "error", "stations", messages, repair="close a ring")


def assess_balance(drawing: Drawing, balance: Balance) -> list[Finding]:
    """Stations that no valve setting helps, and valves that govern too little of their head."""
    rows = drawing.stations[balance.unbalanced]
    lack = (
        -balance.design.station.surplus_head[balance.unbalanced] if balance.design.station is not None else rows.index
    )
    messages = (
        f"station {name} lacks {missing:.1f} m of its required head at its design flow; its valve stays open."
        for name, missing in zip(rows["station_id"], lack, strict=True)
    )
    findings = findings_about(
        rows, "unbalanced", "error", "stations", messages, repair="raise the pump head, or widen its path"
    )
    weak = np.flatnonzero(balance.authority < LEAST_AUTHORITY)
    if len(weak):
        least = weak[np.argmin(balance.authority[weak])]
        message = (
            f"At {len(weak)} station(s) the open valve is less than {100.0 * LEAST_AUTHORITY:.0f} % of the head"
            f" (least: {100.0 * balance.authority[least]:.0f} % at {drawing.stations['station_id'].iloc[least]}):"
            " smaller valves would govern better."
        )
        findings.append(Finding("authority-low", "info", "stations", message))
    return findings


def assess_devices(drawing: Drawing, results: Results) -> list[Finding]:
    """Valves that can't hold their setting, and pumps that water can't pass or that run beyond their curve."""
    findings = []
    valves, pumps = results.valves, results.pumps
    if len(valves):
        lost = results.unheld if results.unheld is not None else np.zeros(len(valves), bool)
        messages = (
            f"valve {name} can't hold its setting of {setting:g} kPa; it is {state}."
            for name, setting, state in zip(
                valves["valve_id"][lost], results.network.valves.pressure_setting[lost] / 1e3,
                valves["state_found"][lost], strict=True,
            )
        )  # fmt: skip
        findings += findings_about(drawing.valves[lost], "setting-not-held", "warning", "valves", messages)
    if len(pumps):
        blocked = (pumps["state_found"] == "blocked").to_numpy()
        messages = (
            f"pump {name} runs, but nothing passes it: look at its sense, and for closed valves."
            for name in pumps["pump_id"][blocked]
        )
        findings += findings_about(drawing.pumps[blocked], "pump-blocked", "warning", "pumps", messages)
        count, speed = results.network.pumps.count, results.network.pumps.speed
        most = np.array([np.inf if c is None else c[-1, 0] for c in results.network.pumps.curve]) * count * speed
        volume = pumps["flow_t_h"].to_numpy() / 3.6 / results.conditions.supply.density
        beyond = volume > most * (1.0 + 1e-6)
        messages = (
            f"pump {name} runs at {v * 3600.0:.4g} m3/h, beyond the {m * 3600.0:.4g} m3/h its curve is known for."
            for name, v, m in zip(pumps["pump_id"][beyond], volume[beyond], most[beyond], strict=True)
        )
        findings += findings_about(drawing.pumps[beyond], "pump-beyond-curve", "warning", "pumps", messages)
    return findings


def plausibility(layers: Layers, load: float, area: float, trench: float) -> list[Finding]:
    """Doubts about totals: load [W] for each heated area [m2], trench length [m] for each megawatt."""
    findings = []
    if load > 0.0 and area > 0.0 and not USUAL_INDEX[0] <= load / area <= USUAL_INDEX[1]:
        message = (
            f"All stations together ask for {load / area:.3g} W for each square metre;"
            f" {USUAL_INDEX[0]:g} to {USUAL_INDEX[1]:g} W/m2 are usual: look at the units of load and area."
        )
        findings.append(Finding("load-doubtful", "warning", "stations", message))
    if load > 0.0 and trench > 0.0 and not USUAL_TRENCH[0] <= trench / (load / 1e6) <= USUAL_TRENCH[1]:
        message = (
            f"There are {trench / (load / 1e6):.3g} m of trench for each megawatt;"
            f" {USUAL_TRENCH[0]:g} to {USUAL_TRENCH[1]:g} m are usual: look at the units of load and the lengths."
        )
        findings.append(Finding("length-doubtful", "warning", "pipes" if "pipes" in layers else "stations", message))
    return findings
