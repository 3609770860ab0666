"""The page itself: one HTML file that carries its script, style, pictures and data, and can load nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gisheat.errors import InputError

LEAFLET = "1.9.4"
SCRIPTS = ("leaflet/leaflet.js", "assets/map.js", "assets/tables.js")
STYLES = ("leaflet/leaflet.css", "assets/page.css")
PICTURE_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
MOST_BYTES, WIDEST = 300_000, 2200
"""A PNG of more bytes is reduced, to this width [pixel] at most."""
_HERE = files("gisheat.report")


def render(content: Mapping[str, Any], data: Mapping[str, Any]) -> bytes:
    """The page as bytes: `content` fills the template, `data` is what its script reads."""
    environment = Environment(
        loader=PackageLoader("gisheat.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    script, style = _script(), _style()
    page = environment.get_template("report.html").render(
        **content, script=Markup(script), style=Markup(style), data=json_text(data), leaflet=LEAFLET,  # noqa: S704
        policy=_policy(script, style),
    )  # fmt: skip
    return page.encode("utf-8", "replace")


def json_text(data: Any) -> Markup:
    r"""Data as JSON that may stand between script tags: no `<`, `>` or `&` is left in it.

    >>> json_text({"name": "</script>"})
    Markup('{"name":"\\u003c/script\\u003e"}')
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 (nothing is left in it that HTML would read)


def picture_source(path: Path) -> str:
    """A picture as a data URL: an SVG so taken keeps its identifiers and styles to itself.

    Raises
    ------
    InputError
        If it is no SVG or PNG.
    """
    kind = PICTURE_TYPES.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"figure {path}: a report takes .svg and .png.")
    content = path.read_bytes()
    if kind == "image/png" and len(content) > MOST_BYTES:
        content = _reduced(content)
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _reduced(picture: bytes) -> bytes:
    """A PNG with fewer colours and no wider than a page shows it, so that a report can be sent by mail."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        plain = image.convert("RGB")
    if plain.width > WIDEST:
        plain = plain.resize((WIDEST, round(plain.height * WIDEST / plain.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    fewer = plain.quantize(192, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    fewer.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _script() -> str:
    """All scripts one after another; the licence of the one that is not ours stays with it."""
    licence = "/*\n" + _text("leaflet/LICENSE").strip() + "\n*/"
    texts = [re.sub(r"//# sourceMappingURL=\S+", "", _text(name)) for name in SCRIPTS]
    return "\n".join([licence, *texts])


def _style() -> str:
    """All styles one after another; pictures of Leaflet that the page does not use are not asked for."""
    return "\n".join(re.sub(r"url\([^)]*\)", "none", _text(name)) for name in STYLES)


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _policy(script: str, style: str) -> str:
    """What the page may do: run its own script, use its own style, show pictures that it carries; nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
