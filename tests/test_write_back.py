"""Results on the utility's own features: which values, under which names, and nothing else changed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pyogrio
import pytest
from drawings import altered, call, digest, layer, line, names_in, point, solved, town, write
from utility_maps import content, drawn_through, utility_map, without_written

from gisheat import InputError, operations
from gisheat.schema import columns
from gisheat.write_back.part_rules import PartRule, combine, part_rules
from gisheat.write_back.values import writable_columns


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A utility's map and its result."""
    base = utility_map(tmp_path_factory.mktemp("utility") / "base.gpkg")
    return base, solved(base)


@pytest.fixture
def base(case, tmp_path):
    """A map of one's own, which may be changed."""
    return shutil.copy(case[0], tmp_path / "base.gpkg")


def rows(path, name, key):
    return pyogrio.read_dataframe(path, layer=name, read_geometry=False).set_index(key)


# values --------------------------------------------------------------------------------------------------


def test_a_drawn_pipe_gets_one_value_of_its_parts_by_the_rule_of_each_column(case, tmp_path):
    base, result = case
    operations.write_back(base, result, tmp_path / "copy.gpkg")
    found, parts = rows(tmp_path / "copy.gpkg", "pipes", "pipe_id"), rows(result, "pipes", "pipe_id")
    of_l = parts.loc[["L.1", "L.2"]]
    assert of_l["sup_flow_t_h"].nunique() == 2
    got = found.loc["L"]
    assert got["sup_flow_t_h"] == of_l["sup_flow_t_h"].max()
    assert got["sup_velocity_m_s"] == of_l["sup_velocity_m_s"].max()
    assert got["ret_friction_pa_m"] == of_l["ret_friction_pa_m"].max()
    assert got["gisheat_sup_loss_kpa"] == pytest.approx(of_l["sup_loss_kpa"].sum(), abs=1e-6)
    assert got["ret_loss_kpa"] == pytest.approx(of_l["ret_loss_kpa"].sum(), abs=1e-6)
    assert got["equivalent_length_m"] == pytest.approx(0.15 * 200.0)
    assert got["on_critical_path"]
    assert found.loc["B", "sup_flow_t_h"] == parts.loc["B", "sup_flow_t_h"]
    assert found.loc["B", "on_critical_path"] == parts.loc["B", "on_critical_path"]
    assert pd.isna(found.loc["old", "sup_flow_t_h"])


def test_stations_and_sources_get_their_heads(case, tmp_path):
    base, result = case
    operations.write_back(base, result, tmp_path / "copy.gpkg")
    for name, key, column in (("stations", "station_id", "surplus_head_m"), ("sources", "source_id", "pump_head_m")):
        found, expected = rows(tmp_path / "copy.gpkg", name, key), rows(result, name, key)
        assert found[column].tolist() == expected[column].tolist()
        assert found[column].notna().all()


def test_what_is_an_input_is_written_when_it_is_asked_for_and_never_under_its_own_name(case, tmp_path):
    """A flow or a diameter under its own name would be taken as given by the next run."""
    base, result = case
    copy = tmp_path / "copy.gpkg"
    operations.write_back(base, result, copy, columns="flow_t_h, dn_mm, served")
    stations = rows(copy, "stations", "station_id")
    assert [c for c in stations if c.startswith("gisheat_")] == ["gisheat_flow_t_h"]
    assert stations["gisheat_flow_t_h"].tolist() == rows(result, "stations", "station_id")["flow_t_h"].tolist()
    assert rows(copy, "pipes", "pipe_id")["gisheat_dn_mm"].tolist() == [150.0, 100.0, 80.0]
    assert "served" in stations


def test_the_next_run_on_the_base_finds_what_it_found_before(case, tmp_path):
    base, result = case
    copy = tmp_path / "copy.gpkg"
    operations.write_back(base, result, copy)
    again = solved(copy)
    for name, key in (("pipes", "pipe_id"), ("stations", "station_id"), ("nodes", "node_id"), ("sources", "source_id")):
        first, second = rows(result, name, key), rows(again, name, key)
        pd.testing.assert_frame_equal(second[first.columns], first)
    compared = operations.compare(base, copy, tmp_path / "changes.gpkg")
    assert [key for key in compared.figures if key.endswith(("added", "removed", "reattributed", "moved"))] == []


