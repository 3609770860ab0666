"""An EPANET file of a one-pipe network, with all digits, in litres a second, metres and millimetres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gisheat.epanet.units import (
    FOOT,
    GRAVITY,
    LITRES_PER_CUBIC_FOOT,
    WATER_DENSITY,
    WATER_VISCOSITY,
)
from gisheat.errors import InputError
from gisheat.network import CHARACTERISTICS, PUMP_CONTROLS, VALVE_KINDS, Array, Index, Network
from gisheat.physics.friction import Law
from gisheat.physics.valves import relative_capacity

HEADLOSS: dict[str, str] = {"hazen-williams": "H-W", "swamee-jain": "D-W", "colebrook": "D-W"}
"""EPANET's formula for our laws; its Darcy-Weisbach is Swamee-Jain."""
LONGEST_ID = 31
SHORTEST = 1e-6
"""Length [m] of what has none: EPANET knows none."""
SMOOTHEST = 1e-6
"""Roughness [mm] of a smooth pipe: EPANET wants one above zero."""
SOME_BORE = 0.3
"""Bore [m] of a valve that states none; the loss coefficient is made for it, so that it is of no matter."""
TYPES = {"isolation": "TCV", "control": "TCV", "pressure_reducing": "PRV", "pressure_sustaining": "PSV",
         "flow_limiter": "FCV"}  # fmt: skip

Places = Mapping[str, Sequence[Sequence[tuple[float, float]] | None]]


def write_inp(
    network: Network, path: Path | str, *, friction: Law, density_kg_m3: float, viscosity_pa_s: float,
    gravity_m_s2: float = GRAVITY, places: Places | None = None, title: str = "gisheat",
) -> tuple[str, ...]:  # fmt: skip
    """Write a one-pipe network as an EPANET file.

    Parameters
    ----------
    network : Network
        One-pipe, with a bore for every pipe.
    path : path
        File to write (.inp).
    friction : str
        hazen-williams, swamee-jain or colebrook (EPANET computes it as Swamee-Jain).
    density_kg_m3, viscosity_pa_s : float
        Of the water (dynamic viscosity).
    gravity_m_s2 : float
        That gisheat solves with; it makes heads of the valves' pressures. Losses are computed with EPANET's own.
    places : mapping, optional
        Corners of the rows of nodes and pipes, as in `Imported.places`.
    title : str
        First line of the file.

    Returns
    -------
    tuple of str
        What is otherwise in EPANET than in gisheat.

    Raises
    ------
    InputError
        If EPANET has nothing to stand for an element or the law.
    """
    if network.two_pipe:
        raise InputError("EPANET knows one-pipe networks only: supply and return can't be exported together.")
    if friction not in HEADLOSS:
        known = ", ".join(HEADLOSS)
        raise InputError(f"EPANET has no friction law {friction!r}; it can be compared with {known}.")
    writer = _Writer(network, friction, (density_kg_m3, viscosity_pa_s, gravity_m_s2), places or {})
    Path(path).write_text(writer.text(title), encoding="utf-8")
    return tuple(writer.notes)


def fitting_ids(*tables: Iterable[Any], notes: list[str]) -> list[list[str]]:
    """Ids as EPANET takes them (no blanks, quotes or semicolons, 31 bytes, unique over the tables), changes noted.

    >>> notes = []
    >>> fitting_ids(["a b", "c"], ["c"], notes=notes), len(notes)
    ([['a_b', 'c'], ['c_2']], 1)
    """
    taken: set[str] = set()
    result: list[list[str]] = []
    changed: list[str] = []
    for ids in tables:
        result.append([])
        for name in map(str, ids):
            plain = "".join("_" if c.isspace() or c in ';"' else c for c in name) or "_"
            base = plain.lstrip("[") if plain.startswith("[") else plain
            fitting, number = _cut(base, LONGEST_ID), 1
            while fitting in taken:
                number += 1
                fitting = f"{_cut(base, LONGEST_ID - 1 - len(str(number)))}_{number}"
            taken.add(fitting)
            result[-1].append(fitting)
            if fitting != name:
                changed.append(name)
    if changed:
        notes.append(f"{len(changed)} id(s) were changed to what EPANET takes (first: {changed[0]!r})")
    return result


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8")[:size].decode("utf-8", "ignore")


