"""Fonts: which one shows Chinese, which texts can be shown at all, and how large they come out.

One rule for maps, diagrams and charts: the Chinese font that is installed, else the one of the extra `gisheat[fonts]`,
else English words and Latin names, which `what_is_missing` puts into a sentence.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke
from matplotlib.textpath import TextToPath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

LATIN_FAMILY = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same map
CJK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "PingFang HK",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "DengXian",
    "STHeiti",
    "Heiti TC",
    "Droid Sans Fallback",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "SimSun",
    "Arial Unicode MS",
)
_CJK_FILES = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "msyh",
    "pingfang",
    "hiragino",
    "wqy",
    "simhei",
    "deng",
    "stheiti",
    "droidsansfallback",
)
FONT_PACKAGE, FONT_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
"""Package of the extra `gisheat[fonts]`, and the file of it that is used: Noto Sans SC, SIL Open Font License 1.1."""
_BOLD_WEIGHTS = frozenset({600, 700, 800, "semibold", "demibold", "bold", "heavy", "black"})
_CLOSING = frozenset("，。；：、）％")
_FIRST_CJK = 0x2E80
_FAKE_BOLD = 0.035  # outline as a share of the font size
MM_PER_POINT = 25.4 / 72


@dataclass(frozen=True)
class Typeface:
    """Font families in the order in which a character is looked up, and the characters they have."""

    families: tuple[str, ...]
    characters: frozenset[int]
    bold_cjk: bool = True

    @property
    def has_cjk(self) -> bool:
        """Whether Chinese can be shown."""
        return len(self.families) > 1


def choose_cjk_family(installed: Collection[str]) -> str | None:
    """Choose the best known font family with Chinese characters, None when there is none."""
    return next((family for family in CJK_FAMILIES if family in installed), None)


def installed_families() -> frozenset[str]:
    """Names of the font families on this machine.

    matplotlib keeps its list in a file and does not see a font installed later; where the list has no Chinese
    font, those that have come since are added to it, and where there is none either, that of the extra
    `gisheat[fonts]`.
    """
    if choose_cjk_family(_known_families()) is None:
        _add(p for p in font_manager.findSystemFonts() if Path(p).stem.lower().replace("-", "").startswith(_CJK_FILES))
    if choose_cjk_family(_known_families()) is None:
        _add(_packaged())
    return _known_families()


def _add(files: Iterable[str]) -> None:
    for path in files:
        with contextlib.suppress(OSError, RuntimeError):
            font_manager.fontManager.addfont(path)


def _packaged() -> list[str]:
    """The font file of the extra, where it is installed."""
    found = importlib.util.find_spec(FONT_PACKAGE)
    folders = [] if found is None else found.submodule_search_locations or []
    return [str(file) for folder in folders if (file := Path(folder) / FONT_FILE).is_file()]


def _known_families() -> frozenset[str]:
    return frozenset(entry.name for entry in font_manager.fontManager.ttflist)


def choose_typeface(installed: Collection[str]) -> Typeface:
    """Choose the Latin font of matplotlib and, where one is installed, a Chinese font behind it."""
    cjk = choose_cjk_family(installed)
    families = (LATIN_FAMILY,) if cjk is None else (LATIN_FAMILY, cjk)
    characters = frozenset[int]().union(*map(_characters, families))
    return Typeface(families, characters, bold_cjk=cjk is None or _has_bold(cjk))


def _has_bold(family: str) -> bool:
    weights = {entry.weight for entry in font_manager.fontManager.ttflist if entry.name == family}
    return bool(weights & _BOLD_WEIGHTS)


@lru_cache(maxsize=32)
def _characters(family: str) -> frozenset[int]:
    path = font_manager.findfont(FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(font_manager.get_font(path).get_charmap())


def can_show(typeface: Typeface, text: str) -> bool:
    """Whether every character of `text` has a picture in the typeface."""
    return all(ord(character) in typeface.characters for character in text)


def shown(typeface: Typeface, text: str, instead: str = "") -> str:
    """Text on one line, `instead` where the typeface can't show it."""
    line = " ".join(text.split())
    return line if can_show(typeface, line) else instead


