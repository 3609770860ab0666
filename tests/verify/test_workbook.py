"""The hydraulic table calculated by LibreOffice: its formulas give gisheat's numbers, for every law."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from drawings import layer, line, point, town, write
from office import recalculated

from gisheat.operations import table
from gisheat.physics.friction import LAWS, pipe_resistance

MULAN = Path(__file__).parents[2] / "sample_gis" / "mulan" / "project.toml"
RELATIVE = 1e-9
FLOWS = [
    1e-6,
    1e-4,
    8e-4,
    1.2e-3,
    2e-3,
    0.02,
    0.1,
    0.135,
    0.14,
    0.15,
    0.2,
    0.25,
    0.28,
    0.3,
    0.45,
    0.55,
    1.0,
    12.0,
    300.0,
]
"""[t/h]: in a bore of 100 mm Re from 0.01 to 4e6, with some on both sides of each limit."""


def star(path: Path) -> Path:
    """A source with a pipe to each of many stations: every range of the friction laws, rough and smooth, with zeta."""
    angles = [2.0 * math.pi * i / len(FLOWS) for i in range(len(FLOWS))]
    ends = [(500.0 * math.cos(a), 500.0 * math.sin(a)) for a in angles]
    names = [f"=H{i}" for i in range(len(FLOWS))]
    return write(path, town(
        pipes=layer([line((0, 0), end) for end in ends], pipe_id=[f"+P{i}" for i in range(len(FLOWS))],
                    inner_diameter_mm=[100.0 + i for i in range(len(FLOWS))],
                    roughness_mm=[0.0 if i % 5 == 4 else 0.5 for i in range(len(FLOWS))],
                    zeta=[3.0 * (i % 3) for i in range(len(FLOWS))]),
        stations=layer([point(*end) for end in ends], station_id=names, flow_t_h=FLOWS, ground_m=[100.0] * len(FLOWS)),
    ))  # fmt: skip


def rough_star(path: Path) -> Path:
    """The same for Hazen-Williams, whose C stands in the place of the roughness."""
    drawn = star(path)
    layers = {name: gisheat_layer(drawn, name) for name in ("pipes", "stations", "sources")}
    layers["pipes"]["roughness_mm"] = 110.0
    return write(path.with_name("c.gpkg"), layers)


def gisheat_layer(path: Path, name: str):
    import geopandas as gpd

    return gpd.read_file(path, layer=name)


def compare(shown, calculated) -> int:
    """Every number that the workbook shows is the one that is calculated; how many there are."""
    count = 0
    for sheet in shown:
        for row in sheet.iter_rows():
            for cell in row:
                value, found = cell.value, calculated[sheet.title][cell.coordinate].value
                assert not str(found).startswith("#"), f"{sheet.title} {cell.coordinate}: {found}"
                if isinstance(value, int | float) and not isinstance(value, bool):
                    count += 1
                    assert found == pytest.approx(value, rel=RELATIVE, abs=1e-300), f"{sheet.title} {cell.coordinate}"
                elif value is not None:
                    assert found == value
    return count


@pytest.mark.parametrize("law", LAWS)
def test_libreoffice_calculates_the_numbers_of_gisheat_for_every_law_and_reynolds_number(tmp_path, law):
    drawn = (rough_star if law == "hazen-williams" else star)(tmp_path / "star.gpkg")
    target = tmp_path / "table.xlsx"
    table(drawn, target, friction=law)
    shown = openpyxl.load_workbook(target, data_only=True)
    numbers = compare(shown, recalculated(target, tmp_path))
    assert numbers > len(FLOWS) * 30
    sheet = shown["Whole network"]
    names = [cell.value for cell in sheet[2]]
    reynolds = [sheet.cell(row, names.index("Supply Re") + 1).value for row in range(4, 4 + len(FLOWS))]
    for least, most in ((0.0, 10.0), (10.0, 20.0), (20.0, 2000.0), (2000.0, 4000.0), (4000.0, 1e5), (1e6, 1e8)):
        assert any(least < number < most for number in reynolds)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_mulan(tmp_path, language):
    target = tmp_path / "mulan.xlsx"
    table(MULAN, target, language=language)
    assert compare(openpyxl.load_workbook(target, data_only=True), recalculated(target, tmp_path)) > 3000


def test_a_changed_flow_length_bore_and_roughness_change_the_losses_as_gisheat_would(tmp_path):
    target = tmp_path / "table.xlsx"
    table(star(tmp_path / "star.gpkg"), target, friction="colebrook")
    sheet = openpyxl.load_workbook(target, data_only=True)["Whole network"]
    place = {cell.value: cell.column for cell in sheet[2]}

    def cell(name: str, row: int = 20) -> str:
        return sheet.cell(row, place[name]).coordinate

    changes = {"Supply flow": 77.0, "Length": 123.0, "Bore": 150.0, "Roughness": 0.1}
    book = recalculated(target, tmp_path, {("Whole network", cell(name)): value for name, value in changes.items()})
    after, notes = book["Whole network"], book["Notes"]
    water = {notes.cell(row, 1).value: notes.cell(row, 2).value for row in range(1, notes.max_row)}
    zeta = after[cell("Zeta")].value
    for side in ("Supply", "Return"):
        lower = side.lower()
        resistance = pipe_resistance(
            np.array([123.0 * (1.0 + after[cell("Equivalent / length")].value)]),
            np.array([0.150]), np.array([1e-4]), np.array([zeta]), density=water[f"Density of the {lower} water"],
            viscosity=water[f"Dynamic viscosity of the {lower} water"], law="colebrook",
        )  # fmt: skip
        loss = resistance.loss(np.array([77.0 / 3.6]))[0][0] / 1e3
        assert after[cell(f"{side} loss")].value == pytest.approx(loss, rel=RELATIVE)  # the return refers to the supply
        assert after[cell(f"{side} loss cumulated")].value == pytest.approx(loss, rel=RELATIVE)
    assert after[cell("Supply loss", 19)].value == pytest.approx(sheet[cell("Supply loss", 19)].value, rel=RELATIVE)


def test_changed_water_on_the_notes_changes_all_sections(tmp_path):
    target = tmp_path / "table.xlsx"
    table(MULAN, target)
    names = openpyxl.load_workbook(target).defined_names
    place = names["density_supply"].attr_text.partition("!")[2].replace("$", "")
    before = openpyxl.load_workbook(target, data_only=True)["Critical path"]
    after = recalculated(target, tmp_path, {("Notes", place): 968.65 / 2.0})["Critical path"]
    place = {cell.value: cell.column for cell in before[2]}
    for row in range(4, 24):  # the rough factor knows no viscosity: R goes with 1 / density
        column = place["Supply specific friction"]
        assert after.cell(row, column).value == pytest.approx(2.0 * before.cell(row, column).value, rel=RELATIVE)


def test_text_of_the_data_is_text_in_libreoffice(tmp_path):
    target = tmp_path / "table.xlsx"
    table(star(tmp_path / "star.gpkg"), target)
    sheet = recalculated(target, tmp_path)["Whole network"]
    assert [sheet.cell(row, 2).value for row in range(4, 4 + len(FLOWS))] == [f"+P{i}" for i in range(len(FLOWS))]
