"""gisheat: district-heating networks from street, pipe and station layers to a solved, sized, styled network.

The stages, in the order data passes through them:

layers -> checks -> repair -> routing -> topology -> loads -> sizing -> hydraulics -> results -> geopackage
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gisheat.balancing import balance
from gisheat.errors import Cancelled, ConvergenceError, GisheatError, InputError, TopologyError
from gisheat.findings import Finding
from gisheat.hydraulics import solve
from gisheat.network import Network
from gisheat.pumping import compare_pumping
from gisheat.results import Results
from gisheat.sweeps import SweepResults, sweep

if TYPE_CHECKING:
    from gisheat.operations import Report, run

__version__ = "0.1.0.dev0"

__all__ = [
    "Cancelled",
    "ConvergenceError",
    "Finding",
    "GisheatError",
    "InputError",
    "Network",
    "Report",
    "Results",
    "SweepResults",
    "TopologyError",
    "balance",
    "compare_pumping",
    "run",
    "solve",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """`run` and `Report` bring the geographic libraries with them; they are imported when they are asked for."""
    if name in ("run", "Report"):
        from gisheat import operations

        return getattr(operations, name)
    raise AttributeError(f"module 'gisheat' has no attribute {name!r}")
