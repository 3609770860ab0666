"""gisheat: district-heating networks from street, pipe and station layers to a solved, sized, styled network.

The stages, in the order data passes through them:

layers -> checks -> repair -> routing -> topology -> loads -> sizing -> hydraulics -> results -> geopackage
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gisheat.balancing import balance
    from gisheat.errors import Cancelled, ConvergenceError, GisheatError, InputError, TopologyError
    from gisheat.findings import Finding
    from gisheat.hydraulics import solve
    from gisheat.network import Network
    from gisheat.operations import Report, run
    from gisheat.pumping import compare_pumping
    from gisheat.results import Results
    from gisheat.sweeps import SweepResults, sweep

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


_HOME = {
    "balance": "balancing",
    **dict.fromkeys(("Cancelled", "ConvergenceError", "GisheatError", "InputError", "TopologyError"), "errors"),
    "Finding": "findings",
    "solve": "hydraulics",
    "Network": "network",
    **dict.fromkeys(("Report", "run"), "operations"),
    "compare_pumping": "pumping",
    "Results": "results",
    **dict.fromkeys(("SweepResults", "sweep"), "sweeps"),
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are asked for: a second or more of libraries stands behind them."""
    if name not in _HOME:
        raise AttributeError(f"module 'gisheat' has no attribute {name!r}")
    return getattr(import_module(f"gisheat.{_HOME[name]}"), name)
