"""Merges into schemas with rules of their own: unique and required columns, figures, identifiers."""

from __future__ import annotations

import geopandas as gpd
import pyogrio
import pytest
from drawings import call
from schemas import UTILITY, rows
from shapely.geometry import LineString

WAYS = {
    "A": [(0, 0), (50, 3), (100, 0)], "B": [(100, 0), (200, 0)], "C1": [(200, 0), (240, 0)],
    "C2": [(240, 0), (300, 0)], "D": [(200, 0), (200, 90)],
}  # fmt: skip


@pytest.fixture
def own(town):
    town.admin.execute(UTILITY)
    return town


def survey(tmp_path, ways=WAYS, **columns):
    lines = [LineString([(425000 + x, 5091000 + y) for x, y in way]) for way in ways.values()]
    sizes = {"A": 200.0, "B": 150.0, "C1": 200.0, "C2": 200.0, "D": 100.0}
    table = {"pipe_id": [*ways], "dn_mm": [sizes.get(name, 200.0 if name == "C" else 80.0) for name in ways], **columns}
    file = tmp_path / "survey.gpkg"
    pyogrio.write_dataframe(gpd.GeoDataFrame(table, geometry=lines, crs=4552), file, layer="pipes", driver="GPKG")
    return file


def test_parts_leave_unique_values_to_their_line_and_get_what_the_base_makes(own, tmp_path):
    own.admin.execute("ALTER TABLE own.pipes ADD asset text UNIQUE, ADD stamp uuid NOT NULL UNIQUE DEFAULT"
                      " gen_random_uuid(), ADD zone text DEFAULT 'N', ADD UNIQUE (zone, laid);"
                      " UPDATE own.pipes SET asset = 'asset ' || pipe_id, zone = nullif(zone, 'N')")  # fmt: skip
    before = rows(own)
    ran = call("merge", own.address("own"), survey(tmp_path), "--in-place")
    assert ran.code == 0, ran
    parts = own.query("SELECT gid, asset, zone, stamp FROM own.pipes WHERE pipe_id LIKE 'C%' ORDER BY gid")
    assert [row[:3] for row in parts] == [(3, "asset C", None), (5, None, None)]
    assert parts[0][3] != parts[1][3]
    own.admin.execute("ALTER TABLE own.pipes DISABLE TRIGGER counted")
    ran = call("undo", own.address("own"), "--in-place")
    assert ran.code == 0, ran
    back = rows(own, without=("history",))
    assert {n: len(r) for n, r in back.items()} == {n: len(r) for n, r in before.items()}
    assert own.query("SELECT count(*) FROM own.pipes WHERE zone IS NOT NULL") == [(0,)]


def test_what_may_not_be_empty_is_a_conflict_and_the_rest_is_merged(own, tmp_path):
    own.admin.execute("ALTER TABLE own.pipes ADD asset text UNIQUE; UPDATE own.pipes SET asset = pipe_id;"
                      "ALTER TABLE own.pipes ALTER asset SET NOT NULL")  # fmt: skip
    ways = {**WAYS, "A": [(0, 0), (50, 9), (100, 0)], "N": [(300, 0), (300, 50)]}
    ran = call("merge", own.address("own"), survey(tmp_path, ways), "--in-place")
    assert ran.code == 1, ran
    assert "C1 (split) is left as it is: asset is unique in the base and may not be empty" in ran.out + ran.err
    assert "N (added) is left as it is: asset may not be empty in the base" in ran.out + ran.err
    found = own.query("SELECT pipe_id, ST_AsText(way) FROM own.pipes ORDER BY 1")
    assert [name for name, _ in found] == ["A", "B", "C", "D"]
    assert "425050 5091009" in found[0][1]


def test_a_refused_row_is_told_with_its_feature(own, tmp_path):
    own.admin.execute("ALTER TABLE own.pipes ADD CONSTRAINT no_small CHECK (dn_mm <> 80)")
    before = rows(own)
    ways = {**WAYS, "M": [(0, 0), (0, 50)], "N": [(300, 0), (300, 50)]}
    file = survey(tmp_path, ways, small=[0.0] * 7)
    ran = call("merge", own.address("own"), file, "--in-place")
    assert ran.code == 2, ran
    assert "a rule of the database refuses the insert of M in pipes" in ran.err
    assert '"no_small"' in ran.err
    assert rows(own) == before


@pytest.mark.parametrize(("event", "gives", "words"), [
    ("UPDATE", "OLD", "keeps the update of A"), ("UPDATE", "NULL", "keeps the update of A"),
    ("DELETE", "NULL", "keeps the delete of D"), ("INSERT", "NULL", "keeps the insert of N"),
])  # fmt: skip
def test_what_a_trigger_keeps_from_being_made_is_told(own, tmp_path, event, gives, words):
    own.admin.execute(
        f"CREATE FUNCTION own.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN {gives}; END';"
        f"CREATE TRIGGER zkeep BEFORE {event} ON own.pipes FOR EACH ROW EXECUTE FUNCTION own.keep()"
    )
    ways = {"A": WAYS["A"], "B": WAYS["B"], "C": [(200, 0), (300, 0)], "N": [(300, 0), (300, 50)]}
    before = rows(own)
    file = survey(tmp_path, ways, dn_mm=[250.0, 150.0, 200.0, 80.0])
    ran = call("merge", own.address("own"), file, "--in-place", "--missing", "remove")
    assert ran.code == 2, ran
    assert words in ran.err
    assert rows(own) == before


