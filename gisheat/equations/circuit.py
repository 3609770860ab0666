"""Circuits: the pipes and elements whose water is solved together, as links between vertices.

Unknowns are piezometric pressures P = p + rho g z [Pa] at vertices and mass flows [kg/s] in links; with them
elevation drops out of the equations of a side that carries water of one density. A circuit is the supply
side, the return side, both of them coupled, or a one-pipe network. A node is one vertex on each side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gisheat.equations.law import LinkLaw
from gisheat.errors import TopologyError
from gisheat.network import Array, Index, Mask, Network
from gisheat.network.arrays import PIPE, Code
from gisheat.physics.elements import ElementLaw, joined, no_elements
from gisheat.physics.friction import Law, PipeResistance, pipe_resistance
from gisheat.physics.water import Water

LAYERS = ("pipe", "valve", "valve", "pump", "station", "source")
SUPPLY, RETURN, BETWEEN = range(3)
FIRST_FRICTION = 50.0
"""Specific friction [Pa/m] in every pipe at the start of the iteration: what heating pipes are sized for."""
FIRST_FACTOR = 0.022
"""Darcy factor that goes with it."""


class Side(NamedTuple):
    """One pipe of every trench: which it is, the number of its first vertex, its water, and who carries it."""

    code: int
    name: str
    first: int
    water: Water
    carries: Mask
    """Pipes, shape (pipes,)."""


class Part(NamedTuple):
    """Elements of one kind as links: equal-length arrays."""

    kind: int
    side: int
    row: Index
    """Row in the table of the network."""
    start: Index
    end: Index
    law: ElementLaw
    first_flow: Array


@dataclass(frozen=True, slots=True)
class Circuit:
    """Links (pipes first, then elements) between vertices; arrays of shape (links,)."""

    name: str
    sides: tuple[Side, ...]
    vertices: int
    start: Index
    end: Index
    law: LinkLaw
    first_flow: Array
    kind: Code
    side: Code
    row: Index

    def describe(self, network: Network, link: int) -> str:
        """A link in words: pipe 'P1' (return)."""
        kind, row = int(self.kind[link]), int(self.row[link])
        table: Any = getattr(network, f"{LAYERS[kind]}s")
        side = f" ({('supply', 'return')[self.side[link]]})" if len(self.sides) > 1 and self.side[link] < 2 else ""
        return f"{LAYERS[kind]} {table.id[row]!r}{side}"

    def of(self, kind: int, side: int) -> tuple[Index, Index]:
        """Links of a kind on a side, and their rows."""
        links = np.flatnonzero((self.kind == kind) & (self.side == side))
        return links, self.row[links]

    def node(self, vertex: int, network: Network) -> str:
        """Name of the node of a vertex, with its side where there are two."""
        count = len(network.nodes)
        side = "" if len(self.sides) == 1 else (" (supply)", " (return)")[vertex // count]
        return f"{network.nodes.id[vertex % count]}{side}"


def build_circuit(
    network: Network, name: str, sides: tuple[Side, ...], parts: list[Part], law: Law, gravity: float
) -> Circuit:
    """Links of the pipes of the given sides, and of the given parts.

    Raises
    ------
    TopologyError
        If a bore or length is unknown.
    """
    count = len(network.nodes)
    pipes = [_pipe_links(network, side, law, gravity) for side in sides]
    parts = [part for part in parts if len(part.row)]
    if len(pipes) == 1 and not parts:
        rows, start, end, resistance, first = pipes[0]
        kind = np.zeros(len(rows), np.int8)
        nothing = LinkLaw(resistance, np.zeros(0, np.int64), no_elements(), np.zeros(0))
        side_code = np.full(len(rows), sides[0].code, np.int8)
        return Circuit(name, sides, count, start, end, nothing, first, kind, side_code, rows)
    elements = sum(len(p.row) for p in parts)
    piped = sum(len(p[0]) for p in pipes)
    resistance = _padded([p[3] for p in pipes], elements)
    link_law = LinkLaw(
        resistance, np.arange(piped, piped + elements), joined([p.law for p in parts]), np.ones(elements)
    )
    sizes = [*(len(p[0]) for p in pipes), *(len(p.row) for p in parts)]
    kinds = [*(PIPE for _ in pipes), *(p.kind for p in parts)]
    codes = [*(s.code for s in sides), *(p.side for p in parts)]
    return Circuit(
        name=name,
        sides=sides,
        vertices=count * len(sides),
        start=np.concatenate([*(p[1] for p in pipes), *(p.start for p in parts)]),
        end=np.concatenate([*(p[2] for p in pipes), *(p.end for p in parts)]),
        law=link_law,
        first_flow=np.concatenate([*(p[4] for p in pipes), *(p.first_flow for p in parts)]),
        kind=np.repeat(np.array(kinds, np.int8), sizes),
        side=np.repeat(np.array(codes, np.int8), sizes),
        row=np.concatenate([*(p[0] for p in pipes), *(p.row for p in parts)]),
    )


def _pipe_links(
    network: Network, side: Side, law: Law, gravity: float
) -> tuple[Index, Index, Index, PipeResistance, Array]:
    pipes, water = network.pipes, side.water
    rows = np.flatnonzero(side.carries)
    part: Any = slice(None) if len(rows) == len(pipes) else rows  # all of them: no copies
    bore, length = pipes.inner_diameter[part], pipes.length[part]
    _refuse_invalid(network, rows, bore, "inner_diameter_mm", bore > 0.0)
    _refuse_invalid(network, rows, length, "length_m", length >= 0.0)
    resistance = pipe_resistance(
        length + pipes.equivalent_length[part], bore, pipes.roughness_for(law)[part], pipes.zeta[part],
        density=water.density, viscosity=water.viscosity, law=law, gravity=gravity,
    )  # fmt: skip
    first = np.pi / 4.0 * np.sqrt(2.0 * water.density * FIRST_FRICTION / FIRST_FACTOR) * (bore * bore * np.sqrt(bore))
    start, end = pipes.start[part], pipes.end[part]
    if side.first:
        start, end = start + side.first, end + side.first
    return rows, start, end, resistance, first


def _refuse_invalid(network: Network, rows: Index, values: Array, column: str, valid: Mask) -> None:
    """Raise when a pipe has a value that is not finite or not valid."""
    if valid.all() and values.max(initial=0.0) < np.inf:
        return
    wrong = ~valid | ~np.isfinite(values)
    raise TopologyError(
        f"pipe {network.pipes.id[rows[int(np.argmax(wrong))]]!r} has no valid {column} ({int(wrong.sum())} such pipes):"
        " give it, or size the network first."
    )


def _padded(resistances: list[PipeResistance], elements: int) -> PipeResistance:
    """Resistance of all pipes, and none for the elements behind them."""
    nothing = np.zeros(elements)

    def column(name: str) -> Array:
        return np.concatenate([*(getattr(r, name) for r in resistances), nothing])

    return PipeResistance(
        column("viscous"), column("local"), column("reynolds_scale"), column("roughness"), resistances[0].law
    )
