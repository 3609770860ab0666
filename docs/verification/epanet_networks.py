"""EPANET 2.3 run live on the networks that wntr ships, as they are and as Darcy-Weisbach, against gisheat."""

from __future__ import annotations

import tempfile
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from epanet import toolkit
from oracle.epanet_runner import run_file

import gisheat
from gisheat.epanet import read_inp
from verification.rows import Case, attempt, differences

ROUGHNESS = 0.5e-3
"""Roughness of every pipe [m] when a network is turned into Darcy-Weisbach."""
DARCY_WEISBACH = "Darcy-Weisbach"


@cache
def files() -> list[Path]:
    """The networks of wntr, by name."""
    package = find_spec("wntr")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("wntr is not installed: its networks can't be compared.")
    return sorted((Path(package.origin).parent / "library" / "networks").glob("*.inp"))


def as_darcy_weisbach(file: Path, folder: Path) -> Path:
    """Write the network with Darcy-Weisbach and one roughness in every pipe."""
    other = folder / f"{file.stem}-dw.inp"
    project = toolkit.createproject()
    try:
        toolkit.open(project, str(file), str(folder / "report.txt"), "")
        toolkit.setoption(project, toolkit.HEADLOSSFORM, toolkit.DW)
        feet = toolkit.getflowunits(project) < toolkit.LPS
        thousandths = ROUGHNESS * 1e3 / (0.3048 if feet else 1.0)
        for k in range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1):
            if toolkit.getlinktype(project, k) <= toolkit.PIPE:
                toolkit.setlinkvalue(project, k, toolkit.ROUGHNESS, thousandths)
        toolkit.saveinpfile(project, str(other))
        toolkit.close(project)
    finally:
        toolkit.deleteproject(project)
    return other


def compared(file: Path, name: str, law: str | None = None) -> Case:
    """One network, solved by both; `law` when gisheat uses another than the file's."""
    expected, imported = run_file(file), read_inp(file)
    options = imported.options | ({"friction": law} if law else {})
    results = gisheat.solve(imported.network, **options)
    heads = pd.Series(expected.head).drop(list(expected.undetermined))
    flows = pd.Series(expected.flow) * options["density_kg_m3"]
    devices = [table for table in (results.pumps, results.valves) if table is not None and len(table)]
    found = [
        results.pipes.set_index("pipe_id")["flow_kg_s"].fillna(0.0),
        *(table.set_index(table.columns[0])["flow_t_h"] / 3.6 for table in devices),
    ]
    shut_in = len(expected.undetermined)
    return Case(
        name + (f" ({shut_in} nodes shut in)" if shut_in else ""), options["friction"],
        len(expected.head), len(expected.flow),
        **differences(
            results.nodes.set_index("node_id")["head_m"].reindex(heads.index).to_numpy(), heads.to_numpy(),
            pd.concat(found).reindex(flows.index).to_numpy(), flows.to_numpy(),
        ),
        head_limit=0.015 if law else 1e-3, flow_limit=np.inf if law else 1e-4,
    )  # fmt: skip


def cases() -> list[Case]:
    """Every network as it is, as Darcy-Weisbach, and Darcy-Weisbach against Colebrook."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files():
            other = as_darcy_weisbach(file, Path(folder))
            for which, name, law in (
                (file, "as it is", None), (other, DARCY_WEISBACH, None), (other, DARCY_WEISBACH, "colebrook"),
            ):  # fmt: skip
                title = f"{file.stem}, {name}"
                made.append(attempt(partial(compared, which, title, law), Case(title, law or "", 0, 0)))
    return made
