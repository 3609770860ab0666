"""From a style to the lines of its legend: which features each class takes, and what it is called."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gisheat.styles.classes import GREY, NO_VALUE, OTHER
from gisheat.styles.markup import column, is_true, text_literal
from gisheat.styles.model import Band, Context, Entry, Style

if TYPE_CHECKING:
    from gisheat.schema import Language

_BOOLEAN = ("true", "false")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def entries(style: Style, context: Context) -> tuple[Entry, ...]:
    """Return the classes of `style`, without the one for features that have no value."""
    if style.kind == "single":
        return (Entry(style.name.get(context.language), "", style.palette[0]),)
    if style.kind == "categories":
        return tuple(_category_entries(style, context))
    if style.kind == "values":
        return tuple(_value_entries(style, context))
    classes = style.bands if style.kind == "bands" else _pretty_bands(style, context)
    return tuple(_band_entry(style, band, context.language) for band in classes)


def rest(style: Style, context: Context) -> Entry | None:
    """Return the class of the features that are in no other one."""
    if style.kind == "single":
        return None
    words = OTHER if style.kind == "categories" else NO_VALUE
    return Entry(words.get(context.language), "ELSE", GREY)


def _band_entry(style: Style, band: Band, language: Language) -> Entry:
    number = f"abs({column(style.column)})" if style.layer == "pipes" else column(style.column)
    limits = [f"{number} >= {band.lower:.12g}"] if band.lower is not None else []
    limits += [f"{number} < {band.upper:.12g}"] if band.upper is not None else []
    limits = limits or [f"{number} IS NOT NULL"]
    return Entry(band_label(band, language), _both(limits, style.condition), band.colour)


def _both(limits: list[str], condition: str) -> str:
    return " AND ".join([*limits, *([f"({condition})"] if condition else [])])


def band_label(band: Band, language: Language) -> str:
    """Return what a class of numbers is called."""
    if band.name:
        text = band.name
    elif band.lower is None:
        text = f"< {band.upper:g}"
    elif band.upper is None:
        text = f"≥ {band.lower:g}"
    else:
        text = f"{band.lower:g} – {band.upper:g}"
    return f"{text}   {band.note.get(language)}" if band.note else text


def _category_entries(style: Style, context: Context) -> list[Entry]:
    found = []
    for item in style.categories:
        equal = f"{column(style.column)} = {text_literal(item.value)}"
        if item.value in _BOOLEAN:
            known = f"{column(style.column)} IS NOT NULL"
            equal = is_true(style.column) if item.value == "true" else f"{known} AND NOT ({is_true(style.column)})"
        found.append(
            Entry(item.label.get(context.language), _both([equal], style.condition), item.colour,
                  item.marker, item.pattern, item.max_scale)
        )  # fmt: skip
    return found


def _value_entries(style: Style, context: Context) -> list[Entry]:
    values = context.facts.values.get((style.layer, style.column), ())
    return [
        Entry(text, _both([f"{column(style.column)} = {text_literal(text)}"], style.condition),
              style.palette[index % len(style.palette)])
        for index, text in enumerate(values)
    ]  # fmt: skip


def _pretty_bands(style: Style, context: Context) -> tuple[Band, ...]:
    if (style.layer, style.column) not in context.facts.ranges:
        return ()
    lowest, highest = context.facts.ranges[style.layer, style.column]
    bounds = round_bounds(lowest, highest, len(style.palette))
    if not bounds:
        return (Band(None, None, style.palette[0], name=f"{lowest:.6g}"),)
    edges = [None, *bounds, None]
    return tuple(Band(edges[index], edges[index + 1], style.palette[index]) for index in range(len(bounds) + 1))


def round_bounds(lowest: float, highest: float, most: int) -> tuple[float, ...]:
    """Return round numbers that cut [lowest, highest] into at most `most` classes.

    >>> round_bounds(112.3, 171.0, 7)
    (120.0, 130.0, 140.0, 150.0, 160.0, 170.0)
    """
    span = max(highest - lowest, 1e-6)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(s * power for s in (*_STEPS, 20.0) if _cuts(lowest, highest, s * power) < most)
    first = math.floor(lowest / step) + 1
    return tuple(round(step * (first + i), 9) for i in range(_cuts(lowest, highest, step)))


def _cuts(lowest: float, highest: float, step: float) -> int:
    return math.ceil(highest / step) - math.floor(lowest / step) - 1
