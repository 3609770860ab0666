"""What is known of a project so far, and how progress is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gisheat.balancing import Balance
from gisheat.catalogue import PipeSeries
from gisheat.errors import Cancelled
from gisheat.findings import Finding
from gisheat.layers import Layers
from gisheat.loads import Loads
from gisheat.operating_point import OperatingPoint
from gisheat.places import Place
from gisheat.project import Project, read_project
from gisheat.results import Results
from gisheat.routing import Routed
from gisheat.sizing import Sizing
from gisheat.topology import Drawing, Repaired

LAYER_OPTIONS = (
    "pipes", "stations", "sources", "nodes", "streets", "buildings", "areas", "valves", "pumps", "load_mix",
    "station_list", "terrain",
)  # fmt: skip

TABLE_OPTIONS = ("scenarios", "flows", "weather")
"""Options that name tables: of a sweep, of the weather."""
FILE_OPTIONS = (*LAYER_OPTIONS, *TABLE_OPTIONS)
NAMED_OPTIONS = ("catalogue", "equipment_catalogue", "prices", "against")
"""Options that may name further files that are read: catalogues, and what is compared with."""

Progress = Callable[[float, str], bool | None]
"""Called with the share done (0 to 1) and a word on what is being done; returning False cancels."""


@dataclass(frozen=True)
class State:
    """What is known so far; stages return a copy with more."""

    project: Project
    options: Mapping[str, Any]
    raw: Layers
    layers: Layers
    """As cleaned, and from the repair on with its streets and pipes."""
    series: PipeSeries
    order: tuple[str, ...]
    findings: tuple[Finding, ...]
    repaired: Repaired | None = None
    routed: Routed | None = None
    drawing: Drawing | None = None
    """None as long as there are streets alone."""
    loads: Loads | None = None
    sizing: Sizing | None = None
    point: OperatingPoint | None = None
    """Of the curve of regulation, where an outdoor temperature is named; the loads are those of the design."""
    results: Results | None = None
    scenarios: pd.DataFrame | None = None
    balance: Balance | None = None
    comparison: pd.DataFrame | None = None
    """Scenarios of the project file beside the main run."""
    notes: tuple[str, ...] = field(default=())

    @property
    def phase(self) -> str:
        """The phase that is computed, empty for everything."""
        return str(self.options["phase"] or "")


def open_project(where: Place) -> Project:
    """A project file, or a project that consists of one file, or one schema of a database, of layers."""
    if isinstance(where, Path) and where.suffix.lower() == ".toml":
        return read_project(where)
    return Project(name=where.stem, path=None)


def report(progress: Progress | None, share: float, what: str) -> None:
    """Tell the progress callback; raises Cancelled when it returns False."""
    if progress is not None and progress(share, what) is False:
        raise Cancelled("cancelled; nothing was written.")


def given_layers(options: Mapping[str, Any]) -> dict[str, str]:
    """Layers that options name in place of those of the input."""
    return {name: str(options[name]) for name in LAYER_OPTIONS if options.get(name)}