def test_an_identifier_that_the_base_makes_itself_is_left_to_it(own, tmp_path):
    own.admin.execute("ALTER TABLE own.pipes ALTER pipe_id SET DEFAULT 'P' || nextval('own.stations_id_seq')")
    ways = {**WAYS, "N": [(300, 0), (300, 50)]}
    file = survey(tmp_path, ways, pipe_id=["A", "B", None, None, "D", None])
    ran = call("merge", own.address("own"), file, "--in-place")
    assert ran.code == 0, ran
    found = own.query("SELECT pipe_id, parent_id FROM own.pipes ORDER BY gid")
    assert [row[0][0] for row in found] == ["A", "B", "C", "D", "P", "P"]
    assert [row[1] for row in found] == [None, None, None, None, "C", None]


def test_what_comes_without_an_identifier_gets_one(own, tmp_path):
    ways = {**WAYS, "N": [(300, 0), (300, 50)]}
    file = survey(tmp_path, ways, pipe_id=["A", "B", None, None, "D", None])
    ran = call("merge", own.address("own"), file, "--in-place")
    assert ran.code == 0, ran
    found = own.query("SELECT pipe_id FROM own.pipes ORDER BY 1")
    assert [name for (name,) in found] == ["5", "A", "B", "C.1", "C.2", "D"]


@pytest.mark.parametrize("form", ["columns", "view"])
def test_parts_have_no_figures_of_the_whole(own, tmp_path, form):
    own.admin.execute("ALTER TABLE own.pipes DISABLE TRIGGER counted")  # it counts on in an undo
    address, result = own.address("own"), tmp_path / "solved.gpkg"
    assert call("run", address, "-o", result).code == 0
    assert call("write-back", address, result, "--in-place", "--form", form, "--layers", "pipes").code == 0
    shown = "pipes" if form == "columns" else "pipes_with_results"
    query = f"SELECT pipe_id, sup_flow_t_h IS NULL FROM own.{shown} ORDER BY 1"
    before = own.query(f"SELECT pipe_id, sup_flow_t_h, sup_loss_kpa FROM own.{shown} ORDER BY 1")
    assert not any(empty for _, empty in own.query(query))
    assert call("merge", address, survey(tmp_path), "--in-place").code == 0
    assert [name for name, empty in own.query(query) if empty] == ["C1", "C2"]
    assert call("undo", address, "--in-place").code == 0
    assert own.query(f"SELECT pipe_id, sup_flow_t_h, sup_loss_kpa FROM own.{shown} ORDER BY 1") == before
    assert call("undo", address, "--in-place", "--to", "1").code == 0
    assert [name for name, empty in own.query(query) if empty] == ["C1", "C2"]
    assert call("write-back", address, "--in-place", "--remove").code == 0
    assert call("undo", address, "--in-place", "--to", "0").code == 0
    assert [name for (name,) in own.query("SELECT pipe_id FROM own.pipes ORDER BY 1")] == ["A", "B", "C", "D"]


def test_a_change_set_in_a_schema_is_approved_in_words(own, tmp_path):
    ways = {**WAYS, "N": [(300, 0), (300, 50)]}
    assert call("merge", own.address("own"), survey(tmp_path, ways), "--dry-run", "-o", own.address("set")).code == 0
    own.admin.execute(
        'ALTER TABLE "set".proposed_lines ALTER approved TYPE text;'
        "UPDATE \"set\".proposed_lines SET approved = CASE WHEN action = 'added' THEN 'no' ELSE '\u662f' END"
    )
    ran = call("merge", own.address("own"), own.address("set"), "-o", own.address("next"))
    assert ran.code == 0, ran
    assert [n for (n,) in own.query("SELECT pipe_id FROM next.pipes ORDER BY 1")] == ["A", "B", "C1", "C2", "D"]
    own.admin.execute("UPDATE \"set\".proposed_lines SET approved = 'later' WHERE action = 'added'")
    ran = call("merge", own.address("own"), own.address("set"), "--in-place")
    assert ran.code == 2
    assert "is 'later', which is neither yes nor no" in ran.err


