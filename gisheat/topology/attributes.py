"""Columns of the drawn layers to the arrays of the network, with what had to be assumed."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gisheat.catalogue import PipeSeries
from gisheat.findings import Finding, findings_about
from gisheat.network import (
    CHARACTERISTICS,
    CONNECTION,
    PUMP_CONTROLS,
    SOURCE_CONTROLS,
    STATION_CONTROLS,
    VALVE_KINDS,
    Array,
    Index,
    Mask,
    Pipes,
    Pumps,
    Sources,
    Stations,
    Text,
    Valves,
    codes,
    role_codes,
)
from gisheat.network.curves import read_curve
from gisheat.schema import to_si

LOCAL_LOSS_FRACTION = 0.15
LOCAL_LOSS_FRACTION_CONNECTION = 0.20
"""Equivalent length / length where nothing is said (the Mulan plan's figures)."""
LARGEST_BORE_DIFFERENCE = 0.01
PUMP_EFFICIENCY = 0.75
"""Efficiency of pump and motor where none is stated: a usual figure of large circulation pumps."""
NEEDED_SETTING = {
    "pressure_reducing": "setting_kpa",
    "pressure_sustaining": "setting_kpa",
    "differential_pressure": "setting_kpa",
    "flow_limiter": "setting_t_h",
}
"""What a valve of a kind can't act without."""


def numbers(table: gpd.GeoDataFrame, column: str) -> Array:
    """A column in SI, NaN where it is empty or not there."""
    if column not in table:
        return np.full(len(table), np.nan)
    return to_si(table[column].to_numpy(dtype=float), column)


def words(table: gpd.GeoDataFrame, column: str, default: str | None = None) -> Text:
    """A text column, `default` where it is empty or not there."""
    if column not in table:
        return np.full(len(table), default, dtype=object)
    values = table[column].to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = default
    return values


def curves(table: gpd.GeoDataFrame, column: str) -> tuple[Text, dict[int, str]]:
    """Pump curves of a text column (None where there is none), and by row what is wrong with those not understood."""
    result: Text = np.full(len(table), None, dtype=object)
    wrong: dict[int, str] = {}
    for i, text in enumerate(words(table, column)):
        if text is not None and str(text).strip():
            try:
                result[i] = read_curve(text)
            except ValueError as error:
                wrong[i] = str(error)
    return result, wrong


def filled(values: Array, default: float | Array) -> Array:
    """Values with the unknown ones (NaN) replaced."""
    return np.where(np.isnan(values), default, values)


def known_bores(table: gpd.GeoDataFrame, series: PipeSeries) -> tuple[Array, list[Finding]]:
    """Bore of each pipe [m]: given, else outer diameter - 2 wall, else DN by the catalogue; NaN where unknown."""
    dn = table["dn_mm"].to_numpy(float) if "dn_mm" in table else np.full(len(table), np.nan)
    row = series.of_dn(dn)
    by_dn = np.where(row >= 0, series.inner_diameter[row], np.nan)
    outer, wall = numbers(table, "outer_diameter_mm"), numbers(table, "wall_mm")
    by_wall = outer - 2.0 * wall
    impossible = by_wall <= 0.0
    bore = filled(filled(numbers(table, "inner_diameter_mm"), np.where(impossible, np.nan, by_wall)), by_dn)
    findings: list[Finding] = []
    with np.errstate(invalid="ignore"):
        apart = np.abs(bore / by_dn - 1.0) > LARGEST_BORE_DIFFERENCE
    rows = table[apart]
    messages = (
        f"pipe {name}: its bore {b:g} mm is not that of DN {d:g} in the catalogue {series.name},"
        f" {c:g} mm; its own is used."
        for name, b, d, c in zip(rows["pipe_id"], bore[apart] * 1e3, dn[apart], by_dn[apart] * 1e3, strict=True)
    )
    findings += findings_about(rows, "dn-disagrees", "info", "pipes", messages)
    rows = table[np.isnan(bore) & ~np.isnan(dn)]
    messages = (
        f"pipe {name}: DN {d:g} is not in the catalogue {series.name}; taken as unknown."
        for name, d in zip(rows["pipe_id"], rows.get("dn_mm", ()), strict=True)
    )
    findings += findings_about(rows, "dn-unknown", "error", "pipes", messages)
    rows = table[impossible & np.isnan(numbers(table, "inner_diameter_mm"))]
    messages = (f"pipe {name} has a wall that leaves no bore; taken as unknown." for name in rows["pipe_id"])
    findings += findings_about(rows, "wall-too-thick", "error", "pipes", messages)
    return bore, findings


def pipes_of(
    table: gpd.GeoDataFrame, start: Index, end: Index, bore: Array, *,
    roughness: float, local_loss_fraction: float | None,
) -> Pipes:  # fmt: skip
    """Pipes of a network from the noded layer; all open ones are in service (phases come later)."""
    role = role_codes(words(table, "role"))
    length = numbers(table, "length_m")
    usual = np.where(role == CONNECTION, LOCAL_LOSS_FRACTION_CONNECTION, LOCAL_LOSS_FRACTION)
    fraction = filled(
        numbers(table, "local_loss_fraction"), usual if local_loss_fraction is None else local_loss_fraction
    )
    stated_zeta = ~np.isnan(numbers(table, "zeta"))
    stated_fraction = ~np.isnan(numbers(table, "local_loss_fraction"))
    fraction = np.where(stated_zeta & ~stated_fraction & (local_loss_fraction is None), 0.0, fraction)
    line = words(table, "line", "pair")
    status = words(table, "status", "existing")
    return Pipes(
        id=table["pipe_id"].to_numpy(object),
        start=start,
        end=end,
        length=length,
        equivalent_length=fraction * length,
        inner_diameter=bore,
        roughness=filled(numbers(table, "roughness_mm"), roughness),
        zeta=filled(numbers(table, "zeta"), 0.0),
        role=role,
        existing=status != "planned",
        in_supply=line != "return",
        in_return=line != "supply",
        in_service=status != "closed",
    )


def stations_of(table: gpd.GeoDataFrame, supply_node: Index, return_node: Index, required_head: float) -> Stations:
    """Stations of a network from the layer; loads come later, those without a node are out of service."""
    count = len(table)
    return Stations(
        id=table["station_id"].to_numpy(object) if count else np.empty(0, object),
        supply_node=np.maximum(supply_node, 0),
        return_node=np.maximum(return_node, 0),
        heated_area=numbers(table, "heated_area_m2"),
        load=np.full(count, np.nan),
        flow=np.full(count, np.nan),
        supply_temperature=numbers(table, "supply_temp_c"),
        return_temperature=numbers(table, "return_temp_c"),
        required_head=filled(numbers(table, "required_head_m"), required_head),
        control=codes(words(table, "control", "flow"), STATION_CONTROLS),
        kvs=numbers(table, "kvs_m3_h"),
        valve_kv=numbers(table, "valve_kv_m3_h"),
        exchanger_loss=numbers(table, "hx_loss_kpa"),
        secondary_supply_temperature=numbers(table, "secondary_supply_temp_c"),
        secondary_return_temperature=numbers(table, "secondary_return_temp_c"),
        in_service=_open(table) & (supply_node >= 0) & (return_node >= 0),
    )


def sources_of(table: gpd.GeoDataFrame, supply_node: Index, return_node: Index) -> tuple[Sources, list[Finding]]:
    """Sources of a network from the layer; reserve ones and those without a node are out of service.

    Where the pumps are to follow a curve and there is none, their head is the one needed, with a finding.
    """
    count = len(table)
    curve, wrong = curves(table, "pump_curve")
    findings = _bad_curves(table, "sources", "pump_curve", wrong)
    control = words(table, "pump_control", "")
    missing = (control == "curve") & np.array([c is None for c in curve], bool)
    control[missing] = ""
    rows = table[missing]
    messages = (
        f"source {n}: pump_control curve without a pump_curve; the pump head is the one needed."
        for n in rows["source_id"]
    )
    findings += findings_about(rows, "setting-missing", "error", "sources", messages)
    sources = Sources(
        id=table["source_id"].to_numpy(object) if count else np.empty(0, object),
        supply_node=np.maximum(supply_node, 0),
        return_node=np.maximum(return_node, 0),
        supply_temperature=numbers(table, "supply_temp_c"),
        return_temperature=numbers(table, "return_temp_c"),
        static_head=numbers(table, "static_head_m"),
        supply_head=numbers(table, "supply_head_m"),
        plant_loss=filled(numbers(table, "plant_loss_m"), 0.0),
        head_reserve=filled(numbers(table, "head_reserve_m"), 0.0),
        pump_efficiency=filled(numbers(table, "pump_efficiency"), PUMP_EFFICIENCY),
        capacity=numbers(table, "capacity_mw"),
        pump_control=codes(control, SOURCE_CONTROLS),
        terminal_difference=numbers(table, "terminal_difference_m"),
        curve=curve,
        pump_speed=filled(numbers(table, "pump_speed"), 1.0),
        pump_count=filled(numbers(table, "pump_count"), 1.0),
        flow_share=numbers(table, "flow_share"),
        pressure_holding=words(table, "pressure_holding", "").astype(bool),
        in_service=(words(table, "role", "base") != "reserve") & (supply_node >= 0) & (return_node >= 0),
    )
    return sources, findings


def _open(table: gpd.GeoDataFrame) -> Mask:
    closed: Sequence[str] = ("abandoned", "closed")
    result: NDArray[np.bool_] = ~np.isin(words(table, "status", "existing").astype(str), closed)
    return result


def valves_of(
    table: gpd.GeoDataFrame, start: Index, end: Index, in_supply: Mask, in_return: Mask
) -> tuple[Valves, list[Finding]]:
    """Valves of a network from the layer. One without the setting that its kind needs stands open, with a finding."""
    kind = words(table, "kind", "isolation")
    findings: list[Finding] = []
    for name, column in NEEDED_SETTING.items():
        missing = (kind == name) & np.isnan(numbers(table, column))
        rows = table[missing]
        messages = (
            f"valve {n}: its kind {name} needs {column}; without it, it passes without a loss."
            for n in rows["valve_id"]
        )
        findings += findings_about(rows, "setting-missing", "error", "valves", messages)
        kind[missing] = "isolation"
    opening = filled(numbers(table, "opening"), 1.0)
    rows = table[(kind == "control") & (opening > 0.0) & (opening < 1.0) & np.isnan(numbers(table, "kvs_m3_h"))]
    messages = (
        f"valve {n}: a control valve with an opening, but without kvs_m3_h; it passes without a loss."
        for n in rows["valve_id"]
    )
    findings += findings_about(rows, "setting-missing", "error", "valves", messages)
    valves = Valves(
        id=table["valve_id"].to_numpy(object),
        start=start,
        end=end,
        kind=codes(kind, VALVE_KINDS),
        in_supply=in_supply,
        in_return=in_return,
        bore=numbers(table, "dn_mm"),
        kvs=numbers(table, "kvs_m3_h"),
        opening=opening,
        characteristic=codes(words(table, "characteristic", "linear"), CHARACTERISTICS),
        is_open=words(table, "state", "open") != "closed",
        pressure_setting=numbers(table, "setting_kpa"),
        flow_setting=numbers(table, "setting_t_h"),
        in_service=np.ones(len(table), bool),
    )
    return valves, findings


def pumps_of(table: gpd.GeoDataFrame, start: Index, end: Index, in_supply: Mask, in_return: Mask) -> Pumps:
    """Pumps of a network from the layer; a count of none is as good as stopped."""
    count = filled(numbers(table, "count"), 1.0)
    return Pumps(
        id=table["pump_id"].to_numpy(object),
        start=start,
        end=end,
        in_supply=in_supply,
        in_return=in_return,
        control=codes(words(table, "control", "constant_speed"), PUMP_CONTROLS),
        setpoint=numbers(table, "setpoint_kpa"),
        curve=curves(table, "curve")[0],
        speed=filled(numbers(table, "speed"), 1.0),
        count=np.maximum(count, 1.0),
        efficiency=filled(numbers(table, "efficiency"), PUMP_EFFICIENCY),
        running=(words(table, "status", "running") != "stopped") & (count > 0.0),
        in_service=np.ones(len(table), bool),
    )


def able_valves(table: gpd.GeoDataFrame) -> tuple[Mask, list[Finding]]:
    """Which valves have what their part in the network needs: a bypass of nothing known would join supply and return.

    What else is missing, `valves_of` says.
    """
    known = ~np.isnan(numbers(table, "kvs_m3_h")) | ~np.isnan(numbers(table, "setting_kpa"))
    lacking = (words(table, "kind", "isolation") == "bypass") & ~known
    rows = table[lacking]
    messages = (
        f"valve {n}: a bypass with neither kvs_m3_h nor setting_kpa; it is no part of the network."
        for n in rows["valve_id"]
    )
    return ~lacking, findings_about(rows, "setting-missing", "error", "valves", messages)


def able_pumps(table: gpd.GeoDataFrame) -> tuple[Mask, list[Finding]]:
    """Which pumps have the curve or setpoint that their control needs; without it the pipe stays as if without pump."""
    curve, wrong = curves(table, "curve")
    findings = _bad_curves(table, "pumps", "curve", wrong)
    control = words(table, "control", "constant_speed")
    no_setpoint = np.isnan(numbers(table, "setpoint_kpa"))
    no_curve = np.array([c is None for c in curve], bool)
    lacking_curve = no_curve & (control != "constant_difference")
    lacking_setpoint = no_setpoint & np.isin(control.astype(str), ("constant_difference", "proportional_difference"))
    lacking_setpoint &= no_curve | (control == "proportional_difference")
    for lacking, column in ((lacking_curve, "curve"), (lacking_setpoint, "setpoint_kpa")):
        rows = table[lacking]
        messages = (
            f"pump {n}: control {c} without {column}; it is no part of the network."
            for n, c in zip(rows["pump_id"], control[lacking], strict=True)
        )
        findings += findings_about(rows, "setting-missing", "error", "pumps", messages)
    return ~(lacking_curve | lacking_setpoint), findings


def _bad_curves(table: gpd.GeoDataFrame, layer: str, column: str, wrong: dict[int, str]) -> list[Finding]:
    rows = table.iloc[list(wrong)]
    messages = (
        f"{layer[:-1]} {n}: {column} {why.rstrip('.')}; taken as unknown."
        for n, why in zip(rows[f"{layer[:-1]}_id"], wrong.values(), strict=True)
    )
    return findings_about(rows, "curve-bad", "error", layer, messages)
