"""Which class every pipe and station of the map is in, and the colours of the classes: those of the styles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gisheat.schema import ID_COLUMN, Language, columns
from gisheat.styles import classes
from gisheat.styles.definitions import STYLES
from gisheat.styles.entries import band_label
from gisheat.styles.model import Band, Style

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PIPE_STYLES = ("sup_friction_pa_m", "sup_velocity_m_s", "dn_mm")
STATION_STYLE = "surplus_head_m"
HEAD = classes.bands((0, 5, 10, 20, 40), ("#c0202f", "#eab530", *classes.SEQUENTIAL[1:5]))
"""Available head along pipes: stations' classes in colours that are seen as lines."""


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour a layer: heading, labels and colours of its classes, the class of each row (-1: no value)."""

    name: str
    heading: str
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    row: tuple[int, ...]
    column: str = ""
    """Column whose values are in classes, empty where they are in no table."""

    def plain(self) -> dict[str, Any]:
        """What the page needs of it."""
        return {
            "name": self.name, "heading": self.heading, "labels": list(self.labels), "colours": list(self.colours),
            "row": list(self.row), "column": self.column,
        }  # fmt: skip


def pipe_colourings(tables: Mapping[str, pd.DataFrame], language: Language, head: tuple[str, str]) -> list[Colouring]:
    """Ways to colour pipes, those for which at least one has a value: friction, velocity, diameter, head, status.

    `head` is what the available head is called, and its heading.
    """
    pipes = tables["pipes"]
    found = [_by_bands(pipes, _style("pipes", column), language) for column in PIPE_STYLES]
    ends = _end_heads(tables)
    found.append(_coloured(*head, ends, HEAD, language) if ends is not None else None)
    listed = [c for c in found if c is not None]
    return listed or [_by_status(pipes, language)]


def station_colouring(stations: pd.DataFrame, language: Language) -> Colouring | None:
    """Stations by surplus head; None where nothing is known of it."""
    return _by_bands(stations, _style("stations", STATION_STYLE), language)


def _style(layer: str, column: str) -> Style:
    return next(style for style in STYLES if style.layer == layer and style.column == column)


def _by_bands(table: pd.DataFrame, style: Style, language: Language) -> Colouring | None:
    if style.column not in table:
        return None
    values = table[style.column].to_numpy(dtype=float, na_value=np.nan)
    values = np.abs(values) if style.layer == "pipes" else values
    name, heading = style.name.get(language), style.heading.get(language)
    found = _coloured(name, heading, values, style.bands, language)
    return None if found is None else replace(found, column=style.column)


def _coloured(
    name: str, heading: str, values: NDArray[np.float64], bands: tuple[Band, ...], language: Language
) -> Colouring | None:
    if np.isnan(values).all():
        return None
    breaks = [band.upper for band in bands[:-1] if band.upper is not None]
    row = np.where(np.isnan(values), -1, np.digitize(np.round(values, 6), breaks))
    labels = tuple(band_label(band, language) for band in bands)
    return Colouring(name, heading, labels, tuple(band.colour for band in bands), tuple(row.tolist()))


def _by_status(pipes: pd.DataFrame, language: Language) -> Colouring:
    """Drawn pipes of which nothing is computed: by status."""
    known = [category.value for category in classes.STATUS]
    words = pipes["status"].astype(object) if "status" in pipes else ["existing"] * len(pipes)
    row = tuple(known.index(w) if w in known else 0 for w in words)
    label = columns("pipes")["status"].label[language]
    labels = tuple(category.label.get(language) for category in classes.STATUS)
    return Colouring(label, label, labels, tuple(category.colour for category in classes.STATUS), row)


def _end_heads(tables: Mapping[str, pd.DataFrame]) -> NDArray[np.float64] | None:
    """Mean available head [m] of the ends of each pipe."""
    nodes, pipes = tables.get("nodes"), tables["pipes"]
    if nodes is None or "available_head_m" not in nodes or "from_node" not in pipes:
        return None
    known = nodes.drop_duplicates(ID_COLUMN["nodes"]).set_index(ID_COLUMN["nodes"])["available_head_m"]
    ends = [known.reindex(pipes[end]).to_numpy(float) for end in ("from_node", "to_node")]
    return np.asarray(np.mean(ends, axis=0))
