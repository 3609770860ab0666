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
MOST_SPLITS = 100
"""Features of one layer whose splitting is told one by one; of more the number is, for the lineage names them."""
VERY_SHORT = 2.0
"""Lines shorter than this many tolerances are reported."""


class _Kind(NamedTuple):
    """How events of a kind are said: `{name}`, `{other}` are features, `{d}` a distance, `{t}` the tolerance."""

    rule: str
    severity: Severity
    sentence: str
    repair: str
    applied: bool


def _kind(rule: str, severity: Severity, sentence: str, repair: str, *, applied: bool = False) -> _Kind:
    return _Kind(rule, severity, sentence, repair, applied)


_KINDS = (
    _kind("end-snapped", "info", "{name}: an end was moved by {d:.3f} m onto {onto}.", "snapped within {t:g} m",
          applied=True),
    _kind("crossing-joined", "info", "{name} and {other} cross; they were joined there.", "joined", applied=True),
    _kind("self-crossing", "info", "{name} crosses itself; it was cut there.", "cut", applied=True),
    _kind("crossing-kept", "info", "{name} crosses {other} without a node; they were not joined.",
          "draw a node, if they meet"),
    _kind("near-miss", "warning", "{name} ends {d:.2f} m beside {other}, more than the tolerance of {t:g} m.",
          "move the end onto it, or raise snap_tolerance_m"),
    _kind("left-apart", "warning", "{name} comes within {d:.2f} m of {other}, but joining them would join what is"
          " farther apart than the tolerance of {t:g} m.", "draw the ends at one place"),
    _kind("doubled", "warning", "{name} lies on {other} from end to end and was left out.", "left out", applied=True),
    _kind("overlap", "warning", "{name} lies on {other} over {d:.2f} m; the stretch they share was kept once.",
          "kept once", applied=True),
    _kind("collapsed", "warning", "{name} is shorter than the tolerance and was left out.", "left out", applied=True),
)  # fmt: skip
NO_GAP = ("crossing-joined", "crossing-kept", "self-crossing")
"""Kinds of events that are about a place, not about a distance."""


def event_findings(
    layer: str, lines: gpd.GeoDataFrame, noded: Noded, tolerance: float, told: NDArray[np.bool_] | None = None,
    skipped: Collection[str] = (),
) -> list[Finding]:  # fmt: skip
    """Events of the noding of a layer as findings.

    Parameters
    ----------
    lines : GeoDataFrame
        Single lines that were noded.
    told : bool array, shape (lines,), optional
        Lines of an earlier result: what two of them leave apart, or cross, was looked at then.
    skipped : collection of str
        Kinds that are not reported.
    """
    events = noded.events
    small = (events.kind == "end-snapped") & (events.distance <= NOTICEABLE)
    if told is not None:
        other = np.where(events.other >= 0, events.other, events.line)
        small |= np.isin(events.kind, ("left-apart", "crossing-kept")) & told[events.line] & told[other]
    far = np.where(np.isin(events.kind, NO_GAP), np.nan, events.distance)
    whole = events.kind == "doubled"
    far[whole] = shapely.length(lines.geometry.to_numpy())[events.line[whole]]
    findings: list[Finding] = []
    for kind in _KINDS:
        rows = np.flatnonzero((events.kind == kind.rule) & ~small)
        if kind.rule in skipped or not len(rows):
            continue
        rows = rows[np.lexsort((far[rows], events.y[rows], events.x[rows]))]
        shown = rows
        if kind.severity == "info" and len(rows) > MOST_LISTED:  # the farthest ones
            shown = rows[np.sort(np.argsort(-np.nan_to_num(far[rows]), kind="stable")[:MOST_LISTED])]
        findings += _said(kind, layer, lines, noded, shown, far[shown], tolerance)
        if len(shown) < len(rows):
            findings.append(_rest(kind.rule, kind.severity, layer, len(rows) - len(shown), applied=kind.applied))
    if not noded.settled:
        message = f"The {layer} are so tangled that joining them had not ended after {noded.passes} passes."
        findings.append(Finding("not-settled", "warning", layer, message, repair="run topology on the result again"))
    return findings


def _rest(rule: str, severity: Severity, layer: str, count: int, *, applied: bool) -> Finding:
    message = f"{count} more such place(s); what became of each of the {layer} stands in its column repaired."
    return Finding(rule, severity, layer, message, applied=applied)


