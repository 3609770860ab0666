"""The verb duration on a little town: what is stated, what is missing, sources along the curve, hostile names."""

from __future__ import annotations

import zipfile

import drawings
import numpy as np
import openpyxl
import pandas as pd
import pytest
from drawings import call, layer, point, town
from weather_files import epw_lines, write_epw, year_of_hours

from gisheat import operations

CLIMATE = {
    "design-outdoor-temp-c": -20, "mean-outdoor-temp-c": -6, "heating-days": 40, "load-indoor-temp-c": 20,
}  # fmt: skip


def sources(**columns):
    count = len(next(iter(columns.values())))
    given = {"source_id": [f"S{i + 1}" for i in range(count)], "supply_temp_c": [110.0] * count}
    given |= {"return_temp_c": [60.0] * count, "static_head_m": [30.0] * count, "ground_m": [100.0] * count}
    return layer([point(0, 0)] * count, **(given | columns))


@pytest.fixture
def duration(tmp_path):
    """Run the verb on the town (0.8 MW); options in place of those of the climate, None leaves one out."""

    def run(layers=None, *, output="curve.csv", source=None, **options):
        source = drawings.write(tmp_path / "town.gpkg", layers) if source is None else source
        given = CLIMATE | {name.replace("_", "-"): value for name, value in options.items()}
        flags = [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]
        return call("duration", source, "--output", tmp_path / "out" / output, *flags)

    (tmp_path / "out").mkdir()
    run.out, run.folder = tmp_path / "out", tmp_path
    return run


def figures(ran):
    """Figures of the screen by name."""
    rows = [line.rsplit("  ", 1) for line in ran.out.split("\n\n")[0].splitlines()]
    return {name.strip(): value.strip() for name, value in rows}


def found(ran, rule):
    """Whether the findings on the screen name a rule's sentence."""
    return [line for line in ran.out.splitlines() if rule in line]


def test_the_curve_is_a_table_whose_heat_is_the_one_that_is_told(duration):
    ran = duration()
    table = pd.read_csv(duration.out / "curve.csv")
    assert ran.code == 0, ran.err
    heat = float(np.diff(table["end_h"], prepend=0.0) @ table["load_mw"]) * 3.6
    assert figures(ran)["annual heat of the curve"] == f"{heat:.2f} GJ"
    assert figures(ran)["indoor temperature"] == "20.00 degC"
    assert table["end_h"].iloc[-1] == pytest.approx(40 * 24)
    assert table["load_mw"].iloc[0] == pytest.approx(0.8)
    assert table["unmet_mw"].isna().all()  # no source states a capacity


def test_the_workbook_has_the_same_heat_in_rows_of_a_day(duration):
    layers = town(sources=sources(capacity_mw=[0.6], largest_unit_mw=[0.3]))
    duration(layers, output="a.xlsx", constant_load_mw=0.1)
    duration(layers, output="a.csv", constant_load_mw=0.1)
    hours = pd.read_csv(duration.out / "a.csv")
    rows = list(openpyxl.load_workbook(duration.out / "a.xlsx")["Load duration"].iter_rows(min_row=4, values_only=True))
    days = pd.DataFrame([row[: len(hours.columns)] for row in rows], columns=hours.columns).astype(float)
    assert days["end_h"].tolist() == pytest.approx([*range(24, 961, 24), 8760])
    assert np.isnan(days["outdoor_temp_c"].iloc[-1])
    for column in ("load_mw", "base_mw", "unmet_mw"):
        by_hours, by_days = (float(np.diff(t["end_h"], prepend=0.0) @ t[column]) for t in (hours, days))
        assert by_days == pytest.approx(by_hours)


def test_without_an_indoor_temperature_of_its_own_that_of_the_curves_counts(duration):
    assert figures(duration(load_indoor_temp_c=None))["indoor temperature"] == "18.00 degC"
    assert figures(duration(load_indoor_temp_c=None, indoor_temp_c=21))["indoor temperature"] == "21.00 degC"


@pytest.mark.parametrize("missing", ["design-outdoor-temp-c", "mean-outdoor-temp-c", "heating-days"])
def test_a_climate_that_is_not_stated_is_one_sentence_and_leaves_nothing(duration, missing):
    ran = duration(**{missing: None})
    assert ran.code == 2
    assert f"give it with --{missing}" in ran.sentence
    assert not list(duration.out.iterdir())


def test_temperatures_out_of_order_are_one_sentence(duration):
    ran = duration(mean_outdoor_temp_c=6)
    assert (ran.code, "out of order" in ran.sentence) == (2, True)


def test_dates_give_the_length_of_the_season(duration):
    ran = duration(heating_days=None, heating_from="10-20", heating_to="04-13")
    assert figures(ran)["heating season"] == "176.00 d"
    assert "both" in duration(heating_from="10-20").sentence
    assert "heating_to is '13-04'" in duration(heating_from="10-20", heating_to="13-04").sentence


