"""Writing a picture: beside its place first, and the same bytes each time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

METADATA: Mapping[str, dict[str, str | None]] = {
    ".png": {"Software": "gisheat"},
    ".svg": {"Creator": "gisheat", "Date": None},
    ".pdf": {"Creator": "gisheat", "Producer": "gisheat", "CreationDate": None},
}


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write beside the file, then put it in its place: a whole picture or none.

    Text of an SVG is drawn as outlines, so that a viewer without the font shows no boxes; a PDF carries its fonts.
    """
    suffix = path.suffix.lower()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with (
            mpl.rc_context({"svg.hashsalt": "gisheat", "svg.fonttype": "path", "pdf.fonttype": 3}),
            temporary.open("wb") as file,
        ):
            figure.savefig(file, format=suffix[1:], dpi=dpi, metadata=METADATA[suffix])
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