@pytest.mark.parametrize(("kind", "wanted", "kept"), [
    ("numeric(6,1)", 207.04, "207.0"), ("numeric(6,1)", 207.05, "207.1"), ("real", 207.0123456789, "207.01234"),
    ("numeric(6,-1)", 215.0, "220"),
])  # fmt: skip
def test_a_value_that_its_column_rounds_is_there_when_it_comes_again(own, tmp_path, kind, wanted, kept):
    own.admin.execute(f"ALTER TABLE own.pipes ADD inner_diameter_mm {kind}")
    query = "SELECT inner_diameter_mm::text FROM own.pipes WHERE pipe_id = 'A'"
    ways = {**WAYS, "C": [(200, 0), (300, 0)]}
    ways = {name: ways[name] for name in "ABCD"}
    bores = [wanted, None, None, None]
    assert call("merge", own.address("own"), survey(tmp_path, ways, inner_diameter_mm=bores), "--in-place").code == 0
    assert own.query(query) == [(kept,)]
    ways["B"] = [(100, 0), (150, 5), (200, 0)]  # what changes besides is merged
    ran = call("merge", own.address("own"), survey(tmp_path, ways, inner_diameter_mm=bores), "--in-place")
    assert ran.code == 0, ran
    assert own.query(query) == [(kept,)]
    assert own.query("SELECT ST_NPoints(way) FROM own.pipes WHERE pipe_id = 'B'") == [(3,)]


NUMBERS = "ALTER TABLE own.pipes ALTER pipe_id TYPE {} USING array_position(ARRAY['A','B','C','D'], pipe_id::text) + 4"


def test_parts_have_whole_numbers_where_identifiers_have_no_decimals(own, tmp_path):
    own.admin.execute("ALTER TABLE own.pipes DROP CONSTRAINT pipes_pipe_id_key; DROP VIEW own.wide;"
                      + NUMBERS.format("numeric(10,0)"))  # fmt: skip
    ways = {**WAYS, "N": [(300, 0), (300, 50)]}
    file = survey(tmp_path, ways, pipe_id=["5", "6", None, None, "8", None])
    ran = call("merge", own.address("own"), file, "--in-place")
    assert ran.code == 0, ran
    found = own.query("SELECT pipe_id::int FROM own.pipes ORDER BY 1")
    assert [name for (name,) in found] == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("default", ["NULL::character varying", "''"])
def test_a_default_that_is_the_same_for_all_makes_no_identifiers(own, tmp_path, default):
    own.admin.execute(f"ALTER TABLE own.pipes ALTER pipe_id SET DEFAULT {default}")
    ways = {**WAYS, "N": [(300, 0), (350, 0)]}
    ran = call("merge", own.address("own"), survey(tmp_path, ways, pipe_id=[*WAYS, None]), "--in-place")
    assert ran.code == 0, ran
    assert own.query("SELECT count(*) FROM own.pipes WHERE coalesce(pipe_id, '') = ''") == [(0,)]


NONE_OF_80 = """CREATE FUNCTION own.no() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF NEW.dn_mm = 80 THEN RAISE EXCEPTION ''none of 80''; END IF; RETURN NEW; END';
    CREATE TRIGGER no BEFORE INSERT ON own.pipes FOR EACH ROW EXECUTE FUNCTION own.no()"""


@pytest.mark.parametrize(("rule", "column", "value", "words"), [
    (NONE_OF_80, "dn_mm", 80.0, "(none of 80)"),
    ("ALTER TABLE own.pipes ADD inner_diameter_mm numeric(4,1)", "inner_diameter_mm", 1400.0, "overflow"),
    ("CREATE TYPE own.stage AS ENUM ('planned', 'existing'); ALTER TABLE own.pipes ADD material own.stage", "material",
     "bronze", "invalid input value for enum"),
])  # fmt: skip
def test_what_types_and_triggers_refuse_is_told_with_the_feature(own, tmp_path, rule, column, value, words):
    own.admin.execute(rule)
    before = rows(own)
    ways = {name: WAYS[name] for name in "ABD"} | {"C": [(200, 0), (300, 0)], "N": [(300, 0), (300, 50)]}
    given = [200.0, 150.0, 100.0, 200.0, value] if column == "dn_mm" else [None, None, None, None, value]
    ran = call("merge", own.address("own"), survey(tmp_path, ways, **{column: given}), "--in-place")
    assert ran.code == 2, ran
    assert "a rule of the database refuses the insert of N in pipes" in ran.err
    assert words in ran.err
    assert rows(own) == before


def test_identifiers_that_are_the_feature_ids_are_given_by_the_base(own, tmp_path):
    own.admin.execute(
        "DROP VIEW own.wide; ALTER TABLE own.pipes DROP pipe_id; ALTER TABLE own.pipes RENAME gid TO pipe_id"
    )
    ways = {**WAYS, "A": [(0, 0), (50, 9), (100, 0)], "N": [(300, 0), (300, 50)]}
    file = survey(tmp_path, ways, pipe_id=[1, 2, 12, 13, 4, 14])
    ran = call("merge", own.address("own"), file, "--in-place")
    assert ran.code == 0, ran
    assert (
        "14 is no feature id of the base; what CHANGES adds under this identifier becomes its next number." in ran.out
    )
    found = own.query("SELECT pipe_id, parent_id, round(ST_Length(way)) FROM own.pipes ORDER BY 1")
    assert found == [(1, None, 102), (2, None, 100), (3, None, 60), (4, None, 90), (5, "3", 40), (6, None, 50)]
    told = own.query("SELECT row_fid, feature_id FROM own.history WHERE action = 'insert' ORDER BY 1")
    assert told == [(5, ""), (6, "")]
    again = call("merge", own.address("own"), file, "--in-place")
    assert "applied        0" in again.out, again
