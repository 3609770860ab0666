"""EPANET 2.3 run live on the networks that wntr ships, as they are and as Darcy-Weisbach, against gisheat."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from epanet import toolkit
from numpy.typing import NDArray
from oracle.epanet_runner import GRAVITY, WATER_VISCOSITY
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import gisheat
from verification.rows import Array, Case, attempt, differences

DENSITY = 998.0
"""EPANET knows no density; heads do not depend on it when the kinematic viscosity is the same."""
CUBIC_FOOT = 0.3048**3
GALLONS = 448.831
"""EPANET's gallons per minute in a cubic foot per second."""
ROUGHNESS = 0.5e-3
"""Roughness of every pipe [m] when a network is turned into Darcy-Weisbach."""
DW = "Darcy-Weisbach"
LAWS = {0: "hazen-williams", 1: "swamee-jain"}
"""EPANET's head-loss formulas as gisheat calls them."""


class State(NamedTuple):
    """What EPANET found at the start: identifiers, heads [m], volume flows [m3/s], demands [m3/s]."""

    law: str
    nodes: list[str]
    links: list[str]
    head: Array
    flow: Array
    demand: Array
    is_pipe: NDArray[np.bool_]


@cache
def files() -> list[Path]:
    """The networks of wntr, by name."""
    package = find_spec("wntr")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("wntr is not installed: its networks can't be compared.")
    return sorted((Path(package.origin).parent / "library" / "networks").glob("*.inp"))


@contextmanager
def opened(file: Path, folder: Path) -> Iterator[Any]:
    """Open a project of EPANET's toolkit."""
    project = toolkit.createproject()
    try:
        toolkit.open(project, str(file), str(folder / "report.txt"), "")
        yield project
        toolkit.close(project)
    finally:
        toolkit.deleteproject(project)


def as_darcy_weisbach(file: Path, folder: Path) -> Path:
    """Write the network with Darcy-Weisbach and one roughness in every pipe."""
    other = folder / f"{file.stem}-dw.inp"
    with opened(file, folder) as project:
        toolkit.setoption(project, toolkit.HEADLOSSFORM, toolkit.DW)
        thousandths = ROUGHNESS / 0.3048 * 1e3 if toolkit.getflowunits(project) < toolkit.LPS else ROUGHNESS * 1e3
        for k in range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1):
            if toolkit.getlinktype(project, k) <= toolkit.PIPE:
                toolkit.setlinkvalue(project, k, toolkit.ROUGHNESS, thousandths)
        toolkit.saveinpfile(project, str(other))
    return other


def solved_by_epanet(file: Path, folder: Path) -> State:
    """Solve the first instant; EPANET iterates until its flows change by 1e-8."""
    with opened(file, folder) as project:
        toolkit.setoption(project, toolkit.ACCURACY, 1e-8)
        toolkit.setoption(project, toolkit.TRIALS, 500)
        toolkit.openH(project)
        toolkit.initH(project, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of negative pressures, which do not matter here
            toolkit.runH(project)
        if toolkit.getstatistic(project, toolkit.RELATIVEERROR) > 1e-6:
            raise ValueError("EPANET itself did not converge")
        metric = toolkit.getflowunits(project) >= toolkit.LPS
        if metric or toolkit.getflowunits(project) != toolkit.GPM:
            raise ValueError("only networks in gallons per minute are known here")
        volume = CUBIC_FOOT / GALLONS
        nodes = range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)
        links = range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)
        state = State(
            law=LAWS[int(toolkit.getoption(project, toolkit.HEADLOSSFORM))],
            nodes=[toolkit.getnodeid(project, i) for i in nodes],
            links=[toolkit.getlinkid(project, k) for k in links],
            head=np.array([toolkit.getnodevalue(project, i, toolkit.HEAD) for i in nodes]) * 0.3048,
            flow=np.array([toolkit.getlinkvalue(project, k, toolkit.FLOW) for k in links]) * volume,
            demand=np.array([toolkit.getnodevalue(project, i, toolkit.DEMAND) for i in nodes]) * volume,
            is_pipe=np.array([toolkit.getlinktype(project, k) <= toolkit.PIPE for k in links]),
        )
        toolkit.closeH(project)
    return state


