"""Texts in the user's language, also where there is no QGIS. Identifiers are never given to it."""

from __future__ import annotations

from typing import Callable

_translate: Callable[[str], str] = str

WAY_OUT = "Settings > Options > gisheat, or the tool 'Environment' in the Processing toolbox"


def tr(text: str, *parts: object) -> str:
    """A text in the user's language, its {} filled with the parts."""
    return _translate(text).format(*parts) if parts else _translate(text)


def way_out() -> str:
    """Where an environment is made, checked and removed."""
    return _translate(WAY_OUT)


def use(translate: Callable[[str], str]) -> None:
    """Translate with this function from now on."""
    global _translate  # noqa: PLW0603 (there is one language at a time)
    _translate = translate
