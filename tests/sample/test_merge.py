"""The year of works on Mulan merged into the map of last year, and taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import geopandas as gpd
import pytest

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
