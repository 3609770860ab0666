"""Compute the published and the analytical cases and write docs/verification.md (`make verify`).

The page says nothing about time or machine, and rounding noise is shown as a limit, so that the same code
gives the same text. The script fails when a figure misses its limit.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from reference import page, table

import gisheat
from gisheat.loads import mix_heat_index
from gisheat.physics.friction import LAWS, colebrook, rough, specific_friction
from gisheat.physics.water import saturation_pressure, water

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_gis" / "mulan"
DENSITY, CAPACITY, HEAT_INDEX = 968.65, 3600.0 / 0.86, 46.79
"""The plan's water [kg/m3], its 0.86 as a heat capacity [J/(kg K)], its near-phase heat index [W/m2]."""


class Row(NamedTuple):
    """One comparison: name, reference, computed, allowed deviation, and whether it is relative."""

    name: str
    reference: float
    computed: float
    limit: float
    relative: bool = True
    unit: str = ""

    @property
    def deviation(self) -> float:
        """Computed minus reference, divided by the reference when relative."""
        apart = self.computed - self.reference
        return apart / self.reference if self.relative else apart

    @property
    def holds(self) -> bool:
        """Whether the deviation is within the limit."""
        return abs(self.deviation) <= self.limit

    def deviation_text(self) -> str:
        """Deviation in percent or in the unit; what is only rounding is called so."""
        if abs(self.computed - self.reference) <= 1e-7 * abs(self.reference):
            return "rounding"
        return percent(self.deviation) if self.relative else f"{self.deviation:+.4g}"

    def limit_text(self) -> str:
        """Limit as it is written in the page."""
        return f"{self.limit:.3g}" if not self.relative else f"{self.limit * 100:.3g} %"


def percent(value: float) -> str:
    """Write a share in percent with its sign, never as -0.00 %."""
    return f"{round(100.0 * value, 2) + 0.0:+.2f} %"


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


