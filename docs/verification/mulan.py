"""The published plan of Mulan: trunk section by section, laws, loads, the whole sample; water; balances."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from figures import Figure
from reference import table

import gisheat
from gisheat.loads import mix_heat_index
from gisheat.physics.friction import LAWS, colebrook, rough, specific_friction
from gisheat.physics.water import saturation_pressure, water
from gisheat.regulation import Kinds, Rule, regulate
from verification import ROOT
from verification.rows import percent

SAMPLE = ROOT / "sample_gis" / "mulan"
DENSITY, CAPACITY, HEAT_INDEX = 968.65, 3600.0 / 0.86, 46.79
"""The plan's water [kg/m3], its 0.86 as a heat capacity [J/(kg K)], its near-phase heat index [W/m2]."""


# the published table -------------------------------------------------------------------------------------


@cache
def published() -> pd.DataFrame:
    """The plan's hydraulic table: the trunk A1 ... A20-R09."""
    return pd.read_csv(SAMPLE / "facts" / "hydraulic_table.csv")


@cache
def trunk() -> gisheat.Network:
    """The trunk alone; what each section loses of its area is heated at its end."""
    rows = published()
    area = rows["heated_area_1e4_m2"].to_numpy()
    last = rows["to_node"] == rows["to_node"].iloc[-1]
    return gisheat.Network.from_tables(
        nodes=pd.DataFrame({"node_id": [rows["from_node"].iloc[0], *rows["to_node"]]}),
        pipes=pd.DataFrame({
            "pipe_id": rows["pipe"],
            "from_node": rows["from_node"],
            "to_node": rows["to_node"],
            "length_m": rows["length_m"],
            "inner_diameter_mm": rows["computed_with_inner_diameter_m"] * 1e3,
            "roughness_mm": 0.5,
            "local_loss_fraction": np.where(last, 0.20, 0.15),
        }),
        stations=pd.DataFrame({
            "station_id": rows["to_node"],
            "node_id": rows["to_node"],
            "heated_area_m2": (area - np.append(area[1:], 0.0)) * 1e4,
            "heat_index_w_m2": HEAT_INDEX,
        }),
        sources=pd.DataFrame({
            "source_id": ["plant"],
            "node_id": ["A1"],
            "supply_temp_c": [85.0],
            "return_temp_c": [65.0],
            "static_head_m": [30.0],
            "plant_loss_m": [20.0],
            "head_reserve_m": [5.0],
        }),
    )  # fmt: skip


@cache
def solved(law: str = "rough") -> gisheat.Results:
    """The trunk with the plan's water and a friction law."""
    return gisheat.solve(trunk(), friction=law, density_kg_m3=DENSITY, heat_capacity_j_kg_k=CAPACITY)  # type: ignore[arg-type]


def section_table() -> str:
    """Each section as published and as computed."""
    heads = ("section", "t/h", "", "m/s", "", "Pa/m", "", "", "kPa", "", "")
    says = ("", *("published", "computed") * 2, *("published", "computed", "off") * 2)
    rows = [
        (old["pipe"],
         f"{old['flow_t_h']:.2f}", f"{new['sup_flow_t_h']:.2f}",
         f"{old['velocity_m_s']:.2f}", f"{new['sup_velocity_m_s']:.2f}",
         f"{old['specific_friction_pa_m']:.2f}", f"{new['sup_friction_pa_m']:.2f}",
         percent(new["sup_friction_pa_m"] / old["specific_friction_pa_m"] - 1.0),
         f"{old['pressure_loss_kpa']:.2f}", f"{new['sup_loss_kpa']:.2f}",
         percent(new["sup_loss_kpa"] / old["pressure_loss_kpa"] - 1.0))
        for (_, old), (_, new) in zip(published().iterrows(), solved().pipes.iterrows(), strict=True)
    ]  # fmt: skip
    return table(heads, [says, *rows])


def trunk_rows() -> list[Figure]:
    """Largest deviations of the trunk-only case, total, pump head."""
    old, new = published(), solved().pipes
    rows = []
    for what, column, other, limit, relative, unit in (
        ("flow", "flow_t_h", "sup_flow_t_h", 0.01, False, "t/h"),
        ("velocity", "velocity_m_s", "sup_velocity_m_s", 0.01, True, "m/s"),
        ("specific friction", "specific_friction_pa_m", "sup_friction_pa_m", 0.005, True, "Pa/m"),
    ):
        apart = (new[other] - old[column]).abs() / (old[column] if relative else 1.0)
        i = int(apart.argmax())
        name = f"{what}, worst section ({old['pipe'][i]})"
        rows.append(Figure(name, old[column][i], new[other][i], limit, relative, unit))
    loss, printed = new["sup_loss_kpa"], old["pressure_loss_kpa"]
    allowed = np.maximum(0.005 * printed, 0.005)
    i = int(((loss - printed).abs() / allowed).argmax())
    return [
        *rows,
        Figure(f"loss, worst section ({old['pipe'][i]})", printed[i], loss[i], allowed[i], relative=False, unit="kPa"),
        Figure("one-way loss", float(printed.sum()), float(loss.sum()), 0.003, unit="kPa"),
        Figure("length of the path", float(old["length_m"].sum()), float(new["length_m"].sum()), 1e-9, unit="m"),
    ]


