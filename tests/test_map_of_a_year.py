"""Orders in which a utility merges, solves, writes back and takes back: nothing is lost on the way."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import drawings
from drawings import call, layer, line, point, solved, town, write

from gisheat import operations
from gisheat.geopackage_transaction import teach


def rows(path):
    return {name: drawings.rows(path, name) for name in ("pipes", "stations", "sources")}


def surveyed(path):
    """The town with another number and place of two pipes, one pipe less, one station moved, one more."""
    return write(path, {
        "pipes": layer([line((0, 0), (100, 0)), line((100, 0), (200, 40))], pipe_id=["N", "P2"]),
        "stations": layer([point(200, 40), point(0, 60)], station_id=["H1", "H3"], load_kw=[400.0, 100.0]),
    })  # fmt: skip


def test_a_merge_is_undone_whatever_a_write_back_has_written_or_taken_away_since(tmp_path):
    base = write(tmp_path / "base.gpkg", town())
    before = rows(base)
    result = solved(base, "first.gpkg")
    operations.merge(base, surveyed(tmp_path / "new.gpkg"), tmp_path / "set.gpkg", dry_run=True, missing="remove")
    operations.write_back(base, result, in_place=True)  # figures are no change that a change set has to know
    report = operations.merge(base, tmp_path / "set.gpkg", in_place=True)
    assert [f.message for f in report.findings if f.severity == "error"] == []
    assert {row[2] for row in rows(base)["stations"]} == {"H1", "H3"}
    operations.write_back(base, solved(base, "merged.gpkg"), in_place=True)
    copy = shutil.copy(base, tmp_path / "taken.gpkg")
    operations.undo(base, in_place=True)
    operations.write_back(base, in_place=True, remove=True)
    assert rows(base) == before
    operations.write_back(copy, in_place=True, remove=True)
    operations.undo(copy, in_place=True)
    assert rows(copy) == before


def test_what_triggers_make_of_merged_rows_belongs_to_the_merge(tmp_path):
    base = write(tmp_path / "base.gpkg", town(pipes=town()["pipes"].assign(stamp=None, name=["a", "b", "c"])))
    with closing(sqlite3.connect(base)) as connection, connection:
        teach(connection)
        for when in ("INSERT", "UPDATE OF geom"):
            connection.execute(
                f"CREATE TRIGGER stamp_{when[:6]} AFTER {when} ON pipes BEGIN UPDATE pipes SET stamp = 'by a trigger'"
                " WHERE fid = NEW.fid AND stamp IS NULL; END"
            )
    before = rows(base)
    new = surveyed(tmp_path / "new.gpkg")
    operations.merge(base, new, in_place=True, missing="remove")
    merged = rows(base)
    assert ("P2", "by a trigger") in [(row[2], row[3]) for row in merged["pipes"]]
    operations.undo(base, in_place=True)  # for which the triggers run as well
    assert [row[:3] + row[4:] for row in rows(base)["pipes"]] == [row[:3] + row[4:] for row in before["pipes"]]
    operations.undo(base, in_place=True, to=1)
    assert rows(base) == merged


def test_compare_may_solve_nothing(tmp_path):
    old, new = write(tmp_path / "old.gpkg", town()), surveyed(tmp_path / "new.gpkg")
    ran = call("compare", old, new, "-o", tmp_path / "changes.gpkg", "--no-effects")
    assert (ran.code, ran.err) == (0, "")
    assert "effect:" not in ran.out
