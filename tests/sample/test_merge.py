"""The year of works on Mulan merged into the map of last year, and taken back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import geopandas as gpd
import pyogrio
import pytest
from drawings import call, digest

from gisheat import operations


def rows(path, names=None):
    """Every row of every table as it is stored, but those that say when something happened."""
    with closing(sqlite3.connect(path)) as connection:
        found = [r[0] for r in connection.execute("SELECT table_name FROM gpkg_contents")]
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
            for name in names or found if name != "history"
        }  # fmt: skip


def told(output):
    tables = [gpd.read_file(output, layer=name) for name in ("changed_lines", "changed_points")]
    return sorted((row.layer, row.action, row.feature_id) for table in tables for row in table.itertuples())


@pytest.fixture(scope="module")
def merged(years, tmp_path_factory):
    output = tmp_path_factory.mktemp("merged") / "merged.gpkg"
    return operations.merge(years[0], years[1], output), output


def test_after_the_merge_there_is_no_difference(years, merged, tmp_path):
    report, output = merged
    assert report.exit_code == 0
    assert report.figures["conflicts"] == (0, "")
    for number, pair in enumerate(((years[1], output), (output, years[1]))):
        operations.compare(*pair, tmp_path / f"{number}.gpkg")
        assert told(tmp_path / f"{number}.gpkg") == []


def test_undo_gives_every_row_back(years, merged, tmp_path):
    before = rows(years[0])
    assert rows(merged[1]) != before
    report = operations.undo(merged[1], tmp_path / "back.gpkg")
    assert report.exit_code == 0
    assert rows(tmp_path / "back.gpkg") == before


def test_the_project_of_the_sample_is_merged_and_taken_back_by_commands(project, tmp_path):
    shutil.copytree(project.parent, tmp_path / "mulan")
    toml, base = tmp_path / "mulan" / "project.toml", tmp_path / "mulan" / "mulan.gpkg"
    survey = gpd.read_file(base, layer="pipes")
    survey.loc[survey["pipe_id"] == "A9-A10", ["dn_mm", "outer_diameter_mm", "wall_mm"]] = [800, 820, 9]
    survey = survey[survey["pipe_id"] != "A19-A20"]
    pyogrio.write_dataframe(survey, tmp_path / "survey.gpkg", layer="pipes", driver="GPKG")
    before, there = digest(base), rows(base)
    ran = call("merge", toml, tmp_path / "survey.gpkg", "--dry-run", "-o", tmp_path / "set.gpkg")
    assert ran.code == 0
    assert digest(base) == before
    assert call("merge", toml, tmp_path / "set.gpkg", "--in-place").code == 0
    merged = gpd.read_file(base, layer="pipes").set_index("pipe_id")
    assert merged.loc["A9-A10", ["dn_mm", "outer_diameter_mm", "wall_mm"]].tolist() == [800, 820, 9]
    assert "A19-A20" not in merged.index
    assert call("undo", toml, "--in-place").code == 0
    assert rows(base) == there


def test_a_survey_made_from_last_years_map_goes_into_one_that_went_on(years, last_year, tmp_path):
    """Three ways: others changed the base meanwhile; their changes stay, and what both changed is told."""
    now = shutil.copy(years[0], tmp_path / "now.gpkg")
    drawn = {name: table.copy() for name, table in last_year.items()}
    pipes = drawn["pipes"].set_index("pipe_id")
    pipes.loc["A9-A10", "dn_mm"] = 900.0  # the survey says 800
    pipes.loc["A10-A11", "roughness_mm"] = 0.3
    pyogrio.write_dataframe(gpd.GeoDataFrame(pipes.reset_index(), crs=last_year["pipes"].crs), now, layer="pipes")
    report = operations.merge(now, years[1], tmp_path / "merged.gpkg", ancestor=str(years[0]))
    found = gpd.read_file(tmp_path / "merged.gpkg", layer="pipes").set_index("pipe_id")
    assert found.loc["A9-A10", ["dn_mm", "outer_diameter_mm"]].tolist() == [900.0, 820.0]
    assert found.loc["A10-A11", "roughness_mm"] == 0.3
    (conflict,) = [f.message for f in report.findings if f.rule == "merge-conflict"]
    assert "dn_mm was 700, the base says 900 now, CHANGES 800" in conflict
    assert report.figures["applied"] == (12, "")
    assert {"to-S1", "to-S2", f"{years[3]}.1"} <= set(found.index)
