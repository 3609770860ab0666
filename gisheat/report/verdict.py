"""The verdict on a network in plain words: does it work, what limits it, the worst stations, what to do.

It is made of results and findings alone; every sentence has its numbers in it, and names the feature it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gisheat.findings import points_of
from gisheat.hydraulics.sources import follows_head
from gisheat.physics.friction import specific_friction
from gisheat.report.words import ACTIONS, Phrases
from gisheat.summary import ACCEPTED

if TYPE_CHECKING:
    from gisheat.catalogue import PipeSeries
    from gisheat.findings import Finding
    from gisheat.network import Array
    from gisheat.results import Results
    from gisheat.state import State

Grade = Literal["works", "tight", "doubtful", "fails", "unsolved"]
LITTLE_HEAD = 2.0
"""Surplus head of the worst station [m] below which a given pump leaves little in reserve."""
NEARLY_ALL = 0.95
"""Share of a source's capacity from which on it has little in reserve."""
WORST = 5
NAMED = 6
"""Features that a sentence names; of more it tells the number."""
WORTH_SAYING = 0.5
SMALL_PART = 0.02
"""Head [m], and part of the pump head, that one wider pipe has to save to be proposed."""
LARGE_SHARE = 25.0
"""Part of the losses of the critical path [%] from which on three pipes are named for it."""
UNSOLVED = "not-solved"
"""Rule of the finding that says why there is no solution."""
_SUPPLY_RULES = frozenset(
    {"not-served", "cut-off", "island", "one-sided", "not-connected", "unreachable", "unbalanced"}
)
"""Rules about stations that get nothing or too little: the headline counts these."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence, and the feature it is about (layer and identifier; empty where it is about no single one)."""

    text: str
    layer: str = ""
    feature: str = ""
    point: tuple[float, float] | None = None
    """A place that stands for it where no feature is named."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader wants to know first."""

    grade: Grade
    headline: str
    limits: tuple[Remark, ...]
    actions: tuple[Remark, ...]
    worst: pd.DataFrame
    """The stations that are worst off, the worst first: rows of the stations layer."""


def judge(state: State, tables: Mapping[str, pd.DataFrame], phrases: Phrases) -> Verdict:
    """Judge a network.

    Parameters
    ----------
    state : State
        As far as the stages have come.
    tables : mapping
        Result layers of it (`stages.result_tables`).
    phrases : Phrases
        Sentences in the language of the report.
    """
    findings = state.findings
    if state.results is None or state.results.station is None:
        headline = phrases("headline_unsolved")
        limits = tuple(Remark(f.message[:1].upper() + f.message[1:]) for f in findings if f.rule == UNSOLVED)
        rest = [f for f in findings if f.rule != UNSOLVED]
        return Verdict("unsolved", headline, limits, tuple(_repairs(rest, phrases)), pd.DataFrame())
    results, stations = state.results, tables["stations"]
    due, served = _due(stations)
    errors = [f for f in findings if f.severity == "error" and f.rule not in _SUPPLY_RULES]
    narrow = tuple(_short_of_reserve(results, phrases))
    if (due & ~served).any():
        grade: Grade = "fails"
        headline = phrases("headline_fails", short=int((due & ~served).sum()), count=int(due.sum()))
    elif errors:
        grade, headline = "doubtful", phrases("headline_doubtful", count=int(due.sum()), errors=len(errors))
    else:
        grade = "tight" if narrow else "works"
        headline = phrases(f"headline_{grade}", count=int(due.sum()))
    limits = (*_worst_station(results, phrases), *narrow, *_critical_losses(results, phrases))
    limits += tuple(_overload(findings, tables["pipes"], phrases))
    actions = (*_balancing(stations, phrases), *_more_head(results, phrases), *_repairs(findings, phrases))
    actions += tuple(_widening(results, state.series, phrases))
    if not actions:
        actions = (Remark(phrases("nothing_to_do")),)
    return Verdict(grade, headline, limits, actions, worst_stations(stations))


def worst_stations(stations: pd.DataFrame, count: int = WORST) -> pd.DataFrame:
    """Stations that are to be served, those without heat first, then by the flow that is missing, then by surplus."""
    due, served = _due(stations)
    flow = stations["imbalance"].to_numpy(float)
    order = pd.DataFrame(
        {"served": served, "flow": np.minimum(np.nan_to_num(flow, nan=0.0), 1.0).round(3),
         "surplus": stations["surplus_head_m"].to_numpy(float)}
    )[due].sort_values(["served", "flow", "surplus"], kind="stable", na_position="first")  # fmt: skip
    return stations.loc[stations.index[order.index[:count]]]


