"""The parameters of an operation, read from its own signature, and values checked against them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from gisheat.errors import InputError
from gisheat.places import Place
from gisheat.project import did_you_mean
from gisheat.quantities import Argument
from gisheat.schema import unit_text


class Parameter(NamedTuple):
    """One parameter of an operation."""

    name: str
    type: Any
    argument: Argument
    required: bool
    positional: bool

    @property
    def unit(self) -> str:
        """Unit that the name says, empty when it has none."""
        return unit_text(self.name) if self.type in (float, int) else ""

    @property
    def choices(self) -> tuple[str, ...]:
        """Allowed words, empty for other types."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


@cache
def parameters(operation: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Parameters of an operation in order: its positional ones, then the members of its options TypedDict.

    Of such a TypedDict itself: its members.
    """
    if isinstance(operation, type):
        return _members(operation)
    hints = get_type_hints(operation, include_extras=True)
    found: list[Parameter] = []
    for name, parameter in inspect.signature(operation).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            found += _members(get_args(hints[name])[0])
        elif name != "progress":
            positional = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
            required = parameter.default is inspect.Parameter.empty
            found.append(_parameter(name, hints[name], required=required, positional=positional))
    return tuple(found)


def _members(options: type) -> tuple[Parameter, ...]:
    hints = get_type_hints(options, include_extras=True)
    return tuple(_parameter(name, hint, required=False, positional=False) for name, hint in hints.items())


def _parameter(name: str, hint: Any, *, required: bool, positional: bool) -> Parameter:
    if get_origin(hint) in (Union, UnionType):
        hint = next(h for h in get_args(hint) if h is not NoneType)
    kind, argument = get_args(hint)[:2]
    return Parameter(name, Path if kind == Place else kind, argument, required, positional)


def checked(operation: Callable[..., Any], given: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Values of options, converted and checked; None is the same as not given.

    Raises
    ------
    InputError
        For an unknown name, a wrong type, or a value outside its limits.
    """
    known = {p.name: p for p in parameters(operation) if not p.positional}
    prefix = f"{where}: " if where else ""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{prefix}the option {name!r} is unknown{did_you_mean(name, tuple(known))}.")
        if value is not None:
            values[name] = _value(known[name], value, prefix)
    return values


def _value(parameter: Parameter, value: Any, prefix: str) -> Any:
    name, argument = parameter.name, parameter.argument
    if parameter.choices:
        if value not in parameter.choices:
            raise InputError(f"{prefix}{name} is {value!r}; choose one of {', '.join(parameter.choices)}.")
        return value
    if parameter.type is bool:
        if not isinstance(value, bool):
            raise InputError(f"{prefix}{name} is {value!r}; true or false is needed.")
        return value
    if parameter.type in (int, float):
        return _number(parameter, value, prefix)
    if parameter.type is Path or argument.dataset in ("layer", "file"):
        if not isinstance(value, str | Path) or not str(value):
            raise InputError(f"{prefix}{name} is {value!r}; the name of a file is needed.")
        return parameter.type(value)
    if not isinstance(value, str):
        raise InputError(f"{prefix}{name} is {value!r}; text is needed.")
    return value


def _number(parameter: Parameter, value: Any, prefix: str) -> float | int:
    argument, unit = parameter.argument, parameter.unit
    try:
        number = parameter.type(value)
        valid = not isinstance(value, bool | str) and math.isfinite(number) and number == float(value)
    except (TypeError, ValueError, OverflowError):
        valid, number = False, math.nan
    low = -math.inf if argument.minimum is None else argument.minimum
    high = math.inf if argument.maximum is None else argument.maximum
    if not valid or not low <= number <= high:
        noun = "whole number" if parameter.type is int else "number"
        limits = f"from {low:g} to {high:g}{' ' + unit if unit else ''}"
        raise InputError(f"{prefix}{parameter.name} is {_plain(value)}; a {noun} {limits} is needed.")
    return number


def _plain(value: Any) -> str:
    """A value as it was written: numbers without their Python type, texts in quotes."""
    return str(value) if isinstance(value, int | float) else repr(value)


def defaults(operation: Callable[..., Any]) -> dict[str, Any]:
    """Default of every option."""
    return {p.name: p.argument.default for p in parameters(operation) if not p.positional}
