"""Load statistics and security of Mulan as published, by the project as it is committed."""

from __future__ import annotations

import csv

import openpyxl
import pytest

from gisheat import operations

FIGURES = {"indoor temperature": 20.0, "largest load": 140.37, "mean load": 93.37, "least load": 47.64}


@pytest.fixture(scope="module")
def made(project, tmp_path_factory):
    path = tmp_path_factory.mktemp("duration") / "duration.xlsx"
    report = operations.duration(project, path)
    return path, report, {name: value for name, (value, _) in report.figures.items()}


def test_loads_and_heat_of_the_near_phase_are_the_published_ones(made):
    _, report, figures = made
    assert {name: round(figures[name], 2) for name in FIGURES} == FIGURES
    assert figures["annual heat"] / 1e4 == pytest.approx(141.98, abs=0.005)
    assert figures["annual heat of the curve"] / figures["annual heat"] == pytest.approx(1.0234, abs=0.0001)
    assert report.exit_code == 0


def test_security_of_the_near_phase_is_the_published_one(made):
    _, report, figures = made
    assert figures["security with the largest unit out"] == pytest.approx(65.2, abs=0.05)
    assert figures["security with the reserve"] == pytest.approx(93.7, abs=0.05)
    assert figures["guaranteed share"] == 65.0
    assert figures["capacity gap"] == 0.0
    assert not [f for f in report.findings if f.rule in ("security-below-guarantee", "capacity-gap")]


def test_the_workbook_has_the_phases(made, project):
    rows = list(openpyxl.load_workbook(made[0])["Loads by phase"].iter_rows(min_row=4, values_only=True))
    near, far = rows[1], rows[2]
    assert [row[0] for row in rows[:3]] == ["existing", "near", "far"]
    with (project.parent / "facts" / "load_results.csv").open(encoding="utf-8") as file:
        printed = {row["phase"]: row for row in csv.DictReader(file)}
    for row, phase in ((near, "near_2025"), (far, "far_2030")):
        assert row[1] == pytest.approx(float(printed[phase]["heated_area_1e4_m2"]) * 1e4)
        assert row[2] == pytest.approx(float(printed[phase]["composite_heat_index_w_m2"]))
        for value, name in zip(row[4:7], ("load_max_mw", "load_mean_mw", "load_min_mw"), strict=True):
            assert value == pytest.approx(float(printed[phase][name]), abs=0.0051)
        assert row[7] / 1e4 == pytest.approx(float(printed[phase]["annual_heat_1e4_gj"]), abs=0.0051)
    assert near[11:14] == pytest.approx((65.18, 93.68, 65.0), abs=0.005)
    assert far[11:14] == pytest.approx((54.85, 78.83, 65.0), abs=0.005)
    assert rows[0][9] == 0.0  # the reserve plant comes with the near phase


def test_in_the_far_phase_the_guarantee_holds_with_the_reserve_alone(project, tmp_path):
    report = operations.duration(project, tmp_path / "a.csv", phase="far")
    (finding,) = [f for f in report.findings if f.rule == "security-below-guarantee"]
    assert finding.severity == "info"
    assert "91.5 MW are left, 54.85% of the largest load" in finding.message
    assert "with the reserve it is 78.83%" in finding.message
