"""Results and project files of earlier versions are read, each with a sentence; newer ones say what to update."""

from __future__ import annotations

import lzma
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gisheat import InputError, operations, schema, versions
from gisheat.cli import main
from gisheat.geopackage import run_record
from gisheat.operations import running
from gisheat.project import read_project

STORED = Path(__file__).parent / "versions"
NAMES = ("components", "routing", "desk")
"""Results that gisheat made at commits of its own history: tests/versions/make_results.py says how."""
SIZES = "dn_mm,outer_diameter_mm,wall_mm\n100,108,4\n150,159,4.5\n200,219,6\n250,273,6\n"
"""The catalogue they were made with."""
PROJECT = """
[layers]
pipes = "town.gpkg|pipes"
"""


@pytest.fixture(params=NAMES)
def stored(request, tmp_path):
    return unpacked(request.param, tmp_path)


def unpacked(name, folder):
    result = folder / f"{name}.gpkg"
    result.write_bytes(lzma.decompress((STORED / f"{name}.gpkg.xz").read_bytes()))
    (folder / "sizes.csv").write_text(SIZES, encoding="utf-8")
    return result


def written_figure(result, key):
    with closing(sqlite3.connect(result)) as connection:
        return float(connection.execute("SELECT value FROM summary WHERE key = ?", (key,)).fetchone()[0])


def with_record(result, **values):
    with closing(sqlite3.connect(result)) as connection, connection:
        for key, value in values.items():
            connection.execute("UPDATE run SET value = ? WHERE key = ?", (value, key.replace("_", " ")))
    return result


def changes(monkeypatch, *rows):
    monkeypatch.setattr(versions, "all_changes", lambda: tuple(versions.Change(*row) for row in rows))


# results of earlier versions ---------------------------------------------------------------------------------


def test_an_earlier_result_is_looked_at_and_solved_with_its_own_options(stored, tmp_path):
    assert run_record(stored)["schema version"] == "1"
    told = operations.explain(stored, pipe="T1")
    assert "rough, roughness 0.5 mm" in told.text
    notes = [note for note in told.notes if "schema 1, read as schema 2" in note]
    assert len(notes) == 1
    again = operations.solve(stored, output=tmp_path / "again.gpkg")
    assert any("options of its run record (" in note and "friction = rough" in note for note in again.notes)
    if stored.stem == "components":  # its valve had no effect then; it takes (G / (500 kg/m3 Kv))^2 bar now
        assert "valves" in notes[0]
        assert again.figures["pump head"][0] > written_figure(stored, "pump head") + 10.0
    else:
        assert again.figures["pump head"][0] == pytest.approx(written_figure(stored, "pump head"), abs=1e-3)


def test_earlier_results_have_the_same_features_as_today_s(tmp_path):
    """No column, identifier or place of the first version is taken for another one today."""
    first, last = (unpacked(name, tmp_path) for name in ("components", "desk"))
    report = operations.compare(first, last, tmp_path / "changes.gpkg", effects=False)
    found = {key: value for key, (value, _) in report.figures.items() if key.startswith(("pipes", "stations"))}
    # the first did not cut the pipe at its valve
    assert found == {"pipes split": 2}


def test_a_table_of_an_earlier_result_has_its_pipes(stored, tmp_path):
    operations.table(stored, tmp_path / "table.csv", rows="network")
    text = (tmp_path / "table.csv").read_text(encoding="utf-8-sig")
    assert all(name in text for name in ("T1", "B1", "B2", "C1"))


def test_a_result_of_a_newer_version_says_what_to_update(tmp_path):
    newer = with_record(unpacked("desk", tmp_path), schema_version="99", gisheat_version="9.1")
    expected = "was written by gisheat 9.1 with schema 99, and this gisheat reads up to schema 2: update gisheat"
    for attempt in (
        lambda: operations.solve(newer, output=tmp_path / "a.gpkg"),
        lambda: operations.explain(newer, pipe="T1"),
        lambda: operations.compare(newer, newer, tmp_path / "b.gpkg"),
    ):
        with pytest.raises(InputError, match=expected):
            attempt()
    assert not (tmp_path / "a.gpkg").exists()


@pytest.mark.parametrize("value", ["0", "two", "1.5", "-1"])
def test_a_version_that_is_none_is_one_sentence(value, tmp_path):
    with pytest.raises(InputError, match="version of its schema is"):
        operations.check(with_record(unpacked("desk", tmp_path), schema_version=value))


def test_columns_and_options_with_another_name_are_read_under_the_one_of_today(monkeypatch, tmp_path):
    """A future change: what this version calls roughness_mm and friction was called otherwise before."""
    old = unpacked("desk", tmp_path)
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("ALTER TABLE stations RENAME COLUMN heated_area_m2 TO area_served")
        connection.execute("UPDATE run SET key = 'option law' WHERE key = 'option friction'")
    changes(
        monkeypatch,
        (2, "column", "stations", "area_served", "heated_area_m2", ""),
        (2, "option", "", "law", "friction", ""),
    )
    told = operations.explain(old, pipe="T1")
    assert "rough, roughness 0.5 mm" in told.text
    assert any("stations.area_served is heated_area_m2 today" in note for note in told.notes)
    solved = operations.solve(old, output=tmp_path / "solved.gpkg")
    assert solved.figures["pump head"][0] == pytest.approx(written_figure(old, "pump head"), abs=1e-3)


