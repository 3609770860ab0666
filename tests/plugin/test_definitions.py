"""The plugin's operations are those of the command line, with the same parameters."""

import click
import pytest
from gisheat_qgis.definitions import arguments

import gisheat
from gisheat import cli

VALUES = {
    "input": "in.gpkg",
    "output": "out.gpkg",
    "folder": "out",
    "layer": "a.gpkg|b",
    "file": "a.csv",
    "text": "x; y=1",
    "boolean": True,
}


def value_of(parameter):
    if parameter.kind == "choice":
        return parameter.choices[-1]
    if parameter.kind in ("number", "integer"):
        low = 0 if parameter.minimum is None else parameter.minimum
        high = low + 1 if parameter.maximum is None else parameter.maximum
        return int(high) if parameter.kind == "integer" else low + (high - low) / 3
    return VALUES[parameter.kind]


def test_there_is_a_tool_for_every_verb(definitions):
    assert {o.verb for o in definitions.operations} == set(cli.main.commands)
    assert definitions.version == gisheat.__version__


def test_the_command_line_takes_what_the_tools_give(definitions):
    """Every parameter at once: what click reads is what was given, digit by digit."""
    for operation in definitions.operations:
        given = {p.name: value_of(p) for p in operation.parameters}
        line = arguments(operation, given)
        command = cli.main.commands[line[0]]
        with command.make_context(line[0], line[1:]) as context:
            read = {name: context.params[name] for name in given}
        assert {n: str(v) for n, v in read.items()} == {n: str(v) for n, v in given.items()}


def test_what_is_not_given_is_left_to_the_project_file(definitions):
    for operation in definitions.operations:
        line = arguments(operation, {p.name: None for p in operation.parameters} | {"overwrite": False})
        assert line == [operation.verb]


def test_names_units_limits_and_choices_are_those_of_the_operation(definitions):
    for operation in definitions.operations:
        options = {o.name: o for o in cli.main.commands[operation.verb].params}
        for p in operation.parameters:
            shown = getattr(options[p.name], "help", "") or ""
            assert not p.unit or f"[{p.unit}" in shown
            if p.kind == "choice":
                assert isinstance(options[p.name].type, click.Choice)
                assert tuple(options[p.name].type.choices) == p.choices
            if p.minimum is not None and p.maximum is not None:
                assert f"{p.minimum:g} to {p.maximum:g}" in shown


def test_a_minimum_of_zero_is_a_minimum(definitions):
    solve = next(o for o in definitions.operations if o.name == "solve")
    assert next(p for p in solve.parameters if p.name == "snap_tolerance_m").minimum == 0.0


def test_layers_say_what_lies_in_them(definitions):
    run = next(o for o in definitions.operations if o.name == "run")
    kinds = {p.name: p.geometry for p in run.layers()}
    assert kinds["pipes"] == "line"
    assert kinds["stations"] == "point"
    assert kinds["areas"] == "polygon"
    assert kinds["load_mix"] == "none"
    assert kinds["terrain"] == "raster"


def test_files_may_be_of_the_kinds_that_the_help_names(definitions):
    profile = next(o for o in definitions.operations if o.name == "profile")
    kinds = {p.name: p.suffixes for p in profile.parameters if p.kind == "output"}
    assert kinds["output"][:3] == (".png", ".svg", ".pdf")
    assert kinds["data"][0] == ".csv"
    for operation in definitions.operations:
        for p in operation.parameters:
            assert p.kind != "output" or (p.suffix and p.suffixes[0] == p.suffix), (operation.name, p.name)


def test_every_tool_has_an_icon_of_its_own(definitions, plugin_folder):
    icons = plugin_folder / "gisheat_qgis" / "icons"
    drawn = {o.name: (icons / f"{o.name}.svg").read_text("utf-8") for o in definitions.operations}
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize("name", ["pipes", "stations", "findings"])
def test_layers_have_names_in_both_languages(definitions, name):
    assert definitions.layers["en"][name] != definitions.layers["zh"][name]
