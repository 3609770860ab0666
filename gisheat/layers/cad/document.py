"""A DXF file as a document of ezdxf: text or binary, mended where it is damaged, and the unit that it is drawn in."""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gisheat.errors import InputError

if TYPE_CHECKING:
    from ezdxf.document import Drawing

Box = tuple[float, float, float, float]

DWG = ".dwg"
SUFFIXES = (".dxf", DWG)
METRES = 6
"""Code of $INSUNITS for metres; 0 is none."""
LEAST_NORTHING, WIDEST = 1e6, 3e5
"""A drawing whose ordinates all exceed the first and that is not wider than the second [m] lies in a projected CRS."""
_DWG_MAGIC = b"AC10"
_NO_DRAWING = "it is no DXF drawing, or it is damaged; save it again as DXF in the CAD program"
FAULTS = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error, RecursionError, ArithmeticError,
    EOFError, AssertionError, StopIteration,
)  # fmt: skip
"""What ezdxf raises on damaged files beside its own errors."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a drawing: its length [m], and in words how that is known."""

    length: float
    note: str
    doubtful: bool = False


def open_document(path: Path, encoding: str | None = None) -> tuple[Drawing, tuple[str, ...]]:
    """The document, and sentences on what was mended in it.

    Texts are in the code that the drawing states ($DWGCODEPAGE, UTF-8 from AutoCAD 2007 on) unless one is given.

    Raises
    ------
    InputError
        For a DWG file, and for what is no drawing.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if path.suffix.lower() == DWG or start == _DWG_MAGIC:
        raise InputError(
            f"{path} is a DWG drawing, a form that only CAD programs read: save it there as DXF (AutoCAD: SAVEAS, or"
            " DXFOUT; the free ODA File Converter does it for whole folders)."
        )
    with _quiet():
        return _opened(path, encoding)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what ezdxf logs off the terminal: what matters of it is said in a note."""
    log = logging.getLogger("ezdxf")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _opened(path: Path, encoding: str | None) -> tuple[Drawing, tuple[str, ...]]:
    from ezdxf import recover
    from ezdxf.filemanagement import readfile
    from ezdxf.lldxf.const import DXFError

    try:
        return readfile(str(path), encoding=encoding), ()
    except OSError as error:
        if error.strerror:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (DXFError, *FAULTS):
        pass
    try:
        document, auditor = recover.readfile(str(path))
    except (DXFError, OSError, *FAULTS) as error:
        raise InputError(f"{path} cannot be read: {_NO_DRAWING}.") from error
    if not len(document.modelspace()):
        raise InputError(f"{path} cannot be read: {_NO_DRAWING}.")
    faults = len(auditor.errors) + len(auditor.fixes)
    mended = f" ({faults} fault(s) mended)" if faults else ""
    return document, (f"the drawing is damaged; what could be made out of it was read{mended}, and may not be all",)


def unit_of(document: Drawing, bounds: Box | None) -> Unit:
    """The unit of a drawing, by its header ($INSUNITS) and by where it lies.

    Drawings that say millimetres because their template did, and are drawn in metres of the national grid, are usual.
    They show themselves: as metres their coordinates are those of a projected CRS, as millimetres they are not.

    Parameters
    ----------
    bounds : tuple, optional
        West, south, east, north of what is drawn, in units of the drawing.
    """
    from ezdxf import enums, units

    code = int(document.units or 0)
    if code == 0:
        return Unit(1.0, "it states no unit; its coordinates were read as metres")
    if code == METRES:
        return Unit(1.0, "")
    try:
        length = float(units.conversion_factor(enums.InsertUnits(code), enums.InsertUnits.Meters))
        name = units.unit_name(code)
    except (TypeError, ValueError, IndexError):
        return Unit(1.0, f"its unit ($INSUNITS {code}) is unknown; its coordinates were read as metres", doubtful=True)
    if bounds is not None and _is_projected(bounds, 1.0) and not _is_projected(bounds, length):
        said = f"its header says {name}, but its coordinates are metres of a projected CRS; they were read as metres"
        return Unit(1.0, said, doubtful=True)
    return Unit(length, f"its coordinates were converted from {name} to metres")


def _is_projected(bounds: Box, length: float) -> bool:
    west, south, east, north = (value * length for value in bounds)
    return south > LEAST_NORTHING and north < 1e7 + WIDEST and max(east - west, north - south) < WIDEST