def _said(
    kind: _Kind, layer: str, lines: gpd.GeoDataFrame, noded: Noded, rows: Index, far: Array, tolerance: float
) -> list[Finding]:
    """Events of one kind in their sentences."""
    noun, events = layer[:-1], noded.events
    names, fids = lines[ID_COLUMN[layer]].to_numpy(object), lines["source_fid"].to_numpy()
    repair = kind.repair.format(t=tolerance)
    findings = []
    for i, j, x, y, d in zip(
        events.line[rows].tolist(), events.other[rows].tolist(), events.x[rows].tolist(), events.y[rows].tolist(),
        far.tolist(), strict=True,
    ):  # fmt: skip
        there = f"{noun} {names[j]}" if j >= 0 else f"another {noun}"
        onto = there if j >= 0 else "a node"
        message = kind.sentence.format(name=f"{noun} {names[i]}", other=there, onto=onto, d=d, t=tolerance)
        findings.append(
            Finding(
                kind.rule, kind.severity, layer, message, int(fids[i]), int(fids[j]) if j >= 0 else None,
                (x, y) if x == x else None, d if d == d else None, repair, kind.applied,  # noqa: PLR0124 (NaN)
            )
        )  # fmt: skip
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


def split_findings(layer: str, rule: str, table: gpd.GeoDataFrame) -> list[Finding]:
    """One finding for each feature that was split, where its first piece ends; one for all where there are many."""
    noun = layer[:-1]
    rows = table[words(table, "repaired") == "split"]
    base = words(rows, "parent_id")
    number, names = pd.factorize(base)
    first = np.unique(number, return_index=True)[1]
    parts = np.bincount(number)
    if len(names) > MOST_SPLITS:
        message = (
            f"{len(names)} {layer} were split into {len(rows)} parts where other features meet them; the lineage names"
            " the parts of each."
        )
        return [Finding(rule, "info", layer, message, repair="split", applied=True)]
    messages = [
        f"{noun} {name} was split into {p} parts where other features meet it."
        for name, p in zip(names.tolist(), parts.tolist(), strict=True)
    ]
    rows = rows.iloc[first]
    rows = rows.set_geometry(shapely.get_point(rows.geometry.to_numpy(), -1), crs=rows.crs)
    return _listed(rows, rule, layer, messages, repair="split", applied=True)


def _listed(
    rows: gpd.GeoDataFrame, rule: str, layer: str, messages: list[str], *, distances: Array | None = None,
    others: Index | None = None, repair: str = "", applied: bool = False,
) -> list[Finding]:  # fmt: skip
    """Findings about rows, not too many, and one for the rest."""
    some, far = rows[:MOST_LISTED], None if distances is None else distances[:MOST_LISTED]
    findings = findings_about(
        some, rule, "info", layer, messages[:MOST_LISTED], distances=far,
        others=None if others is None else others[:MOST_LISTED], repair=repair, applied=applied,
    )  # fmt: skip
    if len(rows) > MOST_LISTED:
        findings.append(_rest(rule, "info", layer, len(rows) - MOST_LISTED, applied=applied))
    return findings


def pseudo_findings(
    layer: str, table: gpd.GeoDataFrame, xy: Array, pseudo: PseudoNodes, *, joined: bool
) -> list[Finding]:
    """Pseudo-nodes: one finding for all of them that are kept, one for each where two lines were joined.

    Parameters
    ----------
    table : GeoDataFrame
        Rows before joining.
    """
    noun, column = layer[:-1], ID_COLUMN[layer]
    if joined:
        rows, others = table.iloc[pseudo.one], table.iloc[pseudo.other]
        rows = rows.set_geometry(np.asarray(shapely.points(xy[pseudo.node]), object), crs=table.crs)
        messages = [f"{noun} {one} and {other} meet here and agree in everything; they were joined."
                    for one, other in zip(rows[column], others[column], strict=True)]  # fmt: skip
        fids = others["source_fid"].to_numpy()
        return _listed(rows, "pseudo-node", layer, messages, others=fids, repair="joined", applied=True)
    if not len(pseudo.node):
        return []
    first = int(np.lexsort((xy[pseudo.node, 1], xy[pseudo.node, 0]))[0])
    place = (float(xy[pseudo.node[first], 0]), float(xy[pseudo.node[first], 1]))
    message = (
        f"At {len(pseudo.node)} place(s) just two {layer} meet that agree in everything"
        f" (first: {table[column].iloc[pseudo.one[first]]}); they could be one."
    )
    return [Finding("pseudo-node", "info", layer, message, point=place, repair="join them with merge_pseudo_nodes")]
