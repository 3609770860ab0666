"""Results on the features of a schema: as columns, as a view, in a copy; nothing else of the database changes."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import psycopg
import pytest
from drawings import sentence
from schemas import UTILITY, definitions, end_sessions, rows
from servers import PASSWORD, Town

import gisheat
from gisheat import database, operations
from gisheat.database import sessions
from gisheat.errors import InputError
from gisheat.layers import read_table
from gisheat.operations import writing_back

OPEN_SCHEMA = Path(__file__).parents[1] / "qgis" / "open_schema.py"
WRITTEN = ("gisheat_columns", "_results", "_with_results", "layer_styles")
"""What the names of things have in them that write-back makes."""


@pytest.fixture(scope="module")
def template(server, tmp_path_factory):
    """A utility's schema, its result in a schema and in a file, and an own style of theirs."""
    town = Town(server)
    town.admin.execute(UTILITY)
    file = tmp_path_factory.mktemp("solved") / "result.gpkg"
    gisheat.run(town.address("own"), output=file)
    gisheat.run(town.address("own"), output=town.address("result"))
    town.admin.execute(
        "INSERT INTO public.layer_styles (f_table_schema, f_table_name, f_geometry_column, stylename, useasdefault,"
        " owner) VALUES ('own', 'pipes', 'way', 'theirs', true, 'them')"
    )
    town.admin.close()
    yield town.name, file
    server.drop(town.name)


@pytest.fixture
def own(server, template):
    town = Town(server, template[0])
    town.admin.execute("UPDATE layer_styles SET f_table_catalog = current_database()")
    town.result = template[1]
    yield town
    town.admin.close()
    server.drop(town.name)


def own_rows(town, names, schema="own"):
    """Every value of the columns that the utility's tables had, of all their rows, with where PostgreSQL keeps them."""
    return {
        table: town.query(f"SELECT ROW({', '.join(columns)})::text FROM {schema}.{table} ORDER BY 1")
        for table, columns in names.items()
    }


def own_names(town):
    query = """SELECT table_name::text,
        array_agg('"' || replace(column_name, '"', '""') || '"' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'own' GROUP BY 1"""
    return dict(town.query(query))


def figures(town, table, columns, key):
    return {row[0]: row[1:] for row in town.query(f"SELECT {key}, {columns} FROM {table}")}


@pytest.mark.parametrize("result", ["file", "schema"])
@pytest.mark.parametrize("form", ["columns", "view"])
def test_figures_are_those_of_the_result_and_nothing_else_changes(own, form, result):
    names, defined = own_names(own), definitions(own)
    before, others = own_rows(own, names), rows(own, "result")
    styles = own.query("SELECT l::text FROM layer_styles l ORDER BY id")
    report = operations.write_back(
        own.address("own"), own.result if result == "file" else own.address("result"), in_place=True, form=form
    )
    assert "base-changed" not in {f.rule for f in report.findings}
    shown = "own.pipes" if form == "columns" else "own.pipes_with_results"
    columns = "sup_flow_t_h, ret_friction_pa_m, on_critical_path"
    solved = figures(own, "result.pipes", columns, "pipe_id")
    assert figures(own, shown, columns, "pipe_id") == solved
    assert {len(values) - values.count(None) for values in solved.values()} == {3}
    assert own_rows(own, names) == before
    assert rows(own, "result") == others
    now = definitions(own, WRITTEN)
    assert defined <= {*now, *(d for d in defined if any(word in str(d) for word in WRITTEN))}
    new = {(d[1], d[2]) for d in now - defined}
    if form == "view":
        assert new == set()
        assert own.query(f"SELECT count(*) FROM {shown} WHERE way IS NOT NULL") == [(4,)]
    else:
        assert ("own.pipes", "sup_flow_t_h") in new
        assert {table for table, _ in new} == {"own.pipes", "own.stations", "own.sources"}
    told = own.query("SELECT l::text FROM layer_styles l WHERE owner <> 'gisheat write-back' ORDER BY id")
    assert told == styles
    mine = own.query("SELECT DISTINCT f_table_name, useasdefault FROM layer_styles WHERE owner = 'gisheat write-back'"
                     " AND f_table_name LIKE 'pipes%%' ORDER BY 2")  # fmt: skip
    assert mine == ([("pipes", False)] if form == "columns"
                    else [("pipes_with_results", False), ("pipes_with_results", True)])  # fmt: skip


