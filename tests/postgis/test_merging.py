"""Merge and undo on a schema: the rows that a GeoPackage gets, one transaction, nothing else of the base touched."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import as_built_story
import drawings
import geopandas as gpd
import numpy as np
import psycopg
import pyogrio
import pytest
from as_built_story import LAYERS
from drawings import call, sentence
from schemas import UTILITY, definitions, end_sessions, rows
from servers import PASSWORD, Town
from shapely.geometry import LineString

import gisheat
from gisheat import operations
from gisheat.as_built.database_base import DatabaseBase
from gisheat.database import sessions
from gisheat.errors import EditedError, InputError
from gisheat.layers import read_table
from gisheat.operations import merging

SAMPLE = Path(__file__).parents[2] / "sample_gis" / "mulan"


def told(output):
    tables = [gpd.read_file(output, layer=name) for name in ("changed_lines", "changed_points")]
    return sorted((row.layer, row.action, row.feature_id) for table in tables for row in table.itertuples())


# the story -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def story(server, tmp_path_factory):
    """The map of Mulan a year ago and now, as files and as schemas `last` and `this`."""
    town = Town(server)
    town.folder = tmp_path_factory.mktemp("story")
    gisheat.run(SAMPLE / "project.toml", output=town.folder / "mulan.gpkg")
    result = {name: pyogrio.read_dataframe(town.folder / "mulan.gpkg", layer=name) for name in LAYERS}
    town.before, town.after, *_ = as_built_story.year_of_works(as_built_story.last_year(result), town.folder)
    for schema, file in (("last", town.before), ("this", town.after)):
        town.load(schema, {name: read_table(name, f"{file}|{name}") for name in LAYERS})
    yield town
    town.admin.close()
    server.drop(town.name)


def drawn(where):
    """Rows of the layers by feature id, geometry as WKB."""
    found = {}
    for name in LAYERS:
        table = read_table(name, f"{where}|{name}")
        wkb = table.geometry.to_wkb()
        plain = table.drop(columns="geometry").astype(object)
        found[name] = plain.where(plain.notna(), None).assign(way=wkb).sort_index()
    return found


def test_the_year_of_works_merged_into_a_schema_and_taken_back(story, tmp_path):
    before = rows(story, "last")
    tables = set(before)
    report = operations.merge(story.address("last"), story.address("this"), in_place=True)
    assert report.exit_code == 0
    assert report.figures["conflicts"] == (0, "")
    for number, pair in enumerate((("this", "last"), ("last", "this"))):
        operations.compare(*map(story.address, pair), tmp_path / f"{number}.gpkg")
        assert told(tmp_path / f"{number}.gpkg") == []
    of_file = operations.merge(story.before, story.after, tmp_path / "merged.gpkg")
    assert of_file.figures.items() - report.figures.items() == {
        ("base", (story.before.name, "")), ("changes", (story.after.name, ""))
    }  # fmt: skip
    mine, other = drawn(story.address("last")), drawn(tmp_path / "merged.gpkg")
    for name, table in other.items():
        assert mine[name].index.tolist() == table.index.tolist()
        assert mine[name].to_dict("list") == table.to_dict("list"), name
    assert rows(story, "last", ("history",)) != before
    report = operations.undo(story.address("last"), in_place=True)
    assert rows(story, "last", ("history",)) == before
    assert tables == {*rows(story, "last")} - {"history"}
    assert story.query("SELECT number, operation, state FROM last.history GROUP BY 1, 2, 3 ORDER BY 1") == [
        (1, "merge", 1), (2, "undo", 0)
    ]  # fmt: skip


def test_a_copy_in_another_schema_has_the_changes_and_the_base_none(story):
    base = rows(story, "last")
    report = operations.merge(story.address("last"), story.after, story.address("copy"))
    assert report.exit_code == 0
    assert rows(story, "last") == base
    assert told_by_compare(story, "copy", "this") == []
    back = operations.undo(story.address("copy"), story.address("again"))
    assert back.figures["state"] == (0, "")
    assert rows(story, "again", ("history",)) == {n: r for n, r in base.items() if n != "history"}


def told_by_compare(story, one, other):
    output = story.folder / f"{one}-{other}.gpkg"
    operations.compare(story.address(one), story.address(other), output)
    return told(output)


def test_a_change_set_in_a_schema_is_edited_there_and_merged(story):
    assert call("merge", story.address("last"), story.after, "--dry-run", "-o", story.address("proposal")).code == 0
    story.admin.execute("UPDATE proposal.proposed_lines SET approved = false WHERE feature_id = 'A9-A10'")
    ran = call("merge", story.address("last"), story.address("proposal"), "-o", story.address("chosen"))
    assert ran.code == 0, ran
    assert {(layer, feature) for layer, _, feature in told_by_compare(story, "chosen", "this")} == {("pipes", "A9-A10")}


def test_a_merge_is_undone_whatever_a_write_back_has_written_or_taken_away_since(town, tmp_path):
    town.load("net", drawings.town())
    new = drawings.write(tmp_path / "new.gpkg", {
        "pipes": drawings.layer([drawings.line((0, 0), (100, 0)), drawings.line((100, 0), (200, 40))],
                                pipe_id=["N", "P2"]),
        "stations": drawings.layer([drawings.point(200, 40), drawings.point(0, 60)], station_id=["H1", "H3"],
                                   load_kw=[400.0, 100.0]),
    })  # fmt: skip
    net, before = town.address("net"), rows(town, "net")
    operations.merge(net, new, in_place=True, missing="remove")
    merged = rows(town, "net", ("history",))
    for taken in (False, True):
        gisheat.run(net, output=tmp_path / "solved.gpkg")
        operations.write_back(net, tmp_path / "solved.gpkg", in_place=True)
        if taken:
            operations.write_back(net, in_place=True, remove=True)
        operations.undo(net, in_place=True)
        operations.write_back(net, in_place=True, remove=True)
        assert rows(town, "net", ("history",)) == before
        operations.undo(net, in_place=True, to=1)
        assert rows(town, "net", ("history",)) == merged


# rows of a utility's own ---------------------------------------------------------------------------------


@pytest.fixture
def own(town):
    town.admin.execute(UTILITY)
    return town


@pytest.fixture
def survey(own, tmp_path):
    """B is larger and bent, C cut in two, D gone, E new; the stations are as they were."""
    ways = {
        "A": [(0, 0), (50, 3), (100, 0)], "B": [(100, 0), (150, 8), (200, 0)], "C1": [(200, 0), (240, 0)],
        "C2": [(240, 0), (300, 0)], "E": [(240, 0), (240, 70)],
    }  # fmt: skip
    lines = [LineString([(425000 + x, 5091000 + y) for x, y in way]) for way in ways.values()]
    table = {"pipe_id": [*ways], "dn_mm": [200.0, 250.0, 200.0, 200.0, 80.0]}
    file = tmp_path / "survey.gpkg"
    pyogrio.write_dataframe(gpd.GeoDataFrame(table, geometry=lines, crs=4552), file, layer="pipes", driver="GPKG")
    return file


def test_rows_of_all_types_are_changed_and_come_back_to_the_last_digit(own, survey):
    before, defined = rows(own), definitions(own)
    ran = call("merge", own.address("own"), survey, "--in-place")
    assert ran.code == 0, ran
    found = {r[0]: r[1:] for r in own.query(
        "SELECT pipe_id, gid, dn_mm, twice, price::text, share::text, tags::text, edits, made::date::text,"
        " ST_NPoints(way), ST_SRID(way) FROM own.pipes ORDER BY gid"
    )}  # fmt: skip
    assert found["A"] == (1, 200, 400, "12.50", "0.10", '{a,"b c",NULL}', 0, "2020-02-02", 3, 4552)
    assert found["B"] == (2, 250, 500, None, "3", None, 1, "2020-02-02", 3, 4552)
    assert "D" not in found
    parts = sorted(row for name, row in found.items() if name not in "ABE")
    assert [row[3:6] for row in parts] == [("7.00", "2.0", "{}")] * 2  # of their parent
    assert {row[0] for row in found.values()} == {1, 2, 3, 5, 6}
    assert found["E"][1:4] == (80, 160, None)
    assert rows(own, without=("pipes", "history")) == {n: r for n, r in before.items() if n != "pipes"}
    again = call("merge", own.address("own"), survey, "--in-place")
    assert "nothing to do" in again.out, again
    ran = call("undo", own.address("own"), "--in-place")
    assert ran.code == 0, ran
    edited = own.query("SELECT pipe_id, edits FROM own.pipes WHERE edits > 0 ORDER BY 1")
    assert edited == [("B", 2), ("C", 2)]  # the utility's own trigger counts
    own.admin.execute("ALTER TABLE own.pipes DISABLE TRIGGER counted; UPDATE own.pipes SET edits = 0;"
                      "ALTER TABLE own.pipes ENABLE TRIGGER counted")  # fmt: skip
    back = rows(own, without=("history",))
    assert back == before
    assert definitions(own, ("history",)) >= {d for d in defined if "parent_id" not in str(d)}
    own.admin.execute("INSERT INTO own.pipes (pipe_id, way) SELECT 'new', way FROM own.pipes WHERE gid = 1")
    ((number,),) = own.query("SELECT gid FROM own.pipes WHERE pipe_id = 'new'")
    told_ids = {fid for (fid,) in own.query("SELECT row_fid FROM own.history")}
    assert number not in told_ids  # never used before


def test_what_a_rule_of_the_database_refuses_is_one_sentence_and_nothing_is_done(own, survey):
    own.admin.execute("ALTER TABLE own.pipes ADD CHECK (dn_mm <> 80)")
    before = rows(own)
    said = sentence("merge", own.address("own"), survey, "--in-place")
    assert "a rule of the database refuses" in said
    assert rows(own) == before


@pytest.mark.parametrize(("spoil", "words"), [
    ("ALTER TABLE own.pipes DROP CONSTRAINT pipes_pkey", "has no primary key of one whole number"),
    ("ALTER TABLE own.pipes RENAME TO kept; CREATE VIEW own.pipes AS SELECT * FROM own.kept", "is a view"),
    ("CREATE TABLE own.history (what text)", "has a table history that gisheat did not make"),
])  # fmt: skip
def test_what_can_be_no_base(own, survey, spoil, words):
    own.admin.execute(spoil)
    before = rows(own)
    assert words in sentence("merge", own.address("own"), survey, "--in-place")
    assert rows(own) == before


def test_where_a_copy_can_lie(own, survey, tmp_path):
    before = rows(own)
    assert "another schema of its database" in sentence("merge", own.address("own"), survey, "-o", tmp_path / "a.gpkg")
    assert "is an input" in sentence("merge", own.address("own"), survey, "-o", own.address("own"), "--overwrite")
    ran = call("merge", own.address("own"), survey, "-o", own.address("next"))
    assert ran.code == 0, ran
    assert "not copied, for they are no tables: wide" in ran.out
    assert rows(own) == before
    own.admin.execute("INSERT INTO next.stations (station_id) VALUES ('new')")
    assert own.query("SELECT id FROM next.stations WHERE station_id = 'new'") == [(3,)]
    assert own.query("SELECT last_value FROM own.stations_id_seq") == [(2,)]


# others at the same time ---------------------------------------------------------------------------------


@pytest.fixture
def change_set(own, survey, tmp_path):
    assert call("merge", own.address("own"), survey, "--dry-run", "-o", tmp_path / "set.gpkg").code == 0
    return tmp_path / "set.gpkg"


def both_at_once(work):
    """What two threads are refused with that do the same at once, sorted; empty where one is not."""
    ends = []

    def one():
        try:
            work()
        except InputError as error:
            ends.append(str(error))
        else:
            ends.append("")

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return sorted(ends)


def test_of_two_merges_at_once_one_wins_and_the_other_says_so(own, survey, monkeypatch):
    """Two write in the same moment, each having read the base as it was before."""
    before, usual, ready = rows(own), DatabaseBase.apply, threading.Barrier(2)

    def apply(store, edits, run):
        if run.operation == "merge":
            ready.wait(30)
        usual(store, edits, run)

    monkeypatch.setattr(DatabaseBase, "apply", apply)
    for number in range(3):
        won, said = both_at_once(lambda: operations.merge(own.address("own"), survey, in_place=True))
        assert won == ""
        assert f"is not as it was read, merge {2 * number + 1} (survey.gpkg) came between" in said
        operations.undo(own.address("own"), in_place=True)
    own.admin.execute("ALTER TABLE own.pipes DISABLE TRIGGER counted; UPDATE own.pipes SET edits = 0")
    assert rows(own, without=("history",)) == before


def test_of_two_that_write_at_once_always_one_alone_does(own, survey, monkeypatch):
    """Many rounds of the last step: the same edits, given to the database by two sessions in one moment."""
    usual, told_ = DatabaseBase.apply, []
    monkeypatch.setattr(DatabaseBase, "apply", lambda *all_: told_.append(all_))
    operations.merge(own.address("own"), survey, in_place=True)
    (work,), ready = told_, threading.Barrier(2)
    usual(*work)
    new = rows(own, without=("history",))

    def one():
        ready.wait(30)
        usual(*work)

    for _ in range(20):
        own.admin.execute("DROP SCHEMA own CASCADE")
        own.admin.execute(UTILITY)
        won, said = both_at_once(one)
        assert won == ""
        assert "merge 1 (survey.gpkg) came between" in said
        assert rows(own, without=("history",)) == new


def test_a_row_that_somebody_edits_between_reading_and_writing(own, survey, monkeypatch):
    usual = merging.plan_edits

    def plan(*arguments):
        found = usual(*arguments)
        own.admin.execute("UPDATE own.pipes SET dn_mm = 125 WHERE pipe_id = 'B'")
        return found

    monkeypatch.setattr(merging, "plan_edits", plan)
    with pytest.raises(EditedError, match=r"the feature 2 \(B\) of pipes was edited since: nothing was changed"):
        operations.merge(own.address("own"), survey, in_place=True)
    before = rows(own)
    assert "history" not in before
    assert own.query("SELECT dn_mm FROM own.pipes WHERE pipe_id = 'B'") == [(125,)]


def test_what_was_edited_since_the_dry_run_is_a_conflict(own, change_set):
    own.admin.execute("UPDATE own.pipes SET dn_mm = 125 WHERE pipe_id = 'B'")
    ran = call("merge", own.address("own"), change_set, "--in-place")
    assert ran.code == 1
    assert "dn_mm was 150 when this was proposed and is 125 now" in ran.out + ran.err
    assert own.query("SELECT dn_mm FROM own.pipes WHERE pipe_id = 'B'") == [(125,)]
    assert own.query("SELECT count(*) FROM own.pipes WHERE pipe_id = 'E'") == [(1,)]


def test_what_was_edited_by_hand_is_not_undone(own, change_set):
    assert call("merge", own.address("own"), change_set, "--in-place").code == 0
    own.admin.execute("UPDATE own.pipes SET dn_mm = 125 WHERE pipe_id = 'B'")
    before = rows(own)
    assert "was edited since: nothing was changed" in sentence("undo", own.address("own"), "--in-place", code=3)
    assert rows(own) == before


def test_a_locked_table_no_right_and_a_read_only_database(own, change_set, monkeypatch):
    monkeypatch.setitem(sessions.SETTINGS, "lock_timeout", "200")
    before = rows(own)
    with psycopg.connect(own.admin.info.dsn) as other:
        other.execute("UPDATE own.pipes SET dn_mm = 1 WHERE pipe_id = 'A'")  # an editor who has not saved yet
        said = sentence("merge", own.address("own"), change_set, "--in-place")
        assert "own can't be changed: another session holds a table locked" in said
        other.rollback()
    own.admin.execute("GRANT USAGE ON SCHEMA own TO planner; GRANT SELECT ON ALL TABLES IN SCHEMA own TO planner")
    theirs = own.address("own", user=f"planner:{PASSWORD}")
    said = sentence("merge", theirs, change_set, "--in-place")
    assert "no right to do this" in said
    assert PASSWORD not in said
    own.admin.execute(f"ALTER DATABASE {own.name} SET default_transaction_read_only = on")
    assert "read-only" in sentence("merge", own.address("own"), change_set, "--in-place")
    assert rows(own) == before


def test_the_rights_of_the_docs_are_enough(own, survey):
    own.admin.execute("GRANT USAGE, CREATE ON SCHEMA own TO planner;"
                      "GRANT USAGE ON ALL SEQUENCES IN SCHEMA own TO planner;"
                      "GRANT SELECT, INSERT, UPDATE, DELETE ON own.pipes, own.stations, own.sources"
                      " TO planner")  # fmt: skip
    theirs = own.address("own", user=f"planner:{PASSWORD}")
    ran = call("merge", theirs, survey, "--in-place", "--new-columns", "none")
    assert ran.code == 0, ran
    ran = call("undo", theirs, "--in-place")
    assert ran.code == 0, ran
    assert own.query("SELECT array_agg(pipe_id::text ORDER BY gid) FROM own.pipes") == [(["A", "B", "C", "D"],)]


def test_a_session_ended_at_any_moment_leaves_the_base_old_or_new(own, survey, monkeypatch):
    """Whatever moment it is ended at while it writes: the rows before and no history, or the whole of the merge."""
    usual, told_ = DatabaseBase.apply, []
    monkeypatch.setattr(DatabaseBase, "apply", lambda *all_: told_.append(all_))
    operations.merge(own.address("own"), survey, in_place=True)
    (work,), old = told_, rows(own)
    started = time.perf_counter()
    usual(*work)
    took, new = time.perf_counter() - started, rows(own, without=("history",))
    lost = []
    for moment in np.linspace(0.0, 1.2 * took, 40):
        own.admin.execute("DROP SCHEMA own CASCADE")
        own.admin.execute(UTILITY)
        killer = threading.Timer(moment, end_sessions, [own])
        killer.start()
        try:
            usual(*work)
        except InputError as error:
            lost.append(str(error))
        killer.join()
        now = rows(own)
        written = now.pop("history", None)
        assert now == (old if written is None else new)
    assert all("the connection was lost" in said for said in lost)
    assert len(lost) > 5


def test_a_session_ended_while_the_base_is_read_is_one_sentence(own, survey, monkeypatch):
    usual, before = merging.propose, rows(own)

    def ended(*arguments):
        assert end_sessions(own)
        return usual(*arguments)

    monkeypatch.setattr(merging, "propose", ended)
    assert "the connection was lost" in sentence("merge", own.address("own"), survey, "--in-place")
    assert rows(own) == before