# sources ---------------------------------------------------------------------------------------------------


def test_sources_are_loaded_base_to_peak_to_reserve_whatever_their_order(duration):
    plants = sources(role=["reserve", "peak", "base"], capacity_mw=[0.3, 0.3, 0.4], largest_unit_mw=[0.3, 0.1, 0.2])
    ran = duration(town(sources=plants), output="curve.xlsx")
    book = openpyxl.load_workbook(duration.out / "curve.xlsx")
    rows = list(book["Dispatch"].iter_rows(values_only=True))
    ids = [row[0] for row in rows if str(row[0]).startswith("S") and row[0] != "Source"]
    assert ids == ["S3", "S2", "S1"]
    assert ran.code == 0
    assert "is none in these hours" in ran.out  # the reserve runs
    assert duration(town(sources=plants), output="b.csv").code == 0
    table = pd.read_csv(duration.out / "b.csv")
    assert table[["base_mw", "peak_mw", "reserve_mw"]].iloc[0].tolist() == pytest.approx([0.4, 0.3, 0.1])
    assert (table["unmet_mw"] == 0.0).all()
    total = table[["base_mw", "peak_mw", "reserve_mw"]].sum(axis=1)
    assert total.to_numpy() == pytest.approx(table["load_mw"].to_numpy())


def test_a_capacity_that_does_not_suffice_is_an_error(duration):
    ran = duration(town(sources=sources(capacity_mw=[0.5], largest_unit_mw=[0.25])))
    assert ran.code == 1
    (gap,) = found(ran, "are missing")
    assert "0.3 MW are missing" in gap
    (security,) = found(ran, "to be guaranteed")
    assert "31.25% of the largest load; 55% is to be guaranteed" in security  # 0.25 of 0.8 MW; -20 degC


def test_the_reserve_alone_may_lift_the_security_over_the_guarantee(duration):
    plants = sources(role=["base", "reserve"], capacity_mw=[0.8, 0.3], largest_unit_mw=[0.5, 0.3])
    given = {name.replace("-", "_"): value for name, value in CLIMATE.items()}
    path = drawings.write(duration.folder / "town.gpkg", town(sources=plants))
    report = operations.duration(path, duration.out / "a.csv", **given)
    (line,) = [f for f in report.findings if f.rule == "security-below-guarantee"]
    assert (line.severity, line.layer, line.source_fid) == ("info", "sources", 1)
    assert "37.50% of the largest load" in line.message
    assert "with the reserve it is 75.00%" in line.message
    report = operations.duration(path, duration.out / "a.csv", guaranteed_share_percent=30.0, **given)
    assert not [f for f in report.findings if f.rule == "security-below-guarantee"]


def test_capacities_that_can_not_be_are_told(duration):
    plants = sources(capacity_mw=[1.0, np.nan, 0.2], largest_unit_mw=[0.5, 0.1, 0.3])
    ran = duration(town(sources=plants))
    assert "source S2 states no capacity_mw" in ran.out
    assert "source S3 states a largest unit above its capacity" in ran.out
    assert figures(ran)["largest unit"] == "0.50 MW"


def test_a_source_without_units_is_one_unit(duration):
    ran = duration(town(sources=sources(capacity_mw=[1.0, 0.6])))
    assert figures(ran)["largest unit"] == "1.00 MW"
    assert figures(ran)["security with the largest unit out"] == "75.00 %"
    assert "count as one unit each: S1, S2" in ran.out


# weather ---------------------------------------------------------------------------------------------------


def test_a_weather_file_takes_the_place_of_the_climate(duration):
    temperatures = year_of_hours()
    path = write_epw(duration.folder / "w.epw", epw_lines(temperatures))
    ran = duration(weather=path, mean_outdoor_temp_c=None, heating_days=None)
    assert ran.code == 0, ran.err
    cold = int((temperatures <= 5.0).sum())  # some cold hours are nights before and after the season
    assert 0.95 * cold < float(figures(ran)["heating hours"].split()[0]) < cold
    table = pd.read_csv(duration.out / "curve.csv")
    q = np.minimum((20.0 - table["outdoor_temp_c"]) / 40.0, 1.0)
    assert table["load_mw"].to_numpy() == pytest.approx(0.8 * q.to_numpy())
    assert "heating season of the weather: " in ran.out


def test_the_season_of_a_weather_file_by_days_and_by_dates(duration):
    path = write_epw(duration.folder / "w.epw", epw_lines(np.full(8760, 4.0)))
    by_days = duration(weather=path, mean_outdoor_temp_c=None, heating_days=100)
    assert figures(by_days)["heating hours"] == "2400.00 h"
    dates = {"heating_from": "11-01", "heating_to": "03-31", "heating_days": None}
    by_dates = duration(weather=path, mean_outdoor_temp_c=None, **dates)
    assert figures(by_dates)["heating hours"] == f"{151 * 24:.2f} h"
    assert "151 days, 11-01 to 03-31" in by_dates.out


