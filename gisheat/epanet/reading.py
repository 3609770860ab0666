"""A one-pipe network from an EPANET file, in the state that EPANET finds at t = 0.

EPANET reads the file and solves its first moment; what is read is what it then holds: demands with their patterns,
heads of tanks, statuses and settings after controls.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from gisheat.epanet.session import load_toolkit, solved_at_zero
from gisheat.epanet.units import FOOT, GRAVITY, WATER_DENSITY, WATER_VISCOSITY, Units, units_of
from gisheat.errors import InputError
from gisheat.findings import Finding, Severity
from gisheat.network import Network
from gisheat.physics.valves import capacity_of_zeta, flow_capacity

CHECK = "~check"
"""Added to the id of a pipe that flows one way: id of its check valve, and of the node between the two."""
NO_FLOW = 1e-6 * FOOT**3
"""EPANET's flow of what is closed [m3/s]."""

SHUT_BY_TANK = 1
"""State of a pump that a full or empty tank has closed for a while; the toolkit has no name for it."""

OPEN_ENOUGH = 1e-3
"""Head [m], and share of the loss, by which an open valve may miss its minor loss."""

Place = tuple[float, float]
Row = dict[str, Any]
Rows = list[Row]


class Imported(NamedTuple):
    """What an EPANET file says at t = 0."""

    tables: dict[str, dict[str, list[Any]]]
    """nodes, pipes, valves, pumps with the columns of a one-pipe network."""
    options: dict[str, Any]
    """friction, density_kg_m3, viscosity_pa_s and gravity_m_s2 with which gisheat computes as EPANET does."""
    findings: tuple[Finding, ...]
    places: dict[str, list[list[Place] | None]]
    """Corners of each row of each table [units of the file]: one for a node, two or more for a link, None unknown."""

    @property
    def network(self) -> Network:
        """The one-pipe network."""
        tables = self.tables
        return Network.from_tables(
            tables["nodes"], tables["pipes"], valves=tables["valves"], pumps=tables["pumps"], two_pipe=False
        )


def read_inp(path: Path | str) -> Imported:
    """Read an EPANET file in its state at t = 0.

    Parameters
    ----------
    path : path
        File (.inp) that EPANET 2.3 reads.

    Raises
    ------
    InputError
        If the toolkit is missing, the file can't be read, its head loss formula is Chezy-Manning, or a pump or valve
        has nothing to stand for it in gisheat.
    TopologyError
        If EPANET can't solve it.
    """
    path = Path(path)
    toolkit = load_toolkit()
    with solved_at_zero(toolkit, path) as (project, said):
        return _Reading(path, toolkit, project).imported(said)


class _Link(NamedTuple):
    """A pipe, pump or valve of the file: EPANET's numbers of it and its ends, where it is drawn."""

    number: int
    name: str
    kind: int
    start: int
    end: int
    corners: list[Place] | None

    @property
    def place(self) -> Place | None:
        return self.corners[0] if self.corners else None


