"""Which code the texts of a file are in, where the file does not say it, or says it wrongly.

Valid UTF-8 with characters outside of ASCII is hardly ever anything else. GBK, GB 18030 and Big5 share their bytes:
what tells them apart is whether the characters are those that people write. GB 2312 and Big5 both put the usual ones
into a first level [1]_ [2]_. In Western texts bytes beyond ASCII stand alone between letters.

References
----------
.. [1] GB 2312-1980: level 1 is rows 16 to 55, lead bytes B0 to D7; rows 1 to 9 are signs.
.. [2] Big5-2003 (CNS 11643): level 1 has lead bytes A4 to C6; A1 to A3 are signs.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from gisheat.errors import InputError
from gisheat.findings import Finding

UTF8, GB, BIG5, WESTERN = "utf-8", "gb18030", "cp950", "cp1252"
NEARLY_ALL = 0.98
"""Share of the texts that a code must be able to read: one damaged text makes no other code of the rest."""
CLEAR = 0.8
"""Share of usual characters from which on a code is beyond doubt, if no other comes near."""
APART = 0.2
"""By how much the shares of two codes must differ."""
NOT_AT_ALL = 0.3
"""Share below which a code is not meant."""
LONGEST_EXAMPLE = 60
"""Bytes of a text that is shown."""
LONGEST_CHARACTER = 4
"""Bytes of a character, in UTF-8 and GB 18030."""
_GB_USUAL = ((0xA1, 0xA9), (0xB0, 0xD7))
_BIG5_USUAL = ((0xA1, 0xC6),)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Decoded(NamedTuple):
    """A text, whether its last character was cut in the middle, and whether it has bytes that are no text."""

    text: str
    cut: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class CodePage:
    """The code of the texts of a file."""

    code: str
    """As Python calls it."""
    plain: bool = False
    """All texts are ASCII, so that any code will do."""
    doubtful: bool = False
    """Another code would do nearly as well."""
    contradicts: bool = False
    """What the file says of itself can't be."""

    @property
    def name(self) -> str:
        """What people call it."""
        return called(self.code)


def called(code: str) -> str:
    """What people call a code.

    >>> called("gb18030"), called("utf-8"), called("cp950")
    ('GBK', 'UTF-8', 'Big5')
    """
    names = {
        GB: "GBK",
        "gbk": "GBK",
        "gb2312": "GBK",
        UTF8: "UTF-8",
        "utf-8-sig": "UTF-8",
        BIG5: "Big5",
        "big5": "Big5",
    }
    return names.get(code, code.upper())


def code_of(written: str) -> str:
    """What Python calls a code that is written as in a .cpg or an option; empty for none that is known.

    >>> code_of("ANSI 936"), code_of("65001"), code_of("8859_1"), code_of("GBK"), code_of("GB18030"), code_of("klingon")
    ('gb18030', 'utf-8', 'iso8859-1', 'gb18030', 'gb18030', '')
    """
    word = written.strip().strip("\ufeff\0").upper().removeprefix("ANSI").removeprefix("OEM").removeprefix("CP").strip()
    digits = word.replace("_", "").replace("-", "")
    if digits.startswith("8859") and len(digits) > 4:
        word = f"iso8859-{digits[4:]}"
    elif digits.isdecimal():
        word = {"65001": UTF8, "54936": GB}.get(digits, f"cp{digits}")
    try:
        found = codecs.lookup(word)
    except (LookupError, ValueError):
        return ""
    if not found._is_text_encoding:  # noqa: SLF001 (Python has no other word for it)
        return ""
    return GB if found.name in ("gbk", "gb2312", "cp936") else BIG5 if found.name == "big5" else found.name


def wanted_code(encoding: str) -> str:
    """The code that an option names.

    Raises
    ------
    InputError
        If nobody knows it.
    """
    code = code_of(encoding)
    if not code:
        raise InputError(f"the encoding {encoding!r} is unknown: write it as GBK, UTF-8, Big5, CP1252, for example.")
    return code


def decoded(raw: bytes, code: str) -> Decoded:
    """The text of bytes; a last character that was cut in the middle is left out.

    >>> decoded("热力".encode("gbk")[:3], "gb18030")
    Decoded(text='热', cut=True, damaged=False)
    """
    try:
        return Decoded(raw.decode(code))
    except UnicodeDecodeError as error:
        rest = len(raw) - error.start
        if error.end == len(raw) and rest < LONGEST_CHARACTER:
            return Decoded(raw[: error.start].decode(code), cut=True)
        return Decoded(raw.decode(code, errors="replace"), damaged=True)


