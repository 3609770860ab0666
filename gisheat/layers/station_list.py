"""A list of stations (a workbook, a CSV, any table) joined to the drawn ones.

By `station_id`; a row without one, or whose id nobody has, by its name, in which blanks, capitals and full-width
characters do not matter. What the list states counts: it fills what the layer leaves open and replaces what the layer
states otherwise, which is a finding. The identifier of a drawn station stays.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisheat.errors import InputError
from gisheat.findings import Finding, findings_about
from gisheat.layers.grids import as_text
from gisheat.schema import columns, input_columns

LAYER = "stations"
ID, NAME = "station_id", "name"
LOADS = ("flow_t_h", "load_kw", "heated_area_m2")
"""What gives a station its load: the first that is stated."""
SAME = 1e-6
"""Relative difference of numbers that say the same."""
MOST_NAMED = 20
"""Stations that one finding names."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Drawn stations with what a list says of them."""

    table: gpd.GeoDataFrame
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def join_list(stations: gpd.GeoDataFrame, listed: pd.DataFrame) -> Joined:
    """Give drawn stations what a list says of them.

    Parameters
    ----------
    stations, listed : DataFrame
        With the contract's columns; the index of `listed` is the number of the row in its file.

    Raises
    ------
    InputError
        If the list has neither identifiers nor names, or the drawn stations have not.
    """
    for table, what in ((listed, "the station list"), (stations, "the layer stations")):
        if ID not in table and NAME not in table:
            raise InputError(
                f"{what} has no column that names the stations: station_id (热力站编号) or name (名称) is needed to"
                " join them."
            )
    rows, findings = _rows_of(stations, listed)
    found = [*findings, *_unlisted(stations, rows), *_disagreements(stations, listed, rows)]
    table = _filled(stations, listed, rows)
    found += _overruled(stations, table, listed, rows)
    count = int((rows >= 0).sum())
    note = f"stations: {count} of {len(stations)} drawn stations joined with the station list of {len(listed)} rows"
    return Joined(table, (note,), tuple(found))


def key(value: Any) -> str:
    """An identifier or name with which blanks, capitals and full-width characters do not matter; empty without one.

    >>> key(" Ｚ 01（东）"), key(1001.0), key(None)
    ('z01(东)', '1001', '')
    """
    if value is None or pd.isna(value):
        return ""
    text = as_text(float(value) if isinstance(value, np.number) else value)
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


# which row is whose ----------------------------------------------------------------------------------------------


