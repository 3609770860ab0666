"""The equations: circuits of links between vertices, their laws, and their solution."""

from gisheat.equations.circuit import (
    BETWEEN,
    RETURN,
    SUPPLY,
    Circuit,
    Part,
    Side,
    build_circuit,
)
from gisheat.equations.law import LinkLaw
from gisheat.equations.solving import Problem, State, refuse_islands, solve_circuit

__all__ = [
    "BETWEEN",
    "RETURN",
    "SUPPLY",
    "Circuit",
    "LinkLaw",
    "Part",
    "Problem",
    "Side",
    "State",
    "build_circuit",
    "refuse_islands",
    "solve_circuit",
]
