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
import pandas as pd
from epanet import toolkit
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import gisheat
from gisheat.epanet import read_inp
from verification.rows import Array, Case, attempt, differences

CUBIC_FOOT = 0.3048**3
GALLONS = 448.831
"""EPANET's gallons per minute in a cubic foot per second."""
ROUGHNESS = 0.5e-3
"""Roughness of every pipe [m] when a network is turned into Darcy-Weisbach."""
DW = "Darcy-Weisbach"
NO_FLOW = 1e-6 * CUBIC_FOOT
"""Flow [m3/s] that EPANET gives to closed links."""


class State(NamedTuple):
    """What EPANET found at the start: identifiers, heads [m], volume flows [m3/s], and which heads are determined."""

    nodes: list[str]
    links: list[str]
    head: Array
    flow: Array
    determined: NDArray[np.bool_]
    """False at nodes that are shut in between closed valves and pumps: their head is whatever a program says."""


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
        if toolkit.getflowunits(project) != toolkit.GPM:
            raise ValueError("only networks in gallons per minute are known here")
        toolkit.setoption(project, toolkit.ACCURACY, 1e-8)
        toolkit.setoption(project, toolkit.TRIALS, 500)
        toolkit.openH(project)
        toolkit.initH(project, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of negative pressures, which do not matter here
            toolkit.runH(project)
        if toolkit.getstatistic(project, toolkit.RELATIVEERROR) > 1e-6:
            raise ValueError("EPANET itself did not converge")
        nodes = range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)
        links = range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)
        flow = np.array([toolkit.getlinkvalue(project, k, toolkit.FLOW) for k in links]) * CUBIC_FOOT / GALLONS
        ends = np.array([toolkit.getlinknodes(project, k) for k in links]) - 1
        is_open = [toolkit.getlinktype(project, k) == toolkit.PIPE and toolkit.getlinkvalue(project, k, toolkit.STATUS)
                   for k in links]  # fmt: skip
        given = [toolkit.getnodetype(project, i) != toolkit.JUNCTION for i in nodes]
        state = State(
            nodes=[toolkit.getnodeid(project, i) for i in nodes],
            links=[toolkit.getlinkid(project, k) for k in links],
            head=np.array([toolkit.getnodevalue(project, i, toolkit.HEAD) for i in nodes]) * 0.3048,
            flow=flow,
            determined=_reached(ends[np.array(is_open, bool) | (np.abs(flow) > NO_FLOW)], np.array(given)),
        )
        toolkit.closeH(project)
    return state


def _reached(ends: NDArray[np.int64], given: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes that a row of open links leads to from a given head."""
    count = len(given)
    _, part = connected_components(coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)))
    return np.isin(part, part[given])


def compared(file: Path, folder: Path, name: str, law: str | None = None) -> Case:
    """One network, solved by both; `law` when gisheat uses another than the file's."""
    expected, imported = solved_by_epanet(file, folder), read_inp(file)
    network = imported.network
    options = imported.options | ({"friction": law} if law else {})
    results = gisheat.solve(network, **options)
    head = results.nodes.set_index("node_id")["head_m"].reindex(expected.nodes).to_numpy()
    devices = [
        table.set_index(table.columns[0])["flow_t_h"] / 3.6
        for table in (results.pumps, results.valves)
        if table is not None and len(table)
    ]
    flow = pd.concat([results.pipes.set_index("pipe_id")["flow_kg_s"].fillna(0.0), *devices])
    shut_in = int((~expected.determined).sum())
    return Case(
        name + (f" ({shut_in} nodes shut in)" if shut_in else ""), options["friction"],
        len(expected.nodes), len(expected.links),
        **differences(
            np.where(expected.determined, head, np.nan), np.where(expected.determined, expected.head, np.nan),
            flow.reindex(expected.links).to_numpy(), expected.flow * options["density_kg_m3"],
        ),
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