def test_a_file_that_gisheat_did_not_write_has_no_version_to_note(tmp_path):
    told = operations.check(Path(__file__).parents[1] / "sample_gis" / "mulan" / "mulan.gpkg")
    assert not any("schema" in note for note in told.notes)


# catalogues in run records -----------------------------------------------------------------------------------


def own_catalogue(folder):
    """A result made with a catalogue of one's own, beside which another folder holds the result."""
    (folder / "out").mkdir(parents=True)
    drawn = unpacked("desk", folder)
    operations.run(drawn, output=folder / "out" / "new.gpkg", catalogue=str(folder / "sizes.csv"))
    return folder / "out" / "new.gpkg"


def test_an_own_catalogue_is_recorded_as_it_lies_from_the_result(tmp_path):
    records = [run_record(own_catalogue(tmp_path / name)) for name in ("one", "another")]
    assert records[0]["option catalogue"] == "../sizes.csv"
    clock = ("started", "duration")
    first, second = ({k: v for k, v in record.items() if k not in clock} for record in records)
    assert first == second


def test_an_own_catalogue_is_found_again_where_both_were_moved_to(tmp_path):
    result = own_catalogue(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "out" / result.name
    found = running.recorded_options(operations.explain, moved)["catalogue"]
    assert Path(found) == tmp_path / "moved" / "sizes.csv"


def test_a_catalogue_that_has_changed_or_gone_is_one_sentence_unless_another_is_named(tmp_path):
    result = own_catalogue(tmp_path / "one")
    sizes = tmp_path / "one" / "sizes.csv"
    sizes.write_text(SIZES.replace("108,4\n", "108,5\n"), encoding="utf-8")
    with pytest.raises(InputError, match=r"made with the catalogue '\.\./sizes\.csv'.*has changed.*--catalogue"):
        operations.explain(result, pipe="T1")
    sizes.rename(tmp_path / "one" / "other.csv")
    with pytest.raises(InputError, match="that is not there any more: name it with --catalogue"):
        operations.explain(result, pipe="T1")
    assert operations.explain(result, pipe="T1", catalogue=str(tmp_path / "one" / "other.csv")).text


# project files -------------------------------------------------------------------------------------------------


def project(folder, text):
    path = folder / "project.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_project_file_may_name_its_version(tmp_path):
    assert read_project(project(tmp_path, f"schema = {schema.SCHEMA_VERSION}\n{PROJECT}")).notes == ()
    assert read_project(project(tmp_path, PROJECT)).notes == ()


def test_a_project_file_of_a_newer_version_says_what_to_update_before_anything_else(tmp_path, capsys):
    path = project(tmp_path, "schema = 99\n[of_the_future]\n" + PROJECT)
    with pytest.raises(SystemExit) as end:
        main(["check", str(path)])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert "with schema 99, and this gisheat reads up to schema 2: update gisheat" in said


@pytest.mark.parametrize("value", ['"two"', "1.5", "true", "0"])
def test_a_version_of_a_project_file_that_is_none_is_one_sentence(value, tmp_path):
    with pytest.raises(InputError, match="version of its schema is"):
        read_project(project(tmp_path, f"schema = {value}\n{PROJECT}"))


def test_old_names_in_a_project_file_are_read_with_a_note_and_unknown_ones_are_refused(monkeypatch, tmp_path):
    changes(
        monkeypatch, (2, "option", "", "law", "friction", ""), (2, "option", "", "gone", "", "it had no effect"),
        (2, "column", "pipes", "nominal", "dn_mm", ""), (2, "layer", "", "tubes", "pipes", ""),
    )  # fmt: skip
    text = """
[layers]
tubes = "town.gpkg|pipes"
[columns.tubes]
nominal = "size"
[options]
law = "rough"
gone = 3
[scenarios.night]
law = "altshul"
"""
    read = read_project(project(tmp_path, text))
    assert dict(read.options) == {"friction": "rough"}
    assert dict(read.scenarios["night"]) == {"friction": "altshul"}
    assert dict(read.columns["pipes"]) == {"dn_mm": "size"}
    assert set(read.layers) == {"pipes"}
    said = " ".join(read.notes)
    for words in ("option law: read as friction", "option gone: no longer there; it had no effect", "pipes.nominal"):
        assert words in said
    with pytest.raises(InputError, match="'lwa' is unknown"):
        running.resolve_options(operations.solve, read_project(project(tmp_path, "[options]\nlwa = 1\n")), {})
    with pytest.raises(InputError, match="'law' is unknown"):  # it says that it is of today
        running.resolve_options(
            operations.solve, read_project(project(tmp_path, 'schema = 2\n[options]\nlaw = "rough"\n')), {}
        )


# the table of changes ------------------------------------------------------------------------------------------


def test_every_change_leads_to_a_name_of_today_and_stands_in_the_docs():
    page = (Path(__file__).parents[1] / "docs" / "versions.md").read_text(encoding="utf-8")
    options = {p.name for operation in (operations.run, operations.sweep) for p in running.parameters(operation)}
    for change in versions.all_changes():
        assert 1 < change.schema <= schema.SCHEMA_VERSION
        assert f"`{change.old}`" in page
        today = {"column": schema.columns(change.layer), "option": options, "layer": schema.GEOMETRY}.get(
            change.kind, ()
        )
        assert not change.new or change.new in today
        assert change.kind == "rule" or change.old not in today
    assert f"## Schema {schema.SCHEMA_VERSION}" in page
