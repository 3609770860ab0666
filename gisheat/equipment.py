"""Equipment of stations: exchangers and pumps by size from a catalogue, checked against load and temperatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from gisheat.catalogue import read_csv_rows, read_rows
from gisheat.errors import InputError
from gisheat.findings import Finding, Severity, findings_about
from gisheat.hydraulics import design_flows
from gisheat.loads import design_heat_capacity
from gisheat.network import Array, Index, Mask, Network
from gisheat.operating_point import KELVIN, design_sides
from gisheat.physics.heat import logarithmic_mean, mass_flow
from gisheat.physics.water import water
from gisheat.schema import from_si, to_si
from gisheat.state import Progress, State
from gisheat.summary import Rows
from gisheat.topology.attributes import words
from gisheat.workbooks import Note, write_tables

EQUIPMENT_CATALOGUES = ("cn-stations",)
_FILES = {"cn-stations": "station_equipment.csv"}
_COUNTS = ("exchanger_count", "circulation_count", "makeup_count")
_COLUMNS = (
    "heated_area_m2", "exchanger_area_m2", "exchanger_count", "circulation_flow_m3_h", "circulation_head_m",
    "circulation_count", "makeup_flow_m3_h", "makeup_head_m", "makeup_count",
)  # fmt: skip
_ENOUGH = 1.0 - 1e-9


class Checks(NamedTuple):
    """With what equipment is checked."""

    heat_transfer: float
    """Heat transfer coefficient of exchangers [W/(m2 K)]."""
    in_reserve: int
    """Pumps of each kind in each set that stand in reserve."""
    least_share: float
    """Share of the load that exchangers have to give with one out."""
    least_make_up: float
    """Make-up flow / secondary flow."""


@dataclass(frozen=True)
class Equipment:
    """What each station gets and needs; rows of `table` are those of the stations in service."""

    table: pd.DataFrame
    """Columns of the layer equipment."""
    catalogue: pd.DataFrame
    rows: gpd.GeoDataFrame
    """The same stations in the stations layer."""
    remarks: tuple[tuple[Mask, str, Severity, list[str]], ...]
    """Which stations a rule finds, the rule, its severity, and its sentence for each station."""


def equipment_catalogue(name: str) -> pd.DataFrame:
    """Sizes of station equipment in rising order of the heated area, by name or from a CSV file.

    Raises
    ------
    InputError
        If there is no such catalogue, or a row lacks a number.
    """
    if name in _FILES:
        rows = read_rows(_FILES[name])
    else:
        path = Path(name)
        if not path.is_file():
            raise InputError(
                f"equipment_catalogue {name!r}: neither one of {', '.join(EQUIPMENT_CATALOGUES)} nor a CSV file."
            )
        rows = read_csv_rows(path, "equipment_catalogue")
    try:
        table = pd.DataFrame([{column: float(row[column]) for column in _COLUMNS} for row in rows], columns=_COLUMNS)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"equipment_catalogue {name!r}: each row needs numbers in {', '.join(_COLUMNS)} ({error})."
        ) from error
    if not len(table) or not (table.to_numpy() > 0.0).all() or (table[[*_COUNTS]] % 1.0 != 0.0).any(axis=None):
        raise InputError(
            f"equipment_catalogue {name!r}: it is empty, or a number is not above 0, or a count not whole."
        )
    return table.sort_values("heated_area_m2", kind="stable", ignore_index=True)


def choose_size(area: Array, sizes: Array) -> tuple[Index, Index]:
    """Row of the smallest size that serves each heated area, and how many equal sets of it; -1 and 0 where unknown.

    One set where the largest size serves the area, else as few as the largest size allows.

    Parameters
    ----------
    area : array
        Heated area [m2].
    sizes : array
        Heated areas of the catalogue [m2], rising.

    Examples
    --------
    >>> row, sets = choose_size(np.array([18_000.0, 50_000.0, 270_000.0]), np.array([2e4, 5e4, 8e4, 1e5, 2e5]))
    >>> row.tolist(), sets.tolist()
    ([0, 1, 4], [1, 1, 2])
    """
    known = area > 0.0
    sets = np.where(known, np.ceil(np.where(known, area, 0.0) / sizes[-1] * _ENOUGH), 0).astype(np.int64)
    row = np.searchsorted(sizes, np.where(known, area, 0.0) / np.maximum(sets, 1) * _ENOUGH)
    return np.where(known, row, -1), sets


def secondary_flow(load: Array, sides: Array, heat_capacity: float | None) -> Array:
    """Volume flow [m3/s] of the secondary networks at design, of water at their return temperature.

    Parameters
    ----------
    load : array, shape (stations,)
        Heat load [W].
    sides : array, shape (stations, 4)
        Primary supply and return, secondary supply and return [degC].
    heat_capacity : float, optional
        [J/(kg K)]; that of water at the mean temperature where it is not given.
    """
    flow = np.full(len(load), np.nan)
    for up, down in np.unique(sides[:, 2:], axis=0):
        if up > down:
            same = (sides[:, 2] == up) & (sides[:, 3] == down)
            capacity = heat_capacity or water(0.5 * (up + down) + KELVIN).heat_capacity
            flow[same] = mass_flow(load[same], capacity, up - down) / water(down + KELVIN).density
    return flow


def choose_equipment(
    network: Network, stations: gpd.GeoDataFrame, options: Mapping[str, Any], checks: Checks, catalogue: pd.DataFrame
) -> Equipment:
    """Choose the equipment of all stations in service, and check it.

    Stations that state no area count with the area that their load is at the mean heat index of the others. Directly
    connected and mixing stations have no exchanger and are left out of the choice.

    Parameters
    ----------
    network : Network
        With loads.
    stations : table
        Clean stations layer, row i belongs to station i of the network.
    options : mapping
        The temperatures where no layer states one, and the heat capacity.
    checks : Checks
    catalogue : table
        As `equipment_catalogue` gives it.
    """
    on = np.flatnonzero(network.stations.in_service)
    given = options["supply_temp_c"], options["return_temp_c"]
    load = design_flows(network, design_heat_capacity(network, options), *given)[1][on]
    sides = design_sides(network, stations, options)
    values, indirect = sides.temperature[on], sides.connection[on] == "indirect"
    area = network.stations.heated_area[on]
    both = (area > 0.0) & (load > 0.0)
    index = load[both].sum() / area[both].sum() if both.any() else np.nan
    counted = np.where(indirect, np.where(area > 0.0, area, load / index), np.nan)
    row, sets = choose_size(counted, catalogue["heated_area_m2"].to_numpy())
    rows = stations.iloc[on]
    table = pd.DataFrame({
        "station_id": network.stations.id[on].astype(str), "name": words(rows, "name", ""),
        "status": words(rows, "status", "existing"), "heated_area_m2": area, "load_kw": from_si(load, "load_kw"),
    })  # fmt: skip
    table = table.join(_sets(catalogue, row, sets))
    known = row >= 0
    flow = np.where(known, secondary_flow(load, values, options["heat_capacity_j_kg_k"]), np.nan)
    difference = logarithmic_mean(values[:, 0] - values[:, 2], values[:, 1] - values[:, 3])
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(difference > 0.0, load / (checks.heat_transfer * difference), np.nan)
        one_out = (table["exchanger_area_m2"] * (table["exchanger_count"] - 1)).to_numpy() / needed
        running = _running(table, "circulation", checks.in_reserve)
        make_up = to_si(_running(table, "makeup", checks.in_reserve), "makeup_flow_m3_h") / flow
    table["exchanger_needed_m2"] = np.where(known, needed, np.nan)
    table["share_one_out_percent"] = from_si(np.minimum(one_out, 1.0), "share_one_out_percent")
    table["circulation_running_m3_h"] = running
    table["secondary_flow_m3_h"] = from_si(flow, "secondary_flow_m3_h")
    table["makeup_share_percent"] = from_si(make_up, "makeup_share_percent")
    remarks = _remarks(table, counted, indirect, checks)
    table["remark"] = _words_of(remarks, len(table))
    return Equipment(table.reindex(columns=_ORDER), catalogue, rows, remarks)


_ORDER = (
    "station_id", "name", "status", "heated_area_m2", "load_kw", "size_m2", "sets", "exchanger_area_m2",
    "exchanger_count", "exchanger_needed_m2", "share_one_out_percent", "circulation_flow_m3_h", "circulation_head_m",
    "circulation_count", "circulation_running_m3_h", "secondary_flow_m3_h", "makeup_flow_m3_h", "makeup_head_m",
    "makeup_count", "makeup_share_percent", "remark",
)  # fmt: skip


def _sets(catalogue: pd.DataFrame, row: Index, sets: Index) -> pd.DataFrame:
    """What each station has of the catalogue; counts are those of all its sets."""
    found = catalogue.reindex(row).reset_index(drop=True)  # -1 is no row: missing
    found = found.rename(columns={"heated_area_m2": "size_m2"})
    found["sets"] = np.where(row >= 0, sets, np.nan)
    for count in _COUNTS:
        found[count] *= found["sets"]
    return found


def _running(table: pd.DataFrame, kind: str, in_reserve: int) -> pd.Series:
    """Flow of all pumps of a kind that are not in reserve; one of each set runs in any case."""
    count = np.maximum(table[f"{kind}_count"] - in_reserve * table["sets"], table["sets"])
    return count * table[f"{kind}_flow_m3_h"]


def _remarks(
    table: pd.DataFrame, counted: Array, indirect: Mask, checks: Checks
) -> tuple[tuple[Mask, str, Severity, list[str]], ...]:
    """What is to be said of the stations, rule by rule."""
    found: list[tuple[Mask, str, Severity, list[str]]] = []

    def remark(where: Any, rule: str, severity: Severity, sentence: str, *columns: Any) -> None:
        mask = np.asarray(where, bool)
        values = zip(*(np.asarray(column)[mask] for column in columns), strict=True)
        texts = [sentence.format(*row) for row in values] if columns else [sentence] * int(mask.sum())
        found.append((mask, rule, severity, texts))

    known = table["sets"].notna()
    flow, area = table["secondary_flow_m3_h"], table["exchanger_area_m2"] * table["exchanger_count"]
    remark(
        indirect & ~known,
        "equipment-unknown",
        "warning",
        "has no heated area, and no load that can be counted as one, so no equipment is chosen",
    )
    remark(
        known & (flow.isna() | table["exchanger_needed_m2"].isna()),
        "equipment-unchecked",
        "warning",
        "has no secondary temperatures below the primary ones, so its equipment is not checked",
    )
    remark(
        known & (table["sets"] > 1),
        "station-large",
        "info",
        "has {:.0f} m2, more than the largest size of the catalogue: {:.0f} equal sets of {:.0f} m2 are listed",
        counted,
        table["sets"].fillna(0.0),
        table["size_m2"].fillna(0.0),
    )
    remark(
        table["circulation_running_m3_h"] < flow * _ENOUGH,
        "circulation-pump-small",
        "warning",
        "needs {:.1f} m3/h in its secondary network; the running circulation pumps of its size reach {:.1f} m3/h",
        flow,
        table["circulation_running_m3_h"],
    )
    remark(
        area < table["exchanger_needed_m2"] * _ENOUGH,
        "exchanger-small",
        "warning",
        f"needs {{:.1f}} m2 of exchanger (k = {checks.heat_transfer:g} W/(m2 K)); those of its size have {{:.1f}} m2",
        table["exchanger_needed_m2"],
        area,
    )
    remark(
        table["share_one_out_percent"] < from_si(checks.least_share, "share_percent") * _ENOUGH,
        "exchanger-one-out",
        "warning",
        "gets {:.0f} % of its load with one exchanger out, less than"
        f" {from_si(checks.least_share, 'share_percent'):g} %",
        table["share_one_out_percent"],
    )
    remark(
        table["makeup_share_percent"] < from_si(checks.least_make_up, "share_percent") * _ENOUGH,
        "make-up-small",
        "warning",
        "has make-up pumps for {:.2f} % of its secondary flow, less than"
        f" {from_si(checks.least_make_up, 'share_percent'):g} %",
        table["makeup_share_percent"],
    )
    return tuple(found)


def _words_of(remarks: tuple[tuple[Mask, str, Severity, list[str]], ...], count: int) -> list[str]:
    """All remarks on each station."""
    texts: list[list[str]] = [[] for _ in range(count)]
    for mask, _, _, sentences in remarks:
        for i, sentence in zip(np.flatnonzero(mask).tolist(), sentences, strict=True):
            texts[i].append(sentence)
    return ["; ".join(parts) for parts in texts]


def equipment_findings(equipment: Equipment) -> list[Finding]:
    """What does not suffice, at its station."""
    ids = equipment.table["station_id"].to_numpy()
    found: list[Finding] = []
    for mask, rule, severity, sentences in equipment.remarks:
        messages = [f"Station {name} {sentence}." for name, sentence in zip(ids[mask], sentences, strict=True)]
        found += findings_about(equipment.rows[mask], rule, severity, "stations", messages)
    return found


def equipment_of(state: State) -> Equipment:
    """Equipment of the stations of a state that has loads, by its options."""
    assert state.loads is not None and state.drawing is not None
    options = state.options
    checks = Checks(
        options["heat_transfer_w_m2_k"], options["pumps_in_reserve"],
        float(to_si(options["share_one_out_percent"], "share_one_out_percent")),
        float(to_si(options["make_up_percent"], "make_up_percent")),
    )  # fmt: skip
    catalogue = equipment_catalogue(options["equipment_catalogue"])
    return choose_equipment(state.loads.network, state.drawing.stations, options, checks, catalogue)


def add_equipment(state: State, progress: Progress | None = None) -> State:  # noqa: ARG001 (a stage)
    """Add what is to be said of the equipment of the stations."""
    return replace(state, findings=(*state.findings, *equipment_findings(equipment_of(state))))


def totals_table(equipment: Equipment) -> pd.DataFrame:
    """Pieces of equipment by size."""
    chosen = equipment.table[equipment.table["sets"].notna()]
    counted = chosen.groupby("size_m2", as_index=False).agg(
        stations=("station_id", "size"), sets=("sets", "sum"), **{n: (n, "sum") for n in _COUNTS}
    )
    sizes = equipment.catalogue.rename(columns={"heated_area_m2": "size_m2"}).drop(columns=[*_COUNTS])
    table = counted.merge(sizes, on="size_m2", how="left", validate="one_to_one")
    return table[[
        "size_m2", "stations", "sets", "exchanger_area_m2", "exchanger_count", "circulation_flow_m3_h",
        "circulation_head_m", "circulation_count", "makeup_flow_m3_h", "makeup_head_m", "makeup_count",
    ]]  # fmt: skip


def write_equipment(state: State, target: Path) -> tuple[Rows, tuple[Path, ...]]:
    """Write the equipment of all stations as a workbook (stations, totals, notes) or CSV (stations); figures, files.

    Parameters
    ----------
    state : State
        With loads.
    target : Path
        `.xlsx` or `.csv`.

    Raises
    ------
    InputError
        If the catalogue can't be read, or the file can't be written.
    """
    found, language = equipment_of(state), state.options["language"]
    tables = {"equipment": _whole_counts(found.table)}
    if target.suffix.lower() != ".csv":
        tables["equipment_totals"] = _whole_counts(totals_table(found))
    notes = _NOTES[language]
    options = state.options
    values = [options["equipment_catalogue"], options["heat_transfer_w_m2_k"], options["pumps_in_reserve"],
              options["share_one_out_percent"], options["make_up_percent"]]  # fmt: skip
    units = ["", "W/(m2 K)", "", "%", "%"]
    write_tables(
        target, tables, language=language, title=state.project.name,
        notes=[*(Note(text, value, unit) for text, value, unit in zip(notes, values, units, strict=False)),
               *notes[len(values):]],
    )  # fmt: skip
    return _figures(found), (target,)


def _whole_counts(table: pd.DataFrame) -> pd.DataFrame:
    """The table with counts as whole numbers."""
    return table.astype({name: "Int64" for name in (*_COUNTS, "sets") if name in table})


_NOTES = {
    "en": (
        "Catalogue", "Heat transfer coefficient of exchangers", "Pumps of each kind and set in reserve",
        "Least share of the load with one exchanger out", "Least make-up flow of the secondary flow",
        "The catalogue's area is taken as that of one exchanger; a maker's selection replaces the check.",
        "Counts are those of all sets of a station.",
    ),
    "zh": (
        "设备目录", "换热器传热系数", "每套每类备用泵台数", "一台换热器停用时最低供热比例", "最低补水率",
        "目录中的换热面积按单台计；校核以厂家选型为准。", "台数为该热力站各套设备之和。",
    ),
}  # fmt: skip


def _figures(equipment: Equipment) -> Rows:
    table = equipment.table
    chosen = table["sets"].notna()
    rows: Rows = {
        "stations": (len(table), ""), "stations with equipment": (int(chosen.sum()), ""),
        "exchangers": (int(table["exchanger_count"].sum()), ""),
        "exchanger area": (float((table["exchanger_area_m2"] * table["exchanger_count"]).sum()), "m2"),
        "exchanger area needed": (float(table["exchanger_needed_m2"].sum()), "m2"),
        "circulation pumps": (int(table["circulation_count"].sum()), ""),
        "make-up pumps": (int(table["makeup_count"].sum()), ""),
    }  # fmt: skip
    return rows | {f"stations: {rule}": (int(mask.sum()), "") for mask, rule, _, _ in equipment.remarks if mask.any()}
