"""The bill: pipes by diameter, status and phase, what stands along them, and what the trenches cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisheat.catalogue import PipeSeries, TrenchPrices, trench_prices
from gisheat.errors import InputError
from gisheat.findings import Finding, points_of
from gisheat.geopackage import check_output
from gisheat.stages import result_tables
from gisheat.state import Progress, State
from gisheat.summary import Rows
from gisheat.workbooks import Note, write_tables

STEEL_DENSITY = 7850.0
"""Density of carbon steel [kg/m3], as EN 1993-1-1 (3.2.6) and GB 50017 have it."""
GIVEN_UP = ("abandoned", "closed")
_KEYS = ["phase", "status", "dn_mm"]


@dataclass(frozen=True)
class Bill:
    """Tables of quantities and cost, as layers of `columns.csv`, and what the cost lacks."""

    quantities: pd.DataFrame
    counts: pd.DataFrame
    phases: pd.DataFrame
    prices: TrenchPrices
    findings: tuple[Finding, ...]

    @property
    def cost(self) -> float:
        """Cost of all trenches that are costed, in the currency of the prices; without those that have no price."""
        return float(self.quantities["trench_cost"].sum())

    @property
    def without_price(self) -> float:
        """Trench that should be costed and has no price [m]."""
        return float(self.phases["without_price_m"].sum())


def bill_of(state: State) -> Bill:
    """Quantities and cost of a network, all phases of it.

    Parameters
    ----------
    state : State
        Sized; options `prices`, `price_factor`, `cost_of`, `replacement_factor`.

    Raises
    ------
    InputError
        If there are no pipes, or the prices can't be read.
    """
    if state.drawing is None:
        raise InputError("there are no pipes: there is nothing to count; route trenches first.")
    options = state.options
    prices = trench_prices(options["prices"])
    tables = result_tables(state)
    pipes = pipe_quantities(tables["pipes"], state.series)
    factor = {"planned": options["price_factor"], "existing": 0.0, **dict.fromkeys(GIVEN_UP, 0.0)}
    if options["cost_of"] == "all":
        factor["existing"] = options["price_factor"] * options["replacement_factor"]
    pipes = with_cost(pipes, prices, factor)
    quantities = summed(pipes)
    stations = _rows(tables["stations"], "station", "load_mw", "load_kw", 1e-3)
    order = state.order
    return Bill(
        _in_phase_order(quantities, order),
        _in_phase_order(_counts(tables, stations), order),
        _phase_table(pipes, stations, order),
        prices,
        tuple(_price_findings(pipes, tables["pipes"], prices)),
    )


def pipe_quantities(table: pd.DataFrame, series: PipeSeries) -> pd.DataFrame:
    """Quantities of every pipe of a result layer: metres of trench and pipe, water, steel.

    Parameters
    ----------
    table : DataFrame
        Layer pipes; `line` says whether supply and return lie in a trench, or one of them.
    series : PipeSeries
        Where diameters and walls come from that are not stated.

    Notes
    -----
    Water is pi/4 d^2 L of every pipe, steel pi (D - s) s L rho with outer diameter D and wall s.
    """
    bore, dn, outer, wall, length = (
        _numbers(table, n) for n in ("inner_diameter_mm", "dn_mm", "outer_diameter_mm", "wall_mm", "length_m")
    )
    if "geometry" in table:  # what is no part of the network has no length of its own
        length = np.where(np.isnan(length), table.geometry.length.to_numpy(), length)
    known = np.isfinite(bore)
    nearest = series.nearest(np.where(known, bore, 0.0) * 1e-3)
    dn = np.where(np.isnan(dn) & known, series.dn[nearest], dn)
    row = series.of_dn(dn)
    listed = (row >= 0) & (np.isnan(bore) | (np.abs(series.inner_diameter[row] * 1e3 - bore) < 0.5))
    outer = np.where(np.isnan(outer) & listed, series.outer_diameter[row] * 1e3, outer)
    wall = np.where(np.isnan(wall) & listed, series.wall[row] * 1e3, wall)
    wall = np.where(np.isnan(wall), (outer - bore) / 2.0, wall)
    bore = np.where(np.isnan(bore), np.where(row >= 0, series.inner_diameter[row] * 1e3, outer - 2.0 * wall), bore)
    line = _texts(table, "line")
    metres = length * np.where(np.isin(line, ["supply", "return"]), 1.0, 2.0)
    status = _texts(table, "status")
    return pd.DataFrame(
        {
            "pipe_id": _texts(table, "pipe_id"),
            "phase": _texts(table, "phase"),
            "status": np.where(status == "", "existing", status),
            "dn_mm": dn,
            "outer_diameter_mm": outer,
            "wall_mm": wall,
            "trench_length_m": length,
            "pipe_length_m": metres,
            "water_volume_m3": np.pi / 4.0 * (bore * 1e-3) ** 2 * metres,
            "steel_mass_t": np.pi * (outer - wall) * wall * 1e-6 * metres * STEEL_DENSITY * 1e-3,
        }
    )


def with_cost(pipes: pd.DataFrame, prices: TrenchPrices, factor: Mapping[str, float]) -> pd.DataFrame:
    """Pipes with price and cost; a status whose factor is 0 is not costed, a diameter without a price has none."""
    share = np.array([factor.get(status, 0.0) for status in pipes["status"]], dtype=float)
    dn = pipes["dn_mm"].to_numpy(float)
    price = np.where(share > 0.0, prices.of_dn(dn) * share, np.nan)
    length = pipes["trench_length_m"].to_numpy(float)
    lacking = np.where((share > 0.0) & np.isnan(price), length, 0.0)
    return pipes.assign(price_per_metre=price, trench_cost=length * price, without_price_m=lacking, costed=share > 0.0)


def summed(pipes: pd.DataFrame) -> pd.DataFrame:
    """A row for each phase, status and size; a figure that one of its pipes lacks is missing."""
    keys = [*_KEYS, "outer_diameter_mm", "wall_mm", "price_per_metre"]
    figures = ["trench_length_m", "pipe_length_m", "water_volume_m3", "steel_mass_t", "trench_cost"]
    alike = pipes.round(dict.fromkeys(keys[2:], 6))
    grouped = alike.groupby(keys, dropna=False, sort=True)[figures]
    found = grouped.sum().where(grouped.count().eq(grouped.size(), axis=0)).reset_index()
    return found[[*keys[:-1], *figures[:-1], "price_per_metre", "trench_cost"]]


def difference(here: Bill, there: Bill) -> pd.DataFrame:
    """Trench and cost of two projects beside each other, by phase, status and diameter."""
    columns = ["trench_length_m", "trench_cost"]
    sums = [
        bill.quantities.fillna({"trench_cost": 0.0}).groupby(_KEYS, dropna=False)[columns].sum()
        for bill in (here, there)
    ]
    both = sums[0].join(sums[1].add_prefix("other_"), how="outer").fillna(0.0).reset_index()
    both["trench_difference_m"] = both["trench_length_m"] - both["other_trench_length_m"]
    both["cost_difference"] = both["trench_cost"] - both["other_trench_cost"]
    return both[
        [
            *_KEYS, "trench_length_m", "other_trench_length_m", "trench_difference_m", "trench_cost",
            "other_trench_cost", "cost_difference",
        ]
    ]  # fmt: skip


def add_cost_findings(state: State, progress: Progress | None = None) -> State:  # noqa: ARG001 (a stage)
    """Add which diameters have no price."""
    return replace(state, findings=(*state.findings, *bill_of(state).findings))


def write_bill(state: State, target: Path, other: State | None = None) -> tuple[Rows, tuple[Path, ...]]:
    """Write quantities and cost of a network; returns figures, and the files written.

    Parameters
    ----------
    state : State
        Sized.
    target : Path
        Workbook (.xlsx) with all tables, or the table of quantities alone (.csv).
    other : State, optional
        Another project, sized: the workbook has a table of the differences as well.

    Raises
    ------
    InputError
        If there are no pipes, the prices can't be read, or the file can't be written.
    """
    if Path(state.options["prices"]).is_file():
        check_output(target, [Path(state.options["prices"])], overwrite=True)
    here, there = bill_of(state), None if other is None else bill_of(other)
    if there is not None and there.prices.currency != here.prices.currency:
        raise InputError(f"prices in {here.prices.currency} and {there.prices.currency} can't be compared.")
    tables = {"quantities": here.quantities, "counts": here.counts, "phase_cost": here.phases}
    if there is not None:
        tables["cost_difference"] = _in_phase_order(difference(here, there), state.order)
    tables["trench_prices"] = _price_table(here.prices)
    if target.suffix.lower() == ".csv":
        tables = {"quantities": tables["quantities" if there is None else "cost_difference"]}
    language = state.options["language"]
    if language == "zh" and target.suffix.lower() != ".csv":  # CSV keeps the contract's words, for programs
        tables = {name: table.replace({n: _CHINESE for n in _CODED if n in table}) for name, table in tables.items()}
    write_tables(target, tables, language=language, title=state.project.name, notes=_notes(state, here))
    return _figures(here, there), (target,)


def _figures(here: Bill, there: Bill | None) -> Rows:
    quantities, phases, unit = here.quantities, here.phases, here.prices.currency
    rows: Rows = {
        "trench length": (float(quantities["trench_length_m"].sum()), "m"),
        "pipe length": (float(quantities["pipe_length_m"].sum()), "m"),
        "water volume": (float(quantities["water_volume_m3"].sum()), "m3"),
        "steel": (float(quantities["steel_mass_t"].sum()), "t"),
        "costed trench": (float(phases["trench_length_m"].sum()), "m"),
        "trench cost": (here.cost, unit),
    }
    for phase, cost in zip(phases["phase"], phases["trench_cost"], strict=True):
        if phase:
            rows[f"trench cost: phase {phase}"] = (float(cost), unit)
    rows |= {"prices": (f"{here.prices.name} {here.prices.year}".strip(), "")}
    if here.without_price:
        rows["trench without a price"] = (here.without_price, "m, not in the cost")
    if there is not None:
        rows["trench cost: other"] = (there.cost, unit)
        rows["trench cost: difference"] = (here.cost - there.cost, unit)
    return rows


def _phase_table(pipes: pd.DataFrame, stations: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """A row for each phase in which something is built."""
    built, coming = pipes[pipes["costed"]], stations[stations["status"] == "planned"]
    present = set(built["phase"]) | set(coming["phase"])
    rows = []
    for phase in sorted(present, key=lambda p: _place(p, order)):
        new, more = built[built["phase"] == phase], coming[coming["phase"] == phase]
        sums = new[["trench_length_m", "pipe_length_m", "water_volume_m3", "trench_cost", "without_price_m"]].sum()
        rows.append({"phase": phase, **sums.to_dict(), "stations": len(more), "load_mw": float(more["figure"].sum())})
    names = [
        "phase", "trench_length_m", "pipe_length_m", "water_volume_m3", "stations", "load_mw", "trench_cost",
        "without_price_m",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=names)
    table.insert(7, "cumulated_trench_cost", table["trench_cost"].cumsum())
    return table


def _counts(tables: Mapping[str, pd.DataFrame], stations: pd.DataFrame) -> pd.DataFrame:
    """Stations, sources, valves and pumps by phase and status."""
    sources = _rows(tables["sources"], "source", "capacity_mw", "capacity_mw", 1.0)
    devices = [_rows(tables[n], n[:-1], "", "", 1.0) for n in ("valves", "pumps") if n in tables]
    every = pd.concat([stations, sources, *devices], ignore_index=True)
    rows = []
    for (kind, phase, status, dn), group in every.groupby(
        ["kind", "phase", "status", "dn_mm"], dropna=False, sort=True
    ):
        figure = float(group["figure"].sum(skipna=False)) if kind in ("station", "source") else np.nan
        load, capacity = (figure, np.nan) if kind == "station" else (np.nan, figure)
        rows.append((kind, phase, status, dn, len(group), load, capacity))
    names = ["kind", "phase", "status", "dn_mm", "count", "load_mw", "capacity_mw"]
    return pd.DataFrame(rows, columns=names)


def _rows(table: pd.DataFrame, kind: str, name: str, column: str, factor: float) -> pd.DataFrame:
    """Kind, phase, status, diameter and figure of every row of a layer."""
    status = _texts(table, "status") if kind in ("station", "source") else np.full(len(table), "", dtype=object)
    return pd.DataFrame(
        {
            "kind": kind, "phase": _texts(table, "phase"),
            "status": np.where((status == "") & (kind == "station"), "existing", status),
            "dn_mm": _numbers(table, "dn_mm") if kind == "valve" else np.nan,
            "figure": _numbers(table, column) * factor if name else np.nan,
        }
    )  # fmt: skip


def _price_findings(pipes: pd.DataFrame, table: pd.DataFrame, prices: TrenchPrices) -> list[Finding]:
    """One finding for each diameter that should be costed and has no price."""
    lacking = pipes[pipes["without_price_m"] > 0.0]
    found = []
    for dn, group in lacking.groupby(lacking["dn_mm"].round(6), dropna=False):
        first = int(group.index[0])
        what = f"DN{dn:g}" if np.isfinite(float(dn)) else "an unknown size"
        sentence = (
            f"{group['without_price_m'].sum():.1f} m of trench of {what} (pipe {group['pipe_id'].iloc[0]}"
            f"{' and others' if len(group) > 1 else ''}) have no price in {prices.name}: the cost lacks them; add a row"
            " to the price table."
        )
        fid = table["source_fid"].iloc[first] if "source_fid" in table else None
        point = points_of(table.iloc[[first]])[0]
        found.append(
            Finding("price-missing", "warning", "pipes", sentence, None if pd.isna(fid) else int(fid), point=point)
        )
    return found


def _price_table(prices: TrenchPrices) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dn_mm": prices.dn, "price_per_metre": prices.price, "currency": prices.currency, "year": prices.year,
            "source": prices.sources,
        }
    )  # fmt: skip


_EN = (
    "A trench holds supply and return: pipe metres are twice the trench metres, but where one of them is drawn alone.",
    "Water volume is pi/4 d2 L of all pipes by their bore. Steel is the pipe alone: no fittings, casing or insulation.",
    "Cost is trench metres times the price of their diameter; stations, sources, valves, pumps are counted only.",
    "A pipe that is planned is costed in the phase that it names, also where that is the first one.",
)
_ZH = (
    "管沟长度为管沟的延米数；每条管沟内有供、回水两根管道，管道长度为其两倍，仅绘出一根者除外。",
    "水容量按各管内径 pi/4 d2 L 计；钢管重量仅为工作钢管，不含管件、外护管与保温。",
    "费用为管沟长度乘以该管径的单价；热力站、热源、阀门和水泵只计数量，不计费用。",
    "状态为规划的管道计入其所属期别的费用，即使该期别为最早一期。",
)
_CODED = ("kind", "phase", "status")
_CHINESE = {
    "existing": "现状", "planned": "规划", "abandoned": "废弃", "closed": "关闭", "near": "近期", "far": "远期",
    "station": "热力站", "source": "热源", "valve": "阀门", "pump": "水泵",
}  # fmt: skip
_WORDS = {
    "en": {"cost": "Trench cost", "without": "Trench without a price, not in the cost",
           "factor": "Factor of all prices", "replacement": "Factor of existing pipes", "prices": "Price table",
           "water": "Water volume"},
    "zh": {"cost": "管沟费用合计", "without": "无单价、未计入费用的管沟", "factor": "单价系数",
           "replacement": "现状管道的系数", "prices": "单价表", "water": "水容量"},
}  # fmt: skip


def _notes(state: State, bill: Bill) -> list[Note | str]:
    options, prices = state.options, bill.prices
    words = _WORDS[options["language"]]
    notes: list[Note | str] = [
        Note(words["cost"], round(bill.cost, 2), prices.currency),
        Note(words["water"], round(float(bill.quantities["water_volume_m3"].sum()), 3), "m³"),
    ]
    if bill.without_price:
        notes.append(Note(words["without"], round(bill.without_price, 2), "m"))
    notes += [
        Note(words["prices"], f"{prices.name} {prices.year}".strip()),
        Note(words["factor"], options["price_factor"]),
    ]
    if options["cost_of"] == "all":
        notes.append(Note(words["replacement"], options["replacement_factor"]))
    return [*notes, *(_ZH if options["language"] == "zh" else _EN), *(finding.message for finding in bill.findings)]


def _in_phase_order(table: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Rows by kind, phase in its order, status, diameter."""
    keys = [k for k in ("kind", "phase", "status", "dn_mm") if k in table]
    places = table[keys].assign(phase=[_place(p, order)[0] for p in table["phase"]])
    rank = places.sort_values(keys, kind="stable", na_position="last").index
    return table.loc[rank].reset_index(drop=True)


def _place(phase: str, order: Sequence[str]) -> tuple[int, str]:
    """Place of a phase: what names none stands from the beginning, what names an unknown one comes last."""
    return (-1, "") if not phase else (order.index(phase) if phase in order else len(order), phase)


def _numbers(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _texts(table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    if column not in table:
        return np.full(len(table), "", dtype=object)
    return np.array([v if isinstance(v, str) else "" for v in table[column]], dtype=object)
