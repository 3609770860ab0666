"""Identifiers of the base: which are taken, and which what comes without one gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

LONGEST = 15
"""Digits of the longest identifier that is taken for a number that goes on."""
WHOLE, BY_ITSELF, KEY = "int", "default", "key"
"""Kinds of a column of identifiers that takes numbers only, the base fills by itself, or is that of feature ids."""


@dataclass
class Names:
    """Identifiers of a layer of the base, and those that are given out."""

    taken: set[str]
    fids: list[int]
    kind: str
    """Kind of the column of identifiers, empty where there is none."""

    @cached_property
    def _numbers(self) -> Iterator[str]:
        return free_numbers(self.taken, self.fids)

    def free(self, wanted: str) -> str:
        """An identifier that nothing in the base has: the wanted one, with a number behind it, or a number."""
        if self.kind == KEY:
            return ""
        found, number = wanted, 1
        if self.kind == WHOLE and (not wanted.isdecimal() or wanted in self.taken):
            found = wanted = ""
        if not wanted and self.kind not in ("", BY_ITSELF):
            found = next(name for name in self._numbers if name not in self.taken)
        while found and found in self.taken:
            number += 1
            found = f"{wanted}-{number}"
        self.taken.add(found)
        return found

    def why_not(self, wanted: str) -> str:
        """What a wanted identifier is that was not given, to follow on "is"."""
        if wanted in self.taken:
            return "taken in the base"
        return "no feature id of the base" if self.kind == KEY else "no number, as the base has them"

    def of_part(self, parent: str) -> str:
        """An identifier for a part of a line: X.1, X.2, or a number where the base has no others."""
        if self.kind in (WHOLE, BY_ITSELF):
            return self.free("")
        number = 1
        while f"{parent}.{number}" in self.taken:
            number += 1
        return self.free(f"{parent}.{number}")


def free_numbers(taken: Iterable[str], fids: Iterable[int]) -> Iterator[str]:
    """Numbers above all identifiers that are numbers, and above all feature ids.

    Features without an identifier go by their feature id (`checks`), so that is nobody's name either.

    >>> next(free_numbers(["7", "A9-A10"], [1, 2]))
    '8'
    """
    numbers = (int(name) for name in taken if name.isdecimal() and len(name) <= LONGEST)
    return map(str, count(max((0, *fids, *numbers)) + 1))