def pump_head_table() -> str:
    """Parts of the pump head: computed in metres of the design water, and the plan's own figures."""
    head = solved().pump_head()
    plan = (23.8, 23.8, 10.0, 20.0, 5.0)
    names = ("supply loss", "return loss", "station", "plant", "reserve")
    parts = (head.supply_loss, head.return_loss, head.station, head.plant, head.reserve)
    rows = [(n, f"{p:.1f}", f"{c:.2f}") for n, p, c in zip(names, plan, parts, strict=True)]
    return table(("part", "plan [m], 10 kPa = 1 m", "computed [m of the design water]"),
                 [*rows, ("**pump head**", f"**{sum(plan):.1f}**", f"**{head.total:.2f}**")])  # fmt: skip


def law_table() -> str:
    """One-way loss of the trunk by friction law."""
    first = float(solved("rough").pipes["sup_loss_kpa"].sum())
    rows = []
    for law in ("rough", *(name for name in LAWS if name not in ("rough", "hazen-williams"))):
        pipes = solved(law).pipes
        supply, back = float(pipes["sup_loss_kpa"].sum()), float(pipes["ret_loss_kpa"].sum())
        beside = percent(supply / first - 1.0), percent(back / first - 1.0)
        rows.append((f"`{law}`", f"{supply:.2f}", beside[0], f"{back:.2f}", beside[1]))
    return table(("law", "supply, 85 degC [kPa]", "against rough", "return, 65 degC [kPa]", "against rough"), rows)


def reynolds_table() -> str:
    """Reynolds numbers of the trunk, and where the difference of Colebrook and the rough factor comes from."""
    pipes, conditions = solved("rough").pipes, solved("rough").conditions
    bore = pipes["inner_diameter_mm"].to_numpy() * 1e-3
    relative = 0.5e-3 / bore
    limit = (2.0 * np.log10(3.7 / relative)) ** -2.0  # Colebrook for Re without end
    plain = rough(np.full(len(bore), 1e6), relative)[0]
    rows = []
    for name, side in (("supply", conditions.supply), ("return", conditions.back)):
        reynolds = pipes["sup_velocity_m_s"].to_numpy() * bore * side.density / side.viscosity
        factor = colebrook(reynolds, relative)[0]
        ratios = (factor / plain, limit / plain, factor / limit)
        spans = [_span(100.0 * (ratio - 1.0), "{:+.1f}") for ratio in ratios]
        rows.append((name, f"{side.viscosity * 1e3:.3f}", _span(reynolds / 1e6, "{:.2f}"), *spans))
    heads = ("side", "mPa s", "Re / 10^6", "Colebrook / rough [%]", "of it: law for K/d [%]", "of it: Re term [%]")
    return table(heads, rows)


def _span(values: np.ndarray, form: str) -> str:
    return f"{form.format(values.min())} to {form.format(values.max())}"


def printed_bore_table() -> str:
    """Sections whose printed bore gives the printed friction least."""
    rows = published()
    flow, bore = rows["flow_t_h"].to_numpy() / 3.6, rows["printed_inner_diameter_m"].to_numpy()
    friction = specific_friction(flow, bore, np.full(len(rows), 5e-4), density=DENSITY, viscosity=3.6e-4, law="rough")
    apart = friction / rows["specific_friction_pa_m"].to_numpy() - 1.0
    flagged = sorted(rows["pipe"][np.abs(apart) > 0.03])
    if flagged != ["A18-A19", "A19-A20", "A20-R09"]:
        raise SystemExit(f"printed bores: {flagged} are more than 3 % off")
    fitting = rows["computed_with_inner_diameter_m"] * 1e3
    cells = [
        (rows["pipe"][i], rows["pipe_spec"][i], f"{bore[i] * 1e3:.0f}", f"{fitting[i]:.0f}", percent(apart[i]))
        for i in np.argsort(-np.abs(apart))[:4]
    ]
    heads = ("section", "printed size", "printed bore [mm]", "bore it was computed with [mm]", "friction off by")
    return table(heads, cells)


