"""What a pressure diagram is made of before it is drawn: lines, texts and areas on a sheet in millimetres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gisheat.picture.fonts import Typeface, font, shown, text_size

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]

TEXT_GAP_MM = 0.8
"""Least distance between two texts."""


@dataclass(frozen=True)
class Line:
    """A line of a kind (ground, supply ...); points of shape (k, 2) [mm]."""

    kind: str
    points: Points
    layer: str
    """The kind, or legend for a key."""


@dataclass(frozen=True)
class Text:
    """One line of plain text; `x`, `y` are where it is anchored [mm], `size` in points, turned by 0 or 90 degrees."""

    kind: str
    x: float
    y: float
    text: str
    size: float
    turned: bool = False
    across: str = "center"
    """left, center or right of `x`."""
    bold: bool = False


@dataclass
class Sheet:
    """Lines and texts as they are laid out; texts that would touch others are left out where that is asked for."""

    face: Typeface
    words: Mapping[str, str]
    shows_all: bool = False
    """Every character can be shown: by a program with fonts of its own."""
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def line(self, kind: str, points: Sequence[tuple[float, float]] | Points, layer: str = "") -> None:
        """Draw a line [mm]."""
        self.lines.append(Line(kind, np.asarray(points, float).reshape(-1, 2), layer or kind))

    def write(self, text: Text, *, needed: bool = True) -> bool:
        """Write a text; one that is not needed only where it touches no other."""
        box = box_of(text, self.face)
        if not text.text or (not needed and self.is_taken(box)):
            return False
        self.texts.append(text)
        self.boxes.append(box)
        return True

    def add(self, other: Sheet, up: float) -> None:
        """Take over what stands on another sheet, moved up [mm]."""
        self.lines += [replace(line, points=line.points + np.array([0.0, up])) for line in other.lines]
        self.texts += [replace(text, y=text.y + up) for text in other.texts]
        self.boxes += [(left, bottom + up, right, top + up) for left, bottom, right, top in other.boxes]

    def shown(self, text: str, instead: str = "") -> str:
        """Text on one line as it can be shown."""
        return " ".join(text.split()) if self.shows_all else shown(self.face, text, instead)

    def is_taken(self, box: Box) -> bool:
        """Tell whether a text stands there."""
        left, bottom, right, top = box
        return any(
            left < r + TEXT_GAP_MM and l < right + TEXT_GAP_MM and bottom < t + TEXT_GAP_MM and b < top + TEXT_GAP_MM
            for l, b, r, t in self.boxes  # noqa: E741
        )


def box_of(text: Text, face: Typeface) -> Box:
    """Left, bottom, right and top of a text, which stands with its middle at `y` [mm]."""
    width, height = size_of(text, face)
    if text.turned:
        return text.x - height / 2, text.y - width / 2, text.x + height / 2, text.y + width / 2
    left = text.x - {"left": 0.0, "center": 0.5, "right": 1.0}[text.across] * width
    return left, text.y - height / 2, left + width, text.y + height / 2


def size_of(text: Text, face: Typeface) -> tuple[float, float]:
    """Length and height of a text along itself [mm]."""
    return _measured(face, text.text, text.size, text.bold)


@lru_cache(maxsize=8192)
def _measured(face: Typeface, text: str, size: float, bold: bool) -> tuple[float, float]:
    width, above, below = text_size(text, font(face, size, bold=bold))
    return width, above + below


def round_step(span: float, most: int) -> float:
    """Least of 1, 2, 5, 10 ... that divides a span into no more than `most` pieces.

    Examples
    --------
    >>> [round_step(span, 8) for span in (7.0, 127.0, 5600.0)]
    [1.0, 20.0, 1000.0]
    """
    power = 10.0 ** np.floor(np.log10(max(span, 1e-9) / most))
    return float(next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power * most >= span * (1 - 1e-9)))