def test_drawn_supply_and_return_get_their_own_side_alone(tmp_path):
    """Two lines of one trench that are made one have one row; each says nothing of the other pipe."""
    pipes = layer(
        [line((0, 0), (200, 0)), line((200, 1), (0, 1))], pipe_id=["S", "R"], dn_mm=[150.0, 150.0],
        line=["supply", "return"],
    )  # fmt: skip
    base = write(tmp_path / "base.gpkg", town(
        pipes=pipes, stations=layer([point(200, 0)], station_id=["H1"], load_kw=[500.0], ground_m=[100.0])
    ))  # fmt: skip
    result = solved(base, parallel_pairs="merge")
    operations.write_back(base, result, tmp_path / "copy.gpkg")
    found, trench = rows(tmp_path / "copy.gpkg", "pipes", "pipe_id"), rows(result, "pipes", "pipe_id").iloc[0]
    assert found.loc["S", "sup_loss_kpa"] == pytest.approx(trench["sup_loss_kpa"], abs=2e-6)
    assert pd.isna(found.loc["S", "ret_loss_kpa"])
    assert pd.isna(found.loc["R", "sup_loss_kpa"])
    assert abs(found.loc["R", "ret_loss_kpa"]) == pytest.approx(trench["ret_loss_kpa"], rel=0.02)


def test_joined_pipes_share_the_loss_of_their_row_by_length_and_turn_its_sign(tmp_path):
    """A of 60 m and B of 140 m, drawn against each other, are made one row: 30 and 70 % of its loss."""
    pipes = layer([line((0, 0), (60, 0)), line((200, 0), (60, 0))], pipe_id=["A", "B"], status=["planned"] * 2)
    base = write(tmp_path / "base.gpkg", town(
        pipes=pipes, stations=layer([point(200, 0)], station_id=["H1"], load_kw=[500.0], ground_m=[100.0])
    ))  # fmt: skip
    result = solved(base, merge_pseudo_nodes=True)
    (row,) = rows(result, "pipes", "pipe_id").itertuples()
    operations.write_back(base, result, tmp_path / "copy.gpkg")
    found = rows(tmp_path / "copy.gpkg", "pipes", "pipe_id")
    assert abs(found.loc["A", "sup_loss_kpa"]) == pytest.approx(0.3 * abs(row.sup_loss_kpa), abs=2e-6)
    assert found.loc["A", "sup_loss_kpa"] * found.loc["B", "sup_loss_kpa"] < 0.0
    assert found["sup_loss_kpa"].abs().sum() == pytest.approx(abs(row.sup_loss_kpa), abs=2e-6)
    assert found.loc["A", "sup_flow_t_h"] == -found.loc["B", "sup_flow_t_h"] > 0.0


def test_streets_get_the_figures_of_the_trench_in_them_and_buildings_those_of_their_station(tmp_path):
    streets = layer([line((0, 0), (200, 0)), line((200, 0), (400, 0))], street_id=["A", "B"])
    houses = layer([point(150, 10).buffer(5), point(160, 40).buffer(5)], building_id=["b1", "b2"],
                   station_id=["H1", None], heated_area_m2=[8000.0, 9.0])  # fmt: skip
    base = write(tmp_path / "base.gpkg", {
        "streets": streets, "buildings": houses,
        "stations": layer([point(150, 5)], station_id=["H1"], load_kw=[500.0], ground_m=[100.0]),
        "sources": town()["sources"],
    })  # fmt: skip
    result = solved(base, connect_buildings="never")
    operations.write_back(base, result, tmp_path / "copy.gpkg", columns="sup_flow_t_h,served")
    found = rows(tmp_path / "copy.gpkg", "streets", "street_id")["gisheat_sup_flow_t_h"]
    pipes = rows(result, "pipes", "pipe_id")
    assert found["A"] == pipes.loc[pipes["street_id"] == "A", "sup_flow_t_h"].abs().max()
    assert pd.isna(found["B"])
    assert rows(tmp_path / "copy.gpkg", "buildings", "building_id")["gisheat_served"].eq(1).tolist() == [True, False]


