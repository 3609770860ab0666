"""Merges into maps as utilities have them: written-back figures, rules of their tables, change sets edited by hand."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pyogrio
import pytest
from drawings import digest
from shapely.geometry import Point
from test_merge import PIPES, history, layer, merged, pipes, read, rows, rules, said, stations, write

from gisheat import operations
from gisheat.errors import InputError
from gisheat.geopackage_transaction import teach

FIGURES = ["sup_flow_t_h", "sup_velocity_m_s", "on_critical_path"]
CUT = {k: v for k, v in PIPES.items() if k != "B"} | {"B.1": [(100, 0), (125, 0)], "B.2": [(125, 0), (200, 0)]}


def sql(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        teach(connection)
        return [connection.execute(*(s if isinstance(s, tuple) else (s,))).fetchall() for s in statements][-1]


# figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def solved(tmp_path):
    """A map with a solved result written back to it, and the result."""
    there = stations([(200, 90), (300, 0)], ["S1", "S2"])
    source = layer([Point(0, 0)], source_id=["Q"])
    base = write(tmp_path / "base.gpkg", pipes=pipes(remark=list("abcd")), stations=there, sources=source)
    operations.run(base, tmp_path / "result.gpkg", supply_temp_c=110.0, return_temp_c=60.0)
    return base, tmp_path / "result.gpkg"


@pytest.mark.parametrize("form", ["columns", "view"])
def test_parts_have_no_figures_of_the_whole_and_an_undo_brings_them_back(solved, tmp_path, form):
    base, result = solved
    operations.write_back(base, result, in_place=True, form=form, layers="pipes")
    shown = "pipes" if form == "columns" else "pipes_with_results"
    before = rows(base, shown)
    assert read(base, shown)[FIGURES].notna().all(axis=None)
    report, output = merged(base, tmp_path, pipes=pipes(CUT))
    found = read(output, shown)
    assert found.loc[["B.1", "B.2"], "remark"].tolist() == ["b", "b"]
    assert found.loc[["B.1", "B.2"], FIGURES].isna().all(axis=None)
    assert found.loc[["A", "C", "D"], FIGURES].notna().all(axis=None)
    assert said(report, "solution-stale")
    operations.undo(output, in_place=True)
    assert rows(output, shown) == before
    operations.undo(output, in_place=True, to=1)
    assert read(output, shown).loc[["B.1", "B.2"], FIGURES].isna().all(axis=None)
    operations.write_back(output, in_place=True, remove=True)
    operations.undo(output, in_place=True, to=0)
    plain = write(tmp_path / "plain.gpkg", pipes=pipes(remark=list("abcd")))
    assert rows(output) == rows(plain)
    operations.undo(output, in_place=True, to=1)


@pytest.mark.parametrize("form", ["columns", "view"])
def test_an_undo_brings_back_no_figures_of_an_earlier_result(solved, tmp_path, form):
    base, result = solved
    operations.write_back(base, result, in_place=True, form=form, layers="pipes")
    _, output = merged(base, tmp_path, pipes=pipes(CUT))
    operations.run(output, tmp_path / "again.gpkg", supply_temp_c=110.0, return_temp_c=60.0)
    operations.write_back(output, tmp_path / "again.gpkg", in_place=True, form=form, layers="pipes")
    shown = "pipes" if form == "columns" else "pipes_with_results"
    assert read(output, shown)[FIGURES].notna().all(axis=None)
    operations.undo(output, in_place=True)
    found = read(output, shown)
    assert found.loc["B", FIGURES].isna().all()
    assert found.loc["A", FIGURES].notna().all()
    operations.compare(base, output, tmp_path / "changes.gpkg", effects=False)
    assert len(pyogrio.read_dataframe(tmp_path / "changes.gpkg", layer="changed_lines")) == 0


def test_what_was_taken_out_comes_back_without_figures_of_an_earlier_result(solved, tmp_path):
    base, result = solved
    operations.write_back(base, result, in_place=True, layers="pipes")
    left = pipes({k: v for k, v in PIPES.items() if k != "D"})
    _, output = merged(base, tmp_path, options={"missing": "remove"}, pipes=left)
    operations.run(output, tmp_path / "again.gpkg", supply_temp_c=120.0, return_temp_c=60.0)
    operations.write_back(output, tmp_path / "again.gpkg", in_place=True, layers="pipes")
    now = read(output)[FIGURES]
    operations.undo(output, in_place=True)
    found = read(output)
    assert found.loc["D", FIGURES].isna().all()
    assert found.loc["D", "remark"] == "d"
    assert found.loc[now.index, FIGURES].astype(float).equals(now.astype(float))


def test_parts_of_a_result_have_no_figures_but_their_lineage(solved, tmp_path):
    _, result = solved
    drawn = pyogrio.read_dataframe(result, layer="pipes")[["pipe_id", "geometry"]]
    cut = drawn[drawn["pipe_id"] != "B"]
    new = layer([*cut.geometry, *pipes(CUT).geometry[-2:]], pipe_id=[*cut["pipe_id"], "B.1", "B.2"])
    report, output = merged(result, tmp_path, pipes=new)
    found = read(output)
    assert found.loc[["B.1", "B.2"], FIGURES].isna().all(axis=None)
    assert found.loc[["B.1", "B.2"], "source_layer"].tolist() == ["pipes", "pipes"]
    assert found.loc["A", FIGURES].notna().all()
    assert said(report, "solution-stale")


# rules of the base's tables ----------------------------------------------------------------------------------------


def with_rules(path, columns, drawn=PIPES, ids="TEXT", **values):
    """A map whose pipes have more columns, as somebody made them by SQL."""
    write(path, pipes=pipes(drawn))
    named = ", ".join(values)
    triggers = sql(path, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'rtree%'")
    made = (
        "CREATE TABLE pipes (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom LINESTRING,"
        f" pipe_id {ids}, dn_mm REAL, {columns})"
    )
    gone = ("DELETE FROM gpkg_extensions WHERE table_name = 'pipes'", "DELETE FROM gpkg_ogr_contents")
    dropped = [f'DROP TRIGGER "{name}"' for (name,) in triggers]
    sql(path, "CREATE TABLE old AS SELECT * FROM pipes", "DROP TABLE rtree_pipes_geom", *dropped, *gone,
        "DROP TABLE pipes", made)  # fmt: skip
    for number in range(1, len(drawn) + 1):
        these = [v[number - 1] for v in values.values()]
        marks = "".join(", ?" for _ in these)
        into = f"INSERT INTO pipes (fid, geom, pipe_id, dn_mm{', ' if named else ''}{named})"
        sql(path, (f"{into} SELECT fid, geom, pipe_id, dn_mm{marks} FROM old WHERE fid = {number}", these))
    sql(path, "DROP TABLE old")
    return path


def test_of_a_unique_value_the_first_part_keeps_it_and_the_others_have_none(tmp_path):
    own = "asset TEXT UNIQUE, district TEXT, number INTEGER, UNIQUE (district, number)"
    base = with_rules(tmp_path / "base.gpkg", own, asset=list("wxyz"), district=["N"] * 4, number=[1, 2, 3, 4])
    report, output = merged(base, tmp_path, pipes=pipes(CUT))
    found = read(output)
    assert report.exit_code == 0
    assert found.loc["B.2", ["asset", "number"]].tolist() == ["x", 2]  # the longer part keeps the row
    assert found.loc["B.1", ["asset", "number"]].isna().all()
    assert found.loc["B.1", "district"] == "N"
    operations.merge(base, tmp_path / "new.gpkg", tmp_path / "set.gpkg", dry_run=True)
    sql(tmp_path / "set.gpkg", "UPDATE proposed_values SET new_value = 'q' WHERE \"column\" = 'asset'")
    operations.merge(base, tmp_path / "set.gpkg", tmp_path / "own.gpkg")
    assert read(tmp_path / "own.gpkg")["asset"].to_dict() == {"A": "w", "B.1": "q", "B.2": "x", "C": "y", "D": "z"}
    sql(tmp_path / "set.gpkg", "UPDATE proposed_values SET new_value = 'z' WHERE \"column\" = 'asset'")
    report = operations.merge(base, tmp_path / "set.gpkg", tmp_path / "taken.gpkg")
    assert "another feature has asset z, which is unique in the base" in said(report, "merge-conflict")[0]
    assert rows(tmp_path / "taken.gpkg") == rows(base)


def test_a_unique_value_that_may_not_be_empty_is_asked_for(tmp_path):
    base = with_rules(tmp_path / "base.gpkg", "asset TEXT UNIQUE NOT NULL", asset=list("wxyz"))
    new = pipes(CUT, dn_mm=[300.0, 200.0, 200.0, 200.0, 200.0])
    report, output = merged(base, tmp_path, pipes=new)
    conflicts = said(report, "merge-conflict")
    assert any(text.startswith("B.1 (split) is left as it is: asset is unique in the base") for text in conflicts)
    assert report.exit_code == 1
    assert read(output)["dn_mm"].to_dict() == {"A": 300.0, "B": 200.0, "C": 200.0, "D": 200.0}  # the rest is merged
    report = operations.merge(base, tmp_path / "new.gpkg", tmp_path / "set.gpkg", dry_run=True)
    assert any("asset is unique" in text for text in said(report, "merge-conflict"))
    sql(tmp_path / "set.gpkg", "UPDATE proposed_lines SET approved = 1",
        "UPDATE proposed_values SET approved = 1, new_value = 'q' WHERE \"column\" = 'asset'")  # fmt: skip
    report = operations.merge(base, tmp_path / "set.gpkg", tmp_path / "own.gpkg")
    assert read(tmp_path / "own.gpkg")["asset"].to_dict() == {"A": "w", "B.1": "q", "B.2": "x", "C": "y", "D": "z"}


def test_a_new_feature_gets_defaults_and_is_asked_for_what_may_not_be_empty(tmp_path):
    base = with_rules(tmp_path / "base.gpkg", "owner TEXT NOT NULL, crew TEXT NOT NULL DEFAULT 'own', grade INTEGER"
                      " DEFAULT 3, twice REAL AS (dn_mm * 2) STORED",
                      owner=list("wxyz"), grade=[None, 1, None, 2])  # fmt: skip
    drawn = {**CUT, "N": [(300, 0), (350, 0)]}
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    assert [text[:34] for text in said(report, "merge-conflict")] == ["N (added) is left as it is: owner "]
    assert "N" not in read(output)
    report, output = merged(base, tmp_path, pipes=pipes(drawn, owner=["w", "y", "z", "x", "x", "n"]), name="n.gpkg",
                            output="o.gpkg")  # fmt: skip
    assert report.exit_code == 0
    found = sql(output, "SELECT pipe_id, owner, crew, grade, twice FROM pipes ORDER BY 1")
    assert [row[:4] for row in found] == [
        ("A", "w", "own", None), ("B.1", "x", "own", 1), ("B.2", "x", "own", 1), ("C", "y", "own", None),
        ("D", "z", "own", 2), ("N", "n", "own", 3),
    ]  # fmt: skip
    assert {row[4] for row in found} == {400.0}


def test_a_row_with_an_empty_column_that_has_a_default_comes_back_as_it_was(tmp_path):
    base = with_rules(tmp_path / "base.gpkg", "grade INTEGER DEFAULT 3", grade=[None, 1, None, 2])
    _, output = merged(base, tmp_path, options={"missing": "remove"}, pipes=pipes({k: PIPES[k] for k in "ABD"}))
    assert len(rows(output)) == 3
    operations.undo(output, in_place=True)
    assert rows(output) == rows(base)


def test_whole_numbers_as_identifiers_go_on(tmp_path):
    numbered = dict(zip(["1", "2", "3", "7"], PIPES.values(), strict=True))
    base = with_rules(tmp_path / "base.gpkg", "remark TEXT", numbered, ids="INTEGER", remark=list("abcd"))
    drawn = {"1": PIPES["A"], "2.1": CUT["B.1"], "2.2": CUT["B.2"], "3": PIPES["C"], "7": PIPES["D"],
             "N": [(300, 0), (350, 0)]}  # fmt: skip
    report, output = merged(base, tmp_path, pipes=pipes(drawn))
    assert report.exit_code == 0
    found = sql(output, "SELECT pipe_id, parent_id, remark FROM pipes ORDER BY 1")
    assert found == [(1, None, "a"), (2, None, "b"), (3, None, "c"), (7, None, "d"), (8, "2", "b"), (9, None, None)]
    assert "N is no number, as the base has them" in said(report, "id-changed")[0]


TRIGGER = "CREATE TRIGGER no BEFORE {} ON pipes WHEN {} BEGIN SELECT RAISE({}); END"


@pytest.mark.parametrize(("rule", "drawn", "words"), [
    ("CREATE TABLE repairs (pipe INTEGER REFERENCES pipes (fid));INSERT INTO repairs VALUES (4)", "ABC",
     "the row 1 of repairs would name a row of pipes that is not there"),
    (TRIGGER.format("UPDATE", "NEW.dn_mm > 300", "ABORT, 'too large for us'"), "ABCD",
     "a rule of the database refuses the update of C in pipes (too large for us)"),
    (TRIGGER.format("UPDATE", "NEW.dn_mm > 300", "IGNORE"), "ABCD", "a trigger of pipes keeps the update of C"),
    (TRIGGER.format("DELETE", "1", "IGNORE"), "ABC", "a trigger of pipes keeps the delete of D"),
    (TRIGGER.format("INSERT", "1", "IGNORE"), "ABCDN", "a trigger of pipes keeps the insert of N"),
])  # fmt: skip
def test_what_the_file_s_own_rules_refuse_is_one_sentence_and_nothing_is_done(base, tmp_path, rule, drawn, words):
    sql(base, *([rule] if "BEGIN" in rule else rule.split(";")))
    ways = {k: v for k, v in (PIPES | {"N": [(300, 0), (350, 0)]}).items() if k in drawn}
    new = write(tmp_path / "new.gpkg", pipes=pipes(ways, dn_mm=[400.0 if k == "C" else 200.0 for k in ways]))
    before = digest(tmp_path)
    with pytest.raises(InputError, match=re.escape(words)):
        operations.merge(base, new, in_place=True, missing="remove")
    assert digest(tmp_path) == before


# what hangs together -----------------------------------------------------------------------------------------------


def test_what_moved_away_from_a_line_that_stays_is_told(tmp_path):
    ways = {**PIPES, "S": [(200, 90), (200, 120)]}
    base = write(tmp_path / "base.gpkg", pipes=pipes(ways), stations=stations([(200, 120), (50, 50)], ["S1", "S2"]))
    there = stations([(210, 130), (60, 50)], ["S1", "S2"])
    report, output = merged(base, tmp_path, stations=there)
    (text,) = said(report, "connection-lost")  # S2 met no line before
    assert text.startswith("S1 (moved) met a line within 0.5 m in the base, and does not where it is now")
    assert read(output).geometry["S"].equals(read(base).geometry["S"])
    along = pipes({**ways, "S": [(200, 90), (210, 130)]})
    report, output = merged(base, tmp_path, name="n.gpkg", output="o.gpkg", stations=there, pipes=along)
    assert not said(report, "connection-lost")
    report, output = merged(base, tmp_path, name="b.gpkg", output="p.gpkg", pipes=pipes({"B": [(100, 5), (200, 5)]}))
    assert [text[:9] for text in said(report, "connection-lost")] == ["B (moved)"]
    turned = pipes({"D": [(200, 90), (220, 40), (200, 0)]})
    report, output = merged(base, tmp_path, name="d.gpkg", output="q.gpkg", pipes=turned)
    assert not said(report, "connection-lost")


# identifiers ---------------------------------------------------------------------------------------------------


def test_what_comes_without_an_identifier_gets_one_that_is_its_own(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes(dict(zip(["A", "B", "12", "D"], PIPES.values(), strict=True))))
    drawn = [*PIPES.values(), [(300, 0), (350, 0)], [(350, 0), (350, 40)]]
    plain = pipes(dict(enumerate(drawn))).drop(columns="pipe_id")
    report, output = merged(base, tmp_path, pipes=plain)
    assert sorted(read(output).index) == ["12", "13", "14", "A", "B", "D"]
    assert said(report, "id-given") == ["2 pipes that CHANGES adds without an identifier get one: 13, 14."]
    again = operations.merge(output, tmp_path / "new.gpkg", tmp_path / "again.gpkg")
    assert again.figures["applied"] == (0, "")
    for name, place in (("one", (0, 60)), ("two", (0, -60))):  # both made of the same base
        write(tmp_path / f"{name}.gpkg", pipes=pipes({"": [(0, 0), place]}, pipe_id=[None]))
        operations.merge(output, tmp_path / f"{name}.gpkg", tmp_path / f"{name}-set.gpkg", dry_run=True)
    for name in ("one", "two", "one"):
        assert operations.merge(output, tmp_path / f"{name}-set.gpkg", in_place=True).exit_code == 0
    assert sorted(read(output).index) == ["12", "13", "14", "15", "16", "A", "B", "D"]
    added = sql(output, "SELECT row_fid, feature_id FROM history WHERE action = 'insert'")
    assert dict(added) == dict(sql(output, "SELECT fid, pipe_id FROM pipes WHERE pipe_id IN ('13', '14', '15', '16')"))


def test_parts_that_moved_and_have_no_identifier_are_named(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes())
    drawn = [PIPES["A"], [(100, 3), (150, 3)], [(150, 3), (200, 3)], PIPES["C"], PIPES["D"]]
    plain = pipes(dict(enumerate(drawn))).drop(columns="pipe_id")
    _, output = merged(base, tmp_path, options={"missing": "remove"}, pipes=plain)
    assert sorted(read(output).index) == ["5", "6", "A", "C", "D"]


# change sets edited by hand ----------------------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.gpkg", pipes=pipes(remark=list("abcd")), stations=stations([(200, 90)], ["S1"]))


@pytest.fixture
def change_set(base, tmp_path):
    """A is larger, B cut, N new."""
    drawn = pipes(CUT | {"N": [(300, 0), (350, 0)]})
    drawn.loc[0, "dn_mm"] = 250.0
    operations.merge(base, write(tmp_path / "new.gpkg", pipes=drawn), tmp_path / "set.gpkg", dry_run=True)
    return tmp_path / "set.gpkg"


def approve(change_set, value):
    sql(change_set, ("UPDATE proposed_lines SET approved = ? WHERE action = 'added'", (value,)))


@pytest.mark.parametrize(("value", "taken"), [
    *((v, True) for v in ("yes", "Y", "true", "TRUE ", "1", 1, "on", "x", "是")),
    *((v, False) for v in ("no", "N", "false", "0", 0, "", " ", "off", None, "否")),
])  # fmt: skip
def test_approval_is_understood_as_people_write_it(base, change_set, tmp_path, value, taken):
    from gisheat.as_built.change_set import read_change_set

    approve(change_set, value)
    features = read_change_set(change_set).features.set_index("feature_id")
    assert features["approved"]["N"] == taken
    assert features["approved"]["A"]


@pytest.mark.parametrize(("statement", "words"), [
    ("UPDATE proposed_lines SET approved = 'maybe' WHERE action = 'added'",
     "proposed_lines: approved of 'pipes:new 6:added' is 'maybe', which is neither yes nor no: tick or untick it"),
    ("UPDATE proposed_values SET approved = 'vielleicht'", "'vielleicht', which is neither yes nor no"),
    (("ALTER TABLE proposed_lines RENAME TO mine;UPDATE gpkg_contents SET table_name = 'mine' WHERE table_name ="
      " 'proposed_lines';UPDATE gpkg_geometry_columns SET table_name = 'mine' WHERE table_name = 'proposed_lines'"),
     "the layer mine is one of a change set"),
    ("ALTER TABLE proposed_values RENAME COLUMN new_value TO value", "the column new_value is missing"),
    (("ALTER TABLE proposed_values RENAME TO vals;UPDATE gpkg_contents SET table_name = 'vals' WHERE table_name ="
      " 'proposed_values'"), "no whole change set: the table proposed_values is missing"),
])  # fmt: skip
def test_what_can_not_be_understood_is_refused_and_the_base_is_as_it_was(base, change_set, tmp_path, statement, words):
    found = sql(change_set, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'proposed%'")
    queries = [f'DROP TRIGGER "{name}"' for (name,) in found]
    with closing(sqlite3.connect(change_set)) as connection:
        for query in [*queries, *statement.split(";")]:
            connection.execute(query)
        connection.commit()
    before = digest(tmp_path)
    with pytest.raises(InputError, match=words):
        operations.merge(base, change_set, in_place=True)
    assert digest(tmp_path) == before


def test_values_whose_feature_is_gone_are_told(base, change_set, tmp_path):
    sql(change_set, "DELETE FROM proposed_lines WHERE action = 'redimensioned'")
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    (text,) = said(report, "value-without-feature")
    assert text.startswith(
        "1 approved value(s) belong to no feature of the change set, such as dn_mm = 250 of A (pipes:1"
    )
    assert read(tmp_path / "o.gpkg")["dn_mm"]["A"] == 200.0
    assert report.figures["applied"] == (3, "")
    sql(change_set, "UPDATE proposed_values SET approved = 0 WHERE \"column\" = 'dn_mm'")
    assert not said(operations.merge(base, change_set, tmp_path / "p.gpkg"), "value-without-feature")


def test_a_row_of_a_group_that_was_deleted_takes_no_part_of_a_pipe_away(base, change_set, tmp_path):
    sql(change_set, "DELETE FROM proposed_lines WHERE feature_id = 'B.1'")
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    assert "rows of it were deleted" in said(report, "group-incomplete")[0]
    found = read(tmp_path / "o.gpkg")
    assert sorted(found.index) == ["A", "B", "C", "D", "N"]
    assert found.geometry["B"].equals(read(base).geometry["B"])


@pytest.mark.parametrize(("word", "stored"), [("yes", 1), ("否", 0), ("FALSE", 0), ("", None), ("2", 1)])
def test_true_and_false_are_understood_as_people_write_them(tmp_path, word, stored):
    base = write(tmp_path / "base.gpkg", pipes=pipes(dry=[True] * 4))
    new = write(tmp_path / "new.gpkg", pipes=pipes(dry=[False] * 4))
    operations.merge(base, new, tmp_path / "set.gpkg", dry_run=True)
    sql(tmp_path / "set.gpkg", ("UPDATE proposed_values SET new_value = ?", (word,)))
    report = operations.merge(base, tmp_path / "set.gpkg", tmp_path / "o.gpkg")
    assert sql(tmp_path / "o.gpkg", "SELECT dry FROM pipes WHERE fid = 1") == [(stored,)]
    assert len(said(report, "merge-conflict")) == (4 if word == "2" else 0)


def test_a_feature_of_which_no_value_is_approved_is_left(base, change_set, tmp_path):
    sql(change_set, "UPDATE proposed_values SET approved = 0 WHERE \"column\" = 'dn_mm'")
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    assert (report.figures["left"], report.figures["already there"]) == ((1, ""), (0, ""))


def test_a_geometry_drawn_into_a_change_of_values_is_told(base, change_set, tmp_path):
    sql(change_set, "UPDATE proposed_lines SET geom = (SELECT geom FROM proposed_lines WHERE action = 'added')"
                    " WHERE action = 'redimensioned'")  # fmt: skip
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    assert said(report, "geometry-not-taken")[0].startswith("A (redimensioned) was drawn otherwise in the change set")
    assert read(tmp_path / "o.gpkg")["dn_mm"]["A"] == 250.0
    assert not said(operations.merge(base, tmp_path / "new.gpkg", tmp_path / "p.gpkg"), "geometry-not-taken")


def test_an_identifier_that_is_taken_is_a_conflict_whoever_wrote_it(base, change_set, tmp_path):
    sql(change_set, "UPDATE proposed_values SET new_value = 'C' WHERE \"column\" = 'pipe_id' AND new_value = 'B.2'")
    report = operations.merge(base, change_set, tmp_path / "o.gpkg")
    assert any("the identifier C is taken by another feature" in text for text in said(report, "merge-conflict"))
    assert sorted(read(tmp_path / "o.gpkg").index) == ["A", "B", "C", "D", "N"]
    assert rules(report) == ["merge-conflict"]
    assert len(history(tmp_path / "o.gpkg")) == 2
    sql(change_set, "UPDATE proposed_values SET new_value = 'B.1' WHERE \"column\" = 'pipe_id' AND new_value = 'C'")
    report = operations.merge(base, change_set, tmp_path / "p.gpkg")
    assert sorted(read(tmp_path / "p.gpkg").index) == ["A", "B", "C", "D", "N"]


def test_a_column_that_somebody_added_to_the_change_set_is_nobody_else_s(base, change_set, tmp_path):
    sql(
        change_set, "ALTER TABLE proposed_lines ADD COLUMN note TEXT", "ALTER TABLE proposed_values ADD COLUMN who TEXT"
    )
    assert operations.merge(base, change_set, tmp_path / "o.gpkg").figures["applied"] == (4, "")


def test_a_reference_that_is_none_keeps_no_merge_away(tmp_path):
    base = write(tmp_path / "base.gpkg", pipes=pipes())
    sql(base, "CREATE TABLE log (size REAL REFERENCES pipes (dn_mm))", "INSERT INTO log VALUES (1)")
    report, output = merged(base, tmp_path, pipes=pipes(dn_mm=[300.0, 200.0, 200.0, 200.0]))
    assert report.exit_code == 0
    assert read(output)["dn_mm"]["A"] == 300.0