def _due(stations: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Stations that are to be served, and those that are: `served` is empty for those of a later phase."""
    served = stations["served"]
    return served.notna().to_numpy(), served.fillna(False).to_numpy(bool)


# what limits it ------------------------------------------------------------------------------------------


def _worst_station(results: Results, phrases: Phrases) -> Iterator[Remark]:
    assert results.critical is not None and results.station is not None
    worst, network = results.critical.station, results.network
    name, surplus = str(network.stations.id[worst]), float(results.station.surplus_head[worst])
    path = results.critical.pipes[results.critical.pipes >= 0]
    length = float(network.pipes.length[path].sum())
    origin = str(network.nodes.id[results.critical.nodes[0]])
    key = "worst_spare" if surplus >= 0.0 else "worst_lacks"
    yield Remark(phrases(key, station=name, head=abs(surplus), length=length / 1e3, origin=origin), "stations", name)


def _short_of_reserve(results: Results, phrases: Phrases) -> Iterator[Remark]:
    """Where little is in reserve: of head where a pump is given, of the capacity of a source."""
    assert results.critical is not None and results.station is not None and results.source is not None
    sources, worst = results.network.sources, results.critical.station
    surplus = float(results.station.surplus_head[worst])
    if results.pump_head_given and 0.0 <= surplus < LITTLE_HEAD:
        name = str(results.network.stations.id[worst])
        yield Remark(phrases("little_head", station=name, head=surplus), "stations", name)
    load, capacity = results.source.load, sources.capacity
    for i in np.flatnonzero(sources.in_service & (np.nan_to_num(load) > NEARLY_ALL * capacity)).tolist():
        name = str(sources.id[i])
        share = 100.0 * load[i] / capacity[i]
        sentence = phrases("source_full", source=name, load=load[i] / 1e6, capacity=capacity[i] / 1e6, share=share)
        yield Remark(sentence, "sources", name)


def _critical_losses(results: Results, phrases: Phrases) -> Iterator[Remark]:
    """Where the pump head goes, and the pipes of the critical path that take most of it."""
    head, path = results.pump_head(), results.path()
    spent = head.supply_loss + head.return_loss
    parts = {"total": head.total, "spent": spent, "station": head.station, "plant": head.plant}
    key = "pump_head" if head.reserve >= 0.0 else "pump_head_lacks"
    yield Remark(phrases(key, **parts, rest=abs(head.reserve)))
    loss = (path["sup_loss_kpa"] + path["ret_loss_kpa"]).to_numpy(float)
    if len(loss) > 3 and loss.sum() > 0.0:
        most = np.argsort(-loss, kind="stable")[:3]
        names = [str(path["pipe_id"].iloc[i]) for i in most]
        share, length = 100.0 * loss[most].sum() / loss.sum(), path["length_m"].to_numpy(float)
        part = 100.0 * length[most].sum() / max(length.sum(), 1e-9)
        if share < LARGE_SHARE:
            return
        yield Remark(phrases("most_loss", pipes=phrases.listed(names), share=share, part=part), "pipes", names[0])


def _overload(findings: Iterable[Finding], pipes: pd.DataFrame, phrases: Phrases) -> Iterator[Remark]:
    """Pipes over the limits of their role, those with the largest specific friction first."""
    places = {f.point for f in findings if f.rule == "overloaded"}  # a street that was routed has several pipes
    if not places:
        return
    at = [point in places for point in points_of(pipes)]
    over = pipes[at].sort_values("sup_friction_pa_m", ascending=False, kind="stable")
    names = over["pipe_id"].astype(str).tolist()
    if names:
        yield Remark(phrases("overloaded", count=len(names), pipes=phrases.listed(names, NAMED)), "pipes", names[0])


# what to do ----------------------------------------------------------------------------------------------


def _balancing(stations: pd.DataFrame, phrases: Phrases) -> Iterator[Remark]:
    """Stations that take more flow than acceptance tests let pass, while valves could hold it."""
    flow = stations["imbalance"].to_numpy(float)
    much, little = int((flow > ACCEPTED[1]).sum()), int((flow < ACCEPTED[0]).sum())
    if much:
        low, high = (100.0 * limit for limit in ACCEPTED)
        yield Remark(phrases("balance", much=much, little=little, low=low, high=high))


def _more_head(results: Results, phrases: Phrases) -> Iterator[Remark]:
    """The head that is missing at the worst station, where stations hold their flow."""
    assert results.critical is not None and results.station is not None
    stations, found = results.network.stations, results.station
    if follows_head(results.network).any():
        return
    lacking = np.where(stations.in_service, -found.surplus_head, np.nan)
    most = float(np.nanmax(lacking)) if np.isfinite(lacking).any() else 0.0
    if most > 1e-3:
        total = results.pump_head().total
        name = str(stations.id[int(np.nanargmax(lacking))])
        yield Remark(phrases("raise_head", head=most, total=total + most, station=name), "stations", name)


def _repairs(findings: Iterable[Finding], phrases: Phrases) -> Iterator[Remark]:
    """What findings propose: one sentence for each rule, errors first; what was repaired already is left out."""
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in findings:
        if finding.severity != "info" and not finding.applied:
            groups.setdefault((finding.severity != "error", finding.rule), []).append(finding)
    for (_, rule), group in sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1])):
        first = group[0]
        message = first.message
        if first.repair and rule not in ACTIONS:
            message += f" → {first.repair}."
        sentence = phrases(
            "do" if len(group) > 1 else "do_one", what=phrases.action(rule), count=len(group), message=message
        )
        yield Remark(sentence, first.layer, point=first.point)


def _widening(results: Results, series: PipeSeries, phrases: Phrases) -> Iterator[Remark]:
    """The pipe of the critical path that saves most head when it is one size wider."""
    assert results.critical is not None and results.station is not None
    saved = saved_by_widening(results, series)
    if not len(saved) or not np.isfinite(saved).any():
        return
    best = int(np.nanargmax(saved))
    head = results.pump_head().total
    if saved[best] < max(WORTH_SAYING, SMALL_PART * head):
        return
    pipe = int(results.critical.pipes[results.critical.pipes >= 0][best])
    bore = results.network.pipes.inner_diameter[pipe]
    row = _next_size(series, bore)
    name = str(results.network.pipes.id[pipe])
    share = 100.0 * saved[best] / head if head > 0.0 else 0.0
    key = "widen" if results.station.surplus_head[results.critical.station] < 0.0 else "widen_if_wanted"
    text = phrases(key, pipe=name, dn=float(series.dn[row]), bore=bore * 1e3, head=float(saved[best]), share=share)
    yield Remark(text, "pipes", name)


def _next_size(series: PipeSeries, bore: float) -> int:
    """Row of the next larger size of a series, -1 where there is none."""
    wider = np.flatnonzero(series.inner_diameter > bore * 1.001)
    return int(wider[0]) if len(wider) else -1


def saved_by_widening(results: Results, series: PipeSeries) -> Array:
    """Head that supply and return together save when one pipe is a size wider and the flows stay, shape (path,).

    For the pipes of the critical path in its order [m]; NaN where the series has no larger size. The loss of a
    pipe changes as its specific friction at the same flow.
    """
    assert results.critical is not None and results.back is not None
    pipes, at = results.network.pipes, results.conditions
    path = results.critical.pipes[results.critical.pipes >= 0]
    row = np.array([_next_size(series, bore) for bore in pipes.inner_diameter[path]], dtype=np.int64)
    wider = np.where(row >= 0, series.inner_diameter[row], np.nan)
    saved = np.zeros(len(path))
    for side in (results.supply, results.back):
        flow, friction = np.nan_to_num(side.flow[path]), np.nan_to_num(side.friction[path])
        wide = specific_friction(
            flow, wider, pipes.roughness_for(at.law)[path], density=side.water.density,
            viscosity=side.water.viscosity, law=at.law, gravity=at.gravity,
        )  # fmt: skip
        share = np.divide(wide, friction, out=np.ones(len(path)), where=friction > 0.0)
        saved += np.abs(np.nan_to_num(side.loss[path])) * (1.0 - share) / (at.mean.density * at.gravity)
    return np.where(row >= 0, saved, np.nan)


def key_figures(figures: Mapping[str, tuple[Any, str]]) -> list[tuple[str, float, str]]:
    """The figures of a run that stand at the top, as key, value, unit; those that are not known are left out."""
    wanted = ("heat load", "heated area", "stations", "trench length", "flow", "pump head", "pump power",
              "least surplus head")  # fmt: skip
    found = [(key, float(figures[key][0]), figures[key][1]) for key in wanted if key in figures]
    found = [row for row in found if np.isfinite(row[1]) and (row[1] or row[0] == "least surplus head")]
    return [(key, value / 1e3, "km") if key == "trench length" else (key, value, unit) for key, value, unit in found]
