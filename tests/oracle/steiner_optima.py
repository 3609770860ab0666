"""Costs of the best Steiner trees of 300 random street-like graphs, as a mixed-integer program finds them.

`python tests/oracle/steiner_optima.py` (with `tests` on the path) writes them anew in some minutes; `make verify`
computes them all again and compares.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from street_graphs import cheapest_by_program, quality_graph

FILE = Path(__file__).with_suffix(".csv")
COUNT = 300


class Optimum(NamedTuple):
    """A graph, so far as to tell whether the generator still makes the same one, and its optimum [m]."""

    seed: int
    nodes: int
    edges: int
    terminals: int
    total: float
    optimum: float


def compute(seed):
    """One of them."""
    graph, cost, terminals = quality_graph(seed)
    optimum = cheapest_by_program(graph, cost, terminals)
    return Optimum(seed, graph.count, len(cost), len(terminals), float(cost.sum()), float(optimum))


def stored():
    """All of them, by seed."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [Optimum(*map(int, row[:4]), *map(float, row[4:])) for row in list(csv.reader(file))[1:]]


if __name__ == "__main__":
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Optimum._fields)
        for seed in range(COUNT):
            row = compute(seed)
            writer.writerow([*row[:4], f"{row.total:.6f}", f"{row.optimum:.6f}"])
