"""What a metre of trench costs relative to an ordinary street: classes, streets and areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from gisheat.errors import InputError
from gisheat.graphs.graph import Array, Mask
from gisheat.routing.lines import Lines
from gisheat.topology.attributes import filled, numbers, words

THROUGH = "T********"
"""The inside of the line meets the inside of the polygon: along its edge is not through it."""


def class_factors(text: str | None) -> dict[str, float]:
    """Cost factors of street classes from pairs class:factor separated by semicolons.

    >>> class_factors("primary:1.5; track:0.8")
    {'primary': 1.5, 'track': 0.8}

    Raises
    ------
    InputError
        If a pair has no factor, or one that is no positive number.
    """
    factors: dict[str, float] = {}
    for pair in filter(None, (p.strip() for p in (text or "").split(";"))):
        name, colon, number = pair.rpartition(":")
        try:
            factor = float(number)
        except ValueError:
            factor = float("nan")
        if not colon or not name.strip() or not 0.0 < factor < 1e6:
            raise InputError(
                f"class_factors: {pair!r} is no class with a positive factor: write class:factor, as in"
                " primary:1.5; track:0.8."
            )
        factors[name.strip()] = factor
    return factors


def street_factors(streets: gpd.GeoDataFrame, by_class: Mapping[str, float]) -> Array:
    """Cost factor of each street, shape (streets,): its own times that of its class, 1 where nothing is said."""
    own = filled(numbers(streets, "cost_factor"), 1.0)
    if not by_class:
        return own
    known = [by_class.get(str(name), 1.0) for name in words(streets, "class", "")]
    return own * np.array(known, float)


@dataclass(frozen=True)
class Areas:
    """Polygons that trenches may not cross (`factor` infinite) or that make them dearer or cheaper."""

    polygon: Lines
    factor: Array
    tree: shapely.STRtree

    def touched(self, lines: Lines) -> Mask:
        """Which lines come near any area at all, shape (lines,)."""
        touched = np.zeros(len(lines), bool)
        if len(self.polygon):
            touched[self.tree.query(lines, predicate="intersects")[0]] = True
        return touched

    @property
    def forbidden(self) -> Lines:
        """Polygons that nothing may be dug in."""
        return self.polygon[np.isinf(self.factor)]

    def cost_factors(self, lines: Lines) -> Array:
        """Cost factor of each line: 1 + sum of share inside x (factor - 1) over the areas it passes."""
        result = np.ones(len(lines))
        if not len(self.polygon) or not len(lines):
            return result
        line, area = self.tree.query(lines, predicate="intersects")
        line, area = line[order := np.lexsort((area, line))], area[order]
        line, area = line[dear := np.isfinite(self.factor[area])], area[dear]
        inside = shapely.length(shapely.intersection(lines[line], self.polygon[area]))
        share = inside / np.maximum(shapely.length(lines[line]), 1e-12)
        np.add.at(result, line, np.clip(share, 0.0, 1.0) * (self.factor[area] - 1.0))
        return np.maximum(result, 0.0)

    def factors(self, lines: Lines) -> Array:
        """The same, infinite for lines through a forbidden area; along its edge is not through it."""
        result = self.cost_factors(lines)
        if len(self.polygon) and len(lines):
            line, area = self.tree.query(lines, predicate="intersects")
            line, area = line[barred := np.isinf(self.factor[area])], area[barred]
            result[line[shapely.relate_pattern(lines[line], self.polygon[area], THROUGH)]] = np.inf
        return result


def areas_of(table: gpd.GeoDataFrame) -> Areas:
    """Areas of the layer; a kind that is not stated is forbidden, a cost area without a factor changes nothing."""
    kind, factor = words(table, "kind", "forbidden"), filled(numbers(table, "cost_factor"), 1.0)
    polygon = table.geometry.to_numpy() if len(table) else np.empty(0, dtype=object)
    if len(polygon):
        polygon = np.where(shapely.is_valid(polygon), polygon, shapely.make_valid(polygon))
        order = np.lexsort((factor, shapely.area(polygon), *shapely.bounds(polygon).T))  # not the layer's order
        polygon, kind, factor = polygon[order], kind[order], factor[order]
    return Areas(polygon, np.where(kind == "cost", factor, np.inf), shapely.STRtree(polygon))