def what_is_missing(typeface: Typeface, texts: Iterable[str], language: str = "en") -> str:
    """Sentence on the texts that the typeface can't show; empty where it shows them all.

    Parameters
    ----------
    texts
        Names and titles of the data.
    language
        Language that is wanted for the words of the picture.
    """
    lost = [line for text in texts if not can_show(typeface, line := " ".join(text.split()))]
    if not lost and (language != "zh" or typeface.has_cjk):
        return ""
    example = f" ({lost[0]!r} ...)" if lost else ""
    if typeface.has_cjk:
        return f"pictures: no font on this machine shows {len(lost)} text(s){example}; ids stand in for them"
    return (
        f"pictures: no font on this machine shows Chinese{example}; English words and ids stand in for it;"
        " install a font such as Noto Sans CJK SC or WenQuanYi Micro Hei, or gisheat[fonts]"
    )


def font(typeface: Typeface, size: float, *, bold: bool = False, italic: bool = False) -> FontProperties:
    """Font properties of `size` [pt]."""
    return FontProperties(
        family=list(typeface.families),
        size=size,
        weight="bold" if bold else "normal",
        style="italic" if italic else "normal",
    )


def thickened(typeface: Typeface, text: str, size: float, colour: str, *, bold: bool) -> list[AbstractPathEffect]:
    """Path effects that stand in for bold Chinese where the font has none."""
    if not bold or typeface.bold_cjk or all(ord(character) < _FIRST_CJK for character in text):
        return []
    return [Stroke(linewidth=size * _FAKE_BOLD, foreground=colour), Normal()]


@contextlib.contextmanager
def without_weight_messages() -> Iterator[None]:
    """Keep matplotlib from logging, for each size, that a Chinese font has one weight only."""
    logger = logging.getLogger("matplotlib.font_manager")

    def wanted(record: logging.LogRecord) -> bool:
        return "Failed to find font weight" not in record.getMessage()

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


_PATHS = TextToPath()
_LONGEST_SHOWN = 300
"""Characters beyond which no text fits a sheet; measuring takes the square of their number."""


def text_size(text: str, properties: FontProperties) -> tuple[float, float, float]:
    """Width, height above and depth below the base line of a line of text [mm], never as mathtext."""
    width, height, descent = _PATHS.get_text_width_height_descent(text, properties, ismath=False)
    return width * MM_PER_POINT, (height - descent) * MM_PER_POINT, descent * MM_PER_POINT


def wrap(text: str, properties: FontProperties, width: float) -> list[str]:
    """Break a text into lines no wider than `width` [mm], at spaces or between Chinese characters."""
    lines = [""]
    for piece in _pieces(text):
        longer = lines[-1] + piece
        if lines[-1] and text_size(longer.rstrip(), properties)[0] > width:
            lines.append(piece.lstrip())
        else:
            lines[-1] = longer
    return [line.rstrip() for line in lines if line.strip()]


def _pieces(text: str) -> list[str]:
    """Words with the space before them; a Chinese character is a word of its own."""
    pieces: list[str] = []
    for before, character in zip(" " + text, text, strict=False):
        wide = ord(character) >= _FIRST_CJK
        breaks = character == " " or (wide and character not in _CLOSING) or ord(before) >= _FIRST_CJK
        if breaks or not pieces:
            pieces.append(character)
        else:
            pieces[-1] += character
    return pieces


def shorten(text: str, properties: FontProperties, width: float) -> str:
    """Cut a text that is wider than `width` [mm], with an ellipsis."""
    if len(text) <= _LONGEST_SHOWN and text_size(text, properties)[0] <= width:
        return text
    longest = min(len(text), _LONGEST_SHOWN)
    fits = (n for n in range(longest, 0, -1) if text_size(text[:n] + "…", properties)[0] <= width)
    return text[: next(fits, 0)].rstrip() + "…"
