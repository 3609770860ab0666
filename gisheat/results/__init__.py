"""Results of a solve: arrays in SI, tables with units, and a balance check that does not use the solver."""

from gisheat.results.model import (
    AT_REST,
    Balance,
    Conditions,
    CriticalPath,
    LinkResult,
    PumpHead,
    Results,
    SideResult,
    SourceResult,
    StationResult,
    carried_to,
    node_kinds,
)

__all__ = [
    "AT_REST",
    "Balance",
    "Conditions",
    "CriticalPath",
    "LinkResult",
    "PumpHead",
    "Results",
    "SideResult",
    "SourceResult",
    "StationResult",
    "carried_to",
    "node_kinds",
]
