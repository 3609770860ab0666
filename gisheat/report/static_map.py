"""The network as a still picture in the page: for paper, and for browsers without scripts. SVG without any style."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup, escape

from gisheat.picture import classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gisheat.report.colours import Colouring
    from gisheat.report.coordinates import Frame

WIDTH = 1600.0
"""Units of the picture across; the height follows from the network, within limits."""
FLATTEST, STEEPEST = 0.4, 0.8
MARGIN = 50.0
CHARACTER = 13.0
"""Width of a character of a name."""
SOURCE_COLOUR = "#c01f2e"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines as `coordinates.lines_of` has them, with width, colour and class of each."""

    parts: list[list[list[int]]]
    width: NDArray[np.float64]
    colouring: Colouring | None


@dataclass(frozen=True, slots=True)
class Points:
    """Points as `coordinates.points_of` has them: radius and colour of each, name where it is to be shown."""

    places: list[list[int] | None]
    radius: NDArray[np.float64]
    colouring: Colouring | None
    names: Sequence[str]


def draw(
    frame: Frame, streets: list[list[list[int]]], pipes: Lines, critical: Sequence[int], stations: Points,
    sources: Points,
) -> Markup:  # fmt: skip
    """SVG of the network; names are escaped."""
    page = _Page(frame)
    body = [
        *page.paths(streets, classes.STREET_EDGE, 2.0),
        *page.paths([pipes.parts[i] for i in critical], classes.HALO, 16.0),
        *_pipes(page, pipes),
        *_circles(page, stations),
        *_squares(page, sources),
        *_names(page, (stations, sources)),
    ]
    size = f'width="{WIDTH:g}" height="{page.height:g}" viewBox="0 0 {WIDTH:g} {page.height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    ground = f'<rect width="{WIDTH:g}" height="{page.height:g}" fill="{classes.GROUND}"/>'
    return Markup(head + ground + "".join(body) + "</svg>")  # noqa: S704 (names are escaped, the rest is numbers)


class _Page:
    """From units of the map to those of the picture."""

    def __init__(self, frame: Frame) -> None:
        wide, high = max(frame.east - frame.west, 1e-3) * 10.0, max(frame.north - frame.south, 1e-3) * 10.0
        self.height = round(WIDTH * float(np.clip(high / wide, FLATTEST, STEEPEST)))
        inner = (WIDTH - 2 * MARGIN, self.height - 2 * MARGIN)
        self.scale = min(inner[0] / wide, inner[1] / high)
        self.left = (WIDTH - wide * self.scale) / 2.0
        self.bottom = self.height - (self.height - high * self.scale) / 2.0

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, self.bottom - y * self.scale

    def path(self, parts: list[list[int]]) -> str:
        """Path data of the parts of one line."""
        words = []
        for part in parts:
            points = np.cumsum(np.array(part, float).reshape(-1, 2), axis=0)
            words.append("M" + "L".join("{:.1f} {:.1f}".format(*self.place(x, y)) for x, y in points.tolist()))
        return "".join(words)

    def paths(self, lines: list[list[list[int]]], colour: str, width: float) -> list[str]:
        data = "".join(self.path(parts) for parts in lines)
        if not data:
            return []
        shape = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
        return [f'<path d="{data}" {shape} stroke="{colour}" stroke-width="{width:g}"/>']


def _pipes(page: _Page, pipes: Lines) -> list[str]:
    """One path for each width and colour, thin ones below."""
    groups: dict[tuple[float, str], list[list[list[int]]]] = defaultdict(list)
    for i, parts in enumerate(pipes.parts):
        groups[round(float(pipes.width[i]) * 2.0) / 2.0, _colour(pipes.colouring, i, classes.NO_VALUE)].append(parts)
    drawn = []
    for (width, colour), lines in sorted(groups.items(), key=lambda item: item[0]):
        drawn += page.paths(lines, classes.INK, width + 1.2) + page.paths(lines, colour, width)
    return drawn


def _circles(page: _Page, stations: Points) -> list[str]:
    found = []
    for i, place in enumerate(stations.places):
        if place is not None:
            x, y = page.place(*place)
            fill = _colour(stations.colouring, i, classes.UNKNOWN_FILL)
            found.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{stations.radius[i]:.1f}" fill="{fill}"'
                f' stroke="{classes.INK}" stroke-width="1.2"/>'
            )
    return found


def _squares(page: _Page, sources: Points) -> list[str]:
    found = []
    for place, half in zip(sources.places, sources.radius.tolist(), strict=True):
        if place is not None:
            x, y = page.place(*place)
            found.append(
                f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half:g}" height="{2 * half:g}"'
                f' fill="{SOURCE_COLOUR}" stroke="#ffffff" stroke-width="2"/>'
            )
    return found


def _names(page: _Page, layers: Sequence[Points]) -> list[str]:
    """Names beside their points, on the other side near the right edge; one that would cover another is left out."""
    found: list[str] = []
    taken: list[tuple[float, float, float, float]] = []
    for points in reversed(layers):
        for place, half, name in zip(points.places, points.radius.tolist(), points.names, strict=True):
            if place is None or not name:
                continue
            x, y = page.place(*place)
            length = CHARACTER * sum(2.0 if ord(c) > 0x2E80 else 1.0 for c in name)
            right = x + half + 6.0 + length < WIDTH
            start = x + half + 6.0 if right else x - half - 6.0 - length
            box = (start, y - 13.0, start + length, y + 13.0)
            if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                continue
            taken.append(box)
            found.append(
                f'<text x="{start:.1f}" y="{y + 8:.1f}" font-size="24" font-family="sans-serif" font-weight="bold"'
                f' fill="{classes.INK}" stroke="#ffffff" stroke-width="5" paint-order="stroke">{escape(name)}</text>'
            )
    return found


def _colour(colouring: Colouring | None, row: int, otherwise: str) -> str:
    if colouring is None or colouring.row[row] < 0:
        return otherwise
    return colouring.colours[colouring.row[row]]