def recognise(texts: Collection[bytes], said: str = "") -> CodePage:
    """The code of texts.

    Parameters
    ----------
    texts : collection of bytes
        Every text once: names of columns as well as values.
    said : str
        The code that the file says of itself, as Python calls it; believed where the texts do not contradict.
    """
    high = [text for text in texts if not text.isascii()]
    if not high:
        return CodePage(said or UTF8, plain=True)
    shares = _shares(high)
    best = max(shares, key=lambda code: shares[code])
    if said and _fits(high, said):
        family = next((code for code in shares if said in (code, f"{code}-sig")), "")
        own = shares[family] if family else _of_unknown(said, shares)
        if own + APART >= shares[best]:
            return CodePage(said)
    if shares[best] < NOT_AT_ALL:  # none of those that are known here
        return CodePage(said if said and _fits(high, said) else WESTERN, doubtful=True)
    second = max(share for code, share in shares.items() if code != best)
    doubtful = shares[best] < CLEAR or shares[best] - second < APART
    return CodePage(best, doubtful=doubtful, contradicts=bool(said))


def remarks(
    layer: str, page: CodePage, texts: Collection[bytes], said: str, where: str, unsaid: str
) -> tuple[list[str], list[Finding]]:
    """Notes and findings on the code in which the texts of a layer were read.

    Parameters
    ----------
    said, where : str
        The code that the file says of itself, and the words for where it does.
    unsaid : str
        Why it says none, in words.
    """
    if page.plain:
        return [], []
    example = max((text for text in texts if not text.isascii()), key=lambda text: (len(text), text))
    shown = decoded(example[:LONGEST_EXAMPLE], page.code).text
    if page.contradicts:
        message = (
            f"{where} says {called(said)}, but the texts are not; they were read as {page.name}, such as {shown!r}."
        )
        repair = "say the encoding if they look wrong, or correct what the file says"
        note = f"{layer}: texts read as {page.name}, though {where} says {called(said)}"
        return [note], [Finding("encoding-wrong", "warning", layer, message[0].upper() + message[1:], repair=repair)]
    notes = [] if said else [f"{layer}: texts read as {page.name}: {unsaid}"]
    if not page.doubtful:
        return notes, []
    message = f"The texts may be in another code than {page.name}, as which they were read, such as {shown!r}."
    return notes, [
        Finding("encoding-doubtful", "warning", layer, message, repair="say the encoding if they look wrong")
    ]


def marked_code(content: bytes) -> str:
    """The code that a byte order mark says, empty without one."""
    return next((code for mark, code in _MARKS if content.startswith(mark)), "")


def _fits(texts: list[bytes], code: str) -> bool:
    return sum(not decoded(text, code).damaged for text in texts) >= NEARLY_ALL * len(texts)


def _shares(texts: list[bytes]) -> dict[str, float]:
    """How well each code fits: 0 where it can't read the texts, else the share of characters that are usual in it."""
    joined = [(code, usual) for code, usual in ((GB, _GB_USUAL), (BIG5, _BIG5_USUAL)) if _fits(texts, code)]
    shares = dict.fromkeys((UTF8, GB, BIG5, WESTERN), 0.0)
    if _fits(texts, UTF8):  # of two bytes only: "联通" in GBK happens to be UTF-8 too
        shares[UTF8] = 1.0 if any(byte >= 0xE0 for text in texts for byte in text) else 0.9
    shares |= {code: _usual_share(texts, code, usual) for code, usual in joined}
    shares[WESTERN] = _alone_share(texts)
    return shares


def _usual_share(texts: list[bytes], code: str, usual: tuple[tuple[int, int], ...]) -> float:
    """Share of the characters beyond ASCII that are of the usual ones of a code of two bytes."""
    count = found = 0
    for text in texts:
        for character in decoded(text, code).text:
            if not character.isascii():
                raw = character.encode(code, errors="replace")
                trail = raw[-1] >= 0xA1 or code == BIG5
                count += 1
                found += len(raw) == 2 and trail and any(low <= raw[0] <= high for low, high in usual)
    return found / count if count else 0.0


def _alone_share(texts: list[bytes]) -> float:
    """Share of the bytes beyond ASCII that are a Western letter and stand alone beside an ASCII letter."""
    count = found = 0
    for text in texts:
        for i, byte in enumerate(text):
            if byte >= 0x80:
                count += 1
                beside = [text[j] for j in (i - 1, i + 1) if 0 <= j < len(text)]
                alone = all(b < 0x80 for b in beside) and any(chr(b).isalpha() for b in beside)
                found += alone and byte >= 0xC0 and byte not in (0xD7, 0xF7)
    return found / count


def _of_unknown(said: str, shares: dict[str, float]) -> float:
    """How far a code is believed of which no characters are counted: not against clear signs of another.

    Every text can be read in a code of single bytes. GDAL and ArcGIS write the Latin ones where they know nothing
    better.
    """
    if said in ("iso8859-1", "latin-1", "cp437", "cp850"):
        return shares[WESTERN]
    return 0.0 if shares[UTF8] == 1.0 else CLEAR