class _Reading:
    """One pass over an opened file: rows of tables, and findings about what had to be frozen or converted."""

    def __init__(self, path: Path, toolkit: Any, project: Any) -> None:
        self.path, self.toolkit, self.project = path, toolkit, project
        self.units: Units = units_of(toolkit.getflowunits(project))
        self.darcy = int(toolkit.getoption(project, toolkit.HEADLOSSFORM)) == toolkit.DW
        self.density = WATER_DENSITY * toolkit.getoption(project, toolkit.SP_GRAVITY)
        self.rows: dict[str, Rows] = {"nodes": [], "pipes": [], "valves": [], "pumps": []}
        self.places: dict[str, list[list[Place] | None]] = {name: [] for name in self.rows}
        self.findings: list[Finding] = []
        self.names: list[str] = [""]  # of nodes, by EPANET's number
        self.place: list[Place | None] = [None]
        self.head: list[float] = [0.0]
        self.pressure_scale = 0.0

    def imported(self, said: list[str]) -> Imported:
        """All tables, options and findings."""
        toolkit, project = self.toolkit, self.project
        self._say_frozen()
        for message in said:
            _found(self, "epanet-warning", "warning", "nodes", f"EPANET, at t = 0: {message}.", whole=True)
        self._read_nodes()
        for k in range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1):
            self._read_link(k)
        viscosity = toolkit.getoption(project, toolkit.SP_VISCOS) * WATER_VISCOSITY * self.density
        options = {
            "friction": "swamee-jain" if self.darcy else "hazen-williams", "density_kg_m3": self.density,
            "viscosity_pa_s": viscosity, "gravity_m_s2": GRAVITY,
        }  # fmt: skip
        tables = {name: _columns(name, rows) for name, rows in self.rows.items()}
        return Imported(tables, options, tuple(self.findings), self.places)

    # what is said ------------------------------------------------------------------------------------

    def _say_frozen(self) -> None:
        toolkit, project = self.toolkit, self.project
        counted = [
            (toolkit.getcount(project, what), noun)
            for what, noun in (
                (toolkit.PATCOUNT, "time pattern(s)"), (toolkit.CONTROLCOUNT, "control(s)"),
                (toolkit.RULECOUNT, "rule(s)"),
            )
        ]  # fmt: skip
        there = [f"{count} {noun}" for count, noun in counted if count]
        if there:
            words = " and ".join([", ".join(there[:-1]), there[-1]] if len(there) > 1 else there)
            _found(
                self, "frozen-at-zero", "info", "nodes",
                f"The file has {words}; the state at t = 0 is kept, and nothing changes with time any more.",
                whole=True,
            )  # fmt: skip

    # nodes -------------------------------------------------------------------------------------------

    def _read_nodes(self) -> None:
        toolkit, project = self.toolkit, self.project
        pressure_driven = toolkit.getdemandmodel(project)[0] == toolkit.PDA
        outflow = []
        farthest = 0.0
        for k in range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1):
            name, place = _text(toolkit.getnodeid(project, k)), self._place(k)
            ground, head, demand = (
                toolkit.getnodevalue(project, k, what) for what in (toolkit.ELEVATION, toolkit.HEAD, toolkit.DEMAND)
            )
            kind = toolkit.getnodetype(project, k)
            if kind == toolkit.TANK:
                message = f"Tank {name} became a node whose head is fixed at its first level."
                _found(self, "tank-fixed", "info", "nodes", message, place)
            if abs(head - ground) > farthest:  # the factor of pressures, whatever their unit, with all its digits
                farthest = abs(head - ground)
                self.pressure_scale = (head - ground) / toolkit.getnodevalue(project, k, toolkit.PRESSURE)
            if kind == toolkit.JUNCTION and self._lets_out(k, pressure_driven=pressure_driven):
                outflow.append(name)
            self.names.append(name)
            self.place.append(place)
            self.head.append(head * self.units.length)
            self.rows["nodes"].append(
                {
                    "node_id": name, "ground_m": ground * self.units.length,
                    "demand_kg_s": demand * self.units.flow * self.density if kind == toolkit.JUNCTION else 0.0,
                    "fixed_head_m": None if kind == toolkit.JUNCTION else head * self.units.length,
                }
            )  # fmt: skip
            self.places["nodes"].append(None if place is None else [place])
        if outflow:
            _found(
                self, "outflow-frozen", "warning", "nodes",
                f"The outflow of {len(outflow)} node(s) depends on pressure (emitter, leak, or pressure-driven demand;"
                f" first: {outflow[0]}); what leaves there at t = 0 is taken as their demand.", whole=True,
            )  # fmt: skip

    def _lets_out(self, node: int, *, pressure_driven: bool) -> bool:
        """Tell whether what leaves a junction depends on its pressure."""
        toolkit, project = self.toolkit, self.project
        if pressure_driven and toolkit.getnodevalue(project, node, toolkit.FULLDEMAND) > 0.0:
            return True
        return any(toolkit.getnodevalue(project, node, what) != 0.0 for what in (toolkit.EMITTER, toolkit.LEAKAGEFLOW))

    def _place(self, node: int) -> Place | None:
        try:
            x, y = self.toolkit.getcoord(self.project, node)
        except Exception:  # noqa: BLE001 (the toolkit has no other; this one says that there are no coordinates)
            return None
        return float(x), float(y)

    # links -------------------------------------------------------------------------------------------

    def _value(self, link: _Link, what: int) -> float:
        return float(self.toolkit.getlinkvalue(self.project, link.number, what))

    def _read_link(self, number: int) -> None:
        toolkit, project = self.toolkit, self.project
        start, end = toolkit.getlinknodes(project, number)
        kind, name = toolkit.getlinktype(project, number), _text(toolkit.getlinkid(project, number))
        link = _Link(number, name, kind, start, end, self._corners(number, start, end))
        row = {"from_node": self.names[start], "to_node": self.names[end]}
        if kind in (toolkit.CVPIPE, toolkit.PIPE):
            layer, more = "pipes", {"pipe_id": name, **self._pipe(link)}
        elif kind == toolkit.PUMP:
            layer, more = "pumps", {"pump_id": name, **self._pump(link)}
        else:
            layer, more = "valves", {"valve_id": name, **self._valve(link)}
        if kind == toolkit.CVPIPE:
            row["to_node"] = self._insert_check(link)
        else:
            self._say_status(link, layer, more)
        self.rows[layer].append(row | more)
        self.places[layer].append(link.corners)

    def _corners(self, number: int, start: int, end: int) -> list[Place] | None:
        first, last = self.place[start], self.place[end]
        if first is None or last is None:
            return None
        count = self.toolkit.getvertexcount(self.project, number)
        between = [tuple(map(float, self.toolkit.getvertex(self.project, number, i + 1))) for i in range(count)]
        return [first, *((x, y) for x, y in between), last]

    def _say_status(self, link: _Link, layer: str, row: Row) -> None:
        """Say that controls, or a full or empty tank, have closed or opened a link at t = 0."""
        closed = row.get("status", row.get("state")) in ("closed", "stopped")
        before = self._value(link, self.toolkit.INITSTATUS) == self.toolkit.CLOSED
        if closed != before:
            then, now = ("open", "closed") if closed else ("closed", "open")
            what = f"{layer.rstrip('s').capitalize()} {link.name}"
            message = f"{what}, {then} in the file, is {now} at t = 0, and stays so."
            _found(self, "status-frozen", "info", layer, message, link.place)

    def _pipe(self, link: _Link) -> Row:
        toolkit, units = self.toolkit, self.units
        closed = self._value(link, toolkit.STATUS) == toolkit.CLOSED
        roughness = self._value(link, toolkit.ROUGHNESS)
        return {
            "length_m": self._value(link, toolkit.LENGTH) * units.length,
            "inner_diameter_mm": self._value(link, toolkit.DIAMETER) * units.diameter,
            "roughness_mm": roughness * units.roughness if self.darcy else roughness,
            "zeta": self._value(link, toolkit.MINORLOSS),
            "status": "closed" if closed and link.kind == toolkit.PIPE else "existing",  # not by its check valve
        }

    def _insert_check(self, link: _Link) -> str:
        """A node at the end of a pipe that flows one way, and a check valve from there to where the pipe led."""
        between, place = f"{link.name}{CHECK}", link.corners[-1] if link.corners else None
        message = f"Pipe {link.name} flows one way; a node and a check valve, both {between}, stand at its end."
        _found(self, "check-inserted", "info", "valves", message, place)
        ground = self.rows["nodes"][link.end - 1]["ground_m"]
        self.rows["nodes"].append({"node_id": between, "ground_m": ground, "demand_kg_s": 0.0})
        self.places["nodes"].append(None if place is None else [place])
        self.rows["valves"].append(
            {"valve_id": between, "from_node": between, "to_node": self.names[link.end], "kind": "check"}
        )
        self.places["valves"].append(None if place is None else [place])
        return between

    def _pump(self, link: _Link) -> Row:
        toolkit, project, units = self.toolkit, self.project, self.units
        state = int(self._value(link, toolkit.PUMP_STATE))
        running = state not in (toolkit.PUMP_CLOSED, SHUT_BY_TANK)
        row: Row = {"control": "constant_speed", "speed": 1.0, "status": "running" if running else "stopped"}
        kind = toolkit.getpumptype(project, link.number)
        if kind == toolkit.CONST_HP and running:
            return row | {"curve": self._tangent(link)}
        if kind == toolkit.CONST_HP:
            message = f"Pump {link.name} of constant power stands still at t = 0; it has no curve to start with."
            _found(self, "pump-power", "warning", "pumps", message, link.place)
            return row
        curve = toolkit.getheadcurveindex(project, link.number) if kind != toolkit.NOCURVE else 0
        if curve == 0:
            raise InputError(f"{self.path}: pump {link.name} has no head curve in [CURVES]; give it one.")
        points = [toolkit.getcurvevalue(project, curve, i + 1) for i in range(toolkit.getcurvelen(project, curve))]
        row["curve"] = _written([(x * units.flow, y * units.length) for x, y in points])
        return row | ({"speed": self._value(link, toolkit.SETTING)} if running else {})

    def _tangent(self, link: _Link) -> str:
        """Curve of a pump of constant power: the straight line that touches H = P / (rho g V) at its flow."""
        flow = self._value(link, self.toolkit.FLOW) * self.units.flow
        gain = self.head[link.end] - self.head[link.start]
        if flow <= NO_FLOW or gain <= 0.0:
            raise InputError(
                f"{self.path}: pump {link.name} of constant power delivers nothing at t = 0; give it a head curve."
            )
        _found(
            self, "pump-power", "warning", "pumps",
            f"Pump {link.name} of constant power became the straight line that touches its curve at t = 0:"
            f" {gain:.4g} m at {flow * 3600.0:.4g} m3/h, no head at twice the flow.", link.place,
        )  # fmt: skip
        return _written([(0.0, 2.0 * gain), (flow, gain), (2.0 * flow, 0.0)])

    def _valve(self, link: _Link) -> Row:
        toolkit = self.toolkit
        bore = self._value(link, toolkit.DIAMETER) * self.units.diameter
        setting = self._value(link, toolkit.SETTING)
        closed = self._value(link, toolkit.STATUS) == toolkit.CLOSED
        row: Row = {"kind": "isolation", "dn_mm": bore, "state": "closed" if closed else "open"}
        minor = self._value(link, toolkit.MINORLOSS)
        row["kvs_m3_h"] = _kvs(minor, bore * 1e-3)
        held = {toolkit.PRV: "pressure_reducing", toolkit.PSV: "pressure_sustaining", toolkit.FCV: "flow_limiter"}
        known = link.kind in held or link.kind == toolkit.TCV
        if known and setting == 0.0 and (closed or not self._acts(link, minor, bore * 1e-3)):
            return row  # 0 is EPANET's sign of what is held open or closed
        if link.kind == toolkit.TCV:
            return row | {"kind": "control", "kvs_m3_h": _kvs(setting, bore * 1e-3)}
        if link.kind == toolkit.FCV:
            flow = setting * self.units.flow * self.density
            return row | {"kind": held[link.kind], "state": "open", "setting_t_h": flow * 3.6}
        if link.kind in held:  # what its own control has shut is not closed
            pressure = setting * self.pressure_scale * self.units.length * self.density * GRAVITY
            return row | {"kind": held[link.kind], "state": "open", "setting_kpa": pressure / 1e3}
        return row | self._frozen_valve(link, closed=closed)

    def _acts(self, link: _Link, minor: float, bore: float) -> bool:
        """Tell whether a valve loses something else than it would held open: then its setting of 0 is meant."""
        flow = self._value(link, self.toolkit.FLOW) * self.units.flow
        held_open = minor * (flow / (math.pi / 4.0 * bore**2)) ** 2 / (2.0 * GRAVITY)
        lost = abs(self.head[link.start] - self.head[link.end])
        return abs(lost - held_open) > OPEN_ENOUGH * max(1.0, held_open)

    def _frozen_valve(self, link: _Link, *, closed: bool) -> Row:
        """A valve that gisheat does not have, as the Kv that loses as much at its flow at t = 0."""
        toolkit = self.toolkit
        word = {toolkit.GPV: "general purpose", toolkit.PBV: "pressure breaker"}.get(link.kind, "positional control")
        lost = self.head[link.start] - self.head[link.end]
        flow = self._value(link, toolkit.FLOW) * self.units.flow
        _found(
            self, "valve-frozen", "warning", "valves",
            f"Valve {link.name} ({word}) became a valve with the Kv that loses as much at t = 0; at other flows it"
            " loses otherwise than in EPANET.", link.place,
        )  # fmt: skip
        if closed or abs(flow) <= NO_FLOW:
            return {"state": "closed", "kvs_m3_h": None}
        if lost == 0.0:
            return {"kvs_m3_h": None}
        if lost * flow < 0.0:
            raise InputError(
                f"{self.path}: valve {link.name} ({word}) gains head at t = 0, which no valve of gisheat does;"
                " put a pump in its place."
            )
        coefficient = self.density * GRAVITY * abs(lost) / (self.density * flow) ** 2
        return {"kind": "control", "kvs_m3_h": float(flow_capacity(coefficient, self.density)) * 3600.0}