def test_every_figure_of_pipes_has_its_rule():
    """What has none gets a value only where all parts agree: right for words, not for figures."""
    figures = {n for n, c in writable_columns("pipes").items() if not c.is_input and c.kind != "text"}
    assert figures <= set(part_rules("pipes"))
    assert set(part_rules("pipes")) <= set(columns("pipes"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("sum", [2.0, None, 7.0]), ("largest", [-5.0, None, 7.0]), ("any", [True, None, True]), ("same", [None, None, 7])],
)
def test_rules_of_parts(rule, expected):
    values = pd.Series([-5.0, 4.0, np.nan, 7.0])
    share = np.array([0.4, 1.0, 1.0, 1.0])
    owner = np.array([0, 0, 0, 2])
    assert combine(values, owner, 3, PartRule(rule, signed=False), share, np.ones(4)).tolist() == expected


# nothing else --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["columns", "view"])
@pytest.mark.parametrize("place", ["copy", "in place"])
def test_nothing_else_of_the_file_changes(case, base, tmp_path, form, place):
    before, result = without_written(base), case[1]
    if place == "copy":
        target = tmp_path / "copy.gpkg"
        untouched = digest(base)
        operations.write_back(base, result, target, form=form)
        assert digest(base) == untouched
    else:
        target = base
        operations.write_back(base, result, in_place=True, form=form)
    held = [f"{name}_{end}" for name in ("pipes", "stations", "sources") for end in ("results", "with_results")]
    definitions, found = without_written(target, held=held if form == "view" else ())
    assert {k: v for k, v in before[0].items() if k in definitions} == definitions
    assert set(before[0]) - set(definitions) <= {(b"table", n, n) for n in (b"pipes", b"stations", b"sources")}
    assert {n: list(map(list, t)) for n, t in before[1].items()} == {n: list(map(list, t)) for n, t in found.items()}
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT styleName FROM layer_styles WHERE useAsDefault AND f_table_name = 'pipes'"
                                  ).fetchall() == [("ours",)]  # fmt: skip


@pytest.mark.parametrize("forms", [("columns",), ("view",), ("columns", "view"), ("view", "columns", "columns")])
def test_what_was_written_is_taken_away_again_and_nothing_is_left_of_it(case, base, forms):
    before = content(base)
    for form in forms:
        operations.write_back(base, case[1], in_place=True, form=form)
        assert content(base) != before
    report = operations.write_back(base, in_place=True, remove=True)
    assert report.figures["pipes: columns taken away"] == (11, "")
    master, found, columns_ = content(base)
    sequence = {n: [r for r in t if r[0] != b"layer_styles"] for n, t in found.items() if n == "sqlite_sequence"}
    assert master == before[0]
    assert columns_ == before[2]
    assert {**found, **sequence} == {**before[1], "sqlite_sequence": sequence["sqlite_sequence"]}


