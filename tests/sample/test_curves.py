"""Regulation and equipment of the sample, by the verbs as they are called: published temperatures, every station."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gisheat import operations


def test_all_44_published_temperatures_come_out_of_the_verb_to_a_tenth(project, tmp_path):
    operations.regulate(project, tmp_path / "curve.csv")
    table = pd.read_csv(tmp_path / "curve.csv")
    published = pd.read_csv(project.parent / "facts" / "regulation_table.csv")
    assert table["outdoor_temp_c"].tolist() == published["outdoor_temperature_c"].tolist()
    equal = 0
    for ours, theirs in (("supply_temp_c", "primary_supply_c"), ("return_temp_c", "primary_return_c"),
                         ("secondary_supply_temp_c", "secondary_supply_c"),
                         ("secondary_return_temp_c", "secondary_return_c")):  # fmt: skip
        equal += int((table[ours].round(1) == published[theirs]).sum())
    assert equal == 44
    np.testing.assert_allclose(table["relative_flow"], published["primary_relative_flow"], atol=0.005)
    assert table["flow_t_h"][0] == pytest.approx(6035.91, abs=0.01)  # A1-A2 of the hydraulic table


def test_at_12_degrees_below_zero_the_losses_are_those_of_the_flow_squared(project, result, tmp_path):
    """q = (18 + 12) / (18 + 24.2); the plan's law is the rough one: losses go with the square."""
    q = 30.0 / 42.2
    report = operations.solve(project, tmp_path / "mild.gpkg", outdoor_temp_c=-12.0)
    found = {name: value for name, (value, _) in report.figures.items()}
    assert found["flow"] == pytest.approx(q * 6035.91, abs=0.01)
    for part in ("supply loss", "return loss"):
        design = result.figures[f"pump head: {part}"]
        assert found[f"pump head: {part}"] == pytest.approx(q**2 * design, rel=1e-9)
    assert found["pump head"] == pytest.approx(35.0 + q**2 * (result.figures["pump head"] - 35.0), rel=1e-9)
    assert round(found["supply temperature"], 1) == 73.8


def test_every_station_has_its_equipment_and_two_pumps_are_too_small(project, tmp_path):
    report = operations.equip(project, tmp_path / "equipment.csv")
    table = pd.read_csv(tmp_path / "equipment.csv")
    stations = pd.read_csv(project.parent / "facts" / "stations.csv")
    assert sorted(table["station_id"]) == sorted(stations["station_id"])
    assert table["sets"].notna().all()
    assert (table["size_m2"] * table["sets"] >= table["heated_area_m2"]).all()
    # 46.79 W/m2 in 60/45 degC: 1000 m2 need 2.71 m3/h, the 200 m3/h of the size of 80 000 m2 serve 73 900 m2
    small = table[(table["size_m2"] == 80_000) & (table["heated_area_m2"] > 73_900)]["station_id"].tolist()
    said = [f.message.split()[1] for f in report.findings if f.rule == "circulation-pump-small"]
    assert said == small == ["H10", "R06"]
    assert report.exit_code == 0