def _found(
    reading: _Reading, rule: str, severity: Severity, layer: str, message: str, place: Place | None = None, *,
    whole: bool = False,
) -> None:  # fmt: skip
    """A finding about the row that comes next in a layer, or about the whole file."""
    about = None if whole else len(reading.rows[layer]) + 1
    reading.findings.append(Finding(rule, severity, layer, message, about, None, place))


def _kvs(coefficient: float, bore: float) -> float | None:
    """Kvs [m3/h] of a loss coefficient, None where nothing is lost."""
    return float(capacity_of_zeta(coefficient, bore)) * 3600.0 if coefficient > 0.0 else None


def _written(points: list[tuple[float, float]]) -> str:
    """A pump curve of flows [m3/s] and heads [m], with all digits."""
    return ";".join(f"{flow * 3600.0!r}:{head!r}" for flow, head in points)


def _text(name: str) -> str:
    """A name that is no UTF-8, as Latin-1 has it."""
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_FIRST = {
    "nodes": ("node_id", "ground_m", "demand_kg_s", "fixed_head_m"),
    "pipes": ("pipe_id", "from_node", "to_node", "length_m", "inner_diameter_mm", "roughness_mm", "zeta", "status"),
    "valves": ("valve_id", "from_node", "to_node", "kind", "dn_mm", "kvs_m3_h", "state", "setting_kpa", "setting_t_h"),
    "pumps": ("pump_id", "from_node", "to_node", "control", "curve", "speed", "status"),
}


def _columns(layer: str, rows: Rows) -> dict[str, list[Any]]:
    return {column: [row.get(column) for row in rows] for column in _FIRST[layer]}