def trunk_rows() -> list[Row]:
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
        rows.append(Row(name, old[column][i], new[other][i], limit, relative, unit))
    loss, printed = new["sup_loss_kpa"], old["pressure_loss_kpa"]
    allowed = np.maximum(0.005 * printed, 0.005)
    i = int(((loss - printed).abs() / allowed).argmax())
    return [
        *rows,
        Row(f"loss, worst section ({old['pipe'][i]})", printed[i], loss[i], allowed[i], relative=False, unit="kPa"),
        Row("one-way loss", float(printed.sum()), float(loss.sum()), 0.003, unit="kPa"),
        Row("length of the path", float(old["length_m"].sum()), float(new["length_m"].sum()), 1e-9, unit="m"),
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


def load_rows() -> list[Row]:
    """Composite heat index and load of each phase."""
    printed = pd.read_csv(SAMPLE / "facts" / "load_results.csv")
    mix = pyogrio.read_dataframe(SAMPLE / "mulan.gpkg", layer="load_mix")
    rows = []
    for phase, (_, said) in zip(dict.fromkeys(mix["phase"]), printed.iterrows(), strict=True):
        index = mix_heat_index(mix, phase)
        assert index is not None
        name, load = said["phase"], said["heated_area_1e4_m2"] * index * 1e-2
        limit = 0.007 if name.startswith("current") else 1e-3
        rows.append(Row(f"composite heat index, {name}", said["composite_heat_index_w_m2"], index, limit, unit="W/m2"))
        rows.append(Row(f"heat load, {name}", said["load_max_mw"], load, limit, unit="MW"))
    return rows


@cache
def sample() -> dict[str, pd.DataFrame]:
    """Result layers of the whole sample, as `make demo` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mulan.gpkg"
        gisheat.run(SAMPLE / "project.toml", output=file)
        return {name: gpd.read_file(file, layer=name) for name in ("pipes", "stations", "summary")}


def sample_rows() -> list[Row]:
    """The trunk inside the whole sample, which has station areas that the plan rounded."""
    old, new = published().set_index("pipe"), sample()["pipes"].set_index("pipe_id")
    flow = new["sup_flow_t_h"].reindex(old.index)
    worst = (flow / old["flow_t_h"] - 1.0).abs().idxmax()
    figures = sample()["summary"].set_index("key")["value"]
    return [
        Row(f"trunk flow, worst section ({worst})", old["flow_t_h"][worst], flow[worst], 0.005, unit="t/h"),
        Row("one-way loss", float(old["pressure_loss_kpa"].sum()), float(figures["one-way loss"]), 0.003, unit="kPa"),
        Row("heat load", 140.37, float(figures["heat load"]), 1e-4, unit="MW"),
        Row("critical path", 5594.1, float(figures["critical path length"]), 1e-5, unit="m"),
    ]


# analytical cases -----------------------------------------------------------------------------------------


def one_pipe(pipes: Sequence[dict[str, object]], demands: dict[str, float], **options: object) -> gisheat.Results:
    """Solve a one-pipe network that is fed at node A."""
    names = dict.fromkeys(str(p[end]) for p in pipes for end in ("from_node", "to_node"))
    nodes = pd.DataFrame({
        "node_id": list(names),
        "ground_m": 0.0,
        "demand_kg_s": [demands.get(n, 0.0) for n in names],
        "fixed_head_m": [100.0 if n == "A" else np.nan for n in names],
    })  # fmt: skip
    network = gisheat.Network.from_tables(nodes, pd.DataFrame(list(pipes)), two_pipe=False)
    return gisheat.solve(network, **options)  # type: ignore[arg-type]


def _pipe(name: str, bore_mm: float, roughness_mm: float, length_m: float = 1000.0) -> dict[str, object]:
    start, end = name.rstrip("'").split("-")
    return {"pipe_id": name, "from_node": start, "to_node": end, "length_m": length_m, "inner_diameter_mm": bore_mm,
            "roughness_mm": roughness_mm}  # fmt: skip


def analytical_rows() -> list[Row]:
    """Cases with a closed formula."""
    rows = []
    plain = {"density_kg_m3": 1000.0, "viscosity_pa_s": 3e-4}
    thick = one_pipe([_pipe("A-B", 50.0, 0.0)], {"B": 0.5}, density_kg_m3=1000.0, viscosity_pa_s=0.01)
    expected = 128.0 * 0.01 * 1000.0 * (0.5 / 1000.0) / (math.pi * 0.05**4) / 1e3
    rows.append(Row("laminar pipe, Hagen-Poiseuille", expected, thick.pipes["loss_kpa"][0], 1e-9, unit="kPa"))

    wide = one_pipe([_pipe("A-B", 500.0, 0.5)], {"B": 200.0}, friction="rough", **plain)
    expected = 8.0 * 0.11 * (0.5 / 500.0) ** 0.25 / math.pi**2 / 1000.0 * 200.0**2 / 0.5**5
    rows.append(Row("fully rough pipe, 0.11 (K/d)^0.25", expected, wide.pipes["friction_pa_m"][0], 1e-9, unit="Pa/m"))

    x = 7.0
    for _ in range(100):  # x = -2 lg(K/3.7d + 2.51 x / Re) contracts
        x = -2.0 * math.log10(1e-4 / 3.7 + 2.51 * x / 1e5)
    factor = float(colebrook(np.array([1e5]), np.array([1e-4]))[0][0])
    rows.append(Row("Colebrook factor, Re 1e5, K/d 1e-4, by iteration", x**-2, factor, 1e-9))

    two = one_pipe([_pipe("A-B", 300.0, 0.5), _pipe("A-B'", 200.0, 0.5)], {"B": 100.0}, friction="rough", **plain)
    flow = two.pipes["flow_kg_s"]
    rows.append(Row("two parallel pipes, (300/200)^2.625", 1.5**2.625, flow[0] / flow[1], 1e-8))

    three = [_pipe(name, 200.0, 0.5) for name in ("A-B", "A-C", "B-C")]
    across = one_pipe(three, {"B": 10.0, "C": 30.0}, friction="rough", **plain).pipes["flow_kg_s"][2]
    name = "ring of three equal pipes, flow across: sqrt(2400) - 40"
    rows.append(Row(name, math.sqrt(2400.0) - 40.0, across, 1e-8, unit="kg/s"))

    hazen = one_pipe([_pipe("A-B", 300.0, 130.0)], {"B": 100.0}, friction="hazen-williams", **plain)
    expected = 10.667 * 1000.0 * 0.1**1.852 / (130.0**1.852 * 0.3**4.871)
    rows.append(Row("Hazen-Williams, C 130", expected, 100.0 - hazen.nodes["head_m"][1], 1e-9, unit="m"))
    rows.append(_circulation())
    return rows


def _circulation() -> Row:
    """A station 50 m above its source: the lighter supply helps the pump."""
    network = gisheat.Network.from_tables(
        {"node_id": ["S", "H"], "ground_m": [0.0, 50.0]},
        {"pipe_id": ["S-H"], "from_node": ["S"], "to_node": ["H"], "length_m": [500.0], "inner_diameter_mm": [150.0]},
        {"station_id": ["H"], "node_id": ["H"], "flow_t_h": [50.0]},
        {"source_id": ["S"], "node_id": ["S"], "supply_temp_c": [110.0], "return_temp_c": [60.0]},
    )
    hot, cold, mean = (water(t + 273.15).density for t in (110.0, 60.0, 85.0))
    found = gisheat.solve(network).pump_head().natural_circulation
    return Row("natural circulation, 110/60 degC, 50 m higher", (hot - cold) / mean * 50.0, found, 1e-6, unit="m")


def water_rows() -> list[Row]:
    """Properties of water against printed tables (IAPWS-95, IAPWS 2008 for the viscosity)."""
    at_25 = water(298.15, 1e5)
    boiling = saturation_pressure(373.15) / 1e3
    return [
        Row("density, 25 degC, 0.1 MPa", 997.047, at_25.density, 1e-5, unit="kg/m3"),
        Row("viscosity, 25 degC, 0.1 MPa", 8.900e-4, at_25.viscosity, 1e-3, unit="Pa s"),
        Row("boiling pressure, 100 degC, absolute", 101.418, boiling, 1e-4, unit="kPa"),
        Row("density, 85 degC, printed by the plan", DENSITY, water(358.15).density, 1e-3, unit="kg/m3"),
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


# the page -------------------------------------------------------------------------------------------------


def comparison(rows: Sequence[Row], reference: str) -> str:
    """Table of comparisons; fails when one misses its limit."""
    missed = [f"{row.name}: {row.computed:.6g}, not {row.reference:.6g}" for row in rows if not row.holds]
    if missed:
        raise SystemExit(f"verification: {'; '.join(missed)}")
    cells = [
        (r.name, f"{r.reference:.6g}", f"{r.computed:.6g}", r.unit, r.deviation_text(), r.limit_text()) for r in rows
    ]
    return table(("what", reference, "computed", "unit", "deviation", "allowed"), cells)


def verification_page() -> str:
    """Text of docs/verification.md."""
    return page(
        "Verification",
        "docs/make_verification.py, that is `make verify`",
        """
Numbers of a run, against figures from outside of the code: a published heating plan, closed formulas, printed tables
of water. [Method](method.md) has the formulas. `make verify` computes this page anew and fails when a figure misses
what is allowed.
""",
        """
## The published table: trunk of Mulan

20 sections, 300 x 10^4 m², 46.79 W/m², 85/65 degC, `rough` with K = 0.5 mm, water of 968.65 kg/m³, equivalent length
15 % (20 % for the last section). Bores are those with which the plan's own velocities and frictions come out. Areas
are those behind the sections. The losses of A5-A6 and A13-A14 are printed with two digits and one: what is off there
is the printing.
""",
        section_table(),
        comparison(trunk_rows(), "published"),
        "The pump head. The plan takes 10 kPa as 1 m; one metre of its water is 9.50 kPa.",
        pump_head_table(),
        "## The same trunk with other friction laws",
        law_table(),
        "Why they differ, smallest to largest of the 20 sections"
        " ([method](method.md#why-rough-and-colebrook-differ) says it in words):",
        reynolds_table(),
        """
## What the table says about itself

The friction that follows from the printed bore, against the printed friction. Three sections are more than 3 % off
and no other; the fourth row is the worst of the others.
""",
        printed_bore_table(),
        "## Loads\n\nThe index of the current phase computes to 50.5 W/m²; the plan prints 50.2.",
        comparison(load_rows(), "published"),
        """
## The whole sample

Trunk, branches, 39 stations, sized: the result of `make demo`. The plan rounds the areas of its stations, and so
the flows are a little off ([sample](../sample_gis/mulan/README.md)).
""",
        comparison(sample_rows(), "published"),
        "## Closed formulas",
        comparison(analytical_rows(), "formula"),
        "## Water",
        comparison(water_rows(), "printed"),
        """
## Balances

Recomputed from the flows alone with the textbook formula (`Results.check`), not with the solver's.
""",
        table(("case", "mass at the worst node", "head along the worst pipe"), balance_rows()),
    )


def main() -> None:
    """Write docs/verification.md."""
    file = ROOT / "docs" / "verification.md"
    file.write_text(verification_page(), encoding="utf-8")
    sys.stdout.write(f"written: {file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
