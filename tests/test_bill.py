"""Quantities and cost: against tables reckoned by hand, the pipe weights of the trade, and what prices lack."""

from __future__ import annotations

import csv
from math import pi
from pathlib import Path

import drawings
import numpy as np
import openpyxl
import pandas as pd
import pytest
from drawings import at, layer, line, point

from gisheat import InputError, operations
from gisheat.bill import pipe_quantities, summed, with_cost
from gisheat.catalogue import TRENCH_PRICES, pipe_series, trench_prices

STEEL = pipe_series("cn-steel")
FACTS = Path(__file__).parents[1] / "sample_gis" / "mulan" / "facts"


def pipes(**columns):
    usual = {"pipe_id": [f"P{i}" for i in range(len(columns["length_m"]))], "status": "planned", "phase": "near"}
    return pd.DataFrame({**usual, **columns})


def prices(path, rows):
    path.write_text("dn_mm,price_per_metre,currency,year,source\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


def test_a_trench_holds_two_pipes_and_a_pipe_drawn_alone_is_one():
    found = pipe_quantities(
        pipes(length_m=[100.0, 50.0], dn_mm=[300.0, 300.0], inner_diameter_mm=[311.0, 311.0], line=["pair", "supply"]),
        STEEL,
    )
    assert found["trench_length_m"].tolist() == [100.0, 50.0]
    assert found["pipe_length_m"].tolist() == [200.0, 50.0]
    assert found["water_volume_m3"].to_numpy() == pytest.approx([0.075964496 * 200, 0.075964496 * 50], rel=1e-7)


@pytest.mark.parametrize(("dn", "outer", "wall"), [(300, 325, 7), (200, 219, 6), (500, 529, 7), (80, 89, 4)])
def test_steel_weighs_what_the_tables_of_the_trade_say(dn, outer, wall):
    """0.02466 (D - s) s kg/m, the formula of GB/T 17395 for steel tubes at 7.85 kg/dm3."""
    found = pipe_quantities(pipes(length_m=[1.0], dn_mm=[float(dn)]), STEEL)
    assert found["outer_diameter_mm"].item() == outer and found["wall_mm"].item() == wall
    assert found["steel_mass_t"].item() == pytest.approx(2 * 0.02466 * (outer - wall) * wall / 1e3, rel=2e-4)


def test_a_bore_alone_finds_its_size_and_an_odd_one_keeps_its_bore():
    found = pipe_quantities(pipes(length_m=[1.0, 1.0], inner_diameter_mm=[311.0, 290.0]), STEEL)
    assert found["dn_mm"].tolist() == [300.0, 300.0]
    assert found["water_volume_m3"].to_numpy() == pytest.approx([2 * pi / 4 * 0.311**2, 2 * pi / 4 * 0.290**2])
    assert np.isnan(found["steel_mass_t"]).tolist() == [False, True]  # whose wall is not known


def test_the_published_schedule_of_new_pipes_is_summed_and_costed(tmp_path):
    """New pipes of the plan's near phase: DN300 158 + 37 m, DN250 488 m, DN200 423 m; prices are ours."""
    with (FACTS / "new_pipe_schedule.csv").open() as file:
        rows = list(csv.DictReader(file))
    schedule = pipes(
        length_m=[float(r["trench_length_m"]) for r in rows], dn_mm=[float(r["nominal_diameter_mm"]) for r in rows]
    )
    priced = trench_prices(str(prices(tmp_path / "p.csv", ["200,1500,CNY,2023,ours", "250,1900,CNY,2023,ours",
                                                           "300,2400,CNY,2023,ours"])))  # fmt: skip
    table = summed(with_cost(pipe_quantities(schedule, STEEL), priced, {"planned": 1.1}))
    assert table["dn_mm"].tolist() == [200.0, 250.0, 300.0]
    assert table["trench_length_m"].tolist() == [423.0, 488.0, 195.0]
    assert table["pipe_length_m"].sum() == 2 * 1106.0
    assert table["trench_cost"].to_numpy() == pytest.approx([697_950.0, 1_019_920.0, 514_800.0])
    by_hand = 2 * pi / 4 * (423 * 0.207**2 + 488 * 0.261**2 + 195 * 0.311**2)
    assert table["water_volume_m3"].sum() == pytest.approx(by_hand, rel=1e-12)


def test_only_what_has_a_factor_is_costed_and_a_missing_price_is_no_zero(tmp_path):
    priced = trench_prices(str(prices(tmp_path / "p.csv", ["200,1000,EUR,2020,ours"])))
    table = pipes(
        length_m=[10.0, 20.0, 30.0, 40.0], dn_mm=[200.0, 250.0, 200.0, 200.0],
        status=["planned", "planned", "existing", "abandoned"],
    )  # fmt: skip
    found = with_cost(pipe_quantities(table, STEEL), priced, {"planned": 1.0, "existing": 1.5, "abandoned": 0.0})
    assert found["trench_cost"].tolist()[::2] == [10_000.0, 45_000.0]
    assert np.isnan(found["trench_cost"]).tolist() == [False, True, False, True]
    assert found["without_price_m"].tolist() == [0.0, 20.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (["200,1000,EUR,2020,a", "250,1000,CNY,2020,a"], "one currency"),
        (["200,,EUR,2020,a"], "positive numbers"),
        (["200,-5,EUR,2020,a"], "positive numbers"),
        (["200,nan,EUR,2020,a"], "positive numbers"),
        (["200,1,EUR,2020,a", "200,2,EUR,2020,a"], "more than one price"),
        ([], "positive numbers"),
    ],
)
def test_prices_that_make_no_sense_are_one_sentence(tmp_path, rows, word):
    with pytest.raises(InputError, match=word):
        trench_prices(str(prices(tmp_path / "p.csv", rows)))


