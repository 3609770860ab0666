"""The command line: help, words on stderr, exit codes, machine-readable output, projects and their options."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import tomllib
from pathlib import Path

import pyogrio
import pytest
from drawings import CRS, call, command, gisheat, layer, line, names_in, point, tables, town, with_column, write

from gisheat.operations import OPERATIONS
from gisheat.schema import INPUT_LAYERS, input_columns
from gisheat.signature import parameters

VERBS = {operation.__name__.replace("_", "-"): operation for operation in OPERATIONS}


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "town.gpkg")


# help ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_unit_range_and_default_of_every_option(verb):
    ran = call(verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    missing = []
    for parameter in parameters(VERBS[verb]):
        argument = parameter.argument
        if argument.dataset == "input":
            continue
        facts = [parameter.unit] if parameter.unit else []
        if argument.minimum is not None:
            facts.append(f"{argument.minimum:g} to {argument.maximum:g}")
        if argument.default is not None and not isinstance(argument.default, bool):
            facts.append(f"default {argument.default}".replace(".0", ""))
        flag = f"--{parameter.name.replace('_', '-')}"
        if argument.default is True:  # what is done unless one says no
            flag += f" / --no-{parameter.name.replace('_', '-')}"
        shown = re.search(rf"(?<![\w-]){flag}(?![\w-]).*?(?= --|$)", text)
        missing += [(flag, fact) for fact in ["", *facts] if shown is None or fact not in shown[0].replace(".0]", "]")]
    assert missing == []


def test_every_number_has_a_range():
    without = [
        (name, p.name)
        for name, operation in VERBS.items()
        for p in parameters(operation)
        if p.type in (int, float) and (p.argument.minimum is None or p.argument.maximum is None)
    ]
    assert without == []


def test_without_a_verb_the_help_is_shown():
    ran = gisheat()
    assert (ran.code, ran.err) == (0, "")
    assert all(f"  {verb} " in ran.out for verb in VERBS)
    assert gisheat("--version").out.startswith("gisheat, version ")


# wrong usage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["slove", "x"], "there is no verb 'slove'; did you mean 'solve'"),
        (["zzz"], "there is no verb 'zzz' (known: new, template, run, "),
        (["run", "x", "--frction", "rough"], "run: there is no option --frction; did you mean '--friction'"),
        (["run", "x", "--zzz"], "run: there is no option --zzz (see gisheat run --help)"),
        (["--json", "run", "x"], "there is no option --json; the options of a verb stand after it"),
        (["run"], "run: Missing argument 'INPUT'"),
        (["topology", "x"], "topology: Missing option '--output'"),
        (["run", "x", "y"], "run: Got unexpected extra argument (y)"),
        (["run", "x", "-o"], "Option '-o' requires an argument"),
        (
            ["run", "x", "--friction", "smooth"],
            "run: Invalid value for '--friction': 'smooth' is not one of",
        ),
        (
            ["run", "x", "--roughness-mm", "much"],
            "run: Invalid value for '--roughness-mm': 'much' is not a",
        ),
        (["run", "x"], "no output is named: give it with --output"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence_that_helps(source, arguments, words):
    ran = call(*[source if a == "x" else a for a in arguments])
    assert ran.code == 2
    assert words in ran.sentence
    assert ran.out == "" or "--json" in arguments


def test_an_error_is_on_stderr_alone_and_has_no_traceback_without_debug(tmp_path):
    ran = gisheat("run", tmp_path / "nowhere.gpkg", "-o", tmp_path / "o.gpkg")
    assert (ran.code, ran.out) == (2, "")
    assert ran.sentence.endswith("nowhere.gpkg: there is no such file.")
    ran = gisheat("run", tmp_path / "nowhere.gpkg", "-o", tmp_path / "o.gpkg", "--debug")
    assert "Traceback" in ran.err
    assert ran.err.endswith("nowhere.gpkg: there is no such file.\n")


def test_with_json_an_error_is_an_object_as_well(tmp_path):
    for arguments in (
        ["run", tmp_path / "nowhere.gpkg", "-o", tmp_path / "o.gpkg", "--json"],
        ["run", "--json", "--zzz"],
    ):
        ran = call(*arguments)
        assert json.loads(ran.out) == {"exit_code": 2, "error": ran.sentence}


# what is printed -----------------------------------------------------------------------------------------


def test_exit_codes(tmp_path, source):
    assert call("run", source, "-o", tmp_path / "0.gpkg").code == 0
    bad = write(tmp_path / "bad.gpkg", with_column("stations", "load_kw", [-1.0, 300.0]))
    assert call("run", bad, "-o", tmp_path / "1.gpkg").code == 1
    assert call("run", tmp_path / "nowhere.gpkg", "-o", tmp_path / "2.gpkg").code == 2
    none = write(tmp_path / "none.gpkg", with_column("stations", "load_kw", [-1.0, -1.0]))
    assert call("run", none, "-o", tmp_path / "3.gpkg").code == 3
    assert {p.name for p in tmp_path.glob("?.gpkg")} == {"0.gpkg", "1.gpkg"}


@pytest.mark.parametrize("verb", ["check", "topology", "loads", "size", "solve", "run", "explain"])
def test_json_is_valid_and_has_figures_and_findings(tmp_path, source, verb):
    output = [] if verb == "explain" else ["-o", tmp_path / "o.gpkg"]
    ran = call(verb, source, "--json", *output)
    assert (ran.code, ran.err) == (0, "")
    said = json.loads(ran.out, parse_constant=pytest.fail)
    assert (said["exit_code"], said["operation"]) == (0, verb)
    assert said["files"] == [str(o) for o in output[1:]]
    if verb == "explain":
        assert said["text"].startswith("Station H")
        return
    assert said["figures"]["pipes"] == {"value": 3, "unit": ""}
    assert said["figures"]["trench length"]["unit"] == "m"
    for finding in said["findings"]:
        assert set(finding) == {"rule", "severity", "layer", "source_fid", "message", "point", "distance_m"}


def test_text_names_findings_with_layer_and_feature_and_the_files(tmp_path):
    path = write(tmp_path / "town.gpkg", with_column("stations", "load_kw", [-1.0, 300.0]))
    ran = call("run", path, "-o", tmp_path / "o.gpkg")
    assert re.search(r"^  error: station H1: load_kw is -1\.0, .* \[stations, feature 1\]$", ran.out, re.MULTILINE)
    assert f"Written: {tmp_path / 'o.gpkg'}" in ran.out


def test_findings_have_chinese_titles_where_the_work_is_in_chinese(tmp_path):
    path = write(tmp_path / "town.gpkg", with_column("stations", "load_kw", [-1.0, 300.0]))
    ran = call("run", path, "-o", tmp_path / "o.gpkg", "--language", "zh")
    assert re.search(
        r"^  error: 超出取值范围: station H1: load_kw is .* \[stations, feature 1\]$", ran.out, re.MULTILINE
    )
    written = pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="findings", read_geometry=False)
    row = written.set_index("rule").loc["out-of-range"]
    assert row["title"] == "超出取值范围"
    assert "请核对数值及单位" in row["advice"]
    assert row["message"].startswith("station H1: load_kw is -1.0")


def test_a_head_of_nothing_has_no_sign(tmp_path):
    flat = town(**{name: town()[name].drop(columns="ground_m") for name in ("stations", "sources")})
    ran = call("run", write(tmp_path / "flat.gpkg", flat), "-o", tmp_path / "o.gpkg")
    assert re.search(r"natural circulation +0\.00 m$", ran.out, re.MULTILINE)


def test_quiet_prints_nothing(tmp_path, source):
    assert call("run", source, "-o", tmp_path / "o.gpkg", "--quiet") == (0, "", "")
    assert call("run", source, "-q", "--output", tmp_path / "o.gpkg") == (0, "", "")


def test_no_progress_in_a_pipe_but_on_a_terminal(tmp_path, source):
    arguments = command("topology", source, "-o", tmp_path / "o.gpkg")
    assert subprocess.run(arguments, capture_output=True, check=True).stderr == b""
    ours, theirs = pty.openpty()
    subprocess.run(arguments, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert b"writing the result" in os.read(ours, 100_000)
    os.close(ours)


def test_a_reader_that_stops_reading_and_a_full_disk_behind_stdout_give_no_traceback(tmp_path, source):
    arguments = command("check", source)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "gisheat: what was found can't be printed: No space left on device.\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_names_a_terminal_cannot_show_stop_nothing(tmp_path, more):
    path = write(tmp_path / "town.gpkg", with_column("stations", "station_id", ["热力站 1", "H2"]))
    ran = gisheat("explain", path, "--station", "热力站 1", *more, PYTHONIOENCODING="cp1252")
    assert (ran.code, ran.err) == (0, "")
    assert "\\u70ed\\u529b\\u7ad9 1" in ran.out
    if more:
        assert json.loads(ran.out)["text"].startswith("Station 热力站 1")


def test_names_do_not_control_the_terminal(tmp_path):
    layers = with_column("stations", "station_id", ["\x1b[31mred\nstation", "H2"])
    layers["stations"]["load_kw"] = [-1.0, 300.0]
    ran = call("check", write(tmp_path / "town.gpkg", layers))
    assert "\x1b" not in ran.out
    assert "red station: load_kw is -1.0" in ran.out


# projects ------------------------------------------------------------------------------------------------

LAYERS = '[layers]\npipes = "town.gpkg|pipes"\nstations = "town.gpkg|stations"\nsources = "town.gpkg|sources"\n'


@pytest.fixture
def project(tmp_path, source):
    def write_project(text, encoding="utf-8"):
        path = tmp_path / "p.toml"
        path.write_bytes((LAYERS + text).encode(encoding))
        return path

    return write_project


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[options]\nsnap = 1", "[options]: the option 'snap' is unknown"),
        ("[options]\nroughness_mm = 'x'", "[options]: roughness_mm is 'x'; a number from 0 to 150 mm is needed"),
        ("[options]\nroughness_mm = '0.5'", "[options]: roughness_mm is '0.5'; a number from 0 to 150 mm"),
        ("[options]\nroughness_mm = true", "[options]: roughness_mm is True; a number from 0 to 150 mm"),
        ("[options]\nroughness_mm = -1", "[options]: roughness_mm is -1; a number from 0 to 150 mm"),
        ("[options]\nroughness_mm = nan", "[options]: roughness_mm is nan; a number from 0 to 150 mm"),
        ("[options]\nmax_iterations = 2.5", "[options]: max_iterations is 2.5; a whole number from 1 to 10000"),
        ("[options]\nfriction = ['rough']", "[options]: friction is ['rough']; choose one of colebrook"),
        ("[options]\noverwrite = 'yes'", "[options]: overwrite is 'yes'; true or false is needed"),
        ("[options]\nphase = 5", "[options]: phase is 5; text is needed"),
        ("[options]\npicture = 5", "[options]: picture is 5; the name of a file is needed"),
        ("[option]\nx = 1", "'option' is unknown; did you mean 'options'"),
        ("[columns.stations]\nload = 'x'", "[columns.stations]: 'load' is unknown; did you mean 'load_kw'"),
        ("[columns.stations]\nload_kw = 'x'", "layer stations: the column 'x' mapped to load_kw is missing"),
        ("[columns.stations]\nload_kw = 5", "[columns.stations]: load_kw is 5; text is needed"),
        ("[columns]\nstations = 'x'", "[columns.stations]: a table of contract name = own name is needed"),
        ("[phases]\norder = 'near'", "[phases]: order must be a list of names"),
        ("[phases]\norder = 5", "[phases]: order must be a list of names"),
        ("[phases]\norder = ['a', 'a']", "[phases]: order names a phase twice"),
        ("[phases.area_factor]\nnear = 0", "[phases.area_factor]: positive numbers by phase are needed"),
        (
            "[phases.area_factor]\nspring = 2.0",
            "[phases.area_factor]: 'spring' is unknown (known: existing",
        ),
        ("[output]\nfile = 5", "[output]: file is 5; text is needed"),
        ("[output]\nfile = 'a\\u0000b.gpkg'".replace("'", '"'), "text is needed"),
        ("pipes = 'x'", "is not valid TOML"),
        ("[[[", "is not valid TOML"),
    ],
)
def test_a_project_that_says_something_wrong_is_refused_with_the_place(tmp_path, project, text, words):
    ran = call("check", project(text))
    assert ran.code == 2
    assert words in ran.sentence
    assert words.startswith("layer") or f"project file {tmp_path / 'p.toml'}" in ran.sentence


def test_a_layer_of_a_project_must_be_text(tmp_path):
    (tmp_path / "p.toml").write_text("[layers]\npipes = 5\n")
    assert "[layers]: pipes is 5; text is needed" in call("check", tmp_path / "p.toml").sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the layer pipes is missing"), (b"\n \n", "the layer pipes is missing"), (b"[layers]\n", "the layer pipes"),
     (b"[layers]\npipes = 'p.toml'", "it is no GeoPackage, Shapefile or other vector file"),
     ("name = 'é'".encode("latin-1"), "is not UTF-8 text: save it as UTF-8"),
     (LAYERS.encode("utf-16"), "is not UTF-8 text: save it as UTF-8")],
)  # fmt: skip
def test_an_empty_or_circular_project_or_one_that_is_no_text_is_refused(tmp_path, content, words):
    (tmp_path / "p.toml").write_bytes(content)
    ran = call("check", tmp_path / "p.toml")
    assert ran.code == 2
    assert words in ran.sentence


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n")])
def test_a_project_may_have_a_byte_order_mark_and_line_ends_of_windows(tmp_path, source, change):
    (tmp_path / "p.toml").write_bytes(change(LAYERS).encode())
    assert call("check", tmp_path / "p.toml").code == 0


def test_the_command_line_wins_over_the_project_and_the_project_over_the_default(tmp_path, project):
    path = project("[options]\nroughness_mm = 1.5\nfriction = 'rough'\n[output]\nfile = 'out/o.gpkg'\n")
    assert call("run", path, "--roughness-mm", 2.5).code == 0
    record = dict(row[1:3] for row in tables(tmp_path / "out" / "o.gpkg")["run"])
    said = {k: record[f"option {k}"] for k in ("roughness_mm", "friction", "snap_tolerance_m")}
    assert said == {"roughness_mm": "2.5", "friction": "rough", "snap_tolerance_m": "0.5"}
    assert set(pyogrio.read_dataframe(tmp_path / "out" / "o.gpkg", layer="pipes")["roughness_mm"]) == {2.5}


def test_options_of_other_verbs_in_a_project_are_checked_but_not_used(project):
    assert call("check", project("[options]\nfriction = 'rough'\n")).code == 0
    assert "friction is 'smooth'" in call("check", project("[options]\nfriction = 'smooth'\n")).sentence


def test_an_own_column_may_stand_for_two_of_the_contract(tmp_path, project):
    layers = town()
    layers["stations"] = layers["stations"].rename(columns={"station_id": "label"})
    write(tmp_path / "town.gpkg", layers)
    path = project("[columns.stations]\nstation_id = 'label'\nname = 'label'\n")
    assert call("topology", path, "-o", tmp_path / "o.gpkg").code == 0
    table = pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="stations")
    assert table["station_id"].tolist() == table["name"].tolist() == ["H1", "H2"]


# new and template ----------------------------------------------------------------------------------------

CHINESE = {
    "供热管道": layer(town()["pipes"].geometry, **{"管段编号": ["P1", "P2", "P3"], "管径(mm)": [None, None, None]}),
    "换热站": layer(town()["stations"].geometry, **{"编号": [1, 2], "名称": ["甲", "乙"], "供热面积(万m2)": [1.0, 0.6],
                                                "热指标(W/m2)": [50, 50]}),
    "热源厂": layer([point(0, 0)], **{"热源编号": ["S1"], "供水温度(℃)": [110.0], "回水温度(℃)": [60.0]}),
}  # fmt: skip


def test_new_on_layers_with_chinese_headings_makes_a_project_that_runs(tmp_path):
    path = write(tmp_path / "in" / "热网 #1.gpkg", CHINESE)
    ran = call("new", path, "-o", tmp_path / "p.toml")
    assert (ran.code, ran.err) == (0, "")
    assert "stations: 供热面积(万m2) read as heated_area_m2, converted from 万m2" in ran.out
    said = tomllib.loads((tmp_path / "p.toml").read_text(encoding="utf-8"))
    assert said["layers"]["stations"] == "in/热网 #1.gpkg|换热站"
    assert call("run", tmp_path / "p.toml").code == 0
    (result,) = tmp_path.glob("*.gpkg")
    table = pyogrio.read_dataframe(result, layer="stations")
    assert table["load_kw"].tolist() == pytest.approx([500.0, 300.0])
    assert table["name"].tolist() == ["甲", "乙"]


def test_new_and_the_same_layers_with_contract_names_give_the_same_heads(tmp_path, source):
    call("new", write(tmp_path / "in" / "网.gpkg", CHINESE), "-o", tmp_path / "p.toml")
    call("run", tmp_path / "p.toml", "-o", tmp_path / "a.gpkg")
    bare = {name: table.drop(columns=["ground_m", "static_head_m"], errors="ignore") for name, table in town().items()}
    call("run", write(tmp_path / "plain.gpkg", bare), "-o", tmp_path / "b.gpkg")
    a, b = (pyogrio.read_dataframe(tmp_path / n, layer="stations")["available_head_m"] for n in ("a.gpkg", "b.gpkg"))
    assert a.tolist() == pytest.approx(b.tolist(), rel=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        {"gas": layer([line((0, 0), (1, 1))])},
        {"pipes": town()["pipes"].to_crs(2263)},
        {"pipes": CHINESE["换热站"]},
    ],
)
def test_new_refuses_what_cannot_become_a_project(tmp_path, layers):
    path = write(tmp_path / "in" / "x.gpkg", layers)
    ran = call("new", path, "-o", tmp_path / "p.toml")
    assert ran.code == 2
    assert ran.sentence
    assert names_in(tmp_path) == {"in"}


def test_a_template_has_all_layers_and_columns_and_can_be_filled_and_run(tmp_path):
    path = tmp_path / "t.gpkg"
    assert call("template", "-o", path, "--crs", CRS).code == 0
    assert {name for name, _ in pyogrio.list_layers(path)} == set(INPUT_LAYERS)
    for name in INPUT_LAYERS:
        assert list(pyogrio.read_info(path, layer=name)["fields"]) == list(input_columns(name))
    for name, table in town().items():
        pyogrio.write_dataframe(table, path, layer=name, append=True)
    assert call("run", path, "-o", tmp_path / "o.gpkg").code == 0


@pytest.mark.parametrize(
    ("crs", "words"), [([], "needs the CRS"), (["--crs", "EPSG:0"], "the CRS 'EPSG:0' is unknown")]
)
def test_a_template_needs_a_crs(tmp_path, crs, words):
    ran = call("template", "-o", tmp_path / "t.gpkg", *crs)
    assert ran.code == 2
    assert words in ran.sentence
    assert names_in(tmp_path) == set()


# explain -------------------------------------------------------------------------------------------------


def test_explain_finds_what_is_meant(source):
    assert call("explain", source, "--pipe", "P1").out.startswith("Pipe P1 from N1 to N2, 100.0 m")
    assert call("explain", source).out.startswith("Station H1")
    ran = call("explain", source, "--station", "H")
    assert ran.code == 2
    assert "there is no station 'H' (known: H1, H2)" in ran.sentence
    assert "did you mean 'P1'" in call("explain", source, "--pipe", "p1").sentence