@pytest.mark.parametrize("forms", [("columns", "columns"), ("view", "columns", "view")])
def test_a_second_time_replaces_and_remove_leaves_nothing(own, forms):
    before, defined = rows(own), definitions(own)
    versions = own.query("SELECT xmin::text FROM own.pipes ORDER BY gid")
    for form in forms:
        report = operations.write_back(own.address("own"), own.result, in_place=True, form=form)
        assert "base-changed" not in {f.rule for f in report.findings}
    assert own.query("SELECT edits FROM own.pipes WHERE edits <> 0") == []  # no trigger of theirs ran
    assert len(own.query("SELECT 1 FROM own.gisheat_columns WHERE contract_column = 'sup_flow_t_h'")) == 1
    report = operations.write_back(own.address("own"), in_place=True, remove=True)
    assert report.figures["pipes: columns taken away"][0] > 5
    assert rows(own) == before
    assert definitions(own) == defined
    assert own.query("SELECT 1 FROM layer_styles WHERE owner = 'gisheat write-back'") == []
    assert len(versions) == 4


def test_figures_of_a_second_result_take_the_place_of_the_first(own, tmp_path):
    operations.write_back(own.address("own"), own.result, in_place=True)
    warm = figures(own, "own.pipes", "sup_flow_t_h", "pipe_id")
    gisheat.run(own.address("own"), output=tmp_path / "cold.gpkg", return_temp_c=50.0)
    operations.write_back(own.address("own"), tmp_path / "cold.gpkg", in_place=True, layers="pipes")
    cold = {r.pipe_id: (r.sup_flow_t_h,) for r in read_table("pipes", f"{tmp_path / 'cold.gpkg'}|pipes").itertuples()}
    assert figures(own, "own.pipes", "sup_flow_t_h", "pipe_id") == cold
    report = operations.write_back(own.address("own"), own.result, in_place=True, columns="sup_flow_t_h")
    assert "base-changed" not in {f.rule for f in report.findings}
    assert figures(own, "own.pipes", "sup_flow_t_h", "pipe_id") == warm
    assert "ret_flow_t_h" not in database.column_names(own.place("own"), "pipes")


def test_one_table_of_a_schema(own):
    before = rows(own, without=("stations", "gisheat_columns"))
    operations.write_back(f"{own.address('own')}|stations", own.result, in_place=True)
    assert rows(own, without=("stations", "gisheat_columns")) == before
    assert own.query("SELECT count(surplus_head_m) FROM own.stations") == [(2,)]


@pytest.mark.parametrize("form", ["columns", "view"])
def test_a_copy_in_another_schema_or_in_a_geopackage(own, tmp_path, form):
    before = rows(own)
    operations.write_back(own.address("own"), own.result, own.address("copy"), form=form)
    operations.write_back(own.address("own"), own.result, tmp_path / "copy.gpkg", form=form)
    assert rows(own) == before
    shown = "pipes" if form == "columns" else "pipes_with_results"
    expected = figures(own, "result.pipes", "sup_velocity_m_s", "pipe_id")
    assert figures(own, f"copy.{shown}", "sup_velocity_m_s", "pipe_id") == expected
    found = read_table("pipes", f"{tmp_path / 'copy.gpkg'}|{shown}").set_index("pipe_id")["sup_velocity_m_s"]
    assert {name: (value,) for name, value in found.items()} == expected
    theirs = "SELECT count(*) FROM layer_styles WHERE f_table_schema = 'copy' AND stylename = 'theirs'"
    assert own.query(theirs) == [(1,)]