def test_prices_of_a_chinese_spreadsheet_are_read_and_what_is_no_text_is_one_sentence(tmp_path):
    table = tmp_path / "p.csv"
    table.write_text("dn_mm,price_per_metre,currency,year,source\n200,1000,元,2023,报价\n", encoding="gb18030")
    assert trench_prices(str(table)).currency == "元"
    table.write_bytes(b"\x00\xff\xfe" * 40)
    with pytest.raises(InputError, match=r"prices .*p\.csv' can't be read: it is no CSV file in UTF-8 or GB 18030"):
        trench_prices(str(table))


def test_every_price_that_comes_with_gisheat_says_what_it_is():
    for name in TRENCH_PRICES:
        table = trench_prices(name)
        assert all("assumed" in source or "http" in source or "doi" in source for source in table.sources)
        assert np.isfinite(table.of_dn(STEEL.dn[STEEL.dn <= 1200])).all()
        assert (np.diff(table.price) > 0).all()


# the verb -----------------------------------------------------------------------------------------------------------


def town(**changed):
    """A town with an existing, a planned and an abandoned pipe, a valve and two phases."""
    pipes_ = layer(
        [line((0, 0), (100, 0)), line((100, 0), (200, 0)), line((100, 0), (100, 80)), line((100, 80), (160, 80))],
        pipe_id=["P1", "P2", "P3", "P4"], status=["existing", "existing", "planned", "abandoned"],
        phase=["existing", "existing", "near", None], dn_mm=[300.0, 200.0, changed.pop("dn", 150.0), 100.0],
    )  # fmt: skip
    stations = layer(
        [point(200, 0), point(100, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0],
        status=["existing", "planned"], phase=["existing", "near"],
    )  # fmt: skip
    valves = layer([point(50, 0)], valve_id=["V1"], kind=["isolation"], dn_mm=[300.0])
    return drawings.town(pipes=pipes_, stations=stations, valves=valves, **changed)


def sheets(path):
    book = openpyxl.load_workbook(path)
    return [[list(row) for row in sheet.iter_rows(min_row=4, values_only=True)] for sheet in book]


def test_the_workbook_counts_what_was_drawn(tmp_path):
    source = drawings.write(tmp_path / "town.gpkg", town())
    report = operations.cost(
        source, tmp_path / "cost.xlsx", prices=str(prices(tmp_path / "p.csv", ["150,800,CNY,2023,x"]))
    )
    quantities, counts, phases, *_ = sheets(tmp_path / "cost.xlsx")
    assert [row[:3] + row[5:7] for row in quantities] == [
        [None, "abandoned", 100, 60, 120],
        ["existing", "existing", 200, 100, 200],
        ["existing", "existing", 300, 100, 200],
        ["near", "planned", 150, 80, 160],
    ]
    assert [(row[0], row[4]) for row in counts] == [("source", 1), ("station", 1), ("station", 1), ("valve", 1)]
    assert [row[:2] + row[4:8] for row in phases] == [["near", 80, 1, 0.3, 64_000, 64_000]]
    assert report.figures["trench cost"] == (64_000.0, "CNY")
    assert not [f for f in report.findings if f.rule == "price-missing"]


def test_existing_pipes_are_costed_where_all_are(tmp_path):
    source = drawings.write(tmp_path / "town.gpkg", town())
    table = prices(tmp_path / "p.csv", ["150,800,CNY,2023,x", "200,1000,CNY,2023,x", "300,2000,CNY,2023,x"])
    report = operations.cost(
        source, tmp_path / "cost.xlsx", prices=str(table), cost_of="all", price_factor=2.0, replacement_factor=1.5
    )
    assert report.figures["trench cost"][0] == pytest.approx(2 * (80 * 800 + 1.5 * (100 * 1000 + 100 * 2000)))


def test_a_missing_price_is_a_finding_at_the_pipe_and_the_total_says_what_it_lacks(tmp_path):
    source = drawings.write(tmp_path / "town.gpkg", town())
    report = operations.cost(
        source, tmp_path / "cost.csv", prices=str(prices(tmp_path / "p.csv", ["200,1000,CNY,2023,x"]))
    )
    (finding,) = [f for f in report.findings if f.rule == "price-missing"]
    assert "80.0 m of trench of DN150 (pipe P3)" in finding.message
    assert finding.point == pytest.approx(at(100, 40))
    assert report.figures["trench cost"][0] == 0.0
    assert report.figures["trench without a price"] == (80.0, "m, not in the cost")
    assert report.exit_code == 0


def test_variants_are_set_against_each_other(tmp_path):
    here = drawings.write(tmp_path / "here.gpkg", town(dn=150.0))
    there = drawings.write(tmp_path / "there.gpkg", town(dn=200.0))
    table = prices(tmp_path / "p.csv", ["150,800,CNY,2023,x", "200,1000,CNY,2023,x"])
    report = operations.cost(here, tmp_path / "d.csv", prices=str(table), against=there)
    rows = pd.read_csv(tmp_path / "d.csv").set_index(["status", "dn_mm"])
    assert rows.loc[("planned", 150.0), "trench_difference_m"] == 80.0
    assert rows.loc[("planned", 200.0), "cost_difference"] == -80_000.0
    assert rows["cost_difference"].sum() == report.figures["trench cost: difference"][0] == -16_000.0


def test_a_layer_of_what_is_compared_with_is_no_output(tmp_path):
    here = drawings.write(tmp_path / "here.gpkg", town(dn=150.0))
    drawings.write(tmp_path / "there.gpkg", {n: t for n, t in town(dn=200.0).items() if n != "stations"})
    stations = town()["stations"]
    table = tmp_path / "stations.csv"
    places = {"easting": stations.geometry.x, "northing": stations.geometry.y}
    stations.drop(columns="geometry").assign(**places).to_csv(table, index=False)
    sources = "".join(f'{name} = "there.gpkg|{name}"\n' for name in town() if name != "stations")
    project = tmp_path / "there.toml"
    project.write_text(f'[layers]\nstations = "stations.csv"\n{sources}', encoding="utf-8")
    before = table.read_bytes()
    with pytest.raises(InputError, match="is an input"):
        operations.cost(here, table, against=project)
    assert table.read_bytes() == before


def test_the_same_input_gives_the_same_bytes_and_chinese_words(tmp_path):
    source = drawings.write(tmp_path / "town.gpkg", town())
    for name in ("a.xlsx", "b.xlsx"):
        operations.cost(source, tmp_path / name, language="zh")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert {"规划", "现状", "废弃"} == {row[1] for row in sheets(tmp_path / "a.xlsx")[0]}


def test_prices_are_an_input_and_never_written_over(tmp_path):
    source = drawings.write(tmp_path / "town.gpkg", town())
    table = prices(tmp_path / "p.csv", ["150,800,CNY,2023,x"])
    before = table.read_bytes()
    with pytest.raises(InputError):
        operations.cost(source, table, prices=str(table))
    assert table.read_bytes() == before
