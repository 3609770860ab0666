"""Parameters of an operation are read from its signature, and values are checked against them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypedDict, Unpack

import pytest

from gisheat.errors import InputError
from gisheat.operations import OPERATIONS
from gisheat.quantities import Argument
from gisheat.signature import checked, defaults, parameters


class Options(TypedDict, total=False):
    max_velocity_m_s: Annotated[float, Argument("Largest velocity.", 3.5, 0.1, 10.0)]
    max_iterations: Annotated[int, Argument("Most iterations.", 100, 1)]
    law: Annotated[Literal["rough", "smooth"], Argument("Law.", "rough")]
    overwrite: Annotated[bool, Argument("Replace.", False)]
    picture: Annotated[Path, Argument("Picture.", dataset="output")]
    phase: Annotated[str, Argument("Phase.")]


def operation(file: Annotated[Path, Argument("In.", dataset="input")],
              output: Annotated[Path, Argument("Out.", dataset="output")] | None = None,
              *, progress: object = None, **options: Unpack[Options]) -> None:  # fmt: skip
    """Do something."""


def test_positional_parameters_come_first_then_the_options_in_their_order():
    found = parameters(operation)
    assert [p.name for p in found] == ["file", "output", *Options.__annotations__]
    assert [p.positional for p in found[:3]] == [True, True, False]
    assert [p.required for p in found[:2]] == [True, False]


def test_a_parameter_knows_unit_choices_limits_and_help():
    by_name = {p.name: p for p in parameters(operation)}
    speed = by_name["max_velocity_m_s"]
    assert (speed.unit, speed.type, speed.choices) == ("m/s", float, ())
    assert (speed.argument.minimum, speed.argument.maximum, speed.argument.help) == (0.1, 10.0, "Largest velocity.")
    assert by_name["law"].choices == ("rough", "smooth")
    assert by_name["phase"].unit == ""


def test_defaults_are_those_of_the_arguments():
    assert defaults(operation) == {
        "max_velocity_m_s": 3.5, "max_iterations": 100, "law": "rough", "overwrite": False, "picture": None,
        "phase": None,
    }  # fmt: skip


def test_values_are_brought_to_their_type_and_none_is_not_given():
    found = checked(operation, {"max_velocity_m_s": 2, "max_iterations": 7.0, "picture": "map.png", "phase": None})
    assert found == {"max_velocity_m_s": 2.0, "max_iterations": 7, "picture": Path("map.png")}
    assert [type(value) for value in found.values()][:2] == [float, int]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_velocity_m_s", 11.0, "max_velocity_m_s is 11.0; a number from 0.1 to 10 m/s is needed"),
        ("max_velocity_m_s", "fast", "max_velocity_m_s is 'fast'; a number from"),
        ("max_velocity_m_s", float("nan"), "max_velocity_m_s is nan; a number"),
        ("max_velocity_m_s", True, "max_velocity_m_s is True; a number"),
        ("max_iterations", 2.5, "max_iterations is 2.5; a whole number from 1"),
        ("max_iterations", 0, "max_iterations is 0; a whole number from 1"),
        ("law", "sticky", "law is 'sticky'; choose one of rough, smooth"),
        ("overwrite", "yes", "overwrite is 'yes'; true or false is needed"),
        ("phase", 2030, "phase is 2030; text is needed"),
        ("max_velocty_m_s", 1.0, "the option 'max_velocty_m_s' is unknown; did you mean 'max_velocity_m_s'"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(name, value, message):
    with pytest.raises(InputError) as refused:
        checked(operation, {name: value}, "project.toml")
    assert str(refused.value).startswith(f"project.toml: {message}")


@pytest.mark.parametrize("verb", OPERATIONS, ids=lambda verb: verb.__name__)
def test_every_default_of_an_operation_is_a_value_that_it_takes(verb):
    given = {name: value for name, value in defaults(verb).items() if value is not None}
    assert checked(verb, given) == given


@pytest.mark.parametrize("verb", OPERATIONS, ids=lambda verb: verb.__name__)
def test_every_parameter_of_an_operation_has_a_sentence_of_help(verb):
    for parameter in parameters(verb):
        assert parameter.argument.help.endswith("."), parameter.name
        assert parameter.argument.help[0].isupper(), parameter.name