def pipes_alone(file: Path, folder: Path, state: State) -> gisheat.Network:
    """The pipes of a network; what flows through its pumps and valves leaves and enters as a demand.

    Reservoirs and tanks keep their heads, and one node of each part that then hangs together with none.
    """
    with opened(file, folder) as project:
        count = len(state.nodes)
        ends = np.array([toolkit.getlinknodes(project, k + 1) for k in range(len(state.links))]) - 1
        kinds = [toolkit.getnodetype(project, i + 1) for i in range(count)]
        ground = [toolkit.getnodevalue(project, i + 1, toolkit.ELEVATION) * 0.3048 for i in range(count)]
        pipes = np.flatnonzero(state.is_pipe)
        value = {
            name: np.array([toolkit.getlinkvalue(project, int(k) + 1, code) for k in pipes])
            for name, code in (
                ("length", toolkit.LENGTH), ("bore", toolkit.DIAMETER), ("roughness", toolkit.ROUGHNESS),
                ("zeta", toolkit.MINORLOSS), ("open", toolkit.INITSTATUS),
            )
        }  # fmt: skip
    others = np.flatnonzero(~state.is_pipe)
    demand = np.array(state.demand)
    np.add.at(demand, ends[others, 0], state.flow[others])
    np.subtract.at(demand, ends[others, 1], state.flow[others])
    open_ = (value["open"] != 0) & (state.flow[pipes] != 0.0)
    fixed = np.where(np.array(kinds) != toolkit.JUNCTION, state.head, np.nan)
    for part in _parts(count, ends[pipes][open_]):
        if np.isnan(fixed[part]).all():
            fixed[part[0]] = state.head[part[0]]
    millimetres = 0.3048 if state.law == "swamee-jain" else 1.0  # thousandths of a foot; C is C
    names = np.array(state.nodes, object)
    return gisheat.Network.from_tables(
        {"node_id": names, "ground_m": ground, "demand_kg_s": np.where(np.isnan(fixed), demand, 0.0) * DENSITY,
         "fixed_head_m": fixed},
        {"pipe_id": np.array(state.links, object)[pipes], "from_node": names[ends[pipes, 0]],
         "to_node": names[ends[pipes, 1]], "length_m": value["length"] * 0.3048,
         "inner_diameter_mm": value["bore"] * 25.4, "roughness_mm": value["roughness"] * millimetres,
         "zeta": value["zeta"], "status": np.where(open_, "existing", "closed")},
        two_pipe=False,
    )  # fmt: skip


def _parts(count: int, ends: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Nodes of each part that hangs together."""
    _, part = connected_components(coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)))
    return [np.flatnonzero(part == p) for p in range(part.max() + 1)]


def compared(file: Path, folder: Path, name: str, law: str | None = None) -> Case:
    """One network, solved by both; `law` when gisheat uses another than the file's."""
    state = solved_by_epanet(file, folder)
    network = pipes_alone(file, folder, state)
    kinematic = WATER_VISCOSITY
    results = gisheat.solve(
        network, friction=law or state.law, density_kg_m3=DENSITY, viscosity_pa_s=kinematic * DENSITY,
        gravity_m_s2=GRAVITY,
    )  # fmt: skip
    pipes = network.pipes.in_service
    flow = np.where(pipes, results.supply.flow, 0.0)
    return Case(
        name, law or state.law, len(network.nodes), len(network.pipes),
        **differences(results.supply.head, state.head, flow, state.flow[state.is_pipe] * DENSITY),
        head_limit=0.015 if law else 1e-3, flow_limit=np.inf if law else 1e-4,
    )  # fmt: skip


def cases() -> list[Case]:
    """Every network as it is, as Darcy-Weisbach, and Darcy-Weisbach against Colebrook."""
    made = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for file in files():
            nothing = Case(file.stem, "", 0, 0)
            other = as_darcy_weisbach(file, folder)
            for which, name, law in ((file, "as it is", None), (other, DW, None), (other, DW, "colebrook")):
                title = f"{file.stem}, {name}"
                made.append(attempt(partial(compared, which, folder, title, law), nothing._replace(name=title)))
    return made