class _Writer:
    """Sections of the file, made table by table."""

    def __init__(self, network: Network, law: Law, water: tuple[float, float, float], places: Places) -> None:
        self.network, self.law, self.places = network, law, places
        self.density, self.viscosity, self.gravity = water
        self.notes: list[str] = []
        (self.nodes,) = fitting_ids(network.nodes.id, notes=self.notes)
        self.pipes, self.valves, self.pumps = fitting_ids(
            network.pipes.id, network.valves.id, network.pumps.id, notes=self.notes
        )
        self.sections: dict[str, list[str]] = {
            name: []
            for name in ("JUNCTIONS", "RESERVOIRS", "PIPES", "PUMPS", "VALVES", "STATUS", "CURVES", "COORDINATES",
                         "VERTICES")
        }  # fmt: skip
        if law == "colebrook":
            self.notes.append("EPANET computes colebrook as Swamee-Jain: heads differ by up to 1.5 % of the losses")

    def text(self, title: str) -> str:
        """The file."""
        merged = self._merged_checks()
        self._write_pipes(merged)
        self._write_valves(merged)
        self._write_pumps()
        self._write_nodes({int(self.network.valves.start[v]) for v in merged.values()})
        options = [
            "UNITS LPS", f"HEADLOSS {HEADLOSS[self.law]}", f"SPECIFIC GRAVITY {_number(self.density / WATER_DENSITY)}",
            f"VISCOSITY {_number(self.viscosity / self.density / WATER_VISCOSITY)}", "TRIALS 500", "ACCURACY 0.00001",
            "UNBALANCED CONTINUE 10",
        ]  # fmt: skip
        sections = {
            "TITLE": [" ".join(title.split()).lstrip("[")],
            **self.sections,
            "OPTIONS": options,
            "TIMES": ["DURATION 0"],
        }
        return "\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")) + "[END]\n"

    def _line(self, section: str, *words: object) -> None:
        self.sections[section].append(" ".join(_number(w) if isinstance(w, float) else str(w) for w in words))

    # pipes and check valves --------------------------------------------------------------------------

    def _merged_checks(self) -> dict[int, int]:
        """Pipe -> check valve at its end where nothing else hangs: together they are EPANET's pipe of one way."""
        network = self.network
        nodes, pipes, valves, pumps = network.nodes, network.pipes, network.valves, network.pumps
        ends = [a for table in (pipes, valves, pumps) for a in (table.start, table.end)]
        hanging = np.bincount(np.concatenate(ends), minlength=len(nodes))
        lonely = (hanging == 2) & (nodes.demand == 0.0) & np.isnan(nodes.fixed_head)
        last = {int(node): k for k, node in enumerate(pipes.end)}
        checks = np.flatnonzero((valves.kind == VALVE_KINDS.index("check")) & lonely[valves.start])
        return {last[int(valves.start[v])]: int(v) for v in checks if int(valves.start[v]) in last}

    def _write_pipes(self, merged: Mapping[int, int]) -> None:
        pipes, valves = self.network.pipes, self.network.valves
        unknown = ~np.isfinite(pipes.inner_diameter)
        if unknown.any():
            name = pipes.id[int(np.argmax(unknown))]
            raise InputError(f"pipe {name!r} has no inner_diameter_mm: size the network before it is exported.")
        loops = pipes.start == pipes.end
        if loops.any():
            self.notes.append(f"{int(loops.sum())} pipe(s) from a node to itself were left out; they carry nothing")
        if pipes.equivalent_length.any():
            self.notes.append("local losses given as a share of the length are exported as length")
        length = np.maximum(pipes.length + pipes.equivalent_length, SHORTEST)
        roughness = np.maximum(pipes.roughness * 1e3, SMOOTHEST)  # or the coefficient C, which stands in its place
        for k in np.flatnonzero(~loops).tolist():
            check = merged.get(k)
            end, zeta, bore = int(pipes.end[k]), float(pipes.zeta[k]), float(pipes.inner_diameter[k])
            is_open = bool(pipes.in_service[k])
            if check is not None:
                end = int(valves.end[check])
                zeta += self._loss(check, bore)
                is_open &= self._is_open(check)
            status = ("Open" if check is None else "CV") if is_open else "Closed"
            self._line(
                "PIPES", self.pipes[k], self.nodes[pipes.start[k]], self.nodes[end], float(length[k]), bore * 1e3,
                float(roughness[k]), zeta, status,
            )  # fmt: skip
            corners = _row(self.places, "pipes", k)
            for x, y in (corners or ())[1:-1]:
                self._line("VERTICES", self.pipes[k], float(x), float(y))

    # valves and pumps --------------------------------------------------------------------------------

    def _is_open(self, valve: int) -> bool:
        return bool(self.network.valves.is_open[valve]) and float(self.network.valves.opening[valve]) > 0.0

    def _loss(self, valve: int, bore: float) -> float:
        """Loss coefficient of a valve in a bore [m]; zero where its Kvs is unknown."""
        valves = self.network.valves
        kvs = float(valves.kvs[valve])
        if np.isnan(kvs) or not self._is_open(valve):
            return 0.0
        equal = valves.characteristic[valve] == CHARACTERISTICS.index("equal_percentage")
        area = np.pi / 4.0 * bore**2
        return float(200.0 * (area / (kvs * relative_capacity(valves.opening[valve], equal))) ** 2)

    def _write_valves(self, merged: Mapping[int, int]) -> None:
        valves, done = self.network.valves, set(merged.values())
        for k in range(len(valves)):
            if k in done:
                continue
            kind = VALVE_KINDS[valves.kind[k]]
            start, end = self.nodes[valves.start[k]], self.nodes[valves.end[k]]
            bore = SOME_BORE if np.isnan(valves.bore[k]) else float(valves.bore[k])
            loss = self._loss(k, bore)
            if kind == "check":  # a pipe of no length that flows one way
                smooth = 140.0 if self.law == "hazen-williams" else SMOOTHEST
                status = "CV" if self._is_open(k) else "Closed"
                self._line("PIPES", self.valves[k], start, end, SHORTEST, bore * 1e3, smooth, loss, status)
                continue
            if kind not in TYPES:
                raise InputError(f"valve {valves.id[k]!r}: EPANET has no valve of the kind {kind}.")
            setting, minor = self._setting(k, kind, loss)
            self._line("VALVES", self.valves[k], start, end, bore * 1e3, TYPES[kind], setting, minor)
            if not self._is_open(k):
                self._line("STATUS", self.valves[k], "Closed")

    def _setting(self, valve: int, kind: str, loss: float) -> tuple[float, float]:
        """Setting and minor loss coefficient of a valve in EPANET's units."""
        valves = self.network.valves
        if TYPES[kind] == "TCV":
            return loss, loss
        if kind == "flow_limiter":
            setting = self._litres(valves.flow_setting[valve])
        else:  # EPANET 2.3 takes metres as head; earlier ones multiply them by the specific gravity
            setting = valves.pressure_setting[valve] / (self.density * self.gravity)
        if np.isnan(setting):
            raise InputError(f"valve {valves.id[valve]!r} of the kind {kind} has no setting.")
        return float(setting), loss

    def _litres(self, flow: Any) -> Any:
        """EPANET's litres a second of a mass flow [kg/s]."""
        return flow / self.density / FOOT**3 * LITRES_PER_CUBIC_FOOT

    def _write_pumps(self) -> None:
        pumps = self.network.pumps
        for k in range(len(pumps)):
            name, runs = self.pumps[k], bool(pumps.running[k]) and float(pumps.speed[k]) > 0.0
            ends = (self.nodes[pumps.start[k]], self.nodes[pumps.end[k]])
            points, control = pumps.curve[k], PUMP_CONTROLS[pumps.control[k]]
            if runs and (points is None or control != "constant_speed"):
                raise InputError(f"pump {pumps.id[k]!r}: EPANET has only pumps of constant speed with a curve.")
            if points is None:
                self._line("PUMPS", name, *ends, "POWER 1")
            else:
                self._line("PUMPS", name, *ends, "HEAD", f"H{k + 1}", "SPEED", float(pumps.speed[k]) or 1.0)
                for flow, head in points:
                    litres = self._litres(flow * pumps.count[k] * self.density)
                    self._line("CURVES", f"H{k + 1}", float(litres), float(head))
            if not runs:
                self._line("STATUS", name, "Closed")

    # nodes -------------------------------------------------------------------------------------------

    def _write_nodes(self, dropped: set[int]) -> None:
        """Nodes last: those that nothing hangs on are no nodes of EPANET's."""
        network = self.network
        nodes, joined = network.nodes, _joined(network)
        demand, fixed = self._litres(nodes.demand), ~np.isnan(nodes.fixed_head)
        alone = [k for k in range(len(nodes)) if k not in joined]
        if alone:
            self.notes.append(f"{len(alone)} node(s) without pipes were left out (first: {nodes.id[alone[0]]!r})")
        if nodes.demand[fixed].any():
            self.notes.append("demands at nodes with a fixed head are not exported; they move no other head")
        for k in range(len(nodes)):
            if k not in joined or k in dropped:
                continue
            if fixed[k]:
                self._line("RESERVOIRS", self.nodes[k], float(nodes.fixed_head[k]))
            else:
                self._line("JUNCTIONS", self.nodes[k], float(nodes.ground[k]), float(demand[k]))
            corners = _row(self.places, "nodes", k)
            if corners:
                self._line("COORDINATES", self.nodes[k], *map(float, corners[0]))


def _joined(network: Network) -> set[int]:
    """Nodes that a pipe, valve or pump leads to."""
    pipes = network.pipes
    real = pipes.start != pipes.end
    parts: list[Index] = [pipes.start[real], pipes.end[real]]
    parts += [a for table in (network.valves, network.pumps) for a in (table.start, table.end)]
    return set(np.unique(np.concatenate(parts)).tolist())


def _row(places: Places, layer: str, row: int) -> Sequence[tuple[float, float]] | None:
    rows = places.get(layer)
    return None if rows is None else rows[row]


def _number(value: float | Array) -> str:
    """A number with 15 digits: all that are no noise."""
    return f"{float(value):.15g}"
