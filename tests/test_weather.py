"""Weather of a year from EPW and CSV: what is right is read, small gaps are bridged and told, the rest is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from weather_files import epw_lines, write_epw, year_of_hours

from gisheat import InputError
from gisheat.weather import read_weather

YEAR = year_of_hours()


def csv(path, **columns):
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def hours(start="2023-01-01", count=8760, step="1h"):
    return pd.date_range(start, periods=count, freq=step).strftime("%Y-%m-%d %H:%M")


# what is right ---------------------------------------------------------------------------------------------


def test_an_epw_is_read_as_it_was_written(tmp_path):
    found = read_weather(write_epw(tmp_path / "a.epw", epw_lines(YEAR, years=(1987, 2003, 1995))))
    assert found.outdoor.tolist() == YEAR.tolist()
    assert (found.step, found.is_whole_year, found.findings) == (3600.0, True, ())
    assert found.day.tolist() == (np.arange(8760) // 24).tolist()
    assert found.date[[0, 58, 59, 364]].tolist() == [101, 228, 301, 1231]


def test_an_epw_of_a_leap_year_has_its_29th_of_february(tmp_path):
    temperatures = year_of_hours(hours=8784)
    found = read_weather(write_epw(tmp_path / "a.epw", epw_lines(temperatures, leap=True)))
    assert found.is_whole_year
    assert found.date[[58, 59, 60, 365]].tolist() == [228, 229, 301, 1231]
    assert found.outdoor.tolist() == temperatures.tolist()


def test_an_epw_may_have_several_records_an_hour(tmp_path):
    temperatures = np.repeat(YEAR, 4) + np.tile([0.0, 0.1, 0.2, 0.3], 8760)
    found = read_weather(write_epw(tmp_path / "a.epw", epw_lines(temperatures.round(1), each=4), each=4))
    assert found.step == 900.0
    assert found.is_whole_year
    assert found.outdoor == pytest.approx(temperatures)


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M"])
def test_a_csv_tells_its_step_by_its_times(tmp_path, form):
    times = pd.date_range("2023-01-01", periods=8760, freq="1h").strftime(form)
    found = read_weather(csv(tmp_path / "a.csv", time=times, outdoor_temp_c=YEAR))
    assert found.outdoor.tolist() == YEAR.tolist()
    assert (found.step, found.is_whole_year) == (3600.0, True)


def test_a_chinese_csv_in_the_code_of_its_spreadsheet_is_read(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"时间": hours(), "室外气温(℃)": YEAR}).to_csv(path, index=False, encoding="gb18030")
    assert read_weather(path).outdoor.tolist() == YEAR.tolist()


def test_months_of_different_years_make_one_year(tmp_path):
    times = pd.Series(pd.date_range("2023-01-01", periods=8760, freq="1h"))
    years = times.dt.month.map(lambda month: str(2007 + month % 5))
    found = read_weather(csv(tmp_path / "a.csv", time=years + times.dt.strftime("-%m-%d %H:%M"), outdoor_temp_c=YEAR))
    assert found.is_whole_year
    assert found.outdoor.tolist() == YEAR.tolist()


def test_a_csv_without_times_has_the_step_that_is_named_and_begins_with_the_year(tmp_path):
    found = read_weather(csv(tmp_path / "a.csv", outdoor_temp_c=YEAR[::3]), 3.0)
    assert (found.step, found.is_whole_year) == (10800.0, True)
    assert found.date[[0, -1]].tolist() == [101, 1231]
    assert "1 January" in found.notes[-1]


def test_a_heating_season_alone_is_told_to_be_no_year(tmp_path):
    times = hours("2023-10-15", 200 * 24)
    found = read_weather(csv(tmp_path / "a.csv", time=times, outdoor_temp_c=np.full(4800, -3.0)))
    assert not found.is_whole_year
    assert found.date[[0, -1]].tolist() == [1015, 501]
    (short,) = found.findings
    assert (short.rule, short.severity) == ("weather-short", "warning")
    assert "200.0 days" in short.message


# gaps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["99.9", "-9999", "", "n/a"])
def test_a_small_gap_is_bridged_in_a_straight_line_and_told(tmp_path, missing):
    lines = epw_lines(YEAR)
    for row in (100, 101, 102):
        lines[row] = lines[row].replace(f",{YEAR[row]},", f",{missing},", 1)
    found = read_weather(write_epw(tmp_path / "a.epw", lines))
    assert found.outdoor[99:104] == pytest.approx(np.linspace(YEAR[99], YEAR[103], 5))
    assert np.delete(found.outdoor, [100, 101, 102]).tolist() == np.delete(YEAR, [100, 101, 102]).tolist()
    (gap,) = found.findings
    assert (gap.rule, gap.severity) == ("weather-gap", "warning")
    assert "3 of 8760 steps" in gap.message
    assert "01-05 04:00" in gap.message


def test_rows_that_are_left_out_are_a_gap_as_well(tmp_path):
    lines = epw_lines(YEAR)
    del lines[100:102]
    found = read_weather(write_epw(tmp_path / "a.epw", lines))
    assert len(found.outdoor) == 8760
    assert [f.rule for f in found.findings] == ["weather-gap"]


@pytest.mark.parametrize("how", ["marked", "left out"])
def test_a_long_gap_is_one_sentence_with_its_place(tmp_path, how):
    lines = epw_lines(YEAR)
    if how == "marked":
        lines[1000:1048] = [line.replace(f",{YEAR[i]},", ",99.9,", 1) for i, line in enumerate(lines[1000:1048], 1000)]
    else:
        del lines[1000:1048]
    with pytest.raises(InputError, match=r"a\.epw has gaps: 48 h .* from 02-11 16:00 on; fill them first"):
        read_weather(write_epw(tmp_path / "a.epw", lines))


# what is refused -------------------------------------------------------------------------------------------


def swapped(lines):
    lines[10], lines[11] = lines[11], lines[10]
    return lines


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (swapped, "row 12 of the data does not come after the one before"),
        (lambda lines: [*lines, *lines[:30]], "row 8761 of the data is one more of its hour"),
        (lambda lines: [lines[0].replace(",1,1,1,", ",13,1,1,", 1), *lines[1:]], "row 1 .* not in the calendar"),
        (lambda lines: [lines[0].replace(",1,1,1,", ",1,1,25,", 1), *lines[1:]], "row 1 .* hour \\(1 to 24\\)"),
        (lambda lines: [lines[0].replace(",1,1,1,", ",January,1,1,", 1), *lines[1:]], "row 1 .* has no month"),
        (lambda _: ["1999,1,1,1"], "cannot be read"),
        (lambda _: [], "cannot be read"),
    ],
)
def test_a_bad_epw_is_one_sentence(tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        read_weather(write_epw(tmp_path / "a.epw", change(epw_lines(YEAR))))
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_a_csv_that_is_no_text_is_one_sentence(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x00\x01\xff\xfe" * 99)
    with pytest.raises(InputError, match="it is no CSV file in UTF-8 or GB 18030"):
        read_weather(path)


def test_a_file_that_is_no_epw_is_one_sentence(tmp_path):
    path = tmp_path / "a.epw"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    with pytest.raises(InputError, match="is no EPW file"):
        read_weather(path)
    with pytest.raises(InputError, match="there is no such file"):
        read_weather(tmp_path / "b.epw")


@pytest.mark.parametrize(
    ("columns", "step", "sentence"),
    [
        ({"outdoor_temp_c": YEAR}, None, "no column time: name its time step with --weather-step-h"),
        ({"outdoor_temp_c": YEAR}, 0.7, "a step of which a day is a multiple"),
        ({"outdoor_temp_c": np.tile(YEAR, 2)}, 1.0, "longer than a year"),
        ({"time": hours(count=17520), "outdoor_temp_c": np.tile(YEAR, 2)}, None, "longer than a year"),
        ({"time": hours()[::-1], "outdoor_temp_c": YEAR}, None, "most times are"),
        ({"time": ["yesterday"] * 8760, "outdoor_temp_c": YEAR}, None, "not written as 2024-01-31 13:00"),
        (
            {"time": [f"{t}:00{'+08:00' if k else '+09:00'}" for k, t in enumerate(hours())], "outdoor_temp_c": YEAR},
            None,
            r"has several UTC offsets \(\+08:00, \+09:00\): write all times in one of them",
        ),
        ({"time": hours(), "wind": YEAR}, None, "the required column outdoor_temp_c is missing"),
        ({"time": hours(), "outdoor_temp_c": ["warm"] * 8760}, None, "holds no outdoor temperature"),
        ({"time": [], "outdoor_temp_c": []}, None, "holds 0 outdoor"),
        (
            {"time": [*hours(count=10), "2023-01-01 10:30"], "outdoor_temp_c": YEAR[:11]},
            None,
            "fit the time step of 60",
        ),
    ],
)
def test_a_bad_csv_is_one_sentence(tmp_path, columns, step, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        read_weather(csv(tmp_path / "a.csv", **columns), step)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
