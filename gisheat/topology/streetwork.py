"""What is to be said of streets as a network: pieces that hang together with nothing else, dead ends, closed lines."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gisheat.findings import Finding, findings_about
from gisheat.numerics.incidence import components

Index = NDArray[np.int64]


def street_findings(streets: gpd.GeoDataFrame, start: Index, end: Index, count: int) -> list[Finding]:
    """A finding for each part of the street network apart from the largest, one for all dead ends, and closed lines.

    Parameters
    ----------
    start, end : int arrays, shape (streets,)
        Nodes, below `count`.
    """
    if not len(streets):
        return []
    length = shapely.length(streets.geometry.to_numpy())
    part = components(start, end, count)[start]
    total = np.bincount(part, length)
    lines = np.bincount(part)
    degree = np.bincount(np.concatenate([start, end]), minlength=count)
    first = np.unique(part, return_index=True)
    order = first[0][np.lexsort((first[1], -total[first[0]]))]  # the largest first
    at = dict(zip(first[0].tolist(), first[1].tolist(), strict=True))
    apart = order[1:]
    rows = streets.iloc[[at[k] for k in apart.tolist()]]
    messages = (
        f"{lines[k]} street(s), {total[k]:.0f} m, hang together with no other street (first: {name});"
        " nothing is routed from there to the rest."
        for k, name in zip(apart.tolist(), rows["street_id"], strict=True)
    )
    findings = findings_about(
        rows, "island", "warning", "streets", messages, distances=total[apart], repair="join them, if a trench may lead"
    )
    dead = np.flatnonzero(np.where(start == end, False, (degree[start] == 1) | (degree[end] == 1)))
    if len(dead):
        longest = dead[np.argmax(length[dead])]
        number = int((degree == 1).sum())
        message = (
            f"{number} dead end(s) of streets; the longest: street {streets['street_id'].iloc[longest]},"
            f" {length[longest]:.0f} m."
        )
        findings += findings_about(
            streets.iloc[[longest]], "dangle", "info", "streets", [message], distances=[length[longest]]
        )
    closed = np.flatnonzero(start == end)
    messages = (f"street {name} starts and ends at one place; no trench needs it." for name in
                streets["street_id"].iloc[closed])  # fmt: skip
    return findings + findings_about(
        streets.iloc[closed], "closed-line", "info", "streets", messages, distances=length[closed]
    )
