"""LibreOffice as a witness: it calculates a workbook again, from the formulas alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl


def recalculated(workbook: Path, folder: Path, changes: Mapping[tuple[str, str], Any] | None = None) -> Any:
    """The workbook as LibreOffice calculates it, with some cells changed before: (sheet, cell) -> value.

    openpyxl drops the values of formulas when it saves, so that every number comes from LibreOffice.
    """
    book = openpyxl.load_workbook(workbook)
    for (sheet, cell), value in (changes or {}).items():
        book[sheet][cell] = value
    bare, made = folder / "bare.xlsx", folder / "calculated"
    book.save(bare)
    command = [
        shutil.which("soffice") or "soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
        "--convert-to", "xlsx", "--outdir", str(made), str(bare),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (made / "bare.xlsx").exists(), done.stderr
    return openpyxl.load_workbook(made / "bare.xlsx", data_only=True)
