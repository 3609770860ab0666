"""Makes the pictures of docs/report.md from what `make verify` leaves in out/verify/report.

Run by hand after `make verify`: .venv/bin/python docs/report_pictures.py out/verify/report/mulan-en docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image  # comes with matplotlib

SINGLE = {"top-1280.png": "report-verdict.png", "pointed-1280.png": "report-map.png", "paper.png": "report-print.png"}
PHONE = ("top-400.png", "pointed-400.png", "zoomed-400.png")
GAP = 24


def reduced(picture: Image.Image, file: Path) -> None:
    """Write a picture small enough for a repository."""
    small = picture.convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    small.save(file, "PNG", optimize=True)


def side_by_side(files: list[Path]) -> Image.Image:
    """Pictures of one height in a row."""
    parts = [Image.open(file) for file in files]
    width = sum(p.width for p in parts) + GAP * (len(parts) - 1)
    row = Image.new("RGB", (width, parts[0].height), "white")
    left = 0
    for part in parts:
        row.paste(part, (left, 0))
        left += part.width + GAP
    return row


def main(source: Path, target: Path) -> None:
    """Make all pictures."""
    for name, made in SINGLE.items():
        reduced(Image.open(source / name), target / made)
    reduced(side_by_side([source / name for name in PHONE]), target / "report-phone.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
