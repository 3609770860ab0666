"""What the changes do to the network: both states solved, figure beside figure, station beside station."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gisheat.state import State
from gisheat.summary import Rows, summary_rows

FIGURES = (
    "heat load", "heated area", "flow", "pipes", "trench length", "water volume", "stations", "stations served",
    "stations not served", "pump head", "pump power", "one-way loss", "critical path", "critical path length",
    "worst station", "least surplus head",
)  # fmt: skip
"""Figures of a run that are set side by side, in this order."""
LENGTH = "trench length "
"""Begins the figures by diameter; a diameter that is not there has no length."""


def effects(old: State, new: State) -> pd.DataFrame:
    """Figures of two solved states side by side, trench lengths by diameter last.

    Returns
    -------
    DataFrame
        key, old_value, new_value, difference (empty for words), unit; values as text.
    """
    before, after = _figures(old), _figures(new)
    rows = []
    for key in dict.fromkeys([*before, *after]):
        none = (0.0 if key.startswith(LENGTH) else None, "")
        (was, old_unit), (is_now, unit) = before.get(key, none), after.get(key, none)
        numbers = isinstance(was, int | float) and isinstance(is_now, int | float)
        rows.append((key, _word(was), _word(is_now), is_now - was if numbers else np.nan, unit or old_unit))
    return pd.DataFrame(rows, columns=["key", "old_value", "new_value", "difference", "unit"])


def _figures(state: State) -> Rows:
    found = summary_rows(state)
    return {key: found[key] for key in FIGURES if key in found} | _lengths(state)


def _lengths(state: State) -> Rows:
    """Trench length of pipes in service by nominal diameter; by bore where the catalogue has no such size."""
    assert state.results is not None and state.drawing is not None
    pipes = state.results.network.pipes
    names = _sizes(state)
    used = pipes.in_service
    length = pd.Series(pipes.length[used]).groupby(names[used]).sum()
    order = sorted(length.index, key=lambda name: (float("".join(c for c in name if c.isdigit() or c == ".")), name))
    return {f"{LENGTH}{name}": (float(length[name]), "m") for name in order}


def _sizes(state: State) -> Any:
    assert state.results is not None and state.drawing is not None
    bore = state.results.network.pipes.inner_diameter * 1e3
    stated = state.drawing.pipes.get("dn_mm", pd.Series(np.nan, index=state.drawing.pipes.index)).to_numpy(float)
    if state.sizing is not None:
        stated = np.where(state.sizing.row >= 0, state.series.dn[state.sizing.row], stated)
    return np.asarray(
        [f"DN{dn:g}" if dn > 0 else f"bore {d:.0f} mm" for dn, d in zip(stated, bore, strict=True)], object
    )


def _word(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def station_effects(old: State, new: State) -> pd.DataFrame:
    """Surplus head of every station in both states.

    Returns
    -------
    DataFrame
        station_id, old_surplus_head_m, new_surplus_head_m, difference_m, effect: short (lacks head now), served (did
        lack head), added, removed; empty where the station stays on its side.
    """
    table = pd.concat([_stations(old), _stations(new)], axis=1, keys=["old", "new"]).sort_index()
    was, is_now = (table[side, "served"].to_numpy(object) for side in ("old", "new"))
    effect = np.select(
        [pd.isna(was), pd.isna(is_now), (was == True) & (is_now == False), (was == False) & (is_now == True)],  # noqa: E712
        ["added", "removed", "short", "served"], "",
    )  # fmt: skip
    before, after = (table[side, "surplus"].to_numpy(float) for side in ("old", "new"))
    return pd.DataFrame({
        "station_id": table.index.to_numpy(), "old_surplus_head_m": before, "new_surplus_head_m": after,
        "difference_m": after - before, "effect": effect,
    })  # fmt: skip


def _stations(state: State) -> pd.DataFrame:
    """Surplus head of the stations in service and whether it suffices, by identifier."""
    assert state.results is not None and state.results.station is not None
    stations, found = state.results.network.stations, state.results.station
    on = stations.in_service
    return pd.DataFrame(
        {"surplus": found.surplus_head[on], "served": found.served[on].astype(object)},
        index=pd.Index(stations.id[on].astype(str)),
    )
