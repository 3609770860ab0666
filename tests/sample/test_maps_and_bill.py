"""Maps, quantities and cost of the sample: against the plan's printed figures and the result's own."""

from __future__ import annotations

from math import pi

import numpy as np
import openpyxl
import pytest

from gisheat import bill, maps, operations
from gisheat.operations.running import TO_SIZES, TO_SOLUTION, resolve_options, state_of
from gisheat.state import open_project


@pytest.fixture(scope="module")
def state(project):
    return state_of(operations.draw, project, {}, None, TO_SOLUTION)


@pytest.fixture(scope="module")
def costed(project):
    return state_of(operations.cost, project, {}, None, TO_SIZES)


def test_loads_of_the_phases_are_those_of_the_plan(state, tmp_path):
    """140.37 MW near and 166.82 MW far as printed; 240 and 50.5 W/m2 where the plan rounds its index to 50.2."""
    figures, files = maps.write_map(state, tmp_path / "loads.svg", "loads")
    assert files == (tmp_path / "loads.svg",)
    loads = {name.rpartition(" ")[2]: value for name, (value, _) in figures.items() if name.startswith("heat load in")}
    assert loads == pytest.approx({"existing": 240e4 * 50.5e-6, "near": 140.37, "far": 166.82}, abs=0.005)


@pytest.mark.parametrize("kind", maps.MAPS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_map_is_written_in_both_languages(state, tmp_path, kind, language):
    from dataclasses import replace

    told = replace(state, options={**state.options, "language": language})
    maps.write_map(told, tmp_path / "map.svg", kind)
    assert (tmp_path / "map.svg").read_bytes().startswith(b"<?xml")
    assert [path.name for path in tmp_path.iterdir()] == ["map.svg"]


def test_the_sketch_has_the_trunk_of_the_plan_section_by_section(state):
    """No trunk section is joined with another: their nodes have names; lengths and losses are those of the result."""
    tree = maps._subject(state).tree
    names = [tree.sections[s].name for s in tree.way(tree.roots[0])]
    path = state.results.path()
    assert names == path["pipe_id"].tolist() and len(names) == 20
    lost = sum(tree.sections[s].loss for s in tree.way(tree.roots[0]))
    assert lost / 1e3 == pytest.approx(path["sup_loss_kpa"].sum())
    assert sum(s.length for s in tree.sections) == pytest.approx(state.results.network.pipes.length.sum())


def test_water_is_that_of_the_result_and_of_every_pipe(costed, result):
    made = bill.bill_of(costed)
    pipes = result["pipes"]
    every = (pi / 4 * (pipes["inner_diameter_mm"] / 1e3) ** 2 * pipes["length_m"]).sum() * 2
    assert made.quantities["water_volume_m3"].sum() == pytest.approx(every, rel=1e-9)
    assert every == pytest.approx(result.figures["water volume"], rel=1e-6)
    assert made.quantities["trench_length_m"].sum() == pytest.approx(result.figures["trench length"], rel=1e-6)


def test_new_pipes_of_the_near_phase_are_those_to_new_stations(costed):
    """The plan's schedule has 158 m to R09 as DN300; its hydraulic table reckons them as D377: DN350 (A20-R09)."""
    table = bill.bill_of(costed).quantities
    near = table[(table["phase"] == "near") & (table["status"] == "planned")].set_index("dn_mm")
    assert near.loc[350.0, "trench_length_m"] == pytest.approx(158.0, abs=0.005)
    assert near.loc[350.0, "outer_diameter_mm"] == 377.0
    assert 300.0 not in near.index


def test_phases_add_up_to_the_cost(costed):
    made = bill.bill_of(costed)
    assert made.phases["phase"].tolist() == ["existing", "near"]
    assert made.phases["cumulated_trench_cost"].iloc[-1] == pytest.approx(made.cost)
    by_hand = sum(length * round(214 + 1.725 * dn) for length, dn in zip(
        made.quantities["trench_length_m"], made.quantities["dn_mm"], strict=True
    ) if np.isfinite(dn)) - sum(
        length * round(214 + 1.725 * dn)
        for status, length, dn in made.quantities[["status", "trench_length_m", "dn_mm"]].itertuples(index=False)
        if status == "existing"
    )  # fmt: skip
    assert made.cost == pytest.approx(by_hand, rel=1e-3)
    assert made.phases["stations"].tolist() == [0, 9]


def test_a_result_and_its_project_do_not_differ(project, result, tmp_path):
    report = operations.cost(result.file, tmp_path / "cost.xlsx", against=project)
    assert report.figures["trench cost: difference"][0] == pytest.approx(0.0, abs=0.5)
    book = openpyxl.load_workbook(tmp_path / "cost.xlsx")
    assert book.sheetnames == ["Quantities", "Counts", "Cost by phase", "Difference", "Trench prices", "Notes"]
    rows = list(book["Difference"].iter_rows(min_row=4, values_only=True))
    assert all(abs(row[5]) < 0.01 for row in rows)


def test_prices_of_a_project_file_are_found_beside_it(project, tmp_path):
    opened = open_project(project)
    from dataclasses import replace

    beside = replace(opened, options={**opened.options, "prices": "mine.csv"})
    assert resolve_options(operations.cost, beside, {})["prices"] == str(project.resolve().parent / "mine.csv")
