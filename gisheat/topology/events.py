"""What the repair did and saw, as findings at their places."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, Severity, findings_about
from gisheat.noding import Noded
from gisheat.schema import ID_COLUMN
from gisheat.topology.attributes import words
from gisheat.topology.chains import PseudoNodes

Index = NDArray[np.int64]
Array = NDArray[np.float64]

NOTICEABLE = 1e-3
"""Moves below this [m] are not reported."""
MOST_LISTED = 5000
"""Findings of one rule of severity info in one layer; what is beyond stands in the rows themselves."""
VERY_SHORT = 2.0
"""Lines shorter than this many tolerances are reported."""


class _Rule(NamedTuple):
    """How an event of the noding is said: `{name}`, `{other}` are features, `{d}` a distance."""

    severity: Severity
    applied: bool
    sentence: str
    repair: str = ""


_RULES: dict[str, _Rule] = {
    "end-snapped": _Rule("info", True, "{name}: an end was moved by {d:.3f} m onto {onto}.", "snapped within {t:g} m"),
    "crossing-joined": _Rule("info", True, "{name} and {other} cross; they were joined there.", "joined"),
    "self-crossing": _Rule("info", True, "{name} crosses itself; it was cut there.", "cut"),
    "crossing-kept": _Rule(
        "info", False, "{name} crosses {other} without a node; they were not joined.", "draw a node, if they meet"
    ),
    "near-miss": _Rule(
        "warning", False, "{name} ends {d:.2f} m beside {other}, more than the tolerance of {t:g} m.",
        "move the end onto it, or raise snap_tolerance_m",
    ),
    "left-apart": _Rule(
        "warning", False,
        "{name} lies {d:.2f} m from {other}, but joining them would move an end by more than the tolerance of {t:g} m.",
        "draw the ends at one place",
    ),
    "doubled": _Rule("warning", True, "{name} lies exactly on another {noun} and was left out.", "left out"),
    "reversed-pair": _Rule("info", True, "{name} is {other} drawn in the other direction; it was left out.", "left out"),
    "overlap": _Rule(
        "warning", True, "{name} lies on {other} over {d:.2f} m; the stretch they share was kept once.", "kept once"
    ),
    "collapsed": _Rule("warning", True, "{name} is shorter than the tolerance and was left out.", "left out"),
}  # fmt: skip


def event_findings(
    layer: str, lines: gpd.GeoDataFrame, noded: Noded, tolerance: float, skipped: Collection[str] = ()
) -> list[Finding]:
    """Events of the noding of a layer as findings.

    Parameters
    ----------
    lines : GeoDataFrame
        Single lines that were noded.
    skipped : collection of str
        Kinds that are not reported.
    """
    events = noded.events
    kind, far = np.asarray(events.kind), np.asarray(events.distance, float)
    small = (kind == "end-snapped") & (far <= NOTICEABLE)
    names, fids = lines[ID_COLUMN[layer]].to_numpy(object), lines["source_fid"].to_numpy()
    findings: list[Finding] = []
    for name, rule in _RULES.items():
        rows = np.flatnonzero((kind == name) & ~small)
        if name in skipped or not len(rows):
            continue
        rows = rows[np.lexsort((far[rows], events.y[rows], events.x[rows]))]
        shown = _shown(rows, far, rule)
        findings += _said(name, rule, layer, noded, shown, names, fids, tolerance)
        if len(shown) < len(rows):
            findings.append(_rest(name, rule.severity, layer, len(rows) - len(shown), applied=rule.applied))
    return findings


def _shown(rows: Index, far: Array, rule: _Rule) -> Index:
    """The events that are listed: all warnings; of others not too many, the farthest first."""
    if rule.severity != "info" or len(rows) <= MOST_LISTED:
        return rows
    return rows[np.sort(np.argsort(-np.nan_to_num(far[rows]), kind="stable")[:MOST_LISTED])]


def _rest(rule: str, severity: Severity, layer: str, count: int, *, applied: bool) -> Finding:
    message = f"{count} more such place(s); what became of each of the {layer} stands in its column repaired."
    return Finding(rule, severity, layer, message, applied=applied)


def _said(
    name: str, rule: _Rule, layer: str, noded: Noded, rows: Index, names: NDArray[np.object_], fids: Index,
    tolerance: float,
) -> list[Finding]:  # fmt: skip
    noun = layer[:-1]
    events = noded.events
    line, other = events.line[rows], events.other[rows]
    repair = rule.repair.format(t=tolerance)
    them = zip(
        line.tolist(), other.tolist(), events.x[rows].tolist(), events.y[rows].tolist(),
        np.asarray(events.distance, float)[rows].tolist(), strict=True,
    )  # fmt: skip
    findings = []
    for i, j, x, y, d in them:
        there = f"{noun} {names[j]}" if j >= 0 else f"another {noun}"
        onto = there if j >= 0 else "a node"
        message = rule.sentence.format(name=f"{noun} {names[i]}", other=there, onto=onto, noun=noun, d=d, t=tolerance)
        fid, second = int(fids[i]), int(fids[j]) if j >= 0 else None
        distance = d if d == d else None  # noqa: PLR0124 (NaN)
        findings.append(
            Finding(name, rule.severity, layer, message, fid, second, (x, y), distance, repair, rule.applied)
        )
    return findings


def drawing_findings(layer: str, drawn: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, tolerance: float) -> list[Finding]:
    """What is to be said of features as they are drawn: several parts, hardly any length."""
    noun, column = layer[:-1], ID_COLUMN[layer]
    parts = shapely.get_num_geometries(drawn.geometry.to_numpy())
    rows = drawn[parts > 1]
    messages = [
        f"{noun} {name} is drawn in {n} parts; each is a line of its own."
        for name, n in zip(rows[column], parts[parts > 1], strict=True)
    ]
    findings = _listed(rows, "multi-part", layer, messages, repair="parted", applied=True)
    length = shapely.length(lines.geometry.to_numpy())
    short = length < VERY_SHORT * tolerance
    rows, far = lines[short], length[short]
    messages = [f"{noun} {name} is only {d:.3f} m long." for name, d in zip(rows[column], far, strict=True)]
    return findings + _listed(rows, "very-short", layer, messages, distances=far)


def split_findings(layer: str, table: gpd.GeoDataFrame) -> list[Finding]:
    """One finding for each feature that was split, at its first piece."""
    noun = layer[:-1]
    rows = table[words(table, "repaired") == "split"]
    base = words(rows, "parent_id")
    number, names = pd.factorize(base)
    first = np.unique(number, return_index=True)[1]
    parts = np.bincount(number)
    messages = [
        f"{noun} {name} was split into {p} parts where other features meet it."
        for name, p in zip(names.tolist(), parts.tolist(), strict=True)
    ]
    return _listed(rows.iloc[first], f"{noun}-split", layer, messages, repair="split", applied=True)


def _listed(
    rows: gpd.GeoDataFrame, rule: str, layer: str, messages: list[str], *, distances: Array | None = None,
    repair: str = "", applied: bool = False,
) -> list[Finding]:  # fmt: skip
    """Findings about rows, not too many, and one for the rest."""
    some, far = rows[:MOST_LISTED], None if distances is None else distances[:MOST_LISTED]
    findings = findings_about(
        some, rule, "info", layer, messages[:MOST_LISTED], distances=far, repair=repair, applied=applied
    )
    if len(rows) > MOST_LISTED:
        findings.append(_rest(rule, "info", layer, len(rows) - MOST_LISTED, applied=applied))
    return findings


def pseudo_findings(
    layer: str, table: gpd.GeoDataFrame, xy: Array, pseudo: PseudoNodes, new: Index | None = None
) -> list[Finding]:
    """Pseudo-nodes: one finding for all of them that are kept, one for each line that others were joined to.

    Parameters
    ----------
    new : int array, optional
        Row of the table that each row that is gone was joined to.
    """
    noun, column = layer[:-1], ID_COLUMN[layer]
    if new is not None:
        heads, count = np.unique(new, return_counts=True)
        rows = table.iloc[heads]
        messages = [f"{noun} {name} was joined with {n} that go on from it and agree in everything."
                    for name, n in zip(rows[column], count, strict=True)]  # fmt: skip
        return _listed(rows, "pseudo-node", layer, messages, repair="joined", applied=True)
    if not len(pseudo.node):
        return []
    first = int(np.lexsort((xy[pseudo.node, 1], xy[pseudo.node, 0]))[0])
    place = (float(xy[pseudo.node[first], 0]), float(xy[pseudo.node[first], 1]))
    message = (
        f"At {len(pseudo.node)} place(s) just two {layer} meet that agree in everything"
        f" (first: {table[column].iloc[pseudo.one[first]]}); they could be one."
    )
    return [Finding("pseudo-node", "info", layer, message, point=place, repair="join them with merge_pseudo_nodes")]