def _rows_of(stations: pd.DataFrame, listed: pd.DataFrame) -> tuple[np.ndarray, list[Finding]]:
    """Position of the row of each station, -1 without one; findings on rows that are no station's, or one's twice."""
    by_id, by_name = _positions(stations, ID), _positions(stations, NAME)
    ids, names = (_keys(listed, column) for column in (ID, NAME))
    rows, findings = np.full(len(stations), -1), list[Finding]()
    for row, (own_id, own_name) in enumerate(zip(ids, names, strict=True)):
        places = by_id.get(own_id) or by_name.get(own_name) or []
        called = _called(listed, row)
        if not (own_id or own_name):
            findings.append(_about_row("list-unmatched", f"{called} names no station; it is not used."))
        elif not places:
            near = difflib.get_close_matches(own_name or own_id, [*by_name, *by_id], n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            findings.append(_about_row("list-unmatched", f"{called} is no drawn station{hint}"))
        elif len(places) > 1:
            findings.append(
                _about_row("list-doubled", f"{called} may be {len(places)} drawn stations of one name; it is not used.")
            )
        elif rows[places[0]] >= 0:
            first = listed.index[rows[places[0]]]
            findings.append(
                _about_row("list-doubled", f"{called} is the station of row {first} once more; row {first} counts.")
            )
        else:
            rows[places[0]] = row
    return rows, findings


def _keys(table: pd.DataFrame, column: str) -> list[str]:
    return [key(value) for value in table[column]] if column in table else [""] * len(table)


def _positions(table: pd.DataFrame, column: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(_keys(table, column)):
        if text:
            found[text].append(place)
    return dict(found)


def _called(listed: pd.DataFrame, row: int) -> str:
    words = [str(listed[c].iloc[row]) for c in (ID, NAME) if c in listed and pd.notna(listed[c].iloc[row])]
    return f"Row {listed.index[row]} of the station list" + (f" ({', '.join(words)})" if words else "")


def _about_row(rule: str, message: str) -> Finding:
    return Finding(rule, "warning", LAYER, message, repair="correct the list, or the name of the station")


def _unlisted(stations: gpd.GeoDataFrame, rows: np.ndarray) -> list[Finding]:
    """Findings on drawn stations without a row."""
    alone = stations[rows < 0]
    names = [_name(alone, place) for place in range(len(alone))]
    messages = (f"Station {name} has no row in the station list; it keeps what the layer says." for name in names)
    return findings_about(alone, "list-missing", "warning", LAYER, messages)


def _name(table: pd.DataFrame, place: int) -> str:
    found = (table[c].iloc[place] for c in (ID, NAME) if c in table)
    return next((str(value) for value in found if pd.notna(value)), str(table.index[place]))


# what it says ----------------------------------------------------------------------------------------------------


def _stated(stations: pd.DataFrame, listed: pd.DataFrame) -> list[str]:
    """Columns of the list that say something of stations: not what finds them, nor results of an earlier run."""
    known = columns(LAYER)
    own = [str(c) for c in listed.columns if c not in known or known[str(c)].is_input]
    return [c for c in own if c != "geometry" and not (c == ID and c in stations)]


def _filled(stations: gpd.GeoDataFrame, listed: pd.DataFrame, rows: np.ndarray) -> gpd.GeoDataFrame:
    table, there = stations.copy(), rows >= 0
    for column in _stated(stations, listed):
        values = np.full(len(stations), None, object)
        values[there] = listed[column].to_numpy(object)[rows[there]]
        said = pd.notna(values)
        own = stations[column].to_numpy(object) if column in stations else np.full(len(stations), None, object)
        made = pd.Series(np.where(said, values, own), index=stations.index, dtype=object)
        table[column] = made.infer_objects() if column in input_columns(LAYER) else made
    return table


def _disagreements(stations: gpd.GeoDataFrame, listed: pd.DataFrame, rows: np.ndarray) -> Iterator[Finding]:
    """Findings on stations of which layer and list say different things; a row for each station."""
    words: dict[int, list[str]] = defaultdict(list)
    for place in np.flatnonzero(rows >= 0).tolist():
        for column in [c for c in _stated(stations, listed) if c in stations] + [ID]:
            if column not in stations or column not in listed:
                continue
            drawn, said = stations[column].iloc[place], listed[column].iloc[rows[place]]
            if pd.notna(drawn) and pd.notna(said) and not _agree(drawn, said):
                words[place].append(f"{column} is {_shown(said)}, drawn {_shown(drawn)}")
    apart = stations.iloc[list(words)]
    messages = (
        f"Row {listed.index[rows[place]]} of the station list and station {_name(stations, place)}: {'; '.join(said)};"
        " the list counts, the drawn identifier stays."
        for place, said in words.items()
    )
    yield from findings_about(apart, "list-disagrees", "warning", LAYER, messages)


def _agree(drawn: Any, said: Any) -> bool:
    numbers = pd.to_numeric(pd.Series([drawn, said], dtype=object), errors="coerce").to_numpy(float)
    if np.isfinite(numbers).all():
        return bool(abs(numbers[0] - numbers[1]) <= SAME * max(abs(numbers[0]), abs(numbers[1])))
    return key(drawn) == key(said)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _overruled(
    stations: pd.DataFrame, table: gpd.GeoDataFrame, listed: pd.DataFrame, rows: np.ndarray
) -> list[Finding]:
    """A finding where the list states a load, and the layer a flow or load that wins over it."""
    ranks = np.full((len(stations), 2), len(LOADS))
    for rank, column in reversed(list(enumerate(LOADS))):
        if column in stations:
            ranks[stations[column].notna().to_numpy(), 0] = rank
        if column in listed:
            said = np.zeros(len(stations), bool)
            said[rows >= 0] = listed[column].notna().to_numpy()[rows[rows >= 0]]
            ranks[said, 1] = rank
    wins = (ranks[:, 0] < ranks[:, 1]) & (ranks[:, 1] < len(LOADS))
    chosen = table[wins]
    messages = (
        f"Station {_name(chosen, i)}: the list states {LOADS[said]}, but {LOADS[own]} of the layer wins over it."
        for i, (own, said) in enumerate(ranks[wins])
    )
    repair = "empty the column of the layer if the list is right"
    return findings_about(chosen, "list-overruled", "warning", LAYER, messages, repair=repair)