def test_the_same_write_back_gives_the_same_bytes(case, tmp_path):
    base, result = case
    for name in ("a", "b"):
        operations.write_back(base, result, tmp_path / f"{name}.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


# again, and after changes --------------------------------------------------------------------------------


def test_a_second_run_replaces_what_the_first_has_written(base):
    result = solved(base)
    operations.write_back(base, result, in_place=True)
    first = content(base)[2]
    operations.write_back(base, solved(base, "cold.gpkg", supply_temp_c=None, friction="rough"), in_place=True)
    assert content(base)[2] == first
    flows = rows(base, "pipes", "pipe_id")
    expected = rows(base.parent / "cold.gpkg", "pipes", "pipe_id")
    assert flows.loc["B", "sup_friction_pa_m"] == expected.loc["B", "sup_friction_pa_m"]
    assert flows.loc["B", "sup_friction_pa_m"] != rows(result, "pipes", "pipe_id").loc["B", "sup_friction_pa_m"]
    operations.write_back(base, result, in_place=True, columns="sup_flow_t_h")
    assert [c for c in rows(base, "pipes", "pipe_id") if c.startswith(("sup_", "ret_", "gish"))] == [
        "sup_loss_kpa", "sup_flow_t_h",
    ]  # fmt: skip


def test_its_own_columns_are_no_change_of_the_base(case, base):
    """Writing changes the file, but nothing that a result comes from."""
    report = operations.write_back(base, case[1], in_place=True)
    assert {f.rule for f in report.findings} == {"not-in-result", "column-taken"}
    report = operations.write_back(base, case[1], in_place=True)
    assert "base-changed" not in {f.rule for f in report.findings}


def test_a_base_that_has_changed_since_is_joined_by_identifier_and_that_is_said(case, base):
    """One pipe is new, one has lost its identifier, all have other feature ids than before."""
    operations.write_back(base, case[1], in_place=True)
    altered(
        base, "UPDATE pipes SET fid = fid + 40", "UPDATE pipes SET pipe_id = NULL WHERE pipe_id = 'old'",
        "INSERT INTO pipes (fid, pipe_id, dn_mm) VALUES (1, 'new', 200)", "ALTER TABLE pipes ADD COLUMN note TEXT",
        "UPDATE gpkg_ogr_contents SET feature_count = 4 WHERE table_name = 'pipes'",
    )  # fmt: skip
    report = operations.write_back(base, case[1], in_place=True)
    by = {f.rule: f for f in report.findings}
    assert by["base-changed"].message.startswith("pipes: the base is not, or no longer, what result.gpkg was solved")
    assert by["not-in-result"].message == "2 of 4 pipes have no figures: new, 43."
    found = pyogrio.read_dataframe(base, layer="pipes", read_geometry=False, fid_as_index=True)
    assert found["sup_flow_t_h"].notna().to_dict() == {1: False, 41: True, 42: True, 43: False}
    assert "note" in found
    assert found.loc[41, "sup_flow_t_h"] == rows(case[1], "pipes", "pipe_id")["sup_flow_t_h"].max()


def test_features_without_identifier_are_found_by_feature_id_where_nothing_contradicts(case, base):
    altered(base, "UPDATE pipes SET pipe_id = NULL WHERE pipe_id = 'B'", "UPDATE stations SET load_kw = 510")
    report = operations.write_back(base, case[1], in_place=True)
    (changed,) = [f for f in report.findings if f.rule == "base-changed"]
    assert changed.message.endswith("were joined by identifier, and by feature id alone 1 of pipes.")
    found = pyogrio.read_dataframe(base, layer="pipes", read_geometry=False, fid_as_index=True)
    assert found.loc[2, "sup_flow_t_h"] == rows(case[1], "pipes", "pipe_id").loc["B", "sup_flow_t_h"]


def test_new_features_of_the_result_are_counted(tmp_path):
    base = write(tmp_path / "base.gpkg", town(stations=layer(
        [point(200, 20), point(100, 80)], station_id=["H1", "H2"], load_kw=[500.0, 300.0], ground_m=[100.0, 101.0]
    )))  # fmt: skip
    report = operations.write_back(base, solved(base), tmp_path / "copy.gpkg")
    (new,) = [f for f in report.findings if f.rule == "new-in-result"]
    assert new.message == "1 pipes of result.gpkg are no features of the base, as new trenches are."


def test_a_column_of_the_users_own_is_never_overwritten(case, base):
    report = operations.write_back(base, case[1], in_place=True)
    (taken,) = [f for f in report.findings if f.rule == "column-taken"]
    assert taken.message.endswith("written are sup_loss_kpa as gisheat_sup_loss_kpa.")
    assert rows(base, "pipes", "pipe_id")["sup_loss_kpa"].fillna("").tolist() == ["hers", "", "his"]


# forms, places ----------------------------------------------------------------------------------------------


def test_a_view_is_a_layer_with_all_own_columns_and_the_figures(case, base):
    report = operations.write_back(base, case[1], in_place=True, form="view")
    assert report.notes[-1] == "layers to open: pipes_with_results, stations_with_results, sources_with_results"
    shown = pyogrio.read_dataframe(base, layer="pipes_with_results", fid_as_index=True)
    own = pyogrio.read_dataframe(base, layer="pipes", fid_as_index=True)
    assert shown.crs == own.crs
    assert shown.geometry.geom_equals_exact(own.geometry, 0.0).all()
    pd.testing.assert_frame_equal(shown[list(own.columns[:-1])], own[list(own.columns[:-1])])
    expected = rows(case[1], "pipes", "pipe_id").loc["B", "ret_flow_t_h"]
    assert shown.set_index("pipe_id").loc["B", "ret_flow_t_h"] == expected


def test_layers_of_several_files_are_written_to_where_they_lie(tmp_path):
    layers = town()
    for name, table in layers.items():
        write(tmp_path / f"{name}.gpkg", {"lines" if name == "pipes" else name: table})
    project = tmp_path / "project.toml"
    project.write_text(
        '[layers]\npipes = "pipes.gpkg|lines"\nstations = "stations.gpkg"\nsources = "sources.gpkg"\n', "utf-8"
    )
    result = solved(project)
    with pytest.raises(InputError, match="its layers lie in 3 files, of which a copy can hold one"):
        operations.write_back(project, result, tmp_path / "copy.gpkg")
    operations.write_back(project, result, tmp_path / "copy.gpkg", layers="stations")
    report = operations.write_back(project, result, in_place=True)
    assert report.findings == ()
    assert rows(tmp_path / "pipes.gpkg", "lines", "pipe_id")["sup_flow_t_h"].notna().all()
    assert rows(tmp_path / "stations.gpkg", "stations", "station_id")["surplus_head_m"].notna().all()
    assert solved(project, "again.gpkg").exists()  # stations.gpkg is still a file of one layer


def test_a_single_layer_is_named_as_file_and_layer(case, tmp_path):
    base = shutil.copy(case[0], tmp_path / "base.gpkg")
    operations.write_back(f"{base}|stations", case[1], in_place=True)
    assert "surplus_head_m" in rows(base, "stations", "station_id")
    assert "sup_flow_t_h" not in rows(base, "pipes", "pipe_id")


def test_a_copy_of_shapefiles_is_a_geopackage(tmp_path):
    for name, table in town().items():
        write(tmp_path / "in" / f"{name}.shp", {name: table})
    names = ("pipes", "stations", "sources")
    project = tmp_path / "in" / "project.toml"
    project.write_text("[layers]\n" + "".join(f'{n} = "{n}.shp"\n' for n in names), "utf-8")
    result = solved(project)
    before = digest(tmp_path / "in")
    with pytest.raises(InputError, match="is a Shapefile, whose columns have names of 10 characters"):
        operations.write_back(project, result, in_place=True)
    operations.write_back(project, result, tmp_path / "copy.gpkg")
    assert digest(tmp_path / "in") == before
    found, expected = rows(tmp_path / "copy.gpkg", "pipes", "pipe_id"), rows(result, "pipes", "pipe_id")
    assert found["sup_flow_t_h"].to_dict() == expected["sup_flow_t_h"].to_dict()
    assert "station_id" in rows(tmp_path / "copy.gpkg", "stations", "station_id").reset_index()


def test_a_result_of_an_earlier_version_is_written_back_with_a_sentence(case, base, tmp_path):
    _, result = case
    older = altered(
        shutil.copy(result, tmp_path / "older.gpkg"), "UPDATE run SET value = 1 WHERE key = 'schema version'"
    )
    operations.write_back(base, result, tmp_path / "of-today.gpkg")
    report = operations.write_back(base, older, tmp_path / "of-before.gpkg")
    assert [note for note in report.notes if "schema 1, read as schema" in note]
    now, before = (rows(tmp_path / f"{name}.gpkg", "pipes", "pipe_id") for name in ("of-today", "of-before"))
    assert before["sup_flow_t_h"].equals(now["sup_flow_t_h"])


# what can't be done -------------------------------------------------------------------------------------------


def test_what_cannot_be_written_back_is_one_sentence(case, base, tmp_path):
    _, result = case
    unsolved = tmp_path / "topology.gpkg"
    operations.topology(base, unsolved)
    newer = altered(
        shutil.copy(result, tmp_path / "newer.gpkg"), "UPDATE run SET value = 99 WHERE key = 'schema version'"
    )
    strange = {name: town()[name] for name in ("pipes", "stations", "sources")}
    strange = {n: t.assign(**{f"{n[:-1]}_id": [f"{n}-{i}" for i in range(len(t))]}) for n, t in strange.items()}
    other = write(tmp_path / "other" / "base.gpkg", strange)
    before = digest(base, result)
    for arguments, sentence in (
        ((base, result), "name a copy with --output, or say --in-place; one of them."),
        ((base, result, "--in-place", "-o", tmp_path / "c.gpkg"), "not both."),
        ((base, "--in-place"), "RESULT is needed"),
        ((base, unsolved, "--in-place"), "holds no solution (made by topology): solve the base first."),
        ((base, base, "--in-place"), "is the base itself"),
        ((base, other, "--in-place"), "is no result of gisheat"),
        ((base, newer, "--in-place"), "with schema 99, and this gisheat reads up to schema"),
        ((base, solved(other), "--in-place"), "is of another network: of 6 features of the base"),
        ((base, result, "--in-place", "--columns", "surplus"), "columns: 'surplus' is no result column of pipes"),
        ((base, result, "--in-place", "--layers", "areas"), "layers: 'areas' takes no results"),
        ((base, result, "--in-place", "--layers", "valves"), "has no layer valves"),
        ((tmp_path / "nowhere.gpkg", result, "--in-place"), "there is no such file"),
        ((f"{base}|crews", result, "--in-place"), "which layer of the contract it is can't be told"),
        ((base, result, "-o", tmp_path / "copy.shp"), "a name that ends in .gpkg is needed"),
        ((base, result, "-o", base), "is an input; inputs are never changed"),
    ):  # fmt: skip
        ran = call("write-back", *arguments)
        assert ran.code == 2
        assert sentence in ran.sentence
    assert digest(base, result) == before
    assert not (tmp_path / "c.gpkg").exists()


def test_a_view_of_the_users_own_on_a_written_column_stays(case, base):
    """What can't be taken away without breaking something of hers is said, and nothing happens."""
    operations.write_back(base, case[1], in_place=True)
    with closing(sqlite3.connect(base)) as connection, connection:
        connection.execute("CREATE VIEW hers AS SELECT fid, sup_flow_t_h FROM pipes")
    before = base.read_bytes()
    with pytest.raises(InputError, match="hers"):
        operations.write_back(base, in_place=True, remove=True)
    assert base.read_bytes() == before
    assert names_in(base.parent) == {"base.gpkg"}


def test_the_drawing_of_the_tests_has_a_pipe_in_two_parts(case):
    assert {"L.1", "L.2", "B", "old"} == set(rows(case[1], "pipes", "pipe_id").index)
    assert len(drawn_through()["pipes"]) == 3


def test_a_layer_whose_key_is_text_is_refused_in_a_sentence(case, tmp_path):
    path = write(tmp_path / "base.gpkg", town())
    altered(
        path,
        "CREATE TABLE other (pipe_id TEXT PRIMARY KEY, geom LINESTRING)",
        "INSERT INTO other SELECT pipe_id, geom FROM pipes",
        "DROP TABLE rtree_pipes_geom",
        "DELETE FROM gpkg_extensions WHERE table_name = 'pipes'",
        "DROP TABLE pipes",
        "ALTER TABLE other RENAME TO pipes",
    )
    before = digest(path.parent)
    ran = call("write-back", path, case[1], "--in-place")
    assert (ran.code, digest(path.parent)) == (2, before)
    assert "has no primary key of one column of whole numbers" in ran.sentence
