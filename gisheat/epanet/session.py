"""EPANET's toolkit: a file opened in it, and its first moment solved."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gisheat.errors import InputError, TopologyError

ACCURACIES = (1e-7, 1e-5)
"""Relative flow changes at which EPANET is to end, the best first; where it can't, the file's own one counts."""
MOST_TRIALS = 500


def load_toolkit() -> Any:
    """EPANET's toolkit, or an InputError that says how to get it."""
    try:
        from epanet import toolkit
    except ImportError as error:
        raise InputError(
            "reading EPANET files needs EPANET's toolkit: install it with pip install gisheat[epanet]."
        ) from error
    return toolkit


@contextmanager
def solved_at_zero(toolkit: Any, path: Path) -> Iterator[tuple[Any, list[str]]]:
    """The project of a file with its first moment solved, and what EPANET warned of."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    project = toolkit.createproject()
    with tempfile.TemporaryDirectory(prefix="gisheat-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what EPANET warns of is read from its report
        here = Path(folder)
        try:
            try:
                toolkit.open(project, str(path), str(here / "report"), str(here / "output"))
            except Exception as error:
                said = _said(toolkit, project, here, "Error 2")
                raise InputError(f"{path} can't be read by EPANET: {(said or [_plain(error)])[0]}.") from error
            if int(toolkit.getoption(project, toolkit.HEADLOSSFORM)) == toolkit.CM:
                raise InputError(
                    f"{path}: its head loss formula is Chezy-Manning, which gisheat does not have; set HEADLOSS to H-W"
                    " or D-W, with roughnesses to match."
                )
            try:
                said = _solve(toolkit, project, here)
            except Exception as error:
                raise TopologyError(f"{path}: EPANET can't solve it at t = 0 ({_plain(error)}).") from error
            yield project, said
        finally:
            toolkit.deleteproject(project)


def _solve(toolkit: Any, project: Any, folder: Path) -> list[str]:
    """Solve the first moment as well as EPANET can; its warnings."""
    own = toolkit.getoption(project, toolkit.ACCURACY)
    toolkit.setoption(project, toolkit.TRIALS, MOST_TRIALS)
    toolkit.openH(project)
    said: list[str] = []
    for accuracy in (*(a for a in ACCURACIES if a < own), own):
        toolkit.setoption(project, toolkit.ACCURACY, accuracy)
        toolkit.clearreport(project)
        toolkit.initH(project, toolkit.INITFLOW)
        toolkit.runH(project)
        said = _said(toolkit, project, folder, "WARNING: ")
        if not any("unbalanced" in line for line in said):
            break
    return said


def _said(toolkit: Any, project: Any, folder: Path, mark: str) -> list[str]:
    """Lines of EPANET's report with a mark, without full stop."""
    copy = folder / "copy"
    with suppress(Exception):  # it reports its errors twice: what can't be copied was said by the exception
        toolkit.copyreport(project, str(copy))
    text = copy.read_text(encoding="utf-8", errors="replace") if copy.exists() else ""
    return [_plain(line) for line in text.splitlines() if mark in line]


def _plain(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".:")
