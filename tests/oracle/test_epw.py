"""EPW files as gisheat reads them and as pvlib does: the same temperatures at the same times."""

from __future__ import annotations

import pytest
from pvlib.iotools import read_epw
from weather_files import epw_lines, write_epw, year_of_hours

from gisheat.weather import read_weather


@pytest.mark.parametrize("leap", [False, True])
def test_pvlib_reads_the_same_temperatures_at_the_same_times(tmp_path, leap):
    temperatures = year_of_hours(hours=8784 if leap else 8760)
    path = write_epw(tmp_path / "a.epw", epw_lines(temperatures, leap=leap, years=(2004,) if leap else (2003,)))
    theirs, place = read_epw(path)
    ours = read_weather(path)
    assert place["latitude"] == 45.95
    assert ours.outdoor.tolist() == theirs["temp_air"].tolist()
    assert ours.date[ours.day].tolist() == (theirs.index.month * 100 + theirs.index.day).tolist()
    assert ours.step == theirs.index.to_series().diff().dt.total_seconds().median()


def test_what_pvlib_hands_on_as_a_temperature_of_99_9_degrees_is_a_gap(tmp_path):
    lines = epw_lines(year_of_hours())
    lines[5] = lines[5].replace(f",{year_of_hours()[5]},", ",99.9,", 1)
    path = write_epw(tmp_path / "a.epw", lines)
    assert read_epw(path)[0]["temp_air"].iloc[5] == 99.9
    found = read_weather(path)
    assert [f.rule for f in found.findings] == ["weather-gap"]
    assert found.outdoor.max() < 40.0