def test_qgis_opens_the_view_and_the_layer_styled(own, tmp_path):
    own.admin.execute("DELETE FROM layer_styles")
    operations.write_back(own.address("own"), own.result, in_place=True, form="view", layers="pipes")
    place_of = ("127.0.0.1", str(own.server.port), own.name, "own", tmp_path / "map.png", "gid")
    ran = subprocess.run(["/usr/bin/python3", OPEN_SCHEMA, *place_of], capture_output=True, text=True, check=False)
    view = json.loads(ran.stdout)["layers"]["pipes_with_results"]
    assert (view["valid"], view["features"], view["crs"]) == (True, 4, "EPSG:4552")
    assert view["renderer"] == "RuleRenderer"
    assert view["styles"][0] == "gisheat: Specific friction"
    assert view["aliases"]


def test_what_the_base_changed_since_is_told(own):
    own.admin.execute("UPDATE own.pipes SET dn_mm = 125 WHERE pipe_id = 'B'")
    report = operations.write_back(own.address("own"), own.result, in_place=True)
    assert "base-changed" in {f.rule for f in report.findings}


def test_what_cant_be_written_is_one_sentence_and_nothing_is_done(own, monkeypatch):
    monkeypatch.setitem(sessions.SETTINGS, "lock_timeout", "200")
    before, defined, base = rows(own), definitions(own), own.address("own")
    with psycopg.connect(own.admin.info.dsn) as other:
        other.execute("UPDATE own.pipes SET dn_mm = 1")
        said = sentence("write-back", base, own.result, "--in-place")
        assert "own can't be changed: another session holds a table locked" in said
        other.rollback()
    with psycopg.connect(own.admin.info.dsn) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('gisheat'), hashtext('own'))")
        said = sentence("write-back", base, own.result, "--in-place")
        assert "own can't be changed: another run is writing this schema" in said
    own.admin.execute("GRANT USAGE ON SCHEMA own TO planner; GRANT SELECT ON ALL TABLES IN SCHEMA own TO planner")
    theirs = own.address("own", user=f"planner:{PASSWORD}")
    for form in ("columns", "view"):
        said = sentence("write-back", theirs, own.result, "--in-place", "--form", form)
        assert "no right to do this" in said
        assert PASSWORD not in said
    own.admin.execute("REVOKE ALL ON SCHEMA own FROM planner; REVOKE ALL ON ALL TABLES IN SCHEMA own FROM planner")
    wide = "--columns sup_flow_t_h,no_column"
    assert "no_column" in sentence("write-back", base, own.result, "--in-place", *wide.split())
    assert "is the base itself" in sentence("write-back", base, base, "--in-place")
    assert rows(own) == before
    assert {d[:4] for d in definitions(own)} == {d[:4] for d in defined}


def test_a_view_of_theirs_on_a_written_column_stays(own):
    operations.write_back(own.address("own"), own.result, in_place=True)
    own.admin.execute("CREATE VIEW own.flows AS SELECT sup_flow_t_h FROM own.pipes")
    before = rows(own)
    assert "view own.flows" in sentence("write-back", own.address("own"), "--in-place", "--remove")
    assert rows(own) == before


def test_a_session_ended_at_any_moment_leaves_all_as_it_was_or_all_that_is_written(own, monkeypatch):
    """Whatever moment it is ended at after the result is read."""
    before, started, wait = rows(own), [], []

    def opened(*arguments):
        started.append(time.perf_counter())
        if wait:
            threading.Timer(wait[-1], end_sessions, [own]).start()
        return usual(*arguments)

    usual = writing_back._stores
    monkeypatch.setattr(writing_back, "_stores", opened)
    operations.write_back(own.address("own"), own.result, in_place=True, layers="pipes")
    took, new = time.perf_counter() - started[-1], rows(own)
    operations.write_back(own.address("own"), in_place=True, remove=True)
    lost = []
    for moment in np.linspace(0.0, took, 10):
        wait.append(moment)
        try:
            operations.write_back(own.address("own"), own.result, in_place=True, layers="pipes")
        except InputError as error:
            lost.append(str(error))
        wait.clear()
        while threading.active_count() > 1 and any(isinstance(t, threading.Timer) for t in threading.enumerate()):
            time.sleep(0.01)
        now = rows(own)
        assert now in (before, new)
        if now == new:
            operations.write_back(own.address("own"), in_place=True, remove=True)
    assert all("the connection was lost" in said for said in lost)
    assert len(lost) > 2