# loads and the full sample --------------------------------------------------------------------------------


def load_rows() -> list[Figure]:
    """Composite heat index and load of each phase."""
    printed = pd.read_csv(SAMPLE / "facts" / "load_results.csv")
    mix = pyogrio.read_dataframe(SAMPLE / "mulan.gpkg", layer="load_mix")
    rows = []
    for phase, (_, said) in zip(dict.fromkeys(mix["phase"]), printed.iterrows(), strict=True):
        index = mix_heat_index(mix, phase)
        assert index is not None
        name, load = said["phase"], said["heated_area_1e4_m2"] * index * 1e-2
        limit = 0.007 if name.startswith("current") else 1e-3
        rows.append(
            Figure(f"composite heat index, {name}", said["composite_heat_index_w_m2"], index, limit, unit="W/m2")
        )
        rows.append(Figure(f"heat load, {name}", said["load_max_mw"], load, limit, unit="MW"))
    return rows


def regulation_rows() -> list[Figure]:
    """The plan's curve: of each column the temperature that is farthest off, printed to 0.1 degC."""
    printed = pd.read_csv(SAMPLE / "facts" / "regulation_table.csv")
    kinds = Kinds(*np.array([[85.0], [65.0], [60.0], [45.0], [0.3]]), np.zeros(1, np.int8))
    outdoor = printed["outdoor_temperature_c"].to_numpy(float)
    found = regulate(kinds, outdoor, indoor=18.0, design_outdoor=-24.2, rule=Rule("combined"))
    rows = []
    for name, values in (
        ("secondary_supply", found.secondary_supply), ("secondary_return", found.secondary_return),
        ("primary_supply", found.supply), ("primary_return", found.back),
    ):  # fmt: skip
        said = printed[f"{name}_c"].to_numpy(float)
        worst = int(np.abs(values[0] - said).argmax())
        what = f"{name.replace('_', ' ')}, worst of {len(said)}, {outdoor[worst]:g} degC outside"
        rows.append(Figure(what, said[worst], float(values[0, worst]), 0.05, relative=False, unit="degC"))
    return rows


@cache
def sample() -> dict[str, pd.DataFrame]:
    """Result layers of the whole sample, as `make demo` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mulan.gpkg"
        gisheat.run(SAMPLE / "project.toml", output=file)
        return {name: gpd.read_file(file, layer=name) for name in ("pipes", "stations", "summary")}


def sample_rows() -> list[Figure]:
    """The trunk inside the whole sample, which has station areas that the plan rounded."""
    old, new = published().set_index("pipe"), sample()["pipes"].set_index("pipe_id")
    flow = new["sup_flow_t_h"].reindex(old.index)
    worst = (flow / old["flow_t_h"] - 1.0).abs().idxmax()
    figures = sample()["summary"].set_index("key")["value"]
    return [
        Figure(f"trunk flow, worst section ({worst})", old["flow_t_h"][worst], flow[worst], 0.005, unit="t/h"),
        Figure(
            "one-way loss", float(old["pressure_loss_kpa"].sum()), float(figures["one-way loss"]), 0.003, unit="kPa"
        ),
        Figure("heat load", 140.37, float(figures["heat load"]), 1e-4, unit="MW"),
        Figure("critical path", 5594.1, float(figures["critical path length"]), 1e-5, unit="m"),
    ]


# water and balances ---------------------------------------------------------------------------------------


def water_rows() -> list[Figure]:
    """Properties of water against printed tables (IAPWS-95, IAPWS 2008 for the viscosity)."""
    at_25 = water(298.15, 1e5)
    boiling = saturation_pressure(373.15) / 1e3
    return [
        Figure("density, 25 degC, 0.1 MPa", 997.047, at_25.density, 1e-5, unit="kg/m3"),
        Figure("viscosity, 25 degC, 0.1 MPa", 8.900e-4, at_25.viscosity, 1e-3, unit="Pa s"),
        Figure("boiling pressure, 100 degC, absolute", 101.418, boiling, 1e-4, unit="kPa"),
        Figure("density, 85 degC, printed by the plan", DENSITY, water(358.15).density, 1e-3, unit="kg/m3"),
    ]


def balance_rows() -> list[tuple[str, str, str]]:
    """Balances recomputed without the solver, as limits that they keep."""
    rows, limit = [], 1e-6
    for law in LAWS[:4]:
        balance = solved(law).check()
        if not (balance.mass <= limit and balance.head <= limit):
            raise SystemExit(f"{law}: the balance is off: {balance}")
        rows.append((f"trunk, `{law}`", f"below {limit:g} kg/s", f"below {limit:g} m"))
    return rows