def test_an_unstated_design_temperature_is_taken_from_the_weather_and_told(duration):
    path = write_epw(duration.folder / "w.epw", epw_lines(year_of_hours()))
    ran = duration(weather=path, **dict.fromkeys(CLIMATE))
    days = np.sort(year_of_hours().reshape(365, 24).mean(axis=1))
    assert figures(ran)["design outdoor temperature"] == f"{days[5]:.2f} degC"
    assert f"design_outdoor_temp_c is {days[5]:.1f} degC: 5 days of the weather are colder" in ran.out


def test_weather_with_a_long_gap_is_one_sentence_and_leaves_nothing(duration):
    lines = epw_lines(year_of_hours())
    path = write_epw(duration.folder / "w.epw", lines[:500] + lines[600:])
    ran = duration(weather=path)
    assert ran.code == 2
    assert "has gaps: 100 h without an outdoor temperature from 01-21 20:00 on" in ran.sentence
    assert not list(duration.out.iterdir())


def test_the_weather_of_a_project_lies_beside_it(duration):
    write_epw(duration.folder / "w.epw", epw_lines(year_of_hours()))
    drawings.write(duration.folder / "town.gpkg")
    project = duration.folder / "project.toml"
    project.write_text(
        '[layers]\npipes = "town.gpkg|pipes"\nstations = "town.gpkg|stations"\nsources = "town.gpkg|sources"\n'
        '[options]\nweather = "w.epw"\n'
    )
    assert duration(source=project).code == 0


# what it does not need -------------------------------------------------------------------------------------


def test_a_network_that_can_not_be_solved_has_a_load_duration(duration):
    layers = town(sources=sources(capacity_mw=[1.0], pump_control=["curve"], pump_curve=["0:60; 30:40"]))
    project = duration.folder / "project.toml"
    drawings.write(duration.folder / "town.gpkg", layers)
    project.write_text(
        '[layers]\npipes = "town.gpkg|pipes"\nstations = "town.gpkg|stations"\nsources = "town.gpkg|sources"\n'
        '[options]\nstation_control = "none"\nmax_iterations = 1\n'
    )
    assert call("solve", project, "--output", duration.folder / "solved.gpkg").code == 3
    assert duration(source=project).code == 0


# what is written -------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>", '=HYPERLINK("http://a.b","c")', r"$\frac{1}{0}$"


def test_text_of_names_is_text_in_picture_and_workbook(duration):
    layers = town(sources=sources(name=list(HOSTILE), capacity_mw=[0.4, 0.3, 0.2], largest_unit_mw=[0.2, 0.1, 0.1]))
    assert duration(layers, output="a.svg", data=duration.out / "a.xlsx").code == 0
    assert "<script" not in (duration.out / "a.svg").read_text(encoding="utf-8").lower()
    cells = [cell for row in openpyxl.load_workbook(duration.out / "a.xlsx")["Dispatch"] for cell in row]
    assert {cell.value: cell.data_type for cell in cells if cell.value in HOSTILE} == dict.fromkeys(HOSTILE, "s")
    with zipfile.ZipFile(duration.out / "a.xlsx") as book:
        assert not any(b"<f>" in book.read(part) for part in book.namelist())


@pytest.mark.parametrize(("picture", "table"), [("png", "xlsx"), ("svg", "csv")])
def test_the_same_input_gives_the_same_bytes(duration, picture, table):
    layers = town(sources=sources(role=["base", "peak"], capacity_mw=[0.4, 0.3]))
    for name in ("a", "b"):
        data = duration.out / f"{name}.{table}"
        assert duration(layers, output=f"{name}.{picture}", data=data, constant_load_mw=0.05).code == 1
    for suffix in (picture, table):
        assert (duration.out / f"a.{suffix}").read_bytes() == (duration.out / f"b.{suffix}").read_bytes()


def test_other_endings_are_refused(duration):
    assert "a name that ends in" in duration(output="a.dxf").sentence
    assert "a name that ends in" in duration(output="a.png", data=duration.out / "a.txt").sentence


def test_a_chinese_workbook_has_chinese_sheets_and_notes(duration):
    duration(output="a.xlsx", language="zh")
    book = openpyxl.load_workbook(duration.out / "a.xlsx")
    assert book.sheetnames[:3] == ["各期热负荷", "热源分配", "热负荷延续"]
    notes = [row[0] for row in book.worksheets[-1].iter_rows(values_only=True)]
    assert "年供热量" in notes
    assert any(str(note).startswith("延续曲线按无因次综合公式") for note in notes)
