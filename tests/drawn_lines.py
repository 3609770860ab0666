"""Lines drawn in ASCII, and pieces of them in words.

A letter is a place: its column is x, its row (upwards) is y, in metres. What is between letters is for the reader.
`drawn(picture, "AB CDE", C=(0.0, 0.3))` gives the lines A-B and C-D-E, with C moved by 0.3 m upwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from gisheat.noding import Lines, Noded, Rules, node_lines

Place = tuple[float, float]


def ragged(lines: Iterable[Sequence[Place]]) -> Lines:
    """Lines given as lists of places."""
    parts = [np.asarray(line, float).reshape(-1, 2) for line in lines]
    offset = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Lines(np.concatenate([np.empty((0, 2)), *parts]), offset)


def places_of(noded: Noded) -> list[list[Place]]:
    """Vertices of each piece."""
    xy, offset = noded.lines.xy, noded.lines.offset
    return [[(x, y) for x, y in xy[a:b].tolist()] for a, b in pairwise(offset.tolist())]


def undirected(noded: Noded) -> list[list[Place]]:
    """Pieces in an order and a direction that are the same however lines are numbered and directed."""
    return sorted(min(piece, piece[::-1]) for piece in places_of(noded))


class Drawn:
    """A drawing after noding."""

    def __init__(self, picture: str, lines: str, moved: dict[str, Place], tolerance: float, crossings, **options):
        rows = picture.strip("\n").splitlines()
        self.at = {
            match[0]: (float(match.start()) + moved.get(match[0], (0, 0))[0],
                       float(len(rows) - 1 - row) + moved.get(match[0], (0, 0))[1])
            for row, text in enumerate(rows) for match in re.finditer(r"[A-Z]", re.sub(r"  +[a-z].*$", "", text))
        }  # fmt: skip
        self.names = lines.split()
        self.lines = ragged([self.at[letter] for letter in name] for name in self.names)
        self.noded = node_lines(self.lines, Rules(tolerance, crossings), **options)

    @property
    def pieces(self) -> list[str]:
        """Pieces as names of places; a place without a letter is written as its coordinates."""
        return [" ".join(self._name(place) for place in piece) for piece in places_of(self.noded)]

    @property
    def events(self) -> list[str]:
        """What happened, without distances: kind, line, other line, place."""
        events = self.noded.events
        return [
            f"{kind} {self.names[line]}{'/' + self.names[other] if other >= 0 else ''} at {self._name((x, y))}"
            for kind, line, other, x, y in zip(
                events.kind, events.line.tolist(), events.other.tolist(), events.x, events.y, strict=True
            )
        ]

    def _name(self, place: Place) -> str:
        names = [letter for letter, at in self.at.items() if at == place]
        return names[0] if names else f"{place[0]:.6g},{place[1]:.6g}"


def drawn(
    picture: str, lines: str, *, tolerance: float = 0.5, crossings=True, bits=None, level=None, fixed=None,
    fixed_bits=None, known=None, fixed_known=None, **moved: Place,
) -> Drawn:  # fmt: skip
    """Node lines between the letters of a picture."""
    options = {"bits": bits, "level": level, "fixed": fixed, "fixed_bits": fixed_bits, "known": known,
               "fixed_known": fixed_known}  # fmt: skip
    return Drawn(picture, lines, moved, tolerance, crossings, **options)
